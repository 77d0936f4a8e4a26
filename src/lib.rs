//! Unifews Workbench: prune a graph and its graph neural network together.

pub mod cli;
pub mod engine;
pub mod io;
pub mod session;
pub mod ui;
