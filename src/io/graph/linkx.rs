//! MATLAB files of the LINKX collection and its kin, by the names of their matrices.
//!
//! ```text
//! A, local_info                          facebook100: the class is gender (column 2), less one; the other columns one column per value
//! A, features, label                     deezer-europe, and others
//! edge_index, node_feat, label           genius, pokec; edge_index [2, e] from 0; num_nodes perhaps
//! edge_index, node_feat, years           snap-patents: the class is the fifth of the years
//! homo, features, label                  YelpChi, Amazon (fraud): the other relations are not used
//! ```
//! Entry (i, j) of a matrix is an edge from i to j; values of `A` are weights where the user asks for them alone. A class below 0 or NaN is
//! unlabelled. The user may name other matrices for features and classes. Splits of the collection (`NAME-splits.npy`) are pickles and
//! not read.

use ndarray::Array2;
use sprs::CsMatI;

use super::build::{Stated, build};
use super::draft::{Draft, MAX_CLASSES};
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::labels::labels_from;
use super::node_index::NodeOrder;
use super::request::Request;
use super::targets::{labels_of_tags, tag_of};
use crate::engine::graph::{EdgeList, Features, Labels};
use crate::io::file::stem;
use crate::io::mat::{Matrix, Values, is_mat, read_matrices};
use crate::io::reading::{self, Pace};
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "MATLAB file",
    listed: Listed { group: Group::Files, place: 2, name: "LINKX .mat" },
    title: "LINKX (MATLAB, version 5)",
    files: "`.mat`",
    also: "features, labels",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[Meets::NodeParts],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Bytes { head, .. } if is_mat(head)).then_some(Certainty::Likely)
}

/// Wider features are refused: models allocate by width.
const MAX_WIDTH: usize = 1 << 24;

/// Reads the file.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut matrices = read_matrices(path)?;
    request.check()?;
    let mut report = LoadReport::default();
    let names: Vec<String> = matrices.iter().map(|m| shortened(&m.name)).collect();
    let mut take = |known: &[&str]| {
        let at = known.iter().find_map(|name| matrices.iter().position(|m| m.name == *name))?;
        Some(matrices.remove(at))
    };
    let structure = take(&["A", "homo", "edge_index"]).ok_or_else(|| {
        let expected = "a matrix A, homo or edge_index";
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        LoadError::content(path, "whole file", expected, found)
    })?;
    let n_stated = take(&["num_nodes"]).and_then(|m| match m.values {
        Values::Dense(values) => values.first().copied(),
        _ => None,
    });
    let feature = match request.options.features.as_deref() {
        None | Some([]) => None,
        Some([name]) => Some(name.as_str()),
        Some(names) => return Err(LoadError::content(path, "graph.features", "one matrix", names.join(", "))),
    };
    for (key, asked) in [("features", feature), ("labels", request.options.labels.as_deref())] {
        if let Some(name) = asked.filter(|name| !names.iter().any(|known| known == name)) {
            return Err(LoadError::content(path, format!("graph.{key}"), names.join(", "), shortened(name)));
        }
    }
    let features = match feature {
        Some(name) => take(&[name]),
        None => take(&["node_feat", "features", "attrb", "x"]),
    };
    let info = take(&["local_info"]);
    let asked = request.options.labels.as_deref();
    let labels = match asked {
        Some(name) => take(&[name]),
        None => take(&["label", "labels", "gnd", "y"]),
    };
    let mut left_out = |matrix: Option<Matrix>, is_asked: bool| match matrix {
        Some(matrix) if matches!(matrix.values, Values::Other) && !is_asked => {
            report.ignored.push(format!("matrix {} (no real numbers)", shortened(&matrix.name)));
            None
        }
        matrix => matrix,
    };
    let features = left_out(features, feature.is_some());
    let labels = left_out(labels, asked.is_some());
    let years = if labels.is_none() { take(&["years"]) } else { None };

    let n_rows = features.as_ref().or(info.as_ref()).map(|m| m.rows);
    let (n, list) = edges(&structure, n_stated, n_rows, request)?;
    drop(structure);
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(path), built);
    if let Some(features) = features {
        draft.features = Some(features_of(&features, n, request)?);
    }
    match (labels, info, years) {
        (Some(labels), _, _) => draft.labels = Some(labels_of(&labels, n, request)?),
        (None, Some(info), _) => {
            let (features, labels) = local_info(&info, n, request)?;
            draft.features.get_or_insert(features);
            draft.labels = Some(labels);
            report.fact("labels from", "gender in local_info");
        }
        (None, None, Some(years)) => {
            draft.labels = Some(fifths(&years, n, request)?);
            report.fact("labels from", "the fifth of the years");
        }
        (None, None, None) => {}
    }
    report.ignored.extend(matrices.iter().map(|m| format!("matrix {}", shortened(&m.name))));
    let splits = path.with_file_name(format!("{}-splits.npy", stem(path)));
    if splits.is_file() {
        report.ignored.push(format!("{} (a pickle, which is never run)", splits.display()));
    }
    draft.report = report;
    Ok(draft)
}

