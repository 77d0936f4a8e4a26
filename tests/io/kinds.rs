//! One kind of oddity in every format where it occurs: numbers below 0 as no class, ids with zeros in front, decimal commas, forms of
//! matrices, parts of a network that must not be left out, files of other programs.

use unifews::engine::graph::Dataset;
use unifews::engine::model::{Activation, Norm};
use unifews::io::{LoadReport, detect, read_graph, read_model};

use crate::files::{Arrays, Folder, floats, gnn_benchmark, heterophilous, int_matrix, npy_with_header, npz, with};
use crate::support::{control, fact};

fn read(path: &std::path::Path) -> Result<(Dataset, LoadReport), String> {
    read_graph(path.to_str().expect("UTF-8"), &control()).map_err(|error| error.to_string())
}

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/graphs/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).expect("a fixture")
}

fn sorted_ids(graph: &Dataset) -> Vec<String> {
    let mut ids: Vec<String> = (0..graph.n_nodes()).map(|u| graph.node_id(u)).collect();
    ids.sort();
    ids
}

fn classes(graph: &Dataset) -> Vec<Option<usize>> {
    let labels = graph.labels().expect("labels");
    (0..graph.n_nodes()).map(|u| labels.of(u)).collect()
}

/// The class of the node of this id.
fn class_of(graph: &Dataset, id: &str) -> Option<usize> {
    let u = (0..graph.n_nodes()).find(|u| graph.node_id(*u) == id).expect("a node");
    graph.labels().expect("labels").of(u)
}

#[test]
fn ids_keep_the_zeros_in_front() {
    for (name, body) in [
        ("edges.csv", "source,target\n007,7\n7,08\n08,8\n"),
        ("edges.txt", "1 2\n007 7\n7 08\n08 8\n2 1\n"),
        ("edges.tsv", "from\tto\tweight\n007\t7\t1\n7\t08\t2\n08\t8\t3\n"),
    ] {
        let (graph, _) = read(&Folder::new().file(name, body)).expect("edges");
        let ids = sorted_ids(&graph);
        for id in ["007", "08", "7", "8"] {
            assert!(ids.iter().any(|own| own == id), "{name}: {ids:?}");
        }
    }
    // Tables are joined by the same ids.
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\n007,7\n7,8\n");
    folder.file("features.csv", "id,f\n7,1\n007,2\n8,3\n");
    folder.file("labels.csv", "id,label\n7,01\n007,1\n8,01\n");
    let (graph, report) = read(&path).expect("tables");
    assert_eq!(sorted_ids(&graph), ["007", "7", "8"]);
    assert_eq!(graph.features().to_dense().column(0).to_vec(), [2.0, 1.0, 3.0]);
    assert!(fact(&report, "classes by name").contains("01 (2), 1 (1)"), "{report:?}");
}

#[test]
fn decimal_commas_are_read_where_they_can_be_nothing_else() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source;target;weight\na;b;1,5\nb;c;0,25\nc;a;2\n");
    folder.file("features.csv", "id;f;g\na;1,5;0\nb;-0,25;1\nc;1000,125;2\n");
    let (graph, report) = read(&path).expect("tables");
    let weights = graph.edge_weights().expect("weights");
    assert_eq!(weights.iter().filter(|w| [1.5, 0.25, 2.0].contains(*w)).count(), 6, "{weights:?}");
    assert_eq!(graph.features().to_dense().column(0).to_vec(), [1.5, -0.25, 1000.125]);
    assert_eq!(fact(&report, "decimal commas"), "weight");
    assert_eq!(fact(&report, "decimal commas of features.csv"), "f");
    // Numbers as ids, and a table that may as well have separators of thousands.
    let (graph, _) =
        read(&Folder::new().file("e.tsv", "source\ttarget\tweight\n1\t2\t0,5\n2\t3\t1,5\n")).expect("edges");
    assert!(graph.edge_weights().expect("weights").contains(&0.5));
    let path = Folder::new();
    let path = path.file("e.csv", "source;target;weight\n1;2;1,500\n2;3;2,250\n");
    assert!(read(&path).is_err_and(|error| error.contains("line 2") && error.contains("1,500")));
}

