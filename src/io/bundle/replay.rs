//! Runs a bundle again and compares every bit.

use ndarray::Array2;
use serde::Serialize;

use super::matrix::{Extras, StepMatrix};
use super::read::Bundle;
use super::{hash, names};
use crate::engine::control::Control;
use crate::engine::experiment::{ValueType, low_precision_forward, masked_forward, rounded_entries};
use crate::engine::graph::{Dataset, ReadOptions};
use crate::engine::score::predictions;
use crate::engine::sparsify::edges::OperatorSource;
use crate::engine::sparsify::{Masks, NodesAre, StoredAs, StoredWeights};
use crate::io::load::read_graph_within;
use crate::io::memory::MemoryBudget;
use crate::io::report::{LoadError, LoadReport};

/// What running a bundle again gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Logits compared.
    pub n_logits: usize,
    /// Logits whose bits differ.
    pub n_different: usize,
    /// Largest difference between two logits.
    pub max_abs_difference: f32,
    /// Values of the edge files compared with the graph's diffusion matrix; attention and fitted values, which it does not have, are not.
    pub n_edge_values: usize,
    /// Values of the edge files whose bits differ.
    pub n_edge_values_different: usize,
    /// The same with the weights of `model_sparse.safetensors`; absent in bundles of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse: Option<SparseReplay>,
    /// The same in low precision; absent where the bundle has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub low: Option<LowReplay>,
}

/// What running a bundle in low precision gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LowReplay {
    /// What is stored as what.
    pub stored_as: StoredAs,
    /// Logits whose bits differ from `logits_low.npy`.
    pub n_different: usize,
    /// Largest difference between two logits.
    pub max_abs_difference: f32,
    /// Share of the nodes whose largest logit is of the same class as with 32-bit floats, `0..=1`.
    pub agreement: f64,
}

/// What running a bundle with its sparse weights gave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SparseReplay {
    /// What weight matrices are stored as.
    pub values: ValueType,
    /// Logits whose bits differ from `logits.npy`: none with f32.
    pub n_different: usize,
    /// Largest difference between two logits.
    pub max_abs_difference: f32,
    /// Share of the nodes whose largest logit is of the same class, `0..=1`.
    pub agreement: f64,
}

impl ReplayReport {
    /// Whether every logit and every edge value has the same bits; with sparse weights, too, where they are not rounded, and in low precision.
    pub fn is_identical(&self) -> bool {
        let is_same = |sparse: &SparseReplay| sparse.values != ValueType::F32 || sparse.n_different == 0;
        self.n_different == 0
            && self.n_edge_values_different == 0
            && self.sparse.as_ref().is_none_or(is_same)
            && self.low.is_none_or(|low| low.n_different == 0)
    }
}

/// Runs `bundle` on `dataset`, the graph it was made from, and compares the logits with those it was exported with.
///
/// # Errors
/// [`LoadError::Content`] with both hashes when it is another graph, [`LoadError::Cancelled`].
pub fn replay(bundle: &Bundle, dataset: &Dataset, ctl: &Control) -> Result<ReplayReport, LoadError> {
    let path = &bundle.path;
    ctl.progress("checking the graph", 0, 0);
    check_graph(bundle, dataset)?;
    let topology = dataset.topology();
    let masks = bundle.masks(topology)?;
    let operators = OperatorSource::new(dataset, &bundle.recipe);
    let (mut n_edge_values, mut n_edge_values_different) = (0, 0);
    for (step, matrix) in bundle.matrices.iter().enumerate() {
        ctl.check().map_err(|_cancelled| LoadError::Cancelled)?;
        if matrix.coefficients.is_some() || masks.edges.values_of(step).is_some() {
            // Attention comes out of the forward pass, and fitted values stand in these files alone; the logits answer for both.
            continue;
        }
        let identity = bundle.recipe.edges.identity;
        let values = operators.values(&masks.edges, step);
        let again = StepMatrix::of_mask(topology, &values, &masks.edges, step, identity, Extras::default());
        n_edge_values += again.values.len();
        n_edge_values_different += n_different(&again.values, &matrix.values);
    }
    ctl.progress("running the bundle", 0, 0);
    let logits = masked_forward(dataset, &bundle.model, &bundle.recipe, Some(&masks), bundle.embedding.as_ref(), ctl)
        .map_err(|error| LoadError::invalid(path, error))?;
    if logits.dim() != bundle.logits.dim() {
        let found = format!("{:?}", bundle.logits.dim());
        return Err(LoadError::content(path, names::LOGITS, format!("shape {:?}", logits.dim()), found));
    }
    let low = low_replay(bundle, dataset, &masks, ctl)?;
    let sparse = match (&bundle.stored, &bundle.manifest.model.sparse) {
        (Some(StoredWeights { model, .. }), Some(note)) => {
            let embedding = bundle.embedding.as_ref();
            // Those of low precision go with it alone.
            let is_low = bundle.recipe.stored_as().is_some_and(|stored_as| stored_as.entries != ValueType::F32);
            let kind = note.entry_values.as_ref().filter(|_| !is_low).map(|_| note.entries());
            let edges = kind.and_then(|kind| rounded_entries(&masks.edges, topology, kind));
            let rounded = edges.map(|edges| Masks { edges, weights: masks.weights.clone() });
            let masks = rounded.as_ref().unwrap_or(&masks);
            let logits = masked_forward(dataset, model, &bundle.recipe, Some(masks), embedding, ctl)
                .map_err(|error| LoadError::invalid(path, error))?;
            let (n_different, max_abs_difference) = differences(&logits, &bundle.logits);
            let agreement = agreement(&logits, &bundle.logits);
            Some(SparseReplay { values: note.values, n_different, max_abs_difference, agreement })
        }
        _ => None,
    };
    let (n_different, max_abs_difference) = differences(&logits, &bundle.logits);
    let n_logits = bundle.logits.len();
    Ok(ReplayReport { n_logits, n_different, max_abs_difference, n_edge_values, n_edge_values_different, sparse, low })
}

