//! Broken pickles, PyTorch files, ONNX files and Planetoid sets: every one is refused with exactly this text.

use std::path::{Path, PathBuf};

use unifews::io::{LoadError, read_graph, read_model};
use zip::CompressionMethod;

use crate::files::{Folder, npy_with_header, npz};
use crate::pickles::{
    archive, bytes_field, call, dict, global, int, ints, longs, pickle, singles, string, tensor, tuple, unzipped,
    varint_field, with_state, zipped,
};
use crate::support::control;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).expect("a fixture")
}

/// Compares the text of an error; the path comes last.
fn refused<T>(result: Result<T, LoadError>, path: &Path, expected: &str) {
    let Err(error) = result else { panic!("read without an error; expected {expected}") };
    assert_eq!(error.to_string(), format!("{expected}: {}", path.display()), "another error text");
}

fn model_refused(bytes: &[u8], expected: &str) {
    let folder = Folder::new();
    let path = folder.file("model.pt", bytes);
    refused(read_model(path.to_str().expect("UTF-8")), &path, expected);
}

/// A model of one tensor.
fn of_tensor(tensor: Vec<u8>, storages: &[(&str, Vec<u8>)]) -> Vec<u8> {
    archive(&dict(&[("fcs.0.weight", tensor)]), storages)
}

