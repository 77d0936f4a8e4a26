//! The colours of two masks laid over each other: every block of entries is a mixture of four, in eighths.

/// What becomes of an entry in two runs: kept by the first alone, by the second alone, by both, by neither.
pub const N_FATES: usize = 4;
/// Their names, A for the first run and B for the second.
pub const FATES: [&str; N_FATES] = ["A only", "B only", "both", "neither"];
/// Parts of a mixture.
const PARTS: usize = 8;

/// The mixture of a block as one of 165 colours: shares in eighths by largest remainder, with an eighth at least for whatever occurs, so
/// that no difference vanishes in a block.
pub(super) fn mixture(counts: [u32; N_FATES]) -> u8 {
    let all = counts.iter().map(|n| u64::from(*n)).sum::<u64>().max(1);
    let mut parts = counts.map(|n| (u64::from(n) * PARTS as u64 / all).max(u64::from(n > 0)) as usize);
    let most = (0..N_FATES).fold(0, |best, at| if counts[at] > counts[best] { at } else { best });
    let others = parts.iter().sum::<usize>() - parts[most];
    parts[most] = PARTS - others.min(PARTS);
    colour_of(parts)
}

/// The place of a mixture in the order of all of them, which ascend part by part.
fn colour_of(parts: [usize; N_FATES]) -> u8 {
    let [first, second, third, _] = parts;
    let with_fewer: usize = (0..first).map(|n| (PARTS - n + 1) * (PARTS - n + 2) / 2).sum();
    let with_fewer_next: usize = (0..second).map(|n| PARTS - first - n + 1).sum();
    (with_fewer + with_fewer_next + third) as u8
}

/// Of a colour that a mixture was turned into, the share of every fate; what is beyond the last is as the last.
pub fn shares_of(colour: u8) -> [f64; N_FATES] {
    let mut at = usize::from(colour);
    for first in 0..=PARTS {
        for second in 0..=PARTS - first {
            let left = PARTS - first - second;
            if at <= left {
                return [first, second, at, left - at].map(|part| part as f64 / PARTS as f64);
            }
            at -= left + 1;
        }
    }
    [1.0, 0.0, 0.0, 0.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(shares: [f64; N_FATES]) -> [u64; N_FATES] {
        shares.map(f64::to_bits)
    }

    #[test]
    fn every_mixture_has_a_colour_of_its_own() {
        let mut n = 0;
        for first in 0..=8u32 {
            for second in 0..=8 - first {
                for third in 0..=8 - first - second {
                    let counts = [first, second, third, 8 - first - second - third];
                    let colour = mixture(counts);
                    assert_eq!(usize::from(colour), n, "{counts:?}");
                    assert_eq!(bits(shares_of(colour)), bits(counts.map(|part| f64::from(part) / 8.0)));
                    n += 1;
                }
            }
        }
        assert_eq!(n, 165);
    }

    #[test]
    fn what_is_rare_is_still_seen() {
        for at in 0..N_FATES {
            let mut counts = [0, 0, 1_000_000, 0];
            counts[at] += 1;
            let shares = shares_of(mixture(counts));
            assert!(shares[at] >= 0.125 && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{shares:?}");
        }
        let shares = shares_of(mixture([1, 1, 1_000, 1]));
        assert_eq!(bits(shares), bits([0.125, 0.125, 0.625, 0.125]));
        assert_eq!(bits(shares_of(mixture([u32::MAX; 4]))), bits([0.25; 4]));
    }
}
