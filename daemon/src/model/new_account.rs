//! New accounts, and those that every database begins with: two system rows and the first admin.

use jiff::Timestamp;
use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::generated::{short_token, user_ref_id};
use photoprism_protocol::name::UserName;
use photoprism_protocol::random::Random;
use photoprism_protocol::uid::Uid;
use photoprism_protocol::{provider, role};

use super::account::{Account, Provider, Role};

/// Row id of the first admin.
pub(crate) const FIRST_ADMIN_ID: i64 = 1;

/// An account that is not stored yet, with what PhotoPrism generates for a new one and no command
/// changes later.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewAccount {
    /// Its id is 0 where the database is to choose one.
    pub account: Account,
    pub ref_id: String,
    /// May invite others: the first admin.
    pub can_invite: bool,
    /// Token of those invitations.
    pub invite_token: String,
    /// Token of preview addresses.
    pub preview_token: String,
    /// Token of download addresses.
    pub download_token: String,
}

impl NewAccount {
    /// The account as it is created at `now`; it keeps its UID where it has one.
    pub fn generate(account: Account, now: Timestamp, random: &mut Random<'_>) -> Self {
        let uid = if account.uid.is_empty() {
            Uid::generate(now.as_second(), random).as_str().into()
        } else {
            account.uid
        };
        Self {
            preview_token: token(random),
            download_token: token(random),
            ..Self::bare(Account { uid, ..account }, now, random)
        }
    }

    /// Without the tokens of a person.
    fn bare(account: Account, now: Timestamp, random: &mut Random<'_>) -> Self {
        Self {
            account: Account { created_at: Some(now), updated_at: Some(now), ..account },
            ref_id: user_ref_id(random),
            ..Self::default()
        }
    }
}

/// The first admin and the system rows, without passwords.
pub(crate) fn initial_accounts(
    admin: &UserName,
    now: Timestamp,
    random: &mut Random<'_>,
) -> Vec<NewAccount> {
    let visitor = Account {
        id: -2,
        uid: "u000000000000002".into(),
        display_name: "Visitor".into(),
        role: Role::Other("visitor".into()),
        provider: Provider::Other("link".into()),
        ..Account::default()
    };
    let unknown = Account {
        id: -1,
        uid: "u000000000000001".into(),
        display_name: "Unknown".into(),
        provider: Provider::Known(provider::Provider::None),
        ..Account::default()
    };
    vec![
        NewAccount::bare(visitor, now, random),
        NewAccount::bare(unknown, now, random),
        first_admin(admin, now, random),
    ]
}

fn first_admin(name: &UserName, now: Timestamp, random: &mut Random<'_>) -> NewAccount {
    let account = Account {
        id: FIRST_ADMIN_ID,
        name: name.as_str().into(),
        display_name: DisplayName::default_for(name).as_str().into(),
        role: Role::Known(role::Role::Admin),
        provider: Provider::Known(provider::Provider::Local),
        super_admin: true,
        can_login: true,
        webdav: true,
        ..Account::default()
    };
    NewAccount {
        can_invite: true,
        invite_token: token(random),
        ..NewAccount::generate(account, now, random)
    }
}

fn token(random: &mut Random<'_>) -> String {
    short_token(random).expose().to_owned()
}
