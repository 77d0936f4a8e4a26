//! Weights by reconstruction: what a layer's matrix has to be so that its output on the pruned input is the baseline's, with a given share
//! of it removed.
//!
//! Ridge regression towards the old weights, then Optimal Brain Surgeon in the order of the inputs' energy (Hassibi & Stork 1993, in the
//! blockwise form of `SparseGPT`, Frantar & Alistarh 2023), then least squares on the weights that stay.

use ndarray::{Array2, Axis, s};

use super::gram::FitRows;
use super::linalg::{Cholesky, solve};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Packed, add_scaled, matmul, transposed};
use crate::engine::sparsify::WeightMask;
use crate::engine::sparsify::weight_pass::masked;

/// Ridge as a share of the mean diagonal of `ΦᵀΦ`.
const RIDGE: f64 = 1e-2;
/// The most kept weights of a column whose system is solved: more of them would also keep a cancel waiting.
const LARGEST_SOLVED: usize = 800;
/// Dense products that the solving of all columns may cost, as operations; beyond, descent is faster.
const PASSES_WORTH: f64 = 20.0;
/// The most steps of a descent.
const MAX_PASSES: usize = 60;
/// Where it ends: the square of what is left, against that of what is wanted.
const CLOSE_ENOUGH: f64 = 1e-10;
/// Inputs whose masks are chosen together.
const BLOCK: usize = 128;

/// A fitted matrix and which of its weights are kept.
pub(super) struct Fitted {
    pub(super) weight: Array2<f32>,
    pub(super) mask: WeightMask,
}

/// What is removed from a matrix.
#[derive(Clone, Copy)]
pub(super) enum Removal<'a> {
    /// So many weights, which the fit chooses.
    Number(usize),
    /// All that this mask does not keep.
    Mask(&'a WeightMask),
}

/// Fits `w` so that `Φ w` comes close to `z`, with some of its weights removed.
///
/// # Shapes
/// `phi: [n, d_in]`, `z: [n, d_out]`, `w: [d_in, d_out]`
///
/// # Errors
/// [`EngineError::NotFinite`] for data that are not, [`EngineError::Cancelled`].
pub(super) fn fit(
    phi: &FitRows,
    z: &Array2<f32>,
    w: &Array2<f32>,
    removal: Removal<'_>,
    ctl: &Control,
) -> Result<Fitted, EngineError> {
    let d_in = w.nrows();
    let (gram, moments) = phi.products(z.view(), ctl)?;
    let trace: f64 = gram.diag().iter().map(|v| f64::from(*v)).sum();
    // An input that is silent everywhere leaves nothing to fit: the smallest weights go.
    if trace <= 0.0 {
        let mask = match removal {
            Removal::Number(n_removed) => lowest(&w.mapv(f32::abs), n_removed).mapv(|is_removed| !is_removed),
            Removal::Mask(mask) => mask.clone(),
        };
        return Ok(Fitted { weight: masked(w, &mask), mask });
    }
    let ridge = (RIDGE * trace / d_in as f64) as f32;
    let n_removed = match removal {
        Removal::Number(n_removed) => n_removed,
        Removal::Mask(mask) if mask.iter().all(|kept| *kept) => 0,
        Removal::Mask(mask) => {
            let weight = masked_least_squares(&gram, &moments, w, mask, ridge, ctl)?;
            return Ok(Fitted { weight, mask: mask.clone() });
        }
    };
    // Most telling inputs first: they are decided while most others can still make up for them.
    let mut order: Vec<usize> = (0..d_in).collect();
    order.sort_by(|a, b| gram[[*b, *b]].total_cmp(&gram[[*a, *a]]).then(a.cmp(b)));
    let last_first: Vec<usize> = order.iter().rev().copied().collect();
    let mut flipped = Array2::zeros((d_in, d_in));
    if let Some(rows) = flipped.as_slice_mut() {
        ctl.for_row_blocks(rows, d_in, 16, |first, rows| {
            for (at, row) in rows.chunks_exact_mut(d_in).enumerate() {
                let from = gram.row(last_first[first + at]);
                row.iter_mut().zip(&last_first).for_each(|(slot, j)| *slot = from[*j]);
                row[first + at] += ridge;
            }
        })?;
    }
    // With the inputs in reverse order A = L Lᵀ; with L⁻¹ = M, A⁻¹ = Mᵀ M, and M read backwards is the upper factor of A⁻¹.
    let inverse = Cholesky::of(&flipped, ctl)?.inverse(ctl)?;
    drop(flipped);
    let target = (&moments + &(w * ridge)).select(Axis(0), &last_first);
    let half = matmul(inverse.view(), &Packed::new(target.view()), ctl)?;
    let free = matmul(transposed(&inverse, ctl)?.view(), &Packed::new(half.view()), ctl)?;
    let mut free = free.slice(s![..;-1, ..]).to_owned();
    if n_removed == 0 {
        return Ok(Fitted { weight: unordered(&free, &order), mask: WeightMask::from_elem(w.dim(), true) });
    }
    let upper = match Array2::from_shape_vec(
        (d_in, d_in),
        inverse.as_slice().unwrap_or_default().iter().rev().copied().collect(),
    ) {
        Ok(upper) => upper,
        Err(error) => unreachable!("as many values as before: {error}"),
    };
    drop(inverse);
    let mask = surgeon(&mut free, &upper, n_removed, ctl)?;
    drop(upper);
    let mask = unordered(&mask, &order);
    let start = unordered(&free, &order);
    let weight = masked_least_squares(&gram, &moments, &start, &mask, ridge, ctl)?;
    Ok(Fitted { weight, mask })
}

