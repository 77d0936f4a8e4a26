//! Files that are chosen or dropped: matched up, reported, accepted or not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use unifews::engine::graph::{Column, Direction, ReadOptions, Separator};
use unifews::engine::model::{Architecture, Family, Model};
use unifews::engine::sparsify::Recipe;
use unifews::io::atomic::write_atomic;
use unifews::io::{Role, TensorBytes, encode_tensors, write_model, write_recipe};
use unifews::session::{Command, ImportReport, Level, NextStep, Phase, Session};

use super::{session, wait};

/// A `.npy` file of version 1.0.
fn npy(path: &Path, descr: &str, shape: &str, values: &[u8]) {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values);
    write_atomic(path, &bytes).expect("a file");
}

/// Edges, features, labels and a model of one small graph, in places and under names that tell nothing.
fn parts(folder: &Path) -> Vec<String> {
    let place = |name: &str| -> PathBuf {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        path
    };
    let edges: Vec<String> = (0..12).map(|u| format!("{u} {}\n", (u + 1) % 12)).collect();
    write_atomic(place("a/one.txt"), edges.concat().as_bytes()).expect("a file");
    let features: Vec<u8> = (0..12 * 5).flat_map(|i| (i as f32 / 60.0).to_le_bytes()).collect();
    npy(&place("b/two.npy"), "<f4", "(12, 5)", &features);
    let labels: Vec<u8> = (0..12i64).flat_map(|u| (u % 3).to_le_bytes()).collect();
    npy(&place("c/three.npy"), "<i8", "(12,)", &labels);
    let mut shape = Architecture::new(Family::Gcn);
    shape.hidden = 4;
    write_model(place("d/four.safetensors"), &Model::init(&shape, 5, 3, 1)).expect("a model");
    ["a/one.txt", "b/two.npy", "c/three.npy", "d/four.safetensors"]
        .map(|name| folder.join(name).display().to_string())
        .into()
}

fn read(session: &mut Session, specs: Vec<String>) {
    session.apply(Command::Import(specs));
    wait(session, "the report", Session::is_idle);
}

#[test]
fn files_dropped_together_are_matched_up_reported_and_accepted_in_one_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut specs = parts(folder.path());
    // In any order.
    specs.reverse();
    let mut session = session();
    read(&mut session, specs.clone());
    let report = session.store().import.as_ref().and_then(|i| i.report.clone()).expect("a report");
    assert!(session.store().graph.is_none() && session.store().model.is_none(), "nothing is open yet");
    let roles: Vec<String> = report.files.iter().map(|f| f.what.clone()).collect();
    assert_eq!(
        roles,
        [
            "a model (safetensors)",
            "labels of nodes (a NumPy array)",
            "features of nodes (a NumPy array)",
            "a graph (edge list)"
        ]
    );
    let graph = report.graph.expect("a graph");
    assert_eq!((graph.stats.n_nodes, graph.stats.n_features, graph.stats.n_classes), (12, 5, 3));
    assert!(graph.report.warnings.is_empty(), "no stand-in features: {:?}", graph.report.warnings);
    assert_eq!(report.lines.expect("text")[0], "0 1");
    let fit = report.fit.expect("graph and model");
    assert_eq!(fit.misfit, None);
    let scores = fit.scores.expect("labels");
    assert!((0.0..=1.0).contains(&scores.test) && scores.expected.is_none(), "{scores:?}");

    session.apply(Command::AcceptImport);
    wait(&mut session, "the preview", Session::is_idle);
    assert!(session.store().import.is_none());
    assert!(session.store().preview.is_some(), "the recipe is shown at once");
    session.apply(Command::Prune);
    wait(&mut session, "the run", Session::is_idle);
    let run = Arc::clone(&session.store().runs[0].run);
    assert_eq!(run.recipe.graph.feature_file.as_deref(), Some(specs[2].as_str()), "a recipe finds its parts again");

    // A bundle of it is opened again from the files alone.
    let bundle = folder.path().join("bundle");
    session.apply(Command::Export(session.store().runs[0].id, bundle.clone()));
    wait(&mut session, "the export", Session::is_idle);
    assert!(session.store().export.last.as_ref().is_some_and(|e| e.is_verified));
    let mut other = super::session();
    read(&mut other, vec![bundle.display().to_string()]);
    assert!(other.store().import.is_none(), "a bundle needs no report");
    wait(&mut other, "its run", |s| s.store().runs.len() == 1 && s.is_idle());
    assert_eq!(other.store().runs[0].run.pruned.logits, run.pruned.logits, "the same bits");

    session.apply(Command::Undo);
    assert!(session.store().graph.is_none() && session.store().model.is_none(), "one step back");
}

