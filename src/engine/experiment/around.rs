//! What pruning did around one node: what is left of its messages in every step, which entries it lost, and what each of them would change.

use ndarray::ArrayView1;
use serde::Serialize;

use super::run::Run;
use super::serve::{PutBack, Server, check_rows};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::sparsify::pruned_operator::{OperatorSource, PrunedOperator};
use crate::engine::sparsify::steps::counts_removed;
use crate::engine::sparsify::{EdgeMode, EdgeTrace, Recipe};

/// One node before and after.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Around {
    /// Its number.
    pub node: u32,
    /// Whether it may have several classes.
    pub is_multi: bool,
    /// Probabilities of the classes by the unpruned and by the pruned model: the softmax of the logits; of each by itself where a node may have
    /// several. `[2][n_classes]`
    pub probabilities: [Vec<f32>; 2],
    /// How far what the unpruned model says is ahead.
    pub margin: Margin,
    /// Every graph step.
    pub steps: Vec<StepAround>,
    /// Whom it hears but itself, the largest message of the first step first.
    pub neighbours: Vec<Neighbour>,
    /// What the margin would gain were all removed entries of the node put back together; none where it lost none, or was not computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_of_all: Option<f32>,
    /// Why no effects were computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_effects: Option<NoEffects>,
}

impl Around {
    /// The classes that the unpruned (0) or the pruned model (1) says: one, or those above one half where it may have several.
    pub fn said(&self, way: usize) -> Vec<usize> {
        let probabilities = ArrayView1::from(&self.probabilities[way]);
        if !self.is_multi {
            return vec![largest(probabilities)];
        }
        probabilities.iter().enumerate().filter(|(_, p)| **p > 0.5).map(|(class, _)| class).collect()
    }

    /// Whether the pruned model says something else than the unpruned one.
    pub fn is_changed(&self) -> bool {
        self.said(0) != self.said(1)
    }
}

/// A class, and by how much its logit is above the largest other one; where a node may have several, by how much it is on the side of 0 that
/// the unpruned model says. Below 0 something else is said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Margin {
    /// What the unpruned model says; of several the class whose answer changes most, or is nearest to changing.
    pub class: usize,
    /// In the unpruned model.
    pub unpruned: f32,
    /// In the pruned one.
    pub pruned: f32,
}

impl Margin {
    /// Whether the pruned model says another class.
    pub fn is_lost(&self) -> bool {
        self.pruned < 0.0
    }
}

/// What a step left of the node's messages, the node's own aside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepAround {
    /// Layer or hop, from 0.
    pub step: usize,
    /// Neighbours that are heard.
    pub n_kept: usize,
    /// Their share of the sum of all message norms, `0..=1`; 1 where there are no messages.
    pub message_kept: f64,
    /// What messages were compared with, where their norms decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// The recipe's δa that it is a multiple of; none where the recipe asks for a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
}

/// A neighbour that is or was heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Neighbour {
    /// Its number.
    pub source: u32,
    /// `T[u,v]`; of attention, whose coefficients differ by step, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    /// The entry in every step.
    pub steps: Vec<NeighbourEntry>,
    /// Whether the recipe keeps or removes it by hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<bool>,
    /// What the margin of [`Around::margin`] would gain were the entry put back in all steps that removed it; none where it is kept, or was not
    /// computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<f32>,
}

impl Neighbour {
    /// Whether some step does without it.
    pub fn is_cut(&self) -> bool {
        self.steps.iter().any(|entry| !entry.is_kept)
    }
}

/// An entry in a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NeighbourEntry {
    /// The norm of its message; with mass thresholds the share of the features that are pushed over it. Not a number where attention removed
    /// it in a step before.
    pub message: f32,
    /// Whether the step uses it.
    pub is_kept: bool,
}

/// Why nobody can say what an entry would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoEffects {
    /// Every feature has a graph of its own.
    Mass,
    /// The network normalises over all nodes.
    AllNodes,
    /// Recovery fixed attention's coefficients: those of removed entries are not known.
    FixedAttention,
    /// The authors' rule counts removed entries.
    Quirks,
    /// The lists of all steps would take too much memory.
    Large,
}

impl NoEffects {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            Self::Mass => "with mass thresholds every feature has a graph of its own",
            Self::AllNodes => "the network normalises over all nodes",
            Self::FixedAttention => "recovery fixed attention's coefficients, and removed entries have none",
            Self::Quirks => "in the authors' form removed entries still count in sums",
            Self::Large => "the lists of all layers would take more than 1 GiB",
        }
    }

    fn of(run: &Run) -> Option<Self> {
        if run.recipe.edges.mode == EdgeMode::Mass {
            Some(Self::Mass)
        } else if check_rows(&run.model.program()).is_err() {
            Some(Self::AllNodes)
        } else if run.model.architecture.has("attention") && run.pruned.masks.edges.values().is_some() {
            Some(Self::FixedAttention)
        } else if run.recipe.averages_messages() || counts_removed(&run.recipe) {
            Some(Self::Quirks)
        } else {
            let mask = &run.pruned.masks.edges;
            let n_kept: usize = (0..mask.n_steps()).map(|step| mask.n_kept(step)).sum();
            (PrunedOperator::size_bytes(n_kept) > MOST_BYTES).then_some(Self::Large)
        }
    }
}

