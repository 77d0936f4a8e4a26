//! What the answer for a few nodes depends on: their receptive field over the entries that every step keeps.
//!
//! Its nodes are numbered so that those which a step reads come in front of those which only the steps before it read: what a step gives is
//! then the first rows of what it is given, and no network needs to know that it runs on a part of the graph.

use super::mask::EdgeMask;
use super::pruned_operator::{OperatorSource, PrunedOperator};
use super::recipe::Recipe;
use super::steps::{Step, Steps, counts_removed, with_own_self_loops};
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;

/// A part of the graph that is enough for some of its nodes.
#[derive(Debug)]
pub(crate) struct ReceptiveField {
    /// The nodes, those that were asked for first.
    pub(crate) nodes: Vec<u32>,
    /// How many of them every step reads, and then how many were asked for.
    pub(crate) n_rows: Vec<usize>,
    /// What every step propagates over: the rows that the next one reads.
    pub(crate) steps: Vec<Step>,
    /// Entries over all steps.
    pub(crate) n_entries: usize,
}

/// What a receptive field may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FieldLimit {
    pub(crate) bytes: u64,
    /// Bytes that one of its nodes takes: features and embeddings.
    pub(crate) per_node: u64,
    /// Bytes that one of its entries takes in a step.
    pub(crate) per_entry: u64,
}

impl FieldLimit {
    fn holds(&self, n_nodes: usize, n_entries: usize) -> bool {
        self.per_node * n_nodes as u64 + self.per_entry * n_entries as u64 <= self.bytes
    }
}

/// Nodes beside those of the graph, numbered behind them, with rows of their own in every step.
#[derive(Debug)]
pub(crate) struct AddedNodes {
    /// The number of the first.
    pub(crate) first: u32,
    /// How many there are.
    pub(crate) n: usize,
    /// For every step their rows over all nodes, the added ones among them.
    pub(crate) steps: Vec<PrunedOperator>,
}

/// Finds receptive fields in the lists of a model's steps; what it takes grows with the field, not with the graph.
#[derive(Debug)]
pub(crate) struct FieldFinder {
    steps: Steps,
    n_steps: usize,
    /// Where every node of the graph stands in the field that is being found.
    position: Vec<u32>,
}

impl FieldFinder {
    /// Not in the field.
    const ABSENT: u32 = u32::MAX;

