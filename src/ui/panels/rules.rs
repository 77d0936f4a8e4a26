//! Which rules: what entries and weights are ranked by, and which of the authors' quirks are on.

use eframe::egui;

use super::fields::{combo, option, titled};
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Precision, Quirk, Recipe, RecoveryRule, ValueType, WeightMode,
};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::weak;
use crate::ui::words::Say as _;

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
    let own = ("recipe-edges-ranked-by", "recipe-unifews-edges");
    ranking_ui(ui, tokens, own, ranking, &EdgeRanking::ALL, |r| (edge_ranking_key(r), r.source()));
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
    let own = ("recipe-weights-ranked-by", "recipe-unifews-weights");
    ranking_ui(ui, tokens, own, ranking, &WeightRanking::ALL, |r| (weight_ranking_key(r), r.source()));
    if recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal) {
        // One threshold over all layers.
        recipe.weights.delta.truncate(1);
    }
}

/// `key` is of the menu's name, `own_says` of what Unifews ranks by; `text` gives the key of a ranking and where it is from.
fn ranking_ui<R: Copy + PartialEq>(
    ui: &mut egui::Ui,
    tokens: &Tokens,
    (key, own_says): (&str, &str),
    ranking: &mut Option<R>,
    all: &[R],
    text: impl Fn(R) -> (&'static str, &'static str),
) {
    const OWN: &str = "Unifews";
    let words = ui.words();
    ui.horizontal(|ui| {
        let label = ui.label(weak(tokens, words.text("recipe-ranked-by")));
        label.on_hover_text(words.hint("recipe-ranked-by"));
        let selected = ranking.map_or_else(|| OWN.to_owned(), |r| words.text(text(r).0));
        combo(ui, key, &selected, |ui| {
            ui.selectable_value(ranking, None, OWN).on_hover_text(words.text(own_says));
            for r in all {
                let (name, source) = text(*r);
                ui.selectable_value(ranking, Some(*r), words.text(name)).on_hover_text(source);
            }
        });
    });
}

fn edge_ranking_key(ranking: EdgeRanking) -> &'static str {
    match ranking {
        EdgeRanking::Random => "recipe-ranking-random",
        EdgeRanking::Degree => "recipe-ranking-degree",
        EdgeRanking::TopK => "recipe-ranking-top-k",
        EdgeRanking::EffectiveResistance => "recipe-ranking-resistance",
        EdgeRanking::Jaccard => "recipe-ranking-jaccard",
        EdgeRanking::Cosine => "recipe-ranking-cosine",
        EdgeRanking::Diffusion => "recipe-ranking-diffusion",
        EdgeRanking::KRandom => "recipe-ranking-k-random",
        EdgeRanking::KMessage => "recipe-ranking-k-message",
    }
}

fn weight_ranking_key(ranking: WeightRanking) -> &'static str {
    match ranking {
        WeightRanking::Random => "recipe-ranking-random",
        WeightRanking::Magnitude => "recipe-ranking-magnitude",
        WeightRanking::MagnitudeGlobal => "recipe-ranking-magnitude-global",
    }
}

/// Clean, official, or some of the quirks by name.
pub(super) fn compat_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let words = ui.words();
    combo(ui, "recipe-rules", &words.text(compat_key(recipe.compat)), |ui| {
        for compat in [Compat::CLEAN, Compat::OFFICIAL] {
            option(ui, &mut recipe.compat, compat, compat_key(compat));
        }
    });
}

/// What the finished pruned model is stored as, and in which order a decoupled network's hops go: rows of a grid. `effective` has the network.
pub(super) fn precision_ui(ui: &mut egui::Ui, recipe: &mut Recipe, effective: &Recipe) {
    let words = ui.words();
    titled(ui, "recipe-weights-as");
    value_type_ui(ui, "recipe-weights-as", &mut recipe.precision.weights, weights_say);
    ui.end_row();
    titled(ui, "recipe-entries-as");
    let stays = effective.entries_stay();
    let entries = ui.add_enabled_ui(stays.is_none(), |ui| {
        value_type_ui(ui, "recipe-entries-as", &mut recipe.precision.entries, entries_say);
    });
    entries
        .response
        .on_disabled_hover_text(words.with("recipe-entries-stay", &[("why", stays.unwrap_or_default().into())]));
    ui.end_row();
    if recipe.edges.mode == EdgeMode::Mass || effective.model.n_graph_steps() == 0 {
        return;
    }
    let rule = &mut recipe.propagation;
    titled(ui, "recipe-embeddings");
    combo(ui, "recipe-embeddings", &words.text(precision_key(rule.embeddings)), |ui| {
        for precision in Precision::ALL {
            option(ui, &mut rule.embeddings, precision, precision_key(precision));
        }
    });
    ui.end_row();
    if !effective.model.is_decoupled() {
        return;
    }
    titled(ui, "recipe-node-order");
    combo(ui, "recipe-node-order", &words.text(order_key(rule.order)), |ui| {
        for order in HopOrder::ALL {
            option(ui, &mut rule.order, order, order_key(order));
        }
    });
    ui.end_row();
}

