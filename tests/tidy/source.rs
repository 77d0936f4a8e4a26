//! The source as the compiler's grammar has it: which file imports what of which other, which names are declared, which texts there are.
//!
//! Code of tests is left out. A name that a file only passes on (`pub use`) is traced to the file that has it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use syn::visit::Visit;

/// The sources of this package, parsed once for all tests.
static SOURCE: LazyLock<Source> = LazyLock::new(|| Source::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")));

/// The sources of this package.
pub(crate) fn source() -> &'static Source {
    &SOURCE
}

/// One file of `src`.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Below `src`, for example `engine/graph/mod.rs`.
    pub(crate) file: String,
    /// Every path it imports or names, from the root of the crate; the last part is the item.
    paths: Vec<Vec<String>>,
    /// What it passes on under which name, with the path from the root of the crate.
    passed_on: BTreeMap<String, Vec<String>>,
    /// Paths that begin with another crate.
    pub(crate) foreign: Vec<Vec<String>>,
    /// Types, functions, constants, variants and fields that it declares.
    pub(crate) declared: BTreeSet<String>,
    /// String literals.
    pub(crate) texts: Vec<String>,
}

/// All files of `src` by their module's path, for example `engine::graph`.
#[derive(Debug)]
pub(crate) struct Source(BTreeMap<String, Module>);

/// An import of one file by another: what is taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Import {
    /// Module path of the file that imports.
    pub(crate) from: String,
    /// Module path of the file that has the item.
    pub(crate) to: String,
    /// The item.
    pub(crate) item: String,
}

impl Source {
    /// Parses every file below `src`.
    fn read(src: &Path) -> Self {
        let mut files = Vec::new();
        walk(src, &mut files);
        let mut parsed = BTreeMap::new();
        for path in files {
            let file = path.strip_prefix(src).expect("below src").to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).expect("text");
            let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{file}: {error}"));
            parsed.insert(module_of(&file), (file, tree));
        }
        let names: BTreeSet<String> = parsed.keys().cloned().collect();
        let tests: Vec<String> = parsed.iter().flat_map(|(module, (_, tree))| test_modules(module, tree)).collect();
        let is_test = |module: &str| tests.iter().any(|t| module == t || module.starts_with(&format!("{t}::")));
        let modules = parsed.into_iter().filter(|(module, _)| !is_test(module)).map(|(module, (file, tree))| {
            let mut reader = Reader { names: &names, at: parts(&module), found: Module { file, ..Module::default() } };
            reader.visit_file(&tree);
            (module, reader.found)
        });
        Self(modules.collect())
    }

    /// Every file with its module path.
    pub(crate) fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.0.iter().map(|(module, found)| (module.as_str(), found))
    }

    /// Every import between two files, each once.
    pub(crate) fn imports(&self) -> BTreeSet<Import> {
        let mut all = BTreeSet::new();
        for (from, module) in &self.0 {
            for path in &module.paths {
                let Some((to, item)) = self.home_of(path) else { continue };
                if to != *from {
                    all.insert(Import { from: from.clone(), to, item });
                }
            }
            // What is passed on from a file below is how that file is reached; from elsewhere it is an import.
            for path in module.passed_on.values() {
                let is_below = path.len() > parts(from).len() && path.starts_with(&parts(from));
                if let Some((to, item)) = self.home_of(path).filter(|(to, _)| !is_below && to != from) {
                    all.insert(Import { from: from.clone(), to, item });
                }
            }
        }
        all
    }

    /// The file that declares what a path names, through everything that only passes it on.
    fn home_of(&self, path: &[String]) -> Option<(String, String)> {
        let mut path = path.to_vec();
        for _ in 0..16 {
            let n = (0..=path.len()).rev().find(|n| self.0.contains_key(&path[..*n].join("::")))?;
            let (module, item) = (path[..n].join("::"), path.get(n));
            let next = item.and_then(|item| self.0[&module].passed_on.get(item));
            match next {
                Some(next) => path = next.iter().chain(&path[n + 1..]).cloned().collect(),
                None if module.is_empty() => return None,
                None => return Some((module, item.cloned().unwrap_or_else(|| "self".to_owned()))),
            }
        }
        None
    }
}

fn walk(folder: &Path, out: &mut Vec<std::path::PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder).expect("folder").map(|e| e.expect("entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn module_of(file: &str) -> String {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let stem = if stem == "lib" { "" } else { stem.strip_suffix("/mod").unwrap_or(stem) };
    stem.replace('/', "::")
}

fn parts(module: &str) -> Vec<String> {
    module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn is_of_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_test = |list: &syn::MetaList| list.tokens.to_string().split_whitespace().any(|word| word == "test");
        match &attribute.meta {
            syn::Meta::List(list) => list.path.is_ident("cfg") && is_test(list),
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::NameValue(_) => false,
        }
    })
}

