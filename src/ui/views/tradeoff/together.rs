//! What the chart of all trials remembers between frames.

use crate::session::TrialLines;
use crate::ui::widgets::parallel::Parallel;

/// The chart and the lines that it draws.
#[derive(Debug, Default)]
pub(super) struct Together {
    pub(super) chart: Parallel,
    pub(super) lines: TrialLines,
    /// Counts how often the lines were made.
    pub(super) revision: u64,
}
