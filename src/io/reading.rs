//! What every reader minds, however deep in it: the stop button and the memory budget of the job that it reads for.
//!
//! A job enters a [`ReadingScope`] once; from there on files that are opened, archives that are unpacked and pickles that are taken apart
//! on the same thread look here. It is kept by thread because much of the reading is done by decoders of other crates, which pass nothing
//! on. Outside of a job nothing stops, and the budget is the system's.
//!
//! A stop or a refusal comes out of the entrances of this floor as itself (`entrance.rs`), whatever the layers between made of it.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::path::Path;

use super::memory::MemoryBudget;
use super::report::LoadError;
use crate::engine::EngineError;
use crate::engine::control::{Canceller, Control};

/// What one job asks of its readers.
#[derive(Debug)]
struct Job {
    canceller: Canceller,
    budget: MemoryBudget,
    /// The first thing that was refused for want of memory.
    refusal: Option<LoadError>,
}

thread_local! {
    static JOB: RefCell<Option<Job>> = const { RefCell::new(None) };
}

/// As long as it is there, what this thread reads stops with its [`Control`] and keeps to its [`MemoryBudget`]. One may be entered within
/// another; they end in the opposite order.
#[derive(Debug)]
#[must_use]
pub struct ReadingScope {
    before: Option<Job>,
    /// It belongs to the thread that it was entered on.
    on_this_thread: PhantomData<*const ()>,
}

impl ReadingScope {
    /// From here on, on this thread.
    pub fn enter(ctl: &Control, memory: impl Into<MemoryBudget>) -> Self {
        let job = Job { canceller: ctl.canceller(), budget: memory.into(), refusal: None };
        Self { before: JOB.with_borrow_mut(|slot| slot.replace(job)), on_this_thread: PhantomData }
    }
}

impl Drop for ReadingScope {
    fn drop(&mut self) {
        JOB.with_borrow_mut(|job| *job = self.before.take());
    }
}

/// The first thing that was refused for want of memory since the job began, or since this was asked; once said, it is forgotten.
pub(super) fn take_refusal() -> Option<LoadError> {
    JOB.with_borrow_mut(|job| job.as_mut().and_then(|job| job.refusal.take()))
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

/// Looks at the stop button every few hundred thousand values, in loops over what is in memory already.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    n_since: usize,
}

impl Pace {
    /// So many values between two looks: a few milliseconds.
    pub(crate) const STEP: usize = 1 << 18;

    /// So many more values were gone through.
    ///
    /// # Errors
    /// [`LoadError::Cancelled`].
    #[inline]
    pub(crate) fn step(&mut self, n_values: usize) -> Result<(), LoadError> {
        self.n_since += n_values;
        if self.n_since < Self::STEP {
            return Ok(());
        }
        self.n_since = 0;
        check()
    }
}

/// What becomes of each of these values, with looks at the stop button.
///
/// # Errors
/// [`LoadError::Cancelled`].
pub(crate) fn map<T, U>(values: &[T], mut change: impl FnMut(&T) -> U) -> Result<Vec<U>, LoadError> {
    let mut out = Vec::with_capacity(values.len());
    for step in values.chunks(Pace::STEP) {
        check()?;
        out.extend(step.iter().map(&mut change));
    }
    Ok(out)
}

/// As [`check`], for functions of the engine.
///
/// # Errors
/// [`EngineError::Cancelled`].
pub(crate) fn check_engine() -> Result<(), EngineError> {
    if is_stopped() { Err(EngineError::Cancelled) } else { Ok(()) }
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
    note_refusal(budget().ask(n_bytes, path, basis))
}

/// As [`ask`], however little it is: for a graph as a whole.
///
/// # Errors
/// As [`ask`].
pub(crate) fn ask_always(path: &Path, n_bytes: u64, basis: impl FnOnce() -> String) -> Result<(), LoadError> {
    check()?;
    note_refusal(budget().ask_always(n_bytes, path, basis))
}

fn budget() -> MemoryBudget {
    JOB.with_borrow(|job| job.as_ref().map_or(MemoryBudget::SYSTEM, |job| job.budget))
}

/// Keeps what was refused for the entrance.
fn note_refusal(answer: Result<(), LoadError>) -> Result<(), LoadError> {
    answer.inspect_err(|error| {
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
