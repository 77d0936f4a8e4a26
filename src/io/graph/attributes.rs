//! Nodes with names and attributes, as `GraphML`, GEXF and GML have them, and what becomes of the attributes: features, one class
//! per node, a split.
//!
//! What the user names is used. Else an attribute called `class`, `y` or the like is the class, if its values are integers or texts
//! that repeat; `split`, or `train_mask`, `val_mask` and `test_mask`, are the split; and every attribute of numbers that is left is a
//! feature. An attribute called `label`, `name` or `id` is a name and neither; one that may be a class, or that tells the class of
//! every node, is no feature. Texts become features only where the user names them: texts that are lists of numbers as these numbers,
//! others as one column per distinct text. What is not used is reported, with the option that uses it.
//!
//! What is never allocated: anything of the size nodes × attributes. Values are kept for the nodes that have them, and features are
//! built sparse.

use std::collections::{BTreeSet, HashMap};

use sprs::CsMatI;

use super::draft::{Draft, MAX_CLASSES};
use super::labels::{labels_from, says_nothing};
use super::request::Request;
use super::values::{Attribute, Given, TEXTS, Type, Value, list_of};
use crate::engine::graph::{Features, Labels, Split};
use crate::io::report::{LoadError, LoadReport};
use crate::io::text::shortened;

/// Names of attributes that are taken for the class, the likeliest first.
const CLASS_NAMES: [&str; 11] =
    ["class", "y", "target", "category", "community", "club", "group", "gt", "ground_truth", "node_label", "value"];
/// Names of attributes that hold what is to be predicted whatever their values are: never features by themselves.
const TARGET_NAMES: [&str; 6] = ["class", "y", "target", "gt", "ground_truth", "node_label"];
/// Names of attributes that name their node: neither class nor feature by themselves.
const NAME_NAMES: [&str; 3] = ["label", "name", "id"];
/// Names of the attributes that are taken for the parts of a split.
const MASK_NAMES: [&str; 3] = ["train_mask", "val_mask", "test_mask"];
/// Features wider than this are refused: models allocate by width.
const MAX_WIDTH: usize = 1 << 16;
/// So many attributes are named one by one in a report: their names come from the file.
const MAX_NAMED: usize = 64;

/// Nodes in order of appearance, by their names.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Looked up only, never iterated.
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

/// All attributes of all nodes.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    all: Vec<Attribute>,
    /// Looked up only, never iterated.
    place: HashMap<String, usize>,
}

impl Attributes {
    /// The attribute of that name, made where there is none.
    pub(super) fn named(&mut self, name: &str) -> &mut Attribute {
        let at = if let Some(at) = self.place.get(name) {
            *at
        } else {
            self.place.insert(name.to_owned(), self.all.len());
            self.all.push(Attribute::new(name));
            self.all.len() - 1
        };
        &mut self.all[at]
    }

    /// Gives a node the value that `text` stands for; one that is none of the type is noted with its place.
    pub(super) fn set_text(&mut self, name: &str, kind: Type, node: u32, text: &str, place: impl FnOnce() -> String) {
        let attribute = self.named(name);
        if let Err(expected) = kind.read(text, |given| attribute.set(node, given)) {
            attribute.pass_over(|| format!("{}: no {expected}: {:?}", place(), shortened(text)));
        }
    }

    /// Gives every node without a value the one that `text` stands for.
    pub(super) fn set_default(&mut self, name: &str, kind: Type, text: &str) {
        let attribute = self.named(name);
        if let Err(expected) = kind.read(text, |given| attribute.set_default(given)) {
            attribute.pass_over(|| format!("default: no {expected}: {:?}", shortened(text)));
        }
    }

    /// Gives a node a further value of the same name; only numbers are kept beside the first.
    pub(super) fn append(&mut self, name: &str, node: u32, value: Given<'_>) -> Result<(), ()> {
        self.named(name).append(node, value)
    }

    fn find(&self, key: &str, name: &str, request: Request<'_>) -> Result<usize, LoadError> {
        self.place.get(name).copied().ok_or_else(|| {
            let names: Vec<String> = self.all.iter().map(|a| shortened(&a.name)).collect();
            let expected = if names.is_empty() { "a file with node attributes".to_owned() } else { listed(&names) };
            LoadError::content(request.path, format!("graph.{key}"), expected, name)
        })
    }

    fn find_any_case(&self, name: &str) -> Option<usize> {
        self.all.iter().position(|a| a.name.eq_ignore_ascii_case(name))
    }

