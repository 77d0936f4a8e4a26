//! Files made to harm: no panic and no large allocation, whatever the bytes.

use proptest::prelude::*;
use unifews::io::{detect, read_arrivals, read_graph, read_model, read_node_ids, read_recipe, read_split};

use crate::broken_collections::copy;
use crate::files::{
    Arrays, Folder, adjacency, compact, gnn_benchmark, gzip, heterophilous, npy, npz, safetensors, with,
};
use crate::graph_formats::fixtures;
use crate::support::control;

/// Every reader, one after the other. What they answer is of no interest here.
pub(crate) fn read_by_all(folder: &Folder, name: &str, bytes: &[u8]) {
    let path = folder.file(name, bytes);
    let spec = path.to_str().expect("UTF-8");
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    drop(detect(&path));
    drop(read_graph(spec, &control()));
    drop(read_model(spec));
    drop(unifews::io::read_model_bytes(bytes, &path));
    drop(read_recipe(&path));
    drop(read_split(spec, &karate, 0));
    drop(read_node_ids(&path, &karate));
    drop(read_arrivals(&path, &path, &karate, &control()));
}

const NAMES: [&str; 6] = ["a.npz", "adj.npz", "a.txt", "a.toml", "a.safetensors", "a.metis"];

/// An array of a random type and shape, true to itself or not.
fn any_array() -> impl Strategy<Value = Vec<u8>> {
    let descr = prop::sample::select(vec!["<i8", "<i4", "|i1", "<u8", "<f4", "<f8", "<f2", "|b1", "|S3", "<U2", "|O"]);
    let shape = prop::collection::vec(0usize..5, 0..3);
    (descr, shape, any::<bool>(), prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..160)).prop_map(
        |(descr, shape, is_whole, mut values)| {
            let size: usize = match descr {
                "<i8" | "<u8" | "<f8" | "<U2" | "|O" => 8,
                "<i4" | "<f4" => 4,
                "|S3" => 3,
                "<f2" => 2,
                _ => 1,
            };
            if is_whole {
                values.resize(size * shape.iter().product::<usize>(), 0);
            }
            npy(descr, &shape, &values)
        },
    )
}

/// A whole archive in which one or two arrays are replaced.
fn damaged_archive() -> impl Strategy<Value = (Vec<u8>, &'static str)> {
    let whole = prop::sample::select(vec![
        (gnn_benchmark as fn() -> Arrays, "a.npz"),
        (heterophilous, "a.npz"),
        (compact, "a.npz"),
        (adjacency, "adj.npz"),
    ]);
    (whole, any::<(prop::sample::Index, prop::sample::Index)>(), any_array(), prop::option::of(any_array())).prop_map(
        |((whole, name), (first, second), one, other)| {
            let names: Vec<&'static str> = whole().iter().map(|(name, _)| *name).collect();
            let arrays = with(whole(), names[first.index(names.len())], Some(one));
            let arrays = with(arrays, names[second.index(names.len())], other);
            (npz(&arrays), name)
        },
    )
}

