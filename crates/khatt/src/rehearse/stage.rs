//! What a rehearsal is played on: folders, charter, network and posts, all of them real.

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use data_encoding::HEXLOWER;
use khatt_core::{
    line::Event,
    scenario::{Act, CharterSettings, Name, OfficerRole, Scenario},
};
use khatt_forms::{Catalogue, Language};
use khatt_net::Direct;
use khatt_record::{
    Kind, OfficerIndex, PostIndex, Precedence, SignedCharter,
    charter::{Clock, Floor, LineTest, Quotas, Recovery, ReleaseRule, Roles, YesNo},
};
use khatt_store::{PassphraseCost, SqliteReader};
use tokio::{runtime::Runtime, sync::broadcast};
use zeroize::Zeroizing;

use super::{RehearseError, io};
use crate::{
    clock::ScenarioClock,
    control::client::SystemEntropy,
    draw_up::{Terms, draw_up},
    folder::{
        FolderError, NewOfficer, NewPost, PostFolder, PostKeys, REHEARSAL_PASSPHRASE, Settings,
        fill_from_system, system_fill, write_replacing,
    },
    host::{HostParts, PostHost, Pulse},
    network::{self, Whereabouts},
    officer_key::OfficerKeyFile,
    passphrase::Passphrase,
};

/// Everything that a rehearsal is played on.
pub(super) struct Stage {
    pub(super) dir: PathBuf,
    pub(super) charter: SignedCharter,
    pub(super) clock: ScenarioClock,
    /// One for each post, in the charter's order.
    pub(super) sides: Vec<Side>,
    /// Frames of ended connections, which nobody will ever take.
    lost: u64,
    runtime: Runtime,
}

/// One post of the rehearsal.
pub(super) struct Side {
    pub(super) post: Name,
    pub(super) index: PostIndex,
    /// The party's name, which is also that of the folder.
    pub(super) party: Name,
    pub(super) folder: PostFolder,
    pub(super) host: Arc<PostHost>,
    pub(super) reader: SqliteReader,
    /// Another reading side, for commands that ask after the end.
    pub(super) spare: Option<SqliteReader>,
    /// What its officers read, the first being what they write.
    pub(super) languages: Vec<Language>,
    pub(super) officers: BTreeMap<Name, SeatedOfficer>,
    pub(super) events: broadcast::Receiver<Event>,
    /// Events taken and not yet told.
    pub(super) news: VecDeque<Event>,
    direct: Direct,
    address: SocketAddr,
}

/// An officer at a post, with the key that came out of the officer's own file.
pub(super) struct SeatedOfficer {
    pub(super) index: OfficerIndex,
    pub(super) key: OfficerKeyFile,
    pub(super) roles: Vec<OfficerRole>,
}

impl Stage {
    /// Makes the folders, lets every party sign the charter, and starts the posts.
    pub(super) fn build(scenario: &Scenario, dir: &Path) -> Result<Self, RehearseError> {
        check_playable(scenario)?;
        make_dir(dir)?;
        let mut secret = Zeroizing::new([0; 16]);
        fill_from_system(secret.as_mut_slice());
        let secret = Zeroizing::new(HEXLOWER.encode(secret.as_slice()));
        let row = Zeroizing::new(format!("{}\n", *secret));
        let passphrase = Passphrase::new(secret.as_bytes());

        let (mut folders, mut cards) = (Vec::new(), Vec::new());
        for party in &scenario.parties {
            let new = new_post(scenario, &party.name, &passphrase)?;
            let (folder, card) =
                PostFolder::make(&dir.join(party.name.as_str()), &new, system_fill)?;
            write_replacing(&folder.dir().join(REHEARSAL_PASSPHRASE), row.as_bytes())?;
            folders.push((folder, new.settings));
            cards.push(card);
        }
        let mut nonce = [0; 16];
        fill_from_system(&mut nonce);
        let terms = terms(&scenario.charter)?;
        let mut draft = draw_up(&cards, &terms, nonce, scenario.start_ms)?;
        let mut opened = Vec::new();
        for (folder, settings) in folders {
            let store = folder.open_store(&passphrase, system_fill())?;
            let keys = PostKeys::load(&store)?;
            draft.sign(&keys.root_signer()).map_err(FolderError::from)?;
            opened.push((folder, settings, store, keys));
        }
        let charter = draft.complete().map_err(FolderError::from)?;
        write_replacing(&dir.join("charter.khatt"), charter.to_bytes())?;

        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("khatt-net")
            .enable_all()
            .build()
            .map_err(io("starting the network's threads"))?;
        let clock = ScenarioClock::new(scenario.start_ms);
        let mut sides: Vec<Side> = Vec::new();
        for (folder, settings, store, keys) in opened {
            folder.keep_charter(&charter)?;
            let index = keys.post_in(&charter)?;
            let earlier: BTreeMap<PostIndex, SocketAddr> =
                sides.iter().map(|side| (side.index, side.address)).collect();
            // Each post dials those that listen already, and lets in those that will.
            let net = network::settings(
                &charter,
                index,
                *keys.tls,
                SocketAddr::new(HOME, 0),
                |peer, _| Whereabouts { address: earlier.get(&peer).copied(), allow: vec![HOME] },
            );
            let (direct, incoming) = {
                let _within = runtime.enter();
                Direct::start(net)?
            };
            let reader = store.reader().map_err(FolderError::from)?;
            let spare = Some(store.reader().map_err(FolderError::from)?);
            let host = PostHost::start(HostParts {
                charter: charter.clone(),
                post: index,
                store,
                signer: keys.log_signer(&settings)?,
                pq_signer: Some(Box::new(keys.pq_signer())),
                prekey: keys.prekey_secret(),
                entropy: Box::new(SystemEntropy),
                clock: Box::new(clock.clone()),
                net: Some((direct.sender(), incoming)),
            })?;
            let address = direct.local_address();
            sides.push(Side {
                events: host.subscribe(),
                host: Arc::new(host),
                officers: officers(scenario, &settings, &folder, &charter, &passphrase)?,
                languages: languages(&settings),
                post: named(&settings.post)?,
                party: named(&settings.party)?,
                index,
                folder,
                reader,
                spare,
                news: VecDeque::new(),
                direct,
                address,
            });
        }
        let dir = dir.to_owned();
        let stage = Self { dir, charter, clock, sides, lost: 0, runtime };
        stage.keep_whereabouts()?;
        stage.connect()?;
        Ok(stage)
    }

