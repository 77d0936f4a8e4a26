//! A graph with features, labels and splits: what every model is run on.

use std::sync::Arc;

use ndarray::{Array2, s};
use sprs::CsMatI;

use super::labels::Labels;
use super::split::Split;
use super::topology::Topology;
use crate::engine::error::EngineError;

/// Node features `X`, one row per node.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// All values stored. `[n_nodes, n_features]`.
    Dense(Array2<f32>),
    /// Only the non-zero values stored, compressed by row. `[n_nodes, n_features]`.
    Sparse(CsMatI<f32, u32, usize>),
}

/// Above this share of stored values, rows are kept dense: a sparse product then costs more than it saves.
const SPARSE_BELOW_DENSITY: f64 = 0.25;

impl Features {
    /// Whether `n_stored` values of `n_values` that are not 0 are few enough to store them alone.
    pub(crate) fn is_better_sparse(n_stored: u64, n_values: u64) -> bool {
        (n_stored as f64) < SPARSE_BELOW_DENSITY * n_values as f64
    }

    /// Takes a dense matrix and keeps it sparse where that is smaller and faster.
    pub fn from_dense(x: Array2<f32>) -> Self {
        let stored = x.iter().filter(|v| **v != 0.0).count();
        if Self::is_better_sparse(stored as u64, x.len() as u64) {
            Self::Sparse(sparse_from_dense(&x, stored))
        } else if x.is_standard_layout() {
            Self::Dense(x)
        } else {
            Self::Dense(x.as_standard_layout().into_owned())
        }
    }

    /// Takes a matrix compressed by row, without stored zeros, and keeps it dense where that is faster: equal content gives
    /// equal features, whichever way it came.
    pub fn from_sparse(x: CsMatI<f32, u32, usize>) -> Self {
        if Self::is_better_sparse(x.nnz() as u64, (x.rows() * x.cols()) as u64) {
            Self::Sparse(x)
        } else {
            Self::Dense(Self::Sparse(x).to_dense())
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Dense(x) => x.nrows(),
            Self::Sparse(x) => x.rows(),
        }
    }

    /// Number of columns: the input width `f` of a model.
    pub fn width(&self) -> usize {
        match self {
            Self::Dense(x) => x.ncols(),
            Self::Sparse(x) => x.cols(),
        }
    }

    /// Number of values stored: all of them for dense rows.
    pub fn n_stored(&self) -> usize {
        match self {
            Self::Dense(x) => x.len(),
            Self::Sparse(x) => x.nnz(),
        }
    }

    /// All values, zeros included. `[n_nodes, n_features]`.
    pub fn to_dense(&self) -> Array2<f32> {
        match self {
            Self::Dense(x) => x.clone(),
            Self::Sparse(x) => {
                let mut dense = Array2::zeros((x.rows(), x.cols()));
                for (row, values) in x.outer_iterator().enumerate() {
                    for (column, &value) in values.iter() {
                        dense[[row, column]] = value;
                    }
                }
                dense
            }
        }
    }

    /// The given rows, in the given order, stored as these are.
    pub fn select(&self, rows: &[u32]) -> Self {
        match self {
            Self::Dense(x) => {
                let rows: Vec<usize> = rows.iter().map(|u| *u as usize).collect();
                Self::Dense(x.select(ndarray::Axis(0), &rows))
            }
            Self::Sparse(x) => {
                let (mut indptr, mut indices, mut values) = (vec![0usize], Vec::new(), Vec::new());
                for u in rows {
                    let range = x.indptr().outer_inds_sz(*u as usize);
                    indices.extend_from_slice(&x.indices()[range.clone()]);
                    values.extend_from_slice(&x.data()[range]);
                    indptr.push(indices.len());
                }
                Self::Sparse(CsMatI::new((rows.len(), x.cols()), indptr, indices, values))
            }
        }
    }

    /// The same values stored as those of `like` are.
    pub(crate) fn stored_as(&self, like: &Self) -> Self {
        match (self, like) {
            (Self::Sparse(_), Self::Dense(_)) => Self::Dense(self.to_dense()),
            (Self::Dense(x), Self::Sparse(_)) => {
                let stored = x.iter().filter(|v| **v != 0.0).count();
                Self::Sparse(sparse_from_dense(x, stored))
            }
            (Self::Dense(_), Self::Dense(_)) | (Self::Sparse(_), Self::Sparse(_)) => self.clone(),
        }
    }

