//! Runs jobs on named threads that share one pool of workers, and hands their answers over at [`JobRunner::poll`].
//!
//! Every job ends with exactly one [`Outcome`]: also a cancelled, failed or panicked one, and the next job of its lane always
//! starts. In a latest-wins lane one job waits at most; a newer one replaces it, and stops a running one that takes long.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{JobError, JobId, JobStatus, Lane};
use crate::engine::control::{Canceller, Control, Progress, Workers};
use crate::engine::cost::CostModel;
use crate::io::{MemoryBudget, ReadingScope, escaped};
use crate::session::tasks::{Task, TaskError};

/// Called from any thread whenever [`JobRunner::poll`] has something new.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// How many view jobs compute at once; more would only slow each other down.
const MAX_VIEW_JOBS: usize = 2;
/// A superseded job that has run this long is stopped; a younger one may finish, so that a drag shows steps on its way.
const SUPERSEDED_AFTER: Duration = Duration::from_millis(400);
/// Progress wakes the window at most this often.
const WAKE_EVERY: Duration = Duration::from_millis(33);
/// Intermediate answers that may wait for a poll before the job is held up.
const MAX_WAITING: usize = 4096;

/// What a poll delivers.
#[derive(Debug)]
pub enum Outcome<A> {
    /// An intermediate answer of a running job.
    Partial(JobId, A),
    /// The job is over.
    Finished {
        /// Which job.
        id: JobId,
        /// Its lane.
        lane: Lane,
        /// What it did.
        label: String,
        /// Its answer, or why there is none.
        result: Result<A, JobError>,
        /// Wall time, seconds.
        elapsed_secs: f64,
    },
}

type Work<A> = Box<dyn FnOnce(&Control, &dyn Fn(A)) -> Result<A, JobError> + Send>;

struct Waiting<A> {
    id: JobId,
    lane: Lane,
    label: String,
    work: Work<A>,
}

struct Running<A> {
    id: JobId,
    lane: Lane,
    label: String,
    started: Instant,
    canceller: Canceller,
    live: Arc<Mutex<Live>>,
    handle: JoinHandle<Result<A, JobError>>,
}

/// The last progress report, and when its stage began.
struct Live {
    progress: Progress,
    stage_began: Instant,
    stage_began_at: u64,
    woke: Instant,
}

enum Event<A> {
    Partial(JobId, A),
    Ended(JobId),
}

/// Starts, orders, cancels and collects jobs whose answers are of one type `A`.
pub struct JobRunner<A> {
    workers: Workers,
    waker: Waker,
    waiting: VecDeque<Waiting<A>>,
    running: Vec<Running<A>>,
    events: (SyncSender<Event<A>>, Receiver<Event<A>>),
    unstarted: Vec<Outcome<A>>,
    next_id: u64,
    cost: CostModel,
}

impl<A> std::fmt::Debug for JobRunner<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JobRunner")
            .field("waiting", &self.waiting.len())
            .field("running", &self.running.len())
            .finish_non_exhaustive()
    }
}

