//! Networks: their shape, their parameters, and the forward and backward passes of each kind of layer.
//!
//! A model is a stack of [`Layer`]s; `network.rs` holds what each family does with them, once for every use, and `backward.rs`
//! walks it back. It knows nothing of what is removed: a policy passed in multiplies and propagates.

mod architecture;
pub(crate) mod backward;
pub(crate) mod batch_norm;
mod dropout;
pub(crate) mod network;
mod params;

pub use architecture::{Architecture, Family, Order};
pub use network::StepKind;
pub use params::{BatchNorm, Layer, Linear, Model, Scaler, TrainedOn};