    /// Turns the attributes into features, labels and a split of the draft.
    pub(super) fn apply(mut self, draft: &mut Draft, request: Request<'_>) -> Result<(), LoadError> {
        let n = draft.topology.n_nodes();
        self.all.iter_mut().for_each(Attribute::settle);
        let mut is_used = vec![false; self.all.len()];
        let asked: Option<Vec<usize>> = match &request.options.features {
            Some(names) => {
                Some(names.iter().map(|name| self.find("features", name, request)).collect::<Result<_, _>>()?)
            }
            None => None,
        };
        let class = self.class(asked.as_deref().unwrap_or(&[]), n, request)?;
        if let Some(at) = class {
            is_used[at] = true;
            let labels = self.labels(at, n, request)?;
            report_class(&self.all[at], request, &mut draft.report);
            draft.labels = Some(labels);
        }
        let split = match &request.options.split_masks {
            Some(names) => {
                names.iter().map(|name| self.find("split_masks", name, request)).collect::<Result<_, _>>()?
            }
            None => self.find_split(),
        };
        if !split.is_empty() {
            draft.report.fact("split from", self.names(&split));
            draft.splits.push(self.split(&split, n, request)?);
            for at in &split {
                is_used[*at] = true;
            }
        }
        let mut reasons: Vec<Option<String>> = vec![None; self.all.len()];
        let mut columns = Vec::new();
        if let Some(asked) = asked {
            if let Some(at) = asked.iter().find(|at| class == Some(**at)) {
                let found = shortened(&self.all[*at].name);
                let expected = format!("attributes other than the class ({found})");
                return Err(LoadError::content(request.path, "graph.features", expected, found));
            }
            columns = asked;
        } else {
            for at in (0..self.all.len()).filter(|at| !is_used[*at]) {
                match self.no_feature(at, draft.labels.as_ref(), n) {
                    None => columns.push(at),
                    reason => reasons[at] = reason,
                }
            }
        }
        if !columns.is_empty() {
            let choice = if request.options.features.is_none() { " (--features NAME,… takes others)" } else { "" };
            draft.report.fact("features from", format!("{}{choice}", self.names(&columns)));
            for at in &columns {
                is_used[*at] = true;
            }
            draft.features = Some(self.features(&columns, n, draft, request)?);
        }
        self.report_unused(&is_used, &reasons, &mut draft.report);
        Ok(())
    }

    /// The attribute that is the class: what the user names, else what is called so and is not asked for as a feature.
    fn class(&self, features: &[usize], n: usize, request: Request<'_>) -> Result<Option<usize>, LoadError> {
        if let Some(name) = &request.options.labels {
            return self.find("labels", name, request).map(Some);
        }
        let named = CLASS_NAMES.iter().filter_map(|name| self.find_any_case(name));
        let mut fit = named.filter(|at| !features.contains(at)).filter(|at| self.may_be_class(*at, n));
        Ok(fit.next())
    }

    /// Whether the values are classes. A class that every node has for itself is a name.
    fn may_be_class(&self, at: usize, n: usize) -> bool {
        self.all[at].n_distinct().is_some_and(|k| k > 0 && k < n && k <= MAX_CLASSES as usize)
    }

    /// Why an attribute is no feature by itself, if it is none.
    fn no_feature(&self, at: usize, labels: Option<&Labels>, n: usize) -> Option<String> {
        let attribute = &self.all[at];
        let name = shortened(&attribute.name);
        if attribute.has_name_of(&NAME_NAMES) {
            return Some(format!("a name: --labels {name} makes it the class"));
        }
        match attribute.n_numbers() {
            Err(TEXTS) => return Some(String::new()),
            Err(reason) => return Some(reason.to_owned()),
            Ok(_) => {}
        }
        let is_target = attribute.has_name_of(&TARGET_NAMES);
        if is_target || (attribute.has_name_of(&CLASS_NAMES) && self.may_be_class(at, n)) {
            return Some(format!("it may be a class, so it is no feature: --features {name} takes it"));
        }
        labels
            .is_some_and(|labels| attribute.tells(labels, n))
            .then(|| format!("it tells the class of every node, so it is no feature: --features {name} takes it"))
    }

    fn names(&self, places: &[usize]) -> String {
        listed(&places.iter().map(|at| shortened(&self.all[*at].name)).collect::<Vec<_>>())
    }

