//! How two runs differ: what their masks share, which nodes they say another class of, and what that costs, node beside node.
//!
//! The first run is called A and the second B wherever people read of them. Shares are of what is *kept*, self-loops not counted.

use std::collections::BTreeMap;

use super::loss::PairedLoss;
use super::run::Run;
use crate::engine::certify::{GroupKind, degree_ranges, degrees};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Labels, Topology};
use crate::engine::score::{Score, predictions};
use crate::engine::sparsify::EdgeMask;

/// How often two masks keep the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// Both keep it.
    pub both: u64,
    /// The first alone keeps it.
    pub first_alone: u64,
    /// The second alone keeps it.
    pub second_alone: u64,
    /// Both removed it; 0 where only lists of what is kept are at hand.
    pub neither: u64,
}

impl Overlap {
    /// Counts one more, which the first and the second keep or not.
    pub fn add(&mut self, kept: [bool; 2]) {
        match kept {
            [true, true] => self.both += 1,
            [true, false] => self.first_alone += 1,
            [false, true] => self.second_alone += 1,
            [false, false] => self.neither += 1,
        }
    }

    /// Of two ascending lists of what is kept, each without repetition.
    ///
    /// # Complexity
    /// O(items of both lists).
    ///
    /// # Examples
    /// ```
    /// use unifews::engine::experiment::Overlap;
    ///
    /// let found = Overlap::of_sorted(&[1, 2, 5], &[2, 5, 7, 8]);
    /// assert_eq!((found.both, found.first_alone, found.second_alone), (2, 1, 2));
    /// assert_eq!(found.jaccard(), Some(0.4));
    /// ```
    pub fn of_sorted<T: Ord>(first: &[T], second: &[T]) -> Self {
        let (mut a, mut b, mut both) = (0, 0, 0);
        while a < first.len() && b < second.len() {
            match first[a].cmp(&second[b]) {
                std::cmp::Ordering::Less => a += 1,
                std::cmp::Ordering::Greater => b += 1,
                std::cmp::Ordering::Equal => (a, b, both) = (a + 1, b + 1, both + 1),
            }
        }
        let alone = |all: usize| (all - both) as u64;
        let (first_alone, second_alone) = (alone(first.len()), alone(second.len()));
        Self { both: both as u64, first_alone, second_alone, neither: 0 }
    }

    /// Of all.
    pub fn n(&self) -> u64 {
        self.both + self.first_alone + self.second_alone + self.neither
    }

    /// Jaccard index: what both keep, of what either keeps, `0..=1`; `None` where neither keeps anything.
    pub fn jaccard(&self) -> Option<f64> {
        share(self.both, self.both + self.first_alone + self.second_alone)
    }

    /// Overlap coefficient (Szymkiewicz and Simpson): what both keep, of what the one that keeps less keeps, `0..=1`.
    ///
    /// 1 where one mask lies within the other, `None` where one keeps nothing.
    pub fn coefficient(&self) -> Option<f64> {
        share(self.both, self.both + self.first_alone.min(self.second_alone))
    }

    fn add_all(&mut self, other: &Self) {
        self.both += other.both;
        self.first_alone += other.first_alone;
        self.second_alone += other.second_alone;
        self.neither += other.neither;
    }
}

fn share(part: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| part as f64 / all as f64)
}

/// How often two models say which pair of classes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Confusion {
    /// What the first says, what the second says, and of how many nodes; pairs that occur.
    pub pairs: BTreeMap<(u32, u32), u64>,
}

impl Confusion {
    /// Of the classes of the same nodes, in the same order.
    pub fn of(first: &[u32], second: &[u32]) -> Self {
        let mut pairs = BTreeMap::new();
        for pair in first.iter().copied().zip(second.iter().copied()) {
            *pairs.entry(pair).or_default() += 1;
        }
        Self { pairs }
    }

    /// Of how many nodes the first says `first` and the second `second`.
    pub fn count(&self, first: u32, second: u32) -> u64 {
        self.pairs.get(&(first, second)).copied().unwrap_or(0)
    }

