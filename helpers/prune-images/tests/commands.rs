//! The command line, as data: each file under `tests/cmd` says what is typed and what a person then reads.

#[test]
fn the_command_line_says_what_its_examples_say() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}
