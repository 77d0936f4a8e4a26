//! Writing a run as a bundle, and reading it back to see that it replays bit by bit; or for other programs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::format::percent;
use super::jobs::{JobError, Lane, Partial};
use super::store::{Exported, Phase, RunId, WrittenFile};
use super::{Answer, Session};
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::sparsify::Recipe;
use crate::io::bundle::{BundleOptions, read_bundle, replay, write_bundle_as};
use crate::io::export::{self, ExportItem, ExportSource};
use crate::io::{LoadError, files_outside, folder_of};

impl Session {
    pub(super) fn export(&mut self, id: RunId, folder: PathBuf) {
        let options = self.store.export.options;
        self.export_with(id, move |run, ctl| bundle(run, options, &folder, ctl));
    }

    pub(super) fn export_items(&mut self, id: RunId, items: Vec<ExportItem>, folder: PathBuf) {
        if items.is_empty() {
            return self.refused("export", "at least one form", "Tick one under For other programs");
        }
        self.export_with(id, move |run, ctl| for_others(run, &items, &folder, ctl));
    }

    fn export_with(
        &mut self,
        id: RunId,
        write: impl FnOnce(&Run, &Control) -> Result<Exported, JobError> + Send + 'static,
    ) {
        let Some(entry) = self.store.run(id) else { return };
        let label = format!("Export {}", entry.name);
        let run = Arc::clone(&entry.run);
        let work = move |ctl: &Control, _: &Partial<Answer>| write(&run, ctl).map(Answer::Exported);
        self.store.export.phase = Phase::Running;
        self.export_job = Some(self.runner.submit(Lane::Export, label, Box::new(work)));
    }
}

fn for_others(run: &Run, items: &[ExportItem], folder: &Path, ctl: &Control) -> Result<Exported, JobError> {
    let report = export::export(&ExportSource::of_run(run), items, folder, ctl)?;
    let files = report.files.into_iter().map(|file| WrittenFile {
        name: file.path,
        size_bytes: file.size_bytes,
        difference: Some((file.max_difference, format!("{} {}", file.n_compared, file.compared))),
    });
    let left_out = report.left_out.into_iter().map(|l| (l.item.key().to_owned(), l.reason)).collect();
    let notes = report.notes;
    Ok(Exported { folder: report.folder, files: files.collect(), is_verified: true, replay: None, left_out, notes })
}

fn bundle(run: &Run, options: BundleOptions, folder: &Path, ctl: &Control) -> Result<Exported, JobError> {
    let report = write_bundle_as(run, options, folder, ctl)?;
    ctl.progress("verifying", 0, 0);
    let is_verified = match read_bundle(&report.path).and_then(|bundle| replay(&bundle, &run.dataset, ctl)) {
        Ok(replayed) => replayed.is_identical(),
        // The bundle is written; a cancel can only leave it unverified.
        Err(LoadError::Cancelled) => false,
        Err(error) => return Err(error.into()),
    };
    let file = |(name, size_bytes)| WrittenFile { name, size_bytes, difference: None };
    let files = report.files.into_iter().map(|(name, note)| file((name, note.size_bytes))).collect();
    let replay =
        Some(replay_command(&report.path, &run.recipe, (run.dataset.source(), "GRAPH"), options.without_features));
    let rounding = report.metrics.size.as_ref().and_then(|size| size.rounding.as_ref());
    let notes = rounding.map(|rounding| {
        let stays = percent(rounding.agreement);
        format!("Weights rounded to {} in the sparse model: {stays} of the predictions stay", options.values.key())
    });
    let (left_out, notes) = (Vec::new(), notes.into_iter().collect());
    Ok(Exported { folder: report.path, files, is_verified, replay, left_out, notes })
}

/// The command that runs the bundle at `path` again: with the graph where that is not in the bundle, or where the recipe names files that
/// are read only beside it. `graph` and how it is `shown`.
pub fn replay_command(path: &Path, recipe: &Recipe, (graph, shown): (&str, &str), without_features: bool) -> String {
    let here = Path::new(".");
    let is_outside = |trusted: &[&Path]| !files_outside(recipe, path, trusted).is_empty();
    let mut command = format!("unifews replay {}", quoted(&path.display().to_string()));
    if without_features || is_outside(&[here]) {
        command.push_str(" --graph ");
        command.push_str(&quoted(shown));
    }
    let of_graph = if Path::new(graph).is_dir() { Path::new(graph) } else { folder_of(Path::new(graph)) };
    if is_outside(&[here, of_graph]) {
        command.push_str(" --trust-recipe");
    }
    command
}

/// A path as a shell takes it.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+:\\".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("/a/b-1.zip"), "/a/b-1.zip");
        assert_eq!(quoted("/my runs/it's"), r"'/my runs/it'\''s'");
    }
}
