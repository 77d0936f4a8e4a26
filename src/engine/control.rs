//! The one handle that every long engine function takes: worker threads, progress and cancelling.
//!
//! A [`Control`] owns a rayon pool of its own, at lowered priority, so that a window stays smooth while all cores compute.
//! Work is split over output rows only, in chunks whose borders do not depend on the number of threads; so one thread or
//! many give the same bits.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ndarray::Array2;
use rayon::prelude::*;

use super::cost::CostModel;
use super::error::EngineError;

/// How far a long computation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What is being done now, in human-readable words, for example `epoch`.
    pub stage: String,
    /// Units finished.
    pub done: u64,
    /// Units in all; 0 where it is not known.
    pub total: u64,
    /// Whether what there is by now can be kept: see [`Canceller::keep`].
    pub can_keep: bool,
}

type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// Asks a computation to stop; cheap to clone, safe to use from any thread.
#[derive(Debug, Clone, Default)]
pub struct Canceller(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    is_asked_for: AtomicBool,
    /// Whether what there is by now is asked for.
    is_to_keep: AtomicBool,
    /// Where looks at the button are counted, for tests: how many there were, and after how many it is pressed.
    looks: Option<(AtomicUsize, usize)>,
}

impl Canceller {
    /// Pressed by itself once it was looked at so often: a test can stop anything anywhere, without a clock.
    pub fn after_looks(n: usize) -> Self {
        Self(Arc::new(Stop { looks: Some((AtomicUsize::new(0), n)), ..Stop::default() }))
    }

    /// How often it was looked at, where that is counted.
    pub fn n_looks(&self) -> usize {
        self.0.looks.as_ref().map_or(0, |(n, _)| n.load(Ordering::Relaxed))
    }

    /// Asks for the stop. The computation returns [`EngineError::Cancelled`] soon after.
    pub fn cancel(&self) {
        self.0.is_asked_for.store(true, Ordering::Relaxed);
    }

    /// Asks for what there is by now: a training ends with its best epoch so far, as if no more had been asked for. What has nothing to keep
    /// goes on.
    pub fn keep(&self) {
        self.0.is_to_keep.store(true, Ordering::Relaxed);
    }

    /// Whether what there is by now was asked for.
    pub fn is_to_keep(&self) -> bool {
        self.0.is_to_keep.load(Ordering::Relaxed)
    }

    /// Whether the stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        if let Some((n, most)) = &self.0.looks
            && n.fetch_add(1, Ordering::Relaxed) >= *most
        {
            self.cancel();
        }
        self.0.is_asked_for.load(Ordering::Relaxed)
    }
}

/// So many workers are started on any machine that asks for them.
const THREADS_ANYWHERE: usize = 16;
/// Beyond that, so many for each core at most: more only wait for each other, and the machine with them.
const THREADS_PER_CORE: usize = 4;

/// A rayon pool at lowered priority, shared by the jobs of one session.
#[derive(Debug, Clone)]
pub struct Workers {
    pool: Arc<rayon::ThreadPool>,
    n_asked: usize,
}

impl Workers {
    /// Starts `n_threads` workers; 0 means one per core. More than 16 are started only up to 4 per core: see [`Workers::capped_from`].
    ///
    /// # Errors
    /// [`EngineError::Threads`] when the operating system refuses.
    pub fn new(n_threads: usize) -> Result<Self, EngineError> {
        let start = |n: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n)
                .thread_name(|i| format!("unifews-{i}"))
                .start_handler(|_| lower_priority())
                .build();
            pool.map_err(|e| EngineError::Threads {
                reason: format!("{e}; --threads starts fewer, which need less memory"),
            })
        };
        let n_started = if n_threads > THREADS_ANYWHERE {
            // One per core tells how many cores there are.
            let n_cores = start(0)?.current_num_threads();
            n_threads.min(THREADS_ANYWHERE.max(n_cores.saturating_mul(THREADS_PER_CORE)))
        } else {
            n_threads
        };
        Ok(Self { pool: Arc::new(start(n_started)?), n_asked: n_threads })
    }

    /// How many workers were asked for, where there are fewer. Their number changes no result.
    pub fn capped_from(&self) -> Option<usize> {
        (self.n_asked > self.n_threads()).then_some(self.n_asked)
    }

    /// How many workers there are.
    pub fn n_threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// Best effort: a system that refuses leaves the workers at normal priority, which changes no result.