/// Whole text files of every exchange format, to be damaged.
fn text_graphs() -> Vec<(String, Vec<u8>)> {
    let folder = std::fs::read_dir(fixtures()).expect("fixtures");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect();
    files.sort();
    let mut texts = Vec::new();
    for path in files.into_iter().filter(|path| path.extension().is_none_or(|e| e != "json")) {
        let bytes = std::fs::read(&path).expect("a fixture");
        if !bytes.contains(&0) {
            texts.push((path.file_name().expect("a name").to_string_lossy().into_owned(), bytes));
        }
    }
    texts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), name in prop::sample::select(&NAMES[..])) {
        read_by_all(&Folder::new(), name, &bytes);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "[-0-9a-z =.,;#%\\[\\]\"\t\n\u{e9}]{0,120}", name in prop::sample::select(&NAMES[..])) {
        read_by_all(&Folder::new(), name, text.as_bytes());
        read_by_all(&Folder::new(), name, format!("format = \"unifews-recipe/1\"\n{text}").as_bytes());
    }

    #[test]
    fn damaged_text_graphs_never_panic(
        (name, bytes) in prop::sample::select(text_graphs()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[-0-9a-z %<>/\"\\[\\]&;=\n]"), 1..8),
        kept in 0.3f64..1.0,
        is_packed in any::<bool>(),
    ) {
        let mut bytes = bytes;
        for (at, text) in changes {
            let at = at.index(bytes.len());
            bytes[at] = text.as_bytes()[0];
        }
        let n_kept = (kept * bytes.len() as f64) as usize;
        bytes.truncate(n_kept);
        let bytes = if is_packed { gzip(&bytes) } else { bytes };
        let folder = Folder::new();
        let path = folder.file(&name, &bytes);
        drop(read_graph(path.to_str().expect("UTF-8"), &control()));
    }

    #[test]
    fn damaged_binary_graphs_never_panic(
        name in prop::sample::select(vec!["coo.dgl.bin", "csr.dgl.bin", "two.dgl.bin", "facebook.mat", "genius.mat", "patents.mat", "coo.npz", "musae.npz"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kept in 0.5f64..1.5,
    ) {
        let mut bytes = std::fs::read(fixtures().join(name)).expect("a fixture");
        // Most of a DGL file's first page is empty.
        let first = if name.ends_with("dgl.bin") { 4096 } else { 0 };
        for (at, value) in changes {
            let at = first + at.index(bytes.len() - first);
            bytes[at] = value;
        }
        bytes.truncate((kept * bytes.len() as f64) as usize);
        let folder = Folder::new();
        let path = folder.file(name, &bytes);
        drop(read_graph(path.to_str().expect("UTF-8"), &control()));
    }

    #[test]
    fn damaged_folders_never_panic(
        (name, file) in prop::sample::select(vec![
            ("ogbn_small", "raw/edge.csv.gz"), ("ogbn_small", "raw/node-label.csv.gz"), ("ogbn_binary", "raw/data.npz"), ("flickr", "class_map.json"),
            ("flickr", "role.json"), ("ppi", "train_graph.json"), ("reddit", "reddit_data.npz"), ("texas", "raw/out1_node_feature_label.txt"),
            ("film", "out1_graph_edges.txt"),
        ]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        kept in 0.5f64..1.5,
    ) {
        let folder = Folder::new();
        copy(&fixtures().join(name), &folder, std::path::Path::new(name));
        let path = folder.path().join(name).join(file);
        let mut bytes = std::fs::read(&path).expect("a fixture");
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.truncate((kept * bytes.len() as f64) as usize);
        folder.file(&format!("{name}/{file}"), &bytes);
        drop(read_graph(folder.path().join(name).to_str().expect("UTF-8"), &control()));
    }

    #[test]
    fn damaged_arrays_never_panic((bytes, name) in damaged_archive()) {
        read_by_all(&Folder::new(), name, &bytes);
    }

    #[test]
    fn damaged_archives_never_panic(
        (bytes, name) in damaged_archive(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
        kept in 0.5f64..1.0,
    ) {
        let mut bytes = bytes;
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read_by_all(&Folder::new(), name, &bytes);
        let n_kept = (0..bytes.len()).take_while(|at| (*at as f64) < kept * bytes.len() as f64).count();
        bytes.truncate(n_kept);
        read_by_all(&Folder::new(), name, &bytes);
    }

    #[test]
    fn damaged_models_never_panic(
        dtype in prop::sample::select(vec!["F32", "F16", "I64", "U8", "X"]),
        shape in prop::collection::vec(prop_oneof![0usize..4, any::<usize>()], 0..4),
        end in prop_oneof![0usize..40, any::<usize>()],
        n_bytes in 0usize..40,
        name in prop::sample::select(vec!["convs.0.lin.weight", "fcs.0.weight", "fcs.0.weight_orig", "scaler.mean"]),
        metadata in prop::sample::select(vec!["", "\"__metadata__\":{\"format\":\"unifews-model/1\",\"architecture\":\"{}\"},"]),
    ) {
        let header = format!("{{{metadata}\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[0,{end}]}}}}");
        read_by_all(&Folder::new(), "a.safetensors", &safetensors(&header, &vec![0; n_bytes]));
    }
}

#[test]
fn an_archive_that_unpacks_to_far_more_than_itself_is_refused() {
    let folder = Folder::new();
    let n = 100 << 20;
    // In second place, where this archive writer deflates.
    let bomb = ("adj_indices", npy("|i1", &[n], &vec![0; n]));
    let mut arrays = with(gnn_benchmark(), "adj_indices", None);
    arrays.insert(1, bomb);
    let path = folder.file("bomb.npz", npz(&arrays));
    let error = read_graph(path.to_str().expect("UTF-8"), &control()).map(|_| ()).unwrap_err().to_string();
    let start = "array adj_indices: expected at most 67108864 bytes, found 1048576";
    assert!(error.starts_with(start), "{error}");
}