/// The same of a matrix of which whole rows and columns are closed: what `open` marks is where the two that are left cross.
///
/// # Errors
/// As [`fit`].
pub(super) fn fit_open(
    phi: &FitRows,
    z: &Array2<f32>,
    w: &Array2<f32>,
    removal: Removal<'_>,
    open: &WeightMask,
    ctl: &Control,
) -> Result<Fitted, EngineError> {
    let any = |of: ndarray::iter::LanesIter<'_, bool, ndarray::Ix1>| -> Vec<usize> {
        of.enumerate().filter(|(_, lane)| lane.iter().any(|is_open| *is_open)).map(|(at, _)| at).collect()
    };
    let (rows, columns) = (any(open.rows().into_iter()), any(open.columns().into_iter()));
    let part = |x: &Array2<f32>| x.select(Axis(0), &rows).select(Axis(1), &columns).as_standard_layout().into_owned();
    let mask = match removal {
        Removal::Number(_) => None,
        Removal::Mask(mask) => Some(mask.select(Axis(0), &rows).select(Axis(1), &columns)),
    };
    let removal = match (&mask, removal) {
        (Some(mask), _) => Removal::Mask(mask),
        (None, Removal::Number(n)) => Removal::Number(n.saturating_sub(w.len() - rows.len() * columns.len())),
        (None, removal @ Removal::Mask(_)) => removal,
    };
    let target = z.select(Axis(1), &columns).as_standard_layout().into_owned();
    let fitted = fit(&phi.of_columns(&rows), &target, &part(w), removal, ctl)?;
    let mut whole = Fitted { weight: Array2::zeros(w.dim()), mask: WeightMask::from_elem(w.dim(), false) };
    for (at, row) in rows.iter().enumerate() {
        for (nth, column) in columns.iter().enumerate() {
            whole.weight[[*row, *column]] = fitted.weight[[at, nth]];
            whole.mask[[*row, *column]] = fitted.mask[[at, nth]];
        }
    }
    Ok(whole)
}

/// Rows back from `order` to where they belong.
fn unordered<T: Clone>(rows: &Array2<T>, order: &[usize]) -> Array2<T> {
    let mut position = vec![0; order.len()];
    order.iter().enumerate().for_each(|(at, row)| position[*row] = at);
    rows.select(Axis(0), &position)
}

