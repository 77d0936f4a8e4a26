//! Reads files for the import report: what each is for, what was read, and whether graph and model fit.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::open::loaded_graph;
use super::{Task, TaskError};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::masked_forward;
use crate::engine::graph::{Dataset, Labels, Metric, ReadOptions, resolve_split};
use crate::engine::model::{Architecture, Model};
use crate::engine::score::Score;
use crate::engine::sparsify::Recipe;
use crate::io::{
    Detected, LoadError, LoadReport, MemoryBudget, Role, detect_as, read_graph_within, read_model, read_recipe,
};
use crate::session::assumptions::{Assumption, ReadingScore};
use crate::session::fit::fitted_to;
use crate::session::inputs::{Baseline, LoadedGraph, LoadedModel};
use crate::session::outside::{files_of, outside};
use crate::session::project;
use crate::session::readings::{Readings, settled, with_untold};
use crate::session::roles::{ImportFile, RolesByHand, expanded, lines_of, name_parts, with_roles};

/// Whether the model belongs to the graph.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitCheck {
    /// Name of the graph.
    pub graph: String,
    /// Name of the model.
    pub model: String,
    /// Why it cannot run there, if it cannot.
    pub misfit: Option<String>,
    /// What it gives there, unpruned; absent without labels.
    pub scores: Option<FitScores>,
    /// What the model's file leaves open, with what it scores as it was read.
    pub assumptions: Vec<Assumption>,
    /// The readings of the model that its file leaves open, the one that is used first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub readings: Option<Readings>,
}

/// What a model gives on a graph, beside what it should.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitScores {
    /// Name of the split.
    pub split: String,
    /// What the numbers are.
    pub metric: Metric,
    /// On the validation nodes, `0..=1`.
    pub val: f64,
    /// On the test nodes, `0..=1`.
    pub test: f64,
    /// What the model's file says it had on its own split, validation and test.
    pub expected: Option<(String, f64, f64)>,
    /// Share of the test nodes in their largest class: what a model that knows nothing gets.
    pub largest_class: f64,
}

/// A class with its nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCount {
    /// Its name; its number where the file has no names.
    pub name: String,
    /// Nodes of it.
    pub n_nodes: usize,
}

/// What was found.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Every file.
    pub files: Vec<ImportFile>,
    /// The graph, if one was read.
    pub graph: Option<LoadedGraph>,
    /// Its classes, in the order of their numbers; empty without labels.
    pub classes: Vec<ClassCount>,
    /// The model, if one was read.
    pub model: Option<LoadedModel>,
    /// The recipe, if one came with them.
    pub recipe: Option<Recipe>,
    /// First lines of the graph's file, if it is text.
    pub lines: Option<Vec<String>>,
    /// Whether the graph's file is taken apart line by line, so that separator and columns matter.
    pub is_list: bool,
    /// Files that could not be read, with the reason.
    pub faults: Vec<(String, String)>,
    /// Files outside its folder that the recipe names, and that are not read unless the user allows it.
    pub outside: Vec<String>,
    /// Whether graph and model, new or open already, fit.
    pub fit: Option<FitCheck>,
    /// The readings of the model that its file leaves open; none where it leaves nothing.
    pub readings: Readings,
}

/// What reading gave.
#[derive(Debug)]
pub(crate) enum Imported {
    /// Something that is opened as it is: a sample, a recipe alone, a bundle, a project.
    Direct(Vec<String>),
    /// A report, to be accepted or not.
    Report(Box<ImportReport>),
}

/// Reads `specs` together.
#[derive(Debug, Default)]
pub(crate) struct Import {
    pub(crate) specs: Vec<String>,
    /// What the user says that files are for.
    pub(crate) roles: RolesByHand,
    /// How the graph is read.
    pub(crate) options: ReadOptions,
    /// Whether the user has said so: else a recipe among the files does.
    pub(crate) is_told: bool,
    /// What the user says about the model that its file does not.
    pub(crate) network: Option<Architecture>,
    /// Which reading of the model's file the user chose, where it leaves settings open: name and value as recipes spell them.
    pub(crate) reading: Vec<(String, String)>,
    /// What a recipe among the files may name although it lies elsewhere.
    pub(crate) known: Vec<String>,
    /// Whether the user has allowed all that the recipe names.
    pub(crate) reads_outside: bool,
    /// Bytes that reading the graph may take; without, as many as are free.
    pub(crate) memory: Option<MemoryBudget>,
    /// What is open: it may belong to what is read.
    pub(crate) graph: Option<LoadedGraph>,
    pub(crate) model: Option<LoadedModel>,
    pub(crate) recipe: Recipe,
}

