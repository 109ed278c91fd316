//! A post's log key in a PKCS #11 token: it is made there and never leaves it.
//!
//! Whoever carries off the disk, or reads the memory of the post, has signatures and no key. The
//! token's module is named by the post's settings, its PIN is sealed in the post's store. What the
//! key signs is the engine's; a token that fails stops the post before anything unsigned is stored.

use std::{
    cell::{Cell, RefCell},
    fmt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Function, Pkcs11},
    error::{Error, RvError},
    mechanism::{
        Mechanism,
        eddsa::{EddsaParams, EddsaSignatureScheme},
    },
    object::{Attribute, AttributeType, ObjectClass, ObjectHandle},
    session::{Session, UserType},
    types::AuthPin,
};
use data_encoding::HEXLOWER;
use khatt_record::{PostSigner, PublicKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::passphrase::Passphrase;

/// Where the post's log key is: `[token]` in `post.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TokenPlace {
    /// The token's module, a library of the operating system.
    pub module: PathBuf,
    /// The token's label.
    pub label: String,
    /// The key's id in the token, in hex.
    pub key: String,
}

/// Why a token is of no use.
#[non_exhaustive]
#[derive(Debug, Error)]
pub enum TokenError {
    /// The module is no PKCS #11 library, or does not start.
    #[error("local token module {module} cannot be used: {reason}")]
    LocalModule {
        /// Its path.
        module: String,
        /// What the system said.
        reason: String,
    },
    /// No token has the label.
    #[error("local token {0:?} is not there")]
    LocalAbsent(String),
    /// The token refuses the PIN.
    #[error("local token {0:?} refuses the PIN")]
    LocalPin(String),
    /// The PIN is not text.
    #[error("local PIN of the token is not text")]
    LocalPinText,
    /// The token has no such key.
    #[error("local token {0:?} does not hold the key of this post")]
    LocalKey(String),
    /// The token has no Ed25519, or failed otherwise.
    #[error("local token failed at {what}: {reason}")]
    LocalFailed {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        reason: String,
    },
}

impl TokenError {
    /// Returns the stable code of this error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LocalModule { .. } => "KK-1801",
            Self::LocalAbsent(_) => "KK-1802",
            Self::LocalPin(_) => "KK-1803",
            Self::LocalPinText => "KK-1804",
            Self::LocalKey(_) => "KK-1805",
            Self::LocalFailed { .. } => "KK-1806",
        }
    }
}

/// Makes a log key inside a token. Returns its place and its public half.
///
/// # Errors
///
/// [`TokenError`]; nothing usable is then left in the token.
pub fn make_key(
    module: &Path,
    label: &str,
    pin: &Passphrase,
    id: [u8; 8],
) -> Result<(TokenPlace, [u8; 32]), TokenError> {
    let session = log_in(module, label, pin)?;
    let named = [Attribute::Token(true), Attribute::Id(id.to_vec())];
    let public = [
        &named[..],
        &[
            Attribute::Private(false),
            Attribute::Verify(true),
            Attribute::EcParams(ED25519.to_vec()),
        ],
    ];
    let private = [
        &named[..],
        &[
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
        ],
    ];
    session
        .generate_key_pair(&Mechanism::EccEdwardsKeyPairGen, &public.concat(), &private.concat())
        .map_err(failed("making an Ed25519 key"))?;
    let place = TokenPlace {
        module: module.to_owned(),
        label: label.to_owned(),
        key: HEXLOWER.encode(&id),
    };
    let (public, _) = find(&session, &place)?;
    Ok((place, public))
}

/// Signs with a key that stays in its token.
pub struct TokenSigner {
    place: TokenPlace,
    pin: Passphrase,
    public: [u8; 32],
    key: PublicKey,
    /// The session and the private key's handle in it.
    open: RefCell<(Session, ObjectHandle)>,
    failed: Cell<bool>,
}

impl TokenSigner {
    /// Logs in to the token and finds the key.
    ///
    /// # Errors
    ///
    /// [`TokenError`].
    pub fn open(place: &TokenPlace, pin: &Passphrase) -> Result<Self, TokenError> {
        let session = log_in(&place.module, &place.label, pin)?;
        let (public, handle) = find(&session, place)?;
        let key = PublicKey::from_bytes(&public)
            .map_err(|_| TokenError::LocalKey(place.label.clone()))?;
        let (place, pin) = (place.clone(), pin.clone());
        let open = RefCell::new((session, handle));
        Ok(Self { place, pin, public, key, open, failed: Cell::new(false) })
    }

    fn try_sign(&self, message: &[u8]) -> Option<[u8; 64]> {
        let open = self.open.borrow();
        let params = EddsaParams::new(EddsaSignatureScheme::Ed25519);
        let signature = open.0.sign(&Mechanism::Eddsa(params), open.1, message).ok()?;
        let signature = signature.try_into().ok()?;
        // A token that signs wrongly is as bad as one that does not: a peer would call it forgery.
        self.key.verify(message, &signature).ok()?;
        Some(signature)
    }

