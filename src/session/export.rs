//! What is written: runs as bundles and for other programs, the graph as arrays.

use std::path::PathBuf;
use std::sync::Arc;

use super::jobs::Lane;
use super::notice::Level;
use super::store::{ExportState, RunId};
use super::tasks::export::{ExportBundle, ExportBundleInto, ExportInput, ExportItems, Exported};
use super::tasks::source::GraphSource;
use super::tasks::store_graph::StoreGraph;
use super::{Session, format};
use crate::io::bundle::Supplements;
use crate::io::escaped_path;
use crate::io::export::ExportItem;

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let supplements = Supplements {
            controls: self.store.controls_of(id).to_vec(),
            certificate: self.store.certificate_of(id).cloned(),
            errors: self.store.errors.get(&id).map_or_else(Vec::new, |report| report.steps.clone()),
        };
        let task = ExportBundle { run: Arc::clone(&entry.run), options: self.store.export.options, supplements };
        let task = ExportBundleInto { task, name: entry.name.clone(), folder };
        self.start::<ExportState, _>(task);
    }

    pub(super) fn export_items(&mut self, id: RunId, items: Vec<ExportItem>, folder: PathBuf) {
        if items.is_empty() {
            return self.refused("export", "at least one form", "Tick one under For other programs");
        }
        let Some(entry) = self.store.run(id) else { return };
        let pruned = ExportInput::Run(Arc::clone(&entry.run));
        let task = ExportItems { pruned, items, name: entry.name.clone(), folder };
        self.start::<ExportState, _>(task);
    }

    pub(super) fn take_exported(&mut self, exported: Exported) {
        let title = format!("Exported to {}", exported.folder.display());
        self.store.notices.add(Level::Info, title, "", "");
        self.store.export.last = Some(exported);
    }

    /// Writes the open graph as a folder of arrays.
    pub(super) fn store_graph(&mut self, folder: PathBuf) {
        let Some(graph) = &self.store.graph else { return self.missing("store", "a graph") };
        let task = StoreGraph { graph: GraphSource::Open(Arc::clone(&graph.dataset)), folder };
        self.run_in(Lane::Export, task, |session, stored| {
            let title = format!("Stored {} in {}", stored.name, escaped_path(&stored.folder));
            let size = format!("{} of arrays", format::bytes(stored.size_bytes()));
            let next = "unifews propagate works from this folder with less memory than the graph";
            session.store.notices.add(Level::Info, title, size, next);
        });
    }
}
