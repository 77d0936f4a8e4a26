//! Products that skip removed weights.

use multiversion::multiversion;
use ndarray::{Array2, ArrayView2};
use sprs::CsMatI;

use super::fresh::LINE;
use super::rows::prefetch;
use super::stored::{StoredValue, scaled};
use super::transpose::transpose_into;
use super::{contiguous, from_row_blocks, rows_per_block};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Input rows handled at once, one per vector lane: as many sums side by side as hide how long a multiply-add takes.
pub(super) const LANES: usize = 64;
/// Output columns gathered before they are written, so that whole cache lines are.
const COLUMNS: usize = 16;

/// A value of every row that is handled. Cache lines of their own: vectors that lie across two take twice as long to load.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Lanes([f32; LANES]);

impl Lanes {
    const ZERO: Self = Self([0.0; LANES]);
}

/// The values of all lanes, one after the other.
#[expect(unsafe_code, reason = "arrays can be flattened in safe code, aligned ones cannot")]
fn flat(lanes: &mut [Lanes]) -> &mut [f32] {
    // SAFETY: each is `LANES` values and nothing else, since those fill whole cache lines.
    unsafe { std::slice::from_raw_parts_mut(lanes.as_mut_ptr().cast(), lanes.len() * LANES) }
}

/// The kept weights of a matrix, column after column (one column per output).
#[derive(Debug, Clone)]
pub struct SparseColumns {
    depth: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseColumns {
    /// Keeps the non-zero values of `w: [depth, width]`.
    pub fn new(w: ArrayView2<'_, f32>) -> Self {
        let (indptr, indices, values) = compress(w.t());
        Self { depth: w.nrows(), indptr, indices, values }
    }

    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val(&self.indptr[..]) + size_of_val(&self.indices[..]) + size_of_val(&self.values[..])
    }
}

/// The kept weights of a matrix, row after row (one row per input).
#[derive(Debug, Clone)]
pub struct SparseRows {
    width: usize,
    indptr: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseRows {
    /// Keeps the non-zero values of `w: [depth, width]`.
    pub fn new(w: ArrayView2<'_, f32>) -> Self {
        let (indptr, indices, values) = compress(w);
        Self { width: w.ncols(), indptr, indices, values }
    }

    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val(&self.indptr[..]) + size_of_val(&self.indices[..]) + size_of_val(&self.values[..])
    }
}

pub(super) fn compress(rows: ArrayView2<'_, f32>) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
    let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
    for row in rows.rows() {
        for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            indices.push(column as u32);
            values.push(value);
        }
        indptr.push(indices.len());
    }
    (indptr, indices, values)
}

/// Dense rows times kept weights.
///
/// # Shapes
/// `x: [n, depth]` in standard layout, `w: [depth, width]`, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When the inner sizes differ.
pub fn matmul_sparse_weight(
    x: ArrayView2<'_, f32>,
    w: &SparseColumns,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let (n, depth) = x.dim();
    assert_eq!(depth, w.depth, "inner sizes of a product");
    let width = w.indptr.len() - 1;
    let x = contiguous(x);
    let block = rows_per_block(depth + w.values.len()).next_multiple_of(LANES);
    let (out, _) = from_row_blocks(n, width, block, ctl, |first, rows| {
        product_of_block(rows, width, &x[first * depth..], w);
    })?;
    Ok(out)
}

/// As [`matmul_sparse_weight`], where `make(first_row, rows)` writes rows of the left side when their turn comes: they never lie in
/// memory together. It finds zeros.
///
/// # Shapes
/// left side: `[n, depth]`, `w: [depth, width]`, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn matmul_sparse_weight_made(
    n: usize,
    make: &(dyn Fn(usize, &mut [f32]) + Sync),
    w: &SparseColumns,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let (depth, width) = (w.depth, w.indptr.len() - 1);
    let block = rows_per_block(depth + w.values.len()).next_multiple_of(LANES);
    let (out, _) = from_row_blocks(n, width, block, ctl, |first, rows| {
        let mut x = vec![0.0; rows.len() / width * depth];
        if depth > 0 {
            make(first, &mut x);
        }
        product_of_block(rows, width, &x, w);
    })?;
    Ok(out)
}

/// `x: [≥ rows, depth]`, `out: [rows, width]`
#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn product_of_block(out: &mut [f32], width: usize, x: &[f32], w: &SparseColumns) {
    let SparseColumns { indptr, indices, values, .. } = w;
    product_of_columns(out, width, x, &KeptColumns { depth: w.depth, indptr, indices, values, scales: &[] });
}

/// The kept weights of a matrix, column after column, as they lie in memory.
pub(super) struct KeptColumns<'a, I, V> {
    pub(super) depth: usize,
    pub(super) indptr: &'a [usize],
    pub(super) indices: &'a [I],
    pub(super) values: &'a [V],
    /// One for every column where values are scaled.
    pub(super) scales: &'a [f32],
}

/// The input that a kept weight is multiplied with, as it lies in memory.
pub(super) trait Index: Copy + Send + Sync + 'static {
    fn at(self) -> usize;
}

impl Index for u32 {
    #[inline(always)]
    fn at(self) -> usize {
        self as usize
    }
}

impl Index for u16 {
    #[inline(always)]
    fn at(self) -> usize {
        usize::from(self)
    }
}

