//! How long our own code takes per frame: a rolling statistic for the diagnostics page.

use std::collections::VecDeque;
use std::time::Duration;

/// Frames that are remembered.
const KEPT: usize = 600;

/// The last frames' own times.
#[derive(Debug, Clone, Default)]
pub struct FrameTimes {
    secs: VecDeque<f32>,
}

impl FrameTimes {
    /// Adds a frame.
    pub fn add(&mut self, elapsed: Duration) {
        if self.secs.len() == KEPT {
            self.secs.pop_front();
        }
        self.secs.push_back(elapsed.as_secs_f32());
    }

    /// How many are remembered.
    pub fn len(&self) -> usize {
        self.secs.len()
    }

    /// Whether there is none yet.
    pub fn is_empty(&self) -> bool {
        self.secs.is_empty()
    }

    /// The middle one, seconds.
    pub fn median(&self) -> f32 {
        self.quantile(0.5)
    }

    /// The time that a share `q` of the frames stays within, seconds; 0 without frames.
    pub fn quantile(&self, q: f32) -> f32 {
        let mut sorted: Vec<f32> = self.secs.iter().copied().collect();
        sorted.sort_by(f32::total_cmp);
        let at = (q * sorted.len().saturating_sub(1) as f32).round() as usize;
        sorted.get(at).copied().unwrap_or(0.0)
    }
}
