//! Clocks: the machine's, or one that a test has written.

use std::time::{Duration, Instant};

/// What a clock shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Time since the clock was made.
    pub wall: Duration,
    /// Time that all processors together have spent on this program; none where the system does not tell.
    pub processor: Option<Duration>,
}

/// Shows the time.
pub trait Clock {
    /// What it shows now.
    fn now(&mut self) -> Moment;
}

/// The machine's own clock, which never goes back.
#[derive(Debug)]
pub struct SystemClock {
    made: Instant,
}

impl SystemClock {
    /// A clock that begins now.
    #[expect(clippy::new_without_default, reason = "two clocks are never the same")]
    pub fn new() -> Self {
        Self { made: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&mut self) -> Moment {
        Moment { wall: self.made.elapsed(), processor: processor_time() }
    }
}

#[cfg(unix)]
fn processor_time() -> Option<Duration> {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Some(Duration::new(u64::try_from(spent.tv_sec).ok()?, u32::try_from(spent.tv_nsec).ok()?))
}

#[cfg(not(unix))]
fn processor_time() -> Option<Duration> {
    None
}
