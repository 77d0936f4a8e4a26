//! GIN's inner MLP in every spelling, and batch normalisation folded into the linear layer in front of it.
//!
//! ```text
//! PyG     nn.lins.{k} and nn.norms.{k}.module (its MLP), nn.{k} (torch.nn.Sequential); eps
//! DGL     apply_func.{k}, apply_func.linears.{k}, apply_func.mlp.…; eps
//! ```
//! Ours has two linear layers with a ReLU between. A normalisation behind a linear layer is the same as another linear layer
//! (running statistics do not change): `BN(W x + b) = (γ/σ) W x + (γ/σ) (b - μ) + β`.

use ndarray::{ArrayD, Axis};

use super::layers::{Kind, Layer, NO_SELF_LOOPS, recognise};
use super::names::{Block, inner_blocks};
use super::{Refusal, Tensors};

/// PyTorch's small number below the root.
const EPS: f64 = 1e-5;

/// Reads a GIN layer.
pub(super) fn layer(block: Block) -> Result<Layer, Refusal> {
    let Block { stem, index, name, leaves } = block;
    let title = if leaves.keys().any(|leaf| leaf.starts_with("nn.")) { "GINConv of PyG" } else { "GINConv of DGL" };
    let (mut tensors, mut inner) = (Tensors::new(), Tensors::new());
    let mut done = Vec::new();
    for (leaf, tensor) in leaves {
        let part = leaf.strip_prefix("nn.").or_else(|| leaf.strip_prefix("apply_func."));
        match part {
            Some(part) => drop(inner.insert(part.to_owned(), tensor)),
            None if leaf == "eps" && tensor.len() == 1 => {
                let value = tensor.first().copied().unwrap_or(0.0);
                tensors.insert("eps".into(), ArrayD::from_elem(vec![1], value));
            }
            None => {
                let expected = "the parts of a GIN layer: nn or apply_func, and eps";
                return Err(Refusal::new(format!("tensor {name}.{leaf}"), expected, "another part"));
            }
        }
    }
    if !tensors.contains_key("eps") {
        tensors.insert("eps".into(), ArrayD::zeros(vec![1]));
        done.push(("filled in with 0", format!("{name}.eps")));
    }
    let blocks = inner_blocks(inner);
    let is_sequence = blocks.iter().all(|block| block.stem.is_empty());
    let (mut linears, mut norms) = (Vec::new(), Vec::new());
    for block in blocks {
        let part = block.name.clone();
        match recognise(Block { stem: "lin".into(), ..block })? {
            Ok(layer) if layer.kind == Kind::Linear => linears.push(layer),
            Ok(layer) if layer.kind == Kind::Norm => norms.push(layer),
            _ => {
                let expected = "linear layers and batch normalisations";
                return Err(Refusal::new(format!("{name}, inner part {part}"), expected, "another layer"));
            }
        }
    }
    linears.sort_by_key(|layer| layer.index);
    norms.sort_by_key(|layer| layer.index);
    let [first, second] = &mut linears[..] else {
        let found = format!("{} of them", linears.len());
        return Err(Refusal::new(name, "two linear layers in the inner MLP", found));
    };
    for (at, norm) in norms.iter().enumerate() {
        // In a sequence the layer in front counts, else the one of the same place.
        let is_first = if is_sequence { norm.index < second.index } else { at == 0 };
        let linear = if is_first { &mut *first } else { &mut *second };
        fold(&mut linear.tensors, &norm.tensors, &format!("{name}.{}", norm.name))?;
        done.push(("folded into the linear layer in front of it", format!("{name}.{}", norm.name)));
    }
    for (at, linear) in linears.into_iter().enumerate() {
        for (part, tensor) in linear.tensors {
            tensors.insert(format!("nn.lins.{at}.{part}"), tensor);
        }
    }
    let assumed = &[NO_SELF_LOOPS, "the sum of the neighbours"];
    Ok(Layer { kind: Kind::Gin, title, stem, index, name, tensors, done, assumed })
}

/// Makes a linear layer do what it and the normalisation behind it do.
pub(super) fn fold(linear: &mut Tensors, norm: &Tensors, name: &str) -> Result<(), Refusal> {
    let vector = |part: &str| norm.get(part).map(|t| t.iter().copied().map(f64::from).collect::<Vec<f64>>());
    let parts = ["weight", "bias", "running_mean", "running_var"].map(vector);
    let [Some(gamma), Some(beta), Some(mean), Some(var)] = parts else {
        return Err(Refusal::new(name, "a normalisation with scale, shift and running statistics", "less"));
    };
    let Some(weight) = linear.get("weight") else {
        return Err(Refusal::new(name, "a linear layer in front", "none"));
    };
    let width = weight.shape().first().copied().unwrap_or(0);
    let bias: Vec<f64> = linear_bias(linear, width);
    if [&gamma, &beta, &mean, &var, &bias].iter().any(|v| v.len() != width) {
        let expected = format!("{width} values (the width of the linear layer in front)");
        return Err(Refusal::new(name, expected, format!("{} values", mean.len())));
    }
    let scale: Vec<f64> = gamma.iter().zip(&var).map(|(g, v)| g / (v + EPS).sqrt()).collect();
    if let Some(weight) = linear.get_mut("weight") {
        for (mut row, s) in weight.axis_iter_mut(Axis(0)).zip(&scale) {
            row.mapv_inplace(|w| (f64::from(w) * s) as f32);
        }
    }
    let folded = (0..width).map(|o| ((bias[o] - mean[o]) * scale[o] + beta[o]) as f32).collect();
    let folded = ArrayD::from_shape_vec(vec![width], folded);
    linear.insert("bias".into(), folded.map_err(|error| Refusal::new(name, "a bias", error.to_string()))?);
    Ok(())
}

fn linear_bias(linear: &Tensors, width: usize) -> Vec<f64> {
    linear.get("bias").map_or_else(|| vec![0.0; width], |b| b.iter().copied().map(f64::from).collect())
}
