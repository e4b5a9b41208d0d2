//! What lies on this node's disk and can be made or pulled again: images, and the cache of builds.

use std::collections::BTreeSet;

use hyper::Method;
use serde::Deserialize;
use serde_json::Value;

use crate::raw::encoded;
use crate::{Engine, Error, HELD_TAG, Result};

/// An image on this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalImage {
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Its names with a tag, as `name:tag`.
    pub tags: Vec<String>,
    /// Its names with a digest, as `name@sha256:…`.
    pub digests: Vec<String>,
    /// How many bytes it takes, layers that it shares with others among them.
    pub bytes: u64,
}

/// What the cache of builds holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BuildCache {
    /// How many entries no build uses at this moment.
    pub entries: u64,
    /// How many bytes these take.
    pub bytes: u64,
}

/// Looking at what can be made again, and removing it.
pub trait Disposal {
    /// The images of this node, but for those that only others are made of.
    async fn local_images(&self) -> Result<Vec<LocalImage>>;
    /// The images, by name or identifier, of containers in whatever state, and of services as they are and as they were
    /// before their last update.
    async fn images_in_use(&self) -> Result<Vec<String>>;
    /// What of the cache of builds is not used by one now.
    async fn build_cache(&self) -> Result<BuildCache>;
    /// How many bytes the layers of all images take, each counted once; `None` where the engine does not say.
    async fn layer_bytes(&self) -> Result<Option<u64>>;
    /// Removes an image with all of its names. `Ok(false)` when a container or another image uses it; one that is not
    /// there is no error.
    async fn remove_image(&self, image: &LocalImage) -> Result<bool>;
    /// Removes what no build has used for some hours; returns how many bytes that was.
    async fn prune_build_cache(&self, unused_hours: u64) -> Result<u64>;
}

impl LocalImage {
    /// What a person calls it.
    pub fn name(&self) -> &str {
        let is_held = |tag: &&String| tag.rsplit_once(':').is_some_and(|(_, tag)| tag.starts_with(HELD_TAG));
        let tag = self.tags.iter().find(|tag| !is_held(tag)).or(self.tags.first());
        tag.or(self.digests.first()).unwrap_or(&self.id)
    }

    /// Whether it goes by several tags, or by names of several repositories. The engine then wants to be told that all are
    /// meant; that a running container uses it is refused all the same.
    fn has_many_names(&self) -> bool {
        let tags = self.tags.iter().filter_map(|tag| tag.rsplit_once(':'));
        let digests = self.digests.iter().filter_map(|digest| digest.split_once('@'));
        let names: BTreeSet<&str> = tags.chain(digests).map(|(name, _)| name).collect();
        self.tags.len() > 1 || names.len() > 1
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    // Null where there are none.
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    repo_digests: Option<Vec<String>>,
    size: i64,
}

impl From<Listed> for LocalImage {
    fn from(listed: Listed) -> Self {
        // Older engines list an image without names under this one.
        let named = |names: Option<Vec<String>>| {
            names.unwrap_or_default().into_iter().filter(|name| !name.contains("<none>")).collect()
        };
        Self {
            id: listed.id,
            tags: named(listed.repo_tags),
            digests: named(listed.repo_digests),
            bytes: u64::try_from(listed.size).unwrap_or_default(),
        }
    }
}

impl Disposal for Engine {
    async fn local_images(&self) -> Result<Vec<LocalImage>> {
        let doing = "listing images";
        let found = self.ask(Method::GET, "/images/json", None, doing).await?;
        let listed: Vec<Listed> = serde_json::from_value(found)
            .map_err(|error| Error::Refused { doing: doing.to_owned(), message: error.to_string() })?;
        Ok(listed.into_iter().map(LocalImage::from).collect())
    }

    async fn images_in_use(&self) -> Result<Vec<String>> {
        let containers = self.ask(Method::GET, "/containers/json?all=true", None, "listing containers").await?;
        let services = self.ask(Method::GET, "/services", None, "listing the swarm's services").await?;
        let of_containers = ["/ImageID", "/Image"];
        let of_services = ["/Spec/TaskTemplate/ContainerSpec/Image", "/PreviousSpec/TaskTemplate/ContainerSpec/Image"];
        Ok([texts(&containers, &of_containers), texts(&services, &of_services)].concat())
    }

    async fn build_cache(&self) -> Result<BuildCache> {
        let found =
            self.ask(Method::GET, "/system/df?type=build-cache", None, "looking at the cache of builds").await?;
        Ok(cache(&found))
    }

    async fn layer_bytes(&self) -> Result<Option<u64>> {
        let found = self.ask(Method::GET, "/system/df?type=image", None, "asking how much images take").await?;
        Ok(layers(&found))
    }

