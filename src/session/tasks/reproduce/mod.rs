//! `unifews reproduce TABLE [GRAPH…] -o FILE`: published tables again, side by side with their figures.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::args::{PublishedTable, ReproduceArgs};
use super::failure::UsageError;
use super::output;
use super::progress::Terminal;
use crate::engine::experiment::{Draw, ReproducedSeed, mass_delta, reproduce};
use crate::engine::graph::Dataset;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, Schedule, Training};
use crate::io::atomic::{AtomicFile, write_atomic};
use crate::io::bundle::MachineNote;
use crate::io::read_graph_within;
use crate::session::format::seconds;
use crate::session::tasks::Need;

/// What was published.
#[derive(Debug, Deserialize)]
struct Published {
    fig10: Vec<Fig10>,
    table3: Vec<Table3>,
    decoupled: Vec<DecoupledRun>,
}

#[derive(Debug, Clone, Deserialize)]
struct Fig10 {
    model: Family,
    delta_a: f64,
    delta_w: f64,
    paper: f64,
    authors_lock: Option<f64>,
    authors: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
struct Table3 {
    model: Family,
    graph: String,
    is_pruned: bool,
    paper: f64,
    paper_secs: f64,
    paper_gmacs: f64,
    authors: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
struct DecoupledRun {
    model: Family,
    delta_a: f64,
    delta_w: f64,
    authors: f64,
    edge_sparsity: f64,
    weight_sparsity: f64,
}

/// One line of the table that comes out.
#[derive(Debug, Serialize)]
struct Row {
    graph: String,
    model: String,
    delta_a: f64,
    delta_w: f64,
    paper: Option<f64>,
    authors: Option<f64>,
    authors_lock: Option<f64>,
    runs: Vec<ReproducedSeed>,
    #[serde(skip)]
    published: Option<PublishedCosts>,
}

/// What else was published beside a score.
#[derive(Debug)]
enum PublishedCosts {
    /// Seconds and billions of operations of the propagation.
    Propagation { secs: f64, gmacs: f64 },
    /// Removed shares, percent.
    Sparsity { edges: f64, weights: f64 },
}

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    table: &'static str,
    output: &'a Path,
    machine: &'a MachineNote,
    rows: &'a [Row],
}

/// The seed of the split that the authors' code was run on.
const AUTHORS_SPLIT: u64 = 42;

/// The share that Table III removes.
const TABLE_3_SHARE: f64 = 0.5;

/// One line that is to be made.
struct Cell {
    dataset: Arc<Dataset>,
    recipe: Recipe,
    /// Share of the pushes that is to go; δa is found for it.
    share: Option<f64>,
    draws: Vec<Draw>,
    paper: Option<f64>,
    authors: Option<f64>,
    authors_lock: Option<f64>,
    published: Option<PublishedCosts>,
}

pub(super) fn run(args: &ReproduceArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let published: Published = toml::from_str(include_str!("published.toml"))?;
    // Nothing long is computed for a place that cannot be written.
    drop(AtomicFile::begin(&args.output)?);
    let mut cells = Vec::new();
    for dataset in graphs(args, terminal)? {
        cells.extend(match args.table {
            PublishedTable::PaperFig10 => fig10(args, &published, &dataset),
            PublishedTable::PaperTable3 => table3(args, &published, &dataset)?,
            PublishedTable::AuthorsDecoupled => decoupled(args, &published, &dataset),
        });
    }
    let machine = MachineNote::this(terminal.ctl().n_threads());
    let n_cells = cells.len();
    let mut rows = Vec::with_capacity(n_cells);
    let mut text = String::new();
    for cell in cells {
        rows.push(made(cell, rows.len(), n_cells, terminal)?);
        // What is there stays there, whatever becomes of the lines to come.
        text = page(args, &rows, n_cells, &machine);
        write_atomic(&args.output, text.as_bytes())?;
    }
    terminal.clear();
    if args.shared.json {
        let table = args.table.key();
        let document = Document { command: "reproduce", table, output: &args.output, machine: &machine, rows: &rows };
        return output::json(&document);
    }
    output::lines(&[text, format!("wrote {}", args.output.display())])
}

/// Trains and evaluates what a line is made of.
fn made(cell: Cell, at: usize, n_cells: usize, terminal: &Terminal) -> anyhow::Result<Row> {
    let Cell { dataset, mut recipe, share, draws, paper, authors, authors_lock, published } = cell;
    let (family, quiet) = (recipe.model.architecture, terminal.ctl().quiet());
    let deltas = share.map_or_else(
        || format!("δa {} δw {}", recipe.delta_a(0), recipe.delta_w(0)),
        |share| format!("{:.0} % removed", 100.0 * share),
    );
    terminal.ctl().progress(&format!("{} on {}, {deltas}", family.key(), dataset.name()), at, n_cells);
    if let Some(need) = recipe.training.as_ref().and_then(|_| Need::of_training(&dataset, &recipe)) {
        terminal.check_memory(need)?;
    }
    if let Some(share) = share {
        recipe.edges.delta = vec![mass_delta(&dataset, &recipe, share, &quiet)?];
    }
    Ok(Row {
        graph: dataset.name().to_owned(),
        model: family.title().to_owned(),
        delta_a: recipe.delta_a(0),
        delta_w: recipe.delta_w(0),
        paper,
        authors,
        authors_lock,
        runs: reproduce(&dataset, &recipe, &draws, &quiet)?,
        published,
    })
}

/// The graphs that were named, or those that ship with the program.
fn graphs(args: &ReproduceArgs, terminal: &Terminal) -> anyhow::Result<Vec<Arc<Dataset>>> {
    let named: Vec<String> = if args.graphs.is_empty() {
        args.table.samples().iter().map(|s| (*s).to_owned()).collect()
    } else {
        args.graphs.clone()
    };
    let (options, memory) = (args.graph.options(), terminal.memory());
    named.iter().map(|spec| Ok(read_graph_within(spec, &options, memory, terminal.ctl())?.0.shared())).collect()
}

/// The authors' settings for a family, pruning while it trains where anything is to be pruned.
fn official(family: Family, delta_a: f64, delta_w: f64, args: &ReproduceArgs) -> Recipe {
    let is_dense = delta_a == 0.0 && delta_w == 0.0;
    let schedule = if is_dense { Schedule::Dense } else { Schedule::During };
    let mut training = Training { schedule, ..Training::official(family) };
    training.epochs = args.epochs.unwrap_or(training.epochs);
    let mut recipe = Recipe {
        compat: Compat::OFFICIAL,
        model: Architecture::new(family),
        training: Some(training),
        ..Recipe::default()
    };
    recipe.model.hidden = args.hidden.unwrap_or(recipe.model.hidden);
    recipe.edges.delta = vec![delta_a];
    recipe.weights.delta = vec![delta_w];
    recipe
}

/// Every seed with a split of its own.
fn own_splits(seeds: &[u64]) -> Vec<Draw> {
    seeds.iter().map(|s| Draw { split: *s, seed: *s }).collect()
}

/// Every seed on the split of the authors' run.
fn authors_split(seeds: &[u64]) -> Vec<Draw> {
    seeds.iter().map(|s| Draw { split: AUTHORS_SPLIT, seed: *s }).collect()
}

fn fig10(args: &ReproduceArgs, published: &Published, dataset: &Arc<Dataset>) -> Vec<Cell> {
    let is_cora = dataset.name().eq_ignore_ascii_case("cora");
    let wanted = published.fig10.iter().filter(|cell| args.full || cell.authors.is_some());
    let cell = |cell: &Fig10| {
        let mut draws = own_splits(&args.seeds);
        if is_cora && cell.authors.is_some() {
            draws.extend(authors_split(&args.seeds).into_iter().filter(|d| d.split != d.seed));
        }
        Cell {
            dataset: Arc::clone(dataset),
            recipe: official(cell.model, cell.delta_a, cell.delta_w, args),
            share: None,
            draws,
            paper: is_cora.then_some(cell.paper),
            authors: cell.authors.filter(|_| is_cora),
            authors_lock: cell.authors_lock.filter(|_| is_cora),
            published: None,
        }
    };
    wanted.map(cell).collect()
}

fn decoupled(args: &ReproduceArgs, published: &Published, dataset: &Arc<Dataset>) -> Vec<Cell> {
    let is_cora = dataset.name().eq_ignore_ascii_case("cora");
    let cell = |cell: &DecoupledRun| {
        let mut recipe = official(cell.model, cell.delta_a, cell.delta_w, args);
        if cell.delta_a > 0.0 {
            push(&mut recipe);
        }
        let costs = PublishedCosts::Sparsity { edges: cell.edge_sparsity, weights: cell.weight_sparsity };
        Cell {
            dataset: Arc::clone(dataset),
            recipe,
            share: None,
            draws: authors_split(&args.seeds),
            paper: None,
            authors: is_cora.then_some(cell.authors),
            authors_lock: None,
            published: is_cora.then_some(costs),
        }
    };
    published.decoupled.iter().map(cell).collect()
}

/// Propagates as the authors' program does.
fn push(recipe: &mut Recipe) {
    recipe.edges.mode = EdgeMode::Mass;
    if recipe.model.architecture == Family::Sgc {
        recipe.edges.identity = Identity::ResidualLoop;
    }
}

fn table3(args: &ReproduceArgs, published: &Published, dataset: &Arc<Dataset>) -> Result<Vec<Cell>, UsageError> {
    let cell = |cell: &Table3| {
        let mut recipe = official(cell.model, 0.0, 0.0, args);
        if cell.is_pruned {
            push(&mut recipe);
            if let Some(training) = &mut recipe.training {
                training.schedule = Schedule::During;
            }
        }
        Cell {
            dataset: Arc::clone(dataset),
            recipe,
            share: cell.is_pruned.then_some(TABLE_3_SHARE),
            draws: own_splits(&args.seeds),
            paper: Some(cell.paper),
            authors: cell.authors,
            authors_lock: None,
            published: Some(PublishedCosts::Propagation { secs: cell.paper_secs, gmacs: cell.paper_gmacs }),
        }
    };
    let of_graph = published.table3.iter().filter(|t| dataset.name().eq_ignore_ascii_case(&t.graph));
    let cells: Vec<Cell> = of_graph.map(cell).collect();
    if cells.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        for cell in &published.table3 {
            if !names.contains(&cell.graph.as_str()) {
                names.push(&cell.graph);
            }
        }
        let last = names.pop().unwrap_or_default();
        let expected = format!("{} or {last} (the graphs of this table)", names.join(", "));
        return Err(UsageError::new("GRAPH", expected, dataset.name()));
    }
    Ok(cells)
}

