//! Graphs of every exchange format: what other programs read from the same files (`tests/fixtures/make_graphs.py`), and that
//! their names do not matter.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use unifews::engine::graph::{Dataset, Direction, Labels, ReadOptions, SelfLoops};
use unifews::io::{Detected, LoadError, LoadReport, detect, read_graph, read_graph_as, read_graph_within};

use crate::files::{Folder, gzip};
use crate::support::{control, fact};

/// What another program read.
#[derive(Deserialize)]
struct Expected {
    nodes: Vec<String>,
    /// Source, target, weight.
    edges: Vec<(String, String, f64)>,
    #[serde(default)]
    options: ReadOptions,
    features: Option<Vec<Vec<f32>>>,
    labels: Option<Vec<i64>>,
    /// Which of several classes every node has.
    tags: Option<Vec<Vec<u8>>>,
    label_names: Option<Vec<String>>,
    splits: Option<BTreeMap<String, [Vec<u32>; 3]>>,
    /// Text that the report holds.
    #[serde(default)]
    reported: Vec<String>,
    /// Whether the graph is one file, which may be renamed.
    #[serde(default = "yes")]
    is_file: bool,
}

fn yes() -> bool {
    true
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/graphs")
}

fn expected() -> BTreeMap<String, Expected> {
    let text = std::fs::read_to_string(fixtures().join("expected.json")).expect("made by make_graphs.py");
    serde_json::from_str(&text).expect("as make_graphs.py writes it")
}

fn as_stored(options: &ReadOptions) -> ReadOptions {
    ReadOptions {
        direction: Some(options.direction.unwrap_or(Direction::AsStored)),
        self_loops: Some(options.self_loops.unwrap_or(SelfLoops::AsStored)),
        ..options.clone()
    }
}

fn read(path: &Path, options: &ReadOptions) -> (Dataset, LoadReport) {
    read_graph_as(path.to_str().expect("UTF-8"), options, &control()).unwrap_or_else(|error| panic!("{error}"))
}

/// Edges in the file's own ids, with their weights.
fn edges(graph: &Dataset) -> Vec<(String, String, f64)> {
    let weight = |k: usize| graph.edge_weights().map_or(1.0, |weights| f64::from(weights[k]));
    let entries = graph.topology().entries().enumerate();
    let mut edges: Vec<_> =
        entries.map(|(k, (u, v))| (graph.node_id(v as usize), graph.node_id(u as usize), weight(k))).collect();
    edges.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    edges
}

#[test]
fn files_are_read_as_other_programs_read_them() {
    for (name, expected) in expected() {
        let (graph, report) = read(&fixtures().join(&name), &as_stored(&expected.options));
        let nodes: Vec<String> = (0..graph.n_nodes()).map(|u| graph.node_id(u)).collect();
        assert_eq!(nodes, expected.nodes, "{name}");
        let mut wanted = expected.edges;
        wanted.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        assert_eq!(edges(&graph), wanted, "{name}");
        if let Some(features) = expected.features {
            let found: Vec<Vec<f32>> = graph.features().to_dense().rows().into_iter().map(|r| r.to_vec()).collect();
            assert_eq!(found, features, "{name}");
        }
        if let Some(labels) = expected.labels {
            let found: Vec<i64> = (0..graph.n_nodes())
                .map(|u| graph.labels().and_then(|l| l.of(u)).map_or(-1, |c| i64::try_from(c).expect("few")))
                .collect();
            assert_eq!(found, labels, "{name}");
        }
        if let Some(tags) = expected.tags {
            let found = graph.labels().and_then(Labels::tags).expect("several classes per node");
            let found: Vec<Vec<u8>> =
                found.rows().into_iter().map(|r| r.iter().map(|t| u8::from(*t)).collect()).collect();
            assert_eq!(found, tags, "{name}");
            assert_eq!(fact(&report, "classes per node"), "any number", "{name}");
        }
        if let Some(names) = expected.label_names {
            assert_eq!(graph.labels().map(|l| l.names.clone()), Some(names), "{name}");
        }
        if let Some(splits) = expected.splits {
            let found: BTreeMap<String, [Vec<u32>; 3]> = (graph.splits().iter())
                .map(|s| (s.name.clone(), [s.train.clone(), s.val.clone(), s.test.clone()]))
                .collect();
            assert_eq!(found, splits, "{name}");
        }
        let said = [report.ignored.clone(), report.warnings.clone()].concat().join("\n");
        for text in expected.reported {
            assert!(said.contains(&text), "{name}: {text:?} is not in {said:?}");
        }
    }
}

