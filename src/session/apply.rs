//! The one place where commands are applied.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::activity::Snapshot;
use super::command::{Command, Gesture};
use super::crash;
use super::desk::{AnyRequest, Kept};
use super::inputs::{LoadedGraph, LoadedModel};
use super::jobs::{JobId, Lane};
use super::notice::Level;
use super::state::{AfterLoad, KnownRun, PrunedRun};
use super::store::{ExportState, RunEntry, RunId, TrainingState, settled_tags};
use super::tasks::open::Open;
use super::tasks::predict::{Asked, AskedNodes};
use super::tasks::preview::Preview;
use super::tasks::prune::Prune;
use super::tasks::save_project::{SaveProject, SavedProject};
use super::tasks::train::Train;
use super::tasks::write::WriteFile;
use super::tasks::{Need, Task, TaskError};
use super::undo::{Change, Inputs, Step};
use super::{JobAnswer, Session, format};
use crate::engine::control::Control;
use crate::engine::experiment::{ComparePlan, RunOptions};
use crate::engine::graph::ReadOptions;
use crate::engine::sparsify::Recipe;
use crate::io::kept_runs::MOST_KEPT_BYTES;
use crate::io::{escaped_path, samples, with_known_ending, write_model, write_recipe};

impl Session {
    /// Does what the user asks for. Long work goes into the background; its answer comes with [`Session::poll`].
    pub fn apply(&mut self, command: Command) {
        self.apply_from("program", command);
    }

    /// As [`Session::apply`]; `by` is who sends it, for people, for example the title of a pane.
    pub fn apply_from(&mut self, by: &str, command: Command) {
        if !matches!(&command, Command::Compute(_) | Command::SeeNotices | Command::Diagnose(_)) {
            self.touch();
        }
        let said = command.says(self.words());
        let goes_on = matches!(&command, Command::SetRecipe(_, Some(gesture)) if self.last_gesture == Some(*gesture));
        if let Command::SetRecipe(_, gesture) = &command {
            self.last_gesture = *gesture;
        }
        let Some(said) = said else { return self.dispatch(command) };
        // Before it is done: it may be what fails.
        crash::remember_command(by, &said);
        let before = Snapshot::of(&self.store);
        self.dispatch(command);
        self.activity.applied(by, said, goes_on, before, &Snapshot::of(&self.store));
    }

