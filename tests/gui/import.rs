//! Opening what an analyst has: tables that are dropped together, roles set by hand, and the way on from there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use eframe::egui::accesskit::Role as Kind;
use eframe::egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::io::atomic::write_atomic;
use unifews::io::{Role, TensorBytes, encode_tensors, write_model};
use unifews::session::{Command, Session};
use unifews::ui::App;
use unifews::ui::dialogs::Ask;
use unifews::ui::views::Pane;

use super::{Choices, Dropped, wait, window};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// Edges, features and classes of 60 people.
fn tables(folder: &Path) -> Vec<PathBuf> {
    let person = |u: usize| format!("person {u}");
    let edges = (0..60).flat_map(|u| [(u, (u + 3) % 60), (u, (u + 6) % 60)]);
    let edges: Vec<String> = edges.map(|(u, v)| format!("{},{}\n", person(u), person(v))).collect();
    let features = (0..60).map(|u| {
        let of = |class: usize| if u % 3 == class { 1.0 } else { 0.1 * (u % 7) as f64 };
        format!("{},{},{},{}\n", person(u), of(0), of(1), of(2))
    });
    let labels = (0..60).map(|u| format!("{},{}\n", person(u), ["sales", "research", "office"][u % 3]));
    let files = [
        ("edges.csv", format!("from,to\n{}", edges.concat())),
        ("features.csv", format!("id,a,b,c\n{}", features.collect::<String>())),
        ("labels.csv", format!("id,class\n{}", labels.collect::<String>())),
    ];
    files
        .into_iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            write_atomic(&path, text.as_bytes()).expect("a file");
            path
        })
        .collect()
}

fn drop_files(h: &mut Harness<'_, App>, paths: &[PathBuf]) {
    for path in paths {
        h.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path.clone())));
    }
    h.step();
    wait(h, "the report", |s| s.store().import.is_some() && s.is_idle());
}

fn pick(h: &mut Harness<'_, App>, menu: &str, choice: &str) {
    h.get_by_role_and_label(Kind::ComboBox, menu).click();
    h.run_steps(2);
    h.get_by_role_and_label(Kind::Button, choice).click();
    h.run_steps(2);
    wait(h, "another report", Session::is_idle);
}

#[test]
fn tables_are_dropped_trained_on_pruned_and_exported() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = tables(folder.path());
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    drop_files(&mut h, &paths);
    for name in ["edges.csv", "features.csv", "labels.csv"] {
        assert!(h.query_by_role_and_label(Kind::ComboBox, &format!("Role of {name}")).is_some(), "a menu for {name}");
    }
    assert!(h.query_all_by_label("sales").next().is_some(), "classes by name");
    assert!(h.query_by_label_contains("Then: train a model").is_some(), "what can be done");

    // Labels are left out by hand, and taken in again.
    pick(&mut h, "Role of labels.csv", "leave out");
    assert!(h.query_by_label_contains("not used: chosen by hand").is_some());
    assert!(h.query_by_label_contains("Then: propagate").is_some());
    pick(&mut h, "Role of labels.csv", "labels");
    h.get_by_role_and_label(Kind::Button, "Accept").click();
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert_eq!(h.state().shown_pane(), Some(Pane::Graph), "a graph alone is seen as a drawing");

    let mut recipe = h.state().session().store().recipe.clone();
    recipe.model.hidden = 8;
    h.state().send(Command::SetRecipe(Box::new(recipe), None));
    h.run_steps(2);
    h.get_by_role_and_label(Kind::Button, "Train a model").click();
    h.run_steps(3);
    h.get_by_role_and_label(Kind::Button, "Start training").click();
    wait(&mut h, "the model", |s| s.store().preview.is_some() && s.is_idle());
    h.key_press_modifiers(Modifiers::COMMAND, Key::Num1);
    h.run_steps(2);
    h.get_by_role_and_label(Kind::Button, "Prune").click();
    wait(&mut h, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    choices.then(folder.path().join("bundle"));
    h.key_press_modifiers(Modifiers::COMMAND, Key::E);
    wait(&mut h, "the export", |s| s.store().export.last.is_some() && s.is_idle());
    assert!(folder.path().join("bundle/manifest.json").is_file());
}

