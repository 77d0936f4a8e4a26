//! Undo and redo: a drag is one step, everything that changes recipe or session can be taken back.

use unifews::session::{Command, Gesture, Session};

use super::{session, wait, with_karate};

fn set_delta(session: &mut Session, delta: f64, gesture: Option<u64>) {
    let mut recipe = session.store().recipe.clone();
    recipe.edges.delta = vec![delta];
    session.apply(Command::SetRecipe(Box::new(recipe), gesture.map(|n| Gesture { by: "test", n })));
}

fn delta(session: &Session) -> f64 {
    session.store().recipe.edges.delta[0]
}

#[test]
fn a_drag_is_one_step_and_two_drags_are_two() {
    let mut session = session();
    for step in 1..=10 {
        set_delta(&mut session, f64::from(step) / 10.0, Some(1));
    }
    set_delta(&mut session, 1.5, Some(2));
    set_delta(&mut session, 2.0, None);
    let mut seen = Vec::new();
    while session.undo_label().is_some() {
        session.apply(Command::Undo);
        seen.push(delta(&session));
    }
    assert_eq!(seen, [1.5, 1.0, 0.5], "the last is what a session starts with");
    session.apply(Command::Redo);
    assert_eq!(delta(&session).to_string(), "1");
    set_delta(&mut session, 0.3, None);
    assert_eq!(session.redo_label(), None, "a new change ends what could be made again");
}

#[test]
fn steps_say_what_they_changed_and_any_of_them_is_gone_back_to() {
    let mut session = session();
    let first = delta(&session);
    for step in [0.3, 0.7, 0.9] {
        set_delta(&mut session, step, None);
    }
    let steps = session.steps();
    assert_eq!(steps.iter().filter(|step| step.is_done).count(), 3);
    assert_eq!(steps[1].changed, ["edges.delta: [0.3] → [0.7]"]);
    session.apply(Command::StepTo(1));
    assert_eq!(delta(&session).to_string(), "0.3");
    let is_done: Vec<bool> = session.steps().iter().map(|step| step.is_done).collect();
    assert_eq!(is_done, [true, false, false], "in the same order");
    session.apply(Command::StepTo(3));
    assert_eq!(delta(&session).to_string(), "0.9");
    session.apply(Command::StepTo(0));
    assert_eq!(delta(&session).to_string(), first.to_string());
    session.apply(Command::StepTo(99));
    assert_eq!(delta(&session).to_string(), "0.9", "as far as there are steps");
    assert_eq!(
        session.steps().iter().map(|step| &step.changed).collect::<Vec<_>>(),
        steps.iter().map(|step| &step.changed).collect::<Vec<_>>()
    );
}

#[test]
fn a_redone_drag_is_not_widened_by_the_next_one_of_its_number() {
    let mut session = session();
    set_delta(&mut session, 0.6, Some(1));
    session.apply(Command::Undo);
    session.apply(Command::Redo);
    set_delta(&mut session, 0.7, Some(1));
    session.apply(Command::Undo);
    assert_eq!(delta(&session).to_string(), "0.6");
}

#[test]
fn the_same_recipe_is_no_step() {
    let mut session = session();
    set_delta(&mut session, 0.5, None);
    assert_eq!(session.undo_label(), None);
}

#[test]
fn opening_and_deleting_can_be_taken_back() {
    let mut session = with_karate();
    session.apply(Command::Prune);
    wait(&mut session, "the run", |s| s.store().runs.len() == 1);
    let id = session.store().runs[0].id;
    session.apply(Command::RenameRun(id, "kept".to_owned()));
    session.apply(Command::PinRun(id, true));
    session.apply(Command::DeleteRun(id));
    assert!(session.store().runs.is_empty(), "deleted");
    session.apply(Command::Undo);
    assert_eq!((session.store().runs[0].name.as_str(), session.store().runs[0].is_pinned), ("kept", true));
    session.apply(Command::Undo);
    session.apply(Command::Undo);
    assert_eq!((session.store().runs[0].name.as_str(), session.store().runs[0].is_pinned), ("Run 1", false));

    session.apply(Command::CloseInputs);
    assert!(session.store().graph.is_none() && session.store().model.is_none(), "closed");
    session.apply(Command::Undo);
    assert!(session.store().graph.is_some() && session.store().model.is_some(), "open again");
}