    fn dispatch(&mut self, command: Command) {
        match command {
            Command::Open(spec) => self.open(spec),
            Command::OpenMany(specs) => specs.into_iter().for_each(|s| self.open(s)),
            Command::Import(specs) => self.import(specs),
            Command::ChooseReading(reading) => self.choose_reading(reading),
            Command::ChangeImport(options, network) => self.change_import(*options, network.map(|n| *n)),
            Command::SetImportRole(spec, role) => self.set_import_role(spec, role),
            Command::ReadOutside => self.read_outside(),
            Command::AcceptImport => self.accept_import(),
            Command::DiscardImport => self.discard_import(),
            Command::AnswerOutside(is_allowed) => self.answer_outside(is_allowed),
            Command::OpenSample(spec) => self.open_sample(spec),
            Command::CloseInputs => self.close_inputs(),
            Command::SetRecipe(recipe, gesture) => self.set_recipe_by_hand(*recipe, gesture),
            Command::Prune => self.prune(),
            Command::Controls(id) => self.controls(id),
            Command::Certify(id, limit) => self.certify(id, limit),
            Command::NodeErrors(id) => self.errors_of_nodes(id),
            Command::SetLimit(limit) => self.store.limit = limit.clamp(0.0, 1.0),
            Command::SetBudget(budget) => self.store.budget.budget = budget,
            Command::FindWithin(budget) => self.find_within(budget),
            Command::Sweep(grid) => self.sweep(grid),
            Command::SweepLayer(layer) => self.sweep_layer(layer),
            Command::SetPlan(plan) => self.set_plan(plan),
            Command::Compare(plan) => self.compare(plan),
            Command::Sensitivity(grid) => self.sensitivity(grid),
            Command::Stress(masks) => self.stress(masks),
            Command::Train => self.train(),
            Command::Propagate(folder) => self.propagate(folder),
            Command::StoreGraph(folder, form) => self.store_graph(folder, form),
            Command::Bench(is_quick) => self.bench(is_quick),
            Command::Diagnose(is_forgetting) => self.diagnose(is_forgetting),
            Command::Predict(nodes) => self.predict(Asked::Known(AskedNodes::listed(&nodes))),
            Command::ScoreArrivals { features, edges } => self.predict(Asked::Arriving { features, edges }),
            Command::SetCheck(asked) => self.store.monitor.asked = *asked,
            Command::CheckBundle => self.check_bundle(),
            Command::CheckImport => self.check_import(),
            Command::SelectNode(node) => self.store.select_node(node, None),
            Command::SelectNodes(nodes) => self.store.select_nodes(nodes),
            Command::SelectEntry { target, source } => self.store.select_node(Some(target), Some(source)),
            Command::SelectWeight(place) => self.store.select_weight(place),
            Command::PinEntries(entries, is_kept) => self.pin_entries(entries, is_kept),
            Command::Reproduce(plan, output) => self.reproduce(*plan, output),
            Command::Cancel(id) => self.runner.cancel(id),
            Command::Keep(id) => self.runner.keep(id),
            Command::KeepLeft => self.keep_left(),
            Command::Restore(id) => self.restore_lost(id),
            Command::DiscardLost(id) => self.discard_lost(id),
            Command::CancelAll => {
                self.after_load = None;
                self.runner.cancel_listed();
            }
            Command::Undo => {
                self.step(Side::Before);
            }
            Command::Redo => {
                self.step(Side::After);
            }
            Command::StepTo(n) => {
                while self.history.n_done() > n && self.step(Side::Before) {}
                while self.history.n_done() < n && self.step(Side::After) {}
            }
            Command::LoadPoint(idx) => self.load_point(idx),
            Command::LoadMethod(at) => self.load_method(at),
            Command::LoadLayer(at) => self.load_layer(at),
            Command::LoadLayers(lose_at_most) => self.load_layers(lose_at_most),
            Command::ComparePoint(idx) => toggle(&mut self.store.sweep.compared, idx),
            Command::ShowRun(id) => self.show_run(id),
            Command::PinRun(id, is_pinned) => self.change_run(id, "undo-pin-run", |e| e.is_pinned = is_pinned),
            Command::PinRuns(ids, is_pinned) => self.replace_runs(&ids, "undo-pin-runs", |mut entry| {
                entry.is_pinned = is_pinned;
                Some(entry)
            }),
            Command::RenameRun(id, name) => {
                let name = self.store.free_name(&name, Some(id));
                self.change_run(id, "undo-rename-run", |e| e.name = name);
            }
            Command::NoteRun(id, note) => {
                self.change_run(id, "undo-note-run", |e| note.trim().clone_into(&mut e.note));
            }
            Command::TagRun(id, tags) => self.change_run(id, "undo-tag-run", |e| e.tags = settled_tags(tags)),
            Command::DeleteRun(id) => self.replace_run(id, "undo-delete-run", |_| None),
            Command::DeleteRuns(ids) => self.replace_runs(&ids, "undo-delete-runs", |_| None),
            Command::CompareRun(id) => self.compare_run_in_table(id),
            Command::Compute(request) => self.compute(request),
            Command::WriteFile(writer, path) => {
                let label = writer.label.clone();
                self.write(label, path, move |path, ctl| (writer.write)(path, ctl));
            }
            Command::SetBundleOptions(options) => self.store.export.options = options,
            Command::Export(id, folder) => self.export(id, folder),
            Command::ExportItems(id, items, folder) => self.export_items(id, items, folder),
            Command::SetPilot(options) => self.store.export.pilot = options,
            Command::ExportPilot(id, folder) => self.export_pilot(id, folder),
            Command::SetReport(choice) => self.store.export.report = choice,
            Command::ExportReport(id, file) => self.report(id, file),
            Command::ExportCluster(id, folder) => self.export_cluster(id, folder),
            Command::CompareStored(id, folder) => self.compare_run(id, folder),
            Command::SaveModel(path) => self.save_model(path),
            Command::SaveRecipe(path) => self.save_recipe(path),
            Command::SaveProject(path) => self.save_project(path),
            Command::SeeNotices => self.store.notices.mark_seen(),
            Command::ClearNotices => self.store.notices.clear(),
            Command::ClearRecent => self.store.recent.clear(),
        }
    }

