//! Names from files do nothing: not on a terminal, not in a page, not in a picture; and what a recipe points at stays unsaid.

use std::path::Path;

use super::common::{folder, unifews};

/// Whether a text holds nothing that acts: escape sequences, other directions, hidden characters.
fn is_harmless(text: &str) -> bool {
    let acts = |c: char| {
        (c.is_control() && c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
            || ('\u{200b}'..='\u{200f}').contains(&c)
            || c == '\u{feff}'
            || c == '\u{61c}'
    };
    !text.chars().any(acts)
}

/// What the program says on both streams, whatever its exit code.
fn said(at: &Path, arguments: &[&str]) -> (String, String) {
    let output = unifews(at).args(arguments).output().expect("it ran");
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A cycle of 12 nodes whose ids, classes and attributes try everything.
fn graph() -> String {
    let ids = ["\u{202e}abc", "\u{200b}def", "<script>alert(1)</script>", "| a | b |", "`x`", "\u{9b}2J"];
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let id = |u: usize| escaped(&format!("{} {u}", ids[u % ids.len()]));
    let nodes: Vec<String> = (0..12)
        .map(|u| {
            let class = escaped(["\u{202e}one", "two\u{85}error: fake", "<b>three"][u % 3]);
            format!("<node id=\"{}\"><data key=\"c\">{class}</data><data key=\"x\">0.{u}</data></node>", id(u))
        })
        .collect();
    let edges: Vec<String> =
        (0..12).map(|u| format!("<edge source=\"{}\" target=\"{}\"/>", id(u), id((u + 1) % 12))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\
         <key id=\"c\" for=\"node\" attr.name=\"class\" attr.type=\"string\"/>\
         <key id=\"x\" for=\"node\" attr.name=\"\u{202e}&lt;b&gt;\" attr.type=\"double\"/>\
         <graph edgedefault=\"undirected\">{}{}</graph></graphml>",
        nodes.concat(),
        edges.concat()
    )
}

#[test]
fn nothing_that_is_printed_acts_on_the_terminal() {
    let folder = folder();
    let at = folder.path();
    let name = "evil\u{202e}\u{1b}[31m|<b>.graphml";
    std::fs::write(at.join(name), graph()).expect("writable");
    std::fs::create_dir(at.join("bundle")).expect("a folder");
    std::fs::write(at.join("bundle/manifest.json"), r#"{"format":"unifews-bundle/1\u001b[31m\u0007"}"#)
        .expect("writable");
    let header = br#"{"convs.0.lin.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"\u001b[31mextra\nerror: fake":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    let model = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 8]].concat();
    std::fs::write(at.join("m.safetensors"), model).expect("writable");
    for arguments in [
        &["inspect", name][..],
        &["inspect", name, "--json"],
        &["inspect", "bundle"],
        &["inspect", "m.safetensors"],
        &["inspect", "m.safetensors", "--json"],
        &["inspect", "no\u{1b}[2J\u{202e}where"],
        &["replay", "bundle"],
        &["prune", name, "m.safetensors", "-o", "out"],
        &["train", name, "-o", "t.safetensors", "--hidden", "4", "--epochs", "2"],
    ] {
        let (out, err) = said(at, arguments);
        assert!(is_harmless(&out) && is_harmless(&err), "{arguments:?}:\n{out:?}\n{err:?}");
        assert!(!format!("{out}{err}").lines().any(|l| l.starts_with("error: fake")), "{arguments:?}:\n{out}\n{err}");
    }
    let json = said(at, &["inspect", name, "--json", "--quiet"]).0;
    let document: serde_json::Value = serde_json::from_str(&json).expect("one document");
    assert!(document.to_string().contains('\u{202e}'), "to a program the name is what it is: {document}");
}

#[test]
fn a_page_and_a_picture_of_a_hostile_graph_are_only_a_page_and_a_picture() {
    let folder = folder();
    let at = folder.path();
    let name = "a\u{202e}|`<b>_.graphml";
    std::fs::write(at.join(name), graph()).expect("writable");
    let (_, err) = said(at, &["train", name, "-o", "m.safetensors", "--hidden", "4", "--epochs", "2", "--quiet"]);
    assert_eq!(err, "");
    let (_, err) = said(at, &["prune", name, "m.safetensors", "-o", "out", "--quiet"]);
    assert_eq!(err, "");
    let page = std::fs::read_to_string(at.join("out/README.md")).expect("a page");
    assert!(is_harmless(&page) && page.contains(r"a\\u{202e}\|\`&lt;b&gt;\_"), "{}", &page[..200]);
    let grid = ["--grid-a", "0,0.5", "--grid-w", "0"];
    let (_, err) = said(at, &[&["sweep", name, "m.safetensors", "-o", "sweep", "--quiet"], &grid[..]].concat());
    assert_eq!(err, "");
    let svg = std::fs::read_to_string(at.join("sweep/accuracy.svg")).expect("a picture");
    assert!(is_harmless(&svg) && !svg.contains("<b>"), "{svg}");
    let svg = svg.replace("<!--", "");
    let depth = svg.matches('<').count() - svg.matches("</").count() * 2 - svg.matches("/>").count();
    assert!(depth <= svg.matches("<?").count(), "every element is closed");
}

#[test]
fn what_a_recipe_points_at_is_not_told() {
    let folder = folder();
    let at = folder.path();
    std::fs::write(at.join("secret"), "root:x:0:0:hidden:/root:/bin/bash\n").expect("writable");
    let lock = "format = \"unifews-recipe/1\"\n[edges]\nlock = \"secret\"\n";
    let split = "format = \"unifews-recipe/1\"\nsplit = \"secret\"\n";
    let graph = "format = \"unifews-recipe/1\"\n[graph]\nsplit_file = \"secret\"\n";
    std::fs::write(at.join("lock.toml"), lock).expect("writable");
    std::fs::write(at.join("split.toml"), split).expect("writable");
    std::fs::write(at.join("graph.toml"), graph).expect("writable");
    let model = super::common::small_model("gcn");
    for recipe in ["lock.toml", "split.toml", "graph.toml"] {
        let (out, err) = said(at, &["prune", super::common::SMALL, model, "-o", "b", "--recipe", recipe, "--quiet"]);
        assert!(err.contains("secret") && out.is_empty(), "{recipe}: the file is named: {err}");
        assert!(!err.contains("root:x") && !err.contains("hidden"), "{recipe}: {err}");
    }
}
