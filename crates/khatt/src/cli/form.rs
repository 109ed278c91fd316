//! `khatt form`: which messages there are, how they read, and how they look on paper.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use khatt_forms::{
    Catalogue, Filled, Form, Glossary, InputError, Language, Sheet, Wordbook, raw_rows, render,
    review_words,
};

use super::{
    CommandError, Talk, end,
    inputs::Fields,
    talk::{language, languages},
};
use crate::{folder::read_bounded, paper, trouble::Trouble, workbench};

/// Largest form file, glossary or sheet that is read.
const FILE_MAX: usize = 1024 * 1024;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the forms
    List,
    /// Show a form's fields, and examples as an officer types them
    Show {
        /// The form's name
        name: String,
        /// Every language side by side, with the literal glosses
        #[arg(long)]
        all: bool,
    },
    /// Check form files: complete, every example and every count renders in every language
    Check {
        /// Form files, or names of forms that ship
        #[arg(required = true)]
        forms: Vec<String>,
        /// A glossary in place of the one that ships
        #[arg(long, value_name = "FILE")]
        glossary: Option<PathBuf>,
    },
    /// Tell what differs between two form files, place by place
    Diff {
        /// The file as it was
        before: PathBuf,
        /// The file as it is
        after: PathBuf,
    },
    /// Show how a form reads in every language, with the whole list of counts
    Preview {
        /// A form file, or the name of a form that ships
        form: String,
        /// Only these languages
        #[arg(long, value_name = "TAG,TAG")]
        languages: Option<String>,
    },
    /// Print a form as a sheet in several languages: blank, or filled with check digits
    Print {
        /// The form's name
        name: String,
        #[command(flatten)]
        fields: Fields,
        /// Fill it with this example
        #[arg(long, conflicts_with_all = ["set", "from"])]
        example: Option<String>,
        /// Language of the free text
        #[arg(long, value_name = "TAG", default_value = "en")]
        written_in: String,
        /// The line's languages
        #[arg(long, value_name = "TAG,TAG")]
        languages: Option<String>,
        /// Only the rows that are read over a radio, without a page around them
        #[arg(long)]
        text: bool,
    },
    /// Read a sheet that was typed back, and hold it against its check digits
    Read {
        /// The file, as typed
        file: PathBuf,
    },
}

pub(crate) fn run(verb: Verb, talk: Talk) -> u8 {
    let done = match verb {
        Verb::List => {
            for form in Catalogue::builtin().iter() {
                list_row(form, &talk);
            }
            Ok(0)
        }
        Verb::Show { name, all } => find(&name, &talk).map(|form| {
            if all {
                side_by_side(form, &talk)
            } else {
                show(form, &talk)
            };
            0
        }),
        Verb::Check { forms, glossary } => check(&forms, glossary.as_deref(), &talk),
        Verb::Diff { before, after } => diff(&before, &after, &talk),
        Verb::Preview { form, languages } => preview(&form, languages.as_deref(), &talk),
        Verb::Print { name, fields, example, written_in, languages, text } => {
            let wanted = Wanted { example, written_in, languages, text };
            print(&name, &fields, &wanted, &talk)
        }
        Verb::Read { file } => read(&file, &talk),
    };
    end(&talk, done)
}

fn list_row(form: &Form, talk: &Talk) {
    let title = form.title(talk.reading);
    if talk.json {
        talk.row(&serde_json::json!({
            "form": form.name(),
            "number": form.id().number,
            "version": form.id().version,
            "title": title,
        }));
    } else {
        talk.data(&format!("{}  {title}", form.name()));
    }
}

fn find(name: &str, talk: &Talk) -> Result<&'static Form, Trouble> {
    let form = Catalogue::builtin().find(name);
    form.map_err(|error| Trouble::typed(&[error], talk.language))
}

fn typed(errors: &[InputError], talk: &Talk) -> Trouble {
    Trouble::typed(errors, talk.language)
}

fn show(form: &Form, talk: &Talk) {
    if !talk.json {
        talk.data(&format!("{}  {}", form.name(), form.title(talk.reading)));
        talk.data(&review_words(form.review(talk.reading), talk.reading));
    }
    for field in form.fields() {
        let (label, codes) = (field.label(talk.reading), field.codes());
        let marks = [("required", field.required), ("critical", field.critical)];
        if talk.json {
            talk.row(&serde_json::json!({
                "field": field.name,
                "kind": field.kind.name(),
                "label": label,
                "required": field.required,
                "critical": field.critical,
                "unknown_allowed": field.unknown_allowed,
                "codes": codes,
            }));
            continue;
        }
        let marks: Vec<&str> =
            marks.iter().filter(|(_, marked)| *marked).map(|(mark, _)| talk.word(mark)).collect();
        let marks = marks.join(", ");
        talk.data(&format!("  {}  {label}  [{}]  {marks}", field.name, field.kind.name()));
        if !codes.is_empty() {
            talk.data(&format!("      {}", codes.join(" ")));
        }
    }
    if !talk.json {
        for example in form.examples() {
            talk.data(&format!("{}: {}", talk.word("example"), example.name));
            for (field, typed) in &example.inputs {
                talk.data(&format!("  --set {field}='{typed}'"));
            }
        }
    }
}

