//! A SciPy sparse matrix alone (`scipy.sparse.save_npz`).
//!
//! ```text
//! format                        csr | csc | coo | bsr | dia; csr where it is missing
//! shape                         [n, n]
//! indptr, indices, data         csr, csc, bsr;  data may be missing
//! row, col, data                coo
//! offsets, data                 dia
//! ```
//! Entry (i, j) is an edge from i to j and its value the weight, unless all values are 0 or 1. Features, labels and splits may lie
//! beside the file, as `beside.rs` says.

use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::EdgeList;
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::{Compressed, CompressedRows, MatrixEdges, Values, read_form, read_shape, read_weights};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "SciPy sparse matrix",
    listed: Listed { group: Group::Archives, place: 4, name: "SciPy" },
    title: "SciPy sparse matrix",
    files: "`.npz`",
    also: "csr, csc, coo, bsr and dia; values as weights; features, labels and splits beside it (`beside.rs`)",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    is_sparse_matrix(|name| look.has(name)).then_some(Certainty::Likely)
}

/// Whether names of arrays are those of such a matrix.
pub(crate) fn is_sparse_matrix(has: impl Fn(&str) -> bool) -> bool {
    let is_compressed = has("indptr.npy") && has("indices.npy");
    let has_places = (has("row.npy") && has("col.npy")) || (has("offsets.npy") && has("data.npy"));
    has("shape.npy") && (is_compressed || has_places)
}

/// Reads the matrix.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut npz = Npz::open(path)?;
    let mut report = LoadReport::default();
    let (n, list) = square_matrix(&mut npz, request)?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    report.ignored.extend(npz.unread().map(str::to_owned));
    drop(npz);
    let mut draft = Draft::of(stem(path), built);
    draft.report = report;
    Ok(draft)
}

/// The edges of a square matrix in any form.
pub(super) fn square_matrix(npz: &mut Npz, request: Request<'_>) -> Result<(usize, EdgeList), LoadError> {
    let form = read_form(npz, "")?;
    let wanted = Values::of(request.options.weights, Values::Weights);
    let ((n, columns), shape_array) = read_shape(npz, "")?;
    if n != columns {
        return Err(shape_array.fault("as many rows as columns", format!("{n} x {columns}")));
    }
    match form.as_str() {
        "csr" | "csc" => {
            let compressed = if form == "csc" { Compressed::Targets } else { Compressed::Sources };
            let edges = MatrixEdges::read_parts(npz, "", n, &shape_array, (compressed, wanted))?;
            Ok((n, edges.list))
        }
        "coo" => {
            let from = npz.pieces("row")?.indices(n, "rows")?;
            // Nothing but the entries bears out how many rows there are.
            if n > (1 << 22) && n / 32 > from.len() {
                return Err(shape_array.fault("at most 4194304 rows, or 32 for every entry", n));
            }
            let (weights, _) = read_weights(npz, "data", (from.len(), "one per entry"), wanted)?;
            let to = npz.pieces("col")?;
            to.check_vector(from.len(), "one per row")?;
            let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
            let mut at = 0;
            to.for_each(|piece| {
                for target in piece.to_indices(n, "columns")? {
                    list.push(from[at], target, weights.as_ref().map_or(1.0, |weights| weights[at]));
                    at += 1;
                }
                Ok(())
            })?;
            Ok((n, list))
        }
        _ => Ok((n, MatrixEdges::of_rows(&CompressedRows::read(npz, "")?, wanted)?.list)),
    }
}
