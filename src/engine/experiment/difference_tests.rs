//! Differences of runs against a slow count of every entry, weight and node.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Confusion, Overlap, PairedLoss, Run, RunDifference, RunOptions, run};
use crate::engine::certify::GroupKind;
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::Recipe;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 90, n_entries: 520, n_features: 12, n_classes: 3, seed: 5 };
    power_law_communities(&shape, &Control::new(2).expect("workers")).expect("a graph").shared()
}

fn pruned(dataset: &Arc<Dataset>, family: Family, delta_a: f64, delta_w: f64) -> Run {
    let mut architecture = Architecture::new(family);
    architecture.hidden = 16;
    let model = Arc::new(Model::init(&architecture, 12, 3, 1));
    let mut recipe = Recipe { model: architecture, ..Recipe::default() };
    recipe.edges.delta = vec![delta_a];
    recipe.weights.delta = vec![delta_w];
    run(dataset, &model, &recipe, RunOptions::PREVIEW, None, &Control::new(2).expect("workers")).expect("a run")
}

/// The entries that a step keeps, but self-loops, into nodes for which `is_of` holds.
fn kept(run: &Run, step: usize, is_of: impl Fn(u32) -> bool) -> BTreeSet<(u32, u32)> {
    let mask = &run.pruned.masks.edges;
    let entries = run.dataset.topology().entries().enumerate();
    let entries = entries.filter(|(k, (u, v))| u != v && is_of(*u) && mask.is_kept(*k, step));
    entries.map(|(_, entry)| entry).collect()
}

fn assert_is(found: &Overlap, a: &BTreeSet<(u32, u32)>, b: &BTreeSet<(u32, u32)>) {
    assert_eq!(found.both as usize, a.intersection(b).count());
    assert_eq!(found.first_alone as usize, a.difference(b).count());
    assert_eq!(found.second_alone as usize, b.difference(a).count());
    let union = a.union(b).count();
    let jaccard = (union > 0).then(|| found.both as f64 / union as f64);
    assert_eq!(found.jaccard(), jaccard);
    let fewer = a.len().min(b.len());
    assert_eq!(found.coefficient(), (fewer > 0).then(|| found.both as f64 / fewer as f64));
}

#[test]
fn every_count_is_that_of_sets() {
    let dataset = graph();
    for family in [Family::Gcn, Family::Sgc, Family::Sage] {
        let (a, b) = (pruned(&dataset, family, 0.9, 0.4), pruned(&dataset, family, 0.6, 1.1));
        let found = RunDifference::of(&a, &b, &Control::new(3).expect("workers")).expect("a difference");
        assert!(found.is_same_graph && found.is_same_split && !found.steps.is_empty());
        let labels = dataset.labels().expect("labels");
        for of_step in &found.steps {
            let idx = a.pruned.steps[of_step.step].idx;
            assert_is(&of_step.entries, &kept(&a, idx, |_| true), &kept(&b, idx, |_| true));
            let others = dataset.topology().n_entries() - dataset.topology().n_self_loops();
            assert_eq!(of_step.entries.n() as usize, others);
            assert_eq!(of_step.classes.len(), 3);
            for (kind, count) in &of_step.classes {
                let GroupKind::Class { class, .. } = kind else { unreachable!("a class") };
                let is_of = |u: u32| labels.of(u as usize) == Some(*class);
                assert_is(count, &kept(&a, idx, is_of), &kept(&b, idx, is_of));
            }
        }
        let weights: u64 = found.matrices.iter().map(|m| m.weights.n()).sum();
        assert_eq!(weights as usize, a.pruned.masks.weights.iter().map(ndarray::Array2::len).sum::<usize>());
        for m in &found.matrices {
            let trace = &a.pruned.steps[m.step].weights[m.nth];
            assert_eq!((m.weights.both + m.weights.first_alone) as usize, trace.n_after, "{}", m.title);
            let other = &b.pruned.steps[m.step].weights[m.nth];
            assert_eq!((m.weights.both + m.weights.second_alone) as usize, other.n_after, "{}", m.title);
        }
    }
}

