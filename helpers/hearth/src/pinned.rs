//! What was deployed through the door, and whether it still serves: after `hearth rollback` it does not.

use std::path::Path;

use anyhow::Context as _;
use jiff::Timestamp;
use reconcile_app::manifest::Manifest;
use reconcile_app::pin::{Pin, Pins};
use reconcile_app::record::Files;
use state::Image;

/// What was deployed through the door.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// What it was.
    #[serde(flatten)]
    pub pin: Pin,
    /// The value of the variable in the flake; none where it is left to the recipe.
    pub declared: Option<String>,
    /// What serves in its place; none where it serves itself.
    pub replaced: Option<Replaced>,
}

/// Something else serves than what was deployed through the door last.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replaced {
    /// What a person calls what serves.
    pub by: String,
    /// When a person went back from what was deployed.
    pub went_back: Option<Timestamp>,
}

impl Replaced {
    /// What serves in place of a pin, as an app's state folder has it.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn of(pin: &Pin, folder: &Path) -> anyhow::Result<Option<Self>> {
        let files = Files::in_folder(folder);
        if pin.serves(&files).context("what is deployed")? {
            return Ok(None);
        }
        let deployed = files.deployed()?.and_then(|deployed| deployed.named());
        let by = deployed.unwrap_or_else(|| "another image".to_owned());
        let aside = files.failed().context("what a person went back from")?.filter(|aside| aside.by_hand);
        // Records from before images were kept do not say which one it was.
        let is_it = |image: &Option<Image>| image.as_ref().is_none_or(|image| image.digest == pin.digest);
        let went_back = aside.filter(|aside| is_it(&aside.image)).map(|aside| aside.at);
        Ok(Some(Self { by, went_back }))
    }
}

impl std::fmt::Display for Pinned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (image, by) = (Image::from(&self.pin), &self.pin.by);
        match &self.replaced {
            Some(Replaced { by: serves, went_back: Some(at) }) => {
                return write!(f, "{serves} serves; a person went back from {image} on {at:.0}, deployed by {by}");
            }
            Some(Replaced { by: serves, went_back: None }) => {
                write!(f, "{serves} serves, and not {image}, which was deployed last, by {by}; ")?;
            }
            None => write!(f, "{image} was deployed by {by}; ")?,
        }
        match &self.declared {
            Some(declared) => write!(f, "the flake declares {declared}"),
            None => f.write_str("the flake names no image; without this deploy the recipe's own would run"),
        }
    }
}

/// What was deployed of an app through the door, where its manifest still names that image.
///
/// # Errors
/// When a record cannot be read.
pub(crate) fn pinned(manifest: &Path, folder: &Path) -> anyhow::Result<Option<Pinned>> {
    // One that cannot be read is told where it matters more.
    let Ok(manifest) = state::manifest::read::<Manifest>(manifest) else { return Ok(None) };
    let Some(deploy) = manifest.deploy else { return Ok(None) };
    let pin = Pins::in_folder(folder).pinned().context("what is pinned")?.filter(|pin| pin.image == deploy.image);
    let Some(pin) = pin else { return Ok(None) };
    let replaced = Replaced::of(&pin, folder)?;
    Ok(Some(Pinned { pin, declared: manifest.environment.get(&deploy.variable).cloned(), replaced }))
}
