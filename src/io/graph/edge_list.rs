//! A plain list of edges: SNAP, KONECT, CSV, TSV.
//!
//! ```text
//! file    = line*
//! line    = comment | empty | header | edge
//! comment = ('#' | '%') anything             or what the user names
//! header  = the first other line, when neither of its first two words is an integer, such as `source,target`
//! edge    = id separator id (separator anything)*       ids are integers from 0, in no order, with any gaps; or any text,
//!                                                       where the user says what the columns are and whether there is a header
//! separator = spaces | tab | ',' | ';'       or the one that the user names
//! ```
//! By their names in the header, else first and second come source and target; a column that the header calls `weight` is the
//! weight. What else stands behind the two ids is not used, unless the user says what the columns are. Every edge counts in
//! both directions and every node gets a self-loop, unless the user asks for something else. Ids with gaps are numbered in
//! ascending order, and the table is kept; texts are numbered in the order in which they come.
//!
//! Two sorts of comments are understood: KONECT's first line, `% sym|asym|bip KIND`, says whether edges go one way, whether the
//! two ends are nodes of two sorts, and whether the third column is a weight; SNAP's `# Nodes: N Edges: M` is compared, and its
//! `# Undirected graph` believed.
//!
//! Beside `NAME.txt` may lie `NAME.feat.npy` (or `features.npy`), one row per node, and `NAME.label.npy` (or `labels.npy`),
//! one class per node. With as many rows as there are distinct ids, rows belong to the ids in ascending order; with more rows
//! than the largest id, row `i` belongs to id `i`, and nodes without an edge exist too.

use std::path::{Path, PathBuf};

use super::attributes::Names;
use super::build::{Ids, Numbering, Places, SparseEdges, Stated, build};
use super::draft::Draft;
use super::edge_line::{fields, has_names, has_padded, is_blank, is_edge, is_header, of_dictionary, parse_plain};
use super::edge_table;
use super::estimate;
use super::folder::edges_in;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::labels::read_labels;
use super::members::{Growth, Known, Members};
use super::node_index::NodeOrder;
use super::node_table::decimal_comma;
use super::request::Request;
use crate::engine::graph::{Column, Features, Separator};
use crate::io::npy::Array;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sheet::words::{NameHint, Word, hint_of, word_of};
use crate::io::sheet::{ColumnRole, Counts, TableSketch, sketch};
use crate::io::source::{Lines, parse_f32, parse_id, parse_whole, stem_unpacked};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "edge list",
    listed: Listed { group: Group::Texts, place: 6, name: "edge list" },
    title: "edge list: SNAP, KONECT, CSV, TSV, Parquet, or a folder of such tables",
    files: "`.txt`, `.csv`, `.tsv`, `.edges`, `.edgelist`, `.parquet`",
    also: "weights (a header's `weight`, KONECT's kinds, or `--columns`), ids of any size with gaps or any text, two sorts of nodes (`% \
           bip`), `NAME.feat.npy`, `NAME.label.npy`, and tables of features, labels and splits; quoted fields and Parquet in \
           `edge_table.rs`",
    sniff,
    read,
    needed: estimate::of_lines,
    meets: &[Meets::Lines, Meets::Encoding],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    match look {
        Look::Folder(path) => edges_in(path).map(|_edges| Certainty::Certain),
        Look::Text(look) => {
            let text = look.text.trim_start_matches('\u{feff}');
            let mut lines = text.lines().map(str::trim).filter(|line| !is_blank(line));
            let first = lines.next()?;
            // Plain lists of edges need no look at their columns, unless the file's name speaks of something else.
            if is_edge(first) {
                let is_other = !matches!(hint_of(&stem_unpacked(look.path)), None | Some(NameHint::Edges));
                return Some(if is_other { Certainty::Possible } else { Certainty::Likely });
            }
            (is_header(first) && lines.next().is_some_and(is_edge)).then_some(Certainty::Possible)
        }
        _ => None,
    }
}

/// Longer lines are refused, bytes: no edge needs them, and a file without line ends would be read as one.
const MAX_LINE_BYTES: usize = 1 << 16;

