//! The pictures that are written where there is no window: every layer's heatmaps, and the trade-off.

use super::progress::Terminal;
use crate::engine::experiment::{EvaluatedOn, Run, SweepPoint};
use crate::engine::graph::Metric;
use crate::engine::plot::{
    Atlas, Axis, Blocks, Curve, CurveStyle, Curves, MethodsFigure, NodeOrder, RasterMode, RasterRequest, Scale, Side,
    Viewport, raster, sensitivity_curves, stress_curves,
};
use crate::engine::sparsify::StepTrace;
use crate::io::figure::HeatmapFigure;
use crate::io::results::{Comparison, StressResults, SweepResults};

/// A file's name and its bytes.
pub(super) type Picture = (String, Vec<u8>);

/// Most texels along a side.
const TEXELS: usize = 900;
/// What is drawn of every matrix: what stays, and how strong it is.
const MODES: [(RasterMode, &str); 2] = [(RasterMode::Kept, "kept"), (RasterMode::Strength, "strength")];

/// PNGs of both matrices of every step of `run`.
pub(super) fn heatmaps(run: &Run, terminal: &Terminal) -> anyhow::Result<Vec<Picture>> {
    let ctl = terminal.ctl();
    let quiet = ctl.quiet();
    let atlas = Atlas::new(&run.dataset, run.recipe.matrix(), NodeOrder::Class, run.recipe.seed, &quiet)?;
    let n_steps = run.recipe.model.n_graph_steps();
    let n = run.dataset.n_nodes();
    let mut pictures = Vec::new();
    for (at, step) in run.pruned.steps.iter().enumerate() {
        ctl.progress("drawing", at, run.pruned.steps.len());
        for side in Side::of(step) {
            let (columns, rows) = side.size(step, n);
            for (mode, mode_name) in modes(run, side, step) {
                let request = RasterRequest {
                    step: at,
                    side,
                    mode,
                    viewport: Viewport::whole(columns, rows),
                    width_px: TEXELS,
                    height_px: TEXELS,
                    blocks: Blocks::Smallest,
                };
                let texels = raster(run, &atlas, &request, &quiet)?;
                let scale = Scale::of_raster(&texels, mode, side, n_steps, run.model.architecture.is_decoupled())
                    .named(run, mode, side, at);
                let (x_name, y_name, groups) = match side {
                    Side::Edges => ("source node, by class", "target node, by class", atlas.ordering().groups()),
                    Side::Weights(_) => ("input feature", "output feature", &[][..]),
                };
                let figure = HeatmapFigure {
                    raster: &texels,
                    scale: &scale,
                    title: &format!("{}: {}, {}", step.title(), side.key().replace('_', " "), mode.title()),
                    subtitle: &format!("{} on {}, {}", run.model.title(), run.dataset.name(), thresholds(run)),
                    x_name,
                    y_name,
                    groups,
                };
                let step_name = step.title().to_lowercase().replace(' ', "_");
                pictures.push((format!("{step_name}_{}_{mode_name}.png", side.key()), figure.png()?));
            }
        }
    }
    Ok(pictures)
}

/// What is drawn of one matrix: of attention also the coefficients, of all heads together and of each; of a recovered one what became of
/// its values.
fn modes(run: &Run, side: Side, step: &StepTrace) -> Vec<(RasterMode, String)> {
    let always = MODES.iter().map(|(mode, name)| (*mode, (*name).to_owned()));
    let n_heads = side.n_heads(step);
    let together = (n_heads > 0).then(|| (RasterMode::Attention(None), "attention".to_owned()));
    let each = (0..if n_heads > 1 { n_heads } else { 0 })
        .map(|head| (RasterMode::Attention(Some(head)), format!("attention_head_{}", head + 1)));
    let is_changed = run.recipe.recovery.is_some() && n_heads == 0;
    let changed = is_changed.then(|| (RasterMode::Changed, "changed".to_owned()));
    always.chain(together).chain(each).chain(changed).collect()
}

fn thresholds(run: &Run) -> String {
    let list = |deltas: &[f64]| deltas.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
    format!("δa {}, δw {}", list(&run.recipe.edges.delta), list(&run.recipe.weights.delta))
}

/// PNGs and SVGs of a sweep: accuracy, operations and time against what was removed.
pub(super) fn trade_off(results: &SweepResults) -> anyhow::Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    let mut all = vec![("accuracy", accuracy(results)), ("operations", operations(results)), ("time", time(results))];
    if let Some(found) = &results.comparison {
        all.push(("comparison_edges", comparison(results, found, true)));
        all.push(("comparison_weights", comparison(results, found, false)));
    }
    if !results.sensitivity.is_empty() {
        all.push(("sensitivity_edges", layers(results, true)));
        all.push(("sensitivity_weights", layers(results, false)));
    }
    for (name, curves) in all {
        if curves.series.iter().any(|c| c.points.iter().any(|p| p[0].is_finite() && p[1].is_finite())) {
            pictures.push((format!("{name}.png"), curves.png()?));
            pictures.push((format!("{name}.svg"), curves.svg().into_bytes()));
        }
    }
    Ok(pictures)
}

