//! What the view says: tooltips, states, and the lines of numbers.

use crate::engine::cost::Advice;
use crate::engine::experiment::{Estimate, RemovedCount, Run};
use crate::engine::model::StepKind;
use crate::engine::plot::{Atlas, EntryFacts, EntryPlace, Judged, NodeOrder, RasterMode, Side};
use crate::engine::sparsify::{EdgeTrace, Recipe, StepTrace, WeightTrace};
use crate::io::escaped;
use crate::session::jobs::Lane;
use crate::session::words::Words;
use crate::session::{Session, format};

/// The key of a mode: its name, with what it shows as a hint.
fn mode_key(mode: RasterMode) -> &'static str {
    match mode {
        RasterMode::Strength => "layers-strength",
        RasterMode::Kept => "layers-kept",
        RasterMode::Margin => "layers-margin",
        RasterMode::Attention(_) => "layers-attention",
        RasterMode::Changed => "layers-changed",
        RasterMode::Compared => "layers-compared",
        RasterMode::WhenRemoved => "layers-when-removed",
    }
}

pub(super) fn mode_title(words: &Words, mode: RasterMode) -> String {
    words.text(mode_key(mode))
}

pub(super) fn mode_says(words: &Words, mode: RasterMode) -> String {
    words.hint(mode_key(mode))
}

/// The key of an order: its name, with what it does as a hint.
fn order_key(order: NodeOrder) -> &'static str {
    match order {
        NodeOrder::Class => "layers-by-class",
        NodeOrder::Degree => "layers-by-degree",
        NodeOrder::Community => "layers-by-community",
        NodeOrder::Original => "layers-as-stored",
    }
}

pub(in crate::ui) fn order_title(words: &Words, order: NodeOrder) -> String {
    words.text(order_key(order))
}

pub(super) fn order_says(words: &Words, order: NodeOrder) -> String {
    words.hint(order_key(order))
}

/// What an estimate is made from.
pub(crate) const ESTIMATE_SAYS: &str = "layers-estimate";

/// Which kind of numbers is shown: a word, an explanation, whether it should be noticed.
pub(crate) fn state(session: &Session, run: &Run) -> (String, String, bool) {
    let words = session.words();
    let (key, is_stale) = state_key(session, run);
    (words.text(key), if key == "layers-estimated" { words.text(ESTIMATE_SAYS) } else { words.hint(key) }, is_stale)
}

fn state_key(session: &Session, run: &Run) -> (&'static str, bool) {
    let store = session.store();
    if !store.is_current(run) {
        if store.estimated().is_some() {
            return ("layers-estimated", false);
        }
        if store.preview_fault.is_some() {
            return ("layers-stale-fault", true);
        }
        if session.is_busy(&Lane::Preview) {
            return ("layers-updating", false);
        }
        return ("layers-stale", true);
    }
    if run.timing.is_some() { ("layers-complete", false) } else { ("layers-preview", false) }
}

/// The heading of a heatmap, for example `Layer 1 edges`.
pub(super) fn title(words: &Words, step: &StepTrace, side: Side) -> String {
    let of = ("step", step_title(words, step).into());
    match side {
        Side::Edges => words.with("layers-title-edges", &[of]),
        Side::Weights(nth) if step.weights.len() > 1 => {
            words.with("layers-title-matrix", &[of, ("matrix", step.matrix_name(nth).into())])
        }
        Side::Weights(_) => words.with("layers-title-weights", &[of]),
    }
}

/// A step as people call it, for example `Layer 1`.
pub(in crate::ui) fn step_title(words: &Words, step: &StepTrace) -> String {
    let n = [("n", (step.idx + 1).into())];
    match step.kind {
        StepKind::Hop => words.with("layers-hop", &n),
        StepKind::Convolution | StepKind::Linear => words.with("layers-layer", &n),
    }
}

/// The accessible name of a heatmap, for example `Edges of layer 1`.
pub(super) fn name(words: &Words, step: &StepTrace, side: Side) -> String {
    let key = if side == Side::Edges { "layers-name-edges" } else { "layers-name-weights" };
    words.with(key, &[("step", step_title(words, step).to_lowercase().into())])
}

