//! The numbers of a run as a table: one row per layer or hop.

use crate::io::bundle::{EdgeMetrics, Metrics, StepMetrics, WeightMetrics};
use crate::io::table::{Column, Table};

/// The steps of `metrics`, in order of computation.
pub(super) fn steps(metrics: &Metrics) -> Table {
    let steps = &metrics.steps;
    let text = |f: &dyn Fn(&StepMetrics) -> String| Column::Text(steps.iter().map(|s| Some(f(s))).collect());
    let whole = |f: &dyn Fn(&StepMetrics) -> Option<u64>| {
        Column::Whole(steps.iter().map(|s| f(s).and_then(|n| i64::try_from(n).ok())).collect())
    };
    let double = |f: &dyn Fn(&StepMetrics) -> Option<f64>| Column::Double(steps.iter().map(f).collect());
    let edge = |f: fn(&EdgeMetrics) -> f64| move |s: &StepMetrics| s.edges.as_ref().map(f);
    let weight = |f: fn(&WeightMetrics) -> f64| move |s: &StepMetrics| s.weights.as_ref().map(f);
    let mut table = Table::default();
    table.push("step", text(&|s| s.title.clone()));
    table.push("d_in", whole(&|s| Some(s.d_in as u64)));
    table.push("d_out", whole(&|s| Some(s.d_out as u64)));
    table.push("delta_a", double(&edge(|e| e.delta_asked)));
    table.push("delta_a_used", double(&|s| s.edges.as_ref().and_then(|e| e.delta_used)));
    table.push("entries", whole(&|s| s.edges.as_ref().map(|e| e.n_entries as u64)));
    table.push("entries_before", whole(&|s| s.edges.as_ref().map(|e| e.n_before as u64)));
    table.push("entries_after", whole(&|s| s.edges.as_ref().map(|e| e.n_after as u64)));
    table.push("edge_sparsity", double(&edge(|e| e.sparsity)));
    table.push("delta_w", double(&weight(|w| w.delta_asked)));
    table.push("weights", whole(&|s| s.weights.as_ref().map(|w| w.n_weights as u64)));
    table.push("weights_after", whole(&|s| s.weights.as_ref().map(|w| w.n_after as u64)));
    table.push("weight_sparsity", double(&weight(|w| w.sparsity)));
    table.push("macs_dense", whole(&|s| Some(s.macs.baseline())));
    table.push("macs_pruned", whole(&|s| Some(s.macs.pruned())));
    table.push("relative_error", double(&|s| s.relative_error));
    table.push("seconds_dense", double(&|s| s.baseline_secs));
    table.push("seconds_pruned", double(&|s| s.pruned_secs));
    table
}
