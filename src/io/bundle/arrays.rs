//! Arrays as NumPy and SciPy store them: `.npy`, and `.npz` with the names that `scipy.sparse.load_npz` looks for.
//!
//! Writing is here; reading goes through the checked readers that graphs use.

use std::io::{Cursor, Write as _};

use ndarray::Array2;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::matrix::StepMatrix;
use crate::engine::graph::Features;

/// A `.npy` file (version 1.0) of little-endian values in C order.
fn npy(descr: &str, shape: &[usize], body: &[u8]) -> Vec<u8> {
    let mut bytes = npy_header(descr, shape);
    bytes.extend_from_slice(body);
    bytes
}

/// What stands before the values of a `.npy` file.
pub(crate) fn npy_header(descr: &str, shape: &[usize]) -> Vec<u8> {
    const MAGIC: &[u8] = b"\x93NUMPY\x01\x00";
    const ALIGNMENT: usize = 64;
    let dims = match shape {
        [one] => format!("{one},"),
        _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({dims}), }}");
    let before = MAGIC.len() + 2;
    let padded = (before + header.len() + 1).next_multiple_of(ALIGNMENT) - before;
    header.extend(std::iter::repeat_n(' ', padded - 1 - header.len()));
    header.push('\n');
    let mut bytes = Vec::with_capacity(before + padded);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(padded as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes
}

fn npy_f32<'a>(shape: &[usize], values: impl Iterator<Item = &'a f32>) -> Vec<u8> {
    npy_of("<f4", shape, values.map(|v| v.to_le_bytes()))
}

/// A `.npy` file of values whose bytes come one after another: they are in memory once.
fn npy_of<const BYTES: usize>(descr: &str, shape: &[usize], values: impl Iterator<Item = [u8; BYTES]>) -> Vec<u8> {
    let mut bytes = npy_header(descr, shape);
    bytes.reserve_exact(BYTES * shape.iter().product::<usize>());
    values.for_each(|value| bytes.extend_from_slice(&value));
    bytes
}

/// Row pointers and columns: i4 as `scipy` writes them, i8 where i4 cannot hold the largest.
fn npy_index(values: impl Iterator<Item = u64> + Clone) -> Vec<u8> {
    let n = values.clone().count();
    if values.clone().all(|v| i32::try_from(v).is_ok()) {
        npy_of("<i4", &[n], values.map(|v| (v as u32).to_le_bytes()))
    } else {
        npy_of("<i8", &[n], values.map(u64::to_le_bytes))
    }
}

/// A matrix as `.npy`. `[rows, columns]`.
pub(crate) fn matrix_npy(x: &Array2<f32>) -> Vec<u8> {
    npy_f32(x.shape(), x.iter())
}

/// For every entry the step that removed it, as `.npy`. `[n_entries]`
pub(crate) fn removed_at_npy(removed_at: &[u8]) -> Vec<u8> {
    npy("|u1", &[removed_at.len()], removed_at)
}

/// A step's matrix as SciPy's compressed sparse rows; the pushed share and the coefficients are more arrays, which `load_npz` passes over.
pub(crate) fn step_npz(matrix: &StepMatrix) -> zip::result::ZipResult<Vec<u8>> {
    let n = matrix.structure.n_nodes();
    let indptr = matrix.structure.indptr().iter().map(|v| *v as u64);
    let indices = matrix.structure.indices().iter().map(|v| u64::from(*v));
    let mut npz = Npz::new();
    npz.add_csr(indptr, indices, [n, n], &matrix.values)?;
    if let Some(share) = &matrix.pushed_share {
        npz.add("pushed_share", &npy_f32(&[share.len()], share.iter()))?;
    }
    if let Some(coefficients) = &matrix.coefficients {
        npz.add("coefficients", &npy_f32(coefficients.shape(), coefficients.iter()))?;
    }
    npz.finish()
}

/// Node features: SciPy's compressed sparse rows where they are kept sparse, else a plain matrix.
pub(super) fn features_file(features: &Features) -> zip::result::ZipResult<(&'static str, Vec<u8>)> {
    match features {
        Features::Dense(x) => Ok((super::names::FEATURES_DENSE, matrix_npy(x))),
        Features::Sparse(x) => {
            let indptr = x.indptr();
            let indptr = indptr.as_slice().unwrap_or(&[]).iter().map(|v| *v as u64);
            let indices = x.indices().iter().map(|v| u64::from(*v));
            let mut npz = Npz::new();
            npz.add_csr(indptr, indices, [x.rows(), x.cols()], x.data())?;
            Ok((super::names::FEATURES_SPARSE, npz.finish()?))
        }
    }
}

/// An archive that takes one array after another, so that no two of them are in memory unpacked.
struct Npz(ZipWriter<Cursor<Vec<u8>>>);

impl Npz {
    fn new() -> Self {
        Self(ZipWriter::new(Cursor::new(Vec::new())))
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> zip::result::ZipResult<()> {
        self.0.start_file(format!("{name}.npy"), entry_options(CompressionMethod::Deflated, bytes.len()))?;
        Ok(self.0.write_all(bytes)?)
    }

    /// The arrays that `scipy.sparse.load_npz` looks for.
    fn add_csr(
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

    fn finish(self) -> zip::result::ZipResult<Vec<u8>> {
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

#[cfg(test)]
mod tests {
    use ndarray::array;
    use ndarray_npy::ReadNpyExt as _;

    use super::*;

    #[test]
    fn header_is_aligned_and_readable() {
        for (rows, columns) in [(1, 1), (3, 2), (1_000, 1), (0, 4)] {
            let x = Array2::from_shape_fn((rows, columns), |(i, j)| i as f32 - 0.5 * j as f32);
            let bytes = matrix_npy(&x);
            assert_eq!((bytes.len() - 4 * x.len()) % 64, 0, "the header is padded");
            assert_eq!(Array2::<f32>::read_npy(bytes.as_slice()).expect("a NumPy array"), x);
        }
        let one = npy("<i8", &[2], &[0; 16]);
        assert_eq!(ndarray::Array1::<i64>::read_npy(one.as_slice()).expect("a NumPy array"), array![0, 0]);
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let features = Features::from_dense(Array2::from_shape_fn((20, 20), |(i, j)| f32::from(u8::from(i == j))));
        let (name, bytes) = features_file(&features).expect("in memory");
        assert_eq!((name, bytes.clone()), ("features.npz", features_file(&features).expect("in memory").1));
    }
}
