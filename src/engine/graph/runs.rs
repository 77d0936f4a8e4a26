//! Edges that wait, packed by their rows.
//!
//! Edges come in runs. A run is parted by the leading bits of its rows, in the order in which its edges came, and each edge is kept in
//! as few bytes as the numbers within its part need: 4 up to 2^20 nodes and 6 up to 2^28, and a weight.

use std::marker::PhantomData;
use std::ops::Range;

use memmap2::MmapMut;

/// Edges per run. Small in tests, so that they need several.
pub(super) const RUN: usize = if cfg!(test) { 1 << 10 } else { 500_000 };
/// So many leading bits of a run's largest row make its parts.
const PART_BITS: u32 = 12;
/// So many parts of a run share memory, which is given back when all of them have been used.
const PARTS_PER_SHELF: usize = 1 << 10;
/// Bytes that a packed edge is read as, whatever its length.
const WORD: usize = 8;

/// What an edge carries: nothing, or a weight.
pub(super) trait Weight: Copy + Send + Sync + 'static {
    /// Bytes that it is packed into.
    const BYTES: usize;
    /// Out of those bytes.
    fn unpack(bytes: &[u8]) -> Self;
    /// Into those bytes.
    fn pack(self, bytes: &mut [u8]);
    /// What an added self-loop carries.
    const ONE: Self;
    fn sum(self, other: Self) -> Self;
    fn larger(self, other: Self) -> Self;
    fn differs(self, other: Self) -> bool;
    /// Sorts by column; equal columns stay in their order where that matters.
    fn sort(row: &mut [(u32, Self)]);
}

impl Weight for () {
    const BYTES: usize = 0;
    fn unpack(_: &[u8]) -> Self {}
    fn pack(self, _: &mut [u8]) {}
    const ONE: Self = ();
    fn sum(self, (): Self) -> Self {}
    fn larger(self, (): Self) -> Self {}
    fn differs(self, (): Self) -> bool {
        false
    }
    fn sort(row: &mut [(u32, Self)]) {
        row.sort_unstable_by_key(|(column, ())| *column);
    }
}

impl Weight for f32 {
    const BYTES: usize = size_of::<Self>();
    fn unpack(bytes: &[u8]) -> Self {
        bytes.first_chunk().map_or(0.0, |bytes| Self::from_le_bytes(*bytes))
    }
    fn pack(self, bytes: &mut [u8]) {
        bytes.copy_from_slice(&self.to_le_bytes());
    }
    const ONE: Self = 1.0;
    fn sum(self, other: Self) -> Self {
        self + other
    }
    fn larger(self, other: Self) -> Self {
        self.max(other)
    }
    fn differs(self, other: Self) -> bool {
        self.to_bits() != other.to_bits()
    }
    fn sort(row: &mut [(u32, Self)]) {
        row.sort_by_key(|(column, _)| *column);
    }
}

/// One edge on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair<W> {
    pub(super) row: u32,
    pub(super) column: u32,
    pub(super) weight: W,
}

/// Edges parted by their rows and packed.
#[derive(Debug)]
pub(super) struct Run<W> {
    /// The edges of rows from `part << shift` to below `(part + 1) << shift` are those from `start[part]` to below
    /// `start[part + 1]`, in the order in which they came.
    start: Vec<u32>,
    pub(super) shift: u32,
    /// Bits of an edge that are its row within its part; the column is above them.
    row_bits: u32,
    /// Bytes per edge without its weight, which is behind it.
    stride: usize,
    /// The largest end of any edge.
    largest_end: u32,
    /// The edges of `PARTS_PER_SHELF` parts each, and a word of nothing.
    shelves: Vec<Shelf>,
    weights: PhantomData<W>,
}

/// Zeroed bytes that the system gets back as soon as they are dropped, where there are many: an allocator would keep them for
/// later, beside what is being built.
#[derive(Debug)]
enum Shelf {
    Mapped(MmapMut),
    Small(Vec<u8>),
}

