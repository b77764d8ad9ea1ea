//! How fast the engine counts: 100,000 senders for a month of practice time, all windows on, one thread, beside a peer
//! that answers one question only (how many recipients in 24 hours) with a queue of messages for each sender.
//!
//! `cargo run --release -p restricted-sender-limits --example throughput`

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Instant;

use restricted_sender_limits::{
    Action, Engine, Outcome, Policy, Recipients, Second, ServiceLimits, Settings, Submission,
};
use time::macros::datetime;
use time::Duration;

const SENDERS: u64 = 100_000;
const DAYS: u32 = 30;
const MESSAGES_A_DAY: u32 = 1_000_000;

/// Messages of a month in the order of time. A few senders send much, most send little.
struct Traffic {
    state: u64,
    number: u32,
}

impl Traffic {
    fn new() -> Self {
        Self { state: 0x9E37_79B9_7F4A_7C15, number: 0 }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }
}

impl Iterator for Traffic {
    /// Seconds since the beginning, sender, recipients.
    type Item = (u32, usize, Recipients);

    fn next(&mut self) -> Option<Self::Item> {
        let second = u64::from(self.number) * 86_400 / u64::from(MESSAGES_A_DAY);
        self.number += 1;
        let random = self.random();
        let share = (random & 0xFFFF_FFFF) as f64 / f64::from(u32::MAX);
        let sender = (share * share * (SENDERS - 1) as f64) as usize;
        let external = (random >> 32 & 3) as u32;
        let internal = (random >> 34 & 3) as u32;
        let recipients = Recipients { internal, external, expanded_external: external };
        (self.number <= DAYS * MESSAGES_A_DAY).then_some((second as u32, sender, recipients))
    }
}

fn main() {
    let start = datetime!(2026-11-01 00:00 UTC);
    let seconds: Vec<Second> =
        (0..=DAYS * 86_400).map(|second| Second::from(start + Duration::seconds(i64::from(second)))).collect();
    let policy =
        Policy { external_per_hour: 500, internal_per_hour: 1000, per_day: 1000, action: Action::BlockUserForToday };
    let service = ServiceLimits::of_licences(1_000_000);
    let generated = timed(|| {
        Traffic::new().for_each(|message| {
            black_box(message);
        })
    });

    let mut engine = Engine::new(service, Settings::default());
    let senders: Vec<_> = (0..SENDERS).map(|_| engine.add_sender()).collect();
    let (mut accepted, mut memory) = (0_u32, Vec::new());
    let counted = timed(|| {
        for (number, (second, sender, recipients)) in (1_u32..).zip(Traffic::new()) {
            let at = seconds[second as usize];
            let submission = Submission { at, sender: senders[sender], recipients, from_initial_domain: false };
            accepted += u32::from(engine.submit(&submission, &policy) == Outcome::Accept);
            if number % MESSAGES_A_DAY == 0 {
                memory.push(resident());
            }
        }
    });
    drop(engine);

    let mut peer: Vec<VecDeque<(u32, u32)>> = vec![VecDeque::new(); SENDERS as usize];
    let mut sums = vec![0_u32; SENDERS as usize];
    let peered = timed(|| {
        for (second, sender, recipients) in Traffic::new() {
            let (queue, sum) = (&mut peer[sender], &mut sums[sender]);
            while let Some((_, count)) = queue.front().filter(|(sent, _)| sent + 86_400 <= second) {
                *sum -= count;
                queue.pop_front();
            }
            queue.push_back((second, recipients.all()));
            *sum += recipients.all();
            black_box(*sum);
        }
    });

    let messages = f64::from(DAYS * MESSAGES_A_DAY);
    let each = |seconds: f64| (seconds - generated) / messages * 1e9;
    println!("{:.1} million submissions in a second, all windows, one thread", messages / (counted - generated) / 1e6);
    println!(
        "{:.0} ns for each; a queue of one window only: {:.0} ns ({:.2} times as long)",
        each(counted),
        each(peered),
        counted / peered
    );
    println!("{accepted} of {messages} accepted");
    if let [_, second, .., last] = memory[..] {
        println!("memory after 2 days {second} MB, after {DAYS} days {last} MB");
    }
}

fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64()
}

/// Megabytes of memory in use; 0 where the system does not tell.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}
