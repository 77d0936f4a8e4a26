//! The check itself.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::carry::{Carried, Counts, carry};
use super::confidence::{confidences, threshold};
use super::drift::Drift;
use super::level::{Finding, Level, Measure, p_of_fall, upper_tail};
use super::listen::{Heard, listen};
use crate::engine::certify::Paired;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::PairedLoss;
use crate::engine::graph::{Dataset, Labels, Metric, Split};
use crate::engine::model::Model;
use crate::engine::score::{Score, predictions};
use crate::engine::sparsify::{EdgeMode, Masks, MonitorRule, Recipe};

/// A pruned model, the graph that it was made on, and a later one.
#[derive(Debug, Clone, Copy)]
pub struct CheckInputs<'a> {
    /// The graph that it was pruned on.
    pub before: &'a Dataset,
    /// The later graph.
    pub now: &'a Dataset,
    /// The recipe that it was pruned by.
    pub recipe: &'a Recipe,
    /// How the nodes of the first graph were split.
    pub split: &'a Split,
    /// The pruned model: removed weights are 0.
    pub model: &'a Model,
    /// What was removed of the first graph.
    pub masks: &'a Masks,
    /// What the pruned model said of the first graph. `[n_nodes, n_classes]`
    pub logits_before: &'a Array2<f32>,
    /// What the unpruned model said of the first graph, at least its choices. `[n_nodes, n_classes]`
    pub baseline_before: Option<&'a Array2<f32>>,
    /// The unpruned model; without it nobody knows what it would say of the later graph.
    pub baseline: Option<&'a Model>,
    /// The thresholds that the recipe asked for in every step, in the unit of its mode.
    pub deltas: &'a [f64],
    /// Of every node of the later graph whether it arrived since somebody looked last; without, all that are new.
    pub arrived: Option<&'a [bool]>,
}

/// Messages and decisions of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepCheck {
    /// Layer or hop, from 0.
    pub step: usize,
    /// The norms of all messages but a node's own, over all entries, before and now.
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
    /// How sure the pruned weights are over all entries: held-out nodes before, nodes that arrived now.
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
/// # Errors
/// [`EngineError::Recipe`] with mass thresholds, whose embedding belongs to its graph; [`EngineError::Mismatch`] where the graphs do not go
/// together; as a forward pass.
pub fn check(inputs: CheckInputs<'_>, ctl: &Control) -> Result<Check, EngineError> {
    const STAGES: usize = 4;
    let CheckInputs { before, now, recipe, model, masks, .. } = inputs;
    if recipe.edges.mode == EdgeMode::Mass {
        let expected = "relative, absolute or target for a check: what was pushed belongs to its graph";
        return Err(EngineError::recipe("edges.mode", expected, "mass"));
    }
    let quiet = ctl.quiet();
    ctl.progress("matching the graphs", 0, STAGES);
    let carried = carry(before, now, &quiet)?;
    let carried_mask = carried.mask(&masks.edges, now, recipe, &quiet)?;
    // Over all entries, so that an entry counts the same whether it was decided of or is new.
    ctl.progress("running on the earlier graph", 1, STAGES);
    let heard_before = listen(before, model, recipe, None, &quiet)?;
    ctl.progress("running on the later graph", 2, STAGES);
    let heard_all = listen(now, model, recipe, None, &quiet)?;
    let heard_now = listen(now, model, recipe, Some(&carried_mask), &quiet)?;
    let baseline_now = match inputs.baseline {
        Some(model) => Some(listen(now, model, recipe, None, &quiet)?.logits),
        None => None,
    };
    ctl.progress("comparing", 3, STAGES);
    let arrived: Vec<usize> = match inputs.arrived {
        // Whoever the model was pruned with has not arrived, whatever was looked at before.
        Some(flags) if flags.len() == now.n_nodes() => {
            (0..flags.len()).filter(|u| flags[*u] && carried.node_before[*u].is_none()).collect()
        }
        Some(flags) => return Err(EngineError::mismatch("nodes that arrived", now.n_nodes(), flags.len())),
        None => (0..now.n_nodes()).filter(|u| carried.node_before[*u].is_none()).collect(),
    };
    let mut steps = Vec::with_capacity(heard_now.n_steps());
    for step in 0..heard_now.n_steps() {
        ctl.check()?;
        let overlap = overlap(&inputs, &carried, step, &heard_now.messages(now, recipe, step));
        let messages =
            Drift::of(without_loops(&heard_before, before, recipe, step), without_loops(&heard_all, now, recipe, step));
        let sent = Drift::of(
            held_out(&inputs).into_iter().map(|u| heard_before.norms(step)[u as usize]).collect(),
            arrived.iter().map(|u| heard_all.norms(step)[*u]).collect(),
        );
        steps.push(StepCheck { step, messages, sent, overlap });
    }
    let sides = Sides { inputs, arrived: &arrived, before: inputs.logits_before, now: &heard_now.logits };
    let mut found = Check {
        level: Level::Fine,
        findings: Vec::new(),
        nodes: carried.nodes,
        entries: carried.entries,
        n_changed_features: carried.n_changed_features,
        n_arrived: arrived.len(),
        steps,
        confidence: sides.confidence(&heard_before.logits, &heard_all.logits),
        agreement: baseline_now.as_ref().and_then(|baseline| sides.agreement(baseline)),
        estimated: sides.estimated(),
        labelled: sides.labelled(baseline_now.as_ref()),
    };
    found.findings = findings(&found, recipe.monitor.unwrap_or_default());
    found.level = found.findings.iter().map(|finding| finding.level).max().unwrap_or_default();
    Ok(found)
}

