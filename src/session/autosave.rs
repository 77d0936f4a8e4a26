//! When a session is kept, and how one that did not end is taken up again.
//!
//! [`Session::tick`] is told the time. A change is written a quarter of a second later, but never more often than once a second, and one write
//! at a time: a state that came meanwhile is in the next one. What is handed to the writer are names, numbers and `Arc`s.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Session;
use super::inputs::Baseline;
use super::jobs::Lane;
use super::kept::Autosaved;
use super::notice::Level;
use super::project::Project;
use super::selection::KeptSelection;
use super::state::{AfterLoad, AutosaveState, Reopened};
use super::tasks::autosave::{Autosave, ChangedInput, FindLost, HashInputs, LostSession, Own, ReadLost, ReadSession};
use super::tasks::open::Opened;
use crate::io::autosave::{STATE_NAME, SessionFolder};

impl Session {
    /// The same session, kept in a folder of its own below `root` from now on; looks for what sessions left there that did not end.
    #[must_use]
    pub fn with_autosave(mut self, root: PathBuf) -> Self {
        self.run_in(Lane::Autosave, FindLost { root: root.clone() }, Self::take_found_lost);
        self.autosave = Some(AutosaveState::new(root));
        self
    }

    /// Keeps what changed, if it is time; `now` is since any moment that stays the same, `window` what the window wants to be kept.
    pub fn tick(&mut self, now: Duration, window: impl FnOnce() -> String) {
        if self.is_restoring() {
            return;
        }
        let n_touched = self.n_touched;
        let Some(autosave) = self.autosave.as_mut() else { return };
        if !autosave.is_due(n_touched, now) {
            return;
        }
        let (root, own) = (autosave.root.clone(), Arc::clone(&autosave.own));
        let replaces = autosave.begin(now);
        self.hash_inputs();
        let state = self.to_autosave(window);
        let of_no_file = self.store.model.as_ref().filter(|model| model.spec.is_empty());
        let model = of_no_file.map(|model| Arc::clone(&model.model));
        let task = Autosave { root, own, state, model, replaces };
        self.run_in(Lane::Autosave, task, |session, ()| {
            if let Some(autosave) = &mut session.autosave {
                autosave.ended(true);
            }
        });
    }

    /// How long after `now` the next [`Session::tick`] has something to do, if nothing else happens.
    pub fn next_tick(&self, now: Duration) -> Option<Duration> {
        let autosave = self.autosave.as_ref().filter(|_| !self.is_restoring());
        autosave?.next(self.n_touched, now)
    }

    /// Notes that something changed that would be missed, where the session cannot see it: the window's layout.
    pub fn touch(&mut self) {
        self.n_touched += 1;
    }

    /// The program ends, and nothing is to be missed: nothing is offered at the next start.
    pub fn end(&mut self) {
        if let Some(autosave) = self.autosave.take() {
            Own::end(&autosave.own);
        }
    }

    /// What the window of a restored session had kept, once.
    pub fn take_window(&mut self) -> Option<String> {
        self.restored_window.take()
    }

    /// Everything that would be missed; nothing where nothing is open.
    fn to_autosave(&self, window: impl FnOnce() -> String) -> Option<Box<Project>> {
        let store = &self.store;
        if store.graph.is_none() && store.model.is_none() {
            return None;
        }
        let mut state = store.to_project();
        state.autosave = Some(Autosaved {
            at: 0,
            graph_name: store.graph.as_ref().map_or_else(String::new, |g| g.dataset.name().to_owned()),
            model_name: store.model.as_ref().map_or_else(String::new, |m| m.name.clone()),
            project: store.project.clone(),
            is_changed: store.is_changed,
            model_file: None,
            is_of_bundle: store.model.as_ref().is_some_and(|m| !matches!(m.baseline, Baseline::Own)),
            window: Some(window()).filter(|window| !window.is_empty()),
        });
        Some(Box::new(state))
    }

    fn take_found_lost(&mut self, found: Vec<(LostSession, SessionFolder)>) {
        let Some(autosave) = &mut self.autosave else { return };
        for (lost, folder) in found {
            autosave.lost.push((lost.id, folder));
            self.store.lost.push(lost);
        }
    }

    /// Forgets a session that did not end.
    pub(super) fn discard_lost(&mut self, id: u64) {
        if let Some(folder) = self.lost_folder(id) {
            folder.remove();
        }
    }

    /// Takes a lost session off the list.
    fn lost_folder(&mut self, id: u64) -> Option<SessionFolder> {
        self.store.lost.retain(|lost| lost.id != id);
        let lost = &mut self.autosave.as_mut()?.lost;
        let at = lost.iter().position(|(known, _)| *known == id)?;
        Some(lost.remove(at).1)
    }

    /// Opens a session that did not end. Its files stay until they are in the files of this one.
    pub(super) fn restore_lost(&mut self, id: u64) {
        let lost = self.autosave.as_ref().and_then(|autosave| autosave.lost.iter().find(|(known, _)| *known == id));
        let Some(state) = lost.map(|(_, folder)| folder.path(STATE_NAME)) else { return };
        self.run_in(Lane::Load, ReadLost { state }, move |session, read| session.take_read_lost(id, read));
    }