    /// Returns the side of this post.
    pub(super) fn side(&self, post: &Name) -> Result<&Side, RehearseError> {
        let found = self.sides.iter().find(|side| side.post == *post);
        found.ok_or_else(|| RehearseError::LocalUnplayable(format!("there is no post {post}")))
    }

    /// Returns the name of a post.
    pub(super) fn name_of(&self, post: PostIndex) -> Option<&Name> {
        self.sides.iter().find(|side| side.index == post).map(|side| &side.post)
    }

    /// Waits until everything that was sent has been taken, and nobody has anything to do.
    pub(super) fn settle(&mut self) -> Result<(), RehearseError> {
        let mut before = self.pulses()?;
        let mut still_since = Instant::now();
        loop {
            let pulses = self.pulses()?;
            let sent: u64 = pulses.iter().map(|pulse| pulse.sent).sum();
            let taken: u64 = pulses.iter().map(|pulse| pulse.received).sum();
            if pulses != before {
                still_since = Instant::now();
            } else if sent == taken.saturating_add(self.lost) {
                return Ok(());
            } else if still_since.elapsed() > STILL {
                // A connection ended with frames on the way; the engines will send them again.
                self.lost = sent.saturating_sub(taken);
                return Ok(());
            } else {
                thread::sleep(LOOK_EVERY);
            }
            before = pulses;
        }
    }

    /// Moves the clock to the next moment at which anything happens, at most to `until_ms`.
    pub(super) fn advance(&mut self, until_ms: u64) -> Result<(), RehearseError> {
        let now_ms = self.clock.now_ms();
        let due_ms = self.pulses()?.iter().filter_map(|pulse| pulse.due_ms).min();
        let next_ms = due_ms.map_or(until_ms, |due_ms| due_ms.min(until_ms));
        self.clock.move_to(next_ms.max(now_ms.saturating_add(1)));
        for side in &self.sides {
            side.host.wake()?;
        }
        self.settle()
    }

    /// Takes what happened since the last time, and tells whether there is any of it.
    pub(super) fn has_news(&mut self) -> bool {
        for side in &mut self.sides {
            side.gather();
        }
        self.sides.iter().any(|side| !side.news.is_empty())
    }

    /// Stops the posts in good order.
    pub(super) fn strike(self) -> Result<(), RehearseError> {
        let Self { sides, runtime, .. } = self;
        for side in sides {
            runtime.block_on(side.direct.close());
            side.host.stop()?;
        }
        Ok(())
    }

