//! Is a bundle still true on a later graph? Holds it against one, and keeps the answer in its history.

use std::path::PathBuf;

use super::alike::{with_classes, with_columns};
use super::source::{check_named_files, unpruned_model};
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::graph::{ReadOptions, resolve_split};
use crate::engine::model::Model;
use crate::engine::monitor::{CheckInputs, Reference, ReferenceInputs, check, check_mode};
use crate::io::bundle::{Bundle, check_graph, graph_of, read_bundle};
use crate::io::checks::{
    CHECK_FORMAT, CheckRecord, KeptReference, append_check, arrived_since, hash_of_manifest, read_history,
    read_reference, write_reference,
};
use crate::io::{LoadError, MemoryBudget, escaped_path, read_graph_within};

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
    /// This check.
    pub(crate) record: CheckRecord,
    /// All checks of the bundle, oldest first, this one among them.
    pub(crate) history: Vec<CheckRecord>,
    /// Warnings of what was read.
    pub(crate) warnings: Vec<String>,
}

impl Task for CheckBundle {
    type Point = ();
    type Output = Checked;

    fn label(&self) -> String {
        format!("Check {}", escaped_path(&self.bundle))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Checked, TaskError> {
        // A history that is none is said before anything is computed.
        let mut history = if self.is_kept { read_history(&self.bundle)? } else { Vec::new() };
        let mut warnings = Vec::new();
        ctl.progress("reading the bundle", 0, 0);
        let bundle = read_bundle(&self.bundle)?;
        check_mode(&bundle.recipe)?;
        let baseline = self.model.as_deref().map(|spec| unpruned_model(&bundle, spec)).transpose()?;
        let known = self.first_graph(&bundle, baseline.as_ref(), &mut warnings, ctl)?;
        ctl.progress("reading the later graph", 0, 0);
        let options = later(&bundle.recipe.graph, self.labels.clone());
        let (now, report) = read_graph_within(&self.graph, &options, self.memory, ctl)?;
        warnings.extend(report.warnings);
        let now = with_columns(now, &report.columns, &known.columns, &mut warnings)?;
        let now = with_classes(now, &bundle.manifest.graph.class_names, &mut warnings)?;
        let masks = bundle.masks(&known.reference.snapshot.topology)?;
        let deltas: Vec<f64> =
            bundle.metrics.steps.iter().filter_map(|step| step.edges.as_ref()).map(|edges| edges.delta_asked).collect();
        let arrived = if self.is_kept { arrived_since(&bundle.path, &now)? } else { None };
        let inputs = CheckInputs {
            reference: &known.reference,
            now: &now,
            recipe: &bundle.recipe,
            model: &bundle.model,
            masks: &masks,
            baseline: baseline.as_ref(),
            deltas: &deltas,
            arrived: arrived.as_deref(),
        };
        let record = CheckRecord {
            format: CHECK_FORMAT.to_owned(),
            at: self.at,
            graph: self.graph,
            bundle_sha256: hash_of_manifest(&bundle.manifest),
            check: check(inputs, ctl)?,
        };
        if self.is_kept {
            match append_check(&bundle.path, record.clone(), &now) {
                Ok(whole) => history = whole,
                // The answer is there; a full disk or a folder of somebody else's must not take it away.
                Err(error) => {
                    warnings.push(format!("this check is not in the history: {error}"));
                    history.push(record.clone());
                }
            }
        } else {
            history.push(record.clone());
        }
        Ok(Checked { record, history, warnings })
    }
}

impl CheckBundle {
    /// What the check needs of the first graph: what is kept beside the bundle, or the graph itself, which is then read, run and kept.
    fn first_graph(
        &self,
        bundle: &Bundle,
        baseline: Option<&Model>,
        warnings: &mut Vec<String>,
        ctl: &Control,
    ) -> Result<KeptReference, TaskError> {
        ctl.progress("reading what is kept of the first graph", 0, 0);
        match read_reference(&bundle.path, &bundle.manifest) {
            // Another place was named: what lies there is looked at.
            Ok(Some(kept)) if self.reference.is_some() && kept.source != self.reference => {}
            // Before it, nobody named the unpruned model.
            Ok(Some(kept)) if baseline.is_some() && kept.reference.unpruned.is_none() => {}
            Ok(Some(kept)) => return Ok(kept),
            Ok(None) => {}
            Err(LoadError::Cancelled) => return Err(LoadError::Cancelled.into()),
            Err(error) => {
                warnings.push(format!("what was kept of the first graph is not used, and is made anew: {error}"));
            }
        }
        if !self.trusts_recipe {
            let way_out = "say where the first graph and its files are (--reference)";
            check_named_files(&bundle.recipe, &bundle.path, self.reference.as_deref(), way_out)?;
        }
        ctl.progress("reading the first graph", 0, 0);
        let (before, report) = graph_of(bundle, self.reference.as_deref(), self.memory, ctl)?;
        ctl.progress("checking the first graph", 0, 0);
        check_graph(bundle, &before)?;
        let split = resolve_split(&before, &bundle.recipe.split, bundle.recipe.seed).unwrap_or_default();
        ctl.progress("running on the first graph", 0, 0);
        let choices = bundle.baseline_choices();
        let inputs = ReferenceInputs {
            dataset: &before,
            recipe: &bundle.recipe,
            split: &split,
            model: &bundle.model,
            baseline,
            logits: &bundle.logits,
            baseline_logits: choices.as_ref(),
        };
        let columns = if report.columns.len() == before.features().width() { report.columns } else { Vec::new() };
        let reference = Reference::of(inputs, &ctl.quiet())?;
        let kept = KeptReference { source: self.reference.clone(), columns, reference };
        if self.is_kept
            && let Err(error) = write_reference(&bundle.path, &bundle.manifest, &kept)
        {
            warnings.push(format!("the first graph is read again next time: {error}"));
        }
        Ok(kept)
    }
}

/// How a later graph is read: as the first, but that files beside it are its own.
fn later(options: &ReadOptions, labels: Option<String>) -> ReadOptions {
    ReadOptions { feature_file: None, split_file: None, label_file: labels, ..options.clone() }
}
