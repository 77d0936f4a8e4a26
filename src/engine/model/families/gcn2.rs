//! GCNII: `H' = ((1-α) T H + α H₀) ((1-β_l) I + β_l W)`, `β_l = ln(θ/(l+1) + 1)` (Chen et al. 2020; authors' `GCN2ConvThr`), between
//! an input and an output transformation, with weights shared between the two parts.
//!
//! The end transformations are not pruned, as in the authors' code. Their weight test looks at `(1-α) T H` and indexes its
//! thresholds by the weight's output: `compat = "gcn2-threshold-axis"` (D8). Clean: the product's own input, by input.

use super::definition::{Definition, OfficialCounts, Shapes, norm_of, slopes_of};
use crate::engine::error::EngineError;
use crate::engine::model::architecture::Architecture;
use crate::engine::model::choices::Activation;
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Gcn2;

impl Definition for Gcn2 {
    fn key(&self) -> &'static str {
        "gcn2"
    }

    fn title(&self) -> &'static str {
        "GCNII"
    }

    fn about(&self) -> &'static str {
        "Deep: every layer keeps a share of the first representation and of its own input"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["norm_r", "alpha", "theta"]
    }

    fn set_defaults(&self, shape: &mut Architecture) {
        shape.layers = 4;
    }

    fn layer_widths(&self, shape: &Architecture, _: usize, _: usize, _: usize) -> (usize, usize) {
        (shape.hidden, shape.hidden)
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        let width = shape.hidden;
        out.end_weight("lin_in", (d_in, width), Init::FanIn(d_in));
        if shape.bias {
            out.bias("lin_in", width, Init::FanIn(d_in));
        }
        // The authors' last normalisation stands behind the input transformation.
        out.norm(shape.norm, &format!("norms.{}", shape.layers - 1), width);
        if shape.activation == Activation::Prelu {
            out.slopes(&format!("acts.{}", shape.layers - 1), width);
        }
        for l in 0..shape.layers {
            out.weight_as_is(&format!("convs.{l}.lin1"), l, (width, width), Init::Glorot(width, width));
            if l + 1 < shape.layers {
                out.norm(shape.norm, &format!("norms.{l}"), width);
                if shape.activation == Activation::Prelu {
                    out.slopes(&format!("acts.{l}"), width);
                }
            }
        }
        out.end_weight("lin_out", (width, n_classes), Init::FanIn(width));
        if shape.bias {
            out.bias("lin_out", n_classes, Init::FanIn(width));
        }
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.lin1.weight") && state.has("lin_in.weight")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let d_in = state.size("lin_in.weight", 1)?;
        let n_classes = state.size("lin_out.weight", 0)?;
        shape.hidden = state.size("lin_in.weight", 0)?;
        shape.layers = state.count(|l| format!("convs.{l}.lin1.weight")).max(1);
        shape.norm = norm_of(state, &format!("norms.{}", shape.layers - 1), shape.norm);
        shape.activation = slopes_of(state, &format!("acts.{}", shape.layers - 1), shape.activation);
        shape.bias = state.has("lin_in.bias");
        Ok((d_in, n_classes))
    }

    fn enter(&self, net: &mut Tracer<'_>, x: Value) -> Value {
        let h = net.linear("lin_in", x);
        let last = net.shape().layers - 1;
        let (norm, slopes) = (format!("norms.{last}"), format!("acts.{last}"));
        if net.shape().act_first {
            let h = net.activation(&slopes, h);
            net.norm(net.shape().norm, &norm, h)
        } else {
            let h = net.norm(net.shape().norm, &norm, h);
            net.activation(&slopes, h)
        }
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, first: Value) -> Value {
        let (alpha, beta) = (net.shape().alpha as f32, net.shape().beta(l) as f32);
        // What every layer comes back to is the first representation before its dropout (authors' `SandwitchThr`).
        let x = if l == 0 { net.dropout(x) } else { x };
        let p = net.propagate(l, x);
        let p = net.scale(1.0 - alpha, p);
        let q = net.combine(1.0, p, alpha, first);
        let transformed = net.matmul_measured(&format!("convs.{l}.lin1.weight"), q, p);
        net.combine(1.0 - beta, q, beta, transformed)
    }

    fn leave(&self, net: &mut Tracer<'_>, x: Value) -> Value {
        net.linear("lin_out", x)
    }

    /// `archs/layers.py:885-905` (D38, D40).
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
