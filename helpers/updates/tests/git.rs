//! Recipes from repositories made here with the `git` command.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use jiff::Timestamp;
use updates::{Holds, Policy, Reason, Tag, settled};

mod common;

use common::{World, compose, git};

#[test]
fn tags_are_listed_with_their_commits_annotated_or_not() {
    let world = World::with(&["1.0.0+1.0"]);
    let commit = world.release("1.1.0+1.1");
    git(&world.repository(), &["tag", "-a", "-m", "x", "1.2.0+1.2"]);
    git(&world.repository(), &["tag", "latest"]);
    git(&world.repository(), &["tag", "1.9.0+1.9", "HEAD:compose.yml"]);
    assert_eq!(world.mirror().tags().unwrap(), updates::Tags::default(), "nothing was fetched yet");
    world.mirror().fetch().unwrap();
    let tags = world.mirror().tags().unwrap();
    let names: Vec<_> = tags.versions.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!((names, tags.ignored), (vec!["1.0.0+1.0", "1.1.0+1.1", "1.2.0+1.2"], vec!["latest".to_owned()]));
    assert!(tags.versions[1..].iter().all(|tag| tag.commit == commit));
}

#[test]
fn a_tree_is_a_folder_that_cannot_be_written_and_is_made_once() {
    let world = World::new();
    world.write("release/1.0.0+1", "by hand");
    world.write("entrypoint.sh", "#!/bin/sh\n");
    std::fs::set_permissions(world.repository().join("entrypoint.sh"), PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("entrypoint.sh", world.repository().join("link")).unwrap();
    let tree = world.export().unwrap();
    let mode = |name: &str| tree.folder.join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(
        [mode(""), mode("release"), mode("release/1.0.0+1"), mode("entrypoint.sh")],
        [0o555, 0o555, 0o444, 0o555]
    );
    assert_eq!(std::fs::read_link(tree.folder.join("link")).unwrap(), Path::new("entrypoint.sh"));
    assert!(!tree.folder.join(".git").exists());
    let written = tree.folder.metadata().unwrap().modified().unwrap();
    assert_eq!(world.export_again(&tree), written);
}

#[test]
fn an_app_goes_on_when_its_repository_is_gone_and_says_so() {
    let world = World::with(&["1.0.0+1.0", "1.0.1+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    std::fs::rename(world.repository(), world.folder.path().join("away")).unwrap();
    let choice = world.choose(Policy::Pinned, Some(&current), Some("1.0.0+1.0")).unwrap();
    assert_eq!((compose(&choice).as_str(), &choice.at), ("# 1.0.0+1.0\n", &current));
    let [warning] = choice.warnings.as_slice() else { panic!("{:?}", choice.warnings) };
    assert!(warning.contains("repository") && warning.contains("what was fetched before is used"), "{warning}");
    let choice = world.choose(Policy::Patch, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# 1.0.1+1.0\n", "what was fetched before is enough for an update");
}

#[test]
fn a_repository_that_was_never_reached_is_an_error_with_its_address() {
    let world = World::new();
    std::fs::remove_dir_all(world.repository()).unwrap();
    let said = world.choose(Policy::Latest, None, None).unwrap_err().to_string();
    assert!(said.contains(world.address.as_str()), "{said}");
}

#[test]
fn a_repository_without_versions_is_an_error_that_says_what_to_do() {
    let world = World::with(&["nightly"]);
    let said = world.choose(Policy::Latest, None, None).unwrap_err().to_string();
    assert!(said.contains("declare the version or commit"), "{said}");
    let said = world.choose(Policy::Latest, None, Some("1.0.0+1")).unwrap_err().to_string();
    assert!(said.contains("no version 1.0.0+1"), "{said}");
}

#[test]
fn an_update_is_chosen_and_its_notes_hold_it_until_exactly_it_is_accepted() {
    let world = World::with(&["1.0.0+1.0", "1.0.1+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    let choice = world.choose(Policy::Minor, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# 1.0.1+1.0\n");
    settled(&world.mirror(), &world.app(), &choice.at, &[]).unwrap();
    let current = choice.at;
    world.write("release/1.2.0+1.2", "Rename the database first.\n");
    world.write("release/next", "a draft");
    world.write("release/.git-keep-me", "");
    world.release("1.2.0+1.2");
    let choice = world.choose(Policy::Minor, Some(&current), None).unwrap();
    assert_eq!((compose(&choice).as_str(), choice.is_news), ("# 1.0.1+1.0\n", true));
    let [Reason::ReleaseNotes(note)] = choice.hold().unwrap().reasons.as_slice() else { panic!("{choice:?}") };
    assert_eq!(note.text, "Rename the database first.");
    assert!(!world.choose(Policy::Minor, Some(&current), None).unwrap().is_news);
    let holds = Holds::in_folder(&world.app());
    holds.accept(&"1.2.0+1.2".parse().unwrap(), Timestamp::UNIX_EPOCH).unwrap();
    let choice = world.choose(Policy::Minor, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# 1.2.0+1.2\n");
    settled(&world.mirror(), &world.app(), &choice.at, &[]).unwrap();
    assert_eq!((holds.held().unwrap(), holds.accepted().unwrap()), (None, Vec::new()));
}

#[test]
fn a_commit_is_deployed_as_declared_and_nothing_moves_it() {
    let world = World::with(&["1.0.0+1.0"]);
    world.write("compose.yml", "# between\n");
    let between = world.commit();
    world.release("1.1.0+1.1");
    let choice = world.choose(Policy::Latest, None, Some(between.as_str())).unwrap();
    assert_eq!((compose(&choice).as_str(), &choice.at.tag), ("# between\n", &None));
    let again = world.choose(Policy::Latest, Some(&choice.at), Some(between.as_str())).unwrap();
    assert_eq!(again.at, choice.at);
    let undeclared = world.choose(Policy::Latest, Some(&choice.at), None).unwrap();
    assert_eq!(undeclared.at, choice.at);
    assert!(undeclared.warnings[0].contains("declare the version to go on from"), "{:?}", undeclared.warnings);
    let missing = world.choose(Policy::Latest, Some(&choice.at), Some(&"0".repeat(40))).unwrap();
    assert_eq!(missing.at, choice.at);
    assert!(missing.warnings[0].contains("has no commit 0000"), "{:?}", missing.warnings);
}

#[test]
fn trees_are_kept_for_as_long_as_an_app_names_them() {
    let world = World::with(&["1.0.0+1.0", "1.1.0+1.1"]);
    world.mirror().fetch().unwrap();
    let tags = world.mirror().tags().unwrap().versions;
    let [one, other] = tags.as_slice() else { panic!() };
    let there = |tag: &Tag| world.mirror().tree(&tag.commit).unwrap().folder;
    let (first, second) = (there(one), there(other));
    world.mirror_for("second").tree(&one.commit).unwrap();
    world.mirror().keep(&[&other.commit]).unwrap();
    assert!(first.is_dir() && second.is_dir(), "another app uses the first");
    world.mirror_for("second").keep(&[]).unwrap();
    assert!(!first.exists() && second.is_dir());
    let left = second.parent().unwrap().read_dir().unwrap().count();
    assert_eq!(left, 1, "nothing half removed is left");
}

#[test]
fn only_what_its_makers_signed_is_moved_to() {
    if !test_needs::program("ssh-keygen") {
        return;
    }
    let world = World::with(&["1.0.0+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    let key = |name: &str| {
        let path = world.folder.path().join(name);
        // starts: ssh-keygen
        let made =
            std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
        assert!(made.unwrap().success());
        (path.clone(), std::fs::read_to_string(path.with_extension("pub")).unwrap().trim().to_owned())
    };
    let (maker, stranger) = (key("maker"), key("stranger"));
    let folders = std::env::var_os("PATH").unwrap();
    let mut programs = std::env::split_paths(&folders).map(|folder| folder.join("ssh-keygen"));
    let signers = updates::Signers {
        keys: vec![maker.1.try_into().unwrap()],
        ssh_keygen_command: programs.find(|file| file.is_file()).unwrap(),
    };
    let sign = |version: &str, key: &Path| {
        let signing = format!("user.signingkey={}", key.display());
        git(&world.repository(), &["-c", "gpg.format=ssh", "-c", &signing, "tag", "-f", "-s", "-m", version, version]);
    };
    let choose = || world.choose_signed(Policy::Patch, Some(&current), None, Some(&signers)).unwrap();
    let why = || {
        let choice = choose();
        assert_eq!(choice.at, current);
        choice.hold().unwrap().reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    };

    world.release("1.0.1+1.0");
    assert!(why().contains("light-weight tag"), "{}", why());
    git(&world.repository(), &["tag", "-f", "-a", "-m", "x", "1.0.1+1.0"]);
    assert!(why().contains("no signature"), "{}", why());
    sign("1.0.1+1.0", &stranger.0);
    assert!(why().contains("not signed by a key of recipe.git.signers"), "{}", why());
    sign("1.0.1+1.0", &maker.0);
    assert_eq!(choose().at.tag.unwrap().version, "1.0.1+1.0".parse().unwrap());

    // The same object under the name of a newer version.
    let signed = git(&world.repository(), &["rev-parse", "refs/tags/1.0.1+1.0"]);
    git(&world.repository(), &["update-ref", "refs/tags/1.0.3+1.0", signed.trim()]);
    let choice = choose();
    assert_eq!(choice.at.tag.clone().unwrap().version, "1.0.1+1.0".parse().unwrap());
    assert!(choice.hold().unwrap().to_string().contains("what is signed calls itself 1.0.1+1.0"), "{choice:?}");
    git(&world.repository(), &["tag", "-d", "1.0.3+1.0"]);

    // A newer one without a signature is passed by, and waits; one that is accepted or declared is somebody's word.
    world.release("1.0.2+1.0");
    let choice = choose();
    assert_eq!(choice.at.tag.clone().unwrap().version, "1.0.1+1.0".parse().unwrap());
    let held = choice.hold().unwrap().to.version.clone();
    Holds::in_folder(&world.app()).accept(&held, Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(choose().at.tag.unwrap().version, held);
}
