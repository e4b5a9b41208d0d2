//! Memory that is never swapped.

use std::ffi::CStr;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rustix::mount::{MountFlags, mount};

/// Sees to it that `folder` lies in memory that is never swapped: on ramfs, or on a tmpfs with `noswap`. A plain tmpfs,
/// which `/run` is, may be written to the swap device.
///
/// # Errors
/// When it does not and nothing can be mounted there.
pub fn ensure(folder: &Path) -> anyhow::Result<()> {
    let folder = &std::path::absolute(folder)?;
    let table = std::fs::read_to_string("/proc/self/mountinfo").context("/proc/self/mountinfo")?;
    if never_swaps(&table, folder) {
        return Ok(());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let attempt = |kind: &CStr, options: &CStr| mount(c"hearth-secrets", folder, kind, flags, options);
    // `noswap` is known since Linux 6.4.
    let mounted = attempt(c"tmpfs", c"mode=0751,noswap").or_else(|_| attempt(c"ramfs", c"mode=0751"));
    if let Err(errno) = mounted {
        bail!(
            "{} is not in memory that is never swapped, and nothing could be mounted there: {}; nothing was rendered. \
             Mount it beforehand: mount -t tmpfs -o mode=0751,noswap,nosuid,nodev,noexec tmpfs {}",
            folder.display(),
            io::Error::from(errno),
            folder.display()
        );
    }
    Ok(())
}

/// Whether the mount that `folder` lies on is never swapped, by the table of `proc_pid_mountinfo(5)`.
fn never_swaps(table: &str, folder: &Path) -> bool {
    let mut best: Option<(usize, bool)> = None;
    for line in table.lines() {
        let Some((place, good)) = entry(line) else { continue };
        let depth = place.components().count();
        // Of mounts at one place the last covers the others.
        if folder.starts_with(&place) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, good));
        }
    }
    best.is_some_and(|(_, good)| good)
}

fn entry(line: &str) -> Option<(PathBuf, bool)> {
    let (mount, file_system) = line.split_once(" - ")?;
    let place = mount.split(' ').nth(4)?.replace("\\040", " ");
    let mut fields = file_system.split(' ');
    let (kind, options) = (fields.next()?, fields.nth(1).unwrap_or_default());
    let good = kind == "ramfs" || (kind == "tmpfs" && options.split(',').any(|option| option == "noswap"));
    Some((PathBuf::from(place), good))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
25 22 0:22 / /run rw,nosuid,nodev shared:5 - tmpfs tmpfs rw,size=1000k,mode=755
40 25 0:40 / /run/hearth/secrets.d rw,nosuid - tmpfs tmpfs rw,mode=751,noswap
41 25 0:41 / /run/keys rw,nosuid - ramfs none rw,mode=750
42 25 0:42 / /run/over rw - ramfs none rw
43 25 0:43 / /run/over rw - tmpfs none rw
";

    #[test]
    fn memory_that_may_be_swapped_does_not_count() {
        for (folder, good) in [
            ("/run/hearth/secrets.d", true),
            ("/run/hearth/secrets.d/deeper", true),
            ("/run/hearth/secrets.data", false),
            ("/run/hearth", false),
            ("/run/keys", true),
            ("/var/lib", false),
            ("/run/over", false),
        ] {
            assert_eq!(never_swaps(TABLE, Path::new(folder)), good, "{folder}");
        }
    }
}
