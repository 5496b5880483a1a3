package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/roster"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
)

// The budgets of the people of a site.
const (
	budgetImport = 60     // seconds of CPU for 100,000 people
	budgetAdd    = 2.0    // one more at 100,000 against one more at 100
	budgetSearch = 20_000 // µs, 95 of 100 searches
	importPeople = 100_000
	importBatch  = 1000
	fillBatch    = 20_000 // in a transaction: fewer pages are written twice
	addsMeasured = 300
	searches     = 400
)

// People says how large a measurement of the people of a site is.
type People struct {
	Search int // accounts among which is searched
}

// crowd is a hub's store in a folder of its own.
type crowd struct {
	*store.Store
	next int // number of the next person
}

var benchOperator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "bench"}

// Measure brings a list of 100,000 people in, as `badgehub account import` does; adds one by
// one to 100 and to 100,000, each in a transaction of its own; and searches among Search
// accounts by beginnings of names and of e-mails, a page of 50, and by who may use a door.
func (p People) Measure(ctx context.Context) (_ []Row, err error) {
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	small, err := openCrowd(ctx, dir, "small.db")
	if err != nil {
		return nil, err
	}
	large, err := openCrowd(ctx, dir, "large.db")
	if err != nil {
		return nil, errors.Join(err, small.Close())
	}
	rows, err := p.measure(ctx, small, large)
	return rows, errors.Join(err, small.Close(), large.Close())
}

func (p People) measure(ctx context.Context, small, large *crowd) ([]Row, error) {
	imported, err := large.importRow(ctx)
	if err != nil {
		return nil, err
	}
	if err := small.fill(ctx, 100); err != nil {
		return nil, err
	}
	few, err := small.addOneByOne(ctx)
	if err != nil {
		return nil, err
	}
	many, err := large.addOneByOne(ctx)
	if err != nil {
		return nil, err
	}
	rows := []Row{imported, against("add_at_100000", "µs", many, few, budgetAdd).of("CPU of one more account, against one more at 100")}
	if err := large.fill(ctx, p.Search-large.next); err != nil {
		return nil, err
	}
	searched, err := large.searchRows(ctx)
	if err != nil {
		return nil, err
	}
	if err := large.openDoor(ctx, "Members", ownGrants); err != nil {
		return nil, err
	}
	who, err := large.whoRows(ctx, searches)
	return slices.Concat(rows, searched, who), err
}

func openCrowd(ctx context.Context, dir, name string) (*crowd, error) {
	s, err := sqlite.Open(ctx, filepath.Join(dir, name))
	return &crowd{Store: s}, err
}

func (c *crowd) write(ctx context.Context, fn func(people.Tx) error) error {
	return c.Write(ctx, benchOperator, func(tx fleet.Tx) error { return fn(tx.Tx.Tx.Tx) })
}

// importRow brings the list in.
func (c *crowd) importRow(ctx context.Context) (Row, error) {
	took, err := c.importN(ctx, importPeople)
	return Row{
		Name: "import_100000", Unit: "s", Value: took.Seconds(), Budget: budgetImport, Met: took.Seconds() <= budgetImport,
		What: "CPU of a list of 100,000 people with e-mail and group",
	}, err
}

// importN brings a list of count people in and gives the CPU that it took.
func (c *crowd) importN(ctx context.Context, count int) (time.Duration, error) {
	var file strings.Builder
	file.WriteString("Prénom;Nom;E-mail;Groupes\n")
	for ; c.next < count; c.next++ {
		n := member(c.next)
		fmt.Fprintf(&file, "%s;%s;%s;Members\n", n.First, n.Last, n.Email)
	}
	before := cpu()
	im, err := c.bringIn(ctx, []byte(file.String()))
	if err == nil && im.Made != count {
		err = fmt.Errorf("bring %d people in: %d came", count, im.Made)
	}
	return cpu() - before, err
}

