// Package webpage is how the pages of this house are made, the terminal's panel and the
// hub's web alike: HTML templates and the files beside them, both embedded in the program.
//
// A site has a folder of templates and a folder of assets:
//
//	//go:embed pages/*.html
//	var templates embed.FS
//	//go:embed assets
//	var files embed.FS
//
//	var assets = webpage.NewAssets("/static/", files, "assets")
//	var pages = webpage.NewPages(assets, templates, "pages")
//
// A template is called by its file's name without ".html", may use the others with
// {{template "name" .}}, and refers to an asset with {{asset "site.css"}}; the house's font is
// the asset "font.css". What a page
// shows is a struct with methods. html/template escapes every value for the place where it
// stands; nothing may declare a value safe, which archtest holds.
package webpage

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// Pages is the templates of a site.
type Pages struct{ set *template.Template }

// NewPages reads every template of a folder. The files are part of the program, so it
// panics when one of them is no template.
func NewPages(assets *Assets, files fs.FS, folder string) *Pages {
	p := &Pages{template.New("").Funcs(template.FuncMap{"asset": assets.URL}).Option("missingkey=error")}
	p.Add("", files, folder)
	return p
}

// Add reads the templates of another folder, before the first page is made. Their names
// begin with prefix.
func (p *Pages) Add(prefix string, files fs.FS, folder string) {
	names, err := fs.Glob(files, path.Join(folder, "*.html"))
	if err != nil || len(names) == 0 {
		panic(fmt.Sprintf("webpage: no templates in %s (%v)", folder, err))
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			panic(fmt.Sprintf("webpage: %v", err))
		}
		template.Must(p.set.New(prefix + strings.TrimSuffix(path.Base(name), ".html")).Parse(string(b)))
	}
}

// Render is a page as HTML, always valid UTF-8.
func (p *Pages) Render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := p.set.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("make the page %s: %w", name, err)
	}
	return bytes.ToValidUTF8(b.Bytes(), []byte("\uFFFD")), nil
}

// Write answers with a page. After an error the browser has got a plain text instead, and
// never half a page; the caller logs it.
func (p *Pages) Write(w http.ResponseWriter, status int, name string, data any) error {
	page, err := p.Render(name, data)
	if err != nil {
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page) // the browser has gone: nobody to tell
	return nil
}
