//! `unifews replay BUNDLE`: run it again; exit 0 only if every bit is the same.

use anyhow::bail;
use serde::Serialize;

use super::args::ReplayArgs;
use super::input_args::BundleGraphArgs;
use super::output;
use super::progress::Terminal;
use crate::engine::graph::Dataset;
use crate::io::bundle::{Bundle, ReplayReport, SparseReplay, graph_of, read_bundle, replay};
use crate::session::format::{count, percent};
use crate::session::tasks::source::check_named_files;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    bundle: &'a std::path::Path,
    graph: &'a str,
    is_identical: bool,
    #[serde(flatten)]
    report: ReplayReport,
}

pub(super) fn run(args: &ReplayArgs, terminal: &Terminal) -> anyhow::Result<()> {
    terminal.ctl().progress("reading the bundle", 0, 0);
    let bundle = read_bundle(&args.bundle)?;
    let source = args.graph.graph.as_deref().unwrap_or(&bundle.manifest.graph.source);
    let dataset = read_graph_of(&bundle, &args.graph, terminal)?;
    let report = replay(&bundle, &dataset, terminal.ctl())?;
    terminal.clear();
    if args.shared.json {
        let is_identical = report.is_identical();
        output::json(&Document { command: "replay", bundle: &args.bundle, graph: source, is_identical, report })?;
    } else if report.is_identical() {
        output::lines(&[format!(
            "identical: {} have the same bits{}",
            compared(&report),
            report.sparse.map_or_else(String::new, about_sparse),
        )])?;
    }
    if !report.is_identical() {
        bail!(
            "{} of {} logits differ, by at most {:e}; {} of {} edge values differ: {}",
            report.n_different,
            report.n_logits,
            report.max_abs_difference,
            report.n_edge_values_different,
            report.n_edge_values,
            args.bundle.display(),
        );
    }
    Ok(())
}

/// What was compared: edge values only where the graph's diffusion matrix has them too.
fn compared(report: &ReplayReport) -> String {
    let logits = count(report.n_logits as u64);
    match report.n_edge_values {
        0 => format!("{logits} logits"),
        n => format!("{logits} logits and {} edge values", count(n as u64)),
    }
}

/// What the sparse weights give.
fn about_sparse(sparse: SparseReplay) -> String {
    if sparse.n_different == 0 {
        return "; with the sparse model, too".to_owned();
    }
    let (values, stays) = (sparse.values.key(), percent(sparse.agreement));
    format!(
        "; with the sparse model, weights as {values}: at most {:.1e} off, {stays} of the classes stay",
        sparse.max_abs_difference
    )
}

/// Reads the graph that a bundle was made from: where it says, or where the user says. Its recipe may have come from anybody.
pub(super) fn read_graph_of(bundle: &Bundle, args: &BundleGraphArgs, terminal: &Terminal) -> anyhow::Result<Dataset> {
    if !args.trust_recipe {
        let way_out = "say with --graph PATH where the graph and its files are";
        check_named_files(&bundle.recipe, &bundle.path, args.graph.as_deref(), way_out)?;
    }
    terminal.ctl().progress("reading the graph", 0, 0);
    Ok(graph_of(bundle, args.graph.as_deref(), terminal.memory(), terminal.ctl())?.0)
}
