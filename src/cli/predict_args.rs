//! The options of `predict`.

use std::path::PathBuf;

use clap::Args;

use super::input_args::{BundleGraphArgs, SharedArgs};

#[derive(Debug, Args)]
pub(super) struct PredictArgs {
    /// The bundle: a folder or .zip
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// Which nodes: ids with commas between, as the graph's file spells them, or a file with one to a line
    #[arg(
        long,
        value_name = "LIST|FILE",
        allow_hyphen_values = true,
        required_unless_present = "arrivals",
        conflicts_with_all = ["arrivals", "edges"]
    )]
    pub(super) nodes: Option<String>,
    /// Features of nodes that arrive: .npy, .npz of SciPy, or a table of numbers, perhaps with ids in its first column
    #[arg(long, value_name = "FEATURES", requires = "edges")]
    pub(super) arrivals: Option<PathBuf>,
    /// Edges that they bring: a table of sources and targets, by id
    #[arg(long, value_name = "EDGES", requires = "arrivals")]
    pub(super) edges: Option<PathBuf>,
    #[command(flatten)]
    pub(super) graph: BundleGraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}
