//! How many entries stay where, and which: known rows and rows of nodes that arrive have budgets of their own.

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Topology;
use crate::engine::recovery::entries;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::{Allocation, EntryChoice, RecoveryRule};

/// From this removed share on, what is kept goes to the first steps.
const FIRST_STEPS_FROM: f64 = 0.8;
/// From this one on it does where weights are trained afterwards, as long as no step keeps more than [`MAX_KEPT_BY_TRAINED`].
const FIRST_STEPS_OF_TRAINED_FROM: f64 = 0.5;
/// The share that a step keeps at most below [`FIRST_STEPS_FROM`].
const MAX_KEPT_BY_TRAINED: f64 = 0.8;

/// What entries are chosen under.
pub(super) struct Choice<'a> {
    pub(super) topology: &'a Topology,
    /// Of every node whether it is known.
    pub(super) is_known: &'a [bool],
    /// The share of removable entries that every step is to do without.
    pub(super) removed: &'a [f64],
    pub(super) rule: &'a RecoveryRule,
    /// Whether a step chooses among what the one before kept.
    pub(super) is_nested: bool,
    /// What is kept whatever it is worth.
    pub(super) exempt: &'a Exempt,
}

impl Choice<'_> {
    /// For every step which entries it keeps, by the highest of `keys`; self-loops stay.
    ///
    /// The share that is removed is the same in the rows of known nodes and in those of nodes that arrive: these are less sure of
    /// themselves, and in one budget would quietly get more than what is reported.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn kept(&self, keys: &[f32], ctl: &Control) -> Result<Vec<Vec<bool>>, EngineError> {
        let groups = [true, false].map(|is_known| {
            let mut rows = vec![false; self.topology.n_entries()];
            for u in (0..self.topology.n_nodes()).filter(|u| self.is_known[*u] == is_known) {
                rows[self.topology.row_range(u)].fill(true);
            }
            let n_removable = self.topology.entries().zip(&rows).filter(|((u, v), is_in)| u != v && **is_in).count();
            (rows, self.budgets(n_removable))
        });
        let mut kept: Vec<Vec<bool>> = Vec::with_capacity(self.removed.len());
        for step in 0..self.removed.len() {
            ctl.check()?;
            // As many as before are the same ones.
            if let Some(before) = kept.last()
                && groups.iter().all(|(_, budgets)| budgets[step] == budgets[step - 1])
            {
                let again = before.clone();
                kept.push(again);
                continue;
            }
            let before = kept.last().filter(|_| self.is_nested);
            let mut of_step = vec![false; self.topology.n_entries()];
            for (rows, budgets) in &groups {
                let mut allowed = rows.clone();
                if let Some(before) = before {
                    allowed.iter_mut().zip(before).for_each(|(allowed, before)| *allowed &= before);
                }
                let budget = (budgets[step], self.rule.least_per_node);
                let of_group = entries::choose(self.topology, keys, &allowed, budget, self.exempt);
                of_step.iter_mut().zip(of_group).for_each(|(kept, more)| *kept |= more);
            }
            kept.push(of_step);
        }
        Ok(kept)
    }

    /// How many of `n_removable` entries every step keeps.
    fn budgets(&self, n_removable: usize) -> Vec<usize> {
        if self.rule.entries == EntryChoice::None {
            return vec![0; self.removed.len()];
        }
        let n_keep = |share: &f64| n_removable - ((share * n_removable as f64).ceil() as usize).min(n_removable);
        let as_given: Vec<usize> = self.removed.iter().map(n_keep).collect();
        let mean = self.removed.iter().sum::<f64>() / self.removed.len().max(1) as f64;
        let from = if self.rule.train_epochs > 0 { FIRST_STEPS_OF_TRAINED_FROM } else { FIRST_STEPS_FROM };
        if self.rule.allocation == Allocation::AsGiven || mean < from - 1e-9 {
            return as_given;
        }
        let most = if mean < FIRST_STEPS_FROM - 1e-9 { MAX_KEPT_BY_TRAINED } else { 1.0 };
        let most = (most * n_removable as f64).round() as usize;
        let mut left: usize = as_given.iter().sum();
        let first = |_| {
            let n = left.min(most);
            left -= n;
            n
        };
        as_given.into_iter().map(first).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};

    fn topology() -> Topology {
        let shape = PowerLaw { n_nodes: 90, n_entries: 800, n_features: 4, n_classes: 3, seed: 2 };
        let graph = power_law_communities(&shape, &Control::new(1).expect("a worker")).expect("a graph");
        graph.topology().clone()
    }

    /// Ties among them.
    fn keys(n: usize) -> Vec<f32> {
        (0..n).map(|k| -((k * 37 % 101) as f32)).collect()
    }

    #[test]
    fn both_kinds_of_rows_lose_the_same_share_and_the_highest_stay() {
        let topology = topology();
        let is_known: Vec<bool> = (0..90).map(|u| u % 4 != 1).collect();
        let keys = keys(topology.n_entries());
        for (removed, allocation, expected) in [
            (vec![0.5, 0.5], Allocation::Agreement, [0.5, 0.5]),
            (vec![0.8, 0.8], Allocation::Agreement, [0.4, 0.0]),
            (vec![0.9, 0.9], Allocation::Agreement, [0.2, 0.0]),
            (vec![0.9, 0.9], Allocation::AsGiven, [0.1, 0.1]),
            (vec![0.9, 0.3], Allocation::Agreement, [0.1, 0.7]),
        ] {
            let rule = RecoveryRule { allocation, ..RecoveryRule::default() };
            let exempt = Exempt::default();
            let of = |n_threads: usize| {
                let choice = Choice {
                    topology: &topology,
                    is_known: &is_known,
                    removed: &removed,
                    rule: &rule,
                    is_nested: false,
                    exempt: &exempt,
                };
                choice.kept(&keys, &Control::new(n_threads).expect("workers")).expect("not cancelled")
            };
            let kept = of(1);
            assert_eq!(kept, of(3));
            for (step, share) in expected.into_iter().enumerate() {
                for group in [true, false] {
                    let entries: Vec<usize> = topology
                        .entries()
                        .enumerate()
                        .filter(|(_, (u, v))| u != v && is_known[*u as usize] == group)
                        .map(|(k, _)| k)
                        .collect();
                    let n_kept = entries.iter().filter(|k| kept[step][**k]).count();
                    let wanted = share * entries.len() as f64;
                    assert!((n_kept as f64 - wanted).abs() <= 2.0, "{removed:?} {step} {group}: {n_kept} of {wanted}");
                    // The slow way.
                    let mut order = entries;
                    order.sort_by(|a, b| keys[*b].total_cmp(&keys[*a]).then(a.cmp(b)));
                    assert!(order.iter().enumerate().all(|(at, k)| kept[step][*k] == (at < n_kept)));
                }
                assert!(topology.entries().zip(&kept[step]).all(|((u, v), kept)| u != v || *kept));
            }
        }
    }

    #[test]
    fn what_is_kept_fills_steps_from_the_first_and_nested_steps_stay_within_the_one_before() {
        let topology = topology();
        let all = vec![true; 90];
        let (rule, exempt) = (RecoveryRule::default(), Exempt::default());
        let choice = |removed: &'static [f64], is_nested: bool| Choice {
            topology: &topology,
            is_known: &all,
            removed,
            rule: &rule,
            is_nested,
            exempt: &exempt,
        };
        assert_eq!(choice(&[0.8; 5], false).budgets(100), [100, 0, 0, 0, 0]);
        assert_eq!(choice(&[0.85; 20], false).budgets(100), [&[100; 3][..], &[0; 17]].concat());
        assert_eq!(choice(&[0.9; 4], false).budgets(100), [40, 0, 0, 0]);
        assert_eq!(choice(&[0.79; 4], false).budgets(100), [21; 4]);
        let rule = RecoveryRule { entries: EntryChoice::None, ..RecoveryRule::default() };
        assert_eq!(Choice { rule: &rule, ..choice(&[0.2; 2], false) }.budgets(100), [0, 0]);
        let ctl = Control::new(1).expect("a worker");
        let keys = keys(topology.n_entries());
        let [free, nested] =
            [false, true].map(|is_nested| choice(&[0.7, 0.2], is_nested).kept(&keys, &ctl).expect("not cancelled"));
        assert!(free[1].iter().zip(&free[0]).any(|(later, before)| *later && !before));
        assert!(nested[1].iter().zip(&nested[0]).all(|(later, before)| !later || *before));
    }
}