fn lower_priority() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
    let wanted = ThreadPriorityValue::try_from(20u8).map_or(ThreadPriority::Min, ThreadPriority::Crossplatform);
    drop(set_current_thread_priority(wanted));
}

/// Threads, progress and cancelling for one computation.
#[derive(Clone)]
pub struct Control {
    workers: Workers,
    canceller: Canceller,
    sink: Option<ProgressSink>,
    cost: CostModel,
    /// Memory of matrices that are not needed any more, in a computation that makes many of one size.
    spares: Option<Spares>,
}

/// Memory of matrices that are not needed any more, for those that come next. Clones are one and the same.
#[derive(Debug, Clone)]
pub(crate) struct Spares {
    kept: Arc<Mutex<Vec<Vec<f32>>>>,
    max_bytes: usize,
}

impl Default for Spares {
    fn default() -> Self {
        Self::of_at_most(usize::MAX)
    }
}

impl Spares {
    /// So many are kept.
    const MAX: usize = 6;
    /// Memory of more than so many times the length that is asked for is left for others.
    const MAX_SLACK: usize = 4;

    /// Keeps no more than so many bytes in all.
    pub(crate) fn of_at_most(max_bytes: usize) -> Self {
        Self { kept: Arc::default(), max_bytes }
    }

    fn put(&self, values: Vec<f32>) {
        let bytes = |values: &Vec<f32>| size_of::<f32>() * values.capacity();
        let Ok(mut kept) = self.kept.lock() else { return };
        if bytes(&values) > self.max_bytes {
            return;
        }
        kept.push(values);
        // The oldest go.
        while kept.len() > Self::MAX || kept.iter().map(bytes).sum::<usize>() > self.max_bytes {
            kept.remove(0);
        }
    }

