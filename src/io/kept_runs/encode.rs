//! Runs as a file's bytes.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::{ArrayBase, Data, Dimension};
use sha2::{Digest as _, Sha256};

use super::numbers::{Arrays, Content, EdgeArrays, Inputs, Numbers, array_name, line_of, of_split, to_bits};
use super::{KEPT_RUNS_FORMAT, KeptRun};
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::sparsify::WeightMask;
use crate::io::bundle::hash;
use crate::io::model::{TensorBytes, encode_tensors};
use crate::io::sha256;

/// Runs as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedRuns {
    /// The whole file.
    pub bytes: Vec<u8>,
    /// Positions of the runs that are not in it, ascending: with them its arrays would be larger than allowed.
    pub left_out: Vec<usize>,
}

/// Runs of one graph and one model as a file whose arrays take at most `most_bytes`: the largest runs are left out. The same runs give the
/// same bytes.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub fn encode_runs(runs: &[KeptRun], most_bytes: u64, ctl: &Control) -> Result<EncodedRuns, EngineError> {
    let mut from_small: Vec<usize> = (0..runs.len()).collect();
    from_small.sort_by_key(|at| n_bytes(&runs[*at].run));
    let mut shelf = Shelf::default();
    let mut numbers = BTreeMap::new();
    for (done, at) in from_small.into_iter().enumerate() {
        ctl.check()?;
        ctl.progress("results of runs", done, runs.len());
        let n_before = shelf.arrays.len();
        let of_run = shelf.numbers(&runs[at]);
        if shelf.n_bytes > most_bytes {
            shelf.take_back(n_before);
        } else if let Ok(value) = serde_json::to_value(of_run) {
            numbers.insert(at, value);
        }
    }
    let left_out = (0..runs.len()).filter(|at| !numbers.contains_key(at)).collect();
    ctl.check()?;
    let inputs = runs.first().map(|kept| inputs_of(&kept.run.dataset, &kept.run.model));
    let content = Content {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        inputs: inputs.unwrap_or(Inputs { graph: String::new(), labels: None, model: String::new() }),
        runs: numbers.into_values().collect(),
    };
    // Structs of strings and numbers always have a JSON form.
    let content = serde_json::to_string(&content).unwrap_or_default();
    let mut sum = Sha256::new();
    sum.update(content.as_bytes());
    shelf.arrays.iter().for_each(|array| sum.update(&array.bytes));
    let mut lines: Vec<String> = shelf.arrays.iter().map(|a| line_of(&a.name, a.dtype, &a.shape)).collect();
    lines.sort();
    sum.update(lines.concat());
    let sum = sha256::hexadecimal(&sum.finalize());
    let metadata = [("format", KEPT_RUNS_FORMAT.to_owned()), ("runs", content), ("sha256", sum)];
    let metadata = metadata.map(|(key, text)| (key.to_owned(), text)).into();
    Ok(EncodedRuns { bytes: encode_tensors(&shelf.arrays, &metadata), left_out })
}

/// What runs on a graph with a model belong to.
pub(super) fn inputs_of(dataset: &Dataset, model: &Model) -> Inputs {
    Inputs { graph: hash::of_graph(dataset), labels: hash::of_labels(dataset), model: hash::of_model(model) }
}

/// About what the arrays of a run take, bytes: from small to large is all that is asked.
fn n_bytes(run: &Run) -> usize {
    let masks = &run.pruned.masks;
    let entries = match (masks.edges.removed_at(), masks.edges.values()) {
        (Some(removed_at), _) => removed_at.len(),
        (None, values) => {
            let values = values.map_or(0, |values| values.steps.iter().map(|step| 4 * step.len()).sum());
            masks.edges.n_entries() * masks.edges.n_steps() / 8 + values
        }
    };
    let weights: usize = masks.weights.iter().map(|mask| mask.len() / 8).sum();
    let lists = run.pruned.steps.iter().filter_map(|step| step.edges.as_ref()).map(|edges| {
        let scores = edges.scores.as_ref().map_or(0, |list| list.len());
        let coefficients = edges.coefficients.as_ref().map_or(0, |list| list.len());
        let pushed = edges.pushed_share.as_ref().map_or(0, |list| list.len());
        4 * (edges.source_norms.len() + scores + coefficients + pushed)
    });
    let embedding = run.pruned.embedding.as_ref().map_or(0, |embedding| embedding.len());
    entries + weights + lists.sum::<usize>() + 4 * (2 * run.pruned.logits.len() + embedding)
}

/// Arrays of a file, each once.
#[derive(Default)]
struct Shelf {
    arrays: Vec<TensorBytes>,
    known: BTreeMap<(Vec<usize>, String), usize>,
    n_bytes: u64,
}

impl Shelf {
    fn put(&mut self, dtype: &'static str, shape: Vec<usize>, bytes: Vec<u8>) -> usize {
        let sum = sha256::of_bytes(&bytes);
        let next = self.arrays.len();
        let at = *self.known.entry((shape.clone(), format!("{dtype} {sum}"))).or_insert(next);
        if at == next {
            self.n_bytes += bytes.len() as u64;
            self.arrays.push(TensorBytes { name: array_name(next), dtype, shape, bytes });
        }
        at
    }

