//! `unifews store GRAPH -o DIR`: a graph as a folder of arrays, for work beyond memory.

use serde::Serialize;

use super::args::StoreArgs;
use super::inputs;
use super::output;
use super::progress::Terminal;
use crate::engine::out_of_core::GraphSize;
use crate::io::read_graph_within;
use crate::io::stored::StoredGraphWriter;
use crate::session::format::{bytes, count};

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    #[serde(flatten)]
    graph: GraphSize,
    size_bytes: u64,
}

pub(super) fn run(args: &StoreArgs, terminal: &Terminal) -> anyhow::Result<()> {
    // The place is opened first: nothing is read for a folder that cannot be written.
    let writer = StoredGraphWriter::begin(&args.output, terminal.ctl())?;
    terminal.ctl().progress("reading the graph", 0, 0);
    let (dataset, report) = read_graph_within(&args.graph, &args.options.options(), terminal.memory(), terminal.ctl())?;
    inputs::warn(&report, terminal);
    writer.write(&dataset, terminal.ctl())?;
    terminal.clear();
    let graph = GraphSize::of(&dataset);
    let size_bytes = graph.structure_bytes() + graph.embedding_bytes();
    if args.shared.json {
        return output::json(&Document { command: "store", output: &args.output, graph, size_bytes });
    }
    output::lines(&[
        format!(
            "{}: {} nodes, {} entries, {} features, {}",
            dataset.name(),
            count(graph.n_nodes as u64),
            count(graph.n_entries as u64),
            graph.n_features,
            bytes(size_bytes),
        ),
        format!("wrote {}", args.output.display()),
    ])
}
