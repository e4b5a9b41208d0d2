//! How often a page audit that found something is made again.

use std::time::{Duration, Instant};

/// How long what does not pass by itself, such as a missing file, must be there to be believed: a page may come from the
/// new task and its files from the old one, until the proxy has noticed.
const BELIEVED_AFTER: Duration = Duration::from_secs(8);
/// How long to wait between two audits.
const PAUSE: Duration = Duration::from_secs(2);

/// How often a page audit that found something is made again.
pub struct Patience {
    begun: Instant,
    total: Duration,
    believed_after: Duration,
    pause: Duration,
    stays_since: Option<Instant>,
}

impl Patience {
    /// Patience for so long.
    pub fn begin(total: Duration) -> Self {
        Self { begun: Instant::now(), total, believed_after: BELIEVED_AFTER, pause: PAUSE, stays_since: None }
    }

    /// Whether to look again. `stays` says that something was found that does not pass by itself.
    pub fn another(&mut self, stays: bool) -> bool {
        let now = Instant::now();
        let since = self.stays_since.filter(|_| stays).unwrap_or(now);
        self.stays_since = stays.then_some(since);
        let believed = stays && now.duration_since(since) >= self.believed_after;
        !believed && self.begun.elapsed() + self.pause < self.total
    }

    /// How long to wait before that.
    pub fn pause(&self) -> Duration {
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(total: u64) -> Patience {
        let (believed_after, pause) = (Duration::from_millis(40), Duration::from_millis(5));
        Patience { believed_after, pause, ..Patience::begin(Duration::from_millis(total)) }
    }

    fn rounds(mut patience: Patience, stays: impl Fn(u32) -> bool) -> u32 {
        let mut round = 1;
        while patience.another(stays(round)) {
            std::thread::sleep(patience.pause());
            round += 1;
        }
        round
    }

    #[test]
    fn what_stays_is_believed_long_before_the_time_is_over() {
        let begun = Instant::now();
        assert!(rounds(patience(60_000), |_| true) > 1);
        assert!(begun.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn what_may_pass_is_given_all_the_time() {
        let begun = Instant::now();
        rounds(patience(300), |_| false);
        assert!(begun.elapsed() >= Duration::from_millis(290));
    }

    #[test]
    fn what_comes_and_goes_is_not_what_stays() {
        let begun = Instant::now();
        rounds(patience(300), |round| round % 2 == 0);
        assert!(begun.elapsed() >= Duration::from_millis(290));
    }
}
