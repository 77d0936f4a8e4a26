//! Folders of results: what `propagate` and a sweep leave behind.
//!
//! | folder | files |
//! | --- | --- |
//! | propagation | `embedding.npy`, `removed_at.npy` (for every entry the hop that removed it; the number of hops where it stays), `metrics.json`
//! (`unifews-propagation/1`), `recipe.toml` |
//! | sweep | `results.csv`, `results.json` (`unifews-sweep/1`), `recipe.toml`, curves as pictures; `comparison.csv` and
//! `sensitivity.csv` where they were asked for |
//! | stress | `stress.csv` (a line for every disturbed graph, recipe and group of nodes), `stress.json` (`unifews-stress/1`), `recipe.toml`, a
//! curve for every kind as PNG and SVG |
//!
//! All appear whole or not at all, and replace only a folder of their own kind, file by file as the list in it says.

mod read;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{AtomicFolder, FolderPart};
use super::bundle::StepMetrics;
use super::npy::{matrix_npy, removed_at_npy};
use super::recipe::recipe_to_toml;
use super::report::ExportError;
use super::table::{Column, Table, TableForm};
use crate::engine::control::Control;
use crate::engine::experiment::{
    ComparePlan, ComparePoint, CompareSummary, EvaluatedOn, Followed, NodeErrors, PairedLoss, SensitivityPoint,
    StressKind, StressMasks, StressPlan, StressPoint, StressSummary, SweepGrid, SweepPoint, pareto_front, summarise,
    summarise_stress,
};
use crate::engine::graph::{Dataset, Metric};
use crate::engine::model::Model;
use crate::engine::sparsify::{Macs, Propagated, Recipe, StepTrace};

pub use read::{ComparisonRead, PointRead, StressRead, SweepRead, read_stress, read_sweep};

/// Name and version of a propagation's `metrics.json`.
const PROPAGATION_FORMAT: &str = "unifews-propagation/1";
/// Name and version of a sweep's `results.json`.
const SWEEP_FORMAT: &str = "unifews-sweep/1";
/// Name and version of `stress.json`.
const STRESS_FORMAT: &str = "unifews-stress/1";

/// The numbers of a propagation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PropagationMetrics {
    /// `unifews-propagation/1`.
    pub format: String,
    /// Where the graph was read from.
    pub graph: String,
    /// Name of the rule that operations are counted by.
    pub macs_rule: String,
    /// Every hop.
    pub steps: Vec<StepMetrics>,
    /// Removed share of entries over all hops, `0..=1`.
    pub edge_sparsity: f64,
    /// Operations unpruned.
    #[serde(rename = "macs_dense")]
    pub macs_baseline: u64,
    /// Operations over what was kept.
    pub macs_pruned: u64,
    /// What the pass took; absent where nothing is to be measured.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub elapsed: Option<Elapsed>,
    /// The same hops over the masks, stored or ordered as the recipe says, where it says something. `embedding.npy` is that of 32-bit
    /// floats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub followed: Option<Followed>,
}

/// How long something took, and what computed it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Elapsed {
    /// Wall time of the one pass, deciding included, seconds.
    pub elapsed_secs: f64,
    /// Threads that computed.
    pub n_threads: usize,
}

impl PropagationMetrics {
    /// The numbers of `propagated`, which took so long.
    pub fn of(dataset: &Dataset, propagated: &Propagated, elapsed: Option<Elapsed>) -> Self {
        Self::of_steps(dataset.source(), &propagated.steps, elapsed)
    }

    /// The numbers of hops over the graph that was read from `source`.
    pub fn of_steps(source: &str, steps: &[StepTrace], elapsed: Option<Elapsed>) -> Self {
        let macs: Macs = steps.iter().map(|s| s.macs).sum();
        let edges = || steps.iter().filter_map(|s| s.edges.as_ref());
        let (removed, all) =
            edges().fold((0usize, 0usize), |(removed, all), e| (removed + e.n_removed(), all + e.n_removable()));
        Self {
            format: PROPAGATION_FORMAT.to_owned(),
            graph: source.to_owned(),
            macs_rule: Macs::RULE.to_owned(),
            steps: steps.iter().map(|step| StepMetrics::of(step, None, None)).collect(),
            edge_sparsity: removed as f64 / all.max(1) as f64,
            macs_baseline: macs.baseline(),
            macs_pruned: macs.pruned(),
            elapsed,
            followed: None,
        }
    }
}

/// A file of a propagation that is whole already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finished {
    pub(super) path: PathBuf,
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
}

/// A propagation's folder whose place is open.
#[derive(Debug)]
pub struct PropagationWriter(AtomicFolder);

