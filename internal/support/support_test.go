package support_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/support"
)

// Issue 12, 4: a bundle has no key and nobody's data, whatever a piece brings along; what
// helps to find the fault stays.
func TestCleanKeepsPeopleAndKeysOut(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"a decision", "a\ntime=T level=INFO msg=decided point=hall reader=x outcome=granted reason=known account=anonym7\nb\n",
			"a\nb\n(lines about people that are left out: 1)\n"},
		{"a decision as JSON", `{"level":"INFO","msg":"decided","point":"hall","outcome":"refused"}` + "\n",
			"(lines about people that are left out: 1)\n"},
		{"another line with an account", "level=ERROR msg=\"save the profile from the panel\" account=1f2e err=full\n{\"account\":\"x\"}\n",
			"(lines about people that are left out: 2)\n"},
		{"a key", "x\n-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI\n-----END PRIVATE KEY-----\ny\n", "x\n(a key or certificate)\ny\n"},
		{"a key without its end", "x\n-----BEGIN EC PRIVATE KEY-----\nMC4CAQ", "x\n(a key or certificate)"},
		{"a join token", "sudo badged join badged-join-1.pQFtc2-_l0+/= --config x\n", "sudo badged join (a token) --config x\n"},
		{"the panel's token", `"kiosk":"http://127.0.0.1:8631/p/hall?t=abc123&x=1"` + "\n", `"kiosk":"http://127.0.0.1:8631/p/hall?t=(a token)&x=1"` + "\n"},
		{"an e-mail address", "# ask ada.b+x@print.example.com\n", "# ask (an address)\n"},
		{"what helps", "level=WARN msg=\"reader failed, trying again\" reader=hall err=\"open /dev/ttyUSB0: no such file\"\n",
			"level=WARN msg=\"reader failed, trying again\" reader=hall err=\"open /dev/ttyUSB0: no such file\"\n"},
	} {
		if got := string(support.Clean([]byte(tt.in))); got != tt.want {
			t.Errorf("%s: %q becomes %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

// unpack gives the files of a bundle by name.
func unpack(t *testing.T, bundle io.Reader) map[string]string {
	t.Helper()
	zipped, err := gzip.NewReader(bundle)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for r := tar.NewReader(zipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil || h.Mode != 0o600 {
			t.Fatalf("%s: mode %o, %v", h.Name, h.Mode, err)
		}
		files[h.Name] = string(text)
	}
}

func piece(name, text string, err error) support.Piece {
	return support.Piece{Name: name, Fetch: func(context.Context) ([]byte, error) { return []byte(text), err }}
}

// A piece that fails, hangs or has no end spoils no other one, and says so itself.
func TestABundleIsWholeWhateverAPieceDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs := support.Piece{Name: "hangs", Fetch: func(ctx context.Context) ([]byte, error) {
			<-ctx.Done()
			return []byte("half\n"), ctx.Err()
		}}
		long := strings.Repeat("an old line, as long as those of a log are\n", 30_000) + "the last line\n"
		halfKey := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MC4CAQAwBQYDK2VwBCIEI\n", 60_000) + "-----END PRIVATE KEY-----\n"
		var out bytes.Buffer
		err := support.Write(t.Context(), &out, "hall", time.Unix(1700000000, 5), []support.Piece{
			piece("good", "text\n", nil), piece("fails", "", errors.New("no such program")), hangs, piece("long", long, nil), piece("key", halfKey, nil),
			piece("secret", "me@example.com\n", errors.New("open -----BEGIN PRIVATE KEY-----")),
		})
		if err != nil {
			t.Fatal(err)
		}
		files := unpack(t, &out)
		if len(files) != 6 || files["hall/good"] != "text\n" {
			t.Errorf("the files are %q", files["hall/good"])
		}
		for name, want := range map[string]string{
			"fails": "\n(this could not be had, or not all of it: no such program)\n",
			"hangs": "half\n\n(this could not be had, or not all of it: context deadline exceeded)\n",
		} {
			if got := files["hall/"+name]; got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		got := files["hall/long"]
		if len(got) > 1<<20+100 || !strings.HasPrefix(got, "(the beginning is left out)\nan old line, as") || !strings.HasSuffix(got, "\nthe last line\n") {
			t.Errorf("of a long piece %d bytes are kept: %.60q", len(got), got)
		}
		if got := files["hall/key"]; got != "(a key or certificate)\n" {
			t.Errorf("of a long key this is left: %.60q", got)
		}
		if got := files["hall/secret"]; strings.Contains(got, "me@example") || strings.Contains(got, "BEGIN") {
			t.Errorf("what a failing piece says is not cleaned: %q", got)
		}
	})
}

// The end of the whole ends it with an error: half a bundle is none.
func TestABundleEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := support.Write(ctx, io.Discard, "hall", time.Now(), []support.Piece{piece("a", "", nil)}); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}

// What a technician noted beside the settings stays at home; settings and line numbers do not.
func TestCommentsStayAtHome(t *testing.T) {
	in := "# Bob, 06 12 34 56 78\nname = \"ha#ll\" # ask Ada\nrule = 'drop(\"#\")'\ntext = \"a\\\"#\" # x\n\nlast = 1 # y"
	want := "#\nname = \"ha#ll\" #\nrule = 'drop(\"#\")'\ntext = \"a\\\"#\" #\n\nlast = 1 #\n"
	if got := string(support.WithoutComments([]byte(in))); got != want {
		t.Errorf("left is %q, want %q", got, want)
	}
}
