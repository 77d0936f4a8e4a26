//! Arrays of NumPy and sparse matrices of SciPy inside a pickle.
//!
//! ```text
//! array   = numpy.core.multiarray._reconstruct(ndarray, (0,), b"b") with the state (1, shape, dtype, is_fortran, values)
//!         | numpy.core.numeric._frombuffer(values, dtype, shape, "C" | "F")
//! dtype   = numpy.dtype("f4", False, True) with the state (3, "<" | "|" | "=" | ">", …)
//! matrix  = scipy.sparse.*.csr_matrix (or csc, coo, bsr, dia; or …_array) with the attributes _shape (or shape), and those of its form
//!         | scipy.sparse.*.lil_matrix with rows and data, arrays of lists
//!         | scipy.sparse.*.dok_matrix with _dict, or with items: (row, column) → value
//!         | array with two axes
//! number  = a number of Python | numpy.core.multiarray.scalar(dtype, values)
//! ```

use std::path::Path;

use super::value::{Id, Node, Pickle};
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
        if self.is_array(id) {
            return CompressedRows::of_dense(&self.array(id, path, place)?);
        }
        let class = self.class(id).filter(|(module, _)| module.starts_with("scipy.sparse"));
        let form = class.and_then(|(_, name)| name.strip_suffix("_matrix").or_else(|| name.strip_suffix("_array")));
        let Some(form) = form else { return Err(fault("a SciPy matrix compressed by row", self.describe(id))) };
        let shape = self.attribute(id, "_shape").or_else(|| self.attribute(id, "shape"));
        let shape = match shape.and_then(|shape| self.sizes(shape)).as_deref() {
            Some([rows, columns]) => (*rows, *columns),
            _ => return Err(fault("a matrix with two lengths", "none".into())),
        };
        if matches!(form, "lil" | "dok") {
            let entries = if form == "lil" { self.entries_of_lists(id) } else { self.entries_of_dictionary(id) };
            let entries = entries.ok_or_else(|| fault("the rows and values of a matrix", self.describe(id)))?;
            return CompressedRows::of_entries(shape, &entries, path, place);
        }
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

    /// Row, column and value of every entry of a matrix of lists.
    fn entries_of_lists(&self, id: Id) -> Option<Vec<Entry>> {
        let lists = |name: &str| self.sequence(self.array_parts(self.attribute(id, name)?)?.3);
        let (rows, values) = (lists("rows")?, lists("data")?);
        let mut entries = Vec::new();
        for (row, (columns, values)) in rows.iter().zip(values).enumerate() {
            let (columns, values) = (self.sequence(*columns)?, self.sequence(*values)?);
            if columns.len() != values.len() || entries.len() > self.n_bytes() {
                return None;
            }
            for (column, value) in columns.iter().zip(values) {
                entries.push((row, self.index(*column)?, self.number(*value)? as f32));
            }
        }
        (rows.len() == values.len()).then_some(entries)
    }

    /// Row, column and value of every entry of a matrix that is a dictionary.
    fn entries_of_dictionary(&self, id: Id) -> Option<Vec<Entry>> {
        let dictionary = self.attribute(id, "_dict").and_then(|dictionary| self.pairs(dictionary));
        let pairs = match &dictionary {
            Some(pairs) => pairs.as_ref(),
            None => &self.object(id)?.items,
        };
        let entry = |(place, value): &(Id, Id)| match self.sequence(*place)? {
            [row, column] => Some((self.index(*row)?, self.index(*column)?, self.number(*value)? as f32)),
            _ => None,
        };
        pairs.iter().map(entry).collect()
    }

    fn index(&self, id: Id) -> Option<usize> {
        let number =
            self.number(id).filter(|number| number.fract() == 0.0 && (0.0..4_294_967_296.0).contains(number))?;
        Some(number as usize)
    }

    /// A number, of Python or of NumPy.
    fn number(&self, id: Id) -> Option<f64> {
        match self.node(id) {
            Node::Int(whole) => Some(*whole as f64),
            Node::Bool(flag) => Some(f64::from(u8::from(*flag))),
            Node::Float(number) => Some(*number),
            _ => {
                let args = self.call(id, |module, name| is_numpy(module, "core.multiarray") && name == "scalar")?;
                let [dtype, values] = args else { return None };
                let (descr, bytes) = (self.descr(*dtype)?, self.bytes(*values)?);
                let layout = Layout { descr: &descr, is_fortran: false, shape: vec![1] };
                let array = Array::from_values(Path::new(""), String::new(), layout, bytes.into_owned()).ok()?;
                array.to_f32s().ok()?.first().map(|value| f64::from(*value))
            }
        }
    }
}

/// Row, column and value.
type Entry = (usize, usize, f32);

/// Whether a module is this part of NumPy, under its old or its new name.
fn is_numpy(module: &str, part: &str) -> bool {
    module.strip_prefix("numpy.").is_some_and(|rest| rest.trim_start_matches('_') == part)
}
