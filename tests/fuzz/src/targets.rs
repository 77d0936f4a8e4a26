//! What is fuzzed: for every reader, how bytes become the file or folder that it reads.
//!
//! Both the fuzz targets and the test that replays their corpus go through here.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::{Column, Dataset, ReadOptions, Separator};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::{EdgeMode, NodesAre, Recipe, RecoveryRule, WeightMode};
use unifews::io::bundle::{read_bundle, write_bundle};
use unifews::io::stored::write_stored_graph;
use unifews::io::{
    Detected, GraphPart, detect, read_arrivals, read_graph, read_graph_within, read_model, read_model_bytes,
    read_node_ids, read_recipe, read_split, recipe_to_toml,
};

use crate::files::{Folder, Values, adjacency, compact, gnn_benchmark, gzip, heterophilous, ints, npz, parquet};

/// How bytes become what is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// They are the file of this name; the seeds are whole fixtures.
    File(&'static str, &'static [&'static str]),
    /// The first picks a file, or a part of an archive, of one of these fixtures; the rest stands in its place. What was packed is
    /// packed again, and a bundle's hash is made to fit.
    ///
    /// `FOLDER`, `FILE`, `FOLDER:FILE` (that file, with all that lies beside it), `PREFIX*`, or the name of a [`made`] one.
    Part(&'static [&'static str]),
}

/// A reader that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// Its name, which is also its corpus' folder.
    pub(crate) name: &'static str,
    /// How bytes become what it reads.
    pub(crate) shape: Shape,
}

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    file(
        "edge_list",
        "a.txt",
        &["graphs/snap.txt", "graphs/out.konect", "graphs/out.bipartite", "graphs/sparse.weights.txt"],
    ),
    file(
        "matrix_market",
        "a.mtx",
        &[
            "graphs/array_general.mtx",
            "graphs/array_symmetric.mtx",
            "graphs/general_integer.mtx",
            "graphs/skew.mtx",
            "graphs/symmetric_real.mtx",
            "graphs/symmetric_pattern.mtx",
        ],
    ),
    file("metis", "a.metis", &["graphs/plain.metis", "graphs/weights.graph"]),
    file("graphml", "a.graphml", &["graphs/bare.graphml", "graphs/odd.graphml", "graphs/directed.graphml"]),
    file("gexf", "a.gexf", &["graphs/dynamic.gexf", "graphs/version1.1.gexf", "graphs/version1.3.gexf"]),
    file("gml", "a.gml", &["graphs/newman.gml", "graphs/vectors.gml", "graphs/directed.gml"]),
    file("archive", "a.npz", &["graphs/csr.npz", "graphs/coo.npz", "graphs/musae.npz", "models/gcn.npz"]),
    part(
        "arrays",
        &[
            "graphs/csr.npz",
            "graphs/coo.npz",
            "graphs/parts:ties.npz",
            "graphs/musae.npz",
            "models/gcn.npz",
            "gnn_benchmark",
            "heterophilous",
            "compact",
            "unifews_folder",
        ],
    ),
    file("parquet", "a.parquet", &["parquet_edges", "parquet_nodes"]),
    file("mat", "a.mat", &["graphs/facebook.mat", "graphs/genius.mat", "graphs/patents.mat", "graphs/deezer.mat"]),
    file("dgl", "a.bin", &["graphs/coo.dgl.bin", "graphs/csr.dgl.bin", "graphs/two.dgl.bin"]),
    part(
        "torch_zip",
        &[
            "models/gcn.pt",
            "models/gcn-module.pt",
            "models/gcn-types.pt",
            "models/gcn-checkpoint.pt",
            "models/gat-pyg-2.5.pt",
            "models/mlp-script.pt",
            "models/evil.pt",
        ],
    ),
    file("torch_legacy", "a.pt", &["models/gcn-legacy.pt", "models/gcn-module-legacy.pt", "graphs/pyg-1.7.pt"]),
    part(
        "pyg",
        &[
            "graphs/pyg-2.4.pt",
            "graphs/pyg-2.0.pt",
            "graphs/pyg-sparse.pt",
            "graphs/pyg-two.pt",
            "graphs/pyg-several-labels.pt",
            "graphs/pyg-adj-t.pt",
        ],
    ),
    file("safetensors", "a.safetensors", &["models/gcn-types.safetensors"]),
    file("onnx", "a.onnx", &["models/gcn.onnx", "models/mlp.onnx"]),
    part("graphsaint", &["graphs/flickr", "graphs/yelp"]),
    part("collections", &["graphs/ppi", "graphs/reddit", "graphs/texas", "graphs/film"]),
    part("ogb", &["graphs/ogbn_small", "graphs/ogbn_proteins", "graphs/ogbn_binary"]),
    part("planetoid", &["graphs/ind.tiny.*"]),
    part("stored", &["stored"]),
    file("recipe", "a.toml", &["recipe"]),
    part("bundle", &["bundle", "bundle-for-new-nodes"]),
    file("node_lists", "a.txt", &["graphs/ind.tiny.test.index", "graphs/flickr/role.json"]),
    file(
        "anything",
        "a",
        &[
            "graphs/snap.txt",
            "graphs/plain.metis",
            "graphs/packed.mtx.gz",
            "graphs/csr.npz",
            "graphs/newman.gml",
            "models/mlp.onnx",
            "models/gcn-legacy.pt",
            "models/gcn-types.safetensors",
            "graphs/deezer.mat",
            "recipe",
        ],
    ),
];

