//! A block's state between two tasks.

use std::collections::BTreeMap;
use std::sync::Arc;

use ndarray::Array2;

use super::part::{BlockEntries, Part, value_name};
use crate::engine::error::EngineError;

/// The parts of a block, by what they are.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) entries: BlockEntries,
    pub(super) values: BTreeMap<usize, Arc<Array2<f32>>>,
    pub(super) sum: Option<Array2<f32>>,
    pub(super) pushed: Option<Array2<f32>>,
    pub(super) degrees: Option<Vec<f64>>,
    pub(super) norms: Option<Vec<f32>>,
    pub(super) attention: Option<(Vec<f32>, Vec<f32>)>,
    pub(super) scores: Option<Vec<f32>>,
    pub(super) raw: Option<Vec<f32>>,
    pub(super) used: BTreeMap<usize, Vec<f32>>,
}

impl Block {
    /// Puts parts together. Parts that only others asked for are not taken up again.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] for parts that do not have the block's rows or entries.
    pub(super) fn of(parts: Vec<Part>, n_rows: usize) -> Result<Self, EngineError> {
        let mut block = Self::default();
        let mut has_entries = false;
        for part in parts {
            match part {
                Part::Entries(entries) => {
                    (block.entries, has_entries) = (entries, true);
                }
                Part::Value { id, rows } => {
                    check("rows of a value", n_rows, rows.nrows())?;
                    block.values.insert(id, Arc::new(rows));
                }
                Part::Sum(sum) => {
                    check("rows of a sum", n_rows, sum.nrows())?;
                    block.sum = Some(sum);
                }
                Part::Pushed(pushed) => {
                    check("rows of a hop", n_rows, pushed.nrows())?;
                    block.pushed = Some(pushed);
                }
                Part::Degrees(degrees) => {
                    check("degrees of a block", n_rows, degrees.len())?;
                    block.degrees = Some(degrees);
                }
                // Only for others.
                Part::Norms(_) => {}
                Part::Attention { scores, norms } => block.attention = Some((scores, norms)),
                Part::Scores(scores) => block.scores = Some(scores),
                Part::Raw(raw) => block.raw = Some(raw),
                Part::Used { step, values } => {
                    block.used.insert(step, values);
                }
            }
        }
        if !has_entries {
            return Err(EngineError::mismatch("parts of a block", "its entries", "none"));
        }
        check("rows of a block's entries", n_rows, block.entries.n_rows())?;
        let n_entries = block.entries.sources.len();
        let of_entries = block.scores.iter().chain(block.used.values());
        for values in of_entries {
            check("values of a block's entries", n_entries, values.len())?;
        }
        Ok(block)
    }

    /// Its parts, in a fixed order.
    pub(super) fn into_parts(self) -> Vec<Part> {
        let mut parts = vec![Part::Entries(self.entries)];
        parts.extend(self.values.into_iter().map(|(id, rows)| {
            let rows = Arc::try_unwrap(rows).unwrap_or_else(|shared| (*shared).clone());
            Part::Value { id, rows }
        }));
        parts.extend(self.sum.map(Part::Sum));
        parts.extend(self.pushed.map(Part::Pushed));
        parts.extend(self.degrees.map(Part::Degrees));
        parts.extend(self.norms.map(Part::Norms));
        parts.extend(self.attention.map(|(scores, norms)| Part::Attention { scores, norms }));
        parts.extend(self.scores.map(Part::Scores));
        parts.extend(self.raw.map(Part::Raw));
        parts.extend(self.used.into_iter().map(|(step, values)| Part::Used { step, values }));
        parts
    }

    /// A value of the network.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] where it is not there.
    pub(super) fn value(&self, id: usize) -> Result<&Arc<Array2<f32>>, EngineError> {
        self.values.get(&id).ok_or_else(|| EngineError::mismatch("parts of a block", value_name(id), "none"))
    }
}

fn check(what: &str, expected: usize, found: usize) -> Result<(), EngineError> {
    if expected == found { Ok(()) } else { Err(EngineError::mismatch(what, expected, found)) }
}
