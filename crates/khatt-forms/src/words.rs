//! Words that stand around a message: ladder steps, precedence, kinds of line, and the banner.
//!
//! They are shown by every desk and printout and belong to no form.

use crate::body::Relation;
use crate::language::Language;
use crate::phrases::choose;
use crate::value::Level;

/// What a line is for; a drill must never pass for real, nor the real for a drill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineKind {
    /// The real line.
    Real,
    /// Practice between posts.
    Drill,
    /// A scenario played by a machine.
    Rehearsal,
}

/// The sentence that stands with every acknowledgement.
#[must_use]
pub fn acknowledgement_banner(language: Language) -> &'static str {
    choose(
        [
            "Acknowledgement is not agreement, approval or clearance.",
            "الإشعار بالتسلّم أو الفهم أو الإبلاغ لا يُعدّ موافقةً ولا قبولًا ولا إذنًا.",
            "اعلام دریافت، فهم یا ابلاغ به معنای موافقت، تأیید یا صدور مجوز نیست.",
        ],
        language,
    )
}

/// What a step of the ladder says, with its code: never the bare word "acknowledged".
#[must_use]
pub fn level_words(level: Level, language: Language) -> &'static str {
    let row = match level.number() {
        0 => ["A0 stored at a relay", "A0 محفوظة لدى محطة وسيطة", "A0 در ایستگاه واسط ذخیره شد"],
        1 => [
            "A1 stored at the receiving post",
            "A1 محفوظة لدى المركز المستقبِل",
            "A1 در پایگاه گیرنده ذخیره شد",
        ],
        2 => ["A2 operator has it", "A2 تسلّمها المناوب", "A2 متصدی آن را دریافت کرد"],
        3 => [
            "A3 understood: read back and compared",
            "A3 مفهومة: أُعيدت قراءتها وقورنت",
            "A3 فهمیده شد: بازخوانی و مقایسه شد",
        ],
        4 => [
            "A4 passed to the authority named",
            "A4 رُفعت إلى الجهة المختصة المذكورة",
            "A4 به مقام ذی‌صلاح نام‌برده ارجاع شد",
        ],
        5 => [
            "A5 units concerned told, within the scope stated",
            "A5 أُبلغت الوحدات المعنية ضمن النطاق المذكور",
            "A5 به یگان‌های ذی‌ربط در دامنهٔ اعلام‌شده ابلاغ شد",
        ],
        _ => ["A6 answered in substance", "A6 أُجيب عن مضمونها", "A6 به مضمون آن پاسخ داده شد"],
    };
    choose(row, language)
}

/// Name of a precedence, 0 flash to 3 routine; the speed wanted, not importance.
#[must_use]
pub fn precedence_words(precedence: u8, language: Language) -> &'static str {
    let row = match precedence {
        0 => ["FLASH", "برق (FLASH)", "آنی (FLASH)"],
        1 => ["IMMEDIATE", "عاجل جدًا (IMMEDIATE)", "خیلی فوری (IMMEDIATE)"],
        2 => ["PRIORITY", "عاجل (PRIORITY)", "فوری (PRIORITY)"],
        _ => ["ROUTINE", "عادي (ROUTINE)", "عادی (ROUTINE)"],
    };
    choose(row, language)
}

/// Name of a kind of line.
#[must_use]
pub fn kind_words(kind: LineKind, language: Language) -> &'static str {
    let row = match kind {
        LineKind::Real => ["REAL", "حقيقي", "واقعی"],
        LineKind::Drill => ["DRILL – NOT REAL", "تدريب – ليس حقيقيًا", "تمرین – واقعی نیست"],
        LineKind::Rehearsal => {
            ["REHEARSAL – NOT REAL", "محاكاة – ليست حقيقية", "شبیه‌سازی – واقعی نیست"]
        }
    };
    choose(row, language)
}

/// What the sender wants with a message, by the code that a form carries; nothing for other codes.
#[must_use]
pub fn intent_words(intent: &str, language: Language) -> Option<&'static str> {
    let (_, row) = INTENTS.iter().find(|(code, _)| *code == intent)?;
    Some(choose(*row, language))
}

