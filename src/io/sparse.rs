//! Compressed sparse rows as arrays of a NumPy archive (`scipy.sparse.save_npz`, gnn-benchmark).
//!
//! Arrays, each behind a common prefix: `indptr` `[rows + 1]`, `indices` `[stored]`, `data` `[stored]`, `shape` `[2]`.

use sprs::CsMatI;

use super::npy::Array;
use super::npz::Npz;
use super::report::LoadError;
use crate::engine::graph::{EdgeList, Features};

/// Wider matrices are refused: nothing real is that wide, and models allocate by width.
const MAX_COLUMNS: usize = 1 << 24;

/// A checked structure, and its values if there are any.
pub(crate) struct CompressedRows {
    /// Rows and columns.
    pub(crate) shape: (usize, usize),
    /// `rows + 1` positions that start at 0, never fall and end at the number of stored values.
    pub(crate) indptr: Vec<usize>,
    /// Columns, below `shape.1`, in stored order: neither sorted nor free of duplicates.
    pub(crate) indices: Vec<u32>,
    data: Option<Array>,
}

impl CompressedRows {
    /// Reads the arrays `{prefix}indptr`, `{prefix}indices`, `{prefix}shape` and, if it is there, `{prefix}data`.
    pub(crate) fn read(npz: &mut Npz, prefix: &str) -> Result<Self, LoadError> {
        check_form(npz, prefix)?;
        let (shape, shape_array) = read_shape(npz, prefix)?;
        Self::read_parts(npz, prefix, shape, &shape_array)
    }

    /// Reads everything but the shape, which `shape_array` stated.
    pub(crate) fn read_parts(
        npz: &mut Npz,
        prefix: &str,
        shape: (usize, usize),
        shape_array: &Array,
    ) -> Result<Self, LoadError> {
        let name = |part: &str| format!("{prefix}{part}");
        check_columns(shape, shape_array)?;
        let indptr = checked_pointers(shape, &npz.array(&name("indptr"))?)?;
        let n_stored = (indptr.last().copied().unwrap_or(0), STORED);
        let indices = npz.indices(&name("indices"), n_stored, (shape.1, "columns"))?;
        let mut matrix = Self { shape, indptr, indices, data: None };
        if let Some(data) = npz.optional(&name("data"))? {
            data.check_vector(matrix.indices.len(), "one per index")?;
            matrix.data = Some(data);
        }
        Ok(matrix)
    }

    /// A matrix whose parts come from a container of another sort.
    pub(crate) fn from_arrays(
        shape: (usize, usize),
        pointers: &Array,
        indices: &Array,
        data: Option<Array>,
    ) -> Result<Self, LoadError> {
        check_columns(shape, indices)?;
        Self::checked(shape, pointers, indices, data)
    }

    /// A matrix from the places of its values, in any order; places are below the two lengths.
    pub(crate) fn from_coordinates(
        shape: (usize, usize),
        rows: &[u32],
        columns: &[u32],
        data: Option<&Array>,
    ) -> Result<Self, LoadError> {
        let mut order: Vec<usize> = (0..rows.len().min(columns.len())).collect();
        order.sort_by_key(|at| rows[*at]);
        let mut indptr = vec![0usize; shape.0.saturating_add(1)];
        for row in rows {
            if let Some(count) = indptr.get_mut(*row as usize + 1) {
                *count += 1;
            }
        }
        for row in 0..shape.0 {
            indptr[row + 1] += indptr[row];
        }
        let indices = order.iter().map(|at| columns[*at]).collect();
        let data = match data {
            Some(data) => {
                data.check_vector(order.len(), "one per place")?;
                let values = data.to_f32s()?;
                Some(data.with_values(order.iter().map(|at| values[*at])))
            }
            None => None,
        };
        let matrix = Self { shape, indptr, indices, data };
        match &matrix.data {
            Some(data) => check_columns(shape, data).map(|()| matrix),
            None => Ok(matrix),
        }
    }

    fn checked(
        shape: (usize, usize),
        pointers: &Array,
        indices_array: &Array,
        data: Option<Array>,
    ) -> Result<Self, LoadError> {
        let indptr = checked_pointers(shape, pointers)?;
        let n_stored = indptr.last().copied().unwrap_or(0);
        indices_array.check_vector(n_stored, STORED)?;
        let indices = indices_array.to_indices(shape.1, "columns")?;
        if let Some(data) = &data {
            data.check_vector(n_stored, "one per index")?;
        }
        Ok(Self { shape, indptr, indices, data })
    }

