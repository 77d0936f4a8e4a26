//! The command line as other people's scripts call it.

#![expect(clippy::expect_used, reason = "tests fail loudly")]
#![expect(clippy::print_stderr, reason = "tests say what they skip, and how far Python's result is")]
#![expect(clippy::disallowed_methods, reason = "tests write the broken files they are about")]

mod arrivals;
mod bench;
mod budget;
mod bundle;
mod cases;
mod certificate;
mod channels;
mod check;
mod cluster;
mod common;
mod exports;
mod graph_options;
mod hostile_names;
mod interrupt;
mod large;
mod low_precision;
mod messages;
mod named_files;
mod new_nodes;
mod numbers;
mod operations;
mod outputs;
mod own_tables;
mod pilot;
mod predict;
mod program;
mod recovery;
mod report;
#[path = "../support/shared_folder.rs"]
mod shared_folder;
mod stress;