const fn file(name: &'static str, file: &'static str, seeds: &'static [&'static str]) -> Target {
    Target { name, shape: Shape::File(file, seeds) }
}

const fn part(name: &'static str, fixtures: &'static [&'static str]) -> Target {
    Target { name, shape: Shape::Part(fixtures) }
}

/// The folder with this file's package, `tests/fuzz`.
pub(crate) fn fuzz_folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.ends_with("tests/fuzz") { root.to_owned() } else { root.join("tests/fuzz") }
}

fn fixtures() -> PathBuf {
    fuzz_folder().with_file_name("fixtures")
}

/// Graphs are refused from here on by what their first lines claim, bytes: large ones that are true to themselves only cost time.
const MEMORY_BYTES: u64 = 64 << 20;

/// One place that bytes can stand in.
struct Slot {
    /// What is read.
    root: PathBuf,
    /// The file that is replaced, and its usual content.
    file: PathBuf,
    whole: Vec<u8>,
    /// The part of an archive that is replaced, and all of them.
    member: Option<usize>,
    members: Arc<Vec<(String, Vec<u8>)>>,
    is_packed: bool,
}

/// A folder with a target's fixtures, where bytes are put and read.
pub(crate) struct Stage {
    folder: Folder,
    shape: Shape,
    slots: Vec<Slot>,
    karate: Dataset,
    ctl: Control,
}

impl Stage {
    /// Lays a target's fixtures out.
    pub(crate) fn new(target: &Target) -> Self {
        let ctl = Control::new(1).expect("a worker");
        let karate = read_graph("sample:karate", &ctl).expect("a sample").0;
        let mut stage = Self { folder: Folder::new(), shape: target.shape, slots: Vec::new(), karate, ctl };
        if let Shape::Part(fixtures) = target.shape {
            for (at, fixture) in fixtures.iter().enumerate() {
                stage.lay_out(fixture, &format!("{at}"));
            }
            assert!(stage.slots.len() <= 256, "one byte picks the place");
        }
        stage
    }

    fn lay_out(&mut self, fixture: &str, place: &str) {
        let here = self.folder.path().join(place);
        let (from, read) = fixture.split_once(':').unwrap_or((fixture, ""));
        let source = fixtures().join(from);
        let root = if let Some(prefix) = from.strip_suffix('*') {
            let prefix = fixtures().join(prefix);
            let start = prefix.file_name().expect("a name").to_string_lossy().into_owned();
            for name in names_in(prefix.parent().expect("a folder")).into_iter().filter(|n| n.starts_with(&start)) {
                self.folder.file(&format!("{place}/{name}"), fs::read(prefix.with_file_name(name)).expect("a fixture"));
            }
            here
        } else if source.exists() {
            let name = source.file_name().expect("a name").to_string_lossy().into_owned();
            self.copy(&source, &format!("{place}/{name}"));
            here.join(name)
        } else {
            self.folder.file(&format!("{place}/at"), []);
            made(fixture, &here, &self.karate, &self.ctl)
        };
        let root = if read.is_empty() { root } else { root.join(read) };
        let within = if root.is_dir() || !read.is_empty() { self.folder.path().join(place) } else { root.clone() };
        let mut files = Vec::new();
        walk(&within, &mut files);
        for file in files.into_iter().filter(|file| file.file_name().is_some_and(|name| name != "at")) {
            let whole = fs::read(&file).expect("a fixture");
            let members = Arc::new(members_of(&whole));
            let is_packed = whole.starts_with(b"\x1f\x8b");
            let slot = |member| Slot {
                root: root.clone(),
                file: file.clone(),
                whole: whole.clone(),
                member,
                members: Arc::clone(&members),
                is_packed,
            };
            if members.is_empty() {
                self.slots.push(slot(None));
            }
            let parts = members.iter().enumerate().filter(|(_, (name, _))| !name.ends_with("version"));
            let new: Vec<Slot> = parts.map(|(at, _)| slot(Some(at))).collect();
            self.slots.extend(new);
        }
    }