/// Intents that a form may carry. None of them is an instruction: neither side commands the other.
pub(crate) const INTENTS: &[(&str, [&str; 3])] = &[
    ("information", ["information", "للعلم", "اطلاع"]),
    ("question", ["question", "سؤال", "پرسش"]),
    ("answer", ["answer", "جواب", "پاسخ"]),
    ("request", ["request", "طلب", "درخواست"]),
    ("intention", ["intention", "نية", "قصد"]),
    ("warning", ["warning", "تحذير", "هشدار"]),
    ("demand", ["demand", "مطالبة", "مطالبه"]),
];

/// How a message stands to an earlier one.
#[must_use]
pub fn relation_words(relation: Relation, language: Language) -> &'static str {
    let row = match relation {
        Relation::Replies => ["replies to", "ردّ على", "پاسخ به"],
        Relation::Amends => ["amends", "يعدّل", "اصلاح می‌کند"],
        Relation::Cancels => ["cancels", "يلغي", "لغو می‌کند"],
        Relation::Corrects => ["corrects", "يصحّح", "تصحیح می‌کند"],
        Relation::Supersedes => ["supersedes", "يحلّ محل", "جایگزین می‌شود"],
        Relation::Closes => ["closes", "يُنهي", "خاتمه می‌دهد"],
        Relation::Acknowledges => {
            ["states a step on", "يبيّن خطوة بشأن", "پله‌ای را اعلام می‌کند برای"]
        }
        Relation::Answers => ["answers", "يجيب عن", "جواب می‌دهد به"],
        Relation::Cites => ["relies on or mentions", "يستند إلى أو يذكر", "استناد یا اشاره به"],
    };
    choose(row, language)
}

/// What stands with a rendering whose wording has not been reviewed, or who reviewed it.
#[must_use]
pub fn review_words(review: &str, language: Language) -> String {
    if review == "unreviewed" {
        choose(
            [
                "Wording not yet reviewed by a native military linguist.",
                "لم يراجع هذه الصيغة بعدُ لغويٌّ عسكري من أهل اللغة.",
                "این عبارت‌ها هنوز به بازبینی زبان‌شناس نظامیِ اهل زبان نرسیده است.",
            ],
            language,
        )
        .to_owned()
    } else {
        let by = choose(["Wording reviewed by: ", "راجع الصيغة: ", "بازبینی عبارت‌ها: "], language);
        format!("{by}\u{2068}{review}\u{2069}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_words_of_one_kind_are_the_same() {
        let distinct = |words: Vec<&str>| {
            let mut sorted = words.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), words.len(), "{words:?}");
        };
        for language in Language::ALL {
            distinct((0..=6).map(|n| level_words(Level::new(n).unwrap(), language)).collect());
            distinct((0..=3).map(|n| precedence_words(n, language)).collect());
            distinct(
                [LineKind::Real, LineKind::Drill, LineKind::Rehearsal]
                    .map(|kind| kind_words(kind, language))
                    .to_vec(),
            );
            distinct(Relation::ALL.map(|relation| relation_words(relation, language)).to_vec());
            distinct(INTENTS.iter().filter_map(|(code, _)| intent_words(code, language)).collect());
        }
    }

    #[test]
    fn a_drill_never_reads_like_the_real_line() {
        for (language, real, not) in [
            (Language::En, "REAL", "NOT REAL"),
            (Language::Ar, "حقيقي", "ليس"),
            (Language::Fa, "واقعی", "نیست"),
        ] {
            assert_eq!(kind_words(LineKind::Real, language), real);
            assert!(kind_words(LineKind::Drill, language).contains(not));
            assert!(kind_words(LineKind::Rehearsal, language).contains("–"));
        }
    }

    #[test]
    fn no_step_of_the_ladder_says_only_that_it_is_acknowledged() {
        for language in Language::ALL {
            for n in 0..=6 {
                let level = Level::new(n).unwrap();
                let words = level_words(level, language);
                assert!(words.starts_with(level.code()) && words.len() > 8, "{words}");
                assert!(!words.to_lowercase().contains("acknowledge"), "{words}");
            }
        }
    }
}
