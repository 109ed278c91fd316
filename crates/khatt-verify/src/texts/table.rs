//! The table itself.

use khatt_forms::Language;

use super::{Words, pick};

/// What to do, for many codes alike.
#[derive(Clone, Copy)]
pub(super) enum Advice {
    KeepAndAsk,
    AnotherCopy,
    RightLine,
    LaterVersion,
    GiveAnchor,
    Nothing,
    SeeAbove,
    ThisMachine,
    CharterArgument,
}

impl Advice {
    pub(super) const fn words(self) -> Words {
        match self {
            Self::KeepAndAsk => [
                "Keep this file unchanged, it is evidence; ask the party of that post to explain, and compare the copy of another post.",
                "احتفظ بهذا الملف دون تغيير فهو دليل؛ واطلب من طرف ذلك المركز توضيحًا، وقارنه بنسخة مركز آخر.",
                "این پرونده را بی‌تغییر نگه دارید، سند است؛ از طرفِ آن پست توضیح بخواهید و آن را با نسخهٔ پست دیگر مقایسه کنید.",
            ],
            Self::AnotherCopy => [
                "Ask whoever made this file for a new copy by another way, and verify that one.",
                "اطلب ممن أعدّ هذا الملف نسخة جديدة بطريق آخر، ثم تحقّق منها.",
                "از تهیه‌کنندهٔ این پرونده نسخهٔ تازه‌ای از راهی دیگر بخواهید و آن را بررسی کنید.",
            ],
            Self::RightLine => [
                "Make sure that this is the file you meant, and compare the check words with a person of each party.",
                "تأكد من أن هذا هو الملف المقصود، وقارن كلمات التحقق مع شخص من كل طرف.",
                "مطمئن شوید که همین پرونده را می‌خواستید و واژه‌های وارسی را با فردی از هر طرف مقایسه کنید.",
            ],
            Self::LaterVersion => [
                "Use a later version of this verifier.",
                "استخدم إصدارًا أحدث من أداة التحقق هذه.",
                "از نسخهٔ تازه‌تر این ابزار بررسی استفاده کنید.",
            ],
            Self::GiveAnchor => [
                "Give the charter, or its check words as read out by a person of each party, with --charter.",
                "قدّم الميثاق، أو كلمات التحقق منه كما يقرؤها شخص من كل طرف، بالخيار ‎--charter‎.",
                "منشور، یا واژه‌های وارسی آن را چنان‌که فردی از هر طرف می‌خواند، با گزینهٔ ‎--charter‎ بدهید.",
            ],
            Self::Nothing => [
                "Nothing needs to be done. This says who wrote what and when it was stored, not whether it is true.",
                "لا يلزم أي إجراء. هذا يبيّن من كتب ماذا ومتى حُفظ، ولا يبيّن صحة ما كُتب.",
                "کاری لازم نیست. این نشان می‌دهد چه کسی چه نوشت و کی ذخیره شد، نه اینکه نوشته درست است.",
            ],
            Self::SeeAbove => [
                "Do not rely on this file; see above what is wrong, whose fault it is and what to do.",
                "لا تعتمد على هذا الملف؛ انظر أعلاه ما الخلل ومن المسؤول عنه وما العمل.",
                "به این پرونده تکیه نکنید؛ در بالا ببینید چه اشکالی هست، از کیست و چه باید کرد.",
            ],
            Self::ThisMachine => [
                "Check the name of the file and the right to read it.",
                "تحقق من اسم الملف ومن إذن قراءته.",
                "نام پرونده و اجازهٔ خواندن آن را بررسی کنید.",
            ],
            Self::CharterArgument => [
                "Give the file of a charter that all parties signed, or all twenty check words in one language.",
                "قدّم ملف ميثاق وقّعته جميع الأطراف، أو كلمات التحقق العشرين كلها بلغة واحدة.",
                "پروندهٔ منشوری را بدهید که همهٔ طرف‌ها امضا کرده‌اند، یا هر بیست واژهٔ وارسی را به یک زبان.",
            ],
        }
    }
}

