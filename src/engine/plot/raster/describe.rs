//! What one entry is, and why it was kept or removed, in human-readable words.

use super::{Raster, Side};
use std::ops::Range;

use super::atlas::Atlas;
use crate::engine::experiment::Run;
use crate::engine::plot::judged::{Judged, has_no_weight_threshold, rank_and_message};
use crate::engine::sparsify::{EdgeMask, EdgeTrace, RecoveryRule};

/// Which entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryPlace {
    /// Of the diffusion matrix.
    Edge {
        /// The node that hears.
        target: usize,
        /// The node that is heard.
        source: usize,
    },
    /// Of a weight matrix.
    Weight {
        /// Input feature `j`.
        input: usize,
        /// Output feature `i`.
        output: usize,
    },
}

/// Everything about one entry in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryFacts {
    /// Which entry.
    pub place: EntryPlace,
    /// `T[u,v]` or `W[j,i]`, unpruned.
    pub value: f32,
    /// What it is now, where recovery gave what is kept values of their own; of several heads the mean.
    pub recovered: Option<f32>,
    /// `|T[u,v]| · ‖P̂[v]‖` or `|W[j,i]| · ‖P̂[:,j]‖`; in mass mode the share of feature columns pushed over the entry.
    pub score: f32,
    /// What the score was compared with; NaN where there is no one threshold: in mass mode, which compares each feature column by itself,
    /// of ranks, and of weights that recovery chose.
    pub threshold: f32,
    /// Whether this step uses it.
    pub is_kept: bool,
    /// Why, for example `removed in layer 1: message 0.0123 < δ 0.0210`.
    pub reason: String,
    /// The attention coefficient of every head as it was used, 0 where the entry is removed; empty without attention.
    pub coefficients: Vec<f32>,
}

/// The entry at a place of a heatmap: `column` across, `row` down. `None` where no entry is stored, or outside.
///
/// # Complexity
/// O(log degree).
pub fn describe(run: &Run, atlas: &Atlas, step: usize, side: Side, column: usize, row: usize) -> Option<EntryFacts> {
    match side {
        Side::Edges => edge(run, atlas, step, column, row),
        Side::Weights(nth) => describe_weight(run, step, nth, (column, row)),
    }
}

/// The entry that a place of a picture stands for, as `(column, row)`: where a texel stands for several, the first one.
pub fn entry_under(atlas: &Atlas, raster: &Raster, (column, row): (usize, usize)) -> (usize, usize) {
    let block = raster.texel_at(column, row).filter(|_| !raster.is_single_entries());
    block.and_then(|texel| first_entry(atlas, texel.columns, texel.rows)).unwrap_or((column, row))
}

/// The place of the first entry stored in a block, as `(column, row)`: what stands behind a texel of few entries.
///
/// # Complexity
/// O(rows of the block · log degree).
pub fn first_entry(atlas: &Atlas, columns: Range<usize>, rows: Range<usize>) -> Option<(usize, usize)> {
    let n = atlas.ordering().len();
    (rows.start..rows.end.min(n)).find_map(|row| atlas.row(row, &columns).next().map(|(column, _)| (column, row)))
}

