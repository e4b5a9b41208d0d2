//! The tags of a page, one after the other, as the tokenizer of the HTML Standard finds them.

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::emitters::{Emitter, ForwardingEmitter};
use html5gum::{Span, State as Content, Tokenizer};

use crate::element::Tag;

/// Is told of tags and of the text between them.
pub trait Tags {
    /// An element begins. Answers how its content is read, where that is not as other tags and text.
    fn open(&mut self, tag: &Tag) -> Option<Content>;
    /// An element of this name ends.
    fn close(&mut self, name: &str);
    /// Text, or a part of it.
    fn text(&mut self, text: &str);
    /// Whether the element that is open is one of `<svg>` or `<math>`, where CDATA sections are known.
    fn in_foreign(&self) -> bool;
}

/// Reads a page step by step: of each, however small, the caller can say that it was the last one.
pub fn read<T: Tags>(text: &str, tags: &mut T) -> impl Iterator<Item = ()> {
    let steps = Steps { tags, tag: Tag::default(), attribute: None, content: None };
    Tokenizer::new_with_emitter(text, Switching(CallbackEmitter::new(steps))).map(|Ok(())| ())
}

/// Puts tags together.
struct Steps<'a, T> {
    tags: &'a mut T,
    /// The tag that is being read.
    tag: Tag,
    /// The attribute of it whose value comes next; none where there was one of that name before.
    attribute: Option<String>,
    /// How the content of the element that has just begun is read.
    content: Option<Content>,
}

impl<T: Tags> Callback<(), ()> for Steps<'_, T> {
    fn handle_event(&mut self, event: CallbackEvent<'_>, _: Span<()>) -> Option<()> {
        match event {
            CallbackEvent::OpenStartTag { name } => self.tag = Tag { name: string(name), ..Tag::default() },
            CallbackEvent::AttributeName { name } => self.begin_attribute(string(name)),
            CallbackEvent::AttributeValue { value } => self.end_attribute(string(value)),
            CallbackEvent::CloseStartTag { self_closing } => {
                self.tag.self_closing = self_closing;
                self.content = self.tags.open(&self.tag);
            }
            CallbackEvent::EndTag { name } => self.tags.close(&string(name)),
            CallbackEvent::String { value } => self.tags.text(&string(value)),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
        Some(())
    }
}

impl<T> Steps<'_, T> {
    fn begin_attribute(&mut self, name: String) {
        let known = self.tag.attributes.contains_key(&name);
        self.attribute = (!known).then(|| name.clone());
        self.tag.attributes.entry(name).or_default();
    }

    fn end_attribute(&mut self, value: String) {
        if let Some(name) = self.attribute.take() {
            self.tag.attributes.insert(name, value);
        }
    }
}

/// Has the content of an element read as [`Tags::open`] answered.
struct Switching<'a, T: Tags>(CallbackEmitter<Steps<'a, T>, ()>);

impl<T: Tags> ForwardingEmitter for Switching<'_, T> {
    type Token = ();

    fn inner(&mut self) -> &mut impl Emitter<Token = ()> {
        &mut self.0
    }

    fn emit_current_tag(&mut self) -> Option<Content> {
        let _ = self.0.emit_current_tag();
        self.0.callback_mut().content.take()
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&mut self) -> bool {
        self.0.callback_mut().tags.in_foreign()
    }

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// What is read is text, so that nothing of it is lost here.
fn string(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
