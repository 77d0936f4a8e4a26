//! What a family of networks is: the trait that its file implements, and what it is asked with.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;
use crate::engine::model::architecture::{Architecture, HopWeights};
use crate::engine::model::params::Tensors;
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
        const MOST: usize = 64;
        (0..MOST).take_while(|l| self.has(&name(*l))).count()
    }
}

/// Input and output width of layer `l` of a network of `shape.layers` layers with `shape.hidden` columns between them.
pub(super) fn plain_widths(shape: &Architecture, l: usize, d_in: usize, n_classes: usize) -> (usize, usize) {
    let from = if l == 0 { d_in } else { shape.hidden };
    let to = if l + 1 == shape.layers { n_classes } else { shape.hidden };
    (from, to)
}

/// One family of networks.
pub(crate) trait Definition: Sync {
    /// As the contract spells it.
    fn key(&self) -> &'static str;

    /// As people write it.
    fn title(&self) -> &'static str;

    /// What it does, in one sentence for people.
    fn about(&self) -> &'static str;

    /// Names of the fields of [`Architecture`] that this family has beside the general ones.
    fn settings(&self) -> &'static [&'static str];

    /// Sets what differs from the general defaults.
    fn set_defaults(&self, shape: &mut Architecture) {
        let _ = shape;
    }

    /// Whether layers walk the graph.
    fn walks_graph(&self) -> bool {
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
        let _ = net;
        x
    }

    /// Layer `l` on `x`, without what follows it (normalisation, activation, dropout). `first` is what [`Definition::enter`] gave.
    fn layer(&self, net: &mut Tracer<'_>, l: usize, x: Value, first: Value) -> Value;

    /// What comes after the last layer.
    fn leave(&self, net: &mut Tracer<'_>, x: Value) -> Value {
        let _ = net;
        x
    }

    /// How the layers are put together.
    fn stack(&self) -> Stack {
        Stack::NormThenRelu
    }

    /// Weight of the newest batch in the running statistics of batch normalisation, `0..=1`. All nodes at once are one batch, whose
    /// statistics are nearly exact (authors' `archs/models.py:86`); small batches need PyTorch's slow average.
    fn norm_momentum(&self) -> f32 {
        match self.stack() {
            Stack::NormThenRelu => 0.9,
            Stack::ReluThenNorm => 0.1,
        }
    }

    /// Operations of layer `l` as the authors count them (`cnt_flops` of `archs/layers.py`); `None` where they have no rule.
    fn official_macs(&self, counts: &OfficialCounts<'_>) -> Option<u64> {
        let _ = counts;
        None
    }
}

/// What stands between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stack {
    /// Normalisation, ReLU, dropout (authors' `archs/models.py:122-133`).
    NormThenRelu,
    /// ReLU, normalisation, dropout (authors' MLP, `archs/models.py:313-326`).
    ReluThenNorm,
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