    /// One line for every class that either says, ascending.
    pub fn by_class(&self) -> Vec<ClassChange> {
        let mut classes: BTreeMap<u32, ClassChange> = BTreeMap::new();
        for ((first, second), n) in &self.pairs {
            let own = classes.entry(*first).or_default();
            own.first += n;
            own.changed += if first == second { 0 } else { *n };
            classes.entry(*second).or_default().second += n;
        }
        classes.into_iter().map(|(class, change)| ClassChange { class, ..change }).collect()
    }
}

/// What becomes of the nodes of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassChange {
    /// The class, from 0.
    pub class: u32,
    /// Nodes that the first says it of.
    pub first: u64,
    /// Nodes that the second says it of.
    pub second: u64,
    /// Nodes that the first says it of, and the second does not.
    pub changed: u64,
}

/// Two runs held against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDifference {
    /// Whether both are of the same graph; nothing below is there where they are not.
    pub is_same_graph: bool,
    /// Whether both were evaluated on the same split; the parts are there where they were.
    pub is_same_split: bool,
    /// The steps that propagate in both.
    pub steps: Vec<StepDifference>,
    /// The weight matrices that both have in the same size.
    pub matrices: Vec<MatrixDifference>,
    /// What the models say.
    pub predictions: Option<PredictionDifference>,
    /// Accuracy on the parts of the split: test, validation.
    pub parts: Vec<PartDifference>,
}

/// The entries of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDifference {
    /// Position among the first run's steps.
    pub step: usize,
    /// Human-readable, for example `Layer 1`.
    pub title: String,
    /// All entries but self-loops.
    pub entries: Overlap,
    /// Those into the nodes of every class that has some; empty without classes.
    pub classes: Vec<(GroupKind, Overlap)>,
}

/// A weight matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixDifference {
    /// Position of its step among the first run's steps.
    pub step: usize,
    /// Position among the matrices of the step.
    pub nth: usize,
    /// Human-readable, for example `Layer 1` or, where a layer has several, `Layer 1, lin_l`.
    pub title: String,
    /// Its weights.
    pub weights: Overlap,
}

/// What two models say of the nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct PredictionDifference {
    /// Nodes of the graph.
    pub n_nodes: usize,
    /// Nodes that get another class, the surest changes first: by the smaller of the two margins, falling.
    pub changed: Vec<ChangedNode>,
    /// Over all nodes.
    pub confusion: Confusion,
    /// By class and by degree: labelled nodes of every class, then all nodes between the quartiles of their degrees.
    pub groups: Vec<GroupChange>,
}

/// A node that gets another class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChangedNode {
    /// Its position.
    pub node: u32,
    /// Its label.
    pub label: Option<u32>,
    /// What the first run says.
    pub first: u32,
    /// What the second run says.
    pub second: u32,
    /// In the first run and in the second: by how much the logit of the class that is said is above the next one.
    pub margins: [f32; 2],
}

/// What changes in a group of nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupChange {
    /// What its nodes have in common.
    pub kind: GroupKind,
    /// Nodes in it.
    pub n: u64,
    /// Nodes that get another class.
    pub changed: u64,
    /// Of them: the first run is right and the second is not.
    pub worse: u64,
    /// Of them: the second run is right and the first is not.
    pub better: u64,
}

/// The accuracy of both on one part of the split.
#[derive(Debug, Clone, PartialEq)]
pub struct PartDifference {
    /// `test` or `validation`.
    pub name: &'static str,
    /// The first run.
    pub first: Score,
    /// The second run.
    pub second: Score,
    /// What the second loses against the first, node beside node.
    pub loss: PairedLoss,
}

