//! Paths and names of samples → graphs and models: what a file is (`detect.rs`), then the reader of its format.
//!
//! What is never here: a format.

mod graph;
mod model;

pub use graph::{read_graph, read_graph_as, read_graph_within};
pub use model::read_model;
