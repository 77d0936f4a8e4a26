//! Every layer: what it keeps, and pictures of its masks.

use super::masks::{entries, weights};
use super::reported::Reported;
use super::say::{Say, change};
use crate::engine::model::StepKind;
use crate::io::bundle::StepMetrics;
use crate::io::printed::{Block, Column, Picture, Table};
use crate::session::format::{NONE, count, percent, seconds};

/// More pictures are not shown: a network of many layers would fill a book.
const MAX_PICTURES: usize = 12;
/// Entries of a larger graph would make a grey square.
const MAX_ENTRIES: usize = 5_000_000;

pub(super) fn appendix(of: &Reported, say: Say) -> Vec<Block> {
    let mut blocks = vec![
        Block::Appendix(say.text("report-layers")),
        Block::Table(table(of, say)),
        Block::Text(say.text("report-layers-say")),
    ];
    let drawn = pictures(of, say);
    if !drawn.is_empty() {
        blocks.push(Block::Heading(say.text("report-masks")));
        blocks.push(Block::Text(say.text("report-masks-say")));
        blocks.extend(drawn);
    }
    blocks
}

/// What a step is called.
pub(super) fn title(step: &StepMetrics, say: Say) -> String {
    let n = (step.idx + 1).to_string();
    match step.kind {
        StepKind::Hop => say.with("report-hop", &[("n", n.into())]),
        StepKind::Convolution => say.with("report-layer", &[("n", n.into())]),
        StepKind::Linear => say.with("report-linear", &[("n", n.into())]),
    }
}

fn table(of: &Reported, say: Say) -> Table {
    let none = || NONE.to_owned();
    let row = |step: &StepMetrics| {
        let (kept, removed) = step.edges.as_ref().map_or_else(
            || (none(), none()),
            |e| (format!("{} / {}", count(e.n_after as u64), count(e.n_entries as u64)), percent(e.sparsity)),
        );
        let (weights, gone) = step.weights.as_ref().map_or_else(
            || (none(), none()),
            |w| (format!("{} / {}", count(w.n_after as u64), count(w.n_weights as u64)), percent(w.sparsity)),
        );
        let all = step.macs.baseline().max(1) as f64;
        let operations = percent(1.0 - step.macs.pruned() as f64 / all);
        let error = step.relative_error.map_or_else(none, |error| format!("{error:.3}"));
        let time = step.baseline_secs.zip(step.pruned_secs);
        let time = time.map_or_else(none, |(before, after)| change(&seconds(before), &seconds(after)));
        let shape = format!("{} → {}", count(step.d_in as u64), count(step.d_out as u64));
        vec![title(step, say), shape, kept, removed, weights, gone, operations, error, time]
    };
    let number = |key: &str| (say.text(key), Column::Number);
    Table {
        caption: String::new(),
        columns: vec![
            (say.text("report-step"), Column::Text),
            number("report-width"),
            number("report-entries-kept"),
            number("report-entries-removed"),
            number("report-weights-kept"),
            number("report-weights-removed"),
            number("report-operations-removed"),
            number("report-error"),
            number("report-step-time"),
        ],
        rows: of.bundle.metrics.steps.iter().map(row).collect(),
        chosen: None,
    }
}

fn pictures(of: &Reported, say: Say) -> Vec<Block> {
    let bundle = &of.bundle;
    let graph_steps: Vec<&StepMetrics> = bundle.metrics.steps.iter().filter(|step| step.edges.is_some()).collect();
    let n_kept: usize = bundle.matrices.iter().map(|matrix| matrix.structure.n_entries()).sum();
    let mut pictures = Vec::new();
    if n_kept <= MAX_ENTRIES {
        for (step, raster) in graph_steps.iter().zip(entries(bundle)) {
            let removed = step.edges.as_ref().map_or(0.0, |edges| edges.sparsity);
            let caption = say.with(
                "report-entries-picture",
                &[("step", title(step, say).into()), ("removed", percent(removed).into())],
            );
            pictures.push(Block::Picture(Picture { caption, raster }));
        }
    }
    for (name, raster) in weights(bundle) {
        let (kept, removed) = raster.totals();
        let share = removed as f64 / (kept + removed).max(1) as f64;
        let caption = say.with("report-weights-picture", &[("name", name.into()), ("removed", percent(share).into())]);
        pictures.push(Block::Picture(Picture { caption, raster }));
    }
    pictures.truncate(MAX_PICTURES);
    pictures
}