/// Reads files that belong together, as the import report shows them: for the terminal.
///
/// # Errors
/// Where there is nothing to report; what is wrong with single files stands in [`ImportReport::faults`].
pub fn read_together(
    specs: &[String],
    roles: RolesByHand,
    options: ReadOptions,
    reading: Vec<(String, String)>,
    memory: MemoryBudget,
    ctl: &Control,
) -> Result<ImportReport, TaskError> {
    let is_told = !options.is_default();
    let memory = Some(memory);
    let job = Import {
        specs: specs.to_vec(),
        roles,
        options,
        is_told,
        reading,
        reads_outside: true,
        memory,
        ..Import::default()
    };
    job.report(ctl)
}

impl Task for Import {
    type Point = ();
    type Output = Imported;

    fn label(&self) -> String {
        match &self.specs[..] {
            [one] => format!("Read {one}"),
            several => format!("Read {} files", several.len()),
        }
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Imported, TaskError> {
        let is_alone = self.specs.len() < 2;
        for spec in &self.specs {
            ctl.check()?;
            if spec.starts_with("sample:") || project::is_project(Path::new(spec)) {
                return Ok(Imported::Direct(self.specs));
            }
            match detect_as(spec, &self.options) {
                // Beside a graph a bundle can be held against that.
                Ok(Detected::Bundle | Detected::Recipe) if is_alone => return Ok(Imported::Direct(self.specs)),
                Err(error @ LoadError::Io { .. }) if is_alone => return Err(error.into()),
                _ => {}
            }
        }
        Ok(Imported::Report(Box::new(self.report(ctl)?)))
    }
}

impl Import {
    fn report(self, ctl: &Control) -> Result<ImportReport, TaskError> {
        ctl.progress("looking", 0, 0);
        let Self {
            specs,
            roles,
            mut options,
            is_told,
            network,
            reading,
            known,
            reads_outside,
            memory,
            graph,
            model,
            mut recipe,
        } = self;
        let specs = expanded(&specs, &options);
        let (mut told, mut kept_out, mut named_by_recipe) = (None, Vec::new(), ReadOptions::default());
        if specs.len() > 1
            && let Some((spec, mut recipe_told)) = recipe_among(&specs, &options, &roles)?
        {
            named_by_recipe.clone_from(&recipe_told.graph);
            kept_out = outside(Path::new(&spec), &files_of(&recipe_told));
            kept_out.retain(|file| !known.contains(file) && !specs.contains(file));
            if !is_told {
                options.clone_from(&recipe_told.graph);
            }
            for graph in [&mut options, &mut recipe_told.graph] {
                for slot in [&mut graph.feature_file, &mut graph.label_file, &mut graph.split_file] {
                    slot.take_if(|file| !reads_outside && kept_out.contains(file));
                }
            }
            recipe.clone_from(&recipe_told);
            told = Some(recipe_told);
            if reads_outside {
                kept_out.clear();
            }
        }
        let mut files = Vec::with_capacity(specs.len());
        for spec in &specs {
            ctl.check()?;
            files.push(ImportFile::look_at(spec, &options));
        }
        let files = with_roles(files, &roles);
        let spec_of = |role: Role| files.iter().find(|f| f.role == role).map(|f| f.spec.clone());
        let spec = spec_of(Role::Edges);
        name_parts(&files, &mut options);
        if let Some(told) = &mut told {
            // What was dropped stands in for what the recipe names, and nobody needs to be asked about that.
            let named =
                |graph: &ReadOptions| [&graph.feature_file, &graph.label_file, &graph.split_file].map(Clone::clone);
            let dropped = named(&options).map(|file| file.is_some_and(|file| specs.contains(&file)));
            let replaced: Vec<String> =
                named(&named_by_recipe).into_iter().zip(dropped).filter_map(|(file, is)| file.filter(|_| is)).collect();
            kept_out.retain(|file| !replaced.contains(file));
            told.graph.clone_from(&options);
        }
        let mut report = ImportReport {
            lines: spec.as_ref().and_then(|spec| lines_of(spec)),
            is_list: false,
            graph: None,
            classes: Vec::new(),
            model: None,
            recipe: told,
            faults: Vec::new(),
            outside: kept_out,
            fit: None,
            readings: Readings::default(),
            files,
        };
        let is_list = |f: &ImportFile| {
            f.role == Role::Edges && (f.table.is_some() || f.what.contains("edge list") || f.what.contains("text"))
        };
        report.is_list = report.lines.is_some() && report.files.iter().any(is_list);
        let spec_of = |role: Role| report.files.iter().find(|f| f.role == role).map(|f| f.spec.clone());
        if let Some(spec) = &spec {
            let memory = memory.unwrap_or(MemoryBudget::SYSTEM);
            match read_graph_within(spec, &options, memory, ctl) {
                Ok((dataset, read)) => {
                    report.classes =
                        dataset.labels().map(|labels| classes_of(labels, dataset.n_nodes())).unwrap_or_default();
                    report.graph = Some(loaded_graph(spec, options, dataset, read));
                }
                Err(LoadError::Cancelled) => return Err(LoadError::Cancelled.into()),
                Err(error) => {
                    // What a file holds that only a recipe names is not told; those that were dropped are the user's own.
                    let named = options.files_beyond(&ReadOptions::default());
                    let named: Vec<&str> = named.into_iter().filter(|file| !specs.iter().any(|s| s == file)).collect();
                    report.faults.push((spec.clone(), error.without_contents(&named).to_string()));
                }
            }
        } else if report.files.iter().any(|f| matches!(f.role, Role::Features | Role::Labels | Role::Split)) {
            let why = "no file holds edges: features, labels and splits belong to a graph; choose edges for the file that has them";
            report.faults.push((String::new(), why.to_owned()));
        }
        if let Some(spec) = spec_of(Role::Model) {
            let dataset = report.graph.as_ref().or(graph.as_ref()).map(|graph| &*graph.dataset);
            let network = network.as_ref();
            match model_of(spec.clone(), (network, &reading), (dataset, &recipe), ctl)? {
                Ok((model, readings, fault)) => {
                    report.faults.extend(fault.map(|fault| (spec, fault)));
                    (report.model, report.readings) = (Some(model), readings);
                }
                Err(fault) => report.faults.push((spec, fault)),
            }
        }
        // Beside a file that was refused, what is open already would pass for what was to be opened.
        if report.faults.is_empty() {
            report.fit =
                fit(report.graph.as_ref().or(graph.as_ref()), report.model.as_ref().or(model.as_ref()), &recipe, ctl)?;
        }
        if let Some(fit) = &mut report.fit {
            fit.readings = Some(report.readings.clone()).filter(|readings| !readings.all.is_empty());
        }
        let may_be_edges = report.files.iter().any(|file| file.possible.contains(&Role::Edges));
        if report.graph.is_none() && report.model.is_none() && report.lines.is_none() && !may_be_edges {
            return Err(TaskError::Nothing(nothing(&report)));
        }
        Ok(report)
    }
}

/// The first recipe that comes together with other files: it says how they are to be read.
fn recipe_among(
    specs: &[String],
    options: &ReadOptions,
    roles: &RolesByHand,
) -> Result<Option<(String, Recipe)>, TaskError> {
    let is_meant = |spec: &&String| Path::new(spec).is_file() && roles.get(*spec) != Some(&Role::LeftOut);
    for spec in specs.iter().filter(is_meant) {
        if matches!(detect_as(spec, options), Ok(Detected::Recipe)) {
            return Ok(Some((spec.clone(), read_recipe(spec)?)));
        }
    }
    Ok(None)
}

/// Why there is nothing to report.
fn nothing(report: &ImportReport) -> String {
    if let Some((_, fault)) = report.faults.iter().find(|(spec, _)| !spec.is_empty()) {
        return fault.clone();
    }
    let found = report.files.iter().map(|f| format!("{}: {}", f.spec, f.what)).collect::<Vec<_>>().join("; ");
    format!("expected a graph, a model, a recipe, a bundle or a project, found {found}")
}

/// Names and sizes of all classes.
fn classes_of(labels: &Labels, n_nodes: usize) -> Vec<ClassCount> {
    let mut counts = vec![0usize; labels.n_classes()];
    for u in 0..n_nodes {
        for class in labels.all_of(u) {
            counts[class] += 1;
        }
    }
    let name = |class: usize| labels.names.get(class).cloned().unwrap_or_else(|| class.to_string());
    counts.into_iter().enumerate().map(|(class, n_nodes)| ClassCount { name: name(class), n_nodes }).collect()
}

/// Reads a model with the settings that the user says: what its file leaves open besides is tried. Returns what is wrong with the settings,
/// too, or why there is no model.
#[expect(clippy::type_complexity, reason = "a model, how it was read and what is wrong, or why there is none")]
fn model_of(
    spec: String,
    (network, reading): (Option<&Architecture>, &[(String, String)]),
    graph: (Option<&Dataset>, &Recipe),
    ctl: &Control,
) -> Result<Result<(LoadedModel, Readings, Option<String>), String>, TaskError> {
    let (read, found) = match read_model(&spec) {
        Ok(read) => read,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let read = match network {
        Some(network) => with_untold(read, network),
        None => read,
    };
    let (read, readings, fault) = match settled(&read, &found.open, reading, true, graph, ctl) {
        Ok((read, readings)) => (read, readings, None),
        Err(TaskError::Engine(why @ EngineError::Recipe { .. })) => (read, Readings::default(), Some(why.to_string())),
        Err(other) => return Err(other),
    };
    let name = read.title();
    let (model, report) = (Arc::new(read), Arc::new(found));
    Ok(Ok((LoadedModel { spec, name, model, report, baseline: Baseline::Own }, readings, fault)))
}

/// What the model gives on the graph, where both are there.
fn fit(
    graph: Option<&LoadedGraph>,
    model: Option<&LoadedModel>,
    recipe: &Recipe,
    ctl: &Control,
) -> Result<Option<FitCheck>, TaskError> {
    let (Some(graph), Some(model)) = (graph, model) else { return Ok(None) };
    let model = (model.name.as_str(), &*model.model, &*model.report);
    model_on_graph(&graph.dataset, model, recipe, ctl).map(Some)
}

/// Runs a model, unpruned, on a graph, and says what it gets: `report` is what reading its file gave.
///
/// # Errors
/// A cancel; what does not fit is told in [`FitCheck::misfit`].
pub fn model_on_graph(
    dataset: &Dataset,
    (name, network, report): (&str, &Model, &LoadReport),
    recipe: &Recipe,
    ctl: &Control,
) -> Result<FitCheck, TaskError> {
    let mut check = FitCheck {
        graph: dataset.name().to_owned(),
        model: name.to_owned(),
        misfit: None,
        scores: None,
        assumptions: Assumption::of(report, network, None),
        readings: None,
    };
    if let Err(why) = network.check_fits(dataset.features().width(), dataset.n_classes()) {
        check.misfit = Some(why.to_string());
        return Ok(check);
    }
    let Some(labels) = dataset.labels() else { return Ok(check) };
    ctl.progress("running the model", 0, 0);
    let recipe = fitted_to(recipe, &network.architecture);
    let logits = match masked_forward(dataset, network, &recipe, None, None, &ctl.quiet()) {
        Ok(logits) => logits,
        Err(cancelled @ EngineError::Cancelled) => return Err(cancelled.into()),
        Err(why) => {
            check.misfit = Some(why.to_string());
            return Ok(check);
        }
    };
    let Ok(split) = resolve_split(dataset, "auto", recipe.seed) else { return Ok(check) };
    let mut counts = vec![0usize; labels.n_classes()];
    for class in split.test.iter().filter_map(|u| labels.of(*u as usize)) {
        counts[class] += 1;
    }
    let n_test = counts.iter().sum::<usize>().max(1);
    let [test, val, train] = [&split.test, &split.val, &split.train].map(|nodes| Score::of(&logits, labels, nodes));
    let score = ReadingScore::of(&split.name, labels.metric(), [test, val, train].map(Some));
    check.assumptions = Assumption::of(report, network, score.as_ref());
    check.scores = Some(FitScores {
        split: split.name.clone(),
        metric: labels.metric(),
        val: val.accuracy,
        test: test.accuracy,
        expected: network.trained_on.as_ref().map(|t| (t.split.clone(), t.val_accuracy, t.test_accuracy)),
        largest_class: counts.into_iter().max().unwrap_or(0) as f64 / n_test as f64,
    });
    Ok(check)
}
