package status

import (
	"cmp"
	"slices"

	"nettool/internal/report"
	"nettool/internal/server/run"
)

// ByAge puts the oldest connection first.
func ByAge(all []run.Live) []run.Live {
	slices.SortFunc(all, func(a, b run.Live) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Log writes one line for each connection, as SIGUSR1 asks.
func Log(log *report.Log, handler string, all []run.Live) {
	findRTT(all)
	for i := range all {
		log.Answer("connection", all[i].Attrs(handler)...)
	}
}
