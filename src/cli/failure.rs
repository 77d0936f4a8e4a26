//! How a command ends: exit codes and the message on stderr. Each error is said once, here.

use std::process::ExitCode;

use super::output;
use crate::engine::EngineError;
use crate::io::{ExportError, LoadError};

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

impl UsageError {
    pub(super) fn new(option: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { option: option.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }
}

/// The code to end with; a failure is said on stderr.
pub(super) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else { return ExitCode::from(DONE) };
    if is_cancelled(&error) {
        output::note("interrupted");
        return ExitCode::from(INTERRUPTED);
    }
    // The messages of this program hold their causes already, so the chain is not printed again.
    output::note(&format!("error: {error}"));
    let is_usage = error.is::<UsageError>() || matches!(error.downcast_ref(), Some(EngineError::Recipe { .. }));
    ExitCode::from(if is_usage { USAGE } else { FAILED })
}

fn is_cancelled(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(EngineError::Cancelled))
        || matches!(error.downcast_ref(), Some(LoadError::Cancelled))
        || matches!(error.downcast_ref(), Some(ExportError::Cancelled))
}
