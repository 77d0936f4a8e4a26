//! What Unifews is compared with: same graph, same model, same share.

use std::sync::Arc;

use ndarray::Array2;
use unifews::engine::experiment::{
    ComparePlan, ControlKind, EvaluatedOn, Method, Run, RunOptions, SweepGrid, compare, controls, masked_forward, run,
    sensitivity, summarise,
};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::baselines::{Ramp, WeightRanking};
use unifews::engine::sparsify::{EdgeMode, Recipe, Schedule, Training, WeightMode};
use unifews::engine::train::train;

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 300, n_entries: 2_400, n_features: 20, n_classes: 4, seed: 8 };
    power_law_communities(&shape, &control(2)).expect("possible").shared()
}

fn model(family: Family) -> Arc<Model> {
    Arc::new(Model::init(&Architecture { hidden: 16, ..Architecture::new(family) }, 20, 4, 5))
}

/// Every method removes what it was asked to, replays bit for bit, and never an entry from a node to itself.
#[test]
fn every_method_removes_its_share_and_replays() {
    let (graph, ctl) = (graph(), control(2));
    let topology = graph.topology();
    for family in [Family::Gcn, Family::Gat, Family::Sage, Family::Sgc] {
        let model = model(family);
        let n_loops = topology.n_self_loops() as f64 / topology.n_entries() as f64;
        for method in Method::all() {
            let mut base = Recipe { model: model.architecture.clone(), ..Recipe::default() };
            base.edges.delta = vec![0.7];
            let recipe = method.recipe(&base, 0.4, 3, false);
            let found = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("runs").pruned;
            let (edges, weights) = (found.edge_sparsity(), found.weight_sparsity());
            let (asked, other) = if method.is_of_edges() { (edges, weights) } else { (weights, edges) };
            // Equal scores go together, so a method with many equal scores may remove more, never less.
            assert!(asked >= 0.4 - 1e-3 && asked <= 1.0 - n_loops * 0.99, "{family:?} {}: {asked}", method.key());
            assert!(other.abs() < 1e-12, "{family:?} {}: {other} of the other side", method.key());
            for (k, (u, v)) in topology.entries().enumerate().filter(|(_, (u, v))| u == v) {
                assert!(found.masks.edges.is_kept(k, 0), "{u} {v} is a self-loop");
            }
            let again = masked_forward(&graph, &found.model, &recipe, Some(&found.masks), None, &ctl).expect("runs");
            assert!(found.logits.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{}", method.key());
        }
    }
}

/// `‖a - b‖² / ‖b‖²`.
fn squared_distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    let square = |x: &Array2<f32>| x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    square(&(a - b)) / square(b)
}

/// With recovery every method keeps exactly what it keeps without, what it keeps is fitted, and the fits bring the output closer.
#[test]
fn recovery_of_any_method_keeps_its_masks_and_comes_closer() {
    let (graph, ctl) = (graph(), control(2));
    for family in [Family::Gcn, Family::Gat, Family::Sage, Family::Sgc] {
        let model = model(family);
        for method in Method::all() {
            let base = Recipe { model: model.architecture.clone(), ..Recipe::default() };
            let pruned = |has_recovery: bool| {
                let recipe = method.recipe(&base, 0.6, 3, has_recovery);
                run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("runs")
            };
            let (plain, ours) = (pruned(false), pruned(true));
            let what = format!("{family:?} {}", method.key());
            assert!(ours.pruned.masks.edges.keeps_what(&plain.pruned.masks.edges), "{what}");
            // What attention's target needs is not computed once coefficients are fitted.
            let n_other = (ours.pruned.masks.weights.iter().zip(&plain.pruned.masks.weights).zip(model.weights()))
                .filter(|((a, b), weight)| a != b && !weight.name.contains("lin_r"))
                .count();
            assert_eq!(n_other, 0, "{what}");
            for (weight, mask) in ours.pruned.model.weights().zip(&ours.pruned.masks.weights) {
                assert!(weight.values.iter().zip(mask).all(|(w, kept)| *kept || *w == 0.0), "{what}");
            }
            // The fits are of least squares.
            let off = |run: &Run| squared_distance(&run.pruned.logits, &run.baseline_logits);
            assert!(off(&ours) < off(&plain), "{what}: {} against {}", off(&ours), off(&plain));
            let (found, recipe) = (&ours.pruned, &ours.recipe);
            let again = masked_forward(&graph, &found.model, recipe, Some(&found.masks), None, &ctl).expect("runs");
            assert!(found.logits.iter().zip(&again).all(|(a, b)| a.to_bits() == b.to_bits()), "{what}");
        }
    }
}

