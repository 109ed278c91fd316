//! A post's folder: what is in it, and how it is made and opened.
//!
//! The store in it is `khatt-store`'s, officers' keys are [`crate::officer_key`]'s. This module
//! names the files, keeps the post's settings, and puts the post's own keys into the store. There
//! is one signer per folder: whoever holds the store holds the folder's lock.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::{IpAddr, SocketAddr},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use khatt_forms::{Language, check_identifier};
use khatt_record::{
    Kind, PartyIndex, PostSigner, SignedCharter, SoftwareSigner,
    card::{CARD_MAX, Card},
    charter::{CHARTER_MAX, Officer, OfficerKey, Party, Recovery, Roles, Scheme},
};
use khatt_store::{Fill, OpenOutcome, Options, PassphraseCost, SqliteStore};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    officer_key::OfficerKeyFile,
    passphrase::Passphrase,
    token::{self, TokenPlace},
};

mod error;
mod keys;

pub use error::FolderError;
pub use keys::{LogKey, PostKeys};

/// The settings of a post: `post.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// The party's name.
    pub party: String,
    /// The post's name.
    pub post: String,
    /// The languages that the party wants on its line, as tags.
    pub languages: Vec<String>,
    /// The language in which this post speaks to its officers, as a tag.
    pub officer_language: String,
    /// Where it listens, as `IP:PORT`; without it the post only dials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Where the log key is, if it is in a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<TokenPlace>,
    /// By post name: where a peer is dialled and may come from, instead of its charter addresses.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub peers: BTreeMap<String, PeerSettings>,
}

/// What a post knows of a peer's whereabouts beyond the charter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PeerSettings {
    /// Where to dial it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// Where it may come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<IpAddr>,
}

/// An officer of a post that is being made.
#[derive(Clone, Debug)]
pub struct NewOfficer {
    /// The officer's name: the title on the line and the name of the key's file.
    pub name: String,
    /// What the officer may do.
    pub roles: Roles,
    /// Opens the officer's key.
    pub passphrase: Passphrase,
}

/// A token that is to hold the log key.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its module.
    pub module: PathBuf,
    /// Its label.
    pub label: String,
    /// Opens it.
    pub pin: Passphrase,
}

/// A post that is to be made.
#[derive(Clone, Debug)]
pub struct NewPost {
    /// Its settings.
    pub settings: Settings,
    /// Where peers reach it, as it will stand in the charter.
    pub addresses: Vec<String>,
    /// The token in which the log key is to be made, instead of in the store.
    pub token: Option<NewToken>,
    /// Its officers, two at least for two-person release.
    pub officers: Vec<NewOfficer>,
    /// Who may give the party new keys when its root key is lost.
    pub recovery: Recovery,
    /// Opens the folder.
    pub passphrase: Passphrase,
    /// What guessing a passphrase costs.
    pub cost: PassphraseCost,
    /// Disk space held back for receipts, in bytes.
    pub ballast_bytes: u64,
}

/// A post's folder, by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostFolder {
    dir: PathBuf,
}

