//! The finished runs as a table with every number: for a file, and for the clipboard.

use super::command::FileWriter;
use super::run_groups::method_of;
use super::store::RunEntry;
use super::tasks::TaskError;
use super::words::Words;
use crate::engine::experiment::{PartScores, Run};
use crate::io::table::{Column, Table, TableForm};
use crate::io::{ExportError, with_known_ending};

/// One column of numbers.
type Number = (&'static str, fn(&Run) -> Option<f64>);

/// Of the parts that have labelled nodes.
fn known(part: &PartScores, of: fn(&PartScores) -> f64) -> Option<f64> {
    (part.pruned.n_nodes > 0).then(|| of(part))
}

/// Shares are shares, times seconds, sizes bytes.
const NUMBERS: [Number; 24] = [
    ("test_accuracy", |run| known(&run.evaluation.test, |part| part.pruned.accuracy)),
    ("test_low_95", |run| known(&run.evaluation.test, |part| part.pruned.low)),
    ("test_high_95", |run| known(&run.evaluation.test, |part| part.pruned.high)),
    ("test_accuracy_unpruned", |run| known(&run.evaluation.test, |part| part.baseline.accuracy)),
    ("validation_accuracy", |run| known(&run.evaluation.val, |part| part.pruned.accuracy)),
    ("validation_low_95", |run| known(&run.evaluation.val, |part| part.pruned.low)),
    ("validation_high_95", |run| known(&run.evaluation.val, |part| part.pruned.high)),
    ("validation_accuracy_unpruned", |run| known(&run.evaluation.val, |part| part.baseline.accuracy)),
    ("agreement", |run| Some(run.evaluation.agreement)),
    ("edges_removed", |run| Some(run.pruned.edge_sparsity())),
    ("weights_removed", |run| Some(run.pruned.weight_sparsity())),
    ("operations", |run| Some(run.pruned.macs().pruned() as f64)),
    ("operations_unpruned", |run| Some(run.pruned.macs().baseline() as f64)),
    ("bytes", |run| Some(run.size.sparse_bytes() as f64)),
    ("bytes_unpruned", |run| Some(run.size.dense_bytes() as f64)),
    ("seconds", |run| run.timing.as_ref().map(crate::engine::experiment::Timing::pruned_secs)),
    ("seconds_unpruned", |run| run.timing.as_ref().map(crate::engine::experiment::Timing::baseline_secs)),
    ("speedup", |run| run.timing.as_ref().map(|timing| timing.speedup().ratio)),
    ("speedup_low_95", |run| Some(run.timing.as_ref()?.speedup().interval?[0])),
    ("speedup_high_95", |run| Some(run.timing.as_ref()?.speedup().interval?[1])),
    ("threads", |run| run.timing.as_ref().map(|timing| timing.n_threads as f64)),
    ("certified_loss", |run| run.certificate.as_ref().filter(|c| c.holds()).map(|c| c.limit)),
    ("certified_level", |run| run.certificate.as_ref().filter(|c| c.holds()).map(|c| c.level)),
    ("seed", |run| Some(run.recipe.seed as f64)),
];

/// Every run in the order given, every column, full precision.
pub(super) fn table(runs: &[RunEntry]) -> Table {
    let mut table = Table::default();
    let deltas = |deltas: &[f64]| deltas.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let mut text = |name: &str, of: &dyn Fn(&RunEntry) -> String| {
        table.push(name, Column::Text(runs.iter().map(|entry| Some(of(entry))).collect()));
    };
    text("run", &|entry| entry.name.clone());
    text("note", &|entry| entry.note.clone());
    text("tags", &|entry| entry.tags.join(", "));
    text("pinned", &|entry| if entry.is_pinned { "yes" } else { "no" }.to_owned());
    text("graph", &|entry| entry.run.dataset.name().to_owned());
    text("network", &|entry| entry.run.model.title());
    text("edges_mode", &|entry| entry.run.recipe.edges.mode.key().to_owned());
    text("delta_a", &|entry| deltas(&entry.run.recipe.edges.delta));
    text("weights_mode", &|entry| entry.run.recipe.weights.mode.key().to_owned());
    text("delta_w", &|entry| deltas(&entry.run.recipe.weights.delta));
    text("recovered", &|entry| if entry.run.recipe.recovery.is_some() { "yes" } else { "no" }.to_owned());
    for (name, of) in NUMBERS {
        table.push(name, Column::Double(runs.iter().map(|entry| of(&entry.run)).collect()));
    }
    table.push("seconds_of_the_run", Column::Double(runs.iter().map(|entry| Some(entry.elapsed_secs)).collect()));
    // Behind the others, so that what reads columns by their place goes on.
    table.push("method", Column::Text(runs.iter().map(|entry| Some(method_of(&entry.run.recipe))).collect()));
    table
}

/// Writes the runs as CSV.
pub fn runs_writer(runs: &[&RunEntry], words: &Words) -> FileWriter {
    let runs: Vec<RunEntry> = runs.iter().map(|entry| (*entry).clone()).collect();
    FileWriter::new(words.text("runs-writer"), move |path, _| {
        let path = with_known_ending(path, &["csv"])?;
        let encoded = table(&runs).encode(TableForm::Csv);
        let bytes = encoded.map_err(|source| TaskError::Export(ExportError::io("write", &path, source)))?;
        Ok((path, bytes))
    })
}

/// The same with tabs between, as spreadsheets take it from the clipboard; tabs and line breaks within become spaces.
pub fn runs_as_text(runs: &[&RunEntry]) -> String {
    let runs: Vec<RunEntry> = runs.iter().map(|entry| (*entry).clone()).collect();
    table(&runs).tabbed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        let mut names: Vec<&str> = NUMBERS.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NUMBERS.len());
        let text = runs_as_text(&[]);
        assert!(text.starts_with("run\tnote\ttags\t") && text.lines().count() == 1, "{text}");
    }
}
