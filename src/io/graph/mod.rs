//! Graph readers, one format per file: a format describes itself (`format.rs`), and `registry.rs` has the one list of them.
//!
//! Every reader gives a [`Draft`](draft::Draft), which ends in `Dataset::try_new`; that checks the parts against each other. Formats that
//! store each edge once are read as undirected and get self-loops, as the method's `Ā = A + I` wants; the report says so.
//!
//! From the ground up: what a reader takes and gives (`request`, `draft`, `format`), what readers share (`build`, `labels`, `values`,
//! `tables` …), the formats, `registry`, and `read` above all. What is never here: which format a file has (`io/detect.rs`).

mod arrays;
mod arrivals;
mod attributes;
mod beside;
mod build;
mod compact;
mod dgl;
mod draft;
mod edge_line;
mod edge_list;
mod edge_table;
mod elsewhere;
mod estimate;
mod fitness;
mod folder;
mod format;
mod gexf;
mod gml;
mod gnn_benchmark;
mod graphml;
mod graphsaint;
mod heterophilous;
mod joined;
mod labels;
mod linkx;
mod matrix_market;
mod members;
mod metis;
mod named;
mod node_index;
mod node_table;
mod numbers;
mod ogb;
mod part;
mod parts;
mod planetoid;
mod ppi;
mod pyg;
mod pyg_object;
mod pyg_rows;
mod read;
mod reddit;
mod registry;
mod request;
mod sample;
mod scipy;
mod split;
mod stored;
mod tables;
mod targets;
mod unifews;
mod unmet;
mod values;
mod webkb;
mod weights;
mod wikipedia;
mod xml;

pub use arrivals::{ArrivingNodes, read_arrivals};
pub(crate) use edge_line::is_blank;
pub(crate) use format::{Certainty, Look, TextLook};
pub use part::GraphPart;
pub(crate) use part::{is_feature_matrix, is_split, part_of_array};
pub(crate) use pyg::read_pyg_matrix;
pub(crate) use read::{read_as, read_sample_as};
pub(crate) use registry::known_formats;
pub use registry::{GraphFormat, format_table};
pub(crate) use scipy::is_sparse_matrix;
pub use split::{read_node_ids, read_split};
