//! Sweeps, methods side by side, layers one at a time, stress, and controls: what is asked, and what it starts from.

use std::sync::Arc;

use super::Session;
use super::inputs::{LoadedGraph, LoadedModel};
use super::jobs::Lane;
use super::store::{
    AnswerState, BudgetState, CompareState, Phase, RunId, SensitivityState, StressState, SweepState, Trial,
};
use super::tasks::budget::FindWithinBudget;
use super::tasks::compare::Compare;
use super::tasks::controls::Controls;
use super::tasks::sensitivity::Sensitivity;
use super::tasks::stress::Stress;
use super::tasks::sweep::Sweep;
use crate::engine::certify::Certificate;
use crate::engine::experiment::{
    Budget, ComparePlan, FoundBudget, Run, RunOptions, StressMasks, StressPlan, SweepGrid,
};
use crate::engine::sparsify::Recipe;

impl Session {
    /// The open graph and model; says what is missing where one is. `what` is the key of what cannot be done.
    fn both(&mut self, what: &str) -> Option<(LoadedGraph, LoadedModel)> {
        let both = self.store.graph.clone().zip(self.store.model.clone());
        if both.is_none() {
            let words = self.words();
            self.missing(&words.text(what), &words.text("trial-needs-both"));
        }
        both
    }

    /// Tries a grid of thresholds.
    pub(super) fn sweep(&mut self, grid: SweepGrid) {
        let base = self.store.effective_recipe();
        if let Some(task) = self.sweep_task(grid, base, None) {
            self.start_sweep(task, Vec::new());
        }
    }

    /// Tries the grid of the present sweep on one layer, or on all; what of it is complete already is shown again.
    pub(super) fn sweep_layer(&mut self, layer: Option<usize>) {
        let sweep = &self.store.sweep;
        if sweep.phase == Phase::Idle || sweep.layer == layer {
            return;
        }
        if sweep.others.iter().any(|other| other.layer == layer) {
            let mut others = self.set_sweep_aside();
            if let Some(at) = others.iter().position(|other| other.layer == layer) {
                let found = others.swap_remove(at);
                self.store.sweep = SweepState { others, ..found };
            }
            return;
        }
        let (grid, base) = (sweep.grid.clone(), sweep.base.clone());
        if let Some(task) = self.sweep_task(grid, base, layer) {
            let others = self.set_sweep_aside();
            self.start_sweep(task, others);
        }
    }

    fn sweep_task(&mut self, grid: SweepGrid, base: Recipe, layer: Option<usize>) -> Option<Sweep> {
        let (graph, model) = self.both("trial-what-sweep")?;
        let (dataset, model, baseline) = (graph.dataset, model.model, model.baseline);
        let mut task = Sweep { dataset, model, baseline, base, grid, layer, options: RunOptions::SWEEP };
        self.fits(&self.words().text("trial-what-sweep"), &mut task).then_some(task)
    }

    /// Ends the present sweep; answers what is complete of its grid, that one among it.
    fn set_sweep_aside(&mut self) -> Vec<SweepState> {
        let mut present = std::mem::take(&mut self.store.sweep);
        self.forget::<SweepState>();
        let mut others = std::mem::take(&mut present.others);
        if present.phase == Phase::Done {
            others.push(SweepState { job: None, ..present });
        }
        others
    }

    fn start_sweep(&mut self, task: Sweep, others: Vec<SweepState>) {
        self.store.asked_for(Trial::Thresholds);
        let points = Vec::with_capacity(task.grid.len());
        let (grid, base, layer) = (task.grid.clone(), task.base.clone(), task.layer);
        self.store.sweep = SweepState { grid, base, layer, others, points, ..SweepState::default() };
        self.start::<SweepState, _>(task);
    }

    /// Compares the plan's methods.
    pub(super) fn compare(&mut self, plan: ComparePlan) {
        let Some((graph, model)) = self.both("trial-what-compare") else { return };
        let recipe = self.store.effective_recipe();
        let mut task = Compare::new(graph.dataset, model.model, model.baseline, &recipe, plan);
        if task.plan().is_empty() {
            let needs = ["trial-what-compare", "trial-needs-method", "trial-choose-methods"];
            let [what, needs, next] = needs.map(|key| self.words().text(key));
            return self.refused(&what, &needs, &next);
        }
        if !self.fits(&self.words().text("trial-what-compare"), &mut task) {
            return;
        }
        self.store.asked_for(Trial::Methods);
        let (plan, base) = (task.plan().clone(), task.base().clone());
        let points = Vec::with_capacity(plan.len());
        self.store.comparison = CompareState { plan, base, points, ..CompareState::default() };
        self.start::<CompareState, _>(task);
    }

