//! Graphs with what belongs to their nodes: structure, features, labels, splits; their statistics; and a generator.
//!
//! Every structure passes one checking constructor, [`Topology::try_new`], whether it was read, generated or deserialised;
//! everything behind it trusts the invariants from there.

mod assemble;
mod dataset;
mod generate;
mod known;
mod labels;
mod options;
pub(crate) mod ordering;
mod permutation;
mod resolve;
mod runs;
mod split;
mod stats;
mod topology;

pub use assemble::{Assembled, EdgeList};
pub use dataset::{Dataset, DatasetParts, Features, NodesById};
pub use generate::{PowerLaw, power_law_communities, with_neighbour_tags};
pub(crate) use known::Known;
pub use labels::{Labels, Metric};
pub use options::{Column, Encoding, ReadOptions, Separator};
pub use permutation::{HopOrder, Permutation};
pub use resolve::resolve_split;
pub use split::{Split, stratified};
pub use stats::{GraphStats, degree_histogram};
pub use topology::{Direction, EdgeReport, SelfLoops, Topology, Transpose};
