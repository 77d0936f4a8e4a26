//! Out of memory against in memory: the same bits, whatever the width of blocks, and whenever it was interrupted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::engine::control::Control;
use crate::engine::error::EngineError;
use crate::engine::graph::{Dataset, DatasetParts, PowerLaw, Split, power_law_communities};
use crate::engine::model::{Architecture, Family};
use crate::engine::sparsify::{EdgeMode, Identity, Recipe, propagate};

/// Arrays in memory, which fails when as many operations as `fails_at` are done.
struct InMemory {
    /// What the last state that was saved can speak of.
    known: Mutex<BTreeSet<StoredArray>>,
    arrays: Mutex<BTreeMap<StoredArray, Vec<u8>>>,
    state: Mutex<Option<PropagationState>>,
    /// What was said to be read next: bytes from where on, how many.
    ahead: Mutex<Vec<(StoredArray, usize, usize)>>,
    /// What was read, likewise.
    reads: Mutex<Vec<(StoredArray, usize, usize)>>,
    n_left: AtomicUsize,
}

impl InMemory {
    fn holding(dataset: &Dataset) -> Self {
        let topology = dataset.topology();
        let indptr: Vec<u64> = topology.indptr().iter().map(|p| *p as u64).collect();
        let features = dataset.features().to_dense();
        let mut arrays = BTreeMap::from([
            (StoredArray::Indptr, bytemuck::cast_slice(&indptr).to_vec()),
            (StoredArray::Indices, bytemuck::cast_slice(topology.indices()).to_vec()),
            (StoredArray::Features, bytemuck::cast_slice(features.as_slice().expect("rows")).to_vec()),
        ]);
        if let Some(weights) = dataset.edge_weights() {
            arrays.insert(StoredArray::Weights, bytemuck::cast_slice(weights).to_vec());
        }
        Self {
            arrays: Mutex::new(arrays),
            known: Mutex::default(),
            state: Mutex::new(None),
            ahead: Mutex::default(),
            reads: Mutex::default(),
            n_left: AtomicUsize::new(usize::MAX),
        }
    }

    fn step(&self) -> Result<(), EngineError> {
        let left = self.n_left.load(Ordering::Relaxed);
        if left == 0 {
            return Err(EngineError::Storage { what: "disk".into(), reason: "power is gone".into() });
        }
        self.n_left.store(left - 1, Ordering::Relaxed);
        Ok(())
    }

    fn values<T: bytemuck::Pod>(&self, array: StoredArray) -> Option<Vec<T>> {
        let arrays = self.arrays.lock().expect("arrays");
        arrays.get(&array).map(|bytes| bytemuck::pod_collect_to_vec(bytes))
    }
}

struct InMemorySink<'a>(&'a InMemory, StoredArray, Vec<u8>);

impl Sink for InMemorySink<'_> {
    fn append(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        self.0.step()?;
        self.2.extend_from_slice(bytes);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), EngineError> {
        self.0.step()?;
        // Else a power cut just now would leave a state that speaks of something else.
        assert!(!self.0.known.lock().expect("known").contains(&self.1), "{:?} is known to the last state", self.1);
        self.0.arrays.lock().expect("arrays").insert(self.1, self.2);
        Ok(())
    }
}

impl Storage for InMemory {
    fn read(&self, array: StoredArray, from: u64, out: &mut [u8]) -> Result<(), EngineError> {
        let arrays = self.arrays.lock().expect("arrays");
        let bytes = arrays.get(&array).and_then(|bytes| bytes.get(from as usize..from as usize + out.len()));
        let missing = || EngineError::Storage { what: format!("{array:?}"), reason: "not there".into() };
        out.copy_from_slice(bytes.ok_or_else(missing)?);
        self.reads.lock().expect("reads").push((array, from as usize, out.len()));
        Ok(())
    }

    fn reads_next(&self, array: StoredArray, from: u64, len: u64) {
        let (from, len) = (from as usize, len as usize);
        let there = self.arrays.lock().expect("arrays").get(&array).map_or(0, Vec::len);
        assert!(from + len <= there, "{array:?} has {there} bytes, not {from} + {len}");
        self.ahead.lock().expect("ahead").push((array, from, len));
    }

