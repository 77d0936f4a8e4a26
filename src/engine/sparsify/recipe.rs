//! The recipe: everything that decides a result, in one struct.
//!
//! The same [`Recipe`] is behind the sliders, the undo history, the command line, the recipe file and the exported
//! production configuration. Its serialised form is the contract's `unifews-recipe/1`.

use serde::{Deserialize, Serialize};

use super::baselines::{EdgeRanking, Ramp, WeightRanking};
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::graph::{HopOrder, ReadOptions};
use crate::engine::kernels::Precision;
use crate::engine::model::{Aggregation, Architecture, Family};

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
    /// How the hops of a decoupled model follow the masks.
    #[serde(default, skip_serializing_if = "HopRule::is_default")]
    pub propagation: HopRule,
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
            propagation: HopRule::default(),
            training: None,
        }
    }
}

/// One quirk of the authors' code that the clean form does not have; see `docs/DIFFERENCES.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quirk {
    /// GAT tests `‖α‖₂ / heads · ‖x‖₂` against the mean `‖x‖₂`, not the message's norm (docs/DIFFERENCES.md#d2).
    GatEdgeRule,
    /// GAT does not renormalise attention in the layer that removes entries (docs/DIFFERENCES.md#d10).
    GatNoRenormalisation,
    /// `GraphSAGE` tests the unweighted rows, and what a layer removes still counts in its means (docs/DIFFERENCES.md#d9).
    SageMessages,
    /// GCNII's weight test looks at `(1-α) T H` and indexes its thresholds by the weight's output (docs/DIFFERENCES.md#d8).
    Gcn2ThresholdAxis,
    /// Decoupled SGC propagates over `D⁻¹Ā` whatever `norm_r` says (docs/DIFFERENCES.md#d20).
    SgcRowStochastic,
    /// Mass mode follows the C++ program: the whole-node test, the second push, limits that can grow (docs/DIFFERENCES.md#d23 to #d26).
    PushRule,
    /// The second push of [`Quirk::PushRule`] reaches farther by a random factor per node (docs/DIFFERENCES.md#d25), drawn from the recipe's seed as
    /// the C++ program draws it; without, the factor is 1.
    RandomPush,
    /// A decoupled family's scaler is always fitted anew on the pruned embedding (docs/DIFFERENCES.md#d29).
    RefitScaler,
    /// Pruning in training: validation puts the entries into validation nodes back (docs/DIFFERENCES.md#d31), and so picks another epoch.
    LockedValidation,
    /// Pruning in training: the weights of the best epoch go with the entries of the last training step (docs/DIFFERENCES.md#d32).
    LastMasks,
}

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 10] = [
        Self::GatEdgeRule,
        Self::GatNoRenormalisation,
        Self::SageMessages,
        Self::Gcn2ThresholdAxis,
        Self::SgcRowStochastic,
        Self::PushRule,
        Self::RandomPush,
        Self::RefitScaler,
        Self::LockedValidation,
        Self::LastMasks,
    ];
}

/// Clean mathematics, or what the authors' code does: `"clean"`, `"official"` (all of it), or a list of [`Quirk`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "CompatFile", into = "CompatFile")]
pub struct Compat(u16);

impl Compat {
    /// The mathematically clean form.
    pub const CLEAN: Self = Self(0);
    /// The authors' quirks, all of them.
    pub const OFFICIAL: Self = Self((1 << Quirk::ALL.len()) - 1);

    /// Whether `quirk` is on.
    pub fn has(self, quirk: Quirk) -> bool {
        self.0 & (1 << quirk as u16) != 0
    }

    /// The same with `quirk` on.
    #[must_use]
    pub fn with(self, quirk: Quirk) -> Self {
        Self(self.0 | 1 << quirk as u16)
    }

