//! What differs between two states of an account, and which of its sessions end with it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::account::Account;

/// A property of an account, in the order of the protocol's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    Role,
    Password,
    DisplayName,
    Email,
    Provider,
    AuthId,
    AuthIssuer,
    SuperAdmin,
    CanLogin,
    Webdav,
    BasePath,
    UploadPath,
    Attr,
    ExpiresAt,
    Deleted,
    TwoFactor,
}

impl Property {
    /// The argument of `users.mod` that changes it.
    pub(crate) const fn argument(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Password => "password",
            Self::DisplayName => "display_name",
            Self::Email => "email",
            Self::Provider => "provider",
            Self::AuthId => "auth_id",
            Self::AuthIssuer => "auth_issuer",
            Self::SuperAdmin => "super_admin",
            Self::CanLogin => "can_login",
            Self::Webdav => "webdav",
            Self::BasePath => "base_path",
            Self::UploadPath => "upload_path",
            Self::Attr => "attr",
            Self::ExpiresAt => "expires_at",
            Self::Deleted => "restore",
            Self::TwoFactor => "disable_2fa",
        }
    }

    /// Whether it decides what sessions of the account may do.
    const fn decides_rights(self) -> bool {
        match self {
            Self::Role
            | Self::SuperAdmin
            | Self::CanLogin
            | Self::Webdav
            | Self::Provider
            | Self::ExpiresAt
            | Self::BasePath
            | Self::UploadPath => true,
            Self::Password
            | Self::DisplayName
            | Self::Email
            | Self::AuthId
            | Self::AuthIssuer
            | Self::Attr
            | Self::Deleted
            | Self::TwoFactor => false,
        }
    }

    /// Whether it decides what the account may do, or who it is.
    const fn is_right(self) -> bool {
        match self {
            // Its sessions ended when it was deleted.
            Self::DisplayName | Self::Email | Self::Deleted => false,
            Self::Role
            | Self::Password
            | Self::Provider
            | Self::AuthId
            | Self::AuthIssuer
            | Self::SuperAdmin
            | Self::CanLogin
            | Self::Webdav
            | Self::BasePath
            | Self::UploadPath
            | Self::Attr
            | Self::ExpiresAt
            | Self::TwoFactor => true,
        }
    }
}

/// Whether PhotoPrism has to read sessions again that live on after these changes.
pub(crate) fn needs_reload(changes: &Changes) -> bool {
    changes.iter().any(|property| property.decides_rights())
}

/// The properties that differ.
pub(crate) type Changes = BTreeSet<Property>;

/// The effective differences between two states of an account. A password is not part of the
/// states: who sets one adds [`Property::Password`].
pub(crate) fn changes(before: &Account, after: &Account) -> Changes {
    let differs = [
        (Property::Role, before.effective_role() != after.effective_role()),
        (Property::DisplayName, before.display_name != after.display_name),
        (Property::Email, before.email != after.email),
        (Property::Provider, before.provider != after.provider),
        (Property::AuthId, before.auth_id != after.auth_id),
        (Property::AuthIssuer, before.auth_issuer != after.auth_issuer),
        (Property::SuperAdmin, before.super_admin != after.super_admin),
        (Property::CanLogin, before.can_login != after.can_login),
        (Property::Webdav, before.webdav != after.webdav),
        (Property::BasePath, before.base_path != after.base_path),
        (Property::UploadPath, before.upload_path != after.upload_path),
        (Property::Attr, before.attr != after.attr),
        (Property::ExpiresAt, second(before.expires_at) != second(after.expires_at)),
        (Property::Deleted, before.is_deleted() != after.is_deleted()),
        (Property::TwoFactor, before.method != after.method),
    ];
    differs.into_iter().filter_map(|(property, differs)| differs.then_some(property)).collect()
}

/// Times are stored in whole seconds; PhotoPrism may have stored a fraction.
fn second(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::as_second)
}

/// What happens to an account, as far as its sessions are concerned.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    Properties(&'a Changes),
    /// It is deleted.
    Deleted,
}

/// Which sessions of the account end with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    Nothing,
    /// All but its app passwords: their rights are those that the account has when they are used.
    /// Sessions created from them end.
    Sessions,
    /// App passwords too.
    Everything,
}

