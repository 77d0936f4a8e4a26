//! GIN: `H' = MLP((1+ε) H[u] + Σ_v H[v])`, an MLP of two layers (Xu et al. 2019; PyG's `GINConv` with its `MLP`).
//!
//! The sum walks the stored entries with value 1, a stored self-loop like any other; ε is a fixed factor of the model, 0 when fresh.

use super::definition::{Definition, Shapes, plain_widths};
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::Architecture;
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::program::Coefficient;
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Gin;

fn lin(l: usize, at: usize) -> String {
    format!("convs.{l}.nn.lins.{at}")
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
        &[]
    }

    fn matrix(&self, _: &Architecture) -> Matrix {
        Matrix::Adjacency
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        for l in 0..shape.layers {
            let (from, to) = plain_widths(shape, l, d_in, n_classes);
            out.factor(&format!("convs.{l}.eps"), 0.0);
            for (at, from) in [(0, from), (1, to)] {
                out.weight(&lin(l, at), l, (from, to), Init::FanIn(from));
                if shape.bias {
                    out.bias(&lin(l, at), to, Init::FanIn(from));
                }
            }
            if shape.batch_norm && l + 1 < shape.layers {
                out.norm(&format!("norms.{l}"), to);
            }
        }
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.nn.lins.0.weight")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let weight = |l: usize| format!("{}.weight", lin(l, 0));
        let d_in = state.size(&weight(0), 1)?;
        shape.layers = state.count(weight);
        let n_classes = state.size(&weight(shape.layers - 1), 0)?;
        if shape.layers > 1 {
            shape.hidden = state.size(&weight(0), 0)?;
            shape.batch_norm = state.has("norms.0.weight");
        }
        shape.bias = state.has("convs.0.nn.lins.0.bias");
        Ok((d_in, n_classes))
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        let sum = net.propagate(l, x);
        let h = net.combine(1.0, sum, Coefficient::OnePlus(format!("convs.{l}.eps")), x);
        let h = net.linear(&lin(l, 0), h);
        let h = net.relu(h);
        net.linear(&lin(l, 1), h)
    }
}
