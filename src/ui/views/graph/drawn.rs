//! What is on the canvas: which edges of which part, in which colours; made anew only when one of these changes.

use std::sync::Arc;

use eframe::egui::{self, Painter, Rect};

use super::camera::{Camera, Transform};
use super::sketch::{self, Brushes, Sketch};
use crate::engine::plot::{GraphLayout, GraphMarks, NodeShades};
use crate::ui::tokens::Tokens;

/// Dashes are drawn once an edge of usual length has at least this many points.
const LEAST_FOR_DASHES: f32 = 16.0;

/// Everything that is drawn.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) layout: Arc<GraphLayout>,
    pub(super) shades: Arc<NodeShades>,
    /// What the run did, and in which of its steps edges are coloured; in none where all count as kept.
    pub(super) marks: Option<(Arc<GraphMarks>, Option<usize>)>,
}

impl Scene {
    fn is_same(&self, other: &Self) -> bool {
        self.has_same_edges(other) && Arc::ptr_eq(&self.shades, &other.shades)
    }

    fn has_same_edges(&self, other: &Self) -> bool {
        let are_same = match (&self.marks, &other.marks) {
            (Some((marks, step)), Some((others, other_step))) => Arc::ptr_eq(marks, others) && step == other_step,
            (None, None) => true,
            _ => false,
        };
        are_same && Arc::ptr_eq(&self.layout, &other.layout)
    }
}

/// The edges of a part of the drawing.
#[derive(Debug)]
struct Edges {
    sketch: Sketch,
    /// The part they were chosen for, left, top, right and bottom; all of it without.
    part: Option<[f32; 4]>,
    zoom: f32,
    n_drawn: usize,
    /// Edges of the part.
    n_in_part: usize,
}

/// Rings around the nodes that are selected together.
#[derive(Debug)]
struct Rings {
    /// Who is selected.
    of: Arc<[u32]>,
    /// How large nodes are.
    shades: Arc<NodeShades>,
    is_dark: bool,
    sketch: Sketch,
    n_drawn: usize,
}

/// Meshes and what they were made of.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    brushes: Option<Brushes>,
    of: Option<(Scene, bool)>,
    nodes: Option<(Sketch, Vec<f32>)>,
    edges: Option<Edges>,
    rings: Option<Rings>,
    /// Median length of the edges, in units of the layout.
    usual_length: f32,
}

impl Drawn {
    /// Makes what a scene needs and does not have yet.
    pub(super) fn prepare(&mut self, ui: &egui::Ui, tokens: &Tokens, scene: &Scene, camera: Camera, rect: Rect) {
        self.take(ui, tokens, scene);
        self.choose_edges(tokens, scene, camera, camera.transform(&scene.layout, rect).part(rect));
    }

    /// Draws the edges.
    pub(super) fn paint_edges(&mut self, painter: &Painter, camera: Camera, transform: Transform) {
        if let Some(edges) = &mut self.edges {
            let has_dashes = self.usual_length * transform.scale >= LEAST_FOR_DASHES;
            painter.add(edges.sketch.at(transform, camera.zoom.powf(0.2).min(1.8), has_dashes));
        }
    }

    /// Marks those of these nodes that are drawn.
    pub(super) fn mark(&mut self, tokens: &Tokens, scene: &Scene, selected: Option<&Arc<[u32]>>) {
        let Some(selected) = selected else {
            self.rings = None;
            return;
        };
        let is_made = self.rings.as_ref().is_some_and(|rings| {
            let is_same = Arc::ptr_eq(&rings.of, selected) && Arc::ptr_eq(&rings.shades, &scene.shades);
            is_same && rings.is_dark == tokens.is_dark
        });
        let (Some(brushes), Some((_, radii))) = (&self.brushes, &self.nodes) else { return };
        if !is_made {
            let some: Vec<usize> = selected.iter().filter_map(|node| scene.layout.find(*node)).collect();
            self.rings = Some(Rings {
                of: Arc::clone(selected),
                shades: Arc::clone(&scene.shades),
                is_dark: tokens.is_dark,
                sketch: sketch::rings(brushes, tokens, &scene.layout, radii, &some),
                n_drawn: some.len(),
            });
        }
    }

    /// How many of the nodes that are selected together are drawn, and how many there are.
    pub(super) fn n_marked(&self) -> Option<(usize, usize)> {
        self.rings.as_ref().map(|rings| (rings.n_drawn, rings.of.len()))
    }

    /// Draws the rings.
    pub(super) fn paint_rings(&mut self, painter: &Painter, camera: Camera, transform: Transform) {
        if let Some(rings) = &mut self.rings {
            painter.add(rings.sketch.at(transform, size(camera), false));
        }
    }

    /// Draws the nodes.
    pub(super) fn paint_nodes(&mut self, painter: &Painter, camera: Camera, transform: Transform) {
        if let Some((nodes, _)) = &mut self.nodes {
            painter.add(nodes.at(transform, size(camera), false));
        }
    }

    /// How many edges are drawn of how many of this part, where not all are.
    pub(super) fn thinned(&self) -> Option<(usize, usize)> {
        let edges = self.edges.as_ref()?;
        (edges.n_drawn < edges.n_in_part).then_some((edges.n_drawn, edges.n_in_part))
    }