impl RunDifference {
    /// Holds two finished runs against each other. Runs of different graphs share nothing but their numbers and recipes.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(entries · steps + weights + nodes · classes).
    pub fn of(first: &Run, second: &Run, ctl: &Control) -> Result<Self, EngineError> {
        let (a, b) = (&first.dataset, &second.dataset);
        let is_same_graph = std::sync::Arc::ptr_eq(a, b)
            || (a.topology() == b.topology() && a.labels() == b.labels() && a.node_ids() == b.node_ids());
        let is_same_split = is_same_graph && first.split == second.split;
        let mut found = Self {
            is_same_graph,
            is_same_split,
            steps: Vec::new(),
            matrices: matrices(first, second, ctl)?,
            predictions: None,
            parts: Vec::new(),
        };
        if !is_same_graph {
            return Ok(found);
        }
        let labels = a.labels();
        let classes = labels.filter(|labels| labels.tags().is_none());
        for (at, step) in first.pruned.steps.iter().enumerate().filter(|(_, step)| step.edges.is_some()) {
            ctl.progress("comparing masks", at, first.pruned.steps.len());
            let masks = [&first.pruned.masks.edges, &second.pruned.masks.edges];
            if masks.iter().all(|mask| step.idx < mask.n_steps()) {
                let (entries, classes) = of_step(a.topology(), masks, step.idx, classes, ctl)?;
                found.steps.push(StepDifference { step: at, title: step.title(), entries, classes });
            }
        }
        ctl.check()?;
        let logits = [&first.pruned.logits, &second.pruned.logits];
        let (first_says, second_says) = (predictions(logits[0]), predictions(logits[1]));
        if labels.is_none_or(|labels| labels.tags().is_none()) && first_says.len() == second_says.len() {
            found.predictions = Some(PredictionDifference::of(first, second, &first_says, &second_says));
        }
        if let Some(labels) = labels.filter(|_| is_same_split) {
            let parts = [("test", &first.split.test), ("validation", &first.split.val)];
            for (name, nodes) in parts.into_iter().filter(|(_, nodes)| !nodes.is_empty()) {
                let loss = PairedLoss::of(labels, nodes, logits[0], logits[1]);
                let (first, second) = (Score::of(logits[0], labels, nodes), Score::of(logits[1], labels, nodes));
                found.parts.push(PartDifference { name, first, second, loss });
            }
        }
        Ok(found)
    }
}

/// The entries of graph step `idx` but self-loops: all, and those into every class.
fn of_step(
    topology: &Topology,
    [first, second]: [&EdgeMask; 2],
    idx: usize,
    labels: Option<&Labels>,
    ctl: &Control,
) -> Result<(Overlap, Vec<(GroupKind, Overlap)>), EngineError> {
    /// Rows that are counted in one piece of parallel work.
    const ROWS: usize = 4096;
    let n = topology.n_nodes();
    let n_classes = labels.map_or(0, Labels::n_classes);
    let counted = ctl.map(n.div_ceil(ROWS), |block| {
        // The last one is of nodes without a class.
        let mut counts = vec![Overlap::default(); n_classes + 1];
        for u in block * ROWS..((block + 1) * ROWS).min(n) {
            let class = labels.and_then(|labels| labels.of(u)).unwrap_or(n_classes);
            for (k, v) in topology.row_range(u).zip(topology.row(u)) {
                if *v as usize != u {
                    counts[class].add([first.is_kept(k, idx), second.is_kept(k, idx)]);
                }
            }
        }
        counts
    })?;
    let mut counts = vec![Overlap::default(); n_classes + 1];
    for block in &counted {
        counts.iter_mut().zip(block).for_each(|(sum, part)| sum.add_all(part));
    }
    let mut all = Overlap::default();
    for count in &counts {
        all.add_all(count);
    }
    let of_class = |(class, count): (usize, Overlap)| labels.map(|labels| (class_kind(labels, class), count));
    let classes = counts.into_iter().enumerate().take(n_classes).filter(|(_, count)| count.n() > 0);
    Ok((all, classes.filter_map(of_class).collect()))
}

fn class_kind(labels: &Labels, class: usize) -> GroupKind {
    let name = labels.names.get(class).cloned().unwrap_or_else(|| format!("class {class}"));
    GroupKind::Class { class, name }
}

