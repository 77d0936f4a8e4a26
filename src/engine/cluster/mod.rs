//! One graph on many machines: what a machine does with a block of rows, and what is decided of what all of them found.
//!
//! A [`ClusterJob`] cuts a recipe's forward pass where a block needs what others have: norms or rows of the nodes it reads from, or a
//! threshold that depends on all of them. What lies between is a [`Stage`]. A [`BlockWork`] runs one stage on one block; [`Decisions`] takes
//! up what the blocks found. Entries are decided by the same rules, and sums of a row go through its blocks in ascending order as one chain,
//! so masks and logits have the bits of one machine, whatever the number of blocks: sums over all rows are exact
//! ([`crate::engine::kernels::ExactSum`]), and a target's threshold is counted, not sketched.
//!
//! What is never here: moving blocks, retries, files.

mod assemble;
mod attend;
mod block;
mod decisions;
mod job;
mod normalise;
mod part;
mod push;
mod stage;
mod summary;
#[cfg(test)]
mod tests;
mod work;

pub use assemble::{EdgeRows, assemble_block};
pub use decisions::{Decisions, StepDecision, WeightDecision};
pub use job::{BlockRows, ClusterJob};
pub use part::{BlockEntries, Part};
pub use stage::Stage;
pub use summary::Summary;
pub use work::BlockWork;
