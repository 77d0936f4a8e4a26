//! Which network: its family and the numbers that fix its shape.

use serde::{Deserialize, Serialize};

use super::families::Family;
use crate::engine::error::EngineError;

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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ArchitectureFile", into = "ArchitectureFile")]
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
    /// Batch normalisation between layers.
    pub batch_norm: bool,
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
    /// How much every hop counts (GBP).
    pub hop_weights: HopWeights,
    /// `t` of the heat kernel (GBP).
    pub heat_time: f64,
}

/// Declares the file's form: what is left out takes the family's default, what the family does not have is not written.
macro_rules! architecture_file {
    ($($field:ident: $type:ty,)*) => {
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ArchitectureFile {
            #[serde(default)]
            architecture: Family,
            $(#[serde(default, skip_serializing_if = "Option::is_none")]
            $field: Option<$type>,)*
        }

        impl TryFrom<ArchitectureFile> for Architecture {
            type Error = EngineError;

            fn try_from(file: ArchitectureFile) -> Result<Self, EngineError> {
                let mut shape = Self::new(file.architecture);
                $(if let Some(value) = file.$field {
                    if !shape.has(stringify!($field)) && format!("{value:?}") != format!("{:?}", shape.$field) {
                        return Err(EngineError::recipe(
                            concat!("model.", stringify!($field)),
                            format!("no such setting with {}", file.architecture.key()),
                            format!("{value:?}"),
                        ));
                    }
                    shape.$field = value;
                })*
                Ok(shape)
            }
        }

        impl From<Architecture> for ArchitectureFile {
            fn from(shape: Architecture) -> Self {
                Self {
                    architecture: shape.architecture,
                    $($field: shape.has(stringify!($field)).then(|| shape.$field.clone()),)*
                }
            }
        }
    };
}

architecture_file! {
    layers: usize,
    hidden: usize,
    hops: usize,
    norm_r: f64,
    order: Order,
    batch_norm: bool,
    bias: bool,
    final_activation: bool,
    dropout: f64,
    heads: usize,
    out_heads: usize,
    attention: AttentionForm,
    share_weights: bool,
    root_weight: bool,
    alpha: f64,
    theta: f64,
    hop_weights: HopWeights,
    heat_time: f64,
}

/// Settings that every family has.
const GENERAL: [&str; 5] = ["layers", "hidden", "batch_norm", "bias", "dropout"];

impl Default for Architecture {
    fn default() -> Self {
        Self::new(Family::default())
    }
}

impl Architecture {
    /// The family with the authors' defaults: 2 layers, hidden 512, and what the family sets otherwise.
    pub fn new(architecture: Family) -> Self {
        let mut shape = Self {
            architecture,
            layers: 2,
            hidden: 512,
            hops: 0,
            norm_r: 0.5,
            order: Order::default(),
            batch_norm: true,
            bias: true,
            final_activation: false,
            dropout: 0.5,
            heads: 1,
            out_heads: 1,
            attention: AttentionForm::default(),
            share_weights: false,
            root_weight: false,
            alpha: 0.1,
            theta: 0.5,
            hop_weights: HopWeights::default(),
            heat_time: 4.0,
        };
        architecture.definition().set_defaults(&mut shape);
        shape
    }

    /// Whether the family has setting `name` (a field of this struct), for example `heads`.
    pub fn has(&self, name: &str) -> bool {
        GENERAL.contains(&name) || self.architecture.definition().settings().contains(&name)
    }

    /// Whether features are propagated once, before the first weight.
    pub fn is_decoupled(&self) -> bool {
        self.has("hops")
    }

    /// How many times the graph is walked: hops, or layers; 0 for a family that walks none.
    pub fn n_graph_steps(&self) -> usize {
        if self.is_decoupled() {
            self.hops
        } else if self.architecture.definition().walks_graph() {
            self.layers
        } else {
            0
        }
    }

    /// Input and output width of layer `layer`.
    pub fn layer_widths(&self, layer: usize, d_in: usize, n_classes: usize) -> (usize, usize) {
        self.architecture.definition().layer_widths(self, layer, d_in, n_classes)
    }

