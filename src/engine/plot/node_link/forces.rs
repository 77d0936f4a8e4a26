//! `ForceAtlas2`: nodes repel each other the more neighbours they have, edges pull, and each node moves as fast as it does not swing.
//!
//! Jacomy, Venturini, Heymann and Bastian, *`ForceAtlas2`, a continuous graph layout algorithm for handy network visualization designed for
//! the Gephi software*, PLOS ONE 9(6), 2014. Gravity is the strong one of the paper, so that what hangs together with nothing stays in the
//! picture; repulsion is summed with a quadtree. Forces are sums of one node each, in an order that only the places decide: the same
//! picture for any number of threads.

use super::quadtree::Tree;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::sparsify::baselines::bits;

/// Of the places that nodes start from.
const SEED: u64 = 2014;
/// How much two nodes repel each other, `k_r` of the paper.
const REPULSION: f64 = 2.0;
/// How much the centre pulls, `k_g` of the paper.
const GRAVITY: f64 = 0.05;
/// Swinging that is tolerated, `τ` of the paper.
const TOLERANCE: f64 = 1.0;
/// The speed rises by this share in one step at most.
const MAX_RISE: f64 = 0.5;
/// The least that swinging lowers the speed to.
const MIN_EFFICIENCY: f64 = 0.05;
/// Nodes that are nearer than the root of this repel each other as if they were one unit apart.
const TOUCHING: f64 = 1e-12;
/// Steps that small graphs take, steps that large ones take, and what lies between: so many steps of one node each.
const MAX_STEPS: usize = 600;
const MIN_STEPS: usize = 240;
const NODE_STEPS: usize = 1_200_000;
/// Nodes whose forces are computed in one go.
const ROWS: usize = 128;

/// How many steps a graph of so many nodes takes.
pub(super) fn n_steps(n_nodes: usize) -> usize {
    (NODE_STEPS / n_nodes.max(1)).clamp(MIN_STEPS, MAX_STEPS)
}

/// Nodes on their way.
#[derive(Debug)]
pub(super) struct Forces {
    /// Where the neighbours of every node stand in `neighbours`.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    /// 1 and the number of neighbours.
    masses: Vec<f64>,
    places: Vec<[f64; 2]>,
    /// The forces of the step before.
    before: Vec<[f64; 2]>,
    speed: f64,
    efficiency: f64,
}

impl Forces {
    /// Nodes joined by these pairs, at places drawn by lot. A pair of a node with itself does nothing.
    pub(super) fn new(n_nodes: usize, pairs: impl Iterator<Item = [u32; 2]> + Clone) -> Self {
        let pairs = pairs.filter(|[a, b]| a != b);
        let mut starts = vec![0; n_nodes + 1];
        for end in pairs.clone().flatten() {
            starts[end as usize + 1] += 1;
        }
        let masses: Vec<f64> = starts[1..].iter().map(|n| 1.0 + *n as f64).collect();
        for at in 0..n_nodes {
            starts[at + 1] += starts[at];
        }
        let mut next = starts.clone();
        let mut neighbours = vec![0; starts[n_nodes]];
        for [a, b] in pairs.flat_map(|[a, b]| [[a, b], [b, a]]) {
            neighbours[next[a as usize]] = b;
            next[a as usize] += 1;
        }
        // The radius at which gravity and the repulsion of everything are equal.
        let radius = (REPULSION * masses.iter().sum::<f64>() / GRAVITY).sqrt();
        let start = |u: usize, axis: usize| radius * ((bits(SEED, u, axis) >> 11) as f64 / (1u64 << 53) as f64 - 0.5);
        let places = (0..n_nodes).map(|u| [start(u, 0), start(u, 1)]).collect();
        let before = vec![[0.0; 2]; n_nodes];
        Self { starts, neighbours, masses, places, before, speed: 1.0, efficiency: 1.0 }
    }

    /// The same from other places.
    #[cfg(test)]
    pub(super) fn starting_at(self, places: Vec<[f64; 2]>) -> Self {
        Self { places, ..self }
    }

    /// Where the nodes are.
    pub(super) fn places(&self) -> &[[f64; 2]] {
        &self.places
    }

    /// Moves them for so many steps, [`n_steps`] until they have settled.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes log nodes + pairs) in each step.
    pub(super) fn settle(&mut self, n_steps: usize, ctl: &Control) -> Result<(), EngineError> {
        for step in 0..n_steps {
            ctl.progress("laying out the graph", step, n_steps);
            self.step(ctl)?;
        }
        Ok(())
    }

