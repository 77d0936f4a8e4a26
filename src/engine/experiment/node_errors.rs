//! What the removed entries change at every node: attained, and bounded by what the thresholds promise.
//!
//! For step `l` with input `x` (that of the pruned forward) the error of node `u` is `‖Σ_v (T - T̂)[u,v] x[v]‖₂`, and by the triangle
//! inequality at most `Σ_v |T - T̂|[u,v] ‖x[v]‖₂`. An entry that step `l` itself removed has a message below its `δ`, so with `q` of them
//! the error is at most `q δ` plus the messages that earlier steps took away: Lemma 2 of Unifews (ICML 2025), node by node. The error of a
//! step adds nothing from the steps before it; what all of them do together is
//! [`StepTrace::relative_error`](crate::engine::sparsify::StepTrace::relative_error).

use std::borrow::Cow;

use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::HopOrder;
use crate::engine::model::exec::infer::forward;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::masked_inference::{Aggregated, Listening, MaskedInference};
use crate::engine::sparsify::{EdgeMask, EdgeMode, Recipe};

/// Rows between two looks at the stop button.
const ROWS: usize = 256;

/// The error of one graph step at every node. Norms of rows, in the units of what is propagated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct NodeErrors {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Entries of every node that this step lacks. `[n_nodes]`
    pub n_missing: Vec<usize>,
    /// `‖Σ_v (T - T̂)[u,v] x[v]‖₂`. `[n_nodes]`
    pub attained: Vec<f64>,
    /// `Σ_v |T - T̂|[u,v] ‖x[v]‖₂`. `[n_nodes]`
    pub bound: Vec<f64>,
    /// The same with `δ` for every message that this step itself removed; absent where a ranking decided, whose thresholds say nothing
    /// of messages. `[n_nodes]`
    pub threshold_bound: Option<Vec<f64>>,
}

/// What the nodes of one graph step come to. Norms in the units of what is propagated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepErrors {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Nodes whose row is not as it was.
    pub n_changed: usize,
    /// `‖(T - T̂) x‖_F`.
    pub attained: f64,
    /// Its bound from the nodes' messages.
    pub bound: f64,
    /// Its bound from the thresholds; absent where a ranking or recovery decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold_bound: Option<f64>,
    /// Error of the node in the middle, by error.
    pub median: f64,
    /// The largest error of a node.
    pub largest: f64,
}

impl NodeErrors {
    /// What the nodes come to.
    pub fn summary(&self) -> StepErrors {
        let mut sorted = self.attained.clone();
        sorted.sort_by(f64::total_cmp);
        StepErrors {
            step: self.step,
            n_changed: self.bound.iter().filter(|bound| **bound > 0.0).count(),
            attained: self.attained_by_step(),
            bound: self.bound_of_step(),
            threshold_bound: self.threshold_bound_of_step(),
            median: sorted.get(sorted.len() / 2).copied().unwrap_or(0.0),
            largest: sorted.last().copied().unwrap_or(0.0),
        }
    }

    /// The Frobenius norm of what the step lacks: `‖(T - T̂) x‖_F`.
    pub fn attained_by_step(&self) -> f64 {
        norm(&self.attained)
    }

    /// The bound of that norm, from the bounds of the nodes.
    pub fn bound_of_step(&self) -> f64 {
        norm(&self.bound)
    }

