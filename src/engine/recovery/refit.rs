//! The values of kept entries: as they are, scaled to the sum their row had, or fitted so that the row gives what it gave.

use ndarray::Array2;

use super::linalg::solve;
use super::side::Side;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{add_scaled, dot};
use crate::engine::sparsify::ValueRule;

/// Rows of a block of work.
const ROWS: usize = 32;
/// Ridge towards the old values, as a share of the mean square of a row's messages.
const RIDGE: f64 = 1e-2;

/// One value per kept entry and head, in the order of the entries. Rows that lost nothing keep theirs.
///
/// `scaled_first` starts the fit from values that have the sum their row had.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn values(
    side: &Side<'_>,
    kept: &[bool],
    rule: ValueRule,
    scaled_first: bool,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let n = side.topology.n_nodes();
    let blocks = ctl.map(n.div_ceil(ROWS), |block| {
        let mut out = Vec::new();
        for u in block * ROWS..n.min((block + 1) * ROWS) {
            let row = side.topology.row_range(u);
            let entries: Vec<usize> = row.clone().filter(|k| kept[*k]).collect();
            let first = out.len();
            for k in &entries {
                out.extend_from_slice(side.values_of(*k));
            }
            if entries.is_empty() || entries.len() == row.len() {
                continue;
            }
            for h in 0..side.heads {
                let value = |k: usize| f64::from(side.values_of(k)[h]);
                let mut t: Vec<f64> = entries.iter().map(|k| value(*k)).collect();
                if rule == ValueRule::RowSum || (rule == ValueRule::Ridge && scaled_first) {
                    keep_sum(&mut t, row.clone().map(value).sum::<f64>());
                }
                if rule == ValueRule::Ridge {
                    refit(side, u, h, &entries, &mut t);
                }
                for (slot, t) in out[first + h..].iter_mut().step_by(side.heads).zip(t) {
                    *slot = t as f32;
                }
            }
        }
        out
    })?;
    let values = blocks.concat();
    Ok(Array2::from_shape_vec((values.len() / side.heads, side.heads), values).unwrap_or_default())
}

/// Scales the values that a row kept so that their sum is `before`, where they have one.
fn keep_sum(t: &mut [f64], before: f64) {
    let after = t.iter().sum::<f64>();
    if after.abs() > 1e-12 {
        for t in t {
            *t *= before / after;
        }
    }
}

/// The values of what one row keeps, as [`ValueRule::RowSum`] has them: a row that lost nothing, or all, keeps its own.
pub(super) fn of_row(all: &[f32], kept: &[bool]) -> Vec<f32> {
    let values = || all.iter().zip(kept).filter(|(_, kept)| **kept).map(|(t, _)| *t);
    let mut t: Vec<f64> = values().map(f64::from).collect();
    if t.is_empty() || t.len() == all.len() {
        return values().collect();
    }
    keep_sum(&mut t, all.iter().map(|t| f64::from(*t)).sum());
    t.into_iter().map(|t| t as f32).collect()
}

/// `v = t + (B Bᵀ + μ)⁻¹ B (z - Bᵀ t)` with the kept messages as rows of `B`.
fn refit(side: &Side<'_>, u: usize, h: usize, entries: &[usize], t: &mut [f64]) {
    let n = entries.len();
    let message = |i: usize| side.candidate(side.topology.indices()[entries[i]] as usize, h);
    let mut left: Vec<f32> = side.target(u, h).to_vec();
    for (i, t) in t.iter().enumerate() {
        add_scaled(&mut left, -(*t as f32), message(i));
    }
    let width = left.len();
    if n <= width.max(64) {
        let mut a = vec![0.0f64; n * n];
        for i in 0..n {
            for j in 0..=i {
                a[i * n + j] = f64::from(dot(message(i), message(j)));
            }
        }
        let mean = (0..n).map(|i| a[i * n + i]).sum::<f64>() / n as f64;
        (0..n).for_each(|i| a[i * n + i] += RIDGE * mean + 1e-9);
        let mut b: Vec<f64> = (0..n).map(|i| f64::from(dot(message(i), &left))).collect();
        if solve(&mut a, &mut b) {
            t.iter_mut().zip(b).for_each(|(t, change)| *t += change);
        }
        return;
    }
    // More messages than columns: the same through the smaller matrix, (B Bᵀ + μ)⁻¹ B e = B (Bᵀ B + μ)⁻¹ e.
    let mut a = vec![0.0f64; width * width];
    let mut mean = 0.0;
    for i in 0..n {
        let m = message(i);
        for (row, x) in a.chunks_exact_mut(width).zip(m) {
            row.iter_mut().zip(m).for_each(|(slot, y)| *slot += f64::from(*x) * f64::from(*y));
        }
        mean += f64::from(dot(m, m)) / n as f64;
    }
    (0..width).for_each(|i| a[i * width + i] += RIDGE * mean + 1e-9);
    let mut b: Vec<f64> = left.iter().map(|v| f64::from(*v)).collect();
    if solve(&mut a, &mut b) {
        for (i, t) in t.iter_mut().enumerate() {
            *t += message(i).iter().zip(&b).map(|(m, b)| f64::from(*m) * b).sum::<f64>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{Direction, SelfLoops, Topology};

    #[test]
    fn fitted_values_bring_a_row_back_and_both_ways_of_solving_agree() {
        let ctl = Control::new(2).expect("workers");
        let n = 90;
        let pairs: Vec<(u32, u32)> = (1..n as u32).map(|v| (v, 0)).collect();
        let topology = Topology::from_edges(n, &pairs, Direction::AsStored, SelfLoops::Added).expect("valid pairs").0;
        let t: Vec<f32> = (0..topology.n_entries()).map(|k| 0.01 * (1 + k % 5) as f32).collect();
        for width in [4, 120] {
            // Messages of a few kinds, as those of like nodes are.
            let kinds = Array2::from_shape_fn((n, 6), |(i, j)| ((i * 7 + j * 13 + i * j * 5) as f32 * 0.37).sin());
            let mix = Array2::from_shape_fn((6, width), |(i, j)| ((i * 3 + j * 5 + i * j) as f32 * 0.7).cos());
            let p = kinds.dot(&mix);
            let mut z = Array2::<f32>::zeros((n, width));
            for (k, (u, v)) in topology.entries().enumerate() {
                let message = &p.row(v as usize) * t[k];
                let mut row = z.row_mut(u as usize);
                row += &message;
            }
            let side = Side { topology: &topology, candidates: &p, targets: &z, values: &t, heads: 1 };
            let kept: Vec<bool> = topology.entries().map(|(u, v)| u == v || v % 8 != 3).collect();
            let error = |rule: ValueRule| {
                let values = values(&side, &kept, rule, false, &ctl).expect("not cancelled");
                let mut row = z.row(0).to_owned();
                let entries = topology.row_range(0).filter(|k| kept[*k]);
                for (k, value) in entries.zip(values.column(0)) {
                    row -= &(&p.row(topology.indices()[k] as usize) * *value);
                }
                row.dot(&row)
            };
            let (plain, fitted) = (error(ValueRule::AsIs), error(ValueRule::Ridge));
            assert!(fitted < 0.1 * plain, "{width}: {fitted} of {plain}");
            let sums = values(&side, &kept, ValueRule::RowSum, false, &ctl).expect("not cancelled");
            let n_of_row = topology.row_range(0).filter(|k| kept[*k]).count();
            let whole: f32 = topology.row_range(0).map(|k| t[k]).sum();
            assert!((sums.iter().take(n_of_row).sum::<f32>() - whole).abs() < 1e-5);
        }
    }
}