/// Lists of all steps that take more bytes are not made for a look at one node.
const MOST_BYTES: usize = 1 << 30;

/// Of so many removed neighbours, those with the largest messages, the effect is computed.
const MOST_EFFECTS: usize = 256;

/// What pruning did around `node` of a run. Effects are exact, each a forward pass over the receptive field of the node and the neighbour.
///
/// # Errors
/// [`EngineError::Mismatch`] for a node that the graph does not have, [`EngineError::Cancelled`].
pub fn around(run: &Run, node: u32, ctl: &Control) -> Result<Around, EngineError> {
    let u = node as usize;
    let n = run.dataset.n_nodes();
    if u >= n {
        return Err(EngineError::mismatch("node", format!("a number below {n}"), node));
    }
    let traces: Vec<(usize, &EdgeTrace)> =
        run.pruned.steps.iter().filter_map(|step| Some((step.idx, step.edges.as_ref()?))).collect();
    let mut neighbours = neighbours(run, u, &traces);
    let recipe = &run.recipe;
    let is_by_message = is_by_message(recipe);
    let steps = traces.iter().enumerate().map(|(at, (step, trace))| {
        let messages = || neighbours.iter().map(|neighbour| neighbour.steps[at]);
        let sum = |entries: &mut dyn Iterator<Item = NeighbourEntry>| {
            entries
                .map(|entry| f64::from(entry.message))
                .filter(|message| message.is_finite())
                .fold(0.0, |sum, message| sum + message)
        };
        let (kept, all) = (sum(&mut messages().filter(|entry| entry.is_kept)), sum(&mut messages()));
        StepAround {
            step: *step,
            n_kept: messages().filter(|entry| entry.is_kept).count(),
            message_kept: if all > 0.0 { kept / all } else { 1.0 },
            threshold: is_by_message.then_some(trace.delta),
            delta: (is_by_message && recipe.edges.mode != EdgeMode::Target).then_some(trace.requested),
        }
    });
    let steps = steps.collect();
    let logits = [run.baseline_logits.row(u), run.pruned.logits.row(u)];
    let is_multi = run.dataset.labels().is_some_and(|labels| labels.tags().is_some());
    let decision = Decision::of(logits[0], logits[1], is_multi);
    let [unpruned, pruned] = logits.map(|logits| decision.margin(logits));
    let margin = Margin { class: decision.class, unpruned, pruned };
    let no_effects = NoEffects::of(run);
    let effect_of_all = match no_effects {
        None => add_effects(run, node, (decision, margin), &mut neighbours, ctl)?,
        Some(_) => None,
    };
    let probabilities = logits.map(if is_multi { sigmoid } else { softmax });
    Ok(Around { node, is_multi, probabilities, margin, steps, neighbours, effect_of_all, no_effects })
}

/// Whether a threshold on the norms of messages decided which entries went.
pub(super) fn is_by_message(recipe: &Recipe) -> bool {
    recipe.recovery.is_none() && recipe.edges.ranking.is_none() && recipe.edges.mode != EdgeMode::Mass
}

/// Probabilities of classes of which a node has one.
fn softmax(logits: ArrayView1<'_, f32>) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|z| f64::from(z - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|power| (power / sum) as f32).collect()
}

/// Probabilities of classes of which a node may have several.
fn sigmoid(logits: ArrayView1<'_, f32>) -> Vec<f32> {
    logits.iter().map(|z| (1.0 / (1.0 + (-f64::from(*z)).exp())) as f32).collect()
}

/// What is decided of a class: whether it is the one, or whether it is one of several.
#[derive(Debug, Clone, Copy)]
struct Decision {
    class: usize,
    /// Of several: 1 where the unpruned model says that the node has it, else -1.
    sign: Option<f32>,
}

impl Decision {
    /// The class that the unpruned model says; of several the one whose answer changes most, or is nearest to changing.
    fn of(unpruned: ArrayView1<'_, f32>, pruned: ArrayView1<'_, f32>, is_multi: bool) -> Self {
        if !is_multi {
            return Self { class: largest(unpruned), sign: None };
        }
        let signs = unpruned.iter().map(|z| if *z > 0.0 { 1.0 } else { -1.0 });
        let margins = signs.zip(pruned).map(|(sign, z)| (sign, sign * z)).enumerate();
        let nearest = margins.min_by(|(_, a), (_, b)| a.1.total_cmp(&b.1));
        nearest.map_or(Self { class: 0, sign: Some(1.0) }, |(class, (sign, _))| Self { class, sign: Some(sign) })
    }