#[test]
fn a_recipe_that_comes_with_files_says_how_they_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut specs = parts(folder.path());
    let mut recipe = Recipe { seed: 7, ..Recipe::default() };
    recipe.graph.direction = Some(Direction::Reversed);
    // Where the features lay for whoever wrote it.
    recipe.graph.feature_file = Some("/elsewhere/features.npy".to_owned());
    let path = folder.path().join("recipe.toml");
    write_recipe(&path, &recipe).expect("a recipe");
    specs.insert(0, path.display().to_string());
    let mut session = session();
    read(&mut session, specs.clone());
    let state = session.store().import.clone().expect("a report");
    let report = state.report.expect("read");
    let roles: Vec<Role> = report.files.iter().map(|f| f.role).collect();
    assert_eq!(roles[..2], [Role::Recipe, Role::Edges]);
    assert!(report.faults.is_empty() && session.store().notices.all().is_empty(), "no part is refused: {report:?}");
    let graph = report.graph.expect("a graph");
    assert_eq!((graph.options.direction, graph.stats.n_features), (Some(Direction::Reversed), 5));
    assert_eq!(graph.options.feature_file.as_ref(), Some(&specs[2]), "what was dropped stands in for what was named");
    assert_eq!(state.options, graph.options, "the user goes on from there");
    assert_ne!(session.store().recipe.seed, 7, "nothing is open yet");

    // The user has the last word.
    let options = ReadOptions { direction: None, ..state.options };
    session.apply(Command::ChangeImport(Box::new(options), None));
    wait(&mut session, "the second report", Session::is_idle);
    session.apply(Command::AcceptImport);
    wait(&mut session, "the preview", Session::is_idle);
    let store = session.store();
    assert_eq!((store.recipe.seed, store.graph.as_ref().map(|g| g.options.direction)), (7, Some(None)));
    assert!(store.model.is_some() && store.import.is_none());
    session.apply(Command::Undo);
    assert!(session.store().graph.is_none() && session.store().recipe.seed != 7, "one step back");
}

#[test]
fn a_report_is_read_anew_as_the_user_says_and_can_be_discarded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log.csv");
    write_atomic(&path, b"when|who|whom|how much\nmonday|1|2|0.5\nmonday|2|3|1.5\n").expect("a file");
    let mut session = session();
    read(&mut session, vec![path.display().to_string()]);
    let state = session.store().import.clone().expect("a report");
    let report = state.report.expect("read");
    assert!(report.graph.is_none() && report.is_list, "not yet: {report:?}");
    assert_eq!(report.lines.as_ref().map(|lines| lines[1].as_str()), Some("monday|1|2|0.5"));
    let options = ReadOptions {
        separator: Some(Separator::Bar),
        header: Some(true),
        columns: Some(vec![Column::Ignored, Column::Source, Column::Target, Column::Weight]),
        direction: Some(Direction::AsStored),
        ..ReadOptions::default()
    };
    session.apply(Command::ChangeImport(Box::new(options.clone()), None));
    wait(&mut session, "the second report", Session::is_idle);
    let state = session.store().import.clone().expect("a report");
    let graph = state.report.expect("read").graph.expect("a graph now");
    assert_eq!(graph.stats.n_nodes, 3);
    assert_eq!(graph.dataset.edge_weights().map(<[f32]>::len), Some(5), "two edges and three self-loops");
    session.apply(Command::DiscardImport);
    assert!(session.store().import.is_none() && session.store().graph.is_none());
    session.apply(Command::AcceptImport);
    assert!(session.store().graph.is_none(), "there is nothing to accept");
}

