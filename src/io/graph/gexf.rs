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
//! Types `integer`, `long`, `float`, `double` are numbers, `boolean` is 1 or 0, `string`, `liststring`, `anyURI` text. `mutual`
//! edges go both ways. Of a value that changes with time the last one counts, and everything exists all the time; that is
//! reported. What becomes of node attributes is said in `attributes.rs`.

use std::collections::HashMap;

use super::attributes::Given;
use super::named::{Loose, NamedGraph};
use super::xml::{Element, Markup, Xml};
use super::{Draft, Request};
use crate::io::recipe::shortened;
use crate::io::report::LoadError;

/// What an `<attribute>` declares.
#[derive(Debug, Clone)]
struct Declared {
    title: String,
    is_boolean: bool,
    is_number: bool,
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
pub(super) fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let mut xml = Xml::open(request, "reading nodes and edges")?;
    let mut graph = NamedGraph::default();
    // Looked up, and walked by `order` only.
    let mut declared: HashMap<(bool, String), Declared> = HashMap::new();
    let mut order: Vec<String> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    let (mut n_graphs, mut is_directed) = (0usize, false);
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
                    let (is_boolean, is_number) =
                        (kind == "boolean", matches!(kind, "integer" | "long" | "float" | "double" | "int" | "short"));
                    if class == Class::Node {
                        order.push(id.clone());
                    }
                    let what = Declared { title, is_boolean, is_number, default: None };
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
                    let node = graph.declare(&id, xml.position());
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
                    if let Some(text) = element.get("weight") {
                        edge.weight = Some(weight(text).map_err(|(expected, found)| xml.fault(expected, found))?);
                    }
                    levels.push(Level::Edge(edge));
                }
                ("attvalues", Some(Level::Node(_) | Level::Edge(_))) => levels.push(Level::Values),
                ("attvalue", Some(Level::Values)) => {
                    let id = element.get("for").or_else(|| element.get("id")).or_else(|| element.get("attvalue"));
                    let id =
                        id.ok_or_else(|| xml.fault("attribute for of <attvalue>", "no such attribute"))?.to_owned();
                    let text = required(&xml, &element, "value")?;
                    note_times(&element, &mut graph);
                    let owner = levels.iter_mut().rev().nth(1);
                    let of_node = matches!(owner, Some(Level::Node(_)));
                    let Some(known) = declared.get(&(of_node, id.clone())) else {
                        return Err(xml.fault("an attribute that is declared above", format!("{id:?}")));
                    };
                    if let Err((expected, found)) = set(owner, known, text.trim(), &mut graph) {
                        return Err(xml.fault(expected, found));
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
                Some(Level::Edge(edge)) => graph.finish_edge(edge),
                Some(Level::Default) => {
                    if let Some(Level::Attribute(class, id)) = levels.last()
                        && let Some(what) = declared.get_mut(&(*class == Class::Node, id.clone()))
                    {
                        what.default = Some(text.trim().to_owned());
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
    for what in order.into_iter().filter_map(|id| declared.remove(&(true, id))) {
        if let Some(default) = &what.default {
            match value(&what, default) {
                Ok(value) => graph.attributes.named(&what.title).fill(n, value),
                Err((expected, found)) => {
                    return Err(LoadError::content(
                        request.path,
                        format!("default of {}", what.title),
                        expected,
                        found,
                    ));
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

fn note_times(element: &Element, graph: &mut NamedGraph) {
    let times = ["start", "end", "startopen", "endopen", "timestamp", "timestamps", "intervals", "interval"];
    if times.iter().any(|name| element.get(name).is_some()) {
        graph.pass_over("times of nodes and edges (everything exists all the time)");
    }
}

fn weight(text: &str) -> Result<f32, (String, String)> {
    let weight = text.trim().parse().ok().filter(|w: &f32| w.is_finite());
    weight.ok_or_else(|| ("a finite number (weight)".to_owned(), format!("{:?}", shortened(text))))
}

/// A value of the declared type; what was expected and found where it is none.
fn value<'a>(what: &Declared, text: &'a str) -> Result<Given<'a>, (String, String)> {
    let fault = |expected: &str| Err((format!("{expected} ({})", what.title), format!("{:?}", shortened(text))));
    if what.is_boolean {
        return match text {
            "true" | "True" | "1" => Ok(Given::Number(1.0)),
            "false" | "False" | "0" => Ok(Given::Number(0.0)),
            _ => fault("true or false"),
        };
    }
    if what.is_number {
        return text.parse().map_or_else(|_error| fault("a number"), |number| Ok(Given::Number(number)));
    }
    Ok(Given::Text(text))
}

fn set(owner: Option<&mut Level>, what: &Declared, text: &str, graph: &mut NamedGraph) -> Result<(), (String, String)> {
    match owner {
        Some(Level::Node(node)) => graph.attributes.set(&what.title, *node, value(what, text)?),
        Some(Level::Edge(edge)) if what.title == "weight" => edge.weight = Some(weight(text)?),
        Some(Level::Edge(_)) => graph.pass_over(&format!("edge attribute {}", what.title)),
        _ => {}
    }
    Ok(())
}
