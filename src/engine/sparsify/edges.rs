//! The graph side: removing entries while propagating (Unifews Eq. 9 and Algorithm 1).
//!
//! Entry `(u,v)`, `u ≠ v`, is removed when `|T[u,v]| · ‖P̂[v]‖₂ < δ`. The norms of the rows cost one pass over `P̂`; the test is
//! one comparison per entry, made in the same loop that adds the survivors up, which also writes them down for the next step.
//! A ranking of the entries that is given (`baselines/`) takes the place of the messages' norms.
//! Authors' code: `archs/layers.py:336-343` (relative δ). Differs in: removed messages are never computed (D11).

use std::sync::Arc;

use multiversion::multiversion;
use ndarray::Array2;

use super::mask::EdgeMask;
use super::recipe::{EdgeMode, Identity, Recipe};
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Topology, Transpose};
use crate::engine::kernels::{Csr, Structure, contiguous, gather, kth_smallest, row_norms, spmm};

/// The entries that are still there, compacted, each with its index in the full graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Survivors {
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
    entry: Vec<u32>,
    identity: Identity,
    /// Self-loops of the graph that `Identity::Residual` leaves out of the lists above; they still count as entries.
    n_own_left_out: usize,
    /// Every message counts alike in a mean over the entries that were there before a step removed some (D9).
    averages: bool,
}

/// The graph as a recipe walks it.
#[derive(Debug, Clone)]
pub(crate) struct Walk<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) diffusion: Diffusion,
    pub(crate) identity: Identity,
    averages: bool,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(dataset: &'a Dataset, recipe: &Recipe) -> Self {
        Self {
            topology: dataset.topology(),
            diffusion: Diffusion::of(dataset, recipe.matrix()),
            identity: recipe.edges.identity,
            averages: recipe.averages_messages(),
        }
    }

    /// One over the entries of row `u` that are walked and `present`.
    fn share_of(&self, u: usize, present: impl Fn(usize) -> bool) -> f32 {
        let leaves_own_out = self.identity == Identity::Residual;
        let is_walked = |k: &usize| !(leaves_own_out && self.topology.indices()[*k] as usize == u) && present(*k);
        1.0 / self.topology.row_range(u).filter(is_walked).count().max(1) as f32
    }

    /// What every entry of the graph is multiplied with in step `step` of `mask`, were it kept.
    pub(crate) fn values(&self, mask: &EdgeMask, step: usize) -> Vec<f32> {
        if !self.averages {
            return self.diffusion.values().to_vec();
        }
        let mut values = vec![0.0; self.topology.n_entries()];
        for u in 0..self.topology.n_nodes() {
            values[self.topology.row_range(u)].fill(self.share_of(u, |k| mask.removed_at()[k] as usize >= step));
        }
        values
    }

    /// Every entry of the graph.
    pub(crate) fn all(&self) -> Result<Survivors, EngineError> {
        self.select(|_| true, |_, _| true)
    }

    /// The entries that `keep(target, entry)` accepts; a step's means count those that were `present(entry)` before it.
    pub(crate) fn select(
        &self,
        present: impl Fn(usize) -> bool,
        keep: impl Fn(usize, usize) -> bool,
    ) -> Result<Survivors, EngineError> {
        let mut kept = Survivors::select(self.topology, &self.diffusion, self.identity, keep)?;
        kept.averages = self.averages;
        if self.averages {
            for u in 0..self.topology.n_nodes() {
                kept.values[kept.indptr[u]..kept.indptr[u + 1]].fill(self.share_of(u, &present));
            }
        }
        Ok(kept)
    }
}

impl Survivors {
    /// No nodes at all, for networks that do not walk a graph.
    pub(crate) fn empty() -> Self {
        Self {
            indptr: vec![0],
            indices: Vec::new(),
            values: Vec::new(),
            entry: Vec::new(),
            identity: Identity::SelfLoop,
            n_own_left_out: 0,
            averages: false,
        }
    }

