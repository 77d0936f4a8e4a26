//! The graph side: removing entries while propagating (Unifews Eq. 9 and Algorithm 1).
//!
//! Entry `(u,v)`, `u ≠ v`, is removed when `|T[u,v]| · ‖P̂[v]‖₂ < δ`. The norms of the rows cost one pass over `P̂`; the test is
//! one comparison per entry, made in the same loop that adds the survivors up, which also writes them down for the next step.
//! Authors' code: `archs/layers.py:336-343` (relative δ). Differs in: removed messages are never computed (D11).

use std::sync::Arc;

use multiversion::multiversion;
use ndarray::Array2;

use super::mask::EdgeMask;
use super::recipe::{EdgeMode, EdgeRule, Identity};
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Topology, Transpose};
use crate::engine::kernels::{Csr, contiguous, kth_smallest, row_norms, spmm};

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
}

impl Survivors {
    /// Every entry of the graph.
    pub(crate) fn all(topology: &Topology, diffusion: &Diffusion, identity: Identity) -> Result<Self, EngineError> {
        Self::select(topology, diffusion, identity, |_, _| true)
    }

    /// No nodes at all, for networks that do not walk a graph.
    pub(crate) fn empty() -> Self {
        Self {
            indptr: vec![0],
            indices: Vec::new(),
            values: Vec::new(),
            entry: Vec::new(),
            identity: Identity::SelfLoop,
            n_own_left_out: 0,
        }
    }

    /// The entries that `keep(target, entry)` accepts.
    pub(crate) fn select(
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

    /// Message norm of every non-loop entry walked, in order.
    fn scores<'a>(&'a self, norms: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        (0..self.indptr.len() - 1).flat_map(move |u| {
            (self.indptr[u]..self.indptr[u + 1])
                .filter(move |k| self.indices[*k] as usize != u)
                .map(move |k| self.values[k].abs() * norms[self.indices[k] as usize])
        })
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
    rule: &EdgeRule,
    locked: Option<&[bool]>,
    mask: &mut EdgeMask,
    ctl: &Control,
) -> Result<Decided, EngineError> {
    let norms = row_norms(x.view(), ctl)?;
    if let Some(found) = norms.iter().find(|v| !v.is_finite()) {
        return Err(EngineError::NotFinite {
            what: format!("row norm at graph step {}", step + 1),
            found: found.to_string(),
        });
    }
    let n_entries = mask.removed_at().len();
    let mean_message = mean_score(before, &norms, ctl)?;
    let delta = match rule.mode {
        EdgeMode::Absolute | EdgeMode::Mass => asked as f32,
        EdgeMode::Relative => (asked * mean_message) as f32,
        EdgeMode::Target => target_delta(before, &norms, asked, n_entries),
    };
    let (output, survivors, removed) = fused(before, x, &norms, delta, locked, ctl)?;
    for k in removed {
        mask.remove(k as usize, step);
    }
    let trace = EdgeTrace {
        asked,
        delta: f64::from(delta),
        n_entries,
        n_self_loops: before.n_own_left_out + count_own(before),
        n_before: before.n_entries(),
        n_after: survivors.n_entries(),
        mean_message,
        source_norms: Arc::new(norms),
        width: x.ncols(),
        pushed_share: None,
    };
    Ok(Decided { output, survivors, trace })
}

fn count_own(survivors: &Survivors) -> usize {
    (0..survivors.indptr.len() - 1)
        .filter(|u| {
            survivors.indices[survivors.indptr[*u]..survivors.indptr[u + 1]].binary_search(&(*u as u32)).is_ok()
        })
        .count()
}

/// Rows per block where every entry costs a comparison.
const SCORE_ROWS: usize = 4096;

/// Mean message norm over the entries walked, self-loops included; block sums are added in block order.
fn mean_score(survivors: &Survivors, norms: &[f32], ctl: &Control) -> Result<f64, EngineError> {
    let n = survivors.indptr.len() - 1;
    let sums = ctl.map(n.div_ceil(SCORE_ROWS), |block| {
        let rows = block * SCORE_ROWS..n.min((block + 1) * SCORE_ROWS);
        let entries = survivors.indptr[rows.start]..survivors.indptr[rows.end];
        entries.map(|k| f64::from(survivors.values[k].abs() * norms[survivors.indices[k] as usize])).sum::<f64>()
    })?;
    Ok(sums.iter().sum::<f64>() / survivors.indices.len().max(1) as f64)
}

/// The smallest δ at which at least the wanted share of all entries is gone, by selection; equal scores go together.
fn target_delta(before: &Survivors, norms: &[f32], share: f64, n_entries: usize) -> f32 {
    let wanted = (share * n_entries as f64).ceil() as usize;
    let gone = n_entries - before.n_entries();
    let mut scores: Vec<f32> = before.scores(norms).collect();
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
    norms: &[f32],
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
        remove_and_add(rows, width, first, before, values, norms, delta, locked, &mut block);
        block
    })?;
    let mut survivors = Survivors {
        indptr: Vec::with_capacity(n + 1),
        indices: Vec::with_capacity(blocks.iter().map(|b| b.indices.len()).sum()),
        values: Vec::new(),
        entry: Vec::new(),
        identity: before.identity,
        n_own_left_out: before.n_own_left_out,
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
fn remove_and_add(
    out: &mut [f32],
    width: usize,
    first: usize,
    before: &Survivors,
    x: &[f32],
    norms: &[f32],
    delta: f32,
    locked: Option<&[bool]>,
    block: &mut Block,
) {
    for (i, row) in out.chunks_exact_mut(width).enumerate() {
        let u = first + i;
        let is_locked = locked.is_some_and(|l| l[u]);
        let start = block.indices.len();
        for k in before.indptr[u]..before.indptr[u + 1] {
            let (v, t) = (before.indices[k], before.values[k]);
            let score = t.abs() * norms[v as usize];
            if score < delta && v as usize != u && !is_locked {
                block.removed.push(before.entry[k]);
                continue;
            }
            block.indices.push(v);
            block.values.push(t);
            block.entry.push(before.entry[k]);
            for (o, x) in row.iter_mut().zip(&x[v as usize * width..][..width]) {
                *o = t.mul_add(*x, *o);
            }
        }
        block.row_lens.push(block.indices.len() - start);
    }
}
