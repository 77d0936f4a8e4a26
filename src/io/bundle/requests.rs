//! What `metrics.json` says of requests for a few nodes.

use serde::{Deserialize, Serialize};

use crate::engine::experiment::RequestTiming;
use crate::engine::timing::Speedup;

/// Requests of one size, with both models in turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestMetrics {
    /// Nodes that one request asks for.
    pub n_nodes: usize,
    /// Requests that were timed, each for other nodes, drawn with the recipe's seed; both models get the same ones.
    pub n_requests: usize,
    /// The unpruned model over the whole graph.
    pub baseline: RequestSide,
    /// The pruned model over the entries it keeps.
    pub pruned: RequestSide,
    /// Unpruned over pruned, median of the requests.
    pub speedup: f64,
    /// 95 % interval of that median by the sign test. Absent of fewer than six requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup_interval: Option<[f64; 2]>,
    /// Whether something else kept the machine busy meanwhile.
    pub is_disturbed: bool,
}

/// What requests took with one model: finding the receptive field, gathering its features and the forward pass over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestSide {
    /// Median, seconds.
    pub median_secs: f64,
    /// 99 of 100 requests take no longer, seconds.
    pub p99_secs: f64,
    /// One after the other.
    pub requests_per_sec: f64,
    /// Nodes of the receptive field, median.
    pub field_nodes: usize,
    /// Entries of the receptive field over all layers, median.
    pub field_entries: usize,
    /// Every request, seconds.
    pub secs: Vec<f64>,
}

impl RequestMetrics {
    /// How many times as fast the pruned model answers, and whether that may be claimed.
    pub fn speedup(&self) -> Speedup {
        Speedup { ratio: self.speedup, interval: self.speedup_interval, n_pairs: self.n_requests }
    }

    pub(super) fn of(requests: &RequestTiming) -> Self {
        let side = |way: usize| {
            let field = requests.field(way);
            // Nobody measures below a tenth of a microsecond.
            let secs = requests.samples.secs(way).into_iter().map(|secs| (secs * 1e7).round() / 1e7).collect();
            RequestSide {
                median_secs: requests.secs(way),
                p99_secs: requests.slowest_secs(way),
                requests_per_sec: requests.per_second(way),
                field_nodes: field.n_nodes,
                field_entries: field.n_entries,
                secs,
            }
        };
        let speedup = requests.speedup();
        Self {
            n_nodes: requests.n_asked,
            n_requests: requests.samples.n_turns(),
            baseline: side(RequestTiming::BASELINE),
            pruned: side(RequestTiming::PRUNED),
            speedup: speedup.ratio,
            speedup_interval: speedup.interval,
            is_disturbed: requests.is_disturbed(),
        }
    }
}
