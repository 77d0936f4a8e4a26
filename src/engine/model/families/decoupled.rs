//! Decoupled families: `P = Σ_l w_l T^l X` once, then an MLP. They differ in the weights of the hops alone.
//!
//! SGC (Wu et al. 2019): the last hop. APPNP (Gasteiger et al. 2019): `α (1-α)^l`, and `(1-α)^L` for the last. GBP (Chen et al.
//! 2020) and GDC (Gasteiger et al. 2019): any weights.

use super::definition::{Definition, Shapes};
use super::mlp;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::{Architecture, HopWeights};
use crate::engine::model::params::Tensors;
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Decoupled {
    key: &'static str,
    title: &'static str,
    about: &'static str,
    settings: &'static [&'static str],
    weights: fn(&Architecture) -> HopWeights,
}

pub(super) const SGC: Decoupled = Decoupled {
    key: "sgc",
    title: "SGC",
    about: "Features are propagated over all hops once, then an MLP classifies",
    settings: &["hops", "norm_r"],
    weights: |_| HopWeights::Last,
};

pub(super) const APPNP: Decoupled = Decoupled {
    key: "appnp",
    title: "APPNP",
    about: "As SGC, and every hop teleports back to the features with probability α",
    settings: &["hops", "norm_r", "alpha"],
    weights: |_| HopWeights::Ppr,
};

pub(super) const GBP: Decoupled = Decoupled {
    key: "gbp",
    title: "GBP",
    about: "As SGC, with a weight of its own for every hop: a closed form or given numbers",
    settings: &["hops", "norm_r", "alpha", "hop_weights", "heat_time"],
    weights: |shape| shape.hop_weights.clone(),
};

impl Definition for Decoupled {
    fn key(&self) -> &'static str {
        self.key
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn settings(&self) -> &'static [&'static str] {
        self.settings
    }

    fn set_defaults(&self, shape: &mut Architecture) {
        shape.hops = 20;
        shape.act_first = true;
    }

    fn layers_propagate(&self) -> bool {
        false
    }

    fn hop_weights(&self, shape: &Architecture) -> HopWeights {
        (self.weights)(shape)
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        mlp::tensors(shape, d_in, n_classes, out);
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        // Nothing in the tensors tells these families apart; SGC is first in the registry.
        state.has("fcs.0.weight")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        mlp::infer(state, shape)
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        mlp::layer(net, l, x)
    }

    fn norms(&self) -> &'static str {
        mlp::NORMS
    }
}
