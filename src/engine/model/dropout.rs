//! Dropout whose random choices depend on nothing but seed, epoch, layer and position: the same for any number of threads,
//! and drawn again by the backward pass instead of being stored.

use ndarray::Array2;

use super::elementwise::each_row;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;

/// Fixes the choices of one dropout in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DropoutSeed {
    pub(crate) seed: u64,
    pub(crate) epoch: u64,
    pub(crate) layer: u64,
}

/// SplitMix64's output function (Steele, Lea, Flood 2014): a bijection that scatters neighbouring inputs.
fn scatter(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Sets a share `rate` of the values to 0 and scales the rest by `1 / (1 - rate)`, in place. Its own backward pass.
pub(crate) fn apply(x: &mut Array2<f32>, rate: f64, seed: DropoutSeed, ctl: &Control) -> Result<(), EngineError> {
    let base = scatter(scatter(scatter(seed.seed) ^ seed.epoch) ^ seed.layer);
    let limit = (rate * 2f64.powi(32)) as u64;
    let scale = (1.0 / (1.0 - rate)) as f32;
    each_row(x, ctl, |u, row| {
        let mut state = scatter(base ^ u as u64);
        for pair in row.chunks_mut(2) {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = scatter(state);
            for value in pair {
                *value = if bits & 0xffff_ffff < limit { 0.0 } else { *value * scale };
                bits >>= 32;
            }
        }
    })
}

/// The same of features: of sparse ones the stored values, the others being 0 already. `[n, d_in]`
pub(crate) fn of_features(
    features: &Features,
    rate: f64,
    seed: DropoutSeed,
    ctl: &Control,
) -> Result<Features, EngineError> {
    Ok(match features {
        Features::Dense(x) => {
            let mut x = x.clone();
            apply(&mut x, rate, seed, ctl)?;
            Features::Dense(x)
        }
        Features::Sparse(x) => {
            let mut values = Array2::from_shape_vec((x.nnz(), 1), x.data().to_vec()).unwrap_or_default();
            apply(&mut values, rate, seed, ctl)?;
            let mut x = x.clone();
            x.data_mut().iter_mut().zip(&values).for_each(|(slot, value)| *slot = *value);
            Features::Sparse(x)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_asked_share_and_repeats() {
        let ctl = Control::new(2).expect("workers");
        let seed = DropoutSeed { seed: 1, epoch: 2, layer: 0 };
        let mut x = Array2::ones((400, 101));
        apply(&mut x, 0.3, seed, &ctl).expect("not cancelled");
        let dropped = x.iter().filter(|v| **v == 0.0).count() as f64 / x.len() as f64;
        assert!((dropped - 0.3).abs() < 0.01, "{dropped}");
        assert!((x.sum() / x.len() as f32 - 1.0).abs() < 0.02);
        let mut again = Array2::ones((400, 101));
        apply(&mut again, 0.3, seed, &ctl).expect("not cancelled");
        assert_eq!(x, again);
        let mut other = Array2::ones((400, 101));
        apply(&mut other, 0.3, DropoutSeed { epoch: 3, ..seed }, &ctl).expect("not cancelled");
        assert_ne!(x, other);
    }

    #[test]
    fn of_sparse_features_stored_values_are_dropped_and_nothing_else_appears() {
        let ctl = Control::new(2).expect("workers");
        let x = Array2::from_shape_fn((200, 90), |(u, j)| if (u + j) % 30 == 0 { 2.0 } else { 0.0 });
        let sparse = Features::from_dense(x.clone());
        assert!(matches!(sparse, Features::Sparse(_)));
        let seed = DropoutSeed { seed: 1, epoch: 2, layer: 0 };
        let after = of_features(&sparse, 0.5, seed, &ctl).expect("not cancelled").to_dense();
        let kept = after.iter().filter(|v| **v != 0.0).count() as f64 / sparse.n_stored() as f64;
        assert!((kept - 0.5).abs() < 0.1, "{kept}");
        let expected = |(a, x): (&f32, &f32)| a.to_bits() == 0 || (a.to_bits() == 4f32.to_bits() && *x > 1.0);
        assert!(after.iter().zip(&x).all(expected));
    }
}
