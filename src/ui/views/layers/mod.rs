//! Layers: one row per layer, edges left, weights right; every heatmap with its histogram and its numbers.
//!
//! The view only asks for pictures and paints the answers; while one is computed, the one before is stretched into its place.

mod cell;
mod channels;
mod hops;
mod place;
mod save;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{self, Rect, UiBuilder, pos2, vec2};

use self::cell::Cell;
use self::channels::ChannelStrip;
use self::place::Place;
pub(crate) use self::words::ESTIMATE_SAYS;
pub(super) use self::words::state as run_state;
use super::next::next_ui;
use super::{Pane, View, ViewCx, WindowRequest, selecting};
use crate::engine::experiment::Run;
use crate::engine::model::StepKind;
use crate::engine::plot::{Atlas, NodeOrder, RasterMode, Side, Viewport};
use crate::engine::sparsify::ChannelTrace;
use crate::session::jobs::Lane;
use crate::session::{AtlasRequest, NextStep, Store};
use crate::ui::widgets::heatmap::GUTTER_BELOW;
use crate::ui::widgets::{chip, empty_state, picker, weak};
use crate::ui::words::Say as _;

/// The view; it holds only what is looked at, and how.
#[derive(Debug, Default)]
pub(super) struct Layers {
    mode: RasterMode,
    order: NodeOrder,
    /// Of a decoupled network: the hop whose edges are shown.
    hop: usize,
    /// Which of the weight matrices of every layer, where layers have several.
    matrix: usize,
    cells: BTreeMap<(Side, usize), Cell>,
    /// One for every hidden representation whose channels may go.
    strips: Vec<ChannelStrip>,
    /// The newest order that is there.
    atlas: Option<Arc<Atlas>>,
    /// The entry of the graph under the pointer, as `(column, row)`, marked in all heatmaps of edges.
    pointed: Option<(usize, usize)>,
    link: Link,
}

/// One zoom for all heatmaps of edges, which have the same axes.
#[derive(Debug, Default)]
struct Link {
    is_on: bool,
    /// The part in view in all of them; the whole where `None`.
    view: Option<Viewport>,
}

/// Between the two columns.
const GAP: f32 = 14.0;
/// A row is not squeezed below this height; then the view scrolls. Upwards it grows with the window.
const LEAST_HEIGHT: f32 = 290.0;
/// Of a row, what stands above and below a heatmap.
const AROUND: f32 = cell::AROUND + GUTTER_BELOW;
/// The words beside the numbers of a matrix need this width.
const LEAST_WIDTH: f32 = 400.0;
/// Right of a square matrix, for the small map and the legend, and left of it for names.
const BESIDE: f32 = 240.0;

/// What stands in one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    left: Option<Left>,
    /// Position in the run's steps.
    weights: Option<usize>,
    /// Of the hidden representation behind it, by its position among those of the run.
    channels: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Edges of a step, by its position in the run's steps.
    Edges(usize),
    /// All hops at a glance.
    Hops,
    /// That this network propagates over no graph.
    NoGraph,
}

impl View for Layers {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let said = cx.session.words();
        let store = cx.session.store();
        let Some(run) = store.shown() else { return nothing_ui(cx, ui) };
        let run = Arc::clone(run);
        self.toolbar_ui(cx, ui, &run);
        let Some(atlas) = self.ordered(cx, &run) else {
            return empty_state(
                ui,
                cx.tokens,
                &said.text("layers-ordering"),
                &words::order_title(cx.session.words(), self.order),
            );
        };
        let rows = self.rows(&run);
        let mut pointed = None;
        let available = ui.available_height();
        let shown_rows = rows.len().clamp(1, 2) as f32;
        let shown_strips = rows.iter().take(2).filter(|row| row.channels.is_some()).count() as f32;
        let available = available - 4.0 - shown_strips * channels::HEIGHT;
        let height = (available / shown_rows).max(LEAST_HEIGHT).floor();
        egui::ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            for row in rows {
                let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), height), egui::Sense::hover());
                if ui.is_rect_visible(rect) {
                    self.row_ui(cx, ui, rect, &run, &atlas, row, &mut pointed);
                }
                if let Some(at) = row.channels {
                    let size = vec2(ui.available_width(), channels::HEIGHT);
                    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
                    if ui.is_rect_visible(rect) {
                        self.channels_ui(cx, ui, rect, &run, at);
                    }
                }
            }
        });
        if pointed != self.pointed {
            self.pointed = pointed;
            ui.ctx().request_repaint();
        }
    }
}

