//! The surface that is drawn on: pointer and keys, what is pointed at, what is selected, the menu.

use std::sync::Arc;

use eframe::egui::{self, FontId, Painter, Rect, Response, Sense, Shape, Stroke, StrokeKind, WidgetInfo};

use super::camera::{Camera, Transform};
use super::drawn::{Drawn, Scene};
use super::region::{Region, Tool};
use super::{save, sketch};
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::plot::{GraphLayout, Standing, class_name};
use crate::session::{Command, format};
use crate::ui::context::{ViewCx, WindowRequest};
use crate::ui::tokens;
use crate::ui::widgets::heatmap::FigureFormat;
use crate::ui::widgets::{shown, strong, weak};

/// Of the edges of a node that is pointed at or selected so many are drawn over the others.
const MOST_OWN: usize = 400;

/// What is remembered between frames.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    /// The part in view; the whole where `None`.
    camera: Option<Camera>,
    drawn: Drawn,
    /// What is being drawn around nodes.
    region: Option<Region>,
    /// The edges of a node of a layout, which are drawn over the others.
    own: Option<(Arc<GraphLayout>, usize, Vec<u32>)>,
    /// Where the menu was opened.
    menu_at: Option<usize>,
}

impl Canvas {
    /// How many edges are drawn of how many in view, where not all are.
    pub(super) fn thinned(&self) -> Option<(usize, usize)> {
        self.drawn.thinned()
    }

    /// How many of the nodes that are selected together are drawn, and how many there are.
    pub(super) fn n_marked(&self) -> Option<(usize, usize)> {
        self.drawn.n_marked()
    }

