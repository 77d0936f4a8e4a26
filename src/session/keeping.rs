//! What a project keeps of the session, and what it brings back.

use std::path::Path;
use std::sync::Arc;

use super::kept::{KeptComparison, KeptLayers, KeptStress, KeptSweep, KeptTraining, KeptTrials, WholeStress};
use super::outside::files_of;
use super::project::{PROJECT_FORMAT, Project, ProjectRun};
use super::selection::KeptSelection;
use super::store::{CompareState, Phase, SensitivityState, Store, StressState, SweepState, TrainingState};
use super::stress_page::with_sentences;
use crate::engine::experiment::SweepGrid;
use crate::engine::sparsify::Recipe;
use crate::io::kept_runs::KeptRun;
use crate::io::results::StressResults;
use crate::io::settle_recipe;

/// A larger grid than anybody sweeps is not from here.
const MAX_POINTS: usize = 1 << 20;
/// Sweeps by layer that are kept.
const MAX_LAYERS: usize = 1024;
/// Epochs of a training that are kept.
const MAX_EPOCHS: usize = 1 << 14;

impl Store {
    /// What a project file keeps: the open inputs, the recipe, the runs of these inputs, trials, and what was chosen.
    pub fn to_project(&self) -> Project {
        let runs = self.runs.iter().filter(|e| self.is_of_inputs(&e.run)).map(|e| ProjectRun {
            name: e.name.clone(),
            is_pinned: e.is_pinned,
            note: e.note.clone(),
            tags: e.tags.clone(),
            recipe: e.run.recipe.clone(),
        });
        // Those that a project brought and that are still to be computed are not lost in the meantime.
        let runs = runs.chain(self.reopening.iter().map(|(_, run)| run.clone()));
        let mut recipe = self.recipe.clone();
        if let Some(graph) = &self.graph {
            recipe.graph.clone_from(&graph.options);
        }
        let named = self.named_inputs();
        Project {
            format: PROJECT_FORMAT.to_owned(),
            graph: self.graph.as_ref().map(|g| g.spec.clone()),
            model: self.model.as_ref().map(|m| m.spec.clone()).filter(|spec| !spec.is_empty()),
            recipe,
            runs: runs.collect(),
            plan: Some(self.plan.clone()),
            files: self.hashes.iter().filter(|hash| is_of(&named, &hash.path)).cloned().collect(),
            limit: Some(self.limit),
            budget: Some(self.budget.budget),
            bundle: Some(self.export.options),
            selected: self.selected_node(),
            selection: self.to_selection(),
            trials: self.to_trials(),
            results: None,
            autosave: None,
        }
    }

    /// What is selected beyond one node.
    fn to_selection(&self) -> Option<KeptSelection> {
        let entry = self.selected_entry().map(|(target, source)| KeptSelection::Entry(target, source));
        let nodes = || self.selected_nodes().map(|nodes| KeptSelection::Nodes(nodes.to_vec()));
        entry.or_else(nodes).or_else(|| self.selected_weight().map(KeptSelection::Weight))
    }

    /// What the runs of the open inputs found, each with the name that messages call it by, and the preview of the recipe as it stands.
    pub(super) fn to_results(&self) -> Vec<(String, KeptRun)> {
        let runs = self.runs.iter().filter(|e| self.is_of_inputs(&e.run)).map(|e| {
            let (run, certificate) = (Arc::clone(&e.run), self.certificate_of(e.id).cloned());
            (e.name.clone(), KeptRun { run, certificate, elapsed_secs: e.elapsed_secs, is_preview: false })
        });
        let preview = self.preview.as_ref().filter(|run| self.is_current(run) && self.finished_run().is_none());
        let preview = preview.map(|run| {
            let kept = KeptRun { run: Arc::clone(run), certificate: None, elapsed_secs: 0.0, is_preview: true };
            ("the preview".to_owned(), kept)
        });
        runs.chain(preview).collect()
    }

