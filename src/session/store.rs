//! What the application knows: inputs, recipe, runs, and the states of sweep, training and export. Only the session writes it.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

use super::check_page::CheckPages;
use super::defaults;
use super::desk::Desk;
use super::fit::fitted_to;
use super::history::History;
use super::inputs::{ClosedModel, LoadedGraph, LoadedModel};
use super::jobs::JobId;
use super::notice::Notices;
use super::page::PagePart;
use super::project::ProjectRun;
use super::report_page::ReportChoice;
use super::roles::RolesByHand;
use super::selection::{Selected, WeightPlace};
use super::tasks::autosave::LostSession;
use super::tasks::errors::ErrorReport;
use super::tasks::export::Exported;
use super::tasks::import::ImportReport;
use super::tasks::open::OutsideFiles;
use super::tasks::preview::without_recovery;
use super::tasks::report::WrittenReport;
use crate::engine::certify::Certificate;
use crate::engine::experiment::{
    Budget, BudgetPoint, ComparePlan, ComparePoint, ControlScore, Estimate, FoundBudget, Goal, Method, Run,
    SensitivityPoint, StressMasks, StressPoint, SweepGrid, SweepPoint,
};
use crate::engine::graph::ReadOptions;
use crate::engine::model::{Architecture, Model};
use crate::engine::sparsify::Recipe;
use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
use crate::engine::train::Trained;
use crate::io::InputHash;
use crate::io::bundle::BundleOptions;
use crate::io::checks::CheckRecord;
use crate::io::export::PilotOptions;
use crate::io::results::StressResults;

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
    /// What the user wrote about it; may be empty.
    pub note: String,
    /// What the user sorts it under: no empty ones, none twice.
    pub tags: Vec<String>,
    /// What came back.
    pub run: Arc<Run>,
    /// The graph it was made on, as it was open.
    pub graph: LoadedGraph,
    /// The model it was made of, as it was open.
    pub model: LoadedModel,
    /// Wall time of the whole run, seconds.
    pub elapsed_secs: f64,
}

/// Tags as they are kept: without spaces around, none empty, each once, in the order given.
pub(crate) fn settled_tags(tags: Vec<String>) -> Vec<String> {
    let mut settled: Vec<String> = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = tag.trim();
        if !tag.is_empty() && !settled.iter().any(|own| own == tag) {
            settled.push(tag.to_owned());
        }
    }
    settled
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
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// What is tried.
    pub grid: SweepGrid,
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// The one layer, from 0, whose thresholds are replaced; none: those of all.
    pub layer: Option<usize>,
    /// Sweeps of the same grid and recipe over other layers, which are complete.
    pub(crate) others: Vec<Self>,
    /// Points in the order they came.
    pub points: Vec<SweepPoint>,
    /// Points that were marked for comparison, by their index in the grid, ascending.
    pub compared: Vec<usize>,
}

impl SweepState {
    /// The recipe of a point.
    pub fn recipe_of(&self, point: &SweepPoint) -> Recipe {
        self.grid.recipe_of(&self.base, point.idx, self.layer)
    }

    /// The point that was made by this recipe.
    pub fn point_of(&self, recipe: &Recipe) -> Option<&SweepPoint> {
        let is_one = |deltas: &[f64], delta: f64| match self.layer {
            None => deltas.len() == 1 && deltas[0].to_bits() == delta.to_bits(),
            Some(layer) => deltas.get(layer).is_some_and(|own| own.to_bits() == delta.to_bits()),
        };
        let mut points = self.points.iter();
        let same =
            points.find(|p| is_one(&recipe.edges.delta, p.delta_a) && is_one(&recipe.weights.delta, p.delta_w))?;
        (self.recipe_of(same) == *recipe).then_some(same)
    }
}

/// Methods side by side, in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct CompareState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
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
        point.method.recipe(&self.base, point.share, point.seed, self.plan.has_recovery)
    }
}

/// Layers one at a time, in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct SensitivityState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// Points asked for.
    pub n_points: usize,
    /// Points in the order they came.
    pub points: Vec<SensitivityPoint>,
}

/// Disturbed graphs, in the trade-off view.
#[derive(Debug, Clone, Default)]
pub struct StressState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// Points asked for.
    pub n_points: usize,
    /// Whose masks the disturbed graphs have.
    pub masks: StressMasks,
    /// Points in the order they came.
    pub points: Vec<StressPoint>,
    /// All of it, with its sentences, once it is complete.
    pub results: Option<Arc<StressResults>>,
}

