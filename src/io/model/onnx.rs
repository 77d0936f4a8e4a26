//! Models in ONNX files: the initialisers of the graph.
//!
//! ```text
//! file         = ModelProto (protobuf), field 7 = GraphProto: field 1 = nodes, field 5 = initialisers
//! initialiser  = TensorProto: dims, data_type, name, and values as raw_data (little-endian), in a typed field, or as external data
//! external     = location (a file beside this one, such as model.onnx.data), offset and length in it, both bytes and optional
//! ```
//! Which way a matrix lies is said by the node that multiplies with it, not by its name: `Gemm` with `transB=1` has `[out, in]` as
//! PyTorch, `MatMul` and `Gemm` without have `[in, out]`. An exporter that turned a matrix ahead of time gave it a name of its own
//! (`onnx::MatMul_12`); its layer is then read off the node's name (`/convs.0/lin/MatMul`).
//!
//! What is never allocated: more than 512 bytes for each byte of the file (an empty node takes two bytes there), and four times the
//! bytes of the files with external data; and nothing that was not asked for before.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Component, Path};

use super::dialect::multiplies_from_the_right;
use super::state::State;
use crate::io::file::{Claimed, open, read_claimed, read_whole};
use crate::io::narrow;
use crate::io::npy::{Array, Layout};
use crate::io::onnx::{NodeProto, TensorProto, decode};
use crate::io::reading::{self, Pace};
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;
use ndarray::ArrayD;

/// Protobuf ends at 2 GiB.
const MAX_BYTES: u64 = 1 << 31;

/// Whether a file's first bytes are those of a model: its version, a small number, then a field of a `ModelProto`.
pub(crate) fn is_onnx(head: &[u8]) -> bool {
    // Producer, its version, domain, model version, text, graph, imported sets of operators.
    matches!(head, [0x08, 1..=32, 0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42, ..])
}

/// Reads the tensors.
pub(super) fn read(path: &Path) -> Result<State, LoadError> {
    let bytes = read_whole(path, MAX_BYTES)?;
    let model = decode(&bytes, path)?;
    drop(bytes);
    let mut report = LoadReport::new("ONNX", path.display().to_string());
    let graph = model.graph.ok_or_else(|| LoadError::content(path, "model", "a graph", "none"))?;
    if !model.producer_name.is_empty() {
        report.fact("written by", shortened(&model.producer_name));
    }
    let uses = uses(&graph.node, path)?;
    let mut state = State::new(report);
    let mut names = BTreeSet::new();
    let mut outside = External { folder: path.parent().unwrap_or_else(|| Path::new("")), files: BTreeMap::new() };
    for tensor in graph.initializer {
        let name = tensor.name.clone();
        // Shapes and indices of reshaping and slicing nodes.
        let is_helper = !name.contains('.') && !uses.contains_key(&name);
        if is_helper || tensor.dims.contains(&0) {
            state.report.ignored.push(shortened(&name));
            continue;
        }
        let mut values = values(tensor, path, &mut outside);
        let target = match uses.get(&name) {
            Some(used) if !name.ends_with("weight") && !name.ends_with("weight1") => {
                // A matrix that the exporter named itself, as the node multiplies with it.
                let target = format!("{}.weight", used.layer);
                if !used.is_transposed {
                    values = values.map(turned);
                }
                state.report.fact("named after its node", format!("{} → {target}", shortened(&name)));
                target
            }
            Some(used) if !used.is_transposed && !multiplies_from_the_right(&name) => {
                values = values.map(turned);
                state.report.fact("transposed, because it is multiplied from the right", shortened(&name));
                name
            }
            _ => name,
        };
        if !names.insert(target.clone()) {
            return Err(LoadError::content(path, format!("tensor {}", shortened(&target)), "one of that name", "two"));
        }
        if let Err(Missing::Values(error)) = values {
            return Err(error);
        }
        state.take(&target, values.map_err(Missing::into_error))?;
    }
    for (location, (size, _)) in outside.files {
        state.report.fact("values in", format!("{} ({size} bytes)", shortened(&location)));
    }
    Ok(state)
}