    /// Files and folders that the open inputs and the recipe are read from, those beside a graph that it was read with among them.
    pub(super) fn named_inputs(&self) -> Vec<String> {
        let specs = [self.graph.as_ref().map(|g| &g.spec), self.model.as_ref().map(|m| &m.spec)];
        let mut named: Vec<String> = specs.into_iter().flatten().cloned().collect();
        named.extend(files_of(&self.recipe));
        let options = self.graph.as_ref().map(|g| &g.options);
        named.extend(
            options.into_iter().flat_map(|o| [&o.feature_file, &o.label_file, &o.split_file]).flatten().cloned(),
        );
        let parts = self.graph.iter().flat_map(|graph| &graph.report.parts);
        named.extend(parts.filter_map(|part| part.to_str()).map(str::to_owned));
        named.retain(|name| !name.is_empty() && !name.starts_with("sample:"));
        named.sort();
        named.dedup();
        named
    }

    fn to_trials(&self) -> Option<KeptTrials> {
        let (sweep, comparison, layers, training) = (&self.sweep, &self.comparison, &self.sensitivity, &self.training);
        let is_complete = |phase: Phase| phase == Phase::Done;
        let trials = KeptTrials {
            program: env!("CARGO_PKG_VERSION").to_owned(),
            sweep: (!sweep.points.is_empty()).then(|| kept_sweep(sweep)),
            other_sweeps: sweep.others.iter().filter(|other| !other.points.is_empty()).map(kept_sweep).collect(),
            stress: (!self.stress.points.is_empty()).then(|| kept_stress(&self.stress)),
            comparison: (!comparison.points.is_empty()).then(|| KeptComparison {
                plan: comparison.plan.clone(),
                base: comparison.base.clone(),
                points: comparison.points.clone(),
                is_complete: is_complete(comparison.phase),
            }),
            layers: (!layers.points.is_empty()).then(|| KeptLayers {
                base: layers.base.clone(),
                n_points: layers.n_points,
                points: layers.points.clone(),
                is_complete: is_complete(layers.phase),
            }),
            // The curves of one that still runs belong to no model yet.
            training: (!training.history.is_empty() && training.phase != Phase::Running).then(|| KeptTraining {
                label: training.label.clone(),
                n_epochs: training.n_epochs,
                epochs: training.history.iter().take(MAX_EPOCHS).copied().collect(),
                is_complete: is_complete(training.phase),
            }),
        };
        (trials != KeptTrials { program: trials.program.clone(), ..KeptTrials::default() }).then_some(trials)
    }

    /// Brings trials back; answers whether all of them could be. What another version of the program computed is not shown.
    pub(super) fn take_trials(&mut self, trials: KeptTrials) -> bool {
        if trials.program != env!("CARGO_PKG_VERSION") {
            return false;
        }
        let KeptTrials { sweep, other_sweeps, comparison, layers, stress, training, .. } = trials;
        let mut is_whole = true;
        let mut take = |is_there: bool, is_taken: bool| is_whole &= is_taken || !is_there;
        let (asked, found) = (sweep.is_some(), sweep.and_then(sweep_of));
        take(asked, found.is_some());
        if let Some(found) = found {
            let is_of_it = |other: &SweepState| (&other.grid, &other.base) == (&found.grid, &found.base);
            let others = other_sweeps.into_iter().take(MAX_LAYERS).filter_map(sweep_of);
            let others = others.filter(|other| other.phase == Phase::Done && is_of_it(other)).collect();
            self.sweep = SweepState { others, ..found };
        }
        let (asked, found) = (comparison.is_some(), comparison.and_then(comparison_of));
        take(asked, found.is_some());
        if let Some(found) = found {
            self.comparison = found;
        }
        let (asked, found) = (layers.is_some(), layers.and_then(layers_of));
        take(asked, found.is_some());
        if let Some(found) = found {
            self.sensitivity = found;
        }
        let (asked, found) = (stress.is_some(), stress.and_then(|kept| self.stress_of(kept)));
        take(asked, found.is_some());
        if let Some(found) = found {
            self.stress = found;
        }
        if let Some(KeptTraining { label, n_epochs, epochs, is_complete }) = training {
            let (phase, history) = (phase_of(is_complete), epochs.into_iter().take(MAX_EPOCHS).collect());
            self.training = TrainingState { phase, label, n_epochs, history, ..TrainingState::default() };
        }
        is_whole
    }
}

