//! `x Ŵ` by whichever product is faster. All of them give the same bits (see [`crate::engine::kernels`]), so the choice may be
//! measured on the machine at hand without touching a result.

use std::time::Instant;

use ndarray::Array2;

use super::stored_weights::MatrixStorage;
use super::trace::Product;
use crate::engine::control::Control;
use crate::engine::cost::CostModel;
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    Csr, Packed, Rows, SparseColumns, SparseRows, StoredWeight, matmul, matmul_made, matmul_sparse_both,
    matmul_sparse_weight, matmul_sparse_weight_made, matmul_stored_weight, matmul_stored_weight_made, spmm,
};

/// A weight matrix made ready for one kind of product and one kind of input.
#[derive(Debug, Clone)]
pub(crate) enum PreparedWeight {
    Packed(Packed),
    Columns(SparseColumns),
    Rows(SparseRows),
    /// Dense, for sparse input: rows are added up as they are.
    Plain(Array2<f32>),
    /// Weights in fewer bits, for either kind of input.
    Stored(StoredWeight),
}

impl PreparedWeight {
    pub(crate) fn new(weight: &Array2<f32>, sparse_input: bool, product: Product) -> Self {
        match (product, sparse_input) {
            (Product::DenseWeight, false) => Self::Packed(Packed::new(weight.view())),
            (Product::DenseWeight, true) => Self::Plain(weight.as_standard_layout().into_owned()),
            (Product::SparseWeight, false) => Self::Columns(SparseColumns::new(weight.view())),
            (Product::SparseWeight, true) => Self::Rows(SparseRows::new(weight.view())),
        }
    }

    /// The same with values in fewer bits. Dense input meets kept weights alone.
    pub(crate) fn stored(weight: &Array2<f32>, storage: &MatrixStorage, sparse_input: bool, product: Product) -> Self {
        let MatrixStorage { kind, scales } = storage;
        Self::Stored(match product {
            Product::DenseWeight if sparse_input => StoredWeight::whole(weight.view(), *kind, scales),
            _ => StoredWeight::new(weight.view(), *kind, scales, sparse_input),
        })
    }

    /// Bytes in memory.
    pub(crate) fn n_bytes(&self) -> usize {
        match self {
            Self::Packed(w) => w.n_bytes(),
            Self::Columns(w) => w.n_bytes(),
            Self::Rows(w) => w.n_bytes(),
            Self::Plain(w) => w.len() * size_of::<f32>(),
            Self::Stored(w) => w.n_bytes(),
        }
    }

    /// `x Ŵ`. `[n, d_in] → [n, d_out]`
    pub(crate) fn apply(&self, x: Rows<'_>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match (self, x) {
            (Self::Stored(w), x) => matmul_stored_weight(x, w, ctl),
            (Self::Packed(w), Rows::Dense(x)) => matmul(x, w, ctl),
            (Self::Columns(w), Rows::Dense(x)) => matmul_sparse_weight(x, w, ctl),
            (Self::Rows(w), Rows::Sparse(x)) => matmul_sparse_both(x, w, ctl),
            (Self::Plain(w), Rows::Sparse(x)) => {
                let indptr: Vec<usize> = x.indptr().raw_storage().to_vec();
                spmm(Csr { indptr: &indptr, indices: x.indices(), values: x.data() }, w.view(), false, ctl)
            }
            (Self::Packed(_) | Self::Columns(_), Rows::Sparse(_))
            | (Self::Rows(_) | Self::Plain(_), Rows::Dense(_)) => {
                unreachable!("a weight is prepared for the input it meets")
            }
        }
    }

    /// As [`PreparedWeight::apply`], where `make(first_row, rows)` writes rows of the left side, all values stored, when their turn comes.
    pub(crate) fn apply_to_made(
        &self,
        n: usize,
        make: &(dyn Fn(usize, &mut [f32]) + Sync),
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        match self {
            Self::Packed(w) => matmul_made(n, make, w, ctl),
            Self::Columns(w) => matmul_sparse_weight_made(n, make, w, ctl),
            Self::Stored(w) => matmul_stored_weight_made(n, make, w, ctl),
            Self::Rows(_) | Self::Plain(_) => unreachable!("a weight is prepared for the input it meets"),
        }
    }
}

/// `x Ŵ` by the product that is likely faster. `[n, d_in] → [n, d_out]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn product(x: Rows<'_>, weight: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
    let sparse_input = matches!(x, Rows::Sparse(_));
    PreparedWeight::new(weight, sparse_input, likely_product(weight, sparse_input, ctl.cost())).apply(x, ctl)
}

/// The product to use without measuring this very matrix.
pub(crate) fn likely_product(weight: &Array2<f32>, sparse_input: bool, cost: &CostModel) -> Product {
    let removed = weight.iter().filter(|w| **w == 0.0).count() as f64 / weight.len().max(1) as f64;
    let advice = cost.advice(weight.ncols(), sparse_input, removed);
    if advice.pays() { Product::SparseWeight } else { Product::DenseWeight }
}

/// The product that is faster here and now: the better of `n_repeats` runs of each.
pub(crate) fn faster_product(
    weight: &Array2<f32>,
    x: Rows<'_>,
    n_repeats: usize,
    ctl: &Control,
) -> Result<Product, EngineError> {
    let sparse_input = matches!(x, Rows::Sparse(_));
    let mut best = [f64::INFINITY; 2];
    let products = [Product::DenseWeight, Product::SparseWeight];
    let prepared = products.map(|p| PreparedWeight::new(weight, sparse_input, p));
    for _ in 0..n_repeats.max(1) {
        for (best, weight) in best.iter_mut().zip(&prepared) {
            let start = Instant::now();
            weight.apply(x, ctl)?;
            *best = best.min(start.elapsed().as_secs_f64());
        }
    }
    Ok(if best[1] < best[0] { products[1] } else { products[0] })
}
