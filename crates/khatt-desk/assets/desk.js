// @ts-check
/**
 * The desk's only script. It shows what the post says, counts down to instants that the post names,
 * sounds alarms, and says loudly when it hears nothing any more. It decides nothing: without it every
 * page can still be read and every act be done.
 */

const body = document.body;
const said = body.dataset;
/** @param {string} id */
const by = (id) => document.getElementById(id);

// The one place that turns text into nodes: fragments of our own, which the post has escaped.
const ours = typeof window.trustedTypes === "undefined"
  ? { createHTML: (/** @type {string} */ text) => text }
  : window.trustedTypes.createPolicy("desk", { createHTML: (text) => text });

/** @param {string} html */
function nodes(html) {
  const held = document.createElement("template");
  // @ts-ignore a trusted value is taken for text
  held.innerHTML = ours.createHTML(html);
  return held.content;
}

/** @param {Element} place @param {string} html */
function put(place, html) {
  // Whoever tabs through the strips keeps the place.
  const at = document.activeElement;
  const href = at && place.contains(at) ? at.getAttribute("href") : null;
  place.replaceChildren(nodes(html));
  if (href) {
    for (const link of place.querySelectorAll("a")) {
      if (link.getAttribute("href") === href) { link.focus(); break; }
    }
  }
}

// ---------------------------------------------------------------- time

/** The post's time, never the workstation's: at the last beat, and this browser's steady clock then. */
let wall = 0;
let steady = 0;
const now = () => wall + (performance.now() - steady);
/** @param {number} n */
const two = (n) => String(n).padStart(2, "0");

function tick() {
  if (wall === 0) return;
  const at = now();
  for (const clock of document.querySelectorAll(".clock .time")) {
    const seconds = Math.floor(at / 1000) + 60 * Number(clock.getAttribute("data-offset"));
    const day = ((seconds % 86400) + 86400) % 86400;
    clock.textContent = `${two(Math.floor(day / 3600))}:${two(Math.floor(day / 60) % 60)}:${two(day % 60)}`;
  }
  for (const due of document.querySelectorAll("[data-due]")) {
    const left = Math.floor((Number(due.getAttribute("data-due")) - at) / 1000);
    const far = Math.abs(left);
    const hours = Math.floor(far / 3600);
    const rest = `${hours > 0 ? two(Math.floor(far / 60) % 60) : Math.floor(far / 60)}:${two(far % 60)}`;
    due.textContent = (left < 0 ? "+" : "") + (hours > 0 ? `${hours}:${rest}` : rest);
  }
}

// ---------------------------------------------------------------- sound

/** @type {AudioContext | null} */
let audio = null;
let armed = false;
let silentUntil = 0;
let silenced = new Set();
let lastSound = -Infinity;
let since = 0;
const practice = document.documentElement.dataset.kind !== "real";
/** Tones and milliseconds between bursts; a drill has another timbre. */
const BURSTS = { Z: [5, 3000], S: [4, 4000], O: [3, 10000], P: [2, 300000] };

/** @param {number} count @param {number} loud */
function tones(count, loud) {
  if (!audio) return;
  for (let at = 0; at < count; at += 1) {
    const start = audio.currentTime + 0.05 + at * 0.22;
    const tone = audio.createOscillator();
    const level = audio.createGain();
    tone.type = practice ? "triangle" : "square";
    tone.frequency.value = (practice ? 440 : 880) * (at % 2 === 0 ? 1 : 1.25);
    level.gain.setValueAtTime(0.0001, start);
    level.gain.exponentialRampToValueAtTime(Math.max(0.001, loud * 0.4), start + 0.02);
    level.gain.exponentialRampToValueAtTime(0.0001, start + 0.18);
    tone.connect(level).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.2);
  }
}

function lamp() {
  const button = by("sound");
  if (!button || !said.officer) return;
  button.hidden = false;
  const works = armed && audio !== null && audio.state === "running";
  button.textContent = (works ? said.armed : said.silent) ?? "";
  button.dataset.works = String(works);
}

function earTest() {
  const box = /** @type {HTMLDialogElement} */ (by("tones"));
  const told = by("ear");
  if (!box || !told) return;
  audio ??= new AudioContext();
  void audio.resume();
  const drawn = 1 + Math.floor(Math.random() * 3);
  const play = () => tones(drawn, 1);
  told.textContent = "";
  box.showModal();
  play();
  /** @type {HTMLElement} */ (by("again")).onclick = play;
  /** @type {HTMLElement} */ (by("give-up")).onclick = () => { armed = false; box.close(); lamp(); };
  for (const choice of box.querySelectorAll("[data-beep]")) {
    /** @type {HTMLElement} */ (choice).onclick = () => {
      armed = Number(choice.getAttribute("data-beep")) === drawn;
      told.textContent = (armed ? said.beeps : said.wrong) ?? "";
      if (armed) { sessionStorage.setItem("armed", "1"); setTimeout(() => box.close(), 1200); }
      lamp();
    };
  }
}

/** @param {[string, string, number][]} unseen */
function ring(unseen) {
  const title = document.title.replace(/^\(\d+ [^)]*\) /, "");
  document.title = unseen.length > 0 ? `(${unseen.length} ${said.unseen}) ${title}` : title;
  const loud = unseen.filter(([, key, count]) => Date.now() > silentUntil || !silenced.has(`${key}/${count}`));
  const classes = loud.map(([letter]) => letter);
  const worst = ["Z", "S", "O", "P"].find((letter) => classes.includes(letter));
  if (!worst) { since = 0; return; }
  const at = performance.now();
  if (since === 0) since = at;
  const [count, every] = BURSTS[/** @type {"Z"|"S"|"O"|"P"} */ (worst)];
  if (at - lastSound < every) return;
  lastSound = at;
  // What a test looks for; whether anybody hears it the ear test tells.
  body.dataset.sounded = worst;
  if (armed) tones(count, Math.min(1, 0.3 + (at - since) / 20000));
}

