//! Which file is for what when several are opened together; one rule for window and terminal.

use std::collections::BTreeMap;
use std::path::Path;

use crate::engine::graph::ReadOptions;
use crate::io::{
    ColumnRole, Detected, LoadError, Role, TableSketch, detect_as, files_in, first_lines, roles, what_came_instead,
};

/// What the user says that files are for, by their paths.
pub type RolesByHand = BTreeMap<String, Role>;

/// A file of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFile {
    /// Path.
    pub spec: String,
    /// What it is, for people.
    pub what: String,
    /// What it is taken for.
    pub role: Role,
    /// What it may be taken for; [`Role::LeftOut`] is always possible and not among them.
    pub possible: Vec<Role>,
    /// Why it has its role, or none.
    pub why: String,
    /// For tables: what was recognised.
    pub table: Option<TableSketch>,
}

impl ImportFile {
    /// Looks at a file. One that cannot be opened, or whose bytes fit no character, is left out, and says so.
    pub(crate) fn look_at(spec: &str, options: &ReadOptions) -> Self {
        let looked = detect_as(spec, options).and_then(|found| Ok((found, roles(spec, options)?)));
        let spec = spec.to_owned();
        match looked {
            Ok((found, report)) => {
                let (mut what, mut why) = (found.to_string(), report.why);
                if let (Detected::Unknown { .. }, Some(table)) = (&found, &report.table) {
                    // The lines themselves are shown where there is room for them.
                    (what, why) = ("a table of unknown columns".to_owned(), table.describe());
                }
                Self { spec, what, role: report.chosen, possible: report.possible, why, table: report.table }
            }
            Err(error) => {
                // Text in another encoding may be any table once the encoding is said.
                let is_text = matches!(error, LoadError::Content { .. });
                let possible =
                    if is_text { vec![Role::Edges, Role::Features, Role::Labels, Role::Split] } else { Vec::new() };
                Self {
                    spec,
                    what: "cannot be read".to_owned(),
                    role: Role::LeftOut,
                    possible,
                    why: error.to_string(),
                    table: None,
                }
            }
        }
    }

    /// The name without its folder.
    pub fn name(&self) -> String {
        name_of(&self.spec)
    }
}

