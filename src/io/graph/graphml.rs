//! `GraphML` (`.graphml`), with or without its namespace.
//!
//! ```text
//! graphml = key* graph                                                 further graphs are ignored
//! key     = <key id= for="node|edge|…" attr.name= attr.type=> <default>VALUE</default>? </key>
//! graph   = <graph edgedefault="directed|undirected"> (node | edge | data | hyperedge)* </graph>
//! node    = <node id=> (data | port | graph)* </node>                  a graph in a node is read as part of the one around it
//! edge    = <edge source= target= directed="true|false"?> data* </edge>
//! data    = <data key=>VALUE</data>
//! ```
//! Types `int`, `long`, `float`, `double` are numbers, decimal or hexadecimal as C writes them; `boolean` (`true`, `false`, `1`, `0`) is
//! 1 or 0; graph-tool's `vector_float` and its kin are several numbers; everything else is text. The edge attribute `weight`, or the one
//! that the user names, is the weight. Hyperedges, ports, attributes that are not declared, values that are none of their type and what
//! else is not a graph of nodes and edges is passed over and reported. What becomes of node attributes is said in `attributes.rs`.

use std::collections::HashMap;

use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::named::{ALSO, Loose, NamedGraph};
use super::node_index::NodeOrder;
use super::request::Request;
use super::unmet;
use super::values::Type;
use super::xml::{Element, Markup, Xml, root_element};
use crate::io::report::LoadError;
use crate::io::text::number::number_of;
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "GraphML",
    listed: Listed { group: Group::Texts, place: 1, name: "GraphML" },
    title: "GraphML",
    files: "`.graphml`",
    also: ALSO,
    sniff,
    read,
    needed: estimate::of_names,
    meets: &[Meets::Encoding, Meets::NodeParts, Meets::Masks, Meets::EdgeAttribute],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Text(look) if root_element(look.text) == Some("graphml")).then_some(Certainty::Certain)
}

/// What a `<key>` declares.
#[derive(Debug, Clone)]
struct Key {
    name: String,
    of_nodes: bool,
    of_edges: bool,
    kind: Type,
    default: Option<String>,
}

/// An element that is open.
enum Level {
    /// Whether its edges are directed where they do not say so.
    Graph(bool),
    Node(u32),
    Edge(Loose),
    Key(String),
    Data(Option<Key>),
    Other,
}

