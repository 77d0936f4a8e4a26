//! What was removed: the fixed masks of a pruned model. They are what is exported and replayed.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::error::EngineError;
use crate::engine::graph::Topology;

/// What every step (layer or hop) keeps of a graph, and with which values.
///
/// As published, removal is progressive: what a step removed stays removed in every later one, `E(l+1) ⊆ E(l)`, and one number per entry holds
/// the masks of all steps. Recovery may choose every step's entries anew, and gives the kept ones values of their own; both are here and
/// nowhere else.
#[derive(Debug, Clone, PartialEq)]
pub struct EdgeMask {
    kept: Kept,
    n_entries: usize,
    n_steps: usize,
    values: Option<Arc<EntryValues>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    /// For every entry the step that removed it; the number of steps where it stays.
    Progressive(Vec<u8>),
    /// For every step which entries it keeps.
    EachStep(Vec<Vec<bool>>),
}

/// The values of the kept entries, where they are not those of the diffusion matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryValues {
    /// For every step one row per kept entry, ascending, and one column per head. `[n_kept, heads]`
    pub steps: Vec<Array2<f32>>,
}

impl EdgeMask {
    /// The most steps a mask can hold.
    pub const MAX_STEPS: usize = 255;

    /// A mask that keeps every entry in all `n_steps` steps.
    ///
    /// # Panics
    /// When there are more than [`EdgeMask::MAX_STEPS`] steps.
    pub fn keep_all(n_entries: usize, n_steps: usize) -> Self {
        assert!(n_steps <= Self::MAX_STEPS, "at most {} steps", Self::MAX_STEPS);
        Self { kept: Kept::Progressive(vec![n_steps as u8; n_entries]), n_entries, n_steps, values: None }
    }

    /// Takes over the removing step of every entry; `n_steps` means never.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when a value is above `n_steps`, or the count of values is not that of the entries.
    pub fn try_new(removed_at: Vec<u8>, n_steps: usize, topology: &Topology) -> Result<Self, EngineError> {
        let n_entries = topology.n_entries();
        if removed_at.len() != n_entries {
            return Err(EngineError::mismatch("edge mask", format!("{n_entries} entries"), removed_at.len()));
        }
        if let Some(step) = removed_at.iter().find(|s| **s as usize > n_steps) {
            return Err(EngineError::mismatch("edge mask", format!("steps up to {n_steps}"), step));
        }
        Ok(Self { kept: Kept::Progressive(removed_at), n_entries, n_steps, values: None })
    }

    /// Takes over what every step keeps, with the values of what it keeps.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when a list is not as long as there are entries, or there is not one value for each that is kept.
    pub fn of_steps(
        kept: Vec<Vec<bool>>,
        values: Option<EntryValues>,
        topology: &Topology,
    ) -> Result<Self, EngineError> {
        let (n_entries, n_steps) = (topology.n_entries(), kept.len());
        if n_steps > Self::MAX_STEPS {
            return Err(EngineError::mismatch("edge mask", format!("at most {} steps", Self::MAX_STEPS), n_steps));
        }
        if let Some(found) = kept.iter().find(|flags| flags.len() != n_entries) {
            return Err(EngineError::mismatch("edge mask", format!("{n_entries} entries"), found.len()));
        }
        let mask = Self { kept: Kept::EachStep(kept), n_entries, n_steps, values: None };
        match values {
            Some(values) => mask.with_values(values),
            None => Ok(mask),
        }
    }

    /// The same entries, with values of their own.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when there is not one value for each entry that is kept, [`EngineError::NotFinite`].
    pub fn with_values(mut self, values: EntryValues) -> Result<Self, EngineError> {
        if values.steps.len() != self.n_steps {
            return Err(EngineError::mismatch(
                "values of entries",
                format!("{} steps", self.n_steps),
                values.steps.len(),
            ));
        }
        for (step, of_step) in values.steps.iter().enumerate() {
            let n_kept = self.n_kept(step);
            if of_step.nrows() != n_kept {
                return Err(EngineError::mismatch("values of entries", format!("{n_kept} entries"), of_step.nrows()));
            }
            if let Some(found) = of_step.iter().find(|value| !value.is_finite()) {
                let what = format!("value of an entry in step {}", step + 1);
                return Err(EngineError::NotFinite { what, found: found.to_string() });
            }
        }
        self.values = Some(Arc::new(values));
        Ok(self)
    }

