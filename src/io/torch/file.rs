//! Tensors and storages of a file, and how they are found in either container.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use crate::io::file::{Claimed, InputFile, open, read_claimed};
use crate::io::narrow;
use crate::io::npy::{Array, Layout, Origin, Pieces, first_bytes};
use crate::io::npz::zip_fault;
use crate::io::pickle::{Id, Node, Pickle};
use crate::io::reading;
use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Bytes of values that the sparse tensors of a file may have when they are written out in full.
const SPARSE_BYTES: u64 = 1 << 28;

/// The number that a file before PyTorch 1.6 starts with, as pickles of protocol 2 and later write it.
const MAGIC: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// The same in protocols 0 and 1.
const MAGIC_DIGITS: &[u8] = b"L119547037146038801333356L\n.";

/// Whether a file's first bytes are those of one before PyTorch 1.6, whatever the protocol of its pickles.
pub(crate) fn is_sequence(head: &[u8]) -> bool {
    let rest = match head {
        // A frame's length stands in between from protocol 4 on.
        [0x80, 4 | 5, 0x95, rest @ ..] => rest.get(8..).unwrap_or(&[]),
        [0x80, 2..=5, rest @ ..] => rest,
        _ => head,
    };
    rest.starts_with(MAGIC) || head.starts_with(MAGIC_DIGITS)
}

/// How many bytes of tensor values there may be for each byte of a file: storages repeated by views, small types widened.
const MAX_VALUES_EXPANSION: u64 = 64;
/// Bytes of tensor values that any file may have.
const SMALL_VALUES_BYTES: u64 = 1 << 20;

/// What is expected of an entry that cannot be read on, in errors.
const INTACT: &str = "an intact entry";

/// The type of a storage's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    /// As NumPy spells it, or as `narrow.rs` does.
    descr: &'static str,
    size: usize,
}

impl Dtype {
    /// The type that a storage's class (`FloatStorage`) or PyTorch's name (`float32`) stands for.
    fn named(name: &str) -> Option<Self> {
        let (descr, size) = match name.strip_suffix("Storage").unwrap_or(name) {
            "Float" | "float32" | "float" => ("<f4", 4),
            "Double" | "float64" | "double" => ("<f8", 8),
            "Half" | "float16" | "half" => ("<f2", 2),
            "BFloat16" | "bfloat16" => (narrow::BF16, 2),
            "float8_e4m3fn" => (narrow::E4M3FN, 1),
            "float8_e5m2" => (narrow::E5M2, 1),
            "float8_e4m3fnuz" => (narrow::E4M3FNUZ, 1),
            "float8_e5m2fnuz" => (narrow::E5M2FNUZ, 1),
            "float8_e8m0fnu" => (narrow::E8M0FNU, 1),
            "uint16" => ("<u2", 2),
            "uint32" => ("<u4", 4),
            "uint64" => ("<u8", 8),
            "Long" | "int64" | "long" => ("<i8", 8),
            "Int" | "int32" | "int" => ("<i4", 4),
            "Short" | "int16" | "short" => ("<i2", 2),
            "Char" | "int8" => ("|i1", 1),
            "Byte" | "uint8" => ("|u1", 1),
            "Bool" | "bool" => ("|b1", 1),
            _ => return None,
        };
        Some(Self { descr, size })
    }
}

/// A tensor: a view of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorRef {
    dtype: Dtype,
    key: String,
    /// Values that the pickle says the storage has, in bytes.
    storage_bytes: usize,
    offset: usize,
    /// Lengths along each axis.
    pub(crate) size: Vec<usize>,
    stride: Vec<usize>,
}

/// An open file.
#[derive(Debug)]
pub(crate) struct TorchFile {
    bytes: Arc<Vec<u8>>,
    object: Range<usize>,
    place: &'static str,
    /// The values of its tensors.
    pub(crate) storages: Storages,
    /// For people: `PyTorch archive`, `PyTorch file (before 1.6)`, `TorchScript archive`.
    pub(crate) format: &'static str,
}

