//! Several graphs as one, as data sets of many small graphs are stored: the nodes of each count from 0.
//!
//! What is never here: where a file says that.

/// Several graphs, whose nodes get numbers of their own.
pub(super) struct Graphs {
    /// Edges of each.
    n_edges: Vec<usize>,
    /// The first node of each, and behind the last one how many there are.
    node_starts: Vec<usize>,
    /// The graph of the edge that came last, and how many of its edges have come.
    graph: usize,
    n_placed: usize,
}

impl Graphs {
    /// Graphs with so many edges each, in order; `node_starts` has one number more.
    pub(super) fn new(n_edges: Vec<usize>, node_starts: Vec<usize>) -> Self {
        Self { n_edges, node_starts, graph: 0, n_placed: 0 }
    }

    /// How many graphs there are.
    pub(super) fn len(&self) -> usize {
        self.n_edges.len()
    }

    /// The numbers of the next edge's ends among all nodes; else what was expected of them, and what was found.
    pub(super) fn place(&mut self, source: u32, target: u32) -> Result<(u32, u32), (String, u32)> {
        while self.n_edges.get(self.graph).is_some_and(|n| *n == self.n_placed) {
            self.graph += 1;
            self.n_placed = 0;
        }
        self.n_placed += 1;
        let (first, end) = match self.node_starts.get(self.graph..) {
            Some([first, end, ..]) => (*first, *end),
            _ => (0, 0),
        };
        let most = source.max(target);
        if most as usize >= end - first {
            return Err((format!("nodes from 0 to below {} in graph {}", end - first, self.graph), most));
        }
        Ok((source + first as u32, target + first as u32))
    }
}
