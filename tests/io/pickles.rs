//! Pickles and PyTorch files made on the spot, whole ones and broken ones.

use std::io::{Cursor, Read as _, Write as _};

use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// The instructions that make a value.
pub(crate) type Value = Vec<u8>;

pub(crate) fn int(value: impl std::fmt::Display) -> Value {
    format!("I{value}\n").into_bytes()
}

pub(crate) fn string(text: &str) -> Value {
    let length = u32::try_from(text.len()).expect("a short text").to_le_bytes();
    [b"X", &length[..], text.as_bytes()].concat()
}

pub(crate) fn tuple(values: &[Value]) -> Value {
    [b"(".to_vec(), values.concat(), b"t".to_vec()].concat()
}

pub(crate) fn ints(values: &[u64]) -> Value {
    tuple(&values.iter().map(int).collect::<Vec<_>>())
}

pub(crate) fn dict(pairs: &[(&str, Value)]) -> Value {
    let pairs: Vec<u8> = pairs.iter().flat_map(|(key, value)| [string(key), value.clone()].concat()).collect();
    [b"}(".to_vec(), pairs, b"u".to_vec()].concat()
}

pub(crate) fn global(module: &str, name: &str) -> Value {
    format!("c{module}\n{name}\n").into_bytes()
}

pub(crate) fn call(function: Value, args: &[Value]) -> Value {
    [function, tuple(args), b"R".to_vec()].concat()
}

pub(crate) fn with_state(object: Value, state: Value) -> Value {
    [object, state, b"b".to_vec()].concat()
}

/// A whole pickle of protocol 2.
pub(crate) fn pickle(value: &[u8]) -> Vec<u8> {
    [b"\x80\x02", value, b"."].concat()
}

/// A tensor of `class` (`FloatStorage`) on storage `key`, which is said to have `n` values.
pub(crate) fn tensor(class: &str, key: &str, n: u64, offset: u64, size: &[u64], stride: &[u64]) -> Value {
    let storage = tuple(&[string("storage"), global("torch", class), string(key), string("cpu"), int(n)]);
    let hooks = call(global("collections", "OrderedDict"), &[]);
    let args = [[storage, b"Q".to_vec()].concat(), int(offset), ints(size), ints(stride), b"\x89".to_vec(), hooks];
    call(global("torch._utils", "_rebuild_tensor_v2"), &args)
}

/// A PyTorch archive with this object and these storages.
pub(crate) fn archive(object: &[u8], storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut entries = vec![("m/data.pkl".to_owned(), pickle(object))];
    entries.extend(storages.iter().map(|(key, bytes)| (format!("m/data/{key}"), bytes.clone())));
    zipped(&entries, CompressionMethod::Stored)
}

pub(crate) fn zipped(entries: &[(String, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive.start_file(name, SimpleFileOptions::default().compression_method(method)).expect("an entry");
        archive.write_all(bytes).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}

/// The entries of an archive.
pub(crate) fn unzipped(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    (0..archive.len())
        .map(|at| {
            let mut entry = archive.by_index(at).expect("an entry");
            let mut body = Vec::new();
            entry.read_to_end(&mut body).expect("its bytes");
            (entry.name().to_owned(), body)
        })
        .collect()
}

/// The little-endian bytes of 64-bit integers.
pub(crate) fn longs(values: &[i64]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// The little-endian bytes of 32-bit floats.
pub(crate) fn singles(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// A field of a protobuf message: a number.
pub(crate) fn varint_field(tag: u8, value: u64) -> Vec<u8> {
    [vec![tag << 3], varint(value)].concat()
}

/// A field of a protobuf message: bytes, text or another message.
pub(crate) fn bytes_field(tag: u8, bytes: &[u8]) -> Vec<u8> {
    [vec![tag << 3 | 2], varint(bytes.len() as u64), bytes.to_vec()].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}
