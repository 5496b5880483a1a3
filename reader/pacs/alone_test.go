package pacs_test

import (
	"strings"
	"testing"

	"badged/reader/pacs"
)

// TestAutoAndRawStandAlone (issue 7, 2.10): beside a name they are no unknown words.
func TestAutoAndRawStandAlone(t *testing.T) {
	for _, spec := range []string{"raw,H10301", "H10301,auto", "auto;H10302", "H10301, raw"} {
		_, err := pacs.Select(spec)
		if err == nil || !strings.Contains(err.Error(), "stands alone") || strings.Contains(err.Error(), "did you mean") {
			t.Errorf("%s: %v", spec, err)
		}
	}
}