    /// These rows above those of `below`, which are as wide; stored as those are.
    pub(crate) fn above(&self, below: &Self) -> Self {
        match (self.stored_as(below), below) {
            (Self::Sparse(a), Self::Sparse(b)) => {
                let indptr = |x: &CsMatI<f32, u32, usize>| x.indptr().to_proper().to_vec();
                let mut ends = indptr(&a);
                ends.extend(indptr(b).iter().skip(1).map(|end| a.nnz() + end));
                let indices = [a.indices(), b.indices()].concat();
                let values = [a.data(), b.data()].concat();
                Self::Sparse(CsMatI::new((a.rows() + b.rows(), a.cols()), ends, indices, values))
            }
            (above, _) => {
                let (a, b) = (above.to_dense(), below.to_dense());
                let mut both = Array2::zeros((a.nrows() + b.nrows(), a.ncols()));
                both.slice_mut(s![..a.nrows(), ..]).assign(&a);
                both.slice_mut(s![a.nrows().., ..]).assign(&b);
                Self::Dense(both)
            }
        }
    }

    fn values(&self) -> &[f32] {
        match self {
            Self::Dense(x) => x.as_slice().unwrap_or(&[]),
            Self::Sparse(x) => x.data(),
        }
    }
}

/// The `stored` values that are not zero.
fn sparse_from_dense(x: &Array2<f32>, stored: usize) -> CsMatI<f32, u32, usize> {
    let mut indptr = vec![0usize];
    let (mut indices, mut values) = (Vec::with_capacity(stored), Vec::with_capacity(stored));
    for row in x.rows() {
        for (column, &value) in row.iter().enumerate().filter(|(_, v)| **v != 0.0) {
            indices.push(column as u32);
            values.push(value);
        }
        indptr.push(indices.len());
    }
    CsMatI::new(x.dim(), indptr, indices, values)
}

/// What [`Dataset::try_new`] puts together.
#[derive(Debug, Clone)]
pub struct DatasetParts {
    /// Short name, for titles.
    pub name: String,
    /// Where it came from: a path, `sample:NAME`, or a generator's description.
    pub source: String,
    /// Structure of `Ā`.
    pub topology: Topology,
    /// One weight per entry of the structure, in its order; without them, every entry counts 1.
    pub edge_weights: Option<Vec<f32>>,
    /// Node features.
    pub features: Features,
    /// What is to be told of every node, if there are labels.
    pub labels: Option<Labels>,
    /// Splits that came with the graph, by name; the first one is the default.
    pub splits: Vec<Split>,
    /// The file's own node ids where they are not `0..n_nodes`.
    pub node_ids: Option<Vec<String>>,
}

/// A graph with everything that belongs to its nodes. Immutable and shared.
///
/// # Invariants
/// Checked in [`Dataset::try_new`]: features, labels and ids have one row per node; features are finite; weights are finite, not
/// below 0, and as many as entries; splits name existing nodes, each at most once.
#[derive(Debug, Clone)]
pub struct Dataset {
    parts: DatasetParts,
    content_hash: u64,
}

/// Finds nodes by the ids of their file; where it gives none, by their numbers.
#[derive(Debug)]
pub struct NodesById<'a> {
    /// Sorted.
    ids: Option<Vec<(&'a str, u32)>>,
    n_nodes: usize,
}

impl NodesById<'_> {
    /// The node called `id`, if there is one.
    pub fn find(&self, id: &str) -> Option<u32> {
        match &self.ids {
            Some(ids) => ids.binary_search_by_key(&id, |(id, _)| id).ok().map(|at| ids[at].1),
            None => id.parse().ok().filter(|u: &u32| (*u as usize) < self.n_nodes),
        }
    }
}

impl Dataset {
    /// Checks that the parts fit each other.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] or [`EngineError::NotFinite`], naming the part.
    pub fn try_new(parts: DatasetParts) -> Result<Self, EngineError> {
        Self::try_new_while(parts, || Ok(()))
    }

