//! `unifews reproduce TABLE [GRAPH…] -o FILE`: published tables again, side by side with their figures.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::args::{PublishedTable, ReproduceArgs};
use super::output::{self, seconds};
use super::progress::Terminal;
use crate::engine::analysis::{ReproducedSeed, mass_delta, reproduce};
use crate::engine::graph::Dataset;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, Schedule, Training};
use crate::io::atomic::write_atomic;
use crate::io::bundle::MachineNote;
use crate::io::read_graph_within;

/// What was published.
#[derive(Debug, Deserialize)]
struct Published {
    fig10: Vec<Fig10>,
    table3: Vec<Table3>,
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
    seeds: Vec<ReproducedSeed>,
    #[serde(skip)]
    note: Option<Table3>,
}

#[derive(Serialize)]
struct Document<'a> {
    command: &'static str,
    table: &'static str,
    output: &'a Path,
    machine: &'a MachineNote,
    rows: &'a [Row],
}

/// The share that Table III removes.
const TABLE_3_SHARE: f64 = 0.5;

pub(super) fn run(args: &ReproduceArgs, terminal: &Terminal) -> anyhow::Result<()> {
    let published: Published = toml::from_str(include_str!("published.toml"))?;
    let graphs = graphs(args, terminal)?;
    let rows = match args.table {
        PublishedTable::PaperFig10 => fig10(args, &published, &graphs, terminal)?,
        PublishedTable::PaperTable3 => table3(args, &published, &graphs, terminal)?,
    };
    let machine = MachineNote::this(terminal.ctl().n_threads());
    let text = page(args, &rows, &machine);
    write_atomic(&args.output, text.as_bytes())?;
    terminal.clear();
    if args.shared.json {
        let table = args.table.key();
        let document = Document { command: "reproduce", table, output: &args.output, machine: &machine, rows: &rows };
        return output::json(&document);
    }
    output::lines(&[text, format!("wrote {}", args.output.display())])
}

/// The graphs that were named, or those that ship with the program.
fn graphs(args: &ReproduceArgs, terminal: &Terminal) -> anyhow::Result<Vec<Arc<Dataset>>> {
    let named: Vec<String> = if args.graphs.is_empty() {
        args.table.samples().iter().map(|s| (*s).to_owned()).collect()
    } else {
        args.graphs.clone()
    };
    let (options, memory) = (args.graph.options(), args.graph.memory());
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

fn fig10(
    args: &ReproduceArgs,
    published: &Published,
    graphs: &[Arc<Dataset>],
    terminal: &Terminal,
) -> anyhow::Result<Vec<Row>> {
    let wanted: Vec<&Fig10> = published.fig10.iter().filter(|cell| args.full || cell.authors.is_some()).collect();
    let mut rows = Vec::new();
    for dataset in graphs {
        for (at, cell) in wanted.iter().enumerate() {
            let stage = format!("{} δa {} δw {}", cell.model.key(), cell.delta_a, cell.delta_w);
            terminal.ctl().progress(&stage, at, wanted.len());
            let recipe = official(cell.model, cell.delta_a, cell.delta_w, args);
            let is_cora = dataset.name().eq_ignore_ascii_case("cora");
            rows.push(Row {
                graph: dataset.name().to_owned(),
                model: cell.model.title().to_owned(),
                delta_a: cell.delta_a,
                delta_w: cell.delta_w,
                paper: is_cora.then_some(cell.paper),
                authors: cell.authors.filter(|_| is_cora),
                authors_lock: cell.authors_lock.filter(|_| is_cora),
                seeds: reproduce(dataset, &recipe, &args.seeds, &terminal.ctl().quiet())?,
                note: None,
            });
        }
    }
    Ok(rows)
}

fn table3(
    args: &ReproduceArgs,
    published: &Published,
    graphs: &[Arc<Dataset>],
    terminal: &Terminal,
) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for dataset in graphs {
        let of_graph = published.table3.iter().filter(|t| dataset.name().eq_ignore_ascii_case(&t.graph));
        for cell in of_graph {
            let pruned = if cell.is_pruned { ", pruned" } else { "" };
            terminal.ctl().progress(
                &format!("{} on {}{pruned}", cell.model.key(), cell.graph),
                rows.len(),
                published.table3.len(),
            );
            let mut recipe = official(cell.model, 0.0, 0.0, args);
            if cell.is_pruned {
                recipe.edges.mode = EdgeMode::Mass;
                if cell.model == Family::Sgc {
                    recipe.edges.identity = Identity::ResidualLoop;
                }
                recipe.edges.delta = vec![mass_delta(dataset, &recipe, TABLE_3_SHARE, &terminal.ctl().quiet())?];
                if let Some(training) = &mut recipe.training {
                    training.schedule = Schedule::During;
                }
            }
            rows.push(Row {
                graph: dataset.name().to_owned(),
                model: cell.model.title().to_owned(),
                delta_a: recipe.delta_a(0),
                delta_w: 0.0,
                paper: Some(cell.paper),
                authors: cell.authors,
                authors_lock: None,
                seeds: reproduce(dataset, &recipe, &args.seeds, &terminal.ctl().quiet())?,
                note: Some(cell.clone()),
            });
        }
    }
    Ok(rows)
}