    /// By how much it stands.
    fn margin(self, logits: ArrayView1<'_, f32>) -> f32 {
        let own = logits.get(self.class).copied().unwrap_or(0.0);
        if let Some(sign) = self.sign {
            return sign * own;
        }
        let others = logits.iter().enumerate().filter(|(at, _)| *at != self.class).map(|(_, z)| *z);
        let largest = others.fold(f32::NEG_INFINITY, f32::max);
        // Of a single class the logit itself decides.
        if largest == f32::NEG_INFINITY { own } else { own - largest }
    }
}

/// The first largest.
pub(super) fn largest(logits: ArrayView1<'_, f32>) -> usize {
    logits.iter().enumerate().fold((0, f32::NEG_INFINITY), |best, (at, z)| if *z > best.1 { (at, *z) } else { best }).0
}

/// The norms of the messages that a run's steps judged, or of those they use.
#[derive(Debug)]
pub(in crate::engine) struct Messages {
    operators: OperatorSource,
    /// Whether the steps' own scores are the norms: of attention, whose coefficients differ by step.
    has_scores: bool,
}

impl Messages {
    pub(in crate::engine) fn of(run: &Run) -> Self {
        let has_scores = run.model.architecture.has("attention") && run.recipe.recovery.is_none();
        Self { operators: OperatorSource::new(&run.dataset, &run.recipe), has_scores }
    }

    /// Of entry `k` from source `v`; with mass thresholds the share of the features that are pushed over it. Not a number where attention
    /// removed it in a step before.
    pub(in crate::engine) fn norm(&self, trace: &EdgeTrace, k: usize, v: usize) -> f32 {
        let values = self.values();
        match &trace.pushed_share {
            Some(share) => share[k],
            None if self.has_scores => trace.score(k, v, values[k]),
            None => values[k].abs() * trace.source_norms[v],
        }
    }

    /// `T[u,v]` of entry `k`.
    pub(super) fn value(&self, k: usize) -> f32 {
        self.values()[k]
    }

    /// `T[u,v]` of every entry.
    fn values(&self) -> &[f32] {
        self.operators.diffusion.values()
    }
}

/// The row of node `u` but its self-loop, the largest message of the first step first.
fn neighbours(run: &Run, u: usize, traces: &[(usize, &EdgeTrace)]) -> Vec<Neighbour> {
    let topology = run.dataset.topology();
    let mask = &run.pruned.masks.edges;
    let is_attention = run.model.architecture.has("attention");
    let messages = Messages::of(run);
    let entry = |k: usize, v: usize, (step, trace): &(usize, &EdgeTrace)| NeighbourEntry {
        message: messages.norm(trace, k, v),
        is_kept: mask.is_kept(k, *step),
    };
    let target = run.dataset.node_id(u);
    let by_hand = run.recipe.edges.pins.of_target(&target);
    let by_hand =
        |v: u32| (!by_hand.is_empty()).then(|| by_hand.get(run.dataset.node_id(v as usize).as_str()).copied());
    let mut found: Vec<Neighbour> = topology
        .row_range(u)
        .map(|k| (k, topology.indices()[k]))
        .filter(|(_, v)| *v as usize != u)
        .map(|(k, v)| Neighbour {
            source: v,
            value: (!is_attention).then(|| messages.values()[k]),
            steps: traces.iter().map(|trace| entry(k, v as usize, trace)).collect(),
            by_hand: by_hand(v).flatten(),
            effect: None,
        })
        .collect();
    let first = |neighbour: &Neighbour| neighbour.steps.first().map_or(0.0, |entry| entry.message);
    found.sort_by(|a, b| first(b).total_cmp(&first(a)).then(a.source.cmp(&b.source)));
    found
}

/// Adds what every removed entry would change; gives what all of them together would.
fn add_effects(
    run: &Run,
    node: u32,
    (decision, margin): (Decision, Margin),
    neighbours: &mut [Neighbour],
    ctl: &Control,
) -> Result<Option<f32>, EngineError> {
    let n_cut = neighbours.iter().filter(|neighbour| neighbour.is_cut()).count();
    if n_cut == 0 {
        return Ok(None);
    }
    let pruned = &run.pruned;
    let mut server = Server::pruned(&run.dataset, &pruned.model, &run.recipe, &pruned.masks, None, ctl)?;
    let mut effect_of = |entries: &[PutBack]| {
        let logits = server.score_restored(node, entries, &ctl.quiet())?;
        Ok::<_, EngineError>(logits.map(|logits| decision.margin(ArrayView1::from(&logits)) - margin.pruned))
    };
    let mut all: Vec<PutBack> = Vec::new();
    for neighbour in neighbours.iter_mut().filter(|neighbour| neighbour.is_cut()).take(MOST_EFFECTS) {
        ctl.progress("putting entries back", all.len(), n_cut.min(MOST_EFFECTS));
        ctl.check()?;
        let entry = PutBack {
            source: neighbour.source,
            value: neighbour.value.unwrap_or(1.0),
            lacking: neighbour.steps.iter().map(|entry| !entry.is_kept).collect(),
        };
        neighbour.effect = effect_of(std::slice::from_ref(&entry))?;
        all.push(entry);
    }
    if all.len() < n_cut { Ok(None) } else { effect_of(&all) }
}
