//! A form on paper: one page that prints without a server, in several languages at once.
//!
//! A filled sheet carries the rows that are read over a radio and typed back (`spec/sheet.md`); a
//! blank one the labels, the codes with their captions, and how each kind is written. Both hold
//! everything they need: no script, no font, no picture from elsewhere.

use khatt_forms::{
    Field, FieldKind, Form, Isolate, Language, Piece, Sheet, Wordbook, acknowledgement_banner,
    digest_digits, grouped, notation_hint, precedence_words, render, review_words,
};

/// The style of a sheet: black on white, one table, rows that do not break across pages.
const STYLE: &str = "\
@page{size:A4;margin:14mm}\
body{font:10.5pt/1.45 'Noto Sans','Vazirmatn','Noto Sans Hebrew','Noto Sans SC',sans-serif;color:#000;margin:0 auto;max-width:190mm}\
h1{font-size:15pt;margin:0 0 2mm}h1 span{display:block}\
p{margin:1.5mm 0}table{border-collapse:collapse;width:100%;margin:3mm 0}\
tr{break-inside:avoid}th,td{border:.4pt solid #000;padding:1.2mm 1.6mm;text-align:start;vertical-align:top}\
td.n,td.d{font:10.5pt/1.45 'IBM Plex Mono',monospace;white-space:nowrap;direction:ltr}\
td.v{font:11pt/1.5 'IBM Plex Mono','Vazirmatn',monospace;unicode-bidi:plaintext;overflow-wrap:anywhere}\
td span.l{display:block;unicode-bidi:isolate}small{display:block;color:#222;unicode-bidi:isolate}\
.box{display:inline-block;width:3.2mm;height:3.2mm;border:.6pt solid #000;margin-inline-end:1.5mm}\
.rule{display:block;border-bottom:.4pt dotted #000;height:7mm}.c::before{content:'\u{25cf} '}";

/// Returns a filled sheet as one page of HTML.
#[must_use]
pub fn filled(form: &Form, sheet: &Sheet, book: Wordbook<'_>) -> String {
    let mut page = head(form, &sheet.languages);
    for language in &sheet.languages {
        // The sentence for the eye; what counts is the table below it.
        if let Ok(rendering) = render(form, &sheet.filled, *language, book) {
            let sentence = pieces(&rendering.headline);
            page.push_str(&paragraph(*language, &sentence));
        }
    }
    page.push_str("<table>\n");
    for row in sheet.rows(form, book) {
        let field = form.field_number(row.number);
        let labels = field.map_or_else(|| "\u{2014}".to_owned(), |f| labels(f, &sheet.languages));
        let digits = format!("{:03} {:03}", row.digits / 1_000, row.digits % 1_000);
        let meaning = match (field, sheet.filled.values.get(&row.number)) {
            (Some(field), Some(value)) => captions(field, value, &sheet.languages, book),
            _ => String::new(),
        };
        page.push_str(&format!(
            "<tr><td class=n>{}</td><td>{labels}</td><td class=d>{digits}</td><td class=v>{}{meaning}</td></tr>\n",
            row.number,
            escaped(&row.notation),
        ));
    }
    page.push_str(&format!(
        "<tr><td class=n>=</td><td></td><td class=d colspan=2>{}</td></tr>\n</table>\n",
        grouped(&digest_digits(&sheet.digest))
    ));
    foot(&mut page, form, &sheet.languages);
    page
}

