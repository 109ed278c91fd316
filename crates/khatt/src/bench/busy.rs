//! A disk that somebody else writes to all the time.

use std::{
    fs::File,
    io::{Seek as _, Write as _},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

use super::disk::Scratch;

/// What is written between two syncs.
const CHUNK_BYTES: usize = 64 << 10;
/// The file begins again once it is this long.
const FILE_BYTES: u64 = 64 << 20;

/// Appends and syncs on a thread of its own until dropped.
pub(super) struct Writer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    _scratch: Scratch,
}

impl Writer {
    pub(super) fn start(dir: &Path) -> anyhow::Result<Self> {
        let scratch = Scratch::new(dir, "busy")?;
        let mut file = File::create(scratch.path().join("written"))?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let chunk = vec![0x5a; CHUNK_BYTES];
            while !stopped.load(Ordering::Relaxed) {
                let written = file.write_all(&chunk).and_then(|()| file.sync_data());
                let begun = match file.stream_position() {
                    Ok(at) if at < FILE_BYTES => Ok(()),
                    _ => file.set_len(0).and_then(|()| file.rewind()),
                };
                // A full disk shows in what is measured.
                if written.and(begun).is_err() {
                    return;
                }
            }
        });
        Ok(Self { stop, thread: Some(thread), _scratch: scratch })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
