//! What a family makes of an architecture: its defaults, the settings it has, their ranges, and how they stand in a file.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::architecture::{Architecture, AttentionForm, HopWeights, Order};
use super::choices::{Activation, Aggregation, InputLayer, Jumping, Norm, Skip};
use super::family::Family;
use crate::engine::error::EngineError;

/// Declares the file's form: what is left out takes the family's default, what the family does not have is not written. Of the settings
/// that came later, those are written that differ from the default, so that earlier programs read all networks that they know.
macro_rules! architecture_file {
    (
        { $($first:ident: $first_type:ty,)* } norm
        { $($field:ident: $type:ty,)* }
        later { $($later:ident: $later_type:ty,)* }
    ) => {
        #[derive(Debug, Clone, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ArchitectureFile {
            #[serde(default)]
            architecture: Family,
            $(#[serde(default, skip_serializing_if = "Option::is_none")]
            $first: Option<$first_type>,)*
            /// Batch normalisation or none, as files always called it; any other is `norm`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            batch_norm: Option<bool>,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            norm: Option<Norm>,
            $(#[serde(default, skip_serializing_if = "Option::is_none")]
            $field: Option<$type>,)*
            $(#[serde(default, skip_serializing_if = "Option::is_none")]
            $later: Option<$later_type>,)*
        }

        impl ArchitectureFile {
            fn apply(self, shape: &mut Architecture) -> Result<(), EngineError> {
                $(if let Some(value) = self.$first {
                    shape.refuse_strange(stringify!($first), &value, &shape.$first)?;
                    shape.$first = value;
                })*
                $(if let Some(value) = self.$field {
                    shape.refuse_strange(stringify!($field), &value, &shape.$field)?;
                    shape.$field = value;
                })*
                $(if let Some(value) = self.$later {
                    shape.refuse_strange(stringify!($later), &value, &shape.$later)?;
                    shape.$later = value;
                })*
                Ok(())
            }
        }

        impl From<&Architecture> for ArchitectureFile {
            fn from(shape: &Architecture) -> Self {
                let usual = Architecture::new(shape.architecture);
                Self {
                    architecture: shape.architecture,
                    $($first: shape.has(stringify!($first)).then(|| shape.$first.clone()),)*
                    batch_norm: match shape.norm {
                        Norm::None => Some(false),
                        Norm::Batch => Some(true),
                        _ => None,
                    },
                    norm: Some(shape.norm).filter(|norm| !matches!(norm, Norm::None | Norm::Batch)),
                    $($field: shape.has(stringify!($field)).then(|| shape.$field.clone()),)*
                    $($later: (shape.has(stringify!($later)) && shape.$later != usual.$later).then(|| shape.$later),)*
                }
            }
        }
    };
}

