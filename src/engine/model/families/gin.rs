//! GIN: `H' = MLP((1+ε) H[u] + Σ_v H[v])`, an MLP of two layers (Xu et al. 2019; PyG's `GINConv` with its `MLP`).
//!
//! The sum goes over the stored entries with value 1, a stored self-loop like any other; ε is a fixed factor of the model, 0 when fresh.

use super::definition::{
    Definition, Shapes, infer_around, norm_of, plain_widths, slopes_of, tensors_after, tensors_before, tensors_behind,
};
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::Architecture;
use crate::engine::model::choices::Activation;
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::program::Coefficient;
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Gin;

fn lin(l: usize, at: usize) -> String {
    format!("convs.{l}.nn.lins.{at}")
}

/// The normalisation between the two linear layers of layer `l`.
fn inner_norm(l: usize) -> String {
    format!("convs.{l}.nn.norms.0")
}

fn inner_slopes(l: usize) -> String {
    format!("convs.{l}.nn.act")
}

impl Definition for Gin {
    fn key(&self) -> &'static str {
        "gin"
    }

    fn title(&self) -> &'static str {
        "GIN"
    }

    fn about(&self) -> &'static str {
        "The sum of the neighbours and the node itself, then an MLP in every layer"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["inner_norm", "jumping", "skip", "input_layer"]
    }

    fn matrix(&self, _: &Architecture) -> Matrix {
        Matrix::Adjacency
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        tensors_before(shape, d_in, out);
        for l in 0..shape.layers {
            let (from, to) = plain_widths(shape, l, d_in, n_classes);
            out.factor(&format!("convs.{l}.eps"), 0.0);
            for (at, from) in [(0, from), (1, to)] {
                out.weight(&lin(l, at), l, (from, to), Init::FanIn(from));
                if shape.bias {
                    out.bias(&lin(l, at), to, Init::FanIn(from));
                }
                if at == 0 {
                    out.norm(shape.inner_norm, &inner_norm(l), to);
                    if shape.activation == Activation::Prelu {
                        out.slopes(&inner_slopes(l), to);
                    }
                }
            }
            tensors_behind(shape, l, (from, to), out);
        }
        tensors_after(shape, n_classes, out);
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.nn.lins.0.weight")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let widths = infer_around(state, shape, |l| format!("{}.weight", lin(l, 0)))?;
        shape.inner_norm = norm_of(state, &inner_norm(0), shape.inner_norm);
        if !shape.goes_on(0) {
            shape.activation = slopes_of(state, &inner_slopes(0), shape.activation);
        }
        shape.bias = state.has("convs.0.nn.lins.0.bias");
        Ok(widths)
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        let sum = net.propagate(l, x);
        let h = net.combine(1.0, sum, Coefficient::OnePlus(format!("convs.{l}.eps")), x);
        let h = net.linear(&lin(l, 0), h);
        let h = if net.shape().act_first {
            let h = net.activation(&inner_slopes(l), h);
            net.norm(net.shape().inner_norm, &inner_norm(l), h)
        } else {
            let h = net.norm(net.shape().inner_norm, &inner_norm(l), h);
            net.activation(&inner_slopes(l), h)
        };
        net.linear(&lin(l, 1), h)
    }
}
