//! Writes a pruned model and its baseline in one folder, with a server and a script that reads its log, and reads both back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::export::{ExportBundle, Exported, WrittenFile};
use super::{Need, Task, TaskError};
use crate::engine::certify::Certificate;
use crate::engine::control::Control;
use crate::engine::experiment::{Run, RunOptions, run};
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::engine::score::predictions;
use crate::engine::sparsify::{EdgeRule, HopRule, Recipe, WeightRule};
use crate::io::LoadError;
use crate::io::bundle::{
    BUNDLE_FORMAT, Bundle, BundleOptions, BundleReport, BundleWriter, each_file, read_bundle, replay,
};
use crate::io::export::{BASELINE, PRUNED, PilotLimit, PilotNote, PilotOptions, PilotWriter, no_pilot};

/// Of so many nodes one may have another class than the one that the pruned model was held against: another machine may compute otherwise
/// in the last bit.
const NODES_PER_DIFFERENCE: usize = 1_000;
const CERTIFICATE: &str = "certificate.json";
const MANIFEST: &str = "manifest.json";

/// A pruned model beside the one that it was made of.
#[derive(Debug)]
pub(crate) struct WritePilot {
    pub(crate) source: PilotSource,
    pub(crate) options: PilotOptions,
    /// Loss of accuracy that may be lost, a share; without one that of the certificate, else [`USUAL_LIMIT`].
    pub(crate) limit: Option<f64>,
    /// What it is of, for people.
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
}

/// What may be lost where neither a certificate nor the caller says it, a share.
pub(crate) const USUAL_LIMIT: f64 = 0.02;

/// The two models.
#[derive(Debug)]
pub(crate) enum PilotSource {
    /// A run, whose model is the unpruned one.
    Run(Box<ExportBundle>),
    /// A bundle, its graph, and the model that was pruned.
    Bundle(Box<Bundle>, Arc<Dataset>, Arc<Model>),
}

/// What was written.
#[derive(Debug)]
pub(crate) struct WrittenPilot {
    pub(crate) note: PilotNote,
    pub(crate) exported: Exported,
}

impl From<WrittenPilot> for Exported {
    fn from(written: WrittenPilot) -> Self {
        written.exported
    }
}

/// A bundle that was put into the folder.
struct Put {
    files: Vec<(String, u64)>,
    manifest_sha256: String,
    certificate: Option<Certificate>,
}

impl PilotSource {
    fn parts(&self) -> (&Arc<Dataset>, &Arc<Model>, &Recipe) {
        match self {
            Self::Run(export) => (&export.run.dataset, &export.run.model, &export.run.recipe),
            Self::Bundle(bundle, dataset, model) => (dataset, model, &bundle.recipe),
        }
    }

    /// The classes that both models say: the unpruned one as far as it is known.
    fn classes(&self) -> (Option<Vec<u32>>, Vec<u32>) {
        match self {
            Self::Run(export) => {
                (Some(predictions(&export.run.baseline_logits)), predictions(&export.run.pruned.logits))
            }
            Self::Bundle(bundle, ..) => {
                (bundle.baseline_choices().as_ref().map(predictions), predictions(&bundle.logits))
            }
        }
    }

    fn leaves_features_out(&self) -> bool {
        match self {
            Self::Run(export) => export.options.without_features,
            Self::Bundle(bundle, ..) => bundle.manifest.graph.features_left_out,
        }
    }

