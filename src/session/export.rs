//! Writing a run as a bundle, and reading it back to see that it replays bit by bit.

use std::path::PathBuf;

use super::jobs::{JobError, Lane, Partial};
use super::store::{Phase, RunId};
use super::{Answer, Session};
use crate::engine::control::Control;

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let label = format!("Export {} to {}", entry.name, folder.display());
        let work = move |_ctl: &Control, _: &Partial<Answer>| Err(JobError::Failed("no bundle writer yet".to_owned()));
        self.store.export.phase = Phase::Running;
        self.runner.submit(Lane::Export, label, Box::new(work));
    }
}
