//! Edge lists as people have them.

use unifews::engine::graph::{Column, Dataset, Direction, Features, ReadOptions, Separator};
use unifews::io::{LoadReport, read_graph, read_graph_as, read_node_ids};

use crate::files::{Folder, floats, ints};
use crate::support::{control, fact};

fn read(folder: &Folder, name: &str, body: &str) -> (Dataset, LoadReport) {
    let path = folder.file(name, body);
    read_graph(path.to_str().expect("UTF-8"), &control()).expect("an edge list")
}

fn entries(graph: &Dataset) -> Vec<(u32, u32)> {
    graph.topology().entries().filter(|(u, v)| u != v).collect()
}

#[test]
fn separators_comments_headers_and_line_ends() {
    let bodies = [
        "0 1\n1 2\n",
        "# SNAP\r\n0\t1\r\n1\t2\r\n",
        "% KONECT\n0 1 5.5 1200\n1 2 1 1300",
        "\u{feff}source,target,weight\n0,1,0.5\n1, 2, 0.5\n",
        "0;1\n\n  1;2  \n",
        "2 1\n1 0\n0 1\n",
    ];
    for body in bodies {
        let (graph, report) = read(&Folder::new(), "edges.txt", body);
        assert_eq!(entries(&graph), [(0, 1), (1, 0), (1, 2), (2, 1)], "{body:?}");
        assert_eq!(graph.topology().n_self_loops(), 3);
        assert_eq!(graph.node_ids(), None);
        assert_eq!(fact(&report, "self-loops added"), "3");
        assert_eq!(report.format, "edge list");
    }
}

#[test]
fn what_is_done_to_the_list_is_reported() {
    let (_, report) = read(&Folder::new(), "e.csv", "a,b,w\n0,1,2\n1,0,2\n0,1,2\n1,1,2\n1,2,2\n");
    let facts =
        ["edges read", "duplicate edges merged", "self-loops read", "reverse entries added", "self-loops added"];
    assert_eq!(facts.map(|name| fact(&report, name)), ["5", "1", "1", "1", "2"]);
    assert_eq!(report.ignored, ["header line 1: a,b,w", "what stands behind the two ids (weights?) in 5 lines"]);
}

#[test]
fn ids_with_gaps_are_renumbered_and_kept() {
    let folder = Folder::new();
    let (graph, report) = read(&folder, "e.txt", "7 18446744073709551615\n100 7\n");
    assert_eq!(graph.node_ids().expect("a table"), ["7", "100", "18446744073709551615"]);
    assert_eq!(entries(&graph), [(0, 1), (0, 2), (1, 0), (2, 0)]);
    assert_eq!(fact(&report, "ids renumbered"), "3 ids up to 18446744073709551615");
    assert_eq!(graph.node_id(1), "100");
    let list = folder.file("lock.txt", "100\n7\n");
    assert_eq!(read_node_ids(list, &graph).expect("a list"), [1, 0]);
}

#[test]
fn features_and_labels_lie_beside_the_list() {
    let folder = Folder::new();
    folder.file("e.feat.npy", floats(&[4, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]));
    folder.file("e.label.npy", ints(&[0, 1, 1, -1]));
    let (graph, _) = read(&folder, "e.txt", "0 2\n");
    assert_eq!((graph.n_nodes(), graph.n_classes(), graph.node_ids()), (4, 2, None));
    assert_eq!(graph.features().to_dense()[[2, 1]].to_bits(), 5f32.to_bits());
    assert_eq!(graph.labels().and_then(|l| l.of(3)), None);

    let folder = Folder::new();
    folder.file("features.npy", floats(&[2, 1], &[1.0, 2.0]));
    folder.file("labels.npy", ints(&[1, 0]));
    let (graph, _) = read(&folder, "any.csv", "10,20\n");
    assert_eq!((graph.n_nodes(), graph.n_classes()), (2, 2));
    assert_eq!(graph.node_ids().expect("a table"), ["10", "20"]);
}

#[test]
fn large_graphs_without_features_get_one_column_per_degree() {
    let lines: Vec<String> = (0..5000).map(|u| format!("{u} {}", u + 1)).collect();
    let (graph, report) = read(&Folder::new(), "path.txt", &lines.join("\n"));
    assert!(matches!(graph.features(), Features::Dense(x) if x.ncols() == 3));
    assert_eq!(
        report.warnings,
        ["the file has no features: one column per power of two of the degree stands in for them"]
    );
}

