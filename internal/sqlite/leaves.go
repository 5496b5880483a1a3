package sqlite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

// Leaves reads the rows in all pages that are leaves of a table, whichever table that is and
// whether or not a way leads to them, of the file and of its write-ahead log. Pages that are no
// such leaves and rows that do not add up are passed over. The format is that of
// https://sqlite.org/fileformat.html.
func Leaves(path string, pageSize int, each func(id int64, values []any)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	pages := pageFile{f, pageSize, map[uint32][]byte{}}
	pages.readLog(path + "-wal")
	last := uint32(info.Size() / int64(pageSize))
	for number := range pages.logged {
		last = max(last, min(number, maxPages))
	}
	for number := uint32(1); number <= min(last, maxPages); number++ {
		if page := pages.page(number); page != nil {
			pages.leaf(number, page, each)
		}
	}
	return nil
}

// Bounds of what is read: a terminal's database has some ten megabytes.
const (
	maxPages   = 1 << 20
	maxPayload = 1 << 20
)

// pageFile is a file of pages, some of which are newer in its log.
type pageFile struct {
	file   io.ReaderAt
	size   int
	logged map[uint32][]byte
}

// readLog reads the pages of a write-ahead log. One that is not there or not whole has fewer.
func (p pageFile) readLog(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer f.Close()
	const logHeader, frameHeader = 32, 24
	head, frame := make([]byte, logHeader), make([]byte, frameHeader+p.size)
	if _, err := io.ReadFull(f, head); err != nil || binary.BigEndian.Uint32(head[8:]) != uint32(p.size) {
		return
	}
	for {
		if _, err := io.ReadFull(f, frame); err != nil || !bytes.Equal(frame[8:16], head[16:24]) { // the salts
			return
		}
		p.logged[binary.BigEndian.Uint32(frame)] = bytes.Clone(frame[frameHeader:])
	}
}

// page gives a page; nil if there is none.
func (p pageFile) page(number uint32) []byte {
	if page, ok := p.logged[number]; ok {
		return page
	}
	page := make([]byte, p.size)
	if _, err := p.file.ReadAt(page, (int64(number)-1)*int64(p.size)); err != nil {
		return nil
	}
	return page
}

// leaf reads the rows of a page, if it is a leaf of a table.
func (p pageFile) leaf(number uint32, page []byte, each func(id int64, values []any)) {
	const leafOfTable, leafHeader, fileHeader = 0x0D, 8, 100
	start := 0
	if number == 1 {
		start = fileHeader
	}
	if page[start] != leafOfTable {
		return
	}
	cells := int(binary.BigEndian.Uint16(page[start+3:]))
	for i := range min(cells, (p.size-start-leafHeader)/2) {
		at := int(binary.BigEndian.Uint16(page[start+leafHeader+2*i:]))
		id, payload, err := p.cell(page, at)
		if err != nil {
			continue
		}
		if values, err := record(payload); err == nil {
			each(id, values)
		}
	}
}

var errShort = errors.New("it ends too soon")

// cell reads a row's number and its record, which may go on in other pages.
func (p pageFile) cell(page []byte, at int) (id int64, payload []byte, err error) {
	if at >= len(page) {
		return 0, nil, errShort
	}
	length, n := varint(page[at:])
	row, m := varint(page[min(at+n, len(page)):])
	rest := page[min(at+n+m, len(page)):]
	if n == 0 || m == 0 || length < 0 || length > maxPayload {
		return 0, nil, errShort
	}
	local := p.local(int(length))
	if local == int(length) {
		if local > len(rest) {
			return 0, nil, errShort
		}
		return row, rest[:local], nil
	}
	if local+4 > len(rest) {
		return 0, nil, errShort
	}
	payload, err = p.overflow(bytes.Clone(rest[:local]), binary.BigEndian.Uint32(rest[local:]), int(length))
	return row, payload, err
}

// local is how much of a record stands in its leaf.
func (p pageFile) local(length int) int {
	most := p.size - 35
	if length <= most {
		return length
	}
	least := (p.size-12)*32/255 - 23
	if k := least + (length-least)%(p.size-4); k <= most {
		return k
	}
	return least
}

// overflow adds what stands in the pages behind a leaf.
func (p pageFile) overflow(payload []byte, next uint32, length int) ([]byte, error) {
	for len(payload) < length {
		page := p.page(next)
		if next == 0 || page == nil {
			return nil, errShort
		}
		next = binary.BigEndian.Uint32(page)
		payload = append(payload, page[4:min(len(page), 4+length-len(payload))]...)
	}
	return payload, nil
}

// record reads the values of a row: nil, int64 or []byte, which a text is too.
func record(b []byte) (values []any, err error) {
	size, n := varint(b)
	if n == 0 || size < int64(n) || size > int64(len(b)) {
		return nil, errShort
	}
	types, body := b[n:size], b[size:]
	for len(types) > 0 {
		kind, n := varint(types)
		if n == 0 || kind < 0 {
			return nil, errShort
		}
		types = types[n:]
		length := widthOf(kind)
		if length > int64(len(body)) {
			return nil, errShort
		}
		values = append(values, value(kind, body[:length]))
		body = body[length:]
	}
	return values, nil
}

// widthOf is how many bytes a value of a serial type has.
func widthOf(kind int64) int64 {
	if kind >= 12 {
		return (kind - 12) / 2
	}
	return [12]int64{0, 1, 2, 3, 4, 6, 8, 8}[kind]
}

func value(kind int64, b []byte) any {
	switch {
	case kind >= 12:
		return bytes.Clone(b)
	case kind == 8 || kind == 9:
		return kind - 8
	case kind >= 1 && kind <= 6:
		v := int64(int8(b[0]))
		for _, next := range b[1:] {
			v = v<<8 | int64(next)
		}
		return v
	default: // NULL; no table of ours has fractions
		return nil
	}
}

// varint reads a number of 1 to 9 bytes; n is 0 if it is cut off.
func varint(b []byte) (v int64, n int) {
	for i := range min(len(b), 9) {
		if i == 8 {
			return v<<8 | int64(b[8]), 9
		}
		v = v<<7 | int64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}
