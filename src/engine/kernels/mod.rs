//! Products, norms and selection: the inner loops.
//!
//! Every output element is a chain of fused multiply-adds over its terms in ascending order, starting from 0 (or from the
//! row itself, for a residual). A term with a zero factor changes nothing in such a chain. So the dense product, the product
//! that skips removed weights and the product over stored features give **the same bits**, whatever the number of threads
//! and whatever the width of the machine's vectors; which of them runs is a question of time alone.
//!
//! The functions are compiled for several instruction sets and chosen at run time.

mod attention;
mod caches;
mod dot;
mod exact;
mod fresh;
mod gather;
mod gemm;
mod nonlinearity;
mod norms;
mod panels;
mod pointwise;
mod rows;
mod segments;
mod select;
mod sparse_gemm;
mod stored;
mod stored_gemm;
mod stored_rows;
mod transpose;

pub(crate) use attention::leaky;
pub use attention::{Attended, AttentionGradient, AttentionInput, Structure, attention_scores, softmax_rows};
pub(crate) use dot::{add_scaled, add_sparse, dot, dot_f64};
pub use exact::ExactSum;
pub(crate) use exact::SUM_ROWS;
pub(crate) use fresh::{copied, from_row_blocks, picked};
pub(crate) use gemm::matmul_made;
pub use gemm::{Packed, matmul};
pub use nonlinearity::Nonlinearity;
pub(crate) use norms::{
    GROUP, add_squares_of_rows, column_squares, exact_column_sums, message_scores, norm_of_column, sum_and_count_below,
    sum_of_scores,
};
pub use norms::{column_norms, column_sums, frobenius, row_norms};
pub(crate) use panels::Panels;
pub(crate) use pointwise::{Pointwise, change_rows};
pub use rows::{Csr, spmm};
pub(crate) use rows::{RowBlock, gather_rows};
pub use segments::Precision;
pub use select::kth_smallest;
pub(crate) use select::{HalfFound, no_counts, nth_by_counting, upper_half};
pub(crate) use sparse_gemm::matmul_sparse_weight_made;
pub use sparse_gemm::{SparseColumns, SparseRows, matmul_sparse_both, matmul_sparse_weight};
pub use stored::ValueType;
pub(crate) use stored::{RowsRef, StoredValues, ValuesRef, dequantised, quantised, scale_of};
pub(crate) use stored_gemm::matmul_stored_weight_made;
pub use stored_gemm::{StoredWeight, matmul_stored_weight};
pub use stored_rows::StoredCsr;
pub(crate) use stored_rows::{StoredBlock, gather_stored, gather_stored_heads, upper_halves};
pub use transpose::transposed;

use ndarray::ArrayView2;
use sprs::CsMatI;

/// The left side of a product: rows of a layer's input, all values or only the stored ones.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// All values, in standard layout. `[n_rows, width]`.
    Dense(ArrayView2<'a, f32>),
    /// The non-zero values. `[n_rows, width]`.
    Sparse(&'a CsMatI<f32, u32, usize>),
}

impl Rows<'_> {
    /// The same rows, borrowed for as long as `self` is.
    pub fn reborrow(&self) -> Rows<'_> {
        match self {
            Self::Dense(x) => Rows::Dense(x.view()),
            Self::Sparse(x) => Rows::Sparse(x),
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Dense(x) => x.nrows(),
            Self::Sparse(x) => x.rows(),
        }
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(x) => x.ncols(),
            Self::Sparse(x) => x.cols(),
        }
    }

    /// Stored values: all of them for dense rows.
    pub fn n_stored(&self) -> usize {
        match self {
            Self::Dense(x) => x.len(),
            Self::Sparse(x) => x.nnz(),
        }
    }
}

/// The values of a matrix in standard layout.
///
/// # Panics
/// For any other layout: the engine's own matrices are all in this one.
pub(crate) fn contiguous(x: ArrayView2<'_, f32>) -> &[f32] {
    match x.to_slice() {
        Some(values) => values,
        None => unreachable!("the engine's matrices are in standard layout"),
    }
}

/// Rows per block of parallel work: about `budget` multiply-adds at `cost_per_row` each, within 1 and 1024 rows.
fn rows_per_block(cost_per_row: usize) -> usize {
    const BUDGET: usize = 1 << 19;
    (BUDGET / cost_per_row.max(1)).clamp(1, 1024)
}
