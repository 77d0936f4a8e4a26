//! Arrays of edges as weights: one number per edge, or a column that the user names.

use super::request::Request;
use crate::io::npy::Array;
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// How to leave out weights that were chosen for the user.
pub(super) const LEAVE_OUT: &str = " (--edge-weights false leaves them out)";

/// What the user asks of weights.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The array, and of several columns one.
    pub(super) name: Option<&'a str>,
    column: Option<usize>,
    /// Whether the graph must have weights.
    pub(super) is_required: bool,
}

impl<'a> Asked<'a> {
    /// What `request` says, where the file has the arrays that `has` knows.
    pub(super) fn of(request: Request<'a>, has: impl Fn(&str) -> bool) -> Self {
        let is_required = request.options.weights == Some(true);
        let Some(spec) = request.options.weight_attribute.as_deref() else {
            return Self { name: None, column: None, is_required };
        };
        let parts = spec.rsplit_once(':').and_then(|(name, column)| Some((name, column.parse().ok()?)));
        let (name, column) = match parts {
            Some((name, column)) if !has(spec) && has(name) => (name, Some(column)),
            _ => (spec, None),
        };
        Self { name: Some(name), column, is_required: true }
    }

    /// The weights that the array `name` of edges holds. What is none is left out and reported, unless the user asks for it.
    pub(super) fn read(
        self,
        name: &str,
        array: &Array,
        n_edges: usize,
        report: &mut LoadReport,
    ) -> Result<Option<Vec<f32>>, LoadError> {
        let shown = shortened(name);
        let weights = match (array.shape(), self.column) {
            _ if array.is_text() => {
                if self.name.is_some() {
                    return Err(array.fault("numbers", "text"));
                }
                report.ignored.push(format!("{shown} (text)"));
                return Ok(None);
            }
            ([n] | [n, 1], None | Some(0)) if *n == n_edges => array.to_f32s()?,
            ([n, columns], Some(column)) if *n == n_edges && column < *columns => {
                array.to_f32_matrix()?.column(column).to_vec()
            }
            ([n, columns], None) if *n == n_edges && self.name.is_none() => {
                let way = format!("--weight-attribute {shown}:0 takes the first of {columns} columns as weights");
                report.ignored.push(format!("{shown} ({way})"));
                return Ok(None);
            }
            (shape, _) if self.name.is_none() => {
                report.ignored.push(format!("{shown} (shape {shape:?}: not one for each of {n_edges} edges)"));
                return Ok(None);
            }
            (shape, _) => {
                let expected = format!("one number for each of {n_edges} edges, or a column of several as {shown}:0");
                return Err(array.fault(expected, format!("shape {shape:?}")));
            }
        };
        let mut wrong = weights.iter().filter(|w| !w.is_finite()).peekable();
        if let Some(found) = wrong.peek() {
            if self.is_required {
                return Err(array.fault("finite numbers (without --edge-weights true every edge counts 1)", found));
            }
            let n_wrong = wrong.count();
            report.warnings.push(format!("{n_wrong} values of {shown} are not finite: every edge counts 1"));
            return Ok(None);
        }
        let choice = if self.name.is_none() { LEAVE_OUT } else { "" };
        report.fact("weights from", format!("{shown}{choice}"));
        Ok(Some(weights))
    }
}
