//! `unifews store GRAPH -o DIR`: a graph as a folder of arrays, for work beyond memory.

use serde::Serialize;

use super::beyond_args::{StoreArgs, StoredAs};
use super::inputs;
use super::output;
use super::progress::Terminal;
use crate::engine::out_of_core::GraphSize;
use crate::session::format::{bytes, count};
use crate::session::tasks::no_points;
use crate::session::tasks::source::GraphSource;
use crate::session::tasks::store_graph::StoreGraph;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    output: &'a std::path::Path,
    #[serde(flatten)]
    graph: &'a GraphSize,
    size_bytes: u64,
}

pub(super) fn run(args: &StoreArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let (spec, options, memory) = (args.graph.clone(), Box::new(args.options.options()), terminal.memory());
    let graph = GraphSource::Read { spec, options, memory };
    let stored =
        terminal.run(StoreGraph { graph, folder: args.output.clone(), form: args.form.into() }, &mut no_points)?;
    if let Some(report) = &stored.report {
        inputs::warn(report, terminal);
    }
    terminal.clear();
    let (graph, size_bytes) = (&stored.size, stored.size_bytes());
    if args.shared.json {
        return output::json(&Document { command: "store", output: &args.output, graph, size_bytes });
    }
    let size = if args.form == StoredAs::Arrays { format!(", {}", bytes(size_bytes)) } else { String::new() };
    let mut lines = vec![
        format!(
            "{}: {} nodes, {} entries, {} features{size}",
            stored.name,
            count(graph.n_nodes as u64),
            count(graph.n_entries as u64),
            graph.n_features,
        ),
        format!("wrote {}", args.output.display()),
    ];
    lines.extend(stored.notes);
    output::lines(&lines)
}