impl Store {
    /// What stress found on the open graph with the open model; `None` for what nobody can have asked for.
    fn stress_of(&self, kept: KeptStress) -> Option<StressState> {
        let KeptStress { n_points, masks, mut points, whole } = kept;
        points.truncate(MAX_POINTS);
        let results = match whole {
            Some(WholeStress { recipe, plan, left_out }) => {
                let (graph, model) = self.graph.as_ref().zip(self.model.as_ref())?;
                let whole = (plan, left_out);
                let results =
                    StressResults::new(&graph.dataset, &model.model, &settled(recipe)?, whole, points.clone());
                Some(Arc::new(with_sentences(results)))
            }
            None => None,
        };
        let phase = phase_of(results.is_some() && points.len() == n_points);
        let n_points = n_points.min(MAX_POINTS);
        Some(StressState { phase, n_points, masks, points, results, ..StressState::default() })
    }
}

fn kept_sweep(sweep: &SweepState) -> KeptSweep {
    KeptSweep {
        grid: sweep.grid.clone(),
        base: sweep.base.clone(),
        layer: sweep.layer,
        points: sweep.points.clone(),
        compared: sweep.compared.clone(),
        is_complete: sweep.phase == Phase::Done,
    }
}

fn kept_stress(stress: &StressState) -> KeptStress {
    let whole = stress.results.as_ref().filter(|_| stress.phase == Phase::Done).map(|results| WholeStress {
        recipe: results.recipe.clone(),
        plan: results.plan.clone(),
        left_out: results.left_out.clone(),
    });
    KeptStress { n_points: stress.n_points, masks: stress.masks, points: stress.points.clone(), whole }
}

/// Whether a file or folder is one of those named, or lies within one of them.
fn is_of(named: &[String], path: &str) -> bool {
    named.iter().any(|name| Path::new(path).starts_with(name))
}

/// What was interrupted was stopped; what had come stays.
fn phase_of(is_complete: bool) -> Phase {
    if is_complete { Phase::Done } else { Phase::Cancelled }
}

fn settled(mut recipe: Recipe) -> Option<Recipe> {
    settle_recipe(&mut recipe).ok().map(|()| recipe)
}

/// A sweep whose points are of its grid; `None` for a grid that nobody can have swept.
fn sweep_of(kept: KeptSweep) -> Option<SweepState> {
    let KeptSweep { grid, base, layer, mut points, mut compared, is_complete } = kept;
    let n = grid.delta_a.len().checked_mul(grid.delta_w.len()).filter(|n| *n <= MAX_POINTS)?;
    points.retain(|point| point.idx < n);
    points.truncate(n);
    compared.retain(|idx| *idx < n);
    compared.sort_unstable();
    compared.dedup();
    let phase = phase_of(is_complete && points.len() == n);
    let base = settled(base)?;
    if layer.is_some_and(|layer| layer >= SweepGrid::n_layers(&base)) {
        return None;
    }
    Some(SweepState { phase, grid, base, layer, points, compared, ..SweepState::default() })
}

fn comparison_of(kept: KeptComparison) -> Option<CompareState> {
    let KeptComparison { plan, base, mut points, is_complete } = kept;
    plan.check().ok()?;
    points.truncate(MAX_POINTS);
    let phase = phase_of(is_complete);
    Some(CompareState { phase, plan, base: settled(base)?, points, ..CompareState::default() })
}

fn layers_of(kept: KeptLayers) -> Option<SensitivityState> {
    let KeptLayers { base, n_points, mut points, is_complete } = kept;
    let base = settled(base)?;
    let (n_steps, n_layers) = (base.model.n_graph_steps(), base.model.layers);
    points.retain(|point| point.step < if point.is_of_edges { n_steps } else { n_layers });
    points.truncate(MAX_POINTS);
    let phase = phase_of(is_complete);
    Some(SensitivityState { phase, base, n_points: n_points.min(MAX_POINTS), points, ..SensitivityState::default() })
}
