//! Sparse matrices as arrays of a NumPy archive (`scipy.sparse.save_npz`, gnn-benchmark) or a pickle.
//!
//! Arrays, each behind a common prefix, `shape` `[2]` in all forms; without `format`, rows are compressed:
//!
//! ```text
//! csr    indptr [rows + 1], indices [stored], data [stored]
//! csc    indptr [columns + 1], indices [stored], data [stored]
//! coo    row [stored], col [stored], data [stored]
//! bsr    indptr [rows / r + 1], indices [blocks], data [blocks, r, c]        zeros in blocks are no entries
//! dia    offsets [diagonals], data [diagonals, length]                       data[k, j] is entry (j - offsets[k], j); zeros are none
//! ```

use std::path::Path;

use sprs::CsMatI;

use super::npy::{Array, Layout};
use super::npz::Npz;
use super::reading::{self, Pace};
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
    /// Reads the matrix whose arrays' names begin with `prefix`, whatever its form.
    pub(crate) fn read(npz: &mut Npz, prefix: &str) -> Result<Self, LoadError> {
        let form = read_form(npz, prefix)?;
        let (shape, shape_array) = read_shape(npz, prefix)?;
        if form == "csr" {
            return Self::read_parts(npz, prefix, shape, &shape_array);
        }
        Self::of_form(&form, shape, |part| match part {
            "data" => npz.optional(&format!("{prefix}data")),
            _ => npz.array(&format!("{prefix}{part}")).map(Some),
        })
        .map_err(|fault| fault.named(npz.path(), &format!("array {prefix}format")))
    }

    /// A matrix in any form that SciPy saves; `part` gives its arrays by name.
    pub(crate) fn of_form(
        form: &str,
        shape: (usize, usize),
        mut part: impl FnMut(&str) -> Result<Option<Array>, LoadError>,
    ) -> Result<Self, FormFault> {
        let data = part("data")?;
        let mut given = |name: &str| {
            let array = part(name)?;
            array.ok_or_else(|| FormFault::Parts(format!("the array {name} of a matrix ({form})")))
        };
        match form {
            "csr" => Ok(Self::from_arrays(shape, &given("indptr")?, &given("indices")?, data)?),
            "csc" => {
                let turned = Self::from_arrays((shape.1, shape.0), &given("indptr")?, &given("indices")?, data)?;
                Ok(turned.transposed()?)
            }
            "coo" => {
                let (rows, columns) = (given("row")?, given("col")?);
                check_rows(shape, rows.len(), &rows)?;
                columns.check_vector(rows.len(), "one per row")?;
                ask_rows(shape, rows.len(), &rows)?;
                let (rows, columns) = (rows.to_indices(shape.0, "rows")?, columns.to_indices(shape.1, "columns")?);
                Ok(Self::from_coordinates(shape, &rows, &columns, data.as_ref())?)
            }
            "bsr" => Ok(Self::of_blocks(shape, &given("indptr")?, &given("indices")?, data.as_ref())?),
            "dia" => Ok(Self::of_diagonals(shape, &given("offsets")?, data.as_ref())?),
            other => Err(FormFault::Form(other.to_owned())),
        }
    }

    /// What is not 0 in an array with two axes.
    pub(crate) fn of_dense(array: &Array) -> Result<Self, LoadError> {
        let shape = array.matrix_shape("rows and columns")?;
        check_rows(shape, array.len(), array)?;
        ask_rows(shape, array.len(), array)?;
        let values = array.to_f32_matrix()?;
        let mut entries = Entries::default();
        for ((row, column), value) in values.indexed_iter() {
            entries.pace.step(1)?;
            entries.push(row, column, *value);
        }
        entries.into_rows(shape, array)
    }

    /// Entries in any order, as rows, columns and values.
    pub(crate) fn of_entries(
        shape: (usize, usize),
        all: &[(usize, usize, f32)],
        path: &Path,
        place: &str,
    ) -> Result<Self, LoadError> {
        if let Some((row, column, _)) = all.iter().find(|(row, column, _)| *row >= shape.0 || *column >= shape.1) {
            let expected = format!("places below {} x {}", shape.0, shape.1);
            return Err(LoadError::content(path, place, expected, format!("{row}, {column}")));
        }
        let values: Vec<u8> = all.iter().flat_map(|(_, _, value)| value.to_le_bytes()).collect();
        let layout = Layout { descr: "<f4", is_fortran: false, shape: vec![all.len()] };
        let data = Array::from_values(path, place.to_owned(), layout, values)?;
        check_rows(shape, all.len(), &data)?;
        let mut entries = Entries::default();
        for (row, column, value) in all {
            entries.pace.step(1)?;
            entries.push(*row, *column, *value);
        }
        entries.into_rows(shape, &data)
    }

    /// Blocks compressed by row.
    fn of_blocks(
        shape: (usize, usize),
        pointers: &Array,
        indices: &Array,
        data: Option<&Array>,
    ) -> Result<Self, LoadError> {
        let Some(data) = data else { return Err(indices.fault("blocks (an array data)", "none")) };
        let &[n_blocks, block_rows, block_columns] = data.shape() else {
            return Err(data.fault("three axes (blocks, their rows and columns)", format!("shape {:?}", data.shape())));
        };
        let divides = |block: usize, length: usize| block > 0 && length.is_multiple_of(block);
        if !divides(block_rows, shape.0) || !divides(block_columns, shape.1) {
            let expected = format!("blocks that divide {} x {}", shape.0, shape.1);
            return Err(data.fault(expected, format!("{block_rows} x {block_columns}")));
        }
        let of_blocks = (shape.0 / block_rows, shape.1 / block_columns);
        let blocks = Self::from_arrays(of_blocks, pointers, indices, None)?;
        if blocks.indices.len() != n_blocks {
            return Err(data.fault(format!("{} blocks (one per index)", blocks.indices.len()), n_blocks));
        }
        check_rows(shape, data.len(), data)?;
        ask_rows(shape, data.len(), data)?;
        let values = data.to_f32_tensor()?;
        let mut values = values.iter().copied();
        let mut entries = Entries::default();
        for row in 0..of_blocks.0 {
            for block in blocks.row(row) {
                let (top, left) = (row * block_rows, *block as usize * block_columns);
                entries.pace.step(block_rows * block_columns)?;
                for at in 0..block_rows * block_columns {
                    let value = values.next().unwrap_or(0.0);
                    entries.push(top + at / block_columns, left + at % block_columns, value);
                }
            }
        }
        entries.into_rows(shape, data)
    }

    /// Diagonals, each as long as the matrix is wide or shorter.
    fn of_diagonals(shape: (usize, usize), offsets: &Array, data: Option<&Array>) -> Result<Self, LoadError> {
        let Some(data) = data else { return Err(offsets.fault("diagonals (an array data)", "none")) };
        let offset_of = offsets.to_i64s()?;
        let (n, length) = data.matrix_shape("diagonals and their values")?;
        if n != offset_of.len() {
            return Err(data.fault(format!("{} rows (one per offset)", offset_of.len()), n));
        }
        check_rows(shape, data.len(), data)?;
        ask_rows(shape, data.len(), data)?;
        let values = data.to_f32_matrix()?;
        let mut entries = Entries::default();
        for (offset, values) in offset_of.iter().zip(values.rows()) {
            for (column, value) in values.iter().enumerate().take(shape.1.min(length)) {
                entries.pace.step(1)?;
                let row = i64::try_from(column).ok().and_then(|column| column.checked_sub(*offset));
                if let Some(row) = row.and_then(|row| usize::try_from(row).ok()).filter(|row| *row < shape.0) {
                    entries.push(row, column, *value);
                }
            }
        }
        entries.into_rows(shape, data)
    }

    /// Rows as columns and columns as rows.
    pub(crate) fn transposed(&self) -> Result<Self, LoadError> {
        let mut rows = Vec::with_capacity(self.indices.len());
        let mut pace = Pace::default();
        for row in 0..self.shape.0 {
            pace.step(1 + self.row(row).len())?;
            rows.resize(self.indptr[row + 1], u32::try_from(row).unwrap_or(u32::MAX));
        }
        let shape = (self.shape.1, self.shape.0);
        Self::from_coordinates(shape, &self.indices, &rows, self.data.as_ref())
    }

    /// Whether there are values, and not all of them are 0 or 1.
    pub(crate) fn is_weighted(&self) -> Result<bool, LoadError> {
        self.data.as_ref().map_or(Ok(false), |data| data.is_binary().map(|is_binary| !is_binary))
    }

    /// Whether there are values.
    pub(crate) fn has_values(&self) -> bool {
        self.data.is_some()
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
        let n = rows.len().min(columns.len());
        let (rows, columns) = (&rows[..n], &columns[..n]);
        if let Some(data) = data {
            ask_rows(shape, n, data)?;
        }
        let mut pace = Pace::default();
        let mut indptr = vec![0usize; shape.0.saturating_add(1)];
        for row in rows {
            pace.step(1)?;
            if let Some(count) = indptr.get_mut(*row as usize + 1) {
                *count += 1;
            }
        }
        for row in 0..shape.0 {
            pace.step(1)?;
            indptr[row + 1] += indptr[row];
        }
        // Within a row they stay in their order.
        let mut next = indptr.clone();
        let mut order = vec![0usize; n];
        for (at, row) in rows.iter().enumerate() {
            pace.step(1)?;
            let slot = &mut next[*row as usize];
            order[*slot] = at;
            *slot += 1;
        }
        drop(next);
        let indices = reading::map(&order, |at| columns[*at])?;
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
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, u32)) -> Result<(), LoadError> {
        let mut pace = Pace::default();
        for row in 0..self.shape.0 {
            pace.step(1 + self.row(row).len())?;
            let own = u32::try_from(row).unwrap_or(u32::MAX);
            self.row(row).iter().for_each(|column| each(own, *column));
        }
        Ok(())
    }

    /// The matrix as node features: values of one place added up, zeros left out. Without values, all are 1.
    pub(crate) fn to_features(&self) -> Result<Features, LoadError> {
        let values = self.values_or_ones()?;
        if let Some(data) = &self.data {
            let n_bytes = 8 * (self.indptr.len() as u64).saturating_add(self.indices.len() as u64);
            data.ask(n_bytes, || format!("{} features in {} rows", self.indices.len(), self.shape.0))?;
        }
        let mut pace = Pace::default();
        let mut indptr = Vec::with_capacity(self.indptr.len());
        let mut columns = Vec::with_capacity(self.indices.len());
        let mut kept = Vec::with_capacity(self.indices.len());
        indptr.push(0);
        let mut row_values: Vec<(u32, f32)> = Vec::new();
        for row in 0..self.shape.0 {
            let range = self.indptr[row]..self.indptr[row + 1];
            pace.step(1 + range.len())?;
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

/// Why a matrix of some form cannot be read.
pub(crate) enum FormFault {
    /// Its arrays are wrong.
    Load(LoadError),
    /// This array is not there.
    Parts(String),
    /// Its form is another one.
    Form(String),
}

impl From<LoadError> for FormFault {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl FormFault {
    /// As an error of `place` in the file.
    pub(crate) fn named(self, path: &Path, place: &str) -> LoadError {
        match self {
            Self::Load(error) => error,
            Self::Parts(expected) => LoadError::content(path, place, expected, "none"),
            Self::Form(found) => LoadError::content(path, place, KNOWN_FORMS, format!("{found:?}")),
        }
    }
}

/// The forms that are read, in errors.
pub(crate) const KNOWN_FORMS: &str = "csr, csc, coo, bsr or dia (scipy.sparse.csr_matrix(x) makes one)";

/// Entries that are not 0, one after another.
#[derive(Default)]
struct Entries {
    pace: Pace,
    rows: Vec<u32>,
    columns: Vec<u32>,
    values: Vec<f32>,
}

impl Entries {
    fn push(&mut self, row: usize, column: usize, value: f32) {
        if value != 0.0 {
            self.rows.push(u32::try_from(row).unwrap_or(u32::MAX));
            self.columns.push(u32::try_from(column).unwrap_or(u32::MAX));
            self.values.push(value);
        }
    }

    fn into_rows(self, shape: (usize, usize), data: &Array) -> Result<CompressedRows, LoadError> {
        let values = data.with_values(self.values.into_iter());
        CompressedRows::from_coordinates(shape, &self.rows, &self.columns, Some(&values))
    }
}

/// Refuses rows that nothing but the shape bears out.
fn check_rows(shape: (usize, usize), n_values: usize, stated_by: &Array) -> Result<(), LoadError> {
    if u32::try_from(shape.0).is_ok() && (shape.0 <= 1 << 22 || shape.0 / 32 <= n_values) {
        return Ok(());
    }
    Err(stated_by.fault("at most 4194304 rows, or 32 for every entry", shape.0))
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
    /// Reads the arrays that [`CompressedRows::read`] reads, with their values as weights where these are wanted.
    pub(crate) fn read(npz: &mut Npz, prefix: &str, wanted: Values) -> Result<Self, LoadError> {
        let form = read_form(npz, prefix)?;
        let (shape, shape_array) = read_shape(npz, prefix)?;
        if shape.0 != shape.1 {
            let found = format!("{} x {}", shape.0, shape.1);
            return Err(LoadError::content(npz.path(), "adjacency matrix", "as many rows as columns", found));
        }
        if form == "csr" {
            return Self::read_parts(npz, prefix, shape.0, &shape_array, (Compressed::Sources, wanted));
        }
        Self::of_rows(&CompressedRows::read(npz, prefix)?, wanted)
    }

    /// The edges of a square matrix that is held as a whole.
    pub(crate) fn of_rows(matrix: &CompressedRows, wanted: Values) -> Result<Self, LoadError> {
        let is_unweighted = !matrix.is_weighted()?;
        let has_weights = matrix.has_values() && wanted.are_weights(is_unweighted);
        let values = if has_weights { matrix.values_or_ones()? } else { Vec::new() };
        if let (Some(found), Some(data)) = (values.iter().find(|v| !v.is_finite()), &matrix.data) {
            return Err(data.fault("finite numbers", found));
        }
        let mut list = if has_weights { EdgeList::weighted() } else { EdgeList::new() };
        let (mut last, mut is_sorted, mut at) = (None, true, 0);
        matrix.for_each(|row, column| {
            is_sorted &= last.is_none_or(|last| last < (row, column));
            last = Some((row, column));
            list.push(row, column, values.get(at).copied().unwrap_or(1.0));
            at += 1;
        })?;
        Ok(Self { n: matrix.shape.0, list, is_sorted, is_unweighted })
    }

    /// Reads everything but the shape, `n` by `n`, which `shape_array` stated.
    pub(crate) fn read_parts(
        npz: &mut Npz,
        prefix: &str,
        n: usize,
        shape_array: &Array,
        (compressed, wanted): (Compressed, Values),
    ) -> Result<Self, LoadError> {
        let name = |part: &str| format!("{prefix}{part}");
        check_columns((n, n), shape_array)?;
        let indptr = checked_pointers((n, n), &npz.array(&name("indptr"))?)?;
        let n_stored = indptr.last().copied().unwrap_or(0);
        let (weights, is_unweighted) = read_weights(npz, &name("data"), (n_stored, "one per index"), wanted)?;
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

/// What the values of an adjacency matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Values {
    /// Not looked at.
    Unused,
    /// Weights, unless all are 0 or 1 as in a matrix without weights.
    Weights,
    /// Weights whatever they are, as the user asks.
    AskedWeights,
}

impl Values {
    /// What the values are, where the user does or does not ask for weights (`asked`) and the format means them as such (`meant`).
    pub(crate) fn of(asked: Option<bool>, meant: Self) -> Self {
        if asked == Some(true) { Self::AskedWeights } else { meant }
    }

    fn are_weights(self, is_binary: bool) -> bool {
        match self {
            Self::Unused => false,
            Self::Weights => !is_binary,
            Self::AskedWeights => true,
        }
    }
}

/// Values that are weights, if they are wanted and not all 0 or 1, and whether they all are; without the array they are.
pub(crate) fn read_weights(
    npz: &mut Npz,
    name: &str,
    (n, why): (usize, &str),
    wanted: Values,
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
    if !wanted.are_weights(is_unweighted) {
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

/// The form of the matrix; one that is not stated is compressed rows.
pub(crate) fn read_form(npz: &mut Npz, prefix: &str) -> Result<String, LoadError> {
    // Written beside the others by SciPy, and says nothing about the values.
    npz.optional(&format!("{prefix}_is_array"))?;
    let Some(format) = npz.optional(&format!("{prefix}format"))? else { return Ok("csr".to_owned()) };
    let form = format.to_text()?;
    let has = |part: &str| npz.has(&format!("{prefix}{part}"));
    let is_false = match form.as_str() {
        "coo" => !has("row"),
        "dia" => !has("offsets"),
        _ => false,
    };
    if is_false && has("indptr") {
        return Err(format.fault("\"csr\" (compressed sparse rows)", format!("{form:?}")));
    }
    Ok(form)
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

/// Asks for what is made of the places of so many values, and for a pointer for every row.
fn ask_rows(shape: (usize, usize), n_values: usize, stated_by: &Array) -> Result<(), LoadError> {
    // Row, column and value as they are found; then their order, and the same in it.
    const PER_VALUE: u64 = 32;
    const PER_ROW: u64 = 16;
    let n_bytes = (n_values as u64).saturating_mul(PER_VALUE).saturating_add((shape.0 as u64).saturating_mul(PER_ROW));
    stated_by.ask(n_bytes, || format!("{n_values} values in {} rows", shape.0))
}

/// Refuses a matrix that claims more columns than anything real; `stated_by` is the array in whose name it is refused.
fn check_columns(shape: (usize, usize), stated_by: &Array) -> Result<(), LoadError> {
    let limit = if shape.0 == shape.1 { u32::MAX as usize } else { MAX_COLUMNS };
    if shape.1 > limit { Err(stated_by.fault(format!("at most {limit} columns"), shape.1)) } else { Ok(()) }
}