impl Layers {
    fn toolbar_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Arc<Run>) {
        let said = cx.session.words();
        ui.horizontal(|ui| {
            let label = ui.label(weak(cx.tokens, said.text("layers-show")));
            let show = |mode: RasterMode| (words::mode_title(said, mode), words::mode_says(said, mode));
            let attends = run.pruned.steps.iter().any(|s| Side::Edges.n_heads(s) > 0);
            if self.mode == RasterMode::Attention(None) && !attends {
                self.mode = RasterMode::default();
            }
            let is_recovered = run.recipe.recovery.is_some();
            if self.mode == RasterMode::Changed && !is_recovered {
                self.mode = RasterMode::default();
            }
            let modes = RasterMode::ALL
                .into_iter()
                .chain(attends.then_some(RasterMode::Attention(None)))
                .chain(is_recovered.then_some(RasterMode::Changed));
            let modes: Vec<RasterMode> = modes.collect();
            picker(ui, &said.text("layers-show"), 178.0, &modes, &mut self.mode, show).labelled_by(label.id);
            ui.add_space(6.0);
            let label = ui.label(weak(cx.tokens, said.text("layers-nodes")));
            let nodes = |order: NodeOrder| (words::order_title(said, order), words::order_says(said, order));
            picker(ui, &said.text("layers-order"), 112.0, &NodeOrder::ALL, &mut self.order, nodes)
                .labelled_by(label.id);
            self.matrix_ui(cx, ui, run);
            self.link_ui(ui, run);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let (text, says, is_stale) = words::state(cx.session, run);
                let (ink, ground) = if is_stale {
                    (cx.tokens.warning, cx.tokens.warning_weak)
                } else {
                    (cx.tokens.text_weak, cx.tokens.sunken)
                };
                chip(ui, &text, ink, ground).on_hover_text(says);
            });
        });
        ui.add_space(2.0);
    }

    /// Whether all heatmaps of edges are zoomed as one, where there are several.
    fn link_ui(&mut self, ui: &mut egui::Ui, run: &Run) {
        let said = ui.words();
        if run.pruned.steps.iter().filter(|step| step.edges.is_some()).count() < 2 {
            self.link = Link::default();
            return;
        }
        ui.add_space(6.0);
        let says = said.text("layers-link-says");
        if ui.checkbox(&mut self.link.is_on, said.text("layers-link")).on_hover_text(says).changed() && self.link.is_on
        {
            // What has been zoomed already leads.
            let edges = self.cells.iter().filter(|((side, _), _)| *side == Side::Edges);
            self.link.view = edges.map(|(_, cell)| cell.view()).find(Option::is_some).flatten();
        }
    }

    /// Which weight matrix to show, where a layer has several.
    fn matrix_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Run) {
        let said = cx.session.words();
        let Some(step) = run.pruned.steps.iter().find(|s| s.weights.len() > 1) else { return };
        self.matrix = self.matrix.min(step.weights.len() - 1);
        ui.add_space(6.0);
        let label = ui.label(weak(cx.tokens, said.text("layers-weights")));
        let all: Vec<usize> = (0..step.weights.len()).collect();
        let name = |at: usize| (step.matrix_name(at), said.text("layers-weight-matrix-says"));
        picker(ui, &said.text("layers-weight-matrix"), 84.0, &all, &mut self.matrix, name).labelled_by(label.id);
    }

    /// The nodes in the chosen order; the order before while it is computed.
    fn ordered(&mut self, cx: &ViewCx<'_>, run: &Run) -> Option<Arc<Atlas>> {
        let request = AtlasRequest {
            dataset: Arc::clone(&run.dataset),
            matrix: run.recipe.matrix(),
            by: self.order,
            seed: run.recipe.seed,
        };
        let desk = &cx.session.store().desk;
        if let Some(atlas) = desk.answer_to(&request) {
            self.atlas = Some(Arc::clone(&atlas));
        } else if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        self.atlas.clone().filter(|a| Arc::ptr_eq(a.dataset(), &run.dataset))
    }

    fn rows(&mut self, run: &Run) -> Vec<Row> {
        let of_kind = |kind: StepKind| {
            run.pruned.steps.iter().enumerate().filter(move |(_, s)| s.kind == kind).map(|(i, _)| i).collect::<Vec<_>>()
        };
        let row = |left: Option<Left>, weights: Option<usize>| {
            let layer = weights.and_then(|at| run.pruned.steps.get(at)).map(|step| step.idx);
            let is_its = |trace: &ChannelTrace| Some(trace.layer) == layer && !trace.order.is_empty();
            let channels = run.pruned.channels.iter().position(is_its);
            Row { left, weights, channels }
        };
        let convolutions = of_kind(StepKind::Convolution).into_iter();
        let mut rows: Vec<Row> = convolutions.map(|i| row(Some(Left::Edges(i)), Some(i))).collect();
        let (hops, layers) = (of_kind(StepKind::Hop), of_kind(StepKind::Linear));
        if !hops.is_empty() {
            self.hop = self.hop.min(hops.len() - 1);
            let mut left = [Some(Left::Edges(hops[self.hop])), Some(Left::Hops)].into_iter();
            let n_rows = layers.len().max(2);
            for at in 0..n_rows {
                rows.push(row(left.next().flatten(), layers.get(at).copied()));
            }
        } else if rows.is_empty() {
            let mut left = Some(Left::NoGraph);
            rows.extend(layers.into_iter().map(|i| row(left.take(), Some(i))));
        }
        rows
    }

    fn channels_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, rect: Rect, run: &Run, at: usize) {
        let Some(trace) = run.pruned.channels.get(at) else { return };
        if self.strips.len() <= at {
            self.strips.resize_with(at + 1, ChannelStrip::default);
        }
        let rect = rect.with_max_y(rect.bottom() - 6.0);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt(("channels", at)));
        self.strips[at].ui(cx, &mut child, rect, run, trace);
    }

    fn row_ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        rect: Rect,
        run: &Arc<Run>,
        atlas: &Arc<Atlas>,
        row: Row,
        pointed: &mut Option<(usize, usize)>,
    ) {
        let said = cx.session.words();
        // A square of edges needs no more than its side; what is left is the weights'.
        let square = (rect.height() - AROUND + BESIDE).max(LEAST_WIDTH);
        let middle = rect.center().x.min(rect.left() + square + GAP / 2.0);
        let left = Rect::from_min_max(rect.min, pos2(middle - GAP / 2.0, rect.bottom() - 4.0));
        let right = Rect::from_min_max(pos2(middle + GAP / 2.0, rect.top()), rect.right_bottom() - vec2(0.0, 4.0));
        // The node that is looked at stays marked where nothing is pointed at.
        let store = cx.session.store();
        let selected = selecting::marked(store, atlas);
        let (mode, marked) = (self.mode, self.pointed.or(selected));
        let link = &mut self.link;
        let mut one =
            |cells: &mut BTreeMap<(Side, usize), Cell>, ui: &mut egui::Ui, rect: Rect, side: Side, step: usize| {
                let place = Place { run, atlas, step, side, mode };
                let cell = cells.entry((side, step)).or_default();
                let is_linked = side == Side::Edges && link.is_on;
                if is_linked {
                    cell.set_view(link.view);
                }
                let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt((side, step)));
                let mark = match side {
                    Side::Edges => marked,
                    Side::Weights(nth) => {
                        let matrix = place.trace().and_then(|step| step.weights.get(nth)).map(|weights| weights.idx);
                        let place = store.selected_weight().filter(|place| Some(place.matrix) == matrix);
                        place.map(|place| (place.input, place.output))
                    }
                };
                let hovered = cell.ui(cx, &mut child, rect, &place, mark);
                if is_linked && cell.view() != link.view {
                    link.view = cell.view();
                    child.ctx().request_repaint();
                }
                if side == Side::Edges && hovered.is_some() {
                    *pointed = hovered;
                }
            };
        match row.left {
            Some(Left::Edges(step)) => one(&mut self.cells, ui, left, Side::Edges, step),
            Some(Left::Hops) => {
                let mut child = ui.new_child(UiBuilder::new().max_rect(left).id_salt("hops"));
                hops::ui(cx, &mut child, left, run, &mut self.hop);
            }
            Some(Left::NoGraph) => {
                let mut child = ui.new_child(UiBuilder::new().max_rect(left).id_salt("no graph"));
                let next = said.text("layers-no-graph-next");
                empty_state(&mut child, cx.tokens, &said.text("layers-no-graph"), &next);
            }
            None => {}
        }
        if let Some(step) = row.weights {
            let n = run.pruned.steps.get(step).map_or(0, |s| s.weights.len());
            one(&mut self.cells, ui, right, Side::Weights(self.matrix.min(n.saturating_sub(1))), step);
        }
    }
}

