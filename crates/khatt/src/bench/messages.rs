//! Messages to send: an incident as an officer would report it, drafted, and signed but for one.

use std::{future::poll_fn, task::Poll};

use anyhow::{Context as _, bail};
use khatt_core::{
    Now,
    line::{Act, Done, NewDraft, ToSign},
    testing,
};
use khatt_forms::{Catalogue, Filled, Wordbook};
use khatt_record::{PartyIndex, PostIndex, SignedCharter, statement::Role};

use crate::host::PostHost;

/// The form that is measured: typed fields only, three of them critical.
const FORM: &str = "incident-initial";

/// Messages prepared side by side.
const AT_ONCE: u64 = 64;

/// What one post drafts, again and again.
#[derive(Clone)]
pub(super) struct Messages {
    charter: SignedCharter,
    post: PostIndex,
    new: NewDraft,
}

impl Messages {
    pub(super) fn new(charter: &SignedCharter, post: PostIndex) -> anyhow::Result<Self> {
        let form = Catalogue::builtin().by_name(FORM).context("the form")?;
        let example = form.examples().first().context("an example")?;
        let filled =
            Filled::from_input(form, &example.inputs, example.language, Wordbook::builtin());
        let Ok(filled) = filled else { bail!("the form refuses its own example") };
        let new = NewDraft {
            officer: testing::watch_officer(PartyIndex(post.0)),
            filled,
            language: example.language,
            precedence: None,
            references: Vec::new(),
            thread: None,
        };
        Ok(Self { charter: charter.clone(), post, new })
    }

    pub(super) fn draft(&self) -> NewDraft {
        self.new.clone()
    }

    /// The act that adds one officer's signature.
    pub(super) fn sign(&self, to_sign: &ToSign, role: Role, now: Now) -> Act {
        let party = PartyIndex(self.post.0);
        let (officer, typed_back) = match role {
            Role::Draft => (testing::watch_officer(party), None),
            _ => (testing::releasing_officer(party), Some(self.new.filled.clone())),
        };
        let signature = testing::sign(&self.charter, self.post, to_sign, officer, role, now);
        Act::Sign { draft: to_sign.draft, signature, typed_back }
    }

    /// Drafts a message and signs it as the officer who drafted it; returns the act that releases it.
    pub(super) async fn prepare(&self, post: &PostHost, now: Now) -> anyhow::Result<Act> {
        let Done::Drafted(to_sign) = post.act_async(Act::Draft(self.draft())).await? else {
            bail!("not drafted")
        };
        let first = self.sign(&to_sign, Role::Draft, now);
        let Done::Signed(to_sign) = post.act_async(first).await? else { bail!("not signed") };
        Ok(self.sign(&to_sign, Role::Release, now))
    }

    /// Prepares many messages, some of them at a time so that they share the disk's syncs.
    pub(super) async fn prepare_many(
        &self,
        post: &PostHost,
        now: Now,
        count: u64,
    ) -> anyhow::Result<Vec<Act>> {
        let mut ready = Vec::new();
        while (ready.len() as u64) < count {
            let some = (count - ready.len() as u64).min(AT_ONCE);
            ready.extend(try_join_all((0..some).map(|_| self.prepare(post, now))).await?);
        }
        Ok(ready)
    }
}

/// Waits for all of some futures, which run side by side in this task.
async fn try_join_all<F: Future<Output = anyhow::Result<Act>>>(
    futures: impl Iterator<Item = F>,
) -> anyhow::Result<Vec<Act>> {
    let mut running: Vec<_> = futures.map(Box::pin).collect();
    let mut done = Vec::with_capacity(running.len());
    poll_fn(|context| {
        let mut at = 0;
        while let Some(future) = running.get_mut(at) {
            match future.as_mut().poll(context) {
                Poll::Ready(result) => {
                    done.push(result);
                    drop(running.swap_remove(at));
                }
                Poll::Pending => at += 1,
            }
        }
        if running.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().collect()
}
