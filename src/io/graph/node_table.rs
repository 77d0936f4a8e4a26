//! Tables with one row per node: features, classes and a split, any of them in one file (CSV, TSV, Parquet).
//!
//! ```text
//! id      a column called `id`, `node`, `名前` … (or --id-column): rows are joined to nodes by it, in any order
//!         without one, row i is node i, which the report says
//! class   a column called `label`, `class`, `category`, `y`, `分類` … (or --labels); texts keep their names
//!         several columns of zeros and ones in a file of labels alone: one per class
//! split   a column of `train`, `val`, `test`, or three of booleans (or --split-masks)
//! feature every other column of numbers (or --features; a column of texts is then one column per text)
//! ```
//! A class is never a feature. Rows for nodes that the graph does not have, nodes without a row, and columns that are not used are
//! reported.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use csv::StringRecord;
use ndarray::Array2;

use super::draft::MAX_CLASSES;
use super::elsewhere::Elsewhere;
use super::labels::says_nothing;
use super::node_index::{NodeIndex, NodeOrder, whole_class, whole_of};
use super::request::Request;
use super::targets::labels_of_tags;
use crate::engine::graph::{Features, Labels, ReadOptions, Split};
use crate::io::file::stem;
use crate::io::reading;
use crate::io::report::{FeatureColumn, LoadError, LoadReport};
use crate::io::sheet::words::{is_missing, part_of_split, truth};
use crate::io::sheet::{ColumnKind, ColumnRole, TableSketch, for_each_row, sketch};
use crate::io::text::number::table_number;
use crate::io::text::shortened;

/// More features than this are refused: models allocate by width.
const MAX_WIDTH: usize = 1 << 16;
/// So many lines or names stand in a message.
const SHOWN: usize = 6;

/// What a file is asked for: it must have that, and gives more where it has more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Features,
    Labels,
    Split,
    /// Whatever there is.
    Anything,
}

/// What a table gave.
#[derive(Debug, Default)]
pub(super) struct NodeTable {
    pub(super) features: Option<Features>,
    pub(super) labels: Option<Labels>,
    pub(super) split: Option<Split>,
}

/// How a table with one row per node is read: what the user says of lists of edges is not about it.
pub(super) fn options_of(options: &ReadOptions) -> ReadOptions {
    ReadOptions { columns: None, ..options.clone() }
}

/// Looks at a table with one row per node; nothing where the file is no table.
pub(super) fn sketch_nodes(
    path: &Path,
    wanted: Wanted,
    options: &ReadOptions,
) -> Result<Option<TableSketch>, LoadError> {
    Ok(sketch(path, &options_of(options))?.map(|table| understood(table, wanted, options)))
}

/// The sketch, once it is known that rows are nodes.
pub(super) fn understood(mut table: TableSketch, wanted: Wanted, options: &ReadOptions) -> TableSketch {
    let n = table.columns.len();
    let is_none = options.id_column.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("none"));
    for column in &mut table.columns {
        // Ends of edges mean nothing here.
        if matches!(column.role, ColumnRole::Source | ColumnRole::Target | ColumnRole::Weight) {
            column.role = ColumnRole::LeftOut;
        }
        if is_none && column.role == ColumnRole::Id {
            column.role = ColumnRole::LeftOut;
        }
    }
    let kind = |table: &TableSketch, at: usize| table.columns[at].kind;
    let has = |table: &TableSketch, role: ColumnRole| table.place(role).is_some();
    // A first column in front of one other, or integers in front of fractions, is the id.
    if !has(&table, ColumnRole::Id) && !is_none && n > 1 {
        let is_pair = n == 2
            && matches!(wanted, Wanted::Labels | Wanted::Split)
            && !matches!(table.columns[0].role, ColumnRole::Class | ColumnRole::Split);
        let is_text = kind(&table, 0) == ColumnKind::Text
            && table.columns[0].role == ColumnRole::LeftOut
            && table.has_header
            && n > 1;
        let is_whole = !table.has_header
            && kind(&table, 0) == ColumnKind::Whole
            && table.first_differs
            && (1..n).all(|at| matches!(kind(&table, at), ColumnKind::Number));
        if is_whole || (table.first_differs && (is_pair || is_text)) {
            table.columns[0].role = ColumnRole::Id;
        }
    }
    if wanted == Wanted::Labels && !has(&table, ColumnRole::Class) {
        let free: Vec<usize> =
            (0..n).filter(|at| matches!(table.columns[*at].role, ColumnRole::LeftOut | ColumnRole::Feature)).collect();
        if let [at] = free[..] {
            table.columns[at].role = ColumnRole::Class;
        }
    }
    if wanted == Wanted::Split && !has(&table, ColumnRole::Split) && !has(&table, ColumnRole::Train) {
        let free: Vec<usize> = (0..n).filter(|at| table.columns[*at].role == ColumnRole::LeftOut).collect();
        if let [at] = free[..] {
            table.columns[at].role = ColumnRole::Split;
        }
    }
    table
}

