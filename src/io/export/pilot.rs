//! A pruned model and its baseline in one folder (`unifews-pilot/1`), with a server that sends a share of the nodes to the pruned one and a
//! script that reads its log.
//!
//! | file | content |
//! | --- | --- |
//! | `pilot.json` | [`PilotNote`]: the share, the sample, the salt of the hash, the limit |
//! | `baseline/`, `pruned/` | two bundles of one graph |
//! | `serve.py` | answers requests; every answer is a line of its log, for a sample of the nodes with what the other model says |
//! | `read_log.py` | says whether the difference keeps within the limit: exit code 0, not shown 3, worse 4 |
//! | `README.md` | for the engineer who receives it |
//!
//! What is never here: how either bundle is made.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::certify::{BETA, Certificate, N_RATES};
use crate::engine::control::Control;
use crate::engine::experiment::check_requests;
use crate::engine::graph::Dataset;
use crate::engine::model::Model;
use crate::io::atomic::{AtomicFolder, FolderPart};
use crate::io::bundle::ProgramNote;
use crate::io::format::percent;
use crate::io::report::ExportError;
use crate::io::sha256::of_bytes;
use crate::io::text::escaped_markdown;

/// Name and version of a pilot's folder.
pub const PILOT_FORMAT: &str = "unifews-pilot/1";
/// The folder of the unpruned model's bundle.
pub const BASELINE: &str = "baseline";
/// The folder of the pruned model's bundle.
pub const PRUNED: &str = "pruned";
const NOTE: &str = "pilot.json";
const SERVE_PY: &str = include_str!("serve.py");
const READ_LOG_PY: &str = include_str!("read_log.py");
const README: &str = include_str!("pilot_readme.md");
/// Confidence where no certificate says another.
const LEVEL: f64 = 0.95;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PilotOptions {
    /// Share of the nodes that the pruned model answers, `0..=1`.
    pub share: f64,
    /// Share of the nodes for which the log has both answers, `0..=1`.
    pub sample: f64,
}

impl Default for PilotOptions {
    fn default() -> Self {
        Self { share: 0.5, sample: 0.25 }
    }
}

/// What may be lost, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PilotLimit {
    /// Loss of accuracy, a share above 0 and below 1.
    pub limit: f64,
    /// Whether a certificate says that this model keeps it, or somebody asked for it.
    pub limit_is: LimitIs,
    /// With which confidence it is to be shown.
    pub level: f64,
}

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitIs {
    /// From a certificate that holds.
    Certified,
    /// From whoever asked.
    Asked,
}

impl PilotLimit {
    /// That of a certificate that holds, else what was asked for.
    pub fn of(certificate: Option<&Certificate>, asked: f64) -> Self {
        match certificate.filter(|certificate| certificate.holds()) {
            Some(Certificate { limit, level, .. }) => {
                Self { limit: *limit, limit_is: LimitIs::Certified, level: *level }
            }
            None => Self::asked(asked),
        }
    }

    /// What was asked for.
    pub fn asked(limit: f64) -> Self {
        Self { limit, limit_is: LimitIs::Asked, level: LEVEL }
    }
}

/// What `pilot.json` says; whoever runs the pilot may change share, sample and limit there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PilotNote {
    /// [`PILOT_FORMAT`]; both scripts refuse any other.
    pub format: &'static str,
    /// What wrote it.
    pub program: ProgramNote,
    /// Of these two bundles: lines of other pilots in a log are told apart by it.
    pub id: String,
    /// For people, for example `GCN 1433-512-7 on cora`.
    pub title: String,
    /// Who answers.
    #[serde(flatten)]
    pub options: PilotOptions,
    /// Goes into the hash of every id.
    pub salt: String,
    /// What may be lost.
    #[serde(flatten)]
    pub limit: PilotLimit,
    /// What the interval of the rate at which exactly one model is right may miss.
    pub beta: f64,
    /// At how many of its rates the tail is computed.
    pub n_rates: usize,
    /// Number of classes.
    pub n_classes: usize,
    /// Their names, in the order of the logits; empty where they have none.
    pub class_names: Vec<String>,
    /// Share of all nodes of the graph at which both bundles say the same class, `0..=1`.
    pub agreement: f64,
}

