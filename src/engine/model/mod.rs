//! Networks: their shape, their parameters, and one forward and backward pass for all of them.
//!
//! A [`Family`] is one file in `families/`: its settings, its tensors and one layer's formula, written with the operations of
//! `network.rs`, each of which knows its own way back. Nothing here knows what is removed: a policy passed in multiplies and
//! propagates.

mod architecture;
pub(crate) mod backward;
pub(crate) mod batch_norm;
mod dropout;
pub(crate) mod families;
pub(crate) mod hops;
pub(crate) mod network;
mod outline;
mod params;
mod scaler;

pub use architecture::{Architecture, AttentionForm, HopWeights, Order};
pub use families::Family;
pub use network::StepKind;
pub use outline::{Line, Operation, outline};
pub use params::{Model, Parameter, Role, Scaler, TrainedOn};
