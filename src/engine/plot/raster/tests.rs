//! Rasters count every entry once at every zoom, and say what lies under the pointer.

use std::sync::Arc;

use proptest::prelude::*;

use super::tiles::Fineness;
use super::*;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::{Dataset, PowerLaw, power_law_communities};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::plot::NodeOrder;
use crate::engine::plot::histogram::{ScoreHistogram, SortedScores, scores};
use crate::engine::sparsify::{EdgeMode, Recipe, WeightMode};

fn ctl() -> Control {
    Control::new(2).expect("workers")
}

fn graph() -> Arc<Dataset> {
    let shape = PowerLaw { n_nodes: 90, n_entries: 520, n_features: 12, n_classes: 3, seed: 5 };
    power_law_communities(&shape, &ctl()).expect("a graph").shared()
}

fn pruned(family: Family, delta_a: f64, delta_w: f64) -> Run {
    let dataset = graph();
    let mut architecture = Architecture::new(family);
    architecture.hidden = 16;
    if family == Family::Sgc {
        architecture.hops = 3;
    }
    let model = Arc::new(Model::init(&architecture, 12, 3, 1));
    let mut recipe = Recipe { model: architecture, ..Recipe::default() };
    recipe.edges.delta = vec![delta_a];
    recipe.weights.delta = vec![delta_w];
    run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run")
}

fn atlas(run: &Run, by: NodeOrder) -> Atlas {
    Atlas::new(&run.dataset, run.recipe.matrix(), by, 3, &ctl()).expect("an atlas")
}

fn request(step: usize, side: Side, viewport: Viewport, px: usize) -> RasterRequest {
    RasterRequest {
        step,
        side,
        mode: RasterMode::Strength,
        viewport,
        width_px: px,
        height_px: px,
        blocks: Blocks::Smallest,
    }
}

#[test]
fn totals_are_those_of_the_masks_at_every_zoom_and_in_every_order() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let n = run.dataset.n_nodes();
    for by in NodeOrder::ALL {
        let atlas = atlas(&run, by);
        for (at, step) in run.pruned.steps.iter().enumerate() {
            let edges = step.edges.as_ref().expect("a convolution");
            let weights = step.weights.first().expect("a convolution");
            for px in [7, 40, 90, 500] {
                for mode in RasterMode::ALL {
                    let whole = Viewport::whole(n, n);
                    let asked = RasterRequest { mode, ..request(at, Side::Edges, whole, px) };
                    let picture = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
                    assert!(picture.w <= px && picture.h <= px);
                    let (kept, removed) = picture.totals();
                    assert_eq!(kept as usize, edges.n_after, "{by:?} {at} {px}");
                    assert_eq!(removed as usize, edges.n_entries - edges.n_after);
                    let whole = Viewport::whole(step.d_in, step.d_out);
                    let asked = RasterRequest { mode, ..request(at, Side::WEIGHTS, whole, px) };
                    let picture = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
                    assert_eq!(picture.totals().0 as usize, weights.n_after);
                    assert_eq!(picture.totals().1 as usize, weights.n_weights - weights.n_after);
                }
            }
        }
    }
}

#[test]
fn quarters_add_up_to_the_whole() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Class);
    let n = run.dataset.n_nodes() as f64;
    let half = n / 2.0;
    let mut sum = (0, 0);
    for (x, y) in [(0.0, 0.0), (half, 0.0), (0.0, half), (half, half)] {
        let view = Viewport { x0: x, y0: y, x1: x + half, y1: y + half };
        let picture = raster(&run, &atlas, &request(0, Side::Edges, view, 200), &ctl()).expect("a raster");
        assert!(picture.is_single_entries());
        assert_eq!((picture.cover.x0, picture.cover.x1), (x, x + half));
        let (kept, removed) = picture.totals();
        sum = (sum.0 + kept, sum.1 + removed);
    }
    let edges = run.pruned.steps[0].edges.as_ref().expect("a convolution");
    assert_eq!(sum, (edges.n_after as u64, (edges.n_entries - edges.n_after) as u64));
}

