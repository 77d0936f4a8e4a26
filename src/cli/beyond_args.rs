//! Options of the commands for graphs beyond one machine's memory.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::choice::choice;
use super::input_args::{GraphArgs, SharedArgs};
use crate::engine::graph::{Direction, SelfLoops};
use crate::session::tasks::store_graph::StoreForm;

#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// How: arrays, which `propagate` reads from the disk; parquet, nodes.parquet and edges.parquet for a cluster's job
    #[arg(long = "as", value_name = "FORM", value_enum, default_value_t = StoredAs::Arrays)]
    pub(super) form: StoredAs,
    #[command(flatten)]
    pub(super) options: GraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

/// How a graph is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StoredAs {
    Arrays,
    Parquet,
}

impl From<StoredAs> for StoreForm {
    fn from(form: StoredAs) -> Self {
        match form {
            StoredAs::Arrays => Self::Arrays,
            StoredAs::Parquet => Self::Parquet,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct ClusterArgs {
    /// The bundle: a folder or .zip
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// The folder to write: the job, its recipe and weights, a README with the spark-submit lines
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompareRunArgs {
    /// A bundle, or the folder that a cluster's job wrote
    #[arg(value_name = "A")]
    pub(super) first: PathBuf,
    /// What it is compared with, likewise
    #[arg(value_name = "B")]
    pub(super) second: PathBuf,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The bundle: a folder or .zip
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// Today's graph: file, folder or sample:NAME, with the same ids
    #[arg(long, value_name = "NEW")]
    pub(super) graph: String,
    /// Labels of today's graph, in place of its own
    #[arg(long, value_name = "FILE")]
    pub(super) labels: Option<String>,
    /// The unpruned model, to say how often the pruned one still agrees with it
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Where the graph is that the bundle was made from, if not where it says
    #[arg(long, value_name = "GRAPH")]
    pub(super) reference: Option<String>,
    /// Read files that the bundle's recipe names, wherever they are
    #[arg(long)]
    pub(super) trust_recipe: bool,
    /// Do not add this check to the history beside the bundle
    #[arg(long)]
    pub(super) no_history: bool,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct WorkerArgs {
    /// The folder of the job
    #[arg(value_name = "JOB")]
    pub(super) job: PathBuf,
    /// What to do; record batches (Arrow IPC) come on stdin and go to stdout
    #[command(subcommand)]
    pub(super) action: WorkerAction,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

/// What a worker does.
#[derive(Debug, Subcommand)]
pub(super) enum WorkerAction {
    /// Print the version, if it is the job's
    Check,
    /// Print how nodes lie in blocks, and the stages, as JSON
    Plan {
        /// Nodes of the graph
        #[arg(long, value_name = "N")]
        nodes: usize,
        /// About how many blocks
        #[arg(long, value_name = "N")]
        blocks: usize,
        /// Which way messages go; refused where the recipe needs another
        #[arg(long, value_name = "as-stored|reversed|symmetrised", value_parser = choice::<Direction>)]
        direction: Direction,
        /// Whether weights count; refused where the recipe wants none
        #[arg(long)]
        weighted: bool,
        /// Whose thresholds
        #[arg(long, value_name = "WHOSE", value_enum, default_value_t = Thresholds::Recipe)]
        thresholds: Thresholds,
    },
    /// Edges to the entries of blocks
    Assemble {
        #[command(flatten)]
        shape: ShapeArgs,
        /// What to do about self-loops
        #[arg(long, value_name = "as-stored|added|removed", value_parser = choice::<SelfLoops>)]
        self_loops: SelfLoops,
        /// Whether weights count
        #[arg(long)]
        weighted: bool,
    },
    /// Rows of features to blocks
    Pack {
        #[command(flatten)]
        shape: ShapeArgs,
    },
    /// One stage on every block that comes
    Stage {
        #[command(flatten)]
        shape: ShapeArgs,
        /// Which stage, from 0
        #[arg(long, value_name = "N")]
        stage: usize,
        /// What was decided so far
        #[arg(long, value_name = "FILE")]
        decisions: PathBuf,
    },
    /// Summaries of all blocks, a line each on stdin, to what is decided of them
    Decide {
        #[command(flatten)]
        shape: ShapeArgs,
        /// Which stage, from 0
        #[arg(long, value_name = "N")]
        stage: usize,
        /// What was decided before
        #[arg(long, value_name = "FILE")]
        decisions: PathBuf,
    },
    /// Blocks to what the network says of their nodes
    Predictions {
        #[command(flatten)]
        shape: ShapeArgs,
    },
    /// Blocks to the entries that every step kept
    Entries {
        #[command(flatten)]
        shape: ShapeArgs,
    },
    /// Print the numbers of the run as JSON
    Metrics {
        #[command(flatten)]
        shape: ShapeArgs,
        /// What was decided
        #[arg(long, value_name = "FILE")]
        decisions: PathBuf,
    },
}

/// How nodes lie in blocks.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct ShapeArgs {
    /// Nodes of the graph
    #[arg(long, value_name = "N")]
    pub(super) nodes: usize,
    /// Rows of a block, a multiple of 64
    #[arg(long, value_name = "N")]
    pub(super) rows_per_block: usize,
    /// Whose thresholds
    #[arg(long, value_name = "WHOSE", value_enum, default_value_t = Thresholds::Recipe)]
    pub(super) thresholds: Thresholds,
}

/// Whose thresholds entries go below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Thresholds {
    /// Decided on this graph as the recipe says
    Recipe,
    /// Those that the bundle's run found
    Bundle,
}
