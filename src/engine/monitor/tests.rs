//! A graph that grows, with and without a drift.

use std::sync::Arc;

use ndarray::Array2;

use super::*;
use crate::engine::carry::{Snapshot, carry};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::{
    Dataset, DatasetParts, Direction, Features, Labels, PowerLaw, SelfLoops, Split, Topology, power_law_communities,
};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::{EdgeMode, MonitorRule, Recipe, WeightMode};

fn ctl() -> Control {
    Control::new(2).expect("workers")
}

fn of_pairs(n: usize, pairs: &[(u32, u32)]) -> Topology {
    Topology::from_edges(n, pairs, Direction::Symmetrised, SelfLoops::Added).expect("a graph").0
}

/// The first `n` nodes of a graph of communities, whose features `change` may alter from row `from` on.
fn graph(n: usize, from: usize, change: impl Fn(usize, &mut [f32])) -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 900, n_entries: 9000, n_features: 16, n_classes: 3, seed: 3 };
    let whole = power_law_communities(&shape, &ctl()).expect("a graph");
    // In an order that has nothing to do with degrees: node i is node 7 i of the generator, so node u is i = 643 u (7 · 643 = 1 modulo 900).
    let place = |u: u32| u * 643 % 900;
    let all = whole.topology().entries().map(|(u, v)| (place(u), place(v)));
    let pairs: Vec<(u32, u32)> = all.filter(|(u, v)| (*u as usize) < n && (*v as usize) < n).collect();
    let source: Vec<usize> = (0..n).map(|i| i * 7 % 900).collect();
    let topology = of_pairs(n, &pairs);
    let mut x = whole.features().to_dense().select(ndarray::Axis(0), &source);
    for u in from..n {
        change(u, x.row_mut(u).as_slice_mut().expect("a row"));
    }
    let classes = whole.labels().expect("labels").classes();
    let labels = Labels::new(source.iter().map(|u| classes[*u]).collect());
    let ids = (0..n).map(|u| format!("c{u}")).collect();
    let nodes = |rest: usize| (0..n as u32).filter(move |u| *u as usize % 3 == rest).collect();
    let split = Split { name: "file".into(), train: nodes(0), val: nodes(1), test: nodes(2) };
    let parts = DatasetParts {
        topology,
        features: Features::Dense(x),
        labels: Some(labels),
        node_ids: Some(ids),
        splits: vec![split],
        ..whole.to_parts()
    };
    Dataset::try_new(parts).expect("a graph").shared()
}

fn recipe(family: Family) -> Recipe {
    let mut recipe = Recipe { model: Architecture { hidden: 16, ..Architecture::new(family) }, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Relative, vec![0.7]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.3]);
    recipe
}

/// What a check of a run against `now` gives.
fn checked(before: &Arc<Dataset>, now: &Dataset, family: Family) -> Check {
    try_check(before, now, family, None).expect("a check")
}

fn try_check(
    before: &Arc<Dataset>,
    now: &Dataset,
    family: Family,
    arrived: Option<&[bool]>,
) -> Result<Check, EngineError> {
    let mut recipe = recipe(family);
    let model = Arc::new(Model::init(&recipe.model, 16, 3, 5));
    recipe.monitor = Some(MonitorRule::default());
    let found = run(before, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
    let reference = reference(&found, Some(&model));
    check(inputs(&found, &reference, now, Some(&model), arrived), &ctl())
}

fn reference(found: &Run, baseline: Option<&Model>) -> Reference {
    let inputs = ReferenceInputs {
        dataset: &found.dataset,
        recipe: &found.recipe,
        split: &found.split,
        model: &found.pruned.model,
        baseline,
        logits: &found.pruned.logits,
        baseline_logits: Some(&found.baseline_logits),
    };
    Reference::of(inputs, &ctl()).expect("a reference")
}

fn inputs<'a>(
    found: &'a Run,
    reference: &'a Reference,
    now: &'a Dataset,
    baseline: Option<&'a Model>,
    arrived: Option<&'a [bool]>,
) -> CheckInputs<'a> {
    CheckInputs {
        reference,
        now,
        recipe: &found.recipe,
        model: &found.pruned.model,
        masks: &found.pruned.masks,
        baseline,
        deltas: &[0.7; 8],
        arrived,
    }
}

