//! Which rules: what entries and weights are ranked by, and which of the authors' quirks are on.

use eframe::egui;

use super::fields::combo;
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Precision, Quirk, Recipe, RecoveryRule, ValueType, WeightMode,
};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::weak;

/// What entries are ranked by, in target mode.
pub(super) fn edge_ranking_ui(ui: &mut egui::Ui, tokens: &Tokens, recipe: &mut Recipe) {
    if recipe.edges.mode != EdgeMode::Target {
        recipe.edges.ranking = None;
        return;
    }
    let by_recovery = recipe.recovery.as_ref().is_some_and(RecoveryRule::chooses_entries);
    if by_recovery && recipe.edges.ranking.is_none() {
        // What goes by is among the settings of recovery.
        return;
    }
    let ranking = &mut recipe.edges.ranking;
    ranking_ui(ui, tokens, "Edges ranked by", "Unifews", UNIFEWS_EDGES, ranking, &EdgeRanking::ALL, |r| {
        (r.title(), r.source())
    });
}

/// What weights are ranked by, in target mode.
pub(super) fn weight_ranking_ui(ui: &mut egui::Ui, tokens: &Tokens, recipe: &mut Recipe) {
    if recipe.weights.mode != WeightMode::Target {
        recipe.weights.ranking = None;
        return;
    }
    let by_obs = recipe.recovery.as_ref().is_some_and(RecoveryRule::chooses_weights);
    if by_obs && recipe.weights.ranking.is_none() {
        // What goes by is among the settings of recovery.
        return;
    }
    let ranking = &mut recipe.weights.ranking;
    ranking_ui(ui, tokens, "Weights ranked by", "Unifews", UNIFEWS_WEIGHTS, ranking, &WeightRanking::ALL, |r| {
        (r.title(), r.source())
    });
    if recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal) {
        // One threshold over all layers.
        recipe.weights.delta.truncate(1);
    }
}

const UNIFEWS_EDGES: &str = "The norm of the message that an entry carries (Liao et al., Unifews, ICML 2025, Eq. 9)";
const UNIFEWS_WEIGHTS: &str = "The norm of a weight times its input (Liao et al., Unifews, ICML 2025, Eq. 14)";

fn ranking_ui<R: Copy + PartialEq>(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    name: &str,
    own: &'static str,
    own_says: &'static str,
    ranking: &mut Option<R>,
    all: &[R],
    text: impl Fn(R) -> (&'static str, &'static str),
) {
    ui.horizontal(|ui| {
        let label = ui.label(weak(tokens, "ranked by"));
        label.on_hover_text("What goes first; other rankings than Unifews look at no message");
        combo(ui, name, ranking.map_or(own, |r| text(r).0), |ui| {
            ui.selectable_value(ranking, None, own).on_hover_text(own_says);
            for r in all {
                let (title, source) = text(*r);
                ui.selectable_value(ranking, Some(*r), title).on_hover_text(source);
            }
        });
    });
}

/// Clean, official, or some of the quirks by name.
pub(super) fn compat_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    combo(ui, "Rules", compat_text(recipe.compat).0, |ui| {
        for compat in [Compat::CLEAN, Compat::OFFICIAL] {
            let (name, says) = compat_text(compat);
            ui.selectable_value(&mut recipe.compat, compat, name).on_hover_text(says);
        }
    });
}

/// What the finished pruned model is stored as, and in which order a decoupled network's hops go: rows of a grid. `effective` has the network.
pub(super) fn precision_ui(ui: &mut egui::Ui, recipe: &mut Recipe, effective: &Recipe) {
    let says = "What kept weights are stored as in low precision: applied to the finished model and measured beside it";
    ui.label("Weights as").on_hover_text(says);
    value_type_ui(ui, "Weights as", &mut recipe.precision.weights, weights_say);
    ui.end_row();
    ui.label("Entries as").on_hover_text("What values of kept entries are stored as in low precision");
    let stays = effective.entries_stay();
    let entries = ui.add_enabled_ui(stays.is_none(), |ui| {
        value_type_ui(ui, "Entries as", &mut recipe.precision.entries, entries_say);
    });
    entries.response.on_disabled_hover_text(format!("Entries stay f32: {}", stays.unwrap_or_default()));
    ui.end_row();
    if recipe.edges.mode == EdgeMode::Mass || effective.model.n_graph_steps() == 0 {
        return;
    }
    let rule = &mut recipe.propagation;
    ui.label("Embeddings")
        .on_hover_text("How embeddings are stored where they are propagated, once the masks are decided");
    combo(ui, "Embeddings", precision_text(rule.embeddings).0, |ui| {
        for precision in Precision::ALL {
            let (name, says) = precision_text(precision);
            ui.selectable_value(&mut rule.embeddings, precision, name).on_hover_text(says);
        }
    });
    ui.end_row();
    if !effective.model.is_decoupled() {
        return;
    }
    ui.label("Node order").on_hover_text("How nodes lie in memory while hops follow the masks; changes time alone");
    combo(ui, "Node order", order_text(rule.order).0, |ui| {
        for order in HopOrder::ALL {
            let (name, says) = order_text(order);
            ui.selectable_value(&mut rule.order, order, name).on_hover_text(says);
        }
    });
    ui.end_row();
}

