//! Random values that are the same in every run.

/// `SplitMix64`.
pub(super) struct Random(u64);

const HEX: &[u8] = b"0123456789abcdef";
const BASE_36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE_64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// The alphabet of bcrypt.
const RADIX_64: &[u8] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound)).expect("it is below")
    }

    /// One of them.
    pub(super) fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(u32::try_from(words.len()).expect("few words")) as usize]
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        let bound = u32::try_from(alphabet.len()).expect("few letters");
        (0..length).map(|_| char::from(alphabet[self.below(bound) as usize])).collect()
    }

    /// The SHA-256 of a secret that nobody knows.
    pub(super) fn session_id(&mut self) -> String {
        self.text(HEX, 64)
    }

    /// Letters and digits, of which the first is a letter: SQLite would take some texts of
    /// PhotoPrism's columns for numbers.
    pub(super) fn token(&mut self, length: usize) -> String {
        format!("{}{}", self.text(&BASE_36[10..], 1), self.text(BASE_36, length - 1))
    }

    /// The last part of a UID.
    pub(super) fn base_36(&mut self, length: usize) -> String {
        self.text(BASE_36, length)
    }

    /// Argon2id as the daemon computes it, of a password that nobody knows.
    pub(super) fn argon2(&mut self) -> String {
        let (salt, tag) = (self.text(BASE_64, 21), self.text(BASE_64, 42));
        // The last characters of 16 and of 32 bytes hold two and four bits.
        format!("$argon2id$v=19$m=19456,t=2,p=1${salt}g${tag}8")
    }

    /// bcrypt as PhotoPrism computes it, of a password that nobody knows.
    pub(super) fn bcrypt(&mut self) -> String {
        format!("$2a$12${}e{}O", self.text(RADIX_64, 21), self.text(RADIX_64, 30))
    }

    /// An address.
    pub(super) fn address(&mut self) -> String {
        let [one, two, three] = [(); 3].map(|()| self.below(254) + 1);
        format!("10.{one}.{two}.{three}")
    }
}
