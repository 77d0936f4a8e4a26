//! Notes and tags of runs: undone like a name, kept in the project, and absent in those of before.

use unifews::io::atomic::write_atomic;
use unifews::session::{Command, Session, runs_as_text};

use super::{session, wait, with_karate};

/// A session with a run of the smallest sample.
fn pruned() -> Session {
    let mut session = with_karate();
    session.apply(Command::Prune);
    wait(&mut session, "a run", |s| s.is_idle() && s.store().runs.len() == 1);
    session
}

fn of(session: &Session) -> (String, Vec<String>) {
    let entry = &session.store().runs[0];
    (entry.note.clone(), entry.tags.clone())
}

fn texts(tags: &[&str]) -> Vec<String> {
    tags.iter().map(|tag| (*tag).to_owned()).collect()
}

#[test]
fn a_note_and_tags_are_taken_back_and_made_again() {
    let mut one = pruned();
    let id = one.store().runs[0].id;
    one.apply(Command::NoteRun(id, "  for the board \n".to_owned()));
    one.apply(Command::TagRun(id, texts(&["best", " ", "best ", "June"])));
    assert!(one.store().is_changed);
    assert_eq!(of(&one), ("for the board".to_owned(), texts(&["best", "June"])));
    let last = one.steps().pop().expect("a step");
    assert!(last.changed.iter().any(|line| line == "tags: none → best, June"), "{last:?}");
    one.apply(Command::Undo);
    assert_eq!(of(&one), ("for the board".to_owned(), Vec::new()));
    one.apply(Command::Undo);
    assert_eq!(of(&one), (String::new(), Vec::new()));
    one.apply(Command::Redo);
    one.apply(Command::Redo);
    assert_eq!(of(&one), ("for the board".to_owned(), texts(&["best", "June"])));
}

#[test]
fn a_project_keeps_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let project = folder.path().join("mine.unifews");
    let mut one = pruned();
    // A model that was trained here is in no file; the project asks for one.
    let model = folder.path().join("model.safetensors");
    one.apply(Command::SaveModel(model.clone()));
    wait(&mut one, "the model", |s| s.is_idle() && model.is_file());
    one.apply(Command::Open(model.display().to_string()));
    wait(&mut one, "the model again", Session::is_idle);
    one.apply(Command::Prune);
    wait(&mut one, "a run of it", |s| s.is_idle() && s.store().runs.len() == 2);
    let id = one.store().runs[1].id;
    one.apply(Command::NoteRun(id, "for the board".to_owned()));
    one.apply(Command::TagRun(id, texts(&["best", "June"])));
    one.apply(Command::SaveProject(project.clone()));
    wait(&mut one, "the project", |s| s.is_idle() && !s.store().is_changed);

    let mut again = session();
    again.apply(Command::Open(project.display().to_string()));
    wait(&mut again, "the project again", |s| s.is_idle() && s.store().runs.len() == 1);
    assert_eq!(of(&again), ("for the board".to_owned(), texts(&["best", "June"])));
    assert!(!again.store().is_changed);

    // What an earlier program wrote has neither.
    let text = std::fs::read_to_string(&project).expect("written");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let run = document["runs"][0].as_object_mut().expect("a run");
    assert!(run.remove("note").is_some() && run.remove("tags").is_some());
    write_atomic(&project, document.to_string().as_bytes()).expect("written");
    let mut earlier = session();
    earlier.apply(Command::Open(project.display().to_string()));
    wait(&mut earlier, "the earlier project", |s| s.is_idle() && s.store().runs.len() == 1);
    assert_eq!(of(&earlier), (String::new(), Vec::new()));
    // And a run without them writes neither, so that an earlier program reads it.
    let without = serde_json::to_string(&earlier.store().to_project()).expect("JSON");
    assert!(!without.contains("\"note\"") && !without.contains("\"tags\""), "{without}");
}

#[test]
fn several_runs_are_pinned_and_deleted_in_one_step() {
    let mut one = pruned();
    for seed in [7, 8] {
        let mut recipe = one.store().recipe.clone();
        (recipe.seed, recipe.recovery) = (seed, None);
        one.apply(Command::SetRecipe(Box::new(recipe), None));
        one.apply(Command::Prune);
        wait(&mut one, "one more", |s| s.is_idle() && s.store().runs.len() as u64 == seed - 5);
    }
    let names = |s: &Session| s.store().runs.iter().map(|run| run.name.clone()).collect::<Vec<_>>();
    let pins = |s: &Session| s.store().runs.iter().map(|run| run.is_pinned).collect::<Vec<_>>();
    let all = names(&one);
    let ids: Vec<_> = one.store().runs.iter().map(|run| run.id).collect();
    one.apply(Command::PinRuns(vec![ids[0], ids[2]], true));
    assert_eq!(pins(&one), [true, false, true]);
    one.apply(Command::DeleteRuns(vec![ids[0], ids[2], ids[0]]));
    assert_eq!(names(&one), [all[1].clone()]);
    let last = one.steps().pop().expect("a step");
    assert_eq!((last.label.as_str(), last.changed.len()), ("Delete runs", 2), "{last:?}");
    one.apply(Command::Undo);
    assert_eq!((names(&one), pins(&one)), (all.clone(), vec![true, false, true]), "in their places");
    one.apply(Command::Undo);
    assert_eq!(pins(&one), [false; 3]);
    one.apply(Command::Redo);
    one.apply(Command::Redo);
    assert_eq!(names(&one), [all[1].clone()]);
    let n = one.steps().len();
    one.apply(Command::DeleteRuns(vec![ids[0]]));
    assert_eq!(one.steps().len(), n, "nothing happens, and nothing is to be taken back");
}

#[test]
fn the_table_has_every_number_as_it_is() {
    let mut one = pruned();
    let id = one.store().runs[0].id;
    one.apply(Command::NoteRun(id, "two\tparts, \"quoted\"".to_owned()));
    let store = one.store();
    let text = runs_as_text(&store.runs.iter().collect::<Vec<_>>());
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!((lines.len(), lines[0].len()), (2, lines[1].len()));
    let cell = |name: &str| lines[1][lines[0].iter().position(|own| *own == name).expect("a column")];
    let run = &store.runs[0].run;
    assert_eq!(cell("note"), "two parts, \"quoted\"");
    assert_eq!(cell("weights_removed").parse::<f64>(), Ok(run.pruned.weight_sparsity()));
    assert_eq!(cell("test_accuracy").parse::<f64>(), Ok(run.evaluation.test.pruned.accuracy));
    let deltas: Vec<String> = run.recipe.edges.delta.iter().map(ToString::to_string).collect();
    assert_eq!(cell("delta_a"), deltas.join(" "));
    assert_eq!(lines[0].last(), Some(&"method"), "behind the others");
    assert_eq!(cell("method"), unifews::session::method_of(&run.recipe));
}
