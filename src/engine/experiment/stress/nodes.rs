//! Labels that are wrong in training, and test nodes that are not drawn evenly.

use rand::Rng as _;
use rand::seq::SliceRandom as _;

use super::draw::{drawn, rng, rounded_share};
use super::kinds::StressKind;
use crate::engine::certify::{degree_ranges, degrees};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Labels, Split};

/// Labels of which `level` of the training and validation nodes have another class; test nodes keep theirs.
pub(super) fn with_wrong(
    labels: &Labels,
    split: &Split,
    kind: StressKind,
    level: f64,
    seed: u64,
    ctl: &Control,
) -> Result<Labels, EngineError> {
    let nodes: Vec<usize> =
        (split.train.iter().chain(&split.val).map(|u| *u as usize)).filter(|u| labels.of(*u).is_some()).collect();
    let n_classes = labels.n_classes() as u32;
    let mut classes = labels.classes().to_vec();
    let mut others = rng(kind, seed, 1);
    for at in drawn(nodes.len(), rounded_share(level, nodes.len()), &mut rng(kind, seed, 0), ctl)? {
        let further = if kind == StressKind::PairwiseLabels { 1 } else { others.random_range(1..n_classes.max(2)) };
        let class = &mut classes[nodes[at]];
        *class = (*class + further) % n_classes;
    }
    Ok(labels.with_classes(classes))
}

/// The test nodes that are scored, in ascending order.
pub(super) fn scored(
    dataset: &Dataset,
    split: &Split,
    kind: StressKind,
    level: f64,
    seed: u64,
    ctl: &Control,
) -> Result<Vec<u32>, EngineError> {
    let mut rng = rng(kind, seed, 0);
    let mut groups: Vec<Vec<u32>> = if kind == StressKind::ClassImbalance {
        let of = |u: u32| dataset.labels().and_then(|labels| labels.of(u as usize));
        (0..dataset.n_classes()).map(|class| nodes_where(split, |u| of(u) == Some(class))).collect()
    } else {
        let degrees = degrees(dataset.topology());
        let within = |(low, high)| nodes_where(split, |u| (low..=high).contains(&degrees[u as usize]));
        degree_ranges(&degrees).into_iter().map(within).collect()
    };
    groups.retain(|nodes| !nodes.is_empty());
    if kind == StressKind::ClassImbalance {
        groups.shuffle(&mut rng);
    }
    let last = groups.len().saturating_sub(1).max(1) as f64;
    let mut kept = Vec::with_capacity(split.test.len());
    for (place, nodes) in groups.iter().enumerate() {
        let share = (1.0 - level).powf(place as f64 / last);
        let n_kept = rounded_share(share, nodes.len()).max(1);
        // All are drawn, so that the random numbers of the next group are the same at every level.
        let order = drawn(nodes.len(), nodes.len(), &mut rng, ctl)?;
        kept.extend(order[..n_kept].iter().map(|at| nodes[*at]));
    }
    kept.sort_unstable();
    Ok(kept)
}

fn nodes_where(split: &Split, belongs: impl Fn(u32) -> bool) -> Vec<u32> {
    split.test.iter().copied().filter(|u| belongs(*u)).collect()
}
