//! Methods side by side and layers one at a time: points as they come, cancelled, again, taken over, kept in a project.

use std::time::Instant;

use unifews::engine::experiment::{ComparePlan, Method, SweepGrid, SweepPoint};
use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::{EdgeMode, Training, WeightMode};
use unifews::session::jobs::Lane;
use unifews::session::{Command, Level, Phase, Session, Trial, TrialLines, first_plan};

use super::{PROMPT, best_of_three, session, wait, with_karate};

fn plan(shares: &[f64], seeds: &[u64]) -> ComparePlan {
    ComparePlan { shares: shares.to_vec(), seeds: seeds.to_vec(), ..first_plan() }
}

fn is_compared(session: &Session) -> bool {
    session.store().comparison.phase == Phase::Done && session.is_idle()
}

#[test]
fn a_comparison_hands_out_points_keeps_them_when_cancelled_and_runs_again() {
    let mut session = with_karate();
    let shares: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
    let long = ComparePlan { methods: Method::all(), ..plan(&shares, &[1, 2, 3, 4]) };
    let answered = best_of_three(|| {
        session.apply(Command::Compare(long.clone()));
        assert_eq!(session.store().trial.0, Trial::Methods);
        wait(&mut session, "two points", |s| s.store().comparison.points.len() >= 2);
        let id = session.jobs().iter().find(|j| j.lane == Lane::Compare).map(|j| j.id).expect("running");
        session.apply(Command::Cancel(id));
        let asked = Instant::now();
        wait(&mut session, "the cancel", |s| s.store().comparison.phase == Phase::Cancelled);
        asked.elapsed()
    });
    assert!(answered < PROMPT, "answered after {answered:?}");
    let n = session.store().comparison.points.len();
    assert!((2..long.len()).contains(&n), "{n} points were there and stay");
    assert!(session.store().notices.all().iter().all(|n| n.level != Level::Error), "a cancel is no error");

    let short = plan(&[0.2, 0.5], &[1, 2]);
    session.apply(Command::Compare(short.clone()));
    wait(&mut session, "the end", is_compared);
    let state = &session.store().comparison;
    assert_eq!((state.points.len(), &state.plan), (short.len(), &short));
    assert_eq!(short.len(), 2 * (3 + 2 + 2), "two methods are drawn by lot, and run once per seed");
}

#[test]
fn a_point_is_taken_over_and_gives_the_same_numbers() {
    let mut session = with_karate();
    session.apply(Command::Compare(plan(&[0.3], &[5, 6])));
    wait(&mut session, "the comparison", is_compared);
    let points = session.store().comparison.points.clone();
    for (at, point) in points.iter().enumerate() {
        session.apply(Command::LoadMethod(at));
        wait(&mut session, "its preview", |s| {
            s.is_idle() && s.store().shown().is_some_and(|r| s.store().is_current(r))
        });
        let run = session.store().shown().expect("a run");
        let found = (run.pruned.edge_sparsity(), run.evaluation.test.pruned.accuracy);
        let told = (point.result.edge_sparsity, point.result.test_accuracy);
        assert!((found.0 - told.0).abs() < 1e-12 && (found.1 - told.1).abs() < 1e-12, "{point:?}: {found:?}");
    }
    // The split is the model's own, whatever the seed of the random choice.
    let baseline: Vec<f64> = points.iter().map(|p| p.result.baseline_test_accuracy).collect();
    assert!(baseline.windows(2).all(|w| w[0].to_bits() == w[1].to_bits()), "{baseline:?}");
    session.apply(Command::Undo);
    assert_eq!(session.redo_label(), Some("Take over a method"));
    session.apply(Command::LoadMethod(1_000));
    assert_eq!(session.redo_label(), Some("Take over a method"), "no such point, nothing happens");
}

#[test]
fn every_seed_has_a_model_of_its_own_where_that_is_asked_for() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    recipe.training = Some(Training { epochs: 5, ..Training::default() });
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    let plan = ComparePlan { has_model_per_seed: true, ..plan(&[0.4], &[1, 2, 3]) };
    session.apply(Command::Compare(plan.clone()));
    wait(&mut session, "the comparison", is_compared);
    let points = &session.store().comparison.points;
    assert_eq!(points.len(), 3 * plan.methods.len());
    let unifews: Vec<_> = points.iter().filter(|p| p.method == Method::UnifewsEdges).collect();
    assert!(unifews.iter().any(|p| p.result != unifews[0].result), "three models differ: {unifews:?}");
}

