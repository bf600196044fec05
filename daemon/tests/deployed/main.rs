//! The ways in which it is deployed, each for real: containers, next to PhotoPrism's container, and
//! a machine whose init is systemd. The commands are those of the README and of
//! `containers.md`, unchanged.
//!
//! Needs root, static release binaries (`.ci/run` builds them), and a small Debian that
//! `.ci/rootfs` builds from a mirror; containers need Docker with Compose, the machine
//! systemd-nspawn, its package cargo-deb. What lacks is said.

mod arch;
mod archive;
#[path = "../readme/blocks.rs"]
#[expect(dead_code, reason = "the sections of others")]
mod blocks;
mod built;
mod checkout;
mod declared;
mod docker;
mod emulated;
mod fail2ban;
mod gate;
mod headers;
mod image;
mod install_page;
mod machine;
mod nas;
mod nixos;
#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/outside.rs"]
mod outside;
mod own;
mod package;
mod photoprism_compose;
mod photoprism_mariadb;
mod photoprism_url;
mod podman;
mod release;
mod rpm;
#[path = "../readme/settled.rs"]
mod settled;
mod shell;
mod systemd_mariadb;
mod systemd_page;
mod tour;
mod units;
mod upgrade;

use outside::skipped;
