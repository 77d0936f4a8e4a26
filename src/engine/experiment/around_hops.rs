//! What reaches a node over several hops (its ego network), and what pruning left of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use serde::Serialize;

use super::around::{Messages, NeighbourEntry, is_by_message};
use super::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;
use crate::engine::sparsify::EdgeTrace;

/// A node, those whose messages reach it within some hops, and the entries in between.
///
/// # Invariants
/// `nodes` begins with the node itself, and every later one is heard by an earlier one. Entries are between these nodes, no self-loops, each
/// once, and those by which nodes were chosen are among them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EgoNetwork {
    /// How many hops, at least 1.
    pub n_hops: usize,
    /// The nodes that are drawn, the largest messages first.
    pub nodes: Vec<EgoNode>,
    /// The entries that are drawn, near ones first.
    pub entries: Vec<EgoEntry>,
    /// Every graph step.
    pub steps: Vec<EgoStep>,
    /// How many nodes there are within these hops, the node itself among them.
    pub n_all_nodes: usize,
    /// How many entries whose message reaches the node within these hops, self-loops aside.
    pub n_all_entries: usize,
}

/// A node of an ego network.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EgoNode {
    /// Its number.
    pub node: u32,
    /// The least number of entries from it to the node in the middle.
    pub hop: usize,
    /// The class with the largest logit by the unpruned and by the pruned model.
    pub said: [u32; 2],
    /// Whether the pruned model says something else; where a node may have several classes, of any of them.
    pub is_changed: bool,
}

/// An entry of an ego network.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EgoEntry {
    /// Who hears, by its place among [`EgoNetwork::nodes`].
    pub target: usize,
    /// Who is heard, by its place.
    pub source: usize,
    /// In how many entries its message reaches the node in the middle: one more than the hop of the target.
    pub hop: usize,
    /// `T[u,v]`; of attention, whose coefficients differ by step, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    /// What became of it in every step.
    pub steps: Vec<NeighbourEntry>,
}

/// A step that propagates.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EgoStep {
    /// Layer or hop, from 0.
    pub step: usize,
    /// For people, for example `Layer 1`.
    pub title: String,
    /// What messages were compared with, where their norms decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
}

impl EgoNetwork {
    /// More nodes are not drawn: their lines could not be told apart.
    pub const MAX_NODES: usize = 160;
    /// Nor are more entries.
    pub const MAX_ENTRIES: usize = 1_200;
    /// More hops than this are not looked at unasked.
    pub const USUAL_HOPS: usize = 3;

    /// How many hops a run's network looks, at least 1, and how many of them are looked at unasked.
    pub fn hops_of(run: &Run) -> [usize; 2] {
        let all = run.recipe.model.n_graph_steps().max(1);
        [all, all.min(Self::USUAL_HOPS)]
    }

    /// Everything within `n_hops` of `node`; of more than [`Self::MAX_NODES`] those that are found first when one
    /// goes on from all that is found along the largest message, over all steps.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a node that the graph does not have, or no hop; [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes of the graph + entries within the hops), and O(entries) once for the values of `T`.
    pub fn new(run: &Run, node: u32, n_hops: usize, ctl: &Control) -> Result<Self, EngineError> {
        let n = run.dataset.n_nodes();
        if node as usize >= n {
            return Err(EngineError::mismatch("node", format!("a number below {n}"), node));
        }
        if n_hops == 0 {
            return Err(EngineError::mismatch("hops", "at least 1", n_hops));
        }
        let traces: Vec<(usize, &EdgeTrace)> =
            run.pruned.steps.iter().filter_map(|step| Some((step.idx, step.edges.as_ref()?))).collect();
        ctl.progress("looking around the node", 0, 0);
        let found = Within::of(run.dataset.topology(), node, n_hops, ctl)?;
        let view = View { run, messages: Messages::of(run), traces };
        let chosen = view.chosen(&found, ctl)?;
        let entries = view.entries(&found, &chosen, ctl)?;
        let nodes = chosen.nodes.iter().map(|u| {
            let (said, is_changed) = said_of(run, *u as usize);
            EgoNode { node: *u, hop: found.hop_of(*u).unwrap_or(0), said, is_changed }
        });
        Ok(Self { n_hops, nodes: nodes.collect(), entries, steps: view.steps(), ..found.counts(n_hops) })
    }

