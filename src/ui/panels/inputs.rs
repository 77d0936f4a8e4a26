//! What is open: the graph's card, the model's card; and how to open something else.

use eframe::egui;

use super::fields::{path_field, report_ui, title_row};
use super::{gallery, model_card};
use crate::session::{LoadedGraph, Store, format};
use crate::ui::context::{View, ViewCx, WindowRequest};
use crate::ui::tokens::{self, Tokens};
use crate::ui::widgets::{bars, section, shown, value_row, weak};

/// The panel; it holds only the path that is being typed.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    typed: String,
}

impl View for Inputs {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let store = cx.session.store();
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            match &store.graph {
                Some(graph) => graph_card(ui, cx.tokens, graph, store),
                None => nothing(ui, cx.tokens, "No graph", "Open one, or take a sample"),
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
        section(ui, cx.tokens, "Open");
        ui.horizontal_wrapped(|ui| {
            ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
            ui.spacing_mut().item_spacing.x = 4.0;
            if ui.button("Open…").on_hover_text("A graph, a model, a recipe or a project").clicked() {
                cx.out.request(WindowRequest::OpenDialog);
            }
            ui.menu_button("Samples ▼", |ui| gallery::menu_ui(cx, ui));
            let recent = &cx.session.store().recent;
            if !recent.is_empty() {
                ui.menu_button("Recent ▼", |ui| gallery::recent_ui(cx, ui, recent));
            }
        });
        path_field(cx, ui, &mut self.typed);
        ui.label(weak(cx.tokens, "or drop files onto the window").size(tokens::SMALL));
    }
}

/// Where the model would be: what became of it, or how to get one.
fn no_model_ui(ui: &mut egui::Ui, tokens: &Tokens, store: &Store) {
    let Some(closed) = &store.closed_model else { return nothing(ui, tokens, "No model", "Open one, or train") };
    section(ui, tokens, "No model");
    let text = format!("⚠ {} was closed: it does not fit {}", closed.name, closed.graph);
    ui.label(egui::RichText::new(shown(&text)).color(tokens.warning).size(tokens::SMALL))
        .on_hover_text(shown(&closed.spec));
    ui.label(weak(tokens, &closed.why).size(tokens::SMALL));
    ui.label(weak(tokens, "Open one that fits, or train"));
}

fn nothing(ui: &mut egui::Ui, tokens: &Tokens, title: &str, next: &str) {
    section(ui, tokens, title);
    ui.label(weak(tokens, next));
}

fn graph_card(ui: &mut egui::Ui, tokens: &Tokens, graph: &LoadedGraph, store: &Store) {
    let stats = &graph.stats;
    title_row(ui, tokens, graph.dataset.name(), &graph.spec);
    let count = |n: usize| format::count(n as u64);
    value_row(ui, tokens, "Nodes", &count(stats.n_nodes));
    value_row(ui, tokens, "Entries", &count(stats.n_entries))
        .on_hover_text("Stored directed entries of the adjacency matrix, self-loops included");
    value_row(ui, tokens, "Self-loops", &count(stats.n_self_loops)).on_hover_text("They are never removed");
    if stats.n_isolated > 0 {
        value_row(ui, tokens, "Isolated", &count(stats.n_isolated));
    }
    value_row(ui, tokens, "Features", &count(stats.n_features))
        .on_hover_text(format!("{} of the values are not zero", format::percent(stats.feature_density)));
    value_row(ui, tokens, "Classes", &count(stats.n_classes));
    if let Some(homophily) = stats.homophily {
        value_row(ui, tokens, "Homophily", &format::percent(homophily))
            .on_hover_text("Share of the entries that join nodes of one class");
    }
    if let Some(split) = shown_split(store, graph) {
        let (shown, whole) = split_words(split);
        value_row(ui, tokens, "Split", &shown).on_hover_text(format!("Nodes that train, validate and test: {whole}"));
    }
    value_row(
        ui,
        tokens,
        "Degree",
        &format!("{}–{}, mean {:.1}", count(stats.degree_min), count(stats.degree_max), stats.degree_mean),
    )
    .on_hover_text("Smallest to largest and mean number of neighbours, self-loops left out");
    let name = "Nodes by degree, every bar twice as wide as the one before";
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
