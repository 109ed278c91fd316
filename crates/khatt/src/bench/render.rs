//! How long a message takes to be rendered, and a whole record in one language.
//!
//! No disk and no network: one thread, and values as they stand in opened bodies. A headline and its
//! rows are made as text, which is what a reader and the digest need.

use std::{hint::black_box, time::Instant};

use anyhow::{Context as _, bail};
use khatt_forms::{Body, Catalogue, Filled, Form, Language, Wordbook, render, rendering_digest};

use super::{Goal, Plan, Row, statistics::Times};

/// Renderings of one message.
const ROUNDS: u64 = 20_000;
/// Entries of the record.
const RECORD: u64 = 100_000;
const QUICK: u64 = 200;
/// Microseconds that the usual message may take in one language.
const ONE_US: f64 = 5.0;
/// Seconds that a record of 100 000 entries may take in one language.
const RECORD_S: f64 = 1.0;
/// The form that is measured alone: the longest and the most usual of those that report.
const FORM: &str = "incident-initial";

pub(super) fn run(plan: &Plan, tell: &mut dyn FnMut(Row)) -> anyhow::Result<()> {
    let book = Wordbook::builtin();
    let rounds = plan.count(ROUNDS, QUICK);
    let form = Catalogue::builtin().by_name(FORM).context("the form")?;
    let filled = example(form)?;
    let mut slowest = 0.0_f64;
    for language in form.languages() {
        let mut times = Times::default();
        for _ in 0..rounds {
            let before = Instant::now();
            black_box(render(form, black_box(&filled), language, book)?);
            times.push(before.elapsed());
        }
        let took = times.at_us(50);
        slowest = slowest.max(took);
        tell(Row::new(&format!("render.{FORM}.{language}"), took, "us"));
    }
    tell(Row::new("render.one", slowest, "us").goal(Goal::AtMost(ONE_US)));
    let bodies = bodies()?;
    let entries = plan.count(RECORD, QUICK);
    let before = Instant::now();
    for bytes in bodies.iter().cycle().take(usize::try_from(entries)?) {
        let body = Body::decode(black_box(bytes))?;
        let form = Catalogue::builtin().get(body.form).context("a form")?;
        black_box(render(form, &body.filled, Language::Ar, book)?);
    }
    let took = before.elapsed().as_secs_f64() * RECORD as f64 / entries.max(1) as f64;
    tell(Row::new("render.record", took, "s").goal(Goal::AtMost(RECORD_S)));
    Ok(())
}

/// The first example of every form, as it is sealed.
fn bodies() -> anyhow::Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for form in Catalogue::builtin().iter() {
        let filled = example(form)?;
        let digest = rendering_digest(form, &filled, &[Language::En], Wordbook::builtin())?;
        let body = Body {
            form: form.id(),
            language: Language::En,
            references: Vec::new(),
            filled,
            digest,
        };
        all.push(body.encode());
    }
    Ok(all)
}

fn example(form: &Form) -> anyhow::Result<Filled> {
    let example = form.examples().first().context("an example")?;
    match Filled::from_input(form, &example.inputs, example.language, Wordbook::builtin()) {
        Ok(filled) => Ok(filled),
        Err(_) => bail!("the form {} refuses its own example", form.name()),
    }
}
