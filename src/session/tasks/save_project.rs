//! Writes a project, and beside it what its runs found and the model that was trained here and has no file yet: all come, or nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::engine::model::Model;
use crate::io::atomic::AtomicFiles;
use crate::io::kept_runs::{KeptRun, encode_runs, is_kept_runs};
use crate::io::{encode_model, ending, with_known_ending};
use crate::session::project::{self, EXTENSION, Project};

/// Writes a project.
#[derive(Debug)]
pub(crate) struct SaveProject {
    pub(crate) path: PathBuf,
    pub(crate) project: Box<Project>,
    /// A model that has no file of its own.
    pub(crate) model: Option<Arc<Model>>,
    /// What its runs found, with their names.
    pub(crate) results: Vec<(String, KeptRun)>,
    /// The most that results may take, bytes; the largest are left out.
    pub(crate) most_bytes: u64,
}

/// What was written.
#[derive(Debug)]
pub(crate) struct SavedProject {
    pub(crate) path: PathBuf,
    /// The model, and where it is now.
    pub(crate) model: Option<(Arc<Model>, PathBuf)>,
    /// The results, where there are any.
    pub(crate) results: Option<SavedResults>,
}

/// Results that were written.
#[derive(Debug)]
pub(crate) struct SavedResults {
    pub(crate) path: PathBuf,
    /// Runs in the file, without the preview.
    pub(crate) n_runs: usize,
    pub(crate) n_bytes: u64,
    /// Names of the runs that were left out.
    pub(crate) left_out: Vec<String>,
}

impl Task for SaveProject {
    type Point = ();
    type Output = SavedProject;

    fn label(&self) -> String {
        "Save the project".to_owned()
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<SavedProject, TaskError> {
        let Self { path, mut project, model, results, most_bytes } = self;
        // Any ending serves, since a project is known by its content; without one it has its own.
        let path = if ending(&path).is_empty() { with_known_ending(&path, &[EXTENSION])? } else { path };
        let model_path = model.as_ref().map(|_| name_of_model(&path));
        if let Some(beside) = &model_path {
            project.model = Some(beside.display().to_string());
        }
        // A file of results that nobody names any more is replaced by one of what there is now.
        let results_path = name_of_results(&path);
        let has_results = !results.is_empty() || is_kept_runs(&results_path);
        let results_path = has_results.then_some(results_path);
        project.results = results_path.as_ref().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
        let others: Vec<&Path> = [&model_path, &results_path].into_iter().flatten().map(PathBuf::as_path).collect();
        let mut files = AtomicFiles::begin(&path, &others)?;
        if let (Some(model), Some(beside)) = (&model, &model_path) {
            files.write(1, &encode_model(model, beside)?)?;
        }
        let mut saved = None;
        if let Some(beside) = results_path {
            let (names, runs): (Vec<String>, Vec<KeptRun>) = results.into_iter().unzip();
            let encoded = encode_runs(&runs, most_bytes, ctl)?;
            files.write(1 + usize::from(model_path.is_some()), &encoded.bytes)?;
            let is_left_out = |at: &usize| encoded.left_out.contains(at);
            let is_run = |at: &usize| !runs[*at].is_preview;
            saved = Some(SavedResults {
                path: beside,
                n_runs: (0..runs.len()).filter(is_run).filter(|at| !is_left_out(at)).count(),
                n_bytes: encoded.bytes.len() as u64,
                left_out: encoded.left_out.iter().map(|at| names[*at].clone()).collect(),
            });
        }
        ctl.check()?;
        files.write(0, project::to_text(&project).as_bytes())?;
        files.commit()?;
        Ok(SavedProject { path, model: model.zip(model_path), results: saved })
    }
}

/// A name for the model of a project that nothing has yet, for example `mine-model.safetensors`.
fn name_of_model(project: &Path) -> PathBuf {
    let stem = project.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    first_name(project, |n| format!("{stem}-model{n}.safetensors"), |path| !path.exists())
}

/// A name for the results of a project, for example `mine.unifews-runs`: what lies there is replaced where it is of this kind alone.
fn name_of_results(project: &Path) -> PathBuf {
    let name = project.file_name().unwrap_or_default().to_string_lossy().into_owned();
    first_name(project, |n| format!("{name}-runs{n}"), |path| !path.exists() || is_kept_runs(path))
}

/// The first of a name, and the name with `-2`, `-3` and so on, that is free.
fn first_name(beside: &Path, name: impl Fn(&str) -> String, is_free: impl Fn(&Path) -> bool) -> PathBuf {
    let numbers = std::iter::once(String::new()).chain((2..).map(|n: usize| format!("-{n}")));
    let mut paths = numbers.map(|number| beside.with_file_name(name(&number)));
    paths.find(|path| is_free(path)).unwrap_or_default()
}
