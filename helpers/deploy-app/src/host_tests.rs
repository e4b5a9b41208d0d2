use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;

use super::*;

/// An engine on which somebody else pulls what a tag has become, between any two questions.
#[derive(Default)]
struct Moving(Cell<bool>);

impl Moving {
    /// What an image is called `a` or `b` by.
    fn found(&self, image: &str) -> &'static str {
        match image.split_once('@') {
            Some((_, "sha256:a")) => "a",
            _ if self.0.get() => "b",
            _ => "a",
        }
    }
}

impl Images for Moving {
    async fn image_digests(&self, image: &str) -> swarm::Result<Option<Vec<String>>> {
        let found = self.found(image);
        self.0.set(true);
        Ok(Some(vec![format!("localhost:5000/shop@sha256:{found}")]))
    }

    async fn pull(&self, _: &str, _: Option<Credentials>, progress: &mut dyn FnMut(&str)) -> swarm::Result<()> {
        progress("Digest: sha256:a");
        self.0.set(true);
        Ok(())
    }

    async fn load(&self, _: &Path) -> swarm::Result<()> {
        Ok(())
    }

    async fn name(&self, _: &str, _: &str) -> swarm::Result<()> {
        Ok(())
    }
}

impl swarm::ImageLabels for Moving {
    async fn image_labels(&self, image: &str) -> swarm::Result<Option<BTreeMap<String, String>>> {
        Ok(Some([("stage".to_owned(), self.found(image).to_owned())].into()))
    }
}

#[test]
fn labels_are_those_of_what_was_pulled_also_when_the_tag_moves_meanwhile() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for image in ["localhost:5000/shop:1", "localhost:5000/shop@sha256:a"] {
        let pulled = runtime.block_on(pull(&Moving::default(), image, None)).unwrap();
        assert_eq!(pulled.digest.as_deref(), Some("sha256:a"));
        assert_eq!(pulled.digests, ["localhost:5000/shop@sha256:a"], "{image}");
        assert_eq!(pulled.labels["stage"], "a", "{image}");
    }
}

/// An engine with containerd's store, on which somebody else pulls what a tag has become right after this pull.
#[derive(Default)]
struct Forgetful(std::cell::RefCell<Vec<String>>);

impl Forgetful {
    fn is_here(&self, image: &str) -> bool {
        self.0.borrow().iter().any(|pulled| pulled == image)
    }
}

impl Images for Forgetful {
    async fn image_digests(&self, image: &str) -> swarm::Result<Option<Vec<String>>> {
        Ok(self.is_here(image).then(|| vec!["localhost:5000/shop@sha256:a".to_owned()]))
    }

    async fn pull(&self, image: &str, _: Option<Credentials>, progress: &mut dyn FnMut(&str)) -> swarm::Result<()> {
        progress("Digest: sha256:a");
        self.0.borrow_mut().push(image.to_owned());
        Ok(())
    }

    async fn load(&self, _: &Path) -> swarm::Result<()> {
        Ok(())
    }

    async fn name(&self, _: &str, _: &str) -> swarm::Result<()> {
        Ok(())
    }
}

impl swarm::ImageLabels for Forgetful {
    async fn image_labels(&self, image: &str) -> swarm::Result<Option<BTreeMap<String, String>>> {
        Ok(self.is_here(image).then(|| [("stage".to_owned(), "a".to_owned())].into()))
    }
}

#[test]
fn what_was_pulled_is_had_by_its_digest_when_the_tag_took_its_name_away() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pulled = runtime.block_on(pull(&Forgetful::default(), "localhost:5000/shop:1", None)).unwrap();
    assert_eq!(pulled.digests, ["localhost:5000/shop@sha256:a"]);
    assert_eq!(pulled.labels["stage"], "a");
}
