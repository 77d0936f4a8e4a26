//! Halving the step size when validation accuracy stands still: PyTorch's `ReduceLROnPlateau(mode="max", factor=0.5)`.

/// Factor of one reduction.
const FACTOR: f64 = 0.5;
/// An accuracy counts as better when it exceeds the best by this share of it, PyTorch's default.
const THRESHOLD: f64 = 1e-4;

/// The schedule's state.
#[derive(Debug, Clone)]
pub(super) struct Plateau {
    pub(super) learning_rate: f64,
    patience: usize,
    best: f64,
    n_bad: usize,
}

impl Plateau {
    pub(super) fn new(learning_rate: f64, patience: usize) -> Self {
        Self { learning_rate, patience, best: f64::NEG_INFINITY, n_bad: 0 }
    }

    /// Takes the accuracy of the epoch just finished.
    pub(super) fn observe(&mut self, accuracy: f64) {
        if accuracy > self.best * (1.0 + THRESHOLD) || self.best == f64::NEG_INFINITY {
            self.best = accuracy;
            self.n_bad = 0;
        } else {
            self.n_bad += 1;
        }
        if self.n_bad > self.patience {
            self.learning_rate *= FACTOR;
            self.n_bad = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_after_more_bad_epochs_than_the_patience() {
        let mut plateau = Plateau::new(1.0, 2);
        for (accuracy, expected) in
            [(0.5, 1.0), (0.5, 1.0), (0.4, 1.0), (0.5, 0.5), (0.6, 0.5), (0.6, 0.5), (0.6, 0.5), (0.6, 0.25)]
        {
            plateau.observe(accuracy);
            assert!((plateau.learning_rate - expected).abs() < 1e-12, "{accuracy}");
        }
    }
}
