//! Options that many commands have: how a graph's file is read, and what every command takes.

use clap::{ArgAction, Args};

use super::choice::choice;
use crate::engine::graph::{Column, Direction, Encoding, SelfLoops, Separator};

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(super) struct SharedArgs {
    /// Worker threads, at most 16 or 4 for each core; 0 means all cores. Never changes a result
    #[arg(long, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Memory that the program may take, itself included, GiB [default: what is free]
    #[arg(long, value_name = "GIB", value_parser = gibibytes)]
    pub(super) max_memory: Option<u64>,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub(super) json: bool,
    /// No progress on stderr
    #[arg(long)]
    pub(super) quiet: bool,
}

/// Where the graph of a bundle is.
#[derive(Debug, Clone, Args)]
pub(super) struct BundleGraphArgs {
    /// The graph, where it is not at the place that the bundle names
    #[arg(long, value_name = "PATH")]
    pub(super) graph: Option<String>,
    /// Read files that the bundle's recipe names wherever they lie, not only beside the bundle, in the folder of --graph or the working one
    #[arg(long)]
    pub(super) trust_recipe: bool,
}

/// How a graph's file is read. Options beat the recipe's `[graph]` section.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Graph")]
pub(super) struct GraphArgs {
    /// Which way messages go along an edge [default: both, but for formats that hold a finished matrix]
    #[arg(long, value_name = "as-stored|reversed|symmetrised", value_parser = choice::<Direction>)]
    pub(super) direction: Option<Direction>,
    /// What to do about self-loops [default: added, but for formats that hold a finished matrix]
    #[arg(long, value_name = "as-stored|added|removed", value_parser = choice::<SelfLoops>)]
    pub(super) self_loops: Option<SelfLoops>,
    /// Whether edge weights count [default: where the file calls them so]
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(super) edge_weights: Option<bool>,
    /// The edge attribute that is the weight, or NAME:COLUMN of one with several columns (from 0) [default: weight or the like]
    #[arg(long, value_name = "NAME")]
    pub(super) weight_attribute: Option<String>,
    /// Lists of edges: what the columns hold: source, target, weight, ignored
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',', value_parser = choice::<Column>, action = ArgAction::Set)]
    pub(super) columns: Option<Vec<Column>>,
    /// Lists of edges: what separates columns
    #[arg(long, value_name = "space|tab|comma|semicolon|bar", value_parser = choice::<Separator>)]
    pub(super) separator: Option<Separator>,
    /// Lists of edges: whether the first line names the columns
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(super) header: Option<bool>,
    /// Lists of edges: characters that comments start with [default: #%]
    #[arg(long, value_name = "CHARS")]
    pub(super) comments: Option<String>,
    /// Text: how its characters are stored [default: by byte order mark or declaration, else utf-8]
    #[arg(long, value_name = "utf-8|utf-16|latin1|shift-jis|euc-jp", value_parser = choice::<Encoding>)]
    pub(super) encoding: Option<Encoding>,
    /// Tables with one row per node: the column with their ids, by name or number from 1 [default: by the header]
    #[arg(long, value_name = "COLUMN")]
    pub(super) id_column: Option<String>,
    /// Node attributes or columns that are features [default: all of numbers]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(super) features: Option<Vec<String>>,
    /// The node attribute or column that is the class
    #[arg(long, value_name = "NAME")]
    pub(super) labels: Option<String>,
    /// Node attributes that are the split: one of texts, or three of booleans
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(super) split_masks: Option<Vec<String>>,
    /// Features of the nodes from this file (.csv, .tsv, .parquet, .npy, or SciPy .npz), one row each
    #[arg(long, value_name = "FILE")]
    pub(super) feature_file: Option<String>,
    /// Labels from this file (.csv, .tsv, .parquet, .npy): one class per node, or a column of zeros and ones per class
    #[arg(long, value_name = "FILE")]
    pub(super) label_file: Option<String>,
    /// A split from this file (.csv, .tsv, .parquet, .npz)
    #[arg(long, value_name = "FILE")]
    pub(super) split_file: Option<String>,
}

/// A number of GiB, as bytes.
fn gibibytes(text: &str) -> Result<u64, String> {
    let given: Option<f64> = text.trim().parse().ok();
    match given.filter(|gibibytes| gibibytes.is_finite() && *gibibytes > 0.0) {
        Some(gibibytes) => Ok((gibibytes * f64::from(1u32 << 30)) as u64),
        None => Err("expected a number of GiB above 0, for example 4 or 0.5".to_owned()),
    }
}