#[test]
fn a_raster_with_a_margin_serves_what_is_near() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Class);
    let whole = Viewport::whole(90, 90);
    for (side, px) in [(90.0, 30), (40.0, 13), (12.5, 100), (89.0, 7)] {
        let view = Viewport { x0: 0.7, y0: 1.0, x1: 0.7 + side, y1: 1.0 + side }.inside(&whole);
        let asked = request(0, Side::Edges, view, px);
        let picture = raster(&run, &atlas, &asked.with_margin(&whole), &ctl()).expect("a raster");
        assert!(asked.is_served_by(&picture), "{side} {px} {:?} {:?}", picture.block, picture.cover);
        let moved = RasterRequest { viewport: view.panned(0.2 * side, -0.2 * side, &whole), ..asked };
        assert!(moved.is_served_by(&picture), "{side} {px}");
        if side < 45.0 {
            let far = RasterRequest { viewport: view.panned(90.0, 90.0, &whole), ..asked };
            assert!(!far.is_served_by(&picture), "{side} {px}");
            let out = RasterRequest { viewport: whole, ..asked };
            assert!(!out.is_served_by(&picture), "{side} {px}");
        }
    }
}

#[test]
fn near_texels_are_the_entries_that_are_described() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    for by in NodeOrder::ALL {
        let atlas = atlas(&run, by);
        let n = run.dataset.n_nodes();
        for side in [Side::Edges, Side::WEIGHTS] {
            let (w, h) = if side == Side::Edges { (n, n) } else { (12, 16) };
            let picture =
                raster(&run, &atlas, &request(0, side, Viewport::whole(w, h), 200), &ctl()).expect("a raster");
            for y in 0..h {
                for x in 0..w {
                    let at = y * picture.w + x;
                    match describe(&run, &atlas, 0, side, x, y) {
                        None => assert!(picture.values[at].is_nan()),
                        Some(facts) => {
                            assert_eq!(picture.values[at].to_bits(), facts.score.to_bits());
                            assert_eq!(
                                (picture.kept[at], picture.removed[at]),
                                (u32::from(facts.is_kept), u32::from(!facts.is_kept))
                            );
                        }
                    }
                }
            }
        }
        assert!(
            describe(&run, &atlas, 0, Side::Edges, n, 0).is_none()
                && describe(&run, &atlas, 0, Side::Edges, 0, n).is_none()
        );
        assert!(describe(&run, &atlas, 99, Side::Edges, 0, 0).is_none());
    }
}

#[test]
fn reasons_say_what_happened() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Original);
    let removed_at = run.pruned.masks.edges.removed_at().expect("progressive");
    let (mut n_loops, mut n_kept, mut n_first, mut n_second) = (0, 0, 0, 0);
    for (k, (u, v)) in run.dataset.topology().entries().enumerate() {
        let facts = describe(&run, &atlas, 1, Side::Edges, v as usize, u as usize).expect("an entry");
        let expected = match (u == v, removed_at[k]) {
            (true, _) => {
                n_loops += 1;
                "self-loop, never removed"
            }
            (false, 0) => {
                n_first += 1;
                "removed in layer 1: message "
            }
            (false, 1) => {
                n_second += 1;
                "removed in layer 2: message "
            }
            _ => {
                n_kept += 1;
                "kept: message "
            }
        };
        assert!(facts.reason.starts_with(expected), "{} for {expected}", facts.reason);
        assert_eq!(facts.is_kept, removed_at[k] > 1);
    }
    assert!(n_loops > 0 && n_kept > 0 && n_first > 0 && n_second > 0, "{n_loops} {n_kept} {n_first} {n_second}");
    let mut n_removed = 0;
    for ((j, i), kept) in run.pruned.masks.weights[0].indexed_iter() {
        let facts = describe(&run, &atlas, 0, Side::WEIGHTS, j, i).expect("a weight");
        assert!(facts.reason.starts_with(if *kept { "kept: |W| " } else { "removed: |W| " }), "{}", facts.reason);
        n_removed += usize::from(!kept);
    }
    assert!(n_removed > 0);
}

/// What the shades of a picture add up to, over all entries: the share of what is kept among the colours, and how far through the
/// steps the rest is.
fn drawn(picture: &Raster, scale: &Scale) -> (f64, f64) {
    let (mut all, mut kept, mut removed, mut steps) = (0.0, 0.0, 0.0, 0.0);
    for (at, shade) in scale.shades(picture).into_iter().enumerate() {
        assert_eq!(picture.kept[at] + picture.removed[at] == 0, shade == Shade::NO_ENTRY);
        let (n_kept, n_removed) = picture.removable(at);
        let n = f64::from(n_kept + n_removed);
        if n == 0.0 {
            continue;
        }
        let share = match scale.ramp {
            Ramp::Steps(_) => f64::from(shade.kept) / 255.0,
            _ => f64::from(shade.colour) / 255.0,
        };
        all += n;
        kept += n * share;
        removed += n * (1.0 - share);
        steps += n * (1.0 - share) * f64::from(shade.colour) / 255.0;
    }
    (kept / all, steps / removed)
}

