//! Recovery: which entries and weights go when accuracy is recovered, and what the others become.

use eframe::egui;

use super::fields::{Fold, combo, number_row, option, titled, warning};
use crate::engine::experiment::{SAFE_CHANGES_RECOVERED, SAFE_LOSS};
use crate::engine::sparsify::{
    Allocation, ChannelRule, EdgeMode, EntryChoice, FitNodes, Identity, MaskChoice, NodesAre, Recipe, RecoveryRule,
    ValueRule, WeightRecovery,
};
use crate::session::defaults::as_published;
use crate::ui::context::ViewCx;
use crate::ui::tokens;
use crate::ui::widgets::{strong, weak};
use crate::ui::words::Say as _;

/// The block of the recipe panel.
pub(super) fn recovery_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe) {
    let words = ui.words();
    let mut is_on = recipe.recovery.is_some();
    ui.add_space(4.0);
    let says = words.hint("recipe-recover");
    ui.horizontal(|ui| {
        let text = strong(words.text("recipe-recover"));
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
            ui.label(weak(cx.tokens, words.text("recipe-unifews-as-published")));
        }
        Some(rule) => {
            let before = rule.nodes_are;
            egui::Grid::new("recovery").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
                choice(ui, "recipe-nodes-scored", &mut rule.nodes_are, &NodesAre::ALL, nodes_key);
                if rule.nodes_are == NodesAre::Static {
                    channels_ui(ui, &mut recipe.channels);
                }
            });
            if rule.nodes_are == NodesAre::New {
                recipe.channels = None;
                if before != NodesAre::New {
                    *rule = RecoveryRule { nodes_are: before, ..rule.clone() }.for_nodes(NodesAre::New);
                }
                ui.add(
                    egui::Label::new(weak(cx.tokens, words.text("recipe-new-nodes-say")).size(tokens::SMALL)).wrap(),
                );
            }
            Fold::Recovery.ui(ui, n_changed(rule), |ui| settings_ui(ui, rule));
        }
    }
    if let Some(key) = conflict(recipe) {
        warning(ui, cx, &words.text(key));
    }
}

/// The one click back to what is published.
fn published_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let words = ui.words();
    let says = words.hint("recipe-as-published");
    let button = ui.button(words.text("recipe-as-published")).on_hover_text(says);
    button
        .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, words.text("recipe-unifews-as-published")));
    if button.clicked() {
        as_published(recipe);
    }
}

/// Who chose what stands there, where nobody but the program did.
fn found_ui(ui: &mut egui::Ui, cx: &ViewCx<'_>) {
    if cx.session.has_own_thresholds() && cx.session.store().model.is_some() {
        let words = ui.words();
        let text = weak(cx.tokens, words.text("recipe-found-on-opening")).size(tokens::SMALL);
        let points = format!("{}", 100.0 * SAFE_LOSS);
        let share = format!("{:.0}", 100.0 * SAFE_CHANGES_RECOVERED);
        let limits = [("points", points.into()), ("share", share.into())];
        let says = words.with("recipe-found-on-opening-says", &limits);
        ui.add(egui::Label::new(text).wrap()).on_hover_text(says);
    }
}

/// How recovery goes about it.
fn settings_ui(ui: &mut egui::Ui, rule: &mut RecoveryRule) {
    egui::Grid::new("recovery settings").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| rule_ui(ui, rule));
    let words = ui.words();
    let mut anew = !rule.progressive;
    let says = words.hint("recipe-choose-again");
    if ui.checkbox(&mut anew, words.text("recipe-choose-again")).on_hover_text(says).changed() {
        rule.progressive = !anew;
    }
    ui.checkbox(&mut rule.last_matrix_whole, words.text("recipe-last-matrix"))
        .on_hover_text(words.hint("recipe-last-matrix"));
    if rule.nodes_are == NodesAre::Static {
        ui.checkbox(&mut rule.moments, words.text("recipe-moments")).on_hover_text(words.hint("recipe-moments"));
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
        choice(ui, "recipe-masks", &mut rule.masks, &MaskChoice::ALL, masks_key);
        choice(ui, "recipe-entries-by", &mut rule.entries, &EntryChoice::ALL, entries_key);
        choice(ui, "recipe-entry-values", &mut rule.values, &ValueRule::ALL, values_key);
    }
    choice(ui, "recipe-recovered-weights", &mut rule.weights, &WeightRecovery::ALL, weights_key);
    let nodes_are = rule.nodes_are;
    choice(ui, "recipe-allocation", &mut rule.allocation, &Allocation::ALL, |a| allocation_key(a, nodes_are));
    if rule.nodes_are == NodesAre::Static {
        choice(ui, "recipe-fit-on", &mut rule.fit_on, &FitNodes::ALL, fit_key);
    }
    number_row(ui, "recipe-least-per-node", &mut rule.least_per_node, 0..=1_000);
    if rule.nodes_are == NodesAre::New {
        number_row(ui, "recipe-epochs-of-training", &mut rule.train_epochs, 0..=10_000);
        return;
    }
    number_row(ui, "recipe-distil-epochs", &mut rule.distill_epochs, 0..=1_000);
    number_row(ui, "recipe-epochs-under-masks", &mut rule.train_epochs, 0..=10_000);
}