#[test]
fn ids_may_be_text_where_the_user_says_how_lines_are_taken_apart() {
    let folder = Folder::new();
    let path = folder.file("named.csv", "who,whom,much\nO'Brien,\"Ann\",2\nAnn,7,1\n7,7,3\n");
    let options = ReadOptions {
        columns: Some(vec![Column::Source, Column::Target, Column::Weight]),
        separator: Some(Separator::Comma),
        header: Some(true),
        direction: Some(Direction::AsStored),
        ..ReadOptions::default()
    };
    let read = |options: &ReadOptions| read_graph_as(path.to_str().expect("UTF-8"), options, &control());
    let (graph, report) = read(&options).expect("a list");
    assert_eq!(graph.node_ids().expect("names"), ["O'Brien", "Ann", "7"]);
    assert_eq!(entries(&graph), [(1, 0), (2, 1)]);
    assert_eq!(graph.edge_weights(), Some(&[1.0, 2.0, 1.0, 1.0, 3.0][..]));
    assert_eq!(fact(&report, "ids"), "text, numbered in the order in which they come");
    let list = folder.file("lock.txt", "Ann\n");
    assert_eq!(read_node_ids(list, &graph).expect("a list"), [1]);
    // A weight that is a number below it says that the first line is a header.
    let (graph, _) = read(&ReadOptions { header: None, ..options }).expect("a list");
    assert_eq!(graph.node_ids().expect("names"), ["O'Brien", "Ann", "7"]);
}

#[test]
fn counts_in_two_lines_are_no_edges() {
    for body in ["5\n4\n0 1\n1 2\n2 3\n3 0\n", "# made by hand\r\n5\r\n4\r\n0,1\r\n1,2\r\n2,3\r\n3,0\r\n"] {
        let (graph, report) = read(&Folder::new(), "list.txt", body);
        assert_eq!(graph.n_nodes(), 5, "{body:?}: the first line counts nodes");
        assert_eq!(entries(&graph).len(), 8, "{body:?}");
        assert!(fact(&report, "first lines").contains("`5 4`, state counts and are no edges"), "{report:?}");
        assert!(!report.warnings.iter().any(|warning| warning.contains("state")), "{:?}", report.warnings);
    }
    let (_, report) = read(&Folder::new(), "list.txt", "5\n9\n0 1\n1 2\n2 3\n");
    let wrong = "lines 1 and 2 state 9 edges, the file has 3".to_owned();
    assert!(report.warnings.contains(&wrong), "{:?}", report.warnings);
    // A weight more does not matter, and a list of numbers alone is no graph.
    let (graph, _) = read(&Folder::new(), "list.txt", "4\n3\n0 1 0.5\n1 2 0.5\n2 3 1\n");
    assert_eq!(graph.n_nodes(), 4);
    let lone = Folder::new().file("list.txt", "5\n4\n3\n2\n");
    assert!(read_graph(lone.to_str().expect("UTF-8"), &control()).is_err());
}

#[test]
fn a_graph_of_a_file_that_any_graph_might_have_is_called_after_its_folder() {
    let folder = Folder::new();
    let name = |spec: &std::path::Path| {
        let (graph, _) = read_graph(spec.to_str().expect("UTF-8"), &control()).expect("a graph");
        graph.name().to_owned()
    };
    let body = "source,target\n0,1\n1,2\n2,0\n";
    let list = folder.file("friends/edges.csv", body);
    assert_eq!(name(&list), "friends");
    assert_eq!(name(list.parent().expect("a folder")), "friends", "opened as a folder");
    assert_eq!(name(&folder.file("v1.2/links.tsv", body.replace(',', "\t"))), "v1.2");
    assert_eq!(name(&folder.file("friends/mine.csv", body)), "mine", "a name of its own");
    let gml = "graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 ] ]";
    assert_eq!(name(&folder.file("roads/edges.gml", gml)), "roads", "whatever the format");
    // A hidden folder's name says no more.
    assert_eq!(name(&folder.file(".cache/edges.csv", body)), "edges");
}
