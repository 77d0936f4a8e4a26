//! Requests for a few nodes: the bits of the whole forward pass, from no more than they depend on.

use std::collections::BTreeSet;
use std::sync::Arc;

use ndarray::Array2;
use unifews::engine::experiment::{RequestTiming, Run, RunOptions, Server, run};
use unifews::engine::graph::{Dataset, DatasetParts, Features, PowerLaw, power_law_communities};
use unifews::engine::model::{Aggregation, Architecture, Family, Jumping, Model, Norm, Skip};
use unifews::engine::sparsify::{Compat, EdgeMode, HopOrder, Identity, Recipe, RecoveryRule, WeightMode};
use unifews::engine::timing::{Claim, Elapsed, Plan, Samples};

use crate::determinism::directed;
use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 400, n_entries: 1_600, n_features: 21, n_classes: 5, seed: 4 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

/// Requests that come one after the other: one node, some in no order, one twice, all of them, none, one again.
fn requests(n: u32) -> Vec<Vec<u32>> {
    vec![vec![7], vec![31, 2, 399, 2, 250], (0..n).collect(), Vec::new(), vec![n - 1]]
}

fn check(server: &mut Server, logits: &Array2<f32>, case: &str) {
    for request in requests(logits.nrows() as u32) {
        for n_threads in [1, 3] {
            let answer = server.score(&request, &control(n_threads)).expect(case);
            assert_eq!(answer.logits.dim(), (request.len(), logits.ncols()), "{case}");
            for (u, row) in request.iter().zip(answer.logits.rows()) {
                let whole = logits.row(*u as usize);
                let is_same = row.iter().zip(whole).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(is_same, "{case}: node {u} of {request:?}: {row} instead of {whole}");
            }
        }
    }
}

fn check_run(run: &Run, case: &str) {
    let ctl = control(2);
    let pruned = &run.pruned;
    let embedding = pruned.embedding.as_deref();
    let mut server =
        Server::pruned(&run.dataset, &pruned.model, &run.recipe, &pruned.masks, embedding, &ctl).expect(case);
    check(&mut server, &pruned.logits, case);
    // Fields that are too large to copy are answered by the whole graph, and smaller ones after them as before.
    let bytes = 40_000;
    check(&mut server.with_largest_field(bytes), &pruned.logits, case);
    let mut server = Server::unpruned(&run.dataset, &run.model, &run.recipe).expect(case);
    check(&mut server, &run.baseline_logits, case);
    let mut server = server.with_largest_field(bytes);
    check(&mut server, &run.baseline_logits, case);
    let all: Vec<u32> = (0..run.dataset.n_nodes() as u32).collect();
    let field = server.score(&all, &ctl).expect(case).field;
    assert_eq!(field.n_nodes, all.len(), "{case}");
}

#[test]
fn every_family_answers_with_the_bits_of_the_whole_forward() {
    let dense = graph();
    for graph in [Arc::clone(&dense), directed(&dense)] {
        for family in Family::ALL {
            for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
                for compat in [Compat::CLEAN, Compat::OFFICIAL] {
                    let shape = Architecture { hidden: 24, layers: 3, ..Architecture::new(family) };
                    let mut recipe = Recipe { model: shape, compat, ..Recipe::default() };
                    recipe.model.hops = recipe.model.hops.min(4);
                    if identity != Identity::SelfLoop && recipe.model.has("attention") {
                        continue;
                    }
                    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
                    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Relative, vec![0.7]);
                    recipe.edges.identity = identity;
                    let model = Arc::new(Model::init(&recipe.model, 21, 5, 3));
                    let run = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
                    check_run(&run, &format!("{family:?}, {identity:?}, {compat:?}"));
                }
            }
        }
    }
}

#[test]
fn so_do_recovered_models_and_networks_whose_layers_are_read_later() {
    let graph = graph();
    let mut shapes: Vec<Architecture> = Family::ALL.into_iter().map(Architecture::new).collect();
    let gcn = || Architecture::new(Family::Gcn);
    shapes.push(Architecture { jumping: Jumping::Cat, ..gcn() });
    shapes.push(Architecture { jumping: Jumping::Max, skip: Skip::Residual, norm: Norm::Layer, ..gcn() });
    shapes.push(Architecture { skip: Skip::Dense, ..gcn() });
    shapes.push(Architecture { aggregation: Aggregation::Max, ..Architecture::new(Family::Sage) });
    for shape in shapes {
        let shape = Architecture { hidden: 24, hops: shape.hops.min(3), layers: 3, ..shape };
        let mut recipe = Recipe { model: shape, ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.8]);
        (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.7]);
        // Nodes of a request lie in the order of their field, whatever the recipe says.
        recipe.propagation.order = if recipe.model.is_decoupled() { HopOrder::Rcm } else { HopOrder::Stored };
        let model = Arc::new(Model::init(&recipe.model, 21, 5, 3));
        for recovery in [None, Some(RecoveryRule::default())] {
            let recipe = Recipe { recovery, ..recipe.clone() };
            let case = format!("{:?}, recovered: {}", recipe.model, recipe.recovery.is_some());
            match run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)) {
                Ok(run) => check_run(&run, &case),
                Err(error) => {
                    assert!(recipe.recovery.is_some() && error.to_string().contains("recovery"), "{case}: {error}");
                }
            }
        }
    }
}

