//! What is written: runs as bundles and for other programs, the graph as arrays.

use std::path::PathBuf;
use std::sync::Arc;

use super::jobs::Lane;
use super::notice::Level;
use super::run_page::run_page;
use super::store::{ExportState, RunId};
use super::tasks::cluster::{ClusterSource, WriteCluster};
use super::tasks::compare_runs::{CompareRuns, RunSource};
use super::tasks::export::{ExportBundle, ExportBundleInto, ExportInput, ExportItems, Exported};
use super::tasks::pilot::{PilotSource, WritePilot};
use super::tasks::source::GraphSource;
use super::tasks::store_graph::{StoreForm, StoreGraph};
use super::{Session, format};
use crate::io::bundle::Supplements;
use crate::io::escaped_path;
use crate::io::export::{ExportItem, LimitIs, PilotLimit};

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let Some((task, name)) = self.bundle_of(id) else { return };
        self.start::<ExportState, _>(ExportBundleInto { task, name, folder });
    }

    /// Writes a run and its baseline for a pilot.
    pub(super) fn export_pilot(&mut self, id: RunId, folder: PathBuf) {
        let Some((task, name)) = self.bundle_of(id) else { return };
        let certificate = self.store.certificate_of(id).map(AsRef::as_ref);
        let limit = Some(PilotLimit::of(certificate, self.store.limit)).filter(|of| of.limit_is == LimitIs::Asked);
        let options = self.store.export.pilot;
        let source = PilotSource::Run(Box::new(task));
        let task = WritePilot { source, options, limit: limit.map(|of| of.limit), name, folder };
        self.start::<ExportState, _>(task);
    }

    /// What writes a run as a bundle, with what was computed beside it, and the run's name.
    pub(super) fn bundle_of(&self, id: RunId) -> Option<(ExportBundle, String)> {
        let entry = self.store.run(id)?;
        let supplements = Supplements {
            controls: self.store.controls_of(id).to_vec(),
            certificate: self.store.certificate_of(id).cloned(),
            errors: self.store.errors.get(&id).map_or_else(Vec::new, |report| report.steps.clone()),
        };
        let (run, options, limit) = (Arc::clone(&entry.run), self.store.export.options, self.store.limit);
        Some((ExportBundle { run, options, supplements, limit }, entry.name.clone()))
    }

    pub(super) fn export_items(&mut self, id: RunId, items: Vec<ExportItem>, folder: PathBuf) {
        if items.is_empty() {
            let words = self.words();
            let [what, needs, next] =
                ["export-what", "export-needs-form", "export-tick-form"].map(|key| words.text(key));
            return self.refused(&what, &needs, &next);
        }
        let Some(entry) = self.store.run(id) else { return };
        let pruned = ExportInput::Run(Arc::clone(&entry.run));
        let task = ExportItems { pruned, items, name: entry.name.clone(), folder };
        self.start::<ExportState, _>(task);
    }

    pub(super) fn take_exported(&mut self, exported: Exported) {
        let folder = exported.folder.display().to_string();
        let title = self.words().with("export-done", &[("folder", folder.into())]);
        self.store.notices.add(Level::Info, title, "", "");
        self.store.export.last = Some(exported);
    }

    /// Writes a run as a job for a cluster.
    pub(super) fn export_cluster(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let source = ClusterSource::Run(Arc::clone(&entry.run));
        let shown = escaped_path(&folder);
        self.run_in(Lane::Export, WriteCluster { source, folder }, move |session, job| {
            let words = session.words();
            let title = words.with("export-job-done", &[("folder", shown.into())]);
            session.store.notices.add(Level::Info, title, job.model, words.text("export-job-next"));
        });
    }

    /// Compares a run with one that lies somewhere.
    pub(super) fn compare_run(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let runs = [RunSource::Open(Arc::clone(&entry.run)), RunSource::Stored(folder.clone())];
        self.run_in(Lane::Export, CompareRuns { runs }, move |session, found| {
            session.store.export.compared = Some((id, folder, run_page(&found, session.words())));
        });
    }

    /// Writes the open graph for work from the disk, or as tables for a cluster.
    pub(super) fn store_graph(&mut self, folder: PathBuf, form: StoreForm) {
        let Some(graph) = &self.store.graph else {
            let [what, needs] = ["export-what-store", "export-needs-graph"].map(|key| self.words().text(key));
            return self.missing(&what, &needs);
        };
        let task = StoreGraph { graph: GraphSource::Open(Arc::clone(&graph.dataset)), folder, form };
        self.run_in(Lane::Export, task, move |session, stored| {
            let words = session.words();
            let folder = escaped_path(&stored.folder);
            let title = words.with("export-stored", &[("name", stored.name.clone().into()), ("folder", folder.into())]);
            let (what, next) = match form {
                StoreForm::Arrays => {
                    let size = format::bytes(stored.size_bytes());
                    (words.with("export-stored-arrays", &[("size", size.into())]), "export-stored-arrays-next")
                }
                StoreForm::Parquet => {
                    let notes = std::iter::once(words.text("export-stored-tables")).chain(stored.notes);
                    (notes.collect::<Vec<_>>().join("; "), "export-stored-tables-next")
                }
            };
            session.store.notices.add(Level::Info, title, what, words.text(next));
        });
    }
}
