//! A table as CSV, as JSON records or as Parquet, and back.
//!
//! ```text
//! csv     = one line of names, then one per row; an absent value is empty
//! json    = [{name: value | null, …}, …]
//! parquet = one row group; every column optional: BYTE_ARRAY (UTF-8), INT64, FLOAT or DOUBLE, plain, not compressed
//! ```

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::Field;
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use super::report::LoadError;

/// How a table is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableForm {
    /// Text, one line per row.
    Csv,
    /// One object per row.
    Json,
    /// Apache Parquet.
    Parquet,
}

/// The values of a column; any may be absent.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Whole numbers.
    Whole(Vec<Option<i64>>),
    /// Numbers of 32 bits.
    Single(Vec<Option<f32>>),
    /// Numbers of 64 bits.
    Double(Vec<Option<f64>>),
}

/// Named columns of one length.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    columns: Vec<(String, Column)>,
}

impl Column {
    fn len(&self) -> usize {
        match self {
            Self::Text(values) => values.len(),
            Self::Whole(values) => values.len(),
            Self::Single(values) => values.len(),
            Self::Double(values) => values.len(),
        }
    }

    /// Value `row` as text; empty where it is absent.
    fn text(&self, row: usize) -> String {
        fn shown<T: ToString>(value: Option<&T>) -> String {
            value.map_or_else(String::new, ToString::to_string)
        }
        match self {
            Self::Text(values) => shown(values[row].as_ref()),
            Self::Whole(values) => shown(values[row].as_ref()),
            Self::Single(values) => shown(values[row].as_ref()),
            Self::Double(values) => shown(values[row].as_ref()),
        }
    }

    fn json(&self, row: usize) -> Value {
        match self {
            Self::Text(values) => values[row].clone().into(),
            Self::Whole(values) => values[row].into(),
            Self::Single(values) => values[row].into(),
            Self::Double(values) => values[row].into(),
        }
    }

    /// A column of the same sort with the values that `text` gives.
    fn parsed(&self, texts: impl Iterator<Item = String>) -> Option<Self> {
        fn all<T: std::str::FromStr>(texts: impl Iterator<Item = String>) -> Option<Vec<Option<T>>> {
            texts.map(|text| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) }).collect()
        }
        Some(match self {
            Self::Text(_) => Self::Text(all(texts)?),
            Self::Whole(_) => Self::Whole(all(texts)?),
            Self::Single(_) => Self::Single(all(texts)?),
            Self::Double(_) => Self::Double(all(texts)?),
        })
    }
}

impl Table {
    /// Adds a column; all have the length of the first. CSV cannot tell an empty text from none, so neither does a table.
    pub fn push(&mut self, name: impl Into<String>, column: Column) {
        let column = match column {
            Column::Text(texts) => Column::Text(texts.into_iter().map(|text| text.filter(|t| !t.is_empty())).collect()),
            numbers => numbers,
        };
        self.columns.push((name.into(), column));
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(own, _)| own == name).map(|(_, column)| column)
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// What the writer of the form says, as text.
    pub(crate) fn encode(&self, form: TableForm) -> Result<Vec<u8>, std::io::Error> {
        match form {
            TableForm::Csv => self.to_csv(),
            TableForm::Json => {
                let mut bytes = serde_json::to_vec_pretty(&self.to_records())?;
                bytes.push(b'\n');
                Ok(bytes)
            }
            TableForm::Parquet => self.to_parquet().map_err(std::io::Error::other),
        }
    }

