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
//! Types `int`, `long`, `float`, `double` are numbers, `boolean` (`true`, `false`, `1`, `0`) is 1 or 0, everything else text.
//! The edge attribute `weight` is the weight. Hyperedges, ports and what else is not a graph of nodes and edges is passed over
//! and reported. What becomes of node attributes is said in `attributes.rs`.

use std::collections::HashMap;

use super::attributes::Given;
use super::named::{Loose, NamedGraph};
use super::xml::{Element, Markup, Xml};
use super::{Draft, Request};
use crate::io::recipe::shortened;
use crate::io::report::LoadError;

/// What a `<key>` declares.
#[derive(Debug, Clone)]
struct Key {
    name: String,
    of_nodes: bool,
    of_edges: bool,
    is_boolean: bool,
    is_number: bool,
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
pub(super) fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let mut xml = Xml::open(request, "reading nodes and edges")?;
    let mut graph = NamedGraph::default();
    // Looked up, and walked by `order` only.
    let mut keys: HashMap<String, Key> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let mut n_graphs = 0usize;
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
                    if known.is_none() && !matches!(levels.last(), Some(Level::Graph(_))) {
                        return Err(xml.fault("a key that is declared above the graph", format!("{id:?}")));
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
                Some(Level::Edge(edge)) => graph.finish_edge(edge),
                Some(Level::Other) if name == "default" => {
                    if let Some(Level::Key(id)) = levels.last()
                        && let Some(key) = keys.get_mut(id)
                    {
                        key.default = Some(text.trim().to_owned());
                    }
                }
                Some(Level::Data(Some(key))) => {
                    if let Err((expected, found)) = set(levels.last_mut(), &key, text.trim(), &mut graph) {
                        return Err(xml.fault(expected, found));
                    }
                }
                _ => {}
            },
        }
    }
    if n_graphs == 0 {
        return Err(xml.fault("<graph>", "none"));
    }
    let n = graph.names.len();
    let given: Vec<&Key> = order.iter().filter_map(|id| keys.get(id)).collect();
    for key in given.into_iter().filter(|key| key.of_nodes) {
        if let Some(default) = &key.default {
            match value(key, default) {
                Ok(value) => graph.attributes.named(&key.name).fill(n, value),
                Err((expected, found)) => {
                    return Err(LoadError::content(request.path, format!("default of {}", key.name), expected, found));
                }
            }
        }
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
        is_boolean: kind == "boolean",
        is_number: matches!(kind, "int" | "integer" | "long" | "float" | "double"),
        default: None,
    }
}

/// A value of the key's type; what was expected and found where it is none.
fn value<'a>(key: &Key, text: &'a str) -> Result<Given<'a>, (String, String)> {
    let fault = |what: &str| Err((format!("{what} ({})", key.name), format!("{:?}", shortened(text))));
    if key.is_boolean {
        return match text {
            "true" | "True" | "1" => Ok(Given::Number(1.0)),
            "false" | "False" | "0" => Ok(Given::Number(0.0)),
            _ => fault("true or false"),
        };
    }
    if key.is_number {
        return text.parse().map_or_else(|_error| fault("a number"), |number| Ok(Given::Number(number)));
    }
    Ok(Given::Text(text))
}

fn set(level: Option<&mut Level>, key: &Key, text: &str, graph: &mut NamedGraph) -> Result<(), (String, String)> {
    match level {
        Some(Level::Node(node)) if !(text.is_empty() && (key.is_number || key.is_boolean)) => {
            graph.attributes.set(&key.name, *node, value(key, text)?);
        }
        Some(Level::Edge(edge)) if key.name == "weight" && key.of_edges => {
            edge.weight = Some(
                text.parse()
                    .ok()
                    .filter(|w: &f32| w.is_finite())
                    .ok_or_else(|| ("a finite number (weight)".to_owned(), format!("{:?}", shortened(text))))?,
            );
        }
        Some(Level::Edge(_)) => graph.pass_over(&format!("edge attribute {}", key.name)),
        _ => {}
    }
    Ok(())
}
