//! Decoupled propagation of graphs that do not fit into memory.
//!
//! Graph, masks and embeddings lie in a [`Storage`]. Embeddings are cut into blocks of columns, as wide as memory allows: a hop reads
//! one block whole, streams the active entries past it, and writes the block of the next embedding row after row. Deciding needs the
//! norms of whole rows, so all blocks of a hop come before the next hop. Every finished block is stored, and a propagation that
//! was interrupted goes on behind it.
//!
//! In memory are one block of columns, a few numbers per node, and the chunk of entries that passes. Embeddings and masks have the bits
//! of [`propagate`](crate::engine::sparsify::propagate) in memory.
//!
//! What is never here: opening files; attention, training, the per-feature push, and rankings other than messages.

mod arrays;
mod chunks;
mod decide;
mod hops;
mod plan;
mod propagation;
mod state;
#[cfg(test)]
mod tests;

pub use arrays::{Sink, Storage, StoredArray};
pub use hops::propagate_stored;
pub use plan::{GraphSize, MemoryPlan};
pub use propagation::{StoredPropagation, sums_hops};
pub use state::{HopRecord, PropagationState};
