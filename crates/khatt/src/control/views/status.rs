//! How a post stands, as it is shown to a person: logs, cosignatures, alarms.

use khatt_core::{
    Now,
    line::{CosignedView, Line},
};
use khatt_record::SignedCharter;
use serde::{Deserialize, Serialize};

use super::{post_name, zulu};

/// How a post stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StatusView {
    /// The line's kind.
    pub kind: String,
    /// The line.
    pub line: String,
    /// This post.
    pub post: String,
    /// Its party.
    pub party: String,
    /// Whether it signs nothing more, because a peer holds more of its log than it does itself.
    pub halted: bool,
    /// Every log.
    pub logs: Vec<LogRow>,
    /// Alarms that stand.
    pub alarms: Vec<AlarmRow>,
    /// Drafts that wait.
    pub drafts: usize,
    /// What this process answers for: `running` with its network, or `alone` for one command.
    pub mode: String,
    /// How it fares, in numbers.
    pub health: crate::health::HealthView,
}

/// One log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogRow {
    /// Its post.
    pub post: String,
    /// Entries durable here.
    pub size: u64,
    /// The root at that size.
    pub root: String,
    /// How much of our log its post is known to hold.
    pub confirmed: u64,
    /// Whether a route to it is up.
    pub connected: bool,
    /// Whether it was proved to have signed two histories.
    pub forked: bool,
    /// The newest post-quantum cosignature of each post over it, by cosigner.
    pub cosigned: Vec<CosignedRow>,
    /// How the last line tests went: `untested`, `ok`, `amber`, `red`; `own` for this post.
    pub tests: String,
}

/// The newest post-quantum cosignature of one post over one log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CosignedRow {
    /// The cosigner.
    pub by: String,
    /// The size that it cosigned.
    pub size: u64,
    /// When, as it claims; empty if it says nothing of the time.
    pub time: String,
    /// How long ago that is, in seconds, by this post's clock.
    pub age_s: Option<u64>,
}

/// One alarm.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AlarmRow {
    /// Its code.
    pub code: String,
    /// Its key, for `post alarm`.
    pub key: String,
    /// `Z`, `S`, `O`, `P` or `R`.
    pub class: String,
    /// When it was raised.
    pub time: String,
    /// How often its cause has come.
    pub count: u64,
    /// Whether an officer has seen it.
    pub seen: bool,
}

impl StatusView {
    /// Shows how a post stands. `mode` says whether its network runs.
    #[must_use]
    pub fn of(line: &Line, mode: &str, now: Now) -> Self {
        let charter = line.charter();
        let own = line.own();
        let party = charter.post(own).and_then(|post| charter.charter().party(post.party));
        let cosigned = line.cosigned_views();
        let cosigned = |log| {
            let of = cosigned.iter().filter(move |view| view.log == log);
            of.map(|view| CosignedRow::of(charter, view, now)).collect()
        };
        let logs = line.log_views().into_iter().map(|log| LogRow {
            post: post_name(charter, log.log),
            size: log.size,
            root: log.root.to_string(),
            confirmed: log.confirmed,
            connected: log.log == own || line.is_connected(log.log),
            forked: log.frozen,
            cosigned: cosigned(log.log),
            tests: line
                .line_tests(log.log)
                .map_or("own", |tests| standing(tests.standing()))
                .into(),
        });
        let alarms = line.alarms().map(|alarm| AlarmRow {
            code: alarm.cause.code().to_owned(),
            key: alarm.cause.key(),
            class: alarm.cause.class().letter().to_string(),
            time: zulu(alarm.raised_wall_ms),
            count: alarm.count,
            seen: alarm.seen_by.is_some(),
        });
        Self {
            kind: line.kind().to_string(),
            line: line.line_id().to_string(),
            post: post_name(charter, own),
            party: party.map(|party| party.name.clone()).unwrap_or_default(),
            halted: line.halted().is_some(),
            logs: logs.collect(),
            alarms: alarms.collect(),
            drafts: line.drafts().count(),
            mode: mode.to_owned(),
            health: Default::default(),
        }
    }
}

impl CosignedRow {
    fn of(charter: &SignedCharter, view: &CosignedView, now: Now) -> Self {
        let timed = view.time_s != 0;
        Self {
            by: post_name(charter, view.by),
            size: view.size,
            time: if timed { zulu(view.time_s.saturating_mul(1000)) } else { String::new() },
            // A claim that lies ahead of our clock is as fresh as can be.
            age_s: timed.then(|| (now.wall_ms / 1000).saturating_sub(view.time_s)),
        }
    }
}

const fn standing(standing: khatt_core::line_test::Standing) -> &'static str {
    use khatt_core::line_test::Standing;
    match standing {
        Standing::Untested => "untested",
        Standing::Ok => "ok",
        Standing::Amber => "amber",
        Standing::Red => "red",
    }
}
