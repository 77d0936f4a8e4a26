//! Certifies a run: what half of the validation nodes prove about the accuracy that it costs.

use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::certify::Certificate;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, certify_run};

/// Tests a run on held-out nodes.
#[derive(Debug, Clone)]
pub(crate) struct Certify {
    pub(crate) run: Arc<Run>,
    /// The loss of accuracy that is accepted, a share above 0 and below 1.
    pub(crate) limit: f64,
}

impl Task for Certify {
    type Point = ();
    type Output = Arc<Certificate>;

    fn label(&self) -> String {
        format!("Certify {}, {}", self.run.dataset.name(), self.run.model.title())
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Arc<Certificate>, TaskError> {
        Ok(Arc::new(certify_run(&self.run, self.limit, ctl)?))
    }
}
