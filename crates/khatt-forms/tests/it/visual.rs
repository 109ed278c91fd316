//! What a reader sees: the order in which the bidirectional algorithm (UAX 9) paints a rendering.

use khatt_forms::{Isolate, Language, Piece, PieceKind, Rendering, check_text};
use unicode_bidi::{BidiInfo, Level};

/// Checks a rendering as it would be painted: headline and every row.
pub(crate) fn check(rendering: &Rendering) -> Result<(), String> {
    pieces(&rendering.headline, rendering.language)?;
    for row in &rendering.rows {
        let mut all = vec![wording(&format!("{}: ", row.label))];
        all.extend(row.value.iter().cloned());
        pieces(&all, rendering.language)?;
    }
    Ok(())
}

/// Checks that each token is painted in one piece, in its own order, isolated, in its own digits.
pub(crate) fn pieces(pieces: &[Piece], language: Language) -> Result<(), String> {
    for piece in pieces {
        characters(piece, language)?;
    }
    for line in pieces.split(|piece| piece.kind == PieceKind::Break) {
        order(line, language)?;
    }
    Ok(())
}

fn wording(text: &str) -> Piece {
    let mut piece = khatt_forms::render(
        crate::form("line-test"),
        &crate::filled(crate::form("line-test"), 0),
        Language::En,
        khatt_forms::Wordbook::builtin(),
    )
    .unwrap()
    .headline[0]
        .clone();
    assert_eq!(piece.kind, PieceKind::Wording);
    piece.text = text.to_owned();
    piece
}

/// Paints one line and looks where the characters of each token end up.
fn order(line: &[Piece], language: Language) -> Result<(), String> {
    let mut text = String::new();
    let mut tokens = Vec::new();
    for piece in line {
        let plain = piece.plain();
        if piece.isolate != Isolate::None {
            let start = text.chars().count() + 1;
            tokens.push((start, start + piece.text.chars().count(), piece));
        }
        text.push_str(&plain);
    }
    let base = match language.direction() {
        khatt_forms::Direction::LeftToRight => Level::ltr(),
        khatt_forms::Direction::RightToLeft => Level::rtl(),
    };
    let bidi = BidiInfo::new(&text, Some(base));
    let [paragraph] = bidi.paragraphs.as_slice() else {
        return if text.is_empty() { Ok(()) } else { Err("more than one paragraph".into()) };
    };
    let levels = bidi.reordered_levels_per_char(paragraph, paragraph.range.clone());
    let logical_at = BidiInfo::reorder_visual(&levels);
    let mut visual_of = vec![0; logical_at.len()];
    for (visual, logical) in logical_at.into_iter().enumerate() {
        visual_of[logical] = visual;
    }
    for (start, end, piece) in tokens {
        let places = &visual_of[start..end];
        let (low, high) = (places.iter().min(), places.iter().max());
        let (Some(low), Some(high)) = (low, high) else {
            return Err(format!("empty token of kind {:?}", piece.kind));
        };
        if high - low + 1 != places.len() {
            return Err(format!("torn apart: {:?}", piece.text));
        }
        // What is always left to right must also read from left to right.
        let digits = !matches!(piece.kind, PieceKind::FreeText);
        if piece.isolate == Isolate::LeftToRight && digits && !places.is_sorted() {
            return Err(format!("out of order: {:?}", piece.text));
        }
    }
    Ok(())
}

fn characters(piece: &Piece, language: Language) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}: {:?} {:?}", piece.kind, piece.text));
    let text = piece.text.trim();
    if piece.kind != PieceKind::Break && !text.is_empty() && check_text(text, language).is_err() {
        return wrong("a refused character");
    }
    let own = |c: char| match language {
        Language::Ar => matches!(c, '٠'..='٩'),
        Language::Fa => matches!(c, '۰'..='۹'),
        _ => c.is_ascii_digit(),
    };
    match piece.kind {
        PieceKind::Number => {
            let digits = piece.text.strip_prefix('-').unwrap_or(&piece.text);
            let latin = piece.beside.as_deref().unwrap_or(&piece.text);
            if digits.is_empty() || !digits.chars().all(own) {
                return wrong("digits of another language");
            }
            let number: Option<i64> = latin.parse().ok();
            if number.is_none_or(|n| language.digits(&n.to_string()) != piece.text) {
                return wrong("another number in Latin digits beside it");
            }
            if piece.beside.is_some() != matches!(language, Language::Ar | Language::Fa) {
                return wrong("Latin digits missing or not wanted beside it");
            }
        }
        PieceKind::Time if !piece.text.chars().all(|c| own(c) || c == ':') => {
            return wrong("digits of another language");
        }
        PieceKind::Coordinate | PieceKind::Zulu | PieceKind::Zone if !piece.text.is_ascii() => {
            return wrong("not in Latin characters");
        }
        _ => {}
    }
    let wanted = match piece.kind {
        PieceKind::Wording | PieceKind::Break => Isolate::None,
        PieceKind::Name | PieceKind::Code | PieceKind::Missing => Isolate::FirstStrong,
        PieceKind::FreeText if piece.isolate == Isolate::RightToLeft => Isolate::RightToLeft,
        _ => Isolate::LeftToRight,
    };
    if piece.isolate != wanted { wrong("not isolated as its kind wants") } else { Ok(()) }
}

mod tests {
    use khatt_forms::{Catalogue, Filled, Text, Value, Wordbook, render};
    use proptest::prelude::*;

    use super::*;

    fn painted(name: &str, inputs: &[(&str, &str)]) {
        let form = Catalogue::builtin().by_name(name).unwrap();
        let inputs: Vec<(String, String)> =
            inputs.iter().map(|(name, typed)| ((*name).into(), (*typed).into())).collect();
        let filled = Filled::from_input(form, &inputs, Language::En, Wordbook::builtin()).unwrap();
        for language in form.languages() {
            let rendering = render(form, &filled, language, Wordbook::builtin()).unwrap();
            check(&rendering).unwrap_or_else(|fault| panic!("{language}: {fault}"));
        }
    }

    #[test]
    fn negative_heights_western_zones_and_seconds_stay_in_order() {
        painted(
            "hazard-area",
            &[
                ("area", "polygon 34.4 S 70.6 W; 35.5 S 70.7 W; 34.9 S 71.123456 W"),
                ("window", "2023-11-08T03:30:15[America/New_York] .. 2023-11-08T23:59:59Z"),
                ("heights", "-100 m wgs84 to unlimited"),
                ("hazard", "hazard-mines"),
                ("evacuation", "unknown"),
                ("civil-informed", "no"),
            ],
        );
    }

    proptest! {
        #[test]
        fn no_free_text_disturbs_what_stands_around_it(
            text in "[a-zа-я一-丈א-ת٠-٩0-9ا-ی()\\[\\]<>.,:;/%+ -]{1,60}",
            language in 0..7usize,
            n in 1..5_000u32,
        ) {
            prop_assume!(!text.trim().is_empty());
            let form = crate::form("incident-initial");
            let mut filled = crate::counts::with_count(form, khatt_forms::Count::Known(n));
            let author = Language::ALL[language];
            let detail = form.field("detail").unwrap().number;
            filled.values.insert(detail, Value::Text(Text { language: author, text }));
            if filled.check(form).is_ok() {
                for language in form.languages() {
                    let rendering = render(form, &filled, language, Wordbook::builtin()).unwrap();
                    prop_assert_eq!(check(&rendering), Ok(()));
                }
            }
        }
    }
}
