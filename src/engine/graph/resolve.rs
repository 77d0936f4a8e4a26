//! Which split of a graph a recipe means.

use super::dataset::Dataset;
use super::split::{Split, stratified};
use crate::engine::error::EngineError;

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

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::engine::graph::{DatasetParts, Direction, Features, Labels, SelfLoops, Topology};

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
