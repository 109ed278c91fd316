//! How commands speak: data to stdout, talk to stderr, one JSON object a row where asked for.

use std::{
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
};

use khatt_forms::Language;
use serde::Serialize;

use super::CommandError;
use crate::{
    advice,
    folder::PostFolder,
    passphrase::{Ask, Passphrase, Purpose, Whose},
    trouble::{AtFault, Trouble},
};

/// Options that every command has.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Global {
    /// Write one JSON object a row to stdout
    #[arg(long, global = true)]
    pub json: bool,
    /// Speak this language (en, ar, fa), or show messages in it (ru, fr, zh, he too)
    #[arg(long = "in", value_name = "LANG", global = true)]
    pub language: Option<String>,
    /// Never ask on the terminal
    #[arg(long, global = true)]
    pub no_input: bool,
    /// Read the post's passphrase from the first row of this file
    #[arg(long, value_name = "FILE", global = true)]
    pub passphrase_file: Option<PathBuf>,
}

/// How this command speaks and asks.
#[derive(Clone, Debug)]
pub struct Talk {
    /// Whether data is written as JSON.
    pub json: bool,
    /// The officer's language: of errors, advice and every word that is not a message's.
    pub language: Language,
    /// The language in which messages are read; the officer's unless `--in` names another.
    pub reading: Language,
    /// Whether the terminal may be asked.
    pub ask: Ask,
    passphrase_file: Option<PathBuf>,
    named: Named,
}

impl Talk {
    /// Takes the options. Until a folder is known the language is English or `KHATT_LANG`'s.
    ///
    /// # Errors
    ///
    /// [`CommandError::LocalLanguage`].
    pub fn new(global: &Global) -> Result<Self, CommandError> {
        let tag = global.language.as_deref();
        let usual = || {
            let named = std::env::var("KHATT_LANG").ok();
            named.and_then(|tag| Language::spoken(&tag)).unwrap_or(Language::En)
        };
        let reading = tag.map(language).transpose()?;
        let spoken = tag.and_then(Language::spoken);
        let named = match (reading, spoken) {
            (None, _) => Named::Nothing,
            (Some(_), None) => Named::Reading,
            (Some(_), Some(_)) => Named::Both,
        };
        let language = spoken.unwrap_or_else(usual);
        Ok(Self {
            json: global.json,
            language,
            reading: reading.unwrap_or(language),
            ask: if global.no_input { Ask::Never } else { Ask::Terminal },
            passphrase_file: global.passphrase_file.clone(),
            named,
        })
    }

    /// Speaks the language of a folder's officers from here on, unless another was named.
    #[must_use]
    pub fn at(&self, folder: &PostFolder) -> Self {
        let mut talk = self.clone();
        if self.named != Named::Both
            && let Some(language) = folder.officer_language()
        {
            talk.language = language;
            if self.named == Named::Nothing {
                talk.reading = language;
            }
        }
        if talk.passphrase_file.is_none() {
            talk.passphrase_file = folder.rehearsal_passphrase_path();
        }
        talk
    }

    /// Writes a row of data.
    pub fn data(&self, text: &str) {
        // A reader that goes away (`| head`) is no fault of ours, and nothing can be told it.
        let _ = writeln!(std::io::stdout().lock(), "{text}");
    }

    /// Writes a row of data as JSON.
    pub fn row<T: Serialize>(&self, value: &T) {
        if let Ok(text) = serde_json::to_string(value) {
            self.data(&text);
        }
    }

    /// Says something to the person, beside the data.
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr().lock(), "{text}");
    }

    /// Says a sentence of the tables, with what belongs to it.
    pub fn say_word(&self, key: &str, detail: &str) {
        self.say(&self.word(key).replace("{}", detail));
    }

    /// Returns a word of the tables.
    #[must_use]
    pub fn word(&self, key: &str) -> &'static str {
        advice::word(key, self.language)
    }

    /// Tells what went wrong, whose fault it is and what to do.
    pub fn tell(&self, trouble: &Trouble) {
        if self.json {
            if let Ok(text) = serde_json::to_string(&self.told(trouble)) {
                self.say(&text);
            }
            return;
        }
        let (what, advice) = advice::text(&trouble.code, self.language);
        // The first field at fault is told by its own words; the code is the same.
        let place = trouble.places.first();
        self.say(&format!("error[{}]: {}", trouble.code, place.map_or(what, |held| &held.what)));
        let whose = match trouble.at_fault {
            AtFault::Local => "fault-local",
            AtFault::Peer => "fault-peer",
            AtFault::Carrier => "fault-carrier",
        };
        self.say(&format!("  {}: {}", self.word("at-fault"), self.word(whose)));
        self.say(&format!("  {}: {}", self.word("detail"), trouble.detail));
        self.say(&format!("  {}: {}", self.word("do"), place.map_or(advice, |held| &held.advice)));
        for place in trouble.places.iter().skip(1) {
            self.say(&format!("  [{}] {}", place.code, place.what));
            self.say(&format!("    {}: {}", self.word("do"), place.advice));
        }
    }

    fn told(&self, trouble: &Trouble) -> serde_json::Value {
        let (what, advice) = advice::text(&trouble.code, self.language);
        serde_json::json!({ "error": {
            "code": trouble.code,
            "what": what,
            "at_fault": trouble.at_fault,
            "detail": trouble.detail,
            "advice": advice,
            "places": trouble.places,
        }})
    }

    /// Finds the post's passphrase.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if there is none.
    pub fn post_passphrase(&self, purpose: Purpose) -> Result<Passphrase, Trouble> {
        let file = self.passphrase_file.as_deref();
        Ok(Passphrase::find(&Whose::Post, file, self.ask, purpose)?)
    }

    /// Finds the PIN of a token.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if there is none.
    pub fn token_pin(&self, file: Option<&Path>) -> Result<Passphrase, Trouble> {
        Ok(Passphrase::find(&Whose::Token, file, self.ask, Purpose::Open)?)
    }

    /// Finds an officer's passphrase.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if there is none.
    pub fn officer_passphrase(
        &self,
        name: &str,
        file: Option<&Path>,
        purpose: Purpose,
    ) -> Result<Passphrase, Trouble> {
        Ok(Passphrase::find(&Whose::Officer(name.to_owned()), file, self.ask, purpose)?)
    }

    /// Asks a question on the terminal; nothing if there is none or nobody answers.
    #[must_use]
    pub fn ask(&self, question: &str) -> Option<String> {
        if self.ask == Ask::Never || !std::io::stdin().is_terminal() {
            return None;
        }
        let _ = write!(std::io::stderr().lock(), "{question}: ");
        let mut typed = String::new();
        std::io::stdin().lock().read_line(&mut typed).ok()?;
        Some(typed.trim_end_matches(['\n', '\r']).to_owned())
    }
}

/// What `--in` decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Nothing,
    /// In which language messages are read; this command's own words are not complete in it.
    Reading,
    Both,
}

/// Reads the tag of a language that forms are worded in.
///
/// # Errors
///
/// [`CommandError::LocalLanguage`].
pub fn language(tag: &str) -> Result<Language, CommandError> {
    let shown: String = tag.chars().filter(char::is_ascii_graphic).take(16).collect();
    Language::from_tag(tag).ok_or(CommandError::LocalLanguage(shown))
}

/// Reads several languages' tags with commas between them.
///
/// # Errors
///
/// [`CommandError::LocalLanguage`].
pub fn languages(tags: &str) -> Result<Vec<Language>, CommandError> {
    tags.split(',').map(|tag| language(tag.trim())).collect()
}
