//! Entries that are kept or removed by hand: no threshold, ranking, recovery or training decides of them, and of all others everything goes
//! on as before.

use std::sync::Arc;

use unifews::engine::experiment::{RunOptions, around, run};
use unifews::engine::graph::{Dataset, PowerLaw, power_law_communities};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::baselines::EdgeRanking;
use unifews::engine::sparsify::{
    EdgeMask, EdgeMode, EntryChoice, NodesAre, PinnedEntry, Recipe, RecoveryRule, Schedule, Training, WeightMode,
};
use unifews::engine::train::train;

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 200, n_entries: 1_400, n_features: 17, n_classes: 4, seed: 4 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn shape_of(family: Family) -> Architecture {
    let mut shape = Architecture { hidden: 16, ..Architecture::new(family) };
    shape.hops = shape.hops.min(3);
    shape
}

/// Some entries between two nodes: those of a whole row, and others here and there. Each second one is kept.
fn chosen(dataset: &Dataset) -> Vec<(usize, PinnedEntry, bool)> {
    let entries = dataset.topology().entries().enumerate().filter(|(_, (u, v))| u != v);
    let some = entries.filter(|(k, (u, _))| *u == 3 || k % 29 == 0);
    let id = |node: u32| dataset.node_id(node as usize);
    let entry = |(k, (u, v)): (usize, (u32, u32))| (k, PinnedEntry { source: id(v), target: id(u) }, k % 2 == 0);
    some.map(entry).collect()
}

fn pin(recipe: &mut Recipe, chosen: &[(usize, PinnedEntry, bool)]) {
    for (_, entry, is_kept) in chosen {
        Arc::make_mut(&mut recipe.edges.pins).set(vec![entry.clone()], Some(*is_kept));
    }
}

fn assert_pinned(mask: &EdgeMask, chosen: &[(usize, PinnedEntry, bool)], case: &str) {
    for (k, entry, is_kept) in chosen {
        for step in 0..mask.n_steps() {
            assert_eq!(mask.is_kept(*k, step), *is_kept, "{case}: {entry:?} in step {step}");
        }
    }
}

fn recipe(shape: &Architecture, mode: EdgeMode, delta: f64) -> Recipe {
    let mut recipe = Recipe { model: shape.clone(), ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (mode, vec![delta]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.3]);
    recipe
}

#[test]
fn thresholds_and_rankings_decide_of_all_other_entries_as_before() {
    let dataset = graph();
    let chosen = chosen(&dataset);
    assert!(chosen.iter().any(|(.., is_kept)| *is_kept) && chosen.iter().any(|(.., is_kept)| !is_kept));
    let is_chosen = |k: usize| chosen.iter().any(|(other, ..)| *other == k);
    for family in [Family::Gcn, Family::Gat, Family::Sage, Family::Gin, Family::Gcn2, Family::Sgc, Family::Appnp] {
        let shape = shape_of(family);
        let model = Arc::new(Model::init(&shape, 17, 4, 5));
        let rules = [
            (EdgeMode::Relative, 0.0, None),
            (EdgeMode::Relative, 0.6, None),
            (EdgeMode::Absolute, 1e9, None),
            (EdgeMode::Target, 0.5, None),
            (EdgeMode::Target, 0.5, Some(EdgeRanking::Random)),
        ];
        for (mode, delta, ranking) in rules {
            let case = format!("{family:?} {mode:?} {delta} {ranking:?}");
            let mut free = recipe(&shape, mode, delta);
            free.edges.ranking = ranking;
            let mut pinned = free.clone();
            pin(&mut pinned, &chosen);
            let run = |recipe: &Recipe, n_threads: usize| {
                run(&dataset, &model, recipe, RunOptions::PREVIEW, None, &control(n_threads)).expect(&case)
            };
            let (before, after, again) = (run(&free, 2), run(&pinned, 2), run(&pinned, 1));
            assert_pinned(&after.pruned.masks.edges, &chosen, &case);
            // The first step sees the same messages; what comes after it does not.
            let (was, is) = (&before.pruned.masks.edges, &after.pruned.masks.edges);
            for k in (0..was.n_entries()).filter(|k| !is_chosen(*k)) {
                assert_eq!(was.is_kept(k, 0), is.is_kept(k, 0), "{case}: entry {k}");
            }
            assert_eq!(again.pruned.masks, after.pruned.masks, "{case}: on one thread");
            let bits = |run: &unifews::engine::experiment::Run| -> Vec<u32> {
                run.pruned.logits.iter().map(|z| z.to_bits()).collect()
            };
            assert_eq!(bits(&again), bits(&after), "{case}: on one thread");
            // What is said of an entry is said of one that was decided by hand, too.
            let found = around(&after, 3, &control(1)).expect(&case);
            assert!(!found.neighbours.is_empty(), "{case}");
            for neighbour in &found.neighbours {
                let (_, _, is_kept) = (chosen.iter())
                    .find(|(_, entry, _)| {
                        *entry.source == dataset.node_id(neighbour.source as usize) && entry.target == "3"
                    })
                    .expect("the whole row is decided by hand");
                assert_eq!(neighbour.by_hand, Some(*is_kept), "{case}");
            }
        }
    }
}

