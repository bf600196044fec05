//! `users.export`: accounts as `users.import` reads them.

use photoprism_protocol::envelope::Success;
use photoprism_protocol::secret::Secret;
use photoprism_protocol::transfer::{self, Row};

use super::properties::to_fields;
use super::search;
use crate::commands::context::Context;
use crate::commands::cursor::fingerprint;
use crate::commands::find::refuse_nul;
use crate::commands::page::{PageRequest, page};
use crate::error::CommandError;
use crate::store::{
    AccountPage, AccountSearch, Db, StoreError, accounts_page, cursor_key, passcode_find,
    password_hash,
};

/// A checked request.
#[derive(Debug)]
pub(crate) struct Export {
    search: AccountSearch,
    secrets: bool,
    window: PageRequest,
}

impl Export {
    /// Checks the arguments.
    pub(crate) fn parse(args: transfer::Export) -> Result<Self, CommandError> {
        refuse_nul("search", args.search.as_deref())?;
        let search = args.search.unwrap_or_default();
        let secrets = args.secrets.unwrap_or(false);
        let print = fingerprint("users.export", &(&search, secrets));
        let window = PageRequest::new(args.limit, args.cursor, print)?;
        Ok(Self { search: search::parse(&search), secrets, window })
    }
}

/// One page of accounts, without deleted ones and system rows: no import could create those.
pub(crate) fn export(db: &Db, _: &Context, request: &Export) -> Result<Success, CommandError> {
    let key = cursor_key(db)?;
    let after = request.window.position(&key, i64::MIN)?.max(0);
    let limit = request.window.limit + 1;
    let rows = accounts_page(db, &request.search, AccountPage { after, limit, deleted: false })?;
    let mut written = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        let uid = row.uid.clone();
        let mut line = Row { name: row.name.clone(), fields: to_fields(row), ..Row::default() };
        if request.secrets {
            add_secrets(db, &uid, &mut line)?;
        }
        written.push((id, line));
    }
    page(&request.window, &key, written)
}

/// A key that was never activated is left out: logins do not ask for its codes.
fn add_secrets(db: &Db, uid: &str, line: &mut Row) -> Result<(), StoreError> {
    line.password_hash = password_hash(db, uid)?.map(Secret::new);
    if let Some(passcode) = passcode_find(db, uid)?.filter(|key| key.is_active) {
        line.totp_url = Some(passcode.key_url);
        line.recovery_code = Some(passcode.recovery_code).filter(|code| !code.expose().is_empty());
    }
    Ok(())
}