/// Returns a blank sheet as one page of HTML.
#[must_use]
pub fn blank(form: &Form, languages: &[Language], book: Wordbook<'_>) -> String {
    let mut page = head(form, languages);
    page.push_str("<table>\n");
    page.push_str(&format!(
        "<tr><td class=n>0</td><td></td><td class=d>___ ___</td><td class=v>{} __ of {}</td></tr>\n",
        form.id(),
        languages.iter().map(|l| l.tag()).collect::<Vec<_>>().join(" "),
    ));
    for field in form.fields() {
        let mut room = String::new();
        match field.kind {
            FieldKind::Code(_) | FieldKind::Codes(_) | FieldKind::Level(_) => {
                for code in field.codes() {
                    room.push_str(&format!("<div><span class=box></span>{code}"));
                    room.push_str(&meaning(code, languages, book));
                    room.push_str("</div>");
                }
            }
            FieldKind::Text(_) => room.push_str("<span class=rule></span><span class=rule></span>"),
            _ => {
                room.push_str("<span class=rule></span>");
                room.push_str(&format!(
                    "<small dir=ltr>{}</small>",
                    escaped(notation_hint(&field.kind))
                ));
            }
        }
        let mark = if field.required { " *" } else { "" };
        page.push_str(&format!(
            "<tr><td class=n>{}{mark}</td><td{}>{}</td><td class=d>___ ___</td><td class=v>{room}</td></tr>\n",
            field.number,
            if field.critical { " class=c" } else { "" },
            labels(field, languages),
        ));
    }
    page.push_str("<tr><td class=n>=</td><td></td><td class=d colspan=2>____ ____ ____ ____ ____</td></tr>\n</table>\n");
    foot(&mut page, form, languages);
    page
}

fn head(form: &Form, languages: &[Language]) -> String {
    let first = languages.first().copied().unwrap_or(Language::En);
    let mut page = format!(
        "<!doctype html>\n<html lang={} dir={}>\n<meta charset=utf-8>\n<title>{} {}</title>\n<style>{STYLE}</style>\n<h1>",
        first.tag(),
        first.direction().html(),
        form.name(),
        form.id(),
    );
    for language in languages {
        page.push_str(&format!(
            "<span lang={} dir={}>{}</span>",
            language.tag(),
            language.direction().html(),
            escaped(form.title(*language))
        ));
    }
    page.push_str("</h1>\n");
    let precedence: Vec<String> = languages
        .iter()
        .map(|l| {
            format!(
                "<span lang={} dir={}>{}</span>",
                l.tag(),
                l.direction().html(),
                precedence_words(form.precedence(), *l)
            )
        })
        .collect();
    page.push_str(&format!(
        "<p dir=ltr>{} {} · {}</p>\n",
        form.name(),
        form.id(),
        precedence.join(" · ")
    ));
    page
}

fn foot(page: &mut String, form: &Form, languages: &[Language]) {
    for language in languages {
        let banner = acknowledgement_banner(*language);
        let review = review_words(form.review(*language), *language);
        page.push_str(&paragraph(*language, &escaped(&format!("{banner} {review}"))));
    }
    page.push_str("</html>\n");
}

fn paragraph(language: Language, html: &str) -> String {
    format!("<p lang={} dir={}>{html}</p>\n", language.tag(), language.direction().html())
}

fn labels(field: &Field, languages: &[Language]) -> String {
    let one = |language: &Language| {
        format!(
            "<span class=l lang={} dir={}>{}</span>",
            language.tag(),
            language.direction().html(),
            escaped(field.label(*language))
        )
    };
    languages.iter().map(one).collect()
}

/// What a code or place is called in each language, under the code itself.
fn captions(
    field: &Field,
    value: &khatt_forms::Value,
    languages: &[Language],
    book: Wordbook<'_>,
) -> String {
    match value {
        khatt_forms::Value::Code(code) => meaning(code, languages, book),
        khatt_forms::Value::Codes(codes) => {
            codes.iter().map(|code| meaning(code, languages, book)).collect()
        }
        khatt_forms::Value::Place(place) => {
            let known = book.gazetteer.get(&place.id);
            let names = languages.iter().filter_map(|l| Some((*l, known?.name(*l).to_owned())));
            small(names)
        }
        _ => {
            let _ = field;
            String::new()
        }
    }
}

fn meaning(code: &str, languages: &[Language], book: Wordbook<'_>) -> String {
    let caption = |l: &Language| Some((*l, book.glossary.caption(code, *l)?.to_owned()));
    small(languages.iter().filter_map(caption))
}

fn small(texts: impl Iterator<Item = (Language, String)>) -> String {
    texts
        .map(|(l, text)| {
            format!(
                "<small lang={} dir={}>{}</small>",
                l.tag(),
                l.direction().html(),
                escaped(&text)
            )
        })
        .collect()
}

