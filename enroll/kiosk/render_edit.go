package kiosk

// edit is the form of the profile.
func (v view) edit() markup {
	return lines(
		`<div class="top">`,
		`<h1 id="heading" tabindex="-1">`+text(v.Heading())+`</h1>`,
		v.signOut(`class="button quiet"`),
		`</div>`,
		`<form class="sheet" id="edit" method="post"`+link("action", v.Base+"/edit")+` autocomplete="off" novalidate>`+v.hidden(),
		`<div class="fields">`,
		v.profile(),
		`</div>`,
		`<div class="last">`,
		v.languages(),
		`<div class="actions">`,
		`<button class="button primary" type="submit" id="do-save">`+text(v.T("edit.save"))+`</button>`,
		`<a class="button" id="do-cancel"`+link("href", v.Base)+`>`+text(v.T("edit.cancel"))+`</a>`,
		`</div>`,
		`</div>`,
		`</form>`,
	)
}

// profile is the fields that are typed, where the site lets people fill them.
func (v view) profile() markup {
	if !v.Screen.EditProfile {
		return `<p class="lead">` + text(v.T("edit.langonly")) + `</p>`
	}
	return lines(
		v.entry("name", v.T("edit.name"), v.Fields.Name, `type="text" autocapitalize="words"`),
		v.entry("email", v.T("edit.email"), v.Fields.Email, `type="email" autocapitalize="none"`),
	)
}

// entry is one field with its label, and below it what is wrong with it.
func (v view) entry(name, label, value string, kind markup) markup {
	return lines(
		`<div class="field`+when(v.Problem(name) != "", ` wrong`)+`">`,
		`<label`+attr("for", name)+`>`+text(label)+`</label>`,
		`<input `+kind+attr("id", name)+attr("name", name)+attr("value", value)+` autocomplete="off" spellcheck="false"`+
			when(v.Problem(name) != "", ` aria-invalid="true"`+describedBy(name))+when(v.Focus(name), ` autofocus`)+`>`,
		v.problem(name),
		`</div>`,
	)
}

func (v view) languages() markup {
	wrong := v.Problem("lang") != ""
	return lines(
		`<fieldset class="field choice`+when(wrong, ` wrong`)+`"`+when(wrong, describedBy("lang"))+`>`,
		`<legend>`+text(v.T("edit.lang"))+`</legend>`,
		`<div class="radios">`,
		v.radio("fr", "Français")+v.radio("en", "English"),
		`</div>`,
		v.problem("lang"),
		`</fieldset>`,
	)
}

func (v view) radio(lang, name string) markup {
	return `<label` + attr("lang", lang) + `><input type="radio" name="lang"` + attr("value", lang) + attr("id", "radio-"+lang) +
		when(v.Fields.Lang == lang, ` checked`) + `><span>` + text(name) + `</span></label>`
}

func (v view) problem(field string) markup {
	p := v.Problem(field)
	return when(p != "", `<p class="problem"`+attr("id", field+"-problem")+`>`+text(p)+`</p>`)
}

func describedBy(field string) markup { return attr("aria-describedby", field+"-problem") }