/// Why a tensor has no values.
enum Missing {
    /// They are of a type that is not read.
    Type(LoadError),
    /// They are not where they should be.
    Values(LoadError),
}

impl Missing {
    fn into_error(self) -> LoadError {
        let (Self::Type(error) | Self::Values(error)) = self;
        error
    }
}

/// Files with values beside the model's.
struct External<'a> {
    folder: &'a Path,
    /// Name → size and how many bytes may still be read, so that tensors that share values do not grow without end.
    files: BTreeMap<String, (u64, u64)>,
}

impl External<'_> {
    /// The `n_bytes` of a tensor.
    fn read(&mut self, tensor: &TensorProto, n_bytes: u64, path: &Path, place: &str) -> Result<Vec<u8>, LoadError> {
        let fault = |expected: String, found: String| LoadError::content(path, place, expected, found);
        let entry =
            |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let location = entry("location").unwrap_or("");
        let number = |key: &str, default: u64| match entry(key) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_error| fault(format!("a number of bytes as {key}"), shortened(text))),
        };
        let (offset, length) = (number("offset", 0)?, number("length", n_bytes)?);
        // Some other file of the machine is none of the model's.
        let is_beside =
            Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if location.is_empty() || !is_beside {
            let expected = "external data in a file beside the model, named without .. or a leading /";
            return Err(fault(expected.to_owned(), format!("{:?}", shortened(location))));
        }
        if length != n_bytes {
            return Err(fault(format!("{n_bytes} bytes of external data"), format!("a length of {length}")));
        }
        let file_path = self.folder.join(location);
        let mut file = match open(&file_path) {
            Ok(file) => file,
            Err(LoadError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                let expected = format!(
                    "its values in the file {} beside the model (external data: keep both together)",
                    shortened(location)
                );
                return Err(fault(expected, "no such file".to_owned()));
            }
            Err(error) => return Err(error),
        };
        let size = file.metadata().map_err(|source| LoadError::io("read", &file_path, source))?.len();
        let (_, left) = self.files.entry(location.to_owned()).or_insert_with(|| (size, size.saturating_mul(4)));
        if offset.checked_add(n_bytes).is_none_or(|end| end > size) || n_bytes > *left {
            let expected = format!("{n_bytes} bytes from byte {offset} of {}", shortened(location));
            return Err(fault(expected, format!("a file of {size} bytes")));
        }
        *left -= n_bytes;
        let read_fault = |source| LoadError::io("read", &file_path, source);
        file.seek(SeekFrom::Start(offset)).map_err(read_fault)?;
        let claimed = Claimed { n_bytes, believed: n_bytes, most: n_bytes };
        let bytes = read_claimed(file.take(n_bytes), claimed, &file_path, place, read_fault)?;
        if bytes.len() as u64 == n_bytes {
            return Ok(bytes);
        }
        // Somebody cut it off in the meantime.
        Err(fault(format!("{n_bytes} bytes of external data"), format!("{} and the end of the file", bytes.len())))
    }
}

/// How a matrix is multiplied with.
struct Use {
    /// Name of the layer, off the node's name.
    layer: String,
    /// Whether it is turned before it is multiplied with.
    is_transposed: bool,
}

/// Every tensor that is the second factor of a product.
fn uses(nodes: &[NodeProto], path: &Path) -> Result<BTreeMap<String, Use>, LoadError> {
    let mut uses = BTreeMap::new();
    for node in nodes {
        let is_gemm = node.op_type == "Gemm";
        let Some(second) = node.input.get(1).filter(|_| is_gemm || node.op_type == "MatMul") else { continue };
        let whole = |name: &str| node.attribute.iter().find(|a| a.name == name).map(|a| a.i);
        let factor = |name: &str| node.attribute.iter().find(|a| a.name == name).map_or(1.0, |a| a.f);
        let is_plain = (factor("alpha") - 1.0).abs() < f32::EPSILON && (factor("beta") - 1.0).abs() < f32::EPSILON;
        if is_gemm && !(is_plain && whole("transA").unwrap_or(0) == 0) {
            let place = format!("node {}", shortened(&node.name));
            return Err(LoadError::content(path, place, "Gemm with alpha 1, beta 1 and transA 0", "other factors"));
        }
        let layer = node.name.rsplit_once('/').map_or("", |(layer, _)| layer).trim_matches('/').replace('/', ".");
        let is_transposed = is_gemm && whole("transB").unwrap_or(0) != 0;
        uses.entry(second.clone()).or_insert(Use { layer, is_transposed });
    }
    Ok(uses)
}

