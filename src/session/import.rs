//! Files that the user chose or dropped: read, shown as a report, and taken over only when they are accepted.

use super::fit::fitted_to;
use super::jobs::{JobId, Lane};
use super::roles::RolesByHand;
use super::store::{ImportState, Phase};
use super::tasks::import::{Import, Imported};
use super::{JobAnswer, Session};
use crate::engine::graph::ReadOptions;
use crate::engine::model::Architecture;
use crate::io::Role;

impl Session {
    /// Reads files for a report; what opens without one (samples, a recipe alone, bundles, projects) is opened.
    pub(super) fn import(&mut self, specs: Vec<String>) {
        if specs.is_empty() {
            return;
        }
        let state = ImportState {
            specs,
            roles: RolesByHand::new(),
            reads_outside: false,
            is_told: false,
            options: ReadOptions::default(),
            network: None,
            reading: Vec::new(),
            phase: Phase::Running,
            report: None,
        };
        self.read_import(state);
    }

    /// Reads the files of the report anew.
    pub(super) fn change_import(&mut self, options: ReadOptions, network: Option<Architecture>) {
        let Some(state) = self.store.import.take() else { return };
        self.read_import(ImportState { options, network, is_told: true, phase: Phase::Running, ..state });
    }

    /// Reads the model anew, as one of its readings says.
    pub(super) fn choose_reading(&mut self, reading: Vec<(String, String)>) {
        let Some(state) = self.store.import.take() else { return };
        self.read_import(ImportState { reading, phase: Phase::Running, ..state });
    }

    /// Reads the files anew with another role for one of them.
    pub(super) fn set_import_role(&mut self, spec: String, role: Role) {
        let Some(mut state) = self.store.import.take() else { return };
        if role != Role::LeftOut {
            // Who had the role before goes back to what its content says.
            state.roles.retain(|_, other| *other != role);
        }
        state.roles.insert(spec, role);
        self.read_import(ImportState { phase: Phase::Running, ..state });
    }

    /// Reads the files anew, those too that the recipe names outside its folder.
    pub(super) fn read_outside(&mut self) {
        let Some(state) = self.store.import.take() else { return };
        // The recipe is asked again.
        self.read_import(ImportState { reads_outside: true, is_told: false, phase: Phase::Running, ..state });
    }

    fn read_import(&mut self, state: ImportState) {
        let job = Import {
            specs: state.specs.clone(),
            roles: state.roles.clone(),
            memory: None,
            known: self.known_files(),
            reads_outside: state.reads_outside,
            options: state.options.clone(),
            is_told: state.is_told,
            network: state.network.clone(),
            reading: state.reading.clone(),
            graph: self.store.graph.clone(),
            model: self.store.model.clone(),
            recipe: self.store.recipe.clone(),
        };
        self.runner.cancel_lane(&Lane::Import);
        let on_output = |imported| JobAnswer::new(move |session, id, _| session.take_imported(id, imported));
        let id = self.runner.spawn(Lane::Import, job, |()| JobAnswer::new(|_, _, _| {}), on_output);
        // What is known already stays in sight while more is found out.
        self.pending_import = Some((id, state.clone()));
        if state.report.is_some() {
            self.store.import = Some(state);
        }
    }

    fn take_imported(&mut self, id: JobId, imported: Imported) {
        let Some((_, state)) = self.pending_import.take_if(|(newest, _)| *newest == id) else { return };
        match imported {
            Imported::Direct(specs) => {
                self.store.import = None;
                for spec in specs {
                    self.open(spec);
                }
            }
            Imported::Report(report) => {
                let mut state = ImportState { phase: Phase::Done, ..state };
                // What a recipe said, and which files are its parts, is what the user goes on from.
                if let Some(graph) = &report.graph {
                    state.options.clone_from(&graph.options);
                }
                self.store.import = Some(ImportState { report: Some(*report), ..state });
            }
        }
    }

    /// Reading failed or was cancelled: a report that stands stays, with the options it was read with.
    pub(super) fn stop_import(&mut self, id: JobId) {
        if self.pending_import.take_if(|(newest, _)| *newest == id).is_none() {
            return;
        }
        let Some(state) = &mut self.store.import else { return };
        state.phase = Phase::Done;
        let Some(report) = &state.report else { return };
        if let Some(graph) = &report.graph {
            state.options.clone_from(&graph.options);
        }
        state.network = report.model.as_ref().map(|model| model.model.architecture.clone());
    }

    /// Takes over what the report shows, in one step to undo.
    pub(super) fn accept_import(&mut self) {
        // A click that comes while the files are read anew is too early.
        let is_read = self.store.import.as_ref().is_some_and(|state| state.phase == Phase::Done);
        let Some(report) = self.store.import.take_if(|_| is_read).and_then(|state| state.report) else { return };
        if let Some(graph) = &report.graph {
            self.remember(&graph.spec, "graph");
        }
        if let Some(model) = &report.model {
            self.remember(&model.spec, "model");
        }
        let has_split = report.graph.as_ref().is_some_and(|graph| graph.options.split_file.is_some());
        if let Some(file) = report.files.iter().find(|file| file.role == Role::Recipe) {
            self.remember(&file.spec, "recipe");
        }
        let (graph, model, recipe) = (report.graph, report.model, report.recipe);
        if recipe.is_some() {
            self.thresholds_are_given();
        } else {
            self.want_safe_start();
        }
        self.change_inputs(&self.words().text("undo-open-files"), None, |inputs| {
            if let Some(recipe) = recipe {
                inputs.recipe = recipe;
            }
            if let Some(graph) = graph {
                inputs.graph = Some(graph);
            }
            if let Some(model) = model {
                inputs.recipe = fitted_to(&inputs.recipe, &model.model.architecture);
                inputs.model = Some(model);
            }
            if has_split {
                "auto".clone_into(&mut inputs.recipe.split);
            }
        });
        self.after_load();
    }

    /// Forgets the report.
    pub(super) fn discard_import(&mut self) {
        self.runner.cancel_lane(&Lane::Import);
        self.pending_import = None;
        self.store.import = None;
    }
}
