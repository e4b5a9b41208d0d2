//! Random trees come back as they were.

mod common;

use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use common::{Place, attribute, dated, look};
use proptest::prelude::*;

/// One thing done to a tree; the numbers choose among the folders and files that are there.
#[derive(Clone, Debug)]
enum Deed {
    Folder(usize, Vec<u8>),
    File(usize, Vec<u8>, Vec<(u32, Vec<u8>)>),
    HardLink(usize, usize, Vec<u8>),
    Symlink(usize, Vec<u8>, Vec<u8>),
    Attribute(usize, String, Vec<u8>),
    Mode(usize, u32),
    Own(usize, u32, u32),
    Date(usize, i64, u32),
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte =
        prop_oneof![Just(b'\n'), Just(b'\\'), Just(b' '), 1_u8..=255].prop_filter("a slash", |byte| *byte != b'/');
    proptest::collection::vec(byte, 1..120).prop_filter("dots", |name| name != b"." && name != b"..")
}

fn deed() -> impl Strategy<Value = Deed> {
    let data = || proptest::collection::vec(any::<u8>(), 0..300);
    prop_oneof![
        (any::<usize>(), name()).prop_map(|(at, name)| Deed::Folder(at, name)),
        (any::<usize>(), name(), proptest::collection::vec((0_u32..200_000, data()), 0..4))
            .prop_map(|(at, name, parts)| Deed::File(at, name, parts)),
        (any::<usize>(), any::<usize>(), name()).prop_map(|(of, at, name)| Deed::HardLink(of, at, name)),
        (any::<usize>(), name(), name()).prop_map(|(at, name, to)| Deed::Symlink(at, name, to)),
        (any::<usize>(), "[a-z=. ]{1,20}", data()).prop_map(|(of, name, value)| Deed::Attribute(of, name, value)),
        (any::<usize>(), 0_u32..0o10000).prop_map(|(of, mode)| Deed::Mode(of, mode)),
        (any::<usize>(), 0_u32..u32::MAX, 0_u32..u32::MAX).prop_map(|(of, uid, gid)| Deed::Own(of, uid, gid)),
        (any::<usize>(), -1_000_000_000_i64..4_000_000_000, 0_u32..1_000_000_000)
            .prop_map(|(of, seconds, nanoseconds)| Deed::Date(of, seconds, nanoseconds)),
    ]
}

/// Does the deeds in order; one that the file system refuses is left out.
fn build(root: &Path, deeds: &[Deed]) {
    let (mut folders, mut files) = (vec![root.to_owned()], Vec::<PathBuf>::new());
    let place = |folders: &[PathBuf], at: usize, name: &[u8]| {
        folders[at % folders.len()].join(std::ffi::OsStr::from_bytes(name))
    };
    for deed in deeds {
        let any = |of: usize| if files.is_empty() { root.to_owned() } else { files[of % files.len()].clone() };
        match deed {
            Deed::Folder(at, name) => {
                let path = place(&folders, *at, name);
                if path.as_os_str().len() < 3000 && fs::create_dir(&path).is_ok() {
                    folders.push(path);
                }
            }
            Deed::File(at, name, parts) => {
                let path = place(&folders, *at, name);
                if let Ok(file) = File::create_new(&path) {
                    for (offset, data) in parts {
                        file.write_all_at(data, u64::from(*offset)).unwrap();
                    }
                    files.push(path);
                }
            }
            Deed::HardLink(of, at, name) if !files.is_empty() => {
                let path = place(&folders, *at, name);
                if fs::hard_link(any(*of), &path).is_ok() {
                    files.push(path);
                }
            }
            Deed::HardLink(..) => {}
            Deed::Symlink(at, name, to) => {
                let _ = symlink(std::ffi::OsStr::from_bytes(to), place(&folders, *at, name));
            }
            Deed::Attribute(of, name, value) => attribute(&any(*of), &format!("user.{name}"), value),
            Deed::Mode(of, mode) => fs::set_permissions(any(*of), fs::Permissions::from_mode(*mode)).unwrap(),
            Deed::Own(of, uid, gid) => common::own(&any(*of), *uid, *gid),
            Deed::Date(of, seconds, nanoseconds) => dated(&any(*of), *seconds, *nanoseconds),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_random_tree_comes_back_whatever_took_its_place(
        deeds in proptest::collection::vec(deed(), 0..40),
        later in proptest::collection::vec(deed(), 0..20),
    ) {
        // Half of the deeds are root's, and nobody else reads what they leave.
        if !common::is_root() {
            return Ok(());
        }
        let place = Place::new();
        build(place.path(), &deeds);
        let before = look(place.path());
        let snapshot = place.take();
        build(place.path(), &later);
        place.restore(&snapshot.id);
        prop_assert_eq!(look(place.path()), before);
    }
}
