//! Writes what would be lost with the session, finds what sessions left that did not end, and reads it again.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::model::Model;
use crate::io::autosave::{STATE_NAME, SessionFolder, left_behind};
use crate::io::{InputHash, LoadReport, encode_model, escaped_text, read_model};
use crate::session::inputs::{Baseline, LoadedModel};
use crate::session::project::{self, Project};

/// What a session has written of itself.
#[derive(Debug, Default)]
pub(crate) struct Own {
    folder: Option<SessionFolder>,
    /// The last state, without its time.
    text: String,
    /// The model that was written last, and how many there were.
    model: Option<Arc<Model>>,
    n_models: usize,
    /// The program ends: nothing is written any more.
    is_over: bool,
}

impl Own {
    /// Removes everything, for good: the program ends, and nothing is to be missed.
    pub(crate) fn end(own: &Mutex<Self>) {
        let mut own = own.lock().unwrap_or_else(PoisonError::into_inner);
        own.is_over = true;
        if let Some(folder) = own.folder.take() {
            folder.remove();
        }
    }

    fn model_name(&self) -> String {
        format!("model-{}.safetensors", self.n_models)
    }
}

/// Writes the state of a session.
#[derive(Debug)]
pub(crate) struct Autosave {
    /// Where folders of sessions lie.
    pub(crate) root: PathBuf,
    /// What was written before.
    pub(crate) own: Arc<Mutex<Own>>,
    /// What would be lost; without, there is nothing to be kept.
    pub(crate) state: Option<Box<Project>>,
    /// A model that has no file of its own.
    pub(crate) model: Option<Arc<Model>>,
    /// What was left behind and is all in this state: it goes when this is written.
    pub(crate) replaces: Vec<SessionFolder>,
}

impl Task for Autosave {
    type Point = ();
    type Output = ();

    fn label(&self) -> String {
        "Autosave".to_owned()
    }

    fn run(self, _: &Control, _: &mut dyn FnMut(())) -> Result<(), TaskError> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if own.is_over {
            return Ok(());
        }
        let Some(mut state) = self.state else {
            if let Some(folder) = own.folder.take() {
                folder.remove();
            }
            *own = Own { n_models: own.n_models, ..Own::default() };
            return Ok(());
        };
        let folder = match own.folder.take() {
            Some(folder) => folder,
            None => SessionFolder::begin(&self.root)?,
        };
        let written = write(&mut own, &folder, &mut state, self.model);
        own.folder = Some(folder);
        written?;
        self.replaces.into_iter().for_each(SessionFolder::remove);
        Ok(())
    }
}

/// First the model, then the state that names it, then what no state names any more goes.
fn write(
    own: &mut Own,
    folder: &SessionFolder,
    state: &mut Project,
    model: Option<Arc<Model>>,
) -> Result<(), TaskError> {
    let before = own.model.is_some().then(|| own.model_name());
    let is_written = match (&model, &own.model) {
        (Some(model), Some(written)) => Arc::ptr_eq(model, written),
        (None, None) => true,
        _ => false,
    };
    if let Some(model) = model.as_ref().filter(|_| !is_written) {
        own.n_models += 1;
        let name = own.model_name();
        folder.write(&name, &encode_model(model, &folder.path(&name))?)?;
    }
    let mut kept = state.autosave.take().unwrap_or_default();
    kept.model_file = model.is_some().then(|| own.model_name());
    kept.at = 0;
    state.autosave = Some(kept);
    let text = project::to_text(state);
    if text != own.text {
        if let Some(kept) = &mut state.autosave {
            kept.at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        }
        folder.write(STATE_NAME, project::to_text(state).as_bytes())?;
        own.text = text;
    }
    own.model = model;
    if let Some(before) = before.filter(|before| own.model.is_none() || *before != own.model_name()) {
        folder.forget(&before);
    }
    Ok(())
}

/// A session that did not end, as far as it can be told before it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostSession {
    /// Which of them.
    pub id: u64,
    /// When it was written last.
    pub at: SystemTime,
    /// Name of its graph; empty without one.
    pub graph: String,
    /// Name of its model; empty without one.
    pub model: String,
    /// Its runs.
    pub n_runs: usize,
    /// Points of its trials.
    pub n_points: usize,
    /// Why it cannot be read.
    pub fault: Option<String>,
}

/// Looks for sessions that did not end.
#[derive(Debug)]
pub(crate) struct FindLost {
    pub(crate) root: PathBuf,
}

impl Task for FindLost {
    type Point = ();
    type Output = Vec<(LostSession, SessionFolder)>;

