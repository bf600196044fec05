//! What an account may do at one instant, and what keeps it from logging in.

use jiff::Timestamp;
use photoprism_protocol::{provider, role};

use super::account::{Account, Provider, Role};

/// Which roles the program that reads the database knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// PhotoPrism's community edition: admin and guest.
    Community,
    /// Another edition, or the daemon's own database: every role.
    Full,
}

impl Edition {
    /// Whether accounts of that role can do anything there.
    pub const fn knows(self, role: &Role) -> bool {
        match (role, self) {
            (Role::Known(_), Self::Full) => true,
            (Role::Known(role), Self::Community) => {
                matches!(role, role::Role::Admin | role::Role::Guest)
            }
            (Role::Other(_), _) => false,
        }
    }
}

/// What keeps an account from logging in with its password, whatever the limiter and the second
/// factor say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// It has no name to log in with.
    NoName,
    /// It is a row that PhotoPrism relies on.
    System,
    Deleted,
    /// It expired at that instant.
    Expired(Timestamp),
    /// Its provider is `none`.
    NoProvider,
    /// Its provider does not check passwords here.
    OtherProvider,
    NoPassword,
    /// Logging in is switched off.
    LoginOff,
    /// The edition that reads the database does not know its role.
    UnknownRole,
}

impl Obstacle {
    /// Whether it disables the account: then its sessions and app passwords are worth nothing
    /// either.
    pub(crate) const fn disables(self) -> bool {
        match self {
            Self::Deleted | Self::Expired(_) | Self::NoProvider => true,
            Self::NoName
            | Self::System
            | Self::OtherProvider
            | Self::NoPassword
            | Self::LoginOff
            | Self::UnknownRole => false,
        }
    }

    /// Whether it is about the password alone: the account may log in by its provider, or once it
    /// has a password.
    pub(crate) const fn is_about_password(self) -> bool {
        match self {
            Self::OtherProvider | Self::NoPassword => true,
            Self::NoName
            | Self::System
            | Self::Deleted
            | Self::Expired(_)
            | Self::NoProvider
            | Self::LoginOff
            | Self::UnknownRole => false,
        }
    }
}

/// Everything that keeps the account from logging in at `now`, the gravest first: a login is
/// refused for the first, `users.why` shows all.
pub(crate) fn login_obstacles(
    account: &Account,
    edition: Edition,
    now: Timestamp,
) -> impl Iterator<Item = Obstacle> {
    let expired = account.expires_at.filter(|end| !account.super_admin && *end <= now);
    let checks = account.provider.checks_password();
    let no_provider = account.provider == Provider::Known(provider::Provider::None);
    [
        account.name.is_empty().then_some(Obstacle::NoName),
        account.is_deleted().then_some(Obstacle::Deleted),
        expired.map(Obstacle::Expired),
        no_provider.then_some(Obstacle::NoProvider),
        (!checks && !no_provider).then_some(Obstacle::OtherProvider),
        (checks && !account.has_password).then_some(Obstacle::NoPassword),
        account.is_system().then_some(Obstacle::System),
        is_login_off(account).then_some(Obstacle::LoginOff),
        (!edition.knows(account.effective_role())).then_some(Obstacle::UnknownRole),
    ]
    .into_iter()
    .flatten()
}

/// The first obstacle that disables the account: nothing that belongs to it works then.
pub(crate) fn first_disabling(account: &Account, now: Timestamp) -> Option<Obstacle> {
    login_obstacles(account, Edition::Full, now).find(|obstacle| obstacle.disables())
}

/// The scope for which alone an app password is good where logging in is switched off, as in
/// PhotoPrism.
pub(super) const WEBDAV: &str = "webdav";

/// What keeps an app password of the account from being good for these scope names, all of which it
/// holds.
pub(crate) fn app_password_obstacle(
    account: &Account,
    wanted: &[&str],
    edition: Edition,
    now: Timestamp,
) -> Option<Obstacle> {
    let confined = is_login_off(account);
    let refused = confined && (wanted != [WEBDAV] || !has_webdav(account, edition));
    first_disabling(account, now).or_else(|| refused.then_some(Obstacle::LoginOff))
}

