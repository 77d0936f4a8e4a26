//! What a family of networks is: the trait that its file implements, and what it is asked with.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::{Architecture, HopWeights};
use crate::engine::model::choices::{Activation, InputLayer, Jumping, Norm, Skip};
use crate::engine::model::params::{Init, Tensors};
use crate::engine::model::tracer::{Tracer, Value};

/// The tensors of a state dict, by what their names and shapes tell.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a>(pub(in crate::engine::model) &'a BTreeMap<String, ArrayD<f32>>);

impl Shapes<'_> {
    pub(crate) fn has(self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Size `axis` of tensor `name`.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming the tensor that is not there, or has fewer axes.
    pub(crate) fn size(self, name: &str, axis: usize) -> Result<usize, EngineError> {
        let tensor = self.0.get(name).ok_or_else(|| {
            let names = self.0.keys().take(6).cloned().collect::<Vec<_>>().join(", ");
            EngineError::mismatch(
                "model tensors",
                name,
                if names.is_empty() { "none at all".to_owned() } else { names },
            )
        })?;
        let shape = || format!("{:?}", tensor.shape());
        let found = tensor.shape().get(axis).copied();
        found.ok_or_else(|| {
            EngineError::mismatch(format!("shape of {name}"), format!("at least {} axes", axis + 1), shape())
        })
    }

    /// How many layers there are: the first number for which tensor `name(l)` is missing.
    pub(crate) fn count(self, name: impl Fn(usize) -> String) -> usize {
        /// More layers than this are not looked for.
        const MAX_LAYERS: usize = 64;
        (0..MAX_LAYERS).take_while(|l| self.has(&name(*l))).count()
    }
}

/// Input and output width of layer `l` of a network of `shape.layers` layers with `shape.hidden` columns between them.
pub(super) fn plain_widths(shape: &Architecture, l: usize, d_in: usize, n_classes: usize) -> (usize, usize) {
    let first = if shape.input_layer == InputLayer::None { d_in } else { shape.hidden };
    let from = match (l, shape.skip) {
        (0, _) => first,
        (_, Skip::Dense) => first.saturating_add(l.saturating_mul(shape.hidden)),
        _ => shape.hidden,
    };
    let to = if shape.goes_on(l) { shape.hidden } else { n_classes };
    (from, to)
}

/// Lists what stands in front of the first layer.
pub(super) fn tensors_before(shape: &Architecture, d_in: usize, out: &mut Tensors<'_>) {
    if shape.input_layer == InputLayer::None {
        return;
    }
    out.end_weight("lin_in", (d_in, shape.hidden), Init::FanIn(d_in));
    if shape.bias {
        out.bias("lin_in", shape.hidden, Init::FanIn(d_in));
    }
    if shape.input_layer == InputLayer::Activated && shape.activation == Activation::Prelu {
        out.slopes("act_in", shape.hidden);
    }
}

/// Lists what stands beside and behind layer `l`, whose input and output are so wide.
pub(super) fn tensors_behind(shape: &Architecture, l: usize, (from, to): (usize, usize), out: &mut Tensors<'_>) {
    if shape.skip == Skip::Linear {
        out.weight(&format!("skips.{l}"), l, (from, to), Init::FanIn(from));
        if shape.bias {
            out.bias(&format!("skips.{l}"), to, Init::FanIn(from));
        }
    }
    if shape.goes_on(l) {
        out.norm(shape.norm, &format!("norms.{l}"), to);
        if shape.activation == Activation::Prelu {
            out.slopes(&format!("acts.{l}"), to);
        }
    }
}

/// Lists what stands behind the last layer.
pub(super) fn tensors_after(shape: &Architecture, n_classes: usize, out: &mut Tensors<'_>) {
    let width = match shape.jumping {
        Jumping::None => return,
        Jumping::Cat => shape.hidden.saturating_mul(shape.layers),
        Jumping::Last | Jumping::Max | Jumping::Sum => shape.hidden,
    };
    out.end_weight("lin", (width, n_classes), Init::FanIn(width));
    if shape.bias {
        out.bias("lin", n_classes, Init::FanIn(width));
    }
}

/// What stands in front of the first layer.
pub(super) fn enter(net: &mut Tracer<'_>, x: Value) -> Value {
    match net.shape().input_layer {
        InputLayer::None => x,
        InputLayer::Linear => net.linear("lin_in", x),
        InputLayer::Activated => {
            let h = net.linear("lin_in", x);
            let h = net.activation("act_in", h);
            net.dropout(h)
        }
    }
}

/// What the tensors called `{name}.…` say about a normalisation. What they leave open stays as it is, if it can be.
pub(super) fn norm_of(state: Shapes<'_>, name: &str, norm: Norm) -> Norm {
    let has = |part: &str| state.has(&format!("{name}.{part}"));
    if has("running_mean") {
        Norm::Batch
    } else if has("mean_scale") {
        Norm::Graph
    } else if has("weight") {
        match norm {
            Norm::LayerGraph | Norm::Instance => norm,
            _ => Norm::Layer,
        }
    } else {
        match norm {
            Norm::Batch | Norm::Graph => Norm::None,
            // Without scale and shift.
            other => other,
        }
    }
}

/// Whether the tensors called `{name}.…` are slopes of a PReLU. What they leave open stays as it is, if it can be.
pub(super) fn slopes_of(state: Shapes<'_>, name: &str, activation: Activation) -> Activation {
    match (state.has(&format!("{name}.weight")), activation) {
        (true, _) => Activation::Prelu,
        (false, Activation::Prelu) => Activation::Relu,
        (false, other) => other,
    }
}

