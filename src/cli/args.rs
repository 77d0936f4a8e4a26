//! The commands and their options, as `docs` and `--help` show them.

use std::any::TypeId;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, Args, Command, CommandFactory as _, Parser, Subcommand};

use super::beyond_args::{CheckArgs, ClusterArgs, CompareRunArgs, StoreArgs, WorkerArgs};
use super::choice::choice;
use super::export_args::ExportArgs;
use super::input_args::{BundleGraphArgs, GraphArgs, SharedArgs};
use super::predict_args::PredictArgs;
use super::program_args::{BenchArgs, DiagnoseArgs, GenerateArgs};
use super::report_args::ReportArgs;
use super::truth_args::TruthArgs;
use crate::engine::experiment::{Goal, RunOptions, ValueType};
use crate::engine::model::{AttentionForm, Family, HopWeights};
use crate::engine::sparsify::baselines::{EdgeRanking, Ramp, WeightRanking};
use crate::engine::sparsify::{
    Compat, EdgeMode, HopOrder, Identity, NodesAre, Precision, Recipe, Schedule, WeightMode,
};
use crate::io::Role;
use crate::session::PublishedTable;
use crate::session::tasks::look::AskedWeight;

/// The command line, in which what follows an option of numbers is its value, minus sign or not: what is wrong with it is said of the option.
pub(super) fn command() -> Command {
    let numbers = |arg: Arg| {
        let found = arg.get_value_parser().type_id();
        let is_number = [TypeId::of::<f64>(), TypeId::of::<u64>(), TypeId::of::<usize>()].iter().any(|of| found == *of);
        match arg.get_value_delimiter() {
            Some(_) if is_number => arg.allow_hyphen_values(true),
            None if is_number => arg.allow_negative_numbers(true),
            _ => arg,
        }
    };
    Cli::command().mut_args(numbers).mut_subcommands(|command| command.mut_args(numbers))
}

/// Everything on the command line.
#[derive(Debug, Parser)]
#[command(
    name = "unifews",
    version,
    about = "Prune a graph and its graph neural network together, see every layer, export what production can run.",
    long_about = "Prune a graph and its graph neural network together, see every layer, export what production can run.\n\n\
                  Without a command, the window opens, with the given files in it. A GRAPH is a file or folder in a known \
                  format, or sample:NAME for one that ships with the program: sample:cora, sample:citeseer, sample:karate, \
                  sample:powerlaw?nodes=2000&edges=20000.",
    args_conflicts_with_subcommands = true,
    subcommand_precedence_over_arg = true,
    after_help = "Exit codes: 0 done, 1 it could not be done, 2 the call was wrong, 130 interrupted."
)]
pub struct Cli {
    /// What to do; without it, the window opens.
    #[command(subcommand)]
    pub(super) command: Option<CliCommand>,
    #[command(flatten)]
    pub(super) window: WindowArgs,
}