    /// Lets the asynchronous parts run until this future ends.
    pub(super) fn wait_for<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
    }

    fn pulses(&self) -> Result<Vec<Pulse>, RehearseError> {
        let pulses = self.sides.iter().map(|side| side.host.pulse());
        Ok(pulses.collect::<Result<_, _>>()?)
    }

    /// Writes into each folder where the posts listen, so that they can be run again by hand.
    fn keep_whereabouts(&self) -> Result<(), RehearseError> {
        for side in &self.sides {
            let mut settings = side.folder.settings()?;
            settings.listen = Some(side.address);
            for other in self.sides.iter().filter(|other| other.index != side.index) {
                let peer = settings.peers.entry(other.post.to_string()).or_default();
                peer.address = Some(other.address);
            }
            let text = toml::to_string(&settings)
                .map_err(|error| FolderError::LocalSettings(error.to_string()))?;
            write_replacing(&side.folder.dir().join("post.toml"), text.as_bytes())?;
        }
        Ok(())
    }

    fn connect(&self) -> Result<(), RehearseError> {
        let until = Instant::now() + Duration::from_secs(CONNECT_S);
        loop {
            let mut connected = true;
            for side in &self.sides {
                let peers: Vec<PostIndex> = self
                    .sides
                    .iter()
                    .map(|other| other.index)
                    .filter(|other| *other != side.index)
                    .collect();
                connected &= side
                    .host
                    .query(move |line, _| peers.iter().all(|peer| line.is_connected(*peer)))?;
            }
            if connected {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(RehearseError::LocalNotConnected(CONNECT_S));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Side {
    fn gather(&mut self) {
        loop {
            match self.events.try_recv() {
                Ok(event) => self.news.push_back(event),
                // More than can wait happened at once: what was missed will show as not met.
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(_) => return,
            }
        }
    }

    /// Takes everything that happened and was not told yet.
    pub(super) fn take_news(&mut self) -> Vec<Event> {
        self.gather();
        self.news.drain(..).collect()
    }

    /// Returns an officer of this post.
    pub(super) fn officer(&self, name: &Name) -> Result<&SeatedOfficer, RehearseError> {
        let found = self.officers.get(name);
        found.ok_or_else(|| RehearseError::LocalUnplayable(format!("no officer {name} there")))
    }

    /// The officer who keeps the watch.
    pub(super) fn watch_officer(&self) -> Option<(&Name, &SeatedOfficer)> {
        self.officers.iter().find(|(_, officer)| officer.roles.contains(&OfficerRole::Watch))
    }

    /// The language in which this side reads and writes first.
    pub(super) fn language(&self) -> Language {
        self.languages.first().copied().unwrap_or(Language::En)
    }
}

/// Refuses what cannot be played, before anything is made: nothing is left out in silence.
fn check_playable(scenario: &Scenario) -> Result<(), RehearseError> {
    let refuse = |why: String| Err(RehearseError::LocalUnplayable(why));
    for party in &scenario.parties {
        let posts = scenario.posts.iter().filter(|post| post.party == party.name).count();
        if posts != 1 {
            return refuse(format!("party {} has {posts} posts, not one", party.name));
        }
    }
    if let Some(fault) = scenario.faults.first() {
        return refuse(format!("the fault {} is for the simulator", fault.name));
    }
    if let Some(step) = scenario.steps.iter().find(|step| matches!(step.act, Act::Fault(_))) {
        return refuse(format!("the fault of step {} is for the simulator", step.name));
    }
    Ok(())
}

fn make_dir(dir: &Path) -> Result<(), RehearseError> {
    match fs::read_dir(dir) {
        Ok(mut items) => {
            if items.next().is_some() {
                return Err(RehearseError::LocalExists(dir.display().to_string()));
            }
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut make = fs::DirBuilder::new();
            make.recursive(true).mode(0o700).create(dir).map_err(io("making the folder"))
        }
        Err(error) => Err(io("reading the folder")(error)),
    }
}

fn new_post(
    scenario: &Scenario,
    party: &Name,
    passphrase: &Passphrase,
) -> Result<NewPost, RehearseError> {
    let found = scenario.parties.iter().zip(&scenario.posts).find(|(held, _)| held.name == *party);
    let post = scenario.posts.iter().find(|post| post.party == *party);
    let (Some((party, _)), Some(post)) = (found, post) else {
        return Err(RehearseError::LocalUnplayable(format!("party {party} has no post")));
    };
    let officers = scenario.officers.iter().filter(|officer| officer.post == post.name);
    let officers = officers.map(|officer| NewOfficer {
        name: officer.name.to_string(),
        roles: officer.roles.iter().fold(Roles::NONE, |roles, role| roles.with(bits(*role))),
        passphrase: passphrase.clone(),
    });
    let languages: Vec<String> =
        party.languages.iter().map(|tag| tag.as_str().to_owned()).collect();
    Ok(NewPost {
        settings: Settings {
            party: party.name.to_string(),
            post: post.name.to_string(),
            officer_language: languages.first().cloned().unwrap_or_default(),
            languages,
            listen: None,
            token: None,
            peers: BTreeMap::new(),
        },
        addresses: Vec::new(),
        token: None,
        officers: officers.collect(),
        recovery: Recovery::none(),
        passphrase: passphrase.clone(),
        cost: COST,
        ballast_bytes: 0,
    })
}

fn officers(
    scenario: &Scenario,
    settings: &Settings,
    folder: &PostFolder,
    charter: &SignedCharter,
    passphrase: &Passphrase,
) -> Result<BTreeMap<Name, SeatedOfficer>, RehearseError> {
    let mut seated = BTreeMap::new();
    let here = scenario.officers.iter().filter(|held| held.post.as_str() == settings.post);
    for officer in here {
        let title = officer.name.as_str();
        let place = charter.charter().officers.iter().position(|held| held.title == title);
        let index = place.and_then(|place| u16::try_from(place).ok()).map(OfficerIndex);
        let index = index.ok_or(FolderError::LocalNotOurs)?;
        let key = folder.officer_key(title, passphrase)?;
        let roles = officer.roles.clone();
        seated.insert(officer.name.clone(), SeatedOfficer { index, key, roles });
    }
    Ok(seated)
}

fn languages(settings: &Settings) -> Vec<Language> {
    settings.languages.iter().filter_map(|tag| Language::from_tag(tag)).collect()
}

fn named(text: &str) -> Result<Name, RehearseError> {
    Name::new(text).ok_or_else(|| RehearseError::LocalUnplayable(format!("{text} is no name")))
}

fn bits(role: OfficerRole) -> Roles {
    match role {
        OfficerRole::Watch => Roles::WATCH,
        OfficerRole::Releasing => Roles::RELEASING,
        OfficerRole::Linguist => Roles::LINGUIST,
        OfficerRole::Technical => Roles::TECHNICAL,
        OfficerRole::Auditor => Roles::AUDITOR,
        OfficerRole::Commander => Roles::COMMANDER,
    }
}

/// Makes a charter's terms of what a scenario says.
fn terms(rules: &CharterSettings) -> Result<Terms, RehearseError> {
    let seconds = |ms: u64| u32::try_from(ms / 1000).unwrap_or(u32::MAX);
    let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let languages = rules.languages.iter().map(|tag| {
        let known = Language::from_tag(tag.as_str());
        known.ok_or_else(|| RehearseError::LocalUnplayable(format!("no language {tag} here")))
    });
    let forms = rules.floor.forms.iter().map(|name| {
        let known = Catalogue::builtin().by_name(name.as_str()).map(|form| form.id().number);
        known.ok_or_else(|| RehearseError::LocalUnplayable(format!("no form {name} here")))
    });
    let mut forms = forms.collect::<Result<Vec<u8>, _>>()?;
    forms.sort_unstable();
    forms.dedup();
    let mut precedences: Vec<Precedence> = rules.floor.precedences.clone();
    precedences.sort_unstable();
    precedences.dedup();
    Ok(Terms {
        kind: Kind::Rehearsal,
        languages: languages.collect::<Result<_, _>>()?,
        release: rules.release.map(|rule| ReleaseRule {
            signatures: rule.signatures,
            emergency_single: if rule.emergency_single { YesNo::Yes } else { YesNo::No },
        }),
        clocks: rules.clocks.map(|clock| Clock {
            acknowledge_s: seconds(clock.acknowledge_ms),
            escalate_s: seconds(clock.escalate_ms),
            give_up_s: seconds(clock.give_up_ms),
        }),
        line_test: LineTest {
            interval_s: seconds(rules.line_test.interval_ms),
            answer_s: seconds(rules.line_test.answer_ms),
        },
        quotas: Quotas {
            entry_bytes: whole(rules.quotas.entry_bytes),
            entries_per_day: whole(rules.quotas.entries_per_day),
            bytes_per_day: rules.quotas.bytes_per_day,
            flash_per_hour: whole(rules.quotas.flash_per_hour),
        },
        floor: Floor { precedences, forms },
    })
}

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// A rehearsal's keys guard nothing, so that opening them need not take seconds.
const COST: PassphraseCost = PassphraseCost { memory_kib: 19_456, passes: 2, lanes: 1 };
const CONNECT_S: u64 = 20;
/// After this long without any change, frames on the way are taken for lost.
const STILL: Duration = Duration::from_millis(1_500);
const LOOK_EVERY: Duration = Duration::from_micros(200);
