// What the pages gain with script: they change at the moment of a swipe, keep the
// session while somebody is there, and count down before it ends. Written for old
// embedded browsers: ES5, XMLHttpRequest, EventSource where there is one.
(function () {
  "use strict";
  var WARN = 15000;      // the countdown shows from here
  var TOUCH_EVERY = 4000;
  var POLL_EVERY = 2000;
  var LOST_AFTER = 4000; // without the agent: what is on the screen may be wrong
  var NOTE_FOR = 6000;   // "saved" and the like
  var PRESS_FOR = 1000;  // a finger that stays longer does not keep the page
  var SEND_FOR = 10000;  // nor does a form that has no answer by then: the agent gives none any more

  var view = document.getElementById("view");
  var live = document.getElementById("live");
  var lost = document.getElementById("lost");
  var ends = 0;          // when the session ends, or 0
  var touched = now() - TOUCH_EVERY;
  var heard = now();     // when the agent last answered
  var loading = false, again = false, warned = false, streaming = false;
  var noteTimer = 0;
  var held = 0, sent = false, kept = ""; // see hold

  function now() { return window.performance && performance.now ? performance.now() : new Date().getTime(); }
  function main() { return view.querySelector("main"); }
  function attr(name) { var m = main(); return m ? m.getAttribute("data-" + name) || "" : ""; }
  function byId(id) { return document.getElementById(id); }

  function ask(method, path, body, done) {
    var x = new XMLHttpRequest();
    x.open(method, path, true);
    x.timeout = 5000;
    if (body !== null) {
      x.setRequestHeader("Accept", "application/json");
      x.setRequestHeader("Content-Type", "application/x-www-form-urlencoded");
    }
    x.onload = function () { done(x); };
    x.onerror = x.ontimeout = function () { done(null); };
    x.send(body);
  }

  // The session's end, in the time of this page.
  function setLeft(ms) {
    ends = ms >= 0 ? now() + ms : 0;
    tick();
  }

  // load asks for the present view and shows it. force: even if it is the same.
  function load(force) {
    if (loading) { again = true; return; }
    loading = true;
    var q = "?page=" + attr("page") + "&session=" + encodeURIComponent(attr("session")) + "&job=" + attr("job") + "&id=" + attr("job") + "&from=" + attr("from");
    if (!force) { q += "&v=" + encodeURIComponent(attr("version")); }
    ask("GET", base + "/view" + q, null, function (x) {
      loading = false;
      if (x && x.status === 200) { showUp(); take(x.responseText); }
      if (x && x.status === 204) { showUp(); kept = ""; }
      if (again) { again = false; load(false); }
    });
  }

  // hold keeps the page as it is for a while: under a finger, which would come up from something
  // else than it went down on, so that the tap is lost; and while a form is on its way, because
  // the document that answers it takes away what is tapped on this one. A new view waits.
  function hold(ms) {
    clearTimeout(held);
    held = setTimeout(release, ms);
  }
  function release() {
    var html = kept;
    held = 0;
    sent = false;
    kept = "";
    if (html) { swap(html); }
  }
  function take(html) {
    if (held && main()) { kept = html; } else { swap(html); }
  }
  function down(e) {
    if (!held && !e.repeat) { hold(PRESS_FOR); }
  }
  function up() {
    if (held && !sent) { hold(0); } // after the click that follows
  }

  // swap puts a new view in place. A form that is being filled in stays, and so do the keys of
  // a code; only the messages change.
  function swap(html) {
    var box = document.createElement("div"), old = main();
    box.innerHTML = html;
    var next = box.querySelector("main");
    if (!next) { return; }
    document.documentElement.className = next.getAttribute("data-look");
    var news = true, same = old && old.getAttribute("data-session") === next.getAttribute("data-session");
    if (same && isForm(old, next)) {
      old.setAttribute("data-version", next.getAttribute("data-version"));
      byId("strips").innerHTML = next.querySelector("#strips").innerHTML;
    } else if (same && old.lang === next.lang && keysOf(old) && keysOf(old) === keysOf(next)) {
      news = patch(old, next);
    } else {
      replace(old, next, same);
    }
    setLeft(parseInt(next.getAttribute("data-left"), 10));
    if (news) { say(next.getAttribute("data-say")); }
  }

  // isForm tells whether both are the same form to be filled in: the profile, or the notice.
  function isForm(old, next) {
    var page = old.getAttribute("data-page");
    return page === next.getAttribute("data-page") && old.getAttribute("data-job") === next.getAttribute("data-job") && (page === "edit" || page === "notice");
  }

  // keysOf tells which keys a page has: of a code or of a PIN; none is empty.
  function keysOf(page) {
    var pad = page.querySelector("#keypad");
    return pad ? pad.getAttribute("data-keys") : "";
  }

  // patch leaves the keys under the finger, and tells whether there is more to say than how
  // many were pressed, which #typed says by itself.
  function patch(old, next) {
    var parts = ["#strips", "#typed", ".words .lead"], heading = next.querySelector("#heading");
    old.className = next.className;
    var news = old.getAttribute("data-say") !== next.getAttribute("data-say");
    old.setAttribute("data-say", next.getAttribute("data-say"));
    old.setAttribute("data-version", next.getAttribute("data-version"));
    for (var i = 0; i < parts.length; i++) { old.querySelector(parts[i]).innerHTML = next.querySelector(parts[i]).innerHTML; }
    byId("heading").className = heading.className;
    byId("heading").textContent = heading.textContent;
    document.title = next.getAttribute("data-title");
    return news;
  }

  function replace(old, next, same) {
    var focus = same && document.activeElement ? document.activeElement.id : "";
    var scrolled = same && byId("joblist") ? byId("joblist").scrollTop : 0;
    if (!same) { next.className += " fresh"; }
    while (view.firstChild) { view.removeChild(view.firstChild); }
    view.appendChild(next);
    if (byId("joblist")) { byId("joblist").scrollTop = scrolled; }
    document.documentElement.lang = next.getAttribute("lang");
    document.title = next.getAttribute("data-title");
    warned = false;
    if (!same) { tidyAddress(); window.scrollTo(0, 0); }
    arrived();
    var el = focus && byId(focus) || byId("heading");
    if (el && document.hasFocus && document.hasFocus()) { el.focus(); }
  }

  // A page that has served its purpose leaves nothing to come back to.
  function tidyAddress() {
    if (window.history && history.replaceState) { history.replaceState(null, "", base); }
  }

  function arrived() {
    clearTimeout(noteTimer);
    if (/\/(saved|ended)$/.test(location.pathname)) {
      noteTimer = setTimeout(function () {
        tidyAddress();
        if (main()) { main().setAttribute("data-page", "home"); }
        load(true);
      }, NOTE_FOR);
    }
  }

  function say(text) {
    live.textContent = "";
    setTimeout(function () { live.textContent = text || ""; }, 50);
  }

  // The agent does not answer: take what is personal off the screen.
  function showLost() {
    if (!lost.hidden) { return; }
    lost.hidden = false;
    base = attr("base") || base;
    while (view.firstChild) { view.removeChild(view.firstChild); }
    live.textContent = "";
    document.title = lost.querySelector("h2").textContent;
    ends = 0;
    kept = "";
  }
  function showUp() {
    heard = now();
    lost.hidden = true;
  }

  function tick() {
    var count = byId("count");
    if (!count) { return; }
    var rest = ends - now();
    count.hidden = !ends || rest > WARN;
    if (count.hidden) { warned = false; return; }
    rest = Math.max(0, rest);
    var text = count.getAttribute("data-text").replace("#", String(Math.ceil(rest / 1000)));
    if (byId("secs").textContent !== text) { byId("secs").textContent = text; }
    byId("fill").style.transform = byId("fill").style.webkitTransform = "scaleX(" + rest / WARN + ")";
    if (!warned) { warned = true; say(attr("countsay")); }
  }

  function touch() {
    var since = now() - touched, ending = ends && ends - now() < WARN;
    if (!attr("session") || since < (ending ? 500 : TOUCH_EVERY)) { return; }
    touched = now();
    var body = "session=" + encodeURIComponent(attr("session")) + "&form=" + encodeURIComponent(attr("form"));
    ask("POST", base + "/touch", body, function (x) {
      if (x && x.status === 200 && !streaming) { setLeft(JSON.parse(x.responseText).left); } // a stream has said it, in order
      if (x && x.status === 409) { load(false); }
    });
  }

  // The keys of a code go to the agent one after the other, in their order.
  var keys = [], sending = false;
  function sendKeys() {
    if (sending || !keys.length) { return; }
    sending = true;
    var body = "session=" + encodeURIComponent(attr("session")) + "&form=" + encodeURIComponent(attr("form")) + "&key=" + encodeURIComponent(keys.shift());
    ask("POST", base + "/key", body, function (x) {
      sending = false;
      if (!x || x.status !== 204) { keys = []; }
      if (!streaming || !x || x.status !== 204) { load(false); }
      sendKeys();
    });
  }

  // Events, or else asking.
  function listen() {
    if (!window.EventSource) { return; }
    var es = new EventSource(base + "/events");
    es.addEventListener("screen", function (e) {
      var n = JSON.parse(e.data);
      streaming = true;
      showUp();
      if (loading || n.v !== attr("version")) { load(false); } else { kept = ""; setLeft(n.left); } // what is being loaded may be old
    });
    es.onopen = function () { streaming = true; showUp(); };
    es.onerror = function () {
      if (streaming) { heard = now(); }
      streaming = false;
      if (es.readyState === 2) { es.close(); setTimeout(listen, 5000); }
    };
    window.addEventListener("pagehide", function () { es.close(); });
  }

  var base = attr("base");
  setInterval(function () {
    if (!streaming) { load(false); }
    if (!streaming && now() - heard > LOST_AFTER) { showLost(); }
  }, POLL_EVERY);
  setInterval(function () {
    tick();
    if (ends && now() - ends > 1000) { ends = now(); load(true); } // the agent should have said so
  }, 250);

  function on(names, fn) {
    for (var i = 0; i < names.length; i++) { document.addEventListener(names[i], fn, true); }
  }
  on(["keydown", "mousedown", "touchstart", "input", "wheel"], touch);
  on(["keydown", "mousedown", "touchstart"], down);
  on(["keyup", "mouseup", "touchcancel"], up);

  document.addEventListener("keydown", function (e) {
    if ((e.key === "Escape" || e.keyCode === 27) && byId("do-cancel")) { byId("do-cancel").click(); }
  });
  document.addEventListener("click", function (e) {
    if (e.target.name !== "key" || !byId("keypad")) { return; }
    e.preventDefault();
    keys.push(e.target.value);
    sendKeys();
  });
  document.addEventListener("submit", function (e) {
    if (e.target.id === "stay") { e.preventDefault(); touched -= TOUCH_EVERY; touch(); byId("heading").focus(); return; }
    if (e.target.getAttribute("data-sent")) { e.preventDefault(); return; } // twice is once
    e.target.setAttribute("data-sent", "1");
    sent = true;
    hold(SEND_FOR);
  });
  window.addEventListener("pageshow", function (e) {
    if (e.persisted) { view.textContent = ""; location.reload(); }
  });

  setLeft(parseInt(attr("left"), 10));
  arrived();
  listen();
  var field = document.querySelector("[autofocus]");
  if (!field && attr("session") && document.hasFocus && document.hasFocus()) { byId("heading").focus(); }
}());
