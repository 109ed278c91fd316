//! The rules under which a scenario is played: what its charter is drawn up from.
//!
//! Keys, indices and hashes are the host's to make; a scenario holds only what a person decides.

use khatt_record::Precedence;

use super::document::Section;
use super::error::ScenarioError;
use super::name::Word;

/// What the parties of a scenario agreed on, as far as a person decides it.
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CharterSettings {
    /// Tags of the line's languages, as in `en`.
    pub languages: Vec<Word>,
    /// Release rule per precedence, FLASH first.
    pub release: [ReleaseRule; 4],
    /// Acknowledgement clocks per precedence, FLASH first.
    pub clocks: [Clock; 4],
    /// When the line is tested.
    pub line_test: LineTest,
    /// What a party may send.
    pub quotas: Quotas,
    /// What still passes when the line is suspended.
    pub floor: Floor,
}

/// How many officers release a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseRule {
    /// Distinct officers that must sign, the drafter included: 1 to 4.
    pub signatures: u8,
    /// Whether one officer may release in an emergency.
    pub emergency_single: bool,
}

/// When silence becomes an alarm, and then more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Milliseconds until an officer must have it.
    pub acknowledge_ms: u64,
    /// Milliseconds until the next step of the escalation chain.
    pub escalate_ms: u64,
    /// Milliseconds until other routes are taken.
    pub give_up_ms: u64,
}

/// The schedule of line tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineTest {
    /// Milliseconds from one test to the next.
    pub interval_ms: u64,
    /// Milliseconds within which the reply must come.
    pub answer_ms: u64,
}

/// What a party may send before it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Largest entry in bytes.
    pub entry_bytes: u64,
    /// Entries in a day.
    pub entries_per_day: u64,
    /// Bytes in a day.
    pub bytes_per_day: u64,
    /// FLASH messages in an hour.
    pub flash_per_hour: u64,
}

/// What still passes when the line is suspended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Floor {
    /// These precedences pass.
    pub precedences: Vec<Precedence>,
    /// These forms pass.
    pub forms: Vec<Word>,
}

/// The words for the four precedences.
pub(super) const PRECEDENCES: [(&str, Precedence); 4] = [
    ("flash", Precedence::Flash),
    ("immediate", Precedence::Immediate),
    ("priority", Precedence::Priority),
    ("routine", Precedence::Routine),
];

/// Reads the `charter` table.
pub(super) fn read(section: Section<'_, '_>) -> Result<CharterSettings, ScenarioError> {
    let languages = section.words("languages")?;
    if languages.is_empty() {
        // Asks for one, so that the error names the key.
        section.word("languages")?;
    }
    let release = per_precedence(section.section("release")?, |rule| {
        Ok(ReleaseRule {
            signatures: u8::try_from(rule.number("signatures", 1, 4)?).unwrap_or(4),
            emergency_single: rule.yes_or("emergency-single", false)?,
        })
    })?;
    let clocks = per_precedence(section.section("clocks")?, |clock| {
        let acknowledge = clock.offset("acknowledge")?.value;
        let escalate = clock.offset("escalate")?;
        let give_up = clock.offset("give-up")?;
        if escalate.value < acknowledge {
            return Err(escalate.wrong("no earlier than `acknowledge`", "an earlier time"));
        }
        if give_up.value < escalate.value {
            return Err(give_up.wrong("no earlier than `escalate`", "an earlier time"));
        }
        Ok(Clock {
            acknowledge_ms: acknowledge,
            escalate_ms: escalate.value,
            give_up_ms: give_up.value,
        })
    })?;
    let test = section.section("line-test")?;
    let line_test = LineTest {
        interval_ms: test.offset("interval")?.value,
        answer_ms: test.offset("answer")?.value,
    };
    test.finish()?;
    let quota = section.section("quotas")?;
    let quotas = Quotas {
        entry_bytes: quota.number("entry-bytes", 512, 1 << 20)?,
        entries_per_day: quota.number("entries-per-day", 1, 1 << 32)?,
        bytes_per_day: quota.number("bytes-per-day", 1, 1 << 48)?,
        flash_per_hour: quota.number("flash-per-hour", 1, 1 << 16)?,
    };
    quota.finish()?;
    let floor = match section.optional_section("floor")? {
        None => Floor::default(),
        Some(floor) => {
            let known =
                |text: &str| PRECEDENCES.iter().find(|(word, _)| *word == text).map(|p| p.1);
            let precedences = floor.list("precedences", "a precedence", known)?;
            let forms = floor.words("forms")?;
            floor.finish()?;
            Floor {
                precedences: precedences.into_iter().map(|found| found.value).collect(),
                forms: forms.into_iter().map(|found| found.value).collect(),
            }
        }
    };
    section.finish()?;
    let languages = languages.into_iter().map(|found| found.value).collect();
    Ok(CharterSettings { languages, release, clocks, line_test, quotas, floor })
}

/// Reads one table for each precedence.
fn per_precedence<T>(
    section: Section<'_, '_>,
    read: impl Fn(&Section<'_, '_>) -> Result<T, ScenarioError>,
) -> Result<[T; 4], ScenarioError> {
    let one = |key| {
        let rule = section.section(key)?;
        let value = read(&rule)?;
        rule.finish()?;
        Ok(value)
    };
    let all = [one("flash")?, one("immediate")?, one("priority")?, one("routine")?];
    section.finish()?;
    Ok(all)
}