    /// Puts the pruned bundle into the folder: written of a run, or copied as it is, so that its hashes and its history of checks stay.
    fn put_pruned(&self, writer: &PilotWriter, ctl: &Control) -> Result<Put, TaskError> {
        let part = writer.bundle(PRUNED);
        match self {
            Self::Run(export) => {
                let report = export.run_into(BundleWriter::within(part), ctl)?;
                let of_run = export.run.certificate.clone();
                let certificate = export.supplements.certificate.clone().or(of_run).map(Arc::unwrap_or_clone);
                Ok(Put { certificate, ..Put::of(PRUNED, report) })
            }
            Self::Bundle(bundle, ..) => {
                if bundle.manifest.format != BUNDLE_FORMAT {
                    let found = &bundle.manifest.format;
                    let expected = format!("{BUNDLE_FORMAT}, which a script can run (prune again)");
                    return Err(LoadError::content(&bundle.path, "manifest.json, format", expected, found).into());
                }
                let (mut files, mut certificate) = (Vec::new(), None);
                let manifest_sha256 = each_file(&bundle.path, |name, bytes| {
                    ctl.check().map_err(|_cancelled| LoadError::Cancelled)?;
                    part.write(name, bytes)?;
                    files.push((format!("{PRUNED}/{name}"), bytes.len() as u64));
                    if name == CERTIFICATE {
                        let read = serde_json::from_slice(bytes);
                        let wrong = |error| LoadError::content(&bundle.path, CERTIFICATE, "a certificate", error);
                        certificate = Some(read.map_err(wrong)?);
                    }
                    Ok::<_, TaskError>(())
                })?;
                Ok(Put { files, manifest_sha256, certificate })
            }
        }
    }
}

impl Put {
    fn of(arm: &str, report: BundleReport) -> Self {
        let manifest_sha256 = report.files.get(MANIFEST).map_or_else(String::new, |note| note.sha256.clone());
        let files = report.files.into_iter().map(|(name, note)| (format!("{arm}/{name}"), note.size_bytes)).collect();
        Self { files, manifest_sha256, certificate: None }
    }
}

impl Task for WritePilot {
    type Point = ();
    type Output = WrittenPilot;

    fn label(&self) -> String {
        format!("Export {} for a pilot", self.name)
    }

    fn memory(&self) -> Option<Need> {
        let (dataset, model, recipe) = self.source.parts();
        Some(Need::of_run(dataset, model, &unpruned(recipe), RunOptions::PREVIEW))
    }

    fn run(self, ctl: &Control, _: &mut dyn FnMut(())) -> Result<WrittenPilot, TaskError> {
        let Self { source, options, limit, folder, .. } = self;
        let (dataset, model, recipe) = source.parts();
        if let Some(why) = no_pilot(dataset, model) {
            return Err(TaskError::Nothing(format!("no pilot of this model: {why}")));
        }
        if let Some(points) = limit.map(|limit| 100.0 * limit).filter(|points| !(*points > 0.0 && *points < 100.0)) {
            let expected = "points that may be lost above 0 and below 100".to_owned();
            return Err(TaskError::Wrong { what: "limit", expected, found: points.to_string() });
        }
        let writer = PilotWriter::begin(&folder, ctl)?;
        let baseline = run(dataset, model, &unpruned(recipe), RunOptions::PREVIEW, None, ctl)?;
        let agreement = compared(&baseline, source.classes())?;
        let pruned = source.put_pruned(&writer, ctl)?;
        let options_of_bundle =
            BundleOptions { without_features: source.leaves_features_out(), ..BundleOptions::default() };
        let report = BundleWriter::within(writer.bundle(BASELINE)).write(&baseline, options_of_bundle, ctl)?;
        let base = Put::of(BASELINE, report);
        let limit = match limit {
            Some(asked) => PilotLimit::asked(asked),
            None => PilotLimit::of(pruned.certificate.as_ref(), USUAL_LIMIT),
        };
        let manifests = [base.manifest_sha256.as_str(), pruned.manifest_sha256.as_str()];
        let note = PilotNote::new((dataset, model), manifests, options, limit, agreement);
        let own = writer.finish(&note, ctl)?;
        ctl.progress("verifying", 0, 0);
        let is_verified = verified(&folder, dataset, ctl)?;
        let file = |(name, size_bytes)| WrittenFile { name, size_bytes, difference: None };
        let files = own.into_iter().chain(base.files).chain(pruned.files).map(file).collect();
        let notes =
            vec!["README.md says how to start the server, who is routed where, and how its log is read".to_owned()];
        let exported = Exported { folder, files, is_verified, replay: None, left_out: Vec::new(), notes };
        Ok(WrittenPilot { note, exported })
    }
}