/// Titles, labels and glosses of all languages: what the other side reads, and what it means here.
fn side_by_side(form: &Form, talk: &Talk) {
    let row = |place: &str, language: Language, text: &str| {
        if talk.json {
            talk.row(&serde_json::json!({
                "place": place, "language": language.tag(), "text": text,
            }));
        } else {
            talk.data(&format!("{place}  {language}  {text}"));
        }
    };
    for language in form.languages() {
        row("title", language, form.title(language));
        row("review", language, form.review(language));
    }
    for field in form.fields() {
        for language in form.languages() {
            row(&field.name, language, field.label(language));
        }
    }
    for of in form.languages() {
        for language in form.languages() {
            if let Some(gloss) = form.gloss(of, language) {
                row(&format!("gloss.{of}"), language, gloss);
            }
        }
    }
}

fn file_text(path: &Path) -> Result<String, Trouble> {
    let name = path.display().to_string();
    let failed = |reason: &str| CommandError::LocalFile { name, reason: reason.to_owned() };
    let bytes = read_bounded(path, FILE_MAX)?;
    String::from_utf8(bytes).map_err(|_| failed("not UTF-8").into())
}

/// A form that ships, by its name, or one in a file.
fn load(form: &str, talk: &Talk) -> Result<Catalogue, Trouble> {
    let path = Path::new(form);
    if !form.ends_with(".toml") && !path.exists() {
        // The nearest name is told if there is none of this one.
        let form = find(form, talk)?;
        return Ok(Catalogue::of(form.clone()));
    }
    let text = file_text(path)?;
    Catalogue::parse(&[(form, &text)]).map_err(|error| {
        let reason = error.fault.to_string();
        CommandError::LocalFile { name: form.to_owned(), reason }.into()
    })
}

fn check(forms: &[String], glossary: Option<&Path>, talk: &Talk) -> Result<u8, Trouble> {
    let mut book = Wordbook::builtin();
    let given;
    if let Some(path) = glossary {
        let text = file_text(path)?;
        given = Glossary::parse(&text).map_err(|error| CommandError::LocalFile {
            name: path.display().to_string(),
            reason: error.to_string(),
        })?;
        book.glossary = &given;
    }
    let mut sound = true;
    for name in forms {
        let catalogue = load(name, talk)?;
        for form in catalogue.iter() {
            let (rendered, faults) = workbench::check(form, book);
            sound &= faults.is_empty();
            let faults: Vec<_> = faults
                .iter()
                .map(|fault| {
                    serde_json::json!({
                        "at": fault.at,
                        "language": fault.language.map(Language::tag),
                        "code": fault.code,
                        "what": fault.what,
                    })
                })
                .collect();
            let unreviewed: Vec<&str> = form
                .languages()
                .filter(|language| form.review(*language) == "unreviewed")
                .map(Language::tag)
                .collect();
            if talk.json {
                talk.row(&serde_json::json!({
                    "form": form.name(), "id": form.id().to_string(), "rendered": rendered,
                    "unreviewed": unreviewed, "faults": faults,
                }));
                continue;
            }
            let word = talk.word(if faults.is_empty() { "form-sound" } else { "form-faulty" });
            talk.data(&format!("{} {}  {word}  {rendered}", form.name(), form.id()));
            for fault in &faults {
                talk.data(&format!("  {fault}"));
            }
            if !unreviewed.is_empty() {
                let words = review_words("unreviewed", talk.reading);
                talk.data(&format!("  {}: {words}", unreviewed.join(" ")));
            }
        }
    }
    Ok(u8::from(!sound))
}

fn diff(before: &Path, after: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let changes = workbench::diff(&file_text(before)?, &file_text(after)?).map_err(|reason| {
        let name = format!("{}, {}", before.display(), after.display());
        Trouble::from(CommandError::LocalFile { name, reason })
    })?;
    for change in &changes {
        if talk.json {
            talk.row(&serde_json::json!({
                "place": change.place, "before": change.before, "after": change.after,
            }));
            continue;
        }
        talk.data(&change.place);
        for (sign, text) in [("-", &change.before), ("+", &change.after)] {
            for line in text.iter().flat_map(|text| text.lines()) {
                talk.data(&format!("  {sign} {line}"));
            }
        }
    }
    Ok(0)
}

