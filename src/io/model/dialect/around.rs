//! What stands around the convolutions of a network: linear layers in front of them, beside each and behind them, normalisations without
//! running statistics, and the slopes of a PReLU.
//!
//! ```text
//! lin_in, lin1 …          in front of the first convolution, whose input it makes        → lin_in
//! lins.0, lins.1 …        one beside every convolution, of its shape (a skip connection)  → skips.0, skips.1 …
//! lin, lin_out, lin2 …    behind the last one, or behind all of them side by side         → lin
//! ```
//! Names say it where they can (`in`, `out`), shapes where they must, and where neither does the network is refused.

use ndarray::{Array1, ArrayD};

use super::layers::{Kind, Layer};
use super::names::rank;
use super::tensors::Refusal;
use crate::engine::model::{Architecture, Norm};

/// Linear layers beside convolutions, by their place.
#[derive(Debug, Default)]
pub(super) struct Linears {
    pub(super) before: Option<Layer>,
    /// One for every convolution, or none.
    pub(super) beside: Vec<Layer>,
    pub(super) after: Option<Layer>,
}

/// The part that holds the matrix of a layer.
fn matrix(layer: &Layer) -> Option<&ArrayD<f32>> {
    let parts = ["lin.weight", "lin_l.weight", "nn.lins.1.weight", "weight"];
    parts.iter().find_map(|part| layer.tensors.get(*part)).filter(|matrix| matrix.ndim() == 2)
}

/// Output width of a layer.
pub(super) fn width(layer: &Layer) -> Option<usize> {
    matrix(layer).map(|matrix| matrix.shape()[0])
}

/// Input width of a layer.
fn from(layer: &Layer) -> Option<usize> {
    let first = layer.tensors.get("nn.lins.0.weight").filter(|matrix| matrix.ndim() == 2);
    first.or_else(|| matrix(layer)).map(|matrix| matrix.shape()[1])
}

/// Tells the linear layers of a network of `convolutions` apart. They come in the order of their names.
pub(super) fn places(linears: Vec<Layer>, convolutions: &[Layer]) -> Result<Linears, Refusal> {
    let mut found = Linears::default();
    let ends = |layer: &Layer| (from(layer), width(layer));
    // One of the same shape for every convolution, numbered as they are.
    let mut stems: Vec<&str> = linears.iter().filter(|l| l.index.is_some()).map(|l| l.stem.as_str()).collect();
    stems.dedup();
    let is_beside = |stem: &&str| {
        let of_stem = || linears.iter().filter(|l| l.index.is_some() && l.stem == **stem);
        convolutions.len() > 1
            && of_stem().count() == convolutions.len()
            && of_stem().zip(convolutions).all(|(linear, convolution)| ends(linear) == ends(convolution))
    };
    let stem = stems.into_iter().find(is_beside).map(str::to_owned);
    let (beside, others): (Vec<Layer>, Vec<Layer>) =
        linears.into_iter().partition(|l| l.index.is_some() && stem.as_ref() == Some(&l.stem));
    found.beside = beside;
    let (first, last) = (from(&convolutions[0]), convolutions.last().and_then(width));
    let sum: Option<usize> = convolutions.iter().map(width).sum();
    let is_before = |linear: &Layer| width(linear) == first;
    let is_after = |linear: &Layer| from(linear) == last || (convolutions.len() > 1 && from(linear) == sum);
    let n_others = others.len();
    for (nth, linear) in others.into_iter().enumerate() {
        let place = match (rank(&linear.stem), is_before(&linear), is_after(&linear)) {
            // PyG's own models call the one behind them `lin`.
            (1, true, true) if n_others == 1 && linear.stem == "lin" && linear.index.is_none() => Some(false),
            (1, true, true) if n_others == 2 => Some(nth == 0),
            (0, true, _) | (1, true, false) => Some(true),
            (2, _, true) | (1, false, true) => Some(false),
            _ => None,
        };
        let slot = match place {
            Some(true) => &mut found.before,
            Some(false) => &mut found.after,
            None => return Err(misplaced(&linear, convolutions)),
        };
        if slot.is_some() {
            let expected = "one linear layer in front of the convolutions and one behind them";
            return Err(Refusal::new(format!("layer {}", linear.name), expected, "another one"));
        }
        *slot = Some(linear);
    }
    Ok(found)
}

