//! What the application knows: inputs, recipe, runs, and the states of sweep, training and export. Only the session writes it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::Array2;

use super::desk::Desk;
use super::history::History;
use super::import::ImportState;
use super::jobs::open::OutsideFiles;
use super::notice::Notices;
use crate::engine::experiment::{
    ComparePlan, ComparePoint, Estimate, Method, Run, SensitivityPoint, SweepGrid, SweepPoint,
};
use crate::engine::graph::{Dataset, GraphStats, ReadOptions};
use crate::engine::model::{Architecture, Model};
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::sparsify::{EdgeMode, HopRule, Identity, Recipe};
use crate::io::LoadReport;
use crate::io::bundle::BundleOptions;

/// A graph that was read, with what its card shows.
#[derive(Debug, Clone)]
pub struct LoadedGraph {
    /// What to open to get it again: a path or `sample:NAME`.
    pub spec: String,
    /// How it was read.
    pub options: ReadOptions,
    /// The graph.
    pub dataset: Arc<Dataset>,
    /// What reading it gave.
    pub report: Arc<LoadReport>,
    /// Its counts.
    pub stats: Arc<GraphStats>,
    /// Nodes per doubling of the degree, see [`crate::engine::graph::degree_histogram`].
    pub degree_histogram: Arc<Vec<usize>>,
}

/// A model that was read or trained.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// What to open to get it again; empty for a model that was trained here and not saved yet.
    pub spec: String,
    /// For people: the file's name, or how it was trained.
    pub name: String,
    /// The model.
    pub model: Arc<Model>,
    /// What reading it gave; empty for a model trained here.
    pub report: Arc<LoadReport>,
    /// What pruned results are held against.
    pub baseline: Baseline,
}

/// What the results of pruning a model are held against.
#[derive(Debug, Clone, Default)]
pub enum Baseline {
    /// Its own output.
    #[default]
    Own,
    /// The pruned model of a bundle: what the model said before, as far as the bundle says it. `[n_nodes, n_classes]`
    Known(Arc<Array2<f32>>),
    /// The pruned model of a bundle that does not say it: its own output, which is not that of the model before.
    Unknown,
}

impl Baseline {
    /// What to hold results against, where that is not the model's own output.
    pub fn logits(&self) -> Option<Arc<Array2<f32>>> {
        if let Self::Known(logits) = self { Some(Arc::clone(logits)) } else { None }
    }

    /// Whether the model is one that nothing was removed from before.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own)
    }

    /// What is to be known of numbers beside this baseline.
    pub fn note(&self) -> Option<&'static str> {
        match self {
            Self::Own => None,
            Self::Known(_) => Some(
                "removed weights are zero; the baseline's accuracy is that of the model before it was pruned, as the bundle says; \
                 open that model to prune it anew",
            ),
            Self::Unknown => Some(
                "removed weights are zero, and the bundle does not say what the model gave before it was pruned: all numbers are \
                 against the pruned model; open the model it was made of to hold results against that",
            ),
        }
    }
}

/// A model that was closed because it does not fit the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedModel {
    /// For people.
    pub name: String,
    /// What to open to get it again; empty for one that was trained here.
    pub spec: String,
    /// The graph that it does not fit.
    pub graph: String,
    /// Why.
    pub why: String,
}

/// Names a run within a session; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub u64);

/// A finished run in the table.
#[derive(Debug, Clone)]
pub struct RunEntry {
    /// Which one.
    pub id: RunId,
    /// The user's name for it.
    pub name: String,
    /// Whether it stays at the top.
    pub is_pinned: bool,
    /// What came back.
    pub run: Arc<Run>,
    /// The graph it was made on, as it was open.
    pub graph: LoadedGraph,
    /// The model it was made of, as it was open.
    pub model: LoadedModel,
    /// Wall time of the whole run, seconds.
    pub elapsed_secs: f64,
}

/// Where a sequence of work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing was started yet.
    #[default]
    Idle,
    /// Under way.
    Running,
    /// Finished.
    Done,
    /// Stopped by the user; what had come stays.
    Cancelled,
    /// Stopped by an error, which is in the notices; what had come stays.
    Failed,
}

/// The sweep shown in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct SweepState {
    /// Where it stands.
    pub phase: Phase,
    /// What is tried.
    pub grid: SweepGrid,
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// Points in the order they came.
    pub points: Vec<SweepPoint>,
    /// Points that were marked for comparison, by their index in the grid, ascending.
    pub compared: Vec<usize>,
}

impl SweepState {
    /// The recipe of a point.
    pub fn recipe_of(&self, point: &SweepPoint) -> Recipe {
        self.grid.recipe(&self.base, point.idx)
    }
}

