//! What every step of a mask propagates over.
//!
//! The lists of all steps together can be many times the graph. Where they would take more than a large graph leaves of an ordinary
//! machine's memory, those of a step are made when it is reached, and only they are kept.

use std::sync::Arc;

use super::mask::EdgeMask;
use super::pruned_operator::{OperatorSource, PrunedOperator};
use super::recipe::{EdgeRule, Identity, Quirk, Recipe};
use crate::engine::error::EngineError;
use crate::engine::graph::Permutation;
use crate::engine::kernels::ValueType;

/// What one step propagates over.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) operator: PrunedOperator,
    /// Attention that is not renormalised over what is left: what was there before the step, and which of it stays (docs/DIFFERENCES.md#d10).
    pub(crate) before: Option<(PrunedOperator, Vec<bool>)>,
    /// Whether values are the mask's own.
    pub(crate) has_own_values: bool,
}

impl Step {
    /// `n_steps` steps over the same entries.
    pub(crate) fn same_in_all(operator: PrunedOperator, n_steps: usize) -> Vec<Self> {
        vec![Self { operator, before: None, has_own_values: false }; n_steps]
    }

    /// The same for some rows alone, with sources renumbered.
    pub(crate) fn part(&self, rows: &[u32], renumbered: &mut dyn FnMut(u32) -> u32) -> Self {
        let operator = self.operator.part(rows, &mut *renumbered);
        let before = self.before.as_ref().map(|(before, kept)| {
            let indptr = before.structure().indptr;
            let kept = rows.iter().flat_map(|u| &kept[indptr[*u as usize]..indptr[*u as usize + 1]]).copied().collect();
            (before.part(rows, renumbered), kept)
        });
        Self { operator, before, has_own_values: self.has_own_values }
    }

    /// Bytes of its lists in memory.
    fn n_bytes(&self) -> usize {
        self.operator.n_bytes() + self.before.as_ref().map_or(0, |(before, kept)| before.n_bytes() + kept.len())
    }
}

/// The steps of a model over masks.
#[derive(Debug)]
pub(crate) enum Steps {
    /// The same for all of them.
    Same(Box<Step>),
    /// Those of a mask.
    OfMask(Box<MaskSteps>),
}

/// The steps of a mask.
#[derive(Debug)]
pub(crate) struct MaskSteps {
    /// For every step the first one that propagates over the same entries.
    first_alike: Vec<usize>,
    made: Vec<Option<Step>>,
    /// What lists are made of, where they are made when they are needed; none once all of them are there to stay.
    source: Option<Source>,
}

/// What the lists of steps are made of.
#[derive(Debug)]
struct Source {
    operators: OperatorSource,
    mask: EdgeMask,
    locked: Option<Vec<bool>>,
    /// Whether removed entries count in attention's sum (docs/DIFFERENCES.md#d10).
    zeroes: bool,
    /// How nodes lie, where that is not as they are stored.
    nodes: Option<Arc<Permutation>>,
    /// What values of entries are stored as.
    values: ValueType,
}

/// Bytes up to which the lists of all steps are kept.
const MAX_BYTES: usize = 1 << 30;

impl Steps {
    /// No nodes, for networks that do not propagate.
    pub(crate) fn none() -> Self {
        Self::same(PrunedOperator::empty())
    }

    /// The same entries in every step.
    pub(crate) fn same(operator: PrunedOperator) -> Self {
        Self::Same(Box::new(Step { operator, before: None, has_own_values: false }))
    }

    /// One after the other.
    pub(crate) fn each(steps: Vec<Step>) -> Self {
        let (first_alike, made) = ((0..steps.len()).collect(), steps.into_iter().map(Some).collect());
        Self::OfMask(Box::new(MaskSteps { first_alike, made, source: None }))
    }

