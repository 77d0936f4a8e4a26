//! A plain MLP on the features: `H' = H W + b`. What a model owes to the graph is what it has above this one.

use super::definition::{Definition, Shapes, norm_of, plain_widths, slopes_of};
use crate::engine::error::EngineError;
use crate::engine::model::architecture::Architecture;
use crate::engine::model::choices::Activation;
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Mlp;

/// What the names of its normalisations begin with.
pub(super) const NORMS: &str = "bns";

/// The tensors of an MLP under the authors' names (`archs/models.py:270-330`).
pub(super) fn tensors(shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
    for l in 0..shape.layers {
        let (from, to) = plain_widths(shape, l, d_in, n_classes);
        out.weight(&format!("fcs.{l}"), l, (from, to), Init::FanIn(from));
        if shape.bias {
            out.bias(&format!("fcs.{l}"), to, Init::FanIn(from));
        }
        if l + 1 < shape.layers {
            out.norm(shape.norm, &format!("{NORMS}.{l}"), to);
            if shape.activation == Activation::Prelu {
                out.slopes(&format!("acts.{l}"), to);
            }
        }
    }
}

pub(super) fn infer(state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
    let weight = |l: usize| format!("fcs.{l}.weight");
    let d_in = state.size(&weight(0), 1)?;
    shape.layers = state.count(weight);
    let n_classes = state.size(&weight(shape.layers - 1), 0)?;
    if shape.layers > 1 {
        shape.hidden = state.size(&weight(0), 0)?;
        shape.norm = norm_of(state, "bns.0", shape.norm);
        shape.activation = slopes_of(state, "acts.0", shape.activation);
    }
    shape.bias = state.has("fcs.0.bias");
    Ok((d_in, n_classes))
}

pub(super) fn layer(net: &mut Tracer<'_>, l: usize, x: Value) -> Value {
    net.linear(&format!("fcs.{l}"), x)
}

impl Definition for Mlp {
    fn key(&self) -> &'static str {
        "mlp"
    }

    fn title(&self) -> &'static str {
        "MLP"
    }

    fn about(&self) -> &'static str {
        "Features alone, no graph: the bound that the graph has to beat"
    }

    fn settings(&self) -> &'static [&'static str] {
        &[]
    }

    fn set_defaults(&self, shape: &mut Architecture) {
        shape.act_first = true;
    }

    fn layers_propagate(&self) -> bool {
        false
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        tensors(shape, d_in, n_classes, out);
    }

    fn recognises(&self, _: Shapes<'_>) -> bool {
        // Its tensors are named like those of the decoupled families, which are the likelier ones.
        false
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        infer(state, shape)
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        layer(net, l, x)
    }

    fn norms(&self) -> &'static str {
        NORMS
    }
}
