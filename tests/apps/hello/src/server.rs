//! The pages.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::{Result, anyhow, bail, ensure};
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

use crate::counter::Counter;
use crate::settings::Settings;
use crate::sigterm;

/// Threads that answer. Each may wait for the disk.
const THREADS: usize = 4;

/// What is sent back: status, kind of content, content.
type Page = (u16, &'static str, String);

/// Serves until a signal ends it.
pub fn serve(settings: &Settings) -> Result<()> {
    sigterm::end_after_drain(settings)?;
    misbehave_at_start(settings)?;
    let counter = Counter::in_folder(&settings.data)?;
    let ill = settings.ill_from_start > 0 && count_starts(settings)? >= settings.ill_from_start;
    let server =
        Server::http(("0.0.0.0", settings.port)).map_err(|error| anyhow!("port {}: {error}", settings.port))?;
    let server = Arc::new(server);
    println!("hello {} listens on port {}", settings.version, settings.port);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(mut request) = server.recv() {
                    let page =
                        if ill { ill_page(settings, &request) } else { answer(settings, &counter, &mut request) };
                    send(request, page);
                }
            });
        }
    });
    Ok(())
}

fn misbehave_at_start(settings: &Settings) -> Result<()> {
    if settings.exit_at_start {
        bail!("hello {}: exits at start, as told", settings.version);
    }
    if settings.ruin_data {
        fs::write(settings.data.join("count"), "half migrated")?;
        bail!("hello {}: fails in the middle of a migration, as told", settings.version);
    }
    if let Some(delay) = settings.crash_after {
        sigterm::crash_after(delay);
    }
    if settings.fill_disk_mib > 0 {
        fs::create_dir_all(&settings.data)?;
        fill_disk(&settings.data.join("ballast"), settings.fill_disk_mib)?;
    }
    thread::sleep(settings.slow_start);
    Ok(())
}

/// Goes on where the start before was stopped by the full disk, at last in pages, until there is room for none.
fn fill_disk(path: &Path, mib: u64) -> Result<()> {
    let mut ballast = File::options().append(true).create(true).open(path)?;
    let block = vec![0x5a; 1024 * 1024];
    for size in [block.len(), 4096] {
        while ballast.metadata()?.len() < mib << 20 {
            if ballast.write_all(&block[..size]).is_err() {
                break;
            }
        }
    }
    ensure!(ballast.metadata()?.len() >= mib << 20, "No space left on device");
    Ok(())
}

/// How often this version has started with this volume.
fn count_starts(settings: &Settings) -> Result<u64> {
    Counter::named(&settings.data, &format!("starts-{}", settings.version))?.increment()
}

fn ill_page(settings: &Settings, request: &Request) -> Page {
    match request.url() {
        "/healthz" => health(settings),
        _ => (500, "text/plain", "not this time, as told\n".into()),
    }
}

fn answer(settings: &Settings, counter: &Counter, request: &mut Request) -> Page {
    let path = request.url().split('?').next().unwrap_or("/").to_owned();
    let page = match (request.method(), path.as_str()) {
        (Method::Get, "/") => counter.read().map(|count| home(settings, request, count)),
        (Method::Get, "/healthz") => Ok(health(settings)),
        (Method::Get, "/whoami") => Ok(whoami(request)),
        (Method::Get, "/style.css") => Ok((200, "text/css", "body { font-family: sans-serif }\n".into())),
        (Method::Get, "/count") => counter.read().map(|count| (200, "text/plain", format!("{count}\n"))),
        (Method::Post, "/count") => counter.increment().map(|count| (200, "text/plain", format!("{count}\n"))),
        (Method::Delete, "/count") => reset(settings, counter, request),
        _ => Ok((404, "text/plain", "there is no such page\n".into())),
    };
    page.unwrap_or_else(|error| (500, "text/plain", format!("{error:#}\n")))
}

fn home(settings: &Settings, request: &Request, count: u64) -> Page {
    let stylesheet = format!("{}/style.css", own_address(settings, request));
    let logo = if settings.missing_asset { "<img src=\"/logo.png\" alt=\"\">" } else { "" };
    let version = &settings.version;
    let body = format!(
        "<!doctype html>\n<html lang=\"en\"><title>hello</title><link rel=\"stylesheet\" href=\"{stylesheet}\">\n\
         {logo}<h1>hello {version}</h1>\n<p>counted to <b>{count}</b></p>\n"
    );
    (200, "text/html; charset=utf-8", body)
}

/// Where its visitors are, as far as it knows: many an app builds its links so.
fn own_address(settings: &Settings, request: &Request) -> String {
    let header = |name: &'static str| {
        let mut headers = request.headers().iter();
        headers.find(|header| header.field.equiv(name)).map(|header| header.value.as_str())
    };
    let scheme = header("X-Forwarded-Proto").filter(|scheme| *scheme == "https" && !settings.insecure_stylesheet);
    header("Host").map(|host| format!("{}://{host}", scheme.unwrap_or("http"))).unwrap_or_default()
}

fn health(settings: &Settings) -> Page {
    if settings.never_healthy {
        return (503, "text/plain", "ill, as told\n".into());
    }
    (200, "text/plain", format!("hello {} is well\n", settings.version))
}

/// What reached us: the headers with which a proxy says who asked, and how.
fn whoami(request: &Request) -> Page {
    let mut lines: Vec<String> = request
        .headers()
        .iter()
        .map(|header| format!("{}: {}", header.field.as_str().as_str().to_lowercase(), header.value))
        .filter(|line| line.starts_with("x-forwarded-") || line.starts_with("x-real-ip") || line.starts_with("host:"))
        .collect();
    lines.sort();
    (200, "text/plain", lines.join("\n") + "\n")
}

fn reset(settings: &Settings, counter: &Counter, request: &Request) -> Result<Page> {
    let Some(file) = &settings.token_file else { return Ok((403, "text/plain", "no token is set\n".into())) };
    let expected = format!("Bearer {}", fs::read_to_string(file)?.trim());
    let given = request.headers().iter().find(|header| header.field.equiv("Authorization"));
    if given.is_none_or(|header| header.value.as_str() != expected) {
        return Ok((403, "text/plain", "the token is not the right one\n".into()));
    }
    counter.reset()?;
    Ok((200, "text/plain", "0\n".into()))
}

fn send(request: Request, (status, kind, body): Page) {
    let headers = Header::from_bytes("Content-Type", kind).into_iter().collect();
    let length = body.len();
    let response = Response::new(StatusCode(status), headers, Cursor::new(body), Some(length), None);
    // A visitor who left is no error of ours.
    let _ = request.respond(response);
}
