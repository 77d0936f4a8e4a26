//! The engine against the authors' implementation, against slow restatements, and against itself on other thread counts.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::missing_assert_message,
    reason = "tests fail loudly, and say what they skipped"
)]

mod determinism;
mod golden;
mod shared;
mod training;
