//! Under stress: how pruned and baseline fall on disturbed graphs, one kind of disturbance at a time.

use eframe::egui;

use super::{LEAST_HEIGHT, Tradeoff, serve_ui};
use crate::engine::experiment::{EvaluatedOn, StressKind, StressMasks, StressWay, summarise_stress};
use crate::engine::graph::Metric;
use crate::engine::plot::{CurveStyle, Curves, stress_curves};
use crate::session::trial_words::{evaluated_on, metric_title};
use crate::session::words::{Language, Words};
use crate::session::{Command, PagePart, Phase, StressState, stress_kind_page, stress_says};
use crate::ui::tokens;
use crate::ui::views::ViewCx;
use crate::ui::widgets::plot::curves_ui;
use crate::ui::widgets::{empty_state, page_ui, picker, shown, weak};

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
            let words = cx.session.words();
            let disturbed = words.text("tradeoff-stress-disturbed");
            let label = ui.label(weak(cx.tokens, disturbed.as_str()));
            let name = |kind: StressKind| (words.text(kind_key(kind)), words.text(level_key(kind)));
            picker(ui, &disturbed, 210.0, &kinds, &mut self.disturbed, name).labelled_by(label.id);
            self.masks_ui(cx, ui);
            self.start_ui(cx, ui, "tradeoff-stress-again");
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
        let words = cx.session.words();
        let name = |masks: StressMasks| (words.text(masks_key(masks)), words.hint(masks_key(masks)));
        picker(ui, &words.text("tradeoff-stress-masks"), 160.0, &StressMasks::ALL, &mut self.masks, name);
    }

    fn nothing_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, phase: Phase) {
        let is_possible = cx.session.store().graph.is_some() && cx.session.store().model.is_some();
        let (title, next) = match (phase, is_possible) {
            (_, false) => ("tradeoff-stress-nothing", "tradeoff-open-first"),
            (Phase::Running, true) => ("tradeoff-stress-running", "tradeoff-points-appear"),
            (Phase::Failed, true) => ("tradeoff-stress-failed", "tradeoff-change-recipe"),
            (Phase::Cancelled, true) => ("tradeoff-stress-cancelled", "tradeoff-nothing-came"),
            _ => ("tradeoff-stress-none", "tradeoff-stress-next"),
        };
        let words = cx.session.words();
        empty_state(ui, cx.tokens, &words.text(title), &words.text(next));
        if is_possible && phase != Phase::Running {
            ui.vertical_centered(|ui| {
                ui.add_space(8.0);
                self.start_ui(cx, ui, "tradeoff-stress-start");
                ui.add_space(4.0);
                self.masks_ui(cx, ui);
            });
        }
    }

    /// Starts.
    fn start_ui(&self, cx: &ViewCx<'_>, ui: &mut egui::Ui, key: &str) {
        let words = cx.session.words();
        if ui.button(words.text(key)).on_hover_text(words.text("tradeoff-stress-says")).clicked() {
            cx.out.send(Command::Stress(self.masks));
        }
    }
}

/// By which the name of a kind is found.
fn kind_key(kind: StressKind) -> &'static str {
    match kind {
        StressKind::AddedEdges => "tradeoff-kind-added-edges",
        StressKind::AddedBetweenClasses => "tradeoff-kind-added-between-classes",
        StressKind::DroppedEdges => "tradeoff-kind-dropped-edges",
        StressKind::DroppedBetweenClasses => "tradeoff-kind-dropped-between-classes",
        StressKind::FeatureNoise => "tradeoff-kind-feature-noise",
        StressKind::MissingFeatures => "tradeoff-kind-missing-features",
        StressKind::UniformLabels => "tradeoff-kind-uniform-labels",
        StressKind::PairwiseLabels => "tradeoff-kind-pairwise-labels",
        StressKind::ClassImbalance => "tradeoff-kind-class-imbalance",
        StressKind::DegreeBias => "tradeoff-kind-degree-bias",
    }
}

