//! Frames as they leave: each is opened, and nothing in it may stand on bytes that a power cut
//! would take.

use khatt_core::store::Reader;
use khatt_record::{
    PostIndex, cbor,
    seal::{EpochNumber, EpochSecret, FrameKind, Item, ReceiveEpoch, open_frame, peek},
};

use crate::{net::Way, world::World};

impl World {
    /// Looks into a frame that a post sends.
    pub(crate) fn check_frame(&mut self, (post, peer): Way, bytes: &[u8]) {
        let Ok(header) = peek(bytes) else {
            let what = format!("a frame to {peer} has no header");
            return self.broken(post, "an engine writes frames", what);
        };
        if header.kind == FrameKind::Capsule {
            // Its epoch's entry is durable, or the next frame could not be opened below.
            return;
        }
        if !self.watch.epochs[post.index()].contains_key(&header.epoch) {
            let Some(epoch) = self.sending(post) else {
                let what = format!("a frame to {peer} under an epoch that is not durable");
                return self.broken(post, "nothing leaves before it is durable", what);
            };
            self.watch.epochs[post.index()].insert(epoch.number.on_wire(), epoch);
        }
        let Some(epoch) = self.watch.epochs[post.index()].get(&header.epoch) else {
            let what = format!("a frame to {peer} under an epoch that is not durable");
            return self.broken(post, "nothing leaves before it is durable", what);
        };
        let Ok(items) = open_frame(epoch, &self.watch.context(post), bytes) else {
            let what = format!("a frame to {peer} does not open");
            return self.broken(post, "an engine writes frames", what);
        };
        self.tally.check("nothing leaves before it is durable");
        for item in items {
            if let Some(what) = self.too_early(post, &item) {
                return self.broken(post, "nothing leaves before it is durable", what);
            }
        }
    }

    /// Returns the epoch under which a post sends, from its durable state.
    fn sending(&self, post: PostIndex) -> Option<ReceiveEpoch> {
        let state = self.posts[post.index()].disk.state(self.line, "epoch/send").ok()?;
        let (_, value) = state.into_iter().next()?;
        let mut reader = cbor::Reader::new(&value.0);
        let _ = reader.array(16).ok()?;
        let number = EpochNumber::new(reader.u32().ok()?)?;
        let secret = EpochSecret::from_bytes(reader.fixed().ok()?);
        Some(ReceiveEpoch { secret, number })
    }

    fn too_early(&self, post: PostIndex, item: &Item) -> Option<String> {
        let disk = &self.posts[post.index()].disk;
        let durable = |log| disk.durable(self.line, log);
        let (what, log, needs) = match item {
            Item::Message(message) => ("message", post, message.index + 1),
            Item::Leaf { log, index, .. } | Item::Opened { log, index, .. } => {
                ("entry", *log, index + 1)
            }
            Item::ReceiptLean(receipt) => {
                if durable(receipt.log) < receipt.size {
                    let size = receipt.size;
                    return Some(format!("a receipt for {size} entries of {}", receipt.log));
                }
                ("receipt", post, receipt.index + 1)
            }
            Item::Sig { log, size, .. } | Item::CheckpointFull { log, size, .. } => {
                ("checkpoint", *log, *size)
            }
            Item::Have(standings) => {
                let early = standings.iter().find(|held| durable(held.log) < held.size)?;
                return Some(format!("it says it has {} entries of {}", early.size, early.log));
            }
            _ => return None,
        };
        let held = durable(log);
        (held < needs).then(|| format!("{what} {needs} of {log}, of which {held} are durable"))
    }
}
