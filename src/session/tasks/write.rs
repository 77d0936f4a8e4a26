//! Writes one file that was prepared: a model, a recipe, a figure, a table.

use std::path::{Path, PathBuf};

use super::{Task, TaskError};
use crate::engine::control::Control;

type Write = Box<dyn FnOnce(&Path, &Control) -> Result<PathBuf, TaskError> + Send>;

/// Writes a file; what it holds was captured when this was made.
pub(crate) struct WriteFile {
    label: String,
    path: PathBuf,
    write: Write,
}

impl WriteFile {
    /// `write` answers with what it wrote, which has an ending that says what it is.
    pub(crate) fn new(
        label: impl Into<String>,
        path: PathBuf,
        write: impl FnOnce(&Path, &Control) -> Result<PathBuf, TaskError> + Send + 'static,
    ) -> Self {
        Self { label: label.into(), path, write: Box::new(write) }
    }
}

impl std::fmt::Debug for WriteFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WriteFile").field("label", &self.label).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Task for WriteFile {
    type Point = ();
    type Output = PathBuf;

    fn label(&self) -> String {
        self.label.clone()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<PathBuf, TaskError> {
        (self.write)(&self.path, ctl)
    }
}