/// What the window opens with.
#[derive(Debug, Args)]
pub(super) struct WindowArgs {
    /// Graph, model, recipe or bundle to open, in any order
    #[arg(value_name = "FILE")]
    pub(super) open: Vec<String>,
    /// Worker threads; 0 means all cores
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) threads: usize,
    /// How to draw: glow, or where it is built in, wgpu; the better one for the system where it is not given
    #[arg(long, value_name = "NAME")]
    pub(super) renderer: Option<String>,
    /// Do not open a window: do the main job and write it into ./unifews-out
    #[arg(long)]
    pub(super) headless: bool,
    /// No progress on stderr
    #[arg(long)]
    pub(super) quiet: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum CliCommand {
    /// Say what a file is: graph, model, recipe or bundle, its counts and what was read and dropped
    Inspect(InspectArgs),
    /// Train a model, dense or under a recipe
    Train(TrainArgs),
    /// Decide the masks of a trained model layer by layer, evaluate and write the bundle
    Prune(PruneArgs),
    /// Propagate the features alone, as a decoupled model does
    Propagate(PropagateArgs),
    /// Write a graph as a folder of arrays, which `propagate` reads piece by piece where memory is short, or as tables for a cluster
    Store(StoreArgs),
    /// Try many thresholds and find the trade-off
    Sweep(SweepArgs),
    /// Disturb the graph and see how the pruned model and its baseline fall: false and missing edges, noise, missing features, wrong labels,
    /// rare classes, bias by degree
    Stress(StressArgs),
    /// Run a bundle again and compare every bit
    Replay(ReplayArgs),
    /// Score some nodes with a bundle, on their receptive field alone: the bits of the whole forward pass
    Predict(PredictArgs),
    /// Say whether a bundle is still true on today's graph: exit code 0 fine, 3 re-evaluate, 4 stop
    Check(CheckArgs),
    /// Write a report on bundles for people who decide: one page, and appendices with every number
    Report(ReportArgs),
    /// Write a bundle's weights, graphs, network, tables and recipe for other programs
    Export(ExportArgs),
    /// Write the same recipe as a job for Apache Spark, for graphs that no single machine holds
    Cluster(ClusterArgs),
    /// Compare two runs, bundles or what a cluster's job left: masks, classes and logits; exit code 1 where they differ
    CompareRun(CompareRunArgs),
    /// What a cluster's job calls on its workers
    Worker(WorkerArgs),
    /// Train and prune as a published table did, and set the figures side by side
    Reproduce(ReproduceArgs),
    /// Measure this machine: memory, kernels, propagation and a network unpruned and pruned, and from where removed weights save time
    Bench(BenchArgs),
    /// Print what a report of a problem should hold: version, system, memory, reports of internal errors; no names of files
    Diagnose(DiagnoseArgs),
    /// Write manual pages and completions for shells, for packages
    #[command(hide = true)]
    Generate(GenerateArgs),
}

impl CliCommand {
    /// The options that every command has.
    pub(super) fn shared(&self) -> &SharedArgs {
        match self {
            Self::Inspect(a) => &a.shared,
            Self::Train(a) => &a.shared,
            Self::Prune(a) => &a.shared,
            Self::Propagate(a) => &a.shared,
            Self::Store(a) => &a.shared,
            Self::Sweep(a) => &a.shared,
            Self::Stress(a) => &a.shared,
            Self::Replay(a) => &a.shared,
            Self::Predict(a) => &a.shared,
            Self::Check(a) => &a.shared,
            Self::Report(a) => &a.shared,
            Self::Export(a) => &a.shared,
            Self::Cluster(a) => &a.shared,
            Self::CompareRun(a) => &a.shared,
            Self::Worker(a) => &a.shared,
            Self::Reproduce(a) => &a.shared,
            Self::Bench(a) => &a.shared,
            Self::Diagnose(a) => &a.shared,
            Self::Generate(a) => &a.shared,
        }
    }

