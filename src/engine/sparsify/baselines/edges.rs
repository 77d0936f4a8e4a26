//! Entries ranked without looking at what flows through them: the choice of a ranking, and those that need only the
//! structure of the graph.

use serde::{Deserialize, Serialize};

use super::entries::{each_entry, undirected};
use super::{draw, neighbours, resistance, similarity};
use crate::engine::control::Control;
use crate::engine::diffusion::Diffusion;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Topology};

/// How entries of the graph are ranked for removal instead of by their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeRanking {
    /// By lot, both directions of an edge together. After `DropEdge` (Rong, Huang, Xu, Huang, ICLR 2020, section 3), which
    /// draws anew in every epoch; here it is drawn once.
    Random,
    /// `1/d(u) + 1/d(v)`, an estimate of the effective resistance: `DSpar` (Liu et al., TMLR 2023). Degrees are those of the
    /// undirected graph without self-loops. `DSpar` samples with this probability and reweights; here the lowest go.
    Degree,
    /// Every target keeps its strongest sources by `|T[u,v]|`: the top-k rule of GDC (Klicpera, Weißenberger, Günnemann,
    /// 2019, section 3), by rows and on `T` itself.
    TopK,
    /// `w(u,v) R(u,v)`, the probability that a random spanning tree uses the edge, estimated with random projections
    /// (Spielman and Srivastava 2011, section 4). The paper samples with this probability and reweights; here the lowest go.
    EffectiveResistance,
    /// Jaccard similarity of the two nodes' features: GCN-Jaccard (Wu et al., IJCAI 2019). Sets of the non-zero features
    /// where [`Features`](crate::engine::graph::Features) are sparse; where they are dense `Σ min / Σ max` over their
    /// non-negative parts, which is the same for features of 0 and 1.
    Jaccard,
    /// Cosine of the angle between the two nodes' feature rows: the edge similarity of `GNNGuard` (Zhang and Zitnik,
    /// 2020) on the input features.
    Cosine,
    /// `|T[u,v]|` alone, without a message: the threshold rule of GDC (Klicpera et al., 2019, section 3) on `T`
    /// itself.
    Diffusion,
    /// Every target keeps at most K of its sources, drawn by lot: K-neighbour sparsification (arXiv 2603.06952, 2026), drawn once. K is
    /// the largest that reaches the wanted share; targets that give up one more, until it is met exactly, are drawn, too.
    KRandom,
    /// The same, keeping the K sources of the largest messages `|T[u,v]| ‖x[v]‖` of the input features.
    KMessage,
}

impl EdgeRanking {
    /// Every ranking, in the order they are offered.
    pub const ALL: [Self; 9] = [
        Self::Random,
        Self::Degree,
        Self::TopK,
        Self::EffectiveResistance,
        Self::Jaccard,
        Self::Cosine,
        Self::Diffusion,
        Self::KRandom,
        Self::KMessage,
    ];

    /// The name in recipes.
    pub fn key(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Degree => "degree",
            Self::TopK => "top-k",
            Self::EffectiveResistance => "effective-resistance",
            Self::Jaccard => "jaccard",
            Self::Cosine => "cosine",
            Self::Diffusion => "diffusion",
            Self::KRandom => "k-random",
            Self::KMessage => "k-message",
        }
    }

    /// The human-readable name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Random => "Random",
            Self::Degree => "Degree",
            Self::TopK => "Top k per node",
            Self::EffectiveResistance => "Effective resistance",
            Self::Jaccard => "Jaccard similarity",
            Self::Cosine => "Cosine similarity",
            Self::Diffusion => "Diffusion weight",
            Self::KRandom => "K random neighbours",
            Self::KMessage => "K largest messages",
        }
    }

    /// Whether seeds change what it chooses.
    pub fn is_random(self) -> bool {
        matches!(self, Self::Random | Self::EffectiveResistance | Self::KRandom | Self::KMessage)
    }

    /// Where it is from.
    pub fn source(self) -> &'static str {
        match self {
            Self::Random => "Rong et al., DropEdge, ICLR 2020, drawn once",
            Self::Degree => "Liu et al., DSpar, TMLR 2023, without sampling",
            Self::TopK => "Klicpera et al., Diffusion Improves Graph Learning, NeurIPS 2019, top-k rule on T",
            Self::EffectiveResistance => {
                "Spielman and Srivastava, Graph Sparsification by Effective Resistances, SIAM J. Comput. 2011, without sampling"
            }
            Self::Jaccard => "Wu et al., Adversarial Examples for Graph Data, IJCAI 2019",
            Self::Cosine => "Zhang and Zitnik, GNNGuard, NeurIPS 2020, on the input features",
            Self::Diffusion => "Klicpera et al., Diffusion Improves Graph Learning, NeurIPS 2019, threshold rule on T",
            Self::KRandom => "Not All Neighbors Matter, arXiv 2603.06952, 2026, K neighbours drawn once",
            Self::KMessage => "K neighbours as in arXiv 2603.06952, 2026, chosen by the norm of their message",
        }
    }
}

