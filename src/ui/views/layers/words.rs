//! What the view says: tooltips, states, and the lines of numbers.

use crate::engine::cost::Advice;
use crate::engine::experiment::{Estimate, RemovedCount, Run};
use crate::engine::plot::{Atlas, EntryFacts, EntryPlace, Judged, NodeOrder, RasterMode, Side};
use crate::engine::sparsify::{EdgeTrace, Recipe, StepTrace, WeightTrace};
use crate::io::escaped;
use crate::session::jobs::Lane;
use crate::session::{Session, format};

pub(super) fn mode_says(mode: RasterMode) -> &'static str {
    match mode {
        RasterMode::Strength => "How much each entry carries: the norm of its message, or of a weight times its input",
        RasterMode::Kept => "Blue entries are kept, grey ones are removed in this layer. A block mixes both",
        RasterMode::Margin => "How far each entry is above or below its threshold, as a factor",
        RasterMode::Attention(_) => {
            "The attention that every entry had, of all heads together or of one; what was removed has none"
        }
        RasterMode::Changed => {
            "What recovery made of the values that are kept, as a factor of what they were: grey stays as it was; removed entries are left \
             blank, values that changed their sign stand at the low end"
        }
        RasterMode::Compared => {
            "Which entries the first run alone keeps, which the second alone, both, or neither. A block mixes the four"
        }
        RasterMode::WhenRemoved => {
            "The layer or hop in which each entry goes: what is removed stays removed. A block mixes the colours of its entries"
        }
    }
}

pub(super) fn order_says(order: NodeOrder) -> &'static str {
    match order {
        NodeOrder::Class => "Nodes of one class side by side, the best connected first",
        NodeOrder::Degree => "The best connected nodes first",
        NodeOrder::Community => "Nodes that are densely connected side by side, found by label propagation",
        NodeOrder::Original => "In the order of the file",
    }
}

/// What an estimate is made from.
pub(crate) const ESTIMATE_SAYS: &str = "From the scores of the last result, kept as quantiles: right to within 0.1 % for the first layer, \
                             while later layers also depend on what the ones before remove. The exact answer follows when \
                             the slider rests";

/// Which kind of numbers is shown: a word, an explanation, whether it should be noticed.
pub(crate) fn state(session: &Session, run: &Run) -> (&'static str, &'static str, bool) {
    let store = session.store();
    if !store.is_current(run) {
        if store.estimated().is_some() {
            return ("estimated", ESTIMATE_SAYS, false);
        }
        if store.preview_fault.is_some() {
            return ("stale", "The recipe moved on and could not be computed: this is the last result", true);
        }
        if session.is_busy(&Lane::Preview) {
            return ("updating", "The recipe moved on: its preview is being computed", false);
        }
        return ("stale", "The recipe moved on: this is the last result", true);
    }
    if run.timing.is_some() {
        ("complete", "Computed completely, with measured times and the error after every step", false)
    } else {
        ("preview", "Masks and accuracy are exact; prune (Ctrl+Enter) to measure times and errors", false)
    }
}

/// The heading of a heatmap, for example `Layer 1 edges`.
pub(super) fn title(step: &StepTrace, side: Side) -> String {
    match side {
        Side::Weights(nth) if step.weights.len() > 1 => {
            format!("{} {} {}", step.title(), side.title(), step.matrix_name(nth))
        }
        _ => format!("{} {}", step.title(), side.title()),
    }
}

/// The accessible name of a heatmap, for example `Edges of layer 1`.
pub(super) fn name(step: &StepTrace, side: Side) -> String {
    let side = if side == Side::Edges { "Edges" } else { "Weights" };
    format!("{side} of {}", step.title().to_lowercase())
}

/// What belongs to the step rather than to one of its matrices, divided between the two.
fn whole_step(run: &Run, at: usize, step: &StepTrace, side: Side) -> Vec<(String, &'static str)> {
    if side == Side::Edges || step.edges.is_none() {
        let mut all = vec![(format!("norm {}", number(step.output_norm)), "Frobenius norm of this step's output")];
        if let Some(error) = step.relative_error {
            all.push((
                format!("error {}", format::percent(error)),
                "Distance of this step's output from the unpruned one, relative to the latter",
            ));
        }
        if side == Side::Edges {
            return all;
        }
        all.extend(time(run, at));
        return all;
    }
    time(run, at).into_iter().collect()
}