pub(crate) fn revocations(change: Change<'_>) -> Revocation {
    match change {
        Change::Properties(changes) if changes.iter().any(|property| property.is_right()) => {
            Revocation::Sessions
        }
        Change::Properties(_) => Revocation::Nothing,
        Change::Deleted => Revocation::Everything,
    }
}

#[cfg(test)]
mod tests {
    use photoprism_protocol::{provider, role};

    use super::*;
    use crate::model::{Deleted, Provider, Role};

    fn bob() -> Account {
        Account { role: Role::Known(role::Role::User), can_login: true, ..Account::default() }
    }

    fn names(after: &Account) -> Vec<&'static str> {
        changes(&bob(), after).into_iter().map(Property::argument).collect()
    }

    #[test]
    fn nothing_differs_from_itself() {
        assert_eq!(names(&bob()), [""; 0]);
        assert_eq!(revocations(Change::Properties(&Changes::new())), Revocation::Nothing);
    }

    #[test]
    fn differences_are_in_the_order_of_the_documentation() {
        let text = || "x".to_owned();
        let after = Account {
            role: Role::Known(role::Role::Guest),
            display_name: text(),
            email: text(),
            provider: Provider::Known(provider::Provider::Oidc),
            auth_id: text(),
            auth_issuer: text(),
            can_login: false,
            webdav: true,
            base_path: text(),
            upload_path: text(),
            attr: text(),
            expires_at: Some(Timestamp::UNIX_EPOCH),
            method: text(),
            ..bob()
        };
        let mut all = changes(&bob(), &after);
        all.extend([Property::Password, Property::SuperAdmin]);
        assert_eq!(
            all.into_iter().map(Property::argument).collect::<Vec<_>>(),
            [
                "role",
                "password",
                "display_name",
                "email",
                "provider",
                "auth_id",
                "auth_issuer",
                "super_admin",
                "can_login",
                "webdav",
                "base_path",
                "upload_path",
                "attr",
                "expires_at",
                "disable_2fa"
            ]
        );
    }

    #[test]
    fn an_expiry_differs_by_a_second_at_least() {
        let at = |text: &str| Account { expires_at: text.parse().ok(), ..bob() };
        let stored = at("2027-01-31T00:00:00.5Z");
        assert!(changes(&stored, &at("2027-01-31T00:00:00Z")).is_empty());
        for other in [at("2027-01-31T00:00:01Z"), bob()] {
            assert_eq!(changes(&stored, &other), Changes::from([Property::ExpiresAt]));
        }
    }

    #[test]
    fn the_effective_role_is_compared() {
        let admin = Account { super_admin: true, ..bob() };
        let stored = Account { role: Role::Known(role::Role::Guest), ..admin.clone() };
        assert!(changes(&admin, &stored).is_empty());
        assert_eq!(names(&admin), ["role", "super_admin"]);
    }

    #[test]
    fn what_nobody_decides_does_not_count_as_a_change() {
        let now = Some(Timestamp::UNIX_EPOCH);
        let after = Account { login_at: now, updated_at: now, has_password: true, ..bob() };
        assert_eq!(names(&after), [""; 0]);
    }

    #[test]
    fn an_account_that_comes_back_has_changed_and_keeps_what_is_left_of_its_sessions() {
        let deleted = Account { deleted: Deleted::AtUnknownTime, ..bob() };
        let changed = changes(&deleted, &bob());
        assert_eq!(changed, Changes::from([Property::Deleted]));
        assert_eq!(Property::Deleted.argument(), "restore");
        assert_eq!(revocations(Change::Properties(&changed)), Revocation::Nothing);
    }

    #[test]
    fn sessions_end_with_rights_and_everything_with_the_account() {
        let of = |property| revocations(Change::Properties(&Changes::from([property])));
        assert_eq!(of(Property::DisplayName), Revocation::Nothing);
        assert_eq!(of(Property::Email), Revocation::Nothing);
        for property in [Property::Role, Property::Password, Property::Attr, Property::TwoFactor] {
            assert_eq!(of(property), Revocation::Sessions, "{property:?}");
        }
        assert_eq!(revocations(Change::Deleted), Revocation::Everything);
    }
}
