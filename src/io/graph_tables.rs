//! A graph as two tables of Parquet, for engines that hold it in pieces.
//!
//! ```text
//! nodes.parquet   id (INT64, or text where nodes have names), features (list of FLOAT), label (INT64, the number of the class, which models
//!                 know it by; may be absent), split (train, val, test of the first split; may be absent)
//! edges.parquet   source, target (as id), weight (FLOAT; where edges have weights)
//! ```
//! Every entry of the structure is a row: both directions of an undirected edge, self-loops where there are some.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use super::atomic::{AtomicFolder, FolderFile, FolderPart};
use super::report::ExportError;
use crate::engine::control::Control;
use crate::engine::graph::{Dataset, Features, Labels};

/// Rows of nodes that are written together, unless they have many features.
const NODES: usize = 1 << 14;
/// Features that are written together.
const FEATURES: usize = 1 << 24;
/// Longer lists are read by nobody here.
pub(crate) const MAX_FEATURES: usize = 1 << 16;
/// Rows of edges that are written together.
const EDGES: usize = 1 << 20;

/// The place of the two tables.
#[derive(Debug)]
pub struct GraphTablesWriter(AtomicFolder);

impl GraphTablesWriter {
    /// Opens the place: a new folder, an empty one, or tables as they were written.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "graph-tables", ctl).map(Self)
    }

    /// Writes both tables and moves the folder into place.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn write(self, dataset: &Dataset, ctl: &Control) -> Result<(), ExportError> {
        write_nodes(self.0.part(), dataset, ctl)?;
        write_edges(self.0.part(), dataset, ctl)?;
        self.0.commit(ctl)
    }
}

/// A column of one row group.
enum Values {
    Whole(Vec<i64>),
    Text(Vec<ByteArray>),
    Single(Vec<f32>),
    /// Of every row as many.
    Lists(Vec<f32>, usize),
    /// Texts that may be absent.
    Some(Vec<Option<ByteArray>>),
    /// Numbers that may be absent.
    SomeWhole(Vec<Option<i64>>),
}

/// A file that grows by groups of rows, of which one at a time is in memory.
struct Growing<'a> {
    folder: &'a FolderPart,
    name: &'static str,
    writer: SerializedFileWriter<Straight>,
}

/// What the library writes goes to a file of the folder.
struct Straight(FolderFile);

impl Write for Straight {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.0.write(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(ExportError::Io { source, .. }) => Err(source),
            Err(other) => Err(std::io::Error::other(other)),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> Growing<'a> {
    fn new(folder: &'a FolderPart, name: &'static str, schema: &str) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let file = Straight(folder.create(name)?);
        let made = parse_message_type(schema)
            .and_then(|schema| SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)));
        Ok(Self { folder, name, writer: made.map_err(|error| fault(folder, name, error))? })
    }

    fn group(&mut self, columns: Vec<Values>) -> Result<(), ExportError> {
        let write = || {
            let mut group = self.writer.next_row_group()?;
            columns.into_iter().try_for_each(|values| put(&mut group, values))?;
            group.close().map(drop)
        };
        write().map_err(|error| fault(self.folder, self.name, error))
    }

    fn finish(self) -> Result<(), ExportError> {
        let file = self.writer.into_inner().map_err(|error| fault(self.folder, self.name, error))?;
        file.0.finish()
    }
}

/// The system's own error where there is one, so that a full disk is called so.
fn fault(folder: &FolderPart, name: &str, error: ParquetError) -> ExportError {
    let source = match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(source) => *source,
            Err(other) => std::io::Error::other(other),
        },
        other => std::io::Error::other(other),
    };
    ExportError::io("write", &folder.shown().join(name), source)
}

fn put(group: &mut SerializedRowGroupWriter<'_, Straight>, values: Values) -> Result<(), ParquetError> {
    fn column<T: DataType>(
        group: &mut SerializedRowGroupWriter<'_, Straight>,
        values: &[T::T],
        definitions: Option<&[i16]>,
        repetitions: Option<&[i16]>,
    ) -> Result<(), ParquetError> {
        let Some(mut column) = group.next_column()? else {
            return Err(ParquetError::General("more columns than the schema has".to_owned()));
        };
        column.typed::<T>().write_batch(values, definitions, repetitions)?;
        column.close()
    }
    fn there<T>(values: &[Option<T>]) -> Vec<i16> {
        values.iter().map(|value| i16::from(value.is_some())).collect()
    }
    match values {
        Values::Whole(values) => column::<Int64Type>(group, &values, None, None),
        Values::Text(values) => column::<ByteArrayType>(group, &values, None, None),
        Values::Single(values) => column::<FloatType>(group, &values, None, None),
        Values::Lists(values, width) => {
            let repetitions: Vec<i16> = (0..values.len()).map(|at| i16::from(at % width != 0)).collect();
            column::<FloatType>(group, &values, Some(&vec![1; values.len()]), Some(&repetitions))
        }
        Values::Some(values) => {
            let levels = there(&values);
            column::<ByteArrayType>(group, &values.into_iter().flatten().collect::<Vec<_>>(), Some(&levels), None)
        }
        Values::SomeWhole(values) => {
            let levels = there(&values);
            column::<Int64Type>(group, &values.into_iter().flatten().collect::<Vec<_>>(), Some(&levels), None)
        }
    }
}

