//! From options to values: the graph with the split and lock a recipe names, the model, and the recipe itself.

use std::sync::Arc;

use super::args::{RecipeArgs, Recover};
use super::failure::UsageError;
use super::input_args::{GraphArgs, SharedArgs};
use super::progress::Terminal;
use crate::engine::graph::{Dataset, ReadOptions, Split, resolve_split};
use crate::engine::model::{Architecture, Family, Model};
use crate::engine::sparsify::{ChannelRule, EdgeMode, Lock, Recipe, RecoveryRule, Training, WeightMode};
use crate::io::{LoadReport, names_split_file, read_graph_within, read_model, read_node_ids, read_recipe, read_split};
use crate::session::tasks::source::check_named_files;
use crate::session::{Readings, reading_of, settled};

/// A graph that is ready for `recipe`, with the split and lock it names among its own.
pub(super) struct GraphAndRecipe {
    pub(super) dataset: Arc<Dataset>,
    pub(super) recipe: Recipe,
}

/// Reads the graph and makes the recipe of file and options; warnings of the reader go to stderr.
pub(super) fn read(
    graph: &str,
    args: &RecipeArgs,
    shared: &SharedArgs,
    terminal: &Terminal,
) -> anyhow::Result<GraphAndRecipe> {
    // The recipe first: it is read in no time, and a wrong one should not wait for a large graph.
    let recipe = recipe(graph, args, shared)?;
    terminal.ctl().progress("reading the graph", 0, 0);
    let (dataset, report) = read_graph_within(graph, &recipe.graph, terminal.memory(), terminal.ctl())
        .map_err(|error| error.without_contents(&recipe.graph.files_beyond(&args.graph_options())))?;
    warn(&report, terminal);
    let (dataset, recipe) = with_named_nodes(dataset, recipe)?;
    Ok(GraphAndRecipe { dataset: dataset.shared(), recipe })
}

/// Reads the file that the recipe's lock names and puts it among the graph's splits.
pub(super) fn with_named_nodes(mut dataset: Dataset, mut recipe: Recipe) -> anyhow::Result<(Dataset, Recipe)> {
    // A split that the graph does not have is refused before anything else is done.
    read_split(&recipe.split, &dataset, recipe.seed)?;
    if let Lock::File(path) = &recipe.edges.lock
        && dataset.splits().iter().all(|s| s.name != *path)
    {
        let locked = Split { name: path.clone(), test: read_node_ids(path, &dataset)?, ..Split::default() };
        if recipe.split == "auto" && dataset.splits().is_empty() {
            // `auto` is a graph's first split: it must not become the list of locked nodes.
            recipe.split = resolve_split(&dataset, &recipe.split, recipe.seed)?.name;
        }
        let mut parts = dataset.to_parts();
        parts.splits.push(locked);
        dataset = Dataset::try_new(parts)?;
    }
    Ok((dataset, recipe))
}

/// The family of a model; none where it cannot be read, which is said when it has to be.
pub(super) fn family_of(model: &str) -> Option<Family> {
    read_model(model).ok().map(|(model, _)| model.architecture.architecture)
}

/// Reads the model and fits the recipe to it: the model says what network it is. Options may correct how it uses the graph,
/// which many files do not say.
pub(super) fn read_fitting_model(
    spec: &str,
    args: &RecipeArgs,
    dataset: &Dataset,
    recipe: &mut Recipe,
    terminal: &Terminal,
) -> anyhow::Result<Arc<Model>> {
    read_reported_model(spec, args, dataset, recipe, terminal).map(|(model, _)| model)
}

