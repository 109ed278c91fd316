//! `khatt form`: which messages there are and what they hold.

use clap::Subcommand;
use khatt_forms::{Catalogue, Form, review_words};

use super::{Talk, end};
use crate::trouble::Trouble;

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// List the forms
    List,
    /// Show a form's fields, and examples as an officer types them
    Show {
        /// The form's name
        name: String,
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
        Verb::Show { name } => show(&name, &talk),
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

fn show(name: &str, talk: &Talk) -> Result<u8, Trouble> {
    let form = Catalogue::builtin().find(name);
    let form = form.map_err(|error| Trouble::typed(&[error], talk.language))?;
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
    Ok(0)
}
