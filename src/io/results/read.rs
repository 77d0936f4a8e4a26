//! What a sweep and `stress` left behind, read again: as much of it as a report shows.

use std::path::Path;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{STRESS_FORMAT, SWEEP_FORMAT};
use crate::engine::experiment::{ComparePlan, CompareSummary, StressMasks, StressSummary};
use crate::engine::graph::Metric;
use crate::io::entrance;
use crate::io::file::read_whole;
use crate::io::report::LoadError;

/// Larger files of results are not read, bytes.
const MAX_RESULTS_BYTES: u64 = 256 << 20;

/// A sweep that was written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SweepRead {
    format: String,
    /// Name of the graph.
    pub graph: String,
    /// The model, for example `GCN 1433-512-7`.
    pub model: String,
    recipe: RecipeRead,
    /// Every point in the order of the grid.
    pub points: Vec<PointRead>,
    /// Positions of the points that no other beats in validation accuracy and operations at once.
    pub pareto: Vec<usize>,
    /// Other methods at the same shares, where they were asked for.
    #[serde(default)]
    pub comparison: Option<ComparisonRead>,
}

/// What of a recipe says what kind of results these are.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct RecipeRead {
    #[serde(default)]
    recovery: Option<IgnoredAny>,
}

/// One recipe of a sweep.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PointRead {
    /// Removed share of graph entries, `0..=1`.
    pub edge_sparsity: f64,
    /// Removed share of weights, `0..=1`.
    pub weight_sparsity: f64,
    /// What the accuracies are.
    #[serde(default)]
    pub metric: Metric,
    /// Of the pruned model on test nodes, `0..=1`; absent without labels.
    pub test_accuracy: Option<f64>,
    /// Of the unpruned model.
    #[serde(rename = "dense_test_accuracy")]
    pub baseline_test_accuracy: Option<f64>,
    /// Operations of the unpruned forward.
    #[serde(rename = "macs_dense")]
    pub macs_baseline: u64,
    /// Operations of the pruned forward.
    pub macs_pruned: u64,
}

/// Methods side by side.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ComparisonRead {
    /// What was compared.
    pub plan: ComparePlan,
    /// Every method at every share, on test nodes.
    pub summary: Vec<CompareSummary>,
}

/// What stress found, as it was written.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct StressRead {
    format: String,
    /// Name of the graph.
    pub graph: String,
    /// The model, for example `GCN 1433-512-7`.
    pub model: String,
    recipe: RecipeRead,
    /// What the accuracies are.
    pub metric: Metric,
    /// Whose masks the disturbed graphs had.
    pub masks: StressMasks,
    /// Every kind, recipe and level.
    pub summary: Vec<StressSummary>,
}

impl SweepRead {
    /// Whether accuracy was recovered.
    pub fn has_recovery(&self) -> bool {
        self.recipe.recovery.is_some()
    }
}

impl StressRead {
    /// Whether accuracy was recovered.
    pub fn has_recovery(&self) -> bool {
        self.recipe.recovery.is_some()
    }
}

/// Reads what `unifews sweep -o` wrote into `folder`.
///
/// # Errors
/// [`LoadError`] where there is no such file, or it is something else.
pub fn read_sweep(folder: &Path) -> Result<SweepRead, LoadError> {
    let read: SweepRead = read(folder, "results.json", "what unifews sweep -o wrote")?;
    known(folder, "results.json", &read.format, SWEEP_FORMAT)?;
    Ok(read)
}

/// Reads what `unifews stress -o` wrote into `folder`.
///
/// # Errors
/// [`LoadError`] where there is no such file, or it is something else.
pub fn read_stress(folder: &Path) -> Result<StressRead, LoadError> {
    let read: StressRead = read(folder, "stress.json", "what unifews stress -o wrote")?;
    known(folder, "stress.json", &read.format, STRESS_FORMAT)?;
    Ok(read)
}

fn read<T: DeserializeOwned>(folder: &Path, name: &str, expected: &str) -> Result<T, LoadError> {
    let path = folder.join(name);
    if !path.is_file() {
        return Err(LoadError::content(folder, name, format!("this file in the folder ({expected})"), "none"));
    }
    let bytes = entrance::enter(|| read_whole(&path, MAX_RESULTS_BYTES))?;
    serde_json::from_slice(&bytes).map_err(|error| LoadError::content(&path, "", expected, error))
}

fn known(folder: &Path, name: &str, found: &str, expected: &str) -> Result<(), LoadError> {
    if found == expected { Ok(()) } else { Err(LoadError::content(&folder.join(name), "format", expected, found)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::atomic::write_atomic;

    #[test]
    fn what_is_no_sweep_is_refused_with_what_was_expected() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = read_sweep(folder.path()).expect_err("nothing there").to_string();
        assert!(error.contains("what unifews sweep -o wrote") && error.contains("found none"), "{error}");
        for (text, says) in [
            ("{", "EOF"),
            ("{\"format\": 3}", "invalid type"),
            (
                r#"{"format":"unifews-sweep/9","graph":"","model":"","recipe":{},"points":[],"pareto":[]}"#,
                "unifews-sweep/9",
            ),
        ] {
            write_atomic(folder.path().join("results.json"), text.as_bytes()).expect("written");
            let error = read_sweep(folder.path()).expect_err("no sweep").to_string();
            assert!(error.contains(says), "{error}");
        }
        let error = read_stress(folder.path()).expect_err("a sweep is no stress").to_string();
        assert!(error.contains("stress.json"), "{error}");
    }
}