#[test]
fn a_name_changes_nothing() {
    let folder = Folder::new();
    for (name, expected) in expected().into_iter().filter(|(_, expected)| expected.is_file) {
        let bytes = std::fs::read(fixtures().join(&name)).expect("a fixture");
        let options = as_stored(&expected.options);
        let (graph, report) = read(&fixtures().join(&name), &options);
        let is_text = !bytes.contains(&0);
        let packed = if is_text { gzip(&bytes) } else { bytes.clone() };
        for (other, bytes) in [("renamed.dat", &bytes), ("renamed", &bytes), ("packed.bin", &packed)] {
            let path = folder.file(other, bytes);
            let (again, said) = read(&path, &options);
            assert_eq!(said.format, report.format, "{name} as {other}");
            assert_eq!(again.content_hash(), graph.content_hash(), "{name} as {other}");
            assert!(matches!(detect(&path).expect("readable"), Detected::Graph(_)), "{name} as {other}");
        }
    }
}

#[test]
fn without_options_edges_go_both_ways_and_nodes_have_self_loops() {
    for (name, _) in expected().into_iter().filter(|(_, expected)| expected.is_file) {
        let path = fixtures().join(&name);
        let (graph, report) = read_graph(path.to_str().expect("UTF-8"), &control()).expect("a fixture");
        assert!(graph.topology().is_symmetric(), "{name}");
        assert_eq!(graph.topology().n_self_loops(), graph.n_nodes(), "{name}");
        fact(&report, "edges read");
    }
}

#[test]
fn directions_and_self_loops_are_as_asked() {
    let folder = Folder::new();
    let path = folder.file("e.txt", "0 1\n1 1\n1 2\n");
    let entries = |direction, self_loops| {
        let options = ReadOptions { direction, self_loops, ..ReadOptions::default() };
        let (graph, _) = read(&path, &options);
        graph.topology().entries().collect::<Vec<_>>()
    };
    // Entries are (target, source).
    let stored = entries(Some(Direction::AsStored), Some(SelfLoops::AsStored));
    assert_eq!(stored, [(1, 0), (1, 1), (2, 1)]);
    assert_eq!(entries(Some(Direction::Reversed), Some(SelfLoops::Removed)), [(0, 1), (1, 2)]);
    let both = entries(Some(Direction::Symmetrised), None);
    assert_eq!(both, [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1), (2, 2)]);
    assert_eq!(entries(None, Some(SelfLoops::Removed)), [(0, 1), (1, 0), (1, 2), (2, 1)]);
    // Samples and folders of the method's own programs are turned, too; undirected text stays undirected.
    let options = ReadOptions { self_loops: Some(SelfLoops::Removed), ..ReadOptions::default() };
    let (karate, _) = read_graph_as("sample:karate", &options, &control()).expect("a sample");
    assert_eq!((karate.topology().n_entries(), karate.topology().n_self_loops()), (156, 0));
    let konect = folder.file("out.k", "% sym unweighted\n1 2\n");
    let options = ReadOptions { direction: Some(Direction::Reversed), ..ReadOptions::default() };
    assert!(read(&konect, &options).0.topology().is_symmetric());
}

