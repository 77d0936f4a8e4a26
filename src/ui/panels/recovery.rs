//! Recovery: which entries and weights go when accuracy is recovered, and what the others become.

use eframe::egui;

use super::fields::{Fold, combo, number, warning};
use crate::engine::experiment::{SAFE_CHANGES_RECOVERED, SAFE_LOSS};
use crate::engine::sparsify::{
    Allocation, ChannelRule, EdgeMode, EntryChoice, FitNodes, Identity, MaskChoice, NodesAre, Recipe, RecoveryRule,
    ValueRule, WeightRecovery,
};
use crate::session::defaults::as_published;
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{strong, weak};

/// The block of the recipe panel.
pub(super) fn recovery_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    let mut is_on = recipe.recovery.is_some();
    ui.add_space(4.0);
    let says = "Fits what is kept to what the unpruned model gives on this graph, without labels; off: Unifews as \
                published. What comes out holds for this graph alone";
    ui.horizontal(|ui| {
        let text = strong("Recover accuracy");
        if ui.checkbox(&mut is_on, text).on_hover_text(says).changed() {
            recipe.recovery = is_on.then(RecoveryRule::default);
            recipe.channels = recipe.channels.filter(|_| is_on);
        }
        if recipe.recovery.is_some() {
            published_ui(ui, recipe);
        }
    });
    if recipe.recovery.is_some() {
        found_ui(ui, cx);
    }
    match &mut recipe.recovery {
        None => {
            ui.label(weak(cx.tokens, "Unifews as published"));
        }
        Some(rule) => {
            let before = rule.nodes_are;
            egui::Grid::new("recovery").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
                let says = "Nodes that are there can be fitted to what the unpruned model says of them. Of nodes that arrive later nobody knows that";
                choice(ui, "Nodes to be scored", says, &mut rule.nodes_are, &NodesAre::ALL, |n| {
                    (n.title(), nodes_say(n))
                });
                if rule.nodes_are == NodesAre::Static {
                    channels_ui(ui, &mut recipe.channels);
                }
            });
            if rule.nodes_are == NodesAre::New {
                recipe.channels = None;
                if before != NodesAre::New {
                    *rule = RecoveryRule { nodes_are: before, ..rule.clone() }.for_nodes(NodesAre::New);
                }
                ui.add(egui::Label::new(weak(cx.tokens, NEW_NODES).size(tokens::SMALL)).wrap());
            }
            Fold::Recovery.ui(ui, n_changed(rule), |ui| settings_ui(ui, rule));
        }
    }
    if let Some(text) = conflict(recipe) {
        warning(ui, cx, text);
    }
}

/// What decides for nodes that arrive later.
const NEW_NODES: &str = "The test nodes play those that arrive later. Entries stay where their target is unsure by itself and their source is sure, and \
                         rows keep their sum; the unpruned model is asked about known nodes alone, and a training sees no others";
/// The one click back to what is published.
fn published_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let says = "Switches recovery off and goes back to the thresholds of the authors' middle setting, relative 0.5 on both sides";
    let button = ui.button("As published").on_hover_text(says);
    button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Unifews as published"));
    if button.clicked() {
        as_published(recipe);
    }
}

/// Who chose what stands there, where nobody but the program did.
fn found_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    if cx.session.has_own_thresholds() && cx.session.store().model.is_some() {
        let text = weak(cx.tokens, START_SAYS).size(tokens::SMALL);
        ui.add(egui::Label::new(text).wrap()).on_hover_text(format!(
            "Tried when the graph and the model were opened: at most {} points of validation accuracy are lost, and at most {:.0} % of the \
             predictions change",
            100.0 * SAFE_LOSS,
            100.0 * SAFE_CHANGES_RECOVERED
        ));
    }
}

/// Beside a recipe that nobody but the program chose.
const START_SAYS: &str = "Found on opening: keeps validation accuracy";

/// How recovery goes about it.
fn settings_ui(ui: &mut egui::Ui, rule: &mut RecoveryRule) {
    egui::Grid::new("recovery settings").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| rule_ui(ui, rule));
    let mut anew = !rule.progressive;
    let says = "On: every layer chooses among all entries. Off: what one layer removes is gone in all later ones, as published";
    if ui.checkbox(&mut anew, "Choose again in every layer").on_hover_text(says).changed() {
        rule.progressive = !anew;
    }
    ui.checkbox(&mut rule.last_matrix_whole, "Last matrix whole").on_hover_text(
        "The last layer's weights all stay, as long as they are no more than a third of all that stay; the other matrices lose so many more that the \
         share over all is as asked",
    );
    if rule.nodes_are == NodesAre::Static {
        ui.checkbox(&mut rule.moments, "Bias and normalisation").on_hover_text(
            "Moves biases and batch normalisation so that every channel has the unpruned model's mean and variance",
        );
    }
}

