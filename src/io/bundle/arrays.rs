//! Matrices and features of a bundle as NumPy and SciPy store them.
//!
//! What is never here: reading them, which goes through the checked readers that graphs use.

use super::matrix::StepMatrix;
use crate::engine::graph::Features;
use crate::io::npy::{matrix_npy, npy_f32};
use crate::io::npz::NpzWriter;

/// A step's matrix as SciPy's compressed sparse rows; the pushed share and the coefficients are more arrays, which `load_npz` passes over.
pub(crate) fn step_npz(matrix: &StepMatrix) -> zip::result::ZipResult<Vec<u8>> {
    let n = matrix.structure.n_nodes();
    let indptr = matrix.structure.indptr().iter().map(|v| *v as u64);
    let indices = matrix.structure.indices().iter().map(|v| u64::from(*v));
    let mut npz = NpzWriter::new();
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
            let mut npz = NpzWriter::new();
            npz.add_csr(indptr, indices, [x.rows(), x.cols()], x.data())?;
            Ok((super::names::FEATURES_SPARSE, npz.finish()?))
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let features = Features::from_dense(Array2::from_shape_fn((20, 20), |(i, j)| f32::from(u8::from(i == j))));
        let (name, bytes) = features_file(&features).expect("in memory");
        assert_eq!((name, bytes.clone()), ("features.npz", features_file(&features).expect("in memory").1));
    }
}
