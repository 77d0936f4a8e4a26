//! A recipe to begin with: what is opened together is shown with one that keeps its accuracy, until the user says otherwise.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::command::Gesture;
use super::defaults::{as_published, start_recipe};
use super::fit::fitted_to;
use super::format;
use super::inputs::ClosedModel;
use super::jobs::Lane;
use super::notice::Level;
use super::state::{Thresholds, ThresholdsBy};
use super::tasks::open::{Open, OutsideFiles};
use super::tasks::propagate::{Propagate, PropagateInto, PropagatedFolder};
use super::tasks::safe_start::FindStart;
use super::undo::Inputs;
use crate::engine::experiment::SafeStart;
use crate::engine::graph::ReadOptions;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{Recipe, Schedule};
use crate::io::escaped_path;

impl Session {
    /// Whether the recipe as it stands has thresholds that the program chose, and not the user.
    pub fn has_own_thresholds(&self) -> bool {
        let now = Thresholds::of(&self.store.recipe);
        // Undo may have brought back what a session begins with.
        let is_start = !self.chose_published && now == Thresholds::of(&start_recipe());
        match &self.chosen_thresholds {
            ThresholdsBy::Start => is_start,
            ThresholdsBy::ByProgram(chosen) => is_start || now == **chosen,
            ThresholdsBy::ByFile => false,
        }
    }

    /// Whether the program may choose the thresholds anew: not those of a training that prunes, which follow the recipe as it was begun.
    fn may_choose_thresholds(&self) -> bool {
        let training = &self.store.recipe.training;
        self.has_own_thresholds() && training.as_ref().is_none_or(|t| t.schedule == Schedule::Dense)
    }

    /// Notes that what is being opened should be shown with a safe recipe, unless the user has chosen one.
    pub(super) fn want_safe_start(&mut self) {
        self.wants_safe_start = self.may_choose_thresholds();
    }

    /// Notes that a file says which thresholds are wanted.
    pub(super) fn thresholds_are_given(&mut self) {
        self.chosen_thresholds = ThresholdsBy::ByFile;
        self.wants_safe_start = false;
    }

    /// Replaces the recipe as the user says. Who goes back to what is published has chosen that.
    pub(super) fn set_recipe_by_hand(&mut self, recipe: Recipe, gesture: Option<Gesture>) {
        let thresholds = Thresholds::of(&recipe);
        if thresholds != Thresholds::of(&self.store.recipe) && thresholds == Thresholds::of(&start_recipe()) {
            self.chose_published = true;
        }
        self.set_recipe(recipe, &self.words().text("undo-recipe"), gesture);
    }

    /// The recipe for work that there is no recovery for: what the program chose for a model does not bind it.
    pub(super) fn without_own_recovery(&self, mut recipe: Recipe) -> Recipe {
        if recipe.recovery.is_some() && self.has_own_thresholds() {
            as_published(&mut recipe);
        }
        recipe
    }

    /// Starts to look for a safe recipe where that is wanted; answers whether it did.
    pub(super) fn begin_safe_start(&mut self) -> bool {
        if self.after_load.is_some() {
            return false;
        }
        let is_wanted = std::mem::take(&mut self.wants_safe_start) && self.may_choose_thresholds();
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else { return false };
        // The pruned model of a bundle is held against another one.
        if !is_wanted || !model.baseline.is_own() {
            return false;
        }
        let task = FindStart {
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            recipe: self.store.effective_recipe(),
            free_bytes: self.free_memory(),
        };
        self.run_in(Lane::Load, task, Self::take_start);
        true
    }

