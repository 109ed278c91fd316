//! What happens in a run: who is on the line, what its officers mean to say, and what goes wrong.
//!
//! A seed draws a plan; a plan is a value that can be written to a file, cut down and played again.
//! What the engines make of it, and what frames are lost on the way, is not in it: that follows
//! from the plan and its seed alone.

use serde::{Deserialize, Serialize};

mod draw;

/// Everything that determines a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Where every chance of the run comes from.
    pub seed: u64,
    /// How many parties, with one post each, from 2 to 5.
    pub parties: u8,
    /// How long things go wrong, in milliseconds.
    pub storm_ms: u64,
    /// How long nothing goes wrong after that, in milliseconds.
    pub calm_ms: u64,
    /// Whether posts make post-quantum cosignatures.
    pub cosigning: Choice,
    /// Whether a desk of each post gives signs of life.
    pub desks: Choice,
    /// One for each post.
    pub posts: Vec<PostPlan>,
    /// The line between each two posts, in good times.
    pub links: Vec<LinkPlan>,
    /// What happens, in the order of time.
    pub item: Vec<Item>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// So it is.
    Yes,
    /// So it is not.
    No,
}

/// A post's machine and its officers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostPlan {
    /// How fast its clocks run, in parts of a million too fast.
    pub drift_ppm: i64,
    /// How far its wall clock is off at the beginning, in milliseconds.
    pub offset_ms: i64,
    /// How long its disk takes to make a batch durable, in milliseconds.
    pub sync_ms: u64,
    /// How long its officers take, in milliseconds.
    pub officers_ms: u64,
    /// How many of a thousand messages its officers leave unanswered.
    pub refuses: u64,
}

/// The line between two posts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPlan {
    /// One end.
    pub a: u8,
    /// The other end.
    pub b: u8,
    /// How long a frame takes, in milliseconds.
    pub delay_ms: u64,
    /// How much fits, in bits a second.
    pub bits_per_s: u64,
}

/// Something that happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// When, in milliseconds since the run began.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum What {
    /// Officers of a post draft a message, and release it or not.
    Message {
        /// The post.
        post: u8,
        /// Place of the form among those that officers use.
        form: u64,
        /// Precedence from 0, FLASH, to 3; 4 is the form's own.
        precedence: u8,
        /// What it refers to: the newest message here (1), one of ours (2), nothing (0).
        refers: u8,
        /// What its officers do with it.
        ending: Ending,
    },
    /// An officer tests the line.
    TestLine {
        /// The post.
        post: u8,
    },
    /// A post stops as in a power cut.
    Crash {
        /// The post.
        post: u8,
        /// Where in a commit; the next commit of the kind is waited for.
        point: Point,
        /// Which commit.
        batch: BatchKind,
        /// How long it stays off, in milliseconds.
        down_ms: u64,
    },
    /// Nothing passes from one post to another.
    Cut {
        /// From here.
        from: u8,
        /// To there.
        to: u8,
        /// For so many milliseconds.
        ms: u64,
    },
    /// A link loses, doubles, overtakes, alters or delays frames in one direction.
    Weather {
        /// From here.
        from: u8,
        /// To there.
        to: u8,
        /// For so many milliseconds.
        ms: u64,
        /// Frames of a thousand that are lost.
        loss: u64,
        /// Frames of a thousand that come twice.
        twice: u64,
        /// Frames of a thousand that come late, overtaken by others.
        late: u64,
        /// Frames of a thousand with a bit altered.
        altered: u64,
        /// Bits a second; 0 leaves the link's own.
        bits_per_s: u64,
    },
    /// Frames that were sent before come again, as whoever listens could bring it about.
    Replay {
        /// From here.
        from: u8,
        /// To there.
        to: u8,
        /// So many.
        count: u64,
    },
    /// Bytes that are no frames come in a post's name.
    Noise {
        /// In whose name.
        from: u8,
        /// To there.
        to: u8,
        /// So many times.
        count: u64,
    },
    /// Frames of a drill between the same posts come on this line.
    OtherLine {
        /// From here.
        from: u8,
        /// To there.
        to: u8,
    },
    /// A post's wall clock is set.
    ClockStep {
        /// The post.
        post: u8,
        /// By so many milliseconds.
        ms: i64,
    },
    /// A post's disk has no room.
    DiskFull {
        /// The post.
        post: u8,
        /// For so many milliseconds.
        ms: u64,
    },
    /// A post's disk is slow.
    DiskSlow {
        /// The post.
        post: u8,
        /// For so many milliseconds.
        ms: u64,
        /// A sync takes so long, in milliseconds.
        sync_ms: u64,
    },
    /// One bit of an entry at rest turns.
    Rot {
        /// The post.
        post: u8,
        /// Of which log.
        log: u8,
        /// Which entry, counted around.
        entry: u64,
    },
    /// A copy of a post's disk is put aside: a backup, or a snapshot of the machine.
    Backup {
        /// The post.
        post: u8,
    },
    /// The copy takes the place of the disk.
    Restore {
        /// The post.
        post: u8,
        /// How long the machine is off meanwhile, in milliseconds.
        down_ms: u64,
    },
    /// A party runs a program in the place of its post from now on, with all the post's keys.
    TakeOver {
        /// The post.
        post: u8,
    },
    /// The program does something.
    Deed {
        /// The post.
        post: u8,
        /// What.
        deed: Deed,
        /// To which post.
        to: u8,
    },
}