/// Reads the file.
#[expect(clippy::too_many_lines, reason = "one arm for every element of the format")]
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let mut xml = Xml::open(request, "reading nodes and edges")?;
    let mut graph = NamedGraph::default();
    // Looked up, and iterated by `order` only.
    let mut keys: HashMap<String, Key> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut n_graphs = 0usize;
    let (mut has_asked, mut default_weight) = (false, None);
    while let Some(markup) = xml.next()? {
        match markup {
            Markup::Open(element) => match (element.name.as_str(), levels.last()) {
                ("graphml", None) | ("default", Some(Level::Key(_))) => levels.push(Level::Other),
                ("key", Some(Level::Other)) if levels.len() == 1 => {
                    let id = required(&xml, &element, "id")?;
                    order.push(id.clone());
                    keys.insert(id.clone(), key(&element, &id));
                    levels.push(Level::Key(id));
                }
                ("graph", Some(Level::Other)) if levels.len() == 1 => {
                    n_graphs += 1;
                    if n_graphs > 1 {
                        graph.pass_over("further graphs");
                        xml.skip()?;
                        continue;
                    }
                    levels.push(Level::Graph(element.get("edgedefault") == Some("directed")));
                }
                ("graph", Some(Level::Node(_) | Level::Edge(_))) => {
                    graph.pass_over("nested graphs (read as part of the graph around them)");
                    levels.push(Level::Graph(element.get("edgedefault") == Some("directed")));
                }
                ("node", Some(Level::Graph(_))) => {
                    let id = required(&xml, &element, "id")?;
                    let node = graph.declare(&id, xml.position());
                    levels.push(Level::Node(node));
                }
                ("edge", Some(&Level::Graph(is_directed))) => {
                    let (source, target) = (required(&xml, &element, "source")?, required(&xml, &element, "target")?);
                    if element.get("sourceport").or_else(|| element.get("targetport")).is_some() {
                        graph.pass_over("ports");
                    }
                    let is_directed = match element.get("directed") {
                        Some(text) => text == "true",
                        None => is_directed,
                    };
                    levels.push(Level::Edge(graph.edge(&source, &target, is_directed, xml.position())));
                }
                ("data", Some(Level::Node(_) | Level::Edge(_) | Level::Graph(_))) => {
                    let id = required(&xml, &element, "key")?;
                    let known = keys.get(&id).cloned();
                    let of = if matches!(levels.last(), Some(Level::Node(_))) { "nodes" } else { "edges" };
                    if known.is_none() && !matches!(levels.last(), Some(Level::Graph(_))) {
                        graph.pass_over(&format!("attribute {} of {of}, which is not declared", shortened(&id)));
                    }
                    levels.push(Level::Data(known));
                }
                ("hyperedge", _) => {
                    graph.pass_over("hyperedges");
                    xml.skip()?;
                }
                ("port", _) => {
                    graph.pass_over("ports");
                    xml.skip()?;
                }
                (name, None) => return Err(xml.fault("<graphml>", format!("<{}>", shortened(name)))),
                (name, Some(level)) => {
                    if matches!(level, Level::Data(_)) {
                        graph.pass_over("elements in data");
                    } else if name != "desc" {
                        graph.pass_over(&format!("elements {}", shortened(name)));
                    }
                    xml.skip()?;
                }
            },
            Markup::Close(name, text) => match levels.pop() {
                Some(Level::Edge(mut edge)) => {
                    edge.weight = edge.weight.or(default_weight);
                    graph.finish_edge(edge);
                }
                Some(Level::Other) if name == "default" => {
                    if let Some(Level::Key(id)) = levels.last()
                        && let Some(key) = keys.get_mut(id)
                    {
                        key.default = Some(text.trim().to_owned());
                        if is_weight(key, request) {
                            default_weight = weight(&text, request).ok();
                        }
                    }
                }
                Some(Level::Data(Some(key))) => {
                    has_asked |= is_weight(&key, request) && request.options.weight_attribute.is_some();
                    let text = text.trim();
                    match levels.last_mut() {
                        Some(Level::Node(node)) => {
                            let place = || format!("byte {}", xml.position());
                            graph.attributes.set_text(&key.name, key.kind, *node, text, place);
                        }
                        Some(Level::Edge(_)) if is_weight(&key, request) && text.is_empty() => {}
                        Some(Level::Edge(edge)) if is_weight(&key, request) => {
                            let weight = weight(text, request);
                            edge.weight = Some(weight.map_err(|(expected, found)| xml.fault(expected, found))?);
                        }
                        Some(Level::Edge(_)) => graph.pass_over(&format!("edge attribute {}", shortened(&key.name))),
                        _ => {}
                    }
                }
                _ => {}
            },
        }
    }
    if n_graphs == 0 {
        return Err(xml.fault("<graph>", "none"));
    }
    let given: Vec<&Key> = order.iter().filter_map(|id| keys.get(id)).collect();
    for key in given.iter().filter(|key| key.of_nodes) {
        if let Some(default) = &key.default {
            graph.attributes.set_default(&key.name, key.kind, default);
        }
    }
    if let Some(asked) = request.options.weight_attribute.as_deref().filter(|_| !has_asked) {
        let names: Vec<&str> = given.iter().filter(|key| key.of_edges).map(|key| key.name.as_str()).collect();
        return Err(unmet::no_edge_attribute(asked, &names, request.path));
    }
    graph.finish(request)
}

fn required(xml: &Xml<'_>, element: &Element, name: &str) -> Result<String, LoadError> {
    let value = element.get(name).map(str::to_owned);
    value.ok_or_else(|| xml.fault(format!("attribute {name} of <{}>", element.name), "no such attribute"))
}

fn key(element: &Element, id: &str) -> Key {
    let kind = element.get("attr.type").or_else(|| element.get("type")).unwrap_or("string");
    let of = element.get("for").unwrap_or("all");
    Key {
        // Only the name behind a colon or none: yEd's keys have no name at all.
        name: element.get("attr.name").or_else(|| element.get("name")).unwrap_or(id).to_owned(),
        of_nodes: matches!(of, "node" | "all"),
        of_edges: matches!(of, "edge" | "all"),
        kind: Type::named(kind),
        default: None,
    }
}

/// Whether a key is the weight of edges.
fn is_weight(key: &Key, request: Request<'_>) -> bool {
    key.of_edges
        && match &request.options.weight_attribute {
            Some(asked) => key.name == *asked,
            None => key.name.eq_ignore_ascii_case("weight"),
        }
}

/// An edge's weight; where weights do not count, anything is one.
pub(super) fn weight(text: &str, request: Request<'_>) -> Result<f32, (String, String)> {
    let weight = number_of(text).map(|weight| weight as f32).filter(|weight| weight.is_finite());
    match weight {
        Some(weight) => Ok(weight),
        None if request.options.weights == Some(false) => Ok(1.0),
        None => {
            let name = request.options.weight_attribute.as_deref().unwrap_or("weight");
            Err((format!("a finite number ({name})"), format!("{:?}", shortened(text))))
        }
    }
}
