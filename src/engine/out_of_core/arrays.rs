//! What lies in a storage, and reading it as numbers.

use bytemuck::Pod;

use super::state::PropagationState;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

// Arrays lie as the processor has them in its memory; every machine we build for has the lowest byte first, and so have the files.
const _: () = assert!(cfg!(target_endian = "little"), "stored arrays are little-endian");

/// One array of a graph or of a propagation over it. Sizes in values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StoredArray {
    /// Row pointers of the graph, u64. `[n_nodes + 1]`
    Indptr,
    /// The source of every entry, u32. `[n_entries]`
    Indices,
    /// Edge weights, f32. `[n_entries]`
    Weights,
    /// Features, f32, row after row. `[n_nodes, n_features]`
    Features,
    /// How many entries each row has after `since` hops were decided, u32; 0 = before the first. `[n_nodes]`
    Lengths {
        /// Hops that were decided before them.
        since: usize,
    },
    /// Their sources, u32.
    Sources {
        /// Hops that were decided before them.
        since: usize,
    },
    /// What they are multiplied with, f32.
    Values {
        /// Hops that were decided before them.
        since: usize,
    },
    /// For every entry of the graph the hop that removed it, u8; the number of hops where it stays. `[n_entries]`
    RemovedAt {
        /// The last hop whose removals it has.
        until: usize,
    },
    /// A block of columns of `P̂(hop)`, f32, row after row.
    Columns {
        /// How many hops it has seen.
        hop: usize,
        /// Which block, from the left.
        block: usize,
    },
    /// A block of columns of the weighted sum of `P̂(0)` to `P̂(hop)`, f32, row after row.
    Sum {
        /// The last hop in it.
        hop: usize,
        /// Which block, from the left.
        block: usize,
    },
    /// The propagated embedding, f32, row after row. `[n_nodes, n_features]`
    Embedding,
}

/// Where the arrays lie. Written arrays appear whole or not at all.
pub trait Storage: Send + Sync {
    /// Fills `out` with the bytes of an array from `from` on.
    ///
    /// # Errors
    /// [`EngineError::Storage`] where they are not there or cannot be read.
    fn read(&self, array: StoredArray, from: u64, out: &mut [u8]) -> Result<(), EngineError>;

    /// Says that `len` bytes of an array from `from` on are read next, so that a storage may fetch them while others are worked on. What is
    /// not there, or cannot be fetched ahead, is read when its turn comes.
    fn reads_next(&self, array: StoredArray, from: u64, len: u64) {
        let _ = (array, from, len);
    }

    /// Starts an array; what is there under its name is replaced when it is finished.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    fn create(&self, array: StoredArray) -> Result<Box<dyn Sink + '_>, EngineError>;

    /// Removes an array; nothing where there is none.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    fn remove(&self, array: StoredArray) -> Result<(), EngineError>;

    /// Looks whether the arrays that an interrupted propagation left are as they were written.
    ///
    /// # Errors
    /// [`EngineError::Storage`] for the first that is not, with the way to begin again; [`EngineError::Cancelled`].
    fn verify(&self, ctl: &Control) -> Result<(), EngineError>;

    /// How far the propagation has come, if one was begun.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    fn load_state(&self) -> Result<Option<PropagationState>, EngineError>;

    /// Stores how far it has come.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    fn save_state(&self, state: &PropagationState) -> Result<(), EngineError>;
}

/// An array that is being written from its start to its end.
pub trait Sink {
    /// Writes what comes next.
    ///
    /// # Errors
    /// [`EngineError::Storage`], for example of a full disk.
    fn append(&mut self, bytes: &[u8]) -> Result<(), EngineError>;

    /// Puts the array in its place.
    ///
    /// # Errors
    /// [`EngineError::Storage`].
    fn finish(self: Box<Self>) -> Result<(), EngineError>;
}

/// Reads `len` values from value `from` on.
pub(super) fn read<T: Pod>(
    storage: &dyn Storage,
    array: StoredArray,
    from: usize,
    len: usize,
) -> Result<Vec<T>, EngineError> {
    let mut values = vec![T::zeroed(); len];
    read_into(storage, array, from, &mut values)?;
    Ok(values)
}

/// Fills `out` with the values from value `from` on.
pub(super) fn read_into<T: Pod>(
    storage: &dyn Storage,
    array: StoredArray,
    from: usize,
    out: &mut [T],
) -> Result<(), EngineError> {
    storage.read(array, (from * size_of::<T>()) as u64, bytemuck::cast_slice_mut(out))
}

/// Says that `len` values from value `from` on are read next.
pub(super) fn reads_next<T: Pod>(storage: &dyn Storage, array: StoredArray, from: usize, len: usize) {
    storage.reads_next(array, (from * size_of::<T>()) as u64, (len * size_of::<T>()) as u64);
}

/// Writes values behind those that are there.
pub(super) fn append<T: Pod>(sink: &mut dyn Sink, values: &[T]) -> Result<(), EngineError> {
    sink.append(bytemuck::cast_slice(values))
}