#[test]
fn numbers_below_0_are_no_class_in_any_format() {
    let xml = |key: &str| {
        format!(
            "<graphml><key id=\"d\" for=\"node\" attr.name=\"class\" attr.type=\"{key}\"/><graph edgedefault=\"directed\">\
             <node id=\"a\"><data key=\"d\">0</data></node><node id=\"b\"><data key=\"d\">-1</data></node>\
             <node id=\"c\"><data key=\"d\">1</data></node><edge source=\"a\" target=\"b\"/></graph></graphml>"
        )
    };
    let gexf = "<gexf><graph><attributes class=\"node\"><attribute id=\"0\" title=\"class\" type=\"integer\"/></attributes><nodes>\
                <node id=\"a\"><attvalues><attvalue for=\"0\" value=\"0\"/></attvalues></node>\
                <node id=\"b\"><attvalues><attvalue for=\"0\" value=\"-1\"/></attvalues></node>\
                <node id=\"c\"><attvalues><attvalue for=\"0\" value=\"1\"/></attvalues></node></nodes>\
                <edges><edge source=\"a\" target=\"b\"/></edges></graph></gexf>";
    let gml = "graph [\nnode [ id 1 value 0 ]\nnode [ id 2 value -1 ]\nnode [ id 3 value 1 ]\nedge [ source 1 target 2 ]\n]\n";
    for (name, body) in [
        ("int.graphml", xml("int")),
        ("double.graphml", xml("double")),
        ("text.graphml", xml("string")),
        ("g.gexf", gexf.to_owned()),
        ("g.gml", gml.to_owned()),
    ] {
        let (graph, report) = read(&Folder::new().file(name, body)).expect(name);
        assert_eq!(classes(&graph), [Some(0), None, Some(1)], "{name}: {report:?}");
        assert!(!report.facts.iter().any(|fact| fact.name == "features from"), "{name}: {report:?}");
    }
    for body in [
        "id,label\na,0.0\nb,-1.0\nc,1.0\n",
        "id,label\na,0\nb,-100\nc,1\n",
        "id,c0,c1\na,1,0\nb,,\nc,0,1\n",
        "id,c0,c1\na,1,0\nb,-1,-1\nc,0,1\n",
        "id,c0,c1\na,1.0,0.0\nc,0.0,1.0\n",
    ] {
        let folder = Folder::new();
        let path = folder.file("edges.csv", "source,target\na,b\nb,c\n");
        folder.file("labels.csv", body);
        let (graph, report) = read(&path).expect("tables");
        let found = ["a", "b", "c"].map(|id| class_of(&graph, id));
        assert_eq!(found, [Some(0), None, Some(1)], "{body:?}: {report:?}");
    }
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\na,b\nb,c\n");
    folder.file("split.csv", "id,split\na,train\nb,Unlabelled\nc,test\n");
    assert_eq!(read(&path).expect("tables").0.splits().len(), 1);
}

#[test]
fn a_matrix_is_the_same_in_every_form_that_is_pickled() {
    const PARTS: [&str; 8] = ["x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"];
    let set = |changed: &str, bytes: Option<Vec<u8>>| {
        let folder = Folder::new();
        for part in PARTS {
            let own = bytes.clone().filter(|_| part == changed);
            folder.file(&format!("ind.tiny.{part}"), own.unwrap_or_else(|| fixture(&format!("ind.tiny.{part}"))));
        }
        read(&folder.path().join("ind.tiny.graph"))
    };
    let (wanted, _) = set("", None).expect("the set");
    for form in ["csc", "coo", "bsr", "dia", "lil", "lil0", "dok", "dense", "matrix"] {
        let (graph, _) = set("tx", Some(fixture(&format!("forms/tx.{form}")))).expect(form);
        assert_eq!(graph.features().to_dense(), wanted.features().to_dense(), "{form}");
    }
    for protocol in ["0", "1"] {
        let (graph, _) = set("graph", Some(fixture(&format!("forms/graph.{protocol}")))).expect(protocol);
        assert_eq!(graph.topology().n_entries(), wanted.topology().n_entries(), "protocol {protocol}");
    }
}

#[test]
fn a_batch_of_pyg_is_one_graph() {
    let (graph, _) = read(&Folder::new().file("batch.pt", fixture("forms/batch.pt"))).expect("a batch");
    assert_eq!(graph.n_nodes(), 6);
    assert_eq!(classes(&graph), [Some(0), Some(1), Some(0), Some(0), Some(1), Some(0)]);
}

#[test]
fn what_is_only_a_detail_does_not_close_an_archive() {
    let objects = npy_with_header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", &[0; 8]);
    let arrays = with(with(gnn_benchmark(), "class_names", Some(objects.clone())), "node_names", Some(objects));
    let (_, report) = read(&Folder::new().file("a.npz", npz(&arrays))).expect("the archive");
    let ignored = report.ignored.join("; ");
    assert!(ignored.contains("class_names") && ignored.contains("node_names"), "{ignored}");
}

#[test]
fn comments_and_dictionaries_of_edge_lists_are_taken_at_their_word() {
    let weights = |graph: &Dataset| {
        let mut weights = graph.edge_weights().map_or_else(Vec::new, <[f32]>::to_vec);
        weights.retain(|weight| (*weight - 1.0).abs() > 0.0);
        weights.sort_by(f32::total_cmp);
        weights.dedup();
        weights
    };
    let (graph, _) = read(&Folder::new().file("links.csv", "#source,target,weight\n0,1,2\n1,2,3\n")).expect("edges");
    assert_eq!(weights(&graph), [2.0, 3.0]);
    let (graph, report) =
        read(&Folder::new().file("g.edgelist", "1 2 {'weight': 3.5}\n2 3 {'weight': 0.5, 'kind': 'x'}\n3 1 {}\n"))
            .expect("edges");
    assert_eq!(weights(&graph), [0.5, 3.5]);
    assert!(report.warnings.iter().any(|line| line.contains("1 edges have no weight")), "{report:?}");
}

