//! Broken files of the collections: a whole fixture with one file replaced, and the text that it gives.

use std::path::{Path, PathBuf};

use unifews::engine::graph::ReadOptions;
use unifews::io::read_graph_within;

use crate::files::{Folder, floats, gzip, int_matrix, ints, npy, npz, text};
use crate::graph_formats::fixtures;
use crate::support::control;

/// Copies a fixture, replaces `file` in it (a fixture that is one file is replaced itself), and compares the text of the error; `FILE`
/// stands for that file, `HERE` for the fixture.
fn check(fixture: &str, file: &str, bytes: Option<Vec<u8>>, expected: &str) {
    let folder = Folder::new();
    let root = folder.path().join(fixture);
    copy(&fixtures().join(fixture), &folder, Path::new(fixture));
    let path = if file.is_empty() { root.clone() } else { root.join(file) };
    match bytes {
        Some(bytes) => {
            drop(folder.file(path.strip_prefix(folder.path()).expect("below").to_str().expect("UTF-8"), bytes));
        }
        None => std::fs::remove_file(&path).expect("removed"),
    }
    let spec = root.to_str().expect("UTF-8");
    let read = read_graph_within(spec, &ReadOptions::default(), u64::MAX, &control());
    let Err(error) = read else { panic!("read; expected {expected}") };
    let expected = expected.replace("FILE", &path.display().to_string()).replace("HERE", spec);
    assert_eq!(error.to_string(), expected, "{fixture}");
}

pub(crate) fn copy(from: &Path, folder: &Folder, to: &Path) {
    if !from.is_dir() {
        folder.file(to.to_str().expect("UTF-8"), std::fs::read(from).expect("a fixture"));
        return;
    }
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        copy(&path, folder, &to.join(path.file_name().expect("a name")));
    }
}

#[expect(clippy::unnecessary_wraps, reason = "what a check puts in place of a file, which may also be nothing")]
fn changed(fixture: &str, change: impl Fn(&mut Vec<u8>)) -> Option<Vec<u8>> {
    let mut bytes = std::fs::read(fixtures().join(fixture)).expect("a fixture");
    change(&mut bytes);
    Some(bytes)
}

#[test]
fn scipy_archives() {
    let sparse = |name: &'static str, bytes: Vec<u8>| {
        let mut arrays = vec![
            ("format", text("coo")),
            ("shape", ints(&[2, 2])),
            ("row", ints(&[0])),
            ("col", ints(&[1])),
            ("data", floats(&[1], &[2.0])),
        ];
        arrays.retain(|(other, _)| *other != name);
        arrays.push((name, bytes));
        Some(npz(&arrays))
    };
    check("coo.npz", "", sparse("row", ints(&[2])), "array row: expected rows from 0 to below 2, found 2: FILE");
    check(
        "coo.npz",
        "",
        sparse("col", ints(&[0, 1])),
        "array col: expected shape [1] (one per row), found shape [2]: FILE",
    );
    check(
        "coo.npz",
        "",
        sparse("shape", ints(&[2, 3])),
        "array shape: expected as many rows as columns, found 2 x 3: FILE",
    );
    check(
        "coo.npz",
        "",
        sparse("data", floats(&[1], &[f32::NAN])),
        "array data: expected finite numbers, found NaN: FILE",
    );
    let claim = sparse("shape", ints(&[1 << 31, 1 << 31]));
    check(
        "coo.npz",
        "",
        claim,
        "array shape: expected at most 4194304 rows, or 32 for every entry, found 2147483648: FILE",
    );
    check(
        "coo.npz",
        "",
        sparse("format", text("lil")),
        "array format: expected csr, csc, coo, bsr or dia (scipy.sparse.csr_matrix(x) makes one), found \"lil\": FILE",
    );
}

