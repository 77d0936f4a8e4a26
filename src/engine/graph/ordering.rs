//! Finds an order of the nodes: by degree, by community, or so that neighbours lie close together.
//!
//! Reverse Cuthill-McKee after George and Liu, *Computer Solution of Large Sparse Positive Definite Systems* (1981), chapter 4,
//! beginning every component at its node of least degree.

use std::cmp::Reverse;
use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::permutation::{HopOrder, Permutation};
use super::topology::Topology;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// The seed of the communities that nodes are laid out by: which they are changes no result.
const SEED: u64 = 0;
/// Label propagation settles on most graphs within a handful of rounds; more would not change the picture.
const MAX_ROUNDS: usize = 20;
/// Nodes visited between two looks at whether to stop.
const CHECKED: usize = 4096;

impl Permutation {
    /// The nodes of `topology` in the order `by`.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes log nodes); for reverse Cuthill-McKee O(entries log largest degree), and the transpose of a graph that is
    /// not symmetric; for communities that, and O(entries) in each of at most 20 rounds.
    pub fn find(topology: &Topology, by: HopOrder, ctl: &Control) -> Result<Self, EngineError> {
        ctl.check()?;
        let mut order: Vec<u32> = (0..topology.n_nodes() as u32).collect();
        match by {
            HopOrder::Stored => {}
            HopOrder::Degree => order.sort_unstable_by_key(|u| by_degree(topology, *u)),
            HopOrder::Community => {
                let communities = communities(topology, SEED, ctl)?;
                // By degree, a community's nodes lie worse than as stored once it is far larger than the caches.
                order = reverse_cuthill_mckee(topology, ctl)?;
                order.sort_by_key(|u| communities[*u as usize]);
            }
            HopOrder::Rcm => order = reverse_cuthill_mckee(topology, ctl)?,
        }
        Ok(Self::trusted(order))
    }
}

impl Topology {
    /// The nodes in the order `by`, found when it is first asked for; `None` for the order they are stored in.
    ///
    /// # Errors
    /// As [`Permutation::find`].
    pub fn ordered(&self, by: HopOrder, ctl: &Control) -> Result<Option<Arc<Permutation>>, EngineError> {
        if by == HopOrder::Stored {
            return Ok(None);
        }
        let known = self.orders.of(by);
        if known.get().is_none() {
            // Another thread may have been faster: it found the same.
            drop(known.set(Arc::new(Permutation::find(self, by, ctl)?)));
        }
        Ok(known.get().cloned())
    }
}

/// Sorts nodes by falling degree, then by number.
pub(crate) fn by_degree(topology: &Topology, u: u32) -> (Reverse<usize>, u32) {
    (Reverse(topology.degree(u as usize)), u)
}

/// Every component breadth first from its node of least degree, neighbours by rising degree; and all of that backwards.
fn reverse_cuthill_mckee(topology: &Topology, ctl: &Control) -> Result<Vec<u32>, EngineError> {
    let n = topology.n_nodes();
    // Both ends of an entry are neighbours, whichever of them hears.
    let sources = (!topology.is_symmetric()).then(|| topology.transposed().topology);
    let degree = |u: u32| topology.degree(u as usize) + sources.as_ref().map_or(0, |s| s.degree(u as usize));
    let mut starts: Vec<u32> = (0..n as u32).collect();
    starts.sort_unstable_by_key(|u| (degree(*u), *u));
    let mut is_placed = vec![false; n];
    let mut order = Vec::with_capacity(n);
    let mut next = 0;
    for start in starts {
        if std::mem::replace(&mut is_placed[start as usize], true) {
            continue;
        }
        order.push(start);
        while let Some(&u) = order.get(next) {
            if next % CHECKED == 0 {
                ctl.check()?;
                ctl.progress("ordering nodes", next, n);
            }
            next += 1;
            let first = order.len();
            let both = [Some(topology), sources.as_ref()];
            for &v in both.into_iter().flatten().flat_map(|rows| rows.row(u as usize)) {
                if !std::mem::replace(&mut is_placed[v as usize], true) {
                    order.push(v);
                }
            }
            order[first..].sort_unstable_by_key(|v| (degree(*v), *v));
        }
    }
    order.reverse();
    Ok(order)
}