/// Reads off the tensors what stands around convolutions: `weight(l)` is the name of layer `l`'s first matrix, `[to, from]`. Returns input
/// width and classes.
pub(super) fn infer_around(
    state: Shapes<'_>,
    shape: &mut Architecture,
    weight: impl Fn(usize) -> String,
) -> Result<(usize, usize), EngineError> {
    let first = state.size(&weight(0), 1)?;
    shape.layers = state.count(&weight);
    let last = shape.layers - 1;
    let has_input_layer = state.has("lin_in.weight");
    shape.input_layer = match (has_input_layer, shape.input_layer) {
        (false, _) => InputLayer::None,
        (true, InputLayer::None) => InputLayer::Activated,
        (true, other) => other,
    };
    let mut n_classes = state.size(&weight(last), 0)?;
    if state.has("lin.weight") {
        let (width, seen) = (n_classes, state.size("lin.weight", 1)?);
        n_classes = state.size("lin.weight", 0)?;
        let is_joined = shape.layers > 1 && seen == width.saturating_mul(shape.layers);
        shape.jumping = match shape.jumping {
            _ if is_joined => Jumping::Cat,
            Jumping::Cat if shape.layers == 1 => Jumping::Cat,
            Jumping::None | Jumping::Cat => Jumping::Last,
            other => other,
        };
    } else {
        shape.jumping = Jumping::None;
    }
    if shape.goes_on(0) {
        shape.hidden = state.size(&weight(0), 0)?;
        shape.norm = norm_of(state, "norms.0", shape.norm);
        shape.activation = slopes_of(state, "acts.0", shape.activation);
    }
    shape.skip = if state.has("skips.0.weight") {
        Skip::Linear
    } else if shape.layers > 1 && state.size(&weight(1), 1)? == first.saturating_add(shape.hidden) {
        Skip::Dense
    } else {
        match shape.skip {
            Skip::Linear | Skip::Dense => Skip::None,
            other => other,
        }
    };
    let d_in = if has_input_layer { state.size("lin_in.weight", 1)? } else { first };
    Ok((d_in, n_classes))
}

/// One family of networks.
pub(crate) trait Definition: Sync {
    /// As the contract spells it.
    fn key(&self) -> &'static str;

    /// As people write it.
    fn title(&self) -> &'static str;

    /// What it does, in one human-readable sentence.
    fn about(&self) -> &'static str;

    /// Names of the fields of [`Architecture`] that this family has beside the general ones.
    fn settings(&self) -> &'static [&'static str];

    /// Sets what differs from the general defaults.
    fn set_defaults(&self, shape: &mut Architecture) {
        let _ = shape;
    }

    /// Whether layers propagate over the graph.
    fn layers_propagate(&self) -> bool {
        true
    }

    /// The matrix whose entries carry the messages.
    fn matrix(&self, shape: &Architecture) -> Matrix {
        Matrix::Normalised(shape.norm_r)
    }

    /// Decoupled families: how much every hop counts.
    fn hop_weights(&self, shape: &Architecture) -> HopWeights {
        let _ = shape;
        HopWeights::Last
    }

    /// Input and output width of layer `l`.
    fn layer_widths(&self, shape: &Architecture, l: usize, d_in: usize, n_classes: usize) -> (usize, usize) {
        plain_widths(shape, l, d_in, n_classes)
    }

    /// Every tensor, in order of computation.
    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>);

    /// Whether a state dict is of this family, by its names.
    fn recognises(&self, state: Shapes<'_>) -> bool;

    /// Reads off the tensors what they tell about the shape; returns input width and classes.
    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError>;

    /// What comes before the first layer.
    fn enter(&self, net: &mut Tracer<'_>, x: Value) -> Value {
        enter(net, x)
    }

    /// Layer `l` on `x`, without what follows it (normalisation, activation, dropout). `first` is what [`Definition::enter`] gave.
    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, first: Value) -> Value;

    /// What comes after the last layer.
    fn leave(&self, net: &mut Tracer<'_>, x: Value) -> Value {
        let _ = net;
        x
    }

    /// What the names of the normalisations between layers begin with.
    fn norms(&self) -> &'static str {
        "norms"
    }

    /// Weight of the newest batch in the running statistics of batch normalisation, `0..=1`. All nodes at once are one batch, whose
    /// statistics are nearly exact (authors' `archs/models.py:86`); small batches need PyTorch's slow average.
    fn norm_momentum(&self) -> f32 {
        if self.layers_propagate() { 0.9 } else { 0.1 }
    }

    /// Operations of layer `l` as the authors count them (`cnt_flops` of `archs/layers.py`); `None` where they have no rule.
    fn official_macs(&self, counts: &OfficialCounts<'_>) -> Option<u64> {
        let _ = counts;
        None
    }
}

/// What the authors' operation counts of one layer are made of.
#[derive(Debug)]
pub(crate) struct OfficialCounts<'a> {
    pub(crate) shape: &'a Architecture,
    pub(crate) l: usize,
    pub(crate) d_in: usize,
    pub(crate) d_out: usize,
    pub(crate) n_nodes: u64,
    /// Entries the layer counts: all for an unpruned layer, else those it keeps.
    pub(crate) n_entries: u64,
    /// `None` for an unpruned layer, else kept and all weights of each matrix of the layer.
    pub(crate) weights: Option<&'a [(u64, u64)]>,
}
