package kiosk

// art is the picture of the panel: a badge over a reader, or the badge of who is
// logged in.
func (v view) art() markup {
	picture, at := badgeArt(v.Initial()), "252 256"
	if v.Page == pageIdle {
		picture, at = idleArt, "252 186"
	}
	return lines(
		`<svg class="picture" viewBox="0 0 360 360" aria-hidden="true" focusable="false">`,
		`<circle class="halo" cx="180" cy="180" r="180"/>`,
		picture,
		when(v.Tone() != toneCalm, `<g class="seal"`+attr("transform", "translate("+at+")")+`>`+disc+sign(v.Tone())+`</g>`),
		`</svg>`,
	)
}

// mark is the small picture on a message.
func mark(t tone) markup {
	return `<svg class="mark" viewBox="-44 -44 88 88" aria-hidden="true" focusable="false">` + disc + sign(t) + `</svg>`
}

const disc = `<circle class="disc" r="40"/>`

// sign tells a tone by its form: a tick, an i, an exclamation mark, a cross.
func sign(t tone) markup {
	switch t {
	case toneGood:
		return `<path class="stroke" d="M-18 1 L-5 14 L19 -12"/>`
	case toneInfo:
		return `<path class="stroke" d="M0 -2 V17 M0 -17 V-16"/>`
	case toneWarn:
		return `<path class="stroke" d="M0 -18 V3 M0 17 V18"/>`
	default:
		return `<path class="stroke" d="M-13 -13 L13 13 M13 -13 L-13 13"/>`
	}
}

const idleArt = `<g class="reader">
<rect class="case" x="98" y="252" width="164" height="62" rx="16"/>
<rect class="pad" x="114" y="266" width="132" height="8" rx="4"/>
<circle class="led" cx="180" cy="294" r="6"/>
</g>
<g class="waves">
<path class="wave w1" d="M150 238 q30 -18 60 0"/>
<path class="wave w2" d="M134 222 q46 -28 92 0"/>
<path class="wave w3" d="M118 206 q62 -38 124 0"/>
</g>
<g class="badge">
<path class="strap" d="M148 -40 L174 52 M212 -40 L186 52"/>
<rect class="clip" x="168" y="44" width="24" height="26" rx="6"/>
<rect class="shadow" x="102" y="66" width="156" height="126" rx="18"/>
<rect class="card" x="102" y="60" width="156" height="126" rx="18"/>
<rect class="slot" x="162" y="74" width="36" height="8" rx="4"/>
<rect class="photo" x="120" y="100" width="50" height="62" rx="9"/>
<circle class="face" cx="145" cy="122" r="11"/>
<path class="face" d="M126 162 v-6 q0 -16 19 -16 t19 16 v6 z"/>
<rect class="line dark" x="184" y="108" width="56" height="10" rx="5"/>
<rect class="line" x="184" y="128" width="44" height="8" rx="4"/>
<rect class="line" x="184" y="146" width="50" height="8" rx="4"/>
</g>`

func badgeArt(initial string) markup {
	return lines(
		`<g class="badge">`,
		`<path class="strap" d="M148 -40 L174 52 M212 -40 L186 52"/>`,
		`<rect class="clip" x="168" y="44" width="24" height="26" rx="6"/>`,
		`<rect class="shadow" x="102" y="66" width="156" height="204" rx="18"/>`,
		`<rect class="card" x="102" y="60" width="156" height="204" rx="18"/>`,
		`<rect class="slot" x="162" y="74" width="36" height="8" rx="4"/>`,
		`<circle class="photo" cx="180" cy="148" r="48"/>`,
		`<text class="initial" x="180" y="167" text-anchor="middle">`+text(initial)+`</text>`,
		`<rect class="line dark" x="138" y="214" width="84" height="11" rx="5"/>`,
		`<rect class="line" x="150" y="236" width="60" height="8" rx="4"/>`,
		`</g>`,
	)
}
