package site

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"badged/internal/secret"
)

// bom begins the files of some spreadsheets.
var bom = []byte("\ufeff")

// FillTokens puts tokens into the rows of the terminals that they are for, in a roster that
// ParseRoster takes. Delimiter, line ends and the other columns stay as they are.
func FillTokens(roster []byte, tokens map[string]secret.Text) ([]byte, error) {
	text, marked := bytes.CutPrefix(roster, bom)
	r := newReader(text)
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return nil, fmt.Errorf("put tokens into the roster: it cannot be read: %w", err)
	}
	rows = setTokens(rows, tokens)
	var out bytes.Buffer
	if marked {
		out.Write(bom)
	}
	w := csv.NewWriter(&out)
	w.Comma, w.UseCRLF = r.Comma, bytes.Contains(text, []byte("\r\n"))
	if err := w.WriteAll(rows); err != nil {
		return nil, fmt.Errorf("put tokens into the roster: %w", err)
	}
	return out.Bytes(), nil
}

// setTokens fills the column of tokens, and adds it if there is none.
func setTokens(rows [][]string, tokens map[string]secret.Text) [][]string {
	find := func(name string) int {
		return slices.IndexFunc(rows[0], func(t string) bool { return strings.EqualFold(strings.TrimSpace(t), name) })
	}
	name, token := find("name"), find("token")
	if token < 0 {
		token = len(rows[0])
		for i := range rows {
			rows[i] = append(rows[i], "")
		}
		rows[0][token] = "token"
	}
	for _, row := range rows[1:] {
		if t, ok := tokens[strings.TrimSpace(row[name])]; ok {
			row[token] = t.Reveal()
		}
	}
	return rows
}

// WriteTokens is FillTokens on a file. Whoever may read the file may join as its terminals: it is
// its owner's alone from then on. The file is replaced when the new one is whole.
func WriteTokens(path string, tokens map[string]secret.Text) error {
	before, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now, err := FillTokens(before, tokens)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(now)
	if err = errors.Join(err, keepOwner(tmp, info), tmp.Sync(), tmp.Close()); err != nil {
		return fmt.Errorf("write the tokens into %s: %w", path, err)
	}
	return os.Rename(tmp.Name(), path)
}

// keepOwner gives a new file the owner of the one that it replaces, for whoever uses sudo.
func keepOwner(f *os.File, was fs.FileInfo) error {
	st, ok := was.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Getuid() {
		return nil
	}
	return f.Chown(int(st.Uid), int(st.Gid))
}
