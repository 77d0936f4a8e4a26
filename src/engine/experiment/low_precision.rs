//! A finished pruned model in low precision: weights, values of entries and embeddings stored in fewer bits, as the recipe asks, over the masks
//! of the run; what that changes, and what it takes.
//!
//! Masks, recovery and the logits of the run are those of 32-bit floats. What is timed is in `run.rs`, in turn with the others.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;
use super::logits::{difference, scaled_embedding};
use super::size::{ModelSize, csr_bytes, csr_bytes_as};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::kernels::{Rows, ValueType};
use crate::engine::model::Model;
use crate::engine::model::exec::infer::{forward, infer};
use crate::engine::model::exec::policy::{Policy as _, WeightAt};
use crate::engine::sparsify::calibrate::{PickedRows, calibrated_scales, calibration_rows};
use crate::engine::sparsify::masked_inference::{MaskedInference, WithProducts};
use crate::engine::sparsify::{Masks, Pruned, Recipe, StoredAs, StoredWeights};

/// What low precision saves, and what it changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LowPrecision {
    /// What is stored as what.
    #[serde(default = "StoredAs::halved_embeddings")]
    pub stored_as: StoredAs,
    /// Largest difference of any logit from the pruned model's with 32-bit floats.
    pub largest_difference: f64,
    /// `‖Z_low - Z‖_F / ‖Z‖_F` of the logits.
    pub relative_error: f64,
    /// Scores of the pruned model with 32-bit floats (as `baseline`) and in low precision (as `pruned`), and how far they agree.
    pub evaluation: Evaluation,
    /// Model and graphs as they are stored in files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Bytes>,
    /// Weights and lists of entries as they lay in memory while passes were timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bytes>,
}

/// Bytes of the same in three forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bytes {
    /// Unpruned, as 32-bit floats.
    #[serde(rename = "dense")]
    pub baseline: u64,
    /// Pruned, as 32-bit floats.
    pub pruned: u64,
    /// Pruned, in low precision.
    pub low: u64,
}

impl LowPrecision {
    /// How `logits` differ from those of the pruned model.
    pub(super) fn of(
        stored_as: StoredAs,
        (dataset, split): (&Dataset, &Split),
        pruned: &Array2<f32>,
        logits: &Array2<f32>,
    ) -> Self {
        let (largest_difference, relative_error) = difference(logits, pruned);
        let labels = dataset.labels().cloned().unwrap_or_default();
        let evaluation = Evaluation::of(&labels, split, pruned, logits, None);
        Self { stored_as, largest_difference, relative_error, evaluation, disk: None, memory: None }
    }
}

/// The weights of a pruned model stored as `values`; the scales of int8 are those that change least what its training nodes feed every matrix,
/// or all nodes where none train.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(super) fn stored_weights(
    (dataset, recipe, split): (&Dataset, &Recipe, &Split),
    pruned: &Pruned,
    values: ValueType,
    ctl: &Control,
) -> Result<StoredWeights, EngineError> {
    let model = &*pruned.model;
    if values != ValueType::Int8 {
        return Ok(StoredWeights::new(model, values));
    }
    let rows = calibration_rows(&split.train, dataset.n_nodes());
    let mut scales: Vec<Vec<f32>> = vec![Vec::new(); model.parameters.iter().filter(|p| p.is_matrix()).count()];
    let product = |inference: &mut MaskedInference, weight: WeightAt<'_>, x: Rows<'_>, ctl: &Control| {
        scales[weight.matrix] = calibrated_scales(weight.values, PickedRows::of(x, &rows).rows(), ctl)?;
        inference.transform(weight, x, x, ctl)
    };
    if let Some(embedding) = &pruned.embedding {
        let scaled = scaled_embedding(embedding, model, ctl)?;
        let inference = MaskedInference::weights_only();
        let input = Rows::Dense(scaled.view());
        infer(&model.program(), model, input, &mut WithProducts { inference, product }, ctl)?;
    } else {
        let inference = MaskedInference::pruned(dataset, recipe, &pruned.masks.edges, None, None, ctl)?;
        let mut policy = WithProducts { inference, product };
        forward(&model.program(), model, dataset.features(), &mut policy, ctl)?;
    }
    let plain = StoredWeights::new(model, values);
    let mut all = scales.into_iter();
    Ok(StoredWeights::with_scales(model, values, |weight| match all.next() {
        // A matrix that nothing is multiplied with, as attention's once its coefficients are fitted.
        Some(scales) if scales.len() == weight.values.ncols() => scales,
        _ => plain.of(&weight.name).1.to_vec(),
    }))
}

/// Runs a pruned model over its masks with weights as they are stored, and entries and embeddings as `stored_as` says.
///
/// `embedding` is that of mass mode. Whoever runs it, on any number of threads: the same bits.
///
/// # Errors
/// [`EngineError::Mismatch`], [`EngineError::Cancelled`].
pub fn low_precision_forward(
    dataset: &Dataset,
    recipe: &Recipe,
    (masks, embedding): (&Masks, Option<&Array2<f32>>),
    weights: &StoredWeights,
    stored_as: StoredAs,
    ctl: &Control,
) -> Result<Array2<f32>, EngineError> {
    let model: &Model = &weights.model;
    let storage = weights.matrices.clone();
    if let Some(embedding) = embedding {
        let scaled = scaled_embedding(embedding, model, ctl)?;
        let mut policy =
            MaskedInference::weights_only().in_low_precision(ValueType::F32, storage, stored_as.embeddings);
        return infer(&model.program(), model, Rows::Dense(scaled.view()), &mut policy, ctl);
    }
    let policy = MaskedInference::pruned(dataset, recipe, &masks.edges, None, None, ctl)?;
    let mut policy = policy.in_low_precision(stored_as.entries, storage, stored_as.embeddings);
    forward(&model.program(), model, dataset.features(), &mut policy, ctl)
}