/// Importance of every stored entry (target row `u`, source column `v`), in the topology's entry order; the lowest go first.
///
/// Self-loops get [`f32::INFINITY`]; every other value is finite. [`EdgeRanking::TopK`], [`EdgeRanking::KRandom`],
/// [`EdgeRanking::KMessage`] and [`EdgeRanking::Diffusion`] rank the two directions of an edge apart, all others alike. `seed` matters
/// where [`EdgeRanking::is_random`].
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When `diffusion` does not belong to the dataset's topology.
///
/// # Complexity
/// O(entries), times the features of a node for the similarities, plus the sorting of each row for top-k. The effective
/// resistance solves 128 linear systems of one number per node and is by far the slowest.
pub fn edge_importance(
    ranking: EdgeRanking,
    dataset: &Dataset,
    diffusion: &Diffusion,
    seed: u64,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let topology = dataset.topology();
    let values = diffusion.values();
    assert_eq!(values.len(), topology.n_entries(), "one diffusion value per entry");
    match ranking {
        EdgeRanking::Random => each_entry(topology, ctl, |_, u, v| draw::unit(draw::edge_bits(seed, u, v))),
        EdgeRanking::Degree => by_degree(topology, ctl),
        EdgeRanking::TopK => by_rank(topology, values, ctl),
        EdgeRanking::EffectiveResistance => resistance::leverages(topology, resistance::N_WAVES, seed, ctl),
        EdgeRanking::Jaccard => similarity::jaccard(dataset, ctl),
        EdgeRanking::Cosine => similarity::cosine(dataset, ctl),
        EdgeRanking::Diffusion => each_entry(topology, ctl, |k, _, _| values[k].abs()),
        EdgeRanking::KRandom => neighbours::by_rank(topology, seed, ctl, |_, _| 0.0),
        EdgeRanking::KMessage => {
            let norms = neighbours::feature_norms(dataset.features(), ctl)?;
            neighbours::by_rank(topology, seed, ctl, |k, v| f64::from(values[k].abs()) * norms[v])
        }
    }
}

fn by_degree(topology: &Topology, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let graph = undirected(topology)?;
    let inverse: Vec<f64> = (0..graph.n_nodes()).map(|u| 1.0 / graph.degree(u).max(1) as f64).collect();
    each_entry(topology, ctl, |_, u, v| (inverse[u] + inverse[v]) as f32)
}

