//! What each layer alone can bear: its threshold is raised while all others stay at 0.

use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::options::RunOptions;
use super::run::{Run, run};
use super::sweep::{SweepGrid, SweepPoint};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::baselines::WeightRanking;
use crate::engine::sparsify::{EdgeMode, EdgeTrace, Recipe};

/// One layer or hop at one threshold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SensitivityPoint {
    /// Whether the entries of the graph are pruned; else the weights.
    pub is_of_edges: bool,
    /// Layer or hop, from 0.
    pub step: usize,
    /// Its threshold, in the recipe's mode.
    pub delta: f64,
    /// What it removed of its own: of the step's entries, or of the layer's weights, `0..=1`.
    pub removed: f64,
    /// What comes of it.
    pub result: SweepPoint,
}

impl SensitivityPoint {
    /// The recipe it is of: `base` with this threshold, and nothing removed elsewhere.
    pub fn recipe(&self, base: &Recipe) -> Recipe {
        recipe_of(base, self.is_of_edges, self.step, self.delta)
    }
}

/// Raises the threshold of every graph step over the grid's δa and of every layer's weights over its δw, one at a time.
///
/// `baseline` is what results are held against where that is not the model's own output. `[n_nodes, n_classes]`
///
/// In decoupled families with many hops a hop's removals stay for all later ones, since removal is progressive.
///
/// # Errors
/// As [`super::run`].
pub fn sensitivity(
    dataset: &Arc<Dataset>,
    model: &Arc<Model>,
    base: &Recipe,
    grid: &SweepGrid,
    baseline: Option<Arc<Array2<f32>>>,
    ctl: &Control,
    mut on_point: impl FnMut(SensitivityPoint),
) -> Result<(), EngineError> {
    let SweepGrid { delta_a, delta_w } = grid;
    let base = &Recipe { model: model.architecture.clone(), ..base.clone() };
    let (n_steps, n_layers) = (base.model.n_graph_steps(), base.model.layers);
    let n_points = n_steps * delta_a.len() + n_layers * delta_w.len();
    let mut baseline_logits = baseline;
    let mut idx = 0;
    for (is_of_edges, n, deltas) in [(true, n_steps, delta_a), (false, n_layers, delta_w)] {
        for step in 0..n {
            for &delta in deltas {
                ctl.check()?;
                ctl.progress("one layer at a time", idx, n_points);
                let recipe = recipe_of(base, is_of_edges, step, delta);
                let found = run(dataset, model, &recipe, RunOptions::PREVIEW, baseline_logits.clone(), &ctl.quiet())?;
                baseline_logits = Some(Arc::clone(&found.baseline_logits));
                let removed = removed_of(&found, is_of_edges, step);
                on_point(SensitivityPoint { is_of_edges, step, delta, removed, result: SweepPoint::of(idx, &found) });
                idx += 1;
            }
        }
    }
    ctl.progress("one layer at a time", idx, n_points);
    Ok(())
}

/// For every layer the largest threshold that was tried and that it bears alone.
///
/// It and all smaller ones lose at most `lose_at_most` validation accuracy, a share; 0 where there is none. `None` without a point. What all
/// of them together lose is for a run to say.
pub fn thresholds_by_layer(points: &[SensitivityPoint], base: &Recipe, lose_at_most: f64) -> Option<Recipe> {
    points.first()?;
    let largest = |is_of_edges: bool, step: usize| {
        let mut own: Vec<&SensitivityPoint> =
            points.iter().filter(|point| point.is_of_edges == is_of_edges && point.step == step).collect();
        own.sort_by(|a, b| a.delta.total_cmp(&b.delta));
        let lost = |point: &SensitivityPoint| point.result.baseline_val_accuracy - point.result.val_accuracy;
        // Rounding must not take a node that is exactly allowed.
        let borne = own.into_iter().take_while(|point| lost(point) <= lose_at_most + 1e-9);
        borne.last().map_or(0.0, |point| point.delta)
    };
    let mut recipe = base.clone();
    let n_steps = base.model.n_graph_steps();
    recipe.edges.delta = (0..n_steps.max(1)).map(|step| largest(true, step)).collect();
    recipe.weights.delta = (0..base.model.layers).map(|layer| largest(false, layer)).collect();
    if recipe.edges.mode == EdgeMode::Target {
        // A target is cumulative.
        let mut most: f64 = 0.0;
        for delta in &mut recipe.edges.delta {
            most = most.max(*delta);
            *delta = most;
        }
    }
    if recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal) {
        recipe.weights.ranking = Some(WeightRanking::Magnitude);
    }
    Some(recipe)
}

