//! Recipes: what is written is read, and a wrong key or value is named with its line.

use std::path::Path;

use unifews::engine::model::{Architecture, Family};
use unifews::engine::sparsify::baselines::WeightRanking;
use unifews::engine::sparsify::{
    EdgeMode, EdgeRule, Identity, Lock, PinnedEntry, Pins, Recipe, RecoveryRule, Training, WeightMode, WeightRule,
};
use unifews::io::{Detected, detect, read_recipe, recipe_from_toml, recipe_to_toml, write_recipe};

#[test]
fn written_recipes_are_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let recipes = [
        Recipe::default(),
        Recipe {
            seed: u64::MAX,
            split: "stratified:60/20/20@7".into(),
            model: Architecture { hops: 3, norm_r: 0.1, ..Architecture::new(Family::Sgc) },
            edges: EdgeRule {
                mode: EdgeMode::Absolute,
                delta: vec![1e-300, 0.1 + 0.2, 5.0],
                identity: Identity::ResidualLoop,
                lock: Lock::File("nodes.txt".into()),
                ranking: None,
                pins: std::sync::Arc::default(),
            },
            weights: WeightRule {
                mode: WeightMode::Target,
                delta: vec![1.0 / 3.0],
                ranking: Some(WeightRanking::MagnitudeGlobal),
            },
            training: Some(Training { learning_rate: 1e-2, ..Training::default() }),
            ..Recipe::default()
        },
        Recipe { recovery: Some(RecoveryRule { train_epochs: 120, ..RecoveryRule::default() }), ..Recipe::default() },
    ];
    for recipe in recipes {
        let path = folder.path().join("recipe.toml");
        write_recipe(&path, &recipe).expect("written");
        assert_eq!(detect(&path).expect("readable"), Detected::Recipe);
        assert_eq!(read_recipe(&path).expect("a recipe"), recipe);
    }
}

#[test]
fn what_is_left_out_takes_its_default() {
    let text = "format = \"unifews-recipe/1\"\n[edges]\ndelta = 1\n[training]\n";
    let recipe = recipe_from_toml(text, Path::new("r.toml")).expect("a recipe");
    assert_eq!((recipe.edges.delta, recipe.seed, recipe.training), (vec![1.0], 42, Some(Training::default())));
}

#[test]
fn entries_by_hand_are_pairs_of_ids_and_nothing_is_written_where_there_are_none() {
    let head = "format = \"unifews-recipe/1\"\n";
    let text = format!("{head}[edges.pins]\nkeep = [[1497, 4], [\"ada\", \"007\"]]\n");
    let recipe = recipe_from_toml(&text, Path::new("r.toml")).expect("a recipe");
    let entry = |source: &str, target: &str| PinnedEntry { source: source.to_owned(), target: target.to_owned() };
    assert_eq!(*recipe.edges.pins, Pins { keep: vec![entry("1497", "4"), entry("ada", "007")], remove: Vec::new() });
    let written = recipe_to_toml(&recipe);
    assert!(written.contains("[edges.pins]\nkeep = [[1497, 4], [\"ada\", \"007\"]]\nremove = []\n"), "{written}");
    assert!(!recipe_to_toml(&Recipe::default()).contains("pins"), "an earlier program reads it");
    for (wrong, says) in [
        ("[[1, 2, 3]]", "expected [source, target], found 3 ids"),
        ("[[1.5, 2]]", "line 3"),
        ("[[1]]", "found 1 ids"),
        ("7", "line 3"),
    ] {
        let text = format!("{head}[edges.pins]\nkeep = {wrong}\n");
        let error = recipe_from_toml(&text, Path::new("r.toml")).unwrap_err().to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
}

#[test]
fn as_many_entries_by_hand_as_a_recipe_takes_are_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recipe.toml");
    let mut recipe = Recipe::default();
    let id = |n: usize| format!("customer of the northern region, number {n}");
    let pins = (0..Pins::MAX).map(|n| PinnedEntry { source: id(n), target: id(n / 7) });
    std::sync::Arc::make_mut(&mut recipe.edges.pins).set(pins.collect(), Some(true));
    write_recipe(&path, &recipe).expect("written");
    assert_eq!(detect(&path).expect("readable"), Detected::Recipe);
    assert_eq!(read_recipe(&path).expect("a recipe"), recipe);
    std::sync::Arc::make_mut(&mut recipe.edges.pins)
        .set(vec![PinnedEntry { source: "one".to_owned(), target: "more".to_owned() }], Some(false));
    write_recipe(&path, &recipe).expect("written");
    let error = read_recipe(&path).expect_err("too many").to_string();
    assert!(error.contains("at most 10000 entries decided by hand"), "{error}");
}

