//! Writes what the fuzzer starts from: the vectors, forms and scenarios, in each target's own shape.
//!
//! The seeds are made, not kept: the vectors are the one copy, and a new vector is a new seed.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::checks::vectors::{Vector, read};
use crate::tree::Tree;

/// One file for the fuzzer: its target, its name, its bytes.
type Seed = (&'static str, String, Vec<u8>);

/// Writes the seeds under `fuzz/corpus/` and says how many each target has.
pub(crate) fn run(root: &Path) -> anyhow::Result<bool> {
    let tree = Tree::read(root)?;
    let seeds = seeds(&tree);
    for (target, name, bytes) in &seeds {
        let folder = root.join("fuzz/corpus").join(target);
        fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let file = folder.join(format!("vector-{name}"));
        fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
    }
    let mut targets: Vec<&str> = seeds.iter().map(|(target, ..)| *target).collect();
    targets.dedup();
    for target in targets {
        let count = seeds.iter().filter(|(of, ..)| *of == target).count();
        println!("{count:4} {target}");
    }
    Ok(true)
}

/// Makes the seeds, in order of target. A target takes its leading numbers from the front of its
/// bytes; the rest is what it decodes.
fn seeds(tree: &Tree) -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    let folders: &[(&'static str, &str, Shape)] = &[
        ("charter_file", "charter", |vector| Some(vector.bytes.clone())),
        ("key_order", "key-order", |vector| Some(vector.bytes.clone())),
        ("checkpoint", "checkpoint", |vector| Some(vector.bytes.clone())),
        ("fork", "fork", |vector| Some(vector.bytes.clone())),
        ("body", "form", |vector| Some(vector.bytes.clone())),
        ("record_file", "record", |vector| Some(vector.bytes.clone())),
        ("disclosure", "disclosure", |vector| Some(vector.bytes.clone())),
        ("entry", "entry", |vector| {
            let numbers = [vector.number("posts")?, vector.number("own")?];
            Some([&numbers, vector.bytes.as_slice()].concat())
        }),
        ("frame", "frame", |vector| Some([&[0, 0], vector.bytes.as_slice()].concat())),
        ("frame_items", "frame", |vector| {
            let numbers = [vector.number("posts")?, vector.number("sender")?, 0];
            Some([numbers.as_slice(), &vector.hex("items")?].concat())
        }),
        ("stream", "frame", |vector| {
            let length = u32::try_from(vector.bytes.len()).ok()?;
            Some([&[7], length.to_be_bytes().as_slice(), &vector.bytes].concat())
        }),
    ];
    for (target, folder, shape) in folders {
        for (path, bytes) in tree.files() {
            let name = path.strip_prefix("vectors/").and_then(|path| path.strip_prefix(folder));
            let Some(name) = name.and_then(|name| name.strip_prefix('/')) else {
                continue;
            };
            if let Some(bytes) = read(bytes).as_ref().and_then(shape) {
                seeds.push((target, name.to_owned(), bytes));
            }
        }
    }
    for (target, folder) in [("form", "forms/"), ("scenario", "scenarios/")] {
        for (path, text) in tree.texts(".toml") {
            if let Some(name) = path.strip_prefix(folder) {
                seeds.push((target, name.to_owned(), text.as_bytes().to_vec()));
            }
        }
    }
    seeds
}

type Shape = fn(&Vector) -> Option<Vec<u8>>;

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "expect: accept\nsection: §1\ncomment: c\nencoding: hex\n";

    #[test]
    fn a_vector_becomes_the_bytes_that_its_target_reads() {
        let entry = format!("{HEADER}posts: 3\nown: 1\n\n0a 0b\n");
        let frame = format!("{HEADER}posts: 2\nsender: 0\nitems: 81\n\nff\n");
        let form = "name = \"line-test\"\n";
        let tree = Tree::of(&[
            ("vectors/entry/open.txt", &entry),
            ("vectors/entry/no-author.txt", &format!("{HEADER}\n00\n")),
            ("vectors/frame/one.txt", &frame),
            ("forms/line-test.toml", form),
        ]);
        let expected: [Seed; 5] = [
            ("entry", "open.txt".to_owned(), vec![3, 1, 0x0a, 0x0b]),
            ("frame", "one.txt".to_owned(), vec![0, 0, 0xff]),
            ("frame_items", "one.txt".to_owned(), vec![2, 0, 0, 0x81]),
            ("stream", "one.txt".to_owned(), vec![7, 0, 0, 0, 1, 0xff]),
            ("form", "line-test.toml".to_owned(), form.as_bytes().to_vec()),
        ];
        assert_eq!(seeds(&tree), expected);
    }

    #[test]
    fn every_target_with_seeds_is_a_target_of_this_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask has a parent");
        let tree = Tree::read(root).expect("the repository can be read");
        let seeds = seeds(&tree);
        for (target, name, _) in &seeds {
            let source = format!("fuzz/fuzz_targets/{target}.rs");
            assert!(tree.has(&source), "{name}: no {source}");
        }
        let mut targets: Vec<&str> = seeds.iter().map(|(target, ..)| *target).collect();
        targets.dedup();
        assert_eq!(targets.len(), 13, "{targets:?}");
    }
}
