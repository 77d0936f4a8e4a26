//! The samples' own format, `unifews-graph/1`: one small archive (`.npz`, deflated) with everything.
//!
//! ```text
//! format                             text, "unifews-graph/1"; a reader refuses any other
//! name                               text, for titles
//! adj_indptr  [n + 1]                row pointers
//! adj_indices [m]                    columns; row = target u, column = source v, ascending within a row. Exactly the
//!                                    entries of the graph: both directions of an undirected edge, self-loops where wanted
//! feat_indptr  [n + 1]               features compressed by row; all four absent: none
//! feat_indices [stored]              columns, ascending within a row
//! feat_width   one integer      number of columns
//! feat_data    [stored]              values; absent: all 1
//! labels       [n]                   classes from 0, -1 where there is none; may be absent
//! class_names  [classes]             text; may be absent
//! node_ids     [n]                   text; may be absent
//! split_names  [splits]              text; the first is the default; may be absent
//! split_{i}_train, _val, _test       node numbers of split i
//! ```
//! Integers may have any width: the writer takes the smallest.

use std::path::Path;

use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::single;
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::{Dataset, Features, Split, Topology};
use crate::io::npz::Npz;
use crate::io::reading;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::CompressedRows;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "unifews-graph archive",
    listed: Listed { group: Group::Archives, place: 5, name: "unifews-graph" },
    title: "our own archive, `unifews-graph/1`, as the samples are",
    files: "`.npz`",
    also: "features, labels, splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: true,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    (look.has("adj_indptr.npy") && look.has("format.npy")).then_some(Certainty::Certain)
}

/// Name and version of the format.
pub(crate) const COMPACT_FORMAT: &str = "unifews-graph/1";

/// Reads a file.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    read_archive(Npz::open(request.path)?, request.path)
}

/// Reads a sample that is part of the program; `spec` is its name for people and in errors.
pub(super) fn read_embedded(bytes: &'static [u8], spec: &str) -> Result<(Dataset, LoadReport), LoadError> {
    let path = Path::new(spec);
    let mut draft = read_archive(Npz::from_bytes(bytes, path)?, path)?;
    spec.clone_into(&mut draft.source);
    draft.finish(path, "sample")
}

fn read_archive(mut npz: Npz, path: &Path) -> Result<Draft, LoadError> {
    let format = npz.array("format")?;
    if format.to_text()? != COMPACT_FORMAT {
        return Err(format.fault(format!("\"{COMPACT_FORMAT}\""), format!("{:?}", format.to_text()?)));
    }
    let name = npz.array("name")?.to_text()?;
    let indptr = npz.array("adj_indptr")?.to_sizes()?;
    let n = indptr.len().saturating_sub(1);
    let indices = npz.array("adj_indices")?.to_indices(n, "columns")?;
    let topology = Topology::try_new_while(indptr, indices, reading::check_engine)
        .map_err(|error| LoadError::invalid(path, error))?;
    let mut draft = Draft::new(name, topology);
    draft.features = read_features(&mut npz, n)?;
    if let Some(array) = npz.optional("labels")? {
        array.check_vector(n, "one class per node")?;
        let mut labels = single(&array, &mut draft.report)?;
        if let Some(names) = npz.optional("class_names")? {
            names.check_vector(labels.n_classes(), "one name per class")?;
            labels.names = names.to_texts()?;
        }
        draft.labels = Some(labels);
    }
    if let Some(ids) = npz.optional("node_ids")? {
        draft.node_ids = Some(ids.to_texts()?);
    }
    if let Some(names) = npz.optional("split_names")? {
        for (i, name) in names.to_texts()?.into_iter().enumerate() {
            let mut part = |part: &str| npz.array(&format!("split_{i}_{part}"))?.to_indices(n, "node numbers");
            draft.splits.push(Split { name, train: part("train")?, val: part("val")?, test: part("test")? });
        }
    }
    draft.report.ignored.extend(npz.unread().map(str::to_owned));
    Ok(draft)
}

fn read_features(npz: &mut Npz, n_nodes: usize) -> Result<Option<Features>, LoadError> {
    let Some(width) = npz.optional("feat_width")? else { return Ok(None) };
    let [columns] = width.to_sizes()?[..] else {
        return Err(width.fault("one integer", format!("shape {:?}", width.shape())));
    };
    Ok(Some(CompressedRows::read_parts(npz, "feat_", (n_nodes, columns), &width)?.to_features()?))
}