    /// Draws a scene into a box; `tool` says what a drag does.
    pub(super) fn ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        rect: Rect,
        (dataset, run): (&Arc<Dataset>, Option<&Arc<Run>>),
        scene: &Scene,
        tool: Tool,
    ) {
        let mut response = ui.allocate_rect(rect, Sense::click_and_drag());
        if tool != Tool::Move {
            response = response.on_hover_cursor(egui::CursorIcon::Crosshair);
        }
        let layout = &scene.layout;
        let whole = Camera::whole(layout);
        let begun = Region::begun(ui, &response, tool);
        self.region = begun.or_else(|| self.region.take());
        let camera = self.camera.unwrap_or(whole).moved(ui, &response, layout, rect, self.region.is_none());
        self.camera = (camera != whole).then_some(camera);
        let transform = camera.transform(layout, rect);
        let selected = cx.session.store().selected_node().and_then(|node| layout.find(node));
        announce(&response, dataset, scene, selected, cx.session.store().selected_nodes().map(|nodes| nodes.len()));
        ui.painter().rect_filled(rect, 0.0, cx.tokens.sunken);
        self.drawn.prepare(ui, cx.tokens, scene, camera, rect);
        self.drawn.mark(cx.tokens, scene, cx.session.store().selected_nodes());
        let pointed = response.hover_pos().filter(|_| !response.dragged());
        let hovered = pointed.and_then(|point| self.drawn.node_at(scene, camera, transform, point));
        let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
        self.drawn.paint_edges(&painter, camera, transform);
        if let Some(at) = hovered.or(selected) {
            self.own_edges_ui(cx, &painter, rect, transform, scene, at);
        }
        self.drawn.paint_rings(&painter, camera, transform);
        self.drawn.paint_nodes(&painter, camera, transform);
        self.region_ui(cx, &painter, &response, transform, layout);
        for (at, width) in [(selected, 2.0), (hovered, 1.2)] {
            let Some(at) = at else { continue };
            let (centre, radius) = (transform.at(layout.places()[at]), self.drawn.radius(at, camera) + 3.0);
            painter.circle_stroke(centre, radius, Stroke::new(width + 2.0, cx.tokens.sunken));
            painter.circle_stroke(centre, radius, Stroke::new(width, cx.tokens.text));
        }
        let frame = if response.has_focus() {
            Stroke::new(1.5, cx.tokens.accent)
        } else {
            Stroke::new(1.0, cx.tokens.separator)
        };
        ui.painter().rect_stroke(rect, 0.0, frame, StrokeKind::Outside);
        if response.clicked()
            && let Some(at) = hovered
        {
            let node = layout.nodes()[at];
            let adds = ui.input(|i| i.modifiers.command || i.modifiers.shift);
            cx.out.send(if adds { with_one(cx, node) } else { Command::SelectNode(Some(node)) });
        }
        if response.secondary_clicked() {
            self.menu_at = hovered;
        }
        self.menu_ui(cx, &response, dataset, run, scene, transform.part(rect));
        if let Some(at) = hovered {
            response.on_hover_ui_at_pointer(|ui| node_ui(cx, ui, dataset, scene, at));
        }
    }

    /// Goes on with a box or a lasso, and selects what it holds once it is done.
    fn region_ui(
        &mut self,
        cx: &ViewCx<'_>,
        painter: &Painter,
        response: &Response,
        transform: Transform,
        layout: &GraphLayout,
    ) {
        let Some(region) = &mut self.region else { return };
        if let Some(to) = response.interact_pointer_pos() {
            region.follow(to);
        }
        if response.dragged() {
            return region.paint(painter, cx.tokens);
        }
        let Some(region) = self.region.take().filter(|_| response.drag_stopped()) else { return };
        let places = layout.nodes().iter().zip(layout.places());
        let mut nodes: Vec<u32> =
            places.filter(|(_, place)| region.contains(transform.at(**place))).map(|(node, _)| *node).collect();
        if region.adds {
            nodes.extend(selected(cx));
        }
        cx.out.send(Command::SelectNodes(nodes));
    }

    /// The edges of a node that is pointed at or selected, over all others.
    fn own_edges_ui(
        &mut self,
        cx: &ViewCx<'_>,
        painter: &Painter,
        rect: Rect,
        transform: Transform,
        scene: &Scene,
        at: usize,
    ) {
        let layout = &scene.layout;
        let standings = scene.marks.as_ref().and_then(|(marks, step)| Some(&marks.steps.get((*step)?)?.edges));
        for edge in self.own_edges(layout, at) {
            let ends = layout.edges()[*edge as usize].ends.map(|end| transform.at(layout.places()[end as usize]));
            let standing = standings.map(|all| all[*edge as usize]);
            let (colour, width) = sketch::pen(cx.tokens, standing);
            let stroke = Stroke::new(width + 0.8, colour);
            if standing == Some(Standing::Removed) {
                // Only what can be seen is divided into dashes.
                if rect.expand(400.0).contains(ends[0]) && rect.expand(400.0).contains(ends[1]) {
                    painter.extend(Shape::dashed_line(&ends, stroke, 5.0, 4.0));
                }
            } else {
                painter.line_segment(ends, stroke);
            }
        }
    }

    /// The edges of a drawn node; found again when it is another one.
    fn own_edges(&mut self, layout: &Arc<GraphLayout>, at: usize) -> &[u32] {
        let is_known = self.own.as_ref().is_some_and(|(of, node, _)| Arc::ptr_eq(of, layout) && *node == at);
        if !is_known {
            let edges = layout.edges().iter().enumerate().filter(|(_, edge)| edge.ends.contains(&(at as u32)));
            let own = edges.map(|(idx, _)| idx as u32).take(MOST_OWN).collect();
            self.own = Some((Arc::clone(layout), at, own));
        }
        self.own.as_ref().map_or(&[], |(_, _, own)| own)
    }

    fn menu_ui(
        &mut self,
        cx: &ViewCx<'_>,
        response: &Response,
        dataset: &Arc<Dataset>,
        run: Option<&Arc<Run>>,
        scene: &Scene,
        part: [f32; 4],
    ) {
        response.context_menu(|ui| {
            if let Some(node) = self.menu_at.and_then(|at| scene.layout.nodes().get(at))
                && ui.button("Copy the node's id").clicked()
            {
                cx.out.request(WindowRequest::Copy(shown(dataset.node_id(*node as usize))));
                ui.close();
            }
            ui.separator();
            if ui.button("Copy picture").clicked() {
                cx.out.request(WindowRequest::CopyPicture(response.rect));
                ui.close();
            }
            for format in FigureFormat::ALL {
                if ui.button(format.label()).clicked() {
                    let step = scene.marks.as_ref().and_then(|(marks, step)| marks.steps.get((*step)?));
                    let step = step.map(|step| step.title.as_str());
                    let request = save::drawing(dataset, run, scene.clone(), step, part, format);
                    cx.out.request(WindowRequest::Save(request));
                    ui.close();
                }
            }
            ui.separator();
            if ui.add_enabled(self.camera.is_some(), egui::Button::new("Show all").shortcut_text("0")).clicked() {
                self.camera = None;
                ui.close();
            }
        });
    }
}

