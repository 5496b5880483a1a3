package page

import "badged/internal/webpage"

// QR is a QR code as a template draws it: {{template "qr" .QR}}.
type QR = webpage.QR

// NewQR makes the code of a text.
func NewQR(text string) (QR, error) { return webpage.NewQR(text) }
