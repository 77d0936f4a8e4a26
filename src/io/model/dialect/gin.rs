//! GIN's inner MLP in every spelling, and batch normalisation folded into the linear layer in front of it.
//!
//! ```text
//! PyG     nn.lins.{k} and nn.norms.{k}.module (its MLP), nn.{k} (torch.nn.Sequential); eps
//! DGL     apply_func.{k}, apply_func.linears.{k}, apply_func.mlp.…; eps
//! ```
//! Ours has two linear layers with a ReLU between. A normalisation that touches a linear layer is part of it (running statistics do not
//! change): `BN(W x + b) = (γ/σ) W x + (γ/σ) (b - μ) + β`, and `W BN(x) + b = W (γ/σ) x + W (β - (γ/σ) μ) + b`. Which one it touches,
//! in front of the ReLU or behind it, is read off the numbers of a `Sequential`: see `sequence.rs`.

use std::collections::BTreeMap;

use ndarray::{Array1, ArrayD, Axis};

use super::around;
use super::layers::{self, Context, Kind, Layer, NO_SELF_LOOPS, Origin, refuse_unsupported};
use super::names::{Block, inner_blocks};
use super::sequence::{self, Fold, Item};
use super::tensors::{Refusal, Tensors};

/// PyTorch's small number below the root.
const EPS: f64 = 1e-5;

/// Recognises a layer: `Ok(Err(block))` for what is none. A GIN layer holds layers, so it is recognised here and not by the table alone.
pub(super) fn recognise(block: Block, context: &Context<'_>) -> Result<Result<Layer, Block>, Refusal> {
    let is_named = block.index.is_some() || !block.stem.is_empty();
    if is_named && block.leaves.keys().any(|leaf| leaf.starts_with("nn.") || leaf.starts_with("apply_func.")) {
        refuse_unsupported(&block)?;
        return layer(block, context).map(Ok);
    }
    layers::recognise(block, context)
}

