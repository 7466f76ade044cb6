// The status page. Whatever comes from the server is shown as text, never as markup.

import { Chart } from "/status/charts.js";

const PERIOD_MILLIS = 2_000;
const LONGEST_PAUSE_MILLIS = 15_000;
const PATIENCE_MILLIS = 15_000;
const TOKEN = "tidemark-token";

const by = (id) => document.getElementById(id);

/** An element with text and children. */
function make(kind, text = "", className = "", ...children) {
  const made = document.createElement(kind);
  made.textContent = text;
  if (className) {
    made.className = className;
  }
  made.append(...children);
  return made;
}

// ---------------------------------------------------------------- numbers for people

const whole = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 3 });
const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

const perSecond = (value) => `${value < 1000 ? three.format(value) : short.format(value)}/s`;

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? whole.format(Math.round(value)) : three.format(value)} ${units[unit]}`;
}

function duration(seconds) {
  if (seconds === 0) {
    return "0 ms";
  }
  return seconds < 1e-3 ? `${three.format(seconds * 1e6)} µs` : seconds < 1 ? `${three.format(seconds * 1e3)} ms` : `${three.format(seconds)} s`;
}

function age(seconds) {
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const at = Math.max(0, units.findIndex(([, size]) => seconds >= size));
  return units.slice(seconds < 1 ? 3 : at, at + 2).map(([name, size], i) => `${Math.floor(i ? (seconds % units[at][1]) / size : seconds / size)} ${name}`).join(" ");
}

// ---------------------------------------------------------------- asking

function kept() {
  try {
    return sessionStorage.getItem(TOKEN) ?? "";
  } catch {
    return "";
  }
}

function keep(value) {
  try {
    if (value) {
      sessionStorage.setItem(TOKEN, value);
    } else {
      sessionStorage.removeItem(TOKEN);
    }
  } catch {
    // A browser that keeps nothing: the token is gone with the page.
  }
}

let token = kept();

/** Who asks has to show something else; the message says why. */
class Refused extends Error {}

async function ask(question, parameters = {}) {
  const response = await fetch(`/status/api/${question}?${new URLSearchParams(parameters)}`, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    signal: AbortSignal.timeout(PATIENCE_MILLIS),
    cache: "no-store",
    credentials: "omit",
  });
  const answer = await response.json();
  if (response.status === 401) {
    throw new Refused("This token is not taken: it is not known, was revoked, or has expired.");
  }
  if (answer.error === "NOT_PERMITTED") {
    throw new Refused("Who has this token may not see the status: that is the permission “monitor” for all partitions (*).");
  }
  if (!response.ok) {
    throw new Error(answer.message ?? answer.error ?? `status ${response.status}`);
  }
  return answer;
}

// ---------------------------------------------------------------- what is shown, also in the address

const view = { q: "", show: "all", sort: "name", order: "asc", offset: 0, limit: 50 };

function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of ["q", "show", "sort", "order"]) {
    view[name] = given.get(name) ?? { q: "", show: "all", sort: "name", order: "asc" }[name];
  }
  view.offset = Math.max(0, Number.parseInt(given.get("offset"), 10) || 0);
  by("search").value = view.q;
  by("show").value = view.show;
}

function writeAddress() {
  const said = new URLSearchParams();
  for (const [name, usual] of [["q", ""], ["show", "all"], ["sort", "name"], ["order", "asc"], ["offset", 0]]) {
    if (view[name] !== usual) {
      said.set(name, view[name]);
    }
  }
  history.replaceState(null, "", said.size ? `#${said}` : location.pathname);
}

function change(what) {
  Object.assign(view, { offset: 0 }, what);
  writeAddress();
  showSort();
  refresh();
}

// ---------------------------------------------------------------- the table

const COLUMNS = [
  ["name", "Partition", "asc"],
  ["state", "State", "desc"],
  ["start", "Start", "desc"],
  ["durable", "Durable end", "desc"],
  ["rate", "Records/s", "desc"],
  ["segments", "Segments", "desc"],
  ["bytes", "Size", "desc"],
  ["lag", "Slowest checkpoint", "desc"],
];

