//! How two runs differ beyond their numbers: prepared in the background, since it grows with the graph.

use std::sync::Arc;

use super::desk::Request;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::score::predictions;
use crate::engine::sparsify::EdgeMask;

/// Two runs to hold against each other.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// One.
    pub a: Arc<Run>,
    /// The other.
    pub b: Arc<Run>,
}

/// How many of all are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreement {
    /// The same in both runs.
    pub same: u64,
    /// In all.
    pub all: u64,
}

/// What two runs share. A part that cannot be compared, since the graphs or the models differ in size, is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Differences {
    /// Nodes that get the same class.
    pub classes: Option<Agreement>,
    /// Entries that stay or go in the same step.
    pub edges: Option<Agreement>,
    /// Weights that both keep or both remove.
    pub weights: Option<Agreement>,
}

impl CompareRequest {
    /// Where the answer lies; there is one comparison at a time.
    pub const SLOT: &'static str = "compare runs";
}

impl PartialEq for CompareRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.a, &other.a) && Arc::ptr_eq(&self.b, &other.b)
    }
}

impl Request for CompareRequest {
    type Answer = Differences;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<Differences, EngineError> {
        let (a, b) = (&self.a.pruned, &self.b.pruned);
        let classes = agreement(&predictions(&a.logits), &predictions(&b.logits));
        ctl.check()?;
        let (left, right) = (&a.masks.edges, &b.masks.edges);
        let edges = (left.n_steps() == right.n_steps()).then(|| agreement_of_entries(left, right)).flatten();
        ctl.check()?;
        let is_same_shape = a.masks.weights.len() == b.masks.weights.len()
            && a.masks.weights.iter().zip(&b.masks.weights).all(|(x, y)| x.dim() == y.dim());
        let weights = is_same_shape.then(|| {
            let mut sum = Agreement::default();
            for (x, y) in a.masks.weights.iter().zip(&b.masks.weights) {
                sum.all += x.len() as u64;
                sum.same += x.iter().zip(y).filter(|(x, y)| x == y).count() as u64;
            }
            sum
        });
        Ok(Differences { classes, edges, weights })
    }
}

/// How many entries the same steps walk.
fn agreement_of_entries(a: &EdgeMask, b: &EdgeMask) -> Option<Agreement> {
    if let (Some(a), Some(b)) = (a.removed_at(), b.removed_at()) {
        return agreement(a, b);
    }
    let is_same = |k: &usize| (0..a.n_steps()).all(|step| a.is_kept(*k, step) == b.is_kept(*k, step));
    (a.n_entries() == b.n_entries())
        .then(|| Agreement { same: (0..a.n_entries()).filter(is_same).count() as u64, all: a.n_entries() as u64 })
}

fn agreement<T: PartialEq>(a: &[T], b: &[T]) -> Option<Agreement> {
    (a.len() == b.len())
        .then(|| Agreement { same: a.iter().zip(b).filter(|(x, y)| x == y).count() as u64, all: a.len() as u64 })
}
