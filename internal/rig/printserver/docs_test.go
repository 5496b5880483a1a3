package printserver

import (
	"os"
	"strings"
	"testing"
)

// What docs/print.md has people paste is what the tests run with: the policies to the letter,
// the settings that keep documents, and the options of queue and printers.
func TestTheDocumentIsWhatIsTested(t *testing.T) {
	b, err := os.ReadFile("../../../docs/print.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	if !strings.Contains(doc, "\n```\n"+policies+"```\n") {
		t.Error("docs/print.md has other policies")
	}
	conf := (&Server{Account: "badged"}).conf()
	for _, line := range []string{"MaxJobs 5000", "DirtyCleanInterval 0", "PreserveJobFiles No"} {
		if !strings.Contains(doc, "\n"+line+"\n") || !strings.Contains(conf, "\n"+line+"\n") {
			t.Errorf("%s is not in both", line)
		}
	}
	for _, option := range append(followOptions, printerOptions...) {
		if !strings.Contains(doc, "-o "+option+"\n") && !strings.Contains(doc, "-o "+option+" ") {
			t.Errorf("docs/print.md does not set %s", option)
		}
	}
}
