//! Files in, files out: one format per file, its grammar in the module's documentation.
//!
//! What is never here: algorithms, egui. Every reader answers with an engine value and a [`LoadReport`].

mod report;

pub use report::{LoadError, LoadReport, ReportLine};
