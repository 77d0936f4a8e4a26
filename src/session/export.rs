//! What the export view asks for.

use std::path::PathBuf;
use std::sync::Arc;

use super::Session;
use super::notice::Level;
use super::store::{ExportState, RunId};
use super::tasks::export::{ExportBundle, ExportBundleInto, ExportItems, Exported, Pruned};
use crate::io::export::ExportItem;

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let controls = self.store.controls_of(id).to_vec();
        let task = ExportBundle { run: Arc::clone(&entry.run), options: self.store.export.options, controls };
        let task = ExportBundleInto { task, name: entry.name.clone(), folder };
        self.start::<ExportState, _>(task);
    }

    pub(super) fn export_items(&mut self, id: RunId, items: Vec<ExportItem>, folder: PathBuf) {
        if items.is_empty() {
            return self.refused("export", "at least one form", "Tick one under For other programs");
        }
        let Some(entry) = self.store.run(id) else { return };
        let pruned = Pruned::Run(Arc::clone(&entry.run));
        let task = ExportItems { pruned, items, name: entry.name.clone(), folder };
        self.start::<ExportState, _>(task);
    }

    pub(super) fn take_exported(&mut self, exported: Exported) {
        let title = format!("Exported to {}", exported.folder.display());
        self.store.notices.add(Level::Info, title, "", "");
        self.store.export.last = Some(exported);
    }
}