/// Which of a row's runs are meant.
#[derive(Debug, Clone, Copy)]
enum Runs {
    /// All of them.
    All,
    /// A split of its own for every seed.
    OwnSplits,
    /// Those on the split of the authors' run.
    AuthorsSplit,
}

fn values(row: &Row, which: Runs, value: impl Fn(&ReproducedSeed) -> f64) -> Vec<f64> {
    let wanted = |r: &&ReproducedSeed| match which {
        Runs::All => true,
        Runs::OwnSplits => r.draw.split == r.draw.seed,
        Runs::AuthorsSplit => r.draw.split == AUTHORS_SPLIT,
    };
    row.runs.iter().filter(wanted).map(value).collect()
}

/// Mean over the runs.
fn mean(row: &Row, which: Runs, value: impl Fn(&ReproducedSeed) -> f64) -> f64 {
    let values = values(row, which, value);
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Mean and standard deviation in percent, for example `88.6 ±0.4`.
fn score(row: &Row, which: Runs, value: impl Fn(&ReproducedSeed) -> f64) -> String {
    let values = values(row, which, value);
    let n = values.len();
    let centre = values.iter().sum::<f64>() / n.max(1) as f64;
    let squares: f64 = values.iter().map(|v| (v - centre).powi(2)).sum();
    if n > 1 {
        format!("{:.1} ±{:.1}", 100.0 * centre, 100.0 * (squares / (n - 1) as f64).sqrt())
    } else {
        format!("{:.1}", 100.0 * centre)
    }
}

fn published(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.1}"))
}

