//! Tables as analysts have them: headers at their word, text ids joined across files, classes by name, encodings, refusals that help.

use unifews::engine::graph::{Dataset, Encoding, ReadOptions};
use unifews::io::{Detected, LoadReport, Role, detect, read_graph, read_graph_as, roles};

use crate::files::Folder;
use crate::support::{control, fact};

fn read(path: &std::path::Path) -> Result<(Dataset, LoadReport), String> {
    read_graph(path.to_str().expect("UTF-8"), &control()).map_err(|error| error.to_string())
}

fn ids(graph: &Dataset) -> Vec<String> {
    (0..graph.n_nodes()).map(|u| graph.node_id(u)).collect()
}

fn edges(graph: &Dataset) -> Vec<String> {
    let own = graph.topology().entries().filter(|(u, v)| u < v);
    own.map(|(u, v)| format!("{}-{}", graph.node_id(u as usize), graph.node_id(v as usize))).collect()
}

fn classes(graph: &Dataset) -> Vec<String> {
    let Some(labels) = graph.labels() else { return Vec::new() };
    let name = |c: usize| labels.names.get(c).cloned().unwrap_or_else(|| c.to_string());
    (0..graph.n_nodes()).map(|u| labels.of(u).map_or_else(|| "?".to_owned(), name)).collect()
}

#[test]
fn headers_are_taken_at_their_word_in_every_spelling() {
    for body in [
        "source,target,weight\nann,bob,2\nbob,cy,3\n",
        "Source;Target;Type;Id;Label;timeset;Weight\nann;bob;Directed;0;;;2\nbob;cy;Directed;1;;;3\n",
        "FROM\tTO\tWeight\r\nann\tbob\t2\r\nbob\tcy\t3\r\n\r\n",
        "\u{feff}始点,終点,重み\nann,bob,2\nbob,cy,3\n",
        ",src,dst,weight\n0,ann,bob,2\n1,bob,cy,3\n",
        "\"\",\"from\",\"to\",\"weight\"\n\"1\",\"ann\",\"bob\",2\n\"2\",\"bob\",\"cy\",3\n",
        "sep=;\nsource;target;weight\nann;bob;2\nbob;cy;3\n",
        "weight,dst,src\n2,bob,ann\n3,cy,bob\n",
    ] {
        let (graph, _) = read(&Folder::new().file("links.csv", body)).expect("a table");
        assert_eq!(edges(&graph).len(), 2, "{body:?}");
        let mut names = ids(&graph);
        names.sort();
        assert_eq!(names, ["ann", "bob", "cy"], "{body:?}");
        assert_eq!(graph.edge_weights().expect("weights").iter().filter(|w| **w > 1.0).count(), 4, "{body:?}");
    }
}

#[test]
fn quotes_hold_separators_marks_and_line_breaks() {
    let body = "\"Source\";\"Target\";\"Weight\"\r\n\"Müller; Söhne\";\"a \"\"b\"\"\";\"2\"\r\n\"two\r\nlines\";\"Müller; Söhne\";\"1\"\r\n";
    let (graph, _) = read(&Folder::new().file("edges.csv", body)).expect("a table");
    assert_eq!(ids(&graph), ["Müller; Söhne", "a \"b\"", "two\r\nlines"]);
    // Quoted integers are numbers, in ascending order.
    let (graph, _) =
        read(&Folder::new().file("e.csv", "\"from\",\"to\"\n\"7\",\"2\"\n\"10\",\"7\"\n")).expect("a table");
    assert_eq!(ids(&graph), ["2", "7", "10"]);
}

#[test]
fn features_and_labels_beside_are_joined_by_id() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\nann,bob\nbob,cy\n");
    folder.file("features.csv", "id,age,height,city\ncy,3,0.5,Ulm\nann,1,1.5,Bonn\nbob,2,2.5,Ulm\ndan,4,4.5,Ulm\n");
    folder.file("labels.csv", "node,class\nbob,red\nann,blue\nzoe,red\ncy,空欄\n");
    folder.file("split.csv", "id,split\nann,train\nbob,検証\ncy,test\n");
    let (graph, report) = read(&path).expect("tables");
    assert_eq!(ids(&graph), ["ann", "bob", "cy", "dan"]);
    assert_eq!(graph.features().to_dense().column(0).to_vec(), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(classes(&graph), ["blue", "red", "?", "?"]);
    assert_eq!(fact(&report, "ids of features.csv"), "column id: 4 of 4 nodes matched");
    assert_eq!(fact(&report, "nodes of the tables without an edge"), "1");
    assert!(
        report.warnings.iter().any(|w| w.contains("labels.csv: 1 rows for unknown nodes, lines 4 (zoe)")),
        "{report:?}"
    );
    assert!(report.ignored.iter().any(|i| i.contains("city")), "{report:?}");
    let split = &graph.splits()[0];
    assert_eq!((&split.train[..], &split.val[..], &split.test[..]), (&[0][..], &[1][..], &[2][..]));
    // The folder alone opens as its list of edges.
    let folder_path = folder.path();
    assert_eq!(detect(folder_path).expect("readable").to_string(), "a graph (edge list)");
    assert_eq!(read(folder_path).expect("a folder").0.n_nodes(), 4);
}

