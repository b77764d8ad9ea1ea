//! New passwords: from the operating system's randomness, complex enough for Microsoft Entra, readable over the phone.

use rand::rngs::OsRng;
use rand::seq::SliceRandom;
use rand::Rng;

use crate::exchange::Secret;

/// What Microsoft Entra counts as kinds of characters (Microsoft Learn, "Password policies and account restrictions in
/// Microsoft Entra ID": three of four, 8 to 256 characters). Letters and digits that look alike are left out.
const KINDS: [&[u8]; 4] = [b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"abcdefghijkmnopqrstuvwxyz", b"23456789", b"!#%+-=?@_"];

/// 24 of 65 characters are more than 140 bits.
const LENGTH: usize = 24;

/// A password that nobody has seen: at least one character of each kind.
pub fn new() -> Secret {
    let mut random = OsRng;
    let all: Vec<u8> = KINDS.concat();
    let mut letters = zeroize::Zeroizing::new([0_u8; LENGTH]);
    for (at, letter) in letters.iter_mut().enumerate() {
        let among = KINDS.get(at).copied().unwrap_or(&all);
        *letter = among[random.gen_range(0..among.len())];
    }
    letters.shuffle(&mut random);
    Secret::new(letters.iter().copied().map(char::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_is_complex_and_none_comes_twice() {
        let passwords: HashSet<_> = (0..200).map(|_| new().reveal().to_owned()).collect();
        assert_eq!(passwords.len(), 200);
        for password in &passwords {
            assert_eq!(password.len(), LENGTH);
            for kind in KINDS {
                assert!(password.bytes().any(|letter| kind.contains(&letter)), "{password}");
            }
            assert!(!password.contains(['O', '0', 'I', 'l', '1']), "{password}");
        }
        let first = |kind: &&[u8]| passwords.iter().any(|password| kind.contains(&password.as_bytes()[0]));
        assert!(KINDS.iter().all(first), "the kinds stand in no order");
    }
}
