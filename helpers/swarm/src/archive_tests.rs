use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

const MANIFEST: &str = r#"[{"Config":"aa.json","RepoTags":["hearth/traefik:3"],"Layers":["l/layer.tar"]}]"#;

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn written(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn the_same_image_is_the_same_in_another_archive_and_a_rebuilt_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = archive(&[("manifest.json", MANIFEST), ("aa.json", "one"), ("l/layer.tar", "x")]);
    let moved = archive(&[("./l/layer.tar", "x"), ("./aa.json", "one"), ("./manifest.json", MANIFEST)]);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&first).unwrap();
    let rebuilt = archive(&[("manifest.json", MANIFEST), ("aa.json", "two"), ("l/layer.tar", "x")]);
    let of =
        |name: &str, content: &[u8]| archived_content(&written(&folder, name, content), "hearth/traefik:3").unwrap();
    let known = of("first.tar", &first);
    assert_eq!(known, Digest::of(b"one"));
    assert_eq!(known, of("moved.tar", &moved));
    assert_eq!(known, of("packed.tar.gz", &packed.finish().unwrap()));
    assert_ne!(known, of("rebuilt.tar", &rebuilt));
}

#[test]
fn an_archive_that_does_not_hold_the_image_says_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let other = written(&folder, "other.tar", &archive(&[("manifest.json", MANIFEST), ("aa.json", "one")]));
    let said = archived_content(&other, "hearth/traefik:4").unwrap_err().to_string();
    assert!(
        said.contains("looking for image hearth/traefik:4 in") && said.contains("it holds hearth/traefik:3"),
        "{said}"
    );
    for (content, words) in [
        (archive(&[("index.json", "{}")]), "no manifest.json"),
        (archive(&[("manifest.json", MANIFEST)]), "it has no aa.json"),
        (archive(&[("manifest.json", "{")]), "its manifest.json"),
    ] {
        let broken = written(&folder, "broken.tar", &content);
        let said = archived_content(&broken, "hearth/traefik:3").unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    }
}