#[test]
fn archives_of_pytorch() {
    let storage = || vec![("0", singles(&[1.0, 2.0, 3.0, 4.0]))];
    let check = |tensor: Vec<u8>, expected: &str| {
        model_refused(&of_tensor(tensor, &storage()), &format!("tensor fcs.0.weight: expected {expected}"));
    };
    let whole = |size: &[u64], stride: &[u64]| tensor("FloatStorage", "0", 4, 0, size, stride);
    // A whole one is read.
    let folder = Folder::new();
    let path = folder.file("model.pt", of_tensor(whole(&[2, 2], &[2, 1]), &storage()));
    read_model(path.to_str().expect("UTF-8")).expect("a model");

    let beyond = "offset, size and stride within the 4 values of storage 0, found";
    check(whole(&[2, 3], &[3, 1]), &format!("{beyond} offset 0, size [2, 3], stride [3, 1]"));
    check(whole(&[2, 2], &[3, 1]), &format!("{beyond} offset 0, size [2, 2], stride [3, 1]"));
    check(
        tensor("FloatStorage", "0", 4, 3, &[1, 2], &[2, 1]),
        &format!("{beyond} offset 3, size [1, 2], stride [2, 1]"),
    );
    let huge = u64::MAX >> 1;
    check(whole(&[2, 2], &[huge, huge]), &format!("{beyond} offset 0, size [2, 2], stride [{huge}, {huge}]"));
    for (size, said) in [([1 << 40, 1], "[1099511627776, 1]".to_owned()), ([huge, huge], format!("[{huge}, {huge}]"))] {
        let file = of_tensor(whole(&size, &[0, 0]), &storage());
        // 64 bytes for every byte of the file, and a megabyte for any.
        let most = 64 * file.len() + (1 << 20);
        let place = "tensor fcs.0.weight: expected at most";
        model_refused(
            &file,
            &format!("{place} {most} bytes of values (what the file's size allows), found size {said}"),
        );
    }
    check(whole(&[2, 2], &[1]), "2 strides (one per axis), found 1");
    check(tensor("FloatStorage", "7", 4, 0, &[2, 2], &[2, 1]), "storage 7 in the file, found none of that name");
    check(tensor("FloatStorage", "0", 5, 0, &[2, 2], &[2, 1]), "20 bytes in storage 0, found 16 bytes");
    check(tensor("ComplexFloatStorage", "0", 2, 0, &[2], &[1]), "a storage of real numbers, found ComplexFloatStorage");
    check(tensor("UntypedStorage", "0", 16, 0, &[2], &[1]), "a tensor that says its type, found bare bytes");
    let rebuild = |args: &[Vec<u8>]| call(global("torch._utils", "_rebuild_tensor_v2"), args);
    check(rebuild(&[int(1)]), "a tensor of storage, offset, size and stride, found 1 arguments");
    check(rebuild(&[int(1), int(0), ints(&[2]), ints(&[1])]), "a tensor's storage, found 1");
    let negative = tuple(&[int(-2)]);
    let storage_id = [
        tuple(&[string("storage"), global("torch", "FloatStorage"), string("0"), string("cpu"), int(4)]),
        b"Q".to_vec(),
    ]
    .concat();
    check(rebuild(&[storage_id.clone(), int(0), negative, ints(&[1])]), "a tensor's size, found a tuple of 1");
    check(rebuild(&[storage_id, int(-1), ints(&[2]), ints(&[1])]), "a tensor's offset, found -1");

    let object = "object: expected a state dict, or";
    model_refused(&archive(b"]", &[]), &format!("{object} a dictionary or module with one, found a list of 0"));
    model_refused(
        &archive(&dict(&[("epoch", int(3))]), &[]),
        &format!("{object} one at state_dict, model_state_dict, model, net, params or weights, found the keys epoch"),
    );
    let evil = call(global("os", "system"), &[string("false")]);
    model_refused(
        &archive(&evil, &[]),
        &format!("{object} a dictionary or module with one, found an object of os.system"),
    );
    // A module that contains itself: `memo 0` is the module.
    let made = [call(global("__main__", "Net"), &[]), b"q\x00".to_vec()].concat();
    let inner = dict(&[("_modules", dict(&[("a", b"h\x00".to_vec())]))]);
    // One that contains itself twice would have 2^64 names.
    let twice = dict(&[("_modules", dict(&[("a", b"h\x00".to_vec()), ("b", b"h\x00".to_vec())]))]);
    let text = "expected modules that do not contain each other over and over, found such modules";
    for state in [inner, twice] {
        let error = read_of(&archive(&with_state(made.clone(), state), &[]));
        assert!(error.contains(text) || error.contains("expected modules at most 64 deep"), "{error}");
    }

    let entries = unzipped(&of_tensor(whole(&[2, 2], &[2, 1]), &storage()));
    model_refused(
        &zipped(&entries, CompressionMethod::Deflated),
        "data.pkl: expected an entry that is not compressed, found Deflated",
    );
    let mut cut = entries.clone();
    cut[0].1.truncate(40);
    model_refused(
        &zipped(&cut, CompressionMethod::Stored),
        "data.pkl, byte 21: expected a function's or class's name that ends with its line, found the end of the data (if the file is cut off, get it again)",
    );
    let mut wrong = entries;
    wrong[0].1[2] = 0xff;
    model_refused(
        &zipped(&wrong, CompressionMethod::Stored),
        "data.pkl, byte 2: expected an instruction of a pickle, found byte ff",
    );
    let cut = &fixture("models/gcn.pt")[..2000];
    let start = read_of(cut);
    assert!(
        start.starts_with(
            "not a known format: expected a model (safetensors, PyTorch, .npz or ONNX), found a broken zip archive"
        ),
        "{start}"
    );
}

fn read_of(bytes: &[u8]) -> String {
    let folder = Folder::new();
    let path = folder.file("model.pt", bytes);
    read_model(path.to_str().expect("UTF-8")).map(|_| ()).expect_err("broken").to_string()
}