    /// Takes over the recipe that was found, as a part of the opening and not as a step of its own, unless the user was faster. What it
    /// gives is its first preview.
    fn take_start(&mut self, (found, secs): (SafeStart, f64)) {
        if !self.may_choose_thresholds() {
            return;
        }
        let thresholds = Thresholds::of(&found.recipe);
        self.chosen_thresholds = ThresholdsBy::ByProgram(Box::new(thresholds.clone()));
        let (graph, model) = (self.store.graph.clone(), self.store.model.clone());
        let mut recipe = self.store.recipe.clone();
        thresholds.put_into(&mut recipe);
        let inputs = Inputs { graph, model, recipe };
        self.history.amend(&inputs);
        self.store.recipe = inputs.recipe;
        if let Some(run) = found.run.filter(|run| self.store.is_current(run)) {
            self.take_preview((Box::new(run), secs));
        }
    }

    /// What was opened before and what is open: nobody is asked again whether it may be read.
    pub(super) fn known_files(&self) -> Vec<String> {
        let mut known: Vec<String> = self.store.recent.iter().map(|recent| recent.spec.clone()).collect();
        if let Some(graph) = &self.store.graph {
            let options = &graph.options;
            known.push(graph.spec.clone());
            known.extend(
                [&options.feature_file, &options.label_file, &options.split_file].into_iter().flatten().cloned(),
            );
        }
        known.extend(self.store.model.as_ref().map(|model| model.spec.clone()));
        known.extend(self.store.project.as_ref().map(|path| path.display().to_string()));
        known
    }

    /// Opens what named files outside its folder, or lets it be.
    pub(super) fn answer_outside(&mut self, is_allowed: bool) {
        let Some(OutsideFiles { spec, .. }) = self.store.outside.pop_front() else { return };
        if is_allowed {
            let options = self.store.recipe.graph.clone();
            self.run_in(Lane::Load, Open { spec, options, known: Vec::new(), is_allowed }, Self::take_opened);
        }
    }

    /// Reads the open graph again where a recipe names a file with its split.
    pub(super) fn read_split_file(&mut self, split_file: Option<String>) {
        let Some(graph) = &self.store.graph else { return };
        if split_file.is_some() && graph.options.split_file != split_file {
            let (spec, options) = (graph.spec.clone(), ReadOptions { split_file, ..graph.options.clone() });
            self.open_as(spec, options);
        }
    }

    /// Propagates the features of the open graph into a folder, as the recipe says: with its own network where that is a decoupled one.
    pub(super) fn propagate(&mut self, folder: PathBuf) {
        let Some(graph) = &self.store.graph else { return self.missing("propagate", "a graph") };
        let network = &self.store.recipe.model;
        let network = if network.is_decoupled() { network.clone() } else { Architecture::new(Family::Sgc) };
        let mut recipe = fitted_to(&self.without_own_recovery(self.store.recipe.clone()), &network);
        recipe.graph.clone_from(&graph.options);
        let task = Propagate { dataset: Arc::clone(&graph.dataset), recipe, is_timed: true };
        let mut task = PropagateInto { task, folder };
        if self.fits("propagate", &mut task) {
            self.run_in(Lane::Export, task, Self::take_propagated);
        }
    }

    fn take_propagated(&mut self, done: PropagatedFolder) {
        let title = format!("Propagated into {}", escaped_path(&done.folder));
        let removed = format!("{} of the entries removed", format::percent(done.edge_sparsity));
        let next = "embedding.npy holds the result, metrics.json the counts";
        self.store.notices.add(Level::Info, title, removed, next);
    }

    /// A model of another width cannot be used with the graph that was opened beside it; what does not fit is said where it would be.
    pub(super) fn close_unfitting_model(&mut self) {
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else { return };
        let Err(why) = model.model.check_fits(graph.stats.n_features, graph.stats.n_classes) else { return };
        let closed = ClosedModel {
            name: model.name.clone(),
            spec: model.spec.clone(),
            graph: graph.dataset.name().to_owned(),
            why: why.to_string(),
        };
        let title = format!("Closed {}: it does not fit {}", closed.name, closed.graph);
        let next = "Open a model that fits, or train one";
        self.store.notices.add(Level::Warning, title, closed.why.clone(), next);
        self.change_inputs(&self.words().text("undo-close-model"), None, |i| i.model = None);
        self.store.closed_model = Some(closed);
    }
}
