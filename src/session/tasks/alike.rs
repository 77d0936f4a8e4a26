//! A later graph made like the one that a bundle was made from: classes and columns of features by their names.

use std::collections::HashMap;

use ndarray::{Array2, Axis};
use sprs::CsMatI;

use super::TaskError;
use crate::engine::EngineError;
use crate::engine::graph::{Dataset, Features, Labels};
use crate::io::FeatureColumn;

/// So many names stand in a message.
const SHOWN: usize = 8;

/// The same graph with its classes numbered as the bundle's: by their names, where both have some. Of one class per node, those that the
/// bundle does not know come behind, so that no answer is right there; of any number, they are left out.
///
/// # Errors
/// As [`Dataset::try_new`].
pub(super) fn with_classes(now: Dataset, names: &[String], warnings: &mut Vec<String>) -> Result<Dataset, TaskError> {
    let Some(labels) = now.labels().filter(|labels| !labels.names.is_empty()) else { return Ok(now) };
    if names.is_empty() || labels.names == names {
        return Ok(now);
    }
    let unknown: Vec<String> = labels.names.iter().filter(|name| !names.contains(name)).cloned().collect();
    let labels = match labels.tags() {
        Some(tags) => tags_by_name((labels, tags), names, &unknown, warnings),
        None => classes_by_name(labels, names, &unknown, warnings),
    };
    let mut parts = now.to_parts();
    parts.labels = Some(labels);
    Ok(Dataset::try_new(parts)?)
}

/// What nodes of any number of classes are told of, in the bundle's order.
fn tags_by_name(
    (labels, tags): (&Labels, &Array2<bool>),
    names: &[String],
    unknown: &[String],
    warnings: &mut Vec<String>,
) -> Labels {
    let mut known = Array2::from_elem((tags.nrows(), names.len()), false);
    for (mut to, name) in known.columns_mut().into_iter().zip(names) {
        if let Some(from) = labels.names.iter().position(|own| own == name) {
            to.assign(&tags.column(from));
        }
    }
    let missing: Vec<String> = names.iter().filter(|name| !labels.names.contains(name)).cloned().collect();
    if !missing.is_empty() {
        warnings.push(format!("classes that no node of the later graph is told of: {}", listed(&missing)));
    }
    if !unknown.is_empty() {
        warnings.push(format!("classes that the model does not know, left out: {}", listed(unknown)));
    }
    let mut labels = Labels::multi(known);
    labels.names = names.to_vec();
    labels
}

/// One class per node, those that the bundle does not know behind its own.
fn classes_by_name(labels: &Labels, names: &[String], unknown: &[String], warnings: &mut Vec<String>) -> Labels {
    let all = [names, unknown].concat();
    let place = |name: &String| all.iter().position(|known| known == name).unwrap_or(all.len()) as u32;
    let of: Vec<u32> = labels.names.iter().map(place).collect();
    let own = |class: &u32| of.get(*class as usize).copied().unwrap_or(*class);
    let classes = labels.classes().iter().map(own).collect();
    if !unknown.is_empty() {
        let says = "classes that the model does not know, so that no answer is right there";
        warnings.push(format!("{says}: {}", listed(unknown)));
    }
    let mut labels = Labels::new(classes);
    labels.names = all;
    labels
}

/// The same graph with the columns of its features in the order of the first graph, by their names, where both have some: else as they lie.
/// A text that no node has any more makes a column of zeros.
///
/// # Errors
/// [`EngineError::Mismatch`] where a column is missing.
pub(super) fn with_columns(
    now: Dataset,
    own: &[FeatureColumn],
    first: &[FeatureColumn],
    warnings: &mut Vec<String>,
) -> Result<Dataset, TaskError> {
    let width = now.features().width();
    if own.len() != width || own.is_empty() || first.is_empty() || own == first {
        return Ok(now);
    }
    let place: HashMap<&FeatureColumn, usize> = own.iter().zip(0..).collect();
    let of_name = |name: &str| own.iter().any(|column| column.name == name && column.text.is_some());
    let is_there =
        |column: &FeatureColumn| place.contains_key(column) || column.text.is_some() && of_name(&column.name);
    let missing = first.iter().filter(|column| !is_there(column)).map(|column| column.name.clone());
    let mut missing: Vec<String> = missing.collect();
    missing.dedup();
    if !missing.is_empty() {
        let expected = format!("the {} of the first graph", first.len());
        let found = format!("no {}", listed(&missing));
        return Err(EngineError::mismatch("columns of features of the later graph", expected, found).into());
    }
    let unknown: Vec<String> = own.iter().filter(|column| !first.contains(column)).map(named).collect();
    let left_out = if unknown.is_empty() { String::new() } else { format!("; left out: {}", listed(&unknown)) };
    warnings.push(format!("columns of features are matched by their names{left_out}"));
    // For every column of the first graph where it stands now.
    let from: Vec<Option<usize>> = first.iter().map(|column| place.get(column).copied()).collect();
    let mut parts = now.to_parts();
    parts.features = rearranged(&parts.features, &from);
    Ok(Dataset::try_new(parts)?)
}

