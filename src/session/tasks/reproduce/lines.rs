//! Lines of JSON beside a page: the runs that its figures are the means of.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::page::ReproducedRow;
use super::plan::PublishedTable;
use crate::io::atomic::write_atomic;
use crate::io::{LoadError, read_text};
use crate::session::tasks::TaskError;

/// Name and version of a line's form.
const RUNS_FORMAT: &str = "unifews-reproduced/1";
/// Longer files are not ours, bytes.
const MAX_BYTES: u64 = 64 << 20;

/// One line of a published table, with its runs.
#[derive(Serialize)]
struct RunsLine<'a> {
    /// Always [`RUNS_FORMAT`].
    format: &'static str,
    table: &'static str,
    n_threads: usize,
    #[serde(flatten)]
    row: &'a ReproducedRow,
}

/// The runs of a published table, beside its page.
#[derive(Debug)]
pub(super) struct RunsFile {
    path: PathBuf,
    table: &'static str,
    n_threads: usize,
}

impl RunsFile {
    /// That of the page `output`; one that is there is replaced where it is of this form.
    ///
    /// # Errors
    /// [`TaskError::Wrong`] for a page of that very name, [`LoadError`] for a file of that name that is something else.
    pub(super) fn beside(output: &Path, table: PublishedTable, n_threads: usize) -> Result<Self, TaskError> {
        let path = beside(output)?;
        let text = if path.exists() { read_text(&path, MAX_BYTES)? } else { String::new() };
        for (at, line) in text.lines().enumerate() {
            let format = serde_json::from_str::<serde_json::Value>(line).ok();
            let format = format.as_ref().and_then(|line| line.get("format")?.as_str());
            if format != Some(RUNS_FORMAT) {
                let found = format.unwrap_or("another file; move it, or give the page another name").to_owned();
                return Err(LoadError::content(&path, format!("line {}", at + 1), RUNS_FORMAT, found).into());
            }
        }
        Ok(Self { path, table: table.key(), n_threads })
    }

    /// Writes the runs of `rows`, whole or not at all.
    pub(super) fn write(&self, rows: &[ReproducedRow]) -> Result<(), TaskError> {
        let (table, n_threads) = (self.table, self.n_threads);
        let line = |row| RunsLine { format: RUNS_FORMAT, table, n_threads, row };
        write_lines(&self.path, rows.iter().map(line))
    }
}

/// Where what was measured for the page `output` is kept.
///
/// # Errors
/// [`TaskError::Wrong`] for a page of that very name.
pub(super) fn beside(output: &Path) -> Result<PathBuf, TaskError> {
    let path = output.with_extension("jsonl");
    if path == output {
        let found = output.display().to_string();
        let expected = "another ending than .jsonl, which what is measured is kept under".to_owned();
        return Err(TaskError::Wrong { what: "--output", expected, found });
    }
    Ok(path)
}

/// Writes `lines`, one line of JSON each, whole or not at all.
pub(super) fn write_lines(path: &Path, lines: impl Iterator<Item = impl Serialize>) -> Result<(), TaskError> {
    let mut text = String::new();
    for line in lines {
        // Plain numbers and words always have a JSON form.
        text.push_str(&serde_json::to_string(&line).unwrap_or_default());
        text.push('\n');
    }
    Ok(write_atomic(path, text.as_bytes())?)
}