impl PropagationWriter {
    /// Opens the place: a new folder, an empty one, or one that a propagation left as it is.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "propagation", ctl).map(Self)
    }

    /// Where the folder will be.
    pub fn target(&self) -> &Path {
        self.0.target()
    }

    /// Puts an embedding and masks that are files already into the folder, and the folder into place. The files stay where they are, too:
    /// should anything fail, hours of work are not lost.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub(super) fn write_stored(
        self,
        embedding: &Finished,
        masks: Option<&Finished>,
        recipe: &Recipe,
        metrics: &PropagationMetrics,
        ctl: &Control,
    ) -> Result<(), ExportError> {
        let folder = self.0.part();
        for (from, name) in [(Some(embedding), "embedding.npy"), (masks, "removed_at.npy")] {
            if let Some(Finished { path, size_bytes, sha256 }) = from {
                folder.adopt(path, name, *size_bytes, sha256)?;
            }
        }
        write_json(folder, "metrics.json", metrics)?;
        folder.write("recipe.toml", recipe_to_toml(recipe).as_bytes())?;
        self.0.commit(ctl)
    }

    /// Writes the files and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(
        self,
        recipe: &Recipe,
        propagated: &Propagated,
        metrics: &PropagationMetrics,
        ctl: &Control,
    ) -> Result<(), ExportError> {
        ctl.progress("writing", 0, 0);
        let folder = self.0.part();
        folder.write("embedding.npy", &matrix_npy(&propagated.embedding))?;
        if let Some(removed_at) = propagated.edges.removed_at() {
            folder.write("removed_at.npy", &removed_at_npy(removed_at))?;
        }
        write_json(folder, "metrics.json", metrics)?;
        folder.write("recipe.toml", recipe_to_toml(recipe).as_bytes())?;
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        self.0.commit(ctl)
    }
}

/// A sweep: what was tried, what came back, and which points no other beats.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SweepResults {
    /// `unifews-sweep/1`.
    pub format: String,
    /// Name of the graph.
    pub graph: String,
    /// The model, for example `GCN 1433-512-7`.
    pub model: String,
    /// Name of the rule that operations are counted by.
    pub macs_rule: String,
    /// Threads that the times were measured with; absent where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n_threads: Option<usize>,
    /// The recipe whose thresholds were replaced.
    pub recipe: Recipe,
    /// The thresholds tried.
    pub grid: SweepGrid,
    /// The one layer, counted from 1, whose thresholds were replaced; absent: those of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Every point in the order of the grid.
    pub points: Vec<SweepPoint>,
    /// Positions of the points that no other beats in validation accuracy and operations at once, by rising operations.
    pub pareto: Vec<usize>,
    /// Other methods at the same shares, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
    /// Every layer alone, where it was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sensitivity: Vec<SensitivityPoint>,
}

/// Methods side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// What was compared.
    pub plan: ComparePlan,
    /// Where each method is from, by its key.
    pub sources: BTreeMap<String, String>,
    /// Every method, share and seed.
    pub points: Vec<ComparePoint>,
    /// Means and spreads of the accuracy on the test nodes over the seeds.
    pub summary: Vec<CompareSummary>,
}

impl Comparison {
    /// Puts the points of a comparison together.
    pub fn new(plan: ComparePlan, points: Vec<ComparePoint>) -> Self {
        let sources = plan.methods.iter().map(|m| (m.key(), m.source().to_owned())).collect();
        Self { sources, summary: summarise(&points, EvaluatedOn::Test), plan, points }
    }
}

impl SweepResults {
    /// Puts the points of a sweep together.
    pub fn new(
        dataset: &Dataset,
        model: &Model,
        recipe: &Recipe,
        grid: SweepGrid,
        points: Vec<SweepPoint>,
        n_threads: Option<usize>,
    ) -> Self {
        Self {
            format: SWEEP_FORMAT.to_owned(),
            graph: dataset.name().to_owned(),
            model: model.title(),
            macs_rule: Macs::RULE.to_owned(),
            n_threads,
            recipe: recipe.clone(),
            grid,
            layer: None,
            pareto: pareto_front(&points),
            points,
            comparison: None,
            sensitivity: Vec::new(),
        }
    }
}

/// A sweep's folder whose place is open.
#[derive(Debug)]
pub struct SweepWriter(AtomicFolder);

impl SweepWriter {
    /// Opens the place: a new folder, an empty one, or one that a sweep left as it is.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "sweep", ctl).map(Self)
    }

    /// Writes the files, `pictures` (name and bytes) among them, and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(
        self,
        results: &SweepResults,
        pictures: &[(String, Vec<u8>)],
        ctl: &Control,
    ) -> Result<(), ExportError> {
        ctl.progress("writing", 0, 0);
        write_sweep_files(self.0.part(), results, pictures)?;
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        self.0.commit(ctl)
    }
}

