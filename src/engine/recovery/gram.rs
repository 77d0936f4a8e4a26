//! What least squares need of a layer's input: `ΦᵀΦ` and `ΦᵀZ`, for rows that are stored whole or sparse.

use ndarray::{Array2, ArrayView2, Axis, s};
use sprs::CsMatI;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Packed, Rows, add_scaled, add_sparse, matmul, transposed};
use crate::engine::sparsify::pruned_operator::PrunedOperator;

/// The rows that a matrix of weights is fitted on. `[n, d_in]`
#[derive(Debug, Clone)]
pub(super) enum FitRows {
    /// All values stored.
    Whole(Array2<f32>),
    /// The non-zero values.
    Sparse(CsMatI<f32, u32, usize>),
}

/// Share of stored values from which rows are faster with all of them.
const DENSE_FROM: f64 = 0.12;

impl FitRows {
    pub(super) fn of(rows: Rows<'_>) -> Self {
        match rows {
            Rows::Dense(x) => Self::Whole(x.to_owned()),
            Rows::Sparse(x) => Self::Sparse(x.clone()),
        }
    }

    /// `T̂ x`, sparse where `x` is and it stays so.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn propagated(operator: &PrunedOperator, x: Rows<'_>, ctl: &Control) -> Result<Self, EngineError> {
        let x = match x {
            Rows::Dense(x) => return Ok(Self::Whole(operator.propagate(&x.to_owned(), ctl)?)),
            Rows::Sparse(x) => x,
        };
        const ROWS: usize = 64;
        let (n, width) = (operator.n_rows(), x.cols());
        let structure = operator.structure();
        let blocks = ctl.map(n.div_ceil(ROWS), |block| {
            let mut sums = vec![0.0f32; width];
            let (mut ends, mut indices, mut values) = (Vec::new(), Vec::new(), Vec::new());
            for u in block * ROWS..n.min((block + 1) * ROWS) {
                let first = indices.len();
                for k in structure.indptr[u]..structure.indptr[u + 1] {
                    let Some(row) = x.outer_view(structure.indices[k] as usize) else { continue };
                    indices.extend_from_slice(row.indices());
                    add_sparse(&mut sums, operator.values()[k], row.indices(), row.data());
                }
                let mut columns = indices.split_off(first);
                columns.sort_unstable();
                columns.dedup();
                values.extend(columns.iter().map(|j| std::mem::take(&mut sums[*j as usize])));
                indices.extend(columns);
                ends.push(indices.len());
            }
            (ends, indices, values)
        })?;
        let mut indptr = vec![0];
        for (ends, ..) in &blocks {
            let before = indptr.last().copied().unwrap_or(0);
            indptr.extend(ends.iter().map(|end| before + end));
        }
        let (mut indices, mut values) = (Vec::new(), Vec::new());
        for (_, columns, numbers) in blocks {
            indices.extend(columns);
            values.extend(numbers);
        }
        let is_dense = indices.len() as f64 > DENSE_FROM * (n * width) as f64;
        let sparse = CsMatI::new((n, width), indptr, indices, values);
        Ok(if is_dense { Self::Whole(sparse.to_dense()) } else { Self::Sparse(sparse) })
    }

    pub(super) fn rows(&self) -> Rows<'_> {
        match self {
            Self::Whole(x) => Rows::Dense(x.view()),
            Self::Sparse(x) => Rows::Sparse(x),
        }
    }

    /// Only the rows of `nodes`.
    pub(super) fn of_nodes(self, nodes: Option<&[u32]>) -> Self {
        let Some(nodes) = nodes else { return self };
        match self {
            Self::Whole(x) => Self::Whole(rows_of(x.view(), nodes)),
            Self::Sparse(x) => {
                let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
                for u in nodes {
                    if let Some(row) = x.outer_view(*u as usize) {
                        indices.extend_from_slice(row.indices());
                        values.extend_from_slice(row.data());
                    }
                    indptr.push(indices.len());
                }
                Self::Sparse(CsMatI::new((nodes.len(), x.cols()), indptr, indices, values))
            }
        }
    }

    /// Only these columns, ascending.
    pub(super) fn of_columns(&self, columns: &[usize]) -> Self {
        match self {
            x if columns.len() == x.rows().width() => x.clone(),
            Self::Whole(x) => Self::Whole(x.select(Axis(1), columns).as_standard_layout().into_owned()),
            Self::Sparse(x) => Self::Whole(x.to_dense().select(Axis(1), columns).as_standard_layout().into_owned()),
        }
    }

    /// Both side by side. `[n, d_a + d_b]`
    pub(super) fn beside(&self, other: &Self) -> Self {
        if let (Self::Sparse(a), Self::Sparse(b)) = (self, other) {
            let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
            for u in 0..a.rows() {
                for (part, offset) in [(a, 0), (b, a.cols() as u32)] {
                    if let Some(row) = part.outer_view(u) {
                        indices.extend(row.indices().iter().map(|j| j + offset));
                        values.extend_from_slice(row.data());
                    }
                }
                indptr.push(indices.len());
            }
            return Self::Sparse(CsMatI::new((a.rows(), a.cols() + b.cols()), indptr, indices, values));
        }
        let whole = |rows: &Self| match rows {
            Self::Whole(x) => x.clone(),
            Self::Sparse(x) => x.to_dense(),
        };
        let (a, b) = (whole(self), whole(other));
        let mut out = Array2::zeros((a.nrows(), a.ncols() + b.ncols()));
        out.slice_mut(s![.., ..a.ncols()]).assign(&a);
        out.slice_mut(s![.., a.ncols()..]).assign(&b);
        Self::Whole(out)
    }

    /// `ΦᵀΦ` and `ΦᵀZ`. `z: [n, d_out]`, results `[d_in, d_in]` and `[d_in, d_out]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn products(
        &self,
        z: ArrayView2<'_, f32>,
        ctl: &Control,
    ) -> Result<(Array2<f32>, Array2<f32>), EngineError> {
        match self {
            Self::Whole(x) => {
                // A block of rows at a time, whose sums are added in the order of the blocks.
                const ROWS: usize = 4096;
                let (d_in, d_out) = (x.ncols(), z.ncols());
                let (mut gram, mut moments) = (Array2::zeros((d_in, d_in)), Array2::zeros((d_in, d_out)));
                for first in (0..x.nrows()).step_by(ROWS) {
                    ctl.check()?;
                    let rows = first..x.nrows().min(first + ROWS);
                    let part = x.slice(s![rows.clone(), ..]).to_owned();
                    let part_t = transposed(&part, ctl)?;
                    gram += &matmul(part_t.view(), &Packed::new(part.view()), ctl)?;
                    moments += &matmul(part_t.view(), &Packed::new(z.slice(s![rows, ..])), ctl)?;
                }
                Ok((gram, moments))
            }
            Self::Sparse(x) => {
                let columns = x.to_csc();
                let (d_in, d_out) = (x.cols(), z.ncols());
                let mut gram = Array2::zeros((d_in, d_in));
                let mut moments = Array2::zeros((d_in, d_out));
                if let (Some(gram), Some(moments)) = (gram.as_slice_mut(), moments.as_slice_mut()) {
                    ctl.for_row_blocks(gram, d_in.max(1), 8, |first, rows| {
                        for (at, row) in rows.chunks_exact_mut(d_in).enumerate() {
                            let Some(column) = columns.outer_view(first + at) else { continue };
                            for (u, a) in column.iter() {
                                let Some(features) = x.outer_view(u) else { continue };
                                add_sparse(row, *a, features.indices(), features.data());
                            }
                        }
                    })?;
                    ctl.for_row_blocks(moments, d_out.max(1), 8, |first, rows| {
                        for (at, row) in rows.chunks_exact_mut(d_out).enumerate() {
                            let Some(column) = columns.outer_view(first + at) else { continue };
                            for (u, a) in column.iter() {
                                if let Some(z) = z.row(u).to_slice() {
                                    add_scaled(row, *a, z);
                                }
                            }
                        }
                    })?;
                }
                Ok((gram, moments))
            }
        }
    }
}

