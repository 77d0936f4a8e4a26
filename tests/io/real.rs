//! Real data sets, in the formats they were published in.

use unifews::engine::graph::{GraphStats, ReadOptions};
use unifews::io::{Detected, GraphFormat, detect, read_graph, read_graph_as, read_split};

use crate::support::{control, fact, shared_path};

#[test]
fn unifews_folders() {
    let Some(folder) = shared_path("unifews_folders", "data/unifews") else { return };
    // Name, nodes, entries, self-loops, features, classes.
    let cases = [
        ("cora", 2485, 12_623, 2485, 1433, 7),
        ("citeseer", 3327, 12_431, 3327, 3703, 6),
        ("citeseer_table2", 3327, 9228, 124, 3327, 0),
        ("pubmed", 19_717, 108_365, 19_717, 500, 3),
        ("pubmed_table2", 19_717, 88_648, 0, 8, 0),
    ];
    for (name, n_nodes, n_entries, n_self_loops, n_features, n_classes) in cases {
        let path = format!("{folder}/{name}");
        assert_eq!(detect(&path).expect("readable"), Detected::Graph(GraphFormat::UnifewsFolder));
        let (graph, report) = read_graph(&path, &control()).expect(name);
        let stats = GraphStats::of(&graph);
        let found = (stats.n_nodes, stats.n_entries, stats.n_self_loops, stats.n_features, stats.n_classes);
        assert_eq!(found, (n_nodes, n_entries, n_self_loops, n_features, n_classes), "{name}");
        assert!(stats.is_symmetric, "{name}");
        assert_eq!((graph.name(), graph.source()), (name, path.as_str()));
        let stated = report.warnings.iter().find(|w| w.contains("attribute.txt") || w.contains(".bin"));
        assert_eq!(stated, None, "{name}");
    }
    let (cora, report) = read_graph(&format!("{folder}/cora"), &control()).expect("cora");
    let names: Vec<&str> = cora.splits().iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["file", "seed41", "seed42", "seed43"]);
    assert_eq!(report.ignored, ["degree.npz", "planetoid_index.npy"]);
    let (by_file, _) = read_graph(&format!("{folder}/cora/adj.npz"), &control()).expect("the folder around it");
    assert_eq!(by_file.content_hash(), cora.content_hash());
}

#[test]
fn gnn_benchmark_archives() {
    let Some(folder) = shared_path("gnn_benchmark_archives", "data/gnn-benchmark") else { return };
    let (cora, report) = read_graph(&format!("{folder}/cora.npz"), &control()).expect("cora");
    let stats = GraphStats::of(&cora);
    assert_eq!((stats.n_nodes, stats.n_entries, stats.n_self_loops), (2708, 2 * 5278 + 2708, 2708));
    assert_eq!((stats.n_features, stats.n_classes, stats.is_symmetric), (1433, 7, true));
    assert_eq!(report.format, "gnn-benchmark archive");
    assert_eq!(fact(&report, "edges read"), "5429");
    assert_eq!(fact(&report, "self-loops added"), "2708");
    assert_eq!(cora.labels().map(|l| l.names[6].as_str()), Some("Theory"));
    assert_eq!(cora.node_ids().map(<[String]>::len), Some(2708));
    let (citeseer, _) = read_graph(&format!("{folder}/citeseer.npz"), &control()).expect("citeseer");
    assert_eq!((citeseer.n_nodes(), citeseer.n_classes(), citeseer.features().width()), (3312, 6, 3703));
}

#[test]
fn heterophilous_archives() {
    let Some(folder) = shared_path("heterophilous_archives", "data/heterophilous") else { return };
    // Name, nodes, edges, features, classes.
    let cases = [
        ("minesweeper", 10_000, 39_402, 7, 2),
        ("tolokers", 11_758, 519_000, 10, 2),
        ("chameleon_filtered", 890, 8854, 2325, 5),
        ("wisconsin", 251, 450, 1703, 5),
        ("cornell", 183, 277, 1703, 5),
    ];
    for (name, n_nodes, n_edges, n_features, n_classes) in cases {
        let (graph, report) = read_graph(&format!("{folder}/{name}.npz"), &control()).expect(name);
        let stats = GraphStats::of(&graph);
        assert_eq!((stats.n_nodes, stats.n_features, stats.n_classes), (n_nodes, n_features, n_classes), "{name}");
        assert!(stats.is_symmetric && stats.n_self_loops == n_nodes, "{name}");
        assert_eq!(fact(&report, "edges read"), n_edges.to_string(), "{name}");
        let names: Vec<&str> = graph.splits().iter().map(|s| s.name.as_str()).collect();
        assert_eq!((names.len(), names[0], names[9]), (10, "file:0", "file:9"), "{name}");
        for split in graph.splits() {
            assert_eq!(split.train.len() + split.val.len() + split.test.len(), n_nodes, "{name} {}", split.name);
        }
    }
}

#[test]
fn splits_from_files_of_their_own() {
    let Some(folder) = shared_path("splits_from_files_of_their_own", "data/unifews/cora") else { return };
    let (cora, _) = read_graph("sample:cora", &control()).expect("a sample");
    let spec = format!("{folder}/split_seed43.npz");
    let split = read_split(&spec, &cora, 0).expect("a split");
    assert_eq!((split.name.as_str(), split.train.len(), split.val.len()), ("split_seed43", 1242, 621));
    assert_eq!(read_split("auto", &cora, 0).expect("its own").name, "seed42");
    // Named with the graph it is the first; the graph's own stays.
    let options = ReadOptions { split_file: Some(spec), ..ReadOptions::default() };
    let (cora, _) = read_graph_as("sample:cora", &options, &control()).expect("a sample with a split");
    assert_eq!(cora.splits()[0], split);
    assert_eq!(read_split("auto", &cora, 0).expect("the file's").name, "split_seed43");
    assert_eq!(read_split("seed42", &cora, 0).expect("its own").name, "seed42");
    assert_eq!(cora.splits().len(), 2);
}
