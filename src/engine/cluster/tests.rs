//! Blocks against the whole graph: the same masks, the same bits.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::{Array2, s};

use super::*;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{
    Dataset, DatasetParts, Direction, EdgeList, Features, PowerLaw, SelfLoops, Split, power_law_communities,
};
use crate::engine::model::{Aggregation, Architecture, AttentionForm, Family, Model, Norm, Scaler};
use crate::engine::sparsify::decide::decide;
use crate::engine::sparsify::{Compat, EdgeMode, Identity, Recipe, RecoveryRule, WeightMode};

/// What a job left.
struct Outcome {
    logits: Array2<f32>,
    /// Of every entry, in the graph's order.
    removed_at: Vec<u8>,
    decisions: Decisions,
    /// Of every step of attention, of every entry.
    used: BTreeMap<usize, Vec<f32>>,
}

/// Runs all stages on blocks that lie in memory. Summaries are merged from the last block to the first, written and read in between.
fn on_blocks(job: &ClusterJob, dataset: &Dataset, rows: BlockRows, ctl: &Control) -> Result<Outcome, EngineError> {
    let features = dataset.features().to_dense();
    let topology = dataset.topology();
    let mut blocks: Vec<Vec<Part>> = Vec::new();
    for block in 0..rows.n_blocks() {
        let nodes = rows.nodes(block);
        let mut edges = EdgeRows::default();
        for u in nodes.clone() {
            for k in topology.row_range(u).rev() {
                let weight = dataset.edge_weights().map_or(1.0, |weights| weights[k]);
                edges.along.push((u as u32, topology.indices()[k], weight));
            }
        }
        let own = features.slice(s![nodes.clone(), ..]).to_owned();
        let is_weighted = dataset.edge_weights().is_some();
        let entries = assemble_block(edges, nodes, SelfLoops::AsStored, is_weighted, job.n_steps())?;
        blocks.push(vec![Part::Entries(entries), Part::Value { id: 0, rows: own }]);
    }
    let mut decisions = Decisions::default();
    for stage in job.stages() {
        let model = decisions.model(job);
        let sent = blocks.clone();
        let mut found = Summary::default();
        for block in (0..blocks.len()).rev() {
            let parts = std::mem::take(&mut blocks[block]);
            let entries = parts.iter().find_map(|part| match part {
                Part::Entries(entries) => Some(entries.blocks_read(rows.rows_per_block)),
                _ => None,
            });
            let mut work = BlockWork::begin(job, &stage, &decisions, &model, rows, block, parts, ctl)?;
            if let Some(name) = &stage.receives {
                for from in entries.unwrap_or_default() {
                    let part = sent[from].iter().find(|part| part.name() == *name);
                    let part = part.unwrap_or_else(|| panic!("{}: block {from} has no {name}", stage.title));
                    work.receive(from, part.clone(), ctl)?;
                }
            }
            let (parts, summary) = work.finish(ctl)?;
            blocks[block] = parts;
            let text = serde_json::to_string(&summary).expect("written");
            found.merge(&serde_json::from_str(&text).expect("read"));
        }
        decisions.absorb(job, &stage, &found)?;
        let text = serde_json::to_string(&decisions).expect("written");
        decisions = serde_json::from_str(&text).expect("read");
    }
    let mut outcome = Outcome {
        logits: Array2::zeros((rows.n_nodes, job.model().n_classes())),
        removed_at: Vec::new(),
        decisions,
        used: BTreeMap::new(),
    };
    for (block, parts) in blocks.into_iter().enumerate() {
        for part in parts {
            match part {
                Part::Entries(entries) => outcome.removed_at.extend(entries.removed_at),
                Part::Value { id, rows: own } => {
                    assert_eq!(id, job.output(), "other values are gone");
                    outcome.logits.slice_mut(s![rows.nodes(block), ..]).assign(&own);
                }
                Part::Used { step, values } => outcome.used.entry(step).or_default().extend(values),
                other => panic!("{} is left", other.name()),
            }
        }
    }
    Ok(outcome)
}

