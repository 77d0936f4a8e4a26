//! What a worker does: record batches in, record batches out, one block after the other.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Float32Type;
use arrow_array::{
    Array as _, ArrayRef, BinaryArray, Float32Array, Int32Array, Int64Array, ListArray, RecordBatch, StringArray,
};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use ndarray::Array2;

use super::bytes::{from_bytes, to_bytes};
use super::columns::Columns;
use super::error::WorkerError;
use crate::engine::EngineError;
use crate::engine::cluster::{BlockRows, BlockWork, ClusterJob, Decisions, EdgeRows, Part, assemble_block};
use crate::engine::control::Control;
use crate::engine::graph::SelfLoops;
use crate::engine::score;
use crate::io::bundle::margin;

/// A graph in blocks, and the job on it.
#[derive(Debug, Clone, Copy)]
pub struct Blocks<'a> {
    /// What is computed.
    pub job: &'a ClusterJob,
    /// How nodes lie.
    pub rows: BlockRows,
}

impl Blocks<'_> {
    fn block(&self, block: i64) -> Result<usize, WorkerError> {
        let number = usize::try_from(block).ok().filter(|block| *block < self.rows.n_blocks());
        number.ok_or_else(|| {
            WorkerError::Stream(format!("column block: expected numbers below {}, found {block}", self.rows.n_blocks()))
        })
    }
}

/// A number as Arrow and Spark have it.
fn signed(n: usize) -> i64 {
    (n as u64).cast_signed()
}

fn in_block(block: usize) -> impl Fn(EngineError) -> WorkerError {
    move |source| WorkerError::Block { block, source }
}

/// Parts of blocks, as they are sent.
struct Sent<W: Write> {
    writer: StreamWriter<W>,
    schema: Arc<Schema>,
}

impl<W: Write> Sent<W> {
    fn new(output: W) -> Result<Self, WorkerError> {
        let schema = Schema::new(vec![
            Field::new("block", DataType::Int64, false),
            Field::new("part", DataType::Utf8, false),
            Field::new("payload", DataType::Binary, false),
        ]);
        let schema = Arc::new(schema);
        Ok(Self { writer: StreamWriter::try_new(output, &schema)?, schema })
    }

    /// One part to a batch: they are large.
    fn put(&mut self, block: usize, part: &str, payload: &[u8]) -> Result<(), WorkerError> {
        if i32::try_from(payload.len()).is_err() {
            let why = format!(
                "part {part} of block {block}: expected less than 2 GiB, found {} bytes; use more blocks (--blocks)",
                payload.len()
            );
            return Err(WorkerError::Stream(why));
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(Int64Array::from(vec![signed(block)])),
            Arc::new(StringArray::from(vec![part])),
            Arc::new(BinaryArray::from(vec![payload])),
        ];
        Ok(self.writer.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?)
    }

    fn put_part(&mut self, block: usize, part: &Part) -> Result<(), WorkerError> {
        self.put(block, &part.name(), &to_bytes(part))
    }

    fn finish(mut self) -> Result<(), WorkerError> {
        Ok(self.writer.finish()?)
    }
}

/// Makes the entries of every block of its edges. Beside them goes a part `reads`: the blocks that they read from, as 64-bit integers.
///
/// # Errors
/// [`WorkerError`].
pub fn assemble(
    blocks: Blocks<'_>,
    self_loops: SelfLoops,
    is_weighted: bool,
    input: impl Read,
    output: impl Write,
    ctl: &Control,
) -> Result<(), WorkerError> {
    let mut sent = Sent::new(output)?;
    let mut current: Option<(usize, EdgeRows)> = None;
    let mut finish = |current: Option<(usize, EdgeRows)>| {
        let Some((block, edges)) = current else { return Ok(()) };
        let nodes = blocks.rows.nodes(block);
        let entries = assemble_block(edges, nodes, self_loops, is_weighted, blocks.job.n_steps());
        let entries = entries.map_err(in_block(block))?;
        let reads: Vec<i64> = entries.blocks_read(blocks.rows.rows_per_block).into_iter().map(signed).collect();
        sent.put(block, "reads", bytemuck::cast_slice(&reads))?;
        sent.put_part(block, &Part::Entries(entries))
    };
    for batch in StreamReader::try_new(input, None)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (of, rows, others) = (columns.whole("block")?, columns.whole("row")?, columns.whole("column")?);
        let (weights, against) = (columns.single("weight")?, columns.truth("against")?);
        for at in 0..batch.num_rows() {
            let block = blocks.block(of.value(at))?;
            if current.as_ref().is_none_or(|(open, _)| *open != block) {
                ctl.check().map_err(in_block(block))?;
                finish(current.take())?;
            }
            let (_, edges) = current.get_or_insert_with(|| (block, EdgeRows::default()));
            if rows.value(at) < 0 {
                continue;
            }
            let node = |column: &Int64Array| {
                let node = u32::try_from(column.value(at)).ok().filter(|node| (*node as usize) < blocks.rows.n_nodes);
                node.ok_or_else(|| {
                    WorkerError::Stream(format!(
                        "edges: expected nodes below {}, found {}",
                        blocks.rows.n_nodes,
                        column.value(at)
                    ))
                })
            };
            let edge = (node(rows)?, node(others)?, weights.value(at));
            if against.value(at) { edges.against.push(edge) } else { edges.along.push(edge) }
        }
    }
    finish(current.take())?;
    sent.finish()
}