/// Reads the list and what lies beside it.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let within = if request.path.is_dir() { edges_in(request.path) } else { None };
    let request = Request { path: within.as_deref().unwrap_or(request.path), ..request };
    let path = request.path;
    let mut report = LoadReport::default();
    if within.is_some() {
        report.fact("edges from", path.display());
        report.used(path);
    }
    let mut text = Text::of_any(request, &mut report)?;
    if text.is_bipartite {
        text.check_edges(path)?;
        return two_sorts(text, request, report);
    }
    let ids = text.edges.distinct_ids();
    let options = request.options;
    let lying = |suffix: &str, other: &str, told: &Option<String>| {
        // A file that is named stands in the place of one that only lies there.
        beside(path, suffix, other).filter(|file| match told {
            Some(told) => Path::new(told) == file,
            None => options.beside != Some(false),
        })
    };
    let features = lying(".feat.npy", "features.npy", &options.feature_file)
        .map(|p| Array::read(&p).map(|a| (a, p)))
        .transpose()?;
    let labels =
        lying(".label.npy", "labels.npy", &options.label_file).map(|p| Array::read(&p).map(|a| (a, p))).transpose()?;
    let n_rows = features.as_ref().or(labels.as_ref()).map(|(array, _)| array.shape().first().copied().unwrap_or(0));
    let known = match text.names.take() {
        Some(names) => Known::Texts(names.into_names()),
        None => Known::Numbers(ids),
    };
    let mut members =
        Members::gather(&known, [features.is_some(), labels.is_some(), false], Growth::Open, request, &mut report)?;
    if text.edges.list.is_empty() && members.extra.is_empty() && members.n_rows.or(n_rows).is_none() {
        text.check_edges(path)?;
    }
    text.compare_counts(&mut report);
    if !members.extra.is_empty() {
        report.fact("nodes of the tables without an edge", members.extra.len());
    }
    let n;
    let mut node_ids = None;
    match known.with(std::mem::take(&mut members.extra), &mut text.edges) {
        Known::Texts(names) => {
            // Rows beside the list may be more than there are names.
            n = n_rows.unwrap_or(0).max(names.len());
            report.fact("ids", "text, numbered in the order in which they come");
            let rest = (names.len()..n).map(|u| u.to_string());
            node_ids = Some(names.into_iter().chain(rest).collect());
            members.beside.order = NodeOrder::Appearance;
        }
        Known::Numbers(ids) => {
            let n_rows = n_rows.or(members.n_rows).or_else(|| text.stated_nodes(&ids, request));
            let numbering = Numbering::choose(&ids, n_rows, request)?;
            text.edges.number_by(&numbering);
            n = numbering.n_nodes();
            if matches!(numbering, Numbering::Table(_)) {
                report.fact("ids renumbered", format!("{n} ids up to {}", ids.largest()));
                node_ids = Some(ids.to_texts());
            }
        }
    }
    let built = build(text.edges.list, n, text.stated, request, &mut report)?;

    let mut draft = Draft::of(stem_unpacked(path), built);
    if let Some((array, file)) = features {
        report.fact("features from", file.display());
        report.used(&file);
        draft.features = Some(Features::from_dense(array.to_f32_matrix()?));
    }
    if let Some((array, file)) = labels {
        report.fact("labels from", file.display());
        report.used(&file);
        draft.labels = Some(read_labels(&array, n, &mut report)?);
    }
    draft.node_ids = node_ids;
    draft.beside = members.beside;
    draft.report = report;
    Ok(draft)
}