#[test]
fn columns_and_separators_are_as_asked() {
    use unifews::engine::graph::{Column, Separator};
    let folder = Folder::new();
    let path = folder.file("e.psv", "! a comment\nwhen|to|from|much\n2020|5|7|0.5\n2021|7|9|2\n");
    let options = ReadOptions {
        separator: Some(Separator::Bar),
        columns: Some(vec![Column::Ignored, Column::Target, Column::Source, Column::Weight]),
        header: Some(true),
        comments: Some("!".into()),
        ..as_stored(&ReadOptions::default())
    };
    let (graph, report) = read(&path, &options);
    let own = |a: &str, b: &str, weight| (a.to_owned(), b.to_owned(), weight);
    assert_eq!(edges(&graph), [own("7", "5", 0.5), own("9", "7", 2.0)]);
    assert_eq!(report.ignored, ["header line 2: when|to|from|much"]);
    assert_eq!(fact(&report, "edge weights"), "0.5 to 2");
    // The header's names are understood, and weights can be left out.
    let path = folder.file("named.csv", "Weight,Target,Kind,Source\n3,1,x,0\n4,2,y,1\n");
    let (graph, report) = read(&path, &as_stored(&ReadOptions::default()));
    assert_eq!(edges(&graph), [own("0", "1", 3.0), own("1", "2", 4.0)]);
    assert_eq!(report.ignored[1], "columns without a role in 2 lines");
    let options = ReadOptions { weights: Some(false), ..ReadOptions::default() };
    let (graph, report) = read(&path, &options);
    assert_eq!((graph.edge_weights(), fact(&report, "edge weights").as_str()), (None, "not used, as asked"));
    // No diffusion matrix can be made of negative weights.
    let path = folder.file("negative.csv", "source,target,weight\n0,1,-1\n1,2,1\n");
    let (graph, report) = read(&path, &ReadOptions::default());
    assert_eq!(graph.edge_weights(), None);
    assert_eq!(report.warnings[1], "1 edge weights are below 0: none is used, every edge counts 1");
}

#[test]
fn a_graph_that_will_not_fit_is_refused_before_it_is_read() {
    let folder = Folder::new();
    let refused = |name: &str, bytes: &[u8], limit: u64, what: &str| {
        let path = folder.file(name, bytes);
        let spec = path.to_str().expect("UTF-8");
        let error = read_graph_within(spec, &ReadOptions::default(), limit, &control()).map(|_| ()).unwrap_err();
        let way_out = "close other programs, raise the limit with --max-memory, or read a part of the graph";
        assert_eq!(error.to_string(), format!("memory: expected at most {what}; {way_out}: {spec}"));
    };
    let free = "(what is free, or the limit that was given), found about";
    // The file itself is broken: it is not looked at.
    let matrix = b"%%MatrixMarket matrix coordinate pattern general\n% c\n1000000 1000000 50000000\n";
    refused("a.mtx", matrix, 100 << 20, &format!("100.0 MiB {free} 816.3 MiB for 1000000 nodes and 50000000 edges"));
    let metis = b"200000 9000000\n2 3\n1\n1\n";
    refused("a.metis", metis, 1 << 20, &format!("1.0 MiB {free} 148.0 MiB for 200000 nodes and 9000000 edges"));
    let list = "10 11\n".repeat(10_000);
    refused("a.txt", list.as_bytes(), 1 << 16, &format!("0.1 MiB {free} 0.2 MiB for about 9998 edges"));
    let (karate, _) =
        read_graph_within("sample:karate", &ReadOptions::default(), 1, &control()).expect("it is here already");
    assert_eq!(karate.n_nodes(), 34);
}

#[test]
fn a_cancelled_reading_is_cancelled_and_nothing_else() {
    let folder = std::fs::read_dir(fixtures()).expect("fixtures");
    let mut paths: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(fixtures().join("parts/ties.npz"));
    paths.sort();
    let mut n_read = 0;
    for path in paths.into_iter().filter(|path| matches!(detect(path), Ok(Detected::Graph(_)))) {
        let spec = path.to_str().expect("UTF-8");
        let ctl = control();
        if read_graph(spec, &ctl).is_err() {
            continue;
        }
        ctl.canceller().cancel();
        let read = read_graph(spec, &ctl);
        assert!(matches!(read, Err(LoadError::Cancelled)), "{spec}: {:?}", read.map(|_| ()));
        n_read += 1;
    }
    assert!(n_read > 50, "{n_read} graphs");
}
