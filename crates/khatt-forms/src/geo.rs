//! Points, areas and heights as whole numbers, so that both posts hold exactly the same place.
//!
//! Frame: WGS 84. Distances here serve captions and input warnings only; deciding conflicts is the
//! work of `khatt-deconflict`.

/// A point in millionths of a degree, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinate {
    latitude_udeg: i32,
    longitude_udeg: i32,
}

/// An area on the ground.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// All points within a distance of a centre.
    Circle {
        /// The centre.
        centre: Coordinate,
        /// Radius in metres, 1 to 2 000 000.
        radius_m: u32,
    },
    /// Inside a ring of 3 to 16 corners; the last joins the first.
    Polygon(Vec<Coordinate>),
}

/// What a height is measured from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Datum {
    /// Above ground.
    Ground,
    /// Above mean sea level.
    SeaLevel,
    /// Above the WGS 84 ellipsoid.
    Ellipsoid,
}

/// One end of a height band, in the unit its author used: heights are not converted in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Height {
    /// The surface.
    Surface,
    /// Metres above a datum.
    Metres(i32, Datum),
    /// Feet above a datum.
    Feet(i32, Datum),
    /// A flight level, hundreds of feet at standard pressure.
    FlightLevel(u16),
    /// No upper limit.
    Unlimited,
}

/// A band of heights, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeightBand {
    /// Lower end.
    pub lower: Height,
    /// Upper end.
    pub upper: Height,
}

/// Largest radius of a circle in metres.
pub const MAX_RADIUS_M: u32 = 2_000_000;
/// Most corners of a polygon.
pub const MAX_CORNERS: usize = 16;

impl Coordinate {
    /// Returns the point, or nothing if latitude or longitude is out of bounds.
    #[must_use]
    pub const fn new(latitude_udeg: i32, longitude_udeg: i32) -> Option<Coordinate> {
        let inside = latitude_udeg >= -90_000_000
            && latitude_udeg <= 90_000_000
            && longitude_udeg >= -180_000_000
            && longitude_udeg <= 180_000_000;
        if inside { Some(Coordinate { latitude_udeg, longitude_udeg }) } else { None }
    }

    /// Latitude in millionths of a degree, north positive.
    #[must_use]
    pub const fn latitude_udeg(self) -> i32 {
        self.latitude_udeg
    }

    /// Longitude in millionths of a degree, east positive.
    #[must_use]
    pub const fn longitude_udeg(self) -> i32 {
        self.longitude_udeg
    }

    /// Paints the point as `34.4523 N 40.9187 E`: Latin digits, letters for signs, at least four
    /// decimals and as many more as the value has.
    #[must_use]
    pub fn painted(self) -> String {
        let north = if self.latitude_udeg < 0 { 'S' } else { 'N' };
        let east = if self.longitude_udeg < 0 { 'W' } else { 'E' };
        format!("{} {north} {} {east}", degrees(self.latitude_udeg), degrees(self.longitude_udeg))
    }

    /// Paints the point in degrees, minutes and seconds with one decimal, for a caption.
    #[must_use]
    pub fn painted_dms(self) -> String {
        let north = if self.latitude_udeg < 0 { 'S' } else { 'N' };
        let east = if self.longitude_udeg < 0 { 'W' } else { 'E' };
        format!("{}{north} {}{east}", dms(self.latitude_udeg), dms(self.longitude_udeg))
    }

    /// Great-circle distance in metres on a sphere of 6 371 009 m: good for a caption, not for a
    /// decision.
    #[must_use]
    pub fn distance_m(self, other: Coordinate) -> f64 {
        let (lat1, lon1) = self.radians();
        let (lat2, lon2) = other.radians();
        let half_lat = ((lat2 - lat1) / 2.0).sin();
        let half_lon = ((lon2 - lon1) / 2.0).sin();
        let h = half_lat * half_lat + lat1.cos() * lat2.cos() * half_lon * half_lon;
        2.0 * 6_371_009.0 * h.sqrt().min(1.0).asin()
    }

