//! What the session does with the answers of its jobs.

use std::sync::Arc;

use super::jobs::open::Opened;
use super::jobs::{JobError, JobId, Lane, Outcome};
use super::notice::Level;
use super::store::{LoadedModel, Phase, RunEntry, RunId};
use super::{Answer, Session};
use crate::engine::analysis::Run;
use crate::engine::train::Trained;
use crate::io::LoadReport;

impl Session {
    pub(super) fn take(&mut self, outcome: Outcome<Answer>) {
        match outcome {
            Outcome::Partial(id, answer) => self.take_partial(id, answer),
            Outcome::Finished { id, lane, label, result, elapsed_secs } => match result {
                Ok(answer) => self.take_answer(id, answer, elapsed_secs),
                Err(reason) => self.take_fault(id, &lane, &label, reason),
            },
        }
    }

    fn take_partial(&mut self, id: JobId, answer: Answer) {
        match answer {
            Answer::Point(point) if self.sweep_job == Some(id) => self.store.sweep.points.push(*point),
            Answer::Epoch(epoch) if self.train_job == Some(id) => self.store.training.history.push(epoch),
            _ => {}
        }
    }

    fn take_answer(&mut self, id: JobId, answer: Answer, elapsed_secs: f64) {
        match answer {
            Answer::Opened(opened) => self.take_opened(opened),
            Answer::Previewed(run) => self.take_preview(*run),
            Answer::Pruned(run) => self.add_run(*run, elapsed_secs),
            Answer::Swept if self.sweep_job == Some(id) => self.store.sweep.phase = Phase::Done,
            Answer::Trained(trained) if self.train_job == Some(id) => self.take_trained(*trained),
            Answer::Exported(exported) => {
                self.store.export.phase = Phase::Done;
                self.store.export.last = Some(exported);
            }
            Answer::Written(path) => self.store.notices.add(Level::Info, format!("Saved {path}"), "", ""),
            Answer::Computed { slot, request, answer } => self.store.desk.answered(id, &slot, request, answer),
            Answer::Swept | Answer::Trained(_) | Answer::Point(_) | Answer::Epoch(_) => {}
        }
    }

    fn take_opened(&mut self, opened: Opened) {
        match opened {
            Opened::Graph(graph) => self.change_inputs("Open a graph", None, |i| i.graph = Some(*graph)),
            Opened::Model(model) => self.change_inputs("Open a model", None, |i| {
                i.recipe = super::fitted_to(&i.recipe, &model.model);
                i.model = Some(*model);
            }),
            Opened::Recipe(recipe) => self.change_inputs("Open a recipe", None, |i| i.recipe = *recipe),
        }
    }

    /// A preview of other inputs is stale and dropped; one of an older recipe is a step on the way, and shown as stale.
    fn take_preview(&mut self, run: Run) {
        let run = Arc::new(run);
        if self.store.is_of_inputs(&run) {
            self.store.last_shown = Some(Arc::clone(&run));
            self.store.preview = Some(run);
        }
    }

    fn add_run(&mut self, run: Run, elapsed_secs: f64) {
        let id = RunId(self.next_run);
        self.next_run += 1;
        let name = format!("Run {}", id.0);
        self.store.runs.push(RunEntry { id, name, is_pinned: false, run: Arc::new(run), elapsed_secs });
        self.store.is_changed = true;
    }

    fn take_trained(&mut self, trained: Trained) {
        self.store.training.phase = Phase::Done;
        self.store.training.history = trained.history;
        let name = format!("{} trained here", trained.model.architecture.architecture.title());
        let model = LoadedModel {
            spec: String::new(),
            report: Arc::new(LoadReport::new("trained here", "")),
            name,
            model: trained.model,
        };
        self.take_opened(Opened::Model(Box::new(model)));
    }

    fn take_fault(&mut self, id: JobId, lane: &Lane, label: &str, reason: JobError) {
        let phase = if reason == JobError::Cancelled { Phase::Cancelled } else { Phase::Failed };
        if let Lane::View(slot) = lane {
            return self.store.desk.faulted(id, slot, reason);
        }
        match lane {
            Lane::Sweep if self.sweep_job == Some(id) => self.store.sweep.phase = phase,
            Lane::Train if self.train_job == Some(id) => self.store.training.phase = phase,
            Lane::Export => self.store.export.phase = phase,
            _ => {}
        }
        let (detail, next) = match reason {
            JobError::Cancelled => return,
            JobError::Failed(detail) => (detail, ""),
            JobError::Panicked(detail) => (detail, "This is a bug in the program; the session is as it was"),
        };
        if *lane == Lane::Preview {
            self.store.preview_fault = Some(detail.clone());
        }
        self.store.notices.add(Level::Error, format!("{label} failed"), detail, next);
    }
}
