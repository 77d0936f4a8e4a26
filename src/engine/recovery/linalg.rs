//! Factors of symmetric positive matrices: large ones in blocks over the dense product, small ones in 64 bits.

use ndarray::{Array2, Axis, s};

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Packed, dot_f64, matmul};

/// Columns of a panel.
const PANEL: usize = 128;

/// `A = L Lᵀ`, `L` lower: panels of columns, each from its diagonal down.
pub(super) struct Cholesky {
    n: usize,
    panels: Vec<Array2<f32>>,
    /// Inverses of the blocks on the diagonal.
    inverses: Vec<Array2<f32>>,
}

impl Cholesky {
    /// Factors `a`, of which the lower half is read. `[n, n]`
    ///
    /// # Errors
    /// [`EngineError::NotFinite`] when `a` is not positive, which the ridge on its diagonal rules out for finite data;
    /// [`EngineError::Cancelled`].
    pub(super) fn of(a: &Array2<f32>, ctl: &Control) -> Result<Self, EngineError> {
        let n = a.nrows();
        let (mut panels, mut inverses): (Vec<Array2<f32>>, Vec<Array2<f32>>) = (Vec::new(), Vec::new());
        for first in (0..n).step_by(PANEL) {
            ctl.check()?;
            let end = n.min(first + PANEL);
            let mut panel = a.slice(s![first.., first..end]).as_standard_layout().into_owned();
            for (at, before) in panels.iter().enumerate() {
                let rows = before.slice(s![first - at * PANEL.., ..]);
                let rows_t = Packed::new(rows.slice(s![..end - first, ..]).t());
                panel -= &matmul(rows, &rows_t, ctl)?;
            }
            let width = end - first;
            let mut block: Vec<f64> = panel.slice(s![..width, ..]).iter().map(|v| f64::from(*v)).collect();
            if !factor(&mut block, width) {
                let what = "a matrix that is to be factored".to_owned();
                return Err(EngineError::NotFinite { what, found: "a row that others determine".to_owned() });
            }
            let inverse = inverse_of_lower(&block, width);
            let inverse = Array2::from_shape_fn((width, width), |(i, j)| inverse[i * width + j] as f32);
            let below = panel.slice(s![width.., ..]);
            if below.nrows() > 0 {
                let solved = matmul(below, &Packed::new(inverse.t()), ctl)?;
                panel.slice_mut(s![width.., ..]).assign(&solved);
            }
            for i in 0..width {
                for j in 0..width {
                    panel[[i, j]] = if j <= i { block[i * width + j] as f32 } else { 0.0 };
                }
            }
            panels.push(panel);
            inverses.push(inverse);
        }
        Ok(Self { n, panels, inverses })
    }

    /// `L⁻¹`, lower. `[n, n]`
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn inverse(&self, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        let mut out = Array2::zeros((self.n, self.n));
        for (at, inverse) in self.inverses.iter().enumerate() {
            ctl.check()?;
            let (first, width) = (at * PANEL, inverse.nrows());
            out.slice_mut(s![first..first + width, first..first + width]).assign(inverse);
            if at == 0 {
                continue;
            }
            let blocks: Vec<_> = self.panels[..at]
                .iter()
                .enumerate()
                .map(|(before, panel)| panel.slice(s![first - before * PANEL..first - before * PANEL + width, ..]))
                .collect();
            let row = ndarray::concatenate(Axis(1), &blocks).unwrap_or_default().as_standard_layout().into_owned();
            let product = matmul(row.view(), &Packed::new(out.slice(s![..first, ..first])), ctl)?;
            let solved = matmul(inverse.view(), &Packed::new(product.view()), ctl)?;
            out.slice_mut(s![first..first + width, ..first]).assign(&solved.mapv(|v| -v));
        }
        Ok(out)
    }
}

/// `A = L Lᵀ` in place, row by row; the lower half is read and written. `false` when `a` is not positive. `[n, n]`
fn factor(a: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        for j in 0..=i {
            let (before, row) = a.split_at_mut(i * n);
            let other = if j < i { &before[j * n..j * n + j] } else { &row[..j] };
            let sum = row[j] - dot_f64(&row[..j], other);
            if j < i {
                row[j] = sum / before[j * n + j];
            } else if sum > 0.0 {
                row[j] = sum.sqrt();
            } else {
                return false;
            }
        }
    }
    true
}

/// `L⁻¹` of a lower matrix. `[n, n]`
fn inverse_of_lower(l: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![0.0; n * n];
    for j in 0..n {
        out[j * n + j] = 1.0 / l[j * n + j];
        for i in j + 1..n {
            let sum: f64 = (j..i).map(|k| l[i * n + k] * out[k * n + j]).sum();
            out[i * n + j] = -sum / l[i * n + i];
        }
    }
    out
}

/// Solves `A x = b` into `b`; the lower half of `a` is overwritten. `false`, and `b` as it was, when `a` is not positive. `a: [n, n]`
pub(super) fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    if !factor(a, n) {
        return false;
    }
    for i in 0..n {
        b[i] = (b[i] - dot_f64(&a[i * n..i * n + i], &b[..i])) / a[i * n + i];
    }
    for i in (0..n).rev() {
        b[i] /= a[i * n + i];
        let x = b[i];
        for (b, l) in b[..i].iter_mut().zip(&a[i * n..i * n + i]) {
            *b -= l * x;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positive(n: usize) -> Array2<f32> {
        let x = Array2::from_shape_fn((n + 3, n), |(i, j)| ((i * 31 + j * 17) as f32 * 0.37).sin());
        let mut a = x.t().dot(&x);
        a.diag_mut().mapv_inplace(|v| v + 0.5);
        a
    }

    #[test]
    fn a_factor_times_its_transpose_is_the_matrix_and_its_inverse_undoes_it() {
        let ctl = Control::new(2).expect("workers");
        for n in [1, 5, 127, 128, 129, 300] {
            let a = positive(n);
            let inverse = Cholesky::of(&a, &ctl).expect("positive").inverse(&ctl).expect("not cancelled");
            // L⁻¹ A L⁻ᵀ = 1.
            let one = inverse.dot(&a).dot(&inverse.t());
            let error =
                one.indexed_iter().map(|((i, j), v)| (v - f32::from(u8::from(i == j))).abs()).fold(0.0, f32::max);
            assert!(error < 2e-3, "{n}: {error}");
            assert!(inverse.indexed_iter().all(|((i, j), v)| j <= i || *v == 0.0), "{n}: lower");
        }
        let refused = Cholesky::of(&-positive(4), &ctl).err().expect("not positive").to_string();
        assert!(refused.contains("a matrix that is to be factored"), "{refused}");
    }

    #[test]
    fn a_small_system_is_solved_to_the_last_digits() {
        let n = 37;
        let a = positive(n).mapv(f64::from);
        let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
        let mut b: Vec<f64> = a.rows().into_iter().map(|row| row.iter().zip(&x).map(|(a, x)| a * x).sum()).collect();
        assert!(solve(&mut a.clone().into_raw_vec_and_offset().0, &mut b));
        assert!(b.iter().zip(&x).all(|(found, x)| (found - x).abs() < 1e-9));
        assert!(!solve(&mut [-1.0], &mut [1.0]));
    }
}
