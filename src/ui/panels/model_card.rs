//! The model's card: its family and settings, its size, what it was trained on and how well it did.

use eframe::egui;

use super::fields::{report_ui, title_row};
use super::network::{attention_text, hop_weights_text, order_text};
use crate::engine::graph::Metric;
use crate::engine::model::{Activation, Aggregation, Architecture, HopWeights, InputLayer, Jumping, Model, Norm, Skip};
use crate::session::words::{Argument, Words};
use crate::session::{LoadedModel, format};
use crate::ui::tokens::Tokens;
use crate::ui::widgets::value_row;
use crate::ui::words::Say as _;

/// A setting: its name, its value, and what it means.
type Row = (&'static str, String, &'static str);

pub(super) fn ui(ui: &mut egui::Ui, tokens: &Tokens, loaded: &LoadedModel) {
    let words = ui.words();
    let model = &loaded.model;
    let shape = &model.architecture;
    title_row(ui, tokens, &model.title(), if loaded.spec.is_empty() { &loaded.name } else { &loaded.spec });
    let family = shape.architecture;
    value_row(ui, tokens, &words.text("model-family"), family.title()).on_hover_text(family.about());
    layers_ui(ui, tokens, model);
    rows_ui(ui, tokens, own_settings(shape));
    let n_prunable: usize = model.weights().map(|w| w.values.len()).sum();
    let count = |n: usize| format::count(n as u64);
    value_row(ui, tokens, &words.text("model-parameters"), &count(model.n_parameters()))
        .on_hover_text(words.with("model-prunable", &[("n", count(n_prunable).into())]));
    if let Some(trained) = &model.trained_on {
        let number = |n: u64| Argument::from(n.to_string());
        let epochs = words.with(
            "model-epoch",
            &[
                ("epoch", number(trained.best_epoch as u64)),
                ("epochs", number(trained.epochs as u64)),
                ("seed", number(trained.seed)),
            ],
        );
        let split = |split: &str| words.with("model-split", &[("split", split.into())]);
        let split = if trained.split.is_empty() { String::new() } else { split(&trained.split) };
        let seen = if trained.inductive { words.text("model-inductive") } else { String::new() };
        value_row(ui, tokens, &words.text("model-trained-on"), &trained.graph)
            .on_hover_text(format!("{epochs}{split}{seen}"));
        let says = words.with("model-file-says", &[("epochs", epochs.into())]);
        let metric = metric_says(trained.metric, words);
        value_row(
            ui,
            tokens,
            &words.with("model-val", &[("metric", metric.as_str().into())]),
            &format::percent(trained.val_accuracy),
        )
        .on_hover_text(&says);
        value_row(
            ui,
            tokens,
            &words.with("model-test", &[("metric", metric.into())]),
            &format::percent(trained.test_accuracy),
        )
        .on_hover_text(&says);
    }
    egui::CollapsingHeader::new(words.text("model-settings")).id_salt("model settings").show(ui, |ui| {
        rows_ui(ui, tokens, general_settings(shape));
    });
    report_ui(ui, tokens, &loaded.report, "model report");
}

/// What an accuracy is.
pub(super) fn metric_says(metric: Metric, words: &Words) -> String {
    words.text(match metric {
        Metric::Accuracy => "metric-accuracy",
        Metric::MicroF1 => "metric-micro-f1",
    })
}

fn layers_ui(ui: &mut egui::Ui, tokens: &Tokens, model: &Model) {
    let words = ui.words();
    /// Layers beyond this many are told in one line.
    const MOST: usize = 4;
    let shape = &model.architecture;
    let widths = |l: usize| {
        let (from, to) = shape.layer_widths(l, model.d_in(), model.n_classes());
        format!("{from} × {to}")
    };
    let matrices = |l: usize| {
        let of_layer = model.weights().filter(|w| w.prunable_layer() == Some(l)).map(|w| w.name.as_str());
        of_layer.collect::<Vec<_>>().join(", ")
    };
    let n_shown = if shape.layers > MOST { MOST - 1 } else { shape.layers };
    for l in 0..n_shown {
        value_row(ui, tokens, &words.with("model-layer", &[("n", (l + 1).into())]), &widths(l))
            .on_hover_text(words.with("model-widths", &[("weights", matrices(l).into())]));
    }
    if n_shown < shape.layers {
        let names = words.with("model-layers", &[("from", (n_shown + 1).into()), ("to", shape.layers.into())]);
        value_row(ui, tokens, &names, &widths(shape.layers - 1)).on_hover_text(words.text("model-last-widths"));
    }
}

fn rows_ui(ui: &mut egui::Ui, tokens: &Tokens, rows: Vec<Row>) {
    for (name, value, says) in rows {
        value_row(ui, tokens, name, &value).on_hover_text(says);
    }
}

fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// What makes the network of this family what it is.
fn own_settings(shape: &Architecture) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    if shape.has("hops") {
        rows.push(("Hops", shape.hops.to_string(), "Propagation steps before the MLP"));
    }
    if shape.has("hop_weights") {
        let (name, says) = hop_weights_text(&shape.hop_weights);
        rows.push(("Hop weights", name.to_owned(), says));
    }
    let is_of_gbp = shape.has("hop_weights");
    if shape.has("alpha") && (!is_of_gbp || shape.hop_weights == HopWeights::Ppr) {
        rows.push(("α", shape.alpha.to_string(), "Share of the first representation, or of teleporting"));
    }
    if shape.has("theta") {
        rows.push(("θ", shape.theta.to_string(), "Strength of the transformation"));
    }
    if shape.has("heat_time") && shape.hop_weights == HopWeights::Heat {
        rows.push(("Heat time t", shape.heat_time.to_string(), "Of the heat kernel"));
    }
    if shape.has("heads") {
        let heads = format!("{}, last layer {}", shape.heads, shape.out_heads);
        rows.push(("Heads", heads, "Attention heads, joined; those of the last layer are averaged"));
    }
    if shape.has("attention") {
        let (name, says) = attention_text(shape.attention);
        let shared = if shape.share_weights { ", shared" } else { "" };
        rows.push(("Attention", format!("{name}{shared}"), says));
    }
    if shape.has("root_weight") {
        rows.push(("Root weight", yes(shape.root_weight), "A second weight for the node's own row"));
    }
    if shape.aggregation != Aggregation::Mean {
        rows.push(("Aggregation", shape.aggregation.title().to_owned(), shape.aggregation.about()));
    }
    if shape.residual {
        rows.push(("Residual weight", yes(true), "A layer's input through a weight of its own is added"));
    }
    if shape.input_layer != InputLayer::None {
        rows.push(("Input layer", shape.input_layer.title().to_owned(), shape.input_layer.about()));
    }
    if shape.skip != Skip::None {
        rows.push(("Skip connections", shape.skip.title().to_owned(), shape.skip.about()));
    }
    if shape.jumping != Jumping::None {
        rows.push(("Jumping knowledge", shape.jumping.title().to_owned(), shape.jumping.about()));
    }
    if shape.inner_norm != Norm::None {
        rows.push(("Inner normalisation", shape.inner_norm.title().to_owned(), "Inside of the MLP of a layer"));
    }
    rows
}

/// The rest, for whoever asks.
fn general_settings(shape: &Architecture) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    if shape.has("order") {
        rows.push(("Order", order_text(shape.order).to_owned(), "Which of the two steps of a layer comes first"));
    }
    if shape.has("norm_r") {
        rows.push((
            "r",
            shape.norm_r.to_string(),
            "In T = D^(r-1) A D^(-r): 0.5 is symmetric, 0 a mean over neighbours",
        ));
    }
    match shape.norm {
        Norm::None | Norm::Batch => {
            rows.push(("Batch norm", yes(shape.norm == Norm::Batch), "Batch normalisation between layers"));
        }
        norm => rows.push(("Normalisation", norm.title().to_owned(), norm.about())),
    }
    // The usual one is not worth a row.
    if shape.activation != Activation::Relu {
        rows.push(("Activation", shape.activation.title().to_owned(), shape.activation.about()));
    }
    rows.push(("Bias", yes(shape.bias), "A bias in every layer"));
    if shape.has("final_activation") {
        rows.push(("Final ReLU", yes(shape.final_activation), "ReLU after the last layer too"));
    }
    rows.push(("Dropout", shape.dropout.to_string(), "Share of values dropped between layers while training"));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::model::Family;

    /// Every setting a family has can be read on its card.
    #[test]
    fn a_card_shows_what_the_family_has() {
        let names = |family: Family| {
            let shape = Architecture::new(family);
            let rows: Vec<Row> = own_settings(&shape).into_iter().chain(general_settings(&shape)).collect();
            assert!(rows.iter().all(|(name, value, says)| !name.is_empty() && !value.is_empty() && !says.is_empty()));
            rows.into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(Family::Gat), ["Heads", "Attention", "Batch norm", "Bias", "Dropout"]);
        assert_eq!(names(Family::Gcn), ["Order", "r", "Batch norm", "Bias", "Final ReLU", "Dropout"]);
        assert_eq!(names(Family::Gcn2), ["α", "θ", "r", "Batch norm", "Bias", "Dropout"]);
        assert_eq!(names(Family::Gbp), ["Hops", "Hop weights", "α", "r", "Batch norm", "Bias", "Dropout"]);
        assert_eq!(names(Family::Sage), ["Root weight", "r", "Batch norm", "Bias", "Dropout"]);
    }
}