impl TorchFile {
    /// Opens a file and finds its parts; no tensor is read.
    pub(crate) fn open(path: &Path) -> Result<Self, LoadError> {
        let file = open(path)?;
        let n_bytes = file.metadata().map_err(|source| LoadError::io("read", path, source))?.len();
        let mut head = Vec::new();
        (&file).take(4).read_to_end(&mut head).map_err(|source| LoadError::io("read", path, source))?;
        if head.starts_with(b"PK") { Self::open_archive(path, n_bytes) } else { Self::open_sequence(path, n_bytes) }
    }

    fn open_archive(path: &Path, n_bytes: u64) -> Result<Self, LoadError> {
        let archive = ZipArchive::new(BufReader::new(open(path)?)).map_err(|e| zip_fault(path, "whole file", &e))?;
        let mut names: Vec<&str> = archive.file_names().collect();
        names.sort_unstable_by_key(|name| (name.len(), *name));
        let Some(prefix) = names.iter().find_map(|name| match name.strip_suffix("data.pkl") {
            Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => Some(prefix.to_owned()),
            _ => None,
        }) else {
            let some: Vec<String> = names.iter().take(6).map(|name| shortened(name)).collect();
            return Err(LoadError::content(path, "archive", "data.pkl", some.join(", ")));
        };
        let is_script = names.contains(&format!("{prefix}constants.pkl").as_str());
        let mut storages = Storages::new(path, Source::Archive { archive: Box::new(archive), prefix }, false, n_bytes);
        let bytes = storages.entry("data.pkl")?.unwrap_or_default();
        storages.is_big_endian = storages.entry("byteorder")?.is_some_and(|order| order.trim_ascii() == b"big");
        let object = 0..bytes.len();
        let format = if is_script { "TorchScript archive" } else { "PyTorch archive" };
        Ok(Self { bytes: Arc::new(bytes), object, place: "data.pkl", storages, format })
    }

    /// The pickles come first: so much is read as they need, the storages behind them are left.
    fn open_sequence(path: &Path, n_bytes: u64) -> Result<Self, LoadError> {
        /// Read at first, and so many times more whenever that was not enough.
        const HEAD_BYTES: u64 = if cfg!(test) { 1 << 9 } else { 1 << 20 };
        const GROWTH: u64 = 4;
        let mut n_head = HEAD_BYTES;
        loop {
            let mut head = Vec::with_capacity(usize::try_from(n_bytes.min(n_head)).unwrap_or(0));
            let file = open(path)?.take(n_head);
            BufReader::new(file).read_to_end(&mut head).map_err(|source| LoadError::io("read", path, source))?;
            match Self::sequence_of(path, head, n_bytes) {
                Err(_) if n_head < n_bytes => n_head = n_head.saturating_mul(GROWTH),
                done => return done,
            }
        }
    }

    /// The parts of a file of `n_bytes` that starts with `bytes`.
    fn sequence_of(path: &Path, bytes: Vec<u8>, n_bytes: u64) -> Result<Self, LoadError> {
        let fault =
            |at: u64, expected: &str, found: String| LoadError::content(path, format!("byte {at}"), expected, found);
        if !is_sequence(&bytes) {
            return Err(fault(0, "the start of a PyTorch file", first_bytes(&bytes)));
        }
        let (range, _magic) = next_pickle(&bytes, 0, path)?;
        let (range, protocol) = next_pickle(&bytes, range.end, path)?;
        if protocol.int(protocol.root()) != Some(1001) {
            let found = protocol.describe(protocol.root());
            return Err(fault(range.start as u64, "PyTorch's protocol 1001", found));
        }
        let (range, system) = next_pickle(&bytes, range.end, path)?;
        let little = system.get(system.root(), "little_endian");
        let is_big_endian = little.is_some_and(|little| matches!(system.node(little), Node::Bool(false)));
        let (object, pickle) = next_pickle(&bytes, range.end, path)?;
        let types = storage_types(&pickle);
        let (range, keys) = next_pickle(&bytes, object.end, path)?;
        let mut at = range.end as u64;
        let start = range.start as u64;
        let list = keys.sequence(keys.root());
        let list = list.ok_or_else(|| fault(start, "a list of storages", keys.describe(keys.root())))?;
        let mut file = open(path)?;
        let mut storages = BTreeMap::new();
        for key in list {
            let key = keys.text(*key).ok_or_else(|| fault(start, "a storage's key", keys.describe(*key)))?;
            let Some(dtype) = types.get(key) else {
                let expected = "a storage that the object mentions";
                return Err(fault(start, expected, format!("{:?}", shortened(key))));
            };
            let mut count = Vec::new();
            file.seek(SeekFrom::Start(at))
                .and_then(|_| (&mut file).take(8).read_to_end(&mut count))
                .map_err(|source| LoadError::io("read", path, source))?;
            let Some(count) = count.first_chunk::<8>() else {
                return Err(fault(at, "a storage's number of values", format!("{} bytes", count.len())));
            };
            let count = if is_big_endian { u64::from_be_bytes(*count) } else { u64::from_le_bytes(*count) };
            let left = n_bytes.saturating_sub(at + 8);
            let Some(n) = count.checked_mul(dtype.size as u64).filter(|n| *n <= left) else {
                let expected = format!("{count} values of {} bytes for storage {}", dtype.size, shortened(key));
                return Err(fault(at, &expected, format!("{left} bytes to the end of the file")));
            };
            storages.insert(key.to_owned(), at + 8..at + 8 + n);
            at += 8 + n;
        }
        drop((pickle, keys));
        let storages = Storages::new(path, Source::Sequence { file, storages }, is_big_endian, n_bytes);
        Ok(Self { bytes: Arc::new(bytes), object, place: "", storages, format: "PyTorch file (before 1.6)" })
    }