fn graph(is_weighted: bool) -> Dataset {
    let ctl = Control::new(1).expect("a worker");
    let shape = PowerLaw { n_nodes: 800, n_entries: 6_000, n_features: 21, n_classes: 5, ..PowerLaw::default() };
    let dataset = power_law_communities(&shape, &ctl).expect("a graph");
    if !is_weighted {
        return dataset;
    }
    let weights = (0..dataset.topology().n_entries()).map(|k| ((k * 37 % 101) as f32).sqrt()).collect();
    Dataset::try_new(DatasetParts { edge_weights: Some(weights), ..dataset.to_parts() }).expect("a weighted graph")
}

fn small(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 12, ..Architecture::new(family) };
    if shape.is_decoupled() {
        shape.hops = 3;
    }
    if shape.has("attention") {
        shape.heads = 3;
    }
    shape
}

fn recipe(shape: &Architecture, mode: EdgeMode, delta: &[f64], weights: WeightMode, delta_w: f64) -> Recipe {
    let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (mode, delta.to_vec());
    (recipe.weights.mode, recipe.weights.delta) = (weights, vec![delta_w]);
    recipe
}

fn model_for(recipe: &Recipe, dataset: &Dataset) -> Model {
    let mut model = Model::init(&recipe.model, dataset.features().width(), 5, 3);
    if recipe.model.is_decoupled() {
        let width = dataset.features().width();
        let mean = (0..width).map(|j| j as f32 * 0.01).collect();
        model.scaler = Some(Scaler { mean, scale: (0..width).map(|j| 1.0 + j as f32 * 0.1).collect() });
    }
    model
}

fn bits(values: &Array2<f32>) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Compares a job in 1, 2, 5 and 13 blocks with the pass over the whole graph; gives how many entries and weights went.
fn check(recipe: &Recipe, dataset: &Dataset, ctl: &Control) -> (usize, usize) {
    let model = Arc::new(model_for(recipe, dataset));
    let expected = decide(dataset, &model, recipe, &Split::default(), None, ctl).expect("in memory");
    // A bundle has what is left of the weights.
    let pruned = (*expected.model).clone();
    let masks = expected.masks.weights.clone();
    let job = ClusterJob::try_new(recipe.clone(), pruned, masks, None).expect("a job");
    for n_blocks in [1, 2, 5, 13] {
        let rows = BlockRows::about(dataset.n_nodes(), n_blocks);
        assert_eq!(rows.n_blocks(), n_blocks, "800 nodes");
        let found = on_blocks(&job, dataset, rows, ctl).unwrap_or_else(|error| panic!("{recipe:?}: {error}"));
        let is_mass = recipe.edges.mode == EdgeMode::Mass;
        let removed_at = expected.masks.edges.removed_at().expect("progressive");
        assert!(found.removed_at == removed_at, "masks in {n_blocks} blocks: {recipe:?}");
        assert!(bits(&found.logits) == bits(&expected.logits), "logits in {n_blocks} blocks: {recipe:?}");
        assert_eq!(found.decisions.masks(&job), expected.masks.weights, "weights in {n_blocks} blocks: {recipe:?}");
        let traces: Vec<_> = expected.steps.iter().filter_map(|step| step.edges.as_ref()).collect();
        assert_eq!(found.decisions.steps.len(), traces.len());
        for (step, (decision, trace)) in found.decisions.steps.iter().zip(&traces).enumerate() {
            let delta = if is_mass { f64::from(trace.delta as f32) } else { trace.delta };
            assert_eq!(f64::from(decision.delta).to_bits(), delta.to_bits(), "{recipe:?}");
            let counts = (decision.n_before as usize, decision.n_after as usize, decision.width as usize);
            assert_eq!(counts, (trace.n_before, trace.n_after, trace.width), "{recipe:?}");
            if let Some(mean) = decision.mean {
                assert_eq!(mean.to_bits(), trace.mean_message.to_bits(), "{recipe:?}");
            }
            assert_eq!(decision.n_pushed, is_mass.then_some(expected.steps[step].macs.edges_pruned), "{recipe:?}");
            if let Some(shares) = &trace.pushed_share {
                for (k, (u, v)) in dataset.topology().entries().enumerate().filter(|(_, (u, v))| u != v) {
                    assert_eq!(found.used[&step][k].to_bits(), shares[k].to_bits(), "from {v} to {u}: {recipe:?}");
                }
            }
            if let Some(coefficients) = &trace.coefficients {
                let heads = coefficients.ncols() as f32;
                let means: Vec<f32> = coefficients.rows().into_iter().map(|row| row.sum() / heads).collect();
                assert_eq!(found.used[&step], means, "{recipe:?}");
            }
        }
        // Without a decision of its own: the thresholds that were found here, over the weights that are left.
        let thresholds: Vec<f64> = traces.iter().map(|trace| trace.delta).collect();
        let (model, masks) = ((*expected.model).clone(), expected.masks.weights.clone());
        let fixed = ClusterJob::try_new(recipe.clone(), model, masks, Some(&thresholds));
        if is_mass {
            assert!(fixed.expect_err("refused").to_string().contains("--thresholds recipe"), "{recipe:?}");
            continue;
        }
        let fixed = fixed.expect("a job");
        let again = on_blocks(&fixed, dataset, rows, ctl).expect("fixed thresholds");
        assert!(again.removed_at == removed_at && bits(&again.logits) == bits(&expected.logits), "{recipe:?}");
    }
    let n_weights = expected.masks.weights.iter().flatten().filter(|keep| !**keep).count();
    (expected.masks.edges.n_entries() - expected.masks.edges.n_kept(recipe.model.n_graph_steps() - 1), n_weights)
}