/// Removes `n_removed` weights, each time making up for them in the inputs that come later. `upper` is `U` with `A⁻¹ = Uᵀ U`.
///
/// # Shapes
/// `w: [d_in, d_out]`, `upper: [d_in, d_in]`
fn surgeon(
    w: &mut Array2<f32>,
    upper: &Array2<f32>,
    n_removed: usize,
    ctl: &Control,
) -> Result<WeightMask, EngineError> {
    let (d_in, d_out) = w.dim();
    let mut mask = WeightMask::from_elem(w.dim(), true);
    // How many go from every input, from the scores at the start.
    let diagonal = upper.diag().to_owned();
    let scores = |w: &Array2<f32>, first: usize| {
        let mut scores = w.clone();
        for (at, mut row) in scores.rows_mut().into_iter().enumerate() {
            let u = diagonal[first + at];
            row.mapv_inplace(|w| (w / u) * (w / u));
        }
        scores
    };
    let n_of_rows: Vec<usize> = {
        let lowest = lowest(&scores(w, 0), n_removed);
        lowest.rows().into_iter().map(|row| row.iter().filter(|is_removed| **is_removed).count()).collect()
    };
    for first in (0..d_in).step_by(BLOCK) {
        ctl.check()?;
        let end = d_in.min(first + BLOCK);
        let block = w.slice(s![first..end, ..]).to_owned();
        let removed = lowest(&scores(&block, first), n_of_rows[first..end].iter().sum());
        mask.slice_mut(s![first..end, ..]).assign(&removed.mapv(|is_removed| !is_removed));
        // Columns are independent of one another: transposed, each is a row.
        let (mut columns, removed) =
            (block.t().as_standard_layout().into_owned(), removed.t().as_standard_layout().into_owned());
        let width = end - first;
        let inner: Vec<Vec<f32>> = (first..end).map(|j| upper.slice(s![j, first..end]).to_vec()).collect();
        let mut errors = Array2::<f32>::zeros((d_out, width));
        if let (Some(columns), Some(errors)) = (columns.as_slice_mut(), errors.as_slice_mut()) {
            let mut pairs: Vec<(&mut [f32], &mut [f32])> =
                columns.chunks_exact_mut(width).zip(errors.chunks_exact_mut(width)).collect();
            ctl.for_row_blocks(&mut pairs, 1, 16, |from, pairs| {
                for (at, (column, errors)) in pairs.iter_mut().enumerate() {
                    for j in 0..width {
                        if !removed[[from + at, j]] {
                            continue;
                        }
                        let error = column[j] / inner[j][j];
                        add_scaled(&mut column[j + 1..], -error, &inner[j][j + 1..]);
                        (column[j], errors[j]) = (0.0, error);
                    }
                }
            })?;
        }
        w.slice_mut(s![first..end, ..]).assign(&columns.t());
        if end < d_in {
            let later = upper.slice(s![first..end, end..]).to_owned();
            let change = matmul(transposed(&later, ctl)?.view(), &Packed::new(errors.t()), ctl)?;
            let mut rest = w.slice_mut(s![end.., ..]);
            rest -= &change;
        }
    }
    Ok(mask)
}

/// Which are the `n` lowest scores; of equal ones the first.
pub(super) fn lowest(scores: &Array2<f32>, n: usize) -> Array2<bool> {
    let values: Vec<f32> = scores.iter().copied().collect();
    let mut at: Vec<u32> = (0..values.len() as u32).collect();
    let n = n.min(values.len());
    let mut removed = vec![false; values.len()];
    if n > 0 {
        let by_score = |a: &u32, b: &u32| values[*a as usize].total_cmp(&values[*b as usize]).then(a.cmp(b));
        at.select_nth_unstable_by(n - 1, by_score);
        at[..n].iter().for_each(|k| removed[*k as usize] = true);
    }
    Array2::from_shape_vec(scores.dim(), removed).unwrap_or_default()
}

/// Column by column the weights that are kept, so that `Φ w` comes closest to `z`, with a ridge towards where they are.
///
/// # Shapes
/// `gram: [d_in, d_in]`, `moments: [d_in, d_out]`, `start` and `mask: [d_in, d_out]`
fn masked_least_squares(
    gram: &Array2<f32>,
    moments: &Array2<f32>,
    start: &Array2<f32>,
    mask: &WeightMask,
    ridge: f32,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let (d_in, d_out) = start.dim();
    let n_kept = || mask.columns().into_iter().map(|column| column.iter().filter(|kept| **kept).count());
    let (largest, cubes) = (n_kept().max().unwrap_or(0), n_kept().map(|n| (n as f64).powi(3) / 6.0).sum::<f64>());
    if largest > LARGEST_SOLVED || cubes > PASSES_WORTH * (d_in * d_in * d_out) as f64 {
        return masked_descent(gram, moments, start, mask, ridge, ctl);
    }
    let columns = ctl.map(d_out, |column| {
        let kept: Vec<usize> =
            mask.column(column).iter().enumerate().filter(|(_, kept)| **kept).map(|(j, _)| j).collect();
        let n = kept.len();
        let mut a = vec![0.0f64; n * n];
        for (row, j) in a.chunks_exact_mut(n.max(1)).zip(&kept) {
            let from = gram.row(*j);
            row.iter_mut().zip(&kept).for_each(|(slot, i)| *slot = f64::from(from[*i]));
        }
        (0..n).for_each(|i| a[i * n + i] += f64::from(ridge));
        let towards = |j: &usize| f64::from(moments[[*j, column]]) + f64::from(ridge) * f64::from(start[[*j, column]]);
        let mut b: Vec<f64> = kept.iter().map(towards).collect();
        if !solve(&mut a, &mut b) {
            b = kept.iter().map(|j| f64::from(start[[*j, column]])).collect();
        }
        (kept, b)
    })?;
    let mut out = Array2::zeros(start.dim());
    for (column, (kept, values)) in columns.into_iter().enumerate() {
        for (j, value) in kept.into_iter().zip(values) {
            out[[j, column]] = never_0(value as f32);
        }
    }
    Ok(out)
}

