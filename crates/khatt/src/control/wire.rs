//! The control socket's bytes: a length of four bytes, then that many bytes of JSON.

use std::io::{Read, Write};

use serde::{Serialize, de::DeserializeOwned};

use super::ControlError;

/// The version of the control socket.
pub const VERSION: u32 = 1;
/// The longest question in bytes: a message and its signatures, with room.
pub const ASK_MAX: usize = 256 * 1024;
/// The longest answer in bytes.
pub const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// Writes one value.
///
/// # Errors
///
/// [`ControlError`] if it is longer than `max` or the socket fails.
pub fn write<T: Serialize>(to: &mut impl Write, value: &T, max: usize) -> Result<(), ControlError> {
    let bytes = serde_json::to_vec(value).map_err(|_| ControlError::LocalMalformed)?;
    write_bytes(to, &bytes, max)
}

/// Writes the bytes of one value.
///
/// # Errors
///
/// As [`write()`].
pub fn write_bytes(to: &mut impl Write, bytes: &[u8], max: usize) -> Result<(), ControlError> {
    let len = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= max);
    let len = len.ok_or(ControlError::LocalTooLong(max))?;
    let mut framed = Vec::with_capacity(bytes.len().saturating_add(4));
    framed.extend_from_slice(&len.to_be_bytes());
    framed.extend_from_slice(bytes);
    to.write_all(&framed).and_then(|()| to.flush()).map_err(failed)
}

/// Reads the bytes of one value; a longer one is refused before any of it is taken.
///
/// # Errors
///
/// [`ControlError`] if it is too long or the socket fails.
pub fn read_bytes(from: &mut impl Read, max: usize) -> Result<Vec<u8>, ControlError> {
    let mut len = [0; 4];
    from.read_exact(&mut len).map_err(failed)?;
    let len = usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX);
    if len > max {
        return Err(ControlError::LocalTooLong(max));
    }
    let mut bytes = Vec::new();
    from.take(len as u64).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() == len { Ok(bytes) } else { Err(ControlError::LocalClosed) }
}

/// Reads one value.
///
/// # Errors
///
/// [`ControlError`] if it is too long, malformed, or the socket fails.
pub fn read<T: DeserializeOwned>(from: &mut impl Read, max: usize) -> Result<T, ControlError> {
    let bytes = read_bytes(from, max)?;
    serde_json::from_slice(&bytes).map_err(|_| ControlError::LocalMalformed)
}

fn failed(error: std::io::Error) -> ControlError {
    use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionReset | UnexpectedEof => ControlError::LocalClosed,
        _ => ControlError::LocalSocket(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_comes_back_and_bad_bytes_do_not() {
        let mut bytes = Vec::new();
        write(&mut bytes, &"north", 16).unwrap();
        assert_eq!(read::<String>(&mut bytes.as_slice(), 16), Ok("north".to_owned()));
        assert_eq!(write(&mut Vec::new(), &"north", 3), Err(ControlError::LocalTooLong(3)));
        let long = [0xff; 8];
        let refused = read::<String>(&mut long.as_slice(), 16);
        assert_eq!(refused, Err(ControlError::LocalTooLong(16)));
        let cut = &bytes[..bytes.len() - 1];
        assert_eq!(read::<String>(&mut &*cut, 16), Err(ControlError::LocalClosed));
        let other = [0, 0, 0, 2, b'{', b'x'];
        assert_eq!(read::<String>(&mut other.as_slice(), 16), Err(ControlError::LocalMalformed));
    }
}
