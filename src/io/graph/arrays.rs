//! Arrays of nodes by their names, as DGL and MATLAB files have them, and what becomes of them.
//!
//! What the user names is used. Else the first of `feat`, `features`, `node_feat`, `x`, `attr` is the features, the first of `label`,
//! `labels`, `y` the class, and `train_mask`, `val_mask`, `test_mask` are the split; with several columns, one split for each. What is not
//! used is reported.

use super::draft::Draft;
use super::labels::read_unless_numbers;
use super::request::Request;
use super::split::nodes_of_mask;
use crate::engine::graph::{Features, Split};
use crate::io::npy::Array;
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Arrays with one row per node.
pub(super) struct NodeArrays(Vec<(String, Array)>);

impl NodeArrays {
    pub(super) fn new(arrays: Vec<(String, Array)>) -> Self {
        Self(arrays)
    }

    /// Takes an array out: the one that the user names, or the first of the known names that is there.
    fn take(
        &mut self,
        key: &str,
        asked: Option<&str>,
        known: &[&str],
        request: Request<'_>,
    ) -> Result<Option<(String, Array)>, LoadError> {
        let at = match asked {
            Some(name) => {
                let at = self.0.iter().position(|(known, _)| known == name);
                Some(at.ok_or_else(|| {
                    let names: Vec<String> = self.0.iter().map(|(name, _)| shortened(name)).collect();
                    let expected =
                        if names.is_empty() { "a file with arrays of nodes".to_owned() } else { names.join(", ") };
                    LoadError::content(request.path, format!("graph.{key}"), expected, name)
                })?)
            }
            None => known.iter().find_map(|name| self.0.iter().position(|(known, _)| known == name)),
        };
        Ok(at.map(|at| self.0.remove(at)))
    }

    /// Turns the arrays into features, labels and splits of the draft.
    pub(super) fn apply(mut self, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
        let n = draft.topology.n_nodes();
        let asked = match request.options.features.as_deref() {
            None | Some([]) => None,
            Some([name]) => Some(name.as_str()),
            Some(names) => {
                return Err(LoadError::content(request.path, "graph.features", "one array", names.join(", ")));
            }
        };
        let known = ["feat", "features", "node_feat", "x", "attr"];
        if let Some((name, array)) = self.take("features", asked, &known, request)? {
            let choice = if asked.is_none() { " (--features NAME takes another)" } else { "" };
            draft.report.fact("features from", format!("{}{choice}", shortened(&name)));
            draft.features = Some(Features::from_dense(array.to_f32_matrix()?));
        }
        let known = ["label", "labels", "y"];
        if let Some((name, array)) = self.take("labels", request.options.labels.as_deref(), &known, request)? {
            let is_asked = request.options.labels.is_some();
            let choice = if is_asked { "" } else { " (--labels NAME takes another)" };
            let name = shortened(&name);
            draft.labels = read_unless_numbers(&name, &array, n, is_asked, &mut draft.report)?;
            if draft.labels.is_some() {
                draft.report.fact("labels from", format!("{name}{choice}"));
            }
        }
        self.apply_masks(n, draft, request)?;
        draft.report.ignored.extend(self.0.into_iter().map(|(name, _)| format!("array {} of nodes", shortened(&name))));
        Ok(())
    }

    fn apply_masks(&mut self, n: usize, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
        let names: Vec<String> = match &request.options.split_masks {
            Some(names) if names.len() == 3 => names.clone(),
            Some(names) => {
                let found = format!("{} names", names.len());
                return Err(LoadError::content(request.path, "graph.split_masks", "three arrays", found));
            }
            None => ["train_mask", "val_mask", "test_mask"].map(str::to_owned).to_vec(),
        };
        let is_asked = request.options.split_masks.is_some();
        if !is_asked && names.iter().any(|name| self.0.iter().all(|(known, _)| known != name)) {
            return Ok(());
        }
        let mut masks = Vec::new();
        for name in &names {
            let Some((_, array)) = self.take("split_masks", Some(name), &[], request)? else { continue };
            match array.shape() {
                [rows] | [rows, _] if *rows == n => masks.push(array.to_i64_matrix()?),
                other => return Err(array.fault(format!("shape [{n}] (one per node)"), format!("shape {other:?}"))),
            }
        }
        let [train, val, test] = &masks[..] else { return Ok(()) };
        if val.ncols() != train.ncols() || test.ncols() != train.ncols() {
            let found = format!("{} and {}", val.ncols(), test.ncols());
            return Err(LoadError::content(request.path, "masks", format!("{} columns each", train.ncols()), found));
        }
        for at in 0..train.ncols() {
            let nodes = |mask: &ndarray::Array2<i64>| nodes_of_mask(mask.column(at).iter().copied());
            let name = if train.ncols() == 1 { "file".to_owned() } else { format!("file:{at}") };
            draft.splits.push(Split { name, train: nodes(train), val: nodes(val), test: nodes(test) });
        }
        Ok(())
    }
}
