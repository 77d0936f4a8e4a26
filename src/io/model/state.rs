//! What a container holds: tensors by name, and what becomes of them once they are all there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::dialect::{self, ModuleFacts, Origin, Refusal, Tensors, Unread};
use crate::engine::EngineError;
use crate::engine::model::{Activation, Aggregation, Architecture, InputLayer, Jumping, Model, Norm, Skip};
use crate::io::report::{ASSUMED, LoadError, LoadReport, OpenSetting};
use crate::io::text::shortened;

/// What a container holds.
#[derive(Debug)]
pub(super) struct State {
    pub(super) tensors: Tensors,
    /// What whole modules say about themselves; empty where a file has tensors alone.
    pub(super) modules: Vec<ModuleFacts>,
    pub(super) report: LoadReport,
    /// Tensors whose values cannot be read.
    pub(super) unread: Vec<Unread>,
}

/// Assumptions that a chosen reading may replace.
const RELU: &str = "ReLU between layers";
const MEAN: &str = "the mean of the neighbours";

/// A parameter's name is never longer, bytes.
pub(super) const LONGEST_NAME: usize = 1000;

impl State {
    /// Nothing so far.
    pub(super) fn new(report: LoadReport) -> Self {
        Self { tensors: Tensors::new(), modules: Vec::new(), report, unread: Vec::new() }
    }

    /// Takes a tensor over; one that cannot be read is remembered with the reason, and only an error that is not about its content
    /// ends the reading.
    pub(super) fn take(&mut self, name: &str, read: Result<ndarray::ArrayD<f32>, LoadError>) -> Result<(), LoadError> {
        if name.len() > LONGEST_NAME {
            self.report.ignored.push(format!("{} (a name of {} bytes)", shortened(name), name.len()));
            return Ok(());
        }
        match read {
            Ok(tensor) => drop(self.tensors.insert(name.to_owned(), tensor)),
            Err(error) => self.unread.push(Unread { name: shortened(name), reason: Refusal::of(error)? }),
        }
        Ok(())
    }

    /// Computes weights from their parts, multiplies masks in, and says so.
    pub(super) fn complete_weights(&mut self, path: &Path) -> Result<(), LoadError> {
        let refused = |refusal: Refusal| refusal.in_file(path);
        for (action, name) in dialect::compute_weights(&mut self.tensors).map_err(refused)? {
            self.report.fact(action, shortened(&name));
        }
        if dialect::are_masks_alone(&self.tensors) {
            let expected = "weights (load the state dict of the model that these masks belong to; masks that stand beside their weights, \
                            as torch.nn.utils.prune keeps them, are applied)";
            return Err(LoadError::content(path, "tensors", expected, "masks alone, zeros and ones"));
        }
        for name in dialect::apply_masks(&mut self.tensors).map_err(refused)? {
            self.report.fact("mask applied to", shortened(&name));
        }
        Ok(())
    }