for (const [key, title, first] of COLUMNS) {
  const button = make("button", title);
  button.type = "button";
  button.addEventListener("click", () => {
    const other = view.order === "asc" ? "desc" : "asc";
    change({ sort: key, order: view.sort === key ? other : first });
  });
  const head = make("th", "", "", button);
  head.scope = "col";
  head.setAttribute("role", "columnheader");
  head.dataset.key = key;
  by("columns").append(head);
}

function showSort() {
  for (const head of by("columns").children) {
    if (head.dataset.key === view.sort) {
      head.setAttribute("aria-sort", view.order === "asc" ? "ascending" : "descending");
    } else {
      head.removeAttribute("aria-sort");
    }
  }
  by("sort").value = `${view.sort} ${view.order}`;
}

/** Rows that are there already stay, with the focus that one of them may have. */
const rows = new Map();

function newRow(name) {
  const row = make("tr");
  row.setAttribute("role", "row");
  for (const [key, title] of COLUMNS) {
    const cell = make("td");
    cell.setAttribute("role", "cell");
    cell.dataset.name = title;
    cell.dataset.key = key;
    row.append(cell);
  }
  const button = make("button", name, "link");
  button.type = "button";
  button.tabIndex = -1;
  button.title = name;
  row.firstChild.append(button);
  row.addEventListener("click", () => open(name));
  return { row, button, cells: [...row.children] };
}

function fill({ cells }, p) {
  const [, state, start, durable, rate, segments, size, lag] = cells;
  const said = p.state === "open" && p.needsCare ? "no appends" : p.state;
  const kind = p.needsCare ? "bad" : p.state === "open" ? "ok" : "warn";
  if (state.dataset.said !== said + kind) {
    state.dataset.said = said + kind;
    state.replaceChildren(make("span", said, `pill ${kind}`));
  }
  start.textContent = whole.format(p.start);
  durable.textContent = whole.format(p.durable);
  if (p.logEnd > p.durable) {
    const pending = make("span", `+${whole.format(p.logEnd - p.durable)}`, "pending");
    pending.title = "on their way, not durable yet";
    durable.append(pending);
  }
  rate.textContent = p.recordsPerSecond === null ? "–" : three.format(p.recordsPerSecond);
  rate.classList.toggle("zero", !p.recordsPerSecond);
  segments.textContent = whole.format(p.segments);
  size.textContent = bytes(p.bytes);
  lag.replaceChildren();
  lag.classList.toggle("zero", !p.lag);
  lag.textContent = p.lag === undefined ? "–" : whole.format(p.lag);
  if (p.lag !== undefined) {
    lag.append(make("span", p.slowest, "of"));
  }
}

function showList(answer) {
  if (answer.found <= view.offset && view.offset > 0) {
    view.offset = Math.max(0, Math.floor((answer.found - 1) / view.limit) * view.limit);
    writeAddress();
    refresh();
    return;
  }
  const list = by("list");
  const focused = document.activeElement?.closest?.("#list tr");
  const names = new Set(answer.partitions.map((p) => p.name));
  for (const [name, made] of rows) {
    if (!names.has(name)) {
      made.row.remove();
      rows.delete(name);
    }
  }
  answer.partitions.forEach((p, i) => {
    let made = rows.get(p.name);
    if (!made) {
      made = newRow(p.name);
      rows.set(p.name, made);
    }
    fill(made, p);
    if (list.children[i] !== made.row) {
      const had = made.row === focused;
      list.insertBefore(made.row, list.children[i] ?? null);
      if (had) {
        made.button.focus();
      }
    }
  });
  if (focused && !focused.isConnected) {
    list.querySelector("button")?.focus();
  }
  roving();
  by("none").hidden = answer.found > 0;
  const found = answer.found === answer.all ? whole.format(answer.all) : `${whole.format(answer.found)} of ${whole.format(answer.all)}`;
  if (by("found").textContent !== found) {
    by("found").textContent = found;
  }
  const pages = Math.max(1, Math.ceil(answer.found / view.limit));
  const page = Math.floor(view.offset / view.limit) + 1;
  by("page").textContent = `${whole.format(page)} of ${whole.format(pages)}`;
  by("first").disabled = by("previous").disabled = page === 1;
  by("next").disabled = by("last").disabled = page === pages;
  view.last = (pages - 1) * view.limit;
}