fn edge(run: &Run, atlas: &Atlas, step: usize, column: usize, row: usize) -> Option<EntryFacts> {
    let trace = run.pruned.steps.get(step)?;
    let edges = trace.edges.as_ref()?;
    let k = atlas.find(row, column)?;
    let removed_at = run.pruned.masks.edges.removing_step(k, trace.idx);
    let order = atlas.ordering().order();
    let (target, source) = (order[row] as usize, order[column] as usize);
    let value = atlas.value(k);
    let is_kept = removed_at.is_none();
    let unit = if run.model.architecture.is_decoupled() { "hop" } else { "layer" };
    let place = EntryPlace::Edge { target, source };
    let coefficients = edges.coefficients.as_ref().map_or_else(Vec::new, |c| c.row(k).to_vec());
    if let Some(share) = &edges.pushed_share {
        let score = *share.get(k)?;
        let reason = format!("{:.1} % of the feature columns were pushed over it", 100.0 * score);
        let recovered = None;
        return Some(EntryFacts { place, value, recovered, score, threshold: f32::NAN, is_kept, reason, coefficients });
    }
    if run.recipe.recovery.is_some() {
        return Some(recovered_edge(run, edges, (k, trace.idx), place, value, coefficients));
    }
    let score_in = |edges: &EdgeTrace| edges.score(k, source, value);
    let score = score_in(edges);
    let threshold = edges.delta as f32;
    let judged = if run.recipe.edges.ranking.is_some() { "importance" } else { "message" };
    let reason = if target == source {
        "self-loop, never removed".to_owned()
    } else if let Some(reason) = by_hand(run, target, source) {
        reason
    } else if is_kept && score < threshold {
        format!("kept, its target is locked: {judged} {} < δ {}", number(score), number(threshold))
    } else if is_kept {
        format!("kept: {judged} {} ≥ δ {}", number(score), number(threshold))
    } else {
        let removed_at = removed_at.unwrap_or(trace.idx);
        let removing = run.pruned.steps.iter().filter(|s| s.idx == removed_at).find_map(|s| s.edges.as_ref());
        let (score, delta) = removing.map_or((f32::NAN, f32::NAN), |e| (score_in(e), e.delta as f32));
        format!("removed in {unit} {}: {judged} {} < δ {}", removed_at + 1, number(score), number(delta))
    };
    Some(EntryFacts { place, value, recovered: None, score, threshold, is_kept, reason, coefficients })
}

/// The same where recovery chose the entries.
fn recovered_edge(
    run: &Run,
    edges: &EdgeTrace,
    (k, idx): (usize, usize),
    place: EntryPlace,
    value: f32,
    coefficients: Vec<f32>,
) -> EntryFacts {
    let EntryPlace::Edge { target, source } = place else { unreachable!("an entry of the graph") };
    let mask = &run.pruned.masks.edges;
    let judged = Judged::of(&run.recipe, edges);
    let (score, threshold, is_kept) =
        (judged.score(edges, k, source, value), judged.threshold(edges) as f32, mask.is_kept(k, idx));
    let is_progressive = run.recipe.recovery.as_ref().is_some_and(RecoveryRule::is_progressive);
    let removed_before = Some(mask.first_without(k)).filter(|at| is_progressive && *at < idx);
    let unit = if run.model.architecture.is_decoupled() { "hop" } else { "layer" };
    let reason = if target == source {
        "self-loop, never removed".to_owned()
    } else if let Some(reason) = by_hand(run, target, source) {
        reason
    } else if let Some(at) = removed_before {
        format!("removed in {unit} {}", at + 1)
    } else {
        let word = if is_kept { "kept".to_owned() } else { format!("removed in {unit} {}", idx + 1) };
        let cut = edges.delta as f32;
        match judged {
            Judged::Nothing if is_kept => format!("kept: this {unit} keeps every entry"),
            Judged::Nothing => format!("{word}: this {unit} keeps self-loops alone"),
            Judged::Rank => match (rank_and_message(edges.score(k, source, value)), rank_and_message(cut)) {
                (Some((rank, message)), Some((last, least))) => format!(
                    "{word}: message {} is number {} of its row; the cut is within number {}, at message {}",
                    number(message),
                    rank + 1,
                    last + 1,
                    number(least)
                ),
                _ => word,
            },
            Judged::Uncertainty => {
                format!("{word}: worth {}, by how unsure its target and how sure its source is", number(score))
            }
            Judged::Gain if is_kept && score == 0.0 => {
                format!("{word}: it adds nothing to its row, but there was room")
            }
            Judged::Gain if score == 0.0 => format!("{word}: it adds nothing to its row beyond what is kept"),
            _ => {
                let (noun, score_text, cut_text) = (judged.noun(), number(score), number(cut));
                if is_kept {
                    format!("{word}: {noun} {score_text} ≥ cut {cut_text}")
                } else if score < cut {
                    format!("{word}: {noun} {score_text} < cut {cut_text}")
                } else {
                    format!("{word}: {noun} {score_text}, behind what locked nodes and the least per node keep")
                }
            }
        }
    };
    let recovered = value_now(mask, k, idx);
    EntryFacts { place, value, recovered, score, threshold, is_kept, reason, coefficients }
}

