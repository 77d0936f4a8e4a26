//! The memory of embeddings: segments of neighbouring columns, as 32-bit floats or as their upper halves.

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;
use serde::{Deserialize, Serialize};

use super::fresh::{LINE, write_half_line, write_line};

/// Columns of a [`Segment`].
pub(super) const COLUMNS: usize = LINE;

/// How embeddings are stored where they are propagated: between hops, and what a layer propagates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// As 32-bit floats.
    #[default]
    F32,
    /// As the upper half of 32-bit floats, rounded to even; sums are 32-bit floats all the same.
    Bf16,
}

impl Precision {
    /// Both.
    pub const ALL: [Self; 2] = [Self::F32, Self::Bf16];

    /// As recipes and options write it.
    pub fn key(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        }
    }
}

/// Neighbouring columns of one row. The last one of a row is filled up with zeros.
///
/// Every bit pattern is a value of such a type, and its size is its alignment.
pub(super) trait Segment: Copy + Send + Sync {
    const ZERO: Self;
    /// Segments of a row in a narrow panel.
    const PER_PANEL: usize;
    /// Segments in a cache line.
    const PER_LINE: usize;

    fn values(&self) -> [f32; COLUMNS];
    /// Rounds where it has to.
    fn of(values: &[f32; COLUMNS]) -> Self;
    fn write_non_temporal(&mut self, from: &Self);
}

/// 32-bit floats: a cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Full([f32; COLUMNS]);

/// Upper halves of 32-bit floats: half a line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct Half([u16; COLUMNS]);

impl Segment for Full {
    const ZERO: Self = Self([0.0; COLUMNS]);
    const PER_PANEL: usize = 2;
    const PER_LINE: usize = 1;

    #[inline(always)]
    fn values(&self) -> [f32; COLUMNS] {
        self.0
    }

    #[inline(always)]
    fn of(values: &[f32; COLUMNS]) -> Self {
        Self(*values)
    }

    #[inline(always)]
    fn write_non_temporal(&mut self, from: &Self) {
        write_line(&mut self.0, &from.0);
    }
}

impl Segment for Half {
    const ZERO: Self = Self([0; COLUMNS]);
    const PER_PANEL: usize = 4;
    const PER_LINE: usize = 2;

    #[inline(always)]
    fn values(&self) -> [f32; COLUMNS] {
        self.0.map(|bits| f32::from_bits(u32::from(bits) << 16))
    }

    #[inline(always)]
    fn of(values: &[f32; COLUMNS]) -> Self {
        Self(values.map(upper_half_of))
    }

    #[inline(always)]
    fn write_non_temporal(&mut self, from: &Self) {
        write_half_line(&mut self.0, &from.0);
    }
}

/// The upper half of a 32-bit float, to the nearest, to even in the middle.
#[inline(always)]
pub(super) fn upper_half_of(value: f32) -> u16 {
    let bits = value.to_bits();
    // Half a unit less one, and one more where the last bit kept is odd.
    let rounded = bits.wrapping_add(0x7fff + (bits >> 16 & 1));
    // NaN stays NaN.
    let kept = if value.is_nan() { bits | 0x40_0000 } else { rounded };
    (kept >> 16) as u16
}

/// The memory of a matrix.
#[derive(Debug)]
pub(super) enum Segments<S> {
    Small(Vec<S>),
    /// Asked of the system in large pages where it has some: else it clears small ones one by one, which for two embeddings takes as long
    /// as three hops.
    Large {
        memory: MmapMut,
        len: usize,
    },
}

impl<S: Segment> Segments<S> {
    /// Zeros.
    pub(super) fn zeros(len: usize) -> Self {
        const LARGE: usize = 8 << 20;
        let bytes = len.saturating_mul(size_of::<S>());
        if bytes >= LARGE
            && let Ok(memory) = MmapMut::map_anon(bytes)
        {
            // A system that refuses gives small pages.
            #[cfg(target_os = "linux")]
            drop(memory.advise(Advice::HugePage));
            return Self::Large { memory, len };
        }
        Self::Small(vec![S::ZERO; len])
    }

    #[expect(unsafe_code, reason = "memory that the system gave has no type")]
    pub(super) fn all(&self) -> &[S] {
        match self {
            Self::Small(segments) => segments,
            // SAFETY: a mapping begins at a page, which is a multiple of 64 bytes, and is as long as `len` segments; all bytes of it were
            // set to 0 by the system, which are values of both kinds of segments, and nobody else has it.
            Self::Large { memory, len } => unsafe { std::slice::from_raw_parts(memory.as_ptr().cast(), *len) },
        }
    }

    #[expect(unsafe_code, reason = "memory that the system gave has no type")]
    pub(super) fn all_mut(&mut self) -> &mut [S] {
        match self {
            Self::Small(segments) => segments,
            // SAFETY: as above, and it is borrowed for writing.
            Self::Large { memory, len } => unsafe { std::slice::from_raw_parts_mut(memory.as_mut_ptr().cast(), *len) },
        }
    }
}
