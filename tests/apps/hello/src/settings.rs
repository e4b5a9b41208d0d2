//! What the environment says.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};

/// How this instance behaves, well or not.
#[derive(Debug, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own, set or not in the environment")]
pub struct Settings {
    /// `HELLO_VERSION`: what it calls itself.
    pub version: String,
    /// `HELLO_PORT`: where it listens.
    pub port: u16,
    /// `HELLO_DATA`: the folder of the counter.
    pub data: PathBuf,
    /// `HELLO_TOKEN_FILE`: the file with the token that may reset the counter.
    pub token_file: Option<PathBuf>,
    /// `HELLO_DRAIN_SECONDS`: how long it goes on serving after SIGTERM, so that a proxy can take notice.
    pub drain: Duration,
    /// `HELLO_SLOW_START_SECONDS`: how long it waits before it listens.
    pub slow_start: Duration,
    /// `HELLO_CRASH_AFTER_SECONDS`: when it ends with an error, all by itself.
    pub crash_after: Option<Duration>,
    /// `HELLO_EXIT_AT_START`: it ends with an error before it listens.
    pub exit_at_start: bool,
    /// `HELLO_RUIN_DATA`: it damages the counter and ends with an error, as a migration does that fails half-way.
    pub ruin_data: bool,
    /// `HELLO_NEVER_HEALTHY`: it serves, and calls itself ill.
    pub never_healthy: bool,
    /// `HELLO_IGNORE_SIGTERM`: only SIGKILL ends it.
    pub ignore_sigterm: bool,
    /// `HELLO_FILL_DISK_MIB`: how much it writes beside the counter before it listens.
    pub fill_disk_mib: u64,
    /// `HELLO_INSECURE_STYLESHEET`: it does not look at X-Forwarded-Proto, so that its page links a stylesheet by http.
    pub insecure_stylesheet: bool,
    /// `HELLO_MISSING_ASSET`: its page links an image that is not there.
    pub missing_asset: bool,
    /// `HELLO_ILL_FROM_START`: from its so-manieth start on its page is an error, and its health check sees nothing.
    pub ill_from_start: u64,
}

impl Settings {
    /// Reads the settings; `variable` answers for one name.
    pub fn from_env(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let number = |name: &str, default: u64| match variable(name) {
            Some(text) if !text.is_empty() => {
                text.parse().with_context(|| format!("{name}: `{text}` is no whole number"))
            }
            _ => Ok(default),
        };
        let switch = |name: &str| variable(name).is_some_and(|text| !matches!(text.as_str(), "" | "0" | "false"));
        let text = |name: &str, default: &str| variable(name).filter(|text| !text.is_empty()).unwrap_or(default.into());
        let crash_after = number("HELLO_CRASH_AFTER_SECONDS", 0)?;
        Ok(Self {
            version: text("HELLO_VERSION", "0.0.0"),
            port: u16::try_from(number("HELLO_PORT", 8080)?).context("HELLO_PORT is past 65535")?,
            data: text("HELLO_DATA", "/data").into(),
            token_file: variable("HELLO_TOKEN_FILE").filter(|path| !path.is_empty()).map(PathBuf::from),
            drain: Duration::from_secs(number("HELLO_DRAIN_SECONDS", 5)?),
            slow_start: Duration::from_secs(number("HELLO_SLOW_START_SECONDS", 0)?),
            crash_after: (crash_after > 0).then(|| Duration::from_secs(crash_after)),
            exit_at_start: switch("HELLO_EXIT_AT_START"),
            ruin_data: switch("HELLO_RUIN_DATA"),
            never_healthy: switch("HELLO_NEVER_HEALTHY"),
            ignore_sigterm: switch("HELLO_IGNORE_SIGTERM"),
            fill_disk_mib: number("HELLO_FILL_DISK_MIB", 0)?,
            insecure_stylesheet: switch("HELLO_INSECURE_STYLESHEET"),
            missing_asset: switch("HELLO_MISSING_ASSET"),
            ill_from_start: number("HELLO_ILL_FROM_START", 0)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Settings> {
        Settings::from_env(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn without_any_variable_it_behaves() {
        let settings = from(&[]).unwrap();
        assert_eq!((settings.port, settings.drain.as_secs()), (8080, 5));
        assert!(!settings.exit_at_start && !settings.never_healthy && !settings.ignore_sigterm);
        assert_eq!(settings.crash_after, None);
    }

    #[test]
    fn an_empty_variable_is_an_unset_one_as_compose_has_it() {
        assert_eq!(from(&[("HELLO_PORT", ""), ("HELLO_NEVER_HEALTHY", "")]).unwrap(), from(&[]).unwrap());
    }

    #[test]
    fn a_number_that_is_none_is_refused_by_name() {
        let error = from(&[("HELLO_DRAIN_SECONDS", "soon")]).unwrap_err();
        assert_eq!(error.to_string(), "HELLO_DRAIN_SECONDS: `soon` is no whole number");
    }
}
