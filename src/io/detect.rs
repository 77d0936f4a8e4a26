//! What a file or folder is: by its content first, then by its name.
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
    GraphPart, edges_in, is_blank, is_dgl, is_edge, is_feature_matrix, is_gml, is_header, is_matrix_market, is_metis,
    is_planetoid_file, is_planetoid_folder, is_pyg_data, is_pyg_folder, is_sparse_matrix, is_split, part_of_array,
    raw_folder, text_folder,
};
use super::mat::is_mat;
use super::model::{ModelFormat, is_model_archive, is_onnx};
use super::npy::first_bytes;
use super::npz::names_inside;
use super::report::LoadError;
use super::sample;
use super::sheet::words::{NameHint, hint_of};
use super::sheet::{Purpose, is_parquet, purpose_of, sketch};
use super::source::{ByteSource, stem_unpacked};
use super::stored::is_stored_folder;
use super::text::shortened;
use super::torch::is_sequence;
use super::wrong;
use crate::engine::graph::{Encoding, ReadOptions};

/// The formats of graphs, for people.
pub(crate) const KNOWN_FORMATS: &str = "Unifews or unifews-stored-graph folder, OGB, GraphSAINT, PPI, Reddit or Geom-GCN folder, gnn-benchmark, heterophilous, Wikipedia, SciPy or unifews-graph .npz, \
     DGL .bin, LINKX .mat, Planetoid files, PyG .pt, GraphML, GEXF, GML, MatrixMarket, METIS or edge list, text perhaps in .gz";

/// A format of graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphFormat {
    /// A folder with `adj.npz`, as the method's own programs read it.
    UnifewsFolder,
    /// An archive of the gnn-benchmark collection.
    GnnBenchmark,
    /// An archive of the heterophilous-graphs collection.
    Heterophilous,
    /// Text, one edge per line.
    EdgeList,
    /// Text, one matrix entry per line.
    MatrixMarket,
    /// Text, the neighbours of one node per line.
    Metis,
    /// `GraphML`.
    GraphMl,
    /// GEXF.
    Gexf,
    /// GML.
    Gml,
    /// An archive with a SciPy sparse matrix alone.
    ScipySparse,
    /// A folder of the Open Graph Benchmark.
    Ogb,
    /// A folder with `adj_full.npz`, as `GraphSAINT` has it.
    GraphSaint,
    /// The protein graphs of GraphSAGE.
    Ppi,
    /// The posts of Reddit in two archives.
    Reddit,
    /// Web pages or actors of Geom-GCN, as text.
    WebKb,
    /// An archive of MUSAE's Wikipedia networks.
    Wikipedia,
    /// A file of `dgl.save_graphs`.
    Dgl,
    /// A MATLAB file of the LINKX collection.
    Mat,
    /// An archive in the samples' own format.
    Compact,
    /// The eight files `ind.NAME.*` of Planetoid, or the folder with them.
    Planetoid,
    /// A `.pt` file of PyG's `processed` folder, or the folder around it.
    PygProcessed,
    /// A folder of arrays in our own format, for work beyond memory.
    Stored,
}

