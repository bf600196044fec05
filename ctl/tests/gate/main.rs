//! The real `photoprism-gate`, mostly in front of the real daemon.

#[path = "../gate_common/mod.rs"]
mod common;

mod bounds;
mod checks;
mod fake;
mod forwarded;
mod http;
mod introspect;
mod liar;
mod listen;
mod malformed;
mod pipe;
mod rclone;
mod restart;
mod secrets;
mod settings;
