//! What lies beside a graph that has nothing but its topology: tables and arrays, joined by id or row, judged by what they hold.

use unifews::engine::graph::{Dataset, ReadOptions};
use unifews::io::{LoadReport, read_graph_as};

use crate::files::{Folder, Values, each, floats, ints, npz, parquet};
use crate::support::{control, fact};

/// A path of three nodes in every format of one topology; `ids` are what their tables call the nodes.
const GRAPHS: [(&str, &str, [&str; 3]); 7] = [
    ("net.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n3 2\n", ["1", "2", "3"]),
    ("net.graph", "3 2\n2\n1 3\n2\n", ["1", "2", "3"]),
    (
        "net.graphml",
        "<graphml><graph edgedefault=\"undirected\"><node id=\"ann\"/><node id=\"bob\"/><node id=\"cy\"/>\
         <edge source=\"ann\" target=\"bob\"/><edge source=\"bob\" target=\"cy\"/></graph></graphml>",
        ["ann", "bob", "cy"],
    ),
    (
        "net.gexf",
        "<gexf version=\"1.2\"><graph defaultedgetype=\"undirected\"><nodes><node id=\"a\"/><node id=\"b\"/><node id=\"c\"/></nodes>\
         <edges><edge source=\"a\" target=\"b\"/><edge source=\"b\" target=\"c\"/></edges></graph></gexf>",
        ["a", "b", "c"],
    ),
    (
        "net.gml",
        "graph [ node [ id 7 ] node [ id 8 ] node [ id 9 ] edge [ source 7 target 8 ] edge [ source 8 target 9 ] ]",
        ["7", "8", "9"],
    ),
    ("net.txt", "ann bob\nbob cy\n", ["ann", "bob", "cy"]),
    ("net.npz", "", ["0", "1", "2"]),
];

fn read(path: &std::path::Path, options: &ReadOptions) -> Result<(Dataset, LoadReport), String> {
    read_graph_as(path.to_str().expect("UTF-8"), options, &control()).map_err(|error| error.to_string())
}

fn graph(folder: &Folder, name: &str, body: &str) -> std::path::PathBuf {
    if !body.is_empty() {
        return folder.file(name, body);
    }
    let csr = vec![
        ("indptr", ints(&[0, 1, 3, 4])),
        ("indices", ints(&[1, 0, 2, 1])),
        ("shape", ints(&[3, 3])),
        ("format", crate::files::text("csr")),
    ];
    folder.file(name, npz(&csr))
}

fn classes(graph: &Dataset) -> Vec<String> {
    let Some(labels) = graph.labels() else { return Vec::new() };
    let name = |c: usize| labels.names.get(c).cloned().unwrap_or_else(|| c.to_string());
    (0..graph.n_nodes()).map(|u| labels.of(u).map_or_else(|| "?".to_owned(), name)).collect()
}

#[test]
fn tables_serve_every_format_of_one_topology() {
    for (name, body, [a, b, c]) in GRAPHS {
        let folder = Folder::new();
        let path = graph(&folder, name, body);
        // In another order than the nodes, CSV, TSV and gzip alike.
        folder.file("features.csv", format!("id,age\n{c},3\n{a},1\n{b},2.5\n"));
        folder.file("labels.tsv", format!("id\tclass\n{b}\tred\n{a}\tblue\n"));
        folder.file("split.csv.gz", crate::files::gzip(format!("id,split\n{a},train\n{b},val\n{c},test\n").as_bytes()));
        let (graph, report) = read(&path, &ReadOptions::default()).expect(name);
        assert_eq!(graph.features().to_dense().column(0).to_vec(), [1.0, 2.5, 3.0], "{name}: {report:?}");
        assert_eq!(classes(&graph), ["blue", "red", "?"], "{name}: {report:?}");
        assert_eq!(graph.splits()[0].test, [2], "{name}: {report:?}");
        for (part, file) in [("features", "features.csv"), ("labels", "labels.tsv"), ("split", "split.csv.gz")] {
            assert!(fact(&report, &format!("{part} from")).contains(file), "{name}: {report:?}");
            let n = report.facts.iter().filter(|fact| fact.name == format!("{part} from")).count();
            assert_eq!(n, 1, "{name}: {report:?}");
        }
        assert!(!report.warnings.iter().any(|w| w.contains("no features")), "{name}: {report:?}");
        let alone = ReadOptions { beside: Some(false), ..ReadOptions::default() };
        let (graph, _) = read(&path, &alone).expect(name);
        assert!(graph.labels().is_none() && graph.splits().is_empty(), "{name}");
    }
}

