//! The two colours of an app that is deployed blue-green, as the engine tells of them.
//!
//! Each colour is a stack of its own, `STACK-blue` and `STACK-green`. Which one serves is no record of Hearth's: it is
//! what the services' labels tell the proxy, and these are changed in one request. What passed its gate stands in the
//! record of the last good deploy. Where the two contradict each other, the record is right, and the routes follow it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use state::Digest;
use swarm::{STACK_LABEL, Service};

use crate::plan::{APP_LABEL, DIGEST_LABEL};
use crate::record::Deployed;

/// The label with a service's colour.
pub const COLOUR_LABEL: &str = "hearth.colour";
/// The label that numbers the deploys of an app in colours; of two that are routed, the higher one is served.
pub const GENERATION_LABEL: &str = "hearth.generation";
/// The label that says whether visitors are sent to a colour.
pub const STAGE_LABEL: &str = "hearth.stage";
/// The label that says of which app a colour is kept that failed. It has the place of [`APP_LABEL`]: what failed is no
/// part of the app any more.
pub const FAILED_LABEL: &str = "hearth.failed";
/// The label that says when it failed.
pub const FAILED_AT_LABEL: &str = "hearth.failed.at";

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// The one that begins.
    Blue,
    /// The other one.
    Green,
}

impl Colour {
    /// Both.
    pub const BOTH: [Self; 2] = [Self::Blue, Self::Green];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
        }
    }

    /// The one that it is not.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Blue => Self::Green,
            Self::Green => Self::Blue,
        }
    }

    /// The colour that labels tell, if they tell one.
    pub fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let told = labels.get(COLOUR_LABEL)?;
        Self::BOTH.into_iter().find(|colour| colour.word() == told)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// Whether visitors are sent to a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Only Hearth asks it, through a route that nobody else can name.
    Idle,
    /// Visitors are sent to it.
    Live,
}

impl Stage {
    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Live => "live",
        }
    }
}

/// One deploy of an app in one of its colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its colour.
    pub colour: Colour,
    /// Which deploy in colours it is, counted from one.
    pub generation: u64,
    /// What a request must say to be sent to it whatever its stage is. It is made of the digest of all inputs, which
    /// nobody outside knows.
    pub token: String,
}

impl Turn {
    /// A deploy of these inputs.
    pub fn new(colour: Colour, generation: u64, digest: &str) -> Self {
        let token = Digest::of(format!("hearth route {generation} {digest}").as_bytes()).hex();
        Self { colour, generation, token }
    }

    /// The deploy that a service was made by, if it was made in a colour.
    pub fn of(labels: &BTreeMap<String, String>) -> Option<Self> {
        let generation = labels.get(GENERATION_LABEL)?.parse().ok()?;
        Some(Self::new(Colour::of(labels)?, generation, labels.get(DIGEST_LABEL)?))
    }

    /// The stack of its services.
    pub fn stack(&self, stack: &str) -> String {
        stack_of(stack, self.colour)
    }

    /// What answers are marked with that come by the route of this deploy alone.
    pub fn mark(&self, stage: Stage) -> String {
        format!("{}.{}.{}", self.colour, self.generation, stage.word())
    }
}

/// The stack of a colour.
pub fn stack_of(stack: &str, colour: Colour) -> String {
    format!("{stack}-{colour}")
}

/// The stack of what passed its gate: the app's own, or that of a colour.
pub fn recorded_stack(app_stack: &str, deployed: Option<&Deployed>) -> String {
    let of = |colour: &Colour| {
        let prefix = format!("{}_", stack_of(app_stack, *colour));
        deployed.is_some_and(|good| good.services.keys().any(|name| name.starts_with(&prefix)))
    };
    let colour = Colour::BOTH.into_iter().find(of);
    colour.map_or_else(|| app_stack.to_owned(), |colour| stack_of(app_stack, colour))
}

/// Whether visitors are sent to a service, as far as its own labels go.
pub fn is_live(service: &Service) -> bool {
    service.labels.get(STAGE_LABEL).is_some_and(|stage| stage == Stage::Live.word())
}

