//! What is left at the same true sparsity: trains models, prunes each in every way, and sets what they lost side by side.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::memory::check_memory;
use super::output::{Reproduced, ReproducedLine, ReproducedRows};
use super::plan::ReproducePlan;
use super::truth_lines::{LINES_FORMAT, TruthLine, TruthLines, TruthModel};
use super::truth_page::page;
use crate::engine::control::Control;
use crate::engine::experiment::{RunOptions, TruthScore, TruthShares, TruthWay, run, standardised};
use crate::engine::graph::{Dataset, resolve_split};
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{Recipe, Training};
use crate::engine::train::train;
use crate::io::MemoryBudget;
use crate::io::atomic::{AtomicFile, write_atomic};
use crate::io::bundle::MachineNote;
use crate::session::tasks::source::GraphSource;
use crate::session::tasks::{Need, TaskError};

/// The graphs of the table, by the names that a folder of data has them under.
pub(super) const GRAPHS: [&str; 5] = ["cora", "citeseer", "pubmed", "chameleon_filtered", "tolokers"];
/// Where a folder of data may have a graph.
const PLACES: [(&str, &str); 4] = [("", ""), ("unifews/", ""), ("", ".npz"), ("heterophilous/", ".npz")];
/// Those that ship with the program.
const SHIPPED: [&str; 2] = ["cora", "citeseer"];
/// Splits of every graph.
const N_SPLITS: usize = 3;

/// Makes the page; what was measured before, and is beside it, is not measured again.
pub(super) fn make(
    plan: &ReproducePlan,
    output: &Path,
    memory: MemoryBudget,
    ctl: &Control,
    on_point: &mut dyn FnMut(ReproducedLine),
) -> Result<Reproduced, TaskError> {
    // Nothing long is computed for a place that cannot be written.
    drop(AtomicFile::begin(output)?);
    let mut lines = TruthLines::beside(output)?;
    let machine = MachineNote::this(ctl.n_threads());
    let mut todo = Vec::new();
    for spec in specs(plan)? {
        let (dataset, _) = GraphSource::Read { spec, options: Box::new(plan.reading.clone()), memory }.get(ctl)?;
        todo.extend(jobs(plan, &dataset, ctl)?);
    }
    let n_in_all = todo.iter().map(|job| job.cells.len()).sum();
    let mut n_done = 0;
    for job in todo {
        let Job { dataset, recipe, of, mut cells } = job;
        let n_cells = cells.len();
        cells.retain(|(way, shares)| !lines.has(&of, *way, *shares));
        n_done += n_cells - cells.len();
        if cells.is_empty() {
            continue;
        }
        let what = format!("{} on {}, split {}, seed {}", of.model, of.graph, of.split, of.seed);
        ctl.progress(&format!("training {what}"), n_done, n_in_all);
        if let Some(need) = Need::of_training(&dataset, &recipe) {
            check_memory(need, memory)?;
        }
        let start = Instant::now();
        let model = train(&dataset, &recipe, &ctl.quiet(), |_| {})?.model;
        let train_secs = start.elapsed().as_secs_f64();
        let mut baseline = None;
        for (way, shares) in cells {
            ctl.progress(&format!("{what}: {}, {shares}", way.title()), n_done, n_in_all);
            let pruning = way.recipe(&recipe, shares);
            check_memory(Need::of_run(&dataset, &model, &pruning, RunOptions::PREVIEW), memory)?;
            if baseline.is_none() {
                // So that no time holds the unpruned forward.
                let unpruned = Recipe { recovery: None, channels: None, training: None, ..recipe.clone() };
                let found = run(&dataset, &model, &unpruned, RunOptions::PREVIEW, None, &ctl.quiet())?;
                baseline = Some(found.baseline_logits);
            }
            let start = Instant::now();
            let found = run(&dataset, &model, &pruning, RunOptions::PREVIEW, baseline.clone(), &ctl.quiet())?;
            let secs = start.elapsed().as_secs_f64();
            let Some(score) = TruthScore::of(&found) else { return Err(no_labels(&dataset)) };
            let (format, of, n_threads) = (LINES_FORMAT.to_owned(), of.clone(), ctl.n_threads());
            // What is there stays there, whatever becomes of the lines to come.
            lines.add(TruthLine { format, of, way, shares, score, secs, train_secs, n_threads })?;
            n_done += 1;
            let text = page(plan, &lines.all, (n_done, n_in_all), &machine);
            write_atomic(output, text.as_bytes())?;
            on_point(ReproducedLine { text, n_lines: n_done, n_in_all });
        }
    }
    ctl.progress("done", n_in_all, n_in_all);
    let text = page(plan, &lines.all, (n_in_all, n_in_all), &machine);
    write_atomic(output, text.as_bytes())?;
    on_point(ReproducedLine { text: text.clone(), n_lines: n_in_all, n_in_all });
    Ok(Reproduced { output: output.to_owned(), text, rows: ReproducedRows::Truth(lines.all), machine })
}

