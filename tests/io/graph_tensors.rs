//! Graphs of arrays and tensors: weights wherever they lie, what says that there is no class, no edges at all, every form of a sparse
//! matrix, and what cannot be read.

use std::path::Path;

use unifews::engine::graph::{Dataset, DatasetParts, Direction, ReadOptions, SelfLoops};
use unifews::io::stored::write_stored_graph;
use unifews::io::{Detected, GraphFormat, LoadReport, detect, read_graph, read_graph_as};

use crate::broken_collections::copy;
use crate::files::{
    Folder, compact, each, floats, gnn_benchmark, gzip, heterophilous, int_matrix, ints, npy, npz, text, with,
};
use crate::graph_formats::fixtures;
use crate::pickles::{Value, archive, call, dict, global, int, longs, singles, string, tensor, tuple, with_state};
use crate::support::{control, fact, shared_path};

fn stored() -> ReadOptions {
    ReadOptions {
        direction: Some(Direction::AsStored),
        self_loops: Some(SelfLoops::AsStored),
        ..ReadOptions::default()
    }
}

/// A key and the bytes of its values.
type Storage = (&'static str, Vec<u8>);

type Read = Result<(Dataset, LoadReport), String>;

fn read_as(options: &ReadOptions, path: &Path) -> Read {
    let spec = path.to_str().expect("UTF-8");
    read_graph_as(spec, options, &control()).map_err(|error| error.to_string().replace(&format!(": {spec}"), ""))
}

fn read_pyg(options: &ReadOptions, object: &Value, storages: &[Storage]) -> Read {
    let folder = Folder::new();
    let path = folder.file("data.pt", archive(object, storages));
    assert_eq!(detect(&path).expect("readable"), Detected::Graph(GraphFormat::PygProcessed), "a graph of PyG");
    read_as(options, &path)
}

fn row_major(size: &[u64]) -> Vec<u64> {
    (0..size.len()).map(|at| size[at + 1..].iter().product()).collect()
}

fn floats_at(key: &str, size: &[u64]) -> Value {
    tensor("FloatStorage", key, size.iter().product(), 0, size, &row_major(size))
}

fn longs_at(key: &str, size: &[u64]) -> Value {
    tensor("LongStorage", key, size.iter().product(), 0, size, &row_major(size))
}

/// Source, target and weight of every entry.
fn weighted(graph: &Dataset) -> Vec<(u32, u32, f32)> {
    let weight = |k: usize| graph.edge_weights().map_or(1.0, |weights| weights[k]);
    let mut all: Vec<_> = graph.topology().entries().enumerate().map(|(k, (u, v))| (v, u, weight(k))).collect();
    all.sort_by_key(|(v, u, _)| (*v, *u));
    all
}

fn classes(graph: &Dataset) -> Vec<i64> {
    let labels = graph.labels().expect("labels");
    (0..graph.n_nodes()).map(|u| labels.of(u).map_or(-1, |class| i64::try_from(class).expect("few"))).collect()
}

/// Four nodes and three edges, 0→1, 2→0, 3→2, which weigh 0.5, 2, 4.
const EDGES: [(u32, u32, f32); 3] = [(0, 1, 0.5), (2, 0, 2.0), (3, 2, 4.0)];

fn ends() -> (&'static str, Vec<u8>) {
    ("e", longs(&[0, 2, 3, 1, 0, 2]))
}

fn new_object(module: &str, name: &str, state: Value) -> Value {
    with_state([global(module, name), b")\x81".to_vec()].concat(), state)
}

fn layout(name: &str) -> Value {
    call(global("torch.serialization", "_get_layout"), &[string(&format!("torch.sparse_{name}"))])
}

fn sparse(name: &str, parts: &[Value]) -> Value {
    call(global("torch._utils", "_rebuild_sparse_tensor"), &[layout(name), tuple(parts)])
}

#[test]
fn weights_of_pyg_count_wherever_they_lie() {
    let bare: Vec<_> = EDGES.iter().map(|(v, u, _)| (*v, *u, 1.0)).collect();
    let with_ends = |more: &[(&str, Value)]| {
        dict(&[&[("edge_index", longs_at("e", &[2, 3])), ("num_nodes", int(4))], more].concat())
    };
    let values = ("w", singles(&[0.5, 2.0, 4.0]));
    for (name, size) in
        [("edge_weight", &[3][..]), ("edge_weight", &[3, 1]), ("edge_attr", &[3]), ("edge_attr", &[3, 1])]
    {
        let object = with_ends(&[(name, floats_at("w", size))]);
        let (graph, report) = read_pyg(&stored(), &object, &[ends(), values.clone()]).expect("a graph");
        assert_eq!(weighted(&graph), EDGES, "{name} {size:?}");
        assert_eq!(fact(&report, "weights from"), format!("{name} (--edge-weights false leaves them out)"));
        let none = ReadOptions { weights: Some(false), ..stored() };
        let (graph, report) = read_pyg(&none, &object, &[ends(), values.clone()]).expect("a graph");
        assert_eq!((weighted(&graph), fact(&report, "edge weights").as_str()), (bare.clone(), "not used, as asked"));
    }
    // Of several columns the one that is named.
    let columns = ("c", singles(&[9.0, 0.5, 8.0, 2.0, 7.0, 4.0]));
    let object = with_ends(&[("edge_attr", floats_at("c", &[3, 2]))]);
    let (graph, report) = read_pyg(&stored(), &object, &[ends(), columns.clone()]).expect("a graph");
    assert_eq!(weighted(&graph), bare);
    let way = "edge_attr (--weight-attribute edge_attr:0 takes the first of 2 columns as weights)";
    assert!(report.ignored.contains(&way.to_owned()), "{report:?}");
    let named = |name: &str| ReadOptions { weight_attribute: Some(name.into()), ..stored() };
    let (graph, _) = read_pyg(&named("edge_attr:1"), &object, &[ends(), columns.clone()]).expect("a graph");
    assert_eq!(weighted(&graph), EDGES);
    for name in ["edge_attr:2", "edge_attr", "edge_weight"] {
        let error = read_pyg(&named(name), &object, &[ends(), columns.clone()]).map(|_| ()).expect_err(name);
        assert!(error.contains("expected"), "{error}");
    }
    let asked = ReadOptions { weights: Some(true), ..stored() };
    let error = read_pyg(&asked, &object, &[ends(), columns]).map(|_| ()).expect_err("no weights");
    assert!(error.starts_with("graph.weights: expected a file with edge weights"), "{error}");
    // Values that are no weights leave the edges.
    let object = with_ends(&[("edge_weight", floats_at("w", &[3]))]);
    let odd = ("w", singles(&[0.5, f32::NAN, 4.0]));
    let (graph, report) = read_pyg(&stored(), &object, &[ends(), odd.clone()]).expect("a graph");
    assert_eq!(weighted(&graph), bare);
    assert!(report.warnings.contains(&"1 values of edge_weight are not finite: every edge counts 1".to_owned()));
    assert!(read_pyg(&asked, &object, &[ends(), odd]).is_err());
}

#[test]
fn matrices_of_pyg_have_weights_in_every_form() {
    // Rows are targets: (0, 2) 2, (1, 0) 0.5, (2, 3) 4.
    let object = |adjacency: Value| dict(&[("adj_t", adjacency), ("num_nodes", int(4))]);
    let size = || tuple(&[int(4), int(4)]);
    let by_row = [("p", longs(&[0, 1, 2, 3, 3])), ("c", longs(&[2, 0, 3])), ("w", singles(&[2.0, 0.5, 4.0]))];
    let csr = sparse("csr", &[longs_at("p", &[5]), longs_at("c", &[3]), floats_at("w", &[3]), size()]);
    let by_column = [("p", longs(&[0, 1, 1, 2, 3])), ("c", longs(&[1, 0, 2])), ("w", singles(&[0.5, 2.0, 4.0]))];
    let csc = sparse("csc", &[longs_at("p", &[5]), longs_at("c", &[3]), floats_at("w", &[3]), size()]);
    let places = [("p", longs(&[0, 1, 2, 2, 0, 3])), ("w", singles(&[2.0, 0.5, 4.0]))];
    let coo = sparse("coo", &[longs_at("p", &[2, 3]), floats_at("w", &[3]), size()]);
    let storage = dict(&[
        ("_row", b"N".to_vec()),
        ("_rowptr", longs_at("p", &[5])),
        ("_col", longs_at("c", &[3])),
        ("_value", floats_at("w", &[3])),
        ("_sparse_sizes", size()),
    ]);
    let storage = new_object("torch_sparse.storage", "SparseStorage", storage);
    let tensor = new_object("torch_sparse.tensor", "SparseTensor", dict(&[("storage", storage)]));
    let cases: [(&str, Value, &[Storage]); 4] =
        [("csr", csr, &by_row), ("csc", csc, &by_column), ("coo", coo, &places), ("SparseTensor", tensor, &by_row)];
    for (name, adjacency, storages) in cases {
        let (graph, report) =
            read_pyg(&stored(), &object(adjacency), storages).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(weighted(&graph), EDGES, "{name}");
        assert_eq!(fact(&report, "weights from"), "adj_t (--edge-weights false leaves them out)", "{name}");
    }
}

#[test]
fn tuples_of_every_length_hold_the_same_graph() {
    let attributes = || dict(&[("edge_index", longs_at("e", &[2, 3])), ("num_nodes", int(4))]);
    let data = || global("torch_geometric.data.data", "Data");
    let none = || b"N".to_vec();
    let slices = || dict(&[("edge_index", longs_at("s", &[2]))]);
    let sizes = || dict(&[("num_node_labels", int(0))]);
    let storages = [ends(), ("s", longs(&[0, 3]))];
    let bare: Vec<_> = EDGES.iter().map(|(v, u, _)| (*v, *u, 1.0)).collect();
    for tuple_of in [
        vec![attributes(), none()],
        vec![attributes(), slices()],
        vec![attributes(), slices(), data()],
        vec![attributes(), slices(), sizes()],
        vec![attributes(), slices(), sizes(), data()],
        vec![attributes(), none(), sizes(), none(), data()],
    ] {
        let n = tuple_of.len();
        let (graph, _) = read_pyg(&stored(), &tuple(&tuple_of), &storages).unwrap_or_else(|e| panic!("{n}: {e}"));
        assert_eq!(weighted(&graph), bare, "{n}");
    }
    let list = [b"](".to_vec(), attributes(), attributes(), b"e".to_vec()].concat();
    let (_, report) = read_pyg(&stored(), &list, &storages).expect("the first graph");
    assert!(report.ignored[0].starts_with("1 further graphs"), "{report:?}");
    let error = read_pyg(
        &stored(),
        &tuple(&[attributes(), slices(), global("torch_geometric.data.hetero_data", "HeteroData")]),
        &storages,
    );
    assert!(error.is_err_and(|error| error.contains("to_homogeneous")));
}

#[test]
fn what_is_no_tensor_is_left_out_by_name() {
    let list = || [b"](".to_vec(), int(1), int(2), b"e".to_vec()].concat();
    let complex = tensor("ComplexFloatStorage", "z", 4, 0, &[4], &[1]);
    let object = dict(&[
        ("edge_index", longs_at("e", &[2, 3])),
        ("num_nodes", int(4)),
        ("x", list()),
        ("y", complex),
        ("train_mask", list()),
        ("edge_weight", string("heavy")),
    ]);
    let storages = [ends(), ("z", vec![0; 32])];
    let (graph, report) = read_pyg(&stored(), &object, &storages).expect("a graph");
    assert_eq!((graph.labels(), graph.edge_weights(), graph.splits().len()), (None, None, 0));
    for name in ["x (", "y (ComplexFloatStorage)", "train_mask (", "edge_weight ("] {
        assert!(report.ignored.iter().any(|line| line.starts_with(name)), "{name}: {:?}", report.ignored);
    }
    assert!(report.warnings.iter().any(|warning| warning.starts_with("the file has no features")));
    let asked = ReadOptions { features: Some(vec!["x".into()]), ..stored() };
    let error = read_pyg(&asked, &object, &storages).map(|_| ()).expect_err("no features");
    assert!(error.starts_with("x: expected a tensor of numbers"), "{error}");
    // Others may be named.
    let object = dict(&[
        ("edge_index", longs_at("e", &[2, 3])),
        ("num_nodes", int(4)),
        ("embedding", floats_at("f", &[4, 1])),
        ("kind", longs_at("k", &[4])),
    ]);
    let asked = ReadOptions { features: Some(vec!["embedding".into()]), labels: Some("kind".into()), ..stored() };
    let storages = [ends(), ("f", singles(&[1.0, 2.0, 3.0, 4.0])), ("k", longs(&[1, 0, -100, 1]))];
    let (graph, report) = read_pyg(&asked, &object, &storages).expect("a graph");
    assert_eq!((classes(&graph), graph.features().width()), (vec![1, 0, -1, 1], 1));
    assert!(report.ignored.is_empty(), "{report:?}");
    // A class of the whole graph is none of its nodes.
    let object = dict(&[("edge_index", longs_at("e", &[2, 3])), ("num_nodes", int(4)), ("y", longs_at("k", &[1]))]);
    let (_, report) = read_pyg(&stored(), &object, &[ends(), ("k", longs(&[1]))]).expect("a graph");
    assert_eq!(report.ignored, ["y (shape [1]: not one row for each of 4 nodes)"]);
}

#[test]
fn the_first_edge_to_no_node_is_named_with_the_way_out() {
    let path = "cases/g03-index-beyond-nodes/data.pt";
    let Some(path) = shared_path("the_first_edge_to_no_node_is_named_with_the_way_out", path) else { return };
    let error = read_graph(&path, &control()).map(|_| ()).expect_err("an edge to no node").to_string();
    assert!(error.starts_with("edge_index, edge "), "{error}");
    assert!(error.contains("node numbers from 0 to below 5 (the rows of x; without such edges: is_node = "), "{error}");
    assert!(error.contains("found 6 4"), "{error}");
}

#[test]
fn other_graphs_are_refused_with_the_way_to_a_part_of_them() {
    let of = |name: &str, state: Value| {
        let folder = Folder::new();
        let object = new_object("torch_geometric.data", name, state);
        let path = folder.file("data.pt", archive(&object, &[]));
        read_as(&stored(), &path).map(|_| ()).expect_err("another graph")
    };
    let store = || new_object("torch_geometric.data.storage", "NodeStorage", dict(&[("_mapping", dict(&[]))]));
    let key = |from: &str, relation: &str, to: &str| tuple(&[string(from), string(relation), string(to)]);
    let edges = [b"}(".to_vec(), key("paper", "cites", "paper"), store(), b"u".to_vec()].concat();
    let hetero = of(
        "HeteroData",
        dict(&[("_node_store_dict", dict(&[("paper", store()), ("author", store())])), ("_edge_store_dict", edges)]),
    );
    assert!(hetero.starts_with("object: expected a graph with one sort of nodes and edges (Data"), "{hetero}");
    assert!(hetero.contains("torch.save(data.to_homogeneous(), 'graph.pt')"), "{hetero}");
    assert!(hetero.contains("edge_index=data['paper', 'cites', 'paper'].edge_index"), "{hetero}");
    assert!(hetero.contains("found HeteroData with nodes paper, author and edges (paper, cites, paper)"), "{hetero}");
    let temporal = of("TemporalData", dict(&[("_store", dict(&[("_mapping", dict(&[]))]))]));
    assert!(temporal.contains("edge_index=torch.stack([data.src, data.dst])"), "{temporal}");
    let test = "other_graphs_are_refused_with_the_way_to_a_part_of_them";
    for (case, parts) in [
        ("g10-heterodata/data.pt", ["reader", "book", "to_homogeneous"]),
        ("g12-dgl-heterograph/graph.bin", ["nodes ", "edges ", "dgl.to_homogeneous"]),
    ] {
        let Some(path) = shared_path(test, &format!("cases/{case}")) else { return };
        let error = read_graph(&path, &control()).map(|_| ()).expect_err("several kinds").to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    }
}

#[test]
fn special_values_are_no_class_in_any_format() {
    let folder = Folder::new();
    let nan = || floats(&[3], &[1.0, f32::NAN, -100.0]);
    let node_labels =
        |name: &'static str, arrays, bytes| folder.file(&format!("{name}.npz"), npz(&with(arrays, name, Some(bytes))));
    let read = |path: &Path| read_as(&stored(), path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).0;
    assert_eq!(classes(&read(&node_labels("node_labels", heterophilous(), nan()))), [1, -1, -1]);
    let of_two = floats(&[2], &[f32::NAN, 1.0]);
    assert_eq!(classes(&read(&node_labels("labels", gnn_benchmark(), of_two.clone()))), [-1, 1]);
    assert_eq!(classes(&read(&folder.file("compact.npz", npz(&with(compact(), "labels", Some(of_two)))))), [-1, 1]);
    // -1 that was cast to an unsigned type; texts by name.
    let unsigned = npy("|u1", &[3], &[255, 0, 1]);
    let (graph, report) = read_as(&stored(), &node_labels("node_labels", heterophilous(), unsigned)).expect("read");
    assert_eq!(classes(&graph), [-1, 0, 1]);
    assert!(fact(&report, "no class").starts_with("255 (the largest number of its type"), "{report:?}");
    let whole: Vec<u8> = (0..=255).collect();
    let many = vec![
        ("node_features", floats(&[256, 1], &[1.0; 256])),
        ("node_labels", npy("|u1", &[256], &whole)),
        ("edges", int_matrix(&[1, 2], &[0, 1])),
    ];
    assert_eq!(classes(&read(&folder.file("whole.npz", npz(&many))))[255], 255);
    let named = npy("|S3", &[3], b"redNA\0red");
    let graph = read(&node_labels("node_labels", heterophilous(), named));
    assert_eq!(
        (classes(&graph), graph.labels().expect("labels").names.clone()),
        (vec![0, -1, 0], vec!["red".to_owned()])
    );
    // Wikipedia, GraphSAINT, Geom-GCN, Reddit.
    let wiki =
        vec![("features", floats(&[3, 1], &[1.0; 3])), ("edges", int_matrix(&[1, 2], &[0, 1])), ("label", nan())];
    assert_eq!(classes(&read(&folder.file("wiki.npz", npz(&wiki)))), [1, -1, -1]);
    copy(&fixtures().join("flickr"), &folder, "flickr".as_ref());
    folder.file("flickr/class_map.json", "{\"0\": NaN, \"1\": null, \"2\": -1, \"3\": 2}");
    assert_eq!(classes(&read(&folder.path().join("flickr")))[..5], [-1, -1, -1, 2, -1]);
    copy(&fixtures().join("film"), &folder, "film".as_ref());
    let nodes = each(0..14, |u: usize| format!("{u}\t1,2\t{}\n", ["0", "-1", "nan", "1.0"][u % 4]));
    folder.file("film/out1_node_feature_label.txt", format!("h\n{nodes}"));
    assert_eq!(classes(&read(&folder.path().join("film")))[..4], [0, -1, -1, 1]);
    copy(&fixtures().join("reddit"), &folder, "reddit".as_ref());
    let posts = vec![
        ("feature", floats(&[14, 1], &[1.0; 14])),
        ("label", floats(&[14], &[f32::NAN; 14])),
        ("node_types", ints(&[1; 14])),
    ];
    folder.file("reddit/reddit_data.npz", npz(&posts));
    assert_eq!(classes(&read(&folder.path().join("reddit"))), [-1; 14]);
    // PyG: one class, several classes, one of several columns.
    let pyg = |values: &[f32], size: &[u64]| {
        let object =
            dict(&[("edge_index", longs_at("e", &[2, 3])), ("num_nodes", int(4)), ("y", floats_at("y", size))]);
        read_pyg(&stored(), &object, &[ends(), ("y", singles(values))]).expect("a graph")
    };
    let nan = f32::NAN;
    assert_eq!(classes(&pyg(&[0.0, nan, 2.0, -100.0], &[4, 1]).0), [0, -1, 2, -1]);
    assert_eq!(classes(&pyg(&[0.0, 1.0, 1.0, 0.0, nan, nan, 0.0, 1.0], &[4, 2]).0), [1, 0, -1, 1]);
    let (graph, report) = pyg(&[0.0, 1.0, 1.0, nan, 1.0, 1.0, 0.0, -1.0], &[4, 2]);
    assert_eq!(graph.labels().expect("labels").all_of(1), [0]);
    assert!(report.warnings.contains(&"2 pairs of node and class are not known: they count as 0".to_owned()));
}

#[test]
fn no_edges_are_a_graph_in_every_format() {
    let folder = Folder::new();
    let none = || int_matrix(&[0, 2], &[]);
    let wiki = vec![("features", floats(&[3, 1], &[1.0; 3])), ("edges", none())];
    copy(&fixtures().join("ogbn_small"), &folder, "text".as_ref());
    folder.file("text/raw/edge.csv.gz", gzip(b""));
    copy(&fixtures().join("ogbn_binary"), &folder, "binary".as_ref());
    let data = vec![("edge_index", int_matrix(&[2, 0], &[])), ("num_nodes_list", ints(&[15]))];
    folder.file("binary/raw/data.npz", npz(&data));
    copy(&fixtures().join("film"), &folder, "film".as_ref());
    folder.file("film/out1_graph_edges.txt", "a\tb\n");
    copy(&fixtures().join("ppi"), &folder, "ppi".as_ref());
    for part in ["train", "valid", "test"] {
        let path = folder.path().join(format!("ppi/{part}_graph.json"));
        let mut graph: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).expect("a file")).expect("JSON");
        graph["links"] = serde_json::json!([]);
        folder.file(&format!("ppi/{part}_graph.json"), graph.to_string());
    }
    let matrix = |format: &str, parts: crate::files::Arrays| {
        npz(&[vec![("format", text(format)), ("shape", ints(&[3, 3])), ("data", floats(&[0], &[]))], parts].concat())
    };
    let compressed = || vec![("indptr", ints(&[0; 4])), ("indices", ints(&[]))];
    let pyg = |size: &[u64]| {
        let object = dict(&[("edge_index", longs_at("e", size)), ("num_nodes", int(3))]);
        archive(&object, &[("e", Vec::new())])
    };
    let paths = [
        folder.file("hetero.npz", npz(&with(heterophilous(), "edges", Some(none())))),
        folder.file("wiki.npz", npz(&wiki)),
        folder.path().join("text"),
        folder.path().join("binary"),
        folder.path().join("film"),
        folder.path().join("ppi"),
        folder.file("csr.npz", matrix("csr", compressed())),
        folder.file("csc.npz", matrix("csc", compressed())),
        folder.file("coo.npz", matrix("coo", vec![("row", ints(&[])), ("col", ints(&[]))])),
        folder.file("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n3 3 0\n"),
        folder.file("a.metis", "3 0\n\n\n\n"),
        folder.file("a.gml", "graph [ node [ id 0 ] node [ id 1 ] ]"),
        folder.file("a.graphml", "<graphml><graph><node id='a'/></graph></graphml>"),
        folder.file("a.gexf", "<gexf><graph><nodes><node id='a'/></nodes><edges/></graph></gexf>"),
        folder.file("two.pt", pyg(&[2, 0])),
        folder.file("one.pt", pyg(&[0])),
    ];
    for path in paths {
        let (graph, _) = read_as(&stored(), &path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(graph.n_nodes() > 0 && graph.topology().n_entries() == 0, "{}", path.display());
    }
}

