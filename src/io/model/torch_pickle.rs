//! Models in files of `torch.save` and `TorchScript`: which tensors, under which names.
//!
//! ```text
//! object  = state dict                                      name → tensor
//!         | dictionary with a state dict or a module at one of state_dict, model_state_dict, model, net, params, weights, …
//!         | module                                          an object with _parameters, _buffers and _modules
//!         | script module                                   an object whose attributes are tensors and script modules
//! ```
//! Modules are walked by their attributes; their classes are never looked up. What a module says about itself (its class, its
//! numbers) is kept for `dialect`. Container, tensors and limits: see `io/torch.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::ArrayD;

use super::State;
use super::dialect::ModuleFacts;
use crate::io::pickle::{Id, Node, Pickle};
use crate::io::recipe::shortened;
use crate::io::report::{LoadError, LoadReport};
use crate::io::torch::{SparseRef, Storages, TensorRef, TorchFile};

/// Keys under which programs put the state dict, the likeliest first.
const WRAPPERS: [&str; 10] =
    ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "weights", "module", "gnn"];

/// Modules may lie this deep within each other.
const MOST_DEPTH: usize = 64;

/// Reads the tensors.
pub(super) fn read(path: &Path) -> Result<State, LoadError> {
    let mut file = TorchFile::open(path)?;
    let format = file.format;
    let (pickle, storages) = file.parts()?;
    let mut harvest = Harvest {
        pickle: &pickle,
        storages,
        tensors: BTreeMap::new(),
        modules: Vec::new(),
        classes: BTreeSet::new(),
        ignored: Vec::new(),
        report: LoadReport::new(format, path.display().to_string()),
        steps_left: pickle.n_nodes().saturating_mul(4),
    };
    harvest.object()?;
    let Harvest { tensors, modules, classes, ignored, mut report, .. } = harvest;
    report.ignored.extend(ignored);
    let is_opened = |module: &str, name: &str| classes.contains(&(module.to_owned(), name.to_owned()));
    let closed = pickle.closed(is_opened);
    report.ignored.extend(closed.into_iter().map(|name| format!("Python object {name} (never run)")));
    Ok(State { tensors, modules, report })
}

struct Harvest<'a> {
    pickle: &'a Pickle<'a>,
    storages: &'a mut Storages,
    tensors: BTreeMap<String, ArrayD<f32>>,
    modules: Vec<ModuleFacts>,
    /// Classes of the modules that were walked.
    classes: BTreeSet<(String, String)>,
    ignored: Vec<String>,
    report: LoadReport,
    /// Values that may still be looked at: modules can contain each other.
    steps_left: usize,
}