/// One model, and what is to be done with it.
struct Job {
    dataset: Arc<Dataset>,
    /// With its training.
    recipe: Recipe,
    of: TruthModel,
    cells: Vec<(TruthWay, TruthShares)>,
}

fn no_labels(dataset: &Dataset) -> TaskError {
    let (expected, found) = ("a graph with labels".to_owned(), format!("{} without", dataset.name()));
    TaskError::Wrong { what: "GRAPH", expected, found }
}

/// Paths and samples of the plan's graphs.
fn specs(plan: &ReproducePlan) -> Result<Vec<String>, TaskError> {
    let names: Vec<String> = match (plan.graphs.is_empty(), &plan.truth.data) {
        (false, _) => plan.graphs.clone(),
        (true, Some(_)) => GRAPHS.map(str::to_owned).to_vec(),
        (true, None) => SHIPPED.map(str::to_owned).to_vec(),
    };
    names.into_iter().map(|name| spec(&name, plan.truth.data.as_deref())).collect()
}

/// Where a graph is: in the folder of data, among those that ship with the program, or as it is called.
fn spec(name: &str, data: Option<&Path>) -> Result<String, TaskError> {
    if name.starts_with("sample:") {
        return Ok(name.to_owned());
    }
    let Some(folder) = data else {
        let is_shipped = SHIPPED.contains(&name) && !Path::new(name).exists();
        return Ok(if is_shipped { format!("sample:{name}") } else { name.to_owned() });
    };
    let mut places = PLACES.iter().map(|(before, after)| folder.join(format!("{before}{name}{after}")));
    if let Some(path) = places.find(|path| path.exists()) {
        return Ok(path.to_string_lossy().into_owned());
    }
    if Path::new(name).exists() {
        return Ok(name.to_owned());
    }
    let places = PLACES.map(|(before, after)| format!("{before}{name}{after}")).join(", ");
    let expected = format!("a graph in {}, as one of {places}", folder.display());
    Err(TaskError::Wrong { what: "GRAPH", expected, found: name.to_owned() })
}

/// The models of a graph.
fn jobs(plan: &ReproducePlan, dataset: &Arc<Dataset>, ctl: &Control) -> Result<Vec<Job>, TaskError> {
    if dataset.labels().is_none() {
        return Err(no_labels(dataset));
    }
    let mut jobs = Vec::new();
    for &family in &plan.truth.families {
        for split in splits(dataset, &plan.truth.splits) {
            // A split that the graph does not have is refused before anything is trained.
            let resolved = resolve_split(dataset, &split, 0)?;
            let table = standardised(dataset, &resolved, ctl)?.map(Arc::new);
            let (split, standardised) = (resolved.name, table.is_some());
            let dataset = table.as_ref().unwrap_or(dataset);
            let models = plan.seeds.iter().flat_map(|seed| [(*seed, false), (*seed, true)]);
            for (seed, inductive) in models {
                let recipe = trained(plan, dataset, family, (&split, seed, inductive));
                recipe.check()?;
                let goes = |way: &TruthWay| {
                    way.is_inductive() == inductive && way.recipe(&recipe, TruthShares::ALL[0]).check().is_ok()
                };
                let ways: Vec<TruthWay> = plan.truth.ways.iter().copied().filter(goes).collect();
                let cells = plan.truth.shares.iter().flat_map(|s| ways.iter().map(move |way| (*way, *s))).collect();
                let of = TruthModel {
                    graph: dataset.name().to_owned(),
                    n_nodes: dataset.n_nodes(),
                    n_entries: dataset.topology().n_entries(),
                    model: recipe.model.title(dataset.features().width(), dataset.n_classes()),
                    family,
                    epochs: recipe.training.as_ref().map_or(0, |training| training.epochs),
                    split: split.clone(),
                    seed,
                    inductive,
                    standardised,
                };
                jobs.push(Job { dataset: Arc::clone(dataset), recipe, of, cells });
            }
        }
    }
    Ok(jobs)
}