/** One of the rows is reached with Tab, the others from there. */
function roving() {
  const buttons = [...by("list").querySelectorAll("td:first-child button")];
  const current = buttons.find((b) => b === document.activeElement) ?? buttons.find((b) => b.tabIndex === 0) ?? buttons[0];
  for (const button of buttons) {
    button.tabIndex = button === current ? 0 : -1;
  }
}

function turn(offset) {
  const bounded = Math.min(Math.max(0, offset), view.last ?? 0);
  if (bounded !== view.offset) {
    change({ offset: bounded });
  }
}

by("list").addEventListener("keydown", (event) => {
  const buttons = [...by("list").querySelectorAll("td:first-child button")];
  const at = buttons.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (to !== undefined && at >= 0) {
    event.preventDefault();
    buttons[Math.min(Math.max(0, to), buttons.length - 1)].focus();
    roving();
  } else if (event.key === "PageDown" || event.key === "PageUp") {
    event.preventDefault();
    turn(view.offset + (event.key === "PageDown" ? view.limit : -view.limit));
  }
});

by("first").addEventListener("click", () => turn(0));
by("previous").addEventListener("click", () => turn(view.offset - view.limit));
by("next").addEventListener("click", () => turn(view.offset + view.limit));
by("last").addEventListener("click", () => turn(view.last ?? 0));
by("show").addEventListener("change", (event) => change({ show: event.target.value }));
by("rows").addEventListener("change", (event) => change({ limit: Number(event.target.value) }));
by("sort").addEventListener("change", (event) => {
  const [sort, order] = event.target.value.split(" ");
  change({ sort, order });
});

let typing = 0;
by("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => change({ q: event.target.value.trim() }), 120);
});
by("search").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    by("list").querySelector("td:first-child button")?.focus();
    roving();
  }
});

// ---------------------------------------------------------------- all of it

const charts = {
  records: new Chart(by("chart-records"), perSecond),
  bytes: new Chart(by("chart-bytes"), (value) => `${bytes(value)}/s`, 1024),
  force: new Chart(by("chart-force"), duration, 10, "longest"),
  requests: new Chart(by("chart-requests"), perSecond),
};

let before = null;

function showRates(now) {
  if (before && before.started !== now.started) {
    Object.values(charts).forEach((chart) => chart.clear());
    before = null;
  }
  const seconds = before ? (now.nanos - before.nanos) / 1e9 : 0;
  if (seconds > 0.1) {
    const rate = (of) => Math.max(0, of(now) - of(before)) / seconds;
    charts.records.add(now.now, rate((o) => o.log.records));
    charts.bytes.add(now.now, rate((o) => o.log.bytes));
    charts.requests.add(now.now, rate((o) => o.network.requests));
    const forces = now.log.forces - before.log.forces;
    charts.force.add(now.now, forces > 0 ? (now.log.forceSeconds - before.log.forceSeconds) / forces : Number.NaN, now.log.forceMaxSeconds);
  }
  if (!before || seconds > 0.1) {
    before = now;
  }
}

function fact(name, value, more = "") {
  const data = make("dd", value);
  if (more) {
    data.append(" ", make("small", more));
  }
  return make("div", "", "", make("dt", name), data);
}

