//! An analyst's own tables, from the first file to the replayed bundle: ids and classes are texts, and stay what they are.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::common::{folder, json, stdout};

/// Nodes of the network.
const N_NODES: usize = 90;

/// A table: names of its columns, and rows of texts.
struct Sheet {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// A network of three communities whose classes its features tell apart: edges, features, labels.
fn network(words: [&str; 7], class_names: [&str; 3], id: impl Fn(usize) -> String) -> [Sheet; 3] {
    let [source, target, weight, key, height, width, class] = words.map(str::to_owned);
    let mut state = 7u64;
    let mut draw = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut edges, mut features, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for u in 0..N_NODES {
        for _ in 0..3 {
            let v = if draw(10) < 8 { (u + 3 * (1 + draw(20))) % N_NODES } else { draw(N_NODES) };
            edges.push(vec![id(u), id(v), (1 + (u + v) % 3).to_string()]);
        }
        let value = |is_there: bool, noise: usize| format!("{}.{noise}", u8::from(is_there));
        features.push(vec![id(u), value(u % 3 == 0, draw(9)), value(u % 3 == 1, draw(9))]);
        labels.push(vec![id(u), class_names[u % 3].to_owned()]);
    }
    // In any order, and one node without a class.
    features.reverse();
    labels.swap(0, 50);
    labels.pop();
    [
        Sheet { header: vec![source, target, weight], rows: edges },
        Sheet { header: vec![key.clone(), height, width], rows: features },
        Sheet { header: vec![key, class], rows: labels },
    ]
}

impl Sheet {
    /// Plain text between separators.
    fn text(&self, separator: &str) -> String {
        let line = |row: &Vec<String>| row.join(separator) + "\n";
        line(&self.header) + &self.rows.iter().map(line).collect::<String>()
    }

    /// RFC 4180 with everything in quotation marks, numbers too.
    fn quoted(&self) -> String {
        let field = |field: &String| format!("\"{}\"", field.replace('"', "\"\""));
        let line = |row: &Vec<String>| row.iter().map(field).collect::<Vec<_>>().join(",") + "\r\n";
        line(&self.header) + &self.rows.iter().map(line).collect::<String>()
    }

    /// Texts where a value of the column is none, else numbers.
    fn parquet(&self) -> Vec<u8> {
        let columns: Vec<Vec<&String>> =
            (0..self.header.len()).map(|at| self.rows.iter().map(|row| &row[at]).collect()).collect();
        let is_number = |at: usize| columns[at].iter().all(|value| value.parse::<f64>().is_ok());
        let field = |(at, name): (usize, &String)| {
            let physical = if is_number(at) { PhysicalType::DOUBLE } else { PhysicalType::BYTE_ARRAY };
            let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::REQUIRED);
            let logical = (!is_number(at)).then_some(LogicalType::String);
            Arc::new(field.with_logical_type(logical).build().expect("a column"))
        };
        let fields = self.header.iter().enumerate().map(field).collect();
        let schema = Type::group_type_builder("schema").with_fields(fields).build().expect("a schema");
        let properties = Arc::new(WriterProperties::default());
        let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).expect("a writer");
        let mut group = writer.next_row_group().expect("a row group");
        for (at, values) in columns.iter().enumerate() {
            let mut column = group.next_column().expect("a writer").expect("a column");
            if is_number(at) {
                let values: Vec<f64> = values.iter().map(|value| value.parse().expect("a number")).collect();
                column.typed::<DoubleType>().write_batch(&values, None, None).expect("values");
            } else {
                let values: Vec<ByteArray> = values.iter().map(|value| ByteArray::from(value.as_str())).collect();
                column.typed::<ByteArrayType>().write_batch(&values, None, None).expect("values");
            }
            column.close().expect("a column");
        }
        group.close().expect("a row group");
        writer.into_inner().expect("a file")
    }
}

/// Writes edges, features and labels under these names.
fn write(folder: &Path, sheets: &[Sheet; 3], names: [&str; 3], encode: impl Fn(&Sheet) -> Vec<u8>) {
    for (sheet, name) in sheets.iter().zip(names) {
        fs::write(folder.join(name), encode(sheet)).expect("a table");
    }
}