    fn set_plan(&mut self, plan: ComparePlan) {
        self.store.plan = plan;
        self.changed();
    }

    fn save_model(&mut self, path: PathBuf) {
        let Some(model) = self.store.model.as_ref().map(|m| Arc::clone(&m.model)) else { return };
        self.write("Save the model", path, move |path, _| {
            let path = with_known_ending(path, &["safetensors"])?;
            write_model(&path, &model)?;
            Ok(path)
        });
    }

    fn save_recipe(&mut self, path: PathBuf) {
        let recipe = self.store.effective_recipe();
        self.write("Save the recipe", path, move |path, _| {
            let path = with_known_ending(path, &["toml"])?;
            write_recipe(&path, &recipe)?;
            Ok(path)
        });
    }

    fn save_project(&mut self, path: PathBuf) {
        let (project, n_changes) = (Box::new(self.store.to_project()), self.n_changes);
        // The pruned model of a bundle lies there.
        let of_no_file = self.store.model.as_ref().filter(|model| model.spec.is_empty() && model.baseline.is_own());
        let model = of_no_file.map(|model| Arc::clone(&model.model));
        let (results, most_bytes) = (self.store.to_results(), MOST_KEPT_BYTES);
        let task = SaveProject { path, project, model, results, most_bytes };
        self.run_in(Lane::Export, task, move |session, saved| session.take_saved_project(saved, n_changes));
    }

    /// The project was written, in the state of so many changes.
    fn take_saved_project(&mut self, saved: SavedProject, n_changes: u64) {
        let SavedProject { path, model, results } = saved;
        self.remember(&path.to_string_lossy(), "project");
        let mut parts = Vec::new();
        if let Some(results) = results {
            parts.extend(self.say_saved_results(&results));
        }
        if let Some((model, beside)) = model {
            parts.push(format!("with its model, {}", escaped_path(&beside)));
            let open = self.store.model.as_mut().filter(|open| Arc::ptr_eq(&open.model, &model));
            if let Some(open) = open {
                open.spec = beside.display().to_string();
            }
        }
        let detail = parts.join("; ");
        self.store.notices.add(Level::Info, format!("Saved {}", escaped_path(&path)), detail, "");
        self.store.project = Some(path);
        // What changed while it was written is not in it.
        self.store.is_changed = self.n_changes != n_changes;
        self.hash_inputs();
    }

    pub(super) fn open(&mut self, spec: String) {
        let options = self.store.recipe.graph.clone();
        self.open_as(spec, options);
    }

    /// Opens something; a graph is read as the options say.
    pub(super) fn open_as(&mut self, spec: String, options: ReadOptions) {
        let task = Open { spec, options, known: self.known_files(), is_allowed: false };
        self.run_in(Lane::Load, task, Self::take_opened);
    }

    fn open_sample(&mut self, spec: String) {
        self.store.project = None;
        let model = samples().iter().find(|s| s.spec == spec).and_then(|s| s.models.first());
        self.after_load = model.is_none().then_some(AfterLoad::TrainSmall);
        self.open(spec);
        if let Some(model) = model {
            self.open((*model).to_owned());
        }
    }