    /// Over every entry of the graph.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn unpruned(dataset: &Dataset, recipe: &Recipe) -> Result<Self, EngineError> {
        let operator = OperatorSource::new(dataset, &with_own_self_loops(recipe)).all()?;
        Ok(Self::over(Steps::same(operator), dataset, recipe.model.n_graph_steps()))
    }

    /// Over the entries that every step keeps.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn pruned(dataset: &Dataset, recipe: &Recipe, edges: &EdgeMask) -> Result<Self, EngineError> {
        let operators = OperatorSource::new(dataset, recipe);
        let steps = Steps::all_of_mask(operators, edges, counts_removed(recipe))?;
        Ok(Self::over(steps, dataset, recipe.model.n_graph_steps()))
    }

    /// Of networks that have propagated already: nobody but the nodes themselves.
    pub(crate) fn without_graph(dataset: &Dataset) -> Self {
        Self::over(Steps::none(), dataset, 0)
    }

    fn over(steps: Steps, dataset: &Dataset, n_steps: usize) -> Self {
        Self { steps, n_steps, position: vec![Self::ABSENT; dataset.n_nodes()] }
    }

    /// The lists that fields are found in, to run the whole graph over them.
    pub(crate) fn steps(&mut self) -> &mut Steps {
        &mut self.steps
    }

    /// Entries of the whole graph, over all steps.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn n_entries(&mut self) -> Result<usize, EngineError> {
        (0..self.n_steps).map(|step| Ok(entries_of(self.steps.get(step)?.0))).sum()
    }

    /// The field of nodes beside those of the graph; `None` where it would take more than `limit`.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn find_added(
        &mut self,
        added: &AddedNodes,
        limit: FieldLimit,
    ) -> Result<Option<ReceptiveField>, EngineError> {
        let (all, position) = (&mut self.steps, &mut self.position);
        let n_numbers = added.first as usize + added.n;
        if position.len() < n_numbers {
            position.resize(n_numbers, Self::ABSENT);
        }
        let mut nodes: Vec<u32> = (added.first..).take(added.n).collect();
        nodes.iter().enumerate().for_each(|(at, u)| position[*u as usize] = at as u32);
        let (mut n_rows, mut n_entries) = (vec![added.n], 0);
        let mut steps: Vec<Step> = Vec::with_capacity(self.n_steps);
        for (step, of_added) in added.steps.iter().enumerate().rev() {
            // Those that were added stand in front, whatever the step.
            let targets = nodes[added.n..].to_vec();
            let mut number = |v: u32| {
                let slot = &mut position[v as usize];
                if *slot == Self::ABSENT {
                    *slot = nodes.len() as u32;
                    nodes.push(v);
                }
                *slot
            };
            let rows: Vec<u32> = (0..added.n as u32).collect();
            let first = of_added.part(&rows, &mut number);
            let known = all.get(step)?.0.part(&targets, &mut number);
            let operator = known.operator.behind(&first);
            n_entries += operator.n_active_entries();
            steps.push(Step { operator, ..known });
            n_rows.push(nodes.len());
            if !limit.holds(nodes.len(), n_entries) {
                forget(position, &nodes);
                return Ok(None);
            }
        }
        forget(position, &nodes);
        steps.reverse();
        n_rows.reverse();
        Ok(Some(ReceptiveField { nodes, n_rows, steps, n_entries }))
    }

    /// The field of `wanted`, nodes of the graph, none twice; `None` where it would take more than `limit`.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn find(&mut self, wanted: &[u32], limit: FieldLimit) -> Result<Option<ReceptiveField>, EngineError> {
        let (all, position) = (&mut self.steps, &mut self.position);
        let mut nodes = wanted.to_vec();
        nodes.iter().enumerate().for_each(|(at, u)| position[*u as usize] = at as u32);
        let mut n_rows = vec![nodes.len()];
        let mut steps: Vec<Step> = Vec::with_capacity(self.n_steps);
        let mut n_entries = 0;
        for step in (0..self.n_steps).rev() {
            let n_targets = nodes.len();
            // Once no node is new, steps that keep the same entries have the same part of them.
            let is_same =
                n_rows.len() > 1 && n_rows[n_rows.len() - 2] == n_targets && all.alike(step + 1) == all.alike(step);
            if let Some(later) = steps.last().filter(|_| is_same) {
                n_entries += later.operator.n_active_entries();
                let same = later.clone();
                steps.push(same);
                n_rows.push(n_targets);
                continue;
            }
            let whole = all.get(step)?.0;
            let indptr = whole.operator.structure().indptr;
            let n_read: usize = nodes.iter().map(|u| indptr[*u as usize + 1] - indptr[*u as usize]).sum();
            if !limit.holds(nodes.len(), n_entries + n_read) {
                forget(position, &nodes);
                return Ok(None);
            }
            let targets = nodes.clone();
            let mut number = |v: u32| {
                let slot = &mut position[v as usize];
                if *slot == Self::ABSENT {
                    *slot = nodes.len() as u32;
                    nodes.push(v);
                }
                *slot
            };
            let part = whole.part(&targets, &mut number);
            n_entries += entries_of(&part);
            steps.push(part);
            n_rows.push(nodes.len());
        }
        forget(position, &nodes);
        if !limit.holds(nodes.len(), n_entries) {
            return Ok(None);
        }
        steps.reverse();
        n_rows.reverse();
        Ok(Some(ReceptiveField { nodes, n_rows, steps, n_entries }))
    }
}

/// Entries that a step propagates over.
fn entries_of(step: &Step) -> usize {
    step.before.as_ref().map_or(&step.operator, |(before, _)| before).n_active_entries()
}

/// Makes room for the next field.
fn forget(position: &mut [u32], nodes: &[u32]) {
    for u in nodes {
        position[*u as usize] = FieldFinder::ABSENT;
    }
}
