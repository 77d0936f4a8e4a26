//! Edges that should not be there, and edges that are missing.
//!
//! An edge is a pair of nodes where the structure is symmetric, else an entry; self-loops are none and stay.

use std::collections::BTreeSet;

use rand::Rng as _;
use rand::rngs::StdRng;

use super::draw::{STEP, drawn, rng, rounded_share};
use super::kinds::StressKind;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, DatasetParts, Labels, Topology};

/// The edges of a structure.
struct Edges<'a> {
    topology: &'a Topology,
    is_symmetric: bool,
}

impl<'a> Edges<'a> {
    fn of(topology: &'a Topology, ctl: &Control) -> Result<Self, EngineError> {
        Ok(Self { topology, is_symmetric: topology.is_symmetric_while(|| ctl.check())? })
    }

    /// The entries that stand for an edge each, by position.
    fn all(&self) -> impl Iterator<Item = (usize, u32, u32)> + '_ {
        let is_symmetric = self.is_symmetric;
        let entries = self.topology.entries().enumerate().map(|(at, (u, v))| (at, u, v));
        entries.filter(move |(_, u, v)| if is_symmetric { u < v } else { u != v })
    }

    fn count(&self) -> usize {
        let n = self.topology.n_entries() - self.topology.n_self_loops();
        if self.is_symmetric { n / 2 } else { n }
    }
}

/// Whether two nodes have a class each, and not the same.
fn are_apart(labels: Option<&Labels>, u: u32, v: u32) -> bool {
    let of = |u: u32| labels.and_then(|labels| labels.of(u as usize));
    matches!((of(u), of(v)), (Some(a), Some(b)) if a != b)
}

/// Whether there are twice as many free pairs as `level` takes, so that drawing them ends soon.
pub(super) fn has_room(dataset: &Dataset, kind: StressKind, level: f64, ctl: &Control) -> Result<bool, EngineError> {
    let edges = Edges::of(dataset.topology(), ctl)?;
    let ordered = |n: u64| n * n.saturating_sub(1);
    let (mut pairs, mut taken) = (ordered(dataset.n_nodes() as u64), edges.count() as u64);
    if kind == StressKind::AddedBetweenClasses {
        let labels = dataset.labels();
        let mut sizes = vec![0u64; dataset.n_classes()];
        let classes = (0..dataset.n_nodes()).filter_map(|u| labels.and_then(|labels| labels.of(u)));
        classes.for_each(|class| sizes[class] += 1);
        let all: u64 = sizes.iter().sum();
        pairs = sizes.iter().map(|n| n * (all - n)).sum();
        taken = edges.all().filter(|(_, u, v)| are_apart(labels, *u, *v)).count() as u64;
    }
    if edges.is_symmetric {
        pairs /= 2;
    }
    Ok(pairs.saturating_sub(taken) >= 2 * rounded_share(level, edges.count()) as u64)
}

/// The parts with `level` false edges per edge. Each has the weight of an edge drawn from those that are there.
pub(super) fn with_added(
    dataset: &Dataset,
    kind: StressKind,
    level: f64,
    seed: u64,
    ctl: &Control,
) -> Result<DatasetParts, EngineError> {
    let mut parts = dataset.to_parts();
    let edges = Edges::of(dataset.topology(), ctl)?;
    let n_added = rounded_share(level, edges.count());
    let pairs = false_pairs(dataset, kind, &edges, n_added, &mut rng(kind, seed, 0), ctl)?;
    let mut weights = rng(kind, seed, 1);
    let own: Vec<usize> = edges.all().map(|(at, ..)| at).collect();
    let mut added = Vec::with_capacity(2 * pairs.len());
    for (u, v) in pairs {
        let weight = dataset.edge_weights().map_or(1.0, |all| all[own[weights.random_range(0..own.len())]]);
        added.push((u, v, weight));
        if edges.is_symmetric {
            added.push((v, u, weight));
        }
    }
    added.sort_unstable_by_key(|(u, v, _)| (*u, *v));
    merge(&mut parts, &added, ctl)?;
    Ok(parts)
}