    fn select(
        topology: &Topology,
        diffusion: &Diffusion,
        identity: Identity,
        keep: impl Fn(usize, usize) -> bool,
    ) -> Result<Self, EngineError> {
        if u32::try_from(topology.n_entries()).is_err() {
            return Err(EngineError::mismatch("graph entries", format!("at most {}", u32::MAX), topology.n_entries()));
        }
        let n = topology.n_nodes();
        let mut kept = Self {
            indptr: Vec::with_capacity(n + 1),
            indices: Vec::new(),
            values: Vec::new(),
            entry: Vec::new(),
            identity,
            n_own_left_out: 0,
            averages: false,
        };
        kept.indptr.push(0);
        for u in 0..n {
            for k in topology.row_range(u) {
                let v = topology.indices()[k];
                if identity == Identity::Residual && v as usize == u {
                    kept.n_own_left_out += 1;
                } else if keep(u, k) {
                    kept.indices.push(v);
                    kept.values.push(diffusion.values()[k]);
                    kept.entry.push(k as u32);
                }
            }
            kept.indptr.push(kept.indices.len());
        }
        Ok(kept)
    }

    /// Entries walked, self-loops counted whether or not the identity form walks them.
    pub(crate) fn n_entries(&self) -> usize {
        self.indices.len() + self.n_own_left_out
    }

    /// Rows and columns of what is walked.
    pub(crate) fn structure(&self) -> Structure<'_> {
        Structure { indptr: &self.indptr, indices: &self.indices }
    }

    /// The entries walked, by their index in the full graph.
    pub(crate) fn entries(&self) -> &[u32] {
        &self.entry
    }

    /// Those of the entries walked that `keep` marks, in order.
    pub(crate) fn filtered(&self, keep: &[bool]) -> Self {
        let mut kept =
            Self { indptr: vec![0], n_own_left_out: self.n_own_left_out, averages: self.averages, ..Self::empty() };
        kept.identity = self.identity;
        for u in 0..self.indptr.len() - 1 {
            for k in (self.indptr[u]..self.indptr[u + 1]).filter(|k| keep[*k]) {
                kept.indices.push(self.indices[k]);
                kept.values.push(self.values[k]);
                kept.entry.push(self.entry[k]);
            }
            kept.indptr.push(kept.indices.len());
        }
        kept
    }

    fn csr(&self) -> Csr<'_> {
        Csr { indptr: &self.indptr, indices: &self.indices, values: &self.values }
    }

    /// `T̂ x` with the identity form. `[n, width] → [n, width]`
    pub(crate) fn propagate(&self, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        spmm(self.csr(), x.view(), self.identity != Identity::SelfLoop, ctl)
    }

    /// `T̂ᵀ g`: the backward pass of [`Survivors::propagate`]. `transpose` is the full graph's.
    pub(crate) fn propagate_back(
        &self,
        g: &Array2<f32>,
        transpose: &Transpose,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let m = transpose.entry.len();
        let mut value_of = vec![f32::NAN; m];
        for (k, value) in self.entry.iter().zip(&self.values) {
            value_of[*k as usize] = *value;
        }
        let n = transpose.topology.n_nodes();
        let (mut indptr, mut indices, mut values) = (Vec::with_capacity(n + 1), Vec::new(), Vec::new());
        indptr.push(0);
        for v in 0..n {
            for at in transpose.topology.row_range(v) {
                let value = value_of[transpose.entry[at]];
                if !value.is_nan() {
                    indices.push(transpose.topology.indices()[at]);
                    values.push(value);
                }
            }
            indptr.push(indices.len());
        }
        let csr = Csr { indptr: &indptr, indices: &indices, values: &values };
        spmm(csr, g.view(), self.identity != Identity::SelfLoop, ctl)
    }

    /// Number of self-loops, walked or not.
    pub(crate) fn n_self_loops(&self) -> usize {
        let own = |u: &usize| self.indices[self.indptr[*u]..self.indptr[u + 1]].binary_search(&(*u as u32)).is_ok();
        self.n_own_left_out + (0..self.indptr.len() - 1).filter(own).count()
    }
}