/// By which what its level counts is found.
fn level_key(kind: StressKind) -> &'static str {
    match kind {
        StressKind::AddedEdges => "tradeoff-level-added-edges",
        StressKind::AddedBetweenClasses => "tradeoff-level-added-between-classes",
        StressKind::DroppedEdges => "tradeoff-level-dropped-edges",
        StressKind::DroppedBetweenClasses => "tradeoff-level-dropped-between-classes",
        StressKind::FeatureNoise => "tradeoff-level-feature-noise",
        StressKind::MissingFeatures => "tradeoff-level-missing-features",
        StressKind::UniformLabels | StressKind::PairwiseLabels => "tradeoff-level-labels",
        StressKind::ClassImbalance => "tradeoff-level-class-imbalance",
        StressKind::DegreeBias => "tradeoff-level-degree-bias",
    }
}

/// By which the words on masks are found.
fn masks_key(masks: StressMasks) -> &'static str {
    match masks {
        StressMasks::Carried => "tradeoff-stress-carried",
        StressMasks::Decided => "tradeoff-stress-decided",
    }
}

/// The curves of one kind with the names that a person reads.
fn in_words(mut curves: Curves, kind: StressKind, metric: Metric, words: &Words) -> Curves {
    let measured =
        [("part", evaluated_on(EvaluatedOn::Test, words).into()), ("metric", metric_title(metric, words).into())];
    curves.title = words.text(kind_key(kind));
    curves.x.name = words.text(level_key(kind));
    curves.y.name = words.with("tradeoff-axis-score-on", &measured);
    let has_two = curves.series.len() > 2;
    for curve in &mut curves.series {
        curve.name = words.text(if curve.style == CurveStyle::Dashed {
            "tradeoff-stress-baseline"
        } else if curve.name == StressWay::WithoutRecovery.title(true) {
            "tradeoff-stress-pruned-alone"
        } else if has_two {
            "tradeoff-stress-pruned-recovered"
        } else {
            "tradeoff-stress-pruned"
        });
    }
    curves
}

/// The kinds that have points, in their order.
fn kinds_of(state: &StressState) -> Vec<StressKind> {
    StressKind::ALL.into_iter().filter(|kind| state.points.iter().any(|point| point.kind == *kind)).collect()
}

/// Sentences, curve and table of one kind.
fn kind_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, state: &StressState, kind: StressKind) {
    /// For the table.
    const BELOW: f32 = 260.0;
    let words = cx.session.words();
    let summary = summarise_stress(&state.points);
    let ways = [StressWay::AsGiven, StressWay::WithoutRecovery];
    let has_recovery = summary.iter().any(|s| s.way == StressWay::WithoutRecovery);
    // Of the kind that is at work not all levels and seeds are there: nothing is said of it yet.
    let is_at_work = state.phase == Phase::Running && state.points.last().is_some_and(|point| point.kind == kind);
    if is_at_work {
        ui.label(weak(cx.tokens, words.text("tradeoff-stress-coming")));
    }
    for says in ways
        .into_iter()
        .filter(|_| !is_at_work)
        .filter_map(|way| stress_says(&summary, state.masks, (kind, way), has_recovery))
    {
        ui.add(egui::Label::new(shown(says)).wrap());
    }
    let model = cx.session.store().model.as_ref().map(|model| model.model.title());
    let metric = state.points.first().map(|point| point.metric).unwrap_or_default();
    let subtitle = |words: &Words| {
        let masks = words.text(masks_key(state.masks));
        let of = |model: &String| [("model", model.clone().into()), ("masks", masks.clone().into())];
        model.as_ref().map_or_else(|| masks.clone(), |model| words.with("tradeoff-stress-subtitle", &of(model)))
    };
    let curves_of = |words: &Words| stress_curves(&summary, kind, metric, subtitle(words));
    let curves = in_words(curves_of(words), kind, metric, words);
    let height = (ui.available_height() - BELOW).max(LEAST_HEIGHT);
    let output = curves_ui(ui, cx.tokens, &words.text("tradeoff-stress-chart"), &curves, height);
    let of_file = || curves_of(Words::of(Language::English));
    serve_ui(cx, &output, of_file, &format!("under stress, {}", kind.title().to_lowercase()));
    if let Some(results) = &state.results {
        ui.add_space(2.0 * tokens::GRID);
        let page = stress_kind_page(results, kind);
        let (tables, lines): (Vec<_>, Vec<_>) = page.into_iter().partition(|part| matches!(part, PagePart::Table(_)));
        // The table may be wider than the view; sentences wrap within it.
        egui::ScrollArea::horizontal().id_salt("levels").show(ui, |ui| page_ui(ui, cx.tokens, &tables));
        page_ui(ui, cx.tokens, &lines);
    }
}