/// What the recipe says of an entry by hand.
fn by_hand(run: &Run, target: usize, source: usize) -> Option<String> {
    let pins = &run.recipe.edges.pins;
    if pins.is_empty() {
        return None;
    }
    let is_kept = *pins.of_target(&run.dataset.node_id(target)).get(run.dataset.node_id(source).as_str())?;
    Some(format!("{} by hand, in every step", if is_kept { "kept" } else { "removed" }))
}

/// The value of entry `k` in step `idx`, of several heads the mean; `None` where it was removed or has none of its own.
fn value_now(mask: &EdgeMask, k: usize, idx: usize) -> Option<f32> {
    let values = mask.values_of(idx).filter(|_| mask.is_kept(k, idx))?;
    values.row((0..k).filter(|before| mask.is_kept(*before, idx)).count()).mean()
}

/// A weight of matrix `nth` of a step, as its input and its output. `None` outside.
pub fn describe_weight(run: &Run, step: usize, nth: usize, (input, output): (usize, usize)) -> Option<EntryFacts> {
    let trace = run.pruned.steps.get(step)?;
    let weights = trace.weights.get(nth)?;
    let value = *run.model.weight(weights.idx)?.values.get((input, output))?;
    let is_kept = *run.pruned.masks.weights.get(weights.idx)?.get((input, output))?;
    let feature = weights.feature(input, output);
    let norm = *weights.column_norms.get(feature)?;
    let threshold = *weights.thresholds.get(feature)?;
    let score = value.abs() * norm;
    let recovered = run.pruned.model.weight(weights.idx).and_then(|w| w.values.get((input, output))).copied();
    let recovered = recovered.filter(|_| is_kept && run.recipe.recovery.is_some());
    let by_obs = run.recipe.recovery.as_ref().is_some_and(RecoveryRule::chooses_weights);
    let has_threshold = !has_no_weight_threshold(run);
    let reason = if by_obs && is_kept {
        "kept, fitted".to_owned()
    } else if by_obs {
        "removed: the others make up for it best (Optimal Brain Surgeon)".to_owned()
    } else if let Some(ranking) = run.recipe.weights.ranking {
        format!("{}: ranked by {}", if is_kept { "kept" } else { "removed" }, ranking.title().to_lowercase())
    } else if !has_threshold {
        format!("{}: by the recipe's rule for weights", if is_kept { "kept" } else { "removed" })
    } else if norm == 0.0 && !is_kept {
        "removed: its input is silent, so any threshold above 0 removes it".to_owned()
    } else {
        let (word, sign) = if is_kept { ("kept", "≥") } else { ("removed", "<") };
        format!("{word}: |W| {} {sign} threshold {}", number(value.abs()), number(threshold))
    };
    // Compared on the scale of the weight; told on the scale of the score, where all inputs share one axis.
    let threshold = if norm == 0.0 || !has_threshold { f32::NAN } else { threshold * norm };
    let place = EntryPlace::Weight { input, output };
    Some(EntryFacts { place, value, recovered, score, threshold, is_kept, reason, coefficients: Vec::new() })
}

/// Three digits that count, whatever the size.
fn number(value: f32) -> String {
    let size = value.abs();
    if value == 0.0 || !value.is_finite() {
        format!("{value}")
    } else if (1e-3..1e4).contains(&size) {
        let decimals = (3 - size.log10().floor() as i32).clamp(0, 6) as usize;
        format!("{value:.decimals$}")
    } else {
        format!("{value:.2e}")
    }
}