    fn report_unused(&self, is_used: &[bool], reasons: &[Option<String>], report: &mut LoadReport) {
        let mut n_further = 0usize;
        let mut lines = Vec::new();
        for (at, attribute) in self.all.iter().enumerate() {
            let name = shortened(&attribute.name);
            if attribute.n_unread > 0 {
                let (n, first) = (attribute.n_unread, &attribute.first_unread);
                lines.push(format!("{n} values of node attribute {name} ({first})"));
            }
            let has_nothing_else = attribute.n_unread > 0 && attribute.all_values().next().is_none();
            if !(is_used[at] || has_nothing_else) {
                lines.push(match reasons[at].as_deref() {
                    None | Some("") => format!("node attribute {name}"),
                    Some(reason) => format!("node attribute {name} ({reason})"),
                });
            }
            if lines.len() > MAX_NAMED {
                n_further += lines.len() - MAX_NAMED;
                lines.truncate(MAX_NAMED);
            }
        }
        if n_further > 0 {
            lines.push(format!("{n_further} further node attributes"));
        }
        report.ignored.extend(lines);
    }

    fn labels(&self, at: usize, n: usize, request: Request<'_>) -> Result<Labels, LoadError> {
        let attribute = &self.all[at];
        let place = format!("node attribute {}", shortened(&attribute.name));
        let fault = |expected: String, found: String| LoadError::content(request.path, &place, expected, found);
        let has_integer_texts = attribute.has_integer_texts();
        // Texts are numbered in alphabetical order, integers are their own number.
        let said = (0..attribute.texts.len() as u32).filter(|at| !says_nothing(&attribute.texts[*at as usize]));
        let mut order: Vec<u32> = said.collect();
        order.sort_by(|a, b| attribute.texts[*a as usize].cmp(&attribute.texts[*b as usize]));
        let mut class_of_text = vec![-1i64; attribute.texts.len()];
        for (class, text) in (0i64..).zip(&order) {
            let own = attribute.texts[*text as usize].trim().parse().ok().filter(|_| has_integer_texts);
            class_of_text[*text as usize] = own.unwrap_or(class);
        }
        let mut classes = vec![-1i64; n];
        let mut wrong = None;
        attribute.each(n, |node, value| {
            classes[node] = match value {
                Value::Missing => -1,
                Value::Number(v) if v.fract() == 0.0 && v.abs() < 2f64.powi(53) && attribute.texts.is_empty() => {
                    *v as i64
                }
                Value::Text(text) => class_of_text[*text as usize],
                Value::Number(v) => {
                    wrong.get_or_insert_with(|| ("integers or texts", v.to_string()));
                    -1
                }
                Value::List(list) => {
                    wrong.get_or_insert_with(|| ("one class per node", format!("{} numbers", list.len())));
                    -1
                }
            };
        });
        if let Some((expected, found)) = wrong {
            return Err(fault(expected.into(), found));
        }
        let mut labels = labels_from(&classes, |expected, found| fault(expected, found.to_string()))?;
        if labels.n_classes() == order.len() && !has_integer_texts {
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
        let (mut width, mut n_stored) = (0usize, 0u64);
        for at in columns {
            let (own, lists) = self.width(*at, request)?;
            let attribute = &self.all[*at];
            let per_value = if attribute.texts.is_empty() || lists.is_some() { own } else { 1 };
            let n_given = n - attribute.n_missing(n);
            n_stored = n_stored.saturating_add(n_given as u64 * per_value as u64);
            width += own;
            widths.push((own, lists));
        }
        if width > MAX_WIDTH {
            let expected = format!("at most {MAX_WIDTH} columns (--features NAME,… takes those that are wanted)");
            return Err(LoadError::content(request.path, "features", expected, width));
        }
        // Columns and values as they are counted and as they are kept, where every place may be stored in the end.
        const PER_VALUE: u64 = 24;
        request.ask(n_stored.saturating_mul(PER_VALUE), || format!("{n_stored} values of node attributes"))?;
        let mut rows: Vec<usize> = vec![0; n + 1];
        self.for_each_value(columns, &widths, n, |node, _, _| rows[node + 1] += 1);
        for node in 0..n {
            rows[node + 1] += rows[node];
        }
        let n_stored = rows[n];
        let (mut next, mut places, mut values) = (rows.clone(), vec![0u32; n_stored], vec![0f32; n_stored]);
        self.for_each_value(columns, &widths, n, |node, column, value| {
            places[next[node]] = column as u32;
            values[next[node]] = value;
            next[node] += 1;
        });
        let gaps = columns.iter().map(|at| (&self.all[*at], self.all[*at].n_missing(n)));
        let gaps: Vec<(&Attribute, usize)> = gaps.filter(|(_, n_missing)| *n_missing > 0).collect();
        for (attribute, n_missing) in gaps.iter().take(MAX_GAPS) {
            let name = shortened(&attribute.name);
            draft.report.warnings.push(format!("{n_missing} nodes have no {name}: 0 stands in for it"));
        }
        if gaps.len() > MAX_GAPS {
            let n_further = gaps.len() - MAX_GAPS;
            draft.report.warnings.push(format!("{n_further} further attributes have gaps: 0 stands in for them"));
        }
        Ok(Features::from_sparse(CsMatI::new((n, width), rows, places, values)))
    }

    /// Gives node, column and value of every feature that is not 0 to `each`; columns of a node in ascending order.
    fn for_each_value(
        &self,
        columns: &[usize],
        widths: &[(usize, Option<Lists>)],
        n: usize,
        mut each: impl FnMut(usize, usize, f32),
    ) {
        let mut first = 0;
        for (at, (width, parsed)) in columns.iter().zip(widths) {
            let mut each = |node: usize, column: usize, value: f64| {
                if value as f32 != 0.0 {
                    each(node, first + column, value as f32);
                }
            };
            self.all[*at].each(n, |node, value| match value {
                Value::Missing => {}
                Value::Number(v) => each(node, 0, *v),
                Value::List(list) => list.iter().enumerate().for_each(|(j, v)| each(node, j, *v)),
                Value::Text(text) => match parsed {
                    Some(lists) => lists[*text as usize].iter().enumerate().for_each(|(j, v)| each(node, j, *v)),
                    None => each(node, *text as usize, 1.0),
                },
            });
            first += width;
        }
    }

    /// How many columns an attribute makes and, for texts that are lists of numbers, those.
    fn width(&self, at: usize, request: Request<'_>) -> Result<(usize, Option<Lists>), LoadError> {
        let attribute = &self.all[at];
        let fault = |expected: &str, found: String| {
            let place = format!("node attribute {}", shortened(&attribute.name));
            LoadError::content(request.path, place, expected, found)
        };
        if attribute.texts.is_empty() {
            let lengths: BTreeSet<usize> = attribute
                .all_values()
                .map(|value| if let Value::List(list) = value { list.len() } else { 1 })
                .collect();
            return match lengths.len() {
                0 | 1 => Ok((lengths.first().copied().unwrap_or(1), None)),
                _ => {
                    let found: Vec<String> = lengths.iter().map(ToString::to_string).collect();
                    Err(fault("as many numbers for every node", found.join(" and ")))
                }
            };
        }
        if let Some(Value::Number(number)) = attribute.all_values().find(|v| matches!(v, Value::Number(_))) {
            return Err(fault("numbers or texts alone", format!("{number} beside texts")));
        }
        let lists: Option<Lists> = attribute.texts.iter().map(|text| list_of(text)).collect();
        match lists {
            Some(lists) if lists.windows(2).all(|w| w[0].len() == w[1].len()) => Ok((lists[0].len(), Some(lists))),
            _ => Ok((attribute.texts.len(), None)),
        }
    }
}

/// So many attributes with gaps are warned about one by one.
const MAX_GAPS: usize = 16;

/// Names with commas between them, the first of many.
fn listed(names: &[String]) -> String {
    match names.get(..MAX_NAMED) {
        Some(first) if names.len() > MAX_NAMED => {
            format!("{} and {} more", first.join(", "), names.len() - MAX_NAMED)
        }
        _ => names.join(", "),
    }
}

/// Says which attribute is the class, and how to take another one.
fn report_class(attribute: &Attribute, request: Request<'_>, report: &mut LoadReport) {
    let name = shortened(&attribute.name);
    let choice = if request.options.labels.is_none() { " (--labels NAME takes another)" } else { "" };
    report.fact("labels from", format!("{name}{choice}"));
    let silent = attribute.texts.iter().filter(|text| says_nothing(text));
    let silent: Vec<String> = silent.take(MAX_GAPS).map(|text| format!("{:?}", shortened(text))).collect();
    if !silent.is_empty() {
        report.fact("no class", silent.join(", "));
    }
}

/// Every text of an attribute, read as a list of numbers.
type Lists = Vec<Vec<f64>>;

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
