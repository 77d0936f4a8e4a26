//! Weights ranked without looking at what flows through them.

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::draw;

/// How weights are ranked for removal instead of by their messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightRanking {
    /// By lot, the same share of every matrix.
    Random,
    /// By `|W[j,i]|`, the same share of every matrix (Han, Pool, Tran, Dally, 2015).
    Magnitude,
    /// By `|W[j,i]|`, one threshold over all matrices (Frankle and Carbin, ICLR 2019; Blalock et al., 2020).
    MagnitudeGlobal,
}

impl WeightRanking {
    /// Every ranking, in the order they are offered.
    pub const ALL: [Self; 3] = [Self::Random, Self::Magnitude, Self::MagnitudeGlobal];

    /// The name in recipes.
    pub fn key(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Magnitude => "magnitude",
            Self::MagnitudeGlobal => "magnitude-global",
        }
    }

    /// The human-readable name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Random => "Random",
            Self::Magnitude => "Magnitude per layer",
            Self::MagnitudeGlobal => "Magnitude over all layers",
        }
    }

    /// Where it is from.
    pub fn source(self) -> &'static str {
        match self {
            Self::Random => "Uniform choice, the control of Blalock et al., MLSys 2020",
            Self::Magnitude => "Han et al., Learning both Weights and Connections, NeurIPS 2015",
            Self::MagnitudeGlobal => {
                "Frankle and Carbin, The Lottery Ticket Hypothesis, ICLR 2019; Blalock et al., MLSys 2020"
            }
        }
    }
}