#[test]
fn epochs_under_masks_are_none_where_nothing_says_so_and_then_nothing_is_written_of_them() {
    let head = "format = \"unifews-recipe/1\"\n[recovery]\n";
    let recipe = recipe_from_toml(head, Path::new("r.toml")).expect("a recipe");
    assert_eq!(recipe.recovery, Some(RecoveryRule::default()));
    assert!(!recipe_to_toml(&recipe).contains("train_epochs"), "an earlier program reads it");
    let error = recipe_from_toml(&format!("{head}trained_epochs = 3\n"), Path::new("r.toml")).unwrap_err().to_string();
    assert!(error.contains("found unknown key `trained_epochs`") && error.contains("`train_epochs`"), "{error}");
    let error = recipe_from_toml(&format!("{head}train_epochs = -1\n"), Path::new("r.toml")).unwrap_err().to_string();
    assert!(error.starts_with("line 3: "), "{error}");
    let both = format!("{head}train_epochs = 3\ndistill_epochs = 3\n");
    let error = recipe_from_toml(&both, Path::new("r.toml")).unwrap_err().to_string();
    assert!(error.contains("expected distill_epochs 0 with train_epochs"), "{error}");
}

#[test]
fn wrong_recipes_are_refused_with_their_line() {
    let head = "format = \"unifews-recipe/1\"\n";
    let check = |body: &str, expected: &str| {
        let error = recipe_from_toml(body, Path::new("r.toml")).unwrap_err();
        assert_eq!(error.to_string(), format!("{expected}: r.toml"), "{body}");
    };
    check("seed = 1\n", "key format: expected \"unifews-recipe/1\", found no such key");
    check("format = \"unifews-recipe/9\"\n", "key format: expected \"unifews-recipe/1\", found \"unifews-recipe/9\"");
    check("format = 1\n", "key format: expected \"unifews-recipe/1\", found 1");
    let with = |body: &str, expected: &str| check(&format!("{head}{body}"), expected);
    with(
        "[edges]\nmode = \"relative\"\ndeltas = 0.5\n",
        "line 4: expected one of `mode`, `delta`, `identity`, `lock`, `ranking`, `pins`, found unknown key `deltas`",
    );
    with(
        "[edges]\nmode = \"none\"\n",
        "line 3: expected one of `absolute`, `relative`, `mass`, `target`, found unknown value `none`",
    );
    with("[edges]\ndelta = \"0.5\"\n", "line 3: expected one number or a list of numbers, found \"0.5\"");
    with("seed = -1\n", "line 2: expected a whole number, not below 0, found invalid value: integer `-1`");
    with("seed = \n", "line 2: expected literal string, found string values must be quoted");
    with("[edges]\ndelta = [0.5, 0.5, 0.5]\n", "recipe, edges.delta: expected 1 or 2 values, found 3 values");
    with("[weights]\ndelta = nan\n", "recipe, weights.delta: expected numbers of at least 0, found NaN");
    assert_eq!(recipe_to_toml(&Recipe::default()).lines().next(), Some("format = \"unifews-recipe/1\""));
}

#[test]
fn yaml_that_unfolds_without_end_says_what_it_is_to_every_reader() {
    let folder = crate::files::Folder::new();
    let line = |(own, other): (char, char)| format!("{own}: &{own} [{}]\n", vec![format!("*{other}"); 9].join(","));
    let aliases = crate::files::each(('b'..='m').zip('a'..), line);
    let text = format!("a: &a [lol,lol,lol,lol,lol,lol,lol,lol,lol]\n{aliases}");
    for (name, end) in
        [("bomb.yaml", "format: unifews-recipe/1\n"), ("bomb.txt", "format: unifews-recipe/1\n"), ("bomb.yml", "")]
    {
        let path = folder.file(name, format!("{text}{end}"));
        let spec = path.to_str().expect("UTF-8");
        for said in [
            unifews::io::read_recipe(&path).map(|_| ()).unwrap_err().to_string(),
            unifews::io::read_graph(spec, &crate::support::control()).map(|_| ()).unwrap_err().to_string(),
        ] {
            assert!(said.contains("YAML whose aliases unfold to more values than any recipe has"), "{name}: {said}");
            assert!(said.starts_with("line ") && !said.contains("not a known format"), "{name}: {said}");
        }
    }
}