#[test]
fn one_table_of_nodes_gives_features_classes_and_split_and_names_are_no_classes() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "Source,Target\n1,2\n2,3\n3,4\n");
    folder.file(
        "nodes.csv",
        "Id,Label,x,kind,category,set\n1,A,0.5,u,p,train\n2,B,1.5,u,q,val\n3,C,2.5,v,p,test\n4,D,3.5,v,q,test\n",
    );
    let (graph, report) = read(&path).expect("tables");
    assert_eq!(graph.features().width(), 1, "{report:?}");
    assert_eq!(classes(&graph), ["p", "q", "p", "q"]);
    assert_eq!(graph.splits()[0].test, [2, 3]);
    assert!(report.ignored.iter().any(|i| i.contains("Label")), "{report:?}");
    assert_eq!(fact(&report, "classes by name"), "column category: p (2), q (2)");
}

#[test]
fn rows_without_ids_are_an_assumption_and_wrong_counts_are_refused() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\n0,1\n1,2\n");
    let x = folder.file("values.csv", "a,b\n1,2\n3,4\n5,6.5\n");
    let options = ReadOptions { feature_file: Some(x.display().to_string()), ..ReadOptions::default() };
    let spec = path.to_str().expect("UTF-8");
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!(graph.features().width(), 2);
    assert!(report.warnings.iter().any(|w| w.contains("no column of ids")), "{report:?}");
    folder.file("values.csv", "a,b\n1,2\n3,4.5\n");
    let error = read_graph_as(spec, &options, &control()).map(|_| ()).unwrap_err().to_string();
    assert!(
        error.contains("3 rows (one per node)") && error.contains("found 2") && error.contains("--id-column"),
        "{error}"
    );
    // Texts have no order.
    let path = folder.file("named.csv", "source,target\nann,bob\nbob,cy\n");
    folder.file("values.csv", "a,b\n1,2\n3,4\n5,6.5\n");
    let error = read_graph_as(path.to_str().expect("UTF-8"), &options, &control()).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("belong to none") && error.contains("--id-column"), "{error}");
}

#[test]
fn classes_are_numbers_or_names_and_special_values_are_none() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\n1,2\n2,3\n3,4\n");
    for (body, expected) in [
        ("id,y\n1,1.0\n2,0.0\n3,\n4,NaN\n", ["1", "0", "?", "?"]),
        ("id,label\n1,2010\n2,2020\n3,-1\n4,NA\n", ["2010", "2020", "?", "?"]),
        ("id,分類\n1,猫\n2,犬\n3,空欄\n4,猫\n", ["猫", "犬", "?", "猫"]),
        ("id,c0,c1,c2\n1,1,0,0\n2,0,1,0\n3,0,0,1\n4,1,0,0\n", ["c0", "c1", "c2", "c0"]),
    ] {
        folder.file("labels.csv", body);
        let (graph, report) = read(&path).expect("tables");
        assert_eq!(classes(&graph), expected, "{body:?} {report:?}");
    }
    folder.file("labels.csv", "id,y\n1,0.25\n2,0.5\n3,1\n4,2\n");
    let error = read(&path).map(|_| ()).unwrap_err();
    assert!(error.contains("a number to be predicted is no class") && error.contains("first lines"), "{error}");
}

