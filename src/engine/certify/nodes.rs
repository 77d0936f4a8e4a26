//! Which nodes a certificate is made from.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

/// Which validation nodes the test may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "of")]
pub enum Calibration {
    /// All of them: no label of theirs was used for thresholds, for the choice of a variant or for stopping.
    #[default]
    Validation,
    /// The second half of [`halves`]: the labels of the first half were used to tune.
    Half {
        /// Of the division.
        seed: u64,
    },
}

/// Nodes by their position in the graph, with the name they go by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSet {
    /// `train`, `val`, `test` or `all`.
    pub name: String,
    /// Positions, from 0, as rows of the logits and of `predictions.csv`; empty where the set is all nodes.
    pub nodes: Vec<u32>,
}

/// Divides nodes in two at random: the first half to tune on, the second to calibrate on, each in ascending order. Of an odd number the
/// second half has one more.
///
/// # Examples
/// ```
/// use unifews::engine::certify::halves;
///
/// let (tune, calibrate) = halves(&[3, 5, 7, 9, 11], 42);
/// assert_eq!((tune.len(), calibrate.len()), (2, 3));
/// assert_eq!(halves(&[3, 5, 7, 9, 11], 42), (tune, calibrate));
/// ```
pub fn halves(nodes: &[u32], seed: u64) -> (Vec<u32>, Vec<u32>) {
    let mut tune = nodes.to_vec();
    tune.sort_unstable();
    tune.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut calibrate = tune.split_off(nodes.len() / 2);
    tune.sort_unstable();
    calibrate.sort_unstable();
    (tune, calibrate)
}