fn time(run: &Run, at: usize) -> Option<(String, &'static str)> {
    let timing = run.timing.as_ref()?;
    let (baseline, pruned) = (timing.baseline_step_secs.get(at)?, timing.pruned_step_secs.get(at)?);
    let text = format!("{} → {}", format::seconds(*baseline), format::seconds(*pruned));
    Some((text, "Measured time of this step, unpruned and pruned"))
}

/// Below the histogram: lines of numbers, each with what it means.
///
/// With an estimate every line is about the recipe as it stands, or says that its number is still to come: numbers of two recipes never
/// stand side by side.
pub(super) fn numbers(
    run: &Run,
    estimate: Option<&Estimate>,
    at: usize,
    side: Side,
) -> Vec<Vec<(String, &'static str)>> {
    let Some(step) = run.pruned.steps.get(at) else { return Vec::new() };
    let mut lines = match side {
        Side::Edges => step.edges.as_ref().map(|edges| edge_numbers(&run.recipe, step, edges)),
        Side::Weights(nth) => step.weights.get(nth).map(|weights| weight_numbers(&run.recipe, weights)),
    }
    .unwrap_or_default();
    let estimated = estimate.and_then(|e| e.steps.get(at)).and_then(|e| match side {
        Side::Edges => e.edges,
        Side::Weights(nth) => e.weights.get(nth).copied(),
    });
    if let (Some(about), Some(estimate)) = (estimated, estimate) {
        return estimated_numbers(about, &estimate.recipe, step, side);
    }
    let mut last = whole_step(run, at, step, side);
    if let Side::Weights(nth) = side {
        last.extend(run.advice(at, nth).map(|advice| (advice_text(advice), ADVICE_SAYS)));
    }
    lines.push(last);
    lines
}

/// What is known of a recipe before it is computed.
fn estimated_numbers(
    about: RemovedCount,
    recipe: &Recipe,
    step: &StepTrace,
    side: Side,
) -> Vec<Vec<(String, &'static str)>> {
    let (share, kept) = removed(about.sparsity(), about.n_kept(), about.n_entries);
    let asked = match side {
        Side::Edges => format!("δa {}", format::delta(recipe.delta_a(step.idx))),
        Side::Weights(_) => format!("δw {}", format::delta(recipe.delta_w(step.idx))),
    };
    vec![
        vec![(format!("{share} (about)"), ESTIMATE_SAYS), (kept, ESTIMATE_SAYS)],
        vec![(asked, "The threshold as the recipe gives it"), (format!("MACs {}", format::NONE), TO_COME)],
        vec![(format!("norm, error and time {}", format::NONE), TO_COME)],
    ]
}

/// Where a number is that no estimate has.
const TO_COME: &str = "Follows with the exact result, when the slider rests";

/// What the words about skipping weights mean.
const ADVICE_SAYS: &str = "Removed share from which skipping weights saves time on a processor of this kind, and how many times faster \
                           the product then is than with all weights";

/// From where on skipping weights is faster; the removed share itself stands above.
fn advice_text(advice: Advice) -> String {
    if advice.faster_from >= 1.0 {
        "skipping does not pay here".to_owned()
    } else if advice.pays() {
        format!("faster from {:.0} %: {:.1}×", 100.0 * advice.faster_from.max(0.0), advice.speedup)
    } else {
        format!("faster from {:.0} %", 100.0 * advice.faster_from)
    }
}

fn removed(share: f64, kept: usize, all: usize) -> (String, String) {
    (
        format!("removed {}", format::percent(share)),
        format!("kept {} of {}", format::count(kept as u64), format::count(all as u64)),
    )
}

fn edge_numbers(recipe: &Recipe, step: &StepTrace, edges: &EdgeTrace) -> Vec<Vec<(String, &'static str)>> {
    let (share, kept) = removed(edges.sparsity(), edges.n_kept(), edges.n_removable());
    let own = edges.n_entries - edges.n_removable();
    let judged = Judged::of(recipe, edges);
    let threshold = judged.threshold(edges);
    let used = if threshold.is_nan() {
        format!("δa {}", format::delta(edges.requested))
    } else if judged == Judged::Gain {
        format!("δa {} → gain {}", format::delta(edges.requested), format::delta(threshold))
    } else {
        format!("δa {} → {}", format::delta(edges.requested), format::delta(threshold))
    };
    let used_says = match (judged, recipe.recovery.is_some()) {
        (Judged::Gain, _) => {
            "The threshold as the recipe gives it, which says how many entries go, and the least that a kept one adds to its row"
        }
        (_, true) => "The threshold as the recipe gives it, which says how many entries go; recovery chooses which",
        (_, false) => "The threshold as the recipe gives it, and the message norm it comes to in this step",
    };
    let beside = (own > 0).then(|| {
        let says = "Self-loops are never removed, and stand beside the share";
        (format!("+ {} self-loops", format::count(own as u64)), says)
    });
    vec![
        vec![
            (share, "Share of the entries that can be removed which this step does not propagate over"),
            (kept, "Of the entries that can be removed"),
        ]
        .into_iter()
        .chain(beside)
        .collect(),
        vec![
            (used, used_says),
            (
                macs(step.macs.edges_baseline, step.macs.edges_pruned),
                "Multiply-accumulate operations of propagating, unpruned and pruned, by the rule kept entries × width",
            ),
        ],
    ]
}

