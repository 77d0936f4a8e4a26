//! Tensors by name, and why they make no model of ours.

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;

use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Tensors by name.
pub(in crate::io::model) type Tensors = BTreeMap<String, ArrayD<f32>>;

/// Why tensors make no model of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io::model) struct Refusal {
    pub(super) place: String,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Refusal {
    pub(super) fn new(place: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        // Names stand in what is expected, too.
        let expected = expected.into().replace(char::is_control, " ");
        Self { place: shortened(&place.into()), expected, found: shortened(&found.into()) }
    }

    /// An error of a file's content as a refusal; any other error stays one.
    pub(in crate::io::model) fn of(error: LoadError) -> Result<Self, LoadError> {
        match error {
            LoadError::Content { place, expected, found, .. } => Ok(Self { place, expected, found }),
            other => Err(other),
        }
    }

    /// What was expected and found, in one line.
    pub(in crate::io::model) fn reason(&self) -> String {
        format!("expected {}, found {}", self.expected, self.found)
    }

    /// As an error of a file.
    pub(in crate::io::model) fn in_file(self, path: &Path) -> LoadError {
        LoadError::content(path, self.place, self.expected, self.found)
    }
}

/// A tensor whose values could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io::model) struct Unread {
    /// Its name.
    pub(in crate::io::model) name: String,
    /// Why.
    pub(in crate::io::model) reason: Refusal,
}
