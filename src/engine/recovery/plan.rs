//! How many entries every step keeps and how many weights every matrix loses: what the recipe's own rules ask for.

use std::sync::Arc;

use super::channels::{self, Channels};
use super::units::units;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::model::{Model, Op, Parameter};
use crate::engine::sparsify::decide::decide;
use crate::engine::sparsify::exempt::Exempt;
use crate::engine::sparsify::{
    EdgeMode, EdgeTrace, FitNodes, Masks, NodesAre, Pruned, Recipe, RecoveryRule, WeightMask, WeightMode,
    WeightRecovery,
};

/// What the last matrices may take of the weights that stay.
const MAX_SHARE_OF_LAST: f64 = 1.0 / 3.0;
/// The largest share of a matrix that is removed.
const MAX_REMOVED_SHARE: f64 = 0.999;

/// What is to be kept and removed.
pub(super) struct Plan {
    /// Removable entries that every step keeps.
    pub(super) n_keep: Vec<usize>,
    /// Weights that go from every matrix of the model that may be pruned.
    pub(super) n_removed: Vec<usize>,
    /// Masks that are decided already, where something goes by the recipe's own rules.
    pub(super) masks: Option<Masks>,
    /// What those rules say of the entries of every step; where recovery chooses none itself.
    pub(super) decided: Option<Vec<EdgeTrace>>,
    /// Channels that go as a whole, where some do.
    pub(super) channels: Option<Channels>,
    /// What is kept or removed whatever it is worth.
    pub(super) exempt: Exempt,
    /// Nodes that weights, bias and normalisation are fitted on; `None`: all.
    pub(super) nodes: Option<Vec<u32>>,
}

impl Plan {
    pub(super) fn of(
        dataset: &Dataset,
        model: &Arc<Model>,
        recipe: &Recipe,
        rule: &RecoveryRule,
        split: &Split,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let topology = dataset.topology();
        let n_removable = topology.n_entries() - topology.n_self_loops();
        let n_steps = recipe.model.n_graph_steps();
        let by_threshold = recipe.edges.mode != EdgeMode::Target
            || recipe.weights.mode != WeightMode::Target
            || recipe.weights.ranking.is_some()
            || rule.weights == WeightRecovery::AsIs
            || !rule.chooses_entries();
        // Where thresholds decide, they say how much goes; recovery says which.
        let plain = if by_threshold { Some(decide(dataset, model, recipe, split, None, &ctl.quiet())?) } else { None };
        let n_keep = (0..n_steps).map(|step| match (&plain, recipe.edges.mode) {
            (_, EdgeMode::Target) if rule.chooses_entries() => {
                n_removable - ((recipe.delta_a(step) * n_removable as f64).ceil() as usize).min(n_removable)
            }
            (Some(plain), _) => plain.masks.edges.n_kept(step) - topology.n_self_loops(),
            (None, _) => n_removable,
        });
        let n_keep = n_keep.collect();
        let traces = |plain: &Pruned| plain.steps.iter().filter_map(|step| step.edges.clone()).collect();
        let decided = plain.as_ref().filter(|_| !rule.chooses_entries()).map(traces);
        let masks = plain.map(|plain| plain.masks);
        let nodes = (rule.fit_on == FitNodes::TrainVal).then(|| {
            let mut nodes = [split.train.as_slice(), split.val.as_slice()].concat();
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        });
        let nodes = nodes.filter(|nodes| !nodes.is_empty());
        let share = recipe.channels.map_or(0.0, |rule| rule.share);
        let channels = if share > 0.0 {
            Some(channels::choose(dataset, model, recipe, share, nodes.as_deref(), &ctl.quiet())?)
        } else {
            None
        };
        let mut n_removed = n_removed(model, recipe, rule, masks.as_ref());
        if let Some(channels) = &channels {
            count_closed(&mut n_removed, channels);
        }
        Ok(Self { n_keep, n_removed, masks, decided, channels, exempt: Exempt::of(dataset, recipe, split)?, nodes })
    }
}

impl Plan {
    /// Which weights of a matrix stay, where recovery chooses none itself.
    pub(super) fn decided_weights(&self, idx: usize) -> Option<&WeightMask> {
        self.decided.as_ref().and(self.masks.as_ref()).map(|masks| &masks.weights[idx])
    }

    /// Ways to spread what is kept over the steps, the given one first: more of it in the last ones, more in the first ones. Where steps are
    /// nested, a step cannot keep more than the one before it did: more in the first ones by half, or as far as it goes.
    pub(super) fn allocations(&self, n_removable: usize, are_nested: bool) -> Vec<Vec<usize>> {
        let n = self.n_keep.len();
        let total: usize = self.n_keep.iter().sum();
        if n < 2 || total == 0 || total == n * n_removable {
            return vec![self.n_keep.clone()];
        }
        let tilted = |sign: f64| {
            let share = |step: usize| 1.0 + sign * (1.0 - 2.0 * step as f64 / (n - 1) as f64);
            let mut keep: Vec<usize> =
                self.n_keep.iter().enumerate().map(|(l, k)| (*k as f64 * share(l)) as usize).collect();
            // Where steps were given different shares, their tilted ones may come to more.
            let sum: usize = keep.iter().sum();
            for k in &mut keep {
                *k = (*k * total.min(sum) / sum.max(1)).min(n_removable);
            }
            // What does not fit, or was rounded off, goes where there is room.
            let mut left = total - keep.iter().sum::<usize>().min(total);
            for k in &mut keep {
                let more = left.min(n_removable - *k);
                (*k, left) = (*k + more, left - more);
            }
            keep
        };
        let goes = |keep: &Vec<usize>| !are_nested || keep.windows(2).all(|pair| pair[1] <= pair[0]);
        let tilts = if are_nested { [0.5, 1.0] } else { [-1.0, 1.0] };
        let others = tilts.into_iter().map(tilted).filter(goes);
        std::iter::once(self.n_keep.clone()).chain(others).collect()
    }
}

