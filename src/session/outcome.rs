//! What the session does with the answers of its jobs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::defaults::SMALL_HIDDEN;
use super::fit::fitted_to;
use super::format::seconds;
use super::inputs::{Baseline, LoadedModel};
use super::jobs::{JobError, JobId, Lane, Outcome};
use super::notice::Level;
use super::project::results_beside;
use super::readings::{read_as, reading_of, with_untold};
use super::state::{AfterLoad, KnownRun, PrunedRun, Reopened};
use super::store::{CheckAsk, Phase, Recent, RunEntry, RunId};
use super::tasks::TaskError;
use super::tasks::open::{Opened, OpenedBundle};
use super::{JobAnswer, Session};
use crate::engine::experiment::Run;
use crate::engine::sparsify::NodesAre;
use crate::engine::train::Trained;
use crate::io::{LoadReport, escaped_text};

/// What was opened before, beyond this many, is forgotten.
const MAX_RECENT: usize = 12;
/// What to do when something could not be written.
const SAVE_ELSEWHERE: &str =
    "Nothing was changed. Choose a folder that exists and that you may write to, and a name that is free";

impl Session {
    pub(super) fn take(&mut self, outcome: Outcome<JobAnswer>) {
        match outcome {
            Outcome::Partial(id, JobAnswer(apply)) => {
                self.touch();
                apply(self, id, 0.0);
            }
            Outcome::Finished { id, lane, label, result, elapsed_secs } => {
                if lane.is_listed() {
                    self.touch();
                }
                if lane.is_listed() && lane != Lane::Preview {
                    let how = result.as_ref().map_or_else(ToString::to_string, |_| "done".to_owned());
                    self.activity.ended(&label, format!("{how}, after {}", seconds(elapsed_secs)));
                }
                match result {
                    Ok(JobAnswer(apply)) => apply(self, id, elapsed_secs),
                    Err(reason) => self.take_fault(id, &lane, &label, &reason),
                }
            }
        }
    }

    pub(super) fn take_opened(&mut self, opened: Opened) {
        match opened {
            Opened::Graph(graph) => {
                self.remember(&graph.spec, "graph");
                self.want_safe_start();
                self.change_inputs(&self.words().text("undo-open-graph"), None, |i| i.graph = Some(*graph));
            }
            Opened::Model(model) => {
                if !model.spec.is_empty() {
                    self.remember(&model.spec, "model");
                }
                self.want_safe_start();
                self.change_inputs(&self.words().text("undo-open-model"), None, |i| {
                    i.recipe = fitted_to(&i.recipe, &model.model.architecture);
                    i.model = Some(*model);
                });
            }
            Opened::Recipe(recipe, path) => {
                self.remember(&path, "recipe");
                self.thresholds_are_given();
                let split_file = recipe.graph.split_file.clone();
                self.change_inputs(&self.words().text("undo-open-recipe"), None, |i| i.recipe = *recipe);
                self.read_split_file(split_file);
            }
            Opened::Bundle(bundle) => self.take_bundle(*bundle),
            Opened::Asks(outside) => self.store.outside.push_back(outside),
            Opened::Project(project, path, changed) => {
                for spec in [&project.graph, &project.model].into_iter().flatten() {
                    self.open_as(spec.clone(), project.recipe.graph.clone());
                }
                let reopened = Reopened { project: *project, path: Some(path), changed, lost: None };
                self.after_load = Some(AfterLoad::Project(Box::new(reopened)));
            }
        }
    }

