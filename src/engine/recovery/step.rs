//! One step: which entries it keeps, with which values, and its trace.

use std::sync::Arc;

use ndarray::Array2;

use super::plan::Plan;
use super::side::Side;
use super::{entries, refit};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;
use crate::engine::kernels::row_norms;
use crate::engine::sparsify::edges::check_norms;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::{EdgeTrace, EntryChoice, Recipe, RecoveryRule};

/// What one step keeps.
pub(super) struct ChosenStep {
    pub(super) kept: Vec<bool>,
    /// `[n_kept, heads]`
    pub(super) values: Array2<f32>,
    pub(super) trace: EdgeTrace,
}

/// Chooses the entries of step `step` and their values; `before` is what the step before kept.
///
/// # Errors
/// [`EngineError::NotFinite`], [`EngineError::Cancelled`].
pub(super) fn choose(
    side: &Side<'_>,
    step: usize,
    before: Option<&[bool]>,
    recipe: &Recipe,
    rule: &RecoveryRule,
    plan: &Plan,
    ctl: &Control,
) -> Result<ChosenStep, EngineError> {
    let topology = side.topology;
    if let (Some(traces), Some(masks)) = (&plan.decided, &plan.masks) {
        let kept: Vec<bool> = (0..topology.n_entries()).map(|k| masks.edges.is_kept(k, step)).collect();
        let values = refit::values(side, &kept, rule.values, false, ctl)?;
        // What decided is told, not what the fits made of it.
        return Ok(ChosenStep { kept, values, trace: traces[step].clone() });
    }
    let norms = row_norms(side.candidates.view(), ctl)?;
    check_norms(&norms, step)?;
    let mut allowed =
        before.filter(|_| rule.progressive).map_or_else(|| vec![true; topology.n_entries()], <[bool]>::to_vec);
    plan.exempt.take_out(topology, &mut allowed);
    let n_keep = plan.n_keep[step];
    let n_allowed = allowed.iter().filter(|a| **a).count() - topology.n_self_loops();
    let is_whole = n_keep >= n_allowed && rule.entries != EntryChoice::None;
    let scores = if is_whole {
        vec![f32::INFINITY; topology.n_entries()]
    } else {
        entries::scores(side, rule.entries, &allowed, n_keep, recipe.seed ^ step as u64, ctl)?
    };
    let kept = if is_whole {
        allowed
    } else if rule.entries == EntryChoice::None {
        // What is left without any entry, also one that was kept by hand.
        entries::choose(topology, &scores, &allowed, (0, rule.least_per_node), &Exempt::default())
    } else {
        entries::choose(topology, &scores, &allowed, (n_keep, rule.least_per_node), &plan.exempt)
    };
    // Ranks say nothing about how much of a row is left, so the fit starts from its sum.
    let scaled_first = rule.entries == EntryChoice::PerNode;
    let values = refit::values(side, &kept, rule.values, scaled_first, ctl)?;
    let (mut cut, mut n_after) = (f32::INFINITY, 0);
    for (k, (u, v)) in topology.entries().enumerate() {
        if kept[k] {
            n_after += 1;
            if u != v && scores[k] < cut {
                cut = scores[k];
            }
        }
    }
    let n_self_loops = topology.n_self_loops();
    let trace = EdgeTrace {
        requested: recipe.delta_a(step),
        delta: if cut.is_finite() { f64::from(cut) } else { 0.0 },
        n_entries: topology.n_entries(),
        n_self_loops,
        n_before: n_allowed + n_self_loops,
        n_after,
        mean_message: mean_message(topology, side.values, side.heads, &norms),
        source_norms: Arc::new(norms),
        width: side.candidates.ncols(),
        macs_per_entry: side.candidates.ncols(),
        unpruned_macs_per_entry: side.candidates.ncols(),
        scores: Some(Arc::new(scores)),
        coefficients: None,
        pushed_share: None,
        counts_self_loops: recipe.counts_self_loops(),
    };
    Ok(ChosenStep { kept, values, trace })
}

/// Mean norm of the messages over all entries, whose `values` are a row of `heads` for each.
pub(super) fn mean_message(topology: &Topology, values: &[f32], heads: usize, norms: &[f32]) -> f64 {
    let of_entry = |(k, v): (usize, &u32)| {
        let mean = values[k * heads..][..heads].iter().map(|t| f64::from(t.abs())).sum::<f64>() / heads as f64;
        mean * f64::from(norms[*v as usize])
    };
    topology.indices().iter().enumerate().map(of_entry).sum::<f64>() / topology.n_entries().max(1) as f64
}