/// Packs rows of features into one part for every block.
///
/// # Errors
/// [`WorkerError`]; rows that are missing, come twice or have another width than the model's input among them.
pub fn pack(blocks: Blocks<'_>, input: impl Read, output: impl Write) -> Result<(), WorkerError> {
    let mut sent = Sent::new(output)?;
    let width = blocks.job.model().d_in();
    let mut current: Option<(usize, Vec<f32>)> = None;
    let mut finish = |current: Option<(usize, Vec<f32>)>| {
        let Some((block, values)) = current else { return Ok(()) };
        let n_rows = blocks.rows.nodes(block).len();
        let found = values.len() / width.max(1);
        let rows = Array2::from_shape_vec((n_rows, width), values);
        let rows = rows.map_err(|_shape| in_block(block)(EngineError::mismatch("rows of features", n_rows, found)))?;
        sent.put_part(block, &Part::Value { id: 0, rows })
    };
    for batch in StreamReader::try_new(input, None)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (of, nodes, features) = (columns.whole("block")?, columns.whole("row")?, columns.lists("features")?);
        for at in 0..batch.num_rows() {
            let block = blocks.block(of.value(at))?;
            if current.as_ref().is_none_or(|(open, _)| *open != block) {
                finish(current.take())?;
            }
            let (_, values) = current.get_or_insert_with(|| (block, Vec::new()));
            let expected = blocks.rows.nodes(block).start + values.len() / width.max(1);
            if nodes.value(at) != signed(expected) {
                let wrong = EngineError::mismatch("rows of features", format!("node {expected}"), nodes.value(at));
                return Err(in_block(block)(wrong));
            }
            let row = features.value(at);
            let row = row.as_primitive_opt::<Float32Type>().filter(|row| row.null_count() == 0);
            let Some(row) = row.filter(|row| row.len() == width && row.values().iter().all(|v| v.is_finite())) else {
                let wrong = EngineError::mismatch(
                    format!("features of node {expected}"),
                    format!("{width} finite numbers"),
                    "others",
                );
                return Err(in_block(block)(wrong));
            };
            values.extend_from_slice(row.values());
        }
    }
    finish(current.take())?;
    sent.finish()
}

/// Runs stage `at` of the job on every block. Beside its parts goes a part `summary`: what it reports, as JSON.
///
/// # Errors
/// [`WorkerError`].
pub fn stage(
    blocks: Blocks<'_>,
    at: usize,
    decisions: &Decisions,
    input: impl Read,
    output: impl Write,
    ctl: &Control,
) -> Result<(), WorkerError> {
    let stages = blocks.job.stages();
    let Some(stage) = stages.get(at) else {
        return Err(WorkerError::Stream(format!("stage: expected a number below {}, found {at}", stages.len())));
    };
    let model = decisions.model(blocks.job);
    let mut sent = Sent::new(output)?;
    let begin = |block: usize, own: Vec<Part>| {
        BlockWork::begin(blocks.job, stage, decisions, &model, blocks.rows, block, own, ctl).map_err(in_block(block))
    };
    let mut finish = |block: usize, open: Open<'_>| {
        let work = match open {
            Open::Own(own) => begin(block, own)?,
            Open::Begun(work) => *work,
        };
        let (parts, summary) = work.finish(ctl).map_err(in_block(block))?;
        for part in &parts {
            sent.put_part(block, part)?;
        }
        let summary = serde_json::to_vec(&summary).map_err(|error| WorkerError::Stream(error.to_string()))?;
        sent.put(block, "summary", &summary)
    };
    let mut current: Option<(usize, Open<'_>)> = None;
    for batch in StreamReader::try_new(input, None)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let (of, sources) = (columns.whole("block")?, columns.whole("source")?);
        let (names, payloads) = (columns.text("part")?, columns.bytes("payload")?);
        for row in 0..batch.num_rows() {
            let block = blocks.block(of.value(row))?;
            if let Some((open, work)) = current.take_if(|(open, _)| *open != block) {
                finish(open, work)?;
            }
            let part = from_bytes(names.value(row), payloads.value(row)).map_err(in_block(block))?;
            let (_, open) = current.get_or_insert_with(|| (block, Open::Own(Vec::new())));
            let Ok(source) = usize::try_from(sources.value(row)) else {
                match open {
                    Open::Own(own) => own.push(part),
                    Open::Begun(_) => {
                        return Err(WorkerError::Stream("a block's own parts: expected first, found later".to_owned()));
                    }
                }
                continue;
            };
            if let Open::Own(own) = open {
                *open = Open::Begun(Box::new(begin(block, std::mem::take(own))?));
            }
            if let Open::Begun(work) = open {
                work.receive(source, part, ctl).map_err(in_block(block))?;
            }
        }
    }
    if let Some((block, open)) = current.take() {
        finish(block, open)?;
    }
    sent.finish()
}

