package page

import (
	"encoding/csv"
	"io"

	"badged/internal/foreign"
)

// Row writes one line of a spreadsheet.
type Row func(cells ...string) error

// Sheet is a file that spreadsheets open: CSV with a byte order mark, and semicolons in
// French, as theirs has it. A cell that a spreadsheet would calculate begins with an
// apostrophe instead.
func (r *Request) Sheet(name string, write func(Row) error) Reply {
	return Download(name+".csv", "text/csv; charset=utf-8", func(w io.Writer) error {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
		c := csv.NewWriter(w)
		c.UseCRLF = true
		if r.Lang == "fr" {
			c.Comma = ';'
		}
		err := write(func(cells ...string) error {
			safe := make([]string, len(cells))
			for i, cell := range cells {
				safe[i] = foreign.Cell(cell)
			}
			return c.Write(safe)
		})
		c.Flush()
		if err == nil {
			err = c.Error()
		}
		return err
	})
}
