//! What Unifews is compared with: other ways to choose which entries and which weights go.
//!
//! A ranking gives every entry or weight an importance, and the lowest go first. It knows neither the model nor the
//! messages, only the graph, the features or the weights themselves. The papers behind the rankings sample, reweight or
//! retrain in ways of their own; here all of them only choose, once and for the same share, and the values that stay are
//! the unpruned ones. So two results differ by the choice alone.

mod draw;
mod edges;
mod entries;
mod neighbours;
mod resistance;
mod schedule;
mod similarity;
mod weights;

pub(in crate::engine) use draw::{bits, edge_bits};
pub use edges::{EdgeRanking, edge_importance};
pub use schedule::Ramp;
pub use weights::{WeightRanking, weight_importance, weight_masks};

#[cfg(test)]
mod fixtures {
    use ndarray::Array2;
    use rand::rngs::StdRng;
    use rand::{Rng as _, SeedableRng as _};

    use crate::engine::graph::{Dataset, DatasetParts, Direction, Features, SelfLoops, Topology};

    /// A symmetric graph with self-loops from undirected edges.
    pub(super) fn undirected(n_nodes: usize, edges: &[(u32, u32)]) -> Topology {
        Topology::from_edges(n_nodes, edges, Direction::Symmetrised, SelfLoops::Added).expect("valid pairs").0
    }

    /// Two random parts without an edge between them, and an isolated node; some nodes have many edges.
    pub(super) fn random_edges(n_per_part: u32, n_edges: usize, seed: u64) -> (usize, Vec<(u32, u32)>) {
        let mut rng = StdRng::seed_from_u64(seed);
        let edges = (0..n_edges)
            .map(|_| {
                let part = n_per_part * rng.random_range(0..2);
                let hub = rng.random_range(0..n_per_part) / 3;
                (part + hub, part + rng.random_range(0..n_per_part))
            })
            .collect();
        (2 * n_per_part as usize + 1, edges)
    }

    pub(super) fn dataset(topology: Topology, features: Features) -> Dataset {
        Dataset::try_new(DatasetParts {
            name: "test".into(),
            source: "test".into(),
            topology,
            features,
            labels: None,
            splits: Vec::new(),
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit")
    }

    /// Random features of which about `density` are not zero, positive and negative.
    pub(super) fn random_features(n_nodes: usize, width: usize, density: f64, seed: u64) -> Array2<f32> {
        let mut rng = StdRng::seed_from_u64(seed);
        Array2::from_shape_fn((n_nodes, width), |_| {
            let value = rng.random_range(-1.0f32..2.0);
            if rng.random_bool(density) { value } else { 0.0 }
        })
    }
}
