//! The network of the recipe, for the next `Train`: its family, and exactly the settings that family has.

use eframe::egui;

use super::fields::{combo, network_note, number_row, option, real, real_row, titled, warning};
use super::network_words::{
    activation_key, aggregation_key, family_key, hop_weights_key, input_layer_key, jumping_key, norm_key, order_key,
    skip_key,
};
use crate::engine::model::{
    Activation, Aggregation, Architecture, AttentionForm, Family, HopWeights, InputLayer, Jumping, Norm, Order, Skip,
};
use crate::engine::sparsify::{EdgeMode, Recipe};
use crate::session::fitted_to;
use crate::ui::context::ViewCx;
use crate::ui::words::Say as _;

/// The settings; `typed` are the hops' weights while they are being typed.
pub(super) fn ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe, typed: &mut Option<String>) {
    let words = ui.words();
    network_note(ui, cx, recipe);
    let model = &mut recipe.model;
    let family = model.architecture;
    let mut wanted = family;
    egui::Grid::new("network").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        ui.label(words.text("training-family")).on_hover_text(words.text(family_key(family)));
        combo(ui, "training-family", family.title(), |ui| {
            for f in Family::ALL {
                ui.selectable_value(&mut wanted, f, f.title()).on_hover_text(words.text(family_key(f)));
            }
        });
        ui.end_row();
        number_row(ui, "training-layers", &mut model.layers, 1..=64);
        number_row(ui, "training-hidden", &mut model.hidden, 1..=65_536);
        walk_ui(ui, model, typed);
        attention_ui(ui, model);
        if model.has("norm_r") {
            let says = &words.text("training-norm-says");
            real(ui, "r", says, &mut model.norm_r, 0.0..=1.0);
        }
        real_row(ui, "training-dropout", &mut model.dropout, 0.0..=0.95);
        around_ui(ui, model);
        tick(ui, "training-bias", &mut model.bias);
        if model.has("root_weight") {
            tick(ui, "training-root-weight", &mut model.root_weight);
        }
        if model.has("final_activation") {
            tick(ui, "training-final-activation", &mut model.final_activation);
        }
    });
    if wanted != family {
        *typed = None;
        let network = Architecture { hidden: model.hidden, ..Architecture::new(wanted) };
        *recipe = fitted_to(recipe, &network);
        recipe.edges.delta.truncate(1);
        recipe.weights.delta.truncate(1);
        if !recipe.model.is_decoupled() && recipe.edges.mode == EdgeMode::Mass {
            recipe.edges.mode = EdgeMode::default();
        }
    }
    if let Err(fault) = recipe.model.check() {
        warning(ui, cx, &fault.to_string());
    }
}

/// How the graph is walked: hops and their weights, or the order of a layer's two steps.
fn walk_ui(ui: &mut egui::Ui, model: &mut Architecture, typed: &mut Option<String>) {
    let words = ui.words();
    if model.has("hops") {
        let before = model.hops;
        number_row(ui, "training-hops", &mut model.hops, 1..=250);
        if model.hops != before
            && let HopWeights::Given(weights) = &mut model.hop_weights
        {
            weights.resize(model.hops + 1, 0.0);
        }
    }
    if model.has("hop_weights") {
        titled(ui, "training-hop-weights");
        let mut wanted = model.hop_weights.clone();
        combo(ui, "training-hop-weights", &words.text(hop_weights_key(&wanted)), |ui| {
            let given = HopWeights::Given(model.hop_weights());
            for choice in HopWeights::CLOSED.into_iter().chain([given]) {
                let key = hop_weights_key(&choice);
                let is_chosen = choice.key() == wanted.key();
                if ui.selectable_label(is_chosen, words.text(key)).on_hover_text(words.hint(key)).clicked()
                    && !is_chosen
                {
                    wanted = choice;
                }
            }
        });
        model.hop_weights = wanted;
        ui.end_row();
        if let HopWeights::Given(weights) = &mut model.hop_weights {
            given_ui(ui, weights, typed);
        }
    }
    let is_of_gbp = model.has("hop_weights");
    if model.has("alpha") && (!is_of_gbp || model.hop_weights == HopWeights::Ppr) {
        let says = if model.has("theta") { "training-alpha-first" } else { "training-alpha-teleport" };
        real(ui, "α", &words.text(says), &mut model.alpha, 0.0..=1.0);
    }
    if model.has("theta") {
        let says = &words.text("training-theta-says");
        real(ui, "θ", says, &mut model.theta, 0.0..=100.0);
    }
    if model.has("heat_time") && model.hop_weights == HopWeights::Heat {
        real_row(ui, "training-heat-time", &mut model.heat_time, 0.0..=100.0);
    }
    if model.has("order") {
        titled(ui, "training-order");
        combo(ui, "training-order", &words.text(order_key(model.order)), |ui| {
            for order in [Order::TransformFirst, Order::PropagateFirst] {
                ui.selectable_value(&mut model.order, order, words.text(order_key(order)));
            }
        });
        ui.end_row();
    }
}

