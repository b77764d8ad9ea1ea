//! Names that many rows share, each with a number: senders, and the domains of recipients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// All names, numbered in the order in which they were met, for whoever reads at the same time.
#[derive(Debug, Default)]
pub struct Names(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    numbers: HashMap<Arc<[u8]>, u32>,
    names: Vec<Arc<[u8]>>,
}

/// What one reader knows of names, so that it seldom has to ask for them.
#[derive(Debug)]
pub struct Remembered<T>(HashMap<Arc<[u8]>, T>);

impl Names {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self, name: &[u8]) -> (Arc<[u8]>, u32) {
        let mut known = self.known();
        if let Some((name, number)) = known.numbers.get_key_value(name) {
            return (name.clone(), *number);
        }
        let name: Arc<[u8]> = name.into();
        let number = u32::try_from(known.names.len()).unwrap_or(u32::MAX);
        known.names.push(name.clone());
        known.numbers.insert(name.clone(), number);
        (name, number)
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
        Self(HashMap::new())
    }
}

impl<T: Copy> Remembered<T> {
    /// What is remembered of one of `names`, in lower case; `make` makes it of the name's number when it is met first.
    pub fn get(&mut self, names: &Names, name: &[u8], make: impl FnOnce(u32) -> T) -> T {
        if let Some(known) = self.0.get(name) {
            return *known;
        }
        let (name, number) = names.number(name);
        let made = make(number);
        self.0.insert(name, made);
        made
    }
}
