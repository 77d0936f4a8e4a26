//! The newest task of every kind: one place that says which answers still count.
//!
//! A kind of task has a state in the store (what was asked, its points so far, where it stands). Starting a task of the kind makes its job
//! the newest one; points and ends of others are stale, and dropped here and nowhere else.

use std::sync::Arc;

use super::jobs::{JobId, Lane};
use super::store::{
    AnswerState, BenchState, BudgetState, CompareState, ExportState, Phase, ReproduceState, SensitivityState,
    StressState, SweepState, TrainingState,
};
use super::tasks::Task;
use super::tasks::bench::Benched;
use super::tasks::export::Exported;
use super::tasks::predict::Answers;
use super::tasks::reproduce::{Reproduced, ReproducedLine};
use super::tasks::train::TrainPoint;
use super::{JobAnswer, Session, answer_page};
use crate::engine::experiment::{BudgetPoint, ComparePoint, FoundBudget, SensitivityPoint, StressPoint, SweepPoint};
use crate::engine::train::Trained;
use crate::io::results::StressResults;

/// The state of one kind of task.
pub(super) trait Slot: Sized + 'static {
    /// What tasks of the kind give on the way.
    type Point: Send + 'static;
    /// What they give in the end.
    type Output: Send + 'static;
    /// Where they queue.
    const LANE: Lane;
    /// Whether a newer task takes the place of the one before; else they are done one after the other, and every output counts.
    const IS_REPLACED: bool = true;

    /// Where the state lies.
    fn of(session: &mut Session) -> &mut Self;
    /// The newest job, and where it stands.
    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase);
    /// A point came.
    fn add(&mut self, point: Self::Point);
    /// The output came.
    fn finish(session: &mut Session, output: Self::Output);
}

impl Session {
    /// Starts a task, which is the newest of its kind from now on.
    pub(super) fn start<S: Slot, T: Task>(&mut self, task: T)
    where
        S::Point: From<T::Point>,
        S::Output: From<T::Output>,
    {
        if S::IS_REPLACED {
            self.runner.cancel_lane(&S::LANE);
        }
        let on_point = |point: T::Point| {
            let point = S::Point::from(point);
            JobAnswer::new(move |session, id, _| {
                if session.is_newest::<S>(id) {
                    S::of(session).add(point);
                }
            })
        };
        let on_output = |output: T::Output| {
            let output = S::Output::from(output);
            JobAnswer::new(move |session, id, _| {
                let is_newest = session.is_newest::<S>(id);
                if is_newest {
                    *S::of(session).newest().1 = Phase::Done;
                }
                if is_newest || !S::IS_REPLACED {
                    S::finish(session, output);
                }
            })
        };
        let id = self.runner.spawn(S::LANE, task, on_point, on_output);
        let (job, phase) = S::of(self).newest();
        (*job, *phase) = (Some(id), Phase::Running);
    }

    /// Runs a task of which every output counts, whatever comes after it.
    pub(super) fn run_in<T: Task<Point = ()>>(
        &mut self,
        lane: Lane,
        task: T,
        finish: impl FnOnce(&mut Self, T::Output) + Send + 'static,
    ) {
        let on_output = |output| JobAnswer::new(move |session, _, _| finish(session, output));
        self.runner.spawn(lane, task, |()| JobAnswer::new(|_, _, _| {}), on_output);
    }

    fn is_newest<S: Slot>(&mut self, id: JobId) -> bool {
        *S::of(self).newest().0 == Some(id)
    }

    /// A job of the lane ended without an output.
    pub(super) fn stopped(&mut self, lane: &Lane, id: JobId, phase: Phase) {
        match lane {
            Lane::Sweep => self.stop::<SweepState>(id, phase),
            Lane::Compare => self.stop::<CompareState>(id, phase),
            Lane::Sensitivity => self.stop::<SensitivityState>(id, phase),
            Lane::Stress => self.stop::<StressState>(id, phase),
            Lane::Train => self.stop::<TrainingState>(id, phase),
            Lane::Export => self.stop::<ExportState>(id, phase),
            Lane::Budget => self.stop::<BudgetState>(id, phase),
            Lane::Bench => self.stop::<BenchState>(id, phase),
            Lane::Reproduce => self.stop::<ReproduceState>(id, phase),
            Lane::Answer => self.stop::<AnswerState>(id, phase),
            Lane::Import => self.stop_import(id),
            Lane::Load
            | Lane::Preview
            | Lane::Estimate
            | Lane::Prune
            | Lane::View(_)
            | Lane::Controls
            | Lane::Certify
            | Lane::Errors
            | Lane::Autosave
            | Lane::Hash
            | Lane::Diagnose => {}
        }
    }

