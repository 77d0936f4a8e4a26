//! The engine against the authors' implementation, against slow restatements, and against itself on other thread counts.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_assert_message,
    reason = "tests fail loudly, and say what they skipped"
)]

/// The program's own allocator: training in the tests is as fast as in the app.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod around;
mod arrivals;
mod baselines;
mod by_hand;
mod channels;
mod compared;
mod determinism;
mod ego;
mod golden;
mod monitor;
mod new_nodes;
mod node_errors;
mod properties;
mod recovery;
mod requests;
mod shared;
#[path = "../support/shared_folder.rs"]
mod shared_folder;
mod training;
mod under_masks;
