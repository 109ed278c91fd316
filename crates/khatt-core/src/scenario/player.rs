//! Plays a scenario: says what is to be done next, and judges what was seen.
//!
//! The player has no clock and no engine. Its host asks [`Player::next`] at every change: it does
//! the action it is given and reports how that went, or moves the scenario clock when told to wait.
//! Steps are started in the order of the document, one after the other; what they expect is watched
//! beside the steps that follow. The first thing that does not hold ends the run.

use std::collections::BTreeMap;

use super::action::{Action, ActionKind, Next, action_kind};
use super::expect::{Expect, Expectation};
use super::header::Scenario;
use super::moment::shown;
use super::name::Name;
use super::observed::{Observed, Report};
use super::step::{Act, Step, Timing};
use super::step_fault::StepFault;

/// Plays one scenario from its start to its end, once.
#[derive(Debug)]
pub struct Player<'a> {
    scenario: &'a Scenario,
    /// The step that is due or being done; those before it are started.
    cursor: usize,
    stage: Stage,
    /// The next fault of the scenario's own list.
    next_fault: usize,
    watched: Vec<Watched<'a>>,
    /// When all that a step expected was met.
    complete: BTreeMap<&'a Name, u64>,
    failed: Option<StepFault>,
}

/// Where the step at the cursor stands.
#[derive(Debug)]
enum Stage {
    /// Not yet due.
    Coming,
    /// Due since, and not started.
    Due { since_ms: u64 },
    /// Given to the host. `before` counts, row by row, what had been seen by then.
    Given { since_ms: u64, before: Vec<usize> },
    /// A wait.
    Waiting { until_ms: u64 },
}

/// A row that is being watched.
#[derive(Debug)]
struct Watched<'a> {
    step: &'a Name,
    what: &'a Expect,
    until_ms: u64,
    before: usize,
}

impl<'a> Player<'a> {
    /// Returns a player at the start of a scenario.
    #[must_use]
    pub const fn new(scenario: &'a Scenario) -> Self {
        Self {
            scenario,
            cursor: 0,
            stage: Stage::Coming,
            next_fault: 0,
            watched: Vec::new(),
            complete: BTreeMap::new(),
            failed: None,
        }
    }

    /// Says what comes next.
    ///
    /// `now_ms` is the scenario clock: milliseconds since the scenario's start, never less than at
    /// the call before. `observed` holds everything seen so far.
    pub fn next(&mut self, now_ms: u64, observed: &Observed) -> Next {
        if let Some(fault) = &self.failed {
            return Next::Failed(fault.clone());
        }
        self.advance(now_ms, observed).unwrap_or_else(|fault| {
            self.failed = Some(fault.clone());
            Next::Failed(fault)
        })
    }

