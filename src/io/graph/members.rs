//! Which nodes there are: those that the edges of a list name, and those of the tables with one row per node that belong to it.
//!
//! What is never here: the values of those tables, see `node_table.rs`.

use std::collections::HashSet;
use std::path::PathBuf;

use super::Request;
use super::beside::{Tables, tables};
use super::build::{Ids, Numbering, SparseEdges};
use super::node_table::{Rows, Wanted, rows_of};
use super::parts::{Beside, is_array};
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::parse_whole;

/// The ids that the edges name.
pub(super) enum Known {
    /// Whole numbers; edges hold them as they are.
    Numbers(Ids),
    /// Texts; edges hold their places.
    Texts(Vec<String>),
}

impl Known {
    /// The ids that are not among these, each once, in their order, and how many are.
    fn lacking(&self, ids: Vec<String>) -> (Vec<String>, usize) {
        let own: HashSet<&str> = match self {
            Self::Texts(names) => names.iter().map(String::as_str).collect(),
            Self::Numbers(_) => HashSet::new(),
        };
        let has = |id: &str| match self {
            Self::Texts(_) => own.contains(id),
            Self::Numbers(ids) => parse_whole(id.as_bytes()).is_some_and(|id| ids.has(id)),
        };
        let (mut seen, mut lacking, mut n_known) = (HashSet::new(), Vec::new(), 0);
        for id in ids {
            if has(&id) {
                n_known += 1;
            } else if seen.insert(id.clone()) {
                lacking.push(id);
            }
        }
        (lacking, n_known)
    }

    /// These and others; whole numbers become texts where a text joins them.
    pub(super) fn with(self, extra: Vec<String>, edges: &mut SparseEdges) -> Self {
        if extra.is_empty() {
            return self;
        }
        match self {
            Self::Texts(mut names) => {
                names.extend(extra);
                Self::Texts(names)
            }
            Self::Numbers(ids) => {
                let whole = |id: &String| parse_whole(id.as_bytes()).filter(|number| number.to_string() == *id);
                if let Some(numbers) = extra.iter().map(whole).collect::<Option<Vec<u64>>>() {
                    return Self::Numbers(ids.with(numbers));
                }
                let mut names = ids.to_texts();
                let table = ids.with([]);
                edges.number_by(&Numbering::of(&table));
                names.extend(extra);
                Self::Texts(names)
            }
        }
    }
}

/// What tables with one row per node say about which nodes there are.
#[derive(Default)]
pub(super) struct Members {
    /// Ids that no edge names.
    pub(super) extra: Vec<String>,
    /// Rows of a table without ids.
    pub(super) n_rows: Option<usize>,
    pub(super) beside: Beside,
}

impl Members {
    /// Looks at the tables that the options name, and at those beside the list where they name none.
    pub(super) fn gather(
        known: &Known,
        (has_features, has_labels): (bool, bool),
        request: Request<'_>,
        report: &mut LoadReport,
    ) -> Result<Self, LoadError> {
        let mut members = Self::default();
        let lying = if request.options.beside == Some(false) { Tables::default() } else { tables(request.path) };
        let (n_known, largest) = match known {
            Known::Numbers(ids) => (ids.len(), ids.largest()),
            Known::Texts(names) => (names.len(), u64::MAX),
        };
        let mut is_defined = false;
        for (wanted, told, has_array, found) in [
            (Wanted::Features, &request.options.feature_file, has_features, lying.features),
            (Wanted::Labels, &request.options.label_file, has_labels, lying.labels),
            (Wanted::Split, &request.options.split_file, false, lying.split),
        ] {
            let (path, is_told, is_own) = match (told, found) {
                (Some(told), _) => (PathBuf::from(told), true, true),
                (None, Some(found)) if !has_array => (found.path, false, found.is_own),
                _ => continue,
            };
            if !path.is_file() || is_array(&path) {
                continue;
            }
            let as_wanted = if !is_told && wanted == Wanted::Features { Wanted::Anything } else { wanted };
            let rows = match rows_of(&path, as_wanted, request) {
                Ok(Some(rows)) => rows,
                Ok(None) => continue,
                Err(LoadError::Cancelled) => return Err(LoadError::Cancelled),
                Err(error) if is_own => return Err(error),
                Err(error) => {
                    report.ignored.push(format!("{} ({error})", path.display()));
                    continue;
                }
            };
            let fits = match rows {
                Rows::Ids(ids) => {
                    let n = ids.len();
                    let (lacking, n_matched) = known.lacking(ids);
                    let fits = n_matched > 0 || n_known == 0;
                    // The features say which nodes there are; without them, the labels do.
                    if fits && n > 0 && !is_defined && wanted != Wanted::Split {
                        is_defined = true;
                        members.extra = lacking;
                    }
                    fits
                }
                Rows::Numbered(n) => {
                    let fits = n == n_known || (largest < n as u64) || n_known == 0;
                    if fits && members.n_rows.is_none() && !is_defined && wanted != Wanted::Split {
                        members.n_rows = Some(n);
                    }
                    fits && largest != u64::MAX
                }
            };
            if is_told {
                continue;
            }
            if !fits {
                let why = "no id of it is one of the graph's, or another number of rows";
                report.ignored.push(format!("{} ({why})", path.display()));
                continue;
            }
            match wanted {
                Wanted::Features | Wanted::Anything => members.beside.features = Some(path),
                Wanted::Labels => members.beside.labels = Some(path),
                Wanted::Split => members.beside.split = Some(path),
            }
        }
        if is_defined {
            members.n_rows = None;
        }
        Ok(members)
    }
}
