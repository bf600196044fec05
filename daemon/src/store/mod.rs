//! The account database: the thread that owns it, and every statement of SQL.
//!
//! `engine` is what runs the statements, and only what is SQLite's alone uses rusqlite next to it.
//! One function runs one statement; absence is `None`, affected rows are
//! checked, and writes take a [`Tx`], which only the writer thread can create.

mod access;
mod account_tables;
mod accounts;
mod accounts_insert;
mod accounts_search;
mod accounts_write;
mod attached;
mod audit;
mod backup;
mod changed;
mod checkpoint;
mod columns;
mod commit_stats;
mod counts;
mod daemons;
mod database;
mod db;
mod detect;
mod directory;
mod engine;
mod error;
mod file_identity;
mod first_admin;
mod floor;
mod foreign;
mod generation;
mod group;
mod handle;
mod health;
mod host;
mod idempotency;
mod index_rows;
mod insert;
mod job_state;
mod jobs;
mod kept;
mod kind;
mod legacy;
mod limits;
mod listing;
mod lock_gap;
mod lock_timeout;
mod login_row;
mod logins;
mod logins_search;
mod long_names;
mod mark;
mod meta;
mod open;
mod open_error;
mod options;
mod own_tables;
mod owner;
mod passcodes;
mod passwords;
mod paths;
mod pragmas;
mod prefix;
mod published;
mod read_connection;
mod reader;
mod reconnect;
mod remembered;
mod rows;
mod schema;
mod server;
mod sessions;
#[cfg(test)]
mod testing;
mod times;
mod tracked;
mod transaction;
mod unclean;
mod visible;
mod work;
mod writer;

#[cfg(test)]
mod tests;

pub use self::access::check_access;
pub use self::accounts::{
    Unique, account_by_auth_id, account_by_email, account_by_id, account_by_name, account_by_uid,
    first_admin_name, other_super_admin, taken_for_same,
};
pub use self::accounts_insert::{
    account_insert, account_row_insert, newest_account, side_rows_insert_after,
};
pub use self::accounts_search::{AccountPage, AccountSearch, accounts_page};
pub use self::accounts_write::{
    account_delete, account_logged_in, account_rename, account_undelete, account_update,
    accounts_delete, check_account_kept, passcodes_remove,
};
pub use self::attached::{faulty_file, foreign_tables, own_tables_file};
pub use self::audit::{
    AuditEntry, AuditRow, audit_append, audit_count, audit_head, audit_page, audit_walk, link,
    log_audit_head,
};
pub use self::backup::{
    AccountChange, AccountsCopy, AttachedSource, Backup, BackupBefore, BackupCounts, BackupEntry,
    BackupFault, BackupFile, BackupOrigin, BackupPage, FileState, HeldSource, Layout, Plan,
    Present, Removed, Restored, Upload, What, backup_create, backup_find, backup_list, backup_open,
    backup_page, backup_remove, backup_sweep_uploads, backups_refused, deleting_accounts,
    empty_accounts, empty_sessions, restore_accounts,
};
pub use self::changed::{changes_due, remember_accounts, report_changes, reverted_changes};
pub use self::counts::counts;
pub use self::daemons::daemons;
pub use self::database::Database;
pub use self::db::{Db, Tx, has_admin_tables, has_server};
pub use self::detect::{DatabaseKind, detect};
pub use self::error::{StoreError, WorkError};
pub use self::first_admin::first_admin;
pub use self::floor::{known_floor, reset_floor, store_floor};
pub use self::foreign::{
    MOST_APP_PASSWORDS, OwnFiles, PhotoPrismReader, SourceAccount, SourceError,
};
pub use self::handle::{Store, Threads};
pub use self::health::{PageCheck, check_pages, journal_mode};
pub use self::idempotency::{IdempotencyRecord, idempotency_find, idempotency_keep};
pub use self::index_rows::{accounts_after, sessions_after};
pub use self::kind::Kind;
pub use self::legacy::{LegacyRow, has_legacy, legacy_page};
pub use self::limits::{
    ADDRESSES_KEPT, LimitCharge, LimitKind, LimitLives, LimitRow, NAMES_KEPT, VOUCHES_KEPT,
    VOUCHES_OF_ACCOUNT, limits_all, limits_charge, limits_clamp_times, limits_delete,
    limits_delete_all, limits_shared, limits_sweep, trust_put, trusted_networks_sweep,
    vouch_account,
};
pub use self::listing::Found;
pub use self::login_row::{LoginFilter, LoginPage, LoginPosition, LoginRow};
pub use self::logins::{
    Attempt, AttemptStatus, LOGIN_OK, REFUSED_NAME, REFUSED_REALM, Refusal, login_gathered,
    login_record, login_refused, logins_clear, logins_excess, logins_prune, recorded_name,
};
pub use self::logins_search::logins_page;
pub use self::long_names::long_names;
pub use self::mark::Daemon;
pub use self::meta::{
    AdminPasswordState, admin_password_state, cursor_key, set_admin_password,
    set_admin_password_state,
};
pub use self::open::{
    SQLITE_OLDEST, check_sqlite_version, make_or_check_directory, sqlite_version,
};
pub use self::open_error::OpenError;
pub use self::options::{Expected, OpenOptions, Running, how_gone};
pub use self::passcodes::{
    Passcode, consume_totp_step, has_passcodes, passcode_activate, passcode_enroll, passcode_find,
    passcode_last_step, passcode_set_recovery,
};
pub use self::passwords::{password_hash, password_hash_of_cost, password_remove, password_set};
pub use self::paths::{is_index, resolve};
pub use self::remembered::Counts;
pub use self::schema::{CURSOR_KEY_BYTES, SCHEMA_VERSION};
pub use self::server::{Durability, ServerHealth, server_health, server_tables};
pub use self::sessions::{
    EndedState, LivingOn, SessionKey, SessionSearch, ToForget, begin_ended_anew, claim_to_forget,
    copy_to_reload, count_to_forget, delete_session, end_all_sessions, end_sessions,
    end_sessions_of_all, end_what_came_back, ended_ids, ended_state, forget_ended, give_up_reloads,
    has_reloads, mark_forgotten, move_ended, reload_sessions, session_by_id, session_by_ref,
    session_insert, session_is_hidden, session_used_since, session_with_account,
    sessions_of_client, sessions_page, sessions_seen, sessions_to_forget, sweep_sessions,
    token_insert, token_remove, tokens_left_behind, trim_logins,
};
pub use self::work::Around;
