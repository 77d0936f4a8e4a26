//! Small files made on the spot: arrays, archives, models; whole ones to be broken.

use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use zip::CompressionMethod;
use zip::write::SimpleFileOptions;

/// A folder that vanishes with the test, and files in it.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file, making folders as needed.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        std::fs::File::create(&path).and_then(|mut file| file.write_all(bytes.as_ref())).expect("a written file");
        path
    }
}

/// One text of what becomes of every item.
pub(crate) fn each<T>(items: impl IntoIterator<Item = T>, mut text: impl FnMut(T) -> String) -> String {
    items.into_iter().fold(String::new(), |all, item| all + &text(item))
}

/// A `.npy` file from its header's parts.
pub(crate) fn npy(descr: &str, shape: &[usize], values: &[u8]) -> Vec<u8> {
    let lengths = shape.iter().fold(String::new(), |text, n| text + &n.to_string() + ", ");
    npy_with_header(&format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}"), values)
}

/// A `.npy` file with this header.
pub(crate) fn npy_with_header(header: &str, values: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).expect("a short header");
    [b"\x93NUMPY\x01\x00", &length.to_le_bytes()[..], header.as_bytes(), values].concat()
}

/// A vector of 64-bit integers.
pub(crate) fn ints(values: &[i64]) -> Vec<u8> {
    int_matrix(&[values.len()], values)
}

/// 64-bit integers of any shape.
pub(crate) fn int_matrix(shape: &[usize], values: &[i64]) -> Vec<u8> {
    npy("<i8", shape, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// 32-bit floats of any shape.
pub(crate) fn floats(shape: &[usize], values: &[f32]) -> Vec<u8> {
    npy("<f4", shape, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
}

/// One text.
pub(crate) fn text(text: &str) -> Vec<u8> {
    npy(&format!("|S{}", text.len()), &[], text.as_bytes())
}

/// Arrays by name.
pub(crate) type Arrays = Vec<(&'static str, Vec<u8>)>;

/// An archive of arrays.
pub(crate) fn npz(arrays: &Arrays) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (at, (name, bytes)) in arrays.iter().enumerate() {
        // Both methods that NumPy writes.
        let method = if at % 2 == 0 { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{name}.npy"), options).expect("an entry");
        archive.write_all(bytes).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}

/// The arrays with one of them replaced, added, or (with `None`) left out.
pub(crate) fn with(mut arrays: Arrays, name: &'static str, bytes: Option<Vec<u8>>) -> Arrays {
    arrays.retain(|(other, _)| *other != name);
    arrays.extend(bytes.map(|bytes| (name, bytes)));
    arrays
}

/// Two nodes and one edge in the gnn-benchmark format.
pub(crate) fn gnn_benchmark() -> Arrays {
    vec![
        ("adj_data", floats(&[1], &[1.0])),
        ("adj_indices", ints(&[1])),
        ("adj_indptr", ints(&[0, 1, 1])),
        ("adj_shape", ints(&[2, 2])),
        ("attr_matrix", floats(&[2, 3], &[1.0, 0.0, 2.0, 0.0, 0.5, 0.0])),
        ("labels", ints(&[0, 1])),
    ]
}

/// Three nodes and two edges in the heterophilous format.
pub(crate) fn heterophilous() -> Arrays {
    let mask = |values: &[u8]| npy("|b1", &[1, 3], values);
    vec![
        ("node_features", floats(&[3, 1], &[1.0, 2.0, 3.0])),
        ("node_labels", ints(&[0, 1, -1])),
        ("edges", int_matrix(&[2, 2], &[0, 1, 1, 2])),
        ("train_masks", mask(&[1, 0, 0])),
        ("val_masks", mask(&[0, 1, 0])),
        ("test_masks", mask(&[0, 0, 1])),
    ]
}

/// Two nodes with their self-loops in the samples' format.
pub(crate) fn compact() -> Arrays {
    vec![
        ("format", text("unifews-graph/1")),
        ("name", text("two")),
        ("adj_indptr", ints(&[0, 2, 4])),
        ("adj_indices", ints(&[0, 1, 0, 1])),
        ("feat_indptr", ints(&[0, 1, 2])),
        ("feat_indices", ints(&[4, 0])),
        ("feat_width", int_matrix(&[], &[5])),
        ("labels", ints(&[1, 0])),
        ("split_names", npy("|S2", &[1], b"s1")),
        ("split_0_train", ints(&[0])),
        ("split_0_val", ints(&[])),
        ("split_0_test", ints(&[1])),
    ]
}

/// The adjacency matrix of two nodes with self-loops, for a Unifews folder.
pub(crate) fn adjacency() -> Arrays {
    vec![
        ("indices", ints(&[0, 1, 0, 1])),
        ("indptr", ints(&[0, 2, 4])),
        ("format", text("csr")),
        ("shape", ints(&[2, 2])),
        ("data", npy("|i1", &[4], &[0, 1, 1, 0])),
    ]
}

/// A safetensors file with this header.
pub(crate) fn safetensors(header: &str, values: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), values].concat()
}

/// The bytes as a gzip file.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(bytes).expect("packed bytes");
    packer.finish().expect("a gzip file")
}

/// A column of a Parquet file.
pub(crate) enum Values {
    Whole(Vec<i64>),
    Numbers(Vec<f64>),
    Texts(Vec<&'static str>),
}

/// A Parquet file with these columns, packed with Snappy.
pub(crate) fn parquet(columns: &[(&str, Values)]) -> Vec<u8> {
    use std::sync::Arc;

    use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::Type;
    let fields = columns.iter().map(|(name, values)| {
        let (physical, logical) = match values {
            Values::Whole(_) => (Physical::INT64, None),
            Values::Numbers(_) => (Physical::DOUBLE, None),
            Values::Texts(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        };
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
        Arc::new(field.with_logical_type(logical).build().expect("a column"))
    });
    let schema = Type::group_type_builder("schema").with_fields(fields.collect()).build().expect("a schema");
    let packed = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(packed)).expect("a writer");
    let mut group = writer.next_row_group().expect("a group");
    for (_, values) in columns {
        let mut column = group.next_column().expect("a column").expect("a column");
        match values {
            Values::Whole(values) => column.typed::<Int64Type>().write_batch(values, None, None),
            Values::Numbers(values) => column.typed::<DoubleType>().write_batch(values, None, None),
            Values::Texts(values) => {
                let texts: Vec<ByteArray> = values.iter().map(|text| ByteArray::from(*text)).collect();
                column.typed::<ByteArrayType>().write_batch(&texts, None, None)
            }
        }
        .expect("values");
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.into_inner().expect("a file")
}
