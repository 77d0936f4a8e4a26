//! An archive of the Wikipedia networks (`chameleon.npz`, `crocodile.npz`, `squirrel.npz`) as MUSAE has them.
//!
//! ```text
//! features         [n, f]
//! edges            [e, 2]
//! label or target  [n]; a target that is no integer is traffic, not a class, and is not used
//! ```

use super::build::{Stated, build, edge_pairs};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::read_labels;
use super::node_index::NodeOrder;
use super::request::Request;
use crate::engine::graph::Features;
use crate::io::file::stem;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "Wikipedia network archive",
    listed: Listed { group: Group::Archives, place: 3, name: "Wikipedia" },
    title: "Wikipedia",
    files: "`.npz`",
    also: "features, labels, all splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    (look.has("features.npy") && look.has("edges.npy")).then_some(Certainty::Likely)
}

/// Reads the archive.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let mut npz = Npz::open(path)?;
    let mut report = LoadReport::default();
    let features = npz.array("features")?;
    let (n, _) = features.matrix_shape("nodes and features")?;
    let list = edge_pairs(npz.pieces("edges")?, n)?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(path), built);
    draft.features = Some(Features::from_dense(features.to_f32_matrix()?));
    if let Some(name) = npz.first_of(&["label", "target"]) {
        let array = npz.array(name)?;
        array.check_vector(n, "one per node")?;
        let is_class = |v: &f32| v.is_nan() || (v.fract() == 0.0 && v.abs() < 65_536.0);
        if array.is_text() || array.to_f32s()?.iter().all(is_class) {
            draft.labels = Some(read_labels(&array, n, &mut report)?);
        } else {
            report.warnings.push(format!("{name} is no class (a number that is not whole): not used"));
        }
    }
    report.ignored.extend(npz.unread().map(str::to_owned));
    draft.report = report;
    Ok(draft)
}
