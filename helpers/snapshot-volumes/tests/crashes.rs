//! Killed at every point: the old state or the new one, never a broken last-good, and the next run ends well.
//!
//! Each run is a process of its own, this test binary with a task in its environment, that dies by `abort` at its n-th
//! point. A new point that no test visits fails the last test.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{Mounted, furnish, healthy, look, ravage, silent};
use snapshot_volumes::entry::Entry;
use snapshot_volumes::{Id, Observer, Point, Retention, Store, Volume};

/// Ends the process at the n-th point, and tells each that it passes.
struct Dies {
    at: usize,
    passed: AtomicUsize,
}

impl Observer for Dies {
    fn passed(&self, point: Point) {
        println!("point {point:?}");
        if self.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            std::process::abort();
        }
    }
}

/// What a child process does; nothing when this is not one.
#[test]
fn child() {
    let Ok(task) = std::env::var("HEARTH_CHILD") else { return };
    let (folder, at) = (std::env::var("HEARTH_FOLDER").unwrap(), std::env::var("HEARTH_AT").unwrap());
    let world = World::at(Path::new(&folder));
    let store = world.store().observed(Box::new(Dies { at: at.parse().unwrap(), passed: AtomicUsize::new(0) }));
    match task.split_once(' ') {
        Some(("restore", id)) => drop(store.restore(&id.parse().unwrap(), &world.volumes, &mut silent).unwrap()),
        _ if task == "take" => drop(store.take(&world.volumes, &healthy(), &mut silent).unwrap()),
        _ => drop(store.prune(Retention { last: 1, daily: 0, weekly: 0, monthly: 0 }, &[], &mut silent).unwrap()),
    }
}

/// Two volumes and a store below a folder.
struct World {
    store: std::path::PathBuf,
    volumes: [Volume; 2],
}

impl World {
    fn at(folder: &Path) -> Self {
        let volume = |name: &str| Volume { name: name.to_owned(), path: folder.join(name).join("_data") };
        let world = Self { store: folder.join("store"), volumes: [volume("one"), volume("two")] };
        world.volumes.iter().for_each(|volume| fs::create_dir_all(&volume.path).unwrap());
        world
    }

    fn store(&self) -> Store {
        Store::in_folder(&self.store)
    }

    fn furnish(&self) {
        furnish(&self.volumes[0].path);
        fs::write(self.volumes[1].path.join("row"), "1").unwrap();
    }

    fn ravage(&self) {
        self.volumes.iter().for_each(|volume| ravage(&volume.path));
    }

    fn take(&self) -> Id {
        self.store().take(&self.volumes, &healthy(), &mut silent).unwrap().id
    }

    /// A snapshot of other volumes, from before a restore of all was cut off.
    fn take_aside(&self, volumes: &[Volume]) -> Id {
        let (record, aside) = (self.store.join("restoring.json"), self.store.join("aside.json"));
        fs::rename(&record, &aside).unwrap();
        let id = self.store().take(volumes, &healthy(), &mut silent).unwrap().id;
        fs::rename(&aside, &record).unwrap();
        id
    }

    fn look(&self) -> [Vec<Entry>; 2] {
        [look(&self.volumes[0].path), look(&self.volumes[1].path)]
    }

    /// Last-good is there and whole.
    fn last_good(&self) -> Id {
        let good = self.store().last_good().unwrap().expect("last-good is there");
        self.store().verify(&good.id).unwrap();
        good.id
    }

    fn is_clean(&self) {
        for folder in [&self.store, self.volumes[0].path.parent().unwrap(), self.volumes[1].path.parent().unwrap()] {
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(!name.starts_with('.'), "{name} is left");
            }
        }
        assert!(!self.store.join("restoring.json").exists());
    }
}

static VISITED: Mutex<BTreeSet<Point>> = Mutex::new(BTreeSet::new());

