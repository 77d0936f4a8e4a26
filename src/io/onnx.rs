//! The messages of ONNX files.
//!
//! The part of `onnx.proto` (ONNX 1.x, IR 3 and later) that reading and writing networks needs, with the numbers of its fields;
//! `prost` leaves out the rest.

use std::path::Path;

use bytes::Buf;
use prost::Message;

use super::reading;
use super::report::LoadError;
use super::text::shortened;

/// Decodes a file, once there is memory for all that it says it holds, and as long as nobody says stop.
pub(crate) fn decode(file: &[u8], path: &Path) -> Result<ModelProto, LoadError> {
    let n_bytes = Kind::Model.bytes_within(file)?;
    reading::ask(path, n_bytes, || format!("the messages of a file of {} bytes", file.len()))?;
    let model = ModelProto::decode(Watched { rest: file, n_since: 0 });
    reading::check()?;
    model.map_err(|error| LoadError::content(path, "whole file", "an ONNX model", shortened(&error.to_string())))
}

/// Bytes that end once the stop was asked for: what is decoded from them then is thrown away.
struct Watched<'a> {
    rest: &'a [u8],
    n_since: usize,
}

impl Watched<'_> {
    /// Bytes between two looks at the stop button.
    const STEP: usize = 1 << 16;
}

impl Buf for Watched<'_> {
    fn remaining(&self) -> usize {
        self.rest.len()
    }

    fn chunk(&self) -> &[u8] {
        &self.rest[..self.rest.len().min(Self::STEP)]
    }

    fn advance(&mut self, n: usize) {
        self.rest = self.rest.get(n..).unwrap_or_default();
        self.n_since += n;
        if self.n_since >= Self::STEP {
            self.n_since = 0;
            if reading::is_stopped() {
                self.rest = &[];
            }
        }
    }
}

/// Messages that hold others, or lists of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    /// An input or output, in whose few bytes dimensions stand.
    Info,
    /// Texts and bytes; their own length is what they take.
    Leaf,
}

impl Kind {
    /// The message in this field, and what it takes beside its own parts; nothing for a field that is passed over.
    fn field(self, number: u64) -> Option<(Self, usize)> {
        Some(match (self, number) {
            (Self::Model, 7) => (Self::Graph, size_of::<GraphProto>()),
            (Self::Model, 8) => (Self::Leaf, size_of::<OperatorSetIdProto>()),
            (Self::Graph, 1) => (Self::Node, size_of::<NodeProto>()),
            (Self::Graph | Self::Attribute, 5) => (Self::Tensor, size_of::<TensorProto>()),
            (Self::Graph, 11 | 12) => (Self::Info, size_of::<ValueInfoProto>()),
            (Self::Node, 1 | 2) => (Self::Leaf, size_of::<String>()),
            (Self::Node, 5) => (Self::Attribute, size_of::<AttributeProto>()),
            (Self::Tensor, 13) => (Self::Leaf, size_of::<StringStringEntryProto>()),
            (Self::Leaf | Self::Info, _) => return None,
            _ => (Self::Leaf, 0),
        })
    }

    /// Bytes of a number in a list; numbers are stored in as little as one byte.
    fn number_bytes(self, number: u64) -> u64 {
        match (self, number) {
            (Self::Tensor, 1 | 7 | 10 | 11) => 8,
            (Self::Tensor, 4 | 5) => 4,
            _ => 0,
        }
    }