#[test]
fn every_family_and_mode_gives_the_bits_of_the_whole_graph() {
    let ctl = Control::new(2).expect("workers");
    let (plain, weighted) = (graph(false), graph(true));
    for family in Family::ALL {
        let shape = small(family);
        if !(shape.is_decoupled() || family.definition().layers_propagate()) {
            continue;
        }
        for (mode, delta, weight_mode, delta_w) in [
            (EdgeMode::Relative, 0.8, WeightMode::Relative, 0.7),
            (EdgeMode::Target, 0.5, WeightMode::Target, 0.4),
            (EdgeMode::Absolute, 0.3, WeightMode::Absolute, 0.9),
        ] {
            let n_steps = shape.n_graph_steps();
            // GIN's entries all have the value 1.
            let delta = if family == Family::Gin && mode == EdgeMode::Absolute { 20.0 * delta } else { delta };
            let deltas: Vec<f64> = (0..n_steps).map(|step| delta * (1.0 + 0.2 * step as f64)).collect();
            let recipe = recipe(&shape, mode, &deltas, weight_mode, delta_w);
            let dataset = if mode == EdgeMode::Target { &weighted } else { &plain };
            let (n_entries, n_weights) = check(&recipe, dataset, &ctl);
            assert!(n_entries > 0 && n_weights > 0, "{family:?} {mode:?}: {n_entries} entries, {n_weights} weights");
        }
        check(&recipe(&shape, EdgeMode::Relative, &[0.0], WeightMode::Relative, 0.0), &plain, &ctl);
    }
}

#[test]
fn other_identities_forms_and_norms_do_too() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    let with = |family, change: &dyn Fn(&mut Architecture)| {
        let mut shape = small(family);
        change(&mut shape);
        shape
    };
    for shape in [
        with(Family::Gat, &|shape| shape.attention = AttentionForm::V2),
        with(Family::Sage, &|shape| shape.aggregation = Aggregation::Max),
        with(Family::Gcn, &|shape| (shape.norm, shape.layers) = (Norm::Layer, 3)),
    ] {
        let recipe = recipe(&shape, EdgeMode::Target, &[0.3], WeightMode::Relative, 0.5);
        assert!(check(&recipe, &dataset, &ctl).0 > 0, "{shape:?}");
    }
    for identity in [Identity::Residual, Identity::ResidualLoop] {
        for family in [Family::Gcn, Family::Appnp, Family::Sgc] {
            let mut recipe = recipe(&small(family), EdgeMode::Relative, &[0.7], WeightMode::Relative, 0.0);
            recipe.edges.identity = identity;
            check(&recipe, &dataset, &ctl);
            (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.4]);
            check(&recipe, &dataset, &ctl);
        }
    }
}

