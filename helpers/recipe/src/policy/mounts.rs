//! Mounts of a service, and volumes that are mounts in disguise.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::{Check, given, quoted};
use crate::files::within;

/// Kinds of file system whose `device` is another machine.
const OF_THE_NETWORK: [&str; 3] = ["nfs", "nfs4", "cifs"];
/// Kinds whose `device` is a disk of this one.
const OF_A_DISK: [&str; 7] = ["ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "iso9660"];
/// What the local driver can be told.
const OPTIONS: [&str; 4] = ["type", "device", "o", "size"];
const MEMORY_OPTIONS: [&str; 5] = ["size", "mode", "uid", "gid", "nr_inodes"];
const PLAIN_FLAGS: [&str; 8] = ["rw", "ro", "nosuid", "nodev", "noexec", "noatime", "relatime", "defaults"];
const FLAGS_THAT_MOVE: [&str; 9] =
    ["remount", "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"];

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

    /// A named volume of the local driver can be told to mount anything: its options are words and flags of mount(2)
    /// ([moby, `volume/local`](https://github.com/moby/moby/tree/master/daemon/volume/local)).
    pub(super) fn volume(&mut self, key: &str, volume: &Map<String, Value>) {
        let Some(options) = volume.get("driver_opts").filter(|options| given(options)) else { return };
        let key = format!("{key}.driver_opts");
        let Some(options) = self.mapping(&key, options) else { return };
        let option = |name: &str| options.get(name).and_then(Value::as_str).unwrap_or_default();
        let (kind, device) = (option("type").to_ascii_lowercase(), option("device"));
        let words: Vec<&str> = option("o").split(',').map(str::trim).filter(|word| !word.is_empty()).collect();
        for name in options.keys().filter(|name| !OPTIONS.contains(&name.as_str())) {
            self.refuse_always(&format!("{key}.{name}"), "the local driver has no such option".to_owned());
        }
        let is_bind = words.iter().any(|word| matches!(*word, "bind" | "rbind"));
        match kind.as_str() {
            _ if is_bind => self.host_path(&key, device, false),
            "" | "none" | "bind" if options.get("device").is_some() || !kind.is_empty() => {
                self.host_path(&key, device, false);
            }
            "" if words.is_empty() => {}
            "tmpfs" => self.memory(&key, device, &words),
            kind if OF_THE_NETWORK.contains(&kind) => self.flags(&key, &words),
            kind if OF_A_DISK.contains(&kind) => {
                self.flags(&key, &words);
                self.device(&format!("{key}.device"), device);
            }
            kind => self.refuse_always(
                &format!("{key}.type"),
                format!("{kind:?} is no kind of file system that a volume may have here"),
            ),
        }
    }

    /// A file system in memory: nothing in its options may make it something else.
    fn memory(&mut self, key: &str, device: &str, words: &[&str]) {
        if !matches!(device, "" | "tmpfs" | "none") {
            self.refuse_always(
                &format!("{key}.device"),
                format!("{device:?} is nothing that is in memory; write `tmpfs`"),
            );
        }
        let known = |word: &str| {
            let name = word.split('=').next().unwrap_or_default();
            MEMORY_OPTIONS.contains(&name) || PLAIN_FLAGS.contains(&word)
        };
        for word in words.iter().filter(|word| !known(word)) {
            self.refuse_always(
                &format!("{key}.o"),
                format!("{word:?} is not among the options that a volume in memory may have here"),
            );
        }
    }

    /// Words that are flags of mount(2) and change what is mounted, or who sees it.
    fn flags(&mut self, key: &str, words: &[&str]) {
        for word in words.iter().filter(|word| FLAGS_THAT_MOVE.contains(word)) {
            self.refuse_always(&format!("{key}.o"), format!("{word:?} changes what else is mounted on the host"));
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
