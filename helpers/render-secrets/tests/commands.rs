//! The command line, as data: each file under `tests/cmd` says what is typed and what a person then reads.

use std::os::unix::fs::MetadataExt as _;

#[test]
fn the_command_line_says_what_its_examples_say() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/check.md");
    if std::fs::metadata("/proc/self").is_ok_and(|us| us.uid() == 0) {
        cases.case("tests/cmd/render.md");
        cases.case("tests/cmd/formats.md");
    } else {
        println!("skipped: tests/cmd/render.md gives files to root, which only root can");
    }
}
