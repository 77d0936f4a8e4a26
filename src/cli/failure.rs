//! How a command ends: exit codes and the message on stderr. Each error is said once, here.

use std::process::ExitCode;

use super::output;
use crate::engine::EngineError;
use crate::io::{ExportError, LoadError};
use crate::session::tasks::TaskError;

/// It was done.
pub(super) const DONE: u8 = 0;
/// It could not be done.
const FAILED: u8 = 1;
/// The call was wrong.
pub(super) const USAGE: u8 = 2;
/// The user interrupted it.
const INTERRUPTED: u8 = 130;

/// The call was wrong: an option that does not fit, beyond what the option parser can know.
#[derive(Debug, thiserror::Error)]
#[error("{option}: expected {expected}, found {found}")]
pub(super) struct UsageError {
    /// The option or key.
    pub(super) option: String,
    /// What would have been right.
    pub(super) expected: String,
    /// What was given.
    pub(super) found: String,
}

/// It was done, and the answer is told by the exit code, too.
#[derive(Debug, thiserror::Error)]
#[error("the answer is exit code {0}")]
pub(super) struct Answered(pub(super) u8);

impl UsageError {
    pub(super) fn new(option: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { option: option.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// The code to end with; a failure is said on stderr.
pub(super) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::from(DONE) };
    if let Some(Answered(code)) = error.downcast_ref() {
        return ExitCode::from(*code);
    }
    if is_cancelled(&error) {
        output::note("interrupted");
        return ExitCode::from(INTERRUPTED);
    }
    // The messages of this program hold their causes already, so the chain is not printed again.
    output::note(&format!("error: {error}"));
    let is_usage = error.is::<UsageError>()
        || matches!(error.downcast_ref(), Some(TaskError::Wrong { .. }))
        || matches!(engine_error(&error), Some(EngineError::Recipe { .. }));
    ExitCode::from(if is_usage { USAGE } else { FAILED })
}

/// What the engine said, if it did: alone, or as the reason of a task.
fn engine_error(error: &anyhow::Error) -> Option<&EngineError> {
    match error.downcast_ref() {
        Some(TaskError::Engine(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

fn is_cancelled(error: &anyhow::Error) -> bool {
    error.downcast_ref().is_some_and(TaskError::is_cancelled)
        || matches!(error.downcast_ref(), Some(EngineError::Cancelled))
        || matches!(error.downcast_ref(), Some(LoadError::Cancelled))
        || matches!(error.downcast_ref(), Some(ExportError::Cancelled))
}
