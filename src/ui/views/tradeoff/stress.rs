//! Under stress: how pruned and baseline fall on disturbed graphs, one kind of disturbance at a time.

use eframe::egui;

use super::{LEAST_HEIGHT, Tradeoff, serve_ui};
use crate::engine::experiment::{StressKind, StressMasks, StressWay, summarise_stress};
use crate::engine::plot::stress_curves;
use crate::session::{Command, PagePart, Phase, StressState, stress_kind_page, stress_says};
use crate::ui::tokens;
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::curves_ui;
use crate::ui::widgets::{empty_state, page_ui, picker, shown, weak};

/// What pressing the button does.
const TIP: &str = "Adds and drops edges, puts noise on features or takes values away, makes classes and nodes with many neighbours rare: five \
                   levels, three seeds. Masks are carried over, or decided anew on every graph, which takes as long as a few hundred runs";

impl Tradeoff {
    pub(super) fn stress_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let state = &cx.session.store().stress;
        let kinds = kinds_of(state);
        if !kinds.contains(&self.disturbed) {
            self.disturbed = kinds.first().copied().unwrap_or_default();
        }
        self.toolbar_ui(cx, ui, (state.phase, state.points.len(), state.n_points), "", |_, _| {});
        if kinds.is_empty() {
            return self.nothing_ui(cx, ui, state.phase);
        }
        // A row of its own: beside the trials there is no room for it in a narrow window.
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, "Disturbed"));
            let name = |kind: StressKind| (kind.title().to_owned(), kind.axis());
            picker(ui, "Disturbed", 210.0, &kinds, &mut self.disturbed, name).labelled_by(label.id);
            self.masks_ui(cx, ui);
            self.start_ui(cx, ui, "Stress again");
        });
        let kind = self.disturbed;
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| kind_ui(cx, ui, state, kind));
    }

    /// Whose masks the next graphs have.
    fn masks_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        // Of what cannot be carried over there is no choice.
        if StressMasks::suited_to(&cx.session.store().recipe) == StressMasks::Decided {
            self.masks = StressMasks::Decided;
            return;
        }
        let name = |masks: StressMasks| match masks {
            StressMasks::Carried => (
                "masks carried over".to_owned(),
                "As a bundle in production: what was decided stays, new entries are kept",
            ),
            StressMasks::Decided => ("masks decided anew".to_owned(), "As if every disturbed graph were pruned again"),
        };
        picker(ui, "Masks under stress", 160.0, &StressMasks::ALL, &mut self.masks, name);
    }

    fn nothing_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
        let is_possible = cx.session.store().graph.is_some() && cx.session.store().model.is_some();
        let (title, next) = match (phase, is_possible) {
            (_, false) => ("Nothing to disturb yet", "Open a graph and a model first"),
            (Phase::Running, true) => ("Disturbing the graph", "Points appear as they are computed"),
            (Phase::Failed, true) => ("Stress failed", "The notices say why; change the recipe and try again"),
            (Phase::Cancelled, true) => ("Stress was cancelled", "Nothing had come yet"),
            _ => (
                "Not under stress yet",
                "Would this recipe hold on a graph with false edges, noise or other nodes to score?",
            ),
        };
        empty_state(ui, cx.tokens, title, next);
        if is_possible && phase != Phase::Running {
            ui.vertical_centered(|ui| {
                ui.add_space(8.0);
                self.start_ui(cx, ui, "Put it under stress");
                ui.add_space(4.0);
                self.masks_ui(cx, ui);
            });
        }
    }

    /// Starts.
    fn start_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, text: &str) {
        if ui.button(text).on_hover_text(TIP).clicked() {
            cx.out.send(Command::Stress(self.masks));
        }
    }
}

/// The kinds that have points, in their order.
fn kinds_of(state: &StressState) -> Vec<StressKind> {
    StressKind::ALL.into_iter().filter(|kind| state.points.iter().any(|point| point.kind == *kind)).collect()
}

/// Sentences, curve and table of one kind.
fn kind_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &StressState, kind: StressKind) {
    /// For the table.
    const BELOW: f32 = 260.0;
    let summary = summarise_stress(&state.points);
    let ways = [StressWay::AsGiven, StressWay::WithoutRecovery];
    let has_recovery = summary.iter().any(|s| s.way == StressWay::WithoutRecovery);
    // Of the kind that is at work not all levels and seeds are there: nothing is said of it yet.
    let is_at_work = state.phase == Phase::Running && state.points.last().is_some_and(|point| point.kind == kind);
    if is_at_work {
        ui.label(weak(cx.tokens, "Levels and seeds are still coming"));
    }
    for says in ways
        .into_iter()
        .filter(|_| !is_at_work)
        .filter_map(|way| stress_says(&summary, state.masks, (kind, way), has_recovery))
    {
        ui.add(egui::Label::new(shown(says)).wrap());
    }
    let model =
        cx.session.store().model.as_ref().map_or_else(String::new, |model| format!("{}, ", model.model.title()));
    let metric = state.points.first().map(|point| point.metric).unwrap_or_default();
    let curves = stress_curves(&summary, kind, metric, format!("{model}{}", state.masks.says()));
    let height = (ui.available_height() - BELOW).max(LEAST_HEIGHT);
    let output = curves_ui(ui, cx.tokens, "Accuracy under stress", &curves, height);
    serve_ui(cx, &output, &curves, &format!("under stress, {}", kind.title().to_lowercase()));
    if let Some(results) = &state.results {
        ui.add_space(2.0 * tokens::GRID);
        let page = stress_kind_page(results, kind);
        let (tables, lines): (Vec<_>, Vec<_>) = page.into_iter().partition(|part| matches!(part, PagePart::Table(_)));
        // The table may be wider than the view; sentences wrap within it.
        egui::ScrollArea::horizontal().id_salt("levels").show(ui, |ui| page_ui(ui, cx.tokens, &tables));
        page_ui(ui, cx.tokens, &lines);
    }
}
