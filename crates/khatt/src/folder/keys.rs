//! The post's own keys: drawn once, kept in its store, never printed.

use std::fmt;

use khatt_record::{
    Hash, PartyIndex, PostIndex, PostSigner, PqSigner, SignedCharter, SoftwareSigner,
    charter::{Post, hash_bytes},
    seal::PrekeySecret,
};
use khatt_store::SqliteStore;
use zeroize::Zeroizing;

use super::{FolderError, Settings};
use crate::{passphrase::Passphrase, pq_key::PqKey, token::TokenSigner};

/// The seeds of a post's keys, erased when dropped and never printed.
#[derive(Clone)]
pub struct PostKeys {
    /// The party's root key: it signs cards and charters.
    pub root: Zeroizing<[u8; 32]>,
    /// Signs the post's checkpoints.
    pub log: LogKey,
    /// Will sign them in the next generation; its digest is announced.
    pub next_log: Zeroizing<[u8; 32]>,
    /// Cosigns others' checkpoints.
    pub cosign: Zeroizing<[u8; 32]>,
    /// Cosigns its own and others' checkpoints with ML-DSA-44.
    pub pq: Zeroizing<[u8; 32]>,
    /// Proves the post to its peers on the network.
    pub tls: Zeroizing<[u8; 32]>,
    /// The first prekey.
    pub prekey: Zeroizing<[u8; 32]>,
}

/// Where the key is that signs the post's checkpoints.
#[derive(Clone)]
pub enum LogKey {
    /// In the store, as a seed.
    Seed(Zeroizing<[u8; 32]>),
    /// In a token, which has its public half as given; the store has the token's PIN.
    Token {
        /// The public half.
        public: [u8; 32],
        /// Opens the token.
        pin: Passphrase,
    },
}

impl LogKey {
    fn public(&self) -> [u8; 32] {
        match self {
            Self::Seed(seed) => SoftwareSigner::from_seed(**seed).public(),
            Self::Token { public, .. } => *public,
        }
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogKey(redacted)")
    }
}

impl fmt::Debug for PostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostKeys(redacted)")
    }
}

impl PostKeys {
    /// Draws all keys of a new post.
    pub fn generate(fill: &mut dyn FnMut(&mut [u8])) -> Self {
        let mut seed = || {
            let mut seed = Zeroizing::new([0; 32]);
            fill(seed.as_mut_slice());
            seed
        };
        Self {
            root: seed(),
            log: LogKey::Seed(seed()),
            next_log: seed(),
            cosign: seed(),
            pq: seed(),
            tls: seed(),
            prekey: seed(),
        }
    }

