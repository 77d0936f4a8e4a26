//! All formats of graphs, in order of certainty: detection, reading, the memory check, the options that a format meets, the sentence that
//! lists them and the table of `docs/FORMATS.md` come from this list.

use std::fmt;

use super::format::{Certainty, Format, Group, Look};

macro_rules! formats {
    ($($name:ident => $module:ident,)*) => {
        /// A format of graphs. Each describes itself in the file that is named.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum GraphFormat {
            $(
                #[doc = concat!("`io/graph/", stringify!($module), ".rs`")]
                $name,
            )*
        }

        impl GraphFormat {
            /// All of them; where several are as sure of a file, the first one is taken.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// What the format says about itself.
            pub(super) fn description(self) -> &'static Format {
                match self {
                    $(Self::$name => &super::$module::FORMAT,)*
                }
            }

            /// Its file.
            fn file(self) -> &'static str {
                match self {
                    $(Self::$name => concat!(stringify!($module), ".rs"),)*
                }
            }
        }
    };
}

formats! {
    Stored => stored,
    Compact => compact,
    GnnBenchmark => gnn_benchmark,
    Heterophilous => heterophilous,
    UnifewsFolder => unifews,
    Planetoid => planetoid,
    PygProcessed => pyg,
    GraphSaint => graphsaint,
    Reddit => reddit,
    Ppi => ppi,
    WebKb => webkb,
    Ogb => ogb,
    ScipySparse => scipy,
    Wikipedia => wikipedia,
    Dgl => dgl,
    Mat => linkx,
    MatrixMarket => matrix_market,
    GraphMl => graphml,
    Gexf => gexf,
    Gml => gml,
    Metis => metis,
    EdgeList => edge_list,
}

impl GraphFormat {
    /// The first format that is as sure as this of what is looked at.
    pub(crate) fn sniffed(look: &Look<'_>, certainty: Certainty) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| (format.description().sniff)(look) == Some(certainty))
    }
}

impl fmt::Display for GraphFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description().name)
    }
}

/// All formats as they are listed for people: by group, the best known first.
fn listed() -> Vec<GraphFormat> {
    let mut all = GraphFormat::ALL.to_vec();
    all.sort_by_key(|format| {
        let listed = &format.description().listed;
        (listed.group, listed.place)
    });
    all
}

/// All formats in one sentence, for errors.
pub(crate) fn known_formats() -> String {
    let listed = listed();
    let groups = listed.chunk_by(|a, b| a.description().listed.group == b.description().listed.group);
    let said = groups.filter_map(|formats| {
        let names: Vec<&str> = formats.iter().map(|format| format.description().listed.name).collect();
        let (last, others) = names.split_last()?;
        let group = formats.first()?.description().listed.group;
        let joined = match (group, others) {
            (_, []) => (*last).to_owned(),
            // Each of them says what its files are called.
            (Group::Files, _) => names.join(", "),
            _ => format!("{} or {last}", others.join(", ")),
        };
        Some(match group {
            Group::OwnFolders | Group::Folders => format!("{joined} folder"),
            Group::Archives => format!("{joined} .npz"),
            Group::Files => joined,
            Group::Texts => format!("{joined}, text perhaps in .gz"),
        })
    });
    said.collect::<Vec<_>>().join(", ")
}

/// The table of all formats in `docs/FORMATS.md`, in Markdown.
pub fn format_table() -> String {
    let head = "| format | files | module in `src/io/graph` | what else is read |\n| --- | --- | --- | --- |\n";
    let row = |format: GraphFormat| {
        let Format { title, files, also, .. } = format.description();
        format!("| {title} | {files} | `{}` | {also} |\n", format.file())
    };
    let rows: Vec<String> = listed().into_iter().map(row).collect();
    head.to_owned() + &rows.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_formats_has_the_table_of_the_registry() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/FORMATS.md");
        let page = std::fs::read_to_string(page).expect("docs/FORMATS.md");
        let table = format_table();
        assert!(page.contains(&table), "docs/FORMATS.md has another table than the registry; put this there:\n{table}");
    }

    #[test]
    fn every_format_has_a_place_of_its_own_and_its_own_name() {
        for (at, format) in GraphFormat::ALL.iter().enumerate() {
            let own = format.description();
            for other in GraphFormat::ALL[..at].iter().map(|other| other.description()) {
                let places = [own, other].map(|format| (format.listed.group, format.listed.place));
                assert_ne!(places[0], places[1], "{} and {}", own.name, other.name);
                assert_ne!(own.name, other.name);
            }
        }
    }
}