impl PostFolder {
    /// Names a folder, whatever is in it.
    #[must_use]
    pub fn at(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Names a folder that holds a post.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalNoPost`] if it does not.
    pub fn existing(dir: &Path) -> Result<Self, FolderError> {
        for file in ["post.key", "post.db", SETTINGS] {
            if !dir.join(file).exists() {
                return Err(FolderError::LocalNoPost(file));
            }
        }
        Ok(Self::at(dir))
    }

    /// Returns the path.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes a post: folder, store, keys, officers and card. All of it, or nothing.
    ///
    /// It is built beside the folder and takes its name when everything is durable.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; the folder is then as it was.
    pub fn make(
        dir: &Path,
        new: &NewPost,
        fill: fn() -> Fill,
    ) -> Result<(Self, Card), FolderError> {
        check_new(new)?;
        match fs::read_dir(dir) {
            Ok(mut items) => {
                if items.next().is_some() {
                    return Err(FolderError::LocalExists);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io("reading the folder")(error)),
        }
        let building = beside(dir)?;
        if building.exists() {
            // Left by an init that was cut off: nothing in it was ever shown to anybody.
            fs::remove_dir_all(&building).map_err(io("clearing an unfinished folder"))?;
        }
        let made = build(&building, new, fill);
        let named = made.and_then(|card| {
            fs::rename(&building, dir).map_err(io("naming the folder"))?;
            sync_dir(dir)?;
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                sync_dir(parent)?;
            }
            Ok(card)
        });
        match named {
            Ok(card) => Ok((Self::at(dir), card)),
            Err(error) => {
                // What could not be finished is of no use; that it cannot be removed is no news.
                let _ = fs::remove_dir_all(&building);
                Err(error)
            }
        }
    }

    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalSettings`] names what is wrong in them.
    pub fn settings(&self) -> Result<Settings, FolderError> {
        let bytes = read_bounded(&self.dir.join(SETTINGS), SETTINGS_MAX)?;
        let text = String::from_utf8(bytes)
            .map_err(|_| FolderError::LocalSettings("it is not UTF-8".to_owned()))?;
        toml::from_str(&text)
            .map_err(|error| FolderError::LocalSettings(error.message().to_owned()))
    }

    /// Returns the language in which this post speaks to its officers, if the settings name one.
    #[must_use]
    pub fn officer_language(&self) -> Option<Language> {
        self.settings().ok().and_then(|held| Language::spoken(&held.officer_language))
    }

    /// Reads this party's card.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub fn card(&self) -> Result<Card, FolderError> {
        read_card(&self.card_path())
    }

    /// Where this party's card is.
    #[must_use]
    pub fn card_path(&self) -> PathBuf {
        self.dir.join("card.khatt")
    }

    /// Where the charter is, once the line is open.
    #[must_use]
    pub fn charter_path(&self) -> PathBuf {
        self.dir.join("charter.khatt")
    }

    /// Where the socket of a running post is.
    #[must_use]
    pub fn socket_path(&self) -> PathBuf {
        self.dir.join("post.sock")
    }

    /// Where a rehearsal's passphrase is; nothing for a folder of any other line.
    ///
    /// A rehearsal guards nothing, so that whoever may read its folder may open it.
    #[must_use]
    pub fn rehearsal_passphrase_path(&self) -> Option<PathBuf> {
        let path = self.dir.join(REHEARSAL_PASSPHRASE);
        let rehearsal =
            path.exists() && self.charter().is_ok_and(|charter| charter.kind() == Kind::Rehearsal);
        rehearsal.then_some(path)
    }

    /// Where an officer's key is.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalFileName`] if the name is none of a file.
    pub fn officer_path(&self, name: &str) -> Result<PathBuf, FolderError> {
        file_name(name)?;
        Ok(self.dir.join(OFFICERS).join(format!("{name}.key")))
    }

    /// Reads the charter of the open line.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalNoCharter`] before `line open`, or what is wrong with it.
    pub fn charter(&self) -> Result<SignedCharter, FolderError> {
        let path = self.charter_path();
        if !path.exists() {
            return Err(FolderError::LocalNoCharter);
        }
        Ok(SignedCharter::from_bytes(&read_bounded(&path, CHARTER_FILE_MAX)?)?)
    }

    /// Keeps the charter of the line that this post opens. Doing it twice changes nothing.
    ///
    /// # Errors
    ///
    /// [`FolderError::LocalOtherLine`] if another one is there.
    pub fn keep_charter(&self, charter: &SignedCharter) -> Result<(), FolderError> {
        match self.charter() {
            Ok(held) if held.hash() == charter.hash() => Ok(()),
            Ok(_) => Err(FolderError::LocalOtherLine),
            Err(FolderError::LocalNoCharter) => {
                write_replacing(&self.charter_path(), charter.to_bytes())
            }
            Err(error) => Err(error),
        }
    }

    /// Opens the store, which takes the folder's lock.
    ///
    /// # Errors
    ///
    /// [`FolderError`]; `KS-1203` if a running post or another command has it.
    pub fn open_store(
        &self,
        passphrase: &Passphrase,
        fill: Fill,
    ) -> Result<SqliteStore, FolderError> {
        let options = Options { ballast_bytes: 0, ..Options::default() };
        let store = SqliteStore::open(&self.dir, passphrase.expose(), fill, &options)?;
        if let OpenOutcome::Recovered { refilled } = store.outcome()
            && *refilled > 0
        {
            tracing::warn!(refilled, "commits that post.db lacked were made again from heads");
        }
        Ok(store)
    }

    /// Opens an officer's key.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub fn officer_key(
        &self,
        name: &str,
        passphrase: &Passphrase,
    ) -> Result<OfficerKeyFile, FolderError> {
        Ok(OfficerKeyFile::read(&self.officer_path(name)?, passphrase)?)
    }
}

