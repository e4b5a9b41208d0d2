use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

/// An engine's images: each name with the content it stands for.
#[derive(Default)]
struct Store {
    /// Whether it is containerd's, in which every image has a digest and a name that moves on takes it along.
    containerd: bool,
    names: RefCell<BTreeMap<String, String>>,
    /// The digests under which images were pulled, which the older store remembers.
    pulled: RefCell<Vec<String>>,
    /// What the registry has.
    registry: RefCell<BTreeMap<String, String>>,
    /// What the archive holds.
    archived: RefCell<String>,
    loads: Cell<usize>,
}

impl Store {
    fn digests(&self, repository: &str, content: &str) -> Vec<String> {
        let digest = format!("{repository}@sha256:{content}");
        let known = self.containerd || self.pulled.borrow().contains(&digest);
        if known { vec![digest] } else { Vec::new() }
    }
}

impl Images for Store {
    async fn image_digests(&self, image: &str) -> swarm::Result<Option<Vec<String>>> {
        let repository = swarm::repository(image);
        let names = self.names.borrow();
        let Some((_, digest)) = image.split_once('@') else {
            return Ok(names.get(image).map(|content| self.digests(repository, content)));
        };
        let content = digest.trim_start_matches("sha256:");
        let is_known = names.iter().any(|(name, own)| own == content && swarm::repository(name) == repository);
        let remembered = !self.containerd && self.pulled.borrow().contains(&format!("{repository}@{digest}"));
        Ok((is_known || remembered).then(|| self.digests(repository, content)))
    }

    async fn pull(&self, image: &str, _: Option<Credentials>, _: &mut dyn FnMut(&str)) -> swarm::Result<()> {
        let Some(content) = self.registry.borrow().get(image).cloned() else {
            let (doing, message) = (format!("pulling image {image}"), "no route to host".to_owned());
            return Err(swarm::Error::Refused { doing, message });
        };
        self.pulled.borrow_mut().push(format!("{}@sha256:{content}", swarm::repository(image)));
        self.names.borrow_mut().insert(image.to_owned(), content);
        Ok(())
    }

    async fn load(&self, _: &Path) -> swarm::Result<()> {
        self.loads.set(self.loads.get() + 1);
        self.names.borrow_mut().insert("hearth/traefik:3".to_owned(), self.archived.borrow().clone());
        Ok(())
    }

    async fn name(&self, image: &str, name: &str) -> swarm::Result<()> {
        let mut names = self.names.borrow_mut();
        let content = match image.split_once('@') {
            Some((_, digest)) => digest.trim_start_matches("sha256:").to_owned(),
            None => names[image].clone(),
        };
        names.insert(name.to_owned(), content);
        Ok(())
    }
}

/// An archive with an image of this configuration.
fn archive(folder: &tempfile::TempDir, name: &str, config: &str) -> PathBuf {
    let path = folder.path().join(name);
    let mut tar = tar::Builder::new(std::fs::File::create(&path).unwrap());
    let manifest = r#"[{"Config":"c.json","RepoTags":["hearth/traefik:3"],"Layers":[]}]"#;
    for (name, content) in [("manifest.json", manifest), ("c.json", config)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    tar.finish().unwrap();
    path
}

fn stack(image: &str) -> Stack {
    Stack::parse(&format!(r#"{{"services":{{"app":{{"image":"{image}"}}}}}}"#)).unwrap()
}

/// What a stack with this image names after it was provided, or why it cannot be.
fn provided(engine: &Store, archive: Option<&Path>, image: &str) -> Result<String, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stored = archive.map(|archive| StoreImage { name: "hearth/traefik:3".to_owned(), archive: archive.to_owned() });
    let sources = Sources { engine, from_store: stored.as_slice(), config_folder: Path::new("/nonexistent") };
    let mut stack = stack(image);
    let ended = runtime.block_on(sources.provide(&mut stack, &mut |_| {}));
    ended.map(|()| stack.images()[0].clone()).map_err(|error| format!("{error:#}"))
}

fn both() -> [Store; 2] {
    [false, true].map(|containerd| Store { containerd, ..Store::default() })
}

#[test]
fn a_store_image_that_was_rebuilt_under_its_tag_is_another_image_and_the_one_before_stays() {
    for engine in both() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (archive(&folder, "1", "one"), archive(&folder, "2", "two"));
        engine.archived.replace("aa".to_owned());
        let old = provided(&engine, Some(&first), "hearth/traefik:3").unwrap();
        engine.archived.replace("bb".to_owned());
        let new = provided(&engine, Some(&second), "hearth/traefik:3").unwrap();
        assert_ne!(old, new);
        assert_eq!(engine.loads.get(), 2);
        // What served before is kept and found, in the form in which it was written down.
        assert_eq!(provided(&engine, Some(&second), &old).unwrap(), old);
        assert_eq!(engine.names.borrow()[old.split('@').next().unwrap()], "aa");
        assert_eq!(engine.loads.get(), 2);
    }
}

#[test]
fn the_same_image_in_another_archive_is_not_loaded_again() {
    for engine in both() {
        let folder = tempfile::tempdir().unwrap();
        let first = provided(&engine, Some(&archive(&folder, "1", "one")), "hearth/traefik:3").unwrap();
        assert!(first.starts_with(&format!("hearth/traefik:3-{}", state::Digest::of(b"one").short())), "{first}");
        assert_eq!(provided(&engine, Some(&archive(&folder, "2", "one")), "hearth/traefik:3").unwrap(), first);
        assert_eq!(engine.loads.get(), 1);
    }
}

#[test]
fn a_store_image_is_found_again_after_the_engine_began_with_an_empty_store_of_the_other_kind() {
    for (before, after) in [(false, true), (true, false)] {
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&folder, "1", "one");
        let was = Store { containerd: before, ..Store::default() };
        let known = provided(&was, Some(&archive), "hearth/traefik:3").unwrap();
        let is = Store { containerd: after, ..Store::default() };
        let now = provided(&is, Some(&archive), &known).unwrap();
        assert_eq!(now.split('@').next(), known.split('@').next());
        assert_eq!((now.contains('@'), is.loads.get()), (after, 1));
    }
}

