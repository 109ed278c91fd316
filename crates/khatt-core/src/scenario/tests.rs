//! North and South on a small line: what the reader refuses, what the player does.

use super::*;

mod bukamal;
mod host;
mod playing;
mod reading;

/// A small sound document, to which a test appends its steps.
const HEAD: &str = r#"
format = 1
name = "north-south"
kind = "rehearsal"
aim = "North and South speak."
start = "2023-11-08T18:00:00Z"
zones = ["Asia/Damascus"]
seed = 7
title = { en = "North and South" }

[pace]
run-s = 60

[charter]
languages = ["en"]
[charter.release]
flash = { signatures = 2, emergency-single = "yes" }
immediate = { signatures = 2 }
priority = { signatures = 2 }
routine = { signatures = 1 }
[charter.clocks]
flash = { acknowledge = "00:03:00", escalate = "00:05:00", give-up = "00:10:00" }
immediate = { acknowledge = "00:15:00", escalate = "00:30:00", give-up = "01:00:00" }
priority = { acknowledge = "01:00:00", escalate = "03:00:00", give-up = "06:00:00" }
routine = { acknowledge = "06:00:00", escalate = "12:00:00", give-up = "24:00:00" }
[charter.line-test]
interval = "01:00:00"
answer = "00:10:00"
[charter.quotas]
entry-bytes = 65536
entries-per-day = 5000
bytes-per-day = 10000000
flash-per-hour = 12

[[party]]
name = "north"
title = { en = "North" }
languages = ["en"]
[[party]]
name = "south"
title = { en = "South" }
languages = ["en"]

[[post]]
name = "north-post"
party = "north"
title = { en = "Post of North" }
[[post]]
name = "south-post"
party = "south"
title = { en = "Post of South" }

[[officer]]
name = "north-watch"
post = "north-post"
title = { en = "Watch of North" }
roles = ["watch"]
[[officer]]
name = "north-release"
post = "north-post"
title = { en = "Release of North" }
roles = ["releasing"]
[[officer]]
name = "south-watch"
post = "south-post"
title = { en = "Watch of South" }
roles = ["watch"]

[[mediator]]
name = "harbour"
title = { en = "Harbour" }

[[route]]
name = "straight"
from = "north-post"
to = "south-post"
by = "direct"
[[route]]
name = "over-harbour"
from = "north-post"
to = "south-post"
by = "mediator"
mediator = "harbour"
"#;

/// A step in which North sends.
const HELLO: &str = r#"
[[step]]
name = "hello"
at = "00:01:00"
by = "north-watch"
do = "send"
form = "free-text"
precedence = "routine"
language = "en"
release = ["north-release"]
fields = { text = "a secret word" }
"#;

fn parse(steps: &str) -> Scenario {
    Scenario::parse(&format!("{HEAD}{steps}")).unwrap_or_else(|fault| panic!("{fault}"))
}

fn refused(steps: &str) -> ScenarioError {
    Scenario::parse(&format!("{HEAD}{steps}")).unwrap_err()
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn word(text: &str) -> Word {
    Word::new(text).unwrap()
}
