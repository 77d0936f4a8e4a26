//! The values of a program while it runs: each goes with its last read.

use std::sync::Arc;

use ndarray::{Array2, s};

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::Features;
use crate::engine::kernels::{Rows, copied};
use crate::engine::model::elementwise::{dense_rows, feature_rows};
use crate::engine::model::program::Program;

/// What was computed and is still to be read, by the number of the value.
pub(super) struct Values<'a> {
    input: Rows<'a>,
    /// `None` for what is not there yet or any more; the input where it was needed with all values stored.
    computed: Vec<Option<Arc<Array2<f32>>>>,
    /// Reads to come.
    n_reads: Vec<usize>,
    /// So many rows are read of every value, where others are not needed.
    n_rows: Option<usize>,
    /// The first rows of the input, where not all were read.
    input_part: Option<Features>,
}

impl<'a> Values<'a> {
    /// `n_reads` says how often each value will be read.
    pub(super) fn new(input: Rows<'a>, n_reads: Vec<usize>) -> Self {
        Self { input, computed: vec![None; n_reads.len()], n_reads, n_rows: None, input_part: None }
    }

    /// From now on the first `n_rows` rows are read of every value that has more, or all.
    pub(super) fn read_first(&mut self, n_rows: Option<usize>) {
        self.n_rows = n_rows;
    }

    pub(super) fn set(&mut self, id: usize, value: Array2<f32>) -> Arc<Array2<f32>> {
        let value = Arc::new(value);
        self.computed[id] = Some(Arc::clone(&value));
        value
    }

    /// Value `id` with all values stored, without counting as a read.
    pub(super) fn peek(&mut self, id: usize) -> Arc<Array2<f32>> {
        let input = &self.input;
        match &mut self.computed[id] {
            Some(value) => Arc::clone(value),
            slot if id == Program::INPUT => Arc::clone(slot.insert(Arc::new(dense_rows(input)))),
            None => unreachable!("a program reads what it computed, as often as was counted"),
        }
    }

    /// Value `id` with all values stored.
    pub(super) fn read(&mut self, id: usize) -> Arc<Array2<f32>> {
        let value = self.peek(id);
        self.count_read(id);
        match self.n_rows {
            Some(n_rows) if n_rows < value.nrows() => Arc::new(value.slice(s![..n_rows, ..]).to_owned()),
            _ => value,
        }
    }

    /// Counts a read of value `id`; with the last one it goes.
    pub(super) fn count_read(&mut self, id: usize) {
        self.n_reads[id] = self.n_reads[id].saturating_sub(1);
        if self.n_reads[id] == 0 {
            self.computed[id] = None;
        }
    }

    /// Value `id` to multiply with: the input as it is stored. `None` stands for it.
    pub(super) fn read_rows(&mut self, id: usize) -> Option<Arc<Array2<f32>>> {
        if id != Program::INPUT {
            return Some(self.read(id));
        }
        self.count_read(id);
        let part = self.n_rows.filter(|n_rows| *n_rows < self.input.n_rows());
        self.input_part = part.map(|n_rows| first_rows(&self.input, n_rows));
        None
    }

    /// What [`Values::read_rows`] gave last, as rows.
    pub(super) fn rows<'b>(&'b self, value: Option<&'b Arc<Array2<f32>>>) -> Rows<'b> {
        match (value, &self.input_part) {
            (Some(value), _) => Rows::Dense(value.view()),
            (None, Some(part)) => feature_rows(part),
            (None, None) => self.input.reborrow(),
        }
    }

    /// Value `id` to write into; copied where somebody else still needs it.
    pub(super) fn take(&mut self, id: usize, ctl: &Control) -> Result<Array2<f32>, EngineError> {
        match Arc::try_unwrap(self.read(id)) {
            Ok(value) => Ok(value),
            Err(shared) => copied(&shared, ctl),
        }
    }
}

/// Gives the memory of a value back where nobody else needs it.
pub(super) fn recycle(value: Option<Arc<Array2<f32>>>, ctl: &Control) {
    if let Some(value) = value.and_then(Arc::into_inner) {
        ctl.recycle(value);
    }
}

/// The first `n_rows` rows, stored as these are.
fn first_rows(rows: &Rows<'_>, n_rows: usize) -> Features {
    match rows {
        Rows::Dense(x) => Features::Dense(x.slice(s![..n_rows, ..]).to_owned()),
        Rows::Sparse(x) => Features::Sparse(x.slice_outer(..n_rows).to_owned()),
    }
}
