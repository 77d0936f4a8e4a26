//! Whether a table that lies beside a graph is worth reading for a part of it, judged by what it holds and not by its name.
//!
//! What is never here: reading the part.

use std::path::Path;

use super::node_index::whole_of;
use super::node_table::{Wanted, options_of, sketch_nodes, understood};
use super::request::Request;
use super::tables::Found;
use crate::engine::graph::ReadOptions;
use crate::io::report::LoadError;
use crate::io::sheet::{ColumnRole, TableSketch, for_each_row, sketch};

/// Whether a table holds a part of a graph.
pub(super) enum Fitness {
    Holds,
    /// It says which nodes there are, and nothing else that is asked for.
    MayHold,
    /// Why it does not.
    Lacks(String),
}

/// Judges by what a table beside a graph holds, not by its name, whether it is worth reading for a part.
pub(super) fn fitness_of(found: &Found, wanted: Wanted, options: &ReadOptions) -> Result<Fitness, LoadError> {
    let path = &found.path;
    let Some(raw) = sketch(path, &options_of(options))? else {
        return Ok(Fitness::Lacks(crate::io::wrong::of(path).unwrap_or_else(|| "no table".to_owned())));
    };
    let has = |table: &TableSketch, role: ColumnRole| table.place(role).is_some();
    if has(&raw, ColumnRole::Source) && has(&raw, ColumnRole::Target) {
        return Ok(Fitness::Lacks("it holds edges".to_owned()));
    }
    let says_split = |table: &TableSketch| has(table, ColumnRole::Split) || has(table, ColumnRole::Train);
    let lacks = |what: &str| Fitness::Lacks(format!("it has no {what}"));
    // A table of nodes is asked for what its header says; one that is called labels holds labels.
    let says_class = has(&raw, ColumnRole::Class);
    let raw_split = says_split(&raw);
    let table = understood(raw, wanted, options);
    Ok(match wanted {
        Wanted::Features | Wanted::Anything if has(&table, ColumnRole::Feature) => Fitness::Holds,
        Wanted::Features | Wanted::Anything if found.is_own || has(&table, ColumnRole::Id) => Fitness::MayHold,
        Wanted::Features | Wanted::Anything => lacks("column of numbers"),
        Wanted::Labels if found.is_of_nodes && says_class => Fitness::Holds,
        Wanted::Labels if found.is_of_nodes => lacks("column that says a class"),
        Wanted::Labels if has(&table, ColumnRole::Class) || table.count(ColumnRole::Feature) > 1 => Fitness::Holds,
        Wanted::Labels => lacks("column of classes"),
        Wanted::Split if raw_split || (!found.is_of_nodes && says_split(&table)) => Fitness::Holds,
        Wanted::Split => lacks("column of a split"),
    })
}

/// The ids of a table's rows, or how many rows without ids it has; nothing where the file is no table.
pub(super) enum Rows {
    Ids(Vec<String>),
    Numbered(usize),
}

pub(super) fn rows_of(path: &Path, wanted: Wanted, request: Request<'_>) -> Result<Option<Rows>, LoadError> {
    let Some(table) = sketch_nodes(path, wanted, request.options)? else { return Ok(None) };
    let Some(at) = table.place(ColumnRole::Id) else {
        let n = for_each_row(path, &table.layout, "counting rows", request.ctl, &mut |_, _| Ok(()))?;
        return Ok(Some(Rows::Numbered(n)));
    };
    let mut ids = Vec::new();
    for_each_row(path, &table.layout, "reading ids", request.ctl, &mut |_, row| {
        let id = row.get(at).unwrap_or_default();
        if !id.is_empty() {
            ids.push(whole_of(id).unwrap_or(id).to_owned());
        }
        Ok(())
    })?;
    Ok(Some(Rows::Ids(ids)))
}