    /// What a message of this kind takes in memory, at most: lists grow to twice their length. Ends where the bytes are no message.
    fn bytes_within(self, mut rest: &[u8]) -> Result<u64, LoadError> {
        let mut n_bytes = 0u64;
        let mut pace = reading::Pace::default();
        while let Some(tag) = varint(&mut rest) {
            pace.step(64)?;
            let number = tag >> 3;
            match tag & 7 {
                0 => {
                    varint(&mut rest);
                    n_bytes += 2 * self.number_bytes(number);
                }
                1 => {
                    rest = rest.get(8..).unwrap_or_default();
                    n_bytes += 2 * self.number_bytes(number);
                }
                5 => {
                    rest = rest.get(4..).unwrap_or_default();
                    n_bytes += 2 * self.number_bytes(number);
                }
                2 => {
                    let length = varint(&mut rest).and_then(|n| usize::try_from(n).ok());
                    let Some((inner, after)) = length.and_then(|n| rest.split_at_checked(n)) else { break };
                    rest = after;
                    n_bytes = n_bytes.saturating_add(match self.number_bytes(number) {
                        0 => match self.field(number) {
                            Some((Self::Leaf, size)) => (2 * size + inner.len()) as u64,
                            // Whatever stands in it: a dimension takes two bytes or more.
                            Some((Self::Info, size)) => {
                                let dimensions = inner.len().saturating_mul(size_of::<DimensionProto>());
                                (2 * size).saturating_add(dimensions) as u64
                            }
                            Some((kind, size)) => (2 * size as u64).saturating_add(kind.bytes_within(inner)?),
                            None => 0,
                        },
                        // Fixed words are as long as they are; others are counted by their last bytes.
                        _ if matches!(number, 4 | 10) => 2 * inner.len() as u64,
                        size => {
                            let mut n = 0u64;
                            for step in inner.chunks(reading::Pace::STEP) {
                                reading::check()?;
                                n += step.iter().filter(|byte| **byte < 0x80).count() as u64;
                            }
                            2 * size * n
                        }
                    });
                }
                _ => break,
            }
        }
        Ok(n_bytes)
    }
}

/// A number of a variable number of bytes; nothing at the end.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for at in 0..10 {
        let byte = *rest.get(at)?;
        value |= u64::from(byte & 0x7f).checked_shl(7 * at as u32).unwrap_or_default();
        if byte < 0x80 {
            *rest = &rest[at + 1..];
            return Some(value);
        }
    }
    None
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct ModelProto {
    #[prost(int64, tag = "1")]
    pub(crate) ir_version: i64,
    #[prost(string, tag = "2")]
    pub(crate) producer_name: String,
    #[prost(string, tag = "3")]
    pub(crate) producer_version: String,
    #[prost(message, optional, tag = "7")]
    pub(crate) graph: Option<GraphProto>,
    #[prost(message, repeated, tag = "8")]
    pub(crate) opset_import: Vec<OperatorSetIdProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct GraphProto {
    #[prost(message, repeated, tag = "1")]
    pub(crate) node: Vec<NodeProto>,
    #[prost(string, tag = "2")]
    pub(crate) name: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) initializer: Vec<TensorProto>,
    #[prost(string, tag = "10")]
    pub(crate) doc_string: String,
    #[prost(message, repeated, tag = "11")]
    pub(crate) input: Vec<ValueInfoProto>,
    #[prost(message, repeated, tag = "12")]
    pub(crate) output: Vec<ValueInfoProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct NodeProto {
    #[prost(string, repeated, tag = "1")]
    pub(crate) input: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(crate) output: Vec<String>,
    #[prost(string, tag = "3")]
    pub(crate) name: String,
    #[prost(string, tag = "4")]
    pub(crate) op_type: String,
    #[prost(message, repeated, tag = "5")]
    pub(crate) attribute: Vec<AttributeProto>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct AttributeProto {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(float, tag = "2")]
    pub(crate) f: f32,
    #[prost(int64, tag = "3")]
    pub(crate) i: i64,
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) s: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    pub(crate) t: Option<TensorProto>,
    /// 1 a float, 2 an integer, 3 a text, 4 a tensor.
    #[prost(int32, tag = "20")]
    pub(crate) r#type: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct TensorProto {
    #[prost(int64, repeated, tag = "1")]
    pub(crate) dims: Vec<i64>,
    #[prost(int32, tag = "2")]
    pub(crate) data_type: i32,
    #[prost(float, repeated, tag = "4")]
    pub(crate) float_data: Vec<f32>,
    #[prost(int32, repeated, tag = "5")]
    pub(crate) int32_data: Vec<i32>,
    #[prost(int64, repeated, tag = "7")]
    pub(crate) int64_data: Vec<i64>,
    #[prost(string, tag = "8")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "9")]
    pub(crate) raw_data: Vec<u8>,
    #[prost(double, repeated, tag = "10")]
    pub(crate) double_data: Vec<f64>,
    #[prost(uint64, repeated, tag = "11")]
    pub(crate) uint64_data: Vec<u64>,
    /// Where they lie there: `location`, `offset`, `length`.
    #[prost(message, repeated, tag = "13")]
    pub(crate) external_data: Vec<StringStringEntryProto>,
    /// 1 where the values lie in a file of their own.
    #[prost(int32, tag = "14")]
    pub(crate) data_location: i32,
}

