//! What every step of a mask walks.
//!
//! The lists of all steps together can be many times the graph. Where they would take more than a large graph leaves of an ordinary
//! machine's memory, those of a step are made when it is walked, and only they are kept.

use super::mask::EdgeMask;
use super::survivors::{Survivors, Walk};
use crate::engine::error::EngineError;

/// What one step walks.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) survivors: Survivors,
    /// Attention that is not renormalised over what is left: what was there before the step, and which of it stays (D10).
    pub(crate) before: Option<(Survivors, Vec<bool>)>,
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
    walk: Walk,
    mask: EdgeMask,
    locked: Option<Vec<bool>>,
    /// Whether removed entries count in attention's sum (D10).
    zeroes: bool,
    /// For every step the first one that walks the same.
    first_alike: Vec<usize>,
    made: Vec<Option<Step>>,
    keeps_all: bool,
}

/// Bytes up to which the lists of all steps are kept.
const MOST_BYTES: usize = 1 << 30;

impl Steps {
    /// No nodes, for networks that do not walk a graph.
    pub(crate) fn none() -> Self {
        Self::same(Survivors::empty())
    }

    /// The same entries in every step.
    pub(crate) fn same(survivors: Survivors) -> Self {
        Self::Same(Box::new(Step { survivors, before: None }))
    }

    /// What `mask` leaves. `locked` nodes get back the entries that each step itself removed.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for a graph with too many entries.
    pub(crate) fn of_mask(
        walk: Walk,
        mask: &EdgeMask,
        locked: Option<&[bool]>,
        zeroes: bool,
    ) -> Result<Self, EngineError> {
        Self::of_mask_within(walk, mask, locked, zeroes, MOST_BYTES)
    }

    fn of_mask_within(
        walk: Walk,
        mask: &EdgeMask,
        locked: Option<&[bool]>,
        zeroes: bool,
        most_bytes: usize,
    ) -> Result<Self, EngineError> {
        // What was there before a step is another thing in every step.
        let first_alike = if zeroes { (0..mask.n_steps()).collect() } else { walk.first_alike(mask, locked) };
        let distinct = first_alike.iter().enumerate().filter(|(step, first)| step == *first).map(|(step, _)| step);
        let n_bytes: usize = distinct.map(|step| Survivors::size_bytes(mask.n_kept(step))).sum();
        let mut steps = MaskSteps {
            walk,
            mask: mask.clone(),
            locked: locked.map(<[bool]>::to_vec),
            zeroes,
            made: first_alike.iter().map(|_| None).collect(),
            first_alike,
            keeps_all: n_bytes <= most_bytes,
        };
        if steps.keeps_all {
            for step in 0..steps.made.len() {
                steps.get(step)?;
            }
        }
        Ok(Self::OfMask(Box::new(steps)))
    }

    /// What step `step` walks, and whether it had to be made first.
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

impl MaskSteps {
    fn get(&mut self, step: usize) -> Result<(&Step, bool), EngineError> {
        let at = self.first_alike[step];
        let is_new = self.made[at].is_none();
        if is_new && !self.keeps_all {
            self.made.fill_with(|| None);
        }
        let slot = &mut self.made[at];
        let made = match slot.take() {
            Some(made) => made,
            None => make(&self.walk, &self.mask, at, self.locked.as_deref(), self.zeroes)?,
        };
        Ok((slot.insert(made), is_new))
    }
}

fn make(walk: &Walk, mask: &EdgeMask, step: usize, locked: Option<&[bool]>, zeroes: bool) -> Result<Step, EngineError> {
    let present = |k: usize| mask.removed_at()[k] as usize >= step;
    let stays = |u: usize, k: usize| {
        let at = mask.removed_at()[k] as usize;
        at > step || (at == step && locked.is_some_and(|l| l[u]))
    };
    let survivors = walk.select(false, present, stays)?;
    let before = if zeroes {
        let all = walk.select(true, present, |_, k| present(k))?;
        let rows = all.structure().indptr.windows(2).enumerate();
        let flags = rows.flat_map(|(u, ends)| (ends[0]..ends[1]).map(move |at| (u, at)));
        let flags = flags.map(|(u, at)| stays(u, all.entry(at) as usize)).collect();
        Some((all, flags))
    } else {
        None
    };
    Ok(Step { survivors, before })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::Control;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::sparsify::Recipe;

    #[test]
    fn lists_made_anew_for_every_step_are_those_that_are_kept() {
        let ctl = Control::new(1).expect("a worker");
        let shape = PowerLaw { n_nodes: 60, n_entries: 400, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let topology = dataset.topology();
        // Step 1 removes nothing, so it walks what step 0 leaves.
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
            let walk = || Walk::new(&dataset, &Recipe::default());
            let mut kept = Steps::of_mask_within(walk(), &mask, locked, false, usize::MAX).expect("small");
            let mut anew = Steps::of_mask_within(walk(), &mask, locked, false, 0).expect("small");
            for step in [0, 1, 2, 3, 0, 3] {
                let (kept, anew) = (kept.get(step).expect("small"), anew.get(step).expect("small"));
                let is_shared = step == 1 && locked.is_none();
                assert!(!kept.1);
                assert_eq!(anew.1, !is_shared, "only the last step's lists are there");
                let (kept, anew) = (&kept.0.survivors, &anew.0.survivors);
                assert_eq!(kept.structure().indptr, anew.structure().indptr);
                assert_eq!(kept.structure().indices, anew.structure().indices);
                assert_eq!(kept.values(), anew.values());
                let stays = (0..mask.removed_at().len()).filter(|k| {
                    let (u, _) = topology.entries().nth(*k).expect("an entry");
                    mask.is_kept(*k, step)
                        || (mask.removed_at()[*k] as usize == step && locked.is_some_and(|l| l[u as usize]))
                });
                assert_eq!(kept.n_walked(), stays.count());
            }
        }
    }
}
