//! Attention: `H'[u] = Σ_v α_uv W_l H[v] + b`, softmax over the entries of `u` (GATv2, Brody et al. 2022; GAT, Veličković et al. 2018;
//! authors' `GATv2ConvThr`). Heads are joined in hidden layers and averaged in the last.

use super::definition::{
    Definition, OfficialCounts, Shapes, infer_around, plain_widths, tensors_after, tensors_before, tensors_behind,
};
use crate::engine::error::EngineError;
use crate::engine::model::architecture::{Architecture, AttentionForm};
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

pub(super) struct Gat;

/// Heads and channels of each in layer `l`.
fn heads(shape: &Architecture, l: usize, n_classes: usize) -> (usize, usize) {
    if shape.goes_on(l) { (shape.heads, shape.hidden / shape.heads) } else { (shape.out_heads, n_classes) }
}

impl Definition for Gat {
    fn key(&self) -> &'static str {
        "gat"
    }

    fn title(&self) -> &'static str {
        "GAT"
    }

    fn about(&self) -> &'static str {
        "Every entry is weighted by attention, which depends on both of its nodes"
    }

    fn settings(&self) -> &'static [&'static str] {
        &["heads", "out_heads", "attention", "share_weights", "residual", "jumping", "skip", "input_layer"]
    }

    fn set_defaults(&self, shape: &mut Architecture) {
        shape.heads = 8;
    }

    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>) {
        tensors_before(shape, d_in, out);
        for l in 0..shape.layers {
            let (from, to) = plain_widths(shape, l, d_in, n_classes);
            let (heads, channels) = heads(shape, l, n_classes);
            let width = heads * channels;
            let init = Init::Glorot(from, width);
            match shape.attention {
                AttentionForm::V2 => {
                    out.attention(&format!("convs.{l}.att"), heads, channels);
                    for side in if shape.share_weights { &["lin_l"][..] } else { &["lin_l", "lin_r"] } {
                        out.weight(&format!("convs.{l}.{side}"), l, (from, width), init);
                        if shape.bias {
                            out.bias(&format!("convs.{l}.{side}"), width, Init::Fill(0.0));
                        }
                    }
                }
                AttentionForm::V1 => {
                    out.attention(&format!("convs.{l}.att_src"), heads, channels);
                    out.attention(&format!("convs.{l}.att_dst"), heads, channels);
                    out.weight(&format!("convs.{l}.lin"), l, (from, width), init);
                }
            }
            if shape.residual {
                out.weight(&format!("convs.{l}.res"), l, (from, to), Init::Glorot(from, to));
            }
            if shape.bias {
                out.bias(&format!("convs.{l}"), to, Init::Fill(0.0));
            }
            tensors_behind(shape, l, (from, to), out);
        }
        tensors_after(shape, n_classes, out);
    }

    fn recognises(&self, state: Shapes<'_>) -> bool {
        state.has("convs.0.att") || state.has("convs.0.att_src")
    }

    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError> {
        let v1 = state.has("convs.0.att_src");
        shape.attention = if v1 { AttentionForm::V1 } else { AttentionForm::V2 };
        let (lin, att) = if v1 { ("lin", "att_src") } else { ("lin_l", "att") };
        let weight = |l: usize| format!("convs.{l}.{lin}.weight");
        let att = |l: usize| format!("convs.{l}.{att}");
        let (d_in, mut n_classes) = infer_around(state, shape, weight)?;
        let last = shape.layers - 1;
        if shape.goes_on(last) {
            shape.out_heads = 1;
        } else {
            n_classes = state.size(&att(last), 2)?;
            shape.out_heads = state.size(&att(last), 1)?;
        }
        if shape.goes_on(0) {
            shape.heads = state.size(&att(0), 1)?;
        }
        shape.residual = state.has("convs.0.res.weight");
        shape.share_weights = !v1 && !state.has("convs.0.lin_r.weight");
        shape.bias = state.has("convs.0.bias");
        Ok((d_in, n_classes))
    }

    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, _: Value) -> Value {
        let name = |part: &str| format!("convs.{l}.{part}");
        let (form, is_shared) = (net.shape().attention, net.shape().share_weights);
        let out = match form {
            AttentionForm::V2 => {
                let source = net.linear(&name("lin_l"), x);
                let target = if is_shared { source } else { net.linear(&name("lin_r"), x) };
                net.attention(l, source, Some(target), &[name("att")])
            }
            AttentionForm::V1 => {
                let source = net.matmul(&name("lin.weight"), x);
                net.attention(l, source, None, &[name("att_src"), name("att_dst")])
            }
        };
        let out = if net.shape().goes_on(l) { out } else { net.mean_heads(net.shape().out_heads, out) };
        let out = if net.shape().residual {
            let beside = net.matmul(&name("res.weight"), x);
            net.combine(1.0, out, 1.0, beside)
        } else {
            out
        };
        net.bias(&name("bias"), out)
    }

    /// `archs/layers.py:460-471` and `731-748`: per entry and head `2 c + 2` (D40), per node the bias and the mean over heads.
    fn official_macs(&self, c: &OfficialCounts<'_>) -> Option<u64> {
        let is_last = c.l + 1 == c.shape.layers;
        let heads = if is_last { c.shape.out_heads } else { c.shape.heads } as u64;
        let per_entry = (2 * (c.d_out as u64 / if is_last { 1 } else { heads }) + 2) * heads;
        let dense = (c.d_in * c.d_out) as u64 * c.n_nodes;
        // The bias, and the mean over heads.
        let per_node = c.d_out as u64 + if is_last { heads } else { 0 };
        let n_entries = if c.weights.is_some() { c.n_entries - c.n_nodes } else { c.n_entries };
        let kept = match c.weights {
            None => 2.0 * dense as f64,
            Some(weights) => weights.iter().map(|(kept, all)| dense as f64 * (*kept as f64 / *all as f64)).sum(),
        };
        Some(kept as u64 + per_entry * n_entries + per_node * c.n_nodes)
    }
}
