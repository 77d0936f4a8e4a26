//! The values of a pickle, and what a reader asks of them by name.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use crate::io::report::LoadError;
use crate::io::text::shortened;

/// Position of a value among those of a pickle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub(super) u32);

/// A value.
#[derive(Debug)]
pub(crate) enum Node<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// An integer of 64 bits.
    Int(i64),
    /// A larger integer; nothing here needs to know which.
    Big,
    /// A number.
    Float(f64),
    /// Bytes, and text of Python 2.
    Bytes(Cow<'a, [u8]>),
    /// Text.
    Text(Cow<'a, str>),
    /// Values in a row that never change.
    Tuple(Vec<Id>),
    /// Values in a row.
    List(Vec<Id>),
    /// Values without order.
    Set(Vec<Id>),
    /// Keys and values in the order they were put in.
    Dict(Vec<(Id, Id)>),
    /// Module and name of a function or class.
    Global(Id, Id),
    /// What a call would have made.
    Object(Box<Object>),
    /// A value that lies outside the pickle, by what names it.
    Persistent(Id),
}

/// A call that was written down: `callable(*args)`, and what was put into the result afterwards.
#[derive(Debug)]
pub(crate) struct Object {
    /// The function or class.
    pub(crate) callable: Id,
    /// Its arguments, a tuple.
    pub(crate) args: Id,
    /// What `BUILD` gave it.
    pub(crate) state: Option<Id>,
    /// What was set by key.
    pub(super) items: Vec<(Id, Id)>,
    /// What was appended.
    pub(super) appended: Vec<Id>,
}

/// A broken pickle: where, what was expected, what was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PickleFault {
    pub(super) at: usize,
    pub(super) expected: String,
    pub(super) found: String,
}

impl PickleFault {
    /// As an error of `place` in a file; the pickle starts at byte `first` of it.
    pub(crate) fn in_file(self, path: &Path, place: &str, first: usize) -> LoadError {
        let at = first.saturating_add(self.at);
        let place = if place.is_empty() { format!("byte {at}") } else { format!("{place}, byte {at}") };
        LoadError::content(path, place, self.expected, self.found)
    }
}

/// The values of a pickle.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) root: Id,
    /// Bytes up to and including the end mark.
    pub(super) n_bytes: usize,
}

impl<'a> Pickle<'a> {
    /// The value as a whole.
    pub(crate) fn root(&self) -> Id {
        self.root
    }

    /// Bytes up to and including the end mark.
    pub(crate) fn n_bytes(&self) -> usize {
        self.n_bytes
    }

    /// Number of values, a bound for walks over them.
    pub(crate) fn n_nodes(&self) -> usize {
        self.nodes.len()
    }