/// Methods side by side, in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct CompareState {
    /// Where it stands.
    pub phase: Phase,
    /// What is compared.
    pub plan: ComparePlan,
    /// The recipe whose rules are replaced; its split is one that no seed changes.
    pub base: Recipe,
    /// Points in the order they came.
    pub points: Vec<ComparePoint>,
}

impl CompareState {
    /// The recipe of a point.
    pub fn recipe_of(&self, point: &ComparePoint) -> Recipe {
        point.method.recipe(&self.base, point.share, point.seed)
    }
}

/// Layers one at a time, in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct SensitivityState {
    /// Where it stands.
    pub phase: Phase,
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// Points asked for.
    pub n_points: usize,
    /// Points in the order they came.
    pub points: Vec<SensitivityPoint>,
}

/// What the trade-off view can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trial {
    /// A sweep over pairs of thresholds.
    #[default]
    Thresholds,
    /// Methods side by side.
    Methods,
    /// Layers one at a time.
    Layers,
}

/// What is compared until the user chooses: Unifews, the cheapest alternatives, and chance.
pub fn first_plan() -> ComparePlan {
    ComparePlan {
        methods: vec![
            Method::UnifewsEdges,
            Method::Edges(EdgeRanking::Random),
            Method::UnifewsWeights,
            Method::Weights(WeightRanking::Random),
            Method::Weights(WeightRanking::Magnitude),
        ],
        ..ComparePlan::default()
    }
}

/// The training shown in the training view.
#[derive(Debug, Clone, Default)]
pub struct TrainingState {
    /// Where it stands.
    pub phase: Phase,
    /// What is trained, for people.
    pub label: String,
    /// Epochs asked for.
    pub n_epochs: usize,
    /// Epochs done.
    pub history: History,
}

/// Something that was opened before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recent {
    /// What to open: a path or `sample:NAME`.
    pub spec: String,
    /// What it was, for example `graph`.
    pub kind: String,
}

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

/// The export view's state.
#[derive(Debug, Clone, Default)]
pub struct ExportState {
    /// Where it stands.
    pub phase: Phase,
    /// The last one that was finished.
    pub last: Option<Exported>,
    /// What the next bundle holds.
    pub options: BundleOptions,
}

/// Everything a view may read.
#[derive(Debug)]
pub struct Store {
    /// The graph that is open.
    pub graph: Option<LoadedGraph>,
    /// The model that is open.
    pub model: Option<LoadedModel>,
    /// The model that was closed because it does not fit the open graph, until another one is opened.
    pub closed_model: Option<ClosedModel>,
    /// What the sliders say.
    pub recipe: Recipe,
    /// The newest preview, with the recipe it answers inside.
    pub preview: Option<Arc<Run>>,
    /// About what a recipe removes, on a graph that takes longer than a moment to decide; see [`Store::estimated`].
    pub estimate: Option<Arc<Estimate>>,
    /// Why there is no preview of the recipe; cleared by the next one.
    pub preview_fault: Option<String>,
    /// Finished runs, oldest first.
    pub runs: Vec<RunEntry>,
    /// Runs that are compared with each other, at most two.
    pub compared: Vec<RunId>,
    /// The sweep.
    pub sweep: SweepState,
    /// What the next comparison compares.
    pub plan: ComparePlan,
    /// The comparison of methods.
    pub comparison: CompareState,
    /// The layers one at a time.
    pub sensitivity: SensitivityState,
    /// Which of the three was asked for last, and how often any was.
    pub trial: (Trial, u64),
    /// The training.
    pub training: TrainingState,
    /// The export.
    pub export: ExportState,
    /// What names files outside its folder, and waits for the user to allow that they are read; the first one is asked about.
    pub outside: VecDeque<OutsideFiles>,
    /// Files whose report waits to be accepted.
    pub import: Option<ImportState>,
    /// What was opened before, newest first.
    pub recent: Vec<Recent>,
    /// What was told to the user.
    pub notices: Notices,
    /// What views had computed.
    pub desk: Desk,
    /// The project file, once there is one.
    pub project: Option<PathBuf>,
    /// Whether something changed since the project was saved.
    pub is_changed: bool,
    pub(crate) last_shown: Option<Arc<Run>>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            graph: None,
            model: None,
            closed_model: None,
            recipe: Recipe::default(),
            preview: None,
            estimate: None,
            preview_fault: None,
            runs: Vec::new(),
            compared: Vec::new(),
            sweep: SweepState::default(),
            plan: first_plan(),
            comparison: CompareState::default(),
            sensitivity: SensitivityState::default(),
            trial: (Trial::default(), 0),
            training: TrainingState::default(),
            export: ExportState::default(),
            outside: VecDeque::new(),
            import: None,
            recent: Vec::new(),
            notices: Notices::default(),
            desk: Desk::default(),
            project: None,
            is_changed: false,
            last_shown: None,
        }
    }
}