/// A sentence with each token isolated by the page, so that it is painted as on the screen.
fn pieces(all: &[Piece]) -> String {
    let mut html = String::new();
    for piece in all {
        let text = escaped(&piece.text);
        match piece.isolate {
            Isolate::None => html.push_str(&text),
            Isolate::LeftToRight => html.push_str(&format!("<bdi dir=ltr>{text}</bdi>")),
            Isolate::RightToLeft => html.push_str(&format!("<bdi dir=rtl>{text}</bdi>")),
            Isolate::FirstStrong => html.push_str(&format!("<bdi>{text}</bdi>")),
        }
        if let Some(beside) = &piece.beside {
            html.push_str(&format!(" <bdi dir=ltr>[{}]</bdi>", escaped(beside)));
        }
    }
    html
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use khatt_forms::{Catalogue, Filled};

    use super::*;

    fn languages(form: &Form) -> Vec<Language> {
        form.languages().collect()
    }

    fn all() -> impl Iterator<Item = (&'static Form, Sheet)> {
        let book = Wordbook::builtin();
        Catalogue::builtin().iter().map(move |form| {
            let example = &form.examples()[0];
            let filled = Filled::from_input(form, &example.inputs, example.language, book).unwrap();
            let sheet = Sheet::new(form, filled, example.language, &languages(form), book).unwrap();
            (form, sheet)
        })
    }

    #[test]
    fn every_form_prints_blank_and_filled_and_needs_nothing_from_elsewhere() {
        let book = Wordbook::builtin();
        for (form, sheet) in all() {
            for page in [filled(form, &sheet, book), blank(form, &languages(form), book)] {
                assert!(page.starts_with("<!doctype html>"));
                for away in ["http:", "https:", "src=", "url(", "<script", "@import"] {
                    assert!(!page.contains(away), "{} {away}", form.name());
                }
                for language in form.languages() {
                    assert!(page.contains(&escaped(form.title(language))), "{}", form.name());
                    for field in form.fields().iter().filter(|field| field.required) {
                        assert!(page.contains(&escaped(field.label(language))), "{}", field.name);
                    }
                    let banner = escaped(acknowledgement_banner(language));
                    assert!(page.contains(&banner), "{}", form.name());
                }
            }
        }
    }

    #[test]
    fn what_is_printed_can_be_typed_back_from_the_page_to_the_same_digest() {
        let book = Wordbook::builtin();
        for (form, sheet) in all() {
            let page = filled(form, &sheet, book);
            // As a reader does: number, digits and notation of each row, from the page alone.
            let mut typed = String::new();
            for row in page.split("<tr>").skip(1) {
                let cell = |class: &str| {
                    let text = row.split_once(class).map_or("", |(_, rest)| rest);
                    text.split('<').next().unwrap().to_owned()
                };
                let text = |html: String| {
                    html.replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&quot;", "\"")
                        .replace("&amp;", "&")
                };
                let digits = cell("<td class=d>") + &cell("<td class=d colspan=2>");
                typed.push_str(&format!(
                    "{} {digits} {}\n",
                    cell("<td class=n>"),
                    text(cell("<td class=v>"))
                ));
            }
            let again = Sheet::read(&typed, Catalogue::builtin(), book);
            assert_eq!(again, Ok(sheet), "{}", form.name());
        }
    }

    #[test]
    fn free_text_cannot_leave_its_cell() {
        let book = Wordbook::builtin();
        let form = Catalogue::builtin().by_name("free-text").unwrap();
        let mut inputs = form.examples()[0].inputs.clone();
        let text = form.fields().iter().find(|f| matches!(f.kind, FieldKind::Text(_))).unwrap();
        inputs.retain(|(name, _)| *name != text.name);
        inputs.push((text.name.clone(), "</td><b>\"&amp;".into()));
        let filled = Filled::from_input(form, &inputs, Language::En, book).unwrap();
        let sheet = Sheet::new(form, filled, Language::En, &[Language::En], book).unwrap();
        let page = super::filled(form, &sheet, book);
        assert!(page.contains("&lt;/td&gt;&lt;b&gt;&quot;&amp;amp;"), "{page}");
    }
}
