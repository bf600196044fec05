//! Derives an account's effective rights from its stored columns.

use jiff::Timestamp;
use photoprism_protocol::provider::Provider;
use photoprism_protocol::role::Role;
use photoprism_protocol::users::User;

use super::times;
use crate::store::{Kind, UserRow};

/// What an account may do at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four answers to four questions")]
pub struct EffectiveRights {
    /// Deleted; or expired and not a super admin; or without any provider.
    pub disabled: bool,
    /// May log in with its password.
    pub may_login: bool,
    /// May use WebDAV.
    pub may_webdav: bool,
    /// The edition that reads this database knows the role.
    pub knows_role: bool,
}

impl EffectiveRights {
    /// The rights of `row` in a database of that kind.
    pub fn of(row: &UserRow, kind: &Kind, now: Timestamp) -> Self {
        let expired = times::parse_stored(&row.expires_at).is_some_and(|end| end <= now);
        let disabled = is_deleted(row)
            || (expired && !row.super_admin)
            || row.provider == Provider::None.as_str();
        let role = known_role(row, kind);
        let person = row.id > 0 && !disabled;
        Self {
            disabled,
            may_login: person
                && !row.name.is_empty()
                && (row.can_login || row.super_admin)
                && role.is_some(),
            knows_role: role.is_some(),
            may_webdav: person && row.webdav && matches!(role, Some(Role::Admin | Role::User)),
        }
    }
}

/// What the checks of a session need to know of its account, at any instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// UID.
    pub uid: String,
    /// Login name.
    pub name: String,
    /// The effective role.
    pub role: String,
    /// Deleted, or without any provider.
    pub disabled: bool,
    /// End of the account, Unix seconds; `None`: never.
    pub expires: Option<i64>,
}

impl AccountState {
    /// The state of `row`.
    pub fn of(row: &UserRow) -> Self {
        let end = times::parse_stored(&row.expires_at).filter(|_| !row.super_admin);
        Self {
            uid: row.uid.clone(),
            name: row.name.clone(),
            role: effective_role(row).to_owned(),
            disabled: is_deleted(row) || row.provider == Provider::None.as_str(),
            expires: end.map(Timestamp::as_second),
        }
    }

    /// Whether the account is disabled at `now` (Unix seconds): it can then do nothing.
    pub fn is_disabled(&self, now: i64) -> bool {
        self.disabled || self.expires.is_some_and(|end| end <= now)
    }
}

/// Whether the account is deleted.
pub fn is_deleted(row: &UserRow) -> bool {
    !row.deleted_at.is_empty()
}

/// The effective role: a super admin's is `admin`, whatever is stored.
pub fn effective_role(row: &UserRow) -> &str {
    if row.super_admin { Role::Admin.as_str() } else { &row.role }
}

/// The role, if the edition that reads this database knows it: the community edition knows two.
fn known_role(row: &UserRow, kind: &Kind) -> Option<Role> {
    let role = Role::parse(effective_role(row)).ok()?;
    let known = !kind.is_community() || matches!(role, Role::Admin | Role::Guest);
    known.then_some(role)
}

/// A warning for a given role that the edition that reads this database does not know.
pub fn unknown_role(kind: &Kind, given: Option<Role>) -> Option<String> {
    let role = given.filter(|role| !matches!(role, Role::Admin | Role::Guest))?;
    kind.is_community().then(|| {
        format!(
            "PhotoPrism's community edition knows the roles admin and guest only: with the role {} \
             the account can do nothing there",
            role.as_str()
        )
    })
}

/// The account as the wire shows it.
pub fn to_wire(row: UserRow, kind: &Kind, now: Timestamp) -> User {
    let rights = EffectiveRights::of(&row, kind, now);
    let role = effective_role(&row).to_owned();
    let time = |text: &str| times::parse_stored(text).map(times::to_rfc3339);
    User {
        may_login: rights.may_login,
        may_webdav: rights.may_webdav,
        two_factor: row.method == "2fa" && row.has_passcode,
        login_at: time(&row.login_at),
        expires_at: time(&row.expires_at),
        created_at: time(&row.created_at),
        updated_at: time(&row.updated_at),
        deleted_at: time(&row.deleted_at),
        uid: row.uid,
        name: row.name,
        display_name: row.display_name,
        email: row.email,
        role,
        super_admin: row.super_admin,
        can_login: row.can_login,
        webdav: row.webdav,
        provider: row.provider,
        method: row.method,
        auth_id: row.auth_id,
        auth_issuer: row.auth_issuer,
        base_path: row.base_path,
        upload_path: row.upload_path,
        attr: row.attr,
        has_password: row.has_password,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bob() -> UserRow {
        UserRow {
            id: 2,
            name: "bob".into(),
            role: "user".into(),
            provider: "default".into(),
            can_login: true,
            webdav: true,
            ..UserRow::default()
        }
    }

    fn rights_of(row: &UserRow) -> (bool, bool, bool) {
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        let rights = EffectiveRights::of(row, &Kind::Own, now);
        (rights.disabled, rights.may_login, rights.may_webdav)
    }

    #[test]
    fn an_ordinary_account_may_all() {
        assert_eq!(rights_of(&bob()), (false, true, true));
    }

    #[test]
    fn what_takes_rights_away() {
        type Case = (&'static str, fn(&mut UserRow), (bool, bool, bool));
        let cases: [Case; 10] = [
            (
                "deleted",
                |u| u.deleted_at = "2026-01-01 00:00:00+00:00".into(),
                (true, false, false),
            ),
            (
                "expired",
                |u| u.expires_at = "2026-11-24 08:00:00+00:00".into(),
                (true, false, false),
            ),
            ("not yet", |u| u.expires_at = "2026-11-24 08:00:01+00:00".into(), (false, true, true)),
            ("no provider", |u| u.provider = "none".into(), (true, false, false)),
            ("login off", |u| u.can_login = false, (false, false, true)),
            ("webdav off", |u| u.webdav = false, (false, true, false)),
            ("a guest", |u| u.role = "guest".into(), (false, true, false)),
            ("unknown role", |u| u.role = "visitor".into(), (false, false, false)),
            ("no name", |u| u.name = String::new(), (false, false, true)),
            ("system row", |u| u.id = -1, (false, false, false)),
        ];
        for (what, change, expected) in cases {
            let mut row = bob();
            change(&mut row);
            assert_eq!(rights_of(&row), expected, "{what}");
        }
    }

    #[test]
    fn a_super_admin_is_an_admin_that_never_expires() {
        let mut row = bob();
        row.super_admin = true;
        row.can_login = false;
        row.role = "guest".into();
        row.expires_at = "2020-01-01 00:00:00+00:00".into();
        assert_eq!(rights_of(&row), (false, true, true));
        assert_eq!(effective_role(&row), "admin");
        row.provider = "none".into();
        assert_eq!(rights_of(&row), (true, false, false));
    }

    #[test]
    fn the_community_edition_knows_two_roles() {
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        let kind = Kind::PhotoPrism { version: String::new(), edition: "ce".into() };
        assert!(!EffectiveRights::of(&bob(), &kind, now).may_login);
        assert!(!EffectiveRights::of(&bob(), &kind, now).may_webdav);
        let kind = Kind::PhotoPrism { version: String::new(), edition: "plus".into() };
        assert!(EffectiveRights::of(&bob(), &kind, now).may_login);
    }
}