    /// Recognises the network by its names.
    pub(super) fn into_model(mut self, path: &Path) -> Result<(Model, LoadReport), LoadError> {
        self.complete_weights(path)?;
        let Self { tensors, modules, mut report, unread } = self;
        let found = dialect::translate(tensors, &modules, unread).map_err(|refusal| refusal.in_file(path))?;
        let (model, unused) = Model::from_state_dict(&found.architecture, found.tensors)
            .map_err(|error| LoadError::invalid(path, in_names_of_file(error, &found.origins, &found.layers)))?;
        report.fact("layers", found.dialect);
        for (action, names) in found.done {
            report.fact(action, names.join(", "));
        }
        if !found.stated.is_empty() {
            report.fact("the file says", found.stated.join(", "));
        }
        // What the modules say is no assumption.
        let is_told = |what: &str| match what {
            RELU => found.settings.contains("activation"),
            MEAN => found.settings.contains("aggregation"),
            _ => false,
        };
        for assumed in found.assumed.into_iter().filter(|what| !is_told(what)) {
            report.fact(ASSUMED, assumed);
        }
        found.doubtful.into_iter().for_each(|reading| report.doubt(reading));
        warn_about_settings(&model.architecture, &found.stated, &mut report);
        if let [first, ..] = &unused[..] {
            // The names were known one by one, and yet the network has no place for this.
            let expected = format!("the tensors of {}", model.title());
            let first = found.origins.get(first).map_or(first, |origin| &origin.file);
            return Err(LoadError::content(
                path,
                format!("tensor {}", shortened(first)),
                expected,
                "one that it has no place for",
            ));
        }
        if !found.unused.is_empty() {
            let names = found.unused.join(", ");
            report.warnings.push(format!("tensors that are part of no known layer are left out: {names}"));
            report.ignored.extend(found.unused);
        }
        for unread in found.unread {
            report.warnings.push(format!("a tensor that cannot be read is left out: {unread}"));
            report.ignored.push(unread);
        }
        report.open = open_settings(&model, &found.settings, found.leaves_aggregation_open);
        if let Some(line) = left_open(&report.open) {
            report.fact("left open", line);
        }
        describe(&model, &mut report);
        Ok((model, report))
    }
}

/// The settings in words: what was taken, and what else it may be.
fn left_open(open: &[OpenSetting]) -> Option<String> {
    let of_one = |setting: &OpenSetting| {
        let [taken, others @ ..] = &setting.choices[..] else { return String::new() };
        format!("{} {taken} taken, may be {}", setting.name, others.join(", "))
    };
    (!open.is_empty()).then(|| {
        let all = open.iter().map(of_one).collect::<Vec<_>>().join("; ");
        format!("{all} (--reading {}=… says it, or the menus of the import report)", open[0].name)
    })
}

/// What names and shapes leave open of a network, `told` aside.
fn open_settings(model: &Model, told: &BTreeSet<&'static str>, leaves_aggregation_open: bool) -> Vec<OpenSetting> {
    let shape = &model.architecture;
    let inner: Vec<usize> = (0..shape.layers).filter(|l| shape.goes_on(*l)).collect();
    let has_activation = !inner.is_empty() || shape.has("inner_norm");
    let has = |part: &str| model.position(part).is_some();
    let norms = if has("bns.0.weight") { "bns.0" } else { "norms.0" };
    let is_affine = has(&format!("{norms}.weight")) && !has(&format!("{norms}.running_mean"));
    let propagates = shape.n_graph_steps() > 0 && !shape.is_decoupled();
    let mut open = Vec::new();
    // What was taken first, then the others in their order.
    fn choices<T: Copy + PartialEq>(all: &[T], taken: T, key: impl Fn(T) -> String) -> Vec<String> {
        let others = all.iter().copied().filter(|choice| *choice != taken);
        [taken].into_iter().chain(others).map(key).collect()
    }
    let mut add = |name: &'static str, choices: Vec<String>| {
        if shape.has(name) && !told.contains(name) && choices.len() > 1 {
            open.push(OpenSetting { name, choices });
        }
    };
    if !inner.is_empty() && propagates && shape.norm != Norm::Batch && shape.norm != Norm::Graph {
        let with_tensors = [Norm::Layer, Norm::LayerGraph, Norm::Instance];
        let without = [Norm::None, Norm::Instance, Norm::Pair, Norm::PairWidth, Norm::MeanSubtraction, Norm::GraphSize];
        let all = if is_affine { &with_tensors[..] } else { &without[..] };
        add("norm", choices(all, shape.norm, Norm::key));
    }
    if shape.layers > 1 && matches!(shape.jumping, Jumping::Last | Jumping::Max | Jumping::Sum) {
        add("jumping", choices(&[Jumping::Last, Jumping::Max, Jumping::Sum], shape.jumping, Jumping::key));
    }
    let is_as_wide = |l: &usize| *l > 0 || shape.input_layer != InputLayer::None || model.d_in() == shape.hidden;
    let plain = [Skip::None, Skip::Residual, Skip::ResidualBeforeActivation];
    if inner.iter().any(is_as_wide) && plain.contains(&shape.skip) {
        add("skip", choices(&plain, shape.skip, Skip::key));
    }
    if shape.input_layer != InputLayer::None {
        add("input_layer", choices(&[InputLayer::Activated, InputLayer::Linear], shape.input_layer, InputLayer::key));
    }
    if leaves_aggregation_open {
        add("aggregation", choices(Aggregation::ALL, shape.aggregation, Aggregation::key));
    }
    // Structure first: under a wrong one no activation is right.
    if has_activation && shape.activation != Activation::Prelu {
        let all: Vec<Activation> = Activation::ALL.iter().copied().filter(|a| *a != Activation::Prelu).collect();
        add("activation", choices(&all, shape.activation, Activation::key));
    }
    open
}

