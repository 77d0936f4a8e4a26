//! Where the graph lies in the object of a PyG file, whatever the generation; see `pyg.rs`. Graphs of several kinds of nodes or edges are
//! refused here.
//!
//! What is never here: tensors.

use std::collections::BTreeMap;
use std::path::Path;

use crate::io::pickle::{Id, Node, Pickle};
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// The graph of a file's object.
pub(super) struct Record<'a> {
    pickle: &'a Pickle<'a>,
    /// The graph itself.
    graph: Id,
    /// Its class without the module, if it has one or the file states it.
    pub(super) class: Option<&'a str>,
    /// Its attributes by name.
    pub(super) attributes: Vec<(&'a str, Id)>,
    /// The same, where of several of one name the last counts, as in Python.
    by_name: BTreeMap<&'a str, Id>,
    pub(super) slices: Option<Id>,
    /// Graphs behind it in a list.
    pub(super) n_further: usize,
}

impl<'a> Record<'a> {
    pub(super) fn find(pickle: &'a Pickle<'a>) -> Option<Self> {
        let root = pickle.root();
        let is_of_pyg = |module: &str| module.starts_with("torch_geometric.data");
        let (graph, slices, rest, n_further) = match (pickle.node(root), pickle.sequence(root)) {
            (Node::Tuple(_), Some([graph, slices, rest @ ..])) => (*graph, Some(*slices), rest, 0),
            (_, Some([graph, further @ ..])) => (*graph, None, &[][..], further.len()),
            _ => (root, None, &[][..], 0),
        };
        let own = pickle.class(graph).filter(|(module, _)| is_of_pyg(module));
        let mut stated = rest.iter().rev().filter_map(|id| pickle.global(*id));
        let stated = stated.find(|(module, _)| is_of_pyg(module));
        let batch = batched(pickle, graph);
        let class = own.or(stated).map(|(_, class)| class).or(batch);
        let class = class.or_else(|| has_kinds_of_edges(pickle, graph).then_some("HeteroData"));
        let attributes = match own.or_else(|| batch.map(|class| ("", class))) {
            Some(_) => match pickle.attribute(graph, "_store") {
                Some(store) => {
                    let mapping = pickle.attribute(store, "_mapping");
                    mapping.and_then(|mapping| pairs(pickle, mapping)).unwrap_or_default()
                }
                None => pickle.attributes(graph),
            },
            None => pairs(pickle, graph)?,
        };
        let has_edges = attributes.iter().any(|(name, _)| matches!(*name, "edge_index" | "adj_t"));
        let slices = slices.filter(|slices| !matches!(pickle.node(*slices), Node::None));
        let is_graph = class.is_some() || has_edges;
        let by_name = attributes.iter().copied().collect();
        is_graph.then_some(Self { pickle, graph, class, attributes, by_name, slices, n_further })
    }

    /// An attribute that is there and not `None`.
    pub(super) fn get(&self, name: &str) -> Option<Id> {
        self.by_name.get(name).copied().filter(|id| !matches!(self.pickle.node(*id), Node::None))
    }

    /// The attribute that the user names, which must be there, or the one of that name, which may.
    pub(super) fn asked(
        &self,
        key: &str,
        asked: Option<&'a str>,
        known: &'a str,
        path: &Path,
    ) -> Result<Option<(&'a str, Id)>, LoadError> {
        let Some(name) = asked else { return Ok(self.get(known).map(|id| (known, id))) };
        if let Some(id) = self.get(name) {
            return Ok(Some((name, id)));
        }
        let names: Vec<String> = self.attributes.iter().take(64).map(|(name, _)| shortened(name)).collect();
        Err(LoadError::content(path, format!("graph.{key}"), names.join(", "), shortened(name)))
    }