#[test]
fn ogb_folders() {
    let packed = |text: &str| Some(gzip(text.as_bytes()));
    let edges = "raw/edge.csv.gz";
    check(
        "ogbn_small",
        edges,
        packed("0,1\n0;2\n"),
        "line 2: expected two node numbers and a comma between them, found `0;2`: FILE",
    );
    check("ogbn_small", edges, packed("0,1\n0,15\n"), "line 2: expected node numbers below 15, found 0 and 15: FILE");
    check(
        "ogbn_small",
        edges,
        Some(b"\x1f\x8b\x08\x00".to_vec()),
        "whole file: expected intact gzip data, found unexpected end of file: FILE",
    );
    let nodes = "raw/num-node-list.csv.gz";
    check("ogbn_small", nodes, packed("10\n5\n"), "whole file: expected one number (one graph), found 2 numbers: FILE");
    check("ogbn_small", nodes, packed("many\n"), "line 1: expected an integer of at least 0, found `many`: FILE");
    check("ogbn_small", nodes, None, "cannot open: No such file or directory (os error 2): FILE");
    let features = "raw/node-feat.csv.gz";
    check(
        "ogbn_small",
        features,
        packed("1,2\n1\n"),
        "line 2: expected 2 numbers, as in the first line, found 1: FILE",
    );
    check("ogbn_small", features, packed("1,2\n1,x\n"), "line 2: expected numbers between commas, found `x`: FILE");
    check("ogbn_small", features, packed("1,2\n"), "whole file: expected 15 rows (one per node), found 1: FILE");
    let labels = "raw/node-label.csv.gz";
    check("ogbn_small", labels, packed(&"0.5\n".repeat(15)), "labels: expected integers or nan, found 0.5: FILE");
    check(
        "ogbn_small",
        labels,
        packed(&"0,2\n".repeat(15)),
        "labels: expected 0 or 1 for every node and class, found 2: FILE",
    );
    let odd = packed(&"1,0.5\n".repeat(15));
    let expected =
        "labels: expected 0 or 1 for every node and class, found 0.5 (a number to be predicted is no class): FILE";
    check("ogbn_small", labels, odd, expected);
    check(
        "ogbn_small",
        "split/time/test.csv.gz",
        packed("15\n"),
        "whole file: expected node numbers below 15, found 15: FILE",
    );
    let sorts = "graph: expected one sort of nodes and one of edges, found several (triplet-type-list.csv.gz): choose one sort of \
                 nodes, and one of edges between them, with ogb's reader: graph, labels = dataset[0]; numpy.savetxt('edges.csv', \
                 graph['edge_index_dict']['paper', 'cites', 'paper'].T, '%d', ','); numpy.save('edges.feat.npy', \
                 graph['node_feat_dict']['paper']); numpy.save('edges.label.npy', labels['paper'].ravel()): HERE";
    check("ogbn_small", "raw/triplet-type-list.csv.gz", packed("a,r,b\n"), sorts);
    let data = |edges: Vec<u8>, nodes: Vec<u8>| Some(npz(&vec![("edge_index", edges), ("num_nodes_list", nodes)]));
    let pair = int_matrix(&[2, 1], &[0, 3]);
    check(
        "ogbn_binary",
        "raw/data.npz",
        data(pair.clone(), ints(&[2])),
        "array edge_index: expected node numbers from 0 to below 2, found 3: FILE",
    );
    check(
        "ogbn_binary",
        "raw/data.npz",
        data(pair, ints(&[2, 2])),
        "array num_nodes_list: expected one number (one graph), found 2 numbers: FILE",
    );
    check(
        "ogbn_binary",
        "raw/data.npz",
        data(int_matrix(&[1, 2], &[0, 1]), ints(&[2])),
        "array edge_index: expected two rows, found 1: FILE",
    );
}

#[test]
fn graphsaint_folders() {
    let json = |text: &str| Some(text.as_bytes().to_vec());
    let classes = "class_map.json";
    let what = "expected JSON of this format, found";
    check("flickr", classes, json("{\"0\": 1,"), &format!("line 1 column 8: {what} EOF while parsing a value: FILE"));
    check(
        "flickr",
        classes,
        json("{\"0\": 0.5}"),
        &format!("line 1 column 9: {what} class 0.5, which is no integer: FILE"),
    );
    check(
        "flickr",
        classes,
        json("{\"0\": [0, 2]}"),
        &format!("line 1 column 12: {what} 2 in a list of 0 and 1: FILE"),
    );
    check(
        "flickr",
        classes,
        json("{\"0\": [0], \"1\": [0, 1]}"),
        &format!("line 1 column 23: {what} 2 classes where others have 1: FILE"),
    );
    check("flickr", classes, json("{\"14\": 0}"), "whole file: expected node numbers below 14, found 14: FILE");
    let mixed = "whole file: expected one class for every node, or a list for every node, found both: FILE";
    check("flickr", classes, json("{\"0\": 1, \"1\": [0, 1]}"), mixed);
    let list = "whole file: expected a list of classes for each of 14 nodes, found";
    check("yelp", classes, json("{\"0\": [0, 1], \"13\": [1, 1]}"), &format!("{list} 2 lists: FILE"));
    check("yelp", classes, json("{\"0\": [0, 1], \"0\": [1, 1]}"), &format!("{list} two for node 0: FILE"));
    check(
        "yelp",
        classes,
        json("{\"0\": [0, 0.25]}"),
        &format!("line 1 column 15: {what} 0.25 (a number to be predicted is no class) in a list of 0 and 1: FILE"),
    );
    check("flickr", "role.json", json("{\"va\": []}"), &format!("line 1 column 10: {what} missing field `tr`: FILE"));
    check(
        "flickr",
        "role.json",
        json("{\"tr\": [0, 0]}"),
        "split file, train: expected each node at most once, found node 0 again: FILE",
    );
    check(
        "flickr",
        "feats.npy",
        Some(floats(&[2, 1], &[1.0; 2])),
        "feature rows: expected 14 (one per node), found 2: HERE",
    );
}