/// How a model of the table is trained: dense, as the authors trained its family.
fn trained(
    plan: &ReproducePlan,
    dataset: &Dataset,
    family: Family,
    (split, seed, inductive): (&str, u64, bool),
) -> Recipe {
    let mut training = Training { inductive, ..Training::official(family) };
    training.epochs = plan.epochs.unwrap_or(training.epochs);
    let hidden = plan.hidden.unwrap_or_else(|| hidden(dataset.name()));
    Recipe {
        seed,
        split: split.to_owned(),
        graph: plan.reading.clone(),
        model: Architecture { hidden, ..Architecture::new(family) },
        training: Some(training),
        ..Recipe::default()
    }
}

/// The width between layers on a graph of this name.
fn hidden(graph: &str) -> usize {
    match graph {
        "pubmed" => 128,
        "tolokers" => 64,
        _ if graph.starts_with("chameleon") => 256,
        _ => 512,
    }
}

/// The splits that are wanted: a number is the graph's own of that seed or mask, else drawn with it. Without any, the graph's first three, or
/// those of the seeds 41 to 43.
fn splits(dataset: &Dataset, wanted: &[String]) -> Vec<String> {
    let has = |name: &String| dataset.splits().iter().any(|split| split.name == *name);
    let of_number = |n: u64| {
        let own = [format!("seed{n}"), format!("file:{n}")].into_iter().find(has);
        own.unwrap_or_else(|| format!("stratified:50/25/25@{n}"))
    };
    if wanted.is_empty() {
        let masks = (0..N_SPLITS).map(|n| format!("file:{n}")).collect::<Vec<_>>();
        return if masks.iter().all(has) { masks } else { (41..).take(N_SPLITS).map(of_number).collect() };
    }
    wanted.iter().map(|name| name.parse().map_or_else(|_error| name.clone(), of_number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::read_graph;

    #[test]
    fn graphs_are_found_in_a_folder_of_data_by_their_names() {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path();
        std::fs::create_dir_all(data.join("unifews/pubmed")).expect("a folder");
        std::fs::create_dir_all(data.join("heterophilous")).expect("a folder");
        write_atomic(data.join("heterophilous/tolokers.npz"), b"").expect("a file");
        let found = |name: &str| spec(name, Some(data)).expect("there");
        assert_eq!(found("pubmed"), data.join("unifews/pubmed").to_string_lossy());
        assert_eq!(found("tolokers"), data.join("heterophilous/tolokers.npz").to_string_lossy());
        assert_eq!(found("sample:karate"), "sample:karate");
        let error = spec("flickr", Some(data)).expect_err("not there").to_string();
        assert!(error.contains("unifews/flickr") && error.ends_with("found flickr"), "{error}");
        assert_eq!(spec("cora", None).expect("shipped"), "sample:cora");
        assert_eq!(spec("elsewhere/graph", None).expect("a path"), "elsewhere/graph");
    }

    #[test]
    fn splits_are_the_graphs_own_where_it_has_them() {
        let ctl = Control::new(1).expect("a worker");
        let (dataset, _) = read_graph("sample:karate", &ctl).expect("a sample");
        let mut parts = dataset.to_parts();
        let drawn = resolve_split(&dataset, "stratified", 1).expect("drawn");
        let named = |name: &str| crate::engine::graph::Split { name: name.to_owned(), ..drawn.clone() };
        parts.splits = vec![named("seed42"), named("file:7")];
        let own = Dataset::try_new(parts.clone()).expect("valid");
        let words = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            splits(&own, &words(&["42", "7", "9", "auto"])),
            words(&["seed42", "file:7", "stratified:50/25/25@9", "auto"])
        );
        let of_seeds = words(&["stratified:50/25/25@41", "seed42", "stratified:50/25/25@43"]);
        assert_eq!(splits(&own, &[]), of_seeds);
        parts.splits = ["file:0", "file:1", "file:2", "file:3"].map(named).to_vec();
        let masks = Dataset::try_new(parts).expect("valid");
        assert_eq!(splits(&masks, &[]), words(&["file:0", "file:1", "file:2"]));
    }
}
