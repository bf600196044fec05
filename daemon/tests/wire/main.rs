//! Raw lines against a real daemon on a real socket, held against the letter of the
//! documentation.

#[expect(dead_code, reason = "other test binaries use the rest of it")]
#[path = "../common/mod.rs"]
mod common;

mod access;
#[path = "../../src/peer/access_table.rs"]
mod access_table;
mod audit;
mod backup;
mod backup_contents;
mod backup_moved;
mod backup_photoprism;
mod backup_places;
mod backup_prune;
mod backup_races;
mod backup_rm;
mod envelope;
mod export_again;
mod golden;
#[path = "../../src/metrics/grammar.rs"]
mod grammar;
mod harness;
mod import_photoprism;
mod import_prune;
mod import_steps;
mod keys;
mod lines;
mod memory;
mod metrics;
mod order;
mod paging;
mod paging_stored;
mod passwd;
mod reset;
mod restore;
mod secrets;
mod users_add;
mod users_adopt;
mod users_filters;
mod users_guard;
mod users_import;
mod users_mod;
mod users_rename;
mod users_search;
mod warnings;
