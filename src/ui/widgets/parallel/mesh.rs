//! The lines as triangles: made once for a state of the chart, drawn in every frame.

use eframe::egui::{Color32, Mesh, Pos2, Rect, pos2};

use crate::engine::plot::{ParallelAxis, height_of};

/// Half the width of a line, points.
const HALF: f32 = 0.65;

/// Where the axes stand and how each is turned.
pub(super) struct Axes<'a> {
    /// In the order in which they stand.
    pub(super) all: Vec<(&'a ParallelAxis, bool)>,
    /// Of the lines.
    pub(super) rect: Rect,
}

impl Axes<'_> {
    /// Across, of the axis at a place.
    pub(super) fn x(&self, place: usize) -> f32 {
        let step = self.rect.width() / self.all.len().max(1) as f32;
        self.rect.left() + (place as f32 + 0.5) * step
    }

    /// Down, of a value on the axis at a place.
    pub(super) fn y(&self, place: usize, value: f64) -> Option<f32> {
        let (axis, is_inverted) = self.all.get(place)?;
        Some(self.rect.bottom() - height_of(axis, value, *is_inverted)? * self.rect.height())
    }

    /// The value of the axis at a place that stands at a height of the screen.
    pub(super) fn value(&self, place: usize, y: f32) -> Option<f64> {
        let (axis, is_inverted) = self.all.get(place)?;
        let at = ((self.rect.bottom() - y) / self.rect.height().max(1.0)).clamp(0.0, 1.0);
        Some(axis.value_at(if *is_inverted { 1.0 - at } else { at }))
    }

    /// The points of a line; none where it has no value.
    pub(super) fn points(&self, line: usize) -> impl Iterator<Item = Option<Pos2>> + '_ {
        (0..self.all.len()).map(move |place| {
            let value = self.all[place].0.values.get(line).copied().unwrap_or(f64::NAN);
            self.y(place, value).map(|y| pos2(self.x(place), y))
        })
    }

    /// The triangles of some lines, in their order: the later ones lie above.
    pub(super) fn mesh(&self, lines: impl Iterator<Item = (usize, Color32)>) -> Mesh {
        let mut mesh = Mesh::default();
        for (line, colour) in lines {
            let mut before: Option<Pos2> = None;
            for point in self.points(line) {
                if let Some((from, to)) = before.zip(point) {
                    segment(&mut mesh, from, to, colour);
                }
                before = point;
            }
        }
        mesh
    }
}

fn segment(mesh: &mut Mesh, from: Pos2, to: Pos2, colour: Color32) {
    let across = (to - from).normalized().rot90() * HALF;
    let first = mesh.vertices.len() as u32;
    for corner in [from - across, from + across, to + across, to - across] {
        mesh.colored_vertex(corner, colour);
    }
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
}