    /// Opens what a bundle holds, and runs its recipe so that it stands in the table.
    fn take_bundle(&mut self, bundle: OpenedBundle) {
        let OpenedBundle { spec, graph, model, recipe, is_identical, errors } = bundle;
        self.remember(&spec, "bundle");
        if self.store.monitor.asked.bundle != spec {
            self.store.monitor.asked = CheckAsk { bundle: spec.clone(), ..CheckAsk::default() };
        }
        self.store.project = None;
        self.thresholds_are_given();
        let (level, title) = if is_identical {
            (Level::Info, format!("{spec} replays bit by bit"))
        } else {
            (Level::Warning, format!("{spec} does not replay bit by bit"))
        };
        self.store.notices.add(level, title, "", "");
        let mut recipe = fitted_to(&recipe, &model.model.architecture);
        recipe.training = None;
        if let Some(rule) = &recipe.recovery {
            // Its weights were fitted to its own entries and values: pruned anew they would give another run than the bundle's.
            let holds = match rule.nodes_are {
                NodesAre::Static => "is static",
                NodesAre::New => "is for new nodes",
            };
            self.store.notices.add(
                Level::Warning,
                format!("{spec} {holds}: its model was not opened"),
                "accuracy was recovered, so its weights go with its own entries and values alone",
                "Open the model that it was made of, and prune: its recipe is open",
            );
            self.change_inputs(&self.words().text("undo-open-bundle"), None, |i| {
                i.recipe = recipe;
                i.graph = Some(graph);
            });
            return;
        }
        let name = Path::new(&spec).file_stem().map_or_else(|| spec.clone(), |s| s.to_string_lossy().into_owned());
        self.change_inputs(&self.words().text("undo-open-bundle"), None, |i| {
            i.recipe = recipe.clone();
            i.graph = Some(graph);
            i.model = Some(model);
        });
        self.prune_with(recipe, Some(KnownRun { name, errors, ..KnownRun::default() }));
    }

    /// Puts something at the top of what was opened before.
    pub(super) fn remember(&mut self, spec: &str, kind: &str) {
        self.store.recent.retain(|r| r.spec != spec);
        self.store.recent.insert(0, Recent { spec: spec.to_owned(), kind: kind.to_owned() });
        self.store.recent.truncate(MAX_RECENT);
    }

    /// Everything that was asked for is open, or could not be opened.
    pub(super) fn after_load(&mut self) {
        self.close_unfitting_model();
        if self.begin_safe_start() {
            return;
        }
        self.hash_inputs();
        let is_settled = self.store.preview.is_some() || self.is_busy(&Lane::Preview);
        match self.after_load.take() {
            None if is_settled => {}
            None => self.preview(),
            Some(AfterLoad::TrainSmall) if self.store.graph.is_some() => {
                self.change_inputs(&self.words().text("undo-choose-network"), None, |i| {
                    i.model = None;
                    i.recipe.model.hidden = SMALL_HIDDEN;
                });
                self.train();
                self.is_sample_training = true;
            }
            Some(AfterLoad::TrainSmall) => {}
            Some(AfterLoad::Project(reopened)) => self.reopen(*reopened),
        }
    }

    /// The inputs of a project or a lost session are open: the rest of it follows.
    fn reopen(&mut self, reopened: Reopened) {
        let Reopened { mut project, path, changed, lost } = reopened;
        self.thresholds_are_given();
        // What belongs to other inputs is not looked at.
        let results = path.as_ref().filter(|_| changed.is_empty());
        let results = results.and_then(|path| results_beside(Path::new(path), &project));
        self.reads_results = results.is_some();
        let recipe = project.recipe.clone();
        let key = if lost.is_some() { "undo-restore-session" } else { "undo-open-project" };
        self.change_inputs(&self.words().text(key), None, |i| {
            // What the model's file leaves open is as it was read when the project was saved.
            if let Some(loaded) = &mut i.model {
                let reading = reading_of(&recipe.model, &loaded.model, &loaded.report.open);
                if let Ok(model) = read_as(&loaded.model, &reading) {
                    loaded.model = Arc::new(with_untold(model, &recipe.model));
                }
            }
            i.recipe = recipe;
        });
        let is_complete = self.take_kept(&mut project, &changed);
        if let Some(path) = path {
            self.store.project = Some(PathBuf::from(&path));
            self.remember(&path, "project");
        }
        self.reopen_runs(&mut project, results);
        self.store.is_changed = false;
        self.hash_inputs();
        if let Some((folder, is_read)) = lost {
            self.take_restored(project.autosave.unwrap_or_default(), folder, is_complete && is_read);
        }
    }

    /// The plain answer to a recipe with recovery stands beside what is shown until the recovered one comes.
    pub(super) fn take_plain(&mut self, run: Box<Run>) {
        if self.store.is_of_inputs(&run) {
            self.store.plain = Some(Arc::from(run));
        }
    }

    /// A preview of other inputs is stale and dropped; one of an older recipe is a step on the way, and shown as stale.
    pub(super) fn take_preview(&mut self, (run, elapsed_secs): (Box<Run>, f64)) {
        let run = Arc::from(run);
        if self.store.is_of_inputs(&run) {
            self.store.plain = None;
            self.store.last_shown = Some(Arc::clone(&run));
            self.store.preview = Some(Arc::clone(&run));
            self.previewed(&run, elapsed_secs);
        }
    }