/// What may be lost, and what was found for it.
#[derive(Debug, Clone)]
pub struct BudgetState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// What is asked for next.
    pub budget: Budget,
    /// What was asked for.
    pub asked: Budget,
    /// What was tried, in order.
    pub points: Vec<BudgetPoint>,
    /// What was found.
    pub found: Option<FoundBudget>,
}

impl Default for BudgetState {
    fn default() -> Self {
        let budget = Budget { lose_at_most: defaults::LOSE_AT_MOST, goal: Goal::default() };
        let (points, found) = (Vec::new(), None);
        Self { job: None, phase: Phase::default(), budget, asked: budget, points, found }
    }
}

/// What this machine does per second.
#[derive(Debug, Clone, Default)]
pub struct BenchState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// What was measured last, for people; empty before.
    pub page: Vec<PagePart>,
}

/// Answers for some nodes.
#[derive(Debug, Clone, Default)]
pub struct AnswerState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// What was asked last.
    pub(crate) asked: Option<AnsweredBy>,
    /// What the last answers are of.
    pub by: Option<AnsweredBy>,
    /// The last answers, for people; empty before.
    pub page: Vec<PagePart>,
}

/// What a check of a bundle is asked for, as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckAsk {
    /// The bundle.
    pub bundle: String,
    /// Today's graph.
    pub graph: String,
    /// Its labels, if they lie elsewhere.
    pub labels: String,
    /// The unpruned model.
    pub model: String,
    /// The graph that the bundle was made from, if it is not where the bundle says.
    pub reference: String,
}

/// Checks of a bundle against later graphs.
#[derive(Debug, Clone, Default)]
pub struct MonitorState {
    /// What is asked for.
    pub asked: CheckAsk,
    /// All checks of the bundle that was checked last, oldest first.
    pub history: Vec<CheckRecord>,
    /// Warnings of what was read for the newest.
    pub warnings: Vec<String>,
    /// The newest in tables, and the last ones in a row each: made once, not for every frame.
    pub pages: CheckPages,
}

/// The pruned model that nodes were scored with.
#[derive(Debug, Clone, PartialEq)]
pub struct AnsweredBy {
    /// Its recipe, complete.
    pub recipe: Recipe,
    /// What went, in a few words.
    pub says: String,
}

/// A published table that is being reproduced, or was last.
#[derive(Debug, Clone, Default)]
pub struct ReproduceState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// Its page as far as there are lines, Markdown.
    pub page: String,
    /// Lines on it.
    pub n_lines: usize,
    /// Lines that there will be; 0 before the first.
    pub n_in_all: usize,
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
    /// Everything that was tried, as lines over parallel axes.
    Together,
    /// Disturbed graphs.
    Stress,
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
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// What is trained, for people.
    pub label: String,
    /// Epochs asked for.
    pub n_epochs: usize,
    /// Epochs done.
    pub history: History,
    /// What one that was cancelled had by then, until the next one starts.
    pub left: Option<Arc<Trained>>,
}

/// Something that was opened before.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Recent {
    /// What to open: a path or `sample:NAME`.
    pub spec: String,
    /// What it was, for example `graph`.
    pub kind: String,
}

/// What is about to be opened.
#[derive(Debug, Clone)]
pub struct ImportState {
    /// Paths, in the order they came.
    pub specs: Vec<String>,
    /// What the user says that files are for.
    pub roles: RolesByHand,
    /// Whether the user has allowed that files are read which a recipe names outside its folder.
    pub reads_outside: bool,
    /// Whether the user has said how the graph is to be read: else a recipe among the files does.
    pub is_told: bool,
    /// How the graph is to be read.
    pub options: ReadOptions,
    /// What the user says about the model that its file does not.
    pub network: Option<Architecture>,
    /// Which reading of the model's file the user chose, name and value of each open setting.
    pub reading: Vec<(String, String)>,
    /// Where reading stands.
    pub phase: Phase,
    /// What was found last.
    pub report: Option<ImportReport>,
}

