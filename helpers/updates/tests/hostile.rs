//! Repositories that somebody else has taken, and days on which everything goes wrong.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;
use updates::{Access, Decision, Holds, Mirror, Policy, Reason, Tag, settled};

mod common;

use common::{World, compose, git};

#[test]
fn attributes_filters_hooks_and_submodules_have_no_part_in_it() {
    let world = World::new();
    let mark = world.folder.path().join("ran");
    world.write(".gitattributes", "*.yml filter=evil export-subst ident text eol=crlf\nsecret export-ignore\n");
    world.write("compose.yml", "# $Id$ $Format:%H$\n");
    world.write("secret", "kept");
    git(&world.repository(), &["config", "filter.evil.smudge", &format!("touch {}", mark.display())]);
    git(&world.repository(), &["config", "filter.evil.clean", "cat"]);
    world.write("other/x", "y");
    let submodule = world.folder.path().join("submodule");
    std::fs::create_dir(&submodule).unwrap();
    git(&submodule, &["init", "--quiet"]);
    git(&submodule, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    git(&world.repository(), &["submodule", "--quiet", "add", &submodule.display().to_string(), "vendor"]);
    world.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    std::fs::write(
        world.repository().join(".git/hooks/post-checkout"),
        format!("#!/bin/sh\ntouch {}\n", mark.display()),
    )
    .unwrap();
    let tree = world.export().unwrap();
    assert_eq!(std::fs::read_to_string(tree.folder.join("compose.yml")).unwrap(), "# $Id$ $Format:%H$\n");
    assert_eq!(std::fs::read_to_string(tree.folder.join("secret")).unwrap(), "kept");
    assert!(!mark.exists(), "something of the repository was run");
    assert!(!tree.folder.join("vendor").exists());
    assert_eq!(
        tree.warnings,
        ["vendor is a submodule, which is not fetched", "big.bin is a Git LFS pointer, its content is not fetched"]
    );
}

#[test]
fn a_symlink_out_of_the_tree_is_refused_and_nothing_is_left() {
    for target in ["/etc/passwd", "../../../../etc/passwd"] {
        let world = World::with(&["1.0.0+1"]);
        std::os::unix::fs::symlink(target, world.repository().join("db.conf")).unwrap();
        let said = world.export().unwrap_err().to_string();
        assert!(said.contains("\"db.conf\"") && said.contains("leads out of the tree"), "{said}");
        let trees = world.recipes().read_dir().unwrap().next().unwrap().unwrap().path().join("trees");
        assert_eq!(trees.read_dir().unwrap().count(), 0);
    }
}

#[test]
fn a_tree_that_is_too_large_is_refused() {
    let world = World::new();
    for number in 0..2001 {
        world.write(&format!("many/{number}"), "x");
    }
    assert!(world.export().unwrap_err().to_string().contains("2001 files"));
    let world = World::new();
    world.write("zeros", &"0".repeat(33 * 1024 * 1024));
    assert!(world.export().unwrap_err().to_string().contains("bytes, "));
}

#[test]
fn a_tag_that_was_moved_is_refused_until_it_is_accepted_where_it_stands() {
    let world = World::with(&["1.0.0+1.0", "1.0.1+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    world.write("compose.yml", "# evil\n");
    let moved = world.commit();
    git(&world.repository(), &["tag", "-f", "1.0.1+1.0"]);
    let choice = world.choose(Policy::Latest, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# 1.0.0+1.0\n");
    assert!(matches!(choice.hold().unwrap().reasons[0], Reason::TagMoved { .. }));
    let tag = Tag { version: "1.0.1+1.0".parse().unwrap(), name: "1.0.1+1.0".to_owned(), commit: moved };
    Holds::in_folder(&world.app()).accept_tag(&tag, Timestamp::UNIX_EPOCH).unwrap();
    let choice = world.choose(Policy::Latest, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# evil\n");
    settled(&world.mirror(), &world.app(), &choice.at, &[]).unwrap();
    let choice = world.choose(Policy::Latest, Some(&choice.at), None).unwrap();
    assert_eq!((choice.decision, choice.warnings), (Some(Decision::UpToDate), Vec::new()));
}

#[test]
fn a_second_tag_for_a_version_that_was_seen_does_not_move_it() {
    let world = World::with(&["v1.0.0", "v1.0.1"]);
    let current = world.deploy("1.0.0");
    world.release("1.0.1");
    let choice = world.choose(Policy::Patch, Some(&current), None).unwrap();
    assert!(matches!(choice.hold().unwrap().reasons[0], Reason::TagMoved { .. }), "{choice:?}");
}

#[test]
fn what_is_deployed_stays_when_its_tag_moves_or_history_is_rewritten() {
    let world = World::with(&["1.0.0+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    git(&world.repository(), &["checkout", "--quiet", "--orphan", "new"]);
    world.write("rewritten", "");
    world.release("1.0.0+1.0");
    git(&world.repository(), &["branch", "-D", "--quiet", "main"]);
    let choice = world.choose(Policy::Latest, Some(&current), Some("1.0.0+1.0")).unwrap();
    assert_eq!((compose(&choice).as_str(), &choice.at), ("# 1.0.0+1.0\n", &current));
    let [warning] = choice.warnings.as_slice() else { panic!("{:?}", choice.warnings) };
    assert!(warning.contains("tag 1.0.0+1.0 was moved") && warning.contains(current.commit.short()), "{warning}");
}

#[test]
fn a_version_whose_tree_is_refused_leaves_the_one_that_serves() {
    let world = World::with(&["1.0.0+1.0"]);
    let current = world.deploy("1.0.0+1.0");
    std::os::unix::fs::symlink("/etc/shadow", world.repository().join("db.conf")).unwrap();
    world.release("1.0.1+1.0");
    let choice = world.choose(Policy::Patch, Some(&current), None).unwrap();
    assert_eq!(compose(&choice), "# 1.0.0+1.0\n");
    assert!(choice.warnings[0].contains("db.conf") && choice.warnings[0].contains("goes on serving"));
}

#[test]
fn what_a_killed_run_left_is_cleared_away() {
    let world = World::with(&["1.0.0+1.0"]);
    let at = world.deploy("1.0.0+1.0");
    let recipe = world.recipes().read_dir().unwrap().next().unwrap().unwrap().path();
    let mirror = recipe.join("mirror.git");
    for left in ["packed-refs.lock", "HEAD.lock", "config.lock", "objects/pack/tmp_pack_x", "refs/tags/1.0.1+1.lock"] {
        std::fs::create_dir_all(mirror.join(left).parent().unwrap()).unwrap();
        std::fs::write(mirror.join(left), "").unwrap();
    }
    world.release("1.0.1+1.0");
    let next = git(&world.repository(), &["rev-parse", "HEAD"]);
    std::fs::create_dir_all(recipe.join(format!("trees/.{next}.new/half"))).unwrap();
    let choice = world.choose(Policy::Patch, Some(&at), None).unwrap();
    assert_eq!((compose(&choice).as_str(), choice.warnings), ("# 1.0.1+1.0\n", Vec::new()));
    assert!(!mirror.join("objects/pack/tmp_pack_x").exists());
    assert!(!choice.tree.folder.join("half").exists());
}

#[test]
fn a_mirror_that_git_cannot_read_is_made_anew() {
    let world = World::with(&["1.0.0+1.0"]);
    world.deploy("1.0.0+1.0");
    let mirror = world.recipes().read_dir().unwrap().next().unwrap().unwrap().path().join("mirror.git");
    std::fs::write(mirror.join("config"), "\0 no configuration").unwrap();
    world.mirror().fetch().unwrap();
    assert_eq!(world.mirror().tags().unwrap().versions.len(), 1);
}

#[test]
fn a_fetch_that_takes_too_long_is_stopped_and_said() {
    let mut world = World::with(&["1.0.0+1.0"]);
    let slow = world.folder.path().join("git");
    std::fs::write(&slow, "#!/bin/sh\ncase \"$*\" in *fetch*) sleep 60;; *) exec git \"$@\";; esac\n").unwrap();
    std::fs::set_permissions(&slow, PermissionsExt::from_mode(0o755)).unwrap();
    (world.access.git_command, world.access.fetch_seconds) = (slow, 1);
    let said = world.mirror().fetch().unwrap_err().to_string();
    assert!(said.contains("longer than 1 seconds") && said.contains(world.address.as_str()), "{said}");
}

#[test]
fn whoever_runs_git_has_no_say_in_what_it_does() {
    let world = World::with(&["1.0.0+1.0"]);
    let spy = world.folder.path().join("git");
    let seen = world.folder.path().join("seen");
    std::fs::write(&spy, format!("#!/bin/sh\n{{ env; echo \"$@\"; }} >>{}\nexec git \"$@\"\n", seen.display()))
        .unwrap();
    std::fs::set_permissions(&spy, PermissionsExt::from_mode(0o755)).unwrap();
    let access =
        Access { git_command: spy, credentials_file: Some("/run/hearth/secrets/forge".into()), ..world.access.clone() };
    Mirror::of(&world.recipes(), &access, &world.address, "app").fetch().unwrap();
    let seen = std::fs::read_to_string(seen).unwrap();
    for said in [
        "GIT_ALLOW_PROTOCOL=file",
        "GIT_CONFIG_GLOBAL=/dev/null",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_TERMINAL_PROMPT=0",
        "protocol.ext.allow=never",
        "core.hooksPath=/dev/null",
        "HEARTH_CREDENTIALS=/run/hearth/secrets/forge",
    ] {
        assert!(seen.contains(said), "{said} is not in {seen}");
    }
    assert!(!seen.contains("CARGO"), "the environment of whoever runs it is passed on");
}

/// A server that lets nobody in, and tells what it was asked.
fn guarded() -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/recipes/miniflux", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let mut asked = String::new();
        // Once without credentials, once with them.
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            asked += &String::from_utf8_lossy(&request[..length]);
            let refusal = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(refusal.as_bytes()).unwrap();
        }
        asked
    });
    (address, asked)
}

#[test]
fn credentials_go_from_their_file_to_the_server_and_nowhere_else() {
    let mut world = World::with(&["1.0.0+1.0"]);
    let (address, asked) = guarded();
    world.address = address.parse().unwrap();
    let file = world.folder.path().join("credentials");
    std::fs::write(&file, "username=hearth\npassword=hunter2\n").unwrap();
    world.access.credentials_file = Some(file.clone());
    let said = world.mirror().fetch().unwrap_err().to_string();
    assert!(said.contains("what was fetched before is used") && !said.contains("hunter2"), "{said}");
    // `hearth:hunter2` in base64
    assert!(asked.join().unwrap().contains("Authorization: Basic aGVhcnRoOmh1bnRlcjI="));
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        "username=hearth\npassword=hunter2\n",
        "git erased what was refused"
    );
}

/// A server that sends whoever asks to another address, once.
fn redirecting(to: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/recipes/miniflux", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}/info/refs?service=git-upload-pack\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    address
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_server() {
    let mut world = World::with(&["1.0.0+1.0"]);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/recipes/miniflux", elsewhere.local_addr().unwrap());
    elsewhere.set_nonblocking(true).unwrap();
    world.address = redirecting(&to).parse().unwrap();
    let file = world.folder.path().join("credentials");
    std::fs::write(&file, "username=hearth\npassword=hunter2\n").unwrap();
    world.access.credentials_file = Some(file);
    world.access.fetch_seconds = 5;
    let said = world.mirror().fetch().unwrap_err().to_string();
    assert!(said.contains("302"), "{said}");
    assert!(elsewhere.accept().is_err(), "another server was asked");
}