/// A mean over all entries of a picture, or over the removable ones.
fn mean(picture: &Raster, is_of_all: bool, of: impl Fn(usize) -> f64) -> f64 {
    let n = |at: usize| {
        let (n_kept, n_removed) = picture.removable(at);
        f64::from(if is_of_all { picture.kept[at] + n_removed } else { n_kept + n_removed })
    };
    let used = || (0..picture.values.len()).filter(|at| n(*at) > 0.0 && picture.values[*at].is_finite());
    used().map(|at| n(at) * of(at)).sum::<f64>() / used().map(n).sum::<f64>()
}

#[test]
fn the_share_drawn_is_the_share_printed_in_every_mode_of_both_matrices_at_every_zoom() {
    /// Shades have 256 steps.
    const FINE: f64 = 0.5 / 255.0 + 1e-4;
    for (family, delta_a, delta_w) in
        [(Family::Gcn, 0.8, 1.0), (Family::Gcn, 1.1, 0.3), (Family::Sgc, 0.9, 0.6), (Family::Gat, 0.9, 0.8)]
    {
        let run = pruned(family, delta_a, delta_w);
        let (n, n_steps) = (run.dataset.n_nodes(), run.recipe.model.n_graph_steps());
        let removed_at = run.pruned.masks.edges.removed_at().expect("progressive");
        let is_loop: Vec<bool> = run.dataset.topology().entries().map(|(u, v)| u == v).collect();
        let others: Vec<usize> =
            removed_at.iter().zip(&is_loop).filter(|(_, own)| !**own).map(|(s, _)| usize::from(*s)).collect();
        let share = |is_counted: &dyn Fn(usize) -> bool| {
            others.iter().filter(|s| is_counted(**s)).count() as f64 / others.len() as f64
        };
        let atlas = atlas(&run, NodeOrder::Degree);
        for (at, step) in run.pruned.steps.iter().enumerate() {
            let fineness = Fineness { entries_per_tile: 30, bytes_per_entry: 60.0 };
            let pyramid =
                step.edges.as_ref().map(|_| Pyramid::with_fineness(&run, &atlas, at, fineness, &ctl()).expect("sums"));
            for side in Side::of(step) {
                let (across, down) = side.size(step, n);
                let printed = match side {
                    Side::Edges => step.edges.as_ref().map_or(0.0, |e| 1.0 - e.sparsity()),
                    Side::Weights(nth) => 1.0 - step.weights[nth].sparsity(),
                };
                let draw = |mode: RasterMode, px: usize, blocks: Blocks| {
                    let asked = RasterRequest { mode, blocks, ..request(at, side, Viewport::whole(across, down), px) };
                    let picture = raster_from(&run, &atlas, pyramid.as_ref(), &asked, &ctl()).expect("a raster");
                    let scale = Scale::of_raster(&picture, mode, side, n_steps, family == Family::Sgc);
                    (picture, scale)
                };
                let near = |mode| draw(mode, n, Blocks::Exactly(1, 1)).0;
                for (px, blocks) in [
                    (3, Blocks::Smallest),
                    (20, Blocks::Smallest),
                    (500, Blocks::Smallest),
                    (9, Blocks::Doubling),
                    (30, Blocks::Doubling),
                    (5, Blocks::Exactly(8, 2)),
                    (5, Blocks::Exactly(128, 128)),
                ] {
                    let told = format!("{family:?} {delta_a} step {at} {side:?} {px} {blocks:?}");
                    let (picture, scale) = draw(RasterMode::Kept, px, blocks);
                    assert!(
                        (drawn(&picture, &scale).0 - printed).abs() < FINE,
                        "{told}: {}",
                        drawn(&picture, &scale).0
                    );
                    assert!((mean(&picture, false, |t| f64::from(picture.values[t])) - printed).abs() < 1e-5, "{told}");

                    let (picture, scale) = draw(RasterMode::WhenRemoved, px, blocks);
                    let (kept, progress) = drawn(&picture, &scale);
                    if side == Side::Edges {
                        let never = share(&|s| s == n_steps);
                        assert!((kept - never).abs() < FINE, "{told}: {kept} of {never}");
                        if n_steps == 2 {
                            // What goes in the first step is the share printed under the first picture.
                            let first = (1.0 - kept) * (1.0 - progress);
                            assert!((first - share(&|s| s == 0)).abs() < 2.0 * FINE, "{told}: {first}");
                        }
                        let all: usize = others.iter().sum();
                        let found = mean(&picture, false, |t| f64::from(picture.values[t]));
                        assert!((found - all as f64 / others.len() as f64).abs() < 1e-4, "{told}: {found}");
                    } else {
                        assert!((kept - printed).abs() < FINE, "{told}: {kept} of {printed}");
                    }

                    for mode in RasterMode::ALL {
                        let (picture, entries) = (draw(mode, px, blocks).0, near(mode));
                        let (kept, removed) = picture.totals();
                        let own: u32 = picture.own.iter().sum();
                        let share = 1.0 - removed as f64 / (kept + removed - u64::from(own)) as f64;
                        let is_of_all = matches!(mode, RasterMode::Strength | RasterMode::Margin);
                        assert!((share - printed).abs() < 1e-9, "{told} {mode:?}: {share} of {printed}");
                        let ends = |v: f32| if mode == RasterMode::Margin { v.clamp(-2.0, 2.0) } else { v };
                        // Infinite margins stand at the ends of the scale, and count as such in every block.
                        let held = |p: &Raster, t: usize| f64::from(ends(p.values[t]));
                        if mode == RasterMode::Margin {
                            let sum = |p: &Raster| {
                                let n = |t: usize| f64::from(p.kept[t] + p.removed[t]);
                                (0..p.values.len()).filter(|t| n(*t) > 0.0).map(|t| n(t) * held(p, t)).sum::<f64>()
                            };
                            let (a, b) = (sum(&picture), sum(&entries));
                            assert!((a - b).abs() < 1e-3 * (1.0 + b.abs()), "{told}: {a} for {b}");
                        } else if (0..entries.values.len())
                            .all(|t| entries.kept[t] + entries.removed[t] == 0 || entries.values[t].is_finite())
                        {
                            let (a, b) = (
                                mean(&picture, is_of_all, |t| held(&picture, t)),
                                mean(&entries, is_of_all, |t| held(&entries, t)),
                            );
                            assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{told} {mode:?}: {a} for {b}");
                        }
                    }
                }
                // Near by, exactly what is removed is below its threshold.
                let margins = near(RasterMode::Margin);
                let below = margins.values.iter().filter(|m| **m < 0.0).count();
                assert_eq!(below as u64, margins.totals().1, "{family:?} step {at} {side:?}");
            }
        }
    }
}