/// The model of a run in low precision: its weights, and its logits.
#[derive(Debug)]
pub struct LowRun {
    /// As they are stored.
    pub weights: StoredWeights,
    /// `[n_nodes, n_classes]`
    pub logits: Array2<f32>,
    /// What it changes, and its bytes on disk.
    pub precision: LowPrecision,
}

impl LowRun {
    /// Of a pruned model whose recipe asks for it.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn of_pruned(
        (dataset, recipe, split): (&Dataset, &Recipe, &Split),
        pruned: &Pruned,
        ctl: &Control,
    ) -> Result<Option<Self>, EngineError> {
        let Some(stored_as) = recipe.stored_as() else { return Ok(None) };
        let weights = stored_weights((dataset, recipe, split), pruned, stored_as.weights, ctl)?;
        let given = (&pruned.masks, pruned.embedding.as_deref());
        let logits = low_precision_forward(dataset, recipe, given, &weights, stored_as, ctl)?;
        let mut precision = LowPrecision::of(stored_as, (dataset, split), &pruned.logits, &logits);
        precision.disk = Some(disk_bytes(dataset.n_nodes(), pruned, &weights, stored_as));
        Ok(Some(Self { weights, logits, precision }))
    }
}

/// What the tensors of a model and the graphs of its steps take in files.
fn disk_bytes(n: usize, pruned: &Pruned, weights: &StoredWeights, stored_as: StoredAs) -> Bytes {
    let f32 = ModelSize::of(&pruned.model, ValueType::F32);
    let mut bytes = Bytes {
        baseline: f32.dense_bytes(),
        pruned: f32.sparse_bytes(),
        low: ModelSize::stored(weights).sparse_bytes(),
    };
    for edges in pruned.steps.iter().filter_map(|step| step.edges.as_ref()) {
        bytes.baseline += csr_bytes(n, edges.n_entries);
        bytes.pruned += csr_bytes(n, edges.n_after);
        bytes.low += csr_bytes_as(n, edges.n_after, stored_as.entries);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::options::RunOptions;
    use super::super::rounding::low_run;
    use super::super::run::run;
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::kernels::Precision;
    use crate::engine::model::{Architecture, Family};
    use crate::engine::sparsify::{EdgeMode, PrecisionRule, RecoveryRule};

    fn stored(weights: ValueType, entries: ValueType, embeddings: Precision) -> StoredAs {
        StoredAs { weights, entries, embeddings }
    }

    #[test]
    fn every_family_in_low_precision_is_near_and_the_same_on_any_number_of_threads() {
        let [one, three] = [1, 3].map(|n| Control::new(n).expect("workers"));
        let shape = PowerLaw { n_nodes: 120, n_entries: 700, n_features: 24, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &one).expect("a graph").shared();
        let recovered = [(Family::Gat, true), (Family::Gcn, true)];
        for (family, recovers) in Family::ALL.into_iter().map(|family| (family, false)).chain(recovered) {
            let mut shape = Architecture { hidden: 16, ..Architecture::new(family) };
            shape.hops = shape.hops.min(3);
            let model = Arc::new(Model::init(&shape, 24, 4, 5));
            let mut recipe = Recipe { model: shape, ..Recipe::default() };
            (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.4]);
            recipe.weights.delta = vec![0.8];
            recipe.recovery = recovers.then(RecoveryRule::default);
            for entries in ValueType::ALL {
                recipe.precision = PrecisionRule { weights: ValueType::Int8, entries };
                recipe.propagation.embeddings = Precision::Bf16;
                let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &one).expect("a run");
                let low = low_run(&run, &one).expect("not cancelled").expect("asked for");
                let again = low_run(&run, &three).expect("not cancelled").expect("asked for");
                let same = low.logits.iter().zip(&again.logits).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{family:?}: bits do not depend on threads");
                let error = low.precision.relative_error;
                assert!(error > 0.0 && error < 0.1, "{family:?} {entries:?}: {error}");
                // With 32-bit floats nothing changes, on the way that low precision takes.
                let given = (&run.pruned.masks, None);
                let plain = StoredWeights::new(&run.pruned.model, ValueType::F32);
                let f32 = stored(ValueType::F32, ValueType::F32, Precision::F32);
                let logits = low_precision_forward(&dataset, &run.recipe, given, &plain, f32, &three).expect("logits");
                let same = logits.iter().zip(&run.pruned.logits).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{family:?}: the old bits");
                let disk = low.precision.disk.expect("counted");
                assert!(disk.low < disk.pruned, "{family:?}: {disk:?}");
            }
        }
    }

    #[test]
    fn what_earlier_versions_measured_was_of_halved_embeddings() {
        let ctl = Control::new(1).expect("a worker");
        let dataset = power_law_communities(&PowerLaw { n_nodes: 60, n_entries: 200, ..PowerLaw::default() }, &ctl);
        let dataset = dataset.expect("a graph").shared();
        let shape = Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&shape, dataset.features().width(), dataset.n_classes(), 5));
        let mut recipe = Recipe { model: shape, ..Recipe::default() };
        recipe.precision.weights = ValueType::F16;
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
        let low = low_run(&run, &ctl).expect("not cancelled").expect("asked for").precision;
        let mut value = serde_json::to_value(&low).expect("JSON");
        assert_eq!(serde_json::from_value::<LowPrecision>(value.clone()).expect("read"), low);
        let keys = value.as_object_mut().expect("an object");
        keys.remove("stored_as");
        keys.remove("disk");
        let old: LowPrecision = serde_json::from_value(value).expect("read");
        assert_eq!(old.stored_as, StoredAs::halved_embeddings());
    }
}