/// The matrix [[0, 2, 0, 0], [0, 0, 0, 0], [5, 0, 0, 3], [0, 0, 0, 7]] in every form.
fn forms() -> Vec<(&'static str, crate::files::Arrays)> {
    vec![
        (
            "csr",
            vec![
                ("indptr", ints(&[0, 1, 1, 3, 4])),
                ("indices", ints(&[1, 0, 3, 3])),
                ("data", floats(&[4], &[2.0, 5.0, 3.0, 7.0])),
            ],
        ),
        (
            "csc",
            vec![
                ("indptr", ints(&[0, 1, 2, 2, 4])),
                ("indices", ints(&[2, 0, 2, 3])),
                ("data", floats(&[4], &[5.0, 2.0, 3.0, 7.0])),
            ],
        ),
        (
            "coo",
            vec![
                ("row", ints(&[3, 2, 0, 2])),
                ("col", ints(&[3, 3, 1, 0])),
                ("data", floats(&[4], &[7.0, 3.0, 2.0, 5.0])),
            ],
        ),
        (
            "bsr",
            vec![
                ("indptr", ints(&[0, 1, 3])),
                ("indices", ints(&[0, 0, 1])),
                ("data", floats(&[3, 2, 2], &[0.0, 2.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0, 7.0])),
            ],
        ),
        (
            "dia",
            vec![
                ("offsets", ints(&[0, 1, -2])),
                ("data", floats(&[3, 4], &[0.0, 0.0, 0.0, 7.0, 0.0, 2.0, 0.0, 3.0, 5.0, 0.0, 9.0, 9.0])),
            ],
        ),
    ]
}

