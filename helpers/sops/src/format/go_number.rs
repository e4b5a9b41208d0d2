//! Floating-point numbers as Go's `strconv.FormatFloat` writes them.

/// Sign, decimal digits without leading zeros, and the exponent of the first digit: 12.5 is `125` and 1.
fn digits(number: f64) -> (bool, String, i32) {
    let text = format!("{:e}", number.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    (number.is_sign_negative(), mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn scientific(number: f64, letter: char, width: usize) -> String {
    let (negative, digits, exponent) = digits(number);
    let (first, rest) = digits.split_at(1.min(digits.len()));
    let dot = if rest.is_empty() { "" } else { "." };
    let sign = if negative { "-" } else { "" };
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    format!("{sign}{first}{dot}{rest}{letter}{exponent_sign}{:0width$}", exponent.unsigned_abs())
}

/// `FormatFloat(number, 'g' or 'G', -1, 64)`, by the case of `letter`, for a finite number.
pub(crate) fn shortest_g(number: f64, letter: char) -> String {
    let (_, _, exponent) = digits(number);
    if (-4..6).contains(&exponent) { number.to_string() } else { scientific(number, letter, 2) }
}

/// A number as `encoding/json` writes it, for a finite number.
pub(crate) fn json(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-6..1e21).contains(&magnitude) {
        // `e-09` becomes `e-9`; a positive exponent keeps its two digits, of which it has always two.
        return scientific(number, 'e', if magnitude < 1.0 { 1 } else { 2 });
    }
    number.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_go_writes_them() {
        for (number, g, encoded) in [
            (0.0, "0", "0"),
            (1.0, "1", "1"),
            (-2.5, "-2.5", "-2.5"),
            (123_456.0, "123456", "123456"),
            (1_000_000.0, "1e+06", "1000000"),
            (1.5e-5, "1.5e-05", "0.000015"),
            (1.5e-9, "1.5e-09", "1.5e-9"),
            (1e21, "1e+21", "1e+21"),
            (1.25e-100, "1.25e-100", "1.25e-100"),
        ] {
            assert_eq!((shortest_g(number, 'e').as_str(), json(number).as_str()), (g, encoded));
        }
    }
}
