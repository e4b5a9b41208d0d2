//! The plan, over hosts in memory.

use super::*;

const DAY: u64 = 24;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

fn image(id: &str, tags: &[&str], digests: &[&str], bytes: u64) -> LocalImage {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    LocalImage { id: id.to_owned(), tags: owned(tags), digests: owned(digests), bytes }
}

fn need(image: &str) -> Need {
    Need { image: image.to_owned(), by: "somebody".to_owned() }
}

fn policy() -> Policy {
    Policy { free: Free { percent: Some(20), bytes: None }, unused_hours: DAY }
}

/// A disk of 1000 bytes.
fn found(images: Vec<LocalImage>, free: u64) -> Found {
    Found { images, cache: BuildCache::default(), room: Room { size: 1000, free } }
}

/// All of them seen unused at the hour 0.
fn seen(images: &[LocalImage]) -> Unused {
    images.iter().map(|image| (image.id.clone(), at(0))).collect()
}

fn removed(plan: &Plan) -> Vec<&str> {
    plan.steps
        .iter()
        .map(|step| match step {
            Step::Cache { .. } => "cache",
            Step::Image { image, .. } => image.name(),
        })
        .collect()
}

#[test]
fn while_enough_is_free_nothing_is_removed_and_what_is_unused_is_remembered() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    let plan = plan(&policy(), &found(images, 200), &[], &Unused::new(), at(0));
    assert_eq!(removed(&plan), Vec::<&str>::new());
    assert_eq!(plan.unused, [("1".to_owned(), at(0))].into());
}

#[test]
fn one_byte_less_and_what_was_unused_long_enough_goes() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    let before = seen(&images);
    let plan = plan(&policy(), &found(images, 199), &[], &before, at(24));
    assert_eq!(removed(&plan), ["a:1"]);
}

#[test]
fn what_was_pulled_a_moment_ago_stays_however_full_the_disk_is() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    for (before, hour) in [(Unused::new(), 1000), (seen(&images), 23)] {
        let plan = plan(&policy(), &found(images.clone(), 0), &[], &before, at(hour));
        assert_eq!(removed(&plan), Vec::<&str>::new(), "at hour {hour}");
        assert_eq!(plan.kept.len(), 1);
    }
}

#[test]
fn what_was_needed_in_between_begins_anew() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    let needed = plan(&policy(), &found(images.clone(), 0), &[need("a:1")], &seen(&images), at(30));
    assert!(needed.unused.is_empty() && needed.steps.is_empty());
    let after = plan(&policy(), &found(images, 0), &[], &needed.unused, at(31));
    assert_eq!(removed(&after), Vec::<&str>::new());
}

#[test]
fn what_is_gone_is_forgotten() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    let plan = plan(&policy(), &found(Vec::new(), 0), &[], &seen(&images), at(30));
    assert!(plan.unused.is_empty());
}

#[test]
fn a_clock_that_was_set_back_makes_nothing_old() {
    let images = vec![image("1", &["a:1"], &[], 5)];
    let plan = plan(&policy(), &found(images.clone(), 0), &[], &seen(&images), at(-100));
    assert_eq!(removed(&plan), Vec::<&str>::new());
    assert_eq!(plan.unused["1"], at(-100));
}

#[test]
fn the_cache_of_builds_goes_first_then_what_was_unused_longest_then_what_is_largest() {
    let images = vec![
        image("1", &["young:1"], &[], 900),
        image("2", &["small:1"], &[], 5),
        image("3", &["large:1"], &[], 7),
        image("4", &[], &[], 1),
    ];
    let mut before = seen(&images);
    before.insert("1".to_owned(), at(2));
    let mut found = found(images, 0);
    found.cache = BuildCache { entries: 2, bytes: 10 };
    let plan = plan(&policy(), &found, &[], &before, at(48));
    assert_eq!(removed(&plan), ["cache", "large:1", "small:1", "4", "young:1"]);
}

#[test]
fn an_image_is_known_by_every_name_that_somebody_may_call_it() {
    let digest = "sha256:bb";
    let ours = image("sha256:aa", &["localhost:5000/shop:1.0"], &["localhost:5000/shop@sha256:bb"], 5);
    let hub = image("sha256:cc", &["postgres:17"], &["postgres@sha256:dd"], 5);
    for (image, name, meant) in [
        (&ours, "sha256:aa", true),
        (&ours, "localhost:5000/shop:1.0", true),
        (&ours, "localhost:5000/shop:2.0", false),
        (&ours, "localhost:5000/shop", true),
        (&ours, "localhost:5000/sho", false),
        (&ours, "localhost", false),
        (&ours, "shop:1.0", false),
        (&ours, &format!("localhost:5000/shop@{digest}"), true),
        (&ours, &format!("localhost:5000/shop:9@{digest}"), true),
        (&ours, "localhost:5000/shop:1.0@sha256:ee", true),
        (&ours, "localhost:5000/shop:9@sha256:ee", false),
        (&ours, "localhost:5000/shop@sha256:ee", false),
        (&hub, "docker.io/library/postgres:17", true),
        (&hub, "docker.io/library/postgres:17@sha256:dd", true),
        (&hub, "docker.io/team/postgres:17", false),
        (&hub, "postgres", true),
        (&hub, "", false),
    ] {
        assert_eq!(is_meant(image, name), meant, "{name}");
    }
}

/// Every set of needs over every set of images, ages and room: what is needed never goes.
#[test]
fn whatever_else_is_true_what_is_needed_is_in_no_plan() {
    let all: Vec<LocalImage> =
        (0..4).map(|n| image(&format!("sha256:{n}"), &[&format!("a:{n}")], &[&format!("a@sha256:d{n}")], n)).collect();
    for needed in 0..16_u32 {
        for form in 0..3 {
            let called = |n: usize| match form {
                0 => format!("a:{n}"),
                1 => format!("a:x@sha256:d{n}"),
                _ => format!("sha256:{n}"),
            };
            let needs: Vec<Need> = (0..4).filter(|n| needed >> n & 1 == 1).map(|n| need(&called(n))).collect();
            let plan = plan(&policy(), &found(all.clone(), 0), &needs, &seen(&all), at(1000));
            let expected: Vec<String> =
                (0..4).rev().filter(|n| needed >> n & 1 == 0).map(|n| format!("a:{n}")).collect();
            assert_eq!(removed(&plan), expected, "{needed:b} {form}");
        }
    }
}

#[test]
fn a_step_says_what_goes_and_why() {
    let step = Step::Image { image: image("1", &["a:1"], &[], 5 << 20), since: at(0) };
    assert_eq!(step.to_string(), "remove image a:1, 5 MiB, needed by nobody since 2027-01-15T08:00:00Z");
    let step = Step::Cache { unused_hours: 24, cache: BuildCache { entries: 3, bytes: 2048 } };
    assert_eq!(step.to_string(), "remove what builds left and have not used for 24 h, of 2 KiB in 3 entries");
}

#[test]
fn bytes_are_told_in_a_unit_that_a_person_reads() {
    let said: Vec<String> = [0, 1023, 1024, 5 << 20, 20 << 30].into_iter().map(bytes).collect();
    assert_eq!(said, ["0 B", "1023 B", "1 KiB", "5 MiB", "20 GiB"]);
}
