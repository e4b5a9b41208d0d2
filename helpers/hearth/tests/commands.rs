//! The command line, as data: each file under `tests/cmd` says what is typed and what a person then reads.

#[test]
fn the_command_line_says_what_its_examples_say() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}

/// Docker's client merges the compose files; where it is not there, the scenario `strangers` has the same on a host.
#[test]
fn a_recipe_is_judged_as_its_examples_say() {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&folders).any(|folder| folder.join("docker").is_file()) {
        println!("skipped: there is no docker in PATH to merge compose files with");
        return;
    }
    trycmd::TestCases::new().case("tests/recipe.md");
}