#[test]
fn a_block_is_a_mixture_and_not_its_extreme() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Class);
    for (side, size) in [(Side::Edges, (90, 90)), (Side::WEIGHTS, (12, 16))] {
        let asked =
            RasterRequest { mode: RasterMode::WhenRemoved, ..request(0, side, Viewport::whole(size.0, size.1), 3) };
        let picture = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
        let is_mixed = |v: &&f32| **v > 0.0 && v.fract() > 0.0;
        assert!(picture.values.iter().filter(is_mixed).count() > 3, "{side:?}: {:?}", picture.values);
    }
}

#[test]
fn when_removed_shows_the_step_of_every_entry() {
    let run = pruned(Family::Sgc, 0.9, 0.0);
    let atlas = atlas(&run, NodeOrder::Degree);
    let n = run.dataset.n_nodes();
    let asked =
        RasterRequest { mode: RasterMode::WhenRemoved, ..request(0, Side::Edges, Viewport::whole(n, n), 1_000) };
    let picture = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
    let mut seen: Vec<u32> = picture.values.iter().filter(|v| v.is_finite()).map(|v| *v as u32).collect();
    seen.sort_unstable();
    let mut expected: Vec<u32> =
        run.pruned.masks.edges.removed_at().expect("progressive").iter().map(|s| u32::from(*s)).collect();
    expected.sort_unstable();
    assert_eq!(seen, expected);
    assert_eq!(picture.range.map(|r| r.1), Some(3.0));
}

