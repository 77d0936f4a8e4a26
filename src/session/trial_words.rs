//! What belongs to trials, in the language of a person: the engine's own names are those of files and figures.

use super::words::Words;
use crate::engine::experiment::{EvaluatedOn, Method};
use crate::engine::graph::Metric;
use crate::engine::model::StepKind;
use crate::engine::sparsify::NodesAre;
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};

/// By which messages choose between edges and weights.
pub(crate) fn side_key(is_of_edges: bool) -> &'static str {
    if is_of_edges { "edges" } else { "weights" }
}

/// By which messages choose between hops and layers.
pub(crate) fn step_key(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Hop => "hop",
        StepKind::Convolution | StepKind::Linear => "layer",
    }
}

/// The name of a layer or hop, from 0: for example `Layer 1`.
pub(crate) fn step_title(kind: StepKind, idx: usize, words: &Words) -> String {
    words.with("trial-step", &[("kind", step_key(kind).into()), ("n", (idx + 1).to_string().into())])
}

/// What is measured, within a sentence.
pub(crate) fn metric_title(metric: Metric, words: &Words) -> String {
    words.text(match metric {
        Metric::Accuracy => "trial-metric-accuracy",
        Metric::MicroF1 => "trial-metric-micro-f1",
    })
}

/// The same as a heading.
pub(crate) fn metric_heading(metric: Metric, words: &Words) -> String {
    words.text(match metric {
        Metric::Accuracy => "trial-metric-accuracy-heading",
        Metric::MicroF1 => "trial-metric-micro-f1-heading",
    })
}

/// Whose accuracy is meant.
pub(crate) fn evaluated_on(on: EvaluatedOn, words: &Words) -> String {
    words.text(match on {
        EvaluatedOn::Test => "trial-on-test",
        EvaluatedOn::Val => "trial-on-validation",
    })
}

/// Name of a method.
pub(crate) fn method_title(method: Method, words: &Words) -> String {
    match method {
        Method::Edges(ranking) => edge_ranking(ranking, words),
        Method::Weights(ranking) => weight_ranking(ranking, words),
        Method::Reconstruction => words.text("trial-method-reconstruction"),
        // Proper names.
        Method::UnifewsEdges | Method::UnifewsWeights | Method::Surgeon => method.title().to_owned(),
    }
}

/// The same with what it got, so that nobody mixes the two up.
pub(crate) fn method_full_title(method: Method, has_recovery: bool, words: &Words) -> String {
    recovered(method_title(method, words), has_recovery, words)
}

/// A method's name with what it got.
pub(crate) fn recovered(method: String, has_recovery: bool, words: &Words) -> String {
    if has_recovery { words.with("trial-method-recovered", &[("method", method.into())]) } else { method }
}

/// How entries are ranked.
pub(crate) fn edge_ranking(ranking: EdgeRanking, words: &Words) -> String {
    words.text(match ranking {
        EdgeRanking::Random => "trial-method-random",
        EdgeRanking::Degree => "trial-method-degree",
        EdgeRanking::TopK => "trial-method-top-k",
        EdgeRanking::EffectiveResistance => "trial-method-effective-resistance",
        EdgeRanking::Jaccard => "trial-method-jaccard",
        EdgeRanking::Cosine => "trial-method-cosine",
        EdgeRanking::Diffusion => "trial-method-diffusion",
        EdgeRanking::KRandom => "trial-method-k-random",
        EdgeRanking::KMessage => "trial-method-k-message",
    })
}

/// How weights are ranked.
pub(crate) fn weight_ranking(ranking: WeightRanking, words: &Words) -> String {
    words.text(match ranking {
        WeightRanking::Random => "trial-method-random",
        WeightRanking::Magnitude => "trial-method-magnitude",
        WeightRanking::MagnitudeGlobal => "trial-method-magnitude-global",
    })
}

/// What is said wherever numbers stand that accuracy was recovered for.
pub(crate) fn recovered_note(nodes: NodesAre, words: &Words) -> String {
    words.text(match nodes {
        NodesAre::Static => "trial-recovered-static",
        NodesAre::New => "trial-recovered-new",
    })
}

/// A share in points, for example `1 point` or `0.5 points`.
pub(crate) fn points_say(share: f64, words: &Words) -> String {
    // What rounds to nothing has no sign.
    let points = (1e3 * share).round() / 10.0 + 0.0;
    let n = if (points - 1.0).abs() < 1e-9 { 1 } else { 2 };
    words.with("trial-points", &[("n", n.into()), ("points", points.to_string().into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::words::Language;

    #[test]
    fn english_names_are_those_of_the_engine() {
        let words = Words::of(Language::English);
        for method in Method::offered(true) {
            for has_recovery in [false, true] {
                assert_eq!(method_full_title(method, has_recovery, words), method.full_title(has_recovery));
            }
        }
        for metric in [Metric::Accuracy, Metric::MicroF1] {
            assert_eq!(metric_title(metric, words), metric.title());
            assert_eq!(metric_heading(metric, words), metric.heading());
        }
        for on in EvaluatedOn::ALL {
            assert_eq!(evaluated_on(on, words), on.title());
        }
        for nodes in [NodesAre::Static, NodesAre::New] {
            assert_eq!(recovered_note(nodes, words), crate::engine::experiment::recovered_says(nodes));
        }
        for (share, says) in [(0.01, "1 point"), (0.005, "0.5 points"), (-0.0001, "0 points")] {
            assert_eq!(points_say(share, words), says);
        }
    }
}