/// Runs a task in a process that dies at its `at`-th point. Returns whether it lived to its end.
fn run(task: &str, folder: &Path, at: usize) -> bool {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--nocapture"])
        .env("HEARTH_CHILD", task)
        .env("HEARTH_FOLDER", folder)
        .env("HEARTH_AT", at.to_string())
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let passed: Vec<&str> = printed.lines().filter_map(|line| Some(line.split_once("point ")?.1)).collect();
    let mut visited = VISITED.lock().unwrap();
    visited.extend(Point::ALL.iter().filter(|point| passed.contains(&format!("{point:?}").as_str())));
    assert!(output.status.success() || passed.len() == at, "{task}: {}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// Kills a task at each of its points, each time in a new world, until it lives; returns how many points there were.
fn at_each_point(parent: &Path, mut visit: impl FnMut(&World, &mut dyn FnMut(&str) -> bool)) -> usize {
    for at in 1.. {
        let folder = tempfile::tempdir_in(parent).unwrap();
        let world = World::at(folder.path());
        let mut lived = false;
        visit(&world, &mut |task| {
            lived = run(task, folder.path(), at);
            lived
        });
        if lived {
            return at - 1;
        }
    }
    unreachable!()
}

fn killed_while_taking(parent: &Path) -> usize {
    at_each_point(parent, |world, run| {
        world.furnish();
        let old = world.take();
        fs::write(world.volumes[1].path.join("row"), "2").unwrap();
        let before = world.look();
        let lived = run("take");
        assert_eq!(world.look(), before, "the volumes were only read");
        let good = world.last_good();
        assert!(good == old || good.number() == 2, "{good}");
        assert!(!lived || good.number() == 2);
        let newest = world.take();
        assert_eq!(world.last_good(), newest);
        world.is_clean();
    })
}

fn killed_while_restoring(parent: &Path, side_by_side: bool) -> usize {
    at_each_point(parent, |world, run| {
        world.furnish();
        let (before, id) = (world.look(), world.take());
        world.ravage();
        let ravaged = world.look();
        run(&format!("restore {id}"));
        let unfinished = world.store().unfinished_restore().unwrap();
        for (place, now) in world.look().iter().enumerate() {
            let whole = *now == before[place] || *now == ravaged[place];
            assert!(
                whole || (!side_by_side && unfinished.as_ref() == Some(&id)),
                "{place} is neither old nor new, and not known: {now:?}, was {:?}",
                before[place]
            );
        }
        if world.look() != before && world.look() != ravaged {
            assert_eq!(unfinished.as_ref(), Some(&id), "some old, some new, and not known");
            let taken = world.store().take(&world.volumes, &healthy(), &mut silent).map(|taken| taken.id);
            assert!(taken.unwrap_err().to_string().contains("is not finished; no snapshot was taken"));
        }
        assert_eq!(world.last_good(), id);
        if unfinished.is_none() {
            // Whoever needs no restore any more is rid of what one had made ready.
            world.take();
            world.is_clean();
        }
        world.store().restore(&id, &world.volumes, &mut silent).unwrap();
        assert_eq!(world.look(), before);
        world.is_clean();
    })
}

fn killed_while_pruning(parent: &Path) -> usize {
    at_each_point(parent, |world, run| {
        world.furnish();
        let ids = [world.take(), world.take(), world.take()];
        run("prune");
        assert_eq!(world.last_good(), ids[2]);
        let listing = world.store().list().unwrap();
        assert!(listing.unreadable.is_empty(), "{listing:?}");
        listing.snapshots.iter().for_each(|snapshot| drop(world.store().verify(&snapshot.id).unwrap()));
        let once = Retention { last: 1, daily: 0, weekly: 0, monthly: 0 };
        world.store().prune(once, &[], &mut silent).unwrap();
        assert_eq!(world.store().list().unwrap().snapshots.len(), 1);
        world.is_clean();
    })
}

/// Volumes that are mount points, so that they are emptied and filled.
fn killed_while_restoring_in_place() -> usize {
    at_each_point(&std::env::temp_dir(), |world, run| {
        let mounts: Vec<_> = world
            .volumes
            .iter()
            .map(|volume| {
                Command::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&volume.path).status().unwrap();
                Unmount(volume.path.clone())
            })
            .collect();
        for volume in &world.volumes {
            fs::write(volume.path.join("row"), "1").unwrap();
        }
        let (before, id) = (world.look(), world.take());
        world.ravage();
        run(&format!("restore {id}"));
        let unfinished = world.store().unfinished_restore().unwrap();
        assert!(
            world.look() == before || unfinished.as_ref() == Some(&id) || world.look().iter().all(|now| now.len() > 2)
        );
        if unfinished.is_some() {
            let less = world.take_aside(&world.volumes[1..]);
            let error = world.store().restore(&less, &world.volumes, &mut silent).unwrap_err().to_string();
            assert!(error.contains("volume one may be half of it"), "{error}");
            assert_eq!(world.store().unfinished_restore().unwrap(), unfinished);
        }
        world.store().restore(&id, &world.volumes, &mut silent).unwrap();
        assert_eq!(world.look(), before);
        world.is_clean();
        drop(mounts);
    })
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn killed_at_every_point_nothing_is_lost() {
    let plain = std::env::temp_dir();
    let mut points = killed_while_taking(&plain);
    points += killed_while_restoring(&plain, true);
    points += killed_while_pruning(&plain);
    if let Some(disk) = Mounted::image("xfs") {
        points += killed_while_taking(&disk.path);
        points += killed_while_restoring(&disk.path, true);
    }
    // The points of a restore in place are met only there.
    if !test_needs::mounts() {
        return;
    }
    points += killed_while_restoring_in_place();
    println!("killed at {points} points, survived all");
    let visited = VISITED.lock().unwrap();
    let missed: Vec<_> = Point::ALL.iter().filter(|point| !visited.contains(point)).collect();
    assert!(missed.is_empty(), "no test died at {missed:?}");
}