/// `x: [≥ rows, depth]`, `out: [rows, width]`. Inlined into multiversioned callers.
#[inline(always)]
pub(super) fn product_of_columns<I: Index, V: StoredValue>(
    out: &mut [f32],
    width: usize,
    x: &[f32],
    w: &KeptColumns<'_, I, V>,
) {
    let depth = w.depth;
    let mut transposed = vec![Lanes::ZERO; depth];
    for (group, rows) in out.chunks_mut(LANES * width).enumerate() {
        let n_rows = rows.len() / width;
        let (x, later) = x[group * LANES * depth..].split_at(n_rows * depth);
        transpose_into(x, depth, n_rows, depth, flat(&mut transposed), LANES);
        lanes_product(rows, width, &transposed, w, &later[..later.len().min(LANES * depth)]);
    }
}

/// `transposed: [depth]` lanes, `out: [≤ LANES, width]`. `later` is prefetched meanwhile.
#[inline(always)]
fn lanes_product<I: Index, V: StoredValue>(
    out: &mut [f32],
    width: usize,
    transposed: &[Lanes],
    w: &KeptColumns<'_, I, V>,
    later: &[f32],
) {
    let mut tile = [Lanes::ZERO; COLUMNS];
    let share = later.len().div_ceil(width.div_ceil(COLUMNS)).next_multiple_of(LINE);
    for (nth, first) in (0..width).step_by(COLUMNS).enumerate() {
        let n_columns = COLUMNS.min(width - first);
        for line in (nth * share..later.len().min((nth + 1) * share)).step_by(LINE) {
            prefetch::<f32, LINE>(later, line);
        }
        for (sums, column) in tile.iter_mut().zip(first..first + n_columns) {
            let mut lanes = [0.0f32; LANES];
            let kept = w.indptr[column]..w.indptr[column + 1];
            for (k, value) in w.indices[kept.clone()].iter().zip(&w.values[kept]) {
                let value = value.widen();
                for (sum, x) in lanes.iter_mut().zip(&transposed[k.at()].0) {
                    *sum = x.mul_add(value, *sum);
                }
            }
            if V::IS_SCALED {
                let scale = w.scales[column];
                for sum in &mut lanes {
                    *sum = scaled(*sum, scale, None);
                }
            }
            sums.0 = lanes;
        }
        transpose_into(flat(&mut tile), LANES, n_columns, out.len() / width, &mut out[first..], width);
    }
}

/// Sparse rows times kept weights.
///
/// # Shapes
/// `x: [n, depth]`, `w: [depth, width]`, result `[n, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
///
/// # Panics
/// When the inner sizes differ.
pub fn matmul_sparse_both(
    x: &CsMatI<f32, u32, usize>,
    w: &SparseRows,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    assert_eq!(x.cols(), w.indptr.len() - 1, "inner sizes of a product");
    let indptr = x.indptr();
    let block = rows_per_block(w.width + w.values.len() / x.cols().max(1) * (x.nnz() / x.rows().max(1)));
    let (out, _) = from_row_blocks(x.rows(), w.width, block, ctl, |first, rows| {
        for (i, row) in rows.chunks_exact_mut(w.width).enumerate() {
            let range = indptr.outer_inds_sz(first + i);
            row.fill(0.0);
            scatter(row, &x.indices()[range.clone()], &x.data()[range], w);
        }
    })?;
    Ok(out)
}

#[multiversion(targets("x86_64+avx512f+avx512vl+fma+avx2", "x86_64+avx2+fma", "aarch64+neon"))]
fn scatter(out: &mut [f32], indices: &[u32], values: &[f32], w: &SparseRows) {
    for (j, x) in indices.iter().zip(values) {
        for k in w.indptr[*j as usize]..w.indptr[*j as usize + 1] {
            let slot = &mut out[w.indices[k] as usize];
            *slot = x.mul_add(w.values[k], *slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Csr, Packed, matmul, spmm};
    use super::*;
    use crate::engine::graph::Features;

    /// The claim the whole floor rests on: skipping zeros changes no bit.
    #[test]
    fn every_product_gives_the_bits_of_the_dense_one() {
        let ctl = Control::new(2).expect("workers");
        for n in [1, 15, 64, 200] {
            let x =
                Array2::from_shape_fn((n, 40), |(i, j)| if (i * j) % 5 == 1 { (i + 3 * j) as f32 * 0.1 } else { 0.0 });
            let w =
                Array2::from_shape_fn((40, 19), |(i, j)| if (i + j) % 3 == 0 { ((i * j) as f32).cos() } else { 0.0 });
            let dense = matmul(x.view(), &Packed::new(w.view()), &ctl).expect("not cancelled");
            let by_column = matmul_sparse_weight(x.view(), &SparseColumns::new(w.view()), &ctl).expect("not cancelled");
            let make = |first: usize, rows: &mut [f32]| {
                rows.copy_from_slice(&contiguous(x.view())[first * 40..][..rows.len()]);
            };
            let made = matmul_sparse_weight_made(n, &make, &SparseColumns::new(w.view()), &ctl).expect("not cancelled");
            let Features::Sparse(stored) = Features::from_dense(x) else { panic!("sparse enough") };
            let by_both = matmul_sparse_both(&stored, &SparseRows::new(w.view()), &ctl).expect("not cancelled");
            let indptr: Vec<usize> = stored.indptr().as_slice().expect("contiguous").to_vec();
            let a = Csr { indptr: &indptr, indices: stored.indices(), values: stored.data() };
            let by_row = spmm(a, w.view(), false, &ctl).expect("not cancelled");
            for other in [by_column, made, by_both, by_row] {
                assert!(dense.iter().zip(&other).all(|(a, b)| a.to_bits() == b.to_bits()));
            }
        }
    }
}
