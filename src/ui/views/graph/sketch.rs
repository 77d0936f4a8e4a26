//! Meshes that are made once and then only moved: every corner knows its place in the drawing and how far it is from it on the screen.

use std::sync::Arc;

use eframe::egui::epaint::{Mesh, Vertex};
use eframe::egui::{
    self, Color32, ColorImage, Pos2, Shape, TextureFilter, TextureHandle, TextureId, TextureOptions, TextureWrapMode,
    Vec2, pos2, vec2,
};

use super::camera::Transform;
use crate::engine::plot::{DrawnEdge, GraphLayout, NodeShade, NodeShades, Standing};
use crate::ui::colormap;
use crate::ui::tokens::Tokens;

/// A dash and the gap behind it, points.
const PERIOD: f32 = 8.0;
/// Where along the dashes' texture a line has none.
const SOLID: f32 = 0.3;
/// Texels of the side of a disc's texture, and of the dashes'.
const DISC: usize = 64;
const DASHES: usize = 16;

/// The textures that nodes and lines are made of.
#[derive(Clone)]
pub(super) struct Brushes {
    disc: TextureHandle,
    line: TextureHandle,
}

impl std::fmt::Debug for Brushes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Brushes").finish_non_exhaustive()
    }
}

impl Brushes {
    pub(super) fn new(ctx: &egui::Context) -> Self {
        let white = |share: f32| Color32::WHITE.gamma_multiply(share.clamp(0.0, 1.0));
        let linear = TextureOptions { mipmap_mode: Some(TextureFilter::Linear), ..TextureOptions::LINEAR };
        let disc = image([DISC; 2], |x, y| {
            let radius = DISC as f32 / 2.0;
            let from_centre = vec2(x as f32 + 0.5 - radius, y as f32 + 0.5 - radius).length();
            // Full up to the last texels, which are the soft border.
            white((radius - 1.0 - from_centre) / 2.0)
        });
        // Across a line: nothing at both borders, all in the middle. Along it: a dash of five eighths.
        let line = image([DASHES; 2], |x, y| {
            let across = 1.0 - (2.0 * (y as f32 + 0.5) / DASHES as f32 - 1.0).abs();
            white(if x < 5 * DASHES / 8 { across } else { 0.0 })
        });
        let repeated = TextureOptions { wrap_mode: TextureWrapMode::Repeat, ..TextureOptions::LINEAR };
        Self {
            disc: ctx.load_texture("graph node", disc, linear),
            line: ctx.load_texture("graph line", line, repeated),
        }
    }
}

fn image(size: [usize; 2], of: impl Fn(usize, usize) -> Color32) -> ColorImage {
    ColorImage::new(size, (0..size[0] * size[1]).map(|at| of(at % size[0], at / size[0])).collect())
}

/// A corner of a mesh.
#[derive(Debug, Clone, Copy)]
struct Corner {
    /// Its place in the drawing.
    place: [f32; 2],
    /// How far it is from that on the screen, points, at size 1.
    off: Vec2,
    /// How far along a line that may be dashed, in units of the drawing.
    along: Option<f32>,
}

/// A mesh that moves with the camera.
#[derive(Debug)]
pub(super) struct Sketch {
    corners: Vec<Corner>,
    mesh: Arc<Mesh>,
    /// Where it was put last, at which size, and whether with dashes.
    put: Option<(Transform, f32, bool)>,
}

impl Sketch {
    fn new(texture: TextureId) -> Self {
        Self { corners: Vec::new(), mesh: Arc::new(Mesh::with_texture(texture)), put: None }
    }

    fn reserve(&mut self, n_quads: usize) {
        self.corners.reserve(4 * n_quads);
        let mesh = Arc::make_mut(&mut self.mesh);
        mesh.vertices.reserve(4 * n_quads);
        mesh.indices.reserve(6 * n_quads);
    }

    fn quad(&mut self, corners: [Corner; 4], uv: [Pos2; 4], color: Color32) {
        let mesh = Arc::make_mut(&mut self.mesh);
        let first = mesh.vertices.len() as u32;
        mesh.indices.extend([0, 1, 2, 0, 2, 3].map(|at| first + at));
        mesh.vertices.extend(uv.map(|uv| Vertex { pos: Pos2::ZERO, uv, color }));
        self.corners.extend(corners);
    }

    fn disc(&mut self, place: [f32; 2], radius: f32, color: Color32) {
        let around = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        let corner = |(x, y): (f32, f32)| Corner { place, off: radius * vec2(x, y), along: None };
        self.quad(around.map(corner), around.map(|(x, y)| pos2(0.5 + 0.5 * x, 0.5 + 0.5 * y)), color);
    }

    /// A line; `width` is that of all it covers, at its borders thinly.
    fn line(&mut self, from: [f32; 2], to: [f32; 2], width: f32, color: Color32, is_dashed: bool) {
        let way = vec2(to[0] - from[0], to[1] - from[1]);
        let length = way.length();
        let side = if length > 0.0 { 0.5 * width * way.rot90() / length } else { Vec2::ZERO };
        let corner = |place, off, along: f32| Corner { place, off, along: is_dashed.then_some(along) };
        let corners =
            [corner(from, side, 0.0), corner(to, side, length), corner(to, -side, length), corner(from, -side, 0.0)];
        self.quad(corners, [0.0, 0.0, 1.0, 1.0].map(|across| pos2(SOLID, across)), color);
    }

