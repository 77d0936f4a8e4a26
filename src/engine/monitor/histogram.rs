//! Counts in a fixed grid: what millions of numbers are compared by without being sorted or kept.

use crate::engine::error::EngineError;

/// How many of a set of numbers from 0 on lie in every cell of a grid that is the same for all sets.
///
/// A cell holds the numbers whose 32-bit floats begin with the same 17 bits, that is sign, exponent and 8 bits of mantissa: numbers of one
/// cell are apart by less than 1/256 of themselves, from 1.2e-38 on. Counts are integers, so parts add up to the same histogram in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// One per cell, ascending.
    counts: Vec<u64>,
    n: u64,
    sum: f64,
}

/// Bits of a float that do not tell cells apart.
const LOW_BITS: u32 = 15;

/// Cells of numbers from 0 on, without the infinite and those that are none.
const N_CELLS: usize = (f32::INFINITY.to_bits() >> LOW_BITS) as usize;

/// Part of a histogram, of fewer than 2^32 numbers.
pub(super) struct Part {
    counts: Vec<u32>,
    sum: f64,
}

impl Part {
    pub(super) fn new() -> Self {
        Self { counts: vec![0; N_CELLS], sum: 0.0 }
    }

    /// Adds a number from 0 on; any other is left out.
    #[inline]
    pub(super) fn add(&mut self, value: f32) {
        // Negative numbers lie behind the last cell.
        if let Some(count) = self.counts.get_mut((value.to_bits() >> LOW_BITS) as usize) {
            *count += 1;
            self.sum += f64::from(value);
        }
    }
}

impl Histogram {
    /// Puts parts together; their sums are added up in the order given.
    pub(super) fn of_parts(parts: &[Part]) -> Self {
        let mut all = Self { counts: vec![0; N_CELLS], n: 0, sum: 0.0 };
        for part in parts {
            all.sum += part.sum;
            all.counts.iter_mut().zip(&part.counts).for_each(|(all, own)| *all += u64::from(*own));
        }
        all.n = all.counts.iter().sum();
        all
    }

    /// Cells with their counts, and the sum of the numbers, as they were written.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for cells that are not in ascending order or not of the grid, and a sum that is no number.
    pub fn try_new(cells: &[u32], counts: &[u64], sum: f64) -> Result<Self, EngineError> {
        let is_ascending = cells.windows(2).all(|pair| pair[0] < pair[1]);
        let is_within = cells.last().is_none_or(|last| (*last as usize) < N_CELLS);
        let n = counts.iter().try_fold(0u64, |all, n| all.checked_add(*n)).filter(|_| cells.len() == counts.len());
        let (true, true, Some(n), true) = (is_ascending, is_within, n, sum.is_finite()) else {
            return Err(EngineError::mismatch("histogram", "cells in ascending order with a count each", "others"));
        };
        let mut all = vec![0; N_CELLS];
        cells.iter().zip(counts).for_each(|(cell, count)| all[*cell as usize] = *count);
        Ok(Self { counts: all, n, sum })
    }

    /// The cells that hold something, ascending, and how many numbers each holds.
    pub fn cells(&self) -> (Vec<u32>, Vec<u64>) {
        (0..).zip(&self.counts).filter(|(_, n)| **n > 0).map(|(cell, n)| (cell as u32, *n)).unzip()
    }

    /// How many numbers there are.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their sum.
    pub fn sum(&self) -> f64 {
        self.sum
    }

    /// One per cell, ascending.
    pub(super) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The cell of the number at place `rank`, from 0, in ascending order.
    pub(super) fn cell_at(&self, rank: u64) -> usize {
        let mut below = 0;
        let is_there = |n: &u64| {
            below += n;
            below > rank
        };
        self.counts.iter().position(is_there).unwrap_or(N_CELLS)
    }
}

/// A number as its cell has it: the smallest of the cell.
#[cfg(test)]
pub(super) fn in_grid(value: f32) -> f32 {
    f32::from_bits(value.to_bits() >> LOW_BITS << LOW_BITS)
}

/// The histogram of some numbers.
#[cfg(test)]
pub(super) fn of(values: &[f32]) -> Histogram {
    let mut part = Part::new();
    for value in values {
        part.add(*value);
    }
    Histogram::of_parts(&[part])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_cell_are_near_each_other_and_what_is_none_is_left_out() {
        for value in [1e-37f32, 1e-20, 0.3, 1.0, 1.999, 7.25, 3e30] {
            let low = in_grid(value);
            assert!(low <= value && value - low <= value / 256.0, "{value} {low}");
        }
        let found = of(&[0.0, 0.5, 0.5, 0.501, -1.0, f32::NAN, f32::INFINITY, -0.0]);
        assert_eq!(found.n(), 4);
        assert!((found.sum() - 1.501).abs() < 1e-6);
        assert_eq!(found.cells().1, [1, 3]);
    }

    #[test]
    fn what_was_written_is_the_same_and_what_is_broken_is_refused() {
        let values: Vec<f32> = (0..500).map(|i| ((i * 37 % 101) as f32).sqrt()).collect();
        let whole = of(&values);
        let (cells, counts) = whole.cells();
        assert_eq!(Histogram::try_new(&cells, &counts, whole.sum()).expect("its own"), whole);
        for (cells, counts) in [(vec![3, 2], vec![1, 1]), (vec![1], vec![1, 1]), (vec![u32::MAX], vec![1])] {
            Histogram::try_new(&cells, &counts, 0.0).expect_err("broken");
        }
        Histogram::try_new(&[1, 2], &[u64::MAX, 1], 0.0).expect_err("more than can be counted");
    }
}
