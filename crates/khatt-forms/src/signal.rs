//! Values that look the same in every language: radio frequencies, true bearings, hashes.
//!
//! They are painted in Latin characters and isolated, like coordinates, so that what is read aloud
//! is what was written.

use crate::error::InputFault;
use crate::language::latin_digits;

/// Highest frequency in hertz.
pub const MAX_HERTZ: u64 = 300_000_000_000;
/// From here on frequencies are painted in megahertz.
const MEGAHERTZ_FROM: u64 = 10_000_000;

/// Paints a frequency: `2182 kHz`, `121.500 MHz`.
pub(crate) fn frequency(hertz: u64) -> String {
    let (unit, per, least) =
        if hertz < MEGAHERTZ_FROM { ("kHz", 1_000, 0) } else { ("MHz", 1_000_000, 3) };
    let places = if per == 1_000 { 3 } else { 6 };
    let fraction = format!("{:0places$}", hertz % per);
    let kept = fraction.trim_end_matches('0').len().max(least);
    let fraction = fraction.get(..kept).unwrap_or(&fraction);
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction} {unit}", hertz / per)
}

/// Reads a frequency with its unit: `Hz`, `kHz`, `MHz` or `GHz`.
pub(crate) fn read_frequency(typed: &str) -> Result<u64, InputFault> {
    let plain = latin_digits(typed.trim());
    let (number, unit) = plain.split_once(' ').ok_or(InputFault::Frequency)?;
    let places: u32 = match unit.trim() {
        "Hz" => 0,
        "kHz" => 3,
        "MHz" => 6,
        "GHz" => 9,
        _ => return Err(InputFault::Frequency),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let sound = !whole.is_empty()
        && whole.len() <= 12
        && fraction.len() <= places as usize
        && digits(whole)
        && digits(fraction)
        && !number.ends_with('.');
    if !sound {
        return Err(InputFault::Frequency);
    }
    let padded = format!("{whole}{fraction:0<width$}", width = places as usize);
    let hertz: u64 = padded.parse().map_err(|_| InputFault::Frequency)?;
    if (1..=MAX_HERTZ).contains(&hertz) { Ok(hertz) } else { Err(InputFault::Frequency) }
}

/// Paints a bearing: `045°T`, degrees from true north.
pub(crate) fn bearing(degrees: u16) -> String {
    format!("{degrees:03}°T")
}

/// Reads `045`, `45°`, `045°T` or `45 true`; a magnetic bearing is refused.
pub(crate) fn read_bearing(typed: &str) -> Result<u16, InputFault> {
    let plain = latin_digits(typed.trim());
    let rest = plain.strip_suffix("true").or_else(|| plain.strip_suffix('T')).unwrap_or(&plain);
    let rest = rest.trim_end();
    let digits = rest.strip_suffix('°').unwrap_or(rest);
    let sound = (1..=3).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let degrees: u16 = if sound { digits.parse().unwrap_or(u16::MAX) } else { u16::MAX };
    // North is 000: one bearing, one writing.
    if degrees < 360 { Ok(degrees) } else { Err(InputFault::Bearing) }
}

/// Paints a hash: 16 groups of four hexadecimal digits.
pub(crate) fn hash(bytes: &[u8; 32]) -> String {
    let groups = bytes.chunks(2).map(|pair| {
        let digits: Vec<String> = pair.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.concat()
    });
    groups.collect::<Vec<_>>().join(" ")
}

/// Reads 64 hexadecimal digits, with or without spaces.
pub(crate) fn read_hash(typed: &str) -> Result<[u8; 32], InputFault> {
    let digits: Vec<u8> = typed
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .map(|b| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()
        .ok_or(InputFault::Hash)?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if !rest.is_empty() {
        return Err(InputFault::Hash);
    }
    bytes.try_into().map_err(|_| InputFault::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_are_painted_as_they_are_spoken_and_read_back() {
        for (hertz, painted) in [
            (2_182_000, "2182 kHz"),
            (2_174_500, "2174.5 kHz"),
            (121_500_000, "121.500 MHz"),
            (118_008_330, "118.00833 MHz"),
            (156_800_000, "156.800 MHz"),
            (1, "0.001 kHz"),
            (MAX_HERTZ, "300000.000 MHz"),
        ] {
            assert_eq!(frequency(hertz), painted);
            assert_eq!(read_frequency(painted), Ok(hertz));
        }
        assert_eq!(read_frequency("1.2 GHz"), Ok(1_200_000_000));
        assert_eq!(read_frequency("۱۲۱٫5 MHz"), Err(InputFault::Frequency));
        assert_eq!(read_frequency("۱۲۱.۵ MHz"), Ok(121_500_000));
        for wrong in ["121.5", "121,5 MHz", "0 Hz", "1. MHz", "301 GHz", "1.5 Hz", "channel 16"] {
            assert_eq!(read_frequency(wrong), Err(InputFault::Frequency), "{wrong}");
        }
    }

    #[test]
    fn bearings_are_true_and_have_one_writing() {
        for typed in ["45", "045", "045°", "045°T", "45 true", "٤٥"] {
            assert_eq!(read_bearing(typed), Ok(45), "{typed}");
        }
        assert_eq!(bearing(7), "007°T");
        for wrong in ["360", "45M", "45 magnetic", "-5", "", "north", "0045"] {
            assert_eq!(read_bearing(wrong), Err(InputFault::Bearing), "{wrong}");
        }
    }

    #[test]
    fn a_hash_is_read_with_and_without_spaces() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7).unwrap());
        let painted = hash(&bytes);
        assert_eq!(painted.len(), 79);
        assert_eq!(read_hash(&painted), Ok(bytes));
        assert_eq!(read_hash(&painted.replace(' ', "").to_uppercase()), Ok(bytes));
        assert_eq!(read_hash(&painted[..78]), Err(InputFault::Hash));
        assert_eq!(read_hash(&painted.replace('0', "g")), Err(InputFault::Hash));
        assert_eq!(read_hash(&format!("{painted}00")), Err(InputFault::Hash));
    }
}
