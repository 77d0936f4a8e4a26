//! Entries ranked by effective resistance, after Spielman and Srivastava, "Graph Sparsification by Effective Resistances",
//! SIAM Journal on Computing 40, 2011, section 4.
//!
//! With the signed incidence matrix `B` and the Laplacian `L = BᵀB` of the undirected graph, every weight 1, the effective
//! resistance of an edge is `R(u,v) = ‖B L⁺ (e_u - e_v)‖²`. A matrix `Q` of `q` rows of random signs, scaled by `1/√q`, keeps
//! that length up to a relative standard deviation of at most `√(2/q)` (Johnson and Lindenstrauss; signs: Achlioptas 2003), so
//! `R(u,v) ≈ ‖Z (e_u - e_v)‖²` with `Z = Q B L⁺`. Each row of `Z` is one linear system, solved here by conjugate gradients with
//! the degrees as preconditioner instead of the paper's solver. An edge whose removal disconnects the graph comes out as 1 up
//! to the solver's error, because its projection is a single sign.

use super::draw;
use super::entries::{each_entry, undirected, update_entries};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;

/// Projections drawn together: one for every bit of a random word.
const WAVE: usize = 64;
/// Waves of an ordinary ranking: 128 projections, a relative standard deviation of at most 12.5 %.
pub(super) const N_WAVES: usize = 2;
/// Systems solved side by side, so that one pass over the graph serves all of them.
const LANES: usize = 4;
/// A system is solved when its residual, measured with the preconditioner, has fallen by this factor.
const TOLERANCE: f64 = 1e-6;
/// The most steps of the conjugate gradients. Only graphs with very long paths reach it; their estimates are then those of
/// the surroundings within so many steps of an edge (0.986 instead of 1 on a path of 20 000 nodes).
const MAX_STEPS: usize = 2000;
/// Rows between two looks at the cancel flag.
const ROWS_PER_CHECK: usize = 8192;

/// One number per node for each of the systems solved side by side.
type Lanes = [f64; LANES];

/// The leverage `w(u,v) R(u,v)` of every entry from `64 n_waves` projections, at most 1; infinite for self-loops.
///
/// A directed graph counts as undirected, and both directions of an edge get the same bits.
///
/// # Complexity
/// `n_waves · 64` systems; each step of one costs O(nodes + entries). Memory for 64 `f64` per node, and for 16 per node and
/// thread.
pub(super) fn leverages(
    topology: &Topology,
    n_waves: usize,
    seed: u64,
    ctl: &Control,
) -> Result<Vec<f32>, EngineError> {
    let laplacian = Laplacian::new(undirected(topology)?);
    let mut sums = vec![0.0f64; topology.n_entries()];
    for wave in 0..n_waves {
        ctl.progress("effective resistance", wave, n_waves);
        let signs = draw::bits(seed, wave, 0);
        let potentials = ctl
            .map(WAVE / LANES, |block| laplacian.potentials(signs, block * LANES, ctl))?
            .into_iter()
            .collect::<Result<Vec<_>, _>>()?;
        update_entries(topology, &mut sums, ctl, |sum, _, u, v| {
            for z in &potentials {
                *sum += (0..LANES).map(|lane| (z[u][lane] - z[v][lane]).powi(2)).sum::<f64>();
            }
        })?;
    }
    let n_projections = (n_waves * WAVE) as f64;
    each_entry(topology, ctl, |k, _, _| (sums[k] / n_projections).min(1.0) as f32)
}

/// `L = D - A` of an undirected graph without self-loops.
struct Laplacian {
    graph: Topology,
    /// Inverse of the diagonal, 0 for a node without neighbours.
    inverse_degree: Vec<f64>,
}

impl Laplacian {
    fn new(graph: Topology) -> Self {
        let inverse = |degree: usize| if degree == 0 { 0.0 } else { 1.0 / degree as f64 };
        let inverse_degree = (0..graph.n_nodes()).map(|u| inverse(graph.degree(u))).collect();
        Self { graph, inverse_degree }
    }

