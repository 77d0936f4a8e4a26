//! Attention in a block: scores of its entries, what they are judged by, and the weighted sum over what is kept.

use super::part::BlockEntries;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{AttentionInput, Structure, attention_scores, leaky, softmax_rows};
use crate::engine::sparsify::attention::norms_of_heads;

/// What is known of a step's entries while blocks come in.
#[derive(Debug)]
pub(super) struct Scoring {
    pub(super) heads: usize,
    /// Scores before the softmax. `[entries · heads]`
    pub(super) raw: Vec<f32>,
    /// Norms of what every source's heads send. `[entries · heads]`
    pub(super) norms: Vec<f32>,
}

impl Scoring {
    pub(super) fn new(n_entries: usize, heads: usize) -> Self {
        Self { heads, raw: vec![f32::NAN; n_entries * heads], norms: vec![f32::NAN; n_entries * heads] }
    }

    /// Takes up the projections of the sources from `first` on; `of_target` are those of the block's own rows.
    pub(super) fn project(
        &mut self,
        entries: &BlockEntries,
        which: &[(usize, usize)],
        first: usize,
        (scores, norms): (&[f32], &[f32]),
        of_target: &[f32],
    ) {
        let heads = self.heads;
        for (u, k) in which {
            let v = entries.sources[*k] as usize - first;
            for h in 0..heads {
                self.raw[k * heads + h] = leaky(scores[v * heads + h] + of_target[u * heads + h]);
                self.norms[k * heads + h] = norms[v * heads + h];
            }
        }
    }

    /// Takes up the rows of the sources from `first` on, where scores are of both ends together.
    pub(super) fn both_ends(
        &mut self,
        entries: &BlockEntries,
        which: &[(usize, usize)],
        first: usize,
        input: &AttentionInput<'_>,
        ctl: &Control,
    ) -> Result<(), EngineError> {
        let heads = self.heads;
        let n_rows = entries.n_rows();
        let (indptr, indices) = lists(entries, which, n_rows, first);
        let scores = attention_scores(Structure { indptr: &indptr, indices: &indices }, input, ctl)?;
        let norms = norms_of_heads(input.source, heads, ctl)?;
        for (at, (_, k)) in which.iter().enumerate() {
            let v = indices[at] as usize;
            self.raw[k * heads..(k + 1) * heads].copy_from_slice(&scores[at * heads..(at + 1) * heads]);
            self.norms[k * heads..(k + 1) * heads].copy_from_slice(&norms[v * heads..(v + 1) * heads]);
        }
        Ok(())
    }
}

/// Entries as lists over a block of sources that begins with `first`. `which` holds row and entry, ascending.
pub(super) fn lists(
    entries: &BlockEntries,
    which: &[(usize, usize)],
    n_rows: usize,
    first: usize,
) -> (Vec<usize>, Vec<u32>) {
    let mut indptr = vec![0; n_rows + 1];
    for (u, _) in which {
        indptr[u + 1] += 1;
    }
    for u in 0..n_rows {
        indptr[u + 1] += indptr[u];
    }
    (indptr, which.iter().map(|(_, k)| entries.sources[*k] - first as u32).collect())
}

/// Softmax over the entries that `keep` accepts, row by row; NaN for the others. `[entries · heads]`
pub(super) fn softmax_over(
    entries: &BlockEntries,
    raw: &[f32],
    heads: usize,
    keep: impl Fn(usize) -> bool,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let mut indptr = vec![0];
    let (mut scores, mut at) = (Vec::new(), Vec::new());
    for row in entries.indptr.windows(2) {
        for k in (row[0]..row[1]).filter(|k| keep(*k)) {
            scores.extend_from_slice(&raw[k * heads..(k + 1) * heads]);
            at.push(k);
        }
        indptr.push(at.len());
    }
    let alpha = softmax_rows(&indptr, &scores, heads, ctl)?;
    let mut all = vec![f32::NAN; raw.len()];
    for (row, k) in alpha.rows().into_iter().zip(at) {
        all[k * heads..(k + 1) * heads].iter_mut().zip(row).for_each(|(slot, value)| *slot = *value);
    }
    Ok(all)
}
