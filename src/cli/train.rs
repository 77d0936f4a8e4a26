//! `unifews train GRAPH -o MODEL`: a dense model, or one trained under a recipe.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::args::TrainArgs;
use super::inputs;
use super::output::{self, table};
use super::progress::Terminal;
use crate::engine::model::TrainedOn;
use crate::engine::sparsify::{Recipe, Schedule};
use crate::engine::train::EpochRecord;
use crate::io::atomic::AtomicFiles;
use crate::io::{check_companion_recipe, encode_model, recipe_to_toml};
use crate::session::format::{percent, seconds};
use crate::session::tasks::train::Train;

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    graph: &'a str,
    title: String,
    model: &'a Path,
    recipe_file: &'a Path,
    recipe: &'a Recipe,
    trained_on: Option<&'a TrainedOn>,
    history: &'a [EpochRecord],
}

pub(super) fn run(args: &TrainArgs, terminal: &Terminal) -> anyhow::Result<()> {
    // The place is opened first: nothing is trained for a file that cannot be written.
    let recipe_file = beside(&args.output);
    check_companion_recipe(&recipe_file)?;
    let mut files = AtomicFiles::begin(&args.output, &[&recipe_file])?;
    let mut input = inputs::read(&args.graph, &args.recipe, &args.shared, terminal)?;
    inputs::set_training(&mut input.recipe, &args.recipe);
    let recipe = &input.recipe;
    let removes = |deltas: &[f64]| deltas.iter().any(|d| *d > 0.0);
    let is_dense = recipe.training.as_ref().is_some_and(|t| t.schedule == Schedule::Dense);
    if is_dense && (removes(&recipe.edges.delta) || removes(&recipe.weights.delta)) {
        terminal.note("warning: thresholds play no part in a dense training; --schedule during prunes while training");
    }
    if is_dense && recipe.recovery.is_some() {
        terminal.note("warning: recovery plays no part in a dense training; prune with it");
    }
    let trained = terminal.run(Train::new(Arc::clone(&input.dataset), recipe.clone()), &mut |_| {})?;
    let bytes = encode_model(&trained.model, &args.output)?;
    files.write(0, &bytes)?;
    files.write(1, recipe_to_toml(recipe).as_bytes())?;
    terminal.ctl().check()?;
    check_companion_recipe(&recipe_file)?;
    files.commit()?;
    terminal.clear();
    let model = &trained.model;
    if args.shared.json {
        return output::json(&Document {
            command: "train",
            graph: input.dataset.source(),
            title: model.title(),
            model: &args.output,
            recipe_file: &recipe_file,
            recipe,
            trained_on: model.trained_on.as_ref(),
            history: &trained.history,
        });
    }
    let best = model.trained_on.as_ref().map_or(0, |t| t.best_epoch);
    let last = trained.history.len();
    let picked = trained.history.iter().filter(|r| r.epoch == 1 || r.epoch == best || r.epoch == last);
    let rows = picked.map(|r| {
        vec![
            if r.epoch == best { format!("{} best", r.epoch) } else { r.epoch.to_string() },
            format!("{:.4}", r.train_loss),
            percent(r.train_accuracy),
            percent(r.val_accuracy),
            percent(r.test_accuracy),
            percent(r.edge_sparsity),
            percent(r.weight_sparsity),
        ]
    });
    let header = ["epoch", "loss", "train", "val", "test", "entries removed", "weights removed"];
    let total: f64 = trained.history.iter().map(|r| r.elapsed_secs).sum();
    let mean = total / last.max(1) as f64;
    let split = model.trained_on.as_ref().map_or("", |t| t.split.as_str());
    let n_threads = terminal.ctl().n_threads();
    output::lines(&[
        format!("{} on {}, split {split}\n", model.title(), input.dataset.name()),
        table(&header, 1, rows),
        format!("\n{last} epochs in {}, {} each, {n_threads} threads", seconds(total), seconds(mean)),
        format!("wrote {} and {}", args.output.display(), recipe_file.display()),
    ])
}

/// `model.safetensors` → `model.recipe.toml`.
fn beside(model: &Path) -> PathBuf {
    model.with_extension("recipe.toml")
}
