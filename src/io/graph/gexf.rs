//! GEXF 1.1, 1.2 and 1.3 (`.gexf`).
//!
//! ```text
//! gexf       = graph
//! graph      = <graph defaultedgetype="directed|undirected|mutual" mode="static|dynamic"> attributes* nodes edges </graph>
//! attributes = <attributes class="node|edge"> <attribute id= title= type=> <default>VALUE</default>? </attribute>* </attributes>
//! nodes      = <nodes> node* </nodes>
//! node       = <node id= label=?> attvalues? nodes? edges? </node>             nested nodes are read as part of the graph
//! edges      = <edges> edge* </edges>
//! edge       = <edge id=? source= target= type=? weight=?> attvalues? </edge>
//! attvalues  = <attvalues> <attvalue for= (1.1: id=) value=>* </attvalues>
//! ```
//! Types `integer`, `long`, `float`, `double` are numbers, `boolean` is 1 or 0, `listfloat` and its kin several numbers, `string`,
//! `liststring`, `anyURI` text. `mutual` edges go both ways. Of a value that changes with time the last one counts, and everything
//! exists all the time; that is reported, as are values that are none of their type and attributes that are not declared. The edge
//! attribute `weight`, or the one that the user names, is the weight. What becomes of node attributes is said in `attributes.rs`.

use std::collections::HashMap;

use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::graphml::weight;
use super::named::{ALSO, Loose, NamedGraph};
use super::node_index::NodeOrder;
use super::request::Request;
use super::unmet;
use super::values::Type;
use super::xml::{Element, Markup, Xml, root_element};
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "GEXF",
    listed: Listed { group: Group::Texts, place: 2, name: "GEXF" },
    title: "GEXF 1.1 to 1.3",
    files: "`.gexf`",
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
    matches!(look, Look::Text(look) if root_element(look.text) == Some("gexf")).then_some(Certainty::Certain)
}

/// What an `<attribute>` declares.
#[derive(Debug, Clone)]
struct Declared {
    title: String,
    kind: Type,
    default: Option<String>,
}

enum Level {
    Gexf,
    Graph,
    /// Of nodes (`true`), edges or something else.
    Attributes(Class),
    Attribute(Class, String),
    Default,
    Nodes,
    Node(u32),
    Edges,
    Edge(Loose),
    Values,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Node,
    Edge,
}

