//! Handing the outbox to the channels.

use std::collections::BTreeSet;
use std::sync::mpsc;

use crate::channel;
use crate::event::Event;
use crate::manifest::Manifest;
use crate::memory::Memory;

/// What a channel did not take.
#[derive(Debug)]
pub(crate) struct Undelivered {
    /// The channel.
    pub channel: String,
    /// Why.
    pub reason: String,
}

/// Hands out the outbox: all channels but those that are known to be `down` at the same time, each in order. One that fails
/// is not asked again in this run, so that a channel that is down costs one timeout. What was taken is written down at once:
/// a run that is killed tells nothing twice but what was under way. Where that cannot be written, as on a full disk, it is
/// told all the same, and again by the next run; the second value says why.
pub(crate) fn deliver(
    manifest: &Manifest,
    memory: &mut Memory,
    down: &BTreeSet<String>,
) -> (Vec<Undelivered>, std::io::Result<()>) {
    let (done, results) = mpsc::channel();
    std::thread::scope(|scope| {
        for name in manifest.channels.keys().filter(|name| !down.contains(*name)) {
            let events = for_channel(memory, name);
            let done = done.clone();
            scope.spawn(move || hand_out(manifest, name, &events, &done));
        }
        drop(done);
        let (mut undelivered, mut written) = (Vec::new(), Ok(()));
        for (channel, event, result) in results {
            match result {
                Ok(()) => {
                    memory.delivered(&event, &channel);
                    written = written.and(memory.write(&manifest.state_folder));
                }
                Err(error) => undelivered.push(Undelivered { channel, reason: format!("{error:#}") }),
            }
        }
        (undelivered, written)
    })
}

type Result = (String, Event, anyhow::Result<()>);

fn for_channel(memory: &Memory, channel: &str) -> Vec<Event> {
    let parcels = memory.outbox.iter().filter(|parcel| parcel.channels.contains(channel));
    parcels.map(|parcel| parcel.event.clone()).collect()
}

fn hand_out(manifest: &Manifest, name: &str, events: &[Event], done: &mpsc::Sender<Result>) {
    for event in events {
        let result = channel::send(&manifest.channels[name], event, manifest.timeout());
        let failed = result.is_err();
        // The receiver lives as long as this scope; without it nothing is left to be done with a result.
        let _ = done.send((name.to_owned(), event.clone(), result));
        if failed {
            return;
        }
    }
}
