//! Snapshots as a person reads them.

use crate::{Id, Listing};

/// A line a snapshot, the newest last; `*` marks last-good.
pub fn lines(listing: &Listing, last_good: Option<&Id>) -> Vec<String> {
    let mut lines = vec![format!("  {:<37} {:<20} {:<22} {:>14}  {}", "snapshot", "taken", "version", "bytes", "app")];
    for snapshot in &listing.snapshots {
        let manifest = &snapshot.manifest;
        lines.push(format!(
            "{} {:<37} {:<20} {:<22} {:>14}  {}",
            if last_good == Some(&snapshot.id) { '*' } else { ' ' },
            snapshot.id,
            manifest.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
            manifest.named().as_deref().unwrap_or("-"),
            manifest.bytes(),
            if manifest.healthy { "healthy" } else { "not healthy" },
        ));
    }
    lines.extend(listing.unreadable.iter().map(|(id, error)| format!("! {id} cannot be read: {error}")));
    lines
}
