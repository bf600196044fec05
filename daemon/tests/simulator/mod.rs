//! A simulated PhotoPrism: an HTTP server on the daemon's database that keeps sessions in memory,
//! writes them back, and forgets them when it is asked to, as a real one does; and that misbehaves
//! in the ways in which an address can.
//!
//! What it does not have: photos, passwords of accounts, the five minutes of WebDAV, and account
//! changes that a session in memory undoes.

mod api;
mod http;
mod misbehavior;
mod photoprism;
mod requests;
mod rows;
mod server;
mod sessions;

use std::path::PathBuf;
use std::sync::atomic::Ordering;

pub(crate) use self::http::{Answer, Request};
pub(crate) use self::misbehavior::Misbehavior;
use self::photoprism::PhotoPrism;
pub(crate) use self::requests::{Moment, Seen};
pub(crate) use self::rows::id_of;
use self::server::{Address, Server};
use crate::common::database::Database;

/// It serves until it is dropped.
pub(crate) struct Simulator {
    server: Server,
}

impl Simulator {
    /// Serves on a port of the loopback address. `cache`: seconds for which sessions stay in
    /// memory.
    pub(crate) fn start(database: Database, cache: i64) -> Self {
        Self { server: Server::start(Address::Loopback, PhotoPrism::new(database, cache)) }
    }

    /// The same on a Unix socket.
    pub(crate) fn at(path: PathBuf, database: Database, cache: i64) -> Self {
        Self { server: Server::start(Address::Socket(path), PhotoPrism::new(database, cache)) }
    }

    /// Where it answers, as the daemon's setting has it.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Sends a request over the wire, on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Answer {
        self.server.send(request)
    }

    /// The bytes that come back for a request, until it closes.
    pub(crate) fn send_bytes(&self, request: &[u8]) -> Vec<u8> {
        self.server.send_bytes(request)
    }

    /// What a visitor gets, whose connection is not misbehaved on.
    pub(crate) fn visit(&self, request: &Request) -> Answer {
        api::answer(&mut self.server.photoprism(), request)
    }

    /// Whether a visitor with that token is let in: from memory, or by the row.
    pub(crate) fn lets_in(&self, token: &str) -> bool {
        self.visit(&Request::new("GET", "/api/v1/session").token(token)).status == 200
    }

    /// Whether the session of that token is in its memory now.
    pub(crate) fn holds(&self, token: &str) -> bool {
        self.server.photoprism().holds(&id_of(token))
    }

    /// Begins to misbehave, or to behave again (`None`).
    pub(crate) fn misbehave(&self, how: impl Into<Option<Misbehavior>>) {
        self.server.misbehave(how.into());
    }

    /// What is in memory is gone, and so are the counts of its limiter.
    pub(crate) fn restart(&self) {
        self.server.photoprism().restart();
    }

    /// Its clock goes on by so many seconds.
    pub(crate) fn advance(&self, seconds: i64) {
        self.server.photoprism().advance(seconds);
    }

    /// Every request that came over the wire, in its order.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.server.requests().all()
    }

    /// Stops at a moment of the next request whose line begins with `what`, or is it
    /// where `what` ends with a newline, until [`Self::let_go`].
    pub(crate) fn hold(&self, what: &'static str, moment: Moment) {
        self.server.requests().hold(what, moment);
    }

    /// Waits until it has stopped there.
    pub(crate) fn wait_until_held(&self) {
        self.server.requests().wait_until_held();
    }

    /// Goes on.
    pub(crate) fn let_go(&self) {
        self.server.requests().let_go();
    }

    /// Waits until no request is on its way.
    pub(crate) fn wait_until_idle(&self) {
        self.server.requests().wait_until_idle();
    }

    /// Connections that were opened to it so far.
    pub(crate) fn connections(&self) -> usize {
        self.server.connections().load(Ordering::SeqCst)
    }
}
