//! Sparse tensors of PyTorch files, in every layout that PyTorch has, and how they are written out in full.
//!
//! What is never allocated: more than 256 MiB for all of a file's, and nothing that the job's memory budget has no room for.

use std::path::Path;

use ndarray::{ArrayD, Axis};

use super::file::{Storages, TensorRef};
use crate::io::pickle::{Id, Pickle};
use crate::io::reading::{self, Pace};
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// How a sparse matrix lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SparseRef {
    /// Row and column of every entry: `indices` `[2, entries]`.
    Coordinates { indices: TensorRef, values: TensorRef, size: Vec<usize> },
    /// Compressed by row.
    Rows { pointers: TensorRef, columns: TensorRef, values: TensorRef, size: Vec<usize> },
    /// Compressed by column.
    Columns { pointers: TensorRef, rows: TensorRef, values: TensorRef, size: Vec<usize> },
    /// Blocks `[blocks, height, width]`, compressed by row of blocks, or by column where `is_by_column`.
    Blocks { pointers: TensorRef, indices: TensorRef, values: TensorRef, size: Vec<usize>, is_by_column: bool },
}

impl SparseRef {
    /// The layout as PyTorch names it, for people.
    pub(crate) fn layout(&self) -> &'static str {
        match self {
            Self::Coordinates { .. } => "sparse_coo",
            Self::Rows { .. } => "sparse_csr",
            Self::Columns { .. } => "sparse_csc",
            Self::Blocks { is_by_column: false, .. } => "sparse_bsr",
            Self::Blocks { .. } => "sparse_bsc",
        }
    }
}

impl SparseRef {
    /// The sparse matrix that a value of the pickle stands for: `None` where it is something else.
    pub(crate) fn parse(pickle: &Pickle<'_>, id: Id, path: &Path, place: &str) -> Result<Option<Self>, LoadError> {
        let fault = |expected: &str, found: String| LoadError::content(path, place, expected, found);
        let is_sparse = |module: &str, name: &str| module == "torch._utils" && name == "_rebuild_sparse_tensor";
        let Some(args) = pickle.call(id, is_sparse) else { return Ok(None) };
        let part = |id: &Id| {
            let tensor = TensorRef::parse(pickle, *id, path, place)?;
            tensor.ok_or_else(|| fault("a sparse tensor's parts", pickle.describe(*id)))
        };
        let sizes = |id: &Id| pickle.sizes(*id).ok_or_else(|| fault("a tensor's size", pickle.describe(*id)));
        let layout = args.first().and_then(|layout| {
            let named =
                pickle.call(*layout, |_, name| name == "_get_layout").and_then(|name| pickle.text(*name.first()?));
            named.or_else(|| pickle.global(*layout).map(|(_, name)| name))
        });
        let layout = layout.map_or("", |layout| layout.strip_prefix("torch.").unwrap_or(layout));
        let parts = args.get(1).and_then(|parts| pickle.sequence(*parts)).unwrap_or(&[]);
        let third_is_tensor = match parts.get(2) {
            Some(third) => TensorRef::parse(pickle, *third, path, place)?.is_some(),
            None => false,
        };
        Ok(Some(match (layout, parts) {
            ("sparse_coo" | "sparse_csr" | "", [pointers, columns, values, size, ..]) if third_is_tensor => {
                let (pointers, columns, values) = (part(pointers)?, part(columns)?, part(values)?);
                Self::Rows { pointers, columns, values, size: sizes(size)? }
            }
            ("sparse_csc", [pointers, rows, values, size, ..]) => {
                let (pointers, rows, values) = (part(pointers)?, part(rows)?, part(values)?);
                Self::Columns { pointers, rows, values, size: sizes(size)? }
            }
            ("sparse_bsr" | "sparse_bsc", [pointers, indices, values, size, ..]) => {
                let (pointers, indices, values) = (part(pointers)?, part(indices)?, part(values)?);
                Self::Blocks { pointers, indices, values, size: sizes(size)?, is_by_column: layout == "sparse_bsc" }
            }
            ("sparse_coo" | "", [indices, values, size, ..]) => {
                Self::Coordinates { indices: part(indices)?, values: part(values)?, size: sizes(size)? }
            }
            ("sparse_coo" | "sparse_csr" | "sparse_csc" | "sparse_bsr" | "sparse_bsc" | "", _) => {
                return Err(fault("a sparse tensor's parts", format!("{} values", parts.len())));
            }
            _ => return Err(fault("a sparse tensor of a known layout", shortened(layout))),
        }))
    }
}

