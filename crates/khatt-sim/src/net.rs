//! A virtual network: what becomes of each frame on its way from one post to another.
//!
//! It says when a frame arrives, twice, altered or not at all. Who is connected is kept here too;
//! a way that stays cut ends a connection as a transport's own silence does. What a frame says is
//! nobody's business here.

use std::collections::{BTreeMap, VecDeque};

use khatt_record::PostIndex;

use crate::{draw::Draw, plan::Plan, tally::Tally};

/// Frames that were sent and can come again.
const REMEMBERED: usize = 64;
/// Bytes that wait for a slow way; more find no room, as in a post's own sender.
const QUEUED_MAX: u64 = 4 << 20;
/// Frames that wait.
const QUEUED_FRAMES: usize = 1024;

/// One direction between two posts.
pub(crate) type Way = (PostIndex, PostIndex);

/// A frame on its way.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    pub(crate) way: Way,
    /// The connection it was sent on.
    pub(crate) connection: u64,
    pub(crate) bytes: Vec<u8>,
}

/// What a direction does to frames for a while.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Weather {
    pub(crate) loss: u64,
    pub(crate) twice: u64,
    pub(crate) late: u64,
    pub(crate) altered: u64,
    /// 0 for the link's own.
    pub(crate) bits_per_s: u64,
}

#[derive(Debug)]
struct Direction {
    draw: Draw,
    delay_ms: u64,
    bits_per_s: u64,
    weather: Weather,
    weather_until_ms: u64,
    cut_until_ms: u64,
    /// When the last bit of what was sent so far is through, in microseconds.
    through_us: u64,
    waiting: VecDeque<u64>,
    sent: VecDeque<Vec<u8>>,
    /// As the sender sees it; nothing if it knows of no connection.
    connection: Option<u64>,
}

/// Every way between posts.
#[derive(Debug)]
pub(crate) struct Net {
    ways: BTreeMap<Way, Direction>,
    connections: u64,
}

impl Net {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut ways = BTreeMap::new();
        for link in &plan.links {
            for way in [(link.a, link.b), (link.b, link.a)] {
                let number = u64::from(way.0) << 8 | u64::from(way.1);
                let direction = Direction {
                    draw: Draw::of(plan.seed, "way", number),
                    delay_ms: link.delay_ms,
                    bits_per_s: link.bits_per_s,
                    weather: Weather::default(),
                    weather_until_ms: 0,
                    cut_until_ms: 0,
                    through_us: 0,
                    waiting: VecDeque::new(),
                    sent: VecDeque::new(),
                    connection: None,
                };
                ways.insert((PostIndex(way.0), PostIndex(way.1)), direction);
            }
        }
        Self { ways, connections: 0 }
    }

    pub(crate) fn set_weather(&mut self, way: Way, weather: Weather, until_ms: u64) {
        if let Some(direction) = self.ways.get_mut(&way) {
            direction.weather = weather;
            direction.weather_until_ms = until_ms;
        }
    }

    /// Cuts a way until a time, or longer if it is cut longer already.
    pub(crate) fn cut(&mut self, way: Way, until_ms: u64) {
        if let Some(direction) = self.ways.get_mut(&way) {
            direction.cut_until_ms = direction.cut_until_ms.max(until_ms);
        }
    }

    /// Nothing goes wrong any more, and no way is slower than a good radio.
    pub(crate) fn calm(&mut self, now_ms: u64) {
        for direction in self.ways.values_mut() {
            direction.weather_until_ms = now_ms;
            direction.cut_until_ms = direction.cut_until_ms.min(now_ms);
            direction.bits_per_s = direction.bits_per_s.max(9_600);
        }
    }

    pub(crate) fn is_cut(&self, way: Way, now_ms: u64) -> bool {
        self.ways.get(&way).is_none_or(|direction| now_ms < direction.cut_until_ms)
    }

    /// Returns until when a way is cut.
    pub(crate) fn cut_until(&self, way: Way) -> u64 {
        self.ways.get(&way).map_or(0, |direction| direction.cut_until_ms)
    }

    /// Returns the connection as one side sees it.
    pub(crate) fn connection(&self, way: Way) -> Option<u64> {
        self.ways.get(&way).and_then(|direction| direction.connection)
    }

    /// Joins two posts anew and returns the connection.
    pub(crate) fn connect(&mut self, a: PostIndex, b: PostIndex) -> u64 {
        self.connections += 1;
        for way in [(a, b), (b, a)] {
            if let Some(direction) = self.ways.get_mut(&way) {
                direction.connection = Some(self.connections);
            }
        }
        self.connections
    }

    /// One side knows of no connection any more; tells whether it had this one.
    pub(crate) fn disconnect(&mut self, way: Way, connection: u64) -> bool {
        let direction = self.ways.get_mut(&way);
        direction.is_some_and(|way| way.connection.take_if(|held| *held == connection).is_some())
    }

    /// Sends a frame; returns when what of it arrives.
    pub(crate) fn send(
        &mut self,
        way: Way,
        bytes: Vec<u8>,
        now_ms: u64,
        tally: &mut Tally,
    ) -> Vec<(u64, Parcel)> {
        let Some(direction) = self.ways.get_mut(&way) else {
            return Vec::new();
        };
        let Some(connection) = direction.connection else {
            return Vec::new();
        };
        tally.frames += 1;
        if direction.sent.len() >= REMEMBERED {
            direction.sent.pop_front();
        }
        direction.sent.push_back(bytes.clone());
        let arrivals = direction.fate(&bytes, now_ms, tally);
        let parcel = |(at_ms, bytes)| (at_ms, Parcel { way, connection, bytes });
        arrivals.into_iter().map(parcel).collect()
    }

    /// Returns frames that were sent before, to come again.
    pub(crate) fn again(&mut self, way: Way, count: u64) -> Vec<Parcel> {
        let Some(direction) = self.ways.get_mut(&way) else {
            return Vec::new();
        };
        let mut parcels = Vec::new();
        for _ in 0..count {
            let at = direction.draw.below(direction.sent.len() as u64);
            let bytes = usize::try_from(at).ok().and_then(|at| direction.sent.get(at)).cloned();
            if let (Some(bytes), Some(connection)) = (bytes, direction.connection) {
                parcels.push(Parcel { way, connection, bytes });
            }
        }
        parcels
    }
}

