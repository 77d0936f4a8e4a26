//! What the runs of a project found: said when it is saved, taken back when it is opened.

use std::path::PathBuf;
use std::sync::Arc;

use super::inputs::{LoadedGraph, LoadedModel};
use super::jobs::{JobId, Lane};
use super::notice::Level;
use super::project::{Project, ProjectRun};
use super::state::{KnownRun, PrunedRun};
use super::store::settled_tags;
use super::tasks::read_results::{ReadBack, ReadResults};
use super::tasks::save_project::SavedResults;
use super::{JobAnswer, Session, format};
use crate::io::escaped_path;
use crate::io::kept_runs::MOST_KEPT_BYTES;

impl Session {
    /// Says which results a project has, and which were too large for it.
    pub(super) fn say_saved_results(&mut self, saved: &SavedResults) -> Option<String> {
        let SavedResults { path, n_runs, n_bytes, left_out } = saved;
        if !left_out.is_empty() {
            let title = format!("Results left out of the project: {}", left_out.join(", "));
            let why = format!("results take at most {}, and the largest go first", format::bytes(MOST_KEPT_BYTES));
            self.store.notices.add(Level::Warning, title, why, "They are computed again when the project is opened");
        }
        let runs = if *n_runs == 1 { "1 run".to_owned() } else { format!("{n_runs} runs") };
        (*n_runs > 0)
            .then(|| format!("with the results of {runs}, {}, {}", format::bytes(*n_bytes), escaped_path(path)))
    }

    /// The runs of a project come back under their names: read, where `results` has them, else computed anew.
    pub(super) fn reopen_runs(&mut self, project: &mut Project, results: Option<PathBuf>) {
        let runs = std::mem::take(&mut project.runs);
        let (Some(graph), Some(model)) = (self.store.graph.clone(), self.store.model.clone()) else {
            self.reads_results = false;
            if !runs.is_empty() {
                let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
                let title = format!("Without runs: {}", names.join(", "));
                self.store.notices.add(Level::Warning, title, "graph and model are not both open", "");
            }
            return;
        };
        let Some(path) = results else {
            self.reads_results = false;
            for run in runs {
                self.compute_again(run);
            }
            return;
        };
        let task = ReadResults {
            path,
            dataset: Arc::clone(&graph.dataset),
            model: Arc::clone(&model.model),
            recipes: runs.iter().map(|run| run.recipe.clone()).collect(),
        };
        self.reads_results = true;
        let wanted = runs.clone();
        let on_output =
            |read| JobAnswer::new(move |session, id, _| session.take_results(id, (graph, model), wanted, read));
        let id = self.runner.spawn(Lane::Prune, task, |()| JobAnswer::new(|_, _, _| {}), on_output);
        self.store.reopening.extend(runs.into_iter().map(|run| (id, run)));
    }

    fn compute_again(&mut self, run: ProjectRun) {
        if let Some(id) = self.prune_with(run.recipe.clone(), Some(known(&run))) {
            self.store.reopening.push((id, run));
        }
    }

    /// What could be read stands in the table as it stood; the rest is computed again, if its inputs are still open.
    fn take_results(
        &mut self,
        id: JobId,
        (graph, model): (LoadedGraph, LoadedModel),
        wanted: Vec<ProjectRun>,
        read: ReadBack,
    ) {
        self.reads_results = false;
        self.store.reopening.retain(|(job, _)| *job != id);
        let store = &self.store;
        let is_open = store.graph.as_ref().is_some_and(|open| Arc::ptr_eq(&open.dataset, &graph.dataset))
            && store.model.as_ref().is_some_and(|open| Arc::ptr_eq(&open.model, &model.model));
        let ReadBack { runs, preview, fault } = read;
        let mut missing = Vec::new();
        for (run, kept) in wanted.into_iter().zip(runs) {
            let Some(kept) = kept else {
                missing.push(run);
                continue;
            };
            let known = Some(known(&run));
            let (graph, model, elapsed_secs) = (graph.clone(), model.clone(), kept.elapsed_secs);
            self.add_run(PrunedRun { run: Arc::unwrap_or_clone(kept.run), graph, model, known, elapsed_secs });
        }
        if let Some(why) = fault {
            let names: Vec<&str> = missing.iter().map(|run| run.name.as_str()).collect();
            let title = match names.as_slice() {
                [] => "Results of the project were left out".to_owned(),
                names => format!("Results left out: {}", names.join(", ")),
            };
            let next = if names.is_empty() {
                ""
            } else {
                "The runs are computed again; save the project to keep what they find"
            };
            self.store.notices.add(Level::Warning, title, why, next);
        }
        if is_open {
            if let Some(kept) = preview.filter(|kept| self.store.is_current(&kept.run)) {
                self.store.last_shown = Some(Arc::clone(&kept.run));
                self.store.preview = Some(kept.run);
            }
            for run in missing {
                self.compute_again(run);
            }
        }
        // Else it is asked for behind what is being opened.
        if !self.runner.is_busy(&Lane::Load) {
            self.preview();
        }
    }
}

fn known(run: &ProjectRun) -> KnownRun {
    KnownRun {
        name: run.name.clone(),
        is_pinned: run.is_pinned,
        note: run.note.clone(),
        tags: settled_tags(run.tags.clone()),
        errors: Vec::new(),
    }
}
