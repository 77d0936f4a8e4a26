//! What a job or a bundle comes to, node by node and entry by entry: to be compared with another.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::experiment::Run;
use crate::engine::graph::ReadOptions;
use crate::engine::score::predictions;
use crate::io::bundle::Bundle;
use crate::io::reading;
use crate::io::report::LoadError;
use crate::io::sheet::{for_each_row, sketch};
use crate::io::table::Column;

/// The entries of a step but self-loops, ascending: target and source as positions in [`JobOutcome::nodes`].
pub type StepEntries = Vec<(u32, u32)>;

/// What came out, for every node of a graph.
#[derive(Debug, Clone, PartialEq)]
pub struct JobOutcome {
    /// Where it was read.
    pub path: PathBuf,
    /// Ids of the nodes, as text, ascending.
    pub nodes: Vec<String>,
    /// The class of every node.
    pub classes: Vec<u32>,
    /// The network's output, one row per node, one after the other.
    pub logits: Vec<f32>,
    /// What every step kept.
    pub steps: Vec<StepEntries>,
}

/// What a bundle holds.
///
/// # Errors
/// [`LoadError::Content`] where its predictions name no nodes.
pub fn outcome_of_bundle(bundle: &Bundle) -> Result<JobOutcome, LoadError> {
    let Some(Column::Text(ids)) = bundle.predictions.column("node") else {
        return Err(LoadError::content(&bundle.path, "predictions.csv", "a column node", "none"));
    };
    let ids: Vec<String> = ids.iter().map(|id| id.clone().unwrap_or_default()).collect();
    let steps = bundle.matrices.iter().map(|matrix| matrix.structure.entries().collect());
    Ok(outcome(bundle.path.clone(), ids, &bundle.logits, steps.collect()))
}

/// What a run that was not written holds.
pub fn outcome_of_run(run: &Run) -> JobOutcome {
    let (topology, mask) = (run.dataset.topology(), &run.pruned.masks.edges);
    let ids = (0..run.dataset.n_nodes()).map(|u| run.dataset.node_id(u)).collect();
    let kept = |step: usize| topology.entries().enumerate().filter(move |(k, _)| mask.is_kept(*k, step));
    let steps = (0..mask.n_steps()).map(|step| kept(step).map(|(_, entry)| entry).collect());
    outcome(PathBuf::new(), ids, &run.pruned.logits, steps.collect())
}

/// With nodes in the order of their ids.
fn outcome(path: PathBuf, ids: Vec<String>, logits: &Array2<f32>, steps: Vec<Vec<(u32, u32)>>) -> JobOutcome {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_by(|a, b| ids[*a].cmp(&ids[*b]));
    let mut position = vec![0u32; order.len()];
    order.iter().enumerate().for_each(|(at, node)| position[*node] = at as u32);
    let said = predictions(logits);
    let steps = steps.into_iter().map(|entries| {
        let others = entries.into_iter().filter(|(u, v)| u != v);
        let mut entries: StepEntries = others.map(|(u, v)| (position[u as usize], position[v as usize])).collect();
        entries.sort_unstable();
        entries
    });
    JobOutcome {
        path,
        classes: order.iter().map(|node| said.get(*node).copied().unwrap_or_default()).collect(),
        logits: order.iter().flat_map(|node| logits.row(*node).to_vec()).collect(),
        steps: steps.collect(),
        nodes: order.into_iter().map(|node| ids[node].clone()).collect(),
    }
}