impl Shelf {
    const MAPPED_BYTES: usize = 1 << 16;

    fn new(n_bytes: usize) -> Self {
        if n_bytes >= Self::MAPPED_BYTES
            && let Ok(mapped) = MmapMut::map_anon(n_bytes)
        {
            return Self::Mapped(mapped);
        }
        Self::Small(vec![0; n_bytes])
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Small(bytes) => bytes,
        }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Mapped(bytes) => bytes,
            Self::Small(bytes) => bytes,
        }
    }
}

fn n_bits(value: u32) -> u32 {
    u32::BITS - value.leading_zeros()
}

impl<W: Weight> Run<W> {
    fn pack(pairs: &[Pair<W>]) -> Self {
        let (most_row, most_column) =
            pairs.iter().fold((0, 0), |(row, column), p| (p.row.max(row), p.column.max(column)));
        let shift = n_bits(most_row).saturating_sub(PART_BITS);
        let n_parts = (most_row >> shift) as usize + 1;
        let mut start = vec![0u32; n_parts + 1];
        for pair in pairs {
            start[(pair.row >> shift) as usize + 1] += 1;
        }
        for part in 0..n_parts {
            start[part + 1] += start[part];
        }
        let (row_bytes, column_bytes) = (shift.div_ceil(8), n_bits(most_column).max(1).div_ceil(8));
        let stride = (row_bytes + column_bytes) as usize;
        let shelf = |first: usize| {
            let n = (start[(first + PARTS_PER_SHELF).min(n_parts)] - start[first]) as usize;
            Shelf::new(n * (stride + W::BYTES) + WORD)
        };
        let shelves = (0..n_parts).step_by(PARTS_PER_SHELF).map(shelf).collect();
        let largest_end = most_row.max(most_column);
        let mut run =
            Self { start, shift, row_bits: 8 * row_bytes, stride, largest_end, shelves, weights: PhantomData };
        match stride {
            1 => run.fill::<1>(pairs),
            2 => run.fill::<2>(pairs),
            3 => run.fill::<3>(pairs),
            4 => run.fill::<4>(pairs),
            5 => run.fill::<5>(pairs),
            6 => run.fill::<6>(pairs),
            _ => run.fill::<7>(pairs),
        }
        run
    }

    fn fill<const STRIDE: usize>(&mut self, pairs: &[Pair<W>]) {
        let mut next = self.start.clone();
        let mut shelves: Vec<&mut [u8]> = self.shelves.iter_mut().map(Shelf::bytes_mut).collect();
        let within = (1u32 << self.shift) - 1;
        for pair in pairs {
            let part = (pair.row >> self.shift) as usize;
            let at = (next[part] - self.start[part / PARTS_PER_SHELF * PARTS_PER_SHELF]) as usize;
            next[part] += 1;
            let word = u64::from(pair.row & within) | u64::from(pair.column) << self.row_bits;
            let slot = &mut shelves[part / PARTS_PER_SHELF][at * (STRIDE + W::BYTES)..][..STRIDE + W::BYTES];
            slot[..STRIDE].copy_from_slice(&word.to_le_bytes()[..STRIDE]);
            pair.weight.pack(&mut slot[STRIDE..]);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.start.last().map_or(0, |n| *n as usize)
    }

    fn n_parts(&self) -> usize {
        self.start.len() - 1
    }

    /// The parts of rows from `first` to below `first + 2^range_bits`.
    pub(super) fn parts_of(&self, first: usize, range_bits: u32) -> Range<usize> {
        let part = first >> self.shift;
        part.min(self.n_parts())..(part + (1 << (range_bits - self.shift))).min(self.n_parts())
    }

    /// Gives the memory of all parts before this one back.
    pub(super) fn release(&mut self, n_parts: usize) {
        for shelf in self.shelves.iter_mut().take(n_parts / PARTS_PER_SHELF) {
            *shelf = Shelf::Small(Vec::new());
        }
    }

    /// The edges of some parts.
    #[inline]
    pub(super) fn pairs(&self, parts: Range<usize>) -> impl Iterator<Item = Pair<W>> {
        let mask = (1u64 << (8 * self.stride)) - 1;
        let row_mask = (1u64 << self.row_bits) - 1;
        parts.flat_map(move |part| {
            let bytes = self.shelves[part / PARTS_PER_SHELF].bytes();
            let first = self.start[part / PARTS_PER_SHELF * PARTS_PER_SHELF];
            let own = (self.start[part] - first) as usize..(self.start[part + 1] - first) as usize;
            let first_row = (part as u32) << self.shift;
            own.map(move |at| {
                let edge = &bytes[at * (self.stride + W::BYTES)..];
                let word = edge.first_chunk::<WORD>().map_or(0, |bytes| u64::from_le_bytes(*bytes)) & mask;
                let (row, column) = ((word & row_mask) as u32, (word >> self.row_bits) as u32);
                Pair { row: first_row + row, column, weight: W::unpack(&edge[self.stride..]) }
            })
        })
    }
}

/// Edges in runs, the last of which is still open.
#[derive(Debug)]
pub(super) struct Runs<W> {
    pub(super) closed: Vec<Run<W>>,
    pub(super) open: Vec<Pair<W>>,
}

impl<W: Weight> Runs<W> {
    pub(super) const fn new() -> Self {
        Self { closed: Vec::new(), open: Vec::new() }
    }

