//! An officer's part of a command: opening the key, signing a draft. The key stays in this process.

use std::{
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use khatt_record::{
    Hash, OfficerIndex, PostSigner, SignedCharter, SoftwareSigner,
    auth::OfficerSignature,
    charter::{Officer, Roles},
    entry::Act,
    statement::{KeyId, Role, Statement, whole_second},
};

use super::{CommandError, Talk};
use crate::{
    control::{
        ControlError,
        ask::{Answer, Ask, AskSign},
        client::Session,
        views::{DraftView, ToSignView},
    },
    folder::PostFolder,
    officer_key::OfficerKeyFile,
    passphrase::Purpose,
    trouble::Trouble,
};

/// How long a signature of the command line holds, in milliseconds.
const HOLDS_MS: u64 = 3_600_000;

/// Who acts, in a command that needs an officer.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub(crate) struct As {
    /// The officer who acts; the key is officers/NAME.key in the post's folder
    #[arg(long = "as", value_name = "OFFICER")]
    pub(crate) officer: String,
    /// Read the officer's passphrase from the first row of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) officer_passphrase_file: Option<PathBuf>,
}

/// An officer whose key is open.
pub(crate) struct Acting {
    pub(crate) name: String,
    key: OfficerKeyFile,
    id: KeyId,
    charter: SignedCharter,
}

impl Acting {
    /// Opens the officer's key and finds it in the charter.
    pub(crate) fn open(folder: &PostFolder, who: &As, talk: &Talk) -> Result<Self, Trouble> {
        let charter = folder.charter()?;
        if !folder.officer_path(&who.officer)?.exists() {
            return Err(
                crate::officer_key::OfficerKeyError::LocalMissing(who.officer.clone()).into()
            );
        }
        let file = who.officer_passphrase_file.as_deref();
        let passphrase = talk.officer_passphrase(&who.officer, file, Purpose::Open)?;
        let key = folder.officer_key(&who.officer, &passphrase)?;
        Self::with(&who.officer, key, charter)
    }

    /// Takes an officer whose key is open, and finds it in the charter.
    pub(crate) fn with(
        name: &str,
        key: OfficerKeyFile,
        charter: SignedCharter,
    ) -> Result<Self, Trouble> {
        let public = key.signer().public();
        let mut found = None;
        for (index, officer) in (0..=u16::MAX).map(OfficerIndex).zip(&charter.charter().officers) {
            let place = (0..=u8::MAX).zip(&officer.keys).find(|(_, held)| held.key == public);
            if let Some((key, _)) = place {
                found = Some(KeyId { officer: index, key });
            }
        }
        let id = found.ok_or_else(|| CommandError::LocalNoSuchOfficer(name.to_owned()))?;
        Ok(Self { name: name.to_owned(), key, id, charter })
    }

    /// Returns what signs.
    pub(crate) fn signer(&self) -> &SoftwareSigner {
        self.key.signer()
    }

    /// Returns the charter under which the officer acts.
    pub(crate) fn charter(&self) -> &SignedCharter {
        &self.charter
    }

    /// Returns the code by which forms name the officer's role.
    pub(crate) fn role_code(&self) -> &'static str {
        let roles = self.charter.officer(self.id.officer).map(|officer: &Officer| officer.roles);
        let has = |role| roles.is_some_and(|roles| roles.any_of(role));
        if has(Roles::WATCH) {
            "role-watch"
        } else if has(Roles::RELEASING) {
            "role-releasing"
        } else if has(Roles::COMMANDER) {
            "role-commander"
        } else if has(Roles::LINGUIST) {
            "role-linguist"
        } else {
            "role-technical"
        }
    }

    /// Asks as this officer.
    pub(crate) fn ask(&self, session: &mut Session, ask: &Ask) -> Result<Answer, Trouble> {
        session.ask(ask, Some(self.signer()))
    }

    /// Signs a draft in a role.
    pub(crate) fn sign(
        &self,
        session: &mut Session,
        to_sign: &ToSignView,
        role: Role,
        typed_back: Option<Vec<(String, String)>>,
    ) -> Result<Answer, Trouble> {
        self.sign_at(session, to_sign, role, typed_back, wall_ms())
    }

    /// Signs a draft in a role, at a moment of the post's own clock.
    pub(crate) fn sign_at(
        &self,
        session: &mut Session,
        to_sign: &ToSignView,
        role: Role,
        typed_back: Option<Vec<(String, String)>>,
        at_ms: u64,
    ) -> Result<Answer, Trouble> {
        let malformed = || Trouble::from(ControlError::LocalMalformed);
        let draft = HEXLOWER.decode(to_sign.draft.as_bytes()).ok();
        let draft_id: [u8; 16] = draft.and_then(|id| id.try_into().ok()).ok_or_else(malformed)?;
        let digest = HEXLOWER.decode(to_sign.digest.as_bytes()).ok();
        let digest: [u8; 32] = digest.and_then(|id| id.try_into().ok()).ok_or_else(malformed)?;
        if to_sign.line != self.charter.line_id().to_string() {
            return Err(malformed());
        }
        let statement = Statement {
            line: self.charter.line_id(),
            kind: self.charter.kind(),
            post: khatt_record::PostIndex(to_sign.post),
            act: match to_sign.act.as_str() {
                "acknowledge" => Act::Acknowledge,
                "disclose" => Act::Disclose,
                "erase" => Act::Erase,
                _ => Act::Release,
            },
            draft_id,
            digest: Hash(digest),
            role,
            not_after_ms: whole_second(at_ms.saturating_add(HOLDS_MS)),
        };
        let signature = OfficerSignature::make(&statement, self.id, self.signer());
        self.ask(
            session,
            &Ask::Sign(Box::new(AskSign {
                draft: to_sign.draft.clone(),
                officer: signature.officer.0,
                key: signature.key,
                role: signature.role as u8,
                not_after_ms: signature.not_after_ms,
                signature: HEXLOWER.encode(&signature.signature),
                typed_back,
            })),
        )
    }
}

/// Shows one draft.
pub(crate) fn show_draft(session: &mut Session, draft: &str) -> Result<DraftView, Trouble> {
    match session.ask(&Ask::ShowDraft { draft: draft.to_owned() }, None)? {
        Answer::Draft(view) => Ok(*view),
        _ => Err(ControlError::LocalMalformed.into()),
    }
}

/// What this machine's wall clock says, in milliseconds of Unix time.
pub(crate) fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
