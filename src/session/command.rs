//! Everything a user can ask for, in one enum; [`super::Session::apply`] is the one place that does it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::desk::AnyRequest;
use super::jobs::JobId;
use super::report_page::ReportChoice;
use super::selection::WeightPlace;
use super::store::{CheckAsk, RunId};
use super::tasks::TaskError;
use super::tasks::reproduce::ReproducePlan;
use super::tasks::store_graph::StoreForm;
use crate::engine::control::Control;
use crate::engine::experiment::{Budget, ComparePlan, StressMasks, SweepGrid};
use crate::engine::graph::ReadOptions;
use crate::engine::model::Architecture;
use crate::engine::sparsify::{PinnedEntry, Recipe};
use crate::io::Role;
use crate::io::atomic::write_atomic;
use crate::io::bundle::BundleOptions;
use crate::io::export::{ExportItem, PilotOptions};

/// Recipe changes of one gesture, for example one drag of a slider, are one step to undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gesture {
    /// Who counts, so that two views never mean the same gesture.
    pub by: &'static str,
    /// Which of theirs.
    pub n: u64,
}

type Write = Arc<dyn Fn(&Path, &Control) -> Result<PathBuf, TaskError> + Send + Sync>;

/// Writes one file in the background; what it holds was captured when it was made.
#[derive(Clone)]
pub struct FileWriter {
    /// For the status bar, for example `Save heatmap.png`.
    pub label: String,
    /// Writes to the path, atomically; answers with what was written, which has an ending that says what it is.
    pub write: Write,
}

impl FileWriter {
    /// A writer from a closure that makes the bytes of a file, and settles its name.
    pub fn new(
        label: impl Into<String>,
        make: impl Fn(&Path, &Control) -> Result<(PathBuf, Vec<u8>), TaskError> + Send + Sync + 'static,
    ) -> Self {
        let write = move |path: &Path, ctl: &Control| {
            let (path, bytes) = make(path, ctl)?;
            write_atomic(&path, &bytes)?;
            Ok(path)
        };
        Self { label: label.into(), write: Arc::new(write) }
    }
}

impl std::fmt::Debug for FileWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("FileWriter").field(&self.label).finish()
    }
}

