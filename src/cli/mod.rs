//! The command line: arguments, progress and tables over the same tasks as the window.
//!
//! What is never here: anything the window cannot do too, and computation of its own. stdout is data: a table for people, or
//! with `--json` one document. stderr is progress and messages. Exit codes: 0 done; 1 it could not be done, with the reason;
//! 2 the call was wrong; 130 interrupted, and nothing half-written is left.

mod args;
mod bench;
mod beyond_args;
mod check;
mod choice;
mod cluster;
mod compare_run;
mod diagnose;
mod export;
mod export_args;
mod failure;
mod generate;
mod headless;
mod input_args;
mod inputs;
mod inspect;
mod output;
mod pictures;
mod predict;
mod predict_args;
mod program_args;
mod progress;
mod propagate;
mod prune;
mod replay;
mod report;
mod report_args;
mod reproduce;
mod store;
mod stress;
mod sweep;
mod train;
mod truth_args;
mod worker;

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::FromArgMatches as _;

pub use args::Cli;
use args::CliCommand;

use crate::io::read_recipe;

/// What the window is to open with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// Graph, model, recipe or bundle, in any order.
    pub open: Vec<String>,
    /// Worker threads; 0 = all cores.
    pub n_threads: usize,
    /// `glow` or `wgpu`, where it was given.
    pub renderer: Option<String>,
    quiet: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Invocation {
    /// The window.
    Window(OpenRequest),
    /// The main job without a window, because `--headless` says so.
    Headless(OpenRequest),
    /// A command.
    Command(CommandRequest),
}

/// One command with its options.
#[derive(Debug)]
pub struct CommandRequest(Box<CliCommand>);

/// Reads the command line of this process.
///
/// # Errors
/// The exit code, when the call was wrong (2, said on stderr) or only asked for help or the version (0).
pub fn parse() -> Result<Invocation, ExitCode> {
    let matches = args::command().try_get_matches();
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches)).map_err(|error| {
        let code = if error.use_stderr() { failure::USAGE } else { failure::DONE };
        // Help into a closed pipe is nobody's failure.
        drop(error.print());
        ExitCode::from(code)
    })?;
    if let Some(command) = cli.command {
        return Ok(Invocation::Command(CommandRequest(Box::new(command))));
    }
    let args::WindowArgs { open, threads, renderer, headless, quiet } = cli.window;
    if let Some(word) = open.iter().find(|name| is_no_file(name)) {
        return Err(refuse(&failure::UsageError::new("unifews", "a command or a file (see unifews --help)", word)));
    }
    let request = OpenRequest { open, n_threads: threads, renderer, quiet };
    Ok(if headless { Invocation::Headless(request) } else { Invocation::Window(request) })
}

/// Whether this can only be a misspelt command: a bare word that names nothing.
fn is_no_file(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !Path::new(name).exists()
}

/// Runs a command and says why where it could not be done.
pub fn run(request: &CommandRequest) -> ExitCode {
    let result = terminal(&request.0).and_then(|terminal| match &*request.0 {
        CliCommand::Inspect(args) => inspect::run(args, &terminal),
        CliCommand::Train(args) => train::run(args, &terminal),
        CliCommand::Prune(args) => prune::run(args, &terminal),
        CliCommand::Propagate(args) => propagate::run(args, &terminal),
        CliCommand::Store(args) => store::run(args, &terminal),
        CliCommand::Sweep(args) => sweep::run(args, &terminal),
        CliCommand::Stress(args) => stress::run(args, &terminal),
        CliCommand::Replay(args) => replay::run(args, &terminal),
        CliCommand::Predict(args) => predict::run(args, &terminal),
        CliCommand::Check(args) => check::run(args, &terminal),
        CliCommand::Report(args) => report::run(args, &terminal),
        CliCommand::Export(args) => export::run(args, &terminal),
        CliCommand::Cluster(args) => cluster::run(args, &terminal),
        CliCommand::CompareRun(args) => compare_run::run(args, &terminal),
        CliCommand::Worker(args) => worker::run(args, &terminal),
        CliCommand::Reproduce(args) => reproduce::run(args, &terminal),
        CliCommand::Bench(args) => bench::run(args, &terminal),
        CliCommand::Diagnose(args) => diagnose::run(args, &terminal),
        CliCommand::Generate(args) => generate::run(args),
    });
    failure::exit_code(result)
}

/// As many workers as the option says, else the recipe file, else one per core.
fn terminal(command: &CliCommand) -> anyhow::Result<progress::Terminal> {
    let shared = command.shared();
    let n_threads = match (shared.threads, command.recipe_file()) {
        (Some(n_threads), _) => n_threads,
        (None, Some(path)) => read_recipe(path)?.threads,
        // A cluster gives every task a core.
        (None, None) if matches!(command, CliCommand::Worker(_)) => 1,
        (None, None) => 0,
    };
    progress::Terminal::new(n_threads, shared.quiet, shared.max_memory)
}

/// Does the window's main job without one: runs the recipe, sweeps, and writes everything into `./unifews-out`.
pub fn run_headless(request: &OpenRequest) -> ExitCode {
    let result = progress::Terminal::new(request.n_threads, request.quiet, None)
        .and_then(|terminal| headless::run(&request.open, &terminal));
    failure::exit_code(result)
}

/// Whether a window can be shown at all. On Linux that takes a display server; elsewhere there always is one.
pub fn has_display() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}

/// Says on stderr that there is no window, and why.
pub fn explain_headless(why: &impl Display) {
    output::note(&format!("{why}; working without a window"));
}

/// Says on stderr why the call was wrong.
pub fn refuse(why: &impl Display) -> ExitCode {
    output::note(&format!("error: {why}"));
    ExitCode::from(failure::USAGE)
}