#[test]
fn recovery_keeps_as_many_as_asked_among_them_what_is_kept_by_hand() {
    let dataset = graph();
    let chosen = chosen(&dataset);
    let n_kept_by_hand = chosen.iter().filter(|(.., is_kept)| *is_kept).count();
    let n_removed_by_hand = chosen.len() - n_kept_by_hand;
    let topology = dataset.topology();
    let (n_loops, n) = (topology.n_self_loops(), topology.n_entries() - topology.n_self_loops());
    let rules = [
        RecoveryRule::default(),
        RecoveryRule { progressive: true, ..RecoveryRule::default() },
        RecoveryRule { entries: EntryChoice::PerNode, least_per_node: 1, ..RecoveryRule::default() },
        RecoveryRule { train_epochs: 4, ..RecoveryRule::default() },
        RecoveryRule { distill_epochs: 2, ..RecoveryRule::default() },
    ];
    for family in [Family::Gcn, Family::Gat, Family::Sage, Family::Sgc] {
        let shape = shape_of(family);
        let model = Arc::new(Model::init(&shape, 17, 4, 5));
        for (rule, share) in rules.iter().flat_map(|rule| [0.0, 0.6, 1.0].map(|share| (rule, share))) {
            let case = format!("{family:?} {share} {rule:?}");
            let mut recipe = recipe(&shape, EdgeMode::Target, share);
            recipe.recovery = Some(rule.clone());
            pin(&mut recipe, &chosen);
            let found = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect(&case);
            let mask = &found.pruned.masks.edges;
            assert_pinned(mask, &chosen, &case);
            let n_kept: Vec<usize> = (0..mask.n_steps()).map(|step| mask.n_kept(step) - n_loops).collect();
            for n_kept in &n_kept {
                assert!((n_kept_by_hand..=n - n_removed_by_hand).contains(n_kept), "{case}: {n_kept}");
            }
            if (0.1..0.9).contains(&share) {
                let asked = (n - (share * n as f64).ceil() as usize) * mask.n_steps();
                let kept: usize = n_kept.iter().sum();
                // Another spread over the steps may leave one of them less than what is kept by hand, or no room.
                assert!(kept.abs_diff(asked) <= chosen.len() * mask.n_steps(), "{case}: {kept} of {asked}");
            }
        }
    }
    // The control that keeps no entries keeps none.
    let shape = shape_of(Family::Gcn);
    let mut recipe = recipe(&shape, EdgeMode::Target, 0.6);
    recipe.recovery = Some(RecoveryRule { entries: EntryChoice::None, ..RecoveryRule::default() });
    pin(&mut recipe, &chosen);
    let model = Arc::new(Model::init(&shape, 17, 4, 5));
    let none = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(2)).expect("a run");
    assert_eq!(none.pruned.masks.edges.n_kept(0), n_loops);
}

#[test]
fn training_under_thresholds_leaves_them_as_they_are() {
    let dataset = graph();
    let chosen = chosen(&dataset);
    for family in [Family::Gcn, Family::Gat, Family::Sgc] {
        let mut recipe = recipe(&shape_of(family), EdgeMode::Relative, 0.5);
        (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Relative, vec![0.2]);
        recipe.training = Some(Training { epochs: 3, schedule: Schedule::During, ..Training::default() });
        pin(&mut recipe, &chosen);
        let trained = train(&dataset, &recipe, &control(2), |_| {}).expect("trained");
        assert_pinned(&trained.edges, &chosen, &format!("{family:?}"));
    }
}

#[test]
fn what_the_graph_does_not_have_and_what_knows_no_single_entries_is_refused() {
    let dataset = graph();
    let topology = dataset.topology();
    let refused = |family: Family, change: &dyn Fn(&mut Recipe), says: &str| {
        let shape = shape_of(family);
        let model = Arc::new(Model::init(&shape, 17, 4, 5));
        let mut recipe = recipe(&shape, EdgeMode::Relative, 0.5);
        change(&mut recipe);
        let error = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect_err(says);
        assert!(error.to_string().contains(says), "{error}");
    };
    let entry = |source: &str, target: &str| PinnedEntry { source: source.to_owned(), target: target.to_owned() };
    let (u, v) = (0..200)
        .flat_map(|u| (0..200).map(move |v| (u, v)))
        .find(|(u, v)| topology.find(*u, *v).is_none())
        .expect("a gap");
    let (v, u) = (v.to_string(), u.to_string());
    let keep = |pinned: PinnedEntry| {
        move |recipe: &mut Recipe| Arc::make_mut(&mut recipe.edges.pins).keep.push(pinned.clone())
    };
    refused(Family::Gcn, &keep(entry("200", "3")), "edges.pins.keep: expected entries between nodes of this graph");
    refused(Family::Gcn, &keep(entry("ada", "3")), "found ada → 3");
    refused(Family::Gcn, &keep(entry("3", "3")), "self-loops always stay");
    refused(Family::Gcn, &keep(entry(&v, &u)), &format!("that this graph has, as [source, target], found {v} → {u}"));
    refused(
        Family::Gcn,
        &|recipe| Arc::make_mut(&mut recipe.edges.pins).remove.push(entry(&v, &u)),
        "edges.pins.remove: expected entries that this graph has",
    );
    let there = dataset.topology().entries().find(|(u, v)| u != v).expect("an entry");
    let there = entry(&there.1.to_string(), &there.0.to_string());
    refused(
        Family::Gcn,
        &|recipe| {
            Arc::make_mut(&mut recipe.edges.pins).keep.push(there.clone());
            Arc::make_mut(&mut recipe.edges.pins).remove.push(there.clone());
        },
        "either kept or removed",
    );
    refused(
        Family::Sgc,
        &|recipe| {
            recipe.edges.mode = EdgeMode::Mass;
            Arc::make_mut(&mut recipe.edges.pins).keep.push(there.clone());
        },
        "edges.pins: expected none in mass mode",
    );
    refused(
        Family::Gcn,
        &|recipe| {
            recipe.recovery = Some(RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() });
            Arc::make_mut(&mut recipe.edges.pins).keep.push(there.clone());
        },
        "edges.pins: expected none with nodes_are new",
    );
}
