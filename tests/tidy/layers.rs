//! Floors, rooms and circles, on parsed `use` trees.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Import, source};

/// Which floors a floor may use.
const FLOORS: [(&str, &[&str]); 5] = [
    ("engine", &[]),
    ("io", &["engine"]),
    ("session", &["engine", "io"]),
    ("ui", &["engine", "io", "session"]),
    ("cli", &["engine", "io", "session"]),
];

/// The rooms of the engine: each uses those before it alone.
const ROOMS: [&str; 20] = [
    "error",
    "cost",
    "control",
    "kernels",
    "graph",
    "score",
    "certify",
    "diffusion",
    "model",
    "sparsify",
    "carry",
    "out_of_core",
    "cluster",
    "train",
    "recovery",
    "timing",
    "experiment",
    "monitor",
    "bench",
    "plot",
];

/// The rooms of `io`, as `docs/ARCHITECTURE.md` lists them: each uses those before it alone.
const ROOMS_OF_IO: [&str; 50] = [
    "text",
    "sample",
    "places",
    "machine",
    "fonts",
    "format",
    "narrow",
    "spreadsheet",
    "guard",
    "report",
    "foreign",
    "figure",
    "printed",
    "memory",
    "encoding",
    "ending",
    "table",
    "reading",
    "file",
    "onnx",
    "sha256",
    "atomic",
    "autosave",
    "crash_reports",
    "npy",
    "npz",
    "graph_tables",
    "stored",
    "mat",
    "source",
    "sparse",
    "pickle",
    "sheet",
    "wrong",
    "entrance",
    "torch",
    "graph",
    "model",
    "recipe",
    "detect",
    "load",
    "role",
    "bundle",
    "checks",
    "kept_runs",
    "cluster",
    "calibration",
    "export",
    "results",
    "out_of_core",
];

fn assert_none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

fn says(import: &Import) -> String {
    format!("{} takes {} from {}", import.from, import.item, import.to)
}

/// The first parts of a module's path.
fn first<'a>(module: &'a str, within: &str) -> &'a str {
    let rest = module.strip_prefix(within).unwrap_or(module);
    rest.split("::").next().unwrap_or(rest)
}

#[test]
fn floors_point_one_way() {
    let upward = |import: &Import| {
        let floor = |module: &str| FLOORS.into_iter().find(|(name, _)| first(module, "") == *name);
        let (from, to) = (floor(&import.from)?, floor(&import.to)?);
        (from.0 != to.0 && !from.1.contains(&to.0)).then(|| says(import))
    };
    let imports = source().imports();
    assert!(imports.len() > 1000, "{} imports found", imports.len());
    assert_none(&imports.iter().filter_map(upward).collect::<Vec<_>>(), "engine ← io ← session ← ui, cli");
}

#[test]
fn rooms_of_the_engine_use_those_before_them() {
    check_order("engine::", &ROOMS);
}

#[test]
fn rooms_of_io_use_those_before_them() {
    check_order("io::", &ROOMS_OF_IO);
}

/// Checks that each of a floor's rooms uses those before it alone.
fn check_order(floor: &str, rooms: &[&str]) {
    let room = |module: &str| module.strip_prefix(floor).map(|rest| first(rest, "").to_owned());
    let place = |room: &str| rooms.iter().position(|name| *name == room);
    let mut unknown = BTreeSet::new();
    let mut wrong = Vec::new();
    for import in source().imports() {
        let (Some(from), Some(to)) = (room(&import.from), room(&import.to)) else { continue };
        match (place(&from), place(&to)) {
            (Some(own), Some(other)) if other > own => wrong.push(says(&import)),
            (Some(_), Some(_)) => {}
            (None, _) => drop(unknown.insert(from)),
            (_, None) => drop(unknown.insert(to)),
        }
    }
    assert_none(&wrong, "a room uses those before it");
    assert!(unknown.is_empty(), "rooms without a place in the order: {unknown:?}");
}

