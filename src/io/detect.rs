//! What a file or folder is: by its content first, then by its name. Formats of graphs say themselves what they know (`graph/registry.rs`);
//! here they are asked in turn with parts of graphs, models, recipes, bundles, and what is none of these.
//!
//! What is never here: reading more than the start of a file or the list of names in an archive; of a PyTorch file its pickle, and of
//! a SciPy matrix its two lengths.

use std::fmt;
use std::fs;
use std::io::Read as _;
use std::path::Path;

use super::encoding::{decode_start, of_mark};
use super::entrance;
use super::file::{check_regular_or_folder, open, stem};
use super::foreign;
use super::graph::{
    Certainty, GraphFormat, GraphPart, Look, TextLook, is_blank, is_feature_matrix, is_sparse_matrix, is_split,
    part_of_array,
};
use super::model::{ModelFormat, is_model_archive, is_onnx};
use super::npy::first_bytes;
use super::npz::names_inside;
use super::report::LoadError;
use super::sample;
use super::sheet::{Purpose, is_parquet, purpose_of, sketch};
use super::source::{ByteSource, stem_unpacked};
use super::text::shortened;
use super::torch::is_sequence;
use super::wrong;
use crate::engine::graph::{Encoding, ReadOptions};

/// What a path or `sample:NAME` is. Displayed, it is a phrase for people, such as `a model (safetensors)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Detected {
    /// A graph; read it with [`read_graph`](super::read_graph).
    Graph(GraphFormat),
    /// A model; read it with [`read_model`](super::read_model).
    Model(ModelFormat),
    /// A recipe; read it with [`read_recipe`](super::read_recipe).
    Recipe,
    /// An exported bundle, a folder or a zip file.
    Bundle,
    /// A part of a graph: it belongs to a file with edges, see
    /// [`ReadOptions`](crate::engine::graph::ReadOptions).
    Part(GraphPart),
    /// The same as a table with one row per node: CSV, TSV, Parquet.
    PartTable(GraphPart),
    /// Nothing that is known.
    Unknown {
        /// What it looks like, for people.
        found: String,
    },
}

impl fmt::Display for Detected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(format) => write!(f, "a graph ({format})"),
            Self::Model(format) => write!(f, "a model ({format})"),
            Self::Recipe => f.write_str("a recipe"),
            Self::Bundle => f.write_str("an exported bundle"),
            Self::Part(part) => write!(f, "{part}"),
            Self::PartTable(part) => f.write_str(match part {
                GraphPart::Features => "features of nodes (a table)",
                GraphPart::Labels => "labels of nodes (a table)",
                GraphPart::Split => "a split (a table)",
            }),
            Self::Unknown { found } => f.write_str(found),
        }
    }
}

/// How much of a file's start is looked at, bytes.
const HEAD_BYTES: u64 = 1 << 14;

/// Says what a file or folder is, or what `sample:NAME` names.
///
/// # Errors
/// [`LoadError::Io`] when it cannot be opened, [`LoadError::Content`] for text whose bytes fit no character; an unknown file is
/// [`Detected::Unknown`], not an error.
pub fn detect(path: impl AsRef<Path>) -> Result<Detected, LoadError> {
    entrance::enter(|| detect_with(path.as_ref(), &ReadOptions::default()))
}

fn detect_with(path: &Path, options: &ReadOptions) -> Result<Detected, LoadError> {
    if let Some(name) = path.to_str().and_then(|spec| spec.strip_prefix(sample::PREFIX)) {
        return Ok(detect_sample(name));
    }
    let kind = fs::metadata(path).map_err(|source| LoadError::io("open", path, source))?;
    check_regular_or_folder(path, kind.file_type())?;
    if kind.is_dir() {
        return Ok(detect_folder(path));
    }
    let mut head = Vec::new();
    open(path)?.take(HEAD_BYTES).read_to_end(&mut head).map_err(|source| LoadError::io("read", path, source))?;
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(match names_inside(path) {
            Ok(names) if has_pickle(&names) => detect_torch(path),
            Ok(names) => detect_archive(path, &names),
            Err(error) => unknown(&format!("a broken zip archive ({error}); if it is cut off, get it again")),
        });
    }
    if is_safetensors(&head, kind.len()) {
        return Ok(Detected::Model(ModelFormat::Safetensors));
    }
    if head.starts_with(b"\x1f\x8b") {
        let mut unpacked = Vec::new();
        return match ByteSource::open(path)?.read_into(&mut unpacked, HEAD_BYTES as usize) {
            Ok(_) => detect_plain(path, Path::new(&stem(path)), &unpacked, options),
            Err(error) => Ok(unknown(&format!("a broken gzip file ({error}); if it is cut off, get it again"))),
        };
    }
    match GraphFormat::sniffed(&Look::Place(path), Certainty::Certain) {
        Some(format) => Ok(Detected::Graph(format)),
        None => detect_plain(path, path, &head, options),
    }
}