    fn write(
        &mut self,
        label: impl Into<String>,
        path: PathBuf,
        write: impl FnOnce(&Path, &Control) -> Result<PathBuf, TaskError> + Send + 'static,
    ) {
        self.run_in(Lane::Export, WriteFile::new(label, path, write), |session, path| {
            session.store.notices.add(Level::Info, format!("Saved {}", escaped_path(&path)), "", "");
        });
    }

    pub(super) fn set_recipe(&mut self, recipe: Recipe, label: &str, gesture: Option<Gesture>) {
        if recipe != self.store.recipe {
            self.change_inputs(label, gesture, |i| i.recipe = recipe);
            self.changed();
        }
    }

    /// Closes graph and model, and with them all that is about them: nothing of the old work stays in sight, and nothing is saved over
    /// its project. Runs stay in the table, and undo brings the inputs back.
    fn close_inputs(&mut self) {
        self.forget::<TrainingState>();
        self.change_inputs(&self.words().text("undo-close"), None, |i| {
            i.graph = None;
            i.model = None;
        });
        self.store.preview_fault = None;
        if !self.runner.is_busy(&Lane::Export) {
            self.store.export = ExportState::default();
        }
        self.store.compared.clear();
        self.store.project = None;
        self.store.is_changed = false;
    }

    fn inputs(&self) -> Inputs {
        Inputs { graph: self.store.graph.clone(), model: self.store.model.clone(), recipe: self.store.recipe.clone() }
    }

    pub(super) fn change_inputs(&mut self, label: &str, gesture: Option<Gesture>, change: impl FnOnce(&mut Inputs)) {
        let before = self.inputs();
        let mut after = before.clone();
        change(&mut after);
        self.history.add(label, Change::Inputs { before: Box::new(before), after: Box::new(after.clone()) }, gesture);
        self.set_inputs(after);
    }

    fn set_inputs(&mut self, inputs: Inputs) {
        let Inputs { graph, model, recipe } = inputs;
        let same = |a: Option<*const ()>, b: Option<*const ()>| a == b;
        let graph_ptr = |g: &Option<LoadedGraph>| g.as_ref().map(|g| Arc::as_ptr(&g.dataset).cast::<()>());
        let model_ptr = |m: &Option<LoadedModel>| m.as_ref().map(|m| Arc::as_ptr(&m.model).cast::<()>());
        let is_other = !same(graph_ptr(&graph), graph_ptr(&self.store.graph))
            || !same(model_ptr(&model), model_ptr(&self.store.model));
        // A project is about one graph: another one must not be saved over it.
        let spec = |g: &Option<LoadedGraph>| g.as_ref().map(|g| g.spec.clone());
        if spec(&graph) != spec(&self.store.graph) {
            self.store.project = None;
        }
        self.store.graph = graph;
        self.store.model = model;
        self.store.recipe = recipe;
        if self.store.project.is_some() {
            self.changed();
        }
        if is_other {
            self.store.preview = None;
            self.store.plain = None;
            self.store.last_shown = None;
            self.store.desk.clear();
            self.drop_estimates();
            // Their points belong to other inputs.
            self.drop_trials();
            self.store.reopening.clear();
            self.store.hashes.clear();
            self.hash_asked.clear();
        }
        if is_other {
            self.store.closed_model = None;
        }
        // With more to come, the inputs may not fit each other yet, and thresholds may still be looked for.
        if !self.runner.is_busy(&Lane::Load) && !self.wants_safe_start {
            self.preview();
        }
    }

    fn change_run(&mut self, id: RunId, key: &str, change: impl FnOnce(&mut RunEntry)) {
        self.replace_run(id, key, |mut entry| {
            change(&mut entry);
            Some(entry)
        });
    }

    /// Puts what `replace` makes of a run in its place, or deletes it; `key` is of what the step is called.
    fn replace_run(&mut self, id: RunId, key: &str, replace: impl FnOnce(RunEntry) -> Option<RunEntry>) {
        let Some(change) = self.replaced_run(id, replace) else { return };
        self.history.add(self.words().text(key), change.clone(), None);
        self.restore(change, Side::After);
    }

