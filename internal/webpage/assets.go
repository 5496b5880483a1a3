package webpage

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
)

// assetTypes is the kinds of files that a site may have.
var assetTypes = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".woff2": "font/woff2",
}

// Assets is the files that the pages of a site refer to. The address of each has a hash of
// what is in it, so that a browser keeps it for ever and still gets the next version.
type Assets struct {
	base  string
	files map[string]asset
}

type asset struct {
	kind string
	hash string
	body []byte
}

// NewAssets reads the files of a folder, which are served below base ("/static/"), and adds
// the house's font with its font.css. They are part of the program, so it panics on one that
// it has no type for.
func NewAssets(base string, files fs.FS, folder string) *Assets {
	a := &Assets{base, map[string]asset{}}
	entries, err := fs.ReadDir(files, folder)
	if err != nil {
		panic(fmt.Sprintf("webpage: %v", err))
	}
	for _, e := range entries {
		b, err := fs.ReadFile(files, path.Join(folder, e.Name()))
		if err != nil {
			panic(fmt.Sprintf("webpage: %v", err))
		}
		a.add(e.Name(), b)
	}
	a.addFont()
	return a
}

func (a *Assets) add(name string, body []byte) {
	kind, ok := assetTypes[path.Ext(name)]
	if !ok {
		panic(fmt.Sprintf("webpage: no content type for %s: add it to assetTypes", name))
	}
	sum := sha256.Sum256(body)
	a.files[name] = asset{kind, hex.EncodeToString(sum[:6]), body}
}

// URL is where a browser gets the file.
func (a *Assets) URL(name string) (string, error) {
	if _, ok := a.files[name]; !ok {
		return "", fmt.Errorf("no asset is called %s", name)
	}
	return a.address(name), nil
}

func (a *Assets) address(name string) string { return a.base + name + "?v=" + a.files[name].hash }

// ServeHTTP answers a request for the file that the last part of its path names.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.files[path.Base(r.URL.Path)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	if r.URL.Query().Get("v") == f.hash {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(f.body) // the browser has gone: nobody to tell
}
