//! Text in clear that is being written.

use zeroize::Zeroizing;

use crate::value::Text;

/// The room of the first allocation, in bytes.
const SMALLEST: usize = 64;

/// Bytes that grow: what they have outgrown is zeroed, which a `Vec` does not do.
#[derive(Default)]
pub(crate) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub fn push(&mut self, byte: u8) {
        self.make_room(1);
        self.0.push(byte);
    }

    pub fn append(&mut self, bytes: &[u8]) {
        self.make_room(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub fn append_char(&mut self, character: char) {
        self.append(character.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// The same byte several times.
    pub fn fill(&mut self, count: usize, byte: u8) {
        self.make_room(count);
        let length = self.0.len() + count;
        self.0.resize(length, byte);
    }

    /// What was written, without the first byte.
    pub fn without_first(mut self) -> Self {
        if !self.0.is_empty() {
            self.0.remove(0);
        }
        self
    }

    pub fn into_text(mut self) -> Text {
        Text::new(std::mem::take(&mut *self.0))
    }

    fn make_room(&mut self, more: usize) {
        let needed = self.0.len() + more;
        if needed > self.0.capacity() {
            let room = needed.max(self.0.capacity() * 2).max(SMALLEST);
            let mut larger = Zeroizing::new(Vec::with_capacity(room));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
    }
}
