//! Graphs in pickles: Planetoid's raw files and PyG's processed ones.

use std::path::Path;

use serde_json::Value;
use unifews::engine::graph::{Dataset, GraphStats, Metric, ReadOptions};
use unifews::io::{Detected, GraphFormat, LoadReport, detect, read_graph, read_graph_as};

use crate::files::Folder;
use crate::pickles::{archive, dict, int, longs, tensor};
use crate::support::{control, fact, shared_path};

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graphs").join(name).to_str().expect("UTF-8").to_owned()
}

fn expected() -> Value {
    let text = std::fs::read_to_string(fixture("expected_pickled.json")).expect("what is expected");
    serde_json::from_str(&text).expect("JSON")
}

fn classes(graph: &Dataset) -> Vec<u32> {
    graph.labels().expect("labels").classes().to_vec()
}

#[test]
fn real_planetoid_files() {
    let Some(folder) = shared_path("real_planetoid_files", "data/planetoid") else { return };
    // Name, nodes, directed entries without self-loops as PyG counts them, features, classes, labelled nodes.
    let cases = [
        ("cora", 2708, 10_556, 1433, 7, 2708),
        ("citeseer", 3327, 9104, 3703, 6, 3312),
        ("pubmed", 19_717, 88_648, 500, 3, 19_717),
    ];
    for (name, n_nodes, n_entries, n_features, n_classes, n_labelled) in cases {
        let path = format!("{folder}/ind.{name}.graph");
        assert_eq!(detect(&path).expect("readable"), Detected::Graph(GraphFormat::Planetoid));
        let (graph, report) = read_graph(&path, &control()).expect(name);
        let stats = GraphStats::of(&graph);
        assert_eq!(
            (stats.n_nodes, stats.n_entries - n_nodes, stats.n_self_loops),
            (n_nodes, n_entries, n_nodes),
            "{name}"
        );
        assert_eq!(
            (stats.n_features, stats.n_classes, stats.n_labelled),
            (n_features, n_classes, n_labelled),
            "{name}"
        );
        let split = &graph.splits()[0];
        let sizes = (split.name.as_str(), split.train.len(), split.val.len(), split.test.len());
        let n_test = 1000;
        assert_eq!(sizes, ("file", 20 * n_classes, 500, n_test), "{name}");
        assert_eq!(report.ignored, Vec::<String>::new(), "{name}");
        if name == "citeseer" {
            assert_eq!(fact(&report, "isolated nodes without features and label"), "15");
        }
        // Any of the eight files names the set.
        let (again, _) = read_graph(&format!("{folder}/ind.{name}.test.index"), &control()).expect(name);
        assert_eq!(again.content_hash(), graph.content_hash());
    }
    let several = read_graph(&folder, &control()).map(|_| ()).expect_err("three sets");
    let text = format!(
        "folder: expected the files of one set (name one of its files to choose), found citeseer, cora, pubmed: {folder}"
    );
    assert_eq!(several.to_string(), text);
}

/// The public Cora and the one that the method's programs read are the same graph, but for the order of nodes.
#[test]
fn planetoid_and_gnn_benchmark_agree_on_cora() {
    let Some(folder) = shared_path("planetoid_and_gnn_benchmark_agree_on_cora", "data") else { return };
    let (raw, _) = read_graph(&format!("{folder}/planetoid/ind.cora.x"), &control()).expect("cora");
    let (benchmark, _) = read_graph(&format!("{folder}/gnn-benchmark/cora.npz"), &control()).expect("cora");
    let degrees = |graph: &Dataset| {
        let mut degrees: Vec<usize> = (0..graph.n_nodes()).map(|u| graph.topology().degree(u)).collect();
        degrees.sort_unstable();
        degrees
    };
    assert_eq!(degrees(&raw), degrees(&benchmark));
    assert_eq!(raw.features().n_stored(), benchmark.features().n_stored());
}