    /// Returns how many steps are complete, and of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.complete.len(), self.scenario.steps.len())
    }

    /// Returns when all that a step expected was met, on the scenario clock.
    #[must_use]
    pub fn completed_ms(&self, step: &Name) -> Option<u64> {
        self.complete.get(step).copied()
    }

    fn advance(&mut self, now_ms: u64, observed: &Observed) -> Result<Next, StepFault> {
        self.settle(now_ms, observed)?;
        if let Some(fault) = self.scenario.faults.get(self.next_fault).filter(|f| f.at_ms <= now_ms)
        {
            self.next_fault += 1;
            let kind = ActionKind::Fault(fault.act.clone());
            return Ok(Next::Act(Box::new(Action { step: fault.name.clone(), say: None, kind })));
        }
        let mut wake_ms = None;
        while let Some(step) = self.scenario.steps.get(self.cursor) {
            match self.pursue(step, now_ms, observed)? {
                Pursuit::Act(action) => return Ok(Next::Act(action)),
                Pursuit::Until(until_ms) => {
                    wake_ms = until_ms;
                    break;
                }
                Pursuit::On => self.settle(now_ms, observed)?,
            }
        }
        if self.cursor >= self.scenario.steps.len() && self.watched.is_empty() {
            return Ok(Next::Done);
        }
        // A step that waits for another to complete has no time of its own, but the other is watched.
        let fault_ms = self.scenario.faults.get(self.next_fault).map(|fault| fault.at_ms);
        let rows_ms = self.watched.iter().map(|row| row.until_ms).min();
        let until_ms = [wake_ms, fault_ms, rows_ms].into_iter().flatten().min();
        Ok(Next::WaitUntil(until_ms.unwrap_or(now_ms)))
    }

    /// Takes the step at the cursor one stage further, if it can go.
    fn pursue(
        &mut self,
        step: &'a Step,
        now_ms: u64,
        observed: &Observed,
    ) -> Result<Pursuit, StepFault> {
        match &self.stage {
            Stage::Coming => match self.due_ms(step) {
                Some(due_ms) if due_ms <= now_ms => {
                    self.stage = Stage::Due { since_ms: now_ms };
                    Ok(Pursuit::On)
                }
                due_ms => Ok(Pursuit::Until(due_ms)),
            },
            Stage::Due { since_ms } => {
                let until_ms = since_ms.saturating_add(step.ready_ms);
                match self.missing(step, observed) {
                    None => Ok(self.start(step, now_ms, observed)),
                    Some(_) if now_ms < until_ms => Ok(Pursuit::Until(Some(until_ms))),
                    Some((missing, post)) => Err(StepFault::NotReady {
                        step: step.name.clone(),
                        missing: missing.clone(),
                        post: post.clone(),
                        by: shown(until_ms),
                    }),
                }
            }
            Stage::Given { since_ms, before } => {
                let until_ms = since_ms.saturating_add(self.scenario.bounds.act_ms);
                let Some(report) = observed.report(&step.name) else {
                    if now_ms < until_ms {
                        return Ok(Pursuit::Until(Some(until_ms)));
                    }
                    let (step, by) = (step.name.clone(), shown(until_ms));
                    return Err(StepFault::NotDone { step, by });
                };
                check_report(step, report)?;
                let before = before.clone();
                self.watch(step, now_ms, &before);
                Ok(Pursuit::On)
            }
            Stage::Waiting { until_ms } if now_ms < *until_ms => {
                Ok(Pursuit::Until(Some(*until_ms)))
            }
            Stage::Waiting { .. } => {
                self.watch(step, now_ms, &[]);
                Ok(Pursuit::On)
            }
        }
    }

    fn due_ms(&self, step: &Step) -> Option<u64> {
        match &step.timing {
            Timing::At(ms) => Some(*ms),
            Timing::After { step, delay_ms } => {
                self.complete.get(step).map(|ms| ms.saturating_add(*delay_ms))
            }
        }
    }

    /// Returns the first step whose message is not at the acting post, and that post.
    fn missing(&self, step: &'a Step, observed: &Observed) -> Option<(&'a Name, &'a Name)> {
        let post = step.act.post()?;
        let absent = |need: &&Name| {
            let author = self.scenario.step(need).and_then(|earlier| earlier.act.post());
            !observed
                .entry_of(need)
                .is_some_and(|entry| author == Some(post) || observed.is_stored(entry, post))
        };
        step.needs().into_iter().find(absent).map(|need| (need, post))
    }

    fn start(&mut self, step: &'a Step, now_ms: u64, observed: &Observed) -> Pursuit {
        let kind = match &step.act {
            Act::Expect => {
                self.watch(step, now_ms, &[]);
                return Pursuit::On;
            }
            Act::Wait { for_ms } => {
                self.stage = Stage::Waiting { until_ms: now_ms.saturating_add(*for_ms) };
                return Pursuit::On;
            }
            act => action_kind(act, observed),
        };
        let Some(kind) = kind else {
            // `missing` found every entry just now; without one there is nothing to do but to wait.
            return Pursuit::Until(None);
        };
        let before = step.expect.iter().map(|row| observed.count(&row.what)).collect();
        self.stage = Stage::Given { since_ms: now_ms, before };
        Pursuit::Act(Box::new(Action { step: step.name.clone(), say: step.say.clone(), kind }))
    }

    /// Starts to watch what a step expects, and goes on to the next step.
    fn watch(&mut self, step: &'a Step, now_ms: u64, before: &[usize]) {
        let counts = before.iter().copied().chain(std::iter::repeat(0));
        let rows = step.expect.iter().zip(counts);
        self.watched.extend(rows.map(|(Expectation { what, within_ms }, before)| Watched {
            step: &step.name,
            what,
            until_ms: now_ms.saturating_add(*within_ms),
            before,
        }));
        if step.expect.is_empty() {
            self.complete.insert(&step.name, now_ms);
        }
        self.cursor += 1;
        self.stage = Stage::Coming;
    }

    /// Drops every row that holds, and fails at the first that can hold no more.
    fn settle(&mut self, now_ms: u64, observed: &Observed) -> Result<(), StepFault> {
        let mut still = Vec::with_capacity(self.watched.len());
        let mut met = Vec::new();
        for row in std::mem::take(&mut self.watched) {
            let over = now_ms >= row.until_ms;
            let never = matches!(row.what, Expect::Never { .. });
            match (observed.holds(row.step, row.what, row.before), never) {
                (true, false) => met.push(row.step),
                (true, true) if over => met.push(row.step),
                (false, true) => return Err(row.broken(observed)),
                (false, false) if over => return Err(row.unmet(observed)),
                _ => still.push(row),
            }
        }
        self.watched = still;
        for step in met {
            if !self.watched.iter().any(|row| row.step == step) {
                self.complete.entry(step).or_insert(now_ms);
            }
        }
        Ok(())
    }
}

/// How far a step came.
enum Pursuit {
    /// A stage further: look again.
    On,
    /// The host has something to do.
    Act(Box<Action>),
    /// Not before this time, or not before something new is seen.
    Until(Option<u64>),
}

impl Watched<'_> {
    fn unmet(&self, observed: &Observed) -> StepFault {
        StepFault::Unmet {
            step: self.step.clone(),
            expected: self.what.to_string(),
            by: shown(self.until_ms),
            seen: observed.instead(self.what),
        }
    }

    fn broken(&self, observed: &Observed) -> StepFault {
        StepFault::Broken {
            step: self.step.clone(),
            expected: self.what.to_string(),
            by: shown(self.until_ms),
            seen: observed.instead(self.what),
        }
    }
}

/// Compares how an act ended with how it should have.
fn check_report(step: &Step, report: &Report) -> Result<(), StepFault> {
    let wanted = step.expect.iter().find_map(|row| match &row.what {
        Expect::Refused { code } => Some(code),
        _ => None,
    });
    let name = step.name.clone();
    match (report, wanted) {
        (Report::Refused(code), Some(wanted)) if code == wanted => Ok(()),
        (Report::Refused(code), wanted) => Err(StepFault::Refused {
            step: name,
            code: code.clone(),
            expected: wanted.map_or_else(|| "the act done".to_owned(), ToString::to_string),
        }),
        (_, Some(code)) => Err(StepFault::NotRefused { step: name, code: code.clone() }),
        (_, None) => Ok(()),
    }
}
