//! The network of the recipe, for the next `Train`: its family, and exactly the settings that family has.

use eframe::egui;

use super::fields::{combo, network_note, number, real, warning};
use crate::engine::model::{
    Activation, Aggregation, Architecture, AttentionForm, Family, HopWeights, InputLayer, Jumping, Norm, Order, Skip,
};
use crate::engine::sparsify::{EdgeMode, Recipe};
use crate::session::fitted_to;
use crate::ui::context::ViewCx;

/// The settings; `typed` are the hops' weights while they are being typed.
pub(super) fn ui(ui: &mut egui::Ui, cx: &ViewCx<'_>, recipe: &mut Recipe, typed: &mut Option<String>) {
    network_note(ui, cx, recipe);
    let model = &mut recipe.model;
    let family = model.architecture;
    let mut wanted = family;
    egui::Grid::new("network").num_columns(2).spacing([8.0, 4.0]).show(ui, |ui| {
        ui.label("Family").on_hover_text(family.about());
        combo(ui, "Family", family.title(), |ui| {
            for f in Family::ALL {
                ui.selectable_value(&mut wanted, f, f.title()).on_hover_text(f.about());
            }
        });
        ui.end_row();
        number(ui, "Layers", "Layers with weights", &mut model.layers, 1..=64);
        number(ui, "Hidden", "Width between layers, over all heads", &mut model.hidden, 1..=65_536);
        walk_ui(ui, model, typed);
        attention_ui(ui, model);
        if model.has("norm_r") {
            let says = "In T = D^(r-1) A D^(-r): 0.5 is symmetric, 0 is row-stochastic, a mean over the neighbours";
            real(ui, "r", says, &mut model.norm_r, 0.0..=1.0);
        }
        let says = "Share of values dropped between layers while training";
        real(ui, "Dropout", says, &mut model.dropout, 0.0..=0.95);
        around_ui(ui, model);
        tick(ui, "Bias", "A bias in every layer", &mut model.bias);
        if model.has("root_weight") {
            let says = "A second weight for the node's own row";
            tick(ui, "Root weight", says, &mut model.root_weight);
        }
        if model.has("final_activation") {
            let says = "ReLU after the last layer too (paper, Algorithm 2)";
            tick(ui, "Final activation", says, &mut model.final_activation);
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
    if model.has("hops") {
        let before = model.hops;
        number(ui, "Hops", "Propagation steps before the MLP", &mut model.hops, 1..=250);
        if model.hops != before
            && let HopWeights::Given(weights) = &mut model.hop_weights
        {
            weights.resize(model.hops + 1, 0.0);
        }
    }
    if model.has("hop_weights") {
        let says = "How much the features and every hop count in what is classified";
        ui.label("Hop weights").on_hover_text(says);
        let mut wanted = model.hop_weights.clone();
        combo(ui, "Hop weights", hop_weights_text(&wanted).0, |ui| {
            let given = HopWeights::Given(model.hop_weights());
            for choice in HopWeights::CLOSED.into_iter().chain([given]) {
                let (name, says) = hop_weights_text(&choice);
                let is_chosen = choice.key() == wanted.key();
                if ui.selectable_label(is_chosen, name).on_hover_text(says).clicked() && !is_chosen {
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
        let says = if model.has("theta") {
            "Share of the first representation in every layer"
        } else {
            "Probability of teleporting back to the features at every hop"
        };
        real(ui, "α", says, &mut model.alpha, 0.0..=1.0);
    }
    if model.has("theta") {
        let says = "Strength of the transformation: layer l counts with ln(θ / l + 1)";
        real(ui, "θ", says, &mut model.theta, 0.0..=100.0);
    }
    if model.has("heat_time") && model.hop_weights == HopWeights::Heat {
        let says = "Hop l counts with e^(-t) t^l / l!: the larger t, the further hops count";
        real(ui, "Heat time t", says, &mut model.heat_time, 0.0..=100.0);
    }
    if model.has("order") {
        ui.label("Order").on_hover_text("Which of the two steps of a layer comes first; the masks depend on it");
        combo(ui, "Order", order_text(model.order), |ui| {
            for order in [Order::TransformFirst, Order::PropagateFirst] {
                ui.selectable_value(&mut model.order, order, order_text(order));
            }
        });
        ui.end_row();
    }
}

/// What stands between and around the layers.
fn around_ui(ui: &mut egui::Ui, model: &mut Architecture) {
    let propagates = model.n_graph_steps() > 0 && !model.is_decoupled();
    let norms: Vec<Norm> = Norm::ALL.iter().copied().filter(|norm| propagates || !norm.needs_all_nodes()).collect();
    let title = |norm: Norm| (norm.title(), norm.about());
    one_of(ui, "Normalisation", "What is normalised between layers", &norms, &mut model.norm, title);
    let says = "What every value goes through between layers";
    one_of(ui, "Activation", says, Activation::ALL, &mut model.activation, |a| (a.title(), a.about()));
    if model.norm != Norm::None {
        let says = "The activation stands in front of the normalisation";
        tick(ui, "Activation first", says, &mut model.act_first);
    }
    if model.has("inner_norm") {
        let says = "Normalisation inside of the MLP of a layer";
        one_of(ui, "Inner normalisation", says, Norm::ALL, &mut model.inner_norm, title);
    }
    if model.has("aggregation") {
        let says = "What a node takes of its neighbours";
        one_of(ui, "Aggregation", says, Aggregation::ALL, &mut model.aggregation, |a| (a.title(), a.about()));
    }
    if model.has("input_layer") {
        let says = "What stands in front of the first layer";
        one_of(ui, "Input layer", says, InputLayer::ALL, &mut model.input_layer, |i| (i.title(), i.about()));
    }
    if model.has("skip") {
        let says = "What a layer passes on beside what it computes";
        one_of(ui, "Skip connections", says, Skip::ALL, &mut model.skip, |s| (s.title(), s.about()));
    }
    if model.has("jumping") {
        let says = "Jumping knowledge: what the last transformation sees of the layers";
        one_of(ui, "Jumping knowledge", says, Jumping::ALL, &mut model.jumping, |j| (j.title(), j.about()));
    }
    if model.has("residual") {
        let says = "A layer's input through a weight of its own is added to what attention gives";
        tick(ui, "Residual weight", says, &mut model.residual);
    }
}

/// A menu of a few values, each with its title and what it does.
pub(super) fn one_of<T: Copy + PartialEq>(
    ui: &mut egui::Ui,
    name: &str,
    says: &str,
    all: &[T],
    value: &mut T,
    words: impl Fn(T) -> (&'static str, &'static str),
) {
    ui.label(name).on_hover_text(says);
    combo(ui, name, words(*value).0, |ui| {
        for choice in all {
            let (title, about) = words(*choice);
            ui.selectable_value(value, *choice, title).on_hover_text(about);
        }
    });
    ui.end_row();
}

fn attention_ui(ui: &mut egui::Ui, model: &mut Architecture) {
    if model.has("heads") {
        let says = "Attention heads of every layer but the last; their channels share the hidden width";
        number(ui, "Heads", says, &mut model.heads, 1..=64);
        number(ui, "Last heads", "Attention heads of the last layer, averaged", &mut model.out_heads, 1..=64);
    }
    if model.has("attention") {
        ui.label("Attention").on_hover_text("How an entry is scored");
        combo(ui, "Attention", attention_text(model.attention).0, |ui| {
            for form in [AttentionForm::V2, AttentionForm::V1] {
                let (name, says) = attention_text(form);
                ui.selectable_value(&mut model.attention, form, name).on_hover_text(says);
            }
        });
        ui.end_row();
    }
    if model.has("share_weights") && model.attention == AttentionForm::V2 {
        let says = "One transformation for sources and targets";
        tick(ui, "Shared weights", says, &mut model.share_weights);
    }
}

/// A field of numbers; taken over when it is left and every number is one.
fn given_ui(ui: &mut egui::Ui, weights: &mut Vec<f64>, typed: &mut Option<String>) {
    let label = ui.label("Given").on_hover_text("The features' weight, then one number per hop");
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
    field.on_hover_text(format!("{} numbers, for the features and every hop", weights.len()));
    ui.end_row();
}

/// Numbers between blanks, commas or semicolons; `None` where something else is, or nothing.
fn numbers_of(text: &str) -> Option<Vec<f64>> {
    let words = text.split([' ', ',', ';', '\t']).filter(|w| !w.is_empty());
    let numbers: Option<Vec<f64>> = words.map(|w| w.parse().ok().filter(|n: &f64| n.is_finite())).collect();
    numbers.filter(|n| !n.is_empty())
}

fn tick(ui: &mut egui::Ui, name: &str, says: &str, value: &mut bool) {
    ui.label("");
    ui.checkbox(value, name).on_hover_text(says);
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