/// The page: what was run, where, and the table.
fn page(args: &ReproduceArgs, rows: &[Row], n_cells: usize, machine: &MachineNote) -> String {
    let mut page = format!("# {}\n\n", args.table.title());
    let seeds = args.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let mut command = format!("unifews reproduce {}", args.table.key());
    let full = args.full.then(|| "--full".to_owned());
    let settings = [("--epochs", args.epochs), ("--hidden", args.hidden)];
    let settings = settings.iter().filter_map(|(name, value)| value.map(|v| format!("{name} {v}")));
    for part in args.graphs.iter().cloned().chain(full).chain(settings) {
        command.push(' ');
        command.push_str(&part);
    }
    page.extend([format!(
        "Made by `{command}`, seeds {seeds} of splits (50/25/25), initial weights and dropout.\n{} threads, {processor}, {}.\n\n",
        machine.n_threads, machine.system
    )]);
    page.push_str(args.table.explanation());
    page.push_str("\n\n");
    if rows.len() < n_cells {
        page.extend([format!("Not finished: {} of {n_cells} lines.\n\n", rows.len())]);
    }
    match args.table {
        PublishedTable::PaperFig10 => fig10_lines(rows, &mut page),
        PublishedTable::PaperTable3 => table3_lines(rows, &mut page),
        PublishedTable::AuthorsDecoupled => decoupled_lines(rows, &mut page),
    }
    page
}

