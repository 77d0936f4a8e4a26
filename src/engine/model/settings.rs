//! What a family makes of an architecture: its defaults, the settings it has, their ranges, and how they stand in a file.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::architecture::{Architecture, AttentionForm, HopWeights, Order};
use super::family::Family;
use crate::engine::error::EngineError;

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

        impl From<&Architecture> for ArchitectureFile {
            fn from(shape: &Architecture) -> Self {
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

impl Serialize for Architecture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ArchitectureFile::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Architecture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(ArchitectureFile::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

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
