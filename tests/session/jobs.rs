//! The runner alone, with jobs that do nothing but wait, fail or panic.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use unifews::engine::control::{Control, Workers};
use unifews::session::jobs::{JobRunner, Lane, Outcome};
use unifews::session::tasks::{Task, TaskError};

use super::{PATIENCE, PROMPT, best_of_three};

/// Waits in small steps, counts how often it was begun, and answers its number.
struct Nap {
    number: u32,
    steps: usize,
    begun: Arc<AtomicUsize>,
}

impl Task for Nap {
    type Point = ();
    type Output = u32;

    fn label(&self) -> String {
        format!("Nap {}", self.number)
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<u32, TaskError> {
        self.begun.fetch_add(1, Ordering::Relaxed);
        for step in 0..self.steps {
            ctl.check()?;
            ctl.progress("napping", step, self.steps);
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(self.number)
    }
}

struct Broken {
    is_panic: bool,
}

impl Task for Broken {
    type Point = ();
    type Output = u32;

    fn label(&self) -> String {
        "Broken".to_owned()
    }

    fn run(self, _: &Control, _: &mut dyn FnMut(())) -> Result<u32, TaskError> {
        assert!(!self.is_panic, "the job's own bug");
        Err(TaskError::Nothing("no such thing".to_owned()))
    }
}

fn runner() -> JobRunner<u32> {
    JobRunner::new(Workers::new(1).expect("a worker"), Arc::new(|| {}))
}

/// Polls until nothing runs or waits; all outcomes in order.
fn finish(runner: &mut JobRunner<u32>) -> Vec<Outcome<u32>> {
    let began = Instant::now();
    let mut all = runner.poll();
    while !runner.is_idle() {
        assert!(began.elapsed() < PATIENCE, "a job never ended");
        std::thread::sleep(Duration::from_millis(1));
        all.extend(runner.poll());
    }
    all.extend(runner.poll());
    all
}

/// What every job answered, or why it did not, in words.
fn answers(outcomes: &[Outcome<u32>]) -> Vec<Result<u32, String>> {
    outcomes
        .iter()
        .filter_map(|o| if let Outcome::Finished { result, .. } = o { Some(result.as_ref()) } else { None })
        .map(|result| result.copied().map_err(ToString::to_string))
        .collect()
}

#[test]
fn the_latest_preview_wins_and_those_between_never_start() {
    let (mut runner, begun) = (runner(), Arc::new(AtomicUsize::new(0)));
    for number in 0..20 {
        runner.spawn(Lane::Preview, Nap { number, steps: 4, begun: Arc::clone(&begun) }, |()| 0, |n| n);
    }
    assert_eq!(answers(&finish(&mut runner)), [Ok(0), Ok(19)], "the first one ran already, the last one is wanted");
    assert_eq!(begun.load(Ordering::Relaxed), 2);
}

#[test]
fn a_superseded_job_that_takes_long_is_stopped() {
    let (mut runner, begun) = (runner(), Arc::new(AtomicUsize::new(0)));
    runner.spawn(Lane::Preview, Nap { number: 1, steps: 100_000, begun: Arc::clone(&begun) }, |()| 0, |n| n);
    std::thread::sleep(Duration::from_millis(450));
    runner.spawn(Lane::Preview, Nap { number: 2, steps: 1, begun }, |()| 0, |n| n);
    assert_eq!(answers(&finish(&mut runner)), [Err("cancelled".to_owned()), Ok(2)]);
}

#[test]
fn exports_run_in_order_and_lanes_do_not_wait_for_each_other() {
    let (mut runner, begun) = (runner(), Arc::new(AtomicUsize::new(0)));
    let nap = |number, steps| Nap { number, steps, begun: Arc::clone(&begun) };
    runner.spawn(Lane::Export, nap(1, 40), |()| 0, |n| n);
    runner.spawn(Lane::Export, nap(2, 1), |()| 0, |n| n);
    runner.spawn(Lane::Prune, nap(3, 1), |()| 0, |n| n);
    assert_eq!(answers(&finish(&mut runner)), [Ok(3), Ok(1), Ok(2)]);
}

#[test]
fn a_cancel_is_answered_within_a_tenth_of_a_second() {
    let answered = best_of_three(|| {
        let (mut runner, begun) = (runner(), Arc::new(AtomicUsize::new(0)));
        let id = runner.spawn(Lane::Sweep, Nap { number: 1, steps: 100_000, begun: Arc::clone(&begun) }, |()| 0, |n| n);
        let waiting = runner.spawn(Lane::Sweep, Nap { number: 2, steps: 1, begun: Arc::clone(&begun) }, |()| 0, |n| n);
        while begun.load(Ordering::Relaxed) == 0 {
            std::thread::sleep(Duration::from_millis(1));
        }
        let asked = Instant::now();
        runner.cancel(id);
        runner.cancel(waiting);
        let outcomes = finish(&mut runner);
        let answered = asked.elapsed();
        assert_eq!(answers(&outcomes), [Err("cancelled".to_owned()), Err("cancelled".to_owned())]);
        assert_eq!(begun.load(Ordering::Relaxed), 1, "a cancelled job that waits never starts");
        answered
    });
    assert!(answered < PROMPT, "answered after {answered:?}");
}

#[test]
fn failed_and_panicked_jobs_are_reported_and_the_next_one_starts() {
    let mut runner = runner();
    runner.spawn(Lane::Prune, Broken { is_panic: true }, |()| 0, |n| n);
    runner.spawn(Lane::Prune, Broken { is_panic: false }, |()| 0, |n| n);
    runner.spawn(Lane::Prune, Nap { number: 7, steps: 1, begun: Arc::default() }, |()| 0, |n| n);
    let answers = answers(&finish(&mut runner));
    assert_eq!(answers[0], Err("the job's own bug".to_owned()));
    assert_eq!(answers[1..], [Err("no such thing".to_owned()), Ok(7)]);
}

#[test]
fn progress_is_reported_with_rate_and_time_left() {
    let mut runner = runner();
    let id = runner.spawn(Lane::Train, Nap { number: 1, steps: 400, begun: Arc::default() }, |()| 0, |n| n);
    std::thread::sleep(Duration::from_millis(500));
    let status = runner.statuses().remove(0);
    assert_eq!((status.id, status.stage.as_str(), status.total), (id, "napping", 400));
    assert!(status.done > 5 && status.rate > 1.0 && status.left_secs.is_some_and(|s| s > 0.1), "{status:?}");
    runner.cancel(id);
    assert!(runner.statuses().iter().all(|s| s.is_stopping), "a job that was asked to stop says so");
    finish(&mut runner);
}

/// Counts to three on the way to four.
struct Count;

impl Task for Count {
    type Point = u32;
    type Output = u32;

    fn label(&self) -> String {
        "count".to_owned()
    }

    fn run(self, _: &Control, on_point: &mut dyn FnMut(u32)) -> Result<u32, TaskError> {
        (1..=3).for_each(on_point);
        Ok(4)
    }
}

#[test]
fn intermediate_answers_come_before_the_last_one() {
    let mut runner = runner();
    runner.spawn(Lane::Sweep, Count, |n| n, |n| n);
    let all: Vec<u32> = finish(&mut runner)
        .into_iter()
        .map(|o| match o {
            Outcome::Partial(_, n) => n,
            Outcome::Finished { result, .. } => result.expect("no fault"),
        })
        .collect();
    assert_eq!(all, [1, 2, 3, 4]);
}