fn misplaced(linear: &Layer, convolutions: &[Layer]) -> Refusal {
    let words = |width: Option<usize>| width.map_or_else(|| "any".to_owned(), |width| width.to_string());
    let sum: Option<usize> = convolutions.iter().map(width).sum();
    let expected = format!(
        "a linear layer in front of the convolutions ({} outputs), one behind them ({} inputs, or {} over all of them) or one beside each, \
         with a name that says which (lin_in, lin_out) where widths do not",
        words(from(&convolutions[0])),
        words(convolutions.last().and_then(width)),
        words(sum),
    );
    let found = format!("one with {} inputs and {} outputs", words(from(linear)), words(width(linear)));
    Refusal::new(format!("layer {}", linear.name), expected, found)
}

/// What a normalisation's tensors say about it. `is_pyg`: the file's names are those that PyG gives its own models.
pub(super) fn norm_of(norms: &[Layer], is_pyg: bool) -> Result<Norm, Refusal> {
    let of_one = |norm: &Layer| {
        if norm.tensors.contains_key("running_mean") {
            Norm::Batch
        } else if norm.tensors.contains_key("mean_scale") {
            Norm::Graph
        } else if is_pyg {
            Norm::LayerGraph
        } else {
            Norm::Layer
        }
    };
    let Some(first) = norms.first() else { return Ok(Norm::None) };
    let kind = of_one(first);
    match norms.iter().find(|norm| of_one(norm) != kind) {
        Some(other) => {
            let expected = format!("normalisations of one kind ({}, as {} has it)", kind.title(), first.name);
            Err(Refusal::new(format!("layer {}", other.name), expected, of_one(other).title()))
        }
        None => Ok(kind),
    }
}

/// The slopes of every activation: `widths` are those of the values it gets. One file's slope may serve several.
pub(super) fn slopes(found: &[Layer], widths: &[usize]) -> Result<Vec<ArrayD<f32>>, Refusal> {
    let [first, ..] = found else { return Ok(Vec::new()) };
    if found.len() != 1 && found.len() < widths.len() {
        let expected = format!("one PReLU for the whole network, or {} (one behind every layer)", widths.len());
        return Err(Refusal::new(format!("layer {}", first.name), expected, format!("{} of them", found.len())));
    }
    let of_place = |(nth, width): (usize, &usize)| {
        let layer = if found.len() == 1 { first } else { &found[nth] };
        wide(layer, *width)
    };
    widths.iter().enumerate().map(of_place).collect()
}

/// A PReLU's slopes, one for each of `width` columns.
pub(super) fn wide(layer: &Layer, width: usize) -> Result<ArrayD<f32>, Refusal> {
    let values: Vec<f32> = layer.tensors.get("weight").map(|t| t.iter().copied().collect()).unwrap_or_default();
    match values[..] {
        [one] => Ok(Array1::from_elem(width, one).into_dyn()),
        _ if values.len() == width => Ok(Array1::from_vec(values).into_dyn()),
        _ => {
            let expected = format!("1 slope or {width} (one per column)");
            Err(Refusal::new(format!("layer {}", layer.name), expected, format!("{} of them", values.len())))
        }
    }
}

/// What the names say about the settings of a network, where the tensors alone do not.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) norm: Option<Norm>,
    pub(super) inner_norm: Option<Norm>,
    pub(super) act_first: Option<bool>,
    /// Whether the file leaves open what a node takes of its neighbours.
    pub(super) leaves_aggregation_open: bool,
}

impl Told {
    pub(super) fn apply(self, shape: &mut Architecture) {
        shape.norm = self.norm.unwrap_or(shape.norm);
        shape.inner_norm = self.inner_norm.unwrap_or(shape.inner_norm);
        shape.act_first = self.act_first.unwrap_or(shape.act_first);
    }
}

/// Whether the layers are called as in PyG's own models.
pub(super) fn is_pyg(layers: &[Layer], norms: &[Layer]) -> bool {
    let is = |layer: &Layer, stem: &str| layer.stem == stem && layer.index.is_some();
    layers.iter().all(|layer| is(layer, "convs") && layer.kind != Kind::Linear) && norms.iter().all(|n| is(n, "norms"))
}
