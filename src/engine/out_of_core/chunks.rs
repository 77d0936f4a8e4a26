//! Rows of entries, a few at a time.

use std::ops::Range;

use super::arrays::{Storage, StoredArray, read, read_into, reads_next};
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// Rows whose entries come together at least; sums over entries are added up in groups of as many.
pub(super) const GROUP_ROWS: usize = 4096;
/// Entries that come together at least, unless there are no more, or as many rows as there may be.
const CHUNK_ENTRIES: usize = 1 << 20;
/// Rows that come together at most, however few entries they have: their pointers take memory, too.
const CHUNK_ROWS: usize = 64 * GROUP_ROWS;

/// The lists that a hop propagates over.
#[derive(Debug, Clone, Copy)]
pub(super) struct ActiveLists {
    /// Under which hop they are stored.
    pub(super) since: usize,
    /// Nodes.
    pub(super) n_nodes: usize,
    /// Entries in the lists.
    pub(super) n_entries: usize,
}

/// The entries of some rows.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) rows: Range<usize>,
    /// Pointers of the rows into the lists here, one more than rows.
    pub(super) indptr: Vec<usize>,
    pub(super) sources: Vec<u32>,
    pub(super) values: Vec<f32>,
}

impl ActiveLists {
    /// Calls `f` with all rows in order.
    pub(super) fn for_chunks(
        &self,
        storage: &dyn Storage,
        stage: &str,
        ctl: &Control,
        mut f: impl FnMut(&Chunk) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let since = self.since;
        let mut chunk = Chunk::default();
        let (mut row, mut at) = (0, 0);
        while row < self.n_nodes {
            ctl.check()?;
            ctl.progress(stage, row, self.n_nodes);
            chunk.indptr.clear();
            chunk.indptr.push(0);
            let (first, mut total) = (row, 0);
            while row < self.n_nodes && total < CHUNK_ENTRIES && row - first < CHUNK_ROWS {
                let n_rows = GROUP_ROWS.min(self.n_nodes - row);
                for length in read::<u32>(storage, StoredArray::Lengths { since }, row, n_rows)? {
                    total += length as usize;
                    chunk.indptr.push(total);
                }
                row += n_rows;
            }
            chunk.rows = first..row;
            chunk.sources.resize(total, 0);
            read_into(storage, StoredArray::Sources { since }, at, &mut chunk.sources)?;
            chunk.values.resize(total, 0.0);
            read_into(storage, StoredArray::Values { since }, at, &mut chunk.values)?;
            at += total;
            self.fetch_ahead(storage, row, row - first, at, total);
            f(&chunk)?;
        }
        Ok(())
    }
}

impl ActiveLists {
    /// The rows behind a chunk of `n_rows` rows and `n_entries` entries are read next, about as many of them.
    fn fetch_ahead(&self, storage: &dyn Storage, row: usize, n_rows: usize, at: usize, n_entries: usize) {
        let since = self.since;
        let (n_rows, n_entries) = (n_rows.min(self.n_nodes - row), n_entries.min(self.n_entries.saturating_sub(at)));
        reads_next::<u32>(storage, StoredArray::Lengths { since }, row, n_rows);
        reads_next::<u32>(storage, StoredArray::Sources { since }, at, n_entries);
        reads_next::<f32>(storage, StoredArray::Values { since }, at, n_entries);
    }
}

impl Chunk {
    /// Groups of rows, as positions within the chunk.
    pub(super) fn groups(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let n = self.rows.len();
        (0..n.div_ceil(GROUP_ROWS)).map(move |group| group * GROUP_ROWS..n.min((group + 1) * GROUP_ROWS))
    }

    /// The target of the row at a position.
    pub(super) fn target(&self, row: usize) -> usize {
        self.rows.start + row
    }
}