/// What officers do with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Both sign.
    Released,
    /// One officer releases it alone in an emergency.
    Alone,
    /// The releasing officer gives it back.
    Returned,
    /// Nobody releases it.
    Left,
    /// The releasing officer mistypes the critical values first.
    Mistyped,
    /// Both sign, and one asks twice.
    Twice,
}

/// Where in a commit a power cut comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// Before the first write.
    BeforeWrite,
    /// While the journal is written: some sectors are there.
    TornWrite,
    /// The journal is written, its sync not begun: nothing is there.
    LostWrite,
    /// The journal is written, its sync not ended: all is there, and nobody was told.
    KeptWrite,
    /// The journal is synced, the head file not written.
    Synced,
    /// While the head file is written.
    TornHead,
    /// The head file is written, its sync not ended.
    KeptHead,
    /// Everything is synced, the engine not told.
    Durable,
    /// The engine was told, nothing has left.
    Told,
}

/// What a commit is mostly about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchKind {
    /// A message of our own.
    Message,
    /// A receipt of ours.
    Receipt,
    /// Entries of others, without a receipt.
    Peers,
    /// Keys of our own: an opening, prekeys, epochs.
    Keys,
    /// Working state alone.
    State,
    /// Proof against a peer.
    Proof,
}

/// What a program in a post's place can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Shows different posts different histories.
    Fork,
    /// Continues its log with a proper message.
    Message,
    /// A FLASH ahead of entries that never come.
    FlashAhead,
    /// Another history than the one that a FLASH ahead was proved in.
    ForkAhead,
    /// Says that it holds more of the receiver's log than there is.
    LargeHave,
    /// Says that its own log is shorter than it has signed.
    ShortHave,
    /// A receipt for entries that do not exist.
    FalseSize,
    /// A receipt that names another root.
    FalseRoot,
    /// A receipt in another's name.
    OtherReceipt,
    /// A message released by nobody.
    Unreleased,
    /// A message released by one officer alone.
    OneOfficer,
    /// A message released by the receiver's own officers' names with other keys.
    ForgedOfficer,
    /// A message whose rendering digest is another.
    OtherRendering,
    /// A message without what its entry commits to.
    Unopenable,
    /// An entry that is none.
    Malformed,
    /// A checkpoint signed with another key.
    OtherKey,
    /// Frames under an epoch of another line, or none.
    OldEpoch,
    /// Capsules without end.
    CapsuleFlood,
    /// Questions without end.
    WantFlood,
    /// Messages without end.
    Flood,
    /// Line tests without end.
    TestFlood,
    /// A forged proof that another has forked.
    ForgedProof,
    /// Entries in another post's name.
    OtherLog,
    /// Items that no program writes.
    RandomItems,
    /// Acknowledgements of what was never sent.
    FalseAcknowledgement,
    /// Entries of far in the future.
    FarFuture,
    /// An entry that says it has seen less than the one before.
    SeenLess,
}