    /// The same with `quirk` off.
    #[must_use]
    pub fn without(self, quirk: Quirk) -> Self {
        Self(self.0 & !(1 << quirk as u16))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum CompatFile {
    Named(CompatName),
    List(Vec<Quirk>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum CompatName {
    Clean,
    Official,
}

impl From<CompatFile> for Compat {
    fn from(file: CompatFile) -> Self {
        match file {
            CompatFile::Named(CompatName::Clean) => Self::CLEAN,
            CompatFile::Named(CompatName::Official) => Self::OFFICIAL,
            CompatFile::List(quirks) => quirks.into_iter().fold(Self::CLEAN, Self::with),
        }
    }
}

impl From<Compat> for CompatFile {
    fn from(compat: Compat) -> Self {
        match compat {
            Compat::CLEAN => Self::Named(CompatName::Clean),
            Compat::OFFICIAL => Self::Named(CompatName::Official),
            some => Self::List(Quirk::ALL.into_iter().filter(|q| some.has(*q)).collect()),
        }
    }
}

/// How a threshold on the messages is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeMode {
    /// The number itself (paper Eq. 9).
    Absolute,
    /// Times the mean message norm of the layer's current entries (authors' code, iterative models).
    #[default]
    Relative,
    /// Per node and feature, scaled by the feature's total mass (authors' code, decoupled models).
    Mass,
    /// The share of the removable entries to remove; the threshold is found by selection.
    Target,
}

/// What a node keeps of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Its own entry `T[u,u]`, never removed. At threshold 0 this is exactly `T P`.
    #[default]
    SelfLoop,
    /// Itself with weight 1 instead of its own entry (paper Algorithm 1, line 3).
    Residual,
    /// Itself with weight 1 and its own entry too (authors' C++ propagation).
    ResidualLoop,
}

/// Which nodes keep all their incoming entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Lock {
    /// None: what is reported is what production gets.
    #[default]
    None,
    /// The validation nodes of the split.
    Val,
    /// The test nodes of the split.
    Test,
    /// The nodes listed in a file, one id per line.
    File(String),
}

impl From<String> for Lock {
    fn from(text: String) -> Self {
        match text.as_str() {
            "none" => Self::None,
            "val" => Self::Val,
            "test" => Self::Test,
            _ => Self::File(text),
        }
    }
}

impl From<Lock> for String {
    fn from(lock: Lock) -> Self {
        match lock {
            Lock::None => "none".to_owned(),
            Lock::Val => "val".to_owned(),
            Lock::Test => "test".to_owned(),
            Lock::File(path) => path,
        }
    }
}

/// The graph side of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EdgeRule {
    /// How `delta` is meant.
    #[serde(default)]
    pub mode: EdgeMode,
    /// δa: one value for all layers or hops, or one for each. For [`EdgeMode::Target`] the share of the
    /// removable entries to remove, `0..=1`.
    #[serde(default = "zero", deserialize_with = "one_or_many")]
    pub delta: Vec<f64>,
    /// What a node keeps of itself.
    #[serde(default)]
    pub identity: Identity,
    /// Which nodes keep all their incoming entries.
    #[serde(default)]
    pub lock: Lock,
    /// What entries are ranked by instead of their messages: a method that Unifews is compared with. With
    /// [`EdgeMode::Target`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<EdgeRanking>,
}

impl Default for EdgeRule {
    fn default() -> Self {
        Self {
            mode: EdgeMode::default(),
            delta: zero(),
            identity: Identity::default(),
            lock: Lock::default(),
            ranking: None,
        }
    }
}

/// How a threshold on the weights is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightMode {
    /// The number itself (paper Eq. 14).
    Absolute,
    /// Times the layer's input norm per feature (authors' code).
    #[default]
    Relative,
    /// The share of the layer's weights to remove; the threshold is found by selection.
    Target,
}

/// The weight side of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightRule {
    /// How `delta` is meant.
    #[serde(default)]
    pub mode: WeightMode,
    /// δw: one value for all layers, or one for each. For [`WeightMode::Target`] the share to remove, `0..=1`.
    #[serde(default = "zero", deserialize_with = "one_or_many")]
    pub delta: Vec<f64>,
    /// What weights are ranked by instead of their products: a method that Unifews is compared with. With
    /// [`WeightMode::Target`] only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranking: Option<WeightRanking>,
}

impl Default for WeightRule {
    fn default() -> Self {
        Self { mode: WeightMode::default(), delta: zero(), ranking: None }
    }
}

/// How the hops of a decoupled model follow masks that are decided: what that costs and how it rounds, never what is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HopRule {
    /// How embeddings are stored.
    pub embeddings: Precision,
    /// How their nodes are ordered in memory.
    pub order: HopOrder,
}

impl HopRule {
    /// Whether hops go as they are decided.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether training prunes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Nothing is removed while training.
    #[default]
    Dense,
    /// Masks are recomputed in every step; in the second half of the epochs weight masks only grow (the paper's).
    During,
    /// Train, remove a part of the weights, go back to the initial values of the others, and again (Frankle and Carbin, ICLR
    /// 2019; for graphs: Chen et al., ICML 2021). Entries of the graph go as in [`Schedule::During`].
    Lottery,
}

/// How a model is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Training {
    /// Passes over the training nodes.
    pub epochs: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// L2 penalty added to the gradient, as PyTorch's Adam does.
    pub weight_decay: f64,
    /// Whether training prunes.
    pub schedule: Schedule,
    /// Training nodes per step, models that do not walk the graph between layers only; 0 = all at once.
    pub batch_size: usize,
    /// Epochs without a better validation accuracy after which the step size is halved.
    pub patience: usize,
    /// How the thresholds grow over the first half of the epochs.
    pub ramp: Ramp,
    /// [`Schedule::Lottery`]: how often weights are removed and the others set back.
    pub rounds: usize,
}

impl Default for Training {
    fn default() -> Self {
        Self {
            epochs: 200,
            learning_rate: 1e-3,
            weight_decay: 1e-5,
            schedule: Schedule::Dense,
            batch_size: 0,
            patience: 15,
            ramp: Ramp::Constant,
            rounds: 3,
        }
    }
}

