//! Columns of Arrow record batches, by name and type.

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float32Type, Int64Type};
use arrow_array::{Array, BinaryArray, BooleanArray, Float32Array, Int64Array, ListArray, RecordBatch, StringArray};

use super::error::WorkerError;

/// The columns of a batch.
pub(super) struct Columns<'a>(pub(super) &'a RecordBatch);

impl<'a> Columns<'a> {
    fn column<T>(
        &self,
        name: &str,
        kind: &str,
        get: impl Fn(&'a dyn Array) -> Option<&'a T>,
    ) -> Result<&'a T, WorkerError>
    where
        T: Array,
    {
        let wrong = |found: String| WorkerError::Stream(format!("column {name}: expected {kind}, found {found}"));
        let column = self.0.column_by_name(name).ok_or_else(|| wrong("none".to_owned()))?;
        let typed = get(&**column).ok_or_else(|| wrong(column.data_type().to_string()))?;
        if typed.null_count() > 0 {
            return Err(wrong(format!("{} empty fields", typed.null_count())));
        }
        Ok(typed)
    }

    pub(super) fn whole(&self, name: &str) -> Result<&'a Int64Array, WorkerError> {
        self.column(name, "64-bit integers", |column| column.as_primitive_opt::<Int64Type>())
    }

    pub(super) fn single(&self, name: &str) -> Result<&'a Float32Array, WorkerError> {
        self.column(name, "32-bit floats", |column| column.as_primitive_opt::<Float32Type>())
    }

    pub(super) fn truth(&self, name: &str) -> Result<&'a BooleanArray, WorkerError> {
        self.column(name, "booleans", |column| column.as_boolean_opt())
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a StringArray, WorkerError> {
        self.column(name, "texts", |column| column.as_string_opt::<i32>())
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&'a BinaryArray, WorkerError> {
        self.column(name, "bytes", |column| column.as_binary_opt::<i32>())
    }

    pub(super) fn lists(&self, name: &str) -> Result<&'a ListArray, WorkerError> {
        self.column(name, "lists", |column| column.as_list_opt::<i32>())
    }
}