#[test]
fn encodings_are_recognised_or_refused_with_their_place() {
    let folder = Folder::new();
    // 始点,終点 / 東,西 in Shift_JIS.
    let sjis = b"\x8e\x6e\x93\x5f,\x8f\x49\x93\x5f\n\x93\x8c,\x90\xbc\n\x90\xbc,\x96\x6b\n";
    let (graph, report) = read(&folder.file("edges.csv", &sjis[..])).expect("Shift_JIS");
    assert_eq!(ids(&graph), ["東", "西", "北"]);
    assert!(fact(&report, "encoding").starts_with("shift-jis"), "{report:?}");
    let wide = |text: &str| [b"\xff\xfe".to_vec(), text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    let (graph, _) = read(&folder.file("wide.txt", wide("source\ttarget\r\nä\tb\r\nb\tc\r\n"))).expect("UTF-16");
    assert_eq!(ids(&graph), ["ä", "b", "c"]);
    let path = folder.file("latin.csv", &b"source,target\nK\xf6ln,Ulm\nK\xe9ln,Ulm\n"[..]);
    let error = read(&path).map(|_| ()).unwrap_err();
    assert!(error.starts_with("line 2: expected UTF-8") && error.contains("--encoding"), "{error}");
    let options = ReadOptions { encoding: Some(Encoding::Latin1), ..ReadOptions::default() };
    let (graph, _) = read_graph_as(path.to_str().expect("UTF-8"), &options, &control()).expect("Latin-1");
    assert_eq!(ids(&graph), ["Köln", "Ulm", "Kéln"]);
}

#[test]
fn a_first_line_of_counts_is_no_edge() {
    let folder = Folder::new();
    for body in ["6 6 7\n0 5\n5 4\n4 3\n3 2\n2 1\n1 0\n0 2\n", "6 7\n0 5\n5 4\n4 3\n3 2\n2 1\n1 0\n0 2\n"] {
        let (graph, report) = read(&folder.file("graph.txt", body)).expect("a list");
        assert_eq!((graph.n_nodes(), edges(&graph).len()), (6, 7), "{report:?}");
        assert!(fact(&report, "first line").contains("states counts and is no edge"), "{report:?}");
    }
    let path = folder.file("graph.txt", "6 6 7\n0 5\n5 4\n4 3\n");
    let options = ReadOptions { header: Some(false), ..ReadOptions::default() };
    let (graph, _) = read_graph_as(path.to_str().expect("UTF-8"), &options, &control()).expect("a list");
    assert_eq!(graph.n_nodes(), 5);
}

#[test]
fn a_first_line_of_counts_in_front_of_texts_is_no_edge() {
    let folder = Folder::new();
    let rows = |separator: &str| {
        ["ann bob", "bob cy", "cy dan", "dan ann"].map(|row| row.replace(' ', separator)).join("\n") + "\n"
    };
    let weighted = "ann bob 0.5\nbob cy 1.5\ncy dan 2\ndan ann 1\n";
    for body in [
        // Exactly right, in every spelling.
        format!("4 4\n{}", rows(" ")),
        format!("4,4\n{}", rows(",")),
        format!("4\t4\n{}", rows("\t")),
        format!("# comment\n4 4\n{}", rows(" ")),
        format!("4 4 4\n{weighted}"),
        // Another number of columns, right or not.
        format!("4 4 4\n{}", rows(" ")),
        format!("300 900\n{weighted}"),
        format!("300 900\n{}", rows(",")),
        format!("4\n{}", rows(" ")),
        format!("4\r\n{}", rows("\t").replace('\n', "\r\n")),
        // A header behind it.
        format!("4,4\nsource,target\n{}", rows(",")),
    ] {
        let (graph, report) =
            read(&folder.file("graph.txt", &body)).unwrap_or_else(|error| panic!("{body:?}: {error}"));
        assert_eq!(ids(&graph), ["ann", "bob", "cy", "dan"], "{body:?} {report:?}");
        assert_eq!(edges(&graph).len(), 4, "{body:?} {report:?}");
        assert!(fact(&report, "first line").contains("states counts and is no edge"), "{body:?} {report:?}");
        let is_wrong = body.starts_with("300");
        assert_eq!(
            report.warnings.iter().any(|w| w.contains("states 300 nodes and 900 edges")),
            is_wrong,
            "{report:?}"
        );
    }
    // Counts that are not right are an edge of nodes that are called so, and this is said.
    let (graph, report) = read(&folder.file("graph.txt", format!("300 900\n{}", rows(" ")))).expect("a list");
    assert_eq!(graph.n_nodes(), 6);
    assert!(report.warnings.iter().any(|w| w.contains("`300 900`, is read as an edge")), "{report:?}");
    // As the user says.
    let path = folder.file("graph.txt", format!("4 4\n{}", rows(" ")));
    let options = ReadOptions { header: Some(false), ..ReadOptions::default() };
    let (graph, _) = read_graph_as(path.to_str().expect("UTF-8"), &options, &control()).expect("a list");
    assert_eq!(graph.n_nodes(), 5);
    // One number in front of integers.
    let (graph, report) = read(&folder.file("graph.txt", "5\n0 1\n1 2\n2 3\n")).expect("a list");
    assert_eq!((graph.n_nodes(), edges(&graph).len()), (5, 3), "{report:?}");
}

#[test]
fn embeddings_may_state_their_counts() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\nann,bob\nbob,cy\n");
    folder.file("features.txt", "3 4\ncy 0.1 0.2 0.3 0.4\nann 1.1 0.2 0.3 0.4\nbob 2.1 0.2 0.3 0.4\n");
    let (graph, report) = read(&path).expect("a graph");
    assert_eq!(graph.features().to_dense().column(0).to_vec(), [1.1, 2.1, 0.1], "{report:?}");
    assert!(fact(&report, "first line of features.txt").contains("states counts and is no row"), "{report:?}");
}