/// An error about one of our tensors, in the names and the orientation of the file.
fn in_names_of_file(
    error: EngineError,
    origins: &BTreeMap<String, Origin>,
    layers: &BTreeMap<String, String>,
) -> EngineError {
    match error {
        EngineError::Mismatch { what, expected, found } => {
            if let Some(origin) = what.strip_prefix("shape of ").and_then(|ours| origins.get(ours)) {
                let turned = |text: String| if origin.is_turned { reversed(&text) } else { text };
                return EngineError::mismatch(
                    format!("shape of {}", shortened(&origin.file)),
                    turned(expected),
                    turned(found),
                );
            }
            let layer = layers.iter().find_map(|(ours, file)| Some((expected.strip_prefix(ours.as_str())?, file)));
            match layer {
                Some((part, file)) if what == "model tensors" => EngineError::mismatch(
                    format!("layer {}", shortened(file)),
                    format!("a tensor for its {part}"),
                    found,
                ),
                _ => EngineError::Mismatch { what, expected, found },
            }
        }
        EngineError::NotFinite { what, found } => {
            let what = origins.get(&what).map_or(what, |origin| shortened(&origin.file));
            EngineError::NotFinite { what, found }
        }
        other => other,
    }
}

/// A list of lengths the other way round; any other text as it is.
fn reversed(text: &str) -> String {
    let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return text.to_owned() };
    let lengths: Vec<&str> = inner.split(", ").collect();
    format!("[{}]", lengths.into_iter().rev().collect::<Vec<_>>().join(", "))
}

/// The counts that every model's report ends with.
pub(super) fn describe(model: &Model, report: &mut LoadReport) {
    report.fact("model", model.title()).fact("parameters", model.n_parameters());
    let (n_zero, n_weights) = model.weights().fold((0usize, 0usize), |(zero, all), weight| {
        (zero + weight.values.iter().filter(|w| **w == 0.0).count(), all + weight.values.len())
    });
    if n_zero > 0 {
        report.fact("weights that are 0", format!("{n_zero} of {n_weights}"));
    }
    if let Some(trained_on) = &model.trained_on {
        report.fact("trained on", format!("{}, split {}", trained_on.graph, trained_on.split));
    }
}

/// Says which settings of the architecture no tensor tells.
fn warn_about_settings(architecture: &Architecture, stated: &[String], report: &mut LoadReport) {
    let mut assumed: Vec<String> = Vec::new();
    for (name, value) in [
        ("hops", architecture.hops.to_string()),
        ("norm_r", architecture.norm_r.to_string()),
        ("alpha", architecture.alpha.to_string()),
        ("theta", architecture.theta.to_string()),
    ] {
        let is_stated = stated.iter().any(|text| text.split(' ').next() == Some(name));
        if architecture.has(name) && !is_stated {
            assumed.push(format!("{name} {value}"));
        }
    }
    if !assumed.is_empty() {
        let assumed = assumed.join(", ");
        report.doubt(format!("the file does not say how the graph is used: {assumed} assumed"));
    }
}