    /// Kinds of nodes and of edges of a heterogeneous graph, as far as they are found.
    fn kinds(&self) -> (Vec<String>, Vec<[String; 3]>) {
        let pickle = self.pickle;
        let stores = ["_node_store_dict", "_edge_store_dict"].map(|name| pickle.attribute(self.graph, name));
        let all: Vec<(Id, Id)> = match stores {
            [None, None] => pickle.pairs(self.graph).map_or_else(Vec::new, |pairs| pairs.to_vec()),
            stores => stores.into_iter().flatten().filter_map(|s| pickle.pairs(s)).flat_map(|s| s.to_vec()).collect(),
        };
        let (mut nodes, mut edges) = (Vec::new(), Vec::new());
        for (key, value) in all.into_iter().take(1 << 10) {
            if let Some(name) = pickle.text(key).filter(|name| !name.starts_with('_')) {
                let is_store = pickle.pairs(value).is_some() || pickle.class(value).is_some();
                nodes.extend(is_store.then(|| shortened(name)));
            } else if let Some([from, relation, to]) = pickle.sequence(key)
                && let (Some(from), Some(relation), Some(to)) =
                    (pickle.text(*from), pickle.text(*relation), pickle.text(*to))
            {
                edges.push([from, relation, to].map(shortened));
            }
        }
        (nodes, edges)
    }
}

/// The class of the graphs in a `Batch`, which is an object of a class that is made when it is loaded:
/// `DynamicInheritanceGetter()(Batch, Data)`.
fn batched<'a>(pickle: &'a Pickle<'a>, id: Id) -> Option<&'a str> {
    let object = pickle.object(id)?;
    let (_, getter) = pickle.class(object.callable)?;
    if getter != "DynamicInheritanceGetter" {
        return None;
    }
    let bases = pickle.sequence(object.args)?.iter().filter_map(|base| pickle.global(*base));
    bases.map(|(_, class)| class).find(|class| *class != "Batch")
}

/// Whether a dictionary has keys for kinds of edges: `('author', 'writes', 'paper')`, as `HeteroData.to_dict()` makes it.
fn has_kinds_of_edges(pickle: &Pickle<'_>, id: Id) -> bool {
    let is_kind = |key: Id| {
        pickle.sequence(key).is_some_and(|key| key.len() == 3 && key.iter().all(|part| pickle.text(*part).is_some()))
    };
    pickle.pairs(id).is_some_and(|pairs| pairs.iter().any(|(key, _)| is_kind(*key)))
}

fn pairs<'a>(pickle: &'a Pickle<'a>, id: Id) -> Option<Vec<(&'a str, Id)>> {
    Some(pickle.pairs(id)?.iter().filter_map(|(key, value)| Some((pickle.text(*key)?, *value))).collect())
}

/// Refuses graphs of several kinds of nodes or edges, and graphs that change with time, with the way to a part of them.
pub(super) fn refuse_other_graphs(record: &Record<'_>, class: &str, path: &Path) -> Result<(), LoadError> {
    const EXPECTED: &str = "a graph with one sort of nodes and edges (Data";
    if class.contains("Temporal") {
        let expected = format!(
            "{EXPECTED}; without the times: torch.save(torch_geometric.data.Data(edge_index=torch.stack([data.src, data.dst]), \
             num_nodes=data.num_nodes), 'graph.pt'))"
        );
        return Err(LoadError::content(path, "object", expected, shortened(class)));
    }
    if !class.contains("Hetero") {
        return Ok(());
    }
    let (nodes, edges) = record.kinds();
    let part = edges.iter().find(|[from, _, to]| from == to).map_or_else(String::new, |[from, relation, _]| {
        format!(
            "; one part: torch.save(torch_geometric.data.Data(x=data['{from}'].get('x'), y=data['{from}'].get('y'), \
             edge_index=data['{from}', '{relation}', '{from}'].edge_index, num_nodes=data['{from}'].num_nodes), 'graph.pt')"
        )
    });
    let expected = format!("{EXPECTED}; all of it as one: torch.save(data.to_homogeneous(), 'graph.pt'){part})");
    let first = |names: Vec<String>| -> String {
        const MOST: usize = 12;
        let more = if names.len() > MOST { format!(" and {} more", names.len() - MOST) } else { String::new() };
        format!("{}{more}", names.into_iter().take(MOST).collect::<Vec<_>>().join(", "))
    };
    let mut found = shortened(class);
    if !nodes.is_empty() {
        found = format!("{found} with nodes {}", first(nodes));
    }
    if !edges.is_empty() {
        let edges = edges.into_iter().map(|kind| format!("({})", kind.join(", "))).collect();
        found = format!("{found} and edges {}", first(edges));
    }
    Err(LoadError::content(path, "object", expected, found))
}