    /// The object's pickle and the storages beside it.
    pub(crate) fn parts(&mut self) -> Result<(Pickle<'_>, &mut Storages), LoadError> {
        let bytes = self.bytes.get(self.object.clone()).unwrap_or(&[]);
        let pickle =
            Pickle::parse(bytes).map_err(|error| error.in_file(&self.storages.path, self.place, self.object.start))?;
        Ok((pickle, &mut self.storages))
    }
}

/// The pickle that starts at `first`, and where it lies.
fn next_pickle<'a>(bytes: &'a [u8], first: usize, path: &Path) -> Result<(Range<usize>, Pickle<'a>), LoadError> {
    let pickle = Pickle::parse(bytes.get(first..).unwrap_or(&[])).map_err(|error| error.in_file(path, "", first))?;
    Ok((first..first + pickle.n_bytes(), pickle))
}

/// The type of every storage that a pickle mentions, by key.
fn storage_types(pickle: &Pickle<'_>) -> BTreeMap<String, Dtype> {
    let stated = pickle.persistent().filter_map(|id| StorageRef::parse(pickle, id));
    stated.map(|storage| (storage.key, storage.dtype.unwrap_or(Dtype { descr: "|u1", size: 1 }))).collect()
}

/// What a persistent id says.
struct StorageRef {
    /// `None` for a storage of bare bytes, whose tensors say their type.
    dtype: Option<Dtype>,
    key: String,
    n_values: usize,
    /// Where a view of another storage starts, values.
    first: usize,
}

impl StorageRef {
    fn parse(pickle: &Pickle<'_>, id: Id) -> Option<Self> {
        let Node::Persistent(id) = pickle.node(id) else { return None };
        if let Node::Bytes(text) = pickle.node(*id) {
            return Self::of_text(std::str::from_utf8(text).ok()?);
        }
        let parts = pickle.sequence(*id)?;
        let [tag, class, key, _device, n_values, rest @ ..] = parts else { return None };
        if pickle.text(*tag) != Some("storage") {
            return None;
        }
        let (_, class) = pickle.global(*class)?;
        let key = pickle
            .text(*key)
            .map_or_else(|| pickle.int(*key).map(|key| key.to_string()), |key| Some(key.to_owned()))?;
        let dtype = match class {
            "UntypedStorage" | "_UntypedStorage" => None,
            _ => Some(Dtype::named(class)?),
        };
        let first = match rest.first().and_then(|view| pickle.sequence(*view)) {
            Some([_, first, _]) => pickle.size(*first)?,
            _ => 0,
        };
        Some(Self { dtype, key, n_values: pickle.size(*n_values)?, first })
    }