/// Importance of every weight; the lowest go first.
///
/// # Shapes
/// One matrix for each of `weights`, of its shape.
pub fn weight_importance(ranking: WeightRanking, weights: &[ArrayView2<'_, f32>], seed: u64) -> Vec<Array2<f32>> {
    let of_layer = |(layer, weight): (usize, &ArrayView2<'_, f32>)| {
        let layer_seed = draw::bits(seed, layer, 0);
        Array2::from_shape_fn(weight.dim(), |(j, i)| match ranking {
            WeightRanking::Random => draw::unit(draw::bits(layer_seed, j, i)),
            WeightRanking::Magnitude | WeightRanking::MagnitudeGlobal => weight[(j, i)].abs(),
        })
    };
    weights.iter().enumerate().map(of_layer).collect()
}

/// Masks that remove the share `share`; `true` = kept.
///
/// What goes is `share` times the number of weights, rounded to the nearest integer: of each matrix, or of all together
/// for [`WeightRanking::MagnitudeGlobal`]. Equal importances go by position, first matrix and first row first, so the count is met exactly. Over all matrices the
/// strongest weight of each one goes only after every weight that is not the strongest of its own: no layer is cut through
/// while another has two weights left. The papers have no such guard.
///
/// # Shapes
/// One mask for each of `weights`, of its shape.
///
/// # Panics
/// When `share` is not in `0..=1`.
///
/// # Complexity
/// O(weights), on average.
pub fn weight_masks(
    ranking: WeightRanking,
    weights: &[ArrayView2<'_, f32>],
    share: f64,
    seed: u64,
) -> Vec<Array2<bool>> {
    assert!((0.0..=1.0).contains(&share), "a share is between 0 and 1");
    let importance = weight_importance(ranking, weights, seed);
    if ranking != WeightRanking::MagnitudeGlobal {
        return importance
            .iter()
            .map(|own| {
                let values: Vec<f32> = own.iter().copied().collect();
                shaped(own.dim(), &keep_strongest(&values, &vec![false; values.len()], share))
            })
            .collect();
    }
    let values: Vec<f32> = importance.iter().flatten().copied().collect();
    let mut is_guarded = vec![false; values.len()];
    let mut start = 0;
    for own in &importance {
        let strongest = own.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
        if let Some((at, _)) = strongest {
            is_guarded[start + at] = true;
        }
        start += own.len();
    }
    let kept = keep_strongest(&values, &is_guarded, share);
    let mut rest = &kept[..];
    importance
        .iter()
        .map(|own| {
            let (now, later) = rest.split_at(own.len());
            rest = later;
            shaped(own.dim(), now)
        })
        .collect()
}

/// A matrix from its values, row after row.
fn shaped((d_in, d_out): (usize, usize), kept: &[bool]) -> Array2<bool> {
    Array2::from_shape_fn((d_in, d_out), |(j, i)| kept[j * d_out + i])
}

/// Which values stay when the share `share` goes: the unguarded before the guarded, then the lowest, then the first.
fn keep_strongest(importance: &[f32], is_guarded: &[bool], share: f64) -> Vec<bool> {
    let n_removed = (share * importance.len() as f64).round() as usize;
    let mut order: Vec<usize> = (0..importance.len()).collect();
    if n_removed < order.len() {
        order.select_nth_unstable_by(n_removed, |&a, &b| {
            let by_guard = is_guarded[a].cmp(&is_guarded[b]);
            by_guard.then(importance[a].total_cmp(&importance[b])).then(a.cmp(&b))
        });
    }
    let mut kept = vec![true; importance.len()];
    for &at in &order[..n_removed] {
        kept[at] = false;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::sparsify::baselines::fixtures::random_features;
    use ndarray::array;

    const SHARES: [f64; 7] = [0.0, 0.07, 0.25, 0.5, 0.8, 0.97, 1.0];

    /// Three layers of different scales, with many equal weights in the last.
    fn layers() -> Vec<Array2<f32>> {
        let last = random_features(8, 3, 0.3, 7).mapv(f32::round);
        vec![random_features(20, 8, 1.0, 5) * 0.1, random_features(8, 8, 1.0, 6), last]
    }

    fn views(layers: &[Array2<f32>]) -> Vec<ArrayView2<'_, f32>> {
        layers.iter().map(|layer| layer.view()).collect()
    }

    fn n_removed(mask: &Array2<bool>) -> usize {
        mask.iter().filter(|k| !**k).count()
    }

    /// What goes when everything is sorted, place by place.
    fn sorted_oracle(layer: &Array2<f32>, count: usize) -> Array2<bool> {
        let mut order: Vec<((usize, usize), f32)> = layer.indexed_iter().map(|(at, w)| (at, w.abs())).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut mask = Array2::from_elem(layer.dim(), true);
        order[..count].iter().for_each(|(at, _)| mask[*at] = false);
        mask
    }

    #[test]
    fn masks_meet_the_share_exactly_in_every_matrix() {
        let layers = layers();
        for ranking in [WeightRanking::Random, WeightRanking::Magnitude] {
            for share in SHARES {
                for (layer, mask) in layers.iter().zip(weight_masks(ranking, &views(&layers), share, 3)) {
                    assert_eq!(mask.dim(), layer.dim());
                    let count = (share * layer.len() as f64).round() as usize;
                    assert_eq!(n_removed(&mask), count, "{ranking:?} {share}");
                    if ranking == WeightRanking::Magnitude {
                        assert_eq!(mask, sorted_oracle(layer, count), "{share}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_global_mask_meets_the_share_over_all_matrices_and_cuts_no_layer_through() {
        let layers = layers();
        let all: usize = layers.iter().map(Array2::len).sum();
        for count in [0, 1, all / 2, all - 4, all - 3, all - 2, all] {
            let share = count as f64 / all as f64;
            let masks = weight_masks(WeightRanking::MagnitudeGlobal, &views(&layers), share, 0);
            assert_eq!(masks.iter().map(n_removed).sum::<usize>(), count);
            let emptied = masks.iter().zip(&layers).filter(|(m, l)| n_removed(m) == l.len()).count();
            assert_eq!(emptied, count.saturating_sub(all - layers.len()), "{count}");
        }
    }

    /// The first layer's weights are ten times smaller: one threshold over all takes more of them.
    #[test]
    fn the_global_threshold_separates_kept_from_removed() {
        let layers = layers();
        let masks = weight_masks(WeightRanking::MagnitudeGlobal, &views(&layers), 0.6, 0);
        let (mut highest_removed, mut lowest_kept) = (0.0f32, f32::INFINITY);
        for (layer, mask) in layers.iter().zip(&masks) {
            for (w, kept) in layer.iter().zip(mask) {
                if *kept {
                    lowest_kept = lowest_kept.min(w.abs());
                } else {
                    highest_removed = highest_removed.max(w.abs());
                }
            }
        }
        assert!(highest_removed <= lowest_kept, "{highest_removed} {lowest_kept}");
        let removed_share = |l: usize| n_removed(&masks[l]) as f64 / layers[l].len() as f64;
        assert!(removed_share(0) > removed_share(1));
    }

    #[test]
    fn a_larger_share_removes_all_that_a_smaller_one_does() {
        let layers = layers();
        for ranking in WeightRanking::ALL {
            let of_share = SHARES.map(|share| weight_masks(ranking, &views(&layers), share, 11));
            for pair in of_share.windows(2) {
                for (less, more) in pair[0].iter().zip(&pair[1]) {
                    assert!(less.iter().zip(more).all(|(l, m)| *l || !*m), "{ranking:?}");
                }
            }
        }
    }

    #[test]
    fn ties_go_by_position_and_views_need_no_layout() {
        let weight = array![[1.0f32, -1.0, 1.0], [2.0, 1.0, -1.0]];
        let masks = weight_masks(WeightRanking::Magnitude, &[weight.view(), weight.t()], 0.5, 0);
        assert_eq!(masks[0], array![[false, false, false], [true, true, true]]);
        assert_eq!(masks[1], array![[false, true], [false, false], [true, true]]);
    }

    #[test]
    fn random_importance_depends_on_seed_layer_and_place() {
        let weight = Array2::<f32>::zeros((5, 4));
        let of_seed = |seed| weight_importance(WeightRanking::Random, &[weight.view(), weight.view()], seed);
        let first = of_seed(1);
        assert_eq!(first, of_seed(1));
        assert_ne!(first, of_seed(2));
        assert_ne!(first[0], first[1]);
        let mut values: Vec<f32> = first.iter().flatten().copied().collect();
        values.sort_by(f32::total_cmp);
        values.dedup();
        assert_eq!(values.len(), 40, "forty places, forty numbers");
    }

    #[test]
    fn keys_are_those_of_the_recipe_file() {
        for ranking in WeightRanking::ALL {
            assert_eq!(serde_json::to_value(ranking).expect("plain value"), ranking.key());
            assert!(!ranking.title().is_empty() && !ranking.source().is_empty());
        }
    }
}
