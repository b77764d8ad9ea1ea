//! Names that many rows share, each with a number: senders, and the domains of recipients.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All names, numbered in the order in which they were met, for whoever reads at the same time.
#[derive(Debug, Default)]
pub struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<[u8]>, u32>,
    names: Vec<Arc<[u8]>>,
}

/// What one reader knows of names, so that it seldom has to ask for them: by their hashes, since looking at a name would
/// mean to wait for memory. The hash has a key of its own each time and 64 bits: that two of a million names fall together
/// has a chance of one in 37 million.
#[derive(Debug)]
pub struct Remembered<T>(HashMap<u64, T, BuildHasherDefault<Hashed>>);

/// What is a hash already.
#[derive(Debug, Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(self.0.rotate_left(8) ^ u64::from(*byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Names {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, name: &[u8]) -> u32 {
        let mut known = self.known();
        if let Some(number) = known.numbers.get(name) {
            return *number;
        }
        let name: Arc<[u8]> = name.into();
        let number = u32::try_from(known.names.len()).unwrap_or(u32::MAX);
        known.names.push(name.clone());
        known.numbers.insert(name, number);
        number
    }

    /// What the number stands for.
    pub fn name(&self, number: u32) -> String {
        self.known().names.get(number as usize).map(|name| text(name)).unwrap_or_default()
    }

    /// All of them.
    pub fn all(&self) -> Vec<String> {
        self.known().names.iter().map(|name| text(name)).collect()
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

impl<T> Default for Remembered<T> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<T: Copy> Remembered<T> {
    /// What is remembered of one of `names`, in lower case and with its hash; `make` makes it of the name's number when it
    /// is met first.
    pub fn get(&mut self, names: &Names, name: &[u8], hash: u64, make: impl FnOnce(u32) -> T) -> T {
        *self.0.entry(hash).or_insert_with(|| make(names.number(name)))
    }
}