    /// The recipe file that the command starts from, if it names one.
    pub(super) fn recipe_file(&self) -> Option<&Path> {
        let recipe = match self {
            Self::Inspect(_)
            | Self::Store(_)
            | Self::Replay(_)
            | Self::Predict(_)
            | Self::Check(_)
            | Self::Report(_)
            | Self::Export(_)
            | Self::Cluster(_)
            | Self::CompareRun(_)
            | Self::Worker(_)
            | Self::Reproduce(_)
            | Self::Bench(_)
            | Self::Diagnose(_)
            | Self::Generate(_) => return None,
            Self::Train(a) => &a.recipe,
            Self::Prune(a) => &a.recipe,
            Self::Propagate(a) => &a.recipe,
            Self::Sweep(a) => &a.recipe,
            Self::Stress(a) => &a.recipe,
        };
        recipe.recipe.as_deref()
    }
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Files, folders or sample:NAME
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<String>,
    /// What a file is for, where it is read together with others: edges, features, labels, split, model, recipe or left-out
    #[arg(long = "role", value_name = "FILE=ROLE", value_parser = file_role)]
    pub(super) roles: Vec<(String, Role)>,
    /// How a model's file is read where its tensors leave settings open, such as norm=layer-graph,activation=elu [default: the reading that
    /// is right on the most training and validation nodes of the graph]
    #[arg(long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = setting)]
    pub(super) reading: Vec<(String, String)>,
    #[command(flatten)]
    pub(super) graph: GraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The model to write (.safetensors); its recipe is written beside it
    #[arg(short, long, value_name = "MODEL")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct PruneArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The trained model (.safetensors) or sample:NAME
    #[arg(value_name = "MODEL")]
    pub(super) model: String,
    /// The bundle to write: a folder, or one file where the name ends in .zip
    #[arg(short, long, value_name = "BUNDLE")]
    pub(super) output: PathBuf,
    /// A budget instead of thresholds: points of validation accuracy that may be lost. What removes most within it is found, with
    /// recovery, and certified on validation nodes that nobody looked at
    #[arg(long, value_name = "POINTS", conflicts_with_all = ["delta_a", "delta_w", "edge_mode", "weight_mode"])]
    pub(super) lose_at_most: Option<f64>,
    /// What is to be gained: time (entries and weights go), size (weights), entries
    #[arg(long = "for", value_name = "time|size|entries", default_value = "time", value_parser = choice::<Goal>)]
    pub(super) goal: Goal,
    /// Points of accuracy that the verdict on the result is held against: safe within them, a cost up to five times as many
    #[arg(long, value_name = "POINTS", default_value_t = 1.0)]
    pub(super) limit: f64,
    /// What the weights of the bundle's sparse model are stored as, where --weights-as does not say it; the run says what the rounding costs
    #[arg(long, value_name = "f32|bf16|f16|int8", default_value = "f32", value_parser = choice::<ValueType>)]
    pub(super) values: ValueType,
    /// Leave the node features out of the bundle: to run it takes the graph
    #[arg(long)]
    pub(super) without_features: bool,
    /// Leave out of the bundle what decides of nodes that arrive; with --nodes-are new it holds the unpruned matrices
    #[arg(long)]
    pub(super) without_new_nodes: bool,
    /// With recovery: compute beside the result what it scores without entries, with random ones, and fitted without the test nodes
    #[arg(long)]
    pub(super) controls: bool,
    /// Test on half of the validation nodes that at most so many points of accuracy are lost
    #[arg(long, value_name = "POINTS", num_args = 0..=1, default_missing_value = "2", conflicts_with = "lose_at_most")]
    pub(super) certify: Option<f64>,
    /// Compute what the removed entries change in every layer, beside its bounds
    #[arg(long)]
    pub(super) errors: bool,
    /// Show what was cut around these nodes and what each entry would change: ids with commas between, or a file with one to a line
    #[arg(long, value_name = "LIST|FILE")]
    pub(super) look: Option<String>,
    /// Show a weight, its matrix and the weights around it: NAME,INPUT,OUTPUT, from 0, for example convs.0.lin.weight,12,3
    #[arg(long, value_name = "NAME,INPUT,OUTPUT", value_parser = asked_weight)]
    pub(super) look_weight: Option<AskedWeight>,
    /// Draw the graph with what the last layer keeps and removes of it, as the name ends: .svg, .png, or .csv for its numbers
    #[arg(long, value_name = "FILE")]
    pub(super) draw: Option<PathBuf>,
    /// Draw what reaches a node over several hops, and what is kept of it, as .svg, .png or .csv (an entry and layer to a line); may be
    /// given more than once
    #[arg(long, value_name = "NODE=FILE", value_parser = node_and_file)]
    pub(super) draw_around: Vec<(String, PathBuf)>,
    /// How many hops of it [default: as many as the network looks, at most 3]
    #[arg(long, value_name = "N", requires = "draw_around")]
    pub(super) draw_hops: Option<usize>,
    #[command(flatten)]
    pub(super) timing: TimingArgs,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct PropagateArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The folder to write embedding.npy, metrics.json and recipe.toml into
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    #[command(flatten)]
    pub(super) timing: TimingArgs,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct SweepArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The trained model; without it, one is trained first, as the recipe says
    #[arg(value_name = "MODEL")]
    pub(super) model: Option<String>,
    /// The folder to write results.csv, results.json, recipe.toml and the curves into
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: PathBuf,
    /// Values of δa to try [default: what suits the recipe's mode; 0,0.1,0.2,0.5,0.7,1,1.5,2 where it is
    /// relative]
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
    pub(super) grid_a: Option<Vec<f64>>,
    /// Values of δw to try [default: likewise; 0,0.1,0.2,0.5,1,2]
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
    pub(super) grid_w: Option<Vec<f64>>,
    /// Sweep the thresholds of this layer alone, counted from 1; the others stay as the recipe has them
    #[arg(long, value_name = "K")]
    pub(super) layer: Option<usize>,
    /// Methods to compare Unifews with, at the same shares: all, or for example unifews,random,weights:magnitude
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(super) methods: Option<Vec<String>>,
    /// Shares that every method removes [default: 0.1 to 0.9]
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
    pub(super) shares: Option<Vec<f64>>,
    /// Seeds of the random choices of the methods [default: 1,2,3]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(super) seeds: Option<Vec<u64>>,
    /// Train a model for every seed of the comparison, so that the spread is that of training, too
    #[arg(long)]
    pub(super) retrain: bool,
    /// Try every layer's threshold alone, too
    #[arg(long)]
    pub(super) sensitivity: bool,
    #[command(flatten)]
    pub(super) timing: TimingArgs,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct StressArgs {
    /// File, folder or sample:NAME
    #[arg(value_name = "GRAPH")]
    pub(super) graph: String,
    /// The trained model (.safetensors) or sample:NAME
    #[arg(value_name = "MODEL")]
    pub(super) model: String,
    /// The folder to write stress.csv, stress.json, recipe.toml and a curve for every kind into; without it, they are only printed
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// What to disturb: all, or some of added-edges, added-between-classes, dropped-edges, dropped-between-classes, feature-noise,
    /// missing-features, uniform-labels, pairwise-labels, class-imbalance, degree-bias
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "all")]
    pub(super) kinds: Vec<String>,
    /// How far, as shares: the same levels for all kinds [default: five that suit each]
    #[arg(long, value_name = "X,…", value_delimiter = ',')]
    pub(super) levels: Option<Vec<f64>>,
    /// How many seeds every level is drawn with: 1 to N
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(super) seeds: u64,
    /// Whose masks a disturbed graph has: carried over from the undisturbed one, as a bundle in production, or decided on it anew
    /// [default: carried; decided with mass thresholds]
    #[arg(long, value_name = "carried|decided")]
    pub(super) masks: Option<String>,
    #[command(flatten)]
    pub(super) recipe: RecipeArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The bundle: a folder or .zip
    #[arg(value_name = "BUNDLE")]
    pub(super) bundle: PathBuf,
    #[command(flatten)]
    pub(super) graph: BundleGraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReproduceArgs {
    /// Which table
    #[arg(value_name = "TABLE", value_parser = published_table())]
    pub(super) table: PublishedTable,
    /// Graphs to run it on; of truth their names in the folder of --data [default: those of the table that ship with the program, or that
    /// the folder has]
    #[arg(value_name = "GRAPH")]
    pub(super) graphs: Vec<String>,
    /// The page to write (Markdown); every run that its figures are the means of is kept beside it (.jsonl)
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// Seeds of splits, initial weights and dropout; of truth without the splits
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_values_t = [41, 42, 43])]
    pub(super) seeds: Vec<u64>,
    /// Every cell of the figure, not only those that the authors' code was run for
    #[arg(long)]
    pub(super) full: bool,
    /// Passes over the training nodes, where not the authors' number
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<usize>,
    /// Width between layers, where not the authors' number
    #[arg(long, value_name = "N")]
    pub(super) hidden: Option<usize>,
    #[command(flatten)]
    pub(super) truth: TruthArgs,
    #[command(flatten)]
    pub(super) graph: GraphArgs,
    #[command(flatten)]
    pub(super) shared: SharedArgs,
}