fn edges(
    matrix: &Matrix,
    n_stated: Option<f64>,
    n_rows: Option<usize>,
    request: Request<'_>,
) -> Result<(usize, EdgeList), LoadError> {
    let path = request.path;
    let is_weighted = request.options.weights == Some(true) && matrix.name != "edge_index";
    let mut list = if is_weighted { EdgeList::weighted() } else { EdgeList::new() };
    let mut pace = Pace::default();
    let n = match &matrix.values {
        Values::Sparse { start, rows, values } => {
            if let Some(found) = values.iter().find(|v| is_weighted && !v.is_finite()) {
                return Err(matrix.fault(path, "finite numbers", found));
            }
            if matrix.rows != matrix.columns {
                let found = format!("{} x {}", matrix.rows, matrix.columns);
                return Err(matrix.fault(path, "as many rows as columns", found));
            }
            for column in 0..matrix.columns {
                let own = u32::try_from(column).unwrap_or(u32::MAX);
                let range = start[column]..start[column + 1];
                pace.step(1 + range.len())?;
                let entries = rows[range.clone()].iter().zip(&values[range]);
                entries.for_each(|(row, value)| list.push(*row, own, *value as f32));
            }
            matrix.columns
        }
        Values::Dense(values) if matrix.name == "edge_index" => {
            if matrix.rows != 2 {
                return Err(matrix.fault(path, "two rows", matrix.rows));
            }
            let largest = values.iter().fold(-1.0f64, |a, b| a.max(*b));
            let n = match (n_stated, n_rows) {
                (Some(n), _) if (0.0..4_294_967_295.0).contains(&n) => n as usize,
                (_, Some(n)) => n,
                _ => largest as usize + 1,
            };
            if n > (1 << 22) && n / 32 > values.len() && n_rows != Some(n) {
                return Err(matrix.fault(path, "at most 4194304 nodes, or 32 for every edge", n));
            }
            for ends in values.as_chunks::<2>().0 {
                pace.step(1)?;
                let node = |v: f64| (v >= 0.0 && v.fract() == 0.0 && v < n as f64).then_some(v as u32);
                let (Some(a), Some(b)) = (node(ends[0]), node(ends[1])) else {
                    let found = format!("{} {}", ends[0], ends[1]);
                    return Err(matrix.fault(path, format!("node numbers from 0 to below {n}"), found));
                };
                list.push(a, b, 1.0);
            }
            n
        }
        Values::Dense(values) if matrix.rows == matrix.columns => {
            for (at, value) in values.iter().enumerate() {
                pace.step(1)?;
                if *value != 0.0 {
                    list.push((at % matrix.rows) as u32, (at / matrix.rows) as u32, *value as f32);
                }
            }
            matrix.rows
        }
        _ => {
            return Err(matrix.fault(
                path,
                "a square matrix of numbers",
                format!("{} x {}", matrix.rows, matrix.columns),
            ));
        }
    };
    Ok((n, list))
}