#[test]
fn mass_thresholds_do_too() {
    let ctl = Control::new(1).expect("a worker");
    // Features of both signs, zeros, and columns that have one sign alone.
    let plain = graph(false);
    let signed = Features::Dense(plain.features().to_dense().map(|v| (v * 7.0).sin().clamp(-0.5, 1.0).max(-v)));
    let dataset = Dataset::try_new(DatasetParts { features: signed, ..plain.to_parts() }).expect("a graph");
    for family in Family::ALL {
        let shape = small(family);
        if !shape.is_decoupled() {
            continue;
        }
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            let mut removed = 0;
            for deltas in [&[3e-5][..], &[1e-4, 3e-4, 1e-5], &[0.0, 2e-4, 0.0], &[0.0], &[1.0]] {
                let mut recipe = recipe(&shape, EdgeMode::Mass, deltas, WeightMode::Relative, 0.4);
                recipe.edges.identity = identity;
                removed += check(&recipe, &dataset, &ctl).0;
            }
            assert!(removed > dataset.topology().n_entries() / 2, "{family:?} {identity:?}: {removed}");
        }
    }
}

#[test]
fn masses_that_are_no_numbers_are_refused_by_name() {
    let ctl = Control::new(1).expect("a worker");
    let plain = graph(false);
    let huge = Features::Dense(plain.features().to_dense().map(|_| f32::MAX));
    let dataset = Dataset::try_new(DatasetParts { features: huge, ..plain.to_parts() }).expect("a graph");
    let recipe = recipe(&small(Family::Sgc), EdgeMode::Mass, &[1e-4], WeightMode::Relative, 0.4);
    let model = model_for(&recipe, &dataset);
    let masks = model.weights().map(|w| ndarray::Array2::from_elem(w.values.dim(), true)).collect();
    let job = ClusterJob::try_new(recipe, model, masks, None).expect("a job");
    let Err(error) = on_blocks(&job, &dataset, BlockRows::about(800, 5), &ctl) else { panic!("refused") };
    assert!(error.to_string().contains("mass of a feature"), "{error}");
}

#[test]
fn normalisation_over_all_nodes_does_too() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    for norm in Norm::ALL {
        for family in [Family::Gcn, Family::Sage] {
            let shape = Architecture { norm: *norm, layers: 3, ..small(family) };
            let recipe = recipe(&shape, EdgeMode::Relative, &[0.6], WeightMode::Relative, 0.5);
            check(&recipe, &dataset, &ctl);
        }
    }
}

#[test]
fn edges_become_the_entries_of_the_whole_graph() {
    let ctl = Control::new(1).expect("a worker");
    let n = 150;
    // Duplicates, both directions with two weights, self-loops, nodes without edges.
    let edges: Vec<(u32, u32, f32)> = (0..700u32).map(|i| (i * i % 149, i * 7 % 140, (i % 13) as f32 * 0.3)).collect();
    for is_weighted in [false, true] {
        for direction in [Direction::AsStored, Direction::Reversed, Direction::Symmetrised] {
            for self_loops in [SelfLoops::AsStored, SelfLoops::Added, SelfLoops::Removed] {
                let mut list = if is_weighted { EdgeList::weighted() } else { EdgeList::new() };
                for (source, target, weight) in &edges {
                    list.push(*source, *target, *weight);
                }
                let whole = list.assemble(n, direction, self_loops, &ctl).expect("valid edges");
                let rows = BlockRows::about(n, 3);
                let mut at = 0;
                for block in 0..rows.n_blocks() {
                    let nodes = rows.nodes(block);
                    let ends_here = |row: u32| nodes.contains(&(row as usize));
                    let along = edges.iter().map(|(source, target, weight)| match direction {
                        Direction::Reversed => (*source, *target, *weight),
                        _ => (*target, *source, *weight),
                    });
                    let against = edges.iter().filter(|_| direction == Direction::Symmetrised);
                    let against = against.map(|(source, target, weight)| (*source, *target, *weight));
                    let edges = EdgeRows {
                        along: along.filter(|edge| ends_here(edge.0)).collect(),
                        against: against.filter(|edge| ends_here(edge.0)).collect(),
                    };
                    let found = assemble_block(edges, nodes.clone(), self_loops, is_weighted, 2).expect("valid");
                    for (u, row) in nodes.zip(found.indptr.windows(2)) {
                        let context = format!("{direction:?} {self_loops:?} row {u}");
                        assert_eq!(whole.topology.row(u), &found.sources[row[0]..row[1]], "{context}");
                        for k in row[0]..row[1] {
                            let weight = whole.weights.as_ref().map_or(1.0, |weights| weights[at]);
                            assert_eq!(weight.to_bits(), found.values[k].to_bits(), "{context}");
                            at += 1;
                        }
                    }
                }
                assert_eq!(at, whole.topology.n_entries());
            }
        }
    }
}