    /// Of how much this is a part, for people; none where it is all.
    pub fn sample_says(&self, number: impl Fn(u64) -> String) -> Option<String> {
        let mut says = Vec::new();
        if self.nodes.len() < self.n_all_nodes {
            let (drawn, all) = (number(self.nodes.len() as u64), number(self.n_all_nodes as u64));
            says.push(format!("{drawn} of {all} nodes, those with the largest messages"));
        }
        if self.entries.len() < self.n_all_entries {
            let (drawn, all) = (number(self.entries.len() as u64), number(self.n_all_entries as u64));
            says.push(format!("{drawn} of {all} entries"));
        }
        (!says.is_empty()).then(|| says.join(", "))
    }
}

/// The class with the largest logit of both models, and whether something else is said.
pub(super) fn said_of(run: &Run, u: usize) -> ([u32; 2], bool) {
    let logits = [run.baseline_logits.row(u), run.pruned.logits.row(u)];
    let said = logits.map(|row| super::around::largest(row) as u32);
    let is_multi = run.dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let is_changed = if is_multi {
        logits[0].iter().zip(logits[1]).any(|(before, after)| (*before > 0.0) != (*after > 0.0))
    } else {
        said[0] != said[1]
    };
    (said, is_changed)
}

/// Who is within some hops, found breadth first over incoming entries.
#[derive(Debug)]
struct Within {
    node: u32,
    n_hops: usize,
    /// Of every node of the graph; [`Self::FAR`] beyond the hops.
    hops: Vec<u32>,
    n_nodes: usize,
    n_entries: usize,
}

impl Within {
    const FAR: u32 = u32::MAX;

    fn of(topology: &Topology, node: u32, n_hops: usize, ctl: &Control) -> Result<Self, EngineError> {
        let mut hops = vec![Self::FAR; topology.n_nodes()];
        hops[node as usize] = 0;
        let (mut edge, mut n_nodes, mut n_entries) = (vec![node], 1, 0);
        for hop in 1..=n_hops {
            let mut next = Vec::new();
            for u in std::mem::take(&mut edge) {
                ctl.check()?;
                for v in topology.row(u as usize) {
                    n_entries += usize::from(*v != u);
                    if hops[*v as usize] == Self::FAR {
                        hops[*v as usize] = hop as u32;
                        next.push(*v);
                    }
                }
            }
            n_nodes += next.len();
            edge = next;
        }
        Ok(Self { node, n_hops, hops, n_nodes, n_entries })
    }

    fn hop_of(&self, node: u32) -> Option<usize> {
        self.hops.get(node as usize).filter(|hop| **hop != Self::FAR).map(|hop| *hop as usize)
    }

    /// Whether what a node hears reaches the middle in time.
    fn is_heard(&self, target: u32) -> bool {
        self.hop_of(target).is_some_and(|hop| hop < self.n_hops)
    }

    fn counts(&self, n_hops: usize) -> EgoNetwork {
        EgoNetwork {
            n_hops,
            nodes: Vec::new(),
            entries: Vec::new(),
            steps: Vec::new(),
            n_all_nodes: self.n_nodes,
            n_all_entries: self.n_entries,
        }
    }
}

/// The nodes that are drawn, and the entries by which they were chosen.
struct Chosen {
    nodes: Vec<u32>,
    by: Vec<usize>,
}

struct View<'a> {
    run: &'a Run,
    messages: Messages,
    traces: Vec<(usize, &'a EdgeTrace)>,
}