/// Trains, prunes and replays; ids and classes of the tables stand in all that comes out.
fn from_tables_to_bundle(folder: &Path, edges: &str, sheets: &[Sheet; 3], class_names: [&str; 3]) {
    let seen = json(folder, &["inspect", edges])[0].take();
    let found = (&seen["n_nodes"], &seen["n_features"], &seen["n_classes"], &seen["n_labelled"]);
    let wanted = (&N_NODES.into(), &2.into(), &3.into(), &(N_NODES - 1).into());
    assert_eq!(found, wanted, "{edges}: {seen}");
    let report = seen["report"].to_string();
    assert!(report.contains(&format!("{N_NODES} of {N_NODES} nodes matched")), "{edges}: {report}");
    let is_plain = |name: &&&str| !name.contains(['\n', '"']);
    assert!(class_names.iter().filter(is_plain).all(|name| report.contains(&format!("{name} ("))), "{edges}: {report}");

    let train = ["train", edges, "-o", "m.safetensors", "--hidden", "16", "--epochs", "60", "--lr", "0.05"];
    json(folder, &train);
    let run =
        json(folder, &["prune", edges, "m.safetensors", "-o", "bundle", "--delta-a", "0.05", "--delta-w", "0.05"]);
    let accuracy = run["metrics"]["scores"]["test"]["pruned"]["accuracy"].as_f64();
    assert!(accuracy.is_some_and(|accuracy| accuracy > 0.6), "{edges}: {accuracy:?}");
    let replayed = json(folder, &["replay", "bundle"]);
    assert_eq!(replayed["is_identical"], true, "{edges}: {replayed}");
    assert_eq!(replayed["n_logits"], 3 * N_NODES, "{edges}: {replayed}");

    // Nodes are asked for by the ids of the tables, and their classes have their names.
    let key = sheets[2].rows.iter().map(|row| &row[0]).find(|key| !key.contains(['\n', '"']) && key.trim() == *key);
    if let Some(key) = key {
        fs::write(folder.join("asked.txt"), key).expect("a list");
        let answer = json(folder, &["predict", "bundle", "--nodes", "asked.txt"])[0].take();
        assert_eq!(answer["node"], key.as_str(), "{edges}");
        let name = answer["class_name"].as_str().expect("a name");
        assert!(class_names.contains(&name), "{edges}: {name}");
    }

    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("bundle/manifest.json")).expect("a manifest")).expect("JSON");
    let mut names: Vec<&str> =
        manifest["graph"]["class_names"].as_array().expect("names").iter().filter_map(|name| name.as_str()).collect();
    names.sort_unstable();
    let mut wanted = class_names.to_vec();
    wanted.sort_unstable();
    assert_eq!(names, wanted, "{edges}");

    // Every node under its own id, with its class by its own name.
    let mut predictions = csv::Reader::from_path(folder.join("bundle/predictions.csv")).expect("a table");
    let header = predictions.headers().expect("a header").clone();
    let place = |name: &str| header.iter().position(|own| own == name).expect("a column of this name");
    let (node, label, pruned) = (place("node"), place("label_name"), place("pruned_prediction_name"));
    let mut rows = 0;
    for row in predictions.records().map(|row| row.expect("a row")) {
        rows += 1;
        let own = sheets[2].rows.iter().find(|own| own[0] == row[node]);
        assert_eq!(&row[label], own.map_or("", |own| &own[1]), "{edges}: node {:?}", &row[node]);
        assert!(class_names.contains(&&row[pruned]), "{edges}: {:?}", &row[pruned]);
        assert!(sheets[1].rows.iter().any(|own| own[0] == row[node]), "{edges}: node {:?}", &row[node]);
    }
    assert_eq!(rows, N_NODES, "{edges}");
    stdout(folder, &["export", "bundle", "-o", "out", "--as", "predictions-csv"]);
    let exported = fs::read_to_string(folder.join("out/predictions.csv")).expect("a table");
    assert!(exported.contains(class_names[2]), "{edges}: no name of a class in the exported table");
}

const ENGLISH: [&str; 7] = ["source", "target", "weight", "id", "height", "width", "class"];
const COLOURS: [&str; 3] = ["red", "green", "blue"];

#[test]
fn a_folder_of_csv_becomes_a_pruned_model() {
    let folder = folder();
    let sheets = network(ENGLISH, COLOURS, |u| format!("person {u}"));
    let names = ["edges.csv", "features.csv", "labels.csv"];
    write(folder.path(), &sheets, names, |sheet| sheet.text(",").into_bytes());
    from_tables_to_bundle(folder.path(), "edges.csv", &sheets, COLOURS);
}

#[test]
fn a_folder_of_japanese_tables_becomes_a_pruned_model() {
    let folder = folder();
    let classes = ["営業", "開発", "総務"];
    let sheets =
        network(["始点", "終点", "重み", "社員番号", "年齢", "勤続年数", "所属"], classes, |u| {
            format!("社員{u}")
        });
    let names = ["edges.csv", "features.csv", "labels.csv"];
    write(folder.path(), &sheets, names, |sheet| {
        let text = sheet.text(",");
        let (bytes, _, has_misfits) = encoding_rs::SHIFT_JIS.encode(&text);
        assert!(!has_misfits, "characters of Shift_JIS");
        bytes.into_owned()
    });
    from_tables_to_bundle(folder.path(), "edges.csv", &sheets, classes);
}

#[test]
fn tables_in_parquet_and_tsv_become_a_pruned_model() {
    let folder = folder();
    let sheets = network(ENGLISH, COLOURS, |u| format!("person {u}"));
    write(folder.path(), &sheets, ["edges.parquet", "features.parquet", "labels.parquet"], Sheet::parquet);
    from_tables_to_bundle(folder.path(), "edges.parquet", &sheets, COLOURS);
    let folder = super::common::folder();
    write(folder.path(), &sheets, ["edges.tsv", "features.tsv", "labels.tsv"], |sheet| {
        sheet.text("\t").replace('\n', "\r\n").into_bytes()
    });
    from_tables_to_bundle(folder.path(), "edges.tsv", &sheets, COLOURS);
}

#[test]
fn fields_in_quotation_marks_come_through_to_the_bundle() {
    let folder = folder();
    let classes = ["red, or \"rosso\"", "two\r\nlines", "green; dark"];
    let sheets = network(ENGLISH, classes, |u| match u % 4 {
        0 => format!("Müller, Söhne & {u}"),
        1 => format!("the \"{u}\""),
        2 => format!("line\r\nbreak {u}"),
        _ => format!("semi;colon\t{u}"),
    });
    write(folder.path(), &sheets, ["edges.csv", "features.csv", "labels.csv"], |sheet| sheet.quoted().into_bytes());
    from_tables_to_bundle(folder.path(), "edges.csv", &sheets, classes);
}
