//! Which nodes and edges of a graph are drawn, and where the nodes stand.

use super::forces::{Forces, n_steps};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;
use crate::engine::graph::ordering::by_degree;
use crate::engine::sparsify::baselines::{bits, edge_bits};

/// Of the nodes and edges that are drawn by lot.
const SEED: u64 = 20_000;

/// Two nodes that hear each other, or of which one hears the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DrawnEdge {
    /// Both nodes, by their places among the drawn ones; the first is the lower.
    pub ends: [u32; 2],
    /// The entry by which each end hears the other; none where it does not.
    pub entries: [Option<usize>; 2],
}

/// Where the nodes of a graph stand in a node-link drawing: the same for the same graph, whatever is pruned and however many threads compute.
///
/// # Invariants
/// All coordinates are finite and in `0..=1`.
#[derive(Debug, Clone, PartialEq)]
pub struct GraphLayout {
    nodes: Vec<u32>,
    places: Vec<[f32; 2]>,
    edges: Vec<DrawnEdge>,
    n_degrees: Vec<u32>,
    n_all_nodes: usize,
    n_best_connected: usize,
    n_all_edges: usize,
    size: [f32; 2],
}

impl GraphLayout {
    /// Of a larger graph so many nodes are drawn: half of them those with the most entries, the others drawn by lot.
    pub const MAX_NODES: usize = 20_000;
    /// Of more edges among the drawn nodes about so many are drawn, by lot.
    pub const MAX_EDGES: usize = 300_000;
    /// More edges cannot be told apart at one look: so many of those in view are drawn, by lot.
    pub const MAX_IN_VIEW: usize = 40_000;

    /// Lays a graph out.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(entries log largest degree) to choose who is drawn; then for the drawn graph a few hundred times O(nodes log nodes + edges).
    pub fn new(topology: &Topology, ctl: &Control) -> Result<Self, EngineError> {
        let (nodes, n_best_connected) = drawn_nodes(topology, ctl)?;
        let (edges, n_all_edges) = drawn_edges(topology, &nodes, ctl)?;
        let mut forces = Forces::new(nodes.len(), edges.iter().map(|edge| edge.ends));
        forces.settle(n_steps(nodes.len()), ctl)?;
        let (places, size) = within_one(forces.places());
        let mut n_degrees = vec![0; nodes.len()];
        for end in edges.iter().flat_map(|edge| edge.ends) {
            n_degrees[end as usize] += 1;
        }
        let n_all_nodes = topology.n_nodes();
        Ok(Self { nodes, places, edges, n_degrees, n_all_nodes, n_best_connected, n_all_edges, size })
    }

    /// The drawn nodes, ascending.
    pub fn nodes(&self) -> &[u32] {
        &self.nodes
    }

    /// Where a node of the graph stands among the drawn ones, if it is drawn.
    pub fn find(&self, node: u32) -> Option<usize> {
        self.nodes.binary_search(&node).ok()
    }

    /// Across and down, of every drawn node.
    pub fn places(&self) -> &[[f32; 2]] {
        &self.places
    }

    /// Drawn edges of every drawn node.
    pub fn degrees(&self) -> &[u32] {
        &self.n_degrees
    }

    /// The drawn edges, in an order drawn by lot: the first ones are a fair part of all. Self-loops are not among them.
    pub fn edges(&self) -> &[DrawnEdge] {
        &self.edges
    }

    /// Width and height of the drawing; the larger is 1.
    pub fn size(&self) -> [f32; 2] {
        self.size
    }

    /// How many nodes the graph has.
    pub fn n_all_nodes(&self) -> usize {
        self.n_all_nodes
    }

    /// How many edges there are among the drawn nodes.
    pub fn n_all_edges(&self) -> usize {
        self.n_all_edges
    }

    /// Who is drawn where not everybody is, for people; `None` where everything is.
    pub fn sample_says(&self, number: impl Fn(u64) -> String) -> Option<String> {
        let mut says = Vec::new();
        if self.nodes.len() < self.n_all_nodes {
            says.push(format!(
                "{} of {} nodes: the {} with the most entries, the others drawn by lot",
                number(self.nodes.len() as u64),
                number(self.n_all_nodes as u64),
                number(self.n_best_connected as u64)
            ));
        }
        if self.edges.len() < self.n_all_edges {
            let (drawn, all) = (number(self.edges.len() as u64), number(self.n_all_edges as u64));
            says.push(format!("{drawn} of {all} edges between them, drawn by lot"));
        }
        (!says.is_empty()).then(|| says.join("; "))
    }

