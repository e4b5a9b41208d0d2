//! A host of the tests.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value as Json;

/// A host: a folder with keys, sops files and manifests, in which the helper runs.
pub struct Host(pub tempfile::TempDir);

impl Host {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd/render.in");
        for entry in std::fs::read_dir(fixtures).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
        }
        let host = Self(folder);
        host.edit("nine.json", |_| ());
        host
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn run(&self, manifest: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_render-secrets")).arg(manifest).current_dir(self.0.path()).output().unwrap()
    }

    /// Runs it and demands an exit code; returns what was said.
    pub fn ends_with(&self, code: i32, manifest: &str) -> String {
        let output = self.run(manifest);
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert_eq!(output.status.code(), Some(code), "{said}");
        said
    }

    /// Changes a manifest. Tests do not all run as root, so files belong to whoever runs them.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Json)) {
        let mut manifest: Json = serde_json::from_str(&self.read(name)).unwrap();
        let us = std::fs::metadata(self.0.path()).unwrap();
        for list in ["secrets", "templates"] {
            for file in manifest[list].as_array_mut().unwrap() {
                file["owner"] = us.uid().to_string().into();
                file["group"] = us.gid().to_string().into();
            }
        }
        change(&mut manifest);
        std::fs::write(self.path(name), manifest.to_string()).unwrap();
    }

    pub fn generation(&self) -> String {
        let target = std::fs::read_link(self.path("run/secrets")).unwrap();
        target.file_name().unwrap().to_str().unwrap().to_owned()
    }

    pub fn generations(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("run/secrets.d")).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub fn mode(&self, name: &str) -> u32 {
        std::fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o7777
    }
}

/// Every file below a folder, links not followed.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// A stand-in for systemd that refuses some units, and writes down those it was told of. None of them has failed.
pub fn refuse(host: &Host, cases: &str) {
    systemd(host, "*) echo inactive;;", cases);
}

/// A stand-in for systemd: what state a unit is in, and which units it refuses.
pub fn systemd(host: &Host, states: &str, refused: &str) {
    let state = format!("if [ $1 = show ]; then case $4 in {states} esac; exit; fi");
    let script = format!("#!/bin/sh\n{state}\ncase $3 in {refused} esac\necho \"$@\" >> systemctl.log\n");
    std::fs::write(host.path("systemctl"), script).unwrap();
}
