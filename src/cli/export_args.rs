//! Options of `unifews export`.

use std::path::PathBuf;

use clap::Args;

use super::input_args::{BundleGraphArgs, SharedArgs};

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The bundle: a folder or .zip
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    /// The folder to write
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// What to write, with commas between: all, weights, graphs, onnx, predictions, metrics, recipe, or one of them in one form, such as
    /// weights-dgl-pt, graphs-mtx, predictions-parquet, recipe-yaml; or pilot, alone: this bundle and its baseline with a server that
    /// sends a share of the nodes to either
    #[arg(long = "as", value_name = "LIST", value_delimiter = ',', default_value = "all")]
    pub(super) items: Vec<String>,
    #[command(flatten)]
    pub(super) pilot: PilotArgs,
    #[command(flatten)]
    pub(super) graph: BundleGraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

/// What a pilot takes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pilot")]
pub(super) struct PilotArgs {
    /// The model that was pruned: a file or sample:NAME
    #[arg(long, value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// Nodes that the pruned model answers, percent [default: 50]
    #[arg(long, value_name = "PERCENT")]
    pub(super) share: Option<f64>,
    /// Nodes for which the log has both answers, percent [default: 25]
    #[arg(long, value_name = "PERCENT")]
    pub(super) sample: Option<f64>,
    /// Points of accuracy that may be lost [default: those of the bundle's certificate, else 2]
    #[arg(long, value_name = "POINTS")]
    pub(super) limit: Option<f64>,
}

impl PilotArgs {
    /// The first of these options that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [
            ("--model", self.model.is_some()),
            ("--share", self.share.is_some()),
            ("--sample", self.sample.is_some()),
            ("--limit", self.limit.is_some()),
        ];
        given.into_iter().find_map(|(name, is_given)| is_given.then_some(name))
    }
}