/// Whether a command that writes times measures them.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct TimingArgs {
    /// Measure no times: the same call writes the same bytes on any machine, with any number of threads
    #[arg(long)]
    pub(super) no_timing: bool,
}

impl TimingArgs {
    /// `options` with or without times.
    pub(super) fn of(self, options: RunOptions) -> RunOptions {
        if self.no_timing { RunOptions { timed: None, ..options } } else { options }
    }

    /// Leaves out of the recipe that is written what never changes a result.
    pub(super) fn settle(self, recipe: &mut Recipe) {
        if self.no_timing {
            recipe.threads = 0;
        }
    }
}

/// What changes a recipe. Options beat the recipe file.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Recipe")]
pub(super) struct RecipeArgs {
    /// Start from this recipe file (.toml)
    #[arg(long, value_name = "FILE")]
    pub(super) recipe: Option<PathBuf>,
    /// Read files that the recipe names wherever they lie, not only in its folder, the graph's or the working one
    #[arg(long)]
    pub(super) trust_recipe: bool,
    /// Family of networks
    #[arg(long, value_name = "gcn|gat|sage|gcn2|gin|mlp|sgc|appnp|gbp", value_parser = choice::<Family>)]
    pub(super) arch: Option<Family>,
    /// Layers with weights
    #[arg(long, value_name = "N")]
    pub(super) layers: Option<usize>,
    /// Width between layers
    #[arg(long, value_name = "N")]
    pub(super) hidden: Option<usize>,
    /// Propagation steps before the MLP, decoupled families only
    #[arg(long, value_name = "N")]
    pub(super) hops: Option<usize>,
    /// r in T = D^(r-1) A D^(-r): 0.5 is symmetric, 0 row-stochastic
    #[arg(long, value_name = "R")]
    pub(super) norm_r: Option<f64>,
    /// Attention heads of every layer but the last (gat)
    #[arg(long, value_name = "N")]
    pub(super) heads: Option<usize>,
    /// Attention heads of the last layer, averaged (gat)
    #[arg(long, value_name = "N")]
    pub(super) out_heads: Option<usize>,
    /// Whether sources and targets share one transformation (gat)
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(super) share_weights: Option<bool>,
    /// How attention scores an entry (gat)
    #[arg(long, value_name = "v2|v1", value_parser = choice::<AttentionForm>)]
    pub(super) attention: Option<AttentionForm>,
    /// Share of the first representation (gcn2), or of teleporting (appnp, gbp)
    #[arg(long, value_name = "X")]
    pub(super) alpha: Option<f64>,
    /// Strength of the transformation (gcn2)
    #[arg(long, value_name = "X")]
    pub(super) theta: Option<f64>,
    /// How much the features and every hop count: a closed form, or a number for each (gbp)
    #[arg(long, value_name = "ppr|heat|last|mean|X,…", value_parser = hop_weights, allow_hyphen_values = true)]
    pub(super) hop_weights: Option<HopWeights>,
    /// t of the heat kernel (gbp)
    #[arg(long, value_name = "X")]
    pub(super) heat_time: Option<f64>,
    /// Whether a node's own row has a weight of its own (sage)
    #[arg(long, value_name = "true|false", action = ArgAction::Set)]
    pub(super) root_weight: Option<bool>,
    /// How a model's file is read where its tensors leave settings open, such as norm=layer-graph,activation=elu,jumping=max [default: the
    /// reading that is right on the most training and validation nodes]
    #[arg(long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = setting)]
    pub(super) reading: Vec<(String, String)>,
    /// Settings of a network to train that have no option of their own, such as norm=layer,activation=elu,skip=residual,jumping=cat
    #[arg(long, value_name = "KEY=VALUE,…", value_delimiter = ',', value_parser = setting)]
    pub(super) network: Vec<(String, String)>,
    /// How δa is meant
    #[arg(long, value_name = "absolute|relative|mass|target", value_parser = choice::<EdgeMode>)]
    pub(super) edge_mode: Option<EdgeMode>,
    /// Threshold of the graph side: one for all layers or hops, or one for each
    #[arg(long, value_name = "X,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(super) delta_a: Option<Vec<f64>>,
    /// What a node keeps of itself
    #[arg(long, value_name = "self-loop|residual|residual-loop", value_parser = choice::<Identity>)]
    pub(super) identity: Option<Identity>,
    /// Nodes that keep all incoming entries: none, val, test, or a file of node ids
    #[arg(long, value_name = "NODES")]
    pub(super) lock: Option<String>,
    /// Rank entries by another method instead of their messages; δa is then the share to remove
    #[arg(long, value_name = "random|degree|…", value_parser = choice::<EdgeRanking>)]
    pub(super) edge_ranking: Option<EdgeRanking>,
    /// Rank weights by another method instead of their products; δw is then the share to remove
    #[arg(long, value_name = "random|magnitude|magnitude-global", value_parser = choice::<WeightRanking>)]
    pub(super) weight_ranking: Option<WeightRanking>,
    /// How thresholds grow over the first half of training
    #[arg(long, value_name = "constant|linear|cubic", value_parser = choice::<Ramp>)]
    pub(super) ramp: Option<Ramp>,
    /// How often the lottery schedule sets weights back
    #[arg(long, value_name = "N")]
    pub(super) rounds: Option<usize>,
    /// Train on the graph without its test nodes, so that they are new to the model; they are scored in the whole graph
    #[arg(long)]
    pub(super) inductive: bool,
    /// How embeddings are stored where they are propagated once masks are followed; bf16 is timed beside f32, with its error
    #[arg(long, value_name = "f32|bf16", value_parser = choice::<Precision>)]
    pub(super) embeddings: Option<Precision>,
    /// What the pruned model's weights are stored as in low precision; timed beside f32, with its error
    #[arg(long, value_name = "f32|bf16|f16|int8", value_parser = choice::<ValueType>)]
    pub(super) weights_as: Option<ValueType>,
    /// What the values of kept entries are stored as in low precision
    #[arg(long, value_name = "f32|bf16|f16|int8", value_parser = choice::<ValueType>)]
    pub(super) entries_as: Option<ValueType>,
    /// In which order nodes lie in memory while masks are followed (sgc, appnp, gbp); changes time alone
    #[arg(long, value_name = "stored|degree|community|rcm", value_parser = choice::<HopOrder>)]
    pub(super) node_order: Option<HopOrder>,
    /// How δw is meant
    #[arg(long, value_name = "absolute|relative|target", value_parser = choice::<WeightMode>)]
    pub(super) weight_mode: Option<WeightMode>,
    /// Threshold of the weight side: one for all layers, or one for each
    #[arg(long, value_name = "X,…", value_delimiter = ',', action = ArgAction::Set)]
    pub(super) delta_w: Option<Vec<f64>>,
    /// Share of the hidden channels to remove as a whole, 0 to 1; switches recovery on, which makes up for them
    #[arg(long, value_name = "X")]
    pub(super) channels: Option<f64>,
    /// How accuracy is recovered on this graph; the recipe file's [recovery] section says the rest
    #[arg(long, value_enum, value_name = "none|one-shot|one-shot+distill|trained", hide_possible_values = true)]
    pub(super) recover: Option<Recover>,
    /// Which nodes are to be scored: those that are in this graph now, or new ones that arrive after pruning, whose part the test nodes play
    /// and about which the unpruned model is asked nothing. Switches recovery on
    #[arg(long, value_name = "static|new", value_parser = choice::<NodesAre>)]
    pub(super) nodes_are: Option<NodesAre>,
    /// Passes over the training nodes
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<usize>,
    /// Adam's step size
    #[arg(long, value_name = "X")]
    pub(super) lr: Option<f64>,
    /// L2 penalty
    #[arg(long, value_name = "X")]
    pub(super) weight_decay: Option<f64>,
    /// Share of values dropped between layers while training
    #[arg(long, value_name = "X")]
    pub(super) dropout: Option<f64>,
    /// Whether training prunes
    #[arg(long, value_name = "dense|during|lottery", value_parser = choice::<Schedule>)]
    pub(super) schedule: Option<Schedule>,
    /// auto, a split of the graph, stratified:50/25/25@SEED, or a file, which is read as that of --split-file is
    #[arg(long, value_name = "SPEC")]
    pub(super) split: Option<String>,
    /// Seed of every random choice
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Clean mathematics, or the authors' quirks
    #[arg(long, value_name = "clean|official", value_parser = choice::<Compat>)]
    pub(super) compat: Option<Compat>,
    #[command(flatten)]
    pub(super) graph: GraphArgs,
}

