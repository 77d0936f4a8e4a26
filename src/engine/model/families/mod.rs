//! The families of networks: one file each, and the registry.
//!
//! **A new family** is a file here that implements [`Definition`] (its settings, its tensors under their PyTorch names, and one
//! layer's formula in terms of [`Net`]), its `mod` line and its line in the registry below. Everything else follows from these:
//! backward pass, masks, traces, operation counts, timing, bundle, replay, heatmaps, command line and window.

use std::collections::BTreeMap;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use super::architecture::{Architecture, HopWeights};
use super::network::{Net, Value};
use super::params::Tensors;
use crate::engine::diffusion::Matrix;
use crate::engine::error::EngineError;

mod decoupled;
mod gat;
mod gcn;
mod gcn2;
mod gin;
mod mlp;
mod sage;

/// Declares [`Family`] with one variant a line.
macro_rules! registry {
    ($($(#[$meta:meta])* $name:ident => $definition:expr,)*) => {
        /// A family of networks.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Family { $($(#[$meta])* $name,)* }

        impl Family {
            /// Every family.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            pub(crate) fn definition(self) -> &'static dyn Definition {
                match self { $(Self::$name => &$definition,)* }
            }
        }
    };
}

registry! {
    /// Graph convolutional network: every layer transforms and propagates.
    #[default]
    Gcn => gcn::Gcn,
    /// Graph attention network: entries are weighted by attention.
    Gat => gat::Gat,
    /// `GraphSAGE` with the mean of the neighbours.
    Sage => sage::Sage,
    /// GCNII: deep, with a share of the first representation in every layer.
    Gcn2 => gcn2::Gcn2,
    /// Graph isomorphism network: sum of the neighbours, then an MLP in every layer.
    Gin => gin::Gin,
    /// Plain MLP on the features: what can be had without the graph.
    Mlp => mlp::Mlp,
    /// Simple graph convolution: the last hop of a propagation, then an MLP.
    Sgc => decoupled::SGC,
    /// Personalised propagation: hops weighted by teleporting, then an MLP.
    Appnp => decoupled::APPNP,
    /// Propagation with any weights of the hops, then an MLP.
    Gbp => decoupled::GBP,
}

impl Family {
    /// As the contract spells it, for example `gcn`.
    pub fn key(self) -> &'static str {
        self.definition().key()
    }

    /// As people write it, for example `GCN`.
    pub fn title(self) -> &'static str {
        self.definition().title()
    }

    /// What it does, in one sentence for people.
    pub fn about(self) -> &'static str {
        self.definition().about()
    }

    /// Its layers in Python, for the script that runs a bundle.
    pub(crate) fn python(self) -> &'static str {
        self.definition().python()
    }

    /// The family whose tensors' names these are, if any family's are.
    pub fn recognise(tensors: &BTreeMap<String, ArrayD<f32>>) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.definition().recognises(Shapes(tensors)))
    }

    /// Whether it is trained in batches of nodes, as the authors' `run_mb.py` does: a family whose layers walk no graph.
    pub(crate) fn is_trained_in_batches(self) -> bool {
        !self.definition().walks_graph()
    }
}

/// The tensors of a state dict, by what their names and shapes tell.
#[derive(Clone, Copy)]
pub(crate) struct Shapes<'a>(pub(crate) &'a BTreeMap<String, ArrayD<f32>>);

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
        let from = if l == 0 { d_in } else { shape.hidden };
        let to = if l + 1 == shape.layers { n_classes } else { shape.hidden };
        (from, to)
    }

    /// Every tensor, in order of computation.
    fn tensors(&self, shape: &Architecture, d_in: usize, n_classes: usize, out: &mut Tensors<'_>);

    /// Whether a state dict is of this family, by its names.
    fn recognises(&self, state: Shapes<'_>) -> bool;

    /// Reads off the tensors what they tell about the shape; returns input width and classes.
    fn infer(&self, state: Shapes<'_>, shape: &mut Architecture) -> Result<(usize, usize), EngineError>;

    /// What comes before the first layer.
    fn enter(&self, net: &mut Net<'_>, x: Value) -> Result<Value, EngineError> {
        let _ = net;
        Ok(x)
    }

    /// Layer `l` on `x`, without what follows it (normalisation, activation, dropout). `first` is what [`Definition::enter`] gave.
    fn layer(&self, net: &mut Net<'_>, l: usize, x: Value, first: &Value) -> Result<Value, EngineError>;

    /// Whether `layer` begins with one operation on its input and needs it no more: then what stands before it may be put off until
    /// that operation runs.
    fn uses_input_once(&self) -> bool {
        false
    }

    /// The same in Python, for the script that runs a bundle (`io/bundle/load_bundle.py`, whose functions it may use): `IS_LAYER`,
    /// `NORM`, `enter`, `compute_layer` and `leave`.
    fn python(&self) -> &'static str;

    /// What comes after the last layer.
    fn leave(&self, net: &mut Net<'_>, x: Value) -> Result<Value, EngineError> {
        let _ = net;
        Ok(x)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_the_serialised_names() {
        for family in Family::ALL {
            assert_eq!(serde_json::to_value(family).expect("a name"), family.key());
        }
    }
}
