//! Dropout whose random choices depend on nothing but seed, epoch, layer and position: the same for any number of threads,
//! and drawn again by the backward pass instead of being stored.

use ndarray::Array2;

use super::elementwise::each_row;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

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
}