#[test]
fn a_threshold_of_zero_gives_an_infinite_margin_and_no_range() {
    let run = pruned(Family::Gcn, 0.0, 0.0);
    let atlas = atlas(&run, NodeOrder::Class);
    let asked = RasterRequest { mode: RasterMode::Margin, ..request(0, Side::Edges, Viewport::whole(90, 90), 30) };
    let picture = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
    assert_eq!(picture.range, None);
    assert!(picture.values.contains(&f32::INFINITY));
    let missing = raster(&run, &atlas, &request(9, Side::Edges, Viewport::whole(90, 90), 30), &ctl());
    assert_eq!(missing.unwrap_err().to_string(), "heatmap: expected a step with edges, found step 9");
}

#[test]
fn one_thread_or_many_paint_the_same_bits() {
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Community);
    let asked = request(0, Side::WEIGHTS, Viewport::whole(12, 16), 5);
    let one = raster(&run, &atlas, &asked, &Control::new(1).expect("workers")).expect("a raster");
    let many = raster(&run, &atlas, &asked, &Control::new(4).expect("workers")).expect("a raster");
    assert_eq!(one, many);
}

#[test]
fn histograms_agree_with_the_masks_in_every_mode() {
    for (edge_mode, weight_mode, delta) in [
        (EdgeMode::Absolute, WeightMode::Absolute, 0.3),
        (EdgeMode::Relative, WeightMode::Relative, 0.8),
        (EdgeMode::Target, WeightMode::Target, 0.4),
    ] {
        let dataset = graph();
        let model = Arc::new(Model::init(&Architecture { hidden: 16, ..Architecture::default() }, 12, 3, 1));
        let mut recipe = Recipe { model: model.architecture.clone(), ..Recipe::default() };
        recipe.edges.mode = edge_mode;
        recipe.weights.mode = weight_mode;
        recipe.edges.delta = vec![delta];
        recipe.weights.delta = vec![delta];
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
        let atlas = atlas(&run, NodeOrder::Original);
        for step in 0..2 {
            for side in [Side::Edges, Side::WEIGHTS] {
                let histogram = ScoreHistogram::of(&run, atlas.values(), step, side, 40, &ctl()).expect("a histogram");
                let sorted = SortedScores::new(scores(&run, atlas.values(), step, side).expect("scores"));
                assert_eq!(histogram.scores.n, sorted.len());
                let is_clamped = side == Side::WEIGHTS && weight_mode == WeightMode::Relative;
                if !is_clamped {
                    // The weights' test divides where the score multiplies, so a rounding may lie between them.
                    let exact = sorted.removed_by(histogram.threshold);
                    assert!(
                        exact.abs_diff(histogram.n_removed) <= 1,
                        "{edge_mode:?} {side:?} {step}: {exact} {histogram:?}"
                    );
                }
                let is_target = edge_mode == EdgeMode::Target;
                let back = histogram.delta_at(histogram.threshold, is_target).expect("a delta");
                assert!((back - delta).abs() < if is_target { 0.05 } else { 1e-4 }, "{edge_mode:?} {side:?}: {back}");
            }
        }
    }
}

#[test]
fn values_that_are_not_finite_do_not_ruin_a_range() {
    let mut run = pruned(Family::Gcn, 0.5, 0.5);
    let mut norms = run.pruned.steps[0].edges.as_ref().expect("a convolution").source_norms.to_vec();
    norms[0] = f32::NAN;
    norms[1] = f32::INFINITY;
    if let Some(edges) = run.pruned.steps[0].edges.as_mut() {
        edges.source_norms = Arc::new(norms);
    }
    let atlas = atlas(&run, NodeOrder::Class);
    let picture =
        raster(&run, &atlas, &request(0, Side::Edges, Viewport::whole(90, 90), 20), &ctl()).expect("a raster");
    let (low, high) = picture.range.expect("finite values");
    assert!(low.is_finite() && high.is_finite() && low <= high);
    let histogram = ScoreHistogram::of(&run, atlas.values(), 0, Side::Edges, 10, &ctl()).expect("a histogram");
    assert!(histogram.scores.high.is_finite());
}

