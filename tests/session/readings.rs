//! What a model's file leaves open: its readings in the report, one of them chosen, and what becomes of the choice.

use std::collections::BTreeMap;
use std::path::Path;

use unifews::engine::model::{Activation, Architecture, Model};
use unifews::io::atomic::write_atomic;
use unifews::io::{TensorBytes, encode_tensors};
use unifews::session::{Command, Readings, Session};

use super::{session, wait, with_karate};

/// The tensors of a model alone, as other programs write them.
fn state_dict(model: &Model) -> Vec<u8> {
    let tensors = model.state_dict().into_iter().map(|(name, tensor)| TensorBytes {
        name,
        dtype: "F32",
        shape: tensor.shape().to_vec(),
        bytes: tensor.iter().flat_map(|v| v.to_le_bytes()).collect(),
    });
    encode_tensors(&tensors.collect::<Vec<_>>(), &BTreeMap::new())
}

/// Karate with the report on a file of its model's tensors alone.
fn with_report(folder: &Path) -> Session {
    let mut session = with_karate();
    let model = session.store().model.clone().expect("a model").model;
    let path = folder.join("other.safetensors");
    write_atomic(&path, &state_dict(&model)).expect("a file");
    session.apply(Command::Import(vec![path.display().to_string()]));
    wait(&mut session, "the report", Session::is_idle);
    session
}

/// Saved as a project and opened again.
fn reopened(session: &mut Session, folder: &Path) -> Session {
    let project = folder.join("mine.unifews");
    session.apply(Command::SaveProject(project.clone()));
    wait(session, "the file", Session::is_idle);
    let mut other = super::session();
    other.apply(Command::Open(project.display().to_string()));
    wait(&mut other, "the project", |s| s.store().project.is_some() && s.is_idle());
    other
}

fn readings(session: &Session) -> Readings {
    let report = session.store().import.as_ref().and_then(|state| state.report.clone()).expect("a report");
    assert!(report.faults.is_empty(), "{:?}", report.faults);
    report.readings
}

#[test]
fn a_reading_is_chosen_in_the_report_and_stays_with_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = with_report(folder.path());
    let found = readings(&session);
    assert!(found.why.starts_with("a guess"), "{found:?}");
    assert!(found.all[0].is_used && found.all[0].spelled().contains("activation=relu"), "{:?}", found.all[0]);
    assert!(found.all.len() > 5 && found.all.iter().all(|reading| reading.score.is_some()), "{found:?}");

    let other = found.all.iter().find(|reading| reading.spelled().ends_with("activation=gelu")).expect("was tried");
    let settings = other.settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    session.apply(Command::ChooseReading(settings));
    wait(&mut session, "the second report", Session::is_idle);
    let chosen = readings(&session);
    assert_eq!((&chosen.all[0].settings, chosen.why.as_str()), (&other.settings, "chosen"));
    session.apply(Command::AcceptImport);
    wait(&mut session, "the preview", Session::is_idle);
    let store = session.store();
    let opened = store.model.as_ref().expect("open").model.architecture.activation;
    assert_eq!((opened, store.recipe.model.activation), (Activation::Gelu, Activation::Gelu));

    // Saved and opened again it is read so.
    let other = reopened(&mut session, folder.path());
    let reopened = other.store().model.as_ref().expect("open").model.architecture.activation;
    assert_eq!(reopened, Activation::Gelu);
}

#[test]
fn settings_that_no_tensor_tells_stay_with_the_project() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = with_report(folder.path());
    let state = session.store().import.as_ref().expect("a report");
    let read = state.report.as_ref().and_then(|report| report.model.as_ref()).expect("a model");
    let network = Architecture { norm_r: 0.25, ..read.model.architecture.clone() };
    let options = state.options.clone();
    session.apply(Command::ChangeImport(Box::new(options), Some(Box::new(network))));
    wait(&mut session, "the second report", Session::is_idle);
    session.apply(Command::AcceptImport);
    wait(&mut session, "the preview", Session::is_idle);
    let norm_r = |session: &Session| session.store().model.as_ref().map(|model| model.model.architecture.norm_r);
    assert_eq!(norm_r(&session), Some(0.25));
    let other = reopened(&mut session, folder.path());
    assert_eq!(norm_r(&other), Some(0.25));
    assert_eq!(other.store().effective_recipe().model.norm_r.to_bits(), 0.25f64.to_bits());
}

#[test]
fn without_a_graph_the_usual_reading_is_used_and_said_to_be_a_guess() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = with_karate().store().model.clone().expect("a model").model;
    let path = folder.path().join("other.safetensors");
    write_atomic(&path, &state_dict(&model)).expect("a file");
    let mut session = session();
    session.apply(Command::Import(vec![path.display().to_string()]));
    wait(&mut session, "the report", Session::is_idle);
    let found = readings(&session);
    let [only] = &found.all[..] else { panic!("{found:?}") };
    assert!(only.is_used && only.score.is_none(), "{only:?}");
    assert!(found.why.contains("no graph with labels"), "{}", found.why);
    session.apply(Command::ChooseReading(vec![("activation".to_owned(), "swish".to_owned())]));
    wait(&mut session, "the second report", Session::is_idle);
    let report = session.store().import.as_ref().and_then(|state| state.report.clone()).expect("a report");
    assert!(report.faults.iter().any(|(_, why)| why.contains("expected one of none, relu")), "{:?}", report.faults);
}