    /// As [`Dataset::try_new`], as long as `check` finds nothing: it is asked every few hundred thousand values.
    ///
    /// # Errors
    /// As [`Dataset::try_new`], and what `check` says.
    pub fn try_new_while(
        parts: DatasetParts,
        check: impl Fn() -> Result<(), EngineError>,
    ) -> Result<Self, EngineError> {
        let n = parts.topology.n_nodes();
        if let Some(weights) = &parts.edge_weights {
            let n_entries = parts.topology.n_entries();
            if weights.len() != n_entries {
                return Err(EngineError::mismatch(
                    "edge weights",
                    format!("{n_entries} (one per entry)"),
                    weights.len(),
                ));
            }
            for step in weights.chunks(STEP) {
                check()?;
                if let Some(found) = step.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
                    return Err(EngineError::mismatch("edge weights", "finite numbers of at least 0", found));
                }
            }
        }
        if parts.features.n_rows() != n {
            return Err(EngineError::mismatch("feature rows", format!("{n} (one per node)"), parts.features.n_rows()));
        }
        for step in parts.features.values().chunks(STEP) {
            check()?;
            if let Some(found) = step.iter().find(|v| !v.is_finite()) {
                return Err(EngineError::NotFinite { what: "features".into(), found: found.to_string() });
            }
        }
        if let Some(labels) = &parts.labels
            && labels.classes().len() != n
        {
            return Err(EngineError::mismatch("labels", format!("{n} (one per node)"), labels.classes().len()));
        }
        if let Some(ids) = &parts.node_ids
            && ids.len() != n
        {
            return Err(EngineError::mismatch("node ids", format!("{n} (one per node)"), ids.len()));
        }
        for split in &parts.splits {
            split.check(n)?;
        }
        let content_hash = content_hash(&parts, check)?;
        Ok(Self { parts, content_hash })
    }

    /// Short name, for titles.
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// Where it came from.
    pub fn source(&self) -> &str {
        &self.parts.source
    }

    /// Structure of `Ā`.
    pub fn topology(&self) -> &Topology {
        &self.parts.topology
    }

    /// One weight per entry of the structure, if the graph has weights.
    pub fn edge_weights(&self) -> Option<&[f32]> {
        self.parts.edge_weights.as_deref()
    }

    /// Node features.
    pub fn features(&self) -> &Features {
        &self.parts.features
    }

    /// One class per node, if there are labels.
    pub fn labels(&self) -> Option<&Labels> {
        self.parts.labels.as_ref()
    }

    /// Splits that came with the graph.
    pub fn splits(&self) -> &[Split] {
        &self.parts.splits
    }

    /// The file's own node ids where they are not `0..n_nodes`.
    pub fn node_ids(&self) -> Option<&[String]> {
        self.parts.node_ids.as_deref()
    }

    /// The id of node `u` as its file spells it.
    pub fn node_id(&self, u: usize) -> String {
        self.parts.node_ids.as_ref().and_then(|ids| ids.get(u)).map_or_else(|| u.to_string(), Clone::clone)
    }

    /// To look nodes up by the ids that their file gives them.
    pub fn nodes_by_id(&self) -> NodesById<'_> {
        let ids = self.node_ids().map(|ids| {
            let mut ids: Vec<(&str, u32)> = ids.iter().map(String::as_str).zip(0..).collect();
            ids.sort_unstable();
            ids
        });
        NodesById { ids, n_nodes: self.n_nodes() }
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.parts.topology.n_nodes()
    }

    /// Number of classes; 0 without labels.
    pub fn n_classes(&self) -> usize {
        self.labels().map_or(0, Labels::n_classes)
    }

    /// A hash of structure, weights, features and labels: equal for equal content wherever it was read from. Not cryptographic.
    pub fn content_hash(&self) -> u64 {
        self.content_hash
    }

    /// The parts again, for building a changed dataset.
    pub fn to_parts(&self) -> DatasetParts {
        self.parts.clone()
    }

    /// Wraps the dataset for sharing.
    pub fn shared(self) -> Arc<Self> {
        Arc::new(self)
    }
}

/// FNV-1a over 64-bit words: small, stable across versions of the standard library, and fast enough to run at every load.
fn content_hash(parts: &DatasetParts, check: impl Fn() -> Result<(), EngineError>) -> Result<u64, EngineError> {
    struct Hash<F> {
        hash: u64,
        check: F,
    }
    impl<F: Fn() -> Result<(), EngineError>> Hash<F> {
        fn add<T>(&mut self, values: &[T], word: impl Fn(&T) -> u64) -> Result<(), EngineError> {
            for step in values.chunks(STEP) {
                (self.check)()?;
                for v in step {
                    self.hash = (self.hash ^ word(v)).wrapping_mul(0x0000_0100_0000_01b3);
                }
            }
            Ok(())
        }
    }
    let mut hash = Hash { hash: 0xcbf2_9ce4_8422_2325u64, check };
    hash.add(parts.topology.indptr(), |v| *v as u64)?;
    hash.add(parts.topology.indices(), |v| u64::from(*v))?;
    hash.add(parts.edge_weights.as_deref().unwrap_or(&[]), |w| u64::from(w.to_bits()))?;
    hash.add(&[parts.features.width()], |width| *width as u64)?;
    if let Features::Sparse(x) = &parts.features {
        hash.add(x.indices(), |v| u64::from(*v))?;
    }
    hash.add(parts.features.values(), |v| u64::from(v.to_bits()))?;
    if let Some(labels) = &parts.labels {
        hash.add(labels.classes(), |v| u64::from(*v))?;
        for row in labels.tags().into_iter().flat_map(|tags| tags.rows()) {
            hash.add(&row.to_vec(), |t| u64::from(*t))?;
        }
    }
    Ok(hash.hash)
}

/// So many values are looked at between two looks at the stop button.
const STEP: usize = 1 << 18;