/// The recipe that removes nothing, of the same graph, split and network.
fn unpruned(recipe: &Recipe) -> Recipe {
    Recipe {
        edges: EdgeRule::default(),
        weights: WeightRule::default(),
        channels: None,
        propagation: HopRule::default(),
        recovery: None,
        monitor: None,
        training: None,
        ..recipe.clone()
    }
}

/// Share of the nodes at which both models say the same, once the unpruned one is known to be what the pruned one was held against.
fn compared(baseline: &Run, (known, pruned): (Option<Vec<u32>>, Vec<u32>)) -> Result<f64, TaskError> {
    let found = predictions(&baseline.pruned.logits);
    let n_different = |a: &[u32], b: &[u32]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let n = found.len();
    let n_other = known.map_or(0, |known| n_different(&found, &known));
    if n_other > n / NODES_PER_DIFFERENCE {
        return Err(TaskError::Nothing(format!(
            "no pilot of this model: expected an unpruned model that says what the pruned one was held against, found another class for \
             {n_other} of {n} nodes; open the model that was pruned"
        )));
    }
    Ok(1.0 - n_different(&found, &pruned) as f64 / n.max(1) as f64)
}

/// Whether both bundles give the same logits to the last bit when they are read back.
fn verified(folder: &Path, dataset: &Arc<Dataset>, ctl: &Control) -> Result<bool, TaskError> {
    for arm in [BASELINE, PRUNED] {
        match read_bundle(folder.join(arm)).and_then(|bundle| replay(&bundle, dataset, ctl)) {
            Ok(replayed) if replayed.is_identical() => {}
            // Everything is written; a cancel can only leave it unverified.
            Ok(_) | Err(LoadError::Cancelled) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::model::{Architecture, Family};

    /// Whatever a recipe does, its baseline is what the model says without it; another model is no baseline.
    #[test]
    fn a_baseline_says_what_the_pruned_model_was_held_against() {
        let ctl = Control::new(2).expect("workers");
        let shape = PowerLaw { n_nodes: 1_000, n_entries: 6_000, n_features: 16, n_classes: 4, seed: 3 };
        let dataset = power_law_communities(&shape, &ctl).expect("a graph").shared();
        for family in [Family::Gcn, Family::Gat, Family::Sage, Family::Sgc] {
            let shape = Architecture { hidden: 16, ..Architecture::new(family) };
            let model = Arc::new(Model::init(&shape, 16, 4, 5));
            let mut recipe = Recipe { model: shape, ..Recipe::default() };
            (recipe.edges.delta, recipe.weights.delta) = (vec![0.5], vec![0.5]);
            let pruned = run(&dataset, &model, &recipe, RunOptions::PREVIEW, None, &ctl).expect("a run");
            let baseline = run(&dataset, &model, &unpruned(&recipe), RunOptions::PREVIEW, None, &ctl).expect("a run");
            let (known, said) = (predictions(&pruned.baseline_logits), predictions(&pruned.pruned.logits));
            let n_same = known.iter().zip(&said).filter(|(a, b)| a == b).count();
            let agreement = compared(&baseline, (Some(known.clone()), said.clone())).expect("the same model");
            assert!((agreement - n_same as f64 / 1_000.0).abs() < 1e-12, "{family:?}: {agreement}, {n_same}");
            let mut other = known;
            other.iter_mut().take(7).for_each(|class| *class = (*class + 1) % 4);
            let error = compared(&baseline, (Some(other), said)).expect_err("another model").to_string();
            assert!(error.contains("another class for 7 of 1000 nodes"), "{error}");
        }
    }
}
