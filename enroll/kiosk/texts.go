package kiosk

import (
	"fmt"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
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

// printerFor says the texts in one language.
func printerFor(lang string) *message.Printer {
	return message.NewPrinter(language.MustParse(lang), message.Catalog(messages))
}