/// What a job left in a folder: `predictions` and `entries`, each a folder of Parquet files.
///
/// # Errors
/// [`LoadError`] naming the file, what was expected and what was found.
pub fn read_outcome(folder: &Path, ctl: &Control) -> Result<JobOutcome, LoadError> {
    let mut rows: Vec<(String, u32, Vec<f32>)> = Vec::new();
    let predictions = tables(&folder.join("predictions"))?;
    if !folder.join("metrics.json").is_file() {
        let expected = "metrics.json, which a job writes at its very end";
        return Err(wrong(folder, "folder", expected, "none: the job did not finish"));
    }
    for path in predictions {
        each_row(&path, &["id", "prediction"], "logits", ctl, &mut |named, lists| {
            let class = named[1].parse().map_err(|_no_number| wrong(&path, "prediction", "a class", &named[1]))?;
            let logits =
                lists.iter().map(|text| text.parse::<f32>().map_err(|_no| wrong(&path, "logits", "numbers", text)));
            ask_for_more(&path, rows.len(), size_of::<(String, u32, Vec<f32>)>() + named[0].len() + 8 * lists.len())?;
            rows.push((named[0].clone(), class, logits.collect::<Result<_, _>>()?));
            Ok(())
        })?;
    }
    if rows.is_empty() {
        return Err(wrong(&folder.join("predictions"), "rows", "one for every node", "none"));
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    if let Some(twice) = rows.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(wrong(&folder.join("predictions"), "id", "every node once", &twice[0].0));
    }
    let place: BTreeMap<&str, u32> = rows.iter().zip(0u32..).map(|(row, at)| (row.0.as_str(), at)).collect();
    let mut steps: Vec<StepEntries> = Vec::new();
    for path in tables(&folder.join("entries"))? {
        each_row(&path, &["step", "source", "target"], "value", ctl, &mut |named, _| {
            let step: u8 = named[0].parse().map_err(|_no| wrong(&path, "step", "a small number", &named[0]))?;
            let node = |id: &String| {
                place.get(id.as_str()).copied().ok_or_else(|| wrong(&path, "entries", "nodes of the predictions", id))
            };
            let (source, target) = (node(&named[1])?, node(&named[2])?);
            if steps.len() <= usize::from(step) {
                steps.resize(usize::from(step) + 1, Vec::new());
            }
            if source != target {
                let entries = &mut steps[usize::from(step)];
                ask_for_more(&path, entries.len(), 2 * size_of::<(u32, u32)>())?;
                entries.push((target, source));
            }
            Ok(())
        })?;
    }
    for entries in &mut steps {
        entries.sort_unstable();
    }
    Ok(JobOutcome {
        path: folder.to_owned(),
        classes: rows.iter().map(|row| row.1).collect(),
        logits: rows.iter().flat_map(|row| row.2.clone()).collect(),
        nodes: rows.into_iter().map(|row| row.0).collect(),
        steps,
    })
}

/// Asks before rows grow: a small file may hold a value many times.
fn ask_for_more(path: &Path, n_rows: usize, bytes_each: usize) -> Result<(), LoadError> {
    const AT_ONCE: usize = 1 << 16;
    if !n_rows.is_multiple_of(AT_ONCE) {
        return Ok(());
    }
    reading::ask_values(path, "rows", AT_ONCE, bytes_each)
}

fn wrong(path: &Path, place: &str, expected: &str, found: &str) -> LoadError {
    LoadError::content(path, place, expected, found)
}

/// The Parquet files of a folder, by name.
fn tables(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let list = std::fs::read_dir(folder).map_err(|source| LoadError::io("open", folder, source))?;
    let mut files = Vec::new();
    for entry in list {
        let path = entry.map_err(|source| LoadError::io("read", folder, source))?.path();
        if path.extension().is_some_and(|ending| ending == "parquet") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(wrong(folder, "folder", "files of Parquet, as a job writes them", "none"));
    }
    Ok(files)
}

/// What takes the named columns of a row, and those of its list.
type Each<'a> = dyn FnMut(&[String], &[String]) -> Result<(), LoadError> + 'a;

/// Gives the columns `names` and those of the list `list` of every row to `each`, as text.
fn each_row(path: &Path, names: &[&str], list: &str, ctl: &Control, each: &mut Each<'_>) -> Result<(), LoadError> {
    let sketch = sketch(path, &ReadOptions::default())?.filter(|sketch| sketch.layout.is_parquet);
    let sketch = sketch.ok_or_else(|| wrong(path, "whole file", "a table in Parquet", "something else"))?;
    let columns = names.iter().map(|name| sketch.named(name).ok_or_else(|| wrong(path, "columns", name, "others")));
    let columns: Vec<usize> = columns.collect::<Result<_, _>>()?;
    let is_of_list =
        |name: &str| name == list || name.strip_prefix(list).is_some_and(|rest| rest.starts_with(['.', '_', '[']));
    let of_list: Vec<usize> =
        sketch.columns.iter().enumerate().filter(|(_, column)| is_of_list(&column.name)).map(|(at, _)| at).collect();
    for_each_row(path, &sketch.layout, "reading", ctl, &mut |_, record| {
        let field = |at: &usize| record.get(*at).unwrap_or_default().to_owned();
        each(&columns.iter().map(field).collect::<Vec<_>>(), &of_list.iter().map(field).collect::<Vec<_>>())
    })?;
    Ok(())
}
