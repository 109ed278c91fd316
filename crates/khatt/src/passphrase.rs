//! Where a passphrase comes from: a file, the service manager, or the terminal; never an argument.
//!
//! What is read lives in memory that is erased, and is never printed. Which secret it opens is left
//! to the caller.

use std::{
    env, fmt, fs,
    io::{IsTerminal, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;
use zeroize::Zeroizing;

/// The longest passphrase in bytes.
pub const PASSPHRASE_MAX: usize = 1024;
/// The shortest passphrase that protects a new key, in characters.
pub const PASSPHRASE_MIN_CHARS: usize = 8;

/// A passphrase, erased when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

/// Whose passphrase is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The post's: it opens the folder.
    Post,
    /// The PIN of the token that holds the post's log key.
    Token,
    /// An officer's: it opens that officer's key.
    Officer(String),
}

/// Whether a person may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// On the terminal, if there is one.
    Terminal,
    /// Never.
    Never,
}

/// Whether the passphrase opens something or will protect something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is typed once.
    Open,
    /// It is typed twice, and must not be too short.
    Protect,
}

/// Why there is no passphrase.
#[non_exhaustive]
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PassphraseError {
    /// No file, no credential, no terminal.
    #[error("local passphrase of {0} is not given by a file, and there is no terminal to ask on")]
    LocalNone(Whose),
    /// The file cannot be read.
    #[error("local passphrase file cannot be read: {0}")]
    LocalUnreadable(String),
    /// The file lets others than its owner read it.
    #[error("local passphrase file may be read by others than its owner")]
    LocalOpenToOthers,
    /// There is nothing in it, or too much.
    #[error("local passphrase is empty or longer than {PASSPHRASE_MAX} bytes")]
    LocalLength,
    /// Too short to protect a new key.
    #[error("local passphrase has fewer than {PASSPHRASE_MIN_CHARS} characters")]
    LocalTooShort,
    /// The second typing was not the first.
    #[error("local passphrase was typed differently the second time")]
    LocalTypedDifferently,
}

impl PassphraseError {
    /// Returns the stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::LocalNone(_) => "KK-1101",
            Self::LocalUnreadable(_) => "KK-1102",
            Self::LocalOpenToOthers => "KK-1103",
            Self::LocalLength => "KK-1104",
            Self::LocalTooShort => "KK-1105",
            Self::LocalTypedDifferently => "KK-1106",
        }
    }
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Post => f.write_str("the post"),
            Self::Token => f.write_str("the token"),
            Self::Officer(name) => write!(f, "officer {name}"),
        }
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(redacted)")
    }
}

impl Passphrase {
    /// Takes a passphrase that the caller has: for rehearsals and tests.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// Returns the bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Reads a passphrase file: its first row, without the line break.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`] if the file cannot be read, is open to others, or holds no passphrase.
    pub fn read(path: &Path) -> Result<Self, PassphraseError> {
        let failed = |error: std::io::Error| PassphraseError::LocalUnreadable(error.to_string());
        let file = fs::File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        // A pipe or a terminal has no mode that matters; a file does.
        #[cfg(unix)]
        if metadata.is_file() {
            use std::os::unix::fs::PermissionsExt;
            if metadata.permissions().mode() & 0o077 != 0 {
                return Err(PassphraseError::LocalOpenToOthers);
            }
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_MAX + 2));
        file.take(PASSPHRASE_MAX as u64 + 2).read_to_end(&mut bytes).map_err(failed)?;
        let row = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
        if row.is_empty() || row.len() > PASSPHRASE_MAX {
            return Err(PassphraseError::LocalLength);
        }
        Ok(Self::new(row))
    }

    /// Finds a passphrase: the file named, else the environment's, else the service manager's
    /// credential, else the terminal.
    ///
    /// The environment names files, never passphrases: `KHATT_PASSPHRASE_FILE` for the post and
    /// `KHATT_OFFICER_PASSPHRASE_FILE` for the officer. Credentials are `khatt-passphrase` and
    /// `khatt-officer-NAME` in `$CREDENTIALS_DIRECTORY`.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`].
    pub fn find(
        whose: &Whose,
        named: Option<&Path>,
        ask: Ask,
        purpose: Purpose,
    ) -> Result<Self, PassphraseError> {
        let found = match file_of(whose, named) {
            Some(path) => Self::read(&path)?,
            None => Self::ask(whose, ask, purpose)?,
        };
        let chars = String::from_utf8_lossy(&found.0).chars().count();
        if purpose == Purpose::Protect && chars < PASSPHRASE_MIN_CHARS {
            return Err(PassphraseError::LocalTooShort);
        }
        Ok(found)
    }

    fn ask(whose: &Whose, ask: Ask, purpose: Purpose) -> Result<Self, PassphraseError> {
        if ask == Ask::Never || !std::io::stdin().is_terminal() {
            return Err(PassphraseError::LocalNone(whose.clone()));
        }
        let typed = |prompt: String| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .map_err(|error| PassphraseError::LocalUnreadable(error.to_string()))
        };
        let once = typed(format!("Passphrase of {whose}: "))?;
        if purpose == Purpose::Protect
            && *typed(format!("Passphrase of {whose}, again: "))? != *once
        {
            return Err(PassphraseError::LocalTypedDifferently);
        }
        if once.is_empty() || once.len() > PASSPHRASE_MAX {
            return Err(PassphraseError::LocalLength);
        }
        Ok(Self::new(once.as_bytes()))
    }
}

fn file_of(whose: &Whose, named: Option<&Path>) -> Option<PathBuf> {
    let (variable, credential) = match whose {
        Whose::Post => ("KHATT_PASSPHRASE_FILE", "khatt-passphrase".to_owned()),
        Whose::Token => ("KHATT_TOKEN_PIN_FILE", "khatt-token-pin".to_owned()),
        Whose::Officer(name) => ("KHATT_OFFICER_PASSPHRASE_FILE", format!("khatt-officer-{name}")),
    };
    if let Some(path) = named {
        return Some(path.to_owned());
    }
    if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let given = PathBuf::from(env::var_os("CREDENTIALS_DIRECTORY")?).join(credential);
    given.exists().then_some(given)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn file(bytes: &[u8], mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn passphrase_is_the_first_row_of_a_closed_file() {
        let good = file(b"north and quiet\n", 0o600);
        assert_eq!(Passphrase::read(good.path()).unwrap().expose(), b"north and quiet");
        let open = file(b"north and quiet\n", 0o644);
        assert_eq!(Passphrase::read(open.path()), Err(PassphraseError::LocalOpenToOthers));
        for bad in [&b""[..], b"\n", &[b'x'; PASSPHRASE_MAX + 1]] {
            let refused = Passphrase::read(file(bad, 0o600).path());
            assert_eq!(refused, Err(PassphraseError::LocalLength));
        }
    }

    #[test]
    fn new_key_needs_a_passphrase_of_some_length() {
        let short = file(b"seven77\n", 0o600);
        let find =
            |purpose| Passphrase::find(&Whose::Post, Some(short.path()), Ask::Never, purpose);
        assert!(find(Purpose::Open).is_ok());
        assert_eq!(find(Purpose::Protect), Err(PassphraseError::LocalTooShort));
    }

    #[test]
    fn passphrase_is_never_printed() {
        assert_eq!(format!("{:?}", Passphrase::new(b"secret")), "Passphrase(redacted)");
    }
}
