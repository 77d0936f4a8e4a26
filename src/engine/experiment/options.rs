//! How much of a run to compute.

use super::serve::RequestTiming;
use crate::engine::timing::Plan;

/// How much of a run to compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunOptions {
    /// How long forward passes are timed; none measures nothing.
    pub timed: Option<Plan>,
    /// Where forward passes are timed, also time requests for so many nodes.
    pub requests: &'static [usize],
    /// Also evaluate as the authors' code reports it.
    pub official_lock: bool,
    /// Also run the unpruned forward in lockstep, for the error after every step.
    pub compare_steps: bool,
    /// Also measure the spectral distance of every step's matrix and state the bounds.
    pub bounds: bool,
}

impl RunOptions {
    /// As fast as it goes: masks, logits and accuracy.
    pub const PREVIEW: Self =
        Self { timed: None, requests: &[], official_lock: false, compare_steps: false, bounds: false };
    /// Everything, timed until the ratio is known.
    pub const FULL: Self = Self {
        timed: Some(Plan::RUN),
        requests: &RequestTiming::SIZES,
        official_lock: true,
        compare_steps: true,
        bounds: true,
    };
    /// One point of a sweep: timed, requests of one size too, without the extras.
    pub const SWEEP: Self = Self { timed: Some(Plan::POINT), requests: &[RequestTiming::OF_A_POINT], ..Self::PREVIEW };
}
