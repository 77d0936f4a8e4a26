//! Products over the sparse operator of a step, and their backward passes.

use ndarray::Array2;

use super::pruned_operator::{Lists, PrunedOperator};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Transpose;
use crate::engine::kernels::{Csr, Panels, RowBlock, RowsRef, contiguous, gather_rows, spmm};
use crate::engine::model::elementwise::each_row;

impl PrunedOperator {
    /// `T̂ x` with the identity form. `[n, width] → [n, width]`
    pub(crate) fn propagate(&self, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        if let Some(by_head) = &self.by_head {
            return by_head.gather(x, ctl);
        }
        if self.stored.is_some() {
            return self.propagate_stored(RowsRef::F32(contiguous(x.view())), x.ncols(), ctl);
        }
        let Lists { indptr, indices, values, .. } = &*self.lists;
        spmm(Csr { indptr, indices, values }, x.view(), self.is_residual(), ctl)
    }

    /// Some rows of `T̂ x`, from row `first` on. `rows: [some, width]`
    pub(crate) fn propagate_rows(&self, x: &Array2<f32>, first: usize, rows: &mut [f32]) {
        let width = x.ncols();
        if width == 0 {
            return;
        }
        if let Some(by_head) = &self.by_head {
            by_head.gather_rows(x, first, rows);
            return;
        }
        if self.stored.is_some() {
            self.propagate_stored_rows(RowsRef::F32(contiguous(x.view())), width, first, rows);
            return;
        }
        let x = contiguous(x.view());
        if self.is_residual() {
            rows.copy_from_slice(&x[first * width..][..rows.len()]);
        }
        let Lists { indptr, indices, values, .. } = &*self.lists;
        let lists = RowBlock { indptr: &indptr[first..=first + rows.len() / width], indices, values };
        gather_rows(rows, width, lists, x, self.is_residual());
    }

    /// As [`PrunedOperator::propagate`], over panels; with the squares of the norms of what comes out, if `squares` is as long as there are rows
    /// (and values are 32-bit floats).
    pub(crate) fn hop(
        &self,
        x: &Panels,
        out: &mut Panels,
        squares: &mut [f64],
        ctl: &Control,
    ) -> Result<(), EngineError> {
        let Lists { indptr, indices, values, .. } = &*self.lists;
        if let Some(stored) = &self.stored {
            return x.propagate_stored((indptr, indices), stored.values.as_ref(), self.is_residual(), out, ctl);
        }
        x.propagate(Csr { indptr, indices, values }, self.is_residual(), out, squares, ctl)
    }

    /// `T̂ᵀ g`: the backward pass of [`PrunedOperator::propagate`]. `transpose` is the full graph's.
    pub(crate) fn propagate_back(
        &self,
        g: &Array2<f32>,
        transpose: &Transpose,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        if let Some(by_head) = &self.by_head {
            return by_head.gather_back(g, ctl);
        }
        let (indptr, indices, values) = self.lists.transposed.get_or_init(|| self.transposed(transpose));
        spmm(Csr { indptr, indices, values }, g.view(), self.is_residual(), ctl)
    }

    /// Per column the largest value of `x` over the entries of each row, 0 where there is none. What entries are multiplied with does not
    /// count. `[n, width] → [n, width]`
    pub(crate) fn largest(&self, x: &Array2<f32>, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let mut out = Array2::zeros((self.n_rows(), x.ncols()));
        each_row(&mut out, ctl, |u, row| {
            let entries = &self.lists.indices[self.lists.indptr[u]..self.lists.indptr[u + 1]];
            let Some((first, others)) = entries.split_first() else { return };
            row.iter_mut().zip(x.row(*first as usize)).for_each(|(o, x)| *o = *x);
            for v in others {
                row.iter_mut().zip(x.row(*v as usize)).for_each(|(o, x)| *o = if *x > *o { *x } else { *o });
            }
        })?;
        Ok(out)
    }

    /// The backward pass of [`PrunedOperator::largest`], which made `out` of `x`: entries that hold the maximum share what comes back. `transpose`
    /// is the full graph's.
    pub(crate) fn largest_back(
        &self,
        x: &Array2<f32>,
        out: &Array2<f32>,
        g: &Array2<f32>,
        transpose: &Transpose,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        let mut shares = g.clone();
        each_row(&mut shares, ctl, |u, row| {
            let entries = &self.lists.indices[self.lists.indptr[u]..self.lists.indptr[u + 1]];
            for (j, share) in row.iter_mut().enumerate() {
                let n_largest = entries.iter().filter(|v| x[[**v as usize, j]] >= out[[u, j]]).count();
                *share /= n_largest.max(1) as f32;
            }
        })?;
        let (indptr, indices, _) = self.lists.transposed.get_or_init(|| self.transposed(transpose));
        let mut d_x = Array2::zeros(x.dim());
        each_row(&mut d_x, ctl, |v, row| {
            for u in &indices[indptr[v]..indptr[v + 1]] {
                let u = *u as usize;
                for (j, d) in row.iter_mut().enumerate().filter(|(j, _)| x[[v, *j]] >= out[[u, *j]]) {
                    *d += shares[[u, j]];
                }
            }
        })?;
        Ok(d_x)
    }

    fn transposed(&self, transpose: &Transpose) -> (Vec<usize>, Vec<u32>, Vec<f32>) {
        let mut value_of = vec![f32::NAN; transpose.entry.len()];
        for (k, value) in self.entries().zip(&*self.lists.values) {
            value_of[k as usize] = *value;
        }
        let n = transpose.topology.n_nodes();
        let (mut indptr, mut indices, mut values) = (Vec::with_capacity(n + 1), Vec::new(), Vec::new());
        indptr.push(0);
        for v in 0..n {
            for at in transpose.topology.row_range(v) {
                let value = value_of[transpose.entry[at]];
                if !value.is_nan() {
                    indices.push(transpose.topology.indices()[at]);
                    values.push(value);
                }
            }
            indptr.push(indices.len());
        }
        (indptr, indices, values)
    }
}
