package webpage

import (
	"embed"
	"fmt"
	"path"
	"strings"
)

// fonts is the house's font, so that a page looks the same on every box, whatever fonts it
// has. font/README.md says where it comes from.
//
//go:embed font/*.woff2
var fonts embed.FS

// subsets is the files of each weight, and the characters that each is for: a browser loads
// the second only for a page that needs it.
var subsets = []struct{ name, characters string }{
	{"latin", "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"},
	{"latin-ext", "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C4,U+2113,U+2C60-2C7F,U+A720-A7FF"},
}

// addFont puts the font among the assets, with a style sheet font.css that declares it as
// "Source Sans 3" in the weights 400 and 700. A site's policy needs font-src 'self'.
func (a *Assets) addFont() {
	var sheet strings.Builder
	for _, weight := range []int{400, 700} {
		for _, s := range subsets {
			name := fmt.Sprintf("source-sans-3-%s-%d.woff2", s.name, weight)
			body, err := fonts.ReadFile(path.Join("font", name))
			if err != nil {
				panic(fmt.Sprintf("webpage: %v", err))
			}
			a.add(name, body)
			fmt.Fprintf(&sheet, "@font-face { font-family: \"Source Sans 3\"; font-style: normal; font-weight: %d; font-display: block; src: url(%q) format(\"woff2\"); unicode-range: %s; }\n",
				weight, a.address(name), s.characters)
		}
	}
	a.add("font.css", []byte(sheet.String()))
}
