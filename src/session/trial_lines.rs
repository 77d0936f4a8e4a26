//! Runs and points of the sweep as lines over parallel axes.

use super::store::{RunId, Store};
use super::words::{Language, Words};
use crate::engine::experiment::Timing;
use crate::engine::plot::ParallelAxis;
use crate::engine::sparsify::Recipe;

/// What a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOf {
    /// A finished run of the open graph and model.
    Run(RunId),
    /// A point of the sweep, by its index in the grid.
    Point(usize),
}

/// Every trial of the open graph and model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrialLines {
    /// What the lines are of: runs, then points.
    pub lines: Vec<LineOf>,
    /// Thresholds, what is removed, what it takes, what is left; without those that no line has a value on.
    pub axes: Vec<ParallelAxis>,
    /// Position of the axis of test accuracy, by which lines are coloured.
    pub test: Option<usize>,
    /// The one layer that the points are of, from 0; none: all.
    pub layer: Option<usize>,
    /// Of the names of the axes.
    pub language: Language,
}

/// The numbers of a line.
struct Numbers {
    delta_a: Vec<f64>,
    delta_w: Vec<f64>,
    /// As [`AXES`].
    others: [f64; 7],
}

/// Axes behind those of the thresholds.
const AXES: [&str; 7] = [
    "trial-axis-edges",
    "trial-axis-weights",
    "trial-axis-macs",
    "trial-axis-time",
    "trial-axis-size",
    "trial-axis-validation",
    "trial-axis-test",
];
/// Among them.
const TEST: usize = 6;

impl TrialLines {
    /// Whether the same lines would be made: of these runs and so many points.
    pub fn is_of(&self, store: &Store) -> bool {
        let n_points = store.sweep.points.len();
        let runs = store.runs.iter().filter(|entry| store.is_of_inputs(&entry.run)).map(|entry| LineOf::Run(entry.id));
        let points = store.sweep.points.iter().map(|point| LineOf::Point(point.idx));
        self.layer == store.sweep.layer
            && self.lines.len() >= n_points
            && runs.chain(points).eq(self.lines.iter().copied())
    }

    /// Of everything that was tried on the open graph and model; axes are named in English, as in files.
    pub fn of(store: &Store) -> Self {
        Self::in_words(store, Words::of(Language::English))
    }

    /// The same with axes that are named for people.
    pub fn in_words(store: &Store, words: &Words) -> Self {
        let share = |n_nodes: usize, accuracy: f64| if n_nodes == 0 { f64::NAN } else { 100.0 * accuracy };
        let mut lines = Vec::new();
        let mut all = Vec::new();
        for entry in store.runs.iter().filter(|entry| store.is_of_inputs(&entry.run)) {
            let run = &entry.run;
            let [val, test] = [&run.evaluation.val, &run.evaluation.test].map(|part| part.pruned);
            lines.push(LineOf::Run(entry.id));
            all.push(Numbers {
                others: [
                    100.0 * run.pruned.edge_sparsity(),
                    100.0 * run.pruned.weight_sparsity(),
                    run.pruned.macs().pruned() as f64 / 1e6,
                    1e3 * run.timing.as_ref().map_or(f64::NAN, Timing::pruned_secs),
                    run.size.sparse_bytes() as f64 / 1e3,
                    share(val.n_nodes, val.accuracy),
                    share(test.n_nodes, test.accuracy),
                ],
                ..Numbers::of(&run.recipe)
            });
        }
        for point in &store.sweep.points {
            lines.push(LineOf::Point(point.idx));
            let recipe = store.sweep.layer.map(|_| store.sweep.recipe_of(point));
            let (delta_a, delta_w) = recipe.map_or_else(
                || (vec![point.delta_a], vec![point.delta_w]),
                |recipe| (recipe.edges.delta, recipe.weights.delta),
            );
            all.push(Numbers {
                delta_a,
                delta_w,
                others: [
                    100.0 * point.edge_sparsity,
                    100.0 * point.weight_sparsity,
                    point.macs_pruned as f64 / 1e6,
                    1e3 * point.pruned_secs,
                    point.pruned_bytes.map_or(f64::NAN, |bytes| bytes as f64 / 1e3),
                    100.0 * point.val_accuracy,
                    100.0 * point.test_accuracy,
                ],
            });
        }
        let mut axes = deltas("δa", &all, |numbers| &numbers.delta_a);
        axes.extend(deltas("δw", &all, |numbers| &numbers.delta_w));
        let mut test = None;
        for (at, key) in AXES.into_iter().enumerate() {
            let values = all.iter().map(|numbers| numbers.others[at]).collect();
            if let Some(axis) = ParallelAxis::new(words.text(key), values) {
                test = (at == TEST).then_some(axes.len()).or(test);
                axes.push(axis);
            }
        }
        Self { lines, axes, test, layer: store.sweep.layer, language: words.language() }
    }
}

impl Numbers {
    fn of(recipe: &Recipe) -> Self {
        Self {
            delta_a: recipe.edges.delta.clone(),
            delta_w: recipe.weights.delta.clone(),
            others: [f64::NAN; AXES.len()],
        }
    }
}

/// One axis; or one for every layer, where a trial has different thresholds in them.
fn deltas(name: &str, all: &[Numbers], of: impl Fn(&Numbers) -> &Vec<f64>) -> Vec<ParallelAxis> {
    let differ = |deltas: &Vec<f64>| deltas.windows(2).any(|pair| pair[0].to_bits() != pair[1].to_bits());
    let n = all.iter().map(&of).filter(|deltas| differ(deltas)).map(Vec::len).max().unwrap_or(1);
    let value = |deltas: &Vec<f64>, layer: usize| match deltas.len() {
        1 => deltas[0],
        _ => deltas.get(layer).copied().unwrap_or(f64::NAN),
    };
    let name_of = |layer: usize| if n == 1 { name.to_owned() } else { format!("{name} {}", layer + 1) };
    let axis = |layer| ParallelAxis::new(name_of(layer), all.iter().map(|own| value(of(own), layer)).collect());
    (0..n).filter_map(axis).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(delta_a: &[f64]) -> Numbers {
        Numbers { delta_a: delta_a.to_vec(), delta_w: vec![0.5], others: [1.0; AXES.len()] }
    }

    #[test]
    fn thresholds_have_an_axis_per_layer_where_they_differ() {
        let of = |all: &[Numbers]| -> Vec<(String, Vec<f64>)> {
            let axes = deltas("δa", all, |numbers| &numbers.delta_a);
            axes.into_iter().map(|axis| (axis.name, axis.values)).collect()
        };
        let same = of(&[numbers(&[0.1]), numbers(&[0.4, 0.4])]);
        assert_eq!(same, [("δa".to_owned(), vec![0.1, 0.4])]);
        let each = of(&[numbers(&[0.1]), numbers(&[0.4, 0.6])]);
        assert_eq!(each, [("δa 1".to_owned(), vec![0.1, 0.4]), ("δa 2".to_owned(), vec![0.1, 0.6])]);
        assert!(of(&[]).is_empty());
    }
}