#[test]
fn a_small_planetoid_set_node_by_node() {
    let folder = Folder::new();
    for part in ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"] {
        let name = format!("ind.tiny.{part}");
        folder.file(&format!("Tiny/raw/{name}"), std::fs::read(fixture(&name)).expect("a fixture"));
    }
    let root = folder.path().join("Tiny");
    assert_eq!(detect(&root).expect("readable"), Detected::Graph(GraphFormat::Planetoid));
    let (graph, report) = read_graph(root.to_str().expect("UTF-8"), &control()).expect("a set");
    let features: Vec<Vec<f32>> = serde_json::from_value(expected()["planetoid_features"].clone()).expect("rows");
    let found = graph.features().to_dense();
    for (u, row) in features.iter().enumerate() {
        let row = if u == 10 { vec![0.0; row.len()] } else { row.clone() };
        assert_eq!(found.row(u).to_vec(), row, "node {u}");
    }
    let mut labels: Vec<u32> = serde_json::from_value(expected()["labels"].clone()).expect("labels");
    labels[10] = u32::MAX;
    assert_eq!(classes(&graph), labels);
    let split = &graph.splits()[0];
    assert_eq!(
        (&split.train[..], &split.val[..], &split.test[..]),
        (&[0, 1, 2][..], &[3, 4, 5, 6][..], &[7, 8, 9, 11][..])
    );
    assert_eq!(graph.topology().degree(10), 1);
    assert_eq!(fact(&report, "isolated nodes without features and label"), "1");
    assert_eq!(fact(&report, "self-loops read"), "1");
}

