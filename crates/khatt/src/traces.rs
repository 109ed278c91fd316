//! Where traces go: stderr for journald, or a file that is opened again on SIGHUP.
//!
//! Traces tell what the program did, never what a message says; a test greps them. Rotation is left to
//! the operator's own tools: journald, or one that renames the file and sends SIGHUP.

use std::{
    env,
    fs::File,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// What to trace, and where to.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub struct Options {
    /// What to trace: error, warn, info, debug, trace, or a filter such as khatt=debug
    #[arg(long, value_name = "LEVEL")]
    pub trace: Option<String>,
    /// Append traces to this file instead of stderr; SIGHUP opens it again
    #[arg(long, value_name = "FILE")]
    pub trace_file: Option<PathBuf>,
    /// Write traces as JSON, one object a row
    #[arg(long)]
    pub trace_json: bool,
}

impl Options {
    /// Takes what is not named from `KHATT_TRACE`, `KHATT_TRACE_FILE` and `KHATT_TRACE_JSON`.
    #[must_use]
    pub fn or_environment(self) -> Self {
        let given = |name| env::var_os(name).filter(|value| !value.is_empty());
        let level = || given("KHATT_TRACE").and_then(|value| value.into_string().ok());
        Self {
            trace: self.trace.or_else(level),
            trace_file: self.trace_file.or_else(|| given("KHATT_TRACE_FILE").map(PathBuf::from)),
            trace_json: self.trace_json
                || given("KHATT_TRACE_JSON").is_some_and(|value| value == "1"),
        }
    }
}

/// The file that this process traces to, if it does.
static KEPT: OnceLock<TraceFile> = OnceLock::new();

/// A file that can be opened again under its name.
#[derive(Clone, Debug)]
struct TraceFile {
    path: Arc<Path>,
    file: Arc<Mutex<File>>,
}

/// Starts tracing, if asked to. A second start in one process (as in tests) changes nothing.
///
/// # Errors
///
/// What the system says of the file; then nothing is traced.
pub fn start(options: &Options) -> io::Result<()> {
    let filter = match &options.trace {
        Some(filter) => EnvFilter::try_new(filter).map_err(io::Error::other)?,
        None if options.trace_file.is_some() => EnvFilter::new("info"),
        None => return Ok(()),
    };
    let started = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let _ = match (&options.trace_file, options.trace_json) {
        (None, false) => started.with_writer(io::stderr).try_init(),
        (None, true) => started.json().with_writer(io::stderr).try_init(),
        (Some(path), json) => {
            let file = TraceFile::open(path)?;
            let file = KEPT.get_or_init(|| file).clone();
            if json {
                started.json().with_writer(file).try_init()
            } else {
                started.with_writer(file).try_init()
            }
        }
    };
    Ok(())
}

/// Opens the trace file again under its name: whoever rotates it has moved the old one away.
///
/// # Errors
///
/// What the system says; traces go on into the old file then.
pub fn reopen() -> io::Result<()> {
    KEPT.get().map_or(Ok(()), TraceFile::reopen)
}

impl TraceFile {
    fn open(path: &Path) -> io::Result<Self> {
        // The folder may be another one by the time it is opened again.
        let path = std::path::absolute(path)?;
        let file = Arc::new(Mutex::new(append(&path)?));
        Ok(Self { path: path.into(), file })
    }

    fn reopen(&self) -> io::Result<()> {
        let new = append(&self.path)?;
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *file = new;
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    File::options().append(true).create(true).mode(0o600).open(path)
}

impl Write for TraceFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.flush()
    }
}

impl<'a> MakeWriter<'a> for TraceFile {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn file_that_was_moved_away_is_opened_again_under_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (path, moved) = (dir.path().join("trace"), dir.path().join("trace.1"));
        let mut file = TraceFile::open(&path).unwrap();
        file.write_all(b"before\n").unwrap();
        fs::rename(&path, &moved).unwrap();
        file.write_all(b"still before\n").unwrap();
        file.reopen().unwrap();
        file.make_writer().write_all(b"after\n").unwrap();
        assert_eq!(fs::read_to_string(&moved).unwrap(), "before\nstill before\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "after\n");
    }
}