/// How accuracy is recovered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Recover {
    /// Not at all: Unifews as published.
    None,
    /// By closed-form fits, without a label and without an epoch.
    OneShot,
    /// The same, and a short training towards the unpruned model's soft answers.
    #[value(name = "one-shot+distill")]
    OneShotDistill,
    /// By training under masks towards the same answers, instead of the fits.
    Trained,
}

/// A setting of a network and its value, as recipes spell them.
fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.trim().replace('-', "_"), value.trim().to_owned()))
        }
        _ => Err("expected KEY=VALUE, for example activation=elu".to_owned()),
    }
}

/// A file and what it is for.
fn file_role(text: &str) -> Result<(String, Role), String> {
    let key = |role: &Role| role.to_string().replace(' ', "-");
    let (file, word) = text.rsplit_once('=').unwrap_or((text, ""));
    let role = Role::ALL.into_iter().find(|role| key(role) == word);
    let all = || Role::ALL.iter().map(key).collect::<Vec<_>>().join(", ");
    role.map(|role| (file.to_owned(), role)).ok_or_else(|| format!("expected FILE= and one of {}, found {text}", all()))
}

/// A weight by its matrix, input and output.
fn asked_weight(text: &str) -> Result<AskedWeight, String> {
    let wrong = || format!("expected NAME,INPUT,OUTPUT, for example convs.0.lin.weight,12,3, found {text}");
    let [output, input, matrix] = text.rsplitn(3, ',').map(str::trim).collect::<Vec<_>>()[..] else {
        return Err(wrong());
    };
    match (input.parse(), output.parse()) {
        (Ok(input), Ok(output)) if !matrix.is_empty() => Ok(AskedWeight { matrix: matrix.to_owned(), input, output }),
        _ => Err(wrong()),
    }
}