    /// `β_l = ln(θ/(l+1) + 1)`: strength of the transformation of layer `l` (GCNII).
    pub fn beta(&self, l: usize) -> f64 {
        (self.theta / (l + 1) as f64).ln_1p()
    }

    /// `w_0 … w_L`: how much the features and every hop count in a decoupled family.
    pub fn hop_weights(&self) -> Vec<f64> {
        let last = self.hops;
        let weights = self.architecture.definition().hop_weights(self);
        match weights {
            HopWeights::Given(weights) => weights,
            HopWeights::Last => (0..=last).map(|l| f64::from(u8::from(l == last))).collect(),
            HopWeights::Mean => vec![1.0 / (last + 1) as f64; last + 1],
            HopWeights::Ppr => {
                let powers = std::iter::successors(Some(1.0), |power| Some(power * (1.0 - self.alpha)));
                powers.take(last + 1).enumerate().map(|(l, p)| if l == last { p } else { self.alpha * p }).collect()
            }
            HopWeights::Heat => {
                let mut term = (-self.heat_time).exp();
                (0..=last)
                    .map(|l| {
                        let weight = term;
                        term *= self.heat_time / (l + 1) as f64;
                        weight
                    })
                    .collect()
            }
        }
    }

    /// For titles, for example `GCN 1433-512-7`.
    pub fn title(&self, d_in: usize, n_classes: usize) -> String {
        let widths = (0..self.layers).map(|layer| self.layer_widths(layer, d_in, n_classes).1.to_string());
        let mut widths: Vec<String> = std::iter::once(d_in.to_string()).chain(widths).collect();
        // A transformation behind the last layer makes the classes.
        if widths.last() != Some(&n_classes.to_string()) {
            widths.push(n_classes.to_string());
        }
        format!("{} {}", self.architecture.title(), widths.join("-"))
    }

    /// Checks ranges.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming the key.
    pub fn check(&self) -> Result<(), EngineError> {
        let in_range = |field: &str, value: usize, from: usize, to: usize| {
            if (from..=to).contains(&value) {
                Ok(())
            } else {
                Err(EngineError::recipe(field, format!("{from} to {to}"), value))
            }
        };
        in_range("model.layers", self.layers, 1, 64)?;
        in_range("model.hidden", self.hidden, 1, 65_536)?;
        in_range("model.heads", self.heads, 1, 64)?;
        in_range("model.out_heads", self.out_heads, 1, 64)?;
        if self.is_decoupled() {
            in_range("model.hops", self.hops, 1, 250)?;
        } else if self.hops != 0 {
            return Err(EngineError::recipe("model.hops", "0 for an iterative family", self.hops));
        }
        let share = |field: &str, value: f64| {
            if (0.0..=1.0).contains(&value) { Ok(()) } else { Err(EngineError::recipe(field, "0 to 1", value)) }
        };
        share("model.norm_r", self.norm_r)?;
        share("model.alpha", self.alpha)?;
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(EngineError::recipe("model.dropout", "at least 0 and below 1", self.dropout));
        }
        for (field, value) in [("model.theta", self.theta), ("model.heat_time", self.heat_time)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(EngineError::recipe(field, "a number of at least 0", value));
            }
        }
        if self.heads > 1 && !self.hidden.is_multiple_of(self.heads) {
            let expected = format!("a divisor of hidden ({})", self.hidden);
            return Err(EngineError::recipe("model.heads", expected, self.heads));
        }
        if let HopWeights::Given(weights) = &self.hop_weights {
            if weights.len() != self.hops + 1 {
                let expected = format!("{} numbers (features and every hop)", self.hops + 1);
                return Err(EngineError::recipe("model.hop_weights", expected, weights.len()));
            }
            if let Some(wrong) = weights.iter().find(|w| !w.is_finite()) {
                return Err(EngineError::recipe("model.hop_weights", "finite numbers", wrong));
            }
        }
        Ok(())
    }
}
