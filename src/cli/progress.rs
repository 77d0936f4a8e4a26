//! Progress on stderr, and Ctrl-C: a bar on a terminal, plain lines elsewhere, nothing when quiet.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output;
use crate::engine::control::{Control, Progress};
use crate::io::{MemoryBudget, ReadingScope, process_memory, read_calibration};
use crate::session::format::{bytes, seconds};
use crate::session::tasks::{Need, Task};

/// What a command works with: a control whose progress is shown and which Ctrl-C cancels.
pub(super) struct Terminal {
    ctl: Control,
    bar: Option<Arc<Mutex<Bar>>>,
    is_quiet: bool,
    memory: MemoryBudget,
    /// Bytes that the program had before it did anything.
    own_bytes: u64,
    /// The most that was said to be taken, by what takes it: several tasks of one command say it once.
    said_bytes: RefCell<BTreeMap<&'static str, u64>>,
    /// What this thread reads stops with the control and keeps to the budget.
    _reading: ReadingScope,
}

impl Terminal {
    /// Starts `n_threads` workers (0 = all cores), listens for Ctrl-C, and keeps to `max_memory` bytes, where they are given.
    pub(super) fn new(n_threads: usize, quiet: bool, max_memory: Option<u64>) -> anyhow::Result<Self> {
        let mut ctl = Control::new(n_threads)?.with_cost(read_calibration());
        let mut bar = None;
        if !quiet && std::io::stderr().is_terminal() {
            let shown = Arc::new(Mutex::new(Bar::new()));
            bar = Some(Arc::clone(&shown));
            ctl = ctl.on_progress(move |progress| {
                if let Ok(mut bar) = shown.lock() {
                    bar.show(&progress);
                }
            });
        } else if !quiet {
            let lines = Mutex::new(Lines::default());
            ctl = ctl.on_progress(move |progress| {
                if let Some(line) = lines.lock().ok().and_then(|mut lines| lines.next(&progress, Instant::now())) {
                    output::note(&line);
                }
            });
        }
        let canceller = ctl.canceller();
        ctrlc::set_handler(move || canceller.cancel())?;
        let memory = max_memory.map_or(MemoryBudget::SYSTEM, MemoryBudget::of_process);
        let reading = ReadingScope::enter(&ctl, memory);
        let own_bytes = process_memory().unwrap_or(0);
        let said_bytes = RefCell::default();
        let terminal = Self { ctl, bar, is_quiet: quiet, memory, own_bytes, said_bytes, _reading: reading };
        if let Some(n_asked) = terminal.ctl.workers().capped_from() {
            terminal.note(&format!(
                "warning: {} threads instead of {n_asked}: more would only wait for each other",
                terminal.ctl.n_threads()
            ));
        }
        Ok(terminal)
    }

    /// What memory may be taken.
    pub(super) fn memory(&self) -> MemoryBudget {
        self.memory
    }

    /// Bytes that the program may have in all while it holds `held` bytes of inputs, and which limit says so.
    pub(super) fn room(&self, held: u64) -> (u64, &'static str) {
        let left = MemoryBudget::SYSTEM.left();
        let there = self.own_bytes.saturating_add(held).saturating_add(left.n_bytes);
        match self.memory.process_limit() {
            Some(most) if most <= there => (most, "--max-memory"),
            _ => (there, left.limit()),
        }
    }

    /// Bytes of the program with `held` bytes of inputs and `needed` bytes of work.
    pub(super) fn in_all(&self, held: u64, needed: u64) -> u64 {
        /// Stacks of threads, and what the allocator keeps between what it gives out.
        const BESIDE: u64 = 24 << 20;
        [held, needed, BESIDE, self.bytes_of_threads()].into_iter().fold(self.own_bytes, u64::saturating_add)
    }

    /// Bytes of the workers beyond two: each has a stack, and memory that the allocator keeps for it.
    pub(super) fn bytes_of_threads(&self) -> u64 {
        const PER_THREAD: u64 = 3 << 20;
        PER_THREAD * (self.ctl.n_threads() as u64).saturating_sub(2)
    }

    /// Does a task: says first how much memory the program will have, and what is left out so that it is enough.
    ///
    /// # Errors
    /// Where there is not as much, with the way out; else as the task.
    pub(super) fn run<T: Task>(&self, mut task: T, on_point: &mut dyn FnMut(T::Point)) -> anyhow::Result<T::Output> {
        while let Some(need) = task.memory() {
            let Err(refused) = self.check_memory(need) else { break };
            let Some(part) = task.leave_out() else { return Err(refused) };
            self.note(&format!("left out for want of memory: {part}"));
        }
        Ok(task.run(&self.ctl, on_point)?)
    }

