package kiosk

import "strconv"

// document is a whole page.
//
//	html
//	  #view          main: all that changes, and all that the script asks for again
//	  #live          what a screen reader says after a change
//	  #lost          the dark panel, when the agent does not answer
func (v view) document() markup {
	return lines(
		`<!DOCTYPE html>`,
		`<html`+attr("lang", v.Lang)+`>`,
		head(v.Title()),
		`<link rel="icon" type="image/svg+xml"`+link("href", assetURL(iconFile))+`>`,
		v.refresh(),
		`</head>`,
		`<body>`,
		`<div id="view">`+v.main()+`</div>`,
		`<div id="live" class="sr" role="status" aria-live="polite"></div>`,
		v.lost(),
		`<script`+link("src", assetURL(scriptFile))+`></script>`,
		`</body>`,
		`</html>`,
	)
}

// head is the beginning of a head, which stays open.
func head(title string) markup {
	return lines(
		`<head>`,
		`<meta charset="utf-8">`,
		`<meta name="viewport" content="width=device-width, initial-scale=1">`,
		`<title>`+text(title)+`</title>`,
		`<link rel="stylesheet"`+link("href", assetURL(sheetFile))+`>`,
	)
}

func (v view) refresh() markup {
	r := v.Refresh()
	return when(r != "", `<noscript><meta http-equiv="refresh"`+attr("content", r)+`></noscript>`)
}

func (v view) lost() markup {
	return `<div id="lost" class="lost" role="alert" hidden><div class="lostbox">` +
		`<div class="dots" aria-hidden="true"><i></i><i></i><i></i></div>` +
		`<h2>` + text(v.T("lost.title")) + `</h2><p>` + text(v.T("lost.text")) + `</p>` +
		`</div></div>`
}

// main is the part of a page that changes. The script reads its data.
func (v view) main() markup {
	return lines(
		`<main`+attr("class", "view on-"+v.Page+" tone-"+string(v.Tone()))+attr("lang", v.Lang)+v.data()+`>`,
		`<div class="strips" id="strips">`+v.strip()+`</div>`,
		v.body(),
		when(v.Session != "", v.countdown()),
		`</main>`,
	)
}

func (v view) data() markup {
	return attr("data-page", v.Page) + link("data-base", v.Base) + attr("data-version", v.Version) +
		attr("data-session", v.Session) + attr("data-form", v.Form) + attr("data-left", strconv.FormatInt(v.Left, 10)) +
		attr("data-title", v.Title()) + attr("data-say", v.Say()) + attr("data-countsay", v.T("count.say"))
}

func (v view) body() markup {
	switch {
	case v.Page == pageEdit:
		return v.edit()
	case v.Session != "":
		return v.home()
	default:
		return v.idle()
	}
}

func (v view) strip() markup {
	b := v.Strip()
	if b == nil {
		return ""
	}
	return `<div` + attr("class", "strip strip-"+string(b.Tone)) + `>` + mark(b.Tone) +
		`<p><strong>` + text(v.T(b.Title)) + `</strong> <span>` + text(v.T(b.Text)) + `</span></p></div>`
}

func (v view) idle() markup {
	return lines(
		v.stage(""),
		`<div class="foot">`,
		`<form class="switch" method="post"`+link("action", v.Base+"/lang")+attr("aria-label", v.T("idle.language"))+`>`+v.hidden(),
		v.switchTo("fr", "Français")+v.switchTo("en", "English"),
		`</form>`,
		`<p class="where">`+text(v.Point)+`</p>`,
		`</div>`,
	)
}

// switchTo is the button of a language.
func (v view) switchTo(lang, name string) markup {
	return `<button type="submit" name="lang"` + attr("value", lang) + attr("lang", lang) + attr("id", "lang-"+lang) +
		attr("aria-pressed", strconv.FormatBool(v.Lang == lang)) + `>` + text(name) + `</button>`
}

func (v view) home() markup {
	return v.stage(lines(
		`<div class="actions">`,
		`<a class="button primary" id="do-edit"`+link("href", v.Base+"/edit")+`>`+text(v.T("home.edit"))+`</a>`,
		v.signOut(`class="button"`),
		`</div>`,
	))
}

// stage is the picture with the words beside it.
func (v view) stage(actions markup) markup {
	return lines(
		`<div class="stage">`,
		`<div class="art">`+v.art()+`</div>`,
		`<div class="words">`,
		`<h1 id="heading" tabindex="-1"`+when(v.Long(), ` class="long"`)+`>`+text(v.Heading())+`</h1>`,
		`<p class="lead">`+text(v.Lead())+`</p>`,
		actions,
		`</div>`,
		`</div>`,
	)
}

func (v view) signOut(class markup) markup {
	return `<form method="post"` + link("action", v.Base+"/signout") + `>` + v.hidden() +
		`<button ` + class + ` type="submit" id="do-signout">` + text(v.T("home.signout")) + `</button></form>`
}

// hidden is what every form carries.
func (v view) hidden() markup {
	return `<input type="hidden" name="session"` + attr("value", v.Session) + `>` +
		`<input type="hidden" name="form"` + attr("value", v.Form) + `>`
}

func (v view) countdown() markup {
	return lines(
		`<div class="count" id="count"`+attr("data-text", v.Countdown("#"))+when(!v.Warn(), ` hidden`)+`>`,
		`<div class="bar"><div class="fill" id="fill"></div></div>`,
		`<form class="countrow" id="stay" method="post"`+link("action", v.Base+"/touch")+`>`+v.hidden()+
			`<span id="secs" role="timer">`+text(v.Countdown(""))+`</span>`+
			`<button class="button quiet" type="submit">`+text(v.T("count.stay"))+`</button></form>`,
		`</div>`,
	)
}

// failure is a page for somebody of whom nothing is known: in both languages.
func failure(key string) markup {
	return lines(
		`<!DOCTYPE html>`,
		`<html lang="fr">`,
		head("badged"),
		`</head>`,
		`<body>`,
		`<main class="view failure">`,
		failureIn("fr", key),
		failureIn("en", key),
		`</main>`,
		`</body>`,
		`</html>`,
	)
}

func failureIn(lang, key string) markup {
	p := printerFor(lang)
	return `<section` + attr("lang", lang) + `><h1>` + text(p.say(key+".title")) + `</h1>` +
		`<p class="lead">` + text(p.say(key+".text")) + `</p></section>`
}