impl Harvest<'_> {
    fn object(&mut self) -> Result<(), LoadError> {
        let pickle = self.pickle;
        let root = pickle.root();
        if self.is_module(root) {
            return self.module(root, "", 0);
        }
        let Some(pairs) = pickle.pairs(root) else {
            return Err(self.fault(
                "object",
                "a state dict, or a dictionary or module with one",
                pickle.describe(root),
            ));
        };
        let keys: Vec<(String, Id)> =
            pairs.iter().filter_map(|(key, value)| Some((pickle.text(*key)?.to_owned(), *value))).collect();
        let holds = |id: Id| self.is_module(id) || self.is_state_dict(id);
        // A checkpoint may hold tensors beside its state dict, such as GEBT's adjacency matrix.
        if pairs.iter().any(|(_, value)| self.is_tensor(*value)) && !keys.iter().any(|(_, value)| holds(*value)) {
            return self.state_dict(root);
        }
        let named = WRAPPERS.iter().find_map(|w| keys.iter().find(|(key, value)| key == w && holds(*value)));
        let others: Vec<&(String, Id)> = keys.iter().filter(|(_, value)| holds(*value)).collect();
        let only = if let [only] = others[..] { Some(only) } else { None };
        let Some((key, value)) = named.or(only) else {
            let found = keys.iter().take(6).map(|(key, _)| shortened(key)).collect::<Vec<_>>().join(", ");
            let found = if found.is_empty() { "an empty dictionary".to_owned() } else { format!("the keys {found}") };
            let expected = "a state dict, or one at state_dict, model_state_dict, model, net, params or weights";
            return Err(self.fault("object", expected, found));
        };
        self.report.fact("tensors found at", key);
        self.ignored.extend(keys.iter().filter(|(other, _)| other != key).map(|(other, _)| shortened(other)));
        if self.is_module(*value) { self.module(*value, "", 0) } else { self.state_dict(*value) }
    }

    fn fault(&self, place: &str, expected: &str, found: String) -> LoadError {
        LoadError::content(self.storages.path(), place, expected, found)
    }

    fn is_tensor(&self, id: Id) -> bool {
        let call = self.pickle.call(id, |module, name| {
            matches!((module, name), ("torch._utils", name) if name.starts_with("_rebuild"))
                || (module, name) == ("torch._tensor", "_rebuild_from_type_v2")
        });
        call.is_some()
    }

    fn is_state_dict(&self, id: Id) -> bool {
        self.pickle.pairs(id).is_some_and(|pairs| pairs.iter().any(|(_, value)| self.is_tensor(*value)))
    }

    /// Whether a value is a module: it has `_modules`, or it is a script module.
    fn is_module(&self, id: Id) -> bool {
        self.pickle.attribute(id, "_modules").is_some()
            || self.pickle.class(id).is_some_and(|(module, _)| module.starts_with("__torch__"))
    }

    fn state_dict(&mut self, id: Id) -> Result<(), LoadError> {
        let pickle = self.pickle;
        let pairs = pickle.pairs(id).unwrap_or_default();
        for (key, value) in pairs.iter() {
            let Some(name) = pickle.text(*key).map(str::to_owned) else {
                self.ignored.push(format!("key {}", pickle.describe(*key)));
                continue;
            };
            if !self.tensor(&name, *value)? {
                self.ignored.push(shortened(&name));
            }
        }
        Ok(())
    }

    /// Takes over the tensor `name`; `false` where the value is none.
    fn tensor(&mut self, name: &str, id: Id) -> Result<bool, LoadError> {
        let place = format!("tensor {}", shortened(name));
        let path = self.storages.path().to_owned();
        if let Some(sparse) = SparseRef::parse(self.pickle, id, &path, &place)? {
            let (SparseRef::Coordinates { size, .. } | SparseRef::Rows { size, .. }) = sparse;
            self.ignored.push(format!("{} (a sparse tensor of shape {size:?})", shortened(name)));
            return Ok(true);
        }
        let Some(tensor) = TensorRef::parse(self.pickle, id, &path, &place)? else { return Ok(false) };
        if tensor.size.contains(&0) {
            self.ignored.push(format!("{} (empty)", shortened(name)));
            return Ok(true);
        }
        let array = self.storages.array(&tensor, &place)?;
        self.tensors.insert(name.to_owned(), array.to_f32_tensor()?);
        Ok(true)
    }

    fn module(&mut self, id: Id, path: &str, depth: usize) -> Result<(), LoadError> {
        let pickle = self.pickle;
        let place = if path.is_empty() { "module".to_owned() } else { format!("module {}", shortened(path)) };
        if depth > MOST_DEPTH {
            let expected = format!("modules at most {MOST_DEPTH} deep");
            return Err(self.fault(&place, &expected, "one that contains itself, or more".into()));
        }
        let name_of = |part: &str| if path.is_empty() { part.to_owned() } else { format!("{path}.{part}") };
        if let Some((module, class)) = pickle.class(id) {
            self.classes.insert((module.to_owned(), class.to_owned()));
            self.modules.push(facts(pickle, id, path, module, class));
        }
        let attributes = pickle.attributes(id);
        let is_script = pickle.attribute(id, "_modules").is_none();
        let mut groups: Vec<(Id, bool)> = Vec::new();
        for part in ["_parameters", "_buffers", "_modules"] {
            groups.extend(pickle.attribute(id, part).map(|group| (group, part == "_modules")));
        }
        let mut children: Vec<(String, Id)> = Vec::new();
        for (group, _) in &groups {
            let pairs = pickle.pairs(*group).unwrap_or_default();
            children.extend(pairs.iter().filter_map(|(k, v)| Some((pickle.text(*k)?.to_owned(), *v))));
        }
        if is_script {
            children.extend(attributes.iter().map(|(name, value)| ((*name).to_owned(), *value)));
        }
        self.steps_left = self.steps_left.saturating_sub(children.len() + 1);
        if self.steps_left == 0 {
            return Err(self.fault(
                &place,
                "modules that do not contain each other over and over",
                "such modules".into(),
            ));
        }
        for (name, value) in children {
            let name = name_of(&name);
            if self.is_module(value) {
                self.module(value, &name, depth + 1)?;
            } else if !matches!(pickle.node(value), Node::None) && !self.tensor(&name, value)? && !is_script {
                self.ignored.push(shortened(&name));
            }
        }
        Ok(())
    }
}

/// What a module says about itself.
fn facts(pickle: &Pickle<'_>, id: Id, path: &str, module: &str, class: &str) -> ModuleFacts {
    let mut numbers = BTreeMap::new();
    let mut texts = BTreeMap::new();
    for (name, value) in pickle.attributes(id) {
        match pickle.node(value) {
            Node::Bool(flag) => drop(numbers.insert(name.to_owned(), f64::from(u8::from(*flag)))),
            Node::Int(whole) => drop(numbers.insert(name.to_owned(), *whole as f64)),
            Node::Float(number) => drop(numbers.insert(name.to_owned(), *number)),
            Node::Text(text) => drop(texts.insert(name.to_owned(), shortened(text))),
            _ => {}
        }
    }
    ModuleFacts { path: path.to_owned(), module: module.to_owned(), class: class.to_owned(), numbers, texts }
}