    /// For every entry the step that removed it, counted from 0; [`EdgeMask::n_steps`] where it stays. `None` where every step's entries
    /// were chosen anew.
    pub fn removed_at(&self) -> Option<&[u8]> {
        match &self.kept {
            Kept::Progressive(removed_at) => Some(removed_at),
            Kept::EachStep(_) => None,
        }
    }

    /// The values of kept entries that are not those of the diffusion matrix, for every step.
    pub fn values(&self) -> Option<&EntryValues> {
        self.values.as_deref()
    }

    /// The values of what step `step` keeps, where they are not those of the diffusion matrix. `[n_kept, heads]`
    pub fn values_of(&self, step: usize) -> Option<&Array2<f32>> {
        self.values.as_ref().and_then(|values| values.steps.get(step))
    }

    /// Entries of the graph.
    pub fn n_entries(&self) -> usize {
        self.n_entries
    }

    /// Number of steps.
    pub fn n_steps(&self) -> usize {
        self.n_steps
    }

    /// Whether step `step` keeps entry `k`.
    #[inline]
    pub fn is_kept(&self, k: usize, step: usize) -> bool {
        match &self.kept {
            Kept::Progressive(removed_at) => removed_at[k] as usize > step,
            Kept::EachStep(kept) => kept[step][k],
        }
    }

    /// Whether entry `k` was there for step `step` to keep or to remove.
    #[inline]
    pub fn is_present(&self, k: usize, step: usize) -> bool {
        match &self.kept {
            Kept::Progressive(removed_at) => removed_at[k] as usize >= step,
            Kept::EachStep(_) => true,
        }
    }

    /// The step that removed entry `k` as seen from step `step`: `step` itself or, where removal is progressive, one before it; `None`
    /// where the entry is kept.
    #[inline]
    pub fn removing_step(&self, k: usize, step: usize) -> Option<usize> {
        match &self.kept {
            Kept::Progressive(removed_at) => Some(removed_at[k] as usize).filter(|at| *at <= step),
            Kept::EachStep(kept) => (!kept[step][k]).then_some(step),
        }
    }

    /// The first step that does without entry `k`; [`EdgeMask::n_steps`] where all keep it.
    #[inline]
    pub fn first_without(&self, k: usize) -> usize {
        match &self.kept {
            Kept::Progressive(removed_at) => removed_at[k] as usize,
            Kept::EachStep(kept) => kept.iter().position(|flags| !flags[k]).unwrap_or(self.n_steps),
        }
    }

    /// How many entries step `step` keeps.
    pub fn n_kept(&self, step: usize) -> usize {
        match &self.kept {
            Kept::Progressive(removed_at) => removed_at.iter().filter(|s| **s as usize > step).count(),
            Kept::EachStep(kept) => kept[step].iter().filter(|kept| **kept).count(),
        }
    }

    /// How many entries are removed, over all steps.
    fn n_removed(&self) -> usize {
        (0..self.n_steps).map(|step| self.n_entries - self.n_kept(step)).sum()
    }

    /// Share of the entries removed, over all steps: `1 - Σ kept / (steps · m)`, `0..=1`.
    pub fn sparsity(&self) -> f64 {
        self.sparsity_of(self.n_entries)
    }

    /// The same of `n_removable` of the entries, without those that no step can remove.
    pub fn sparsity_of(&self, n_removable: usize) -> f64 {
        self.n_removed() as f64 / (self.n_steps * n_removable).max(1) as f64
    }

    /// Whether every step keeps what it keeps in `other`, whatever the values.
    pub fn keeps_what(&self, other: &Self) -> bool {
        let is_same = |step: usize| (0..self.n_entries).all(|k| self.is_kept(k, step) == other.is_kept(k, step));
        self.n_entries == other.n_entries && self.n_steps == other.n_steps && (0..self.n_steps).all(is_same)
    }