    /// Protocol 0 writes the same tuple as a line: `('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 6)`.
    fn of_text(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.strip_prefix('(')?.strip_suffix(')')?.split(", ").collect();
        let [tag, class, key, _device, n_values, ..] = parts[..] else { return None };
        let quoted = |text: &'_ str| text.strip_prefix('\'')?.strip_suffix('\'').map(str::to_owned);
        if quoted(tag)? != "storage" {
            return None;
        }
        let class = quoted(class.strip_prefix("<class ")?.strip_suffix('>')?)?;
        let dtype = match class.rsplit('.').next()? {
            "UntypedStorage" | "_UntypedStorage" => None,
            class => Some(Dtype::named(class)?),
        };
        Some(Self { dtype, key: quoted(key)?, n_values: n_values.parse().ok()?, first: 0 })
    }
}

impl TensorRef {
    /// The tensor that a value of the pickle stands for: `None` where it is something else.
    ///
    /// # Errors
    /// [`LoadError::Content`] for a tensor that is broken or of a type without a place here; `place` names it.
    pub(crate) fn parse(pickle: &Pickle<'_>, id: Id, path: &Path, place: &str) -> Result<Option<Self>, LoadError> {
        /// Wrappings of one tensor: a parameter, of a class of its own.
        const MOST_WRAPPINGS: usize = 4;
        let fault = |expected: &str, found: String| LoadError::content(path, place, expected, found);
        let (mut callable, mut args) = match pickle.object(id) {
            Some(object) => (object.callable, object.args),
            None => return Ok(None),
        };
        for _ in 0..MOST_WRAPPINGS {
            let (Some((module, name)), Some(given)) = (pickle.global(callable), pickle.sequence(args)) else {
                return Ok(None);
            };
            match (module, name) {
                ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                    let inner = given.first().and_then(|inner| pickle.object(*inner));
                    let inner = inner.ok_or_else(|| fault("a parameter's tensor", "another value".into()))?;
                    (callable, args) = (inner.callable, inner.args);
                }
                ("torch._tensor", "_rebuild_from_type_v2") => {
                    let [function, _class, inner, ..] = given else {
                        return Err(fault("a tensor with its class", format!("{} arguments", given.len())));
                    };
                    (callable, args) = (*function, *inner);
                }
                ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3") => {
                    return Self::of_arguments(pickle, given, name.ends_with("v3"), path, place).map(Some);
                }
                _ => return Ok(None),
            }
        }
        Err(fault("a tensor", "one wrapped over and over".into()))
    }

    fn of_arguments(
        pickle: &Pickle<'_>,
        args: &[Id],
        is_typed: bool,
        path: &Path,
        place: &str,
    ) -> Result<Self, LoadError> {
        let fault = |expected: &str, found: String| LoadError::content(path, place, expected, found);
        let [storage, offset, size, stride, rest @ ..] = args else {
            return Err(fault("a tensor of storage, offset, size and stride", format!("{} arguments", args.len())));
        };
        let stated = StorageRef::parse(pickle, *storage);
        let stated = stated.ok_or_else(|| match pickle.node(*storage) {
            Node::Persistent(id) => {
                let class = pickle.sequence(*id).and_then(|parts| pickle.global(*parts.get(1)?));
                let found = class.map_or_else(|| pickle.describe(*id), |(_, name)| shortened(name));
                fault("a storage of real numbers", found)
            }
            _ => fault("a tensor's storage", pickle.describe(*storage)),
        })?;
        let dtype = if is_typed {
            let named = rest.get(2).and_then(|dtype| pickle.global(*dtype)).map(|(_, name)| name);
            let found = named.map_or_else(|| "none".to_owned(), shortened);
            named.and_then(Dtype::named).ok_or_else(|| fault("a type of real numbers", found))?
        } else {
            stated.dtype.ok_or_else(|| fault("a tensor that says its type", "bare bytes".into()))?
        };
        let lengths = |id: Id| pickle.sizes(id).ok_or_else(|| pickle.describe(id));
        let size = lengths(*size).map_err(|found| fault("a tensor's size", found))?;
        let stride = lengths(*stride).map_err(|found| fault("a tensor's stride", found))?;
        if size.len() != stride.len() {
            let (expected, found) = (format!("{} strides (one per axis)", size.len()), stride.len().to_string());
            return Err(fault(&expected, found));
        }
        let offset = pickle.size(*offset).ok_or_else(|| fault("a tensor's offset", pickle.describe(*offset)))?;
        let offset =
            offset.checked_add(stated.first).ok_or_else(|| fault("a tensor's offset", "a larger one".into()))?;
        let value_bytes = stated.dtype.map_or(1, |dtype| dtype.size);
        let storage_bytes = stated.n_values.saturating_mul(value_bytes);
        Ok(Self { dtype, key: stated.key, storage_bytes, offset, size, stride })
    }
}

