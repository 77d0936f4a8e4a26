//! Broken files: every one is refused with exactly the text that says where, what was expected and what was found.

use std::path::Path;

use unifews::io::{LoadError, detect, read_graph, read_model, read_node_ids, read_split};

use crate::files::{
    Arrays, Folder, adjacency, compact, floats, gnn_benchmark, heterophilous, int_matrix, ints, npy, npy_with_header,
    npz, safetensors, text, with,
};
use crate::support::control;

/// Compares the text of an error; `FILE` in the expectation stands for the path.
fn refused<T>(result: Result<T, LoadError>, path: &Path, expected: &str) {
    let Err(error) = result else { panic!("read without an error; expected {expected}") };
    assert_eq!(error.to_string(), expected.replace("FILE", &path.display().to_string()), "another error text");
}

fn graph_refused(path: &Path, expected: &str) {
    refused(read_graph(path.to_str().expect("UTF-8"), &control()), path, expected);
}

/// One broken array, and the error it gives.
type Case = (&'static str, Option<Vec<u8>>, &'static str);

fn archives_refused(whole: fn() -> Arrays, cases: Vec<Case>) {
    let folder = Folder::new();
    let path = folder.file("graph.npz", npz(&whole()));
    read_graph(path.to_str().expect("UTF-8"), &control()).expect("the whole file is read");
    for (name, bytes, expected) in cases {
        let path = folder.file("graph.npz", npz(&with(whole(), name, bytes)));
        graph_refused(&path, &format!("{expected}: FILE"));
    }
}