    /// Whether two steps keep the same entries with the same values.
    pub(crate) fn is_alike(&self, a: usize, b: usize) -> bool {
        let is_same = match &self.kept {
            Kept::Progressive(removed_at) => {
                let between = a.min(b) + 1..=a.max(b);
                removed_at.iter().all(|at| !between.contains(&usize::from(*at)))
            }
            Kept::EachStep(kept) => kept[a] == kept[b],
        };
        is_same && self.values_of(a) == self.values_of(b)
    }

    /// Notes that `step` removed entry `k`, and every later step does without it.
    pub(crate) fn remove(&mut self, k: usize, step: usize) {
        match &mut self.kept {
            Kept::Progressive(removed_at) => removed_at[k] = step as u8,
            Kept::EachStep(kept) => kept[step..].iter_mut().for_each(|flags| flags[k] = false),
        }
    }
}

/// Which weights of one matrix are kept. `[d_in, d_out]`, `true` = kept.
pub type WeightMask = Array2<bool>;

/// The fixed masks of a pruned model.
#[derive(Debug, Clone, PartialEq)]
pub struct Masks {
    /// The graph's, over all layers or hops.
    pub edges: EdgeMask,
    /// One per weight layer.
    pub weights: Vec<WeightMask>,
}

impl Masks {
    /// Share of graph entries removed, over all steps, `0..=1`.
    pub fn edge_sparsity(&self) -> f64 {
        self.edges.sparsity()
    }

    /// Share of weights removed, over all layers. In `0..=1`.
    pub fn weight_sparsity(&self) -> f64 {
        let all: usize = self.weights.iter().map(Array2::len).sum();
        let kept: usize = self.weights.iter().map(|w| w.iter().filter(|k| **k).count()).sum();
        if all == 0 { 0.0 } else { 1.0 - kept as f64 / all as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sparsity_is_the_removed_share() {
        let mut edges = EdgeMask::keep_all(4, 2);
        edges.remove(0, 0);
        edges.remove(1, 1);
        assert_eq!((edges.n_kept(0), edges.n_kept(1)), (3, 2));
        let masks = Masks { edges, weights: vec![Array2::from_shape_fn((2, 2), |(i, _)| i == 0)] };
        assert!((masks.edge_sparsity() - 3.0 / 8.0).abs() < 1e-12);
        assert!((masks.weight_sparsity() - 0.5).abs() < 1e-12);
    }

    #[test]
    fn steps_that_chose_for_themselves_say_so_and_hold_their_values() {
        let topology = Topology::try_new(vec![0, 2, 4], vec![0, 1, 0, 1]).expect("two nodes");
        let kept = vec![vec![true, false, true, true], vec![true, true, false, true]];
        let values = |n: [usize; 2]| EntryValues { steps: n.map(|n| Array2::from_elem((n, 1), 0.5)).to_vec() };
        let mask = EdgeMask::of_steps(kept.clone(), Some(values([3, 3])), &topology).expect("as many as are kept");
        assert_eq!((mask.removed_at(), mask.n_kept(0), mask.n_kept(1)), (None, 3, 3));
        assert_eq!([0, 1, 2].map(|k| mask.first_without(k)), [2, 0, 1]);
        assert_eq!((mask.removing_step(1, 0), mask.removing_step(1, 1)), (Some(0), None));
        assert!(mask.is_kept(1, 1) && mask.is_present(1, 1) && !mask.is_alike(0, 1));
        assert!((mask.sparsity_of(2) - 0.5).abs() < 1e-12);
        let error = EdgeMask::of_steps(kept, Some(values([3, 2])), &topology).unwrap_err().to_string();
        assert_eq!(error, "values of entries: expected 3 entries, found 2");
        let mut wrong = values([3, 3]);
        wrong.steps[1][[2, 0]] = f32::NAN;
        let error = mask.with_values(wrong).unwrap_err().to_string();
        assert!(error.contains("value of an entry in step 2") && error.contains("NaN"), "{error}");
    }
}
