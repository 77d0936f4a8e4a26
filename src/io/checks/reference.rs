//! What a check needs of the graph that a bundle was made from, kept beside the bundle: `NAME.reference`.
//!
//! ```text
//! file        safetensors, with the metadata
//!   format    "unifews-reference/1"
//!   numbers   JSON: program, bundle (SHA-256 of its manifest, which has those of graph, labels and model), where the graph was read, and
//!             all that is no array
//!   sha256    of the text of `numbers`, of a line for every array, sorted (name, type, shape), and of all values behind the header
//! arrays      indptr (U64), indices (U32): the entries; rows (U64): a hash of every node's features; ids (U8), id_ends (U64): the ids in
//!             UTF-8, one behind the other, and where each ends. For every pass p and step s: p.s.cells (U32), p.s.counts (U64): message
//!             norms in the grid; p.s.sent (F32); p.confidence (F32)
//! ```
//! A file of another bundle, of another version of the program or with one changed byte is not used.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{beside, hash_of_manifest};
use crate::engine::carry::Snapshot;
use crate::engine::graph::Topology;
use crate::engine::monitor::{Histogram, Reference, Sketches, ThresholdedConfidence};
use crate::engine::score::Score;
use crate::io::atomic::write_atomic;
use crate::io::bundle::Manifest;
use crate::io::file::read_whole;
use crate::io::model::{TensorBytes, encode_tensors};
use crate::io::report::{ExportError, FeatureColumn, LoadError};
use crate::io::text::shortened;
use crate::io::{entrance, reading, sha256};

/// Name and version of the format.
pub const REFERENCE_FORMAT: &str = "unifews-reference/1";

/// Larger files are not read, bytes: some hundred million entries.
const MAX_BYTES: u64 = 4 << 30;

/// A reference, and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptReference {
    /// The graph as it was named, where the bundle's own place was not meant.
    pub source: Option<String>,
    /// The columns of its features, where they have names.
    pub columns: Vec<FeatureColumn>,
    /// What a check needs.
    pub reference: Reference,
}