#[test]
fn attention_is_drawn_head_by_head_and_combined() {
    let run = pruned(Family::Gat, 0.8, 0.0);
    let (atlas, n) = (atlas(&run, NodeOrder::Degree), run.dataset.n_nodes());
    let step = &run.pruned.steps[0];
    assert_eq!(
        (Side::Edges.n_heads(step), Side::Edges.n_heads(&run.pruned.steps[1]), Side::WEIGHTS.n_heads(step)),
        (8, 1, 0)
    );
    let draw = |mode: RasterMode| {
        let asked = RasterRequest { mode, ..request(0, Side::Edges, Viewport::whole(n, n), n) };
        raster(&run, &atlas, &asked, &ctl()).expect("a raster")
    };
    let heads: Vec<Raster> = (0..8).map(|head| draw(RasterMode::Attention(Some(head)))).collect();
    let combined = draw(RasterMode::Attention(None));
    assert!(combined.is_single_entries());
    for (row, texels) in combined.values.chunks(combined.w).enumerate() {
        for (column, value) in texels.iter().enumerate() {
            let at = row * combined.w + column;
            let facts = describe(&run, &atlas, 0, Side::Edges, column, row);
            let Some(facts) = facts.filter(|f| f.is_kept) else {
                assert!(value.is_nan(), "what is removed, or never was, has no attention");
                continue;
            };
            let mean = facts.coefficients.iter().sum::<f32>() / 8.0;
            assert!((value - mean).abs() < 1e-6, "{value} is not {mean}");
            for (head, raster) in heads.iter().enumerate() {
                assert_eq!(raster.values[at].to_bits(), facts.coefficients[head].to_bits());
            }
        }
        // Attention is a share: what a node hears adds up to 1 in every head.
        let sum: f32 = heads[0].values[row * combined.w..][..combined.w].iter().filter(|v| v.is_finite()).sum();
        assert!((sum - 1.0).abs() < 1e-4, "row {row} sums to {sum}");
    }
    let scale = |mode: RasterMode, step: usize| {
        Scale::new(mode, Side::Edges, None, 2, false).named(&run, mode, Side::Edges, step)
    };
    assert_eq!(scale(RasterMode::Attention(Some(2)), 0).title, "attention α, head 3");
    assert_eq!(scale(RasterMode::Attention(None), 0).title, "attention α, combined");
    assert_eq!(scale(RasterMode::Attention(None), 1).title, "attention α");
    assert_eq!(scale(RasterMode::Strength, 0).title, "message norm |α| · ‖P‖");
}

#[test]
fn matrices_of_a_layer_have_names_of_their_own() {
    let names = |family: Family| {
        let run = pruned(family, 0.0, 0.0);
        let step = &run.pruned.steps[0];
        (0..step.weights.len()).map(|nth| step.matrix_name(nth)).collect::<Vec<_>>()
    };
    assert_eq!(names(Family::Gin), ["lins 1", "lins 2"]);
    assert_eq!(names(Family::Gat), ["lin_l", "lin_r"]);
    assert_eq!(names(Family::Gcn).len(), 1);
}