    fn create(&self, array: StoredArray) -> Result<Box<dyn Sink + '_>, EngineError> {
        self.step()?;
        Ok(Box::new(InMemorySink(self, array, Vec::new())))
    }

    fn remove(&self, array: StoredArray) -> Result<(), EngineError> {
        self.step()?;
        self.arrays.lock().expect("arrays").remove(&array);
        self.known.lock().expect("known").remove(&array);
        Ok(())
    }

    fn verify(&self, _: &Control) -> Result<(), EngineError> {
        Ok(())
    }

    fn load_state(&self) -> Result<Option<PropagationState>, EngineError> {
        Ok(self.state.lock().expect("state").clone())
    }

    fn save_state(&self, state: &PropagationState) -> Result<(), EngineError> {
        self.step()?;
        *self.state.lock().expect("state") = Some(state.clone());
        *self.known.lock().expect("known") = self.arrays.lock().expect("arrays").keys().copied().collect();
        Ok(())
    }
}

fn graph(is_weighted: bool) -> Dataset {
    let ctl = Control::new(1).expect("a worker");
    let shape = PowerLaw { n_nodes: 5000, n_entries: 40_000, n_features: 77, ..PowerLaw::default() };
    let dataset = power_law_communities(&shape, &ctl).expect("a graph");
    if !is_weighted {
        return dataset;
    }
    let weights = (0..dataset.topology().n_entries()).map(|k| ((k * 37 % 101) as f32).sqrt()).collect();
    let parts = DatasetParts { edge_weights: Some(weights), ..dataset.to_parts() };
    Dataset::try_new(parts).expect("a weighted graph")
}

fn plan(size: &GraphSize, block_width: usize) -> MemoryPlan {
    let n_blocks = size.n_features.div_ceil(block_width);
    MemoryPlan { block_width, n_blocks, memory_bytes: 0, storage_bytes: 0 }
}

fn recipe(family: Family, mode: EdgeMode, identity: Identity, delta: &[f64]) -> Recipe {
    let mut recipe = Recipe { model: Architecture::new(family), ..Recipe::default() };
    recipe.model.hops = 3;
    (recipe.edges.mode, recipe.edges.identity) = (mode, identity);
    recipe.edges.delta = delta.to_vec();
    recipe
}

/// Checks embedding, masks and counts against the propagation in memory.
fn assert_same(storage: &InMemory, state: &PropagationState, dataset: &Dataset, recipe: &Recipe, ctl: &Control) {
    let expected = propagate(dataset, recipe, &Split::default(), None, ctl).expect("in memory");
    let found = storage.values::<f32>(StoredArray::Embedding).expect("an embedding");
    let bits = |values: &[f32]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert!(bits(&found) == bits(expected.embedding.as_slice().expect("rows")), "{recipe:?}");
    let masks = (0..3).rev().find_map(|until| storage.values::<u8>(StoredArray::RemovedAt { until }));
    let everything = vec![3; expected.edges.n_entries()];
    assert!(masks.unwrap_or(everything) == expected.edges.removed_at().expect("progressive"), "{recipe:?}");
    assert_eq!(state.records.len(), 3);
    for (record, step) in state.records.iter().zip(&expected.steps) {
        let edges = step.edges.as_ref().expect("a graph step");
        let counts = (edges.n_self_loops, edges.n_before, edges.n_after);
        assert_eq!((record.n_self_loops, record.n_before, record.n_after), counts, "{recipe:?}");
        assert_eq!(record.delta.to_bits(), edges.delta.to_bits(), "{recipe:?}");
        assert!((record.output_norm - step.output_norm).abs() < 1e-9 * step.output_norm);
        if let Some(mean) = record.mean_message {
            assert!((mean - edges.mean_message).abs() < 1e-6 * edges.mean_message);
        }
    }
}

