//! What officers do at the desk: each deed opens the officer's key, signs, and closes it again.

use std::sync::Arc;

use khatt_desk::port::{Deed, Done, Entry, NewDraft, Touch};
use khatt_forms::Language;
use khatt_record::{Precedence, statement::Role};
use thiserror::Error;

use super::PostDesk;
use crate::{
    cli::sign::Acting,
    control::{
        ControlError,
        ask::{Answer, Ask, AskDraft},
        client::Session,
        desk::entry_id,
        views::{ToSignView, zulu},
    },
    passphrase::Passphrase,
    trouble::Trouble,
};

/// Why a deed at the desk was not done.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DeedError {
    /// The draft is not the one that the officer was shown.
    #[error("local draft is not the one that the officer was shown")]
    LocalOtherDraft,
    /// The desk knows no such step.
    #[error("local desk cannot state level {0}")]
    LocalLevel(u8),
}

impl DeedError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalOtherDraft => "KD-1003",
            Self::LocalLevel(_) => "KD-1004",
        }
    }
}

impl PostDesk {
    /// Opens the key of whoever acts.
    pub(super) fn acting(&self, touch: &Touch) -> Result<Acting, Trouble> {
        // A rehearsal guards nothing: its officers exist in it alone, and their keys open to whoever may
        // read its folder.
        let passphrase = match self.folder.rehearsal_passphrase_path() {
            Some(path) => Passphrase::read(&path)?,
            None => Passphrase::new(touch.secret.as_bytes()),
        };
        let key = self.folder.officer_key(&touch.officer, &passphrase)?;
        Acting::with(&touch.officer, key, self.control.charter.clone())
    }

    pub(super) fn deed(
        &self,
        touch: &Touch,
        deed: Deed,
        language: Language,
    ) -> Result<Done, Trouble> {
        let acting = self.acting(touch)?;
        let mut session = Session::beside(Arc::clone(&self.control), language);
        let officer = acting.name.clone();
        match deed {
            Deed::Acknowledge { entry, level, inputs } => {
                if !matches!(level, 2 | 4 | 5 | 6) {
                    return Err(DeedError::LocalLevel(level).into());
                }
                let mut stated = vec![("level".to_owned(), format!("A{level}"))];
                stated.extend(inputs);
                self.state_step(&mut session, &acting, ("acknowledge", stated), entry, language)
            }
            Deed::ReadBack { entry, typed } => {
                let mut repeated = self.repeated_form(entry)?;
                for (field, value) in typed {
                    repeated.push_str(&format!(" | {field}={value}"));
                }
                let stated = vec![("fields".to_owned(), repeated)];
                self.state_step(&mut session, &acting, ("read-back", stated), entry, language)
            }
            Deed::Draft(new) => self.write(&mut session, &acting, *new),
            Deed::Release { draft, digest, typed, emergency } => {
                let shown = self.whole_draft(&draft, language)?;
                // Any edit makes another draft: what the officer read and nothing else is signed.
                if shown.digest != digest {
                    return Err(DeedError::LocalOtherDraft.into());
                }
                let role = if emergency { Role::EmergencyRelease } else { Role::Release };
                let typed = (!emergency && shown.rule > 1).then_some(typed);
                let to_sign = crate::cli::sign::show_draft(&mut session, &draft)?.to_sign;
                self.sign(&mut session, &acting, &to_sign, role, typed)
            }
            Deed::Return { draft, reason } => {
                acting.ask(&mut session, &Ask::Return { officer, draft, reason })?;
                Ok(Done::Done)
            }
            Deed::AlarmSeen(cause) => {
                acting.ask(&mut session, &Ask::AlarmSeen { officer, cause })?;
                Ok(Done::Done)
            }
            Deed::TestLine => {
                acting.ask(&mut session, &Ask::TestLine)?;
                // The test leaves with the next look at the clock.
                self.host.wake()?;
                Ok(Done::Done)
            }
        }
    }

    /// Drafts and signs a statement about a message.
    fn state_step(
        &self,
        session: &mut Session,
        acting: &Acting,
        (form, mut inputs): (&str, Vec<(String, String)>),
        entry: Entry,
        language: Language,
    ) -> Result<Done, Trouble> {
        inputs.push(("role".to_owned(), acting.role_code().to_owned()));
        inputs.push(("time".to_owned(), zulu(self.wall_ms()?)));
        let ask = Ask::Draft(Box::new(AskDraft {
            officer: acting.name.clone(),
            form: form.to_owned(),
            inputs,
            language: self.column(language).tag().to_owned(),
            precedence: None,
            references: vec![("acknowledges".to_owned(), entry.to_string())],
            thread: None,
        }));
        match acting.ask(session, &ask)? {
            Answer::ToSign(to_sign) => {
                self.sign(session, acting, &to_sign, Role::Acknowledge, None)
            }
            _ => Err(ControlError::LocalMalformed.into()),
        }
    }

    /// Makes a draft, and signs it as its drafter where another officer has to release it.
    fn write(
        &self,
        session: &mut Session,
        acting: &Acting,
        new: NewDraft,
    ) -> Result<Done, Trouble> {
        let precedence =
            Precedence::try_from(u64::from(new.precedence)).unwrap_or(Precedence::Routine);
        let rule = self.control.charter.charter().release_rule(precedence).signatures;
        let references = new.references.into_iter();
        let ask = Ask::Draft(Box::new(AskDraft {
            officer: acting.name.clone(),
            form: new.form,
            inputs: new.inputs,
            language: new.language.tag().to_owned(),
            precedence: Some(precedence.to_string()),
            references: references.map(|(how, entry)| (how, entry.to_string())).collect(),
            thread: None,
        }));
        let Answer::ToSign(to_sign) = acting.ask(session, &ask)? else {
            return Err(ControlError::LocalMalformed.into());
        };
        if rule > 1 {
            return self.sign(session, acting, &to_sign, Role::Draft, None);
        }
        Ok(Done::Waiting { draft: to_sign.draft, wanted: to_sign.wanted })
    }

    fn sign(
        &self,
        session: &mut Session,
        acting: &Acting,
        to_sign: &ToSignView,
        role: Role,
        typed: Option<Vec<(String, String)>>,
    ) -> Result<Done, Trouble> {
        match acting.sign_at(session, to_sign, role, typed, self.wall_ms()?)? {
            Answer::Released { entry } => {
                let id = entry_id(&entry)?;
                Ok(Done::Recorded(super::entry_of(id)))
            }
            Answer::ToSign(left) => Ok(Done::Waiting { draft: left.draft, wanted: left.wanted }),
            _ => Err(ControlError::LocalMalformed.into()),
        }
    }

    fn wall_ms(&self) -> Result<u64, Trouble> {
        self.control.look(|_, now| now.wall_ms)
    }
}