#[test]
fn a_ranking_is_named_where_it_judges() {
    use crate::engine::sparsify::baselines::{EdgeRanking, WeightRanking};
    let base = pruned(Family::Gcn, 0.0, 0.0);
    let mut recipe = base.recipe.clone();
    (recipe.edges.mode, recipe.edges.delta, recipe.edges.ranking) =
        (EdgeMode::Target, vec![0.4], Some(EdgeRanking::Degree));
    (recipe.weights.mode, recipe.weights.delta, recipe.weights.ranking) =
        (WeightMode::Target, vec![0.4], Some(WeightRanking::Random));
    let run = run(&base.dataset, &base.model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
    let (atlas, n) = (atlas(&run, NodeOrder::Original), run.dataset.n_nodes());
    let all = (0..n * n).filter_map(|at| describe(&run, &atlas, 0, Side::Edges, at % n, at / n));
    let reasons: Vec<String> = all.map(|f| f.reason).filter(|r| !r.starts_with("self-loop")).collect();
    assert!(reasons.iter().all(|r| r.contains("importance")), "{reasons:?}");
    let weight = describe(&run, &atlas, 0, Side::WEIGHTS, 0, 0).expect("a weight");
    assert!(weight.reason.ends_with("ranked by random"), "{}", weight.reason);
    let title =
        |side| Scale::new(RasterMode::Strength, side, None, 2, false).named(&run, RasterMode::Strength, side, 0).title;
    assert_eq!(
        (title(Side::Edges), title(Side::WEIGHTS)),
        ("importance, degree".into(), "size of the weight |W|".into())
    );
}

#[test]
fn what_recovery_judged_by_is_named_where_it_is_drawn() {
    use crate::engine::plot::Judged;
    use crate::engine::sparsify::{EntryChoice, NodesAre, RecoveryRule};
    let base = pruned(Family::Gcn, 0.0, 0.0);
    let mut recipe = base.recipe.clone();
    (recipe.edges.mode, recipe.edges.delta) = (EdgeMode::Target, vec![0.4]);
    for (nodes_are, entries, expected) in [
        (NodesAre::Static, EntryChoice::Omp, Judged::Gain),
        (NodesAre::Static, EntryChoice::PerNode, Judged::Rank),
        (NodesAre::Static, EntryChoice::Random, Judged::Drawn),
        (NodesAre::New, EntryChoice::Omp, Judged::Uncertainty),
    ] {
        recipe.recovery = Some(RecoveryRule { nodes_are, entries, ..RecoveryRule::default() });
        let run = run(&base.dataset, &base.model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
        let (mode, side) = (RasterMode::Strength, Side::Edges);
        let title = Scale::new(mode, side, None, 2, false).named(&run, mode, side, 0).title;
        assert_eq!(title, expected.title());
    }
}

/// Small graphs of any kind, in any order, pruned at any threshold, with pyramids of any fineness.
fn pyramid_cases() -> impl Strategy<Value = (PowerLaw, f64, usize, usize, f64)> {
    let shape = (20usize..160, 1usize..8, any::<u64>()).prop_map(|(n_nodes, degree, seed)| PowerLaw {
        n_nodes,
        n_entries: (n_nodes * degree).min(n_nodes * (n_nodes - 1) / 4),
        n_features: 5,
        n_classes: 3,
        seed,
    });
    (shape, prop_oneof![Just(0.0), 0.1..2.0f64], 0..NodeOrder::ALL.len(), 4usize..400, 1.0..200.0f64)
}

/// Of the same size up to rounding; infinities and NaN alike.
fn is_near(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-4 * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_pyramid_shows_what_the_entries_show((shape, delta, by, entries_per_tile, bytes_per_entry) in pyramid_cases(),
                                             corner in (0.0..0.9f64, 0.0..0.9f64), side in 0.05..1.0f64, px in 16usize..90) {
        let dataset = power_law_communities(&shape, &ctl()).expect("a graph").shared();
        let architecture = Architecture { hidden: 6, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&architecture, 5, 3, shape.seed));
        let mut recipe = Recipe { model: architecture, ..Recipe::default() };
        recipe.edges.delta = vec![delta];
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
        let atlas = atlas(&run, NodeOrder::ALL[by]);
        let n = dataset.n_nodes() as f64;
        let whole = Viewport::whole(dataset.n_nodes(), dataset.n_nodes());
        let view = Viewport { x0: corner.0 * n, y0: corner.1 * n, x1: (corner.0 + side) * n, y1: (corner.1 + side) * n };
        let fineness = Fineness { entries_per_tile, bytes_per_entry };
        for step in 0..2 {
            let pyramid = Pyramid::with_fineness(&run, &atlas, step, fineness, &ctl()).expect("a pyramid");
            for mode in RasterMode::ALL {
                for blocks in [Blocks::Doubling, Blocks::Exactly(1, 1), Blocks::Exactly(2, 8), Blocks::Exactly(256, 16)] {
                    let asked = RasterRequest {
                        mode, blocks, height_px: px / 2 + 8, ..request(step, Side::Edges, view.inside(&whole), px)
                    };
                    let direct = raster(&run, &atlas, &asked, &ctl()).expect("a raster");
                    let quick = raster_from(&run, &atlas, Some(&pyramid), &asked, &ctl()).expect("a raster");
                    prop_assert_eq!((&direct.kept, &direct.removed), (&quick.kept, &quick.removed));
                    prop_assert_eq!((direct.cover, direct.block, direct.w, direct.h), (quick.cover, quick.block, quick.w, quick.h));
                    for (a, b) in direct.values.iter().zip(&quick.values) {
                        prop_assert!(is_near(*a, *b), "{mode:?} {blocks:?}: {a} is not {b}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_pyramid_is_no_larger_than_its_mask_and_leaves_few_entries_to_be_read() {
    for (n_nodes, n_entries, seed) in [(512, 30_000, 1), (4_096, 200_000, 2), (16_384, 150_000, 3)] {
        let shape = PowerLaw { n_nodes, n_entries, n_features: 4, n_classes: 3, seed };
        let dataset = power_law_communities(&shape, &ctl()).expect("a graph").shared();
        let architecture = Architecture { hidden: 4, ..Architecture::new(Family::Gcn) };
        let model = Arc::new(Model::init(&architecture, 4, 3, 1));
        let recipe = Recipe { model: architecture, ..Recipe::default() };
        let run = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl()).expect("a run");
        for by in [NodeOrder::Degree, NodeOrder::Original] {
            let atlas = atlas(&run, by);
            let pyramid = Pyramid::new(&run, &atlas, 0, &ctl()).expect("a pyramid");
            let mask = run.pruned.masks.edges.removed_at().expect("progressive");
            let most = Pyramid::BYTES_PER_ENTRY * std::mem::size_of_val(mask) as f64;
            assert!(pyramid.size_bytes() as f64 <= most, "{} bytes of {most}", pyramid.size_bytes());
            for block in (0..12).map(|log| 1usize << log) {
                let (mut n_blocks, mut n_read) = (0, 0);
                for part in pyramid.parts(0..n_nodes, 0..n_nodes, block) {
                    for columns in &part.unknown {
                        n_blocks += (part.rows.len() * columns.len()).div_ceil(block * block);
                        n_read += part.rows.clone().map(|p| atlas.row(p, columns).count()).sum::<usize>();
                    }
                }
                assert!(n_read <= n_blocks * Pyramid::ENTRIES_PER_TEXEL, "{by:?} {block}: {n_read} for {n_blocks}");
            }
        }
    }
}

#[test]
fn one_thread_or_many_build_the_same_pyramid_and_a_cancel_stops_it() {
    let run = pruned(Family::Sgc, 0.9, 0.0);
    let atlas = atlas(&run, NodeOrder::Degree);
    let fineness = Fineness { entries_per_tile: 8, bytes_per_entry: 40.0 };
    let n = run.dataset.n_nodes();
    let draw = |n_threads: usize| {
        let ctl = Control::new(n_threads).expect("workers");
        let pyramid = Pyramid::with_fineness(&run, &atlas, 1, fineness, &ctl).expect("a pyramid");
        let asked =
            RasterRequest { blocks: Blocks::Exactly(8, 8), ..request(1, Side::Edges, Viewport::whole(n, n), 50) };
        raster_from(&run, &atlas, Some(&pyramid), &asked, &ctl).expect("a raster")
    };
    let (one, many) = (draw(1), draw(4));
    let bits = |r: &Raster| r.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!((bits(&one), &one.kept, &one.removed), (bits(&many), &many.kept, &many.removed));
    let stopped = ctl();
    stopped.canceller().cancel();
    assert_eq!(Pyramid::new(&run, &atlas, 1, &stopped).unwrap_err(), crate::engine::EngineError::Cancelled);
    let missing = Pyramid::new(&run, &atlas, 9, &ctl()).unwrap_err();
    assert_eq!(missing.to_string(), "heatmap: expected a step with edges, found step 9");
}

#[test]
fn doubling_blocks_serve_what_is_near() {
    let whole = Viewport::whole(1000, 1000);
    let run = pruned(Family::Gcn, 0.8, 1.0);
    let atlas = atlas(&run, NodeOrder::Class);
    for (side, px) in [(90.0, 16), (60.0, 16), (44.4, 20), (20.5, 100), (89.0, 33)] {
        let view = Viewport { x0: 0.3, y0: 0.7, x1: 0.3 + side, y1: 0.7 + side }.inside(&Viewport::whole(90, 90));
        let asked = RasterRequest { blocks: Blocks::Doubling, ..request(0, Side::Edges, view, px) };
        let wide = asked.with_margin(&Viewport::whole(90, 90));
        let picture = raster(&run, &atlas, &wide, &ctl()).expect("a raster");
        assert!(asked.is_served_by(&picture), "{side} {px} {:?} {:?}", picture.block, picture.cover);
        let texels_per_px = side / px as f64 / picture.block.0 as f64;
        assert!(picture.block.0 == 1 || (0.7..1.42).contains(&texels_per_px), "{texels_per_px}");
        let near = RasterRequest { viewport: view.zoomed(10.0, 10.0, 4.0, &whole), ..asked };
        assert_eq!(near.is_served_by(&picture), picture.block.0 == 1, "{side} {px}");
    }
}
