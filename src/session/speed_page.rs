//! What this machine does per second, as a page of lines and tables.

use super::format::{bytes, count, percent, seconds};
use super::page::{PagePart, PageTable};
use super::request_page::request_page;
use super::words::{Language, Words};
use crate::engine::bench::{GATHERED_COLUMNS, OrderSpeed, SpeedReport, WeightSpeed};
use crate::io::bundle::MachineNote;

/// What was measured, for people: the same in the window and on the terminal.
pub fn speed_page(report: &SpeedReport, machine: &MachineNote) -> Vec<PagePart> {
    let mut parts = head(report, machine);
    parts.push(PagePart::blank());
    let n_gathered = (report.n_entries * report.hop.width.div_ceil(GATHERED_COLUMNS)) as f64;
    parts.push(PagePart::Line(format!(
        "a row of {GATHERED_COLUMNS} columns gathered and added, all threads together: {} each in the hop; from rows in no order that lie in",
        nanos(report.hop.secs / n_gathered.max(1.0))
    )));
    parts.push(PagePart::Table(PageTable {
        header: report.gather.iter().map(|g| bytes(g.size_bytes as u64)).collect(),
        n_left: 0,
        rows: vec![report.gather.iter().map(|g| nanos(g.secs_per_row)).collect()],
    }));
    parts.push(PagePart::blank());
    parts.push(PagePart::Table(propagation_table(report)));
    parts.push(PagePart::blank());
    parts.push(PagePart::Line(format!(
        "Nodes in another order in memory, {} hops unpruned: the same bits",
        report.n_hops
    )));
    parts.push(PagePart::Table(PageTable {
        header: words(&["order", "finding it", "all hops", "times as fast"]),
        n_left: 1,
        rows: report.orders.iter().map(order_row).collect(),
    }));
    parts.push(PagePart::Line(orders_sentence(&report.orders)));
    parts.push(PagePart::blank());
    parts.push(PagePart::Line("Products with weights: all of them, or the kept ones alone".to_owned()));
    parts.push(PagePart::Table(weights_table(report)));
    parts.push(PagePart::blank());
    let forward = &report.forward;
    parts.push(PagePart::Line(format!(
        "{}: forward {} unpruned; {} with {:.0} % of the entries and {:.0} % of the weights removed: {}",
        forward.title,
        seconds(forward.unpruned_secs),
        seconds(forward.pruned_secs),
        100.0 * forward.edge_sparsity,
        100.0 * forward.weight_sparsity,
        forward.speedup(),
    )));
    let [before, after] = forward.hidden.map(|n| count(n as u64));
    parts.push(PagePart::Line(format!(
        "of it dead columns, which are not computed (hidden {before} → {after} columns): {}",
        forward.dead_columns
    )));
    parts.extend(forward.channels.iter().map(|narrow| {
        let [before, after] = narrow.hidden.map(|n| count(n as u64));
        let entries = if narrow.edge_sparsity > 0.0 {
            format!(" and {:.0} % of the entries", 100.0 * narrow.edge_sparsity)
        } else {
            String::new()
        };
        let secs = seconds(narrow.secs);
        PagePart::Line(format!(
            "without channels (hidden {before} → {after} columns){entries}: {secs}, {}",
            narrow.speedup
        ))
    }));
    parts.extend(request_page(Words::of(Language::English), &forward.requests));
    parts.push(PagePart::blank());
    let epoch = seconds(forward.epoch_secs);
    parts.push(PagePart::Line(format!("one epoch of training it, a step and an evaluation of all nodes: {epoch}")));
    parts
}

