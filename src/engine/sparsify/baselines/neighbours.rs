//! K-neighbour sparsification: every target keeps at most K of its sources.
//!
//! Sources of a target are ranked from the strongest; entries of the whole graph then stand by that rank, and those of one rank in a
//! seeded order of their targets. Removing the last ones of that order leaves every target at most K sources, K as large as the share
//! allows, and of the targets that have K and could lose one more, as many have lost it as the share asks for. No two entries are equal,
//! so the share is met to the entry.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::draw;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Features, Topology};

/// Rows of the graph that are ranked between two looks at the stop button.
const ROWS: usize = 1024;

/// Importance of every entry; `strength(k, v)` of entry `k` from source `v` puts the sources of a target in order, equal ones by lot.
///
/// An entry of rank `r` (from 0) lies in `1 / (r + 3/2) ..= 1 / (r + 1)`; self-loops are infinite.
pub(super) fn by_rank(
    topology: &Topology,
    seed: u64,
    ctl: &Control,
    strength: impl Fn(usize, usize) -> f64 + Send + Sync,
) -> Result<Vec<f32>, EngineError> {
    let (n, indices) = (topology.n_nodes(), topology.indices());
    let ranked = ctl.map(n.div_ceil(ROWS), |block| {
        let rows = block * ROWS..n.min((block + 1) * ROWS);
        let mut entries = Vec::new();
        for u in rows {
            let sources = topology.row_range(u).filter(|k| indices[*k] as usize != u);
            let keyed = sources.map(|k| {
                let v = indices[k] as usize;
                (strength(k, v), draw::bits(seed, u, v), k)
            });
            let mut order: Vec<(f64, u64, usize)> = keyed.collect();
            order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
            entries.push(order.into_iter().map(|(_, _, k)| k).collect());
        }
        entries
    })?;
    let ranked: Vec<Vec<usize>> = ranked.into_iter().flatten().collect();
    // How many entries have each rank, and the importance of the next one of that rank.
    let mut n_of_rank = vec![0usize; ranked.iter().map(Vec::len).max().unwrap_or(0)];
    for row in &ranked {
        for count in &mut n_of_rank[..row.len()] {
            *count += 1;
        }
    }
    let mut first = Vec::with_capacity(n_of_rank.len());
    let mut falling = Vec::with_capacity(n_of_rank.iter().sum());
    let mut last = f32::INFINITY;
    for (rank, count) in n_of_rank.into_iter().enumerate() {
        ctl.check()?;
        first.push(falling.len());
        for at in 0..count {
            let below = at as f64 / count as f64 / 2.0;
            // Where so many entries share a rank that floats are too coarse, the next one takes the next float.
            last = ((1.0 / (1.0 + rank as f64 + below)) as f32).min(last.next_down());
            falling.push(last);
        }
    }
    let mut targets: Vec<usize> = (0..n).collect();
    targets.shuffle(&mut StdRng::seed_from_u64(seed));
    let mut importance = vec![f32::INFINITY; topology.n_entries()];
    for block in targets.chunks(ROWS) {
        ctl.check()?;
        for u in block {
            for (rank, k) in ranked[*u].iter().enumerate() {
                importance[*k] = falling[first[rank]];
                first[rank] += 1;
            }
        }
    }
    Ok(importance)
}

/// `‖x[v]‖₂` of every node's features.
pub(super) fn feature_norms(features: &Features, ctl: &Control) -> Result<Vec<f64>, EngineError> {
    ctl.map(features.n_rows(), |v| match features {
        Features::Dense(x) => norm(x.row(v)),
        Features::Sparse(x) => x.outer_view(v).map_or(0.0, |row| norm(row.data())),
    })
}