/// `base` with a threshold of one step or layer, and nothing removed elsewhere.
fn recipe_of(base: &Recipe, is_of_edges: bool, step: usize, delta: f64) -> Recipe {
    let mut recipe = base.clone();
    let n_steps = base.model.n_graph_steps();
    let mut edges = vec![0.0; n_steps.max(1)];
    let mut weights = vec![0.0; base.model.layers];
    if is_of_edges {
        // A target is cumulative: what this step removed stays removed in the later ones, too.
        let end = if recipe.edges.mode == EdgeMode::Target { n_steps } else { step + 1 };
        edges[step..end].fill(delta);
    } else {
        weights[step] = delta;
    }
    (recipe.edges.delta, recipe.weights.delta) = (edges, weights);
    if recipe.weights.ranking == Some(WeightRanking::MagnitudeGlobal) {
        // One threshold over all layers cannot be that of one.
        recipe.weights.ranking = Some(WeightRanking::Magnitude);
    }
    recipe
}

fn removed_of(run: &Run, is_of_edges: bool, step: usize) -> f64 {
    let share = |kept: usize, all: usize| 1.0 - kept as f64 / all.max(1) as f64;
    if is_of_edges {
        let edges = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).nth(step);
        return edges.map_or(0.0, EdgeTrace::sparsity);
    }
    let layer = run.pruned.steps.iter().filter(|s| !s.weights.is_empty() && s.idx == step).flat_map(|s| &s.weights);
    let (kept, all) = layer.fold((0, 0), |(kept, all), w| (kept + w.n_after, all + w.n_weights));
    share(kept, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::experiment::RunOptions;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family};

    #[test]
    fn each_layer_gets_the_largest_threshold_that_it_bears_alone() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 60, n_entries: 300, n_features: 6, n_classes: 3, seed: 2 };
        let dataset = power_law_communities(&shape, &ctl).expect("possible").shared();
        let network = Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&network, 6, 3, 1));
        let base = Recipe { model: network, ..Recipe::default() };
        let found = run(&dataset, &model, &base, RunOptions::PREVIEW, None, &ctl).expect("a run");
        let point = |is_of_edges, step, delta, lost| {
            let result =
                SweepPoint { val_accuracy: 0.9 - lost, baseline_val_accuracy: 0.9, ..SweepPoint::of(0, &found) };
            SensitivityPoint { is_of_edges, step, delta, removed: 0.0, result }
        };
        // Not in order; the second layer's edges bear 0.4 but not 0.3, its weights nothing.
        let points = [
            point(true, 0, 0.5, 0.01),
            point(true, 0, 0.2, 0.0),
            point(true, 0, 0.9, 0.2),
            point(true, 1, 0.4, 0.0),
            point(true, 1, 0.3, 0.2),
            point(true, 1, 0.1, -0.1),
            point(false, 0, 0.7, 0.005),
            point(false, 1, 0.1, 0.02),
        ];
        let recipe = thresholds_by_layer(&points, &base, 0.01).expect("points");
        assert_eq!((recipe.edges.delta, recipe.weights.delta), (vec![0.5, 0.1], vec![0.7, 0.0]));
        let target = Recipe {
            edges: crate::engine::sparsify::EdgeRule { mode: EdgeMode::Target, ..base.edges.clone() },
            ..base.clone()
        };
        assert_eq!(thresholds_by_layer(&points, &target, 0.01).expect("points").edges.delta, [0.5, 0.5], "cumulative");
        assert_eq!(thresholds_by_layer(&[], &base, 0.01), None);
    }
}