/// Ids of nodes as the tables hold them.
fn ids(dataset: &Dataset, nodes: impl Iterator<Item = usize>) -> Values {
    match dataset.node_ids() {
        Some(_) => Values::Text(nodes.map(|u| ByteArray::from(dataset.node_id(u).into_bytes())).collect()),
        None => Values::Whole(nodes.map(|u| (u as u64).cast_signed()).collect()),
    }
}

fn id_type(dataset: &Dataset, name: &str) -> String {
    match dataset.node_ids() {
        Some(_) => format!("required binary {name} (STRING);"),
        None => format!("required int64 {name};"),
    }
}

fn write_nodes(folder: &FolderPart, dataset: &Dataset, ctl: &Control) -> Result<(), ExportError> {
    let (n, width) = (dataset.n_nodes(), dataset.features().width());
    let labels = dataset.labels().filter(|labels| labels.tags().is_none());
    let split = dataset.splits().first();
    let label = if labels.is_some() { "optional int64 label;" } else { "" };
    let schema = format!(
        "message nodes {{ {} required group features (LIST) {{ repeated group list {{ required float element; }} }} {label} {} }}",
        id_type(dataset, "id"),
        if split.is_some() { "optional binary split (STRING);" } else { "" },
    );
    let mut file = Growing::new(folder, "nodes.parquet", &schema)?;
    let part_of = split.map(|split| {
        let mut part_of = vec![None; n];
        for (part, nodes) in [("train", &split.train), ("val", &split.val), ("test", &split.test)] {
            for u in nodes {
                part_of[*u as usize] = Some(part);
            }
        }
        part_of
    });
    let n_rows = (FEATURES / width.max(1)).clamp(1, NODES);
    for first in (0..n).step_by(n_rows) {
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        ctl.progress("writing nodes", first, n);
        let nodes = first..n.min(first + n_rows);
        let mut columns =
            vec![ids(dataset, nodes.clone()), Values::Lists(rows_of(dataset.features(), nodes.clone()), width)];
        if let Some(labels) = labels {
            let class = |u: usize| Some(labels.classes()[u]).filter(|class| *class != Labels::UNLABELLED);
            columns.push(Values::SomeWhole(nodes.clone().map(|u| class(u).map(i64::from)).collect()));
        }
        if let Some(part_of) = &part_of {
            columns.push(Values::Some(part_of[nodes].iter().map(|part| part.map(ByteArray::from)).collect()));
        }
        file.group(columns)?;
    }
    file.finish()
}

fn rows_of(features: &Features, nodes: std::ops::Range<usize>) -> Vec<f32> {
    let nodes: Vec<u32> = nodes.map(|u| u as u32).collect();
    features.select(&nodes).to_dense().into_iter().collect()
}

fn write_edges(folder: &FolderPart, dataset: &Dataset, ctl: &Control) -> Result<(), ExportError> {
    let (topology, weights) = (dataset.topology(), dataset.edge_weights());
    let schema = format!(
        "message edges {{ {} {} {} }}",
        id_type(dataset, "source"),
        id_type(dataset, "target"),
        if weights.is_some() { "required float weight;" } else { "" },
    );
    let mut file = Growing::new(folder, "edges.parquet", &schema)?;
    let entries: Box<dyn Iterator<Item = (u32, u32)>> = Box::new(topology.entries());
    let mut entries = entries.peekable();
    let mut at = 0;
    while entries.peek().is_some() {
        ctl.check().map_err(|_cancelled| ExportError::Cancelled)?;
        ctl.progress("writing edges", at, topology.n_entries());
        let some: Vec<(u32, u32)> = entries.by_ref().take(EDGES).collect();
        let mut columns = vec![
            ids(dataset, some.iter().map(|(_, source)| *source as usize)),
            ids(dataset, some.iter().map(|(target, _)| *target as usize)),
        ];
        columns.extend(weights.map(|weights| Values::Single(weights[at..at + some.len()].to_vec())));
        file.group(columns)?;
        at += some.len();
    }
    file.finish()
}