#[test]
fn what_cannot_be_done_block_by_block_is_refused_with_the_way_out() {
    let dataset = graph(false);
    let error = |change: &dyn Fn(&mut Recipe)| {
        let mut recipe = Recipe::default();
        recipe.model.hidden = 8;
        change(&mut recipe);
        let model = model_for(&recipe, &dataset);
        let masks = model.weights().map(|w| ndarray::Array2::from_elem(w.values.dim(), true)).collect();
        ClusterJob::try_new(recipe, model, masks, None).expect_err("refused").to_string()
    };
    assert!(error(&|r| r.recovery = Some(RecoveryRule::default())).contains("--recover none"));
    assert!(error(&|r| r.compat = Compat::OFFICIAL).contains("clean"));
    let mut recipe = Recipe { model: small(Family::Sgc), ..Recipe::default() };
    recipe.edges.mode = EdgeMode::Mass;
    let model = model_for(&recipe, &dataset);
    let masks = model.weights().map(|w| ndarray::Array2::from_elem(w.values.dim(), true)).collect();
    let job = ClusterJob::try_new(recipe, model, masks, None).expect("a job");
    let words = |direction, is_weighted| job.check_graph(direction, is_weighted).expect_err("refused").to_string();
    assert!(words(Direction::AsStored, false).contains("--direction symmetrised"));
    assert!(words(Direction::Symmetrised, true).contains("leave the column weight out"));
    assert!(job.check_graph(Direction::Symmetrised, false).is_ok());
    assert!(BlockRows::try_new(100, 65).is_err() && BlockRows::try_new(0, 64).is_err());
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    let mut recipe = Recipe::default();
    recipe.model.hidden = 8;
    let model = model_for(&recipe, &dataset);
    let masks = model.weights().map(|w| ndarray::Array2::from_elem(w.values.dim(), true)).collect();
    let job = ClusterJob::try_new(recipe, model, masks, None).expect("a job");
    let (stages, decisions) = (job.stages(), Decisions::default());
    let rows = BlockRows::about(dataset.n_nodes(), 2);
    let begin = |parts| BlockWork::begin(&job, &stages[1], &decisions, job.model(), rows, 0, parts, &ctl);
    let none = begin(Vec::new()).expect_err("no entries").to_string();
    assert_eq!(none, "parts of a block: expected its entries, found none");
    let few = assemble_block(EdgeRows::default(), 0..64, SelfLoops::Added, false, 2).expect("self-loops");
    assert!(begin(vec![Part::Entries(few)]).expect_err("few rows").to_string().contains("expected 448, found 64"));
    let all = || assemble_block(EdgeRows::default(), 0..448, SelfLoops::Added, false, 2).expect("self-loops");
    let mut work = begin(vec![Part::Entries(all())]).expect("begun");
    assert!(
        work.receive(1, Part::Norms(vec![0.0; 352]), &ctl).expect_err("another part").to_string().contains("norms")
    );
    let mut work = begin(vec![Part::Entries(all())]).expect("begun");
    work.receive(1, Part::Degrees(vec![1.0; 352]), &ctl).expect("the second");
    assert!(work.receive(0, Part::Degrees(vec![1.0; 448]), &ctl).expect_err("order").to_string().contains("ascending"));
    assert!(work.finish(&ctl).expect_err("the first is missing").to_string().contains("448 missing"));
    let narrow = Part::Value { id: 0, rows: Array2::zeros((448, 3)) };
    let words = begin(vec![Part::Entries(all()), narrow]).expect_err("three features").to_string();
    assert_eq!(words, "columns of a value: expected 21, found 3");
    let unknown = Part::Value { id: 99, rows: Array2::zeros((448, 3)) };
    assert!(begin(vec![Part::Entries(all()), unknown]).is_err(), "no value of the program");
    let outside = EdgeRows { along: vec![(500, 1, 1.0)], against: Vec::new() };
    assert!(assemble_block(outside, 0..448, SelfLoops::Added, false, 2).is_err());
    let negative = EdgeRows { along: vec![(5, 1, -1.0)], against: Vec::new() };
    assert!(assemble_block(negative, 0..448, SelfLoops::Added, true, 2).is_err());
}
