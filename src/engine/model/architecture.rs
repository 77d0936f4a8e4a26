//! Which network: its family and the numbers that fix its shape. What a family makes of them is in `settings.rs`.

use serde::{Deserialize, Serialize};

use super::choices::{Activation, Aggregation, InputLayer, Jumping, Norm, Skip};
use super::family::Family;

/// In which order a layer propagates and transforms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// `T (H W)`: the weight test sees the layer's input, the edge test the transformed rows (`PyG`, authors' code).
    #[default]
    TransformFirst,
    /// `(T H) W`: the edge test sees the layer's input, the weight test the propagated rows (paper Algorithm 2).
    PropagateFirst,
}

/// How attention scores an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AttentionForm {
    /// `aᵀ LeakyReLU(W_l x_v + W_r x_u)` (`GATv2`, Brody et al. 2022).
    #[default]
    V2,
    /// `LeakyReLU(a_srcᵀ W x_v + a_dstᵀ W x_u)` (GAT, Veličković et al. 2018).
    V1,
}

/// How much every hop of a decoupled family counts: `P = Σ_l w_l T^l X`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HopWeights {
    /// Personalised `PageRank`: `w_l = α (1-α)^l`, and `(1-α)^L` for the last hop (APPNP).
    #[default]
    Ppr,
    /// Heat kernel: `w_l = e^(-t) t^l / l!`, `t` = `heat_time` (GDC).
    Heat,
    /// The last hop alone (SGC).
    Last,
    /// All hops alike, the features themselves included: `w_l = 1 / (L+1)` (`S²GC`).
    Mean,
    /// One number per hop, that of the features themselves first: `L + 1` of them.
    #[serde(untagged)]
    Given(Vec<f64>),
}

impl HopWeights {
    /// The weights that have a closed form.
    pub const CLOSED: [Self; 4] = [Self::Ppr, Self::Heat, Self::Last, Self::Mean];

    /// As a recipe spells it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Ppr => "ppr",
            Self::Heat => "heat",
            Self::Last => "last",
            Self::Mean => "mean",
            Self::Given(_) => "given",
        }
    }
}

/// A network's family and shape.
///
/// Settings that the family does not have keep their general default; a file that sets them to anything else is refused.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the contract names this key of [model]")]
pub struct Architecture {
    /// The family.
    pub architecture: Family,
    /// Layers with weights.
    pub layers: usize,
    /// Width between layers, over all heads.
    pub hidden: usize,
    /// Propagation steps before the MLP; decoupled families only, else 0.
    pub hops: usize,
    /// `r` in `T = D^(r-1) Ā D^(-r)`: 0.5 symmetric, 0 row-stochastic (a mean over neighbours).
    pub norm_r: f64,
    /// Order of the two steps in a layer.
    pub order: Order,
    /// What is normalised between layers. Files call batch normalisation and none `batch_norm`, as they always did.
    pub norm: Norm,
    /// What every value goes through between layers.
    pub activation: Activation,
    /// Whether the activation comes in front of the normalisation.
    pub act_first: bool,
    /// A bias in every layer.
    pub bias: bool,
    /// ReLU after the last layer too (paper Algorithm 2).
    pub final_activation: bool,
    /// Share of values dropped between layers while training.
    pub dropout: f64,
    /// Attention heads of every layer but the last; their channels share `hidden`.
    pub heads: usize,
    /// Attention heads of the last layer, averaged.
    pub out_heads: usize,
    /// How attention scores an entry.
    pub attention: AttentionForm,
    /// Attention: one transformation for sources and targets.
    pub share_weights: bool,
    /// A second weight for the node's own row.
    pub root_weight: bool,
    /// Share of the first representation (GCNII), or of teleporting (APPNP, GBP).
    pub alpha: f64,
    /// Strength of the transformation: `β_l = ln(θ/(l+1) + 1)` (GCNII).
    pub theta: f64,
    /// Jumping knowledge; all but none have a linear layer `lin` behind the last layer.
    pub jumping: Jumping,
    /// What a layer passes on beside what it computes.
    pub skip: Skip,
    /// What stands in front of the first layer.
    pub input_layer: InputLayer,
    /// What a node takes of its neighbours (`GraphSAGE`).
    pub aggregation: Aggregation,
    /// Attention: a layer's input through a weight of its own is added (`residual=True` of PyG).
    pub residual: bool,
    /// Normalisation inside of the MLP of a layer (GIN).
    pub inner_norm: Norm,
    /// How much every hop counts (GBP).
    pub hop_weights: HopWeights,
    /// `t` of the heat kernel (GBP).
    pub heat_time: f64,
}

impl Architecture {
    /// Whether normalisation and activation follow layer `l`.
    pub(crate) fn goes_on(&self, l: usize) -> bool {
        l + 1 < self.layers || self.jumping != Jumping::None
    }

    /// Whether it is made of what the authors' networks are made of, so that their rules for counting hold.
    pub(crate) fn is_of_the_authors(&self) -> bool {
        let usual = Self { norm: self.norm, ..Self::new(self.architecture) };
        matches!(self.norm, Norm::None | Norm::Batch)
            && (self.activation, self.act_first, self.jumping, self.skip, self.input_layer)
                == (usual.activation, usual.act_first, usual.jumping, usual.skip, usual.input_layer)
            && (self.aggregation, self.residual, self.inner_norm)
                == (usual.aggregation, usual.residual, usual.inner_norm)
    }

    /// `β_l = ln(θ/(l+1) + 1)`: strength of the transformation of layer `l` (GCNII).
    pub fn beta(&self, l: usize) -> f64 {
        (self.theta / (l + 1) as f64).ln_1p()
    }
}