/// A node's id and the file that it is drawn into.
fn node_and_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((node, file)) if !node.trim().is_empty() && !file.is_empty() => Ok((node.to_owned(), file.into())),
        _ => Err(format!("expected NODE=FILE, for example 1493=around.svg, found {text}")),
    }
}

/// A closed form by its name, or numbers between commas.
fn hop_weights(text: &str) -> Result<HopWeights, String> {
    if let Some(closed) = HopWeights::CLOSED.into_iter().find(|w| w.key() == text) {
        return Ok(closed);
    }
    let numbers = text.split(',').map(|part| part.trim().parse::<f64>().map_err(|_e| part.to_owned()));
    numbers
        .collect::<Result<_, _>>()
        .map(HopWeights::Given)
        .map_err(|part| format!("expected ppr, heat, last, mean or numbers between commas, found {part}"))
}

/// One of the published tables, by its key.
fn published_table() -> impl clap::builder::TypedValueParser<Value = PublishedTable> {
    use clap::builder::TypedValueParser as _;
    let values = PublishedTable::ALL.map(|table| clap::builder::PossibleValue::new(table.key()).help(table.about()));
    let of_key =
        |key: String| PublishedTable::ALL.into_iter().find(|table| table.key() == key).ok_or("no table of this name");
    clap::builder::PossibleValuesParser::new(values).try_map(of_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn choices_are_spelt_as_in_a_recipe() {
        assert_eq!(choice::<Identity>("residual-loop"), Ok(Identity::ResidualLoop));
        let error = choice::<Schedule>("later").unwrap_err();
        assert_eq!(error, "unknown variant `later`, expected one of `dense`, `during`, `lottery`");
    }
}
