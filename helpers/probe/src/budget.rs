//! Asking again, for as long as there is hope and time.

use std::time::{Duration, Instant};

use crate::{Ask, Failure, Probe};

/// How long to go on asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The time in all.
    pub total: Duration,
    /// The pause between two requests.
    pub pause: Duration,
}

impl Budget {
    /// `seconds` in all, a request every half second.
    pub fn seconds(seconds: u64) -> Self {
        Self { total: Duration::from_secs(seconds), pause: Duration::from_millis(500) }
    }

    /// How long to wait before the next request; `None` when it is over.
    fn pause_after(self, elapsed: Duration, failure: &Failure) -> Option<Duration> {
        let left = self.total.checked_sub(elapsed)?;
        (failure.may_pass() && left > self.pause).then_some(self.pause)
    }

    /// How long a request that begins now may take: what the probe says, within what is left, and never so little that
    /// the last request cannot succeed.
    fn timeout(self, elapsed: Duration, probe: &Probe) -> Duration {
        probe.timeout.min(self.total.saturating_sub(elapsed).max(Duration::from_secs(1)))
    }
}

/// A request that failed while there is time left.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// Which one, from 1.
    pub number: u32,
    /// The time since the first one began.
    pub elapsed: Duration,
    /// Why it failed.
    pub failure: &'a Failure,
}

/// A probe that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Success {
    /// How many requests it took.
    pub attempts: u32,
    /// The time since the first one began.
    pub elapsed: Duration,
}

/// Asks until the answer is right or the budget is spent. `progress` is told of each request that failed and is
/// repeated.
///
/// # Errors
/// Why the last request failed.
pub fn until_it_answers(
    network: &impl Ask,
    probe: &Probe,
    budget: Budget,
    progress: &mut dyn FnMut(&Attempt<'_>),
) -> Result<Success, Failure> {
    let begun = Instant::now();
    let mut number = 1;
    loop {
        let request = Probe { timeout: budget.timeout(begun.elapsed(), probe), ..probe.clone() };
        let failure = match network.ask(&request).and_then(|answer| request.judge(&answer)) {
            Ok(()) => return Ok(Success { attempts: number, elapsed: begun.elapsed() }),
            Err(failure) => failure,
        };
        let elapsed = begun.elapsed();
        let Some(pause) = budget.pause_after(elapsed, &failure) else { return Err(failure) };
        progress(&Attempt { number, elapsed, failure: &failure });
        std::thread::sleep(pause);
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;
    use crate::Answer;

    /// Answers in turn; the last one again and again.
    struct Script(RefCell<Vec<Result<Answer, Failure>>>);

    impl Ask for Script {
        fn ask(&self, _: &Probe) -> Result<Answer, Failure> {
            let mut answers = self.0.borrow_mut();
            if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() }
        }
    }

    fn answer(status: u16) -> Answer {
        Answer { status, location: None, body: String::new() }
    }

    fn short() -> Budget {
        Budget { total: Duration::from_millis(60), pause: Duration::from_millis(5) }
    }

    fn ask(answers: Vec<Result<Answer, Failure>>) -> (Result<Success, Failure>, Vec<String>) {
        let mut told = Vec::new();
        let script = Script(RefCell::new(answers));
        let result = until_it_answers(&script, &Probe::new("https://x"), short(), &mut |attempt| {
            told.push(format!("{}: {}", attempt.number, attempt.failure));
        });
        (result, told)
    }

    #[test]
    fn it_asks_until_the_answer_is_right_and_tells_of_each_failure() {
        let (result, told) = ask(vec![Err(Failure::Refused), Ok(answer(502)), Ok(answer(200))]);
        assert_eq!(result.unwrap().attempts, 3);
        assert_eq!(told, ["1: the connection is refused: nobody listens there", "2: the status is 502, not 200"]);
    }

    #[test]
    fn when_the_budget_is_spent_the_last_failure_is_told() {
        let (result, told) = ask(vec![Err(Failure::Refused), Ok(answer(404))]);
        assert_eq!(result.unwrap_err().to_string(), "the status is 404, not 200");
        assert!(told.len() > 1);
    }

    #[test]
    fn what_cannot_succeed_is_not_asked_again() {
        let (result, told) = ask(vec![Err(Failure::Unusable("no scheme".to_owned()))]);
        assert!(matches!(result, Err(Failure::Unusable(_))) && told.is_empty());
    }

    #[test]
    fn a_request_gets_no_more_time_than_is_left_but_at_least_a_second() {
        let probe = Probe::new("https://x");
        let budget = Budget::seconds(60);
        assert_eq!(budget.timeout(Duration::ZERO, &probe), Duration::from_secs(10));
        assert_eq!(budget.timeout(Duration::from_secs(55), &probe), Duration::from_secs(5));
        assert_eq!(budget.timeout(Duration::from_secs(90), &probe), Duration::from_secs(1));
    }
}
