//! What was measured, one line of JSON each, beside the page: a run that was stopped goes on where it was.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lines::{beside, write_lines};
use crate::engine::experiment::{TruthScore, TruthShares, TruthWay};
use crate::engine::model::Family;
use crate::io::{LoadError, read_text};
use crate::session::tasks::TaskError;

/// Name and version of a line's form.
pub(super) const LINES_FORMAT: &str = "unifews-truth/1";
/// Longer files are not ours, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// Which model a line is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TruthModel {
    /// Name of the graph.
    pub(super) graph: String,
    /// Its nodes and entries, since several graphs go by one name.
    pub(super) n_nodes: usize,
    pub(super) n_entries: usize,
    /// As it is called, for example `GCN 1433-512-7`.
    pub(super) model: String,
    pub(super) family: Family,
    pub(super) epochs: usize,
    pub(super) split: String,
    pub(super) seed: u64,
    /// Whether the test nodes are new to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) inductive: bool,
    /// Whether its features are columns of a table, which were standardised.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) standardised: bool,
}

/// One model pruned one way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TruthLine {
    /// Always [`LINES_FORMAT`].
    pub(super) format: String,
    #[serde(flatten)]
    pub(super) of: TruthModel,
    pub(super) way: TruthWay,
    /// What was asked for.
    pub(super) shares: TruthShares,
    #[serde(flatten)]
    pub(super) score: TruthScore,
    /// Wall time of deciding masks and fitting, seconds.
    pub(super) secs: f64,
    /// Wall time of training the model, seconds; the same on all its lines.
    pub(super) train_secs: f64,
    pub(super) n_threads: usize,
}

/// The lines of a file.
#[derive(Debug)]
pub(super) struct TruthLines {
    path: PathBuf,
    pub(super) all: Vec<TruthLine>,
}

impl TruthLines {
    /// Those beside the page `output`, as far as there are any.
    ///
    /// # Errors
    /// [`TaskError::Wrong`] for a page of the lines' own name, [`LoadError`] for a file of that name that is something else.
    pub(super) fn beside(output: &Path) -> Result<Self, TaskError> {
        let path = beside(output)?;
        let text = if path.exists() { read_text(&path, MAX_BYTES)? } else { String::new() };
        let mut all = Vec::new();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let fault = |found: String| LoadError::content(&path, format!("line {}", at + 1), LINES_FORMAT, found);
            let line: TruthLine = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
            if line.format != LINES_FORMAT {
                return Err(fault(line.format).into());
            }
            all.push(line);
        }
        Ok(Self { path, all })
    }

    /// Whether a model was pruned this way already.
    pub(super) fn has(&self, of: &TruthModel, way: TruthWay, shares: TruthShares) -> bool {
        self.all.iter().any(|line| line.of == *of && line.way == way && line.shares == shares)
    }

    /// Takes a line in and writes the file, whole or not at all.
    pub(super) fn add(&mut self, line: TruthLine) -> Result<(), TaskError> {
        self.all.push(line);
        write_lines(&self.path, self.all.iter())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::io::atomic::write_atomic;

    /// A line with these numbers.
    pub(in crate::session::tasks::reproduce) fn line(seed: u64, way: TruthWay, shares: &str, pruned: f64) -> TruthLine {
        TruthLine {
            format: LINES_FORMAT.to_owned(),
            of: TruthModel {
                graph: "cora".to_owned(),
                n_nodes: 4,
                n_entries: 9,
                model: "GCN 3-8-2".to_owned(),
                family: Family::Gcn,
                epochs: 5,
                split: format!("seed{seed}"),
                seed,
                inductive: way.is_inductive(),
                standardised: false,
            },
            way,
            shares: shares.parse().expect("shares"),
            score: TruthScore {
                edge_sparsity: 0.901,
                weight_sparsity: 0.9,
                accuracy: [0.88, pruned],
                auc: None,
                agreement: 0.97,
            },
            secs: 1.5,
            train_secs: 20.0,
            n_threads: 2,
        }
    }

    #[test]
    fn lines_are_kept_read_again_and_another_file_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let page = folder.path().join("truth.md");
        let mut lines = TruthLines::beside(&page).expect("nothing there");
        assert!(lines.all.is_empty());
        let first = line(41, TruthWay::OneShot, "90/90", 0.877);
        lines.add(first.clone()).expect("written");
        lines.add(line(42, TruthWay::Published, "97.5/95", 0.5)).expect("written");
        let again = TruthLines::beside(&page).expect("ours");
        assert_eq!(again.all, lines.all);
        assert!(again.has(&first.of, TruthWay::OneShot, first.shares));
        assert!(!again.has(&first.of, TruthWay::Distilled, first.shares));
        let other = TruthModel { epochs: 6, ..first.of.clone() };
        assert!(!again.has(&other, TruthWay::OneShot, first.shares), "trained longer, it is another model");
        let path = folder.path().join("truth.jsonl");
        for wrong in
            ["{\"a\": 1}\n".to_owned(), std::fs::read_to_string(&path).expect("ours").replace("truth/1", "truth/9")]
        {
            write_atomic(&path, wrong.as_bytes()).expect("written");
            let error = TruthLines::beside(&page).expect_err("not ours").to_string();
            assert!(error.contains("line 1") && error.contains(LINES_FORMAT), "{error}");
        }
        let error = TruthLines::beside(&path).expect_err("one name for both").to_string();
        assert!(error.starts_with("--output: expected another ending than .jsonl"), "{error}");
    }
}