#[test]
fn controls_of_a_method_change_its_entries_alone() {
    let (graph, ctl) = (graph(), control(2));
    let model = model(Family::Gcn);
    let base = Recipe { model: model.architecture.clone(), ..Recipe::default() };
    let mut recipe = Method::UnifewsEdges.recipe(&base, 0.6, 3, true);
    recipe.weights = Method::Weights(WeightRanking::Magnitude).recipe(&base, 0.5, 3, true).weights;
    let ours = run(&graph, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("runs");
    let found = controls(&ours, &ctl).expect("runs");
    let shares = |kind: ControlKind| {
        let control = found.iter().find(|control| control.kind == kind).expect("there");
        (control.edge_sparsity, control.weight_sparsity)
    };
    let own = (ours.pruned.edge_sparsity(), ours.pruned.weight_sparsity());
    assert_eq!(shares(ControlKind::NoEntries), (1.0, own.1));
    let random = shares(ControlKind::RandomEntries);
    assert!((random.0 - own.0).abs() < 0.01 && random.1.to_bits() == own.1.to_bits(), "{random:?} {own:?}");
    assert_eq!(shares(ControlKind::FitWithoutTest), own);
}

#[test]
fn a_comparison_with_recovery_has_recoverys_own_choices_beside_the_others() {
    let (graph, ctl) = (graph(), control(2));
    let methods = Method::offered(true);
    assert_eq!(methods.len(), Method::all().len() + 2);
    assert!(methods.iter().all(|m| Method::from_key(&m.key()) == Some(*m)));
    let plan = ComparePlan { methods, shares: vec![0.6], seeds: vec![1], has_recovery: true, ..ComparePlan::default() };
    let mut points = Vec::new();
    let models = [model(Family::Gcn)];
    compare(&graph, (&models, None), &Recipe::default(), &plan, &ctl, |p| points.push(p)).expect("runs");
    assert_eq!(points.len(), plan.len());
    for point in &points {
        assert!((point.removed() - 0.6).abs() < 0.35, "{}: {}", point.method.key(), point.removed());
    }
    let agreement =
        |key: &str| points.iter().find(|p| p.method.key() == key).map(|p| p.result.agreement).expect("a point");
    assert!(agreement("edges:omp") > agreement("edges:random"), "reconstruction chooses better than a lot");
    let without = ComparePlan { has_recovery: false, ..plan.clone() };
    let error = compare(&graph, (&models, None), &Recipe::default(), &without, &ctl, |_| {}).unwrap_err().to_string();
    assert!(error.contains("edges:omp without it"), "{error}");
    assert_eq!(without.runnable(true).methods, Method::all());
    assert!(plan.runnable(false).methods.iter().all(|m| !m.is_of_edges()));
}

#[test]
fn a_comparison_has_every_point_and_its_spread() {
    let (graph, ctl) = (graph(), control(2));
    let plan = ComparePlan { shares: vec![0.2, 0.6], seeds: vec![1, 2], ..ComparePlan::default() };
    let mut points = Vec::new();
    compare(&graph, (&[model(Family::Gcn)], None), &Recipe::default(), &plan, &ctl, |p| points.push(p)).expect("runs");
    let n_random = plan.methods.iter().filter(|m| m.is_random()).count();
    assert_eq!(points.len(), 2 * (plan.methods.len() + n_random));
    let summary = summarise(&points, EvaluatedOn::Test);
    assert_eq!(summary.len(), 2 * plan.methods.len());
    for s in &summary {
        assert!(s.range[0] <= s.mean + 1e-12 && s.mean <= s.range[1] + 1e-12, "{s:?}");
        assert_eq!(s.n_seeds, if s.method.is_random() { 2 } else { 1 });
    }
    let random = |seed: u64| {
        let found = points.iter().find(|p| p.method.key() == "edges:random" && p.seed == seed && p.share > 0.5);
        found.expect("a point").result.clone()
    };
    assert!((random(1).agreement - random(2).agreement).abs() > 1e-9, "two seeds choose alike");
    let two = [model(Family::Gcn), model(Family::Gcn), model(Family::Gcn)];
    assert!(compare(&graph, (&two, None), &Recipe::default(), &plan, &ctl, |_| {}).is_err(), "3 models for 2 seeds");
}

#[test]
fn sensitivity_prunes_one_layer_at_a_time() {
    let (graph, ctl) = (graph(), control(2));
    let mut points = Vec::new();
    let deltas = vec![0.5, 1.0];
    let grid = SweepGrid { delta_a: deltas.clone(), delta_w: deltas };
    sensitivity(&graph, &model(Family::Gcn), &Recipe::default(), &grid, None, &ctl, |p| points.push(p)).expect("runs");
    assert_eq!(points.len(), 8);
    for p in &points {
        let (own, other) = (p.result.edge_sparsity, p.result.weight_sparsity);
        let (own, other) = if p.is_of_edges { (own, other) } else { (other, own) };
        assert!(own > 0.0 && other.abs() < 1e-12, "{p:?}");
    }
    // A higher threshold of the same layer never removes less.
    for pair in points.chunks_exact(2) {
        let removed = |at: usize| pair[at].result.edge_sparsity + pair[at].result.weight_sparsity;
        assert!(removed(1) > removed(0), "{pair:?}");
    }
}

fn trained(change: impl FnOnce(&mut Recipe, &mut Training)) -> (Arc<Model>, usize, Vec<f64>) {
    let mut recipe =
        Recipe { model: Architecture { hidden: 16, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
    let mut training = Training { epochs: 8, schedule: Schedule::During, learning_rate: 0.01, ..Training::default() };
    recipe.weights.mode = WeightMode::Target;
    recipe.weights.delta = vec![0.6];
    change(&mut recipe, &mut training);
    recipe.training = Some(training);
    let found = train(&graph(), &recipe, &control(2), |_| {}).expect("trains");
    let sparsity = found.history.iter().map(|e| e.weight_sparsity).collect();
    (found.model, found.history.len(), sparsity)
}

fn zeros(model: &Model) -> f64 {
    let all: usize = model.weights().map(|w| w.values.len()).sum();
    model.weights().flat_map(|w| &w.values).filter(|v| **v == 0.0).count() as f64 / all as f64
}

#[test]
fn a_lottery_sets_weights_back_and_ends_at_the_wanted_share() {
    let (model, n_epochs, sparsity) = trained(|_, t| (t.schedule, t.rounds) = (Schedule::Lottery, 2));
    assert_eq!(n_epochs, 24, "two rounds and the last training");
    assert!((zeros(&model) - 0.6).abs() < 0.01, "{}", zeros(&model));
    // Each round removes the same share of what is left: 1 - 0.4^(1/2) after the first.
    assert!(sparsity[7].abs() < 1e-12 && (sparsity[15] - (1.0 - 0.4f64.sqrt())).abs() < 0.01, "{sparsity:?}");
}

#[test]
fn a_ramp_grows_to_the_full_share_at_half_of_training() {
    for ramp in [Ramp::Linear, Ramp::Cubic] {
        let (model, _, sparsity) = trained(|_, t| t.ramp = ramp);
        for (epoch, found) in sparsity.iter().enumerate() {
            let wanted = 0.6 * ramp.share((epoch + 1) as f64 / 4.0);
            // In the second half zeros stay, and more may come.
            assert!(*found >= wanted - 0.01 && (epoch >= 4 || *found <= wanted + 0.02), "{ramp:?} {sparsity:?}");
        }
        assert!(zeros(&model) >= 0.59, "the model kept is one of the full share");
    }
}

#[test]
fn a_ranking_without_a_share_is_refused() {
    let mut recipe = Method::all()[1].recipe(&Recipe::default(), 0.5, 1, false);
    recipe.edges.mode = EdgeMode::Relative;
    assert_eq!(
        recipe.check().unwrap_err().to_string(),
        "recipe, edges.mode: expected target with edges.ranking random, found relative"
    );
}
