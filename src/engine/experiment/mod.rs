//! What a pruned model is worth: a whole run with accuracy, agreement, time and guarantees, and everything made of many runs.

mod around;
mod around_hops;
mod around_nodes;
mod arrive;
mod arrive_by_norm;
#[cfg(test)]
mod arrive_tests;
mod bounds;
mod budget;
mod certified;
mod compare;
mod controls;
mod difference;
#[cfg(test)]
mod difference_tests;
mod estimate;
mod evaluate;
mod logits;
mod loss;
mod low_precision;
mod matrix;
mod memory;
mod narrow;
mod node_errors;
mod options;
mod reproduce;
mod rival;
mod rounding;
mod run;
mod safe;
mod sensitivity;
mod serve;
mod size;
mod stress;
mod sweep;
mod truth;

pub use crate::engine::kernels::ValueType;
pub use crate::engine::recovery::ArrivalRule;
pub(in crate::engine) use around::Messages;
pub use around::{Around, Margin, Neighbour, NeighbourEntry, NoEffects, StepAround, around};
pub use around_hops::{EgoEntry, EgoNetwork, EgoNode, EgoStep};
pub use around_nodes::{AroundNodes, NodeInBrief, ScoresOfNodes, StepOfNodes, around_nodes};
pub use arrive::{ArrivalServer, ArrivalWay, Links, NewEdge, NewNodes, NewNodesRule, arrival_way, can_arrive, row_sum};
pub use bounds::{Bounds, lemma_2_epsilon, spectral_distance};
pub use budget::{Budget, BudgetPoint, FasterFrom, FoundBudget, Goal, find_budget};
pub use certified::{certify_run, check_certifiable};
pub use compare::{
    ComparePlan, ComparePoint, CompareSummary, EvaluatedOn, Method, compare, models_of_seeds, summarise,
    with_fixed_split,
};
pub use controls::{
    CONTROLS_SAY, ControlKind, ControlScore, NEW_NODES_SAYS, NO_NEW_NODES_SAYS, STATIC_SAYS, controls, controls_say,
    recovered_says,
};
pub use difference::{
    ChangedNode, ClassChange, Confusion, GroupChange, MatrixDifference, Overlap, PartDifference, PredictionDifference,
    RunDifference, StepDifference,
};
pub use estimate::{Estimate, QuantileSketch, RemovedCount, ScoreSketch, StepEstimate};
pub use evaluate::{Evaluation, PartScores};
pub use loss::PairedLoss;
pub use low_precision::{Bytes, LowPrecision, LowRun, low_precision_forward};
pub use matrix::{MatrixFacts, ValueFacts, matrix_facts};
pub use memory::{dataset_bytes, run_bytes, training_bytes};
pub use narrow::narrowed;
pub use node_errors::{NodeErrors, StepErrors, has_node_errors, node_errors};
pub use options::RunOptions;
pub use reproduce::{Draw, ReproducedSeed, mass_delta, reproduce};
pub use rival::{Rival, best_rival};
pub use rounding::{Rounding, low_run, rounding, weights_of_run};
pub(in crate::engine) use run::dead_columns_speedup;
pub use run::{Followed, FollowedTimes, Run, Timing, follow, masked_forward, propagated, run};
pub use safe::{
    MIN_JUDGES, SAFE_CHANGES, SAFE_CHANGES_RECOVERED, SAFE_LOSS, SafeStart, recovery_operations, safe_start,
};
pub use sensitivity::{SensitivityPoint, sensitivity, thresholds_by_layer};
pub use serve::{Answer, FieldSize, RequestSummary, RequestTiming, Server, check_requests};
pub use size::{
    Encoding, MAX_CSR_EXPANSION, MAX_FREE_VALUES, MAX_SHORT_COLUMNS, ModelSize, TensorSize, csr_bytes, csr_bytes_as,
    rounded_entries,
};
pub use stress::{
    Alike, Disturbed, StressGroup, StressGroupBy, StressKind, StressMasks, StressPlan, StressPoint, StressSpread,
    StressSummary, StressWay, alike, disturbed, stress, summarise_stress,
};
pub use sweep::{SweepGrid, SweepPoint, pareto_front, sweep, sweep_layer};
pub use truth::{TruthScore, TruthShares, TruthWay, standardised};
