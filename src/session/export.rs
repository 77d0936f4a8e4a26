//! Writing a run as a bundle, and reading it back to see that it replays bit by bit.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::jobs::{JobError, Lane, Partial};
use super::store::{Exported, Phase, RunId};
use super::{Answer, Session};
use crate::engine::analysis::Run;
use crate::engine::control::Control;
use crate::io::LoadError;
use crate::io::bundle::{read_bundle, replay, write_bundle};

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let Some(entry) = self.store.run(id) else { return };
        let label = format!("Export {}", entry.name);
        let run = Arc::clone(&entry.run);
        let work = move |ctl: &Control, _: &Partial<Answer>| export(&run, &folder, ctl).map(Answer::Exported);
        self.store.export.phase = Phase::Running;
        self.export_job = Some(self.runner.submit(Lane::Export, label, Box::new(work)));
    }
}

fn export(run: &Run, folder: &Path, ctl: &Control) -> Result<Exported, JobError> {
    let report = write_bundle(run, folder, ctl)?;
    ctl.progress("verifying", 0, 0);
    let is_verified = match read_bundle(&report.path).and_then(|bundle| replay(&bundle, &run.dataset, ctl)) {
        Ok(replayed) => replayed.is_identical(),
        // The bundle is written; a cancel can only leave it unverified.
        Err(LoadError::Cancelled) => false,
        Err(error) => return Err(error.into()),
    };
    let files = report.files.into_iter().map(|(name, note)| (name, note.size_bytes)).collect();
    let replay = format!("unifews replay {}", quoted(&report.path));
    Ok(Exported { folder: report.path, files, is_verified, replay })
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted(Path::new("/a/b-1.zip")), "/a/b-1.zip");
        assert_eq!(quoted(Path::new("/my runs/it's")), r"'/my runs/it'\''s'");
    }
}