    /// Reads a file that [`Table::encode`] wrote from a table with these columns.
    ///
    /// # Errors
    /// [`LoadError::Content`] for a file that holds another table.
    pub(crate) fn read_like(&self, form: TableForm, bytes: Vec<u8>, path: &Path) -> Result<Self, LoadError> {
        let rows = match form {
            TableForm::Csv => csv_rows(&bytes, path)?,
            TableForm::Json => self.json_rows(&bytes, path)?,
            TableForm::Parquet => parquet_rows(bytes, path)?,
        };
        let names: Vec<&String> = self.columns.iter().map(|(name, _)| name).collect();
        if rows.names.iter().ne(names.iter().copied()) {
            return Err(LoadError::content(path, "columns", format!("{names:?}"), format!("{:?}", rows.names)));
        }
        let mut table = Self::default();
        for (at, (name, column)) in self.columns.iter().enumerate() {
            let texts = rows.rows.iter().map(|row| row.get(at).cloned().unwrap_or_default());
            let Some(column) = column.parsed(texts) else {
                return Err(LoadError::content(path, format!("column {name}"), "values of one sort", "others"));
            };
            table.push(name, column);
        }
        Ok(table)
    }

    fn to_csv(&self) -> Result<Vec<u8>, std::io::Error> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(self.columns.iter().map(|(name, _)| name))?;
        for row in 0..self.n_rows() {
            csv.write_record(self.columns.iter().map(|(_, column)| column.text(row)))?;
        }
        csv.into_inner().map_err(csv::IntoInnerError::into_error)
    }

    /// One line of names, then one per row, tabs between: what a spreadsheet takes from the clipboard. Tabs and line breaks within a text
    /// become spaces.
    pub(crate) fn tabbed(&self) -> String {
        let cell = |text: String| text.replace(['\t', '\n', '\r'], " ");
        let names = self.columns.iter().map(|(name, _)| cell(name.clone())).collect::<Vec<_>>();
        let row = |at| self.columns.iter().map(|(_, column)| cell(column.text(at))).collect::<Vec<_>>();
        let lines = std::iter::once(names).chain((0..self.n_rows()).map(row));
        lines.map(|cells| cells.join("\t") + "\n").collect()
    }

    fn to_records(&self) -> Vec<Map<String, Value>> {
        let record = |row| self.columns.iter().map(|(name, column)| (name.clone(), column.json(row))).collect();
        (0..self.n_rows()).map(record).collect()
    }

    fn to_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let fields = self.columns.iter().map(|(name, column)| {
            let (physical, logical) = match column {
                Column::Text(_) => (PhysicalType::BYTE_ARRAY, Some(LogicalType::String)),
                Column::Whole(_) => (PhysicalType::INT64, None),
                Column::Single(_) => (PhysicalType::FLOAT, None),
                Column::Double(_) => (PhysicalType::DOUBLE, None),
            };
            let field = Type::primitive_type_builder(name, physical)
                .with_repetition(Repetition::OPTIONAL)
                .with_logical_type(logical);
            field.build().map(Arc::new)
        });
        let fields = fields.collect::<Result<Vec<_>, _>>()?;
        let schema = Arc::new(Type::group_type_builder("schema").with_fields(fields).build()?);
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(WriterProperties::default()))?;
        let mut group = writer.next_row_group()?;
        for (_, column) in &self.columns {
            match column {
                Column::Text(values) => {
                    write_column::<ByteArrayType, _>(&mut group, values, |v| ByteArray::from(v.as_str()))?;
                }
                Column::Whole(values) => write_column::<Int64Type, _>(&mut group, values, |v| *v)?,
                Column::Single(values) => write_column::<FloatType, _>(&mut group, values, |v| *v)?,
                Column::Double(values) => write_column::<DoubleType, _>(&mut group, values, |v| *v)?,
            }
        }
        group.close()?;
        writer.into_inner()
    }

    fn json_rows(&self, bytes: &[u8], path: &Path) -> Result<Rows, LoadError> {
        let records: Vec<Map<String, Value>> = serde_json::from_slice(bytes)
            .map_err(|error| LoadError::content(path, "whole file", "a list of records", error))?;
        let names: Vec<String> = self.columns.iter().map(|(name, _)| name.clone()).collect();
        let text = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let rows = records
            .iter()
            .map(|record| names.iter().map(|name| record.get(name).map_or_else(String::new, text)).collect());
        let rows = rows.collect();
        Ok(Rows { names, rows })
    }
}