/// Mean over the seeds.
fn mean(row: &Row, value: impl Fn(&ReproducedSeed) -> f64) -> f64 {
    row.seeds.iter().map(value).sum::<f64>() / row.seeds.len().max(1) as f64
}

/// Mean and standard deviation in percent, for example `88.6 ±0.4`.
fn score(row: &Row, value: impl Fn(&ReproducedSeed) -> f64) -> String {
    let centre = mean(row, &value);
    let squares: f64 = row.seeds.iter().map(|s| (value(s) - centre).powi(2)).sum();
    let n = row.seeds.len();
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
fn page(args: &ReproduceArgs, rows: &[Row], machine: &MachineNote) -> String {
    let mut page = format!("# {}\n\n", args.table.title());
    let seeds = args.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let command = format!("unifews reproduce {}{}", args.table.key(), if args.full { " --full" } else { "" });
    page.extend([format!(
        "Made by `{command}`; mean and standard deviation over seeds {seeds}, each its own split (50/25/25), initial weights and \
         dropout.\n{} threads, {processor}, {}.\n\n",
        machine.n_threads, machine.system
    )]);
    page.push_str(args.table.explanation());
    page.push_str("\n\n");
    match args.table {
        PublishedTable::PaperFig10 => fig10_lines(rows, &mut page),
        PublishedTable::PaperTable3 => table3_lines(rows, &mut page),
    }
    page
}

fn fig10_lines(rows: &[Row], page: &mut String) {
    page.push_str(
        "| graph | model | δa | δw | test, nothing put back | masks decided anew | as the authors report | entries removed | \
         weights removed | authors, nothing put back | authors, as reported | paper | epoch |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        page.extend([format!(
            "| {} | {} | {} | {} | {} | {} | {} | {:.1} % | {:.1} % | {} | {} | {} | {} |\n",
            row.graph,
            row.model,
            row.delta_a,
            row.delta_w,
            score(row, |s| s.test),
            score(row, |s| s.test_fresh),
            score(row, |s| s.test_official_lock.unwrap_or(s.test_fresh)),
            100.0 * mean(row, |s| s.edge_sparsity),
            100.0 * mean(row, |s| s.weight_sparsity),
            published(row.authors),
            published(row.authors_lock),
            published(row.paper),
            seconds(mean(row, |s| s.epoch_secs)),
        )]);
    }
}

fn table3_lines(rows: &[Row], page: &mut String) {
    page.push_str(
        "| graph | model | δ | test | entries removed | propagation | propagation GMACs | authors | paper | paper's propagation \
         (32 threads) | paper's GMACs |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let of_paper = row.note.as_ref();
        let pushed = mean(row, |s| s.propagation_macs.map_or(f64::NAN, |m| m as f64 / 1e9));
        page.extend([format!(
            "| {} | {} | {} | {} | {:.1} % | {} | {pushed:.2} | {} | {} | {} | {} |\n",
            row.graph,
            row.model,
            if row.delta_a > 0.0 { format!("{:.2e}", row.delta_a) } else { "0".to_owned() },
            score(row, |s| s.test),
            100.0 * mean(row, |s| s.edge_sparsity),
            seconds(mean(row, |s| s.propagation_secs.unwrap_or(f64::NAN))),
            published(row.authors),
            published(row.paper),
            of_paper.map_or_else(|| "–".to_owned(), |t| seconds(t.paper_secs)),
            of_paper.map_or_else(|| "–".to_owned(), |t| format!("{:.2}", t.paper_gmacs)),
        )]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_are_all_there() {
        let published: Published = toml::from_str(include_str!("published.toml")).expect("TOML");
        assert_eq!((published.fig10.len(), published.table3.len()), (98, 12));
        assert_eq!(published.fig10.iter().filter(|c| c.authors.is_some()).count(), 16);
    }
}
