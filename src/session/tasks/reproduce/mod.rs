//! Trains and prunes as a published table did, and sets the figures side by side on a page.

mod cells;
mod lines;
mod memory;
mod output;
mod page;
mod plan;
mod truth;
mod truth_lines;
mod truth_page;

use std::path::PathBuf;

use self::cells::{TableCell, of_graph, published};
use self::lines::RunsFile;
use self::memory::check_memory;
use self::page::{ReproducedRow, page};
use super::source::GraphSource;
use super::{Need, Task, TaskError};
use crate::engine::control::Control;
use crate::engine::experiment::{mass_delta, reproduce};
use crate::io::MemoryBudget;
use crate::io::atomic::{AtomicFile, write_atomic};
use crate::io::bundle::MachineNote;

pub(crate) use self::output::{Reproduced, ReproducedLine, ReproducedRows};
pub use self::plan::{PublishedTable, ReproducePlan, TruthPlan};

/// Makes the page, which is written anew with every line; every run that a line is made of is beside it, as lines of JSON.
#[derive(Debug)]
pub(crate) struct Reproduce {
    pub(crate) plan: ReproducePlan,
    /// The page to write (Markdown).
    pub(crate) output: PathBuf,
    /// What reading and training may take.
    pub(crate) memory: MemoryBudget,
}

impl Task for Reproduce {
    type Point = ReproducedLine;
    type Output = Reproduced;

    fn label(&self) -> String {
        format!("Reproduce {}", self.plan.table.key())
    }

    fn run(self, ctl: &Control, on_point: &mut dyn FnMut(ReproducedLine)) -> Result<Reproduced, TaskError> {
        let Self { plan, output, memory } = self;
        if plan.table == PublishedTable::Truth {
            return truth::make(&plan, &output, memory, ctl, on_point);
        }
        let published = published()?;
        // Nothing long is computed for a place that cannot be written.
        drop(AtomicFile::begin(&output)?);
        let lines = RunsFile::beside(&output, plan.table, ctl.n_threads())?;
        let samples = || plan.table.samples().iter().map(|s| (*s).to_owned()).collect();
        let graphs = if plan.graphs.is_empty() { samples() } else { plan.graphs.clone() };
        let mut cells = Vec::new();
        for spec in graphs {
            let (dataset, _) = GraphSource::Read { spec, options: Box::new(plan.reading.clone()), memory }.get(ctl)?;
            cells.extend(of_graph(&plan, &published, &dataset)?);
        }
        let machine = MachineNote::this(ctl.n_threads());
        let n_in_all = cells.len();
        let mut rows = Vec::with_capacity(n_in_all);
        let mut text = String::new();
        for cell in cells {
            rows.push(made(cell, (rows.len(), n_in_all), memory, ctl)?);
            // What is there stays there, whatever becomes of the lines to come.
            text = page(&plan, &rows, n_in_all, &machine);
            write_atomic(&output, text.as_bytes())?;
            lines.write(&rows)?;
            on_point(ReproducedLine { text: text.clone(), n_lines: rows.len(), n_in_all });
        }
        Ok(Reproduced { output, text, rows: ReproducedRows::Published(rows), machine })
    }
}

/// Trains and evaluates what a line is made of.
fn made(
    cell: TableCell,
    (at, n_cells): (usize, usize),
    memory: MemoryBudget,
    ctl: &Control,
) -> Result<ReproducedRow, TaskError> {
    let TableCell { dataset, mut recipe, share, draws, paper, authors, authors_lock, published } = cell;
    let (family, quiet) = (recipe.model.architecture, ctl.quiet());
    let deltas = share.map_or_else(
        || format!("δa {} δw {}", recipe.delta_a(0), recipe.delta_w(0)),
        |share| format!("{:.0} % removed", 100.0 * share),
    );
    ctl.progress(&format!("{} on {}, {deltas}", family.key(), dataset.name()), at, n_cells);
    if let Some(need) = recipe.training.as_ref().and_then(|_| Need::of_training(&dataset, &recipe)) {
        check_memory(need, memory)?;
    }
    if let Some(share) = share {
        recipe.edges.delta = vec![mass_delta(&dataset, &recipe, share, &quiet)?];
    }
    Ok(ReproducedRow {
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
