//! The short words that a report is made of.

use khatt_forms::Language;

use super::pick;

/// A word or two of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // Each is what its English says.
pub enum Phrase {
    Kind,
    Line,
    Words,
    Post,
    Entries,
    Signed,
    Checkpoints,
    Cosignatures,
    Cosigned,
    Receipts,
    Messages,
    Opened,
    Closed,
    Withheld,
    UnknownEntries,
    KeyOrders,
    Generation,
    AfterCutOff,
    Root,
    Officers,
    Agree,
    UnknownForms,
    MoreFaults,
    Answer,
    NotAllOpened,
    BlameFile,
    BlamePost,
    BlameParty,
    Entry,
    Comma,
    /// That the file shows one message only.
    Disclosed,
    /// Before the author's claimed time.
    Time,
    /// Before the precedence.
    Precedence,
    /// Before the thread.
    Thread,
    /// That officers are not shown.
    OfficersClosed,
    /// That officers cannot be checked.
    OfficersUnchecked,
    /// That a form is not known.
    NoRendering,
}

impl Phrase {
    /// All of them.
    pub const ALL: [Self; 37] = [
        Self::Kind,
        Self::Line,
        Self::Words,
        Self::Post,
        Self::Entries,
        Self::Signed,
        Self::Checkpoints,
        Self::Cosignatures,
        Self::Cosigned,
        Self::Receipts,
        Self::Messages,
        Self::Opened,
        Self::Closed,
        Self::Withheld,
        Self::UnknownEntries,
        Self::KeyOrders,
        Self::Generation,
        Self::AfterCutOff,
        Self::Root,
        Self::Officers,
        Self::Agree,
        Self::UnknownForms,
        Self::MoreFaults,
        Self::Answer,
        Self::NotAllOpened,
        Self::BlameFile,
        Self::BlamePost,
        Self::BlameParty,
        Self::Entry,
        Self::Comma,
        Self::Disclosed,
        Self::Time,
        Self::Precedence,
        Self::Thread,
        Self::OfficersClosed,
        Self::OfficersUnchecked,
        Self::NoRendering,
    ];
}

