//! What a pruned model is worth: accuracy, agreement, time, guarantees; and sweeps over many recipes.

mod bounds;
mod compare;
mod decimate;
mod estimate;
mod evaluate;
mod histogram;
mod memory;
mod ordering;
mod raster;
mod reproduce;
mod rounding;
mod run;
mod safe;
mod sensitivity;
mod size;
mod speed;
mod sweep;

pub use bounds::{Bounds, lemma_2_epsilon, spectral_distance};
pub use compare::{
    ComparePlan, ComparePoint, CompareSummary, EvaluatedOn, Method, compare, models_of_seeds, summarise,
    with_fixed_split,
};
pub use decimate::decimate;
pub use estimate::{Estimate, QuantileSketch, RemovedCount, ScoreSketch, StepEstimate};
pub use evaluate::{Evaluation, PartScores, Score, predictions};
pub use histogram::{LogHistogram, ScoreHistogram, SortedScores, scores};
pub use memory::{dataset_bytes, run_bytes, training_bytes};
pub use ordering::{NodeGroup, NodeOrder, Ordering};
pub use raster::{
    Atlas, Blocks, EntryFacts, EntryPlace, N_COLOURS, N_OPACITIES, Pyramid, Ramp, Raster, RasterMode, RasterRequest,
    Scale, Shade, Side, TexelPlace, Tick, Viewport, describe, first_entry, power_of_ten, raster, raster_from,
};
pub use reproduce::{Draw, ReproducedSeed, mass_delta, reproduce};
pub use rounding::{Rounding, rounding};
pub use run::{Bf16Timing, Followed, FollowedTimes, Run, RunOptions, Timing, follow, forward_frozen, propagated, run};
pub use safe::{SAFE_CHANGES, SAFE_LOSS, safe_thresholds};
pub use sensitivity::{SensitivityPoint, sensitivity};
pub use size::{
    Encoding, MAX_CSR_EXPANSION, MAX_FREE_VALUES, MAX_SHORT_COLUMNS, ModelSize, TensorSize, ValueType, csr_bytes,
    rounded,
};
pub use speed::{
    ForwardSpeed, HopSpeed, OrderSpeed, PropagationSpeed, SpeedPlan, SpeedReport, TriadSpeed, WeightSpeed,
    measure_speed,
};
pub use sweep::{SweepGrid, SweepPoint, pareto_front, sweep};