#[test]
fn ppi_folders() {
    let json = |text: &str| Some(text.as_bytes().to_vec());
    let graph = "train_graph.json";
    check(
        "ppi",
        graph,
        json("{\"nodes\": []}"),
        "line 1 column 13: expected JSON of this format, found missing field `links`: FILE",
    );
    check(
        "ppi",
        graph,
        json("{\"nodes\": [{\"id\": 1}], \"links\": []}"),
        "whole file: expected node ids from 0 without a gap, found 1: FILE",
    );
    let link = "{\"nodes\": [{\"id\": 0}], \"links\": [{\"source\": 0, \"target\": 1}]}";
    check("ppi", graph, json(link), "whole file: expected ends of links below 1, found 1: FILE");
    check(
        "ppi",
        "test_feats.npy",
        Some(floats(&[1, 2], &[1.0; 2])),
        "array: expected 4 rows (one per node), found 1: FILE",
    );
    check(
        "ppi",
        "test_labels.npy",
        Some(int_matrix(&[4, 1], &[0, 1, 2, 0])),
        "array: expected 0 or 1 for every node and class, found 2: FILE",
    );
    check(
        "ppi",
        "test_labels.npy",
        Some(int_matrix(&[4, 1], &[0; 4])),
        "labels: expected as many columns in every part, found ShapeError/IncompatibleShape: incompatible shapes: HERE",
    );
}

#[test]
fn reddit_folders() {
    let data = |name: &'static str, bytes: Option<Vec<u8>>| {
        let mut arrays =
            vec![("feature", floats(&[14, 1], &[1.0; 14])), ("label", ints(&[0; 14])), ("node_types", ints(&[1; 14]))];
        arrays.retain(|(other, _)| *other != name);
        arrays.extend(bytes.map(|bytes| (name, bytes)));
        Some(npz(&arrays))
    };
    let file = "reddit_data.npz";
    check(
        "reddit",
        file,
        data("label", Some(ints(&[0]))),
        "array label: expected shape [14] (one class per node), found shape [1]: FILE",
    );
    check(
        "reddit",
        file,
        data("node_types", Some(ints(&[0; 3]))),
        "array node_types: expected shape [14] (one per node), found shape [3]: FILE",
    );
    check(
        "reddit",
        file,
        data("feature", None),
        "array feature: expected this array in the archive, found label.npy, node_types.npy: FILE",
    );
    check("reddit", file, None, "cannot open: No such file or directory (os error 2): FILE");
}

#[test]
fn wikipedia_archives() {
    let data = |name: &'static str, bytes: Vec<u8>| {
        let mut arrays = vec![
            ("features", floats(&[2, 1], &[1.0; 2])),
            ("edges", int_matrix(&[1, 2], &[0, 1])),
            ("target", ints(&[0, 1])),
        ];
        arrays.retain(|(other, _)| *other != name);
        arrays.push((name, bytes));
        Some(npz(&arrays))
    };
    check(
        "musae.npz",
        "",
        data("edges", int_matrix(&[1, 2], &[0, 2])),
        "array edges: expected node numbers from 0 to below 2, found 2: FILE",
    );
    check(
        "musae.npz",
        "",
        data("edges", int_matrix(&[1, 3], &[0, 1, 1])),
        "array edges: expected two columns, found 3: FILE",
    );
    check(
        "musae.npz",
        "",
        data("features", ints(&[1])),
        "array features: expected two axes (nodes and features), found shape [1]: FILE",
    );
    check(
        "musae.npz",
        "",
        data("target", ints(&[1])),
        "array target: expected shape [2] (one per node), found shape [1]: FILE",
    );
}