fn nothing_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui) {
    let said = cx.session.words();
    let store: &Store = cx.session.store();
    if let Some(fault) = &store.preview_fault {
        empty_state(ui, cx.tokens, &said.text("layers-no-preview"), fault);
        return;
    }
    match (&store.graph, &store.model) {
        (None, _) => {
            empty_state(ui, cx.tokens, &said.text("layers-nothing-open"), &said.text("layers-nothing-open-next"));
        }
        (Some(_), None) if cx.session.is_busy(&Lane::Train) => {
            empty_state(ui, cx.tokens, &said.text("layers-training"), &said.text("layers-training-next"));
            ui.vertical_centered(|ui| {
                ui.add_space(8.0);
                if ui.add(egui::Button::new(said.text("layers-show-training")).min_size(vec2(220.0, 28.0))).clicked() {
                    cx.out.request(WindowRequest::Show(Pane::Training));
                }
            });
        }
        (Some(graph), None) => {
            let has_labels = graph.dataset.labels().is_some();
            let next = if has_labels { said.text("layers-open-labelled") } else { said.text("layers-open-unlabelled") };
            empty_state(ui, cx.tokens, &said.text("layers-no-model"), &next);
            ui.vertical_centered(|ui| {
                ui.add_space(8.0);
                for step in NextStep::of(Some(has_labels), false) {
                    next_ui(cx, ui, *step, vec2(220.0, 28.0));
                    ui.add_space(4.0);
                }
            });
        }
        _ if cx.session.is_busy(&Lane::Preview) => {
            empty_state(ui, cx.tokens, &said.text("layers-first-preview"), &said.text("layers-first-preview-next"));
        }
        // Both are open, so what loads is the recipe to start with.
        _ if cx.session.is_busy(&Lane::Load) => {
            empty_state(ui, cx.tokens, &said.text("layers-safe-start"), &said.text("layers-safe-start-next"));
        }
        _ => empty_state(ui, cx.tokens, &said.text("layers-no-result"), &said.text("layers-no-result-next")),
    }
}
