//! The heatmap of two runs counts what a walk over all entries counts, at every zoom.

use std::sync::Arc;

use super::compared::Masks;
use super::tiles::Fineness;
use super::*;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::plot::NodeOrder;
use crate::engine::sparsify::{EdgeMask, Recipe};

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
            let found = raster_of_two(&a, &b, &atlas, None, &request, &ctl()).expect("a raster");
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
    assert!(raster_of_two(&a, &b, &atlas, None, &request, &ctl()).is_err());
    let beyond = RasterRequest { step: 9, ..request };
    assert!(raster_of_two(&a, &a, &atlas, None, &beyond, &ctl()).is_err());
    assert!(raster_of_two(&a, &a, &atlas, None, &request, &ctl()).is_ok());
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

/// A mask of one step that removes entries by lot, self-loops aside; a fixed seed.
fn by_lot(dataset: &Dataset, seed: u64) -> EdgeMask {
    let mut state = seed;
    let removed_at = dataset.topology().entries().map(|(u, v)| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u8::from(u == v || state >> 63 == 0)
    });
    EdgeMask::try_new(removed_at.collect(), 1, dataset.topology()).expect("a mask")
}

#[test]
fn a_pyramid_of_two_masks_counts_what_the_entries_count_at_every_zoom() {
    for (n_nodes, n_entries, seed) in [(90, 520, 1), (700, 6_000, 2), (1_300, 2_000, 3)] {
        let shape = PowerLaw { n_nodes, n_entries, n_features: 4, n_classes: 3, seed };
        let dataset = power_law_communities(&shape, &ctl()).expect("a graph").shared();
        let (first, second) = (by_lot(&dataset, 11), by_lot(&dataset, 12));
        for (by, counts_self_loops) in [(NodeOrder::Degree, false), (NodeOrder::Original, true)] {
            let matrix = Recipe::default().matrix();
            let atlas = Atlas::new(&dataset, matrix, by, 3, &ctl()).expect("an atlas");
            let masks = Masks { first: &first, second: &second, idx: 0, counts_self_loops };
            for (entries_per_tile, bytes_per_entry) in [(8, 4.0), (60, 40.0), (1024, 1.0), (200, 200.0)] {
                let fineness = Fineness { entries_per_tile, bytes_per_entry };
                let pyramid = masks.pyramid(&atlas, fineness, &ctl()).expect("a pyramid");
                let whole = Viewport::whole(n_nodes, n_nodes);
                let places = [(0.0, 0.0), (0.31, 0.77), (0.9, 0.2), (1.0, 1.0)];
                for (zoom, (x, y)) in (0..8).flat_map(|zoom| places.map(|place| (zoom, place))) {
                    let side = n_nodes as f64;
                    let view = whole.zoomed(x * side, y * side, 2f64.powi(zoom), &whole);
                    for blocks in [Blocks::Doubling, Blocks::Exactly(2, 16), Blocks::Smallest] {
                        let request = RasterRequest {
                            step: 0,
                            side: Side::Edges,
                            mode: RasterMode::Compared,
                            viewport: view,
                            width_px: 64,
                            height_px: 40,
                            blocks,
                        };
                        let direct = masks.raster(&atlas, None, &request, &ctl()).expect("a raster");
                        let quick = masks.raster(&atlas, Some(&pyramid), &request, &ctl()).expect("a raster");
                        assert_eq!(direct.compared, quick.compared, "{by:?} {zoom} {blocks:?}");
                        assert_eq!(Raster { values: vec![], ..direct }, Raster { values: vec![], ..quick });
                    }
                }
            }
        }
    }
}

#[test]
fn a_pyramid_of_two_runs_has_the_order_and_the_step_of_its_runs() {
    let dataset = graph(90);
    let (a, b) = (pruned(&dataset, 0.9, 0.4), pruned(&dataset, 0.6, 1.1));
    let atlas = Atlas::new(&dataset, a.recipe.matrix(), NodeOrder::Class, 3, &ctl()).expect("an atlas");
    for step in 0..2 {
        let pyramid = ComparedPyramid::new(&a, &b, &atlas, step, &ctl()).expect("a pyramid");
        assert!(pyramid.size_bytes() > 0);
        let request = RasterRequest {
            step,
            side: Side::Edges,
            mode: RasterMode::Compared,
            viewport: Viewport::whole(90, 90),
            width_px: 3,
            height_px: 3,
            blocks: Blocks::Doubling,
        };
        let draw = |pyramid| raster_of_two(&a, &b, &atlas, pyramid, &request, &ctl()).expect("a raster");
        assert_eq!(draw(None).compared, draw(Some(&pyramid)).compared);
    }
    assert!(ComparedPyramid::new(&a, &b, &atlas, 9, &ctl()).is_err());
    let stopped = ctl();
    stopped.canceller().cancel();
    assert!(ComparedPyramid::new(&a, &b, &atlas, 0, &stopped).is_err());
}