/// The messages of a step but every node's own.
fn without_loops(heard: &Heard, dataset: &Dataset, recipe: &Recipe, step: usize) -> Vec<f32> {
    let messages = heard.messages(dataset, recipe, step).into_iter();
    messages.zip(dataset.topology().entries()).filter(|(_, (u, v))| u != v).map(|(message, _)| message).collect()
}

/// How much of what is kept a decision made anew would keep, of entries of both graphs: by the recipe's threshold where it is absolute, times
/// today's mean message where it is relative, by one that removes the same share where a share was asked for. `messages: [n_entries]`
fn overlap(inputs: &CheckInputs<'_>, carried: &Carried, step: usize, messages: &[f32]) -> Option<f64> {
    let recipe = inputs.recipe;
    if recipe.recovery.is_some() || recipe.edges.ranking.is_some() || recipe.model.has("attention") {
        return None;
    }
    let delta = *inputs.deltas.get(step)?;
    let mask = &inputs.masks.edges;
    // What the step had before it, new entries among them.
    let is_there = |k: usize| carried.position_before(k).is_none_or(|at| mask.is_present(at, step));
    let both: Vec<(f32, bool)> = (0..messages.len())
        .zip(inputs.now.topology().entries())
        .filter(|(_, (u, v))| u != v)
        .filter_map(|(k, _)| Some((messages[k], carried.position_before(k)?)))
        .filter(|(_, at)| mask.is_present(*at, step))
        .map(|(message, at)| (message, mask.is_kept(at, step)))
        .collect();
    let cut = match recipe.edges.mode {
        EdgeMode::Absolute | EdgeMode::Mass => delta,
        EdgeMode::Relative => {
            let there = || (0..messages.len()).filter(|k| is_there(*k)).map(|k| f64::from(messages[k]));
            delta * there().sum::<f64>() / there().count().max(1) as f64
        }
        EdgeMode::Target => {
            let n_removed = both.iter().filter(|(_, is_kept)| !is_kept).count();
            let mut messages: Vec<f32> = both.iter().map(|(message, _)| *message).collect();
            messages.sort_unstable_by(f32::total_cmp);
            messages.get(n_removed).map_or(f64::INFINITY, |cut| f64::from(*cut))
        }
    };
    let would = |message: f32| f64::from(message) >= cut;
    let union = both.iter().filter(|(message, is_kept)| *is_kept || would(*message)).count();
    let common = both.iter().filter(|(message, is_kept)| *is_kept && would(*message)).count();
    (union > 0).then(|| common as f64 / union as f64)
}

