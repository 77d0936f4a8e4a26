//! What is open: the graph's card, the model's card; and how to open something else.

use eframe::egui;

use super::fields::{path_field, report_ui, title_row};
use super::{gallery, model_card};
use crate::session::{LoadedGraph, Store, format};
use crate::ui::context::{View, ViewCx, WindowRequest};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{bars, section, shown, value_row, weak};
use crate::ui::words::Say as _;

/// The panel; it holds only the path that is being typed.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    typed: String,
}

impl View for Inputs {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = ui.words();
        let store = cx.session.store();
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            match &store.graph {
                Some(graph) => graph_card(ui, cx.tokens, graph, store),
                None => nothing(ui, cx.tokens, &words.text("inputs-no-graph"), &words.text("inputs-no-graph-next")),
            }
            ui.add_space(4.0);
            ui.separator();
            match &store.model {
                Some(model) => model_card::ui(ui, cx.tokens, model),
                None => no_model_ui(ui, cx.tokens, store),
            }
            ui.add_space(4.0);
            ui.separator();
            self.open_ui(cx, ui);
        });
    }
}

impl Inputs {
    fn open_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let words = ui.words();
        section(ui, cx.tokens, &words.text("inputs-open"));
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            ui.spacing_mut().item_spacing.x = 4.0;
            if ui.button(words.text("inputs-open-files")).on_hover_text(words.text("inputs-open-says")).clicked() {
                cx.out.request(WindowRequest::OpenDialog);
            }
            ui.menu_button(words.text("inputs-samples"), |ui| gallery::menu_ui(cx, ui));
            let recent = &cx.session.store().recent;
            if !recent.is_empty() {
                ui.menu_button(words.text("inputs-recent"), |ui| gallery::recent_ui(cx, ui, recent));
            }
        });
        path_field(cx, ui, &mut self.typed);
        ui.label(weak(cx.tokens, words.text("inputs-drop")).size(tokens::SMALL));
    }
}

/// Where the model would be: what became of it, or how to get one.
fn no_model_ui(ui: &mut egui::Ui, tokens: &Tokens, store: &Store) {
    let words = ui.words();
    let Some(closed) = &store.closed_model else {
        return nothing(ui, tokens, &words.text("inputs-no-model"), &words.text("inputs-no-model-next"));
    };
    section(ui, tokens, &words.text("inputs-no-model"));
    let fits = [("model", closed.name.as_str().into()), ("graph", closed.graph.as_str().into())];
    let text = words.with("inputs-closed", &fits);
    ui.label(egui::RichText::new(shown(&text)).color(tokens.warning).size(tokens::SMALL))
        .on_hover_text(shown(&closed.spec));
    ui.label(weak(tokens, &closed.why).size(tokens::SMALL));
    ui.label(weak(tokens, words.text("inputs-no-model-fits")));
}

fn nothing(ui: &mut egui::Ui, tokens: &Tokens, title: &str, next: &str) {
    section(ui, tokens, title);
    ui.label(weak(tokens, next));
}

fn graph_card(ui: &mut egui::Ui, tokens: &Tokens, graph: &LoadedGraph, store: &Store) {
    let (stats, words) = (&graph.stats, ui.words());
    title_row(ui, tokens, graph.dataset.name(), &graph.spec);
    let count = |n: usize| format::count(n as u64);
    value_row(ui, tokens, &words.text("inputs-nodes"), &count(stats.n_nodes));
    value_row(ui, tokens, &words.text("inputs-entries"), &count(stats.n_entries))
        .on_hover_text(words.text("inputs-entries-says"));
    value_row(ui, tokens, &words.text("inputs-self-loops"), &count(stats.n_self_loops))
        .on_hover_text(words.text("inputs-self-loops-says"));
    if stats.n_isolated > 0 {
        value_row(ui, tokens, &words.text("inputs-isolated"), &count(stats.n_isolated));
    }
    value_row(ui, tokens, &words.text("inputs-features"), &count(stats.n_features))
        .on_hover_text(words.with("inputs-features-says", &[("share", format::percent(stats.feature_density).into())]));
    value_row(ui, tokens, &words.text("inputs-classes"), &count(stats.n_classes));
    if let Some(homophily) = stats.homophily {
        value_row(ui, tokens, &words.text("inputs-homophily"), &format::percent(homophily))
            .on_hover_text(words.text("inputs-homophily-says"));
    }
    if let Some(split) = shown_split(store, graph) {
        let (shown, whole) = split_words(split);
        value_row(ui, tokens, &words.text("inputs-split"), &shown)
            .on_hover_text(words.with("inputs-split-says", &[("parts", whole.into())]));
    }
    value_row(
        ui,
        tokens,
        &words.text("inputs-degree"),
        &words.with(
            "inputs-degree-range",
            &[
                ("least", count(stats.degree_min).into()),
                ("most", count(stats.degree_max).into()),
                ("mean", format!("{:.1}", stats.degree_mean).into()),
            ],
        ),
    )
    .on_hover_text(words.text("inputs-degree-says"));
    let name = &words.text("inputs-degrees");
    bars(ui, &graph.degree_histogram, tokens.kept, 28.0, name).on_hover_ui(|ui| {
        ui.label(name);
        for (b, n) in graph.degree_histogram.iter().enumerate() {
            let (from, to) = ((1usize << b) - 1, (1usize << (b + 1)) - 2);
            let range = if from == to { from.to_string() } else { format!("{from}–{to}") };
            value_row(ui, tokens, &range, &count(*n));
        }
    });
    report_ui(ui, tokens, &graph.report, "graph report");
}

/// The parts of a split as they are shown, and in full: three long counts do not fit a row.
fn split_words(parts: [u64; 3]) -> (String, String) {
    let words = |show: fn(u64) -> String| parts.map(show).join(" · ");
    (words(format::fitting_count(parts.iter().sum())), words(format::count))
}

/// The sizes of the three parts of the evaluated split, once a run has told them.
fn shown_split(store: &Store, graph: &LoadedGraph) -> Option<[u64; 3]> {
    let run = store.shown().map(|r| &r.split);
    let split = run.or_else(|| graph.dataset.splits().first())?;
    Some([&split.train, &split.val, &split.test].map(|nodes| nodes.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_counts_of_a_split_are_shown_in_short() {
        assert_eq!(split_words([1_242, 621, 622]).0, "1,242 · 621 · 622");
        let (shown, whole) = split_words([1_200_316, 600_146, 600_146]);
        assert_eq!(shown, "1.2 M · 600 k · 600 k");
        assert_eq!(whole, "1,200,316 · 600,146 · 600,146");
    }
}