/// Runs the model in low precision again, from the weights of the sparse file, where the bundle has one.
fn low_replay(
    bundle: &Bundle,
    dataset: &Dataset,
    masks: &Masks,
    ctl: &Control,
) -> Result<Option<LowReplay>, LoadError> {
    let (Some(note), Some(expected)) = (&bundle.manifest.model.low, &bundle.logits_low) else { return Ok(None) };
    let stored_as = note.stored_as;
    if bundle.recipe.stored_as() != Some(stored_as) {
        let asked = bundle.recipe.stored_as().map_or_else(|| "nothing".to_owned(), |asked| asked.to_string());
        return Err(LoadError::content(&bundle.path, "manifest.json, model.low", asked, stored_as));
    }
    let weights = match &bundle.stored {
        Some(stored) if stored_as.weights != ValueType::F32 && stored.values == stored_as.weights => stored.clone(),
        _ if stored_as.weights == ValueType::F32 => StoredWeights::new(&bundle.model, ValueType::F32),
        _ => {
            let expected = format!("weights as {}", stored_as.weights.key());
            return Err(LoadError::content(&bundle.path, names::MODEL_SPARSE, expected, "others"));
        }
    };
    let given = (masks, bundle.embedding.as_ref());
    let logits = low_precision_forward(dataset, &bundle.recipe, given, &weights, stored_as, ctl)
        .map_err(|error| LoadError::invalid(&bundle.path, error))?;
    let (n_different, max_abs_difference) = differences(&logits, expected);
    let agreement = agreement(expected, &bundle.logits);
    Ok(Some(LowReplay { stored_as, n_different, max_abs_difference, agreement }))
}

/// Share of the nodes whose largest logit is of the same class.
fn agreement(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let n_same = predictions(a).iter().zip(predictions(b)).filter(|(a, b)| *a == b).count();
    n_same as f64 / b.nrows().max(1) as f64
}

/// How many logits differ in their bits, and by how much at most.
fn differences(a: &Array2<f32>, b: &Array2<f32>) -> (usize, f32) {
    // A difference that is not a number stays seen: `f32::max` would pass it over.
    let pairs = || a.iter().zip(b).filter(|(a, b)| a.to_bits() != b.to_bits());
    (pairs().count(), pairs().map(|(a, b)| (a - b).abs()).fold(0.0, |most: f32, d| if d <= most { most } else { d }))
}

/// Reads the graph that `bundle` was made from: at `graph`, or where the bundle says; what its files hold is not told in an error.
///
/// # Errors
/// [`LoadError`]; where the graph is no more at the place that the bundle names, the message names the way out.
pub fn graph_of(
    bundle: &Bundle,
    graph: Option<&str>,
    memory: impl Into<MemoryBudget>,
    ctl: &Control,
) -> Result<(Dataset, LoadReport), LoadError> {
    let note = &bundle.manifest.graph;
    let source = graph.unwrap_or(&note.source);
    // A bundle from elsewhere can name any file as its graph, or as a part of it.
    let named = bundle.recipe.graph.files_beyond(&ReadOptions::default());
    let named: Vec<&str> = named.into_iter().chain(graph.is_none().then_some(note.source.as_str())).collect();
    match read_graph_within(source, &bundle.recipe.graph, memory, ctl).map_err(|error| error.without_contents(&named)) {
        Err(LoadError::Io { source: reason, .. }) if graph.is_none() => {
            let without = if note.features_left_out { ", which was written without the node features" } else { "" };
            let place = format!("graph of the bundle{without}");
            let expected = "the graph that it was made from (unifews replay BUNDLE --graph PATH says where it is)";
            Err(LoadError::content(source.as_ref(), place, expected, reason))
        }
        result => result,
    }
}

/// Checks that `dataset` is the graph that `bundle` was made from.
///
/// # Errors
/// [`LoadError::Content`] with both hashes when it is another.
pub(crate) fn check_graph(bundle: &Bundle, dataset: &Dataset) -> Result<(), LoadError> {
    let found = hash::of_graph(dataset);
    if found != bundle.manifest.graph.sha256 {
        let mut expected = format!("{} (SHA-256 {})", bundle.manifest.graph.name, bundle.manifest.graph.sha256);
        match bundle.recipe.recovery.as_ref().map(|rule| rule.nodes_are) {
            Some(NodesAre::Static) => expected.push_str(
                ", on which its values were fitted (this bundle is static: for another graph, or with new nodes, prune again on that graph)",
            ),
            Some(NodesAre::New) => expected.push_str(
                ", whose entries its masks name (this bundle is for new nodes: once they have arrived, prune the model that it was made of \
                 on the graph with them by its recipe, which asks the unpruned model nothing about them)",
            ),
            None => {}
        }
        let found = format!("{} (SHA-256 {found})", dataset.name());
        return Err(LoadError::content(&bundle.path, "graph", expected, found));
    }
    Ok(())
}

/// How many values differ in their bits; those that only one side has differ too.
fn n_different(a: &[f32], b: &[f32]) -> usize {
    a.len().abs_diff(b.len()) + a.iter().zip(b).filter(|(a, b)| a.to_bits() != b.to_bits()).count()
}