/// A list whose ends are nodes of two sorts, each with ids of its own: those of the second sort follow those of the first.
fn two_sorts(mut text: Text, request: Request<'_>, mut report: LoadReport) -> Result<Draft, LoadError> {
    let list = &mut text.edges.list;
    let distinct = |ids: &mut dyn Iterator<Item = u32>| {
        let mut ids: Vec<u64> = ids.map(u64::from).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let left = distinct(&mut list.pairs().map(|(a, _)| a));
    let right = distinct(&mut list.pairs().map(|(_, b)| b));
    let (place, other) = (Places::new(&left), Places::new(&right));
    let n = left.len() + right.len();
    let n_left = u32::try_from(left.len()).unwrap_or(u32::MAX);
    list.renumber(|a, b| {
        let number = |place: Option<u32>, first: u32| place.map_or(u32::MAX, |at| first.saturating_add(at));
        (number(place.find(a.into()), 0), number(other.find(b.into()), n_left))
    });
    let built = build(text.edges.list, n, Stated::Nothing, request, &mut report)?;
    report.fact("nodes of two sorts", format!("{} and {}", left.len(), right.len()));
    let mut draft = Draft::of(stem_unpacked(request.path), built);
    let ids = |sort: char, ids: Vec<u64>| ids.into_iter().map(move |id| format!("{sort}{id}"));
    draft.node_ids = Some(ids('a', left).chain(ids('b', right)).collect());
    draft.report = report;
    Ok(draft)
}

/// `NAME` and `suffix`, or `other`, in the list's folder, if it is there.
fn beside(path: &Path, suffix: &str, other: &str) -> Option<PathBuf> {
    [format!("{}{suffix}", stem_unpacked(path)), other.to_owned()]
        .into_iter()
        .map(|name| path.with_file_name(name))
        .find(|path| path.is_file())
}

/// How a line is taken apart.
struct Layout {
    /// One byte between fields; `None`: any run of spaces, tabs, commas and semicolons.
    separator: Option<u8>,
    source: usize,
    target: usize,
    weight: Option<usize>,
    /// Whether columns behind the ones above were not spoken of.
    is_guessed: bool,
    /// Whether `{'weight': 3.5}` stands behind the ids, as networkx writes it.
    has_dictionaries: bool,
}

impl Layout {
    fn by_place(separator: Option<u8>) -> Self {
        Self { separator, source: 0, target: 1, weight: None, is_guessed: true, has_dictionaries: false }
    }

    /// What the user says the columns are.
    fn of_columns(columns: &[Column], separator: Option<u8>, request: Request<'_>) -> Result<Self, LoadError> {
        let places = |column: Column| columns.iter().enumerate().filter(move |(_, c)| **c == column).map(|(at, _)| at);
        let one = |column: Column, name: &str| {
            let (mut all, place) = (places(column), "graph.columns");
            match (all.next(), all.next()) {
                (Some(at), None) => Ok(at),
                (None, _) => Err(LoadError::content(request.path, place, format!("one {name} column"), "none")),
                (Some(_), Some(_)) => Err(LoadError::content(request.path, place, format!("one {name} column"), "two")),
            }
        };
        let (source, target) = (one(Column::Source, "source")?, one(Column::Target, "target")?);
        let weight = if places(Column::Weight).next().is_some() { Some(one(Column::Weight, "weight")?) } else { None };
        Ok(Self { separator, source, target, weight, is_guessed: false, has_dictionaries: false })
    }

    /// What the header's names say, where they do.
    fn of_header(line: &[u8], separator: Option<u8>, table: Option<&TableSketch>) -> Self {
        let found = [b',', b';', b'\t'].into_iter().find(|s| line.contains(s));
        let separator = separator.or(found);
        let place = |role: ColumnRole| table.and_then(|table| table.place(role));
        if let (Some(source), Some(target)) = (place(ColumnRole::Source), place(ColumnRole::Target)) {
            let weight = place(ColumnRole::Weight);
            Self { source, target, weight, ..Self::by_place(separator) }
        } else {
            // A weight alone is known by its name.
            let mut names = fields(line, separator).map(|name| word_of(&String::from_utf8_lossy(name)));
            let weight = names.position(|word| word == Some(Word::Weight)).filter(|at| *at > 1);
            Self { weight, ..Self::by_place(separator) }
        }
    }

    /// Says what of the lines is used and what is not: lines with further columns, without a weight, and comments between edges.
    fn report(&self, (n_with_more, n_unweighted, n_comments): (usize, usize, usize), report: &mut LoadReport) {
        if n_with_more > 0 && self.is_guessed {
            let what = if self.weight.is_some() {
                "columns without a role"
            } else {
                "what stands behind the two ids (weights?)"
            };
            report.ignored.push(format!("{what} in {n_with_more} lines"));
        }
        if self.has_dictionaries {
            report.fact("weights from", "'weight' behind the ids (--edge-weights false leaves them out)");
        }
        if n_unweighted > 0 {
            report.warnings.push(format!("{n_unweighted} edges have no weight: 1 stands in for it"));
        }
        if n_comments > 0 {
            report.ignored.push(format!("{n_comments} comments between edges (--comments says what they start with)"));
        }
    }

    /// Takes a comment that names the columns, `# source,target,weight`, at its word.
    fn follow(&mut self, comment: &str) {
        let separator = [b',', b';', b'\t'].into_iter().find(|s| comment.as_bytes().contains(s)).or(self.separator);
        let known: Vec<Option<Word>> =
            fields(comment.as_bytes(), separator).map(|name| word_of(&String::from_utf8_lossy(name))).collect();
        let place = |word: Word| known.iter().position(|other| *other == Some(word));
        if self.is_guessed
            && let (Some(source), Some(target)) = (place(Word::Source), place(Word::Target))
            && known.iter().flatten().count() == known.len()
        {
            (self.source, self.target) = (source, target);
            self.weight = place(Word::Weight).or(self.weight);
        }
    }

    fn is_plain(&self) -> bool {
        !self.has_dictionaries
            && self.separator.is_none()
            && self.source == 0
            && self.target == 1
            && self.weight.is_none()
    }
}

/// What was read of the text.
struct Text {
    edges: SparseEdges,
    stated: Stated,
    is_bipartite: bool,
    /// Nodes and edges that a comment counts.
    counted: Option<(u64, u64)>,
    /// Nodes that a first line counts.
    n_stated: Option<u64>,
    /// Ids that are text.
    names: Option<Names>,
}

/// The first edge, which may be a line of counts.
struct FirstEdge {
    line: usize,
    text: String,
    /// Its fields, where all of them are integers.
    numbers: Vec<u64>,
    has_more: bool,
}

/// What plain reading ended with.
enum Plain {
    Done(Box<Text>),
    /// Fields in quotation marks, or ids that are text.
    Table,
    /// The first line states counts.
    Counts(FirstEdge),
}

impl Text {
    /// Reads the edges line by line where they are plain, else as a table.
    fn of_any(request: Request<'_>, report: &mut LoadReport) -> Result<Self, LoadError> {
        let (table, fault) = match sketch(request.path, request.options) {
            Ok(table) => (table, None),
            Err(LoadError::Cancelled) => return Err(LoadError::Cancelled),
            Err(error) => (None, Some(error)),
        };
        if let Some(table) = &table {
            if !table.encoding.starts_with("utf-8") && !table.layout.is_parquet {
                report.fact("encoding", &table.encoding);
            }
            let is_whole = |at: usize| table.first_row.get(at).is_some_and(|id| parse_whole(id.as_bytes()).is_some());
            let (source, target) = edge_table::ends(table);
            let starts_plain = !table.has_header
                && !table.layout.has_quotes
                && table.perhaps_counts.is_none()
                && is_whole(source)
                && is_whole(target);
            if edge_table::is_needed(table) && !starts_plain {
                return Self::of_table(table, request, report);
            }
        }
        let table = table.as_ref();
        let mut own = LoadReport::default();
        // One number in a line in front of the edges is no edge, whatever follows.
        let counts = table.and_then(|table| table.counts.as_ref());
        let lone = counts.filter(|counts| counts.numbers.len() == counts.n_lines);
        let read = Self::of_lines(request, table, lone, &mut own);
        let read = match (read, fault) {
            // Bytes that are no text are why the first line is no edge.
            (Err(_), Some(fault)) if !begins_with_edge(request)? => return Err(fault),
            (read, _) => read?,
        };
        let (text, own) = match (read, table) {
            (Plain::Done(mut text), _) => {
                if let Some(counts) = lone {
                    text.n_stated = counts.numbers.first().copied();
                    own.fact(if counts.n_lines > 1 { "first lines" } else { "first line" }, counts.decided("edge"));
                    let n_edges = text.edges.list.len() as u64;
                    if let Some((_, edges)) = counts.nodes_and_edges().filter(|(_, edges)| *edges != n_edges) {
                        let (line, last) = (counts.line, counts.line + counts.n_lines - 1);
                        own.warnings
                            .push(format!("lines {line} and {last} state {edges} edges, the file has {n_edges}"));
                    }
                }
                (*text, own)
            }
            (Plain::Table, Some(table)) => return Self::of_table(table, request, report),
            (Plain::Table, None) => {
                return Err(LoadError::content(request.path, "whole file", "a list of edges", "another table"));
            }
            (Plain::Counts(first), _) => {
                let mut own = LoadReport::default();
                let counts = Counts { line: first.line, n_lines: 1, text: first.text, numbers: first.numbers };
                let Plain::Done(mut text) = Self::of_lines(request, table, Some(&counts), &mut own)? else {
                    return Err(LoadError::content(request.path, "whole file", "a list of edges", "another table"));
                };
                text.n_stated = counts.numbers.first().copied();
                own.fact("first line", counts.decided("edge"));
                (*text, own)
            }
        };
        report.facts.extend(own.facts);
        report.ignored.extend(own.ignored);
        report.warnings.extend(own.warnings);
        Ok(text)
    }

    fn of_table(table: &TableSketch, request: Request<'_>, report: &mut LoadReport) -> Result<Self, LoadError> {
        let (edges, names) = edge_table::read(table, request, report)?;
        let (stated, is_bipartite) = (Stated::Nothing, false);
        Ok(Self { edges, stated, is_bipartite, counted: None, n_stated: None, names })
    }

    /// Reads lines of two integers and what stands behind them; `skipped` are lines that are no edges.
    fn of_lines(
        request: Request<'_>,
        table: Option<&TableSketch>,
        skipped: Option<&Counts>,
        report: &mut LoadReport,
    ) -> Result<Plain, LoadError> {
        let options = request.options;
        let separator = options.separator.map(|separator| match separator {
            Separator::Space => b' ',
            Separator::Tab => b'\t',
            Separator::Comma => b',',
            Separator::Semicolon => b';',
            Separator::Bar => b'|',
        });
        let mut layout = match &options.columns {
            Some(columns) => Layout::of_columns(columns, separator, request)?,
            None => Layout::by_place(separator),
        };
        let comments = options.comments.as_deref().unwrap_or("#%").as_bytes();
        let mut text = Self {
            edges: SparseEdges::new(false),
            stated: Stated::Nothing,
            is_bipartite: false,
            counted: None,
            n_stated: None,
            names: None,
        };
        let encoding = table.and_then(|table| table.layout.encoding).or(options.encoding);
        let mut lines = Lines::open_text(request.path, encoding, request.ctl, "reading edges", MAX_LINE_BYTES)?;
        let (mut n_edges, mut n_with_more, mut n_comments, mut n_unweighted) = (0usize, 0usize, 0usize, 0usize);
        let (mut is_header_due, mut has_header) = (options.header != Some(false), false);
        let mut first = None;
        loop {
            let number = lines.number() + 1;
            let Some(line) = lines.next_line()? else { break };
            if line.is_empty() {
                continue;
            }
            if comments.contains(&line[0]) {
                if n_edges == 0 {
                    text.note(line, &mut layout);
                } else {
                    n_comments += 1;
                }
                continue;
            }
            if skipped.is_some_and(|counts| counts.holds(number)) {
                is_header_due = false;
                continue;
            }
            if number == 1 && line.starts_with(b"sep=") {
                continue;
            }
            if is_header_due {
                is_header_due = false;
                let shown = String::from_utf8_lossy(line);
                if options.header == Some(true) || (parse_edge(line, &layout).is_none() && has_names(&shown, separator))
                {
                    let shown = shortened(&shown);
                    if options.columns.is_none() {
                        layout = Layout::of_header(line, separator, table);
                    }
                    has_header = true;
                    report.ignored.push(format!("header line {number}: {shown}"));
                    continue;
                }
            }
            if n_edges == 0 {
                layout.has_dictionaries = layout.is_guessed && layout.weight.is_none() && of_dictionary(line).is_some();
                text.edges = SparseEdges::new(layout.weight.is_some() || layout.has_dictionaries);
            }
            if layout.has_dictionaries {
                let Some(is_bare) = text.push_dictionary(line) else {
                    let found = format!("`{}`", shortened(&String::from_utf8_lossy(line)));
                    return Err(lines.fault("two ids and `{'weight': NUMBER}`", found));
                };
                n_unweighted += usize::from(is_bare);
                n_edges += 1;
                continue;
            }
            let is_plain = layout.is_plain() && !comments.iter().any(u8::is_ascii_digit);
            let edge =
                if is_plain { parse_plain(line).map(|(a, b, has_more)| (a, b, Some(1.0), has_more)) } else { None };
            let Some((a, b, weight, has_more)) = edge.or_else(|| parse_edge(line, &layout)) else {
                if table.is_some() && (has_header || line.contains(&b'"') || has_padded(line, separator)) {
                    return Ok(Plain::Table);
                }
                let found = format!("`{}`", shortened(&String::from_utf8_lossy(line)));
                return Err(lines.fault(EXPECTED_ENDS, found));
            };
            let Some(weight) = weight.filter(|w| w.is_finite()) else {
                // Read as a table, the error shows what was recognised.
                let has_commas = table.is_some_and(|table| !table.layout.decimal_commas.is_empty());
                if table.is_some() && (has_header || line.contains(&b'"') || has_commas) {
                    return Ok(Plain::Table);
                }
                let column = layout.weight.unwrap_or(0) + 1;
                let field = fields(line, layout.separator).nth(column - 1).unwrap_or_default();
                let comma = decimal_comma(&String::from_utf8_lossy(field));
                let found = format!("`{}`{comma}", shortened(&String::from_utf8_lossy(line)));
                return Err(lines.fault(format!("a finite number in column {column} (the weight)"), found));
            };
            if n_edges == 0 && !has_header && options.header.is_none() && layout.is_guessed && layout.weight.is_none() {
                first = Some(FirstEdge::of(line, number, has_more));
            }
            text.edges.push(a, b, weight);
            n_edges += 1;
            n_with_more += usize::from(has_more);
            // Most lines of most files are as plain as can be.
            while is_plain && let Some((a, b)) = lines.next_pair(b" \t,;") {
                text.edges.push(a, b, 1.0);
                n_edges += 1;
            }
        }
        if let Some(first) = first
            && skipped.is_none()
            && first.states_counts(&text.edges, n_edges, n_with_more)
        {
            return Ok(Plain::Counts(first));
        }
        layout.report((n_with_more, n_unweighted, n_comments), report);
        Ok(Plain::Done(Box::new(text)))
    }

    /// Adds the edge of a line such as `1 2 {'weight': 3.5}` and says whether it has no weight; nothing for another line.
    fn push_dictionary(&mut self, line: &[u8]) -> Option<bool> {
        let own = of_dictionary(line);
        let (a, b, weight) = own.or_else(|| parse_plain(line).map(|(a, b, _)| (a, b, 1.0)))?;
        weight.is_finite().then(|| {
            self.edges.push(a, b, weight);
            own.is_none()
        })
    }

    fn check_edges(&self, path: &Path) -> Result<(), LoadError> {
        if self.edges.list.is_empty() {
            return Err(LoadError::content(path, "whole file", "at least one edge", "none"));
        }
        Ok(())
    }

    /// How many nodes a first line states, where ids are numbered from 0 and none is beyond it.
    fn stated_nodes(&self, ids: &Ids, request: Request<'_>) -> Option<usize> {
        /// So many nodes are believed of any file, and so many more for each byte of it.
        const ANY: u64 = 1 << 22;
        const PER_BYTE: u64 = 32;
        let n_bytes = std::fs::metadata(request.path).map_or(0, |kind| kind.len());
        let n = self.n_stated.filter(|n| *n > ids.largest() && ids.has(0) && *n <= ANY.max(n_bytes * PER_BYTE))?;
        usize::try_from(n).ok()
    }

    /// What a comment says of the edges.
    fn note(&mut self, line: &[u8], layout: &mut Layout) {
        let line = String::from_utf8_lossy(line);
        let words: Vec<&str> = line.trim_start_matches(['#', '%']).split_whitespace().collect();
        if line.starts_with('%') && self.stated == Stated::Nothing {
            match words[..] {
                ["sym", kind, ..] => (self.stated, layout.weight) = (Stated::Undirected, konect_weight(kind, layout)),
                ["asym", kind, ..] => (self.stated, layout.weight) = (Stated::Directed, konect_weight(kind, layout)),
                ["bip", kind, ..] => (self.is_bipartite, layout.weight) = (true, konect_weight(kind, layout)),
                _ => {}
            }
            return;
        }
        layout.follow(line.trim_start_matches(['#', '%']));
        if let ["Nodes:", nodes, "Edges:", edges, ..] = words[..]
            && let (Ok(nodes), Ok(edges)) = (nodes.parse(), edges.parse())
        {
            self.counted = Some((nodes, edges));
        }
        match words.first() {
            Some(&("Undirected" | "Undirected:")) => self.stated = Stated::Undirected,
            Some(&("Directed" | "Directed:")) => self.stated = Stated::Directed,
            _ => {}
        }
    }

    /// Compares what a comment counts with what is there.
    fn compare_counts(&self, report: &mut LoadReport) {
        let n_edges = self.edges.list.len() as u64;
        if let Some((_, edges)) = self.counted
            && edges != n_edges
        {
            report.warnings.push(format!("a comment states {edges} edges, the file has {n_edges}"));
        }
    }
}

/// Whether the first line that is no comment is an edge.
fn begins_with_edge(request: Request<'_>) -> Result<bool, LoadError> {
    let mut lines = Lines::open(request.path, request.ctl, "reading edges", MAX_LINE_BYTES)?;
    while let Some(line) = lines.next_line()? {
        let line = String::from_utf8_lossy(line);
        if !is_blank(&line) {
            return Ok(is_edge(&line));
        }
    }
    Ok(false)
}

impl FirstEdge {
    fn of(line: &[u8], number: usize, has_more: bool) -> Self {
        let numbers: Option<Vec<u64>> = fields(line, None).take(5).map(parse_whole).collect();
        let text = shortened(&String::from_utf8_lossy(line));
        Self { line: number, text, numbers: numbers.unwrap_or_default(), has_more }
    }

    /// Whether the line has other columns than all others, or counts exactly what follows.
    fn states_counts(&self, edges: &SparseEdges, n_edges: usize, n_with_more: usize) -> bool {
        let n_others = n_edges.saturating_sub(1);
        let (Some(nodes), Some(counted)) =
            (self.numbers.first(), self.numbers.get(if self.numbers.len() == 3 { 2 } else { 1 }))
        else {
            return false;
        };
        if self.numbers.len() > 4 || n_others < 2 {
            return false;
        }
        let n_others_with_more = n_with_more - usize::from(self.has_more);
        if (self.has_more && n_others_with_more == 0) || (!self.has_more && n_others_with_more == n_others) {
            return true;
        }
        if *counted != n_others as u64 {
            return false;
        }
        let (mut largest, mut is_first_seen) = (0u64, false);
        let own = (self.numbers[0], self.numbers[1]);
        edges.list.for_each(|a, b| {
            if !is_first_seen && (u64::from(a), u64::from(b)) == own {
                is_first_seen = true;
            } else {
                largest = largest.max(a.max(b).into());
            }
        });
        is_first_seen && (*nodes == largest || *nodes == largest + 1 || (*nodes > largest && n_others > 20))
    }
}

/// What a line of a plain list must hold.
const EXPECTED_ENDS: &str =
    "two integers from 0 (the ends of an edge; where ids are text, say --columns source,target)";

/// KONECT's kinds of edges: whose third column is a weight.
fn konect_weight(kind: &str, layout: &Layout) -> Option<usize> {
    const WEIGHTED: [&str; 7] =
        ["positive", "posweighted", "weighted", "signed", "multiweighted", "multiposweighted", "multisigned"];
    if layout.is_guessed && WEIGHTED.contains(&kind) { Some(2) } else { layout.weight }
}

/// Ends, weight (`None` where it is no number; 1 where the line ends before it) and whether more columns follow.
fn parse_edge(line: &[u8], layout: &Layout) -> Option<(u64, u64, Option<f32>, bool)> {
    let (mut source, mut target, mut weight, mut n_fields) = (None, None, Some(1.0), 0);
    for (at, field) in fields(line, layout.separator).enumerate() {
        if at == layout.source {
            source = Some(parse_id(field)?);
        } else if at == layout.target {
            target = Some(parse_id(field)?);
        } else if Some(at) == layout.weight {
            weight = if field.is_empty() { Some(1.0) } else { parse_f32(field) };
        } else {
            n_fields += 1;
        }
    }
    Some((source?, target?, weight, n_fields > 0))
}