fn write_column<T: DataType, V>(
    group: &mut SerializedRowGroupWriter<'_, Vec<u8>>,
    values: &[Option<V>],
    convert: impl Fn(&V) -> T::T,
) -> Result<(), ParquetError> {
    let there: Vec<T::T> = values.iter().flatten().map(convert).collect();
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let Some(mut column) = group.next_column()? else {
        return Err(ParquetError::General("more columns than the schema has".to_owned()));
    };
    column.typed::<T>().write_batch(&there, Some(&levels), None)?;
    column.close()
}

/// A file's values as text.
struct Rows {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

fn csv_rows(bytes: &[u8], path: &Path) -> Result<Rows, LoadError> {
    let fault = |error: csv::Error| LoadError::content(path, "whole file", "a table in CSV", error);
    let mut reader = csv::Reader::from_reader(bytes);
    let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let names = words(reader.headers().map_err(fault)?);
    let rows = reader.records().map(|record| record.map(|r| words(&r)).map_err(fault)).collect::<Result<_, _>>()?;
    Ok(Rows { names, rows })
}

fn parquet_rows(bytes: Vec<u8>, path: &Path) -> Result<Rows, LoadError> {
    let fault = |error: ParquetError| LoadError::content(path, "whole file", "a table in Parquet", error);
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(fault)?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let names = schema.columns().iter().map(|column| column.name().to_owned()).collect();
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None).map_err(fault)? {
        let row = row.map_err(fault)?;
        let texts = row.get_column_iter().map(|(_, field)| match field {
            Field::Null => String::new(),
            Field::Str(text) => text.clone(),
            Field::Float(value) => value.to_string(),
            Field::Double(value) => value.to_string(),
            other => other.to_string(),
        });
        rows.push(texts.collect());
    }
    Ok(Rows { names, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::default();
        table.push("node", Column::Text(vec![Some("a,b".into()), Some("größe".into()), None]));
        table.push("label", Column::Whole(vec![Some(-3), None, Some(1 << 40)]));
        table.push("margin", Column::Single(vec![Some(0.1), Some(f32::MIN_POSITIVE), None]));
        table.push("seconds", Column::Double(vec![None, Some(1e-300), Some(0.1 + 0.2)]));
        table
    }

    #[test]
    fn every_form_comes_back_as_it_was() {
        for form in [TableForm::Csv, TableForm::Json, TableForm::Parquet] {
            for table in [table(), {
                let mut empty = Table::default();
                empty.push("node", Column::Text(Vec::new()));
                empty
            }] {
                let bytes = table.encode(form).expect("in memory");
                assert_eq!(table.read_like(form, bytes, Path::new("t")).expect("the same table"), table, "{form:?}");
            }
        }
    }

    #[test]
    fn an_empty_text_is_no_text_in_every_form() {
        let mut table = Table::default();
        table.push("node", Column::Text(vec![Some("a".into()), Some("b".into())]));
        table.push("classes", Column::Text(vec![Some(String::new()), Some("0 2".into())]));
        for form in [TableForm::Csv, TableForm::Json, TableForm::Parquet] {
            let bytes = table.encode(form).expect("in memory");
            assert_eq!(table.read_like(form, bytes, Path::new("t")).expect("the same table"), table, "{form:?}");
        }
    }

    #[test]
    fn another_table_is_refused() {
        let bytes = b"node,label\na,1\n".to_vec();
        let error = table().read_like(TableForm::Csv, bytes, Path::new("t.csv")).unwrap_err();
        let expected = r#"columns: expected ["node", "label", "margin", "seconds"], found ["node", "label"]: t.csv"#;
        assert_eq!(error.to_string(), expected);
    }
}
