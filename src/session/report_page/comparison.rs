//! Several bundles side by side.

use super::cost::cost;
use super::decision::{claim_key, shown, smaller};
use super::reported::{ReportOptions, Reported};
use super::say::{Say, limit, times};
use crate::io::bundle::TimingMetrics;
use crate::io::printed::{Block, Column, Table};
use crate::session::format::{NONE, percent};

/// One line for every bundle.
pub(super) fn comparison(bundles: &[Reported], options: &ReportOptions, say: Say) -> Vec<Block> {
    let none = || NONE.to_owned();
    let row = |of: &Reported| {
        let (metrics, manifest) = (&of.bundle.metrics, &of.bundle.manifest);
        let scored = of.scored();
        let share = |score: Option<f64>| score.map_or_else(none, percent);
        let certificate = of.bundle.certificate.as_ref();
        let certified = match certificate {
            Some(certificate) if certificate.holds() => {
                say.with("report-fact-certified", &[("points", limit(certificate.limit).into())])
            }
            Some(certificate) => say.with("report-fact-not-certified", &[("points", limit(certificate.limit).into())]),
            None => none(),
        };
        let speedup = metrics.timing.as_ref().map(TimingMetrics::speedup);
        let time = speedup.map_or_else(none, |speedup| {
            let (key, factor) = (claim_key(Some(&speedup)), shown(&speedup));
            say.with("report-speedup-says", &[("time", key.into()), ("factor", factor.into())])
        });
        let size = metrics.size.as_ref().map_or_else(none, |size| {
            let factor = times(smaller(size.model_dense_bytes, size.model_sparse_bytes));
            say.with("report-smaller", &[("factor", factor.into())])
        });
        let mut cells = vec![
            of.name.clone(),
            format!("{}, {}", manifest.graph.name, manifest.model.title),
            percent(metrics.totals.edge_sparsity),
            percent(metrics.totals.weight_sparsity),
            share(scored.map(|(_, before, _)| before.accuracy)),
            share(scored.map(|(.., after)| after.accuracy)),
            certified,
            time,
            size,
        ];
        if let Some(price) = &options.price {
            let after = cost(of, price).map(|[_, after]| price.currency.says(after, say));
            cells.push(after.unwrap_or_else(none));
        }
        cells
    };
    let number = |key: &str| (say.text(key), Column::Number);
    let mut columns = vec![
        (say.text("report-bundle"), Column::Text),
        (say.text("report-graph-and-model"), Column::Text),
        number("report-entries-removed"),
        number("report-weights-removed"),
        number("report-before"),
        number("report-after"),
        (say.text("report-fact-certificate"), Column::Text),
        number("report-speedup"),
        number("report-fact-size"),
    ];
    if options.price.is_some() {
        columns.push(number("report-fact-cost"));
    }
    let rows = bundles.iter().map(row).collect();
    vec![
        Block::Table(Table { caption: say.text("report-comparison-caption"), columns, rows, chosen: None }),
        Block::Text(say.text("report-comparison-says")),
    ]
}