#[test]
fn embeddings_that_were_pushed_are_looked_up() {
    let mut recipe =
        Recipe { model: Architecture { hidden: 24, hops: 3, ..Architecture::new(Family::Appnp) }, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Mass, vec![1e-3]);
    let model = Arc::new(Model::init(&recipe.model, 21, 5, 3));
    let run = run(&graph(), &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
    check_run(&run, "mass");
}

#[test]
fn the_field_holds_what_an_answer_depends_on_and_nothing_else() {
    let graph = graph();
    for layers in [1, 2, 3] {
        let mut recipe =
            Recipe { model: Architecture { hidden: 8, layers, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
        (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.7]);
        let model = Arc::new(Model::init(&recipe.model, 21, 5, 3));
        let run = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
        let masks = &run.pruned.masks;
        let mut pruned = Server::pruned(&graph, &run.pruned.model, &recipe, masks, None, &control(1)).expect("fits");
        let mut whole = Server::unpruned(&graph, &model, &recipe).expect("fits");
        for request in requests(400) {
            // The slow way: sets of nodes, step by step from the last.
            let slow = |is_kept: &dyn Fn(usize, usize) -> bool| {
                let mut nodes: BTreeSet<u32> = request.iter().copied().collect();
                let mut n_entries = 0;
                for step in (0..layers).rev() {
                    for u in nodes.clone() {
                        let row = graph.topology().row_range(u as usize).filter(|k| is_kept(*k, step));
                        let sources: Vec<u32> = row.map(|k| graph.topology().indices()[k]).collect();
                        n_entries += sources.len();
                        nodes.extend(sources);
                    }
                }
                (nodes.len(), n_entries)
            };
            let fast = |server: &mut Server| {
                let field = server.score(&request, &control(1)).expect("scores").field;
                (field.n_nodes, field.n_entries)
            };
            assert_eq!(fast(&mut pruned), slow(&|k, step| masks.edges.is_kept(k, step)), "{request:?}");
            assert_eq!(fast(&mut whole), slow(&|_, _| true), "{request:?}");
        }
    }
}

#[test]
fn what_cannot_be_asked_for_is_said() {
    let graph = graph();
    let of = |norm: Norm| {
        let shape = Architecture { hidden: 8, norm, ..Architecture::new(Family::Gcn) };
        let recipe = Recipe { model: shape, ..Recipe::default() };
        Server::unpruned(&graph, &Model::init(&recipe.model, 21, 5, 3), &recipe)
    };
    let error = of(Norm::Graph).expect_err("statistics of all nodes").to_string();
    assert_eq!(
        error,
        "requests for some nodes: expected a network that normalises every node by itself, found Graph normalisation, which takes its \
         statistics of all nodes: score the whole graph (unifews replay, prune)"
    );
    let error =
        of(Norm::Layer).expect("by itself").score(&[1, 400], &control(1)).expect_err("no such node").to_string();
    assert_eq!(error, "requested node: expected a number below 400, found 400");
    let other = DatasetParts { features: Features::from_dense(Array2::zeros((400, 3))), ..graph.to_parts() };
    let other = Dataset::try_new(other).expect("valid").shared();
    let recipe = Recipe::default();
    assert!(Server::unpruned(&other, &Model::init(&recipe.model, 21, 5, 3), &recipe).is_err(), "another width");
}

#[test]
fn a_short_request_claims_no_more_than_another_start_would_say() {
    let timed = |unpruned: f64, pruned: f64| {
        let of = |secs: f64| vec![Elapsed { secs, processor_secs: Some(secs) }; 20];
        let samples = Samples { ways: vec![of(unpruned), of(pruned)] };
        RequestTiming { n_asked: 1, samples, fields: [Vec::new(), Vec::new()] }.speedup()
    };
    assert_eq!(timed(2e-5, 2.4e-5).claim(), Claim::NoDifference, "seen from one start to the next");
    assert_eq!(timed(2e-5, 1e-5).claim(), Claim::Faster);
    assert_eq!(timed(2e-3, 1.8e-3).claim(), Claim::Faster, "long ones are steady");
}

#[test]
fn a_run_times_requests_of_the_sizes_that_the_graph_has_nodes_for() {
    let graph = graph();
    let mut recipe =
        Recipe { model: Architecture { hidden: 8, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.9]);
    let model = Arc::new(Model::init(&recipe.model, 21, 5, 3));
    let options = RunOptions { timed: Some(Plan { fewest: 30, most: 30, ..Plan::POINT }), ..RunOptions::FULL };
    let timed = run(&graph, &model, &recipe, options, None, &control(2)).expect("runs").timing.expect("timed");
    assert_eq!(timed.requests.iter().map(|request| request.n_asked).collect::<Vec<_>>(), [1, 64]);
    for request in &timed.requests {
        let n = request.samples.n_turns();
        assert!(n > 0 && request.fields.iter().all(|fields| fields.len() == n));
        let [baseline, pruned] = [RequestTiming::BASELINE, RequestTiming::PRUNED].map(|way| request.field(way));
        assert!(pruned.n_entries < baseline.n_entries && pruned.n_nodes < baseline.n_nodes, "{pruned:?}, {baseline:?}");
        assert!(request.slowest_secs(0) >= request.secs(0) && request.per_second(0) > 0.0);
    }
    let options = RunOptions { requests: &[], ..options };
    let timed = run(&graph, &model, &recipe, options, None, &control(2)).expect("runs").timing.expect("timed");
    assert!(timed.requests.is_empty(), "not asked for");
}
