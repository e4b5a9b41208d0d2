//! An image that came through the door, as people name it.

use serde::{Deserialize, Serialize};

/// An image at its digest, and the tag under which somebody asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// The tag that was asked for.
    pub tag: String,
    /// What the registry had under it then: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

impl std::fmt::Display for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:.19})", self.tag, self.digest)
    }
}

/// What a person calls a version: by its image where that came through the door, else as the recipe does, whose own version
/// is the same for all of those images.
pub fn named(version: Option<&str>, image: Option<&Image>) -> Option<String> {
    image.map(ToString::to_string).or_else(|| version.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_from_the_door_is_named_by_its_tag_and_not_by_the_recipes_version() {
        let image = Image { tag: "1.1.0".to_owned(), digest: format!("sha256:{}", "5f".repeat(32)) };
        assert_eq!(named(Some("0.1.0+1.0.0"), Some(&image)).as_deref(), Some("1.1.0 (sha256:5f5f5f5f5f5f)"));
        assert_eq!(named(Some("0.1.0+1.0.0"), None).as_deref(), Some("0.1.0+1.0.0"));
        assert_eq!(named(None, None), None);
    }
}
