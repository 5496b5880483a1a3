// Package support packs what somebody who helps from afar has to see of a terminal into one
// file, and keeps out of it what is nobody's business: people, badges and keys.
//
//	pieces ──fetch, each with its own end──► clean ──► bound ──► tar.gz
//
// A piece that cannot be had does not spoil the others: its file says why.
package support

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"time"
)

const (
	maxPiece  = 1 << 20          // of a longer piece, the end is kept
	pieceTime = 20 * time.Second // for a program or an agent that does not answer
)

// Piece is one file of a bundle.
type Piece struct {
	Name  string // of the file
	Fetch func(context.Context) ([]byte, error)
}

// Write packs the pieces, in a folder of the given name, as of one moment.
func Write(ctx context.Context, w io.Writer, folder string, at time.Time, pieces []Piece) error {
	zipped := gzip.NewWriter(w)
	files := tar.NewWriter(zipped)
	for _, p := range pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		text := fetch(ctx, p)
		header := &tar.Header{Name: folder + "/" + p.Name, Mode: 0o600, Size: int64(len(text)), ModTime: at.Truncate(time.Second), Format: tar.FormatUSTAR}
		if err := files.WriteHeader(header); err != nil {
			return fmt.Errorf("pack %s: %w", p.Name, err)
		}
		if _, err := files.Write(text); err != nil {
			return fmt.Errorf("pack %s: %w", p.Name, err)
		}
	}
	if err := files.Close(); err != nil {
		return fmt.Errorf("pack the support bundle: %w", err)
	}
	if err := zipped.Close(); err != nil {
		return fmt.Errorf("pack the support bundle: %w", err)
	}
	return nil
}

// fetch gets a piece and the reason why it is not whole, cleaned.
func fetch(ctx context.Context, p Piece) []byte {
	ctx, cancel := context.WithTimeout(ctx, pieceTime)
	defer cancel()
	text, err := p.Fetch(ctx)
	if err != nil {
		text = fmt.Appendf(bytes.Clone(text), "\n(this could not be had, or not all of it: %v)\n", err)
	}
	return lastLines(Clean(text))
}

// lastLines keeps as many whole lines as a piece may have. A text is cleaned before: of half
// a key, nobody could tell what it is.
func lastLines(text []byte) []byte {
	cut := len(text) - maxPiece
	if cut <= 0 {
		return text
	}
	_, rest, _ := bytes.Cut(text[cut:], []byte("\n"))
	return append([]byte("(the beginning is left out)\n"), rest...)
}
