//! The daemon as a process: exit codes, settings, signals, places, systemd.

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "other binaries use the rest of the harness")]
mod common;

mod bare;
mod check;
mod clean_paths;
mod damaged_pages;
mod doctor;
mod ends;
mod first_admin;
mod forging;
mod gone;
mod held;
mod photoprism_start;
mod pipes;
mod places;
mod removed;
mod rivals;
mod settings;
mod signals;
mod systemd;
mod unwritable;
mod upgrade;
