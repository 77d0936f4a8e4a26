//! Attributes of `GraphML`, GEXF and GML: what is a class, a feature or a name, what cannot be read, and in which characters.

use unifews::engine::graph::{Dataset, Direction, Features, ReadOptions, SelfLoops};
use unifews::io::{LoadReport, read_graph_as, read_graph_within};

use crate::files::{Folder, each};
use crate::support::{control, fact, shared_path};

fn stored() -> ReadOptions {
    ReadOptions {
        direction: Some(Direction::AsStored),
        self_loops: Some(SelfLoops::AsStored),
        ..ReadOptions::default()
    }
}

fn read_as(options: &ReadOptions, name: &str, body: impl AsRef<[u8]>) -> Result<(Dataset, LoadReport), String> {
    let folder = Folder::new();
    let path = folder.file(name, body);
    read_graph_as(path.to_str().expect("UTF-8"), options, &control()).map_err(|error| error.to_string())
}

fn read(name: &str, body: impl AsRef<[u8]>) -> (Dataset, LoadReport) {
    read_as(&stored(), name, body).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn classes(graph: &Dataset) -> Option<Vec<i64>> {
    let labels = graph.labels()?;
    Some((0..graph.n_nodes()).map(|u| labels.of(u).map_or(-1, |class| i64::try_from(class).expect("few"))).collect())
}

fn rows(graph: &Dataset) -> Vec<Vec<f32>> {
    graph.features().to_dense().rows().into_iter().map(|row| row.to_vec()).collect()
}

/// The same nodes with the same attributes in all three formats: texts in quotation marks are texts.
fn in_all_formats(attributes: &[&str], nodes: &[&[&str]]) -> [(&'static str, String); 3] {
    let is_text = |at: usize| nodes.iter().any(|values| values[at].parse::<f64>().is_err() && !values[at].is_empty());
    let kind = |at: usize| if is_text(at) { "string" } else { "double" };
    let per_node = |node: &dyn Fn(usize, &[&str]) -> String| -> String {
        nodes.iter().enumerate().map(|(u, values)| node(u, values)).collect()
    };
    let all = |values: &[&str], one: &dyn Fn(usize, &str) -> String| -> String {
        values.iter().enumerate().filter(|(_, value)| !value.is_empty()).map(|(at, value)| one(at, value)).collect()
    };
    let keys = each(attributes.iter().enumerate(), |(at, name)| {
        format!("<key id='d{at}' for='node' attr.name='{name}' attr.type='{}'/>", kind(at))
    });
    let graphml = per_node(&|u, values| {
        let data = all(values, &|at, value| format!("<data key='d{at}'>{value}</data>"));
        format!("<node id='n{u}'>{data}</node>")
    });
    let declared = each(attributes.iter().enumerate(), |(at, name)| {
        format!("<attribute id='{at}' title='{name}' type='{}'/>", kind(at))
    });
    let gexf = per_node(&|u, values| {
        let data = all(values, &|at, value| format!("<attvalue for='{at}' value='{value}'/>"));
        format!("<node id='n{u}'><attvalues>{data}</attvalues></node>")
    });
    let gml = per_node(&|u, values| {
        let data = all(values, &|at, value| {
            let value = if is_text(at) { format!("\"{value}\"") } else { value.to_owned() };
            format!(" {} {value}", attributes[at])
        });
        format!("node [ id {u}{data} ]\n")
    });
    [
        ("a.graphml", format!("<graphml>{keys}<graph>{graphml}<edge source='n0' target='n1'/></graph></graphml>")),
        (
            "a.gexf",
            format!(
                "<gexf><graph><attributes class='node'>{declared}</attributes><nodes>{gexf}</nodes>\
                 <edges><edge source='n0' target='n1'/></edges></graph></gexf>"
            ),
        ),
        ("a.gml", format!("graph [\n{gml}edge [ source 0 target 1 ]\n]\n")),
    ]
}

#[test]
fn names_are_no_classes_and_classes_no_features() {
    // Two nodes share a name, so it looks like a class; the class is a number, so it looks like a feature.
    let nodes: [&[&str]; 4] =
        [&["ten", "0", "0.5", "3"], &["ten", "1", "1.5", "4"], &["two", "1", "2.5", "4"], &["one", "0", "3.5", "3"]];
    for (name, body) in in_all_formats(&["label", "value", "score", "copy"], &nodes) {
        let (graph, report) = read(name, &body);
        assert_eq!(classes(&graph), Some(vec![0, 1, 1, 0]), "{name}");
        assert_eq!(fact(&report, "labels from"), "value (--labels NAME takes another)", "{name}");
        assert_eq!(rows(&graph), [[0.5], [1.5], [2.5], [3.5]], "{name}");
        assert_eq!(fact(&report, "features from"), "score (--features NAME,… takes others)", "{name}");
        let ignored = report.ignored.join("\n");
        assert!(
            ignored.contains("node attribute label (a name: --labels label makes it the class)"),
            "{name}: {ignored}"
        );
        let leak =
            "node attribute copy (it tells the class of every node, so it is no feature: --features copy takes it)";
        assert!(ignored.contains(leak), "{name}: {ignored}");
        // What the user says counts.
        let options = ReadOptions { labels: Some("label".into()), ..stored() };
        let (graph, report) = read_as(&options, name, &body).expect("asked for");
        assert_eq!(classes(&graph), Some(vec![1, 1, 2, 0]), "{name}");
        assert_eq!(fact(&report, "labels from"), "label", "{name}");
        assert!(
            report.ignored.iter().any(|line| line.starts_with("node attribute value (it may be a class")),
            "{name}"
        );
        let options = ReadOptions { features: Some(vec!["copy".into(), "value".into()]), ..stored() };
        let (graph, _) = read_as(&options, name, &body).expect("asked for");
        assert_eq!((classes(&graph), rows(&graph)[1].clone()), (None, vec![4.0, 1.0]), "{name}");
        let options = ReadOptions { labels: Some("value".into()), features: Some(vec!["value".into()]), ..stored() };
        let error = read_as(&options, name, &body).map(|_| ()).expect_err("the class as a feature");
        assert!(
            error.starts_with("graph.features: expected attributes other than the class (value)"),
            "{name}: {error}"
        );
    }
    // Names, targets and numbers that name their node are no features.
    let nodes: [&[&str]; 3] = [&["7", "0.5", "1"], &["8", "1.5", "2"], &["9", "2.5", "3"]];
    for (name, body) in in_all_formats(&["name", "target", "size"], &nodes) {
        let (graph, report) = read(name, &body);
        assert_eq!(
            (classes(&graph), rows(&graph)),
            (None, vec![vec![1.0], vec![2.0], vec![3.0]]),
            "{name}: {report:?}"
        );
    }
}

#[test]
fn special_values_are_no_class() {
    let nodes: [&[&str]; 6] =
        [&["0", "a"], &["-1", "NA"], &["nan", "b"], &["1", ""], &["1", "nan"], &["-100", "unlabeled"]];
    for (name, body) in in_all_formats(&["y", "group"], &nodes) {
        let (graph, _) = read(name, &body);
        assert_eq!(classes(&graph), Some(vec![0, -1, -1, 1, 1, -1]), "{name}");
        let options = ReadOptions { labels: Some("group".into()), ..stored() };
        let (graph, report) = read_as(&options, name, &body).expect("asked for");
        assert_eq!(classes(&graph), Some(vec![0, -1, 1, -1, -1, -1]), "{name}");
        assert_eq!(graph.labels().expect("labels").names, ["a", "b"], "{name}");
        assert!(fact(&report, "no class").contains("\"NA\", \"nan\", \"unlabeled\""), "{name}: {report:?}");
    }
    // Integers that are stored as texts are their own number.
    let nodes: [&[&str]; 4] = [&["10"], &["2"], &["none"], &["2"]];
    for (name, body) in in_all_formats(&["class"], &nodes) {
        assert_eq!(classes(&read(name, &body).0), Some(vec![10, 2, -1, 2]), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_left_out_by_name() {
    let graph = |keys: &str, body: &str| format!("<graphml>{keys}<graph><node id='a'/>{body}</graph></graphml>");
    let key = "<key id='d' for='node' attr.name='x' attr.type='int'/>";
    let bad = graph(key, "<node id='b'><data key='d'>many</data></node><node id='c'><data key='d'>4</data></node>");
    let (g, report) = read("a.graphml", bad);
    assert_eq!(rows(&g), [[0.0], [0.0], [4.0]]);
    assert_eq!(report.ignored, ["1 values of node attribute x (byte 122: no number: \"many\")"]);
    let (_, report) = read("a.graphml", graph(key, "<node id='b'><data key='e'>1</data></node>"));
    assert_eq!(report.ignored[0], "attribute e of nodes, which is not declared");
    let gexf = |value: &str| {
        format!(
            "<gexf><graph><attributes class='node'><attribute id='0' title='x' type='float'/></attributes>\
             <nodes><node id='a'><attvalues><attvalue {value}/></attvalues></node></nodes></graph></gexf>"
        )
    };
    let (_, report) = read("a.gexf", gexf("for='0' value='v'"));
    assert_eq!(report.ignored, ["1 values of node attribute x (byte 153: no number: \"v\")"]);
    let (_, report) = read("a.gexf", gexf("for='1' value='1'"));
    assert_eq!(report.ignored[0], "attribute 1 of nodes, which is not declared");
    // Attributes without the element around them, and lists of numbers.
    let list = "<gexf><graph><attributes class='node'><attribute id='0' title='p' type='listfloat'/></attributes><nodes>\
                <node id='a'><attvalue for='0' value='[1, 2.5]'/></node><node id='b'><attvalue for='0' value='3|4'/></node>\
                </nodes></graph></gexf>";
    assert_eq!(rows(&read("a.gexf", list).0), [[1.0, 2.5], [3.0, 4.0]]);
    let uneven = "graph [\nnode [ id 0 x 1 x 2 z 1 ]\nnode [ id 1 x 1 z 2 ]\nnode [ id 2 w inf z 0 ]\n]";
    let (g, report) = read("a.gml", uneven);
    assert_eq!(rows(&g), [[1.0], [2.0], [0.0]]);
    let expected =
        ["node attribute x (not as many numbers for every node)", "node attribute w (numbers that are not finite)"];
    assert_eq!(report.ignored, expected);
    let words = "graph [\nnode [ id 0 a true b 0x1.8p+1 c nan ]\nnode [ id 1 a false b -0x1p-1 c 2 ]\n]";
    let (g, report) = read("a.gml", words);
    assert_eq!(
        (rows(&g), report.ignored),
        (vec![vec![3.0, 0.0], vec![-0.5, 2.0]], vec!["node attribute a".to_owned()])
    );
}

#[test]
fn graph_tools_numbers_are_read() {
    let Some(path) = shared_path("graph_tools_numbers_are_read", "cases/g04-graphtool-graphml/net.xml") else { return };
    let (graph, report) = read_graph_as(&path, &stored(), &control()).unwrap_or_else(|error| panic!("{error}"));
    // Position and score; group is the class.
    assert_eq!(rows(&graph)[0], [1.5, -2.0, 0.5]);
    assert_eq!(rows(&graph)[3], [3.0, 3.5, 3.5]);
    assert_eq!(fact(&report, "edge weights"), "0.5 to 7");
    let options = ReadOptions { weights: Some(false), ..stored() };
    assert_eq!(read_graph_as(&path, &options, &control()).expect("without weights").0.edge_weights(), None);
}

#[test]
fn weights_are_the_attribute_that_is_named() {
    let graphml = "<graphml><key id='w' for='edge' attr.name='Weight' attr.type='double'><default>2.5</default></key>\
                   <key id='c' for='edge' attr.name='cost' attr.type='double'/><graph edgedefault='directed'>\
                   <node id='a'/><node id='b'/><edge source='a' target='b'><data key='c'>7</data></edge>\
                   <edge source='b' target='a'><data key='w'>1</data><data key='c'>9</data></edge></graph></graphml>";
    let gml = "graph [ directed 1\nnode [ id 0 ]\nnode [ id 1 ]\nedge [ source 0 target 1 weight 2.5 cost 7 ]\n\
               edge [ source 1 target 0 weight 1 cost 9 ]\n]";
    let gexf = "<gexf><graph defaultedgetype='directed'><attributes class='edge'><attribute id='0' title='cost' type='float'/>\
                </attributes><nodes><node id='a'/><node id='b'/></nodes><edges><edge source='a' target='b' weight='2.5'>\
                <attvalues><attvalue for='0' value='7'/></attvalues></edge><edge source='b' target='a' weight='1'>\
                <attvalues><attvalue for='0' value='9'/></attvalues></edge></edges></graph></gexf>";
    for (name, body) in [("a.graphml", graphml), ("a.gml", gml), ("a.gexf", gexf)] {
        // Entries are (target, source): first the one from b to a.
        assert_eq!(read(name, body).0.edge_weights(), Some(&[1.0, 2.5][..]), "{name}");
        let options = ReadOptions { weight_attribute: Some("cost".into()), ..stored() };
        let (graph, _) = read_as(&options, name, body).expect("asked for");
        assert_eq!(graph.edge_weights(), Some(&[9.0, 7.0][..]), "{name}");
        let options = ReadOptions { weight_attribute: Some("costs".into()), ..stored() };
        let error = read_as(&options, name, body).map(|_| ()).expect_err("no such attribute");
        assert!(error.starts_with("graph.weight_attribute: expected ") && error.contains("cost, "), "{name}: {error}");
    }
    let heavy = gml.replace("weight 2.5", "weight \"heavy\"");
    assert!(read_as(&stored(), "a.gml", &heavy).is_err());
    let options = ReadOptions { weights: Some(false), ..stored() };
    assert_eq!(read_as(&options, "a.gml", &heavy).expect("without weights").0.edge_weights(), None);
}

#[test]
fn characters_are_those_of_the_files_encoding() {
    let xml = |declaration: &str, format: &str| {
        let nodes = "<node id='Köln'/><node id='Kéln'/>";
        match format {
            "gexf" => format!("{declaration}<gexf><graph><nodes>{nodes}</nodes></graph></gexf>"),
            _ => format!("{declaration}<graphml><graph>{nodes}</graph></graphml>"),
        }
    };
    let latin = |text: &str| -> Vec<u8> { text.chars().map(|c| u8::try_from(u32::from(c)).expect("latin1")).collect() };
    let utf16 = |text: &str| -> Vec<u8> {
        [0xfeffu16].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    };
    let ids = |graph: &Dataset| graph.node_ids().expect("ids").to_vec();
    for format in ["graphml", "gexf"] {
        let name = format!("a.{format}");
        let declaration = "<?xml version='1.0' encoding='ISO-8859-1'?>";
        assert_eq!(ids(&read(&name, latin(&xml(declaration, format))).0), ["Köln", "Kéln"], "{name}");
        let marked = ["\u{feff}", &xml("", format)].concat();
        assert_eq!(ids(&read(&name, marked).0), ["Köln", "Kéln"], "{name}");
        let error = read_as(&stored(), &name, latin(&xml("", format))).map(|_| ()).expect_err("no UTF-8");
        assert!(error.contains("byte ") && error.contains("bytes f6") && error.contains("--encoding"), "{error}");
        let options = ReadOptions { encoding: Some(unifews::engine::graph::Encoding::Latin1), ..stored() };
        let (graph, _) = read_as(&options, &name, latin(&xml("", format))).expect("chosen");
        assert_eq!(ids(&graph), ["Köln", "Kéln"], "{name}");
        let unknown = "<?xml version='1.0' encoding='klingon'?>";
        let error = read_as(&stored(), &name, xml(unknown, format)).map(|_| ()).expect_err("no such encoding");
        assert!(error.starts_with("XML declaration: expected an encoding"), "{error}");
        let (graph, _) = read(&name, utf16(&xml("<?xml version='1.0' encoding='UTF-16'?>", format)));
        assert_eq!(ids(&graph), ["Köln", "Kéln"], "{name}");
    }
    let gml = "graph [\nnode [ id 0 label \"Köln\" ]\nnode [ id 1 label \"K&#233;ln\" ]\nnode [ id 2 label \"K&auml;ln\" ]\n]";
    assert_eq!(ids(&read("a.gml", gml).0), ["Köln", "Kéln", "Käln"]);
    let (graph, report) = read("a.gml", latin(gml));
    assert_eq!(ids(&graph), ["Köln", "Kéln", "Käln"]);
    assert!(fact(&report, "encoding").starts_with("latin1, the format's standard (line 2 is no UTF-8"), "{report:?}");
    let mixed = ["graph [\nnode [ id 0 label \"Köln\" ]\n".as_bytes(), b"node [ id 1 label \"K\xe9ln\" ]\n]"].concat();
    let error = read_as(&stored(), "a.gml", mixed).map(|_| ()).expect_err("two encodings");
    assert!(error.starts_with("line 3: expected UTF-8, as in line 2") && error.contains("bytes e9"), "{error}");
    assert_eq!(ids(&read("a.gml", utf16(gml)).0), ["Köln", "Kéln", "Käln"]);
}

/// One attribute for every node: as many columns as rows, and one value in each.
fn an_attribute_per_node(n: usize) -> [(&'static str, String); 3] {
    let nodes: String = each(0..n, |u| format!("node [ id {u} a{u} 1.5 ]\n"));
    let keys: String = each(0..n, |u| format!("<key id='{u}' for='node' attr.name='a{u}' attr.type='double'/>"));
    let data: String = each(0..n, |u| format!("<node id='{u}'><data key='{u}'>1.5</data></node>"));
    let declared: String = each(0..n, |u| format!("<attribute id='{u}' title='a{u}' type='double'/>"));
    let values: String =
        each(0..n, |u| format!("<node id='{u}'><attvalues><attvalue for='{u}' value='1.5'/></attvalues></node>"));
    [
        ("a.gml", format!("graph [\n{nodes}]")),
        ("a.graphml", format!("<graphml>{keys}<graph>{data}</graph></graphml>")),
        (
            "a.gexf",
            format!(
                "<gexf><graph><attributes class='node'>{declared}</attributes><nodes>{values}</nodes></graph></gexf>"
            ),
        ),
    ]
}

#[test]
fn an_attribute_per_node_takes_no_square_of_memory() {
    let n = 3000;
    for (name, body) in an_attribute_per_node(n) {
        let folder = Folder::new();
        let path = folder.file(name, &body);
        let spec = path.to_str().expect("UTF-8");
        // A square of 32-bit floats would take 36 MB: more than the file may.
        let limit = 4 << 20;
        let (graph, report) = read_graph_within(spec, &stored(), limit, &control()).unwrap_or_else(|e| panic!("{e}"));
        let Features::Sparse(x) = graph.features() else { panic!("{name}: dense features") };
        assert_eq!((x.rows(), x.cols(), x.nnz()), (n, n, n), "{name}");
        assert_eq!(report.warnings.len(), 17, "{name}: {:?}", report.warnings);
        assert!(fact(&report, "features from").contains("a0, a1, ") && fact(&report, "features from").len() < 1000);
    }
    // What fills its columns is asked for before it is built.
    let node = |u: usize| {
        let values: String = each(0..500, |a| format!(" a{a} 1"));
        format!("node [ id {u}{values} ]\n")
    };
    let body: String = (0..200).map(node).collect();
    let folder = Folder::new();
    let path = folder.file("full.gml", format!("graph [\n{body}]"));
    let spec = path.to_str().expect("UTF-8");
    let error = read_graph_within(spec, &stored(), 2 << 20, &control()).map(|_| ()).expect_err("too large");
    let text = error.to_string();
    assert!(
        text.starts_with("memory: expected at most 2.0 MiB") && text.contains("100000 values of node attributes"),
        "{text}"
    );
    // Default values are not written out, and a node with many keys takes no square of time.
    let keys: String = each(0..2000, |a| {
        format!("<key id='{a}' for='node' attr.name='a{a}' attr.type='double'><default>0</default></key>")
    });
    let nodes: String = each(0..2000, |u| format!("<node id='{u}'/>"));
    let path = folder.file("defaults.graphml", format!("<graphml>{keys}<graph>{nodes}</graph></graphml>"));
    let read = read_graph_within(path.to_str().expect("UTF-8"), &stored(), 2 << 20, &control());
    assert!(read.is_err_and(|error| error.to_string().starts_with("memory: ")));
    let many: String = each(0..100_000, |a| format!(" a{a} 1"));
    let options = ReadOptions { features: Some(vec!["a7".into()]), ..stored() };
    let (graph, report) = read_as(&options, "many.gml", format!("graph [ node [ id 0{many} ] ]")).expect("one column");
    assert_eq!((rows(&graph), report.ignored.len()), (vec![vec![1.0]], 65));
}

#[test]
fn hostile_graphs_are_refused_or_read_within_bounds() {
    let Some(folder) = shared_path("hostile_graphs_are_refused_or_read_within_bounds", "hostile") else { return };
    let (graph, _) = read_graph_within(&format!("{folder}/a4000.gml"), &stored(), 8 << 20, &control())
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(matches!(graph.features(), Features::Sparse(_)));
    let (_, report) = read_graph_as(&format!("{folder}/evil.graphml"), &stored(), &control()).expect("a graph");
    let said = format!("{:?}", report.facts.iter().map(|fact| &fact.value).collect::<Vec<_>>());
    assert!(!said.contains("\\u{1b}") && !said.contains("\\u{7}"), "{said}");
    let bomb = read_graph_as(&format!("{folder}/mat_bomb.mat"), &stored(), &control()).map(|_| ());
    let text = bomb.expect_err("a bomb").to_string();
    assert!(text.contains("expected") && text.len() < 400, "{text}");
    let yaml = read_graph_as(&format!("{folder}/bomb.yaml"), &stored(), &control()).map(|_| ());
    assert!(yaml.expect_err("no graph").to_string().len() < 1000);
}