fn preview(form: &str, only: Option<&str>, talk: &Talk) -> Result<u8, Trouble> {
    let catalogue = load(form, talk)?;
    let book = Wordbook::builtin();
    let only = only.map(languages).transpose()?;
    for form in catalogue.iter() {
        let only = only.clone().unwrap_or_else(|| form.languages().collect());
        for example in form.examples() {
            let filled = Filled::from_input(form, &example.inputs, example.language, book)
                .map_err(|errors| typed(&errors, talk))?;
            for language in &only {
                let rendering = render(form, &filled, *language, book)?;
                if talk.json {
                    talk.row(&serde_json::json!({
                        "example": example.name, "language": language.tag(),
                        "text": rendering.shown(),
                    }));
                } else {
                    talk.data(&format!("--- {} {language}", example.name));
                    talk.data(rendering.shown().trim_end());
                    for other in only.iter().filter(|other| *other != language) {
                        let gloss = form.gloss(*language, *other).unwrap_or("");
                        talk.data(&format!("    ({other}) {gloss}"));
                    }
                }
            }
        }
        let first = form.examples().first().filter(|_| workbench::has_counts(form));
        let Some(example) = first else { continue };
        let filled = Filled::from_input(form, &example.inputs, example.language, book)
            .map_err(|errors| typed(&errors, talk))?;
        for count in workbench::counts() {
            let filled = workbench::with_count(form, &filled, count);
            for language in &only {
                let rendering = render(form, &filled, *language, book)?;
                let (count, headline) = (workbench::shown(count), rendering.headline_text());
                if talk.json {
                    talk.row(&serde_json::json!({
                        "count": count, "language": language.tag(), "headline": headline,
                    }));
                } else {
                    talk.data(&format!("{count:>7} {language}  {headline}"));
                }
            }
        }
    }
    Ok(0)
}

/// What a sheet is to be made of, beside its fields.
struct Wanted {
    example: Option<String>,
    written_in: String,
    languages: Option<String>,
    text: bool,
}

fn print(name: &str, fields: &Fields, wanted: &Wanted, talk: &Talk) -> Result<u8, Trouble> {
    let form = find(name, talk)?;
    let book = Wordbook::builtin();
    let all = wanted.languages.as_deref().map(languages).transpose()?;
    let mut all = all.unwrap_or_else(|| form.languages().collect());
    all.sort();
    all.dedup();
    let mut written_in = language(&wanted.written_in)?;
    let mut inputs = fields.read()?;
    if let Some(wanted) = &wanted.example {
        let example = form.examples().iter().find(|example| example.name == *wanted);
        let example = example.ok_or_else(|| CommandError::LocalFile {
            name: wanted.clone(),
            reason: "the form has no example of this name".to_owned(),
        })?;
        inputs.clone_from(&example.inputs);
        written_in = example.language;
    }
    if inputs.is_empty() {
        talk.data(paper::blank(form, &all, book).trim_end());
        return Ok(0);
    }
    let filled = Filled::from_input(form, &inputs, written_in, book)
        .map_err(|errors| typed(&errors, talk))?;
    let sheet =
        Sheet::new(form, filled, written_in, &all, book).map_err(|errors| typed(&errors, talk))?;
    if wanted.text {
        talk.data(sheet.text(form, book).trim_end());
    } else {
        talk.data(paper::filled(form, &sheet, book).trim_end());
    }
    Ok(0)
}

fn read(file: &Path, talk: &Talk) -> Result<u8, Trouble> {
    let text = file_text(file)?;
    let book = Wordbook::builtin();
    let sheet = Sheet::read(&text, Catalogue::builtin(), book).map_err(|e| typed(&e, talk))?;
    let Some(form) = Catalogue::builtin().get(sheet.filled.form) else { return Ok(1) };
    let digest = data_encoding::HEXLOWER.encode(&sheet.digest);
    let fields = raw_rows(&sheet.filled, Some(form));
    if talk.json {
        talk.row(&serde_json::json!({
            "form": form.name(), "id": form.id().to_string(), "written_in": sheet.language.tag(),
            "digest": digest,
            "fields": fields.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        }));
        return Ok(0);
    }
    talk.data(render(form, &sheet.filled, talk.reading, book)?.shown().trim_end());
    talk.data(&format!("{} {digest}", talk.word("digest")));
    // As a file for `--from`: what came by radio goes on the record without being typed again.
    for (field, value) in fields {
        talk.data(&format!("{field} = {}", toml::Value::String(value)));
    }
    Ok(0)
}
