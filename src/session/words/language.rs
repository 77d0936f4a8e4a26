//! The languages of the program.

use serde::{Deserialize, Serialize};

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Japanese.
    Japanese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Japanese];

    /// As options, files and pages write it: its tag (BCP 47).
    pub fn key(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Japanese => "ja",
        }
    }

    /// Its own name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Japanese => "日本語",
        }
    }

    /// The one that is switched to from this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::English => Self::Japanese,
            Self::Japanese => Self::English,
        }
    }

    /// The language of a locale's name, for example `ja_JP.UTF-8`; any other than ours is answered in English.
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
        Self::ALL.into_iter().find(|one| language.eq_ignore_ascii_case(one.key())).unwrap_or_default()
    }

    /// The language of the system, by the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that says something.
    pub fn of_system() -> Self {
        let says = |name: &str| std::env::var(name).ok().filter(|locale| !locale.is_empty());
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(says).map_or_else(Self::default, |l| Self::of_locale(&l))
    }
}