/// Since when the account is disabled, or when it will be; `None`: never. A deleted account, and
/// one without a provider, always were.
pub(crate) fn disabled_since(account: &Account) -> Option<Timestamp> {
    match first_disabling(account, Timestamp::MAX) {
        Some(Obstacle::Expired(end))
            if account.provider != Provider::Known(provider::Provider::None) =>
        {
            Some(end)
        }
        Some(_) => Some(Timestamp::MIN),
        None => None,
    }
}

/// What an account may do at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    /// Deleted; or expired and not a super admin; or without any provider.
    pub disabled: bool,
    /// May log in, by whichever way its provider offers.
    pub may_login: bool,
    pub may_webdav: bool,
}

pub(crate) fn effective_rights(account: &Account, edition: Edition, now: Timestamp) -> Rights {
    let disabled = first_disabling(account, now).is_some();
    let may_login = !login_obstacles(account, edition, now).any(|it| !it.is_about_password());
    let may_webdav = !disabled && has_webdav(account, edition);
    Rights { disabled, may_login, may_webdav }
}

/// Whether the account may use WebDAV while it is not disabled.
pub(crate) fn has_webdav(account: &Account, edition: Edition) -> bool {
    let role = account.effective_role();
    !account.is_system()
        && account.webdav
        && matches!(role, Role::Known(role::Role::Admin | role::Role::User))
        && edition.knows(role)
}