    /// Initial bearing towards `other` in degrees from true north, 0 up to but not including 360.
    #[must_use]
    pub fn bearing_deg(self, other: Coordinate) -> f64 {
        let (lat1, lon1) = self.radians();
        let (lat2, lon2) = other.radians();
        let east = (lon2 - lon1).sin() * lat2.cos();
        let north = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * (lon2 - lon1).cos();
        let degrees = east.atan2(north).to_degrees();
        if degrees < 0.0 { degrees + 360.0 } else { degrees }
    }

    /// The point with latitude and longitude exchanged, if that is a point at all.
    #[must_use]
    pub const fn swapped(self) -> Option<Coordinate> {
        Coordinate::new(self.longitude_udeg, self.latitude_udeg)
    }

    fn radians(self) -> (f64, f64) {
        (
            (f64::from(self.latitude_udeg) / 1e6).to_radians(),
            (f64::from(self.longitude_udeg) / 1e6).to_radians(),
        )
    }
}

impl Area {
    /// Says whether radius and number of corners are within bounds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        match self {
            Area::Circle { radius_m, .. } => (1..=MAX_RADIUS_M).contains(radius_m),
            Area::Polygon(corners) => (3..=MAX_CORNERS).contains(&corners.len()),
        }
    }
}

impl Height {
    /// Says whether the number is one that an aircraft or a shell could reach.
    #[must_use]
    pub const fn is_sound(self) -> bool {
        match self {
            Height::Surface | Height::Unlimited => true,
            Height::Metres(m, _) => m >= -500 && m <= 100_000,
            Height::Feet(ft, _) => ft >= -1_500 && ft <= 330_000,
            Height::FlightLevel(level) => level >= 1 && level <= 999,
        }
    }
}

impl HeightBand {
    /// Says whether both ends are sound and, where they share unit and datum, in order.
    #[must_use]
    pub fn is_sound(self) -> bool {
        let ordered = match (self.lower, self.upper) {
            (Height::Unlimited, _) | (_, Height::Surface) => false,
            (Height::Metres(a, x), Height::Metres(b, y))
            | (Height::Feet(a, x), Height::Feet(b, y))
                if x == y =>
            {
                a <= b
            }
            (Height::FlightLevel(a), Height::FlightLevel(b)) => a <= b,
            _ => true,
        };
        ordered && self.lower.is_sound() && self.upper.is_sound()
    }
}

fn degrees(udeg: i32) -> String {
    let size = udeg.unsigned_abs();
    let mut text = format!("{}.{:06}", size / 1_000_000, size % 1_000_000);
    for _ in 0..2 {
        if text.ends_with('0') {
            text.pop();
        }
    }
    text
}

fn dms(udeg: i32) -> String {
    // Tenths of a second: 36 000 of them make a degree, so 36 make a thousandth.
    let tenths = (u64::from(udeg.unsigned_abs()) * 36 + 500) / 1_000;
    let (whole, rest) = (tenths / 36_000, tenths % 36_000);
    format!("{whole}°{:02}'{:02}.{}\"", rest / 600, (rest % 600) / 10, rest % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_painted_without_losing_a_digit() {
        let town = Coordinate::new(34_452_300, 40_918_700).unwrap();
        assert_eq!(town.painted(), "34.4523 N 40.9187 E");
        assert_eq!(town.painted_dms(), "34°27'08.3\"N 40°55'07.3\"E");
        let fine = Coordinate::new(-34_452_301, 40_918_710).unwrap();
        assert_eq!(fine.painted(), "34.452301 S 40.91871 E");
    }

    #[test]
    fn distance_and_bearing_agree_with_a_known_pair() {
        // Two points on the equator, one degree apart.
        let a = Coordinate::new(0, 0).unwrap();
        let b = Coordinate::new(0, 1_000_000).unwrap();
        assert!((a.distance_m(b) - 111_195.0).abs() < 10.0);
        assert!((a.bearing_deg(b) - 90.0).abs() < 1e-9);
        assert!((b.bearing_deg(a) - 270.0).abs() < 1e-9);
    }

    #[test]
    fn a_band_upside_down_is_not_sound() {
        let band = HeightBand { lower: Height::FlightLevel(180), upper: Height::FlightLevel(90) };
        assert!(!band.is_sound());
        assert!(!HeightBand { lower: Height::Unlimited, upper: Height::Unlimited }.is_sound());
    }
}
