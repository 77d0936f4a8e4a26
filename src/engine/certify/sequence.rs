//! A path of models, tested in order on one set of nodes.

use serde::{Deserialize, Serialize};

use super::paired::Paired;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// A test on fewer nodes says nothing that could be used: even if none of 29 is harmed, 10 points may be lost.
pub const SMALLEST_GROUP: usize = 30;

/// The test of one model on one set of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tested {
    /// Nodes on which the baseline is right and the pruned model wrong.
    pub harmed: usize,
    /// Nodes on which the pruned model is right and the baseline wrong.
    pub helped: usize,
    /// Of "the loss is above the certificate's limit" ([`Paired::p_value`]).
    pub p_value: f64,
    /// The smallest limit that could be certified of this model, a share ([`Paired::smallest_limit`]).
    pub smallest_limit: f64,
}

/// The tests of all models of the path on one set of nodes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sequence {
    /// One for every model of the path.
    pub points: Vec<Tested>,
    /// The last model whose loss is certified to be within the limit, from 0; absent where the first is not.
    pub certified: Option<usize>,
}

impl Sequence {
    /// Puts the last certified point beside the points: each is tested at the full error level, in order, until one fails (fixed-sequence
    /// test), so the whole path errs as rarely as one test.
    pub fn new(points: Vec<Tested>, level: f64) -> Self {
        let certified = points.iter().take_while(|point| point.p_value <= 1.0 - level).count().checked_sub(1);
        Self { points, certified }
    }
}

/// The tests of every model on every set of nodes, given by the counts of each; nothing for a set of fewer than [`SMALLEST_GROUP`].
pub(super) fn sequences(
    counts: &[Vec<Paired>],
    limit: f64,
    level: f64,
    ctl: &Control,
) -> Result<Vec<Option<Sequence>>, EngineError> {
    let is_enough = |path: &&Vec<Paired>| path.first().is_some_and(|counts| counts.n >= SMALLEST_GROUP);
    // Every test by itself, so that all workers have something to do.
    let all: Vec<Paired> = counts.iter().filter(is_enough).flatten().copied().collect();
    let test = |i: usize| Tested {
        harmed: all[i].harmed,
        helped: all[i].helped,
        p_value: all[i].p_value(limit),
        smallest_limit: all[i].smallest_limit(level),
    };
    let mut tested = ctl.map(all.len(), test)?.into_iter();
    let mut sequence = |n_models: usize| Sequence::new(tested.by_ref().take(n_models).collect(), level);
    Ok(counts.iter().map(|path| Some(path).filter(is_enough).map(|path| sequence(path.len()))).collect())
}