impl Storages {
    /// A sparse tensor written out in full; values that stand at one place add up.
    ///
    /// # Errors
    /// As [`Storages::array`], and for indices that are out of range or do not fit the values.
    pub(crate) fn written_out(&mut self, sparse: &SparseRef, place: &str) -> Result<ArrayD<f32>, LoadError> {
        let path = self.path.clone();
        let fault = |expected: &str, found: String| LoadError::content(&path, place, expected, found);
        let (SparseRef::Coordinates { size, values, .. }
        | SparseRef::Rows { size, values, .. }
        | SparseRef::Columns { size, values, .. }
        | SparseRef::Blocks { size, values, .. }) = sparse;
        let n_bytes = size.iter().try_fold(4u64, |n, length| n.checked_mul(*length as u64));
        let Some(left) = n_bytes.and_then(|n| self.sparse_left.checked_sub(n)) else {
            let expected = format!("at most {} bytes of sparse tensors written out in full", self.sparse_left);
            return Err(fault(&expected, format!("size {size:?}")));
        };
        self.sparse_left = left;
        let n_values = size.iter().product();
        reading::ask_values(&path, place, n_values, size_of::<f32>())?;
        let mut pace = Pace::default();
        let mut wide = ArrayD::<f32>::zeros(size.clone());
        let values = self.array(values, &format!("{place}, values"))?.to_f32_tensor()?;
        let mut indices = |tensor: &TensorRef, part: &str| self.array(tensor, &format!("{place}, {part}"));
        match sparse {
            SparseRef::Coordinates { indices: tensor, .. } => {
                let indices = indices(tensor, "indices")?.to_i64_matrix()?;
                let (n_axes, n) = indices.dim();
                let fits =
                    n_axes <= size.len() && values.shape().first() == Some(&n) && values.shape()[1..] == size[n_axes..];
                if !fits {
                    let expected = format!("indices and values of a tensor of shape {size:?}");
                    return Err(fault(&expected, format!("shapes {:?} and {:?}", indices.shape(), values.shape())));
                }
                for (entry, value) in indices.columns().into_iter().zip(values.outer_iter()) {
                    pace.step(n_axes + value.len())?;
                    let mut slot = wide.view_mut();
                    for (index, length) in entry.iter().zip(size) {
                        let index = usize::try_from(*index).ok().filter(|index| index < length);
                        let Some(index) = index else {
                            return Err(fault(&format!("indices within {size:?}"), format!("{:?}", entry.to_vec())));
                        };
                        slot = slot.index_axis_move(Axis(0), index);
                    }
                    slot += &value;
                }
            }
            SparseRef::Rows { pointers, columns: others, .. }
            | SparseRef::Columns { pointers, rows: others, .. }
            | SparseRef::Blocks { pointers, indices: others, .. } => {
                let is_by_column =
                    matches!(sparse, SparseRef::Columns { .. } | SparseRef::Blocks { is_by_column: true, .. });
                let pointers = indices(pointers, "pointers")?.to_sizes()?;
                let others = indices(others, "indices")?.to_sizes()?;
                let block = match (sparse, values.shape()) {
                    (SparseRef::Blocks { .. }, [n, height, width]) if *n == others.len() => (*height, *width),
                    (SparseRef::Rows { .. } | SparseRef::Columns { .. }, [n]) if *n == others.len() => (1, 1),
                    (_, shape) => {
                        return Err(fault(&format!("{} values or blocks", others.len()), format!("shape {shape:?}")));
                    }
                };
                let (&[rows, columns], true) = (&size[..], block.0 > 0 && block.1 > 0) else {
                    return Err(fault("a sparse matrix of two axes", format!("size {size:?}, blocks {block:?}")));
                };
                let grid = (rows / block.0, columns / block.1);
                let (n_lines, n_others) = if is_by_column { (grid.1, grid.0) } else { grid };
                let is_sound = pointers.len() == n_lines + 1
                    && pointers.first() == Some(&0)
                    && pointers.last() == Some(&others.len())
                    && pointers.is_sorted()
                    && others.iter().all(|other| *other < n_others);
                if !is_sound {
                    let expected = format!("ascending pointers of {n_lines} lines and indices below {n_others}");
                    return Err(fault(&expected, format!("{} pointers and {} indices", pointers.len(), others.len())));
                }
                let flat: Vec<f32> = values.iter().copied().collect();
                let mut blocks = flat.chunks_exact(block.0 * block.1);
                for (line, ends) in pointers.windows(2).enumerate() {
                    for other in &others[ends[0]..ends[1]] {
                        pace.step(block.0 * block.1)?;
                        let (row, column) = if is_by_column { (*other, line) } else { (line, *other) };
                        for (at, value) in blocks.next().unwrap_or(&[]).iter().enumerate() {
                            wide[[row * block.0 + at / block.1, column * block.1 + at % block.1]] += *value;
                        }
                    }
                }
            }
        }
        Ok(wide)
    }
}
