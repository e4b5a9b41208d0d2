//! YAML to tree, with order and comments kept.
//!
//! Comments stand where sops puts them: those above a pair or element before it, those behind a value on its line
//! before it too, marked inline, the rest at the end of the mapping or list whose indentation they have.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use base64::Engine as _;
use granit_parser::{Event, Options, Parser, Placement, ScalarStyle, ScanError, Span, StructureStyle, Tag};

use super::{syntax, yaml_scalar};
use crate::error::Error;
use crate::value::{Comment, Entry, Item, Scalar, Text, Value};

/// How many nodes aliases may add up to, beyond one a byte of the file: enough for people, too few for a bomb.
const ALIASED_NODES: usize = 1000;

pub(super) fn parse(text: &[u8], file: &Path) -> Result<Vec<Value>, Error> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let text = std::str::from_utf8(text).map_err(|error| {
        let line = text[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        syntax(file, line, 1, "bytes that are not UTF-8")
    })?;
    let mut options = Options::default();
    options.max_buffered_comment_events = text.len();
    let mut builder = Builder { budget: text.len() + ALIASED_NODES, ..Builder::default() };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| scan_error(file, &error))?;
        builder.event(event, &span).map_err(|reason| syntax(file, span.start.line(), span.start.col() + 1, reason))?;
    }
    Ok(builder.documents)
}

fn scan_error(file: &Path, error: &ScanError) -> Error {
    syntax(file, error.marker().line(), error.marker().col() + 1, error.info())
}

#[derive(Default)]
struct Builder {
    documents: Vec<Value>,
    frames: Vec<Frame>,
    anchors: HashMap<usize, Value>,
    /// Comments whose place depends on what comes next, and their columns.
    pending: Vec<(Comment, usize)>,
    budget: usize,
}

/// A mapping or list that is not yet closed.
struct Frame {
    node: Open,
    anchor: usize,
    /// The column of a block collection; 0 for a flow one, which keeps every comment within its brackets.
    column: usize,
}