/// Nodes of the first graph whose labels trained nothing; all where the split has none.
fn held_out(inputs: &CheckInputs<'_>) -> Vec<u32> {
    let nodes = [inputs.split.val.as_slice(), inputs.split.test.as_slice()].concat();
    if nodes.is_empty() { (0..inputs.before.n_nodes() as u32).collect() } else { nodes }
}

/// What is compared: held-out nodes before with nodes that arrived.
struct Sides<'a> {
    inputs: CheckInputs<'a>,
    arrived: &'a [usize],
    before: &'a Array2<f32>,
    now: &'a Array2<f32>,
}

impl Sides<'_> {
    fn is_multi(&self) -> bool {
        [self.inputs.before, self.inputs.now].iter().any(|d| d.labels().is_some_and(|labels| labels.tags().is_some()))
    }

    fn confidence(&self, before: &Array2<f32>, now: &Array2<f32>) -> Drift {
        let is_multi = self.is_multi();
        let (before, now) = (confidences(before, is_multi), confidences(now, is_multi));
        let held_out = held_out(&self.inputs).into_iter().map(|u| before[u as usize]).collect();
        Drift::of(held_out, self.arrived.iter().map(|u| now[*u]).collect())
    }

    /// Of how many of these nodes both say the same: one class, or all that they may have.
    fn n_alike(&self, a: &Array2<f32>, b: &Array2<f32>, nodes: &[usize]) -> usize {
        if self.is_multi() {
            let is_same = |u: &&usize| a.row(**u).iter().zip(b.row(**u)).all(|(a, b)| (*a > 0.0) == (*b > 0.0));
            return nodes.iter().filter(is_same).count();
        }
        let (a, b) = (predictions(a), predictions(b));
        nodes.iter().filter(|u| a[**u] == b[**u]).count()
    }

    fn agreement(&self, baseline_now: &Array2<f32>) -> Option<Agreement> {
        let held_out: Vec<usize> = held_out(&self.inputs).into_iter().map(|u| u as usize).collect();
        let n_same = self.n_alike(self.inputs.baseline_before?, self.before, &held_out);
        let n_same_now = self.n_alike(baseline_now, self.now, self.arrived);
        let share = |n: usize, all: usize| n as f64 / all.max(1) as f64;
        let (before, now) = (share(n_same, held_out.len()), share(n_same_now, self.arrived.len()));
        let (n_before, n_now) = (held_out.len(), self.arrived.len());
        Some(Agreement { n_before, before, n_now, now, p_value: p_of_fall((before, n_before), (now, n_now)) })
    }

    fn estimated(&self) -> Option<Estimated> {
        let labels = self.inputs.before.labels()?;
        let (before, now) = (confidences(self.before, false), confidences(self.now, false));
        let at = threshold(&before, &predictions(self.before), labels, &self.inputs.split.val)?;
        let score = Score::of(self.before, labels, &self.inputs.split.val);
        let n_now = self.arrived.len();
        let above = self.arrived.iter().filter(|u| now[**u] >= at).count() as f64 / n_now.max(1) as f64;
        let (n_before, before) = (score.n_nodes, score.accuracy);
        Some(Estimated { n_before, before, n_now, now: above, p_value: p_of_fall((before, n_before), (above, n_now)) })
    }

    fn labelled(&self, baseline_now: Option<&Array2<f32>>) -> Option<LabelledCheck> {
        let labels = self.inputs.now.labels()?;
        let nodes: Vec<u32> = self.arrived.iter().map(|u| *u as u32).collect();
        let pruned = Score::of(self.now, labels, &nodes);
        if pruned.n_nodes == 0 {
            return None;
        }
        let before = self.inputs.before.labels().map(|labels| Score::of(self.before, labels, &held_out(&self.inputs)));
        let before = before.unwrap_or_default();
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
