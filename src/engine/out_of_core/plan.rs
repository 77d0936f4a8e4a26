//! How wide a block of columns may be, and what a propagation needs.

use serde::{Deserialize, Serialize};

use super::chunks::GROUP_ROWS;
use crate::engine::error::EngineError;
use crate::engine::graph::Dataset;
use crate::engine::kernels::GROUP;

/// What a graph's arrays hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphSize {
    /// Nodes.
    pub n_nodes: usize,
    /// Entries, self-loops included.
    pub n_entries: usize,
    /// Features per node.
    pub n_features: usize,
    /// Whether entries have weights of their own.
    pub is_weighted: bool,
}

/// How a propagation out of memory goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryPlan {
    /// Columns of a block; the last one may be narrower.
    pub block_width: usize,
    /// Blocks.
    pub n_blocks: usize,
    /// Bytes in memory at the most demanding moment.
    pub memory_bytes: u64,
    /// Bytes in the storage at the most demanding moment, those of the graph not counted.
    pub storage_bytes: u64,
}

/// Blocks are multiples of the columns that are squared together, so that norms do not depend on where they are cut.
const COLUMN_STEP: usize = GROUP;
/// Per node: the norm, the square that becomes the next one, the factor of its column, its row length.
const PER_NODE: u64 = 4 + 8 + 8 + 4;
/// The chunk of entries that passes, with its output rows, the program itself and its threads.
const FIXED: u64 = 96 << 20;

impl GraphSize {
    /// That of a graph in memory.
    pub fn of(dataset: &Dataset) -> Self {
        Self {
            n_nodes: dataset.n_nodes(),
            n_entries: dataset.topology().n_entries(),
            n_features: dataset.features().width(),
            is_weighted: dataset.edge_weights().is_some(),
        }
    }

    /// Bytes of row pointers, sources and weights.
    pub fn structure_bytes(&self) -> u64 {
        let per_entry = if self.is_weighted { 8 } else { 4 };
        8 * (self.n_nodes as u64 + 1) + per_entry * self.n_entries as u64
    }

    /// Bytes that reading the graph into memory takes: its structure, features as they are stored and as sparse rows where few of them are
    /// not zero (never more than half as much again), labels and splits.
    pub fn reading_bytes(&self) -> u64 {
        /// The labels as they are stored and as they are used, the splits, the structure's check.
        const PER_NODE: u64 = 48;
        self.structure_bytes() + self.embedding_bytes() + self.embedding_bytes() / 2 + PER_NODE * self.n_nodes as u64
    }

    /// Bytes of one embedding.
    pub fn embedding_bytes(&self) -> u64 {
        4 * self.n_nodes as u64 * self.n_features as u64
    }

    /// Bytes that a propagation in memory needs: the structure with its values, features, two embeddings, the sum of hops where there is
    /// one, masks, and the lists of what two hops propagate over.
    pub fn in_memory_bytes(&self, has_sum: bool) -> u64 {
        let lists = 2 * 12 * self.n_entries as u64;
        let n_embeddings = 3 + u64::from(has_sum);
        self.structure_bytes() + 5 * self.n_entries as u64 + n_embeddings * self.embedding_bytes() + lists
    }

    /// Bytes that are taken whatever the width of blocks: what [`FIXED`] and [`PER_NODE`] say, and a group of rows with all their features,
    /// where those are more than the former has room for.
    fn fixed_bytes(&self) -> u64 {
        const PER_FEATURE: u64 = 6 * GROUP_ROWS as u64;
        const HAS_ROOM: u64 = 24 << 20;
        let of_group = PER_FEATURE.saturating_mul(self.n_features as u64).saturating_sub(HAS_ROOM);
        FIXED + PER_NODE * self.n_nodes as u64 + of_group
    }

    /// How wide blocks may be within `memory` bytes.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] where not even the narrowest block fits: how much it takes.
    pub fn plan(&self, memory: u64, has_sum: bool) -> Result<MemoryPlan, EngineError> {
        let n = self.n_nodes as u64;
        let fixed = self.fixed_bytes();
        let per_step = 4 * n * COLUMN_STEP as u64;
        let steps = memory.saturating_sub(fixed) / per_step.max(1);
        if steps == 0 {
            let expected = format!("at least {} MiB for {n} nodes", (fixed + per_step).div_ceil(1 << 20));
            return Err(EngineError::mismatch("memory", expected, format!("{} MiB", memory >> 20)));
        }
        let steps = (steps as usize).min(self.n_features.div_ceil(COLUMN_STEP));
        Ok(self.plan_of_width(steps * COLUMN_STEP, has_sum))
    }

    /// With blocks of `block_width` columns.
    pub fn plan_of_width(&self, block_width: usize, has_sum: bool) -> MemoryPlan {
        let (n, m) = (self.n_nodes as u64, self.n_entries as u64);
        // Lists and masks of a hop and of the one before, embeddings before and after, and the one that is written at the end.
        let entries = 2 * (8 * m + 4 * n) + 2 * m;
        let embeddings = (3 + u64::from(has_sum)) * self.embedding_bytes();
        MemoryPlan {
            block_width,
            n_blocks: self.n_features.div_ceil(block_width.max(1)),
            memory_bytes: self.fixed_bytes() + 4 * n * block_width as u64,
            storage_bytes: entries + embeddings,
        }
    }
}
