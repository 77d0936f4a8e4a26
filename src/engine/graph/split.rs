//! Which nodes train, validate and test.

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;

use super::dataset::{Dataset, Labels};
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

/// Shares of train and validation where nobody says otherwise; the rest is test.
const DEFAULT_SHARES: (f64, f64) = (0.5, 0.25);

/// Finds or makes the split that a recipe's `split` names.
///
/// `auto` is the graph's first split, else `stratified`; a name is the graph's split of that name; `stratified`,
/// `stratified:50/25/25` and `stratified:50/25/25@SEED` make one, with `seed` where the text has none. A graph without
/// labels gets an empty split, under the asked name, where one would have to be made: nothing is trained or evaluated then.
///
/// A split in a file of its own is read by `io` and put among the graph's splits first.
///
/// # Errors
/// [`EngineError::Recipe`] for a name that the graph does not have and for shares that make no split.
pub fn resolve_split(dataset: &Dataset, spec: &str, seed: u64) -> Result<Split, EngineError> {
    if let Some(split) = dataset.splits().iter().find(|s| s.name == spec) {
        return Ok(split.clone());
    }
    let asked = if spec == "auto" {
        if let Some(first) = dataset.splits().first() {
            return Ok(first.clone());
        }
        Some((DEFAULT_SHARES, seed))
    } else if let Some(rest) = spec.strip_prefix("stratified") {
        parse_stratified(rest, seed)
    } else {
        None
    };
    let Some(((train, val), seed)) = asked else {
        let mut names = vec!["auto"];
        names.extend(dataset.splits().iter().map(|s| s.name.as_str()));
        let expected = format!("{} or stratified:50/25/25@SEED", names.join(", "));
        return Err(EngineError::recipe("split", expected, spec));
    };
    match dataset.labels() {
        Some(labels) => stratified(labels, train, val, seed),
        None => Ok(Split { name: spec.to_owned(), ..Split::default() }),
    }
}

/// What stands behind `stratified`: nothing, or `:TRAIN/VAL/TEST` in percent that sum to 100, then perhaps `@SEED`.
fn parse_stratified(rest: &str, seed: u64) -> Option<((f64, f64), u64)> {
    let (shares, seed) = match rest.split_once('@') {
        Some((shares, text)) => (shares, text.parse().ok()?),
        None => (rest, seed),
    };
    if shares.is_empty() {
        return Some((DEFAULT_SHARES, seed));
    }
    let percents: Vec<f64> = shares.strip_prefix(':')?.split('/').map(str::parse).collect::<Result<_, _>>().ok()?;
    match percents[..] {
        [train, val, test] if (train + val + test - 100.0).abs() < 1e-6 => Some(((train / 100.0, val / 100.0), seed)),
        _ => None,
    }
}

fn percent(share: f64) -> f64 {
    (share * 1e4).round() / 100.0
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::graph::{DatasetParts, Direction, Features, SelfLoops, Topology};

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

    fn two_classes(n: u32, labelled: bool, splits: Vec<Split>) -> Dataset {
        let (topology, _) =
            Topology::from_edges(n as usize, &[], Direction::Symmetrised, SelfLoops::Added).expect("ids");
        Dataset::try_new(DatasetParts {
            name: "two classes".into(),
            source: "test".into(),
            topology,
            features: Features::Dense(Array2::ones((n as usize, 1))),
            labels: labelled.then(|| Labels::new((0..n).map(|u| u % 2).collect())),
            splits,
            node_ids: None,
            edge_weights: None,
        })
        .expect("parts that fit")
    }

    #[test]
    fn a_recipe_names_its_split() {
        let own = Split { name: "file".into(), train: vec![3], val: vec![1], test: vec![2] };
        let graph = two_classes(40, true, vec![own.clone()]);
        let name = |spec: &str| resolve_split(&graph, spec, 5).expect("a split").name;
        assert_eq!(resolve_split(&graph, "auto", 5).expect("the first"), own);
        assert_eq!(resolve_split(&graph, "file", 5).expect("by name"), own);
        assert_eq!(name("stratified"), "stratified:50/25/25@5");
        assert_eq!(name("stratified:60/20/20"), "stratified:60/20/20@5");
        assert_eq!(name("stratified:50/25/25@9"), "stratified:50/25/25@9");
        assert_eq!(name(&name("stratified:33.33/33.33/33.34@9")), "stratified:33.33/33.33/33.34@9");
        let bare = two_classes(40, true, Vec::new());
        assert_eq!(resolve_split(&bare, "auto", 5).expect("made").name, "stratified:50/25/25@5");
        for wrong in
            ["seed43", "stratified:50/25", "stratified:50/25/30", "stratified:a/b/c", "stratified@x", "stratifiedx"]
        {
            assert_eq!(
                resolve_split(&graph, wrong, 5).unwrap_err().to_string(),
                format!("recipe, split: expected auto, file or stratified:50/25/25@SEED, found {wrong}")
            );
        }
    }

    #[test]
    fn without_labels_a_made_split_is_empty() {
        let graph = two_classes(6, false, Vec::new());
        assert_eq!(resolve_split(&graph, "auto", 1).expect("empty"), Split { name: "auto".into(), ..Split::default() });
    }
}
