//! What every reader minds, however deep in it: the stop button and the memory budget of the job that it reads for.
//!
//! A job enters [`within`] once, at the entrances of this floor; from there on files that are opened, archives that are unpacked and
//! pickles that are taken apart on the same thread look here. It is kept by thread because much of the reading is done by decoders of
//! other crates, which pass nothing on. Outside of a job nothing stops, and the budget is the system's.
//!
//! A stop or a refusal comes out of [`within`] as itself, whatever the layers between made of it.

use std::cell::RefCell;
use std::path::Path;

use super::memory::MemoryBudget;
use super::report::LoadError;
use crate::engine::control::{Canceller, Control};

/// What one job asks of its readers.
struct Job {
    canceller: Canceller,
    budget: MemoryBudget,
    /// The first thing that was refused for want of memory.
    refusal: Option<LoadError>,
}

thread_local! {
    static JOB: RefCell<Option<Job>> = const { RefCell::new(None) };
}

/// Puts the job back that was there before, a panic included.
struct Restore(Option<Job>);

impl Drop for Restore {
    fn drop(&mut self) {
        JOB.with_borrow_mut(|job| *job = self.0.take());
    }
}

/// Does `work` for a job that may be stopped and has so much memory.
///
/// # Errors
/// [`LoadError::Cancelled`] once the stop was asked for, [`LoadError::TooLarge`] once something was refused; else what `work` says.
pub(crate) fn within<T>(
    ctl: &Control,
    budget: MemoryBudget,
    work: impl FnOnce() -> Result<T, LoadError>,
) -> Result<T, LoadError> {
    let job = Job { canceller: ctl.canceller(), budget, refusal: None };
    let restore = Restore(JOB.with_borrow_mut(|slot| slot.replace(job)));
    let done = work();
    let refusal = JOB.with_borrow_mut(|job| job.as_mut().and_then(|job| job.refusal.take()));
    drop(restore);
    if ctl.check().is_err() {
        return Err(LoadError::Cancelled);
    }
    match (done, refusal) {
        // What cannot be had for want of memory is no broken or unknown file.
        (_, Some(refusal)) => Err(refusal),
        (done, None) => done,
    }
}

/// Whether the job was asked to stop. What is made after that is thrown away.
pub(crate) fn is_stopped() -> bool {
    JOB.with_borrow(|job| job.as_ref().is_some_and(|job| job.canceller.is_cancelled()))
}

/// Stops here when the stop was asked for.
///
/// # Errors
/// [`LoadError::Cancelled`].
pub(crate) fn check() -> Result<(), LoadError> {
    if is_stopped() { Err(LoadError::Cancelled) } else { Ok(()) }
}

/// The handle that stops the job, for what reads on.
pub(crate) fn canceller() -> Option<Canceller> {
    JOB.with_borrow(|job| job.as_ref().map(|job| job.canceller.clone()))
}

/// Asks for `n_bytes` before they are taken. `basis` says what for, in words for people: `20000 rows of 512 values`.
///
/// # Errors
/// [`LoadError::TooLarge`] where there is not as much, [`LoadError::Cancelled`] once the stop was asked for.
pub(crate) fn ask(path: &Path, n_bytes: u64, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
    check()?;
    let budget = JOB.with_borrow(|job| job.as_ref().map_or(MemoryBudget::SYSTEM, |job| job.budget));
    budget.ask(n_bytes, path, basis).inspect_err(|error| {
        if let LoadError::TooLarge { path, needed, basis, limit } = error {
            let (path, needed, basis, limit) = (path.clone(), needed.clone(), basis.clone(), limit.clone());
            JOB.with_borrow_mut(|job| {
                if let Some(job) = job.as_mut() {
                    job.refusal.get_or_insert(LoadError::TooLarge { path, needed, basis, limit });
                }
            });
        }
    })
}

/// Asks for an array of `n` values of `size` bytes each.
///
/// # Errors
/// As [`ask`].
pub(crate) fn ask_values(path: &Path, place: &str, n: usize, size: usize) -> Result<(), LoadError> {
    ask(path, (n as u64).saturating_mul(size as u64), || format!("{n} values ({place})"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert!(is_stopped() && check().is_err());
            Err(LoadError::content(path, "byte 7", "an intact entry", "stopped"))
        });
        assert!(matches!(stopped, Err(LoadError::Cancelled)));
        assert!(check().is_ok());
    }
}