    fn copy(&self, from: &Path, to: &str) {
        if from.is_dir() {
            for name in names_in(from) {
                self.copy(&from.join(&name), &format!("{to}/{name}"));
            }
        } else {
            self.folder.file(to, fs::read(from).expect("a fixture"));
        }
    }

    /// What to start from: names and bytes.
    pub(crate) fn seeds(&self) -> Vec<(String, Vec<u8>)> {
        match self.shape {
            Shape::File(_, seeds) => seeds
                .iter()
                .map(|seed| {
                    let bytes = match *seed {
                        "recipe" => recipe_to_toml(&Recipe::default()).into_bytes(),
                        "parquet_edges" => parquet(&[
                            ("source", Values::Whole(vec![0, 1, 2, 33])),
                            ("target", Values::Whole(vec![1, 2, 3, 0])),
                            ("weight", Values::Numbers(vec![0.5, 1.0, 2.0, 0.25])),
                        ]),
                        "parquet_nodes" => parquet(&[
                            ("id", Values::Texts(vec!["0", "1", "2", "33"])),
                            ("height", Values::Numbers(vec![0.5, 1.0, f64::NAN, 0.25])),
                            ("class", Values::Texts(vec!["red", "green", "", "red"])),
                            ("split", Values::Texts(vec!["train", "val", "test", "train"])),
                        ]),
                        seed => fs::read(fixtures().join(seed)).expect("a fixture"),
                    };
                    (seed.replace('/', "-"), bytes)
                })
                .collect(),
            Shape::Part(_) => (0u8..)
                .zip(&self.slots)
                .map(|(at, slot)| {
                    let inner = match slot.member {
                        Some(member) => slot.members[member].1.clone(),
                        None if slot.is_packed => unpacked(&slot.whole),
                        None => slot.whole.clone(),
                    };
                    (format!("part-{at}"), [&[at][..], &inner].concat())
                })
                .collect(),
        }
    }

    /// Puts the bytes in their place and reads what is there then; what comes of it is of no interest.
    pub(crate) fn read(&self, bytes: &[u8]) {
        match self.shape {
            Shape::File(name, _) => {
                let path = self.folder.file(name, bytes);
                self.read_path(&path, bytes);
            }
            Shape::Part(_) => {
                let Some((first, rest)) = bytes.split_first() else { return };
                let slot = &self.slots[usize::from(*first) % self.slots.len()];
                let new = match slot.member {
                    Some(member) => zip_of(&slot.members, member, rest),
                    None if slot.is_packed => gzip(rest),
                    None => rest.to_vec(),
                };
                fs::File::create(&slot.file)
                    .and_then(|mut file| std::io::Write::write_all(&mut file, &new))
                    .expect("written");
                let manifest = slot.root.join("manifest.json");
                let stated = fs::read_to_string(&manifest).ok().filter(|_| slot.file != manifest);
                if let Some(stated) = &stated {
                    let (old, new) = (hash(&slot.whole), hash(&new));
                    self.put(&manifest, stated.replace(&old, &new).as_bytes());
                }
                self.read_path(&slot.root, &new);
                self.put(&slot.file, &slot.whole);
                if let Some(stated) = &stated {
                    self.put(&manifest, stated.as_bytes());
                }
            }
        }
    }

    fn put(&self, path: &Path, bytes: &[u8]) {
        let name = path.strip_prefix(self.folder.path()).expect("below the folder");
        self.folder.file(name.to_str().expect("UTF-8"), bytes);
    }