    /// Solves `L z = Bᵀ s` for the random signs `s` of bits `first..first + LANES`, by conjugate gradients.
    ///
    /// The right sides sum to 0 over every component, so a solution exists; which one is found does not matter, because
    /// only differences along edges are used.
    fn potentials(&self, signs: u64, first: usize, ctl: &Control) -> Result<Vec<Lanes>, EngineError> {
        let n = self.graph.n_nodes();
        let mut residual = self.currents(signs, first, ctl)?;
        let mut potential = vec![[0.0; LANES]; n];
        let mut direction = vec![[0.0; LANES]; n];
        let mut image = vec![[0.0; LANES]; n];
        let mut energy = self.energy(&residual);
        let solved = energy.map(|e| TOLERANCE * TOLERANCE * e);
        let mut ratio = [0.0; LANES];
        for _ in 0..MAX_STEPS {
            if (0..LANES).all(|lane| energy[lane] <= solved[lane]) {
                break;
            }
            for ((p, r), inverse) in direction.iter_mut().zip(&residual).zip(&self.inverse_degree) {
                for lane in 0..LANES {
                    p[lane] = r[lane] * inverse + ratio[lane] * p[lane];
                }
            }
            let curvature = self.multiply(&direction, &mut image, ctl)?;
            let step: Lanes = std::array::from_fn(|lane| {
                let is_open = energy[lane] > solved[lane] && curvature[lane] > 0.0;
                if is_open { energy[lane] / curvature[lane] } else { 0.0 }
            });
            for (((z, r), p), image) in potential.iter_mut().zip(&mut residual).zip(&direction).zip(&image) {
                for lane in 0..LANES {
                    z[lane] += step[lane] * p[lane];
                    r[lane] -= step[lane] * image[lane];
                }
            }
            let before = energy;
            energy = self.energy(&residual);
            ratio = std::array::from_fn(|lane| if step[lane] > 0.0 { energy[lane] / before[lane] } else { 0.0 });
        }
        Ok(potential)
    }

    /// `Bᵀ s`: an edge carries its sign into its lower node and out of its higher one.
    fn currents(&self, signs: u64, first: usize, ctl: &Control) -> Result<Vec<Lanes>, EngineError> {
        let mut currents = vec![[0.0; LANES]; self.graph.n_nodes()];
        for (u, current) in currents.iter_mut().enumerate() {
            check_now_and_then(u, ctl)?;
            for &v in self.graph.row(u) {
                let v = v as usize;
                let bits = draw::edge_bits(signs, u, v) >> first;
                for (lane, current) in current.iter_mut().enumerate() {
                    let is_into = (bits >> lane & 1 == 1) == (u < v);
                    *current += if is_into { 1.0 } else { -1.0 };
                }
            }
        }
        Ok(currents)
    }

    /// `rᵀ D⁻¹ r`.
    fn energy(&self, residual: &[Lanes]) -> Lanes {
        let mut energy = [0.0; LANES];
        for (r, inverse) in residual.iter().zip(&self.inverse_degree) {
            for lane in 0..LANES {
                energy[lane] += r[lane] * r[lane] * inverse;
            }
        }
        energy
    }

    /// `image = L p`; returns `pᵀ L p`.
    fn multiply(&self, p: &[Lanes], image: &mut [Lanes], ctl: &Control) -> Result<Lanes, EngineError> {
        let mut curvature = [0.0; LANES];
        for (u, (own, image)) in p.iter().zip(image).enumerate() {
            check_now_and_then(u, ctl)?;
            let degree = self.graph.degree(u) as f64;
            let mut sum = own.map(|own| degree * own);
            for &v in self.graph.row(u) {
                let other = &p[v as usize];
                for lane in 0..LANES {
                    sum[lane] -= other[lane];
                }
            }
            for lane in 0..LANES {
                curvature[lane] += own[lane] * sum[lane];
            }
            *image = sum;
        }
        Ok(curvature)
    }
}