/// How many settings are not those that recovery begins with.
fn n_changed(rule: &RecoveryRule) -> usize {
    let usual = RecoveryRule::default().for_nodes(rule.nodes_are);
    let changed = [
        rule.masks != usual.masks,
        rule.entries != usual.entries,
        rule.values != usual.values,
        rule.weights != usual.weights,
        rule.allocation != usual.allocation,
        rule.fit_on != usual.fit_on,
        rule.least_per_node != usual.least_per_node,
        rule.distill_epochs != usual.distill_epochs,
        rule.train_epochs != usual.train_epochs,
        rule.progressive != usual.progressive,
        rule.last_matrix_whole != usual.last_matrix_whole,
        rule.moments != usual.moments,
    ];
    changed.into_iter().filter(|is| *is).count()
}

fn rule_ui(ui: &mut egui::Ui, rule: &mut RecoveryRule) {
    if rule.nodes_are == NodesAre::Static {
        let says = "Who says which entries and weights go";
        choice(ui, "What goes by", says, &mut rule.masks, &MaskChoice::ALL, |m| (m.title(), masks_say(m)));
        choice(ui, "Entries by", "What decides which entries stay", &mut rule.entries, &EntryChoice::ALL, |e| {
            (e.title(), entries_say(e))
        });
        choice(ui, "Entry values", "What the values of kept entries become", &mut rule.values, &ValueRule::ALL, |v| {
            (v.title(), values_say(v))
        });
    }
    choice(
        ui,
        "Recovered weights",
        "Which weights go, and what the others become",
        &mut rule.weights,
        &WeightRecovery::ALL,
        |w| (w.title(), weights_say(w)),
    );
    choice(
        ui,
        "Spread over layers",
        "How the removed entries are spread over layers or hops",
        &mut rule.allocation,
        &Allocation::ALL,
        |a| (allocation_title(a, rule.nodes_are), allocation_says(a, rule.nodes_are)),
    );
    if rule.nodes_are == NodesAre::Static {
        choice(
            ui,
            "Fit on",
            "Nodes that weights, biases and normalisation are fitted on; labels are never looked at",
            &mut rule.fit_on,
            &FitNodes::ALL,
            |f| (f.title(), fit_says(f)),
        );
    }
    number(
        ui,
        "Least per node",
        "At least so many entries of every node stay, its self-loop not counted, while there are so many",
        &mut rule.least_per_node,
        0..=1_000,
    );
    if rule.nodes_are == NodesAre::New {
        number(
            ui,
            "Epochs of training",
            "Trains the weights that stay on the graph of the known nodes, as much towards the labels of the training nodes as towards what the \
             unpruned model says of known nodes. 150 are enough, and take from seconds to minutes; 0: none",
            &mut rule.train_epochs,
            0..=10_000,
        );
        return;
    }
    number(
        ui,
        "Distil epochs",
        "Epochs of a short training after the fits towards the unpruned model's soft answers, without a label; what agrees more stays. 50 are \
         enough, 0: none",
        &mut rule.distill_epochs,
        0..=1_000,
    );
    number(
        ui,
        "Epochs under masks",
        "Instead of the fits: trains the weights towards the unpruned model's soft answers while entries and weights go, without a label. Entries \
         go by their rank, values keep the sum of their row. 250 are enough, and take from seconds to minutes; 0: none",
        &mut rule.train_epochs,
        0..=10_000,
    );
}

/// Which share of the hidden channels goes as a whole.
fn channels_ui(ui: &mut egui::Ui, channels: &mut Option<ChannelRule>) {
    let before = channels.map_or(0, |rule| (100.0 * rule.share).round() as usize);
    let mut percent = before;
    number(
        ui,
        "Channels, %",
        "So many percent of every hidden representation's columns go as a whole, those that the others make up for best, with all weights into \
         them and out of them: what is left is a narrower network, and faster on any processor. 0: none",
        &mut percent,
        0..=MOST_CHANNELS,
    );
    if percent != before {
        *channels = (percent > 0).then(|| ChannelRule { share: percent as f64 / 100.0 });
    }
}

/// More channels than so many percent do not go in the window.
const MOST_CHANNELS: usize = 99;

fn nodes_say(nodes: NodesAre) -> &'static str {
    match nodes {
        NodesAre::Static => "All of them are in this graph: what comes out holds for it alone",
        NodesAre::New => "Some come after pruning; the test nodes of the split play them",
    }
}

fn choice<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    name: &str,
    says: &str,
    chosen: &mut T,
    all: &[T],
    text: impl Fn(T) -> (&'static str, &'static str),
) {
    ui.label(name).on_hover_text(says);
    combo(ui, name, text(*chosen).0, |ui| {
        for one in all {
            let (title, says) = text(*one);
            ui.selectable_value(chosen, *one, title).on_hover_text(says);
        }
    });
    ui.end_row();
}

fn masks_say(choice: MaskChoice) -> &'static str {
    match choice {
        MaskChoice::Recovery => "Recovery, as chosen below",
        MaskChoice::Rules => {
            "The thresholds or rankings above, as without recovery; what they keep is fitted. So another method gets the same recovery"
        }
    }
}