#[test]
fn geom_gcn_folders() {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let (nodes, edges) = ("out1_node_feature_label.txt", "out1_graph_edges.txt");
    check(
        "film",
        edges,
        text("a\tb\n0\t14\n"),
        "line 2: expected two node numbers below 14 and a tab between them, found `0 14`: FILE",
    );
    check(
        "film",
        edges,
        text("a\tb\n0 1\n"),
        "line 2: expected two node numbers below 14 and a tab between them, found `0 1`: FILE",
    );
    check(
        "film",
        nodes,
        text("h\n0\t1,2\n"),
        "line 2: expected a node, its features and its class between tabs, found `0 1,2`: FILE",
    );
    check("film", nodes, text("h\n0\t1,x\t0\n"), "line 2: expected integers below 16777216, found `x`: FILE");
    check(
        "film",
        nodes,
        text("h\n0\t1\t0\n2\t1\t0\n"),
        "whole file: expected every node from 0 to 1 once, found 2 instead of 1: FILE",
    );
    let masks = npz(&vec![("train_mask", npy("|b1", &[2], &[1, 0]))]);
    check(
        "texas",
        "raw/texas_split_0.6_0.2_0.npz",
        Some(masks),
        "array train_mask: expected shape [14] (one per node), found shape [2]: FILE",
    );
}

#[test]
fn dgl_files() {
    let name = "two.dgl.bin";
    check(
        name,
        "",
        changed(name, |b| b.truncate(20)),
        "byte 16: expected 8 bytes (a graph type), found 4 and the end of the file: FILE",
    );
    let version = "byte 8: expected version 2, graph type 2 (load it with a newer DGL and save it again), found version 1, graph type 2: FILE";
    check(name, "", changed(name, |b| b[8] = 1), version);
    check(name, "", changed(name, |b| b[24] = 0), "byte 32: expected at least one graph, found none: FILE");
    check(
        name,
        "",
        changed(name, |b| b[4112] = 0),
        "byte 4112: expected a graph (dd589fbe35224abf), found dd589fbe35224a00: FILE",
    );
    // The number of arrays of the first graph.
    check(
        name,
        "",
        changed(name, |b| b[4104] = 0xff),
        "byte 4112: expected at most 177 arrays in the bytes that are left, found 255: FILE",
    );
    let tensors = changed(name, |b| b[..8].copy_from_slice(&0xdd5a_9fbe_3fa2_443fu64.to_le_bytes()));
    let found = "byte 0: expected a graph (dgl.save_graphs), found arrays alone (dgl.data.utils.save_tensors): FILE";
    check(name, "", tensors, found);
    let mut whole = std::fs::read(fixtures().join(name)).expect("a fixture");
    whole.truncate(4400);
    check(name, "", Some(whole), "byte 4393: expected 8 bytes (an array), found 7 and the end of the file: FILE");
}

#[test]
fn matlab_files() {
    let name = "genius.mat";
    let big = changed(name, |b| b[126..128].copy_from_slice(b"MI"));
    check(name, "", big, "header: expected a little-endian file, found MI: FILE");
    let newer = changed(name, |b| b[124..126].copy_from_slice(&[0, 2]));
    check(name, "", newer, "header: expected version 5, found version 7.3 (HDF5): save it with -v7: FILE");
    check(
        name,
        "",
        changed(name, |b| b.truncate(300)),
        "element 1: expected an element of 672 bytes, found 164 bytes (if the file is cut off, get it again): FILE",
    );
    check(
        name,
        "",
        changed(name, |b| b.truncate(128)),
        "whole file: expected a matrix A, homo or edge_index, found none: FILE",
    );
    check(name, "", changed(name, |b| b[128] = 99), "element 1: expected a matrix, found type 99: FILE");
    let other = changed(name, |b| {
        let at = b.windows(10).position(|w| w == b"edge_index").expect("the name");
        b[at] = b'x';
    });
    let expected =
        "whole file: expected a matrix A, homo or edge_index, found xdge_index, node_feat, label, note: FILE";
    check(name, "", other, expected);
    let damaged = changed("facebook.mat", |b| b[140..150].fill(0xff));
    check("facebook.mat", "", damaged, "element 1: expected intact packed data, found corrupt deflate stream: FILE");
}