/// Whether a service may still be answering visitors: it is routed, or was until a moment ago.
pub fn has_served(service: &Service) -> bool {
    let labels = &service.labels;
    let is_idle = labels.get(STAGE_LABEL).is_some_and(|stage| stage == Stage::Idle.word());
    labels.contains_key(APP_LABEL) && labels.contains_key("traefik.enable") && !is_idle && service.running > 0
}

/// The number of the deploy in colours that made a service; 0 for one without a colour.
pub fn generation(service: &Service) -> u64 {
    service.labels.get(GENERATION_LABEL).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// The deploy that comes next: in the colour that does not serve, with a number that none had.
///
/// What serves is what passed its gate, where that is there and routed; else what the proxy serves. Where nothing does,
/// both places are free, and the one is taken in which nothing is `kept` for a post-mortem.
pub fn next(observed: &[Service], kept: &[Service], deployed: Option<&Deployed>, digest: &str) -> Turn {
    let newest = observed.iter().chain(kept).map(generation).max().unwrap_or_default();
    let colour = match serving(observed, deployed) {
        Some(serving) => serving.other(),
        None => free(kept),
    };
    // Far more than there will be deploys; what is there may be what somebody wrote into a label by hand.
    Turn::new(colour, newest.saturating_add(1), digest)
}

fn serving(observed: &[Service], deployed: Option<&Deployed>) -> Option<Colour> {
    let live = || observed.iter().filter(|service| is_live(service));
    let good = deployed.and_then(|good| live().find(|service| good.services.contains_key(&service.name)));
    let served = || live().filter(|service| service.running > 0).max_by_key(|service| generation(service));
    good.or_else(served).and_then(|service| Colour::of(&service.labels))
}

fn free(kept: &[Service]) -> Colour {
    let is_free = |colour: &Colour| kept.iter().all(|service| Colour::of(&service.labels) != Some(*colour));
    Colour::BOTH.into_iter().find(is_free).unwrap_or(Colour::Blue)
}

/// The services of an app that belong to another of its stacks than this one.
pub fn beside<'a>(observed: &'a [Service], app_stack: &str, stack: &str) -> Vec<&'a Service> {
    let stacks = [app_stack.to_owned(), stack_of(app_stack, Colour::Blue), stack_of(app_stack, Colour::Green)];
    let is_beside =
        |service: &&Service| service.labels.get(STACK_LABEL).is_some_and(|of| of != stack && stacks.contains(of));
    observed.iter().filter(is_beside).collect()
}

/// Those services of failed colours whose time is over. One that does not say since when it is kept is over too: nothing
/// else would ever remove it.
pub fn expired(kept: &[Service], hours: u32, now: Timestamp) -> Vec<&Service> {
    let since = |service: &Service| service.labels.get(FAILED_AT_LABEL)?.parse::<Timestamp>().ok();
    let is_over = |at: Timestamp| now.duration_since(at) >= SignedDuration::from_hours(i64::from(hours));
    kept.iter().filter(|service| since(service).is_none_or(is_over)).collect()
}

/// The labels of a service that failed: whose it was, and no routes.
pub fn set_aside(labels: &BTreeMap<String, String>, app: &str, at: Timestamp) -> BTreeMap<String, String> {
    let mut labels = unrouted(labels);
    labels.remove(APP_LABEL);
    labels.insert(FAILED_LABEL.to_owned(), app.to_owned());
    labels.insert(FAILED_AT_LABEL.to_owned(), format!("{at:.0}"));
    labels
}

/// The labels of a service that nobody is sent to any more.
pub fn unrouted(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = labels.clone();
    let routed = labels.keys().any(|key| key.starts_with("traefik."));
    labels.retain(|key, _| !key.starts_with("traefik.") && key != STAGE_LABEL);
    if routed {
        labels.insert("traefik.enable".to_owned(), "false".to_owned());
    }
    labels
}

#[cfg(test)]
#[path = "colour_tests.rs"]
mod tests;