/// PNGs and SVGs of stress: accuracy of both models against the level of every kind.
pub(super) fn stress(results: &StressResults) -> anyhow::Result<Vec<Picture>> {
    let mut pictures = Vec::new();
    for kind in &results.plan.kinds {
        let subtitle = format!("{} on {}, {}", results.model, results.graph, results.masks.says());
        let curves = stress_curves(&results.summary, *kind, results.metric, subtitle);
        pictures.push((format!("{}.png", kind.key()), curves.png()?));
        pictures.push((format!("{}.svg", kind.key()), curves.svg().into_bytes()));
    }
    Ok(pictures)
}

/// Test accuracy of every method against what it really removed, the mean over seeds; one picture per side.
fn comparison(results: &SweepResults, found: &Comparison, is_of_edges: bool) -> Curves {
    let baseline =
        found.points.iter().map(|p| p.result.baseline_test_accuracy).sum::<f64>() / found.points.len() as f64;
    let models = if found.plan.has_model_per_seed { "a model per seed" } else { "one model" };
    let n_seeds = found.plan.seeds.len();
    let figure = MethodsFigure {
        summary: &found.summary,
        is_of_edges,
        on: EvaluatedOn::Test,
        baseline: Some(baseline).filter(|d| d.is_finite()),
        has_recovery: found.plan.has_recovery,
        subtitle: format!("{} on {}, mean and range of {n_seeds} seeds, {models}", results.model, results.graph),
    };
    figure.curves()
}

/// Test accuracy with one layer pruned at a time; one picture per side.
fn layers(results: &SweepResults, is_of_edges: bool) -> Curves {
    let step_name = if is_of_edges && results.recipe.model.is_decoupled() { "Hop" } else { "Layer" };
    let subtitle = format!("{} on {}, all others whole", results.model, results.graph);
    sensitivity_curves(&results.sensitivity, is_of_edges, EvaluatedOn::Test, step_name, subtitle)
}

fn subtitle(results: &SweepResults) -> String {
    format!("{} on {}, {} recipes", results.model, results.graph, results.points.len())
}

/// One line for every δw, over rising δa.
fn by_delta_w(results: &SweepResults, value: fn(&SweepPoint) -> [f64; 2]) -> Vec<Curve> {
    let n_a = results.grid.delta_a.len().max(1);
    let line = |(at, points): (usize, &[SweepPoint])| Curve {
        name: format!("δw {}", points.first().map_or(f64::NAN, |p| p.delta_w)),
        points: points.iter().map(value).collect(),
        colour: at,
        ..Curve::default()
    };
    results.points.chunks(n_a).enumerate().map(line).collect()
}

/// A dashed line across, where the unpruned model stands.
fn unpruned(curves: &[Curve], y: f64) -> Curve {
    let (low, high) = (curves.iter().flat_map(|c| &c.points))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p[0]), high.max(p[0])));
    let points = vec![[low, y], [high, y]];
    Curve { name: "unpruned".to_owned(), points, style: CurveStyle::Dashed, ..Curve::default() }
}

/// What the scores are.
fn metric(results: &SweepResults) -> Metric {
    results.points.first().map(|p| p.metric).unwrap_or_default()
}

fn accuracy(results: &SweepResults) -> Curves {
    let mut series = by_delta_w(results, |p| [100.0 * p.edge_sparsity, 100.0 * p.test_accuracy]);
    if let Some(first) = results.points.first() {
        series.push(unpruned(&series, 100.0 * first.baseline_test_accuracy));
    }
    Curves {
        title: format!("{} on test nodes against entries removed", metric(results).heading()),
        subtitle: subtitle(results),
        x: Axis::new("graph entries removed, %"),
        y: Axis::new(format!("test {}, %", metric(results).title())),
        series,
        marks: Vec::new(),
    }
}

fn operations(results: &SweepResults) -> Curves {
    let point = |p: &SweepPoint| [p.macs_pruned as f64 / 1e6, 100.0 * p.val_accuracy];
    let front = results.pareto.iter().filter_map(|idx| results.points.get(*idx)).map(point);
    Curves {
        title: format!("{} on validation nodes against operations", metric(results).heading()),
        subtitle: subtitle(results),
        x: Axis::new(format!("million MACs (rule {})", results.macs_rule)),
        y: Axis::new(format!("validation {}, %", metric(results).title())),
        series: vec![
            Curve {
                name: "every recipe".to_owned(),
                points: results.points.iter().map(point).collect(),
                style: CurveStyle::PalePoints,
                ..Curve::default()
            },
            Curve { name: "no other beats it".to_owned(), points: front.collect(), colour: 1, ..Curve::default() },
        ],
        marks: Vec::new(),
    }
}

fn time(results: &SweepResults) -> Curves {
    let mut series = by_delta_w(results, |p| [100.0 * p.edge_sparsity, 1e3 * p.pruned_secs]);
    let bar =
        |p: &SweepPoint| p.pruned_secs_interval().map_or([f64::NAN; 2], |interval| interval.map(|secs| 1e3 * secs));
    for (curve, points) in series.iter_mut().zip(results.points.chunks(results.grid.delta_a.len().max(1))) {
        curve.spread = points.iter().map(bar).collect();
    }
    if let Some(first) = results.points.first() {
        series.push(unpruned(&series, 1e3 * first.baseline_secs));
    }
    Curves {
        title: "Measured time of one forward pass against entries removed".to_owned(),
        subtitle: format!(
            "{}, {} threads, median with its 95 % interval",
            subtitle(results),
            results.n_threads.unwrap_or(0)
        ),
        x: Axis::new("graph entries removed, %"),
        y: Axis::new("time, ms"),
        series,
        marks: Vec::new(),
    }
}