/// All of a file but its arrays.
#[derive(Debug, Serialize, Deserialize)]
struct Numbers {
    program: String,
    bundle: String,
    source: Option<String>,
    columns: Vec<FeatureColumn>,
    width: usize,
    is_multi: bool,
    n_held_out: usize,
    n_alike: Option<usize>,
    estimate: Option<Estimate>,
    score: Score,
    /// Bits of the sums of message norms of every step.
    pruned: Vec<u64>,
    unpruned: Option<Vec<u64>>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Estimate {
    threshold_bits: u32,
    n_nodes: usize,
    accuracy: f64,
}

/// Where the reference of a bundle lies.
pub fn reference_path(bundle: &Path) -> PathBuf {
    beside(bundle, "reference")
}

/// Writes the reference of a bundle. The same one gives the same bytes.
///
/// # Errors
/// [`ExportError`] where the folder cannot be written.
pub fn write_reference(bundle: &Path, manifest: &Manifest, kept: &KeptReference) -> Result<(), ExportError> {
    let KeptReference { source, columns, reference } = kept;
    let mut arrays = Vec::new();
    let mut put = |name: &str, dtype, bytes: Vec<u8>, size: usize| {
        arrays.push(TensorBytes { name: name.to_owned(), dtype, shape: vec![bytes.len() / size], bytes });
    };
    let words = |values: &mut dyn Iterator<Item = u64>| values.flat_map(u64::to_le_bytes).collect::<Vec<u8>>();
    let snapshot = &reference.snapshot;
    put("indptr", "U64", words(&mut snapshot.topology.indptr().iter().map(|at| *at as u64)), 8);
    put("indices", "U32", snapshot.topology.indices().iter().flat_map(|v| v.to_le_bytes()).collect(), 4);
    put("rows", "U64", words(&mut snapshot.row_hashes.iter().copied()), 8);
    if let Some(ids) = &snapshot.node_ids {
        put("ids", "U8", ids.concat().into_bytes(), 1);
        let mut end = 0;
        let mut ends = ids.iter().map(|id| {
            end += id.len() as u64;
            end
        });
        put("id_ends", "U64", words(&mut ends), 8);
    }
    for (pass, sketches) in [("pruned", Some(&reference.pruned)), ("unpruned", reference.unpruned.as_ref())] {
        let Some(Sketches { messages, sent, confidence }) = sketches else { continue };
        let floats = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
        for (step, (messages, sent)) in messages.iter().zip(sent).enumerate() {
            let (cells, counts) = messages.cells();
            put(&format!("{pass}.{step}.cells"), "U32", cells.iter().flat_map(|v| v.to_le_bytes()).collect(), 4);
            put(&format!("{pass}.{step}.counts"), "U64", words(&mut counts.into_iter()), 8);
            put(&format!("{pass}.{step}.sent"), "F32", floats(sent), 4);
        }
        put(&format!("{pass}.confidence"), "F32", floats(confidence), 4);
    }
    let sums = |of: &Sketches| of.messages.iter().map(|messages| messages.sum().to_bits()).collect();
    let numbers = Numbers {
        program: env!("CARGO_PKG_VERSION").to_owned(),
        bundle: hash_of_manifest(manifest),
        source: source.clone(),
        columns: columns.clone(),
        width: snapshot.width,
        is_multi: reference.is_multi,
        n_held_out: reference.n_held_out,
        n_alike: reference.n_alike,
        estimate: reference.estimate.map(|known| Estimate {
            threshold_bits: known.threshold.to_bits(),
            n_nodes: known.n_nodes,
            accuracy: known.accuracy,
        }),
        score: reference.score,
        pruned: sums(&reference.pruned),
        unpruned: reference.unpruned.as_ref().map(sums),
    };
    // Structs of strings and numbers always have a JSON form.
    let numbers = serde_json::to_string(&numbers).unwrap_or_default();
    let names = arrays.iter().map(|array| line_of(&array.name, array.dtype, &array.shape));
    let mut sum = begun_sum(&numbers, names.collect());
    for array in &arrays {
        sum.update(&array.bytes);
    }
    let sum = sha256::hexadecimal(&sum.finalize());
    let metadata = [("format", REFERENCE_FORMAT.to_owned()), ("numbers", numbers), ("sha256", sum)];
    let metadata = metadata.map(|(key, text)| (key.to_owned(), text)).into();
    write_atomic(reference_path(bundle), &encode_tensors(&arrays, &metadata))
}

/// The reference that is kept of a bundle; none where there is none yet.
///
/// # Errors
/// [`LoadError::Content`] for a file that is broken or changed, and for one of another bundle or version of the program.
pub fn read_reference(bundle: &Path, manifest: &Manifest) -> Result<Option<KeptReference>, LoadError> {
    let path = reference_path(bundle);
    if !path.exists() {
        return Ok(None);
    }
    entrance::enter(|| read(&path, &hash_of_manifest(manifest)).map(Some))
}

fn read(path: &Path, bundle: &str) -> Result<KeptReference, LoadError> {
    let bytes = read_whole(path, MAX_BYTES)?;
    let fault = |place: &str, expected: &str, found: &str| LoadError::content(path, place, expected, shortened(found));
    let broken =
        |error: safetensors::SafeTensorError| fault("whole file", "a reference (safetensors)", &error.to_string());
    let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let (n_header, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let metadata = header.metadata().as_ref();
    let text = |key: &str| metadata.and_then(|metadata| metadata.get(key)).map_or("", String::as_str);
    if text("format") != REFERENCE_FORMAT {
        return Err(fault("metadata format", REFERENCE_FORMAT, text("format")));
    }
    let names =
        header.tensors().into_iter().map(|(name, info)| line_of(&name, format!("{:?}", info.dtype), &info.shape));
    let mut sum = begun_sum(text("numbers"), names.collect());
    sum.update(bytes.get(8 + n_header..).unwrap_or_default());
    if sha256::hexadecimal(&sum.finalize()) != text("sha256") {
        return Err(fault("whole file", "the SHA-256 that it names", "another: the file was changed or is broken"));
    }
    let numbers: Numbers = serde_json::from_str(text("numbers"))
        .map_err(|error| fault("metadata numbers", "those of a reference", &error.to_string()))?;
    if numbers.program != env!("CARGO_PKG_VERSION") {
        let expected = concat!("version ", env!("CARGO_PKG_VERSION"), " of this program");
        return Err(fault("metadata numbers", expected, &format!("version {}", numbers.program)));
    }
    if numbers.bundle != bundle {
        return Err(fault("metadata numbers", "a reference of this bundle", "one of another, or of what it was"));
    }
    reading::check()?;
    let reference = Decoder { path, file }.reference(&numbers)?;
    reference.check().map_err(|error| LoadError::invalid(path, error))?;
    Ok(KeptReference { source: numbers.source, columns: numbers.columns, reference })
}

/// What is hashed of an array beside its values.
fn line_of(name: &str, dtype: impl std::fmt::Display, shape: &[usize]) -> String {
    format!("{name} {dtype} {shape:?}\n")
}

/// The sum before the values.
fn begun_sum(numbers: &str, mut names: Vec<String>) -> Sha256 {
    names.sort();
    let mut sum = Sha256::new();
    sum.update(numbers.as_bytes());
    sum.update(names.concat());
    sum
}

struct Decoder<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
}

impl<'a> Decoder<'a> {
    fn bytes(&self, name: &str, dtype: Dtype) -> Result<&'a [u8], LoadError> {
        let fault = |found: String| LoadError::content(self.path, name, format!("a list of {dtype:?}"), found);
        let Ok(view) = self.file.tensor(name) else { return Err(fault("no array".to_owned())) };
        if view.dtype() != dtype || view.shape().len() != 1 {
            return Err(fault(format!("{:?} of shape {:?}", view.dtype(), view.shape())));
        }
        reading::ask_values(self.path, name, view.data().len(), 1)?;
        Ok(view.data())
    }

