//! Options of the commands that are about the program and this machine.

use std::path::PathBuf;

use clap::Args;

use super::input_args::SharedArgs;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// File, folder or sample:NAME; without it, a graph of the size of ogbn-arxiv is generated
    #[arg(value_name = "GRAPH")]
    pub(super) graph: Option<String>,
    /// Hidden width of the GCN
    #[arg(long, value_name = "N")]
    pub(super) hidden: Option<usize>,
    /// Repeats of everything; figures are medians
    #[arg(long, value_name = "N")]
    pub(super) repeats: Option<usize>,
    /// Only see that it runs: everything small, nothing kept
    #[arg(long)]
    pub(super) quick: bool,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct DiagnoseArgs {
    /// Print reports of internal errors in full
    #[arg(long)]
    pub(super) reports: bool,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct GenerateArgs {
    /// The folder to write man and completions into
    #[arg(value_name = "DIR")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}