#[test]
fn parquet_beside_a_matrix_is_read() {
    let folder = Folder::new();
    let nodes = [
        ("id", Values::Whole(vec![3, 1, 2])),
        ("height", Values::Numbers(vec![0.3, 0.1, 0.2])),
        ("class", Values::Whole(vec![1, 0, -1])),
    ];
    folder.file("nodes.parquet", parquet(&nodes));
    let (graph, report) = read(&graph(&folder, GRAPHS[0].0, GRAPHS[0].1), &ReadOptions::default()).expect("a graph");
    assert_eq!(graph.features().to_dense().column(0).to_vec(), [0.1, 0.2, 0.3], "{report:?}");
    assert_eq!(classes(&graph), ["0", "?", "1"], "{report:?}");
}

#[test]
fn ids_are_counted_as_the_file_counts_them() {
    for (name, body, _) in [GRAPHS[0], GRAPHS[1], GRAPHS[6]] {
        let folder = Folder::new();
        let path = graph(&folder, name, body);
        for (first, is_as_file) in [(0, name == "net.npz"), (1, name != "net.npz")] {
            let rows = each((0..3).rev(), |u| format!("{},{u}.5\n", u + first));
            folder.file("features.csv", format!("id,x\n{rows}"));
            let (graph, report) = read(&path, &ReadOptions::default()).expect(name);
            assert_eq!(graph.features().to_dense().column(0).to_vec(), [0.5, 1.5, 2.5], "{name} {first}: {report:?}");
            let is_said = report.warnings.iter().any(|w| w.contains("are taken for the nodes 0 to 2"));
            assert_eq!(is_said, first == 1 && !is_as_file, "{name} {first}: {report:?}");
        }
    }
}

#[test]
fn each_file_is_judged_by_what_it_holds() {
    let (name, body, _) = GRAPHS[2];
    let nodes = "id,age,class\nann,1,red\nbob,2.5,blue\ncy,3,red\n";
    for (other, text) in [
        ("x.csv", "x,y\n0.5,1.5\n1,2\n"),
        ("x.csv", "source,target\nann,bob\nbob,cy\n"),
        ("features.csv", "id,age\nzoe,4\nyan,5.5\n"),
        ("features.csv", "no table at all, but\nprose\n"),
        ("features.tsv", "id\tname\nann\tAnn\nbob\tBob\ncy\tCy\n"),
        ("labels.csv", "when,who\n2020,\n2021,\n"),
        ("y.csv", "source,target\nann,bob\n"),
    ] {
        for (graph_name, body) in [(name, body), ("edges.csv", "source,target\nann,bob\nbob,cy\n")] {
            let folder = Folder::new();
            let path = graph(&folder, graph_name, body);
            folder.file("nodes.csv", nodes);
            folder.file(other, text);
            let (graph, report) =
                read(&path, &ReadOptions::default()).unwrap_or_else(|error| panic!("{other}: {error}"));
            assert_eq!(
                graph.features().to_dense().column(0).to_vec(),
                [1.0, 2.5, 3.0],
                "{graph_name} {other}: {report:?}"
            );
            assert_eq!(classes(&graph), ["red", "blue", "red"], "{graph_name} {other}: {report:?}");
            assert!(report.ignored.iter().any(|i| i.contains(other)), "{graph_name} {other}: {report:?}");
        }
    }
}

#[test]
fn a_part_that_one_table_lacks_comes_from_another_and_what_is_not_used_is_said() {
    let (name, body, _) = GRAPHS[2];
    let folder = Folder::new();
    let path = graph(&folder, name, body);
    folder.file("features.csv", "id,age\nann,1\nbob,2.5\ncy,3\n");
    folder.file("nodes.csv", "id,class,split\nann,red,train\nbob,blue,val\ncy,red,test\n");
    folder.file("x.tsv", "1\n2\n3.5\n");
    let (graph, report) = read(&path, &ReadOptions::default()).expect("a graph");
    assert_eq!(graph.features().width(), 1);
    assert_eq!(classes(&graph), ["red", "blue", "red"], "{report:?}");
    assert_eq!(graph.splits()[0].val, [1], "{report:?}");
    assert!(report.ignored.iter().any(|i| i.contains("x.tsv (features come from")), "{report:?}");
    // A graph with features of its own keeps them.
    let own = body
        .replace("<graph ", "<key id=\"k\" for=\"node\" attr.name=\"w\" attr.type=\"double\"/><graph ")
        .replace("<node id=\"ann\"/>", "<node id=\"ann\"><data key=\"k\">2</data></node>");
    folder.file(name, own);
    let (graph, report) = read(&path, &ReadOptions::default()).expect("a graph");
    assert_eq!(graph.features().to_dense().column(0).to_vec()[..1], [2.0], "{report:?}");
    assert!(report.ignored.iter().any(|i| i.contains("features.csv (the graph has features already)")), "{report:?}");
}

