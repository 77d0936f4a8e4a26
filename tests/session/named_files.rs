//! What recipes and bundles from elsewhere name: asked about first, and not told; and a split that is a table.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use unifews::engine::control::Control;
use unifews::engine::experiment::{RunOptions, run};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::Recipe;
use unifews::io::atomic::write_atomic;
use unifews::io::bundle::write_bundle;
use unifews::io::{read_graph, recipe_to_toml, write_recipe};
use unifews::session::{Command, Level, Session};

use super::{forge, session, wait};

const SECRET: &str = "root:x:0:0:hidden:/root:/bin/bash\nid,a\n";

fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A ring with a table of features that does not hold what it should, and a recipe in another folder that names it.
fn ring(folder: &Path) -> (String, String, PathBuf) {
    let at = |name: &str| folder.join("sent").join(name);
    std::fs::create_dir_all(at("")).expect("a folder");
    let edges = (0..12).map(|u| format!("{u} {}\n", (u + 1) % 12)).collect::<Vec<_>>().concat();
    write_atomic(at("edges.txt"), edges.as_bytes()).expect("a file");
    let secret = folder.join("secret.csv");
    write_atomic(&secret, SECRET.as_bytes()).expect("a file");
    (text(&at("edges.txt")), text(&secret), at("recipe.toml"))
}

fn harmless(said: &str) {
    assert!(said.contains("secret.csv") && !said.contains("root:x") && !said.contains("hidden"), "{said}");
}

#[test]
fn the_import_report_does_not_tell_what_a_recipe_points_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let (edges, secret, path) = ring(folder.path());
    for key in 0..3 {
        let mut recipe = Recipe::default();
        let graph = &mut recipe.graph;
        *[&mut graph.feature_file, &mut graph.label_file, &mut graph.split_file][key] = Some(secret.clone());
        write_recipe(&path, &recipe).expect("a recipe");
        let mut session = session();
        session.apply(Command::Import(vec![edges.clone(), text(&path)]));
        wait(&mut session, "the report", Session::is_idle);
        session.apply(Command::ReadOutside);
        wait(&mut session, "the second report", Session::is_idle);
        let report = session.store().import.as_ref().and_then(|i| i.report.clone()).expect("a report");
        let [(_, fault)] = &report.faults[..] else { panic!("one fault: {:?}", report.faults) };
        harmless(fault);
        // Dropped by the user, it is the user's own.
        session.apply(Command::Import(vec![edges.clone(), text(&path), secret.clone()]));
        wait(&mut session, "the third report", Session::is_idle);
        let report = session.store().import.as_ref().and_then(|i| i.report.clone()).expect("a report");
        assert!(report.outside.is_empty(), "{:?}", report.outside);
    }
}

/// Puts another recipe and another source of the graph into a bundle, hashes and all.
fn crafted(bundle: &Path, recipe: &Recipe, source: &str) {
    forge(bundle, "recipe.toml", recipe_to_toml(recipe).as_bytes());
    let manifest = std::fs::read_to_string(bundle.join("manifest.json")).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    manifest["graph"]["source"] = source.into();
    write_atomic(bundle.join("manifest.json"), manifest.to_string().as_bytes()).expect("written");
}

#[test]
fn a_bundle_that_points_elsewhere_is_a_question_and_then_not_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let (edges, secret, _) = ring(folder.path());
    let ctl = Control::new(1).expect("a worker");
    let (dataset, _) = read_graph(&edges, &ctl).expect("a graph");
    let mut shape = Architecture::new(Family::Gcn);
    shape.hidden = 4;
    let model = Arc::new(Model::init(&shape, dataset.features().width(), 3, 1));
    let recipe = Recipe { model: shape, ..Recipe::default() };
    let done = run(&dataset.shared(), &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
    let bundle = folder.path().join("sent").join("bundle");
    write_bundle(&done, &bundle, &ctl).expect("a bundle");
    for (source, is_named) in [(&edges, true), (&secret, false)] {
        let mut named = done.recipe.clone();
        named.graph.feature_file = is_named.then(|| secret.clone());
        crafted(&bundle, &named, source);
        let mut session = session();
        session.apply(Command::Open(text(&bundle)));
        wait(&mut session, "the question", |s| !s.store().outside.is_empty() && s.is_idle());
        assert_eq!(session.store().outside[0].files, std::slice::from_ref(&secret));
        session.apply(Command::AnswerOutside(true));
        wait(&mut session, "the end", Session::is_idle);
        assert!(session.store().graph.is_none());
        let errors = session.store().notices.all().iter().filter(|n| n.level == Level::Error);
        harmless(&errors.map(|n| n.detail.clone()).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn a_recipe_whose_split_is_a_table_reads_it_with_the_open_graph() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let rows = |row: &dyn Fn(usize) -> String| (0..12).map(|u| row(u) + "\n").collect::<String>();
    write_atomic(
        at("edges.csv"),
        format!("source,target\n{}", rows(&|u| format!("n{u},n{}", (u + 1) % 12))).as_bytes(),
    )
    .expect("a file");
    let part = |u: usize| ["train", "val", "test"][u % 3];
    write_atomic(at("mine.csv"), format!("id,split\n{}", rows(&|u| format!("n{u},{}", part(u)))).as_bytes())
        .expect("a file");
    let recipe = Recipe { split: text(&at("mine.csv")), ..Recipe::default() };
    write_recipe(at("r.toml"), &recipe).expect("a recipe");
    let mut session = session();
    session.apply(Command::Open(text(&at("edges.csv"))));
    wait(&mut session, "the graph", Session::is_idle);
    session.apply(Command::Open(text(&at("r.toml"))));
    wait(&mut session, "the split", |s| {
        s.is_idle() && s.store().graph.as_ref().is_some_and(|g| !g.dataset.splits().is_empty())
    });
    let graph = session.store().graph.as_ref().expect("a graph");
    let split = &graph.dataset.splits()[0];
    assert_eq!((split.name.as_str(), split.train.len(), split.test.len()), ("mine", 4, 4));
    assert_eq!(session.store().recipe.split, "auto");
}
