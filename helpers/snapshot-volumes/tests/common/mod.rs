//! Folders to take snapshots of, and what is in them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use rustix::fs::{CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, mknodat};
use snapshot_volumes::entry::Entry;
use snapshot_volumes::{About, Store, Volume, content, walk};
use tempfile::TempDir;

/// A volume and a store, side by side in a folder that goes away.
pub struct Place {
    pub folder: TempDir,
    pub volume: Volume,
}

impl Place {
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    pub fn below(parent: &Path) -> Self {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let volume = Volume { name: "data".to_owned(), path: folder.path().join("volumes/data/_data") };
        fs::create_dir_all(&volume.path).unwrap();
        Self { folder, volume }
    }

    pub fn store(&self) -> Store {
        Store::in_folder(self.store_folder())
    }

    pub fn store_folder(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    pub fn path(&self) -> &Path {
        &self.volume.path
    }

    pub fn volumes(&self) -> [Volume; 1] {
        [self.volume.clone()]
    }

    pub fn take(&self) -> snapshot_volumes::Snapshot {
        self.store().take(&self.volumes(), &healthy(), &mut silent).unwrap()
    }

    pub fn restore(&self, id: &snapshot_volumes::Id) {
        self.store().restore(id, &self.volumes(), &mut silent).unwrap();
    }
}

pub fn silent(_: String) {}

pub fn healthy() -> About {
    About { app: "wiki".to_owned(), stack: "services: {}\n".to_owned(), healthy: true, ..About::default() }
}

/// Everything in a tree, with digests of the content.
pub fn look(path: &Path) -> Vec<Entry> {
    let mut entries = Vec::new();
    walk::walk(walk::root(path).unwrap(), &mut |found| {
        let mut entry = found.entry.clone();
        if let snapshot_volumes::entry::Kind::File { size, sha256 } = &mut entry.kind {
            *sha256 = content::digest(&found.open()?, *size)?;
        }
        entries.push(entry);
        Ok(())
    })
    .unwrap();
    entries
}

/// Bytes that a tree takes on the disk.
pub fn allocated(path: &Path) -> u64 {
    let printed = Command::new("du").args(["-s", "-B1"]).arg(path).output().unwrap();
    String::from_utf8(printed.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap()
}

/// Whether this process may do to files what only root does.
pub fn is_root() -> bool {
    static ROOT: LazyLock<bool> = LazyLock::new(test_needs::file_owners);
    *ROOT
}

pub fn own(path: &Path, uid: u32, gid: u32) {
    rustix::fs::chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).unwrap();
}

pub fn dated(path: &Path, seconds: i64, nanoseconds: u32) {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds.into() };
    let times = Timestamps { last_access: time, last_modification: time };
    rustix::fs::utimensat(CWD, path, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW).unwrap();
}

/// Sets an extended attribute; says so and goes on where the file system has none.
pub fn attribute(path: &Path, name: &str, value: &[u8]) {
    match rustix::fs::lsetxattr(path, name, value, XattrFlags::empty()) {
        Err(rustix::io::Errno::OPNOTSUPP) => eprintln!("skipped: {name} is not known to this file system"),
        other => other.unwrap(),
    }
}

/// An ACL in the binary form of Linux: version 2, then tag, permissions and identifier of each entry. User 10 is a line
/// break in it.
pub fn acl() -> Vec<u8> {
    let mut bytes = 2_u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in
        [(1_u16, 6_u16, u32::MAX), (2, 4, 10), (4, 4, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)]
    {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(permissions.to_le_bytes());
        bytes.extend(id.to_le_bytes());
    }
    bytes
}

