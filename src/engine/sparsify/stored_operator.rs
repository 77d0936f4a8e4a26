//! The sparse operator of a step with its values in fewer bits, and products over rows that may be, too.

use ndarray::Array2;

use super::pruned_operator::{Lists, PrunedOperator};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{
    RowsRef, StoredBlock, ValuesRef, contiguous, from_row_blocks, gather_stored, gather_stored_heads,
};

impl PrunedOperator {
    /// Bytes of the lists in memory: pointers, columns and values.
    pub(crate) fn n_bytes(&self) -> usize {
        let Lists { indptr, indices, values, .. } = &*self.lists;
        let values = match (&self.stored, &self.by_head) {
            (Some(stored), _) => stored.values.n_bytes(),
            (None, Some(all)) => all.coefficients.len() * size_of::<f32>(),
            (None, None) => size_of_val(&values[..]),
        };
        size_of_val(&indptr[..]) + size_of_val(&indices[..]) + values
    }

    /// As [`PrunedOperator::propagate`], over rows and values of any kinds. `[n, width] → [n, width]`
    pub(crate) fn propagate_stored(
        &self,
        x: RowsRef<'_>,
        width: usize,
        ctl: &Control,
    ) -> Result<Array2<f32>, EngineError> {
        // About half a million multiply-adds.
        let per_row = width * (1 + self.n_active_entries() / self.n_rows().max(1));
        let block = ((1 << 19) / per_row.max(1)).clamp(1, 1024);
        let (out, _) = from_row_blocks(self.n_rows(), width, block, ctl, |first, rows| {
            self.propagate_stored_rows(x, width, first, rows);
        })?;
        Ok(out)
    }

    /// As [`PrunedOperator::propagate_rows`], over rows and values of any kinds; they are found as zeros. `rows: [some, width]`
    pub(crate) fn propagate_stored_rows(&self, x: RowsRef<'_>, width: usize, first: usize, rows: &mut [f32]) {
        if width == 0 {
            return;
        }
        if self.is_residual() {
            let own = first * width..first * width + rows.len();
            match x {
                RowsRef::F32(x) => rows.copy_from_slice(&x[own]),
                RowsRef::Bf16(x) => rows.iter_mut().zip(&x[own]).for_each(|(row, x)| *row = x.to_f32()),
            }
        }
        let Lists { indptr, indices, values, .. } = &*self.lists;
        let (values, heads) = match (&self.stored, &self.by_head) {
            (Some(stored), _) => (stored.values.as_ref(), stored.heads),
            (None, Some(all)) => (ValuesRef::F32(contiguous(all.coefficients.view())), all.coefficients.ncols()),
            (None, None) => (ValuesRef::F32(values), 1),
        };
        let block = StoredBlock { first, indptr: &indptr[first..=first + rows.len() / width], indices, values };
        if heads > 1 {
            gather_stored_heads(rows, (width, heads), block, None, x);
        } else {
            gather_stored(rows, width, block, x, self.is_residual());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::kernels::{Panels, Precision, Rows, StoredValues, ValueType, upper_halves};
    use crate::engine::sparsify::pruned_operator::OperatorSource;
    use crate::engine::sparsify::{Identity, Recipe};

    #[test]
    fn fewer_bits_give_what_their_values_stand_for() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 80, n_entries: 600, ..PowerLaw::default() };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph");
        let x = Array2::from_shape_fn((80, 21), |(i, j)| ((i * 21 + j) as f32 * 0.3).sin());
        let halves = upper_halves(x.view(), &ctl).expect("not cancelled");
        let read = x.mapv(|v| half::bf16::from_f32(v).to_f32());
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            let mut recipe = Recipe::default();
            recipe.edges.identity = identity;
            let plain = OperatorSource::new(&dataset, &recipe).all().expect("small");
            let exact = plain.propagate(&x, &ctl).expect("not cancelled");
            for kind in ValueType::ALL {
                let stored = plain.stored_as(kind);
                let structure = plain.structure();
                let widened = StoredValues::new(plain.values(), structure.indptr, 1, kind).widened(structure.indptr, 1);
                let n = widened.len();
                let widened = Array2::from_shape_vec((n, 1), widened).expect("one for each");
                let same = plain.with_values(&widened).expect("as many");
                let found = stored.propagate(&x, &ctl).expect("not cancelled");
                let expected = same.propagate(&x, &ctl).expect("not cancelled");
                // An integer's scale comes after the sum: the same but for rounding.
                let off = (&found - &expected).iter().fold(0.0f32, |m, d| m.max(d.abs()));
                assert!(if kind == ValueType::Int8 { off < 1e-5 } else { off == 0.0 }, "{kind:?} {off}");
                if kind == ValueType::F32 {
                    assert!(found.iter().zip(&exact).all(|(a, b)| a.to_bits() == b.to_bits()), "the old bits");
                } else {
                    assert!(stored.n_bytes() < plain.n_bytes(), "{kind:?} takes less");
                }
                let of_halves = stored.propagate_stored(RowsRef::Bf16(&halves), 21, &ctl).expect("not cancelled");
                assert_eq!(of_halves, stored.propagate(&read, &ctl).expect("not cancelled"), "{kind:?}");
                let mut panels = Panels::zeros(80, 21, Precision::F32);
                panels.write(Rows::Dense(x.view()), None, &ctl).expect("not cancelled");
                let mut out = Panels::zeros(80, 21, Precision::F32);
                stored.hop(&panels, &mut out, &mut [], &ctl).expect("not cancelled");
                assert_eq!(out.to_rows(None, &ctl).expect("not cancelled"), found, "{kind:?}");
            }
        }
    }
}
