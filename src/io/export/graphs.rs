//! The graph of one layer or hop, and back.
//!
//! ```text
//! npz  = SciPy's compressed sparse rows, row = target, column = source (scipy.sparse.load_npz)
//! mtx  = MatrixMarket, coordinate real general, row = target, column = source, from 1 (scipy.io.mmread)
//! csv  = source,target,weight[,head_0,…]   original ids of the nodes; a head's column is its coefficient
//! pt   = torch_geometric.data.Data, see torch.rs
//! ```
//! Values are those of the diffusion matrix with the identity form on the diagonal, as in a bundle. Where a file can only number the
//! nodes, `nodes.csv` beside it gives every number's id.

use std::collections::HashMap;
use std::path::Path;

use ndarray::Array2;
use sprs::io::{read_matrix_market_from_bufread, write_matrix_market_to_bufwrite};
use sprs::{CsMatViewI, TriMatI};

use super::torch;
use crate::engine::graph::{Dataset, Topology};
use crate::io::bundle::{StepMatrix, matrix_from_npz, step_npz};
use crate::io::graph::read_pyg_matrix;
use crate::io::report::LoadError;

/// How a layer's graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GraphForm {
    Npz,
    MatrixMarket,
    Csv,
    Pyg,
}

impl GraphForm {
    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::MatrixMarket => "mtx",
            Self::Csv => "csv",
            Self::Pyg => "pt",
        }
    }

    /// The bytes of a file.
    pub(super) fn encode(self, matrix: &StepMatrix, dataset: &Dataset) -> Result<Vec<u8>, std::io::Error> {
        match self {
            Self::Npz => Ok(step_npz(matrix)?),
            Self::MatrixMarket => to_matrix_market(matrix),
            Self::Csv => to_csv(matrix, dataset),
            Self::Pyg => Ok(torch::pyg_data(matrix, dataset.node_ids())?),
        }
    }

    /// Reads a file that [`GraphForm::encode`] wrote.
    ///
    /// # Errors
    /// [`LoadError`].
    pub(super) fn read(self, bytes: Vec<u8>, path: &Path, dataset: &Dataset) -> Result<StepMatrix, LoadError> {
        match self {
            Self::Npz => matrix_from_npz(bytes, path, dataset.n_nodes()),
            Self::MatrixMarket => from_matrix_market(&bytes, path),
            Self::Csv => from_csv(&bytes, path, dataset),
            Self::Pyg => {
                let (n, edges, values, coefficients) = read_pyg_matrix(path)?;
                from_entries(n, edges.into_iter().map(|(v, u)| (u, v)).collect(), values, coefficients, path)
            }
        }
    }

    /// Whether the file keeps the coefficient of every head.
    pub(super) fn has_coefficients(self) -> bool {
        self != Self::MatrixMarket
    }
}

fn to_matrix_market(matrix: &StepMatrix) -> Result<Vec<u8>, std::io::Error> {
    let n = matrix.structure.n_nodes();
    let view = CsMatViewI::try_new((n, n), matrix.structure.indptr(), matrix.structure.indices(), &matrix.values[..])
        .map_err(|(_, _, _, error)| std::io::Error::other(error.to_string()))?;
    let mut bytes = Vec::new();
    write_matrix_market_to_bufwrite(&mut bytes, view)?;
    // Behind the banner.
    let at = bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1);
    bytes.splice(at..at, *b"% row = target, column = source; nodes.csv has the ids\n");
    Ok(bytes)
}

fn from_matrix_market(bytes: &[u8], path: &Path) -> Result<StepMatrix, LoadError> {
    let mut reader = bytes;
    let triplets: TriMatI<f32, usize> = read_matrix_market_from_bufread(&mut reader)
        .map_err(|error| LoadError::content(path, "whole file", "MatrixMarket", format!("{error:?}")))?;
    let n = triplets.rows();
    let entries = triplets.row_inds().iter().zip(triplets.col_inds()).map(|(u, v)| (*u as u32, *v as u32));
    from_entries(n, entries.collect(), triplets.data().to_vec(), None, path)
}

fn to_csv(matrix: &StepMatrix, dataset: &Dataset) -> Result<Vec<u8>, std::io::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let n_heads = matrix.coefficients.as_ref().map_or(0, Array2::ncols);
    let heads = (0..n_heads).map(|head| format!("head_{head}"));
    csv.write_record(["source", "target", "weight"].map(str::to_owned).into_iter().chain(heads))?;
    for (k, (u, v)) in matrix.structure.entries().enumerate() {
        let ends = [dataset.node_id(v as usize), dataset.node_id(u as usize), matrix.values[k].to_string()];
        let heads = (0..n_heads).filter_map(|head| matrix.coefficients.as_ref().map(|c| c[[k, head]].to_string()));
        csv.write_record(ends.into_iter().chain(heads))?;
    }
    csv.into_inner().map_err(csv::IntoInnerError::into_error)
}