impl Plan {
    /// Returns the text of this plan as a file.
    ///
    /// # Errors
    ///
    /// If a number is larger than the format holds.
    pub fn to_text(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
    }

    /// Reads a plan from a file's text.
    ///
    /// # Errors
    ///
    /// If the text is no plan.
    pub fn from_text(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// Tells whether a program takes a post's place.
    #[must_use]
    pub fn is_hostile(&self) -> bool {
        self.item.iter().any(|item| matches!(item.what, What::TakeOver { .. }))
    }

    /// Returns how many hours of the line the storm lasts.
    #[must_use]
    pub fn line_hours(&self) -> f64 {
        // Exact for any storm that ends before the sun does.
        self.storm_ms as f64 / 3_600_000.0
    }
}

impl What {
    /// Tells whether this is something that goes wrong, and its name in the tally.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        Some(match self {
            Self::Message { .. } | Self::TestLine { .. } | Self::Backup { .. } => return None,
            Self::Crash { .. } => "crash",
            Self::Cut { .. } => "cut",
            Self::Weather { .. } => "weather",
            Self::Replay { .. } => "replay",
            Self::Noise { .. } => "noise",
            Self::OtherLine { .. } => "other line",
            Self::ClockStep { .. } => "clock step",
            Self::DiskFull { .. } => "full disk",
            Self::DiskSlow { .. } => "slow disk",
            Self::Rot { .. } => "bit rot",
            Self::Restore { .. } => "restore",
            Self::TakeOver { .. } => "take-over",
            Self::Deed { .. } => "deed",
        })
    }
}

impl Point {
    /// Every point, in the order of a commit.
    pub const ALL: [Self; 9] = [
        Self::BeforeWrite,
        Self::TornWrite,
        Self::LostWrite,
        Self::KeptWrite,
        Self::Synced,
        Self::TornHead,
        Self::KeptHead,
        Self::Durable,
        Self::Told,
    ];
}

impl BatchKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Message, Self::Receipt, Self::Peers, Self::Keys, Self::State, Self::Proof];
}

impl Deed {
    /// Every deed.
    pub const ALL: [Self; 27] = [
        Self::Fork,
        Self::Message,
        Self::FlashAhead,
        Self::ForkAhead,
        Self::LargeHave,
        Self::ShortHave,
        Self::FalseSize,
        Self::FalseRoot,
        Self::OtherReceipt,
        Self::Unreleased,
        Self::OneOfficer,
        Self::ForgedOfficer,
        Self::OtherRendering,
        Self::Unopenable,
        Self::Malformed,
        Self::OtherKey,
        Self::OldEpoch,
        Self::CapsuleFlood,
        Self::WantFlood,
        Self::Flood,
        Self::TestFlood,
        Self::ForgedProof,
        Self::OtherLog,
        Self::RandomItems,
        Self::FalseAcknowledgement,
        Self::FarFuture,
        Self::SeenLess,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_comes_back_from_its_file() {
        for seed in 0..40 {
            let plan = Plan::draw(seed);
            let text = plan.to_text().unwrap();
            assert_eq!(Plan::from_text(&text).unwrap(), plan, "{text}");
        }
    }

    #[test]
    fn plans_have_what_a_line_hour_must_have_on_average() {
        let plans: Vec<Plan> = (0..400).map(Plan::draw).collect();
        let hours: f64 = plans.iter().map(Plan::line_hours).sum();
        let items = || plans.iter().flat_map(|plan| &plan.item);
        let faults = items().filter(|item| item.what.fault().is_some()).count();
        let crashes = items().filter(|item| matches!(item.what, What::Crash { .. })).count();
        let messages = items().filter(|item| matches!(item.what, What::Message { .. })).count();
        assert!(faults as f64 / hours >= 10.0);
        assert!(crashes as f64 / hours >= 1.0);
        assert!(messages as f64 / hours >= 30.0);
        for plan in &plans {
            assert!(plan.item.iter().all(|item| item.at_ms < plan.storm_ms));
            assert!(plan.item.is_sorted_by_key(|item| item.at_ms));
        }
    }
}
