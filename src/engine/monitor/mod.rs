//! Whether a pruned model is still true on a later graph.
//!
//! Who came and went, whether messages and answers are distributed as before, whether the pruned model still says what the unpruned one says,
//! and, where there are labels, whether it is still right.
//!
//! What was decided is carried over by the ids of the nodes ([`crate::engine::carry`]): an entry that was there keeps what was decided of it, one that is
//! new is kept. What the earlier graph has to say is a [`Reference`], made once and kept: the earlier graph is then neither read nor run. Two
//! forward passes over the later graph say the rest ([`check`]). Every finding is held against limits of its own
//! ([`crate::engine::sparsify::MonitorRule`]), and the worst is the answer ([`Level`]).
//!
//! Never here: what the findings are called, files, the history of checks.

mod check;
mod confidence;
mod drift;
mod histogram;
mod level;
mod listen;
mod reference;
#[cfg(test)]
mod tests;

pub use check::{Agreement, Check, CheckInputs, Estimated, HeardOf, LabelledCheck, StepCheck, check, check_mode};
pub use drift::Drift;
pub use histogram::Histogram;
pub use level::{Finding, Level, Measure};
pub use reference::{Reference, ReferenceInputs, Sketches, ThresholdedConfidence};
