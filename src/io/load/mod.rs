//! Paths and names of samples → graphs and models: what a file is (`detect.rs`), then the reader of its format.
//!
//! What is never here: a format.

mod model;

pub use model::read_model;