/// What an entry is judged by.
#[derive(Clone, Copy)]
enum Scores<'a> {
    /// `|T[u,v]| · norm[v]`.
    Messages(&'a [f32]),
    /// `norm[v]`: every message counts alike (D9).
    Sources(&'a [f32]),
    /// One number per entry of the full graph.
    Given(&'a [f32]),
}

impl Scores<'_> {
    #[inline(always)]
    fn of(self, survivors: &Survivors, k: usize) -> f32 {
        match self {
            Scores::Messages(norms) => survivors.values[k].abs() * norms[survivors.indices[k] as usize],
            Scores::Sources(norms) => norms[survivors.indices[k] as usize],
            Scores::Given(scores) => scores[survivors.entry[k] as usize],
        }
    }
}

/// What one deciding propagation gives.
pub(crate) struct Decided {
    pub(crate) output: Array2<f32>,
    pub(crate) survivors: Survivors,
    pub(crate) trace: EdgeTrace,
}

/// Propagates `x` over the survivors of the step before, removing what carries too little, and notes in `mask` what went.
///
/// With `ranking`, one number per entry of the full graph, that is what is compared instead of the messages' norms.
///
/// # Shapes
/// `x: [n, width]`, output `[n, width]`, `locked: [n]`
///
/// # Errors
/// [`EngineError::NotFinite`] when a row's norm is not finite, [`EngineError::Cancelled`].
pub(crate) fn propagate_and_remove(
    before: &Survivors,
    x: &Array2<f32>,
    step: usize,
    asked: f64,
    mode: EdgeMode,
    ranking: Option<&Arc<Vec<f32>>>,
    locked: Option<&[bool]>,
    mask: &mut EdgeMask,
    ctl: &Control,
) -> Result<Decided, EngineError> {
    let norms = row_norms(x.view(), ctl)?;
    check_norms(&norms, step)?;
    let n_entries = mask.removed_at().len();
    let scores = match ranking {
        Some(given) => Scores::Given(given),
        None if before.averages => Scores::Sources(&norms),
        None => Scores::Messages(&norms),
    };
    let mean_message = mean_score(before, scores, ctl)?;
    let delta = match mode {
        EdgeMode::Absolute | EdgeMode::Mass => asked as f32,
        EdgeMode::Relative => (asked * mean_message) as f32,
        EdgeMode::Target => {
            let all = (0..before.indptr.len() - 1).flat_map(|u| {
                let row = before.indptr[u]..before.indptr[u + 1];
                row.filter(move |k| before.indices[*k] as usize != u).map(|k| scores.of(before, k))
            });
            target_delta(all.collect(), before.n_entries(), asked, n_entries)
        }
    };
    let (output, survivors, removed) = fused(before, x, scores, delta, locked, ctl)?;
    for k in removed {
        mask.remove(k as usize, step);
    }
    let trace = EdgeTrace {
        asked,
        delta: f64::from(delta),
        n_entries,
        n_self_loops: before.n_self_loops(),
        n_before: before.n_entries(),
        n_after: survivors.n_entries(),
        mean_message,
        source_norms: Arc::new(norms),
        width: x.ncols(),
        macs_per_entry: x.ncols(),
        scores: ranking.map(Arc::clone),
        coefficients: None,
        pushed_share: None,
    };
    Ok(Decided { output, survivors, trace })
}

/// Refuses norms that are not finite.
pub(crate) fn check_norms(norms: &[f32], step: usize) -> Result<(), EngineError> {
    match norms.iter().find(|v| !v.is_finite()) {
        Some(found) => Err(EngineError::NotFinite {
            what: format!("row norm at graph step {}", step + 1),
            found: found.to_string(),
        }),
        None => Ok(()),
    }
}

/// Rows per block where every entry costs a comparison.
const SCORE_ROWS: usize = 4096;

/// Mean score over the entries walked, self-loops included; block sums are added in block order.
fn mean_score(survivors: &Survivors, scores: Scores<'_>, ctl: &Control) -> Result<f64, EngineError> {
    let n = survivors.indptr.len() - 1;
    let sums = ctl.map(n.div_ceil(SCORE_ROWS), |block| {
        let rows = block * SCORE_ROWS..n.min((block + 1) * SCORE_ROWS);
        let entries = survivors.indptr[rows.start]..survivors.indptr[rows.end];
        entries.map(|k| f64::from(scores.of(survivors, k))).sum::<f64>()
    })?;
    Ok(sums.iter().sum::<f64>() / survivors.indices.len().max(1) as f64)
}

/// The smallest δ at which at least the wanted share of all entries is gone, by selection among the `scores` of those that may
/// go; equal scores go together.
pub(crate) fn target_delta(mut scores: Vec<f32>, n_before: usize, share: f64, n_entries: usize) -> f32 {
    let wanted = (share * n_entries as f64).ceil() as usize;
    let gone = n_entries - n_before;
    let more = wanted.saturating_sub(gone).min(scores.len());
    kth_smallest(&mut scores, more).map_or(0.0, f32::next_up)
}

/// Output rows of one block, with the survivors of its rows.
#[derive(Default)]
struct Block {
    row_lens: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
    entry: Vec<u32>,
    removed: Vec<u32>,
}

fn fused(
    before: &Survivors,
    x: &Array2<f32>,
    scores: Scores<'_>,
    delta: f32,
    locked: Option<&[bool]>,
    ctl: &Control,
) -> Result<(Array2<f32>, Survivors, Vec<u32>), EngineError> {
    const ROWS: usize = 128;
    let (n, width) = x.dim();
    let mut output = Array2::zeros((n, width));
    let values = contiguous(x.view());
    let Some(rows) = output.as_slice_mut().filter(|_| width > 0) else {
        return Ok((output, before.clone(), Vec::new()));
    };
    let residual = before.identity != Identity::SelfLoop;
    let blocks = ctl.map_row_blocks(rows, width, ROWS, |first, rows| {
        if residual {
            rows.copy_from_slice(&values[first * width..first * width + rows.len()]);
        }
        let mut block = Block::default();
        remove_and_add(rows, width, first, before, values, scores, delta, locked, &mut block);
        block
    })?;
    let mut survivors = Survivors {
        indptr: Vec::with_capacity(n + 1),
        indices: Vec::with_capacity(blocks.iter().map(|b| b.indices.len()).sum()),
        values: Vec::new(),
        entry: Vec::new(),
        identity: before.identity,
        n_own_left_out: before.n_own_left_out,
        averages: before.averages,
    };
    survivors.indptr.push(0);
    let mut removed = Vec::new();
    for block in blocks {
        for len in block.row_lens {
            survivors.indptr.push(survivors.indptr[survivors.indptr.len() - 1] + len);
        }
        survivors.indices.extend_from_slice(&block.indices);
        survivors.values.extend_from_slice(&block.values);
        survivors.entry.extend_from_slice(&block.entry);
        removed.extend_from_slice(&block.removed);
    }
    Ok((output, survivors, removed))
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn remove_and_add<'a>(
    out: &mut [f32],
    width: usize,
    first: usize,
    before: &Survivors,
    x: &[f32],
    scores: Scores<'a>,
    delta: f32,
    locked: Option<&[bool]>,
    block: &mut Block,
) {
    for (i, row) in out.chunks_exact_mut(width).enumerate() {
        let u = first + i;
        let is_locked = locked.is_some_and(|l| l[u]);
        let start = block.indices.len();
        let entries = before.indptr[u]..before.indptr[u + 1];
        let mean = 1.0 / entries.len().max(1) as f32;
        for k in entries {
            let v = before.indices[k];
            let t = if before.averages { mean } else { before.values[k] };
            if scores.of(before, k) < delta && v as usize != u && !is_locked {
                block.removed.push(before.entry[k]);
                continue;
            }
            block.indices.push(v);
            block.values.push(t);
            block.entry.push(before.entry[k]);
        }
        gather(row, &block.indices[start..], &block.values[start..], x);
        block.row_lens.push(block.indices.len() - start);
    }
}
