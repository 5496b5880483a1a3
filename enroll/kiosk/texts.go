package kiosk

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"
)

// texts is every text of the panel: language → key → message. The key sets are
// equal, which a test holds.
var texts = map[string]map[string]string{"fr": french, "en": english}

var messages = newCatalog()

func newCatalog() *catalog.Builder {
	b := catalog.NewBuilder(catalog.Fallback(language.French))
	for lang, msgs := range texts {
		for key, msg := range msgs {
			if err := b.SetString(language.MustParse(lang), key, msg); err != nil {
				panic(fmt.Sprintf("kiosk: text %s of %s: %v", key, lang, err))
			}
		}
	}
	return b
}

// printer says the texts in one language. It stands for the Printer of the package
// message, which brings every language's numbers along: 65 kB that no text needs.
type printer struct{ tag language.Tag }

func printerFor(lang string) printer { return printer{language.MustParse(lang)} }

// say is a text with its places filled. A text that is missing is its key.
func (p printer) say(key string, args ...any) string {
	f := &filling{args: args}
	if err := messages.Context(p.tag, f).Execute(key); err != nil {
		return key
	}
	return f.text
}

// filling is what the catalogue renders a message into.
type filling struct {
	args []any
	text string
}

// Render takes a message of the catalogue, or a part of one.
func (f *filling) Render(msg string) { f.text += fmt.Sprintf(msg, f.args...) }

// Arg is an argument that a message chooses its words by.
func (f *filling) Arg(i int) any {
	if i < 1 || i > len(f.args) {
		return nil
	}
	return f.args[i-1]
}