#[test]
fn a_table_of_the_graphs_own_name_must_fit() {
    let (name, body, _) = GRAPHS[0];
    let folder = Folder::new();
    let path = graph(&folder, name, body);
    folder.file("net.features.csv", "id,age\nzoe,4\nyan,5.5\n");
    let error = read(&path, &ReadOptions::default()).map(|_| ()).expect_err("no node of it");
    assert!(
        error.contains("ids of the graph's nodes, such as 0, 1, 2") || error.contains("such as 1, 2, 3"),
        "{error}"
    );
    assert!(error.contains("net.features.csv") && error.contains("--id-column"), "{error}");
}

#[test]
fn options_speak_of_tables_beside_a_matrix() {
    let (name, body, _) = GRAPHS[0];
    let folder = Folder::new();
    let path = graph(&folder, name, body);
    let options =
        ReadOptions { id_column: Some("who".to_owned()), labels: Some("team".to_owned()), ..ReadOptions::default() };
    let error = read(&path, &options).map(|_| ()).expect_err("no table");
    assert!(error.contains("graph.id_column"), "{error}");
    folder.file("nodes.csv", "row,who,age,team\n1,3,0.5,x\n2,2,1.5,y\n3,1,2.5,x\n");
    let (graph, report) = read(&path, &options).expect("a graph");
    assert_eq!(classes(&graph), ["x", "y", "x"], "{report:?}");
    assert_eq!(graph.features().to_dense().column(1).to_vec(), [2.5, 1.5, 0.5], "{report:?}");
}

#[test]
fn arrays_beside_mean_no_class_by_nan_and_are_judged_too() {
    for (name, body, _) in [GRAPHS[0], GRAPHS[6], ("net.txt", "0 1\n1 2\n", ["0", "1", "2"])] {
        let folder = Folder::new();
        let path = graph(&folder, name, body);
        folder.file("labels.npy", floats(&[3, 2], &[1.0, 0.0, f32::NAN, f32::NAN, 0.0, 1.0]));
        let (graph, report) = read(&path, &ReadOptions::default()).expect(name);
        assert_eq!(classes(&graph), ["0", "?", "1"], "{name}: {report:?}");
        folder.file("labels.npy", floats(&[3], &[1.0, f32::NAN, 0.0]));
        let (graph, report) = read(&path, &ReadOptions::default()).expect(name);
        assert_eq!(classes(&graph), ["1", "?", "0"], "{name}: {report:?}");
        assert_eq!(report.facts.iter().filter(|fact| fact.name == "labels from").count(), 1, "{name}: {report:?}");
        // The same file by its name is not said twice.
        let told = ReadOptions {
            label_file: Some(folder.path().join("labels.npy").display().to_string()),
            ..ReadOptions::default()
        };
        let (graph, report) = read(&path, &told).expect(name);
        assert_eq!(classes(&graph), ["1", "?", "0"], "{name}: {report:?}");
        assert_eq!(report.facts.iter().filter(|fact| fact.name == "labels from").count(), 1, "{name}: {report:?}");
    }
    let (name, body, _) = GRAPHS[0];
    let folder = Folder::new();
    let path = graph(&folder, name, body);
    folder.file("features.npy", floats(&[4, 2], &[0.0; 8]));
    folder.file("feats.npz", npz(&vec![("weight", floats(&[3, 2], &[0.0; 6]))]));
    folder.file("x.npy", floats(&[3, 2], &[0.5; 6]));
    let (graph, report) = read(&path, &ReadOptions::default()).expect("a graph");
    assert_eq!(graph.features().width(), 2);
    assert!(fact(&report, "features from").ends_with("x.npy"), "{report:?}");
    for file in ["features.npy", "feats.npz"] {
        assert!(report.ignored.iter().any(|i| i.contains(file)), "{file}: {report:?}");
    }
}
