//! Errors of single nodes and their bounds, against products of whole matrices.

use std::sync::Arc;

use ndarray::{Array1, Array2, Axis};
use unifews::engine::diffusion::Diffusion;
use unifews::engine::experiment::{NodeErrors, Run, RunOptions, node_errors, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::baselines::EdgeRanking;
use unifews::engine::sparsify::{Compat, EdgeMode, HopOrder, Identity, Recipe, WeightMode};

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 120, n_entries: 900, n_features: 11, n_classes: 3, seed: 4 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn recipe(family: Family, mode: EdgeMode, delta: f64) -> Recipe {
    let mut recipe = Recipe { model: Architecture { hidden: 8, ..Architecture::new(family) }, ..Recipe::default() };
    recipe.model.hops = recipe.model.hops.min(3);
    (recipe.edges.mode, recipe.edges.delta) = (mode, vec![delta]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Relative, vec![0.5]);
    recipe
}

fn pruned(graph: &Arc<Dataset>, recipe: &Recipe) -> (Run, Vec<NodeErrors>) {
    let model = Arc::new(Model::init(&recipe.model, 11, 3, 5));
    let run = run(graph, &model, recipe, RunOptions::PREVIEW, None, &control(2)).expect("runs");
    let errors = node_errors(&run, &control(2)).expect("not cancelled");
    (run, errors)
}

/// `T̂` of a step as a whole matrix; `None` for `T`.
fn matrix(run: &Run, step: Option<usize>) -> Array2<f64> {
    let (topology, values) = (run.dataset.topology(), Diffusion::of(&run.dataset, run.recipe.matrix()));
    let mut out = Array2::zeros((topology.n_nodes(), topology.n_nodes()));
    for (k, (u, v)) in topology.entries().enumerate() {
        if step.is_none_or(|step| run.pruned.masks.edges.is_kept(k, step)) {
            out[(u as usize, v as usize)] = f64::from(values.values()[k]);
        }
    }
    out
}

fn row_norms(x: &Array2<f64>) -> Array1<f64> {
    x.map_axis(Axis(1), |row| row.dot(&row).sqrt())
}

fn assert_close(found: &[f64], expected: &Array1<f64>, what: &str) {
    for (u, (found, expected)) in found.iter().zip(expected).enumerate() {
        // Embeddings of the forward have 24 bits.
        assert!((found - expected).abs() <= 1e-5 * (1.0 + expected), "{what}, node {u}: {found}, not {expected}");
    }
}

fn check_step(run: &Run, errors: &NodeErrors, x: &Array2<f64>) {
    let removed = matrix(run, None) - matrix(run, Some(errors.step));
    assert_close(&errors.attained, &row_norms(&removed.dot(x)), "attained");
    assert_close(&errors.bound, &removed.mapv(f64::abs).dot(&row_norms(x)), "bound");
    let whole = removed.dot(x);
    assert!((errors.attained_by_step() - whole.iter().map(|v| v * v).sum::<f64>().sqrt()).abs() < 1e-4);
}

#[test]
fn errors_and_bounds_are_those_of_whole_matrices() {
    let graph = graph();
    let features = graph.features().to_dense().mapv(f64::from);
    for (mode, delta) in [(EdgeMode::Absolute, 0.4), (EdgeMode::Target, 0.5)] {
        for order in [HopOrder::Stored, HopOrder::Degree] {
            let mut recipe = recipe(Family::Sgc, mode, delta);
            recipe.propagation.order = order;
            let (run, errors) = pruned(&graph, &recipe);
            assert_eq!(errors.len(), 3);
            let mut x = features.clone();
            for errors in &errors {
                check_step(&run, errors, &x);
                x = matrix(&run, Some(errors.step)).dot(&x);
            }
            assert!(errors[0].attained_by_step() > 0.0);
        }
        // A layer propagates what its first matrix makes of the features.
        let (run, errors) = pruned(&graph, &recipe(Family::Gcn, mode, delta));
        let first = run.pruned.model.weights().next().expect("a matrix").values.mapv(f64::from);
        check_step(&run, &errors[0], &features.dot(&first));
    }
}

#[test]
fn no_error_exceeds_its_bounds_in_any_family() {
    let graph = graph();
    let mut n_steps = 0;
    for family in Family::ALL {
        for identity in [Identity::SelfLoop, Identity::Residual, Identity::ResidualLoop] {
            for compat in [Compat::CLEAN, Compat::OFFICIAL] {
                let mut recipe = recipe(family, EdgeMode::Relative, 0.8);
                if identity != Identity::SelfLoop && recipe.model.has("attention") {
                    continue;
                }
                (recipe.edges.identity, recipe.compat) = (identity, compat);
                let (run, errors) = pruned(&graph, &recipe);
                let is_attention = recipe.model.has("attention");
                assert_eq!(errors.is_empty(), is_attention || recipe.model.n_graph_steps() == 0, "{family:?}");
                let traces: Vec<_> = run.pruned.steps.iter().filter_map(|s| s.edges.as_ref()).collect();
                for errors in &errors {
                    n_steps += 1;
                    let trace = traces[errors.step];
                    let n_missing: usize = errors.n_missing.iter().sum();
                    assert_eq!(n_missing, trace.n_entries - trace.n_after, "{family:?} {identity:?}");
                    let most = errors.threshold_bound.as_ref().expect("thresholds of messages");
                    for (u, attained) in errors.attained.iter().enumerate() {
                        let (bound, most) = (errors.bound[u], most[u]);
                        let is_below = |low: f64, high: f64| low <= high * (1.0 + 1e-5) + 1e-9;
                        assert!(is_below(*attained, bound), "{family:?} node {u}: {attained} above {bound}");
                        assert!(is_below(bound, most), "{family:?} {identity:?} node {u}: {bound} above {most}");
                    }
                    assert!(errors.attained_by_step() <= errors.bound_of_step() * (1.0 + 1e-5) + 1e-9);
                    assert!(
                        errors.bound_of_step() <= errors.threshold_bound_of_step().expect("a bound") * (1.0 + 1e-5)
                    );
                }
            }
        }
    }
    assert!(n_steps > 50, "{n_steps}");
}

#[test]
fn nothing_removed_is_no_error_and_a_ranking_has_no_threshold_of_messages() {
    let graph = graph();
    let (_, errors) = pruned(&graph, &recipe(Family::Gcn, EdgeMode::Absolute, 0.0));
    assert!(errors.iter().all(|e| e.attained.iter().chain(&e.bound).all(|v| v.abs() < f64::MIN_POSITIVE)));
    let mut ranked = recipe(Family::Gcn, EdgeMode::Target, 0.5);
    ranked.edges.ranking = Some(EdgeRanking::KRandom);
    let (_, errors) = pruned(&graph, &ranked);
    assert!(errors.iter().all(|e| e.threshold_bound.is_none() && e.attained_by_step() > 0.0));
    let mut mass = recipe(Family::Sgc, EdgeMode::Mass, 1e-3);
    mass.weights.delta = vec![0.0];
    assert!(pruned(&graph, &mass).1.is_empty());
}

#[test]
fn one_thread_or_three_find_the_same_errors() {
    let graph = graph();
    let (run, errors) = pruned(&graph, &recipe(Family::Sage, EdgeMode::Relative, 0.7));
    assert_eq!(node_errors(&run, &control(1)).expect("not cancelled"), errors);
    assert_eq!(node_errors(&run, &control(3)).expect("not cancelled"), errors);
    let stopped = control(1);
    stopped.canceller().cancel();
    assert!(node_errors(&run, &stopped).is_err());
}