/// Distinct texts of a column, in order of appearance.
#[derive(Default)]
struct Texts {
    /// Looked up only, never walked.
    number: HashMap<String, u32>,
    all: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.number.get(text) {
            return *number;
        }
        let number = self.all.len() as u32;
        self.number.insert(text.to_owned(), number);
        self.all.push(text.to_owned());
        number
    }
}

/// What stands for a node without a value.
const NONE: u32 = u32::MAX;

/// One pass over a table.
struct Reading<'a> {
    path: &'a Path,
    table: &'a TableSketch,
    index: &'a NodeIndex<'a>,
    /// What the first node is called in this table, where nodes have no ids.
    first: u64,
    id: Option<usize>,
    numbers: Vec<usize>,
    one_hot: Vec<usize>,
    class: Option<usize>,
    tags: Vec<usize>,
    split: Option<usize>,
    masks: Option<[usize; 3]>,
    /// Columns of what another file says, with what is to be said about them.
    passed: Vec<(usize, String)>,
    /// `[n, numbers]`
    x: Vec<f32>,
    n_missing: Vec<usize>,
    texts_of: Vec<(Texts, Vec<u32>)>,
    classes: (Texts, Vec<u32>),
    has_tag: Vec<bool>,
    /// Of every node, how many classes say nothing about it.
    n_unknown_tags: Vec<usize>,
    part: Vec<u8>,
    /// The line of every node's row; 0 where it has none.
    line_of: Vec<u64>,
    unknown: Vec<(u64, String)>,
    n_unknown: usize,
    n_rows: usize,
    no_label: BTreeMap<String, usize>,
}