#[test]
fn a_report_is_not_lost_while_it_is_read_anew_or_when_that_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = parts(folder.path());
    let mut session = session();
    read(&mut session, specs);
    let options = ReadOptions { direction: Some(Direction::Reversed), ..ReadOptions::default() };
    session.apply(Command::ChangeImport(Box::new(options), None));
    // A click that comes too early.
    session.apply(Command::AcceptImport);
    assert!(session.store().import.is_some(), "the report stands");
    assert!(session.store().graph.is_none(), "nothing half-read is opened");
    session.apply(Command::CancelAll);
    wait(&mut session, "the end", Session::is_idle);
    let state = session.store().import.clone().expect("the report stands");
    let shown = state.report.expect("read").graph.expect("a graph").options.direction;
    assert_eq!((state.phase, state.options.direction), (Phase::Done, shown), "what is shown is what would be opened");
    session.apply(Command::AcceptImport);
    assert_eq!(session.store().graph.as_ref().map(|g| g.options.direction), Some(shown));
    session.apply(Command::AcceptImport);
    assert!(session.store().import.is_none(), "a second click does nothing");
}

#[test]
fn a_model_of_another_width_is_said_not_to_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = parts(folder.path());
    let mut session = session();
    read(&mut session, vec![specs[0].clone(), specs[3].clone()]);
    let report = session.store().import.as_ref().and_then(|i| i.report.clone()).expect("a report");
    let misfit = report.fit.and_then(|fit| fit.misfit).expect("12 stand-in features, 5 inputs");
    assert_eq!(misfit, "model input width: expected 12 (features of the graph), found 5");
}

#[test]
fn what_is_no_graph_or_model_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("noise.bin");
    write_atomic(&path, &[0u8, 1, 2, 3, 255]).expect("a file");
    let mut session = session();
    read(&mut session, vec![path.display().to_string()]);
    assert!(session.store().import.is_none());
    let notice = &session.store().notices.all()[0];
    assert_eq!(notice.level, Level::Error);
    assert!(
        notice.detail.starts_with("expected a graph, a model, a recipe, a bundle or a project, found"),
        "{notice:?}"
    );
    // A part alone waits for its graph.
    let specs = parts(folder.path());
    read(&mut session, vec![specs[1].clone()]);
    assert!(session.store().import.is_none());
    let detail = &session.store().notices.all().iter().find(|n| n.detail.contains("two.npy")).expect("a notice").detail;
    assert!(detail.contains("features of nodes"), "{detail}");
    // The second of a kind is named.
    let mut twice = specs.clone();
    twice.push(specs[3].clone());
    read(&mut session, twice);
    let state = session.store().import.clone().expect("a report");
    let last = state.report.expect("read").files.pop().expect("the last file");
    assert_eq!(last.role, Role::LeftOut);
    assert!(last.why.contains("four.safetensors is taken"), "{}", last.why);
    assert_eq!(state.phase, Phase::Done);
}

fn report(session: &Session) -> ImportReport {
    session.store().import.as_ref().and_then(|i| i.report.clone()).expect("a report")
}

