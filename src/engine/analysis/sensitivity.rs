//! What each layer alone can bear: its threshold is raised while all others stay at 0.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::run::{RunOptions, run};
use super::sweep::SweepPoint;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::{EdgeMode, Recipe};

/// One layer or hop at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensitivityPoint {
    /// Whether the entries of the graph are pruned; else the weights.
    pub is_of_edges: bool,
    /// Layer or hop, from 0.
    pub step: usize,
    /// Its threshold, in the recipe's mode.
    pub delta: f64,
    /// What comes of it.
    pub result: SweepPoint,
}

/// Raises the threshold of every graph step over `delta_a` and of every layer's weights over `delta_w`, one at a time.
///
/// In decoupled families with many hops a hop's removals stay for all later ones, since removal is progressive.
///
/// # Errors
/// As [`super::run`].
pub fn sensitivity(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    base: &Recipe,
    delta_a: &[f64],
    delta_w: &[f64],
    ctl: &Control,
    mut on_point: impl FnMut(SensitivityPoint),
) -> Result<(), EngineError> {
    let shape = &model.architecture;
    let (n_steps, n_layers) = (shape.n_graph_steps(), shape.layers);
    let n_points = n_steps * delta_a.len() + n_layers * delta_w.len();
    let mut dense_logits = None;
    let mut idx = 0;
    for (is_of_edges, n, deltas) in [(true, n_steps, delta_a), (false, n_layers, delta_w)] {
        for step in 0..n {
            for &delta in deltas {
                ctl.check()?;
                ctl.progress("one layer at a time", idx, n_points);
                let mut recipe = base.clone();
                let mut edges = vec![0.0; n_steps.max(1)];
                let mut weights = vec![0.0; n_layers];
                if is_of_edges {
                    // A target is cumulative: what this step removed is gone in the later ones, too.
                    let end = if recipe.edges.mode == EdgeMode::Target { n_steps } else { step + 1 };
                    edges[step..end].fill(delta);
                } else {
                    weights[step] = delta;
                }
                (recipe.edges.delta, recipe.weights.delta) = (edges, weights);
                let found = run(dataset, model, &recipe, RunOptions::PREVIEW, dense_logits.clone(), &ctl.quiet())?;
                dense_logits = Some(Arc::clone(&found.dense_logits));
                on_point(SensitivityPoint { is_of_edges, step, delta, result: SweepPoint::of(idx, &found) });
                idx += 1;
            }
        }
    }
    ctl.progress("one layer at a time", idx, n_points);
    Ok(())
}