impl PilotNote {
    /// Of two bundles by the hashes of their manifests, which also give id and salt: the same bundles are routed alike.
    pub fn new(
        (dataset, model): (&Dataset, &Model),
        manifests: [&str; 2],
        options: PilotOptions,
        limit: PilotLimit,
        agreement: f64,
    ) -> Self {
        let hash = of_bytes(manifests.join("\n").as_bytes());
        // Hexadecimal digits, 64 of them.
        let (id, rest) = hash.split_at(12);
        Self {
            format: PILOT_FORMAT,
            program: ProgramNote {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            id: id.to_owned(),
            title: format!("{} on {}", model.title(), dataset.name()),
            options,
            salt: rest.chars().take(16).collect(),
            limit,
            beta: BETA,
            n_rates: N_RATES,
            n_classes: model.n_classes(),
            class_names: dataset.labels().map_or_else(Vec::new, |labels| labels.names.clone()),
            agreement,
        }
    }
}

/// Why there can be no pilot of this model on this graph, for people; `None` where there can.
pub fn no_pilot(dataset: &Dataset, model: &Model) -> Option<String> {
    if dataset.labels().is_some_and(|labels| labels.tags().is_some()) {
        return Some("a node may have several classes; the test of the pilot is of one class per node".to_owned());
    }
    check_requests(model).err().map(|error| error.to_string())
}

/// The place of a pilot's folder.
#[derive(Debug)]
pub struct PilotWriter(AtomicFolder);

impl PilotWriter {
    /// Opens the place: a new folder, an empty one, or a pilot as it was written.
    ///
    /// # Errors
    /// [`ExportError`].
    pub fn begin(target: impl AsRef<Path>, ctl: &Control) -> Result<Self, ExportError> {
        AtomicFolder::begin(target, "pilot", ctl).map(Self)
    }

    /// Where one of the bundles goes: [`BASELINE`] or [`PRUNED`].
    pub fn bundle(&self, arm: &str) -> FolderPart {
        self.0.part().below(arm)
    }

    /// Writes what stands beside the bundles and moves the folder into place: names and sizes of what was added.
    ///
    /// # Errors
    /// [`ExportError`]; what was there before is then still there.
    pub fn finish(self, note: &PilotNote, ctl: &Control) -> Result<Vec<(String, u64)>, ExportError> {
        let folder = self.0.part();
        let json = serde_json::to_vec_pretty(note);
        let mut json = json.map_err(|error| ExportError::io("write", &folder.shown().join(NOTE), error.into()))?;
        json.push(b'\n');
        let readme = readme(note);
        let files = [(NOTE, &json[..]), ("serve.py", SERVE_PY.as_bytes()), ("read_log.py", READ_LOG_PY.as_bytes())];
        let files = files.into_iter().chain([("README.md", readme.as_bytes())]);
        let mut written = Vec::new();
        for (name, bytes) in files {
            folder.write(name, bytes)?;
            written.push((name.to_owned(), bytes.len() as u64));
        }
        self.0.commit(ctl)?;
        Ok(written)
    }
}

fn readme(note: &PilotNote) -> String {
    let limit = format!(
        "{:.1} points of accuracy ({})",
        100.0 * note.limit.limit,
        match note.limit.limit_is {
            LimitIs::Certified => "what the certificate of the pruned model says",
            LimitIs::Asked => "as asked",
        }
    );
    README
        .replace("{title}", &escaped_markdown(&note.title))
        .replace("{share}", &percent(note.options.share))
        .replace("{sample}", &percent(note.options.sample))
        .replace("{agreement}", &percent(note.agreement))
        .replace("{limit}", &limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_the_certificates_only_where_one_holds() {
        assert_eq!(PilotLimit::of(None, 0.03), PilotLimit::asked(0.03));
        assert_eq!(PilotLimit::asked(0.03).limit_is, LimitIs::Asked);
    }

    /// What a script expects of the note, and what the page for the engineer may not leave open.
    #[test]
    fn the_page_has_no_gap_and_the_scripts_know_every_key() {
        let options = PilotOptions::default();
        let note = PilotNote {
            format: PILOT_FORMAT,
            program: ProgramNote { name: "unifews".to_owned(), version: "0".to_owned() },
            id: "a".to_owned(),
            title: "GCN on <b>".to_owned(),
            options,
            salt: "b".to_owned(),
            limit: PilotLimit::asked(0.02),
            beta: BETA,
            n_rates: N_RATES,
            n_classes: 3,
            class_names: Vec::new(),
            agreement: 0.98,
        };
        let page = readme(&note);
        assert!(page.contains("GCN on &lt;b&gt;") && page.contains("2.0 points of accuracy (as asked)"), "{page}");
        assert!(!page.contains("{title}") && !page.contains("{share}") && !page.contains("{limit}"), "{page}");
        let value = serde_json::to_value(&note).expect("plain values");
        for key in ["share", "sample", "salt", "limit", "limit_is", "level", "beta", "n_rates", "class_names"] {
            assert!(value.get(key).is_some(), "{key}: {value}");
            let is_read = SERVE_PY.contains(key) || READ_LOG_PY.contains(key);
            assert!(is_read, "{key} is read by no script");
        }
    }
}
