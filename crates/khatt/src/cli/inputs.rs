//! Fields and values as they are given on the command line or in a file.

use std::path::PathBuf;

use super::CommandError;
use crate::{folder::read_bounded, trouble::Trouble};

const FILE_MAX: usize = 128 * 1024;

/// Where a message's fields come from.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)]
pub(crate) struct Fields {
    /// Set a field; lists may be set more than once
    #[arg(long = "set", value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// Read fields from a TOML file; other users of this machine do not see it, unlike `--set`
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
}

impl Fields {
    /// Reads all fields, those of the file first.
    ///
    /// # Errors
    ///
    /// [`Trouble`] if a field has no name or the file cannot be read.
    pub(crate) fn read(&self) -> Result<Vec<(String, String)>, Trouble> {
        let mut inputs = Vec::new();
        if let Some(path) = &self.from {
            let bytes = read_bounded(path, FILE_MAX)?;
            let name = path.display().to_string();
            let failed = |reason: String| CommandError::LocalFile { name: name.clone(), reason };
            let text = String::from_utf8(bytes).map_err(|_| failed("not UTF-8".to_owned()))?;
            let table: toml::Table =
                toml::from_str(&text).map_err(|error| failed(error.message().to_owned()))?;
            for (field, value) in table {
                match value {
                    toml::Value::String(text) => inputs.push((field, text)),
                    toml::Value::Integer(number) => inputs.push((field, number.to_string())),
                    toml::Value::Array(values) => {
                        for value in values {
                            let text = value.as_str().map(str::to_owned);
                            let wrong = || failed(format!("{field} holds no list of texts"));
                            inputs.push((field.clone(), text.ok_or_else(wrong)?));
                        }
                    }
                    _ => return Err(failed(format!("{field} is no text")).into()),
                }
            }
        }
        for set in &self.set {
            inputs.push(assignment(set)?);
        }
        Ok(inputs)
    }

    /// Tells whether any field was given.
    pub(crate) fn is_empty(&self) -> bool {
        self.set.is_empty() && self.from.is_none()
    }
}

/// Splits `NAME=VALUE`.
///
/// # Errors
///
/// [`CommandError::LocalAssignment`].
pub(crate) fn assignment(text: &str) -> Result<(String, String), CommandError> {
    let (name, value) = text.split_once('=').ok_or(CommandError::LocalAssignment)?;
    if name.trim().is_empty() {
        return Err(CommandError::LocalAssignment);
    }
    Ok((name.trim().to_owned(), value.to_owned()))
}
