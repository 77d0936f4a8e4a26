//! Whether a pruned model is still true on a later graph.
//!
//! Who came and went, whether messages and answers are distributed as before, whether the pruned model still says what the unpruned one says,
//! and, where there are labels, whether it is still right.
//!
//! What was decided is carried over by the ids of the nodes ([`carry`]): an entry that was there keeps what was decided of it, one that is
//! new is kept. Then one forward pass over either graph says what both have to be compared by ([`check`]). Every finding is held against
//! limits of its own ([`crate::engine::sparsify::MonitorRule`]), and the worst is the answer ([`Level`]).
//!
//! Never here: what the findings are called, files, the history of checks.

mod carry;
mod check;
mod confidence;
mod drift;
mod level;
mod listen;
#[cfg(test)]
mod tests;

pub use carry::{Carried, Counts, carry};
pub use check::{Agreement, Check, CheckInputs, Estimated, LabelledCheck, StepCheck, check};
pub use drift::Drift;
pub use level::{Finding, Level, Measure};
