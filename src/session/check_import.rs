//! A later graph that was dropped: held against a bundle instead of opened.

use super::Session;
use super::store::{CheckAsk, Phase, Store};
use crate::io::Role;

impl Store {
    /// The bundle that the graph of the report can be held against: the one that came with it, else the one that *Monitor* names.
    pub fn bundle_to_check(&self) -> Option<&str> {
        let report = self.import.as_ref()?.report.as_ref().filter(|report| report.graph.is_some())?;
        let beside = report.files.iter().find(|file| file.role == Role::Bundle).map(|file| file.spec.as_str());
        beside.or_else(|| Some(self.monitor.asked.bundle.trim())).filter(|bundle| !bundle.is_empty())
    }
}

impl Session {
    /// Checks the bundle against the graph of the report, which is then not opened.
    pub(super) fn check_import(&mut self) {
        let Some(bundle) = self.store.bundle_to_check().map(str::to_owned) else { return };
        // A click that comes while the files are read anew is too early.
        let is_read = |state: &&super::store::ImportState| state.phase == Phase::Done;
        let Some(state) = self.store.import.as_ref().filter(is_read) else { return };
        let Some(graph) = state.report.as_ref().and_then(|report| report.graph.as_ref()) else { return };
        let others: Vec<&String> = state.specs.iter().filter(|spec| **spec != bundle).collect();
        // A folder of tables is named as a whole.
        let later = match others[..] {
            [one] => one.clone(),
            _ => graph.spec.clone(),
        };
        let labels = graph.options.label_file.clone().filter(|_| others.len() > 1).unwrap_or_default();
        let before = std::mem::take(&mut self.store.monitor.asked);
        let kept = if before.bundle.trim() == bundle { before } else { CheckAsk { bundle, ..CheckAsk::default() } };
        self.store.monitor.asked = CheckAsk { graph: later, labels, ..kept };
        self.discard_import();
        self.check_bundle();
    }
}
