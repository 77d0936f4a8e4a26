//! What pruning did to several nodes together: their classes, what is left of what they hear, and what that costs.

use std::collections::BTreeMap;

use serde::Serialize;

use super::around::Messages;
use super::around_hops::said_of;
use super::loss::PairedLoss;
use super::run::Run;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::score::Score;
use crate::engine::sparsify::EdgeTrace;

/// Several nodes before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AroundNodes {
    /// Each of them: first those of which the pruned model says something else, else in the order in which they were asked for.
    pub nodes: Vec<NodeInBrief>,
    /// How many nodes have each label, by class; without one last. A node with several labels counts for each.
    pub classes: Vec<(Option<usize>, usize)>,
    /// How many of them are said to be something else by the pruned model.
    pub n_changed: usize,
    /// What they hear but themselves, in entries.
    pub n_entries: usize,
    /// Entries that a node hears but its self-loop, in the mean: of these nodes, and of all.
    pub mean_degree: [f64; 2],
    /// Every graph step.
    pub steps: Vec<StepOfNodes>,
    /// How right both models are on those that are labelled; none where nobody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scores: Option<ScoresOfNodes>,
}

/// One of several nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeInBrief {
    /// Its number.
    pub node: u32,
    /// Entries that it hears but its self-loop.
    pub degree: usize,
    /// The class with the largest logit by the unpruned and by the pruned model.
    pub said: [u32; 2],
    /// Whether the pruned model says something else; where a node may have several classes, of any of them.
    pub is_changed: bool,
    /// Removed share of the sum of its messages' norms in every step, `0..=1`; NaN where it hears nobody.
    pub message_removed: Vec<f64>,
}

/// A step, for these nodes and for the whole graph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepOfNodes {
    /// For people, for example `Layer 1`.
    pub title: String,
    /// Removed share of the sum of all incoming messages' norms, self-loops aside, `0..=1`: of these nodes, and of all. NaN without messages.
    pub message_removed: [f64; 2],
}

/// How right the unpruned and the pruned model are on some nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoresOfNodes {
    /// By the unpruned and by the pruned model.
    pub scores: [Score; 2],
    /// What is lost, with its interval.
    pub loss: PairedLoss,
}

/// What pruning did to `nodes` of a run.
///
/// # Errors
/// [`EngineError::Mismatch`] for a node that the graph does not have, [`EngineError::Cancelled`].
///
/// # Complexity
/// O(steps · entries of the graph), since these nodes are held against all.
pub fn around_nodes(run: &Run, nodes: &[u32], ctl: &Control) -> Result<AroundNodes, EngineError> {
    let topology = run.dataset.topology();
    let n = topology.n_nodes();
    if let Some(node) = nodes.iter().find(|node| **node as usize >= n) {
        return Err(EngineError::mismatch("node", format!("a number below {n}"), node));
    }
    let degree = |u: usize| topology.row(u).iter().filter(|v| **v as usize != u).count();
    let degrees = ctl.map(n, degree)?;
    let mut in_brief: Vec<NodeInBrief> = nodes
        .iter()
        .map(|node| {
            let (said, is_changed) = said_of(run, *node as usize);
            let message_removed = Vec::new();
            NodeInBrief { node: *node, degree: degrees[*node as usize], said, is_changed, message_removed }
        })
        .collect();
    let messages = Messages::of(run);
    let mut steps = Vec::new();
    for step in &run.pruned.steps {
        let Some(trace) = &step.edges else { continue };
        ctl.progress("adding up messages", steps.len(), run.pruned.steps.len());
        let sums = ctl.map(n, |u| heard(run, &messages, (step.idx, trace), u))?;
        for node in &mut in_brief {
            node.message_removed.push(removed_share(std::iter::once(&sums[node.node as usize])));
        }
        let ours = removed_share(nodes.iter().map(|node| &sums[*node as usize]));
        steps.push(StepOfNodes { title: step.title(), message_removed: [ours, removed_share(sums.iter())] });
    }
    in_brief.sort_by_key(|node| !node.is_changed);
    let labels = run.dataset.labels();
    let scores = labels.map(|labels| ScoresOfNodes {
        scores: [&*run.baseline_logits, &run.pruned.logits].map(|logits| Score::of(logits, labels, nodes)),
        loss: PairedLoss::of(labels, nodes, &run.baseline_logits, &run.pruned.logits),
    });
    let n_entries = in_brief.iter().map(|node| node.degree).sum();
    let mean = |sum: usize, n: usize| if n == 0 { 0.0 } else { sum as f64 / n as f64 };
    Ok(AroundNodes {
        classes: classes(run, nodes),
        n_changed: in_brief.iter().filter(|node| node.is_changed).count(),
        n_entries,
        mean_degree: [mean(n_entries, nodes.len()), mean(degrees.iter().sum(), n)],
        steps,
        scores: scores.filter(|scores| scores.loss.n_nodes > 0),
        nodes: in_brief,
    })
}

/// The norms of what a node hears in a step but itself: of what is kept, and of all.
fn heard(run: &Run, messages: &Messages, (step, trace): (usize, &EdgeTrace), u: usize) -> [f64; 2] {
    let (topology, mask) = (run.dataset.topology(), &run.pruned.masks.edges);
    let mut sums = [0.0; 2];
    for k in topology.row_range(u) {
        let v = topology.indices()[k] as usize;
        let message = f64::from(messages.norm(trace, k, v));
        if v != u && message.is_finite() {
            sums[0] += if mask.is_kept(k, step) { message } else { 0.0 };
            sums[1] += message;
        }
    }
    sums
}

/// Added up in this order, whatever the threads.
fn removed_share<'a>(sums: impl Iterator<Item = &'a [f64; 2]>) -> f64 {
    let [kept, all] = sums.fold([0.0; 2], |[kept, all], [k, a]| [kept + k, all + a]);
    if all > 0.0 { (1.0 - kept / all).clamp(0.0, 1.0) } else { f64::NAN }
}

fn classes(run: &Run, nodes: &[u32]) -> Vec<(Option<usize>, usize)> {
    let Some(labels) = run.dataset.labels() else { return Vec::new() };
    let (mut counts, mut n_without) = (BTreeMap::<usize, usize>::new(), 0);
    for node in nodes {
        let own = labels.all_of(*node as usize);
        n_without += usize::from(own.is_empty());
        for class in own {
            *counts.entry(class).or_default() += 1;
        }
    }
    let without = (n_without > 0).then_some((None, n_without));
    counts.into_iter().map(|(class, n)| (Some(class), n)).chain(without).collect()
}
