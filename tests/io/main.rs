//! Readers and writers, on real data, on broken files and on arbitrary bytes.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot prepare its input fails")]
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod broken_collections;
mod broken_graphs;
mod edge_lists;
mod files;
mod foreign_models;
mod fuzz_corpus;
mod graph_formats;
mod hostile;
mod hostile_pickles;
mod malformed;
mod malformed_pickles;
mod models;
mod parts;
mod pickled_graphs;
mod pickles;
mod real;
mod recipes;
mod samples;
mod stored;
mod support;
mod tables;
mod writing;
