//! Networks: their shape, their parameters, and the program that they are.
//!
//! A [`Family`] is one file in `families/`: its settings, its tensors and one layer's formula. Its layers are traced into a [`Program`],
//! a list of operations over named parameters; `passes/` rewrite it, `exec/` runs it, exporters print it. Nothing here knows what is
//! removed: a policy passed in multiplies and propagates.

mod architecture;
pub(crate) mod batch_norm;
mod choices;
pub(crate) mod dropout;
pub(crate) mod elementwise;
pub(crate) mod exec;
pub(crate) mod families;
mod family;
pub(crate) mod lookup;
mod network;
mod normalisation;
pub(crate) mod normalise;
mod params;
pub(crate) mod passes;
mod program;
mod scaler;
mod settings;
#[cfg(test)]
mod tests;
mod tracer;

pub use architecture::{Architecture, AttentionForm, HopWeights, Order};
pub use choices::{Activation, Aggregation, InputLayer, Jumping, Norm, Skip};
pub use exec::shapes::widths;
pub use family::Family;
pub use network::{Model, TrainedOn};
pub use normalisation::Normalisation;
pub use params::{Parameter, Role};
pub use passes::liveness::HiddenColumns;
pub use program::{Coefficient, Instruction, LayerEnd, Op, Program, StepKind};
pub use scaler::Scaler;