/// As [`read_fitting_model`], with what was found.
pub(super) fn read_reported_model(
    spec: &str,
    args: &RecipeArgs,
    dataset: &Dataset,
    recipe: &mut Recipe,
    terminal: &Terminal,
) -> anyhow::Result<(Arc<Model>, LoadReport)> {
    terminal.ctl().progress("reading the model", 0, 0);
    let (mut model, report) = read_model(spec)?;
    warn(&report, terminal);
    // Doubts are among the warnings.
    for assumed in report.assumptions().filter(|assumed| !report.doubts.iter().any(|doubt| doubt == assumed)) {
        terminal.note(&format!("warning: assumed: {assumed}: {}", report.source));
    }
    for name in &report.ignored {
        terminal.note(&format!("warning: tensor {name} is not used: {spec}"));
    }
    let shape = &mut model.architecture;
    if let Some(family) = args.arch.filter(|f| *f != shape.architecture) {
        return Err(
            UsageError::new("--arch", format!("{} (the model's)", shape.architecture.key()), family.key()).into()
        );
    }
    for (option, given, own) in [
        ("--layers", args.layers, shape.layers),
        ("--hidden", args.hidden, shape.hidden),
        ("--heads", args.heads, shape.heads),
        ("--out-heads", args.out_heads, shape.out_heads),
    ] {
        if let Some(given) = given.filter(|given| *given != own) {
            return Err(UsageError::new(option, format!("{own} (the model's)"), given).into());
        }
    }
    for (option, given, own) in [
        ("--share-weights", args.share_weights, shape.share_weights),
        ("--root-weight", args.root_weight, shape.root_weight),
    ] {
        if let Some(given) = given.filter(|given| *given != own && shape.has(&option[2..].replace('-', "_"))) {
            return Err(UsageError::new(option, format!("{own} (the model's)"), given).into());
        }
    }
    set_shape(shape, args)?;
    // A recipe that was written for this model says how it is read.
    let of_recipe = reading_of(&recipe.model, &model, &report.open);
    let given = if args.reading.is_empty() { &of_recipe } else { &args.reading };
    let (model, readings) = settled(&model, &report.open, given, false, (Some(dataset), recipe), terminal.ctl())?;
    note_readings(&readings, spec, terminal);
    recipe.model = model.architecture.clone();
    recipe.check()?;
    Ok((Arc::new(model), report))
}

/// Says which reading of a model is used, why, and which others there are.
fn note_readings(readings: &Readings, spec: &str, terminal: &Terminal) {
    let [used, others @ ..] = &readings.all[..] else { return };
    terminal.note(&format!("warning: the model is read as {} ({}): {spec}", used.says(readings), readings.why));
    let next = others.iter().take(Readings::SHOWN / 2).map(|other| other.says(readings)).collect::<Vec<_>>();
    if !next.is_empty() {
        terminal.note(&format!("warning: other readings, which --reading takes: {}", next.join("; ")));
    }
}

/// What the options say of the network, where its family has such a setting.
fn set_shape(shape: &mut Architecture, args: &RecipeArgs) -> Result<(), UsageError> {
    for (setting, option, is_given) in [
        ("hops", "--hops", args.hops.is_some()),
        ("norm_r", "--norm-r", args.norm_r.is_some()),
        ("heads", "--heads", args.heads.is_some()),
        ("out_heads", "--out-heads", args.out_heads.is_some()),
        ("share_weights", "--share-weights", args.share_weights.is_some()),
        ("attention", "--attention", args.attention.is_some()),
        ("alpha", "--alpha", args.alpha.is_some()),
        ("theta", "--theta", args.theta.is_some()),
        ("hop_weights", "--hop-weights", args.hop_weights.is_some()),
        ("heat_time", "--heat-time", args.heat_time.is_some()),
        ("root_weight", "--root-weight", args.root_weight.is_some()),
    ] {
        if is_given && !shape.has(setting) {
            let having = Family::ALL.into_iter().filter(|f| Architecture::new(*f).has(setting)).map(Family::key);
            let expected = format!("a family with this setting ({})", having.collect::<Vec<_>>().join(", "));
            return Err(UsageError::new(option, expected, shape.architecture.key()));
        }
    }
    set(&mut shape.layers, args.layers);
    set(&mut shape.hidden, args.hidden);
    set(&mut shape.hops, args.hops);
    set(&mut shape.norm_r, args.norm_r);
    set(&mut shape.heads, args.heads);
    set(&mut shape.out_heads, args.out_heads);
    set(&mut shape.share_weights, args.share_weights);
    set(&mut shape.attention, args.attention);
    set(&mut shape.alpha, args.alpha);
    set(&mut shape.theta, args.theta);
    set(&mut shape.hop_weights, args.hop_weights.clone());
    set(&mut shape.heat_time, args.heat_time);
    set(&mut shape.root_weight, args.root_weight);
    Ok(())
}

