//! The heatmap of two runs counts what a walk over all entries counts, at every zoom.

use std::sync::Arc;

use super::*;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::plot::NodeOrder;
use crate::engine::sparsify::Recipe;

fn ctl() -> Control {
    Control::new(2).expect("workers")
}

fn graph(n_nodes: usize) -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes, n_entries: 520, n_features: 12, n_classes: 3, seed: 5 };
    power_law_communities(&shape, &ctl()).expect("a graph").shared()
}

fn pruned(dataset: &Arc<Dataset>, delta_a: f64, delta_w: f64) -> Run {
    let mut architecture = Architecture::new(Family::Gcn);
    architecture.hidden = 16;
    let model = Arc::new(Model::init(&architecture, 12, 3, 1));
    let mut recipe = Recipe { model: architecture, ..Recipe::default() };
    recipe.edges.delta = vec![delta_a];
    recipe.weights.delta = vec![delta_w];
    run(dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run")
}

/// What becomes of an entry.
fn fate(kept: [bool; 2]) -> usize {
    [[3, 1], [0, 2]][usize::from(kept[0])][usize::from(kept[1])]
}

#[test]
fn every_texel_counts_the_entries_of_both_masks() {
    let dataset = graph(90);
    let (a, b) = (pruned(&dataset, 0.9, 0.4), pruned(&dataset, 0.6, 1.1));
    for by in [NodeOrder::Class, NodeOrder::Original] {
        let atlas = Atlas::new(&dataset, a.recipe.matrix(), by, 3, &ctl()).expect("an atlas");
        let position = atlas.ordering().position();
        for (step, side, px) in [0, 1]
            .into_iter()
            .flat_map(|step| [Side::Edges, Side::WEIGHTS].map(|side| (step, side)))
            .flat_map(|(step, side)| [5, 40, 500].map(|px| (step, side, px)))
        {
            let (across, down) = side.size(&a.pruned.steps[step], 90);
            let request = RasterRequest {
                step,
                side,
                mode: RasterMode::Compared,
                viewport: Viewport::whole(across, down),
                width_px: px,
                height_px: px,
                blocks: Blocks::Smallest,
            };
            let found = raster_of_two(&a, &b, &atlas, &request, &ctl()).expect("a raster");
            let mut slow = vec![[0u32; N_FATES]; found.w * found.h];
            let mut add = |column: usize, row: usize, kept: [bool; 2]| {
                let texel = found.texel_at(column, row).expect("inside");
                slow[texel.index][fate(kept)] += 1;
            };
            if side == Side::Edges {
                let idx = a.pruned.steps[step].idx;
                for (k, (u, v)) in dataset.topology().entries().enumerate() {
                    let masks = [&a, &b].map(|run| run.pruned.masks.edges.is_kept(k, idx));
                    add(position[v as usize] as usize, position[u as usize] as usize, masks);
                }
            } else {
                let masks = [&a, &b].map(|run| &run.pruned.masks.weights[run.pruned.steps[step].weights[0].idx]);
                for ((j, i), kept) in masks[0].indexed_iter() {
                    add(j, i, [*kept, masks[1][[j, i]]]);
                }
            }
            assert_eq!(found.compared, slow, "{by:?} {step} {side:?} {px}");
            for (at, [first, second, both, neither]) in slow.iter().copied().enumerate() {
                assert_eq!((found.kept[at], found.removed[at]), (first + second + both, neither));
            }
            let scale = Scale::new(request.mode, side, None, 2, false);
            let shades = scale.shades(&found);
            for (shade, counts) in shades.iter().zip(&slow) {
                let n: u32 = counts.iter().sum();
                assert_eq!(*shade == Shade::NO_ENTRY, n == 0);
                if n == 1 {
                    let fate = counts.iter().position(|n| *n == 1).expect("one");
                    assert_eq!(shares_of(shade.colour)[fate].to_bits(), 1f64.to_bits());
                }
            }
        }
    }
}

#[test]
fn runs_that_do_not_fit_are_refused() {
    let (small, large) = (graph(80), graph(90));
    let (a, b) = (pruned(&small, 0.9, 0.4), pruned(&large, 0.6, 1.1));
    let atlas = Atlas::new(&small, a.recipe.matrix(), NodeOrder::Original, 3, &ctl()).expect("an atlas");
    let request = RasterRequest {
        step: 0,
        side: Side::Edges,
        mode: RasterMode::Compared,
        viewport: Viewport::whole(80, 80),
        width_px: 20,
        height_px: 20,
        blocks: Blocks::Smallest,
    };
    assert!(raster_of_two(&a, &b, &atlas, &request, &ctl()).is_err());
    let beyond = RasterRequest { step: 9, ..request };
    assert!(raster_of_two(&a, &a, &atlas, &beyond, &ctl()).is_err());
    assert!(raster_of_two(&a, &a, &atlas, &request, &ctl()).is_ok());
}

#[test]
fn the_legend_names_the_four() {
    let scale = Scale::new(RasterMode::Compared, Side::Edges, None, 2, false);
    let ticks = scale.ticks();
    assert_eq!(ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>(), FATES);
    for (fate, tick) in ticks.iter().enumerate() {
        assert_eq!(shares_of(scale.legend(tick.position).colour)[fate].to_bits(), 1f64.to_bits(), "{}", tick.label);
    }
}
