//! A graph of named nodes that grows while its file is read: what `GraphML`, GEXF and GML have in common.

use std::collections::BTreeMap;

use super::attributes::{Attributes, Names};
use super::build::{Stated, build};
use super::draft::Draft;
use super::request::Request;
use crate::engine::graph::EdgeList;
use crate::io::report::{LoadError, LoadReport};
use crate::io::source::stem_unpacked;

/// What files of these formats say besides the structure, for `docs/FORMATS.md`.
pub(super) const ALSO: &str = "weights (`weight`, or the edge attribute that is named), hexadecimal floats, lists of numbers; node attributes as features, \
     class and split (`attributes.rs`)";

/// An edge whose weight is not known yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Loose {
    pub(super) source: u32,
    pub(super) target: u32,
    pub(super) is_directed: bool,
    pub(super) weight: Option<f32>,
}

/// Nodes, their attributes and edges so far.
#[derive(Debug)]
pub(super) struct NamedGraph {
    pub(super) names: Names,
    pub(super) attributes: Attributes,
    directed: EdgeList,
    undirected: EdgeList,
    n_weighted: usize,
    n_twice: usize,
    /// Parts that are not read, and how often they came.
    passed: BTreeMap<String, usize>,
}

impl Default for NamedGraph {
    fn default() -> Self {
        Self {
            names: Names::default(),
            attributes: Attributes::default(),
            directed: EdgeList::weighted(),
            undirected: EdgeList::weighted(),
            n_weighted: 0,
            n_twice: 0,
            passed: BTreeMap::new(),
        }
    }
}

impl NamedGraph {
    /// A node that stands there.
    pub(super) fn declare(&mut self, name: &str, place: usize) -> u32 {
        let (node, is_new) = self.names.declare(name, place);
        self.n_twice += usize::from(!is_new);
        node
    }

    /// An edge that begins.
    pub(super) fn edge(&mut self, source: &str, target: &str, is_directed: bool, place: usize) -> Loose {
        let (source, target) = (self.names.mention(source, place), self.names.mention(target, place));
        Loose { source, target, is_directed, weight: None }
    }

    /// An edge of which all is known.
    pub(super) fn finish_edge(&mut self, edge: Loose) {
        self.n_weighted += usize::from(edge.weight.is_some());
        let list = if edge.is_directed { &mut self.directed } else { &mut self.undirected };
        list.push(edge.source, edge.target, edge.weight.unwrap_or(1.0));
    }

    /// Notes a part that is not read.
    pub(super) fn pass_over(&mut self, what: &str) {
        // Names come from the file: a file full of them must not fill the report.
        const MOST: usize = 64;
        if let Some(n) = self.passed.get_mut(what) {
            *n += 1;
        } else if self.passed.len() < MOST {
            self.passed.insert(what.to_owned(), 1);
        }
    }

    /// The draft of everything.
    pub(super) fn finish(self, request: Request<'_>) -> Result<Draft, LoadError> {
        let mut report = LoadReport::default();
        let n = self.names.len();
        let n_undeclared = self.names.undeclared().count();
        let (n_directed, n_undirected) = (self.directed.len(), self.undirected.len());
        let (mut list, stated) = match (n_directed, n_undirected) {
            (0, 0) => (self.directed, Stated::Nothing),
            (0, _) => (self.undirected, Stated::Undirected),
            (_, 0) => (self.directed, Stated::Directed),
            _ => {
                report.warnings.push(format!("{n_directed} directed and {n_undirected} undirected edges are mixed"));
                let mut list = self.directed;
                for ((a, b), weight) in self.undirected.pairs().zip(self.undirected.weights()) {
                    list.push(a, b, weight);
                    if a != b {
                        list.push(b, a, weight);
                    }
                }
                (list, Stated::Nothing)
            }
        };
        if self.n_weighted == 0 {
            list = list.without_weights();
        }
        let built = build(list, n, stated, request, &mut report)?;
        let mut draft = Draft::of(stem_unpacked(request.path), built);
        if n_undeclared > 0 {
            report.warnings.push(format!("{n_undeclared} nodes are named by edges alone"));
        }
        if self.n_twice > 0 {
            report.warnings.push(format!("{} nodes stand there twice and are one", self.n_twice));
        }
        report
            .ignored
            .extend(self.passed.into_iter().map(|(what, n)| if n > 1 { format!("{n} times {what}") } else { what }));
        draft.report = report;
        self.attributes.apply(&mut draft, request)?;
        let names = self.names.into_names();
        let is_plain = names.iter().enumerate().all(|(at, name)| at.to_string() == *name);
        draft.node_ids = if is_plain { None } else { Some(names) };
        Ok(draft)
    }
}