fn value_type_ui(ui: &mut egui::Ui, key: &str, chosen: &mut ValueType, says: impl Fn(ValueType) -> &'static str) {
    let words = ui.words();
    let text = |values: ValueType| match values {
        ValueType::F32 => words.text("recipe-type-f32"),
        _ => values.key().to_owned(),
    };
    combo(ui, key, &text(*chosen), |ui| {
        for values in ValueType::ALL {
            ui.selectable_value(chosen, values, text(values)).on_hover_text(words.text(says(values)));
        }
    });
}

fn weights_say(values: ValueType) -> &'static str {
    match values {
        ValueType::F32 => "recipe-stored-as-decided",
        ValueType::Bf16 => "recipe-stored-bf16",
        ValueType::F16 => "recipe-stored-weights-f16",
        ValueType::Int8 => "recipe-stored-weights-int8",
    }
}

fn entries_say(values: ValueType) -> &'static str {
    match values {
        ValueType::F32 => "recipe-stored-as-decided",
        ValueType::Bf16 => "recipe-stored-bf16",
        ValueType::F16 => "recipe-stored-entries-f16",
        ValueType::Int8 => "recipe-stored-entries-int8",
    }
}

fn precision_key(precision: Precision) -> &'static str {
    match precision {
        Precision::F32 => "recipe-embeddings-f32",
        Precision::Bf16 => "recipe-embeddings-bf16",
    }
}

fn order_key(order: HopOrder) -> &'static str {
    match order {
        HopOrder::Stored => "recipe-order-stored",
        HopOrder::Degree => "recipe-order-degree",
        HopOrder::Community => "recipe-order-community",
        HopOrder::Rcm => "recipe-order-rcm",
    }
}

/// Every quirk for itself, folded away until it is wanted.
pub(super) fn quirks_ui(ui: &mut egui::Ui, recipe: &mut Recipe) {
    let n = Quirk::ALL.into_iter().filter(|q| recipe.compat.has(*q)).count();
    let words = ui.words();
    let title = words.with("recipe-quirks", &[("n", n.into()), ("all", Quirk::ALL.len().into())]);
    egui::CollapsingHeader::new(title).id_salt("quirks").show(ui, |ui| {
        for quirk in Quirk::ALL {
            let mut is_on = recipe.compat.has(quirk);
            let key = quirk_key(quirk);
            if ui.checkbox(&mut is_on, words.text(key)).on_hover_text(words.hint(key)).changed() {
                let compat = recipe.compat;
                recipe.compat = if is_on { compat.with(quirk) } else { compat.without(quirk) };
            }
        }
    });
}

fn compat_key(compat: Compat) -> &'static str {
    match compat {
        Compat::CLEAN => "recipe-compat-clean",
        Compat::OFFICIAL => "recipe-compat-official",
        _ => "recipe-compat-some",
    }
}

/// Short, and in one sentence; `docs/DIFFERENCES.md` has all of it.
fn quirk_key(quirk: Quirk) -> &'static str {
    match quirk {
        Quirk::GatEdgeRule => "recipe-quirk-gat-edges",
        Quirk::GatNoRenormalisation => "recipe-quirk-gat-kept",
        Quirk::SageMessages => "recipe-quirk-sage",
        Quirk::Gcn2ThresholdAxis => "recipe-quirk-gcn2",
        Quirk::SgcRowStochastic => "recipe-quirk-sgc",
        Quirk::PushRule => "recipe-quirk-push",
        Quirk::RandomPush => "recipe-quirk-random-push",
        Quirk::LockedValidation => "recipe-quirk-validation",
        Quirk::LastMasks => "recipe-quirk-last-masks",
        Quirk::RefitScaler => "recipe-quirk-scaler",
    }
}
