// The page of the workbench. The server pushes the whole state at every change; what
// the visitor does goes back as POST do/<verb>. Nothing is decided here.
import { words } from "./words.js";

const $ = (sel, root = document) => root.querySelector(sel);
const $$ = (sel, root = document) => [...root.querySelectorAll(sel)];

let state = null;
let lang = localStorage.getItem("lang") ?? (navigator.language.startsWith("fr") ? "fr" : "en");
let t = words[lang] ?? words.en;
const drawn = new Map(); // part of the page → JSON it was drawn from

// el makes an element; attributes that start with "on" are listeners.
function el(tag, attrs = {}, ...children) {
  const node = document.createElement(tag);
  for (const [k, v] of Object.entries(attrs)) {
    if (k.startsWith("on")) node.addEventListener(k.slice(2), v);
    else if (v === true) node.setAttribute(k, "");
    else if (v !== false && v != null) node.setAttribute(k, v);
  }
  node.append(...children.filter(c => c != null));
  return node;
}

// redraw calls fn only when what it draws has changed, so that focus and animations stay.
function redraw(part, data, fn) {
  const key = lang + JSON.stringify(data);
  if (drawn.get(part) === key) return;
  drawn.set(part, key);
  fn();
}

async function act(verb, body = {}) {
  const res = await fetch("do/" + verb, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(() => null);
  const problem = !res ? t.gone : res.ok ? "" : (await res.text()).trim();
  alarm(t.problem[problem] ?? problem);
  return !problem;
}

// speak lets the panels begin with the language of this page. It is no deed of the visitor's,
// so that a server that is stopped is no alarm: it hears the next time.
function speak() {
  fetch("do/lang", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ lang }) }).catch(() => null);
}

let alarmTimer;
function alarm(text) {
  clearTimeout(alarmTimer);
  $("#alarm").textContent = text;
  $("#alarm").hidden = !text;
  if (text && text !== t.gone) alarmTimer = setTimeout(() => alarm(""), 8000);
}

function translate() {
  t = words[lang];
  document.documentElement.lang = lang;
  for (const n of $$("[data-t]")) n.textContent = t[n.dataset.t];
  for (const n of $$("[data-label]")) n.setAttribute("aria-label", t[n.dataset.label]);
  for (const n of $$("[data-title]")) n.title = t[n.dataset.title];
  $("#name").placeholder = t.memberName;
  $("#push").title = t.push;
  for (const b of $$("#lang button")) b.setAttribute("aria-pressed", b.dataset.lang === lang);
  if (state) draw();
}

function pill(kind, text) { return el("span", { class: "pill " + kind }, text); }

function drawTerminal(name) {
  const term = state.terminals[name];
  const box = document.getElementById(name);
  redraw(name, term, () => {
    const pills = [];
    if (!term.running) pills.push(pill("bad", t.off));
    else if (!term.ready) pills.push(pill("wait", t.starting));
    else pills.push(term.connected ? pill("good", t.connected) : pill("wait", t.away));
    if (term.pending > 0) pills.push(pill("count", t.waiting(term.pending)));
    if (term.ready && !term.connected) pills.push(el("small", {}, t.retries));
    $("[data-pills]", box).replaceChildren(...pills);
    const power = $("[data-power]", box);
    power.textContent = term.running ? t.cut : t.restore;
    power.classList.toggle("danger", term.running);
    box.classList.toggle("off", !term.running);
  });
}

function drawPanel() {
  const url = state.terminals.printer.panel;
  const frame = $("#panel");
  redraw("panel", url, () => {
    frame.hidden = !url;
    $("#panel-dead").hidden = !!url;
    if (url) frame.src = url;
    else frame.removeAttribute("src");
  });
}

function doorState() {
  const d = state.terminals.door;
  const left = Math.ceil((d.until - Date.now()) / 1000);
  if (!d.running) return ["off", t.doorOff];
  if (d.relay) return ["open", t.open(Math.max(left, 0))];
  const age = Date.now() - d.last.at;
  if (d.last.outcome === "waiting" && age < 30000) return ["wait", { await_code: t.awaitCode, await_same_card: t.awaitSame }[d.last.reason] ?? t.awaitCard];
  if (["refused", "faulty"].includes(d.last.outcome) && age < 2500) return ["no", t.reason[d.last.reason] ?? t.refused];
  return ["shut", t.locked];
}

