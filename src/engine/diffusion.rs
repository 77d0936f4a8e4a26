//! The diffusion matrix `T = D^(r-1) Ā D^(-r)`: one value per entry of the graph's structure.
//!
//! Unifews (ICML 2025), section III-A; authors' code `archs/layers.py:36-43` (r = 0.5).

use std::sync::Arc;

use super::graph::{Dataset, Topology};

/// Which matrix the entries of a graph carry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Matrix {
    /// `T = D^(r-1) Ā D^(-r)`: 0.5 symmetric, 0 a mean over the entries of a row.
    Normalised(f64),
    /// `Ā` itself: 1 for every entry.
    Adjacency,
}

/// Values of `T` in the entry order of a [`Topology`]. Cheap to clone.
#[derive(Debug, Clone, PartialEq)]
pub struct Diffusion {
    values: Arc<Vec<f32>>,
}

impl Diffusion {
    /// `T[u,v] = d(u)^(r-1) · d(v)^(-r)` for every stored entry; `d` is the row length in `Ā`, 0 counted as 1.
    ///
    /// # Complexity
    /// O(nodes + entries).
    ///
    /// # Examples
    /// ```
    /// use unifews::engine::diffusion::{Diffusion, Matrix};
    /// use unifews::engine::graph::{Direction, SelfLoops, Topology};
    ///
    /// let (pair, _) = Topology::from_edges(2, &[(0, 1)], Direction::Symmetrised, SelfLoops::Added)?;
    /// assert_eq!(Diffusion::new(&pair, Matrix::Normalised(0.5)).values(), [0.5; 4]);
    /// # Ok::<(), unifews::engine::EngineError>(())
    /// ```
    pub fn new(topology: &Topology, matrix: Matrix) -> Self {
        Self::with_weights(topology, None, matrix)
    }

    /// The values for a graph with its edge weights, if it has some: `T = D^(r-1) A_w D^(-r)` with `d(u)` the sum of the weights
    /// of row `u`, 0 counted as 1. Weights of 1 give the bits of the graph without weights.
    pub fn of(dataset: &Dataset, matrix: Matrix) -> Self {
        Self::with_weights(dataset.topology(), dataset.edge_weights(), matrix)
    }

    fn with_weights(topology: &Topology, weights: Option<&[f32]>, matrix: Matrix) -> Self {
        let Matrix::Normalised(norm_r) = matrix else {
            let values = weights.map_or_else(|| vec![1.0; topology.n_entries()], <[f32]>::to_vec);
            return Self { values: Arc::new(values) };
        };
        let degree = |u: usize| match weights {
            None => topology.degree(u).max(1) as f64,
            Some(weights) => weighted_degree(&weights[topology.row_range(u)]),
        };
        let of_source: Vec<f64> = (0..topology.n_nodes()).map(|v| degree(v).powf(-norm_r)).collect();
        let mut values = Vec::with_capacity(topology.n_entries());
        for u in 0..topology.n_nodes() {
            let of_target = degree(u).powf(norm_r - 1.0);
            let row = topology.row(u).iter().map(|v| of_source[*v as usize]);
            match weights {
                None => values.extend(row.map(|of_source| Self::value(of_target, of_source, None))),
                Some(w) => values.extend(
                    row.zip(&w[topology.row_range(u)])
                        .map(|(of_source, w)| Self::value(of_target, of_source, Some(*w))),
                ),
            }
        }
        Self { values: Arc::new(values) }
    }

    /// The value of one entry, `of_target = d(u)^(r-1)`, `of_source = d(v)^(-r)`: the bits that the whole matrix has.
    fn value(of_target: f64, of_source: f64, weight: Option<f32>) -> f32 {
        let t = of_target * of_source;
        weight.map_or(t, |weight| t * f64::from(weight)) as f32
    }

    /// The values of one row, `d` its degree and `of_source` degrees of its sources; without weights they count 1. Degrees are sums of a
    /// row's weights, 0 counted as 1.
    pub(crate) fn of_row(matrix: Matrix, d: f64, sources: &[f64], weights: Option<&[f32]>) -> Vec<f32> {
        let weight = |at: usize| weights.map(|weights| weights[at]);
        let value = |(at, of_source): (usize, &f64)| match matrix {
            Matrix::Adjacency => weight(at).unwrap_or(1.0),
            Matrix::Normalised(r) => Self::value(d.powf(r - 1.0), of_source.powf(-r), weight(at)),
        };
        sources.iter().enumerate().map(value).collect()
    }

