// What pages gain with script: regions that follow the hub, passwords that can be shown, and
// a box that ticks all others. Without it everything works, by reloading.
(function () {
  "use strict";
  var POLL_EVERY = 10000; // where there are no server-sent events
  var LOST_AFTER = 15000;
  var PRESS_FOR = 1000; // a press that lasts longer keeps no news away

  var heard = Date.now(), asking = false, again = false;
  var pressed = 0, waiting = null; // see down

  function each(selector, fn) { Array.prototype.forEach.call(document.querySelectorAll(selector), fn); }

  // refresh fetches this page again and exchanges the regions that differ. A region in which
  // somebody is typing stays.
  function refresh() {
    if (asking) { again = true; return; }
    asking = true;
    fetch(location.href, { headers: { "X-Live": "1" }, credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        if (answer.redirected || answer.status === 401) { location.reload(); throw new Error("the session ended"); }
        if (!answer.ok) { throw new Error("status " + answer.status); }
        return answer.text();
      })
      .then(function (text) { heard = Date.now(); showOffline(false); exchange(new DOMParser().parseFromString(text, "text/html")); })
      .catch(function () { showOffline(Date.now() - heard > LOST_AFTER); })
      .then(function () {
        asking = false;
        if (again) { again = false; refresh(); }
      });
  }

  // What a press begins on has to be there when it ends, or else it is lost: until then a fresh
  // page waits.
  function down(e) {
    if (!pressed && !e.repeat) { pressed = setTimeout(release, PRESS_FOR); }
  }
  function up() {
    if (!pressed) { return; }
    clearTimeout(pressed);
    pressed = setTimeout(release, 0); // after the click that follows
  }
  function release() {
    var fresh = waiting;
    pressed = 0;
    waiting = null;
    if (fresh) { exchange(fresh); }
  }

  function exchange(fresh) {
    if (pressed) { waiting = fresh; return; }
    each("[data-live]", function (old) {
      var next = fresh.getElementById(old.id);
      if (!next) { return; }
      var typing = old.contains(document.activeElement) && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName);
      if (typing || old.innerHTML === next.innerHTML) { return; }
      var focus = old.contains(document.activeElement) ? document.activeElement.id : "";
      old.replaceWith(document.importNode(next, true));
      if (focus && document.getElementById(focus)) { document.getElementById(focus).focus(); }
    });
  }

  function showOffline(lost) {
    var note = document.getElementById("offline");
    if (note) { note.hidden = !lost; }
  }

  function listen() {
    var from = document.body.getAttribute("data-news");
    if (!from || !document.querySelector("[data-live]")) { return; }
    setInterval(function () { if (!document.hidden && Date.now() - heard > POLL_EVERY) { refresh(); } }, POLL_EVERY);
    document.addEventListener("visibilitychange", function () { if (!document.hidden) { refresh(); } });
    ["keydown", "mousedown", "touchstart"].forEach(function (name) { document.addEventListener(name, down, true); });
    ["keyup", "mouseup", "touchcancel"].forEach(function (name) { document.addEventListener(name, up, true); });
    if (!window.EventSource) { return; }
    var stream = new EventSource(from);
    stream.addEventListener("news", function () { if (!document.hidden) { refresh(); } });
    window.addEventListener("pagehide", function () { stream.close(); });
  }

  // A password can be looked at before it is sent.
  function reveal(box) {
    var input = box.querySelector("input"), button = document.createElement("button");
    button.type = "button";
    button.className = "plain";
    button.textContent = box.getAttribute("data-show");
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", function () {
      var hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      button.textContent = box.getAttribute(hidden ? "data-hide" : "data-show");
    });
    box.appendChild(button);
  }

  // data-all="NAME" on a box ticks all boxes of that name.
  function tickAll(box) {
    box.hidden = false;
    box.addEventListener("change", function () {
      each('input[type="checkbox"][name="' + box.getAttribute("data-all") + '"]', function (b) { b.checked = box.checked; });
    });
  }

  // data-copy="ID" on a button copies the text of an element.
  function copier(button) {
    if (!navigator.clipboard) { return; }
    button.hidden = false;
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(document.getElementById(button.getAttribute("data-copy")).textContent.trim())
        .then(function () { button.textContent = button.getAttribute("data-done"); });
    });
  }

  each(".reveal", reveal);
  each("[data-all]", tickAll);
  each("[data-copy]", copier);
  listen();
})();