architecture_file! {
    {
        layers: usize,
        hidden: usize,
        hops: usize,
        norm_r: f64,
        order: Order,
    }
    norm
    {
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
    later {
        activation: Activation,
        act_first: bool,
        jumping: Jumping,
        skip: Skip,
        input_layer: InputLayer,
        aggregation: Aggregation,
        residual: bool,
        inner_norm: Norm,
    }
}

/// Settings that every family has.
const GENERAL: [&str; 7] = ["layers", "hidden", "norm", "activation", "act_first", "bias", "dropout"];

impl TryFrom<ArchitectureFile> for Architecture {
    type Error = EngineError;

    fn try_from(file: ArchitectureFile) -> Result<Self, EngineError> {
        let mut shape = Self::new(file.architecture);
        shape.norm = match (file.norm, file.batch_norm) {
            (Some(norm), Some(is_batch)) if is_batch != (norm == Norm::Batch) => {
                let expected = format!("{} beside model.norm", norm == Norm::Batch);
                return Err(EngineError::recipe("model.batch_norm", expected, is_batch));
            }
            (Some(norm), _) => norm,
            (None, Some(true)) => Norm::Batch,
            (None, Some(false)) => Norm::None,
            (None, None) => shape.norm,
        };
        file.apply(&mut shape)?;
        Ok(shape)
    }
}

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
            norm: Norm::default(),
            activation: Activation::default(),
            act_first: false,
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
            jumping: Jumping::default(),
            skip: Skip::default(),
            input_layer: InputLayer::default(),
            aggregation: Aggregation::default(),
            residual: false,
            inner_norm: Norm::None,
            hop_weights: HopWeights::default(),
            heat_time: 4.0,
        };
        architecture.definition().set_defaults(&mut shape);
        shape
    }

    /// Refuses a value that the family has no use for.
    fn refuse_strange<T: std::fmt::Debug + PartialEq>(
        &self,
        name: &str,
        value: &T,
        usual: &T,
    ) -> Result<(), EngineError> {
        if self.has(name) || value == usual {
            return Ok(());
        }
        let expected = format!("no such setting with {}", self.architecture.key());
        Err(EngineError::recipe(format!("model.{name}"), expected, format!("{value:?}")))
    }

    /// The same network with `value` for setting `name`, both as files spell them.
    ///
    /// # Errors
    /// [`EngineError::Recipe`] naming what there is instead.
    pub fn with_setting(&self, name: &str, value: &str) -> Result<Self, EngineError> {
        let refused = |expected: String, found: &str| EngineError::recipe(format!("model.{name}"), expected, found);
        if !self.has(name) {
            let settings = self.architecture.definition().settings();
            let known = GENERAL.iter().chain(settings).copied().collect::<Vec<_>>().join(", ");
            return Err(EngineError::recipe(
                "model",
                format!("a setting of {} ({known})", self.architecture.key()),
                name,
            ));
        }
        let Ok(serde_json::Value::Object(mut file)) = serde_json::to_value(self) else {
            unreachable!("a network is a table of its settings")
        };
        // Words are themselves; numbers, switches and lists are written as JSON writes them.
        let parsed = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
        if name == "norm" {
            file.remove("batch_norm");
        }
        file.insert(name.to_owned(), parsed);
        let shape: Self = serde_json::from_value(file.into()).map_err(|error| {
            // Serde says what it expected, too; the value stands at the end.
            let text = error.to_string();
            let expected = text.split_once("expected ").map_or(text.as_str(), |(_, expected)| expected);
            refused(expected.replace('`', ""), value)
        })?;
        shape.check()?;
        Ok(shape)
    }

    /// The value of setting `name`, as files spell it; empty for one that there is not.
    pub fn setting(&self, name: &str) -> String {
        let text = |shape: &Self| match serde_json::to_value(shape) {
            Ok(serde_json::Value::Object(fields)) => {
                fields.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }
            _ => None,
        };
        match name {
            "norm" => self.norm.key(),
            "activation" => self.activation.key(),
            "act_first" => self.act_first.to_string(),
            "jumping" => self.jumping.key(),
            "skip" => self.skip.key(),
            "input_layer" => self.input_layer.key(),
            "aggregation" => self.aggregation.key(),
            "residual" => self.residual.to_string(),
            "inner_norm" => self.inner_norm.key(),
            _ => text(self).unwrap_or_default(),
        }
    }

    /// The first setting in which `other` differs, with the value here and there, as files spell them.
    pub(crate) fn first_difference(&self, other: &Self) -> Option<(String, String, String)> {
        let settings = self.architecture.definition().settings();
        let name = GENERAL.iter().chain(settings).find(|name| self.setting(name) != other.setting(name))?;
        Some(((*name).to_owned(), self.setting(name), other.setting(name)))
    }

    /// Whether the family has setting `name` (a field of this struct), for example `heads`.
    pub fn has(&self, name: &str) -> bool {
        GENERAL.contains(&name) || self.architecture.definition().settings().contains(&name)
    }

    /// Whether features are propagated once, before the first weight.
    pub fn is_decoupled(&self) -> bool {
        self.has("hops")
    }

    /// How many times the network propagates over the graph: hops, or layers; 0 for a family that never does.
    pub fn n_graph_steps(&self) -> usize {
        if self.is_decoupled() {
            self.hops
        } else if self.architecture.definition().layers_propagate() {
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
        let propagates = self.architecture.definition().layers_propagate();
        if !propagates && self.norm.needs_all_nodes() {
            let expected = "none, batch or layer for a family whose layers see no other node";
            return Err(EngineError::recipe("model.norm", expected, self.norm.title()));
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
