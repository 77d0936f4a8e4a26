//! What training in recovery wants: the unpruned model's soft answers (Hinton et al. 2015), and labels where they may be looked at.

use ndarray::Array2;

use crate::engine::graph::Labels;
use crate::engine::train::loss::loss_gradient;

/// Labels that training looks at.
pub(super) struct Labelled<'a> {
    pub(super) labels: &'a Labels,
    /// Whose they are.
    pub(super) nodes: &'a [u32],
    /// What their cross-entropy counts for in the loss; the soft answers count for the rest.
    pub(super) share: f64,
}

/// What is wanted of the logits.
pub(super) struct Wanted<'a> {
    /// The unpruned model's logits. `[n, n_classes]`
    pub(super) soft: &'a Array2<f32>,
    /// Nodes whose soft answers are followed; `None`: all.
    pub(super) nodes: Option<&'a [u32]>,
    /// Whether a node may have several classes.
    pub(super) is_multi: bool,
    pub(super) labelled: Option<Labelled<'a>>,
}

impl Wanted<'_> {
    /// Mean Kullback-Leibler divergence of what `logits` say from the soft answers, over the nodes that are followed.
    pub(super) fn distance(&self, logits: &Array2<f32>) -> f64 {
        self.divergence(logits).0
    }

    /// `s · cross-entropy + (1 - s) · divergence` and its gradient; `s` is the labels' share. `[n, n_classes]`
    pub(super) fn loss(&self, logits: &Array2<f32>) -> (f64, Array2<f32>) {
        let (distance, mut gradient) = self.divergence(logits);
        let Some(Labelled { labels, nodes, share }) = &self.labelled else { return (distance, gradient) };
        let rows = nodes.iter().map(|u| (*u as usize, *u));
        let (loss, of_labels) = loss_gradient(logits, labels, rows);
        let (share, rest) = (*share, 1.0 - *share);
        gradient.zip_mut_with(&of_labels, |g, of_labels| *g = rest as f32 * *g + share as f32 * of_labels);
        (share * loss + rest * distance, gradient)
    }

    /// The divergence and its gradient. Softmax over the classes; of several classes per node, the mean over sigmoids.
    fn divergence(&self, logits: &Array2<f32>) -> (f64, Array2<f32>) {
        let mut gradient = Array2::zeros(logits.dim());
        let n = self.nodes.map_or_else(|| logits.nrows(), <[u32]>::len).max(1) as f64;
        let mut sum = 0.0;
        let mut add = |u: usize| {
            let (row, target) = (logits.row(u), self.soft.row(u));
            let slopes = gradient.row_mut(u);
            if self.is_multi {
                let n_classes = logits.ncols().max(1) as f64;
                for ((a, b), slope) in row.iter().zip(target).zip(slopes) {
                    let (a, b) = (f64::from(*a), f64::from(*b));
                    let (p, q) = (1.0 / (1.0 + (-a).exp()), 1.0 / (1.0 + (-b).exp()));
                    // -log σ(x) = log(1 + e^-x), without overflow.
                    let soft = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
                    sum += (q * (soft(-a) - soft(-b)) + (1.0 - q) * (soft(a) - soft(b))) / n_classes;
                    *slope = ((p - q) / (n * n_classes)) as f32;
                }
            } else {
                let (a, b) = (log_softmax(row.iter()), log_softmax(target.iter()));
                for ((a, b), slope) in a.into_iter().zip(b).zip(slopes) {
                    sum += b.exp() * (b - a);
                    *slope = ((a.exp() - b.exp()) / n) as f32;
                }
            }
        };
        match self.nodes {
            Some(nodes) => nodes.iter().for_each(|u| add(*u as usize)),
            None => (0..logits.nrows()).for_each(add),
        }
        (sum / n, gradient)
    }
}

fn log_softmax<'a>(logits: impl Iterator<Item = &'a f32> + Clone) -> Vec<f64> {
    let shift = f64::from(logits.clone().copied().fold(f32::NEG_INFINITY, f32::max));
    let total: f64 = logits.clone().map(|v| (f64::from(*v) - shift).exp()).sum();
    logits.map(|v| f64::from(*v) - shift - total.ln()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn check(wanted: &Wanted<'_>, logits: &Array2<f32>) {
        let (_, gradient) = wanted.loss(logits);
        for ((u, j), found) in gradient.indexed_iter() {
            let at = |nudge: f32| {
                let mut nudged = logits.clone();
                nudged[[u, j]] += nudge;
                wanted.loss(&nudged).0
            };
            let numeric = (at(1e-2) - at(-1e-2)) / 2e-2;
            assert!((numeric - f64::from(*found)).abs() < 1e-3, "{u} {j}: {numeric} {found}");
        }
    }

    #[test]
    fn the_divergence_is_0_where_both_agree_and_gradients_match_differences_with_and_without_labels() {
        let logits = array![[0.5f32, -1.0, 2.0], [30.0, -40.0, 1.0], [0.2, 0.1, -0.3]];
        let soft = array![[0.1f32, 0.3, -0.4], [2.0, 1.0, 0.0], [1.0, -1.0, 0.5]];
        let single = Labels::new(vec![1, 2, Labels::UNLABELLED]);
        let tags = array![[true, false, true], [false, false, true], [false, true, false]];
        for (is_multi, labels) in [(false, single), (true, Labels::multi(tags))] {
            for nodes in [None, Some(&[0u32, 2][..])] {
                let plain = Wanted { soft: &soft, nodes, is_multi, labelled: None };
                assert!(plain.distance(&soft).abs() < 1e-12);
                check(&plain, &logits);
                if let Some(nodes) = nodes {
                    let gradient = plain.loss(&logits).1;
                    assert!(gradient.row(1).iter().all(|g| *g == 0.0), "node 1 is not among {nodes:?}");
                }
                let labelled = Some(Labelled { labels: &labels, nodes: &[0, 1], share: 0.5 });
                let mixed = Wanted { labelled, ..plain };
                check(&mixed, &logits);
                let cross_entropy = loss_gradient(&logits, &labels, [(0, 0), (1, 1)].into_iter()).0;
                let expected = 0.5 * cross_entropy + 0.5 * mixed.distance(&logits);
                assert!((mixed.loss(&logits).0 - expected).abs() < 1e-12);
            }
        }
    }
}