#[test]
fn both_directions_with_different_weights_are_counted() {
    let (_, report) =
        read(&Folder::new().file("e.csv", "source,target,weight\n0,1,2\n1,0,3\n1,2,1\n")).expect("a list");
    assert!(report.warnings.iter().any(|w| w.starts_with("1 edges stand there in both directions")), "{report:?}");
}

#[test]
fn roles_follow_headers_and_names_and_say_why() {
    let folder = Folder::new();
    for (name, body, role) in [
        ("a.csv", "from,to\nx,y\ny,z\n", Role::Edges),
        ("b.csv", "id,a,b,c\nx,1,2,3.5\ny,1,2,3\n", Role::Features),
        ("c.csv", "id,class\nx,red\ny,red\n", Role::Labels),
        ("d.csv", "id,split\nx,train\ny,test\n", Role::Split),
        ("labels.csv", "0,1\n1,0\n2,1\n", Role::Labels),
        ("e.txt", "0 1\n1 2\n", Role::Edges),
        ("f.csv", "# c\nhttp://a#1\thttp://b\nhttp://b\thttp://c#2\n", Role::Edges),
        ("prose.txt", "Dear reader,\nthis is no graph.\n", Role::LeftOut),
    ] {
        let path = folder.file(name, body);
        let report = roles(&path, &ReadOptions::default()).expect("readable");
        assert_eq!(report.chosen, role, "{name}: {report:?}");
        assert!(!report.why.is_empty());
    }
    let path = folder.file("c.csv", "id,class\nx,red\ny,red\n");
    let told = ReadOptions { feature_file: Some(path.display().to_string()), ..ReadOptions::default() };
    assert_eq!(roles(&path, &told).expect("readable").chosen, Role::Features);
}

#[test]
fn a_refused_table_shows_what_was_recognised_and_the_way_out() {
    let folder = Folder::new();
    // What may be thousands is no decimal comma.
    let path = folder.file("edges.csv", "source;target;weight\na;b;1,250\nb;c;2,500\n");
    let error = read(&path).map(|_| ()).unwrap_err();
    assert!(
        error.starts_with("line 2: expected a finite number in column 3 (the weight), found `1,250` (a decimal comma"),
        "{error}"
    );
    assert!(
        error.contains("columns between semicolons, a header") && error.contains("first lines `source;target;weight`"),
        "{error}"
    );
    assert!(error.contains("--columns") && error.contains("--separator") && error.contains("--encoding"), "{error}");
}

#[test]
fn an_empty_list_with_a_table_of_nodes_is_a_graph_without_edges() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\n");
    folder.file("features.csv", "id,a\nx,1\ny,2.5\n");
    let (graph, _) = read(&path).expect("nodes alone");
    assert_eq!((graph.n_nodes(), edges(&graph).len()), (2, 0));
}

#[test]
fn wrong_downloads_are_named_with_the_way_out() {
    let folder = Folder::new();
    for (body, words) in [
        (&b"<!DOCTYPE html><html><head><title>Login</title>"[..], "an HTML page with the title `Login`"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "git lfs pull"),
        (b"{\"message\": \"Not Found\"}", "an error message as JSON"),
        (b"", "an empty file (0 bytes"),
        (b"BZh91AY", "bunzip2"),
    ] {
        let path = folder.file("edges.csv", body);
        let found = detect(&path).expect("readable");
        assert!(matches!(&found, Detected::Unknown { found } if found.contains(words)), "{found}");
    }
}