fn named(column: &FeatureColumn) -> String {
    match &column.text {
        Some(text) => format!("{} = {text}", column.name),
        None => column.name.clone(),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN { format!("{shown} and {} more", names.len() - SHOWN) } else { shown }
}

/// Column `j` is column `from[j]`, or zeros.
fn rearranged(features: &Features, from: &[Option<usize>]) -> Features {
    match features {
        Features::Dense(x) => {
            let mut all = Array2::zeros((x.nrows(), from.len()));
            for (j, from) in from.iter().enumerate() {
                if let Some(from) = from {
                    all.column_mut(j).assign(&x.index_axis(Axis(1), *from));
                }
            }
            Features::Dense(all)
        }
        Features::Sparse(x) => {
            let mut place = vec![None; x.cols()];
            for (j, from) in from.iter().enumerate() {
                if let Some(from) = from {
                    place[*from] = Some(j as u32);
                }
            }
            let (mut indptr, mut indices, mut values) = (vec![0usize], Vec::new(), Vec::new());
            for row in x.outer_iterator() {
                let mut moved: Vec<(u32, f32)> =
                    row.iter().filter_map(|(column, value)| Some((place[column]?, *value))).collect();
                moved.sort_unstable_by_key(|(column, _)| *column);
                indices.extend(moved.iter().map(|(column, _)| *column));
                values.extend(moved.iter().map(|(_, value)| *value));
                indptr.push(indices.len());
            }
            Features::Sparse(CsMatI::new((x.rows(), from.len()), indptr, indices, values))
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn column(name: &str, text: Option<&str>) -> FeatureColumn {
        FeatureColumn { name: name.to_owned(), text: text.map(str::to_owned) }
    }

    fn graph(x: Array2<f32>) -> Dataset {
        use crate::engine::graph::{DatasetParts, Direction, SelfLoops, Topology};
        let topology =
            Topology::from_edges(x.nrows(), &[(0, 1)], Direction::Symmetrised, SelfLoops::Added).expect("a graph").0;
        Dataset::try_new(DatasetParts {
            name: "g".into(),
            source: String::new(),
            topology,
            edge_weights: None,
            features: Features::Dense(x),
            labels: None,
            splits: Vec::new(),
            node_ids: None,
        })
        .expect("a graph")
    }

    #[test]
    fn columns_go_where_their_names_are_and_those_that_are_missing_are_named() {
        let first = [column("age", None), column("town", Some("Bonn")), column("town", Some("Ulm"))];
        let own = [column("town", Some("Ulm")), column("pay", None), column("age", None)];
        let mut warnings = Vec::new();
        let now = graph(array![[1.0, 5.0, 40.0], [0.0, 6.0, 50.0]]);
        let sparse = Features::Sparse(CsMatI::csr_from_dense(now.features().to_dense().view(), 0.0));
        let expected = array![[40.0, 0.0, 1.0], [50.0, 0.0, 0.0]];
        let from = [Some(2), None, Some(0)];
        assert_eq!(rearranged(&sparse, &from).to_dense(), expected, "stored either way");
        let found = with_columns(now, &own, &first, &mut warnings).expect("all are there");
        assert_eq!(found.features().to_dense(), expected);
        assert_eq!(warnings, ["columns of features are matched by their names; left out: pay"]);
        let fault = with_columns(graph(array![[1.0], [2.0]]), &own[1..2], &first, &mut warnings).expect_err("no age");
        assert!(fault.to_string().contains("the 3 of the first graph, found no age, town"), "{fault}");
        // Without names on one side columns are taken as they lie.
        let plain = with_columns(graph(array![[1.0], [2.0]]), &[], &first, &mut warnings).expect("as it is");
        assert_eq!(plain.features().width(), 1);
    }

    #[test]
    fn classes_of_any_number_go_by_their_names() {
        let mut parts = graph(Array2::ones((2, 1))).to_parts();
        let tags = array![[true, false, true], [false, true, false]];
        let names = |of: &[&str]| of.iter().map(|name| (*name).to_owned()).collect::<Vec<String>>();
        let mut labels = Labels::multi(tags);
        labels.names = names(&["c", "new", "a"]);
        parts.labels = Some(labels);
        let mut warnings = Vec::new();
        let now = Dataset::try_new(parts).expect("a graph");
        let found = with_classes(now, &names(&["a", "b", "c"]), &mut warnings).expect("a graph");
        let labels = found.labels().expect("labels");
        assert_eq!(labels.tags(), Some(&array![[true, false, true], [false, false, false]]));
        assert_eq!(labels.names, ["a", "b", "c"]);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }
}
