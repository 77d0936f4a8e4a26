//! Compressed sparse rows as arrays of a NumPy archive (`scipy.sparse.save_npz`, gnn-benchmark).
//!
//! Arrays, each behind a common prefix: `indptr` `[rows + 1]`, `indices` `[stored]`, `data` `[stored]`, `shape` `[2]`.

use sprs::CsMatI;

use super::npy::Array;
use super::npz::Npz;
use super::report::LoadError;
use crate::engine::graph::Features;

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
        let name = |part: &str| format!("{prefix}{part}");
        if let Some(format) = npz.optional(&name("format"))? {
            let found = format.to_text()?;
            if found != "csr" {
                return Err(format.fault("\"csr\" (compressed sparse rows)", format!("{found:?}")));
            }
        }
        let shape_array = npz.array(&name("shape"))?;
        let shape = match shape_array.to_sizes()?[..] {
            [rows, columns] => (rows, columns),
            _ => return Err(shape_array.fault("two lengths", format!("shape {:?}", shape_array.shape()))),
        };
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

    /// All `(row, column)` in stored order.
    pub(crate) fn pairs(&self) -> Vec<(u32, u32)> {
        let mut pairs = Vec::with_capacity(self.indices.len());
        for row in 0..self.shape.0 {
            let own = u32::try_from(row).unwrap_or(u32::MAX);
            pairs.extend(self.row(row).iter().map(|&column| (own, column)));
        }
        pairs
    }

    /// Whether the columns of every row ascend strictly.
    pub(crate) fn is_sorted(&self) -> bool {
        (0..self.shape.0).all(|row| self.row(row).windows(2).all(|w| w[0] < w[1]))
    }

    /// The stored values, if there are any, as finite numbers.
    pub(crate) fn values(&self) -> Result<Option<Vec<f32>>, LoadError> {
        let Some(data) = &self.data else { return Ok(None) };
        let values = data.to_f32s()?;
        match values.iter().find(|v| !v.is_finite()) {
            Some(found) => Err(data.fault("finite numbers", found)),
            None => Ok(Some(values)),
        }
    }

    /// Whether every stored value is 0 or 1, as in an adjacency matrix without weights.
    pub(crate) fn is_unweighted(&self) -> Result<bool, LoadError> {
        match &self.data {
            Some(data) => data.is_binary(),
            None => Ok(true),
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
