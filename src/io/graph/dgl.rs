//! A file of `dgl.save_graphs` (`.bin`), version 2.
//!
//! ```text
//! file    = u64 dd2e4ff046b4a13f, u64 2 (version), u64 2 (graph type), u64 graphs, zeros up to byte 4096,
//!           u64, vector of (string, array): labels of graphs, then graph*                 the first graph is read
//! graph   = u64 dd589fbe35224abf, immutable, vector of unit, vector of i64: nodes, vector of vector of (string, array): of nodes,
//!           the same of edges, vector of string: sorts of nodes, the same of edges
//! immutable = u64 dd3c5ffe20046abf, csr
//! unit    = u64 dd2e60f0f6b4a127, i64 saved, i64 formats, (immutable, matrix)+      saved: bits 1 coo, 2 csr, 4 csc and bit 32, or one
//!                                                                             of 1 coo, 2 csr, 3 csc without it
//! coo     = u64 dd61ffd305dff127, i64 columns, i64 rows, array row, array column, array edge ids, u8 sorted, u8 sorted
//! csr     = u64 dd6cd31205dff127, i64 columns, i64 rows, array pointers, array indices, array edge ids, u8 sorted
//! array   = u64 dd5e40f096b4a13f, u64, i32 1, i32 (device), i32 axes, u8 type, u8 bits, u16 1, i64 length of each axis, i64 bytes, bytes
//! vector  = u64 number, its elements        string = u64 bytes, bytes                    all little-endian
//! ```
//! Rows are sources and columns targets; csc is turned round. `feat`, `label`, `train_mask`, `val_mask`, `test_mask` of nodes and `weight`
//! of edges are used, or what the user names; see `arrays.rs`. Arrays of other types than numbers are left out and reported. Graphs of
//! several sorts of nodes or edges are refused.

use std::path::Path;

use super::arrays::NodeArrays;
use super::build::{Stated, build};
use super::draft::Draft;
use super::estimate;
use super::format::{Certainty, Format, Group, Listed, Look, Meets};
use super::node_index::NodeOrder;
use super::request::Request;
use super::unmet;
use super::weights::Asked;
use crate::engine::graph::EdgeList;
use crate::io::file::{MAX_FILE_BYTES, read_whole, stem};
use crate::io::npy::{Array, Layout};
use crate::io::reading::{self, Pace};
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// This format.
pub(super) static FORMAT: Format = Format {
    name: "DGL graphs",
    listed: Listed { group: Group::Files, place: 1, name: "DGL .bin" },
    title: "DGL",
    files: "`.bin`",
    also: "`feat`, `label`, masks, `weight`, or the arrays that are named",
    sniff,
    read,
    needed: estimate::of_arrays,
    meets: &[Meets::NodeParts, Meets::Masks, Meets::EdgeAttribute],
    order: NodeOrder::FromZero,
    may_lack_parts: true,
    is_finished: false,
};

fn sniff(look: &Look<'_>) -> Option<Certainty> {
    matches!(look, Look::Bytes { head, .. } if is_dgl(head)).then_some(Certainty::Likely)
}

const FILE: u64 = 0xdd2e_4ff0_46b4_a13f;
const GRAPH: u64 = 0xdd58_9fbe_3522_4abf;
const IMMUTABLE: u64 = 0xdd3c_5ffe_2004_6abf;
const UNIT: u64 = 0xdd2e_60f0_f6b4_a127;
const COO: u64 = 0xdd61_ffd3_05df_f127;
const CSR: u64 = 0xdd6c_d312_05df_f127;
const ARRAY: u64 = 0xdd5e_40f0_96b4_a13f;
const TENSORS: u64 = 0xdd5a_9fbe_3fa2_443f;
/// A type that NumPy does not have.
const BF16: &str = "bf16";
/// Where the graphs begin.
const HEADER_BYTES: usize = 4096;
/// Bit of the numbers that say which forms there are.
const HIGH_BIT: i64 = 1 << 32;

