//! The stop button is looked at everywhere, want of memory is said before it is felt, and what is no file is not opened.

use std::path::{Path, PathBuf};

use unifews::engine::control::{Canceller, Control};
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::graph::ReadOptions;
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::Recipe;
use unifews::io::bundle::{read_bundle, write_bundle};
use unifews::io::stored::write_stored_graph;
use unifews::io::{
    Detected, LoadError, MemoryBudget, ReadingScope, detect, read_arrivals, read_graph, read_graph_within, read_model,
    read_node_ids, read_recipe, read_split, recipe_to_toml,
};

use crate::files::{Folder, floats, ints, npz};
use crate::graph_formats::fixtures;
use crate::support::control;

/// Reads what is at `path`, whatever it is.
fn read(path: &Path, ctl: &Control) -> Result<(), LoadError> {
    let spec = path.to_str().expect("UTF-8");
    match detect(path)? {
        Detected::Graph(_) => read_graph(spec, ctl).map(|_| ()),
        Detected::Model(_) => read_model(spec).map(|_| ()),
        Detected::Recipe => read_recipe(path).map(|_| ()),
        Detected::Bundle => read_bundle(path).map(|_| ()),
        other => Err(LoadError::content(path, "whole file", "something to read", other)),
    }
}

/// How often the button is looked at while `path` is read; stopped at each of these looks, reading is stopped and nothing else.
fn looks_of(path: &Path, workers: &Control) -> usize {
    let with = |canceller: Canceller| {
        let ctl = workers.clone().with_canceller(canceller);
        let _reading = ReadingScope::enter(&ctl, MemoryBudget::SYSTEM);
        (read(path, &ctl), ctl.canceller().n_looks())
    };
    let (whole, n_looks) = with(Canceller::after_looks(usize::MAX));
    if whole.is_err() {
        return 0;
    }
    // Every look of small ones, some of large ones.
    for after in (0..n_looks).step_by((n_looks / 40).max(1)) {
        let (stopped, _) = with(Canceller::after_looks(after));
        assert!(matches!(stopped, Err(LoadError::Cancelled)), "{}, after {after}: {stopped:?}", path.display());
    }
    n_looks
}