#[test]
fn on_its_own_graph_nothing_has_changed() {
    let before = graph(600, 600, |_, _| {});
    for family in [Family::Gcn, Family::Sage, Family::Gat, Family::Sgc] {
        let found = checked(&before, &before, family);
        assert_eq!((found.level, found.n_arrived), (Level::Fine, 0), "{family:?} {:?}", found.findings);
        assert_eq!((found.nodes.new, found.nodes.gone, found.entries.new, found.entries.gone), (0, 0, 0, 0));
        assert_eq!(found.n_changed_features, 0);
        for step in &found.steps {
            assert!(step.messages.ks.abs() < 1e-12 && step.messages.psi.abs() < 1e-12, "{family:?} {step:?}");
        }
        if family == Family::Gcn {
            assert!(found.steps.iter().all(|step| step.overlap.is_some_and(|same| same > 0.999)), "{:?}", found.steps);
        }
    }
}

#[test]
fn nodes_that_are_like_the_others_are_fine_and_others_are_found() {
    let before = graph(600, 600, |_, _| {});
    let grown = graph(760, 760, |_, _| {});
    let found = checked(&before, &grown, Family::Gcn);
    assert_eq!((found.nodes.new, found.nodes.gone, found.n_arrived), (160, 0, 160));
    assert!(found.entries.new > 0 && found.entries.gone == 0, "{:?}", found.entries);
    assert!(found.findings.iter().all(|finding| finding.measure != Measure::Confidence), "{:?}", found.findings);
    assert_eq!(found.labelled.expect("labels").pruned.n_nodes, 160);
    let drifted = graph(760, 600, |_, row| row.iter_mut().for_each(|x| *x = *x * 4.0 + 3.0));
    let found = checked(&before, &drifted, Family::Gcn);
    assert!(found.level >= Level::ReEvaluate, "{found:?}");
    assert!(found.findings.iter().any(|finding| finding.measure == Measure::Confidence), "{:?}", found.findings);
    // Of nodes of both graphs the features may change, too.
    let changed = graph(600, 590, |_, row| row[0] += 1.0);
    assert_eq!(checked(&before, &changed, Family::Gcn).n_changed_features, 10);
}

#[test]
fn what_was_decided_goes_with_the_ids_wherever_the_nodes_stand() {
    let before = graph(600, 600, |_, _| {});
    let grown = graph(700, 700, |_, _| {});
    // The same later graph with its nodes the other way round.
    let n = grown.n_nodes();
    let turned = |u: u32| (n - 1) as u32 - u;
    let pairs: Vec<(u32, u32)> = grown.topology().entries().map(|(u, v)| (turned(u), turned(v))).collect();
    let mut x = grown.features().to_dense();
    x.invert_axis(ndarray::Axis(0));
    let rows: Array2<f32> = Array2::from_shape_vec(x.dim(), x.iter().copied().collect()).expect("rows");
    let classes = grown.labels().expect("labels").classes().iter().rev().copied().collect();
    let parts = DatasetParts {
        topology: of_pairs(n, &pairs),
        features: Features::Dense(rows),
        labels: Some(Labels::new(classes)),
        node_ids: Some((0..n).rev().map(|u| format!("c{u}")).collect()),
        splits: Vec::new(),
        ..grown.to_parts()
    };
    let reversed = Dataset::try_new(parts).expect("a graph");
    let snapshot = Snapshot::of(&before, &ctl()).expect("no stop");
    let carried = [carry(&snapshot, &grown, &ctl()).expect("ids"), carry(&snapshot, &reversed, &ctl()).expect("ids")];
    assert_eq!((carried[0].nodes, carried[0].entries), (carried[1].nodes, carried[1].entries));
    let model = Arc::new(Model::init(&recipe(Family::Gcn).model, 16, 3, 5));
    let found = run(&before, &model, &recipe(Family::Gcn), RunOptions::PREVIEW, None, &ctl()).expect("a run");
    let mask = &found.pruned.masks.edges;
    let [straight, other] = [(&carried[0], &*grown), (&carried[1], &reversed)]
        .map(|(carried, now)| carried.mask(mask, now, &found.recipe, &ctl()).expect("a mask"));
    for (k, (u, v)) in grown.topology().entries().enumerate() {
        let there = reversed.topology().find(turned(u) as usize, turned(v) as usize).expect("an entry");
        let old = (u < 600 && v < 600).then(|| before.topology().find(u as usize, v as usize)).flatten();
        for step in 0..mask.n_steps() {
            assert_eq!(straight.is_kept(k, step), other.is_kept(there, step));
            assert_eq!(straight.is_kept(k, step), old.is_none_or(|old| mask.is_kept(old, step)), "{u} {v}");
        }
    }
    assert!((0..mask.n_entries()).any(|k| !mask.is_kept(k, 0)), "something is removed");
}

