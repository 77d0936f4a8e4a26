//! The page of a reproduced table: what was run, where, and ours beside what was published.

use serde::Serialize;

use super::cells::{AUTHORS_SPLIT, PublishedCosts};
use super::plan::{PublishedTable, ReproducePlan};
use crate::engine::experiment::ReproducedSeed;
use crate::io::bundle::MachineNote;
use crate::session::format::seconds;

/// One line of the table that comes out.
#[derive(Debug, Serialize)]
pub(crate) struct ReproducedRow {
    pub(super) graph: String,
    pub(super) model: String,
    pub(super) delta_a: f64,
    pub(super) delta_w: f64,
    pub(super) paper: Option<f64>,
    pub(super) authors: Option<f64>,
    pub(super) authors_lock: Option<f64>,
    pub(super) runs: Vec<ReproducedSeed>,
    #[serde(skip)]
    pub(super) published: Option<PublishedCosts>,
}

/// Which of a row's runs are meant.
#[derive(Debug, Clone, Copy)]
enum WhichRuns {
    /// All of them.
    All,
    /// A split of its own for every seed.
    OwnSplits,
    /// Those on the split of the authors' run.
    AuthorsSplit,
}

fn values(row: &ReproducedRow, which: WhichRuns, value: impl Fn(&ReproducedSeed) -> f64) -> Vec<f64> {
    let wanted = |r: &&ReproducedSeed| match which {
        WhichRuns::All => true,
        WhichRuns::OwnSplits => r.draw.split == r.draw.seed,
        WhichRuns::AuthorsSplit => r.draw.split == AUTHORS_SPLIT,
    };
    row.runs.iter().filter(wanted).map(value).collect()
}

/// Mean over the runs.
fn mean(row: &ReproducedRow, which: WhichRuns, value: impl Fn(&ReproducedSeed) -> f64) -> f64 {
    let values = values(row, which, value);
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Mean and standard deviation in percent, for example `88.6 ±0.4`.
fn score(row: &ReproducedRow, which: WhichRuns, value: impl Fn(&ReproducedSeed) -> f64) -> String {
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
pub(super) fn page(plan: &ReproducePlan, rows: &[ReproducedRow], n_cells: usize, machine: &MachineNote) -> String {
    let mut page = format!("# {}\n\n", plan.table.title());
    let seeds = plan.seeds.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let processor = machine.processor.as_deref().unwrap_or("unknown processor");
    let mut command = format!("unifews reproduce {}", plan.table.key());
    let full = plan.is_full.then(|| "--full".to_owned());
    let settings = [("--epochs", plan.epochs), ("--hidden", plan.hidden)];
    let settings = settings.iter().filter_map(|(name, value)| value.map(|v| format!("{name} {v}")));
    for part in plan.graphs.iter().cloned().chain(full).chain(settings) {
        command.push(' ');
        command.push_str(&part);
    }
    page.extend([format!(
        "Made by `{command}`, seeds {seeds} of splits (50/25/25), initial weights and dropout.\n{} threads, {processor}, {}.\n\n",
        machine.n_threads, machine.system
    )]);
    page.push_str(plan.table.explanation());
    page.push_str("\n\n");
    if rows.len() < n_cells {
        page.extend([format!("Not finished: {} of {n_cells} lines.\n\n", rows.len())]);
    }
    match plan.table {
        PublishedTable::PaperFig10 => fig10_lines(rows, &mut page),
        PublishedTable::PaperTable3 => table3_lines(rows, &mut page),
        PublishedTable::AuthorsDecoupled => decoupled_lines(rows, &mut page),
        PublishedTable::Truth => {}
    }
    page
}

fn fig10_lines(rows: &[ReproducedRow], page: &mut String) {
    page.push_str(
        "| graph | model | δa | δw | entries removed | weights removed | plain | put back | paper | seed 42's split, plain | \
         authors, plain | seed 42's split, put back | authors, put back | epoch |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let put_back = |s: &ReproducedSeed| s.test_official_lock.unwrap_or(s.test);
    for row in rows {
        let beside = |authors: Option<f64>, value: &dyn Fn(&ReproducedSeed) -> f64| {
            if authors.is_some() { score(row, WhichRuns::AuthorsSplit, value) } else { "–".to_owned() }
        };
        page.extend([format!(
            "| {} | {} | {} | {} | {:.1} % | {:.1} % | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            row.graph,
            row.model,
            row.delta_a,
            row.delta_w,
            100.0 * mean(row, WhichRuns::OwnSplits, |s| s.edge_sparsity),
            100.0 * mean(row, WhichRuns::OwnSplits, |s| s.weight_sparsity),
            score(row, WhichRuns::OwnSplits, |s| s.test),
            score(row, WhichRuns::OwnSplits, put_back),
            published(row.paper),
            beside(row.authors, &|s| s.test),
            published(row.authors),
            beside(row.authors_lock, &put_back),
            published(row.authors_lock),
            seconds(mean(row, WhichRuns::All, |s| s.epoch_secs)),
        )]);
    }
}

fn table3_lines(rows: &[ReproducedRow], page: &mut String) {
    page.push_str(
        "| graph | model | δ | test | paper | entries removed | propagation | propagation GMACs | paper's propagation | paper's \
         GMACs |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let gmacs = mean(row, WhichRuns::All, |s| s.propagation_macs.map_or(f64::NAN, |m| m as f64 / 1e9));
        let (of_paper_secs, of_paper_gmacs) = match row.published {
            Some(PublishedCosts::Propagation { secs, gmacs }) => (seconds(secs), format!("{gmacs:.2}")),
            _ => ("–".to_owned(), "–".to_owned()),
        };
        page.extend([format!(
            "| {} | {} | {} | {} | {} | {:.1} % | {} | {gmacs:.2} | {of_paper_secs} | {of_paper_gmacs} |\n",
            row.graph,
            row.model,
            delta(row.delta_a),
            score(row, WhichRuns::All, |s| s.test),
            published(row.paper),
            100.0 * mean(row, WhichRuns::All, |s| s.edge_sparsity),
            seconds(mean(row, WhichRuns::All, |s| s.propagation_secs.unwrap_or(f64::NAN))),
        )]);
    }
}

fn decoupled_lines(rows: &[ReproducedRow], page: &mut String) {
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
            score(row, WhichRuns::All, |s| s.test),
            published(row.authors),
            100.0 * mean(row, WhichRuns::All, |s| s.edge_sparsity),
            100.0 * mean(row, WhichRuns::All, |s| s.weight_sparsity),
            seconds(mean(row, WhichRuns::All, |s| s.propagation_secs.unwrap_or(f64::NAN))),
            seconds(mean(row, WhichRuns::All, |s| s.epoch_secs)),
        )]);
    }
}

/// A threshold of mass mode, for people.
fn delta(value: f64) -> String {
    if value > 0.0 { format!("{value:.2e}") } else { "0".to_owned() }
}
