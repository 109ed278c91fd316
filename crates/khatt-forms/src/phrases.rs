//! The renderer's own words: months, weekdays, units, and how counts, ranges and times are said.
//!
//! They are tables of this crate and not of a locale library, because library data changes between
//! versions and is wrong in places; a change here is a change of the renderer's version
//! (`spec/form.md` §7). Each row is English, Arabic, Persian.

use crate::geo::Datum;
use crate::language::Language;
use crate::value::{ClaimStatus, Position};

type Row = [&'static str; 3];

fn pick(row: Row, language: Language) -> &'static str {
    let [en, ar, fa] = row;
    match language {
        Language::En => en,
        Language::Ar => ar,
        Language::Fa => fa,
    }
}

/// A fixed word of the renderer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phrase {
    Unknown,
    NotStated,
    None,
    AtLeast,
    AtMost,
    From,
    To,
    Until,
    SeparateClaims,
    ClockBefore,
    LocalTime,
    InUtc,
    Comma,
    Semicolon,
    Zulu,
    Yes,
    No,
    Circle,
    Polygon,
    Metres,
    Kilometres,
    Feet,
    Surface,
    Unlimited,
    NotTranslated,
    WrittenIn,
    Question,
    Answered,
    AnsweredInPart,
    Declined,
    StandByUntil,
    NotOurForces,
    Term,
    OfForm,
}

impl Phrase {
    pub(crate) fn text(self, language: Language) -> &'static str {
        use Phrase as P;
        let row = match self {
            P::Unknown => ["unknown", "غير معلوم", "نامعلوم"],
            P::NotStated => ["not stated", "لم يُذكر", "ذکر نشده"],
            P::None => ["none", "لا يوجد", "هیچ"],
            P::AtLeast => ["at least", "على الأقل", "دست‌کم"],
            P::AtMost => ["at most", "على الأكثر", "حداکثر"],
            P::From => ["from", "من", "از"],
            P::To => ["to", "إلى", "تا"],
            P::Until => ["until", "حتى", "تا"],
            P::SeparateClaims => [
                "separate statements, not to be added:",
                "أقوال منفصلة لا تُجمع:",
                "اظهارات جداگانه که نباید جمع شوند:",
            ],
            P::ClockBefore => ["", "الساعة ", "ساعت "],
            P::InUtc => ["UTC", "بالتوقيت العالمي", "به وقت جهانی"],
            P::LocalTime => ["local time", "بالتوقيت المحلي", "به وقت محلی"],
            P::Comma => [", ", "، ", "، "],
            P::Semicolon => ["; ", "؛ ", "؛ "],
            P::Zulu => ["UTC", "التوقيت العالمي", "وقت جهانی"],
            P::Yes => ["yes", "نعم", "بله"],
            P::No => ["no", "لا", "خیر"],
            P::Circle => ["circle of radius", "دائرة نصف قطرها", "دایره به شعاع"],
            P::Polygon => ["polygon with corners", "مضلّع رؤوسه", "چندضلعی با رأس‌های"],
            P::Metres => ["m", "متر", "متر"],
            P::Kilometres => ["km", "كم", "کیلومتر"],
            P::Feet => ["ft", "قدم", "پا"],
            P::Surface => ["the surface", "سطح الأرض", "سطح زمین"],
            P::Unlimited => ["no upper limit", "بلا حدّ أعلى", "بدون حد بالا"],
            P::NotTranslated => ["not translated", "غير مترجم", "ترجمه‌نشده"],
            P::WrittenIn => ["original in", "النص الأصلي بلغة", "متن اصلی به زبان"],
            P::Question => ["question", "السؤال", "پرسش"],
            P::Answered => ["answered", "أُجيب عنه", "پاسخ داده شد"],
            P::AnsweredInPart => ["answered in part", "أُجيب عنه جزئيًا", "تا حدی پاسخ داده شد"],
            P::Declined => ["answer declined", "امتُنع عن الإجابة", "از پاسخ خودداری شد"],
            P::StandByUntil => ["stand by until", "انتظروا حتى", "منتظر بمانید تا"],
            P::NotOurForces => ["not our forces", "ليست قواتنا", "نیروهای ما نیستند"],
            P::Term => ["term", "البند", "بند"],
            P::OfForm => ["fields of the message", "حقول من الرسالة", "اقلام پیام"],
        };
        pick(row, language)
    }
}