/// Files that are compiled for tests alone.
fn test_modules(module: &str, tree: &syn::File) -> Vec<String> {
    let modules = tree.items.iter().filter_map(|item| match item {
        syn::Item::Mod(item) if item.content.is_none() && is_of_tests(&item.attrs) => Some(item.ident.to_string()),
        _ => None,
    });
    modules.map(|name| if module.is_empty() { name } else { format!("{module}::{name}") }).collect()
}

struct Reader<'a> {
    /// Module paths of all files.
    names: &'a BTreeSet<String>,
    /// The module that is read, with those inside its file.
    at: Vec<String>,
    found: Module,
}

impl Reader<'_> {
    /// A path from the root of the crate, or `None` for one of another crate or of a name that is in scope.
    fn resolved_from_root(&self, path: &[String]) -> Option<Vec<String>> {
        let is_module = |parts: &[String]| self.names.contains(&parts.join("::"));
        match path.first()?.as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([&self.at, &path[1..]].concat()),
            "super" => {
                let n_up = path.iter().take_while(|part| *part == "super").count();
                Some([&self.at[..self.at.len().checked_sub(n_up)?], &path[n_up..]].concat())
            }
            first => {
                let below = [&self.at[..], &[first.to_owned()]].concat();
                is_module(&below).then(|| [&self.at, path].concat())
            }
        }
    }

    fn name(&mut self, path: &[String]) {
        match self.resolved_from_root(path) {
            Some(path) => self.found.paths.push(path),
            None => self.found.foreign.push(path.to_vec()),
        }
    }

    /// Paths in the arguments of a macro, which the grammar leaves as they are.
    fn tokens(&mut self, tokens: &str) {
        let words: Vec<&str> = tokens.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            let is_start = matches!(*word, "crate" | "super") && (at == 0 || words[at - 1] != "::");
            if is_start {
                let mut path = vec![(*word).to_owned()];
                let mut rest = words[at + 1..].chunks_exact(2);
                while let Some(["::", part]) = rest.next() {
                    if !part.chars().all(|c| c.is_alphanumeric() || c == '_') {
                        break;
                    }
                    path.push((*part).to_owned());
                }
                if path.len() > 1 {
                    self.name(&path);
                }
            }
        }
    }

    fn declare(&mut self, name: &syn::Ident) {
        self.found.declared.insert(name.to_string());
    }
}

/// The paths of a `use` tree, each with the name it has afterwards; `*` for all of a module.
fn flatten(tree: &syn::UseTree, before: &mut Vec<String>, out: &mut Vec<(Vec<String>, String)>) {
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, out);
            before.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, out)),
        syn::UseTree::Glob(_) => out.push((before.clone(), "*".to_owned())),
        syn::UseTree::Name(name) if name.ident == "self" => {
            out.push((before.clone(), before.last().cloned().unwrap_or_default()));
        }
        syn::UseTree::Name(name) => {
            out.push(([&before[..], &[name.ident.to_string()]].concat(), name.ident.to_string()));
        }
        syn::UseTree::Rename(name) => {
            out.push(([&before[..], &[name.ident.to_string()]].concat(), name.rename.to_string()));
        }
    }
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_of_tests(attributes(item)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.at.push(item.ident.to_string());
        syn::visit::visit_item_mod(self, item);
        self.at.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut all = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut all);
        let is_passed_on = !matches!(item.vis, syn::Visibility::Inherited);
        for (path, name) in all {
            match self.resolved_from_root(&path) {
                Some(path) if is_passed_on => drop(self.found.passed_on.insert(name, path)),
                Some(path) => self.found.paths.push(path),
                None => self.found.foreign.push(path),
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let parts: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.name(&parts);
        }
        syn::visit::visit_path(self, path);
    }

    // Who may see an item is no use of a module, and attributes name no items of ours.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(&item.tokens.to_string());
        for text in item.tokens.to_string().split('"').skip(1).step_by(2) {
            self.found.texts.push(text.to_owned());
        }
        syn::visit::visit_macro(self, item);
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.found.texts.push(text.value());
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.declare(&item.ident);
        syn::visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.declare(&item.ident);
        syn::visit::visit_item_enum(self, item);
    }

    fn visit_variant(&mut self, item: &'ast syn::Variant) {
        self.declare(&item.ident);
        syn::visit::visit_variant(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.declare(&item.ident);
        syn::visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.declare(&item.ident);
        syn::visit::visit_item_type(self, item);
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.declare(&item.ident);
        syn::visit::visit_item_const(self, item);
    }

    fn visit_impl_item_const(&mut self, item: &'ast syn::ImplItemConst) {
        self.declare(&item.ident);
        syn::visit::visit_impl_item_const(self, item);
    }

    fn visit_signature(&mut self, item: &'ast syn::Signature) {
        self.declare(&item.ident);
        syn::visit::visit_signature(self, item);
    }

    fn visit_field(&mut self, item: &'ast syn::Field) {
        item.ident.iter().for_each(|name| self.declare(name));
        syn::visit::visit_field(self, item);
    }
}
