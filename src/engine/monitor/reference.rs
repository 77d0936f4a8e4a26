//! The earlier graph as a check needs it: it is looked at once, and from then on neither read nor run.

use ndarray::Array2;

use super::confidence::{confidences, threshold};
use super::histogram::Histogram;
use super::listen::{Heard, Messages, listen};
use crate::engine::carry::Snapshot;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, Split};
use crate::engine::model::Model;
use crate::engine::score::{Score, predictions};
use crate::engine::sparsify::Recipe;

/// A pruned model on the graph that it was pruned on.
#[derive(Debug, Clone, Copy)]
pub struct ReferenceInputs<'a> {
    /// The graph.
    pub dataset: &'a Dataset,
    /// The recipe that it was pruned by.
    pub recipe: &'a Recipe,
    /// How the nodes were split.
    pub split: &'a Split,
    /// The pruned model: removed weights are 0.
    pub model: &'a Model,
    /// The unpruned model; without it later checks listen to the pruned weights.
    pub baseline: Option<&'a Model>,
    /// What the pruned model said. `[n_nodes, n_classes]`
    pub logits: &'a Array2<f32>,
    /// What the unpruned model said, at least its choices. `[n_nodes, n_classes]`
    pub baseline_logits: Option<&'a Array2<f32>>,
}

/// What a pass over all entries of the earlier graph lets compare.
#[derive(Debug, Clone, PartialEq)]
pub struct Sketches {
    /// The norms of all messages but every node's own, step by step.
    pub messages: Vec<Histogram>,
    /// The norms of what held-out nodes send, step by step, ascending.
    pub sent: Vec<Vec<f32>>,
    /// How sure the model is of held-out nodes, ascending.
    pub confidence: Vec<f32>,
}

/// Accuracy that was measured, and the confidence above which as many nodes are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ThresholdedConfidence {
    /// Nodes above it are expected to be right.
    pub threshold: f32,
    /// Labelled validation nodes.
    pub n_nodes: usize,
    /// Their accuracy, `0..=1`.
    pub accuracy: f64,
}

/// All that a check needs of the earlier graph, whether it was just looked at or kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Its nodes and entries.
    pub snapshot: Snapshot,
    /// Whether a node has any number of classes.
    pub is_multi: bool,
    /// Nodes whose labels trained nothing; all where the split has none.
    pub n_held_out: usize,
    /// What was heard of the pruned weights.
    pub pruned: Sketches,
    /// What was heard of the unpruned model, where it was named.
    pub unpruned: Option<Sketches>,
    /// Of how many held-out nodes pruned and unpruned model say the same.
    pub n_alike: Option<usize>,
    /// `None` without labelled validation nodes, or with several classes per node.
    pub estimate: Option<ThresholdedConfidence>,
    /// The pruned model on held-out nodes; of none without labels.
    pub score: Score,
}

impl Reference {
    /// Looks at the earlier graph: one forward pass, and another one with the unpruned model.
    ///
    /// # Errors
    /// As a forward pass.
    pub fn of(inputs: ReferenceInputs<'_>, ctl: &Control) -> Result<Self, EngineError> {
        let ReferenceInputs { dataset, recipe, split, model, baseline, logits, baseline_logits } = inputs;
        let is_multi = dataset.labels().is_some_and(|labels| labels.tags().is_some());
        let held_out = held_out(dataset, split);
        let messages = Messages::of(dataset, recipe);
        let sketches = |model: &Model| -> Result<Sketches, EngineError> {
            let heard = listen(dataset, model, recipe, None, ctl)?;
            Sketches::of(&heard, &messages, (&held_out, is_multi), ctl)
        };
        let estimate = dataset.labels().and_then(|labels| {
            let nodes = split.val.iter().map(|u| *u as usize);
            let known = confidences(logits, false, nodes);
            let at = threshold(&known, &predictions(logits), labels, &split.val)?;
            let score = Score::of(logits, labels, &split.val);
            Some(ThresholdedConfidence { threshold: at, n_nodes: score.n_nodes, accuracy: score.accuracy })
        });
        let score = dataset.labels().map(|labels| {
            let nodes: Vec<u32> = held_out.iter().map(|u| *u as u32).collect();
            Score::of(logits, labels, &nodes)
        });
        Ok(Self {
            snapshot: Snapshot::of(dataset, ctl)?,
            is_multi,
            n_held_out: held_out.len(),
            pruned: sketches(model)?,
            unpruned: baseline.map(sketches).transpose()?,
            n_alike: baseline_logits.map(|baseline| n_alike((baseline, logits), &held_out, is_multi)),
            estimate,
            score: score.unwrap_or_default(),
        })
    }

    /// Checks that the parts fit each other, as they were read.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`].
    pub fn check(&self) -> Result<(), EngineError> {
        self.snapshot.check()?;
        let is_share = |n: &usize| *n <= self.n_held_out;
        let are_whole = std::iter::once(&self.pruned).chain(&self.unpruned).all(|s| {
            let n = [&s.confidence].into_iter().chain(&s.sent);
            s.messages.len() == s.sent.len() && n.into_iter().all(|values| is_ascending(values))
        });
        if are_whole
            && self.n_alike.as_ref().is_none_or(is_share)
            && self.n_held_out <= self.snapshot.topology.n_nodes()
        {
            return Ok(());
        }
        Err(EngineError::mismatch("reference", "sketches that fit each other", "others"))
    }
}

fn is_ascending(values: &[f32]) -> bool {
    values.iter().all(|v| v.is_finite()) && values.windows(2).all(|pair| pair[0] <= pair[1])
}

impl Sketches {
    fn of(
        heard: &Heard,
        messages: &Messages<'_>,
        (held_out, is_multi): (&[usize], bool),
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let messages = heard.norms.iter().map(|norms| messages.histogram(norms, ctl)).collect::<Result<_, _>>()?;
        let sent = heard.norms.iter().map(|norms| ascending(held_out.iter().map(|u| norms[*u]).collect()));
        let confidence = ascending(confidences(&heard.logits, is_multi, held_out.iter().copied()));
        Ok(Self { messages, sent: sent.collect(), confidence })
    }
}

/// Without what is not finite.
fn ascending(mut values: Vec<f32>) -> Vec<f32> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f32::total_cmp);
    values
}

/// Nodes whose labels trained nothing; all where the split has none.
fn held_out(dataset: &Dataset, split: &Split) -> Vec<usize> {
    let nodes: Vec<usize> = split.val.iter().chain(&split.test).map(|u| *u as usize).collect();
    if nodes.is_empty() { (0..dataset.n_nodes()).collect() } else { nodes }
}

/// Of how many of these nodes both say the same: one class, or all that they may have. `[n_nodes, n_classes]` each
pub(super) fn n_alike((a, b): (&Array2<f32>, &Array2<f32>), nodes: &[usize], is_multi: bool) -> usize {
    if is_multi {
        let is_same = |u: &&usize| a.row(**u).iter().zip(b.row(**u)).all(|(a, b)| (*a > 0.0) == (*b > 0.0));
        return nodes.iter().filter(is_same).count();
    }
    let (a, b) = (predictions(a), predictions(b));
    nodes.iter().filter(|u| a[**u] == b[**u]).count()
}
