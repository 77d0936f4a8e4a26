//! Seeded choices of which a higher level takes all that a lower one takes.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use super::kinds::StressKind;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// So many values are handled between two looks at the stop button.
pub(super) const STEP: usize = 1 << 16;

/// The random numbers of one kind and one seed; `stream` tells independent choices of one disturbance apart. The level plays no part.
pub(super) fn rng(kind: StressKind, seed: u64, stream: u64) -> StdRng {
    let place = StressKind::ALL.iter().position(|other| *other == kind).unwrap_or(0) as u64;
    // SplitMix64's increment: seeds that people give are small and close together.
    StdRng::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (place << 8 | stream))
}

/// How many a share of `n` are.
pub(super) fn rounded_share(share: f64, n: usize) -> usize {
    (share * n as f64).round() as usize
}

/// The first `k` of `0..n` in a drawn order: the first steps of a Fisher-Yates shuffle, so those of a smaller `k` begin those of a larger.
pub(super) fn drawn(n: usize, k: usize, rng: &mut StdRng, ctl: &Control) -> Result<Vec<usize>, EngineError> {
    let mut order: Vec<usize> = (0..n).collect();
    let k = k.min(n);
    for at in 0..k {
        if at.is_multiple_of(STEP) {
            ctl.check()?;
        }
        order.swap(at, rng.random_range(at..n));
    }
    order.truncate(k);
    Ok(order)
}
