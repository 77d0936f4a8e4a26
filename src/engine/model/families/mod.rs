//! The families of networks: one file each, the registry, and how a family's layers become a program.
//!
//! **A new family** is a name in `family.rs`, a file here that implements [`Definition`] (its settings, its tensors under their PyTorch
//! names, and one layer's formula in operations of a [`Tracer`]), its `mod` line and its line in the registry below. Everything else
//! follows from these: backward pass, masks, traces, operation counts, timing, bundle, replay, ONNX, heatmaps, command line and window.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use self::definition::{Definition, Shapes};
use super::architecture::Architecture;
use super::choices::{InputLayer, Jumping, Skip};
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

    /// What it does, in one human-readable sentence.
    pub fn about(self) -> &'static str {
        self.definition().about()
    }

    /// The family whose tensors' names these are, if any family's are.
    pub fn recognise(tensors: &BTreeMap<String, ArrayD<f32>>) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.definition().recognises(Shapes(tensors)))
    }

    /// Whether it is trained in batches of nodes, as the authors' `run_mb.py` does: a family whose layers do not propagate.
    pub(crate) fn is_trained_in_batches(self) -> bool {
        !self.definition().layers_propagate()
    }
}

/// The program of a network of `shape` on rows of `d_in` columns whose tensors are `parameters`: of these, names alone are looked at.
pub(super) fn trace(shape: &Architecture, parameters: &[Parameter], d_in: usize) -> Program {
    let definition = shape.architecture.definition();
    let kind = if definition.layers_propagate() { StepKind::Convolution } else { StepKind::Linear };
    let mut net = Tracer::new(shape, parameters);
    let first = definition.enter(&mut net, Tracer::INPUT);
    // What a dense network goes on from, and what jumping knowledge takes.
    let (mut before, mut outputs) = (vec![first], Vec::new());
    let mut h = first;
    for l in 0..shape.layers {
        let x = if shape.skip == Skip::Dense { net.concatenate(&before) } else { h };
        h = definition.layer(&mut net, l, x, first);
        if shape.skip == Skip::Linear {
            let beside = net.linear(&format!("skips.{l}"), x);
            h = net.combine(1.0, h, 1.0, beside);
        }
        if shape.goes_on(l) {
            let is_as_wide = l > 0 || shape.input_layer != InputLayer::None || d_in == shape.hidden;
            h = between(&mut net, l, h, Some(x).filter(|_| is_as_wide));
            before.push(h);
            outputs.push(h);
        }
        if l + 1 == shape.layers {
            h = jump(&mut net, &outputs, h);
            h = definition.leave(&mut net, h);
            if shape.final_activation {
                h = net.relu(h);
            }
        }
        net.end_layer(kind, h);
    }
    net.finish(h)
}

/// What stands behind layer `l` and in front of the next: normalisation and activation (authors' `archs/models.py:122-133`; in their MLP
/// the other way round, `archs/models.py:313-326`), dropout, and the layer's input `x` once more.
fn between(net: &mut Tracer<'_>, l: usize, h: Value, x: Option<Value>) -> Value {
    let shape = net.shape();
    let norm = format!("{}.{l}", shape.architecture.definition().norms());
    let slopes = format!("acts.{l}");
    let add = |net: &mut Tracer<'_>, when: Skip, h: Value| match x {
        Some(x) if shape.skip == when => net.combine(1.0, h, 1.0, x),
        _ => h,
    };
    let h = if shape.act_first {
        let h = add(net, Skip::ResidualBeforeActivation, h);
        let h = net.activation(&slopes, h);
        net.norm(shape.norm, &norm, h)
    } else {
        let h = net.norm(shape.norm, &norm, h);
        let h = add(net, Skip::ResidualBeforeActivation, h);
        net.activation(&slopes, h)
    };
    let h = net.dropout(h);
    add(net, Skip::Residual, h)
}

/// What jumping knowledge makes of the outputs of all layers, of which `h` is the last.
fn jump(net: &mut Tracer<'_>, outputs: &[Value], h: Value) -> Value {
    let joined = match net.shape().jumping {
        Jumping::None => return h,
        Jumping::Last => h,
        Jumping::Cat => net.concatenate(outputs),
        Jumping::Max => net.maximum(outputs),
        Jumping::Sum => {
            let added = outputs.iter().copied().reduce(|sum, output| net.combine(1.0, sum, 1.0, output));
            added.unwrap_or(h)
        }
    };
    net.linear("lin", joined)
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