/// Whether a file's first bytes are those of this format.
pub(crate) fn is_dgl(head: &[u8]) -> bool {
    head.first_chunk().is_some_and(|magic| [FILE, TENSORS].contains(&u64::from_le_bytes(*magic)))
}

/// The bytes, and how far they were read.
struct Bytes<'a> {
    path: &'a Path,
    all: &'a [u8],
    at: usize,
}

impl<'a> Bytes<'a> {
    fn fault(&self, expected: impl ToString, found: impl ToString) -> LoadError {
        LoadError::content(self.path, format!("byte {}", self.at), expected, found)
    }

    fn take(&mut self, n: usize, what: &str) -> Result<&'a [u8], LoadError> {
        let rest = &self.all[self.at.min(self.all.len())..];
        let Some((taken, _)) = rest.split_at_checked(n) else {
            return Err(self.fault(format!("{n} bytes ({what})"), format!("{} and the end of the file", rest.len())));
        };
        self.at += n;
        Ok(taken)
    }

    fn u64(&mut self, what: &str) -> Result<u64, LoadError> {
        let mut word = [0u8; 8];
        word.copy_from_slice(self.take(8, what)?);
        Ok(u64::from_le_bytes(word))
    }

    fn i64(&mut self, what: &str) -> Result<i64, LoadError> {
        self.u64(what).map(u64::cast_signed)
    }

    fn i32(&mut self, what: &str) -> Result<i32, LoadError> {
        let mut word = [0u8; 4];
        word.copy_from_slice(self.take(4, what)?);
        Ok(i32::from_le_bytes(word))
    }

    fn magic(&mut self, magic: u64, what: &str) -> Result<(), LoadError> {
        let at = self.at;
        match self.u64(what)? {
            found if found == magic => Ok(()),
            found => {
                self.at = at;
                Err(self.fault(format!("{what} ({magic:016x})"), format!("{found:016x}")))
            }
        }
    }

    /// A number of elements, each of at least `least` bytes.
    fn count(&mut self, least: usize, what: &str) -> Result<usize, LoadError> {
        let n = self.u64(what)?;
        let left = (self.all.len() - self.at) / least.max(1);
        match usize::try_from(n).ok().filter(|n| *n <= left) {
            Some(n) => Ok(n),
            None => Err(self.fault(format!("at most {left} {what} in the bytes that are left"), n)),
        }
    }

    fn string(&mut self, what: &str) -> Result<String, LoadError> {
        let n = self.count(1, "characters")?;
        Ok(String::from_utf8_lossy(self.take(n, what)?).into_owned())
    }

    /// An array of the structure, which must be one of numbers.
    fn array(&mut self, name: &str) -> Result<Array, LoadError> {
        self.any_array(name)?.map_err(|found| self.fault("integers, floats or booleans", found))
    }

    /// An array; what it is where that is nothing that can be read.
    fn any_array(&mut self, name: &str) -> Result<Result<Array, String>, LoadError> {
        self.magic(ARRAY, "an array")?;
        self.u64("reserved")?;
        self.take(8, "a device")?;
        let axes = self.i32("a number of axes")?;
        let Some(axes) = usize::try_from(axes).ok().filter(|n| *n <= 8) else {
            return Err(self.fault("at most 8 axes", axes));
        };
        let kind = self.take(4, "a type")?;
        let descr = match (kind[0], kind[1], kind[2], kind[3]) {
            (0, 8, 1, 0) => Ok("|i1"),
            (0, 16, 1, 0) => Ok("<i2"),
            (0, 32, 1, 0) => Ok("<i4"),
            (0, 64, 1, 0) => Ok("<i8"),
            (1, 8, 1, 0) => Ok("|u1"),
            (1, 16, 1, 0) => Ok("<u2"),
            (1, 32, 1, 0) => Ok("<u4"),
            (1, 64, 1, 0) => Ok("<u8"),
            (2, 16, 1, 0) => Ok("<f2"),
            (2, 32, 1, 0) => Ok("<f4"),
            (2, 64, 1, 0) => Ok("<f8"),
            (4, 16, 1, 0) => Ok(BF16),
            (6, 8, 1, 0) => Ok("|b1"),
            (code, bits, ..) => Err(format!("type {code} of {bits} bits")),
        };
        let mut shape = Vec::with_capacity(axes);
        for _ in 0..axes {
            let length = self.i64("the length of an axis")?;
            shape.push(usize::try_from(length).map_err(|_error| self.fault("a length of at least 0", length))?);
        }
        let n_bytes = self.count(1, "bytes of an array")?;
        let values = self.take(n_bytes, "values")?;
        let mut descr = match descr {
            Ok(descr) => descr,
            Err(kind) => return Ok(Err(kind)),
        };
        if shape.iter().skip(1).any(|length| *length == 0) {
            return Ok(Err(format!("shape {shape:?}")));
        }
        let values = if descr == BF16 {
            descr = "<f4";
            // The upper half of a 32-bit float.
            reading::ask(self.path, 2 * n_bytes as u64, || {
                format!("{} values (array {})", n_bytes / 2, shortened(name))
            })?;
            let words = reading::map(values.as_chunks::<2>().0, |[low, high]| [0, 0, *low, *high])?;
            words.into_flattened()
        } else {
            reading::ask(self.path, n_bytes as u64, || format!("{n_bytes} bytes (array {})", shortened(name)))?;
            let mut copy = Vec::with_capacity(values.len());
            for step in values.chunks(1 << 20) {
                reading::check()?;
                copy.extend_from_slice(step);
            }
            copy
        };
        let layout = Layout { descr, is_fortran: false, shape };
        Array::from_values(self.path, format!("array {}", shortened(name)), layout, values).map(Ok)
    }

    /// Named arrays.
    fn arrays(&mut self) -> Result<Arrays, LoadError> {
        let n = self.count(16, "arrays")?;
        let mut arrays = Vec::new();
        for _ in 0..n {
            let name = self.string("a name")?;
            let array = self.any_array(&name)?;
            arrays.push((name, array));
        }
        Ok(arrays)
    }

    fn csr(&mut self) -> Result<Matrix, LoadError> {
        self.magic(CSR, "compressed rows")?;
        let (columns, rows) = (self.i64("columns")?, self.i64("rows")?);
        let parts = [self.array("indptr")?, self.array("indices")?, self.array("edge ids")?];
        self.take(1, "whether rows are sorted")?;
        Ok(Matrix { columns, rows, parts })
    }

    fn immutable(&mut self) -> Result<(), LoadError> {
        self.magic(IMMUTABLE, "the graph of sorts")?;
        self.csr().map(|_| ())
    }
}