function showOverview(now) {
  const serving = now.state === "serving";
  const state = by("state");
  const said = serving ? "Serving" : now.state === "starting" ? `Recovering ${whole.format(now.recovered)} of ${whole.format(now.toRecover)}` : now.state;
  state.textContent = said[0].toUpperCase() + said.slice(1);
  state.className = `pill ${serving ? "ok" : now.state === "starting" ? "warn" : "bad"}`;
  by("uptime").textContent = `up ${age((now.now - now.started) / 1000)}`;
  by("storeId").textContent = now.storeId ? `store ${now.storeId}` : "";
  by("partitions").hidden = by("recovery").hidden = now.partitions === undefined;
  showRates(now);
  const facts = [
    fact("Connections", whole.format(now.network.connections), now.network.subscriptions ? `${whole.format(now.network.subscriptions)} subscriptions` : ""),
    fact("On their way to disk", bytes(now.log.queueBytes ?? 0)),
    fact("Sent to readers", bytes(now.network.sentBytes)),
    fact("Slow forces", whole.format(now.log.slowForces), "since the start"),
    fact("Heap", bytes(now.heapUsedBytes), `of ${bytes(now.heapMaxBytes)}`),
  ];
  if (now.partitions !== undefined) {
    facts.unshift(fact("On disk", bytes(now.bytes), `${whole.format(now.segments)} segments`));
    facts.push(
      now.slowest
        ? fact("Furthest behind", whole.format(now.slowest.lag), `${now.slowest.checkpoint} in ${now.slowest.partition}`)
        : fact("Furthest behind", "–", now.checkpoints ? "every checkpoint is at the end" : "no checkpoints"),
    );
    showRecovery(now.recovery);
  }
  by("facts").replaceChildren(...facts);
  showTrouble(now);
}

/** What an error says, without its code, which is shown beside it. */
function said({ code, message }) {
  return message?.startsWith(`${code} `) ? message.slice(code.length + 1) : message ?? "";
}

/** What is shown, so that it is made anew only when it has changed: somebody may be reading it, or have the focus in it. */
let troubleShown = "";

function showTrouble(now) {
  const isFull = now.partitions !== undefined && !now.log.isReserveWhole;
  const shown = JSON.stringify([now.state, isFull, now.failed, now.failures]);
  if (shown === troubleShown) {
    return;
  }
  troubleShown = shown;
  const list = by("trouble-list");
  list.replaceChildren();
  const titles = [];
  if (now.state === "failed") {
    titles.push("The store could not be opened");
    list.append(make("li", "", "", make("p", "The log of the server says why. Nothing was changed by that.")));
  }
  if (isFull) {
    titles.push("The disk is full");
    list.append(make("li", "", "", make("p", "Appends that need room are refused. Make room: nothing is lost, and they go on by themselves.")));
  }
  if (now.failed) {
    titles.push(now.failed === 1 ? "A partition has stopped" : `${whole.format(now.failed)} partitions have stopped`);
    for (const failure of now.failures) {
      const button = make("button", failure.partition, "link");
      button.type = "button";
      button.addEventListener("click", () => open(failure.partition));
      list.append(make("li", "", "", button, make("span", failure.code ?? "", "code"), make("p", failure.whatToDo ?? ""), make("p", said(failure), "soft")));
    }
    if (now.failed > now.failures.length) {
      list.append(make("li", "", "", make("p", `and ${whole.format(now.failed - now.failures.length)} more: show “failed” below`)));
    }
  }
  by("trouble-title").textContent = titles.join("; ");
  by("trouble").classList.toggle("amber", !now.failed && now.state !== "failed");
  by("trouble").hidden = titles.length === 0;
}

let recoveryShown = "";

async function showRecovery(found) {
  const shown = JSON.stringify(found);
  if (shown === recoveryShown) {
    return;
  }
  recoveryShown = shown;
  const cases = Object.entries(found.cases).map(([name, count]) => `${whole.format(count)} × ${name}`).join(", ");
  by("recovery-summary").textContent =
    `${found.wasClean ? "Closed cleanly before." : "Not closed cleanly before."} ${whole.format(found.partitions)} partitions in ${duration(found.millis / 1000)}` +
    `${found.scannedBytes ? `, ${bytes(found.scannedBytes)} read` : ""}${cases ? `: ${cases}` : ""}.`;
  by("recovery-notes").replaceChildren(...found.notes.map((note) => make("li", note, "soft")));
  const list = by("recovery-list");
  list.replaceChildren();
  if (found.notable) {
    try {
      const answer = await ask("recovery", { limit: 50 });
      list.replaceChildren(...answer.partitions.map(recovered));
    } catch {
      recoveryShown = "";
    }
  }
}

