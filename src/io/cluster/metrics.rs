//! The numbers of a job: `metrics.json`, with the names that a bundle's has.

use serde::Serialize;

use super::folder::JobFolder;
use crate::engine::cluster::Decisions;
use crate::engine::graph::Features;
use crate::engine::model::Family;
use crate::engine::sparsify::Macs;

/// Name and version of the numbers of a job.
const FORMAT: &str = "unifews-cluster-run/1";

/// The numbers of a job.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClusterMetrics {
    format: &'static str,
    model: String,
    family: Family,
    n_nodes: u64,
    n_entries: u64,
    n_self_loops: u64,
    /// Graph steps.
    steps: Vec<ClusterStep>,
    /// Weight matrices, those that were not decided here as the bundle left them.
    weights: Vec<ClusterWeight>,
    /// Removed share of the removable entries over all steps, `0..=1`.
    edge_sparsity: f64,
    /// Removed share of the weights, `0..=1`.
    weight_sparsity: f64,
    macs_rule: &'static str,
    macs: Macs,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ClusterStep {
    delta_asked: f64,
    delta_used: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_message: Option<f64>,
    n_before: u64,
    n_after: u64,
    sparsity: f64,
    width: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct ClusterWeight {
    name: String,
    n_weights: usize,
    n_after: usize,
    sparsity: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delta_asked: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_norm: Option<f64>,
}

/// The numbers of a job of which this was decided.
pub fn metrics_of(folder: &JobFolder, decisions: &Decisions) -> ClusterMetrics {
    let job = &folder.job;
    let removable = decisions.n_entries.saturating_sub(decisions.n_self_loops);
    let removed = |n_after: u64| decisions.n_entries.saturating_sub(n_after).min(removable);
    let share = |removed: u64, of: u64| removed as f64 / of.max(1) as f64;
    let steps = decisions.steps.iter().map(|step| ClusterStep {
        delta_asked: step.requested,
        delta_used: f64::from(step.delta),
        mean_message: step.mean,
        n_before: step.n_before,
        n_after: step.n_after,
        sparsity: share(removed(step.n_after), removable),
        width: step.width,
    });
    let masks = decisions.masks(job);
    let weights = job.model().weights().zip(&masks).map(|(weight, mask)| {
        let (n_weights, n_after) = (mask.len(), mask.iter().filter(|keep| **keep).count());
        let decided = decisions.weights.iter().find(|decided| decided.name == weight.name);
        ClusterWeight {
            name: weight.name.clone(),
            n_weights,
            n_after,
            sparsity: share((n_weights - n_after) as u64, n_weights as u64),
            delta_asked: decided.map(|decided| decided.requested),
            input_norm: decided.map(|decided| decided.input_norm),
        }
    });
    let weights: Vec<ClusterWeight> = weights.collect();
    let removed_entries: u64 = decisions.steps.iter().map(|step| removed(step.n_after)).sum();
    let (n_weights, n_kept) = weights.iter().fold((0, 0), |(all, kept), w| (all + w.n_weights, kept + w.n_after));
    let is_attention = job.recipe().model.has("attention");
    let mut macs = Macs::default();
    for step in &decisions.steps {
        let each = if is_attention { 2 * step.width } else { step.width };
        // What is pushed is counted as it is pushed, self-loops included.
        if let Some(n_pushed) = step.n_pushed {
            macs.edges_baseline += decisions.n_entries * each;
            macs.edges_pruned += n_pushed;
            continue;
        }
        macs.edges_baseline += removable * each;
        macs.edges_pruned += step.n_after.saturating_sub(decisions.n_self_loops) * each;
    }
    for (weight, mask) in job.model().weights().zip(&masks) {
        let decided = decisions.weights.iter().find(|decided| decided.name == weight.name);
        let stored = decided.map(|decided| {
            let n_values = decided.n_rows * decided.n_nonzero.len() as u64;
            let is_sparse = Features::is_better_sparse(decided.n_nonzero.iter().sum(), n_values);
            let reads_features = decided.idx == 0 && !job.recipe().model.is_decoupled();
            if is_sparse && reads_features {
                decided.n_nonzero.clone()
            } else {
                vec![decided.n_rows; decided.n_nonzero.len()]
            }
        });
        let stored = stored.unwrap_or_else(|| vec![decisions.n_nodes; mask.nrows()]);
        for (stored, row) in stored.iter().zip(mask.rows()) {
            macs.weights_baseline += stored * mask.ncols() as u64;
            macs.weights_pruned += stored * row.iter().filter(|keep| **keep).count() as u64;
        }
    }
    ClusterMetrics {
        format: FORMAT,
        model: folder.note.model.clone(),
        family: job.recipe().model.architecture,
        n_nodes: decisions.n_nodes,
        n_entries: decisions.n_entries,
        n_self_loops: decisions.n_self_loops,
        edge_sparsity: share(removed_entries, removable * decisions.steps.len() as u64),
        weight_sparsity: share((n_weights - n_kept) as u64, n_weights as u64),
        steps: steps.collect(),
        weights,
        macs_rule: Macs::RULE,
        macs,
    }
}
