//! Random numbers that depend on a seed and a position alone: the same for any order of visits and any number of threads.

/// The step of SplitMix64's counter.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of SplitMix64 (Steele, Lea, Flood 2014): a bijection that scatters neighbouring inputs.
fn scatter(x: u64) -> u64 {
    let x = x.wrapping_add(GAMMA);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 64 random bits of place `(a, b)`.
pub(in crate::engine) fn bits(seed: u64, a: usize, b: usize) -> u64 {
    scatter(scatter(scatter(seed) ^ a as u64) ^ b as u64)
}

/// 64 random bits of the undirected edge between `u` and `v`: the same from either end.
pub(in crate::engine) fn edge_bits(seed: u64, u: usize, v: usize) -> u64 {
    bits(seed, u.min(v), u.max(v))
}

/// A uniform number strictly between 0 and 1, out of the 2²³ midpoints that `f32` holds exactly.
pub(super) fn unit(bits: u64) -> f32 {
    const STEPS: u32 = 23;
    ((bits >> (u64::BITS - STEPS)) as f32 + 0.5) / (1u32 << STEPS) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_inside_the_unit_interval_and_spread_evenly() {
        assert!(unit(0) > 0.0 && unit(u64::MAX) < 1.0);
        let n = 40_000;
        let mut counts = [0usize; 10];
        for at in 0..n {
            counts[(unit(bits(0, at / 200, at % 200)) * 10.0) as usize] += 1;
        }
        // Binomial: mean n / 10, standard deviation below sqrt(n / 10); five of them.
        let limit = 5.0 * (n as f64 / 10.0).sqrt();
        for count in counts {
            assert!((count as f64 - n as f64 / 10.0).abs() < limit, "{counts:?}");
        }
    }

    #[test]
    fn seed_and_place_change_the_number_and_the_end_does_not() {
        assert_eq!(edge_bits(1, 2, 3), edge_bits(1, 3, 2));
        assert_ne!(bits(1, 2, 3), bits(1, 3, 2));
        assert_ne!(bits(1, 2, 3), bits(2, 2, 3));
    }
}