#[test]
fn points_of_a_sweep_have_the_size_that_their_run_has() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.recovery, recipe.edges.delta, recipe.weights.delta) = (None, vec![0.3], vec![0.6]);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::Prune);
    wait(&mut session, "a run", |s| s.is_idle() && s.store().runs.len() == 1);
    session.apply(Command::Sweep(SweepGrid { delta_a: vec![0.3], delta_w: vec![0.0, 0.6] }));
    wait(&mut session, "the sweep", |s| s.store().sweep.phase == Phase::Done && s.is_idle());
    let store = session.store();
    let size = &store.runs[0].run.size;
    let points = &store.sweep.points;
    assert_eq!(points[1].pruned_bytes, Some(size.sparse_bytes()));
    assert!(points.iter().all(|point| point.baseline_bytes == Some(size.dense_bytes())), "{points:?}");
    assert!(points[1].pruned_bytes < points[0].pruned_bytes, "{points:?}");
    let lines = TrialLines::of(store);
    let axis = lines.axes.iter().find(|axis| axis.name == "size, kB").expect("an axis");
    let kilobytes = points.iter().map(|point| point.pruned_bytes.expect("counted") as f64 / 1e3);
    let expected: Vec<f64> = std::iter::once(size.sparse_bytes() as f64 / 1e3).chain(kilobytes).collect();
    assert_eq!(axis.values, expected);
    // A point of an earlier version has none, and is read.
    let mut earlier = serde_json::to_value(&points[0]).expect("JSON");
    let fields = earlier.as_object_mut().expect("an object");
    assert!(fields.remove("bytes_dense").is_some() && fields.remove("bytes_pruned").is_some());
    let earlier: SweepPoint = serde_json::from_value(earlier).expect("readable");
    assert_eq!((earlier.baseline_bytes, earlier.pruned_bytes), (None, None));
}

#[test]
fn a_sweep_of_one_layer_moves_its_thresholds_alone_and_is_not_computed_twice() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.recovery, recipe.edges.delta, recipe.weights.delta) = (None, vec![0.2], vec![0.4]);
    session.apply(Command::SetRecipe(Box::new(recipe), None));
    session.apply(Command::SweepLayer(Some(0)));
    assert!(session.store().sweep.points.is_empty(), "there is no grid yet");
    session.apply(Command::Sweep(SweepGrid { delta_a: vec![0.0, 0.9], delta_w: vec![0.1, 0.8] }));
    let is_done = |s: &Session| s.store().sweep.phase == Phase::Done && s.is_idle();
    wait(&mut session, "the sweep", is_done);
    let all = session.store().sweep.points.clone();
    session.apply(Command::SweepLayer(Some(1)));
    wait(&mut session, "the second layer", is_done);
    let sweep = session.store().sweep.clone();
    assert_eq!((sweep.layer, sweep.points.len()), (Some(1), 4));
    for (at, point) in sweep.points.iter().enumerate() {
        let recipe = sweep.recipe_of(point);
        assert_eq!((point.delta_a, point.delta_w), (sweep.grid.delta_a[at % 2], sweep.grid.delta_w[at / 2]));
        assert_eq!(recipe.edges.delta, [0.2, point.delta_a]);
        assert_eq!(recipe.weights.delta, [0.4, point.delta_w]);
    }
    assert_ne!(sweep.points[3].edge_sparsity.to_bits(), all[3].edge_sparsity.to_bits());
    // A point taken over is a recipe that gives the same numbers.
    session.apply(Command::LoadPoint(2));
    session.apply(Command::Prune);
    wait(&mut session, "its run", |s| s.is_idle() && s.store().runs.len() == 1);
    let run = &session.store().runs[0].run;
    assert_eq!(run.pruned.edge_sparsity().to_bits(), sweep.points[2].edge_sparsity.to_bits());
    assert_eq!(run.pruned.weight_sparsity().to_bits(), sweep.points[2].weight_sparsity.to_bits());
    // Both are there: nothing runs, and the times are those of before.
    session.apply(Command::SweepLayer(None));
    assert!(session.is_idle() && session.store().sweep.points == all);
    session.apply(Command::SweepLayer(Some(1)));
    assert!(session.is_idle() && session.store().sweep.points == sweep.points);
    session.apply(Command::SweepLayer(Some(7)));
    wait(&mut session, "the refusal", |s| s.store().sweep.phase == Phase::Failed);
    let detail = session.store().notices.all().last().expect("told").detail.clone();
    assert!(detail.contains("sweep.layer: expected a layer from 1 to 2, found 8"), "{detail}");
}

