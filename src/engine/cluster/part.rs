//! What a block of rows is made of between two stages.

use ndarray::Array2;

use crate::engine::error::EngineError;

/// The entries of a block's rows: all that were ever there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BlockEntries {
    /// Row pointers, one more than rows.
    pub indptr: Vec<usize>,
    /// Source of every entry, ascending within a row, numbered over the whole graph.
    pub sources: Vec<u32>,
    /// Its weight; once the diffusion matrix is made, `T[u,v]`.
    pub values: Vec<f32>,
    /// The step that removed it; the number of steps where it stays.
    pub removed_at: Vec<u8>,
}

impl BlockEntries {
    /// Takes lists over whose lengths and order agree.
    ///
    /// # Errors
    /// [`EngineError::Mismatch`] naming what does not.
    pub fn try_new(
        indptr: Vec<usize>,
        sources: Vec<u32>,
        values: Vec<f32>,
        removed_at: Vec<u8>,
    ) -> Result<Self, EngineError> {
        let n = sources.len();
        let starts = indptr.first() == Some(&0) && indptr.is_sorted() && indptr.last() == Some(&n);
        if !starts {
            return Err(EngineError::mismatch(
                "row pointers of a block",
                format!("from 0 to {n}, ascending"),
                "others",
            ));
        }
        if values.len() != n || removed_at.len() != n {
            let found = format!("{} and {}", values.len(), removed_at.len());
            return Err(EngineError::mismatch("values of a block's entries", n, found));
        }
        if indptr.windows(2).any(|row| !sources[row[0]..row[1]].is_sorted_by(|a, b| a < b)) {
            return Err(EngineError::mismatch("sources of a block's entries", "ascending in every row", "others"));
        }
        Ok(Self { indptr, sources, values, removed_at })
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.indptr.len().saturating_sub(1)
    }

    /// The blocks of `rows_per_block` nodes that these entries read from, ascending.
    pub fn blocks_read(&self, rows_per_block: usize) -> Vec<usize> {
        let mut blocks: Vec<usize> = self.sources.iter().map(|v| *v as usize / rows_per_block.max(1)).collect();
        blocks.sort_unstable();
        blocks.dedup();
        blocks
    }
}

/// A part of a block. Rows are those of the block, entries those of its [`BlockEntries`].
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// The entries of its rows.
    Entries(BlockEntries),
    /// A value of the network. `[rows, width]`
    Value {
        /// Its number in the program.
        id: usize,
        /// Its rows.
        rows: Array2<f32>,
    },
    /// The weighted sum of the hops so far. `[rows, width]`
    Sum(Array2<f32>),
    /// With mass thresholds the hop at hand, and beside each number the largest degree that it is pushed to. `[rows, 2 · width]`
    Pushed(Array2<f32>),
    /// `d(v)^(-r)` of every row.
    Degrees(Vec<f64>),
    /// `‖x[v]‖₂` of every row.
    Norms(Vec<f32>),
    /// For attention, of every row and head what it adds to a score, and the norm of what it sends. `[rows · heads]` each
    Attention {
        /// `aᵀ x[v]`.
        scores: Vec<f32>,
        /// `‖x[v]‖₂` of the head's columns.
        norms: Vec<f32>,
    },
    /// What every entry is judged by in the step at hand; NaN where it is not there any more.
    Scores(Vec<f32>),
    /// Attention's scores before the softmax. `[entries · heads]`
    Raw(Vec<f32>),
    /// What every entry was multiplied with in a step of attention, the mean over heads; with mass thresholds the share of the columns that
    /// were pushed over it. 0 where it was removed.
    Used {
        /// From 0.
        step: usize,
        /// `[entries]`
        values: Vec<f32>,
    },
}

impl Part {
    /// The kind of part that other blocks may ask for, by name.
    pub fn name(&self) -> String {
        match self {
            Self::Entries(_) => "entries".to_owned(),
            Self::Value { id, .. } => value_name(*id),
            Self::Sum(_) => "sum".to_owned(),
            Self::Pushed(_) => PUSHED.to_owned(),
            Self::Degrees(_) => DEGREES.to_owned(),
            Self::Norms(_) => NORMS.to_owned(),
            Self::Attention { .. } => ATTENTION.to_owned(),
            Self::Scores(_) => "scores".to_owned(),
            Self::Raw(_) => "raw".to_owned(),
            Self::Used { step, .. } => format!("used-{step}"),
        }
    }
}

pub(super) const DEGREES: &str = "degrees";
pub(super) const PUSHED: &str = "pushed";
pub(super) const NORMS: &str = "norms";
pub(super) const ATTENTION: &str = "attention";

pub(super) fn value_name(id: usize) -> String {
    format!("value-{id}")
}
