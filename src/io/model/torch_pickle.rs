//! Models in files of `torch.save` and `TorchScript`: which tensors, under which names.
//!
//! ```text
//! object  = state dict                                      name → tensor, or NumPy array
//!         | dictionary with a state dict or a module at one of state_dict, model_state_dict, model, net, params, weights, …
//!         | dictionary of such dictionaries                 names are joined with points
//!         | module                                          an object with _parameters, _buffers and _modules
//!         | script module                                   an object whose attributes are tensors and script modules
//! ```
//! Modules are walked by their attributes; their classes are never looked up. What a module says about itself (its class, its
//! numbers) is kept for `dialect`. Container, tensors and limits: see `io/torch/mod.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::dialect::ModuleFacts;
use super::state::{LONGEST_NAME, State};
use crate::io::pickle::{Id, Node, Pickle};
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;
use crate::io::torch::{SparseRef, Storages, TensorRef, TorchFile};

/// Keys under which programs put the state dict, the likeliest first.
const WRAPPERS: [&str; 10] =
    ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "weights", "module", "gnn"];

/// More dictionaries of tensors than this are not one model.
const MOST_DICTIONARIES: usize = 4096;

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
        state: State::new(LoadReport::new(format, path.display().to_string())),
        classes: BTreeSet::new(),
        holders: BTreeMap::new(),
        ignored: Vec::new(),
        steps_left: pickle.n_nodes().saturating_mul(4),
    };
    harvest.object()?;
    let Harvest { mut state, classes, ignored, .. } = harvest;
    state.report.ignored.extend(ignored);
    let is_opened = |module: &str, name: &str| classes.contains(&(module.to_owned(), name.to_owned()));
    let closed = pickle.closed(is_opened);
    state.report.ignored.extend(closed.into_iter().map(|name| format!("Python object {name} (never run)")));
    Ok(state)
}