/// Returns random bytes of the operating system.
///
/// # Panics
///
/// If the operating system has none: then no key may be made at all.
#[must_use]
pub fn system_fill() -> Fill {
    Box::new(fill_from_system)
}

/// Fills `out` with random bytes of the operating system.
///
/// # Panics
///
/// If the operating system has none.
#[expect(clippy::expect_used, reason = "without randomness no key may be made")]
pub fn fill_from_system(out: &mut [u8]) {
    getrandom::fill(out).expect("the operating system gives random bytes");
}

/// Reads another party's card.
///
/// # Errors
///
/// [`FolderError`].
pub fn read_card(path: &Path) -> Result<Card, FolderError> {
    Ok(Card::from_bytes(&read_bounded(path, CARD_MAX)?)?)
}

/// Reads a file that must not be longer than `max` bytes.
///
/// # Errors
///
/// [`FolderError::LocalTooLong`], or what the system says.
pub fn read_bounded(path: &Path, max: usize) -> Result<Vec<u8>, FolderError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |error| io(&format!("reading {name}"))(error);
    let file = fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > max {
        return Err(FolderError::LocalTooLong(name));
    }
    Ok(bytes)
}

/// Replaces a file so that a power cut leaves the old one or the new one.
///
/// # Errors
///
/// [`FolderError::LocalIo`].
pub fn write_replacing(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".tmp");
    let new = PathBuf::from(new);
    let failed = io("writing a file");
    let mut file = OpenOptionsExt::mode(fs::OpenOptions::new().write(true), 0o600)
        .create(true)
        .truncate(true)
        .open(&new)
        .map_err(&failed)?;
    file.write_all(bytes).map_err(&failed)?;
    file.sync_all().map_err(&failed)?;
    fs::rename(&new, path).map_err(&failed)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_dir(parent),
        _ => sync_dir(Path::new(".")),
    }
}

/// Refuses names that are no plain names of a file.
fn file_name(name: &str) -> Result<(), FolderError> {
    let plain = !name.is_empty()
        && name.len() <= 64
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0']);
    if plain { Ok(()) } else { Err(FolderError::LocalFileName(name.to_owned())) }
}

fn check_new(new: &NewPost) -> Result<(), FolderError> {
    let mut known: Vec<&str> = Vec::new();
    check_name(&new.settings.party, &known)?;
    check_name(&new.settings.post, &[])?;
    for officer in &new.officers {
        file_name(&officer.name)?;
        check_name(&officer.name, &known)?;
        known.push(&officer.name);
    }
    let releasing = Roles::RELEASING.with(Roles::COMMANDER);
    let acting = releasing.with(Roles::WATCH);
    let able = new.officers.iter().filter(|officer| officer.roles.any_of(acting)).count();
    let releases = new.officers.iter().any(|officer| officer.roles.any_of(releasing));
    let tags = &new.settings.languages;
    if tags.is_empty() || tags.iter().any(|tag| Language::from_tag(tag).is_none()) {
        return Err(FolderError::LocalSettings("a language of forms is not known".to_owned()));
    }
    if able >= 2 && releases { Ok(()) } else { Err(FolderError::LocalOfficers) }
}

