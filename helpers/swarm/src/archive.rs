//! What lies in an archive of images, read without the engine.
//!
//! Format: `docker save` of every engine writes `manifest.json`, as do nixpkgs' `dockerTools`, whose archives are packed
//! with gzip (image specification 1.2 of Docker, "Combined Image JSON + Filesystem Changeset Format").

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use state::Digest;
use tar::Archive;

use crate::{Error, Result};

/// The most bytes of a description in an archive. What is larger is a layer.
const DESCRIPTION_MAX: u64 = 4 << 20;
/// How a file begins that gzip packed (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    config: String,
    // Null where there are none.
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
}

/// The digest of an image's configuration in an archive. It names all layers, so it stands for the image's whole content,
/// in every engine and under whatever path the archive lies.
///
/// # Errors
/// When the archive cannot be read, is none of images, or does not hold this one.
pub fn archived_content(archive: &Path, image: &str) -> Result<Digest> {
    content(archive, image).map_err(|error| Error::Refused {
        doing: format!("looking for image {image} in {}", archive.display()),
        message: error.to_string(),
    })
}

fn content(archive: &Path, image: &str) -> io::Result<Digest> {
    let mut file = File::open(archive)?;
    let mut start = [0; 2];
    let packed = file.read_exact(&mut start).is_ok() && start == GZIP;
    file.rewind()?;
    let descriptions = if packed {
        // Several members of one file are one stream to whoever unpacks it.
        descriptions(Archive::new(MultiGzDecoder::new(BufReader::new(file))).entries()?)?
    } else {
        descriptions(Archive::new(file).entries_with_seek()?)?
    };
    let text = descriptions.get("manifest.json").ok_or_else(|| io::Error::other("it has no manifest.json"))?;
    let listed: Vec<Listed> =
        serde_json::from_slice(text).map_err(|error| io::Error::other(format!("its manifest.json: {error}")))?;
    let config = named(&listed, image)?;
    let config = descriptions
        .get(config)
        .ok_or_else(|| io::Error::other(format!("it has no {config}, which its manifest.json names")))?;
    Ok(Digest::of(config))
}

/// The name of the image's configuration.
fn named<'a>(listed: &'a [Listed], image: &str) -> io::Result<&'a str> {
    let names = |of: &'a Listed| of.repo_tags.iter().flatten().map(String::as_str);
    if let Some(found) = listed.iter().find(|of| names(of).any(|name| name == image)) {
        return Ok(&found.config);
    }
    let there: Vec<&str> = listed.iter().flat_map(names).collect();
    Err(io::Error::other(format!(
        "it holds {}; declare that name, or the archive that holds the other",
        if there.is_empty() { "no image with a name".to_owned() } else { there.join(", ") }
    )))
}

/// The small files of an archive, by name.
fn descriptions<R: Read>(entries: tar::Entries<'_, R>) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    for entry in entries {
        let mut entry = entry?;
        if entry.size() > DESCRIPTION_MAX || !entry.header().entry_type().is_file() {
            continue;
        }
        let name = entry.path()?.to_string_lossy().trim_start_matches("./").to_owned();
        // Layers are blobs too, and only of a blob one cannot see by its name what it is.
        if name.rsplit('.').next() == Some("json") || name.starts_with("blobs/") {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            found.insert(name, content);
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
