//! Random YAML as people write it: every style of scalar, flow and block collections, anchors, comments, several
//! documents.

use std::fmt::Write as _;

use crate::generate::keys;
use crate::random::Random;

pub fn document(random: &mut Random) -> String {
    let mut text = String::new();
    let documents = if random.once_in(5) { 2 + random.below(2) } else { 1 };
    for index in 0..documents {
        if index > 0 {
            text.push_str("---\n");
        }
        let mut writer = Writer { random, out: String::new(), anchors: Vec::new(), count: 0 };
        writer.map(0, 0, 6);
        text.push_str(&writer.out);
    }
    text
}

struct Writer<'r> {
    random: &'r mut Random,
    out: String,
    anchors: Vec<String>,
    count: usize,
}

impl Writer<'_> {
    fn indent(&mut self, indent: usize) {
        self.out.push_str(&" ".repeat(indent));
    }

    fn comment(&mut self, indent: usize) {
        if self.random.once_in(5) {
            let text = self.random.text(false).replace('\t', " ");
            self.indent(indent);
            // Of an empty comment in a list sops makes an empty element.
            writeln!(self.out, "# {}.", text.trim()).unwrap();
        }
    }

    fn map(&mut self, indent: usize, depth: usize, most: usize) {
        for key in keys(self.random, most) {
            self.comment(indent);
            self.indent(indent);
            let quoted = serde_json::to_string(&key).unwrap();
            let plain = key.chars().all(char::is_alphanumeric);
            let key = if plain && !self.random.once_in(3) { key } else { quoted };
            write!(self.out, "{key}:").unwrap();
            self.node(indent, depth);
        }
    }

    /// What follows a `key:`, with its line break.
    fn node(&mut self, indent: usize, depth: usize) {
        match self.random.below(if depth < 5 { 9 } else { 6 }) {
            6 => {
                self.out.push('\n');
                self.map(indent + 2, depth + 1, 3);
            }
            7 => {
                self.out.push('\n');
                self.list(indent + 2, depth + 1);
            }
            8 => {
                self.out.push(' ');
                self.flow(depth + 1);
                self.out.push('\n');
            }
            5 => self.block(indent + 2),
            _ => {
                self.out.push(' ');
                self.leaf();
                if self.random.once_in(6) {
                    self.out.push_str(" # behind");
                }
                self.out.push('\n');
            }
        }
    }

    fn list(&mut self, indent: usize, depth: usize) {
        for _ in 0..=self.random.below(4) {
            self.comment(indent);
            self.indent(indent);
            self.out.push('-');
            if depth < 5 && self.random.once_in(4) {
                self.out.push(' ');
                let start = self.out.len();
                self.map_in_element(indent + 2, depth + 1);
                // The first key stands on the line of the `-`.
                let body = self.out.split_off(start);
                self.out.push_str(body.trim_start_matches(' '));
            } else {
                self.out.push(' ');
                self.leaf();
                self.out.push('\n');
            }
        }
    }

    fn map_in_element(&mut self, indent: usize, depth: usize) {
        for key in keys(self.random, 3) {
            self.indent(indent);
            write!(self.out, "{}:", serde_json::to_string(&key).unwrap()).unwrap();
            self.node(indent, depth);
        }
    }

    /// Text that go-yaml can write: of lines in a list that begin with a space it counts the spaces wrong.
    fn text(&mut self) -> String {
        self.random.text(true).trim_start().to_owned()
    }

    fn flow(&mut self, depth: usize) {
        let list = self.random.once_in(2);
        self.out.push(if list { '[' } else { '{' });
        for (index, key) in keys(self.random, 3).iter().enumerate().skip(self.random.below(2)) {
            self.out.push_str(if index > 0 && !self.out.ends_with(['[', '{']) { ", " } else { "" });
            if !list {
                write!(self.out, "{}: ", serde_json::to_string(key).unwrap()).unwrap();
            }
            if depth < 5 && self.random.once_in(5) {
                self.flow(depth + 1);
            } else {
                let text = self.text();
                self.out.push_str(&serde_json::to_string(&text).unwrap());
            }
        }
        self.out.push(if list { ']' } else { '}' });
    }

    /// A literal or folded block.
    fn block(&mut self, indent: usize) {
        let sign = *self.random.pick(&[" |", " |-", " |+", " >", " >-"]);
        writeln!(self.out, "{sign}").unwrap();
        self.indent(indent);
        self.out.push_str("begin\n");
        for _ in 0..=self.random.below(5) {
            let text = self.random.text(false).replace('\t', "");
            let line = text.trim();
            if line.is_empty() {
                self.out.push('\n');
                continue;
            }
            self.indent(indent);
            writeln!(self.out, "{line}").unwrap();
        }
        self.indent(indent);
        self.out.push_str("end\n");
    }

    fn leaf(&mut self) {
        if self.random.once_in(12) && !self.anchors.is_empty() {
            let name = self.random.pick(&self.anchors).clone();
            write!(self.out, "*{name}").unwrap();
            return;
        }
        if self.random.once_in(12) {
            self.count += 1;
            let name = format!("n{}", self.count);
            write!(self.out, "&{name} ").unwrap();
            self.anchors.push(name);
        }
        let leaf = match self.random.below(12) {
            0 => (*self.random.pick(&["null", "~"])).to_owned(),
            1 => (*self.random.pick(&["true", "False", "TRUE"])).to_owned(),
            2 => self.random.int().to_string(),
            3 => (*self.random.pick(&["0x1F", "0o17", "0755", "0b11", "+12", "1_000"])).to_owned(),
            4 => format!("{:e}", self.random.float()),
            5 => (*self.random.pick(&[".inf", "-.Inf", "1.", ".5", "6.02e23", "1.0", "12e03", "3.0"])).to_owned(),
            6 => (*self.random.pick(&["2001-12-14", "2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43"])).to_owned(),
            7 => (*self.random.pick(&["yes", "Off", "n", "12:30", "1.2.3", "a b c", "-x", "=", "0x", "1e"])).to_owned(),
            8 => (*self.random.pick(&["''", "\"\"", "'it''s'", "\"\\u00e9\\n\"", "!!str 12", "!!binary aGVsbG8="]))
                .to_owned(),
            _ => serde_json::to_string(&self.text()).unwrap(),
        };
        self.out.push_str(&leaf);
    }
}
