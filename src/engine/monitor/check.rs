//! The check itself.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::confidence::confidences;
use super::drift::Drift;
use super::level::{Finding, Level, Measure, p_of_fall, upper_tail};
use super::listen::{Heard, Messages, listen};
use super::reference::{Reference, Sketches, n_alike};
use crate::engine::carry::{Carried, Counts, carry};
use crate::engine::certify::Paired;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::PairedLoss;
use crate::engine::graph::{Dataset, Labels, Metric};
use crate::engine::model::Model;
use crate::engine::score::{Score, predictions};
use crate::engine::sparsify::{EdgeMode, Masks, MonitorRule, Recipe};

/// A pruned model, what is known of the graph that it was made on, and a later one.
#[derive(Debug, Clone, Copy)]
pub struct CheckInputs<'a> {
    /// The graph that it was pruned on.
    pub reference: &'a Reference,
    /// The later graph.
    pub now: &'a Dataset,
    /// The recipe that it was pruned by.
    pub recipe: &'a Recipe,
    /// The pruned model: removed weights are 0.
    pub model: &'a Model,
    /// What was removed of the first graph.
    pub masks: &'a Masks,
    /// The unpruned model; without it nobody knows what it would say of the later graph.
    pub baseline: Option<&'a Model>,
    /// The thresholds that the recipe asked for in every step, in the unit of its mode.
    pub deltas: &'a [f64],
    /// Of every node of the later graph whether it arrived since somebody looked last; without, all that are new.
    pub arrived: Option<&'a [bool]>,
}

/// Whose pass over all entries drift is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeardOf {
    /// The pruned weights.
    #[default]
    PrunedWeights,
    /// The unpruned model.
    UnprunedModel,
}

/// Messages and decisions of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepCheck {
    /// Layer or hop, from 0.
    pub step: usize,
    /// The norms of all messages but a node's own, over all entries, before and now: by counts in a fixed grid, in which norms less than 1/256
    /// apart may count as the same.
    pub messages: Drift,
    /// The norms of what nodes send, over all entries: held-out nodes before, nodes that arrived now. Unlike a message's, it does not fall as
    /// degrees grow.
    pub sent: Drift,
    /// Of the entries that are kept or would be: the share that is kept and would be (Jaccard), over entries of both graphs; `None` where
    /// norms did not decide, or nothing is kept.
    pub overlap: Option<f64>,
}

/// How often two models say the same.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Held-out nodes of the first graph.
    pub n_before: usize,
    /// Their share with the same answer, `0..=1`.
    pub before: f64,
    /// Nodes that arrived.
    pub n_now: usize,
    /// Their share.
    pub now: f64,
    /// The probability of a fall as large by chance.
    pub p_value: f64,
}

/// Accuracy that confidence lets expect (average thresholded confidence).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimated {
    /// Labelled validation nodes of the first graph.
    pub n_before: usize,
    /// Their accuracy, `0..=1`.
    pub before: f64,
    /// Nodes that arrived.
    pub n_now: usize,
    /// Their estimate.
    pub now: f64,
    /// The probability of a fall as large by chance.
    pub p_value: f64,
}

/// What the labels of nodes that arrived say.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LabelledCheck {
    /// The pruned model.
    pub pruned: Score,
    /// On validation and test nodes of the first graph.
    pub before: Score,
    /// The probability of a fall as large by chance.
    pub p_value: f64,
    /// What is lost against the unpruned model; without it nobody knows.
    pub loss: Option<PairedLoss>,
    /// The probability of a loss as small where the true one is the limit ([`Paired::p_value`]); one class per node.
    pub certified_p: Option<f64>,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// The worst of the findings.
    pub level: Level,
    /// What is beyond its limit.
    pub findings: Vec<Finding>,
    /// Nodes.
    pub nodes: Counts,
    /// Entries but self-loops.
    pub entries: Counts,
    /// Nodes of both graphs with other features.
    pub n_changed_features: usize,
    /// Nodes that the answers are about: those that arrived since somebody looked last.
    pub n_arrived: usize,
    /// Every layer or hop.
    pub steps: Vec<StepCheck>,
    /// Whose messages and confidence these are.
    #[serde(default)]
    pub heard_of: HeardOf,
    /// How sure the model is over all entries: held-out nodes before, nodes that arrived now.
    pub confidence: Drift,
    /// `None` without the unpruned model.
    pub agreement: Option<Agreement>,
    /// `None` without labels before, or with several classes per node.
    pub estimated: Option<Estimated>,
    /// `None` where no node that arrived has a label.
    pub labelled: Option<LabelledCheck>,
}

