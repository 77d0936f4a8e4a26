//! A bundle with what lies beside it, and what a reader sets.

use super::price::Price;
use super::say::Say;
use crate::engine::graph::Metric;
use crate::engine::score::Score;
use crate::io::bundle::{Bundle, PartMetrics};
use crate::io::checks::CheckRecord;
use crate::io::results::{StressRead, SweepRead};
use crate::session::words::Language;

/// What a reader sets.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ReportOptions {
    /// The language of the page.
    pub language: Language,
    /// What a core costs; without one no cost is said.
    pub price: Option<Price>,
}

/// A bundle with what lies beside it.
#[derive(Debug)]
pub(crate) struct Reported {
    /// As the page names it.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) bundle: Bundle,
    /// Its checks on later graphs, oldest first.
    pub(crate) history: Vec<CheckRecord>,
    /// What was tried beside it.
    pub(crate) sweep: Option<SweepRead>,
    /// Other methods on the same model, where a sweep compared them.
    pub(crate) methods: Option<SweepRead>,
    /// How both models fall where data are disturbed.
    pub(crate) stress: Option<StressRead>,
}

impl Reported {
    /// The part of the split that scores are said of: test nodes, else validation nodes. Its key and both scores.
    pub(super) fn scored(&self) -> Option<(Part, Score, Score)> {
        let scores = self.bundle.metrics.scores.as_ref()?;
        let both = |part: Part, of: &PartMetrics| Some((part, of.baseline?, of.pruned?));
        both(Part::Test, &scores.test).or_else(|| both(Part::Validation, &scores.val))
    }

    /// What the scores are.
    pub(super) fn metric(&self) -> Metric {
        self.bundle.metrics.scores.as_ref().map(|scores| scores.metric).unwrap_or_default()
    }

    /// Whether anything propagates over the graph, and so has entries to remove.
    pub(super) fn has_entries(&self) -> bool {
        self.bundle.metrics.steps.iter().any(|step| step.edges.is_some())
    }
}

/// A part of the split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    /// Its nodes, for example `test nodes`.
    pub(super) fn nodes(self, say: Say) -> String {
        match self {
            Self::Train => say.text("report-train-nodes"),
            Self::Validation => say.text("report-validation-nodes"),
            Self::Test => say.text("report-test-nodes"),
        }
    }
}
