//! What of a run is written as JSON, and where its arrays are.

use serde::{Deserialize, Serialize};

use crate::engine::certify::Certificate;
use crate::engine::experiment::{Bounds, Evaluation, Timing};
use crate::engine::graph::Split;
use crate::engine::model::HiddenColumns;
use crate::engine::sparsify::{Arrivals, ChannelTrace, Recipe, RecoveryTraining, StepTrace};
use crate::io::sha256;

/// All of a file but its arrays.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Content {
    /// Version of the program that computed the runs.
    pub(super) program: String,
    /// What they were computed from.
    pub(super) inputs: Inputs,
    /// One [`Numbers`] each; read one by one, so that one that cannot be read leaves the others.
    pub(super) runs: Vec<serde_json::Value>,
}

/// SHA-256 of what runs were computed from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inputs {
    pub(super) graph: String,
    #[serde(default)]
    pub(super) labels: Option<String>,
    pub(super) model: String,
}

/// The numbers of a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Numbers {
    pub(super) recipe: Recipe,
    pub(super) is_preview: bool,
    pub(super) elapsed_secs: f64,
    /// SHA-256 of the split it was evaluated on.
    pub(super) split: String,
    pub(super) steps: Vec<StepTrace>,
    pub(super) evaluation: Evaluation,
    pub(super) bounds: Vec<KeptBounds>,
    pub(super) hidden: Vec<HiddenColumns>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) channels: Vec<ChannelTrace>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arrivals: Option<Arrivals>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) training: Option<RecoveryTraining>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) timing: Option<Timing>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) certificate: Option<Certificate>,
    pub(super) arrays: Arrays,
}

/// Where the arrays of a run are, by their numbers.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Arrays {
    /// The removing step of every entry; absent where every step chose its entries anew.
    pub(super) removed_at: Option<usize>,
    /// Then: what every step keeps, in bits.
    pub(super) kept: Vec<usize>,
    /// Values of kept entries, one array per step.
    pub(super) entry_values: Option<Vec<usize>>,
    /// Which weights are kept, in bits.
    pub(super) weights: Vec<usize>,
    /// All parameters of the pruned model, where it is not the given one with zeros.
    pub(super) parameters: Option<Vec<usize>>,
    /// Mean and scale of its scaler, then.
    pub(super) scaler: Option<[usize; 2]>,
    pub(super) logits: usize,
    pub(super) baseline: usize,
    pub(super) embedding: Option<usize>,
    /// The lists of every step's graph side.
    pub(super) edges: Vec<Option<EdgeArrays>>,
    /// Thresholds and norms of every step's matrices.
    pub(super) matrices: Vec<Vec<[usize; 2]>>,
}

/// Lists of the graph side of a step.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct EdgeArrays {
    pub(super) source_norms: usize,
    pub(super) scores: Option<usize>,
    pub(super) coefficients: Option<usize>,
    pub(super) pushed_share: Option<usize>,
}

/// [`Bounds`], whose numbers may be none: their bits.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct KeptBounds {
    step: usize,
    n_removed: usize,
    lemma_2_bits: u64,
    measured_bits: u64,
}

impl From<Bounds> for KeptBounds {
    fn from(bounds: Bounds) -> Self {
        let Bounds { step, n_removed, lemma_2_epsilon, measured_epsilon } = bounds;
        let (lemma_2_bits, measured_bits) = (lemma_2_epsilon.to_bits(), measured_epsilon.to_bits());
        Self { step, n_removed, lemma_2_bits, measured_bits }
    }
}

impl From<KeptBounds> for Bounds {
    fn from(kept: KeptBounds) -> Self {
        Self {
            step: kept.step,
            n_removed: kept.n_removed,
            lemma_2_epsilon: f64::from_bits(kept.lemma_2_bits),
            measured_epsilon: f64::from_bits(kept.measured_bits),
        }
    }
}

/// SHA-256 of a split: its name and a line feed, then each part's count (u64) and nodes (u32), little-endian.
pub(super) fn of_split(split: &Split) -> String {
    let mut bytes = split.name.clone().into_bytes();
    bytes.push(b'\n');
    for part in [&split.train, &split.val, &split.test] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend(part.iter().flat_map(|node| node.to_le_bytes()));
    }
    sha256::of_bytes(&bytes)
}

/// What is hashed of an array beside its values: a line.
pub(super) fn line_of(name: &str, dtype: impl std::fmt::Display, shape: &[usize]) -> String {
    format!("{name} {dtype} {shape:?}\n")
}

/// Name of the array with a number.
pub(super) fn array_name(nth: usize) -> String {
    format!("t{nth}")
}

/// Flags as bits, the lowest first.
pub(super) fn to_bits(flags: impl ExactSizeIterator<Item = bool>) -> Vec<u8> {
    let mut bits = vec![0; flags.len().div_ceil(8)];
    flags.enumerate().filter(|(_, flag)| *flag).for_each(|(at, _)| bits[at / 8] |= 1 << (at % 8));
    bits
}

/// `n` flags out of their bits; `None` where there are not just as many bits.
pub(super) fn from_bits(bits: &[u8], n: usize) -> Option<Vec<bool>> {
    let is_there = bits.len() == n.div_ceil(8);
    is_there.then(|| (0..n).map(|at| bits[at / 8] >> (at % 8) & 1 == 1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_back_out_of_their_bits() {
        for n in [0, 1, 7, 8, 9, 100] {
            let flags: Vec<bool> = (0..n).map(|at| at % 3 == 0 || at % 7 == 2).collect();
            let bits = to_bits(flags.iter().copied());
            assert_eq!(from_bits(&bits, n), Some(flags));
            assert_eq!(from_bits(&bits, n + 8), None);
        }
    }

    #[test]
    fn bounds_that_are_no_number_stay_what_they_are() {
        let bounds = Bounds { step: 1, n_removed: 3, lemma_2_epsilon: f64::NAN, measured_epsilon: 0.25 };
        let text = serde_json::to_string(&KeptBounds::from(bounds)).expect("JSON");
        let back: Bounds = serde_json::from_str::<KeptBounds>(&text).expect("readable").into();
        assert!(back.lemma_2_epsilon.is_nan() && back.measured_epsilon.to_bits() == 0.25f64.to_bits());
    }
}