/// Holds a pruned model against a later graph, by the limits of its recipe.
///
/// Two forward passes on that graph: the pruned model over what is kept, and over all entries the unpruned one or, without it, the pruned
/// weights.
///
/// # Errors
/// [`EngineError::Recipe`] with mass thresholds, whose embedding belongs to its graph; [`EngineError::Mismatch`] where the graphs do not go
/// together, or where the reference knows nothing of the unpruned model; as a forward pass.
pub fn check(inputs: CheckInputs<'_>, ctl: &Control) -> Result<Check, EngineError> {
    const STAGES: usize = 3;
    let CheckInputs { reference, now, recipe, model, masks, baseline, .. } = inputs;
    check_mode(recipe)?;
    // The second pass works in the memory of the first.
    let quiet = ctl.quiet().recycling();
    ctl.progress("matching the graphs", 0, STAGES);
    let carried = carry(&reference.snapshot, now, &quiet)?;
    let arrived = arrived(&inputs, &carried)?;
    ctl.progress("running on the later graph", 1, STAGES);
    // Over all entries, so that an entry counts the same whether it was decided of or is new.
    let heard_all = listen(now, baseline.unwrap_or(model), recipe, None, &quiet)?;
    let heard_now = {
        let mask = carried.mask(&masks.edges, now, recipe, &quiet)?;
        listen(now, model, recipe, Some(&mask), &quiet)?
    };
    ctl.progress("comparing", 2, STAGES);
    let (sketches, heard_of) = if baseline.is_some() {
        let missing = || EngineError::mismatch("reference", "one that knows the unpruned model", "none of it");
        (reference.unpruned.as_ref().ok_or_else(missing)?, HeardOf::UnprunedModel)
    } else {
        (&reference.pruned, HeardOf::PrunedWeights)
    };
    if sketches.messages.len() != heard_all.norms.len() {
        return Err(EngineError::mismatch(
            "reference",
            format!("{} steps", heard_all.norms.len()),
            sketches.sent.len(),
        ));
    }
    let messages = Messages::of(now, recipe);
    let mut steps = Vec::with_capacity(heard_now.norms.len());
    for step in 0..heard_now.norms.len() {
        ctl.check()?;
        steps.push(StepCheck {
            step,
            messages: Drift::of_histograms(
                &sketches.messages[step],
                &messages.histogram(&heard_all.norms[step], &quiet)?,
            ),
            sent: sent(sketches, &heard_all, step, &arrived),
            overlap: overlap(&inputs, (&carried, &messages), step, &heard_now.norms[step], &quiet)?,
        });
    }
    let sides = Sides { inputs, arrived: &arrived, now: &heard_now.logits };
    let baseline_now = baseline.map(|_| &heard_all.logits);
    let mut found = Check {
        level: Level::Fine,
        findings: Vec::new(),
        nodes: carried.nodes,
        entries: carried.entries,
        n_changed_features: carried.n_changed_features,
        n_arrived: arrived.len(),
        steps,
        heard_of,
        confidence: sides.confidence(sketches, &heard_all.logits),
        agreement: baseline_now.and_then(|baseline| sides.agreement(baseline)),
        estimated: sides.estimated(),
        labelled: sides.labelled(baseline_now),
    };
    found.findings = findings(&found, recipe.monitor.unwrap_or_default());
    found.level = found.findings.iter().map(|finding| finding.level).max().unwrap_or_default();
    Ok(found)
}

/// Refuses a recipe whose bundles cannot be checked.
///
/// # Errors
/// [`EngineError::Recipe`] with mass thresholds.
pub fn check_mode(recipe: &Recipe) -> Result<(), EngineError> {
    if recipe.edges.mode == EdgeMode::Mass {
        let expected = "relative, absolute or target for a check: what was pushed belongs to its graph";
        return Err(EngineError::recipe("edges.mode", expected, "mass"));
    }
    Ok(())
}

/// Nodes that arrived, ascending.
fn arrived(inputs: &CheckInputs<'_>, carried: &Carried) -> Result<Vec<usize>, EngineError> {
    let n = inputs.now.n_nodes();
    match inputs.arrived {
        // Whoever the model was pruned with has not arrived, whatever was looked at before.
        Some(flags) if flags.len() == n => {
            Ok((0..n).filter(|u| flags[*u] && carried.node_before[*u].is_none()).collect())
        }
        Some(flags) => Err(EngineError::mismatch("nodes that arrived", n, flags.len())),
        None => Ok((0..n).filter(|u| carried.node_before[*u].is_none()).collect()),
    }
}

fn sent(before: &Sketches, now: &Heard, step: usize, arrived: &[usize]) -> Drift {
    Drift::of(before.sent[step].clone(), arrived.iter().map(|u| now.norms[step][*u]).collect())
}