fn fig10_lines(rows: &[Row], page: &mut String) {
    page.push_str(
        "| graph | model | δa | δw | entries removed | weights removed | plain | put back | paper | seed 42's split, plain | \
         authors, plain | seed 42's split, put back | authors, put back | epoch |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let put_back = |s: &ReproducedSeed| s.test_official_lock.unwrap_or(s.test);
    for row in rows {
        let beside = |authors: Option<f64>, value: &dyn Fn(&ReproducedSeed) -> f64| {
            if authors.is_some() { score(row, Runs::AuthorsSplit, value) } else { "–".to_owned() }
        };
        page.extend([format!(
            "| {} | {} | {} | {} | {:.1} % | {:.1} % | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.graph,
            row.model,
            row.delta_a,
            row.delta_w,
            100.0 * mean(row, Runs::OwnSplits, |s| s.edge_sparsity),
            100.0 * mean(row, Runs::OwnSplits, |s| s.weight_sparsity),
            score(row, Runs::OwnSplits, |s| s.test),
            score(row, Runs::OwnSplits, put_back),
            published(row.paper),
            beside(row.authors, &|s| s.test),
            published(row.authors),
            beside(row.authors_lock, &put_back),
            published(row.authors_lock),
            seconds(mean(row, Runs::All, |s| s.epoch_secs)),
        )]);
    }
}

fn table3_lines(rows: &[Row], page: &mut String) {
    page.push_str(
        "| graph | model | δ | test | paper | entries removed | propagation | propagation GMACs | paper's propagation | paper's \
         GMACs |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let gmacs = mean(row, Runs::All, |s| s.propagation_macs.map_or(f64::NAN, |m| m as f64 / 1e9));
        let (of_paper_secs, of_paper_gmacs) = match row.published {
            Some(PublishedCosts::Propagation { secs, gmacs }) => (seconds(secs), format!("{gmacs:.2}")),
            _ => ("–".to_owned(), "–".to_owned()),
        };
        page.extend([format!(
            "| {} | {} | {} | {} | {} | {:.1} % | {} | {gmacs:.2} | {of_paper_secs} | {of_paper_gmacs} |\n",
            row.graph,
            row.model,
            delta(row.delta_a),
            score(row, Runs::All, |s| s.test),
            published(row.paper),
            100.0 * mean(row, Runs::All, |s| s.edge_sparsity),
            seconds(mean(row, Runs::All, |s| s.propagation_secs.unwrap_or(f64::NAN))),
        )]);
    }
}

fn decoupled_lines(rows: &[Row], page: &mut String) {
    page.push_str(
        "| graph | model | δ | δw | test | authors | pushes removed | authors' | weights removed | authors' | propagation | epoch |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let (edges, weights) = match row.published {
            Some(PublishedCosts::Sparsity { edges, weights }) => (format!("{edges:.1} %"), format!("{weights:.1} %")),
            _ => ("–".to_owned(), "–".to_owned()),
        };
        page.extend([format!(
            "| {} | {} | {} | {} | {} | {} | {:.1} % | {edges} | {:.1} % | {weights} | {} | {} |\n",
            row.graph,
            row.model,
            delta(row.delta_a),
            row.delta_w,
            score(row, Runs::All, |s| s.test),
            published(row.authors),
            100.0 * mean(row, Runs::All, |s| s.edge_sparsity),
            100.0 * mean(row, Runs::All, |s| s.weight_sparsity),
            seconds(mean(row, Runs::All, |s| s.propagation_secs.unwrap_or(f64::NAN))),
            seconds(mean(row, Runs::All, |s| s.epoch_secs)),
        )]);
    }
}

/// A threshold of mass mode, for people.
fn delta(value: f64) -> String {
    if value > 0.0 { format!("{value:.2e}") } else { "0".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_are_all_there() {
        let published: Published = toml::from_str(include_str!("published.toml")).expect("TOML");
        assert_eq!((published.fig10.len(), published.table3.len(), published.decoupled.len()), (98, 12, 9));
        assert_eq!(published.fig10.iter().filter(|c| c.authors.is_some()).count(), 16);
    }
}
