//! What comes back through the socket: lines of text as they are said, then one with the exit code.
//!
//! `| text` is a line for the pipeline's log, `= 0` the end. Whoever hangs up stops nothing: what was begun goes on.

use std::io::{BufRead, Write};

/// Writes what is said to who asked.
#[derive(Debug)]
pub struct Frames<W> {
    to: Option<W>,
}

impl<W: Write> Frames<W> {
    /// Frames on a connection.
    pub fn on(to: W) -> Self {
        Self { to: Some(to) }
    }

    /// Says a line; a text of several becomes several.
    pub fn say(&mut self, text: &str) {
        for line in text.split('\n') {
            self.write(&format!("| {}\n", harmless(line)));
        }
    }

    /// Ends with an exit code.
    pub fn end(&mut self, code: u8) {
        self.write(&format!("= {code}\n"));
    }

    fn write(&mut self, line: &str) {
        if self.to.as_mut().is_some_and(|to| to.write_all(line.as_bytes()).and_then(|()| to.flush()).is_err()) {
            // Nobody listens any more.
            self.to = None;
        }
    }
}

/// A line that no terminal and no runner takes for a command. GitHub's, Gitea's and Forgejo's look for `::` at the start of
/// a line, GitHub's for `##[` anywhere in it, as those of Azure and `TeamCity` do for `##vso[` and `##teamcity[`
/// (<https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>).
fn harmless(line: &str) -> String {
    let line = state::plain(line);
    let mut apart = String::with_capacity(line.len());
    for character in line.chars() {
        if character == '#' && apart.ends_with('#') {
            apart.push(' ');
        }
        apart.push(character);
    }
    if apart.trim_start().starts_with("::") { format!("| {apart}") } else { apart }
}

/// Reads what comes back and hands each line of text on; returns the exit code, or `None` where the other side ended
/// without one.
///
/// # Errors
/// When the connection fails.
pub fn follow(from: impl BufRead, say: &mut dyn FnMut(&str)) -> std::io::Result<Option<u8>> {
    for line in from.split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        match line.split_at_checked(2) {
            Some(("| ", text)) => say(text),
            Some(("= ", code)) => return Ok(code.parse().ok()),
            _ => {}
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(write: impl FnOnce(&mut Frames<&mut Vec<u8>>)) -> (Vec<String>, Option<u8>) {
        let mut wire = Vec::new();
        write(&mut Frames::on(&mut wire));
        let mut lines = Vec::new();
        let code = follow(&wire[..], &mut |line| lines.push(line.to_owned())).unwrap();
        (lines, code)
    }

    #[test]
    fn lines_and_the_exit_code_come_back_as_they_were_said() {
        let (lines, code) = back(|frames| {
            frames.say("pulling\n= 0");
            frames.say("");
            frames.end(30);
            frames.say("not read any more");
        });
        assert_eq!(lines, ["pulling", "= 0", ""]);
        assert_eq!(code, Some(30));
    }

    #[test]
    fn a_connection_that_ends_early_has_no_exit_code() {
        assert_eq!(back(|frames| frames.say("pulling")).1, None);
        assert_eq!(back(|_| ()).1, None);
    }

    #[test]
    fn what_a_container_says_is_no_command_to_the_terminal_or_the_runner() {
        let said =
            "\u{1b}[2Jhello\r\u{7}\n  ::set-env name=PATH::x\nend ##[add-path]/tmp ###vso[x ##\u{200b}##teamcity[";
        let (lines, _) = back(|frames| frames.say(said));
        assert_eq!(lines, ["hello", "|   ::set-env name=PATH::x", "end # #[add-path]/tmp # # #vso[x # # # #teamcity["]);
    }

    #[test]
    fn who_hangs_up_stops_nothing() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut frames = Frames::on(Gone);
        frames.say("pulling");
        frames.end(0);
        assert!(frames.to.is_none());
    }
}
