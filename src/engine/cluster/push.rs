//! Mass thresholds in a block: how far every number is pushed, and what comes in.
//!
//! A node pushes a number to its neighbours in order of rising degree until a message does not pass, in this hop or in one before. A smaller
//! degree never passes where a larger one does not, so the largest degree that passed says it for all neighbours: it goes beside the number.

use ndarray::{Array2, ArrayView2, s};

use super::part::BlockEntries;
use crate::engine::error::EngineError;
use crate::engine::kernels::ExactSum;
use crate::engine::sparsify::Identity;
use crate::engine::sparsify::push::{PushTest, column_masses, degree_power};

/// Numbers of all nodes, each beside the largest degree that it may be pushed to. `[rows, width]` beside `[rows, width]`
pub(super) fn without_limits(x: ArrayView2<'_, f32>) -> Array2<f32> {
    let (n, width) = x.dim();
    let mut pushed = Array2::from_elem((n, 2 * width), f32::INFINITY);
    pushed.slice_mut(s![.., ..width]).assign(&x);
    pushed
}

/// The numbers of what [`without_limits`] made.
pub(super) fn numbers(pushed: &Array2<f32>) -> ArrayView2<'_, f32> {
    pushed.slice(s![.., ..pushed.ncols() / 2])
}

/// Lets every number go no farther than `tests`, one of every column, let it in a hop.
pub(super) fn limit(
    pushed: &mut Array2<f32>,
    entries: &BlockEntries,
    (of_target, exponent): (&[f32], f64),
    tests: &[PushTest],
) {
    let width = tests.len();
    for (u, mut row) in pushed.rows_mut().into_iter().enumerate() {
        let of_source = degree_power(degree(entries, u), exponent);
        let (numbers, mut limits) = row.view_mut().split_at(ndarray::Axis(0), width);
        for ((p, limit), test) in numbers.iter().zip(&mut limits).zip(tests) {
            let passes = |of_target: &f32| test.passes(of_target * of_source, *p);
            let before = &of_target[..of_target.len().min(*limit as usize)];
            if !before.last().is_some_and(passes) {
                *limit = before.partition_point(passes) as f32;
            }
        }
    }
}

/// `d^exponent` of every degree up to the largest, from 1.
pub(super) fn powers(max_degree: u64, exponent: f64) -> Vec<f32> {
    (1..=max_degree as usize).map(|degree| degree_power(degree, exponent)).collect()
}

/// Entries of a row.
pub(super) fn degree(entries: &BlockEntries, u: usize) -> usize {
    entries.indptr[u + 1] - entries.indptr[u]
}

/// Masses of a block's columns: of positive numbers, behind them of negative ones. `[2 · width]`
pub(super) fn masses(x: &Array2<f32>, entries: &BlockEntries, exponent: f64) -> Vec<ExactSum> {
    let power: Vec<f32> = (0..entries.n_rows()).map(|u| degree_power(degree(entries, u), exponent)).collect();
    let (positive, negative): (Vec<_>, Vec<_>) = x
        .columns()
        .into_iter()
        .map(|column| {
            let [positive, negative] = column_masses(column.iter().copied().enumerate(), |u| power[u]);
            (positive, negative)
        })
        .unzip();
    [positive, negative].concat()
}

/// Sums of rows while numbers come in.
#[derive(Debug)]
pub(super) struct Pushing {
    pub(super) sums: Array2<f32>,
    /// Columns that were pushed over every entry.
    pub(super) n_columns: Vec<u32>,
    /// Numbers that were pushed, but 0.
    pub(super) n_pushed: u64,
    /// Whether rows still have to be added to themselves.
    owes_own: bool,
}

impl Pushing {
    pub(super) fn new(shape: (usize, usize), n_entries: usize, identity: Identity) -> Self {
        let owes_own = identity != Identity::SelfLoop;
        Self { sums: Array2::zeros(shape), n_columns: vec![0; n_entries], n_pushed: 0, owes_own }
    }

    /// Takes up what the nodes from `from` on push. `own` are the numbers of the block's rows, which begin with `first`.
    pub(super) fn receive(
        &mut self,
        entries: &BlockEntries,
        (first, own): (usize, ArrayView2<'_, f32>),
        (from, pushed): (usize, &Array2<f32>),
        identity: Identity,
    ) -> Result<(), EngineError> {
        let width = self.sums.ncols();
        if pushed.ncols() != 2 * width {
            return Err(EngineError::mismatch("columns of a block", 2 * width, pushed.ncols()));
        }
        if from > first {
            self.add_own(own);
        }
        let is_own_block = from == first;
        for (u, mut sum) in self.sums.rows_mut().into_iter().enumerate() {
            let row = entries.indptr[u]..entries.indptr[u + 1];
            let of_row = &entries.sources[row.clone()];
            let begins = row.start + of_row.partition_point(|v| (*v as usize) < from);
            let ends = row.start + of_row.partition_point(|v| (*v as usize) < from + pushed.nrows());
            let degree = degree(entries, u) as f32;
            let mut is_own_due = is_own_block && self.owes_own;
            for k in begins..ends {
                let v = entries.sources[k] as usize;
                if is_own_due && v >= first + u {
                    sum += &own.row(u);
                    is_own_due = false;
                }
                let is_own = v == first + u;
                if is_own && identity == Identity::Residual {
                    continue;
                }
                let (t, pushed) = (entries.values[k], pushed.row(v - from));
                let (numbers, limits) = pushed.split_at(ndarray::Axis(0), width);
                for ((sum, p), limit) in sum.iter_mut().zip(numbers).zip(limits) {
                    if is_own || degree <= *limit {
                        *sum = t.mul_add(*p, *sum);
                        self.n_columns[k] += 1;
                        self.n_pushed += u64::from(*p != 0.0);
                    }
                }
            }
            if is_own_due {
                sum += &own.row(u);
            }
        }
        self.owes_own &= !is_own_block;
        Ok(())
    }

    /// Adds rows to themselves, where the identity form asks and no block did.
    pub(super) fn add_own(&mut self, own: ArrayView2<'_, f32>) {
        if std::mem::replace(&mut self.owes_own, false) {
            self.sums += &own;
        }
    }
}
