//! Which nodes train, validate and test.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::labels::Labels;
use crate::engine::error::EngineError;

/// One division of the nodes. Nodes in none of the three take no part in training or evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Split {
    /// How it is called in a recipe, for example `file`, `seed42` or `stratified:50/25/25@7`.
    pub name: String,
    /// Nodes whose labels train the model.
    pub train: Vec<u32>,
    /// Nodes that choose the best epoch.
    pub val: Vec<u32>,
    /// Nodes that are reported.
    pub test: Vec<u32>,
}

impl Split {
    /// Checks that the split names existing nodes, each at most once.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] with the first node at fault.
    pub fn check(&self, n_nodes: usize) -> Result<(), EngineError> {
        let mut seen = vec![false; n_nodes];
        for (part, nodes) in [("train", &self.train), ("val", &self.val), ("test", &self.test)] {
            for &u in nodes {
                let what = || format!("split {}, {part}", self.name);
                let Some(slot) = seen.get_mut(u as usize) else {
                    return Err(EngineError::mismatch(what(), format!("nodes below {n_nodes}"), u));
                };
                if *slot {
                    return Err(EngineError::mismatch(what(), "each node at most once", format!("node {u} again")));
                }
                *slot = true;
            }
        }
        Ok(())
    }

    /// The nodes of a part by its contract name: `train`, `val` or `test`.
    pub fn part(&self, name: &str) -> Option<&[u32]> {
        match name {
            "train" => Some(&self.train),
            "val" => Some(&self.val),
            "test" => Some(&self.test),
            _ => None,
        }
    }
}

/// Makes a split whose three parts hold every class in proportion.
///
/// Each class is shuffled with the seed and cut at the two shares (rounded to whole nodes, the rest is test); the parts are
/// then in ascending node order. Unlabelled nodes belong to none. Nodes with any number of classes are not told apart.
///
/// # Errors
/// [`EngineError::Recipe`] when the shares are not positive or sum to more than 1.
///
/// # Examples
/// ```
/// use unifews::engine::graph::{Labels, stratified};
///
/// let labels = Labels::new(vec![0, 0, 0, 0, 1, 1, 1, 1]);
/// let split = stratified(&labels, 0.5, 0.25, 42)?;
/// assert_eq!((split.train.len(), split.val.len(), split.test.len()), (4, 2, 2));
/// # Ok::<(), unifews::engine::EngineError>(())
/// ```
pub fn stratified(labels: &Labels, train: f64, val: f64, seed: u64) -> Result<Split, EngineError> {
    if !(train > 0.0 && val >= 0.0 && train + val <= 1.0) {
        return Err(EngineError::recipe("split", "positive shares that sum to at most 1", format!("{train}/{val}")));
    }
    let mut rng = StdRng::seed_from_u64(seed);
    let name = format!("stratified:{}/{}/{}@{seed}", percent(train), percent(val), percent(1.0 - train - val));
    let mut split = Split { name, ..Split::default() };
    let n_groups = if labels.tags().is_some() { 1 } else { labels.n_classes() };
    for group in 0..n_groups {
        let belongs = |u: &u32| labels.tags().is_some() || labels.of(*u as usize) == Some(group);
        let mut nodes: Vec<u32> = (0..labels.classes().len() as u32).filter(belongs).collect();
        nodes.shuffle(&mut rng);
        let first = (nodes.len() as f64 * train).round() as usize;
        let second = (nodes.len() as f64 * (train + val)).round() as usize;
        split.train.extend_from_slice(&nodes[..first]);
        split.val.extend_from_slice(&nodes[first..second]);
        split.test.extend_from_slice(&nodes[second..]);
    }
    split.train.sort_unstable();
    split.val.sort_unstable();
    split.test.sort_unstable();
    Ok(split)
}

fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stratified_parts_hold_every_class_in_proportion_and_repeat_with_the_seed() {
        let labels = Labels::new((0..400).map(|i| u32::from(i % 4 == 0)).collect());
        let split = stratified(&labels, 0.5, 0.25, 9).expect("valid shares");
        assert_eq!((split.train.len(), split.val.len(), split.test.len()), (200, 100, 100));
        assert_eq!(split.train.iter().filter(|u| labels.of(**u as usize) == Some(1)).count(), 50);
        split.check(400).expect("disjoint");
        assert_eq!(split, stratified(&labels, 0.5, 0.25, 9).expect("valid shares"));
        assert_ne!(split.train, stratified(&labels, 0.5, 0.25, 10).expect("valid shares").train);
        assert_eq!(split.name, "stratified:50/25/25@9");
        assert!(stratified(&labels, 0.9, 0.2, 1).is_err());
    }
}