enum Open {
    Map { entries: Vec<Entry>, seen: HashSet<String>, key: Option<String> },
    List(Vec<Item>),
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: &Span) -> Result<(), String> {
        match event {
            Event::DocumentStart(..) => self.anchors.clear(),
            Event::DocumentEnd => self.end_document(),
            Event::Comment(text, placement) => self.comment(&text, placement, span.start.col()),
            Event::Scalar(text, style, anchor, tag) => {
                let scalar = typed(&text, style, tag.as_deref())?;
                self.anchor(anchor, || Value::Scalar(scalar.clone()));
                self.scalar(scalar, &text, style)?;
            }
            Event::Alias(id) => {
                let value = self.anchors.get(&id).cloned().ok_or("an alias to the collection that it stands in")?;
                self.budget = self.budget.checked_sub(nodes(&value)).ok_or("aliases that grow beyond all measure")?;
                self.begin(&value)?;
                self.place(value)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                self.begin_collection()?;
                self.open(Open::List(Vec::new()), style, anchor, span);
            }
            Event::MappingStart(style, anchor, _) => {
                self.begin_collection()?;
                self.open(Open::Map { entries: Vec::new(), seen: HashSet::new(), key: None }, style, anchor, span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close()?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, node: Open, style: StructureStyle, anchor: usize, span: &Span) {
        let column = if style == StructureStyle::Block { span.start.col() } else { 0 };
        self.frames.push(Frame { node, anchor, column });
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(frame) = self.frames.last() else { return Ok(()) };
        let column = frame.column;
        let is_list = matches!(frame.node, Open::List(_));
        // A list may stand at the column of the mapping that it is in; a comment there is the mapping's.
        let parent = self.frames.iter().rev().nth(1).filter(|_| is_list).map_or(0, |parent| parent.column + 1);
        let stay = self.pending.iter().take_while(|(_, at)| *at >= column.max(parent)).count();
        for (comment, _) in self.pending.drain(..stay).collect::<Vec<_>>() {
            self.push_comment(comment);
        }
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        let value = match frame.node {
            Open::Map { entries, .. } => Value::Map(entries),
            Open::List(items) => Value::List(items),
        };
        self.anchor(frame.anchor, || value.clone());
        self.place(value)
    }

    fn anchor(&mut self, id: usize, value: impl FnOnce() -> Value) {
        if id != 0 {
            self.anchors.insert(id, value());
        }
    }

    /// What happens before a node: comments above it find their place.
    fn begin(&mut self, value: &Value) -> Result<(), String> {
        if self.expects_key() && !matches!(value, Value::Scalar(_)) {
            return Err("a mapping or list as a key; sops knows only text".to_owned());
        }
        for (comment, _) in std::mem::take(&mut self.pending) {
            self.push_comment(comment);
        }
        Ok(())
    }

    fn begin_collection(&mut self) -> Result<(), String> {
        // Comments between a key and its first child belong to the child's mapping, those before a key to its own.
        if self.expects_key() {
            return self.begin(&Value::List(Vec::new()));
        }
        if matches!(self.frames.last(), Some(Frame { node: Open::Map { .. }, .. }) | None) {
            // One behind the key belongs to the key.
            let pending = std::mem::take(&mut self.pending);
            let (behind, below): (Vec<_>, Vec<_>) = pending.into_iter().partition(|(comment, _)| comment.inline);
            self.pending = below;
            for (comment, _) in behind {
                self.push_comment(Comment { inline: false, ..comment });
            }
            return Ok(());
        }
        self.begin(&Value::List(Vec::new()))
    }

    fn expects_key(&self) -> bool {
        matches!(self.frames.last(), Some(Frame { node: Open::Map { key: None, .. }, .. }))
    }

    fn scalar(&mut self, scalar: Scalar, text: &str, style: ScalarStyle) -> Result<(), String> {
        self.begin(&Value::Scalar(Scalar::Null))?;
        if let Some(Frame { node: Open::Map { seen, key: key @ None, .. }, .. }) = self.frames.last_mut() {
            if !matches!(scalar, Scalar::Str(_)) && style == ScalarStyle::Plain && text != "<<" {
                return Err(format!(
                    "the key `{text}` is of type {}; sops knows only text, so quote it",
                    scalar.type_name()
                ));
            }
            if !seen.insert(text.to_owned()) {
                return Err(format!("the key `{text}` stands twice in one mapping"));
            }
            *key = Some(text.to_owned());
            return Ok(());
        }
        self.place(Value::Scalar(scalar))
    }

    fn place(&mut self, value: Value) -> Result<(), String> {
        match self.frames.last_mut().map(|frame| &mut frame.node) {
            Some(Open::Map { entries, key, .. }) => match key.take() {
                Some(key) => entries.push(Entry::Pair(key, value)),
                None => return Err("a key that is not text".to_owned()),
            },
            Some(Open::List(items)) => items.push(Item::Value(value)),
            None => return self.place_document(value),
        }
        Ok(())
    }

    fn place_document(&mut self, value: Value) -> Result<(), String> {
        let document = match value {
            Value::Map(_) => value,
            Value::Scalar(Scalar::Null) => Value::Map(Vec::new()),
            other => return Err(format!("{} at the top of a document; sops files are mappings", other.kind())),
        };
        self.documents.push(document);
        Ok(())
    }

    /// Comments after the last value of a document.
    fn end_document(&mut self) {
        let left = std::mem::take(&mut self.pending);
        if let Some(Value::Map(entries)) = self.documents.last_mut() {
            entries.extend(left.into_iter().map(|(comment, _)| Entry::Comment(comment)));
        }
    }

    fn comment(&mut self, text: &str, placement: Placement, column: usize) {
        let comment = Comment { text: text.into(), inline: placement == Placement::Right };
        match self.frames.last_mut().map(|frame| &mut frame.node) {
            Some(Open::Map { entries, key: None, .. }) if comment.inline => {
                let before = entries.len() - usize::from(matches!(entries.last(), Some(Entry::Pair(..))));
                entries.insert(before, Entry::Comment(comment));
            }
            Some(Open::List(items)) if comment.inline => {
                let before = items.len() - usize::from(matches!(items.last(), Some(Item::Value(_))));
                items.insert(before, Item::Comment(comment));
            }
            _ => self.pending.push((comment, column)),
        }
    }

    fn push_comment(&mut self, comment: Comment) {
        match self.frames.last_mut().map(|frame| &mut frame.node) {
            Some(Open::Map { entries, .. }) => entries.push(Entry::Comment(comment)),
            Some(Open::List(items)) => items.push(Item::Comment(comment)),
            None => self.pending.push((comment, 0)),
        }
    }
}

fn nodes(value: &Value) -> usize {
    1 + match value {
        Value::Map(entries) => {
            entries.iter().map(|entry| if let Entry::Pair(_, value) = entry { nodes(value) } else { 1 }).sum()
        }
        Value::List(items) => {
            items.iter().map(|item| if let Item::Value(value) = item { nodes(value) } else { 1 }).sum()
        }
        Value::Scalar(_) => 0_usize,
    }
}

/// A scalar by its style and tag.
fn typed(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Scalar, String> {
    let string = || Scalar::Str(text.into());
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { yaml_scalar::resolve(text) } else { Ok(string()) };
    };
    let Some(name) = tag.suffix_in_namespace("tag:yaml.org,2002:") else { return Ok(string()) };
    match (name.as_ref(), yaml_scalar::resolve(text)?) {
        ("binary", _) => {
            let compact: String = text.split_whitespace().collect();
            let bytes = base64::prelude::BASE64_STANDARD.decode(compact);
            bytes.map(|bytes| Scalar::Str(Text::new(bytes))).map_err(|error| format!("!!binary: {error}"))
        }
        #[expect(clippy::cast_precision_loss, reason = "what the tag asks for")]
        ("float", Scalar::Int(number)) => Ok(Scalar::Float(number as f64)),
        ("int", scalar @ Scalar::Int(_))
        | ("float", scalar @ Scalar::Float(_))
        | ("bool", scalar @ Scalar::Bool(_))
        | ("null", scalar @ Scalar::Null)
        | ("timestamp", scalar @ Scalar::Time(_)) => Ok(scalar),
        ("str" | "merge", _) => Ok(string()),
        (other, _) => Err(format!("`{text}` is not of its type !!{other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<Value> {
        parse(text.as_bytes(), Path::new("x.yaml")).unwrap()
    }

    fn refused(text: &str) -> String {
        parse(text.as_bytes(), Path::new("x.yaml")).unwrap_err().to_string()
    }

    /// The tree as one line: comments as `#text`, inline ones as `##text`.
    fn sketch(value: &Value) -> String {
        let comment = |comment: &Comment| {
            format!("{}{}", if comment.inline { "##" } else { "#" }, comment.text.expose_str().unwrap().trim())
        };
        match value {
            Value::Scalar(scalar) => {
                scalar.plain_bytes().map_or("null".into(), |text| text.expose_str().unwrap().into())
            }
            Value::Map(entries) => {
                let all = entries.iter().map(|entry| match entry {
                    Entry::Comment(c) => comment(c),
                    Entry::Pair(key, value) => format!("{key}:{}", sketch(value)),
                });
                format!("{{{}}}", all.collect::<Vec<_>>().join(" "))
            }
            Value::List(items) => {
                let all = items.iter().map(|item| match item {
                    Item::Comment(c) => comment(c),
                    Item::Value(value) => sketch(value),
                });
                format!("[{}]", all.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn order_and_comments_are_kept() {
        let text = "# head\nb: 1 # one\n# above a\na:\n    # first\n    - x # ex\n    - y\n    # last in list\n# for c\nc: 2\n# end\n";
        assert_eq!(
            sketch(&parsed(text)[0]),
            "{#head ##one b:1 #above a a:[#first ##ex x y #last in list] #for c c:2 #end}"
        );
    }

    #[test]
    fn a_stream_of_documents_is_read_empty_ones_included() {
        let documents = parsed("a: 1\n---\n---\n# nothing\n---\nb: 2\n");
        assert_eq!(documents.len(), 4);
        assert_eq!(sketch(&documents[3]), "{b:2}");
    }

    #[test]
    fn aliases_are_expanded() {
        assert_eq!(sketch(&parsed("a: &x {k: [1]}\nb: *x\n")[0]), "{a:{k:[1]} b:{k:[1]}}");
    }

    #[test]
    fn what_sops_cannot_hold_is_refused_with_its_place() {
        for (text, says) in [
            ("a: 1\na: 2\n", "line 2, column 1: the key `a` stands twice"),
            ("1: x\n", "the key `1` is of type int"),
            ("- a\n", "a list at the top of a document"),
            ("[a]: 1\n", "as a key"),
            ("a: [1\n", "unclosed bracket"),
            ("a: &a [*a]\n", "alias"),
        ] {
            let said = refused(text);
            assert!(said.contains(says) && said.contains("x.yaml"), "{text}: {said}");
        }
    }

    #[test]
    fn aliases_that_multiply_are_refused() {
        let level = |level: usize| {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            format!("a{level}: &a{level} [{list}]\n")
        };
        let text: String = std::iter::once("a0: &a0 [x,x,x,x]\n".to_owned()).chain((1..9).map(level)).collect();
        assert!(refused(&text).contains("beyond all measure"));
    }
}
