//! Pickles, PyTorch files, ONNX files and Planetoid sets made to harm: no panic and no large allocation, whatever the bytes.

use std::path::Path;

use proptest::prelude::*;
use unifews::io::{read_graph, read_model};
use zip::CompressionMethod;

use crate::files::Folder;
use crate::hostile::read_by_all;
use crate::pickles::{archive, dict, tensor, unzipped, zipped};
use crate::support::control;

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)).expect("a fixture")
}

/// Instructions, whole with what belongs to them, and their beginnings alone.
fn instructions() -> impl Strategy<Value = Vec<u8>> {
    let whole: Vec<&'static [u8]> = vec![
        b"(",
        b"0",
        b"1",
        b"2",
        b"N",
        b"I7\n",
        b"K\x03",
        b"M\x00\x10",
        b"J\xff\xff\xff\xff",
        b"L99999999999999999999L\n",
        b"\x8a\x02\xff\xff",
        b"G\x7f\xf0\0\0\0\0\0\0",
        b"F1e3\n",
        b"X\x01\0\0\0a",
        b"U\x02ab",
        b"S'x'\n",
        b"Va\\u00e9\n",
        b"C\x01z",
        b")",
        b"t",
        b"\x85",
        b"\x86",
        b"\x87",
        b"]",
        b"l",
        b"}",
        b"d",
        b"\x8f",
        b"\x91",
        b"a",
        b"e",
        b"s",
        b"u",
        b"\x90",
        b"q\x00",
        b"q\x01",
        b"h\x00",
        b"h\x01",
        b"\x94",
        b"p3\n",
        b"g3\n",
        b"R",
        b"\x81",
        b"b",
        b"Q",
        b"o",
        b"P1\n",
        b"\x93",
        b"\x88",
        b"\x89",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"ctorch\nFloatStorage\n",
        b"ccollections\nOrderedDict\n",
        b"cnumpy\ndtype\n",
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"cscipy.sparse.csr\ncsr_matrix\n",
        b"cos\nsystem\n",
        b"ctorch_geometric.data.data\nData\n",
        b"X\x08\0\0\0_modules",
        b"X\x0a\0\0\0edge_index",
        b"X\x07\0\0\0storage",
        b"X\x0c\0\0\0fcs.0.weight",
        b"\x95\0\0\0\0\0\0\0\0",
        b"\x96\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x97",
    ];
    let one = prop_oneof![
        12 => prop::sample::select(whole).prop_map(<[u8]>::to_vec),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ];
    prop::collection::vec(one, 0..60).prop_map(|parts| [b"\x80\x02".to_vec(), parts.concat(), b".".to_vec()].concat())
}

/// A fixture with some bytes changed, also within the entries of an archive, whose checksums are made right again.
fn damaged(names: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let changes =
        prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 1..6);
    (prop::sample::select(names), changes, any::<bool>(), 0.4f64..1.3).prop_map(|(name, changes, inside, kept)| {
        let mut bytes = fixture(name);
        if inside && bytes.starts_with(b"PK") {
            let mut entries = unzipped(&bytes);
            for (entry, at, value) in changes {
                let n_entries = entries.len();
                // Mostly the pickle, which stands first.
                let entry = if value % 4 == 0 { entry.index(n_entries) } else { 0 };
                let body = &mut entries[entry].1;
                if !body.is_empty() {
                    let at = at.index(body.len());
                    body[at] = value;
                }
            }
            return zipped(&entries, CompressionMethod::Stored);
        }
        for (_, at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let n_kept = (0..bytes.len()).take_while(|at| (*at as f64) < kept * bytes.len() as f64).count();
        bytes.truncate(n_kept);
        bytes
    })
}

/// A set of Planetoid with one file replaced.
fn read_planetoid(part: &str, bytes: &[u8]) {
    let folder = Folder::new();
    for name in ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"] {
        folder.file(&format!("ind.tiny.{name}"), fixture(&format!("graphs/ind.tiny.{name}")));
    }
    folder.file(&format!("ind.tiny.{part}"), bytes);
    drop(read_graph(folder.path().to_str().expect("UTF-8"), &control()));
}