    /// Radius of a drawn node on the screen.
    pub(super) fn radius(&self, at: usize, camera: Camera) -> f32 {
        let radii = self.nodes.as_ref().map(|(_, radii)| radii);
        radii.and_then(|radii| radii.get(at)).map_or(0.0, |radius| radius * size(camera))
    }

    /// The drawn node under a point of the screen, or very near to it.
    pub(super) fn node_at(
        &self,
        scene: &Scene,
        camera: Camera,
        transform: Transform,
        point: egui::Pos2,
    ) -> Option<usize> {
        const NEAR: f32 = 5.0;
        let place = transform.back(point);
        let distance = |at: &usize| {
            let [x, y] = scene.layout.places()[*at];
            (egui::vec2(x, y) - place).length() * transform.scale
        };
        let nearest = (0..scene.layout.nodes().len()).map(|at| (at, distance(&at))).min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.filter(|(at, distance)| *distance <= self.radius(*at, camera).max(NEAR)).map(|(at, _)| at)
    }

    fn take(&mut self, ui: &egui::Ui, tokens: &Tokens, scene: &Scene) {
        let before = self.of.as_ref().filter(|(_, is_dark)| *is_dark == tokens.is_dark).map(|(scene, _)| scene);
        if before.is_some_and(|before| before.is_same(scene)) {
            return;
        }
        let brushes = self.brushes.get_or_insert_with(|| Brushes::new(ui.ctx())).clone();
        if !before.is_some_and(|before| before.has_same_edges(scene)) {
            self.edges = None;
        }
        if !before.is_some_and(|before| Arc::ptr_eq(&before.layout, &scene.layout)) {
            self.usual_length = usual_length(&scene.layout);
        }
        if !before.is_some_and(|before| Arc::ptr_eq(&before.shades, &scene.shades)) {
            let radii = sketch::radii(&scene.layout, &scene.shades);
            self.nodes = Some((sketch::nodes(&brushes, tokens, &scene.layout, &scene.shades, &radii), radii));
        }
        self.of = Some((scene.clone(), tokens.is_dark));
    }

    /// Chooses the edges of what is in view, and some way around it, where not all of them can be drawn.
    fn choose_edges(&mut self, tokens: &Tokens, scene: &Scene, camera: Camera, view: [f32; 4]) {
        let all = scene.layout.edges().len();
        let is_part = all > GraphLayout::MAX_IN_VIEW && camera.zoom > 1.2;
        if let Some(edges) = &self.edges
            && edges.part.is_some() == is_part
            && edges.part.is_none_or(|part| is_within(view, part) && camera.zoom < 2.0 * edges.zoom)
        {
            return;
        }
        let Some(brushes) = &self.brushes else { return };
        let part = is_part.then(|| {
            let [left, top, right, bottom] = view;
            let (across, down) = (0.5 * (right - left), 0.5 * (bottom - top));
            [left - across, top - down, right + across, bottom + down]
        });
        let is_in = |at: &u32| part.is_none_or(|part| touches(&scene.layout, *at as usize, part));
        let mut some: Vec<u32> = (0..all as u32).filter(is_in).collect();
        let n_in_part = some.len();
        // They are in an order by lot: the first ones are a fair part.
        some.truncate(GraphLayout::MAX_IN_VIEW);
        let standings = scene.marks.as_ref().and_then(|(marks, step)| Some(&*marks.steps.get((*step)?)?.edges));
        let sketch = sketch::edges(brushes, tokens, &scene.layout, standings, &some);
        self.edges = Some(Edges { sketch, part, zoom: camera.zoom, n_drawn: some.len(), n_in_part });
    }
}

/// How much larger nodes are drawn nearer by.
fn size(camera: Camera) -> f32 {
    camera.zoom.sqrt().min(4.0)
}

fn is_within(view: [f32; 4], part: [f32; 4]) -> bool {
    view[0] >= part[0] && view[1] >= part[1] && view[2] <= part[2] && view[3] <= part[3]
}

/// Whether the box around an edge meets a part of the drawing.
fn touches(layout: &GraphLayout, edge: usize, [left, top, right, bottom]: [f32; 4]) -> bool {
    let [a, b] = layout.edges()[edge].ends.map(|end| layout.places()[end as usize]);
    a[0].max(b[0]) >= left && a[0].min(b[0]) <= right && a[1].max(b[1]) >= top && a[1].min(b[1]) <= bottom
}

/// The median length of the edges, or of a fair part of them.
fn usual_length(layout: &GraphLayout) -> f32 {
    const ENOUGH: usize = 2_000;
    let length = |ends: [u32; 2]| {
        let [a, b] = ends.map(|end| layout.places()[end as usize]);
        (a[0] - b[0]).hypot(a[1] - b[1])
    };
    let mut lengths: Vec<f32> = layout.edges().iter().take(ENOUGH).map(|edge| length(edge.ends)).collect();
    lengths.sort_unstable_by(f32::total_cmp);
    lengths.get(lengths.len() / 2).copied().unwrap_or(0.0)
}