/// How a file is named that a recipe names, so that it may be read.
pub(super) const NAMED_BY_OPTION: &str = "name the file with an option of the command";

/// The recipe of file and options; options win. Without a file, the defaults.
pub(super) fn recipe(graph: &str, args: &RecipeArgs, shared: &SharedArgs) -> anyhow::Result<Recipe> {
    let mut recipe = match &args.recipe {
        Some(path) => {
            let recipe = read_recipe(path)?;
            if !args.trust_recipe {
                check_named_files(&recipe, path, Some(graph), NAMED_BY_OPTION)?;
            }
            recipe
        }
        None => Recipe::default(),
    };
    let shape = &mut recipe.model;
    if let Some(family) = args.arch.filter(|family| *family != shape.architecture) {
        *shape = Architecture::new(family);
    }
    set_shape(shape, args)?;
    for (name, value) in &args.network {
        *shape = shape.with_setting(name, value)?;
    }
    set(&mut shape.dropout, args.dropout);
    set(&mut recipe.edges.mode, args.edge_mode);
    set(&mut recipe.edges.delta, args.delta_a.clone());
    set(&mut recipe.edges.identity, args.identity);
    set(&mut recipe.edges.lock, args.lock.clone().map(Lock::from));
    set(&mut recipe.propagation.embeddings, args.embeddings);
    set(&mut recipe.propagation.order, args.node_order);
    set(&mut recipe.precision.weights, args.weights_as);
    set(&mut recipe.precision.entries, args.entries_as);
    set(&mut recipe.weights.mode, args.weight_mode);
    set(&mut recipe.weights.delta, args.delta_w.clone());
    if let Some(ranking) = args.edge_ranking {
        recipe.edges.ranking = Some(ranking);
        recipe.edges.mode = args.edge_mode.unwrap_or(EdgeMode::Target);
    }
    if let Some(ranking) = args.weight_ranking {
        recipe.weights.ranking = Some(ranking);
        recipe.weights.mode = args.weight_mode.unwrap_or(WeightMode::Target);
    }
    if let Some(nodes) = args.nodes_are {
        if args.recover == Some(Recover::None) {
            let expected = "a recipe that recovers accuracy (--recover one-shot)";
            return Err(UsageError::new("--nodes-are", expected, "--recover none").into());
        }
        recipe.recovery.get_or_insert_default().nodes_are = nodes;
    }
    match args.recover {
        Some(Recover::None) => (recipe.recovery, recipe.channels) = (None, None),
        Some(Recover::OneShot) => {
            recipe.recovery.get_or_insert_default();
        }
        Some(Recover::OneShotDistill) => {
            let rule = recipe.recovery.get_or_insert_default();
            rule.train_epochs = 0;
            if rule.distill_epochs == 0 {
                rule.distill_epochs = RecoveryRule::DISTILL_EPOCHS;
            }
        }
        Some(Recover::Trained) => {
            let rule = recipe.recovery.get_or_insert_default();
            rule.distill_epochs = 0;
            if rule.train_epochs == 0 {
                rule.train_epochs = RecoveryRule::usual_train_epochs(rule.nodes_are);
            }
        }
        None => {}
    }
    if let Some(share) = args.channels {
        recipe.channels = Some(ChannelRule { share });
        if args.recover != Some(Recover::None) {
            recipe.recovery.get_or_insert_default();
        }
    }
    args.graph.change(&mut recipe.graph);
    args.change_split(&mut recipe)?;
    set(&mut recipe.seed, args.seed);
    set(&mut recipe.compat, args.compat);
    set(&mut recipe.threads, shared.threads);
    if args.names_training() {
        set_training(&mut recipe, args);
    }
    Ok(recipe)
}

