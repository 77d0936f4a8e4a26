//! Nodes with names and attributes, as `GraphML`, GEXF and GML have them, and what becomes of the attributes: features, one class
//! per node, a split.
//!
//! What the user names is used. Else an attribute called `label`, `class`, `y` or the like is the class, if its values are whole
//! numbers or texts that repeat; `split`, or `train_mask`, `val_mask` and `test_mask`, are the split; and every attribute of
//! numbers that is left is a feature. Texts become features only where the user names them: texts that are lists of numbers as
//! these numbers, others as one column per distinct text. What is not used is reported.

use std::collections::{BTreeSet, HashMap};

use ndarray::Array2;

use super::{Draft, MAX_CLASSES, Request, labels_from};
use crate::engine::graph::{Features, Labels, Split};
use crate::io::report::LoadError;

/// Names of attributes that are taken for the class, the likeliest first.
const CLASS_NAMES: [&str; 12] = [
    "label",
    "class",
    "y",
    "target",
    "category",
    "community",
    "club",
    "group",
    "gt",
    "ground_truth",
    "node_label",
    "value",
];
/// Names of the attributes that are taken for the parts of a split.
const MASK_NAMES: [&str; 3] = ["train_mask", "val_mask", "test_mask"];
/// Features wider than this are refused: models allocate by width.
const MAX_WIDTH: usize = 1 << 16;

/// Nodes in order of appearance, by their names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Looked up only, never walked.
    number: HashMap<String, u32>,
    in_order: Vec<String>,
    is_declared: Vec<bool>,
    /// Where each was met first.
    place: Vec<usize>,
}

impl Names {
    fn number(&mut self, name: &str, place: usize) -> u32 {
        if let Some(number) = self.number.get(name) {
            return *number;
        }
        let number = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        self.number.insert(name.to_owned(), number);
        self.in_order.push(name.to_owned());
        self.is_declared.push(false);
        self.place.push(place);
        number
    }

    /// The number of a node that stands there as such, and whether it does for the first time.
    pub(super) fn declare(&mut self, name: &str, place: usize) -> (u32, bool) {
        let number = self.number(name, place);
        let is_declared = &mut self.is_declared[number as usize];
        (number, !std::mem::replace(is_declared, true))
    }

    /// The number of a node that an edge names.
    pub(super) fn mention(&mut self, name: &str, place: usize) -> u32 {
        self.number(name, place)
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    /// Nodes that edges name and that do not stand there themselves, with the place of the first mention.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = (&str, usize)> {
        let all = self.in_order.iter().zip(&self.place).zip(&self.is_declared);
        all.filter(|(_, is_declared)| !**is_declared).map(|((name, place), _)| (name.as_str(), *place))
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.in_order
    }
}

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Missing,
    Number(f64),
    /// A place among the attribute's texts.
    Text(u32),
    List(Vec<f64>),
}

/// One attribute of all nodes.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    /// Looked up only, never walked.
    text_number: HashMap<String, u32>,
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Attribute {
    fn value(&self, node: usize) -> &Value {
        self.values.get(node).unwrap_or(&Value::Missing)
    }

    /// What a node without a value gets.
    pub(super) fn fill(&mut self, n: usize, value: Given<'_>) {
        self.values.resize(n, Value::Missing);
        for node in 0..n {
            if self.values[node] == Value::Missing {
                self.set(node, value);
            }
        }
    }

    fn set(&mut self, node: usize, value: Given<'_>) {
        if self.values.len() <= node {
            self.values.resize(node + 1, Value::Missing);
        }
        self.values[node] = match value {
            Given::Number(number) => Value::Number(number),
            Given::Text(text) => {
                let next = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
                Value::Text(if let Some(at) = self.text_number.get(text) {
                    *at
                } else {
                    self.text_number.insert(text.to_owned(), next);
                    self.texts.push(text.to_owned());
                    next
                })
            }
        };
    }

    /// A value that stands behind those that the node has already.
    fn append(&mut self, node: usize, number: f64) {
        match self.values.get_mut(node) {
            Some(Value::List(list)) => list.push(number),
            Some(Value::Number(first)) => self.values[node] = Value::List(vec![*first, number]),
            _ => self.set(node, Given::Number(number)),
        }
    }

    fn has_only_numbers(&self) -> bool {
        self.values.iter().all(|v| !matches!(v, Value::Text(_))) && self.values.iter().any(|v| *v != Value::Missing)
    }

    fn n_missing(&self, n: usize) -> usize {
        n - (0..n).filter(|node| *self.value(*node) != Value::Missing).count()
    }

    /// Distinct whole numbers or texts; `None` where there are other values.
    fn n_distinct(&self) -> Option<usize> {
        let mut seen = std::collections::BTreeSet::new();
        for value in &self.values {
            match value {
                Value::Missing => {}
                Value::Number(v) if v.fract() == 0.0 && v.abs() < 2f64.powi(53) => drop(seen.insert((0, *v as i64))),
                Value::Text(at) => drop(seen.insert((1, i64::from(*at)))),
                Value::Number(_) | Value::List(_) => return None,
            }
        }
        Some(seen.len())
    }
}

