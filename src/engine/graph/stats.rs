//! Counts and shapes of a graph: what its card shows.

use super::dataset::Dataset;
use super::topology::Topology;
use crate::engine::error::EngineError;

/// Numbers that describe a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphStats {
    /// Nodes.
    pub n_nodes: usize,
    /// Stored directed entries, self-loops included.
    pub n_entries: usize,
    /// Entries `(u, u)`.
    pub n_self_loops: usize,
    /// Nodes without an entry to any other node.
    pub n_isolated: usize,
    /// Whether every entry has its reverse.
    pub is_symmetric: bool,
    /// Features per node.
    pub n_features: usize,
    /// Stored share of the feature matrix, `0..=1`.
    pub feature_density: f64,
    /// Classes; 0 without labels.
    pub n_classes: usize,
    /// Nodes that are labelled.
    pub n_labelled: usize,
    /// Share of non-loop entries that join nodes of one class, `0..=1`; `None` without labels, with
    /// several for a node, or without entries.
    pub homophily: Option<f64>,
    /// Smallest, mean and largest number of entries in a row, self-loops left out.
    pub degree_min: usize,
    /// See [`GraphStats::degree_min`].
    pub degree_mean: f64,
    /// See [`GraphStats::degree_min`].
    pub degree_max: usize,
}

impl GraphStats {
    /// Counts everything once.
    ///
    /// # Complexity
    /// O(nodes + entries log degree).
    pub fn of(dataset: &Dataset) -> Self {
        match Self::of_while(dataset, || Ok(())) {
            Ok(stats) => stats,
            Err(error) => unreachable!("nobody stops it: {error}"),
        }
    }

    /// As [`GraphStats::of`], as long as `check` finds nothing: it is asked every few thousand rows.
    ///
    /// # Errors
    /// What `check` says.
    pub fn of_while(dataset: &Dataset, check: impl Fn() -> Result<(), EngineError>) -> Result<Self, EngineError> {
        /// Rows between two looks.
        const STEP: usize = 1 << 12;
        let topology = dataset.topology();
        check()?;
        let degrees = degrees(topology);
        check()?;
        let n_self_loops = topology.n_self_loops();
        let n_others = topology.n_entries() - n_self_loops;
        let (mut same, mut known) = (0usize, 0usize);
        if let Some(labels) = dataset.labels().filter(|l| l.tags().is_none()) {
            for u in 0..topology.n_nodes() {
                if u % STEP == 0 {
                    check()?;
                }
                let Some(own) = labels.of(u) else { continue };
                for class in topology.row(u).iter().filter(|v| **v as usize != u).filter_map(|v| labels.of(*v as usize))
                {
                    known += 1;
                    same += usize::from(own == class);
                }
            }
        }
        let homophily = (known > 0).then(|| same as f64 / known as f64);
        let features = dataset.features();
        let n_values = features.n_rows() * features.width();
        Ok(Self {
            n_nodes: dataset.n_nodes(),
            n_entries: topology.n_entries(),
            n_self_loops,
            n_isolated: degrees.iter().filter(|d| **d == 0).count(),
            is_symmetric: topology.is_symmetric_while(check)?,
            n_features: features.width(),
            feature_density: if n_values == 0 { 0.0 } else { features.n_stored() as f64 / n_values as f64 },
            n_classes: dataset.n_classes(),
            n_labelled: (0..dataset.n_nodes()).filter(|u| dataset.labels().is_some_and(|l| l.is_labelled(*u))).count(),
            homophily,
            degree_min: degrees.iter().min().copied().unwrap_or(0),
            degree_mean: n_others as f64 / dataset.n_nodes().max(1) as f64,
            degree_max: degrees.iter().max().copied().unwrap_or(0),
        })
    }
}

/// Entries per row, self-loops left out.
fn degrees(topology: &Topology) -> Vec<usize> {
    (0..topology.n_nodes()).map(|u| topology.degree(u) - usize::from(topology.find(u, u).is_some())).collect()
}

/// How many nodes have a degree (self-loops left out) in `[2^b - 1, 2^(b+1) - 1)`, for b = 0, 1, 2 …
///
/// The first bucket is degree 0, the second 1 and 2, the third 3 to 6, and so on: even steps on a log axis.
pub fn degree_histogram(topology: &Topology) -> Vec<usize> {
    let mut buckets = Vec::new();
    for degree in degrees(topology) {
        let bucket = (degree + 1).ilog2() as usize;
        if buckets.len() <= bucket {
            buckets.resize(bucket + 1, 0);
        }
        buckets[bucket] += 1;
    }
    buckets
}
