//! Frames and greetings as bytes on a stream (`spec/quic.md` §4 and §5).
//!
//! No sockets and no time: [`Decoder`] is given chunks as they arrive and gives frames back. It
//! never reserves more than arrived, so that a peer pays in bytes for the memory it takes.

use thiserror::Error;

/// The longest frame in bytes, length prefix not counted.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// What each end says first on the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Greeting {
    /// Drawn at each start of the process: tells a restart from a second dial.
    pub(crate) instance: [u8; 8],
    /// How many connections to this peer the speaker has seen end.
    pub(crate) ended: u32,
}

/// Cuts a stream into frames.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    head: [u8; 4],
    head_len: usize,
    body: Vec<u8>,
    wanted: Option<usize>,
}

/// The peer announced a frame longer than [`MAX_FRAME_BYTES`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("peer announced a frame that is too long")]
pub(crate) struct PeerFrameTooLong;

impl Greeting {
    pub(crate) fn encode(self) -> [u8; GREETING_BYTES] {
        let mut bytes = [0; GREETING_BYTES];
        let (instance, ended) = bytes.split_at_mut(8);
        instance.copy_from_slice(&self.instance);
        ended.copy_from_slice(&self.ended.to_be_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: [u8; GREETING_BYTES]) -> Self {
        let [i0, i1, i2, i3, i4, i5, i6, i7, e0, e1, e2, e3] = bytes;
        Self {
            instance: [i0, i1, i2, i3, i4, i5, i6, i7],
            ended: u32::from_be_bytes([e0, e1, e2, e3]),
        }
    }
}

impl Decoder {
    /// Takes bytes from the front of `input` up to the end of one frame, and returns that frame
    /// once it is whole; call again until `input` is empty.
    pub(crate) fn take(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, PeerFrameTooLong> {
        loop {
            let wanted = match self.wanted {
                Some(wanted) => wanted,
                None => {
                    let Some((&byte, rest)) = input.split_first() else {
                        return Ok(None);
                    };
                    *input = rest;
                    if let Some(slot) = self.head.get_mut(self.head_len) {
                        *slot = byte;
                    }
                    self.head_len += 1;
                    if self.head_len < self.head.len() {
                        continue;
                    }
                    let wanted = u32::from_be_bytes(self.head) as usize;
                    if wanted > MAX_FRAME_BYTES {
                        return Err(PeerFrameTooLong);
                    }
                    self.wanted = Some(wanted);
                    wanted
                }
            };
            let missing = wanted.saturating_sub(self.body.len());
            let (now, later) = input.split_at(missing.min(input.len()));
            self.body.extend_from_slice(now);
            *input = later;
            if self.body.len() < wanted {
                return Ok(None);
            }
            self.wanted = None;
            self.head_len = 0;
            return Ok(Some(std::mem::take(&mut self.body)));
        }
    }
}

/// Returns the frame with its length before it, or `None` if it is too long.
pub(crate) fn encode(frame: &[u8]) -> Option<Vec<u8>> {
    if frame.len() > MAX_FRAME_BYTES {
        return None;
    }
    let length = u32::try_from(frame.len()).ok()?;
    let mut bytes = Vec::with_capacity(4 + frame.len());
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(frame);
    Some(bytes)
}

/// The length of a greeting.
pub(crate) const GREETING_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(decoder: &mut Decoder, mut input: &[u8]) -> Vec<Vec<u8>> {
        let mut frames = Vec::new();
        loop {
            match decoder.take(&mut input).unwrap() {
                Some(frame) => frames.push(frame),
                None if input.is_empty() => return frames,
                None => {}
            }
        }
    }

    #[test]
    fn frames_survive_any_cut_of_the_stream() {
        let frames = [vec![], vec![1], vec![2; 5], vec![], vec![3; 300]];
        let stream: Vec<u8> = frames.iter().flat_map(|frame| encode(frame).unwrap()).collect();
        for step in 1..=stream.len() {
            let mut decoder = Decoder::default();
            let mut seen = Vec::new();
            for chunk in stream.chunks(step) {
                seen.extend(drain(&mut decoder, chunk));
            }
            assert_eq!(seen, frames, "in steps of {step}");
        }
    }

    #[test]
    fn longest_frame_passes_and_one_byte_more_does_not() {
        let longest = vec![7; MAX_FRAME_BYTES];
        let bytes = encode(&longest).unwrap();
        assert_eq!(drain(&mut Decoder::default(), &bytes), [longest]);
        assert_eq!(encode(&vec![7; MAX_FRAME_BYTES + 1]), None);
        let head = u32::try_from(MAX_FRAME_BYTES + 1).unwrap().to_be_bytes();
        assert_eq!(Decoder::default().take(&mut &head[..]), Err(PeerFrameTooLong));
    }

    #[test]
    fn an_announced_frame_takes_no_memory_before_its_bytes() {
        let mut decoder = Decoder::default();
        let head = u32::try_from(MAX_FRAME_BYTES).unwrap().to_be_bytes();
        assert_eq!(decoder.take(&mut &head[..]), Ok(None));
        assert_eq!(decoder.body.capacity(), 0);
    }

    #[test]
    fn greeting_reads_back_as_written() {
        let greeting = Greeting { instance: [1, 2, 3, 4, 5, 6, 7, 8], ended: 0x0102_0304 };
        assert_eq!(Greeting::decode(greeting.encode()), greeting);
    }
}
