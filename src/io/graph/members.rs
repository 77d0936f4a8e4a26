//! Which tables with one row per node belong to a graph, and which nodes there are: those that the edges of a list name, and those of
//! these tables. Graphs of other formats say themselves which nodes they have.
//!
//! What is never here: the values of those tables, see `node_table.rs`.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::build::{Ids, Numbering, SparseEdges};
use super::draft::Beside;
use super::fitness::{Fitness, Rows, fitness_of, rows_of};
use super::node_index::NodeOrder;
use super::node_table::Wanted;
use super::part::is_array;
use super::request::Request;
use super::tables::{Found, Tables, tables};
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::{parse_id, parse_whole};
use crate::io::wrong;

/// The ids that the edges name.
pub(super) enum Known {
    /// Integers; edges hold them as they are.
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
            Self::Numbers(ids) => parse_id(id.as_bytes()).is_some_and(|id| ids.has(id)),
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

    /// These and others; integers become texts where a text joins them.
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
                let whole = |id: &String| parse_id(id.as_bytes());
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

/// Whether tables add nodes to the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Growth {
    /// A list of edges: nodes without an edge stand in the tables alone.
    Open,
    /// The graph's file says which nodes there are.
    Fixed {
        /// Whether it numbers them from 1.
        is_from_one: bool,
    },
}

/// What tables with one row per node say about which nodes there are.
#[derive(Default)]
pub(super) struct Members {
    /// Ids that no edge names.
    pub(super) extra: Vec<String>,
    /// Rows of a table without ids.
    pub(super) n_rows: Option<usize>,
    pub(super) beside: Beside,
    /// Whether a table with ids said which nodes there are.
    is_defined: bool,
}

/// How many rows of a table belong to a graph.
struct Match {
    n_rows: usize,
    /// Rows whose id a node has; absent for a table without ids.
    n_matched: Option<usize>,
    /// Ids that no node has.
    lacking: Vec<String>,
}

/// The three parts that tables hold.
const PARTS: [(Wanted, &str); 3] =
    [(Wanted::Features, "features"), (Wanted::Labels, "labels"), (Wanted::Split, "a split")];

impl Members {
    /// Looks at the tables that the options name, and at those beside the graph where they name none. `has`: features, labels and splits
    /// that the graph has already.
    pub(super) fn gather(
        known: &Known,
        has: [bool; 3],
        growth: Growth,
        request: Request<'_>,
        report: &mut LoadReport,
    ) -> Result<Self, LoadError> {
        let mut members = Self::default();
        let options = request.options;
        let lying = if options.beside == Some(false) { Tables::default() } else { tables(request.path) };
        let told = [&options.feature_file, &options.label_file, &options.split_file];
        let lying = [lying.features, lying.labels, lying.split];
        let mut unused: Vec<(PathBuf, String)> = Vec::new();
        for (((wanted, what), told), (has, found)) in PARTS.into_iter().zip(told).zip(has.into_iter().zip(lying)) {
            if let Some(told) = told {
                members.look_at_told(&PathBuf::from(told), wanted, known, growth, request)?;
                unused.extend(found.into_iter().map(|found| (found.path, format!("{what} come from {told}"))));
            } else if has {
                unused.extend(found.into_iter().map(|found| (found.path, format!("the graph has {what} already"))));
            } else {
                members.choose(found, (wanted, what), known, growth, request, &mut unused)?;
            }
        }
        if members.is_defined {
            members.n_rows = None;
        }
        let beside = &members.beside;
        let used = [&beside.features, &beside.labels, &beside.split];
        let mut said: Vec<PathBuf> = used.into_iter().flatten().cloned().collect();
        said.extend(told.into_iter().flatten().map(PathBuf::from));
        for (path, why) in unused {
            if !said.contains(&path) {
                report.ignored.push(format!("{} ({why})", path.display()));
                said.push(path);
            }
        }
        Ok(members)
    }