#[test]
fn files_of_pytorch_before_1_6() {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    let system = pickle(&dict(&[("little_endian", b"\x88".to_vec())]));
    let object = pickle(&dict(&[("fcs.0.weight", tensor("FloatStorage", "5", 4, 0, &[2, 2], &[2, 1]))]));
    let keys = |keys: &[&str]| pickle(&tuple(&keys.iter().map(|key| string(key)).collect::<Vec<_>>()));
    let storage = [4u64.to_le_bytes().to_vec(), singles(&[1.0, 2.0, 3.0, 4.0])].concat();
    let file = |parts: &[&[u8]]| [magic.clone(), parts.concat()].concat();
    let folder = Folder::new();
    let path = folder.file("m.pth", file(&[&pickle(&int(1001)), &system, &object, &keys(&["5"]), &storage]));
    read_model(path.to_str().expect("UTF-8")).expect("a model");

    model_refused(
        &magic,
        "byte 15: expected the next instruction, found the end of the data after 0 of 1 bytes (if the file is cut off, get it again)",
    );
    model_refused(&file(&[&pickle(&int(1000))]), "byte 15: expected PyTorch's protocol 1001, found 1000");
    let start = [pickle(&int(1001)), system, object].concat();
    let at = magic.len() + start.len();
    model_refused(&file(&[&start, &pickle(&int(3))]), &format!("byte {at}: expected a list of storages, found 3"));
    model_refused(
        &file(&[&start, &keys(&["6"]), &storage]),
        &format!("byte {at}: expected a storage that the object mentions, found \"6\""),
    );
    let list = keys(&["5"]);
    let behind = at + list.len();
    model_refused(
        &file(&[&start, &list, &storage[..5]]),
        &format!("byte {behind}: expected a storage's number of values, found 5 bytes"),
    );
    model_refused(
        &file(&[&start, &list, &storage[..20]]),
        &format!("byte {behind}: expected 4 values of 4 bytes for storage 5, found 12 bytes to the end of the file"),
    );
    model_refused(
        &file(&[&start, &list, &u64::MAX.to_le_bytes()]),
        &format!(
            "byte {behind}: expected {} values of 4 bytes for storage 5, found 0 bytes to the end of the file",
            u64::MAX
        ),
    );
    model_refused(
        &file(&[&start, &keys(&[])]),
        "tensor fcs.0.weight: expected storage 5 in the file, found none of that name",
    );
}

#[test]
fn onnx_files() {
    let model = |graph: &[u8]| [varint_field(1, 8), bytes_field(7, graph)].concat();
    let tensor = |fields: &[Vec<u8>]| model(&bytes_field(5, &fields.concat()));
    let named = || bytes_field(8, b"fcs.0.weight");
    let dims = |n: u64| varint_field(1, n);
    let place = "tensor fcs.0.weight: expected";
    model_refused(
        &tensor(&[dims(2), dims(2), varint_field(2, 1), named(), bytes_field(9, &[0; 12])]),
        &format!("{place} 16 bytes of values for shape [2, 2], found 12 bytes"),
    );
    model_refused(
        &tensor(&[dims(1 << 62), dims(1 << 62), varint_field(2, 1), named()]),
        &format!(
            "{place} more bytes of values than fit for shape [4611686018427387904, 4611686018427387904], found 0 bytes"
        ),
    );
    model_refused(
        &tensor(&[dims(u64::MAX), varint_field(2, 1), named()]),
        &format!("{place} lengths of at least 0, found [-1]"),
    );
    model_refused(
        &tensor(&[dims(1), varint_field(2, 14), named(), bytes_field(9, &[0; 8])]),
        &format!("{place} real numbers of 8 to 64 bits, found data type 14"),
    );
    model_refused(
        &tensor(&[dims(1), varint_field(2, 1), named(), varint_field(14, 1)]),
        &format!("{place} external data in a file beside the model, named without .. or a leading /, found \"\""),
    );
    let mut cut = tensor(&[dims(1), varint_field(2, 1), named(), bytes_field(9, &[0; 4])]);
    cut.truncate(cut.len() - 2);
    model_refused(
        &cut,
        "whole file: expected an ONNX model, found failed to decode Protobuf message: ModelProto.graph: buffer underflow (if the file is cut off, get it again)",
    );
    model_refused(&[varint_field(1, 8), bytes_field(2, b"me")].concat(), "model: expected a graph, found none");
    let gemm = [
        bytes_field(1, b"x"),
        bytes_field(1, b"fcs.0.weight"),
        bytes_field(3, b"/fcs.0/Gemm"),
        bytes_field(4, b"Gemm"),
        bytes_field(5, &[bytes_field(1, b"transA"), varint_field(3, 1)].concat()),
    ];
    model_refused(
        &model(&bytes_field(1, &gemm.concat())),
        "node /fcs.0/Gemm: expected Gemm with alpha 1, beta 1 and transA 0, found other factors",
    );
}

