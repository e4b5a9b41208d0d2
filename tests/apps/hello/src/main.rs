//! A small web app for tests: a counter that survives in a volume, and switches with which it misbehaves.
//!
//! `hello` serves; `hello health` asks a running one whether it is healthy, for images that hold nothing else.

mod counter;
mod health;
mod server;
mod settings;
mod sigterm;

use std::process::ExitCode;

use settings::Settings;

fn main() -> ExitCode {
    let settings = match Settings::from_env(|name| std::env::var(name).ok()) {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let result = match std::env::args().nth(1).as_deref() {
        None => server::serve(&settings),
        Some("health") => health::ask(settings.port),
        Some(other) => Err(anyhow::anyhow!("`{other}` is no command; there is `hello` and `hello health`")),
    };
    result.map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