    /// One value per entry.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The same, shared.
    pub(crate) fn shared(&self) -> Arc<Vec<f32>> {
        Arc::clone(&self.values)
    }
}

/// `d(u)` of a row with these weights: their sum, 0 counted as 1.
pub(crate) fn weighted_degree(weights: &[f32]) -> f64 {
    match weights.iter().map(|w| f64::from(*w)).sum::<f64>() {
        0.0 => 1.0,
        sum => sum,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::Control;
    use crate::engine::graph::{DatasetParts, Direction, EdgeList, Features, SelfLoops};

    #[test]
    fn rows_sum_to_one_at_r_0_and_the_matrix_is_symmetric_at_one_half() {
        let (t, _) = Topology::from_edges(4, &[(0, 1), (1, 2), (1, 3)], Direction::Symmetrised, SelfLoops::Added)
            .expect("valid pairs");
        let stochastic = Diffusion::new(&t, Matrix::Normalised(0.0));
        for u in 0..4 {
            let sum: f32 = stochastic.values()[t.row_range(u)].iter().sum();
            assert!((sum - 1.0).abs() < 1e-6);
        }
        let symmetric = Diffusion::new(&t, Matrix::Normalised(0.5));
        for (at, (u, v)) in t.entries().enumerate() {
            let back = t.find(v as usize, u as usize).expect("symmetric");
            assert!((symmetric.values()[at] - symmetric.values()[back]).abs() < 1e-7);
        }
    }

    #[test]
    fn weights_count_in_degrees_and_entries() {
        // A way and back of different weights, a self-loop, a row of weight 0 and an empty one.
        let edges = [(0, 1, 2.0), (1, 0, 0.5), (1, 1, 3.0), (2, 1, 0.25), (1, 2, 0.0)];
        let mut list = EdgeList::weighted();
        for (source, target, weight) in edges {
            list.push(source, target, weight);
        }
        let ctl = Control::new(1).expect("a worker");
        let built = list.assemble(4, Direction::AsStored, SelfLoops::AsStored, &ctl).expect("valid edges");
        let weighted = |weights: Vec<f32>| {
            Dataset::try_new(DatasetParts {
                name: "four".into(),
                source: "test".into(),
                topology: built.topology.clone(),
                edge_weights: Some(weights),
                features: Features::Dense(ndarray::Array2::ones((4, 1))),
                labels: None,
                splits: Vec::new(),
                node_ids: None,
            })
        };
        let dataset = weighted(built.weights.clone().expect("weights")).expect("valid");
        for r in [0.0, 0.3, 0.5, 1.0] {
            // The slow way: a dense matrix.
            let mut a = [[0.0f64; 4]; 4];
            for (source, target, weight) in edges {
                a[target as usize][source as usize] += f64::from(weight);
            }
            let d = a.map(|row| row.iter().sum::<f64>()).map(|sum| if sum == 0.0 { 1.0 } else { sum });
            let diffusion = Diffusion::of(&dataset, Matrix::Normalised(r));
            for ((u, v), value) in built.topology.entries().zip(diffusion.values()) {
                let (u, v) = (u as usize, v as usize);
                let expected = d[u].powf(r - 1.0) * a[u][v] * d[v].powf(-r);
                assert!((f64::from(*value) - expected).abs() < 1e-6, "r = {r}, entry {u} {v}");
            }
        }
        assert_eq!(Diffusion::of(&dataset, Matrix::Adjacency).values(), built.weights.as_deref().expect("weights"));
        let of_ones = weighted(vec![1.0; 5]).expect("valid");
        for matrix in [Matrix::Normalised(0.3), Matrix::Adjacency] {
            assert_eq!(Diffusion::of(&of_ones, matrix), Diffusion::new(&built.topology, matrix));
        }
        let error = weighted(vec![1.0; 4]).unwrap_err().to_string();
        assert_eq!(error, "edge weights: expected 5 (one per entry), found 4");
        let error = weighted(vec![1.0, 1.0, -1.0, 1.0, 1.0]).unwrap_err().to_string();
        assert_eq!(error, "edge weights: expected finite numbers of at least 0, found -1");
    }
}