#[test]
fn a_graph_of_other_features_and_mass_thresholds_are_refused() {
    let before = graph(600, 600, |_, _| {});
    let parts = DatasetParts { features: Features::Dense(Array2::ones((600, 4))), ..before.to_parts() };
    let narrow = Dataset::try_new(parts).expect("a graph");
    let snapshot = Snapshot::of(&before, &ctl()).expect("no stop");
    let fault = carry(&snapshot, &narrow, &ctl()).expect_err("another width");
    assert!(fault.to_string().contains("16 as before, found 4"), "{fault}");
}

#[test]
fn whoever_the_model_was_pruned_with_has_not_arrived() {
    let before = graph(600, 600, |_, _| {});
    let grown = graph(700, 700, |_, _| {});
    let found = try_check(&before, &grown, Family::Gcn, Some(&[true; 700])).expect("a check");
    assert_eq!(found.n_arrived, 100, "the others were there when it was pruned");
    let few: Vec<bool> = (0..700).map(|u| u >= 690).collect();
    assert_eq!(try_check(&before, &grown, Family::Gcn, Some(&few)).expect("a check").n_arrived, 10);
    try_check(&before, &grown, Family::Gcn, Some(&[true; 3])).expect_err("flags of another graph");
}

#[test]
fn an_output_that_is_no_number_is_no_answer() {
    let before = graph(600, 600, |_, _| {});
    let broken = graph(620, 600, |_, row| row.fill(3e38));
    let fault = try_check(&before, &broken, Family::Gcn, None).expect_err("sums without end");
    assert!(matches!(fault, EngineError::NotFinite { .. }), "{fault}");
}

#[test]
fn a_graph_without_entries_and_one_without_arrivals_are_checked_like_any() {
    let before = graph(600, 600, |_, _| {});
    let parts = DatasetParts { topology: of_pairs(600, &[]), ..before.to_parts() };
    let alone = Dataset::try_new(parts).expect("a graph");
    let found = checked(&before, &alone, Family::Gcn);
    assert_eq!((found.entries.now, found.n_arrived), (0, 0));
    assert_eq!(found.entries.gone, found.entries.before);
    assert!(found.steps.iter().all(|step| step.messages.n_now == 0 && step.overlap.is_none()), "{:?}", found.steps);
}