#[test]
fn nodes_that_change_are_counted_once_in_every_way() {
    let dataset = graph();
    let (a, b) = (pruned(&dataset, Family::Gcn, 0.1, 0.1), pruned(&dataset, Family::Gcn, 2.0, 1.6));
    let found = RunDifference::of(&a, &b, &Control::new(2).expect("workers")).expect("a difference");
    let says = found.predictions.as_ref().expect("predictions");
    let class = |run: &Run, u: usize| {
        let row = run.pruned.logits.row(u).to_vec();
        (0..row.len()).rev().max_by(|x, y| row[*x].total_cmp(&row[*y])).expect("a class") as u32
    };
    let slow: BTreeSet<u32> = (0..90).filter(|u| class(&a, *u as usize) != class(&b, *u as usize)).collect();
    assert!(!slow.is_empty(), "the two recipes must differ for the test to say anything");
    assert_eq!(says.changed.iter().map(|node| node.node).collect::<BTreeSet<_>>(), slow);
    for node in &says.changed {
        let u = node.node as usize;
        assert_eq!((node.first, node.second), (class(&a, u), class(&b, u)));
        for (run, margin) in [&a, &b].into_iter().zip(node.margins) {
            let mut row = run.pruned.logits.row(u).to_vec();
            row.sort_by(|x, y| y.total_cmp(x));
            assert_eq!(margin.to_bits(), (row[0] - row[1]).to_bits());
        }
    }
    let surest = |at: usize| says.changed[at].margins[0].min(says.changed[at].margins[1]);
    assert!((1..says.changed.len()).all(|at| surest(at - 1) >= surest(at)));
    assert_eq!(says.confusion.pairs.values().sum::<u64>(), 90);
    let by_class = says.confusion.by_class();
    assert_eq!(by_class.iter().map(|c| c.changed).sum::<u64>() as usize, slow.len());
    assert_eq!(by_class.iter().map(|c| c.first).sum::<u64>(), 90);
    assert_eq!(by_class.iter().map(|c| c.second).sum::<u64>(), 90);
    for by in [true, false] {
        let groups = says.groups.iter().filter(|g| matches!(g.kind, GroupKind::Class { .. }) == by);
        let (n, changed) = groups.fold((0, 0), |(n, changed), g| (n + g.n, changed + g.changed));
        assert_eq!((n, changed as usize), (90, slow.len()));
    }
    for part in &found.parts {
        let lost = part.first.accuracy - part.second.accuracy;
        assert!((part.loss.loss - lost).abs() < 1e-12, "{part:?}");
        let [low, high] = part.loss.interval();
        assert!(low < lost && lost < high);
    }
    assert_eq!(found.parts.iter().map(|p| p.name).collect::<Vec<_>>(), ["test", "validation"]);
}

#[test]
fn a_run_is_as_itself_and_other_graphs_are_told_apart() {
    let dataset = graph();
    let a = pruned(&dataset, Family::Gcn, 0.9, 0.4);
    let ctl = Control::new(1).expect("a worker");
    let same = RunDifference::of(&a, &a, &ctl).expect("a difference");
    assert!(same.steps.iter().all(|step| step.entries.jaccard() == Some(1.0)));
    assert!(same.predictions.expect("predictions").changed.is_empty());
    let shape = PowerLaw { n_nodes: 80, n_entries: 400, n_features: 12, n_classes: 3, seed: 6 };
    let other = power_law_communities(&shape, &ctl).expect("a graph").shared();
    let b = pruned(&other, Family::Gcn, 0.9, 0.4);
    let found = RunDifference::of(&a, &b, &ctl).expect("a difference");
    assert!(!found.is_same_graph && found.steps.is_empty() && found.predictions.is_none() && found.parts.is_empty());
    assert_eq!(found.matrices.len(), 2, "weights can still be held against each other");
}

#[test]
fn what_is_empty_has_no_share() {
    let nothing = Overlap::of_sorted::<u32>(&[], &[]);
    assert_eq!((nothing.jaccard(), nothing.coefficient()), (None, None));
    let apart = Overlap::of_sorted(&[1, 3], &[2]);
    assert_eq!((apart.jaccard(), apart.coefficient()), (Some(0.0), Some(0.0)));
    assert_eq!(Overlap::of_sorted(&[1], &[1, 2, 3]).coefficient(), Some(1.0), "one lies within the other");
    let confusion = Confusion::of(&[0, 0, 2], &[0, 1, 1]);
    assert_eq!([confusion.count(0, 1), confusion.count(2, 1), confusion.count(1, 1)], [1, 1, 0]);
    let lines: Vec<_> = confusion.by_class().iter().map(|c| (c.class, c.first, c.second, c.changed)).collect();
    assert_eq!(lines, [(0, 2, 1, 1), (1, 0, 2, 0), (2, 1, 0, 1)]);
    assert_eq!(PairedLoss::default().interval().map(f64::to_bits), [-1.0, 1.0].map(f64::to_bits));
}