/// Weights that go from every matrix that may be pruned.
fn n_removed(model: &Model, recipe: &Recipe, rule: &RecoveryRule, masks: Option<&Masks>) -> Vec<usize> {
    let program = model.program().inference();
    let computed = units(&program).computed(&program);
    let is_computed = |name: &str| {
        let of_name = |op: &Op| matches!(op, Op::Matmul { weight, .. } if weight == name);
        program.instructions.iter().enumerate().any(|(at, i)| computed[at] && of_name(&i.op))
    };
    // Coefficients of attention that are fixed need no target's product; for nodes that arrive they cannot be fixed.
    let is_fixed = rule.nodes_are == NodesAre::Static;
    let weights: Vec<_> = model.weights().collect();
    let n_masked = |masks: &Masks, idx: usize| masks.weights[idx].iter().filter(|kept| !**kept).count();
    if let Some(masks) = masks.filter(|_| !rule.chooses_entries()) {
        let of_mask =
            |(idx, weight): (usize, &&Parameter)| if is_computed(&weight.name) { n_masked(masks, idx) } else { 0 };
        return weights.iter().enumerate().map(of_mask).collect();
    }
    let requested: Vec<f64> = weights
        .iter()
        .enumerate()
        .map(|(idx, weight)| {
            let (size, layer) = (weight.values.len() as f64, weight.prunable_layer().unwrap_or_default());
            let by_target = recipe.weights.mode == WeightMode::Target && recipe.weights.ranking.is_none();
            match masks.filter(|_| !by_target) {
                _ if is_fixed && !is_computed(&weight.name) => 0.0,
                Some(masks) => n_masked(masks, idx) as f64,
                None => recipe.delta_w(layer) * size,
            }
        })
        .collect();
    let last = weights.iter().filter_map(|w| w.prunable_layer()).max().unwrap_or_default();
    let is_last = |idx: usize| rule.last_matrix_whole && last > 0 && weights[idx].prunable_layer() == Some(last);
    let sum = |of: &dyn Fn(usize) -> f64, wanted: bool| -> f64 {
        (0..requested.len()).filter(|idx| is_last(*idx) == wanted).map(of).sum()
    };
    let size = |idx: usize| if requested[idx] > 0.0 { weights[idx].values.len() as f64 } else { 0.0 };
    // The last matrices stay whole, or as much of them as a part of what stays of all: the others pay for it.
    let total: f64 = requested.iter().sum();
    let stays = sum(&size, true) + sum(&size, false) - total;
    let requested_of_last = sum(&|idx| requested[idx], true);
    let removed_of_last = (sum(&size, true) - MAX_SHARE_OF_LAST * stays).clamp(0.0, requested_of_last);
    let factor = |is_last: bool| {
        let (part, wanted) =
            (sum(&|idx| requested[idx], is_last), if is_last { removed_of_last } else { total - removed_of_last });
        if part > 0.0 { wanted / part } else { 0.0 }
    };
    let of_matrix = |idx: usize| {
        let most = MAX_REMOVED_SHARE * weights[idx].values.len() as f64;
        (requested[idx] * factor(is_last(idx))).min(most).round() as usize
    };
    (0..requested.len()).map(of_matrix).collect()
}

/// What went with channels counts as removed: where that is more than was asked of a matrix, the others pay less.
fn count_closed(n_removed: &mut [usize], channels: &Channels) {
    let closed: Vec<usize> = (0..n_removed.len()).map(|idx| channels.n_closed(idx)).collect();
    let too_many: usize = n_removed.iter().zip(&closed).map(|(asked, closed)| closed.saturating_sub(*asked)).sum();
    let room: usize = n_removed.iter().zip(&closed).map(|(asked, closed)| asked.saturating_sub(*closed)).sum();
    let less = if room > 0 { too_many.min(room) as f64 / room as f64 } else { 0.0 };
    for (asked, closed) in n_removed.iter_mut().zip(closed) {
        let room = asked.saturating_sub(closed);
        *asked = closed + (room as f64 * (1.0 - less)).round() as usize;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_keeps_as_much_and_nested_steps_never_more_than_the_one_before() {
        let plan = |n_keep: Vec<usize>| Plan {
            n_keep,
            n_removed: Vec::new(),
            masks: None,
            decided: None,
            channels: None,
            exempt: Exempt::default(),
            nodes: None,
        };
        assert_eq!(plan(vec![10, 10]).allocations(100, false), [[10, 10], [0, 20], [20, 0]]);
        assert_eq!(plan(vec![10, 10]).allocations(100, true), [[10, 10], [15, 5], [20, 0]]);
        for n_keep in [vec![10, 10], vec![90, 60], vec![5, 6, 7], vec![30; 5]] {
            let total: usize = n_keep.iter().sum();
            for are_nested in [false, true] {
                let found = plan(n_keep.clone()).allocations(100, are_nested);
                assert_eq!(found[0], n_keep, "the given one first");
                for keep in &found[1..] {
                    assert_eq!(keep.iter().sum::<usize>(), total, "{keep:?}");
                    assert!(!are_nested || keep.windows(2).all(|pair| pair[1] <= pair[0]), "{keep:?}");
                }
            }
        }
    }
}