/// How the values of a tensor lie without any gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The last axis runs fastest.
    Rows,
    /// The first axis runs fastest.
    Columns,
}

impl TensorRef {
    /// The order in which its values lie one after another, if they do.
    fn order(&self) -> Option<Order> {
        let axes = self.size.iter().copied().zip(self.stride.iter().copied());
        if is_gapless(axes.clone().rev()) {
            Some(Order::Rows)
        } else if is_gapless(axes) {
            Some(Order::Columns)
        } else {
            None
        }
    }
}

/// Whether values lie one after another: length and stride of the axes, the fastest one first.
fn is_gapless(axes: impl IntoIterator<Item = (usize, usize)>) -> bool {
    let mut next = Some(1usize);
    axes.into_iter().all(|(n, stride)| {
        let fits = n == 1 || next == Some(stride);
        next = next.and_then(|next| next.checked_mul(n));
        fits
    })
}

/// The values of a file's tensors.
#[derive(Debug)]
pub(crate) struct Storages {
    pub(super) path: PathBuf,
    source: Source,
    is_big_endian: bool,
    file_bytes: u64,
    /// Storages that had to be held.
    held: BTreeMap<String, Arc<Vec<u8>>>,
    /// What was read so far, held or not, and how many bytes may still be read: what is in the file cannot overlap.
    counted: BTreeSet<String>,
    left: u64,
    /// Bytes of tensor values that may still be made.
    values_left: u64,
    /// The same for sparse tensors that are written out in full.
    pub(super) sparse_left: u64,
}

#[derive(Debug)]
enum Source {
    Archive { archive: Box<ZipArchive<BufReader<InputFile>>>, prefix: String },
    Sequence { file: InputFile, storages: BTreeMap<String, Range<u64>> },
}

/// Bytes in the file.
struct Stored<'a> {
    /// How many there are, as the archive's list says.
    n_bytes: u64,
    /// Where they begin.
    start: u64,
    source: Box<dyn Read + 'a>,
}

impl Source {
    /// What is called `name` in an archive, or the storage of a sequence; `None` where there is nothing of that name.
    fn find(&mut self, path: &Path, name: &str) -> Result<Option<Stored<'_>>, LoadError> {
        let fault = |expected: String, found: String| LoadError::content(path, shortened(name), expected, found);
        match self {
            Self::Archive { archive, prefix } => {
                let Some(at) = archive.index_for_name(&format!("{prefix}{name}")) else { return Ok(None) };
                let entry = archive.by_index(at).map_err(|e| zip_fault(path, &shortened(name), &e))?;
                if entry.compression() != CompressionMethod::Stored {
                    return Err(fault("an entry that is not compressed".to_owned(), entry.compression().to_string()));
                }
                Ok(Some(Stored { n_bytes: entry.size(), start: entry.data_start(), source: Box::new(entry) }))
            }
            Self::Sequence { file, storages } => {
                let key = name.strip_prefix("data/").unwrap_or(name);
                let Some(range) = storages.get(key) else { return Ok(None) };
                file.seek(SeekFrom::Start(range.start)).map_err(|source| LoadError::io("read", path, source))?;
                let n_bytes = range.end - range.start;
                Ok(Some(Stored { n_bytes, start: range.start, source: Box::new((&*file).take(n_bytes)) }))
            }
        }
    }
}

impl Storages {
    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's size.
    pub(crate) fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    fn new(path: &Path, source: Source, is_big_endian: bool, file_bytes: u64) -> Self {
        Self {
            path: path.to_owned(),
            source,
            is_big_endian,
            file_bytes,
            held: BTreeMap::new(),
            counted: BTreeSet::new(),
            left: file_bytes,
            values_left: file_bytes.saturating_mul(MAX_VALUES_EXPANSION).saturating_add(SMALL_VALUES_BYTES),
            sparse_left: SPARSE_BYTES,
        }
    }

