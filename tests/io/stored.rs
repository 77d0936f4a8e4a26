//! Our own folder of arrays: what is written is what is read, and what is broken is said.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unifews::engine::graph::{Dataset, DatasetParts, Features, Labels, Split};
use unifews::io::stored::{StoredGraph, write_stored_graph};
use unifews::io::{Detected, GraphFormat, detect, read_graph};

use crate::files::{Folder, npy};
use crate::support::control;

fn karate() -> Dataset {
    read_graph("sample:karate", &control()).expect("a sample").0
}

fn stored(dataset: &Dataset) -> (Folder, String) {
    let folder = Folder::new();
    let path = folder.path().join("g");
    write_stored_graph(dataset, &path, &control()).expect("written");
    let spec = path.to_str().expect("UTF-8").to_owned();
    (folder, spec)
}

#[test]
fn what_is_written_is_what_is_read() {
    let cora = read_graph("sample:cora", &control()).expect("a sample").0;
    let multi = read_graph("sample:powerlaw?nodes=90&edges=300&labels=multi", &control()).expect("generated").0;
    let weighted = DatasetParts {
        edge_weights: Some((0..karate().topology().n_entries()).map(|k| k as f32 / 7.0).collect()),
        node_ids: Some((0..34).map(|u| format!("member {u}\n\u{fc}")).collect()),
        ..karate().to_parts()
    };
    let bare = DatasetParts { labels: None, splits: Vec::new(), ..karate().to_parts() };
    let weighted = Dataset::try_new(weighted).expect("valid");
    let bare = Dataset::try_new(bare).expect("valid");
    for dataset in [cora, multi, karate(), weighted, bare] {
        let (_folder, spec) = stored(&dataset);
        assert_eq!(detect(&spec).expect("readable"), Detected::Graph(GraphFormat::Stored));
        let (read, report) = read_graph(&spec, &control()).expect("read");
        assert_eq!(report.format, "folder of arrays");
        assert_eq!(read.topology(), dataset.topology());
        assert_eq!(read.edge_weights(), dataset.edge_weights());
        assert_eq!(read.features(), dataset.features());
        assert_eq!(read.labels(), dataset.labels());
        assert_eq!(read.splits(), dataset.splits());
        assert_eq!(read.node_ids(), dataset.node_ids());
        assert_eq!((read.name(), read.source()), (dataset.name(), spec.as_str()));
        assert!(report.warnings.is_empty() && report.ignored.is_empty(), "{report:?}");
    }
}

/// Breaks one file of Karate's folder and compares the text of the error; `FILE` stands for its path.
fn check(name: &str, bytes: impl AsRef<[u8]>, expected: &str) {
    let (folder, spec) = stored(&karate());
    let path = folder.file(&format!("g/{name}"), bytes);
    let error = read_graph(&spec, &control()).expect_err(expected).to_string();
    let expected = expected.replace("FILE", path.to_str().expect("UTF-8")).replace("FOLDER", &spec);
    assert_eq!(error, expected, "{name}");
}

#[test]
fn broken_folders_say_where() {
    let manifest = |change: &str, to: &str| {
        let (_folder, spec) = stored(&karate());
        let text = std::fs::read_to_string(std::path::Path::new(&spec).join("graph.json")).expect("a manifest");
        assert!(text.contains(change), "{text}");
        text.replace(change, to)
    };
    let version = manifest("unifews-stored-graph/1", "unifews-stored-graph/2");
    check("graph.json", version, "format: expected \"unifews-stored-graph/1\", found \"unifews-stored-graph/2\": FILE");
    let counts = manifest("\"n_nodes\": 34", "\"n_nodes\": \"many\"");
    check(
        "graph.json",
        counts,
        "manifest: expected the counts of a stored graph, found invalid type: string \"many\", expected usize: FILE",
    );
    let none = manifest("\"n_nodes\": 34", "\"n_nodes\": 0");
    check(
        "graph.json",
        none,
        "counts: expected 1 to 2^32 - 1 nodes and at least 1 feature, found 0 nodes and 34 features: FILE",
    );
    check("indptr.npy", b"no array", "array: expected an array of <u8 with shape [35], found another file: FILE");
    check(
        "indices.npy",
        npy("<u4", &[3], &[0; 12]),
        "array: expected an array of <u4 with shape [190], found <u4 with shape [3]: FILE",
    );
    check(
        "indices.npy",
        npy("<u4", &[190], &[0; 12]),
        "array: expected 830 bytes, found 82 bytes (if the file is cut off, get it again): FILE",
    );
    check(
        "indices.npy",
        npy("<u4", &[190], &[0; 760]),
        "graph structure, row 0: expected columns that ascend strictly, found 0 then 0: FOLDER",
    );
    check(
        "split_0_val.npy",
        npy("<u4", &[1], &99u32.to_le_bytes()),
        "array: expected node numbers from 0 to below 34, found 99: FILE",
    );
    check(
        "labels.npy",
        npy("<i8", &[2], &[0; 16]),
        "array: expected shape [34] (one class per node), found shape [2]: FILE",
    );
}

#[test]
fn claims_larger_than_the_files_are_refused_before_memory_is_taken() {
    let (folder, spec) = stored(&karate());
    let text = std::fs::read_to_string(folder.path().join("g/graph.json")).expect("a manifest");
    for (change, to) in [
        ("\"n_nodes\": 34", "\"n_nodes\": 4294967294"),
        ("\"n_entries\": 190", "\"n_entries\": 18446744073709551615"),
        ("\"n_features\": 34", "\"n_features\": 9223372036854775807"),
    ] {
        folder.file("g/graph.json", text.replace(change, to));
        let error = StoredGraph::open(std::path::Path::new(&spec)).expect_err("refused").to_string();
        assert!(error.starts_with("array: expected an array of"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_graph_comes_back(
        rows in proptest::collection::vec(proptest::collection::btree_map(0u32..12, 0.0f32..9.0, 0..6), 12),
        width in 1usize..9,
        classes in proptest::collection::vec(proptest::option::of(0u32..4), 12),
    ) {
        let mut indptr = vec![0];
        let (mut indices, mut weights) = (Vec::new(), Vec::new());
        for row in &rows {
            let row: &BTreeMap<u32, f32> = row;
            indices.extend(row.keys());
            weights.extend(row.values());
            indptr.push(indices.len());
        }
        let topology = unifews::engine::graph::Topology::try_new(indptr, indices).expect("valid");
        let features = ndarray::Array2::from_shape_fn((12, width), |(i, j)| ((i * 7 + j) % 5) as f32 - 2.0);
        let dataset = Dataset::try_new(DatasetParts {
            name: "any".into(),
            source: "test".into(),
            topology,
            edge_weights: Some(weights),
            features: Features::from_dense(features),
            labels: Some(Labels::new(classes.iter().map(|c| c.unwrap_or(Labels::UNLABELLED)).collect())),
            splits: vec![Split { name: "a".into(), train: vec![0, 5], val: vec![], test: vec![7] }],
            node_ids: None,
        }).expect("valid");
        let (_folder, spec) = stored(&dataset);
        let read = read_graph(&spec, &control()).expect("read").0;
        prop_assert_eq!(read.topology(), dataset.topology());
        prop_assert_eq!(read.edge_weights(), dataset.edge_weights());
        prop_assert_eq!(read.features(), dataset.features());
        prop_assert_eq!(read.labels(), dataset.labels());
        prop_assert_eq!(read.splits(), dataset.splits());
    }
}
