//! The gate with the real programs that ask it. Their configuration is in the files here, as a
//! reader of the documentation would write it; only paths and ports are replaced.

#[path = "../gate_common/mod.rs"]
mod common;

mod apache;
mod caddy;
mod haproxy;
mod nginx;
mod page;
mod pam;
mod proxied;
mod rclone;
mod traefik;
