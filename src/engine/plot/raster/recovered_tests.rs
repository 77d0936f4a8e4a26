//! What a recovered run's heatmaps show, and what they say under the pointer.

use std::sync::Arc;

use super::*;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::{PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::plot::NodeOrder;
use crate::engine::plot::histogram::ScoreHistogram;
use crate::engine::sparsify::{Allocation, EdgeMode, EntryChoice, Recipe, RecoveryRule, WeightMode};

fn ctl() -> Control {
    Control::new(2).expect("workers")
}

fn recovered(entries: EntryChoice, progressive: bool) -> Run {
    let shape = PowerLaw { n_nodes: 90, n_entries: 520, n_features: 12, n_classes: 3, seed: 5 };
    let dataset = power_law_communities(&shape, &ctl()).expect("a graph").shared();
    let architecture = Architecture { hidden: 16, ..Architecture::new(Family::Gcn) };
    let model = Arc::new(Model::init(&architecture, 12, 3, 1));
    let mut recipe = Recipe { model: architecture, ..Recipe::default() };
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.6]);
    (recipe.weights.mode, recipe.weights.delta) = (WeightMode::Target, vec![0.5]);
    // Spread by agreement, a step may keep all of its entries.
    let allocation = Allocation::AsGiven;
    recipe.recovery = Some(RecoveryRule { entries, progressive, allocation, ..RecoveryRule::default() });
    run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run")
}

fn whole(run: &Run, step: usize, side: Side, mode: RasterMode) -> (Atlas, Raster) {
    let atlas = Atlas::new(&run.dataset, run.recipe.matrix(), NodeOrder::Degree, 3, &ctl()).expect("an atlas");
    let (across, down) = side.size(&run.pruned.steps[step], run.dataset.n_nodes());
    let viewport = Viewport::whole(across, down);
    let request = RasterRequest { step, side, mode, viewport, width_px: 500, height_px: 500, blocks: Blocks::Smallest };
    let raster = raster(run, &atlas, &request, &ctl()).expect("a raster");
    (atlas, raster)
}

fn facts(run: &Run, atlas: &Atlas, step: usize, side: Side) -> Vec<EntryFacts> {
    let (across, down) = side.size(&run.pruned.steps[step], run.dataset.n_nodes());
    let places = (0..down).flat_map(|row| (0..across).map(move |column| (column, row)));
    places.filter_map(|(column, row)| describe(run, atlas, step, side, column, row)).collect()
}

#[test]
fn changed_values_are_ratios_of_what_is_kept_and_blank_where_it_is_removed() {
    let run = recovered(EntryChoice::Omp, false);
    for step in 0..2 {
        for side in [Side::Edges, Side::WEIGHTS] {
            let (atlas, raster) = whole(&run, step, side, RasterMode::Changed);
            assert!(raster.is_single_entries());
            let scale = Scale::of_raster(&raster, RasterMode::Changed, side, 2, false);
            let shades = scale.shades(&raster);
            let (across, down) = side.size(&run.pruned.steps[step], run.dataset.n_nodes());
            let mut n_changed = 0;
            for (column, row) in (0..down).flat_map(|row| (0..across).map(move |column| (column, row))) {
                let Some(facts) = describe(&run, &atlas, step, side, column, row) else { continue };
                let at = raster.texel_at(column, row).expect("inside").index;
                let value = raster.values[at];
                assert_eq!(facts.recovered.is_some(), facts.is_kept, "{facts:?}");
                match facts.recovered {
                    None => assert!(value.is_nan() && shades[at] == Shade::NO_ENTRY, "{facts:?}: {value}"),
                    Some(now) if now / facts.value > 0.0 => {
                        let ratio = now / facts.value;
                        assert!((value - ratio.log2()).abs() < 1e-4, "{facts:?}: {value}");
                        n_changed += usize::from((ratio - 1.0).abs() > 1e-3);
                    }
                    Some(now) => assert!(value == f32::NEG_INFINITY || now.is_nan(), "{facts:?}: {value}"),
                }
            }
            // The last matrix is whole, but fitted.
            assert!(n_changed > 10, "{n_changed} values of step {step}, {side:?} were changed");
        }
    }
    assert!(!RasterMode::ALL.contains(&RasterMode::Changed), "it is offered where values were recovered alone");
}