#[test]
fn blocks_of_any_width_give_the_bits_of_all_columns_at_once() {
    let ctl = Control::new(2).expect("workers");
    let mut n_removing = 0;
    for is_weighted in [false, true] {
        let dataset = graph(is_weighted);
        let size = GraphSize::of(&dataset);
        for (at, (family, mode, identity, delta)) in [
            (Family::Sgc, EdgeMode::Relative, Identity::SelfLoop, &[0.6][..]),
            (Family::Sgc, EdgeMode::Target, Identity::Residual, &[0.3, 0.3, 0.7]),
            (Family::Appnp, EdgeMode::Absolute, Identity::ResidualLoop, &[0.5, 0.0, 0.8]),
            (Family::Appnp, EdgeMode::Target, Identity::SelfLoop, &[0.0, 0.5, 0.5]),
            (Family::Sgc, EdgeMode::Relative, Identity::SelfLoop, &[0.0]),
        ]
        .into_iter()
        .enumerate()
        {
            let recipe = recipe(family, mode, identity, delta);
            let storage = InMemory::holding(&dataset);
            let plan = plan(&size, [32, 64, 96][at % 3]);
            let job = StoredPropagation { storage: &storage, size: &size, recipe: &recipe, locked: None, plan };
            let state = propagate_stored(&job, &ctl).expect("out of memory");
            assert_same(&storage, &state, &dataset, &recipe, &ctl);
            n_removing += usize::from(state.records[2].n_after < size.n_entries);
            let left: Vec<_> = storage.arrays.lock().expect("arrays").keys().copied().collect();
            assert!(left.len() <= 6, "what was on the way is gone: {left:?}");
        }
    }
    assert_eq!(n_removing, 8, "all but those that ask for nothing remove something");
}

#[test]
fn a_propagation_goes_on_wherever_it_was_interrupted() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    let size = GraphSize::of(&dataset);
    let recipe = recipe(Family::Appnp, EdgeMode::Target, Identity::SelfLoop, &[0.2, 0.2, 0.6]);
    let storage = InMemory::holding(&dataset);
    let mut n_interrupted = 0;
    // Some operations more each time, so that every one of them is the last before the power goes once.
    let state = loop {
        let job =
            StoredPropagation { storage: &storage, size: &size, recipe: &recipe, locked: None, plan: plan(&size, 32) };
        storage.n_left.store(16 + n_interrupted, Ordering::Relaxed);
        match propagate_stored(&job, &ctl) {
            Ok(state) => break state,
            Err(EngineError::Storage { .. }) => n_interrupted += 1,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(n_interrupted > 5, "{n_interrupted}");
    storage.n_left.store(usize::MAX, Ordering::Relaxed);
    assert_same(&storage, &state, &dataset, &recipe, &ctl);
    let job =
        StoredPropagation { storage: &storage, size: &size, recipe: &recipe, locked: None, plan: plan(&size, 32) };
    assert_eq!(propagate_stored(&job, &ctl).expect("done already"), state);
}

#[test]
fn lists_and_blocks_behind_the_first_are_fetched_ahead() {
    let ctl = Control::new(2).expect("workers");
    // More rows than come together at once, two blocks of columns.
    let shape = PowerLaw { n_nodes: 264_000, n_entries: 300_000, n_features: 33, ..PowerLaw::default() };
    let dataset = power_law_communities(&shape, &ctl).expect("a graph");
    let size = GraphSize::of(&dataset);
    let mut recipe = recipe(Family::Sgc, EdgeMode::Absolute, Identity::SelfLoop, &[0.0]);
    recipe.model.hops = 1;
    let storage = InMemory::holding(&dataset);
    let plan = plan(&size, 32);
    let job = StoredPropagation { storage: &storage, size: &size, recipe: &recipe, locked: None, plan };
    propagate_stored(&job, &ctl).expect("out of memory");
    let bytes_of = |log: &Mutex<Vec<(StoredArray, usize, usize)>>, wanted: &dyn Fn(StoredArray, usize) -> bool| {
        let log = log.lock().expect("a log");
        log.iter().filter(|(array, from, _)| wanted(*array, *from)).map(|(_, _, len)| len).sum::<usize>()
    };
    let lists = |array: StoredArray, from: usize| {
        from > 0
            && matches!(array, StoredArray::Lengths { .. } | StoredArray::Sources { .. } | StoredArray::Values { .. })
    };
    let read = storage.reads.lock().expect("reads").iter().filter(|(array, from, _)| lists(*array, *from)).count();
    assert!(read > 6, "more than one piece: {read}");
    // Row lengths are read in groups, of which the first chunk has many; sources and values in one go.
    let sources = |array: StoredArray, from: usize| from > 0 && matches!(array, StoredArray::Sources { .. });
    assert_eq!(bytes_of(&storage.ahead, &sources), bytes_of(&storage.reads, &sources));
    assert!(bytes_of(&storage.ahead, &sources) > 0, "something is ahead");
    let second = |array: StoredArray, _: usize| array == StoredArray::Columns { hop: 0, block: 1 };
    let whole = size.n_nodes * size_of::<f32>();
    assert_eq!((bytes_of(&storage.ahead, &second), bytes_of(&storage.reads, &second)), (whole, whole));
    let first = |array: StoredArray, _: usize| array == StoredArray::Columns { hop: 0, block: 0 };
    assert_eq!(bytes_of(&storage.ahead, &first), 0, "nothing is done before it");
}

#[test]
fn locked_nodes_keep_what_is_sent_to_them() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    let size = GraphSize::of(&dataset);
    let recipe = recipe(Family::Sgc, EdgeMode::Absolute, Identity::SelfLoop, &[1e9]);
    let locked: Vec<bool> = (0..size.n_nodes).map(|u| u % 3 == 0).collect();
    let storage = InMemory::holding(&dataset);
    let plan = plan(&size, 32);
    let job = StoredPropagation { storage: &storage, size: &size, recipe: &recipe, locked: Some(&locked), plan };
    propagate_stored(&job, &ctl).expect("out of memory");
    let masks = storage.values::<u8>(StoredArray::RemovedAt { until: 0 }).expect("masks");
    for ((u, v), at) in dataset.topology().entries().zip(masks) {
        assert_eq!(at == 3, u == v || u % 3 == 0);
    }
}

