//! What decides of nodes that arrive (`new_nodes.safetensors`): where the budget cut, how sure known nodes are, degrees, and the unpruned model.
//!
//! ```text
//! metadata       format: unifews-new-nodes/1
//! degree         F64 [nodes]   sum of a row's weights; without weights its length
//! cut            F32 [steps]   decided by norms: the threshold in force
//!                              by confidence: least key that stays in a row; infinite: none, negatively infinite: all
//! by confidence alone:
//! certainty      F64 [nodes]   1 - H / ln C of the unpruned model's answer, 0 to 1
//! unpruned.NAME  F32           tensors of the unpruned model that are not those of model.safetensors
//! ```
//! What else the rule is made of stands in the manifest (`new_nodes`). Absent where the recipe has no rule for nodes that arrive.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ndarray::{ArrayD, IxDyn};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};

use super::names;
use crate::engine::EngineError;
use crate::engine::control::Control;
use crate::engine::diffusion::Matrix;
use crate::engine::experiment::{ArrivalRule, ArrivalWay, Links, NewNodesRule, Run, arrival_way, can_arrive, row_sum};
use crate::engine::model::Model;
use crate::engine::sparsify::Recipe;
use crate::io::model::{TensorBytes, encode_tensors};
use crate::io::report::LoadError;

/// Name and version of the metadata.
const FORMAT: &str = "unifews-new-nodes/1";
/// What names of unpruned tensors begin with.
const UNPRUNED: &str = "unpruned.";

/// How nodes that arrive are decided of, beside what its file holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArrivalsNote {
    /// The file.
    pub file: String,
    /// By what entries are decided.
    pub decided_by: ArrivalWay,
    /// Exponent of `T = D^(r-1) Ā D^(-r)`; absent where entries are those of `Ā`.
    pub norm_r: Option<f64>,
    /// Whether an edge counts both ways, as every entry of the graph has its reverse.
    pub both_ways: bool,
    /// Whether a node that arrives hears itself, as every node of the graph does.
    pub self_loops: bool,
    /// Whether edges have weights.
    pub weighted: bool,
    /// Entries that a row keeps whatever they are worth.
    pub least_per_node: usize,
    /// Whether a step chooses among what the one before kept.
    pub nested: bool,
    /// Whether a row keeps its sum.
    pub keeps_sum: bool,
    /// Whether a node may have several classes.
    pub several_classes: bool,
}

/// Whether a run's bundle has a rule for nodes that arrive.
pub(super) fn has_rule(run: &Run) -> bool {
    run.pruned.embedding.is_none() && can_arrive(&run.recipe, &run.pruned.model.program()).is_ok()
}

/// The note and the file of a run whose recipe has a rule.
///
/// # Errors
/// [`EngineError::Cancelled`], or as the unpruned model.
pub(super) fn encode(run: &Run, ctl: &Control) -> Result<(ArrivalsNote, Vec<u8>), EngineError> {
    let Run { dataset, model, recipe, .. } = run;
    let rule = NewNodesRule::of(run, ctl)?;
    let n = dataset.n_nodes();
    let numbers = |name: &str, values: &mut dyn Iterator<Item = f64>| TensorBytes {
        name: name.to_owned(),
        dtype: "F64",
        shape: vec![n],
        bytes: values.flat_map(f64::to_le_bytes).collect(),
    };
    let floats = |name: String, shape: Vec<usize>, values: &mut dyn Iterator<Item = f32>| TensorBytes {
        name,
        dtype: "F32",
        shape,
        bytes: values.flat_map(f32::to_le_bytes).collect(),
    };
    let row_rule = match &rule {
        NewNodesRule::Confidence(rule) => Some(rule),
        NewNodesRule::Norms(_) => None,
    };
    let mut tensors = vec![numbers("degree", &mut (0..n).map(|u| row_sum(dataset, u)))];
    tensors.extend(row_rule.map(|rule| numbers("certainty", &mut rule.certainty.iter().copied())));
    tensors.push(floats("cut".to_owned(), vec![rule.cuts().len()], &mut rule.cuts().iter().copied()));
    if row_rule.is_some() {
        for (name, tensor) in unpruned(model, &run.pruned.model) {
            tensors.push(floats(format!("{UNPRUNED}{name}"), tensor.shape().to_vec(), &mut tensor.iter().copied()));
        }
    }
    let metadata = BTreeMap::from([("format".to_owned(), FORMAT.to_owned())]);
    let links = Links::of(dataset);
    let note = ArrivalsNote {
        file: names::NEW_NODES.to_owned(),
        decided_by: if row_rule.is_some() { ArrivalWay::Confidence } else { ArrivalWay::Norms },
        norm_r: norm_r(recipe),
        both_ways: links.both_ways,
        self_loops: links.own,
        weighted: dataset.edge_weights().is_some(),
        least_per_node: row_rule.map_or(0, |rule| rule.least_per_node),
        nested: row_rule.is_none_or(|rule| rule.is_nested),
        keeps_sum: row_rule.is_some_and(|rule| rule.keeps_sum),
        several_classes: row_rule.is_some_and(|rule| rule.is_multi),
    };
    Ok((note, encode_tensors(&tensors, &metadata)))
}

fn norm_r(recipe: &Recipe) -> Option<f64> {
    match recipe.matrix() {
        Matrix::Normalised(r) => Some(r),
        Matrix::Adjacency => None,
    }
}