#[test]
fn files_of_other_programs_and_pickles_are_named() {
    for (bytes, words) in [
        (&b"*Vertices 2\n1 \"a\"\n2 \"b\"\n*Arcs\n1 2 1\n"[..], ["Pajek", "read_pajek"]),
        (
            b"nodedef>name VARCHAR,label VARCHAR\ns1,A\ns2,B\nedgedef>node1 VARCHAR,node2 VARCHAR\ns1,s2\n",
            ["GDF", "Gephi"],
        ),
        (b"c road\np sp 3 2\na 1 2 5\na 2 3 7\n", ["DIMACS", "igraph"]),
        (b"{\"nodes\": [{\"id\": 0}], \"links\": []}", ["JSON", "write_graphml"]),
        (b"\x80\x03cscipy.sparse.csr\ncsr_matrix\nq\x00.", ["protocol 3", "save_npz"]),
        (b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x08networkx.", ["protocol 5", "write_graphml"]),
        (b"ccopy_reg\n_reconstructor\np0\n(cscipy.sparse.csr\ncsr_matrix\n", ["protocol 0", "save_npz"]),
        (b"\xff\xfe\0\0a\0\0\0", ["UTF-32", "UTF-8"]),
    ] {
        let path = Folder::new();
        let path = path.file("data", bytes);
        let found = detect(&path).expect("known").to_string();
        assert!(words.iter().all(|word| found.contains(word)), "{found}");
    }
    let folder = Folder::new();
    let found =
        detect(folder.file("a.mat", [0u32.to_le_bytes(), 4u32.to_le_bytes()].concat())).expect("known").to_string();
    assert!(found.contains("version 4"), "{found}");
}

fn network(more: &[(&'static str, Vec<u8>)]) -> Arrays {
    let mut arrays: Arrays = vec![
        ("convs.0.lin.weight", floats(&[4, 3], &[0.5; 12])),
        ("convs.0.bias", floats(&[4], &[0.1; 4])),
        ("convs.1.lin.weight", floats(&[2, 4], &[0.25; 8])),
        ("convs.1.bias", floats(&[2], &[0.2; 2])),
    ];
    arrays.extend(more.iter().cloned());
    arrays
}

#[test]
fn parts_of_a_network_are_not_left_out() {
    let model = |more: &[(&'static str, Vec<u8>)]| {
        let folder = Folder::new();
        let path = folder.file("model.npz", npz(&network(more)));
        read_model(path.to_str().expect("UTF-8")).map_err(|error| error.to_string())
    };
    let ones = |n: usize| floats(&[n], &vec![1.0; n]);
    for (more, word) in [
        (vec![("norms.0.weight", ones(4))], "norms.0"),
        (vec![("act.weight", ones(1)), ("act.bias", ones(1))], "act"),
        (vec![("prop1.temp", ones(11))], "hop"),
        (vec![("bns.0.running_mean", ones(4)), ("bns.0.running_var", ones(4)), ("balance.weight", ones(2))], "balance"),
    ] {
        let refusal = model(&more).expect_err("a part of the network");
        assert!(refusal.contains(word), "{word}: {refusal}");
    }
    // Normalisations without running statistics and activations with slopes are.
    for (more, norm, activation) in [
        (vec![("norms.0.weight", ones(4)), ("norms.0.bias", ones(4))], Norm::LayerGraph, Activation::Relu),
        (vec![("ln1.weight", ones(4)), ("ln1.bias", ones(4))], Norm::Layer, Activation::Relu),
        (
            vec![("norms.0.weight", ones(4)), ("norms.0.bias", ones(4)), ("norms.0.mean_scale", ones(4))],
            Norm::Graph,
            Activation::Relu,
        ),
        (vec![("act.weight", ones(1))], Norm::None, Activation::Prelu),
    ] {
        let (network, report) = model(&more).expect("a part of the network");
        assert_eq!((network.architecture.norm, network.architecture.activation), (norm, activation), "{report:?}");
        assert!(report.ignored.is_empty(), "{report:?}");
    }
    // A loss's class weights are none, also where the network lies at the top of the file.
    let (_, report) = model(&[
        ("bns.0.weight", ones(4)),
        ("bns.0.bias", ones(4)),
        ("bns.0.running_mean", ones(4)),
        ("bns.0.running_var", ones(4)),
        ("criterion.weight", ones(2)),
    ])
    .expect("a network and a loss");
    assert!(report.ignored.iter().any(|name| name.contains("criterion.weight")), "{report:?}");
    assert!(!report.ignored.iter().any(|name| name.contains("bns")), "{report:?}");
}

#[test]
fn a_list_of_edges_without_edges_is_one_in_every_shape_that_numpy_gives_it() {
    for shape in [&[0, 2][..], &[2, 0], &[0]] {
        let arrays = with(heterophilous(), "edges", Some(int_matrix(shape, &[])));
        let (graph, _) = read(&Folder::new().file("a.npz", npz(&arrays))).expect("a graph of nodes alone");
        assert_eq!(graph.topology().n_entries(), graph.topology().n_self_loops(), "{shape:?}");
    }
}
