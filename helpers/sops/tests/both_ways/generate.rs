//! Random documents in clear, of each format but YAML.

use std::collections::HashSet;
use std::fmt::Write as _;

use sops::Format;

use crate::random::Random;
use crate::yaml;

/// A document of the format.
pub fn document(format: Format, random: &mut Random) -> Vec<u8> {
    match format {
        Format::Yaml => yaml::document(random).into_bytes(),
        Format::Json => json(random).into_bytes(),
        Format::Dotenv => dotenv(random),
        Format::Ini => ini(random).into_bytes(),
        _ => binary(random),
    }
}

/// Keys of which no two are the same.
pub fn keys(random: &mut Random, most: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    (0..=random.below(most)).map(|_| random.key()).filter(|key| seen.insert(key.clone())).collect()
}

fn json(random: &mut Random) -> String {
    let mut text = String::new();
    json_object(random, 0, &mut text);
    text
}

fn json_object(random: &mut Random, depth: usize, out: &mut String) {
    out.push('{');
    for (index, key) in keys(random, 6).iter().enumerate() {
        out.push_str(if index > 0 { "," } else { "" });
        write!(out, "{}:", serde_json::to_string(key).unwrap()).unwrap();
        json_value(random, depth + 1, out);
    }
    out.push('}');
}

fn json_value(random: &mut Random, depth: usize, out: &mut String) {
    match random.below(if depth < 6 { 9 } else { 6 }) {
        0 => out.push_str("null"),
        1 => out.push_str(if random.once_in(2) { "true" } else { "false" }),
        2 => write!(out, "{}", random.int()).unwrap(),
        3 => write!(out, "{:e}", random.float()).unwrap(),
        4 | 5 => out.push_str(&serde_json::to_string(&random.text(true)).unwrap()),
        6 => {
            out.push('[');
            for index in 0..random.below(5) {
                out.push_str(if index > 0 { ", " } else { "" });
                json_value(random, depth + 1, out);
            }
            out.push(']');
        }
        _ => json_object(random, depth, out),
    }
}

fn dotenv(random: &mut Random) -> Vec<u8> {
    let mut out = Vec::new();
    for key in keys(random, 10) {
        if random.once_in(4) {
            out.extend_from_slice(format!("#{}\n", random.text(false)).as_bytes());
        }
        if random.once_in(6) {
            out.push(b'\n');
        }
        out.extend_from_slice(format!("{key}=").as_bytes());
        if random.once_in(10) {
            out.extend(random.bytes(12).iter().filter(|byte| **byte != b'\n'));
        } else {
            out.extend_from_slice(random.text(true).replace('\n', "\\n").as_bytes());
        }
        out.push(b'\n');
    }
    out
}

fn ini(random: &mut Random) -> String {
    let mut out = String::new();
    let plain = |text: String| text.replace(['"', '\'', '`', '\\', '#', ';'], "").trim().to_owned();
    for (index, section) in keys(random, 4).iter().enumerate() {
        if index > 0 || random.once_in(2) {
            if random.once_in(3) {
                writeln!(out, "; {}", plain(random.text(false))).unwrap();
            }
            writeln!(out, "[{section}]").unwrap();
        }
        for key in keys(random, 6) {
            if random.once_in(4) {
                writeln!(out, "# {}", plain(random.text(false))).unwrap();
            }
            let value = match random.below(6) {
                0 => format!("\"\"\"{}\"\"\"", plain(random.text(true)).replace("\"\"\"", "")),
                // What ends so, and was said to stay in clear, sops writes as a value that goes on in the next line.
                1 => format!("`{}`", random.text(false).replace('`', "").trim_end_matches('\\')),
                2 => format!("'{}'", plain(random.text(false))),
                3 => random.int().to_string(),
                _ => plain(random.text(false)),
            };
            let sign = random.pick(&["=", " = ", ": "]);
            writeln!(out, "{key}{sign}{value}").unwrap();
        }
    }
    out
}

fn binary(random: &mut Random) -> Vec<u8> {
    let length = match random.below(4) {
        0 => 0,
        1 => random.below(20_000),
        _ => random.below(200),
    };
    if random.once_in(2) { random.bytes(length + 1) } else { random.text(true).into_bytes() }
}
