//! Methods side by side, and layers one at a time: started like a sweep, and with its points as they come.

use std::sync::Arc;

use super::jobs::{JobId, Lane, Partial};
use super::store::{CompareState, Phase, SensitivityState, Trial};
use super::{Answer, Session};
use crate::engine::control::Control;
use crate::engine::experiment::{
    ComparePlan, RunOptions, SweepGrid, compare, models_of_seeds, run_bytes, sensitivity, training_bytes,
    with_fixed_split,
};

impl Session {
    /// Compares the plan's methods. Those that remove entries are left out where the network walks no graph.
    pub(super) fn compare(&mut self, mut plan: ComparePlan) {
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else {
            return self.missing("compare", "a graph and a model");
        };
        if model.model.architecture.n_graph_steps() == 0 {
            plan.methods.retain(|m| !m.is_of_edges());
        }
        if plan.is_empty() {
            let what = "a method that this network can use, a share and a seed";
            return self.refused("compare", what, "Choose them in the trade-off view");
        }
        // Models that are trained for the seeds have an output of their own.
        let baseline = model.baseline.logits().filter(|_| !plan.has_model_per_seed);
        let (dataset, model) = (Arc::clone(&graph.dataset), Arc::clone(&model.model));
        let label = format!("Compare {} methods, {}, {}", plan.methods.len(), dataset.name(), model.title());
        let effective = self.store.effective_recipe();
        // A split that the graph does not have fails in the job, which says so.
        let base = with_fixed_split(&dataset, &effective).unwrap_or(effective);
        let of_runs = run_bytes(&dataset, &model, &base, RunOptions::SWEEP);
        let of_training = if plan.has_model_per_seed { training_bytes(&dataset, &base) } else { 0 };
        if !self.fits("compare", of_runs.max(of_training)) {
            return;
        }
        self.runner.cancel_lane(&Lane::Compare);
        self.store.asked_for(Trial::Methods);
        self.store.comparison = CompareState {
            phase: Phase::Running,
            plan: plan.clone(),
            base: base.clone(),
            points: Vec::with_capacity(plan.len()),
        };
        let work = move |ctl: &Control, partial: &Partial<Answer>| {
            let models =
                if plan.has_model_per_seed { models_of_seeds(&dataset, &base, &plan.seeds, ctl)? } else { vec![model] };
            let on_point = |point| partial(Answer::Compared(Box::new(point)));
            compare(&dataset, (&models, baseline), &base, &plan, ctl, on_point)?;
            Ok(Answer::TrialDone)
        };
        self.compare_job = Some(self.runner.submit(Lane::Compare, label, Box::new(work)));
    }

    /// Tries every layer alone over the thresholds of the grid.
    pub(super) fn sensitivity(&mut self, grid: SweepGrid) {
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else {
            return self.missing("try layers", "a graph and a model");
        };
        let baseline = model.baseline.logits();
        let (dataset, model) = (Arc::clone(&graph.dataset), Arc::clone(&model.model));
        let label = format!("Layer by layer, {}, {}", dataset.name(), model.title());
        let base = self.store.effective_recipe();
        if !self.fits("try layers", run_bytes(&dataset, &model, &base, RunOptions::SWEEP)) {
            return;
        }
        let n_points = base.model.n_graph_steps() * grid.delta_a.len() + base.model.layers * grid.delta_w.len();
        self.runner.cancel_lane(&Lane::Sensitivity);
        self.store.asked_for(Trial::Layers);
        self.store.sensitivity = SensitivityState {
            phase: Phase::Running,
            base: base.clone(),
            n_points,
            points: Vec::with_capacity(n_points),
        };
        let work = move |ctl: &Control, partial: &Partial<Answer>| {
            let on_point = |point| partial(Answer::Sensed(Box::new(point)));
            sensitivity(&dataset, &model, &base, &grid, baseline, ctl, on_point)?;
            Ok(Answer::TrialDone)
        };
        self.sensitivity_job = Some(self.runner.submit(Lane::Sensitivity, label, Box::new(work)));
    }

    /// Points of a comparison or a sensitivity, if they are of the newest one.
    pub(super) fn take_trial_point(&mut self, id: JobId, answer: Answer) {
        match answer {
            Answer::Compared(point) if self.compare_job == Some(id) => self.store.comparison.points.push(*point),
            Answer::Sensed(point) if self.sensitivity_job == Some(id) => self.store.sensitivity.points.push(*point),
            _ => {}
        }
    }

    /// One of the two ended.
    pub(super) fn end_trial(&mut self, id: JobId, phase: Phase) {
        if self.compare_job == Some(id) {
            self.store.comparison.phase = phase;
        } else if self.sensitivity_job == Some(id) {
            self.store.sensitivity.phase = phase;
        }
    }

    /// Forgets what belongs to other inputs.
    pub(super) fn drop_trials(&mut self) {
        self.runner.cancel_lane(&Lane::Compare);
        self.runner.cancel_lane(&Lane::Sensitivity);
        (self.compare_job, self.sensitivity_job) = (None, None);
        self.store.comparison = CompareState::default();
        self.store.sensitivity = SensitivityState::default();
    }
}