    fn take_read_lost(&mut self, id: u64, read: ReadSession) {
        let ReadSession { state, model, changed, model_fault } = read;
        let Some(folder) = self.lost_folder(id) else { return };
        let mut is_whole = true;
        if let Some(fault) = model_fault {
            is_whole = false;
            let next = "Train it again";
            self.store.notices.add(Level::Warning, "The trained model could not be restored", fault, next);
        }
        for spec in [&state.graph, &state.model].into_iter().flatten() {
            self.open_as(spec.clone(), state.recipe.graph.clone());
        }
        if let Some(model) = model {
            self.take_opened(Opened::Model(model));
        }
        let lost = Some((folder, is_whole));
        self.after_load = Some(AfterLoad::Project(Box::new(Reopened { project: *state, path: None, changed, lost })));
        if !self.is_busy(&Lane::Load) {
            self.after_load();
        }
    }

    /// Whether a lost session is on its way: what is open by now is only a part of it.
    fn is_restoring(&self) -> bool {
        matches!(&self.after_load, Some(AfterLoad::Project(reopened)) if reopened.lost.is_some())
    }

    /// What a project or a lost session holds beside inputs, recipe and runs; answers whether all of it could be used.
    pub(super) fn take_kept(&mut self, project: &mut Project, changed: &[ChangedInput]) -> bool {
        if let Some(plan) = project.plan.take() {
            self.store.plan = plan;
        }
        if let Some(limit) = project.limit.filter(|limit| (0.0..=1.0).contains(limit)) {
            self.store.limit = limit;
        }
        if let Some(budget) = project.budget.filter(|budget| (0.0..=1.0).contains(&budget.lose_at_most)) {
            self.store.budget.budget = budget;
        }
        if let Some(options) = project.bundle {
            self.store.export.options = options;
        }
        match project.selection.take() {
            None => self.store.select_node(project.selected, None),
            Some(KeptSelection::Entry(target, source)) => self.store.select_node(Some(target), Some(source)),
            Some(KeptSelection::Nodes(nodes)) => self.store.select_nodes(nodes),
            Some(KeptSelection::Weight(place)) => self.store.select_weight(place),
        }
        for ChangedInput { path, is_gone } in changed {
            let (what, why) = if *is_gone {
                ("is gone", "it cannot be read any more")
            } else {
                ("has changed", "it is not what it was when this was saved: runs are computed from what it holds now")
            };
            let next = "Points of trials and results were left out: they belong to what it was";
            self.store.notices.add(Level::Warning, format!("{path} {what}"), why, next);
        }
        let opened = |spec: &Option<String>, now: Option<&String>| spec.is_none() || spec.as_ref() == now;
        let has_graph = opened(&project.graph, self.store.graph.as_ref().map(|g| &g.spec));
        let has_model = opened(&project.model, self.store.model.as_ref().map(|m| &m.spec));
        let is_same = has_graph && has_model && changed.is_empty() && self.store.graph.is_some();
        let has_trials = match project.trials.take() {
            None => true,
            Some(trials) => {
                let is_taken = is_same && self.store.take_trials(trials);
                if is_same && !is_taken {
                    let why = "another version of the program computed them, or they cannot be read";
                    self.store.notices.add(Level::Warning, "Points of trials were left out", why, "");
                }
                is_taken
            }
        };
        has_graph && has_model && changed.is_empty() && has_trials
    }

    /// A lost session is open again: it is changed, and what it was kept in goes once it is kept anew.
    pub(super) fn take_restored(&mut self, kept: Autosaved, folder: SessionFolder, is_whole: bool) {
        self.store.project = kept.project;
        self.restored_window = kept.window;
        self.changed();
        self.touch();
        if let Some(autosave) = &mut self.autosave {
            let list = if is_whole { &mut autosave.replaces } else { &mut autosave.held };
            list.push(folder);
        }
        let (level, title, next) = if is_whole {
            (Level::Info, "Restored the last session", "Save the project to keep it")
        } else {
            (
                Level::Warning,
                "Restored a part of the last session",
                "What is missing is offered again at the next start",
            )
        };
        self.store.notices.add(level, title, "", next);
    }

    /// The state could not be written: it is tried again after a while, and said once.
    pub(super) fn autosave_failed(&mut self, detail: String) {
        let is_first = self.autosave.as_mut().is_some_and(|autosave| autosave.ended(false));
        if is_first {
            let next = "It is tried again; save the project meanwhile";
            self.store.notices.add(Level::Warning, "Autosave failed", detail, next);
        }
    }

    /// Hashes what is open in the background, once.
    pub(super) fn hash_inputs(&mut self) {
        let paths = self.store.named_inputs();
        if paths == self.hash_asked {
            return;
        }
        self.hash_asked.clone_from(&paths);
        self.run_in(Lane::Hash, HashInputs { paths }, |session, hashes| {
            session.store.hashes = hashes;
            session.touch();
        });
    }
}
