//! Broken files of the exchange formats: each is refused with exactly the text that says where, what was expected and what was
//! found.

use unifews::engine::graph::{Column, ReadOptions};
use unifews::io::{read_graph_as, read_graph_within};

use crate::files::{Folder, gzip};
use crate::support::control;

/// Reads `name` with `body`, and compares the text of the error; `FILE` in it stands for the path.
fn check(name: &str, body: impl AsRef<[u8]>, expected: &str) {
    check_as(&ReadOptions::default(), name, body, expected);
}

fn check_as(options: &ReadOptions, name: &str, body: impl AsRef<[u8]>, expected: &str) {
    let folder = Folder::new();
    let path = folder.file(name, body);
    let spec = path.to_str().expect("UTF-8");
    let Err(error) = read_graph_within(spec, options, u64::MAX, &control()) else {
        panic!("read; expected {expected}")
    };
    assert_eq!(error.to_string(), format!("{expected}: {spec}"), "{name}");
}

#[test]
fn edge_lists() {
    let two = "two integers from 0 (the ends of an edge; where ids are text, say --columns source,target)";
    let refused = |weight: &str| {
        format!(
            "line 2: expected a finite number in column 3 (the weight), found `{weight}` (read as columns between commas, a header, \
             utf-8; source (source), target (target), weight (weight); first lines `source,target,weight`, `0,1,{weight}`; say otherwise \
             with --columns, --header, --separator, --encoding, --id-column, --features or --labels)"
        )
    };
    check("e.csv", "source,target,weight\n0,1,x\n", &refused("x"));
    check("e.csv", "source,target,weight\n0,1,inf\n", &refused("inf"));
    check("e.tsv", "0\t1\n1\t2x\n", &format!("line 2: expected {two}, found `1 2x`"));
    check("e.txt.gz", gzip(b"0 1\n1 b\n"), &format!("line 2: expected {two}, found `1 b`"));
    let columns = |columns: &[Column]| ReadOptions { columns: Some(columns.to_vec()), ..ReadOptions::default() };
    check_as(&columns(&[Column::Source]), "e.txt", "0 1\n", "graph.columns: expected one target column, found none");
    let twice = columns(&[Column::Source, Column::Source, Column::Target]);
    check_as(&twice, "e.txt", "0 1 2\n", "graph.columns: expected one source column, found two");
    let third = columns(&[Column::Source, Column::Ignored, Column::Target]);
    check_as(&third, "e.txt", "0 1 2\n0 1\n", &format!("line 2: expected {two}, found `0 1`"));
}

#[test]
fn packed_files() {
    let mut packed = gzip("0 1\n".repeat(9000).as_bytes());
    packed.truncate(packed.len() - 6);
    check("e.txt.gz", packed, "whole file: expected intact gzip data, found unexpected end of file");
    let mut packed =
        gzip(&(0..9000u32).flat_map(|u| format!("{u} {}\n", u * 7 % 9000).into_bytes()).collect::<Vec<_>>());
    let middle = packed.len() / 2;
    packed[middle..middle + 40].fill(0xaa);
    let folder = Folder::new();
    let path = folder.file("e.txt.gz", packed);
    let error = read_graph_as(path.to_str().expect("UTF-8"), &ReadOptions::default(), &control()).map(|_| ());
    let text = error.unwrap_err().to_string();
    assert!(text.starts_with("whole file: expected intact gzip data, found") || text.starts_with("line "), "{text}");
    let bomb = gzip(&[b"0 1\n".to_vec(), vec![b'\n'; 80 << 20]].concat());
    let n = bomb.len() * 256;
    let limit = n.max(64 << 20);
    check("bomb.gz", bomb, &format!("whole file: expected at most {limit} bytes unpacked, found more"));
}

