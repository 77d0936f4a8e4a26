//! Models in ONNX files: the initialisers of the graph.
//!
//! ```text
//! file         = ModelProto (protobuf), field 7 = GraphProto: field 1 = nodes, field 5 = initialisers
//! initialiser  = TensorProto: dims, data_type, name, and values as raw_data (little-endian) or in a typed field
//! ```
//! Which way a matrix lies is said by the node that multiplies with it, not by its name: `Gemm` with `transB=1` has `[out, in]` as
//! PyTorch, `MatMul` and `Gemm` without have `[in, out]`. An exporter that turned a matrix ahead of time gave it a name of its own
//! (`onnx::MatMul_12`); its layer is then read off the node's name (`/convs.0/lin/MatMul`).
//!
//! What is never allocated: more than 512 bytes for each byte of the file (an empty node takes two bytes there).

use std::collections::BTreeMap;
use std::path::Path;

use ndarray::ArrayD;
use prost::Message as _;

use super::State;
use super::dialect::multiplies_from_the_right;
use crate::io::file::read_whole;
use crate::io::npy::{Array, Layout};
use crate::io::onnx::{ModelProto, NodeProto, TensorProto};
use crate::io::recipe::shortened;
use crate::io::report::{LoadError, LoadReport};

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
    let model = ModelProto::decode(&bytes[..])
        .map_err(|error| LoadError::content(path, "whole file", "an ONNX model", shortened(&error.to_string())))?;
    drop(bytes);
    let mut report = LoadReport::new("ONNX", path.display().to_string());
    let graph = model.graph.ok_or_else(|| LoadError::content(path, "model", "a graph", "none"))?;
    if !model.producer_name.is_empty() {
        report.fact("written by", shortened(&model.producer_name));
    }
    let uses = uses(&graph.node, path)?;
    let mut tensors = BTreeMap::new();
    for tensor in graph.initializer {
        let name = tensor.name.clone();
        // Shapes and indices of reshaping and slicing nodes.
        let is_helper = !name.contains('.') && !uses.contains_key(&name);
        if is_helper || tensor.dims.contains(&0) {
            report.ignored.push(shortened(&name));
            continue;
        }
        let mut values = values(tensor, path)?;
        let target = match uses.get(&name) {
            Some(used) if !name.ends_with("weight") && !name.ends_with("weight1") => {
                // A matrix that the exporter named itself, as the node multiplies with it.
                let target = format!("{}.weight", used.layer);
                if !used.is_transposed {
                    values = turned(values);
                }
                report.fact("named after its node", format!("{} → {target}", shortened(&name)));
                target
            }
            Some(used) if !used.is_transposed && !multiplies_from_the_right(&name) => {
                values = turned(values);
                report.fact("transposed, because it is multiplied from the right", shortened(&name));
                name
            }
            _ => name,
        };
        if tensors.insert(target.clone(), values).is_some() {
            return Err(LoadError::content(path, format!("tensor {}", shortened(&target)), "one of that name", "two"));
        }
    }
    Ok(State { tensors, modules: Vec::new(), report })
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

/// A tensor's values as 32-bit floats.
fn values(tensor: TensorProto, path: &Path) -> Result<ArrayD<f32>, LoadError> {
    let place = format!("tensor {}", shortened(&tensor.name));
    let fault = |expected: &str, found: String| LoadError::content(path, &place, expected, found);
    if tensor.data_location == 1 {
        return Err(fault("values in the same file", "values in a file of their own (external data)".into()));
    }
    let shape: Option<Vec<usize>> = tensor.dims.iter().map(|d| usize::try_from(*d).ok()).collect();
    let shape = shape.ok_or_else(|| fault("lengths of at least 0", format!("{:?}", tensor.dims)))?;
    // Number and NumPy's name of every real type of 8 to 64 bits.
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
        16 => ("bf16", 2),
        other => return Err(fault("real numbers of 8 to 64 bits", format!("data type {other}"))),
    };
    let mut bytes = tensor.raw_data;
    if bytes.is_empty() {
        bytes = match descr {
            "<f4" => tensor.float_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            "<f8" => tensor.double_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            "<i8" => tensor.int64_data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            // Smaller types have a word of 32 bits each.
            _ => tensor.int32_data.iter().flat_map(|v| v.to_le_bytes().into_iter().take(size)).collect(),
        };
    }
    let (descr, bytes) = match descr {
        "bf16" => ("<f4", bytes.as_chunks::<2>().0.iter().flat_map(|[low, high]| [0, 0, *low, *high]).collect()),
        _ => (descr, bytes),
    };
    Array::from_values(path, place, Layout { descr, is_fortran: false, shape }, bytes)?.to_f32_tensor()
}