    /// What `mask` leaves, for nodes that lie as `nodes` says. `locked` nodes get back the entries that each step itself removed.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn of_mask(
        operators: OperatorSource,
        mask: &EdgeMask,
        locked: Option<&[bool]>,
        zeroes: bool,
        nodes: Option<Arc<Permutation>>,
    ) -> Result<Self, EngineError> {
        Self::of_mask_within(operators, mask, locked, zeroes, nodes, MAX_BYTES)
    }

    /// As [`Steps::of_mask`], with the lists of all steps there to stay, whatever they take.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn all_of_mask(operators: OperatorSource, mask: &EdgeMask, zeroes: bool) -> Result<Self, EngineError> {
        Self::of_mask_within(operators, mask, None, zeroes, None, usize::MAX)
    }

    /// The first step that propagates over the same entries as `step`.
    pub(crate) fn alike(&self, step: usize) -> usize {
        match self {
            Self::Same(_) => 0,
            Self::OfMask(steps) => steps.first_alike[step],
        }
    }

    fn of_mask_within(
        operators: OperatorSource,
        mask: &EdgeMask,
        locked: Option<&[bool]>,
        zeroes: bool,
        nodes: Option<Arc<Permutation>>,
        max_bytes: usize,
    ) -> Result<Self, EngineError> {
        // What was there before a step is another thing in every step.
        let first_alike = if zeroes { (0..mask.n_steps()).collect() } else { operators.first_alike(mask, locked) };
        let distinct = first_alike.iter().enumerate().filter(|(step, first)| step == *first).map(|(step, _)| step);
        let n_bytes: usize = distinct.map(|step| PrunedOperator::size_bytes(mask.n_kept(step))).sum();
        let source = Source {
            operators,
            mask: mask.clone(),
            locked: locked.map(<[bool]>::to_vec),
            zeroes,
            nodes,
            values: ValueType::F32,
        };
        let made = first_alike.iter().map(|_| None).collect();
        let mut steps = MaskSteps { first_alike, made, source: None };
        if n_bytes <= max_bytes {
            for (step, first) in steps.first_alike.iter().enumerate() {
                if step == *first {
                    steps.made[step] = Some(source.make(step)?);
                }
            }
        } else {
            steps.source = Some(source);
        }
        Ok(Self::OfMask(Box::new(steps)))
    }

    /// The same steps with the values of their entries in fewer bits.
    pub(crate) fn stored_as(mut self, kind: ValueType) -> Self {
        let narrow = |step: &mut Step| step.operator = step.operator.stored_as(kind);
        match &mut self {
            Self::Same(step) => narrow(step),
            Self::OfMask(steps) => {
                steps.made.iter_mut().flatten().for_each(narrow);
                if let Some(source) = &mut steps.source {
                    source.values = kind;
                }
            }
        }
        self
    }

    /// Bytes in memory of the lists that are there.
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Same(step) => step.n_bytes(),
            Self::OfMask(steps) => steps.made.iter().flatten().map(Step::n_bytes).sum(),
        }
    }

    /// What step `step` propagates over, and whether it had to be made first.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn get(&mut self, step: usize) -> Result<(&Step, bool), EngineError> {
        match self {
            Self::Same(step) => Ok((step, false)),
            Self::OfMask(steps) => steps.get(step),
        }
    }
}

impl Steps {
    /// Puts another operator in the place of step `step`'s, where every step has its own.
    pub(crate) fn put(&mut self, step: usize, operator: PrunedOperator) {
        if let Self::OfMask(steps) = self
            && let Some(Some(made)) = steps.made.get_mut(step)
        {
            made.operator = operator;
        }
    }
}

impl MaskSteps {
    fn get(&mut self, step: usize) -> Result<(&Step, bool), EngineError> {
        let at = self.first_alike[step];
        let is_new = self.made[at].is_none();
        if let (true, Some(source)) = (is_new, &self.source) {
            // The last step's lists go before these are made.
            self.made.fill_with(|| None);
            self.made[at] = Some(source.make(at)?);
        }
        match &self.made[at] {
            Some(made) => Ok((made, is_new)),
            None => unreachable!("without a source all lists are there"),
        }
    }
}

impl Source {
    fn make(&self, step: usize) -> Result<Step, EngineError> {
        let present = |k: usize| self.mask.is_present(k, step);
        let stays = |u: usize, k: usize| {
            self.mask.is_kept(k, step) || (self.locked.as_ref().is_some_and(|l| l[u]) && present(k))
        };
        let mut operator = self.operators.select(false, present, stays)?;
        if let Some(values) = self.mask.values_of(step) {
            operator = operator.with_values(values)?;
        }
        let before = if self.zeroes {
            let all = self.operators.select(true, present, |_, k| present(k))?;
            let rows = all.structure().indptr.windows(2).enumerate();
            let flags = rows.flat_map(|(u, ends)| (ends[0]..ends[1]).map(move |at| (u, at)));
            let flags = flags.map(|(u, at)| stays(u, all.entry(at) as usize)).collect();
            Some((all, flags))
        } else {
            None
        };
        if let Some(nodes) = &self.nodes {
            operator = operator.reordered(nodes);
        }
        operator = operator.stored_as(self.values);
        Ok(Step { operator, before, has_own_values: self.mask.values_of(step).is_some() })
    }
}

