//! Pure computation on values: graphs, models, sparsification, training, analysis.
//!
//! What is never here: egui, files, threads other than rayon's, logging, globals, randomness without a seed passed in.
//! Data flows from left to right: graph → diffusion → model → sparsify → train and analysis, with the kernels under all.

pub mod analysis;
pub mod control;
pub mod diffusion;
mod error;
pub mod graph;
pub mod kernels;
pub mod model;
pub mod out_of_core;
pub mod sparsify;
pub mod timing;
pub mod train;

pub use error::EngineError;
