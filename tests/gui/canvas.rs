//! Draws the window into memory, without a graphics card: what egui tessellates, triangle by triangle. Only for tests; the same pixels on
//! every machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use eframe::egui::epaint::{ImageDelta, Mesh, Primitive, Vertex};
use eframe::egui::{Color32, ImageData, Rect, TextureFilter, TextureId, TexturesDelta};
use egui_kittest::{Harness, TestRenderer};

/// A texture as egui has set it.
#[derive(Debug, Clone)]
struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
    is_smooth: bool,
}

impl Texture {
    fn texel(&self, x: i64, y: i64) -> [f64; 4] {
        let at = |v: i64, n: usize| (v.max(0) as usize).min(n - 1);
        parts(self.pixels[at(y, self.size[1]) * self.size[0] + at(x, self.size[0])])
    }

    /// The colour at a place, `0..=1` across and down.
    fn at(&self, u: f64, v: f64) -> [f64; 4] {
        let (x, y) = (u * self.size[0] as f64, v * self.size[1] as f64);
        if !self.is_smooth {
            return self.texel(x.floor() as i64, y.floor() as i64);
        }
        let (x, y) = (x - 0.5, y - 0.5);
        let (left, top) = (x.floor(), y.floor());
        let (fx, fy) = (x - left, y - top);
        let mut sum = [0.0; 4];
        for (dx, dy, share) in
            [(0, 0, (1.0 - fx) * (1.0 - fy)), (1, 0, fx * (1.0 - fy)), (0, 1, (1.0 - fx) * fy), (1, 1, fx * fy)]
        {
            let texel = self.texel(left as i64 + dx, top as i64 + dy);
            sum.iter_mut().zip(texel).for_each(|(s, t)| *s += share * t);
        }
        sum
    }
}

fn parts(colour: Color32) -> [f64; 4] {
    colour.to_array().map(|part| f64::from(part) / 255.0)
}

/// The textures of a window, and how often one was set.
#[derive(Debug, Clone, Default)]
pub(super) struct Canvas(Rc<RefCell<Textures>>);

#[derive(Debug, Default)]
struct Textures {
    known: BTreeMap<u64, Texture>,
    n_uploads: usize,
}

/// The atlas of letters, which egui keeps for itself.
const LETTERS: u64 = 0;

fn number(id: TextureId) -> u64 {
    match id {
        TextureId::Managed(n) => n,
        TextureId::User(n) => u64::MAX - n,
    }
}

impl TestRenderer for Canvas {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        let mut textures = self.0.borrow_mut();
        let set: BTreeMap<u64, _> = delta.set.iter().map(|(id, deltas)| (number(*id), deltas)).collect();
        for (id, deltas) in set {
            for ImageDelta { image: ImageData::Color(image), options, pos } in deltas {
                textures.n_uploads += usize::from(id != LETTERS);
                let is_smooth = options.magnification == TextureFilter::Linear;
                if let (Some([x, y]), Some(texture)) = (*pos, textures.known.get_mut(&id)) {
                    for (row, line) in image.pixels.chunks(image.size[0]).enumerate() {
                        let from = (y + row) * texture.size[0] + x;
                        texture.pixels[from..from + line.len()].copy_from_slice(line);
                    }
                } else {
                    let texture = Texture { size: image.size, pixels: image.pixels.clone(), is_smooth };
                    textures.known.insert(id, texture);
                }
            }
        }
        textures.known.retain(|id, _| delta.free.iter().all(|freed| number(*freed) != *id));
        // What is left over is taken for forgotten, in debug builds.
        delta.clear();
    }
}

/// Pixels of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Red, green and blue, row by row.
    pub(super) rgb: Vec<u8>,
}

impl Canvas {
    /// How often a texture was set that does not hold letters.
    pub(super) fn n_uploads(&self) -> usize {
        self.0.borrow().n_uploads
    }