#[test]
fn every_format_stops_wherever_it_is_read() {
    let workers = control();
    let folder = Folder::new();
    let mut paths: Vec<PathBuf> = [fixtures(), fixtures().with_file_name("models")]
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).expect("fixtures"))
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.push(folder.file("recipe.toml", recipe_to_toml(&Recipe::default())));
    let (karate, _) = read_graph("sample:karate", &workers).expect("a sample");
    let stored = folder.path().join("stored");
    write_stored_graph(&karate, &stored, &workers).expect("written");
    paths.push(stored);
    let recipe = Recipe { model: Architecture { hidden: 4, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
    let model = Model::init(&recipe.model, karate.features().width(), karate.n_classes(), 7);
    let made = run(&karate.shared(), &model.into(), &recipe, RunOptions::FULL, None, &workers).expect("a run");
    for name in ["bundle", "bundle.zip"] {
        write_bundle(&made, folder.path().join(name), &workers).expect("written");
        paths.push(folder.path().join(name));
    }
    paths.sort();
    let n_read = paths.iter().filter(|path| looks_of(path, &workers) > 0).count();
    assert!(n_read > 60, "{n_read} files and folders");
    looks_of(Path::new("sample:powerlaw?nodes=200&edges=2000"), &workers);
}

#[test]
fn large_files_are_looked_up_from_often() {
    let workers = control();
    let folder = Folder::new();
    let n = 1 << 20;
    let check = |path: &Path, least: usize| {
        let n_looks = looks_of(path, &workers);
        assert!(n_looks >= least, "{}: {n_looks} looks", path.display());
    };
    // 8 MiB and more of each: a look for every MiB of the file, and for every few hundred thousand values of what is made of it.
    let edges: String = (0..n)
        .flat_map(|i| [(i % 5_000).to_string(), " ".into(), ((i * 7 + 1) % 5_000).to_string(), "\n".into()])
        .collect();
    check(&folder.file("edges.txt", edges), 8);
    let indices: Vec<i64> = (0..n).map(|i| i % 1024).collect();
    let indptr: Vec<i64> = (0..=1024).map(|row| row * 1024).collect();
    let csr = vec![
        ("indptr", ints(&indptr)),
        ("indices", ints(&indices)),
        ("shape", ints(&[1024, 1024])),
        ("format", crate::files::text("csr")),
    ];
    check(&folder.file("adj.npz", npz(&csr)), 20);
    let graph = folder.file("beside/edges.txt", "0 1\n1 2\n");
    folder.file("beside/features.npy", floats(&[3, 700_000], &vec![0.5; 2_100_000]));
    check(&graph, 16);
    // What is done with values that are in memory already.
    let targets: Vec<i64> = (0..n).map(|i| (i * 7 + 1) % 5_000).collect();
    let sources: Vec<i64> = (0..n).map(|i| i % 5_000).collect();
    check(&folder.file("graph.bin", dgl_graph(5_000, &sources, &targets)), 60);
    check(&folder.file("graph.mat", mat_graph(5_000, &sources, &targets)), 50);
}

/// A file of `dgl.save_graphs` with a list of edges.
fn dgl_graph(n_nodes: i64, sources: &[i64], targets: &[i64]) -> Vec<u8> {
    let word = |value: u64| value.to_le_bytes().to_vec();
    let array = |values: &[i64]| {
        let kind = [word(0xdd5e_40f0_96b4_a13f), word(0), vec![1, 0, 0, 0, 0, 0, 0, 0], vec![1, 0, 0, 0, 0, 64, 1, 0]];
        let n = values.len() as u64;
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        [kind.concat(), word(n), word(8 * n), bytes].concat()
    };
    let sorts = [
        word(0xdd3c_5ffe_2004_6abf),
        word(0xdd6c_d312_05df_f127),
        word(1),
        word(1),
        array(&[0, 1]),
        array(&[0]),
        array(&[]),
        vec![0],
    ]
    .concat();
    let nodes = n_nodes as u64;
    let matrix =
        [word(0xdd61_ffd3_05df_f127), word(nodes), word(nodes), array(sources), array(targets), array(&[]), vec![0, 0]];
    let unit = [word(0xdd2e_60f0_f6b4_a127), word(1), word(1), sorts.clone(), matrix.concat()].concat();
    let mut head = [word(0xdd2e_4ff0_46b4_a13f), word(2), word(2), word(1)].concat();
    head.resize(4096, 0);
    let graph = [word(0xdd58_9fbe_3522_4abf), sorts, word(1), unit, word(1), word(nodes), word(0), word(0)].concat();
    [head, word(0), word(0), graph, word(0), word(0)].concat()
}

/// A MATLAB file with the ends of edges and nothing else.
fn mat_graph(n_nodes: i64, sources: &[i64], targets: &[i64]) -> Vec<u8> {
    let element = |kind: u32, data: &[u8]| {
        let mut bytes = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        bytes.extend_from_slice(data);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let matrix = |name: &str, rows: i32, columns: i32, values: &[i64]| {
        let flags = element(6, &[12, 0, 0, 0, 0, 0, 0, 0]);
        let shape = element(5, &[rows.to_le_bytes(), columns.to_le_bytes()].concat());
        let values: Vec<u8> = values.iter().flat_map(|value| (*value as i32).to_le_bytes()).collect();
        element(14, &[flags, shape, element(1, name.as_bytes()), element(5, &values)].concat())
    };
    let mut head = b"MATLAB 5.0 MAT-file".to_vec();
    head.resize(124, b' ');
    head.extend([0, 1, b'I', b'M']);
    let ends: Vec<i64> = sources.iter().zip(targets).flat_map(|(a, b)| [*a, *b]).collect();
    let edges = matrix("edge_index", 2, i32::try_from(sources.len()).expect("few edges"), &ends);
    [head, edges, matrix("num_nodes", 1, 1, &[n_nodes])].concat()
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_refused_by_its_kind_and_not_waited_for() {
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name);
    let pipe = |name: &str| {
        let path = at(name);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        path
    };
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    let all = |path: &Path, kind: &str| {
        let spec = path.to_str().expect("UTF-8");
        let answers = [
            detect(path).map(|_| ()),
            read_graph(spec, &control()).map(|_| ()),
            read_model(spec).map(|_| ()),
            read_recipe(path).map(|_| ()),
            read_bundle(path).map(|_| ()),
            read_node_ids(path, &karate).map(|_| ()),
            read_arrivals(path, path, &karate, &control()).map(|_| ()),
        ];
        for answer in answers {
            let said = answer.expect_err("no file").to_string();
            assert!(said.starts_with("whole file: expected a regular file, found "), "{said}");
            assert!(said.contains(kind) && said.contains("into a file, and name that"), "{said}");
        }
    };
    all(&pipe("pipe"), "a named pipe");
    all(Path::new("/dev/zero"), "a device");
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
    all(&at("socket"), "a socket");
    // Where a part of something larger is one.
    let split = pipe("split.npz");
    let said = read_split(split.to_str().expect("UTF-8"), &karate, 0).unwrap_err().to_string();
    assert!(said.contains("a named pipe"), "{said}");
    let edges = folder.file("edges.txt", "0 1\n1 2\n");
    let spec = edges.to_str().expect("UTF-8");
    for (name, options) in [
        ("f.npy", ReadOptions { feature_file: Some(String::new()), ..ReadOptions::default() }),
        ("l.npy", ReadOptions { label_file: Some(String::new()), ..ReadOptions::default() }),
        ("s.npz", ReadOptions { split_file: Some(String::new()), ..ReadOptions::default() }),
    ] {
        let mut options = options;
        let path = pipe(name);
        let named = [&mut options.feature_file, &mut options.label_file, &mut options.split_file];
        for file in named.into_iter().flatten() {
            path.to_str().expect("UTF-8").clone_into(file);
        }
        let said = read_graph_within(spec, &options, MemoryBudget::SYSTEM, &control()).unwrap_err().to_string();
        assert!(said.contains("a named pipe"), "{name}: {said}");
    }
    // Tables of every kind pass the same door.
    pipe("t.parquet");
    let options = ReadOptions { feature_file: Some(at("t.parquet").display().to_string()), ..ReadOptions::default() };
    let said = read_graph_within(spec, &options, MemoryBudget::SYSTEM, &control()).unwrap_err().to_string();
    assert!(said.contains("a named pipe"), "{said}");
    // A folder whose main file is one is waited for by nobody, either.
    std::fs::create_dir(at("folder")).expect("a folder");
    pipe("folder/manifest.json");
    pipe("folder/adj.npz");
    pipe("folder/graph.json");
    assert!(matches!(detect(at("folder")), Ok(Detected::Unknown { .. })));
    assert!(read_bundle(at("folder")).unwrap_err().to_string().contains("a named pipe"));
}

#[test]
fn memory_is_asked_for_before_it_is_taken() {
    let folder = Folder::new();
    let refused = |path: &Path, n_bytes: u64| {
        let ctl = control();
        let _reading = ReadingScope::enter(&ctl, MemoryBudget::of_each(n_bytes));
        let spec = path.to_str().expect("UTF-8");
        let read = match detect(path) {
            Ok(Detected::Graph(_)) => read_graph_within(spec, &ReadOptions::default(), n_bytes, &ctl).map(|_| ()),
            _ => read(path, &ctl),
        };
        let error = read.expect_err("too large");
        assert!(matches!(error, LoadError::TooLarge { .. }), "{}: {error}", path.display());
        error.to_string()
    };
    // What a file says it holds, what lies beside it, and what is made of small types.
    let graph = folder.file("beside/edges.txt", "0 1\n1 2\n");
    folder.file("beside/features.npy", floats(&[3, 1_000], &vec![0.5; 3_000]));
    let said = refused(&graph, 8_000);
    assert!(said.contains("features.npy"), "{said}");
    for name in
        ["models/gcn.pt", "models/gcn-types.safetensors", "models/gcn.npz", "models/gcn.onnx", "graphs/pyg-2.4.pt"]
    {
        refused(&fixtures().with_file_name(name), 100);
    }
    // What a table of nodes grows to, and a sparse tensor that is written out in full.
    let graph = folder.file("table/edges.csv", "source,target\na,b\nb,c\n");
    let row = |id: &str| format!("{id}{}\n", ",1.5".repeat(200));
    let header = (0..200).fold("id".to_owned(), |text, at| text + ",f" + &at.to_string());
    folder.file("table/features.csv", format!("{header}\n{}{}{}", row("a"), row("b"), row("c")));
    let said = refused(&graph, 2_000);
    assert!(said.contains("3 nodes with 200 columns") && said.contains("features.csv"), "{said}");
    let said = refused(Path::new("sample:powerlaw?nodes=100000&edges=1000000"), 1 << 20);
    assert!(said.contains("100000 nodes, 1000000 entries and 64 features"), "{said}");
    // Our own arrays are known exactly: no more is asked for than is taken.
    let (graph, _) = read_graph("sample:powerlaw?nodes=3000&edges=30000&features=64", &control()).expect("a sample");
    let stored = folder.path().join("stored");
    write_stored_graph(&graph, &stored, &control()).expect("written");
    let size = unifews::engine::out_of_core::GraphSize::of(&graph);
    refused(&stored, size.structure_bytes() + size.embedding_bytes());
    let spec = stored.to_str().expect("UTF-8");
    let twice = 2 * (size.structure_bytes() + size.embedding_bytes());
    assert!(read_graph_within(spec, &ReadOptions::default(), twice, &control()).is_ok());
}

#[test]
fn a_bundle_that_unpacks_to_far_more_than_it_is_is_refused() {
    use std::io::Write as _;
    let folder = Folder::new();
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    let recipe = Recipe { model: Architecture { hidden: 4, ..Architecture::new(Family::Gcn) }, ..Recipe::default() };
    let model = Model::init(&recipe.model, karate.features().width(), karate.n_classes(), 7);
    let made = run(&karate.shared(), &model.into(), &recipe, RunOptions::FULL, None, &control()).expect("a run");
    let whole = folder.path().join("whole");
    write_bundle(&made, &whole, &control()).expect("written");
    // The recipe's file is 96 MiB of line feeds, and the manifest knows it.
    let n_bytes = 96 << 20;
    let mut manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(whole.join("manifest.json")).expect("read")).expect("JSON");
    manifest["files"]["recipe.toml"]["size_bytes"] = n_bytes.into();
    let path = folder.path().join("bomb.zip");
    let mut archive = zip::ZipWriter::new(std::fs::File::create(&path).expect("a file"));
    let options = zip::write::SimpleFileOptions::default();
    archive.start_file("manifest.json", options).expect("a zip entry");
    archive.write_all(manifest.to_string().as_bytes()).expect("written");
    archive.start_file("recipe.toml", options).expect("a zip entry");
    archive.write_all(&vec![b'\n'; n_bytes]).expect("written");
    archive.finish().expect("closed");
    let said = read_bundle(&path).unwrap_err().to_string();
    assert!(said.starts_with("recipe.toml: expected at most ") && said.contains("bytes unpacked"), "{said}");
}
