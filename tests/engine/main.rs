//! The engine against the authors' implementation, against slow restatements, and against itself on other thread counts.

mod determinism;
mod golden;
mod shared;
mod training;
