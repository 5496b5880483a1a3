// Package bench measures badged against yardsticks in the same run, because absolute
// times move from machine to machine. Each measurement gives rows.
package bench

import (
	"cmp"
	"slices"
	"time"
)

// Row is one line of the results. Value and Yardstick have the same unit; where
// there is no yardstick, Ratio is zero and the budget is about Value itself.
type Row struct {
	Name      string  `json:"name"`
	Unit      string  `json:"unit"`
	Value     float64 `json:"value"`
	Yardstick float64 `json:"yardstick"`
	Ratio     float64 `json:"ratio"`
	Budget    float64 `json:"budget"`
	Met       bool    `json:"met"`
	What      string  `json:"what"` // what Value is, against what
}

// against makes a row that is judged by its ratio to a yardstick.
func against(name, unit string, value, yardstick, budget float64) Row {
	ratio := value / yardstick
	return Row{Name: name, Unit: unit, Value: value, Yardstick: yardstick, Ratio: ratio, Budget: budget, Met: ratio <= budget}
}

// of says what the row is about.
func (r Row) of(what string) Row {
	r.What = what
	return r
}

// quantile gives the smallest of the times that at least q of them do not exceed.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// median gives the row whose ratio is in the middle.
func median(rows []Row) Row {
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Ratio, b.Ratio) })
	return rows[len(rows)/2]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