/// Arrays by name, or what each is.
type Arrays = Vec<(String, Result<Array, String>)>;

struct Matrix {
    columns: i64,
    rows: i64,
    /// Pointers or rows, indices or columns, edge ids.
    parts: [Array; 3],
}

/// Edges in the order of the matrix, as `(source, target)`, and the number of each.
struct Edges {
    n: usize,
    pairs: Vec<(u32, u32)>,
    ids: Option<Vec<u32>>,
}

/// Reads the file.
fn read(request: Request<'_>) -> Result<Draft, LoadError> {
    let path = request.path;
    let all = read_whole(path, MAX_FILE_BYTES)?;
    let mut bytes = Bytes { path, all: &all, at: 0 };
    let mut report = LoadReport::default();
    if bytes.u64("the start of a DGL file")? == TENSORS {
        bytes.at = 0;
        return Err(bytes.fault("a graph (dgl.save_graphs)", "arrays alone (dgl.data.utils.save_tensors)"));
    }
    match (bytes.u64("a version")?, bytes.u64("a graph type")?) {
        (2, 2) => {}
        (version, kind) => {
            bytes.at = 8;
            let found = format!("version {version}, graph type {kind}");
            return Err(bytes.fault("version 2, graph type 2 (load it with a newer DGL and save it again)", found));
        }
    }
    let n_graphs = bytes.u64("a number of graphs")?;
    if n_graphs == 0 {
        return Err(bytes.fault("at least one graph", "none"));
    }
    if n_graphs > 1 {
        report.ignored.push(format!("{} further graphs", n_graphs - 1));
    }
    bytes.at = HEADER_BYTES;
    bytes.u64("where the graphs begin")?;
    report.ignored.extend(bytes.arrays()?.into_iter().map(|(name, _)| format!("array {name} of the graphs")));

    bytes.magic(GRAPH, "a graph")?;
    bytes.immutable()?;
    let n_units = bytes.count(24, "sorts of edges")?;
    if n_units != 1 {
        return Err(several_kinds(bytes, n_units));
    }
    let start = bytes.at;
    // Edges between two kinds of nodes have more rows than columns, or fewer: what kinds there are says more than that.
    let edges = match unit(&mut bytes) {
        Ok(edges) => edges,
        Err(error) => {
            bytes.at = start;
            return Err(kinds(&mut bytes, n_units)
                .filter(|(nodes, _)| nodes.len() > 1)
                .map_or(error, |kinds| refuse_kinds(&bytes, &kinds)));
        }
    };
    let n_sorts = bytes.count(8, "sorts of nodes")?;
    if n_sorts != 1 {
        bytes.at = start;
        return Err(several_kinds(bytes, n_units));
    }
    let n_stated = bytes.i64("a number of nodes")?;
    if usize::try_from(n_stated) != Ok(edges.n) {
        return Err(bytes.fault(format!("{} nodes, as the matrix has", edges.n), n_stated));
    }
    request.check()?;
    let of_nodes = arrays_of_one_sort(&mut bytes)?;
    let of_edges = arrays_of_one_sort(&mut bytes)?;

    let asked = Asked::of(request, |name| of_edges.iter().any(|(known, _)| known == name));
    if let Some(name) = asked.name.filter(|name| of_edges.iter().all(|(known, _)| known != name)) {
        let names: Vec<&str> = of_edges.iter().map(|(name, _)| name.as_str()).collect();
        return Err(unmet::no_edge_attribute(name, &names, path));
    }
    let mut weights = None;
    for (name, array) in of_edges {
        let is_wanted = match asked.name {
            Some(asked) => name == asked,
            None => weights.is_none() && matches!(name.as_str(), "weight" | "weights" | "w" | "edge_weight"),
        };
        match array {
            Ok(array) if is_wanted => {
                weights = asked.read(&name, &array, edges.pairs.len(), &mut report)?;
            }
            Ok(_) => report.ignored.push(format!("array {} of edges", shortened(&name))),
            Err(found) if asked.name.is_some() && is_wanted => {
                let place = format!("array {} of edges", shortened(&name));
                return Err(LoadError::content(path, place, "integers, floats or booleans", found));
            }
            Err(found) => report.ignored.push(format!("array {} of edges ({found})", shortened(&name))),
        }
    }
    let mut list = if weights.is_some() { EdgeList::weighted() } else { EdgeList::new() };
    let mut pace = Pace::default();
    for (k, (source, target)) in edges.pairs.iter().enumerate() {
        pace.step(1)?;
        let id = edges.ids.as_ref().map_or(k, |ids| ids[k] as usize);
        list.push(*source, *target, weights.as_ref().map_or(1.0, |w| w[id]));
    }
    let (n, stated) = (edges.n, Stated::Nothing);
    drop(edges);
    let built = build(list, n, stated, request, &mut report)?;
    let mut draft = Draft::of(stem(path), built);
    let mut readable = Vec::new();
    for (name, array) in of_nodes {
        match array {
            Ok(array) => readable.push((name, array)),
            Err(found) => report.ignored.push(format!("array {} of nodes ({found})", shortened(&name))),
        }
    }
    draft.report = report;
    NodeArrays::new(readable).apply(&mut draft, request)?;
    Ok(draft)
}

