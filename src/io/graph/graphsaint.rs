//! A folder as `GraphSAINT` has it (Flickr, Reddit, Yelp, `AmazonProducts`).
//!
//! ```text
//! adj_full.npz    SciPy CSR [n, n]
//! feats.npy       [n, f]; may be absent
//! class_map.json  {"NODE": CLASS, …} or {"NODE": [0, 1, …], …}; may be absent. CLASS below 0, null or NaN: none
//! role.json       {"tr": [NODE, …], "va": […], "te": […]}: the split `file`; may be absent
//! adj_train.npz   not used
//! ```

use std::fmt;
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::build::{Stated, build};
use super::draft::{Draft, MAX_CLASSES};
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look};
use super::labels::labels_from;
use super::node_index::NodeOrder;
use super::request::Request;
use super::scipy::square_matrix;
use super::targets::labels_of_tags;
use crate::engine::graph::{Features, Split};
use crate::io::file::{MAX_FILE_BYTES, read_whole, stem};
use crate::io::npy::Array;
use crate::io::npz::Npz;
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "GraphSAINT folder",
    listed: Listed { group: Group::Folders, place: 2, name: "GraphSAINT" },
    title: "GraphSAINT",
    files: "a folder with `adj_full.npz`, or that file",
    also: "features, labels, splits",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[],
    order: NodeOrder::FromZero,
    may_lack_parts: false,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    let is_matrix = look.is_archive_called("adj_full.npz") && look.has("indptr.npy");
    (is_matrix || look.is_folder_with("adj_full.npz")).then_some(Certainty::Certain)
}

/// Reads the folder, or the folder around its `adj_full.npz`.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let folder = if path.is_dir() { path.to_owned() } else { path.parent().map_or_else(PathBuf::new, Path::to_owned) };
    let adjacency = folder.join("adj_full.npz");
    let mut report = LoadReport::default();
    let (n, list) = square_matrix(&mut Npz::open(&adjacency)?, Request { path: &adjacency, ..request })?;
    request.check()?;
    let built = build(list, n, Stated::Nothing, request, &mut report)?;
    let mut draft = Draft::of(stem(&folder), built);
    let features = folder.join("feats.npy");
    if features.is_file() {
        draft.features = Some(Features::from_dense(Array::read(&features)?.to_f32_matrix()?));
    }
    draft.report = report;
    let classes = folder.join("class_map.json");
    if classes.is_file() {
        read_classes(&classes, n, &mut draft)?;
    }
    let roles = folder.join("role.json");
    if roles.is_file() {
        let Roles { tr: train, va: val, te: test } = json(&roles)?;
        let split = Split { name: "file".to_owned(), train, val, test };
        split.check(n).map_err(|error| LoadError::invalid(&roles, error))?;
        draft.splits.push(split);
    }
    if folder.join("adj_train.npz").is_file() {
        draft.report.ignored.push("adj_train.npz".to_owned());
    }
    Ok(draft)
}

/// Reads a JSON file.
pub(super) fn json<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, LoadError> {
    let mut bytes = read_whole(path, MAX_FILE_BYTES)?;
    no_class_for_nan(&mut bytes);
    serde_json::from_slice(&bytes).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let found = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        LoadError::content(path, place, "JSON of this format", shortened(found))
    })
}

/// Python writes NaN into JSON as it stands, which nothing else reads: outside of texts it becomes -1, which is no class either. As many
/// bytes as before, so that places in errors are those of the file.
fn no_class_for_nan(bytes: &mut [u8]) {
    let mut is_text = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if is_text => at += 1,
            b'"' => is_text = !is_text,
            b'N' if !is_text && bytes[at..].starts_with(b"NaN") => {
                bytes[at..at + 3].copy_from_slice(b"-1 ");
                at += 2;
            }
            _ => {}
        }
        at += 1;
    }
}

#[derive(Deserialize)]
struct Roles {
    tr: Vec<u32>,
    #[serde(default)]
    va: Vec<u32>,
    #[serde(default)]
    te: Vec<u32>,
}

/// The classes of the nodes in the order of the file.
#[derive(Default)]
struct ClassMap {
    /// Node and class, where each has one.
    one: Vec<(String, i64)>,
    /// Nodes whose classes are the rows of `tags`.
    many: Vec<String>,
    tags: Vec<bool>,
    width: usize,
}