    /// An archive's entry as a whole, if there is one of that name, or a storage.
    fn entry(&mut self, name: &str) -> Result<Option<Vec<u8>>, LoadError> {
        let Self { path, source, counted, left, .. } = self;
        let fault = |expected: String, found: String| LoadError::content(path, shortened(name), expected, found);
        let Some(Stored { n_bytes, mut source, .. }) = source.find(path, name)? else { return Ok(None) };
        if !counted.contains(name) {
            let Some(less) = left.checked_sub(n_bytes) else {
                let expected = format!("at most {left} bytes (what is left of the file)");
                return Err(fault(expected, format!("{n_bytes} bytes")));
            };
            *left = less;
            counted.insert(name.to_owned());
        }
        let claimed = Claimed { n_bytes, believed: n_bytes, most: n_bytes };
        let broken = |error: io::Error| fault(INTACT.to_owned(), error.to_string());
        let source = (&mut source).take(n_bytes);
        Ok(Some(read_claimed(source, claimed, path, &shortened(name), broken)?))
    }

    /// The bytes of storage `key`, which then are held.
    fn storage(&mut self, key: &str, place: &str) -> Result<Arc<Vec<u8>>, LoadError> {
        if let Some(bytes) = self.held.get(key) {
            return Ok(Arc::clone(bytes));
        }
        let bytes = Arc::new(self.entry(&format!("data/{key}"))?.ok_or_else(|| self.no_storage(key, place))?);
        self.held.insert(key.to_owned(), Arc::clone(&bytes));
        Ok(bytes)
    }

    fn no_storage(&self, key: &str, place: &str) -> LoadError {
        let expected = format!("storage {} in the file", shortened(key));
        LoadError::content(&self.path, place, expected, "none of that name")
    }