/// Rows of some nodes.
pub(super) fn rows_of(x: ArrayView2<'_, f32>, nodes: &[u32]) -> Array2<f32> {
    let at: Vec<usize> = nodes.iter().map(|u| *u as usize).collect();
    x.select(ndarray::Axis(0), &at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::sparsify::Recipe;
    use crate::engine::sparsify::pruned_operator::OperatorSource;

    #[test]
    fn sparse_rows_give_the_products_of_whole_ones() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 90, n_entries: 500, n_features: 40, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let everything = OperatorSource::new(&dataset, &Recipe::default()).all().expect("small");
        let x = Array2::from_shape_fn((90, 40), |(i, j)| if (i * 7 + j * 3) % 29 == 0 { 1.0 + j as f32 } else { 0.0 });
        let sparse = sparse_of(&x);
        let z = Array2::from_shape_fn((90, 5), |(i, j)| ((i + j * 11) as f32).sin());
        let whole = FitRows::propagated(&everything, Rows::Dense(x.view()), &ctl).expect("not cancelled");
        let kept = FitRows::propagated(&everything, Rows::Sparse(&sparse), &ctl).expect("not cancelled");
        let FitRows::Whole(a) = &whole else { unreachable!("of whole rows") };
        let b = match kept {
            FitRows::Whole(x) => sparse_of(&x),
            FitRows::Sparse(x) => x,
        };
        assert!((a - &b.to_dense()).iter().all(|d| d.abs() < 1e-5));
        let (gram, moments) = whole.products(z.view(), &ctl).expect("not cancelled");
        let (other, others) = FitRows::Sparse(b.clone()).products(z.view(), &ctl).expect("not cancelled");
        assert!((&gram - &other).iter().all(|d| d.abs() < 1e-3));
        assert!((&moments - &others).iter().all(|d| d.abs() < 1e-3));
        assert!((&gram - &a.t().dot(a)).iter().all(|d| d.abs() < 1e-3));
        let both = FitRows::Sparse(b.clone()).beside(&FitRows::Sparse(sparse));
        let FitRows::Sparse(both) = both else { unreachable!("of sparse ones") };
        assert_eq!(both.to_dense().slice(s![.., 40..]), x);
    }

    fn sparse_of(x: &Array2<f32>) -> CsMatI<f32, u32, usize> {
        let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
        for row in x.rows() {
            for (j, v) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
                indices.push(j as u32);
                values.push(*v);
            }
            indptr.push(indices.len());
        }
        CsMatI::new(x.dim(), indptr, indices, values)
    }
}