#[test]
fn every_form_of_scipy_gives_one_answer() {
    let folder = Folder::new();
    let expected = [(0, 1, 2.0), (2, 0, 5.0), (2, 3, 3.0), (3, 3, 7.0)];
    for (form, arrays) in forms() {
        let more = vec![("format", text(form)), ("shape", ints(&[4, 4])), ("_is_array", npy("|b1", &[], &[1]))];
        let bytes = npz(&[arrays, more].concat());
        let path = folder.file(&format!("{form}/graph.npz"), &bytes);
        let (graph, report) = read_as(&stored(), &path).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(weighted(&graph), expected, "{form}");
        assert_eq!(report.ignored, Vec::<String>::new(), "{form}");
        // As features beside an adjacency matrix, and as that matrix of the method's own programs.
        folder.file(&format!("{form}/graph.feat.npz"), &bytes);
        let (graph, _) = read_as(&stored(), &path).expect("with features");
        let rows = [[0.0, 2.0, 0.0, 0.0], [0.0; 4], [5.0, 0.0, 0.0, 3.0], [0.0, 0.0, 0.0, 7.0]];
        assert_eq!(graph.features().to_dense(), ndarray::arr2(&rows), "{form}");
        folder.file(&format!("own-{form}/adj.npz"), &bytes);
        let (graph, _) = read_as(&stored(), &folder.path().join(format!("own-{form}"))).expect("a folder");
        assert_eq!(graph.topology().n_entries(), 4, "{form}");
    }
}