/// A value as a file gives it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    Number(f64),
    Text(&'a str),
}

/// All attributes of all nodes.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    all: Vec<Attribute>,
    /// Looked up only, never walked.
    place: HashMap<String, usize>,
}

impl Attributes {
    /// The attribute of that name, made where there is none.
    pub(super) fn named(&mut self, name: &str) -> &mut Attribute {
        let at = if let Some(at) = self.place.get(name) {
            *at
        } else {
            self.place.insert(name.to_owned(), self.all.len());
            self.all.push(Attribute {
                name: name.to_owned(),
                text_number: HashMap::new(),
                texts: Vec::new(),
                values: Vec::new(),
            });
            self.all.len() - 1
        };
        &mut self.all[at]
    }

    /// Gives a node a value.
    pub(super) fn set(&mut self, name: &str, node: u32, value: Given<'_>) {
        self.named(name).set(node as usize, value);
    }

    /// Gives a node a further number of the same name.
    pub(super) fn append(&mut self, name: &str, node: u32, number: f64) {
        self.named(name).append(node as usize, number);
    }

    fn find(&self, key: &str, name: &str, request: Request<'_>) -> Result<usize, LoadError> {
        self.place.get(name).copied().ok_or_else(|| {
            let names: Vec<&str> = self.all.iter().map(|a| a.name.as_str()).collect();
            let expected = if names.is_empty() { "a file with node attributes".to_owned() } else { names.join(", ") };
            LoadError::content(request.path, format!("graph.{key}"), expected, name)
        })
    }