pub(super) type Row = (&'static str, Words, Advice);

pub(super) const NO_TEXT: Row = (
    "",
    [
        "This fault has no text; its code says what it is.",
        "لا نص لهذا الخلل؛ رمزه يدل عليه.",
        "این اشکال متنی ندارد؛ کد آن گویاست.",
    ],
    Advice::AnotherCopy,
);

#[rustfmt::skip]
pub(super) const ROWS: &[Row] = &[
    ("answer.parties-established", [
        "everything holds, and the parties are those of the charter given",
        "كل شيء سليم، والأطراف هم أطراف الميثاق المقدَّم",
        "همه چیز درست است و طرف‌ها همان طرف‌های منشورِ داده‌شده‌اند",
    ], Advice::Nothing),
    ("answer.consistent-only", [
        "consistent in itself, parties not established",
        "متسق في ذاته، وهوية الأطراف غير مثبتة",
        "در خود سازگار است، هویت طرف‌ها احراز نشده",
    ], Advice::GiveAnchor),
    ("answer.refused", ["refused", "مرفوض", "رد شد"], Advice::SeeAbove),

    ("verify.malformed", [
        "This entry is malformed; every entry must have the one form that its type has.",
        "هذا القيد معيب الصيغة؛ لكل قيد صيغة واحدة بحسب نوعه.",
        "این ثبت بدساخت است؛ هر ثبت باید همان ساختِ یگانهٔ نوع خود را داشته باشد.",
    ], Advice::KeepAndAsk),
    ("verify.no-such-post", [
        "This log belongs to no post of the charter.",
        "هذا السجل لا يخص أي مركز في الميثاق.",
        "این دفتر از آنِ هیچ پستی در منشور نیست.",
    ], Advice::AnotherCopy),
    ("verify.opening", [
        "A log must begin with one opening entry of this line and have no other.",
        "يجب أن يبدأ السجل بقيد افتتاح واحد لهذا الخط ولا غيره.",
        "هر دفتر باید با یک ثبت گشایشِ همین خط آغاز شود و جز آن نداشته باشد.",
    ], Advice::KeepAndAsk),
    ("verify.seen-shrank", [
        "The author says that it has seen less than it said before.",
        "يقول الكاتب إنه اطّلع على أقل مما ذكره سابقًا.",
        "نویسنده می‌گوید کمتر از آنچه پیش‌تر گفته دیده است.",
    ], Advice::KeepAndAsk),
    ("verify.seen-beyond", [
        "The author says that it has seen entries that do not stand before this one: they are missing from the file, or never were.",
        "يقول الكاتب إنه اطّلع على قيود لا تسبق هذا القيد: إما أنها ناقصة من الملف أو لم توجد قط.",
        "نویسنده می‌گوید ثبت‌هایی را دیده که پیش از این ثبت نیستند: یا در پرونده نیستند یا هرگز نبوده‌اند.",
    ], Advice::KeepAndAsk),
    ("verify.thread-unknown", [
        "The thread must begin with an entry that stands before this one.",
        "يجب أن تبدأ السلسلة بقيد يسبق هذا القيد.",
        "رشته باید با ثبتی آغاز شود که پیش از این ثبت است.",
    ], Advice::KeepAndAsk),
    ("verify.receipt-beyond", [
        "The receipt covers more than its author had seen.",
        "إيصال الاستلام يشمل أكثر مما اطّلع عليه كاتبه.",
        "رسید بیش از آنچه نویسنده‌اش دیده بود در بر می‌گیرد.",
    ], Advice::KeepAndAsk),
    ("verify.receipt-root", [
        "The receipt names another root than the log has at that size: the two posts held different logs, or one of them says so.",
        "يذكر إيصال الاستلام جذرًا غير جذر السجل عند ذلك الحجم: كان لدى المركزين سجلان مختلفان، أو يدّعي أحدهما ذلك.",
        "رسید ریشه‌ای جز ریشهٔ دفتر در آن اندازه نام می‌برد: دو پست دفترهای متفاوتی داشته‌اند، یا یکی چنین می‌گوید.",
    ], Advice::KeepAndAsk),
    ("verify.refusal-unknown", [
        "The refusal names an entry that does not stand before it.",
        "يذكر الرفض قيدًا لا يسبقه.",
        "ردّ، ثبتی را نام می‌برد که پیش از آن نیست.",
    ], Advice::KeepAndAsk),
    ("verify.refusal-late", [
        "The refusal names an entry that its author had receipted before: a receipt is not taken back.",
        "يذكر الرفض قيدًا سبق أن أصدر كاتبه إيصال استلام به: لا يُسحب إيصال الاستلام.",
        "ردّ، ثبتی را نام می‌برد که نویسنده‌اش پیش‌تر برای آن رسید داده بود: رسید پس گرفته نمی‌شود.",
    ], Advice::KeepAndAsk),
    ("verify.receipt-refused", [
        "The receipt is for an entry that its author had refused before.",
        "إيصال الاستلام لقيدٍ سبق أن رفضه كاتبه.",
        "رسید برای ثبتی است که نویسنده‌اش پیش‌تر آن را رد کرده بود.",
    ], Advice::KeepAndAsk),
    ("verify.checkpoint-signature", [
        "The post's signature does not fit the log at this size: the log or the signature was altered.",
        "توقيع المركز لا يطابق السجل عند هذا الحجم: غُيّر السجل أو التوقيع.",
        "امضای پست با دفتر در این اندازه نمی‌خواند: دفتر یا امضا دستکاری شده است.",
    ], Advice::AnotherCopy),
    ("verify.checkpoint-beyond", [
        "A signature is for a size that the log does not have at this place.",
        "توقيعٌ لحجم لا يبلغه السجل في هذا الموضع.",
        "امضایی برای اندازه‌ای است که دفتر در این جا ندارد.",
    ], Advice::AnotherCopy),
    ("verify.checkpoint-other-root", [
        "The post signed another log of this size than the one in this file: it signed two histories.",
        "وقّع المركز سجلًا آخر بهذا الحجم غير الذي في هذا الملف: وقّع تاريخين مختلفين.",
        "پست دفتر دیگری با همین اندازه را امضا کرده است، نه دفتر این پرونده را: دو تاریخچه را امضا کرده است.",
    ], Advice::KeepAndAsk),
    ("verify.tail-unsigned", [
        "The entries from here to the end of this log are under no signature of their post.",
        "القيود من هنا إلى آخر هذا السجل ليست تحت توقيع مركزها.",
        "ثبت‌های این دفتر از این‌جا تا پایان زیر هیچ امضایی از پستِ خود نیستند.",
    ], Advice::AnotherCopy),
    ("verify.open-part", [
        "What is shown as this message is not what its entry commits to.",
        "ما يُعرض على أنه هذه الرسالة ليس ما يلتزم به قيدها.",
        "آنچه به نام این پیام نشان داده شده، آن نیست که ثبتش به آن متعهد است.",
    ], Advice::AnotherCopy),
    ("verify.open-misplaced", [
        "The file opens an entry that is no message.",
        "يفتح الملف قيدًا ليس رسالة.",
        "پرونده ثبتی را می‌گشاید که پیام نیست.",
    ], Advice::AnotherCopy),
    ("verify.officers", [
        "The officers' signatures on this message do not satisfy the charter.",
        "توقيعات الضباط على هذه الرسالة لا تستوفي الميثاق.",
        "امضاهای افسران بر این پیام شرط منشور را برآورده نمی‌کنند.",
    ], Advice::KeepAndAsk),
    ("verify.body-malformed", [
        "The message is malformed, or of a form that the charter does not have.",
        "الرسالة معيبة الصيغة، أو على نموذج ليس في الميثاق.",
        "پیام بدساخت است، یا بر فرمی است که در منشور نیست.",
    ], Advice::KeepAndAsk),
    ("verify.act-form", [
        "The message's form may not travel so: it went around the charter's rule of release.",
        "لا يجوز إرسال نموذج هذه الرسالة هكذا: جرى تجاوز قاعدة الإصدار في الميثاق.",
        "فرم این پیام نباید این گونه فرستاده شود: قاعدهٔ صدور منشور دور زده شده است.",
    ], Advice::KeepAndAsk),
    ("verify.rendering-differs", [
        "The message does not read as its officers signed it; trust its raw fields only.",
        "لا تُقرأ الرسالة كما وقّعها ضباطها؛ لا تثق إلا بحقولها الخام.",
        "پیام چنان خوانده نمی‌شود که افسرانش امضا کرده‌اند؛ تنها به فیلدهای خام آن اعتماد کنید.",
    ], Advice::KeepAndAsk),
    ("verify.repeated", [
        "The same message stands in this log twice.",
        "الرسالة نفسها واردة في هذا السجل مرتين.",
        "همین پیام دو بار در این دفتر آمده است.",
    ], Advice::KeepAndAsk),
    ("verify.amend-unknown", [
        "The amendment names a charter that the file does not hold as the next one.",
        "يذكر التعديل ميثاقًا لا يحويه الملف بوصفه التالي.",
        "اصلاحیه منشوری را نام می‌برد که پرونده آن را به عنوان منشور بعدی ندارد.",
    ], Advice::KeepAndAsk),
    ("verify.amend-refused", [
        "The amendment may not follow what this post went by.",
        "لا يجوز أن يلي التعديل ما كان هذا المركز يعمل به.",
        "اصلاحیه نمی‌تواند جانشین چیزی شود که این پست بر آن بود.",
    ], Advice::KeepAndAsk),
    ("verify.key-order", [
        "A key order stands in the log that may not come into force there.",
        "في السجل أمر مفاتيح لا يجوز أن يسري حيث هو.",
        "در دفتر دستور کلیدی هست که در جای خود نمی‌تواند جاری شود.",
    ], Advice::KeepAndAsk),
    ("verify.key-order-fork", [
        "A party signed two different key orders of one number.",
        "وقّع طرف أمري مفاتيح مختلفين برقم واحد.",
        "طرفی دو دستور کلید متفاوت با یک شماره امضا کرده است.",
    ], Advice::KeepAndAsk),
    ("verify.key-order-fork-proof", [
        "The file accuses a party of two key orders of one number, but the proof does not hold.",
        "يتهم الملف طرفًا بأمري مفاتيح برقم واحد، لكن الدليل لا يصح.",
        "پرونده طرفی را به دو دستور کلید با یک شماره متهم می‌کند، اما مدرک درست نیست.",
    ], Advice::AnotherCopy),
    ("verify.cut-off", [
        "This post knew that its party had cut it off, and went on writing.",
        "علم هذا المركز أن طرفه قطعه، واستمر في الكتابة.",
        "این پست می‌دانست که طرفش آن را قطع کرده، و به نوشتن ادامه داد.",
    ], Advice::KeepAndAsk),
    ("verify.generation-ended", [
        "This post knew that its keys had been replaced, and went on without the new ones.",
        "علم هذا المركز أن مفاتيحه استُبدلت، واستمر بغير الجديدة.",
        "این پست می‌دانست که کلیدهایش عوض شده، و بی کلیدهای تازه ادامه داد.",
    ], Advice::KeepAndAsk),
    ("verify.checkpoint-ended", [
        "A key that had been replaced signed this size of the log: whoever holds the old key went on.",
        "وقّع مفتاح مُستبدَل على هذا الحجم من السجل: فحامل المفتاح القديم استمر.",
        "کلیدی که عوض شده بود این اندازه از دفتر را امضا کرده: دارندهٔ کلید کهنه ادامه داده است.",
    ], Advice::KeepAndAsk),
    ("verify.charter-refused", [
        "A later charter in the file is not signed by all parties.",
        "في الملف ميثاق لاحق لم توقّعه جميع الأطراف.",
        "در پرونده منشور بعدی‌ای هست که همهٔ طرف‌ها امضا نکرده‌اند.",
    ], Advice::AnotherCopy),
    ("verify.charter-succession", [
        "A later charter in the file may not follow the one before it.",
        "في الملف ميثاق لاحق لا يجوز أن يلي الذي قبله.",
        "در پرونده منشور بعدی‌ای هست که نمی‌تواند جانشین منشور پیشین باشد.",
    ], Advice::AnotherCopy),
    ("verify.cosignature", [
        "A post-quantum cosignature in the file does not hold over this log at this size.",
        "توقيع مشترك صامد للحوسبة الكمية في الملف لا يصح على هذا السجل عند هذا الحجم.",
        "یک هم‌امضای پساکوانتومی در پرونده برای این دفتر در این اندازه درست نیست.",
    ], Advice::AnotherCopy),
    ("verify.cosignature-beyond", [
        "A post-quantum cosignature is of a size that the log does not have here.",
        "توقيع مشترك صامد للحوسبة الكمية لحجم لا يبلغه السجل هنا.",
        "یک هم‌امضای پساکوانتومی برای اندازه‌ای است که دفتر در اینجا ندارد.",
    ], Advice::AnotherCopy),
    ("verify.forked", [
        "The file proves that this post signed two histories that cannot both be true.",
        "يثبت الملف أن هذا المركز وقّع تاريخين لا يمكن أن يصحّا معًا.",
        "پرونده ثابت می‌کند که این پست دو تاریخچه را امضا کرده که هر دو نمی‌توانند درست باشند.",
    ], Advice::KeepAndAsk),
    ("verify.fork-proof", [
        "The file accuses a post of two histories, but the proof does not hold.",
        "يتهم الملف مركزًا بتاريخين، لكن الدليل لا يصح.",
        "پرونده پستی را به دو تاریخچه متهم می‌کند، اما دلیل آن درست نیست.",
    ], Advice::AnotherCopy),
    ("verify.fork-proof-malformed", [
        "The file has a proof of two histories that is malformed.",
        "في الملف دليل على تاريخين معيب الصيغة.",
        "در پرونده دلیلی بر دو تاریخچه هست که بدساخت است.",
    ], Advice::AnotherCopy),
    ("verify.too-many-late", [
        "Too many receipts and signatures refer to a long time ago; they were not all checked.",
        "إيصالات وتوقيعات كثيرة جدًا تعود إلى زمن بعيد؛ لم يُتحقق منها كلها.",
        "رسیدها و امضاهای بسیاری به زمان دور برمی‌گردند؛ همه بررسی نشدند.",
    ], Advice::AnotherCopy),

    ("verify.no-charter", [
        "The file does not begin with a charter.",
        "لا يبدأ الملف بميثاق.",
        "پرونده با منشور آغاز نمی‌شود.",
    ], Advice::AnotherCopy),
    ("verify.charter", [
        "The charter at the beginning of the file is malformed or not signed by all parties.",
        "الميثاق في أول الملف معيب الصيغة أو لم توقّعه جميع الأطراف.",
        "منشورِ آغاز پرونده بدساخت است یا همهٔ طرف‌ها آن را امضا نکرده‌اند.",
    ], Advice::AnotherCopy),
    ("disclosure.too-large", [
        "The disclosure is longer than any may be.",
        "الإفصاح أطول من الحد الأقصى.",
        "افشا از بیشترین اندازه درازتر است.",
    ], Advice::AnotherCopy),
    ("disclosure.malformed", [
        "The disclosure is not in the one form that it may have.",
        "الإفصاح ليس بالصيغة الوحيدة المقبولة.",
        "افشا در تنها شکل پذیرفته نیست.",
    ], Advice::AnotherCopy),
    ("disclosure.extra", [
        "The file is a proof, but not of an entry of a Khatt line.",
        "الملف برهان، لكنه ليس لقيد من خط Khatt.",
        "پرونده برهان است، ولی نه از ثبتی در خط Khatt.",
    ], Advice::AnotherCopy),
    ("disclosure.charter", [
        "The charter enclosed is not signed by all its parties.",
        "الميثاق المرفق لم توقّعه جميع أطرافه.",
        "منشور پیوست را همهٔ طرف‌ها امضا نکرده‌اند.",
    ], Advice::AnotherCopy),
    ("disclosure.other-line", [
        "The disclosure is of another line, or of a line of another kind, than the charter or words given.",
        "الإفصاح من خط آخر أو من خط من نوع آخر غير الميثاق أو الكلمات المقدَّمة.",
        "افشا از خطی دیگر یا از نوعی دیگر جز منشور یا واژه‌های داده‌شده است.",
    ], Advice::RightLine),
    ("disclosure.order", [
        "The key orders in the disclosure are not signed by their party, or not whole from the first.",
        "أوامر المفاتيح التي في الإفصاح لم يوقّعها طرفها، أو ليست كاملة من أولها.",
        "دستورهای کلید درون افشا را طرفشان امضا نکرده، یا از نخستین دستور کامل نیست.",
    ], Advice::AnotherCopy),
    ("disclosure.other-key", [
        "The disclosure names a key that neither the charter nor the key orders in it give to that post, or the post was cut off.",
        "يذكر الإفصاح مفتاحًا لا يعطيه الميثاق ولا أوامر المفاتيح التي فيه لذلك المركز، أو أن المركز قُطع.",
        "افشا کلیدی را نام می‌برد که نه منشور و نه دستورهای کلید درون آن به آن پایگاه داده است، یا آن پایگاه قطع شده بود.",
    ], Advice::AnotherCopy),
    ("disclosure.checkpoint", [
        "The size and root in the disclosure are not signed by its author's post.",
        "الحجم والجذر في الإفصاح لم يوقّعهما مركز كاتبه.",
        "اندازه و ریشهٔ افشا را پایگاه نویسنده امضا نکرده است.",
    ], Advice::AnotherCopy),
    ("disclosure.other-log", [
        "The signature in the disclosure is of another log.",
        "التوقيع في الإفصاح من سجل آخر.",
        "امضای درون افشا از سابقهٔ دیگری است.",
    ], Advice::AnotherCopy),
    ("disclosure.no-message", [
        "The entry in the disclosure is no message.",
        "القيد في الإفصاح ليس رسالة.",
        "ثبت درون افشا پیام نیست.",
    ], Advice::AnotherCopy),
    ("disclosure.path", [
        "The entry is not at that place of the log that its author signed.",
        "القيد ليس في ذلك الموضع من السجل الذي وقّعه كاتبه.",
        "ثبت در آن جای سابقه‌ای که نویسنده امضا کرده نیست.",
    ], Advice::AnotherCopy),
    ("disclosure.opened", [
        "The text or the officers' signatures are not what the entry commits to.",
        "النص أو توقيعات الضباط ليست ما يلتزم به القيد.",
        "متن یا امضای افسران آن نیست که ثبت به آن متعهد است.",
    ], Advice::AnotherCopy),
    ("disclosure.officers", [
        "The officers shown do not satisfy the charter.",
        "الضباط المعروضون لا يستوفون الميثاق.",
        "افسران نشان‌داده منشور را برآورده نمی‌کنند.",
    ], Advice::AnotherCopy),
    ("disclosure.body", [
        "The text is on none of the charter's forms.",
        "النص ليس على أي من نماذج الميثاق.",
        "متن روی هیچ‌یک از فرم‌های منشور نیست.",
    ], Advice::AnotherCopy),
    ("disclosure.rendering", [
        "The text is written otherwise here than its officers signed.",
        "يُكتب النص هنا بغير ما وقّعه ضباطه.",
        "متن اینجا جز آن‌گونه نوشته می‌شود که افسران امضا کرده‌اند.",
    ], Advice::AnotherCopy),
    ("disclosure.receipt", [
        "A receipt in the disclosure does not hold.",
        "إيصال في الإفصاح لا يصح.",
        "رسیدی در افشا درست نیست.",
    ], Advice::AnotherCopy),
    ("verify.other-line", [
        "The file is of another line than the charter or check words given.",
        "الملف لخط آخر غير خط الميثاق أو كلمات التحقق المقدَّمة.",
        "پرونده از خط دیگری است، نه خطِ منشور یا واژه‌های وارسیِ داده‌شده.",
    ], Advice::RightLine),
    ("verify.local-charter", [
        "What was given with --charter is neither a signed charter nor check words.",
        "ما قُدّم بالخيار ‎--charter‎ ليس ميثاقًا موقّعًا ولا كلمات تحقق.",
        "آنچه با ‎--charter‎ داده شد نه منشور امضاشده است و نه واژه‌های وارسی.",
    ], Advice::CharterArgument),

    ("record-file.local-unreadable", [
        "The record file cannot be read here.",
        "تتعذر قراءة ملف السجل هنا.",
        "پروندهٔ سند این‌جا خوانده نمی‌شود.",
    ], Advice::ThisMachine),
    ("record-file.no-record", [
        "The file is no Khatt record.",
        "الملف ليس سجل خط.",
        "این پرونده سندِ خط نیست.",
    ], Advice::RightLine),
    ("record-file.other-version", [
        "The file is a Khatt record of a later version.",
        "الملف سجل خط من إصدار أحدث.",
        "پرونده سندِ خط از نسخه‌ای تازه‌تر است.",
    ], Advice::LaterVersion),
    ("record-file.cut-short", [
        "The file is cut short: its end is missing.",
        "الملف مبتور: آخره ناقص.",
        "پرونده بریده شده است: پایان آن نیست.",
    ], Advice::AnotherCopy),
    ("record-file.row-too-long", [
        "The file has a row that is longer than allowed.",
        "في الملف سطر أطول من المسموح.",
        "در پرونده ردیفی درازتر از حد مجاز هست.",
    ], Advice::AnotherCopy),
    ("record-file.malformed", [
        "The file has a malformed row: it was damaged or altered.",
        "في الملف سطر معيب الصيغة: تلف أو غُيّر.",
        "در پرونده ردیفی بدساخت هست: آسیب دیده یا دستکاری شده است.",
    ], Advice::AnotherCopy),
    ("record-file.unknown-row", [
        "The file has a row of a type that is not known here.",
        "في الملف سطر من نوع غير معروف هنا.",
        "در پرونده ردیفی از نوعی ناشناخته هست.",
    ], Advice::LaterVersion),
    ("record-file.trailer-differs", [
        "The file was damaged or altered: its end does not fit the rest.",
        "تلف الملف أو غُيّر: آخره لا يطابق بقيته.",
        "پرونده آسیب دیده یا دستکاری شده است: پایان آن با باقی نمی‌خواند.",
    ], Advice::AnotherCopy),
    ("record-file.trailing", [
        "The file goes on after its end.",
        "يستمر الملف بعد نهايته.",
        "پرونده پس از پایان خود ادامه دارد.",
    ], Advice::AnotherCopy),
];

/// How the command is used.
#[must_use]
pub const fn usage(language: Language) -> &'static str {
    pick(
        [
            "khatt-verify FILE [--charter FILE|WORDS] [--json] [--in en|ar|fa]\n\
             Checks a record file, or the disclosure of one entry, offline. Exit code 0: everything holds and the parties are those of\n\
             the charter given; 3: consistent in itself, parties not established; 1: refused; 2: the\n\
             command or a file could not be used.",
            "khatt-verify FILE [--charter FILE|WORDS] [--json] [--in en|ar|fa]\n\
             يتحقق من ملف سجل، أو من إفصاح عن قيد واحد، دون اتصال. رمز الخروج 0: كل شيء سليم والأطراف هم أطراف الميثاق المقدَّم؛\n\
             3: متسق في ذاته وهوية الأطراف غير مثبتة؛ 1: مرفوض؛ 2: تعذر استعمال الأمر أو أحد الملفات.",
            "khatt-verify FILE [--charter FILE|WORDS] [--json] [--in en|ar|fa]\n\
             پروندهٔ سند، یا افشای یک ثبت، را بدون اتصال بررسی می‌کند. کد خروج 0: همه چیز درست است و طرف‌ها همان طرف‌های\n\
             منشورند؛ 3: در خود سازگار، هویت طرف‌ها احراز نشده؛ 1: رد شد؛ 2: فرمان یا پرونده‌ای به کار نیامد.",
        ],
        language,
    )
}