    /// Logs in anew: a token may have been taken out and put back.
    fn again(&self) -> Result<(), TokenError> {
        let session = log_in(&self.place.module, &self.place.label, &self.pin)?;
        let (public, handle) = find(&session, &self.place)?;
        if public != self.public {
            return Err(TokenError::LocalKey(self.place.label.clone()));
        }
        *self.open.borrow_mut() = (session, handle);
        Ok(())
    }
}

impl PostSigner for TokenSigner {
    fn public(&self) -> [u8; 32] {
        self.public
    }

    fn sign(&self, message: &[u8]) -> [u8; 64] {
        let signed = self.try_sign(message).or_else(|| {
            tracing::warn!("the token did not sign; logging in again");
            self.again().ok()?;
            self.try_sign(message)
        });
        if signed.is_none() {
            self.failed.set(true);
        }
        // Bytes that are no signature: `has_failed` keeps them from being stored or sent.
        signed.unwrap_or([0; 64])
    }

    fn has_failed(&self) -> bool {
        self.failed.get()
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner").field("place", &self.place).finish_non_exhaustive()
    }
}

fn log_in(module: &Path, label: &str, pin: &Passphrase) -> Result<Session, TokenError> {
    let unusable = |error: Error| TokenError::LocalModule {
        module: module.display().to_string(),
        reason: error.to_string(),
    };
    let pin = std::str::from_utf8(pin.expose()).map_err(|_| TokenError::LocalPinText)?;
    // A module is started once in a process, and two threads may come here at once.
    static STARTING: Mutex<()> = Mutex::new(());
    let guard = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    let context = Pkcs11::new(module).map_err(unusable)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, Function::Initialize)) => {}
        Err(error) => return Err(unusable(error)),
    }
    drop(guard);
    let slots = context.get_slots_with_token().map_err(failed("listing tokens"))?;
    let labelled = |slot: &cryptoki::slot::Slot| {
        context.get_token_info(*slot).is_ok_and(|info| info.label().trim_end() == label)
    };
    let slot = slots
        .into_iter()
        .find(labelled)
        .ok_or_else(|| TokenError::LocalAbsent(label.to_owned()))?;
    let session = context.open_rw_session(slot).map_err(failed("opening a session"))?;
    match session.login(UserType::User, Some(&AuthPin::from(pin))) {
        // Another session of this process has logged in, and that holds for all of them.
        Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(session),
        Err(Error::Pkcs11(
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinLocked
            | RvError::PinExpired,
            _,
        )) => Err(TokenError::LocalPin(label.to_owned())),
        Err(error) => Err(failed("logging in")(error)),
    }
}

/// Finds the public key's bytes and the private key's handle.
fn find(session: &Session, place: &TokenPlace) -> Result<([u8; 32], ObjectHandle), TokenError> {
    let missing = || TokenError::LocalKey(place.label.clone());
    let id = HEXLOWER.decode(place.key.as_bytes()).map_err(|_| missing())?;
    let one = |class| {
        let found = session
            .find_objects(&[Attribute::Class(class), Attribute::Id(id.clone())])
            .map_err(failed("looking for the key"))?;
        match found.as_slice() {
            [one] => Ok(*one),
            _ => Err(missing()),
        }
    };
    let (private, public) = (one(ObjectClass::PRIVATE_KEY)?, one(ObjectClass::PUBLIC_KEY)?);
    let held = session
        .get_attributes(public, &[AttributeType::EcPoint])
        .map_err(failed("reading the public key"))?;
    let point = held.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(point) => point_bytes(&point),
        _ => None,
    });
    Ok((point.ok_or_else(missing)?, private))
}

/// Takes the 32 bytes of an Ed25519 point: as they are, or as a DER OCTET STRING. PKCS #11 v2.40
/// asks for the second, v3.0 for the first, and tokens give either.
fn point_bytes(point: &[u8]) -> Option<[u8; 32]> {
    let raw = point.strip_prefix(&[0x04, 0x20]).unwrap_or(point);
    raw.try_into().ok()
}

fn failed(what: &'static str) -> impl Fn(Error) -> TokenError {
    move |error| TokenError::LocalFailed { what, reason: error.to_string() }
}

/// `CKA_EC_PARAMS` of Ed25519: the curve's name as a DER PrintableString (PKCS #11 v3.0, 2.3.10).
const ED25519: [u8; 14] = *b"\x13\x0cedwards25519";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_taken_raw_and_as_octet_strings() {
        let raw = [7; 32];
        assert_eq!(point_bytes(&raw), Some(raw));
        assert_eq!(point_bytes(&[&[0x04, 0x20], &raw[..]].concat()), Some(raw));
        assert_eq!(point_bytes(&[7; 31]), None);
        assert_eq!(point_bytes(&[&[0x04, 0x21], &raw[..], &[1]].concat()), None);
    }

    #[test]
    fn module_that_is_none_is_named() {
        let refused = make_key(Path::new("/dev/null"), "x", &Passphrase::new(b"1234"), [0; 8]);
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "KK-1801");
        assert!(error.to_string().contains("/dev/null"));
    }
}
