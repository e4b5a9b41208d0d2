//! The new version, and the old one after it, on the migrated database.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::probe::{Ask as _, Https};
use swarm::Command;
use tokio::time::{Instant, sleep};

use crate::Engine;
use crate::declared::{Probe, Role};
use crate::finding::{Finding, Kind};
use crate::log::{Entry, problems};
use crate::release::Release;
use crate::stop::Stop;
use crate::trial::{Trial, part};
use crate::verdict::OldVersion;

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long one request or command may take.
const ONE: Duration = Duration::from_secs(10);

/// Errors that say that a version and a schema do not fit: something is not there, is of another type, must not be
/// empty, or may not be done.
const MISFITS: [&str; 7] = ["42703", "42P01", "42883", "42804", "42501", "23502", "42P10"];

/// How a version did.
struct Tried {
    /// What was wrong in the end.
    why: Option<String>,
    /// What it asked of the database.
    asked: Vec<Entry>,
    /// What it wrote last.
    lines: Vec<String>,
}

impl<E: Engine> Trial<'_, E> {
    /// Starts the new version as the app's role, and returns what it asked of the database.
    pub async fn try_new(&mut self, probe: &Probe, warnings: &mut Vec<String>) -> Result<Vec<Entry>, Stop> {
        let image = part(self.versions.new, &probe.service, "probe.service")?.shown();
        (self.say)(format!("starting {image} on the migrated database"));
        let tried = self.try_version("new", self.versions.new, probe).await?;
        if let Some(why) = tried.why {
            return Err(Finding {
                kind: Kind::NewVersion,
                object: format!("{image} on the database that its migrations made"),
                cause: with_misfit(why, self.misfit(&tried.asked)),
                consequence: "it would come up no better on the live one".to_owned(),
                remedy: "See its last lines; a right that is missing is granted by a migration, or by ALTER DEFAULT PRIVILEGES".to_owned(),
                evidence: tried.lines,
            }
            .into());
        }
        if let Some(misfit) = self.misfit(&tried.asked) {
            warnings.push(format!("{image} works on the migrated database, and yet: {misfit}"));
        }
        Ok(tried.asked)
    }

    /// Starts the old version as the app's role on what the new one's migrations made.
    pub async fn try_old(&mut self, probe: &Probe, old: &Release) -> Result<OldVersion, Stop> {
        let Some(image) = old.get(&probe.service).map(|part| part.shown().to_owned()) else {
            return Ok(OldVersion::NotAsked(format!("it had no service {}", probe.service)));
        };
        (self.say)(format!("starting {image}, the old version, on the migrated database"));
        let tried = match self.try_version("old", old, probe).await {
            Err(Stop::Error(error)) if is_missing(&error) => {
                return Ok(OldVersion::NotAsked(format!("image {image} is not here any more")));
            }
            other => other?,
        };
        let misfit = self.misfit(&tried.asked);
        Ok(match (tried.why, misfit) {
            (Some(why), misfit) => OldVersion::Breaks(with_misfit(why, misfit)),
            (None, Some(misfit)) => OldVersion::Breaks(misfit),
            (None, None) => OldVersion::Works,
        })
    }

    async fn try_version(&mut self, which: &str, release: &Release, probe: &Probe) -> Result<Tried, Stop> {
        let part = part(release, &probe.service, "probe.service")?;
        let values = self.values(Role::App);
        let mut container = self.beside(which, part);
        container.environment.extend(values.fill_all(&probe.environment));
        container.files = values.fill_all(&probe.files);
        let id = self.engine.start_scratch(&container).await?;
        let why = self.until_it_works(&id, probe).await?;
        let lines = self.last_lines(&id).await?;
        self.engine.remove_scratch(&id).await?;
        Ok(Tried { why, asked: self.log().await?, lines })
    }

    /// Asks until everything is right; otherwise what was wrong last.
    async fn until_it_works(&self, id: &str, probe: &Probe) -> anyhow::Result<Option<String>> {
        let begun = Instant::now();
        loop {
            let container = self.engine.container(id).await?;
            if container.is_none_or(|container| !container.running) {
                let last = self.last_lines(id).await?.into_iter().rev().find(|line| !line.trim().is_empty());
                return Ok(Some(format!("it ended: {}", last.unwrap_or_else(|| "it said nothing".to_owned()))));
            }
            let Some(why) = self.ask(id, probe).await? else { return Ok(None) };
            if begun.elapsed() >= Duration::from_secs(probe.seconds) {
                return Ok(Some(format!("{why}, after {} s", probe.seconds)));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn ask(&self, id: &str, probe: &Probe) -> anyhow::Result<Option<String>> {
        let address = self.engine.scratch_address(id).await?;
        for request in &probe.requests {
            let Some(address) = address else { return Ok(Some("it has no address".to_owned())) };
            if let Err(why) = self.request(address, probe.port, request) {
                return Ok(Some(why));
            }
        }
        let Some(arguments) = &probe.command else { return Ok(None) };
        let command =
            Command { arguments: arguments.clone(), environment: vec![], input: vec![], limit: ONE, most: 1 << 20 };
        let printed = match self.engine.command(id, &command).await {
            Ok(printed) => printed,
            // It ended at this moment, which the next look tells.
            Err(error) => return Ok(Some(error.to_string())),
        };
        if printed.exit_code == Some(0) {
            return Ok(None);
        }
        let said = if printed.complaints.trim().is_empty() { printed.text() } else { printed.complaints };
        let last = said.trim().lines().next_back().unwrap_or("it said nothing").to_owned();
        Ok(Some(format!("{} failed: {last}", arguments.join(" "))))
    }

    fn request(&self, address: IpAddr, port: u16, request: &crate::declared::Request) -> Result<(), String> {
        let host = if self.app.domain.is_empty() { "app" } else { self.app.domain };
        let url = format!("http://{host}:{port}{}", request.path);
        let asked = ::probe::Probe {
            connect_to: Some(SocketAddr::new(address, port)),
            status: request.status,
            contains: request.contains.clone(),
            timeout: ONE,
            ..::probe::Probe::new(url)
        };
        let answer = Https.ask(&asked).and_then(|answer| asked.judge(&answer));
        answer.map_err(|failure| format!("GET {}: {failure}", request.path))
    }

    /// The first error by which a version and a schema do not fit.
    fn misfit(&self, asked: &[Entry]) -> Option<String> {
        let database = &self.declared.database;
        let problems = problems(asked, &[&database.app, &database.owner]);
        let misfit = problems.into_iter().find(|problem| MISFITS.contains(&problem.state.as_str()))?;
        Some(format!("{} ({}), in `{}`", misfit.message, misfit.state, misfit.statement))
    }
}

fn with_misfit(why: String, misfit: Option<String>) -> String {
    match misfit {
        Some(misfit) => format!("{why}; {misfit}"),
        None => why,
    }
}

fn is_missing(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref::<swarm::Error>(), Some(swarm::Error::NotFound { .. }))
}