impl Store {
    /// Notes that one of the trade-off's three was asked for, so that the view brings it to the front.
    pub(crate) fn asked_for(&mut self, trial: Trial) {
        self.trial = (trial, self.trial.1 + 1);
    }

    /// The recipe as a run of the open graph and model uses it: its network is the model's own, and it says how the graph was read.
    pub fn effective_recipe(&self) -> Recipe {
        let mut recipe = match &self.model {
            Some(model) => fitted_to(&self.recipe, &model.model.architecture),
            None => self.recipe.clone(),
        };
        if let Some(graph) = &self.graph {
            recipe.graph.clone_from(&graph.options);
        }
        recipe
    }

    /// The run that the views show: a finished one of this very recipe, else the preview, else what was shown last.
    pub fn shown(&self) -> Option<&Arc<Run>> {
        self.finished_run().map(|e| &e.run).or(self.preview.as_ref()).or(self.last_shown.as_ref())
    }

    /// The finished run of the recipe as it stands, if there is one.
    pub fn finished_run(&self) -> Option<&RunEntry> {
        let recipe = self.effective_recipe();
        self.runs.iter().rev().find(|e| e.run.recipe == recipe && self.is_of_inputs(&e.run))
    }

    /// The newest finished run of these inputs, whatever its recipe: where measured times come from.
    pub fn newest_run(&self) -> Option<&RunEntry> {
        self.runs.iter().rev().find(|e| self.is_of_inputs(&e.run))
    }

    /// Whether a run answers the recipe and the inputs as they stand.
    pub fn is_current(&self, run: &Run) -> bool {
        self.is_of_inputs(run) && run.recipe == self.effective_recipe()
    }

    /// About what the recipe as it stands removes, until a run says it exactly; see [`Estimate`].
    pub fn estimated(&self) -> Option<&Estimate> {
        let estimate = self.estimate.as_deref()?;
        let is_wanted = self.shown().is_none_or(|run| !self.is_current(run));
        (is_wanted && estimate.recipe == self.effective_recipe()).then_some(estimate)
    }

    /// The largest number that a run is called by, 0 without any.
    pub(crate) fn last_number(&self) -> u64 {
        self.runs.iter().filter_map(|e| e.name.strip_prefix("Run ")?.parse().ok()).max().unwrap_or(0)
    }

    /// A name, with a number where another run than `own` has it already.
    pub(crate) fn free_name(&self, name: &str, own: Option<RunId>) -> String {
        let is_taken = |name: &str| self.runs.iter().any(|e| Some(e.id) != own && e.name == name);
        let numbered = (2..).map(|n: usize| format!("{name} ({n})"));
        std::iter::once(name.to_owned()).chain(numbered).find(|n| !is_taken(n)).unwrap_or_default()
    }

    /// A run by its id.
    pub fn run(&self, id: RunId) -> Option<&RunEntry> {
        self.runs.iter().find(|e| e.id == id)
    }

    pub(crate) fn is_of_inputs(&self, run: &Run) -> bool {
        self.graph.as_ref().is_some_and(|g| Arc::ptr_eq(&g.dataset, &run.dataset))
            && self.model.as_ref().is_some_and(|m| Arc::ptr_eq(&m.model, &run.model))
    }
}

/// The recipe with this network; a list that does not fit its layers is cut to one value, a mode that the family does not
/// know becomes the default.
pub fn fitted_to(recipe: &Recipe, network: &Architecture) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.model = network.clone();
    if recipe.edges.mode == EdgeMode::Mass && !network.is_decoupled() {
        recipe.edges.mode = EdgeMode::default();
        recipe.edges.ranking = None;
    }
    if !network.is_decoupled() {
        recipe.propagation = HopRule::default();
    }
    if network.has("attention") {
        recipe.edges.identity = Identity::default();
    }
    let fit = |deltas: &mut Vec<f64>, n: usize| {
        if deltas.len() != 1 && deltas.len() != n {
            deltas.truncate(1);
        }
        if deltas.is_empty() {
            deltas.push(0.0);
        }
    };
    fit(&mut recipe.edges.delta, recipe.model.n_graph_steps());
    fit(&mut recipe.weights.delta, recipe.model.layers);
    recipe
}