    fn label(&self) -> String {
        "Look for lost sessions".to_owned()
    }

    fn run(self, _: &Control, _: &mut dyn FnMut(())) -> Result<Self::Output, TaskError> {
        let found = left_behind(&self.root).into_iter().zip(1..);
        Ok(found.map(|(folder, id)| (about(&folder, id), folder)).collect())
    }
}

fn about(folder: &SessionFolder, id: u64) -> LostSession {
    let mut lost = LostSession {
        id,
        at: folder.written_at(),
        graph: String::new(),
        model: String::new(),
        n_runs: 0,
        n_points: 0,
        fault: None,
    };
    match project::read(&folder.path(STATE_NAME)) {
        Err(error) => lost.fault = Some(escaped_text(&error.to_string()).into_owned()),
        Ok(state) => {
            let kept = state.autosave.unwrap_or_default();
            // A time that no clock can have is that of the file.
            if let Some(at) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(kept.at)).filter(|_| kept.at > 0) {
                lost.at = at;
            }
            (lost.graph, lost.model, lost.n_runs) = (kept.graph_name, kept.model_name, state.runs.len());
            lost.n_points = state.trials.map_or(0, |trials| {
                trials.sweep.map_or(0, |t| t.points.len())
                    + trials.comparison.map_or(0, |t| t.points.len())
                    + trials.layers.map_or(0, |t| t.points.len())
            });
        }
    }
    lost
}

/// Reads a session that did not end.
#[derive(Debug)]
pub(crate) struct ReadLost {
    /// Where its state lies.
    pub(crate) state: PathBuf,
}

/// What was left of it.
#[derive(Debug)]
pub(crate) struct ReadSession {
    pub(crate) state: Box<Project>,
    /// Its model, where that has no file of its own.
    pub(crate) model: Option<Box<LoadedModel>>,
    /// What is not as it was then.
    pub(crate) changed: Vec<ChangedInput>,
    /// Why its model cannot be read.
    pub(crate) model_fault: Option<String>,
}

impl Task for ReadLost {
    type Point = ();
    type Output = ReadSession;

    fn label(&self) -> String {
        "Restore last session".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<ReadSession, TaskError> {
        ctl.progress("reading", 0, 0);
        let state = Box::new(project::read(&self.state)?);
        let changed = changed_inputs(&state, ctl);
        let kept = state.autosave.clone().unwrap_or_default();
        // A name without any way to another folder.
        let name = kept.model_file.filter(|name| Path::new(name).file_name() == Some(std::ffi::OsStr::new(name)));
        let read = name.map(|name| read_model(&self.state.with_file_name(name).to_string_lossy()));
        let (model, model_fault) = match read {
            None => (None, None),
            Some(Err(error)) => (None, Some(error.to_string())),
            Some(Ok((model, _))) => {
                let baseline = if kept.is_of_bundle { Baseline::Unknown } else { Baseline::Own };
                let mut report = LoadReport::new("trained here", "");
                report.warnings.extend(baseline.note().map(str::to_owned));
                let (spec, report, model) = (String::new(), Arc::new(report), Arc::new(model));
                (Some(Box::new(LoadedModel { spec, name: kept.model_name, model, report, baseline })), None)
            }
        };
        Ok(ReadSession { state, model, changed, model_fault })
    }
}

/// A file that is not what it was when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangedInput {
    pub(crate) path: String,
    /// Whether it is gone, or cannot be read.
    pub(crate) is_gone: bool,
}

/// The inputs of a project that are not as they were when it was written.
pub(crate) fn changed_inputs(state: &Project, ctl: &Control) -> Vec<ChangedInput> {
    let changed = |known: &InputHash| match InputHash::of(&known.path, ctl) {
        Ok(Some(now)) if now == *known => None,
        Ok(None) => None,
        now => Some(ChangedInput { path: known.path.clone(), is_gone: now.is_err() }),
    };
    state.files.iter().filter_map(changed).collect()
}

/// Hashes what is open, so that a project can say later whether it has changed.
#[derive(Debug)]
pub(crate) struct HashInputs {
    pub(crate) paths: Vec<String>,
}

impl Task for HashInputs {
    type Point = ();
    type Output = Vec<InputHash>;

    fn label(&self) -> String {
        "Hash what is open".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<Vec<InputHash>, TaskError> {
        let mut found = Vec::new();
        for path in &self.paths {
            ctl.check()?;
            // What cannot be read any more is in memory, and has no hash.
            found.extend(InputHash::of(path, ctl).ok().flatten());
        }
        Ok(found)
    }
}