/// Gives the recipe a `[training]` section: the authors' settings for the family where it has none, then the options.
pub(super) fn set_training(recipe: &mut Recipe, args: &RecipeArgs) {
    let family: Family = recipe.model.architecture;
    let training = recipe.training.get_or_insert_with(|| Training::official(family));
    set(&mut training.epochs, args.epochs);
    set(&mut training.learning_rate, args.lr);
    set(&mut training.weight_decay, args.weight_decay);
    set(&mut training.schedule, args.schedule);
    set(&mut training.ramp, args.ramp);
    set(&mut training.rounds, args.rounds);
    training.inductive |= args.inductive;
}

impl GraphArgs {
    /// What was said replaces what `options` say.
    pub(super) fn change(&self, options: &mut ReadOptions) {
        fn replace<T: Clone>(slot: &mut Option<T>, value: Option<&T>) {
            if value.is_some() {
                *slot = value.cloned();
            }
        }
        replace(&mut options.direction, self.direction.as_ref());
        replace(&mut options.self_loops, self.self_loops.as_ref());
        replace(&mut options.weights, self.edge_weights.as_ref());
        replace(&mut options.weight_attribute, self.weight_attribute.as_ref());
        replace(&mut options.columns, self.columns.as_ref());
        replace(&mut options.separator, self.separator.as_ref());
        replace(&mut options.header, self.header.as_ref());
        replace(&mut options.comments, self.comments.as_ref());
        replace(&mut options.encoding, self.encoding.as_ref());
        replace(&mut options.id_column, self.id_column.as_ref());
        replace(&mut options.features, self.features.as_ref());
        replace(&mut options.labels, self.labels.as_ref());
        replace(&mut options.split_masks, self.split_masks.as_ref());
        replace(&mut options.feature_file, self.feature_file.as_ref());
        replace(&mut options.label_file, self.label_file.as_ref());
        replace(&mut options.split_file, self.split_file.as_ref());
    }

    /// How the files of this call are read.
    pub(super) fn options(&self) -> ReadOptions {
        let mut options = ReadOptions::default();
        self.change(&mut options);
        options
    }
}

impl RecipeArgs {
    /// A split by its name, or from a file: `--split FILE` and `--split-file FILE` are the same.
    fn change_split(&self, recipe: &mut Recipe) -> Result<(), UsageError> {
        let file = self.split.as_ref().filter(|split| names_split_file(split));
        match (file, &self.graph.split_file, &self.split) {
            (Some(file), Some(other), _) if file != other => {
                let expected = format!("the name of a split beside --split-file {other}");
                return Err(UsageError::new("--split", expected, format!("another file ({file})")));
            }
            (Some(file), _, _) => {
                recipe.graph.split_file = Some(file.clone());
                "auto".clone_into(&mut recipe.split);
            }
            (None, _, Some(name)) => recipe.split.clone_from(name),
            // The file's is the graph's first.
            (None, Some(_), None) => "auto".clone_into(&mut recipe.split),
            (None, None, None) => {}
        }
        Ok(())
    }

    /// How the files of this call are read, as far as the user says.
    fn graph_options(&self) -> ReadOptions {
        let mut options = self.graph.options();
        if let Some(file) = self.split.as_ref().filter(|split| names_split_file(split)) {
            options.split_file = Some(file.clone());
        }
        options
    }

    /// Whether an option speaks of training.
    fn names_training(&self) -> bool {
        self.epochs.is_some()
            || self.lr.is_some()
            || self.weight_decay.is_some()
            || self.schedule.is_some()
            || self.ramp.is_some()
            || self.rounds.is_some()
            || self.inductive
    }
}

fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

pub(super) fn warn(report: &LoadReport, terminal: &Terminal) {
    for warning in &report.warnings {
        terminal.note(&format!("warning: {warning}: {}", report.source));
    }
}