fn turned(values: ArrayD<f32>) -> ArrayD<f32> {
    values.reversed_axes().as_standard_layout().into_owned()
}

/// The first `size` bytes of each value.
fn bytes_of<T: Copy, const N: usize>(
    values: &[T],
    to_bytes: impl Fn(T) -> [u8; N],
    size: usize,
) -> Result<Vec<u8>, LoadError> {
    let mut bytes = Vec::with_capacity(values.len().saturating_mul(size));
    for step in values.chunks(Pace::STEP) {
        reading::check()?;
        for value in step {
            bytes.extend(to_bytes(*value).iter().take(size));
        }
    }
    Ok(bytes)
}

/// A tensor's values as 32-bit floats.
fn values(mut tensor: TensorProto, path: &Path, outside: &mut External<'_>) -> Result<ArrayD<f32>, Missing> {
    let place = format!("tensor {}", shortened(&tensor.name));
    let fault = |expected: &str, found: String| LoadError::content(path, &place, expected, found);
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|d| usize::try_from(*d).ok()).collect();
    let shape = shape.ok_or_else(|| Missing::Values(fault("lengths of at least 0", format!("{:?}", tensor.dims))))?;
    // Number and name of every real type of 8 to 64 bits.
    let (descr, size) = match tensor.data_type {
        1 => ("<f4", 4),
        2 => ("|u1", 1),
        3 => ("|i1", 1),
        4 => ("<u2", 2),
        5 => ("<i2", 2),
        6 => ("<i4", 4),
        7 => ("<i8", 8),
        9 => ("|b1", 1),
        10 => ("<f2", 2),
        11 => ("<f8", 8),
        12 => ("<u4", 4),
        13 => ("<u8", 8),
        16 => (narrow::BF16, 2),
        17 => (narrow::E4M3FN, 1),
        18 => (narrow::E4M3FNUZ, 1),
        19 => (narrow::E5M2, 1),
        20 => (narrow::E5M2FNUZ, 1),
        24 => (narrow::E8M0FNU, 1),
        other => return Err(Missing::Type(fault("real numbers of 8 to 64 bits", format!("data type {other}")))),
    };
    let mut bytes = std::mem::take(&mut tensor.raw_data);
    if tensor.data_location == 1 {
        let n_bytes = shape.iter().try_fold(size as u64, |n, d| n.checked_mul(*d as u64));
        let n_bytes = n_bytes.ok_or_else(|| Missing::Values(fault("fewer values", format!("shape {shape:?}"))))?;
        bytes = outside.read(&tensor, n_bytes, path, &place).map_err(Missing::Values)?;
    } else if bytes.is_empty() {
        let words = match descr {
            "<f4" => bytes_of(&tensor.float_data, f32::to_le_bytes, size),
            "<f8" => bytes_of(&tensor.double_data, f64::to_le_bytes, size),
            "<i8" => bytes_of(&tensor.int64_data, i64::to_le_bytes, size),
            "<u4" | "<u8" => bytes_of(&tensor.uint64_data, u64::to_le_bytes, size),
            // Smaller types have a word of 32 bits each.
            _ => bytes_of(&tensor.int32_data, i32::to_le_bytes, size),
        };
        bytes = words.map_err(Missing::Values)?;
    }
    let (descr, bytes) = narrow::widened(descr, bytes);
    let array = Array::from_values(path, place, Layout { descr, is_fortran: false, shape }, bytes);
    array.and_then(|array| array.to_f32_tensor()).map_err(Missing::Values)
}
