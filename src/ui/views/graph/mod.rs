//! Graph: nodes and edges as a drawing, what each layer removes of it, and how nodes fare.
//!
//! Layout, what the run did and the colours are computed in the background; the view moves what it has.

mod camera;
mod canvas;
mod drawn;
mod film;
mod legend;
mod region;
mod save;
mod sketch;

use std::sync::{Arc, Weak};

use eframe::egui::{self, Vec2};

use self::canvas::Canvas;
use self::drawn::Scene;
use self::film::Film;
use self::region::Tool;
use super::layers::run_state;
use super::next::next_ui;
use super::{View, ViewCx};
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::plot::{GraphLayout, GraphMarks, NodeColouring, NodeShades};
use crate::session::jobs::Lane;
use crate::session::{Command, LayoutRequest, MarksRequest, NextStep, ShadesRequest, format};
use crate::ui::tokens;
use crate::ui::widgets::{chip, empty_state, picker, weak};

/// What the chooser of layers shows for the graph before anything is removed.
const UNPRUNED: &str = "Unpruned";

/// The view; it holds only what is looked at, and how.
#[derive(Debug)]
pub(super) struct Graph {
    by: NodeColouring,
    /// The layer whose edges are coloured, by its place among the steps that propagate; `None` for the graph before anything is removed.
    step: Option<usize>,
    film: Option<Film>,
    tool: Tool,
    /// The layout of the open graph.
    layout: Option<(Weak<Dataset>, Arc<GraphLayout>)>,
    /// The newest colours, and the layout they are of.
    shades: Option<(Arc<GraphLayout>, Arc<NodeShades>)>,
    canvas: Canvas,
}

impl Default for Graph {
    fn default() -> Self {
        let (by, step) = (NodeColouring::default(), Some(0));
        Self { by, step, film: None, tool: Tool::default(), layout: None, shades: None, canvas: Canvas::default() }
    }
}

/// The run that is shown, and what it did to the drawing.
type Marked = (Arc<Run>, Arc<GraphMarks>);

impl View for Graph {
    fn ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui) {
        let Some(graph) = &cx.session.store().graph else {
            return empty_state(ui, cx.tokens, "No graph is open", "Open a graph to see its nodes and edges");
        };
        let dataset = &graph.dataset;
        let Some(layout) = self.laid_out(cx, dataset) else {
            next_steps_ui(cx, ui, dataset);
            return layout_ui(cx, ui, dataset);
        };
        if layout.nodes().is_empty() {
            return empty_state(ui, cx.tokens, "The graph has no nodes", "There is nothing to draw");
        }
        let run = cx.session.store().shown().filter(|run| Arc::ptr_eq(&run.dataset, dataset));
        let marked = run.and_then(|run| marked(cx, run, &layout));
        let n_steps = marked.as_ref().map_or(0, |(_, marks)| marks.steps.len());
        self.step = self.step.map(|step| step.min(n_steps.saturating_sub(1)));
        if let Some(film) = self.film {
            let is_last;
            (self.step, is_last) = film.now(ui.ctx(), n_steps);
            self.film = self.film.filter(|_| !is_last);
        }
        if marked.is_none() && self.by.needs_run() {
            self.by = NodeColouring::default();
        }
        self.toolbar_ui(cx, ui, dataset, marked.as_ref());
        let step = self.step.filter(|step| *step < n_steps);
        let Some(shades) = self.coloured(cx, dataset, &layout, marked.as_ref()) else {
            return empty_state(ui, cx.tokens, "Colouring the nodes", self.by.title());
        };
        let scene = Scene { layout, shades, marks: marked.as_ref().map(|(_, marks)| (Arc::clone(marks), step)) };
        self.body_ui(cx, ui, dataset, marked.as_ref(), &scene);
    }
}

impl Graph {
    /// Where the nodes stand; asks for it where that is not known.
    fn laid_out(&mut self, cx: &ViewCx<'_>, dataset: &Arc<Dataset>) -> Option<Arc<GraphLayout>> {
        let is_of_this = |of: &Weak<Dataset>| std::ptr::eq(of.as_ptr(), Arc::as_ptr(dataset));
        if let Some((_, layout)) = self.layout.as_ref().filter(|(of, _)| is_of_this(of)) {
            return Some(Arc::clone(layout));
        }
        (self.layout, self.shades) = (None, None);
        let (request, desk) = (LayoutRequest { dataset: Arc::clone(dataset) }, &cx.session.store().desk);
        if let Some(layout) = desk.answer_to(&request) {
            self.canvas = Canvas::default();
            self.layout = Some((Arc::downgrade(dataset), Arc::clone(&layout)));
            return Some(layout);
        }
        if !desk.is_settled(&request) && !desk.was_cancelled(&request) {
            cx.out.compute(request);
        }
        None
    }

