//! Reads files for the import report: what each is, which belong together, what was read, and whether graph and model fit.

use std::path::Path;
use std::sync::Arc;

use super::open::loaded_graph;
use super::{Job, JobError};
use crate::engine::analysis::{Score, forward_frozen};
use crate::engine::control::Control;
use crate::engine::graph::{Metric, ReadOptions, resolve_split};
use crate::engine::model::{Architecture, Model};
use crate::engine::sparsify::Recipe;
use crate::io::{Detected, GraphPart, LoadError, detect_as, first_lines, read_graph_as, read_model, read_recipe};
use crate::session::project;
use crate::session::store::{LoadedGraph, LoadedModel, fitted_to};

/// Lines of a text that the report shows.
const SHOWN_LINES: usize = 8;

/// What a file is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportRole {
    /// The graph.
    Graph,
    /// The model.
    Model,
    /// A part of the graph.
    Part(GraphPart),
    /// What is to be done, and how the graph is read.
    Recipe,
    /// Nothing, and why.
    Unused(String),
}

/// A file of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFile {
    /// Path.
    pub spec: String,
    /// What it is, for people.
    pub what: String,
    /// What it is taken for.
    pub role: ImportRole,
}

/// Whether the model belongs to the graph.
#[derive(Debug, Clone, PartialEq)]
pub struct FitCheck {
    /// Name of the graph.
    pub graph: String,
    /// Name of the model.
    pub model: String,
    /// Why it cannot run there, if it cannot.
    pub misfit: Option<String>,
    /// What it gives there, unpruned; absent without labels.
    pub scores: Option<FitScores>,
}

/// What a model gives on a graph, beside what it should.
#[derive(Debug, Clone, PartialEq)]
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

/// What was found.
#[derive(Debug, Clone)]
pub struct ImportReport {
    /// Every file.
    pub files: Vec<ImportFile>,
    /// The graph, if one was read.
    pub graph: Option<LoadedGraph>,
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
    /// Whether graph and model, new or open already, fit.
    pub fit: Option<FitCheck>,
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
#[derive(Debug)]
pub(crate) struct Import {
    pub(crate) specs: Vec<String>,
    /// How the graph is read.
    pub(crate) options: ReadOptions,
    /// Whether the user has said so: else a recipe among the files does.
    pub(crate) is_told: bool,
    /// What the user says about the model that its file does not.
    pub(crate) network: Option<Architecture>,
    /// What is open: it may belong to what is read.
    pub(crate) graph: Option<LoadedGraph>,
    pub(crate) model: Option<LoadedModel>,
    pub(crate) recipe: Recipe,
}

impl Job for Import {
    type Output = Imported;

    fn label(&self) -> String {
        match &self.specs[..] {
            [one] => format!("Read {one}"),
            several => format!("Read {} files", several.len()),
        }
    }