/// A block whose parts come in.
enum Open<'a> {
    Own(Vec<Part>),
    Begun(Box<BlockWork<'a>>),
}

/// Calls `each` with every part of finished blocks.
fn for_each_part(
    blocks: Blocks<'_>,
    input: impl Read,
    mut each: impl FnMut(usize, Part) -> Result<(), WorkerError>,
) -> Result<(), WorkerError> {
    for batch in StreamReader::try_new(input, None)? {
        let batch = batch?;
        let columns = Columns(&batch);
        let of = columns.whole("block")?;
        let (names, payloads) = (columns.text("part")?, columns.bytes("payload")?);
        for row in 0..batch.num_rows() {
            let block = blocks.block(of.value(row))?;
            each(block, from_bytes(names.value(row), payloads.value(row)).map_err(in_block(block))?)?;
        }
    }
    Ok(())
}

/// What the network says of every node: `node` (i64), `prediction` (i32), `margin` (f32), `logits` (list of f32).
///
/// # Errors
/// [`WorkerError`].
pub fn predictions(blocks: Blocks<'_>, input: impl Read, output: impl Write) -> Result<(), WorkerError> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("node", DataType::Int64, false),
        Field::new("prediction", DataType::Int32, false),
        Field::new("margin", DataType::Float32, false),
        Field::new_list("logits", Field::new_list_field(DataType::Float32, true), false),
    ]));
    let mut writer = StreamWriter::try_new(output, &schema)?;
    for_each_part(blocks, input, |block, part| {
        let Part::Value { id, rows } = part else { return Ok(()) };
        if id != blocks.job.output() {
            return Ok(());
        }
        let nodes = blocks.rows.nodes(block);
        let said = score::predictions(&rows);
        let margins = rows.rows().into_iter().map(|row| margin(row.iter().copied()).unwrap_or(f32::NAN));
        let lists = rows.rows().into_iter().map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>()));
        let logits = ListArray::from_iter_primitive::<Float32Type, _, _>(lists);
        let columns: Vec<ArrayRef> = vec![
            Arc::new(nodes.map(signed).collect::<Int64Array>()),
            Arc::new(said.into_iter().map(u32::cast_signed).collect::<Int32Array>()),
            Arc::new(margins.collect::<Float32Array>()),
            Arc::new(logits),
        ];
        Ok(writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?)
    })?;
    Ok(writer.finish()?)
}

/// What every step kept: `step` (i32), `source`, `target` (i64), `value` (f32): `T[u,v]`, or the mean coefficient of attention.
///
/// # Errors
/// [`WorkerError`].
pub fn entries(blocks: Blocks<'_>, input: impl Read, output: impl Write) -> Result<(), WorkerError> {
    let schema = Arc::new(Schema::new(vec![
        Field::new("step", DataType::Int32, false),
        Field::new("source", DataType::Int64, false),
        Field::new("target", DataType::Int64, false),
        Field::new("value", DataType::Float32, false),
    ]));
    let mut writer = StreamWriter::try_new(output, &schema)?;
    let mut found: Option<(usize, Vec<Part>)> = None;
    let mut write = |block: usize, parts: Vec<Part>| {
        let mut of_block = None;
        let mut used = BTreeMap::new();
        for part in parts {
            match part {
                Part::Entries(entries) => of_block = Some(entries),
                Part::Used { step, values } => {
                    used.insert(step, values);
                }
                _ => {}
            }
        }
        let Some(entries) = of_block else { return Ok(()) };
        let first = blocks.rows.nodes(block).start;
        for step in 0..blocks.job.n_steps() {
            let values = used.get(&step).unwrap_or(&entries.values);
            let mut kept = Vec::new();
            for (u, row) in entries.indptr.windows(2).enumerate() {
                kept.extend(
                    (row[0]..row[1]).filter(|k| usize::from(entries.removed_at[*k]) > step).map(|k| (first + u, k)),
                );
            }
            for kept in kept.chunks(1 << 16) {
                let columns: Vec<ArrayRef> = vec![
                    Arc::new(Int32Array::from(vec![i32::try_from(step).unwrap_or(i32::MAX); kept.len()])),
                    Arc::new(kept.iter().map(|(_, k)| i64::from(entries.sources[*k])).collect::<Int64Array>()),
                    Arc::new(kept.iter().map(|(u, _)| signed(*u)).collect::<Int64Array>()),
                    Arc::new(
                        kept.iter().map(|(_, k)| values.get(*k).copied().unwrap_or(f32::NAN)).collect::<Float32Array>(),
                    ),
                ];
                writer.write(&RecordBatch::try_new(Arc::clone(&schema), columns)?)?;
            }
        }
        Ok::<(), WorkerError>(())
    };
    for_each_part(blocks, input, |block, part| {
        if let Some((open, parts)) = found.take_if(|(open, _)| *open != block) {
            write(open, parts)?;
        }
        found.get_or_insert_with(|| (block, Vec::new())).1.push(part);
        Ok(())
    })?;
    if let Some((block, parts)) = found.take() {
        write(block, parts)?;
    }
    Ok(writer.finish()?)
}