    /// What the nodes are coloured by; what was shown before while that is computed.
    fn coloured(
        &mut self,
        cx: &ViewCx<'_>,
        dataset: &Arc<Dataset>,
        layout: &Arc<GraphLayout>,
        marked: Option<&Marked>,
    ) -> Option<Arc<NodeShades>> {
        let request = ShadesRequest {
            dataset: Arc::clone(dataset),
            layout: Arc::clone(layout),
            by: self.by,
            marked: marked.cloned(),
            step: self.step.unwrap_or(0),
        };
        let desk = &cx.session.store().desk;
        if let Some(shades) = desk.answer_to(&request) {
            self.shades = Some((Arc::clone(layout), shades));
        } else if !desk.is_settled(&request) {
            cx.out.compute(request);
        }
        self.shades.as_ref().filter(|(of, _)| Arc::ptr_eq(of, layout)).map(|(_, shades)| Arc::clone(shades))
    }

    fn toolbar_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, dataset: &Dataset, marked: Option<&Marked>) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(weak(cx.tokens, "Nodes by"));
            let has_split = marked.is_some() || !dataset.splits().is_empty();
            let choices = NodeColouring::ALL.into_iter().filter(|by| match by {
                NodeColouring::Split => has_split,
                by => marked.is_some() || !by.needs_run(),
            });
            let choices: Vec<NodeColouring> = choices.collect();
            let name = |by: NodeColouring| (by.title().to_owned(), by.says());
            picker(ui, "Nodes by", 140.0, &choices, &mut self.by, name).labelled_by(label.id);
            match marked {
                Some((run, marks)) if !marks.steps.is_empty() => self.steps_ui(cx, ui, run, marks),
                _ => {}
            }
            self.tools_ui(ui);
        });
        if marked.is_none() {
            next_steps_ui(cx, ui, dataset);
        }
        ui.add_space(2.0);
    }

    /// What a drag does.
    fn tools_ui(&mut self, ui: &mut egui::Ui) {
        ui.add_space(6.0);
        for tool in Tool::ALL {
            if ui.selectable_label(self.tool == tool, tool.title()).on_hover_text(tool.says()).clicked() {
                self.tool = tool;
            }
        }
    }

    fn steps_ui(&mut self, cx: &ViewCx<'_>, ui: &mut egui::Ui, run: &Run, marks: &GraphMarks) {
        ui.add_space(6.0);
        let label = ui.label(weak(cx.tokens, "Edges of"));
        let steps: Vec<Option<usize>> = std::iter::once(None).chain((0..marks.steps.len()).map(Some)).collect();
        let title = |step: Option<usize>| step.and_then(|at| marks.steps.get(at)).map_or(UNPRUNED, |step| &step.title);
        let name = |step: Option<usize>| {
            let says =
                if step.is_some() { "What it keeps and removes" } else { "All edges, before anything is removed" };
            (title(step).to_owned(), says)
        };
        let before = self.step;
        picker(ui, "Edges of", 92.0, &steps, &mut self.step, name).labelled_by(label.id);
        if self.step != before {
            self.film = None;
        }
        if self.film.is_some() {
            if ui.button("Stop").on_hover_text("Stay at this layer").clicked() {
                self.film = None;
            }
        } else if ui.button("Play").on_hover_text("From the whole graph through all layers").clicked() {
            self.film = Some(Film::start(ui.ctx()));
            ui.ctx().request_repaint();
        }
        let (text, says, is_stale) = run_state(cx.session, run);
        let (ink, ground) = if is_stale {
            (cx.tokens.warning, cx.tokens.warning_weak)
        } else {
            (cx.tokens.text_weak, cx.tokens.sunken)
        };
        chip(ui, &text, ink, ground).on_hover_text(says);
    }

    /// The drawing, its legend, and what it shows in a line.
    fn body_ui(
        &mut self,
        cx: &ViewCx<'_>,
        ui: &mut egui::Ui,
        dataset: &Arc<Dataset>,
        marked: Option<&Marked>,
        scene: &Scene,
    ) {
        const LINE: f32 = 18.0;
        let full = ui.available_rect_before_wrap();
        let has_room = full.width() > 3.0 * legend::WIDTH;
        let right = if has_room { full.right() - legend::WIDTH - 10.0 } else { full.right() };
        let most = full.with_max_x(right).with_max_y((full.bottom() - LINE).max(full.top() + 40.0));
        self.canvas.ui(cx, ui, most, (dataset, marked.map(|(run, _)| run)), scene, self.tool);
        if has_room {
            let place = full.with_min_x(right + 10.0).with_max_y(most.bottom());
            let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place).id_salt("legend"));
            egui::ScrollArea::vertical().auto_shrink(false).show(&mut child, |ui| legend::ui(ui, cx.tokens, scene));
        }
        let line = egui::Rect::from_min_max(egui::pos2(full.left(), most.bottom() + 2.0), full.max);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(line).id_salt("counts"));
        let says = weak(cx.tokens, self.says(cx, scene)).size(tokens::SMALL);
        child.add(egui::Label::new(says).truncate());
        ui.advance_cursor_after_rect(full);
    }

    /// What is drawn, of how much.
    fn says(&self, cx: &ViewCx<'_>, scene: &Scene) -> String {
        let layout = &scene.layout;
        let mut says = vec![layout.sample_says(format::count).unwrap_or_else(|| {
            let (nodes, edges) = (layout.nodes().len() as u64, layout.edges().len() as u64);
            format!("{} nodes, {} edges", format::count(nodes), format::count(edges))
        })];
        if let Some((drawn, all)) = self.canvas.thinned() {
            let (drawn, all) = (format::count(drawn as u64), format::count(all as u64));
            says.push(format!("here {drawn} of {all} edges, drawn by lot: come nearer for the others"));
        }
        if let Some((marks, Some(step))) = &scene.marks
            && let Some(step) = marks.steps.get(*step)
        {
            says.push(format!(
                "removed {} of the entries in {}",
                format::percent(step.removed),
                step.title.to_lowercase()
            ));
        }
        if let Some((drawn, all)) = self.canvas.n_marked() {
            let (n_drawn, n_all) = (format::count(drawn as u64), format::count(all as u64));
            says.push(if drawn == all {
                format!("{n_all} selected")
            } else {
                format!("{n_all} selected, {n_drawn} of them drawn")
            });
        }
        if let Some(node) = cx.session.store().selected_node()
            && layout.find(node).is_none()
        {
            says.push("the selected node is not among those drawn".to_owned());
        }
        says.join("; ")
    }
}

