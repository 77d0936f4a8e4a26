//! Which of the entries of a block of rows a step removes.

/// Which of the entries of a block of rows are removed, one bit each.
#[derive(Debug)]
pub(crate) struct RemovedBits {
    bits: Vec<u64>,
    n_entries: usize,
}

impl RemovedBits {
    pub(crate) fn none(n_entries: usize) -> Self {
        Self { bits: vec![0; n_entries.div_ceil(64)], n_entries }
    }

    /// Marks the entry at `k`, counted from the block's first, where it is removed.
    #[inline(always)]
    pub(crate) fn mark(&mut self, k: usize, is_removed: bool) {
        self.bits[k / 64] |= u64::from(is_removed) << (k % 64);
    }

    /// Says of the entry at `k` whether it is removed, whatever was said before.
    pub(crate) fn set(&mut self, k: usize, is_removed: bool) {
        self.bits[k / 64] &= !(1 << (k % 64));
        self.mark(k, is_removed);
    }

    pub(crate) fn count(&self) -> usize {
        self.bits.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The removed entries, ascending.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> {
        self.bits.iter().enumerate().flat_map(|(at, word)| ones(*word).map(move |bit| 64 * at + bit))
    }

    /// The kept ones, ascending.
    pub(super) fn kept(&self) -> impl Iterator<Item = usize> {
        self.bits.iter().enumerate().flat_map(|(at, word)| {
            let there = self.n_entries - 64 * at;
            let within = if there < 64 { (1 << there) - 1 } else { u64::MAX };
            ones(!word & within).map(move |bit| 64 * at + bit)
        })
    }
}

/// Positions of the ones, ascending.
fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
        word &= word - 1;
        Some(bit)
    })
}
