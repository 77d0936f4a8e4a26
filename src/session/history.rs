//! The epochs of a training, of any number: growing at the end, and cheap to hand to a job while it grows.

use std::sync::Arc;

use crate::engine::train::EpochRecord;

/// Epochs of one piece.
const PIECE: usize = 1024;

/// Epochs in order. A copy shares all but the last few.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// Complete pieces.
    full: Vec<Arc<Vec<EpochRecord>>>,
    rest: Vec<EpochRecord>,
    /// Place of the best epoch.
    best: usize,
}

impl History {
    /// Adds an epoch.
    pub fn push(&mut self, epoch: EpochRecord) {
        // The first of equally good epochs, as the trainer keeps it.
        if self.best().is_none_or(|best| epoch.val_accuracy.total_cmp(&best.val_accuracy).is_gt()) {
            self.best = self.len();
        }
        self.rest.push(epoch);
        if self.rest.len() == PIECE {
            self.full.push(Arc::new(std::mem::take(&mut self.rest)));
        }
    }

    /// How many epochs there are.
    pub fn len(&self) -> usize {
        self.full.len() * PIECE + self.rest.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An epoch by its place.
    pub fn get(&self, at: usize) -> Option<&EpochRecord> {
        match self.full.get(at / PIECE) {
            Some(piece) => piece.get(at % PIECE),
            None => self.rest.get(at - self.full.len() * PIECE),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &EpochRecord> {
        self.full.iter().flat_map(|piece| piece.iter()).chain(&self.rest)
    }

    /// The first one.
    pub fn first(&self) -> Option<&EpochRecord> {
        self.get(0)
    }

    /// The newest one.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.len().checked_sub(1).and_then(|at| self.get(at))
    }

    /// The one with the best validation score, the first of equals.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.get(self.best)
    }
}

impl FromIterator<EpochRecord> for History {
    fn from_iter<I: IntoIterator<Item = EpochRecord>>(epochs: I) -> Self {
        let mut history = Self::default();
        epochs.into_iter().for_each(|epoch| history.push(epoch));
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::Metric;

    #[test]
    fn pieces_read_as_one_list() {
        let epoch = |n: usize| EpochRecord {
            epoch: n + 1,
            train_loss: 0.0,
            val_loss: 0.0,
            metric: Metric::default(),
            train_accuracy: 0.0,
            val_accuracy: f64::from((n as u32 * 37) % 1001),
            test_accuracy: 0.0,
            learning_rate: 0.0,
            edge_sparsity: 0.0,
            weight_sparsity: 0.0,
            elapsed_secs: 0.0,
        };
        for n in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5] {
            let all: Vec<EpochRecord> = (0..n).map(epoch).collect();
            let history: History = all.iter().copied().collect();
            assert_eq!((history.len(), history.is_empty()), (n, n == 0));
            assert!(history.iter().map(|e| e.epoch).eq(all.iter().map(|e| e.epoch)));
            assert!((0..=n).all(|at| history.get(at).map(|e| e.epoch) == all.get(at).map(|e| e.epoch)));
            assert_eq!(history.last().map(|e| e.epoch), all.last().map(|e| e.epoch));
            let best = all.iter().rev().max_by(|a, b| a.val_accuracy.total_cmp(&b.val_accuracy));
            assert_eq!(history.best().map(|e| e.epoch), best.map(|e| e.epoch));
        }
    }
}
