//! GraphSAGE: `H' = mean_v H[v] W_l + b + H[u] W_r` (Hamilton et al. 2017; authors' `SAGEConvThr`), or the maximum or sum of the neighbours.
//!
//! The mean is a propagation over `D⁻¹Ā`, so its entries are pruned like any diffusion matrix's: a removed message is missing
//! from the sum and the denominator stays. The authors' form is `compat = "sage-messages"` (D9).

use super::definition::{
    Definition, OfficialCounts, Shapes, infer_around, plain_widths, tensors_after, tensors_before, tensors_behind,
};
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::Architecture;
use crate::engine::model::choices::Aggregation;
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Sage;

impl Definition for Sage {
    fn key(&self) -> &'static str {
        "sage"
    }

    fn title(&self) -> &'static str {
        "GraphSAGE"
    }

    fn about(&self) -> &'static str {
        "The mean of the neighbours and the node itself, each with a weight of its own"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["norm_r", "root_weight", "aggregation", "jumping", "skip", "input_layer"]
    }

    fn set_defaults(&self, shape: &mut Architecture) {
        shape.norm_r = 0.0;
        shape.root_weight = true;
    }

    fn matrix(&self, shape: &Architecture) -> Matrix {
        match shape.aggregation {
            Aggregation::Mean => Matrix::Normalised(shape.norm_r),
            Aggregation::Max | Aggregation::Sum => Matrix::Adjacency,
        }
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        tensors_before(shape, d_in, out);
        for l in 0..shape.layers {
            let (from, to) = plain_widths(shape, l, d_in, n_classes);
            out.weight(&format!("convs.{l}.lin_l"), l, (from, to), Init::FanIn(from));
            if shape.bias {
                out.bias(&format!("convs.{l}.lin_l"), to, Init::FanIn(from));
            }
            if shape.root_weight {
                out.weight(&format!("convs.{l}.lin_r"), l, (from, to), Init::FanIn(from));
            }
            tensors_behind(shape, l, (from, to), out);
        }
        tensors_after(shape, n_classes, out);
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.lin_l.weight") && !state.has("convs.0.att")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let widths = infer_around(state, shape, |l| format!("convs.{l}.lin_l.weight"))?;
        shape.bias = state.has("convs.0.lin_l.bias");
        shape.root_weight = state.has("convs.0.lin_r.weight");
        Ok(widths)
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        let neighbours = match net.shape().aggregation {
            Aggregation::Max => net.propagate_max(l, x),
            Aggregation::Mean | Aggregation::Sum => net.propagate(l, x),
        };
        let neighbours = net.linear(&format!("convs.{l}.lin_l"), neighbours);
        if !net.shape().root_weight {
            return neighbours;
        }
        let own = net.linear(&format!("convs.{l}.lin_r"), x);
        net.combine(1.0, neighbours, 1.0, own)
    }

    /// `archs/layers.py:1000-1035`: the joint share of kept weights counts for both matrices (D40).
    fn official_macs(&self, c: &OfficialCounts<'_>) -> Option<u64> {
        let (from, dense) = (c.d_in as u64, (c.d_in * c.d_out) as u64 * c.n_nodes);
        Some(match c.weights {
            // The bias is counted here and not below.
            None => 2 * dense + from * c.n_entries + c.d_out as u64 * c.n_nodes,
            Some(weights) => {
                let (kept, all) = weights.iter().fold((0, 0), |(k, a), w| (k + w.0, a + w.1));
                (2.0 * dense as f64 * (kept as f64 / all as f64)) as u64 + from * (c.n_entries - c.n_nodes)
            }
        })
    }
}
