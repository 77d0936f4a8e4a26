//! Compares two runs: bundles, what a cluster's job left, or the run that is shown.

use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{Confusion, Overlap, Run};
use crate::io::bundle::read_bundle;
use crate::io::cluster::{JobOutcome, StepEntries, outcome_of_bundle, outcome_of_run, read_outcome};
use crate::io::is_bundle_folder;

/// Compares two runs.
#[derive(Debug)]
pub(crate) struct CompareRuns {
    pub(crate) runs: [RunSource; 2],
}

/// Where a run is.
#[derive(Debug)]
pub(crate) enum RunSource {
    /// A bundle, or the folder that a job wrote.
    Stored(PathBuf),
    /// In memory.
    Open(Arc<Run>),
}

/// How two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RunsCompared {
    /// Nodes of both.
    pub(crate) n_nodes: usize,
    /// Nodes that one of them alone has; where there are some, nothing else is compared.
    pub(crate) n_other_nodes: usize,
    /// Entries step by step.
    pub(crate) steps: Vec<StepCompared>,
    /// Logits.
    pub(crate) n_logits: usize,
    /// Those with other bits.
    pub(crate) n_different_logits: usize,
    /// The largest difference among them.
    pub(crate) largest_difference: f32,
    /// Nodes with another class.
    pub(crate) n_other_classes: usize,
    /// What becomes of the nodes of every class that one of them says.
    pub(crate) changed_by_class: Vec<ClassCompared>,
}

/// The nodes of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct ClassCompared {
    /// From 0.
    pub(crate) class: u32,
    /// How many the first says it of.
    pub(crate) first: u64,
    /// How many the second says it of.
    pub(crate) second: u64,
    /// Of how many the first says it, and the second another.
    pub(crate) changed: u64,
}

/// The entries of a step but self-loops.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct StepCompared {
    /// How many both keep.
    pub(crate) both: usize,
    /// How many the first alone keeps.
    pub(crate) first_alone: usize,
    /// How many the second alone keeps.
    pub(crate) second_alone: usize,
    /// What both keep, of what either keeps; absent where neither keeps anything.
    pub(crate) jaccard: Option<f64>,
    /// What both keep, of what the one that keeps less keeps; absent where one keeps nothing.
    pub(crate) overlap: Option<f64>,
}

impl StepCompared {
    fn of(found: &Overlap) -> Self {
        Self {
            both: found.both as usize,
            first_alone: found.first_alone as usize,
            second_alone: found.second_alone as usize,
            jaccard: found.jaccard(),
            overlap: found.coefficient(),
        }
    }
}

impl RunsCompared {
    /// Whether masks and logits are the same, to the last bit.
    pub(crate) fn is_same(&self) -> bool {
        let same_steps = self.steps.iter().all(|step| step.first_alone == 0 && step.second_alone == 0);
        self.n_other_nodes == 0 && same_steps && self.n_different_logits == 0
    }
}

impl Task for CompareRuns {
    type Point = ();
    type Output = RunsCompared;

    fn label(&self) -> String {
        "Compare two runs".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<RunsCompared, TaskError> {
        let [first, second] = &self.runs;
        ctl.progress("reading", 0, 2);
        let first = read(first, ctl)?;
        ctl.progress("reading", 1, 2);
        let second = read(second, ctl)?;
        ctl.check()?;
        Ok(compared(&first, &second))
    }
}

fn read(source: &RunSource, ctl: &Control) -> Result<JobOutcome, TaskError> {
    let path = match source {
        RunSource::Open(run) => return Ok(outcome_of_run(run)),
        RunSource::Stored(path) => path,
    };
    if path.join("predictions").is_dir() && !is_bundle_folder(path) {
        Ok(read_outcome(path, ctl)?)
    } else {
        Ok(outcome_of_bundle(&read_bundle(path)?)?)
    }
}

fn compared(first: &JobOutcome, second: &JobOutcome) -> RunsCompared {
    let nodes = Overlap::of_sorted(&first.nodes, &second.nodes);
    let mut compared = RunsCompared {
        n_nodes: nodes.both as usize,
        n_other_nodes: (nodes.first_alone + nodes.second_alone) as usize,
        steps: Vec::new(),
        n_logits: first.logits.len(),
        n_different_logits: 0,
        largest_difference: 0.0,
        n_other_classes: 0,
        changed_by_class: Vec::new(),
    };
    if compared.n_other_nodes > 0 {
        return compared;
    }
    let none = StepEntries::new();
    for step in 0..first.steps.len().max(second.steps.len()) {
        let [a, b] = [first, second].map(|run| run.steps.get(step).unwrap_or(&none));
        compared.steps.push(StepCompared::of(&Overlap::of_sorted(a, b)));
    }
    compared.n_different_logits = first.logits.len().abs_diff(second.logits.len());
    for (a, b) in first.logits.iter().zip(&second.logits).filter(|(a, b)| a.to_bits() != b.to_bits()) {
        compared.n_different_logits += 1;
        compared.largest_difference = compared.largest_difference.max((a - b).abs());
    }
    let by_class = Confusion::of(&first.classes, &second.classes).by_class();
    compared.n_other_classes = by_class.iter().map(|class| class.changed as usize).sum();
    compared.changed_by_class = by_class
        .into_iter()
        .map(|c| ClassCompared { class: c.class, first: c.first, second: c.second, changed: c.changed })
        .collect();
    compared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(nodes: &[&str], steps: Vec<StepEntries>, logits: Vec<f32>) -> JobOutcome {
        let nodes: Vec<String> = nodes.iter().map(|node| (*node).to_owned()).collect();
        let classes = logits.chunks(2).map(|row| u32::from(row[1] > row[0])).collect();
        JobOutcome { path: PathBuf::new(), nodes, classes, logits, steps }
    }

    #[test]
    fn what_differs_is_counted() {
        let first = run(&["a", "b"], vec![vec![(0, 1), (1, 0)]], vec![1.0, 0.0, 0.0, 2.0]);
        assert!(compared(&first, &first).is_same());
        let second = run(&["a", "b"], vec![vec![(1, 0)], vec![(0, 1)]], vec![1.0, 1.5, -0.0, 2.0]);
        let found = compared(&first, &second);
        assert!(!found.is_same());
        let counts = |step: &StepCompared| (step.both, step.first_alone, step.second_alone);
        assert_eq!(found.steps.iter().map(counts).collect::<Vec<_>>(), [(1, 1, 0), (0, 0, 1)]);
        let shares = |step: &StepCompared| (step.jaccard, step.overlap);
        assert_eq!(found.steps.iter().map(shares).collect::<Vec<_>>(), [(Some(0.5), Some(1.0)), (Some(0.0), None)]);
        let class = |class, first, second, changed| ClassCompared { class, first, second, changed };
        assert_eq!(found.changed_by_class, [class(0, 1, 0, 1), class(1, 1, 2, 0)]);
        assert_eq!((found.n_different_logits, found.n_other_classes), (2, 1));
        assert!((found.largest_difference - 1.5).abs() < 1e-6);
        let others = run(&["a", "c"], Vec::new(), vec![0.0; 4]);
        let found = compared(&first, &others);
        assert_eq!((found.n_nodes, found.n_other_nodes, found.is_same()), (1, 2, false));
    }
}
