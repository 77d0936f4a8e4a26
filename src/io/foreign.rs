//! Forms in which other programs keep graphs and models, and which are not read: each is named, with a way to one that is.
//!
//! What is never here: files that came in place of another, see `wrong.rs`.

use super::text::shortened;

/// What a pickle is, by its first bytes. Protocol 2 and later say their number; 0 and 1 begin with a class or a container.
pub(crate) fn pickle(head: &[u8]) -> Option<String> {
    const EARLY: [&[u8]; 12] = [
        b"(dp0",
        b"(dp1",
        b"(lp0",
        b"(lp1",
        b"}q\x00",
        b"]q\x00",
        b"ccopy_reg\n",
        b"ccopyreg\n",
        b"ccollections\n",
        b"c__builtin__\n",
        b"cnumpy",
        b"cscipy",
    ];
    let protocol = match head {
        [0x80, protocol @ 2..=5, ..] => protocol.to_string(),
        _ if EARLY.iter().any(|start| head.starts_with(start)) => "0 or 1".to_owned(),
        _ => return None,
    };
    let start = &head[..head.len().min(512)];
    let has = |word: &[u8]| start.windows(word.len()).any(|window| window == word);
    let way = if has(b"scipy") {
        "a SciPy matrix: scipy.sparse.save_npz('graph.npz', matrix)"
    } else if has(b"networkx") {
        "a networkx graph: networkx.write_graphml(graph, 'graph.graphml')"
    } else if has(b"torch") || has(b"numpy") {
        "weights or arrays by name: torch.save(weights, 'model.pt') or numpy.savez('model.npz', **arrays)"
    } else {
        "a matrix: scipy.sparse.save_npz; a networkx graph: networkx.write_graphml; weights or arrays: torch.save, numpy.savez"
    };
    Some(format!("a pickle (protocol {protocol}), which is never run ({way})"))
}

/// What the start of a text says, where it is a graph of another program.
pub(crate) fn text(text: &str) -> Option<String> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let lines = || start.lines().map(str::trim).filter(|line| !line.is_empty());
    let has_first = |words: &[&str]| {
        let first = lines().next().unwrap_or_default().to_lowercase();
        words.iter().any(|word| first.starts_with(word))
    };
    let dimacs = || {
        lines().find(|line| !(*line == "c" || line.starts_with("c "))).is_some_and(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some("p")
                && words.next().is_some_and(|kind| matches!(kind, "sp" | "edge" | "col" | "max" | "min" | "asn" | "tw"))
                && words.count() >= 2
        })
    };
    let dot = || {
        let head: String = start.chars().take(300).collect::<String>().to_lowercase();
        let head = head.strip_prefix("strict ").unwrap_or(&head).trim_start().to_owned();
        let rest = head.strip_prefix("digraph").or_else(|| head.strip_prefix("graph"));
        rest.is_some_and(|rest| rest.split_once('{').is_some_and(|(name, _)| name.split_whitespace().count() <= 1))
    };
    let json = |key: &str| start.starts_with(['{', '[']) && start.contains(key);
    if has_first(&["*vertices", "*network"]) {
        Some(said("a Pajek network", "networkx.write_graphml(networkx.read_pajek(path), 'graph.graphml')"))
    } else if has_first(&["nodedef>"]) {
        Some(said("a GDF graph of GUESS", "open it in Gephi and export it as GEXF"))
    } else if has_first(&["dl n", "dl\tn", "dl,n"]) {
        Some(said("a UCINET DL network", "igraph.Graph.Read_DL(path).write_graphml('graph.graphml')"))
    } else if dimacs() {
        Some(said("a DIMACS graph", "igraph.Graph.Read_DIMACS(path).write_graphml('graph.graphml')"))
    } else if dot() {
        Some(said("a Graphviz DOT graph", "networkx.write_graphml(networkx.nx_pydot.read_dot(path), 'graph.graphml')"))
    } else if json("\"weight_map\"") {
        let file = start.split('"').find(|part| part.contains(".safetensors") || part.contains(".bin"));
        let file = file.map_or_else(String::new, |file| format!(", such as {}", shortened(file)));
        Some(format!(
            "the index of a model in several files{file} (its weights in one file: model.save_pretrained(folder, max_shard_size='1TB'))"
        ))
    } else if json("\"nodes\"") && (json("\"links\"") || json("\"edges\"")) {
        Some(said(
            "a graph as JSON (nodes and links)",
            "networkx.write_graphml(networkx.node_link_graph(json.load(open(path))), 'graph.graphml')",
        ))
    } else {
        None
    }
}

fn said(what: &str, way: &str) -> String {
    format!("{what}, which is not read (in Python: {way})").replace("in Python: open", "open")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_programs_write_is_named() {
        for (given, word) in [
            ("*Vertices 3\n1 \"a\"\n", "Pajek"),
            ("nodedef>name VARCHAR\ns1\n", "GDF"),
            ("dl n=3\n", "UCINET"),
            ("c comment\np sp 3 2\na 1 2 5\n", "DIMACS"),
            ("strict digraph G {\n a -> b\n}", "Graphviz"),
            ("graph{a--b}", "Graphviz"),
            ("{\"directed\": false, \"nodes\": [], \"links\": []}", "JSON"),
            ("{\"weight_map\": {\"a\": \"m-1.safetensors\"}}", "m-1.safetensors"),
        ] {
            assert!(text(given).is_some_and(|what| what.contains(word)), "{given}: {:?}", text(given));
        }
        for given in ["1 2\n2 3\n", "graph [\nnode [ id 1 ]\n]", "p,q\na,b\n", "c d\ne f\n", "{\"format\": 1}"] {
            assert_eq!(text(given), None, "{given}");
        }
        for (head, word) in [
            (&b"\x80\x04\x95\x01csr scipy.sparse"[..], "save_npz"),
            (b"\x80\x05\x95networkx", "write_graphml"),
            (b"ccopy_reg\n_reconstructor\n(cscipy.sparse", "save_npz"),
            (b"(dp0\nS'a'", "0 or 1"),
            (b"}q\x00(X", "0 or 1"),
        ] {
            assert!(pickle(head).is_some_and(|what| what.contains(word)), "{head:?}");
        }
        assert_eq!(pickle(b"copy,paste\n"), None);
    }
}
