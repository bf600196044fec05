//! `users.export`: accounts as `users.import` reads them.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{self, Row};

use crate::accounts::account::effective_role;
use crate::accounts::cursor::fingerprint;
use crate::accounts::{search, times};
use crate::error::CommandError;
use crate::handlers::context::Context;
use crate::handlers::find::no_nul;
use crate::handlers::page::{PageRequest, page};
use crate::store::{
    Db, StoreError, UserPage, UserRow, UserSearch, cursor_key, passcode_find, password_hash,
    users_page,
};

/// A checked request.
#[derive(Debug)]
pub struct Export {
    search: UserSearch,
    secrets: bool,
    window: PageRequest,
}

impl Export {
    /// Checks the arguments.
    pub fn parse(args: transfer::Export) -> Result<Self, CommandError> {
        no_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let secrets = args.secrets.unwrap_or(false);
        let print = fingerprint("users.export", &(&search, secrets));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::read(&search), secrets, window })
    }
}

/// One page of accounts, without deleted ones and system rows: no import could create those.
pub fn export(db: &Db, _: &Context, request: &Export) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, i64::MIN)?.max(0);
    let limit = request.window.limit + 1;
    let rows = users_page(db, &request.search, UserPage { after, limit, deleted: false })?;
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        let uid = row.uid.clone();
        let mut line = properties(row);
        if request.secrets {
            add_secrets(db, &uid, &mut line)?;
        }
        written.push((id, line));
    }
    page(&request.window, &key, written)
}

fn properties(row: UserRow) -> Row {
    let role = effective_role(&row).to_owned();
    let expires_at = times::parse_stored(&row.expires_at).map_or("never".into(), times::to_rfc3339);
    Row {
        name: row.name,
        role: Some(role),
        display_name: Some(row.display_name),
        email: Some(row.email),
        provider: Some(row.provider),
        auth_id: Some(row.auth_id),
        auth_issuer: Some(row.auth_issuer),
        super_admin: Some(row.super_admin),
        can_login: Some(row.can_login),
        webdav: Some(row.webdav),
        base_path: Some(row.base_path),
        upload_path: Some(row.upload_path),
        attr: Some(row.attr),
        expires_at: Some(expires_at),
        ..Row::default()
    }
}

/// A key that was never activated is left out: logins do not ask for its codes.
fn add_secrets(db: &Db, uid: &str, line: &mut Row) -> Result<(), StoreError> {
    line.password_hash = password_hash(db, uid)?.map(Secret::new);
    if let Some(passcode) = passcode_find(db, uid)?.filter(|key| !key.activated_at.is_empty()) {
        line.totp_url = Some(passcode.key_url);
        line.recovery_code = Some(passcode.recovery_code).filter(|code| !code.expose().is_empty());
    }
    Ok(())
}