enum Class {
    One(i64),
    Many(Vec<bool>),
}

impl<'de> Deserialize<'de> for Class {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ClassVisitor;
        impl<'de> Visitor<'de> for ClassVisitor {
            type Value = Class;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a class or a list of 0 and 1")
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Class, E> {
                Ok(Class::One(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Class, E> {
                i64::try_from(value).map(Class::One).map_err(|_error| E::custom("a class of at least 2^63"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Class, E> {
                if value.fract() == 0.0 && value.abs() < 2f64.powi(53) {
                    Ok(Class::One(value as i64))
                } else {
                    Err(E::custom(format!("class {value}, which is no integer")))
                }
            }

            fn visit_unit<E: de::Error>(self) -> Result<Class, E> {
                Ok(Class::One(-1))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Class, A::Error> {
                let mut tags = Vec::new();
                while let Some(tag) = list.next_element::<f64>()? {
                    if tags.len() == MAX_CLASSES as usize {
                        return Err(de::Error::custom(format!("more than {MAX_CLASSES} classes")));
                    }
                    match tag {
                        0.0 => tags.push(false),
                        1.0 => tags.push(true),
                        other => {
                            let hint =
                                if other.fract() == 0.0 { "" } else { " (a number to be predicted is no class)" };
                            return Err(de::Error::custom(format!("{other}{hint} in a list of 0 and 1")));
                        }
                    }
                }
                Ok(Class::Many(tags))
            }
        }
        deserializer.deserialize_any(ClassVisitor)
    }
}

impl<'de> Deserialize<'de> for ClassMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MapVisitor;
        impl<'de> Visitor<'de> for MapVisitor {
            type Value = ClassMap;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of nodes and their classes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<ClassMap, A::Error> {
                let mut map = ClassMap::default();
                while let Some((node, class)) = entries.next_entry::<String, Class>()? {
                    match class {
                        Class::One(class) => map.one.push((node, class)),
                        Class::Many(tags) => {
                            if map.many.is_empty() {
                                map.width = tags.len();
                            } else if tags.len() != map.width {
                                let (expected, found) = (map.width, tags.len());
                                return Err(de::Error::custom(format!("{found} classes where others have {expected}")));
                            }
                            map.many.push(node);
                            map.tags.extend(tags);
                        }
                    }
                }
                Ok(map)
            }
        }
        deserializer.deserialize_map(MapVisitor)
    }
}

fn read_classes(path: &Path, n: usize, draft: &mut Draft) -> Result<(), LoadError> {
    let map: ClassMap = json(path)?;
    let node = |id: &str| {
        let node = id.parse().ok().filter(|u: &usize| *u < n);
        node.ok_or_else(|| LoadError::content(path, "whole file", format!("node numbers below {n}"), shortened(id)))
    };
    if map.many.is_empty() {
        let mut classes = vec![-1i64; n];
        for (id, class) in &map.one {
            classes[node(id)?] = *class;
        }
        let fault = |expected, found| LoadError::content(path, "whole file", expected, found);
        draft.labels = Some(labels_from(&classes, |expected: String, found: i64| fault(expected, found))?);
        return Ok(());
    }
    if !map.one.is_empty() {
        let found = "both";
        return Err(LoadError::content(
            path,
            "whole file",
            "one class for every node, or a list for every node",
            found,
        ));
    }
    // A node without a list could be told neither from one without any class nor, in memory, from a node that a file claims only.
    let fault = |found: String| {
        LoadError::content(path, "whole file", format!("a list of classes for each of {n} nodes"), found)
    };
    let mut row_of = vec![None; n];
    for (row, id) in map.many.iter().enumerate() {
        if row_of[node(id)?].replace(row).is_some() {
            return Err(fault(format!("two for node {}", shortened(id))));
        }
    }
    let rows: Vec<usize> = row_of.into_iter().flatten().collect();
    if rows.len() < n {
        return Err(fault(format!("{} lists", rows.len())));
    }
    let tags = Array2::from_shape_vec((n, map.width), map.tags).map_err(|error| fault(error.to_string()))?;
    draft.labels = Some(labels_of_tags(tags.select(Axis(0), &rows)));
    Ok(())
}