/// A month by number, 1 to 12; Arabic names both the Levantine and the Egyptian month.
pub(crate) fn month(number: u8, language: Language) -> &'static str {
    const MONTHS: [Row; 12] = [
        ["January", "كانون الثاني/يناير", "ژانویه"],
        ["February", "شباط/فبراير", "فوریه"],
        ["March", "آذار/مارس", "مارس"],
        ["April", "نيسان/أبريل", "آوریل"],
        ["May", "أيار/مايو", "مه"],
        ["June", "حزيران/يونيو", "ژوئن"],
        ["July", "تموز/يوليو", "ژوئیه"],
        ["August", "آب/أغسطس", "اوت"],
        ["September", "أيلول/سبتمبر", "سپتامبر"],
        ["October", "تشرين الأول/أكتوبر", "اکتبر"],
        ["November", "تشرين الثاني/نوفمبر", "نوامبر"],
        ["December", "كانون الأول/ديسمبر", "دسامبر"],
    ];
    at(&MONTHS, number.wrapping_sub(1), language)
}

/// A weekday by number, 0 for Monday.
pub(crate) fn weekday(number: u8, language: Language) -> &'static str {
    const DAYS: [Row; 7] = [
        ["Monday", "الإثنين", "دوشنبه"],
        ["Tuesday", "الثلاثاء", "سه‌شنبه"],
        ["Wednesday", "الأربعاء", "چهارشنبه"],
        ["Thursday", "الخميس", "پنج‌شنبه"],
        ["Friday", "الجمعة", "جمعه"],
        ["Saturday", "السبت", "شنبه"],
        ["Sunday", "الأحد", "یکشنبه"],
    ];
    at(&DAYS, number, language)
}

/// A month of the Solar Hijri calendar, 1 to 12.
pub(crate) fn solar_month(number: u8, language: Language) -> &'static str {
    const MONTHS: [Row; 12] = [
        ["Farvardin", "فروردين", "فروردین"],
        ["Ordibehesht", "أرديبهشت", "اردیبهشت"],
        ["Khordad", "خرداد", "خرداد"],
        ["Tir", "تير", "تیر"],
        ["Mordad", "مرداد", "مرداد"],
        ["Shahrivar", "شهريور", "شهریور"],
        ["Mehr", "مهر", "مهر"],
        ["Aban", "آبان", "آبان"],
        ["Azar", "آذر", "آذر"],
        ["Dey", "دي", "دی"],
        ["Bahman", "بهمن", "بهمن"],
        ["Esfand", "إسفند", "اسفند"],
    ];
    at(&MONTHS, number.wrapping_sub(1), language)
}

/// A month of the Hijri calendar, 1 to 12.
pub(crate) fn hijri_month(number: u8, language: Language) -> &'static str {
    const MONTHS: [Row; 12] = [
        ["Muharram", "محرّم", "محرم"],
        ["Safar", "صفر", "صفر"],
        ["Rabi al-Awwal", "ربيع الأول", "ربیع‌الاول"],
        ["Rabi al-Thani", "ربيع الآخر", "ربیع‌الثانی"],
        ["Jumada al-Ula", "جمادى الأولى", "جمادی‌الاول"],
        ["Jumada al-Akhira", "جمادى الآخرة", "جمادی‌الثانی"],
        ["Rajab", "رجب", "رجب"],
        ["Shaban", "شعبان", "شعبان"],
        ["Ramadan", "رمضان", "رمضان"],
        ["Shawwal", "شوّال", "شوال"],
        ["Dhu al-Qadah", "ذو القعدة", "ذی‌القعده"],
        ["Dhu al-Hijjah", "ذو الحجة", "ذی‌الحجه"],
    ];
    at(&MONTHS, number.wrapping_sub(1), language)
}