function recovered(found) {
  const told = [found.cases.join(" ")];
  if (found.undecided) {
    const cut = found.undecided;
    told.push(`cut at ${whole.format(cut.firstOffset)}, ${bytes(cut.bytes)} kept in ${cut.keptIn}`);
  }
  if (found.quarantined) {
    told.push(`quarantined: ${found.quarantined.why}`);
  }
  if (found.code) {
    told.push(`refused: ${found.code}`);
  }
  const button = make("button", found.partition, "link");
  button.type = "button";
  button.addEventListener("click", () => open(found.partition));
  return make("li", "", "", button, ` ${told.join("; ")}`);
}

// ---------------------------------------------------------------- one partition

let opened = null;

async function open(name) {
  opened = name;
  by("one-title").textContent = name;
  by("one-body").replaceChildren(make("p", "…", "soft"));
  if (!by("one").open) {
    by("one").showModal();
  }
  await showOne();
}

by("close").addEventListener("click", () => by("one").close());
by("one").addEventListener("close", () => {
  opened = null;
});
by("one").addEventListener("click", (event) => {
  if (event.target === by("one")) {
    by("one").close();
  }
});

function table(titles, lines) {
  const head = make("tr", "", "", ...titles.map((title) => {
    const cell = make("th", title);
    cell.scope = "col";
    return cell;
  }));
  return make("table", "", "", make("thead", "", "", head), make("tbody", "", "", ...lines.map((line) => make("tr", "", "", ...line.map((text) => make("td", text))))));
}

/** From the start to the end: what is durable, what is on its way, and where checkpoints stand. */
function endsOf(p) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "ends");
  svg.setAttribute("viewBox", "0 0 1000 34");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `from ${p.start}, durable to ${p.durable}, ends at ${p.logEnd}`);
  const place = (offset) => (p.logEnd > p.start ? (1000 * (offset - p.start)) / (p.logEnd - p.start) : 0);
  const add = (kind, name, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
    made.setAttribute("class", name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    svg.append(made);
  };
  add("rect", "all", { x: 0, y: 8, width: 1000, height: 18 });
  add("rect", "durable", { x: 0, y: 8, width: place(p.durable), height: 18 });
  for (const checkpoint of p.checkpointList.slice(0, 50)) {
    if (checkpoint.offset >= p.start) {
      const x = place(checkpoint.offset);
      add("line", "mark", { x1: x, x2: x, y1: 2, y2: 32 });
    }
  }
  return svg;
}

async function showOne() {
  const name = opened;
  let p;
  try {
    p = await ask("partition", { name });
  } catch (error) {
    if (opened === name) {
      by("one-body").replaceChildren(make("p", `It cannot be shown: ${error.message}`, "bad"));
    }
    return;
  }
  if (opened !== name) {
    return;
  }
  const parts = [];
  if (p.needsCare) {
    parts.push(make("div", "", "trouble", make("h2", p.code ?? "failed"), make("p", p.whatToDo ?? ""), make("p", said(p), "soft")));
  }
  if (p.logEnd > p.start) {
    parts.push(endsOf(p), make("div", "", "scale", make("span", whole.format(p.start)), make("span", whole.format(p.logEnd))));
  }
  parts.push(make("h3", "Ends"), make("dl", "", "facts",
    fact("Start", whole.format(p.start)),
    fact("Readable", whole.format(p.readable)),
    fact("Durable", whole.format(p.durable)),
    fact("Written", whole.format(p.written)),
    fact("End", whole.format(p.logEnd)),
    fact("Records/s", p.recordsPerSecond === null ? "–" : three.format(p.recordsPerSecond)),
    fact("Size", bytes(p.bytes), `${whole.format(p.segments)} segments`)));
  if (p.checkpointList.length) {
    parts.push(make("h3", p.checkpoints > p.checkpointList.length ? `Checkpoints, the slowest of ${whole.format(p.checkpoints)}` : "Checkpoints"));
    parts.push(table(["Name", "Offset", "Lag"], p.checkpointList.map((c) => [c.name, whole.format(c.offset), whole.format(c.lag)])));
  }
  if (p.losses.length) {
    parts.push(make("h3", "On record as lost"));
    parts.push(table(["Offsets", "Since", "Why"], p.losses.map((l) => [`${whole.format(l.firstOffset)}–${whole.format(l.endOffset - 1)}`, new Date(l.at).toLocaleString(), l.reason])));
  }
  if (p.recovery) {
    parts.push(make("h3", "The last opening"), make("p", `${p.recovery.cases.join(" ")}, ${duration(p.recovery.millis / 1000)}, ${bytes(p.recovery.scannedBytes)} read`));
    if (p.recovery.undecided) {
      parts.push(make("p", `Cut above the last proof: offsets from ${whole.format(p.recovery.undecided.firstOffset)}, kept in ${p.recovery.undecided.keptIn}`));
    }
    if (p.recovery.quarantined) {
      parts.push(make("p", `Quarantined: ${p.recovery.quarantined.why}`));
    }
  }
  by("one-body").replaceChildren(...parts);
}