    /// The smallest that holds `len` values.
    fn take(&self, len: usize) -> Option<Vec<f32>> {
        let mut kept = self.kept.lock().ok()?;
        let fits = |values: &Vec<f32>| (len..=len.saturating_mul(Self::MAX_SLACK)).contains(&values.capacity());
        let at = (0..kept.len()).filter(|at| fits(&kept[*at])).min_by_key(|at| kept[*at].capacity())?;
        Some(kept.remove(at))
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("n_threads", &self.n_threads())
            .field("cancelled", &self.canceller.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl Control {
    /// A control with workers of its own; 0 threads means one per core.
    ///
    /// # Errors
    /// [`EngineError::Threads`] when the workers cannot be started.
    pub fn new(n_threads: usize) -> Result<Self, EngineError> {
        Ok(Self::with_workers(Workers::new(n_threads)?))
    }

    /// A control on workers that exist already.
    pub fn with_workers(workers: Workers) -> Self {
        Self { workers, canceller: Canceller::default(), sink: None, cost: CostModel::BUILT_IN, spares: None }
    }

    /// The same control, stopped by another handle.
    #[must_use]
    pub fn with_canceller(mut self, canceller: Canceller) -> Self {
        self.canceller = canceller;
        self
    }

    /// The same control, reporting progress to `sink` (called from the computing thread, at most once per chunk of work).
    #[must_use]
    pub fn on_progress(mut self, sink: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.sink = Some(Arc::new(sink));
        self
    }

    /// The same control without its progress reports, for inner steps of a larger computation that reports for itself.
    #[must_use]
    pub fn quiet(&self) -> Self {
        Self { sink: None, ..self.clone() }
    }

    /// The same control, keeping the memory of matrices it is given back for those that come next: asking the system for an embedding's
    /// memory anew in every step takes as long as half of a pruned step. A few are kept at most, and they go with the last clone.
    #[must_use]
    pub(crate) fn recycling(&self) -> Self {
        let spares = self.spares.clone().or_else(|| Some(Spares::default()));
        Self { spares, ..self.clone() }
    }

    /// The same, with memory that outlives the computation: for one that comes again and again.
    #[must_use]
    pub(crate) fn recycling_into(&self, spares: &Spares) -> Self {
        Self { spares: Some(spares.clone()), ..self.clone() }
    }

    /// Gives a matrix back that is not needed any more.
    pub(crate) fn recycle(&self, matrix: Array2<f32>) {
        if let Some(spares) = &self.spares {
            spares.put(matrix.into_raw_vec_and_offset().0);
        }
    }

    /// Memory of at least `len` values that was given back, holding anything.
    pub(crate) fn spare(&self, len: usize) -> Option<Vec<f32>> {
        self.spares.as_ref()?.take(len)
    }

    /// The same control on a machine whose products cost what `cost` says. Changes time, never a result.
    #[must_use]
    pub fn with_cost(mut self, cost: CostModel) -> Self {
        self.cost = cost;
        self
    }

    /// What products cost on this machine.
    pub fn cost(&self) -> &CostModel {
        &self.cost
    }

    /// The handle that stops this computation.
    pub fn canceller(&self) -> Canceller {
        self.canceller.clone()
    }

    /// The workers.
    pub fn workers(&self) -> &Workers {
        &self.workers
    }

    /// How many threads compute.
    pub fn n_threads(&self) -> usize {
        self.workers.n_threads()
    }

    /// Reports progress.
    pub fn progress(&self, stage: &str, done: usize, total: usize) {
        self.report(stage, done, total, false);
    }

    /// Reports progress of what looks at [`Control::is_to_keep`].
    pub fn progress_to_keep(&self, stage: &str, done: usize, total: usize) {
        self.report(stage, done, total, true);
    }

    fn report(&self, stage: &str, done: usize, total: usize, can_keep: bool) {
        if let Some(sink) = &self.sink {
            sink(Progress { stage: stage.to_owned(), done: done as u64, total: total as u64, can_keep });
        }
    }

    /// Whether what there is by now was asked for.
    pub fn is_to_keep(&self) -> bool {
        self.canceller.is_to_keep()
    }

    /// Whether the stop was asked for.
    pub fn is_cancelled(&self) -> bool {
        self.canceller.is_cancelled()
    }

    /// Stops here when the stop was asked for.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`].
    pub fn check(&self) -> Result<(), EngineError> {
        if self.canceller.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    /// Computes `n` values, each from its index alone, in parallel; in index order whatever the number of threads.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when the stop is asked for meanwhile.
    pub fn map<T: Send>(&self, n: usize, f: impl Fn(usize) -> T + Send + Sync) -> Result<Vec<T>, EngineError> {
        self.map_each(n, &f)
    }

    /// Here and below: what rayon needs is compiled once for every type of values, not for every caller.
    fn map_each<T: Send>(&self, n: usize, f: &(dyn Fn(usize) -> T + Send + Sync)) -> Result<Vec<T>, EngineError> {
        self.workers.pool.install(|| {
            (0..n)
                .into_par_iter()
                .map(|i| {
                    self.check()?;
                    Ok(f(i))
                })
                .collect()
        })
    }

    /// Calls `f(first_row, rows)` for blocks of `rows_per_block` rows of `width` values each, in parallel.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when the stop is asked for meanwhile; `out` is then partly written.
    ///
    /// # Panics
    /// When `width` or `rows_per_block` is 0 while `out` is not empty.
    pub fn for_row_blocks<T: Send>(
        &self,
        out: &mut [T],
        width: usize,
        rows_per_block: usize,
        f: impl Fn(usize, &mut [T]) + Send + Sync,
    ) -> Result<(), EngineError> {
        if out.is_empty() {
            return self.check();
        }
        assert!(width > 0 && rows_per_block > 0, "blocks of rows must not be empty");
        if out.len() <= width.saturating_mul(rows_per_block) {
            // Waking a worker for one block takes longer than many a block.
            self.check()?;
            f(0, out);
            return Ok(());
        }
        self.for_each_block(out, width * rows_per_block, &|block, rows| f(block * rows_per_block, rows))
    }

    fn for_each_block<T: Send>(
        &self,
        out: &mut [T],
        len: usize,
        f: &(dyn Fn(usize, &mut [T]) + Send + Sync),
    ) -> Result<(), EngineError> {
        self.workers.pool.install(|| {
            out.par_chunks_mut(len).enumerate().try_for_each(|(block, part)| {
                self.check()?;
                f(block, part);
                Ok(())
            })
        })
    }

    /// As [`Control::for_row_blocks`], with a value from every block, in block order whatever the number of threads.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] when the stop is asked for meanwhile; `out` is then partly written.
    ///
    /// # Panics
    /// When `width` or `rows_per_block` is 0 while `out` is not empty.
    pub fn map_row_blocks<T: Send, R: Send>(
        &self,
        out: &mut [T],
        width: usize,
        rows_per_block: usize,
        f: impl Fn(usize, &mut [T]) -> R + Send + Sync,
    ) -> Result<Vec<R>, EngineError> {
        if out.is_empty() {
            self.check()?;
            return Ok(Vec::new());
        }
        assert!(width > 0 && rows_per_block > 0, "blocks of rows must not be empty");
        if out.len() <= width.saturating_mul(rows_per_block) {
            self.check()?;
            return Ok(vec![f(0, out)]);
        }
        self.map_each_block(out, width * rows_per_block, &|block, rows| f(block * rows_per_block, rows))
    }

    fn map_each_block<T: Send, R: Send>(
        &self,
        out: &mut [T],
        len: usize,
        f: &(dyn Fn(usize, &mut [T]) -> R + Send + Sync),
    ) -> Result<Vec<R>, EngineError> {
        self.workers.pool.install(|| {
            out.par_chunks_mut(len)
                .enumerate()
                .map(|(block, part)| {
                    self.check()?;
                    Ok(f(block, part))
                })
                .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_than_the_machine_can_use_are_not_started() {
        for n_asked in [4_096, 1_000_000_000, usize::MAX] {
            let workers = Workers::new(n_asked).expect("workers");
            assert!(workers.n_threads() < n_asked && workers.n_threads() >= THREADS_ANYWHERE);
            assert_eq!(workers.capped_from(), Some(n_asked));
        }
        let workers = Workers::new(3).expect("workers");
        assert_eq!((workers.n_threads(), workers.capped_from()), (3, None));
        assert_eq!(Workers::new(0).expect("workers").capped_from(), None);
    }

    #[test]
    fn memory_that_is_used_again_is_the_smallest_that_holds_enough() {
        let ctl = Control::new(1).expect("a worker");
        assert!(ctl.spare(3).is_none(), "nothing is kept where nobody asked for it");
        let spares = Spares::default();
        for len in [100, 40, 10, 1_000] {
            ctl.recycling_into(&spares).recycle(Array2::zeros((len, 1)));
        }
        let spare = |len| ctl.recycling_into(&spares).spare(len).map(|values| values.capacity());
        assert_eq!([spare(20), spare(20), spare(20)], [Some(40), None, None], "100 is too much for 20");
        assert_eq!([spare(26), spare(1_001), spare(10)], [Some(100), None, Some(10)]);
        // The oldest goes.
        for len in 1..=Spares::MAX + 1 {
            ctl.recycling_into(&spares).recycle(Array2::zeros((100 * len, 1)));
        }
        assert_eq!([spare(1_000), spare(100)], [None, Some(200)]);
        // No more than it may keep: what is too large is not kept, and the oldest make room.
        let few = Spares::of_at_most(100 * size_of::<f32>());
        for len in [101, 40, 50, 30] {
            ctl.recycling_into(&few).recycle(Array2::zeros((len, 1)));
        }
        let spare = |len| ctl.recycling_into(&few).spare(len).map(|values| values.capacity());
        assert_eq!([spare(101), spare(40), spare(40), spare(30)], [None, Some(50), None, Some(30)]);
    }
}
