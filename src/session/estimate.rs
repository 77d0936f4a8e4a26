//! Estimates between two previews: where deciding every mask takes longer than a moment, a moving slider is answered from the scores
//! of the last run, kept as quantiles, and exactly once it rests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::jobs::{JobError, Lane, Partial};
use super::{Answer, Session};
use crate::engine::control::Control;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::Recipe;

/// Where previews take longer than this, seconds, moves of a slider are answered by estimates.
const MOMENT: f64 = 0.1;
/// A slider that was not moved for so long rests.
const REST: Duration = Duration::from_millis(150);

/// What estimates are made from.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    sketch: Option<Box<ScoreSketch>>,
    /// What is being sketched, and the recipe it was asked for.
    asked: Option<(Arc<Run>, Recipe)>,
    /// How long the last preview of these inputs took, seconds.
    preview_secs: f64,
}

impl Estimates {
    /// Whether a preview takes longer than a moment.
    pub(super) fn are_needed(&self) -> bool {
        self.preview_secs > MOMENT
    }
}

impl Session {
    /// Forgets what belongs to other inputs.
    pub(super) fn drop_estimates(&mut self) {
        self.runner.cancel_lane(&Lane::Estimate);
        self.estimates = Estimates::default();
        self.store.estimate = None;
    }

    /// Answers the recipe as it stands at once, if its scores are at hand, or has them sketched.
    pub(super) fn estimate(&mut self) {
        let recipe = self.store.effective_recipe();
        match &self.estimates.sketch {
            Some(sketch) if self.store.is_of_inputs(sketch.run()) && sketch.answers(&recipe) => {
                self.store.estimate = Some(Arc::new(sketch.estimate(&recipe)));
            }
            _ => self.sketch(),
        }
    }

    /// Has the scores of the newest run sketched for thresholds like those of the recipe.
    fn sketch(&mut self) {
        let recipe = self.store.effective_recipe();
        let newest = self.store.shown().filter(|run| self.store.is_of_inputs(run));
        let Some(run) = newest.filter(|run| ScoreSketch::can_answer(run, &recipe)).map(Arc::clone) else { return };
        // Large graphs take longer than a move of the slider: what is on its way is not begun anew.
        let is_same =
            |(of, asked): &(Arc<Run>, Recipe)| Arc::ptr_eq(of, &run) && ScoreSketch::is_same_for(asked, &recipe);
        if self.runner.is_busy(&Lane::Estimate) && self.estimates.asked.as_ref().is_some_and(is_same) {
            return;
        }
        self.estimates.asked = Some((Arc::clone(&run), recipe.clone()));
        let work = move |ctl: &Control, _: &Partial<Answer>| {
            Ok(Answer::Sketched(Box::new(ScoreSketch::new(&run, &recipe, ctl)?)))
        };
        self.runner.submit(Lane::Estimate, "Estimate".into(), Box::new(work));
    }

    /// Scores were sketched: of older inputs they are dropped, else they answer the recipe as it is now.
    pub(super) fn take_sketch(&mut self, sketch: Box<ScoreSketch>) {
        if !self.store.is_of_inputs(sketch.run()) {
            return;
        }
        let recipe = self.store.effective_recipe();
        if sketch.answers(&recipe) {
            self.store.estimate = Some(Arc::new(sketch.estimate(&recipe)));
        }
        self.estimates.sketch = Some(sketch);
    }

    /// A preview came: where it took long its scores are kept for the next move.
    pub(super) fn previewed(&mut self, run: &Arc<Run>, elapsed_secs: f64) {
        if !self.store.is_of_inputs(run) {
            return;
        }
        self.estimates.preview_secs = elapsed_secs;
        if self.estimates.are_needed() {
            self.sketch();
        }
    }
}

/// Waits until the slider rests, then works; answers how long the work alone took, seconds. A newer move cancels the wait.
pub(super) fn rested<T>(
    waits: bool,
    ctl: &Control,
    work: impl FnOnce() -> Result<T, JobError>,
) -> Result<(T, f64), JobError> {
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    let asked = Instant::now();
    while waits && asked.elapsed() < REST {
        ctl.check()?;
        std::thread::sleep(LOOK_EVERY);
    }
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed().as_secs_f64()))
}
