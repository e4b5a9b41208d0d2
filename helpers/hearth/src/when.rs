//! Times for people.

use jiff::{SignedDuration, Timestamp};

/// How long ago something was: `3 min ago`. What lies ahead, because a clock was set back, is told as a time.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let passed = now.duration_since(then);
    if passed < SignedDuration::from_secs(-60) {
        return format!("at {then:.0}");
    }
    let seconds = passed.as_secs().max(0);
    match seconds {
        0..60 => "just now".to_owned(),
        60..5400 => format!("{} min ago", (seconds + 30) / 60),
        5400..172_800 => format!("{} h ago", (seconds + 1800) / 3600),
        _ => format!("{} days ago", (seconds + 43_200) / 86_400),
    }
}

/// How long something took: `850 ms`, `12.3 s`, `4 min 5 s`.
pub fn took(milliseconds: i64) -> String {
    match milliseconds {
        ..1000 => format!("{milliseconds} ms"),
        1000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1000),
    }
}

/// A number of bytes: `1.5 GiB`.
pub fn size(bytes: u64) -> String {
    let (mut unit, mut shift) = ("B", 0);
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if bytes >> shift >= 1024 {
            (unit, shift) = (next, shift + 10);
        }
    }
    match shift {
        0 => format!("{bytes} B"),
        _ => format!("{}.{} {unit}", bytes >> shift, ((bytes >> (shift - 10)) % 1024) * 10 / 1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let told = |seconds: i64| ago(now - SignedDuration::from_secs(seconds), now);
        assert_eq!(
            [told(5), told(90), told(7200), told(3 * 86400)],
            ["just now", "2 min ago", "2 h ago", "3 days ago"]
        );
        assert_eq!(told(-3600), "at 2023-11-14T23:13:20Z");
        assert_eq!([took(850), took(12_340), took(245_000)], ["850 ms", "12.3 s", "4 min 5 s"]);
        assert_eq!([size(12), size(1536), size(3 << 30)], ["12 B", "1.5 KiB", "3.0 GiB"]);
    }
}
