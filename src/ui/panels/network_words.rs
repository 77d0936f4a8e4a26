//! Keys of the words of networks: of the name of a choice, and of what it does.

use crate::engine::model::{Activation, Aggregation, Family, HopWeights, InputLayer, Jumping, Norm, Order, Skip};

/// Of a normalisation.
pub(super) fn norm_key(norm: Norm) -> &'static str {
    match norm {
        Norm::None => "training-norm-none",
        Norm::Batch => "training-norm-batch",
        Norm::Layer => "training-norm-layer",
        Norm::LayerGraph => "training-norm-layer-graph",
        Norm::Graph => "training-norm-graph",
        Norm::Instance => "training-norm-instance",
        Norm::MeanSubtraction => "training-norm-mean-subtraction",
        Norm::Pair => "training-norm-pair",
        Norm::PairWidth => "training-norm-pair-width",
        Norm::GraphSize => "training-norm-graph-size",
    }
}

/// Of an activation.
pub(super) fn activation_key(activation: Activation) -> &'static str {
    match activation {
        Activation::None => "training-activation-none",
        Activation::Relu => "training-activation-relu",
        Activation::Elu => "training-activation-elu",
        Activation::LeakyRelu => "training-activation-leaky-relu",
        Activation::Prelu => "training-activation-prelu",
        Activation::Gelu => "training-activation-gelu",
        Activation::Silu => "training-activation-silu",
        Activation::Tanh => "training-activation-tanh",
        Activation::Sigmoid => "training-activation-sigmoid",
    }
}

/// Of an aggregation.
pub(super) fn aggregation_key(aggregation: Aggregation) -> &'static str {
    match aggregation {
        Aggregation::Mean => "training-aggregation-mean",
        Aggregation::Max => "training-aggregation-max",
        Aggregation::Sum => "training-aggregation-sum",
    }
}

/// Of a layer in front of the first.
pub(super) fn input_layer_key(layer: InputLayer) -> &'static str {
    match layer {
        InputLayer::None => "training-input-layer-none",
        InputLayer::Linear => "training-input-layer-linear",
        InputLayer::Activated => "training-input-layer-activated",
    }
}

/// Of skip connections.
pub(super) fn skip_key(skip: Skip) -> &'static str {
    match skip {
        Skip::None => "training-skip-none",
        Skip::Residual => "training-skip-residual",
        Skip::ResidualBeforeActivation => "training-skip-residual-before",
        Skip::Linear => "training-skip-linear",
        Skip::Dense => "training-skip-dense",
    }
}

/// Of jumping knowledge.
pub(super) fn jumping_key(jumping: Jumping) -> &'static str {
    match jumping {
        Jumping::None => "training-jumping-none",
        Jumping::Last => "training-jumping-last",
        Jumping::Cat => "training-jumping-cat",
        Jumping::Max => "training-jumping-max",
        Jumping::Sum => "training-jumping-sum",
    }
}

/// Of the order of a layer's two steps.
pub(super) fn order_key(order: Order) -> &'static str {
    match order {
        Order::TransformFirst => "training-order-transform",
        Order::PropagateFirst => "training-order-propagate",
    }
}

/// Of the weights of hops.
pub(super) fn hop_weights_key(weights: &HopWeights) -> &'static str {
    match weights {
        HopWeights::Ppr => "training-hop-weights-ppr",
        HopWeights::Heat => "training-hop-weights-heat",
        HopWeights::Last => "training-hop-weights-last",
        HopWeights::Mean => "training-hop-weights-mean",
        HopWeights::Given(_) => "training-hop-weights-given",
    }
}

/// Of what a family is.
pub(super) fn family_key(family: Family) -> &'static str {
    match family {
        Family::Gcn => "training-family-gcn",
        Family::Gat => "training-family-gat",
        Family::Sage => "training-family-sage",
        Family::Gcn2 => "training-family-gcn2",
        Family::Gin => "training-family-gin",
        Family::Mlp => "training-family-mlp",
        Family::Sgc => "training-family-sgc",
        Family::Appnp => "training-family-appnp",
        Family::Gbp => "training-family-gbp",
    }
}