/// Something the user asks for.
#[derive(Debug, Clone)]
pub enum Command {
    /// Opens whatever this is: a path, or `sample:NAME`.
    Open(String),
    /// Opens several, in order.
    OpenMany(Vec<String>),
    /// Reads files and shows a report before they are opened; several belong together.
    Import(Vec<String>),
    /// Reads the files of the report anew: how the graph is read, and what the user says about the model.
    ChangeImport(Box<ReadOptions>, Option<Box<Architecture>>),
    /// Reads the model of the import report as these settings say, name and value as recipes spell them; without any, as its scores say.
    ChooseReading(Vec<(String, String)>),
    /// Reads the files of the report anew with another role for one of them.
    SetImportRole(String, Role),
    /// Reads the files of the report anew, those too that its recipe names outside its folder.
    ReadOutside,
    /// Opens what the report shows.
    AcceptImport,
    /// Forgets the report.
    DiscardImport,
    /// Whether files outside the folder of what is being opened may be read, see [`super::Store::outside`].
    AnswerOutside(bool),
    /// Opens a sample graph with its first model; trains a small one where it has none.
    OpenSample(String),
    /// Closes graph and model.
    CloseInputs,
    /// Replaces the recipe; changes of one gesture are one step to undo.
    SetRecipe(Box<Recipe>, Option<Gesture>),
    /// Applies the recipe completely, timed, and keeps the run.
    Prune,
    /// Says what loss of accuracy, a share, verdicts are held against.
    SetLimit(f64),
    /// Says what may be lost, and for what; nothing is looked for yet.
    SetBudget(Budget),
    /// Looks for what removes most within the budget, takes its recipe over and prunes by it.
    FindWithin(Budget),
    /// Computes the controls of a run that recovered accuracy: what it scores without entries, with random ones, and fitted without the
    /// test nodes.
    Controls(RunId),
    /// Tests on half of the validation nodes that a run loses at most so much accuracy, a share.
    Certify(RunId, f64),
    /// Computes what the removed entries of a run change at every node, beside its bounds.
    NodeErrors(RunId),
    /// Tries a grid of thresholds.
    Sweep(SweepGrid),
    /// Sweeps the present sweep's grid over the thresholds of one layer, from 0, or of all.
    SweepLayer(Option<usize>),
    /// Chooses what the next comparison compares.
    SetPlan(ComparePlan),
    /// Holds methods against each other.
    Compare(ComparePlan),
    /// Tries every layer alone over the thresholds of a grid.
    Sensitivity(SweepGrid),
    /// Disturbs the graph in the usual ways, and prunes every disturbed graph or carries the masks over.
    Stress(StressMasks),
    /// Trains a model of the recipe's network and opens it.
    Train,
    /// Propagates the features over the graph, sparsified as the recipe says, and writes the embedding into a folder: no model is needed.
    Propagate(PathBuf),
    /// Writes the open graph as a folder of arrays, for work from the disk.
    StoreGraph(PathBuf, StoreForm),
    /// Measures this machine; `true` only shows that it runs, on everything small.
    Bench(bool),
    /// Scores nodes with the run that is shown: ids with commas between.
    Predict(String),
    /// Scores nodes that arrive with the run that is shown: files of their features and of their edges.
    ScoreArrivals {
        /// `.npy`, `.npz` or a table.
        features: PathBuf,
        /// A table of sources and targets.
        edges: PathBuf,
    },
    /// Changes what a check of a bundle is asked for.
    SetCheck(Box<CheckAsk>),
    /// Checks a bundle against a later graph, and keeps the answer beside it.
    CheckBundle,
    /// Checks a bundle against the graph of the import report, which is then not opened.
    CheckImport,
    /// Reproduces a published table, and writes its page.
    Reproduce(Box<ReproducePlan>, PathBuf),
    /// Selects a node of the open graph, or none: every pane shows it.
    SelectNode(Option<u32>),
    /// Selects several nodes of the open graph; one of them as [`Self::SelectNode`] does.
    SelectNodes(Vec<u32>),
    /// Selects an entry of the open graph: its target, and whom that hears.
    SelectEntry {
        /// The node that hears.
        target: u32,
        /// The node that is heard.
        source: u32,
    },
    /// Selects a weight of the open model.
    SelectWeight(WeightPlace),
    /// Keeps entries by hand, removes them, or leaves them to the rule.
    PinEntries(Vec<PinnedEntry>, Option<bool>),
    /// Stops one job.
    Cancel(JobId),
    /// Ends one job with what it has by now: a training with its best epoch so far.
    Keep(JobId),
    /// Opens what a training had by then that was cancelled, see [`super::TrainingState::left`].
    KeepLeft,
    /// Stops all jobs.
    CancelAll,
    /// Takes the last change back.
    Undo,
    /// Makes the last undone change again.
    Redo,
    /// Takes steps back, or makes them again, until so many are done.
    StepTo(usize),
    /// Chooses what the next bundles hold.
    SetBundleOptions(BundleOptions),
    /// Writes a run as a bundle into a folder.
    Export(RunId, PathBuf),
    /// Writes a run for other programs into a folder.
    ExportItems(RunId, Vec<ExportItem>, PathBuf),
    /// Chooses who answers in the next pilot.
    SetPilot(PilotOptions),
    /// Writes a run and its baseline for a pilot into a folder.
    ExportPilot(RunId, PathBuf),
    /// Chooses language, form and price of the next report.
    SetReport(ReportChoice),
    /// Writes a report on a run into a file.
    ExportReport(RunId, PathBuf),
    /// Writes a run as a job for a cluster into a folder.
    ExportCluster(RunId, PathBuf),
    /// Compares a run with a bundle, or with what a cluster's job wrote into a folder.
    CompareStored(RunId, PathBuf),
    /// Writes the open model.
    SaveModel(PathBuf),
    /// Writes the recipe.
    SaveRecipe(PathBuf),
    /// Writes the project file.
    SaveProject(PathBuf),
    /// Writes one file that a view prepared.
    WriteFile(FileWriter, PathBuf),
    /// Takes over the recipe of a sweep's point, by its index in the grid.
    LoadPoint(usize),
    /// Takes over the recipe of a comparison's point, by its place among the points.
    LoadMethod(usize),
    /// Takes over the recipe of a sensitivity's point, by its place among the points.
    LoadLayer(usize),
    /// Takes over for every layer the largest threshold that alone loses at most so much validation accuracy, a share.
    LoadLayers(f64),
    /// Marks a sweep's point for comparison, or unmarks it.
    ComparePoint(usize),
    /// Takes over the recipe of a run.
    ShowRun(RunId),
    /// Keeps a run at the top of the table, or not.
    PinRun(RunId, bool),
    /// The same for several, in one step.
    PinRuns(Vec<RunId>, bool),
    /// Renames a run.
    RenameRun(RunId, String),
    /// Writes a note about a run; an empty one takes it away.
    NoteRun(RunId, String),
    /// Sorts a run under these tags alone.
    TagRun(RunId, Vec<String>),
    /// Deletes a run from the table.
    DeleteRun(RunId),
    /// Deletes several runs from the table, in one step.
    DeleteRuns(Vec<RunId>),
    /// Marks a run for comparison, or unmarks it; the third replaces the oldest.
    CompareRun(RunId),
    /// Has something computed for a view.
    Compute(AnyRequest),
    /// Opens a session that did not end, by its id in [`super::Store::lost`].
    Restore(u64),
    /// Forgets a session that did not end.
    DiscardLost(u64),
    /// Looks at this machine and for reports of internal errors; `true` removes those.
    Diagnose(bool),
    /// The list of notices was looked at.
    SeeNotices,
    /// Empties the list of notices.
    ClearNotices,
    /// Empties the list of what was opened before.
    ClearRecent,
}