#[test]
fn matrix_market() {
    let banner = |words: &str, body: &str| format!("%%MatrixMarket {words}\n{body}");
    let plain = |body: &str| banner("matrix coordinate real general", body);
    check(
        "a.mtx",
        "%%MatrixMarket matrix\n",
        "line 1: expected %%MatrixMarket matrix and three words (form, field, symmetry), found `%%matrixmarket matrix`",
    );
    check("a.mtx", banner("tensor coordinate real general", ""), "line 1: expected a matrix, found tensor");
    check("a.mtx", banner("matrix list real general", ""), "line 1: expected coordinate or array, found list");
    check(
        "a.mtx",
        banner("matrix coordinate complex hermitian", "1 1 1\n1 1 0 0\n"),
        "line 1: expected real, integer or pattern values (a weight is one number), found complex",
    );
    check(
        "a.mtx",
        banner("matrix array pattern general", ""),
        "line 1: expected real, double, integer or pattern, found pattern",
    );
    check(
        "a.mtx",
        banner("matrix array real odd", ""),
        "line 1: expected general, symmetric, skew-symmetric or hermitian, found odd",
    );
    check("a.mtx", plain(""), "line 1: expected rows, columns and entries, found the end of the file");
    check("a.mtx", plain("% c\n\n3 3\n"), "line 4: expected rows, columns and entries, found `3 3`");
    check("a.mtx", plain("3 4 1\n1 1 1\n"), "line 2: expected as many rows as columns, found 3 x 4");
    check("a.mtx", plain("3 3 2\n1 2 1\n"), "line 3: expected 2 entries, found 1 and the end of the file");
    check(
        "a.mtx",
        plain("3 3 1\n1 2 1\n1 3 1\n"),
        "line 4: expected the end of the file after 1 entries, found another entry",
    );
    check("a.mtx", plain("3 3 1\n0 2 1\n"), "line 3: expected rows and columns from 1 to 3, found 0 2");
    check("a.mtx", plain("3 3 1\n1 4 1\n"), "line 3: expected rows and columns from 1 to 3, found 1 4");
    check("a.mtx", plain("3 3 1\n1 2\n"), "line 3: expected a row, a column and a number, found `1 2`");
    check("a.mtx", plain("3 3 1\n1 2 nan\n"), "line 3: expected a row, a column and a number, found `1 2 nan`");
    check(
        "a.mtx",
        plain("4294967296 4294967296 1\n1 2 1\n"),
        "line 2: expected fewer than 4294967295 rows, found 4294967296",
    );
    check(
        "a.mtx",
        plain("99999999 99999999 1\n1 2 1\n"),
        "line 2: expected at most 4194304 nodes in a file of 72 bytes, found 99999999",
    );
    let array = |body: &str| banner("matrix array integer symmetric", body);
    check("a.mtx", array("2 2\n1\n2\n"), "line 4: expected 2 columns, found the end of the file in column 2");
    check(
        "a.mtx",
        array("2 2\n1\n2\n3\n4\n"),
        "line 6: expected the end of the file after 2 columns, found another number",
    );
    check("a.mtx", array("2 2\n1\nx\n3\n"), "line 4: expected a number, found `x`");
    check("a.mtx", plain("0 0 0\n"), "graph: expected at least one node, found none");
}

#[test]
fn metis() {
    check(
        "a.metis",
        "3 2 021\n2\n1 3\n2\n",
        "line 1: expected nodes, edges and perhaps three digits of 0 and 1 and a count of weights, found `3 2 021`",
    );
    check("a.metis", "3 2\n2\n1 4\n2\n", "line 3: expected neighbours from 1 to 3, found `4`");
    check("a.metis", "3 2\n2\n0 3\n2\n", "line 3: expected neighbours from 1 to 3, found `0`");
    check("a.metis", "4 2\n2\n1 3\n", "line 3: expected 4 nodes, found 2 and the end of the file");
    check("a.metis", "2 1\n2\n1\n1 2 1\n", "line 4: expected the end of the file after 2 nodes, found another line");
    check("a.metis", "3 2\n2\n1 3\n\n", "whole file: expected 4 neighbours (each of 2 edges twice), found 3");
    check("a.metis", "3 2 1\n2 5\n1 5 3\n2 5\n", "line 3: expected a weight of the edge, found the end of the line");
    check(
        "a.metis",
        "3 2 011 1\n1 2 5\nx 1 5 3 5\n1 2 5\n",
        "line 3: expected a size or weight of the vertex, found `x`",
    );
}