/// Machine, graph, memory, and one hop.
fn head(report: &SpeedReport, machine: &MachineNote) -> Vec<PagePart> {
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let (triad, hop) = (&report.triad, &report.hop);
    vec![
        PagePart::Line(format!(
            "{processor}, {}, {} threads; medians of {}",
            machine.system, machine.n_threads, report.n_repeats
        )),
        PagePart::Line(format!(
            "{}: {} nodes, {} entries with self-loops, {} features",
            report.graph,
            count(report.n_nodes as u64),
            count(report.n_entries as u64),
            hop.width,
        )),
        PagePart::blank(),
        PagePart::Line(format!(
            "memory: {} on one thread, {} on all (triad over {})",
            rate(triad.bytes_per_sec_one_thread),
            rate(triad.bytes_per_sec),
            bytes(triad.size_bytes as u64),
        )),
        PagePart::Line(format!(
            "one hop: {}, {} on one thread ({:.2} times as fast on all); {} without reuse, {:.0} % of the memory's own rate",
            seconds(hop.secs),
            seconds(hop.secs_one_thread),
            hop.scaling,
            rate(hop.traffic_bytes as f64 / hop.secs),
            100.0 * hop.share_of_triad,
        )),
    ]
}

fn propagation_table(report: &SpeedReport) -> PageTable {
    let rows = report.propagation.iter().map(|p| {
        let removed = percent(p.sparsity);
        let times = times_as_fast(p.later_speedup, p.later_interval);
        vec![p.title.clone(), removed, seconds(p.secs), seconds(p.later_secs), times]
    });
    let mut header = words(&["", "removed", "all", "from the second on", "times as fast"]);
    header[0] = format!("{} hops", report.n_hops);
    PageTable { header, n_left: 1, rows: rows.collect() }
}

fn weights_table(report: &SpeedReport) -> PageTable {
    let first = report.weights.first();
    let shares =
        first.into_iter().flat_map(|w| &w.sparse_secs).map(|(removed, _)| format!("{:.0} % removed", 100.0 * removed));
    let mut header = words(&["rows x inputs x outputs", "input", "all weights", "GFLOP/s"]);
    header.extend(shares);
    header.push("faster from".to_owned());
    PageTable { header, n_left: 2, rows: report.weights.iter().map(weight_row).collect() }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A ratio with its 95 % interval, where there is one.
fn times_as_fast(ratio: f64, interval: Option<[f64; 2]>) -> String {
    let interval = interval.map(|[low, high]| format!(" ({low:.2} to {high:.2})")).unwrap_or_default();
    format!("{ratio:.2}{interval}")
}

fn nanos(secs: f64) -> String {
    format!("{:.1} ns", 1e9 * secs)
}

fn rate(bytes_per_sec: f64) -> String {
    format!("{:.1} GB/s", bytes_per_sec / 1e9)
}

fn order_row(o: &OrderSpeed) -> Vec<String> {
    vec![o.order.key().to_owned(), seconds(o.find_secs), seconds(o.secs), times_as_fast(o.speedup, o.interval)]
}

fn orders_sentence(orders: &[OrderSpeed]) -> String {
    let best = orders.iter().filter(|o| o.find_secs > 0.0).max_by(|a, b| a.speedup.total_cmp(&b.speedup));
    match best.and_then(|best| Some((best, best.pays_after()?))) {
        Some((best, after)) => format!("finding {} is paid back after {after:.0} propagations", best.order.key()),
        None => "no order saves time on this graph".to_owned(),
    }
}

fn weight_row(w: &WeightSpeed) -> Vec<String> {
    let input =
        if w.input_density < 1.0 { format!("{:.0} % stored", 100.0 * w.input_density) } else { "dense".to_owned() };
    let mut row = vec![
        format!("{} x {} x {}", w.n_rows, w.d_in, w.d_out),
        input,
        seconds(w.dense_secs),
        format!("{:.0}", w.dense_flops / 1e9),
    ];
    row.extend(w.sparse_secs.iter().map(|(_, secs)| seconds(*secs)));
    row.push(if w.faster_from < 1.0 { format!("{:.0} %", 100.0 * w.faster_from.max(0.0)) } else { "never".to_owned() });
    row
}