    /// The last frame of a window that draws on this canvas, one pixel per point.
    pub(super) fn picture<S>(&self, harness: &Harness<'_, S>) -> Image {
        let output = harness.output();
        let size = harness.ctx.content_rect().size();
        let (width, height) = (size.x.round() as usize, size.y.round() as usize);
        let mut pixels = vec![[0.0_f64; 3]; width * height];
        let textures = self.0.borrow();
        for clipped in harness.ctx.tessellate(output.shapes.clone(), 1.0) {
            if let Primitive::Mesh(mesh) = &clipped.primitive
                && let Some(texture) = textures.known.get(&number(mesh.texture_id))
            {
                fill(mesh, texture, clipped.clip_rect, (width, height), &mut pixels);
            }
        }
        let rgb = pixels.iter().flatten().map(|part| (part * 255.0).round().clamp(0.0, 255.0) as u8).collect();
        Image { width, height, rgb }
    }
}

/// Draws the triangles of a mesh.
fn fill(mesh: &Mesh, texture: &Texture, clip: Rect, (width, height): (usize, usize), pixels: &mut [[f64; 3]]) {
    let within = |from: f32, to: f32, n: usize| {
        let at = |v: f32| v.round().clamp(0.0, n as f32) as usize;
        at(from)..at(to)
    };
    let (columns, rows) = (within(clip.min.x, clip.max.x, width), within(clip.min.y, clip.max.y, height));
    for corners in mesh.indices.chunks_exact(3) {
        let [mut a, b, mut c] = [corners[0], corners[1], corners[2]].map(|at| mesh.vertices[at as usize]);
        let place = |v: &Vertex| (f64::from(v.pos.x), f64::from(v.pos.y));
        if side(place(&a), place(&b), place(&c)) < 0.0 {
            std::mem::swap(&mut a, &mut c);
        }
        let (pa, pb, pc) = (place(&a), place(&b), place(&c));
        let area = side(pa, pb, pc);
        if area <= 0.0 {
            continue;
        }
        let low = |f: fn(&(f64, f64)) -> f64| [pa, pb, pc].iter().map(f).fold(f64::INFINITY, f64::min).floor();
        let high = |f: fn(&(f64, f64)) -> f64| [pa, pb, pc].iter().map(f).fold(f64::NEG_INFINITY, f64::max).ceil();
        let range = |low: f64, high: f64, clip: &std::ops::Range<usize>| {
            (low.max(0.0) as usize).max(clip.start)..(high.max(0.0) as usize).min(clip.end)
        };
        for y in range(low(|p| p.1), high(|p| p.1), &rows) {
            for x in range(low(|p| p.0), high(|p| p.0), &columns) {
                let centre = (x as f64 + 0.5, y as f64 + 0.5);
                let edges = [(pb, pc), (pc, pa), (pa, pb)];
                let shares = edges.map(|(from, to)| side(from, to, centre));
                // A pixel on a common edge belongs to one of the two triangles.
                let is_inside = |(from, to): ((f64, f64), (f64, f64)), share: f64| {
                    let is_top_or_left = (from.1.total_cmp(&to.1).is_eq() && to.0 > from.0) || to.1 < from.1;
                    share > 0.0 || (share == 0.0 && is_top_or_left)
                };
                if !edges.into_iter().zip(shares).all(|(edge, share)| is_inside(edge, share)) {
                    continue;
                }
                let mix =
                    |of: &dyn Fn(&Vertex) -> f64| (shares[0] * of(&a) + shares[1] * of(&b) + shares[2] * of(&c)) / area;
                let texel = texture.at(mix(&|v| f64::from(v.uv.x)), mix(&|v| f64::from(v.uv.y)));
                let part = |at: usize| texel[at] * mix(&|v| parts(v.color)[at]);
                let opacity = part(3);
                let pixel = &mut pixels[y * width + x];
                for (at, below) in pixel.iter_mut().enumerate() {
                    *below = part(at) + *below * (1.0 - opacity);
                }
            }
        }
    }
}

/// Twice the area of the triangle `a b p`; positive where `p` lies on the right of the way from `a` to `b`, as the screen shows it.
fn side(a: (f64, f64), b: (f64, f64), p: (f64, f64)) -> f64 {
    (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0)
}