/// One of everything that a volume can hold: what anybody can make, and what only root can.
pub fn furnish(root: &Path) {
    let at = |name: &str| root.join(name);
    fs::create_dir_all(at("deep/er/est")).unwrap();
    fs::write(at("deep/er/file"), b"content").unwrap();
    fs::hard_link(at("deep/er/file"), at("a-second-name")).unwrap();
    fs::hard_link(at("deep/er/file"), at("deep/er/est/third")).unwrap();
    fs::write(at("empty"), b"").unwrap();
    fs::write(at("line\nbreak \\ and \u{1b}[31m"), b"x").unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"not \xff utf-8")), b"y").unwrap();
    let long = "l".repeat(200);
    fs::create_dir_all(at(&format!("{long}/{long}"))).unwrap();
    fs::write(at(&format!("{long}/{long}/{long}")), b"z").unwrap();
    symlink(&long, at("link-to-long")).unwrap();
    symlink("/etc/passwd", at("link-out")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    let sparse = File::create(at("sparse")).unwrap();
    sparse.set_len(1 << 20).unwrap();
    sparse.write_all_at(b"middle", 256 << 10).unwrap();
    sparse.write_all_at(b"later", 768 << 10).unwrap();
    File::create(at("only-a-hole")).unwrap().set_len(512 << 10).unwrap();
    mknodat(CWD, at("fifo"), FileType::Fifo, Mode::from_raw_mode(0o640), 0).unwrap();
    attribute(&at("empty"), "user.a=b%3D", b"escaped");
    attribute(&at("empty"), "user.note", b"with\nbreaks=and\0zeros");
    if is_root() {
        furnish_as_root(root);
    }
    dated(&at("dangling"), 1_000_000_000, 5);
    dated(&at("empty"), -2, 500_000_000);
    dated(&at("fifo"), 10_000_000_000, 1);
    for folder in ["deep/er/est", "deep/er", "deep", ""] {
        dated(&root.join(folder), 1_234_567_890, 123_456_789);
    }
    fs::set_permissions(root, fs::Permissions::from_mode(0o1777)).unwrap();
}

/// Other owners, modes and attributes that a sandbox refuses, and devices.
fn furnish_as_root(root: &Path) {
    let at = |name: &str| root.join(name);
    own(&at("deep/er/file"), 999, 70_000);
    own(&at("deep/er"), 4_000_000_000, 3_000_000);
    own_link(&at("dangling"), 5, 6);
    fs::set_permissions(at("deep/er/file"), fs::Permissions::from_mode(0o4751)).unwrap();
    mknodat(CWD, at("null"), FileType::CharacterDevice, Mode::from_raw_mode(0o666), rustix::fs::makedev(1, 3)).unwrap();
    mknodat(CWD, at("disk"), FileType::BlockDevice, Mode::from_raw_mode(0o660), rustix::fs::makedev(7, 300)).unwrap();
    attribute(&at("empty"), "system.posix_acl_access", &acl());
    attribute(&at("deep"), "system.posix_acl_default", &acl());
    attribute(&at("dangling"), "trusted.link", b"v");
}

fn own_link(path: &Path, uid: u32, gid: u32) {
    std::os::unix::fs::lchown(path, Some(uid), Some(gid)).unwrap();
}

/// Does to a volume what a failed version may do.
pub fn ravage(root: &Path) {
    for name in ["deep", "fifo", "sparse"] {
        let path = root.join(name);
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else {
            let _ = fs::remove_file(path);
        }
    }
    fs::write(root.join("came-later"), b"!").unwrap();
    fs::write(root.join("deep"), b"a file where a folder was").unwrap();
    if root.join("empty").exists() {
        fs::write(root.join("empty"), b"not any more").unwrap();
    }
    fs::set_permissions(root, fs::Permissions::from_mode(0o700)).unwrap();
}

/// A file system of its own, unmounted at the end. `None` where the test cannot have one and is skipped.
pub struct Mounted {
    pub path: PathBuf,
    _folder: TempDir,
}

impl Mounted {
    /// A small file system in memory.
    pub fn tmpfs(size: &str) -> Option<Self> {
        let options = format!("size={size}");
        test_needs::mounts()
            .then(|| Self::mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], tempfile::tempdir().unwrap()))
    }

    /// A file system in an image.
    pub fn image(kind: &str) -> Option<Self> {
        if !(test_needs::mounts() && test_needs::program(&format!("mkfs.{kind}"))) {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        File::create(&image).unwrap().set_len(512 << 20).unwrap();
        // starts: mkfs.btrfs mkfs.xfs
        let made = Command::new(format!("mkfs.{kind}")).arg("-q").arg(&image).output();
        assert!(made.as_ref().is_ok_and(|made| made.status.success()), "{made:?}");
        Some(Self::mount(&["-o", "loop", image.to_str().unwrap()], folder))
    }

    fn mount(arguments: &[&str], folder: TempDir) -> Self {
        let path = folder.path().join("mounted");
        fs::create_dir(&path).unwrap();
        let done = Command::new("mount").args(arguments).arg(&path).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Self { path, _folder: folder }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
    }
}

/// The form in which the first volume of a snapshot is kept.
pub fn is_clone(snapshot: &snapshot_volumes::Snapshot) -> bool {
    snapshot.manifest.volumes[0].form == snapshot_volumes::snapshot::Form::Clone
}
