package webpage

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

// QR is a QR code as a template draws it, as the path of an SVG.
type QR struct {
	Size int    // of a side, in modules, with the quiet zone
	Path string // of an SVG, one unit for each module
}

// quiet is the width of the white frame that readers need.
const quiet = 4

// NewQR makes the code of a text.
func NewQR(text string) (QR, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return QR{}, fmt.Errorf("make a QR code of %d bytes: %w", len(text), err)
	}
	var path strings.Builder
	for y := range c.Size {
		for x := range c.Size {
			if c.Black(x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+quiet, y+quiet)
			}
		}
	}
	return QR{c.Size + 2*quiet, path.String()}, nil
}