#[test]
fn layers_are_tried_one_at_a_time() {
    let mut session = with_karate();
    let grid = SweepGrid { delta_a: vec![0.5, 1.0], delta_w: vec![0.5, 1.0, 1.5] };
    session.apply(Command::Sensitivity(grid));
    assert_eq!(session.store().trial.0, Trial::Layers);
    wait(&mut session, "the layers", |s| s.store().sensitivity.phase == Phase::Done && s.is_idle());
    let state = &session.store().sensitivity;
    assert_eq!((state.points.len(), state.n_points), (2 * 2 + 2 * 3, 10));
    let (at, last) = state.points.iter().enumerate().next_back().map(|(at, p)| (at, p.clone())).expect("points");
    assert!(last.removed > 0.0 && !last.is_of_edges, "{last:?}");
    session.apply(Command::LoadLayer(at));
    let recipe = &session.store().recipe;
    assert_eq!((recipe.weights.delta.clone(), recipe.edges.delta.clone()), (vec![0.0, 1.5], vec![0.0, 0.0]));
}

#[test]
fn a_grid_suits_the_recipes_modes() {
    let mut session = with_karate();
    let mut recipe = session.store().recipe.clone();
    (recipe.edges.mode, recipe.weights.mode) = (EdgeMode::Target, WeightMode::Target);
    session.apply(Command::SetRecipe(Box::new(recipe.clone()), None));
    session.apply(Command::Sweep(SweepGrid::suited_to(&recipe)));
    wait(&mut session, "the sweep", |s| s.store().sweep.phase != Phase::Running && s.is_idle());
    assert_eq!(session.store().sweep.phase, Phase::Done, "{:?}", session.store().notices.all());
    recipe.model = Architecture::new(Family::Mlp);
    assert_eq!(SweepGrid::suited_to(&recipe).delta_a, [0.0], "nothing to choose where no graph is walked");
}

#[test]
fn other_inputs_end_a_comparison_and_forget_its_points() {
    let mut session = with_karate();
    session.apply(Command::Compare(plan(&[0.3], &[1])));
    wait(&mut session, "a point", |s| !s.store().comparison.points.is_empty());
    session.apply(Command::CloseInputs);
    wait(&mut session, "the end", Session::is_idle);
    assert!(session.store().comparison.points.is_empty() && session.store().comparison.phase == Phase::Idle);
    session.apply(Command::Compare(first_plan()));
    let notice = session.store().notices.all().last().expect("told").title.clone();
    assert_eq!(notice, "Cannot compare yet");
}

#[test]
fn nothing_chosen_is_refused_and_so_are_entries_without_a_graph() {
    let mut session = with_karate();
    session.apply(Command::Compare(ComparePlan { methods: Vec::new(), ..first_plan() }));
    assert!(session.is_idle() && session.store().notices.all().len() == 1, "{:?}", session.store().notices.all());
    session.apply(Command::Compare(ComparePlan { shares: vec![1.5], ..first_plan() }));
    wait(&mut session, "the refusal", |s| s.store().comparison.phase == Phase::Failed);
    let detail = session.store().notices.all().last().expect("told").detail.clone();
    assert_eq!(detail, "recipe, compare.shares: expected shares between 0 and 1, found 1.5");
}

#[test]
fn a_project_keeps_which_methods_are_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("mine.unifews");
    let mut one = with_karate();
    let chosen = ComparePlan { methods: vec![Method::UnifewsWeights], ..plan(&[0.25], &[9]) };
    one.apply(Command::SetPlan(chosen.clone()));
    one.apply(Command::SaveProject(path.clone()));
    wait(&mut one, "the file", Session::is_idle);
    let mut other = session();
    other.apply(Command::Open(path.display().to_string()));
    wait(&mut other, "the project", |s| s.store().graph.is_some() && s.is_idle());
    assert_eq!(other.store().plan, chosen);

    // A plan that cannot be is no project.
    let text = std::fs::read_to_string(&path).expect("written").replace("0.25", "2.5");
    unifews::io::atomic::write_atomic(&path, text.as_bytes()).expect("writable");
    other.apply(Command::Open(path.display().to_string()));
    wait(&mut other, "the refusal", |s| s.is_idle() && s.store().notices.all().iter().any(|n| n.level == Level::Error));
}
