//! A propagation out of memory on a disk: the stored graph that it reads, and its work folder beside the output.
//!
//! What is never here: the format of a stored graph (`stored.rs`), computing.

mod storage;
mod work;

pub use storage::{DiskStorage, OutOfCoreWriter};