impl View<'_> {
    /// The largest message of an entry over all steps, as bits: of numbers that are not negative they have the same order.
    fn strength(&self, k: usize, v: usize) -> u32 {
        let of_steps = self.traces.iter().map(|(_, trace)| self.messages.norm(trace, k, v));
        of_steps.filter(|message| message.is_finite()).fold(0.0, f32::max).to_bits()
    }

    fn chosen(&self, found: &Within, ctl: &Control) -> Result<Chosen, EngineError> {
        let topology = self.run.dataset.topology();
        let mut chosen = Chosen { nodes: Vec::new(), by: Vec::new() };
        let mut is_chosen = vec![false; topology.n_nodes()];
        // The largest message first, of equal ones the lower source, then the entry that stands first.
        let mut next = BinaryHeap::from([(u32::MAX, Reverse(found.node), Reverse(None::<usize>))]);
        while let Some((_, Reverse(u), Reverse(by))) = next.pop() {
            if std::mem::replace(&mut is_chosen[u as usize], true) {
                continue;
            }
            ctl.check()?;
            chosen.nodes.push(u);
            chosen.by.extend(by);
            if chosen.nodes.len() == EgoNetwork::MAX_NODES {
                break;
            }
            if found.is_heard(u) {
                for k in topology.row_range(u as usize) {
                    let v = topology.indices()[k];
                    if !is_chosen[v as usize] {
                        next.push((self.strength(k, v as usize), Reverse(v), Reverse(Some(k))));
                    }
                }
            }
        }
        chosen.by.sort_unstable();
        Ok(chosen)
    }

    fn entries(&self, found: &Within, chosen: &Chosen, ctl: &Control) -> Result<Vec<EgoEntry>, EngineError> {
        let topology = self.run.dataset.topology();
        let mut place_of = vec![usize::MAX; topology.n_nodes()];
        for (place, u) in chosen.nodes.iter().enumerate() {
            place_of[*u as usize] = place;
        }
        let mut between = Vec::new();
        for u in chosen.nodes.iter().filter(|u| found.is_heard(**u)) {
            ctl.check()?;
            for k in topology.row_range(*u as usize) {
                let v = topology.indices()[k];
                if v != *u && place_of[v as usize] != usize::MAX {
                    let is_way = chosen.by.binary_search(&k).is_ok();
                    between.push((Reverse(is_way), Reverse(self.strength(k, v as usize)), k, *u));
                }
            }
        }
        between.sort_unstable();
        between.truncate(EgoNetwork::MAX_ENTRIES);
        let mut entries: Vec<EgoEntry> = between
            .into_iter()
            .map(|(_, _, k, u)| {
                let v = topology.indices()[k];
                let hop = found.hop_of(u).unwrap_or(0) + 1;
                let (target, source) = (place_of[u as usize], place_of[v as usize]);
                EgoEntry { target, source, hop, value: self.value(k), steps: self.became(k, v as usize) }
            })
            .collect();
        entries.sort_by_key(|entry| (entry.hop, entry.target, entry.source));
        Ok(entries)
    }

    fn value(&self, k: usize) -> Option<f32> {
        (!self.run.model.architecture.has("attention")).then(|| self.messages.value(k))
    }

    fn became(&self, k: usize, v: usize) -> Vec<NeighbourEntry> {
        let mask = &self.run.pruned.masks.edges;
        let entry = |(step, trace): &(usize, &EdgeTrace)| NeighbourEntry {
            message: self.messages.norm(trace, k, v),
            is_kept: mask.is_kept(k, *step),
        };
        self.traces.iter().map(entry).collect()
    }

    fn steps(&self) -> Vec<EgoStep> {
        let has_threshold = is_by_message(&self.run.recipe);
        let of_step = |step: &crate::engine::sparsify::StepTrace| {
            let threshold = step.edges.as_ref()?.delta;
            Some(EgoStep { step: step.idx, title: step.title(), threshold: has_threshold.then_some(threshold) })
        };
        self.run.pruned.steps.iter().filter_map(of_step).collect()
    }
}
