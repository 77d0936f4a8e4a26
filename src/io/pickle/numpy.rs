//! Arrays of NumPy and sparse matrices of SciPy inside a pickle.
//!
//! ```text
//! array   = numpy.core.multiarray._reconstruct(ndarray, (0,), b"b") with the state (1, shape, dtype, is_fortran, values)
//!         | numpy.core.numeric._frombuffer(values, dtype, shape, "C" | "F")
//! dtype   = numpy.dtype("f4", False, True) with the state (3, "<" | "|" | "=" | ">", …)
//! matrix  = scipy.sparse.*.csr_matrix (or csc, coo, bsr, dia; or …_array) with the attributes _shape (or shape), and those of its form
//! ```

use std::path::Path;

use super::{Id, Pickle};
use crate::io::npy::{Array, Layout};
use crate::io::report::LoadError;
use crate::io::sparse::CompressedRows;

impl Pickle<'_> {
    /// Whether a value is an array.
    pub(crate) fn is_array(&self, id: Id) -> bool {
        self.array_parts(id).is_some()
    }

    /// The value as an array; `place` names it in errors.
    pub(crate) fn array(&self, id: Id, path: &Path, place: &str) -> Result<Array, LoadError> {
        let fault = |expected: &str, found: String| LoadError::content(path, place, expected, found);
        let (dtype, shape, is_fortran, values) =
            self.array_parts(id).ok_or_else(|| fault("a NumPy array", self.describe(id)))?;
        let descr = self.descr(dtype).ok_or_else(|| fault("the type of an array's values", self.describe(dtype)))?;
        if descr.contains('O') {
            return Err(fault("an array of numbers", "an array of Python objects".into()));
        }
        let shape = self.sizes(shape).ok_or_else(|| fault("an array's shape", self.describe(shape)))?;
        let bytes = self.bytes(values).ok_or_else(|| fault("an array's values in bytes", self.describe(values)))?;
        Array::from_values(path, place.to_owned(), Layout { descr: &descr, is_fortran, shape }, bytes.into_owned())
    }

    /// Type, shape, whether the first axis varies fastest, and values.
    fn array_parts(&self, id: Id) -> Option<(Id, Id, bool, Id)> {
        let is_numpy = |module: &str, part: &str| matches!(module.strip_prefix("numpy."), Some(rest) if rest.trim_start_matches('_') == part);
        if let Some(args) = self.call(id, |module, name| is_numpy(module, "core.numeric") && name == "_frombuffer") {
            let [values, dtype, shape, order] = args else { return None };
            return Some((*dtype, *shape, self.text(*order) == Some("F"), *values));
        }
        self.call(id, |module, name| is_numpy(module, "core.multiarray") && name == "_reconstruct")?;
        let state = self.sequence(self.object(id)?.state?)?;
        let [_version, shape, dtype, is_fortran, values] = state else { return None };
        Some((*dtype, *shape, self.int(*is_fortran) == Some(1), *values))
    }

    /// The type as NumPy spells it in files, for example `<f4`.
    fn descr(&self, dtype: Id) -> Option<String> {
        let [name, ..] = self.call(dtype, |module, name| module == "numpy" && name == "dtype")? else { return None };
        let name = self.text(*name)?;
        let state = self.object(dtype)?.state.and_then(|state| self.sequence(state));
        let order = state.and_then(|state| self.text(*state.get(1)?)).unwrap_or("<");
        Some(format!("{}{name}", if order == "=" { "<" } else { order }))
    }

    /// The value as a matrix compressed by row; `place` names it in errors.
    pub(crate) fn compressed_rows(&self, id: Id, path: &Path, place: &str) -> Result<CompressedRows, LoadError> {
        let fault = |expected: &str, found: String| LoadError::content(path, place, expected, found);
        let class = self.class(id).filter(|(module, _)| module.starts_with("scipy.sparse"));
        let form = class.and_then(|(_, name)| name.strip_suffix("_matrix").or_else(|| name.strip_suffix("_array")));
        let Some(form) = form else { return Err(fault("a SciPy matrix compressed by row", self.describe(id))) };
        let shape = self.attribute(id, "_shape").or_else(|| self.attribute(id, "shape"));
        let shape = match shape.and_then(|shape| self.sizes(shape)).as_deref() {
            Some([rows, columns]) => (*rows, *columns),
            _ => return Err(fault("a matrix with two lengths", "none".into())),
        };
        let coordinates = self.attribute(id, "coords").and_then(|coords| self.sequence(coords));
        let part = |name: &str| {
            // Newer SciPy keeps rows and columns together.
            let part = self.attribute(id, name).or(match (name, coordinates) {
                ("row", Some([rows, _])) => Some(*rows),
                ("col", Some([_, columns])) => Some(*columns),
                _ => None,
            });
            let part = part.ok_or_else(|| fault(&format!("a matrix with {name}"), "none".into()));
            part.and_then(|part| self.array(part, path, &format!("{place}, {name}"))).map(Some)
        };
        CompressedRows::of_form(form, shape, part).map_err(|fault| fault.named(path, place))
    }
}
