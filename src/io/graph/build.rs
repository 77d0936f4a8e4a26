//! From the edges that a reader found to a structure: what the user asked for, what the file says, and the numbers of ids.

use std::collections::HashMap;

use super::draft::Draft;
use super::request::Request;
use super::unmet::check_weights;
use crate::engine::graph::{Direction, EdgeList, EdgeReport, SelfLoops, Topology};
use crate::io::npy::Pieces;
use crate::io::report::{LoadError, LoadReport};
use crate::io::sparse::MatrixEdges;

/// Structure, one weight per entry if there are weights, and what was done.
pub(super) struct Built {
    pub(super) topology: Topology,
    pub(super) weights: Option<Vec<f32>>,
    pub(super) edges: EdgeReport,
}

/// What the file says of its edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    /// Nothing.
    Nothing,
    /// They go one way.
    Directed,
    /// They go both ways, and each stands there at least once.
    Undirected,
}

/// Builds a structure of `n` nodes: both ways and with self-loops, where the user does not ask for anything else.
pub(super) fn build(
    list: EdgeList,
    n: usize,
    stated: Stated,
    request: Request<'_>,
    report: &mut LoadReport,
) -> Result<Built, LoadError> {
    let wanted = (Direction::Symmetrised, SelfLoops::Added);
    let built = build_as(list, n, stated, wanted, request, report)?;
    report_completion(&built.edges, report);
    Ok(built)
}

/// Builds a structure of `n` nodes as the user asks, else as `meant` by the format.
pub(super) fn build_as(
    list: EdgeList,
    n: usize,
    stated: Stated,
    meant: (Direction, SelfLoops),
    request: Request<'_>,
    report: &mut LoadReport,
) -> Result<Built, LoadError> {
    let asked = request.options.direction.unwrap_or(meant.0);
    let direction = if stated == Stated::Undirected { Direction::Symmetrised } else { asked };
    match stated {
        Stated::Nothing => {}
        Stated::Directed => drop(report.fact("edges in the file", "directed")),
        Stated::Undirected => drop(report.fact("edges in the file", "undirected")),
    }
    check_weights(&list, request)?;
    let list = with_honest_weights(list, request, report);
    let self_loops = request.options.self_loops.unwrap_or(meant.1);
    let built = list
        .assemble(n, direction, self_loops, request.ctl)
        .map_err(|error| LoadError::invalid(request.path, error))?;
    if built.n_unequal > 0 {
        report.warnings.push(format!(
            "{} edges stand there in both directions with different weights: the larger counts for both (--direction as-stored keeps \
             each)",
            built.n_unequal
        ));
    }
    if request.options.direction.is_some() || (stated == Stated::Directed && asked == Direction::Symmetrised) {
        let used = match direction {
            Direction::AsStored => "as stored",
            Direction::Reversed => "reversed",
            Direction::Symmetrised => "both ways",
        };
        report.fact("edges are used", used);
    }
    if let Some(weights) = &built.weights {
        let (least, most) = weights.iter().fold((f32::INFINITY, 0f32), |(a, b), w| (a.min(*w), b.max(*w)));
        report.fact("edge weights", format!("{least} to {most}"));
    }
    Ok(Built { topology: built.topology, weights: built.weights, edges: built.report })
}

/// The list with its weights, if they say anything and a diffusion matrix can be made of them.
fn with_honest_weights(list: EdgeList, request: Request<'_>, report: &mut LoadReport) -> EdgeList {
    if !list.is_weighted() {
        return list;
    }
    if request.options.weights == Some(false) {
        report.fact("edge weights", "not used, as asked");
        return list.without_weights();
    }
    let n_negative = list.weights().filter(|w| *w < 0.0).count();
    if n_negative > 0 {
        report.warnings.push(format!("{n_negative} edge weights are below 0: none is used, every edge counts 1"));
        return list.without_weights();
    }
    // Ones are no weights: edges that stand there several times then count once, as in a graph without weights.
    if list.weights().all(|w| w.to_bits() == 1f32.to_bits()) { list.without_weights() } else { list }
}