    /// Takes note of the nodes of a table that the options name.
    fn look_at_told(
        &mut self,
        path: &Path,
        wanted: Wanted,
        known: &Known,
        growth: Growth,
        request: Request<'_>,
    ) -> Result<(), LoadError> {
        // Elsewhere it adds no nodes, and reading it says all there is to say.
        if growth != Growth::Open || !path.is_file() || is_array(path) {
            return Ok(());
        }
        match match_of(path, wanted, known, growth, request) {
            // Where it does not fit, reading it says why.
            Ok(Some(matched)) => drop(self.join(matched, wanted, known, growth, true)),
            Ok(None) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Chooses the first of these tables that holds the part and fits the graph.
    fn choose(
        &mut self,
        found: Vec<Found>,
        (wanted, what): (Wanted, &str),
        known: &Known,
        growth: Growth,
        request: Request<'_>,
        unused: &mut Vec<(PathBuf, String)>,
    ) -> Result<(), LoadError> {
        let mut weak = Vec::new();
        let mut strong = Vec::new();
        for found in found {
            match fitness_of(&found, wanted, request.options) {
                Ok(Fitness::Holds) => strong.push(found),
                Ok(Fitness::MayHold) => weak.push(found),
                Ok(Fitness::Lacks(why)) => unused.push((found.path, why)),
                Err(error @ (LoadError::Cancelled | LoadError::TooLarge { .. })) => return Err(error),
                Err(error) if found.is_own => return Err(error),
                Err(error) => unused.push((found.path, wrong::named(error).to_string())),
            }
        }
        let mut chosen: Option<PathBuf> = None;
        for found in strong.into_iter().chain(weak) {
            let path = found.path;
            if let Some(chosen) = &chosen {
                unused.push((path, format!("{what} come from {}", chosen.display())));
                continue;
            }
            if wanted != Wanted::Features && self.beside.features.as_ref() == Some(&path) {
                // It says this part, too.
                chosen = Some(path);
                continue;
            }
            let as_wanted = if wanted == Wanted::Features { Wanted::Anything } else { wanted };
            let matched = match match_of(&path, as_wanted, known, growth, request) {
                Ok(Some(matched)) => matched,
                Ok(None) => continue,
                Err(error @ (LoadError::Cancelled | LoadError::TooLarge { .. })) => return Err(error),
                Err(error) if found.is_own => return Err(error),
                Err(error) => {
                    unused.push((path, wrong::named(error).to_string()));
                    continue;
                }
            };
            if let Err(why) = self.join(matched, wanted, known, growth, found.is_own) {
                unused.push((path, why));
                continue;
            }
            match wanted {
                Wanted::Features | Wanted::Anything => self.beside.features = Some(path.clone()),
                Wanted::Labels => self.beside.labels = Some(path.clone()),
                Wanted::Split => self.beside.split = Some(path.clone()),
            }
            chosen = Some(path);
        }
        Ok(())
    }

    /// Takes note of a table's nodes, or says why it is another graph's.
    fn join(
        &mut self,
        found: Match,
        wanted: Wanted,
        known: &Known,
        growth: Growth,
        is_own: bool,
    ) -> Result<(), String> {
        let (n_known, largest) = match known {
            Known::Numbers(ids) => (ids.len(), ids.largest()),
            Known::Texts(names) => (names.len(), u64::MAX),
        };
        let n_rows = found.n_rows;
        match (growth, found.n_matched) {
            (Growth::Open, Some(n_matched)) => {
                if n_matched == 0 && n_known > 0 {
                    return Err("no id of it is one of the graph's".to_owned());
                }
                // The features say which nodes there are; without them, the labels do.
                if n_rows > 0 && !self.is_defined && wanted != Wanted::Split {
                    self.is_defined = true;
                    self.extra = found.lacking;
                }
                Ok(())
            }
            (Growth::Open, None) => {
                if n_rows != n_known && largest >= n_rows as u64 && n_known > 0 {
                    return Err(format!("{n_rows} rows without ids for {n_known} nodes"));
                }
                if self.n_rows.is_none() && !self.is_defined && wanted != Wanted::Split {
                    self.n_rows = Some(n_rows);
                }
                // Texts have no order that rows could follow.
                if largest == u64::MAX { Err("rows without ids, where nodes have names".to_owned()) } else { Ok(()) }
            }
            // What bears the graph's own name is the graph's: where it does not fit, reading it says why.
            (Growth::Fixed { .. }, _) if is_own => Ok(()),
            (Growth::Fixed { .. }, Some(n_matched)) => {
                let is_enough = 2 * n_matched >= n_rows && (wanted != Wanted::Features || 2 * n_matched >= n_known);
                if is_enough && n_matched > 0 {
                    return Ok(());
                }
                Err(format!("{n_matched} of its {n_rows} ids are nodes of the graph, which has {n_known}"))
            }
            (Growth::Fixed { .. }, None) if n_rows == n_known => Ok(()),
            (Growth::Fixed { .. }, None) => Err(format!("{n_rows} rows without ids for {n_known} nodes")),
        }
    }
}

/// Compares a table's ids with a graph's; nothing where the file is no table.
fn match_of(
    path: &Path,
    wanted: Wanted,
    known: &Known,
    growth: Growth,
    request: Request<'_>,
) -> Result<Option<Match>, LoadError> {
    let Some(rows) = rows_of(path, wanted, request)? else { return Ok(None) };
    let ids = match rows {
        Rows::Numbered(n_rows) => return Ok(Some(Match { n_rows, n_matched: None, lacking: Vec::new() })),
        Rows::Ids(ids) => ids,
    };
    let n_rows = ids.len();
    let order = match growth {
        Growth::Fixed { is_from_one: true } => NodeOrder::FromOne,
        _ => NodeOrder::FromZero,
    };
    let first = match known {
        Known::Numbers(known) if growth != Growth::Open => order.first_of(ids.iter().map(String::as_str), known.len()),
        _ => 0,
    };
    if first == 0 {
        let (lacking, n_matched) = known.lacking(ids);
        return Ok(Some(Match { n_rows, n_matched: Some(n_matched), lacking }));
    }
    let shifted = ids.iter().map(|id| parse_whole(id.as_bytes()).and_then(|id| id.checked_sub(first)));
    let n_matched = match known {
        Known::Numbers(known) => shifted.flatten().filter(|id| known.has(*id)).count(),
        Known::Texts(_) => 0,
    };
    Ok(Some(Match { n_rows, n_matched: Some(n_matched), lacking: Vec::new() }))
}
