//! GCN: `H' = T H W + b` (Kipf and Welling 2017; authors' `archs/layers.py`, `GCNConvThr`).

use super::definition::{
    Definition, OfficialCounts, Shapes, infer_around, plain_widths, tensors_after, tensors_before, tensors_behind,
};
use crate::engine::error::EngineError;
use crate::engine::model::architecture::{Architecture, Order};
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Gcn;

fn conv(l: usize) -> String {
    format!("convs.{l}")
}

impl Definition for Gcn {
    fn key(&self) -> &'static str {
        "gcn"
    }

    fn title(&self) -> &'static str {
        "GCN"
    }

    fn about(&self) -> &'static str {
        "Every layer transforms and propagates"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["norm_r", "order", "final_activation", "jumping", "skip", "input_layer"]
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        tensors_before(shape, d_in, out);
        for l in 0..shape.layers {
            let (from, to) = plain_widths(shape, l, d_in, n_classes);
            out.weight(&format!("{}.lin", conv(l)), l, (from, to), Init::Glorot(from, to));
            if shape.bias {
                out.bias(&conv(l), to, Init::Fill(0.0));
            }
            tensors_behind(shape, l, (from, to), out);
        }
        tensors_after(shape, n_classes, out);
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.lin.weight") && !state.has("convs.0.att_src")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let widths = infer_around(state, shape, |l| format!("{}.lin.weight", conv(l)))?;
        shape.bias = state.has("convs.0.bias");
        Ok(widths)
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        let weight = format!("{}.lin.weight", conv(l));
        let out = match net.shape().order {
            Order::TransformFirst => {
                let h = net.matmul(&weight, x);
                net.propagate(l, h)
            }
            Order::PropagateFirst => {
                let p = net.propagate(l, x);
                net.matmul(&weight, p)
            }
        };
        net.bias(&format!("{}.bias", conv(l)), out)
    }

    /// `archs/layers.py:204-218` and `414-425`: messages at the input width, self-loops subtracted once a layer is pruned (D38, D39).
    fn official_macs(&self, c: &OfficialCounts<'_>) -> Option<u64> {
        let (from, dense) = (c.d_in as u64, (c.d_in * c.d_out) as u64 * c.n_nodes);
        Some(match c.weights {
            None => dense + from * c.n_entries,
            Some([(kept, all)]) => {
                (dense as f64 * (*kept as f64 / *all as f64)) as u64 + from * (c.n_entries - c.n_nodes)
            }
            Some(_) => return None,
        })
    }
}
