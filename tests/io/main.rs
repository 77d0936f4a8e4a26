//! Readers and writers, on real data, on broken files and on arbitrary bytes.

#![expect(clippy::expect_used, clippy::panic, reason = "a test that cannot prepare its input fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod beside;
mod broken_collections;
mod broken_graphs;
mod edge_lists;
mod files;
mod foreign_models;
mod fuzz_corpus;
mod graph_attributes;
mod graph_formats;
mod graph_options;
mod graph_tensors;
mod hostile;
mod hostile_pickles;
mod kept_runs;
mod kinds;
mod malformed;
mod malformed_pickles;
mod model_cases;
mod model_parts;
mod models;
mod old_versions;
mod parts;
mod pickled_graphs;
mod pickles;
mod pyg_models;
mod real;
mod recipes;
mod round_trips;
mod samples;
#[path = "../support/shared_folder.rs"]
mod shared_folder;
mod stopping;
mod stored;
mod support;
mod tables;
#[expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::missing_assert_message,
    reason = "the test writes what others would, and fails loudly"
)]
mod writing;
mod wrong_downloads;
