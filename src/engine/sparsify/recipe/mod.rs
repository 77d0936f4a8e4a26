//! The recipe: everything that decides a result, in one struct.
//!
//! The same [`Recipe`] is behind the sliders, the undo history, the command line, the recipe file and the exported
//! production configuration. Its serialised form is the contract's `unifews-recipe/1`. One file per section, each with the check of its
//! section; what spans sections is checked here.

mod channels;
mod compat;
mod deltas;
mod edges;
mod monitor;
mod pins;
mod precision;
mod propagation;
mod recovery;
mod training;
mod weights;

use serde::{Deserialize, Serialize};

use self::deltas::per_step;
use super::baselines::Ramp;
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::graph::ReadOptions;
use crate::engine::kernels::{Precision, ValueType};
use crate::engine::model::{Aggregation, Architecture, Family};

pub use self::channels::ChannelRule;
pub use self::compat::{Compat, Quirk};
pub use self::edges::{EdgeMode, EdgeRule, Identity, Lock};
pub use self::monitor::MonitorRule;
pub use self::pins::{PinnedEntry, Pins};
pub use self::precision::{PrecisionRule, StoredAs};
pub use self::propagation::HopRule;
pub use self::recovery::{
    Allocation, EntryChoice, FitNodes, MaskChoice, NodesAre, RecoveryRule, ValueRule, WeightRecovery,
};
pub use self::training::{Schedule, Training};
pub use self::weights::{WeightMode, WeightRule};

/// Name and version of the recipe's serialised form.
pub const RECIPE_FORMAT: &str = "unifews-recipe/1";

/// Everything that decides a result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Always [`RECIPE_FORMAT`]; a reader refuses any other.
    pub format: String,
    /// Seed of every random choice: initial weights, dropout, batches, generated splits.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// Worker threads; 0 = all cores. Never changes a result.
    #[serde(default)]
    pub threads: usize,
    /// Clean mathematics, or the authors' quirks.
    #[serde(default)]
    pub compat: Compat,
    /// Which split: `auto` (the file's first, else stratified), a split's name, or `stratified:50/25/25@SEED`.
    #[serde(default = "defaults::split")]
    pub split: String,
    /// How the graph's file is read; absent: as its format means it.
    #[serde(default, skip_serializing_if = "ReadOptions::is_default")]
    pub graph: ReadOptions,
    /// The network.
    #[serde(default)]
    pub model: Architecture,
    /// How entries of the diffusion matrix are removed.
    #[serde(default)]
    pub edges: EdgeRule,
    /// How entries of the weight matrices are removed.
    #[serde(default)]
    pub weights: WeightRule,
    /// Which share of the hidden channels goes as a whole; absent: none. Goes with recovery alone, which makes up for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<ChannelRule>,
    /// How embeddings are stored where they are propagated, and how the hops of a decoupled model follow the masks.
    #[serde(default, skip_serializing_if = "HopRule::is_default")]
    pub propagation: HopRule,
    /// What the pruned model's weights and entries are stored as in low precision; absent: 32-bit floats.
    #[serde(default, skip_serializing_if = "PrecisionRule::is_default")]
    pub precision: PrecisionRule,
    /// How accuracy is recovered; absent: not at all, as published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoveryRule>,
    /// When a later graph says that this is to be looked at again; absent: the usual limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitor: Option<MonitorRule>,
    /// How the model is trained; absent for post-training pruning alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
}

mod defaults {
    pub(super) fn seed() -> u64 {
        42
    }
    pub(super) fn split() -> String {
        "auto".to_owned()
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            format: RECIPE_FORMAT.to_owned(),
            seed: defaults::seed(),
            threads: 0,
            compat: Compat::default(),
            split: defaults::split(),
            graph: ReadOptions::default(),
            model: Architecture::default(),
            edges: EdgeRule::default(),
            weights: WeightRule::default(),
            channels: None,
            propagation: HopRule::default(),
            precision: PrecisionRule::default(),
            recovery: None,
            monitor: None,
            training: None,
        }
    }
}

