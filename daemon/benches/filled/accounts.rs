//! Accounts with their details, settings and passwords.

use rusqlite::{Connection, params};

use super::Filling;
use super::random::Random;
use super::table::{insert, stored};

const GIVEN: [&str; 40] = [
    "Adam", "Agnes", "Amira", "Anton", "Bela", "Bruno", "Carla", "Chloe", "Daniel", "Daria",
    "Elena", "Emil", "Felix", "Frida", "Georg", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas",
    "Karim", "Katja", "Lena", "Luca", "Maria", "Marten", "Mina", "Nadia", "Noah", "Olga", "Oskar",
    "Paula", "Pavel", "Rosa", "Samir", "Sofia", "Tomas", "Vera", "Yusuf",
];

const FAMILY: [&str; 40] = [
    "Abel", "Andersen", "Bauer", "Becker", "Berg", "Brandt", "Castro", "Conti", "Dahl", "Dubois",
    "Engel", "Eriksen", "Fischer", "Fontana", "Garcia", "Graf", "Haddad", "Horvat", "Ibsen",
    "Jansen", "Kaya", "Keller", "Klein", "Kovac", "Larsen", "Lehmann", "Lopez", "Maier", "Moreau",
    "Nagy", "Novak", "Olsen", "Petrov", "Ricci", "Rossi", "Santos", "Schulz", "Torres", "Weber",
    "Zeman",
];

/// One account that is not deleted in so many is.
const DELETED: u32 = 50;

/// What sessions repeat of an account.
pub(super) struct Account {
    pub(super) uid: String,
    pub(super) name: String,
    pub(super) tokens: [String; 2],
}

/// The columns of an account that differ from one to another.
const COLUMNS: [&str; 17] = [
    "user_uid",
    "auth_provider",
    "auth_method",
    "user_name",
    "display_name",
    "user_email",
    "user_role",
    "can_login",
    "webdav",
    "base_path",
    "upload_path",
    "preview_token",
    "download_token",
    "ref_id",
    "created_at",
    "updated_at",
    "deleted_at",
];

/// Adds them, and returns those that are not deleted.
pub(super) fn add(conn: &Connection, filling: &Filling) -> Vec<Account> {
    let mut account = insert(conn, "auth_users", &COLUMNS);
    let of_each = ["user_uid", "created_at", "updated_at"];
    let details = ["place_id", "cell_id", "given_name", "family_name", "name_src"];
    let mut details = insert(conn, "auth_users_details", &[&of_each[..], &details].concat());
    let mut settings = insert(conn, "auth_users_settings", &of_each);
    let mut password = insert(conn, "passwords", &["uid", "hash", "created_at", "updated_at"]);
    let mut random = Random::new(1);
    let mut added = Vec::with_capacity(filling.size.accounts as usize);
    for number in 0..filling.size.accounts {
        let one = one(&mut random, filling, number);
        let Account { uid, name, tokens } = &one.account;
        let at = &one.created_at;
        let email = format!("{name}@example.com");
        let display = format!("{} {}", one.given, one.family);
        let path = format!("users/{name}");
        account
            .execute(params![
                uid,
                "local",
                "",
                name,
                display,
                email,
                one.role,
                true,
                one.role == "user",
                path,
                path,
                tokens[0],
                tokens[1],
                one.ref_id,
                at,
                at,
                one.deleted_at,
            ])
            .expect("an account");
        details
            .execute(params![uid, at, at, "zz", "zz", one.given, one.family, "auto"])
            .expect("its details");
        settings.execute(params![uid, at, at]).expect("its settings");
        password.execute(params![uid, one.hash, at, at]).expect("its password");
        if one.deleted_at.is_none() {
            added.push(one.account);
        }
    }
    added
}

struct One {
    account: Account,
    given: &'static str,
    family: &'static str,
    role: &'static str,
    ref_id: String,
    hash: String,
    created_at: String,
    deleted_at: Option<String>,
}

/// Account number `number`, all of which were made in the year before.
fn one(random: &mut Random, filling: &Filling, number: u32) -> One {
    let (given, family) = (random.of(&GIVEN), random.of(&FAMILY));
    let created = filling.now - 365 * 86_400 + i64::from(number % 1000) * 8_640;
    let deleted = number % DELETED == DELETED - 1;
    One {
        account: Account {
            uid: format!("u{}{}", seconds_in_base_36(created), random.base_36(9)),
            name: format!("{given}.{family}{number}").to_lowercase(),
            tokens: [random.token(8), random.token(8)],
        },
        given,
        family,
        role: if number.is_multiple_of(10) {
            "admin"
        } else {
            random.of(&["user", "viewer", "guest"])
        },
        ref_id: format!("user{}", random.base_36(8)),
        hash: filling.kind.hash(random),
        created_at: stored(created),
        deleted_at: deleted.then(|| stored(created + 86_400 * 100)),
    }
}

fn seconds_in_base_36(unix: i64) -> String {
    let mut rest = unix.unsigned_abs();
    let mut digits: Vec<char> = Vec::new();
    while rest > 0 {
        digits.push(
            char::from_digit(u32::try_from(rest % 36).expect("it is below"), 36).expect("a digit"),
        );
        rest /= 36;
    }
    digits.iter().rev().collect()
}