fn check_now_and_then(row: usize, ctl: &Control) -> Result<(), EngineError> {
    if row.is_multiple_of(ROWS_PER_CHECK) { ctl.check() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::graph::{Direction, SelfLoops};
    use crate::engine::sparsify::baselines::fixtures;

    /// Enough projections for a relative standard deviation of at most √(2/1024) = 4.4 %.
    const MANY_WAVES: usize = 16;
    /// More than four of those standard deviations.
    const CLOSE: f64 = 0.18;

    fn found(topology: &Topology, n_waves: usize) -> Vec<f64> {
        let ctl = Control::new(2).expect("workers");
        leverages(topology, n_waves, 5, &ctl).expect("not cancelled").into_iter().map(f64::from).collect()
    }

    /// `(L + εI)⁻¹` by Gauss and Jordan: acts as `L⁺` on differences within a component, up to `ε / λ²`.
    fn inverse_of_shifted_laplacian(graph: &Topology) -> Array2<f64> {
        const SHIFT: f64 = 1e-8;
        let n = graph.n_nodes();
        let mut left = Array2::<f64>::eye(n) * SHIFT;
        for (u, v) in graph.entries().filter(|(u, v)| u != v) {
            left[[u as usize, v as usize]] -= 1.0;
            left[[u as usize, u as usize]] += 1.0;
        }
        let mut right = Array2::<f64>::eye(n);
        for column in 0..n {
            let pivot = (column..n)
                .max_by(|a, b| left[[*a, column]].abs().total_cmp(&left[[*b, column]].abs()))
                .expect("a row is left");
            for j in 0..n {
                left.swap([column, j], [pivot, j]);
                right.swap([column, j], [pivot, j]);
            }
            let scale = 1.0 / left[[column, column]];
            left.row_mut(column).mapv_inplace(|x| x * scale);
            right.row_mut(column).mapv_inplace(|x| x * scale);
            let (own_left, own_right) = (left.row(column).to_owned(), right.row(column).to_owned());
            for row in (0..n).filter(|row| *row != column) {
                let factor = left[[row, column]];
                left.row_mut(row).scaled_add(-factor, &own_left);
                right.row_mut(row).scaled_add(-factor, &own_right);
            }
        }
        right
    }

    /// `R(u,v)` of every entry of an undirected graph, infinite for self-loops.
    fn exact(graph: &Topology) -> Vec<f64> {
        let inverse = inverse_of_shifted_laplacian(graph);
        graph
            .entries()
            .map(|(u, v)| (u as usize, v as usize))
            .map(
                |(u, v)| {
                    if u == v { f64::INFINITY } else { inverse[[u, u]] + inverse[[v, v]] - 2.0 * inverse[[u, v]] }
                },
            )
            .collect()
    }

    fn sample() -> Topology {
        let (n, edges) = fixtures::random_edges(25, 120, 6);
        fixtures::undirected(n, &edges)
    }

    /// `Z` with a dense inverse and the same signs: what the solver must find, whatever the projection's own error.
    #[test]
    fn the_solver_agrees_with_a_dense_inverse_of_the_same_projections() {
        let topology = sample();
        let graph = undirected(&topology).expect("valid pairs");
        let inverse = inverse_of_shifted_laplacian(&graph);
        let edges: Vec<(usize, usize)> =
            graph.entries().map(|(u, v)| (u as usize, v as usize)).filter(|(u, v)| u < v).collect();
        let mut z = Array2::<f64>::zeros((WAVE, graph.n_nodes()));
        for (a, b) in &edges {
            let bits = draw::edge_bits(draw::bits(5, 0, 0), *a, *b);
            for i in 0..WAVE {
                let sign = if bits >> i & 1 == 1 { 1.0 } else { -1.0 };
                let potential = (&inverse.row(*a) - &inverse.row(*b)) * sign;
                z.row_mut(i).scaled_add(1.0, &potential);
            }
        }
        let found = found(&topology, 1);
        for ((u, v), found) in topology.entries().zip(found).filter(|((u, v), _)| u != v) {
            let difference = &z.column(u as usize) - &z.column(v as usize);
            let expected = (difference.dot(&difference) / WAVE as f64).min(1.0);
            assert!((found - expected).abs() < 1e-5, "{u} {v}: {found} {expected}");
        }
    }

    #[test]
    fn many_projections_agree_with_the_pseudo_inverse_on_a_graph_of_several_parts() {
        let topology = sample();
        let exact = exact(&topology);
        let mut n_cyclic = 0;
        for (found, exact) in found(&topology, MANY_WAVES).iter().zip(&exact).filter(|(_, e)| e.is_finite()) {
            assert!((found / exact - 1.0).abs() < CLOSE, "{found} {exact}");
            n_cyclic += usize::from(*exact < 0.9);
        }
        assert!(n_cyclic > 100, "only {n_cyclic} entries are not bridges");
    }

    /// Foster's theorem: the leverages of all edges sum to nodes minus components. The sum's own standard deviation is far
    /// below that of one edge.
    #[test]
    fn leverages_sum_to_nodes_minus_components() {
        let topology = sample();
        let n_components = {
            let mut part: Vec<usize> = (0..topology.n_nodes()).collect();
            for _ in 0..topology.n_nodes() {
                topology.entries().for_each(|(u, v)| part[u as usize] = part[u as usize].min(part[v as usize]));
            }
            (0..part.len()).filter(|u| part[*u] == *u).count()
        };
        assert!(n_components >= 3);
        let sum = found(&topology, MANY_WAVES).iter().filter(|v| v.is_finite()).sum::<f64>() / 2.0;
        let expected = (topology.n_nodes() - n_components) as f64;
        assert!((sum / expected - 1.0).abs() < CLOSE / 4.0, "{sum} {expected}");
    }

    #[test]
    fn every_edge_of_a_tree_has_leverage_one() {
        let edges: Vec<(u32, u32)> = (1..200).map(|v| ((v * 7 + 3) % v, v)).collect();
        let tree = fixtures::undirected(200, &edges);
        for value in found(&tree, 1).into_iter().filter(|v| v.is_finite()) {
            assert!((value - 1.0).abs() < 1e-4, "{value}");
        }
    }

    #[test]
    fn every_edge_of_a_cycle_has_one_nth_less() {
        for n in [3u32, 8, 50] {
            let edges: Vec<(u32, u32)> = (0..n).map(|u| (u, (u + 1) % n)).collect();
            let cycle = fixtures::undirected(n as usize, &edges);
            let expected = f64::from(n - 1) / f64::from(n);
            for value in found(&cycle, MANY_WAVES).into_iter().filter(|v| v.is_finite()) {
                assert!((value / expected - 1.0).abs() < CLOSE, "{n}: {value} {expected}");
            }
        }
    }

    /// Two cliques joined by one edge: nothing else comes close to that edge, even with the ordinary number of projections.
    #[test]
    fn a_bridge_ranks_above_every_edge_inside_its_two_cliques() {
        let clique = |first: u32| (0..8).flat_map(move |a| (0..a).map(move |b| (first + a, first + b)));
        let edges: Vec<(u32, u32)> = clique(0).chain(clique(8)).chain([(3, 11)]).collect();
        let topology = fixtures::undirected(16, &edges);
        let values = found(&topology, N_WAVES);
        let bridge = values[topology.find(3, 11).expect("stored")];
        // Inside a clique of eight the resistance is 2/8; five standard deviations are 5 · √(2/128) = 0.625 of it.
        let highest_inside = 0.25 * (1.0 + 5.0 * (2.0f64 / 128.0).sqrt());
        for ((u, v), value) in topology.entries().zip(&values).filter(|((u, v), _)| u != v) {
            let is_bridge = (u.min(v), u.max(v)) == (3, 11);
            assert!(if is_bridge { *value > 0.999 } else { *value < highest_inside }, "{u} {v} {value} {bridge}");
        }
    }

    #[test]
    fn a_directed_graph_counts_as_undirected() {
        let (n, edges) = fixtures::random_edges(25, 120, 6);
        let (directed, _) =
            Topology::from_edges(n, &edges, Direction::AsStored, SelfLoops::AsStored).expect("valid pairs");
        let both = sample();
        let (of_directed, of_both) = (found(&directed, 1), found(&both, 1));
        for ((u, v), value) in directed.entries().zip(of_directed) {
            let same = of_both[both.find(u as usize, v as usize).expect("stored")];
            assert_eq!(value.to_bits(), same.to_bits(), "{u} {v}");
        }
    }
}