/// Reads the file.
#[expect(clippy::too_many_lines, reason = "one arm for every element of the format")]
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let mut xml = Xml::open(request, "reading nodes and edges")?;
    let mut graph = NamedGraph::default();
    // Looked up, and iterated by `order` only.
    let mut declared: HashMap<(bool, String), Declared> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let (mut n_graphs, mut is_directed) = (0usize, false);
    let asked = request.options.weight_attribute.as_deref();
    let (mut of_edges, mut has_asked, mut default_weight) = (Vec::new(), false, None::<f32>);
    while let Some(markup) = xml.next()? {
        match markup {
            Markup::Open(element) => match (element.name.as_str(), levels.last()) {
                ("gexf", None) => levels.push(Level::Gexf),
                ("graph", Some(Level::Gexf)) => {
                    n_graphs += 1;
                    if n_graphs > 1 {
                        graph.pass_over("further graphs");
                        xml.skip()?;
                        continue;
                    }
                    is_directed = element.get("defaultedgetype") == Some("directed");
                    if element.get("mode") == Some("dynamic") {
                        graph.pass_over("times of nodes and edges (everything exists all the time)");
                    }
                    levels.push(Level::Graph);
                }
                ("attributes", Some(Level::Graph)) => {
                    let class = if element.get("class") == Some("edge") { Class::Edge } else { Class::Node };
                    levels.push(Level::Attributes(class));
                }
                ("attribute", Some(&Level::Attributes(class))) => {
                    let id = required(&xml, &element, "id")?;
                    let kind = element.get("type").unwrap_or("string");
                    let title = element.get("title").unwrap_or(&id).to_owned();
                    match class {
                        Class::Node => order.push(id.clone()),
                        Class::Edge => of_edges.push(title.clone()),
                    }
                    let what = Declared { title, kind: Type::named(kind), default: None };
                    declared.insert((class == Class::Node, id.clone()), what);
                    levels.push(Level::Attribute(class, id));
                }
                ("default", Some(Level::Attribute(..))) => levels.push(Level::Default),
                ("nodes", Some(Level::Graph)) => levels.push(Level::Nodes),
                ("nodes", Some(Level::Node(_))) => {
                    graph.pass_over("nested nodes (read as part of the graph)");
                    levels.push(Level::Nodes);
                }
                ("edges", Some(Level::Graph | Level::Node(_))) => levels.push(Level::Edges),
                ("node", Some(Level::Nodes)) => {
                    let id = required(&xml, &element, "id")?;
                    note_times(&element, &mut graph);
                    if element.get("pid").is_some() {
                        graph.pass_over("parents of nodes (pid)");
                    }
                    let node = graph.declare(&id, xml.position());
                    if element.get("label").is_some_and(|label| label != id) {
                        graph.pass_over("labels of nodes (nodes are called by their ids)");
                    }
                    levels.push(Level::Node(node));
                }
                ("edge", Some(Level::Edges)) => {
                    let (source, target) = (required(&xml, &element, "source")?, required(&xml, &element, "target")?);
                    note_times(&element, &mut graph);
                    let is_directed = match element.get("type") {
                        Some("directed") => true,
                        Some(_) => false,
                        None => is_directed,
                    };
                    let mut edge = graph.edge(&source, &target, is_directed, xml.position());
                    if let Some(text) = element.get("weight").filter(|text| !text.trim().is_empty()) {
                        has_asked |= asked == Some("weight");
                        if asked.is_none_or(|asked| asked == "weight") {
                            let weight = weight(text, request);
                            edge.weight = Some(weight.map_err(|(expected, found)| xml.fault(expected, found))?);
                        } else {
                            graph.pass_over("edge attribute weight");
                        }
                    }
                    levels.push(Level::Edge(edge));
                }
                ("attvalues", Some(Level::Node(_) | Level::Edge(_))) => levels.push(Level::Values),
                ("attvalue", Some(Level::Values | Level::Node(_) | Level::Edge(_))) => {
                    let id = element.get("for").or_else(|| element.get("id")).or_else(|| element.get("attvalue"));
                    let id =
                        id.ok_or_else(|| xml.fault("attribute for of <attvalue>", "no such attribute"))?.to_owned();
                    let text = required(&xml, &element, "value")?;
                    note_times(&element, &mut graph);
                    // Some programs leave the element around them out.
                    let owner = levels.iter_mut().rev().find(|level| !matches!(level, Level::Values));
                    let of_node = matches!(owner, Some(Level::Node(_)));
                    match (owner, declared.get(&(of_node, id.clone()))) {
                        (Some(Level::Node(node)), Some(known)) => {
                            let place = || format!("byte {}", xml.position());
                            graph.attributes.set_text(&known.title, known.kind, *node, &text, place);
                        }
                        (Some(Level::Edge(edge)), Some(known)) if is_weight(&known.title, asked) => {
                            has_asked = true;
                            if !text.trim().is_empty() {
                                let weight = weight(&text, request);
                                edge.weight = Some(weight.map_err(|(expected, found)| xml.fault(expected, found))?);
                            }
                        }
                        (_, Some(known)) => graph.pass_over(&format!("edge attribute {}", shortened(&known.title))),
                        (_, None) => {
                            let of = if of_node { "nodes" } else { "edges" };
                            graph.pass_over(&format!("attribute {} of {of}, which is not declared", shortened(&id)));
                        }
                    }
                    levels.push(Level::Other);
                }
                ("spells" | "slices" | "spell" | "slice", _) => {
                    graph.pass_over("times of nodes and edges (everything exists all the time)");
                    xml.skip()?;
                }
                (name, None) => return Err(xml.fault("<gexf>", format!("<{}>", shortened(name)))),
                (name, Some(_)) => {
                    // How things look, and who wrote them, is no part of the graph.
                    const LOOKS: [&str; 9] =
                        ["meta", "position", "color", "size", "shape", "thickness", "options", "label", "description"];
                    if !LOOKS.contains(&name) {
                        graph.pass_over(&format!("elements {}", shortened(name)));
                    }
                    xml.skip()?;
                }
            },
            Markup::Close(_, text) => match levels.pop() {
                Some(Level::Edge(mut edge)) => {
                    edge.weight = edge.weight.or(default_weight);
                    graph.finish_edge(edge);
                }
                Some(Level::Default) => {
                    if let Some(Level::Attribute(class, id)) = levels.last()
                        && let Some(what) = declared.get_mut(&(*class == Class::Node, id.clone()))
                    {
                        what.default = Some(text.trim().to_owned());
                        if *class == Class::Edge && is_weight(&what.title, asked) {
                            default_weight = weight(&text, request).ok();
                        }
                    }
                }
                _ => {}
            },
        }
    }
    if n_graphs == 0 {
        return Err(xml.fault("<graph>", "none"));
    }
    for what in order.into_iter().filter_map(|id| declared.remove(&(true, id))) {
        if let Some(default) = &what.default {
            graph.attributes.set_default(&what.title, what.kind, default);
        }
    }
    if let Some(asked) = asked.filter(|_| !has_asked) {
        let names: Vec<&str> = of_edges.iter().map(String::as_str).collect();
        return Err(unmet::no_edge_attribute(asked, &names, request.path));
    }
    graph.finish(request)
}

fn required(xml: &Xml<'_>, element: &Element, name: &str) -> Result<String, LoadError> {
    let value = element.get(name).map(str::to_owned);
    value.ok_or_else(|| xml.fault(format!("attribute {name} of <{}>", element.name), "no such attribute"))
}

fn note_times(element: &Element, graph: &mut NamedGraph) {
    let times = ["start", "end", "startopen", "endopen", "timestamp", "timestamps", "intervals", "interval"];
    if times.iter().any(|name| element.get(name).is_some()) {
        graph.pass_over("times of nodes and edges (everything exists all the time)");
    }
}

/// Whether an attribute of edges is their weight.
fn is_weight(title: &str, asked: Option<&str>) -> bool {
    asked.map_or_else(|| title.eq_ignore_ascii_case("weight"), |asked| title == asked)
}
