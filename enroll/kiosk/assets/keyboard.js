// A keyboard on the screen, for a panel that has none: it comes when somebody taps into a
// field, and goes at the first press of a real key. The page itself is complete without it.
(function () {
  "use strict";
  var LETTERS = {
    azerty: ["1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn'"],
    qwerty: ["1234567890", "qwertyuiop", "asdfghjkl'", "zxcvbnm"]
  };
  // More letters, in three turns of the key: French and its neighbours first, then the names
  // of the rest of Europe.
  var MORE = [
    ["éèêëàâäáãå", "ôöòóõøùûüú", "îïíìçñßœæÿ", "łşğıđșț"],
    ["ąāăćčċďðęě", "ėēģġħīįķļľ", "ńňņőōřŕśšţ", "ťůűūųýþ"],
    ["źżžŵŷẁẃẅỳĉ", "ĝĥĵŝŭŋŧəĸŀ", "ĺŗĩũŏĕĭ’·&", "«»()/,;"]
  ];
  var SYMBOLS = ["@", ".", "-", "_", "+"];
  var SHIFT = "M12 4 L4 12 H8 V19 H16 V12 H20 Z", ERASE = "M9 5 H21 V19 H9 L3 12 Z M12 9 L18 15 M18 9 L12 15";
  var own = /Android|iPhone|iPad/.test(navigator.userAgent); // brings one along
  var typed = false; // on a real keyboard
  var board = null, field = null, turn = 0, shift = false;

  function text(name) { return board.getAttribute("data-" + name); }

  function open(target) {
    if (own || typed || window.innerWidth < 460) { return; }
    var found = document.getElementById("keyboard");
    if (!found) { return; }
    if (board !== found) { board = found; turn = 0; board.onmousedown = keepFocus; board.onclick = press; }
    field = target;
    board.hidden = false;
    var view = document.querySelector("main");
    if (!/ typing/.test(view.className)) { view.className += " typing"; }
    capital();
    draw();
  }

  function close() {
    if (!board || board.hidden) { return; }
    board.hidden = true;
    var view = document.querySelector("main");
    if (view) { view.className = view.className.replace(" typing", ""); }
  }

  function keepFocus(e) { e.preventDefault(); }

  // A name begins with a capital, and so does each of its parts.
  function capital() {
    var at = field.selectionStart, before = field.value.slice(0, at);
    shift = field.getAttribute("autocapitalize") === "words" && (before === "" || /[ '’-]$/.test(before));
  }

  function upper(c) { return shift && c !== "ß" ? c.toUpperCase() : c; }

  function key(face, does, label, look) {
    var b = document.createElement("button");
    b.type = "button";
    b.tabIndex = -1; // who has a Tab key has a keyboard
    b.className = look || "";
    b.setAttribute("data-does", does);
    if (label) { b.setAttribute("aria-label", label); }
    if (face.charAt(0) === "M" && face.length > 2) { b.appendChild(picture(face)); } else { b.textContent = face; }
    return b;
  }

  function picture(path) {
    var ns = "http://www.w3.org/2000/svg", s = document.createElementNS(ns, "svg"), p = document.createElementNS(ns, "path");
    s.setAttribute("viewBox", "0 0 24 24");
    s.setAttribute("aria-hidden", "true");
    p.setAttribute("d", path);
    s.appendChild(p);
    return s;
  }

  function row(keys) {
    var r = document.createElement("div");
    r.className = "keyrow";
    for (var i = 0; i < keys.length; i++) { r.appendChild(keys[i]); }
    board.appendChild(r);
  }

  function letters(line) {
    var keys = [];
    for (var i = 0; i < line.length; i++) { keys.push(key(upper(line.charAt(i)), "put")); }
    return keys;
  }

  function draw() {
    var lines = turn ? MORE[turn - 1] : LETTERS[text("layout")];
    while (board.firstChild) { board.removeChild(board.firstChild); }
    for (var i = 0; i < 3; i++) { row(letters(lines[i])); }
    var up = key(SHIFT, "shift", text("shift"), "aside wide"), more = key(turn ? "abc" : "é ł", "more", text("more"), "aside");
    up.setAttribute("aria-pressed", String(shift));
    if (turn && turn < MORE.length) { more.textContent = MORE[turn][0].slice(0, 2); }
    row([up].concat(letters(lines[3]), [key(ERASE, "erase", text("erase"), "aside wide")]));
    var last = [more];
    for (i = 0; i < SYMBOLS.length; i++) { last.push(key(SYMBOLS[i], "put")); }
    row(last.concat([key("", "space", text("space"), "wider"), key(text("done"), "done", "", "aside wider")]));
  }

  function press(e) {
    var b = e.target;
    while (b && b !== board && !b.getAttribute("data-does")) { b = b.parentNode; }
    if (!b || b === board) { return; }
    switch (b.getAttribute("data-does")) {
    case "put": put(b.textContent, 0); turn = /[a-z0-9]/i.test(b.textContent) ? turn : 0; break;
    case "space": put(" ", 0); break;
    case "erase": put("", 1); break;
    case "shift": shift = !shift; draw(); return;
    case "more": turn = (turn + 1) % (MORE.length + 1); draw(); return;
    case "done": close(); return;
    }
    capital();
    draw();
  }

  // put types into the field, in the place of what is selected or of the last characters.
  function put(text, erased) {
    var from = field.selectionStart, to = field.selectionEnd, all = field.value;
    if (from === to) { from = Math.max(0, from - erased); }
    field.value = all.slice(0, from) + text + all.slice(to);
    field.setSelectionRange(from + text.length, from + text.length);
    var e = document.createEvent("Event");
    e.initEvent("input", true, false);
    field.dispatchEvent(e);
  }

  document.addEventListener("click", function (e) {
    if (e.target.tagName === "INPUT" && e.target.type === "text") { open(e.target); }
  });
  document.addEventListener("keydown", function () { typed = true; close(); });
}());
