//! What the session remembers that no view reads.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::inputs::{LoadedGraph, LoadedModel};
use super::project::Project;
use super::tasks::autosave::{ChangedInput, Own};
use super::tasks::diagnose::Diagnosis;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{ChannelRule, EdgeMode, Recipe, RecoveryRule, WeightMode};
use crate::io::autosave::SessionFolder;

/// What is known of faults.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// Where reports of internal errors lie.
    pub(super) folder: Option<PathBuf>,
    pub(super) found: Diagnosis,
}

/// A finished run with what it was made from.
pub(super) struct PrunedRun {
    pub(super) run: Run,
    pub(super) graph: LoadedGraph,
    pub(super) model: LoadedModel,
    pub(super) known: Option<KnownRun>,
    /// Wall time of the whole run, seconds.
    pub(super) elapsed_secs: f64,
}

/// What a project or a bundle says of a run that is computed anew.
#[derive(Default)]
pub(super) struct KnownRun {
    pub(super) name: String,
    pub(super) is_pinned: bool,
    pub(super) note: String,
    pub(super) tags: Vec<String>,
    /// Relative errors of the steps against a model that is not at hand any more; empty where they are measured.
    pub(super) errors: Vec<Option<f64>>,
}

/// What is done once everything that was asked for is open.
pub(super) enum AfterLoad {
    /// The rest of a project or of a lost session: its recipe and runs.
    Project(Box<Reopened>),
    /// A sample without a model: train a small one.
    TrainSmall,
}

/// A project or a lost session whose inputs are being opened.
pub(super) struct Reopened {
    pub(super) project: Project,
    /// The project's file.
    pub(super) path: Option<String>,
    /// Inputs that are not what they were.
    pub(super) changed: Vec<ChangedInput>,
    /// Where the lost session lies, and whether everything of it could be read.
    pub(super) lost: Option<(SessionFolder, bool)>,
}

/// What is kept of a session while it is at work, and when.
#[derive(Debug)]
pub(super) struct AutosaveState {
    /// Where the folders of sessions lie.
    pub(super) root: PathBuf,
    /// What was written by now.
    pub(super) own: Arc<Mutex<Own>>,
    /// Sessions that did not end, by their ids.
    pub(super) lost: Vec<(u64, SessionFolder)>,
    /// What was restored: it goes with the next write.
    pub(super) replaces: Vec<SessionFolder>,
    /// What was restored in part: it stays, and is nobody else's while this session is at work.
    pub(super) held: Vec<SessionFolder>,
    /// Changes that were seen.
    n_seen: u64,
    /// When the first of those came that are not handed to the writer yet.
    changed_at: Option<Duration>,
    /// When the writer was started last.
    began_at: Option<Duration>,
    is_writing: bool,
    has_failed: bool,
}

/// Changes within this time are written together.
const SETTLE: Duration = Duration::from_millis(250);
/// Nothing is written more often.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// After a write that failed.
const RETRY_AFTER: Duration = Duration::from_secs(30);

impl AutosaveState {
    /// Nothing is written yet.
    pub(super) fn new(root: PathBuf) -> Self {
        let (lost, replaces, held) = (Vec::new(), Vec::new(), Vec::new());
        let (own, n_seen, changed_at, began_at) = (Arc::default(), 0, None, None);
        Self { root, own, lost, replaces, held, n_seen, changed_at, began_at, is_writing: false, has_failed: false }
    }

    /// Whether something is to be written now, `n_changes` being counted by now.
    pub(super) fn is_due(&mut self, n_changes: u64, now: Duration) -> bool {
        if n_changes != self.n_seen {
            self.n_seen = n_changes;
            self.changed_at.get_or_insert(now);
        }
        !self.is_writing && self.due_at().is_some_and(|at| at <= now)
    }

    fn due_at(&self) -> Option<Duration> {
        let pause = if self.has_failed { RETRY_AFTER } else { WRITE_EVERY };
        let settled = self.changed_at? + SETTLE;
        Some(self.began_at.map_or(settled, |began| settled.max(began + pause)))
    }

    /// How long until something is to be written; nothing while the writer is at work, whose end is heard of.
    pub(super) fn next(&self, n_changes: u64, now: Duration) -> Option<Duration> {
        if n_changes != self.n_seen {
            return Some(Duration::ZERO);
        }
        self.due_at().filter(|_| !self.is_writing).map(|at| at.saturating_sub(now))
    }

