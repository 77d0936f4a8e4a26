//! A SciPy sparse matrix alone (`scipy.sparse.save_npz`).
//!
//! ```text
//! format                        csr | csc | coo; csr where it is missing
//! shape                         [n, n]
//! indptr, indices, data         csr, csc;  data may be missing
//! row, col, data                coo
//! ```
//! Entry (i, j) is an edge from i to j and its value the weight, unless all values are 0 or 1. Features, labels and splits may lie
//! beside the file, as `beside.rs` says.

use super::beside;
use super::build::{Stated, build};
use super::{Draft, Request};
use crate::engine::graph::EdgeList;
use crate::io::file::stem;
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;

/// Whether names of arrays are those of such a matrix.
pub(crate) fn is_sparse_matrix(has: impl Fn(&str) -> bool) -> bool {
    has("shape.npy") && ((has("indptr.npy") && has("indices.npy")) || (has("row.npy") && has("col.npy")))
}

/// Reads the matrix.
pub(super) fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut npz = Npz::open(path)?;
    let mut report = LoadReport::default();
    let (n, list) = square_matrix(&mut npz, request)?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    report.ignored.extend(npz.unread().map(str::to_owned));
    drop(npz);
    let mut draft = Draft::of(stem(path), built);
    draft.report = report;
    beside::attach(&mut draft, request)?;
    Ok(draft)
}

/// The edges of a square matrix in any of the three forms.
pub(super) fn square_matrix(npz: &mut Npz, request: Request<'_>) -> Result<(usize, EdgeList), LoadError> {
    let form = match npz.optional("format")? {
        Some(format) => format.to_text()?,
        None => "csr".to_owned(),
    };
    let shape_array = npz.array("shape")?;
    let [rows, columns] = shape_array.to_sizes()?[..] else {
        return Err(shape_array.fault("two lengths", format!("shape {:?}", shape_array.shape())));
    };
    if rows != columns {
        return Err(shape_array.fault("as many rows as columns", format!("{rows} x {columns}")));
    }
    let n = rows;
    match form.as_str() {
        "csr" | "csc" => {
            let matrix = CompressedRows::read_parts(npz, "", (n, n), &shape_array)?;
            request.check()?;
            let weights = if matrix.is_unweighted()? { None } else { matrix.values()? };
            Ok((n, compressed_edges(&matrix, form == "csc", weights.as_deref())))
        }
        "coo" => {
            let (row_array, column_array) = (npz.array("row")?, npz.array("col")?);
            let (from, to) = (row_array.to_indices(n, "rows")?, column_array.to_indices(n, "columns")?);
            column_array.check_vector(from.len(), "one per row")?;
            // Nothing but the entries bears out how many rows there are.
            if n > (1 << 22) && n / 32 > from.len() {
                return Err(shape_array.fault("at most 4194304 rows, or 32 for every entry", n));
            }
            let weights = npz.optional("data")?.map(|data| values_of(&data, from.len())).transpose()?.flatten();
            let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
            for (k, (a, b)) in from.into_iter().zip(to).enumerate() {
                list.push(a, b, weights.as_ref().map_or(1.0, |w| w[k]));
            }
            Ok((n, list))
        }
        other => {
            let expected = "csr, csc or coo (scipy.sparse.csr_matrix(x) makes one)";
            Err(LoadError::content(request.path, "array format", expected, format!("{other:?}")))
        }
    }
}

/// Values that are weights: finite, and not all 0 or 1.
fn values_of(data: &Array, n: usize) -> Result<Option<Vec<f32>>, LoadError> {
    data.check_vector(n, "one per entry")?;
    let values = data.to_f32s()?;
    if let Some(found) = values.iter().find(|v| !v.is_finite()) {
        return Err(data.fault("finite numbers", found));
    }
    let is_plain = values.iter().all(|v| *v == 0.0 || v.to_bits() == 1f32.to_bits());
    Ok(if is_plain { None } else { Some(values) })
}

/// The edges of a compressed matrix: from the row to the column or, where columns are compressed, the other way round.
pub(super) fn compressed_edges(matrix: &CompressedRows, by_column: bool, weights: Option<&[f32]>) -> EdgeList {
    let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
    for row in 0..matrix.shape.0 {
        let own = u32::try_from(row).unwrap_or(u32::MAX);
        for k in matrix.indptr[row]..matrix.indptr[row + 1] {
            let weight = weights.map_or(1.0, |w| w[k]);
            let (from, to) = if by_column { (matrix.indices[k], own) } else { (own, matrix.indices[k]) };
            list.push(from, to, weight);
        }
    }
    list
}