/// The export view's state.
#[derive(Debug, Clone, Default)]
pub struct ExportState {
    /// The newest job of this kind.
    pub(crate) job: Option<JobId>,
    /// Where it stands.
    pub phase: Phase,
    /// The last one that was finished.
    pub last: Option<Exported>,
    /// What the next bundle holds.
    pub options: BundleOptions,
    /// Who answers in the next pilot.
    pub pilot: PilotOptions,
    /// What is chosen of the next report.
    pub report: ReportChoice,
    /// The last report that was written, and of which run.
    pub last_report: Option<(RunId, WrittenReport)>,
    /// The last comparison of a run with one that lies somewhere: which run, with what, and what came of it.
    pub compared: Option<(RunId, PathBuf, Vec<PagePart>)>,
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
    /// The newest answer to a recipe with recovery that is not recovered; see [`Store::plain`].
    pub(crate) plain: Option<Arc<Run>>,
    /// About what a recipe removes, on a graph that takes longer than a moment to decide; see [`Store::estimated`].
    pub estimate: Option<Arc<Estimate>>,
    /// Why there is no preview of the recipe; cleared by the next one.
    pub preview_fault: Option<String>,
    /// Loss of accuracy, a share, that verdicts are held against.
    pub limit: f64,
    /// Finished runs, oldest first.
    pub runs: Vec<RunEntry>,
    /// Controls of recovered runs, where they were computed.
    pub controls: BTreeMap<RunId, Vec<ControlScore>>,
    /// Certificates of runs that were asked for.
    pub certificates: BTreeMap<RunId, Arc<Certificate>>,
    /// The node that is looked at, and the graph that it is of.
    pub(super) selected: Option<Selected>,
    /// Errors of the nodes of runs, where they were computed.
    pub errors: BTreeMap<RunId, Arc<ErrorReport>>,
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
    /// Disturbed graphs.
    pub stress: StressState,
    /// A budget instead of thresholds.
    pub budget: BudgetState,
    /// Which of them was asked for last, and how often any was.
    pub trial: (Trial, u64),
    /// The training.
    pub training: TrainingState,
    /// The export.
    pub export: ExportState,
    /// This machine.
    pub bench: BenchState,
    /// What the shown run says of some nodes.
    pub answers: AnswerState,
    /// Checks of a bundle.
    pub monitor: MonitorState,
    /// A published table.
    pub reproduce: ReproduceState,
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
    /// Sessions that did not end, newest first, to be restored or discarded.
    pub lost: Vec<LostSession>,
    /// Runs that a project brought and that are still to be computed, oldest first.
    pub(super) reopening: Vec<(JobId, ProjectRun)>,
    /// What the inputs held when they were opened, as far as it is known by now.
    pub(super) hashes: Vec<InputHash>,
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
            plain: None,
            estimate: None,
            preview_fault: None,
            limit: defaults::LIMIT,
            runs: Vec::new(),
            controls: BTreeMap::new(),
            certificates: BTreeMap::new(),
            errors: BTreeMap::new(),
            selected: None,
            compared: Vec::new(),
            sweep: SweepState::default(),
            plan: first_plan(),
            comparison: CompareState::default(),
            sensitivity: SensitivityState::default(),
            stress: StressState::default(),
            budget: BudgetState::default(),
            trial: (Trial::default(), 0),
            training: TrainingState::default(),
            export: ExportState::default(),
            bench: BenchState::default(),
            answers: AnswerState::default(),
            monitor: MonitorState::default(),
            reproduce: ReproduceState::default(),
            outside: VecDeque::new(),
            import: None,
            recent: Vec::new(),
            notices: Notices::default(),
            desk: Desk::default(),
            project: None,
            is_changed: false,
            lost: Vec::new(),
            reopening: Vec::new(),
            hashes: Vec::new(),
            last_shown: None,
        }
    }
}

impl Store {
    /// Notes that one of the trade-off's trials was asked for, so that the view brings it to the front.
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

    /// The node of the open graph that is selected, or the target of the entry that is.
    pub fn selected_node(&self) -> Option<u32> {
        self.node_and_source().map(|(node, _)| node)
    }

    /// The entry of the open graph that is selected, as its target and its source.
    pub fn selected_entry(&self) -> Option<(u32, u32)> {
        self.node_and_source().and_then(|(node, source)| Some((node, source?)))
    }

    /// The weight of the open model that is selected.
    pub fn selected_weight(&self) -> Option<WeightPlace> {
        match self.selected.as_ref()? {
            Selected::Weight { model, place } => {
                let is_open = self.model.as_ref().is_some_and(|open| Arc::ptr_eq(&open.model, model));
                is_open.then_some(*place)
            }
            Selected::Node { .. } | Selected::Nodes { .. } => None,
        }
    }