    fn step(&mut self, ctl: &Control) -> Result<(), EngineError> {
        let forces = self.forces(ctl)?;
        let (mut swinging, mut traction) = (0.0, 0.0);
        let swing = |now: [f64; 2], before: [f64; 2]| length([now[0] - before[0], now[1] - before[1]]);
        for ((now, before), mass) in forces.iter().zip(&self.before).zip(&self.masses) {
            swinging += mass * swing(*now, *before);
            traction += mass * length([now[0] + before[0], now[1] + before[1]]) / 2.0;
        }
        self.adjust_speed(swinging, traction);
        for ((place, now), before) in self.places.iter_mut().zip(&forces).zip(&self.before) {
            let factor = self.speed / (1.0 + (self.speed * swing(*now, *before)).sqrt());
            place[0] += now[0] * factor;
            place[1] += now[1] * factor;
        }
        self.before = forces;
        Ok(())
    }

    /// As fast as the swinging of all nodes allows, as the authors' program has it.
    fn adjust_speed(&mut self, swinging: f64, traction: f64) {
        const MAX_TOLERANCE: f64 = 10.0;
        const MAX_SPEED: f64 = 1000.0;
        if swinging <= 0.0 || traction <= 0.0 {
            return;
        }
        let n = self.places.len() as f64;
        let estimated = 0.05 * n.sqrt();
        let tolerance = TOLERANCE * estimated.sqrt().max((estimated * traction / (n * n)).min(MAX_TOLERANCE));
        let mut tolerance = tolerance;
        if swinging / traction > 2.0 {
            if self.efficiency > MIN_EFFICIENCY {
                self.efficiency *= 0.5;
            }
            tolerance = tolerance.max(TOLERANCE);
        }
        let target = tolerance * self.efficiency * traction / swinging;
        if swinging > tolerance * traction {
            if self.efficiency > MIN_EFFICIENCY {
                self.efficiency *= 0.7;
            }
        } else if self.speed < MAX_SPEED {
            self.efficiency *= 1.3;
        }
        self.speed += (target - self.speed).min(MAX_RISE * self.speed);
    }

    /// The force on every node.
    fn forces(&self, ctl: &Control) -> Result<Vec<[f64; 2]>, EngineError> {
        let tree = Tree::new(&self.places, &self.masses);
        let mut by_rank = vec![[0.0; 2]; self.places.len()];
        ctl.for_row_blocks(&mut by_rank, 1, ROWS, |first, rows| {
            for (at, row) in rows.iter_mut().enumerate() {
                let rank = first + at;
                *row = self.attracted(tree.order()[rank] as usize, tree.sum(rank, repulsion));
            }
        })?;
        let mut forces = vec![[0.0; 2]; self.places.len()];
        for (u, force) in tree.order().iter().zip(by_rank) {
            forces[*u as usize] = force;
        }
        Ok(forces)
    }

    /// A force on a node, and what its edges and the centre add.
    fn attracted(&self, u: usize, mut force: [f64; 2]) -> [f64; 2] {
        let place = self.places[u];
        for v in &self.neighbours[self.starts[u]..self.starts[u + 1]] {
            let other = self.places[*v as usize];
            force[0] += other[0] - place[0];
            force[1] += other[1] - place[1];
        }
        let pull = GRAVITY * self.masses[u];
        [force[0] - pull * place[0], force[1] - pull * place[1]]
    }

    /// What repels every node, without a tree, O(n²): what the tree is held against.
    #[cfg(test)]
    pub(super) fn exact_repulsion(&self) -> Vec<[f64; 2]> {
        let n = self.places.len();
        let repelled = |u: usize| {
            (0..n).filter(|v| *v != u).fold([0.0; 2], |sum, v| {
                let (a, b) = (self.places[u], self.places[v]);
                let force = repulsion([a[0] - b[0], a[1] - b[1]], self.masses[u] * self.masses[v], u < v);
                [sum[0] + force[0], sum[1] + force[1]]
            })
        };
        (0..n).map(repelled).collect()
    }

    /// The same by the tree: the forces less what edges and the centre add.
    #[cfg(test)]
    pub(super) fn tree_repulsion(&self, ctl: &Control) -> Result<Vec<[f64; 2]>, EngineError> {
        let less = |(u, force): (usize, [f64; 2])| {
            let others = self.attracted(u, [0.0; 2]);
            [force[0] - others[0], force[1] - others[1]]
        };
        Ok(self.forces(ctl)?.into_iter().enumerate().map(less).collect())
    }
}

/// What a node at `way` from another is pushed by; two at one place are pushed apart sideways.
fn repulsion(way: [f64; 2], masses: f64, is_lower: bool) -> [f64; 2] {
    let square = way[0] * way[0] + way[1] * way[1];
    if square < TOUCHING {
        let side = if is_lower { -1.0 } else { 1.0 };
        return [side * REPULSION * masses, 0.5 * side * REPULSION * masses];
    }
    let factor = REPULSION * masses / square;
    [way[0] * factor, way[1] * factor]
}

#[expect(clippy::imprecise_flops, reason = "a square root is the same on every machine, a hypotenuse is not")]
fn length([x, y]: [f64; 2]) -> f64 {
    (x * x + y * y).sqrt()
}