/// The recipe of the unpruned model: it propagates with its own self-loops, whatever identity form the recipe prunes with.
pub(super) fn with_own_self_loops(recipe: &Recipe) -> Recipe {
    let edges = EdgeRule { identity: Identity::SelfLoop, ..recipe.edges.clone() };
    Recipe { edges, ..recipe.clone() }
}

/// Whether removed entries count in attention's sum (docs/DIFFERENCES.md#d10).
pub(crate) fn counts_removed(recipe: &Recipe) -> bool {
    recipe.model.has("heads") && recipe.compat.has(Quirk::GatNoRenormalisation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::Control;
    use crate::engine::graph::{HopOrder, PowerLaw, power_law_communities};

    #[test]
    fn lists_made_anew_for_every_step_are_those_that_are_kept() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 60, n_entries: 400, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let topology = dataset.topology();
        // Step 1 removes nothing, so it propagates over what step 0 leaves.
        let removed_at = topology.entries().enumerate().map(|(k, (u, v))| match k % 5 {
            _ if u == v => 4,
            0 => 0,
            1 => 2,
            2 => 3,
            _ => 4,
        });
        let mask = EdgeMask::try_new(removed_at.collect(), 4, topology).expect("a mask");
        let locked: Vec<bool> = (0..60).map(|u| u % 7 == 0).collect();
        for locked in [None, Some(locked.as_slice())] {
            let operators = || OperatorSource::new(&dataset, &Recipe::default());
            let mut kept = Steps::of_mask_within(operators(), &mask, locked, false, None, usize::MAX).expect("small");
            let mut anew = Steps::of_mask_within(operators(), &mask, locked, false, None, 0).expect("small");
            for step in [0, 1, 2, 3, 0, 3] {
                let (kept, anew) = (kept.get(step).expect("small"), anew.get(step).expect("small"));
                let is_shared = step == 1 && locked.is_none();
                assert!(!kept.1);
                assert_eq!(anew.1, !is_shared, "only the last step's lists are there");
                let (kept, anew) = (&kept.0.operator, &anew.0.operator);
                assert_eq!(kept.structure().indptr, anew.structure().indptr);
                assert_eq!(kept.structure().indices, anew.structure().indices);
                assert_eq!(kept.values(), anew.values());
                let stays = (0..mask.n_entries()).filter(|k| {
                    let (u, _) = topology.entries().nth(*k).expect("an entry");
                    mask.is_kept(*k, step)
                        || (mask.removing_step(*k, step) == Some(step) && locked.is_some_and(|l| l[u as usize]))
                });
                assert_eq!(kept.n_active_entries(), stays.count());
            }
        }
    }

    #[test]
    fn rows_in_another_order_hold_their_entries_in_the_old_sequence() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 60, n_entries: 400, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let topology = dataset.topology();
        let removed_at =
            topology.entries().enumerate().map(|(k, (u, v))| if u == v { 3 } else { (k % 4) as u8 }).collect();
        let mask = EdgeMask::try_new(removed_at, 3, topology).expect("a mask");
        let nodes = topology.ordered(HopOrder::Rcm, &ctl).expect("not cancelled").expect("another order");
        for identity in [Identity::SelfLoop, Identity::Residual] {
            let mut recipe = Recipe::default();
            recipe.edges.identity = identity;
            let steps = |nodes| {
                Steps::of_mask(OperatorSource::new(&dataset, &recipe), &mask, None, false, nodes).expect("small")
            };
            let (mut stored, mut moved) = (steps(None), steps(Some(Arc::clone(&nodes))));
            for step in 0..3 {
                let (stored, moved) = (&stored.get(step).expect("small").0, &moved.get(step).expect("small").0);
                let row = |s: &PrunedOperator, u: usize| {
                    let entries = s.structure().indptr[u]..s.structure().indptr[u + 1];
                    (s.structure().indices[entries.clone()].to_vec(), s.values()[entries].to_vec())
                };
                for (p, u) in nodes.order().iter().enumerate() {
                    let (columns, values) = row(&moved.operator, p);
                    let sources = columns.iter().map(|q| nodes.order()[*q as usize]).collect();
                    assert_eq!((sources, values), row(&stored.operator, *u as usize), "row {p} of step {step}");
                }
                let counts = |s: &PrunedOperator| (s.n_rows(), s.n_active_entries(), s.n_entries(), s.n_self_loops());
                assert_eq!(counts(&moved.operator), counts(&stored.operator));
            }
        }
    }
}
