//! What this machine does per second, as a page of lines and tables.

use super::format::{bytes, count, percent, seconds};
use super::page::{PagePart, PageTable};
use super::request_page::request_page;
use super::words::{Argument, Words};
use crate::engine::bench::{ForwardSpeed, GATHERED_COLUMNS, OrderSpeed, SpeedReport, WeightSpeed};
use crate::io::bundle::MachineNote;

/// What was measured, for people: the same in the window and on the terminal.
pub fn speed_page(report: &SpeedReport, machine: &MachineNote, words: &Words) -> Vec<PagePart> {
    let line = |key: &str, arguments: &[(&str, Argument<'_>)]| PagePart::Line(words.with(key, arguments));
    let mut parts = head(report, machine, words);
    parts.push(PagePart::blank());
    let n_gathered = (report.n_entries * report.hop.width.div_ceil(GATHERED_COLUMNS)) as f64;
    let each = nanos(report.hop.secs / n_gathered.max(1.0));
    parts.push(line("speed-gather", &[("columns", GATHERED_COLUMNS.to_string().into()), ("each", each.into())]));
    parts.push(PagePart::Table(PageTable {
        header: report.gather.iter().map(|g| bytes(g.size_bytes as u64)).collect(),
        n_left: 0,
        rows: vec![report.gather.iter().map(|g| nanos(g.secs_per_row)).collect()],
    }));
    parts.push(PagePart::blank());
    parts.push(PagePart::Table(propagation_table(report, words)));
    parts.push(PagePart::blank());
    parts.push(line("speed-orders", &[("hops", report.n_hops.to_string().into())]));
    parts.push(PagePart::Table(PageTable {
        header: header(&["speed-order", "speed-order-found", "speed-all-hops", "speed-times-as-fast"], words),
        n_left: 1,
        rows: report.orders.iter().map(|order| order_row(order, words)).collect(),
    }));
    parts.push(PagePart::Line(orders_sentence(&report.orders, words)));
    parts.push(PagePart::blank());
    parts.push(line("speed-products", &[]));
    parts.push(PagePart::Table(weights_table(report, words)));
    parts.push(PagePart::blank());
    let forward = &report.forward;
    parts.extend(forward_lines(forward, words));
    parts.extend(request_page(&forward.requests));
    parts.push(PagePart::blank());
    parts.push(line("speed-epoch", &[("time", seconds(forward.epoch_secs).into())]));
    parts
}

/// The forward pass, what dead columns save of it, and what it takes without channels.
fn forward_lines(forward: &ForwardSpeed, words: &Words) -> Vec<PagePart> {
    let line = |key: &str, arguments: &[(&str, Argument<'_>)]| PagePart::Line(words.with(key, arguments));
    let whole = |share: f64| format!("{:.0} %", 100.0 * share);
    let [before, after] = forward.hidden.map(|n| count(n as u64));
    let mut lines = vec![
        line(
            "speed-forward",
            &[
                ("model", forward.title.as_str().into()),
                ("unpruned", seconds(forward.unpruned_secs).into()),
                ("pruned", seconds(forward.pruned_secs).into()),
                ("entries", whole(forward.edge_sparsity).into()),
                ("weights", whole(forward.weight_sparsity).into()),
                ("speedup", forward.speedup().to_string().into()),
            ],
        ),
        line(
            "speed-dead-columns",
            &[("before", before.into()), ("after", after.into()), ("speedup", forward.dead_columns.to_string().into())],
        ),
    ];
    lines.extend(forward.channels.iter().map(|narrow| {
        let [before, after] = narrow.hidden.map(|n| count(n as u64));
        let with_entries = if narrow.edge_sparsity > 0.0 { "some" } else { "none" };
        line(
            "speed-channels",
            &[
                ("with", with_entries.into()),
                ("before", before.into()),
                ("after", after.into()),
                ("entries", whole(narrow.edge_sparsity).into()),
                ("time", seconds(narrow.secs).into()),
                ("speedup", narrow.speedup.to_string().into()),
            ],
        )
    }));
    lines
}

/// Machine, graph, memory, and one hop.
fn head(report: &SpeedReport, machine: &MachineNote, words: &Words) -> Vec<PagePart> {
    let line = |key: &str, arguments: &[(&str, Argument<'_>)]| PagePart::Line(words.with(key, arguments));
    let processor = machine.processor.clone().unwrap_or_else(|| words.text("speed-unknown-processor"));
    let (triad, hop) = (&report.triad, &report.hop);
    vec![
        line(
            "speed-machine",
            &[
                ("processor", processor.into()),
                ("system", machine.system.as_str().into()),
                ("threads", machine.n_threads.to_string().into()),
                ("repeats", report.n_repeats.to_string().into()),
            ],
        ),
        line(
            "speed-graph",
            &[
                ("graph", report.graph.as_str().into()),
                ("nodes", count(report.n_nodes as u64).into()),
                ("entries", count(report.n_entries as u64).into()),
                ("features", hop.width.to_string().into()),
            ],
        ),
        PagePart::blank(),
        line(
            "speed-memory",
            &[
                ("one", rate(triad.bytes_per_sec_one_thread).into()),
                ("all", rate(triad.bytes_per_sec).into()),
                ("size", bytes(triad.size_bytes as u64).into()),
            ],
        ),
        line(
            "speed-hop",
            &[
                ("all", seconds(hop.secs).into()),
                ("one", seconds(hop.secs_one_thread).into()),
                ("times", format!("{:.2}", hop.scaling).into()),
                ("rate", rate(hop.traffic_bytes as f64 / hop.secs).into()),
                ("share", format!("{:.0} %", 100.0 * hop.share_of_triad).into()),
            ],
        ),
    ]
}

fn propagation_table(report: &SpeedReport, words: &Words) -> PageTable {
    let rows = report.propagation.iter().map(|p| {
        let removed = percent(p.sparsity);
        let times = times_as_fast(p.later_speedup, p.later_interval, words);
        vec![p.title.clone(), removed, seconds(p.secs), seconds(p.later_secs), times]
    });
    let keys = ["speed-removed", "speed-all", "speed-from-second", "speed-times-as-fast"];
    let hops = words.with("speed-hops", &[("n", report.n_hops.to_string().into())]);
    let header = std::iter::once(hops).chain(header(&keys, words)).collect();
    PageTable { header, n_left: 1, rows: rows.collect() }
}

fn weights_table(report: &SpeedReport, words: &Words) -> PageTable {
    let first = report.weights.first();
    let shares = first.into_iter().flat_map(|w| &w.sparse_secs).map(|(removed, _)| {
        let share = format!("{:.0} %", 100.0 * removed);
        words.with("speed-share-removed", &[("share", share.into())])
    });
    let mut header = header(&["speed-sizes", "speed-input", "speed-all-weights"], words);
    header.push("GFLOP/s".to_owned());
    header.extend(shares);
    header.push(words.text("speed-faster-from"));
    PageTable { header, n_left: 2, rows: report.weights.iter().map(|row| weight_row(row, words)).collect() }
}

fn header(keys: &[&str], words: &Words) -> Vec<String> {
    keys.iter().map(|key| words.text(key)).collect()
}

/// A ratio with its 95 % interval, where there is one.
fn times_as_fast(ratio: f64, interval: Option<[f64; 2]>, words: &Words) -> String {
    let ratio = format!("{ratio:.2}");
    let Some([low, high]) = interval.map(|ends| ends.map(|end| format!("{end:.2}"))) else { return ratio };
    words.with("speed-ratio", &[("ratio", ratio.into()), ("low", low.into()), ("high", high.into())])
}

fn nanos(secs: f64) -> String {
    format!("{:.1} ns", 1e9 * secs)
}

fn rate(bytes_per_sec: f64) -> String {
    format!("{:.1} GB/s", bytes_per_sec / 1e9)
}

fn order_row(o: &OrderSpeed, words: &Words) -> Vec<String> {
    vec![o.order.key().to_owned(), seconds(o.find_secs), seconds(o.secs), times_as_fast(o.speedup, o.interval, words)]
}

fn orders_sentence(orders: &[OrderSpeed], words: &Words) -> String {
    let best = orders.iter().filter(|o| o.find_secs > 0.0).max_by(|a, b| a.speedup.total_cmp(&b.speedup));
    match best.and_then(|best| Some((best, best.pays_after()?))) {
        Some((best, after)) => {
            words.with("speed-order-pays", &[("order", best.order.key().into()), ("n", format!("{after:.0}").into())])
        }
        None => words.text("speed-no-order"),
    }
}

fn weight_row(w: &WeightSpeed, words: &Words) -> Vec<String> {
    let input = if w.input_density < 1.0 {
        let share = format!("{:.0} %", 100.0 * w.input_density);
        words.with("speed-stored", &[("share", share.into())])
    } else {
        words.text("speed-dense")
    };
    let mut row = vec![
        format!("{} x {} x {}", w.n_rows, w.d_in, w.d_out),
        input,
        seconds(w.dense_secs),
        format!("{:.0}", w.dense_flops / 1e9),
    ];
    row.extend(w.sparse_secs.iter().map(|(_, secs)| seconds(*secs)));
    row.push(if w.faster_from < 1.0 {
        format!("{:.0} %", 100.0 * w.faster_from.max(0.0))
    } else {
        words.text("speed-never")
    });
    row
}
