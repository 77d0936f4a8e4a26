//! Thresholds to begin with: what is opened together is shown with a recipe that keeps its accuracy, until the user says otherwise.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::defaults::START_DELTA;
use super::fit::fitted_to;
use super::format;
use super::inputs::ClosedModel;
use super::jobs::Lane;
use super::notice::Level;
use super::state::ThresholdsBy;
use super::tasks::open::{Open, OutsideFiles};
use super::tasks::propagate::{Propagate, PropagateInto, PropagatedFolder};
use super::tasks::safe_start::FindThresholds;
use super::undo::Inputs;
use crate::engine::graph::ReadOptions;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{EdgeMode, Recipe, Schedule, WeightMode};
use crate::io::escaped_path;

impl Session {
    /// Whether the recipe as it stands has thresholds that the program chose, in the mode that it chooses them in.
    fn has_own_thresholds(&self) -> bool {
        let recipe = &self.store.recipe;
        let ThresholdsBy::ByProgram(edges, weights) = self.chosen_thresholds else { return false };
        let is_relative = recipe.edges.mode == EdgeMode::Relative && recipe.weights.mode == WeightMode::Relative;
        let trains_dense = recipe.training.as_ref().is_none_or(|t| t.schedule == Schedule::Dense);
        let is = |edges: f64, weights: f64| recipe.edges.delta == [edges] && recipe.weights.delta == [weights];
        // Undo may have brought back what a session begins with.
        is_relative && trains_dense && (is(edges, weights) || is(START_DELTA, START_DELTA))
    }

    /// Notes that what is being opened should be shown with safe thresholds, unless the user has chosen some.
    pub(super) fn want_safe_start(&mut self) {
        self.wants_safe_start = self.has_own_thresholds();
    }

    /// Notes that a file says which thresholds are wanted.
    pub(super) fn thresholds_are_given(&mut self) {
        self.chosen_thresholds = ThresholdsBy::ByFile;
        self.wants_safe_start = false;
    }

    /// Starts to look for safe thresholds where that is wanted; answers whether it did.
    pub(super) fn begin_safe_start(&mut self) -> bool {
        if self.after_load.is_some() {
            return false;
        }
        let is_wanted = std::mem::take(&mut self.wants_safe_start) && self.has_own_thresholds();
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else { return false };
        // The pruned model of a bundle is held against another one.
        if !is_wanted || !model.baseline.is_own() {
            return false;
        }
        let task = FindThresholds {
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            recipe: self.store.effective_recipe(),
        };
        self.run_in(Lane::Load, task, |session, found| session.take_thresholds(&found));
        true
    }

    /// Takes over the thresholds that were found, as a part of the opening and not as a step of its own, unless the user was faster.
    pub(super) fn take_thresholds(&mut self, found: &Recipe) {
        if !self.has_own_thresholds() {
            return;
        }
        let (Some(edges), Some(weights)) = (found.edges.delta.first(), found.weights.delta.first()) else { return };
        self.chosen_thresholds = ThresholdsBy::ByProgram(*edges, *weights);
        let (graph, model) = (self.store.graph.clone(), self.store.model.clone());
        let mut recipe = self.store.recipe.clone();
        (recipe.edges.delta, recipe.weights.delta) = (vec![*edges], vec![*weights]);
        let inputs = Inputs { graph, model, recipe };
        self.history.amend(&inputs);
        self.store.recipe = inputs.recipe;
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
        let mut recipe = fitted_to(&self.store.recipe, &network);
        recipe.graph.clone_from(&graph.options);
        let task = Propagate { dataset: Arc::clone(&graph.dataset), recipe, is_timed: true };
        let task = PropagateInto { task, folder };
        if self.fits("propagate", &task) {
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
        self.change_inputs("Close the model", None, |i| i.model = None);
        self.store.closed_model = Some(closed);
    }
}