/// What the run did to the drawing; what an earlier run did while that is computed.
fn marked(cx: &ViewCx<'_>, run: &Arc<Run>, layout: &Arc<GraphLayout>) -> Option<Marked> {
    let request = MarksRequest { run: Arc::clone(run), layout: Arc::clone(layout) };
    let desk = &cx.session.store().desk;
    if !desk.is_settled(&request) {
        cx.out.compute(request);
    }
    let (answered, marks) = desk.answer::<MarksRequest>(MarksRequest::SLOT)?;
    Arc::ptr_eq(&answered.layout, layout).then(|| (Arc::clone(&answered.run), marks))
}

/// What can be done with a graph alone.
fn next_steps_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, dataset: &Dataset) {
    let store = cx.session.store();
    if store.model.is_some() || cx.session.is_busy(&Lane::Train) {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(weak(cx.tokens, "No model is open"));
        for step in NextStep::of(Some(dataset.labels().is_some()), false) {
            next_ui(cx, ui, *step, Vec2::ZERO);
        }
    });
}

/// Instead of a drawing that is not there yet: how far it is, or why there is none.
fn layout_ui(cx: &ViewCx<'_>, ui: &mut egui::Ui, dataset: &Arc<Dataset>) {
    let desk = &cx.session.store().desk;
    let request = LayoutRequest { dataset: Arc::clone(dataset) };
    if let Some(why) = desk.failure(LayoutRequest::SLOT) {
        return empty_state(ui, cx.tokens, "The graph could not be laid out", why);
    }
    if desk.was_cancelled(&request) {
        empty_state(ui, cx.tokens, "The layout was stopped", "It shows the graph as nodes and lines");
        ui.vertical_centered(|ui| {
            ui.add_space(8.0);
            if ui.button("Lay out the graph").clicked() {
                cx.out.compute(request);
            }
        });
        return;
    }
    let lane = Lane::View(LayoutRequest::SLOT.to_owned());
    let job = cx.session.jobs().into_iter().find(|job| job.lane == lane && !job.is_stopping);
    let n_nodes = format::count(dataset.n_nodes() as u64);
    let part = if dataset.n_nodes() > GraphLayout::MAX_NODES {
        format!("{} of ", format::count(GraphLayout::MAX_NODES as u64))
    } else {
        String::new()
    };
    empty_state(ui, cx.tokens, "Laying out the graph", &format!("{part}{n_nodes} nodes come to their places"));
    ui.vertical_centered(|ui| {
        ui.add_space(8.0);
        let share = job.as_ref().and_then(crate::session::jobs::JobStatus::share).unwrap_or(0.0);
        ui.add(egui::ProgressBar::new(share).desired_width(240.0).fill(cx.tokens.accent).corner_radius(tokens::RADIUS));
        ui.add_space(4.0);
        if let Some(job) = job
            && ui.button("Stop the layout").clicked()
        {
            cx.out.send(Command::Cancel(job.id));
        }
    });
}
