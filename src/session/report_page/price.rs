//! What a core costs, and amounts of money.

use serde::{Deserialize, Serialize};

use super::say::Say;
use crate::session::format::count;

/// What an hour of one core costs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// In whole units of the currency, above 0.
    pub per_core_hour: f64,
    /// Of which currency.
    pub currency: Currency,
}

/// A currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Currency {
    /// US dollar.
    #[default]
    Usd,
    /// Yen.
    Jpy,
    /// Euro.
    Eur,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 3] = [Self::Usd, Self::Jpy, Self::Eur];

    /// Its code (ISO 4217).
    pub fn key(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::Jpy => "JPY",
            Self::Eur => "EUR",
        }
    }

    /// An amount.
    pub(super) fn says(self, amount: f64, say: Say) -> String {
        let amount = three_digits(amount);
        match self {
            Self::Usd => say.with("report-usd", &[("amount", amount.into())]),
            Self::Jpy => say.with("report-jpy", &[("amount", amount.into())]),
            Self::Eur => say.with("report-eur", &[("amount", amount.into())]),
        }
    }
}

/// An amount to three digits, and below one to as many decimals as that takes: 0.0123, 1.23, 123, 1,235.
fn three_digits(amount: f64) -> String {
    if amount >= 999.5 {
        return count(amount.round() as u64);
    }
    let decade = if amount > 0.0 { amount.log10().floor() } else { 0.0 };
    let decimals = (2.0 - decade).clamp(0.0, 12.0) as usize;
    let text = format!("{amount:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits_whatever_their_size() {
        let all = [0.0, 0.000_456_78, 0.05, 0.999_9, 1.0, 12.345, 123.4, 999.4, 1_234.4];
        let says = ["0", "0.000457", "0.05", "1", "1", "12.3", "123", "999", "1,234"];
        assert_eq!(all.map(three_digits), says.map(str::to_owned));
    }
}