/// The matrices that both runs have at the same place in the same size.
fn matrices(first: &Run, second: &Run, ctl: &Control) -> Result<Vec<MatrixDifference>, EngineError> {
    let mut found = Vec::new();
    for (at, step) in first.pruned.steps.iter().enumerate() {
        let Some(other) = second.pruned.steps.iter().find(|other| (other.kind, other.idx) == (step.kind, step.idx))
        else {
            continue;
        };
        for (nth, (own, others)) in step.weights.iter().zip(&other.weights).enumerate() {
            ctl.check()?;
            let masks = first.pruned.masks.weights.get(own.idx).zip(second.pruned.masks.weights.get(others.idx));
            let Some((a, b)) = masks.filter(|(a, b)| a.dim() == b.dim()) else { continue };
            let mut weights = Overlap::default();
            a.iter().zip(b).for_each(|(by_first, by_second)| weights.add([*by_first, *by_second]));
            let has_several = step.weights.len() > 1;
            let title = if has_several { format!("{}, {}", step.title(), step.matrix_name(nth)) } else { step.title() };
            found.push(MatrixDifference { step: at, nth, title, weights });
        }
    }
    Ok(found)
}

impl PredictionDifference {
    fn of(first: &Run, second: &Run, first_says: &[u32], second_says: &[u32]) -> Self {
        let labels = first.dataset.labels();
        let label = |u: usize| labels.and_then(|labels| labels.of(u));
        let n_nodes = first_says.len();
        let logits = [&first.pruned.logits, &second.pruned.logits];
        let margin = |run: usize, u: usize| margin(logits[run].row(u).iter().copied());
        let is_changed = |u: &usize| first_says[*u] != second_says[*u];
        let mut changed: Vec<ChangedNode> = (0..n_nodes)
            .filter(is_changed)
            .map(|u| ChangedNode {
                node: u as u32,
                label: label(u).map(|class| class as u32),
                first: first_says[u],
                second: second_says[u],
                margins: [margin(0, u), margin(1, u)],
            })
            .collect();
        let surest = |node: &ChangedNode| node.margins[0].min(node.margins[1]);
        changed.sort_by(|a, b| surest(b).total_cmp(&surest(a)).then(a.node.cmp(&b.node)));

        let degrees = degrees(first.dataset.topology());
        let ranges = degree_ranges(&degrees);
        let n_classes = labels.map_or(0, Labels::n_classes);
        let kinds = (0..n_classes).filter_map(|class| labels.map(|labels| class_kind(labels, class)));
        let by_degree = ranges.iter().map(|(lowest, highest)| GroupKind::Degree { lowest: *lowest, highest: *highest });
        let empty = |kind| GroupChange { kind, n: 0, changed: 0, worse: 0, better: 0 };
        let mut groups: Vec<GroupChange> = kinds.chain(by_degree).map(empty).collect();
        for u in 0..n_nodes {
            let of_degree = ranges.partition_point(|(_, highest)| *highest < degrees[u]);
            let own = [label(u), Some(n_classes + of_degree)];
            let is_right = |says: &[u32]| label(u) == Some(says[u] as usize);
            let (before, after) = (is_right(first_says), is_right(second_says));
            for at in own.into_iter().flatten() {
                let Some(group) = groups.get_mut(at) else { continue };
                group.n += 1;
                group.changed += u64::from(is_changed(&u));
                group.worse += u64::from(before && !after);
                group.better += u64::from(!before && after);
            }
        }
        groups.retain(|group| group.n > 0);
        Self { n_nodes, changed, confusion: Confusion::of(first_says, second_says), groups }
    }
}

/// By how much the largest value is above the next one; infinite of a single value, NaN of none.
fn margin(values: impl Iterator<Item = f32>) -> f32 {
    let mut best = [f32::NAN, f32::NEG_INFINITY];
    for value in values {
        if best[0].is_nan() || value > best[0] {
            best = [value, if best[0].is_nan() { f32::NEG_INFINITY } else { best[0] }];
        } else if value > best[1] {
            best[1] = value;
        }
    }
    best[0] - best[1]
}
