//! The history of checks of a bundle: one JSON object per line, beside the bundle, and who was there when somebody looked last.
//!
//! `NAME.checks.jsonl` holds every check; `NAME.seen` a hash of every node's id, so that the next check knows who has arrived since;
//! `NAME.reference` what the next check needs of the first graph. They belong to nobody's bundle: its hashes stay as they are.

mod reference;

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::{lock_soon, write_atomic};
use super::bundle::Manifest;
use super::file::{read_text, read_whole};
use super::report::{ExportError, LoadError};
use super::{entrance, sha256};
use crate::engine::graph::Dataset;
use crate::engine::monitor::Check;

pub use reference::{KeptReference, REFERENCE_FORMAT, read_reference, reference_path, write_reference};

/// Name and version of a line.
pub const CHECK_FORMAT: &str = "unifews-check/1";

/// Longer histories are not read, bytes: some ten thousand checks.
const MAX_HISTORY_BYTES: u64 = 64 << 20;

/// What a list of nodes begins with; hashes follow, 64 bits each, little-endian, ascending.
const SEEN_MAGIC: &[u8] = b"unifews-seen/1\n";

/// Larger lists are not read, bytes: 128 million nodes.
const MAX_SEEN_BYTES: u64 = 1 << 30;

/// One check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckRecord {
    /// [`CHECK_FORMAT`]; a reader refuses any other.
    pub format: String,
    /// When, seconds since 1970.
    pub at: u64,
    /// The later graph, as it was named.
    pub graph: String,
    /// SHA-256 of the bundle's manifest: of what the check is.
    pub bundle_sha256: String,
    /// What was found.
    #[serde(flatten)]
    pub check: Check,
}

/// Where the history of a bundle lies.
pub fn history_path(bundle: &Path) -> PathBuf {
    beside(bundle, "checks.jsonl")
}

fn seen_path(bundle: &Path) -> PathBuf {
    beside(bundle, "seen")
}

/// `bundle` without `.zip` and with another ending.
fn beside(bundle: &Path, ending: &str) -> PathBuf {
    let bundle = std::path::absolute(bundle).unwrap_or_else(|_| bundle.to_owned());
    let name = bundle.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = name.strip_suffix(".zip").unwrap_or(&name).to_owned();
    bundle.with_file_name(format!("{name}.{ending}"))
}

/// All checks of a bundle, oldest first; none where there was none.
///
/// # Errors
/// [`LoadError::Content`] naming the line that is no check.
pub fn read_history(bundle: &Path) -> Result<Vec<CheckRecord>, LoadError> {
    let path = history_path(bundle);
    if !path.exists() {
        return Ok(Vec::new());
    }
    entrance::enter(|| {
        let text = read_text(&path, MAX_HISTORY_BYTES)?;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        lines
            .map(|(at, line)| {
                let place = format!("line {}", at + 1);
                let fault = |found: String| {
                    LoadError::content(&path, &place, format!("a check ({CHECK_FORMAT}), or move the file away"), found)
                };
                let record: CheckRecord = serde_json::from_str(line).map_err(|error| fault(error.to_string()))?;
                if record.format == CHECK_FORMAT { Ok(record) } else { Err(fault(record.format)) }
            })
            .collect()
    })
}

/// Adds a check to the history of a bundle, and notes who is there. Another check of the same bundle waits meanwhile, so that both are kept.
/// Answers the whole history.
///
/// # Errors
/// [`ExportError`] where the folder cannot be written, where somebody else does not end, and where the history is none any more.
pub fn append_check(bundle: &Path, record: CheckRecord, dataset: &Dataset) -> Result<Vec<CheckRecord>, ExportError> {
    let path = history_path(bundle);
    let _guard = lock_bundle(bundle).map_err(|error| ExportError::io("lock", bundle, error))?;
    // As it is now, and not as it was when this check began.
    let mut history = read_history(bundle)
        .map_err(|error| ExportError::io("read", &path, std::io::Error::other(error.to_string())))?;
    history.push(record);
    let mut text = String::new();
    for record in &history {
        let line = serde_json::to_string(record)
            .map_err(|error| ExportError::io("write", &path, std::io::Error::other(error)))?;
        text.push_str(&line);
        text.push('\n');
    }
    let mut bytes = SEEN_MAGIC.to_vec();
    let mut hashes: Vec<u64> = (0..dataset.n_nodes()).map(|u| hash_of(&dataset.node_id(u))).collect();
    hashes.sort_unstable();
    bytes.extend(hashes.iter().flat_map(|hash| hash.to_le_bytes()));
    write_atomic(&path, text.as_bytes())?;
    write_atomic(seen_path(bundle), &bytes)?;
    Ok(history)
}