    async fn remove_image(&self, image: &LocalImage) -> Result<bool> {
        let path = format!("/images/{}?force={}", encoded(&image.id), image.has_many_names());
        match self.ask(Method::DELETE, &path, None, &format!("removing image {}", image.name())).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(true),
            Err(Error::Refused { message, .. }) if message.contains("conflict") => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn prune_build_cache(&self, unused_hours: u64) -> Result<u64> {
        let filter = encoded(&serde_json::json!({ "until": [format!("{unused_hours}h")] }).to_string());
        let path = format!("/build/prune?all=true&filters={filter}");
        let answer = self.ask(Method::POST, &path, None, "pruning the cache of builds").await?;
        Ok(answer.get("SpaceReclaimed").and_then(Value::as_u64).unwrap_or_default())
    }
}

/// The texts at some places of each object in a list.
fn texts(list: &Value, places: &[&str]) -> Vec<String> {
    let objects = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let found = objects.iter().flat_map(|object| places.iter().filter_map(|place| object.pointer(place)?.as_str()));
    found.map(str::to_owned).collect()
}

/// Engines with API 1.52 say it in another place.
fn layers(found: &Value) -> Option<u64> {
    let size = found.get("LayersSize").or_else(|| found.pointer("/ImageUsage/TotalSize"));
    size.and_then(Value::as_u64)
}

fn cache(found: &Value) -> BuildCache {
    let entries = found.get("BuildCache").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let unused = entries.iter().filter(|entry| entry.get("InUse").and_then(Value::as_bool) != Some(true));
    unused.fold(BuildCache::default(), |sum, entry| BuildCache {
        entries: sum.entries + 1,
        bytes: sum.bytes + entry.get("Size").and_then(Value::as_u64).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(tags: &[&str], digests: &[&str]) -> LocalImage {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        LocalImage { id: "sha256:aa".to_owned(), tags: owned(tags), digests: owned(digests), bytes: 0 }
    }

    #[test]
    fn an_image_is_called_by_its_tag_and_else_by_its_digest_or_identifier() {
        assert_eq!(image(&["a:1"], &["a@sha256:bb"]).name(), "a:1");
        assert_eq!(image(&["a:hearth-0123456789ab", "a:main"], &[]).name(), "a:main");
        assert_eq!(image(&[], &["a@sha256:bb"]).name(), "a@sha256:bb");
        assert_eq!(image(&[], &[]).name(), "sha256:aa");
    }

    #[test]
    fn the_engine_is_told_that_all_names_are_meant_only_where_there_are_many() {
        assert!(!image(&["localhost:5000/a:1"], &["localhost:5000/a@sha256:bb"]).has_many_names());
        assert!(!image(&[], &[]).has_many_names());
        assert!(image(&["a:1", "a:2"], &[]).has_many_names());
        assert!(image(&["a:1", "b:1"], &[]).has_many_names());
    }

    #[test]
    fn what_the_engine_lists_is_read_whatever_it_leaves_out() {
        let text = r#"[{"Id":"sha256:1","RepoTags":null,"RepoDigests":["<none>@<none>"],"Size":7},
            {"Id":"sha256:2","RepoTags":["a:1"],"Size":-1}]"#;
        let listed: Vec<Listed> = serde_json::from_str(text).unwrap();
        let images: Vec<LocalImage> = listed.into_iter().map(LocalImage::from).collect();
        assert_eq!((images[0].name(), images[0].bytes), ("sha256:1", 7));
        assert_eq!((images[1].name(), images[1].bytes), ("a:1", 0));
    }

    #[test]
    fn images_of_services_as_they_were_are_found_too() {
        let services: Value = serde_json::from_str(
            r#"[{"Spec":{"TaskTemplate":{"ContainerSpec":{"Image":"a:2"}}},
                "PreviousSpec":{"TaskTemplate":{"ContainerSpec":{"Image":"a:1"}}}}, {"Spec":{}}]"#,
        )
        .unwrap();
        let places = ["/Spec/TaskTemplate/ContainerSpec/Image", "/PreviousSpec/TaskTemplate/ContainerSpec/Image"];
        assert_eq!(texts(&services, &places), ["a:2", "a:1"]);
    }

    #[test]
    fn the_size_of_layers_is_read_from_older_and_newer_engines() {
        for text in [r#"{"LayersSize":7,"Images":[]}"#, r#"{"ImageUsage":{"TotalSize":7}}"#] {
            assert_eq!(layers(&serde_json::from_str(text).unwrap()), Some(7), "{text}");
        }
        assert_eq!(layers(&Value::Null), None);
    }

    #[test]
    fn what_a_build_uses_is_not_counted_in_its_cache() {
        let found: Value = serde_json::from_str(
            r#"{"BuildCache":[{"InUse":true,"Size":5},{"InUse":false,"Size":7},{"InUse":false,"Size":1}]}"#,
        )
        .unwrap();
        assert_eq!(cache(&found), BuildCache { entries: 2, bytes: 8 });
        assert_eq!(cache(&Value::Null), BuildCache::default());
    }
}