    /// The same from the thresholds.
    pub fn threshold_bound_of_step(&self) -> Option<f64> {
        self.threshold_bound.as_deref().map(norm)
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// Whether runs of this recipe propagate over a matrix that is fixed beforehand, so that errors against it have bounds.
pub fn has_node_errors(recipe: &Recipe) -> bool {
    recipe.edges.mode != EdgeMode::Mass && recipe.model.n_graph_steps() > 0 && !recipe.model.has("attention")
}

/// Error and bounds of every graph step of a run, at every node. One pruned forward, and one product with what was removed per step.
///
/// Nothing for steps of attention, whose coefficients are not those of a fixed matrix, nor in mass mode, which removes entries per feature.
///
/// # Errors
/// [`EngineError::Mismatch`] for a graph with too many entries, [`EngineError::Cancelled`].
pub fn node_errors(run: &Run, ctl: &Control) -> Result<Vec<NodeErrors>, EngineError> {
    if !has_node_errors(&run.recipe) {
        return Ok(Vec::new());
    }
    let (dataset, mask) = (&run.dataset, &run.pruned.masks.edges);
    let mut recipe = run.recipe.clone();
    // Rows are looked at as they are stored.
    recipe.propagation.order = HopOrder::Stored;
    let edges = run.pruned.steps.iter().filter_map(|step| step.edges.as_ref());
    let observer = Observer {
        mask,
        operators: OperatorSource::new(dataset, &recipe),
        averages: recipe.averages_messages(),
        thresholds: edges.map(|trace| trace.scores.is_none().then_some(trace.delta)).collect(),
    };
    let mut found = Vec::new();
    let heard = |step: usize, how: Aggregated, x: &Array2<f32>, ctl: &Control| {
        // Of the largest of many nothing is known that the removed ones could be held against.
        if how == Aggregated::Sum {
            found.push(observer.errors(step, x, ctl)?);
        }
        Ok(())
    };
    let inference = MaskedInference::pruned(dataset, &recipe, mask, None, None, ctl)?;
    let model = &run.pruned.model;
    forward(&model.program(), model, dataset.features(), &mut Listening { inference, heard }, ctl)?;
    Ok(found)
}

/// Looks at what every propagation lacks.
struct Observer<'a> {
    mask: &'a EdgeMask,
    operators: OperatorSource,
    averages: bool,
    /// δ of every step, where it is one of messages.
    thresholds: Vec<Option<f64>>,
}

impl Observer<'_> {
    fn errors(&self, step: usize, x: &Array2<f32>, ctl: &Control) -> Result<NodeErrors, EngineError> {
        let (topology, is_removed_here) =
            (&self.operators.topology, |k: usize| self.mask.removing_step(k, step) == Some(step));
        // Before the first step nothing is removed, and means are over all entries.
        // Fitted values are held against those of the diffusion matrix.
        let full = match self.mask.values() {
            Some(_) => Cow::Borrowed(self.operators.diffusion.values()),
            None => self.operators.values(self.mask, 0),
        };
        let kept = self.operators.values(self.mask, step);
        let delta = self.thresholds.get(step).copied().flatten();
        let norms = ctl.map(x.nrows(), |v| row_norm(x.row(v)))?;
        let of_node = |u: usize| {
            let mut sum = vec![0.0f64; x.ncols()];
            let (mut n_missing, mut bound, mut threshold_bound) = (0, 0.0, 0.0);
            for k in topology.row_range(u) {
                let is_kept = self.mask.is_kept(k, step);
                n_missing += usize::from(!is_kept);
                if is_kept && full[k].to_bits() == kept[k].to_bits() {
                    continue;
                }
                let lacking = f64::from(full[k]) - if is_kept { f64::from(kept[k]) } else { 0.0 };
                let v = topology.indices()[k] as usize;
                for (sum, x) in sum.iter_mut().zip(x.row(v)) {
                    *sum += lacking * f64::from(*x);
                }
                let message = lacking.abs() * norms[v];
                bound += message;
                threshold_bound += match delta {
                    // A mean judges sources by their norm alone.
                    Some(delta) if is_removed_here(k) && self.averages => lacking.abs() * delta,
                    Some(delta) if is_removed_here(k) => delta,
                    _ => message,
                };
            }
            (n_missing, norm(&sum), bound, threshold_bound)
        };
        let n = topology.n_nodes();
        let blocks = ctl.map(n.div_ceil(ROWS), |block| {
            (block * ROWS..n.min((block + 1) * ROWS)).map(of_node).collect::<Vec<_>>()
        })?;
        let mut found = NodeErrors { step, threshold_bound: delta.map(|_| Vec::new()), ..NodeErrors::default() };
        for (n_missing, attained, bound, threshold_bound) in blocks.into_iter().flatten() {
            found.n_missing.push(n_missing);
            found.attained.push(attained);
            found.bound.push(bound);
            if let Some(bounds) = &mut found.threshold_bound {
                bounds.push(threshold_bound);
            }
        }
        Ok(found)
    }
}

fn row_norm(row: ArrayView1<'_, f32>) -> f64 {
    row.iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
}
