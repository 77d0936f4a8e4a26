//! Which scales int8 weights are stored with: those that change least what training nodes feed a matrix.

use ndarray::{Array2, Axis};
use sprs::CsMatI;

use super::stored_weights::integers;
use super::transform::product;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Rows, scale_of};

/// Shares of an output's largest weight that its integers may reach up to: what is larger is clipped.
const CLIPS: [f32; 11] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5];
/// Rows that scales are chosen by, at most: every so manieth of those given.
pub(crate) const MAX_CALIBRATED_ROWS: usize = 2_048;

/// For every output of `w` the scale of [`CLIPS`] that changes least what `h` is multiplied to: `Δwᵀ HᵀH Δw = ‖H Δw‖²`, the larger scale where two
/// change as much. `h: [rows, depth]`, `w: [depth, width]`
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn calibrated_scales(w: &Array2<f32>, h: Rows<'_>, ctl: &Control) -> Result<Vec<f32>, EngineError> {
    let largest: Vec<f32> = w.columns().into_iter().map(|c| c.fold(0.0f32, |most, v| most.max(v.abs()))).collect();
    let mut best: Vec<(f64, f32)> = vec![(f64::INFINITY, 0.0); largest.len()];
    for clip in CLIPS {
        let scales: Vec<f32> = largest.iter().map(|l| scale_of(clip * l)).collect();
        let changes = integers(w.view(), &scales) - w;
        let changed = product(h.reborrow(), &changes, ctl)?;
        let mut errors = vec![0.0f64; scales.len()];
        for row in changed.rows() {
            errors.iter_mut().zip(row).for_each(|(sum, d)| *sum += f64::from(*d) * f64::from(*d));
        }
        for ((best, error), scale) in best.iter_mut().zip(errors).zip(scales) {
            if error < best.0 {
                *best = (error, scale);
            }
        }
    }
    // Where no error is a number, the largest weight just fits.
    let chosen =
        best.into_iter().zip(largest).map(|((error, scale), l)| if error.is_finite() { scale } else { scale_of(l) });
    Ok(chosen.collect())
}

/// Some of `nodes`, or of all `n` where there are none: every so manieth, at most [`MAX_CALIBRATED_ROWS`].
pub(crate) fn calibration_rows(nodes: &[u32], n: usize) -> Vec<usize> {
    let every = |len: usize| len.div_ceil(MAX_CALIBRATED_ROWS).max(1);
    if nodes.is_empty() {
        (0..n).step_by(every(n)).collect()
    } else {
        nodes.iter().step_by(every(nodes.len())).map(|u| *u as usize).collect()
    }
}

/// Some rows, as they are stored.
pub(crate) enum PickedRows {
    Dense(Array2<f32>),
    Sparse(CsMatI<f32, u32, usize>),
}

impl PickedRows {
    pub(crate) fn of(x: Rows<'_>, rows: &[usize]) -> Self {
        match x {
            Rows::Dense(x) => Self::Dense(x.select(Axis(0), rows)),
            Rows::Sparse(x) => {
                let (mut indptr, mut indices, mut values) = (vec![0], Vec::new(), Vec::new());
                for u in rows {
                    for (column, value) in x.outer_view(*u).iter().flat_map(|row| row.iter()) {
                        indices.push(column as u32);
                        values.push(*value);
                    }
                    indptr.push(indices.len());
                }
                Self::Sparse(CsMatI::new((rows.len(), x.cols()), indptr, indices, values))
            }
        }
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        match self {
            Self::Dense(x) => Rows::Dense(x.view()),
            Self::Sparse(x) => Rows::Sparse(x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Features;

    #[test]
    fn the_scale_that_changes_least_is_chosen() {
        let ctl = Control::new(2).expect("workers");
        let h = Array2::from_shape_fn((50, 6), |(i, j)| {
            ((i * 7 + j * 3) as f32 * 0.4).sin() * if j == 5 { 0.0 } else { 1.0 }
        });
        // The largest weight of the first output is read from an input that is always 0: it may be clipped as far as can be.
        let mut w = Array2::from_shape_fn((6, 3), |(i, j)| ((i * 5 + j) as f32 * 0.7).cos());
        w[[5, 0]] = 4.0;
        w.column_mut(2).fill(0.0);
        let scales = calibrated_scales(&w, Rows::Dense(h.view()), &ctl).expect("not cancelled");
        assert!(scales[0] < scale_of(4.0) && scales[2] == 0.0, "{scales:?}");
        let error = |scales: &[f32], j: usize| {
            let d = integers(w.view(), scales) - &w;
            (0..50)
                .map(|i| (0..6).map(|k| f64::from(h[[i, k]]) * f64::from(d[[k, j]])).sum::<f64>().powi(2))
                .sum::<f64>()
        };
        for j in 0..3 {
            let largest = w.column(j).fold(0.0f32, |m, v| m.max(v.abs()));
            for clip in CLIPS {
                let mut others = scales.clone();
                others[j] = scale_of(clip * largest);
                assert!(error(&scales, j) <= error(&others, j) * 1.001 + 1e-12, "{j} {clip}");
            }
        }
        let Features::Sparse(sparse) = Features::from_dense(h.mapv(|v| if v > 0.7 { v } else { 0.0 })) else { return };
        let rows: Vec<usize> = (0..50).step_by(3).collect();
        let picked = PickedRows::of(Rows::Sparse(&sparse), &rows);
        let whole = PickedRows::of(Rows::Dense(sparse.to_dense().view()), &rows);
        let scales = |rows: &PickedRows| calibrated_scales(&w, rows.rows(), &ctl).expect("not cancelled");
        assert_eq!(scales(&picked), scales(&whole), "sparse rows are rows");
        assert_eq!(calibration_rows(&[], 5_000).len(), 1_667);
        assert_eq!(calibration_rows(&[4, 9], 5_000), [4, 9]);
    }
}