impl Direction {
    fn fate(&mut self, bytes: &[u8], now_ms: u64, tally: &mut Tally) -> Vec<(u64, Vec<u8>)> {
        let clear = now_ms >= self.weather_until_ms;
        let weather = if clear { Weather::default() } else { self.weather };
        let speed = if weather.bits_per_s > 0 { weather.bits_per_s } else { self.bits_per_s };
        let now_us = now_ms * 1000;
        while self.waiting.front().is_some_and(|through_us| *through_us <= now_us) {
            self.waiting.pop_front();
        }
        let begins_us = self.through_us.max(now_us);
        let queued_bytes = (begins_us - now_us) / 1000 * speed / 8000;
        if queued_bytes > QUEUED_MAX || self.waiting.len() >= QUEUED_FRAMES {
            tally.note("frame without room");
            return Vec::new();
        }
        self.through_us = begins_us + (bytes.len() as u64 + 40) * 8_000_000 / speed.max(1);
        self.waiting.push_back(self.through_us);
        if now_ms < self.cut_until_ms {
            tally.note("frame on a cut way");
            return Vec::new();
        }
        if self.draw.chance(weather.loss) {
            tally.note("frame lost");
            return Vec::new();
        }
        let mut at_ms = self.through_us.div_ceil(1000) + self.delay_ms;
        if self.draw.chance(weather.late) {
            tally.note("frame late");
            at_ms += self.draw.about(self.delay_ms.max(20) * 4);
        }
        let mut arrived = bytes.to_vec();
        if self.draw.chance(weather.altered) {
            tally.note("frame altered");
            let at = usize::try_from(self.draw.below(bytes.len() as u64)).unwrap_or(0);
            if let Some(byte) = arrived.get_mut(at) {
                *byte ^= 1 << self.draw.below(8);
            }
        }
        let mut arrivals = vec![(at_ms, arrived)];
        if self.draw.chance(weather.twice) {
            tally.note("frame twice");
            arrivals.push((at_ms + self.draw.about(self.delay_ms.max(20)), bytes.to_vec()));
        }
        arrivals
    }
}
