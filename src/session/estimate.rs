//! Estimates between two previews: where deciding every mask takes longer than a moment, a moving slider is answered from the scores
//! of the last run, kept as quantiles, and exactly once it rests.

use std::sync::Arc;

use super::Session;
use super::jobs::Lane;
use super::state::Estimates;
use super::tasks::sketch::Sketch;
use crate::engine::experiment::{Run, ScoreSketch};
use crate::engine::sparsify::Recipe;

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
        self.run_in(Lane::Estimate, Sketch { run, recipe }, Self::take_sketch);
    }

    /// Scores were sketched: of older inputs they are dropped, else they answer the recipe as it is now.
    fn take_sketch(&mut self, sketch: Box<ScoreSketch>) {
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
