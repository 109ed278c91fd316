//! `khatt-sim`: storms over whole lines, from seeds.

use std::{
    env, fs,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use khatt_sim::{Keep, Plan, shrink, storm};

const USAGE: &str = "\
Usage: khatt-sim run --seeds A..B [--minutes M] [--threads N] [--keep-going] [--hostile]
       khatt-sim run --seed N [--trace FILE]
       khatt-sim run --replay FILE [--trace FILE]
       khatt-sim plan --seed N

run --seeds  plays the plans of these seeds, until all are played or M minutes are over
             only those with a hostile program, with --hostile
run --seed   plays one, and says what it did
run --replay plays a plan from a file
plan         prints the plan of a seed

A run that breaks a promise is cut down to a small plan, which is written to
failing-N.toml with its page failing-N.md. Ends with 1 then, with 2 on a mistake in the words.
";
/// Runs that are tried to make a plan smaller.
const SHRINK_RUNS: usize = 400;

/// What was asked for.
#[derive(Default)]
struct Asked {
    seeds: Option<(u64, u64)>,
    seed: Option<u64>,
    replay: Option<String>,
    trace: Option<String>,
    minutes: Option<f64>,
    threads: Option<usize>,
    most_broken: usize,
    small: Small,
    who: Who,
}

/// Whose plans are played.
#[derive(Default, PartialEq)]
enum Who {
    #[default]
    Anybody,
    /// Only those in which a program takes a post's place.
    Hostile,
}

/// Whether a plan that breaks a promise is made smaller.
#[derive(Default, PartialEq)]
enum Small {
    #[default]
    Yes,
    No,
}

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (Some(verb), Some(asked)) = (words.first(), asked(words.get(1..).unwrap_or(&[]))) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match (*verb, &asked) {
        ("run", Asked { seeds: Some((from, to)), .. }) => many(*from, *to, &asked),
        ("run", Asked { seed: Some(seed), .. }) => one(&Plan::draw(*seed), &asked),
        ("run", Asked { replay: Some(path), .. }) => match read(path) {
            Ok(plan) => one(&plan, &asked),
            Err(error) => {
                eprintln!("{path}: {error}");
                ExitCode::from(2)
            }
        },
        ("plan", Asked { seed: Some(seed), .. }) => match Plan::draw(*seed).to_text() {
            Ok(text) => {
                print!("{text}");
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("{error}");
                ExitCode::from(2)
            }
        },
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn asked(words: &[&str]) -> Option<Asked> {
    let mut asked = Asked { most_broken: 1, ..Asked::default() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--seeds" => {
                let (from, to) = words.next()?.split_once("..")?;
                asked.seeds = Some((from.parse().ok()?, to.parse().ok()?));
            }
            "--seed" => asked.seed = Some(words.next()?.parse().ok()?),
            "--replay" => asked.replay = Some((*words.next()?).to_owned()),
            "--trace" => asked.trace = Some((*words.next()?).to_owned()),
            "--minutes" => asked.minutes = Some(words.next()?.parse().ok()?),
            "--threads" => asked.threads = Some(words.next()?.parse().ok()?),
            "--keep-going" => asked.most_broken = usize::MAX,
            "--hostile" => asked.who = Who::Hostile,
            "--as-is" => asked.small = Small::No,
            _ => return None,
        }
    }
    Some(asked)
}

fn read(path: &str) -> Result<Plan, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string())?;
    Plan::from_text(&text).map_err(|error| error.to_string())
}

fn many(from: u64, to: u64, asked: &Asked) -> ExitCode {
    let began = Instant::now();
    let most = asked.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let go_on = || most.is_none_or(|most| began.elapsed() < most);
    let choose = |plan: &Plan| asked.who == Who::Anybody || plan.is_hostile();
    let threads =
        asked.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, Into::into));
    let storm = storm::storm(from..to, threads, asked.most_broken, &choose, &go_on);
    print!("{}", storm.tally);
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let speed = storm.tally.line_hours / minutes.max(f64::MIN_POSITIVE);
    println!("speed                 {speed:.0} line-hours a minute on {threads} threads");
    for (seed, broken) in &storm.broken {
        println!(
            "seed {seed}: {}: {} (post {}, {} ms)",
            broken.promise, broken.what, broken.post, broken.at_ms
        );
    }
    match storm.broken.first() {
        None => ExitCode::SUCCESS,
        Some((seed, _)) => {
            println!("again: khatt-sim run --seed {seed}");
            if asked.most_broken == 1 && asked.small == Small::Yes {
                smaller(&Plan::draw(*seed));
            }
            ExitCode::FAILURE
        }
    }
}

fn one(plan: &Plan, asked: &Asked) -> ExitCode {
    let keep = if asked.trace.is_some() { Keep::Trace } else { Keep::Counts };
    let outcome = storm::attempt(plan, keep);
    print!("{}", outcome.tally);
    if let Some(path) = &asked.trace
        && let Err(error) = fs::write(path, &outcome.trace)
    {
        eprintln!("{path}: {error}");
        return ExitCode::from(2);
    }
    match outcome.broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            println!(
                "{}: {} (post {}, {} ms)",
                broken.promise, broken.what, broken.post, broken.at_ms
            );
            if asked.replay.is_none() && asked.small == Small::Yes {
                smaller(plan);
            }
            ExitCode::FAILURE
        }
    }
}

/// Makes a plan smaller and writes it down with its page.
fn smaller(plan: &Plan) {
    let Some((small, broken)) = shrink::shrink(plan, SHRINK_RUNS) else {
        return;
    };
    let name = format!("failing-{}", plan.seed);
    let Ok(text) = small.to_text() else { return };
    let files = [("toml", text), ("md", shrink::document(&small, &broken))];
    for (ending, text) in files {
        let path = Path::new(&name).with_extension(ending);
        match fs::write(&path, text) {
            Ok(()) => println!("written: {}", path.display()),
            Err(error) => eprintln!("{}: {error}", path.display()),
        }
    }
    println!("{} of {} items are left", small.item.len(), plan.item.len());
}