#[test]
fn entries_are_found_as_one_by_one_and_features_are_the_same_however_they_are_stored() {
    let before = graph(600, 600, |_, _| {});
    let grown = graph(700, 590, |_, row| row[1] = 0.5);
    let snapshot = Snapshot::of(&before, &ctl()).expect("no stop");
    let carried = carry(&snapshot, &grown, &ctl()).expect("ids");
    let (old, mut n_both) = (before.topology(), 0);
    for (k, (u, v)) in grown.topology().entries().enumerate() {
        let slow = (u < 600 && v < 600).then(|| old.find(u as usize, v as usize)).flatten();
        assert_eq!(carried.position_before(k), slow, "{u} {v}");
        n_both += usize::from(u != v && slow.is_some());
    }
    let removable = |of: &Topology| of.entries().filter(|(u, v)| u != v).count();
    assert_eq!(carried.entries.new, removable(grown.topology()) - n_both);
    assert_eq!(carried.entries.gone, removable(old) - n_both);
    assert_eq!(carried.n_changed_features, 10);
    // The same numbers stored sparsely.
    let sparse = Features::from_dense(before.features().to_dense().mapv(|x| if x > 2.0 { x } else { 0.0 }));
    assert!(matches!(sparse, Features::Sparse(_)));
    let dense = DatasetParts { features: Features::Dense(sparse.to_dense()), ..before.to_parts() };
    let sparse = DatasetParts { features: sparse, ..before.to_parts() };
    let [dense, sparse] = [dense, sparse].map(|parts| Dataset::try_new(parts).expect("a graph"));
    let snapshot = Snapshot::of(&dense, &ctl()).expect("no stop");
    assert_eq!(carry(&snapshot, &sparse, &ctl()).expect("ids").n_changed_features, 0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits_and_the_unpruned_model_is_listened_to_where_it_is_named() {
    let before = graph(600, 600, |_, _| {});
    let grown = graph(760, 700, |_, row| row[0] += 2.0);
    let recipe = recipe(Family::Gcn);
    let model = Arc::new(Model::init(&recipe.model, 16, 3, 5));
    let found = run(&before, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
    let whole = reference(&found, Some(&model));
    let [one, four] = [1, 4].map(|n| {
        let ctl = Control::new(n).expect("workers");
        check(inputs(&found, &whole, &grown, Some(&model), None), &ctl).expect("a check")
    });
    assert_eq!(one, four);
    assert_eq!(one.heard_of, HeardOf::UnprunedModel);
    let alone = reference(&found, None);
    assert_eq!((&alone.pruned, &alone.unpruned), (&whole.pruned, &None));
    let plain = check(inputs(&found, &alone, &grown, None, None), &ctl()).expect("a check");
    assert_eq!((plain.heard_of, plain.agreement.is_none()), (HeardOf::PrunedWeights, true));
    assert_eq!(plain.steps[0].overlap, one.steps[0].overlap);
    let fault = check(inputs(&found, &alone, &grown, Some(&model), None), &ctl()).expect_err("nothing to compare with");
    assert!(fault.to_string().contains("knows the unpruned model"), "{fault}");
}

/// What nodes with any number of classes are checked by.
#[test]
fn nodes_of_several_classes_are_checked_like_any() {
    let tagged = |n: usize, from: usize, drift: f32| {
        let plain = graph(n, from, |_, row| row.iter_mut().for_each(|x| *x += drift));
        let classes = plain.labels().expect("labels").classes().to_vec();
        let tags = Array2::from_shape_fn((n, 3), |(u, class)| classes[u] as usize == class || (u + class) % 5 == 0);
        let parts = DatasetParts { labels: Some(Labels::multi(tags)), ..plain.to_parts() };
        Dataset::try_new(parts).expect("a graph").shared()
    };
    let before = tagged(600, 600, 0.0);
    let found = checked(&before, &tagged(700, 700, 0.0), Family::Gcn);
    assert_eq!((found.n_arrived, found.estimated.is_none()), (100, true));
    assert!(found.agreement.is_some() && found.confidence.p_value > 1e-4, "{found:?}");
    let labelled = found.labelled.expect("labels");
    assert!(labelled.loss.is_some() && labelled.certified_p.is_none(), "{labelled:?}");
    let drifted = checked(&before, &tagged(700, 600, 6.0), Family::Gcn);
    assert!(drifted.level >= Level::ReEvaluate, "{drifted:?}");
}