    fn stop<S: Slot>(&mut self, id: JobId, stopped: Phase) {
        if self.is_newest::<S>(id) {
            *S::of(self).newest().1 = stopped;
        }
    }

    /// Forgets a kind of task: what runs is stopped, and what it had is dropped.
    pub(super) fn forget<S: Slot + Default>(&mut self) {
        self.runner.cancel_lane(&S::LANE);
        *S::of(self) = S::default();
    }
}

impl Slot for SweepState {
    type Point = Box<SweepPoint>;
    type Output = ();
    const LANE: Lane = Lane::Sweep;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.sweep
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: Self::Point) {
        self.points.push(*point);
    }

    fn finish(_: &mut Session, (): ()) {}
}

impl Slot for CompareState {
    type Point = Box<ComparePoint>;
    type Output = ();
    const LANE: Lane = Lane::Compare;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.comparison
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: Self::Point) {
        self.points.push(*point);
    }

    fn finish(_: &mut Session, (): ()) {}
}

impl Slot for SensitivityState {
    type Point = Box<SensitivityPoint>;
    type Output = ();
    const LANE: Lane = Lane::Sensitivity;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.sensitivity
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: Self::Point) {
        self.points.push(*point);
    }

    fn finish(_: &mut Session, (): ()) {}
}

impl Slot for StressState {
    type Point = Box<StressPoint>;
    type Output = Box<StressResults>;
    const LANE: Lane = Lane::Stress;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.stress
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: Self::Point) {
        self.points.push(*point);
    }

    fn finish(session: &mut Session, results: Self::Output) {
        let state = &mut session.store.stress;
        // Kinds that say nothing of this graph were left out on the way.
        state.n_points = state.points.len();
        state.results = Some(Arc::from(results));
    }
}

impl Slot for BudgetState {
    type Point = BudgetPoint;
    type Output = FoundBudget;
    const LANE: Lane = Lane::Budget;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.budget
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: BudgetPoint) {
        self.points.push(point);
    }

    fn finish(session: &mut Session, found: FoundBudget) {
        session.take_found(found);
    }
}

impl Slot for TrainingState {
    type Point = TrainPoint;
    type Output = Box<Trained>;
    const LANE: Lane = Lane::Train;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.training
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, point: TrainPoint) {
        match point {
            TrainPoint::Epoch(epoch) => self.history.push(epoch),
            TrainPoint::Left(trained) => self.left = Some(Arc::from(trained)),
        }
    }

    fn finish(session: &mut Session, trained: Box<Trained>) {
        session.take_trained(*trained);
    }
}

impl Slot for ExportState {
    type Point = ();
    type Output = Exported;
    const LANE: Lane = Lane::Export;
    const IS_REPLACED: bool = false;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.export
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, (): ()) {}

    fn finish(session: &mut Session, exported: Exported) {
        session.take_exported(exported);
    }
}

impl Slot for BenchState {
    type Point = ();
    type Output = Box<Benched>;
    const LANE: Lane = Lane::Bench;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.bench
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, (): ()) {}

    fn finish(session: &mut Session, measured: Box<Benched>) {
        session.take_benched(&measured);
    }
}

impl Slot for AnswerState {
    type Point = ();
    type Output = Answers;
    const LANE: Lane = Lane::Answer;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.answers
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, (): ()) {}

    fn finish(session: &mut Session, answers: Answers) {
        let words = session.words();
        let state = &mut session.store.answers;
        state.page = answer_page(words, &answers);
        state.by = state.asked.take();
    }
}

impl Slot for ReproduceState {
    type Point = ReproducedLine;
    type Output = Box<Reproduced>;
    const LANE: Lane = Lane::Reproduce;

    fn of(session: &mut Session) -> &mut Self {
        &mut session.store.reproduce
    }

    fn newest(&mut self) -> (&mut Option<JobId>, &mut Phase) {
        (&mut self.job, &mut self.phase)
    }

    fn add(&mut self, line: ReproducedLine) {
        (self.page, self.n_lines, self.n_in_all) = (line.text, line.n_lines, line.n_in_all);
    }

    fn finish(session: &mut Session, done: Box<Reproduced>) {
        session.take_reproduced(*done);
    }
}