function drawDoor() {
  const [kind, text] = doorState();
  $("#door").dataset.door = kind;
  $("#door").classList.toggle("ajar", state.terminals.door.ajar);
  if ($("#doorstate").textContent !== text) $("#doorstate").textContent = text;
}

function drawBadges() {
  redraw("badges", state.badges, () => $("#badges").replaceChildren(...state.badges.map(badge)));
}

function badge(b) {
  const node = el("div", { class: "badge", draggable: "true", ondragstart: e => e.dataTransfer.setData("text/plain", b.id) },
    el("div", { class: "face" }, el("span", { class: "chip" }), el("b", {}, `${t.badge} ${b.id}`), el("i", { class: b.owner ? "" : "nobody" }, b.owner || t.nobody)),
    el("div", { class: "two" },
      el("button", { onclick: () => tap(b.id, "printer") }, t.atPrinter),
      el("button", { onclick: () => tap(b.id, "door") }, t.atDoor)));
  node.style.setProperty("--hue", (Number(b.id) * 67 + 140) % 360);
  return node;
}

function tap(id, at) {
  const pad = $(`[data-drop=${at}]`);
  pad.classList.remove("tapped");
  void pad.offsetWidth; // restarts the animation
  pad.classList.add("tapped");
  act("tap", { badge: id, at });
}

function drawMembers() {
  const stopped = !state.hub.running;
  redraw("members", [state.members, stopped], () => {
    const rows = state.members.map(m => el("li", {},
      el("b", {}, m.name),
      m.granted ? el("span", { class: "pill good" }, t.granted) : el("button", { class: "small", disabled: stopped, onclick: () => act("grant", { account: m.id }) }, t.grant),
      m.card ? el("span", { class: "pill good" }, t.registered) : m.claim
        ? el("span", { class: "code" }, el("kbd", {}, "*" + m.claim.code), el("small", {}, `${t.until} ${time(m.claim.until)}`))
        : el("button", { class: "small", disabled: stopped, onclick: () => act("claim", { account: m.id }) }, t.claim)));
    $("#members").replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, t.noMembers)]));
  });
}

const time = (ms, seconds) => new Date(ms).toLocaleTimeString(lang, { hour: "2-digit", minute: "2-digit", second: seconds && "2-digit", hourCycle: "h23" });

let seen = new Set();
function drawEvents() {
  redraw("events", state.events, () => {
    const rows = state.events.map(e => el("li", { class: (e.reason === "claims_closed" ? "refused" : e.outcome) + (seen.size && !seen.has(e.id) ? " fresh" : "") },
      el("time", {}, time(e.at, true)),
      el("span", { class: "what" }, e.account_name ? el("b", {}, e.account_name + " ") : null, t.reason[e.reason] ?? e.reason),
      el("span", { class: "where" }, `${e.terminal} #${e.order}`)));
    seen = new Set(state.events.map(e => e.id));
    $("#events").replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, t.none)]));
  });
}

// drawGuide ticks what the visitor has done.
function drawGuide() {
  redraw("guide", state.done, () => {
    const next = Object.keys(t.guide).find(k => !state.done.includes(k));
    $("#guide").replaceChildren(...Object.entries(t.guide).map(([k, [what, why]]) =>
      el("li", { class: state.done.includes(k) ? "done" : k === next ? "next" : "" }, el("b", {}, what), el("span", {}, why))));
    const ol = $("#guide"), li = $(".next", ol);
    if (li) ol.scrollLeft = li.offsetLeft - ol.offsetLeft - 40; // where the list is one line
  });
}

function drawHub() {
  redraw("hub", state.hub, () => {
    $("#hub").classList.toggle("off", !state.hub.running);
    $("#hubpill").className = "pill " + (state.hub.running ? "good" : "bad");
    $("#hubpill").textContent = state.hub.running ? t.running : t.stopped;
    for (const field of $("#invite").elements) field.disabled = !state.hub.running; // Enter sends nothing then
    $("#closed").hidden = !state.hub.claims_closed;
    $("#reopen").disabled = !state.hub.running;
    $("#hubpower").textContent = state.hub.running ? t.stop : t.start;
  });
  for (const b of $$("#network button")) b.setAttribute("aria-pressed", b.dataset.network === state.network);
  document.body.dataset.network = state.network;
}

