//! What comes in place of a download, under the name of the file that was meant: said by name by every reader, whatever the name.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use unifews::engine::graph::ReadOptions;
use unifews::io::bundle::read_bundle;
use unifews::io::{detect, read_graph, read_graph_as, read_model, read_node_ids, read_recipe, read_split};

use crate::files::{Folder, Values, floats, gzip, ints, npz, parquet};
use crate::graph_formats::fixtures;
use crate::support::control;

/// Endings of all that is read.
const ENDINGS: [&str; 16] = [
    "npy",
    "npz",
    "mat",
    "pt",
    "pth",
    "safetensors",
    "onnx",
    "csv",
    "tsv",
    "parquet",
    "graphml",
    "gml",
    "gexf",
    "bin",
    "mtx",
    "toml",
];

/// What came in place of the file, and a word by which it is named.
fn kinds() -> Vec<(&'static str, Vec<u8>, &'static [&'static str])> {
    let html = b"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sign in</title></head><body></body></html>\n";
    let old = b"\r\n<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY>nginx</BODY></HTML>\n";
    let commented = b"<!-- served by a mirror -->\n<html>\n<head><title>Sign in</title></head></html>";
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    let zipped = |name: &str, bytes: &[u8]| {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        archive.start_file(name, zip::write::SimpleFileOptions::default()).expect("an entry");
        archive.write_all(bytes).expect("written");
        archive.finish().expect("closed").into_inner()
    };
    let mut tar = vec![0u8; 1536];
    tar[..8].copy_from_slice(b"data.csv");
    tar[257..262].copy_from_slice(b"ustar");
    let inner = zipped("a.csv", b"1,2\n");
    vec![
        ("a web page", html.to_vec(), &["an HTML page", "Sign in"]),
        ("an old web page", old.to_vec(), &["an HTML page", "404 Not Found"]),
        ("a web page behind a comment", commented.to_vec(), &["an HTML page"]),
        ("a web page that is packed", gzip(html), &["an HTML page"]),
        ("a pointer", pointer.to_vec(), &["a git-lfs pointer", "git lfs pull"]),
        ("JSON of GitHub", b"{\"message\": \"Not Found\", \"status\": \"404\"}".to_vec(), &["as JSON", "Not Found"]),
        ("JSON of others", b"{\n  \"error\": {\"code\": 401}\n}\n".to_vec(), &["as JSON", "401"]),
        ("JSON, the key behind", b"{\"success\": false, \"error\": \"login\"}".to_vec(), &["as JSON", "login"]),
        (
            "an answer of a store",
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code></Error>".to_vec(),
            &["AccessDenied"],
        ),
        ("nothing", Vec::new(), &["an empty file (0 bytes"]),
        ("nothing that is packed", gzip(b""), &["empty"]),
        ("white space", b"\n\n".to_vec(), &["empty"]),
        ("zeros", vec![0; 4096], &["zeros"]),
        ("an archive in an archive", zipped("inner.zip", &inner), &["an archive in it"]),
        ("a packed archive in an archive", zipped("data/inner.tar.gz", &gzip(&tar)), &["an archive in it"]),
        ("a packed file that is packed", gzip(&gzip(b"0 1\n")), &["gzip file within a gzip file"]),
        ("an archive that is packed", gzip(&inner), &["zip archive within a gzip file"]),
        ("a folder that is packed", gzip(&tar), &["tar archive"]),
        ("a folder", tar, &["tar archive"]),
        ("another packer's", b"7z\xbc\xaf\x27\x1c\x00\x04".to_vec(), &["7z archive"]),
        ("a document", b"%PDF-1.7\n".to_vec(), &["PDF"]),
    ]
}

/// What every reader says of a file.
fn all_answers(path: &Path) -> Vec<(&'static str, String)> {
    let spec = path.to_str().expect("UTF-8");
    let folder = Folder::new();
    let graph = folder.file("graph.csv", "source,target\na,b\nb,c\n");
    let with = |options: ReadOptions| {
        let read = read_graph_as(graph.to_str().expect("UTF-8"), &options, &control());
        read.map_or_else(|error| error.to_string(), |_| "read".to_owned())
    };
    let (karate, _) = read_graph("sample:karate", &control()).expect("a sample");
    let named = || Some(spec.to_owned());
    fn said<T>(read: Result<T, unifews::io::LoadError>) -> String {
        read.map_or_else(|error| error.to_string(), |_| "read".to_owned())
    }
    vec![
        ("detect", detect(path).map_or_else(|error| error.to_string(), |found| found.to_string())),
        ("graph", said(read_graph(spec, &control()))),
        ("model", said(read_model(spec))),
        ("bundle", said(read_bundle(path))),
        ("recipe", said(read_recipe(path))),
        ("split", said(read_split(spec, &karate, 0))),
        ("node ids", said(read_node_ids(path, &karate))),
        ("features", with(ReadOptions { feature_file: named(), ..ReadOptions::default() })),
        ("labels", with(ReadOptions { label_file: named(), ..ReadOptions::default() })),
        ("split file", with(ReadOptions { split_file: named(), ..ReadOptions::default() })),
    ]
}

#[test]
fn what_came_in_place_of_a_file_is_said_by_every_reader() {
    let folder = Folder::new();
    let mut faults = Vec::new();
    for (kind, bytes, words) in kinds() {
        for ending in ENDINGS {
            let path = folder.file(&format!("wanted.{ending}"), &bytes);
            for (reader, said) in all_answers(&path) {
                // A split by another name than an archive's is one of the graph's own.
                if reader == "split" && ending != "npz" {
                    continue;
                }
                // A list of no nodes is one.
                if reader == "node ids" && matches!(kind, "nothing" | "white space") {
                    continue;
                }
                if !words.iter().all(|word| said.contains(word)) {
                    faults.push(format!("{kind} as .{ending}, {reader}: {said}"));
                }
            }
            std::fs::remove_file(&path).expect("removed");
        }
    }
    assert!(faults.is_empty(), "{} of them:\n{}", faults.len(), faults.join("\n"));
}

/// A whole file of every format, by its ending.
fn whole_files() -> Vec<(&'static str, Vec<u8>)> {
    let read = |path: PathBuf| std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let graph = |name: &str| read(fixtures().join(name));
    let model = |name: &str| read(fixtures().with_file_name("models").join(name));
    let csr = vec![
        ("indptr", ints(&[0, 1, 3, 4])),
        ("indices", ints(&[1, 0, 2, 1])),
        ("shape", ints(&[3, 3])),
        ("format", crate::files::text("csr")),
    ];
    vec![
        ("npy", floats(&[64, 8], &[0.5; 512])),
        ("npz", npz(&csr)),
        ("npz", model("gcn.npz")),
        ("mat", graph("facebook.mat")),
        ("pt", graph("pyg-2.4.pt")),
        ("pt", model("gcn.pt")),
        ("pt", model("gcn-legacy.pt")),
        ("safetensors", model("gcn-types.safetensors")),
        ("onnx", model("gcn.onnx")),
        ("graphml", graph("undirected.graphml")),
        ("gexf", graph("version1.3.gexf")),
        ("gml", graph("undirected.gml")),
        ("bin", graph("coo.dgl.bin")),
        ("mtx", graph("symmetric_real.mtx")),
        ("metis", graph("plain.metis")),
        ("csv.gz", graph("semicolons.csv.gz")),
        (
            "parquet",
            parquet(&[("source", Values::Whole((0..200).collect())), ("target", Values::Whole((1..201).collect()))]),
        ),
    ]
}

#[test]
fn a_file_that_is_cut_off_is_said_to_be() {
    let folder = Folder::new();
    let mut faults = Vec::new();
    for (at, (ending, bytes)) in whole_files().into_iter().enumerate() {
        for n in [bytes.len() / 4, bytes.len() / 2, bytes.len() - bytes.len() / 10 - 1] {
            let path = folder.file(&format!("wanted{at}.{ending}"), &bytes[..n]);
            let spec = path.to_str().expect("UTF-8");
            let detected = detect(&path).map_or_else(|error| error.to_string(), |found| found.to_string());
            let said = match &detected {
                found if found.starts_with("a graph") => read_graph(spec, &control()).map(|_| ()),
                found if found.starts_with("a model") => read_model(spec).map(|_| ()),
                found if found.starts_with("features") => {
                    let graph = folder.file("graph.txt", "0 1\n1 2\n");
                    let options = ReadOptions { feature_file: Some(spec.to_owned()), ..ReadOptions::default() };
                    read_graph_as(graph.to_str().expect("UTF-8"), &options, &control()).map(|_| ())
                }
                _ => read_graph(spec, &control()).map(|_| ()),
            };
            let said = said.map_or_else(|error| error.to_string(), |()| "read".to_owned());
            let words = ["cut off", "the end of the file"];
            if !words.iter().any(|word| said.contains(word)) {
                faults.push(format!("{at} .{ending}, {n} of {} bytes, {detected}: {said}", bytes.len()));
            }
        }
    }
    assert!(faults.is_empty(), "{} of them:\n{}", faults.len(), faults.join("\n"));
}