#[test]
fn nodes_that_have_nothing_but_names_are_nodes() {
    let folder = Folder::new();
    let path = folder.file(
        "edges.csv",
        "Source,Target,Type,Id,Label,timeset,Weight\na,b,Undirected,0,,,1.0\nb,c,Undirected,1,,,2.0\n",
    );
    let nodes = folder.file("nodes.csv", "Id;Label;timeset\na;Alice;\nb;Bob;\nc;Cy;\nd;Dan;\n");
    let (graph, report) = read(&path).expect("a graph");
    assert_eq!(ids(&graph), ["a", "b", "c", "d"]);
    assert!(graph.labels().is_none(), "{report:?}");
    assert!(report.warnings.iter().any(|w| w.contains("no columns of numbers")), "{report:?}");
    assert_eq!(roles(&nodes, &ReadOptions::default()).expect("readable").chosen, Role::Features);
}

#[test]
fn a_class_among_the_features_is_left_out_where_labels_have_a_file_of_their_own() {
    let folder = Folder::new();
    let path = folder.file("edges.csv", "source,target\nann,bob\nbob,cy\ncy,dan\n");
    let labels = folder.file("c/labels.csv", "id,label\nann,red\nbob,blue\ncy,red\ndan,blue\n").display().to_string();
    let split = folder.file("c/parts.csv", "id,split\nann,train\nbob,train\ncy,val\ndan,test\n").display().to_string();
    // A number to be predicted, a class in other words, a coordinate, a split that makes no sense: each would refuse the graph.
    let file = folder.file(
        "f/x.csv",
        "id,a,y,target,category,split\nann,1,0.5,3,u,train\nbob,2,1.5,4,v,train\ncy,3,2.5,5,w,val\ndan,4,3.5,6,z,val\n",
    );
    let spec = path.to_str().expect("UTF-8");
    let mut options = ReadOptions {
        feature_file: Some(file.display().to_string()),
        label_file: Some(labels.clone()),
        split_file: Some(split),
        ..ReadOptions::default()
    };
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!(graph.features().to_dense().row(3).to_vec(), [4.0], "{report:?}");
    assert_eq!(classes(&graph), ["red", "blue", "red", "blue"]);
    assert_eq!((graph.splits().len(), graph.splits()[0].test.len()), (1, 1));
    for column in ["y", "target", "category"] {
        let says = |i: &String| i.starts_with(&format!("column {column} of x.csv: labels are read from "));
        let said = report.ignored.iter().find(|i| says(i)).unwrap_or_else(|| panic!("{column}: {report:?}"));
        assert!(said.contains("labels.csv") && said.contains("--features names"), "{said}");
    }
    assert!(report.ignored.iter().any(|i| i.starts_with("column split of x.csv: splits are read from ")), "{report:?}");
    assert_eq!(report.facts.iter().filter(|fact| fact.name == "classes by name").count(), 1);
    // Said by name it is a feature.
    options.features = Some(vec!["a".to_owned(), "y".to_owned()]);
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!(graph.features().to_dense().row(3).to_vec(), [4.0, 3.5], "{report:?}");
    assert!(!report.ignored.iter().any(|i| i.starts_with("column y ")), "{report:?}");
    // Beside the edges it is the same.
    options = ReadOptions::default();
    folder.file("features.csv", "id,a,y\nann,1,0.5\nbob,2,1.5\ncy,3,2.5\ndan,4,3.5\n");
    folder.file("labels.csv", "id,label\nann,red\nbob,blue\ncy,red\ndan,blue\n");
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!((graph.features().width(), graph.n_classes()), (1, 2), "{report:?}");
    assert!(report.ignored.iter().any(|i| i.starts_with("column y of features.csv: labels are read")), "{report:?}");
    // One file for both is no other file.
    let file = folder.file("both.csv", "id,a,y\nann,1,0\nbob,2,1\ncy,3,0\ndan,4,1\n").display().to_string();
    options = ReadOptions { feature_file: Some(file.clone()), label_file: Some(file), ..ReadOptions::default() };
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!((graph.features().width(), graph.n_classes()), (1, 2), "{report:?}");
    assert!(!report.ignored.iter().any(|i| i.starts_with("column y")), "{report:?}");
    // Nothing else is left: a graph without features, and no refusal.
    let file = folder.file("y.csv", "id,y\nann,0.5\nbob,1\ncy,0\ndan,1\n").display().to_string();
    options = ReadOptions { feature_file: Some(file), label_file: Some(labels), ..ReadOptions::default() };
    let (graph, report) = read_graph_as(spec, &options, &control()).expect("tables");
    assert_eq!((graph.features().width(), graph.n_classes()), (4, 2), "{report:?}");
    assert!(report.warnings.iter().any(|w| w.contains("no columns of numbers, so no features")), "{report:?}");
}