/// `1 / (1 + rank + h)`: `rank` counts the stronger entries of the same target, equal ones by ascending source, and
/// `h = (1 - |T| / max |T|) / 2` orders equal ranks of different targets without ever reaching the next rank.
fn by_rank(topology: &Topology, values: &[f32], ctl: &Control) -> Result<Vec<f32>, EngineError> {
    const ROWS: usize = 1024;
    let (n, indices) = (topology.n_nodes(), topology.indices());
    let strongest = values.iter().fold(f64::MIN_POSITIVE, |m, t| m.max(f64::from(t.abs())));
    let blocks = ctl.map(n.div_ceil(ROWS), |block| {
        let rows = block * ROWS..n.min((block + 1) * ROWS);
        let first = topology.indptr()[rows.start];
        let mut importance = vec![f32::INFINITY; topology.indptr()[rows.end] - first];
        for u in rows {
            let mut order: Vec<usize> = topology.row_range(u).filter(|k| indices[*k] as usize != u).collect();
            order.sort_unstable_by(|&a, &b| values[b].abs().total_cmp(&values[a].abs()).then(a.cmp(&b)));
            for (rank, k) in order.into_iter().enumerate() {
                let below = (1.0 - f64::from(values[k].abs()) / strongest) / 2.0;
                importance[k - first] = (1.0 / (1.0 + rank as f64 + below)) as f32;
            }
        }
        importance
    })?;
    Ok(blocks.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::diffusion::Matrix;
    use crate::engine::graph::{Direction, Features, SelfLoops};
    use crate::engine::sparsify::baselines::fixtures;

    /// A graph of two parts and an isolated node, with sparse features.
    fn sample(direction: Direction) -> Dataset {
        let (n, edges) = fixtures::random_edges(40, 300, 1);
        let (topology, _) = Topology::from_edges(n, &edges, direction, SelfLoops::Added).expect("valid pairs");
        let features = Features::from_dense(fixtures::random_features(n, 30, 0.1, 2));
        fixtures::dataset(topology, features)
    }

    fn importance(ranking: EdgeRanking, dataset: &Dataset, seed: u64, n_threads: usize) -> Vec<f32> {
        let ctl = Control::new(n_threads).expect("workers");
        let diffusion = Diffusion::new(dataset.topology(), Matrix::Normalised(0.5));
        edge_importance(ranking, dataset, &diffusion, seed, &ctl).expect("not cancelled")
    }

    #[test]
    fn self_loops_are_infinite_and_nothing_else_is() {
        for direction in [Direction::Symmetrised, Direction::AsStored] {
            let dataset = sample(direction);
            for ranking in EdgeRanking::ALL {
                let values = importance(ranking, &dataset, 4, 2);
                assert_eq!(values.len(), dataset.topology().n_entries());
                for ((u, v), value) in dataset.topology().entries().zip(values) {
                    assert_eq!(value == f32::INFINITY, u == v, "{ranking:?} {u} {v} {value}");
                    assert!(value >= 0.0 || ranking == EdgeRanking::Cosine, "{ranking:?} {value}");
                }
            }
        }
    }

    #[test]
    fn one_thread_or_two_give_the_same_bits() {
        let dataset = sample(Direction::Symmetrised);
        for ranking in EdgeRanking::ALL {
            let bits = |n_threads| -> Vec<u32> {
                importance(ranking, &dataset, 4, n_threads).iter().map(|v| v.to_bits()).collect()
            };
            assert_eq!(bits(1), bits(2), "{ranking:?}");
        }
    }

    #[test]
    fn both_directions_of_an_edge_are_equal() {
        let dataset = sample(Direction::Symmetrised);
        let topology = dataset.topology();
        let by_target = [EdgeRanking::TopK, EdgeRanking::KRandom, EdgeRanking::KMessage];
        for ranking in EdgeRanking::ALL.into_iter().filter(|r| !by_target.contains(r)) {
            let values = importance(ranking, &dataset, 4, 2);
            for (k, (u, v)) in topology.entries().enumerate() {
                let back = topology.find(v as usize, u as usize).expect("symmetric");
                assert_eq!(values[k].to_bits(), values[back].to_bits(), "{ranking:?} {u} {v}");
            }
        }
    }

    #[test]
    fn the_seed_changes_what_is_random() {
        let dataset = sample(Direction::Symmetrised);
        for ranking in EdgeRanking::ALL {
            let differs = importance(ranking, &dataset, 1, 2) != importance(ranking, &dataset, 2, 2);
            assert_eq!(differs, ranking.is_random(), "{ranking:?}");
        }
        let values = importance(EdgeRanking::Random, &dataset, 1, 2);
        assert!(values.iter().all(|v| *v > 0.0 && (*v < 1.0 || *v == f32::INFINITY)));
    }

    /// A star of four with one more edge between two leaves, and a directed edge read from both ends.
    #[test]
    fn degree_adds_the_inverse_degrees_without_self_loops() {
        let topology = fixtures::undirected(5, &[(0, 1), (0, 2), (0, 3), (0, 4), (1, 2)]);
        let dataset = fixtures::dataset(topology, Features::Dense(ndarray::Array2::ones((5, 1))));
        let values = importance(EdgeRanking::Degree, &dataset, 0, 1);
        let at = |u, v| values[dataset.topology().find(u, v).expect("stored")];
        let close = |found: f32, expected: f32| (found - expected).abs() < 1e-6;
        assert!(close(at(0, 3), 1.0 / 4.0 + 1.0) && close(at(0, 1), 1.0 / 4.0 + 1.0 / 2.0));
        assert!(close(at(1, 2), 1.0 / 2.0 + 1.0 / 2.0));

        let (directed, _) =
            Topology::from_edges(3, &[(0, 1), (2, 1)], Direction::AsStored, SelfLoops::Added).expect("valid pairs");
        let dataset = fixtures::dataset(directed, Features::Dense(ndarray::Array2::ones((3, 1))));
        let values = importance(EdgeRanking::Degree, &dataset, 0, 1);
        assert!(close(values[dataset.topology().find(1, 0).expect("stored")], 1.0 + 1.0 / 2.0));
    }

    #[test]
    fn top_k_keeps_exactly_the_k_strongest_of_every_target() {
        let dataset = sample(Direction::Symmetrised);
        let topology = dataset.topology();
        let diffusion = Diffusion::new(topology, Matrix::Normalised(0.5));
        let values = importance(EdgeRanking::TopK, &dataset, 0, 2);
        for k in 1..12 {
            // Rank k - 1 gives at least 1 / (k + 1/2), rank k at most 1 / (k + 1).
            let threshold = 1.0 / (k as f32 + 0.75);
            for u in 0..topology.n_nodes() {
                let mut others: Vec<usize> =
                    topology.row_range(u).filter(|at| topology.indices()[*at] as usize != u).collect();
                others.sort_by(|a, b| diffusion.values()[*b].total_cmp(&diffusion.values()[*a]));
                for (rank, at) in others.iter().enumerate() {
                    assert_eq!(values[*at] > threshold, rank < k, "k {k}, node {u}, rank {rank}");
                }
            }
        }
    }

    #[test]
    fn equal_ranks_are_ordered_by_strength() {
        let dataset = sample(Direction::Symmetrised);
        let topology = dataset.topology();
        let diffusion = Diffusion::new(topology, Matrix::Normalised(0.5));
        let values = importance(EdgeRanking::TopK, &dataset, 0, 2);
        let mut firsts: Vec<(f32, f32)> =
            (0..values.len()).filter(|k| values[*k] > 1.0 / 1.75).map(|k| (diffusion.values()[k], values[k])).collect();
        firsts.retain(|(_, value)| value.is_finite());
        firsts.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert!(firsts.len() > 50);
        assert!(firsts.windows(2).all(|w| w[0].1 <= w[1].1));
        let n_steps = |gap: fn(&[(f32, f32)]) -> f32| firsts.windows(2).filter(|w| gap(w) > 1e-4).count();
        let (strengths, importances) = (n_steps(|w| w[1].0 - w[0].0), n_steps(|w| w[1].1 - w[0].1));
        assert!(strengths > 5 && importances > 5, "{strengths} {importances}");
    }

    #[test]
    fn diffusion_is_the_entry_itself() {
        let dataset = sample(Direction::AsStored);
        let diffusion = Diffusion::new(dataset.topology(), Matrix::Normalised(0.3));
        let ctl = Control::new(1).expect("workers");
        let values = edge_importance(EdgeRanking::Diffusion, &dataset, &diffusion, 0, &ctl).expect("not cancelled");
        for (k, (u, v)) in dataset.topology().entries().enumerate() {
            assert!(u == v || values[k].to_bits() == diffusion.values()[k].to_bits());
        }
    }

    #[test]
    fn a_cancelled_ranking_says_so() {
        let dataset = sample(Direction::Symmetrised);
        let diffusion = Diffusion::new(dataset.topology(), Matrix::Normalised(0.5));
        let ctl = Control::new(1).expect("workers");
        ctl.canceller().cancel();
        for ranking in EdgeRanking::ALL {
            let answer = edge_importance(ranking, &dataset, &diffusion, 0, &ctl);
            assert_eq!(answer, Err(EngineError::Cancelled), "{ranking:?}");
        }
    }

    #[test]
    fn a_graph_without_entries_has_no_importance() {
        let topology = Topology::try_new(vec![0; 4], Vec::new()).expect("valid");
        let dataset = fixtures::dataset(topology, Features::Dense(ndarray::Array2::ones((3, 2))));
        for ranking in EdgeRanking::ALL {
            assert!(importance(ranking, &dataset, 0, 1).is_empty(), "{ranking:?}");
        }
    }

    #[test]
    fn keys_are_those_of_the_recipe_file() {
        for ranking in EdgeRanking::ALL {
            assert_eq!(serde_json::to_value(ranking).expect("plain value"), ranking.key());
            assert!(!ranking.title().is_empty() && !ranking.source().is_empty());
        }
    }
}
