//! Is a bundle still true on a later graph? Holds it against one, and keeps the answer in its history.

use std::path::PathBuf;

use super::source::{check_named_files, unpruned_model};
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, Labels, ReadOptions, resolve_split};
use crate::engine::monitor::{CheckInputs, check};
use crate::io::bundle::{check_graph, graph_of, read_bundle};
use crate::io::checks::{CHECK_FORMAT, CheckRecord, append_check, arrived_since, hash_of_manifest, read_history};
use crate::io::{MemoryBudget, escaped_path, read_graph_within};

/// A bundle and a later graph.
#[derive(Debug)]
pub(crate) struct CheckBundle {
    pub(crate) bundle: PathBuf,
    /// The graph that it was made from, where it is not at the place that the bundle names.
    pub(crate) reference: Option<String>,
    /// Whether files that its recipe names are read wherever they lie.
    pub(crate) trusts_recipe: bool,
    /// The later one, as it is named.
    pub(crate) graph: String,
    /// A file with its labels.
    pub(crate) labels: Option<String>,
    /// The unpruned model, as it is named.
    pub(crate) model: Option<String>,
    /// Whether the check goes into the history of the bundle.
    pub(crate) is_kept: bool,
    /// When it is, seconds since 1970.
    pub(crate) at: u64,
    pub(crate) memory: MemoryBudget,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checked {
    /// All checks of the bundle, oldest first; the last is this one.
    pub(crate) history: Vec<CheckRecord>,
    /// Warnings of what was read.
    pub(crate) warnings: Vec<String>,
}

impl Checked {
    /// This check.
    pub(crate) fn record(&self) -> Option<&CheckRecord> {
        self.history.last()
    }
}

impl Task for CheckBundle {
    type Point = ();
    type Output = Checked;

    fn label(&self) -> String {
        format!("Check {}", escaped_path(&self.bundle))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Checked, TaskError> {
        let Self { bundle, reference, trusts_recipe, graph, labels, model, is_kept, at, memory } = self;
        let mut history = if is_kept { read_history(&bundle)? } else { Vec::new() };
        ctl.progress("reading the bundle", 0, 0);
        let bundle = read_bundle(&bundle)?;
        if !trusts_recipe {
            let way_out = "say where the first graph and its files are (--reference)";
            check_named_files(&bundle.recipe, &bundle.path, reference.as_deref(), way_out)?;
        }
        ctl.progress("reading the graph", 0, 0);
        let before = graph_of(&bundle, reference.as_deref(), memory, ctl)?.0;
        ctl.progress("checking the graph", 0, 0);
        check_graph(&bundle, &before)?;
        ctl.progress("reading the later graph", 0, 0);
        let (now, report) = read_graph_within(&graph, &later(&bundle.recipe.graph, labels), memory, ctl)?;
        let mut warnings = report.warnings;
        let now = with_classes(now, &bundle.manifest.graph.class_names, &mut warnings)?;
        let baseline = model.map(|spec| unpruned_model(&bundle, &spec)).transpose()?;
        let masks = bundle.masks(before.topology())?;
        let split = resolve_split(&before, &bundle.recipe.split, bundle.recipe.seed).unwrap_or_default();
        let deltas: Vec<f64> =
            bundle.metrics.steps.iter().filter_map(|step| step.edges.as_ref()).map(|edges| edges.delta_asked).collect();
        let choices = bundle.baseline_choices();
        let arrived = if is_kept { arrived_since(&bundle.path, &now)? } else { None };
        let inputs = CheckInputs {
            before: &before,
            now: &now,
            recipe: &bundle.recipe,
            split: &split,
            model: &bundle.model,
            masks: &masks,
            logits_before: &bundle.logits,
            baseline_before: choices.as_ref(),
            baseline: baseline.as_ref(),
            deltas: &deltas,
            arrived: arrived.as_deref(),
        };
        let found = check(inputs, ctl)?;
        let record = CheckRecord {
            format: CHECK_FORMAT.to_owned(),
            at,
            graph,
            bundle_sha256: hash_of_manifest(&bundle.manifest),
            check: found,
        };
        history.push(record);
        if is_kept && let Err(error) = append_check(&bundle.path, &history, &now) {
            // The answer is there; a full disk or a folder of somebody else's must not take it away.
            warnings.push(format!("this check is not in the history: {error}"));
        }
        Ok(Checked { history, warnings })
    }
}

/// How a later graph is read: as the first, but that files beside it are its own.
fn later(options: &ReadOptions, labels: Option<String>) -> ReadOptions {
    ReadOptions { feature_file: None, split_file: None, label_file: labels, ..options.clone() }
}

/// The same graph with its classes numbered as the bundle's: by their names, where both have some. Those that the bundle does not know come
/// behind, so that no answer is right there.
fn with_classes(now: Dataset, names: &[String], warnings: &mut Vec<String>) -> Result<Dataset, TaskError> {
    let Some(labels) = now.labels().filter(|labels| labels.tags().is_none() && !labels.names.is_empty()) else {
        return Ok(now);
    };
    if names.is_empty() || labels.names == names {
        return Ok(now);
    }
    let mut all = names.to_vec();
    let place = |name: &String, all: &mut Vec<String>| {
        all.iter().position(|known| known == name).unwrap_or_else(|| {
            all.push(name.clone());
            all.len() - 1
        }) as u32
    };
    let of: Vec<u32> = labels.names.iter().map(|name| place(name, &mut all)).collect();
    let classes = labels.classes().iter().map(|class| of.get(*class as usize).copied().unwrap_or(*class)).collect();
    if all.len() > names.len() {
        warnings.push(format!(
            "classes that the model does not know, so that no answer is right there: {}",
            all[names.len()..].join(", ")
        ));
    }
    let mut parts = now.to_parts();
    let mut labels = Labels::new(classes);
    labels.names = all;
    parts.labels = Some(labels);
    Ok(Dataset::try_new(parts)?)
}