/// Kinds of nodes and of edges by name, if they can be found from the first kind of edges on.
fn kinds(bytes: &mut Bytes<'_>, n_units: usize) -> Option<(Vec<String>, Vec<String>)> {
    let names = |bytes: &mut Bytes<'_>| -> Option<Vec<String>> {
        let n = bytes.count(8, "names").ok()?;
        (0..n).map(|_| bytes.string("a name").ok().map(|name| shortened(&name))).collect()
    };
    for _ in 0..n_units {
        skip_unit(bytes).ok()?;
    }
    let n_nodes = bytes.count(8, "sorts of nodes").ok()?;
    bytes.take(n_nodes.checked_mul(8)?, "numbers of nodes").ok()?;
    for _ in 0..2 {
        for _ in 0..bytes.count(8, "sorts with arrays").ok()? {
            bytes.arrays().ok()?;
        }
    }
    Some((names(bytes)?, names(bytes)?))
}

fn refuse_kinds(bytes: &Bytes<'_>, (nodes, edges): &(Vec<String>, Vec<String>)) -> LoadError {
    let first = edges.first().map_or("edges", String::as_str);
    let expected = format!(
        "one sort of nodes and edges (all of it as one: dgl.save_graphs('graph.bin', [dgl.to_homogeneous(g)]); one sort of edges: \
         dgl.save_graphs('graph.bin', [dgl.to_homogeneous(dgl.edge_type_subgraph(g, ['{first}']))]))"
    );
    bytes.fault(expected, format!("nodes {} and edges {}", nodes.join(", "), edges.join(", ")))
}

