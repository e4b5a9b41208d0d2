//! The type of a plain YAML scalar, as go-yaml v3 (`resolve.go`) decides it: YAML 1.2 with some of 1.1.
//!
//! It matters wherever a value is left in clear: the MAC covers what the value means, not how it is written.

use std::borrow::Cow;

use crate::value::Scalar;

/// The scalar that unquoted `text` stands for; an error for a number that sops refuses.
pub(super) fn resolve(text: &str) -> Result<Scalar, String> {
    if let Some(known) = constant(text) {
        return Ok(known);
    }
    let number = match text.as_bytes().first() {
        Some(b'.') => text.parse().ok().filter(|_| is_float(text)).map(Scalar::Float),
        Some(b'+' | b'-' | b'0'..=b'9') => {
            time(text).map(Scalar::Time).map_or_else(|| number(text), |time| Ok(Some(time)))?
        }
        _ => None,
    };
    Ok(number.unwrap_or_else(|| Scalar::Str(text.into())))
}

fn constant(text: &str) -> Option<Scalar> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "true" | "True" | "TRUE" => Scalar::Bool(true),
        "false" | "False" | "FALSE" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => return None,
    })
}

fn number(text: &str) -> Result<Option<Scalar>, String> {
    let plain: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    if let Some((negative, radix, digits)) = integer(&plain) {
        if let Ok(magnitude) = u64::from_str_radix(digits, radix) {
            return match signed(negative, magnitude) {
                Some(number) => Ok(Some(Scalar::Int(number))),
                None if negative => Ok(float(&plain)),
                None => Err(format!("the number {text} is too large for sops; quote it")),
            };
        }
    }
    Ok(float(&plain))
}

fn float(plain: &str) -> Option<Scalar> {
    is_float(plain).then(|| plain.parse().ok()).flatten().map(Scalar::Float)
}

fn signed(negative: bool, magnitude: u64) -> Option<i64> {
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// Sign, radix and digits of an integer: `0x`, `0o`, `0b`, and the leading `0` of YAML 1.1's octals.
fn integer(plain: &str) -> Option<(bool, u32, &str)> {
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(plain)),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    (!digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))).then_some((negative, radix, digits))
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

/// A timestamp in one of the four forms that go-yaml knows, as RFC 3339 text.
fn time(text: &str) -> Option<String> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, rest) = rest.strip_prefix('-')?.split_once('-')?;
    let (day, clock) = match rest.find(['T', 't', ' ']) {
        Some(at) => (&rest[..at], Some(&rest[at..])),
        None => (rest, None),
    };
    let (year, month, day) = (field(year, 4..=4)?, field(month, 1..=2)?, field(day, 1..=2)?);
    day_of_month(year, month, day)?;
    let date = format!("{year:04}-{month:02}-{day:02}");
    let Some(clock) = clock else { return Some(format!("{date}T00:00:00Z")) };
    let (separator, clock) = clock.split_at(1);
    let (clock, zone) = match clock.find(['Z', '+', '-']) {
        Some(at) => clock.split_at(at),
        None => (clock, ""),
    };
    if (separator == " ") != zone.is_empty() {
        return None;
    }
    Some(format!("{date}T{}{}", time_of_day(clock)?, offset(zone)?))
}

fn time_of_day(clock: &str) -> Option<String> {
    let (clock, fraction) = clock.split_once('.').map_or((clock, ""), |(clock, fraction)| (clock, fraction));
    let mut parts = clock.split(':');
    let mut next = |most: u32| field(parts.next()?, 1..=2).filter(|number| *number <= most);
    let (hour, minute, second) = (next(23)?, next(59)?, next(59)?);
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction = fraction[..fraction.len().min(9)].trim_end_matches('0');
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{hour:02}:{minute:02}:{second:02}{dot}{fraction}"))
}

fn offset(zone: &str) -> Option<String> {
    match zone {
        "" | "Z" | "+00:00" | "-00:00" => Some("Z".to_owned()),
        _ => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let fits = field(hours, 2..=2)? <= 24 && field(minutes, 2..=2)? <= 60;
            fits.then(|| zone.to_owned())
        }
    }
}

fn field(text: &str, length: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Whether the month has the day.
fn day_of_month(year: u32, month: u32, day: u32) -> Option<()> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    (1..=days).contains(&day).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_get_the_types_that_go_yaml_gives_them() {
        for (text, scalar) in [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("yes", Scalar::Str("yes".into())),
            ("True", Scalar::Bool(true)),
            ("12", Scalar::Int(12)),
            ("-0x1F", Scalar::Int(-31)),
            ("0o17", Scalar::Int(15)),
            ("0777", Scalar::Int(511)),
            ("0b101", Scalar::Int(5)),
            ("1_000", Scalar::Int(1000)),
            ("08", Scalar::Float(8.0)),
            ("1.", Scalar::Float(1.0)),
            (".5", Scalar::Float(0.5)),
            ("1e3", Scalar::Float(1000.0)),
            ("-9223372036854775808", Scalar::Int(i64::MIN)),
            ("1.2.3", Scalar::Str("1.2.3".into())),
            ("+", Scalar::Str("+".into())),
            ("12ab", Scalar::Str("12ab".into())),
            ("2001-12-14", Scalar::Time("2001-12-14T00:00:00Z".into())),
            ("2001-12-14t21:59:43.10-05:00", Scalar::Time("2001-12-14T21:59:43.1-05:00".into())),
            ("2001-12-14 21:59:43", Scalar::Time("2001-12-14T21:59:43Z".into())),
            ("2001-02-30", Scalar::Str("2001-02-30".into())),
            ("2001-12-14 21:59", Scalar::Str("2001-12-14 21:59".into())),
        ] {
            assert_eq!(resolve(text).unwrap(), scalar, "{text}");
        }
        assert!(resolve("18446744073709551615").unwrap_err().contains("quote it"));
    }
}