    pub(super) fn add_run(&mut self, pruned: PrunedRun) {
        let PrunedRun { mut run, graph, model, known, elapsed_secs } = pruned;
        let id = RunId(self.next_run);
        self.next_run += 1;
        // A run that comes with a project or a bundle is in its file.
        let KnownRun { name, is_pinned, note, tags, errors } = known.unwrap_or_else(|| {
            self.changed();
            // A number is not given again after its run was deleted, since undo can bring it back.
            self.last_number = self.last_number.max(self.store.last_number()).saturating_add(1);
            KnownRun { name: format!("Run {}", self.last_number), ..KnownRun::default() }
        });
        if errors.len() == run.pruned.steps.len() {
            run.pruned.steps.iter_mut().zip(errors).for_each(|(step, error)| step.relative_error = error);
        }
        if run.certificate.is_none() {
            run.certificate = self.certificate_of(&run);
        }
        let name = self.store.free_name(&name, None);
        let run = Arc::new(run);
        self.store.runs.push(RunEntry { id, name, is_pinned, note, tags, run, graph, model, elapsed_secs });
    }

    pub(super) fn take_trained(&mut self, trained: Trained) {
        self.store.training.history = trained.history.into_iter().collect();
        let name = format!("{} trained here", trained.model.architecture.architecture.title());
        let model = LoadedModel {
            spec: String::new(),
            report: Arc::new(LoadReport::new("trained here", "")),
            baseline: Baseline::Own,
            name,
            model: trained.model,
        };
        self.take_opened(Opened::Model(Box::new(model)));
        if !std::mem::take(&mut self.is_sample_training) {
            self.changed();
        }
    }

    /// Opens what a training had by then that was cancelled.
    pub(super) fn keep_left(&mut self) {
        let Some(left) = self.store.training.left.take() else { return };
        // Whoever keeps it wants it, although it came with a sample.
        self.is_sample_training = false;
        self.take_trained(Arc::unwrap_or_clone(left));
        if !self.is_busy(&Lane::Load) {
            self.after_load();
        }
    }

    /// A cancelled training says what can be kept of it.
    fn say_what_is_left(&mut self) {
        let training = &self.store.training;
        if training.left.is_none() || training.phase != Phase::Cancelled {
            return;
        }
        let best = training.history.best().map_or(0, |epoch| epoch.epoch);
        let detail = format!("its best epoch so far is number {best}");
        let next = format!("Keep epoch {best} in Training, until the next training starts");
        self.store.notices.add(Level::Info, "The training was cancelled", detail, next);
    }

    fn take_fault(&mut self, id: JobId, lane: &Lane, label: &str, reason: &JobError) {
        if let Lane::View(slot) = lane {
            return self.store.desk.faulted(id, slot, reason);
        }
        if *lane == Lane::Autosave {
            return self.autosave_failed(reason.to_string());
        }
        let is_cancelled = matches!(reason, JobError::Cancelled);
        self.stopped(lane, id, if is_cancelled { Phase::Cancelled } else { Phase::Failed });
        if *lane == Lane::Train && is_cancelled {
            self.say_what_is_left();
        }
        if *lane == Lane::Prune {
            self.store.reopening.retain(|(job, _)| *job != id);
            self.reads_results = false;
            // The run that was to answer the recipe does not.
            self.preview();
        }
        // Of an estimate the exact answer follows, or says what is wrong.
        if is_cancelled || matches!(lane, Lane::Estimate | Lane::Hash) {
            return;
        }
        let detail = reason.to_string();
        if *lane == Lane::Preview {
            self.store.plain = None;
            // Shown where the preview would be; a notice for every move of a slider would bury the others.
            self.store.preview_fault = Some(escaped_text(&detail).into_owned());
            return;
        }
        let next = match reason {
            JobError::Panicked(_) => "This is a bug in the program; the session is as it was",
            JobError::Failed(why) if matches!(**why, TaskError::Export(_)) => SAVE_ELSEWHERE,
            _ => "",
        };
        self.store.notices.add(Level::Error, format!("{label} failed"), detail, next);
    }
}
