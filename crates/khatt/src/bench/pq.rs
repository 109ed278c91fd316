//! What a post-quantum cosignature costs: time to sign and to check, bytes on the way.

use anyhow::{Context as _, bail};
use khatt_core::testing;
use khatt_record::{
    Hash, Kind, LineId, PostIndex, PqSignature, PqSigner as _,
    checkpoint::Origin,
    cosign::{Cosignature, Cosigned, CosignerName},
    pq,
    seal::{EpochNumber, FrameContext, Item, SendEpoch, seal_frame},
};
use zeroize::Zeroizing;

use super::{
    Plan, Row,
    pair::NORTH,
    statistics::{Times, timed},
};
use crate::pq_key::PqKey;

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let key = PqKey::from_seed(&Zeroizing::new(testing::seed("pq bench")));
    let (mut signing, mut checking) = (Times::default(), Times::default());
    let mut last = None;
    for size in 1..=plan.count(2_000, 5) {
        let cosigned = statement(size);
        let (time, signature) = timed(|| cosigned.sign(&key).context("the key signs"))?;
        signing.push(time);
        let message = cosigned.message();
        let (time, holds) = timed(|| Ok(pq::verify(key.public(), &message, &signature)))?;
        checking.push(time);
        if holds.is_err() {
            bail!("a signature does not hold");
        }
        last = Some(signature);
    }
    tell(Row::new("pq.sign", signing.at_us(50), "µs"));
    tell(Row::new("pq.sign.99", signing.at_us(99), "µs"));
    tell(Row::new("pq.verify", checking.at_us(50), "µs"));
    tell(Row::new("pq.verify.99", checking.at_us(99), "µs"));
    tell(Row::new("pq.frame", frame(last.context("a signature")?)? as f64, "B"));
    Ok(())
}

fn statement(size: u64) -> Cosigned {
    let line = LineId([7; 32]);
    Cosigned {
        cosigner: CosignerName::of(line, Kind::Rehearsal, NORTH, 0),
        time_s: 1_700_000_000,
        origin: Origin::of(line, Kind::Rehearsal, PostIndex(1), 0),
        size,
        root: Hash([3; 32]),
    }
}

/// The length of a frame that carries nothing but one cosignature.
fn frame(signature: PqSignature) -> anyhow::Result<usize> {
    let context =
        FrameContext { line: LineId([7; 32]), kind: Kind::Rehearsal, sender: NORTH, posts: 2 };
    let number = EpochNumber::new(1).context("a number")?;
    let mut epoch = SendEpoch::open(number, &mut testing::SeededEntropy::new("pq bench"));
    let (log, time_s) = (PostIndex(1), 1_700_000_000);
    let one = Cosignature { post: NORTH, generation: 0, log, size: 300, time_s, signature };
    Ok(seal_frame(&mut epoch, &context, &[Item::Cosignature(one)])?.len())
}