/// A weight that is kept is never 0, so that what is stored says what is kept.
pub(super) fn never_0(value: f32) -> f32 {
    if value == 0.0 { f32::MIN_POSITIVE } else { value }
}

/// The same by conjugate gradients from `start`, all columns at once: where many weights of a column stay, solving costs the cube of how
/// many, and a step here one dense product.
fn masked_descent(
    gram: &Array2<f32>,
    moments: &Array2<f32>,
    start: &Array2<f32>,
    mask: &WeightMask,
    ridge: f32,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let d_out = start.ncols();
    let scale: Vec<f32> = gram.diag().iter().map(|g| 1.0 / (g + ridge)).collect();
    let times = |x: &Array2<f32>| -> Result<Array2<f32>, EngineError> {
        let product = matmul(gram.view(), &Packed::new(x.view()), ctl)?;
        Ok(masked(&(product + &(x * ridge)), mask))
    };
    // Column by column `aᵀ b`.
    let inner = |a: &Array2<f32>, b: &Array2<f32>| {
        let mut sums = vec![0.0f64; d_out];
        for (a, b) in a.rows().into_iter().zip(b.rows()) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += f64::from(*a) * f64::from(*b);
            }
        }
        sums
    };
    let add = |x: &mut Array2<f32>, factors: &[f32], y: &Array2<f32>| {
        for (mut x, y) in x.rows_mut().into_iter().zip(y.rows()) {
            for ((x, factor), y) in x.iter_mut().zip(factors).zip(y) {
                *x = factor.mul_add(*y, *x);
            }
        }
    };
    let scaled = |x: &Array2<f32>| {
        let mut out = x.clone();
        for (mut row, scale) in out.rows_mut().into_iter().zip(&scale) {
            row *= *scale;
        }
        out
    };
    let ratios = |a: &[f64], b: &[f64]| -> Vec<f32> {
        a.iter().zip(b).map(|(a, b)| if *b > 0.0 { (a / b) as f32 } else { 0.0 }).collect()
    };
    let wanted = masked(&(moments + &(start * ridge)), mask);
    let mut x = masked(start, mask);
    let mut left = &wanted - &times(&x)?;
    let mut towards = scaled(&left);
    let mut now = inner(&left, &towards);
    let limits: Vec<f64> = inner(&wanted, &scaled(&wanted)).iter().map(|w| w * CLOSE_ENOUGH).collect();
    for _ in 0..MAX_PASSES {
        if now.iter().zip(&limits).all(|(now, limit)| now <= limit) {
            break;
        }
        let image = times(&towards)?;
        let steps = ratios(&now, &inner(&towards, &image));
        add(&mut x, &steps, &towards);
        add(&mut left, &steps.iter().map(|step| -step).collect::<Vec<f32>>(), &image);
        let next = scaled(&left);
        let (before, after) = (now, inner(&left, &next));
        let turns = ratios(&after, &before);
        let mut direction = next;
        add(&mut direction, &turns, &towards);
        (towards, now) = (direction, after);
    }
    ndarray::Zip::from(&mut x).and(mask).for_each(|x, kept| *x = if *kept { never_0(*x) } else { 0.0 });
    Ok(x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Zip;

    /// `‖a - b‖²`.
    fn distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
        let mut sum = 0.0;
        Zip::from(a).and(b).for_each(|a, b| sum += (f64::from(*a) - f64::from(*b)).powi(2));
        sum
    }

    /// Inputs that depend on one another, as hidden features do.
    fn inputs(n: usize, d: usize) -> Array2<f32> {
        let hidden = Array2::from_shape_fn((n, 9), |(i, j)| ((i * 13 + j * 7) as f32 * 0.7).sin());
        let mix = Array2::from_shape_fn((9, d), |(i, j)| ((i * 5 + j * 3) as f32 * 0.3).cos());
        let own = Array2::from_shape_fn((n, d), |(i, j)| 0.1 * ((i * 3 + j * 19) as f32).sin());
        hidden.dot(&mix) + own
    }

    #[test]
    fn reconstruction_keeps_an_output_that_magnitude_loses() {
        let ctl = Control::new(2).expect("workers");
        for d in [20, 150] {
            let x = inputs(300, d);
            let w = Array2::from_shape_fn((d, 6), |(i, j)| ((i * 11 + j * 5) as f32).cos() / 3.0);
            let z = x.dot(&w);
            let n_removed = (0.8 * w.len() as f64) as usize;
            let fitted = fit(&FitRows::Whole(x.clone()), &z, &w, Removal::Number(n_removed), &ctl).expect("finite");
            assert_eq!(fitted.mask.iter().filter(|kept| !**kept).count(), n_removed);
            assert!(Zip::from(&fitted.weight).and(&fitted.mask).all(|w, kept| (*w != 0.0) == *kept));
            let plain = lowest(&w.mapv(f32::abs), n_removed);
            let mut without_smallest = w.clone();
            Zip::from(&mut without_smallest).and(&plain).for_each(|w, is_removed| {
                if *is_removed {
                    *w = 0.0;
                }
            });
            let (ours, theirs) = (distance(&x.dot(&fitted.weight), &z), distance(&x.dot(&without_smallest), &z));
            assert!(ours < 0.1 * theirs, "{d}: {ours} against {theirs}");
            let whole = fit(&FitRows::Whole(x.clone()), &z, &w, Removal::Number(0), &ctl).expect("finite");
            assert!(distance(&x.dot(&whole.weight), &z) < 1e-3 * distance(&z, &Array2::zeros(z.dim())), "{d}");
            // A mask that is given stays as it is, and what it keeps is fitted.
            let mask = plain.mapv(|is_removed| !is_removed);
            let given = fit(&FitRows::Whole(x.clone()), &z, &w, Removal::Mask(&mask), &ctl).expect("finite");
            assert_eq!(given.mask, mask);
            assert!(Zip::from(&given.weight).and(&mask).all(|w, kept| (*w != 0.0) == *kept));
            let fitted_smallest = distance(&x.dot(&given.weight), &z);
            assert!(ours < fitted_smallest && fitted_smallest < 0.9 * theirs, "{d}: {ours} {fitted_smallest} {theirs}");
        }
    }

    #[test]
    fn descent_comes_to_what_is_solved() {
        let ctl = Control::new(2).expect("workers");
        let (x, d) = (inputs(200, 60), 60);
        let z = Array2::from_shape_fn((200, 5), |(i, j)| ((i + j * 31) as f32 * 0.2).sin());
        let (gram, moments) = FitRows::Whole(x).products(z.view(), &ctl).expect("not cancelled");
        let start = Array2::from_shape_fn((d, 5), |(i, j)| ((i * 3 + j) as f32).sin() * 0.1);
        let mask = WeightMask::from_shape_fn((d, 5), |(i, j)| (i * 7 + j * 3) % 5 != 0);
        let ridge = 0.01 * gram.diag().sum() / d as f32;
        let solved = masked_least_squares(&gram, &moments, &start, &mask, ridge, &ctl).expect("not cancelled");
        let found = masked_descent(&gram, &moments, &start, &mask, ridge, &ctl).expect("not cancelled");
        assert!(Zip::from(&found).and(&mask).all(|w, kept| (*w != 0.0) == *kept));
        let largest = solved.iter().fold(0.0f32, |most, w| most.max(w.abs()));
        let off = (&found - &solved).iter().fold(0.0f32, |most, d| most.max(d.abs()));
        assert!(off < 1e-3 * largest, "{off} of {largest}");
        // A column of which nothing stays, and inputs that are silent, are no trouble.
        let none = WeightMask::from_elem((d, 5), false);
        let found = masked_descent(&gram, &moments, &start, &none, ridge, &ctl).expect("not cancelled");
        assert!(found.iter().all(|w| *w == 0.0));
    }

    #[test]
    fn what_is_kept_is_where_the_gradient_is_0() {
        let ctl = Control::new(1).expect("a worker");
        let (x, d) = (inputs(80, 12), 12);
        let z = Array2::from_shape_fn((80, 3), |(i, j)| ((i + j * 31) as f32 * 0.2).sin());
        let (gram, moments) = FitRows::Whole(x).products(z.view(), &ctl).expect("not cancelled");
        let start = Array2::from_shape_fn((d, 3), |(i, j)| (i + j) as f32 * 0.1);
        let mask = WeightMask::from_shape_fn((d, 3), |(i, j)| (i + j) % 3 != 0);
        let w = masked_least_squares(&gram, &moments, &start, &mask, 0.5, &ctl).expect("not cancelled");
        let slope = gram.dot(&w) - &moments + (&w - &start) * 0.5;
        for ((at, slope), kept) in slope.indexed_iter().zip(&mask) {
            assert!(!kept || slope.abs() < 1e-3, "{at:?}: {slope}");
        }
    }
}