impl Reading<'_> {
    fn row(&mut self, line: u64, row: &StringRecord) -> Result<(), LoadError> {
        let place = if self.table.layout.is_parquet { format!("row {line}") } else { format!("line {line}") };
        let n_columns = self.table.columns.len();
        if row.len() != n_columns {
            return Err(self.table.fault(self.path, place, format!("{n_columns} columns"), row.len()));
        }
        self.n_rows += 1;
        let node = match self.id {
            Some(at) => {
                let id = row.get(at).unwrap_or_default();
                let Some(node) = self.index.find(id, self.first) else {
                    self.n_unknown += 1;
                    if self.unknown.len() < SHOWN {
                        self.unknown.push((line, shortened(id)));
                    }
                    return Ok(());
                };
                node as usize
            }
            None if self.n_rows <= self.index.n => self.n_rows - 1,
            // How many there are is said at the end.
            None => return Ok(()),
        };
        if self.line_of[node] != 0 {
            let found =
                format!("{} a second time (first in line {})", self.index.name(node, self.first), self.line_of[node]);
            return Err(LoadError::content(self.path, place, "every node once", found));
        }
        self.line_of[node] = line;
        let name = |at: usize| shortened(&self.table.columns[at].name);
        let width = self.numbers.len();
        for (j, at) in self.numbers.iter().enumerate() {
            let text = row.get(*at).unwrap_or_default().trim();
            let value = match table_number(text).map(|number| number as f32) {
                Some(value) if value.is_finite() => value,
                _ if is_missing(text) => {
                    self.n_missing[j] += 1;
                    0.0
                }
                _ => {
                    let is_true = truth(text).ok_or_else(|| {
                        let found = format!("`{}`{}", shortened(text), decimal_comma(text));
                        let expected =
                            format!("a number in column {} (--features names the columns to use)", name(*at));
                        self.table.fault(self.path, place.clone(), expected, found)
                    })?;
                    f32::from(u8::from(is_true))
                }
            };
            self.x[node * width + j] = value;
        }
        for (at, (texts, values)) in self.one_hot.iter().zip(&mut self.texts_of) {
            let text = row.get(*at).unwrap_or_default();
            if !is_missing(text) {
                values[node] = texts.number(text);
            }
        }
        if let Some(at) = self.class {
            let text = row.get(at).unwrap_or_default();
            if is_missing(text) {
                *self.no_label.entry(shortened(text)).or_default() += 1;
            } else {
                if self.classes.0.all.len() > MAX_CLASSES as usize {
                    let found = format!(
                        "more than {MAX_CLASSES} in column {} (are these ids or numbers to be predicted?)",
                        name(at)
                    );
                    return Err(self.table.fault(self.path, place, "classes", found));
                }
                self.classes.1[node] = self.classes.0.number(whole_of(text).unwrap_or(text));
            }
        }
        let n_tags = self.tags.len();
        for (j, at) in self.tags.iter().enumerate() {
            let text = row.get(*at).unwrap_or_default();
            if is_missing(text) || text.parse::<f64>().is_ok_and(|value| value < 0.0 || value.is_nan()) {
                self.n_unknown_tags[node] += 1;
                continue;
            }
            self.has_tag[node * n_tags + j] = truth(text).ok_or_else(|| {
                let expected = format!(
                    "0 or 1 in column {}, one column per class (--labels names a column of classes)",
                    name(*at)
                );
                self.table.fault(self.path, place.clone(), expected, format!("`{}`", shortened(text)))
            })?;
        }
        if let Some(at) = self.split {
            let text = row.get(at).unwrap_or_default();
            self.part[node] = match part_of_split(text) {
                Some(part) => part as u8,
                None if is_missing(text) || says_nothing(text) => u8::MAX,
                None => {
                    let expected = format!("train, val, test or nothing in column {}", name(at));
                    return Err(self.table.fault(self.path, place, expected, format!("`{}`", shortened(text))));
                }
            };
        }
        for (part, at) in self.masks.into_iter().flatten().enumerate() {
            let text = row.get(at).unwrap_or_default();
            let expected = format!("true or false in column {}", name(at));
            let is_in = truth(text).or_else(|| is_missing(text).then_some(false));
            let fault = || self.table.fault(self.path, place.clone(), expected, format!("`{}`", shortened(text)));
            if is_in.ok_or_else(fault)? {
                if self.part[node] != u8::MAX {
                    return Err(LoadError::content(
                        self.path,
                        place,
                        "a node in one part of the split",
                        "one in several",
                    ));
                }
                self.part[node] = part as u8;
            }
        }
        Ok(())
    }
}

/// What is said where a comma stands in a number.
pub(super) fn decimal_comma(text: &str) -> &'static str {
    let is_one = text.matches(',').count() == 1 && text.replacen(',', ".", 1).parse::<f64>().is_ok();
    if is_one { " (a decimal comma; save the table with decimal points)" } else { "" }
}