    /// A tensor whose values lie in order and are its whole storage, a piece at a time; `None` for any other, and for one whose
    /// numbers have no counterpart. `place` names it in errors.
    ///
    /// # Errors
    /// As [`Storages::array`].
    pub(crate) fn pieces(&mut self, tensor: &TensorRef, place: &str) -> Result<Option<Pieces<'_>>, LoadError> {
        let order = tensor.order().filter(|_| tensor.offset == 0 && !narrow::is_narrow(tensor.dtype.descr));
        let Some(order) = order.filter(|_| !self.held.contains_key(&tensor.key)) else { return Ok(None) };
        let n_bytes = tensor.size.iter().try_fold(tensor.dtype.size, |n, length| n.checked_mul(*length));
        if n_bytes != Some(tensor.storage_bytes) {
            return Ok(None);
        }
        // What becomes of the values is at most 8 bytes each.
        let n_wide = (tensor.storage_bytes / tensor.dtype.size) as u64 * 8;
        let Some(values_left) = self.values_left.checked_sub(n_wide) else { return Ok(None) };
        let name = format!("data/{}", tensor.key);
        let Self { path, source, is_big_endian, file_bytes, counted, left, .. } = self;
        let Some(stored) = source.find(path, &name)?.filter(|stored| stored.n_bytes == tensor.storage_bytes as u64)
        else {
            return Ok(None);
        };
        if !counted.contains(&name) {
            let Some(less) = left.checked_sub(stored.n_bytes) else { return Ok(None) };
            *left = less;
            counted.insert(name);
        }
        self.values_left = values_left;
        let layout =
            Layout { descr: tensor.dtype.descr, is_fortran: order == Order::Columns, shape: tensor.size.clone() };
        let origin = Origin { path, place: place.to_owned(), intact: INTACT, n_bytes: *file_bytes };
        // The file once more, so that both rows of an edge index are read side by side and none of them is held.
        let again = || -> io::Result<Box<dyn Read>> {
            let mut file = open(path).map_err(io::Error::other)?;
            file.seek(SeekFrom::Start(stored.start))?;
            Ok(Box::new(file.take(stored.n_bytes)))
        };
        let again = again().ok();
        Ok(Some(Pieces::from_values(stored.source, layout, *is_big_endian, origin).with_second_source(again)))
    }

    /// Reads a tensor's values into an array; `place` names it in errors.
    ///
    /// # Errors
    /// [`LoadError::Content`] for a storage that is not there or is shorter than offset, size and stride ask for.
    pub(crate) fn array(&mut self, tensor: &TensorRef, place: &str) -> Result<Array, LoadError> {
        if let Some(pieces) = self.pieces(tensor, place)? {
            return pieces.whole();
        }
        let storage = self.storage(&tensor.key, place)?;
        let path = self.path.clone();
        let fault = |expected: &str, found: String| LoadError::content(&path, place, expected, found);
        if tensor.storage_bytes > storage.len() {
            let expected = format!("{} bytes in storage {}", tensor.storage_bytes, shortened(&tensor.key));
            return Err(fault(&expected, format!("{} bytes", storage.len())));
        }
        let item = tensor.dtype.size;
        let n_stored = storage.len() / item;
        let n_values = tensor.size.iter().try_fold(1usize, |n, d| n.checked_mul(*d));
        let steps = tensor.size.iter().zip(&tensor.stride);
        let last = steps.clone().try_fold(tensor.offset, |at, (n, stride)| {
            n.saturating_sub(1).checked_mul(*stride).and_then(|step| at.checked_add(step))
        });
        let is_empty = tensor.size.contains(&0);
        if !is_empty && last.is_none_or(|last| last >= n_stored) {
            let expected =
                format!("offset, size and stride within the {n_stored} values of storage {}", shortened(&tensor.key));
            let found = format!("offset {}, size {:?}, stride {:?}", tensor.offset, tensor.size, tensor.stride);
            return Err(fault(&expected, found));
        }
        let n_bytes = n_values.and_then(|n| n.checked_mul(item)).map(|n| n as u64);
        // What becomes of the values is at most 8 bytes each.
        let n_wide = n_values.map(|n| (n as u64).saturating_mul(8));
        let (Some(n_bytes), Some(n_wide)) = (n_bytes, n_wide.filter(|n| *n <= self.values_left)) else {
            let expected = format!("at most {} bytes of values (what the file's size allows)", self.values_left);
            return Err(fault(&expected, format!("size {:?}", tensor.size)));
        };
        self.values_left -= n_wide;
        reading::ask_values(&path, place, n_values.unwrap_or(0), item)?;
        let mut values = Vec::with_capacity(usize::try_from(n_bytes).unwrap_or(0));
        if !is_empty {
            if tensor.order() == Some(Order::Rows) {
                let first = tensor.offset * item;
                values.extend_from_slice(storage.get(first..first + values.capacity()).unwrap_or(&[]));
            } else {
                gather(&storage, tensor, &mut values);
            }
        }
        if self.is_big_endian {
            values.chunks_exact_mut(item).for_each(<[u8]>::reverse);
        }
        let (descr, values) = narrow::widened(tensor.dtype.descr, values);
        Array::from_values(
            &path,
            place.to_owned(),
            Layout { descr, is_fortran: false, shape: tensor.size.clone() },
            values,
        )
    }

    /// Counts `n_bytes` of values that come from the pickle itself among those that the file may have.
    ///
    /// # Errors
    /// [`LoadError::Content`] where they are too many.
    pub(crate) fn charge(&mut self, n_bytes: u64, place: &str) -> Result<(), LoadError> {
        let Some(left) = self.values_left.checked_sub(n_bytes) else {
            let expected = format!("at most {} bytes of values (what the file's size allows)", self.values_left);
            return Err(LoadError::content(&self.path, place, expected, format!("{n_bytes} bytes")));
        };
        self.values_left = left;
        Ok(())
    }
}

/// Copies the values of a view in the order of its own axes; offset, size and stride were checked against the storage.
fn gather(storage: &[u8], tensor: &TensorRef, values: &mut Vec<u8>) {
    let item = tensor.dtype.size;
    let mut index = vec![0usize; tensor.size.len()];
    let mut at = tensor.offset;
    loop {
        values.extend_from_slice(storage.get(at * item..(at + 1) * item).unwrap_or(&[]));
        // The next index, as a counter with its last axis running fastest.
        let mut axis = tensor.size.len();
        loop {
            let Some(last) = axis.checked_sub(1) else { return };
            axis = last;
            if index[axis] + 1 < tensor.size[axis] {
                index[axis] += 1;
                at += tensor.stride[axis];
                break;
            }
            at -= tensor.stride[axis] * index[axis];
            index[axis] = 0;
        }
    }
}