/// The nodes that are selected: several, one, or none.
fn selected(cx: &ViewCx<'_>) -> Vec<u32> {
    let store = cx.session.store();
    match store.selected_nodes() {
        Some(nodes) => nodes.to_vec(),
        None => store.selected_node().into_iter().collect(),
    }
}

/// What is selected with one node more, or without it where it is among them.
fn with_one(cx: &ViewCx<'_>, node: u32) -> Command {
    let mut nodes = selected(cx);
    match nodes.iter().position(|selected| *selected == node) {
        Some(at) => {
            nodes.remove(at);
        }
        None => nodes.push(node),
    }
    Command::SelectNodes(nodes)
}

/// For a screen reader: what is drawn, and which node is selected, or how many are.
fn announce(response: &Response, dataset: &Dataset, scene: &Scene, selected: Option<usize>, several: Option<usize>) {
    response.widget_info(|| {
        let mut info = WidgetInfo::labeled(egui::Role::Image, true, "Drawing of the graph");
        let layout = &scene.layout;
        let several = several.map(|n| format!(", {} selected", format::count(n as u64)));
        let node = selected.map_or_else(
            || several.unwrap_or_default(),
            |at| format!(", selected {}", shown(dataset.node_id(layout.nodes()[at] as usize))),
        );
        let (nodes, edges) = (layout.nodes().len() as u64, layout.edges().len() as u64);
        let says = format!("{} nodes, {} edges{node}", format::count(nodes), format::count(edges));
        info.current_text_value = Some(says);
        info
    });
}

/// What is known of a node, beside the pointer.
fn node_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, dataset: &Dataset, scene: &Scene, at: usize) {
    let node = scene.layout.nodes()[at] as usize;
    ui.label(strong(dataset.node_id(node)).size(tokens::TEXT));
    let mut line = |name: &str, value: String| {
        ui.horizontal(|ui| {
            ui.label(weak(cx.tokens, name).font(FontId::proportional(tokens::SMALL)));
            ui.label(shown(value));
        });
    };
    if let Some(labels) = dataset.labels() {
        let classes: Vec<String> = labels.all_of(node).into_iter().map(|class| class_name(dataset, class)).collect();
        line("class", if classes.is_empty() { "none".to_owned() } else { classes.join(", ") });
    }
    line("edges", format::count(u64::from(scene.layout.degrees()[at])));
    if let Some((marks, step)) = &scene.marks {
        let [before, after] = [0, 1].map(|way| class_name(dataset, marks.said[way][at] as usize));
        let said = if before == after { after } else { format!("{before} → {after}") };
        line("prediction", said);
        if let Some(step) = step.and_then(|step| marks.steps.get(step)) {
            let share = step.message_removed[at];
            if share.is_finite() {
                line(
                    "message removed",
                    format!("{} in {}", format::percent(f64::from(share)), step.title.to_lowercase()),
                );
            }
        }
    }
}
