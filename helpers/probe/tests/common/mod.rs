//! A certificate authority and servers made for a test.
#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use probe::Probe;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate authority and what it signs.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub folder: tempfile::TempDir,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), folder }
    }

    /// A server's configuration for `name`, valid in the given years.
    pub fn serve(&self, name: &str, years: std::ops::Range<i32>) -> Arc<rustls::ServerConfig> {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.start, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.end, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }

    pub fn probe(&self, address: SocketAddr) -> Probe {
        Probe {
            connect_to: Some(address),
            ca_file: Some(self.folder.path().join("ca.crt")),
            timeout: Duration::from_secs(5),
            ..Probe::new("https://app.example.org/path")
        }
    }
}

/// Answers every connection with `answer`, over TLS when there is a configuration. The request's head comes back in the
/// body where the answer says `HEAD`.
pub fn server(tls: Option<Arc<rustls::ServerConfig>>, answer: &'static str) -> SocketAddr {
    site(tls, move |head| answer.replace("HEAD", head).into_bytes())
}

/// Answers each request, of which it is given the head, and closes the connection.
pub fn site(tls: Option<Arc<rustls::ServerConfig>>, answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match &tls {
                Some(config) => {
                    let connection = rustls::ServerConnection::new(Arc::clone(config)).unwrap();
                    let mut tls = rustls::StreamOwned::new(connection, stream);
                    reply(&mut tls, &answer);
                    tls.conn.send_close_notify();
                    let _ = tls.flush();
                }
                None => reply(&mut stream, &answer),
            }
        }
    });
    address
}

fn reply(stream: &mut (impl std::io::Read + Write), answer: &impl Fn(&str) -> Vec<u8>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        // A client that distrusts the certificate goes away here.
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let _ = stream.write_all(&answer(&String::from_utf8_lossy(&head)));
    let _ = stream.flush();
}