fn features_of(matrix: &Matrix, n: usize, request: Request<'_>) -> Result<Features, LoadError> {
    let path = request.path;
    if matrix.rows != n {
        return Err(matrix.fault(path, format!("{n} rows (one per node)"), matrix.rows));
    }
    if matrix.columns > MAX_WIDTH {
        return Err(matrix.fault(path, format!("at most {MAX_WIDTH} columns"), matrix.columns));
    }
    let place = format!("matrix {}", shortened(&matrix.name));
    match &matrix.values {
        Values::Dense(values) => {
            reading::ask_values(path, &place, values.len(), size_of::<f32>())?;
            let mut pace = Pace::default();
            let mut x = Array2::zeros((n, matrix.columns));
            for (row, mut own) in x.rows_mut().into_iter().enumerate() {
                pace.step(1 + matrix.columns)?;
                own.iter_mut().enumerate().for_each(|(column, slot)| *slot = values[column * n + row] as f32);
            }
            Ok(Features::from_dense(x))
        }
        Values::Sparse { start, rows, values } => {
            // Column, value and the row's place for each, and two pointers for every row.
            let n_bytes = 8 * (values.len() as u64).saturating_add(2 * n as u64);
            reading::ask(path, n_bytes, || format!("{} values ({place})", values.len()))?;
            let mut pace = Pace::default();
            let is_kept = |at: usize| values[at] as f32 != 0.0;
            let mut indptr = vec![0usize; n + 1];
            for (at, row) in rows.iter().enumerate() {
                pace.step(1)?;
                indptr[*row as usize + 1] += usize::from(is_kept(at));
            }
            for row in 0..n {
                pace.step(1)?;
                indptr[row + 1] += indptr[row];
            }
            let mut next = indptr.clone();
            let (mut columns, mut kept) = (vec![0u32; indptr[n]], vec![0f32; indptr[n]]);
            // Column after column, so that those of every row ascend.
            for column in 0..matrix.columns {
                for at in (start[column]..start[column + 1]).filter(|at| is_kept(*at)) {
                    pace.step(1)?;
                    let row = rows[at] as usize;
                    if next[row] > indptr[row] && columns[next[row] - 1] == column as u32 {
                        return Err(matrix.fault(path, "every place once", "one twice"));
                    }
                    (columns[next[row]], kept[next[row]]) = (column as u32, values[at] as f32);
                    next[row] += 1;
                }
            }
            Ok(Features::from_sparse(CsMatI::new((n, matrix.columns), indptr, columns, kept)))
        }
        Values::Other => Err(matrix.fault(path, "numbers", "something else")),
    }
}

/// The values of a matrix with one row or one column of `n` values.
fn vector<'a>(matrix: &'a Matrix, n: usize, request: Request<'_>) -> Result<&'a [f64], LoadError> {
    match &matrix.values {
        Values::Dense(values) if values.len() == n && (matrix.rows == 1 || matrix.columns == 1) => Ok(values),
        _ => {
            let found = format!("{} x {}", matrix.rows, matrix.columns);
            Err(matrix.fault(request.path, format!("{n} numbers (one per node)"), found))
        }
    }
}

fn labels_of(matrix: &Matrix, n: usize, request: Request<'_>) -> Result<Labels, LoadError> {
    let fault = |expected: String, found: String| matrix.fault(request.path, expected, found);
    if let Values::Dense(values) = &matrix.values
        && matrix.rows == n
        && matrix.columns > 1
        && values.iter().all(|v| tag_of(*v as f32).is_some())
        && matrix.columns <= MAX_CLASSES as usize
    {
        let mut pace = Pace::default();
        let mut tags = Array2::from_elem((n, matrix.columns), false);
        for (row, mut own) in tags.rows_mut().into_iter().enumerate() {
            pace.step(1 + matrix.columns)?;
            let has = |column: usize| tag_of(values[column * n + row] as f32) == Some(true);
            own.iter_mut().enumerate().for_each(|(column, slot)| *slot = has(column));
        }
        return Ok(labels_of_tags(tags));
    }
    let mut classes = Vec::with_capacity(n);
    for value in vector(matrix, n, request)? {
        match *value {
            v if v.is_nan() => classes.push(-1),
            v if v.fract() == 0.0 && v.abs() < 2f64.powi(53) => classes.push(v as i64),
            v => return Err(fault("integers".to_owned(), v.to_string())),
        }
    }
    labels_from(&classes, |expected, found| fault(expected, found.to_string()))
}