/// Holds other checks of a bundle off. Nothing where the system cannot lock it.
fn lock_bundle(bundle: &Path) -> std::io::Result<Option<File>> {
    match File::open(bundle).and_then(lock_soon) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(error),
        locked => Ok(locked.ok()),
    }
}

/// Of every node whether it has arrived since the last check of this bundle; `None` where there was none.
///
/// # Errors
/// [`LoadError::Content`] for a list that is none.
pub fn arrived_since(bundle: &Path, dataset: &Dataset) -> Result<Option<Vec<bool>>, LoadError> {
    let path = seen_path(bundle);
    if !path.exists() {
        return Ok(None);
    }
    entrance::enter(|| {
        let bytes = read_whole(&path, MAX_SEEN_BYTES)?;
        let hashes = bytes.strip_prefix(SEEN_MAGIC).filter(|rest| rest.len() % 8 == 0).ok_or_else(|| {
            LoadError::content(&path, "", "a list of nodes (unifews-seen/1), or move the file away", "another file")
        })?;
        let seen: Vec<u64> = hashes
            .chunks_exact(8)
            .map(|word| word.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
            .collect();
        let is_new = |u: usize| seen.binary_search(&hash_of(&dataset.node_id(u))).is_err();
        Ok(Some((0..dataset.n_nodes()).map(is_new).collect()))
    })
}

/// FNV-1a, 64 bits.
fn hash_of(id: &str) -> u64 {
    id.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// SHA-256 of what a bundle says about itself, by which a check says what it is of.
pub fn hash_of_manifest(manifest: &Manifest) -> String {
    // What was read can be written.
    sha256::of_bytes(&serde_json::to_vec(manifest).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::carry::Counts;
    use crate::engine::control::Control;
    use crate::engine::graph::{PowerLaw, power_law_communities};
    use crate::engine::monitor::{Drift, Finding, HeardOf, Level, Measure};

    #[test]
    fn the_history_lies_beside_the_bundle_whatever_its_form() {
        for (bundle, expected) in
            [("/a/b", "/a/b.checks.jsonl"), ("/a/b.zip", "/a/b.checks.jsonl"), ("/a/b/", "/a/b.checks.jsonl")]
        {
            assert_eq!(history_path(Path::new(bundle)), Path::new(expected));
        }
    }

    #[test]
    fn a_check_is_the_same_once_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let bundle = folder.path().join("b");
        assert_eq!(read_history(&bundle).expect("none"), []);
        let check = Check {
            level: Level::Stop,
            findings: vec![Finding {
                measure: Measure::Sent { step: 1 },
                level: Level::ReEvaluate,
                before: 0.0,
                now: 0.3,
                limit: 0.2,
            }],
            nodes: Counts::default(),
            entries: Counts::default(),
            n_changed_features: 3,
            n_arrived: 2,
            steps: Vec::new(),
            heard_of: HeardOf::PrunedWeights,
            confidence: Drift::default(),
            agreement: None,
            estimated: None,
            labelled: None,
        };
        let record = CheckRecord {
            format: CHECK_FORMAT.to_owned(),
            at: 7,
            graph: "may \u{1b}[31m\n".into(),
            bundle_sha256: "00".into(),
            check,
        };
        let graph = power_law_communities(
            &PowerLaw { n_nodes: 20, n_entries: 60, n_features: 2, n_classes: 2, seed: 1 },
            &Control::new(1).expect("a worker"),
        )
        .expect("a graph");
        let history = vec![record.clone(), CheckRecord { at: 8, ..record.clone() }];
        append_check(&bundle, history[0].clone(), &graph).expect("written");
        assert_eq!(append_check(&bundle, history[1].clone(), &graph).expect("written"), history);
        assert_eq!(read_history(&bundle).expect("read"), history);
        assert_eq!(arrived_since(&bundle, &graph).expect("read"), Some(vec![false; 20]));
        let mut parts = graph.to_parts();
        parts.node_ids = Some((0..20).map(|u| if u == 4 { "x".to_owned() } else { u.to_string() }).collect());
        let other = Dataset::try_new(parts).expect("a graph");
        let arrived = arrived_since(&bundle, &other).expect("read").expect("a list");
        assert_eq!(arrived.iter().filter(|is| **is).count(), 1);
        assert!(arrived[4]);

        // Two checks at the same moment are both kept.
        std::fs::create_dir(&bundle).expect("a bundle to hold on to");
        std::thread::scope(|scope| {
            for at in 100..108 {
                let (bundle, graph, record) = (&bundle, &graph, CheckRecord { at, ..record.clone() });
                scope.spawn(move || append_check(bundle, record, graph).expect("written"));
            }
        });
        let mut at: Vec<u64> = read_history(&bundle).expect("read").iter().map(|record| record.at).collect();
        at.sort_unstable();
        assert_eq!(at, [7, 8, 100, 101, 102, 103, 104, 105, 106, 107]);
    }
}