    /// Tries every layer alone over the thresholds of the grid.
    pub(super) fn sensitivity(&mut self, grid: SweepGrid) {
        let Some((graph, model)) = self.both("trial-what-layers") else { return };
        let mut task = Sensitivity {
            dataset: graph.dataset,
            model: model.model,
            baseline: model.baseline,
            base: self.store.effective_recipe(),
            grid,
        };
        if !self.fits(&self.words().text("trial-what-layers"), &mut task) {
            return;
        }
        self.store.asked_for(Trial::Layers);
        let (base, n_points) = (task.base.clone(), task.n_points());
        let points = Vec::with_capacity(n_points);
        self.store.sensitivity = SensitivityState { base, n_points, points, ..SensitivityState::default() };
        self.start::<SensitivityState, _>(task);
    }

    /// Disturbs the graph in the usual ways, as far as they say something of the recipe.
    pub(super) fn stress(&mut self, masks: StressMasks) {
        let Some((graph, model)) = self.both("trial-what-stress") else { return };
        let recipe = self.store.effective_recipe();
        let n_ways = 1 + usize::from(recipe.recovery.is_some());
        let plan = StressPlan { masks, ..StressPlan::default() };
        let n_points = n_ways * plan.n_graphs();
        let mut task = Stress::new(graph.dataset, model.model, recipe, plan);
        if !self.fits(&self.words().text("trial-what-stress"), &mut task) {
            return;
        }
        self.store.asked_for(Trial::Stress);
        self.store.stress =
            StressState { n_points, masks, points: Vec::with_capacity(n_points), ..StressState::default() };
        self.start::<StressState, _>(task);
    }

    /// Looks for what removes most within a budget of accuracy.
    pub(super) fn find_within(&mut self, budget: Budget) {
        let Some((graph, model)) = self.both("trial-what-budget") else { return };
        let mut task = FindWithinBudget {
            dataset: graph.dataset,
            model: model.model,
            baseline: model.baseline,
            base: self.store.effective_recipe(),
            budget,
        };
        if !self.fits(&self.words().text("trial-what-budget"), &mut task) {
            return;
        }
        self.store.budget = BudgetState { budget, asked: budget, ..BudgetState::default() };
        self.start::<BudgetState, _>(task);
    }

    /// Takes the recipe over that was found within a budget, and prunes by it.
    pub(super) fn take_found(&mut self, found: FoundBudget) {
        let recipe = found.chosen.as_ref().map(|(_, recipe)| recipe.clone());
        self.store.budget.found = Some(found);
        if let Some(recipe) = recipe {
            self.set_recipe(recipe, &self.words().text("undo-find-budget"), None);
            self.prune();
        }
    }

    /// What is certified of a run, where its recipe was found within a budget.
    pub(super) fn certificate_of(&self, run: &Run) -> Option<Arc<Certificate>> {
        let found = self.store.budget.found.as_ref()?;
        found.certificate.clone().filter(|_| self.store.is_found_within_budget(run)).map(Arc::new)
    }

    /// Computes what stands beside a recovered run.
    pub(super) fn controls(&mut self, id: RunId) {
        let Some(entry) = self.store.run(id) else { return };
        let mut task = Controls { run: Arc::clone(&entry.run) };
        if self.fits(&self.words().text("trial-what-controls"), &mut task) {
            self.run_in(Lane::Controls, task, move |session, found| {
                session.store.controls.insert(id, found);
            });
        }
    }

    /// Forgets what belongs to other inputs.
    pub(super) fn drop_trials(&mut self) {
        self.forget::<SweepState>();
        self.forget::<CompareState>();
        self.forget::<SensitivityState>();
        self.forget::<StressState>();
        self.forget::<BudgetState>();
        self.forget::<AnswerState>();
    }
}