    fn run(self, ctl: &Control) -> Result<Imported, JobError> {
        ctl.progress("looking", 0, 0);
        let Self { specs, mut options, is_told, network, graph, model, mut recipe } = self;
        let told = recipe_among(&specs, &options)?;
        if let Some(told) = &told {
            recipe.clone_from(told);
            if !is_told {
                options.clone_from(&told.graph);
            }
        }
        let mut files = Vec::new();
        for spec in &specs {
            ctl.check()?;
            if spec.starts_with("sample:") || project::is_project(Path::new(spec)) {
                return Ok(Imported::Direct(specs));
            }
            let found = detect_as(spec, &options)?;
            if found == Detected::Bundle || (found == Detected::Recipe && told.is_none()) {
                return Ok(Imported::Direct(specs));
            }
            files.push(sorted(spec, &found, &files));
        }
        let spec_of = |role: &ImportRole| files.iter().find(|f| f.role == *role).map(|f| f.spec.clone());
        let spec = spec_of(&ImportRole::Graph);
        let part = |part| spec_of(&ImportRole::Part(part));
        options.feature_file = part(GraphPart::Features).or(options.feature_file);
        options.label_file = part(GraphPart::Labels).or(options.label_file);
        options.split_file = part(GraphPart::Split).or(options.split_file);
        let mut report = ImportReport {
            lines: spec.as_ref().and_then(|spec| first_lines(spec, SHOWN_LINES)),
            is_list: false,
            graph: None,
            model: None,
            recipe: told,
            faults: Vec::new(),
            fit: None,
            files: files.clone(),
        };
        report.is_list = report.lines.is_some()
            && files
                .iter()
                .any(|f| f.role == ImportRole::Graph && (f.what.contains("edge list") || f.what.contains("text")));
        if let Some(spec) = &spec {
            match read_graph_as(spec, &options, ctl) {
                Ok((dataset, read)) => report.graph = Some(loaded_graph(spec, options, dataset, read)),
                Err(LoadError::Cancelled) => return Err(JobError::Cancelled),
                Err(error) => report.faults.push((spec.clone(), error.to_string())),
            }
        }
        if let Some(spec) = spec_of(&ImportRole::Model) {
            match read_model(&spec) {
                Ok((read, found)) => {
                    let read = match network {
                        Some(network) => with_settings(read, &network),
                        None => read,
                    };
                    report.model = Some(LoadedModel {
                        name: read.title(),
                        model: Arc::new(read),
                        report: Arc::new(found),
                        baseline: None,
                        spec,
                    });
                }
                Err(error) => report.faults.push((spec, error.to_string())),
            }
        }
        let graph = report.graph.as_ref().or(graph.as_ref());
        let model = report.model.as_ref().or(model.as_ref());
        if let (Some(graph), Some(model)) = (graph, model) {
            report.fit = Some(fit(graph, model, &recipe, ctl)?);
        }
        if report.graph.is_none() && report.model.is_none() && report.lines.is_none() {
            return Err(JobError::Failed(nothing(&report)));
        }
        Ok(Imported::Report(Box::new(report)))
    }
}

/// The first recipe that comes together with other files: it says how they are to be read.
fn recipe_among(specs: &[String], options: &ReadOptions) -> Result<Option<Recipe>, JobError> {
    if specs.len() < 2 {
        return Ok(None);
    }
    for spec in specs.iter().filter(|spec| Path::new(spec).is_file()) {
        if detect_as(spec, options)? == Detected::Recipe {
            return Ok(Some(read_recipe(spec)?));
        }
    }
    Ok(None)
}

/// Why there is nothing to report.
fn nothing(report: &ImportReport) -> String {
    if let Some((_, fault)) = report.faults.first() {
        return fault.clone();
    }
    let found = report.files.iter().map(|f| format!("{}: {}", f.spec, f.what)).collect::<Vec<_>>().join("; ");
    format!("expected a graph, a model, a recipe, a bundle or a project, found {found}")
}

/// What a file is taken for, beside those that came before it.
fn sorted(spec: &str, found: &Detected, before: &[ImportFile]) -> ImportFile {
    let wanted = match found {
        Detected::Graph(_) => Some(ImportRole::Graph),
        Detected::Model(_) => Some(ImportRole::Model),
        Detected::Part(part) | Detected::PartTable(part) => Some(ImportRole::Part(*part)),
        Detected::Recipe => Some(ImportRole::Recipe),
        // Text may be a list of edges once the user has said how its lines are taken apart.
        Detected::Unknown { .. } if first_lines(spec, 1).is_some_and(|lines| !lines.is_empty()) => {
            Some(ImportRole::Graph)
        }
        _ => None,
    };
    let role = match wanted {
        None => ImportRole::Unused("not known".to_owned()),
        Some(role) if before.iter().any(|other| other.role == role) => {
            ImportRole::Unused("another one is taken".to_owned())
        }
        Some(role) => role,
    };
    ImportFile { spec: spec.to_owned(), what: found.to_string(), role }
}

/// The model with the settings that no tensor tells.
fn with_settings(mut model: Model, network: &Architecture) -> Model {
    let own = &mut model.architecture;
    (own.hops, own.norm_r, own.alpha, own.theta) = (network.hops, network.norm_r, network.alpha, network.theta);
    own.final_activation = network.final_activation;
    model
}

/// Runs the model, unpruned, and says what it gets.
fn fit(graph: &LoadedGraph, model: &LoadedModel, recipe: &Recipe, ctl: &Control) -> Result<FitCheck, JobError> {
    let (dataset, network) = (&graph.dataset, &model.model);
    let mut check =
        FitCheck { graph: dataset.name().to_owned(), model: model.name.clone(), misfit: None, scores: None };
    if let Err(why) = network.check_fits(dataset.features().width(), dataset.n_classes()) {
        check.misfit = Some(why.to_string());
        return Ok(check);
    }
    let Some(labels) = dataset.labels() else { return Ok(check) };
    ctl.progress("running the model", 0, 0);
    let recipe = fitted_to(recipe, &network.architecture);
    let logits = match forward_frozen(dataset, network, &recipe, None, None, &ctl.quiet()) {
        Ok(logits) => logits,
        Err(crate::engine::EngineError::Cancelled) => return Err(JobError::Cancelled),
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
    check.scores = Some(FitScores {
        split: split.name.clone(),
        metric: labels.metric(),
        val: Score::of(&logits, labels, &split.val).accuracy,
        test: Score::of(&logits, labels, &split.test).accuracy,
        expected: network.trained_on.as_ref().map(|t| (t.split.clone(), t.val_accuracy, t.test_accuracy)),
        largest_class: counts.into_iter().max().unwrap_or(0) as f64 / n_test as f64,
    });
    Ok(check)
}
