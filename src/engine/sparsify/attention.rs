//! The graph side of attention: entries are removed by the norm of the message over all heads.
//!
//! Clean: `√Σ_h α_h² ‖s_v,h‖²` against δ, and attention is taken over what is left, as any network with these entries would.
//! The authors' form (`archs/layers.py:658-709`): `‖α‖₂ / heads · ‖s_v‖` against `δa · mean ‖s_v‖` ([`Quirk::GatEdgeRule`]), and
//! coefficients of removed entries are set to 0 without renormalising ([`Quirk::GatNoRenormalisation`]).

use std::sync::Arc;

use ndarray::Array2;

use super::edges::{Removed, check_norms};
use super::exempt::Exempt;
use super::mask::EdgeMask;
use super::pruned_operator::PrunedOperator;
use super::recipe::{Quirk, Recipe};
use super::threshold::{self, Removable};
use super::trace::EdgeTrace;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    Attended, AttentionInput, attention_scores, kth_smallest, row_norms, softmax_rows, sum_of_scores,
};

/// Attention over `operator`, adding up all of it, or only what `kept` marks without renormalising.
pub(crate) fn attend(
    operator: &PrunedOperator,
    kept: Option<Vec<bool>>,
    input: &AttentionInput<'_>,
    ctl: &Control,
) -> Result<Attended, EngineError> {
    let structure = operator.structure();
    let scores = attention_scores(structure, input, ctl)?;
    let coefficients = softmax_rows(structure.indptr, &scores, input.heads(), ctl)?;
    Ok(Attended { indptr: structure.indptr.to_vec(), indices: structure.indices.to_vec(), coefficients, kept })
}

/// What one deciding step of attention gives.
pub(crate) struct DecidedAttention {
    pub(crate) output: Array2<f32>,
    pub(crate) removed: Removed,
    pub(crate) attended: Attended,
}

/// Attends over the kept entries of the step before, removing what carries too little, and notes in `mask` what was removed.
///
/// # Errors
/// [`EngineError::NotFinite`] when a row's norm is not finite, [`EngineError::Cancelled`].
pub(crate) fn attend_and_remove(
    before: &PrunedOperator,
    input: &AttentionInput<'_>,
    step: usize,
    requested: f64,
    recipe: &Recipe,
    ranking: Option<&Arc<Vec<f32>>>,
    exempt: &Exempt,
    mask: &mut EdgeMask,
    ctl: &Control,
) -> Result<DecidedAttention, EngineError> {
    let heads = input.heads();
    let norms = row_norms(input.source.view(), ctl)?;
    check_norms(&norms, step)?;
    let all = attend(before, None, input, ctl)?;
    let structure = before.structure();
    let n_entries = mask.n_entries();
    let is_official = recipe.compat.has(Quirk::GatEdgeRule);
    let scores: Vec<f32> = if let Some(ranking) = ranking {
        before.entries().map(|k| ranking[k as usize]).collect()
    } else if is_official {
        let rows = all.coefficients.rows().into_iter().zip(structure.indices);
        rows.map(|(alpha, v)| alpha.dot(&alpha).sqrt() / heads as f32 * norms[*v as usize]).collect()
    } else {
        let head_norms = norms_of_heads(input.source, heads, ctl)?;
        let rows = all.coefficients.rows().into_iter().zip(structure.indices);
        rows.map(|(alpha, v)| message_norm(alpha.iter().copied(), &head_norms[*v as usize * heads..][..heads]))
            .collect()
    };
    let mean = |values: &[f32]| {
        sum_of_scores(structure.indptr, 0..before.n_rows(), values).value() / scores.len().max(1) as f64
    };
    let mean_message = if is_official && ranking.is_none() {
        mean(&structure.indices.iter().map(|v| norms[*v as usize]).collect::<Vec<_>>())
    } else {
        mean(&scores)
    };
    let targets = rows_of(structure.indptr);
    let is_own = |k: usize| targets[k] == structure.indices[k];
    let beside = if recipe.counts_self_loops() { 0 } else { before.n_self_loops() };
    let removable = Removable { n_removed: n_entries - before.n_entries(), n_removable: n_entries - beside };
    let nth_smallest = |n: usize| {
        let others = scores.iter().enumerate().filter(|(k, _)| !is_own(*k)).map(|(_, s)| *s);
        let mut others: Vec<f32> = others.collect();
        let n = n.min(others.len());
        Ok(kth_smallest(&mut others, n))
    };
    let delta = threshold::of_edges(recipe.edges.mode, requested, removable, || Ok(mean_message), nth_smallest)?.delta;
    let keep: Vec<bool> = (0..scores.len())
        .map(|k| {
            let decided = exempt.decides(targets[k] as usize, structure.indices[k] as usize);
            decided.unwrap_or(scores[k] >= delta)
        })
        .collect();
    let mut of_entry = vec![f32::NAN; n_entries];
    for ((k, keep), score) in before.entries().zip(&keep).zip(&scores) {
        of_entry[k as usize] = *score;
        if !keep {
            mask.remove(k as usize, step);
        }
    }
    let operator = before.filtered(&keep);
    let attended = if recipe.compat.has(Quirk::GatNoRenormalisation) {
        Attended { kept: Some(keep), ..all }
    } else {
        attend(&operator, None, input, ctl)?
    };
    let output = attended.gather(input.source, ctl)?;
    let mut coefficients = Array2::zeros((n_entries, heads));
    let attended_over = if attended.kept.is_some() { before } else { &operator };
    for (at, k) in attended_over.entries().enumerate() {
        if attended.kept.as_ref().is_none_or(|kept| kept[at]) {
            coefficients.row_mut(k as usize).assign(&attended.coefficients.row(at));
        }
    }
    let trace = EdgeTrace {
        requested,
        delta: f64::from(delta),
        n_entries,
        n_self_loops: before.n_self_loops(),
        n_before: before.n_entries(),
        n_after: operator.n_entries(),
        mean_message,
        source_norms: Arc::new(norms),
        width: input.source.ncols(),
        macs_per_entry: 2 * input.source.ncols(),
        unpruned_macs_per_entry: 2 * input.source.ncols(),
        scores: Some(ranking.map_or_else(|| Arc::new(of_entry), Arc::clone)),
        coefficients: Some(Arc::new(coefficients)),
        pushed_share: None,
        counts_self_loops: recipe.counts_self_loops(),
    };
    Ok(DecidedAttention { output, removed: Removed { operator, trace }, attended })
}

/// Row of every entry.
fn rows_of(indptr: &[usize]) -> Vec<u32> {
    (0..indptr.len() - 1).flat_map(|u| std::iter::repeat_n(u as u32, indptr[u + 1] - indptr[u])).collect()
}

/// `√Σ_h α_h² ‖s_v,h‖²`: the norm of a message over all heads, from its coefficients and the norms of its source's heads.
pub(in crate::engine) fn message_norm(alpha: impl Iterator<Item = f32>, norms: &[f32]) -> f32 {
    alpha.zip(norms).map(|(a, n)| (a * n) * (a * n)).sum::<f32>().sqrt()
}

/// `‖x[v, head]‖₂`. `[n · heads]`
pub(in crate::engine) fn norms_of_heads(x: &Array2<f32>, heads: usize, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let (n, width) = x.dim();
    let by_head = x.view().into_shape_with_order((n * heads, width / heads.max(1)));
    let by_head = by_head.map_err(|e| EngineError::mismatch("columns of attention", format!("{heads} heads"), e))?;
    row_norms(by_head, ctl)
}
