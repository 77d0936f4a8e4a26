//! What a pruned model is worth: a whole run with accuracy, agreement, time and guarantees, and everything made of many runs.

mod bounds;
mod budget;
mod certified;
mod compare;
mod controls;
mod estimate;
mod evaluate;
mod memory;
mod node_errors;
mod options;
mod reproduce;
mod rounding;
mod run;
mod safe;
mod sensitivity;
mod size;
mod sweep;
mod truth;

pub use bounds::{Bounds, lemma_2_epsilon, spectral_distance};
pub use budget::{Budget, BudgetPoint, FoundBudget, Goal, find_budget};
pub use certified::certify_run;
pub use compare::{
    ComparePlan, ComparePoint, CompareSummary, EvaluatedOn, Method, compare, models_of_seeds, summarise,
    with_fixed_split,
};
pub use controls::{CONTROLS_SAY, ControlKind, ControlScore, STATIC_SAYS, controls};
pub use estimate::{Estimate, QuantileSketch, RemovedCount, ScoreSketch, StepEstimate};
pub use evaluate::{Evaluation, PartScores};
pub use memory::{dataset_bytes, run_bytes, training_bytes};
pub use node_errors::{NodeErrors, StepErrors, node_errors};
pub use options::RunOptions;
pub use reproduce::{Draw, ReproducedSeed, mass_delta, reproduce};
pub use rounding::{Rounding, rounding};
pub use run::{Bf16Timing, Followed, FollowedTimes, Run, Timing, follow, forward_frozen, propagated, run};
pub use safe::{SAFE_CHANGES, SAFE_LOSS, safe_thresholds};
pub use sensitivity::{SensitivityPoint, sensitivity};
pub use size::{
    Encoding, MAX_CSR_EXPANSION, MAX_FREE_VALUES, MAX_SHORT_COLUMNS, ModelSize, TensorSize, ValueType, csr_bytes,
    rounded,
};
pub use sweep::{SweepGrid, SweepPoint, pareto_front, sweep};
pub use truth::{TruthScore, TruthShares, TruthWay};
