// Package bench measures badged against yardsticks in the same run, because absolute
// times move from machine to machine. Each measurement gives rows.
package bench

import (
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
}

// against makes a row that is judged by its ratio to a yardstick.
func against(name, unit string, value, yardstick, budget float64) Row {
	ratio := value / yardstick
	return Row{name, unit, value, yardstick, ratio, budget, ratio <= budget}
}

// quantile gives the smallest of the times that at least q of them do not exceed.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	i := int(q*float64(len(sorted))+0.999999) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// median gives the row whose ratio is in the middle.
func median(rows []Row) Row {
	slices.SortFunc(rows, func(a, b Row) int {
		switch {
		case a.Ratio < b.Ratio:
			return -1
		case a.Ratio > b.Ratio:
			return 1
		}
		return 0
	})
	return rows[len(rows)/2]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