#[test]
fn a_stored_graph_keeps_or_leaves_its_weights_as_asked() {
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    let parts = DatasetParts {
        edge_weights: Some((0..karate.topology().n_entries()).map(|k| k as f32 + 0.5).collect()),
        ..karate.to_parts()
    };
    let graph = Dataset::try_new(parts).expect("valid");
    let folder = Folder::new();
    let path = folder.path().join("g");
    write_stored_graph(&graph, &path, &control()).expect("written");
    let without = ReadOptions { weights: Some(false), ..ReadOptions::default() };
    let (read, report) = read_as(&without, &path).expect("a graph");
    assert_eq!((read.edge_weights(), fact(&report, "edge weights").as_str()), (None, "not used, as asked"));
    let turned = ReadOptions { direction: Some(Direction::Reversed), weights: Some(true), ..ReadOptions::default() };
    let (read, _) = read_as(&turned, &path).expect("a graph");
    let mut expected: Vec<_> = weighted(&graph).into_iter().map(|(v, u, w)| (u, v, w)).collect();
    expected.sort_by_key(|(v, u, _)| (*v, *u));
    assert_eq!(weighted(&read), expected);
}

#[test]
fn weights_of_dgl_are_the_array_that_is_named() {
    let path = fixtures().join("csr.dgl.bin");
    let (plain, report) = read_as(&stored(), &path).expect("a graph");
    let from = fact(&report, "weights from");
    let name = from.split(' ').next().expect("a name").to_owned();
    assert!(from.ends_with("(--edge-weights false leaves them out)"), "{from}");
    let named = |name: &str| ReadOptions { weight_attribute: Some(name.into()), ..stored() };
    assert_eq!(weighted(&read_as(&named(&name), &path).expect("named").0), weighted(&plain));
    let ids = read_as(&named("_ID"), &path).expect("another array").0;
    assert_ne!(weighted(&ids), weighted(&plain));
    let error = read_as(&named("none"), &path).map(|_| ()).expect_err("no such array");
    assert!(error.starts_with("graph.weight_attribute: expected ") && error.contains("_ID"), "{error}");
    // A type that has no counterpart is left out, not the file.
    let mut bytes = std::fs::read(&path).expect("a fixture");
    let at = bytes.windows(4).position(|word| word == b"feat").expect("an array of nodes");
    // Behind the name: magic, reserved, device, axes; then the type.
    bytes[at + 4 + 8 + 8 + 8 + 4] = 5;
    let folder = Folder::new();
    let (graph, report) = read_as(&stored(), &folder.file("a.bin", bytes)).expect("a graph");
    assert_eq!(graph.topology(), plain.topology());
    assert!(report.ignored.contains(&"array feat of nodes (type 5 of 32 bits)".to_owned()), "{report:?}");
}