    /// The columns stored in a row.
    pub(crate) fn row(&self, row: usize) -> &[u32] {
        &self.indices[self.indptr[row]..self.indptr[row + 1]]
    }

    /// All values in stored order; 1 where the matrix has none.
    pub(crate) fn values_or_ones(&self) -> Result<Vec<f32>, LoadError> {
        self.data.as_ref().map_or_else(|| Ok(vec![1.0; self.indices.len()]), Array::to_f32s)
    }

    /// Columns and values stored in a row, out of all values.
    pub(crate) fn row_pairs<'a>(&'a self, row: usize, values: &'a [f32]) -> impl Iterator<Item = (u32, f32)> + 'a {
        let range = self.indptr[row]..self.indptr[row + 1];
        self.indices[range.clone()].iter().copied().zip(values[range].iter().copied())
    }

    /// Gives every `(row, column)` in stored order to `each`.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, u32)) {
        for row in 0..self.shape.0 {
            let own = u32::try_from(row).unwrap_or(u32::MAX);
            self.row(row).iter().for_each(|column| each(own, *column));
        }
    }

    /// The matrix as node features: values of one place added up, zeros left out. Without values, all are 1.
    pub(crate) fn to_features(&self) -> Result<Features, LoadError> {
        let values = self.values_or_ones()?;
        let mut indptr = Vec::with_capacity(self.indptr.len());
        let mut columns = Vec::with_capacity(self.indices.len());
        let mut kept = Vec::with_capacity(self.indices.len());
        indptr.push(0);
        let mut row_values: Vec<(u32, f32)> = Vec::new();
        for row in 0..self.shape.0 {
            let range = self.indptr[row]..self.indptr[row + 1];
            row_values.clear();
            row_values.extend(self.indices[range.clone()].iter().copied().zip(values[range].iter().copied()));
            row_values.sort_by_key(|(column, _)| *column);
            for group in row_values.chunk_by(|a, b| a.0 == b.0) {
                let sum: f32 = group.iter().map(|(_, value)| value).sum();
                if sum != 0.0 {
                    columns.push(group[0].0);
                    kept.push(sum);
                }
            }
            indptr.push(columns.len());
        }
        Ok(Features::from_sparse(CsMatI::new(self.shape, indptr, columns, kept)))
    }
}

/// The entries of a square matrix as edges, taken out of the archive without holding the matrix.
pub(crate) struct MatrixEdges {
    /// Rows, and columns.
    pub(crate) n: usize,
    /// From the row to the column; with weights where they are wanted and say anything.
    pub(crate) list: EdgeList,
    /// Whether the columns of every row ascend strictly.
    pub(crate) is_sorted: bool,
    /// Whether every value is 0 or 1, as in an adjacency matrix without weights.
    pub(crate) is_unweighted: bool,
}

/// Which end of an edge the compressed axis is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compressed {
    /// Rows: sources.
    Sources,
    /// Columns: targets.
    Targets,
}

impl MatrixEdges {
    /// Reads the arrays that [`CompressedRows::read`] reads, without weights.
    pub(crate) fn read(npz: &mut Npz, prefix: &str) -> Result<Self, LoadError> {
        check_form(npz, prefix)?;
        let (shape, shape_array) = read_shape(npz, prefix)?;
        if shape.0 != shape.1 {
            let found = format!("{} x {}", shape.0, shape.1);
            return Err(LoadError::content(npz.path(), "adjacency matrix", "as many rows as columns", found));
        }
        Self::read_parts(npz, prefix, shape.0, &shape_array, (Compressed::Sources, false))
    }