/// Writes a sweep's files into a folder that is being written.
///
/// # Errors
/// [`ExportError`].
pub fn write_sweep_files(
    folder: &FolderPart,
    results: &SweepResults,
    pictures: &[(String, Vec<u8>)],
) -> Result<(), ExportError> {
    let fault = |error| ExportError::io("write", &folder.shown(), error);
    folder.write("results.csv", &points_csv(&results.points).map_err(fault)?)?;
    if let Some(comparison) = &results.comparison {
        folder.write("comparison.csv", &comparison_csv(comparison).map_err(fault)?)?;
    }
    if !results.sensitivity.is_empty() {
        folder.write("sensitivity.csv", &sensitivity_csv(&results.sensitivity).map_err(fault)?)?;
    }
    write_json(folder, "results.json", results)?;
    folder.write("recipe.toml", recipe_to_toml(&results.recipe).as_bytes())?;
    write_files(folder, pictures)
}

/// Writes files (name and bytes) into a folder that is being written.
///
/// # Errors
/// [`ExportError::Io`].
pub fn write_files(folder: &FolderPart, files: &[(String, Vec<u8>)]) -> Result<(), ExportError> {
    files.iter().try_for_each(|(name, bytes)| folder.write(name, bytes))
}

fn points_csv(points: &[SweepPoint]) -> Result<Vec<u8>, std::io::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    for point in points {
        table.serialize(point)?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// One line per method, share and seed.
fn comparison_csv(comparison: &Comparison) -> Result<Vec<u8>, std::io::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["method", "share_asked", "seed", "removed", "val_accuracy", "test_accuracy", "agreement"])?;
    for point in &comparison.points {
        let numbers = [
            point.share,
            point.seed as f64,
            point.removed(),
            point.result.val_accuracy,
            point.result.test_accuracy,
            point.result.agreement,
        ];
        let method = point.method.full_key(comparison.plan.has_recovery);
        table.write_record(std::iter::once(method).chain(numbers.map(|n| n.to_string())))?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// One line per layer and threshold.
fn sensitivity_csv(points: &[SensitivityPoint]) -> Result<Vec<u8>, std::io::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "side",
        "step",
        "delta",
        "removed",
        "edge_sparsity",
        "weight_sparsity",
        "val_accuracy",
        "test_accuracy",
    ])?;
    for point in points {
        let side = if point.is_of_edges { "edges" } else { "weights" };
        let result = &point.result;
        let numbers = [
            point.delta,
            point.removed,
            result.edge_sparsity,
            result.weight_sparsity,
            result.val_accuracy,
            result.test_accuracy,
        ];
        let first = [side.to_owned(), (point.step + 1).to_string()];
        table.write_record(first.into_iter().chain(numbers.map(|n| n.to_string())))?;
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// A pruned model and its baseline under stress.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StressResults {
    /// `unifews-stress/1`.
    pub format: String,
    /// Name of the graph.
    pub graph: String,
    /// The model, for example `GCN 1433-512-7`.
    pub model: String,
    /// What the accuracies are.
    pub metric: Metric,
    /// Whether masks were carried over from the undisturbed graph, or decided on every disturbed one.
    pub masks: StressMasks,
    /// The recipe.
    pub recipe: Recipe,
    /// What was tried.
    pub plan: StressPlan,
    /// What was not, and why.
    pub left_out: Vec<LeftOut>,
    /// One sentence for every kind and recipe.
    pub sentences: Vec<String>,
    /// Every kind, recipe and level: means and ranges over seeds.
    pub summary: Vec<StressSummary>,
    /// Every disturbed graph.
    pub points: Vec<StressPoint>,
}

/// A kind of disturbance that says nothing of a graph and a recipe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub kind: StressKind,
    /// Why, for people.
    pub why: String,
}

impl StressResults {
    /// Puts the points together; the sentences are still to be made.
    pub fn new(
        dataset: &Dataset,
        model: &Model,
        recipe: &Recipe,
        (plan, left_out): (StressPlan, Vec<LeftOut>),
        points: Vec<StressPoint>,
    ) -> Self {
        Self {
            format: STRESS_FORMAT.to_owned(),
            graph: dataset.name().to_owned(),
            model: model.title(),
            metric: points.first().map(|point| point.metric).unwrap_or_default(),
            masks: plan.masks,
            recipe: recipe.clone(),
            plan,
            left_out,
            sentences: Vec::new(),
            summary: summarise_stress(&points),
            points,
        }
    }
}