fn value_type_ui(ui: &mut egui::Ui, name: &str, chosen: &mut ValueType, says: impl Fn(ValueType) -> &'static str) {
    let text = |values: ValueType| if values == ValueType::F32 { "32-bit floats" } else { values.key() };
    combo(ui, name, text(*chosen), |ui| {
        for values in ValueType::ALL {
            ui.selectable_value(chosen, values, text(values)).on_hover_text(says(values));
        }
    });
}

fn weights_say(values: ValueType) -> &'static str {
    match values {
        ValueType::F32 => "As they are decided with",
        ValueType::Bf16 => "The upper 16 bits of 32-bit floats",
        ValueType::F16 => "Half precision; a matrix with weights above 65,504 stays f32",
        ValueType::Int8 => "8 bits with a scale of every output, chosen on training nodes",
    }
}

fn entries_say(values: ValueType) -> &'static str {
    match values {
        ValueType::F32 => "As they are decided with",
        ValueType::Bf16 => "The upper 16 bits of 32-bit floats",
        ValueType::F16 => "Half precision",
        ValueType::Int8 => "8 bits with a scale of every row, and of every head of attention",
    }
}

fn precision_text(precision: Precision) -> (&'static str, &'static str) {
    match precision {
        Precision::F32 => ("32-bit floats", "As they are decided with"),
        Precision::Bf16 => ("bf16", "Half the memory, sums as 32-bit floats; timed beside the others, with its error"),
    }
}

fn order_text(order: HopOrder) -> (&'static str, &'static str) {
    match order {
        HopOrder::Stored => ("as in the file", "No order has to be found"),
        HopOrder::Degree => ("by degree", "By falling degree"),
        HopOrder::Community => ("by community", "Nodes that belong together lie together (label propagation)"),
        HopOrder::Rcm => ("Cuthill-McKee", "Reverse Cuthill-McKee: neighbours close to one another"),
    }
}

/// Every quirk for itself, folded away until it is wanted.
pub(super) fn quirks_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let n = Quirk::ALL.into_iter().filter(|q| recipe.compat.has(*q)).count();
    let title = format!("Quirks of the authors' code, {n} of {}", Quirk::ALL.len());
    egui::CollapsingHeader::new(title).id_salt("quirks").show(ui, |ui| {
        for quirk in Quirk::ALL {
            let mut is_on = recipe.compat.has(quirk);
            let (name, says) = quirk_text(quirk);
            if ui.checkbox(&mut is_on, name).on_hover_text(says).changed() {
                let compat = recipe.compat;
                recipe.compat = if is_on { compat.with(quirk) } else { compat.without(quirk) };
            }
        }
    });
}

fn compat_text(compat: Compat) -> (&'static str, &'static str) {
    match compat {
        Compat::CLEAN => ("clean", "The mathematics as written in the paper, without the authors' oversights"),
        Compat::OFFICIAL => ("official", "The authors' quirks, all of them, to reproduce published numbers"),
        _ => ("some", "Some of the authors' quirks, as ticked below"),
    }
}

/// Short, and in one sentence; `docs/DIFFERENCES.md` has all of it.
fn quirk_text(quirk: Quirk) -> (&'static str, &'static str) {
    match quirk {
        Quirk::GatEdgeRule => {
            ("GAT edge rule", "GAT tests ‖α‖ / heads · ‖x‖ against the mean ‖x‖, not the message's norm")
        }
        Quirk::GatNoRenormalisation => {
            ("GAT attention kept", "GAT does not renormalise attention in the layer that removes entries")
        }
        Quirk::SageMessages => (
            "GraphSAGE messages",
            "GraphSAGE tests unweighted rows, and what a layer removes still counts in its means",
        ),
        Quirk::Gcn2ThresholdAxis => (
            "GCNII threshold axis",
            "GCNII's weight test looks at (1-α) T H and takes thresholds by the weight's output",
        ),
        Quirk::SgcRowStochastic => ("SGC by rows", "Decoupled SGC propagates over D⁻¹A whatever r says"),
        Quirk::PushRule => (
            "Push rule",
            "Mass mode follows the C++ program: the whole-node test, the second push, limits that can grow",
        ),
        Quirk::RandomPush => (
            "Random push",
            "With the push rule: a node's second push reaches farther by a random factor, drawn from the seed",
        ),
        Quirk::LockedValidation => (
            "Unmasked validation",
            "Pruning in training picks its epoch by unmasked evaluation: removed entries into validation nodes count",
        ),
        Quirk::LastMasks => (
            "Entries of the last step",
            "Pruning in training: the best epoch's weights go with the entries of the last step",
        ),
        Quirk::RefitScaler => {
            ("Scaler refitted", "A decoupled network's scaler is always fitted anew on the pruned embedding")
        }
    }
}
