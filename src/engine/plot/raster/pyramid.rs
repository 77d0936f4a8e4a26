//! A density pyramid: what blocks of entries add up to, in blocks of 1, 2, 4, … times the finest size ([`super::tiles`]), so that
//! a heatmap of any part of a large matrix costs its texels and not its entries.
//!
//! It belongs to one run, one step and one order of the nodes. Attention is not in it.

use std::ops::Range;

use super::atlas::Atlas;
use super::entries::EdgeEntries;
use super::mean::{Adding, Mean, Stored};
use super::tiles::{Block, Fineness, Part, Tiles};
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::experiment::Run;

/// What a block of entries adds up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sums {
    pub(super) kept: u32,
    pub(super) removed: u32,
    /// Entries that no step removes.
    pub(super) never: u32,
    /// Of the others, the removing steps added up.
    pub(super) steps: f32,
    pub(super) strength: Stored,
    pub(super) margin: Stored,
}

/// A block while it is added up, in double precision.
#[derive(Clone, Copy)]
pub(super) struct Adds {
    kept: u32,
    removed: u32,
    never: u32,
    steps: u64,
    strength: Adding,
    margin: Adding,
}

impl Adds {
    fn add(&mut self, entries: &EdgeEntries<'_>, k: usize, is_own: bool) {
        let is_kept = entries.is_kept(k);
        self.kept += u32::from(is_kept);
        self.removed += u32::from(!is_kept);
        if entries.is_never_removed(k) {
            self.never += 1;
        } else {
            self.steps += u64::from(entries.removed_at(k));
        }
        self.strength.add(entries.strength(k), Mean::Finite);
        self.margin.add(entries.margin(k, is_own), Mean::Margins);
    }
}

impl Block for Adds {
    type Sums = Sums;

    const NOTHING: Self =
        Self { kept: 0, removed: 0, never: 0, steps: 0, strength: Adding::NOTHING, margin: Adding::NOTHING };

    fn add_all(&mut self, other: &Self) {
        self.kept += other.kept;
        self.removed += other.removed;
        self.never += other.never;
        self.steps += other.steps;
        self.strength.add_all(&other.strength);
        self.margin.add_all(&other.margin);
    }

    fn held(&self) -> Sums {
        Sums {
            kept: self.kept,
            removed: self.removed,
            never: self.never,
            steps: self.steps as f32,
            strength: self.strength.stored(Mean::Finite),
            margin: self.margin.stored(Mean::Margins),
        }
    }

    fn is_empty(sums: &Sums) -> bool {
        sums.kept + sums.removed == 0
    }
}

/// The sums of blocks of a step's edges.
///
/// # Invariants
/// Every entry of the graph counts once in every level of its tile. Values do not depend on the number of threads: every block
/// is added up by one thread in the order of its entries.
#[derive(Debug, Clone)]
pub struct Pyramid {
    tiles: Tiles<Sums>,
}

impl Pyramid {
    /// Bytes of a pyramid for each byte of the mask, at most.
    pub const BYTES_PER_ENTRY: f64 = 1.0;

    /// Where blocks are finer than the pyramid, this many entries per block are left to be read, at most, in the mean over
    /// a tile that the border of the matrix does not cut.
    pub const ENTRIES_PER_TEXEL: usize = 46;

    /// Matrices with fewer entries are read directly at every zoom.
    pub const WORTH_FROM: usize = 4 << 20;

    /// Whether a matrix of so many entries is drawn from a pyramid.
    pub fn is_worth(n_entries: usize) -> bool {
        n_entries >= Self::WORTH_FROM
    }

    /// Adds the edges of step `step` up.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] when the run has no such step, or the atlas is of another graph; [`EngineError::Cancelled`].
    ///
    /// # Complexity
    /// O(nodes + entries). While it works it takes up to twice the memory of the result.
    pub fn new(run: &Run, atlas: &Atlas, step: usize, ctl: &Control) -> Result<Self, EngineError> {
        Self::with_fineness(run, atlas, step, Fineness::STANDARD, ctl)
    }

    pub(super) fn with_fineness(
        run: &Run,
        atlas: &Atlas,
        step: usize,
        fineness: Fineness,
        ctl: &Control,
    ) -> Result<Self, EngineError> {
        let entries = EdgeEntries::of(run, atlas, step)?;
        let add = |block: &mut Adds, k: usize, is_own: bool| block.add(&entries, k, is_own);
        Ok(Self { tiles: Tiles::of(atlas, fineness, ctl, add)? })
    }

    /// Nodes of its graph.
    pub fn n_nodes(&self) -> usize {
        self.tiles.n_nodes()
    }

    /// What it takes of the memory.
    pub fn size_bytes(&self) -> usize {
        self.tiles.size_bytes()
    }

    /// See [`Tiles::parts`].
    pub(super) fn parts(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        block: usize,
    ) -> impl Iterator<Item = Part<'_, Sums>> {
        self.tiles.parts(rows, columns, block)
    }
}
