package web

import "badged/sync/hub/web/page"

// texts are those of what belongs to no part.
var texts = page.Texts{"fr": french, "en": english}
