//! Arrays in an archive, with the names that `scipy.sparse.load_npz` looks for.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::io::npy::{npy, npy_f32, npy_index};

/// An archive that takes one array after another, so that no two of them are in memory unpacked.
pub(crate) struct NpzWriter(ZipWriter<Cursor<Vec<u8>>>);

impl NpzWriter {
    /// An archive without arrays.
    pub(crate) fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    /// Adds the array `name` from the bytes of its `.npy` file.
    pub(crate) fn add(&mut self, name: &str, bytes: &[u8]) -> zip::result::ZipResult<()> {
        self.0.start_file(format!("{name}.npy"), entry_options(CompressionMethod::Deflated, bytes.len()))?;
        Ok(self.0.write_all(bytes)?)
    }

    /// The arrays that `scipy.sparse.load_npz` looks for.
    pub(crate) fn add_csr(
        &mut self,
        indptr: impl Iterator<Item = u64> + Clone,
        indices: impl Iterator<Item = u64> + Clone,
        shape: [usize; 2],
        values: &[f32],
    ) -> zip::result::ZipResult<()> {
        let shape: Vec<u8> = shape.iter().flat_map(|d| (*d as u64).to_le_bytes()).collect();
        self.add("indices", &npy_index(indices))?;
        self.add("indptr", &npy_index(indptr))?;
        self.add("format", &npy("|S3", &[], b"csr"))?;
        self.add("shape", &npy("<i8", &[2], &shape))?;
        self.add("data", &npy_f32(&[values.len()], values.iter()))
    }

    /// The archive's bytes.
    pub(crate) fn finish(self) -> zip::result::ZipResult<Vec<u8>> {
        Ok(self.0.finish()?.into_inner())
    }
}

/// How entries are stored: without the time of day, so that the same content gives the same bytes.
pub(crate) fn entry_options(method: CompressionMethod, size: usize) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(method)
        .last_modified_time(DateTime::default())
        .large_file(u32::try_from(size).is_err())
}