/// How much of what is kept a decision made anew would keep, of entries of both graphs: by the recipe's threshold where it is absolute, times
/// today's mean message where it is relative, by one that removes the same share where a share was asked for. `norms: [n_nodes]`
fn overlap(
    inputs: &CheckInputs<'_>,
    (carried, messages): (&Carried, &Messages<'_>),
    step: usize,
    norms: &[f32],
    ctl: &Control,
) -> Result<Option<f64>, EngineError> {
    let recipe = inputs.recipe;
    if recipe.recovery.is_some() || recipe.edges.ranking.is_some() || recipe.model.has("attention") {
        return Ok(None);
    }
    let Some(delta) = inputs.deltas.get(step).copied() else { return Ok(None) };
    let (mask, topology) = (&inputs.masks.edges, inputs.now.topology());
    let entries = |rows: std::ops::Range<usize>| rows.flat_map(|u| topology.row_range(u).map(move |k| (k, u)));
    let message = |k: usize| messages.norm(k, topology.indices()[k], norms);
    // Entries of both graphs that the step had before it, but no node's own: what they send, and whether they are kept.
    let both = |rows: std::ops::Range<usize>| {
        entries(rows)
            .filter(|(k, u)| topology.indices()[*k] as usize != *u)
            .filter_map(|(k, _)| Some((k, carried.position_before(k)?)))
            .filter(|(_, at)| mask.is_present(*at, step))
            .map(|(k, at)| (message(k), mask.is_kept(at, step)))
    };
    let cut = match recipe.edges.mode {
        EdgeMode::Absolute | EdgeMode::Mass => delta,
        EdgeMode::Relative => {
            // What the step had before it, new entries among them.
            let is_there = |k: usize| carried.position_before(k).is_none_or(|at| mask.is_present(at, step));
            let of_rows = |rows| {
                let there = entries(rows).filter(|(k, _)| is_there(*k)).map(|(k, _)| f64::from(message(k)));
                there.fold((0.0, 0usize), |(sum, n), message| (sum + message, n + 1))
            };
            let parts = messages.blocks(of_rows, ctl)?;
            let (sum, n) = parts.into_iter().fold((0.0, 0), |(sum, n), part| (sum + part.0, n + part.1));
            delta * sum / n.max(1) as f64
        }
        EdgeMode::Target => {
            let parts = messages.blocks(|rows| both(rows).collect::<Vec<(f32, bool)>>(), ctl)?;
            let n_removed = parts.iter().flatten().filter(|(_, is_kept)| !is_kept).count();
            let mut all: Vec<f32> = parts.into_iter().flatten().map(|(message, _)| message).collect();
            if n_removed < all.len() {
                f64::from(*all.select_nth_unstable_by(n_removed, f32::total_cmp).1)
            } else {
                f64::INFINITY
            }
        }
    };
    let would = |message: f32| f64::from(message) >= cut;
    let of_rows = |rows| {
        both(rows).fold((0usize, 0usize), |(union, common), (message, is_kept)| {
            let would = would(message);
            (union + usize::from(is_kept || would), common + usize::from(is_kept && would))
        })
    };
    let parts = messages.blocks(of_rows, ctl)?;
    let (union, common) = parts.into_iter().fold((0, 0), |(u, c), part| (u + part.0, c + part.1));
    Ok((union > 0).then(|| common as f64 / union as f64))
}

/// What is compared: held-out nodes before with nodes that arrived.
struct Sides<'a> {
    inputs: CheckInputs<'a>,
    arrived: &'a [usize],
    now: &'a Array2<f32>,
}

