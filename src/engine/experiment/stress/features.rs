//! Features with noise, and features that are missing.

use ndarray::Array2;
use rand_distr::{Distribution as _, StandardNormal};
use sprs::CsMatI;

use super::draw::{STEP, drawn, rng, rounded_share};
use super::kinds::StressKind;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;

/// Every value with normal noise of `level` standard deviations of its column (over all nodes); all values are then stored. The same seed
/// draws the same noise at every level.
pub(super) fn with_noise(features: &Features, level: f64, seed: u64, ctl: &Control) -> Result<Features, EngineError> {
    let mut x = features.to_dense();
    let scale = deviations(&x, ctl)?;
    let mut rng = rng(StressKind::FeatureNoise, seed, 0);
    for mut row in x.rows_mut() {
        ctl.check()?;
        for (value, scale) in row.iter_mut().zip(&scale) {
            let noise: f64 = StandardNormal.sample(&mut rng);
            *value += (level * scale * noise) as f32;
        }
    }
    Ok(Features::Dense(x))
}

/// Standard deviation of every column, added up in ascending order of rows.
fn deviations(x: &Array2<f32>, ctl: &Control) -> Result<Vec<f64>, EngineError> {
    let n = x.nrows().max(1) as f64;
    let (mut sums, mut squares) = (vec![0.0f64; x.ncols()], vec![0.0f64; x.ncols()]);
    for row in x.rows() {
        ctl.check()?;
        sums.iter_mut().zip(&row).for_each(|(sum, value)| *sum += f64::from(*value));
    }
    for row in x.rows() {
        ctl.check()?;
        let centred = row.iter().zip(&sums).map(|(value, sum)| f64::from(*value) - sum / n);
        squares.iter_mut().zip(centred).for_each(|(square, value)| *square += value * value);
    }
    Ok(squares.iter().map(|square| (square / n).sqrt()).collect())
}

/// `level` of the values that are not 0 become 0. What is stored sparsely stays so.
pub(super) fn with_missing(features: &Features, level: f64, seed: u64, ctl: &Control) -> Result<Features, EngineError> {
    let mut rng = rng(StressKind::MissingFeatures, seed, 0);
    match features {
        Features::Dense(x) => {
            let mut x = x.clone();
            let there: Vec<usize> = x.iter().enumerate().filter(|(_, v)| **v != 0.0).map(|(at, _)| at).collect();
            let n_columns = x.ncols().max(1);
            for at in drawn(there.len(), rounded_share(level, there.len()), &mut rng, ctl)? {
                x[[there[at] / n_columns, there[at] % n_columns]] = 0.0;
            }
            Ok(Features::Dense(x))
        }
        Features::Sparse(x) => {
            let mut is_missing = vec![false; x.nnz()];
            for at in drawn(x.nnz(), rounded_share(level, x.nnz()), &mut rng, ctl)? {
                is_missing[at] = true;
            }
            let (mut indptr, mut indices, mut values) = (vec![0usize], Vec::new(), Vec::new());
            for u in 0..x.rows() {
                if u.is_multiple_of(STEP) {
                    ctl.check()?;
                }
                for at in x.indptr().outer_inds_sz(u).filter(|at| !is_missing[*at]) {
                    indices.push(x.indices()[at]);
                    values.push(x.data()[at]);
                }
                indptr.push(indices.len());
            }
            Ok(Features::Sparse(CsMatI::new(x.shape(), indptr, indices, values)))
        }
    }
}
