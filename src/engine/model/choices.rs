//! Settings of a network that are one of a few: what each is called, and what it does.

use serde::{Deserialize, Serialize};

use super::normalisation::Normalisation;
use crate::engine::kernels::Nonlinearity;

/// Declares a setting, its default, and one variant a line: what people call it and what it does.
macro_rules! setting {
    ($(#[$meta:meta])* $name:ident = $default:ident { $($variant:ident $title:literal $about:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $(#[doc = $about] $variant,)* }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As files spell it.
            pub fn key(self) -> String {
                match serde_json::to_value(self) {
                    Ok(serde_json::Value::String(key)) => key,
                    _ => unreachable!("a name without anything in it"),
                }
            }

            /// As people write it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What it does, in one human-readable sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

setting! {
    /// What is normalised between layers.
    Norm = Batch {
        None "none" "No normalisation",
        Batch "batch" "Every column by its running mean and variance",
        Layer "layer" "Every row by its own mean and variance (torch.nn.LayerNorm)",
        LayerGraph "layer, over the graph" "All values by their mean and deviation (LayerNorm of PyG as it is by default)",
        Graph "graph" "Every column by its variance around a trained share of its mean (GraphNorm)",
        Instance "instance" "Every column by its mean and variance over the graph at hand",
        MeanSubtraction "mean subtraction" "Every column without its mean",
        Pair "pair" "Every column without its mean, then rows of a mean square of 1 (PairNorm)",
        PairWidth "pair, times the width" "As pair, times the number of columns: what models of PyG make of norm=\"pair_norm\"",
        GraphSize "graph size" "Divided by the root of the number of nodes",
    }
}

setting! {
    /// What every value goes through between layers.
    Activation = Relu {
        None "none" "No activation",
        Relu "ReLU" "max(x, 0)",
        Elu "ELU" "x, below 0 exp(x) - 1",
        LeakyRelu "LeakyReLU" "x, below 0 0.01 x",
        Prelu "PReLU" "x, below 0 x times a trained slope",
        Gelu "GELU" "x times the normal distribution of x",
        Silu "SiLU" "x times the sigmoid of x, also called Swish",
        Tanh "tanh" "The hyperbolic tangent",
        Sigmoid "sigmoid" "1 / (1 + exp(-x))",
    }
}

setting! {
    /// Jumping knowledge: what the last transformation sees of the layers (Xu et al. 2018).
    Jumping = None {
        None "none" "The last layer makes the classes",
        Last "last" "The last layer alone, then a linear layer",
        Cat "concatenation" "All layers side by side, then a linear layer",
        Max "maximum" "The largest of all layers, place by place, then a linear layer",
        Sum "sum" "All layers added up, then a linear layer",
    }
}

setting! {
    /// What a layer passes on beside what it computes.
    Skip = None {
        None "none" "Nothing",
        Residual "residual" "Its input is added behind the activation, where it is as wide",
        ResidualBeforeActivation "residual, before the activation" "Its input is added in front of the activation, where it is as wide",
        Linear "linear" "Its input through a linear layer is added to what it computes",
        Dense "dense" "Every layer sees all representations before it, side by side",
    }
}

setting! {
    /// What stands in front of the first layer.
    InputLayer = None {
        None "none" "Nothing",
        Linear "linear" "A linear layer",
        Activated "linear, activated" "A linear layer and the activation",
    }
}

setting! {
    /// What a node takes of its neighbours (`GraphSAGE`).
    Aggregation = Mean {
        Mean "mean" "Their mean",
        Max "maximum" "Their largest value in every column",
        Sum "sum" "Their sum",
    }
}

impl Norm {
    /// The statistics it takes of the values at hand, if it takes them there.
    pub(crate) fn own(self) -> Option<Normalisation> {
        Some(match self {
            Self::None | Self::Batch => return None,
            Self::Layer => Normalisation::Layer,
            Self::LayerGraph => Normalisation::LayerGraph,
            Self::Graph => Normalisation::Graph,
            Self::Instance => Normalisation::Instance,
            Self::MeanSubtraction => Normalisation::MeanSubtraction,
            Self::Pair => Normalisation::Pair,
            Self::PairWidth => Normalisation::PairWidth,
            Self::GraphSize => Normalisation::GraphSize,
        })
    }

    /// Whether it needs all nodes at once, whatever was remembered from training.
    pub(crate) fn needs_all_nodes(self) -> bool {
        self.own().is_some_and(|own| !own.is_per_row())
    }
}

impl Activation {
    /// The function, where it is neither none nor ReLU and has no parameters.
    pub(crate) fn function(self) -> Option<Nonlinearity> {
        match self {
            Self::None | Self::Relu | Self::Prelu => None,
            Self::Elu => Some(Nonlinearity::Elu),
            Self::LeakyRelu => Some(Nonlinearity::LeakyRelu),
            Self::Gelu => Some(Nonlinearity::Gelu),
            Self::Silu => Some(Nonlinearity::Silu),
            Self::Tanh => Some(Nonlinearity::Tanh),
            Self::Sigmoid => Some(Nonlinearity::Sigmoid),
        }
    }
}