#[test]
fn what_is_broken_or_cannot_be_done_is_said() {
    let ctl = Control::new(1).expect("a worker");
    let dataset = graph(false);
    let size = GraphSize::of(&dataset);
    let good = recipe(Family::Sgc, EdgeMode::Absolute, Identity::SelfLoop, &[0.1]);
    let error = |storage: &InMemory, size: &GraphSize, recipe: &Recipe| {
        let job = StoredPropagation { storage, size, recipe, locked: None, plan: plan(size, 32) };
        propagate_stored(&job, &ctl).expect_err("refused").to_string()
    };
    let storage = InMemory::holding(&dataset);
    let gcn = Recipe { model: Architecture::new(Family::Gcn), ..good.clone() };
    assert_eq!(
        error(&storage, &size, &gcn),
        "recipe, model.architecture: expected a decoupled family out of memory, found gcn"
    );
    let mass = recipe(Family::Sgc, EdgeMode::Mass, Identity::SelfLoop, &[0.1]);
    assert!(error(&storage, &size, &mass).contains("found mass or a ranking"));
    let weighted = graph(true);
    let negative = InMemory::holding(&weighted);
    negative.arrays.lock().expect("arrays").get_mut(&StoredArray::Weights).expect("weights")[..4]
        .copy_from_slice(&(-1.0f32).to_le_bytes());
    let expected = "edge weights: expected finite numbers of at least 0, found -1";
    assert_eq!(error(&negative, &GraphSize::of(&weighted), &good), expected);
    let longer = GraphSize { n_entries: size.n_entries + 1, ..size.clone() };
    let m = size.n_entries;
    assert_eq!(
        error(&storage, &longer, &good),
        format!("graph structure, row 5000: expected a last row pointer of {}, found {m}", m + 1)
    );
    storage.arrays.lock().expect("arrays").get_mut(&StoredArray::Indices).expect("sources")[..4]
        .copy_from_slice(&9999u32.to_le_bytes());
    assert!(error(&storage, &size, &good).starts_with("graph structure, row 0: expected columns that ascend strictly"));
}

#[test]
fn the_plan_takes_the_widest_blocks_that_fit() {
    let papers = GraphSize { n_nodes: 111_059_956, n_entries: 3_339_184_668, n_features: 128, is_weighted: false };
    let plan = papers.plan(20 << 30, false).expect("fits");
    assert_eq!((plan.block_width, plan.n_blocks), (32, 4));
    assert!(plan.memory_bytes <= 20 << 30);
    let narrow = papers.plan(1 << 30, false).expect_err("too little").to_string();
    assert!(narrow.starts_with("memory: expected at least 16196 MiB for 111059956 nodes"), "{narrow}");
    let all = papers.plan(1 << 40, false).expect("fits");
    assert_eq!((all.block_width, all.n_blocks), (128, 1));
}