impl Draft {
    /// A draft of what was built.
    pub(super) fn of(name: String, built: Built) -> Self {
        let mut draft = Self::new(name, built.topology);
        draft.edge_weights = built.weights;
        draft
    }
}

/// Says what was read, merged and added.
pub(super) fn report_completion(edges: &EdgeReport, report: &mut LoadReport) {
    report
        .fact("edges read", edges.n_read)
        .fact("duplicate edges merged", edges.n_duplicates)
        .fact("self-loops read", edges.n_self_loops_read)
        .fact("reverse entries added", edges.n_reversed_added)
        .fact("self-loops added", edges.n_self_loops_added);
    if edges.n_self_loops_removed > 0 {
        report.fact("self-loops removed", edges.n_self_loops_removed);
    }
}

/// Edges whose ends are any integers: kept as they are while they are below 2³², else under numbers in order of
/// appearance.
pub(super) struct SparseEdges {
    pub(super) list: EdgeList,
    large: Option<Appearance>,
}

/// Numbers for ids in order of appearance. Looked up only, never walked.
#[derive(Default)]
struct Appearance {
    number: HashMap<u64, u32>,
    ids: Vec<u64>,
}

impl Appearance {
    fn number(&mut self, id: u64) -> u32 {
        let next = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
        *self.number.entry(id).or_insert_with(|| {
            self.ids.push(id);
            next
        })
    }
}

impl SparseEdges {
    pub(super) fn new(is_weighted: bool) -> Self {
        Self { list: if is_weighted { EdgeList::weighted() } else { EdgeList::new() }, large: None }
    }

    /// Edges whose ends are places among these ids, each of which is there once.
    pub(super) fn of_ids(list: EdgeList, ids: Vec<u64>) -> Self {
        Self { list, large: Some(Appearance { number: HashMap::new(), ids }) }
    }

    /// Edges whose ends are numbers of nodes.
    pub(super) fn of_numbers(list: EdgeList) -> Self {
        Self { list, large: None }
    }

    /// Adds an edge.
    #[inline]
    pub(super) fn push(&mut self, source: u64, target: u64, weight: f32) {
        match (&mut self.large, u32::try_from(source), u32::try_from(target)) {
            (None, Ok(source), Ok(target)) => self.list.push(source, target, weight),
            _ => self.push_large(source, target, weight),
        }
    }

    fn push_large(&mut self, source: u64, target: u64, weight: f32) {
        let Self { list, large } = self;
        let large = large.get_or_insert_with(|| {
            let mut large = Appearance::default();
            list.renumber(|a, b| (large.number(a.into()), large.number(b.into())));
            large
        });
        let ends = (large.number(source), large.number(target));
        list.push(ends.0, ends.1, weight);
    }

    /// The distinct ids.
    pub(super) fn distinct_ids(&self) -> Ids {
        if let Some(large) = &self.large {
            let mut ids = large.ids.clone();
            ids.sort_unstable();
            return Ids::Table(ids);
        }
        let most = self.list.largest_end().unwrap_or(0) as usize;
        if most / 64 <= self.list.len() {
            // One bit per possible id is no more than the edges themselves take.
            let mut is_there = vec![0u64; most / 64 + 1];
            self.list.for_each(|a, b| {
                is_there[a as usize / 64] |= 1 << (a % 64);
                is_there[b as usize / 64] |= 1 << (b % 64);
            });
            let n: usize = is_there.iter().map(|bits| bits.count_ones() as usize).sum();
            if n == most + 1 {
                return Ids::UpTo(n);
            }
            let mut ids = Vec::with_capacity(n);
            for (at, bits) in is_there.into_iter().enumerate() {
                let mut bits = bits;
                while bits != 0 {
                    ids.push(at as u64 * 64 + u64::from(bits.trailing_zeros()));
                    bits &= bits - 1;
                }
            }
            return Ids::Table(ids);
        }
        let mut ids: Vec<u32> = Vec::new();
        let mut n_sorted = 1 << 20;
        self.list.for_each(|a, b| {
            ids.extend([a, b]);
            if ids.len() > 2 * n_sorted {
                ids.sort_unstable();
                ids.dedup();
                n_sorted = n_sorted.max(ids.len());
            }
        });
        ids.sort_unstable();
        ids.dedup();
        Ids::Table(ids.into_iter().map(u64::from).collect())
    }