    /// Takes the keys out of a post's store.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalKeyMissing`], or whatever the store says.
    pub fn load(store: &SqliteStore) -> Result<Self, FolderError> {
        let seed = |name: &'static str| {
            let sealed = store.secret(name)?.ok_or(FolderError::LocalKeyMissing(name))?;
            let seed = <[u8; 32]>::try_from(sealed.0.as_slice());
            seed.map(Zeroizing::new).map_err(|_| FolderError::LocalKeyMissing(name))
        };
        Ok(Self {
            root: seed(ROOT)?,
            log: log_key(store)?,
            next_log: seed(NEXT_LOG)?,
            cosign: seed(COSIGN)?,
            pq: seed(PQ)?,
            tls: seed(TLS)?,
            prekey: seed(PREKEY)?,
        })
    }

    /// Puts the keys into a post's store.
    ///
    /// # Errors
    ///
    /// As the store's.
    pub fn save(&self, store: &mut SqliteStore) -> Result<(), FolderError> {
        match &self.log {
            LogKey::Seed(seed) => store.put_secret(LOG, seed.as_slice())?,
            LogKey::Token { public, pin } => {
                store.put_secret(LOG_PUBLIC, public)?;
                store.put_secret(TOKEN_PIN, pin.expose())?;
            }
        }
        let all = [
            (ROOT, &self.root),
            (NEXT_LOG, &self.next_log),
            (COSIGN, &self.cosign),
            (PQ, &self.pq),
            (TLS, &self.tls),
            (PREKEY, &self.prekey),
        ];
        for (name, seed) in all {
            store.put_secret(name, seed.as_slice())?;
        }
        Ok(())
    }

    /// Returns the signer of the party's root key.
    #[must_use]
    pub fn root_signer(&self) -> SoftwareSigner {
        SoftwareSigner::from_seed(*self.root)
    }

    /// Returns the signer of the post's log, which the settings place in a token or nowhere.
    ///
    /// # Errors
    ///
    /// [`FolderError::Token`] if the token cannot be used, [`FolderError::LocalKeyMissing`] if the
    /// settings name none although the key is in one.
    pub fn log_signer(
        &self,
        settings: &Settings,
    ) -> Result<Box<dyn PostSigner + Send>, FolderError> {
        match &self.log {
            LogKey::Seed(seed) => Ok(Box::new(SoftwareSigner::from_seed(**seed))),
            LogKey::Token { pin, .. } => {
                let place = settings.token.as_ref().ok_or(FolderError::LocalKeyMissing(LOG))?;
                Ok(Box::new(TokenSigner::open(place, pin)?))
            }
        }
    }

    /// Returns the signer of the post's post-quantum cosignatures.
    #[must_use]
    pub fn pq_signer(&self) -> PqKey {
        PqKey::from_seed(&self.pq)
    }

    /// Returns the secret of the first prekey.
    #[must_use]
    pub fn prekey_secret(&self) -> PrekeySecret {
        PrekeySecret::from_seed(*self.prekey)
    }

    /// Returns the post as it stands in a card: with public keys only.
    #[must_use]
    pub fn post(&self, name: &str, addresses: &[String]) -> Post {
        let public = |seed: &[u8; 32]| SoftwareSigner::from_seed(*seed).public();
        Post {
            party: PartyIndex(0),
            name: name.to_owned(),
            generation: 0,
            log_key: self.log.public(),
            cosign_key: public(&self.cosign),
            tls_key: public(&self.tls),
            prekey: self.prekey_secret().public().to_vec(),
            next_log_digest: Hash(hash_bytes(&public(&self.next_log)).0),
            pq_key: self.pq_signer().public().to_vec(),
            addresses: addresses.to_vec(),
        }
    }

    /// Finds the post of a charter that has these keys.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalNotOurs`].
    pub fn post_in(&self, charter: &SignedCharter) -> Result<PostIndex, FolderError> {
        let log_key = self.log.public();
        let found = charter.charter().posts().find(|(_, post)| post.log_key == log_key);
        found.map(|(index, _)| index).ok_or(FolderError::LocalNotOurs)
    }
}

fn log_key(store: &SqliteStore) -> Result<LogKey, FolderError> {
    let missing = FolderError::LocalKeyMissing;
    if let Some(sealed) = store.secret(LOG)? {
        let seed = <[u8; 32]>::try_from(sealed.0.as_slice()).map_err(|_| missing(LOG))?;
        return Ok(LogKey::Seed(Zeroizing::new(seed)));
    }
    let public = store.secret(LOG_PUBLIC)?.ok_or(missing(LOG))?;
    let public = <[u8; 32]>::try_from(public.0.as_slice()).map_err(|_| missing(LOG_PUBLIC))?;
    let pin = store.secret(TOKEN_PIN)?.ok_or(missing(TOKEN_PIN))?;
    Ok(LogKey::Token { public, pin: Passphrase::new(&pin.0) })
}

const ROOT: &str = "root";
const LOG: &str = "log";
/// In place of the seed where a token has it: the public half, and what opens the token.
const LOG_PUBLIC: &str = "log-public";
const TOKEN_PIN: &str = "token-pin";
const NEXT_LOG: &str = "log-next";
const COSIGN: &str = "cosign";
const PQ: &str = "pq";
const TLS: &str = "tls";
const PREKEY: &str = "prekey";
