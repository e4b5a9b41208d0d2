//! Mounts of a service as the client renders them. Whether a path of the host may be mounted is judged by
//! [`crate::policy`], on the same file.

use serde_json::Value;

use super::{Permit, entries, is_true, text};
use crate::policy::quoted;

/// Kinds of file system that the host mounts over the network.
const NETWORK_KINDS: [&str; 3] = ["nfs", "nfs4", "cifs"];

impl Permit<'_> {
    pub(super) fn mount(&mut self, place: &str, mount: &Value, file: &Value) {
        let (kind, source) = (text(&mount["type"]), text(&mount["source"]));
        self.no_template(&format!("{place}.source"), &source);
        self.no_template(&format!("{place}.target"), &text(&mount["target"]));
        match kind.as_str() {
            "volume" | "" => self.volume_mount(place, mount, &source, file),
            "bind" => self.propagation(place, mount, &source),
            "tmpfs" => {}
            _ => self.never(
                &format!("{place}.type"),
                format!("{kind:?} is no kind of mount that a recipe may have here: bind, volume or tmpfs"),
            ),
        }
    }

    fn volume_mount(&mut self, place: &str, mount: &Value, source: &str, file: &Value) {
        if !source.is_empty() && !entries(file, "volumes").any(|(key, _)| key == source) {
            self.never(&format!("{place}.source"), format!("{source:?} is no volume that the recipe declares"));
        }
        let subpath = text(&mount["volume"]["subpath"]);
        if subpath.starts_with('/') || subpath.split('/').any(|part| part == "..") {
            self.never(&format!("{place}.volume.subpath"), format!("{subpath:?} leads out of the volume"));
        }
    }

    fn propagation(&mut self, place: &str, mount: &Value, source: &str) {
        let propagation = text(&mount["bind"]["propagation"]);
        if !matches!(propagation.as_str(), "" | "private" | "rprivate") && !self.allow.privileged {
            let reason = format!(
                "with the propagation {propagation}, what the app mounts appears below {} on the host",
                quoted(source)
            );
            self.unless(&format!("{place}.bind.propagation"), reason, "allow.privileged = true");
        }
    }
}

/// Whether the options of a volume name a file system of the network.
pub(super) fn is_of_the_network(options: &Value) -> bool {
    is_true(options) && NETWORK_KINDS.contains(&text(&options["type"]).to_ascii_lowercase().as_str())
}
