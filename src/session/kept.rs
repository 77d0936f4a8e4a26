//! What a project keeps beside inputs, recipe and runs: trials, and what only an autosave adds.
//!
//! Every key is optional. What cannot be read of a trial is left out, and the rest is used: a point of another version, a number that JSON
//! has no word for.

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::engine::experiment::{
    ComparePlan, ComparePoint, SensitivityPoint, StressMasks, StressPlan, StressPoint, SweepGrid, SweepPoint,
};
use crate::engine::sparsify::Recipe;
use crate::engine::train::EpochRecord;
use crate::io::results::LeftOut;

/// Points of the trade-off view, and the curves of the last training.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct KeptTrials {
    /// Version of the program that computed them. Another version shows none of them.
    pub program: String,
    /// The sweep.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub sweep: Option<KeptSweep>,
    /// The comparison of methods.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub comparison: Option<KeptComparison>,
    /// The layers one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub layers: Option<KeptLayers>,
    /// Other sweeps of the same grid and recipe, over other layers or all: the maps by layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "readable")]
    pub other_sweeps: Vec<KeptSweep>,
    /// The disturbed graphs.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub stress: Option<KeptStress>,
    /// The last training that was done.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub training: Option<KeptTraining>,
}

/// A sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptSweep {
    /// What is tried.
    pub grid: SweepGrid,
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// The one layer, from 0, whose thresholds are replaced; absent: those of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer: Option<usize>,
    /// Points that came.
    #[serde(deserialize_with = "readable")]
    pub points: Vec<SweepPoint>,
    /// Points that were marked, by their index in the grid.
    #[serde(default)]
    pub compared: Vec<usize>,
    /// Whether all points came.
    pub is_complete: bool,
}

/// A comparison of methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptComparison {
    /// What is compared.
    pub plan: ComparePlan,
    /// The recipe whose rules are replaced.
    pub base: Recipe,
    /// Points that came.
    #[serde(deserialize_with = "readable")]
    pub points: Vec<ComparePoint>,
    /// Whether all points came.
    pub is_complete: bool,
}

/// Layers one at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptLayers {
    /// The recipe whose thresholds are replaced.
    pub base: Recipe,
    /// Points asked for.
    pub n_points: usize,
    /// Points that came.
    #[serde(deserialize_with = "readable")]
    pub points: Vec<SensitivityPoint>,
    /// Whether all points came.
    pub is_complete: bool,
}

/// Disturbed graphs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptStress {
    /// Points asked for.
    pub n_points: usize,
    /// Whose masks they have.
    pub masks: StressMasks,
    /// Points that came.
    #[serde(deserialize_with = "readable")]
    pub points: Vec<StressPoint>,
    /// What was asked for, where all points came.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "if_readable")]
    pub whole: Option<WholeStress>,
}

/// What stress was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WholeStress {
    /// The recipe.
    pub recipe: Recipe,
    /// What was tried.
    pub plan: StressPlan,
    /// What was not, and why.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
}

/// A training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptTraining {
    /// What was trained, for people.
    pub label: String,
    /// Epochs asked for.
    pub n_epochs: usize,
    /// Epochs done.
    #[serde(deserialize_with = "readable")]
    pub epochs: Vec<EpochRecord>,
    /// Whether it came to its end.
    pub is_complete: bool,
}

/// What only an autosave has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Autosaved {
    /// When it was written, seconds since 1970 in UTC.
    pub at: u64,
    /// Name of the graph, for people.
    pub graph_name: String,
    /// Name of the model, for people.
    pub model_name: String,
    /// The project's file, once there was one.
    pub project: Option<PathBuf>,
    /// Whether something had changed since the project was saved.
    pub is_changed: bool,
    /// The file beside this one with a model that has no file of its own.
    pub model_file: Option<String>,
    /// Whether that model is the pruned one of a bundle.
    pub is_of_bundle: bool,
    /// What the window keeps for itself: where its panes stand.
    pub window: Option<String>,
}

/// What can be read of a list.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let values = Vec::<serde_json::Value>::deserialize(from)?;
    Ok(values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect())
}

/// A part, where it can be read.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Option<T>, D::Error> {
    Ok(serde_json::from_value(serde_json::Value::deserialize(from)?).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_that_cannot_be_read_is_left_out_and_no_other() {
        let points =
            vec![SweepPoint { idx: 0, ..SweepPoint::default() }, SweepPoint { idx: 1, ..SweepPoint::default() }];
        let base = Recipe::default();
        let sweep =
            KeptSweep { grid: SweepGrid::default(), base, layer: None, points, compared: vec![1], is_complete: true };
        let trials = KeptTrials { program: "1".to_owned(), sweep: Some(sweep.clone()), ..KeptTrials::default() };
        let mut value = serde_json::to_value(&trials).expect("JSON");
        assert_eq!(serde_json::from_value::<KeptTrials>(value.clone()).expect("readable"), trials);
        // As a loss that is no number would be written.
        value["sweep"]["points"][0]["val_accuracy"] = serde_json::Value::Null;
        value["layers"] = serde_json::json!({ "points": 3 });
        let back: KeptTrials = serde_json::from_value(value).expect("readable");
        assert_eq!(back.sweep.expect("a sweep").points, sweep.points[1..]);
        assert_eq!(back.layers, None);
    }
}
