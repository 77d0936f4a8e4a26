//! What pruning did to several nodes together, in words and tables.

use std::sync::Arc;

use super::desk::Request;
use super::format::{count, percent, points};
use super::page::{PagePart, PageTable};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::{AroundNodes, NodeInBrief, Run, ScoresOfNodes, around_nodes};
use crate::engine::plot::class_name;

/// Asks for several nodes.
#[derive(Debug, Clone)]
pub struct NodesRequest {
    /// The run.
    pub run: Arc<Run>,
    /// The nodes.
    pub nodes: Arc<[u32]>,
}

impl NodesRequest {
    /// The one slot.
    pub const SLOT: &str = "several nodes";
}

impl PartialEq for NodesRequest {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.run, &other.run) && Arc::ptr_eq(&self.nodes, &other.nodes)
    }
}

impl Request for NodesRequest {
    type Answer = NodesReport;

    fn slot(&self) -> String {
        Self::SLOT.to_owned()
    }

    fn compute(&self, ctl: &Control) -> Result<NodesReport, EngineError> {
        NodesReport::of(&self.run, &self.nodes, ctl)
    }
}

/// Several nodes of a run, for window and clipboard.
#[derive(Debug, Clone, PartialEq)]
pub struct NodesReport {
    /// In numbers.
    pub around: AroundNodes,
    /// How many, what changed and what it costs; one sentence each.
    pub says: Vec<String>,
    /// Classes, and what is left of their messages beside the whole graph.
    pub facts: Vec<PagePart>,
    /// One row per node, in the order of [`AroundNodes::nodes`].
    pub table: PageTable,
}

impl NodesReport {
    /// Looks at some nodes of a run.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a node that the graph does not have, [`EngineError::Cancelled`].
    pub fn of(run: &Run, nodes: &[u32], ctl: &Control) -> Result<Self, EngineError> {
        let around = around_nodes(run, nodes, ctl)?;
        Ok(Self { says: says(run, &around), facts: facts(run, &around), table: table(run, &around), around })
    }

    /// All of it, one part below the other.
    pub fn page(&self) -> Vec<PagePart> {
        let mut page: Vec<PagePart> = self.says.iter().cloned().map(PagePart::Line).collect();
        page.push(PagePart::blank());
        page.extend(self.facts.iter().cloned());
        page.extend([PagePart::blank(), PagePart::Table(self.table.clone())]);
        page
    }
}

fn says(run: &Run, around: &AroundNodes) -> Vec<String> {
    let (n, n_changed) = (around.nodes.len(), around.n_changed);
    let share = percent(n_changed as f64 / n.max(1) as f64);
    let mut says = vec![match n_changed {
        0 => format!("None of {} nodes changed its prediction", count(n as u64)),
        1 => format!("1 of {} nodes changed its prediction ({share})", count(n as u64)),
        _ => format!("{} of {} nodes changed their prediction ({share})", count(n_changed as u64), count(n as u64)),
    }];
    says.extend(around.scores.as_ref().map(|scores| score_says(run, scores, n)));
    let [own, all] = around.mean_degree;
    says.push(format!("They hear {own:.1} others in the mean, all nodes of the graph {all:.1}"));
    says
}

/// Accuracy before and after, and the interval of what is lost.
fn score_says(run: &Run, ScoresOfNodes { scores: [before, after], loss }: &ScoresOfNodes, n: usize) -> String {
    let of =
        if loss.n_nodes < n { format!(" on the {} labelled ones", count(loss.n_nodes as u64)) } else { String::new() };
    let [low, high] = loss.interval();
    format!(
        "{} {} → {}{of}: {} (95 % interval {} to {})",
        run.evaluation.metric.heading(),
        percent(before.accuracy),
        percent(after.accuracy),
        points(-loss.loss),
        points(-high),
        points(-low)
    )
}

fn facts(run: &Run, around: &AroundNodes) -> Vec<PagePart> {
    let mut facts = Vec::new();
    if !around.steps.is_empty() {
        let rows = around.steps.iter().map(|step| {
            let [own, all] = step.message_removed.map(percent);
            vec![step.title.clone(), own, all]
        });
        let header = texts(&["messages removed", "of these", "of all nodes"]);
        facts.push(PagePart::Table(PageTable { header, n_left: 1, rows: rows.collect() }));
        facts.push(PagePart::blank());
    }
    if !around.classes.is_empty() {
        let rows = around.classes.iter().map(|(class, n)| {
            let name = class.map_or_else(|| "no class".to_owned(), |class| class_name(&run.dataset, class));
            vec![name, count(*n as u64)]
        });
        let header = texts(&["class", "nodes"]);
        facts.push(PagePart::Table(PageTable { header, n_left: 1, rows: rows.collect() }));
    }
    facts
}

fn table(run: &Run, around: &AroundNodes) -> PageTable {
    let labels = run.dataset.labels();
    let mut header = texts(&["node"]);
    header.extend(labels.map(|_| "class".to_owned()));
    header.push("prediction".to_owned());
    header.push("neighbours".to_owned());
    // Of many hops the last, which is left with the least.
    let last = around.steps.len().checked_sub(1);
    header.extend(last.map(|_| "removed".to_owned()));
    let row = |node: &NodeInBrief| {
        let mut row = vec![run.dataset.node_id(node.node as usize)];
        row.extend(labels.map(|labels| {
            let own = labels.all_of(node.node as usize);
            let own: Vec<String> = own.into_iter().map(|class| class_name(&run.dataset, class)).collect();
            if own.is_empty() { "-".to_owned() } else { own.join(", ") }
        }));
        let [before, after] = node.said.map(|class| class_name(&run.dataset, class as usize));
        row.push(match (node.is_changed, before == after) {
            (true, false) => format!("{before} → {after}"),
            (true, true) => format!("{after}, others changed"),
            (false, _) => after,
        });
        row.push(count(node.degree as u64));
        row.extend(last.map(|last| percent(node.message_removed.get(last).copied().unwrap_or(f64::NAN))));
        row
    };
    let n_left = if labels.is_some() { 3 } else { 2 };
    PageTable { n_left, rows: around.nodes.iter().map(row).collect(), header }
}

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
