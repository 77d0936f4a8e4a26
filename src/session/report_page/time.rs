//! Times in full: the whole graph, and requests for a few nodes.

use super::decision::{claim_key, shown};
use super::reported::Reported;
use super::say::Say;
use crate::engine::timing::Speedup;
use crate::io::printed::{Block, Column, Table};
use crate::session::format::{count, seconds};

pub(super) fn time_blocks(of: &Reported, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(say.text("report-time"))];
    let Some(timing) = &of.bundle.metrics.timing else {
        blocks.push(Block::Text(say.text("report-fact-no-time")));
        return blocks;
    };
    let row = |name: String, n: usize, [before, after]: [f64; 2], speedup: Speedup| {
        let says = say.with(
            "report-speedup-says",
            &[("time", claim_key(Some(&speedup)).into()), ("factor", shown(&speedup).into())],
        );
        let interval = say.ratio_interval(speedup.interval);
        vec![name, seconds(before), seconds(after), says, interval, count(n as u64)]
    };
    let whole = [timing.baseline_secs, timing.pruned_secs];
    let mut rows = vec![row(say.text("report-whole-graph"), timing.n_repeats, whole, timing.speedup())];
    rows.extend(timing.requests.iter().map(|request| {
        let name = say.with("report-request", &[("nodes", count(request.n_nodes as u64).into())]);
        let secs = [request.baseline.median_secs, request.pruned.median_secs];
        row(name, request.n_requests, secs, request.speedup())
    }));
    blocks.push(Block::Table(Table {
        caption: say.text("report-time-caption"),
        columns: vec![
            (say.text("report-what"), Column::Text),
            (say.text("report-time-before"), Column::Number),
            (say.text("report-time-after"), Column::Number),
            (say.text("report-speedup"), Column::Number),
            (say.text("report-ratio-interval"), Column::Number),
            (say.text("report-measured"), Column::Number),
        ],
        rows,
        chosen: None,
    }));
    blocks
}
