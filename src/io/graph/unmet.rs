//! Options that a format cannot meet are refused, by name and with what to do instead: nothing that a user asks for is passed over.
//!
//! Whether a file has weights is known when its edges are; all else is known from the format.

use std::path::Path;

use super::format::{Format, Meets};
use super::request::Request;
use crate::engine::graph::{EdgeList, ReadOptions};
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Refuses options that no file of the format can meet. `has_tables`: a table beside the graph has columns that options may speak of.
pub(super) fn check_options(
    format: &Format,
    has_tables: bool,
    options: &ReadOptions,
    path: &Path,
) -> Result<(), LoadError> {
    let meets = |what: Meets| format.meets.contains(&what);
    let is_list = meets(Meets::Lines);
    let lines = "a list of edges as text, which alone has lines to take apart";
    let named = |file: &str| format!("a format with named attributes of nodes (or {file} with a file of its own)");
    let asked = [
        ("columns", options.columns.is_some(), is_list, lines.to_owned()),
        ("separator", options.separator.is_some(), is_list, lines.to_owned()),
        ("header", options.header.is_some(), is_list, lines.to_owned()),
        ("comments", options.comments.is_some(), is_list, lines.to_owned()),
        ("encoding", options.encoding.is_some(), meets(Meets::Encoding), "a format of text".to_owned()),
        (
            "id_column",
            options.id_column.is_some(),
            is_list
                || has_tables
                || options.feature_file.is_some()
                || options.label_file.is_some()
                || options.split_file.is_some(),
            "a table of nodes or edges".to_owned(),
        ),
        (
            "features",
            options.features.is_some(),
            meets(Meets::NodeParts) || has_tables || options.feature_file.is_some(),
            named("--feature-file"),
        ),
        (
            "labels",
            options.labels.is_some(),
            meets(Meets::NodeParts) || has_tables || options.label_file.is_some(),
            named("--label-file"),
        ),
        (
            "split_masks",
            options.split_masks.is_some(),
            meets(Meets::Masks) || has_tables || options.split_file.is_some(),
            named("--split-file"),
        ),
        (
            "weight_attribute",
            options.weight_attribute.is_some(),
            meets(Meets::EdgeAttribute),
            "a format with named attributes of edges".to_owned(),
        ),
    ];
    for (name, is_asked, is_met, expected) in asked {
        if is_asked && !is_met {
            return Err(LoadError::content(path, format!("graph.{name}"), expected, format.name));
        }
    }
    if options.weight_attribute.is_some() && options.weights == Some(false) {
        let found = "--edge-weights false";
        return Err(LoadError::content(path, "graph.weight_attribute", "weights that count", found));
    }
    Ok(())
}

/// Refuses a list of edges without weights where they are asked for, and one whose weights make no diffusion matrix.
pub(super) fn check_weights(list: &EdgeList, request: Request<'_>) -> Result<(), LoadError> {
    if request.options.weights != Some(true) {
        return Ok(());
    }
    if !list.is_weighted() {
        return Err(no_weights(request.path));
    }
    match list.weights().find(|weight| *weight < 0.0) {
        Some(found) => Err(LoadError::content(
            request.path,
            "graph.weights",
            "weights of at least 0 (a diffusion matrix has no others)",
            found,
        )),
        None => Ok(()),
    }
}

/// An edge attribute was asked for that the file does not have.
pub(super) fn no_edge_attribute(asked: &str, names: &[&str], path: &Path) -> LoadError {
    const MOST: usize = 64;
    let names: Vec<String> = names.iter().take(MOST).map(|name| shortened(name)).collect();
    let expected = if names.is_empty() { "a file with edge attributes".to_owned() } else { names.join(", ") };
    LoadError::content(path, "graph.weight_attribute", expected, shortened(asked))
}

/// Weights were asked for, and the file has none.
pub(super) fn no_weights(path: &Path) -> LoadError {
    let expected = "a file with edge weights (without --edge-weights true every edge counts 1)";
    LoadError::content(path, "graph.weights", expected, "none")
}
