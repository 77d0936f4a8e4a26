//! Classes of nodes, whatever the format they come from: what a class is, and what says that there is none.
//!
//! No class: a number below 0 (PyTorch's -100, OGB's -1), NaN, the largest number of an unsigned type, which is -1 cast to it, and a
//! text such as `NA` or `nan`.

use ndarray::Array2;

use super::draft::MAX_CLASSES;
use super::targets::{EXPECTED_TAGS, labels_of_tags, no_tag, tag_of, tags_of};
use crate::engine::graph::Labels;
use crate::io::npy::Array;
use crate::io::report::{LoadError, LoadReport};

/// Whether a text stands for a class that is missing.
pub(super) fn says_nothing(text: &str) -> bool {
    const NOTHING: [&str; 11] = ["", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "unlabeled", "unlabelled"];
    let text = text.trim();
    NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

/// One class per node from integers; below 0 means unlabelled. `fault` makes the error of the place they came from.
pub(super) fn labels_from(values: &[i64], fault: impl Fn(String, i64) -> LoadError) -> Result<Labels, LoadError> {
    let class = |value: i64| match u32::try_from(value) {
        Ok(class) if value < MAX_CLASSES => Ok(class),
        _ if value < 0 => Ok(Labels::UNLABELLED),
        _ => Err(fault(format!("classes below {MAX_CLASSES}"), value)),
    };
    Ok(Labels::new(values.iter().map(|v| class(*v)).collect::<Result<_, _>>()?))
}

/// Labels of `n` nodes: one class per node, or a matrix of zeros and ones with a column per class; a matrix that gives every node
/// exactly one class is read as that. Says what counts as no class; pairs of node and class that are not known are not there.
pub(super) fn read_labels(array: &Array, n: usize, report: &mut LoadReport) -> Result<Labels, LoadError> {
    let &[rows, n_classes] = array.shape() else {
        array.check_vector(n, "one class per node")?;
        return single(array, report);
    };
    if rows != n {
        return Err(array.fault(format!("{n} rows (one per node)"), rows));
    }
    if n_classes == 1 { single(array, report) } else { several(array, report) }
}

/// As [`read_labels`], for an array that is the class by its name alone: numbers to be predicted are no classes and are left out.
pub(super) fn read_unless_numbers(
    name: &str,
    array: &Array,
    n: usize,
    is_asked: bool,
    report: &mut LoadReport,
) -> Result<Option<Labels>, LoadError> {
    if !is_asked
        && !array.is_text()
        && let Some(number) = array.to_f32s()?.into_iter().find(|value| value.fract() != 0.0 && value.is_finite())
    {
        let number =
            format!("{name} (numbers to be predicted, such as {number}, are no classes: --labels names another)");
        report.ignored.push(number);
        return Ok(None);
    }
    read_labels(array, n, report).map(Some)
}

/// One class per node.
pub(super) fn single(array: &Array, report: &mut LoadReport) -> Result<Labels, LoadError> {
    if array.is_text() {
        return Ok(of_texts(&array.to_texts()?));
    }
    let (classes, no_class) = array.to_classes()?;
    if let Some(no_class) = no_class {
        report.fact("no class", format!("{no_class} (the largest number of its type, -1 as it is written)"));
    }
    labels_from(&classes, |expected, found| array.fault(expected, found))
}

/// Classes by name, in alphabetical order.
fn of_texts(texts: &[String]) -> Labels {
    let mut names: Vec<&String> = texts.iter().filter(|text| !says_nothing(text)).collect();
    names.sort_unstable();
    names.dedup();
    let class = |text: &String| match names.binary_search(&text) {
        Ok(class) => class as u32,
        Err(_) => Labels::UNLABELLED,
    };
    let mut labels = Labels::new(texts.iter().map(class).collect());
    labels.names = names.into_iter().cloned().collect();
    labels
}

/// A column per class, where a number below 0 or NaN says that it is not known.
fn several(array: &Array, report: &mut LoadReport) -> Result<Labels, LoadError> {
    let values = array.to_f32_matrix()?;
    // Every node has one class or is not known at all: as where there is one number per node.
    let class = |row: ndarray::ArrayView1<'_, f32>| {
        let mut ones = row.iter().enumerate().filter(|(_, v)| tag_of(**v) == Some(true));
        match (ones.next(), ones.next()) {
            (Some((class, _)), None) if row.iter().all(|v| !is_unknown(*v)) => Some(class as u32),
            (None, _) if row.iter().all(|v| is_unknown(*v)) => Some(Labels::UNLABELLED),
            _ => None,
        }
    };
    if values.iter().any(|v| is_unknown(*v))
        && let Some(classes) = values.rows().into_iter().map(class).collect::<Option<Vec<u32>>>()
    {
        return Ok(Labels::new(classes));
    }
    known_tags(array, report).map(labels_of_tags)
}

fn is_unknown(value: f32) -> bool {
    value.is_nan() || (value < 0.0 && value.fract() == 0.0)
}

/// Which classes every node has; pairs of node and class that are not known are not there, and are counted in the report.
pub(super) fn known_tags(array: &Array, report: &mut LoadReport) -> Result<Array2<bool>, LoadError> {
    let values = array.to_f32_matrix()?;
    let n_unknown = values.iter().filter(|v| is_unknown(**v)).count();
    if n_unknown == 0 {
        return tags_of(array);
    }
    if values.ncols() > MAX_CLASSES as usize {
        return Err(array.fault(format!("at most {MAX_CLASSES} classes"), values.ncols()));
    }
    if let Some(found) = values.iter().find(|v| !is_unknown(**v) && tag_of(**v).is_none()) {
        return Err(array.fault(EXPECTED_TAGS, no_tag(*found)));
    }
    report.warnings.push(format!("{n_unknown} pairs of node and class are not known: they count as 0"));
    Ok(values.mapv(|v| tag_of(v) == Some(true)))
}
