//! The values of a program while it runs: each goes with its last read.

use std::sync::Arc;

use ndarray::Array2;

use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::kernels::{Rows, copied};
use crate::engine::model::elementwise::dense_rows;
use crate::engine::model::program::Program;

/// What was computed and is still to be read, by the number of the value.
pub(super) struct Values<'a> {
    input: Rows<'a>,
    /// `None` for what is not there yet or any more; the input where it was needed with all values stored.
    computed: Vec<Option<Arc<Array2<f32>>>>,
    /// Reads to come.
    n_reads: Vec<usize>,
}

impl<'a> Values<'a> {
    /// `n_reads` says how often each value will be read.
    pub(super) fn new(input: Rows<'a>, n_reads: Vec<usize>) -> Self {
        Self { input, computed: vec![None; n_reads.len()], n_reads }
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
        value
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
        if id == Program::INPUT {
            self.count_read(id);
            return None;
        }
        Some(self.read(id))
    }

    /// What [`Values::read_rows`] gave, as rows.
    pub(super) fn rows<'b>(&'b self, value: Option<&'b Arc<Array2<f32>>>) -> Rows<'b> {
        value.map_or_else(|| self.input.reborrow(), |value| Rows::Dense(value.view()))
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