    /// Replaces every id by its number.
    pub(super) fn number_by(&mut self, numbering: &Numbering<'_>) {
        match self.large.take() {
            Some(large) => {
                let numbers: Vec<u32> = large.ids.iter().map(|id| numbering.number(*id)).collect();
                self.list.renumber(|a, b| (numbers[a as usize], numbers[b as usize]));
            }
            None if matches!(numbering, Numbering::Same(_)) => {}
            None => self.list.renumber(|a, b| (numbering.number(a.into()), numbering.number(b.into()))),
        }
    }
}

/// Distinct ids.
pub(super) enum Ids {
    /// All numbers below this one.
    UpTo(usize),
    /// These, ascending.
    Table(Vec<u64>),
}

impl Ids {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::UpTo(n) => *n,
            Self::Table(ids) => ids.len(),
        }
    }

    /// Whether an id is among them.
    pub(super) fn has(&self, id: u64) -> bool {
        match self {
            Self::UpTo(n) => id < *n as u64,
            Self::Table(ids) => ids.binary_search(&id).is_ok(),
        }
    }

    /// These and others.
    pub(super) fn with(self, others: impl IntoIterator<Item = u64>) -> Self {
        let mut ids = match self {
            Self::UpTo(n) => (0..n as u64).collect(),
            Self::Table(ids) => ids,
        };
        ids.extend(others);
        ids.sort_unstable();
        ids.dedup();
        match ids.last() {
            Some(last) if *last == ids.len() as u64 - 1 => Self::UpTo(ids.len()),
            _ => Self::Table(ids),
        }
    }

    pub(super) fn largest(&self) -> u64 {
        match self {
            Self::UpTo(n) => n.saturating_sub(1) as u64,
            Self::Table(ids) => ids.last().copied().unwrap_or(0),
        }
    }

    /// How they are spelt, ascending.
    pub(super) fn to_texts(&self) -> Vec<String> {
        match self {
            Self::UpTo(n) => (0..*n).map(|id| id.to_string()).collect(),
            Self::Table(ids) => ids.iter().map(u64::to_string).collect(),
        }
    }
}

/// How ids become node numbers.
pub(super) enum Numbering<'a> {
    /// The id is the number.
    Same(usize),
    /// The number is the place among these ids, ascending.
    Table(Places<'a>),
}

/// Ascending ids with an index over their leading bits.
pub(super) struct Places<'a> {
    ids: &'a [u64],
    /// The ids whose value without the last `shift` bits is `i` are `ids[start[i]..start[i + 1]]`.
    start: Vec<u32>,
    shift: u32,
}

impl<'a> Places<'a> {
    pub(super) fn new(ids: &'a [u64]) -> Self {
        /// About one id per place, and no more places than a core's cache holds.
        const MOST_BITS: u32 = 18;
        let n_bits = ids.last().map_or(0, |most| u64::BITS - most.leading_zeros());
        let shift = n_bits.saturating_sub(MOST_BITS.min(ids.len().max(1).ilog2() + 1));
        let n_places = ids.last().map_or(0, |most| (most >> shift) as usize + 1);
        let mut start = vec![0u32; n_places + 1];
        for id in ids {
            start[(id >> shift) as usize + 1] += 1;
        }
        for place in 0..n_places {
            start[place + 1] += start[place];
        }
        Self { ids, start, shift }
    }

