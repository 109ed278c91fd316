//! What a running post does for whoever looks after it: copies of its store, and a look at all of it.

use data_encoding::HEXLOWER;
use khatt_store::SqliteReader;

use super::{ControlError, ask::Answer, desk::Desk};
use crate::{
    backup,
    clock::{Clock, SystemClock},
    folder::PostFolder,
    health::{HealthView, LineFacts},
    inspect,
    trouble::Trouble,
};

impl Desk {
    /// Copies the store into the folder. The command takes the copy from there, and so removes it.
    pub(super) fn snapshot(&self) -> Result<Answer, Trouble> {
        let reader = self.another_reader()?;
        let folder = PostFolder::at(reader.dir());
        let path = backup::snapshot_path(&folder);
        // Left by a command that went away. Whoever still wants it finds another one, and says so.
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ControlError::LocalSocket(error.to_string()).into());
            }
            _ => {}
        }
        let now_ms = SystemClock::start().now().wall_ms;
        let made = backup::prepare(&folder, &reader, &path, now_ms)?;
        let told = |damage: &khatt_store::Damage| Trouble::new(damage.code(), &damage.to_string());
        Ok(Answer::Snapshot {
            manifest: String::from_utf8(made.manifest).map_err(|_| ControlError::LocalMalformed)?,
            seal: HEXLOWER.encode(&made.seal),
            damage: made.damage.iter().take(inspect::FINDINGS_MAX).map(told).collect(),
        })
    }

    /// Reads everything, on the thread of the command that asks, with one processor.
    pub(super) fn check(&self) -> Result<Answer, Trouble> {
        let reader = self.another_reader()?;
        let folder = PostFolder::at(reader.dir());
        let charter = Some((&self.charter, self.own));
        Ok(Answer::Check(Box::new(inspect::inspect(&folder, &reader, charter, 1)?)))
    }

    /// Returns how the post fares, in numbers.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if the engine has stopped. An engine that is stuck is waited for.
    pub fn health(&self) -> Result<HealthView, Trouble> {
        let facts = self.look(LineFacts::of)?;
        let process = self.host.process();
        let reader = self.reader.lock().map_err(|_| ControlError::LocalClosed)?;
        Ok(facts.with(&reader, process))
    }

    /// A reading side of its own: officers' questions do not wait meanwhile.
    fn another_reader(&self) -> Result<SqliteReader, Trouble> {
        let held = self.reader.lock().map_err(|_| ControlError::LocalClosed)?;
        Ok(held.again()?)
    }
}
