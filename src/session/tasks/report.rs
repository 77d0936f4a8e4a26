//! Writes the report on bundles, or on a run as the bundle that it would be exported as.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::export::ExportBundle;
use super::{Task, TaskError};
use crate::engine::control::Control;
use crate::io::atomic::{AtomicFile, AtomicFolder};
use crate::io::bundle::{Bundle, BundleWriter, read_bundle};
use crate::io::checks::read_history;
use crate::io::printed::{PrintedForm, encode};
use crate::io::results::{StressRead, SweepRead, read_stress, read_sweep};
use crate::io::{ExportError, LoadError, escaped_path};
use crate::session::report_page::{ReportOptions, Reported, report_page};

/// What is reported on.
#[derive(Debug)]
pub(crate) enum ReportSource {
    /// A bundle that lies somewhere.
    Stored(PathBuf),
    /// A run, and what it is called.
    Run(Box<ExportBundle>, String),
}

/// Bundles, what lies beside them, and where the report goes.
#[derive(Debug)]
pub(crate) struct WriteReport {
    pub(crate) sources: Vec<ReportSource>,
    /// A folder that `unifews sweep -o` wrote.
    pub(crate) sweep: Option<PathBuf>,
    /// Another one, with a comparison of methods.
    pub(crate) compare: Option<PathBuf>,
    /// A folder that `unifews stress -o` wrote.
    pub(crate) stress: Option<PathBuf>,
    pub(crate) options: ReportOptions,
    pub(crate) form: PrintedForm,
    pub(crate) path: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenReport {
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub size_bytes: u64,
    /// What it is about, as it names them.
    pub bundles: Vec<String>,
}

impl Task for WriteReport {
    type Point = ();
    type Output = WrittenReport;

    fn label(&self) -> String {
        format!("Report {}", escaped_path(&self.path))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<WrittenReport, TaskError> {
        // A place that cannot be written is said before anything is read.
        let mut file = AtomicFile::begin(&self.path)?;
        let n = self.sources.len() + 1;
        let mut bundles = Vec::with_capacity(self.sources.len());
        for (at, source) in self.sources.into_iter().enumerate() {
            ctl.progress("reading bundles", at, n);
            ctl.check()?;
            bundles.push(read(source, &self.path, ctl)?);
        }
        attach_sweep(&mut bundles, self.sweep.as_deref(), |of, sweep| of.sweep = Some(sweep))?;
        attach_sweep(&mut bundles, self.compare.as_deref(), |of, sweep| of.methods = Some(sweep))?;
        attach_stress(&mut bundles, self.stress.as_deref())?;
        ctl.progress("writing the report", n - 1, n);
        ctl.check()?;
        let page = report_page(&bundles, &self.options);
        let bytes = encode(&page, self.form)?;
        ctl.check()?;
        file.write_all(&bytes).map_err(|source| ExportError::io("write", &self.path, source))?;
        file.commit()?;
        let bundles = bundles.into_iter().map(|of| of.name).collect();
        Ok(WrittenReport { path: self.path, size_bytes: bytes.len() as u64, bundles })
    }
}

fn read(source: ReportSource, report: &Path, ctl: &Control) -> Result<Reported, TaskError> {
    let (name, bundle, history) = match source {
        ReportSource::Stored(path) => (path.display().to_string(), read_bundle(&path)?, read_history(&path)?),
        ReportSource::Run(task, name) => (name, bundle_of(&task, report, ctl)?, Vec::new()),
    };
    Ok(Reported { name, bundle, history, sweep: None, methods: None, stress: None })
}

/// The bundle that a run would be exported as: it is written beside the report, so that a report says what a bundle's files say, read back,
/// and goes again.
fn bundle_of(task: &ExportBundle, report: &Path, ctl: &Control) -> Result<Bundle, TaskError> {
    const PART: &str = "bundle";
    let name = format!("{}.{}.bundle", report.file_name().unwrap_or_default().to_string_lossy(), std::process::id());
    // Never put into place, it leaves nothing.
    let folder = AtomicFolder::begin(report.with_file_name(name), PART, ctl)?;
    task.run_into(BundleWriter::within(folder.part().below(PART)), &ctl.quiet())?;
    Ok(read_bundle(folder.part().meanwhile(PART))?)
}

/// Puts a sweep beside every bundle of its graph and model.
fn attach_sweep(
    bundles: &mut [Reported],
    folder: Option<&Path>,
    put: impl Fn(&mut Reported, SweepRead),
) -> Result<(), TaskError> {
    let Some(folder) = folder else { return Ok(()) };
    let sweep = read_sweep(folder)?;
    let own = of_same(bundles, &sweep.graph, &sweep.model, folder)?;
    for of in own {
        put(of, sweep.clone());
    }
    Ok(())
}

fn attach_stress(bundles: &mut [Reported], folder: Option<&Path>) -> Result<(), TaskError> {
    let Some(folder) = folder else { return Ok(()) };
    let stress: StressRead = read_stress(folder)?;
    let own = of_same(bundles, &stress.graph, &stress.model, folder)?;
    for of in own {
        of.stress = Some(stress.clone());
    }
    Ok(())
}

/// The bundles of this graph and model, of which there must be one.
fn of_same<'a>(
    bundles: &'a mut [Reported],
    graph: &str,
    model: &str,
    folder: &Path,
) -> Result<Vec<&'a mut Reported>, TaskError> {
    let names = bundles.iter().map(|of| {
        let manifest = &of.bundle.manifest;
        format!("{} on {}", manifest.model.title, manifest.graph.name)
    });
    let expected = format!("results of {}, as a bundle is", names.collect::<Vec<_>>().join(" or of "));
    let is_own = |of: &&mut Reported| of.bundle.manifest.graph.name == graph && of.bundle.manifest.model.title == model;
    let own: Vec<&mut Reported> = bundles.iter_mut().filter(is_own).collect();
    if own.is_empty() {
        return Err(LoadError::content(folder, "graph and model", expected, format!("{model} on {graph}")).into());
    }
    Ok(own)
}
