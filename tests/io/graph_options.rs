//! Every option in every format: it is met, or refused by its name.

use std::path::PathBuf;

use unifews::engine::graph::{Column, Encoding, GraphStats, ReadOptions, SelfLoops, Separator};
use unifews::io::{read_graph, read_graph_as};

use crate::broken_collections::copy;
use crate::files::{Folder, adjacency, compact, gnn_benchmark, heterophilous, npz};
use crate::graph_formats::fixtures;
use crate::support::control;

#[derive(Clone, Copy, PartialEq)]
enum Weights {
    No,
    /// All of them 1: asking for them is met, and none are needed.
    Ones,
    Yes,
}

/// A file or folder of every format, and whether its edges have weights.
fn formats(folder: &Folder) -> Vec<(PathBuf, Weights)> {
    let fixture = |name: &str| fixtures().join(name);
    for part in ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"] {
        let name = format!("ind.tiny.{part}");
        copy(&fixture(&name), folder, name.as_ref());
    }
    vec![
        (fixture("snap.txt"), Weights::No),
        (folder.file("weights.csv", "source,target,weight\n0,1,0.5\n1,2,2\n"), Weights::Yes),
        (fixture("general_real.mtx"), Weights::Yes),
        (fixture("symmetric_pattern.mtx"), Weights::No),
        (fixture("weights.graph"), Weights::Yes),
        (fixture("plain.metis"), Weights::No),
        (fixture("undirected.graphml"), Weights::Yes),
        (fixture("version1.3.gexf"), Weights::Yes),
        (fixture("undirected.gml"), Weights::Yes),
        (fixture("csr.npz"), Weights::Yes),
        (fixture("ogbn_small"), Weights::No),
        (fixture("ogbn_binary"), Weights::No),
        (fixture("flickr"), Weights::Ones),
        (fixture("ppi"), Weights::No),
        (fixture("reddit"), Weights::Ones),
        (fixture("texas"), Weights::No),
        (fixture("musae.npz"), Weights::No),
        (fixture("csr.dgl.bin"), Weights::Yes),
        (fixture("genius.mat"), Weights::No),
        (fixture("pyg-2.4.pt"), Weights::No),
        (folder.path().join("ind.tiny.graph"), Weights::No),
        (folder.file("gnn.npz", npz(&gnn_benchmark())), Weights::Ones),
        (folder.file("hetero.npz", npz(&heterophilous())), Weights::No),
        (folder.file("compact.npz", npz(&compact())), Weights::No),
        (folder.file("folder/adj.npz", npz(&adjacency())), Weights::No),
    ]
}

