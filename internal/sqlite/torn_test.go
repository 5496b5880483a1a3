package sqlite_test

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"

	"badged/internal/sqlite"
)

// A flash chip writes blocks. When the power goes while one is written, all of it can be
// lost, also what stood there before: here a sector of it is the new one, or filled with
// what erased flash reads as.
const (
	block  = 4096
	sector = 512
	erased = 0xff
)

// torn gives every content that a file can have after a power cut while it went from one
// content to another, if one of its blocks is torn: the first sectors of that block were
// written and the rest is erased. The other blocks that were to be written are there, or not.
func torn(before, after []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for at := 0; at < len(after); at += block {
			end := min(at+block, len(after))
			if bytes.Equal(part(before, at, end), after[at:end]) {
				continue
			}
			for written := 0; at+written < end; written += sector {
				for _, rest := range [][]byte{before, after} {
					image := bytes.Clone(rest)
					if len(image) < end {
						image = append(image, make([]byte, end-len(image))...)
					}
					copy(image[at:end], bytes.Repeat([]byte{erased}, end-at))
					copy(image[at:at+written], after[at:])
					if !yield(fmt.Sprintf("block %d, %d bytes of it written", at/block, written), image) {
						return
					}
				}
			}
		}
	}
}

// part is b[from:to], as far as it reaches.
func part(b []byte, from, to int) []byte {
	return b[min(from, len(b)):min(to, len(b))]
}

// image is the bytes of a database and its log.
type image struct{ db, wal []byte }

func imageOf(t *testing.T, path string) (i image) {
	t.Helper()
	var err error
	if i.db, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	if i.wal, err = os.ReadFile(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	return i
}

// wantRows opens an image, as a start after a power cut does, and wants the rows 1 to n,
// or n+1 if that may be there too.
func wantRows(t *testing.T, what string, o sqlite.Options, i image, n, most int) {
	t.Helper()
	o.Path = filepath.Join(t.TempDir(), "torn.db")
	if err := os.WriteFile(o.Path, i.db, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.Path+"-wal", i.wal, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), o)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer db.Close()
	var rows, last, length int
	err = db.Read.QueryRowContext(t.Context(), "SELECT count(*), coalesce(max(id), 0), coalesce(min(length(b)), 0) FROM a").Scan(&rows, &last, &length)
	if err != nil || rows != last || rows < n || rows > most {
		t.Errorf("%s: %d rows up to %d, %v; %d to %d were acknowledged", what, rows, last, err, n, most)
	}
	if err := db.QuickCheck(t.Context()); err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// write commits row n, whose length is that of an event, and changes a row elsewhere as
// an acknowledgement or a counter does.
func write(t *testing.T, db *sqlite.DB, n int) {
	t.Helper()
	_, err := db.Write.ExecContext(t.Context(), fmt.Sprintf(
		"BEGIN; INSERT INTO a VALUES (%d, randomblob(120)); INSERT OR REPLACE INTO d VALUES (1, %d); COMMIT", n, n))
	if err != nil {
		t.Fatal(err)
	}
}

const tornSchema = first + `CREATE TABLE d (id INTEGER PRIMARY KEY, n INTEGER) STRICT;`

// tornOptions are those of a file with pages of either kind: 512 bytes, of which eight
// share a block, as older files have, and of a block each.
func tornOptions(t *testing.T, page int) sqlite.Options {
	o := options(t, tornSchema)
	o.PageSize = page
	return o
}

// In 150 torn cuts 69 acknowledged events were lost and 37 guesses refunded: a commit
// that shares its block with an earlier one takes that along.
func TestATornBlockOfTheLogLosesNoEarlierCommit(t *testing.T) {
	for _, page := range []int{512, 4096} {
		t.Run(fmt.Sprint(page), func(t *testing.T) {
			o := tornOptions(t, page)
			db := open(t, o)
			write(t, db, 1)
			images := 0
			for n := 2; n <= 9; n++ {
				before := imageOf(t, o.Path)
				write(t, db, n)
				after := imageOf(t, o.Path)
				for what, wal := range torn(before.wal, after.wal) {
					images++
					wantRows(t, fmt.Sprintf("commit %d, %s", n, what), o, image{before.db, wal}, n-1, n)
				}
			}
			if images < 8*2*8 {
				t.Errorf("only %d power cuts were tried", images)
			}
		})
	}
}

// Moving the log into the file writes single pages: a torn block takes its neighbours
// along, and they must be in the log too.
func TestATornBlockOfTheFileIsRepairedFromTheLog(t *testing.T) {
	for _, page := range []int{512, 4096} {
		t.Run(fmt.Sprint(page), func(t *testing.T) {
			o := tornOptions(t, page)
			db := open(t, o)
			for n := 1; n <= 60; n++ {
				write(t, db, n)
			}
			checkpoint(t, db)
			for n := 61; n <= 64; n++ {
				write(t, db, n)
			}
			before := imageOf(t, o.Path)
			checkpoint(t, db)
			after := imageOf(t, o.Path)
			images := 0
			for what, file := range torn(before.db, after.db) {
				images++
				wantRows(t, "checkpoint, "+what, o, image{file, before.wal}, 64, 64)
			}
			if images < 2*8 {
				t.Errorf("only %d power cuts were tried", images)
			}
		})
	}
}

func checkpoint(t *testing.T, db *sqlite.DB) {
	t.Helper()
	if _, err := db.Write.ExecContext(t.Context(), "PRAGMA wal_checkpoint"); err != nil {
		t.Fatal(err)
	}
}