/// The community of every node, 0 being the largest: every node takes the label most of its neighbours have, until nothing
/// changes. In a draw it keeps its own, else the seed decides; a fixed rule would let one label flood the graph.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn communities(topology: &Topology, seed: u64, ctl: &Control) -> Result<Vec<u32>, EngineError> {
    let n = topology.n_nodes();
    let mut label: Vec<u32> = (0..n as u32).collect();
    let mut visit = label.clone();
    let mut rng = StdRng::seed_from_u64(seed);
    visit.shuffle(&mut rng);
    let mut luck = label.clone();
    luck.shuffle(&mut rng);
    let mut votes = vec![0u32; n];
    for round in 0..MAX_ROUNDS {
        ctl.progress("finding communities", round, MAX_ROUNDS);
        let mut n_changed = 0usize;
        for (at, &u) in visit.iter().enumerate() {
            if at % CHECKED == 0 {
                ctl.check()?;
            }
            let own = label[u as usize];
            let row = topology.row(u as usize);
            for &v in row.iter().filter(|v| **v != u) {
                votes[label[v as usize] as usize] += 1;
            }
            let mut best = (votes[own as usize], true, 0, own);
            for &v in row.iter().filter(|v| **v != u) {
                let candidate = label[v as usize];
                let count = std::mem::take(&mut votes[candidate as usize]);
                if count > 0 {
                    best = best.max((count, candidate == own, luck[candidate as usize], candidate));
                }
            }
            n_changed += usize::from(best.3 != own);
            label[u as usize] = best.3;
        }
        if n_changed == 0 {
            break;
        }
    }
    let mut size = vec![0u32; n];
    for l in &label {
        size[*l as usize] += 1;
    }
    let mut by_size: Vec<u32> = (0..n as u32).filter(|l| size[*l as usize] > 0).collect();
    by_size.sort_unstable_by_key(|l| (Reverse(size[*l as usize]), *l));
    let mut rank = vec![0u32; n];
    by_size.iter().enumerate().for_each(|(at, l)| rank[*l as usize] = at as u32);
    Ok(label.into_iter().map(|l| rank[l as usize]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, PowerLaw, SelfLoops, power_law_communities};

    fn ctl() -> Control {
        Control::new(1).expect("a worker")
    }

    fn graph(n: usize, pairs: &[(u32, u32)], direction: Direction, self_loops: SelfLoops) -> Topology {
        Topology::from_edges(n, pairs, direction, self_loops).expect("valid pairs").0
    }

    fn power_law() -> Topology {
        let shape = PowerLaw { n_nodes: 500, n_entries: 4_000, ..PowerLaw::default() };
        power_law_communities(&shape, &ctl()).expect("a graph").topology().clone()
    }

    /// A grid of `height · width` nodes with shuffled names; a grid of height 1 is a path.
    fn grid(height: u32, width: u32) -> Topology {
        let mut name: Vec<u32> = (0..height * width).collect();
        name.shuffle(&mut StdRng::seed_from_u64(3));
        let node = |i: u32, j: u32| name[(i * width + j) as usize];
        let right = (0..height).flat_map(|i| (1..width).map(move |j| ((i, j - 1), (i, j))));
        let down = (1..height).flat_map(|i| (0..width).map(move |j| ((i - 1, j), (i, j))));
        let pairs: Vec<_> = right.chain(down).map(|(a, b)| (node(a.0, a.1), node(b.0, b.1))).collect();
        graph(name.len(), &pairs, Direction::Symmetrised, SelfLoops::Added)
    }

    /// Largest distance of the ends of an entry.
    fn bandwidth(topology: &Topology, nodes: &Permutation) -> u32 {
        let at = |u: u32| nodes.position()[u as usize];
        topology.entries().map(|(u, v)| at(u).abs_diff(at(v))).max().unwrap_or(0)
    }

    /// The words of Cuthill-McKee taken literally: number the neighbours of the first node that has some without a number, and where
    /// none has, the node of least degree.
    fn slow_rcm(topology: &Topology) -> Vec<u32> {
        let n = topology.n_nodes() as u32;
        let is_near = |u: u32, v: u32| {
            topology.find(u as usize, v as usize).is_some() || topology.find(v as usize, u as usize).is_some()
        };
        let degree = |u: u32| topology.entries().map(|(a, b)| usize::from(a == u) + usize::from(b == u)).sum::<usize>();
        let mut order = Vec::new();
        while order.len() < n as usize {
            let left: Vec<u32> = (0..n).filter(|u| !order.contains(u)).collect();
            let first = order.iter().find(|u| left.iter().any(|v| is_near(**u, *v))).copied();
            let mut next: Vec<u32> = left.into_iter().filter(|v| first.is_none_or(|u| is_near(u, *v))).collect();
            next.sort_by_key(|v| (degree(*v), *v));
            next.truncate(if first.is_some() { next.len() } else { 1 });
            order.extend(next);
        }
        order.reverse();
        order
    }

    #[test]
    fn every_order_holds_every_node_once() {
        let lonely = graph(9, &[(3, 4), (7, 3), (2, 2)], Direction::AsStored, SelfLoops::AsStored);
        let directed = graph(6, &[(0, 1), (1, 2), (5, 1), (4, 3)], Direction::AsStored, SelfLoops::Added);
        let none = graph(0, &[], Direction::AsStored, SelfLoops::AsStored);
        for topology in [power_law(), lonely, directed, none, grid(7, 9)] {
            for by in HopOrder::ALL {
                let nodes = Permutation::find(&topology, by, &ctl()).expect("not cancelled");
                assert_eq!(nodes.order().len(), topology.n_nodes());
                for (at, u) in nodes.order().iter().enumerate() {
                    assert_eq!(nodes.position()[*u as usize] as usize, at, "{by:?}");
                }
                let known = topology.ordered(by, &ctl()).expect("not cancelled");
                assert_eq!(known.is_none(), by == HopOrder::Stored);
                assert!(known.is_none_or(|known| *known == nodes), "{by:?} on other threads");
            }
        }
    }

    #[test]
    fn reverse_cuthill_mckee_is_what_its_words_say() {
        let directed = graph(
            12,
            &[(0, 1), (1, 2), (5, 1), (4, 3), (3, 9), (9, 10), (4, 10), (6, 6)],
            Direction::AsStored,
            SelfLoops::AsStored,
        );
        let shape = PowerLaw { n_nodes: 60, n_entries: 150, n_classes: 3, ..PowerLaw::default() };
        let small = power_law_communities(&shape, &ctl()).expect("a graph").topology().clone();
        for topology in [small, directed, grid(4, 6)] {
            assert_eq!(reverse_cuthill_mckee(&topology, &ctl()).expect("not cancelled"), slow_rcm(&topology));
        }
    }

    #[test]
    fn reverse_cuthill_mckee_brings_neighbours_together() {
        // No order of a grid is narrower than its shorter side; the nodes of one level lie on a diagonal.
        for (height, width, most) in [(1, 200, 1), (12, 30, 13)] {
            let topology = grid(height, width);
            let [stored, found] = [HopOrder::Stored, HopOrder::Rcm]
                .map(|by| bandwidth(&topology, &Permutation::find(&topology, by, &ctl()).expect("not cancelled")));
            assert!(found <= most && stored > 5 * most, "{found} of {stored}");
        }
    }

    #[test]
    fn a_cancelled_search_is_begun_anew() {
        let topology = power_law();
        for by in [HopOrder::Degree, HopOrder::Community, HopOrder::Rcm] {
            let stopped = ctl();
            stopped.canceller().cancel();
            assert!(matches!(topology.ordered(by, &stopped), Err(EngineError::Cancelled)), "{by:?}");
            let found = topology.ordered(by, &ctl()).expect("not cancelled").expect("another order");
            // What is known is not looked for again, by no clone.
            let again = topology.clone().ordered(by, &stopped).expect("known").expect("another order");
            assert!(Arc::ptr_eq(&found, &again));
        }
    }
}