// ---------------------------------------------------------------- again and again

let paused = false;
let timer = 0;
let failures = 0;
let isAsking = false;
let isWanted = false;

/** Asks now; if it asks already, once more when that is done. */
async function refresh() {
  clearTimeout(timer);
  if (isAsking) {
    isWanted = true;
    return;
  }
  isAsking = true;
  isWanted = false;
  try {
    const now = await ask("overview");
    show("content");
    showOverview(now);
    if (now.partitions !== undefined) {
      const { q, show: shown, sort, order, offset, limit } = view;
      showList(await ask("partitions", { q, show: shown, sort, order, offset, limit }));
      if (opened) {
        await showOne();
      }
    }
    failures = 0;
  } catch (error) {
    if (error instanceof Refused) {
      login(error.message);
    } else {
      failures++;
      by("state").textContent = failures > 1 ? "Unreachable" : "Waiting";
      by("state").className = "pill bad";
      by("state").title = error.message;
    }
  } finally {
    isAsking = false;
  }
  document.documentElement.dataset.refreshed = String(Number(document.documentElement.dataset.refreshed ?? 0) + 1);
  if (isWanted) {
    refresh();
  } else if (!paused && !document.hidden && by("login").hidden) {
    timer = setTimeout(refresh, Math.min(LONGEST_PAUSE_MILLIS, PERIOD_MILLIS * 2 ** Math.min(failures, 4)));
  }
}

function show(which) {
  by("content").hidden = which !== "content";
  by("login").hidden = which !== "login";
  by("pause").hidden = by("keys").hidden = which === "login";
  by("forget").hidden = which !== "content" || !token;
}

function login(why) {
  by("refused").textContent = token ? why : "";
  token = "";
  keep("");
  by("one").close();
  by("state").textContent = "Locked";
  by("state").className = "pill warn";
  show("login");
  by("token").value = "";
  by("token").focus();
}

by("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = by("token").value.trim();
  by("token").value = "";
  // Nothing else can be in a header.
  if (!/^[\x21-\x7e]+$/.test(token)) {
    token = "";
    by("refused").textContent = "This is no token.";
    return;
  }
  keep(token);
  refresh();
});

by("forget").addEventListener("click", () => {
  token = "";
  keep("");
  location.reload();
});

by("pause").addEventListener("click", () => {
  paused = !paused;
  by("pause").setAttribute("aria-pressed", paused);
  by("pause").textContent = paused ? "Paused" : "Pause";
  clearTimeout(timer);
  if (!paused) {
    refresh();
  }
});

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest?.("input, select, textarea, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  if (event.key === "/" && !by("content").hidden) {
    event.preventDefault();
    by("search").focus();
    by("search").select();
  } else if (event.key === "p") {
    by("pause").click();
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) {
    refresh();
  }
});

addEventListener("hashchange", () => {
  if (location.hash !== "#partitions") {
    readAddress();
    showSort();
    refresh();
  }
});

if (location.hash !== "#partitions") {
  readAddress();
}
if (matchMedia("(max-width: 44rem)").matches) {
  by("rows").value = "25";
  view.limit = 25;
}
showSort();
refresh();