/// Edges, features and classes of 60 people as a spreadsheet would have them.
fn tables(folder: &Path) -> Vec<String> {
    let person = |u: usize| format!("person {u}");
    let edges = (0..60).flat_map(|u| [(u, (u + 3) % 60), (u, (u + 6) % 60)]);
    let edges: Vec<String> = edges.map(|(u, v)| format!("{},{}\n", person(u), person(v))).collect();
    let features = (0..60).map(|u| {
        let of = |class: usize| if u % 3 == class { 1.0 } else { 0.1 * (u % 7) as f64 };
        format!("{},{},{},{}\n", person(u), of(0), of(1), of(2))
    });
    let labels = (0..60).map(|u| format!("{},{}\n", person(u), ["営業", "開発", "総務"][u % 3]));
    let files = [
        ("edges.csv", format!("source,target\n{}", edges.concat())),
        ("features.csv", format!("id,a,b,c\n{}", features.collect::<String>())),
        ("labels.csv", format!("番号,分類\n{}", labels.collect::<String>())),
    ];
    files
        .into_iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            write_atomic(&path, text.as_bytes()).expect("a file");
            path.display().to_string()
        })
        .collect()
}

#[test]
fn three_tables_become_a_graph_with_classes_by_name_and_a_model_is_trained_and_pruned() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = tables(folder.path());
    let mut session = session();
    // The folder is as good as its files.
    read(&mut session, vec![folder.path().display().to_string()]);
    assert_eq!(report(&session).files.len(), 3);
    read(&mut session, specs.clone());
    let found = report(&session);
    let roles: Vec<Role> = found.files.iter().map(|f| f.role).collect();
    assert_eq!(roles, [Role::Edges, Role::Features, Role::Labels], "{found:?}");
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    let graph = found.graph.expect("a graph");
    assert_eq!((graph.stats.n_nodes, graph.stats.n_features, graph.stats.n_classes), (60, 3, 3));
    let classes: Vec<(&str, usize)> = found.classes.iter().map(|c| (c.name.as_str(), c.n_nodes)).collect();
    assert_eq!(classes, [("営業", 20), ("総務", 20), ("開発", 20)]);
    session.apply(Command::AcceptImport);
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    assert_eq!(NextStep::of(Some(true), false)[0], NextStep::Train);
    let mut recipe = session.store().recipe.clone();
    recipe.model.hidden = 8;
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Train);
    wait(&mut session, "the model and its picture", |s| s.store().preview.is_some() && s.is_idle());
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1 && s.is_idle());
    let bundle = folder.path().join("bundle");
    session.apply(Command::Export(session.store().runs[0].id, bundle));
    wait(&mut session, "the export", |s| s.store().export.phase == Phase::Done && s.is_idle());
    assert!(session.store().export.last.as_ref().is_some_and(|e| e.is_verified));
}

#[test]
fn a_role_is_changed_by_hand_and_the_files_are_read_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = tables(folder.path());
    let mut session = session();
    read(&mut session, specs.clone());
    session.apply(Command::SetImportRole(specs[2].clone(), Role::LeftOut));
    wait(&mut session, "the second report", Session::is_idle);
    let found = report(&session);
    let graph = found.graph.expect("a graph");
    assert_eq!((found.files[2].role, found.files[2].why.as_str()), (Role::LeftOut, "chosen by hand"));
    assert_eq!((graph.stats.n_features, graph.stats.n_classes), (3, 0), "labels are left out");
    assert_eq!(NextStep::of(Some(false), false), [NextStep::Propagate], "a graph without labels is one, too");
    session.apply(Command::SetImportRole(specs[2].clone(), Role::Labels));
    wait(&mut session, "the third report", Session::is_idle);
    assert_eq!(report(&session).graph.expect("a graph").stats.n_classes, 3);
    // Without edges there is no graph, and the report says which menu helps.
    session.apply(Command::SetImportRole(specs[0].clone(), Role::LeftOut));
    wait(&mut session, "the fourth report", Session::is_idle);
    let found = report(&session);
    assert!(found.graph.is_none() && found.faults[0].1.contains("choose edges"), "{:?}", found.faults);
}

