//! The families of networks: one file each, the registry, and how a family's layers become a program.
//!
//! **A new family** is a name in `family.rs`, a file here that implements [`Definition`] (its settings, its tensors under their PyTorch
//! names, and one layer's formula in operations of a [`Tracer`]), its `mod` line and its line in the registry below. Everything else
//! follows from these: backward pass, masks, traces, operation counts, timing, bundle, replay, ONNX, heatmaps, command line and window.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use self::definition::{Definition, Shapes, Stack};
use super::architecture::Architecture;
use super::family::Family;
use super::params::Parameter;
use super::program::{Program, StepKind};
use super::tracer::{Tracer, Value};

mod decoupled;
pub(crate) mod definition;
mod gat;
mod gcn;
mod gcn2;
mod gin;
mod mlp;
mod sage;

impl Family {
    /// The registry.
    pub(crate) fn definition(self) -> &'static dyn Definition {
        match self {
            Self::Gcn => &gcn::Gcn,
            Self::Gat => &gat::Gat,
            Self::Sage => &sage::Sage,
            Self::Gcn2 => &gcn2::Gcn2,
            Self::Gin => &gin::Gin,
            Self::Mlp => &mlp::Mlp,
            Self::Sgc => &decoupled::SGC,
            Self::Appnp => &decoupled::APPNP,
            Self::Gbp => &decoupled::GBP,
        }
    }

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

    /// The family whose tensors' names these are, if any family's are.
    pub fn recognise(tensors: &BTreeMap<String, ArrayD<f32>>) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.definition().recognises(Shapes(tensors)))
    }

    /// Whether it is trained in batches of nodes, as the authors' `run_mb.py` does: a family whose layers walk no graph.
    pub(crate) fn is_trained_in_batches(self) -> bool {
        !self.definition().walks_graph()
    }
}

/// The program of a network of `shape` whose tensors are `parameters`: of these, names alone are looked at.
pub(super) fn trace(shape: &Architecture, parameters: &[Parameter]) -> Program {
    let definition = shape.architecture.definition();
    let kind = if definition.walks_graph() { StepKind::Convolution } else { StepKind::Linear };
    let mut net = Tracer::new(shape, parameters);
    let first = definition.enter(&mut net, Tracer::INPUT);
    let mut h = first;
    for l in 0..shape.layers {
        h = definition.layer(&mut net, l, h, first);
        if l + 1 < shape.layers {
            h = between(&mut net, definition.stack(), l, h);
        } else {
            h = definition.leave(&mut net, h);
            if shape.final_activation {
                h = net.relu(h);
            }
        }
        net.end_layer(kind, h);
    }
    net.finish(h)
}

/// What stands between layer `l` and the next.
fn between(net: &mut Tracer<'_>, stack: Stack, l: usize, h: Value) -> Value {
    let h = match stack {
        Stack::NormThenRelu => {
            let h = net.batch_norm(&format!("norms.{l}"), h);
            net.relu(h)
        }
        Stack::ReluThenNorm => {
            let h = net.relu(h);
            net.batch_norm(&format!("bns.{l}"), h)
        }
    };
    net.dropout(h)
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
