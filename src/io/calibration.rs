//! What products with weights cost on this machine, kept between runs: `cost.json` in the user's folder for settings.
//!
//! Format `unifews-cost/1`: `{"format", "machine", "cost": {"wide" | "narrow" | "sparse_input" | "entries": {"fixed", "per_kept"}}}`. It changes time
//! alone, never a result; so a file that cannot be read is as good as none, and the built-in figures are used.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::atomic::write_atomic;
use super::bundle::MachineNote;
use super::file::read_whole;
use super::places::{Place, own_folder};
use super::report::ExportError;
use crate::engine::cost::{CostModel, Line};

/// Name and version of the format.
const FORMAT: &str = "unifews-cost/1";
/// Larger files are not ours.
const LARGEST: u64 = 1 << 16;

#[derive(Serialize, Deserialize)]
struct CostFile {
    format: String,
    machine: MachineNote,
    cost: CostModel,
}

/// Where the file belongs on this system, if there is a place.
pub fn calibration_path() -> Option<PathBuf> {
    own_folder(Place::Settings).map(|settings| settings.join("cost.json"))
}

/// Keeps what was measured.
///
/// # Errors
/// [`ExportError`] when the file cannot be written.
pub fn write_calibration(path: &Path, cost: CostModel, n_threads: usize) -> Result<(), ExportError> {
    let file = CostFile { format: FORMAT.to_owned(), machine: MachineNote::this(n_threads), cost };
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    if let Some(folder) = path.parent() {
        let refused = |source| ExportError::Io { action: "create", path: folder.to_path_buf(), source };
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    write_atomic(path, text.as_bytes())
}

/// What was measured on this machine, or the built-in figures where nothing was, or by another version.
pub fn read_calibration() -> CostModel {
    calibration_path().and_then(|path| read(&path)).unwrap_or_default()
}

fn read(path: &Path) -> Option<CostModel> {
    let file: CostFile = serde_json::from_slice(&read_whole(path, LARGEST).ok()?).ok()?;
    let is_sound = |line: Line| line.fixed.is_finite() && line.per_kept.is_finite() && line.per_kept > 0.0;
    let CostModel { wide, narrow, sparse_input, entries } = file.cost;
    (file.format == FORMAT && [wide, narrow, sparse_input, entries].into_iter().all(is_sound)).then_some(file.cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings").join("cost.json");
        assert_eq!(read(&path), None);
        let cost = CostModel { wide: Line { fixed: 0.125, per_kept: 2.5 }, ..CostModel::BUILT_IN };
        write_calibration(&path, cost, 2).expect("writable");
        assert_eq!(read(&path), Some(cost));
        let text = std::fs::read_to_string(&path).expect("text");
        write_atomic(&path, text.replace("cost/1", "cost/2").as_bytes()).expect("writable");
        assert_eq!(read(&path), None);
        write_atomic(&path, text.replace("2.5", "-2.5").as_bytes()).expect("writable");
        assert_eq!(read(&path), None);
    }
}