fn name_of(spec: &str) -> String {
    Path::new(spec).file_name().map_or_else(|| spec.to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Folders of tables become their files; everything else stays.
pub(crate) fn expanded(specs: &[String], options: &ReadOptions) -> Vec<String> {
    let mut files = Vec::with_capacity(specs.len());
    for spec in specs {
        let is_table = || match detect_as(spec, options) {
            Ok(Detected::Graph(format)) => format == crate::io::GraphFormat::EdgeList,
            Ok(Detected::Unknown { .. }) => true,
            _ => false,
        };
        let inside = if Path::new(spec).is_dir() && is_table() { files_in(Path::new(spec)) } else { Vec::new() };
        if inside.is_empty() {
            files.push(spec.clone());
        } else {
            files.extend(inside);
        }
    }
    files
}

/// Whether files given together are parts of one graph, so that they are read together and not one by one.
pub fn belong_together(specs: &[String], options: &ReadOptions) -> bool {
    let files = expanded(specs, options);
    let is_part = |spec: &String| {
        let role = ImportFile::look_at(spec, options).role;
        matches!(role, Role::Features | Role::Labels | Role::Split)
    };
    files.len() > 1 && files.iter().any(is_part)
}

/// Says what every file is taken for: as the user says, else as its content says, the first one where only one can be.
pub(crate) fn with_roles(mut files: Vec<ImportFile>, by_hand: &RolesByHand) -> Vec<ImportFile> {
    for file in &mut files {
        if let Some(role) = by_hand.get(&file.spec).filter(|role| **role != file.role) {
            (file.role, file.why) = (*role, "chosen by hand".to_owned());
        }
    }
    for role in Role::ALL.into_iter().filter(|role| *role != Role::LeftOut) {
        let holds = |file: &ImportFile| file.role == role;
        let is_chosen = |file: &ImportFile| by_hand.get(&file.spec) == Some(&role);
        let at = files.iter().position(|f| holds(f) && is_chosen(f)).or_else(|| files.iter().position(holds));
        let Some(at) = at else { continue };
        let first = files[at].name();
        for (_, other) in files.iter_mut().enumerate().filter(|(i, other)| *i != at && holds(other)) {
            other.role = Role::LeftOut;
            other.why =
                format!("{role} are read from one file, and {first} is taken; choose {role} here to take this one");
            if matches!(role, Role::Model | Role::Recipe | Role::Bundle) {
                other.why = format!("one {role} is opened, and {first} is taken; choose {role} here to take this one");
            }
        }
    }
    if files.iter().all(|file| file.role != Role::Edges) {
        // Text may be a list of edges once the user has said how its lines are taken apart.
        let is_alone = files.iter().filter(|f| !matches!(f.role, Role::Model | Role::Recipe)).count() == 1;
        // A page in place of a download is no text of the user's; alone it is read, so that the error names it.
        let n_files = files.len();
        let is_wrong = |file: &ImportFile| n_files > 1 && what_came_instead(Path::new(&file.spec)).is_some();
        let may_be = |file: &&mut ImportFile| {
            // Features alone belong to no graph.
            (file.role == Role::LeftOut || is_alone)
                && !matches!(file.role, Role::Model | Role::Recipe | Role::Bundle)
                && !by_hand.contains_key(&file.spec)
                && (file.possible.contains(&Role::Edges)
                    || (file.role == Role::LeftOut && lines_of(&file.spec).is_some()))
                && !is_wrong(file)
        };
        let mut unknown = files.iter_mut().filter(may_be);
        if let (Some(file), None) = (unknown.next(), unknown.next()) {
            file.role = Role::Edges;
            file.why = format!("{}; taken as edges since no other file has any", file.why);
            if !file.possible.contains(&Role::Edges) {
                file.possible = vec![Role::Edges];
            }
        }
    }
    files
}

/// Names the files of the roles in the options that a graph is read with.
pub(crate) fn name_parts(files: &[ImportFile], options: &mut ReadOptions) {
    let is_among = |file: &String| files.iter().any(|f| f.spec == *file);
    for slot in [&mut options.feature_file, &mut options.label_file, &mut options.split_file] {
        // What stood there was said of the same files before.
        slot.take_if(|file| is_among(file));
    }
    let of = |role: Role| files.iter().find(|f| f.role == role).map(|f| f.spec.clone());
    // One table of nodes may have more than its features.
    let column = |role: ColumnRole| {
        let tables = files.iter().filter(|f| matches!(f.role, Role::Features | Role::Labels));
        tables.filter(|f| f.table.as_ref().is_some_and(|t| t.place(role).is_some())).map(|f| f.spec.clone()).next()
    };
    let labels = of(Role::Labels).or_else(|| column(ColumnRole::Class));
    let split = of(Role::Split).or_else(|| column(ColumnRole::Split));
    if files.len() > 1 {
        // Every file is in sight: what is left out stays out.
        options.beside = Some(false);
    }
    options.feature_file = of(Role::Features).or_else(|| options.feature_file.take());
    options.label_file = labels.or_else(|| options.label_file.take());
    options.split_file = split.or_else(|| options.split_file.take());
}

/// Lines of a text that a report shows.
const SHOWN_LINES: usize = 8;

/// The first lines of a file, if it is text: what would show as boxes and signs is none.
pub(crate) fn lines_of(spec: &str) -> Option<Vec<String>> {
    let lines = first_lines(spec, SHOWN_LINES)?;
    let is_seen = |c: char| c == '\t' || !(c.is_control() || c == char::REPLACEMENT_CHARACTER);
    let is_text = !lines.is_empty() && lines.iter().all(|line| line.chars().all(is_seen));
    is_text.then_some(lines)
}

/// What can be done with what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Graph and model are there: prune.
    Prune,
    /// Labels are there and no model: train one.
    Train,
    /// The graph alone: propagate its features, and sparsify it as it goes.
    Propagate,
    /// A model alone: open the graph it belongs to.
    OpenGraph,
}

impl NextStep {
    /// What can be done with a graph, labelled or not, and a model; the best first.
    pub fn of(graph: Option<bool>, has_model: bool) -> &'static [Self] {
        match (graph, has_model) {
            (Some(_), true) => &[Self::Prune],
            (Some(true), false) => &[Self::Train, Self::Propagate],
            (Some(false), false) => &[Self::Propagate],
            (None, true) => &[Self::OpenGraph],
            (None, false) => &[],
        }
    }

    /// In one sentence.
    pub fn says(self) -> &'static str {
        match self {
            Self::Prune => "prune: every threshold is tried on graph and model at once",
            Self::Train => "train a model: the graph has labels",
            Self::Propagate => {
                "propagate the features over the graph, and sparsify it: no labels and no model are needed"
            }
            Self::OpenGraph => "open the graph that the model belongs to",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(spec: &str, role: Role, possible: &[Role]) -> ImportFile {
        ImportFile {
            spec: spec.to_owned(),
            what: String::new(),
            role,
            possible: possible.to_vec(),
            why: String::new(),
            table: None,
        }
    }

    #[test]
    fn the_second_of_a_kind_says_which_is_taken_and_can_be_chosen() {
        let both = [Role::Features, Role::Labels];
        let files = || vec![file("d/a.csv", Role::Features, &both), file("d/b.csv", Role::Features, &both)];
        let automatic = with_roles(files(), &RolesByHand::new());
        assert_eq!((automatic[0].role, automatic[1].role), (Role::Features, Role::LeftOut));
        assert!(automatic[1].why.contains("a.csv is taken"), "{}", automatic[1].why);
        let chosen = with_roles(files(), &RolesByHand::from([("d/b.csv".to_owned(), Role::Features)]));
        assert_eq!((chosen[0].role, chosen[1].role), (Role::LeftOut, Role::Features));
        let split = with_roles(files(), &RolesByHand::from([("d/b.csv".to_owned(), Role::Labels)]));
        assert_eq!((split[0].role, split[1].role), (Role::Features, Role::Labels));
        let mut options = ReadOptions { split_file: Some("elsewhere.npz".to_owned()), ..ReadOptions::default() };
        name_parts(&split, &mut options);
        let named = [&options.feature_file, &options.label_file, &options.split_file].map(|f| f.as_deref());
        assert_eq!(named, [Some("d/a.csv"), Some("d/b.csv"), Some("elsewhere.npz")]);
        name_parts(&automatic, &mut options);
        assert_eq!((options.feature_file.as_deref(), options.label_file), (Some("d/a.csv"), None));
    }
}
