//! Asking again, for as long as there is hope and time.

use std::time::{Duration, Instant};

use crate::{Ask, Failure, Probe};

/// How long to go on asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The time in all.
    pub total: Duration,
    /// The time in all while the certificate is not there yet, which a new one may take; never less than `total`. The
    /// other time begins when it is there.
    pub certificate: Duration,
    /// The pause between two requests.
    pub pause: Duration,
}

impl Budget {
    /// `seconds` in all, a request every half second.
    pub fn seconds(seconds: u64) -> Self {
        let total = Duration::from_secs(seconds);
        Self { total, certificate: total, pause: Duration::from_millis(500) }
    }

    /// The same with more patience for a new certificate.
    #[must_use]
    pub fn certificate(self, certificate: Duration) -> Self {
        Self { certificate, ..self }
    }

    /// Whether to ask again after a failure.
    fn has_left(self, clock: Clock, failure: &Failure) -> bool {
        let left = if failure.awaits_certificate() {
            self.certificate.max(self.total).saturating_sub(clock.begun.elapsed())
        } else {
            self.total.saturating_sub(clock.trusted.elapsed())
        };
        failure.may_pass() && left > self.pause
    }

    /// How long a request that begins now may take: `at_most`, within what is left, and never so little that the last
    /// request cannot succeed.
    fn timeout(self, elapsed: Duration, at_most: Duration) -> Duration {
        at_most.min(self.total.saturating_sub(elapsed).max(Duration::from_secs(1)))
    }
}

/// What the times of a budget are counted from.
#[derive(Clone, Copy)]
struct Clock {
    /// The first request.
    begun: Instant,
    /// The last failure that was one of waiting for a certificate, or the first request.
    trusted: Instant,
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
    until(budget, probe.timeout, progress, |timeout| {
        let request = Probe { timeout, ..probe.clone() };
        network.ask(&request).and_then(|answer| request.judge(&answer))
    })
}

/// Tries until it succeeds or the budget is spent. Each attempt is told how long it may take, never more than `at_most`.
///
/// # Errors
/// Why the last attempt failed.
pub fn until(
    budget: Budget,
    at_most: Duration,
    progress: &mut dyn FnMut(&Attempt<'_>),
    mut attempt: impl FnMut(Duration) -> Result<(), Failure>,
) -> Result<Success, Failure> {
    let begun = Instant::now();
    let mut clock = Clock { begun, trusted: begun };
    let mut number = 1;
    loop {
        let failure = match attempt(budget.timeout(clock.trusted.elapsed(), at_most)) {
            Ok(()) => return Ok(Success { attempts: number, elapsed: begun.elapsed() }),
            Err(failure) => failure,
        };
        if failure.awaits_certificate() {
            clock.trusted = Instant::now();
        }
        if !budget.has_left(clock, &failure) {
            return Err(failure);
        }
        progress(&Attempt { number, elapsed: begun.elapsed(), failure: &failure });
        std::thread::sleep(budget.pause);
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
        let total = Duration::from_millis(60);
        Budget { total, certificate: total, pause: Duration::from_millis(5) }
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
    fn a_certificate_that_is_new_gets_more_time_and_leaves_the_app_its_own() {
        let on_its_way = || Err(Failure::Tls(crate::TlsProblem::UnknownIssuer));
        let script = |answers: usize| {
            let mut answers: Vec<_> = std::iter::repeat_with(on_its_way).take(answers).collect();
            answers.extend([Ok(answer(404)), Ok(answer(200))]);
            Script(RefCell::new(answers))
        };
        let ask = |budget: Budget| until_it_answers(&script(30), &Probe::new("https://x"), budget, &mut |_| {});
        assert!(ask(short()).is_err(), "thirty pauses are more than the budget");
        assert_eq!(ask(short().certificate(Duration::from_secs(20))).unwrap().attempts, 32);
    }

    #[test]
    fn a_certificate_that_has_expired_is_not_new() {
        let expired = Failure::Tls(crate::TlsProblem::Expired);
        let script = Script(RefCell::new(vec![Err(expired.clone())]));
        let budget = short().certificate(Duration::from_secs(3600));
        assert_eq!(until_it_answers(&script, &Probe::new("https://x"), budget, &mut |_| {}), Err(expired));
    }

    #[test]
    fn a_request_gets_no_more_time_than_is_left_but_at_least_a_second() {
        let (budget, at_most) = (Budget::seconds(60), Duration::from_secs(10));
        assert_eq!(budget.timeout(Duration::ZERO, at_most), Duration::from_secs(10));
        assert_eq!(budget.timeout(Duration::from_secs(55), at_most), Duration::from_secs(5));
        assert_eq!(budget.timeout(Duration::from_secs(90), at_most), Duration::from_secs(1));
    }
}
