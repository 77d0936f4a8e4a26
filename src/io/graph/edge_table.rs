//! Edges from a table whose ids are texts, whose fields stand in quotation marks, or which is Parquet.
//!
//! Ids are numbered in the order in which they come; where all of them are integers, as in a plain list.

use super::attributes::Names;
use super::build::SparseEdges;
use super::node_index::whole_of;
use super::node_table::decimal_comma;
use super::request::Request;
use crate::engine::graph::EdgeList;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sheet::words::is_missing;
use crate::io::sheet::{ColumnKind, ColumnRole, Counts, TableSketch, for_each_row};
use crate::io::source::parse_id;
use crate::io::text::number::table_number;
use crate::io::text::shortened;

/// Reads all edges; with names where the ids are texts.
pub(super) fn read(
    table: &TableSketch,
    request: Request<'_>,
    report: &mut LoadReport,
) -> Result<(SparseEdges, Option<Names>), LoadError> {
    let path = request.path;
    let n_columns = table.columns.len();
    let (source, target) = ends(table);
    let weight = table.place(ColumnRole::Weight);
    if n_columns < 2 || source == target {
        return Err(table.fault(path, "columns", "two columns with the ends of edges", n_columns));
    }
    let mut list = if weight.is_some() { EdgeList::weighted() } else { EdgeList::new() };
    let mut names = Names::default();
    let (mut n_edges, mut n_unweighted) = (0usize, 0usize);
    let mut counts = table.counts.clone();
    let is_told = request.options.header.is_some() || request.options.columns.is_some();
    if let Some(perhaps) = table.perhaps_counts.as_ref().filter(|_| !is_told) {
        if counts_all(perhaps, table, request)? {
            counts = Some(perhaps.clone());
        } else {
            report.warnings.push(format!(
                "line {}, `{}`, is read as an edge: it does not count the nodes and edges that follow (--comments or another first line \
                 leaves it out)",
                perhaps.line, perhaps.text
            ));
        }
    }
    let skipped = table.perhaps_counts.as_ref().filter(|_| counts.is_some()).map(|perhaps| perhaps.line as u64);
    for_each_row(path, &table.layout, "reading edges", request.ctl, &mut |line, row| {
        if skipped == Some(line) {
            return Ok(());
        }
        let place = || if table.layout.is_parquet { format!("row {line}") } else { format!("line {line}") };
        if row.len() != n_columns && (row.len() <= source.max(target) || table.has_header) {
            return Err(table.fault(path, place(), format!("{n_columns} columns"), row.len()));
        }
        let end = |at: usize| {
            let id = row.get(at).unwrap_or_default();
            if id.is_empty() {
                let expected = format!("a node's id in column {}", at + 1);
                return Err(table.fault(path, place(), expected, "nothing"));
            }
            Ok(id)
        };
        let value = match weight.map(|at| row.get(at).unwrap_or_default()) {
            None => 1.0,
            Some(text) if is_missing(text) => {
                n_unweighted += 1;
                1.0
            }
            Some(text) => match table_number(text).map(|number| number as f32) {
                Some(value) if value.is_finite() => value,
                _ => {
                    let expected = format!("a finite number in column {} (the weight)", weight.unwrap_or(0) + 1);
                    let found = format!("`{}`{}", shortened(text), decimal_comma(text));
                    return Err(table.fault(path, place(), expected, found));
                }
            },
        };
        let (a, b) = (names.mention(end(source)?, n_edges), names.mention(end(target)?, n_edges));
        list.push(a, b, value);
        n_edges += 1;
        Ok(())
    })?;
    if n_unweighted > 0 {
        report.warnings.push(format!("{n_unweighted} edges have no weight: 1 stands in for it"));
    }
    let others = (0..n_columns).filter(|at| ![Some(source), Some(target), weight].contains(&Some(*at)));
    let others: Vec<String> = others.map(|at| shortened(&table.columns[at].name)).collect();
    if !others.is_empty() {
        report.ignored.push(format!("columns of the edges: {} (--columns gives them a role)", others.join(", ")));
    }
    if let Some(columns) = table.decimal_commas() {
        report.fact("decimal commas", columns);
    }
    report.warnings.extend(table.doubt.clone());
    let texts = names.into_names();
    if let Some(counts) = counts {
        report.fact("first line", counts.decided("edge"));
        if let Some((nodes, edges)) = counts.nodes_and_edges()
            && (nodes, edges) != (texts.len() as u64, n_edges as u64)
        {
            let found = format!("the edges are {n_edges} and name {}", texts.len());
            report.warnings.push(format!("line {} states {nodes} nodes and {edges} edges; {found}", counts.line));
        }
    }
    let whole = |text: &String| {
        let text = whole_of(text).unwrap_or(text);
        parse_id(text.as_bytes())
    };
    let ids: Option<Vec<u64>> = texts.iter().map(whole).collect();
    let is_distinct = |ids: &Vec<u64>| {
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.windows(2).all(|w| w[0] != w[1])
    };
    if let Some(ids) = ids.filter(is_distinct) {
        return Ok((SparseEdges::of_ids(list, ids), None));
    }
    let mut names = Names::default();
    for name in &texts {
        names.mention(name, 0);
    }
    Ok((SparseEdges::of_numbers(list), Some(names)))
}

/// Whether a first line counts exactly the edges that follow, and at least the nodes that they name.
fn counts_all(counts: &Counts, table: &TableSketch, request: Request<'_>) -> Result<bool, LoadError> {
    let Some((nodes, edges)) = counts.nodes_and_edges() else { return Ok(false) };
    let (source, target) = ends(table);
    let (mut names, mut n_rows) = (Names::default(), 0u64);
    for_each_row(request.path, &table.layout, "counting edges", request.ctl, &mut |line, row| {
        if line != counts.line as u64 {
            n_rows += 1;
            for id in [source, target].into_iter().filter_map(|at| row.get(at)) {
                names.mention(id, 0);
            }
        }
        Ok(())
    })?;
    Ok(n_rows == edges && names.len() as u64 <= nodes)
}

/// The columns of the two ends.
pub(super) fn ends(table: &TableSketch) -> (usize, usize) {
    (table.place(ColumnRole::Source).unwrap_or(0), table.place(ColumnRole::Target).unwrap_or(1))
}

/// Whether the ids of the edges need this reader.
pub(super) fn is_needed(table: &TableSketch) -> bool {
    let (source, target) = ends(table);
    let kind = |at: usize| table.columns.get(at).map(|column| column.kind);
    let is_plain = |at: usize| matches!(kind(at), Some(ColumnKind::Whole | ColumnKind::Empty));
    table.layout.is_parquet || table.layout.has_quotes || !(is_plain(source) && is_plain(target))
}
