//! Pure computation on values: graphs, models, sparsification, recovery, training, experiments.
//!
//! What is never here: egui, files, threads other than rayon's, logging, globals, randomness without a seed passed in.
//! Data flows from left to right: graph → diffusion → model → sparsify → carry → cluster → train → recovery → timing → experiment → monitor → bench and plot, with the
//! kernels under all. A room uses those before it only.

pub mod bench;
pub mod carry;
pub mod certify;
pub mod cluster;
pub mod control;
pub mod cost;
pub mod diffusion;
mod error;
pub mod experiment;
pub mod graph;
pub mod kernels;
pub mod model;
pub mod monitor;
pub mod out_of_core;
pub mod plot;
pub(crate) mod recovery;
pub mod score;
pub mod sparsify;
pub mod timing;
pub mod train;

pub use error::EngineError;
