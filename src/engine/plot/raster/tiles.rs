//! Blocks of entries added up in blocks of 1, 2, 4, … times the finest size, whatever it is that is added up.
//!
//! The matrix is cut into square tiles, each with a pyramid of its own: the more entries a tile has, the finer its finest blocks
//! are. So a dense corner is held finely and an empty one costs nothing; the bytes are at most those of the mask, one per entry,
//! and what is finer than a tile's finest blocks has few entries per texel left, which are read one by one.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::atlas::Atlas;
use crate::engine::control::Control;
use crate::engine::error::EngineError;

/// A block of entries while it is added up.
pub(super) trait Block: Copy + Send + Sync {
    /// How it is held.
    type Sums: Copy + Send + Sync;

    /// Of no entry.
    const NOTHING: Self;

    /// Adds another block.
    fn add_all(&mut self, other: &Self);

    /// As it is held.
    fn held(&self) -> Self::Sums;

    /// Whether there is no entry in it.
    fn is_empty(sums: &Self::Sums) -> bool;
}

/// A square of the matrix.
#[derive(Debug, Clone, Copy, Default)]
struct Tile {
    /// Where its sums begin among those of its row of tiles: those of all of it, then of its quarters, their quarters, …
    first: u32,
    /// How often its blocks are halved, and one; 0 for a tile without entries.
    n_levels: u8,
}

/// One row of tiles.
#[derive(Debug, Clone)]
struct Band<S> {
    tiles: Vec<Tile>,
    sums: Vec<S>,
}

/// How finely a pyramid is divided.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fineness {
    /// Entries of a tile in the mean, at least.
    pub(super) entries_per_tile: usize,
    /// Bytes that the blocks of a tile may take for each of its entries.
    pub(super) bytes_per_entry: f64,
}

impl Fineness {
    /// The blocks leave a sixteenth of a byte per entry to the tiles themselves, which need less.
    pub(super) const STANDARD: Self = Self { entries_per_tile: 1024, bytes_per_entry: 15.0 / 16.0 };
}

/// All tiles of a square matrix.
///
/// # Invariants
/// Every entry counts once in every level of its tile. Sums do not depend on the number of threads: every block is added up by
/// one thread in the order of its entries.
#[derive(Debug, Clone)]
pub(super) struct Tiles<S> {
    n_nodes: usize,
    /// Logarithm to base 2 of the side of a tile, entries.
    log_side: u32,
    bands: Vec<Band<S>>,
}

impl<S: Copy + Send + Sync> Tiles<S> {
    /// Adds all entries up. `add` adds one, by its number in the graph and whether it is a node's entry to itself.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub(super) fn of<B: Block<Sums = S>>(
        atlas: &Atlas,
        fineness: Fineness,
        ctl: &Control,
        add: impl Fn(&mut B, usize, bool) + Send + Sync,
    ) -> Result<Self, EngineError> {
        let (n, n_entries) = (atlas.ordering().len(), atlas.values().len());
        // The largest power of two whose square of tiles has enough entries each.
        let most_tiles = ((n_entries / fineness.entries_per_tile.max(1)) as f64).sqrt().max(1.0);
        let tiles_per_side = 1usize << most_tiles.log2().floor() as u32;
        let log_side = n.div_ceil(tiles_per_side).next_power_of_two().trailing_zeros();
        let n_bands = n.div_ceil(1 << log_side);
        let n_done = AtomicUsize::new(0);
        let bands = ctl.map(n_bands, |band| {
            let rows = band << log_side..((band + 1) << log_side).min(n);
            let added = add_band(&add, atlas, rows, log_side, n_bands, fineness, ctl);
            ctl.progress("gathering entries", n_done.fetch_add(1, Ordering::Relaxed) + 1, n_bands);
            added
        })?;
        // A band that was stopped is not complete.
        ctl.check()?;
        Ok(Self { n_nodes: n, log_side, bands })
    }

    /// Nodes of the graph.
    pub(super) fn n_nodes(&self) -> usize {
        self.n_nodes
    }

    /// What it takes of the memory.
    pub(super) fn size_bytes(&self) -> usize {
        let of_band = |b: &Band<S>| std::mem::size_of_val(&b.tiles[..]) + std::mem::size_of_val(&b.sums[..]);
        self.bands.iter().map(of_band).sum()
    }

    /// What is known of some rows and columns in blocks of side `block`, a power of two, with borders at multiples of it: one part for
    /// each row of tiles.
    pub(super) fn parts(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        block: usize,
    ) -> impl Iterator<Item = Part<'_, S>> {
        let side = 1usize << self.log_side;
        let bands = rows.start >> self.log_side..rows.end.div_ceil(side);
        bands.filter_map(move |at| {
            let band = self.bands.get(at)?;
            let of_band = rows.start.max(at << self.log_side)..rows.end.min((at + 1) << self.log_side);
            Some(Part::of(band, self.log_side, of_band, columns.clone(), block))
        })
    }
}

