package sqlite_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"badged/internal/sqlite"
)

// lengthsOfRows are those around the bounds at which a row goes on in pages of its own.
var lengthsOfRows = []int{0, 1, 100, 400, 430, 440, 450, 460, 470, 480, 900, 1000, 4000, 4040, 4050, 4060, 4070, 8200, 20_000}

// leavesFile makes a database with a row of each length, closed or with its log.
func leavesFile(t *testing.T, pageSize int, closed bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "leaves.db")
	db, err := sqlite.Open(t.Context(), sqlite.Options{
		Path: path, PageSize: pageSize, ApplicationID: 7,
		Migrations: fstest.MapFS{"0001_first.sql": {Data: []byte("CREATE TABLE thing (id INTEGER PRIMARY KEY, n INTEGER, body BLOB)")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, length := range lengthsOfRows {
		if _, err := db.Write.ExecContext(t.Context(), "INSERT INTO thing VALUES (?, ?, ?)", i-3, numberOfRow(i), bytes.Repeat([]byte{byte(i)}, length)); err != nil {
			t.Fatal(err)
		}
	}
	if closed {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	other := filepath.Join(t.TempDir(), "copy.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(other+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return other
}

// numberOfRow gives numbers of each width, and negative ones.
func numberOfRow(i int) int64 {
	n := int64(1) << (i * 7 % 63)
	if i%2 == 1 {
		return -n
	}
	return n - 1
}

// readLeaves gives the rows of three values, as text.
func readLeaves(t *testing.T, path string, pageSize int) map[string]bool {
	t.Helper()
	rows := map[string]bool{}
	err := sqlite.Leaves(path, pageSize, func(id int64, values []any) {
		if len(values) == 3 && values[0] == nil {
			rows[fmt.Sprintf("%d %v %x", id, values[1], values[2])] = true
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestLeaves (issue 7, 6): each row is found without the tables' roots, of the file and of its log.
func TestLeaves(t *testing.T) {
	for _, pageSize := range []int{512, 4096} {
		for _, closed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d closed %v", pageSize, closed), func(t *testing.T) {
				path := leavesFile(t, pageSize, closed)
				got := readLeaves(t, path, pageSize)
				for i, length := range lengthsOfRows {
					if want := fmt.Sprintf("%d %v %x", i-3, numberOfRow(i), bytes.Repeat([]byte{byte(i)}, length)); !got[want] {
						t.Errorf("row %d with %d bytes is missing", i-3, length)
					}
				}
			})
		}
	}
}

// Whatever stands in a file, reading ends without a panic.
func TestLeavesOfDamagedFiles(t *testing.T) {
	whole, err := os.ReadFile(leavesFile(t, 512, true))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "damaged.db")
	for range 300 {
		b := bytes.Clone(whole[:random.IntN(len(whole))])
		for range random.IntN(200) {
			if len(b) > 0 {
				b[random.IntN(len(b))] = byte(random.Uint32())
			}
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if n := len(readLeaves(t, path, 512)); n > 10*len(lengthsOfRows) {
			t.Fatalf("%d rows", n)
		}
	}
}