    fn take_back(&mut self, n_arrays: usize) {
        self.known.retain(|_, at| *at < n_arrays);
        self.n_bytes -= self.arrays.drain(n_arrays..).map(|array| array.bytes.len() as u64).sum::<u64>();
    }

    fn floats<S: Data<Elem = f32>, D: Dimension>(&mut self, values: &ArrayBase<S, D>) -> usize {
        self.put("F32", values.shape().to_vec(), values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn list(&mut self, values: &[f32]) -> usize {
        self.put("F32", vec![values.len()], values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    fn bits(&mut self, flags: impl ExactSizeIterator<Item = bool>) -> usize {
        let bits = to_bits(flags);
        self.put("U8", vec![bits.len()], bits)
    }

    fn numbers(&mut self, kept: &KeptRun) -> Numbers {
        let Run { recipe, split, pruned, evaluation, timing, bounds, hidden, certificate, .. } = kept.run.as_ref();
        let arrays = self.arrays_of(&kept.run);
        let certificate = kept.certificate.as_ref().or(certificate.as_ref());
        Numbers {
            recipe: recipe.clone(),
            is_preview: kept.is_preview,
            elapsed_secs: kept.elapsed_secs,
            split: of_split(split),
            steps: pruned.steps.clone(),
            evaluation: evaluation.clone(),
            bounds: bounds.iter().copied().map(Into::into).collect(),
            hidden: hidden.clone(),
            channels: pruned.channels.clone(),
            arrivals: pruned.arrivals,
            training: pruned.training,
            timing: timing.clone(),
            certificate: certificate.map(|certificate| certificate.as_ref().clone()),
            arrays,
        }
    }

    fn arrays_of(&mut self, run: &Run) -> Arrays {
        let pruned = &run.pruned;
        let mask = &pruned.masks.edges;
        let removed_at = mask.removed_at().map(|steps| self.put("U8", vec![steps.len()], steps.to_vec()));
        let mut arrays = Arrays { removed_at, ..Arrays::default() };
        if removed_at.is_none() {
            let of_step = |step| self.bits((0..mask.n_entries()).map(|k| mask.is_kept(k, step)));
            arrays.kept = (0..mask.n_steps()).map(of_step).collect();
        }
        arrays.entry_values = mask.values().map(|own| own.steps.iter().map(|values| self.floats(values)).collect());
        let weights = &pruned.masks.weights;
        arrays.weights = weights.iter().map(|mask| self.bits(mask.iter().copied())).collect();
        if !is_given_with_zeros(&pruned.model, &run.model, weights) {
            let parameters = &pruned.model.parameters;
            arrays.parameters = Some(parameters.iter().map(|parameter| self.floats(&parameter.values)).collect());
            let scaler = pruned.model.scaler.as_ref();
            arrays.scaler = scaler.map(|scaler| [self.floats(&scaler.mean), self.floats(&scaler.scale)]);
        }
        arrays.logits = self.floats(&pruned.logits);
        arrays.baseline = self.floats(run.baseline_logits.as_ref());
        arrays.embedding = pruned.embedding.as_ref().map(|embedding| self.floats(embedding.as_ref()));
        for step in &pruned.steps {
            let edges = step.edges.as_ref().map(|edges| EdgeArrays {
                source_norms: self.list(&edges.source_norms),
                scores: edges.scores.as_ref().map(|scores| self.list(scores)),
                coefficients: edges.coefficients.as_ref().map(|values| self.floats(values.as_ref())),
                pushed_share: edges.pushed_share.as_ref().map(|shares| self.list(shares)),
            });
            arrays.edges.push(edges);
            let lists = step.weights.iter().map(|w| [self.list(&w.thresholds), self.list(&w.column_norms)]);
            arrays.matrices.push(lists.collect());
        }
        arrays
    }
}

/// Whether a pruned model has the bits of the given one, and zeros where weights are removed.
fn is_given_with_zeros(pruned: &Model, given: &Model, masks: &[WeightMask]) -> bool {
    let bits = |model: &Model| {
        let tensors = model.state_dict().into_iter();
        tensors
            .map(|(name, t)| (name, t.iter().map(|v| v.to_bits()).collect()))
            .collect::<BTreeSet<(String, Vec<u32>)>>()
    };
    with_zeros(given, masks).is_some_and(|model| bits(&model) == bits(pruned))
}

/// The given model with zeros where weights are removed; `None` where masks are not of its weights.
pub(super) fn with_zeros(given: &Model, masks: &[WeightMask]) -> Option<Model> {
    let mut model = given.clone();
    if model.weights().count() != masks.len() {
        return None;
    }
    for (weight, mask) in model.weights_mut().zip(masks) {
        if weight.values.dim() != mask.dim() {
            return None;
        }
        weight.values.zip_mut_with(mask, |value, is_kept| {
            if !is_kept {
                *value = 0.0;
            }
        });
    }
    Some(model)
}