#[test]
fn archives_of_arrays_as_models() {
    let check = |array: Vec<u8>, expected: &str| {
        let folder = Folder::new();
        let path = folder.file("m.npz", npz(&vec![("fcs.0.weight", array)]));
        refused(read_model(path.to_str().expect("UTF-8")), &path, &format!("array fcs.0.weight: expected {expected}"));
    };
    let header =
        |descr: &str, shape: &str| format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    check(b"no".to_vec(), "the start of a NumPy array, found bytes 6e 6f");
    check(npy_with_header(&header("<f4", "(2, 3)"), &[0; 8]), "24 bytes of values for shape [2, 3], found 8 bytes");
    check(
        npy_with_header(&header("|O", "(1, 1)"), &[0; 8]),
        "little-endian numbers or fixed-width text, found Python objects (a pickle, which is never run)",
    );
}

#[test]
fn graphs_of_pyg() {
    let longs_of = |key: &str, n: u64, size: &[u64]| {
        let stride: Vec<u64> = (0..size.len()).map(|axis| size[axis + 1..].iter().product()).collect();
        tensor("LongStorage", key, n, 0, size, &stride)
    };
    let storages = || vec![("e", longs(&[0, 1, 1, 0])), ("y", longs(&[0, 1, 1])), ("bad", longs(&[0, 1, 7, 0]))];
    let check = |pairs: &[(&str, Vec<u8>)], expected: &str| {
        let folder = Folder::new();
        let path = folder.file("data.pt", archive(&dict(pairs), &storages()));
        refused(read_graph(path.to_str().expect("UTF-8"), &control()), &path, expected);
    };
    let edges = || ("edge_index", longs_of("e", 4, &[2, 2]));
    // A whole one is read.
    let folder = Folder::new();
    let path = folder.file("data.pt", archive(&dict(&[edges(), ("y", longs_of("y", 3, &[3]))]), &storages()));
    let (graph, _) = read_graph(path.to_str().expect("UTF-8"), &control()).expect("a graph");
    assert_eq!((graph.n_nodes(), graph.n_classes()), (3, 2));

    check(
        &[("edge_index", longs_of("e", 4, &[4, 1]))],
        "edge_index: expected shape [2, e] (sources and targets), found shape [4, 1]",
    );
    check(
        &[edges(), ("num_nodes", int(1))],
        "edge_index, edge 0: expected node numbers from 0 to below 1 (as the file states; without such edges: is_node = \
         (data.edge_index < 1).all(0); data.edge_index = data.edge_index[:, is_node]; torch.save(data, 'graph.pt')), found 0 1",
    );
    let claims = [edges(), ("num_nodes", int(1u64 << 40))];
    let most = archive(&dict(&claims), &storages()).len();
    let text = format!("num_nodes: expected at most {most} nodes (one per byte of the file), found 1099511627776");
    check(&claims, &text);
    check(
        &[edges(), ("y", longs_of("y", 3, &[3])), ("num_nodes", int(5))],
        "y: expected shape [5] (one class per node), found shape [3]",
    );
    check(
        &[edges(), ("y", longs_of("y", 3, &[3])), ("train_mask", longs_of("e", 4, &[4]))],
        "train_mask: expected 3 rows (one per node), found shape [4]",
    );
    check(&[("edge_index", string("none"))], "edge_index: expected a tensor, found \"none\"");
    check(
        &[("edge_index", b"N".to_vec()), ("x", longs_of("y", 3, &[3, 1]))],
        "object: expected edge_index or adj_t, found neither",
    );
    check(
        &[("adj_t", longs_of("e", 4, &[2, 2]))],
        "adj_t: expected a sparse matrix, found an object of torch._utils._rebuild_tensor_v2",
    );
    let layout = call(global("torch.serialization", "_get_layout"), &[string("torch.sparse_coo")]);
    let sparse = |size: &[u64]| {
        let parts = tuple(&[longs_of("bad", 4, &[2, 2]), longs_of("e", 4, &[2]), ints(size)]);
        call(global("torch._utils", "_rebuild_sparse_tensor"), &[layout.clone(), parts])
    };
    check(&[("adj_t", sparse(&[3, 3]))], "adj_t, indices: expected node numbers from 0 to below 3, found 7");
    let claims = [("adj_t", sparse(&[1 << 50, 3]))];
    let most = archive(&dict(&claims), &storages()).len();
    check(&claims, &format!("adj_t: expected at most {most} nodes (one per byte of the file), found 1125899906842624"));
}