/// How a height is measured.
pub(crate) fn datum(datum: Datum, language: Language) -> &'static str {
    let row = match datum {
        Datum::Ground => ["above ground", "فوق سطح الأرض", "بالای سطح زمین"],
        Datum::SeaLevel => ["above mean sea level", "فوق متوسط سطح البحر", "بالای سطح متوسط دریا"],
        Datum::Ellipsoid => {
            ["above the WGS 84 ellipsoid", "فوق المجسّم WGS 84", "بالای بیضوی WGS 84"]
        }
    };
    pick(row, language)
}

/// How the author stands to a number.
pub(crate) fn status(status: ClaimStatus, language: Language) -> &'static str {
    let row = match status {
        ClaimStatus::Reported => ["reported", "وفق ما أُبلغ به", "طبق گزارش"],
        ClaimStatus::Confirmed => ["confirmed", "مؤكَّد", "تأییدشده"],
        ClaimStatus::Denied => ["denied", "منفيّ", "تکذیب‌شده"],
        ClaimStatus::MayHave => {
            ["possible, not established", "محتمل وغير ثابت", "محتمل و اثبات‌نشده"]
        }
    };
    pick(row, language)
}

/// A party's position on a term.
pub(crate) fn position(position: Position, language: Language) -> &'static str {
    let row = match position {
        Position::Proposed => ["proposed", "مقترَح", "پیشنهاد می‌شود"],
        Position::Accepted => ["accepted", "مقبول", "پذیرفته شد"],
        Position::Declined => ["declined", "غير مقبول", "پذیرفته نشد"],
        Position::Amended => {
            ["accepted only in other words", "مقبول بصيغة أخرى فقط", "فقط با متن دیگر پذیرفته است"]
        }
        Position::Open => ["position open", "الموقف لم يُحدَّد بعد", "موضع هنوز باز است"],
    };
    pick(row, language)
}

/// A language's name in another language.
pub(crate) fn language_name(of: Language, language: Language) -> &'static str {
    let row = match of {
        Language::En => ["English", "الإنجليزية", "انگلیسی"],
        Language::Ar => ["Arabic", "العربية", "عربی"],
        Language::Fa => ["Persian", "الفارسية", "فارسی"],
    };
    pick(row, language)
}

pub(crate) fn choose(row: Row, language: Language) -> &'static str {
    pick(row, language)
}

fn at(table: &[Row], index: u8, language: Language) -> &'static str {
    table.get(usize::from(index)).map_or("", |row| pick(*row, language))
}

#[cfg(test)]
mod tests {
    /// Every text of a table: what stands between quotation marks before the tests.
    fn texts(source: &str) -> Vec<&str> {
        let tables = source.split("#[cfg(test)]").next().unwrap();
        tables.split('"').skip(1).step_by(2).filter(|text| !text.trim().is_empty()).collect()
    }

    #[test]
    fn every_word_of_the_renderer_is_in_the_specification() {
        let spec = include_str!("../../../spec/form.md");
        let all = texts(include_str!("phrases.rs"));
        assert!(all.len() > 200, "{}", all.len());
        let calendars = ["Farvardin", "Muharram"].map(|first| {
            all.iter().position(|text| *text == first).expect("the caption tables start here")
        });
        for (at, text) in all.iter().enumerate() {
            // Captions are not part of a rendering: 36 names of months in each calendar.
            let caption = calendars.iter().any(|&start| (start..start + 36).contains(&at));
            assert!(caption || spec.contains(text), "{text}");
        }
    }

    #[test]
    fn every_step_of_the_ladder_is_in_the_specification() {
        let spec = include_str!("../../../spec/form.md");
        for language in crate::Language::ALL {
            for n in 0..=6 {
                let level = crate::Level::new(n).unwrap();
                assert!(spec.contains(crate::level_words(level, language)));
            }
        }
    }
}
