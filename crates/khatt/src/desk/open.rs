//! Opening a desk: where it listens, and the one address that lets a screen in.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use khatt_desk::Server;

use super::{PostDesk, Sight};
use crate::{
    control::desk::Desk,
    folder::{PostFolder, write_replacing},
    host::PostHost,
    trouble::Trouble,
};

/// The name of the file that holds the way in.
const WAY_IN: &str = "desk.url";

/// An open desk; dropping it closes it and takes the way in away.
pub struct OpenDesk {
    server: Option<Server>,
    file: PathBuf,
}

/// Opens the desk of a running post.
///
/// The address that lets a screen in goes into a file of the folder, which only its owner may read: it
/// is drawn anew at each opening and printed nowhere.
///
/// # Errors
///
/// [`Trouble`] if the address is not this machine's own, or the system refuses.
pub fn open(
    control: Arc<Desk>,
    host: Arc<PostHost>,
    dir: &Path,
    sight: Sight,
    address: SocketAddr,
) -> Result<OpenDesk, Trouble> {
    let post = PostDesk::new(control, host, PostFolder::at(dir), sight)?;
    let server = Server::open(post, address)?;
    let file = dir.join(WAY_IN);
    write_replacing(&file, format!("{}\n", server.way_in()).as_bytes())?;
    Ok(OpenDesk { server: Some(server), file })
}

impl OpenDesk {
    /// Returns where it listens.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.server.as_ref().map(Server::address)
    }

    /// Returns the address that lets a screen in.
    #[must_use]
    pub fn way_in(&self) -> &str {
        self.server.as_ref().map_or("", Server::way_in)
    }

    /// Returns the file that holds it.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for OpenDesk {
    fn drop(&mut self) {
        drop(self.server.take());
        // It opens nothing any more.
        let _ = fs::remove_file(&self.file);
    }
}