    /// The mesh where it belongs. Only what moved is computed, and that is one product and one sum for each coordinate.
    pub(super) fn at(&mut self, to: Transform, size: f32, has_dashes: bool) -> Shape {
        if self.put != Some((to, size, has_dashes)) {
            self.put = Some((to, size, has_dashes));
            let mesh = Arc::make_mut(&mut self.mesh);
            for (vertex, corner) in mesh.vertices.iter_mut().zip(&self.corners) {
                vertex.pos.x = corner.place[0] * to.scale + to.shift.x + corner.off.x * size;
                vertex.pos.y = corner.place[1] * to.scale + to.shift.y + corner.off.y * size;
                if let Some(along) = corner.along {
                    vertex.uv.x = if has_dashes { along * to.scale / PERIOD } else { SOLID };
                }
            }
        }
        Shape::Mesh(Arc::clone(&self.mesh))
    }
}

/// Radii of the drawn nodes in points, at size 1: larger with more edges, and where something should be noticed.
pub(super) fn radii(layout: &GraphLayout, shades: &NodeShades) -> Vec<f32> {
    let usual = (130.0 / (layout.nodes().len() as f32).sqrt()).clamp(1.5, 6.5);
    let most = layout.degrees().iter().copied().max().unwrap_or(0).max(1) as f32;
    let radius = |(degree, shade): (&u32, &NodeShade)| {
        let of_degree = usual * (0.8 + 1.4 * (*degree as f32 / most).sqrt());
        if *shade == NodeShade::Noticed { 1.5 * of_degree } else { of_degree }
    };
    layout.degrees().iter().zip(&shades.shades).map(radius).collect()
}

/// All nodes, those that should be noticed on top.
pub(super) fn nodes(
    brushes: &Brushes,
    tokens: &Tokens,
    layout: &GraphLayout,
    shades: &NodeShades,
    radii: &[f32],
) -> Sketch {
    let colour = colormap::of_nodes(tokens);
    let mut sketch = Sketch::new(brushes.disc.id());
    sketch.reserve(layout.nodes().len());
    for is_noticed in [false, true] {
        for ((shade, radius), place) in shades.shades.iter().zip(radii).zip(layout.places()) {
            if (*shade == NodeShade::Noticed) == is_noticed {
                sketch.disc(*place, *radius, colour(*shade));
            }
        }
    }
    sketch
}

/// Rings around some nodes, by their places: larger discs that lie below them.
pub(super) fn rings(brushes: &Brushes, tokens: &Tokens, layout: &GraphLayout, radii: &[f32], some: &[usize]) -> Sketch {
    const WIDTH: f32 = 1.7;
    let mut sketch = Sketch::new(brushes.disc.id());
    sketch.reserve(2 * some.len());
    // The ground of the drawing between a node and its ring, so that the ring is seen on any colour.
    for (beyond, ink) in [(WIDTH + 1.2, tokens.text), (1.2, tokens.sunken)] {
        for at in some {
            if let (Some(place), Some(radius)) = (layout.places().get(*at), radii.get(*at)) {
                sketch.disc(*place, radius + beyond, ink);
            }
        }
    }
    sketch
}

/// How an edge is drawn: colour, and width in points.
pub(super) fn pen(tokens: &Tokens, standing: Option<Standing>) -> (Color32, f32) {
    match standing {
        None => (tokens.text_weak, 1.0),
        Some(Standing::Kept) => (tokens.kept, 1.2),
        Some(Standing::KeptOneWay) => (tokens.kept.lerp_to_gamma(tokens.removed, 0.6), 0.8),
        Some(Standing::Removed) => (tokens.removed, 1.0),
    }
}

/// Some edges, the removed ones below. `standings` are of all edges of the layout, `some` are places among them.
pub(super) fn edges(
    brushes: &Brushes,
    tokens: &Tokens,
    layout: &GraphLayout,
    standings: Option<&[Standing]>,
    some: &[u32],
) -> Sketch {
    let mut sketch = Sketch::new(brushes.line.id());
    sketch.reserve(some.len());
    // Many lines one over the other would be one blot.
    let opacity = (36.0 / (some.len() as f32).sqrt()).clamp(0.25, 0.85);
    let passes: &[Option<Standing>] = match standings {
        None => &[None],
        Some(_) => &[Some(Standing::Removed), Some(Standing::KeptOneWay), Some(Standing::Kept)],
    };
    for pass in passes {
        let (colour, width) = pen(tokens, *pass);
        // What is removed is pale by itself.
        let is_removed = *pass == Some(Standing::Removed);
        let colour = colour.gamma_multiply(if is_removed { opacity.sqrt() } else { opacity });
        for at in some {
            if standings.map(|all| all[*at as usize]) == *pass {
                let DrawnEdge { ends: [a, b], .. } = layout.edges()[*at as usize];
                let (from, to) = (layout.places()[a as usize], layout.places()[b as usize]);
                sketch.line(from, to, 2.0 * width, colour, is_removed);
            }
        }
    }
    sketch
}