    fn find_any_case(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// Turns the attributes into features, labels and a split of the draft.
    pub(super) fn apply(self, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
        let n = draft.topology.n_nodes();
        let mut is_used = vec![false; self.all.len()];
        let class = match &request.options.labels {
            Some(name) => Some(self.find("labels", name, request)?),
            None => CLASS_NAMES.iter().filter_map(|name| self.find_any_case(name)).find(|at| {
                // A class that every node has for itself is a name.
                self.all[*at].n_distinct().is_some_and(|k| k < n && k <= MAX_CLASSES as usize)
            }),
        };
        if let Some(at) = class {
            is_used[at] = true;
            draft.labels = Some(self.labels(at, n, request)?);
            draft.report.fact("labels from", &self.all[at].name);
        }
        let split = match &request.options.split_masks {
            Some(names) => {
                names.iter().map(|name| self.find("split_masks", name, request)).collect::<Result<_, _>>()?
            }
            None => self.find_split(),
        };
        if !split.is_empty() {
            let names: Vec<&str> = split.iter().map(|at| self.all[*at].name.as_str()).collect();
            draft.report.fact("split from", names.join(", "));
            draft.splits.push(self.split(&split, n, request)?);
            for at in &split {
                is_used[*at] = true;
            }
        }
        let columns: Vec<usize> = match &request.options.features {
            Some(names) => names.iter().map(|name| self.find("features", name, request)).collect::<Result<_, _>>()?,
            None => (0..self.all.len()).filter(|at| !is_used[*at] && self.all[*at].has_only_numbers()).collect(),
        };
        if !columns.is_empty() {
            let names: Vec<&str> = columns.iter().map(|at| self.all[*at].name.as_str()).collect();
            draft.report.fact("features from", names.join(", "));
            for at in &columns {
                is_used[*at] = true;
            }
            draft.features = Some(self.features(&columns, n, draft, request)?);
        }
        for (attribute, _) in self.all.iter().zip(&is_used).filter(|(_, is_used)| !**is_used) {
            draft.report.ignored.push(format!("node attribute {}", attribute.name));
        }
        Ok(())
    }

    fn labels(&self, at: usize, n: usize, request: Request<'_>) -> Result<Labels, LoadError> {
        let attribute = &self.all[at];
        let place = format!("node attribute {}", attribute.name);
        let fault = |expected: String, found: String| LoadError::content(request.path, &place, expected, found);
        // Texts are numbered in alphabetical order.
        let mut order: Vec<u32> = (0..attribute.texts.len() as u32).collect();
        order.sort_by(|a, b| attribute.texts[*a as usize].cmp(&attribute.texts[*b as usize]));
        let mut class_of_text = vec![0i64; order.len()];
        for (class, text) in (0i64..).zip(&order) {
            class_of_text[*text as usize] = class;
        }
        let mut classes = Vec::with_capacity(n);
        for node in 0..n {
            classes.push(match attribute.value(node) {
                Value::Missing => -1,
                Value::Number(v) if v.fract() == 0.0 && v.abs() < 2f64.powi(53) && attribute.texts.is_empty() => {
                    *v as i64
                }
                Value::Text(text) => class_of_text[*text as usize],
                Value::Number(v) => return Err(fault("whole numbers or texts".into(), v.to_string())),
                Value::List(list) => {
                    return Err(fault("one class per node".into(), format!("{} numbers", list.len())));
                }
            });
        }
        let mut labels = labels_from(&classes, |expected, found| fault(expected, found.to_string()))?;
        if labels.n_classes() == order.len() {
            labels.names = order.iter().map(|text| attribute.texts[*text as usize].clone()).collect();
        }
        Ok(labels)
    }

    fn find_split(&self) -> Vec<usize> {
        let masks: Vec<usize> = MASK_NAMES.iter().filter_map(|name| self.find_any_case(name)).collect();
        if masks.len() == MASK_NAMES.len() {
            return masks;
        }
        let by_word = self.find_any_case("split").filter(|at| {
            let attribute = &self.all[*at];
            !attribute.texts.is_empty() && attribute.texts.iter().all(|text| part_of(text).is_some())
        });
        by_word.into_iter().collect()
    }

    fn split(&self, columns: &[usize], n: usize, request: Request<'_>) -> Result<Split, LoadError> {
        let mut split = Split { name: "file".to_owned(), ..Split::default() };
        match *columns {
            [at] => {
                let attribute = &self.all[at];
                for node in 0..n {
                    let part = match attribute.value(node) {
                        Value::Text(text) => part_of(&attribute.texts[*text as usize]),
                        Value::Missing => Some(Part::None),
                        _ => None,
                    };
                    match part {
                        Some(Part::Train) => split.train.push(node as u32),
                        Some(Part::Val) => split.val.push(node as u32),
                        Some(Part::Test) => split.test.push(node as u32),
                        Some(Part::None) => {}
                        None => {
                            let place = format!("node attribute {}", attribute.name);
                            let found = match attribute.value(node) {
                                Value::Text(text) => attribute.texts[*text as usize].clone(),
                                _ => "a number".to_owned(),
                            };
                            return Err(LoadError::content(request.path, place, "train, val, test or none", found));
                        }
                    }
                }
            }
            [train, val, test] => {
                let nodes = |at: usize| {
                    let is_in = |node: &u32| match self.all[at].value(*node as usize) {
                        Value::Number(v) => *v != 0.0,
                        Value::Text(text) => {
                            matches!(self.all[at].texts[*text as usize].to_lowercase().as_str(), "true" | "1")
                        }
                        _ => false,
                    };
                    (0..n as u32).filter(is_in).collect()
                };
                (split.train, split.val, split.test) = (nodes(train), nodes(val), nodes(test));
            }
            _ => {
                let found = format!("{} names", columns.len());
                return Err(LoadError::content(request.path, "graph.split_masks", "one or three attributes", found));
            }
        }
        Ok(split)
    }

    fn features(
        &self,
        columns: &[usize],
        n: usize,
        draft: &mut Draft,
        request: Request<'_>,
    ) -> Result<Features, LoadError> {
        let mut widths = Vec::with_capacity(columns.len());
        for at in columns {
            widths.push(self.width(*at, n, request)?);
        }
        let width: usize = widths.iter().map(|(width, _)| width).sum();
        if width > MAX_WIDTH || n.saturating_mul(width) > 1 << 33 {
            return Err(LoadError::content(request.path, "features", format!("at most {MAX_WIDTH} columns"), width));
        }
        let mut x = Array2::<f32>::zeros((n, width));
        let mut first = 0;
        for (at, (width, parsed)) in columns.iter().zip(&widths) {
            let attribute = &self.all[*at];
            for node in 0..n {
                match attribute.value(node) {
                    Value::Missing => {}
                    Value::Number(v) => x[[node, first]] = *v as f32,
                    Value::List(list) => list.iter().enumerate().for_each(|(j, v)| x[[node, first + j]] = *v as f32),
                    Value::Text(text) => match parsed {
                        Some(lists) => {
                            let list = &lists[*text as usize];
                            list.iter().enumerate().for_each(|(j, v)| x[[node, first + j]] = *v as f32);
                        }
                        None => x[[node, first + *text as usize]] = 1.0,
                    },
                }
            }
            let n_missing = attribute.n_missing(n);
            if n_missing > 0 {
                draft.report.warnings.push(format!("{n_missing} nodes have no {}: 0 stands in for it", attribute.name));
            }
            first += width;
        }
        Ok(Features::from_dense(x))
    }

    /// How many columns an attribute makes and, for texts that are lists of numbers, those.
    fn width(&self, at: usize, n: usize, request: Request<'_>) -> Result<(usize, Option<Lists>), LoadError> {
        let attribute = &self.all[at];
        if attribute.texts.is_empty() {
            let mut lengths = BTreeSet::new();
            for node in 0..n {
                match attribute.value(node) {
                    Value::Missing => {}
                    Value::List(list) => _ = lengths.insert(list.len()),
                    _ => _ = lengths.insert(1),
                }
            }
            return match lengths.len() {
                0 | 1 => Ok((lengths.first().copied().unwrap_or(1), None)),
                _ => {
                    let found: Vec<String> = lengths.iter().map(ToString::to_string).collect();
                    let place = format!("node attribute {}", attribute.name);
                    Err(LoadError::content(request.path, place, "as many numbers for every node", found.join(" and ")))
                }
            };
        }
        let lists: Option<Lists> = attribute.texts.iter().map(|text| list_of(text)).collect();
        match lists {
            Some(lists) if lists.windows(2).all(|w| w[0].len() == w[1].len()) => Ok((lists[0].len(), Some(lists))),
            _ => Ok((attribute.texts.len(), None)),
        }
    }
}

/// Every text of an attribute, read as a list of numbers.
type Lists = Vec<Vec<f64>>;

/// The numbers of a text such as `[0.1, 2]` or `0.1 2`.
fn list_of(text: &str) -> Option<Vec<f64>> {
    let inner = text.trim().trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let words = inner.split([' ', ',', ';', '|', '\t', '\n']).filter(|word| !word.is_empty());
    let list: Vec<f64> = words.map(str::parse).collect::<Result<_, _>>().ok()?;
    (!list.is_empty()).then_some(list)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Train,
    Val,
    Test,
    None,
}

fn part_of(text: &str) -> Option<Part> {
    match text.to_lowercase().as_str() {
        "train" | "training" | "tr" => Some(Part::Train),
        "val" | "valid" | "validation" | "dev" | "va" => Some(Part::Val),
        "test" | "testing" | "te" => Some(Part::Test),
        "" | "none" | "unlabeled" | "unlabelled" => Some(Part::None),
        _ => None,
    }
}
