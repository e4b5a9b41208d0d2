//! The metrics are what Prometheus' text format says, whatever a recipe calls its version.

use std::collections::BTreeSet;
use std::path::Path;

use hearth::{host::Host, metrics};

/// Reads the text format as its specification says, strictly; returns the samples as they stand.
fn parse(text: &str) -> Result<Vec<String>, String> {
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("the last line has no end".to_owned());
    }
    let (mut family, mut typed, mut families, mut samples) = (String::new(), false, BTreeSet::new(), Vec::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').ok_or(format!("no help: {line}"))?;
            let new = families.insert(name.to_owned()) && !words.is_empty();
            (family, typed) = (name.to_owned(), false);
            if !new {
                return Err(format!("told twice: {line}"));
            }
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            typed = kind == format!("{family} gauge");
        } else {
            let (name, rest) = line.split_at(line.find(['{', ' ']).ok_or(format!("no value: {line}"))?);
            if name != family || !typed {
                return Err(format!("without HELP and TYPE before it: {line}"));
            }
            value(labels(rest)?)?;
            samples.push(line.to_owned());
        }
    }
    let different: BTreeSet<_> = samples.iter().map(|line| line.rsplit_once(' ').map(|(key, _)| key)).collect();
    if different.len() == samples.len() { Ok(samples) } else { Err("a sample stands twice".to_owned()) }
}

/// Takes `{name="value",…}` off the front.
fn labels(text: &str) -> Result<&str, String> {
    let Some(mut rest) = text.strip_prefix('{') else { return Ok(text) };
    loop {
        let (name, after) = rest.split_once("=\"").ok_or(format!("no label: {rest}"))?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            return Err(format!("no name of a label: {name}"));
        }
        let (mut end, mut escaped) = (None, false);
        for (place, byte) in after.bytes().enumerate() {
            match byte {
                b'\\' | b'"' | b'n' if escaped => escaped = false,
                _ if escaped => return Err(format!("unknown escape: {after}")),
                b'\\' => escaped = true,
                b'"' => {
                    end = Some(place);
                    break;
                }
                _ => {}
            }
        }
        rest = &after[end.ok_or(format!("no end: {after}"))? + 1..];
        if let Some(after) = rest.strip_prefix('}') {
            return Ok(after);
        }
        rest = rest.strip_prefix(',').ok_or(format!("neither , nor }}: {rest}"))?;
    }
}

fn value(text: &str) -> Result<f64, String> {
    let number = text.strip_prefix(' ').ok_or(format!("no space: {text}"))?;
    number.parse().map_err(|_| format!("no number: {number}"))
}

#[test]
fn the_reader_of_this_test_finds_what_is_wrong() {
    let good = "# HELP a x\n# TYPE a gauge\na{b=\"c\\\"\"} 1\n";
    parse(good).unwrap();
    for bad in
        ["a 1\n", "# HELP a x\na 1\n", "# HELP a x\n# TYPE a gauge\na 1", "# HELP a x\n# TYPE a gauge\na{b=\"c\"} x\n"]
    {
        parse(bad).unwrap_err();
    }
    for (from, to) in [("\\\"", "\""), ("\\\"", "\\x"), ("a{", "b{"), ("\"} 1", "\"}1"), ("a x\n", "a x\n# HELP a x\n")]
    {
        parse(&good.replacen(from, to, 1)).unwrap_err();
    }
    parse(&good.replace("a{b=\"c\\\"\"} 1\n", "a 1\na 2\n")).unwrap_err();
}

#[test]
fn the_metrics_of_a_host_are_in_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str| {
        let text = std::fs::read_to_string(Path::new("tests/cmd/host.in").join(from)).unwrap();
        text.replace("\"state/", &format!("\"{}/state/", folder.path().display()))
    };
    let write = |to: &str, text: &str| {
        let path = folder.path().join(to);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for name in ["etc/apps/wiki.json", "etc/certificates/example.json", "etc/alerts.json"] {
        write(name, &copy(name));
    }
    for name in ["state/apps/wiki/last.json", "state/certificates/example/last.json"] {
        write(name, &copy(name));
    }
    let odd = copy("state/apps/wiki/deployed.json").replace("1.2.0+3.4.5", "odd \\\\ \\\" \\n version");
    write("state/apps/wiki/deployed.json", &odd);
    let text = metrics::text(&Host::read(&folder.path().join("etc")).unwrap());
    let samples = parse(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    for expected in [
        "hearth_run_outcome{kind=\"app\",name=\"wiki\",outcome=\"unchanged\"} 1",
        "hearth_run_outcome{kind=\"app\",name=\"wiki\",outcome=\"failed\"} 0",
        "hearth_run_timestamp_seconds{kind=\"app\",name=\"wiki\"} 1768125600",
        "hearth_run_duration_seconds{kind=\"app\",name=\"wiki\"} 0.041",
        "hearth_app_version_info{name=\"wiki\",version=\"odd \\\\ \\\" \\n version\"} 1",
        "hearth_app_held{name=\"wiki\"} 0",
        "hearth_certificate_expiry_timestamp_seconds{name=\"cert-example\"} 1772323200",
        "hearth_snapshots{name=\"wiki\"} 0",
        "hearth_alerts_open 0",
        "hearth_state_unreadable{kind=\"app\",name=\"wiki\"} 0",
    ] {
        assert!(samples.iter().any(|sample| sample == expected), "{expected} is not in\n{text}");
    }
}