/// Reads a table of nodes, of which [`sketch_nodes`] gave `table`.
///
/// # Errors
/// [`LoadError`] with the place, what was recognised and the option that helps.
pub(super) fn read(
    path: &Path,
    table: &TableSketch,
    index: &NodeIndex<'_>,
    (wanted, elsewhere): (Wanted, Elsewhere<'_>),
    request: Request<'_>,
    report: &mut LoadReport,
) -> Result<NodeTable, LoadError> {
    let options = request.options;
    let file = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    let all = |role: ColumnRole| -> Vec<usize> {
        (0..table.columns.len()).filter(|at| table.columns[*at].role == role).collect()
    };
    let id = table.place(ColumnRole::Id);
    if let Some(counts) = &table.counts {
        report.fact(format!("first line of {file}"), counts.decided("row"));
    }
    if let Some(name) = options.id_column.as_deref().filter(|name| !name.eq_ignore_ascii_case("none"))
        && table.named(name).is_none()
    {
        return Err(table.fault(path, "graph.id_column", "a column of the table", format!("`{name}`")));
    }
    let features = all(ColumnRole::Feature);
    let (one_hot, numbers): (Vec<usize>, Vec<usize>) = match wanted {
        Wanted::Features | Wanted::Anything => {
            features.into_iter().partition(|at| table.columns[*at].kind == ColumnKind::Text)
        }
        Wanted::Labels | Wanted::Split => (Vec::new(), Vec::new()),
    };
    if wanted == Wanted::Features {
        for name in options.features.iter().flatten() {
            if table.named(name).is_none() {
                return Err(table.fault(
                    path,
                    "graph.features",
                    "columns of the table",
                    format!("`{}`", shortened(name)),
                ));
            }
        }
        if numbers.is_empty() && one_hot.is_empty() {
            return Err(table.fault(path, "features", "columns of numbers", "none"));
        }
    }
    let passed = elsewhere.passed(table);
    let class = table.place(ColumnRole::Class).filter(|_| elsewhere.labels.is_none());
    let tags = if wanted == Wanted::Labels && class.is_none() { all(ColumnRole::Feature) } else { Vec::new() };
    if wanted == Wanted::Labels && class.is_none() && tags.len() < 2 {
        return Err(table.fault(path, "labels", "a column of classes (--labels names it)", "none"));
    }
    let has_split = elsewhere.split.is_none();
    let masks = match (table.place(ColumnRole::Train), table.place(ColumnRole::Val), table.place(ColumnRole::Test)) {
        (Some(train), Some(val), Some(test)) if has_split => Some([train, val, test]),
        _ => None,
    };
    let split = table.place(ColumnRole::Split).filter(|_| masks.is_none() && has_split);
    if wanted == Wanted::Split && split.is_none() && masks.is_none() {
        let expected = "a column that says train, val or test, or three of booleans (--split-masks names them)";
        return Err(table.fault(path, "split", expected, "none"));
    }
    if id.is_none() && index.order == NodeOrder::Appearance {
        let expected =
            "a column of ids (--id-column names it): the edges name nodes by texts, so rows without ids belong to none";
        return Err(table.fault(path, "rows", expected, "none"));
    }
    let n = index.n;
    let width = numbers.len();
    let needed = (n as u64).saturating_mul((width + tags.len()).max(1) as u64).saturating_mul(4);
    if width > MAX_WIDTH || tags.len() > MAX_CLASSES as usize {
        return Err(table.fault(path, "columns", format!("at most {MAX_WIDTH}"), width.max(tags.len())));
    }
    reading::ask(path, needed, || format!("{n} nodes with {} columns", width + tags.len()))?;
    let mut reading = Reading {
        path,
        table,
        index,
        first: first_id(path, table, index, request)?,
        id,
        x: vec![0.0; n * width],
        n_missing: vec![0; width],
        texts_of: one_hot.iter().map(|_| (Texts::default(), vec![NONE; n])).collect(),
        classes: (Texts::default(), if class.is_some() { vec![NONE; n] } else { Vec::new() }),
        has_tag: vec![false; n * tags.len()],
        n_unknown_tags: vec![0; if tags.is_empty() { 0 } else { n }],
        part: vec![u8::MAX; n],
        line_of: vec![0; n],
        numbers,
        one_hot,
        class,
        tags,
        split,
        masks,
        passed,
        unknown: Vec::new(),
        n_unknown: 0,
        n_rows: 0,
        no_label: BTreeMap::new(),
    };
    for_each_row(path, &table.layout, "reading rows of nodes", request.ctl, &mut |line, row| reading.row(line, row))?;
    if let Some(columns) = table.decimal_commas() {
        report.fact(format!("decimal commas of {file}"), columns);
    }
    reading.check_rows(&file, wanted, report)?;
    reading.finish(&file, wanted, report)
}

/// What the first node is called in a table, where nodes have no ids.
fn first_id(path: &Path, table: &TableSketch, index: &NodeIndex<'_>, request: Request<'_>) -> Result<u64, LoadError> {
    let Some(at) = table.place(ColumnRole::Id).filter(|_| index.ids.is_none()) else { return Ok(0) };
    let mut ids = Vec::new();
    for_each_row(path, &table.layout, "reading ids", request.ctl, &mut |_, row| {
        ids.extend(row.get(at).map(str::to_owned));
        Ok(())
    })?;
    Ok(index.order.first_of(ids.iter().map(String::as_str), index.n))
}

impl Reading<'_> {
    /// Says which rows found their nodes, and refuses where none did.
    fn check_rows(&self, file: &str, wanted: Wanted, report: &mut LoadReport) -> Result<(), LoadError> {
        let n = self.index.n;
        let n_matched = self.line_of.iter().filter(|line| **line != 0).count();
        let Some(at) = self.id else {
            if self.n_rows != n {
                let what = match wanted {
                    Wanted::Labels => "labels",
                    Wanted::Split => "split",
                    _ => "features",
                };
                let expected = format!("{n} rows (one per node), or a column of ids (--id-column names it)");
                return Err(self.table.fault(self.path, what, expected, self.n_rows));
            }
            report.warnings.push(format!(
                "{file} has no column of ids: row 1 is taken for the first node, and so on (--id-column names one)"
            ));
            return Ok(());
        };
        let column = shortened(&self.table.columns[at].name);
        if n_matched == 0 && self.n_rows > 0 {
            let ours: Vec<String> = (0..n.min(3)).map(|u| self.index.name(u, self.first)).collect();
            let theirs: Vec<&str> = self.unknown.iter().take(3).map(|(_, id)| id.as_str()).collect();
            let expected =
                format!("ids of the graph's nodes, such as {} (--id-column names another column)", ours.join(", "));
            return Err(self.table.fault(self.path, format!("column {column}"), expected, theirs.join(", ")));
        }
        let from = if self.first == 1 { ", ids from 1" } else { "" };
        report.fact(format!("ids of {file}"), format!("column {column}: {n_matched} of {n} nodes matched{from}"));
        if self.first == 1 && self.index.order != NodeOrder::FromOne {
            report.warnings.push(format!(
                "{file}: the ids 1 to {n} are taken for the nodes 0 to {}, which the graph numbers from 0",
                n - 1
            ));
        }
        if self.n_unknown > 0 {
            let lines: Vec<String> = self.unknown.iter().map(|(line, id)| format!("{line} ({id})")).collect();
            let more = if self.n_unknown > lines.len() { " and more" } else { "" };
            let what = if self.table.layout.is_parquet { "rows" } else { "lines" };
            report.warnings.push(format!(
                "{file}: {} rows for unknown nodes, {what} {}{more}: not used",
                self.n_unknown,
                lines.join(", ")
            ));
        }
        Ok(())
    }

    fn without_row(&self) -> Option<String> {
        let none: Vec<usize> = (0..self.index.n).filter(|u| self.line_of[*u] == 0).collect();
        let shown: Vec<String> = none.iter().take(SHOWN).map(|u| self.index.name(*u, self.first)).collect();
        let more = if none.len() > SHOWN { " …" } else { "" };
        (!none.is_empty()).then(|| format!("{} nodes have no row ({}{more})", none.len(), shown.join(", ")))
    }

    fn finish(self, file: &str, wanted: Wanted, report: &mut LoadReport) -> Result<NodeTable, LoadError> {
        let mut found = NodeTable::default();
        let name = |at: usize| shortened(&self.table.columns[at].name);
        let without = self.without_row();
        let has_features = !(self.numbers.is_empty() && self.one_hot.is_empty());
        if let Some(without) = &without {
            if has_features {
                report.warnings.push(format!("{file}: {without}: zeros stand in for their features"));
            } else {
                report.fact(format!("rows of {file}"), without);
            }
        }
        if self.masks.is_some() || self.split.is_some() {
            let of = |wanted: u8| {
                let nodes = (0u32..).zip(&self.part).filter(|(_, part)| **part == wanted);
                nodes.map(|(u, _)| u).collect()
            };
            let split = Split { name: stem(self.path), train: of(0), val: of(1), test: of(2) };
            split.check(self.index.n).map_err(|error| LoadError::invalid(self.path, error))?;
            found.split = Some(split);
        }
        if self.class.is_some() {
            found.labels = self.labels(file, wanted, report)?;
        } else if !self.tags.is_empty() {
            let n_tags = self.tags.len();
            let tags = Array2::from_shape_vec((self.index.n, n_tags), self.has_tag.clone());
            let tags = tags.map_err(|error| LoadError::content(self.path, "labels", "a row per node", error))?;
            let mut labels = self.labels_of(tags, file, report);
            if labels.n_classes() == n_tags {
                labels.names = self.tags.iter().map(|at| name(*at)).collect();
            }
            found.labels = Some(labels);
        }
        for (j, at) in self.numbers.iter().enumerate().filter(|(j, _)| self.n_missing[*j] > 0) {
            report.warnings.push(format!("{} nodes have no {}: 0 stands in for it", self.n_missing[j], name(*at)));
        }
        for (at, why) in &self.passed {
            report.ignored.push(format!("column {} of {file}: {why}", name(*at)));
        }
        let left_out: Vec<String> = (0..self.table.columns.len())
            .filter(|at| {
                let is_feature = self.numbers.contains(at) || self.one_hot.contains(at) || self.tags.contains(at);
                let is_other = [self.id, self.class, self.split].contains(&Some(*at));
                let is_other = is_other || self.passed.iter().any(|(passed, _)| passed == at);
                !is_feature && !is_other && !self.masks.is_some_and(|masks| masks.contains(at))
            })
            .map(name)
            .collect();
        if !left_out.is_empty() {
            let shown = left_out.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
            let more =
                if left_out.len() > SHOWN { format!(" and {} more", left_out.len() - SHOWN) } else { String::new() };
            let why = if wanted == Wanted::Labels || wanted == Wanted::Split {
                ""
            } else {
                " (not of numbers; --features names columns to use)"
            };
            report.ignored.push(format!("columns of {file}: {shown}{more}{why}"));
        }
        if has_features {
            if self.table.has_header {
                report.columns = self.feature_columns();
            }
            found.features = Some(self.features()?);
        }
        Ok(found)
    }

    /// The columns of [`Reading::features`], in their order.
    fn feature_columns(&self) -> Vec<FeatureColumn> {
        let name = |at: usize| self.table.columns[at].name.clone();
        let numbers = self.numbers.iter().map(|at| FeatureColumn { name: name(*at), text: None });
        let texts = self.one_hot.iter().zip(&self.texts_of).flat_map(|(at, (texts, _))| {
            texts.all.iter().map(move |text| FeatureColumn { name: name(*at), text: Some(text.clone()) })
        });
        numbers.chain(texts).collect()
    }

    fn features(self) -> Result<Features, LoadError> {
        let (n, width) = (self.index.n, self.numbers.len());
        let fault = |error: ndarray::ShapeError| LoadError::content(self.path, "features", "a row per node", error);
        let x = Array2::from_shape_vec((n, width), self.x).map_err(fault)?;
        if self.one_hot.is_empty() {
            return Ok(Features::from_dense(x));
        }
        let n_texts: usize = self.texts_of.iter().map(|(texts, _)| texts.all.len()).sum();
        if width + n_texts > MAX_WIDTH {
            return Err(self.table.fault(
                self.path,
                "features",
                format!("at most {MAX_WIDTH} columns"),
                width + n_texts,
            ));
        }
        let n_bytes = (n as u64).saturating_mul(4 * (width + n_texts) as u64);
        reading::ask(self.path, n_bytes, || format!("{n} nodes with {} columns", width + n_texts))?;
        let mut wide = Array2::<f32>::zeros((n, width + n_texts));
        wide.slice_mut(ndarray::s![.., ..width]).assign(&x);
        let mut first = width;
        for (texts, values) in &self.texts_of {
            for (node, value) in values.iter().enumerate().filter(|(_, value)| **value != NONE) {
                wide[[node, first + *value as usize]] = 1.0;
            }
            first += texts.all.len();
        }
        Ok(Features::from_dense(wide))
    }

    /// Labels from a column per class: a node about which every class says nothing has none, and neither has one without a row.
    fn labels_of(&self, tags: Array2<bool>, file: &str, report: &mut LoadReport) -> Labels {
        let n_tags = self.tags.len();
        let is_unknown = |u: usize| self.n_unknown_tags[u] == n_tags || self.line_of[u] == 0 && self.id.is_some();
        let n_none = (0..self.index.n).filter(|u| is_unknown(*u)).count();
        let class = |u: usize| {
            let mut ones = (0u32..).zip(tags.row(u)).filter(|(_, tag)| **tag).map(|(class, _)| class);
            match (ones.next(), ones.next()) {
                (None, _) if is_unknown(u) => Some(Labels::UNLABELLED),
                (Some(class), None) if self.n_unknown_tags[u] == 0 => Some(class),
                _ => None,
            }
        };
        if n_none > 0
            && n_none < self.index.n
            && let Some(classes) = (0..self.index.n).map(class).collect::<Option<Vec<u32>>>()
        {
            report.fact("nodes without a class", n_none);
            return Labels::new(classes);
        }
        let n_pairs: usize = self.n_unknown_tags.iter().sum();
        if n_pairs > 0 {
            report.warnings.push(format!("{file}: {n_pairs} pairs of node and class are not known: they count as 0"));
        }
        labels_of_tags(tags)
    }

    /// Classes from the texts of a column.
    fn labels(&self, file: &str, wanted: Wanted, report: &mut LoadReport) -> Result<Option<Labels>, LoadError> {
        let Some(at) = self.class else { return Ok(None) };
        let column = shortened(&self.table.columns[at].name);
        let (texts, values) = &self.classes;
        let n_rows = self.line_of.iter().filter(|line| **line != 0).count();
        let is_text = texts.all.iter().any(|text| text.parse::<f64>().is_err());
        if wanted != Wanted::Labels && is_text && n_rows > 2 && texts.all.len() == n_rows {
            report.ignored.push(format!("column {column} of {file} (every row has its own value: names, no classes)"));
            return Ok(None);
        }
        if !is_text && texts.all.iter().any(|text| text.parse::<f64>().is_ok_and(|v| v.fract() != 0.0)) {
            let found = texts.all.iter().find(|t| t.parse::<f64>().is_ok_and(|v| v.fract() != 0.0));
            let found =
                format!("{} (a number to be predicted is no class)", found.map_or("a fraction", String::as_str));
            return Err(self.table.fault(self.path, format!("column {column}"), "classes", found));
        }
        if let Some(found) = texts.all.iter().find(|text| is_text && !decimal_comma(text).is_empty()) {
            let found = format!("{found}{}", decimal_comma(found));
            return Err(self.table.fault(self.path, format!("column {column}"), "classes", found));
        }
        // Numbers below 0 mean that there is no class, as in every format.
        let numbers: Option<Vec<i64>> = texts.all.iter().map(|text| whole_class(text)).collect();
        let is_below = |text: u32| !is_text && whole_class(&texts.all[text as usize]).is_some_and(|number| number < 0);
        let mut order: Vec<u32> = (0..texts.all.len() as u32).filter(|text| !is_below(*text)).collect();
        match &numbers {
            Some(numbers) => order.sort_by_key(|text| numbers[*text as usize]),
            None => order.sort_by(|a, b| natural(&texts.all[*a as usize]).cmp(&natural(&texts.all[*b as usize]))),
        }
        // Integers from 0 are classes as they stand; others are names.
        let own = numbers.as_ref().and_then(|numbers| {
            let least = order.first().map(|text| numbers[*text as usize])?;
            let most = order.last().map(|text| numbers[*text as usize])?;
            (least == 0 && most < MAX_CLASSES && most as usize <= 4 * order.len()).then_some(numbers)
        });
        let mut class_of = vec![Labels::UNLABELLED; texts.all.len()];
        for (class, text) in (0u32..).zip(&order) {
            class_of[*text as usize] = own.map_or(class, |numbers| numbers[*text as usize] as u32);
        }
        let class = |value: &u32| class_of.get(*value as usize).copied().unwrap_or(Labels::UNLABELLED);
        let mut labels = Labels::new(values.iter().map(class).collect());
        let mut n_of = vec![0usize; labels.n_classes()];
        labels.classes().iter().filter(|c| **c != Labels::UNLABELLED).for_each(|c| n_of[*c as usize] += 1);
        if own.is_none() {
            labels.names = order.iter().map(|text| texts.all[*text as usize].clone()).collect();
            labels.names.truncate(labels.n_classes());
        }
        let shown: Vec<String> = n_of
            .iter()
            .enumerate()
            .take(2 * SHOWN)
            .map(|(class, n)| {
                format!("{} ({n})", labels.names.get(class).map_or_else(|| class.to_string(), |name| shortened(name)))
            })
            .collect();
        let more = if n_of.len() > shown.len() { " …" } else { "" };
        report.fact("classes by name", format!("column {column}: {}{more}", shown.join(", ")));
        let n_below = values.iter().filter(|v| **v != NONE && is_below(**v)).count();
        let n_none: usize = self.no_label.values().sum();
        if n_none + n_below > 0 {
            let words =
                self.no_label.keys().map(|word| if word.is_empty() { "nothing".to_owned() } else { word.clone() });
            let words: Vec<String> =
                words.take(SHOWN).chain((n_below > 0).then(|| "a number below 0".to_owned())).collect();
            report.fact("nodes without a class", format!("{} ({})", n_none + n_below, words.join(", ")));
        }
        Ok(Some(labels))
    }
}

/// A text so that `class 10` stands behind `class 9`.
fn natural(text: &str) -> Vec<(u8, u64, String)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_digit = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        let number = if is_digit { part.parse().unwrap_or(u64::MAX) } else { 0 };
        parts.push((u8::from(!is_digit), number, part.to_owned()));
        rest = after;
    }
    parts
}