/// Reads a GIN layer.
fn layer(block: Block, context: &Context<'_>) -> Result<Layer, Refusal> {
    let Block { stem, index, name, leaves } = block;
    let title = if leaves.keys().any(|leaf| leaf.starts_with("nn.")) { "GINConv of PyG" } else { "GINConv of DGL" };
    let (mut tensors, mut inner) = (Tensors::new(), Tensors::new());
    let (mut done, mut doubtful) = (Vec::new(), Vec::new());
    let mut origins = BTreeMap::new();
    let prefix = if leaves.keys().any(|leaf| leaf.starts_with("nn.")) { "nn." } else { "apply_func." };
    for (leaf, tensor) in leaves {
        let part = leaf.strip_prefix("nn.").or_else(|| leaf.strip_prefix("apply_func."));
        match part {
            Some(part) => drop(inner.insert(part.to_owned(), tensor)),
            None if leaf == "eps" && tensor.len() == 1 => {
                let value = tensor.first().copied().unwrap_or(0.0);
                tensors.insert("eps".into(), ArrayD::from_elem(vec![1], value));
                origins.insert("eps".to_owned(), Origin { file: format!("{name}.eps"), is_turned: false });
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
    let blocks = inner_blocks(inner, &name, prefix);
    // `nn.lins` and `apply_func.linears` are lists whose layers are called with a ReLU in between; numbers right below are a sequence's.
    let is_list = |block: &Block| block.name.rsplit('.').nth(1).is_some_and(|word| word.starts_with("lin"));
    let is_sequence = blocks.iter().all(|block| block.stem.is_empty() && !is_list(block));
    let is_strict =
        blocks.iter().all(|block| block.index.is_some_and(|at| block.name == format!("{name}.{prefix}{at}")));
    let (mut linears, mut norms, mut slopes) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let part = block.name.clone();
        match recognise(Block { stem: "lin".into(), ..block }, context)? {
            Ok(layer) if layer.kind == Kind::Linear => linears.push(layer),
            Ok(layer) if layer.kind == Kind::Norm => norms.push(layer),
            Ok(layer) if layer.kind == Kind::Slopes => slopes.push(layer),
            _ => {
                let expected = "linear layers, normalisations and activations";
                return Err(Refusal::new(format!("inner part {part}"), expected, "another layer"));
            }
        }
    }
    linears.sort_by_key(|layer| layer.index);
    norms.sort_by_key(|layer| layer.index);
    if linears.len() != 2 {
        let found = format!("{} of them", linears.len());
        return Err(Refusal::new(name, "two linear layers in the inner MLP", found));
    }
    let folds = if is_sequence {
        let reading = sequence::read(&items(&linears, &norms), context.modules, is_strict)?;
        doubtful = reading.doubtful;
        reading.folds
    } else {
        places(&linears, &norms)?
    };
    for (norm, fold) in norms.into_iter().zip(folds) {
        if norm.tensors.contains_key("running_mean") {
            done.push(join(&mut linears, &norm, fold)?);
            continue;
        }
        if fold != Fold::Front(0) {
            let expected = "a normalisation between the first linear layer and the activation";
            return Err(Refusal::new(format!("layer {}", norm.name), expected, "one in another place"));
        }
        for (part, tensor) in norm.tensors {
            origins.extend(norm.origins.get(&part).map(|origin| (format!("nn.norms.0.{part}"), origin.clone())));
            tensors.insert(format!("nn.norms.0.{part}"), tensor);
        }
    }
    if let [slope, others @ ..] = &slopes[..] {
        if let [other, ..] = others {
            return Err(Refusal::new(format!("layer {}", other.name), "one PReLU in the inner MLP", "another one"));
        }
        let width = linears[0].tensors.get("weight").map_or(0, |weight| weight.shape()[0]);
        origins.extend(slope.origins.get("weight").map(|origin| ("nn.act.weight".to_owned(), origin.clone())));
        tensors.insert("nn.act.weight".into(), around::wide(slope, width)?);
    }
    for (at, linear) in linears.into_iter().enumerate() {
        for (part, tensor) in linear.tensors {
            if let Some(origin) = linear.origins.get(&part) {
                origins.insert(format!("nn.lins.{at}.{part}"), origin.clone());
            }
            tensors.insert(format!("nn.lins.{at}.{part}"), tensor);
        }
    }
    let assumed = &[NO_SELF_LOOPS, "the sum of the neighbours"];
    Ok(Layer { kind: Kind::Gin, title, stem, index, name, tensors, origins, done, assumed, doubtful })
}

/// Linear layers and normalisations of one sequence, in the order of their numbers.
pub(super) fn items(linears: &[Layer], norms: &[Layer]) -> Vec<Item> {
    let item = |layer: &Layer| Item {
        index: layer.index.unwrap_or(0),
        name: layer.name.clone(),
        is_norm: layer.kind == Kind::Norm,
    };
    let mut items: Vec<Item> = linears.iter().chain(norms).map(item).collect();
    items.sort_by_key(|item| item.index);
    items
}

/// Where normalisations in a list of their own belong: each is in front of a ReLU, behind the linear layer of its number, or of its
/// place where the numbers are others.
pub(super) fn places(linears: &[Layer], norms: &[Layer]) -> Result<Vec<Fold>, Refusal> {
    let of_number =
        |norm: &Layer| linears.iter().position(|linear| linear.index.is_some() && linear.index == norm.index);
    let numbered: Option<Vec<usize>> = norms.iter().map(of_number).collect();
    let first = numbered.as_ref().and_then(|numbered| numbered.first().copied());
    // `bn2` alone beside `lin1` and `lin2` belongs to the second; lists of both start with the same number.
    let is_by_place = norms.len() + 1 >= linears.len() && first.is_none_or(|first| first == 0);
    match (numbered, norms.last()) {
        _ if is_by_place && norms.len() <= linears.len() => Ok((0..norms.len()).map(Fold::Front).collect()),
        (Some(numbered), _) => Ok(numbered.into_iter().map(Fold::Front).collect()),
        (None, Some(norm)) => {
            let expected =
                format!("a normalisation for every one of the {} linear layers, or numbers as theirs", linears.len());
            Err(Refusal::new(format!("layer {}", norm.name), expected, format!("{} of them", norms.len())))
        }
        (None, None) => Ok(Vec::new()),
    }
}

/// Folds a normalisation into the linear layer that it touches; says what was done.
pub(super) fn join(linears: &mut [Layer], norm: &Layer, fold: Fold) -> Result<(&'static str, String), Refusal> {
    let (at, action) = match fold {
        Fold::Front(at) => (at, "folded into the linear layer in front of it"),
        Fold::Back(at) => (at, "folded into the linear layer behind it"),
        Fold::End => return Err(behind_activation(&norm.name)),
    };
    let Some(linear) = linears.get_mut(at) else {
        return Err(Refusal::new(format!("layer {}", norm.name), "a linear layer in front", "none"));
    };
    match fold {
        Fold::Back(_) => fold_behind(&mut linear.tensors, &norm.tensors, &norm.name)?,
        _ => fold_in_front(&mut linear.tensors, &norm.tensors, &norm.name)?,
    }
    Ok((action, norm.name.clone()))
}

/// A normalisation that no linear layer touches.
pub(super) fn behind_activation(name: &str) -> Refusal {
    let expected =
        "a normalisation that touches a linear layer, in front of the activation or between it and the next one";
    Refusal::new(format!("layer {name}"), expected, "one behind the last activation")
}

/// `s = γ/σ` and `t = β - s μ` of a normalisation of `width` values.
fn scale_and_shift(norm: &Tensors, width: usize, name: &str) -> Result<(Vec<f64>, Vec<f64>), Refusal> {
    let vector = |part: &str| norm.get(part).map(|t| t.iter().copied().map(f64::from).collect::<Vec<f64>>());
    let parts = ["weight", "bias", "running_mean", "running_var"].map(vector);
    let [Some(gamma), Some(beta), Some(mean), Some(var)] = parts else {
        let expected = "a normalisation with scale, shift and running statistics";
        return Err(Refusal::new(format!("layer {name}"), expected, "less"));
    };
    if [&gamma, &beta, &mean, &var].iter().any(|v| v.len() != width) {
        let expected = format!("{width} values (the width of the linear layer that it touches)");
        return Err(Refusal::new(format!("layer {name}"), expected, format!("{} values", mean.len())));
    }
    let scale: Vec<f64> = gamma.iter().zip(&var).map(|(g, v)| g / (v + EPS).sqrt()).collect();
    let shift = beta.iter().zip(&mean).zip(&scale).map(|((b, m), s)| b - s * m).collect();
    Ok((scale, shift))
}

fn matrix_of<'a>(linear: &'a mut Tensors, name: &str) -> Result<&'a mut ArrayD<f32>, Refusal> {
    let matrix = linear.get_mut("weight").filter(|weight| weight.ndim() == 2);
    matrix.ok_or_else(|| Refusal::new(format!("layer {name}"), "a linear layer that it touches", "none"))
}

