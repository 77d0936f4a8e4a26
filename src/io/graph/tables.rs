//! Tables that lie beside a graph, found by their names.
//!
//! What is never here: what they hold, see `fitness.rs`.

use std::path::{Path, PathBuf};

use crate::io::source::stem_unpacked;

/// Tables that lie beside a graph, by their names: for each part those that may hold it, the likeliest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    pub(super) features: Vec<Found>,
    pub(super) labels: Vec<Found>,
    pub(super) split: Vec<Found>,
}

impl Tables {
    pub(super) fn is_empty(&self) -> bool {
        self.features.is_empty() && self.labels.is_empty() && self.split.is_empty()
    }
}

/// A table beside the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    /// Whether its name begins with the graph's: else it is used only where it fits.
    pub(super) is_own: bool,
    /// Whether it is called a table of nodes, which may hold any part.
    pub(super) is_of_nodes: bool,
}

/// What tables are called.
const TABLES: [&str; 7] = ["csv", "tsv", "parquet", "txt", "csv.gz", "tsv.gz", "txt.gz"];
/// What tables with all that is known of nodes are called.
const NODES: [&str; 2] = ["nodes", "ノード"];

/// Finds tables beside a graph, by their names.
pub(super) fn tables(path: &Path) -> Tables {
    let own = stem_unpacked(path);
    let bare = ["edges", "edge", "edgelist", "edge_list", "links", "辺"].into_iter().find_map(|what| {
        own.strip_suffix(what).map(|rest| rest.trim_end_matches(['_', '-', '.'])).filter(|rest| !rest.is_empty())
    });
    let find = |own_names: &[&str], names: &[&str]| {
        let of_own = [Some(own.as_str()), bare].into_iter().flatten().flat_map(|stem| {
            own_names.iter().flat_map(move |name| {
                ['.', '_', '-'].map(|joint| (format!("{stem}{joint}{name}"), true, NODES.contains(name)))
            })
        });
        let all = of_own.chain(names.iter().map(|name| ((*name).to_owned(), false, NODES.contains(name))));
        let files = all.flat_map(|(name, is_own, is_of_nodes)| {
            TABLES.map(|extension| {
                let path = path.with_file_name(format!("{name}.{extension}"));
                Found { path, is_own, is_of_nodes }
            })
        });
        files.filter(|found| found.path.is_file() && found.path != path).collect()
    };
    let features = ["feat", "features", "node_features", "nodes"];
    let labels = ["label", "labels", "classes", "node_labels", "nodes"];
    Tables {
        features: find(&features, &["features", "feats", "node_features", "x", "nodes", "特徴量", "ノード"]),
        labels: find(&labels, &["labels", "label", "node_labels", "classes", "y", "ラベル", "nodes", "ノード"]),
        split: find(&["split", "splits", "masks", "nodes"], &["split", "splits", "masks", "分割", "nodes", "ノード"]),
    }
}
