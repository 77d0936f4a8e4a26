//! Unifews beside the other method that keeps most accuracy.

use super::compare::{CompareSummary, Method};

/// The best of the other methods, where all remove the same share.
#[derive(Debug, Clone, PartialEq)]
pub struct Rival {
    /// Which method.
    pub method: Method,
    /// The share that all were asked to remove, `0..=1`.
    pub share: f64,
    /// Mean accuracy of Unifews, and of the other, `0..=1`.
    pub accuracy: [f64; 2],
    /// Whether the ranges over the seeds touch each other: then nothing can be said.
    pub is_within_ranges: bool,
}

impl Rival {
    /// Whether the other keeps more, beyond the ranges over the seeds.
    pub fn is_better(&self) -> bool {
        self.accuracy[1] > self.accuracy[0] && !self.is_within_ranges
    }
}

/// The best other method of one side at the largest share that Unifews and another one have; parts of recovery are not others.
pub fn best_rival(summary: &[CompareSummary], is_of_edges: bool) -> Option<Rival> {
    let unifews = if is_of_edges { Method::UnifewsEdges } else { Method::UnifewsWeights };
    let own = summary.iter().filter(|s| s.method == unifews);
    let rival_of = |own: &CompareSummary| {
        let is_other = |s: &&CompareSummary| {
            s.method.is_of_edges() == is_of_edges
                && matches!(s.method, Method::Edges(_) | Method::Weights(_))
                && s.share.to_bits() == own.share.to_bits()
        };
        let best = summary.iter().filter(is_other).max_by(|a, b| a.mean.total_cmp(&b.mean))?;
        let is_within_ranges = own.range[0] <= best.range[1] && best.range[0] <= own.range[1];
        Some(Rival { method: best.method, share: own.share, accuracy: [own.mean, best.mean], is_within_ranges })
    };
    own.filter_map(rival_of).max_by(|a, b| a.share.total_cmp(&b.share))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Metric;
    use crate::engine::sparsify::baselines::EdgeRanking;

    #[test]
    fn the_best_other_method_is_found_at_the_largest_share_that_both_have() {
        let of = |method, share, mean: f64, spread: f64| CompareSummary {
            method,
            share,
            n_seeds: 3,
            removed: share,
            metric: Metric::default(),
            mean,
            range: [mean - spread, mean + spread],
            deviation: spread,
        };
        let (random, degree) = (Method::Edges(EdgeRanking::Random), Method::Edges(EdgeRanking::Degree));
        let summary = [
            of(Method::UnifewsEdges, 0.5, 0.80, 0.0),
            of(random, 0.5, 0.85, 0.01),
            of(Method::UnifewsEdges, 0.9, 0.70, 0.0),
            of(random, 0.9, 0.71, 0.02),
            of(degree, 0.9, 0.60, 0.0),
            of(Method::UnifewsEdges, 0.95, 0.1, 0.0),
            of(Method::Reconstruction, 0.95, 0.9, 0.0),
        ];
        let rival = best_rival(&summary, true).expect("both");
        assert_eq!((rival.method, rival.share, rival.is_within_ranges), (random, 0.9, true));
        let clear = best_rival(&summary[..2], true).expect("both");
        assert_eq!((clear.accuracy, clear.is_within_ranges), ([0.80, 0.85], false));
        assert_eq!(best_rival(&summary, false), None);
        assert_eq!(best_rival(&summary[..1], true), None);
    }
}
