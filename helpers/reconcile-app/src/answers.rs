//! Asking the app through the proxy.

use std::time::Duration;

use probe::{Budget, Https, until_it_answers};

use crate::manifest::Probe;

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asking the app through the proxy.
pub trait Answers {
    /// Asks until the answer is right or the budget is used up.
    ///
    /// # Errors
    /// What was wrong with the last answer.
    fn ask(&self, probe: &Probe, say: &mut dyn FnMut(String)) -> Result<(), String>;
}

/// The real thing: HTTPS.
pub struct Network;

impl Answers for Network {
    fn ask(&self, declared: &Probe, say: &mut dyn FnMut(String)) -> Result<(), String> {
        let probe = probe::Probe {
            url: declared.url.clone(),
            connect_to: declared.connect_to,
            ca_file: declared.ca_file.clone(),
            status: declared.status,
            contains: declared.contains.clone(),
            timeout: TIMEOUT,
        };
        say(format!("asking {}", probe.url));
        let mut said = String::new();
        until_it_answers(&Https, &probe, Budget::seconds(declared.budget_seconds), &mut |attempt| {
            let why = attempt.failure.to_string();
            if why != said {
                say(format!("not yet: {why}"));
                said = why;
            }
        })
        .map(drop)
        .map_err(|failure| format!("{}: {failure}", probe.url))
    }
}