#[test]
fn beside_a_refused_file_nothing_is_said_to_fit_and_bytes_are_no_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = parts(folder.path());
    let mut session = session();
    read(&mut session, specs.clone());
    session.apply(Command::AcceptImport);
    wait(&mut session, "the graph", |s| s.store().graph.is_some() && s.is_idle());
    let broken = folder.path().join("broken.txt");
    write_atomic(&broken, b"0 1\n1 two three\n2 3\n").expect("a file");
    let noise = folder.path().join("noise.csv");
    write_atomic(&noise, &(0..200u32).map(|i| (i * 37 % 251) as u8 + 1).collect::<Vec<u8>>()).expect("a file");
    read(&mut session, vec![broken.display().to_string(), specs[3].clone()]);
    let found = report(&session);
    assert!(found.graph.is_none() && !found.faults.is_empty(), "{:?}", found.graph);
    assert_eq!(found.fit, None, "the model fits the open graph, which is not what was dropped");
    read(&mut session, vec![noise.display().to_string(), specs[3].clone()]);
    assert_eq!(report(&session).lines, None, "signs are not shown as text");
}

#[test]
fn files_that_a_recipe_names_outside_its_folder_are_read_only_when_allowed() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = parts(folder.path());
    let mut recipe = Recipe::default();
    recipe.graph.feature_file = Some(specs[1].clone());
    let path = folder.path().join("sent").join("recipe.toml");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    write_recipe(&path, &recipe).expect("a recipe");
    let edges = folder.path().join("sent").join("edges.txt");
    std::fs::copy(&specs[0], &edges).expect("a copy");
    let both = vec![path.display().to_string(), edges.display().to_string()];
    let mut session = session();
    read(&mut session, both.clone());
    let found = report(&session);
    assert_eq!(found.outside, [specs[1].clone()]);
    assert_eq!(found.graph.expect("a graph").stats.n_features, 12, "stand-ins: the features were not read");
    session.apply(Command::ReadOutside);
    wait(&mut session, "the second report", Session::is_idle);
    let found = report(&session);
    assert_eq!((found.outside.len(), found.graph.expect("a graph").stats.n_features), (0, 5));
    session.apply(Command::DiscardImport);

    // Alone, it is a question.
    session.apply(Command::Open(both[0].clone()));
    wait(&mut session, "the question", |s| !s.store().outside.is_empty() && s.is_idle());
    assert_eq!(session.store().outside[0].files, [specs[1].clone()]);
    session.apply(Command::AnswerOutside(false));
    wait(&mut session, "the end", Session::is_idle);
    assert_eq!(session.store().recipe.graph.feature_file, None, "nothing was taken over");
    session.apply(Command::Open(both[0].clone()));
    wait(&mut session, "the question again", |s| !s.store().outside.is_empty() && s.is_idle());
    session.apply(Command::AnswerOutside(true));
    wait(&mut session, "the recipe", Session::is_idle);
    assert_eq!(session.store().recipe.graph.feature_file.as_ref(), Some(&specs[1]));
}

#[test]
fn a_class_among_the_features_is_left_out_of_what_is_dropped_with_labels() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let rows = |row: &dyn Fn(usize) -> String| (0..12).map(|u| row(u) + "\n").collect::<String>();
    let edges = rows(&|u| format!("n{u},n{}", (u + 1) % 12));
    write_atomic(at("edges.csv"), format!("source,target\n{edges}").as_bytes()).expect("a file");
    let features = rows(&|u| format!("n{u},{},{},{}.25", u, u % 5, u % 7));
    write_atomic(at("features.csv"), format!("id,a,b,y\n{features}").as_bytes()).expect("a file");
    let labels = rows(&|u| format!("n{u},{}", ["red", "blue", "green"][u % 3]));
    write_atomic(at("labels.csv"), format!("id,label\n{labels}").as_bytes()).expect("a file");
    let mut session = session();
    let specs = ["edges.csv", "features.csv", "labels.csv"].map(|name| at(name).display().to_string());
    read(&mut session, specs.into());
    let found = report(&session);
    assert_eq!(found.faults, []);
    let graph = found.graph.expect("a graph");
    assert_eq!((graph.stats.n_features, graph.stats.n_classes), (2, 3));
    assert!(graph.report.ignored.iter().any(|i| i.starts_with("column y of features.csv: labels are read from ")));
}