/// The tensors of `model` that `pruned` has otherwise.
fn unpruned(model: &Model, pruned: &Model) -> BTreeMap<String, ArrayD<f32>> {
    let after = pruned.state_dict();
    let is_same = |name: &String, tensor: &ArrayD<f32>| {
        let bits = |tensor: &ArrayD<f32>| tensor.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        after.get(name).is_some_and(|after| after.shape() == tensor.shape() && bits(after) == bits(tensor))
    };
    model.state_dict().into_iter().filter(|(name, tensor)| !is_same(name, tensor)).collect()
}

/// The rule that a file and its note hold, for a bundle of so many nodes whose pruned model is `pruned`.
///
/// # Errors
/// [`LoadError::Content`] naming the tensor and what is wrong with it, [`LoadError::Invalid`].
pub(super) fn decode(
    bytes: &[u8],
    path: &Path,
    note: &ArrivalsNote,
    (recipe, pruned): (&Recipe, &Model),
    n_nodes: usize,
) -> Result<NewNodesRule, LoadError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|error| LoadError::content(path, "whole file", "safetensors", error))?;
    let (_, header) =
        SafeTensors::read_metadata(bytes).map_err(|error| LoadError::content(path, "header", "safetensors", error))?;
    let format = header.metadata().as_ref().and_then(|all| all.get("format"));
    if format.is_none_or(|format| format != FORMAT) {
        let found = format.map_or_else(|| "none".to_owned(), Clone::clone);
        return Err(LoadError::content(path, "format", FORMAT, found));
    }
    let vector = |name: &str, dtype: Dtype, n: usize| {
        let expected = format!("{dtype:?} of shape [{n}]");
        let fault = |found: String| LoadError::content(path, format!("tensor {name}"), expected.clone(), found);
        let tensor = file.tensor(name).map_err(|_missing| fault("none".to_owned()))?;
        if tensor.dtype() != dtype || tensor.shape() != [n] {
            return Err(fault(format!("{:?} of shape {:?}", tensor.dtype(), tensor.shape())));
        }
        Ok(tensor.data())
    };
    let doubles = |name: &str, expected: &str, holds: &dyn Fn(f64) -> bool| {
        let bytes = vector(name, Dtype::F64, n_nodes)?;
        let values: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
        match values.iter().find(|value| !holds(**value)) {
            Some(found) => Err(LoadError::content(path, format!("tensor {name}"), expected, found)),
            None => Ok(values),
        }
    };
    doubles("degree", "finite numbers of at least 0", &|value| value.is_finite() && value >= 0.0)?;
    let cuts = floats_of(vector("cut", Dtype::F32, recipe.model.n_graph_steps())?);
    if cuts.iter().any(|cut| cut.is_nan()) {
        return Err(LoadError::content(path, "tensor cut", "numbers", "NaN"));
    }
    let differs = || LoadError::content(path, "manifest.json, new_nodes", "what the recipe says", "others");
    let way = arrival_way(recipe).map_err(|error| LoadError::invalid(path, error))?;
    if way != note.decided_by || norm_r(recipe).map(f64::to_bits) != note.norm_r.map(f64::to_bits) {
        return Err(differs());
    }
    if way == ArrivalWay::Norms {
        return Ok(NewNodesRule::Norms(cuts));
    }
    let certainty = doubles("certainty", "numbers from 0 to 1", &|value| (0.0..=1.0).contains(&value))?;
    let unpruned = read_unpruned(&file, path, pruned)?;
    let rule = ArrivalRule::from_recorded(recipe, (cuts, certainty), note.several_classes, Arc::new(unpruned))
        .map_err(|error| LoadError::invalid(path, error))?;
    // The script reads the note, the program the recipe.
    let of_recipe = (rule.least_per_node, rule.is_nested, rule.keeps_sum);
    if of_recipe != (note.least_per_node, note.nested, note.keeps_sum) {
        return Err(differs());
    }
    Ok(NewNodesRule::Confidence(rule))
}

fn floats_of(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// The pruned model with the tensors of the unpruned one put back.
fn read_unpruned(file: &SafeTensors<'_>, path: &Path, pruned: &Model) -> Result<Model, LoadError> {
    let mut tensors = pruned.state_dict();
    for (stored, view) in file.iter() {
        let Some(name) = stored.strip_prefix(UNPRUNED) else { continue };
        let fault =
            |expected: String, found: String| LoadError::content(path, format!("tensor {stored}"), expected, found);
        let Some(tensor) = tensors.get_mut(name) else {
            return Err(fault("a tensor of the model".to_owned(), "none of that name".to_owned()));
        };
        if view.dtype() != Dtype::F32 || view.shape() != tensor.shape() {
            let found = format!("{:?} of shape {:?}", view.dtype(), view.shape());
            return Err(fault(format!("F32 of shape {:?}", tensor.shape()), found));
        }
        *tensor = ArrayD::from_shape_vec(IxDyn(view.shape()), floats_of(view.data()))
            .map_err(|error| fault("a tensor".to_owned(), error.to_string()))?;
    }
    let (model, _) =
        Model::from_state_dict(&pruned.architecture, tensors).map_err(|error| LoadError::invalid(path, error))?;
    Ok(model)
}
