//! Random numbers from a seed that is printed, so that what fails can be tried again.

/// The generator `SplitMix64`.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }

    /// Whether one of `out_of` times.
    pub fn once_in(&mut self, out_of: usize) -> bool {
        self.below(out_of) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }

    pub fn float(&mut self) -> f64 {
        let bits = f64::from_bits(self.next());
        let small = (f64::from(u32::try_from(self.below(2_000_001)).unwrap()) - 1e6) / 128.0;
        if bits.is_finite() && self.once_in(2) { bits } else { small }
    }

    pub fn int(&mut self) -> i64 {
        let number = i64::from_le_bytes(self.next().to_le_bytes());
        number >> self.below(64)
    }

    /// Text of words, signs, other scripts and emoji, sometimes long.
    pub fn text(&mut self, breaks: bool) -> String {
        const PARTS: [&str; 34] = [
            "word", "Käse", "日本", "😀", " ", " ", "'", "\"", ": ", "# ", "-", "=", "\\", "{", "[", "&x", "*", "!",
            "%", "true", "12", "0x1f", "null", "~", ",", "ß", "א", "\t", "a b", "?", "|", ">", "<tag>", "e\u{301}",
        ];
        let length = if self.once_in(40) { 400 } else { self.below(9) };
        let mut text = String::new();
        for _ in 0..length {
            let part = *self.pick(&PARTS);
            text.push_str(part);
            if breaks && self.once_in(6) {
                text.push('\n');
            }
        }
        text
    }

    pub fn key(&mut self) -> String {
        const PARTS: [&str; 12] = ["a", "Key", "_", "b-c", "ü", ".", "0x", "日", " d", "/e", "secret", "data"];
        let mut key = (*self.pick(&["k", "data_", "Ä", "x1"])).to_owned();
        for _ in 0..self.below(4) {
            let part = *self.pick(&PARTS);
            key.push_str(part);
        }
        if self.once_in(8) {
            key.push_str("_unencrypted");
        }
        key
    }
}
