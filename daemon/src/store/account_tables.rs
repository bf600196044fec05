//! The tables that hold accounts.

/// A table with rows of accounts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The column with the UID of its account.
    pub(super) owner: &'static str,
}

const fn table(name: &'static str, owner: &'static str) -> Table {
    Table { name, owner }
}

/// How many there are.
pub(super) const TABLE_COUNT: usize = 8;

/// All of them, in an order in which none refers to a later one: accounts first, sessions last.
pub(super) const TABLES: [Table; TABLE_COUNT] = [
    table("auth_users", "user_uid"),
    table("auth_users_details", "user_uid"),
    table("auth_users_settings", "user_uid"),
    table("auth_users_shares", "user_uid"),
    CLIENTS,
    PASSWORDS,
    table("passcodes", "uid"),
    SESSIONS,
];

/// Clients, of which PhotoPrism has those of users and some of nobody.
pub(super) const CLIENTS: Table = table("auth_clients", "user_uid");

/// Hashes of users and of clients.
pub(super) const PASSWORDS: Table = table("passwords", "uid");

/// Sessions, which are restored only on request.
pub(super) const SESSIONS: Table = table("auth_sessions", "user_uid");