    /// The same for several runs, as one step.
    fn replace_runs(&mut self, ids: &[RunId], key: &str, replace: impl Fn(RunEntry) -> Option<RunEntry>) {
        let mut changes = Vec::with_capacity(ids.len());
        for id in ids {
            // One after the other, because places move up when a run goes.
            if let Some(change) = self.replaced_run(*id, &replace) {
                self.restore(change.clone(), Side::After);
                changes.push(change);
            }
        }
        if !changes.is_empty() {
            self.history.add(self.words().text(key), Change::Several(changes), None);
        }
    }

    /// What a run's replacement changes.
    fn replaced_run(&self, id: RunId, replace: impl FnOnce(RunEntry) -> Option<RunEntry>) -> Option<Change> {
        let at = self.store.runs.iter().position(|e| e.id == id)?;
        let before = self.store.runs[at].clone();
        let after = replace(before.clone());
        Some(Change::Run { at, before: Some(Box::new(before)), after: after.map(Box::new) })
    }

    /// Takes the last step back, or makes the one again that was taken back last; answers whether there was one.
    fn step(&mut self, to: Side) -> bool {
        let step = if to == Side::Before { self.history.undo() } else { self.history.redo() };
        let is_there = step.is_some();
        if let Some(Step { change, .. }) = step {
            self.restore(change, to);
        }
        is_there
    }

    fn restore(&mut self, change: Change, side: Side) {
        match change {
            Change::Inputs { before, after } => {
                self.set_inputs(if side == Side::Before { *before } else { *after });
                self.changed();
            }
            // The last one is taken back first: each stands at a place among those that there were.
            Change::Several(changes) if side == Side::Before => {
                changes.into_iter().rev().for_each(|change| self.restore(change, side));
            }
            Change::Several(changes) => changes.into_iter().for_each(|change| self.restore(change, side)),
            Change::Run { at, before, after } => {
                let (from, to) = if side == Side::Before { (after, before) } else { (before, after) };
                if let Some(from) = from {
                    self.store.runs.retain(|e| e.id != from.id);
                }
                if let Some(to) = to {
                    self.store.runs.insert(at.min(self.store.runs.len()), *to);
                }
                let left = &self.store.runs;
                self.store.compared.retain(|id| left.iter().any(|e| e.id == *id));
                self.changed();
            }
        }
    }

    /// Asks for the preview of the recipe as it stands, unless a finished run or the preview answers it already.
    pub(super) fn preview(&mut self) {
        self.store.preview_fault = None;
        if self.reads_results {
            // The project may have kept it; it is asked for behind that.
            return;
        }
        let (Some(graph), Some(model)) = (&self.store.graph, &self.store.model) else { return };
        if self.store.finished_run().is_some() || self.store.preview.as_ref().is_some_and(|r| self.store.is_current(r))
        {
            self.runner.cancel_lane(&Lane::Preview);
            return;
        }
        let task = Preview {
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            baseline: self.baseline_logits(),
            recipe: self.store.effective_recipe(),
            waits: self.estimates.are_needed(),
            plain_first: self.estimates.are_needed(),
        };
        if task.waits {
            // What is decided for an older recipe only keeps the processors from the estimate.
            self.runner.cancel_lane(&Lane::Preview);
            self.estimate();
        }
        let on_plain = |run| JobAnswer::new(move |session, _, _| session.take_plain(run));
        let on_output = |output| JobAnswer::new(move |session, _, _| session.take_preview(output));
        self.runner.spawn(Lane::Preview, task, on_plain, on_output);
    }

    /// What previews are held against: the model's own baseline, else its unpruned output from any run of these inputs.
    fn baseline_logits(&self) -> Option<Arc<ndarray::Array2<f32>>> {
        if let Some(baseline) = self.store.model.as_ref().and_then(|m| m.baseline.logits()) {
            return Some(baseline);
        }
        let shown = self.store.shown().filter(|r| self.store.is_of_inputs(r));
        shown.or_else(|| self.store.newest_run().map(|e| &e.run)).map(|r| Arc::clone(&r.baseline_logits))
    }