/// A key and its value.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct StringStringEntryProto {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}

/// Which version of the operators a file uses.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct OperatorSetIdProto {
    #[prost(string, tag = "1")]
    pub(crate) domain: String,
    #[prost(int64, tag = "2")]
    pub(crate) version: i64,
}

/// An input or output.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct ValueInfoProto {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) r#type: Option<TypeProto>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct TypeProto {
    #[prost(message, optional, tag = "1")]
    pub(crate) tensor_type: Option<TensorTypeProto>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct TensorTypeProto {
    #[prost(int32, tag = "1")]
    pub(crate) elem_type: i32,
    #[prost(message, optional, tag = "2")]
    pub(crate) shape: Option<ShapeProto>,
}

#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct ShapeProto {
    #[prost(message, repeated, tag = "1")]
    pub(crate) dim: Vec<DimensionProto>,
}

/// A length, or the name of one that is not fixed.
#[derive(Clone, PartialEq, Eq, Message)]
pub(crate) struct DimensionProto {
    #[prost(int64, optional, tag = "1")]
    pub(crate) dim_value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(crate) dim_param: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::control::{Canceller, Control};
    use crate::io::entrance;
    use crate::io::memory::MemoryBudget;

    /// What the messages of a model take, told by a file.
    fn told(model: &ModelProto) -> u64 {
        Kind::Model.bytes_within(&model.encode_to_vec()).expect("nobody stops it")
    }

    #[test]
    fn what_a_file_says_it_holds_is_known_before_it_is_decoded() {
        let with = |graph: GraphProto| ModelProto { graph: Some(graph), ..ModelProto::default() };
        // Empty nodes take two bytes in the file and far more in memory.
        let nodes = with(GraphProto { node: vec![NodeProto::default(); 1000], ..GraphProto::default() });
        assert!(told(&nodes) >= 1000 * size_of::<NodeProto>() as u64, "{}", told(&nodes));
        let numbers = TensorProto { int64_data: vec![1; 1000], ..TensorProto::default() };
        let numbers = with(GraphProto { initializer: vec![numbers], ..GraphProto::default() });
        assert!(told(&numbers) >= 8000, "{}", told(&numbers));
        // Values as bytes are what they are.
        let raw = TensorProto { raw_data: vec![1; 1 << 20], ..TensorProto::default() };
        let raw = with(GraphProto { initializer: vec![raw], ..GraphProto::default() });
        assert!((1 << 20..(1 << 20) + 4096).contains(&told(&raw)), "{}", told(&raw));
        // Neither cut off nor nested without end.
        let bytes = nodes.encode_to_vec();
        for n in 0..bytes.len() {
            assert!(Kind::Model.bytes_within(&bytes[..n]).is_ok());
        }
        let ctl = Control::new(1).expect("a worker");
        let refused = entrance::within(&ctl, MemoryBudget::of_each(64 << 10), || {
            decode(&nodes.encode_to_vec(), Path::new("x.onnx")).map(drop)
        });
        assert!(matches!(refused, Err(LoadError::TooLarge { .. })), "{refused:?}");
    }

    #[test]
    fn decoding_stops_in_the_middle_of_a_tensor() {
        let tensor = TensorProto { raw_data: vec![7; 8 << 20], ..TensorProto::default() };
        let graph = GraphProto { initializer: vec![tensor], ..GraphProto::default() };
        let bytes = ModelProto { graph: Some(graph), ..ModelProto::default() }.encode_to_vec();
        let looks = |canceller: Canceller| {
            let ctl = Control::new(1).expect("a worker").with_canceller(canceller);
            let read = entrance::within(&ctl, MemoryBudget::SYSTEM, || decode(&bytes, Path::new("x.onnx")).map(drop));
            (read, ctl.canceller().n_looks())
        };
        let (read, n_looks) = looks(Canceller::after_looks(usize::MAX));
        assert!(read.is_ok() && n_looks > 100, "{read:?} after {n_looks}");
        for after in (0..n_looks).step_by(9) {
            let (read, n_looked) = looks(Canceller::after_looks(after));
            assert!(matches!(read, Err(LoadError::Cancelled)), "{after}: {read:?}");
            assert!(n_looked <= after + 8, "{after}: looked {n_looked} times");
        }
    }
}
