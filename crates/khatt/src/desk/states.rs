//! How the line stands, what is owed, and the line's own page.

use khatt_core::{
    Now,
    alarm::{Alarm as CoreAlarm, Cause, Outset},
    clocks::{Duty, Owes},
    line::{DraftId, Line},
    line_test::Standing,
    timer::Took,
};
use khatt_desk::port::{
    Alarm, CharterPage, LogRow, Need, PartyRow, Peer, RuleRow, State, Tests, TimesRow, Verb,
};
use khatt_forms::{Catalogue, Gazetteer, Language, review_words};
use khatt_record::{
    EntryId, PartyIndex, Precedence,
    charter::YesNo,
    words::{CheckWords, WordLanguage},
};

use super::{PostDesk, entry_of, role_codes};
use crate::{advice, control::views::post_name, trouble::Trouble};

impl PostDesk {
    pub(super) fn line_state(&self, language: Language) -> Result<State, Trouble> {
        self.control.look(move |line, now| {
            let own = line.own();
            let logs = line.log_views();
            let size = |log| logs.iter().find(|held| held.log == log).map_or(0, |held| held.size);
            let others = logs.iter().filter(|log| log.log != own);
            State {
                wall_ms: now.wall_ms,
                halted: line.halted().is_some(),
                peers: others
                    .map(|log| {
                        let tests = line.line_tests(log.log);
                        let silence = tests.and_then(|tests| tests.silence_since(now));
                        Peer {
                            post: post_name(line.charter(), log.log),
                            connected: line.is_connected(log.log),
                            forked: log.frozen,
                            tests: match tests.map(|tests| tests.standing()) {
                                Some(Standing::Ok) => Tests::Ok,
                                Some(Standing::Amber) => Tests::Amber,
                                Some(Standing::Red) => Tests::Red,
                                _ => Tests::Untested,
                            },
                            // Over a restart only a lower bound is known: then the time is not.
                            tested_ms: silence.and_then(|took| match took {
                                Took::Exactly(ms) => Some(now.wall_ms.saturating_sub(ms)),
                                Took::AtLeast(_) => None,
                            }),
                            round_trip_ms: tests
                                .and_then(|tests| tests.round_trips_ms().last().copied()),
                            size: log.size,
                            holds: log.confirmed,
                        }
                    })
                    .collect(),
                own_size: size(own),
                alarms: line.alarms().map(|alarm| alarm_of(alarm, language)).collect(),
            }
        })
    }

    pub(super) fn owed(&self, language: Language) -> Result<Vec<Need>, Trouble> {
        let column = self.column(language);
        let (clocks, mut needs) = self.control.look(move |line, now| {
            let clocks: Vec<_> = line
                .clocks(now)
                .map(|(key, left)| (key, left.map(|left| now.wall_ms.saturating_add(left))))
                .collect();
            (clocks, drafts(line, now, column))
        })?;
        let ids: Vec<EntryId> = clocks.iter().map(|(key, _)| key.message).collect();
        let kept = self.kept(&ids)?;
        for (key, due_ms) in &clocks {
            // A message that cannot be read has no strip; its alarm stands.
            let Some(kept) = kept.iter().find(|kept| kept.view.entry == key.message) else {
                continue;
            };
            let verb = match (key.owes, key.duty) {
                (Owes::Us, Duty::Acknowledge) => Verb::Acknowledge,
                (Owes::Us, Duty::Answer) => Verb::Answer,
                (Owes::Peer(_), Duty::Acknowledge) => Verb::TheyAcknowledge,
                (Owes::Peer(_), Duty::Answer) => Verb::TheyAnswer,
            };
            needs.push(Need {
                verb,
                entry: Some(entry_of(key.message)),
                draft: None,
                precedence: u8::try_from(kept.view.precedence.index()).unwrap_or(u8::MAX),
                title: kept.text(column, self).map(|text| text.title).unwrap_or_default(),
                by: String::new(),
                due_ms: *due_ms,
                wanted: 0,
            });
        }
        needs.sort_by_key(|need| (need.precedence, need.due_ms.unwrap_or(0)));
        Ok(needs)
    }