/// A network as PyG writes it: its names say neither how the graph is weighted nor whether it has self-loops.
fn foreign_model(path: &Path, [d_in, hidden, n_classes]: [usize; 3]) {
    let tensor = |name: &str, shape: &[usize]| {
        let n: usize = shape.iter().product();
        let values = (0..n).flat_map(|i| ((i * 37 % 11) as f32 / 11.0 - 0.4).to_le_bytes());
        TensorBytes { name: name.to_owned(), dtype: "F32", shape: shape.to_vec(), bytes: values.collect() }
    };
    let tensors = [
        tensor("conv1.lin.weight", &[hidden, d_in]),
        tensor("conv1.bias", &[hidden]),
        tensor("conv2.lin.weight", &[n_classes, hidden]),
        tensor("conv2.bias", &[n_classes]),
    ];
    write_atomic(path, &encode_tensors(&tensors, &std::collections::BTreeMap::new())).expect("a model");
}

#[test]
fn what_a_models_file_leaves_open_stands_in_the_report_with_its_score() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut specs = parts(folder.path());
    let model = folder.path().join("foreign.safetensors");
    foreign_model(&model, [5, 4, 3]);
    specs[3] = model.display().to_string();
    let mut session = session();
    read(&mut session, specs.clone());
    let fit = report(&session).fit.expect("graph and model");
    let scores = fit.scores.clone().expect("labels");
    assert!(fit.assumptions.iter().any(|a| a.reading.contains("norm_r 0.5 assumed")), "{:?}", fit.assumptions);
    for assumption in &fit.assumptions {
        let score = assumption.score.as_ref().expect("a score");
        assert_eq!((score.part, score.split.as_str()), ("test", scores.split.as_str()));
        assert!((score.score - scores.test).abs() < 1e-12 && score.n_nodes > 0, "{assumption:?}");
        assert!(assumption.says().contains(&format!("test nodes of split {}", score.split)), "{}", assumption.says());
    }
    session.apply(Command::DiscardImport);
    // Without labels they stand there, and no score does.
    specs.remove(2);
    read(&mut session, specs);
    let fit = report(&session).fit.expect("graph and model");
    assert!(fit.scores.is_none() && !fit.assumptions.is_empty());
    assert!(fit.assumptions.iter().all(|a| a.score.is_none() && a.says().contains("no labelled nodes")));
}

#[test]
fn a_web_page_among_dropped_files_is_no_list_of_edges() {
    let folder = tempfile::tempdir().expect("a folder");
    let specs = parts(folder.path());
    let page = folder.path().join("edges.csv");
    let body = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>please, sign, in</body></html>\n";
    write_atomic(&page, body.as_bytes()).expect("a file");
    let page = page.display().to_string();
    let mut session = session();
    let says = "HTML page with the title `Sign in`";
    read(&mut session, [std::slice::from_ref(&page), &specs[..]].concat());
    let report = report(&session);
    let file = report.files.iter().find(|file| file.spec == page).expect("listed");
    assert_eq!((file.role, &file.possible[..]), (Role::LeftOut, &[][..]), "{file:?}");
    assert!(file.why.contains(says), "{}", file.why);
    assert_eq!(report.files[1].role, Role::Edges, "{:?}", report.files[1]);
    session.apply(Command::DiscardImport);
    // Beside parts alone it is the only candidate, and none.
    read(&mut session, [std::slice::from_ref(&page), &specs[1..3]].concat());
    assert!(session.store().import.is_none());
    let notices = session.store().notices.all();
    assert!(notices.iter().any(|n| n.level == Level::Error && n.detail.contains(says)), "{notices:?}");
}
