//! The diffusion matrix `T = D^(r-1) Ā D^(-r)`: one value per entry of the graph's structure.
//!
//! Unifews (ICML 2025), section III-A; authors' code `archs/layers.py:36-43` (r = 0.5).

use super::graph::Topology;

/// Which matrix the entries of a graph carry.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Matrix {
    /// `T = D^(r-1) Ā D^(-r)`: 0.5 symmetric, 0 a mean over the entries of a row.
    Normalised(f64),
    /// `Ā` itself: 1 for every entry.
    Adjacency,
}

/// Values of `T` in the entry order of a [`Topology`].
#[derive(Debug, Clone, PartialEq)]
pub struct Diffusion {
    values: Vec<f32>,
}

impl Diffusion {
    /// `T[u,v] = d(u)^(r-1) · d(v)^(-r)` for every stored entry; `d` is the row length in `Ā`, 0 counted as 1.
    ///
    /// # Complexity
    /// O(nodes + entries).
    pub fn new(topology: &Topology, matrix: Matrix) -> Self {
        let Matrix::Normalised(norm_r) = matrix else { return Self { values: vec![1.0; topology.n_entries()] } };
        let degree = |u: usize| topology.degree(u).max(1) as f64;
        let of_source: Vec<f64> = (0..topology.n_nodes()).map(|v| degree(v).powf(-norm_r)).collect();
        let mut values = Vec::with_capacity(topology.n_entries());
        for u in 0..topology.n_nodes() {
            let of_target = degree(u).powf(norm_r - 1.0);
            values.extend(topology.row(u).iter().map(|v| (of_target * of_source[*v as usize]) as f32));
        }
        Self { values }
    }

    /// One value per entry.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, SelfLoops};

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
}
