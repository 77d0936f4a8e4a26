//! Thresholds to begin with: what is opened together is shown with a recipe that keeps its accuracy, until the user says otherwise.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::jobs::open::{Open, OutsideFiles};
use super::jobs::propagate::{Propagate, PropagateInto};
use super::jobs::{Job, JobError, Lane};
use super::store::{ClosedModel, fitted_to};
use super::undo::Inputs;
use super::{Answer, Session};
use crate::engine::control::Control;
use crate::engine::experiment::safe_thresholds;
use crate::engine::graph::{Dataset, ReadOptions};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::{EdgeMode, Recipe, Schedule, WeightMode};
use crate::io::{folder_of, lies_outside, named_files};

/// What a session begins with: the authors' middle setting, where [`safe_thresholds`] finds nothing gentler necessary.
pub(crate) fn start_recipe() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.edges.delta = vec![START_DELTA];
    recipe.weights.delta = vec![START_DELTA];
    recipe
}

/// See [`start_recipe`].
const START_DELTA: f64 = 0.5;

/// Who chose the thresholds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Chosen {
    /// The program, these for δa and δw: it may choose them anew.
    ByProgram(f64, f64),
    /// A recipe, a project, a bundle.
    ByFile,
}

impl Default for Chosen {
    fn default() -> Self {
        Self::ByProgram(START_DELTA, START_DELTA)
    }
}

/// Tries thresholds on what was opened.
#[derive(Debug)]
struct FindThresholds {
    dataset: Arc<Dataset>,
    model: Arc<Model>,
    recipe: Recipe,
}

impl Job for FindThresholds {
    type Output = Recipe;

    fn label(&self) -> String {
        format!("Find safe thresholds for {}", self.dataset.name())
    }

    fn run(self, ctl: &Control) -> Result<Recipe, JobError> {
        Ok(safe_thresholds(&self.dataset, &self.model, &self.recipe, ctl)?)
    }
}

impl Session {
    /// Whether the recipe as it stands has thresholds that the program chose, in the mode that it chooses them in.
    fn has_own_thresholds(&self) -> bool {
        let recipe = &self.store.recipe;
        let Chosen::ByProgram(edges, weights) = self.chosen_thresholds else { return false };
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
        self.chosen_thresholds = Chosen::ByFile;
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
        let job = FindThresholds {
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            recipe: self.store.effective_recipe(),
        };
        self.runner.spawn(Lane::Load, job, |recipe| Answer::FoundThresholds(Box::new(recipe)));
        true
    }

    /// Takes over the thresholds that were found, as a part of the opening and not as a step of its own, unless the user was faster.
    pub(super) fn take_thresholds(&mut self, found: &Recipe) {
        if !self.has_own_thresholds() {
            return;
        }
        let (Some(edges), Some(weights)) = (found.edges.delta.first(), found.weights.delta.first()) else { return };
        self.chosen_thresholds = Chosen::ByProgram(*edges, *weights);
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
            let job = Open { spec, options, known: Vec::new(), is_allowed };
            self.runner.spawn(Lane::Load, job, Answer::Opened);
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
        let dataset = Arc::clone(&graph.dataset);
        if self.fits("propagate", Propagate::needed_bytes(&dataset, &recipe)) {
            let task = Propagate { dataset, recipe, is_timed: true };
            self.runner.spawn(Lane::Export, PropagateInto { task, folder }, Answer::Propagated);
        }
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
        self.store.notices.add(super::Level::Warning, title, closed.why.clone(), next);
        self.change_inputs("Close the model", None, |i| i.model = None);
        self.store.closed_model = Some(closed);
    }
}

/// Files that a file names outside of the folder that it lies in, as it names them; samples and what is not named lie inside.
pub(crate) fn outside(file: &Path, named: &[String]) -> Vec<String> {
    let is_inside = |name: &str| name.starts_with("sample:") || !lies_outside(name, &[folder_of(file)]);
    named.iter().filter(|name| !name.is_empty() && !is_inside(name)).cloned().collect()
}

/// The files that a recipe names.
pub(crate) fn files_of(recipe: &Recipe) -> Vec<String> {
    named_files(recipe).into_iter().map(|(_, path)| path.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_outside_the_folder_of_the_file_that_names_them_are_found() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        let folder = std::path::Path::new("there is no such folder");
        let recipe = folder.join("recipe.toml");
        let inside = folder.join("parts/features.npy").display().to_string();
        let around = folder.join("../secret.npy").display().to_string();
        let beside = format!("{}-not/labels.npy", folder.display());
        let named = names(&[&inside, &around, &beside, "sample:cora", "/etc/passwd", ""]);
        assert_eq!(outside(&recipe, &named), names(&[&around, &beside, "/etc/passwd"]));
    }
}