#[test]
fn a_graph_without_labels_is_propagated_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = tables(folder.path());
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    drop_files(&mut h, &paths[..2]);
    h.get_by_role_and_label(Kind::Button, "Accept").click();
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert!(h.query_by_role_and_label(Kind::Button, "Train a model").is_none(), "there is nothing to train on");
    choices.then(folder.path().join("out"));
    h.get_by_role_and_label(Kind::Button, "Propagate the graph alone…").click();
    wait(&mut h, "the embedding", |s| !s.store().notices.all().is_empty() && s.is_idle());
    assert_eq!(choices.last_asked(), Some(Ask::NewFolder { name: "edges-propagated".to_owned() }));
    let notice = h.state().session().store().notices.all()[0].clone();
    assert!(folder.path().join("out/embedding.npy").is_file(), "{notice:?}");
}

#[test]
fn a_file_that_is_not_used_says_which_one_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = tables(folder.path());
    let twin = folder.path().join("edges-2024.csv");
    write_atomic(&twin, "from,to\nperson 1,person 2\n".as_bytes()).expect("a file");
    paths.push(twin);
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    drop_files(&mut h, &paths);
    assert!(h.query_by_label_contains("not used: edges are read from one file, and edges.csv is taken").is_some());
    pick(&mut h, "Role of edges-2024.csv", "edges");
    let state = h.state().session().store().import.clone().expect("a report");
    let roles: Vec<Role> = state.report.expect("read").files.iter().map(|f| f.role).collect();
    assert_eq!((roles[0], roles[3]), (Role::LeftOut, Role::Edges));
}

#[test]
fn a_model_that_does_not_fit_says_so_where_the_model_would_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("other.safetensors");
    let mut shape = Architecture::new(Family::Gcn);
    shape.hidden = 4;
    write_model(&path, &Model::init(&shape, 5, 3, 1)).expect("a model");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    h.state().send(Command::OpenMany(vec!["sample:karate".to_owned(), path.display().to_string()]));
    wait(&mut h, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert!(h.query_by_label_contains("was closed: it does not fit Karate club").is_some());
    let reason = "model input width: expected 34 (features of the graph), found 5";
    assert_eq!(h.query_all_by_label(reason).count(), 2, "in its place, and in the notice");
}

#[test]
fn notices_leave_the_verdict_free() {
    let choices = Choices::default();
    let mut h = super::with_karate(SIZE, &choices);
    h.state().send(Command::Open("/nowhere/at.all".to_owned()));
    wait(&mut h, "the notice", |s| !s.store().notices.all().is_empty());
    let close = h.get_by_role_and_label(Kind::Button, "Close notice");
    assert!(close.rect().right() < SIZE[0] * 0.5, "{:?}", close.rect());
    assert!(!close.accesskit_node().is_disabled());
}

#[test]
fn what_points_outside_its_folder_asks_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipe = folder.path().join("sent").join("recipe.toml");
    std::fs::create_dir_all(recipe.parent().expect("a folder")).expect("a folder");
    write_atomic(&recipe, b"format = \"unifews-recipe/1\"\n[graph]\nfeature_file = \"/etc/passwd\"\n").expect("a file");
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    h.state().send(Command::Open(recipe.display().to_string()));
    wait(&mut h, "the question", |s| !s.store().outside.is_empty() && s.is_idle());
    assert!(h.query_by_label("This recipe reads files outside its folder").is_some());
    assert!(h.query_by_label("/etc/passwd").is_some());
    h.key_press(Key::Escape);
    wait(&mut h, "the end", |s| s.store().outside.is_empty());
    assert_eq!(h.state().session().store().recipe.graph.feature_file, None);
}

#[test]
fn what_a_models_file_leaves_open_is_shown_with_its_score() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths = tables(folder.path());
    let tensor = |name: &str, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let values = (0..n).flat_map(|i| ((i * 37 % 11) as f32 / 11.0 - 0.4).to_le_bytes());
        TensorBytes { name: name.to_owned(), dtype: "F32", shape: shape.to_vec(), bytes: values.collect() }
    };
    let tensors = [
        tensor("conv1.lin.weight", &[4, 3]),
        tensor("conv1.bias", &[4]),
        tensor("conv2.lin.weight", &[3, 4]),
        tensor("conv2.bias", &[3]),
    ];
    let model = folder.path().join("model.safetensors");
    write_atomic(&model, &encode_tensors(&tensors, &BTreeMap::new())).expect("a model");
    paths.push(model);
    let choices = Choices::default();
    let mut h = window(SIZE, &choices);
    drop_files(&mut h, &paths);
    let fit = h.state().session().store().import.clone().and_then(|i| i.report).and_then(|r| r.fit).expect("a fit");
    assert!(!fit.assumptions.is_empty());
    for assumption in &fit.assumptions {
        assert!(assumption.score.is_some(), "{assumption:?}");
        assert!(h.query_by_label(&format!("Assumed: {}", assumption.says())).is_some(), "{assumption:?}");
    }
}