#[test]
fn graphml() {
    let around =
        |body: &str| format!("<graphml><key id=\"d\" for=\"node\" attr.name=\"x\" attr.type=\"int\"/>{body}</graphml>");
    let graph = |body: &str| around(&format!("<graph>{body}</graph>"));
    check("a.graphml", around(""), "byte 73: expected <graph>, found none");
    check("a.graphml", graph("<node/>"), "byte 77: expected attribute id of <node>, found no such attribute");
    check(
        "a.graphml",
        graph("<node id='a'/><edge source='a'/>"),
        "byte 102: expected attribute target of <edge>, found no such attribute",
    );
    check(
        "a.graphml",
        "<graphml><graph><node id='a'></graph></graphml>",
        "byte 37: expected XML, found ill-formed document: expected `</node>`, but `</graph>` was found",
    );
    check("a.graphml", "<graphml><graph><node id='a'/>", "byte 30: expected </graph>, found the end of the file");
    check("a.graphml", "<graphml><graph/></graphml>", "graph: expected at least one node, found none");
    let options = ReadOptions { labels: Some("z".into()), ..ReadOptions::default() };
    let body = graph("<node id='a'><data key='d'>1</data></node>");
    check_as(&options, "a.graphml", &body, "graph.labels: expected x, found z");
    let options = ReadOptions { labels: Some("x".into()), ..ReadOptions::default() };
    check_as(
        &options,
        "a.graphml",
        body.replace(">1<", ">99999<"),
        "node attribute x: expected classes below 65536, found 99999",
    );
}

#[test]
fn gexf() {
    let around = |nodes: &str, edges: &str| {
        format!(
            "<gexf><graph><attributes class='node'><attribute id='0' title='x' type='float'/></attributes>\
                 <nodes>{nodes}</nodes><edges>{edges}</edges></graph></gexf>"
        )
    };
    check("a.gexf", "<gexf></gexf>", "byte 13: expected <graph>, found none");
    check("a.gexf", around("<node/>", ""), "byte 107: expected attribute id of <node>, found no such attribute");
    check(
        "a.gexf",
        around("<node id='a'/>", "<edge source='a'/>"),
        "byte 147: expected attribute target of <edge>, found no such attribute",
    );
    let edge = "<edge source='a' target='a' weight='heavy'/>";
    check("a.gexf", around("<node id='a'/>", edge), "byte 173: expected a finite number (weight), found \"heavy\"");
}

#[test]
fn gml() {
    let node = "node [ id 0 ]";
    check(
        "a.gml",
        format!("graph [\n{node}\nnode [ label \"b\" ]\n]"),
        "line 3: expected id of a node, found none in the node of line 3",
    );
    check("a.gml", format!("graph [\n{node}\n{node}\n]"), "line 3: expected every id once, found node 0 again");
    check(
        "a.gml",
        format!("graph [\n{node}\nedge [ source 0 ]\n]"),
        "line 3: expected target of an edge, found none in the edge of line 3",
    );
    check(
        "a.gml",
        format!("graph [\n{node}\nedge [ source 0 target 7 ]\n]"),
        "line 3: expected an edge between nodes of the graph, found an edge to node 7",
    );
    check("a.gml", format!("graph [\n{node}\n"), "line 2: expected a key or `]`, found the end of the file");
    check("a.gml", "graph [\nnode [ id ]\n]", "line 2: expected a value of id, found `]`");
    check(
        "a.gml",
        "graph [\nnode [ id 0 label \"b ]\n]\n",
        "line 3: expected `\"` at the end of a text, found none since line 2",
    );
    check(
        "a.gml",
        "graph [\nnode [ id 0 x 1..2 ]\n]\n",
        "line 2: expected a key, a number, a text, `[` or `]`, found `1..2`",
    );
    check(
        "a.gml",
        format!("graph [\n{node}\nedge [ source 0 target 0 weight \"w\" ]\n]"),
        "line 3: expected a number (weight), found \"w\"",
    );
    let uneven = "graph [\nnode [ id 0 x 1 x 2 ]\nnode [ id 1 x 1 ]\n]";
    let options = ReadOptions { features: Some(vec!["x".into()]), ..ReadOptions::default() };
    check_as(&options, "a.gml", uneven, "node attribute x: expected as many numbers for every node, found 1 and 2");
}