/// Pairs that no edge joins, in the order in which they are drawn.
fn false_pairs(
    dataset: &Dataset,
    kind: StressKind,
    edges: &Edges<'_>,
    n_added: usize,
    rng: &mut StdRng,
    ctl: &Control,
) -> Result<Vec<(u32, u32)>, EngineError> {
    /// So many draws for each edge at most: half of them would do, by [`has_room`].
    const DRAWS: usize = 200;
    let (is_between, labels) = (kind == StressKind::AddedBetweenClasses, dataset.labels());
    let is_open = |u: &u32| !is_between || labels.is_some_and(|labels| labels.of(*u as usize).is_some());
    let nodes: Vec<u32> = (0..dataset.n_nodes() as u32).filter(is_open).collect();
    let (mut pairs, mut known) = (Vec::with_capacity(n_added), BTreeSet::new());
    for at in 0..n_added.saturating_mul(DRAWS) {
        if pairs.len() == n_added || nodes.is_empty() {
            break;
        }
        if at.is_multiple_of(STEP) {
            ctl.check()?;
        }
        let mut node = || nodes[rng.random_range(0..nodes.len())];
        let (a, b) = (node(), node());
        let (u, v) = if edges.is_symmetric { (a.min(b), a.max(b)) } else { (a, b) };
        let is_free = u != v && dataset.topology().find(u as usize, v as usize).is_none();
        if is_free && (!is_between || are_apart(labels, u, v)) && known.insert((u, v)) {
            pairs.push((u, v));
        }
    }
    if pairs.len() < n_added {
        return Err(EngineError::mismatch("false edges", format!("room for {n_added}"), pairs.len()));
    }
    Ok(pairs)
}

/// Puts sorted entries, which are not there, among those of the structure.
fn merge(parts: &mut DatasetParts, added: &[(u32, u32, f32)], ctl: &Control) -> Result<(), EngineError> {
    let topology = &parts.topology;
    let n_entries = topology.n_entries() + added.len();
    let (mut indptr, mut indices, mut weights) = (vec![0usize], Vec::with_capacity(n_entries), Vec::new());
    let mut rest = added;
    for u in 0..topology.n_nodes() {
        if u.is_multiple_of(STEP) {
            ctl.check()?;
        }
        let (own, later) = rest.split_at(rest.partition_point(|(row, ..)| *row as usize <= u));
        rest = later;
        let old = topology
            .row_range(u)
            .map(|at| (topology.indices()[at], parts.edge_weights.as_ref().map_or(1.0, |weights| weights[at])));
        let mut row: Vec<(u32, f32)> = old.chain(own.iter().map(|(_, v, weight)| (*v, *weight))).collect();
        row.sort_unstable_by_key(|(v, _)| *v);
        indices.extend(row.iter().map(|(v, _)| *v));
        weights.extend(row.iter().map(|(_, weight)| *weight));
        indptr.push(indices.len());
    }
    parts.topology = Topology::try_new(indptr, indices)?;
    parts.edge_weights = parts.edge_weights.take().map(|_| weights);
    Ok(())
}

/// The parts without `level` of the edges.
pub(super) fn without(
    dataset: &Dataset,
    kind: StressKind,
    level: f64,
    seed: u64,
    ctl: &Control,
) -> Result<DatasetParts, EngineError> {
    let mut parts = dataset.to_parts();
    let topology = dataset.topology();
    let edges = Edges::of(topology, ctl)?;
    let is_open = |u: u32, v: u32| kind == StressKind::DroppedEdges || are_apart(dataset.labels(), u, v);
    let open: Vec<(usize, u32, u32)> = edges.all().filter(|(_, u, v)| is_open(*u, *v)).collect();
    let mut is_dropped = vec![false; topology.n_entries()];
    for at in drawn(open.len(), rounded_share(level, open.len()), &mut rng(kind, seed, 0), ctl)? {
        let (at, u, v) = open[at];
        is_dropped[at] = true;
        if edges.is_symmetric
            && let Some(back) = topology.find(v as usize, u as usize)
        {
            is_dropped[back] = true;
        }
    }
    let (mut indptr, mut indices) = (vec![0usize], Vec::with_capacity(topology.n_entries()));
    for u in 0..topology.n_nodes() {
        if u.is_multiple_of(STEP) {
            ctl.check()?;
        }
        indices.extend(topology.row_range(u).filter(|at| !is_dropped[*at]).map(|at| topology.indices()[at]));
        indptr.push(indices.len());
    }
    parts.topology = Topology::try_new(indptr, indices)?;
    if let Some(weights) = &mut parts.edge_weights {
        let mut is_dropped = is_dropped.iter();
        weights.retain(|_| is_dropped.next() == Some(&false));
    }
    Ok(parts)
}