    /// Points per unit at which all of it fits into a box with a margin.
    pub fn fit(&self, width: f32, height: f32, margin: f32) -> f32 {
        let across = (width - 2.0 * margin).max(1.0) / self.size[0].max(0.05);
        let down = (height - 2.0 * margin).max(1.0) / self.size[1].max(0.05);
        across.min(down)
    }

    /// The middle of the drawing.
    pub fn middle(&self) -> [f32; 2] {
        [self.size[0] / 2.0, self.size[1] / 2.0]
    }
}

/// Who is drawn, ascending, and how many of them because they have the most entries.
pub(super) fn drawn_nodes(topology: &Topology, ctl: &Control) -> Result<(Vec<u32>, usize), EngineError> {
    let n = topology.n_nodes();
    let mut nodes: Vec<u32> = (0..n as u32).collect();
    if n <= GraphLayout::MAX_NODES {
        return Ok((nodes, n));
    }
    ctl.progress("choosing nodes", 0, 0);
    let n_best = GraphLayout::MAX_NODES / 2;
    nodes.select_nth_unstable_by_key(n_best, |u| by_degree(topology, *u));
    ctl.check()?;
    let others = &mut nodes[n_best..];
    others.select_nth_unstable_by_key(GraphLayout::MAX_NODES - n_best, |u| (bits(SEED, *u as usize, 0), *u));
    ctl.check()?;
    nodes.truncate(GraphLayout::MAX_NODES);
    nodes.sort_unstable();
    Ok((nodes, n_best))
}

/// The edges among the drawn nodes, or part of them by lot, in an order by lot; and how many there are.
pub(super) fn drawn_edges(
    topology: &Topology,
    nodes: &[u32],
    ctl: &Control,
) -> Result<(Vec<DrawnEdge>, usize), EngineError> {
    const NOT_DRAWN: u32 = u32::MAX;
    let mut place_of = vec![NOT_DRAWN; topology.n_nodes()];
    for (place, u) in nodes.iter().enumerate() {
        place_of[*u as usize] = place as u32;
    }
    // Every pair once: from its lower end, or from the one end that hears the other.
    let edges_of = |place: usize| {
        let (u, place_of) = (nodes[place] as usize, &place_of);
        topology.row_range(u).filter_map(move |k| {
            let v = topology.indices()[k] as usize;
            let (a, b) = (place as u32, place_of[v]);
            if b == NOT_DRAWN || a == b {
                return None;
            }
            match topology.find(v, u) {
                back if a < b => Some(DrawnEdge { ends: [a, b], entries: [Some(k), back] }),
                None => Some(DrawnEdge { ends: [b, a], entries: [None, Some(k)] }),
                Some(_) => None,
            }
        })
    };
    ctl.progress("collecting edges", 0, 0);
    let n_all: usize = ctl.map(nodes.len(), |place| edges_of(place).count())?.into_iter().sum();
    let lot = |edge: &DrawnEdge| edge_bits(SEED, edge.ends[0] as usize, edge.ends[1] as usize);
    let share = (GraphLayout::MAX_EDGES as f64 / n_all.max(1) as f64).min(1.0);
    let highest = (share * u64::MAX as f64) as u64;
    let is_drawn = |edge: &DrawnEdge| lot(edge) <= highest;
    let rows = ctl.map(nodes.len(), |place| edges_of(place).filter(is_drawn).collect::<Vec<_>>())?;
    let mut edges: Vec<DrawnEdge> = rows.into_iter().flatten().collect();
    edges.sort_unstable_by_key(|edge| (lot(edge), edge.ends));
    Ok((edges, n_all))
}

/// The places moved and shrunk so that the longer side of what they cover is 1; and both sides.
pub(super) fn within_one(places: &[[f64; 2]]) -> (Vec<[f32; 2]>, [f32; 2]) {
    let extreme = |axis: usize, pick: fn(f64, f64) -> f64| places.iter().map(|place| place[axis]).reduce(pick);
    let low = [0, 1].map(|axis| extreme(axis, f64::min).unwrap_or(0.0));
    let high = [0, 1].map(|axis| extreme(axis, f64::max).unwrap_or(0.0));
    let longest = (high[0] - low[0]).max(high[1] - low[1]);
    let scale = if longest > 0.0 { 1.0 / longest } else { 0.0 };
    let part = |place: &[f64; 2], axis: usize| (((place[axis] - low[axis]) * scale) as f32).clamp(0.0, 1.0);
    let size = [0, 1].map(|axis| ((high[axis] - low[axis]) * scale) as f32);
    (places.iter().map(|place| [part(place, 0), part(place, 1)]).collect(), size)
}