impl fmt::Display for GraphFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnifewsFolder => "Unifews folder",
            Self::GnnBenchmark => "gnn-benchmark archive",
            Self::Heterophilous => "heterophilous-graphs archive",
            Self::EdgeList => "edge list",
            Self::MatrixMarket => "MatrixMarket",
            Self::Metis => "METIS graph",
            Self::GraphMl => "GraphML",
            Self::Gexf => "GEXF",
            Self::Gml => "GML",
            Self::ScipySparse => "SciPy sparse matrix",
            Self::Ogb => "OGB folder",
            Self::GraphSaint => "GraphSAINT folder",
            Self::Ppi => "PPI folder",
            Self::Reddit => "Reddit folder",
            Self::WebKb => "Geom-GCN folder",
            Self::Wikipedia => "Wikipedia network archive",
            Self::Dgl => "DGL graphs",
            Self::Mat => "MATLAB file",
            Self::Compact => "unifews-graph archive",
            Self::Planetoid => "Planetoid files",
            Self::PygProcessed => "PyG data",
            Self::Stored => "folder of arrays",
        })
    }
}

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
        return Ok(sample::detect_sample(name));
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
    match text_folder(path) {
        Some(_) => Ok(Detected::Graph(GraphFormat::WebKb)),
        None => detect_plain(path, path, &head, options),
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
    } else if is_stored_folder(path) {
        Detected::Graph(GraphFormat::Stored)
    } else if path.join("adj.npz").is_file() {
        Detected::Graph(GraphFormat::UnifewsFolder)
    } else if is_planetoid_folder(path) {
        Detected::Graph(GraphFormat::Planetoid)
    } else if is_pyg_folder(path) {
        Detected::Graph(GraphFormat::PygProcessed)
    } else if path.join("adj_full.npz").is_file() {
        Detected::Graph(GraphFormat::GraphSaint)
    } else if path.join("reddit_graph.npz").is_file() {
        Detected::Graph(GraphFormat::Reddit)
    } else if path.join("train_graph.json").is_file() {
        Detected::Graph(GraphFormat::Ppi)
    } else if text_folder(path).is_some() {
        Detected::Graph(GraphFormat::WebKb)
    } else if raw_folder(path).is_some() {
        Detected::Graph(GraphFormat::Ogb)
    } else if edges_in(path).is_some() {
        Detected::Graph(GraphFormat::EdgeList)
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
    if has("adj_indptr.npy") && has("format.npy") {
        Detected::Graph(GraphFormat::Compact)
    } else if has("adj_indptr.npy") && has("adj_shape.npy") {
        Detected::Graph(GraphFormat::GnnBenchmark)
    } else if has("node_features.npy") && has("edges.npy") {
        Detected::Graph(GraphFormat::Heterophilous)
    } else if path.file_name().is_some_and(|name| name == "adj.npz") && has("indptr.npy") {
        Detected::Graph(GraphFormat::UnifewsFolder)
    } else if path.file_name().is_some_and(|name| name == "adj_full.npz") && has("indptr.npy") {
        Detected::Graph(GraphFormat::GraphSaint)
    } else if (has("feature.npy") && has("node_types.npy") && path.with_file_name("reddit_graph.npz").is_file())
        || (is_sparse_matrix(has) && path.with_file_name("reddit_data.npz").is_file())
    {
        Detected::Graph(GraphFormat::Reddit)
    } else if is_split(names) {
        Detected::Part(GraphPart::Split)
    } else if is_sparse_matrix(has) && is_feature_matrix(path) {
        Detected::Part(GraphPart::Features)
    } else if is_sparse_matrix(has) {
        Detected::Graph(GraphFormat::ScipySparse)
    } else if has("features.npy") && has("edges.npy") {
        Detected::Graph(GraphFormat::Wikipedia)
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
    if is_pyg_data(path) { Detected::Graph(GraphFormat::PygProcessed) } else { Detected::Model(ModelFormat::Torch) }
}

/// A header length that fits the file, then the start of a JSON object.
fn is_safetensors(head: &[u8], n_bytes: u64) -> bool {
    let Some((length, rest)) = head.split_first_chunk::<8>() else { return false };
    u64::from_le_bytes(*length).checked_add(8).is_some_and(|end| end <= n_bytes) && rest.first() == Some(&b'{')
}

/// The format of an XML file, by its first element.
fn markup_of(text: &str) -> Option<GraphFormat> {
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    // Over the declaration, comments and the document type.
    while let Some(inner) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
        let end = if inner.starts_with("--") { "-->" } else { ">" };
        rest = rest.get(rest.find(end)? + end.len()..)?.trim_start();
    }
    let name = rest.strip_prefix('<')?.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next()?;
    match name.rsplit(':').next()? {
        "graphml" => Some(GraphFormat::GraphMl),
        "gexf" => Some(GraphFormat::Gexf),
        _ => None,
    }
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
    Some(if head.starts_with(b"\x93NUMPY") {
        part_of_array(path, head).map_or_else(|| unknown("a NumPy array alone"), Detected::Part)
    } else if is_sequence(head) {
        detect_torch(path)
    } else if is_planetoid_file(path) {
        Detected::Graph(GraphFormat::Planetoid)
    } else if let Some(what) = wrong::bytes(head) {
        unknown(what)
    } else if is_onnx(head) {
        Detected::Model(ModelFormat::Onnx)
    } else if let Some(what) = foreign::pickle(head) {
        unknown(&what)
    } else if is_dgl(head) {
        Detected::Graph(GraphFormat::Dgl)
    } else if is_mat(head) {
        Detected::Graph(GraphFormat::Mat)
    } else if is_matrix_market(head) {
        Detected::Graph(GraphFormat::MatrixMarket)
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
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|line| !is_blank(line));
    let first = lines.next();
    if ["toml", "yaml", "yml"].iter().any(|e| has_extension(e)) || text.contains("unifews-recipe/") {
        return Ok(Detected::Recipe);
    }
    if let Some(format) = markup_of(text) {
        return Ok(Detected::Graph(format));
    }
    if is_gml(text) {
        return Ok(Detected::Graph(GraphFormat::Gml));
    }
    if let Some(what) = foreign::text(text) {
        return Ok(unknown(&what));
    }
    let is_named = has_extension("graph") || has_extension("metis");
    if is_metis(head, (head.len() as u64) < HEAD_BYTES, is_named) {
        return Ok(Detected::Graph(GraphFormat::Metis));
    }
    let Some(first) = first else {
        return Ok(unknown("an empty file"));
    };
    // Plain lists of edges need no look at their columns, unless the file's name speaks of something else.
    let is_plain = is_edge(first);
    if is_plain && matches!(hint_of(&stem_unpacked(path)), None | Some(NameHint::Edges)) {
        return Ok(Detected::Graph(GraphFormat::EdgeList));
    }
    let is_list = is_plain || (is_header(first) && lines.next().is_some_and(is_edge));
    match detect_table(path, options) {
        Ok(Detected::Unknown { .. }) | Err(_) if is_list => Ok(Detected::Graph(GraphFormat::EdgeList)),
        other => other,
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
