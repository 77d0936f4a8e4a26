//! The entrances of this floor: what comes out of a reader is said as a person needs it, whatever the layers between made of it.
//!
//! A stop that was asked for comes out as [`LoadError::Cancelled`], want of memory as [`LoadError::TooLarge`]: what cannot be had for want
//! of memory is no broken or unknown file. What came in place of a file is named (`wrong.rs`).

use super::memory::MemoryBudget;
use super::reading::{self, ReadingScope};
use super::report::LoadError;
use super::wrong;
use crate::engine::control::Control;

/// Reads for the job of this thread, if it has one.
///
/// # Errors
/// Those of `work`, and [`LoadError::Cancelled`] and [`LoadError::TooLarge`] wherever the job was stopped or refused.
pub(crate) fn enter<T>(work: impl FnOnce() -> Result<T, LoadError>) -> Result<T, LoadError> {
    let done = work();
    let refusal = reading::take_refusal();
    reading::check()?;
    refusal.map_or(done, Err).map_err(wrong::named)
}

/// Reads for a job of its own.
///
/// # Errors
/// As [`enter`].
pub(crate) fn within<T>(
    ctl: &Control,
    memory: MemoryBudget,
    work: impl FnOnce() -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let _job = ReadingScope::enter(ctl, memory);
    enter(work)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::io::reading::{ask, is_stopped};

    #[test]
    fn a_stop_and_a_refusal_come_out_as_themselves() {
        let ctl = Control::new(1).expect("a worker");
        let path = Path::new("x");
        let budget = MemoryBudget::of_each(10);
        // Swallowed on the way, and yet said in the end.
        let swallowed = within(&ctl, budget, || Ok(ask(path, 11, || "11 bytes".into()).is_ok()));
        assert!(matches!(swallowed, Err(LoadError::TooLarge { .. })), "{swallowed:?}");
        assert!(within(&ctl, budget, || ask(path, 10, String::new)).is_ok());
        // One job within another, and none afterwards.
        let inner = within(&ctl, budget, || {
            within(&ctl, MemoryBudget::SYSTEM, || ask(path, 11, String::new))?;
            ask(path, 11, String::new)
        });
        assert!(matches!(inner, Err(LoadError::TooLarge { .. })));
        assert!(ask(path, 11, String::new).is_ok() && !is_stopped());
        ctl.canceller().cancel();
        let stopped = within(&ctl, budget, || -> Result<(), _> {
            assert!(is_stopped() && reading::check().is_err());
            Err(LoadError::content(path, "byte 7", "an intact entry", "stopped"))
        });
        assert!(matches!(stopped, Err(LoadError::Cancelled)));
        assert!(reading::check().is_ok());
    }
}