    /// Reads everything but the shape, `n` by `n`, which `shape_array` stated.
    pub(crate) fn read_parts(
        npz: &mut Npz,
        prefix: &str,
        n: usize,
        shape_array: &Array,
        (compressed, with_weights): (Compressed, bool),
    ) -> Result<Self, LoadError> {
        let name = |part: &str| format!("{prefix}{part}");
        check_columns((n, n), shape_array)?;
        let indptr = checked_pointers((n, n), &npz.array(&name("indptr"))?)?;
        let n_stored = indptr.last().copied().unwrap_or(0);
        let (weights, is_unweighted) = read_weights(npz, &name("data"), (n_stored, "one per index"), with_weights)?;
        let indices = npz.pieces(&name("indices"))?;
        indices.check_vector(n_stored, STORED)?;
        let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
        let (mut row, mut at, mut last, mut is_sorted) = (0, 0, None, true);
        indices.for_each(|piece| {
            for column in piece.to_indices(n, "columns")? {
                while indptr[row + 1] <= at {
                    row += 1;
                    last = None;
                }
                is_sorted &= last.is_none_or(|last| last < column);
                last = Some(column);
                let own = u32::try_from(row).unwrap_or(u32::MAX);
                let (from, to) = if compressed == Compressed::Targets { (column, own) } else { (own, column) };
                list.push(from, to, weights.as_ref().map_or(1.0, |weights| weights[at]));
                at += 1;
            }
            Ok(())
        })?;
        Ok(Self { n, list, is_sorted, is_unweighted })
    }
}

/// Values that are weights, if they are wanted and not all 0 or 1, and whether they all are; without the array they are.
pub(crate) fn read_weights(
    npz: &mut Npz,
    name: &str,
    (n, why): (usize, &str),
    is_wanted: bool,
) -> Result<(Option<Vec<f32>>, bool), LoadError> {
    if !npz.has(name) {
        return Ok((None, true));
    }
    let mut is_unweighted = true;
    let data = npz.pieces(name)?;
    data.check_vector(n, why)?;
    data.for_each(|piece| {
        is_unweighted = is_unweighted && piece.is_binary()?;
        Ok(())
    })?;
    if is_unweighted || !is_wanted {
        return Ok((None, is_unweighted));
    }
    // Once more from the start: what waits while it is not known whether it is wanted would wait as numbers, too.
    let mut weights = Vec::with_capacity(n);
    npz.pieces(name)?.for_each(|piece| {
        let mut values = piece.to_f32s()?;
        if let Some(found) = values.iter().find(|v| !v.is_finite()) {
            return Err(piece.fault("finite numbers", found));
        }
        weights.append(&mut values);
        Ok(())
    })?;
    Ok((Some(weights), false))
}

/// Refuses a form other than compressed rows; one that is not stated is that.
fn check_form(npz: &mut Npz, prefix: &str) -> Result<(), LoadError> {
    let Some(format) = npz.optional(&format!("{prefix}format"))? else { return Ok(()) };
    let found = format.to_text()?;
    if found == "csr" {
        return Ok(());
    }
    Err(format.fault("\"csr\" (compressed sparse rows)", format!("{found:?}")))
}

/// Rows and columns as the array `{prefix}shape` states them, and that array.
pub(crate) fn read_shape(npz: &mut Npz, prefix: &str) -> Result<((usize, usize), Array), LoadError> {
    let array = npz.array(&format!("{prefix}shape"))?;
    match array.to_sizes()?[..] {
        [rows, columns] => Ok(((rows, columns), array)),
        _ => Err(array.fault("two lengths", format!("shape {:?}", array.shape()))),
    }
}

/// Why there must be so many indices, in errors.
const STORED: &str = "as the last row pointer says";

/// `rows + 1` positions that start at 0 and never fall.
fn checked_pointers(shape: (usize, usize), pointers: &Array) -> Result<Vec<usize>, LoadError> {
    pointers.check_vector(shape.0.saturating_add(1), "one more than rows")?;
    let indptr = pointers.to_sizes()?;
    if let Some(first) = indptr.first().filter(|first| **first != 0) {
        return Err(pointers.fault("a first value of 0", first));
    }
    if let Some(row) = indptr.windows(2).position(|w| w[0] > w[1]) {
        let found = format!("{} then {} in row {row}", indptr[row], indptr[row + 1]);
        return Err(pointers.fault("values that never fall", found));
    }
    Ok(indptr)
}

/// Refuses a matrix that claims more columns than anything real; `stated_by` is the array in whose name it is refused.
fn check_columns(shape: (usize, usize), stated_by: &Array) -> Result<(), LoadError> {
    let limit = if shape.0 == shape.1 { u32::MAX as usize } else { MAX_COLUMNS };
    if shape.1 > limit { Err(stated_by.fault(format!("at most {limit} columns"), shape.1)) } else { Ok(()) }
}