/// The keys that a recipe's `[graph]` section may have.
fn keys() -> Vec<String> {
    let error = serde_json::from_str::<ReadOptions>("{\"no such\": 1}").expect_err("no such key").to_string();
    error.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

fn asking(key: &str) -> Option<ReadOptions> {
    let none = ReadOptions::default();
    let name = || Some("no such name".to_owned());
    Some(match key {
        "direction" => ReadOptions { direction: Some(unifews::engine::graph::Direction::Reversed), ..none },
        "self_loops" => ReadOptions { self_loops: Some(SelfLoops::Removed), ..none },
        "weights" => ReadOptions { weights: Some(true), ..none },
        "weight_attribute" => ReadOptions { weight_attribute: name(), ..none },
        "separator" => ReadOptions { separator: Some(Separator::Comma), ..none },
        "columns" => ReadOptions { columns: Some(vec![Column::Source, Column::Target]), ..none },
        "header" => ReadOptions { header: Some(false), ..none },
        "comments" => ReadOptions { comments: Some("#".into()), ..none },
        "id_column" => ReadOptions { id_column: name(), ..none },
        "encoding" => ReadOptions { encoding: Some(Encoding::Utf8), ..none },
        "features" => ReadOptions { features: Some(vec!["no such name".into()]), ..none },
        "labels" => ReadOptions { labels: name(), ..none },
        "split_masks" => ReadOptions { split_masks: Some(vec!["a".into(), "b".into(), "c".into()]), ..none },
        "feature_file" => ReadOptions { feature_file: name(), ..none },
        "label_file" => ReadOptions { label_file: name(), ..none },
        "split_file" => ReadOptions { split_file: name(), ..none },
        "beside" => ReadOptions { beside: Some(false), ..none },
        _ => return None,
    })
}

#[test]
fn every_format_meets_every_option_or_refuses_it_by_name() {
    let folder = Folder::new();
    let keys = keys();
    assert!(keys.len() >= 15, "{keys:?}");
    for (path, weights) in formats(&folder) {
        let spec = path.to_str().expect("UTF-8");
        let (plain, said) = read_graph(spec, &control()).unwrap_or_else(|error| panic!("{error}"));
        let is_list = said.format == "edge list";
        let is_text = is_list || ["MatrixMarket", "METIS graph", "GraphML", "GEXF", "GML"].contains(&&*said.format);
        for key in &keys {
            let options = asking(key).unwrap_or_else(|| panic!("{key}: a new option, which no format was tried with"));
            let read = read_graph_as(spec, &options, &control());
            let case = format!("{key} in {} ({spec})", said.format);
            let refused = read.as_ref().err().map(ToString::to_string);
            let is_refused =
                refused.as_ref().is_some_and(|error| error.starts_with(&format!("graph.{key}: expected ")));
            match key.as_str() {
                "direction" | "beside" => assert_eq!(refused, None, "{case}"),
                "self_loops" => {
                    let n = read.map(|(graph, _)| GraphStats::of(&graph).n_self_loops).ok();
                    assert_eq!(n, Some(0), "{case}");
                }
                "weights" if weights != Weights::No => {
                    let has = read.map(|(graph, _)| graph.edge_weights().is_some());
                    assert_eq!(has.ok(), Some(weights == Weights::Yes), "{case}: {refused:?}");
                    let none = ReadOptions { weights: Some(false), ..ReadOptions::default() };
                    let (graph, _) = read_graph_as(spec, &none, &control()).expect("without weights");
                    assert_eq!((graph.edge_weights(), graph.n_nodes()), (None, plain.n_nodes()), "{case}");
                }
                "encoding" if is_text => assert_eq!(refused, None, "{case}"),
                "columns" | "separator" | "header" | "comments" | "id_column" if is_list => {
                    assert!(!is_refused, "{case}: {refused:?}");
                }
                "feature_file" | "label_file" | "split_file" => {
                    assert!(
                        refused.as_ref().is_some_and(|error| error.contains("no such name")),
                        "{case}: {refused:?}"
                    );
                }
                _ => assert!(is_refused, "{case}: {refused:?}"),
            }
        }
    }
}

#[test]
fn a_sample_refuses_what_it_cannot_meet() {
    let refused = |options: &ReadOptions| {
        let error = read_graph_as("sample:karate", options, &control()).map(|_| ()).expect_err("nothing to meet it");
        error.to_string()
    };
    let weights = refused(&ReadOptions { weights: Some(true), ..ReadOptions::default() });
    assert!(weights.starts_with("graph.weights: expected a file with edge weights"), "{weights}");
    let labels = refused(&ReadOptions { labels: Some("club".into()), ..ReadOptions::default() });
    assert!(labels.starts_with("graph.labels: expected a format with named attributes"), "{labels}");
    let both = ReadOptions { weight_attribute: Some("w".into()), weights: Some(false), ..ReadOptions::default() };
    let folder = Folder::new();
    let path = folder.file("a.gml", "graph [ node [ id 0 ] ]");
    let error = read_graph_as(path.to_str().expect("UTF-8"), &both, &control()).map(|_| ()).expect_err("both");
    assert!(error.to_string().starts_with("graph.weight_attribute: expected weights that count"), "{error}");
}