impl<A: Send + 'static> JobRunner<A> {
    /// A runner on `workers` that calls `waker` when there is something to poll.
    pub fn new(workers: Workers, waker: Waker) -> Self {
        Self {
            workers,
            waker,
            waiting: VecDeque::new(),
            running: Vec::new(),
            events: sync_channel(MAX_WAITING),
            unstarted: Vec::new(),
            next_id: 1,
            cost: CostModel::default(),
        }
    }

    /// The same runner on a machine whose products cost what `cost` says. Changes time, never a result.
    #[must_use]
    pub fn with_cost(mut self, cost: CostModel) -> Self {
        self.cost = cost;
        self
    }

    /// Queues a task; `on_point` and `on_output` turn what it gives into the runner's type of answers.
    pub fn spawn<T: Task>(
        &mut self,
        lane: Lane,
        task: T,
        on_point: impl Fn(T::Point) -> A + Send + 'static,
        on_output: impl FnOnce(T::Output) -> A + Send + 'static,
    ) -> JobId {
        let label = escaped(&task.label()).into_owned();
        let work: Work<A> = Box::new(move |ctl, partial| {
            let output = task.run(ctl, &mut |point| partial(on_point(point)))?;
            Ok(on_output(output))
        });
        let id = JobId(self.next_id);
        self.next_id += 1;
        if lane.is_latest_wins() {
            self.waiting.retain(|w| w.lane != lane);
        }
        self.waiting.push_back(Waiting { id, lane, label, work });
        self.start_next();
        id
    }

    /// Asks a job to stop; one that has not started ends at once.
    pub fn cancel(&mut self, id: JobId) {
        if let Some(job) = self.running.iter().find(|r| r.id == id) {
            job.canceller.cancel();
        }
        if let Some(at) = self.waiting.iter().position(|w| w.id == id)
            && let Some(job) = self.waiting.remove(at)
        {
            self.unstarted.push(Outcome::Finished {
                id,
                lane: job.lane,
                label: job.label,
                result: Err(JobError::Cancelled),
                elapsed_secs: 0.0,
            });
            (self.waker)();
        }
    }

    /// Asks a running job to end with what it has by now, where it has something to keep: see [`Canceller::keep`].
    pub fn keep(&self, id: JobId) {
        if let Some(job) = self.running.iter().find(|r| r.id == id) {
            job.canceller.keep();
        }
    }

    /// Asks every job of a lane to stop.
    pub fn cancel_lane(&mut self, lane: &Lane) {
        let ids = self.ids(|l| l == lane);
        for id in ids {
            self.cancel(id);
        }
    }

    /// Asks every job that the status bar lists to stop.
    pub fn cancel_listed(&mut self) {
        let ids = self.ids(Lane::is_listed);
        for id in ids {
            self.cancel(id);
        }
    }

    /// Whether a job of the lane runs or waits.
    pub fn is_busy(&self, lane: &Lane) -> bool {
        self.running.iter().any(|r| r.lane == *lane) || self.waiting.iter().any(|w| w.lane == *lane)
    }

    /// Whether no job runs or waits.
    pub fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    /// All jobs, running ones first.
    pub fn statuses(&self) -> Vec<JobStatus> {
        let running = self.running.iter().map(status_of);
        let waiting = self.waiting.iter().map(|w| JobStatus {
            id: w.id,
            lane: w.lane.clone(),
            label: w.label.clone(),
            is_running: false,
            is_stopping: false,
            stage: String::new(),
            done: 0,
            total: 0,
            elapsed_secs: 0.0,
            rate: 0.0,
            left_secs: None,
            can_keep: false,
        });
        running.chain(waiting).collect()
    }

    /// Everything that happened since the last poll, in order; starts the jobs whose turn it is.
    pub fn poll(&mut self) -> Vec<Outcome<A>> {
        let mut outcomes = std::mem::take(&mut self.unstarted);
        while let Ok(event) = self.events.1.try_recv() {
            match event {
                Event::Partial(id, answer) => outcomes.push(Outcome::Partial(id, answer)),
                Event::Ended(id) => {
                    let Some(at) = self.running.iter().position(|r| r.id == id) else { continue };
                    let job = self.running.swap_remove(at);
                    let result = job.handle.join().unwrap_or_else(|panic| Err(JobError::Panicked(text_of(&*panic))));
                    outcomes.push(Outcome::Finished {
                        id,
                        lane: job.lane,
                        label: job.label,
                        result,
                        elapsed_secs: job.started.elapsed().as_secs_f64(),
                    });
                }
            }
        }
        self.start_next();
        outcomes
    }

    fn ids(&self, is_wanted: impl Fn(&Lane) -> bool) -> Vec<JobId> {
        let running = self.running.iter().map(|r| (r.id, &r.lane));
        let waiting = self.waiting.iter().map(|w| (w.id, &w.lane));
        running.chain(waiting).filter(|(_, lane)| is_wanted(lane)).map(|(id, _)| id).collect()
    }

    fn start_next(&mut self) {
        for job in &self.running {
            let is_superseded = job.lane.is_latest_wins() && self.waiting.iter().any(|w| w.lane == job.lane);
            if is_superseded && job.started.elapsed() >= SUPERSEDED_AFTER {
                job.canceller.cancel();
            }
        }
        let mut at = 0;
        while at < self.waiting.len() {
            let lane = &self.waiting[at].lane;
            let is_view = |lane: &Lane| matches!(lane, Lane::View(_));
            let n_views = self.running.iter().filter(|r| is_view(&r.lane)).count();
            let must_wait = self.running.iter().any(|r| r.lane == *lane) || (is_view(lane) && n_views >= MAX_VIEW_JOBS);
            if must_wait {
                at += 1;
            } else if let Some(job) = self.waiting.remove(at) {
                self.start(job);
            }
        }
    }

    fn start(&mut self, job: Waiting<A>) {
        let Waiting { id, lane, label, work } = job;
        let now = Instant::now();
        let live = Arc::new(Mutex::new(Live {
            progress: Progress { stage: String::new(), done: 0, total: 0, can_keep: false },
            stage_began: now,
            stage_began_at: 0,
            woke: now,
        }));
        let (sink_live, sink_waker) = (Arc::clone(&live), Arc::clone(&self.waker));
        let ctl = Control::with_workers(self.workers.clone())
            .with_cost(self.cost)
            .on_progress(move |progress| note_progress(&sink_live, &sink_waker, progress));
        let canceller = ctl.canceller();
        let (events, waker) = (self.events.0.clone(), Arc::clone(&self.waker));
        let partial = {
            let (events, waker) = (events.clone(), Arc::clone(&waker));
            move |answer| {
                // A session that is gone has nobody to tell.
                drop(events.send(Event::Partial(id, answer)));
                waker();
            }
        };
        let thread = std::thread::Builder::new().name(format!("job-{}", id.0)).spawn(move || {
            let _ended = Ended { id, events, waker };
            // What the job reads stops with it.
            let _reading = ReadingScope::enter(&ctl, MemoryBudget::SYSTEM);
            work(&ctl, &partial)
        });
        match thread {
            Ok(handle) => self.running.push(Running { id, lane, label, started: now, canceller, live, handle }),
            Err(reason) => {
                self.unstarted.push(Outcome::Finished {
                    id,
                    lane,
                    label,
                    result: Err(TaskError::Nothing(format!("cannot start a thread: {reason}")).into()),
                    elapsed_secs: 0.0,
                });
                (self.waker)();
            }
        }
    }
}