func (c *crowd) bringIn(ctx context.Context, file []byte) (im people.Import, err error) {
	sheet, err := roster.Read(file)
	if err != nil {
		return im, err
	}
	err = c.write(ctx, func(tx people.Tx) (err error) {
		im, err = roster.Begin(tx, "bench.csv", file, sheet, people.Active)
		return err
	})
	for err == nil && im.Done < im.Lines {
		err = c.write(ctx, func(tx people.Tx) (err error) {
			im, _, err = roster.Run(tx, im.ID, sheet, roster.Options{Zone: time.UTC}, importBatch)
			return err
		})
	}
	return im, err
}

// fill adds accounts in large transactions.
func (c *crowd) fill(ctx context.Context, count int) error {
	for end := c.next + count; c.next < end; {
		upto := min(c.next+fillBatch, end)
		err := c.write(ctx, func(tx people.Tx) error {
			for i := c.next; i < upto; i++ {
				if _, err := people.Add(tx, member(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		c.next = upto
	}
	return nil
}

// addOneByOne gives the CPU of one more account, in µs.
func (c *crowd) addOneByOne(ctx context.Context) (float64, error) {
	before := cpu()
	for range addsMeasured {
		if err := c.fill(ctx, 1); err != nil {
			return 0, err
		}
	}
	return micros(cpu()-before) / addsMeasured, nil
}

// searchRows measures how long a page takes, by what is searched for.
func (c *crowd) searchRows(ctx context.Context) (rows []Row, err error) {
	for _, kind := range []struct {
		name string
		of   func(people.New) string
	}{
		{"search_word", lastName},
		{"search_beginning", func(n people.New) string { return string([]rune(n.First)[:3]) }},
		{"search_two_words", func(n people.New) string { return n.First + " " + n.Last[:3] }},
		{"search_email", func(n people.New) string { return n.Email[:len(n.Email)-6] }},
	} {
		times, err := c.search(ctx, kind.of)
		if err != nil {
			return nil, err
		}
		p95 := micros(quantile(times, 0.95))
		rows = append(rows, Row{
			Name: kind.name, Unit: "µs", Value: p95, Budget: budgetSearch, Met: p95 <= budgetSearch,
			What: fmt.Sprintf("p95 of a page of 50 among %d accounts", c.next),
		})
	}
	return rows, nil
}

func lastName(n people.New) string { return n.Last }

func (c *crowd) search(ctx context.Context, of func(people.New) string) (times []time.Duration, err error) {
	for range searches {
		q := people.Query{Search: of(member(rand.IntN(c.next))), Limit: 50}
		start := time.Now()
		err := c.Read(ctx, func(tx fleet.Tx) error {
			page, next, err := people.List(tx.Tx.Tx.Tx, q)
			if err == nil && len(page) == 0 && next == "" {
				err = fmt.Errorf("search for %q: nobody is found", q.Search)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

var (
	firstNames = strings.Fields("Jean Marie Pierre Michel André Philippe Nathalie Isabelle Sylvie Catherine Françoise Léa Zoé Émile " +
		"Hugo Louis Gabriel Raphaël Jules Adam Arthur Lucas Emma Jade Louise Alice Chloé Lina Rose Anna Mila Inès Ambre Julia " +
		"Mohamed Fatima Karim Yasmine Nguyen Linh Wei Mei Olga Ivan Piotr Łucja Søren Åsa João Inês")
	syllables = strings.Fields("mar tin ber nard du bois tho mas ro bert ri chard pe tit la fon leroy mo reau si mon lau rent le fe bvre " +
		"mi chel gar cia da vid bert rand rou xel vin cent four nier")
)

// member is the nth person of a bench: first names that many share, and some 60,000 last
// names.
func member(n int) people.New {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	first := firstNames[r.IntN(len(firstNames))]
	last := ""
	for range 3 {
		last += syllables[r.IntN(len(syllables))]
	}
	last = strings.ToUpper(last[:1]) + last[1:]
	return people.New{
		First: first, Last: last, Email: fmt.Sprintf("%s.%d@example.com", people.NameKey(last), n), State: people.Active,
	}
}

// cpu is the time that this process has had the processor for.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