fn weight_numbers(recipe: &Recipe, weights: &WeightTrace) -> Vec<Vec<(String, &'static str)>> {
    let (share, kept) = removed(weights.sparsity(), weights.n_after, weights.n_weights);
    let asked_says = if recipe.recovery.is_some() {
        "The threshold as the recipe gives it, which says how many weights go from all matrices together; recovery chooses which"
    } else {
        "The threshold as the recipe gives it; each input feature has its own, by its norm"
    };
    vec![
        vec![
            (share, "Share of the weights of this matrix that are set to zero"),
            (kept, "Weights that stay; biases are never removed"),
        ],
        vec![
            (format!("δw {}", format::delta(weights.requested)), asked_says),
            (
                macs(weights.macs_baseline, weights.macs_pruned),
                "Multiply-accumulate operations of transforming, unpruned and pruned, by the rule kept weights × rows",
            ),
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
fn node(run: &Run, u: usize) -> String {
    let id = escaped(&run.dataset.node_id(u)).into_owned();
    let Some(labels) = run.dataset.labels() else { return id };
    let name = |class: usize| {
        labels.names.get(class).map_or_else(|| format!("class {class}"), |name| escaped(name).into_owned())
    };
    let names: Vec<String> = labels.all_of(u).into_iter().map(name).collect();
    if names.is_empty() { id } else { format!("{id} ({})", names.join(", ")) }
}

/// The tooltip of a place of the diffusion matrix where nothing is stored.
pub(super) fn no_entry(run: &Run, atlas: &Atlas, column: usize, row: usize) -> Option<(String, Vec<String>)> {
    let order = atlas.ordering().order();
    let (target, source) = (*order.get(row)? as usize, *order.get(column)? as usize);
    Some(("no entry".to_owned(), vec![format!("node {} does not hear node {}", node(run, target), node(run, source))]))
}

/// The mean coefficient and each head's; `None` without attention.
fn attention(coefficients: &[f32]) -> Option<String> {
    let n = coefficients.len();
    let mean = coefficients.iter().map(|a| f64::from(*a)).sum::<f64>() / n.max(1) as f64;
    match n {
        0 => None,
        _ if mean == 0.0 => Some("attention: none left".to_owned()),
        1 => Some(format!("attention {}", number(mean))),
        _ => {
            let heads: Vec<String> = coefficients.iter().map(|a| format!("{a:.2}")).collect();
            Some(format!("attention {} (heads {})", number(mean), heads.join(" ")))
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
pub(super) fn entry(run: &Run, facts: &EntryFacts) -> (String, Vec<String>) {
    let node = |u: usize| node(run, u);
    match facts.place {
        EntryPlace::Edge { target, source } => {
            let title = format!("node {} hears node {}", node(target), node(source));
            let value = format!("T[{target},{source}]");
            let mut lines =
                vec![attention(&facts.coefficients).unwrap_or_else(|| now(&value, facts.value, facts.recovered))];
            // Of recovery the reason has the numbers.
            if facts.threshold.is_finite() && run.recipe.recovery.is_none() {
                let judged =
                    run.recipe.edges.ranking.map_or_else(|| "message norm".to_owned(), |r| r.title().to_lowercase());
                lines.push(format!("{judged} {}", number(f64::from(facts.score))));
            }
            lines.push(facts.reason.clone());
            (title, lines)
        }
        EntryPlace::Weight { input, output } => {
            let mut lines = vec![now(&format!("W[{input},{output}]"), facts.value, facts.recovered)];
            if run.recipe.recovery.is_none() {
                lines.push(format!("score |W| · ‖P‖ = {}", number(f64::from(facts.score))));
            }
            lines.push(facts.reason.clone());
            (format!("input {input} to output {output}"), lines)
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
                let lines = numbers(&old, estimate, 0, side);
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