fn norm<'a>(values: impl IntoIterator<Item = &'a f32>) -> f64 {
    values.into_iter().map(|v| f64::from(*v) * f64::from(*v)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::diffusion::{Diffusion, Matrix};
    use crate::engine::graph::{Direction, SelfLoops};
    use crate::engine::sparsify::baselines::{EdgeRanking, edge_importance, fixtures};

    struct Sample {
        topology: Topology,
        features: Array2<f32>,
        diffusion: Diffusion,
    }

    impl Sample {
        fn new(direction: Direction) -> Self {
            let (n, edges) = fixtures::random_edges(40, 300, 5);
            let (topology, _) = Topology::from_edges(n, &edges, direction, SelfLoops::Added).expect("valid pairs");
            let diffusion = Diffusion::new(&topology, Matrix::Normalised(0.5));
            Self { topology, features: fixtures::random_features(n, 9, 0.3, 6), diffusion }
        }

        fn importance(&self, ranking: EdgeRanking, is_sparse: bool, seed: u64) -> Vec<f32> {
            let features = if is_sparse {
                Features::from_dense(self.features.clone())
            } else {
                Features::Dense(self.features.clone())
            };
            let dataset = fixtures::dataset(self.topology.clone(), features);
            let ctl = Control::new(2).expect("workers");
            edge_importance(ranking, &dataset, &self.diffusion, seed, &ctl).expect("not cancelled")
        }

        /// Entries of `u` that are left when the `n_removed` least important ones of the graph are removed.
        fn kept(&self, importance: &[f32], n_removed: usize, u: usize) -> Vec<usize> {
            let mut order: Vec<usize> = (0..importance.len()).collect();
            order.sort_by(|a, b| importance[*a].total_cmp(&importance[*b]));
            let removed = &order[..n_removed];
            self.topology
                .row_range(u)
                .filter(|k| !removed.contains(k) && self.topology.indices()[*k] as usize != u)
                .collect()
        }

        /// The largest K at which at least `n_removed` entries are beyond the first K of their target.
        fn largest_k(&self, n_removed: usize) -> usize {
            let others = |u| self.topology.row(u).iter().filter(|v| **v as usize != u).count();
            let beyond = |k: usize| (0..self.topology.n_nodes()).map(|u| others(u).saturating_sub(k)).sum::<usize>();
            (0..=self.topology.n_nodes()).take_while(|k| beyond(*k) >= n_removed).last().unwrap_or(0)
        }
    }

    #[test]
    fn every_target_keeps_at_most_k_and_the_share_is_met_to_the_entry() {
        for direction in [Direction::Symmetrised, Direction::AsStored] {
            let sample = Sample::new(direction);
            let n_removable = sample.topology.n_entries() - sample.topology.n_self_loops();
            for ranking in [EdgeRanking::KRandom, EdgeRanking::KMessage] {
                let importance = sample.importance(ranking, false, 3);
                let mut values: Vec<u32> = importance.iter().map(|v| v.to_bits()).collect();
                values.sort_unstable();
                values.dedup();
                assert_eq!(values.len(), n_removable + 1, "{ranking:?}: no two alike but the self-loops");
                for n_removed in [1, n_removable / 3, n_removable / 2, n_removable * 9 / 10, n_removable - 1] {
                    let k = sample.largest_k(n_removed);
                    for u in 0..sample.topology.n_nodes() {
                        let n_others = sample.topology.row(u).iter().filter(|v| **v as usize != u).count();
                        let n_kept = sample.kept(&importance, n_removed, u).len();
                        // Beside those that keep K, some keep one more: as many as the share leaves.
                        let allowed = [n_others.min(k), n_others.min(k + 1)];
                        assert!(allowed.contains(&n_kept), "{ranking:?} {n_removed}, node {u}: {n_kept}, K {k}");
                    }
                }
            }
        }
    }

    /// Message norms by their definition, one target after the other.
    #[test]
    fn the_largest_messages_stay() {
        let sample = Sample::new(Direction::Symmetrised);
        for is_sparse in [false, true] {
            let importance = sample.importance(EdgeRanking::KMessage, is_sparse, 3);
            for u in 0..sample.topology.n_nodes() {
                let message = |k: usize| {
                    let v = sample.topology.indices()[k] as usize;
                    let square: f64 = sample.features.row(v).iter().map(|x| f64::from(*x).powi(2)).sum();
                    f64::from(sample.diffusion.values()[k]) * square.sqrt()
                };
                let mut entries: Vec<usize> =
                    sample.topology.row_range(u).filter(|k| sample.topology.indices()[*k] as usize != u).collect();
                entries.sort_by(|a, b| importance[*b].total_cmp(&importance[*a]));
                assert!(entries.windows(2).all(|pair| message(pair[0]) >= message(pair[1]) - 1e-12), "node {u}");
            }
        }
    }

    #[test]
    fn what_is_drawn_is_spread_evenly() {
        // One target with 40 sources, drawn anew with every seed: each source is as often among the first four.
        let edges: Vec<(u32, u32)> = (1..41).map(|v| (v, 0)).collect();
        let (topology, _) =
            Topology::from_edges(41, &edges, Direction::AsStored, SelfLoops::Added).expect("valid pairs");
        let ctl = Control::new(1).expect("a worker");
        let mut n_first = vec![0usize; topology.n_entries()];
        let n_seeds = 2_000;
        for seed in 0..n_seeds {
            let importance = by_rank(&topology, seed, &ctl, |_, _| 0.0).expect("not cancelled");
            for k in topology.row_range(0) {
                // The first four have ranks 0 to 3; the self-loop is infinite.
                n_first[k] += usize::from(importance[k].is_finite() && importance[k] > 1.0 / 4.75);
            }
        }
        for k in topology.row_range(0).filter(|k| topology.indices()[*k] != 0) {
            // Mean 200, standard deviation 13; five of them.
            assert!(n_first[k].abs_diff(200) < 67, "{}", n_first[k]);
        }
        assert_eq!(n_first.iter().sum::<usize>(), 4 * n_seeds as usize);
    }
}
