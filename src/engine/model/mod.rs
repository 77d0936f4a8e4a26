//! Networks: their shape, their parameters, and the forward and backward passes of each kind of layer.
//!
//! A model is a stack of [`Layer`]s. A new kind of convolution is one new file beside `gcn.rs` and one variant of
//! [`Family`](architecture::Family).

mod architecture;
pub(crate) mod backward;
pub(crate) mod batch_norm;
mod dropout;
pub(crate) mod network;
mod params;

pub use architecture::{Architecture, Family, Order};
pub use params::{BatchNorm, Layer, Linear, Model, Scaler, TrainedOn};