/// Whether logging in is switched off: a super admin may log in all the same.
pub(crate) const fn is_login_off(account: &Account) -> bool {
    !account.can_login && !account.super_admin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Deleted;

    const NOW: &str = "2026-11-24T08:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn bob() -> Account {
        Account {
            id: 2,
            name: "bob".into(),
            role: Role::Known(role::Role::User),
            provider: Provider::Known(provider::Provider::Default),
            can_login: true,
            webdav: true,
            has_password: true,
            ..Account::default()
        }
    }

    /// Obstacles, disabled, may log in, may use WebDAV.
    type Derived = (Vec<Obstacle>, bool, bool, bool);

    fn derived(account: &Account, edition: Edition) -> Derived {
        let obstacles = login_obstacles(account, edition, at(NOW)).collect();
        let rights = effective_rights(account, edition, at(NOW));
        (obstacles, rights.disabled, rights.may_login, rights.may_webdav)
    }

    #[test]
    fn an_ordinary_account_may_do_everything() {
        assert_eq!(derived(&bob(), Edition::Full), (vec![], false, true, true));
    }

    #[test]
    fn each_obstacle_takes_its_rights_away() {
        type Case = (fn(&mut Account), Obstacle, (bool, bool, bool));
        let end = at(NOW);
        let cases: [Case; 12] = [
            (|a| a.deleted = Deleted::At(at(NOW)), Obstacle::Deleted, (true, false, false)),
            (|a| a.deleted = Deleted::AtUnknownTime, Obstacle::Deleted, (true, false, false)),
            (|a| a.expires_at = Some(at(NOW)), Obstacle::Expired(end), (true, false, false)),
            (
                |a| a.provider = Provider::Known(provider::Provider::None),
                Obstacle::NoProvider,
                (true, false, false),
            ),
            (
                |a| a.provider = Provider::Known(provider::Provider::Oidc),
                Obstacle::OtherProvider,
                (false, true, true),
            ),
            (
                |a| a.provider = Provider::Other("link".into()),
                Obstacle::OtherProvider,
                (false, true, true),
            ),
            (|a| a.has_password = false, Obstacle::NoPassword, (false, true, true)),
            (|a| a.can_login = false, Obstacle::LoginOff, (false, false, true)),
            (
                |a| a.role = Role::Other("visitor".into()),
                Obstacle::UnknownRole,
                (false, false, false),
            ),
            (|a| a.name = String::new(), Obstacle::NoName, (false, false, true)),
            (|a| a.id = -1, Obstacle::System, (false, false, false)),
            (|a| a.id = 0, Obstacle::System, (false, false, false)),
        ];
        for (change, obstacle, rights) in cases {
            let mut account = bob();
            change(&mut account);
            let (obstacles, disabled, may_login, may_webdav) = derived(&account, Edition::Full);
            assert_eq!(obstacles, [obstacle]);
            assert_eq!((disabled, may_login, may_webdav), rights, "{obstacle:?}");
        }
    }

    #[test]
    fn webdav_needs_its_switch_and_a_role_with_files() {
        let off = Account { webdav: false, ..bob() };
        assert_eq!(derived(&off, Edition::Full), (vec![], false, true, false));
        let guest = Account { role: Role::Known(role::Role::Guest), ..bob() };
        assert_eq!(derived(&guest, Edition::Full), (vec![], false, true, false));
    }

    #[test]
    fn an_account_lives_until_the_second_at_which_it_expires() {
        let end = at("2026-11-24T08:00:01Z");
        let account = Account { expires_at: Some(end), ..bob() };
        assert_eq!(derived(&account, Edition::Full), (vec![], false, true, true));
        assert_eq!(disabled_since(&account), Some(end));
    }

    #[test]
    fn a_super_admin_is_an_admin_that_never_expires() {
        let admin = Account {
            super_admin: true,
            can_login: false,
            role: Role::Known(role::Role::Guest),
            expires_at: Some(at("2020-01-01T00:00:00Z")),
            ..bob()
        };
        for edition in [Edition::Full, Edition::Community] {
            assert_eq!(derived(&admin, edition), (vec![], false, true, true));
        }
        assert_eq!(disabled_since(&admin), None);
        let nobody = Account { provider: Provider::Known(provider::Provider::None), ..admin };
        assert_eq!(
            derived(&nobody, Edition::Full),
            (vec![Obstacle::NoProvider], true, false, false)
        );
    }

    #[test]
    fn the_community_edition_knows_two_roles() {
        for role in [Role::Known(role::Role::User), Role::Known(role::Role::Viewer)] {
            let account = Account { role, ..bob() };
            let expected = (vec![Obstacle::UnknownRole], false, false, false);
            assert_eq!(derived(&account, Edition::Community), expected);
        }
        for role in [Role::Known(role::Role::Admin), Role::Known(role::Role::Guest)] {
            let account = Account { role, ..bob() };
            assert!(derived(&account, Edition::Community).2);
        }
    }

    #[test]
    fn the_gravest_obstacle_comes_first() {
        let account = Account {
            deleted: Deleted::At(at(NOW)),
            expires_at: Some(at("2020-01-01T00:00:00Z")),
            provider: Provider::Known(provider::Provider::None),
            can_login: false,
            role: Role::default(),
            ..bob()
        };
        let (obstacles, ..) = derived(&account, Edition::Full);
        let expired = Obstacle::Expired(at("2020-01-01T00:00:00Z"));
        assert_eq!(
            obstacles,
            [
                Obstacle::Deleted,
                expired,
                Obstacle::NoProvider,
                Obstacle::LoginOff,
                Obstacle::UnknownRole
            ]
        );
        assert_eq!(first_disabling(&account, at(NOW)), Some(Obstacle::Deleted));
    }

    #[test]
    fn a_disabled_account_is_so_from_one_instant_on() {
        assert_eq!(disabled_since(&bob()), None);
        let end = at("2030-01-01T00:00:00Z");
        let ends = Account { expires_at: Some(end), ..bob() };
        assert_eq!(disabled_since(&ends), Some(end));
        for account in [
            Account { deleted: Deleted::AtUnknownTime, ..ends.clone() },
            Account { provider: Provider::Known(provider::Provider::None), ..ends },
        ] {
            assert_eq!(disabled_since(&account), Some(Timestamp::MIN));
        }
    }
}