/// Makes a linear layer do what it and the normalisation behind it do.
fn fold_in_front(linear: &mut Tensors, norm: &Tensors, name: &str) -> Result<(), Refusal> {
    let weight = matrix_of(linear, name)?;
    let width = weight.shape()[0];
    let (scale, shift) = scale_and_shift(norm, width, name)?;
    for (mut row, s) in weight.axis_iter_mut(Axis(0)).zip(&scale) {
        row.mapv_inplace(|w| (f64::from(w) * s) as f32);
    }
    let bias = bias_of(linear, width, name)?;
    let folded: Vec<f32> = bias.iter().zip(&scale).zip(&shift).map(|((b, s), t)| (b * s + t) as f32).collect();
    linear.insert("bias".into(), Array1::from_vec(folded).into_dyn());
    Ok(())
}

/// Makes a linear layer do what the normalisation in front of it and it do.
fn fold_behind(linear: &mut Tensors, norm: &Tensors, name: &str) -> Result<(), Refusal> {
    let weight = matrix_of(linear, name)?;
    let (width, from) = (weight.shape()[0], weight.shape()[1]);
    let (scale, shift) = scale_and_shift(norm, from, name)?;
    let mut added = Vec::with_capacity(width);
    for mut row in weight.axis_iter_mut(Axis(0)) {
        added.push(row.iter().zip(&shift).map(|(w, t)| f64::from(*w) * t).sum::<f64>());
        row.iter_mut().zip(&scale).for_each(|(w, s)| *w = (f64::from(*w) * s) as f32);
    }
    let bias = bias_of(linear, width, name)?;
    let folded: Vec<f32> = bias.iter().zip(&added).map(|(b, a)| (b + a) as f32).collect();
    linear.insert("bias".into(), Array1::from_vec(folded).into_dyn());
    Ok(())
}

/// A linear layer's bias, zeros where it has none.
fn bias_of(linear: &Tensors, width: usize, name: &str) -> Result<Vec<f64>, Refusal> {
    let bias = linear.get("bias").map_or_else(|| vec![0.0; width], |b| b.iter().copied().map(f64::from).collect());
    if bias.len() == width {
        return Ok(bias);
    }
    let expected = format!("a bias of {width} values in the linear layer that it touches");
    Err(Refusal::new(format!("layer {name}"), expected, format!("{} values", bias.len())))
}
