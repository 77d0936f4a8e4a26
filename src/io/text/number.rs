//! Numbers as programs and people write them.
//!
//! What is never here: which column or attribute a number belongs to.

/// A number as programs write it: decimal, or hexadecimal with a power of two as C's `%a` does (`0x1.8p+1`).
pub(crate) fn number_of(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse().ok().or_else(|| hexadecimal(text))
}

fn hexadecimal(text: &str) -> Option<f64> {
    let (is_negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let rest = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X"))?;
    let (digits, power) = match rest.split_once(['p', 'P']) {
        Some((digits, power)) => (digits, power.parse::<i32>().ok()?),
        None => (rest, 0),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let n_digits = whole.len() + fraction.len();
    // A 64-bit float has 14 such digits: more than 32 are none that a program wrote.
    if n_digits == 0 || n_digits > 32 {
        return None;
    }
    let mut value = 0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let power = power.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    // In two steps, because the power alone may lie beyond all floats where the number does not.
    let half = power.clamp(-2200, 2200) / 2;
    let value = value * 2f64.powi(half) * 2f64.powi(power.clamp(-2200, 2200) - half);
    Some(if is_negative { -value } else { value })
}

/// A number as tables have it: decimal, or hexadecimal with its power of two; without one it may be an id such as `0x1f`.
pub(crate) fn table_number(text: &str) -> Option<f64> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.contains(['p', 'P']).then(|| hexadecimal(text)).flatten())
}

/// A number with a comma where others write a point; nothing for all other texts.
pub(crate) fn with_decimal_comma(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_one = text.bytes().filter(|b| *b == b',').count() == 1 && !text.contains('.');
    if is_one { text.replacen(',', ".", 1).parse().ok() } else { None }
}

/// Whether the comma in a number can be no separator of thousands: `1,5` and `0,125`, but not `1,250`.
pub(crate) fn is_clear_comma(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    text.split_once(',').is_some_and(|(whole, fraction)| {
        let n_digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        n_digits != 3 || n_digits < fraction.len() || whole.is_empty() || whole.starts_with('0') || whole.len() > 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_floats_are_read_exactly() {
        for (text, value) in [
            ("0x1.8p+1", 3.0),
            ("-0x1.0000000000000p+1", -2.0),
            ("0x1p-3", 0.125),
            ("0X1.FP4", 31.0),
            ("0x.8", 0.5),
            ("0x10", 16.0),
            ("0x1.fffffffffffffp+1023", f64::MAX),
            ("0x0.0000000000001p-1022", f64::from_bits(1)),
            ("0x1.999999999999ap-4", 0.1),
            (" 2.5 ", 2.5),
            ("-INF", f64::NEG_INFINITY),
        ] {
            assert_eq!(number_of(text), Some(value), "{text}");
        }
        for text in ["", "0x", "0xp1", "0x1.8p", "0x1.g", "x1", "0x1p99999999999", "1,5"] {
            assert_eq!(number_of(text), None, "{text}");
        }
        assert!(number_of("NaN").is_some_and(f64::is_nan));
    }
    #[test]
    fn commas_and_powers_are_told_from_thousands_and_ids() {
        assert_eq!(["1,5", "-0,25", "2,5e3"].map(with_decimal_comma), [Some(1.5), Some(-0.25), Some(2500.0)]);
        assert_eq!(["1.000,5", "1,2,3", "15", "a,b"].map(with_decimal_comma), [None; 4]);
        assert_eq!(
            ["1,5", "0,125", "1234,500", "1,250", "-12,345"].map(is_clear_comma),
            [true, true, true, false, false]
        );
        assert_eq!(["0x1.8p+1", "0x1f", "1e3"].map(table_number), [Some(3.0), None, Some(1000.0)]);
    }
}
