//! The command line, as data: each file under `tests/cmd` says what is typed and what a person then reads.

#[test]
fn the_command_line_says_what_its_examples_say() {
    let cases = trycmd::TestCases::new();
    cases.case("tests/cmd/check.md");
    // What these two render belongs to root.
    if test_needs::file_owners() {
        cases.case("tests/cmd/render.md");
        cases.case("tests/cmd/formats.md");
    }
}