/** @type {[string, string, number][]} */
let unseenNow = [];
function silence() {
  // This desk alone, and only for what sounds now: a new alarm is heard.
  silentUntil = Date.now() + 60000;
  silenced = new Set(unseenNow.map(([, key, count]) => `${key}/${count}`));
}

// ---------------------------------------------------------------- the stream

let heard = performance.now();
let broken = false;

function over() {
  const box = by("over");
  if (!box) return;
  const dead = broken || performance.now() - heard > 7000;
  if (dead === !box.hidden) return;
  box.hidden = !dead;
  document.documentElement.classList.toggle("stale", dead);
  if (dead) {
    const more = document.createElement("small");
    more.textContent = said.overDo ?? "";
    box.replaceChildren(said.over ?? "", more);
    if (armed) tones(4, 1);
  } else {
    box.replaceChildren();
  }
}

/** @param {string} text */
function beat(text) {
  heard = performance.now();
  broken = false;
  over();
  const told = JSON.parse(text);
  wall = told.wall;
  steady = heard;
  tick();
  unseenNow = told.unseen;
  ring(told.unseen);
  // In answer to a beat, which no browser slows down, and never by a timer, which all do.
  if (said.officer) {
    fetch("/alive", { method: "POST", headers: { "x-khatt-token": said.token ?? "" } }).catch(() => {});
  }
}

function listen() {
  const stream = new EventSource("/stream");
  const rows = by("rows");
  /** @param {string} name @param {(data: string) => void} then */
  const on = (name, then) => stream.addEventListener(name, (event) => then(/** @type {MessageEvent} */ (event).data));
  on("beat", beat);
  on("band", (html) => { const band = by("band"); if (band) { put(band, html); tick(); } });
  on("needs", (html) => { const needs = by("needs"); if (needs) { put(needs, html); tick(); } });
  on("hello", (at) => { broken = false; if (rows && Number(at) > Number(said.news)) location.reload(); });
  on("again", () => { if (rows) location.reload(); });
  on("row", (text) => {
    if (!rows || rows.dataset.still) return;
    const { id, service, html } = JSON.parse(text);
    const held = by(id);
    const drawn = nodes(html);
    if (held) { held.replaceWith(drawn); } else if (!service || rows.dataset.all) { rows.prepend(drawn); }
    while (rows.children.length > 200) rows.lastElementChild?.remove();
  });
  // A page that a browser keeps for going back would hold its connection, and six of them are all there are.
  window.addEventListener("pagehide", () => stream.close());
  stream.onerror = () => {
    // The browser tries again by itself; until it has, what is shown is old.
    broken = true;
    over();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

// ---------------------------------------------------------------- keys and forms

/** @param {number} step */
function move(step) {
  const all = [...document.querySelectorAll(".row")];
  if (all.length === 0) return;
  const at = all.findIndex((row) => row.classList.contains("is"));
  const next = all[Math.max(0, Math.min(all.length - 1, at + step))];
  for (const row of all) row.classList.remove("is");
  next.classList.add("is");
  next.scrollIntoView({ block: "nearest" });
  next.querySelector("a")?.focus();
}

document.addEventListener("keydown", (event) => {
  const from = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (from instanceof Element && from.closest("input, select, textarea, dialog")) return;
  const key = event.key.toLowerCase();
  if (key === "j") move(1);
  else if (key === "k") move(-1);
  else if (key === "s") silence();
  else if (key === "?") /** @type {HTMLDialogElement} */ (by("help")).showModal();
  else if (key === "escape" && said.at !== "watch") location.assign("/");
  else {
    const wanted = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${CSS.escape(key)}"]`));
    // A key leads to an act and never does one: the officer presses the button.
    if (wanted) { if (wanted.tagName === "A") wanted.click(); else wanted.focus(); }
    else if (key === "a") /** @type {HTMLElement | null} */ (document.querySelector("#needs .act"))?.click();
    else if (key === "r") /** @type {HTMLElement | null} */ (document.querySelector("#needs .act[href^='/draft/']"))?.click();
    else return;
  }
  event.preventDefault();
});

const compose = /** @type {HTMLFormElement | null} */ (by("compose"));
if (compose) {
  let waiting = 0;
  let asked = 0;
  compose.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const typed = new URLSearchParams();
      for (const [name, value] of new FormData(compose)) {
        // A secret is for the act itself.
        if (name !== "secret" && typeof value === "string") typed.append(name, value);
      }
      asked += 1;
      const mine = asked;
      try {
        const answer = await fetch(compose.dataset.check ?? "", { method: "POST", body: typed });
        const html = await answer.text();
        const sides = by("sides");
        if (answer.ok && sides && mine === asked) sides.replaceChildren(nodes(html));
      } catch { /* The banner says what is wrong. */ }
    }, 250);
  });
}

// A form goes once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", () => {
    setTimeout(() => { for (const button of form.querySelectorAll("button")) button.disabled = true; }, 0);
  });
}
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

for (const look of document.querySelectorAll(".look select")) {
  look.addEventListener("change", () => /** @type {HTMLSelectElement} */ (look).form?.requestSubmit());
}

by("sound")?.addEventListener("click", earTest);
if (sessionStorage.getItem("armed") && said.officer) {
  // The gesture of an earlier page may still count; the lamp shows whether it does.
  audio = new AudioContext();
  armed = true;
}
if (said.officer) navigator.wakeLock?.request("screen").catch(() => {});
lamp();
setInterval(() => { tick(); over(); }, 1000);
setInterval(lamp, 5000);
listen();
