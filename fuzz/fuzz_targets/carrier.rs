//! Two posts and a carrier that loses, repeats, reorders, holds back and alters frames, while the
//! posts are stopped and started: in the end both hold the same two logs, and nobody is accused.
//!
//! This is the engine's decoder of last resort: every byte that a post takes from a peer passes it.
#![no_main]

use khatt_core::alarm::Cause;
use khatt_core::line::{Event, Input, Route};
use khatt_core::store::Reader as _;
use khatt_core::testing::Rig;
use khatt_record::PostIndex;
use libfuzzer_sys::fuzz_target;

const NORTH: PostIndex = PostIndex(0);
const SOUTH: PostIndex = PostIndex(1);
const ACTS_MAX: usize = 24;

fn other(post: PostIndex) -> PostIndex {
    if post == NORTH { SOUTH } else { NORTH }
}

/// One thing that happens: the first byte says what, the second to what.
fn happen(rig: &mut Rig, what: u8, to: u8) {
    let post = if to & 1 == 0 { NORTH } else { SOUTH };
    let count = rig.wire.len();
    let place = usize::from(to).checked_rem(count);
    match (what % 9, place) {
        (0, _) => {
            let fields = [
                ("subject", "subject-technical"),
                ("text", "The crossing is open."),
                ("reason", "No form covers a crossing."),
            ];
            let draft = rig.draft(post, "free-text", &fields);
            // Refused when the quota is used up.
            let _ = rig.release(post, draft);
        }
        (1, _) => rig.advance(u64::from(to) * u64::from(to)),
        (2, _) => rig.run(),
        (3, _) => {
            rig.kill(post);
            rig.start(post);
            rig.connect_all();
        }
        (4, _) => {
            rig.cut(NORTH, SOUTH);
            rig.heal(NORTH, SOUTH);
        }
        (5, Some(place)) => drop(rig.wire.remove(place)),
        (6, Some(place)) => {
            let frame = rig.wire[place].clone();
            rig.wire.push_back(frame);
        }
        (7, Some(place)) => rig.wire.swap(0, place),
        (8, Some(place)) => {
            let (_, _, bytes) = &mut rig.wire[place];
            let at = usize::from(to) % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= to | 1;
            }
        }
        // With nothing on its way, the carrier makes something up.
        (_, _) => {
            let bytes = vec![what; usize::from(to)];
            rig.input(post, Input::Frame { peer: other(post), route: Route::Direct, bytes });
        }
    }
}

/// Whether an event says that a post signed or sealed what no honest post does.
///
/// Bytes that are no frame at all are not among them: on the direct route the transport has proved who
/// sent them.
fn accuses(event: &Event) -> bool {
    use Cause::{
        PeerBadOfficer, PeerBadReceipt, PeerBadSignature, PeerForked, PeerReleaseRule, PeerShrank,
        PeerUnopenable,
    };
    let Event::Alarm(change) = event else {
        return false;
    };
    matches!(
        change.cause,
        PeerForked { .. }
            | PeerShrank { .. }
            | PeerBadSignature { .. }
            | PeerBadOfficer { .. }
            | PeerReleaseRule { .. }
            | PeerUnopenable { .. }
            | PeerBadReceipt { .. }
    )
}

fuzz_target!(|script: &[u8]| {
    let mut rig = Rig::new(2);
    for act in script.chunks_exact(2).take(ACTS_MAX) {
        happen(&mut rig, act[0], act[1]);
    }
    rig.cut(NORTH, SOUTH);
    rig.heal(NORTH, SOUTH);
    for _ in 0..10 {
        rig.advance(30_000);
    }
    let line = rig.charter.line_id();
    let heads = |post: PostIndex| rig.stores[post.index()].heads(line).expect("heads are held");
    assert_eq!(heads(NORTH), heads(SOUTH), "after {script:?}");
    for (post, event) in &rig.events {
        assert!(!accuses(event), "{post} accuses an honest post: {event:?}, after {script:?}");
    }
});