/// Features and labels of facebook100, as the collection itself makes them.
fn local_info(matrix: &Matrix, n: usize, request: Request<'_>) -> Result<(Features, Labels), LoadError> {
    let path = request.path;
    let Values::Dense(values) = &matrix.values else { return Err(matrix.fault(path, "numbers", "something else")) };
    if matrix.rows != n || matrix.columns < 2 {
        let found = format!("{} x {}", matrix.rows, matrix.columns);
        return Err(matrix.fault(path, format!("{n} rows (one per node) and at least two columns"), found));
    }
    if let Some(found) = values.iter().find(|v| v.fract() != 0.0 || v.abs() > 2f64.powi(31)) {
        return Err(matrix.fault(path, "integers", found));
    }
    let column = |at: usize| values[at * n..(at + 1) * n].iter().map(|v| *v as i64);
    let classes: Vec<i64> = column(1).map(|gender| gender - 1).collect();
    let labels = labels_from(&classes, |expected, found| matrix.fault(path, expected, found))?;
    // One column per value; a column with two values makes one, which is 1 for the larger.
    let mut pace = Pace::default();
    let mut rows: Vec<Vec<u32>> = vec![Vec::new(); n];
    let mut width = 0usize;
    for at in (0..matrix.columns).filter(|at| *at != 1) {
        // Sorted a step at a time: what came before is few values, as a rule.
        let mut distinct: Vec<i64> = Vec::new();
        for step in values[at * n..(at + 1) * n].chunks(Pace::STEP) {
            reading::check()?;
            distinct.extend(step.iter().map(|v| *v as i64));
            distinct.sort_unstable();
            distinct.dedup();
        }
        for (row, value) in rows.iter_mut().zip(column(at)) {
            pace.step(1)?;
            let place = distinct.binary_search(&value).unwrap_or(0);
            match distinct.len() {
                1 => {}
                2 if place == 0 => {}
                2 => row.push(width as u32),
                _ => row.push((width + place) as u32),
            }
        }
        width += if distinct.len() < 3 { 1 } else { distinct.len() };
    }
    let mut indptr = vec![0usize];
    let columns: Vec<u32> = rows
        .into_iter()
        .flat_map(|row| {
            indptr.push(indptr.last().copied().unwrap_or(0) + row.len());
            row
        })
        .collect();
    let ones = vec![1.0; columns.len()];
    Ok((Features::from_sparse(CsMatI::new((n, width), indptr, columns, ones)), labels))
}

/// Which fifth of all values each is in, as the collection itself divides them.
fn fifths(matrix: &Matrix, n: usize, request: Request<'_>) -> Result<Labels, LoadError> {
    const N_CLASSES: usize = 5;
    let values = vector(matrix, n, request)?;
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let quantile = |share: f64| {
        let at = share * (sorted.len().saturating_sub(1)) as f64;
        let (low, high) = (sorted.get(at.floor() as usize), sorted.get(at.ceil() as usize));
        low.zip(high).map_or(0.0, |(low, high)| low + (high - low) * at.fract())
    };
    let borders: Vec<f64> = (1..N_CLASSES).map(|k| quantile(k as f64 / N_CLASSES as f64)).collect();
    let class = |v: &f64| {
        if v.is_nan() { Labels::UNLABELLED } else { borders.iter().filter(|border| *v >= **border).count() as u32 }
    };
    Ok(Labels::new(values.iter().map(class).collect()))
}