/// The words of a phrase.
#[must_use]
#[rustfmt::skip]
pub const fn phrase(phrase: Phrase, language: Language) -> &'static str {
    pick(match phrase {
        Phrase::Kind => ["Kind of line", "نوع الخط", "نوع خط"],
        Phrase::Line => ["Line", "الخط", "خط"],
        Phrase::Words => ["Check words of the charter", "كلمات التحقق من الميثاق", "واژه‌های وارسی منشور"],
        Phrase::Post => ["Post", "المركز", "پست"],
        Phrase::Entries => ["entries", "القيود", "ثبت‌ها"],
        Phrase::Signed => ["signed up to", "الموقَّع حتى", "امضاشده تا"],
        Phrase::Checkpoints => ["signatures of the post", "توقيعات المركز", "امضاهای پست"],
        Phrase::Cosignatures => [
            "post-quantum cosignatures",
            "توقيعات مشتركة صامدة للحوسبة الكمية",
            "هم‌امضاهای پساکوانتومی",
        ],
        Phrase::Cosigned => ["cosigned up to", "الموقَّع توقيعًا مشتركًا حتى", "هم‌امضاشده تا"],
        Phrase::Receipts => ["receipts", "إيصالات الاستلام", "رسیدها"],
        Phrase::Messages => ["messages", "الرسائل", "پیام‌ها"],
        Phrase::Opened => ["opened", "المفتوحة", "گشوده"],
        Phrase::Closed => ["closed", "المغلقة", "بسته"],
        Phrase::Withheld => ["withheld", "المحجوبة", "کنار گذاشته"],
        Phrase::UnknownEntries => ["of unknown type", "من نوع غير معروف", "از نوع ناشناخته"],
        Phrase::KeyOrders => ["key orders", "أوامر المفاتيح", "دستورهای کلید"],
        Phrase::Generation => ["generation", "الجيل", "نسل"],
        Phrase::AfterCutOff => [
            "after it was cut off (they count for nothing)",
            "بعد قطعه (لا يُعتدّ بها)",
            "پس از قطع آن (به حساب نمی‌آید)",
        ],
        Phrase::Root => ["root", "الجذر", "ریشه"],
        Phrase::Officers => ["officers' signatures", "توقيعات الضباط", "امضاهای افسران"],
        Phrase::Agree => ["renderings that agree", "الصيغ المطابقة", "متن‌های مطابق"],
        Phrase::UnknownForms => ["messages whose form is not known here", "رسائل نموذجها غير معروف هنا", "پیام‌هایی که فرمشان این‌جا شناخته نیست"],
        Phrase::MoreFaults => ["Further faults, not listed", "اختلالات أخرى غير مذكورة", "اشکال‌های دیگر که فهرست نشده‌اند"],
        Phrase::Answer => ["Answer", "النتيجة", "نتیجه"],
        Phrase::NotAllOpened => [
            "Not every message is open in this file; what is closed or withheld was not checked beyond its entry.",
            "ليست كل الرسائل مفتوحة في هذا الملف؛ وما أُغلق أو حُجب لم يُتحقق منه سوى قيده.",
            "همهٔ پیام‌ها در این پرونده گشوده نیستند؛ از بسته‌ها و کنارگذاشته‌ها تنها ثبتشان بررسی شد.",
        ],
        Phrase::BlameFile => [
            "At fault: whoever made or carried this file; no post signed this.",
            "المسؤول: من أعدّ هذا الملف أو نقله؛ لم يوقّع أي مركز على هذا.",
            "مقصر: تهیه‌کننده یا حامل این پرونده؛ هیچ پستی این را امضا نکرده است.",
        ],
        Phrase::BlameParty => [
            "At fault, as its own signatures show: party",
            "المسؤول، كما تبيّن توقيعاته: الطرف",
            "مقصر، چنان‌که امضاهای خودش نشان می‌دهد: طرف",
        ],
        Phrase::BlamePost => [
            "At fault, as its own signature shows:",
            "المسؤول، كما يبيّن توقيعه:",
            "مقصر، چنان‌که امضای خودش نشان می‌دهد:",
        ],
        Phrase::Entry => ["Entry", "القيد", "ثبت"],
        Phrase::Comma => [", ", "، ", "، "],
        Phrase::Disclosed => [
            "Disclosure of one message; it shows nothing else of its line.",
            "إفصاح عن رسالة واحدة؛ ولا يُظهر شيئًا آخر من خطها.",
            "افشای یک پیام؛ چیز دیگری از خط آن را نشان نمی‌دهد.",
        ],
        Phrase::Time => ["Time, as its post claims", "الوقت كما يذكره مركزه", "زمان، به گفتهٔ پایگاهش"],
        Phrase::Precedence => ["Precedence", "الأسبقية", "تقدم"],
        Phrase::Thread => ["Thread", "الموضوع المتصل", "رشته"],
        Phrase::OfficersClosed => [
            "The officers who released it are not shown.",
            "الضباط الذين أصدروها غير معروضين.",
            "افسرانی که آن را آزاد کردند نشان داده نشده‌اند.",
        ],
        Phrase::OfficersUnchecked => [
            "Officers' signatures are shown, and cannot be checked without the charter.",
            "توقيعات الضباط معروضة ولا يمكن التحقق منها دون الميثاق.",
            "امضای افسران نشان داده شده و بی منشور بررسی‌شدنی نیست.",
        ],
        Phrase::NoRendering => [
            "The form is not known here; these are the bare fields.",
            "النموذج غير معروف هنا؛ وهذه هي الحقول مجردة.",
            "فرم این‌جا شناخته نیست؛ این‌ها فیلدهای خام است.",
        ],
    }, language)
}
