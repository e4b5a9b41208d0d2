//! Ports of the host that a service publishes. Docker opens them past the host's firewall.

use serde_json::Value;

use super::{Permit, text};
use crate::allow::{Port, Protocol};
use crate::policy::quoted;

impl Permit<'_> {
    pub(super) fn port(&mut self, place: &str, port: &Value) {
        let protocol = match text(&port["protocol"]).as_str() {
            "" => Ok(Protocol::Tcp),
            named => named.parse(),
        };
        let number = text(&port["published"]).parse::<u16>().ok().filter(|number| *number > 0);
        match (number, protocol) {
            (Some(number), Ok(protocol)) => self.published(place, Port { number, protocol }),
            (_, Err(reason)) => self.never(&format!("{place}.protocol"), reason),
            (None, _) => self.never(
                place,
                "it publishes a port that nobody chose; name the port of the host, as in `published: 8448`".to_owned(),
            ),
        }
    }

    fn published(&mut self, place: &str, port: Port) {
        if !self.allow.ports.contains(&port) {
            let reason = format!(
                "port {port} of the host would be open to everybody, past its firewall, and taken from whoever has it"
            );
            self.unless(place, reason, &format!("allow.ports = [ {} ]", quoted(&port.to_string())));
        }
    }
}