/// What belongs to the step rather than to one of its matrices, divided between the two.
fn whole_step(words: &Words, run: &Run, at: usize, step: &StepTrace, side: Side) -> Vec<Line> {
    if side == Side::Edges || step.edges.is_none() {
        let norm = words.with("layers-norm", &[("norm", number(step.output_norm).into())]);
        let mut all = vec![(norm, words.text("layers-norm-says"))];
        if let Some(error) = step.relative_error {
            let text = words.with("layers-error", &[("error", format::percent(error).into())]);
            all.push((text, words.text("layers-error-says")));
        }
        if side == Side::Edges {
            return all;
        }
        all.extend(time(words, run, at));
        return all;
    }
    time(words, run, at).into_iter().collect()
}

fn time(words: &Words, run: &Run, at: usize) -> Option<Line> {
    let timing = run.timing.as_ref()?;
    let (baseline, pruned) = (timing.baseline_step_secs.get(at)?, timing.pruned_step_secs.get(at)?);
    let text = format!("{} → {}", format::seconds(*baseline), format::seconds(*pruned));
    Some((text, words.text("layers-time-says")))
}

/// A number with its words, and what it means.
pub(super) type Line = (String, String);

/// Below the histogram: lines of numbers, each with what it means.
///
/// With an estimate every line is about the recipe as it stands, or says that its number is still to come: numbers of two recipes never
/// stand side by side.
pub(super) fn numbers(words: &Words, run: &Run, estimate: Option<&Estimate>, at: usize, side: Side) -> Vec<Vec<Line>> {
    let Some(step) = run.pruned.steps.get(at) else { return Vec::new() };
    let mut lines = match side {
        Side::Edges => step.edges.as_ref().map(|edges| edge_numbers(words, &run.recipe, step, edges)),
        Side::Weights(nth) => step.weights.get(nth).map(|weights| weight_numbers(words, &run.recipe, weights)),
    }
    .unwrap_or_default();
    let estimated = estimate.and_then(|e| e.steps.get(at)).and_then(|e| match side {
        Side::Edges => e.edges,
        Side::Weights(nth) => e.weights.get(nth).copied(),
    });
    if let (Some(about), Some(estimate)) = (estimated, estimate) {
        return estimated_numbers(words, about, &estimate.recipe, step, side);
    }
    let mut last = whole_step(words, run, at, step, side);
    if let Side::Weights(nth) = side {
        last.extend(run.advice(at, nth).map(|advice| (advice_text(words, advice), words.text("layers-advice-says"))));
    }
    lines.push(last);
    lines
}

/// What is known of a recipe before it is computed.
fn estimated_numbers(
    words: &Words,
    about: RemovedCount,
    recipe: &Recipe,
    step: &StepTrace,
    side: Side,
) -> Vec<Vec<Line>> {
    let (share, kept) = removed(words, about.sparsity(), about.n_kept(), about.n_entries);
    let asked = match side {
        Side::Edges => format!("δa {}", format::delta(recipe.delta_a(step.idx))),
        Side::Weights(_) => format!("δw {}", format::delta(recipe.delta_w(step.idx))),
    };
    vec![
        vec![
            (words.with("layers-about", &[("share", share.into())]), words.text(ESTIMATE_SAYS)),
            (kept, words.text(ESTIMATE_SAYS)),
        ],
        vec![(asked, words.text("layers-asked-says")), (format!("MACs {}", format::NONE), words.text(TO_COME))],
        vec![(words.with("layers-rest", &[("none", format::NONE.into())]), words.text(TO_COME))],
    ]
}

/// Where a number is that no estimate has.
const TO_COME: &str = "layers-to-come";

/// From where on skipping weights is faster; the removed share itself stands above.
fn advice_text(words: &Words, advice: Advice) -> String {
    if advice.faster_from >= 1.0 {
        words.text("layers-no-skip")
    } else if advice.pays() {
        words.with(
            "layers-faster-now",
            &[
                ("share", format!("{:.0}", 100.0 * advice.faster_from.max(0.0)).into()),
                ("factor", format!("{:.1}", advice.speedup).into()),
            ],
        )
    } else {
        words.with("layers-faster", &[("share", format!("{:.0}", 100.0 * advice.faster_from).into())])
    }
}