    pub(super) fn prune(&mut self) {
        let recipe = self.store.effective_recipe();
        self.prune_with(recipe, None);
    }

    /// Applies a recipe completely; the run gets a name and a pin where it had them before. Answers which job it is.
    pub(super) fn prune_with(&mut self, recipe: Recipe, known: Option<KnownRun>) -> Option<JobId> {
        let (Some(graph), Some(model)) = (self.store.graph.clone(), self.store.model.clone()) else {
            self.missing("prune", "a graph and a model");
            return None;
        };
        let mut task = Prune {
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            baseline: model.baseline.clone(),
            recipe,
            options: RunOptions::FULL,
        };
        if !self.fits("prune", &mut task) {
            return None;
        }
        if task.recipe == self.store.effective_recipe() {
            // The run answers it.
            self.runner.cancel_lane(&Lane::Preview);
        }
        let on_output = |run| {
            JobAnswer::new(move |session, id, elapsed_secs| {
                session.store.reopening.retain(|(job, _)| *job != id);
                session.add_run(PrunedRun { run, graph, model, known, elapsed_secs });
            })
        };
        Some(self.runner.spawn(Lane::Prune, task, |()| JobAnswer::new(|_, _, _| {}), on_output))
    }

    pub(super) fn train(&mut self) {
        let Some(graph) = &self.store.graph else {
            return self.missing("train", "a graph");
        };
        let mut task = Train::new(Arc::clone(&graph.dataset), self.training_recipe(self.store.recipe.clone()));
        if !self.fits("train", &mut task) {
            return;
        }
        self.is_sample_training = false;
        let (label, n_epochs) = (task.title(), task.n_epochs());
        self.store.training = TrainingState { label, n_epochs, ..TrainingState::default() };
        self.start::<TrainingState, _>(task);
    }

    fn compute(&mut self, request: AnyRequest) {
        let on_output = |(slot, request, answer): (String, Kept, Kept)| {
            JobAnswer::new(move |session, id, _| session.store.desk.answered(id, &slot, request, answer))
        };
        let lane = Lane::View(request.slot.clone());
        let id = self.runner.spawn(lane, request.clone(), |()| JobAnswer::new(|_, _, _| {}), on_output);
        self.store.desk.submitted(id, &request);
    }

    /// Whether there is memory for a task, without what it can leave out where it must; says so where there is not.
    pub(super) fn fits<T: Task>(&mut self, what: &str, task: &mut T) -> bool {
        let free = self.free_memory();
        let mut left_out = Vec::new();
        while let Some(Need { needed, way_out, .. }) = task.memory().filter(|need| need.needed > free) {
            let found = format!("it takes about {}, and {} are free", format::bytes(needed), format::bytes(free));
            if let Some(part) = task.leave_out() {
                left_out.push((part, found));
                continue;
            }
            let next = format!("Close other programs, or: {way_out} (docs/SCALE.md)");
            self.store.notices.add(Level::Error, format!("Not enough memory to {what}"), found, next);
            return false;
        }
        for (part, found) in left_out {
            let title = format!("Left out for want of memory: {part}");
            self.store.notices.add(
                Level::Warning,
                title,
                format!("With it {found}"),
                "Close other programs to have it",
            );
        }
        true
    }

    pub(super) fn missing(&mut self, what: &str, needs: &str) {
        let title = format!("Cannot {what} yet");
        self.store.notices.add(Level::Warning, title, format!("{needs} must be open"), "Open one, or take a sample");
    }

    pub(super) fn refused(&mut self, what: &str, needs: &str, next: &str) {
        let title = format!("Cannot {what} yet");
        self.store.notices.add(Level::Warning, title, format!("{needs} must be chosen"), next);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

fn toggle(sorted: &mut Vec<usize>, value: usize) {
    match sorted.binary_search(&value) {
        Ok(at) => {
            sorted.remove(at);
        }
        Err(at) => sorted.insert(at, value),
    }
}
