//! The values of one attribute, for the nodes that have any, and how texts of files become values.
//!
//! What is never here: what an attribute is taken for, see `attributes.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::labels::says_nothing;
use crate::engine::graph::Labels;
use crate::io::text::number::number_of;

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Missing,
    Number(f64),
    /// A place among the attribute's texts.
    Text(u32),
    List(Vec<f64>),
}

/// One attribute of the nodes that have it.
#[derive(Debug)]
pub(super) struct Attribute {
    pub(super) name: String,
    /// Looked up only, never iterated.
    text_number: HashMap<String, u32>,
    pub(super) texts: Vec<String>,
    /// Nodes in ascending order with their values.
    values: Vec<(u32, Value)>,
    /// Values of nodes that came behind nodes with a larger number; none of them is in `values`.
    late: BTreeMap<u32, Value>,
    /// What a node without a value has.
    default: Value,
    /// Values that are none of the type the file states, and the first of them.
    pub(super) n_unread: usize,
    pub(super) first_unread: String,
}

impl Attribute {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            text_number: HashMap::new(),
            texts: Vec::new(),
            values: Vec::new(),
            late: BTreeMap::new(),
            default: Value::Missing,
            n_unread: 0,
            first_unread: String::new(),
        }
    }

    pub(super) fn value(&self, node: usize) -> &Value {
        match self.values.binary_search_by_key(&(node as u32), |(node, _)| *node) {
            Ok(at) => &self.values[at].1,
            Err(_) => self.late.get(&(node as u32)).unwrap_or(&self.default),
        }
    }

    /// The value that a node was given, to be changed.
    fn given_mut(&mut self, node: u32) -> Option<&mut Value> {
        match self.values.last() {
            Some((last, _)) if *last < node => return None,
            None => return None,
            _ => {}
        }
        match self.values.binary_search_by_key(&node, |(node, _)| *node) {
            Ok(at) => Some(&mut self.values[at].1),
            Err(_) => self.late.get_mut(&node),
        }
    }

    /// What a node without a value gets.
    pub(super) fn set_default(&mut self, given: Given<'_>) {
        self.default = self.kept(given);
    }

    fn kept(&mut self, given: Given<'_>) -> Value {
        match given {
            // Not a number is no value.
            Given::Number(number) if number.is_nan() => Value::Missing,
            Given::Number(number) => Value::Number(number),
            Given::List(numbers) => Value::List(numbers.to_vec()),
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
        }
    }

    pub(super) fn set(&mut self, node: u32, given: Given<'_>) {
        let value = self.kept(given);
        if value == Value::Missing {
            return;
        }
        if let Some(known) = self.given_mut(node) {
            *known = value;
        } else if self.values.last().is_none_or(|(last, _)| *last < node) {
            self.values.push((node, value));
        } else {
            self.late.insert(node, value);
        }
    }

    /// A number that stands behind those that the node has already; otherwise what is not kept.
    pub(super) fn append(&mut self, node: u32, given: Given<'_>) -> Result<(), ()> {
        match (self.given_mut(node), given) {
            (Some(Value::List(list)), Given::Number(number)) => list.push(number),
            (Some(value), Given::Number(number)) => match value {
                Value::Number(first) => *value = Value::List(vec![*first, number]),
                _ => return Err(()),
            },
            (Some(_), _) => return Err(()),
            (None, _) => self.set(node, given),
        }
        Ok(())
    }

    /// Notes a value that is none of the type the file states.
    pub(super) fn pass_over(&mut self, what: impl FnOnce() -> String) {
        if self.n_unread == 0 {
            self.first_unread = what();
        }
        self.n_unread += 1;
    }

    /// Puts all values in order.
    pub(super) fn settle(&mut self) {
        self.values.extend(std::mem::take(&mut self.late));
        self.values.sort_by_key(|(node, _)| *node);
    }

    /// Every value that some node has.
    pub(super) fn all_values(&self) -> impl Iterator<Item = &Value> {
        let default = Some(&self.default).filter(|value| **value != Value::Missing);
        self.values.iter().map(|(_, value)| value).chain(default)
    }

    /// Every node that has a value, with it.
    pub(super) fn each(&self, n: usize, mut each: impl FnMut(usize, &Value)) {
        if self.default == Value::Missing {
            self.values.iter().for_each(|(node, value)| each(*node as usize, value));
            return;
        }
        let mut given = self.values.iter().peekable();
        for node in 0..n {
            match given.next_if(|(given, _)| *given as usize == node) {
                Some((_, value)) => each(node, value),
                None => each(node, &self.default),
            }
        }
    }

    pub(super) fn n_missing(&self, n: usize) -> usize {
        if self.default == Value::Missing { n.saturating_sub(self.values.len()) } else { 0 }
    }

    /// How many numbers every value is, where all are as many finite numbers; otherwise why it can be no feature.
    pub(super) fn n_numbers(&self) -> Result<usize, &'static str> {
        let is_finite = |number: &f64| (*number as f32).is_finite();
        let mut width = None;
        for value in self.all_values() {
            let n = match value {
                Value::Number(number) if is_finite(number) => 1,
                Value::List(list) if list.iter().all(is_finite) => list.len(),
                Value::Number(_) | Value::List(_) => return Err("numbers that are not finite"),
                Value::Text(_) => return Err(TEXTS),
                Value::Missing => continue,
            };
            if *width.get_or_insert(n) != n {
                return Err("not as many numbers for every node");
            }
        }
        width.filter(|n| *n > 0).ok_or(TEXTS)
    }

    /// Whether all texts that say anything are integers.
    pub(super) fn has_integer_texts(&self) -> bool {
        let mut said = self.texts.iter().filter(|text| !says_nothing(text)).peekable();
        said.peek().is_some() && said.all(|text| text.trim().parse::<i64>().is_ok())
    }

    /// Number of distinct integers from 0 or texts that say anything; `None` where there are other values or both.
    pub(super) fn n_distinct(&self) -> Option<usize> {
        let mut seen = BTreeSet::new();
        let has_integer_texts = self.has_integer_texts();
        let is_none = |text: &str| says_nothing(text) || (has_integer_texts && text.trim().starts_with('-'));
        for value in self.all_values() {
            match value {
                Value::Missing => {}
                Value::Number(v) if v.fract() == 0.0 && v.abs() < 2f64.powi(53) && self.texts.is_empty() => {
                    // Below 0 means that there is no class.
                    _ = *v >= 0.0 && seen.insert(*v as i64);
                }
                Value::Text(at) if is_none(&self.texts[*at as usize]) => {}
                Value::Text(at) => _ = seen.insert(i64::from(*at)),
                Value::Number(_) | Value::List(_) => return None,
            }
        }
        let has_numbers = self.all_values().any(|value| matches!(value, Value::Number(_)));
        (self.texts.is_empty() || !has_numbers).then_some(seen.len())
    }

    pub(super) fn has_name_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.name.eq_ignore_ascii_case(name))
    }

    /// Whether the values of all nodes with a class tell that class, and the class tells the value.
    pub(super) fn tells(&self, labels: &Labels, n: usize) -> bool {
        let mut value_of: BTreeMap<u32, i64> = BTreeMap::new();
        let mut class_of: BTreeMap<i64, u32> = BTreeMap::new();
        let (mut is_told, mut n_told) = (true, 0usize);
        self.each(n, |node, value| {
            let class = labels.classes().get(node).copied().unwrap_or(Labels::UNLABELLED);
            match value {
                Value::Number(v) if class != Labels::UNLABELLED && v.fract() == 0.0 && v.abs() < 2f64.powi(53) => {
                    n_told += 1;
                    is_told &= *value_of.entry(class).or_insert(*v as i64) == *v as i64;
                    is_told &= *class_of.entry(*v as i64).or_insert(class) == class;
                }
                _ => is_told &= class == Labels::UNLABELLED,
            }
        });
        let n_labelled = labels.classes().iter().filter(|class| **class != Labels::UNLABELLED).count();
        is_told && n_told == n_labelled && value_of.len() > 1
    }
}