#[test]
fn no_registry_is_asked_for_what_came_from_the_store_with_an_earlier_generation() {
    for engine in both() {
        let folder = tempfile::tempdir().unwrap();
        let gone = "hearth/traefik:3-0123456789ab";
        let said = provided(&engine, Some(&archive(&folder, "1", "one")), gone).unwrap_err();
        assert!(said.contains("earlier generation") && said.contains(gone), "{said}");
    }
}

#[test]
fn an_image_whose_tag_has_moved_on_is_found_by_its_digest_without_the_registry() {
    for engine in both() {
        let name = "localhost:5000/hello:1";
        engine.registry.borrow_mut().insert(name.to_owned(), "0123456789abcdef".to_owned());
        let old = provided(&engine, None, name).unwrap();
        assert_eq!(old, format!("{name}@sha256:0123456789abcdef"));
        // Somebody pulls what the tag stands for now.
        engine.names.borrow_mut().insert(name.to_owned(), "fe".to_owned());
        engine.registry.borrow_mut().clear();
        assert_eq!(provided(&engine, None, &old).unwrap(), old);
    }
}

#[test]
fn what_is_not_here_and_cannot_be_pulled_is_said_with_the_cause() {
    for engine in both() {
        let said = provided(&engine, None, "localhost:5000/hello:1").unwrap_err();
        assert!(said.contains("image localhost:5000/hello:1 cannot be pulled"), "{said}");
        assert!(said.contains("no route to host"), "{said}");
    }
}

#[test]
fn a_tag_that_is_too_long_is_cut_for_its_content() {
    let name = content_name(&format!("a:{}", "x".repeat(128)), "0123456789ab");
    assert_eq!(name.len(), 2 + 128);
    assert!(is_of(&name, &format!("a:{}", "x".repeat(128))));
    assert_eq!(content_name("localhost:5000/a", "0123456789ab"), "localhost:5000/a:0123456789ab");
    assert!(!is_of("a:1-slim", "a:1") && !is_of("a:1-0123456789abc", "a:1"));
}

#[test]
fn the_registry_of_an_image_is_the_part_that_looks_like_a_host() {
    for (image, expected) in [
        ("localhost:5000/hello:1", "localhost:5000"),
        ("ghcr.io/a/b", "ghcr.io"),
        ("localhost/x", "localhost"),
        ("nginx", "https://index.docker.io/v1/"),
        ("team/app:2", "https://index.docker.io/v1/"),
    ] {
        assert_eq!(registry(image), expected, "{image}");
    }
}

#[test]
fn an_image_with_a_digest_is_pinned_and_one_without_is_not() {
    let digests = ["localhost:5000/hello@sha256:aa".to_owned()];
    assert_eq!(pinned("localhost:5000/hello:1", &digests).as_deref(), Some("localhost:5000/hello:1@sha256:aa"));
    assert_eq!(pinned("hearth/traefik:3", &[]), None);
    assert_eq!(pinned("localhost:5000/hello@sha256:aa", &digests), None);
}
