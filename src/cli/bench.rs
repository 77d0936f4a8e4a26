//! `unifews bench`: what this machine does per second, and from which removed share on pruned weights save time.

use serde::Serialize;

use super::args::BenchArgs;
use super::output::{self, table};
use super::progress::Terminal;
use crate::engine::bench::{OrderSpeed, SpeedPlan, SpeedReport, WeightSpeed, measure_speed};
use crate::engine::graph::power_law_communities;
use crate::io::bundle::MachineNote;
use crate::io::{calibration_path, read_graph, write_calibration};
use crate::session::format::{bytes, count, seconds};

/// What `--json` prints.
#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    format: &'static str,
    machine: &'a MachineNote,
    #[serde(flatten)]
    report: &'a SpeedReport,
}

/// Name and version of the document.
const FORMAT: &str = "unifews-bench/1";

pub(super) fn run(args: &BenchArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let mut plan = if args.quick { SpeedPlan::quick() } else { SpeedPlan::default() };
    plan.hidden = args.hidden.unwrap_or(plan.hidden);
    plan.n_repeats = args.repeats.unwrap_or(plan.n_repeats);
    let ctl = terminal.ctl();
    let dataset = match &args.graph {
        Some(graph) => read_graph(graph, ctl)?.0,
        None => power_law_communities(&plan.graph, ctl)?,
    };
    let report = measure_speed(&dataset.shared(), &plan, ctl)?;
    terminal.clear();
    let machine = MachineNote::this(ctl.n_threads());
    let mut kept = None;
    if let Some(path) = calibration_path().filter(|_| !args.quick) {
        match write_calibration(&path, report.cost, machine.n_threads) {
            Ok(()) => kept = Some(path),
            // What was measured is shown all the same.
            Err(error) => terminal.note(&format!("warning: not kept for choosing products: {error}")),
        }
    }
    if args.shared.json {
        return output::json(&Document { command: "bench", format: FORMAT, machine: &machine, report: &report });
    }
    let mut lines = page(&report, &machine);
    if let Some(path) = kept {
        lines.push(format!("\nkept for choosing products: {}", path.display()));
    }
    output::lines(&lines)
}

fn rate(bytes_per_sec: f64) -> String {
    format!("{:.1} GB/s", bytes_per_sec / 1e9)
}

fn page(report: &SpeedReport, machine: &MachineNote) -> Vec<String> {
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let (triad, hop) = (&report.triad, &report.hop);
    let mut lines = vec![
        format!("{processor}, {}, {} threads; medians of {}", machine.system, machine.n_threads, report.n_repeats),
        format!(
            "{}: {} nodes, {} entries with self-loops, {} features\n",
            report.graph,
            count(report.n_nodes as u64),
            count(report.n_entries as u64),
            hop.width,
        ),
        format!(
            "memory: {} on one thread, {} on all (triad over {})",
            rate(triad.bytes_per_sec_one_thread),
            rate(triad.bytes_per_sec),
            bytes(triad.size_bytes as u64),
        ),
        format!(
            "one hop: {}, {} on one thread ({:.2} times as fast on all); {} without reuse, {:.0} % of the memory's own rate\n",
            seconds(hop.secs),
            seconds(hop.secs_one_thread),
            hop.scaling,
            rate(hop.traffic_bytes as f64 / hop.secs),
            100.0 * hop.share_of_triad,
        ),
    ];
    let title = format!("{} hops", report.n_hops);
    let rows = report.propagation.iter().map(|p| {
        let removed = format!("{:.1} %", 100.0 * p.sparsity);
        vec![p.title.clone(), removed, seconds(p.secs), seconds(p.later_secs), format!("{:.2}", p.later_speedup)]
    });
    lines.push(table(&[&title, "removed", "all", "from the second on", "times as fast"], 1, rows));
    lines.push(format!("\nNodes in another order in memory, {} hops unpruned: the same bits", report.n_hops));
    lines.push(table(&["order", "finding it", "all hops", "times as fast"], 1, report.orders.iter().map(order_row)));
    lines.push(orders_sentence(&report.orders));
    lines.push("\nProducts with weights: all of them, or the kept ones alone".to_owned());
    let first = report.weights.first();
    let shares =
        first.into_iter().flat_map(|w| &w.sparse_secs).map(|(removed, _)| format!("{:.0} % gone", 100.0 * removed));
    let header: Vec<String> = ["rows x inputs x outputs", "input", "all weights", "GFLOP/s"]
        .into_iter()
        .map(str::to_owned)
        .chain(shares)
        .chain(std::iter::once("pays from".to_owned()))
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    lines.push(table(&header, 2, report.weights.iter().map(weight_row)));
    let forward = &report.forward;
    lines.push(format!(
        "\n{}: forward {} unpruned; {} with {:.0} % of the entries and {:.0} % of the weights gone: {}",
        forward.title,
        seconds(forward.unpruned_secs),
        seconds(forward.pruned_secs),
        100.0 * forward.edge_sparsity,
        100.0 * forward.weight_sparsity,
        forward.speedup(),
    ));
    lines.push(format!(
        "one epoch of training it, a step and an evaluation of all nodes: {}",
        seconds(forward.epoch_secs)
    ));
    lines
}

fn order_row(o: &OrderSpeed) -> Vec<String> {
    vec![o.order.key().to_owned(), seconds(o.find_secs), seconds(o.secs), format!("{:.2}", o.speedup)]
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
    row.push(if w.pays_from < 1.0 { format!("{:.0} %", 100.0 * w.pays_from.max(0.0)) } else { "never".to_owned() });
    row
}