/// Which share of the hidden channels goes as a whole.
fn channels_ui(ui: &mut egui::Ui, channels: &mut Option<ChannelRule>) {
    let before = channels.map_or(0, |rule| (100.0 * rule.share).round() as usize);
    let mut percent = before;
    number_row(ui, "recipe-channels", &mut percent, 0..=MOST_CHANNELS);
    if percent != before {
        *channels = (percent > 0).then(|| ChannelRule { share: percent as f64 / 100.0 });
    }
}

/// More channels than so many percent do not go in the window.
const MOST_CHANNELS: usize = 99;

fn nodes_key(nodes: NodesAre) -> &'static str {
    match nodes {
        NodesAre::Static => "recipe-nodes-static",
        NodesAre::New => "recipe-nodes-new",
    }
}

fn choice<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    key: &str,
    chosen: &mut T,
    all: &[T],
    key_of: impl Fn(T) -> &'static str,
) {
    titled(ui, key);
    let selected = ui.words().text(key_of(*chosen));
    combo(ui, key, &selected, |ui| {
        for one in all {
            option(ui, chosen, *one, key_of(*one));
        }
    });
    ui.end_row();
}

fn masks_key(choice: MaskChoice) -> &'static str {
    match choice {
        MaskChoice::Recovery => "recipe-masks-recovery",
        MaskChoice::Rules => "recipe-masks-rules",
    }
}

fn entries_key(choice: EntryChoice) -> &'static str {
    match choice {
        EntryChoice::MessageNorm => "recipe-entries-message-norm",
        EntryChoice::PerNode => "recipe-entries-per-node",
        EntryChoice::Omp => "recipe-entries-omp",
        EntryChoice::Random => "recipe-entries-random",
        EntryChoice::None => "recipe-entries-none",
    }
}

fn values_key(rule: ValueRule) -> &'static str {
    match rule {
        ValueRule::AsIs => "recipe-values-as-is",
        ValueRule::RowSum => "recipe-values-row-sum",
        ValueRule::Ridge => "recipe-values-ridge",
    }
}

fn weights_key(rule: WeightRecovery) -> &'static str {
    match rule {
        WeightRecovery::AsIs => "recipe-weights-as-is",
        WeightRecovery::Obs => "recipe-weights-obs",
    }
}

fn allocation_key(allocation: Allocation, nodes: NodesAre) -> &'static str {
    match (allocation, nodes) {
        (Allocation::AsGiven, _) => "recipe-allocation-as-given",
        (Allocation::Agreement, NodesAre::New) => "recipe-allocation-first",
        (Allocation::Agreement, NodesAre::Static) => "recipe-allocation-agreement",
    }
}

fn fit_key(nodes: FitNodes) -> &'static str {
    match nodes {
        FitNodes::All => "recipe-fit-all",
        FitNodes::TrainVal => "recipe-fit-train-val",
    }
}

/// Why recovery cannot go with the rest of the recipe, and the way out: a key.
fn conflict(recipe: &Recipe) -> Option<&'static str> {
    let rule = recipe.recovery.as_ref()?;
    let is_new = rule.nodes_are == NodesAre::New;
    if recipe.edges.mode == EdgeMode::Mass {
        Some("recipe-conflict-mass")
    } else if recipe.edges.identity != Identity::SelfLoop {
        Some("recipe-conflict-identity")
    } else if recipe.edges.ranking.is_some() && rule.chooses_entries() {
        Some("recipe-conflict-ranking")
    } else if is_new && rule.distill_epochs > 0 {
        Some("recipe-conflict-distil")
    } else if is_new && matches!(rule.entries, EntryChoice::MessageNorm | EntryChoice::PerNode) {
        Some("recipe-conflict-uncertainty")
    } else if !rule.chooses_entries() && (is_new || rule.train_epochs > 0) {
        Some("recipe-conflict-rules")
    } else if rule.distill_epochs > 0 && rule.train_epochs > 0 {
        Some("recipe-conflict-epochs")
    } else if recipe.channels.is_some() && rule.train_epochs > 0 {
        Some("recipe-conflict-channels")
    } else if recipe.check_recovery().is_err() {
        Some("recipe-conflict-clean")
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