fn entries_say(choice: EntryChoice) -> &'static str {
    match choice {
        EntryChoice::MessageNorm => "The norm of the message, over all rows: Unifews as published",
        EntryChoice::PerNode => "The rank of the message within its row: every node keeps its strongest ones",
        EntryChoice::Omp => {
            "What an entry adds to its row beyond what is kept already (orthogonal matching pursuit): keeps most accuracy"
        }
        EntryChoice::Random => "Drawn by lot: a control, to see what the choice is worth",
        EntryChoice::None => "Self-loops alone: a control, to see what the fit holds without any entry",
    }
}

fn values_say(rule: ValueRule) -> &'static str {
    match rule {
        ValueRule::AsIs => "Those of the diffusion matrix",
        ValueRule::RowSum => "Scaled so that every row keeps its sum",
        ValueRule::Ridge => "Fitted row by row to what the unpruned row gives (ridge regression)",
    }
}

fn weights_say(rule: WeightRecovery) -> &'static str {
    match rule {
        WeightRecovery::AsIs => "Removed by the rule above, the others as they are",
        WeightRecovery::Obs => "Removed where the others make up for it best, the others fitted to the unpruned output",
    }
}

fn allocation_title(allocation: Allocation, nodes: NodesAre) -> &'static str {
    match (allocation, nodes) {
        (Allocation::Agreement, NodesAre::New) => "To the first layers",
        _ => allocation.title(),
    }
}

fn allocation_says(allocation: Allocation, nodes: NodesAre) -> &'static str {
    match allocation {
        Allocation::AsGiven => "As the thresholds say",
        Allocation::Agreement if nodes == NodesAre::New => {
            "Where 80 % or more go, all entries that are kept go to the first layers or hops; with epochs of training from 50 % on"
        }
        Allocation::Agreement => {
            "Three ways of the same total are tried; the one with which most nodes keep the unpruned model's class stays"
        }
    }
}

fn fit_says(nodes: FitNodes) -> &'static str {
    match nodes {
        FitNodes::All => "Every node of the graph",
        FitNodes::TrainVal => "Not the test nodes: a control, to see what the fit knows only from them",
    }
}

/// Why recovery cannot go with the rest of the recipe, and the way out.
fn conflict(recipe: &Recipe) -> Option<&'static str> {
    let rule = recipe.recovery.as_ref()?;
    let is_new = rule.nodes_are == NodesAre::New;
    if recipe.edges.mode == EdgeMode::Mass {
        Some("Recovery does not go with mass mode: choose another edge mode above")
    } else if recipe.edges.identity != Identity::SelfLoop {
        Some("Recovery needs the identity self-loop: choose it below")
    } else if recipe.edges.ranking.is_some() && rule.chooses_entries() {
        Some("Recovery chooses entries itself: set what edges are ranked by to Unifews above")
    } else if is_new && rule.distill_epochs > 0 {
        Some("Distillation does not go with nodes that arrive later: choose the nodes to be scored again")
    } else if is_new && matches!(rule.entries, EntryChoice::MessageNorm | EntryChoice::PerNode) {
        Some("For nodes that arrive later entries go by uncertainty: choose the nodes to be scored again")
    } else if !rule.chooses_entries() && (is_new || rule.train_epochs > 0) {
        Some(
            "The rules above do not go with nodes that arrive later nor with epochs under masks: choose what goes by recovery",
        )
    } else if rule.distill_epochs > 0 && rule.train_epochs > 0 {
        Some("Epochs under masks end in what distil epochs do: set one of both to 0")
    } else if recipe.channels.is_some() && rule.train_epochs > 0 {
        Some("Channels do not go with epochs under masks: set one of both to 0")
    } else if recipe.check_recovery().is_err() {
        Some("Recovery goes with the clean rules: choose Rules clean below")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::{Architecture, Family};
    use crate::engine::sparsify::Compat;
    use crate::engine::sparsify::baselines::EdgeRanking;

    fn new_nodes() -> RecoveryRule {
        RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() }
    }

    #[test]
    fn what_recovery_does_not_go_with_is_said_where_it_is_switched_on() {
        let mut plain = Recipe { model: Architecture::new(Family::Sgc), ..Recipe::default() };
        plain.edges.mode = EdgeMode::Target;
        assert_eq!(conflict(&plain), None);
        let changes: [fn(&mut Recipe); 8] = [
            |_| {},
            |r| r.edges.mode = EdgeMode::Mass,
            |r| r.edges.identity = Identity::Residual,
            |r| r.compat = Compat::OFFICIAL,
            |r| r.edges.ranking = Some(EdgeRanking::Random),
            |r| r.recovery = Some(RecoveryRule { distill_epochs: 5, ..new_nodes() }),
            |r| r.recovery = Some(RecoveryRule { entries: EntryChoice::PerNode, ..new_nodes() }),
            |r| {
                let rule = RecoveryRule { distill_epochs: 1, train_epochs: 1, ..RecoveryRule::default() };
                r.recovery = Some(rule);
            },
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut recipe = Recipe { recovery: Some(RecoveryRule::default()), ..plain.clone() };
            change(&mut recipe);
            assert_eq!(conflict(&recipe).is_some(), recipe.check_recovery().is_err(), "change {at}");
            assert_eq!(conflict(&recipe).is_some(), at > 0, "change {at}");
        }
    }
}