fn read(name: &str) -> (Dataset, LoadReport) {
    let path = fixture(name);
    assert_eq!(detect(&path).expect("readable"), Detected::Graph(GraphFormat::PygProcessed), "{name}");
    read_graph(&path, &control()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_generation_of_pyg_holds_the_same_graph() {
    let (first, report) = read("pyg-1.7.pt");
    assert_eq!(report.format, "PyG data");
    let stats = GraphStats::of(&first);
    assert_eq!((stats.n_nodes, stats.n_features, stats.n_classes, stats.n_self_loops), (12, 6, 3, 12));
    assert!(stats.is_symmetric && report.ignored.is_empty() && report.warnings.is_empty(), "{report:?}");
    let split = &first.splits()[0];
    assert_eq!((split.name.as_str(), split.train.len(), split.val.len(), split.test.len()), ("file", 4, 3, 5));
    for name in ["pyg-2.0.pt", "pyg-2.4.pt", "pyg-adj-t.pt"] {
        assert_eq!(read(name).0.content_hash(), first.content_hash(), "{name}");
    }
    let (many, _) = read("pyg-2.4.pt");
    let names: Vec<&str> = many.splits().iter().map(|s| s.name.as_str()).collect();
    assert_eq!((names.len(), names[0], names[9]), (10, "file:0", "file:9"));
    assert_eq!(many.splits()[0].train, split.train);
    assert_eq!(many.splits()[1].train, [1, 2, 3, 4]);
    // Features as COO and as CSR, edges as CSR.
    let (sparse, bare) = (read("pyg-sparse.pt").0, read("pyg-bare.pt").0);
    assert_eq!(sparse.content_hash(), bare.content_hash());
    let relu = first.features().to_dense().mapv(|v| v.max(0.0));
    assert_eq!((sparse.features().to_dense(), sparse.topology()), (relu, first.topology()));
}

/// Edges come a piece at a time where they lie in order, rows or columns first, and at once where they do not.
#[test]
fn edges_of_pyg_are_the_same_however_they_lie() {
    let n = 1000u64;
    // More than a piece.
    let n_edges = 100_000u64;
    let ends = |e: u64| [e % n, (e + e / n * 31) % n].map(u64::cast_signed);
    let by_row: Vec<i64> = [0, 1].into_iter().flat_map(|end| (0..n_edges).map(move |e| ends(e)[end])).collect();
    let by_column: Vec<i64> = (0..n_edges).flat_map(ends).collect();
    let gapped: Vec<i64> = by_row.chunks(n_edges as usize).flat_map(|row| [row, &[7, 7]].concat()).collect();
    let folder = Folder::new();
    let read = |values: &[i64], offset: u64, stride: [u64; 2], n_stated: u64| {
        let edges = tensor("LongStorage", "0", n_stated, offset, &[2, n_edges], &stride);
        let object = dict(&[("edge_index", edges), ("num_nodes", int(n))]);
        let path = folder.file("data.pt", archive(&object, &[("0", longs(values))]));
        read_graph(path.to_str().expect("UTF-8"), &control()).map_err(|error| {
            let text = error.to_string();
            text.split(": /").next().unwrap_or_default().to_owned()
        })
    };
    let (expected, report) = read(&by_row, 0, [n_edges, 1], 2 * n_edges).expect("a graph");
    assert_eq!(fact(&report, "entries"), n_edges.to_string(), "all of them differ");
    for (values, offset, stride, n_stated) in [
        (&by_column, 0, [1, 2], 2 * n_edges),
        (&gapped, 0, [n_edges + 2, 1], 2 * n_edges + 4),
        (&[vec![9; 3], by_row.clone()].concat(), 3, [n_edges, 1], 2 * n_edges + 3),
    ] {
        let (graph, _) = read(values, offset, stride, n_stated).expect("a graph");
        assert_eq!(graph.topology(), expected.topology(), "stride {stride:?}");
    }
    // Shapes that lie, and numbers that are none of a node.
    let short = &by_row[..by_row.len() - 1];
    let found = read(short, 0, [n_edges, 1], 2 * n_edges).expect_err("too short");
    assert_eq!(found, "edge_index: expected 1600000 bytes in storage 0, found 1599992 bytes");
    let found = read(short, 0, [n_edges, 1], 2 * n_edges - 1).expect_err("too short");
    let within = "offset, size and stride within the 199999 values of storage 0";
    assert_eq!(found, format!("edge_index: expected {within}, found offset 0, size [2, 100000], stride [100000, 1]"));
    let mut wrong = by_row.clone();
    wrong[150_000] = -1;
    let found = read(&wrong, 0, [n_edges, 1], 2 * n_edges).expect_err("no node");
    assert_eq!(found, "edge_index: expected node numbers from 0 to below 4294967295, found -1");
}

#[test]
fn several_graphs_of_pyg_become_one_with_several_parts() {
    let (graph, report) = read("pyg-two.pt");
    assert_eq!(fact(&report, "graphs joined"), "2");
    assert_eq!(graph.n_nodes(), 12);
    let loops_left_out: Vec<(u32, u32)> = graph.topology().entries().filter(|(u, v)| u != v).collect();
    assert_eq!(loops_left_out, [(0, 1), (0, 4), (1, 0), (4, 0), (5, 11), (11, 5)]);
}

#[test]
fn several_classes_per_node_of_pyg_are_read() {
    let (graph, report) = read("pyg-several-labels.pt");
    let labels = graph.labels().expect("labels");
    assert_eq!((labels.n_classes(), labels.metric()), (4, Metric::MicroF1));
    assert_eq!([labels.all_of(0), labels.all_of(6), labels.all_of(11)], [vec![0, 1, 3], vec![0], vec![2, 3]]);
    assert_eq!(fact(&report, "classes per node"), "any number");
    assert_eq!(report.warnings, Vec::<String>::new());
}

#[test]
fn numbers_to_be_predicted_do_not_close_a_graph() {
    let path = fixture("pyg-regression.pt");
    let (graph, report) = read_graph(&path, &control()).expect("a graph");
    assert!(graph.labels().is_none(), "{report:?}");
    assert!(report.ignored.iter().any(|line| line.starts_with("y (numbers to be predicted")), "{report:?}");
    // Asked for, they are refused.
    let asked = ReadOptions { labels: Some("y".to_owned()), ..ReadOptions::default() };
    let error = read_graph_as(&path, &asked, &control()).map(|_| ()).expect_err("no classes").to_string();
    assert!(error.contains("y: expected 0 or 1") && error.contains("a number to be predicted is no class"), "{error}");
}

#[test]
fn what_pyg_holds_and_we_do_not_is_refused() {
    let refused = |name: &str, expected: &str| {
        let path = fixture(name);
        let error = read_graph(&path, &control()).map(|_| ()).expect_err("nothing of ours");
        assert_eq!(error.to_string(), format!("{expected}: {path}"));
    };
    refused(
        "pyg-hetero.pt",
        "object: expected a graph with one sort of nodes and edges (Data; all of it as one: torch.save(data.to_homogeneous(), \
         'graph.pt'); one part: torch.save(torch_geometric.data.Data(x=data['paper'].get('x'), y=data['paper'].get('y'), \
         edge_index=data['paper', 'cites', 'paper'].edge_index, num_nodes=data['paper'].num_nodes), 'graph.pt')), found HeteroData \
         with nodes paper and edges (paper, cites, paper)",
    );
}

#[test]
fn a_folder_of_pyg_is_named_after_its_root() {
    let folder = Folder::new();
    let file = folder.file("Cora/processed/data.pt", std::fs::read(fixture("pyg-2.0.pt")).expect("a fixture"));
    for path in [folder.path().join("Cora"), folder.path().join("Cora/processed"), file] {
        let (graph, _) = read_graph(path.to_str().expect("UTF-8"), &control()).expect("a graph");
        assert_eq!(graph.n_nodes(), 12);
        assert!(matches!(graph.name(), "Cora" | "processed"), "{}", graph.name());
    }
}
