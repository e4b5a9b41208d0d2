//! What a service may be told.

use serde_json::Value;

use super::routes::Defined;
use super::{Permit, entries, is_true, items, text};
use crate::policy::quoted;

/// Log drivers that keep what they are given on this host, and read no file.
const LOG_DRIVERS: [&str; 5] = ["", "json-file", "local", "journald", "none"];
/// Their options that bound what is kept. Others name files, or put fields into the journal that say who wrote a line.
const LOG_OPTIONS: [&str; 5] = ["max-size", "max-file", "compress", "mode", "max-buffer-size"];
/// What the engine itself takes for settings of a container's own spaces.
const SYSCTLS: [&str; 5] = ["net.", "kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];
/// Modes of services that stay. A job ends, which the gate would take for a failure, and has no update to watch.
const MODES: [&str; 3] = ["", "replicated", "global"];

impl Permit<'_> {
    pub(super) fn services(&mut self, file: &Value) {
        let own = Defined::of(file);
        for (name, service) in entries(file, "services") {
            let place = format!("services.{name}");
            for (index, mount) in items(&service["volumes"]) {
                self.mount(&format!("{place}.volumes[{index}]"), mount, file);
            }
            for (index, port) in items(&service["ports"]) {
                self.port(&format!("{place}.ports[{index}]"), port);
            }
            self.attachments(&place, service, file);
            self.logging(&format!("{place}.logging"), &service["logging"]);
            self.kernel(&place, service);
            self.mode(&place, service);
            self.routes(&format!("{place}.deploy.labels"), &service["deploy"]["labels"], &own);
        }
    }

    /// A name on a network of others is a name of theirs.
    fn attachments(&mut self, place: &str, service: &Value, file: &Value) {
        for (key, attachment) in entries(service, "networks") {
            let network = &file["networks"][key];
            let name = self.name_of(key, network);
            let aliases = items(&attachment["aliases"]).map(|(_, alias)| text(alias)).collect::<Vec<_>>().join(", ");
            if !aliases.is_empty() && !self.owner.owns(&name) {
                let reason = format!("on {name}, which others use, {aliases} may be the name of one of them");
                self.never(&format!("{place}.networks.{key}.aliases"), reason);
            }
        }
    }

    fn logging(&mut self, place: &str, logging: &Value) {
        let driver = text(&logging["driver"]);
        if self.allow.logging.contains(&driver) {
            return;
        }
        let setting = format!("allow.logging = [ {} ]", quoted(&driver));
        if !LOG_DRIVERS.contains(&driver.as_str()) {
            let reason = format!(
                "the log driver {driver} has the engine, which is root on the host's network, read files and open connections that the recipe names"
            );
            self.unless(&format!("{place}.driver"), reason, &setting);
        }
        for (option, _) in entries(logging, "options").filter(|(option, _)| !LOG_OPTIONS.contains(&option.as_str())) {
            let reason = "only options that bound the size of a log may be set here".to_owned();
            self.unless(&format!("{place}.options.{option}"), reason, &setting);
        }
    }

    fn kernel(&mut self, place: &str, service: &Value) {
        for (name, _) in
            entries(service, "sysctls").filter(|(name, _)| !SYSCTLS.iter().any(|own| name.starts_with(own)))
        {
            self.never(&format!("{place}.sysctls.{name}"), "it is a setting of the whole host".to_owned());
        }
        if text(&service["oom_score_adj"]).starts_with('-') && !self.allow.privileged {
            let reason = "below 0, the kernel ends other apps and the host's own services before this one".to_owned();
            self.unless(&format!("{place}.oom_score_adj"), reason, "allow.privileged = true");
        }
        let mode = text(&service["network_mode"]);
        if is_true(&service["network_mode"]) && !matches!(mode.as_str(), "bridge" | "default" | "host") {
            let reason = format!("a swarm ignores it, and the app would have the network that {mode:?} keeps it from");
            self.never(&format!("{place}.network_mode"), reason);
        }
    }

    fn mode(&mut self, place: &str, service: &Value) {
        let mode = text(&service["deploy"]["mode"]);
        if !MODES.contains(&mode.as_str()) {
            let reason = format!(
                "{mode:?}: the gate watches services that stay, and a job ends; let what is done once be done by a service that stays, before it begins"
            );
            self.never(&format!("{place}.deploy.mode"), reason);
        }
    }
}
