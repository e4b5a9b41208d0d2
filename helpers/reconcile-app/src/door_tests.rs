//! Whole runs over an app whose image comes through the door: how it is named, and what is said when it fails, is gone back
//! from, and is asked for again.

use jiff::Timestamp;
use state::{Image, Outcome};

use crate::fake_host::World;
use crate::manifest::Deployable;
use crate::pin::{Pin, Pins};
use crate::record::{FailedDeploy, Files};

const GOOD: &str = "sha256:1111111111111111";
const NEXT: &str = "sha256:2222222222222222";

struct Door(World);

impl Door {
    /// A host on which what the flake declares serves, and that takes other images through the door.
    fn new() -> Self {
        let mut world = World::new("rolling");
        world.declare("1");
        world.manifest.deploy = Some(Deployable { image: "shop".to_owned(), variable: "VERSION".to_owned() });
        let (outcome, summary) = world.run();
        assert_eq!((outcome, summary.as_str()), (Outcome::Changed, "the recipe is deployed and healthy"));
        Self(world)
    }

    /// Somebody asks for an image, and a run answers.
    fn deploy(&self, tag: &str, digest: &str, by: &str) -> (Outcome, String) {
        let (image, tag, digest, by) = ("shop".to_owned(), tag.to_owned(), digest.to_owned(), by.to_owned());
        self.pins().ask(&Pin { schema: 1, image, tag, digest, by, at: Timestamp::now() }).unwrap();
        self.0.run()
    }

    fn pins(&self) -> Pins {
        Pins::in_folder(&self.0.manifest.state_folder)
    }

    fn files(&self) -> Files {
        Files::in_folder(&self.0.manifest.state_folder)
    }
}

#[test]
fn an_image_from_the_door_is_named_by_its_tag_wherever_a_person_reads_of_it() {
    let door = Door::new();
    let (outcome, summary) = door.deploy("1.1.0", GOOD, "key ci");
    assert_eq!((outcome, summary.as_str()), (Outcome::Changed, "1.1.0 (sha256:111111111111) is deployed and healthy"));
    let deployed = door.files().deployed().unwrap().unwrap();
    assert_eq!(deployed.image, Some(Image { tag: "1.1.0".to_owned(), digest: GOOD.to_owned() }));
    assert_eq!(deployed.version, None, "the recipe's version stays the recipe's");
    assert!(door.pins().pinned().unwrap().unwrap().serves(&door.files()).unwrap());
}

#[test]
fn what_failed_through_the_door_is_tried_again_when_it_is_asked_for() {
    let door = Door::new();
    door.deploy("1.1.0", GOOD, "key ci");
    for _ in 0..2 {
        let (outcome, summary) = door.deploy("1.2.0", "sha256:unhealthy", "key ci");
        assert_eq!(outcome, Outcome::RolledBack, "{summary}");
        assert!(summary.contains("; 1.1.0 (sha256:111111111111) serves again"), "{summary}");
        assert!(
            summary.ends_with("and no run tries this again by itself; ask for it again to try it once more"),
            "{summary}"
        );
    }
}

#[test]
fn who_asks_for_what_a_person_went_back_from_is_told_so() {
    let door = Door::new();
    door.deploy("1.2.0", NEXT, "key ci");
    let left = door.files().deployed().unwrap().unwrap();
    door.deploy("1.1.0", GOOD, "key ci");
    let aside = FailedDeploy {
        digest: left.digest,
        reason: "a person went back from it".to_owned(),
        versions: Vec::new(),
        logs: Vec::new(),
        at: "2026-01-12T09:00:00Z".parse().unwrap(),
        by_hand: true,
        asked: None,
        version: None,
        image: left.image,
        gate: None,
    };
    assert_eq!(
        aside.waits("shop"),
        "1.2.0 (sha256:222222222222) waits for a person, who went back from it on 2026-01-12T09:00:00Z. Accept it with \
         `hearth accept shop 1.2.0`"
    );
    assert!(aside.is_called("1.2.0") && !aside.is_called("1.1.0"));
    door.files().remember_failure(&aside).unwrap();
    let (outcome, _) = door.deploy("1.2.0", NEXT, "key ci");
    assert_eq!(outcome, Outcome::Changed);
    let told = "a person went back from this on 2026-01-12T09:00:00Z; it is asked for again, so it is tried again";
    assert!(door.0.said().iter().any(|line| line == told), "{:?}", door.0.said());
}

#[test]
fn who_asks_for_what_serves_already_did_not_deploy_it() {
    let door = Door::new();
    door.deploy("1.1.0", GOOD, "key ci");
    let (outcome, _) = door.deploy("latest", GOOD, "user runner");
    assert_eq!(outcome, Outcome::Unchanged);
    let pin = door.pins().pinned().unwrap().unwrap();
    assert_eq!((pin.tag.as_str(), pin.by.as_str()), ("1.1.0", "key ci"));
}