    /// The value at `id`.
    pub(crate) fn node(&self, id: Id) -> &Node<'a> {
        // Ids are made by the machine alone, which never makes one ahead of its value.
        self.nodes.get(id.0 as usize).unwrap_or(&Node::None)
    }

    /// Text, that of Python 2 too.
    pub(crate) fn text(&self, id: Id) -> Option<&str> {
        match self.node(id) {
            Node::Text(text) => Some(text),
            Node::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Bytes; Python 3 writes them for Python 2 as `_codecs.encode(text, "latin1")`.
    pub(crate) fn bytes(&self, id: Id) -> Option<Cow<'_, [u8]>> {
        match self.node(id) {
            Node::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            Node::Object(object) => {
                let args = self.sequence(object.args)?;
                match self.global(object.callable)? {
                    ("_codecs", "encode") => {
                        let Node::Text(text) = self.node(*args.first()?) else { return None };
                        text.chars()
                            .map(|c| u8::try_from(u32::from(c)).ok())
                            .collect::<Option<Vec<u8>>>()
                            .map(Cow::Owned)
                    }
                    ("builtins" | "__builtin__", "bytes" | "bytearray") => {
                        match args.first().map(|inner| self.node(*inner)) {
                            Some(Node::Bytes(bytes)) => Some(Cow::Borrowed(bytes)),
                            Some(_) => None,
                            None => Some(Cow::Borrowed(&[])),
                        }
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// An integer.
    pub(crate) fn int(&self, id: Id) -> Option<i64> {
        match self.node(id) {
            Node::Int(value) => Some(*value),
            Node::Bool(value) => Some(i64::from(*value)),
            _ => None,
        }
    }

    /// An integer of at least 0.
    pub(crate) fn size(&self, id: Id) -> Option<usize> {
        self.int(id).and_then(|value| usize::try_from(value).ok())
    }

    /// The values of a tuple, a list, or a `torch.Size`.
    pub(crate) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(values) | Node::List(values) => Some(values),
            Node::Object(object) if self.global(object.callable) == Some(("torch", "Size")) => {
                let Node::Tuple(args) = self.node(object.args) else { return None };
                match self.node(*args.first()?) {
                    Node::Tuple(values) | Node::List(values) => Some(values),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A row of integers of at least 0.
    pub(crate) fn sizes(&self, id: Id) -> Option<Vec<usize>> {
        self.sequence(id)?.iter().map(|value| self.size(*value)).collect()
    }

    /// Keys and values of a dictionary of any sort.
    pub(crate) fn pairs(&self, id: Id) -> Option<Cow<'_, [(Id, Id)]>> {
        match self.node(id) {
            Node::Dict(pairs) => Some(Cow::Borrowed(pairs)),
            Node::Object(object) => {
                let is_dictionary = matches!(
                    self.class(id)?,
                    ("collections", "OrderedDict" | "defaultdict" | "Counter") | ("builtins" | "__builtin__", "dict")
                );
                if !is_dictionary {
                    return None;
                }
                if !object.items.is_empty() {
                    return Some(Cow::Borrowed(&object.items));
                }
                // Python 2 gives an OrderedDict its pairs as an argument.
                let args = self.sequence(object.args)?;
                let given = args.last().and_then(|last| self.sequence(*last)).unwrap_or(&[]);
                let pair = |id: &Id| match self.sequence(*id) {
                    Some([key, value]) => Some((*key, *value)),
                    _ => None,
                };
                given.iter().map(pair).collect::<Option<Vec<_>>>().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// The value at text `key` of a dictionary; the last one, as in Python.
    pub(crate) fn get(&self, id: Id, key: &str) -> Option<Id> {
        let pairs = self.pairs(id)?;
        pairs.iter().rev().find(|(k, _)| self.text(*k) == Some(key)).map(|(_, value)| *value)
    }

    /// Module and name of a function or class; PyTorch before 1.6 writes a module's class as the persistent id
    /// `("module", class, file, source)`.
    pub(crate) fn global(&self, id: Id) -> Option<(&str, &str)> {
        match self.node(id) {
            Node::Global(module, name) => Some((self.text(*module)?, self.text(*name)?)),
            Node::Persistent(outside) => match self.sequence(*outside)? {
                [tag, class, ..] if self.text(*tag) == Some("module") => match self.node(*class) {
                    Node::Global(module, name) => Some((self.text(*module)?, self.text(*name)?)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// A call that was written down.
    pub(crate) fn object(&self, id: Id) -> Option<&Object> {
        match self.node(id) {
            Node::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Module and name of the class of an object, or of the function that would have made it.
    pub(crate) fn class(&self, id: Id) -> Option<(&str, &str)> {
        let object = self.object(id)?;
        let called = self.global(object.callable)?;
        match called {
            ("copy_reg" | "copyreg", "_reconstructor" | "__newobj__") => {
                self.global(*self.sequence(object.args)?.first()?)
            }
            _ => Some(called),
        }
    }

    /// The arguments of an object that function `is_wanted` would have made.
    pub(crate) fn call(&self, id: Id, is_wanted: impl Fn(&str, &str) -> bool) -> Option<&[Id]> {
        let object = self.object(id)?;
        let (module, name) = self.global(object.callable)?;
        if is_wanted(module, name) { self.sequence(object.args) } else { None }
    }

    /// Attribute `name` of an object: what `BUILD` gave it, as a dictionary or as a pair of dictionary and slots.
    pub(crate) fn attribute(&self, id: Id, name: &str) -> Option<Id> {
        let state = self.object(id)?.state?;
        match self.node(state) {
            Node::Tuple(parts) => parts.iter().find_map(|part| self.get(*part, name)),
            _ => self.get(state, name),
        }
    }

    /// Names and values of an object's attributes.
    pub(crate) fn attributes(&self, id: Id) -> Vec<(&str, Id)> {
        let Some(state) = self.object(id).and_then(|object| object.state) else { return Vec::new() };
        let parts = match self.node(state) {
            Node::Tuple(parts) => parts.as_slice(),
            _ => std::slice::from_ref(&state),
        };
        let pairs = parts.iter().filter_map(|part| self.pairs(*part));
        pairs
            .flat_map(|pairs| pairs.iter().filter_map(|(k, v)| Some((self.text(*k)?, *v))).collect::<Vec<_>>())
            .collect()
    }

    /// Functions and classes that this program does not know and `is_opened` does not name, in alphabetical order: their
    /// objects stay closed.
    pub(crate) fn closed(&self, is_opened: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let ids = (0u32..).take(self.nodes.len()).map(Id);
        let names: BTreeSet<String> = ids
            .filter_map(|id| self.global(id))
            .filter(|(module, name)| !is_known(module, name) && !is_opened(module, name))
            .map(|(module, name)| shortened(&format!("{module}.{name}")))
            .collect();
        names.into_iter().collect()
    }

    /// Every value that lies outside the pickle.
    pub(crate) fn persistent(&self) -> impl Iterator<Item = Id> + '_ {
        (0u32..).take(self.nodes.len()).map(Id).filter(|id| matches!(self.node(*id), Node::Persistent(_)))
    }

    /// What a value is, in words.
    pub(crate) fn describe(&self, id: Id) -> String {
        match self.node(id) {
            Node::None => "None".into(),
            Node::Bool(value) => if *value { "True" } else { "False" }.into(),
            Node::Int(value) => value.to_string(),
            Node::Big => "an integer beyond 64 bits".into(),
            Node::Float(value) => value.to_string(),
            Node::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Node::Text(text) => format!("{:?}", shortened(text)),
            Node::Tuple(values) => format!("a tuple of {}", values.len()),
            Node::List(values) => format!("a list of {}", values.len()),
            Node::Set(values) => format!("a set of {}", values.len()),
            Node::Dict(pairs) => format!("a dictionary of {}", pairs.len()),
            Node::Global(..) => match self.global(id) {
                Some((module, name)) => shortened(&format!("{module}.{name}")),
                None => "a global".into(),
            },
            Node::Object(_) => match self.class(id) {
                Some((module, name)) => shortened(&format!("an object of {module}.{name}")),
                None => "an object".into(),
            },
            Node::Persistent(_) => "a persistent id".into(),
        }
    }
}

/// Functions and classes that are turned into values by this program, or whose objects are nothing but their attributes.
fn is_known(module: &str, name: &str) -> bool {
    match module {
        "collections" => matches!(name, "OrderedDict" | "defaultdict" | "Counter"),
        "builtins" | "__builtin__" => {
            matches!(
                name,
                "list" | "dict" | "set" | "bytes" | "bytearray" | "object" | "slice" | "int" | "float" | "complex"
            )
        }
        "copy_reg" | "copyreg" => matches!(name, "_reconstructor" | "__newobj__"),
        "_codecs" => name == "encode",
        "torch" => {
            // Storages, types and layouts: torch.FloatStorage, torch.float32, torch.Size, torch.device.
            name.ends_with("Storage")
                || matches!(name, "Size" | "device" | "dtype" | "Tensor" | "Generator" | "strided")
                || name.starts_with("sparse_")
                || name.starts_with("float")
                || name.starts_with("bfloat")
                || name.starts_with("int")
                || name.starts_with("uint")
                || name == "bool"
        }
        "torch._utils" => name.starts_with("_rebuild"),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.storage" => matches!(name, "UntypedStorage" | "_UntypedStorage" | "TypedStorage" | "_TypedStorage"),
        "torch.serialization" => name == "_get_layout",
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.jit._pickle" => true,
        "numpy" => matches!(name, "ndarray" | "dtype"),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "torch_sparse.tensor" => name == "SparseTensor",
        "torch_sparse.storage" => name == "SparseStorage",
        _ => {
            let is_scipy = module.starts_with("scipy.sparse") && matches!(name, "csr_matrix" | "csr_array");
            // Data, GlobalStorage and their kin; a module's class says only which parameters it holds.
            is_scipy
                || module.starts_with("torch_geometric.data.")
                || ["torch.nn.modules.", "torch_geometric.nn.", "dgl.nn."].iter().any(|p| module.starts_with(p))
        }
    }
}