fn several_kinds(mut bytes: Bytes<'_>, n_units: usize) -> LoadError {
    let at = bytes.at;
    let found = kinds(&mut bytes, n_units);
    bytes.at = at;
    found.map_or_else(
        || {
            let expected = "one sort of nodes and edges (dgl.save_graphs('graph.bin', [dgl.to_homogeneous(g)]))";
            bytes.fault(expected, format!("{n_units} sorts of edges"))
        },
        |kinds| refuse_kinds(&bytes, &kinds),
    )
}

/// Passes over one kind of edges.
fn skip_unit(bytes: &mut Bytes<'_>) -> Result<(), LoadError> {
    let [has_coo, has_csr, has_csc] = saved_forms(bytes)?;
    if has_coo {
        bytes.immutable()?;
        bytes.magic(COO, "a list of edges")?;
        bytes.take(16, "columns and rows")?;
        for name in ["row", "column", "edge ids"] {
            bytes.array(name)?;
        }
        bytes.take(2, "whether it is sorted")?;
    }
    for _ in [has_csr, has_csc].into_iter().filter(|is_there| *is_there) {
        bytes.immutable()?;
        bytes.csr()?;
    }
    Ok(())
}

/// Whether coo, csr and csc are there.
fn saved_forms(bytes: &mut Bytes<'_>) -> Result<[bool; 3], LoadError> {
    bytes.magic(UNIT, "a sort of edges")?;
    let saved = bytes.i64("which matrices are there")?;
    bytes.i64("which matrices are allowed")?;
    let forms = if saved & HIGH_BIT == 0 {
        [saved == 1, saved == 2, saved == 3]
    } else {
        [saved & 1 != 0, saved & 2 != 0, saved & 4 != 0]
    };
    match forms {
        [false, false, false] => Err(bytes.fault("a matrix (coo, csr or csc)", format!("none ({saved:#x})"))),
        forms => Ok(forms),
    }
}

fn arrays_of_one_sort(bytes: &mut Bytes<'_>) -> Result<Arrays, LoadError> {
    match bytes.count(8, "sorts with arrays")? {
        0 => Ok(Vec::new()),
        1 => bytes.arrays(),
        n => Err(bytes.fault("arrays of one sort", n)),
    }
}