fn check_name(name: &str, known: &[&str]) -> Result<(), FolderError> {
    check_identifier(name, known)
        .map_err(|fault| FolderError::LocalName { name: shown(name), fault })
}

/// A refused name as it may be printed: without what steers a terminal.
fn shown(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() || " -_.".contains(c) { c } else { '?' }
    };
    name.chars().take(64).map(plain).collect()
}

fn build(dir: &Path, new: &NewPost, fill: fn() -> Fill) -> Result<Card, FolderError> {
    let mut draw = fill();
    let mut keys = PostKeys::generate(&mut *draw);
    let mut settings = new.settings.clone();
    if let Some(token) = &new.token {
        let mut id = [0; 8];
        draw(&mut id);
        let (place, public) = token::make_key(&token.module, &token.label, &token.pin, id)?;
        keys.log = LogKey::Token { public, pin: token.pin.clone() };
        settings.token = Some(place);
    }
    let options = Options {
        passphrase_cost: new.cost,
        ballast_bytes: new.ballast_bytes,
        ..Options::default()
    };
    let mut store = SqliteStore::create(dir, new.passphrase.expose(), fill(), &options)?;
    keys.save(&mut store)?;
    drop(store);
    let officers_dir = dir.join(OFFICERS);
    fs::DirBuilder::new().mode(0o700).create(&officers_dir).map_err(io("making a folder"))?;
    let mut officers = Vec::with_capacity(new.officers.len());
    for officer in &new.officers {
        let mut seed = Zeroizing::new([0; 32]);
        draw(seed.as_mut_slice());
        let path = officers_dir.join(format!("{}.key", officer.name));
        OfficerKeyFile::write(&path, &seed, &officer.passphrase, new.cost, &mut *draw)?;
        let key = SoftwareSigner::from_seed(*seed).public();
        officers.push(Officer {
            party: PartyIndex(0),
            title: officer.name.clone(),
            roles: officer.roles,
            keys: vec![OfficerKey { scheme: Scheme::Ed25519, key }],
        });
    }
    sync_dir(&officers_dir)?;
    let root = keys.root_signer();
    let card = Card {
        party: Party {
            name: new.settings.party.clone(),
            root_key: root.public(),
            recovery: new.recovery.clone(),
            orders: 0,
        },
        posts: vec![keys.post(&new.settings.post, &new.addresses)],
        officers,
    };
    write_replacing(&dir.join("card.khatt"), &card.sign(&root)?)?;
    let settings = toml::to_string(&settings)
        .map_err(|error| FolderError::LocalSettings(error.to_string()))?;
    write_replacing(&dir.join(SETTINGS), settings.as_bytes())?;
    Ok(card)
}

/// The folder in which a post is built before it takes its name.
pub(crate) fn beside(dir: &Path) -> Result<PathBuf, FolderError> {
    let Some(name) = dir.file_name() else {
        return Err(FolderError::LocalIo {
            what: "naming the folder".to_owned(),
            reason: "the path does not end in a name".to_owned(),
        });
    };
    let mut building = name.to_owned();
    building.push(".making");
    Ok(dir.with_file_name(building))
}

fn sync_dir(dir: &Path) -> Result<(), FolderError> {
    fs::File::open(dir).and_then(|held| held.sync_all()).map_err(io("syncing a folder"))
}

fn io(what: &str) -> impl Fn(std::io::Error) -> FolderError + use<> {
    let what = what.to_owned();
    move |error| FolderError::LocalIo { what: what.clone(), reason: error.to_string() }
}

const SETTINGS: &str = "post.toml";
const OFFICERS: &str = "officers";
/// The passphrase of a post that only rehearses.
pub const REHEARSAL_PASSPHRASE: &str = "rehearsal.pass";
const SETTINGS_MAX: usize = 64 * 1024;
/// A charter and the signatures of its parties.
pub const CHARTER_FILE_MAX: usize = CHARTER_MAX + 4096;

#[cfg(test)]
mod tests;
