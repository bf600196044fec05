//! The rows that every database begins with: two system rows and the first admin.

use jiff::Timestamp;
use photoprism_protocol::display_name::DisplayName;
use photoprism_protocol::generated::{short_token, user_ref_id};
use photoprism_protocol::name::UserName;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;
use photoprism_protocol::uid::Uid;

use super::times;
use crate::clock;
use crate::store::NewUser;

/// Row id of the first admin.
pub const FIRST_ADMIN_ID: i64 = 1;

/// The first admin and the system rows, without passwords.
pub fn initial_accounts(admin: &UserName, now: Timestamp) -> Vec<NewUser> {
    let visitor = NewUser {
        id: Some(-2),
        uid: "u000000000000002".into(),
        display_name: "Visitor".into(),
        role: "visitor".into(),
        provider: "link".into(),
        ..empty_user(now)
    };
    let unknown = NewUser {
        id: Some(-1),
        uid: "u000000000000001".into(),
        display_name: "Unknown".into(),
        provider: Provider::None.as_str().into(),
        ..empty_user(now)
    };
    vec![visitor, unknown, first_admin(admin, now)]
}

fn first_admin(name: &UserName, now: Timestamp) -> NewUser {
    NewUser {
        id: Some(FIRST_ADMIN_ID),
        name: name.as_str().into(),
        display_name: DisplayName::default_for(name).as_str().into(),
        role: Role::Admin.as_str().into(),
        provider: Provider::Local.as_str().into(),
        super_admin: true,
        can_login: true,
        webdav: true,
        can_invite: true,
        invite_token: token(),
        ..new_user_defaults(now)
    }
}

/// An account with everything that is generated, and nothing else.
pub fn new_user_defaults(now: Timestamp) -> NewUser {
    NewUser {
        uid: Uid::generate(now.as_second(), &mut clock::random).as_str().into(),
        preview_token: token(),
        download_token: token(),
        ..empty_user(now)
    }
}

fn empty_user(now: Timestamp) -> NewUser {
    NewUser {
        ref_id: user_ref_id(&mut clock::random),
        created_at: times::format_stored(now),
        ..NewUser::default()
    }
}

fn token() -> String {
    short_token(&mut clock::random).expose().to_owned()
}
