//! Writes a run as a bundle, and reads it back to see that it replays bit by bit; or for other programs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::sparsify::Recipe;
use crate::io::bundle::{Bundle, BundleOptions, BundleReport, BundleWriter, Supplements, read_bundle, replay};
use crate::io::export::{ExportItem, ExportReport, ExportSource, export};
use crate::io::{LoadError, files_outside, folder_of};
use crate::session::format::percent;
use crate::session::verdict::Verdict;

/// What an export left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// The folder.
    pub folder: PathBuf,
    /// Files in it.
    pub files: Vec<WrittenFile>,
    /// A bundle: whether it was read back and gave the same logits to the last bit. For other programs: always.
    pub is_verified: bool,
    /// A bundle: the command that runs it again.
    pub replay: Option<String>,
    /// What has no form in another program: its name and the reason.
    pub left_out: Vec<(String, String)>,
    /// What those who open the files should know.
    pub notes: Vec<String>,
}

/// One file of an export.
#[derive(Debug, Clone, PartialEq)]
pub struct WrittenFile {
    /// Below the folder.
    pub name: String,
    /// Its size.
    pub size_bytes: u64,
    /// The largest difference after reading it back, where files are compared one by one, and what was compared.
    pub difference: Option<(f64, String)>,
}

/// Writes a run as a bundle.
#[derive(Debug)]
pub(crate) struct ExportBundle {
    pub(crate) run: Arc<Run>,
    pub(crate) options: BundleOptions,
    /// What stands beside the run, where it was computed.
    pub(crate) supplements: Supplements,
    /// Loss of accuracy, a share, that the verdict in the README is held against.
    pub(crate) limit: f64,
}

impl ExportBundle {
    /// Writes into the place that was opened for it.
    ///
    /// # Errors
    /// As the writer; the place is then as it was.
    pub(crate) fn run_into(&self, writer: BundleWriter, ctl: &Control) -> Result<BundleReport, TaskError> {
        let verdict = Verdict::of(&self.run, self.limit).lines();
        Ok(writer.with(self.supplements.clone()).with_verdict(verdict).write(&self.run, self.options, ctl)?)
    }

    /// What of the graph's own data leaves the house with a bundle.
    pub(crate) fn about_features(&self, written: &BundleReport) -> Option<String> {
        let file = written.files.keys().find(|name| name.starts_with("features."));
        match (file, self.run.pruned.embedding.is_some()) {
            (Some(file), _) => {
                Some(format!("the node features are in it ({file}); --without-features leaves them out"))
            }
            (None, true) => Some(
                "the node features were left out; embedding.npy, which the model starts from, is made of them"
                    .to_owned(),
            ),
            (None, false) => None,
        }
    }
}

/// [`ExportBundle`] into a folder, and read back.
#[derive(Debug)]
pub(crate) struct ExportBundleInto {
    pub(crate) task: ExportBundle,
    /// Which run it is of, for people.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

impl Task for ExportBundleInto {
    type Point = ();
    type Output = Exported;

    fn label(&self) -> String {
        format!("Export {}", self.name)
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Exported, TaskError> {
        let ExportBundle { run, options, .. } = &self.task;
        let report = self.task.run_into(BundleWriter::begin(&self.folder, ctl)?, ctl)?;
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
            let values = options.weights_of(&run.recipe).key();
            format!("Weights rounded to {values} in the sparse model: {stays} of the predictions stay")
        });
        let (left_out, notes) = (Vec::new(), notes.into_iter().collect());
        Ok(Exported { folder: report.path, files, is_verified, replay, left_out, notes })
    }
}

/// A pruned model and its graph.
#[derive(Debug)]
pub(crate) enum ExportInput {
    /// As it was pruned here.
    Run(Arc<Run>),
    /// As a bundle holds it.
    Bundle(Box<Bundle>, Arc<Dataset>),
}

/// Writes a pruned model for other programs, reads every file back and compares.
#[derive(Debug)]
pub(crate) struct ExportItems {
    pub(crate) pruned: ExportInput,
    pub(crate) items: Vec<ExportItem>,
    /// What it is of, for people.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

impl Task for ExportItems {
    type Point = ();
    type Output = ExportReport;

    fn label(&self) -> String {
        format!("Export {}", self.name)
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<ExportReport, TaskError> {
        let source = match &self.pruned {
            ExportInput::Run(run) => ExportSource::of_run(run),
            ExportInput::Bundle(bundle, dataset) => ExportSource::of_bundle(bundle, dataset)?,
        };
        Ok(export(&source, &self.items, &self.folder, ctl)?)
    }
}

impl From<ExportReport> for Exported {
    fn from(report: ExportReport) -> Self {
        let files = report.files.into_iter().map(|file| WrittenFile {
            name: file.path,
            size_bytes: file.size_bytes,
            difference: Some((file.max_difference, format!("{} {}", file.n_compared, file.compared))),
        });
        let left_out = report.left_out.into_iter().map(|l| (l.item.key().to_owned(), l.reason)).collect();
        let (folder, files, notes) = (report.folder, files.collect(), report.notes);
        Self { folder, files, is_verified: true, replay: None, left_out, notes }
    }
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