impl Recipe {
    /// The matrix whose entries carry the messages: the authors' SGC uses `D⁻¹Ā` whatever is configured (docs/DIFFERENCES.md#d20), their `GraphSAGE`
    /// gives every message the weight 1 (docs/DIFFERENCES.md#d9).
    pub fn matrix(&self) -> Matrix {
        let family = self.model.architecture;
        if self.compat.has(Quirk::SgcRowStochastic) && family == Family::Sgc {
            Matrix::Normalised(0.0)
        } else if self.averages_messages() {
            Matrix::Adjacency
        } else {
            family.definition().matrix(&self.model)
        }
    }

    /// Whether shares of entries are of all of them, self-loops included, as the authors count; else of those that can be removed.
    pub fn counts_self_loops(&self) -> bool {
        self.compat == Compat::OFFICIAL
    }

    /// Whether messages have the weight 1 in the test, and are averaged over what was there before it (docs/DIFFERENCES.md#d9).
    pub(crate) fn averages_messages(&self) -> bool {
        let is_mean = self.model.architecture == Family::Sage && self.model.aggregation == Aggregation::Mean;
        self.compat.has(Quirk::SageMessages) && is_mean
    }

    /// What this recipe's model in low precision is stored as; none where it asks for nothing, or for nothing that its network has.
    pub fn stored_as(&self) -> Option<StoredAs> {
        let entries = if self.entries_stay().is_none() { self.precision.entries } else { ValueType::F32 };
        let hops_or_layers = self.edges.mode != EdgeMode::Mass && self.model.n_graph_steps() > 0;
        let embeddings = if hops_or_layers { self.propagation.embeddings } else { Precision::F32 };
        let stored_as = StoredAs { weights: self.precision.weights, entries, embeddings };
        (stored_as != StoredAs::default()).then_some(stored_as)
    }

