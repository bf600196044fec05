//! `admin compose`: PhotoPrism's `.env`, set up for the daemon and taken back. `docker` is a script.

#[path = "../common/mod.rs"]
mod common;
mod place;
mod refused;
mod set_up;
mod undone;
