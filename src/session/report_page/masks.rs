//! Masks of a bundle as rasters. A bundle holds the entries that are kept: what every layer removes is in no file of it.

use std::collections::BTreeSet;

use crate::engine::plot::{Raster, Viewport};
use crate::io::bundle::Bundle;
use crate::io::table::Column;

/// Most texels across and down.
const MAX_TEXELS: usize = 160;

/// Counts of the entries of every block.
struct Blocks {
    w: usize,
    h: usize,
    block: (usize, usize),
    kept: Vec<u32>,
    removed: Vec<u32>,
}

impl Blocks {
    fn new(columns: usize, rows: usize) -> Self {
        let block = (columns.div_ceil(MAX_TEXELS).max(1), rows.div_ceil(MAX_TEXELS).max(1));
        let (w, h) = (columns.div_ceil(block.0), rows.div_ceil(block.1));
        Self { w, h, block, kept: vec![0; w * h], removed: vec![0; w * h] }
    }

    fn add(&mut self, column: usize, row: usize, is_kept: bool) {
        let at = row / self.block.1 * self.w + column / self.block.0;
        let counts = if is_kept { &mut self.kept } else { &mut self.removed };
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }

    fn raster(self) -> Raster {
        let share = |(kept, removed): (&u32, &u32)| match kept + removed {
            0 => f32::NAN,
            n => *kept as f32 / n as f32,
        };
        let values: Vec<f32> = self.kept.iter().zip(&self.removed).map(share).collect();
        Raster {
            cover: Viewport::whole(self.w * self.block.0, self.h * self.block.1),
            range: values.iter().any(|v| !v.is_nan()).then_some((0.0, 1.0)),
            w: self.w,
            h: self.h,
            block: self.block,
            values,
            kept: self.kept,
            removed: self.removed,
            never: Vec::new(),
            own: Vec::new(),
            compared: Vec::new(),
        }
    }
}

/// The weights of every matrix: down the outputs, across the inputs. Its name, and the raster.
pub(super) fn weights(bundle: &Bundle) -> Vec<(String, Raster)> {
    let of_mask = |(parameter, mask): (&crate::engine::model::Parameter, &crate::engine::sparsify::WeightMask)| {
        let (d_in, d_out) = mask.dim();
        let mut blocks = Blocks::new(d_in, d_out);
        for ((input, output), is_kept) in mask.indexed_iter() {
            blocks.add(input, output, *is_kept);
        }
        (parameter.name.clone(), blocks.raster())
    };
    bundle.model.weights().zip(&bundle.weight_masks).map(of_mask).collect()
}

/// The entries of every layer or hop, nodes by the class that the pruned model says: down the targets, across the sources. What a layer
/// lacks and another has is removed.
pub(super) fn entries(bundle: &Bundle) -> Vec<Raster> {
    let n = bundle.manifest.graph.n_nodes;
    let places = places(bundle, n);
    let mut known = BTreeSet::new();
    let per_step = |matrix: &crate::io::bundle::StepMatrix| -> BTreeSet<(u32, u32)> {
        let row =
            |u: usize| matrix.structure.row(u).iter().filter(move |v| **v as usize != u).map(move |v| (u as u32, *v));
        (0..n).flat_map(row).collect()
    };
    let steps: Vec<BTreeSet<(u32, u32)>> = bundle.matrices.iter().map(per_step).collect();
    for step in &steps {
        known.extend(step.iter().copied());
    }
    let raster = |step: &BTreeSet<(u32, u32)>| {
        let mut blocks = Blocks::new(n, n);
        for (u, v) in &known {
            blocks.add(places[*v as usize], places[*u as usize], step.contains(&(*u, *v)));
        }
        blocks.raster()
    };
    steps.iter().map(raster).collect()
}

/// Where every node stands: by the predicted class, then as in the graph.
fn places(bundle: &Bundle, n: usize) -> Vec<usize> {
    let classes = match bundle.predictions.column("pruned_prediction") {
        Some(Column::Whole(classes)) => classes.clone(),
        _ => vec![None; n],
    };
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|u| classes.get(*u).copied().flatten());
    let mut places = vec![0; n];
    for (place, u) in order.into_iter().enumerate() {
        places[u] = place;
    }
    places
}
