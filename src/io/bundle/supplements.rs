//! What is written beside the numbers of a run, where it was computed.

use std::sync::Arc;

use crate::engine::certify::Certificate;
use crate::engine::experiment::{ControlScore, StepErrors};

/// What is written beside the numbers of a run, where it was computed.
#[derive(Debug, Clone, Default)]
pub struct Supplements {
    /// The same recovery with what it is said to live on taken away.
    pub controls: Vec<ControlScore>,
    /// What held-out nodes prove, where that is not a part of the run.
    pub certificate: Option<Arc<Certificate>>,
    /// What the removed entries change in every graph step.
    pub errors: Vec<StepErrors>,
}