/// Why texts are no features by themselves.
pub(super) const TEXTS: &str = "text";

/// A value as a file gives it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    Number(f64),
    List(&'a [f64]),
    Text(&'a str),
}

/// The type that a file states for an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Boolean,
    /// Several numbers.
    List,
    /// Text, and every type that is not known.
    Text,
}

impl Type {
    /// What `GraphML`, graph-tool and GEXF call it.
    pub(super) fn named(kind: &str) -> Self {
        match kind.to_ascii_lowercase().as_str() {
            "boolean" | "bool" => Self::Boolean,
            "int" | "integer" | "long" | "short" | "byte" | "float" | "double" | "real" | "bigdecimal"
            | "biginteger" | "int16_t" | "int32_t" | "int64_t" | "uint8_t" | "long double" => Self::Number,
            list if list.strip_prefix("vector_").is_some_and(|item| !item.contains("string")) => Self::List,
            "listboolean" | "listbyte" | "listshort" | "listinteger" | "listlong" | "listfloat" | "listdouble" => {
                Self::List
            }
            _ => Self::Text,
        }
    }

    /// Gives the value that a text stands for to `take`; nothing where the text says that there is none.
    ///
    /// Otherwise what was expected.
    pub(super) fn read(self, text: &str, take: impl FnOnce(Given<'_>)) -> Result<(), &'static str> {
        let text = text.trim();
        match self {
            Self::Text => take(Given::Text(text)),
            _ if says_nothing(text) => {}
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" => take(Given::Number(1.0)),
                "false" | "0" | "no" => take(Given::Number(0.0)),
                _ => return Err("boolean"),
            },
            Self::Number => take(Given::Number(number_of(text).ok_or("number")?)),
            Self::List => {
                let list = list_of(text).ok_or("list of numbers")?;
                take(Given::List(&list));
            }
        }
        Ok(())
    }
}

/// The numbers of a text such as `[0.1, 2]` or `0.1 2`.
pub(super) fn list_of(text: &str) -> Option<Vec<f64>> {
    let inner = text.trim().trim_start_matches(['[', '(', '{']).trim_end_matches([']', ')', '}']);
    let words = inner.split([' ', ',', ';', '|', '\t', '\n', '\r']).filter(|word| !word.is_empty());
    let list: Vec<f64> = words.map(number_of).collect::<Option<_>>()?;
    (!list.is_empty()).then_some(list)
}
