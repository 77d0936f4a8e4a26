//! What the entries of one step are chosen and fitted by.

use ndarray::Array2;

use crate::engine::graph::Topology;
use crate::engine::kernels::contiguous;

/// What the entries of one step are chosen and fitted by.
#[derive(Clone, Copy)]
pub(super) struct Side<'a> {
    pub(super) topology: &'a Topology,
    /// What an entry adds from its source, before its value. `[n, heads · channels]`
    pub(super) candidates: &'a Array2<f32>,
    /// What every row is to give. `[n, heads · channels]`
    pub(super) targets: &'a Array2<f32>,
    /// Unpruned values, a row of heads for every entry. `[entries, heads]`
    pub(super) values: &'a [f32],
    pub(super) heads: usize,
}

impl<'a> Side<'a> {
    fn part(&self, of: &'a Array2<f32>, row: usize, head: usize) -> &'a [f32] {
        let (width, channels) = (of.ncols(), of.ncols() / self.heads);
        &contiguous(of.view())[row * width + head * channels..][..channels]
    }

    pub(super) fn candidate(&self, source: usize, head: usize) -> &'a [f32] {
        self.part(self.candidates, source, head)
    }

    pub(super) fn target(&self, row: usize, head: usize) -> &'a [f32] {
        self.part(self.targets, row, head)
    }

    pub(super) fn values_of(&self, k: usize) -> &'a [f32] {
        &self.values[k * self.heads..][..self.heads]
    }
}
