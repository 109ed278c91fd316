//! The command's end: the running post, or the folder itself when none runs.

use std::{os::unix::net::UnixStream, sync::Arc};

use khatt_core::line::{Act, Done};
use khatt_forms::Language;
use khatt_record::{PostIndex, PostSigner, SignedCharter, seal::Entropy};
use khatt_store::{SqliteReader, SqliteStore};

use super::{
    ControlError,
    ask::{Answer, Ask, Envelope, Hello, prove},
    desk::{Desk, Host, Look, refusal},
    server, wire,
};
use crate::{
    clock::SystemClock,
    folder::{PostFolder, PostKeys, fill_from_system, system_fill},
    health::ProcessHealth,
    host::{HostError, HostParts, PostHost},
    passphrase::Passphrase,
    trouble::Trouble,
};

/// A conversation with a post.
pub struct Session {
    end: End,
    nonce: String,
    language: Language,
    reading: Language,
}

enum End {
    Running(UnixStream),
    Alone(Box<Desk>),
    Beside(Arc<Desk>),
}

/// The random bytes of the operating system, as the engine asks for them.
#[derive(Clone, Copy, Debug)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&mut self, out: &mut [u8]) {
        fill_from_system(out);
    }
}

impl Session {
    /// Speaks to the post that runs in the folder, or takes the folder if none does.
    ///
    /// `passphrase` is asked for only if the folder must be opened.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if neither can be done.
    pub fn open(
        folder: &PostFolder,
        language: Language,
        passphrase: impl FnOnce() -> Result<Passphrase, Trouble>,
    ) -> Result<Self, Trouble> {
        match Self::running(folder, language) {
            Err(trouble) if trouble.code == ControlError::LocalNotRunning.code() => {
                folder.charter()?;
                let store = folder.open_store(&passphrase()?, system_fill())?;
                let (host, charter, own, reader) = take_up(folder, store, None)?;
                let host = Driven { host: Arc::new(host), language, mode: "alone" };
                let desk = Desk::new(Box::new(host), charter, own, reader);
                Ok(Self {
                    end: End::Alone(Box::new(desk)),
                    nonce: server::nonce(),
                    language,
                    reading: language,
                })
            }
            other => other,
        }
    }

    /// Speaks to the post that runs in the folder.
    ///
    /// # Errors
    ///
    /// [`Trouble`]; `KK-1401` if none runs.
    pub fn running(folder: &PostFolder, language: Language) -> Result<Self, Trouble> {
        let mut stream = server::connect(folder.dir())?;
        let hello: Hello = wire::read(&mut stream, wire::ASK_MAX)?;
        if hello.khatt != wire::VERSION {
            let (theirs, ours) = (hello.khatt, wire::VERSION);
            return Err(ControlError::LocalOtherVersion { theirs, ours }.into());
        }
        Ok(Self { end: End::Running(stream), nonce: hello.nonce, language, reading: language })
    }

    /// Reads messages in this language from here on.
    #[must_use]
    pub const fn reading(mut self, language: Language) -> Self {
        self.reading = language;
        self
    }

    /// Speaks to the desk of this very process, which answers as over the socket.
    #[must_use]
    pub fn beside(desk: Arc<Desk>, language: Language) -> Self {
        Self { end: End::Beside(desk), nonce: server::nonce(), language, reading: language }
    }

    /// Tells whether a post with its network answers.
    #[must_use]
    pub fn is_running(&self) -> bool {
        matches!(self.end, End::Running(_))
    }

    /// Asks, and returns the answer.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if it was refused or could not be carried.
    pub fn ask(&mut self, ask: &Ask, signer: Option<&dyn PostSigner>) -> Result<Answer, Trouble> {
        let text = serde_json::to_string(ask).map_err(|_| ControlError::LocalMalformed)?;
        let proof = signer.map(|signer| prove(&self.nonce, &text, signer));
        let language = self.language.tag().to_owned();
        let reading = (self.reading != self.language).then(|| self.reading.tag().to_owned());
        let envelope = Envelope { ask: text, language, reading, proof };
        let answer = match &mut self.end {
            End::Running(stream) => {
                wire::write(stream, &envelope, wire::ASK_MAX)?;
                wire::read(stream, wire::ANSWER_MAX)?
            }
            End::Alone(desk) => desk.answer(&envelope, &self.nonce),
            End::Beside(desk) => desk.answer(&envelope, &self.nonce),
        };
        match answer {
            Answer::Refused(trouble) => Err(trouble),
            answer => Ok(answer),
        }
    }
}

/// An engine on its own thread, as the desk asks it.
pub struct Driven {
    host: Arc<PostHost>,
    language: Language,
    mode: &'static str,
}

impl Driven {
    /// Takes a host at work; `running` says that it has its network.
    #[must_use]
    pub const fn running(host: Arc<PostHost>, language: Language) -> Self {
        Self { host, language, mode: RUNNING }
    }
}

impl Host for Driven {
    fn act(&self, act: Act) -> Result<Done, Trouble> {
        self.host.act(act).map_err(|error| match error {
            HostError::Act(error) => refusal(&error, self.language),
            error => error.into(),
        })
    }

    fn look(&self, look: Look) {
        // A host that has stopped drops the question, and so whoever waits learns of it.
        let _ = self.host.query(move |line, now| look(line, now));
    }

    fn mode(&self) -> &'static str {
        self.mode
    }

    fn process(&self) -> Option<ProcessHealth> {
        if self.mode != RUNNING {
            return None;
        }
        let (up, scrubbed_ago_s, scrub_damage) = self.host.scrubbed();
        let pulse = self.host.pulse().ok()?;
        Some(ProcessHealth {
            up_s: up.as_secs(),
            syncs: self.host.syncs().ok()?,
            frames_received: pulse.received,
            frames_sent: pulse.sent,
            scrubbed_ago_s,
            scrub_damage,
        })
    }
}

/// Takes up the line of a folder whose store is open.
///
/// # Errors
///
/// [`Trouble`] if keys, charter and store do not belong together.
pub fn take_up(
    folder: &PostFolder,
    store: SqliteStore,
    net: Net,
) -> Result<(PostHost, SignedCharter, PostIndex, SqliteReader), Trouble> {
    let charter = folder.charter()?;
    let keys = PostKeys::load(&store)?;
    let own = keys.post_in(&charter)?;
    let reader = store.reader()?;
    let host = PostHost::start(HostParts {
        charter: charter.clone(),
        post: own,
        store,
        signer: keys.log_signer(&folder.settings()?)?,
        pq_signer: Some(Box::new(keys.pq_signer())),
        prekey: keys.prekey_secret(),
        entropy: Box::new(SystemEntropy),
        clock: Box::new(SystemClock::start()),
        net,
    })?;
    Ok((host, charter, own, reader))
}

/// The network of a host, if it has one.
pub type Net = Option<(khatt_net::Sender, tokio::sync::mpsc::Receiver<khatt_net::Event>)>;

const RUNNING: &str = "running";