fn removed(words: &Words, share: f64, kept: usize, all: usize) -> (String, String) {
    (
        words.with("layers-removed", &[("share", format::percent(share).into())]),
        words.with("layers-kept-of", &[("kept", kept.into()), ("all", all.into())]),
    )
}

fn edge_numbers(words: &Words, recipe: &Recipe, step: &StepTrace, edges: &EdgeTrace) -> Vec<Vec<Line>> {
    let (share, kept) = removed(words, edges.sparsity(), edges.n_kept(), edges.n_removable());
    let own = edges.n_entries - edges.n_removable();
    let judged = Judged::of(recipe, edges);
    let threshold = judged.threshold(edges);
    let used = if threshold.is_nan() {
        format!("δa {}", format::delta(edges.requested))
    } else if judged == Judged::Gain {
        words.with(
            "layers-gain",
            &[("asked", format::delta(edges.requested).into()), ("gain", format::delta(threshold).into())],
        )
    } else {
        format!("δa {} → {}", format::delta(edges.requested), format::delta(threshold))
    };
    let used_says = match (judged, recipe.recovery.is_some()) {
        (Judged::Gain, _) => "layers-used-gain",
        (_, true) => "layers-used-recovered",
        (_, false) => "layers-used",
    };
    let beside = (own > 0).then(|| (words.with("layers-loops", &[("n", own.into())]), words.text("layers-loops-says")));
    vec![
        vec![(share, words.text("layers-edge-share-says")), (kept, words.text("layers-edge-kept-says"))]
            .into_iter()
            .chain(beside)
            .collect(),
        vec![
            (used, words.text(used_says)),
            (macs(step.macs.edges_baseline, step.macs.edges_pruned), words.text("layers-edge-macs-says")),
        ],
    ]
}

fn weight_numbers(words: &Words, recipe: &Recipe, weights: &WeightTrace) -> Vec<Vec<Line>> {
    let (share, kept) = removed(words, weights.sparsity(), weights.n_after, weights.n_weights);
    let asked_says = if recipe.recovery.is_some() { "layers-weight-asked-recovered" } else { "layers-weight-asked" };
    vec![
        vec![(share, words.text("layers-weight-share-says")), (kept, words.text("layers-weight-kept-says"))],
        vec![
            (format!("δw {}", format::delta(weights.requested)), words.text(asked_says)),
            (macs(weights.macs_baseline, weights.macs_pruned), words.text("layers-weight-macs-says")),
        ],
    ]
}

fn macs(baseline: u64, pruned: u64) -> String {
    format!("{} → {} MACs", format::short_count(baseline), format::short_count(pruned))
}

/// Three digits that count.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        v if !value.is_finite() || v == 0.0 => format!("{value}"),
        v if (0.001..10.0).contains(&v) => format!("{value:.3}"),
        v if (10.0..1000.0).contains(&v) => format!("{value:.1}"),
        v if (1000.0..1e6).contains(&v) => format::count(value.round() as u64),
        _ => format!("{value:.2e}"),
    }
}

/// A node with its classes.
fn node(words: &Words, run: &Run, u: usize) -> String {
    let id = escaped(&run.dataset.node_id(u)).into_owned();
    let Some(labels) = run.dataset.labels() else { return id };
    let name = |class: usize| {
        labels.names.get(class).map_or_else(
            || words.with("layers-class", &[("class", class.to_string().into())]),
            |name| escaped(name).into_owned(),
        )
    };
    let names: Vec<String> = labels.all_of(u).into_iter().map(name).collect();
    if names.is_empty() { id } else { format!("{id} ({})", names.join(", ")) }
}

/// The tooltip of a place of the diffusion matrix where nothing is stored.
pub(super) fn no_entry(
    words: &Words,
    run: &Run,
    atlas: &Atlas,
    column: usize,
    row: usize,
) -> Option<(String, Vec<String>)> {
    let order = atlas.ordering().order();
    let (target, source) = (*order.get(row)? as usize, *order.get(column)? as usize);
    let nodes = [("target", node(words, run, target).into()), ("source", node(words, run, source).into())];
    Some((words.text("layers-no-entry"), vec![words.with("layers-hears-not", &nodes)]))
}

