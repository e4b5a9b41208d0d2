//! Mounts of a service, and volumes that are mounts in disguise.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::{Check, given, quoted};
use crate::files::within;

/// Kinds of file system whose `device` is no path of the host.
const NOT_OF_THE_HOST: [&str; 4] = ["tmpfs", "nfs", "nfs4", "cifs"];

impl Check<'_> {
    pub(super) fn mounts(&mut self, key: &str, value: Option<&Value>) {
        for (key, entry) in self.list(key, value) {
            match entry {
                Value::String(text) => self.short_mount(&key, text),
                Value::Object(mount) => self.long_mount(&key, mount),
                other => {
                    self.text(&key, other);
                }
            }
        }
    }

    /// `source:target:options`. The source is a path of the host when it looks like one, as in
    /// [docker/cli](https://github.com/docker/cli/blob/master/cli/compose/loader/volume.go).
    fn short_mount(&mut self, key: &str, text: &str) {
        let mut fields = text.split(':');
        let (Some(source), Some(_target)) = (fields.next(), fields.next()) else { return };
        let read_only = fields.flat_map(|options| options.split(',')).any(|option| option == "ro");
        if source.starts_with(['.', '/', '~', '\\', '$']) || source.contains('/') {
            self.host_path(key, source, read_only);
        }
    }

    fn long_mount(&mut self, key: &str, mount: &Map<String, Value>) {
        let source = mount.get("source").or_else(|| mount.get("src"));
        let text = source.and_then(Value::as_str).unwrap_or_default();
        match mount.get("type").and_then(Value::as_str) {
            Some("bind") => self.host_path(key, text, mount.get("read_only").is_some_and(|value| value == true)),
            Some("volume") if text.contains('/') || source.is_some_and(|source| !source.is_string()) => {
                self.refuse_always(key, "the source of a volume is its name");
            }
            Some("volume" | "tmpfs" | "cluster" | "image") => {}
            _ => self.refuse_always(key, "`type` must be bind, volume or tmpfs"),
        }
    }

    fn host_path(&mut self, key: &str, source: &str, read_only: bool) {
        if source.is_empty() || source.contains('$') || source.starts_with('~') {
            return self
                .refuse_always(key, format!("{source:?} is no path that can be told before the engine is asked"));
        }
        let own = within(self.place.folder, Path::new(source));
        let path = normal(&self.place.folder.join(source));
        if self.allow.host_paths.iter().any(|allowed| normal(allowed) == path) || (own.is_ok() && read_only) {
            return;
        }
        if own.is_ok() {
            let reason = "a recipe's own folder is read only; add `:ro`, or keep what the app writes in a volume";
            return self.refuse_always(key, reason);
        }
        let path = path.to_string_lossy();
        self.refuse(key, what_it_means(&path), &format!("hostPaths = [ {} ]", quoted(&path)));
    }

    /// A named volume of the local driver can be told to mount anything.
    pub(super) fn volume(&mut self, key: &str, volume: &Map<String, Value>) {
        let Some(options) = volume.get("driver_opts").filter(|options| given(options)) else { return };
        let key = format!("{key}.driver_opts");
        let Some(options) = self.mapping(&key, options) else { return };
        let option = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = option("type").to_ascii_lowercase();
        let is_bind = option("o").split(',').any(|word| matches!(word.trim(), "bind" | "rbind"));
        match option("device") {
            _ if NOT_OF_THE_HOST.contains(&kind.as_str()) && !is_bind => {}
            "" if kind.is_empty() && options.get("device").is_none() => {}
            device if is_bind || matches!(kind.as_str(), "" | "none" | "bind") => self.host_path(&key, device, false),
            device => self.device(&format!("{key}.device"), device),
        }
    }
}

fn what_it_means(path: &str) -> String {
    match path {
        "/" => "/ is the whole file system of the host".to_owned(),
        "/run/docker.sock" => {
            format!("{path} is the Docker socket: whoever has it is root on the host, also when it is read only")
        }
        "/run" | "/var" => format!("{path} is a folder of the host, with the Docker socket in or below it"),
        _ => format!("{path} is a path of the host"),
    }
}

/// A path without `.` and `..`, and with `/var/run` as what it is everywhere: a symlink to `/run`.
fn normal(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => {
                plain.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    match plain.strip_prefix("/var/run") {
        Ok(below) => Path::new("/run").join(below).components().collect(),
        Err(_) => plain,
    }
}
