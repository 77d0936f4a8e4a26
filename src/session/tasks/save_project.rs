//! Writes a project, and beside it the model that was trained here and has no file yet: both come, or neither.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::model::Model;
use crate::io::atomic::AtomicFiles;
use crate::io::{encode_model, ending, with_known_ending};
use crate::session::project::{self, EXTENSION, Project};

/// Writes a project.
#[derive(Debug)]
pub(crate) struct SaveProject {
    pub(crate) path: PathBuf,
    pub(crate) project: Box<Project>,
    /// A model that has no file of its own.
    pub(crate) model: Option<Arc<Model>>,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct SavedProject {
    pub(crate) path: PathBuf,
    /// The model, and where it is now.
    pub(crate) model: Option<(Arc<Model>, PathBuf)>,
}

impl Task for SaveProject {
    type Point = ();
    type Output = SavedProject;

    fn label(&self) -> String {
        "Save the project".to_owned()
    }

    fn run(self, _: &Control, _: &mut dyn FnMut(())) -> Result<SavedProject, TaskError> {
        let Self { path, mut project, model } = self;
        // Any ending serves, since a project is known by its content; without one it has its own.
        let path = if ending(&path).is_empty() { with_known_ending(&path, &[EXTENSION])? } else { path };
        let Some(model) = model else {
            project::write(&path, &project)?;
            return Ok(SavedProject { path, model: None });
        };
        let beside = free_name(&path);
        project.model = Some(beside.display().to_string());
        let mut files = AtomicFiles::begin(&path, &[&beside])?;
        files.write(1, &encode_model(&model, &beside)?)?;
        files.write(0, project::to_text(&project).as_bytes())?;
        files.commit()?;
        Ok(SavedProject { path, model: Some((model, beside)) })
    }
}

/// A name for the model of a project that nothing has yet, for example `mine-model.safetensors`.
fn free_name(project: &Path) -> PathBuf {
    let stem = project.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let numbered = (2..).map(|n: usize| format!("{stem}-model-{n}.safetensors"));
    let names = std::iter::once(format!("{stem}-model.safetensors")).chain(numbered);
    let mut paths = names.map(|name| project.with_file_name(name));
    paths.find(|path| !path.exists()).unwrap_or_default()
}