    /// The writer is started; answers what goes when it is done.
    pub(super) fn begin(&mut self, now: Duration) -> Vec<SessionFolder> {
        (self.changed_at, self.began_at, self.is_writing) = (None, Some(now), true);
        std::mem::take(&mut self.replaces)
    }

    /// The writer is done; answers whether it failed for the first time in a row.
    pub(super) fn ended(&mut self, is_written: bool) -> bool {
        self.is_writing = false;
        if !is_written {
            self.changed_at = self.changed_at.or(self.began_at);
        }
        let is_first = !is_written && !self.has_failed;
        self.has_failed = !is_written;
        is_first
    }
}

/// How much a recipe removes of both sides, and whether it recovers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Thresholds {
    edges: (EdgeMode, Vec<f64>, Option<EdgeRanking>),
    weights: (WeightMode, Vec<f64>, Option<WeightRanking>),
    channels: Option<ChannelRule>,
    recovery: Option<RecoveryRule>,
}

impl Thresholds {
    /// Those of a recipe.
    pub(super) fn of(Recipe { edges, weights, channels, recovery, .. }: &Recipe) -> Self {
        Self {
            edges: (edges.mode, edges.delta.clone(), edges.ranking),
            weights: (weights.mode, weights.delta.clone(), weights.ranking),
            channels: *channels,
            recovery: recovery.clone(),
        }
    }

    /// Puts them into a recipe.
    pub(super) fn put_into(self, recipe: &mut Recipe) {
        let Self { edges, weights, channels, recovery } = self;
        (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) = edges;
        (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) = weights;
        (recipe.channels, recipe.recovery) = (channels, recovery);
    }
}

/// Who chose the thresholds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum ThresholdsBy {
    /// The program, as a session begins: it may choose them anew.
    #[default]
    Start,
    /// The program, for what is open: it may choose them anew.
    ByProgram(Box<Thresholds>),
    /// A recipe, a project, a bundle.
    ByFile,
}

/// Where previews take longer than this, seconds, moves of a slider are answered by estimates.
const MOMENT: f64 = 0.1;

/// What estimates are made from.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    pub(super) sketch: Option<Box<ScoreSketch>>,
    /// What is being sketched, and the recipe it was asked for.
    pub(super) asked: Option<(Arc<Run>, Recipe)>,
    /// How long the last preview of these inputs took, seconds.
    pub(super) preview_secs: f64,
}

impl Estimates {
    /// Whether a preview takes longer than a moment.
    pub(super) fn are_needed(&self) -> bool {
        self.preview_secs > MOMENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Times in milliseconds at which a write begins, with a change at each of `changes` and one look every 10 ms; a write takes `takes`.
    fn writes(changes: &[u64], takes: u64, until: u64) -> Vec<u64> {
        let mut state = AutosaveState::new(PathBuf::new());
        let (mut begun, mut n_changes): (Vec<u64>, u64) = (Vec::new(), 0);
        for now in (0..until).step_by(10) {
            n_changes += changes.iter().filter(|at| (now..now + 10).contains(*at)).count() as u64;
            if begun.last().is_some_and(|began| began + takes == now) {
                state.ended(true);
            }
            if state.is_due(n_changes, Duration::from_millis(now)) {
                state.begin(Duration::from_millis(now));
                begun.push(now);
            }
        }
        begun
    }

    #[test]
    fn a_change_is_written_soon_and_many_are_written_once_a_second() {
        assert_eq!(writes(&[], 20, 9000), Vec::<u64>::new());
        assert_eq!(writes(&[100], 20, 9000), [350]);
        assert_eq!(writes(&[100, 200, 340], 20, 9000), [350], "together");
        let steady: Vec<u64> = (0..500).map(|n| 10 * n).collect();
        assert_eq!(writes(&steady, 20, 6000), [250, 1250, 2250, 3250, 4250, 5250]);
        // One at a time: what came meanwhile is in the next one.
        assert_eq!(writes(&[100, 400], 3000, 9000), [350, 3350]);
    }

    #[test]
    fn what_could_not_be_written_is_tried_again_after_a_while_and_said_once() {
        let mut state = AutosaveState::new(PathBuf::new());
        let secs = Duration::from_secs;
        assert!(!state.is_due(1, secs(1)) && state.is_due(1, secs(2)));
        state.begin(secs(2));
        assert!(state.ended(false), "said");
        assert!(!state.is_due(1, secs(20)) && state.is_due(1, secs(32)), "again");
        state.begin(secs(32));
        assert!(!state.ended(false), "not said twice");
        assert_eq!(state.next(1, secs(40)), Some(secs(22)));
    }
}
