//! The command line, as data: each file under `tests/cmd` says what is typed and what a person then reads.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn the_command_line_says_what_its_examples_say() {
    trycmd::TestCases::new().case("tests/cmd/*.md");
}

fn data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/show.in");
    for name in ["a.key", "team/shop.yaml"] {
        std::fs::create_dir_all(folder.path().join("team")).unwrap();
        std::fs::copy(from.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn hearth(folder: &Path, arguments: &[&str], input: &[u8]) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hearth-secrets"))
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("SOPS_AGE_KEY_FILE")
        .env("SOPS_AGE_KEY", std::fs::read_to_string(folder.join("a.key")).unwrap_or_default())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn a_value_is_set_from_standard_input_with_the_key_of_the_environment() {
    let folder = data();
    let set = |place: &str, arguments: &[&str], input: &str| {
        let all = [&["set", "team/shop.yaml", place], arguments].concat();
        hearth(folder.path(), &all, input.as_bytes())
    };
    assert_eq!(set("database/password", &[], "new one\n"), (true, "team/shop.yaml: `database/password` set\n".into()));
    assert!(set("database/password", &[], "new one\n").1.contains("has that value already"));
    assert!(set("made/here", &["--json"], "[1, true, \"x\"]").0);
    assert!(set("database/port", &[], "").1.contains("nothing came on standard input"));
    let (_, shown) = hearth(folder.path(), &["decrypt", "team/shop.yaml", "--output-type", "json"], b"");
    assert!(shown.contains("\"password\": \"new one\"") && shown.contains("\"here\": [\n\t\t\t1,"), "{shown}");
}

#[test]
fn a_new_key_is_for_its_owner_only_and_never_in_place_of_another() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = data();
    let (made, said) = hearth(folder.path(), &["keys", "--new", "folder/keys.txt"], b"");
    assert!(made && said.starts_with("age1"), "{said}");
    let file = folder.path().join("folder/keys.txt");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    let (made, said) = hearth(folder.path(), &["keys", "--new", "folder/keys.txt"], b"");
    assert!(!made && said.contains("no key was made"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