    /// Says how much memory the program will have.
    ///
    /// # Errors
    /// Where there is not as much, with the way out.
    pub(super) fn check_memory(&self, need: Need) -> anyhow::Result<()> {
        let Need { takes, held, needed, way_out } = need;
        let (room, limit) = self.room(held);
        let in_all = self.in_all(held, needed);
        let words = format!("{takes} about {} in all, of {}", bytes(in_all), bytes(room));
        if in_all > room {
            anyhow::bail!("{words} ({limit}); --max-memory raises the limit, {way_out}");
        }
        let mut said = self.said_bytes.borrow_mut();
        if said.get(takes).is_none_or(|bytes| in_all > *bytes) {
            said.insert(takes, in_all);
            self.say(&words);
        }
        Ok(())
    }

    /// Threads, progress and cancelling.
    pub(super) fn ctl(&self) -> &Control {
        &self.ctl
    }

    /// Prints a message without disturbing the bar.
    pub(super) fn note(&self, text: &str) {
        match self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            Some(bar) => bar.bar.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    /// Prints what is good to know, unless that was not wanted.
    pub(super) fn say(&self, text: &str) {
        if !self.is_quiet {
            self.note(text);
        }
    }

    /// Takes the bar away, before data is printed.
    pub(super) fn clear(&self) {
        if let Some(bar) = self.bar.as_ref().and_then(|bar| bar.lock().ok()) {
            bar.bar.finish_and_clear();
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The bar of a terminal: stage, share, rate and time left.
struct Bar {
    bar: ProgressBar,
    stage: String,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
        Self { bar, stage: String::new() }
    }

    fn show(&mut self, progress: &Progress) {
        if self.stage != progress.stage {
            self.stage.clone_from(&progress.stage);
            // A rate belongs to one stage: the next one's units are others.
            self.bar.reset();
            let template = if progress.total > 1 {
                "{msg} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left"
            } else {
                "{msg} {spinner} {elapsed}"
            };
            self.bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar.set_message(progress.stage.clone());
        }
        self.bar.set_length(progress.total);
        self.bar.set_position(progress.done);
    }
}

/// Lines for a log: one when a stage begins, then one every few seconds with rate and time left.
#[derive(Default)]
struct Lines {
    stage: String,
    stage_began: Option<Instant>,
    last: Option<Instant>,
}

impl Lines {
    const PERIOD: Duration = Duration::from_secs(2);

    fn next(&mut self, progress: &Progress, now: Instant) -> Option<String> {
        let Progress { stage, done, total, .. } = progress;
        if self.stage != *stage {
            self.stage.clone_from(stage);
            self.stage_began = Some(now);
            self.last = Some(now);
            return Some(if *total > 1 { format!("{stage} {done}/{total}") } else { stage.clone() });
        }
        if *total == 0 || self.last.is_some_and(|last| now.duration_since(last) < Self::PERIOD) {
            return None;
        }
        self.last = Some(now);
        let elapsed = self.stage_began.map_or(0.0, |began| now.duration_since(began).as_secs_f64());
        let rate = *done as f64 / elapsed.max(f64::MIN_POSITIVE);
        let left = total.saturating_sub(*done) as f64 / rate.max(f64::MIN_POSITIVE);
        Some(format!("{stage} {done}/{total}, {rate:.1} a second, {} left", seconds(left)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_a_stage_once_and_then_seldom() {
        let mut lines = Lines::default();
        let began = Instant::now();
        let mut at = |stage: &str, done, ms| {
            lines.next(
                &Progress { stage: stage.to_owned(), done, total: 100, can_keep: false },
                began + Duration::from_millis(ms),
            )
        };
        assert_eq!(at("epoch", 0, 0).as_deref(), Some("epoch 0/100"));
        assert_eq!(at("epoch", 10, 500), None);
        assert_eq!(at("epoch", 40, 2_000).as_deref(), Some("epoch 40/100, 20.0 a second, 3.0 s left"));
        assert_eq!(at("epoch", 50, 2_500), None);
        assert_eq!(at("evaluating", 0, 2_600).as_deref(), Some("evaluating 0/100"));
    }
}