// drawWeb shows the hub's web as two people see it. A frame is sent to another page only when
// the server says so.
function drawWeb() {
  for (const name of ["phone", "desk"]) {
    redraw("frame " + name, state.web[name], () => show(name, state.web[name]));
  }
  redraw("mails", state.web.mails, () => $("#mails").replaceChildren(...(state.web.mails.length ? state.web.mails.map(mail) : [el("li", { class: "empty" }, t.noMails)])));
}

function show(name, url) { if (url) $(`#${name}-frame`).src = url; }

// mail is one mail. What it links to opens on the phone, or at the desk.
function mail(m) {
  const links = [...m.text.matchAll(/https:\/\/\S+/g)].map(l => l[0]).filter(l => l.startsWith(state.web.hub + "/"));
  const open = (name, link) => { show(name, new URL(state.web[name]).origin + link.slice(state.web.hub.length)); $("#" + name).scrollIntoView({ block: "nearest" }); };
  return el("li", {}, el("details", { open: m.id === state.web.mails[0].id },
    el("summary", {}, el("b", {}, m.subject), el("span", {}, `${m.to.join(", ")} · ${time(Date.parse(m.at), true)}`)),
    el("pre", {}, m.text.trim()),
    el("div", { class: "links" }, ...links.flatMap(l => [
      el("button", { class: "small", onclick: () => open("phone", l) }, t.onPhone),
      el("button", { class: "small", onclick: () => open("desk", l) }, t.atDesk)]))));
}

function draw() {
  drawHub(); drawWeb(); drawTerminal("printer"); drawTerminal("door");
  drawPanel(); drawDoor(); drawBadges(); drawMembers(); drawEvents(); drawGuide();
}

let typed = "", typedTimer;
function press(key) {
  typed = (typed + "•").slice(-8);
  $("#typed").textContent = typed;
  clearTimeout(typedTimer);
  typedTimer = setTimeout(() => { $("#typed").textContent = typed = ""; }, 5000);
  act("keys", { keys: key });
}

function listen() {
  $("#lang").addEventListener("click", e => {
    if (!e.target.dataset.lang) return;
    lang = e.target.dataset.lang;
    localStorage.setItem("lang", lang);
    translate();
    speak();
  });
  $("#network").addEventListener("click", e => e.target.dataset.network && act("network", { state: e.target.dataset.network }));
  $("#keys").append(...[..."123456789*0#"].map(k => el("button", { onclick: () => press(k) }, k)));
  for (const b of $$("[data-noise]")) b.addEventListener("click", () => act("noise", { at: b.dataset.noise }));
  for (const b of $$("[data-power]")) b.addEventListener("click", () => act("power", { at: b.dataset.power, on: !state.terminals[b.dataset.power].running }));
  $("#hubpower").addEventListener("click", () => act("hub", { on: !state.hub.running }));
  $("#reopen").addEventListener("click", () => act("reopen"));
  $("#admin").addEventListener("click", () => act("admin"));
  for (const b of $$("[data-home]")) b.addEventListener("click", () => show(b.dataset.home, new URL(state.web[b.dataset.home]).origin + "/"));
  $("#push").addEventListener("click", () => act("push"));
  $("#exit").addEventListener("click", () => act("exit"));
  $("#newbadge").addEventListener("click", () => act("badge"));
  $("#invite").addEventListener("submit", async e => {
    e.preventDefault();
    if (await act("member", { name: $("#name").value })) $("#name").value = "";
  });
  for (const pad of $$("[data-drop]")) {
    pad.addEventListener("dragover", e => { e.preventDefault(); pad.classList.add("over"); });
    pad.addEventListener("dragleave", () => pad.classList.remove("over"));
    pad.addEventListener("drop", e => { e.preventDefault(); pad.classList.remove("over"); tap(e.dataTransfer.getData("text/plain"), pad.dataset.drop); });
  }
}

function follow() {
  const stream = new EventSource("state");
  stream.onmessage = e => { if (!$("#alarm").hidden && $("#alarm").textContent === t.gone) alarm(""); state = JSON.parse(e.data); draw(); };
  stream.onerror = () => alarm(t.gone);
  setInterval(() => state && drawDoor(), 250); // the countdown
}

translate();
listen();
speak();
follow();