/// A folder for what stress found whose place is open.
#[derive(Debug)]
pub struct StressWriter(AtomicFolder);

impl StressWriter {
    /// Opens the place: a new folder, an empty one, or one that `stress` left as it is.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "stress", ctl).map(Self)
    }

    /// Writes the files, `pictures` (name and bytes) among them, and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(
        self,
        results: &StressResults,
        pictures: &[(String, Vec<u8>)],
        ctl: &Control,
    ) -> Result<(), ExportError> {
        ctl.progress("writing", 0, 0);
        let folder = self.0.part();
        let fault = |error| ExportError::io("write", &folder.shown(), error);
        folder.write("stress.csv", &stress_csv(&results.points).map_err(fault)?)?;
        write_json(folder, "stress.json", results)?;
        folder.write("recipe.toml", recipe_to_toml(&results.recipe).as_bytes())?;
        write_files(folder, pictures)?;
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        self.0.commit(ctl)
    }
}

/// One line per disturbed graph, recipe and group of nodes; losses with the ends of their 95 % intervals.
fn stress_csv(points: &[StressPoint]) -> Result<Vec<u8>, std::io::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "kind",
        "level",
        "seed",
        "recipe",
        "edge_sparsity",
        "weight_sparsity",
        "by",
        "group",
        "nodes",
        "baseline",
        "pruned",
        "loss",
        "loss_low",
        "loss_high",
        "extra_loss",
        "extra_loss_low",
        "extra_loss_high",
    ])?;
    let with_ends = |loss: &PairedLoss| {
        let [low, high] = loss.interval();
        [loss.loss, low, high].map(|number| number.to_string())
    };
    for point in points {
        let first = [
            point.kind.key().to_owned(),
            point.level.to_string(),
            point.seed.map(|seed| seed.to_string()).unwrap_or_default(),
            point.way.key().to_owned(),
            point.edge_sparsity.to_string(),
            point.weight_sparsity.to_string(),
        ];
        let mut line = |by: &str, group: &str, scores: [f64; 2], loss: &PairedLoss, extra: [String; 3]| {
            let own = [by.to_owned(), group.to_owned(), loss.n_nodes.to_string()];
            let scores = scores.map(|score| score.to_string());
            table.write_record(first.iter().chain(&own).chain(&scores).chain(&with_ends(loss)).chain(&extra))
        };
        line("all", "all", [point.baseline, point.pruned], &point.loss, with_ends(&point.extra))?;
        for group in &point.groups {
            line(group.by.key(), &group.name, [group.baseline, group.pruned], &group.loss, Default::default())?;
        }
    }
    table.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// One line per node and graph step: what its row lacks, and the bounds of that.
///
/// # Errors
/// [`ExportError::Io`], which names `path`.
pub fn node_errors_csv(dataset: &Dataset, errors: &[NodeErrors], path: &Path) -> Result<Vec<u8>, ExportError> {
    let ids = || (0..dataset.n_nodes()).map(|u| Some(dataset.node_id(u)));
    let all = |of: &dyn Fn(&NodeErrors) -> Vec<Option<f64>>| Column::Double(errors.iter().flat_map(of).collect());
    let some = |values: &[f64]| values.iter().map(|v| Some(*v)).collect::<Vec<_>>();
    let step = |e: &NodeErrors| e.attained.iter().map(|_| i64::try_from(e.step + 1).ok()).collect::<Vec<_>>();
    let missing = |e: &NodeErrors| e.n_missing.iter().map(|n| i64::try_from(*n).ok()).collect::<Vec<_>>();
    let by_threshold = |e: &NodeErrors| e.threshold_bound.as_deref().map_or_else(|| vec![None; e.attained.len()], some);
    let mut table = Table::default();
    table.push("node", Column::Text(errors.iter().flat_map(|_| ids()).collect()));
    table.push("step", Column::Whole(errors.iter().flat_map(step).collect()));
    table.push("entries_missing", Column::Whole(errors.iter().flat_map(missing).collect()));
    table.push("error", all(&|e| some(&e.attained)));
    table.push("bound", all(&|e| some(&e.bound)));
    table.push("bound_by_threshold", all(&by_threshold));
    table.encode(TableForm::Csv).map_err(|error| ExportError::io("write", path, error))
}

fn write_json(folder: &FolderPart, name: &str, value: &impl Serialize) -> Result<(), ExportError> {
    let fault = |error: serde_json::Error| ExportError::io("write", &folder.shown().join(name), error.into());
    let mut bytes = serde_json::to_vec_pretty(value).map_err(fault)?;
    bytes.push(b'\n');
    folder.write(name, &bytes)
}