/// The mean coefficient and each head's; `None` without attention.
fn attention(words: &Words, coefficients: &[f32]) -> Option<String> {
    let n = coefficients.len();
    let mean = coefficients.iter().map(|a| f64::from(*a)).sum::<f64>() / n.max(1) as f64;
    match n {
        0 => None,
        _ if mean == 0.0 => Some(words.text("layers-attention-none")),
        1 => Some(words.with("layers-attention-mean", &[("mean", number(mean).into())])),
        _ => {
            let heads: Vec<String> = coefficients.iter().map(|a| format!("{a:.2}")).collect();
            let all = [("mean", number(mean).into()), ("heads", heads.join(" ").into())];
            Some(words.with("layers-attention-heads", &all))
        }
    }
}

/// A value, and what recovery made of it.
fn now(name: &str, value: f32, recovered: Option<f32>) -> String {
    let value = number(f64::from(value));
    match recovered.map(|recovered| number(f64::from(recovered))) {
        Some(recovered) => format!("{name} {value} → {recovered}"),
        None => format!("{name} = {value}"),
    }
}

/// The tooltip of one entry: a heading and lines.
pub(super) fn entry(words: &Words, run: &Run, facts: &EntryFacts) -> (String, Vec<String>) {
    let node = |u: usize| node(words, run, u);
    match facts.place {
        EntryPlace::Edge { target, source } => {
            let nodes = [("target", node(target).into()), ("source", node(source).into())];
            let title = words.with("layers-hears", &nodes);
            let value = format!("T[{target},{source}]");
            let mut lines = vec![
                attention(words, &facts.coefficients).unwrap_or_else(|| now(&value, facts.value, facts.recovered)),
            ];
            // Of recovery the reason has the numbers.
            if facts.threshold.is_finite() && run.recipe.recovery.is_none() {
                let judged = run
                    .recipe
                    .edges
                    .ranking
                    .map_or_else(|| words.text("layers-message-norm"), |r| r.title().to_lowercase());
                lines.push(format!("{judged} {}", number(f64::from(facts.score))));
            }
            lines.push(facts.reason.clone());
            (title, lines)
        }
        EntryPlace::Weight { input, output } => {
            let mut lines = vec![now(&format!("W[{input},{output}]"), facts.value, facts.recovered)];
            if run.recipe.recovery.is_none() {
                lines.push(words.with("layers-score", &[("score", number(f64::from(facts.score)).into())]));
            }
            lines.push(facts.reason.clone());
            let place = [("input", input.to_string().into()), ("output", output.to_string().into())];
            (words.with("layers-weight-place", &place), lines)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::control::Control;
    use crate::engine::experiment::{RunOptions, ScoreSketch, run};
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::Model;
    use crate::session::words::Language;

    #[test]
    fn beside_an_estimate_no_number_of_the_older_recipe_stands() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 90, n_entries: 520, n_features: 12, n_classes: 3, seed: 5 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        let mut recipe = Recipe::default();
        recipe.model.hidden = 16;
        (recipe.edges.delta, recipe.weights.delta) = (vec![0.5], vec![0.5]);
        let model = Arc::new(Model::init(&recipe.model, 12, 3, 1));
        let old = run(&dataset, &model, &recipe, RunOptions::FULL, None, &ctl).expect("a run");
        let old = Arc::new(old);
        let mut newer = old.recipe.clone();
        (newer.edges.delta, newer.weights.delta) = (vec![0.9], vec![0.9]);
        let estimate = ScoreSketch::new(&old, &newer, &ctl).expect("a sketch").estimate(&newer);
        for side in [Side::Edges, Side::WEIGHTS] {
            let text = |estimate| {
                let lines = numbers(Words::of(Language::English), &old, estimate, 0, side);
                lines.into_iter().flatten().map(|(text, _)| text).collect::<Vec<_>>()
            };
            let (before, during) = (text(None), text(Some(&estimate)));
            assert!(before.iter().any(|t| t.contains(" 0.50")), "{before:?}");
            assert!(during.iter().any(|t| t.contains(" 0.90")) && during[0].ends_with("(about)"), "{during:?}");
            let both: Vec<&String> = before.iter().filter(|t| during.contains(t)).collect();
            assert!(both.is_empty() && !during.iter().any(|t| t.contains('→')), "{both:?} of the older: {during:?}");
        }
    }
}