    fn read_path(&self, path: &Path, bytes: &[u8]) {
        let (spec, ctl) = (path.to_str().expect("UTF-8"), &self.ctl);
        match detect(path) {
            Ok(Detected::Graph(format)) => {
                drop(read_graph_within(spec, &ReadOptions::default(), MEMORY_BYTES, ctl));
                if format.to_string() == "edge list" {
                    let told = ReadOptions {
                        columns: Some(vec![Column::Target, Column::Weight, Column::Source]),
                        separator: Some(Separator::Comma),
                        ..ReadOptions::default()
                    };
                    drop(read_graph_within(spec, &told, MEMORY_BYTES, ctl));
                }
            }
            Ok(Detected::Model(_)) => drop(read_model(spec)),
            Ok(Detected::Recipe) => drop(read_recipe(path)),
            Ok(Detected::Bundle) => {
                if let Ok(bundle) = read_bundle(path) {
                    drop(bundle.masks(self.karate.topology()));
                }
            }
            Ok(Detected::Part(part) | Detected::PartTable(part)) => {
                let file = Some(spec.to_owned());
                let told = match part {
                    GraphPart::Features => ReadOptions { feature_file: file, ..ReadOptions::default() },
                    GraphPart::Labels => ReadOptions { label_file: file, ..ReadOptions::default() },
                    GraphPart::Split => ReadOptions { split_file: file, ..ReadOptions::default() },
                };
                drop(read_graph_within("sample:karate", &told, MEMORY_BYTES, ctl));
            }
            Ok(Detected::Unknown { .. }) | Err(_) => {
                let told = ReadOptions {
                    separator: Some(Separator::Bar),
                    comments: Some("!".to_owned()),
                    ..ReadOptions::default()
                };
                drop(read_graph_within(spec, &told, MEMORY_BYTES, ctl));
            }
        }
        if path.is_file() {
            drop(read_model_bytes(bytes, path));
            drop(read_split(spec, &self.karate, 0));
            drop(read_node_ids(path, &self.karate));
            drop(read_arrivals(path, path, &self.karate, ctl));
        }
    }
}

/// Fixtures that no file holds, below `here`; answers with what is read.
fn made(name: &str, here: &Path, karate: &Dataset, ctl: &Control) -> PathBuf {
    let put = |name: &str, bytes: Vec<u8>| {
        let path = here.join(name);
        fs::File::create(&path).and_then(|mut file| std::io::Write::write_all(&mut file, &bytes)).expect("written");
        path
    };
    match name {
        "gnn_benchmark" => put("a.npz", npz(&gnn_benchmark())),
        "heterophilous" => put("a.npz", npz(&heterophilous())),
        "compact" => put("a.npz", npz(&compact())),
        "unifews_folder" => {
            put("adj.npz", npz(&adjacency()));
            put("labels.npz", npz(&vec![("labels", ints(&[0, 1])), ("idx_train", ints(&[0]))]));
            put("attribute.txt", b"n=2\nm=4\n".to_vec());
            here.to_owned()
        }
        "stored" => {
            let target = here.join("stored");
            write_stored_graph(karate, &target, ctl).expect("a folder");
            target
        }
        "bundle" | "bundle-for-new-nodes" => {
            let mut recipe =
                Recipe { model: Architecture { hidden: 4, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
            recipe.edges.delta = vec![0.5];
            recipe.weights.delta = vec![0.5];
            if name != "bundle" {
                recipe.edges.mode = EdgeMode::Target;
                recipe.weights.mode = WeightMode::Target;
                recipe.recovery = Some(RecoveryRule { nodes_are: NodesAre::New, ..RecoveryRule::default() });
            }
            let dataset = karate.clone().shared();
            let model = Model::init(&recipe.model, dataset.features().width(), dataset.n_classes(), 7);
            let run = run(&dataset, &Arc::new(model), &recipe, RunOptions::PREVIEW, None, ctl).expect("a run");
            let target = here.join(name);
            write_bundle(&run, &target, ctl).expect("a bundle");
            target
        }
        other => panic!("no fixture {other}"),
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn walk(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for name in names_in(path) {
            walk(&path.join(name), out);
        }
    } else {
        out.push(path.to_owned());
    }
}

/// Names and contents of what a zip archive holds; nothing where the bytes are none.
fn members_of(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let Ok(mut archive) = zip::ZipArchive::new(std::io::Cursor::new(bytes)) else { return Vec::new() };
    (0..archive.len())
        .map(|at| {
            let mut entry = archive.by_index(at).expect("an entry");
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("its bytes");
            (entry.name().to_owned(), content)
        })
        .collect()
}

fn zip_of(members: &[(String, Vec<u8>)], replaced: usize, by: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (at, (name, content)) in members.iter().enumerate() {
        archive.start_file(name.as_str(), options).expect("an entry");
        let content = if at == replaced { by } else { content };
        std::io::Write::write_all(&mut archive, content).expect("its bytes");
    }
    archive.finish().expect("an archive").into_inner()
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(bytes), &mut out).expect("gzip");
    out
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
