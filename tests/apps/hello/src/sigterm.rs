//! What SIGTERM does.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::settings::Settings;

/// Ends the process some seconds after SIGTERM. The first process of a container ignores every signal that it does not
/// handle, so this is also what makes it stoppable at all.
pub fn end_after_drain(settings: &Settings) -> Result<()> {
    let (ignore, drain) = (settings.ignore_sigterm, settings.drain);
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            if ignore {
                println!("SIGTERM: ignored, as told");
                continue;
            }
            println!("SIGTERM: serving for {} s more", drain.as_secs());
            thread::sleep(drain);
            std::process::exit(0);
        }
    });
    Ok(())
}

/// Ends the process with an error after a time.
pub fn crash_after(delay: Duration) {
    thread::spawn(move || {
        thread::sleep(delay);
        eprintln!("error: crashed after {} s, as told", delay.as_secs());
        std::process::exit(3);
    });
}
