package page

import (
	"embed"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"badged/internal/webpage"
)

//go:embed pages/*.html
var templates embed.FS

//go:embed assets
var files embed.FS

// AssetPath is where the files of the web are.
const AssetPath = "/static/"

// Site is all parts together: their templates, their texts and their routes.
type Site struct {
	Parts  []Part
	pages  *webpage.Pages
	assets *webpage.Assets
	texts  Texts
}

// NewSite puts parts together. They are part of the program, so it panics when a text or a
// template has been given twice.
func NewSite(parts ...Part) *Site {
	s := &Site{Parts: parts, assets: webpage.NewAssets(AssetPath, files, "assets"), texts: Texts{}}
	s.pages = webpage.NewPages(s.assets, templates, "pages")
	s.addTexts("page", Shared().Texts)
	for _, p := range parts {
		s.addTexts(p.Name, p.Texts)
		if p.Templates != nil {
			s.pages.Add(p.Name+"/", p.Templates, "pages")
		}
	}
	return s
}

func (s *Site) addTexts(part string, texts Texts) {
	for lang, all := range texts {
		if s.texts[lang] == nil {
			s.texts[lang] = map[string]string{}
		}
		for key := range maps.Keys(all) {
			if _, twice := s.texts[lang][key]; twice {
				panic(fmt.Sprintf("page: the text %s of %s is there already", key, part))
			}
		}
		maps.Copy(s.texts[lang], all)
	}
}

// Assets answers requests for the files of the web.
func (s *Site) Assets() http.Handler { return s.assets }

// Routes are those of all parts, with the part of each.
func (s *Site) Routes(add func(*Part, Route)) {
	for i := range s.Parts {
		for _, r := range s.Parts[i].Routes {
			add(&s.Parts[i], r)
		}
	}
}

// MayUse reports whether there is a route and the person has its right: nobody is led to a
// page that refuses them.
func (r *Request) MayUse(method, path string) bool {
	may := false
	r.site.Routes(func(_ *Part, route Route) {
		may = may || route.Method == method && route.Path == path && r.May(route.Right)
	})
	return may
}

func (s *Site) has(key string) bool {
	_, ok := s.texts["fr"][key]
	return ok
}

func (s *Site) text(lang, key string, args []any) string {
	text, ok := s.texts[lang][key]
	switch {
	case !ok:
		return "⟦" + key + "⟧"
	case len(args) == 0:
		return text
	}
	return fmt.Sprintf(text, args...)
}

// count says how many: in French none and one are singular, in English one alone.
func (s *Site) count(lang, key string, n int) string {
	return s.text(lang, key+plural(lang, n), []any{Number(lang, n)})
}

// plural is the end of the key of a text about n things.
func plural(lang string, n int) string {
	if n == 1 || n == 0 && lang == "fr" {
		return ".one"
	}
	return ".many"
}

// Number writes a number with its thousands apart.
func Number(lang string, n int) string {
	sep := ","
	if lang == "fr" {
		sep = "\u202f"
	}
	digits := strconv.Itoa(n)
	var groups []string
	for len(digits) > 3 && digits[len(digits)-4] != '-' {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	slices.Reverse(groups)
	for _, g := range groups {
		digits += sep + g
	}
	return digits
}