    #[inline]
    pub(super) fn push(&mut self, pair: Pair<W>) {
        if self.open.len() == RUN {
            self.close();
        }
        self.open.push(pair);
    }

    pub(super) fn close(&mut self) {
        if !self.open.is_empty() {
            self.closed.push(Run::pack(&self.open));
            self.open.clear();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.closed.iter().map(Run::len).sum::<usize>() + self.open.len()
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = Pair<W>> {
        self.closed.iter().flat_map(|run| run.pairs(0..run.n_parts())).chain(self.open.iter().copied())
    }

    pub(super) fn for_each(&self, mut each: impl FnMut(Pair<W>)) {
        for run in &self.closed {
            run.pairs(0..run.n_parts()).for_each(&mut each);
        }
        self.open.iter().copied().for_each(each);
    }

    pub(super) fn renumber(&mut self, mut change: impl FnMut(u32, u32) -> (u32, u32)) {
        let mut changed = |pair: Pair<W>| {
            let (column, row) = change(pair.column, pair.row);
            Pair { row, column, weight: pair.weight }
        };
        let mut pairs = Vec::new();
        for run in &mut self.closed {
            pairs.clear();
            pairs.extend(run.pairs(0..run.n_parts()).map(&mut changed));
            *run = Run::pack(&pairs);
        }
        self.open.iter_mut().for_each(|pair| *pair = changed(*pair));
    }

    pub(super) fn without_weights(self) -> Runs<()> {
        let bare = |p: Pair<W>| Pair { row: p.row, column: p.column, weight: () };
        let mut pairs = Vec::new();
        let mut closed = Vec::with_capacity(self.closed.len());
        for run in self.closed {
            pairs.clear();
            pairs.extend(run.pairs(0..run.n_parts()).map(bare));
            closed.push(Run::pack(&pairs));
        }
        Runs { closed, open: self.open.into_iter().map(bare).collect() }
    }

    /// The largest end of any edge.
    pub(super) fn largest_end(&self) -> Option<u32> {
        let open = self.open.iter().map(|pair| pair.row.max(pair.column));
        self.closed.iter().map(|run| run.largest_end).chain(open).max()
    }

    /// The first edge with the largest end, and its position.
    pub(super) fn largest(&self) -> Option<(usize, Pair<W>)> {
        let mut most = None;
        let mut at = 0;
        self.for_each(|pair| {
            let end = pair.row.max(pair.column);
            if most.is_none_or(|(_, other): (usize, Pair<W>)| end > other.row.max(other.column)) {
                most = Some((at, pair));
            }
            at += 1;
        });
        most
    }
}
