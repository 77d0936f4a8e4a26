//! How long two ways take beside each other, and how sure that is: repeats in turn, a stopping rule, statistics, a clock that can be
//! replaced. The only room of the engine that measures time for a claim.
//!
//! A busy machine makes five medians say anything. Here the two ways run in turn, so that what else the machine does hits both alike;
//! the ratio is taken pair by pair; it is repeated until the 95 % interval of the median ratio is narrow or the time is used up; and a
//! speed-up is claimed only where that interval excludes 1. What is never here: what is timed.

mod clock;
mod pairs;
mod speedup;
mod spread;

pub use clock::{Clock, Moment, SystemClock};
pub use pairs::{Elapsed, Plan, Samples, in_turn};
pub use speedup::{Claim, Speedup};
pub use spread::{Spread, median, median_interval, percentile};
