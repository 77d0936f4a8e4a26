//! The mean of a block of entries while they are added, and as it is stored: what is infinite counts beside the finite values.

use super::RasterMode;
use super::scale::MARGIN_DECADES;

/// A mean while values are added: what is infinite counts beside the finite ones.
#[derive(Clone, Copy)]
pub(super) struct Adding {
    sum: f64,
    n_finite: u32,
    n_above: u32,
    n_below: u32,
    /// The last value as it is: that of the whole where there is one.
    last: f32,
}

/// A mean in a form that can be stored, of 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stored {
    /// Infinite where all values are, on the same side; of a single value itself.
    sum: f32,
    /// How many values there are, the infinite ones included.
    n: u32,
}

/// How the mean of a block is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mean {
    /// Over the finite values.
    Finite,
    /// Over all, with what is beyond the ends of the scale of margins at these ends: a mixture of the colours of the entries, in which
    /// no single one outweighs the others.
    Margins,
}

impl Mean {
    pub(super) fn of(mode: RasterMode) -> Self {
        match mode {
            // Octaves end where decades do.
            RasterMode::Margin | RasterMode::Changed => Self::Margins,
            _ => Self::Finite,
        }
    }
}

impl Adding {
    pub(super) const NOTHING: Self = Self { sum: 0.0, n_finite: 0, n_above: 0, n_below: 0, last: f32::NAN };

    pub(super) fn add(&mut self, value: f32, mean: Mean) {
        if value.is_nan() {
            return;
        }
        self.last = value;
        if value.is_finite() {
            let value = f64::from(value);
            self.sum += if mean == Mean::Margins { value.clamp(-MARGIN_DECADES, MARGIN_DECADES) } else { value };
            self.n_finite += 1;
        } else if value > 0.0 {
            self.n_above += 1;
        } else {
            self.n_below += 1;
        }
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        self.sum += other.sum;
        self.n_finite += other.n_finite;
        self.n_above += other.n_above;
        self.n_below += other.n_below;
        if other.n() > 0 {
            self.last = other.last;
        }
    }

    pub(super) fn add_stored(&mut self, stored: Stored, mean: Mean) {
        match stored.n {
            0 => {}
            1 => self.add(stored.sum, mean),
            n if stored.sum == f32::INFINITY => (self.n_above, self.last) = (self.n_above + n, stored.sum),
            n if stored.sum == f32::NEG_INFINITY => (self.n_below, self.last) = (self.n_below + n, stored.sum),
            n => (self.sum, self.n_finite) = (self.sum + f64::from(stored.sum), self.n_finite + n),
        }
    }

    /// Adds `n` finite values of which only the sum is known; of a single one that is the value.
    pub(super) fn add_sum(&mut self, sum: f64, n: u32) {
        self.sum += sum;
        self.n_finite += n;
        self.last = self.sum as f32;
    }

    /// Of the finite values.
    pub(super) fn sum(&self) -> f64 {
        self.sum
    }

    fn n(&self) -> u32 {
        self.n_finite + self.n_above + self.n_below
    }

    /// The sum with what is infinite at the ends, and how many that are; `None` where all are infinite on the same side, or there
    /// is none.
    fn mixed(&self, mean: Mean) -> Option<(f64, u32)> {
        let is_mixed = self.n_finite > 0 || (self.n_above > 0 && self.n_below > 0);
        match mean {
            Mean::Finite if self.n_finite > 0 => Some((self.sum, self.n_finite)),
            Mean::Margins if is_mixed => {
                let ends = f64::from(self.n_above) - f64::from(self.n_below);
                Some((self.sum + MARGIN_DECADES * ends, self.n()))
            }
            _ => None,
        }
    }

    fn infinite(&self) -> f32 {
        match (self.n_above, self.n_below) {
            (0, 0) => f32::NAN,
            (0, _) => f32::NEG_INFINITY,
            _ => f32::INFINITY,
        }
    }

    pub(super) fn stored(&self, mean: Mean) -> Stored {
        match (self.n(), self.mixed(mean)) {
            (0, _) => Stored { sum: 0.0, n: 0 },
            (1, _) => Stored { sum: self.last, n: 1 },
            // Of two values one of which is not finite, the other stands for both.
            (_, Some((sum, 1))) => Stored { sum: sum as f32, n: 1 },
            (_, Some((sum, n))) => Stored { sum: sum as f32, n },
            (n, None) => Stored { sum: self.infinite(), n },
        }
    }

    pub(super) fn value(&self, mean: Mean) -> f32 {
        match (self.n(), self.mixed(mean)) {
            (1, _) => self.last,
            (_, Some((sum, n))) => (sum / f64::from(n)) as f32,
            (_, None) => self.infinite(),
        }
    }
}