/// The sums of one row of tiles.
fn add_band<B: Block>(
    add: &impl Fn(&mut B, usize, bool),
    atlas: &Atlas,
    rows: Range<usize>,
    log_side: u32,
    n_tiles: usize,
    fineness: Fineness,
    ctl: &Control,
) -> Band<B::Sums> {
    /// Rows between two looks at whether to stop.
    const ROWS: usize = 256;
    let everything = 0..n_tiles << log_side;
    let mut counts = vec![0usize; n_tiles];
    for p in rows.clone() {
        if p % ROWS == 0 && ctl.check().is_err() {
            return Band { tiles: Vec::new(), sums: Vec::new() };
        }
        for column in atlas.columns(p) {
            counts[*column as usize >> log_side] += 1;
        }
    }
    let mut band = Band { tiles: Vec::with_capacity(n_tiles), sums: Vec::new() };
    // Only the finest blocks are added up from entries; where those of a tile begin.
    let mut finest = Vec::with_capacity(n_tiles);
    let (mut n_sums, mut n_finest) = (0, 0);
    for count in &counts {
        let n_levels = n_levels::<B::Sums>(*count, log_side, fineness);
        band.tiles.push(Tile { first: n_sums as u32, n_levels });
        n_sums += sums_of(n_levels);
        finest.push((n_finest, u32::from(n_levels).saturating_sub(1)));
        n_finest += if n_levels == 0 { 0 } else { 1 << (2 * (n_levels - 1)) };
    }
    let mut adding = vec![B::NOTHING; n_finest];
    for p in rows.clone() {
        if p % ROWS == 0 && ctl.check().is_err() {
            return Band { tiles: Vec::new(), sums: Vec::new() };
        }
        let y = p - rows.start;
        for (column, k) in atlas.row(p, &everything) {
            let (first, log_blocks) = finest[column >> log_side];
            let x = column & ((1 << log_side) - 1);
            let shift = log_side - log_blocks;
            let at = ((y >> shift) << log_blocks) + (x >> shift);
            add(&mut adding[first + at], k, column == p);
        }
    }
    band.sums.reserve_exact(n_sums);
    for (at, tile) in band.tiles.iter().enumerate().filter(|(_, t)| t.n_levels > 0) {
        let n = 1 << (2 * (tile.n_levels - 1));
        levels_up(&adding[finest[at].0..][..n], tile.n_levels, &mut band.sums);
    }
    band
}

/// Blocks of all levels of a tile.
fn sums_of(n_levels: u8) -> usize {
    ((1usize << (2 * u32::from(n_levels))) - 1) / 3
}