/// Groups of modules that reach each other (Tarjan).
fn circles(imports: &BTreeSet<Import>) -> Vec<BTreeSet<String>> {
    struct Search<'a> {
        next: BTreeMap<&'a str, BTreeSet<&'a str>>,
        index: BTreeMap<&'a str, usize>,
        low: BTreeMap<&'a str, usize>,
        stack: Vec<&'a str>,
        found: Vec<BTreeSet<String>>,
    }
    impl<'a> Search<'a> {
        fn visit(&mut self, module: &'a str) {
            let own = self.index.len();
            self.index.insert(module, own);
            self.low.insert(module, own);
            self.stack.push(module);
            for to in self.next.get(module).cloned().unwrap_or_default() {
                let reached = if let Some(seen) = self.index.get(to) {
                    self.stack.contains(&to).then_some(*seen)
                } else {
                    self.visit(to);
                    Some(self.low[to])
                };
                let low = self.low.get_mut(module).expect("set above");
                *low = (*low).min(reached.unwrap_or(own));
            }
            if self.low[module] == own {
                let at = self.stack.iter().position(|m| *m == module).expect("put there above");
                let group: BTreeSet<String> = self.stack.split_off(at).into_iter().map(str::to_owned).collect();
                if group.len() > 1 {
                    self.found.push(group);
                }
            }
        }
    }
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for import in imports {
        next.entry(&import.from).or_default().insert(&import.to);
    }
    let starts: Vec<&str> = next.keys().copied().collect();
    let (index, low) = (BTreeMap::new(), BTreeMap::new());
    let mut search = Search { next, index, low, stack: Vec::new(), found: Vec::new() };
    for start in starts {
        if !search.index.contains_key(start) {
            search.visit(start);
        }
    }
    search.found
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let imports = source().imports();
    let circles = circles(&imports);
    let ties = |group: &BTreeSet<String>| {
        let inside = imports.iter().filter(|i| group.contains(&i.from) && group.contains(&i.to));
        inside.map(|i| format!("    {}", says(i))).collect::<Vec<_>>().join("\n")
    };
    let all: Vec<String> = circles.iter().map(|group| format!("{} files:\n{}", group.len(), ties(group))).collect();
    assert_none(&all, "files that import each other in a circle");
}

#[test]
fn egui_is_named_in_ui_alone() {
    let named = source().modules().filter(|(module, _)| first(module, "") != "ui").flat_map(|(module, found)| {
        let screen = ["egui", "eframe", "egui_plot", "egui_tiles", "egui_extras", "rfd"];
        let paths = found.foreign.iter().filter(move |path| screen.contains(&path[0].as_str()));
        paths.map(move |path| format!("{module}: {}", path.join("::")))
    });
    assert_none(&named.collect::<Vec<_>>(), "only ui names egui, eframe, egui_plot, egui_tiles and rfd");
}

#[test]
fn no_file_is_opened_or_written_from_ui() {
    let foreign = source().modules().filter(|(module, _)| first(module, "") == "ui").flat_map(|(module, found)| {
        let is_file = |path: &&Vec<String>| {
            path.starts_with(&["std".to_owned(), "fs".to_owned()])
                || matches!(path[0].as_str(), "fs" | "File" | "OpenOptions" | "tempfile")
        };
        found.foreign.iter().filter(is_file).map(move |path| format!("{module}: {}", path.join("::")))
    });
    assert_none(&foreign.collect::<Vec<_>>(), "ui opens no file");
    // What `io` reads or writes is a job of the session, which the window asks for.
    let is_of_files = |import: &&Import| {
        let acts = ["read_", "write_", "Writer", "open_"]
            .iter()
            .any(|part| import.item.starts_with(part) || import.item.ends_with(part));
        first(&import.from, "") == "ui" && first(&import.to, "") == "io" && acts
    };
    assert_none(
        &source().imports().iter().filter(is_of_files).map(says).collect::<Vec<_>>(),
        "ui reads and writes nothing",
    );
}
