//! What the lines of a published table are made of: the authors' settings, and the figures that were published.

use std::sync::Arc;

use serde::Deserialize;

use super::plan::{PublishedTable, ReproducePlan};
use crate::engine::experiment::Draw;
use crate::engine::graph::Dataset;
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, Schedule, Training};
use crate::session::tasks::TaskError;

/// What was published.
#[derive(Debug, Deserialize)]
pub(super) struct Published {
    pub(super) fig10: Vec<Fig10>,
    pub(super) table3: Vec<Table3>,
    pub(super) decoupled: Vec<DecoupledRun>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Fig10 {
    pub(super) model: Family,
    pub(super) delta_a: f64,
    pub(super) delta_w: f64,
    pub(super) paper: f64,
    pub(super) authors_lock: Option<f64>,
    pub(super) authors: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Table3 {
    pub(super) model: Family,
    pub(super) graph: String,
    pub(super) is_pruned: bool,
    pub(super) paper: f64,
    pub(super) paper_secs: f64,
    pub(super) paper_gmacs: f64,
    pub(super) authors: Option<f64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct DecoupledRun {
    pub(super) model: Family,
    pub(super) delta_a: f64,
    pub(super) delta_w: f64,
    pub(super) authors: f64,
    pub(super) edge_sparsity: f64,
    pub(super) weight_sparsity: f64,
}

/// The seed of the split that the authors' code was run on.
pub(super) const AUTHORS_SPLIT: u64 = 42;

/// The share that Table III removes.
const TABLE_3_SHARE: f64 = 0.5;

/// What else was published beside a score.
#[derive(Debug)]
pub(super) enum PublishedCosts {
    /// Seconds and billions of operations of the propagation.
    Propagation { secs: f64, gmacs: f64 },
    /// Removed shares, percent.
    Sparsity { edges: f64, weights: f64 },
}

/// One line that is to be made.
pub(super) struct TableCell {
    pub(super) dataset: Arc<Dataset>,
    pub(super) recipe: Recipe,
    /// Share of the pushes that is to go; δa is found for it.
    pub(super) share: Option<f64>,
    pub(super) draws: Vec<Draw>,
    pub(super) paper: Option<f64>,
    pub(super) authors: Option<f64>,
    pub(super) authors_lock: Option<f64>,
    pub(super) published: Option<PublishedCosts>,
}

/// All lines that the plan has for a graph.
pub(super) fn of_graph(
    plan: &ReproducePlan,
    published: &Published,
    dataset: &Arc<Dataset>,
) -> Result<Vec<TableCell>, TaskError> {
    Ok(match plan.table {
        PublishedTable::PaperFig10 => fig10(plan, published, dataset),
        PublishedTable::PaperTable3 => table3(plan, published, dataset)?,
        PublishedTable::AuthorsDecoupled => decoupled(plan, published, dataset),
        PublishedTable::Truth => Vec::new(),
    })
}

/// The figures that ship with the program.
pub(super) fn published() -> Result<Published, TaskError> {
    toml::from_str(include_str!("published.toml")).map_err(|error| TaskError::Nothing(error.to_string()))
}

/// The authors' settings for a family, pruning while it trains where anything is to be pruned.
fn official(family: Family, delta_a: f64, delta_w: f64, plan: &ReproducePlan) -> Recipe {
    let is_baseline = delta_a == 0.0 && delta_w == 0.0;
    let schedule = if is_baseline { Schedule::Dense } else { Schedule::During };
    let mut training = Training { schedule, ..Training::official(family) };
    training.epochs = plan.epochs.unwrap_or(training.epochs);
    let mut recipe = Recipe {
        compat: Compat::OFFICIAL,
        model: Architecture::new(family),
        training: Some(training),
        ..Recipe::default()
    };
    recipe.model.hidden = plan.hidden.unwrap_or(recipe.model.hidden);
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

fn fig10(plan: &ReproducePlan, published: &Published, dataset: &Arc<Dataset>) -> Vec<TableCell> {
    let is_cora = dataset.name().eq_ignore_ascii_case("cora");
    let wanted = published.fig10.iter().filter(|cell| plan.is_full || cell.authors.is_some());
    let cell = |cell: &Fig10| {
        let mut draws = own_splits(&plan.seeds);
        if is_cora && cell.authors.is_some() {
            draws.extend(authors_split(&plan.seeds).into_iter().filter(|d| d.split != d.seed));
        }
        TableCell {
            dataset: Arc::clone(dataset),
            recipe: official(cell.model, cell.delta_a, cell.delta_w, plan),
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

fn decoupled(plan: &ReproducePlan, published: &Published, dataset: &Arc<Dataset>) -> Vec<TableCell> {
    let is_cora = dataset.name().eq_ignore_ascii_case("cora");
    let cell = |cell: &DecoupledRun| {
        let mut recipe = official(cell.model, cell.delta_a, cell.delta_w, plan);
        if cell.delta_a > 0.0 {
            push(&mut recipe);
        }
        let costs = PublishedCosts::Sparsity { edges: cell.edge_sparsity, weights: cell.weight_sparsity };
        TableCell {
            dataset: Arc::clone(dataset),
            recipe,
            share: None,
            draws: authors_split(&plan.seeds),
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

fn table3(plan: &ReproducePlan, published: &Published, dataset: &Arc<Dataset>) -> Result<Vec<TableCell>, TaskError> {
    let cell = |cell: &Table3| {
        let mut recipe = official(cell.model, 0.0, 0.0, plan);
        if cell.is_pruned {
            push(&mut recipe);
            if let Some(training) = &mut recipe.training {
                training.schedule = Schedule::During;
            }
        }
        TableCell {
            dataset: Arc::clone(dataset),
            recipe,
            share: cell.is_pruned.then_some(TABLE_3_SHARE),
            draws: own_splits(&plan.seeds),
            paper: Some(cell.paper),
            authors: cell.authors,
            authors_lock: None,
            published: Some(PublishedCosts::Propagation { secs: cell.paper_secs, gmacs: cell.paper_gmacs }),
        }
    };
    let of_graph = published.table3.iter().filter(|t| dataset.name().eq_ignore_ascii_case(&t.graph));
    let cells: Vec<TableCell> = of_graph.map(cell).collect();
    if cells.is_empty() {
        let mut names: Vec<&str> = Vec::new();
        for cell in &published.table3 {
            if !names.contains(&cell.graph.as_str()) {
                names.push(&cell.graph);
            }
        }
        let last = names.pop().unwrap_or_default();
        let expected = format!("{} or {last} (the graphs of this table)", names.join(", "));
        return Err(TaskError::Wrong { what: "GRAPH", expected, found: dataset.name().to_owned() });
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_figures_are_all_there() {
        let published = published().expect("TOML");
        assert_eq!((published.fig10.len(), published.table3.len(), published.decoupled.len()), (98, 12, 9));
        assert_eq!(published.fig10.iter().filter(|c| c.authors.is_some()).count(), 16);
    }
}
