//! Reading the shared goldens and graphs, which lie beside the project or where `UNIFEWS_SHARED` says.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayD};
use ndarray_npy::NpzReader;
use unifews::engine::control::Control;
use unifews::engine::graph::{Dataset, DatasetParts, Features, Labels, Split, Topology};
use unifews::engine::model::{Architecture, Family, Model};

/// The folder, or `None` with a line that says which test was skipped.
pub(crate) fn shared(test: &str) -> Option<PathBuf> {
    let path = std::env::var_os("UNIFEWS_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    if path.join("golden/manifest.json").exists() {
        return Some(path);
    }
    eprintln!("skipped: {test}: ../shared not found");
    None
}

pub(crate) fn control(n_threads: usize) -> Control {
    Control::new(n_threads).expect("workers")
}

/// One `.npz` of the goldens.
pub(crate) struct Golden(NpzReader<File>);

impl Golden {
    pub(crate) fn open(path: PathBuf) -> Self {
        Self(NpzReader::new(File::open(&path).unwrap_or_else(|e| panic!("{e}: {}", path.display()))).expect("npz"))
    }

    pub(crate) fn has(&mut self, name: &str) -> bool {
        self.0.names().expect("names").iter().any(|n| n.trim_end_matches(".npy") == name)
    }

    pub(crate) fn vector<T: ndarray_npy::ReadableElement>(&mut self, name: &str) -> Array1<T> {
        self.0
            .by_name(&format!("{name}.npy"))
            .or_else(|_| self.0.by_name(name))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn matrix<T: ndarray_npy::ReadableElement>(&mut self, name: &str) -> Array2<T> {
        self.0
            .by_name(&format!("{name}.npy"))
            .or_else(|_| self.0.by_name(name))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

/// A graph of `data/unifews` with its seeded splits, as stored.
pub(crate) fn dataset(shared: &std::path::Path, name: &str) -> Arc<Dataset> {
    let folder = shared.join("data/unifews").join(name);
    let mut adj = Golden::open(folder.join("adj.npz"));
    let indptr = adj.vector::<i32>("indptr").iter().map(|v| usize::try_from(*v).expect("positive")).collect();
    let indices = adj.vector::<i32>("indices").iter().map(|v| u32::try_from(*v).expect("positive")).collect();
    let topology = Topology::try_new(indptr, indices).expect("valid");
    let features = if folder.join("feats.npy").exists() {
        ndarray_npy::read_npy::<_, Array2<f32>>(folder.join("feats.npy")).expect("features")
    } else {
        let mut csr = Golden::open(folder.join("feats_csr.npz"));
        let shape = csr.vector::<i64>("shape");
        let (indptr, indices, data) =
            (csr.vector::<i32>("indptr"), csr.vector::<i32>("indices"), csr.vector::<f32>("data"));
        let mut x = Array2::zeros((shape[0] as usize, shape[1] as usize));
        for u in 0..x.nrows() {
            for k in indptr[u] as usize..indptr[u + 1] as usize {
                x[[u, indices[k] as usize]] = data[k];
            }
        }
        x
    };
    let labels = Golden::open(folder.join("labels.npz")).vector::<i64>("labels");
    let splits = [41, 42, 43]
        .into_iter()
        .map(|seed| {
            let mut file = Golden::open(folder.join(format!("split_seed{seed}.npz")));
            let mut part = |key: &str| file.vector::<i64>(key).iter().map(|v| *v as u32).collect::<Vec<_>>();
            Split {
                name: format!("seed{seed}"),
                train: part("idx_train"),
                val: part("idx_val"),
                test: part("idx_test"),
            }
        })
        .collect();
    Arc::new(
        Dataset::try_new(DatasetParts {
            name: name.to_owned(),
            source: folder.display().to_string(),
            topology,
            features: Features::from_dense(features),
            labels: Some(Labels::new(labels.iter().map(|v| *v as u32).collect())),
            splits,
            node_ids: None,
            edge_weights: None,
        })
        .expect("valid"),
    )
}

/// A graph's structure with other features.
pub(crate) fn with_features(dataset: &Dataset, features: Features) -> Arc<Dataset> {
    Arc::new(Dataset::try_new(DatasetParts { features, ..dataset.to_parts() }).expect("valid"))
}

/// A network of `golden/params`, its family told by its tensors' names.
pub(crate) fn official_model(shared: &std::path::Path, state_dict: &str) -> Arc<Model> {
    let bytes = std::fs::read(shared.join("golden/params").join(state_dict)).expect("parameters");
    let tensors = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
    let state: BTreeMap<String, ArrayD<f32>> = tensors
        .tensors()
        .into_iter()
        .filter(|(_, t)| t.dtype() == safetensors::Dtype::F32)
        .map(|(name, t)| {
            let values = t.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            (name, ArrayD::from_shape_vec(t.shape().to_vec(), values).expect("shape"))
        })
        .collect();
    let family = Family::recognise(&state).expect("a known family");
    let (model, unused) = Model::from_state_dict(&Architecture::new(family), state).expect("a model");
    assert!(unused.is_empty(), "{unused:?}");
    Arc::new(model)
}

/// Largest `|a - b| / max|b|`.
pub(crate) fn distance(a: &Array2<f32>, b: &Array2<f32>) -> f64 {
    assert_eq!(a.dim(), b.dim());
    let largest = b.iter().fold(0.0f64, |m, v| m.max(f64::from(v.abs())));
    a.iter().zip(b).fold(0.0f64, |m, (a, b)| m.max((f64::from(*a) - f64::from(*b)).abs())) / largest.max(1e-30)
}