/// How many levels the entries of a tile pay for. A tile with entries has one at least.
fn n_levels<S>(n_entries: usize, log_side: u32, fineness: Fineness) -> u8 {
    let bytes = n_entries as f64 * fineness.bytes_per_entry;
    let pays = |n: u8| (sums_of(n) * size_of::<S>()) as f64 <= bytes && u32::from(n) <= log_side + 1;
    if n_entries == 0 { 0 } else { (2..=16).take_while(|n| pays(*n)).last().unwrap_or(1) }
}

/// Writes the levels of a tile, the coarsest first, from its finest blocks.
fn levels_up<B: Block>(finest: &[B], n_levels: u8, out: &mut Vec<B::Sums>) {
    let mut levels = vec![finest.to_vec()];
    for level in (0..n_levels - 1).rev() {
        let side = 1usize << level;
        let below = &levels[levels.len() - 1];
        let mut blocks = vec![B::NOTHING; side * side];
        for (at, block) in blocks.iter_mut().enumerate() {
            let (x, y) = (at % side * 2, at / side * 2);
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                block.add_all(&below[(y + dy) * 2 * side + x + dx]);
            }
        }
        levels.push(blocks);
    }
    out.extend(levels.iter().rev().flatten().map(B::held));
}

/// What is known of a part of one row of tiles.
pub(super) struct Part<'a, S> {
    /// Its rows.
    pub(super) rows: Range<usize>,
    /// The columns whose blocks are finer than the sums that are held.
    pub(super) unknown: Vec<Range<usize>>,
    known: Vec<Known<'a, S>>,
    columns: Range<usize>,
}

/// One level of a tile.
struct Known<'a, S> {
    sums: &'a [S],
    /// Of the tile, entries.
    origin: (usize, usize),
    log_block: u32,
    /// Logarithm of the blocks across.
    log_blocks: u32,
}

impl<'a, S> Part<'a, S> {
    fn of(band: &'a Band<S>, log_side: u32, rows: Range<usize>, columns: Range<usize>, block: usize) -> Self {
        let side = 1usize << log_side;
        let log_block = block.trailing_zeros().min(log_side);
        let top = rows.start >> log_side << log_side;
        let mut part = Self { rows, unknown: Vec::new(), known: Vec::new(), columns: columns.clone() };
        let tiles = columns.start >> log_side..columns.end.div_ceil(side).min(band.tiles.len());
        for at in tiles {
            let Tile { first, n_levels } = band.tiles[at];
            let level = log_side - log_block;
            if n_levels == 0 {
                continue;
            }
            let left = at << log_side;
            if level < u32::from(n_levels) {
                let from = first as usize + sums_of(level as u8);
                let sums = &band.sums[from..from + (1 << (2 * level))];
                part.known.push(Known { sums, origin: (left, top), log_block, log_blocks: level });
                continue;
            }
            let here = columns.start.max(left)..columns.end.min(left + side);
            // Neighbours are read together.
            match part.unknown.last_mut() {
                Some(last) if last.end == here.start => last.end = here.end,
                _ => part.unknown.push(here),
            }
        }
        part
    }

    /// The blocks that are known and not empty, each with its first column and row.
    pub(super) fn blocks<B: Block<Sums = S>>(&self) -> impl Iterator<Item = (usize, usize, &'a S)> + '_ {
        self.known.iter().flat_map(move |known| {
            let (left, top) = known.origin;
            let side = 1usize << known.log_block << known.log_blocks;
            let span = |of: &Range<usize>, origin: usize| {
                let from = of.start.max(origin) - origin;
                let to = of.end.min(origin + side) - origin;
                from >> known.log_block..to.div_ceil(1 << known.log_block)
            };
            let (xs, ys) = (span(&self.columns, left), span(&self.rows, top));
            ys.flat_map(move |y| {
                xs.clone().map(move |x| {
                    let sums = &known.sums[(y << known.log_blocks) + x];
                    (left + (x << known.log_block), top + (y << known.log_block), sums)
                })
            })
            .filter(|(_, _, sums)| !B::is_empty(sums))
        })
    }
}