impl Training {
    /// The authors' settings for a family of models.
    pub fn official(family: Family) -> Self {
        if family.is_trained_in_batches() {
            Self { learning_rate: 1e-2, batch_size: 512, ..Self::default() }
        } else {
            Self::default()
        }
    }
}

fn zero() -> Vec<f64> {
    vec![0.0]
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(f64),
        Many(Vec<f64>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    })
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

    /// Checks ranges and list lengths.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key, what is allowed and what was given.
    pub fn check(&self) -> Result<(), EngineError> {
        if self.format != RECIPE_FORMAT {
            return Err(EngineError::recipe("format", RECIPE_FORMAT, &self.format));
        }
        self.model.check()?;
        let edges_share = self.edges.mode == EdgeMode::Target;
        check_deltas("edges.delta", &self.edges.delta, self.model.n_graph_steps(), edges_share)?;
        let weights_share = self.weights.mode == WeightMode::Target;
        check_deltas("weights.delta", &self.weights.delta, self.model.layers, weights_share)?;
        if self.edges.mode == EdgeMode::Mass {
            if !self.model.is_decoupled() {
                let found = format!("mass with {}", self.model.architecture.key());
                return Err(EngineError::recipe("edges.mode", "mass for decoupled models only", found));
            }
            if self.edges.lock != Lock::None {
                return Err(EngineError::recipe(
                    "edges.lock",
                    "none in mass mode",
                    String::from(self.edges.lock.clone()),
                ));
            }
            if !self.propagation.is_default() {
                let HopRule { embeddings, order } = self.propagation;
                let found = format!("{}, {}", embeddings.key(), order.key());
                return Err(EngineError::recipe("propagation", "f32, stored in mass mode, which pushes", found));
            }
        }
        if !self.propagation.is_default() && !self.model.is_decoupled() {
            let HopRule { embeddings, order } = self.propagation;
            let found = format!("{}, {} with {}", embeddings.key(), order.key(), self.model.architecture.key());
            return Err(EngineError::recipe("propagation", "f32, stored but for decoupled models", found));
        }
        if self.model.has("attention") && self.edges.identity != Identity::SelfLoop {
            return Err(EngineError::recipe("edges.identity", "self-loop with attention", "another form"));
        }
        if self.model.aggregation == Aggregation::Max && self.edges.identity != Identity::SelfLoop {
            return Err(EngineError::recipe(
                "edges.identity",
                "self-loop with the maximum of the neighbours",
                "another form",
            ));
        }
        if let Some(ranking) = self.edges.ranking
            && self.edges.mode != EdgeMode::Target
        {
            let expected = format!("target with edges.ranking {}", ranking.key());
            return Err(EngineError::recipe("edges.mode", expected, "another mode"));
        }
        if let Some(ranking) = self.weights.ranking {
            if self.weights.mode != WeightMode::Target {
                let expected = format!("target with weights.ranking {}", ranking.key());
                return Err(EngineError::recipe("weights.mode", expected, "another mode"));
            }
            if ranking == WeightRanking::MagnitudeGlobal && self.weights.delta.len() != 1 {
                let found = format!("{} values", self.weights.delta.len());
                return Err(EngineError::recipe("weights.delta", "one value for a ranking over all layers", found));
            }
        }
        let Some(training) = &self.training else { return Ok(()) };
        if training.schedule == Schedule::Lottery {
            if self.weights.mode != WeightMode::Target {
                return Err(EngineError::recipe("weights.mode", "target with the lottery schedule", "another mode"));
            }
            if !(1..=64).contains(&training.rounds) {
                return Err(EngineError::recipe("training.rounds", "1 to 64", training.rounds));
            }
        }
        if training.epochs == 0 {
            return Err(EngineError::recipe("training.epochs", "at least 1", 0));
        }
        for (field, value) in
            [("training.learning_rate", training.learning_rate), ("training.weight_decay", training.weight_decay)]
        {
            if !(value.is_finite() && value >= 0.0) {
                return Err(EngineError::recipe(field, "a number of at least 0", value));
            }
        }
        Ok(())
    }
}

fn per_step(deltas: &[f64], step: usize) -> f64 {
    if deltas.len() == 1 { deltas[0] } else { deltas[step] }
}

fn check_deltas(field: &str, deltas: &[f64], n_steps: usize, is_share: bool) -> Result<(), EngineError> {
    if deltas.len() != 1 && deltas.len() != n_steps {
        return Err(EngineError::recipe(field, format!("1 or {n_steps} values"), format!("{} values", deltas.len())));
    }
    for &delta in deltas {
        if !(delta.is_finite() && delta >= 0.0) {
            return Err(EngineError::recipe(field, "numbers of at least 0", delta));
        }
        if is_share && delta > 1.0 {
            return Err(EngineError::recipe(field, "shares between 0 and 1 in target mode", delta));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            |r| r.edges.mode = EdgeMode::Mass,
            "recipe, edges.mode: expected mass for decoupled models only, found mass with gcn",
        );
        check(
            |r| r.propagation.embeddings = Precision::Bf16,
            "recipe, propagation: expected f32, stored but for decoupled models, found bf16, stored with gcn",
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
}