/// The edges of the first matrix that is there; what follows it is passed over.
fn unit(bytes: &mut Bytes<'_>) -> Result<Edges, LoadError> {
    let [has_coo, has_csr, has_csc] = saved_forms(bytes)?;
    let mut edges = None;
    if has_coo {
        bytes.immutable()?;
        edges = Some(coo(bytes)?);
    }
    for (is_there, by_target) in [(has_csr, false), (has_csc, true)] {
        if is_there {
            bytes.immutable()?;
            let matrix = bytes.csr()?;
            if edges.is_none() {
                edges = Some(compressed(&matrix, by_target, bytes)?);
            }
        }
    }
    edges.ok_or_else(|| bytes.fault("a matrix (coo, csr or csc)", "none"))
}

fn size(columns: i64, rows: i64, bytes: &Bytes<'_>) -> Result<usize, LoadError> {
    let n = usize::try_from(rows).ok().filter(|n| rows == columns && u32::try_from(*n).is_ok());
    n.ok_or_else(|| bytes.fault("as many sources as targets, below 2^32", format!("{rows} and {columns}")))
}

fn edge_ids(array: &Array, n_edges: usize) -> Result<Option<Vec<u32>>, LoadError> {
    if array.len() == 0 {
        return Ok(None);
    }
    array.check_vector(n_edges, "one per edge")?;
    array.to_indices(n_edges, "edge numbers").map(Some)
}

fn coo(bytes: &mut Bytes<'_>) -> Result<Edges, LoadError> {
    bytes.magic(COO, "a list of edges")?;
    let (columns, rows) = (bytes.i64("columns")?, bytes.i64("rows")?);
    let (from, to, ids) = (bytes.array("row")?, bytes.array("column")?, bytes.array("edge ids")?);
    bytes.take(2, "whether it is sorted")?;
    let n = size(columns, rows, bytes)?;
    // Nothing but the edges bears out how many nodes there are.
    if n > (1 << 22) && n / 32 > bytes.all.len() {
        return Err(bytes.fault("at most 4194304 nodes, or 32 for every byte", n));
    }
    let sources = from.to_indices(n, "node numbers")?;
    to.check_vector(sources.len(), "one per source")?;
    let targets = to.to_indices(n, "node numbers")?;
    let ids = edge_ids(&ids, sources.len())?;
    reading::ask_values(bytes.path, "edges", sources.len(), size_of::<(u32, u32)>())?;
    let mut next = targets.into_iter();
    let pairs = reading::map(&sources, |source| (*source, next.next().unwrap_or_default()))?;
    Ok(Edges { n, pairs, ids })
}

fn compressed(matrix: &Matrix, by_target: bool, bytes: &Bytes<'_>) -> Result<Edges, LoadError> {
    let n = size(matrix.columns, matrix.rows, bytes)?;
    let [pointers, indices, ids] = &matrix.parts;
    let indices_32 = indices.to_indices(n, "node numbers")?;
    pointers.check_vector(n.saturating_add(1), "one more than nodes")?;
    let start = pointers.to_sizes()?;
    let mut is_rising = start.first() == Some(&0) && start.last() == Some(&indices_32.len());
    let mut pace = Pace::default();
    for ends in start.windows(2) {
        pace.step(1)?;
        is_rising &= ends[0] <= ends[1];
    }
    if !is_rising {
        return Err(pointers.fault(format!("values that rise from 0 to {}", indices_32.len()), "others"));
    }
    reading::ask_values(bytes.path, "edges", indices_32.len(), size_of::<(u32, u32)>())?;
    let mut pairs = Vec::with_capacity(indices_32.len());
    for row in 0..n {
        pace.step(1 + start[row + 1] - start[row])?;
        let own = u32::try_from(row).unwrap_or(u32::MAX);
        let others = indices_32[start[row]..start[row + 1]].iter();
        pairs.extend(others.map(|other| if by_target { (*other, own) } else { (own, *other) }));
    }
    let ids = edge_ids(ids, pairs.len())?;
    Ok(Edges { n, pairs, ids })
}