#[test]
fn arrays() {
    let int_array = |header: &str| Some(npy_with_header(header, &[0; 16]));
    archives_refused(
        gnn_benchmark,
        vec![
            ("labels", Some(Vec::new()), "array labels: expected the start of a NumPy array, found nothing"),
            (
                "labels",
                Some(b"hello".to_vec()),
                "array labels: expected the start of a NumPy array, found bytes 68 65 6c 6c 6f",
            ),
            (
                "labels",
                Some(b"\x93NUMPY\x09\x00".to_vec()),
                "array labels: expected version 1.0, 2.0 or 3.0, found version 9.0",
            ),
            ("labels", Some(b"\x93NUMPY\x01".to_vec()), "array labels: expected a version, found the end of the file"),
            (
                "labels",
                Some(b"\x93NUMPY\x01\x00\xff\xff{".to_vec()),
                "array labels: expected a header of 65535 bytes, found 1 bytes",
            ),
            (
                "labels",
                Some(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{".to_vec()),
                "array labels: expected a header of 4294967295 bytes, found 1 bytes",
            ),
            (
                "labels",
                int_array("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }"),
                "array labels: expected little-endian numbers or fixed-width text, found Python objects (a pickle, which is \
                 never run)",
            ),
            (
                "labels",
                int_array("{'descr': '>i8', 'fortran_order': False, 'shape': (2,), }"),
                "array labels: expected little-endian numbers or fixed-width text, found \">i8\" (big-endian)",
            ),
            (
                "labels",
                int_array("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }"),
                "array labels: expected little-endian numbers or fixed-width text, found \"<c16\"",
            ),
            (
                "labels",
                int_array("{'descr': '<U0', 'fortran_order': False, 'shape': (1152921504606846976,), }"),
                "array labels: expected little-endian numbers or fixed-width text, found \"<U0\"",
            ),
            (
                "labels",
                int_array("{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }"),
                "array labels: expected 24 bytes of values for shape [3], found 16 bytes",
            ),
            (
                "labels",
                int_array("{'descr': '<i8', 'fortran_order': False, 'shape': (1152921504606846976, 16), }"),
                "array labels: expected more bytes of values than fit for shape [1152921504606846976, 16], found 16 bytes",
            ),
            (
                "labels",
                int_array("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), 'descr': '<i8'}"),
                "array labels: expected descr once in the header, found it twice",
            ),
            ("labels", int_array("exec()"), "array labels: expected `{` in the header, found `exec()`"),
        ],
    );
}

#[test]
fn gnn_benchmark_archives() {
    archives_refused(
        gnn_benchmark,
        vec![
            (
                "adj_indices",
                None,
                "array adj_indices: expected this array in the archive, found adj_data.npy, adj_indptr.npy, adj_shape.npy, \
                 attr_matrix.npy, labels.npy",
            ),
            ("adj_indices", Some(ints(&[2])), "array adj_indices: expected columns from 0 to below 2, found 2"),
            ("adj_indices", Some(ints(&[-1])), "array adj_indices: expected columns from 0 to below 2, found -1"),
            (
                "adj_indices",
                Some(ints(&[1, 1])),
                "array adj_indices: expected shape [1] (as the last row pointer says), found shape [2]",
            ),
            ("adj_indices", Some(floats(&[1], &[0.5])), "array adj_indices: expected integers, found 0.5"),
            (
                "adj_indices",
                Some(text("a")),
                "array adj_indices: expected shape [1] (as the last row pointer says), found shape []",
            ),
            (
                "adj_indptr",
                Some(ints(&[0, 1])),
                "array adj_indptr: expected shape [3] (one more than rows), found shape [2]",
            ),
            ("adj_indptr", Some(ints(&[1, 1, 1])), "array adj_indptr: expected a first value of 0, found 1"),
            (
                "adj_indptr",
                Some(ints(&[0, 2, 1])),
                "array adj_indptr: expected values that never fall, found 2 then 1 in row 1",
            ),
            ("adj_indptr", Some(ints(&[0, -1, 1])), "array adj_indptr: expected integers of at least 0, found -1"),
            ("adj_shape", Some(ints(&[2])), "array adj_shape: expected two lengths, found shape [1]"),
            ("adj_shape", Some(ints(&[2, 3])), "adjacency matrix: expected as many rows as columns, found 2 x 3"),
            (
                "adj_shape",
                Some(ints(&[i64::MAX, i64::MAX])),
                "array adj_shape: expected at most 4294967295 columns, found 9223372036854775807",
            ),
            (
                "adj_data",
                Some(floats(&[2], &[1.0, 1.0])),
                "array adj_data: expected shape [1] (one per index), found shape [2]",
            ),
            ("labels", Some(ints(&[0])), "array labels: expected shape [2] (one class per node), found shape [1]"),
            ("labels", Some(ints(&[0, 1 << 40])), "array labels: expected classes below 65536, found 1099511627776"),
            ("attr_matrix", Some(floats(&[1, 1], &[1.0])), "feature rows: expected 2 (one per node), found 1"),
            ("attr_matrix", Some(floats(&[2], &[1.0, f32::NAN])), "features: expected a finite number, found NaN"),
            ("attr_matrix", Some(text("abc")), "array attr_matrix: expected numbers, found text"),
        ],
    );
}

#[test]
fn heterophilous_archives() {
    archives_refused(
        heterophilous,
        vec![
            ("edges", Some(int_matrix(&[1, 3], &[0, 1, 2])), "array edges: expected two columns, found 3"),
            (
                "edges",
                Some(int_matrix(&[1, 2], &[0, 3])),
                "array edges: expected node numbers from 0 to below 3, found 3",
            ),
            (
                "edges",
                Some(ints(&[0, 1])),
                "array edges: expected two axes (edges and their two ends), found shape [2]",
            ),
            (
                "node_labels",
                Some(ints(&[0])),
                "array node_labels: expected shape [3] (one class per node), found shape [1]",
            ),
            (
                "node_features",
                Some(floats(&[3], &[1.0; 3])),
                "array node_features: expected two axes (nodes and features), found shape [3]",
            ),
            (
                "node_features",
                Some(floats(&[0, 1 << 50], &[])),
                "array node_features: expected at least one row, found none",
            ),
            (
                "node_features",
                Some(floats(&[1 << 50, 0], &[])),
                "array node_features: expected at least one value in every row, found shape [1125899906842624, 0]",
            ),
            (
                "val_masks",
                None,
                "array val_masks: expected this array in the archive, found node_features.npy, node_labels.npy, edges.npy, \
                 train_masks.npy, test_masks.npy",
            ),
            (
                "val_masks",
                Some(npy("|b1", &[1, 2], &[1, 0])),
                "array val_masks: expected 3 columns (one per node), found 2",
            ),
            (
                "val_masks",
                Some(npy("|b1", &[2, 3], &[0; 6])),
                "arrays val_masks, test_masks: expected 1 rows, found 2 and 1",
            ),
            (
                "val_masks",
                Some(npy("|b1", &[1, 3], &[1, 1, 0])),
                "split file:0, val: expected each node at most once, found node 0 again",
            ),
        ],
    );
}

#[test]
fn compact_archives() {
    archives_refused(
        compact,
        vec![
            (
                "format",
                Some(text("unifews-graph/2")),
                "array format: expected \"unifews-graph/1\", found \"unifews-graph/2\"",
            ),
            (
                "adj_indptr",
                Some(ints(&[0, 4, 2])),
                "graph structure, row 1: expected row pointers that never fall, found 4 then 2",
            ),
            ("adj_indptr", Some(ints(&[0])), "array adj_indices: expected columns from 0 to below 0, found 0"),
            (
                "adj_indices",
                Some(ints(&[0, 1, 1, 0])),
                "graph structure, row 1: expected columns that ascend strictly, found 1 then 0",
            ),
            ("feat_width", Some(ints(&[4])), "array feat_indices: expected columns from 0 to below 4, found 4"),
            (
                "feat_width",
                Some(ints(&[1 << 40])),
                "array feat_width: expected at most 16777216 columns, found 1099511627776",
            ),
            ("feat_width", Some(ints(&[])), "array feat_width: expected one integer, found shape [0]"),
            ("split_0_val", Some(ints(&[1])), "split s1, test: expected each node at most once, found node 1 again"),
            ("split_0_test", Some(ints(&[2])), "array split_0_test: expected node numbers from 0 to below 2, found 2"),
            ("split_names", Some(ints(&[1])), "array split_names: expected text, found numbers"),
        ],
    );
}

#[test]
fn unifews_folders() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join("g").join(name);
    let spec = folder.path().join("g");
    let refused_after = |file: &str, bytes: Option<Vec<u8>>, at: &str, expected: &str| {
        folder.file("g/adj.npz", npz(&adjacency()));
        folder.file("g/feats.npy", floats(&[2, 1], &[1.0, 2.0]));
        folder.file("g/labels.npz", npz(&vec![("labels", ints(&[0, 1]))]));
        folder.file(
            "g/split_7.npz",
            npz(&vec![("idx_train", ints(&[0])), ("idx_val", ints(&[])), ("idx_test", ints(&[1]))]),
        );
        read_graph(spec.to_str().expect("UTF-8"), &control()).expect("the whole folder is read");
        match bytes {
            Some(bytes) => drop(folder.file(&format!("g/{file}"), bytes)),
            None => std::fs::remove_file(path(file)).expect("removed"),
        }
        let at = if at.is_empty() { spec.clone() } else { path(at) };
        refused(read_graph(spec.to_str().expect("UTF-8"), &control()), &at, &format!("{expected}: FILE"));
    };
    let broken = |name, bytes| Some(npz(&with(adjacency(), name, bytes)));
    refused_after(
        "adj.npz",
        broken("format", Some(text("coo"))),
        "adj.npz",
        "array format: expected \"csr\" (compressed sparse rows), found \"coo\"",
    );
    refused_after(
        "adj.npz",
        broken("indices", Some(ints(&[0, 1, 0, 2]))),
        "adj.npz",
        "array indices: expected columns from 0 to below 2, found 2",
    );
    refused_after(
        "adj.npz",
        broken("shape", Some(ints(&[2, 3]))),
        "adj.npz",
        "adjacency matrix: expected as many rows as columns, found 2 x 3",
    );
    refused_after(
        "adj.npz",
        Some(b"PK".to_vec()),
        "adj.npz",
        "whole file: expected a zip archive, found Could not find EOCD",
    );
    refused_after(
        "labels.npz",
        Some(npz(&vec![("y", ints(&[0, 1]))])),
        "labels.npz",
        "array labels: expected this array in the archive, found y.npy",
    );
    refused_after(
        "split_7.npz",
        Some(npz(&vec![("idx_train", ints(&[0])), ("idx_val", ints(&[0])), ("idx_test", ints(&[]))])),
        "split_7.npz",
        "split 7, val: expected each node at most once, found node 0 again",
    );
    refused_after(
        "feats.npy",
        Some(floats(&[3, 1], &[1.0; 3])),
        "",
        "feature rows: expected 2 (one per node), found 3",
    );
    let gone = read_graph(folder.path().join("none").to_str().expect("UTF-8"), &control()).map(|_| ());
    let text = gone.unwrap_err().to_string();
    assert!(text.starts_with("cannot open: No such file or directory (os error 2): "), "{text}");
}

#[test]
fn edge_lists() {
    let folder = Folder::new();
    let check = |body: &[u8], expected: &str| {
        let path = folder.file("edges.txt", body);
        graph_refused(&path, &format!("{expected}: FILE"));
    };
    let two = "two integers from 0 (the ends of an edge; where ids are text, say --columns source,target)";
    check(b"0 1\n1\n", &format!("line 2: expected {two}, found `1`"));
    check(b"# c\n\n0,1\nname,2\n", &format!("line 4: expected {two}, found `name,2`"));
    check(b"0 1\n0 -1\n", &format!("line 2: expected {two}, found `0 -1`"));
    check(b"0 1\n0 18446744073709551616\n", &format!("line 2: expected {two}, found `0 18446744073709551616`"));
    check(b"# caf\xe9\n0 1\n\xff 2\n", &format!("line 3: expected {two}, found `\u{fffd} 2`"));
    let long = [b"0 1\n".to_vec(), vec![b'7'; 1 << 17]].concat();
    check(&long, "line 2: expected a line of at most 65536 bytes, found a longer one");
    let path = folder.file("pair.txt", "5 9\n");
    let rows = folder.file("pair.feat.npy", floats(&[1 << 50, 0], &[]));
    let claim = "array: expected at least one value in every row, found shape [1125899906842624, 0]: FILE";
    refused(read_graph(path.to_str().expect("UTF-8"), &control()), &rows, claim);
    folder.file("pair.feat.npy", floats(&[3, 1], &[1.0; 3]));
    let rows = "2 rows (one per distinct id) or more than 9 (the largest id)";
    graph_refused(&path, &format!("features or labels beside the list: expected {rows}, found 3 rows: FILE"));
}

#[test]
fn unknown_files() {
    let folder = Folder::new();
    let check = |name: &str, bytes: &[u8], found: &str| {
        let path = folder.file(name, bytes);
        assert_eq!(detect(&path).expect("readable").to_string(), found, "{name}");
    };
    check("empty", b"", "an empty file (0 bytes: the download or the copy may have broken off; get it again)");
    check("comments.txt", b"# only\n% these\n", "an empty file");
    check("prose.txt", b"Dear reader,\nthis is no graph.\n", "text that is neither a recipe nor a list of edges");
    check("x.bin", b"\x00\x01\x02\xff", "a file that starts with bytes 00 01 02 ff");
    check("x.npy", &ints(&[1]), "labels of nodes (a NumPy array)");
    check("x.npy", &floats(&[1, 1], &[1.0]), "features of nodes (a NumPy array)");
    check("x.npy", &floats(&[1], &[1.0]), "a NumPy array alone");
    check(
        "x.pkl",
        b"\x80\x02]q\x00.",
        "a pickle (protocol 2), which is never run (a matrix: scipy.sparse.save_npz; a networkx graph: networkx.write_graphml; weights or \
         arrays: torch.save, numpy.savez)",
    );
    let broken = "a broken gzip file (whole file: expected intact gzip data, found unexpected end of file: FILE); if it is cut off, get it again";
    check("x.gz", b"\x1f\x8b\x08", &broken.replace("FILE", &folder.path().join("x.gz").display().to_string()));
    check("x.mtx", b"%%MatrixMarket matrix coordinate real general\n", "a graph (MatrixMarket)");
    check("other.npz", &npz(&vec![("a", ints(&[1]))]), "a zip archive with a.npy");
    check("x.npz", &npz(&adjacency()), "a graph (SciPy sparse matrix)");
    let torch = npz(&vec![("x", ints(&[1]))]);
    check(
        "x.zip",
        &torch[..torch.len() - 9],
        "a broken zip archive (whole file: expected a zip archive, found failed to fill whole buffer: FILE); if it is cut off, get it again"
            .replace("FILE", &folder.path().join("x.zip").display().to_string())
            .as_str(),
    );
    // Content comes before names.
    check("graph.toml", &npz(&gnn_benchmark()), "a graph (gnn-benchmark archive)");
    check("graph.npz", b"0 1\n1 2\n", "a graph (edge list)");
    check("recipe.txt", b"format = \"unifews-recipe/1\"\n", "a recipe");
    check("header.csv", b"source,target\n0,1\n", "a graph (edge list)");
    check(
        "b/manifest.json",
        b"{\"format\": \"unifews-bundle/1\"}",
        "text that is neither a recipe nor a list of edges",
    );
    assert_eq!(detect(folder.path().join("b")).expect("readable").to_string(), "an exported bundle");
    assert_eq!(
        detect(folder.path()).expect("readable").to_string(),
        "a folder without adj.npz, graph.json and manifest.json"
    );
    let known = "Unifews or unifews-stored-graph folder, OGB, GraphSAINT, PPI, Reddit or Geom-GCN folder, gnn-benchmark, heterophilous, Wikipedia, SciPy or \
                 unifews-graph .npz, DGL .bin, LINKX .mat, Planetoid files, PyG .pt, GraphML, GEXF, GML, MatrixMarket, METIS or edge list, text perhaps \
                 in .gz";
    let path = folder.file("prose.txt", "Dear reader,\n");
    let expected = format!(
        "not a known format: expected a graph ({known}), found text that is neither a recipe nor a list of edges: FILE"
    );
    graph_refused(&path, &expected);
    let model = read_model(path.to_str().expect("UTF-8"));
    let expected = "not a known format: expected a model (safetensors, PyTorch, .npz or ONNX), found text that is neither a recipe nor a list of edges: FILE";
    refused(model, &path, expected);
}

#[test]
fn models() {
    let folder = Folder::new();
    let check = |header: &str, n_bytes: usize, expected: &str| {
        let path = folder.file("model.safetensors", safetensors(header, &vec![0; n_bytes]));
        refused(read_model(path.to_str().expect("UTF-8")), &path, &format!("{expected}: FILE"));
    };
    let entry = |name: &str, dtype: &str, shape: &str, end: usize| {
        format!("\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape},\"data_offsets\":[0,{end}]}}")
    };
    let weight =
        |dtype: &str, shape: &str, end: usize| format!("{{{}}}", entry("convs.0.lin.weight", dtype, shape, end));
    let ours = |metadata: &str| {
        format!("{{\"__metadata__\":{{{metadata}}},{}}}", entry("convs.0.lin.weight", "F32", "[1,2]", 8))
    };
    check(
        "{}",
        0,
        "tensor names: expected the names of a known network, for example convs.0.lin.weight (GCN) or fcs.0.weight (SGC), found none",
    );
    check(
        &format!("{{{}}}", entry("codebook", "F32", "[1]", 4)),
        4,
        "tensor names: expected the names of a known network, for example convs.0.lin.weight (GCN) or fcs.0.weight (SGC), found codebook",
    );
    check(&weight("F4", "[1,2]", 1), 1, "tensor convs.0.lin.weight: expected real numbers of 8 to 64 bits, found F4");
    check(&weight("F32", "[0,2]", 0), 0, "tensor convs.0.lin.weight: expected at least one value, found shape [0, 2]");
    check(&weight("F32", "[2]", 8), 8, "shape of convs.0.lin.weight: expected at least 2 axes, found [2]");
    check(
        &weight("F32", "[1,3]", 8),
        8,
        "whole file: expected safetensors, found invalid shape, data type, or offset for tensor",
    );
    check(
        &weight("F32", "[4611686018427387904,4]", 8),
        8,
        "whole file: expected safetensors, found overflow computing buffer size from shape and/or element type",
    );
    check(
        &weight("F32", "[1,2]", 8),
        4,
        "whole file: expected safetensors, found incomplete metadata, file not fully covered (if the file is cut off, get it again)",
    );
    check(
        "{\"a\":1}",
        0,
        "whole file: expected safetensors, found invalid JSON in header: invalid type: integer `1`, expected struct TensorInfo at line 1 column 7",
    );
    check(
        &ours("\"format\":\"unifews-model/2\""),
        8,
        "metadata format: expected unifews-model/1, found unifews-model/2",
    );
    check(
        &ours("\"format\":\"unifews-model/1\""),
        8,
        "metadata architecture: expected the model's shape in JSON, found no such key",
    );
    check(
        &ours("\"format\":\"unifews-model/1\",\"architecture\":\"{\\\"architecture\\\":\\\"gta\\\"}\""),
        8,
        "metadata architecture: expected the model's shape in JSON, found unknown variant `gta`, expected one of `gcn`, `gat`, `sage`, `gcn2`, `gin`, `mlp`, `sgc`, `appnp`, `gbp` at line 1 colum…",
    );
    check(
        &ours("\"format\":\"unifews-model/1\",\"architecture\":\"{\\\"norm_r\\\":7}\""),
        8,
        "recipe, model.norm_r: expected 0 to 1, found 7",
    );
    check(
        &format!("{{{}}}", entry("fcs.0.weight_orig", "F32", "[1,2]", 8)),
        8,
        "tensor fcs.0.weight_mask: expected a mask for the values, found none",
    );
    // A length that the file does not have is no safetensors at all.
    let path = folder.file("model.safetensors", [&u64::MAX.to_le_bytes()[..], b"{"].concat());
    refused(
        read_model(path.to_str().expect("UTF-8")),
        &path,
        "whole file: expected safetensors, found header too large: FILE",
    );
}

#[test]
fn splits_and_node_lists() {
    let folder = Folder::new();
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    let path = folder
        .file("mine.npz", npz(&vec![("idx_train", ints(&[0])), ("idx_val", ints(&[34])), ("idx_test", ints(&[]))]));
    let spec = path.to_str().expect("UTF-8");
    refused(
        read_split(spec, &karate, 0),
        &path,
        "array idx_val: expected node numbers from 0 to below 34, found 34: FILE",
    );
    folder.file("mine.npz", npz(&vec![("train_mask", ints(&[0; 33]))]));
    refused(
        read_split(spec, &karate, 0),
        &path,
        "array train_mask: expected shape [34] (one per node), found shape [33]: FILE",
    );
    folder.file("mine.npz", npz(&vec![("x", ints(&[0]))]));
    refused(
        read_split(spec, &karate, 0),
        &path,
        "array idx_train: expected this array in the archive, found x.npy: FILE",
    );
    let unknown = read_split("seed7", &karate, 0);
    let expected = "recipe, split: expected auto, seed42 or stratified:50/25/25@SEED, found seed7: sample:karate";
    refused(unknown, Path::new("sample:karate"), expected);
    let path = folder.file("nodes.txt", "# locked\n3\n\n34\n");
    refused(read_node_ids(&path, &karate), &path, "line 4: expected a node id of the graph, found 34: FILE");
    let path = folder.file("nodes.txt", "root:x:0:0:root:/root:/bin/bash\n");
    refused(
        read_node_ids(&path, &karate),
        &path,
        "line 1: expected a node id of the graph, found a text of 31 characters that no node has: FILE",
    );
    let path = folder.file("nodes.txt", "3\r\n 0\n");
    assert_eq!(read_node_ids(&path, &karate).expect("a list"), [3, 0]);
}
