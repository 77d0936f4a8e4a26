//! Reading goldens: the choice that travels with the project, and all of them with their graphs in `../shared`.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayD, Axis};
use ndarray_npy::NpzReader;
use serde_json::Value;
use unifews::engine::control::Control;
use unifews::engine::graph::{Dataset, DatasetParts, Features, Labels, Split, Topology};
use unifews::engine::model::{Architecture, Family, Model};

use crate::shared_folder::shared_path;

/// A set of goldens: the choice that travels with the project, or all of them.
pub(crate) struct Goldens {
    folder: PathBuf,
    /// Where the graphs and parameters of all of them lie; the choice has its own, and the sample's graph.
    shared: Option<PathBuf>,
}

impl Goldens {
    /// The choice in `tests/fixtures/golden`.
    pub(crate) fn choice() -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/golden");
        Self { folder, shared: None }
    }

    /// The choice, and all of them where they are at hand.
    pub(crate) fn sets(test: &str) -> Vec<Self> {
        let full = shared_path(test, "golden/manifest.json").and_then(|manifest| {
            let folder = manifest.parent()?.to_owned();
            Some(Self { shared: Some(folder.parent()?.to_owned()), folder })
        });
        [Some(Self::choice()), full].into_iter().flatten().collect()
    }

    /// The entries of the manifest whose id starts with `prefix`; at least one.
    pub(crate) fn cases(&self, prefix: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.folder.join("manifest.json")).expect("manifest");
        let manifest: Value = serde_json::from_str(&text).expect("json");
        let cases = manifest["cases"].as_array().expect("cases").clone();
        let cases: Vec<Value> =
            cases.into_iter().filter(|c| c["id"].as_str().expect("id").starts_with(prefix)).collect();
        assert!(!cases.is_empty(), "no golden of {prefix} in {}", self.folder.display());
        cases
    }

    /// The numbers of an entry.
    pub(crate) fn open(&self, case: &Value) -> Golden {
        self.open_file(case["file"].as_str().expect("file"))
    }

    /// A file of the set.
    pub(crate) fn open_file(&self, name: &str) -> Golden {
        Golden::open(self.folder.join(name))
    }

    /// The graph that the goldens were computed on.
    pub(crate) fn dataset(&self, name: &str) -> Arc<Dataset> {
        let Some(shared) = &self.shared else {
            let (dataset, _) = unifews::io::read_graph(&format!("sample:{name}"), &control(0)).expect("a sample");
            return dataset.shared();
        };
        match name.strip_suffix("_table2") {
            Some(base) => with_structure(&dataset(shared, base), &shared.join("data/unifews").join(name)),
            None => dataset(shared, name),
        }
    }

    /// The network of an entry.
    pub(crate) fn model(&self, case: &Value) -> Arc<Model> {
        match &self.shared {
            Some(shared) => official_model(shared, case["state_dict"].as_str().expect("state_dict")),
            None => model_of(self.open(case).parameters()),
        }
    }
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

    /// What of `ours` the golden has: the rows it names, or all.
    pub(crate) fn rows_of(&mut self, ours: &Array2<f32>) -> Array2<f32> {
        if !self.has("rows") {
            return ours.clone();
        }
        let rows: Vec<usize> = self.vector::<i32>("rows").iter().map(|u| *u as usize).collect();
        ours.select(Axis(0), &rows)
    }

    /// The network's parameters under their PyTorch names, where they are in the file.
    fn parameters(&mut self) -> BTreeMap<String, ArrayD<f32>> {
        let names = self.0.names().expect("names");
        let names = names.iter().map(|name| name.trim_end_matches(".npy"));
        let names: Vec<String> = names.filter_map(|name| name.strip_prefix("parameters.")).map(str::to_owned).collect();
        let tensor = |name: String| {
            let values = self.0.by_name(&format!("parameters.{name}.npy")).expect("a tensor");
            (name, values)
        };
        names.into_iter().map(tensor).collect()
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
    let topology = structure(&folder);
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

/// A graph's features and labels with the structure of another folder.
fn with_structure(full: &Dataset, folder: &std::path::Path) -> Arc<Dataset> {
    let topology = structure(folder);
    Arc::new(Dataset::try_new(DatasetParts { topology, ..full.to_parts() }).expect("valid"))
}

fn structure(folder: &std::path::Path) -> Topology {
    let mut adj = Golden::open(folder.join("adj.npz"));
    let indptr = adj.vector::<i32>("indptr").iter().map(|v| usize::try_from(*v).expect("positive")).collect();
    let indices = adj.vector::<i32>("indices").iter().map(|v| u32::try_from(*v).expect("positive")).collect();
    Topology::try_new(indptr, indices).expect("valid")
}

/// A network of `golden/params`.
fn official_model(shared: &std::path::Path, state_dict: &str) -> Arc<Model> {
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
    model_of(state)
}

/// The network with these parameters, its family told by their names.
fn model_of(state: BTreeMap<String, ArrayD<f32>>) -> Arc<Model> {
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