/// The small set with one file replaced.
fn planetoid(part: &str, bytes: &[u8], expected: &str) {
    let folder = Folder::new();
    for name in ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"] {
        folder.file(&format!("ind.tiny.{name}"), fixture(&format!("graphs/ind.tiny.{name}")));
    }
    let changed: PathBuf = folder.file(&format!("ind.tiny.{part}"), bytes);
    // The file that does not fit the others may be another one than the changed one.
    let named = expected.split([':', ',']).next().map(|part| folder.path().join(format!("ind.tiny.{part}")));
    let path = named.filter(|path| path.is_file()).unwrap_or(changed);
    refused(read_graph(folder.path().join("ind.tiny.graph").to_str().expect("UTF-8"), &control()), &path, expected);
}

#[test]
fn sets_of_planetoid() {
    planetoid("test.index", b"9\n7\nx\n", "line 3: expected a node's number, found x");
    planetoid("test.index", b"9\n7\n8\n", "test.index: expected 4 nodes (one per row of tx), found 3");
    planetoid("test.index", b"9\n7\n8\n9\n", "graph: expected 10 nodes (as allx and test.index have), found 12");
    planetoid("test.index", b"9\n11\n8\n9\n", "test.index: expected each node once, found node 9 again");
    planetoid("test.index", b"9\n3\n8\n11\n", "test.index: expected nodes from 7 (behind those of allx), found 3");
    planetoid(
        "test.index",
        b"9\n7\n8\n4294967294\n",
        "graph: expected 4294967295 nodes (as allx and test.index have), found 12",
    );
    planetoid("graph", &pickle(b"]"), "graph: expected a dictionary of lists, found a list of 0");
    let neighbours = |value: &[u8]| pickle(&[b"}(".to_vec(), int(0), value.to_vec(), b"u".to_vec()].concat());
    planetoid("graph", &neighbours(&int(1)), "graph: expected a list of neighbours, found 1");
    planetoid("graph", &neighbours(&tuple(&[int(-1)])), "graph: expected a node's number, found -1");
    let far: Vec<u8> = (0..12).flat_map(|u| [int(u), tuple(&[int(12)])].concat()).collect();
    planetoid(
        "graph",
        &pickle(&[b"}(", &far[..], b"u"].concat()),
        "graph: expected nodes from 0 to below 12, found 12",
    );
    let evil = call(global("os", "system"), &[string("false")]);
    planetoid("allx", &pickle(&evil), "allx: expected a SciPy matrix compressed by row, found an object of os.system");
    planetoid("ally", &pickle(&evil), "ally: expected a NumPy array, found an object of os.system");
    // An array is a matrix as well.
    planetoid("tx", &fixture("graphs/ind.tiny.ty"), "tx: expected 6 columns (as allx has), found 3");
    planetoid("tx", &fixture("graphs/ind.tiny.allx"), "ty: expected 7 rows (one per node), found 4 x 3");
    let cut = fixture("graphs/ind.tiny.ally");
    planetoid(
        "ally",
        &cut[..cut.len() - 9],
        "ally, byte 283: expected a place in memory, found the end of the data after 0 of 1 bytes (if the file is cut off, get it again)",
    );
}