#[test]
fn why_an_entry_went_is_said_in_the_words_of_what_chose() {
    let words = [
        (EntryChoice::Omp, "gain ", true),
        (EntryChoice::MessageNorm, "message ", true),
        (EntryChoice::PerNode, " of its row; the cut is within number ", false),
        (EntryChoice::Random, "number drawn ", true),
        (EntryChoice::None, "this layer keeps self-loops alone", false),
    ];
    for (choice, word, has_cut) in words {
        let run = recovered(choice, false);
        let (atlas, _) = whole(&run, 0, Side::Edges, RasterMode::Kept);
        let all = facts(&run, &atlas, 0, Side::Edges);
        let is_own = |f: &EntryFacts| matches!(f.place, EntryPlace::Edge { target, source } if target == source);
        let removed: Vec<&EntryFacts> = all.iter().filter(|f| !f.is_kept).collect();
        let kept: Vec<&EntryFacts> = all.iter().filter(|f| f.is_kept && !is_own(f)).collect();
        assert!(!removed.is_empty() && kept.is_empty() == (choice == EntryChoice::None), "{choice:?}");
        for fact in &removed {
            assert!(fact.reason.starts_with("removed in layer 1: "), "{choice:?}: {fact:?}");
            let says_nothing_new = fact.reason.contains("adds nothing");
            assert!(fact.reason.contains(word) || says_nothing_new, "{choice:?}: {fact:?}");
            assert!(fact.score >= 0.0 && fact.score.is_finite(), "{choice:?}: {fact:?}");
            assert!(!has_cut || says_nothing_new || fact.reason.contains(" < cut "), "{choice:?}: {fact:?}");
        }
        assert!(all.iter().filter(|f| is_own(f)).all(|f| f.is_kept && f.reason == "self-loop, never removed"));
        // On the screen what is kept and what is removed stand on two sides.
        let (_, margins) = whole(&run, 0, Side::Edges, RasterMode::Margin);
        for (at, margin) in margins.values.iter().enumerate() {
            let is_right = match (margins.kept[at], margins.removed[at]) {
                (1, 0) => *margin >= 0.0,
                (0, 1) => *margin < 0.0,
                _ => true,
            };
            assert!(is_right, "{choice:?}: {margin}");
        }
        let histogram = ScoreHistogram::of(&run, atlas.values(), 0, Side::Edges, 32, &ctl()).expect("scores");
        assert_eq!(histogram.scores.n, histogram.n_entries, "{choice:?}: one score for every entry that could go");
        assert_eq!(histogram.threshold.is_finite(), has_cut, "{choice:?}: {}", histogram.threshold);
    }
    let run = recovered(EntryChoice::Omp, false);
    let (atlas, _) = whole(&run, 0, Side::Edges, RasterMode::Kept);
    for fact in facts(&run, &atlas, 0, Side::WEIGHTS) {
        let expected = if fact.is_kept {
            "kept, fitted"
        } else {
            "removed: the others make up for it best (Optimal Brain Surgeon)"
        };
        assert_eq!((fact.reason.as_str(), fact.threshold.is_nan()), (expected, true));
    }
    let histogram = ScoreHistogram::of(&run, atlas.values(), 0, Side::WEIGHTS, 32, &ctl()).expect("scores");
    assert!(histogram.threshold.is_nan() && histogram.delta_at(0.1, false).is_none());
}

#[test]
fn what_an_earlier_layer_removed_is_gone_where_removal_is_progressive() {
    let run = recovered(EntryChoice::Omp, true);
    let (atlas, _) = whole(&run, 1, Side::Edges, RasterMode::Kept);
    let edges = run.pruned.steps[1].edges.as_ref().expect("a convolution");
    let histogram = ScoreHistogram::of(&run, atlas.values(), 1, Side::Edges, 32, &ctl()).expect("scores");
    assert_eq!(histogram.scores.n, edges.n_before - edges.n_self_loops);
    let all = facts(&run, &atlas, 1, Side::Edges);
    let n_before = all.iter().filter(|f| f.reason == "removed in layer 1").count();
    assert_eq!(n_before, edges.n_entries - edges.n_before);
}
