//! What the application tells the user besides results: kept as a history, each event once.

use std::time::SystemTime;

use crate::io::{escaped, escaped_text};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something was done.
    Info,
    /// Something a user should know before trusting a result.
    Warning,
    /// Something could not be done.
    Error,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Ascending; tells notices apart.
    pub id: u64,
    /// How much it matters.
    pub level: Level,
    /// What happened, in one line.
    pub title: String,
    /// Why, in full; may be empty.
    pub detail: String,
    /// What to do next; may be empty.
    pub next: String,
    /// When.
    pub at: SystemTime,
}

/// All notices of a session, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Notices {
    all: Vec<Notice>,
    n_seen: usize,
    next_id: u64,
}

/// Older notices are forgotten beyond this many.
const MAX_KEPT: usize = 500;

impl Notices {
    /// All that are kept, oldest first.
    pub fn all(&self) -> &[Notice] {
        &self.all
    }

    /// How many came since the list was last looked at.
    pub fn n_unseen(&self) -> usize {
        self.all.len() - self.n_seen.min(self.all.len())
    }

    /// Adds one.
    pub fn add(&mut self, level: Level, title: impl Into<String>, detail: impl Into<String>, next: impl Into<String>) {
        self.next_id += 1;
        self.all.push(Notice {
            id: self.next_id,
            level,
            title: escaped(&title.into()).into_owned(),
            detail: escaped_text(&detail.into()).into_owned(),
            next: escaped_text(&next.into()).into_owned(),
            at: SystemTime::now(),
        });
        if self.all.len() > MAX_KEPT {
            self.all.remove(0);
            self.n_seen = self.n_seen.saturating_sub(1);
        }
    }

    pub(crate) fn mark_seen(&mut self) {
        self.n_seen = self.all.len();
    }

    pub(crate) fn clear(&mut self) {
        self.all.clear();
        self.n_seen = 0;
    }
}