fn from_csv(bytes: &[u8], path: &Path, dataset: &Dataset) -> Result<StepMatrix, LoadError> {
    let rows: HashMap<String, u32> = (0..dataset.n_nodes()).map(|u| (dataset.node_id(u), u as u32)).collect();
    let mut reader = csv::Reader::from_reader(bytes);
    let fault = |expected: &str, found: String| LoadError::content(path, "whole file", expected, found);
    let n_heads =
        reader.headers().map_err(|error| fault("a list of edges", error.to_string()))?.len().saturating_sub(3);
    let (mut entries, mut values, mut heads) = (Vec::new(), Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| fault("a list of edges", error.to_string()))?;
        let node = |at: usize| {
            let id = record.get(at).unwrap_or("");
            rows.get(id).copied().ok_or_else(|| fault("ids of the graph's nodes", id.to_owned()))
        };
        let number = |at: usize| {
            let text = record.get(at).unwrap_or("");
            text.parse::<f32>().map_err(|_error| fault("numbers", text.to_owned()))
        };
        entries.push((node(1)?, node(0)?));
        values.push(number(2)?);
        for head in 0..n_heads {
            heads.push(number(3 + head)?);
        }
    }
    let coefficients = (n_heads > 0).then(|| Array2::from_shape_vec((values.len(), n_heads), heads));
    let coefficients =
        coefficients.transpose().map_err(|error| fault("one coefficient per head", error.to_string()))?;
    from_entries(dataset.n_nodes(), entries, values, coefficients, path)
}

/// A matrix from its entries (target, source) in the order of its rows.
fn from_entries(
    n: usize,
    entries: Vec<(u32, u32)>,
    values: Vec<f32>,
    coefficients: Option<Array2<f32>>,
    path: &Path,
) -> Result<StepMatrix, LoadError> {
    let mut indptr = vec![0usize; n + 1];
    for (u, _) in &entries {
        let Some(count) = indptr.get_mut(*u as usize + 1) else {
            return Err(LoadError::content(path, "entries", format!("rows below {n}"), u));
        };
        *count += 1;
    }
    for u in 0..n {
        indptr[u + 1] += indptr[u];
    }
    if !entries.is_sorted() || entries.len() != values.len() {
        return Err(LoadError::content(path, "entries", "row by row, columns ascending, one value each", "others"));
    }
    let structure = Topology::try_new(indptr, entries.into_iter().map(|(_, v)| v).collect())
        .map_err(|error| LoadError::invalid(path, error))?;
    Ok(StepMatrix { structure, values, pushed_share: None, coefficients })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{DatasetParts, Features};
    use crate::io::atomic::write_atomic;

    /// Three nodes called a, b and "c,d"; node b has no entry.
    fn dataset() -> Dataset {
        let structure = Topology::try_new(vec![0, 2, 2, 3], vec![0, 2, 1]).expect("rows");
        Dataset::try_new(DatasetParts {
            name: "three".into(),
            source: "test".into(),
            topology: structure,
            edge_weights: None,
            features: Features::from_dense(Array2::zeros((3, 1))),
            labels: None,
            splits: Vec::new(),
            node_ids: Some(vec!["a".into(), "b".into(), "c,d".into()]),
        })
        .expect("a graph")
    }

    #[test]
    fn every_form_comes_back_bit_by_bit() {
        let dataset = dataset();
        let coefficients = Array2::from_shape_fn((3, 2), |(k, h)| 1.0 / (1 + k + h) as f32);
        let values = vec![0.1, f32::MIN_POSITIVE, -1.0 / 3.0];
        let structure = dataset.topology().clone();
        let plain = StepMatrix { structure, values, pushed_share: None, coefficients: None };
        let attended = StepMatrix { coefficients: Some(coefficients), ..plain.clone() };
        let folder = tempfile::tempdir().expect("a folder");
        for form in [GraphForm::Npz, GraphForm::MatrixMarket, GraphForm::Csv, GraphForm::Pyg] {
            for matrix in [&plain, &attended] {
                let path = folder.path().join("layer");
                let bytes = form.encode(matrix, &dataset).expect("in memory");
                write_atomic(&path, &bytes).expect("a file");
                let found = form.read(bytes, &path, &dataset).expect("the same matrix");
                let expected = if form.has_coefficients() { matrix } else { &plain };
                assert_eq!(&found, expected, "{form:?}");
            }
        }
    }
}