    /// Several nodes of the open graph that are selected together, ascending.
    pub fn selected_nodes(&self) -> Option<&Arc<[u32]>> {
        match self.selected.as_ref()? {
            Selected::Nodes { dataset, nodes } => {
                let is_open = self.graph.as_ref().is_some_and(|graph| Arc::ptr_eq(&graph.dataset, dataset));
                is_open.then_some(nodes)
            }
            Selected::Node { .. } | Selected::Weight { .. } => None,
        }
    }

    /// Whether anything is selected.
    pub fn has_selection(&self) -> bool {
        self.selected_node().is_some() || self.selected_nodes().is_some() || self.selected_weight().is_some()
    }

    fn node_and_source(&self) -> Option<(u32, Option<u32>)> {
        match self.selected.as_ref()? {
            Selected::Node { dataset, node, source } => {
                let is_open = self.graph.as_ref().is_some_and(|graph| Arc::ptr_eq(&graph.dataset, dataset));
                is_open.then_some((*node, *source))
            }
            Selected::Nodes { .. } | Selected::Weight { .. } => None,
        }
    }

    /// Selects a node of the open graph, one of its entries, or nothing.
    pub(super) fn select_node(&mut self, node: Option<u32>, source: Option<u32>) {
        let graph = self.graph.as_ref().map(|graph| &graph.dataset);
        let found = graph.zip(node).filter(|(dataset, node)| (*node as usize) < dataset.n_nodes());
        self.selected = found.map(|(dataset, node)| {
            let is_stored = |source: &u32| dataset.topology().find(node as usize, *source as usize).is_some();
            Selected::Node { dataset: Arc::clone(dataset), node, source: source.filter(is_stored) }
        });
    }

    /// Selects several nodes of the open graph; those that it does not have are left out.
    pub(super) fn select_nodes(&mut self, mut nodes: Vec<u32>) {
        let Some(dataset) = self.graph.as_ref().map(|graph| Arc::clone(&graph.dataset)) else { return };
        nodes.retain(|node| (*node as usize) < dataset.n_nodes());
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.len() < 2 {
            return self.select_node(nodes.first().copied(), None);
        }
        self.selected = Some(Selected::Nodes { dataset, nodes: nodes.into() });
    }

    /// Selects a weight of the open model.
    pub(super) fn select_weight(&mut self, place: WeightPlace) {
        let model = self.model.as_ref().map(|open| &open.model);
        let is_there = |model: &&Arc<Model>| {
            let weight = model.weight(place.matrix);
            weight.is_some_and(|weight| weight.values.get((place.input, place.output)).is_some())
        };
        self.selected = model.filter(is_there).map(|model| Selected::Weight { model: Arc::clone(model), place });
    }

    /// What the recipe as it stands gives without recovery, while the recovered answer is on its way.
    pub fn plain(&self) -> Option<&Arc<Run>> {
        let run = self.plain.as_ref()?;
        let recipe = self.effective_recipe();
        let is_wanted = recipe.recovery.is_some() && self.shown().is_none_or(|shown| !self.is_current(shown));
        (is_wanted && self.is_of_inputs(run) && run.recipe == without_recovery(&recipe)).then_some(run)
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

    /// Whether a run is of the recipe that was found within the budget.
    pub fn is_found_within_budget(&self, run: &Run) -> bool {
        let chosen = self.budget.found.as_ref().and_then(|found| found.chosen.as_ref());
        chosen.is_some_and(|(_, recipe)| {
            run.recipe.edges == recipe.edges
                && run.recipe.weights == recipe.weights
                && run.recipe.recovery == recipe.recovery
                && run.recipe.seed == recipe.seed
                && self.is_of_inputs(run)
        })
    }

    /// Controls of a run; none where they were not computed.
    pub fn controls_of(&self, id: RunId) -> &[ControlScore] {
        self.controls.get(&id).map_or(&[], Vec::as_slice)
    }

    /// What is certified of a run: what was asked for last, else what came with its budget.
    pub fn certificate_of(&self, id: RunId) -> Option<&Arc<Certificate>> {
        self.certificates.get(&id).or_else(|| self.run(id)?.run.certificate.as_ref())
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
