//! What pruning did around a node: what each removed entry would change is what the whole forward pass says with that entry put back.

use std::sync::Arc;

use ndarray::{Array2, ArrayView1, Axis, concatenate};
use unifews::engine::experiment::{NoEffects, Run, RunOptions, around, masked_forward, run};
use unifews::engine::graph::{Dataset, Labels, PowerLaw, power_law_communities};
use unifews::engine::model::{Aggregation, Architecture, Family, Model, Norm};
use unifews::engine::sparsify::{EdgeMask, EdgeMode, EntryValues, Identity, Masks, Recipe, RecoveryRule};

use crate::shared::control;

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 150, n_entries: 700, n_features: 13, n_classes: 4, seed: 9 };
    power_law_communities(&shape, &control(1)).expect("possible").shared()
}

fn pruned(dataset: &Arc<Dataset>, shape: Architecture, change: &dyn Fn(&mut Recipe)) -> Run {
    let model = Arc::new(Model::init(&shape, 13, 4, 5));
    let mut recipe = Recipe { model: shape, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
    recipe.weights.delta = vec![0.2];
    change(&mut recipe);
    run(dataset, &model, &recipe, RunOptions::PREVIEW, None, &control(1)).expect("a run")
}

/// The masks with entry `k` kept in every step, at the value `t` where kept entries have values of their own.
fn with_entry(run: &Run, k: usize, t: f32) -> Masks {
    let mask = &run.pruned.masks.edges;
    let topology = run.dataset.topology();
    let edges = match (mask.removed_at(), mask.values()) {
        (Some(removed_at), None) => {
            let mut removed_at = removed_at.to_vec();
            removed_at[k] = mask.n_steps() as u8;
            EdgeMask::try_new(removed_at, mask.n_steps(), topology)
        }
        (_, values) => {
            let steps = (0..mask.n_steps()).map(|step| {
                let mut kept: Vec<bool> = (0..mask.n_entries()).map(|k| mask.is_kept(k, step)).collect();
                let before = kept[..k].iter().filter(|kept| **kept).count();
                let of_step = values.map(|values| {
                    let of_step = &values.steps[step];
                    if kept[k] {
                        return of_step.clone();
                    }
                    let (above, below) = of_step.view().split_at(Axis(0), before);
                    let own = Array2::from_elem((1, of_step.ncols()), t);
                    concatenate(Axis(0), &[above, own.view(), below]).expect("one column more")
                });
                kept[k] = true;
                (kept, of_step)
            });
            let (kept, of_steps): (Vec<_>, Vec<_>) = steps.unzip();
            let steps: Option<Vec<_>> = of_steps.into_iter().collect();
            EdgeMask::of_steps(kept, steps.map(|steps| EntryValues { steps }), topology)
        }
    };
    Masks { edges: edges.expect("one entry more"), weights: run.pruned.masks.weights.clone() }
}

fn ahead(logits: ArrayView1<'_, f32>, class: usize) -> f32 {
    let others = logits.iter().enumerate().filter(|(at, _)| *at != class).map(|(_, z)| *z);
    logits[class] - others.fold(f32::NEG_INFINITY, f32::max)
}

/// Looks at some nodes of a run; gives how many effects were compared.
fn check(run: &Run, case: &str) -> usize {
    let ctl = control(2);
    let topology = run.dataset.topology();
    let mut n_compared = 0;
    for u in (0..150u32).step_by(13) {
        let found = around(run, u, &ctl).expect(case);
        assert_eq!(found.no_effects, None, "{case}");
        let logits = [run.baseline_logits.row(u as usize), run.pruned.logits.row(u as usize)];
        assert_eq!(found.margin.unpruned.to_bits(), ahead(logits[0], found.margin.class).to_bits(), "{case}");
        assert_eq!(found.margin.pruned.to_bits(), ahead(logits[1], found.margin.class).to_bits(), "{case}");
        assert!(found.margin.unpruned >= 0.0, "{case}: what the unpruned model says");
        for of_class in &found.probabilities {
            assert!((of_class.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{case}");
        }
        let sources: Vec<u32> = topology.row(u as usize).iter().copied().filter(|v| *v != u).collect();
        let mut listed: Vec<u32> = found.neighbours.iter().map(|neighbour| neighbour.source).collect();
        listed.sort_unstable();
        assert_eq!(listed, sources, "{case}");
        for (at, step) in found.steps.iter().enumerate() {
            let kept = found.neighbours.iter().filter(|neighbour| neighbour.steps[at].is_kept).count();
            assert_eq!(step.n_kept, kept, "{case}");
            assert!((0.0..=1.0).contains(&step.message_kept), "{case}: {}", step.message_kept);
            if kept == listed.len() {
                assert!((step.message_kept - 1.0).abs() < 1e-12, "{case}");
            }
        }
        let cut: Vec<_> = found.neighbours.iter().filter(|neighbour| neighbour.is_cut()).collect();
        assert_eq!(found.effect_of_all.is_some(), !cut.is_empty(), "{case}");
        if let (Some(effect), None) = (found.effect_of_all, run.pruned.masks.edges.values()) {
            let back = |mask: &EdgeMask, k| {
                let mut removed_at = mask.removed_at().expect("progressive").to_vec();
                removed_at[k] = mask.n_steps() as u8;
                EdgeMask::try_new(removed_at, mask.n_steps(), topology).expect("one entry more")
            };
            let entry = |source: u32| topology.find(u as usize, source as usize).expect("an entry");
            let edges = run.pruned.masks.edges.clone();
            let edges = cut.iter().fold(edges, |mask, neighbour| back(&mask, entry(neighbour.source)));
            let masks = Masks { edges, weights: run.pruned.masks.weights.clone() };
            let whole = masked_forward(&run.dataset, &run.pruned.model, &run.recipe, Some(&masks), None, &ctl);
            let expected = ahead(whole.expect(case).row(u as usize), found.margin.class) - found.margin.pruned;
            assert_eq!(effect.to_bits(), expected.to_bits(), "{case}: all of node {u}");
        }
        for neighbour in &found.neighbours {
            let k = topology.find(u as usize, neighbour.source as usize).expect("an entry");
            for (entry, step) in neighbour.steps.iter().zip(&found.steps) {
                assert_eq!(entry.is_kept, run.pruned.masks.edges.is_kept(k, step.step), "{case}");
            }
            assert_eq!(neighbour.effect.is_some(), neighbour.is_cut(), "{case}");
            let Some(effect) = neighbour.effect else { continue };
            let masks = with_entry(run, k, neighbour.value.unwrap_or(1.0));
            let whole = masked_forward(&run.dataset, &run.pruned.model, &run.recipe, Some(&masks), None, &ctl);
            let whole = whole.expect(case);
            let expected = ahead(whole.row(u as usize), found.margin.class) - found.margin.pruned;
            assert_eq!(effect.to_bits(), expected.to_bits(), "{case}: node {u} from {}", neighbour.source);
            n_compared += 1;
        }
    }
    n_compared
}

#[test]
fn an_entry_put_back_changes_what_the_whole_forward_says_it_does() {
    let dataset = graph();
    for family in Family::ALL {
        let mut shape = Architecture { hidden: 8, ..Architecture::new(family) };
        if shape.is_decoupled() {
            shape.hops = 3;
        }
        if shape.n_graph_steps() == 0 {
            continue;
        }
        let case = format!("{family:?}");
        assert!(check(&pruned(&dataset, shape, &|_| {}), &case) > 5, "{case}");
    }
    let sage = Architecture { hidden: 8, aggregation: Aggregation::Max, ..Architecture::new(Family::Sage) };
    assert!(check(&pruned(&dataset, sage, &|_| {}), "largest") > 5);
    let gcn = || Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
    let residual = pruned(&dataset, gcn(), &|recipe| recipe.edges.identity = Identity::Residual);
    assert!(check(&residual, "residual") > 5);
}

#[test]
fn entries_of_a_recovered_run_are_put_back_beside_the_fitted_values() {
    let dataset = graph();
    let recovered = |shape| pruned(&dataset, shape, &|recipe| recipe.recovery = Some(RecoveryRule::default()));
    for family in [Family::Gcn, Family::Sage, Family::Sgc] {
        let mut shape = Architecture { hidden: 8, ..Architecture::new(family) };
        if shape.is_decoupled() {
            shape.hops = 2;
        }
        let run = recovered(shape);
        assert!(run.pruned.masks.edges.values().is_some(), "{family:?}: values of its own");
        assert!(check(&run, &format!("recovered {family:?}")) > 5);
    }
    let gat = recovered(Architecture { hidden: 8, ..Architecture::new(Family::Gat) });
    let found = around(&gat, 3, &control(1)).expect("a node");
    assert_eq!(found.no_effects, Some(NoEffects::FixedAttention));
    assert!(found.neighbours.iter().all(|neighbour| neighbour.effect.is_none()));
}

#[test]
fn of_several_classes_the_one_that_changes_most_is_followed() {
    let dataset = graph();
    let mut parts = dataset.to_parts();
    parts.labels = Some(Labels::multi(Array2::from_shape_fn((150, 4), |(u, c)| (u + c) % 3 == 0)));
    let dataset = Dataset::try_new(parts).expect("a graph").shared();
    let run = pruned(&dataset, Architecture { hidden: 8, ..Architecture::new(Family::Gcn) }, &|_| {});
    let mut n_changed = 0;
    for u in 0..150u32 {
        let found = around(&run, u, &control(1)).expect("a node");
        let [before, after] = [&run.baseline_logits, &run.pruned.logits].map(|logits| logits.row(u as usize));
        let is_changed = before.iter().zip(after).any(|(a, b)| (*a > 0.0) != (*b > 0.0));
        assert!(found.is_multi && found.is_changed() == is_changed, "node {u}: {found:?}");
        assert_eq!(found.margin.is_lost(), is_changed, "node {u}: {found:?}");
        let class = found.margin.class;
        assert!((found.margin.unpruned - before[class].abs()).abs() < 1e-6, "node {u}");
        n_changed += usize::from(is_changed);
    }
    assert!((1..150).contains(&n_changed), "{n_changed}");
}

#[test]
fn what_cannot_be_said_is_said() {
    let dataset = graph();
    let gcn = || Architecture { hidden: 8, ..Architecture::new(Family::Gcn) };
    let of_graph = pruned(&dataset, Architecture { norm: Norm::Graph, ..gcn() }, &|_| {});
    assert_eq!(around(&of_graph, 0, &control(1)).expect("a node").no_effects, Some(NoEffects::AllNodes));
    let sgc = Architecture { hops: 2, ..Architecture::new(Family::Sgc) };
    let mass = pruned(&dataset, sgc, &|recipe| (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Mass, vec![1e-3]));
    let found = around(&mass, 0, &control(1)).expect("a node");
    assert_eq!(found.no_effects, Some(NoEffects::Mass));
    let error = around(&mass, 150, &control(1)).expect_err("no such node").to_string();
    assert_eq!(error, "node: expected a number below 150, found 150");
    let mlp = pruned(&dataset, Architecture { hidden: 8, ..Architecture::new(Family::Mlp) }, &|_| {});
    let found = around(&mlp, 0, &control(1)).expect("a node");
    assert!(found.steps.is_empty() && found.neighbours.iter().all(|neighbour| !neighbour.is_cut()));
}