const PARTS: [&str; 8] = ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_instructions_never_panic(pickle in instructions(), part in prop::sample::select(&PARTS[..])) {
        let folder = Folder::new();
        read_by_all(&folder, "a.pkl", &pickle);
        let entries = [("m/data.pkl".to_owned(), pickle.clone()), ("m/data/0".to_owned(), vec![1; 64])];
        read_by_all(&folder, "a.pt", &zipped(&entries, CompressionMethod::Stored));
        let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.";
        read_by_all(&folder, "a.pth", &[&magic[..], &pickle, &pickle, &[7; 40]].concat());
        read_planetoid(part, &pickle);
    }

    #[test]
    fn arbitrary_bytes_behind_a_magic_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..120),
        start in prop::sample::select(vec![&b"\x08\x08\x3a"[..], b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", b"PK\x03\x04"]),
        part in prop::sample::select(&PARTS[..]),
    ) {
        let bytes = [start, &bytes].concat();
        read_by_all(&Folder::new(), "a.pt", &bytes);
        read_planetoid(part, &bytes);
    }

    #[test]
    fn arbitrary_tensors_never_panic(
        class in prop::sample::select(vec!["FloatStorage", "LongStorage", "BoolStorage", "BFloat16Storage", "UntypedStorage"]),
        n in prop_oneof![0u64..12, any::<u64>()],
        offset in prop_oneof![0u64..4, any::<u64>()],
        size in prop::collection::vec(prop_oneof![0u64..5, any::<u64>()], 0..4),
        stride in prop::collection::vec(prop_oneof![0u64..5, any::<u64>()], 0..4),
        name in prop::sample::select(vec!["fcs.0.weight", "edge_index", "x", "convs.0.att", "convs.0.nn.0.weight"]),
    ) {
        let made = tensor(class, "0", n, offset, &size, &stride);
        let whole = tensor("LongStorage", "1", 4, 0, &[2, 2], &[2, 1]);
        let object = dict(&[(name, made), ("edge_index", whole.clone()), ("y", whole)]);
        let bytes = archive(&object, &[("0", vec![1; 64]), ("1", vec![0; 32])]);
        read_by_all(&Folder::new(), "a.pt", &bytes);
    }

    #[test]
    fn damaged_models_of_other_programs_never_panic(
        bytes in damaged(&[
            "models/gcn.pt", "models/gcn-legacy.pt", "models/gcn-module.pt", "models/gatv2-dgl.pt", "models/gin-basic.pt",
            "models/mlp-script.pt", "models/gcn.onnx", "models/mlp.onnx", "models/gcn.npz", "models/ugs.pt",
        ]),
    ) {
        read_by_all(&Folder::new(), "a.pt", &bytes);
    }

    #[test]
    fn damaged_graphs_of_other_programs_never_panic(
        bytes in damaged(&[
            "graphs/pyg-1.7.pt", "graphs/pyg-2.4.pt", "graphs/pyg-sparse.pt", "graphs/pyg-adj-t.pt", "graphs/pyg-two.pt",
            "graphs/pyg-bare.pt",
        ]),
    ) {
        read_by_all(&Folder::new(), "a.pt", &bytes);
    }

    #[test]
    fn damaged_planetoid_files_never_panic(
        part in prop::sample::select(&PARTS[..7]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = fixture(&format!("graphs/ind.tiny.{part}"));
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        read_planetoid(part, &bytes);
    }

    /// Any names on small matrices: the table of layers holds whatever comes.
    #[test]
    fn arbitrary_names_never_panic(
        names in prop::collection::btree_map(
            "(convs?|layers|norms?|bn|lins?|fcs|lin_in|lin_out|module)[.]?[0-2]?[.](lin|lin_l|lin_r|nn[.]lins[.]0|nn[.]0|nn[.]1|fc|fc_self|fc_neigh|att|att_l|weight1)?[.]?(weight|bias|att|eps|running_mean|running_var|weight_orig|weight_mask)?",
            prop::collection::vec(1u64..4, 0..4),
            1..7,
        ),
    ) {
        let tensors: Vec<(&str, Vec<u8>)> = names
            .iter()
            .map(|(name, size)| {
                let stride: Vec<u64> = (0..size.len()).map(|axis| size[axis + 1..].iter().product()).collect();
                (name.as_str(), tensor("FloatStorage", "0", 64, 0, size, &stride))
            })
            .collect();
        let folder = Folder::new();
        let path = folder.file("a.pt", archive(&dict(&tensors), &[("0", [0, 0, 0x80, 0x3f].repeat(64))]));
        drop(read_model(path.to_str().expect("UTF-8")));
    }
}

/// Entries of an archive that share their bytes would be read again and again.
#[test]
fn storages_cannot_be_larger_than_the_file() {
    let tensors: Vec<(String, Vec<u8>)> = (0..20)
        .map(|key| (format!("fcs.{key}.weight"), tensor("FloatStorage", &key.to_string(), 256, 0, &[16, 16], &[16, 1])))
        .collect();
    let pairs: Vec<(&str, Vec<u8>)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())).collect();
    let storages: Vec<(String, Vec<u8>)> = (0..20).map(|key| (key.to_string(), vec![0; 1024])).collect();
    let storages: Vec<(&str, Vec<u8>)> = storages.iter().map(|(key, bytes)| (key.as_str(), bytes.clone())).collect();
    let mut bytes = archive(&dict(&pairs), &storages);
    // Every entry of the list points at the first storage's bytes, whose header is cut to that one.
    let signature = b"PK\x01\x02";
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| &bytes[*at..*at + 4] == signature).collect();
    let first = bytes[places[1] + 42..places[1] + 46].to_vec();
    for at in &places[1..] {
        bytes[at + 42..at + 46].copy_from_slice(&first);
    }
    let from = u32::from_le_bytes(first.try_into().expect("four bytes")) as usize + 30 + 8 + 1024;
    let list = places[0];
    let n_cut = list - from;
    bytes.drain(from..list);
    let end = bytes.len() - 6;
    let start = (list - n_cut) as u32;
    bytes[end..end + 4].copy_from_slice(&start.to_le_bytes());
    let folder = Folder::new();
    let path = folder.file("a.pt", &bytes);
    let error = read_model(path.to_str().expect("UTF-8")).map(|_| ()).expect_err("a bomb").to_string();
    assert!(error.contains("(what is left of the file)"), "{error}");
}