    /// Why entries stay 32-bit floats, whatever is asked for; none where they do not. In plain words.
    pub fn entries_stay(&self) -> Option<&'static str> {
        if self.model.n_graph_steps() == 0 {
            Some("this network propagates over no graph")
        } else if self.edges.mode == EdgeMode::Mass {
            Some("mass mode stores propagated features, no entries")
        } else if self.model.has("attention") && self.recovery.is_none() {
            Some("attention computes its coefficients anew, and recovery alone stores them")
        } else if self.model.aggregation == Aggregation::Max {
            Some("the largest value of a row does not count what entries hold")
        } else {
            None
        }
    }

    /// The recipe with its thresholds as they are after `progress` of the first half of training, `0..=1`.
    pub(crate) fn ramped(&self, ramp: Ramp, progress: f64) -> Self {
        let factor = ramp.share(progress);
        let mut recipe = self.clone();
        recipe.edges.delta.iter_mut().chain(&mut recipe.weights.delta).for_each(|d| *d *= factor);
        recipe
    }

    /// δa of graph step `step` (layer or hop, from 0).
    ///
    /// # Panics
    /// On a recipe that [`Recipe::check`] refuses.
    pub fn delta_a(&self, step: usize) -> f64 {
        per_step(&self.edges.delta, step)
    }

    /// δw of weight layer `layer`, from 0.
    ///
    /// # Panics
    /// On a recipe that [`Recipe::check`] refuses.
    pub fn delta_w(&self, layer: usize) -> f64 {
        per_step(&self.weights.delta, layer)
    }

    /// Checks that recovery goes with the rest: it follows a rule that says how many entries go, and chooses them itself.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming what it does not go with.
    pub fn check_recovery(&self) -> Result<(), EngineError> {
        let refuse = |expected: &str, found: &str| Err(EngineError::recipe("recovery", expected, found));
        let Some(rule) = &self.recovery else { return Ok(()) };
        let is_new = rule.nodes_are == NodesAre::New;
        if self.edges.mode == EdgeMode::Mass {
            refuse("edges.mode absolute, relative or target (or no recovery)", "mass")
        } else if self.edges.identity != Identity::SelfLoop {
            refuse("edges.identity self-loop (or no recovery)", "a residual identity")
        } else if self.counts_self_loops() || self.averages_messages() {
            refuse("compat clean (or no recovery)", "the authors' form")
        } else if self.edges.ranking.is_some() && rule.chooses_entries() {
            refuse("edges without a ranking (recovery.entries chooses), or recovery.masks rules", "a ranking")
        } else if !rule.chooses_entries() && (is_new || rule.train_epochs > 0) {
            refuse("masks recovery with nodes_are new and with train_epochs, which choose by themselves", "rules")
        } else if is_new && rule.distill_epochs > 0 {
            refuse("distill_epochs 0 with nodes_are new, where train_epochs train on the known nodes", "more")
        } else if is_new && matches!(rule.entries, EntryChoice::MessageNorm | EntryChoice::PerNode) {
            refuse(
                "entries omp (then by uncertainty), random or none with nodes_are new",
                "a choice by the norm of messages",
            )
        } else if rule.distill_epochs > 0 && rule.train_epochs > 0 {
            refuse("distill_epochs 0 with train_epochs, which end in the same training", "both")
        } else {
            Ok(())
        }
    }

    /// Checks that channels go with the rest: their weights are fitted anew, which recovery of nodes that are there does.
    fn check_channels(&self) -> Result<(), EngineError> {
        let Some(rule) = &self.channels else { return Ok(()) };
        rule.check()?;
        let refuse = |expected: &str, found: &str| Err(EngineError::recipe("channels", expected, found));
        if self.model.has("attention") {
            return refuse("a network without attention, which needs all channels of what it attends to", "attention");
        }
        match &self.recovery {
            None => refuse("a [recovery] section, which makes up for channels that go (--recover one-shot)", "none"),
            Some(recovery) if recovery.nodes_are == NodesAre::New => {
                refuse("nodes_are static (or no channels): what makes up for them is fitted to all nodes", "new")
            }
            Some(recovery) if recovery.train_epochs > 0 => {
                refuse("train_epochs 0 (or no channels): distill_epochs train what is left", "more")
            }
            Some(_) => Ok(()),
        }
    }

    /// Checks that entries can be decided by hand: that the recipe decides of the entries of one graph that is there.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming what it does not go with.
    pub fn check_takes_pins(&self) -> Result<(), EngineError> {
        let refuse = |expected: &str| Err(EngineError::recipe("edges.pins", expected, "entries decided by hand"));
        if self.edges.mode == EdgeMode::Mass {
            refuse("none in mass mode, where every feature has entries of its own")
        } else if self.recovery.as_ref().is_some_and(|rule| rule.nodes_are == NodesAre::New) {
            refuse("none with nodes_are new, whose entries nobody has seen")
        } else {
            Ok(())
        }
    }

    /// Refuses recovery where there is no trained model whose accuracy could be recovered; `expected` says what goes instead.
    pub(crate) fn check_without_recovery(&self, expected: &str) -> Result<(), EngineError> {
        match self.recovery {
            Some(_) => Err(EngineError::recipe("recovery", expected, "a [recovery] section")),
            None => Ok(()),
        }
    }

    /// Checks ranges and list lengths.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.format != RECIPE_FORMAT {
            return Err(EngineError::recipe("format", RECIPE_FORMAT, &self.format));
        }
        self.model.check()?;
        self.edges.check(&self.model)?;
        self.weights.check(&self.model)?;
        self.propagation.check(&self.model, self.edges.mode)?;
        self.check_recovery()?;
        self.check_channels()?;
        self.monitor.map_or(Ok(()), MonitorRule::check)?;
        if !self.edges.pins.is_empty() {
            self.check_takes_pins()?;
        }
        self.training.as_ref().map_or(Ok(()), |training| training.check(self.weights.mode))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::HopOrder;
    use crate::engine::sparsify::baselines::EdgeRanking;

    #[test]
    fn default_recipe_is_valid_and_removes_nothing() {
        let recipe = Recipe::default();
        recipe.check().expect("valid");
        assert_eq!((recipe.delta_a(1), recipe.delta_w(1)), (0.0, 0.0));
    }

    #[test]
    fn wrong_values_are_named() {
        let check = |change: fn(&mut Recipe), message: &str| {
            let mut recipe = Recipe::default();
            change(&mut recipe);
            assert_eq!(recipe.check().unwrap_err().to_string(), message);
        };
        check(
            |r| r.format = "unifews-recipe/2".into(),
            "recipe, format: expected unifews-recipe/1, found unifews-recipe/2",
        );
        check(|r| r.edges.delta = vec![0.1; 3], "recipe, edges.delta: expected 1 or 2 values, found 3 values");
        check(|r| r.weights.delta = vec![-1.0], "recipe, weights.delta: expected numbers of at least 0, found -1");
        check(|r| r.weights.delta = vec![f64::NAN], "recipe, weights.delta: expected numbers of at least 0, found NaN");
        check(
            |r| r.edges.ranking = Some(EdgeRanking::Random),
            "recipe, edges.mode: expected target with edges.ranking random, found relative",
        );
        check(
            |r| {
                r.model = Architecture::new(Family::Gat);
                r.edges.identity = Identity::ResidualLoop;
            },
            "recipe, edges.identity: expected self-loop with attention, found residual-loop",
        );
        check(
            |r| {
                let schedule = Schedule::Lottery;
                (r.weights.mode, r.training) =
                    (WeightMode::Absolute, Some(Training { schedule, ..Training::default() }));
            },
            "recipe, weights.mode: expected target with the lottery schedule, found absolute",
        );
        check(
            |r| r.edges.mode = EdgeMode::Mass,
            "recipe, edges.mode: expected mass for decoupled models only, found mass with gcn",
        );
        check(
            |r| r.propagation = HopRule { embeddings: Precision::Bf16, order: HopOrder::Rcm },
            "recipe, propagation.order: expected stored but for decoupled models, found rcm with gcn",
        );
        check(
            |r| {
                (r.model, r.edges.mode) = (Architecture::new(Family::Sgc), EdgeMode::Mass);
                r.propagation.order = HopOrder::Rcm;
            },
            "recipe, propagation: expected f32, stored in mass mode, which pushes, found f32, rcm",
        );
        check(
            |r| {
                r.edges.mode = EdgeMode::Target;
                r.edges.delta = vec![1.5];
            },
            "recipe, edges.delta: expected shares between 0 and 1 in target mode, found 1.5",
        );
    }

    fn asked(family: Family) -> Recipe {
        let mut recipe = Recipe { model: Architecture::new(family), ..Recipe::default() };
        recipe.precision = PrecisionRule { weights: ValueType::Int8, entries: ValueType::Bf16 };
        recipe
    }

    #[test]
    fn what_a_network_does_not_store_stays_as_it_is() {
        assert_eq!(Recipe::default().stored_as(), None);
        let all = asked(Family::Gcn).stored_as().expect("asked");
        assert_eq!((all.weights, all.entries), (ValueType::Int8, ValueType::Bf16));
        assert_eq!(all.to_string(), "weights int8, entries bf16");
        let mut gat = asked(Family::Gat);
        assert_eq!(gat.stored_as().map(|s| s.entries), Some(ValueType::F32));
        assert!(gat.entries_stay().is_some_and(|why| why.contains("attention")));
        gat.recovery = Some(RecoveryRule::default());
        assert_eq!(gat.stored_as().map(|s| s.entries), Some(ValueType::Bf16), "fitted coefficients are stored");
        let mut sgc = asked(Family::Sgc);
        sgc.edges.mode = EdgeMode::Mass;
        assert_eq!(sgc.stored_as().map(|s| s.to_string()).as_deref(), Some("weights int8"));
        let mut entries_alone = asked(Family::Gat);
        entries_alone.precision.weights = ValueType::F32;
        assert_eq!(entries_alone.stored_as(), None, "nothing that it has");
    }
}
