package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"badged/firmware/flash"
)

// journal is the log of flashed cards: a JSON object a line, each with the hash of the line before
// it, so that nobody changes or takes out one without breaking all behind it.
type journal struct {
	file  *os.File
	last  string // hash of the last line
	cards []flashed
}

// flashed is one line.
type flashed struct {
	Before     string `json:"before"` // SHA-256 of the line before; empty in the first
	Time       string `json:"time"`
	Result     string `json:"result"` // PASS, or what is wrong
	Terminal   string `json:"terminal"`
	Board      string `json:"board"`
	Version    string `json:"version"`
	Release    string `json:"release"`
	Card       string `json:"card"` // ID
	Model      string `json:"model"`
	Size       int64  `json:"size"`
	Rate       int64  `json:"rate"` // bytes a second
	Hash       string `json:"hash"` // of all that was written
	Technician string `json:"technician"`
}

const pass = "PASS"

func entry(j job, d flash.Disk, r flash.Report, err error, who string) flashed {
	c := flashed{
		Time: time.Now().UTC().Format(time.RFC3339), Result: pass, Terminal: j.row.Name, Board: j.provision.Board,
		Version: j.content.Version, Release: fmt.Sprintf("%x", j.content.Release.ID), Card: d.ID, Model: d.Model, Size: d.Size,
		Rate: r.Rate, Hash: fmt.Sprintf("%x", r.Hash), Technician: who,
	}
	if err != nil {
		c.Result, c.Hash = err.Error(), ""
	}
	return c
}

// openJournal reads the log and holds it against its hashes.
func openJournal(path string) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: f}
	if err := j.read(path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

func (j *journal) read(path string) error {
	lines := bufio.NewScanner(j.file)
	for n := 1; lines.Scan(); n++ {
		var c flashed
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil || c.Before != j.last {
			return fmt.Errorf("%s:%d does not follow from the line before: the log was changed or cut (move it away to begin a new one)", path, n)
		}
		j.cards = append(j.cards, c)
		j.last = hashLine(lines.Bytes())
	}
	return lines.Err()
}

func hashLine(line []byte) string { return fmt.Sprintf("%x", sha256.Sum256(line)) }

// append adds a line, for good.
func (j *journal) append(c flashed) error {
	c.Before = j.last
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(bytes.Clone(line), '\n')); err != nil {
		return fmt.Errorf("write the log: %w", err)
	}
	j.last = hashLine(line)
	j.cards = append(j.cards, c)
	return j.file.Sync()
}

// passed reports whether a terminal has a card with this release.
func (j *journal) passed(terminal, release string) bool {
	for _, c := range j.cards {
		if c.Terminal == terminal && strings.EqualFold(c.Release, release) && c.Result == pass {
			return true
		}
	}
	return false
}

func (j *journal) close() { j.file.Close() }