    pub(super) fn charter_page(&self, language: Language) -> Result<CharterPage, Trouble> {
        let mut page = self.control.look(move |line, _| {
            let name = |post| post_name(line.charter(), post);
            let logs = line.log_views().into_iter().map(|log| LogRow {
                post: name(log.log),
                size: log.size,
                root: log.root.to_string(),
                holds: log.confirmed,
            });
            let times = line.statistics().iter().map(|(post, precedence, level, times)| TimesRow {
                post: name(post),
                precedence: u8::try_from(precedence.index()).unwrap_or(u8::MAX),
                level: level.number(),
                count: times.count(),
                median_ms: times.median_ms(),
                max_ms: times.max_ms(),
            });
            CharterPage { logs: logs.collect(), times: times.collect(), ..CharterPage::default() }
        })?;
        let signed = &self.control.charter;
        let charter = signed.charter();
        let heard = charter.languages.iter().filter_map(|tag| {
            let words = CheckWords::of(signed.hash(), WordLanguage::from_tag(tag)?);
            Some((Language::from_tag(tag)?, words.iter().map(str::to_owned).collect()))
        });
        page.words = heard.collect();
        let parties = (0..=u8::MAX).map(PartyIndex).zip(&charter.parties);
        page.parties = parties
            .map(|(index, party)| PartyRow {
                name: party.name.clone(),
                posts: charter
                    .posts
                    .iter()
                    .filter(|post| post.party == index)
                    .map(|post| post.name.clone())
                    .collect(),
                officers: charter
                    .officers
                    .iter()
                    .filter(|officer| officer.party == index)
                    .map(|officer| (officer.title.clone(), role_codes(officer.roles)))
                    .collect(),
            })
            .collect();
        page.rules = (0..)
            .zip(Precedence::ALL)
            .zip(&charter.clocks)
            .map(|((at, precedence), clock)| {
                let rule = charter.release_rule(precedence);
                RuleRow {
                    precedence: at,
                    signatures: rule.signatures,
                    emergency: rule.emergency_single == YesNo::Yes,
                    acknowledge_s: clock.acknowledge_s,
                    escalate_s: clock.escalate_s,
                    give_up_s: clock.give_up_s,
                }
            })
            .collect();
        page.forms = charter
            .forms
            .iter()
            .map(|entry| {
                let id = khatt_forms::FormId { number: entry.number, version: entry.version };
                let form = Catalogue::builtin().get(id);
                (
                    form.map_or_else(String::new, |form| form.name().to_owned()),
                    form.map_or_else(|| id.to_string(), |form| form.title(language).to_owned()),
                    entry.version.to_string(),
                    form.map_or_else(String::new, |form| {
                        review_words(form.review(language), language)
                    }),
                )
            })
            .collect();
        page.test_every_s = u64::from(charter.line_test.interval_s);
        page.attribution = Gazetteer::builtin().attribution().to_owned();
        Ok(page)
    }
}

fn drafts(line: &Line, now: Now, language: Language) -> Vec<Need> {
    let need = |draft: &khatt_core::draft::Draft| {
        let to_sign = line.draft_to_sign(DraftId(draft.id()), now)?;
        let form = Catalogue::builtin().get(draft.body().form);
        let drafter = line.charter().officer(draft.drafter());
        let returned = draft.returned().is_some();
        Some(Need {
            verb: if returned { Verb::Returned } else { Verb::Release },
            entry: None,
            draft: Some(data_encoding::HEXLOWER.encode(&draft.id())),
            precedence: u8::try_from(draft.precedence().index()).unwrap_or(u8::MAX),
            title: form.map(|form| form.title(language).to_owned()).unwrap_or_default(),
            by: drafter.map(|officer| officer.title.clone()).unwrap_or_default(),
            due_ms: None,
            wanted: to_sign.wanted,
        })
    };
    line.drafts().filter_map(need).collect()
}

fn alarm_of(alarm: &CoreAlarm, language: Language) -> Alarm {
    let code = alarm.cause.code();
    let (what, advice) = advice::text(code, language);
    let entry = match alarm.cause {
        Cause::IncomingUnacknowledged { message, .. }
        | Cause::Escalation { message, .. }
        | Cause::PeerSilent { message, .. }
        | Cause::PeerRenderingDiffers { message }
        | Cause::PeerReadBackDiffers { message, .. } => Some(entry_of(message)),
        _ => None,
    };
    Alarm {
        key: alarm.cause.key(),
        code: code.to_owned(),
        class: alarm.cause.class().letter(),
        what: what.to_owned(),
        advice: advice.to_owned(),
        raised_ms: alarm.raised_wall_ms,
        count: alarm.count,
        seen: alarm.seen_by.is_some(),
        first: alarm.outset == Outset::FirstOut,
        entry,
    }
}
