//! What a million predictions cost at a price that the reader sets.

use super::price::Price;
use super::reported::Reported;
use super::say::Say;
use crate::io::printed::{Block, Column, Table};
use crate::session::format::{count, seconds};

/// A million predictions with the unpruned and with the pruned model, one pass over the whole graph predicting every node; nothing where no
/// times were measured.
pub(super) fn cost(of: &Reported, price: &Price) -> Option<[f64; 2]> {
    let timing = of.bundle.metrics.timing.as_ref()?;
    let per_second = price.per_core_hour * timing.n_threads as f64 / 3600.0;
    let n_nodes = of.bundle.manifest.graph.n_nodes.max(1) as f64;
    Some([timing.baseline_secs, timing.pruned_secs].map(|secs| per_second * secs / n_nodes * 1e6))
}

/// The formula, and every number in it.
pub(super) fn cost_blocks(of: &Reported, price: Option<&Price>, say: Say) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(say.text("report-cost"))];
    let Some((price, timing)) = price.zip(of.bundle.metrics.timing.as_ref()) else {
        blocks.push(Block::Text(say.text("report-no-cost")));
        return blocks;
    };
    blocks.push(Block::Text(say.text("report-cost-formula")));
    let per_second = price.per_core_hour * timing.n_threads as f64 / 3600.0;
    let row = |name: String, n: usize, secs: [f64; 2]| {
        let cost = secs.map(|secs| price.currency.says(per_second * secs / n.max(1) as f64 * 1e6, say));
        let [before, after] = secs.map(seconds);
        let [cost_before, cost_after] = cost;
        vec![name, count(n as u64), before, after, cost_before, cost_after]
    };
    let whole = [timing.baseline_secs, timing.pruned_secs];
    let mut rows = vec![row(say.text("report-whole-graph"), of.bundle.manifest.graph.n_nodes, whole)];
    rows.extend(timing.requests.iter().map(|request| {
        let name = say.with("report-request", &[("nodes", count(request.n_nodes as u64).into())]);
        row(name, request.n_nodes, [request.baseline.median_secs, request.pruned.median_secs])
    }));
    let (core, threads) = (price.currency.says(price.per_core_hour, say), timing.n_threads.to_string());
    blocks.push(Block::Table(Table {
        caption: say.with("report-cost-caption", &[("price", core.into()), ("threads", threads.into())]),
        columns: vec![
            (say.text("report-what"), Column::Text),
            (say.text("report-predictions"), Column::Number),
            (say.text("report-time-before"), Column::Number),
            (say.text("report-time-after"), Column::Number),
            (say.text("report-cost-before"), Column::Number),
            (say.text("report-cost-after"), Column::Number),
        ],
        rows,
        chosen: None,
    }));
    blocks
}