impl Sides<'_> {
    fn confidence(&self, before: &Sketches, now: &Array2<f32>) -> Drift {
        let now = confidences(now, self.inputs.reference.is_multi, self.arrived.iter().copied());
        Drift::of(before.confidence.clone(), now)
    }

    fn agreement(&self, baseline_now: &Array2<f32>) -> Option<Agreement> {
        let (n_same, n_before) = (self.inputs.reference.n_alike?, self.inputs.reference.n_held_out);
        let n_same_now = n_alike((baseline_now, self.now), self.arrived, self.inputs.reference.is_multi);
        let n_now = self.arrived.len();
        let share = |n: usize, all: usize| n as f64 / all.max(1) as f64;
        let (before, now) = (share(n_same, n_before), share(n_same_now, n_now));
        Some(Agreement { n_before, before, n_now, now, p_value: p_of_fall((before, n_before), (now, n_now)) })
    }

    fn estimated(&self) -> Option<Estimated> {
        let known = self.inputs.reference.estimate?;
        let now = confidences(self.now, false, self.arrived.iter().copied());
        let n_now = now.len();
        let above = now.iter().filter(|sure| **sure >= known.threshold).count() as f64 / n_now.max(1) as f64;
        let (n_before, before) = (known.n_nodes, known.accuracy);
        Some(Estimated { n_before, before, n_now, now: above, p_value: p_of_fall((before, n_before), (above, n_now)) })
    }

    fn labelled(&self, baseline_now: Option<&Array2<f32>>) -> Option<LabelledCheck> {
        let labels = self.inputs.now.labels()?;
        let nodes: Vec<u32> = self.arrived.iter().map(|u| *u as u32).collect();
        let pruned = Score::of(self.now, labels, &nodes);
        if pruned.n_nodes == 0 {
            return None;
        }
        let before = self.inputs.reference.score;
        let fall = p_of_fall((before.accuracy, before.n_nodes), (pruned.accuracy, pruned.n_nodes));
        let loss = baseline_now.map(|baseline| PairedLoss::of(labels, &nodes, baseline, self.now));
        let certified_p = baseline_now.filter(|_| labels.metric() == Metric::Accuracy).map(|baseline| {
            let limit = self.inputs.recipe.monitor.unwrap_or_default().loss_limit;
            paired(baseline, self.now, labels, &nodes).p_value(limit)
        });
        Some(LabelledCheck { pruned, before, p_value: fall, loss, certified_p })
    }
}

fn paired(baseline: &Array2<f32>, pruned: &Array2<f32>, labels: &Labels, nodes: &[u32]) -> Paired {
    Paired::of(&predictions(baseline), &predictions(pruned), labels, nodes)
}

/// A loss beyond the limit is looked into where chance alone gives one as large in fewer than one of twenty checks.
const LOSS_SEEN: f64 = 0.05;

fn findings(found: &Check, rule: MonitorRule) -> Vec<Finding> {
    let mut all = Vec::new();
    let mut add = |measure, level, [before, now, limit]: [f64; 3]| {
        all.push(Finding { measure, level, before, now, limit });
    };
    let falls = |before: f64, now: f64, p: f64, limits: [f64; 2]| -> Option<(Level, f64)> {
        let drop = before - now;
        if p >= rule.significance {
            None
        } else if drop > limits[1] {
            Some((Level::Stop, limits[1]))
        } else {
            (drop > limits[0]).then_some((Level::ReEvaluate, limits[0]))
        }
    };
    let confidence = found.confidence;
    if confidence.p_value < rule.significance && confidence.psi > rule.arrivals_psi {
        add(Measure::Confidence, Level::ReEvaluate, [0.0, confidence.psi, rule.arrivals_psi]);
    }
    for step in &found.steps {
        let messages = step.messages;
        if messages.p_value < rule.significance && messages.psi > rule.message_psi {
            add(Measure::Messages { step: step.step }, Level::ReEvaluate, [0.0, messages.psi, rule.message_psi]);
        }
        if step.sent.p_value < rule.significance && step.sent.psi > rule.arrivals_psi {
            add(Measure::Sent { step: step.step }, Level::ReEvaluate, [0.0, step.sent.psi, rule.arrivals_psi]);
        }
        if let Some(overlap) = step.overlap.filter(|overlap| *overlap < rule.decision_overlap) {
            add(Measure::Decision { step: step.step }, Level::ReEvaluate, [1.0, overlap, rule.decision_overlap]);
        }
    }
    if let Some(a) = &found.agreement
        && let Some((level, limit)) = falls(a.before, a.now, a.p_value, rule.agreement_drop)
    {
        add(Measure::Agreement, level, [a.before, a.now, limit]);
    }
    if let Some(e) = &found.estimated
        && let Some((level, limit)) = falls(e.before, e.now, e.p_value, rule.accuracy_drop)
    {
        add(Measure::EstimatedAccuracy, level, [e.before, e.now, limit]);
    }
    if let Some(l) = &found.labelled {
        if let Some((level, limit)) = falls(l.before.accuracy, l.pruned.accuracy, l.p_value, rule.accuracy_drop) {
            add(Measure::Accuracy, level, [l.before.accuracy, l.pruned.accuracy, limit]);
        }
        if let Some(loss) = &l.loss {
            let p = upper_tail((loss.loss - rule.loss_limit) / loss.standard_error.max(f64::MIN_POSITIVE));
            if p < rule.significance {
                add(Measure::Loss, Level::Stop, [0.0, loss.loss, rule.loss_limit]);
            } else if p < LOSS_SEEN {
                add(Measure::Loss, Level::ReEvaluate, [0.0, loss.loss, rule.loss_limit]);
            }
        }
    }
    all
}