/// What `sample:NAME` is.
pub(crate) fn detect_sample(name: &str) -> Detected {
    if sample::graph(name).is_some() {
        Detected::Graph(GraphFormat::Compact)
    } else if sample::model(name).is_some() {
        Detected::Model(ModelFormat::Safetensors)
    } else {
        Detected::Unknown { found: format!("no sample of the name {name:?}") }
    }
}

/// The first lines of a text, packed or not, for a preview; none for anything else.
pub fn first_lines(path: impl AsRef<Path>, n: usize) -> Option<Vec<String>> {
    let mut head = Vec::new();
    ByteSource::open_text(path.as_ref(), None).ok()?.read_into(&mut head, HEAD_BYTES as usize).ok()?;
    if head.contains(&0) {
        return None;
    }
    let text = String::from_utf8_lossy(&head);
    Some(text.lines().take(n).map(shortened).collect())
}

/// As [`detect`], for a user who says how text is to be read: text that nothing else is known of is then a list of edges.
///
/// # Errors
/// As [`detect`].
pub fn detect_as(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Detected, LoadError> {
    let found = detect_with(path.as_ref(), options)?;
    let is_told = options.columns.is_some() || options.separator.is_some() || options.comments.is_some();
    let is_text = matches!(&found, Detected::Unknown { found } if found.starts_with(OTHER_TEXT));
    Ok(if is_told && is_text { Detected::Graph(GraphFormat::EdgeList) } else { found })
}

/// Text that nothing is known of.
const OTHER_TEXT: &str = "text that is neither a recipe nor a list of edges";

fn unknown(found: &str) -> Detected {
    Detected::Unknown { found: found.to_owned() }
}

fn detect_folder(path: &Path) -> Detected {
    if is_bundle_folder(path) {
        Detected::Bundle
    } else if let Some(format) = GraphFormat::sniffed(&Look::Folder(path), Certainty::Certain) {
        Detected::Graph(format)
    } else {
        unknown("a folder without adj.npz, graph.json and manifest.json")
    }
}

/// Whether a folder is an exported bundle: its manifest names the format.
pub fn is_bundle_folder(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_read = open(&path.join("manifest.json"))
        .is_ok_and(|manifest| manifest.take(HEAD_BYTES).read_to_end(&mut head).is_ok());
    is_read && String::from_utf8_lossy(&head).contains("unifews-bundle/")
}

fn detect_archive(path: &Path, names: &[String]) -> Detected {
    let has = |name: &str| names.iter().any(|n| n == name);
    let has_within = |name: &str| names.iter().any(|n| n == name || n.split_once('/').is_some_and(|(_, n)| n == name));
    let look = Look::Archive { path, names };
    if let Some(format) = GraphFormat::sniffed(&look, Certainty::Certain) {
        Detected::Graph(format)
    } else if is_split(names) {
        Detected::Part(GraphPart::Split)
    } else if is_sparse_matrix(has) && is_feature_matrix(path) {
        Detected::Part(GraphPart::Features)
    } else if let Some(format) = GraphFormat::sniffed(&look, Certainty::Likely) {
        Detected::Graph(format)
    } else if has_within("manifest.json") {
        Detected::Bundle
    } else if is_model_archive(names) {
        Detected::Model(ModelFormat::Npz)
    } else {
        let some: Vec<&str> = names.iter().take(6).map(String::as_str).collect();
        if let Some(what) = wrong::archive(names) {
            return unknown(&what);
        }
        unknown(&format!("a zip archive with {}", if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }))
    }
}

/// Whether a zip archive was written by `torch.save`.
fn has_pickle(names: &[String]) -> bool {
    names.iter().any(|name| name == "data.pkl" || name.ends_with("/data.pkl"))
}

/// A file of `torch.save` is what its object is; one whose object cannot be read is a model, so that reading it says why.
fn detect_torch(path: &Path) -> Detected {
    GraphFormat::sniffed(&Look::Torch(path), Certainty::Certain)
        .map_or(Detected::Model(ModelFormat::Torch), Detected::Graph)
}

/// A header length that fits the file, then the start of a JSON object.
fn is_safetensors(head: &[u8], n_bytes: u64) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length).checked_add(8).is_some_and(|end| end <= n_bytes) && rest.first() == Some(&b'{')
}