    /// Where the id stands, if it does.
    pub(super) fn find(&self, id: u64) -> Option<u32> {
        let place = usize::try_from(id >> self.shift).ok()?;
        let (from, to) = (*self.start.get(place)?, *self.start.get(place + 1)?);
        let at = self.ids[from as usize..to as usize].binary_search(&id).ok()?;
        u32::try_from(at).ok().map(|at| from + at)
    }
}

impl<'a> Numbering<'a> {
    /// By the ids alone, or by the number of rows of what lies beside the list.
    pub(super) fn choose(ids: &'a Ids, n_rows: Option<usize>, request: Request<'_>) -> Result<Self, LoadError> {
        let path = request.path;
        if u32::try_from(ids.len()).is_err() {
            return Err(LoadError::content(path, "whole file", "fewer than 2^32 nodes", ids.len()));
        }
        let n_ids = ids.len();
        let largest = ids.largest();
        let table = || match ids {
            Ids::Table(ids) if ids.is_empty() || largest != n_ids as u64 - 1 => Self::Table(Places::new(ids)),
            _ => Self::Same(n_ids),
        };
        match n_rows {
            None => Ok(table()),
            Some(n) if usize::try_from(largest).is_ok_and(|largest| largest < n) && u32::try_from(n).is_ok() => {
                Ok(Self::Same(n))
            }
            Some(n) if n == n_ids => Ok(table()),
            Some(n) => {
                let expected = format!("{n_ids} rows (one per distinct id) or more than {largest} (the largest id)");
                Err(LoadError::content(path, "features or labels beside the list", expected, format!("{n} rows")))
            }
        }
    }

    /// By the ids alone.
    pub(super) fn of(ids: &'a Ids) -> Self {
        match ids {
            Ids::UpTo(n) => Self::Same(*n),
            Ids::Table(ids) => Self::Table(Places::new(ids)),
        }
    }

    pub(super) fn n_nodes(&self) -> usize {
        match self {
            Self::Same(n) => *n,
            Self::Table(places) => places.ids.len(),
        }
    }

    /// The number of an id of the list.
    fn number(&self, id: u64) -> u32 {
        match self {
            // An id that is not there becomes a number that assembling refuses.
            Self::Same(_) => u32::try_from(id).unwrap_or(u32::MAX),
            Self::Table(places) => places.find(id).unwrap_or(u32::MAX),
        }
    }
}

/// Edges from rows of their two ends. `[n_edges, 2]`
pub(super) fn edge_pairs(edges: Pieces<'_>, n: usize) -> Result<EdgeList, LoadError> {
    match edges.shape() {
        [_, 2] => {}
        // No edges, as numpy makes them of an empty list or turned.
        [2, 0] | [0] => return Ok(EdgeList::new()),
        [_, columns] => return Err(edges.fault("two columns", columns)),
        other => return Err(edges.fault("two axes (edges and their two ends)", format!("shape {other:?}"))),
    }
    let mut list = EdgeList::new();
    edges.pairs(false, (n, "node numbers"), |a, b| list.push(a, b, 1.0))?;
    Ok(list)
}

/// Structure from rows whose columns are the targets of the row's node, exactly as stored unless the user asks for more.
pub(super) fn build_as_stored(
    edges: MatrixEdges,
    report: &mut LoadReport,
    request: Request<'_>,
) -> Result<Built, LoadError> {
    let meant = (Direction::AsStored, SelfLoops::AsStored);
    let built = build_as(edges.list, edges.n, Stated::Nothing, meant, request, report)?;
    if built.edges.n_duplicates > 0 {
        report.fact("duplicate entries merged", built.edges.n_duplicates);
    }
    if !edges.is_sorted {
        report.warnings.push(
            "columns do not ascend within rows: entries are numbered in ascending order, not in the file's".to_owned(),
        );
    }
    if request.options.direction.is_none() && !built.topology.is_symmetric() {
        report.warnings.push(
            "the matrix is not symmetric: its rows are read as sources and its columns as targets, so it is transposed"
                .to_owned(),
        );
    }
    Ok(built)
}