impl<A> Drop for JobRunner<A> {
    fn drop(&mut self) {
        self.running.iter().for_each(|r| r.canceller.cancel());
    }
}

/// Announces the end of a job's thread, also when it panics.
struct Ended<A> {
    id: JobId,
    events: SyncSender<Event<A>>,
    waker: Waker,
}

impl<A> Drop for Ended<A> {
    fn drop(&mut self) {
        // A session that is gone has nobody to tell.
        drop(self.events.send(Event::Ended(self.id)));
        (self.waker)();
    }
}

fn note_progress(live: &Mutex<Live>, waker: &Waker, progress: Progress) {
    let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    if live.progress.stage != progress.stage || progress.done < live.progress.done {
        live.stage_began = now;
        live.stage_began_at = progress.done;
    }
    live.progress = progress;
    if now.duration_since(live.woke) >= WAKE_EVERY {
        live.woke = now;
        drop(live);
        waker();
    }
}

fn status_of<A>(job: &Running<A>) -> JobStatus {
    let live = job.live.lock().unwrap_or_else(PoisonError::into_inner);
    let stage_secs = live.stage_began.elapsed().as_secs_f64();
    let done_here = live.progress.done.saturating_sub(live.stage_began_at) as f64;
    let rate = if stage_secs > 0.0 { done_here / stage_secs } else { 0.0 };
    let left = live.progress.total.saturating_sub(live.progress.done) as f64;
    JobStatus {
        id: job.id,
        lane: job.lane.clone(),
        label: job.label.clone(),
        is_running: true,
        is_stopping: job.canceller.is_cancelled(),
        stage: live.progress.stage.clone(),
        done: live.progress.done,
        total: live.progress.total,
        elapsed_secs: job.started.elapsed().as_secs_f64(),
        rate,
        left_secs: (live.progress.total > 0 && rate > 0.0 && stage_secs > 0.3).then(|| left / rate),
        can_keep: live.progress.can_keep && !job.canceller.is_cancelled() && !job.canceller.is_to_keep(),
    }
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
}