/// What stands between and around the layers.
fn around_ui(ui: &mut egui::Ui, model: &mut Architecture) {
    let propagates = model.n_graph_steps() > 0 && !model.is_decoupled();
    let norms: Vec<Norm> = Norm::ALL.iter().copied().filter(|norm| propagates || !norm.needs_all_nodes()).collect();
    one_of(ui, "training-normalisation", &norms, &mut model.norm, norm_key);
    one_of(ui, "training-activation", Activation::ALL, &mut model.activation, activation_key);
    if model.norm != Norm::None {
        tick(ui, "training-activation-first", &mut model.act_first);
    }
    if model.has("inner_norm") {
        one_of(ui, "training-inner-normalisation", Norm::ALL, &mut model.inner_norm, norm_key);
    }
    if model.has("aggregation") {
        one_of(ui, "training-aggregation", Aggregation::ALL, &mut model.aggregation, aggregation_key);
    }
    if model.has("input_layer") {
        one_of(ui, "training-input-layer", InputLayer::ALL, &mut model.input_layer, input_layer_key);
    }
    if model.has("skip") {
        one_of(ui, "training-skip", Skip::ALL, &mut model.skip, skip_key);
    }
    if model.has("jumping") {
        one_of(ui, "training-jumping", Jumping::ALL, &mut model.jumping, jumping_key);
    }
    if model.has("residual") {
        tick(ui, "training-residual-weight", &mut model.residual);
    }
}

/// A menu of a few values; keys are of names and of what they do.
fn one_of<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    key: &str,
    all: &[T],
    value: &mut T,
    key_of: impl Fn(T) -> &'static str,
) {
    titled(ui, key);
    let selected = ui.words().text(key_of(*value));
    combo(ui, key, &selected, |ui| {
        for choice in all {
            option(ui, value, *choice, key_of(*choice));
        }
    });
    ui.end_row();
}

fn attention_ui(ui: &mut egui::Ui, model: &mut Architecture) {
    if model.has("heads") {
        number_row(ui, "training-heads", &mut model.heads, 1..=64);
        number_row(ui, "training-last-heads", &mut model.out_heads, 1..=64);
    }
    if model.has("attention") {
        titled(ui, "training-attention");
        combo(ui, "training-attention", attention_text(model.attention).0, |ui| {
            for form in [AttentionForm::V2, AttentionForm::V1] {
                let (name, says) = attention_text(form);
                ui.selectable_value(&mut model.attention, form, name).on_hover_text(says);
            }
        });
        ui.end_row();
    }
    if model.has("share_weights") && model.attention == AttentionForm::V2 {
        tick(ui, "training-shared-weights", &mut model.share_weights);
    }
}

/// A field of numbers; taken over when it is left and every number is one.
fn given_ui(ui: &mut egui::Ui, weights: &mut Vec<f64>, typed: &mut Option<String>) {
    let label = titled(ui, "training-given");
    let mut text = typed.clone().unwrap_or_else(|| {
        weights
            .iter()
            .map(|w| format!("{w:.4}").trim_end_matches('0').trim_end_matches('.').to_owned())
            .collect::<Vec<_>>()
            .join(" ")
    });
    let field = ui.add(egui::TextEdit::singleline(&mut text).desired_width(136.0)).labelled_by(label.id);
    if field.changed() {
        *typed = Some(text.clone());
    }
    if field.lost_focus()
        && let Some(text) = typed.take()
        && let Some(numbers) = numbers_of(&text)
    {
        *weights = numbers;
    }
    field.on_hover_text(ui.words().with("training-given-numbers", &[("n", weights.len().into())]));
    ui.end_row();
}

/// Numbers between blanks, commas or semicolons; `None` where something else is, or nothing.
fn numbers_of(text: &str) -> Option<Vec<f64>> {
    let words = text.split([' ', ',', ';', '\t']).filter(|w| !w.is_empty());
    let numbers: Option<Vec<f64>> = words.map(|w| w.parse().ok().filter(|n: &f64| n.is_finite())).collect();
    numbers.filter(|n| !n.is_empty())
}

fn tick(ui: &mut egui::Ui, key: &str, value: &mut bool) {
    let words = ui.words();
    ui.label("");
    ui.checkbox(value, words.text(key)).on_hover_text(words.hint(key));
    ui.end_row();
}

pub(super) fn order_text(order: Order) -> &'static str {
    match order {
        Order::TransformFirst => "transform first",
        Order::PropagateFirst => "propagate first",
    }
}

pub(super) fn attention_text(form: AttentionForm) -> (&'static str, &'static str) {
    match form {
        AttentionForm::V2 => ("GATv2", "aᵀ LeakyReLU(Wₗ xᵥ + Wᵣ xᵤ) (Brody et al., 2022)"),
        AttentionForm::V1 => ("GAT", "LeakyReLU(aₛᵀ W xᵥ + aₜᵀ W xᵤ) (Veličković et al., 2018)"),
    }
}

pub(super) fn hop_weights_text(weights: &HopWeights) -> (&'static str, &'static str) {
    match weights {
        HopWeights::Ppr => ("PageRank", "α (1-α)^l, and (1-α)^L for the last hop, as in APPNP"),
        HopWeights::Heat => ("heat kernel", "e^(-t) t^l / l!, as in GDC"),
        HopWeights::Last => ("last hop", "The last hop alone, as in SGC"),
        HopWeights::Mean => ("mean", "All hops alike, as in S²GC"),
        HopWeights::Given(_) => ("given", "One number per hop"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typed_numbers_are_all_numbers_or_none() {
        assert_eq!(numbers_of("1 0.5, 2e-3;0"), Some(vec![1.0, 0.5, 0.002, 0.0]));
        for wrong in ["", " , ", "1 two", "inf", "NaN 1"] {
            assert_eq!(numbers_of(wrong), None, "{wrong:?}");
        }
    }
}
