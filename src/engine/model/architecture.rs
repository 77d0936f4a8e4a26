//! Which network: its family and the numbers that fix its shape.

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;

/// A family of networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Graph convolutional network: every layer transforms and propagates.
    #[default]
    Gcn,
    /// Simple graph convolution: features are propagated over `hops` once, then an MLP classifies.
    Sgc,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 2] = [Self::Gcn, Self::Sgc];

    /// As the contract spells it, for example `gcn`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Gcn => "gcn",
            Self::Sgc => "sgc",
        }
    }

    /// As people write it, for example `GCN`.
    pub fn title(self) -> &'static str {
        match self {
            Self::Gcn => "GCN",
            Self::Sgc => "SGC",
        }
    }
}

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

/// A network's family and shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "ArchitectureFile", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the contract names this key of [model]")]
pub struct Architecture {
    /// The family.
    pub architecture: Family,
    /// Layers with weights.
    pub layers: usize,
    /// Width between layers.
    pub hidden: usize,
    /// Propagation steps before the MLP; decoupled families only, else 0.
    pub hops: usize,
    /// `r` in `T = D^(r-1) Ā D^(-r)`: 0.5 symmetric, 0 row-stochastic.
    pub norm_r: f64,
    /// Order of the two steps in a layer; iterative families only.
    pub order: Order,
    /// Batch normalisation between layers.
    pub batch_norm: bool,
    /// A bias in every layer.
    pub bias: bool,
    /// ReLU after the last layer too (paper Algorithm 2).
    pub final_activation: bool,
    /// Share of values dropped between layers while training.
    pub dropout: f64,
}

/// As written in a file: what is left out takes the family's default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArchitectureFile {
    #[serde(default)]
    architecture: Family,
    layers: Option<usize>,
    hidden: Option<usize>,
    hops: Option<usize>,
    norm_r: Option<f64>,
    order: Option<Order>,
    batch_norm: Option<bool>,
    bias: Option<bool>,
    final_activation: Option<bool>,
    dropout: Option<f64>,
}

impl From<ArchitectureFile> for Architecture {
    fn from(file: ArchitectureFile) -> Self {
        let defaults = Self::new(file.architecture);
        Self {
            architecture: file.architecture,
            layers: file.layers.unwrap_or(defaults.layers),
            hidden: file.hidden.unwrap_or(defaults.hidden),
            hops: file.hops.unwrap_or(defaults.hops),
            norm_r: file.norm_r.unwrap_or(defaults.norm_r),
            order: file.order.unwrap_or(defaults.order),
            batch_norm: file.batch_norm.unwrap_or(defaults.batch_norm),
            bias: file.bias.unwrap_or(defaults.bias),
            final_activation: file.final_activation.unwrap_or(defaults.final_activation),
            dropout: file.dropout.unwrap_or(defaults.dropout),
        }
    }
}

impl Default for Architecture {
    fn default() -> Self {
        Self::new(Family::default())
    }
}

impl Architecture {
    /// The family with the authors' defaults (2 layers, hidden 512; SGC over 20 hops).
    pub fn new(architecture: Family) -> Self {
        Self {
            architecture,
            layers: 2,
            hidden: 512,
            hops: if architecture == Family::Sgc { 20 } else { 0 },
            norm_r: 0.5,
            order: Order::default(),
            batch_norm: true,
            bias: true,
            final_activation: false,
            dropout: 0.5,
        }
    }

    /// Whether features are propagated once, before the first weight.
    pub fn is_decoupled(&self) -> bool {
        self.architecture == Family::Sgc
    }

    /// How many times the graph is walked: hops, or layers.
    pub fn n_graph_steps(&self) -> usize {
        if self.is_decoupled() { self.hops } else { self.layers }
    }

    /// Input and output width of weight layer `layer`.
    pub fn layer_widths(&self, layer: usize, d_in: usize, n_classes: usize) -> (usize, usize) {
        let from = if layer == 0 { d_in } else { self.hidden };
        let to = if layer + 1 == self.layers { n_classes } else { self.hidden };
        (from, to)
    }

    /// For titles, for example `GCN 1433-512-7`.
    pub fn title(&self, d_in: usize, n_classes: usize) -> String {
        let widths = (0..self.layers).map(|layer| self.layer_widths(layer, d_in, n_classes).1.to_string());
        let widths: Vec<String> = std::iter::once(d_in.to_string()).chain(widths).collect();
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
        if self.is_decoupled() {
            in_range("model.hops", self.hops, 1, 250)?;
        } else if self.hops != 0 {
            return Err(EngineError::recipe("model.hops", "0 for an iterative family", self.hops));
        }
        if !(0.0..=1.0).contains(&self.norm_r) {
            return Err(EngineError::recipe("model.norm_r", "0 to 1", self.norm_r));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(EngineError::recipe("model.dropout", "at least 0 and below 1", self.dropout));
        }
        Ok(())
    }
}
