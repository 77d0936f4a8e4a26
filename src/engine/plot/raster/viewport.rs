//! A rectangle of a matrix in entries, and how it is divided into texels.

/// A part of a matrix: entry `(column, row)` covers `[column, column + 1) × [row, row + 1)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Viewport {
    /// Left.
    pub x0: f64,
    /// Top.
    pub y0: f64,
    /// Right.
    pub x1: f64,
    /// Bottom.
    pub y1: f64,
}

/// The smallest side a viewport can be zoomed to, entries.
const SMALLEST: f64 = 4.0;

impl Viewport {
    /// The whole of a matrix of `columns × rows`.
    pub fn whole(columns: usize, rows: usize) -> Self {
        Self { x0: 0.0, y0: 0.0, x1: columns as f64, y1: rows as f64 }
    }

    /// Columns across.
    pub fn width(&self) -> f64 {
        self.x1 - self.x0
    }

    /// Rows down.
    pub fn height(&self) -> f64 {
        self.y1 - self.y0
    }

    /// Whether a point is inside.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        (self.x0..self.x1).contains(&x) && (self.y0..self.y1).contains(&y)
    }

    /// Scaled around a point, which stays where it is; `factor` above 1 comes nearer. Stays inside `whole`.
    #[must_use]
    pub fn zoomed(&self, x: f64, y: f64, factor: f64, whole: &Self) -> Self {
        let side = |length: f64, all: f64| (length / factor).clamp(SMALLEST.min(all), all);
        let (width, height) = (side(self.width(), whole.width()), side(self.height(), whole.height()));
        let left = x - (x - self.x0) * width / self.width().max(f64::MIN_POSITIVE);
        let top = y - (y - self.y0) * height / self.height().max(f64::MIN_POSITIVE);
        Self { x0: left, y0: top, x1: left + width, y1: top + height }.inside(whole)
    }

    /// Moved by some entries, as far as `whole` goes.
    #[must_use]
    pub fn panned(&self, dx: f64, dy: f64, whole: &Self) -> Self {
        Self { x0: self.x0 + dx, y0: self.y0 + dy, x1: self.x1 + dx, y1: self.y1 + dy }.inside(whole)
    }

    /// The same size, moved so that it is inside `whole`; cut where it is larger.
    #[must_use]
    pub fn inside(&self, whole: &Self) -> Self {
        let fit = |from: f64, to: f64, low: f64, high: f64| {
            let length = (to - from).min(high - low);
            let from = from.clamp(low, (high - length).max(low));
            (from, from + length)
        };
        let (x0, x1) = fit(self.x0, self.x1, whole.x0, whole.x1);
        let (y0, y1) = fit(self.y0, self.y1, whole.y0, whole.y1);
        Self { x0, y0, x1, y1 }
    }
}

/// One axis divided into texels of `block` entries each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bins {
    /// First entry in view, a multiple of `block`.
    pub(super) first: usize,
    /// One past the last entry in view.
    pub(super) end: usize,
    pub(super) block: usize,
    /// Texels.
    pub(super) n: usize,
}

impl Viewport {
    /// What texels cover across and down, in entries.
    pub(super) fn of_bins(across: &Bins, down: &Bins) -> Self {
        let end = |bins: &Bins| (bins.first + bins.n * bins.block) as f64;
        Self { x0: across.first as f64, y0: down.first as f64, x1: end(across), y1: end(down) }
    }
}

impl Bins {
    /// Blocks are integers of entries, and begin at multiples of their size: so a texel always stands for the same
    /// entries and nothing flickers while panning.
    pub(super) fn new(from: f64, to: f64, n_all: usize, max_texels: usize) -> Self {
        let first = (from.max(0.0).floor() as usize).min(n_all);
        let end = (to.max(0.0).ceil() as usize).clamp(first, n_all);
        // Aligning to blocks can add one texel at each end.
        let max_texels = max_texels.max(3);
        let mut block = (end - first).div_ceil(max_texels).max(1);
        while block > 1 && (end.div_ceil(block) - first / block) > max_texels {
            block += 1;
        }
        Self::aligned(first, end, block, n_all)
    }

    /// As many blocks of this size as it takes.
    pub(super) fn of_blocks(from: f64, to: f64, n_all: usize, block: usize) -> Self {
        let first = (from.max(0.0).floor() as usize).min(n_all);
        let end = (to.max(0.0).ceil() as usize).clamp(first, n_all);
        Self::aligned(first, end, block.max(1), n_all)
    }

    fn aligned(first: usize, end: usize, block: usize, n_all: usize) -> Self {
        let first = first / block * block;
        let end = (end.div_ceil(block).saturating_mul(block)).min(n_all);
        Self { first, end, block, n: (end - first).div_ceil(block) }
    }

    /// The texel of an entry in view.
    pub(super) fn texel(&self, at: usize) -> usize {
        (at - self.first) / self.block
    }

    /// The entries of some texels.
    pub(super) fn entries(&self, texels: std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.first + texels.start * self.block..(self.first + texels.end * self.block).min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texels_are_whole_blocks_that_cover_the_view_within_the_limit() {
        for (from, to, n, px) in
            [(0.0, 100.0, 100, 30), (3.7, 9.2, 100, 30), (10.0, 99.5, 100, 7), (0.0, 0.0, 0, 5), (-5.0, 500.0, 40, 40)]
        {
            let bins = Bins::new(from, to, n, px);
            assert!(bins.n <= px, "{bins:?}");
            assert_eq!(bins.first % bins.block, 0);
            assert!(bins.first as f64 <= from.max(0.0) && bins.end as f64 >= to.min(n as f64), "{bins:?}");
            assert_eq!(bins.entries(0..bins.n), bins.first..bins.end);
            for at in bins.first..bins.end {
                let texel = bins.texel(at);
                assert!(bins.entries(texel..texel + 1).contains(&at));
            }
        }
        assert_eq!(Bins::new(2.0, 6.0, 10, 8), Bins { first: 2, end: 6, block: 1, n: 4 });
    }

    #[test]
    fn zooming_keeps_the_point_and_the_borders() {
        let whole = Viewport::whole(100, 50);
        let near = whole.zoomed(25.0, 10.0, 2.0, &whole);
        assert_eq!(near, Viewport { x0: 12.5, y0: 5.0, x1: 62.5, y1: 30.0 });
        assert_eq!(near.zoomed(25.0, 10.0, 0.01, &whole), whole);
        let corner = near.panned(1000.0, -1000.0, &whole);
        assert_eq!((corner.x1, corner.y0, corner.width()), (100.0, 0.0, 50.0));
        let nearest = whole.zoomed(0.0, 0.0, 1e9, &whole);
        assert_eq!((nearest.width(), nearest.height()), (4.0, 4.0));
    }
}