struct Harvest<'a> {
    pickle: &'a Pickle<'a>,
    storages: &'a mut Storages,
    state: State,
    /// Classes of the modules that were walked.
    classes: BTreeSet<(String, String)>,
    /// Which values hold tensors: many keys may have the same one.
    holders: BTreeMap<Id, bool>,
    ignored: Vec<String>,
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
        let keys: Vec<(&str, Id)> =
            pairs.iter().filter_map(|(key, value)| Some((pickle.text(*key)?, *value))).collect();
        let found: Vec<(&str, Id)> = keys.iter().copied().filter(|(_, value)| self.holds(*value)).collect();
        // A checkpoint may hold tensors beside its state dict, such as GEBT's adjacency matrix.
        if found.is_empty() && pairs.iter().any(|(_, value)| self.is_tensor(*value)) {
            return self.state_dict(root, "");
        }
        let named = WRAPPERS.iter().find_map(|w| found.iter().find(|(key, _)| key == w));
        let only = if let [only] = &found[..] { Some(only) } else { None };
        let chosen: Vec<(String, Id)> = match named.or(only) {
            Some((key, value)) => vec![((*key).to_owned(), *value)],
            None if found.is_empty() => self.deeper(root),
            None => found.iter().map(|(key, value)| ((*key).to_owned(), *value)).collect(),
        };
        if chosen.is_empty() && keys.iter().any(|(key, _)| *key == "param_groups") {
            let expected = "the weights of a network (torch.save(model.state_dict(), 'model.pt'))";
            return Err(self.fault("object", expected, "the state of an optimiser alone (state, param_groups)".into()));
        }
        if chosen.is_empty() {
            let found = keys.iter().take(6).map(|(key, _)| shortened(key)).collect::<Vec<_>>().join(", ");
            let found = if found.is_empty() { "an empty dictionary".to_owned() } else { format!("the keys {found}") };
            let expected = "a state dict, or one at state_dict, model_state_dict, model, net, params or weights";
            return Err(self.fault("object", expected, found));
        }
        let places: Vec<String> = chosen.iter().take(6).map(|(key, _)| shortened(key)).collect();
        self.state.report.fact("tensors found at", places.join(", "));
        let first = |key: &str| key.split_once('.').map_or(key, |(first, _)| first).to_owned();
        let used: BTreeSet<String> = chosen.iter().flat_map(|(key, _)| [key.clone(), first(key)]).collect();
        let is_many = chosen.len() > MOST_DICTIONARIES;
        let left =
            keys.iter().filter(|(other, _)| is_many || !used.contains(*other)).map(|(other, _)| shortened(other));
        self.ignored.extend(left);
        if is_many {
            let expected = format!("at most {MOST_DICTIONARIES} dictionaries of tensors");
            return Err(self.fault("object", &expected, chosen.len().to_string()));
        }
        let is_one = chosen.len() == 1;
        for (key, value) in chosen {
            let prefix = if is_one { String::new() } else { format!("{key}.") };
            if self.is_module(value) {
                self.module(value, prefix.trim_end_matches('.'), 0)?;
            } else {
                self.state_dict(value, &prefix)?;
            }
        }
        Ok(())
    }

    /// Dictionaries of tensors that lie deeper, with the path to each; those of optimisers are none of a network's.
    fn deeper(&mut self, root: Id) -> Vec<(String, Id)> {
        const MOST_DEPTH: usize = 4;
        const OTHERS: [&str; 5] = ["optim", "sched", "callback", "loop", "hyper"];
        let pickle = self.pickle;
        let mut found = Vec::new();
        let mut seen = BTreeSet::from([root]);
        let mut level = vec![(String::new(), root)];
        for _ in 0..MOST_DEPTH {
            let mut next = Vec::new();
            for (path, id) in level {
                for (key, value) in pickle.pairs(id).unwrap_or_default().iter() {
                    let Some(key) = pickle.text(*key).filter(|key| key.len() <= LONGEST_NAME) else { continue };
                    if OTHERS.iter().any(|other| key.contains(other)) || !seen.insert(*value) {
                        continue;
                    }
                    let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
                    if self.holds(*value) {
                        found.push((path, *value));
                    } else if pickle.pairs(*value).is_some() {
                        next.push((path, *value));
                    }
                }
            }
            if !found.is_empty() {
                break;
            }
            level = next;
        }
        found
    }

    /// Whether a value is a module or a dictionary with a tensor in it.
    fn holds(&mut self, id: Id) -> bool {
        if let Some(known) = self.holders.get(&id) {
            return *known;
        }
        let holds = self.is_module(id) || self.is_state_dict(id);
        self.holders.insert(id, holds);
        holds
    }

    fn fault(&self, place: &str, expected: &str, found: String) -> LoadError {
        LoadError::content(self.storages.path(), place, expected, found)
    }

    fn is_tensor(&self, id: Id) -> bool {
        let call = self.pickle.call(id, |module, name| {
            matches!((module, name), ("torch._utils", name) if name.starts_with("_rebuild"))
                || (module, name) == ("torch._tensor", "_rebuild_from_type_v2")
        });
        call.is_some() || self.pickle.is_array(id)
    }

    fn is_state_dict(&self, id: Id) -> bool {
        self.pickle.pairs(id).is_some_and(|pairs| pairs.iter().any(|(_, value)| self.is_tensor(*value)))
    }

    /// Whether a value is a module: it has `_modules`, or it is a script module.
    fn is_module(&self, id: Id) -> bool {
        self.pickle.attribute(id, "_modules").is_some()
            || self.pickle.class(id).is_some_and(|(module, _)| module.starts_with("__torch__"))
    }

    /// Takes over the tensors of a dictionary; `prefix` is put in front of their names.
    fn state_dict(&mut self, id: Id, prefix: &str) -> Result<(), LoadError> {
        let pickle = self.pickle;
        let pairs = pickle.pairs(id).unwrap_or_default();
        for (key, value) in pairs.iter() {
            let Some(name) = pickle.text(*key) else {
                self.ignored.push(format!("key {}", pickle.describe(*key)));
                continue;
            };
            let is_short = name.len() <= LONGEST_NAME;
            let name = if is_short { format!("{prefix}{name}") } else { shortened(name) };
            if !is_short || !self.tensor(&name, *value)? {
                self.ignored.push(shortened(&name));
            }
        }
        Ok(())
    }

    /// Takes over the tensor `name`; `false` where the value is none.
    fn tensor(&mut self, name: &str, id: Id) -> Result<bool, LoadError> {
        let place = format!("tensor {}", shortened(name));
        let path = self.storages.path().to_owned();
        if !self.is_tensor(id) {
            return Ok(false);
        }
        if self.pickle.is_array(id) {
            let array = self.pickle.array(id, &path, &place);
            let n_bytes = array.as_ref().map_or(0, |array| array.len() as u64 * 8);
            self.storages.charge(n_bytes, &place)?;
            self.state.take(name, array.and_then(|array| array.to_f32_tensor()))?;
            return Ok(true);
        }
        let parsed = SparseRef::parse(self.pickle, id, &path, &place).and_then(|sparse| match sparse {
            Some(sparse) => Ok(Some(Found::Sparse(Box::new(sparse)))),
            None => Ok(TensorRef::parse(self.pickle, id, &path, &place)?.map(Found::Dense)),
        });
        match parsed {
            Ok(Some(Found::Sparse(sparse))) => {
                let tensor = self.storages.written_out(&sparse, &place)?;
                self.state
                    .report
                    .fact("sparse, written out in full", format!("{} ({})", shortened(name), sparse.layout()));
                self.state.take(name, Ok(tensor))?;
            }
            Ok(Some(Found::Dense(tensor))) if tensor.size.contains(&0) => {
                self.ignored.push(format!("{} (empty)", shortened(name)));
            }
            Ok(Some(Found::Dense(tensor))) => {
                let array = self.storages.array(&tensor, &place)?;
                self.state.take(name, array.to_f32_tensor())?;
            }
            Ok(None) => {
                let function = self.pickle.class(id).map_or("", |(_, name)| name);
                let found = match function {
                    "_rebuild_qtensor" => {
                        "a quantised tensor (dequantize() before saving makes it one of real numbers)".to_owned()
                    }
                    other => format!("a tensor of another sort ({})", shortened(other)),
                };
                self.state.take(name, Err(self.fault(&place, "a dense or sparse tensor of real numbers", found)))?;
            }
            Err(error) => self.state.take(name, Err(error))?,
        }
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
            self.state.modules.push(facts(pickle, id, path, module, class));
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
            children.extend(pairs.iter().filter_map(|(k, v)| Some((short_text(pickle, *k)?.to_owned(), *v))));
        }
        if is_script {
            children.extend(
                attributes
                    .iter()
                    .filter(|(name, _)| name.len() <= LONGEST_NAME)
                    .map(|(name, value)| ((*name).to_owned(), *value)),
            );
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

/// What a value is, as a tensor.
enum Found {
    Dense(TensorRef),
    Sparse(Box<SparseRef>),
}

/// Text that may be a part of a name.
fn short_text<'a>(pickle: &'a Pickle<'_>, id: Id) -> Option<&'a str> {
    pickle.text(id).filter(|text| text.len() <= LONGEST_NAME)
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