/// What a file is that is no archive; `named` is its name without `.gz`, `head` how it begins when unpacked.
fn detect_plain(path: &Path, named: &Path, head: &[u8], options: &ReadOptions) -> Result<Detected, LoadError> {
    if is_parquet(head) {
        return detect_table(path, options);
    }
    if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
        return Ok(unknown("text in UTF-32 (save it as UTF-8)"));
    }
    if head.is_empty() {
        return Ok(unknown(wrong::EMPTY));
    }
    if (head.len() as u64) < HEAD_BYTES && head.iter().all(u8::is_ascii_whitespace) {
        return Ok(unknown(wrong::BLANK));
    }
    let marked = of_mark(head).filter(|encoding| encoding.name() != "UTF-8");
    let decoded = match (marked, options.encoding) {
        (Some(_), _) => decode_start(head, Encoding::Utf8),
        (None, Some(chosen)) => decode_start(head, chosen),
        (None, None) => None,
    };
    if decoded.is_none()
        && let Some(found) = detect_bytes(named, head)
    {
        return Ok(found);
    }
    // Comments are in any encoding; what matters here is plain ASCII in all of them.
    let text = decoded.unwrap_or_else(|| String::from_utf8_lossy(head).into_owned());
    detect_text(path, named, head, &text, options)
}

/// What is known by bytes, and bytes that are no text.
fn detect_bytes(path: &Path, head: &[u8]) -> Option<Detected> {
    let has_extension = |wanted: &str| path.extension().is_some_and(|e| e.eq_ignore_ascii_case(wanted));
    let look = Look::Bytes { path, head };
    Some(if head.starts_with(b"\x93NUMPY") {
        part_of_array(path, head).map_or_else(|| unknown("a NumPy array alone"), Detected::Part)
    } else if is_sequence(head) {
        detect_torch(path)
    } else if let Some(format) = GraphFormat::sniffed(&look, Certainty::Certain) {
        Detected::Graph(format)
    } else if let Some(what) = wrong::bytes(head) {
        unknown(what)
    } else if is_onnx(head) {
        Detected::Model(ModelFormat::Onnx)
    } else if let Some(what) = foreign::pickle(head) {
        unknown(&what)
    } else if let Some(format) = GraphFormat::sniffed(&look, Certainty::Likely) {
        Detected::Graph(format)
    } else if let Some(what) = wrong::text(&String::from_utf8_lossy(head)) {
        unknown(&what)
    } else if has_extension("safetensors") {
        Detected::Model(ModelFormat::Safetensors)
    } else if has_extension("mat") && matches!(head, [_, _, 0, 0, ..] | [0, 0, _, _, ..]) {
        unknown("a MATLAB file of version 4 (save it with -v7)")
    } else if head.contains(&0) {
        let is_wide = head.iter().skip(1).step_by(2).take(16).all(|byte| *byte == 0) && !head.starts_with(&[0]);
        let way = if is_wide { " (UTF-16 without a byte order mark? say --encoding utf-16)" } else { "" };
        unknown(&format!("a file that starts with {}{way}", first_bytes(head)))
    } else {
        return None;
    })
}

fn detect_text(
    path: &Path,
    named: &Path,
    head: &[u8],
    text: &str,
    options: &ReadOptions,
) -> Result<Detected, LoadError> {
    let has_extension = |wanted: &str| named.extension().is_some_and(|e| e.eq_ignore_ascii_case(wanted));
    if ["toml", "yaml", "yml"].iter().any(|e| has_extension(e)) || text.contains("unifews-recipe/") {
        return Ok(Detected::Recipe);
    }
    let is_whole = (head.len() as u64) < HEAD_BYTES;
    let look = Look::Text(TextLook { path, named, head, text, is_whole });
    if let Some(format) = GraphFormat::sniffed(&look, Certainty::Certain) {
        return Ok(Detected::Graph(format));
    }
    if let Some(what) = foreign::text(text) {
        return Ok(unknown(&what));
    }
    if let Some(format) = GraphFormat::sniffed(&look, Certainty::Likely) {
        return Ok(Detected::Graph(format));
    }
    if text.trim_start_matches('\u{feff}').lines().all(|line| is_blank(line.trim())) {
        return Ok(unknown("an empty file"));
    }
    match (detect_table(path, options), GraphFormat::sniffed(&look, Certainty::Possible)) {
        (Ok(Detected::Unknown { .. }) | Err(_), Some(format)) => Ok(Detected::Graph(format)),
        (other, _) => other,
    }
}

/// What a table is for.
fn detect_table(path: &Path, options: &ReadOptions) -> Result<Detected, LoadError> {
    let Some(table) = sketch(path, options)? else { return Ok(unknown(OTHER_TEXT)) };
    Ok(match purpose_of(&table, &stem_unpacked(path)).map(|purposes| purposes.chosen) {
        Some(Purpose::Edges) => Detected::Graph(GraphFormat::EdgeList),
        Some(Purpose::Features) => Detected::PartTable(GraphPart::Features),
        Some(Purpose::Labels) => Detected::PartTable(GraphPart::Labels),
        Some(Purpose::Split) => Detected::PartTable(GraphPart::Split),
        None if table.columns.len() > 1 && table.n_rows > 1 => {
            unknown(&format!("{OTHER_TEXT}, but a table ({})", table.hints()))
        }
        None => unknown(OTHER_TEXT),
    })
}
