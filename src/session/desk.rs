//! What views have computed for them in the background: the latest request of every slot wins.
//!
//! A view sends a [`Request`] and reads the answer later, with the request that it answers; so it can tell a current answer
//! from an older one that it shows meanwhile.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::jobs::{JobError, JobId};
use super::tasks::{Task, TaskError};
use crate::engine::EngineError;
use crate::engine::control::Control;

/// Something a view wants computed. `PartialEq` says whether an answer still fits.
pub trait Request: Clone + PartialEq + Send + Sync + 'static {
    /// What it answers, for example pixels.
    type Answer: Send + Sync + 'static;

    /// Requests of one slot replace each other, for example `raster/edges/0`.
    fn slot(&self) -> String;

    /// Computes the answer.
    ///
    /// # Errors
    /// Whatever the engine says; a cancel when a newer request came.
    fn compute(&self, ctl: &Control) -> Result<Self::Answer, EngineError>;
}

/// A [`Request`] whose type was set aside, on its way through the command queue.
#[derive(Clone)]
pub struct AnyRequest {
    pub(crate) slot: String,
    pub(crate) request: Kept,
    pub(crate) compute: Compute,
}

/// A value whose type was set aside.
pub(crate) type Kept = Arc<dyn Any + Send + Sync>;

type Compute = Arc<dyn Fn(&Control) -> Result<Kept, EngineError> + Send + Sync>;

impl std::fmt::Debug for AnyRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnyRequest").field("slot", &self.slot).finish_non_exhaustive()
    }
}

impl AnyRequest {
    /// Sets the type aside.
    pub fn new<R: Request>(request: R) -> Self {
        let slot = request.slot();
        let kept = Arc::new(request.clone());
        Self { slot, request: kept, compute: Arc::new(move |ctl| Ok(Arc::new(request.compute(ctl)?))) }
    }
}

impl Task for AnyRequest {
    type Point = ();
    /// The slot, the request and its answer.
    type Output = (String, Kept, Kept);

    fn label(&self) -> String {
        self.slot.clone()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Self::Output, TaskError> {
        let answer = (self.compute)(ctl)?;
        Ok((self.slot, self.request, answer))
    }
}

/// What a slot holds.
#[derive(Default)]
struct Slot {
    pending: Option<(JobId, Kept)>,
    answered: Option<(Kept, Kept)>,
    failed: Option<(Kept, String)>,
    cancelled: Option<Kept>,
}

/// The slots of all views.
#[derive(Default)]
pub struct Desk {
    slots: BTreeMap<String, Slot>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.slots.keys()).finish()
    }
}

impl Desk {
    /// The newest answer of a slot and the request that it answers.
    pub fn answer<R: Request>(&self, slot: &str) -> Option<(&R, Arc<R::Answer>)> {
        let (request, answer) = self.slots.get(slot)?.answered.as_ref()?;
        let request = request.downcast_ref::<R>()?;
        Some((request, Arc::clone(answer).downcast::<R::Answer>().ok()?))
    }

    /// The answer to this very request, if it is the newest of its slot.
    pub fn answer_to<R: Request>(&self, request: &R) -> Option<Arc<R::Answer>> {
        self.answer::<R>(&request.slot()).filter(|(r, _)| *r == request).map(|(_, answer)| answer)
    }

    /// Whether this very request is being computed, or has failed: asking again would be of no use.
    pub fn is_settled<R: Request>(&self, request: &R) -> bool {
        let Some(slot) = self.slots.get(&request.slot()) else { return false };
        let is_same = |any: &Kept| any.downcast_ref::<R>() == Some(request);
        slot.pending.as_ref().is_some_and(|(_, r)| is_same(r))
            || slot.failed.as_ref().is_some_and(|(r, _)| is_same(r))
            || slot.answered.as_ref().is_some_and(|(r, _)| is_same(r))
    }

    /// Whether the newest request of its slot is this very one, and was stopped by the user: a view that would ask again at once can wait to be
    /// told to.
    pub fn was_cancelled<R: Request>(&self, request: &R) -> bool {
        let cancelled = self.slots.get(&request.slot()).and_then(|slot| slot.cancelled.as_ref());
        cancelled.and_then(|any| any.downcast_ref::<R>()) == Some(request)
    }

    /// Whether the slot waits for an answer.
    pub fn is_pending(&self, slot: &str) -> bool {
        self.slots.get(slot).is_some_and(|s| s.pending.is_some())
    }

    /// Why the newest request of the slot has no answer.
    pub fn failure(&self, slot: &str) -> Option<&str> {
        self.slots.get(slot)?.failed.as_ref().map(|(_, why)| why.as_str())
    }

    pub(crate) fn submitted(&mut self, job: JobId, request: &AnyRequest) {
        let slot = self.slots.entry(request.slot.clone()).or_default();
        slot.pending = Some((job, Arc::clone(&request.request)));
        slot.cancelled = None;
    }

    /// An answer came. One to a slot that was forgotten meanwhile is dropped.
    pub(crate) fn answered(&mut self, job: JobId, slot: &str, request: Kept, answer: Kept) {
        let Some(slot) = self.slots.get_mut(slot) else { return };
        slot.pending.take_if(|(pending, _)| *pending == job);
        slot.answered = Some((request, answer));
        slot.failed = None;
    }

    /// A job of the slot ended without an answer.
    pub(crate) fn faulted(&mut self, job: JobId, slot: &str, reason: &JobError) {
        let Some(slot) = self.slots.get_mut(slot) else { return };
        let Some((_, request)) = slot.pending.take_if(|(pending, _)| *pending == job) else { return };
        match reason {
            JobError::Cancelled => slot.cancelled = Some(request),
            _ => slot.failed = Some((request, reason.to_string())),
        }
    }

    /// Forgets every answer, for example when the graph is another one.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }
}
