//! The numbers that are read first.

use super::cost::cost;
use super::decision::{claim_key, percent_of_level, shown, smaller};
use super::price::Price;
use super::reported::Reported;
use super::say::{Say, change, limit, times};
use crate::io::printed::Facts;
use crate::session::format::{bytes, count, percent, seconds, short_count};

type Row = (String, String, String);

pub(super) fn facts(of: &Reported, price: Option<&Price>, say: Say) -> Facts {
    let rows = [accuracy(of, say), Some(certificate(of, say)), entries(of, say), weights(of, say)];
    let money = price.and_then(|price| money(of, price, say));
    let more = [Some(time(of, say)), size(of, say), Some(operations(of, say)), money];
    Facts { rows: rows.into_iter().chain(more).flatten().collect() }
}

fn accuracy(of: &Reported, say: Say) -> Option<Row> {
    let (part, before, after) = of.scored()?;
    let name = say
        .with("report-fact-accuracy", &[("metric", say.metric(of.metric()).into()), ("part", part.nodes(say).into())]);
    let note = say.with(
        "report-fact-accuracy-note",
        &[
            ("before", say.interval([before.low, before.high]).into()),
            ("after", say.interval([after.low, after.high]).into()),
            ("nodes", count(after.n_nodes as u64).into()),
        ],
    );
    Some((name, change(&percent(before.accuracy), &percent(after.accuracy)), note))
}

fn certificate(of: &Reported, say: Say) -> Row {
    let name = say.text("report-fact-certificate");
    let Some(certificate) = &of.bundle.certificate else {
        return (name, say.text("report-none"), say.text("report-fact-no-certificate"));
    };
    let tested = certificate.exported.and_then(|at| certificate.overall.points.get(at));
    let points = limit(certificate.limit);
    let key = if certificate.holds() { "report-fact-certified" } else { "report-fact-not-certified" };
    let note = say.with(
        "report-fact-certificate-note",
        &[
            ("level", percent_of_level(certificate.level).into()),
            ("nodes", count(certificate.nodes.len() as u64).into()),
            (
                "smallest",
                tested.map_or_else(String::new, |tested| format!("{:.1}", 100.0 * tested.smallest_limit)).into(),
            ),
        ],
    );
    (name, say.with(key, &[("points", points.into())]), note)
}

fn kept(before: usize, after: usize, say: Say) -> String {
    let (before, after) = (count(before as u64), count(after as u64));
    say.with("report-fact-kept", &[("kept", after.into()), ("all", before.into())])
}

fn entries(of: &Reported, say: Say) -> Option<Row> {
    let steps = of.bundle.metrics.steps.iter().filter_map(|step| step.edges.as_ref());
    let (n, before, after) =
        steps.fold((0, 0, 0), |(n, before, after), edges| (n + 1, before + edges.n_entries, after + edges.n_after));
    let removed = percent(of.bundle.metrics.totals.edge_sparsity);
    (n > 0).then(|| (say.text("report-fact-entries"), removed, kept(before, after, say)))
}

fn weights(of: &Reported, say: Say) -> Option<Row> {
    let steps = of.bundle.metrics.steps.iter().filter_map(|step| step.weights.as_ref());
    let (before, after) = steps.fold((0, 0), |(before, after), w| (before + w.n_weights, after + w.n_after));
    let removed = percent(of.bundle.metrics.totals.weight_sparsity);
    (before > 0).then(|| (say.text("report-fact-weights"), removed, kept(before, after, say)))
}

fn time(of: &Reported, say: Say) -> Row {
    let name = say.text("report-fact-time");
    let Some(timing) = &of.bundle.metrics.timing else {
        return (name, say.text("report-none"), say.text("report-fact-no-time"));
    };
    let speedup = timing.speedup();
    let note = say.with(
        "report-fact-time-note",
        &[
            ("time", claim_key(Some(&speedup)).into()),
            ("factor", shown(&speedup).into()),
            ("interval", say.ratio_interval(timing.speedup_interval).into()),
        ],
    );
    (name, change(&seconds(timing.baseline_secs), &seconds(timing.pruned_secs)), note)
}

fn size(of: &Reported, say: Say) -> Option<Row> {
    let size = of.bundle.metrics.size.as_ref()?;
    let (before, after) = (size.model_dense_bytes, size.model_sparse_bytes);
    let ratio = times(smaller(before, after));
    let note = say.with("report-fact-size-note", &[("factor", ratio.into()), ("values", size.values.key().into())]);
    Some((say.text("report-fact-size"), change(&bytes(before), &bytes(after)), note))
}

fn operations(of: &Reported, say: Say) -> Row {
    let totals = &of.bundle.metrics.totals;
    let removed = 1.0 - totals.macs_pruned as f64 / totals.macs_baseline.max(1) as f64;
    let note = say.with("report-fact-operations-note", &[("removed", percent(removed).into())]);
    let change = change(&short_count(totals.macs_baseline), &short_count(totals.macs_pruned));
    (say.text("report-fact-operations"), change, note)
}

fn money(of: &Reported, price: &Price, say: Say) -> Option<Row> {
    let [before, after] = cost(of, price)?;
    let value = change(&price.currency.says(before, say), &price.currency.says(after, say));
    let core = price.currency.says(price.per_core_hour, say);
    Some((say.text("report-fact-cost"), value, say.with("report-fact-cost-note", &[("price", core.into())])))
}