    fn words(&self, name: &str) -> Result<Vec<u64>, LoadError> {
        let (words, _) = self.bytes(name, Dtype::U64)?.as_chunks::<8>();
        Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
    }

    fn halves(&self, name: &str) -> Result<Vec<u32>, LoadError> {
        let (halves, _) = self.bytes(name, Dtype::U32)?.as_chunks::<4>();
        Ok(halves.iter().map(|half| u32::from_le_bytes(*half)).collect())
    }

    fn floats(&self, name: &str) -> Result<Vec<f32>, LoadError> {
        let (floats, _) = self.bytes(name, Dtype::F32)?.as_chunks::<4>();
        Ok(floats.iter().map(|float| f32::from_le_bytes(*float)).collect())
    }

    fn reference(&self, numbers: &Numbers) -> Result<Reference, LoadError> {
        let invalid = |error| LoadError::invalid(self.path, error);
        let indptr = self.words("indptr")?.into_iter().map(|at| usize::try_from(at).unwrap_or(usize::MAX)).collect();
        let topology = Topology::try_new_while(indptr, self.halves("indices")?, reading::check_engine);
        let snapshot = Snapshot {
            node_ids: self.file.names().contains(&"ids").then(|| self.ids()).transpose()?,
            topology: topology.map_err(invalid)?,
            width: numbers.width,
            row_hashes: self.words("rows")?,
        };
        let estimate = numbers.estimate.as_ref().map(|known| ThresholdedConfidence {
            threshold: f32::from_bits(known.threshold_bits),
            n_nodes: known.n_nodes,
            accuracy: known.accuracy,
        });
        Ok(Reference {
            snapshot,
            is_multi: numbers.is_multi,
            n_held_out: numbers.n_held_out,
            pruned: self.sketches("pruned", &numbers.pruned)?,
            unpruned: numbers.unpruned.as_ref().map(|sums| self.sketches("unpruned", sums)).transpose()?,
            n_alike: numbers.n_alike,
            estimate,
            score: numbers.score,
        })
    }

    fn ids(&self) -> Result<Vec<String>, LoadError> {
        let fault = |found: &str| LoadError::content(self.path, "ids", "texts in UTF-8 and where each ends", found);
        let text = std::str::from_utf8(self.bytes("ids", Dtype::U8)?).map_err(|_wrong| fault("other bytes"))?;
        let mut begin = 0;
        let id = |end: u64| {
            let end = usize::try_from(end).ok()?;
            let id = text.get(begin..end)?;
            begin = end;
            Some(id.to_owned())
        };
        let ids: Option<Vec<String>> = self.words("id_ends")?.into_iter().map(id).collect();
        ids.ok_or_else(|| fault("an end that is none"))
    }

    fn sketches(&self, pass: &str, sums: &[u64]) -> Result<Sketches, LoadError> {
        let (mut messages, mut sent) = (Vec::new(), Vec::new());
        for (step, sum) in sums.iter().enumerate() {
            let cells = self.halves(&format!("{pass}.{step}.cells"))?;
            let counts = self.words(&format!("{pass}.{step}.counts"))?;
            let histogram = Histogram::try_new(&cells, &counts, f64::from_bits(*sum));
            messages.push(histogram.map_err(|error| LoadError::invalid(self.path, error))?);
            sent.push(self.floats(&format!("{pass}.{step}.sent"))?);
        }
        Ok(Sketches { messages, sent, confidence: self.floats(&format!("{pass}.confidence"))? })
    }
}
