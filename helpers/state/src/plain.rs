//! Text that strangers may have written, as a terminal, a journal or a CI log may have it.
//!
//! Everything that Hearth prints goes through [`out!`](crate::out) and [`err!`](crate::err): containers, registries,
//! databases and recipes say what they like, and a terminal takes some of it for commands (clipboard, title, colours,
//! text that is hidden or turned round). A lint refuses `println!` in what is shipped.

use std::fmt::Arguments;
use std::io::Write;

/// Characters that show nothing and change how others are shown: general category `Cf`, with the separators of lines and
/// paragraphs (`Zl`, `Zp`).
/// From <https://www.unicode.org/Public/16.0.0/ucd/extracted/DerivedGeneralCategory.txt>.
const UNSEEN: [(char, char); 21] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{600}', '\u{605}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{6dd}', '\u{6dd}'),
    ('\u{70f}', '\u{70f}'),
    ('\u{890}', '\u{891}'),
    ('\u{8e2}', '\u{8e2}'),
    ('\u{180e}', '\u{180e}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{fff9}', '\u{fffb}'),
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'),
    ('\u{13430}', '\u{1343f}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0001}', '\u{e0001}'),
    ('\u{e0020}', '\u{e007f}'),
];

/// A text without control sequences, control characters and characters that change how others are shown. Lines stay
/// lines, and a tab becomes a space.
pub fn plain(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' => skip_sequence(&mut characters),
            // The same introducers in one character (C1).
            '\u{9b}' => skip_to_final(&mut characters),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut characters),
            '\t' => clean.push(' '),
            '\n' => clean.push('\n'),
            other if other.is_control() || is_unseen(other) => {}
            other => clean.push(other),
        }
    }
    clean
}

/// Prints a line to standard output or standard error: see [`out!`](crate::out). Nobody reads what cannot be written.
pub fn line(mut to: impl Write, text: Arguments<'_>) {
    part(&mut to, format_args!("{text}\n"));
}

/// The same without the end of a line, for what a person answers on the same line.
pub fn part(mut to: impl Write, text: Arguments<'_>) {
    let written = to.write_all(plain(&text.to_string()).as_bytes());
    drop(written.and_then(|()| to.flush()));
}

/// Prints a line to standard output as [`plain`](crate::plain) has it. It takes what `format!` takes.
#[macro_export]
macro_rules! out {
    ($($text:tt)*) => { $crate::line(::std::io::stdout().lock(), ::std::format_args!($($text)*)) };
}

/// Prints a line to standard error as [`plain`](crate::plain) has it. It takes what `format!` takes.
#[macro_export]
macro_rules! err {
    ($($text:tt)*) => { $crate::line(::std::io::stderr().lock(), ::std::format_args!($($text)*)) };
}

fn is_unseen(character: char) -> bool {
    UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// What follows an escape character, by ECMA-48: a control sequence, a string, or one character.
fn skip_sequence(characters: &mut std::str::Chars<'_>) {
    let rest = characters.clone();
    match characters.next() {
        Some('[') => skip_to_final(characters),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(characters),
        // An intermediate character has the final one after it.
        Some(' '..='/') => drop(characters.next()),
        // A line is never joined to the next.
        Some('\n') => *characters = rest,
        _ => {}
    }
}

/// A control sequence ends with the first character from @ to ~.
fn skip_to_final(characters: &mut std::str::Chars<'_>) {
    skip_until(characters, |end| ('@'..='~').contains(&end));
}

/// A string (a title, what goes to the clipboard) ends with BEL or the string terminator.
fn skip_string(characters: &mut std::str::Chars<'_>) {
    skip_until(characters, |end| matches!(end, '\u{7}' | '\u{9c}' | '\u{1b}'));
    let rest = characters.clone();
    if characters.next() != Some('\\') {
        *characters = rest;
    }
}

/// Skips through the end; or, where a sequence is cut off, to the end of the line.
fn skip_until(characters: &mut std::str::Chars<'_>, is_end: impl Fn(char) -> bool) {
    loop {
        let rest = characters.clone();
        match characters.next() {
            Some('\n') => {
                *characters = rest;
                return;
            }
            Some(character) if !is_end(character) => {}
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_what_goes_to_the_clipboard_are_left_out() {
        assert_eq!(plain("\u{1b}[90m12:00\u{1b}[0m \u{1b}[31mERR\u{1b}[0m\tno\u{7} way"), "12:00 ERR no way");
        assert_eq!(plain("a\u{1b}]52;c;cm0gLXJm\u{7}b\u{1b}]0;root\u{1b}\\c\u{1b}(Bd"), "abcd");
        assert_eq!(plain("a\u{9b}2Jb\u{9d}0;x\u{9c}c\u{90}q\u{1b}\\d\r\u{7f}e"), "abcde");
    }

    #[test]
    fn text_is_neither_turned_round_nor_hidden() {
        assert_eq!(plain("user\u{202e}txt.exe\u{2066} \u{200b}a\u{feff}\u{e0041}\u{ad}\u{2028}b"), "usertxt.exe ab");
    }

    #[test]
    fn lines_stay_lines_also_after_a_sequence_that_is_cut_off() {
        assert_eq!(plain("one\u{1b}\ntwo\u{1b}[31\nthree\u{1b}]0;title\nfour"), "one\ntwo\nthree\nfour");
    }

    #[test]
    fn what_people_write_stays() {
        let text = "größe 日本語 👍🏽 | `a` → \u{301}e";
        assert_eq!(plain(text), text);
    }

    #[test]
    fn it_changes_nothing_the_second_time() {
        for text in ["\u{1b}\u{1b}[[31m", "\u{1b}]\u{1b}]x\u{7}", "\u{1b}[\u{1b}[m", "\u{9b}\u{1b}\u{9b}m[2J"] {
            assert_eq!(plain(&plain(text)), plain(text), "{text:?}");
        }
    }
}
